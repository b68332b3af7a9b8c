"""What is said beside a batch or a lot: restatements and disputes. Neither changes a lot."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from veta.custody.columns import kind_of, sums_of
from veta.custody.encoding import source_batch
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.assurance_events import (
    DisputeClosed,
    DisputeOpened,
    DisputeUpheld,
    Restated,
    RestatementConfirmed,
)
from veta.model.columns import QUANTITY_MAXIMUM, ColumnKey, ColumnKind
from veta.model.consortium import Role
from veta.model.identifiers import Digest, Leaf, MemberId
from veta.model.lot_events import NOBODY, LotBatch
from veta.model.lots import BatchHeader, LotId, LotRecord
from veta.ports.clock import Clock
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.store import Intent, StoreWork
from veta.services.assurance_papers import require_statement
from veta.services.assurance_view import AssuranceView
from veta.services.lot_planning import LotPlanner
from veta.services.lot_reading import known_lot
from veta.services.run_file import column_name, word_of
from veta.services.run_requests import digest_of
from veta.services.standing import DisputeNow, disputes_now

AREA: Final = "notices"
MOST_RESTATEMENTS: Final = 64
_RESTATABLE: Final = frozenset({ColumnKind.CO2E, ColumnKind.CREDIT, ColumnKind.CLASS})
_CONFIRMING: Final = Role.CERTIFICATION_BODY | Role.FOOTPRINT_VERIFIER
_UPHOLDING: Final = Role.CERTIFICATION_BODY | Role.ACCREDITATION_BODY | Role.AUTHORITY
_WHOLE: Final = bytes(32)
"""In the place of a lot key: the batch."""


class RestatementReason(enum.IntEnum):
    """Why a batch is restated (``ILotNotices.RestatementReason``)."""

    MEASUREMENT = 1
    FACTOR = 2
    CALCULATION = 3
    ASSURANCE_WITHDRAWN = 4
    OTHER = 5


@dataclass(frozen=True, slots=True)
class Restating:
    """A total of a batch that turned out to be off."""

    column: ColumnKey
    delta: int
    """Base units, of the whole batch."""
    reason: RestatementReason
    statement: Leaf
    """That tells: issued and anchored by the member."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """A batch as followed, and a lot of it if that is meant."""

    batch: LotBatch
    lot: LotId
    lot_key: bytes
    record: LotRecord | None
    """Of the lot; ``None``: nobody opened it."""
    whole: bool

    @property
    def header(self) -> BatchHeader:
        """Of the batch."""
        return self.batch.header

    @property
    def name(self) -> Digest:
        """What a dispute is about."""
        batch = source_batch(self.header.issuer, self.header.root)
        return batch if self.whole else Digest(self.lot)

    @property
    def key(self) -> bytes:
        """As the contract takes it."""
        return _WHOLE if self.whole else self.lot_key


class NoticeDesk:
    """Restates, disputes, upholds and closes in the member's name.

    Every method stores an intent with its signed transaction, or raises and stores nothing; the
    same asked again is the same intent. A lot is one that was opened, or one of the member's own;
    its batch is the one that it is in.

    Raises, all methods:
        NotFoundError: ``lot.unopened``: no such lot is known here.
        ConflictError: ``lot.not_issued``: the lot's batch is not on the chain as followed.
        InputError: the contract would refuse: ``notices.`` and its error's name.
        TransactionRevertedError: the contract was asked, and refuses.
        LedgerUnavailableError: the chain cannot be asked.
        ConfigError: ``config.no_contract``: the chain has no notices.

    Args:
        planner: of lot calls.
        clock: for the time that disputes are judged at.
    """

    def __init__(self, planner: LotPlanner, clock: Clock) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._clock = clock

    # --- restatements ------------------------------------------------------------------------

    def restate(self, lot: LotId, restating: Restating) -> Intent:
        """Restate a total of the batch that one of the member's lots is in.

        Raises:
            ConflictError, NotFoundError, InputError: also as ``require_statement``;
                ``notices.below_zero``: more is taken away than the batch ever had.
        """
        subject, me = self._subject(lot, whole=True), self._planner.member
        header = subject.header

        def check() -> None:
            if header.issuer != me:
                raise _refused("not_issuer", f"the batch is member {header.issuer}'s")
            _require_restatable(restating)
            with self._planner.store.read() as work:
                require_statement(work, me, restating.statement, area=AREA)
                told = work.said(Restated, issuer=header.issuer, root=header.root)
                total = _total(work, subject.batch, restating.column)
            if len(told) >= MOST_RESTATEMENTS:
                raise _refused("too_many", f"a batch has at most {MOST_RESTATEMENTS} restatements")
            before = sum(each.delta for each in told if each.column == restating.column)
            if total + before + restating.delta < 0:
                raise _refused(
                    "below_zero",
                    f"{column_name(restating.column)} of the batch is {total + before} now",
                )

        call = self._planner.ledger.lots.encode_restate(
            header,
            restating.column,
            restating.delta,
            reason=restating.reason,
            statement_leaf=restating.statement,
        )
        parts = (LotVerb.RESTATE, header.root, restating)
        return self._plan(LotVerb.RESTATE, parts, call, check)

    def confirm(self, lot: LotId, index: int) -> Intent:
        """Confirm a restatement of the batch that a lot is in, as an independent assurer.

        Args:
            lot: of the batch.
            index: of the restatement, from 0.
        """
        header, me = self._subject(lot, whole=True).header, self._planner.member

        def check() -> None:
            view = self._view()
            view.require_role(me, _CONFIRMING)
            view.require_independent(me, header.issuer)
            place = {"issuer": header.issuer, "root": header.root, "index": index}
            with self._planner.store.read() as work:
                told = work.said(Restated, **place)
                confirmed = work.said(RestatementConfirmed, **place)
            if not told:
                raise _refused("unknown_restatement", f"the batch has no restatement {index}")
            if confirmed:
                raise _refused(
                    "already_confirmed", f"member {confirmed[0].assurer} confirmed it before"
                )

        lots = self._planner.ledger.lots
        call = lots.encode_confirm_restatement(header.issuer, header.root, index)
        parts = (LotVerb.CONFIRM_RESTATEMENT, header.issuer, header.root, index)
        return self._plan(LotVerb.CONFIRM_RESTATEMENT, parts, call, check)

    # --- disputes ----------------------------------------------------------------------------

    def dispute(self, lot: LotId, grounds: Digest, *, whole: bool = False) -> Intent:
        """Dispute a lot, or the whole batch that it is in. It blocks nothing.

        Args:
            lot: which.
            grounds: digest of what says why.
            whole: the batch is meant.
        """
        subject, me = self._subject(lot, whole=whole), self._planner.member
        view = self._view()
        count, last = self._disputes(subject.name, me)
        is_open = last is not None and last.is_open(view.now_s)

        def check() -> None:
            if not any(grounds):
                raise _refused("zero_leaf", "a dispute needs grounds")
            self._require_standing(view, subject)
            if last is not None and (is_open or view.now_s < last.opened.lapses_s):
                raise _refused(
                    "dispute_barred",
                    f"our last dispute of it bars another until {last.opened.lapses_s}, or as long "
                    "as it is upheld",
                )

        call = self._planner.ledger.lots.encode_dispute(subject.header, subject.key, grounds)
        parts = (LotVerb.DISPUTE, subject.name, grounds, count - is_open)
        return self._plan(LotVerb.DISPUTE, parts, call, check)

    def close(self, lot: LotId, *, whole: bool = False) -> Intent:
        """Close the member's own dispute of a lot, or of the batch that it is in."""
        subject = self._subject(lot, whole=whole)
        count, last = self._disputes(subject.name, self._planner.member)

        def check() -> None:
            if last is None or not last.is_open(self._view().now_s):
                raise _refused("no_open_dispute", "we have no open dispute of it")

        call = self._planner.ledger.lots.encode_close_dispute(subject.name)
        parts = (LotVerb.CLOSE_DISPUTE, subject.name, count)
        return self._plan(LotVerb.CLOSE_DISPUTE, parts, call, check)

    def uphold(self, lot: LotId, party: MemberId, *, whole: bool = False) -> Intent:
        """Uphold a party's open dispute, as an authority or body independent of both sides.

        Args:
            lot: which.
            party: whose dispute.
            whole: the batch is meant.
        """
        subject, me = self._subject(lot, whole=whole), self._planner.member
        count, last = self._disputes(subject.name, party)

        def check() -> None:
            view = self._view()
            view.require_role(me, _UPHOLDING)
            view.require_independent(me, subject.header.issuer)
            view.require_independent(me, party)
            if last is None or not last.is_open(view.now_s):
                raise _refused("no_open_dispute", f"member {party} has no open dispute of it")
            if last.upheld_by is not None:
                raise _refused("already_upheld", f"member {last.upheld_by} upheld it before")

        lots = self._planner.ledger.lots
        call = lots.encode_uphold_dispute(subject.header, subject.key, party)
        parts = (LotVerb.UPHOLD_DISPUTE, subject.name, party, count)
        return self._plan(LotVerb.UPHOLD_DISPUTE, parts, call, check, to=party)

    # --- private -----------------------------------------------------------------------------

    def _view(self) -> AssuranceView:
        planner = self._planner
        return AssuranceView.now(planner.ledger, planner.store, self._clock, AREA)

    def _plan(
        self,
        verb: LotVerb,
        parts: tuple[object, ...],
        call: Call,
        check: Callable[[], None],
        to: MemberId = NOBODY,
    ) -> Intent:
        request = digest_of(*parts)
        standing = self._lots.standing(request)
        if standing is not None:
            return standing
        check()
        member = self._planner.member
        return self._lots.plan(LotCall(verb=verb, member=member, request=request, call=call, to=to))

    def _subject(self, lot: LotId, *, whole: bool) -> _Subject:
        with self._planner.store.read() as work:
            place = work.own_lot(lot)
            if work.opened_lot(lot) is not None:
                known = known_lot(work, lot)
                header, key, record = known.opened.header, known.opened.lot_key, known.record
                issuer, root = header.issuer, header.root
            elif place is not None:
                issuer, root, key = place.batch.issuer, place.batch.root, place.lot_key
                record = None
            else:
                raise NotFoundError(
                    "lot.unopened", f"no opened lot 0x{lot.hex()} is known here, nor one of ours"
                )
            batch, end = work.lot_batch(issuer, root), work.lot_batch_end(issuer, root)
        if batch is None:
            raise ConflictError("lot.not_issued", "the lot's batch is not on the chain yet")
        if end is not None:
            raise _refused("not_the_batch", "the batch was withdrawn, replaced or handed over")
        return _Subject(batch, lot, key, record, whole)

    def _disputes(self, subject: Digest, party: MemberId) -> tuple[int, DisputeNow | None]:
        """How often a party disputed something, and what became of the last time."""
        kinds = (DisputeOpened, DisputeClosed, DisputeUpheld)
        with self._planner.store.read() as work:
            count = len(work.said(DisputeOpened, subject=subject, party=party))
            found = disputes_now(work.story(*kinds, subject=subject, party=party))
        return count, found[0] if found else None

    def _require_standing(self, view: AssuranceView, subject: _Subject) -> None:
        me, header, record = self._planner.member, subject.header, subject.record
        if me == header.issuer or view.roles(me) & (Role.AUTHORITY | Role.COMMUNITY):
            return
        if (
            record is not None
            and not subject.whole
            and me in {record.holder, record.previous_holder}
        ):
            return
        if header.site and view.ledger.lots.assures(me, header.site, view.head):
            return
        raise _refused(
            "no_standing",
            f"member {me} is neither issuer, present or last holder, the site's assurer, an "
            "authority nor a community",
        )


def _require_restatable(restating: Restating) -> None:
    if kind_of(restating.column) not in _RESTATABLE:
        raise _refused(
            "not_restatable",
            f"{column_name(restating.column)}: CO2e, credit and origin class are restated; metal, "
            "mass and units are not",
        )
    if not 0 < abs(restating.delta) <= QUANTITY_MAXIMUM:
        raise _refused("delta_out_of_bounds", "a restatement is not zero, and at most 2^53 - 1")


def _total(work: StoreWork, batch: LotBatch, column: ColumnKey) -> int:
    """What a batch has of a column; a replacement has the totals of what it replaced."""
    while not batch.columns:
        replaced = work.replaced_batch(batch.header.issuer, batch.header.root)
        if replaced is None:
            return 0
        batch = replaced
    return sums_of(batch.columns, batch.sums).get(column, 0)


def _refused(code: str, message: str) -> InputError:
    return InputError(f"{AREA}.{code}", message)


def read_reason(text: str) -> RestatementReason:
    """A reason by its name in lower case, with hyphens.

    Raises:
        InputError: ``notices.unknown_reason``.
    """
    names = {word_of(reason): reason for reason in RestatementReason}
    if text not in names:
        raise _refused("unknown_reason", f"{text!r} is none of {', '.join(names)}")
    return names[text]
