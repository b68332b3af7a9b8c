"""base64url as compact JWS writes it (RFC 7515 section 2): no padding, one spelling each."""

from __future__ import annotations

from binascii import Error as Base64Error
from typing import Final

from pybase64 import b64decode, b64encode

from veta.errors import InputError

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_URL: Final = b"-_"
_PADDING: Final = (b"", b"", b"==", b"=")
# Which last characters leave no bit set behind the last octet, by length modulo 4.
_LAST: Final = (_ALPHABET, b"", _ALPHABET[::16], _ALPHABET[::4])


def encode(octets: bytes) -> bytes:
    """The base64url spelling of ``octets``, without padding, ASCII."""
    return b64encode(octets, _URL).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """The octets that ``text`` spells.

    Raises:
        InputError: ``base64url.malformed``: another alphabet, padding, white space, an impossible
            length, or bits that are set behind the last octet (RFC 4648 section 3.5).
    """
    # The decoder also reads the other alphabet, and padding, so both are looked for first.
    if b"+" in text or b"/" in text or b"=" in text or text[-1:] not in _LAST[len(text) % 4]:
        raise _malformed()
    try:
        return b64decode(text + _PADDING[len(text) % 4], _URL, validate=True)
    except Base64Error as error:
        raise _malformed() from error


def _malformed() -> InputError:
    return InputError("base64url.malformed", "not base64url without padding")
