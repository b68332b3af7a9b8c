"""base64url as compact JWS writes it (RFC 7515 section 2): no padding, one spelling each."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Final

from pybase64 import b64decode, b64encode

from veta.errors import InputError

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_URL: Final = b"-_"
_PADDING: Final = (b"", b"", b"==", b"=")
_SHORT: Final = 128
# To the standard alphabet; what only that one has, and padding, become octets that neither has.
_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
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
    left_over = len(text) % 4
    if text[-1:] not in _LAST[left_over]:
        raise _malformed()
    try:
        if len(text) <= _SHORT:  # signatures: a third of the time that the other way takes
            return a2b_base64(text.translate(_STANDARD) + _PADDING[left_over], strict_mode=True)
        # This decoder also reads the other alphabet, and padding, so both are looked for first.
        if b"+" in text or b"/" in text or b"=" in text:
            raise _malformed()
        return b64decode(text + _PADDING[left_over], _URL, validate=True)
    except Base64Error as error:
        raise _malformed() from error


def _malformed() -> InputError:
    return InputError("base64url.malformed", "not base64url without padding")
