"""The signed parts of an SD-JWT: compact JWS (RFC 7515), one profile, as strict as for statements.

Header parameters are ``alg``, ``typ``, ``kid`` and perhaps ``cty``; any other is refused, ``crit``,
``b64``, ``jwk``, ``jku`` and ``x5c`` among them. The algorithm counts only if it is that of the key
which the caller brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from veta import canonical
from veta.canonical import JsonValue
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import KeyId
from veta.statement import base64url
from veta.statement.algorithms import (
    JWS_NAMES,
    SIGNATURE_OCTETS,
    check_signature,
    is_low_s,
    key_id_of,
)
from veta.statement.jws import SigningKey, kid_parts

_LONGEST_HEADER: Final = 1024
_SEGMENTS: Final = 3
_ALLOWED: Final = frozenset({"alg", "typ", "kid", "cty"})
_ALGORITHMS: Final[Mapping[object, KeyAlgorithm]] = MappingProxyType(
    {name: algorithm for algorithm, name in JWS_NAMES.items()}
)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key that somebody trusts for this: from the registry, or out of a signed ``cnf``."""

    algorithm: KeyAlgorithm
    public_key: bytes
    """Octets as ``KeyAlgorithm`` describes them."""


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A compact JWS taken apart; its signature was not checked."""

    token: bytes
    """As received, ASCII."""
    algorithm: KeyAlgorithm
    """What it claims."""
    issuer: str | None
    """What stands before the ``#`` of ``kid``; ``None`` without ``kid``."""
    key_id: KeyId | None
    payload: bytes
    """Octets as received."""
    claims: dict[str, JsonValue]
    """The payload, read strictly."""
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """What was signed: everything before the last full stop."""
        return self.token.rpartition(b".")[0]


def read_part(token: bytes, typ: str, *, kid: bool) -> SignedPart:
    """Take a compact JWS apart, strictly.

    Not checked: its signature.

    Args:
        token: compact JWS, ASCII.
        typ: what its ``typ`` must be.
        kid: whether ``kid`` must be there.

    Raises:
        InputError: ``disclosure.not_compact``, ``.signature_length``, ``.header_*``,
            ``base64url.malformed``, ``canonical.*``.
    """
    segments = token.split(b".")
    if len(segments) != _SEGMENTS or not all(segments):
        raise InputError("disclosure.not_compact", "a compact JWS has three segments")
    if len(segments[0]) > _LONGEST_HEADER:
        raise InputError("disclosure.too_large", "the protected header is too long")
    header = canonical.read_object(base64url.decode(segments[0]))
    algorithm = _judged(header, typ, kid=kid)
    issuer, key_id = _read_kid(header["kid"]) if "kid" in header else (None, None)
    signature = base64url.decode(segments[2])
    if len(signature) != SIGNATURE_OCTETS:
        raise InputError(
            "disclosure.signature_length", f"a signature has {SIGNATURE_OCTETS} octets"
        )
    payload = base64url.decode(segments[1])
    claims = canonical.read_object(payload)
    return SignedPart(token, algorithm, issuer, key_id, payload, claims, signature)


def _judged(header: dict[str, JsonValue], typ: str, *, kid: bool) -> KeyAlgorithm:
    unknown = header.keys() - _ALLOWED
    if unknown:
        raise InputError(
            "disclosure.header_unknown", f"unknown header parameter {min(unknown)[:40]!r}"
        )
    missing = {"alg", "typ", *(["kid"] if kid else [])} - header.keys()
    if missing:
        raise InputError("disclosure.header_missing", f"the header lacks {min(missing)!r}")
    if header["typ"] != typ or header.get("cty", "vc") != "vc":
        raise InputError("disclosure.header_type", f"typ must be {typ!r}")
    name = header["alg"]
    algorithm = _ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is None:
        raise InputError(
            "disclosure.header_algorithm", f"alg must be one of {', '.join(JWS_NAMES.values())}"
        )
    return algorithm


def _read_kid(kid: JsonValue) -> tuple[str, KeyId]:
    """Issuer and key id, as in statements."""
    found = kid_parts(kid)
    if found is None:
        raise InputError("disclosure.header_kid", "kid must be a DID, #, and 64 hex digits")
    return found


def check_part(part: SignedPart, key: VerificationKey) -> None:
    """Check a signature with a trusted key; returning means that it is good.

    Raises:
        VerificationError: ``signature.algorithm``, ``signature.key``, ``signature.*`` of
            ``check_signature``.
        InputError: ``key.malformed``, ``key.algorithm``.
    """
    if part.algorithm is not key.algorithm:
        raise VerificationError(
            "signature.algorithm", "the token's alg is not the algorithm of the trusted key"
        )
    if part.key_id is not None and part.key_id != key_id_of(key.public_key):
        raise VerificationError("signature.key", "the token's kid names another key")
    check_signature(key.algorithm, key.public_key, part.signing_input, part.signature)


def sign_part(claims: dict[str, JsonValue], signer: SigningKey, typ: str, *, did: str) -> bytes:
    """A compact JWS over the RFC 8785 form of claims.

    Args:
        claims: the payload.
        signer: the key.
        typ: of the header.
        did: under which the key is registered; ``""`` leaves ``kid`` out.

    Raises:
        InputError: ``canonical.*``, ``key.algorithm``.
        VerificationError: ``signature.length``, ``signature.high_s``: the key's device answered
            with something that no verifier accepts.
    """
    name = JWS_NAMES.get(signer.algorithm)
    if name is None:
        raise InputError("key.algorithm", f"a key of kind {signer.algorithm!r} signs no documents")
    header: dict[str, JsonValue] = {"alg": name, "typ": typ}
    if did:
        header["kid"] = f"{did}#{signer.key_id.hex()}"
    signing_input = b".".join(base64url.encode(canonical.write(part)) for part in (header, claims))
    signature = signer.sign(signing_input)
    if len(signature) != SIGNATURE_OCTETS:
        raise VerificationError("signature.length", "the signer returned no 64 octets")
    if signer.algorithm is KeyAlgorithm.ES256K and not is_low_s(signature):
        raise VerificationError("signature.high_s", "the signer returned a high-s signature")
    return signing_input + b"." + base64url.encode(signature)
