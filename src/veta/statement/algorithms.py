"""Signatures of statements: ES256K, ES256 and Ed25519 over octets.

The algorithm comes from the registered key, never from the token (RFC 8725 section 3.1). ES256K
is verified by libsecp256k1 and is accepted in its low-s form only, so that a signature cannot be
turned into a second one; ES256 accepts both values of s, because the signing modules in use do
not normalise it. A signature names nothing: statements are named by their leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from types import MappingProxyType
from typing import Any, Final

import sha3
from coincurve import _libsecp256k1 as _secp256k1
from coincurve.context import GLOBAL_CONTEXT
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from veta.errors import ConfigError, InputError, VerificationError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import KeyId

SIGNATURE_OCTETS: Final = 64
"""Length of every signature of this module: r || s (RFC 7518 section 3.4, RFC 8812) or R || S."""

JWS_NAMES: Final[Mapping[KeyAlgorithm, str]] = MappingProxyType(
    {
        KeyAlgorithm.ES256K: "ES256K",
        KeyAlgorithm.ES256: "ES256",
        KeyAlgorithm.EDDSA: "EdDSA",
    }
)
"""Values of ``alg`` (RFC 8812, RFC 7518, RFC 8037); an EVM account signs no statement."""

_PARSED_KEYS: Final = 4096
_POINT_OCTETS: Final = 64
_ED25519_OCTETS: Final = 32
_SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF_SECP256K1_ORDER: Final = (_SECP256K1_ORDER // 2).to_bytes(32, "big")

_ffi: Final[Any] = _secp256k1.ffi
_lib: Final[Any] = _secp256k1.lib
_context: Final[Any] = GLOBAL_CONTEXT.ctx


def key_id_of(public_key: bytes) -> KeyId:
    """Name of a key on chain: keccak-256 of its public key octets."""
    return KeyId(sha3.keccak_256(public_key).digest())


def is_low_s(signature: bytes) -> bool:
    """Whether the s of a 64-octet secp256k1 signature is at most half the group's order."""
    return signature[32:] <= _HALF_SECP256K1_ORDER


def check_public_key(algorithm: KeyAlgorithm, public_key: bytes) -> None:
    """Refuse octets that are no public key of the algorithm.

    Args:
        algorithm: what the key signs with.
        public_key: octets as ``KeyAlgorithm`` describes them.

    Raises:
        InputError: ``key.malformed`` or ``key.algorithm``.
    """
    parser = _PARSERS.get(algorithm)
    if parser is None:
        raise InputError("key.algorithm", f"a key of kind {algorithm!r} signs no statements")
    parser(public_key)


def check_signature(
    algorithm: KeyAlgorithm, public_key: bytes, message: bytes, signature: bytes
) -> None:
    """Check a signature; returning means that it is good.

    Args:
        algorithm: the registered key's algorithm.
        public_key: octets as ``KeyAlgorithm`` describes them.
        message: the octets that were signed, for a JWS its signing input.
        signature: 64 octets.

    Raises:
        VerificationError: ``signature.length``, ``signature.range`` (r or s outside 1 to n-1),
            ``signature.high_s`` (ES256K only) or ``signature.mismatch``.
        InputError: ``key.malformed`` or ``key.algorithm``.
    """
    check = _CHECKS.get(algorithm)
    if check is None:
        raise InputError("key.algorithm", f"a key of kind {algorithm!r} signs no statements")
    if len(signature) != SIGNATURE_OCTETS:
        raise VerificationError(
            "signature.length", f"a signature has {SIGNATURE_OCTETS} octets, not {len(signature)}"
        )
    check(public_key, message, signature)


def _check_es256k(public_key: bytes, message: bytes, signature: bytes) -> None:
    key = _secp256k1_key(public_key)
    parsed = _ffi.new("secp256k1_ecdsa_signature *")
    digest = sha256(message).digest()
    # libsecp256k1 refuses r or s beyond the order when parsing, zero and high-s when verifying;
    # what exactly was wrong is looked for afterwards, off the fast path.
    if not (
        _lib.secp256k1_ecdsa_signature_parse_compact(_context, parsed, signature)
        and _lib.secp256k1_ecdsa_verify(_context, parsed, digest, key)
    ):
        _check_range(signature, _SECP256K1_ORDER)
        if not is_low_s(signature):
            raise VerificationError(
                "signature.high_s", "the signature is in its high-s form; only low-s is accepted"
            )
        raise _mismatch()


def _check_es256(public_key: bytes, message: bytes, signature: bytes) -> None:
    key = _p256_key(public_key)
    r, s = _check_range(signature, _P256_ORDER)
    try:
        key.verify(encode_dss_signature(r, s), message, ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise _mismatch() from error


def _check_eddsa(public_key: bytes, message: bytes, signature: bytes) -> None:
    key = _ed25519_key(public_key)
    try:
        key.verify(signature, message)
    except InvalidSignature as error:
        raise _mismatch() from error


def _check_range(signature: bytes, order: int) -> tuple[int, int]:
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if not (0 < r < order and 0 < s < order):
        raise VerificationError("signature.range", "r and s must be between 1 and n - 1")
    return r, s


def _mismatch() -> VerificationError:
    return VerificationError("signature.mismatch", "the signature is not the key's over the octets")


def _malformed(what: str) -> InputError:
    return InputError("key.malformed", f"the octets are no {what} public key")


@lru_cache(maxsize=_PARSED_KEYS)
def _secp256k1_key(public_key: bytes) -> Any:
    if len(public_key) != _POINT_OCTETS:
        raise _malformed("secp256k1")
    key = _ffi.new("secp256k1_pubkey *")
    octets = b"\x04" + public_key
    if not _lib.secp256k1_ec_pubkey_parse(_context, key, octets, len(octets)):
        raise _malformed("secp256k1")
    return key


@lru_cache(maxsize=_PARSED_KEYS)
def _p256_key(public_key: bytes) -> EllipticCurvePublicKey:
    if len(public_key) != _POINT_OCTETS:
        raise _malformed("P-256")
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + public_key)
    except ValueError as error:
        raise _malformed("P-256") from error


@lru_cache(maxsize=_PARSED_KEYS)
def _ed25519_key(public_key: bytes) -> Ed25519PublicKey:
    if len(public_key) != _ED25519_OCTETS:
        raise _malformed("Ed25519")
    try:
        return Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError as error:
        raise _malformed("Ed25519") from error


_PARSERS: Final[Mapping[KeyAlgorithm, Callable[[bytes], Any]]] = {
    KeyAlgorithm.ES256K: _secp256k1_key,
    KeyAlgorithm.ES256: _p256_key,
    KeyAlgorithm.EDDSA: _ed25519_key,
}
_CHECKS: Final[Mapping[KeyAlgorithm, Callable[[bytes, bytes, bytes], None]]] = {
    KeyAlgorithm.ES256K: _check_es256k,
    KeyAlgorithm.ES256: _check_es256,
    KeyAlgorithm.EDDSA: _check_eddsa,
}

# G is the public key of the secret 1; with the nonce 1 and the message below, r = G.x and
# s = digest + r, which anyone can recompute by hand.
_GENERATOR: Final = bytes.fromhex(
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)
_KECCAK_OF_NOTHING: Final = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def _known_signatures() -> tuple[bytes, bytes]:
    """A good low-s signature by the secret 1 over the empty message, and its high-s twin."""
    r = int.from_bytes(_GENERATOR[:32], "big")
    s = (int.from_bytes(sha256(b"").digest(), "big") + r) % _SECP256K1_ORDER
    low, high = sorted((s, _SECP256K1_ORDER - s))
    octets = [_GENERATOR[:32] + value.to_bytes(32, "big") for value in (low, high)]
    return octets[0], octets[1]


def require_fast_backend(
    check: Callable[[KeyAlgorithm, bytes, bytes, bytes], None] = check_signature,
) -> None:
    """Refuse to start unless ECDSA and keccak really run in the compiled libraries.

    A slower substitute would not fail by itself: recovering would merely take 58 times as long.

    Args:
        check: how ES256K signatures are checked here.

    Raises:
        ConfigError: ``config.slow_backend``: not compiled, or its answers are not libsecp256k1's.
    """
    low, high = _known_signatures()
    is_right = (
        str(_secp256k1.__file__).endswith(tuple(EXTENSION_SUFFIXES))
        and sha3.keccak_256(b"").hexdigest() == _KECCAK_OF_NOTHING
        and _code_of(check, low) is None
        and _code_of(check, high) == "signature.high_s"
    )
    if not is_right:
        raise ConfigError(
            "config.slow_backend", "coincurve with libsecp256k1 and pysha3 are needed, compiled"
        )


def _code_of(
    check: Callable[[KeyAlgorithm, bytes, bytes, bytes], None], signature: bytes
) -> str | None:
    try:
        check(KeyAlgorithm.ES256K, _GENERATOR, b"", signature)
    except VerificationError as error:
        return error.code
    return None
