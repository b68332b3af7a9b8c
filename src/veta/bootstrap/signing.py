"""Signers that open their key file at the first signature, so that reading needs no password."""

from __future__ import annotations

from veta.errors import KeyAccessError
from veta.keys.keyring import KeyRecord, KeyRing
from veta.model.consortium import KeyAlgorithm, KeyPurpose
from veta.model.identifiers import AccountAddress, KeyId
from veta.ports.keys import StatementSigner, TransactionSigner


class LazyStatementSigner:
    """A statement key of a ring, known by its public side until it signs."""

    def __init__(self, ring: KeyRing, key_id: KeyId | None = None) -> None:
        self._ring = ring
        self._record = ring.record(KeyPurpose.SIGN, key_id)
        self._opened: StatementSigner | None = None

    @property
    def algorithm(self) -> KeyAlgorithm:
        """What the key signs with."""
        return self._record.algorithm

    @property
    def public_key(self) -> bytes:
        """Octets as ``KeyAlgorithm`` describes them."""
        return self._record.public_key

    @property
    def key_id(self) -> KeyId:
        """keccak256 of ``public_key``."""
        return self._record.key_id

    def sign(self, message: bytes) -> bytes:
        """JWS signature octets; opens the key file the first time.

        Raises:
            KeyAccessError: as ``KeyRing.statement_signer``.
        """
        if self._opened is None:
            self._opened = self._ring.statement_signer(self._record.key_id)
        return self._opened.sign(message)


class LazyAccount:
    """An operate or administer account of a ring, known by its address until it signs."""

    def __init__(self, ring: KeyRing, purpose: KeyPurpose, key_id: KeyId | None = None) -> None:
        self._ring = ring
        self._record = ring.record(purpose, key_id)
        self._address = address_in(self._record)
        self._opened: TransactionSigner | None = None

    @property
    def address(self) -> AccountAddress:
        """The account."""
        return self._address

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
        """A signed raw EIP-1559 transaction; opens the key file the first time.

        Raises:
            KeyAccessError: as ``KeyRing.operator``.
        """
        if self._opened is None:
            opens = {
                KeyPurpose.OPERATE: self._ring.operator,
                KeyPurpose.ADMINISTER: self._ring.administrator,
            }
            self._opened = opens[self._record.purpose](self._record.key_id)
        return self._opened.sign_transaction(
            chain_id=chain_id,
            nonce=nonce,
            to=to,
            data=data,
            gas_limit=gas_limit,
            max_fee=max_fee,
            max_priority_fee=max_priority_fee,
            value=value,
        )


def address_in(record: KeyRecord) -> AccountAddress:
    """The address of an account's record.

    Raises:
        KeyAccessError: ``key.unsupported``: the record is of a statement key.
    """
    if record.address is None:
        raise KeyAccessError("key.unsupported", f"{record.path.name} is no account")
    return record.address
