"""The node's memory of lots: what it means to do with them, its own batches, and what was followed.

Part of ``ports.store``: everything here happens inside a work of the store.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NewType, Protocol, TypeAlias

from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, TransactionId, UnixSeconds
from veta.model.lineage import RunOrder
from veta.model.lot_events import (
    NO_TIME,
    NOBODY,
    LotBatch,
    LotBatchEnded,
    LotChange,
    LotOpened,
    LotRun,
)
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import LotId, PeriodUse, ProductClassId, SiteId
from veta.model.periods import Period
from veta.ports.ledger import Call

if TYPE_CHECKING:
    from veta.ports.store import Intent

PAGE_LOTS: Final = 1 << 10
"""Lots of a batch that are kept, and read, together."""
Place = NewType("Place", int)
"""Where on the chain something was said: block << 20 | index of the log."""
PLACE_BITS: Final = 20
"""Bits of a place that are the log's index."""


class LotVerb(enum.StrEnum):
    """What a lot call does; with it, how its effect is read from the contracts' state."""

    RUN = "run"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    OPEN = "open"
    OFFER = "offer"
    DECLINE = "decline"
    ACCEPT = "accept"
    FREEZE = "freeze"
    FREEZE_JOINTLY = "freeze jointly"
    RETIRE = "retire"
    EXIT = "exit"
    REENTER = "reenter"
    REGISTER_RULE = "register rule"
    CONFIRM_RULE = "confirm rule"
    END_RULE = "end rule"
    RECOGNISE = "recognise"
    ACCREDIT = "accredit"
    CERTIFY = "certify"
    SUSPEND = "suspend"
    LIFT = "lift"
    WITHDRAW_RECORD = "withdraw record"
    VOID = "void"
    RESTATE = "restate"
    CONFIRM_RESTATEMENT = "confirm restatement"
    DISPUTE = "dispute"
    CLOSE_DISPUTE = "close dispute"
    UPHOLD_DISPUTE = "uphold dispute"
    RAISE_CONCERN = "raise concern"
    CLOSE_CONCERN = "close concern"
    RECORD_SITE = "record site"

    @property
    def happens_once(self) -> bool:
        """Whether asking the same again can only mean what was done already."""
        return self in _ONCE or self in _TOLD_BY_RECEIPT

    @property
    def told_by_receipt(self) -> bool:
        """Whether nothing in the contracts' state says that this very call was made."""
        return self in _TOLD_BY_RECEIPT


_ONCE: Final = frozenset(
    {
        LotVerb.RUN,
        LotVerb.WITHDRAW,
        LotVerb.REPLACE,
        LotVerb.OPEN,
        LotVerb.FREEZE,
        LotVerb.CONFIRM_RULE,
        LotVerb.END_RULE,
        LotVerb.ACCREDIT,
        LotVerb.CERTIFY,
        LotVerb.WITHDRAW_RECORD,
        LotVerb.VOID,
    }
)
_TOLD_BY_RECEIPT: Final = frozenset(
    {
        LotVerb.FREEZE_JOINTLY,
        LotVerb.REGISTER_RULE,
        LotVerb.RECOGNISE,
        LotVerb.SUSPEND,
        LotVerb.LIFT,
        LotVerb.RESTATE,
        LotVerb.CONFIRM_RESTATEMENT,
        LotVerb.DISPUTE,
        LotVerb.CLOSE_DISPUTE,
        LotVerb.UPHOLD_DISPUTE,
        LotVerb.RAISE_CONCERN,
        LotVerb.CLOSE_CONCERN,
        LotVerb.RECORD_SITE,
    }
)
"""What can be said again once it was taken back names, in its request, what it follows."""


@dataclass(frozen=True, slots=True)
class LotCall:
    """A call about lots, or about who assures what, that the node means to make."""

    verb: LotVerb
    member: MemberId
    """Whose."""
    request: Digest
    """Digest of what was asked for: equal requests are one intent."""
    call: Call
    draws: int = 0
    """Numbers that it draws from the member's sequence."""
    root: LotRoot | None = None
    """Of the batch that a run makes first, that is withdrawn, or that takes another's place."""
    lots: tuple[LotId, ...] = ()
    to: MemberId = NOBODY
    """Offered to; of an accreditation or recognition, whose it is."""
    until_s: UnixSeconds = NO_TIME
    digest: Digest | None = None
    """OPEN: the lot's commitment. EXIT: whom the lot leaves for. REPLACE: the root replaced.
    ACCREDIT, CERTIFY: the document's leaf."""
    rule: int = 0
    """Number of the allocation rule that is confirmed or ended; 0: none."""
    record: int = 0
    """Number of the accreditation or certificate that it is about; CERTIFY: of the accreditation
    that it is given under; 0: none."""

    @property
    def lasts(self) -> bool:
        """Whether its effect is in the contracts' state, and nothing that others do takes it out.

        A registered rule gets a number that nobody knows before: its receipt tells.
        """
        offers_too = self.verb is LotVerb.OPEN and self.to != NOBODY
        unseen = offers_too or self.verb.told_by_receipt
        return (self.verb.happens_once and not unseen) or self.verb is LotVerb.RETIRE


@dataclass(frozen=True, slots=True)
class OwnLotBatch:
    """A batch of the member's own lots: enough to prove each of them."""

    issuer: MemberId
    root: LotRoot
    output: int
    """Index in its run; of a replacement 0."""
    product_class: ProductClassId
    columns: tuple[ColumnKey, ...]
    salt: bytes
    """16 octets, of the totals."""
    leaves: bytes
    """Lot key and statement leaf of each lot, 64 octets a lot."""
    quantities: bytes
    """8 octets a column and lot, big-endian."""
    lots: tuple[LotId, ...]
    nodes: bytes = b""
    """The nodes of its tree over every ``PAGE_LOTS`` lots, joined (``sum_trees.page_nodes``); none
    of batches that were stored before there were pages."""


@dataclass(frozen=True, slots=True)
class OwnBatchName:
    """A batch of the member's own lots, without them."""

    issuer: MemberId
    root: LotRoot
    output: int
    product_class: ProductClassId
    columns: tuple[ColumnKey, ...]
    salt: bytes


@dataclass(frozen=True, slots=True)
class LotPlace:
    """Where a lot of the member's own is, and what it is."""

    batch: OwnBatchName
    intent: int
    """Of the run that makes it, or of the replacement."""
    index: int
    lot_key: LotKey
    statement_leaf: Leaf
    quantities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LotPage:
    """The lots that stand with one in a page of its batch, and the nodes over all pages."""

    leaves: bytes
    quantities: bytes
    nodes: bytes
    """As ``OwnLotBatch.nodes``."""


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """A site's unspent credit under a programme that came in a period."""

    site: SiteId
    programme: ProgrammeId
    substance: SubstanceId
    period: Period
    balance: int


@dataclass(slots=True)
class LineageBack:
    """What was followed of everything behind a lot; empty if that is more than was asked for."""

    runs: dict[RunOrder, LotRun] = field(default_factory=dict)
    batches: dict[RunOrder, tuple[LotBatch, ...]] = field(default_factory=dict)
    """What each made, in the order of the chain, without regard to replacements."""
    opened: list[LotOpened] = field(default_factory=list)
    """The lots that they took, and the lot itself."""
    replaced: set[bytes] = field(default_factory=set)
    """Roots of batches whose place others took, of anybody."""
    rebased: set[bytes] = field(default_factory=set)
    """Lots whose quantities were set anew on receipt."""


TakeBack: TypeAlias = tuple[LotId, Place, RunOrder, int, int]
"""A take: the lot, place of its opening, the run that made it (below 0: none is known), what was
taken of it before, how much more. A plain tuple, for there may be a million of them."""


@dataclass(frozen=True, slots=True)
class TakesBack:
    """Every take behind a lot, with what a search backwards needs of one column."""

    runs: Mapping[RunOrder, Sequence[TakeBack]]
    """What each run behind the lot took, the lot's own among them."""
    first_measured: Mapping[RunOrder, int]
    """Of the column; of runs that declared anything."""
    held: Mapping[Place, tuple[int, int, bool]]
    """Of every lot that was taken, by the place of its opening: quantity of the column, quantity of
    its reference, whether it was set anew on receipt (``rebases`` says to what)."""


class LotCallWork(Protocol):
    """What the node means to do with lots, and its own batches."""

    def add_lot_call(self, call: LotCall, batches: Sequence[OwnLotBatch] = ()) -> Intent:
        """The intent to make a call, with the batches that it makes.

        An equal one is returned instead if it is open, or if it is done and happens only once.

        Raises:
            StoreError: ``store.constraint``: a batch of this root is kept already.
        """

    def standing_lot_call(self, request: Digest) -> Intent | None:
        """The newest intent of an equal request, if it is open, or done and happens only once."""

    def own_lot_batches(self, intent: int) -> tuple[OwnLotBatch, ...]:
        """Batches that an intent makes, by output."""

    def own_run(self, issuer: MemberId, root: LotRoot) -> Call | None:
        """The call of the member's own run that makes a batch; ``None`` if it makes none."""

    def own_lot(self, lot: LotId) -> LotPlace | None:
        """Where a lot of the member's own is: the newest batch that has it and was not refused."""

    def own_lot_page(self, place: LotPlace) -> LotPage:
        """The page of a lot: of a batch of a million lots one thousandth of it is read."""

    def all_own_lot_batches(self) -> Sequence[tuple[int, OwnLotBatch]]:
        """Every batch with its intent, for an auditor."""


class FollowedLotWork(Protocol):
    """Lots as the chain recorded them, as followed."""

    def lot_batch(self, issuer: MemberId, root: LotRoot) -> LotBatch | None:
        """A batch as it was issued, or as it took another's place."""

    def lot_batches(self, issuer: MemberId) -> tuple[LotBatch, ...]:
        """All batches of a member in the order of the chain."""

    def lot_batch_end(self, issuer: MemberId, root: LotRoot) -> LotBatchEnded | None:
        """How a batch ended, ``None`` if it did not."""

    def replaced_batch(self, issuer: MemberId, root: LotRoot) -> LotBatch | None:
        """The batch whose place the batch took, ``None`` if it took none's."""

    def batches_of_run(self, issuer: MemberId, cause: Digest) -> tuple[LotBatch, ...]:
        """What a run made, by output; a replacement stands where the replaced batch stood."""

    def lot_run(self, order: RunOrder) -> LotRun | None:
        """A run by its place."""

    def run_of(self, issuer: MemberId, cause: Digest) -> RunOrder | None:
        """Place of the run that made batches of a cause."""

    def lineage_back(self, lot: LotId, most: int) -> LineageBack:
        """Everything behind a lot in few queries, if that is at most so many runs."""

    def lots_back(self, lot: LotId, most: int) -> frozenset[LotId] | None:
        """All lots that went into one; ``None`` if more than so many runs are behind it.

        An unknown lot has none.
        """

    def takes_back(self, lot: LotId, column: ColumnKey, most: int) -> TakesBack | None:
        """All takes behind a lot; ``None`` if more than so many runs are, or a row is missing."""

    def run_sites(self, orders: Collection[RunOrder]) -> Mapping[RunOrder, SiteId]:
        """Site of each of some runs, as their first batch has it.

        Runs of which a batch was replaced, or none is there, are left out.
        """

    def run_transaction(self, order: RunOrder) -> TransactionId | None:
        """The transaction that made a run, by the run's place."""

    def opening_transaction(self, lot: LotId) -> TransactionId | None:
        """The transaction that opened a lot."""

    def runs_taking(self, lot: LotId) -> tuple[RunOrder, ...]:
        """Runs that took of a lot, each once, in order."""

    def opened_lot(self, lot: LotId) -> LotOpened | None:
        """What was opened."""

    def opened_lots(self, issuer: MemberId, root: LotRoot) -> tuple[LotOpened, ...]:
        """Opened lots of a batch, in the order of opening."""

    def lot_changes(self, lot: LotId) -> tuple[LotChange, ...]:
        """What happened to a lot since it was opened, in order."""

    def lot_history(self, lot: LotId) -> tuple[tuple[Place, LotChange], ...]:
        """As ``lot_changes``, each with its place on the chain."""

    def rebases(self, lot: LotId) -> tuple[tuple[Place, LotChange], ...]:
        """When a lot's quantities were set anew on receipt, in order."""

    def lots_of(self, member: MemberId) -> tuple[LotId, ...]:
        """Lots that a member opened or was offered or given, in the order of opening."""

    def credit_accounts(self, site: SiteId) -> tuple[CreditAccount, ...]:
        """A site's accounts as they last changed; whether credit expired is not looked at."""

    def period_uses(self, site: SiteId) -> Mapping[tuple[SubstanceId, Period], PeriodUse]:
        """What a site did, by substance and period."""
