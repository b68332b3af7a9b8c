"""Salts: 16 octets each, handed in from outside, each used once.

Nothing in this package draws randomness. Whoever calls it hands in octets of a cryptographic
generator; what can be seen from here, length and repetition, is checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from veta.errors import InputError

SALT_OCTETS: Final = 16
"""RFC 9901 section 9.3 asks for 128 bits at least; exactly that many are used here."""


class Salts:
    """Hands salts on, one at a time, and none twice.

    Args:
        salts: octets of a cryptographic generator, 16 a salt, in any number.
    """

    __slots__ = ("_given", "_salts")

    def __init__(self, salts: Iterable[bytes]) -> None:
        self._salts = iter(salts)
        self._given: set[bytes] = set()

    def take(self) -> bytes:
        """The next salt.

        Raises:
            InputError: ``disclosure.salts_exhausted``, ``disclosure.salt_length``,
                ``disclosure.salt_repeated``.
        """
        salt = next(self._salts, None)
        if salt is None:
            raise InputError("disclosure.salts_exhausted", "more salts are needed than were given")
        require_salt(salt)
        if salt in self._given:
            raise InputError("disclosure.salt_repeated", "a salt was handed in twice")
        self._given.add(salt)
        return salt


def require_salt(salt: bytes) -> None:
    """Refuse what is not 16 octets.

    Raises:
        InputError: ``disclosure.salt_length``.
    """
    if type(salt) is not bytes or len(salt) != SALT_OCTETS:
        raise InputError("disclosure.salt_length", f"a salt is {SALT_OCTETS} octets")
