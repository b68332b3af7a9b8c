"""Types for the identifiers and units that travel through every layer."""

from __future__ import annotations

from typing import Final, NewType

MemberId = NewType("MemberId", int)
"""32-bit consortium id, from 1. Keys rotate, members stay. 0 is never a member."""

BlockNumber = NewType("BlockNumber", int)
UnixSeconds = NewType("UnixSeconds", int)
"""Seconds since 1970-01-01T00:00:00Z; windows are [from, to)."""

Digest = NewType("Digest", bytes)
"""32 octets of SHA-256 or keccak-256; the name around it says of what."""

Leaf = NewType("Leaf", bytes)
"""Statement leaf: SHA-256(0x00 || payload octets), an RFC 9162 leaf. Names the statement."""

BatchRoot = NewType("BatchRoot", bytes)
"""Root of an RFC 9162 tree of statement leaves."""

AccountAddress = NewType("AccountAddress", bytes)
"""20 octets of an EVM account or contract."""

KeyId = NewType("KeyId", bytes)
"""32 octets naming a key on chain: keccak256 of its public key octets; for an EVM account the
address, left-padded."""

TransactionId = NewType("TransactionId", bytes)
"""32 octets: keccak-256 of a signed raw transaction."""

FAR_FUTURE: Final = UnixSeconds(2**64 - 1)
"""End of a window that has none."""
