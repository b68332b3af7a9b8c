"""Keys that sign in this process; each checks its own signature before it leaves.

ES256K (RFC 8812) runs on libsecp256k1, which emits low-s and RFC 6979 nonces; ES256 and Ed25519
(RFC 7518, RFC 8032) on OpenSSL. A signature that does not verify under the key's own public key
(a fault in memory or in a device) is never handed out.
"""

from __future__ import annotations

from typing import Final, NoReturn

import coincurve
import rlp  # type: ignore[import-untyped]  # has no annotations
import sha3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from veta.errors import KeyAccessError
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import AccountAddress, KeyId
from veta.ports.keys import StatementSigner

SECP256K1_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def key_id_of(public_key: bytes) -> KeyId:
    """keccak256 of the public key octets (``model.identifiers.KeyId``)."""
    return KeyId(sha3.keccak_256(public_key).digest())


def address_of(public_key: bytes) -> AccountAddress:
    """EVM address of a secp256k1 public key X || Y (Yellow Paper, appendix F)."""
    return AccountAddress(sha3.keccak_256(public_key).digest()[12:])


def account_key_id(address: AccountAddress) -> KeyId:
    """An account's key id: its address, left-padded."""
    return KeyId(bytes(12) + address)


class Unshowable:
    """Shows no secret when printed, formatted, copied or pickled."""

    __slots__ = ()

    def _public_words(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._public_words()}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a secret and cannot be copied or pickled")


class Es256kSigner(Unshowable):
    """secp256k1 with SHA-256 (RFC 8812 section 3.2).

    Args:
        secret: 32 octets; may be wiped afterwards.
        check_each: verify each signature before returning it; costs twice as much again as
            signing (docs/adr/0144).
    """

    __slots__ = ("_check_each", "_key", "key_id", "public_key")

    algorithm: Final = KeyAlgorithm.ES256K

    def __init__(self, secret: bytes | bytearray, *, check_each: bool = False) -> None:
        self._key = secp256k1_key(secret)
        self._check_each = check_each
        self.public_key = self._key.public_key.format(compressed=False)[1:]
        self.key_id = key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """R || s, 64 octets, low-s."""
        signature = self._key.sign_recoverable(message)
        if self._check_each:
            found = coincurve.PublicKey.from_signature_and_message(signature, message)
            _require(found == self._key.public_key and _is_low_s(signature), self.key_id)
        return bytes(signature[:64])

    def _public_words(self) -> str:
        return f"key_id={self.key_id.hex()}"


class Es256Signer(Unshowable):
    """NIST P-256 with SHA-256 (RFC 7518 section 3.4), deterministic nonces."""

    __slots__ = ("_key", "key_id", "public_key")

    algorithm: Final = KeyAlgorithm.ES256

    def __init__(self, secret: bytes | bytearray) -> None:
        scalar = int.from_bytes(secret, "big")
        if not 0 < scalar < _P256_ORDER:
            raise KeyAccessError("key.damaged", "the secret is not a P-256 key")
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = point[1:]
        self.key_id = key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """R || s, 64 octets; the lower s, although readers accept both."""
        hashing = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(message, hashing))
        s = min(s, _P256_ORDER - s)
        try:
            self._key.public_key().verify(
                encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature as error:
            raise bad_signature(self.key_id) from error
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _public_words(self) -> str:
        return f"key_id={self.key_id.hex()}"


class Ed25519Signer(Unshowable):
    """Ed25519 (RFC 8032): statements, and the cosignatures of a witness."""

    __slots__ = ("_key", "key_id", "public_key")

    algorithm: Final = KeyAlgorithm.EDDSA

    def __init__(self, secret: bytes | bytearray) -> None:
        self._key = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """R || S, 64 octets."""
        signature = self._key.sign(message)
        try:
            self._key.public_key().verify(signature, message)
        except InvalidSignature as error:
            raise bad_signature(self.key_id) from error
        return signature

    def _public_words(self) -> str:
        return f"key_id={self.key_id.hex()}"


class AccountSigner(Unshowable):
    """An EVM account that signs EIP-1559 transactions."""

    __slots__ = ("_key", "address")

    def __init__(self, secret: bytes | bytearray) -> None:
        self._key = secp256k1_key(secret)
        self.address = address_of(self._key.public_key.format(compressed=False)[1:])

    def sign_transaction(
        self,
        *,
        chain_id: int,
        nonce: int,
        to: AccountAddress | None,
        data: bytes,
        gas_limit: int,
        max_fee: int,
        max_priority_fee: int,
        value: int = 0,
    ) -> bytes:
        """A signed raw type-2 transaction (EIP-2718, EIP-1559); the access list is empty."""
        body: list[int | bytes | list[bytes]] = [
            chain_id, nonce, max_priority_fee, max_fee, gas_limit, to or b"", value, data, [],
        ]  # fmt: skip
        digest = transaction_digest(body)
        return assemble_transaction(
            body, self._key.sign_recoverable(digest, hasher=None), digest, self.address
        )

    def _public_words(self) -> str:
        return f"address=0x{self.address.hex()}"


def transaction_digest(body: list[int | bytes | list[bytes]]) -> bytes:
    """What is signed of a type-2 transaction (EIP-1559)."""
    return bytes(sha3.keccak_256(b"\x02" + rlp.encode(body)).digest())


def assemble_transaction(
    body: list[int | bytes | list[bytes]],
    signature: bytes,
    digest: bytes,
    address: AccountAddress,
) -> bytes:
    """The raw transaction, once the signature (r || s || parity) is seen to recover ``address``.

    Raises:
        KeyAccessError: ``key.bad_signature``: high-s, or of another key.
    """
    try:
        public_key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception as error:  # coincurve raises bare Exception here
        raise bad_signature(account_key_id(address)) from error
    recovered = address_of(public_key.format(compressed=False)[1:])
    _require(recovered == address and _is_low_s(signature), account_key_id(address))
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    return b"\x02" + bytes(rlp.encode([*body, signature[64], r, s]))


def statement_signer_of(algorithm: KeyAlgorithm, secret: bytes | bytearray) -> StatementSigner:
    """The signer for a secret of this algorithm.

    Raises:
        KeyAccessError: ``key.unsupported`` for an ACCOUNT, ``key.damaged`` for an impossible
            secret.
    """
    if algorithm is KeyAlgorithm.ES256K:
        return Es256kSigner(secret)
    if algorithm is KeyAlgorithm.ES256:
        return Es256Signer(secret)
    if algorithm is KeyAlgorithm.EDDSA:
        return Ed25519Signer(secret)
    raise KeyAccessError("key.unsupported", "an account signs no statements")


def secp256k1_key(secret: bytes | bytearray) -> coincurve.PrivateKey:
    """The key object, which from then on holds the only copy that is needed.

    Raises:
        KeyAccessError: ``key.damaged`` when the octets are no secp256k1 key.
    """
    if not 0 < int.from_bytes(secret, "big") < SECP256K1_ORDER or len(secret) != 32:
        raise KeyAccessError("key.damaged", "the secret is not a secp256k1 key")
    return coincurve.PrivateKey(bytes(secret))


def bad_signature(key_id: KeyId) -> KeyAccessError:
    """The key, or the device that holds it, gave a signature that is not its own."""
    return KeyAccessError(
        "key.bad_signature", f"key {key_id.hex()} gave a signature that does not verify under it"
    )


def _is_low_s(signature: bytes) -> bool:
    return 0 < int.from_bytes(signature[32:64], "big") <= SECP256K1_ORDER // 2


def _require(good: bool, key_id: KeyId) -> None:  # noqa: FBT001 - one private question, yes or no
    if not good:
        raise bad_signature(key_id)
