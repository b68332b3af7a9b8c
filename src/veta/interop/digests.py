"""Digests as linked documents carry them: multibase of a multihash of sha2-256."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

_SHA2_256: Final = b"\x12\x20"
"""Multihash code and length (multiformats table)."""
_BASE64URL: Final = "u"
"""Multibase prefix of base64url without padding."""


def digest_multibase(octets: bytes) -> str:
    """``digestMultibase`` of octets: ``u`` and the base64url of 0x12 0x20 SHA-256(octets)."""
    multihash = _SHA2_256 + sha256(octets).digest()
    return _BASE64URL + urlsafe_b64encode(multihash).rstrip(b"=").decode("ascii")
