"""The token that writing over HTTP needs: kept as its digest, compared in constant time."""

from __future__ import annotations

import hmac
import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import Final

from veta.errors import ConfigError, ForbiddenError

SHORTEST: Final = 24
LONGEST: Final = 512
_SCHEME: Final = "bearer"


class WriteToken:
    """Says whether a request may write.

    Args:
        digest: SHA-256 of the token; ``None`` where nothing may be written over HTTP.
    """

    def __init__(self, digest: bytes | None) -> None:
        self._digest = digest

    def __repr__(self) -> str:
        return f"WriteToken({'set' if self._digest else 'none'})"

    def require(self, authorization: str | None) -> None:
        """Refuse a request without the token.

        Raises:
            ForbiddenError: ``token.not_configured`` (403), ``token.missing`` or ``token.wrong``
                (401).
        """
        if self._digest is None:
            raise ForbiddenError(
                "token.not_configured", "this node has no token file: nothing is written over HTTP"
            )
        scheme, _, presented = (authorization or "").partition(" ")
        if scheme.lower() != _SCHEME or not presented.strip():
            raise ForbiddenError("token.missing", "writing needs 'Authorization: Bearer <token>'")
        digest = sha256(presented.strip().encode("utf-8", "surrogateescape")).digest()
        if not hmac.compare_digest(digest, self._digest):
            raise ForbiddenError("token.wrong", "the token is not this node's")


def load_token(path: Path | None) -> WriteToken:
    """Read the token file once; only its digest stays in memory.

    Raises:
        ConfigError: ``token.unreadable``; ``token.exposed`` for a file that others may read;
            ``token.weak`` for one of fewer than 24 or more than 512 visible ASCII characters.
    """
    if path is None:
        return WriteToken(None)
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            octets = stream.read(LONGEST + 3).strip()
    except OSError as error:
        raise ConfigError(
            "token.unreadable", f"cannot read {path}: {error.strerror or error}"
        ) from error
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise ConfigError("token.exposed", f"{path} must be a file that only its owner may read")
    if not SHORTEST <= len(octets) <= LONGEST or not all(0x21 <= each <= 0x7E for each in octets):
        raise ConfigError(
            "token.weak", f"a token has {SHORTEST} to {LONGEST} visible ASCII characters"
        )
    return WriteToken(sha256(octets).digest())
