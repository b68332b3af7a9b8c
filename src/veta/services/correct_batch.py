"""Correct a batch of which nothing was opened: withdraw a way in, replace a transform's output."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from veta.custody.build import OutputSecrets
from veta.custody.columns import added, sums_of
from veta.custody.draft import DraftOutput
from veta.custody.encoding import batch_word, lot_id
from veta.custody.refusals import Problem, problem
from veta.custody.run import lot_problems
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest
from veta.model.lot_events import LotBatch
from veta.model.lots import BatchHeader, HeaderFlag, LotBatchKind, LotId
from veta.ports.clock import Clock
from veta.ports.lot_store import LotCall, LotPlace, LotVerb, OwnLotBatch
from veta.ports.store import Intent, IntentState
from veta.services.lot_papers import PaperDesk
from veta.services.lot_planning import LotPlanner
from veta.services.run_file import column_name
from veta.services.run_requests import OutputRequest, ReplacementRequest, digest_of
from veta.services.run_terms import TermsReader
from veta.sum_trees import SumTree, page_nodes


@dataclass(frozen=True, slots=True)
class CorrectedBatch:
    """A correction that is on its way, or was made before."""

    intent: Intent
    lots: tuple[LotId, ...]
    """Of the batch that was withdrawn; or that takes its place, padding included."""
    created: bool
    """``False``: the same was asked before."""


class BatchCorrector:
    """Takes back batches in the member's name, as far as the store has followed.

    Sums are never rewritten: a way in that was wrong goes back whole, and its capacity, ceiling or
    source with it; a transform's output keeps its totals, and only how they lie on lots changes.

    Raises, all methods:
        NotFoundError: ``lot.not_ours``.
        ConflictError: ``lot.not_issued``: the lot's batch is not on the chain as followed.
        InputError: the contract would refuse; code and words are its: ``custody.batch_opened``,
            ``custody.not_the_batch`` (it was withdrawn or replaced), ``custody.not_in_this_run``.
        TransactionRevertedError: the contract was asked, and refuses.
        LedgerUnavailableError: the chain cannot be asked.

    Args:
        planner: of lot calls.
        papers: signs the passports of a replacement.
        clock: for the time that passports and lots are judged at.
    """

    def __init__(self, planner: LotPlanner, papers: PaperDesk, clock: Clock) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._papers = papers
        self._clock = clock

    def withdraw(self, lot: LotId) -> CorrectedBatch:
        """Withdraw the whole batch of one of the member's lots: an origin, external or gain."""
        place, _ = self._place(lot)
        root = place.batch.root
        request = digest_of(LotVerb.WITHDRAW, root)
        standing = self._lots.standing(request)
        if standing is not None:
            return CorrectedBatch(standing, self._whole(place).lots, created=False)
        issued = self._untouched(place)
        if issued.header.kind is LotBatchKind.TRANSFORM:
            raise _refused(problem("NotInThisRun", arguments={"what": "withdrawal: replace it"}))
        call = LotCall(
            verb=LotVerb.WITHDRAW,
            member=self._planner.member,
            request=request,
            call=self._planner.ledger.lots.encode_withdraw(
                issued.header, issued.columns, issued.sums, issued.salt
            ),
            root=root,
        )
        intent = self._lots.plan(call)
        return CorrectedBatch(intent, self._whole(place).lots, created=intent.subject == call)

    def replace(self, lot: LotId, request: ReplacementRequest) -> CorrectedBatch:
        """Put other lots of equal totals in the place of a transform's output.

        Args:
            lot: one of the batch that is replaced.
            request: the new lots; columns that they do not name are zero.

        Raises:
            InputError: also ``custody.totals_mismatch``: other totals; ``custody.unknown_column``;
                the code of what a lot would break when it is opened.
            ConflictError, VerificationError: also as ``PaperDesk.papers``.
        """
        place, maker = self._place(lot)
        if _made_by(maker, request):
            return CorrectedBatch(maker, self._whole(place).lots, created=False)
        digest = digest_of(LotVerb.REPLACE, place.batch.root, request)
        standing = self._lots.standing(digest)
        if standing is not None:
            return CorrectedBatch(standing, self._lots_of(standing), created=False)
        issued = self._untouched(place)
        header = issued.header
        if header.kind is not LotBatchKind.TRANSFORM:
            raise _refused(problem("NotInThisRun", arguments={"what": "replacement: withdraw it"}))
        whole = self._whole(place)
        output = _output(whole, header, request)
        self._judge(header, output, whole)
        records, (secrets,) = self._papers.papers(
            header.site, [output], replaced=header.root, salt=place.batch.salt
        )
        batch = _own_batch(whole, output, secrets)
        call = LotCall(
            verb=LotVerb.REPLACE,
            member=self._planner.member,
            request=digest,
            call=self._planner.ledger.lots.encode_replace(header, batch.root, len(batch.lots)),
            draws=1,
            root=batch.root,
            digest=Digest(header.root),
        )
        intent = self._lots.plan(call, batches=[batch], statements=records)
        return CorrectedBatch(intent, self._lots_of(intent), created=intent.subject == call)

    def _place(self, lot: LotId) -> tuple[LotPlace, Intent]:
        with self._planner.store.read() as work:
            place = work.own_lot(lot)
            maker = None if place is None else work.intent(place.intent)
        if place is None or maker is None:
            raise NotFoundError("lot.not_ours", f"no lot 0x{lot.hex()} of ours is kept")
        if maker.state is IntentState.HELD:
            raise ConflictError("lot.not_issued", "what would have issued the lot was refused")
        return place, maker

    def _whole(self, place: LotPlace) -> OwnLotBatch:
        """The batch of a lot, with all its lots."""
        with self._planner.store.read() as work:
            batches = work.own_lot_batches(place.intent)
        (whole,) = [batch for batch in batches if batch.root == place.batch.root]
        return whole

    def _untouched(self, place: LotPlace) -> LotBatch:
        """The batch as issued, if nothing of it was opened and it is still there."""
        issuer, root = place.batch.issuer, place.batch.root
        with self._planner.store.read() as work:
            issued = work.lot_batch(issuer, root)
        if issued is None:
            raise ConflictError("lot.not_issued", "the lot's batch is not on the chain yet")
        ledger = self._planner.ledger
        word = ledger.lots.batch_word(issuer, root, ledger.head())
        if word == batch_word(issued.header, opened=True):
            raise _refused(problem("BatchOpened", arguments={"issuer": issuer, "root": root}))
        if word != batch_word(issued.header, opened=False):
            raise _refused(problem("NotTheBatch", arguments={"issuer": issuer, "root": root}))
        return issued

    def _judge(self, header: BatchHeader, output: OutputRequest, batch: OwnLotBatch) -> None:
        """The totals are the old ones, and every lot can be opened."""
        ledger = self._planner.ledger
        head = ledger.head()
        now_s = max(head.time_s, self._clock.now_s())
        terms = TermsReader(ledger.lots, self._planner.member, head, now_s)
        before = added(sums_of(batch.columns, row) for row in _rows(batch))
        lots = tuple(entry.quantities for entry in output.lots)
        after = added(sums_of(batch.columns, row) for row in lots)
        for key in batch.columns:
            had, given = before.get(key, 0), after.get(key, 0)
            if had != given:
                raise InputError(
                    "custody.totals_mismatch",
                    f"the batch has {had} of {column_name(key)}, the lots in its place {given}",
                )
        draft = DraftOutput(
            terms=terms.product_class(output.product_class),
            columns=batch.columns,
            lots=lots,
            reference_column=header.reference_column,
            model=output.model,
            attributed=output.attributed,
        )
        for found in lot_problems(0, draft):
            raise _refused(found)

    def _lots_of(self, intent: Intent) -> tuple[LotId, ...]:
        with self._planner.store.read() as work:
            return tuple(lot for batch in work.own_lot_batches(intent.number) for lot in batch.lots)


def _made_by(maker: Intent, request: ReplacementRequest) -> bool:
    """Whether a batch came to be by this very request, so that asking again means that one."""
    made = maker.subject
    return (
        isinstance(made, LotCall)
        and made.verb is LotVerb.REPLACE
        and made.request == digest_of(LotVerb.REPLACE, made.digest, request)
    )


def _output(batch: OwnLotBatch, header: BatchHeader, request: ReplacementRequest) -> OutputRequest:
    """The new lots beside the old columns."""
    for key in request.columns:
        if key not in batch.columns:
            raise InputError(
                "custody.unknown_column", f"{column_name(key)} is no column of this batch"
            )
    if not request.lots:
        raise InputError("custody.count", "a batch has at least one lot")
    return OutputRequest(
        product_class=header.product_class,
        columns=batch.columns,
        reference_column=header.reference_column,
        model=header.model,
        lots=tuple(
            replace(entry, quantities=_spread(batch.columns, request.columns, entry.quantities))
            for entry in request.lots
        ),
        attributed=HeaderFlag.ATTRIBUTED in header.flags,
        padding=request.padding,
    )


def _spread(
    columns: Sequence[ColumnKey], given: Sequence[ColumnKey], quantities: Sequence[int]
) -> tuple[int, ...]:
    held = dict(zip(given, quantities, strict=True))
    return tuple(held.get(key, 0) for key in columns)


def _own_batch(replaced: OwnLotBatch, output: OutputRequest, secrets: OutputSecrets) -> OwnLotBatch:
    nothing = (0,) * len(output.columns)
    rows = [*(entry.quantities for entry in output.lots), *[nothing] * output.padding]
    named = list(zip(secrets.lots, rows, strict=True))
    tree = SumTree(((key, leaf, row) for (key, leaf), row in named), len(output.columns))
    return OwnLotBatch(
        issuer=replaced.issuer,
        root=tree.root,
        output=0,
        product_class=output.product_class,
        columns=output.columns,
        salt=secrets.salt,
        leaves=b"".join(key + leaf for key, leaf in secrets.lots),
        quantities=b"".join(struct.pack(f">{len(row)}Q", *row) for row in rows),
        lots=tuple(lot_id(replaced.issuer, key) for key, _ in secrets.lots),
        nodes=page_nodes(tree),
    )


def _rows(batch: OwnLotBatch) -> Iterator[tuple[int, ...]]:
    return struct.iter_unpack(f">{len(batch.columns)}Q", batch.quantities)


def _refused(found: Problem) -> InputError:
    return InputError(found.code, found.message)
