"""Keys that live elsewhere (HSM, KMS, smart card): what comes back is checked, never believed.

Devices differ: some answer in DER, some with a high s, some without the recovery bit. Signatures
are brought into the one form that Veta emits and verified under the key's own public key first.
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

import coincurve
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from veta.errors import KeyAccessError
from veta.keys.signers import (
    SECP256K1_ORDER,
    account_key_id,
    address_of,
    assemble_transaction,
    bad_signature,
    key_id_of,
    transaction_digest,
)
from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import AccountAddress, KeyId


class SigningDevice(Protocol):
    """A secp256k1 key that never leaves its device."""

    @property
    def public_key(self) -> bytes:
        """X || Y, 64 octets."""

    def sign_digest(self, digest: bytes) -> bytes:
        """ECDSA over 32 octets: r || s (64), r || s || v (65), or DER."""


class DeviceStatementSigner:
    """ES256K statements signed by a device."""

    algorithm: Final = KeyAlgorithm.ES256K

    def __init__(self, device: SigningDevice) -> None:
        self._device = device
        self.public_key = device.public_key
        self.key_id = key_id_of(self.public_key)

    def __repr__(self) -> str:
        return f"<DeviceStatementSigner key_id={self.key_id.hex()}>"

    def sign(self, message: bytes) -> bytes:
        """R || s, 64 octets, low-s, verified.

        Raises:
            KeyAccessError: ``key.bad_signature``.
        """
        digest = hashlib.sha256(message).digest()
        return recoverable(self._device, digest, self.key_id)[:64]


class DeviceAccountSigner:
    """An EVM account whose key is in a device."""

    def __init__(self, device: SigningDevice) -> None:
        self._device = device
        self.address = address_of(device.public_key)

    def __repr__(self) -> str:
        return f"<DeviceAccountSigner address=0x{self.address.hex()}>"

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
        """A signed raw type-2 transaction.

        Raises:
            KeyAccessError: ``key.bad_signature``.
        """
        body: list[int | bytes | list[bytes]] = [
            chain_id, nonce, max_priority_fee, max_fee, gas_limit, to or b"", value, data, [],
        ]  # fmt: skip
        digest = transaction_digest(body)
        signature = recoverable(self._device, digest, account_key_id(self.address))
        return assemble_transaction(body, signature, digest, self.address)


def recoverable(device: SigningDevice, digest: bytes, key_id: KeyId) -> bytes:
    """The device's signature as r || s || parity, low-s, seen to recover the device's key.

    Raises:
        KeyAccessError: ``key.bad_signature``.
    """
    r, s = _scalars(device.sign_digest(digest), key_id)
    if not (0 < r < SECP256K1_ORDER and 0 < s < SECP256K1_ORDER):
        raise bad_signature(key_id)
    s = min(s, SECP256K1_ORDER - s)
    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    for parity in (b"\x00", b"\x01"):
        try:
            found = coincurve.PublicKey.from_signature_and_message(
                compact + parity, digest, hasher=None
            )
        except Exception:  # noqa: BLE001, S112 - coincurve raises bare Exception: no such point
            continue
        if found.format(compressed=False)[1:] == device.public_key:
            return compact + parity
    raise bad_signature(key_id)


def _scalars(answer: bytes, key_id: KeyId) -> tuple[int, int]:
    if len(answer) in {64, 65}:
        return int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:64], "big")
    try:
        return decode_dss_signature(answer)
    except ValueError as error:
        raise KeyAccessError(
            "key.bad_signature", f"the device of key {key_id.hex()} answered no signature"
        ) from error
