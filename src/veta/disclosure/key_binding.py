"""Key binding (RFC 9901 sections 4.3 and 7.3): a presentation signed by the holder, for one reader.

Whether it is asked for is the reader's decision and never follows from whether a token brings one.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from veta.canonical import JsonValue
from veta.disclosure.envelope import VerificationKey, check_part, read_part, sign_part
from veta.errors import InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import UnixSeconds
from veta.statement import base64url
from veta.statement.algorithms import check_public_key
from veta.statement.jws import SigningKey

TYP: Final = "kb+jwt"

_COORDINATE_OCTETS: Final = 32
_CURVES: Final[dict[object, tuple[str, KeyAlgorithm]]] = {
    "P-256": ("EC", KeyAlgorithm.ES256),
    "secp256k1": ("EC", KeyAlgorithm.ES256K),
    "Ed25519": ("OKP", KeyAlgorithm.EDDSA),
}


@dataclass(frozen=True, slots=True)
class KeyBindingDemand:
    """What a reader asks of the holder."""

    audience: str
    """The reader's own name, as it told the holder."""
    nonce: str
    """What the reader told the holder for this once."""
    max_age_s: int = 300
    """Oldest ``iat``, seconds."""
    ahead_s: int = 60
    """How far ``iat`` may lie ahead of the reader's clock, seconds."""


def bind(
    presentation: bytes,
    signer: SigningKey,
    *,
    audience: str,
    nonce: str,
    issued_at_s: UnixSeconds,
) -> bytes:
    """Sign a presentation with the holder's key (RFC 9901 section 4.3).

    Args:
        presentation: compact serialization that ends with a tilde, as ``present`` returns it.
        signer: the key of the document's ``cnf``.
        audience: name of the reader.
        nonce: of the reader.
        issued_at_s: now, Unix seconds.

    Raises:
        InputError: ``disclosure.not_sd_jwt``, ``canonical.*``, ``key.algorithm``.
        VerificationError: as ``sign_part``.
    """
    if not presentation.endswith(b"~"):
        raise InputError("disclosure.not_sd_jwt", "a presentation to be bound ends with a tilde")
    claims: dict[str, JsonValue] = {
        "aud": audience,
        "iat": issued_at_s,
        "nonce": nonce,
        "sd_hash": _digest(presentation),
    }
    return presentation + sign_part(claims, signer, TYP, did="")


def check_key_binding(
    document: dict[str, JsonValue],
    presentation: bytes,
    key_binding: bytes | None,
    demand: KeyBindingDemand,
    *,
    at_s: UnixSeconds,
) -> VerificationKey:
    """Check that the holder signed this presentation for this reader, now (section 7.3, step 5).

    Args:
        document: what the issuer signed; its ``cnf`` has the holder's key.
        presentation: text up to and with the last tilde.
        key_binding: compact JWS as received.
        demand: of the reader.
        at_s: the reader's clock, Unix seconds.

    Returns:
        The holder's key.

    Raises:
        VerificationError: ``disclosure.key_binding_missing``, ``.key_binding_age``,
            ``.key_binding_audience``, ``.key_binding_nonce``, ``.key_binding_presentation`` (made
            for other disclosures, or another document), ``signature.*``.
        InputError: as ``read_part``; ``disclosure.malformed`` for a ``cnf`` without a key that is
            understood.
    """
    if key_binding is None:
        raise VerificationError("disclosure.key_binding_missing", "the holder signed nothing")
    key = holder_key(document)
    part = read_part(key_binding, TYP, kid=False)
    check_part(part, key)
    _check_said(part.claims, demand, at_s)
    if part.claims.get("sd_hash") != _digest(presentation):
        raise VerificationError(
            "disclosure.key_binding_presentation", "made for other disclosures or another document"
        )
    return key


def _check_said(claims: dict[str, JsonValue], demand: KeyBindingDemand, at_s: UnixSeconds) -> None:
    """Section 7.3, steps 5.e and 5.f: now, for this reader, for this request."""
    issued_at = claims.get("iat")
    earliest, latest = at_s - demand.max_age_s, at_s + demand.ahead_s
    if type(issued_at) is not int or not earliest <= issued_at <= latest:
        raise VerificationError("disclosure.key_binding_age", "the holder did not sign just now")
    if claims.get("aud") != demand.audience:
        raise VerificationError("disclosure.key_binding_audience", "made for another reader")
    if claims.get("nonce") != demand.nonce:
        raise VerificationError("disclosure.key_binding_nonce", "made for another request")


def holder_key(document: dict[str, JsonValue]) -> VerificationKey:
    """The key in ``cnf.jwk`` (RFC 7800 section 3.2) of a signed document.

    Raises:
        InputError: ``disclosure.malformed``, ``key.malformed``.
    """
    confirmation = document.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if isinstance(jwk, dict) and isinstance(jwk.get("crv"), str):
        kind, algorithm = _CURVES.get(jwk["crv"], (None, None))
        if algorithm is not None and jwk.get("kty") == kind and "d" not in jwk:
            names = ("x",) if kind == "OKP" else ("x", "y")
            public_key = b"".join(_coordinate(jwk.get(name)) for name in names)
            check_public_key(algorithm, public_key)
            return VerificationKey(algorithm, public_key)
    raise InputError("disclosure.malformed", "cnf has no public key that is understood")


def key_member(key: VerificationKey) -> dict[str, JsonValue]:
    """The ``cnf`` claim of a holder's key (RFC 7800 section 3.2).

    Raises:
        InputError: ``key.algorithm``, ``key.malformed``.
    """
    check_public_key(key.algorithm, key.public_key)
    curve, kind = next(
        (str(name), kind)
        for name, (kind, algorithm) in _CURVES.items()
        if algorithm is key.algorithm
    )
    jwk: dict[str, JsonValue] = {"kty": kind, "crv": curve}
    for index, name in enumerate(("x",) if kind == "OKP" else ("x", "y")):
        octets = key.public_key[index * _COORDINATE_OCTETS : (index + 1) * _COORDINATE_OCTETS]
        jwk[name] = base64url.encode(octets).decode("ascii")
    return {"jwk": jwk}


def _coordinate(text: JsonValue) -> bytes:
    octets = base64url.decode(text.encode()) if isinstance(text, str) else b""
    if len(octets) != _COORDINATE_OCTETS:
        raise InputError("disclosure.malformed", "a coordinate of the key in cnf is not 32 octets")
    return octets


def _digest(presentation: bytes) -> str:
    return base64url.encode(sha256(presentation).digest()).decode("ascii")
