"""Statements as ``vc+jwt``: compact JWS (RFC 7515), VC-JOSE-COSE section 3.1, strictly.

What is accepted is one profile, no more: three base64url segments, a protected header of exactly
``alg``, ``kid``, ``typ: vc+jwt`` and perhaps ``cty: vc``, and a payload whose octets are kept as
received. Reading makes a ``SignedStatement``, which says nothing about the signature: only
``veta.verify`` makes types that do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from veta import canonical
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import KeyId, Leaf
from veta.statement import base64url
from veta.statement.algorithms import (
    JWS_NAMES,
    SIGNATURE_OCTETS,
    check_signature,
    is_low_s,
    key_id_of,
)
from veta.statement.credential import Credential, read_credential

TYP: Final = "vc+jwt"
CTY: Final = "vc"

_LEAF_TAG: Final = b"\x00"
_KEY_ID_DIGITS: Final = 64
_LONGEST_HEADER: Final = 1024
_HEADERS_KEPT: Final = 4096
_SIGNATURE_DIGITS: Final = 86
_LOWER_HEX: Final = frozenset("0123456789abcdef")
_REQUIRED: Final = frozenset({"alg", "kid", "typ"})
_ALLOWED: Final = _REQUIRED | {"cty"}
_VISIBLE: Final = bytes(range(0x21, 0x7F))
_ALGORITHMS: Final[Mapping[object, KeyAlgorithm]] = MappingProxyType(
    {name: algorithm for algorithm, name in JWS_NAMES.items()}
)


@dataclass(frozen=True, slots=True)
class StatementLimits:
    """Bounds on what is read."""

    token_octets: int = 256 * 1024
    """Longest token, in octets."""


DEFAULT_LIMITS: Final = StatementLimits()


@dataclass(frozen=True, slots=True)
class ProtectedHeader:
    """The protected header of a statement: everything it may say."""

    algorithm: KeyAlgorithm
    """What the token claims; it only counts if it equals the registered key's algorithm."""
    issuer: str
    """DID in front of the ``#`` of ``kid``."""
    key_id: KeyId


class SealedToken(NamedTuple):
    """A token taken apart; its payload was not looked into and its signature not checked."""

    token: bytes
    header: ProtectedHeader
    payload: bytes
    """Octets as received; never written again."""
    signing_input: bytes
    signature: bytes
    leaf: Leaf
    """SHA-256(0x00 || payload octets): names the statement everywhere."""


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement that was read and whose signature was not checked."""

    sealed: SealedToken
    credential: Credential

    @property
    def token(self) -> bytes:
        """Compact JWS as received, ASCII."""
        return self.sealed.token

    @property
    def header(self) -> ProtectedHeader:
        """What the protected header says."""
        return self.sealed.header

    @property
    def payload(self) -> bytes:
        """Payload octets as received."""
        return self.sealed.payload

    @property
    def leaf(self) -> Leaf:
        """SHA-256(0x00 || payload octets)."""
        return self.sealed.leaf


class SigningKey(Protocol):
    """What signing needs of a key; ``veta.ports.keys.StatementSigner`` satisfies it."""

    @property
    def algorithm(self) -> KeyAlgorithm:
        """What the key signs with."""

    @property
    def public_key(self) -> bytes:
        """Octets as ``KeyAlgorithm`` describes them."""

    @property
    def key_id(self) -> KeyId:
        """keccak256 of ``public_key``."""

    def sign(self, message: bytes) -> bytes:
        """64 signature octets over ``message``."""


def leaf_of(payload: bytes) -> Leaf:
    """Statement leaf of payload octets: an RFC 9162 leaf, SHA-256(0x00 || octets)."""
    return Leaf(sha256(_LEAF_TAG + payload).digest())


def unseal(token: bytes, limits: StatementLimits = DEFAULT_LIMITS) -> SealedToken:
    """Take a compact JWS apart, strictly, without reading its payload.

    Not checked: the signature, and anything the payload says.

    Args:
        token: compact JWS, ASCII.
        limits: bounds.

    Raises:
        InputError: ``statement.too_large``, ``statement.not_compact``, ``base64url.malformed``,
            or a ``statement.header_*`` code for a header that is not the profile's.
    """
    if len(token) > limits.token_octets:
        raise InputError("statement.too_large", f"a token has at most {limits.token_octets} octets")
    first, last = token.find(b"."), token.rfind(b".")
    # Two searches and a third that finds nothing cost less than a split of 4 kB.
    if not 0 < first < last - 1 or last == len(token) - 1 or token.find(b".", first + 1) != last:
        raise InputError("statement.not_compact", "a compact JWS has three segments")
    header_text, payload_text, signature_text = (
        token[:first],
        token[first + 1 : last],
        token[last + 1 :],
    )
    if len(header_text) > _LONGEST_HEADER:
        raise InputError("statement.too_large", "the protected header is too long")
    if len(signature_text) != _SIGNATURE_DIGITS:
        raise InputError("statement.signature_length", f"a signature has {SIGNATURE_OCTETS} octets")
    payload = base64url.decode(payload_text)
    return SealedToken(
        token,
        _read_header(header_text),
        payload,
        token[:last],
        base64url.decode(signature_text),
        leaf_of(payload),
    )


def meant_as_token(octets: bytes) -> bool:
    """Whether octets were meant as a compact JWS, however broken: visible ASCII with a dot in it.

    In one pass over them, whatever they are: files come from anybody.
    """
    return b"." in octets and not octets.translate(None, _VISIBLE)


def read_statement(token: bytes, limits: StatementLimits = DEFAULT_LIMITS) -> SignedStatement:
    """Read a statement: envelope, payload as strict JSON, the members every credential has.

    Not checked: the signature (``check_seal``), the type's own rules (``statement.rules``).

    Raises:
        InputError: as ``unseal``; ``canonical.*`` for a payload that is no strict JSON;
            ``statement.*`` for one that is no credential.
        VerificationError: ``statement.kid_of_stranger``: the key named is not the issuer's.
    """
    sealed = unseal(token, limits)
    credential = read_credential(sealed.payload)
    if sealed.header.issuer != credential.issuer.identifier:
        raise VerificationError(
            "statement.kid_of_stranger", "the key named in the header is not under the issuer's DID"
        )
    return SignedStatement(sealed, credential)


def check_seal(sealed: SealedToken, algorithm: KeyAlgorithm, public_key: bytes) -> None:
    """Check the signature of a token with a registered key; returning means that it is good.

    The key decides how: the token's ``alg`` and ``kid`` must agree with it.

    Raises:
        VerificationError: ``signature.algorithm``, ``signature.key``, or as ``check_signature``.
        InputError: ``key.malformed`` or ``key.algorithm``.
    """
    if sealed.header.algorithm is not algorithm:
        raise VerificationError(
            "signature.algorithm", "the token's alg is not the algorithm of the registered key"
        )
    if sealed.header.key_id != key_id_of(public_key):
        raise VerificationError("signature.key", "the token's kid names another key")
    check_signature(algorithm, public_key, sealed.signing_input, sealed.signature)


def sign_statement(credential: dict[str, Any], signer: SigningKey) -> bytes:
    """Write a credential in its RFC 8785 form and seal it.

    Not checked: the rules of the credential's type (``statement.rules``); callers check before
    they sign.

    Args:
        credential: JSON members; numbers as ``int`` or ``Decimal``.
        signer: a key of the credential's issuer.

    Returns:
        The token: compact JWS, ASCII.

    Raises:
        InputError: ``canonical.*``, ``statement.issuer``, ``key.algorithm``.
        VerificationError: ``signature.length`` or ``signature.high_s``: the key's device answered
            with something that no verifier accepts.
    """
    issuer = credential.get("issuer")
    identifier = issuer.get("id") if isinstance(issuer, dict) else None
    if not isinstance(identifier, str):
        raise InputError("statement.issuer", "the credential does not name its issuer")
    header = _write_header(signer.algorithm, identifier, signer.key_id)
    signing_input = header + base64url.encode(canonical.write(credential))
    signature = signer.sign(signing_input)
    if len(signature) != SIGNATURE_OCTETS:
        raise VerificationError("signature.length", "the signer returned no 64 octets")
    if signer.algorithm is KeyAlgorithm.ES256K and not is_low_s(signature):
        raise VerificationError("signature.high_s", "the signer returned a high-s signature")
    return signing_input + b"." + base64url.encode(signature)


@lru_cache(maxsize=_HEADERS_KEPT)
def _write_header(algorithm: KeyAlgorithm, issuer: str, key_id: KeyId) -> bytes:
    name = JWS_NAMES.get(algorithm)
    if name is None:
        raise InputError("key.algorithm", f"a key of kind {algorithm!r} signs no statements")
    header: dict[str, Any] = {
        "alg": name,
        "cty": CTY,
        "kid": f"{issuer}#{key_id.hex()}",
        "typ": TYP,
    }
    return base64url.encode(canonical.write(header)) + b"."


@lru_cache(maxsize=_HEADERS_KEPT)
def _read_header(text: bytes) -> ProtectedHeader:
    """Read and judge a protected header; only good ones are remembered."""
    header = canonical.read_object(base64url.decode(text))
    unknown = header.keys() - _ALLOWED
    if unknown:
        raise InputError(
            "statement.header_unknown", f"unknown header parameter {min(unknown)[:40]!r}"
        )
    missing = _REQUIRED - header.keys()
    if missing:
        raise InputError("statement.header_missing", f"the header lacks {min(missing)!r}")
    if header["typ"] != TYP or header.get("cty", CTY) != CTY:
        raise InputError("statement.header_type", f"typ must be {TYP!r} and cty {CTY!r}")
    return ProtectedHeader(_read_algorithm(header["alg"]), *_read_kid(header["kid"]))


def _read_algorithm(name: object) -> KeyAlgorithm:
    algorithm = _ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is None:
        raise InputError(
            "statement.header_algorithm", f"alg must be one of {', '.join(JWS_NAMES.values())}"
        )
    return algorithm


def _read_kid(kid: object) -> tuple[str, KeyId]:
    found = kid_parts(kid)
    if found is None:
        raise InputError(
            "statement.header_kid", "kid must be the issuer's DID, #, and 64 hex digits"
        )
    return found


def kid_parts(kid: object) -> tuple[str, KeyId] | None:
    """Take ``<issuer DID>#<64 lower-case hex digits of the key id>`` apart; else ``None``."""
    if not isinstance(kid, str):
        return None
    issuer, _, digits = kid.partition("#")
    if not issuer.startswith("did:") or len(digits) != _KEY_ID_DIGITS or set(digits) - _LOWER_HEX:
        return None
    return issuer, KeyId(bytes.fromhex(digits))
