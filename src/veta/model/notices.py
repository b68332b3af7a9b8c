"""What is said beside a batch or a lot once it turned out wrong: plain values of ``LotNotices``."""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot


@dataclass(frozen=True, slots=True)
class Restatement:
    """A batch's total of a column turned out to be off by ``delta`` base units."""

    issuer: MemberId
    root: LotRoot
    column: ColumnKey
    delta: int
    reason: int
    """``ILotNotices.RestatementReason``."""
    assurer: MemberId | None
    """Who confirmed it, ``None``: nobody."""
    recorded_at_s: UnixSeconds
    statement_leaf: Leaf
    """The statement that tells."""


@dataclass(frozen=True, slots=True)
class LotDispute:
    """A party's last dispute of a lot, or of its batch."""

    subject: Digest
    party: MemberId
    opened_at_s: UnixSeconds
    lapses_s: UnixSeconds
    closed: bool
    upheld: bool

    def is_open(self, at_s: int) -> bool:
        """Whether it stands: upheld until it is closed, else until it lapses or is closed."""
        return not self.closed and (self.upheld or at_s < self.lapses_s)


@dataclass(frozen=True, slots=True)
class LotNoticeFacts:
    """What was said beside a lot and the batches behind it."""

    restatements: tuple[Restatement, ...] = ()
    """Of every batch that was asked about, each batch's in the order of its list."""
    disputes: tuple[LotDispute, ...] = ()
    """Of the lot and its batch, by those of its parties that were asked about."""
