"""Private keys, as the services see them: they sign, and never show themselves."""

from __future__ import annotations

from typing import Protocol

from veta.model.consortium import KeyAlgorithm
from veta.model.identifiers import AccountAddress, KeyId


class StatementSigner(Protocol):
    """A member's statement key."""

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
        """JWS signature octets over ``message`` (64 octets; low-s where the algorithm has an s)."""


class TransactionSigner(Protocol):
    """A member's EVM account."""

    @property
    def address(self) -> AccountAddress:
        """The account."""

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
        """A signed raw EIP-1559 transaction; same arguments, same octets (RFC 6979)."""
