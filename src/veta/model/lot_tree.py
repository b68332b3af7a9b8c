"""What a batch of lots is hashed from and what proves one of them: plain values, no hashing.

``docs/spec/lots.md`` fixes every octet; ``veta.sum_trees`` computes with these values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, NewType

LotKey = NewType("LotKey", bytes)
"""32 octets naming a lot below its issuer: SHA-256 of issuer, site, product class, batch number."""

LotRoot = NewType("LotRoot", bytes)
"""32 octets: root digest of a Merkle-sum tree of lots. Says nothing without size and totals."""


class LotLeaf(NamedTuple):
    """What a lot leaf is hashed from. A tuple, for there may be a million of them at a time."""

    lot_key: bytes
    """A ``LotKey``; random octets in a padding leaf."""
    statement_leaf: bytes
    """``Leaf`` of the lot's first passport; random octets in a padding leaf."""
    quantities: tuple[int, ...]
    """One a column, in the order and the units of the batch's columns, each at most 2^53-1."""


@dataclass(frozen=True, slots=True)
class LotTreeHead:
    """What an authentic batch header says of its tree: proofs are checked against all three."""

    root: LotRoot
    size: int
    """Number of leaves, padding included."""
    totals: tuple[int, ...]
    """Sum of each column over all leaves, each at most 2^53-1."""


@dataclass(frozen=True, slots=True)
class LotInclusion:
    """Path from one lot to the head of its batch; the size of the tree is the head's to say."""

    index: int
    path: tuple[bytes, ...]
    """Sibling nodes from the leaf upwards: digest (32 octets), then the sum of each column
    (8 octets each, big-endian)."""
