"""Disclosures of SD-JWT (RFC 9901 section 4.2): one salted value each, and its digest.

The digest is taken over the base64url text as received, never over what it decodes to, so a
disclosure is kept as it came and is never written again.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from veta import canonical
from veta.canonical import JsonValue
from veta.disclosure.salts import SALT_OCTETS, require_salt
from veta.errors import InputError
from veta.statement import base64url

HASH_NAME: Final = "sha-256"
"""The only value of ``_sd_alg`` that is issued and understood (RFC 9901 section 4.1.1)."""
DIGESTS: Final = "_sd"
ELEMENT: Final = "..."
ALGORITHM: Final = "_sd_alg"
RESERVED: Final = frozenset({DIGESTS, ELEMENT, ALGORITHM})
"""Member names that no claim may have (RFC 9901 sections 4.1.1 and 4.2.1)."""
CRITICAL: Final = frozenset(
    {"iss", "aud", "iat", "nbf", "exp", "cnf", "vct", "status"}
    | {"@context", "type", "issuer", "validFrom", "validUntil", "credentialStatus", "blind"}
)
"""Members of the document itself that are never hidden: without them nobody can tell whose it is,
of what kind, or whether it is still good (RFC 9901 section 9.7). ``blind`` would blind nothing."""
DIGEST_LENGTH: Final = 43
"""Characters of a SHA-256 digest in base64url."""

_SALT_LENGTH: Final = (SALT_OCTETS * 8 + 5) // 6
_WITH_NAME: Final = 3
_WITHOUT_NAME: Final = 2


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure, read."""

    text: str
    """base64url as received."""
    digest: str
    """base64url of SHA-256 over ``text``: what stands in the signed document."""
    salt: str
    name: str | None
    """Name of an object's member; ``None`` for an element of an array."""
    value: JsonValue
    """The value; parts of it may be hidden in turn."""


def digest_of(text: str) -> str:
    """RFC 9901 section 4.2.3: base64url(SHA-256(ASCII text of the disclosure))."""
    return base64url.encode(sha256(text.encode("ascii")).digest()).decode("ascii")


def make_disclosure(salt: bytes, name: str | None, value: JsonValue) -> Disclosure:
    """A disclosure in RFC 8785 form: ``[salt, name, value]``, of an element ``[salt, value]``.

    Args:
        salt: 16 octets, used for this disclosure only.
        name: of an object's member; ``None`` for an element of an array.
        value: JSON, parts of which may be digests already.

    Raises:
        InputError: ``disclosure.salt_length``, ``disclosure.reserved_name``, ``canonical.*``.
    """
    require_salt(salt)
    salt_text = base64url.encode(salt).decode("ascii")
    if name is None:
        contents: list[JsonValue] = [salt_text, value]
    else:
        require_claim_name(name)
        contents = [salt_text, name, value]
    text = base64url.encode(canonical.write(contents)).decode("ascii")
    return Disclosure(text, digest_of(text), salt_text, name, value)


def read_disclosure(text: str) -> Disclosure:
    """Read a disclosure as received (RFC 9901 sections 4.2.1 and 4.2.2).

    Not checked: whether a signed document refers to it.

    Raises:
        InputError: ``base64url.malformed``, ``canonical.*``; ``disclosure.malformed`` for what is
            no array of two or three with a salt of 22 characters at least and, if it is of three, a
            name; ``disclosure.reserved_name``.
    """
    try:
        octets = base64url.decode(text.encode("ascii"))
    except UnicodeEncodeError as error:
        raise InputError("base64url.malformed", "not base64url without padding") from error
    contents = canonical.read(octets)
    if not isinstance(contents, list) or len(contents) not in {_WITHOUT_NAME, _WITH_NAME}:
        raise InputError("disclosure.malformed", "a disclosure is an array of two or three")
    salt, *name, value = contents
    if not isinstance(salt, str) or len(salt) < _SALT_LENGTH:
        raise InputError(
            "disclosure.malformed", f"a salt is text of at least {_SALT_LENGTH} characters"
        )
    if not name:
        return Disclosure(text, digest_of(text), salt, None, value)
    if not isinstance(name[0], str):
        raise InputError("disclosure.malformed", "the name of a disclosed member is no text")
    require_claim_name(name[0])
    return Disclosure(text, digest_of(text), salt, name[0], value)


def require_claim_name(name: str) -> None:
    """Refuse the names that SD-JWT keeps for itself.

    Raises:
        InputError: ``disclosure.reserved_name``.
    """
    if name in RESERVED:
        raise InputError("disclosure.reserved_name", f"no claim may be called {name!r}")
