"""Papers of others that a member keeps beside its own statements, as the services see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class PaperSource(Protocol):
    """Where they are; asked anew at every look, so that what is put there counts at the next."""

    def files(self) -> Iterable[tuple[str, bytes]]:
        """Name and octets of each, in order of their names; bounded in number and size.

        Raises:
            StoreError: ``papers.unreadable``.
        """
