"""An EVM account for tests: real EIP-1559 transactions, made of RLP and libsecp256k1 only.

It is apart from ``veta.keys`` on purpose, so that what one writes the other can be checked by.
"""

from __future__ import annotations

from dataclasses import dataclass

import rlp  # type: ignore[import-untyped]
from coincurve import PrivateKey, PublicKey
from sha3 import keccak_256

from veta.model.identifiers import AccountAddress, TransactionId

_TYPE = b"\x02"


def _integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _address(public: PublicKey) -> AccountAddress:
    return AccountAddress(keccak_256(public.format(compressed=False)[1:]).digest()[12:])


class FakeAccount:
    """Implements ``TransactionSigner`` with a key made from a seed word."""

    def __init__(self, seed: str) -> None:
        self._key = PrivateKey(keccak_256(b"account " + seed.encode()).digest())
        self._address = _address(self._key.public_key)

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
        """A signed raw EIP-1559 transaction."""
        numbers = (chain_id, nonce, max_priority_fee, max_fee, gas_limit)
        fields: list[object] = [_integer(number) for number in numbers]
        fields += [to or b"", _integer(value), data, []]
        digest = keccak_256(_TYPE + rlp.encode(fields)).digest()
        signature = self._key.sign_recoverable(digest, hasher=None)
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:64], "big")
        return bytes(
            _TYPE + rlp.encode([*fields, _integer(signature[64]), _integer(r), _integer(s)])
        )


@dataclass(frozen=True, slots=True)
class RawTransaction:
    """What a node reads out of raw octets."""

    transaction_id: TransactionId
    sender: AccountAddress
    chain_id: int
    nonce: int
    max_fee: int
    max_priority_fee: int
    gas_limit: int
    to: AccountAddress
    data: bytes


def decode_raw(raw: bytes) -> RawTransaction:
    """Read an EIP-1559 transaction and recover its sender.

    Raises:
        ValueError: the octets are no such transaction.
    """
    if raw[:1] != _TYPE:
        raise ValueError("not a type 2 transaction")
    try:
        fields = rlp.decode(raw[1:])
        numbers = [int.from_bytes(octets, "big") for octets in fields[:5]]
        chain_id, nonce, priority, max_fee, gas = numbers
        digest = keccak_256(_TYPE + rlp.encode(fields[:9])).digest()
        signature = (
            fields[10].rjust(32, b"\0") + fields[11].rjust(32, b"\0") + fields[9].rjust(1, b"\0")
        )
        sender = _address(PublicKey.from_signature_and_message(signature, digest, hasher=None))
    except Exception as error:
        raise ValueError("malformed transaction") from error
    return RawTransaction(
        transaction_id=TransactionId(keccak_256(raw).digest()),
        sender=sender,
        chain_id=chain_id,
        nonce=nonce,
        max_fee=max_fee,
        max_priority_fee=priority,
        gas_limit=gas,
        to=AccountAddress(bytes(fields[5])),
        data=bytes(fields[7]),
    )
