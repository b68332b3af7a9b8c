"""What a bundle discloses of a lot and of the runs behind it: plain values, no hashing.

Everything here is somebody's word until ``veta.verify`` has held it against digests that the chain
holds. What is closed is missing (``None``) or only its digest: a bundle may open some parts alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.columns import ColumnKey
from veta.model.identifiers import Leaf
from veta.model.lot_tree import LotKey
from veta.model.lots import BatchHeader


@dataclass(frozen=True, slots=True)
class BatchTotals:
    """What the digest ``totals`` of a header is of, opened."""

    columns: tuple[ColumnKey, ...]
    sums: tuple[int, ...]
    salt: bytes
    """16 octets."""


@dataclass(frozen=True, slots=True)
class DisclosedBatch:
    """A batch by its header; ``totals`` is ``None`` where they stay closed."""

    header: BatchHeader
    totals: BatchTotals | None = None


@dataclass(frozen=True, slots=True)
class CauseEntry:
    """A leaf of a batch's cause, in the order of the tree."""

    octets: bytes
    """Opened: the part as it was hashed, part and fields and salt. Closed: the leaf's digest."""
    opened: bool


@dataclass(frozen=True, slots=True)
class TakenLot:
    """A lot that a run took from, as it was when it was taken."""

    lot_key: LotKey
    statement_leaf: Leaf
    """Of the lot's first statement."""
    quantities: tuple[int, ...]
    """In the columns of its batch."""
    path: tuple[bytes, ...] | None = None
    """Sibling nodes up to its batch: they show that the batch has this statement for it."""
    issued: tuple[int, ...] | None = None
    """Quantities as they were issued, if measuring on receipt has changed them since."""


@dataclass(frozen=True, slots=True)
class DisclosedRun:
    """A run: batches that it made, what it was made from, lots that it took from."""

    batches: tuple[DisclosedBatch, ...]
    cause: tuple[CauseEntry, ...] = ()
    """Every leaf, opened or closed; none if nothing of the cause is disclosed."""
    taken: tuple[TakenLot, ...] = ()


@dataclass(frozen=True, slots=True)
class LotPart:
    """The lot that a passport is about, in its batch."""

    batch: DisclosedBatch
    columns: tuple[ColumnKey, ...]
    index: int
    lot_key: LotKey
    statement_leaf: Leaf
    """Of the lot's first statement: the one that the lot leaf names."""
    quantities: tuple[int, ...]
    path: tuple[bytes, ...] | None = None
    """Sibling nodes from the leaf upwards, with their sums."""
    rebased: tuple[int, ...] | None = None
    """Quantities of now, if measuring on receipt has changed them."""
