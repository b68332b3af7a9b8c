"""What the lot book and custody say in their events, as a follower keeps it.

Values have the fields of the events that they come from; numbers are as emitted. State is never
stored: a lot is what its opening and its changes make of it, in the order of the chain.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    BatchHeader,
    Draw,
    Emission,
    FirstMeasured,
    Loss,
    LotBatchKind,
    LotId,
    PeriodUse,
    Reduction,
    SiteId,
    TakeRecord,
)
from veta.model.periods import Period

NOBODY = MemberId(0)
"""No member: a vote, or nobody in particular."""
NO_TIME: Final = UnixSeconds(0)


@dataclass(frozen=True, slots=True)
class LotBatch:
    """A batch came to be (``BatchIssued``), or took the place of a withdrawn one of equal totals
    (``BatchReplaced``): that says no columns, sums and salt, for they are the other one's.
    """

    header: BatchHeader
    columns: tuple[ColumnKey, ...]
    sums: tuple[int, ...]
    salt: bytes
    """16 octets, of the header's totals; empty for a replacement."""


@dataclass(frozen=True, slots=True)
class LotBatchEnded:
    """Nothing of a batch is opened any more: it was withdrawn, or the successor has it."""

    issuer: MemberId
    root: LotRoot
    replacement: LotRoot | None
    """The batch in its place."""
    handed_over: bool


@dataclass(frozen=True, slots=True)
class LotRun:
    """What a run said, beside the batches that it made: they carry the same cause."""

    issuer: MemberId
    cause: Digest
    kind: LotBatchKind
    source: Digest
    takes: tuple[TakeRecord, ...]
    first_measured: tuple[FirstMeasured, ...]
    reductions: tuple[Reduction, ...]
    draws: tuple[Draw, ...]
    losses: tuple[Loss, ...]
    emissions: tuple[Emission, ...]


@dataclass(frozen=True, slots=True)
class LotOpened:
    """A lot was opened by its issuer."""

    lot: LotId
    issuer: MemberId
    root: LotRoot
    index: int
    lot_key: LotKey
    statement_leaf: Leaf
    columns: tuple[ColumnKey, ...]
    quantities: tuple[int, ...]


class LotAction(enum.IntEnum):
    """What happened to an opened lot."""

    TAKEN = 1
    """By a run of ``by``: ``amount`` after ``taken``; ``code`` 1: nothing is left."""
    OFFERED = 2
    """By ``by`` to ``to`` until ``until_s``; ``digest`` of the consignment."""
    OFFER_ENDED = 3
    """``by`` declined, or took the offer back."""
    ACCEPTED = 4
    """It went from ``by`` to ``to``; ``digest`` of the consignment."""
    MEASURED = 5
    """``by`` measured ``amount`` of ``taken`` shipped by method ``code``; ``digest``: statement."""
    REBASED = 6
    """The quantities were ``before`` (``taken`` of the reference gone), and are ``after``."""
    RETIRED = 7
    """By ``by``, for reason ``code``."""
    EXITED = 8
    """``by`` let it go to whom ``digest`` names."""
    REENTERED = 9
    """Back in, held by ``by``."""
    FROZEN = 10
    """Until ``until_s``, by ``by`` (nobody: by vote)."""
    FREEZE_ASKED = 11
    """``by`` asks for a joint freeze until ``until_s``."""
    HANDED_OVER = 12
    """The successor has it."""


@dataclass(frozen=True, slots=True)
class LotChange:
    """Something happened to an opened lot; ``LotAction`` says what each field means."""

    lot: LotId
    action: LotAction
    by: MemberId = NOBODY
    to: MemberId = NOBODY
    until_s: UnixSeconds = NO_TIME
    taken: int = 0
    amount: int = 0
    code: int = 0
    digest: bytes = b""
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodUsed:
    """What a site did in a period with a substance changed to this."""

    site: SiteId
    substance: SubstanceId
    period: Period
    use: PeriodUse


@dataclass(frozen=True, slots=True)
class CeilingUsed:
    """What a member declared from outside in a period changed to this."""

    member: MemberId
    substance: SubstanceId
    period: Period
    used: int


@dataclass(frozen=True, slots=True)
class CreditChanged:
    """A credit account of a site changed to this."""

    site: SiteId
    programme: ProgrammeId
    substance: SubstanceId
    period: Period
    balance: int


@dataclass(frozen=True, slots=True)
class VarianceChanged:
    """A member's variance record of a column and period changed by ``change`` to ``total``."""

    member: MemberId
    column: ColumnKey
    period: Period
    change: int
    total: int


LotEventBody: TypeAlias = (
    LotBatch
    | LotBatchEnded
    | LotRun
    | LotOpened
    | LotChange
    | PeriodUsed
    | CeilingUsed
    | CreditChanged
    | VarianceChanged
)

LOT_EVENTS: Final[frozenset[type]] = frozenset(get_args(LotEventBody))
"""The same, to look a type up in: an isinstance of a union asks one class after the other."""
