"""Where a node's keystore password comes from: the configured file, or whoever is asked once."""

from __future__ import annotations

import getpass
import warnings
from collections.abc import Callable

from veta.config import NodeConfig
from veta.errors import KeyAccessError
from veta.keys.passwords import PasswordFile, PasswordPrompt, PasswordSource

__all__ = ["AskOnce", "PasswordSource", "password_source"]


class AskOnce:
    """Asks the person at the terminal the first time, and gives the same answer afterwards.

    Args:
        ask: shows a text and returns what was typed, without echo; default: the terminal.
        confirm: ask twice and compare; for new keys.
    """

    __slots__ = ("_answer", "_ask", "_confirm")

    def __init__(self, ask: Callable[[str], str] | None = None, *, confirm: bool = False) -> None:
        self._ask = ask or _ask_terminal
        self._confirm = confirm
        self._answer: bytes | None = None

    def __call__(self, label: str, /) -> bytes:
        """The password octets.

        Raises:
            KeyAccessError: ``key.no_password`` when nobody answers, or not twice the same.
        """
        if self._answer is None:
            answer = PasswordPrompt(self._ask)(label)
            if self._confirm and PasswordPrompt(self._ask)(f"{label}, once more") != answer:
                raise KeyAccessError("key.no_password", "the two passwords differ")
            self._answer = answer
        return self._answer

    def __repr__(self) -> str:
        return "<AskOnce>"

    def forget(self) -> None:
        """Drop the answer."""
        self._answer = None


def _ask_terminal(prompt: str) -> str:
    """Ask at the terminal; where there is none, nothing is read from anywhere else."""
    with warnings.catch_warnings():
        # getpass would read stdin and show what is typed, with no more than a warning.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning as error:
            raise EOFError from error


def password_source(config: NodeConfig, *, confirm: bool = False) -> PasswordSource:
    """The configured password file, or a prompt where none is configured."""
    if config.password_file is not None:
        return PasswordFile(config.path(config.password_file))
    return AskOnce(confirm=confirm)
