"""Where a password comes from: a private file or a prompt; never an argument or a variable."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from veta.errors import KeyAccessError
from veta.keys.files import read_private

MAX_PASSWORD_OCTETS: Final = 1024
MIN_NEW_PASSWORD_OCTETS: Final = 8


class PasswordSource(Protocol):
    """Gives the password when it is needed, and does not keep it."""

    def __call__(self, label: str, /) -> bytes:
        """The password octets for what ``label`` names."""


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """First line of a file that only its owner can read."""

    path: Path

    def __call__(self, label: str, /) -> bytes:
        """Read the file now.

        Raises:
            KeyAccessError: ``key.missing``, ``key.open_to_others``, ``key.no_password``.
        """
        content = read_private(self.path, MAX_PASSWORD_OCTETS)
        line = content.split(b"\n", 1)[0].removesuffix(b"\r")
        if not line:
            raise KeyAccessError(
                "key.no_password", f"the password file {self.path} for {label} has an empty line"
            )
        return line


@dataclass(frozen=True, slots=True)
class PasswordPrompt:
    """Asks the person at the terminal, without echo."""

    ask: Callable[[str], str] = getpass.getpass

    def __call__(self, label: str, /) -> bytes:
        """Ask once.

        Raises:
            KeyAccessError: ``key.no_password`` when nothing was given.
        """
        try:
            answer = self.ask(f"Password for {label}: ")
        except (EOFError, OSError) as error:
            raise KeyAccessError(
                "key.no_password", f"no password for {label}: there is nobody to ask"
            ) from error
        octets = answer.encode("utf-8", "surrogateescape")
        if not octets or len(octets) > MAX_PASSWORD_OCTETS:
            raise KeyAccessError("key.no_password", f"no usable password for {label}")
        return octets
