"""The folder of a home in which papers of others are kept: licences, co-signatures, schemes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from veta.errors import StoreError

FOLDER: Final = "papers"
MOST_FILES: Final = 256
MOST_OCTETS: Final = 16 << 20
"""Of all of them together."""


class FolderPapers:
    """Files of a folder, which need not exist.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Name and octets of each file that ends with ``.json`` or ``.jwt``.

        Raises:
            StoreError: ``papers.unreadable``; ``papers.too_many`` if they are too many or too
                large: passing over some would be passing over a withdrawal.
        """
        try:
            paths = sorted(p for p in self._folder.glob("*") if p.suffix in {".json", ".jwt"})
            octets = sum(path.stat().st_size for path in paths)
            if len(paths) > MOST_FILES or octets > MOST_OCTETS:
                message = f"{self._folder} holds more than {MOST_FILES} files or {MOST_OCTETS} B"
                raise StoreError("papers.too_many", message)
            for path in paths:
                yield path.name, path.read_bytes()
        except OSError as error:
            message = f"cannot read {self._folder}: {error.strerror or error}"
            raise StoreError("papers.unreadable", message) from error
