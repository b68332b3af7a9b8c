"""The lots' side of the fake chain: batches, runs and custody as far as a node can see them.

Who may call, what a lot's slots become, which numbers a run draws, and the events are the real
contracts'; the conservation laws are not checked here, for a node judges them before it signs.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tests.support.fake_world import ADDRESS, EmittedLog, Reverted, Scene, World
from veta.custody.encoding import (
    batch_word,
    cause_digest,
    exit_digest,
    lot_commitment,
    lot_id,
    output_totals,
    take_records,
)
from veta.custody.periods import period_of_production
from veta.errors import ConfigError
from veta.model.anchoring import BlockRef
from veta.model.columns import SubstanceId
from veta.model.identifiers import Digest, MemberId, TransactionId, UnixSeconds
from veta.model.lot_events import (
    LotAction,
    LotBatch,
    LotBatchEnded,
    LotChange,
    LotEventBody,
    LotOpened,
    LotRun,
    PeriodUsed,
)
from veta.model.lots import (
    BatchHeader,
    HeaderFlag,
    LotBatchKind,
    LotId,
    LotRecord,
    LotRules,
    LotState,
    OpenedLot,
    Opening,
    PeriodUse,
    ProductClassId,
    ProductClassTerms,
    Run,
    SiteId,
)
from veta.model.site_notices import SiteNotices
from veta.ports.ledger import Call
from veta.ports.lots import SentRun

if TYPE_CHECKING:
    from tests.support.fake_ledger import FakeLedger

LOT_BOOK, CUSTODY = "LotBook", "Custody"
NOTHING: Final = bytes(32)
CHAIN_ID: Final = 1337
WITHDRAWN: Final = (2).to_bytes(32)
_YEAR_S: Final = 366 * 86_400
_NOBODY: Final = MemberId(0)
UNOPENED: Final = LotRecord(
    LotState.UNOPENED, _NOBODY, _NOBODY, _NOBODY, 0, UnixSeconds(0), UnixSeconds(0),
    Digest(NOTHING),
)  # fmt: skip


@dataclass(slots=True)
class LotWorld:
    """State of both contracts after a block; values never change."""

    words: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    lots: dict[bytes, LotRecord] = field(default_factory=dict)
    exits: dict[bytes, bytes] = field(default_factory=dict)
    uses: dict[tuple[int, int, int], PeriodUse] = field(default_factory=dict)

    def copy(self) -> LotWorld:
        """A snapshot."""
        return LotWorld(dict(self.words), dict(self.lots), dict(self.exits), dict(self.uses))


class LotActs:
    """One call of a member on a world."""

    def __init__(self, world: World, scene: Scene) -> None:
        self._world = world
        self._lots: LotWorld = world.lots
        self._scene = scene
        self._member = world.operator(scene)
        self._logs: list[EmittedLog] = []

    def run_call(self, octets: str) -> list[EmittedLog]:
        """Run an encoded call."""
        name, arguments = pickle.loads(bytes.fromhex(octets))
        getattr(self, name)(*arguments)
        return self._logs

    # -- the book -----------------------------------------------------------------------------

    def run(self, kind: LotBatchKind, run: Run) -> None:
        """A way in or a transform."""
        if run.produced_to_s > self._scene.time_s:
            raise Reverted("ProductionWindow", now=self._scene.time_s)
        for take in run.takes:
            self._take(run, take)
        sequence = self._world.sequences.get(self._member, 0)
        self._world.sequences[self._member] = sequence + len(run.outputs)
        cause = cause_digest(run, kind)
        for output, made in enumerate(run.outputs):
            if (self._member, made.root) in self._lots.words:
                raise Reverted("AlreadyIssued", issuer=self._member, root=made.root)
            header = BatchHeader(
                version=1,
                kind=kind,
                issuer=self._member,
                sequence=sequence + 1 + output,
                by=self._scene.sender,
                root=made.root,
                size=made.size,
                totals=output_totals(made),
                reference_column=made.reference_column,
                site=run.site,
                origin_site=run.site,
                product_class=made.product_class,
                produced_from_s=run.produced_from_s,
                produced_to_s=run.produced_to_s,
                model=made.model,
                flags=HeaderFlag(0),
                allocation_rule=run.allocation_rule,
                anchored_at_s=self._scene.time_s,
                cause=cause,
            )
            self._lots.words[self._member, made.root] = batch_word(header, opened=False)
            self._book("BatchIssued", LotBatch(header, made.columns, made.sums, made.salt))
        period = period_of_production(run.produced_to_s)
        use = PeriodUse(len(self._lots.words), 0, 0)
        self._lots.uses[run.site, 29, period] = use
        self._book("PeriodUsed", PeriodUsed(run.site, SubstanceId(29), period, use))
        self._book(
            "RunRecorded",
            LotRun(
                issuer=self._member,
                cause=cause,
                kind=kind,
                source=Digest(run.source),
                takes=take_records(run),
                first_measured=run.first_measured,
                reductions=run.reductions,
                draws=run.draws,
                losses=run.losses,
                emissions=run.emissions,
            ),
        )

    def withdraw(self, header: BatchHeader, *_: object) -> None:
        """A batch of which nothing was opened."""
        if self._lots.words.get((header.issuer, header.root)) != batch_word(header, opened=False):
            raise Reverted("BatchOpened", issuer=header.issuer, root=header.root)
        self._lots.words[header.issuer, header.root] = WITHDRAWN
        ended = LotBatchEnded(header.issuer, header.root, None, handed_over=False)
        self._book("BatchWithdrawn", ended)

    def replace_batch(self, header: BatchHeader, root: Any, size: int) -> None:
        """A batch of which nothing was opened, by one of equal totals."""
        if self._lots.words.get((header.issuer, header.root)) != batch_word(header, opened=False):
            raise Reverted("BatchOpened", issuer=header.issuer, root=header.root)
        self._lots.words[header.issuer, header.root] = WITHDRAWN
        ended = LotBatchEnded(header.issuer, header.root, root, handed_over=False)
        self._book("BatchWithdrawn", ended)
        sequence = self._world.sequences.get(self._member, 0) + 1
        self._world.sequences[self._member] = sequence
        now_s, by = self._scene.time_s, self._scene.sender
        placed = replace(header, root=root, size=size, sequence=sequence)
        placed = replace(placed, anchored_at_s=now_s, by=by)
        self._lots.words[header.issuer, root] = batch_word(placed, opened=False)
        self._book("BatchReplaced", LotBatch(placed, (), (), b""))

    def _take(self, run: Run, take: Any) -> None:
        source = run.sources[take.source]
        lot = lot_id(source.header.issuer, take.lot_key)
        record = self._in_hand(lot)
        opened = OpenedLot(
            source.header, source.columns, take.index, take.lot_key, take.statement_leaf,
            take.quantities,
        )  # fmt: skip
        if lot_commitment(opened) != record.commitment:
            raise Reverted("NotWhatWasOpened", lot=lot)
        if take.taken != record.taken:
            raise Reverted("TakenMismatch", lot=lot, recorded=record.taken, given=take.taken)
        total = take.quantities[source.columns.index(source.header.reference_column)]
        if take.amount > total - take.taken:
            raise Reverted("AboveRemainder", lot=lot, left=total - take.taken, wanted=take.amount)
        consumed = take.taken + take.amount == total
        after = replace(record, taken=take.taken + take.amount)
        self._lots.lots[lot] = replace(after, state=LotState.CONSUMED) if consumed else after
        self._change(
            lot, LotAction.TAKEN, by=self._member, taken=take.taken, amount=take.amount,
            code=int(consumed),
        )  # fmt: skip

    # -- custody ------------------------------------------------------------------------------

    def open(self, opening: Opening) -> LotId:
        """Open a lot; proofs are the real contracts' to check."""
        header = opening.header
        word = self._lots.words.get((header.issuer, header.root), NOTHING)
        if word not in {batch_word(header, opened=flag) for flag in (False, True)}:
            raise Reverted("NotTheBatch", issuer=header.issuer, root=header.root)
        if header.issuer != self._member:
            raise Reverted("NotIssuer", issuer=header.issuer, member=self._member)
        lot = lot_id(header.issuer, opening.lot_key)
        if lot in self._lots.lots:
            raise Reverted("AlreadyOpen", lot=lot)
        opened = OpenedLot(
            header, opening.columns, opening.index, opening.lot_key, opening.statement_leaf,
            opening.quantities,
        )  # fmt: skip
        self._lots.words[header.issuer, header.root] = batch_word(header, opened=True)
        commitment = Digest(lot_commitment(opened))
        held = replace(UNOPENED, state=LotState.HELD, holder=self._member, commitment=commitment)
        self._lots.lots[lot] = held
        body = LotOpened(
            lot, self._member, header.root, opening.index, opening.lot_key,
            opening.statement_leaf, opening.columns, opening.quantities,
        )  # fmt: skip
        self._logs.append(self._world.emit(CUSTODY, "LotOpened", body))
        return lot

    def open_and_offer(self, opening: Opening, *offer: Any) -> None:
        """Both."""
        self.offer([self.open(opening)], *offer)

    def offer(
        self, lots: Sequence[LotId], to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> None:
        """Offer to a member."""
        for lot in lots:
            record = self._in_hand(lot)
            taken = record.taken
            offered = replace(record, state=LotState.OFFERED, offered_to=to)
            self._lots.lots[lot] = replace(offered, offer_until_s=until_s)
            self._change(
                lot, LotAction.OFFERED, by=self._member, to=to, until_s=until_s, taken=taken,
                digest=consignment,
            )  # fmt: skip

    def decline(self, lots: Sequence[LotId]) -> None:
        """Decline an offer."""
        for lot in lots:
            self._free(lot, self._offered(lot))
            self._change(lot, LotAction.OFFER_ENDED, by=self._member)

    def accept(self, lots: Sequence[LotId], taken: Sequence[int], consignment: Digest) -> None:
        """Accept as shipped."""
        for lot, seen in zip(lots, taken, strict=True):
            record = self._offered(lot)
            if record.taken != seen:
                raise Reverted("TakenMismatch", lot=lot, recorded=record.taken, given=seen)
            passed = replace(record, holder=self._member, previous_holder=record.holder)
            self._free(lot, passed)
            self._change(
                lot, LotAction.ACCEPTED, by=record.holder, to=self._member, taken=record.taken,
                digest=consignment,
            )  # fmt: skip

    def retire(self, lots: Sequence[LotId], reason: int) -> None:
        """End the remainder."""
        for lot in lots:
            record = self._in_hand(lot)
            self._lots.lots[lot] = replace(record, state=LotState.RETIRED)
            self._change(lot, LotAction.RETIRED, by=self._member, taken=record.taken, code=reason)

    def exit(self, lot: LotId, digest: Digest) -> None:
        """Let go."""
        record = self._in_hand(lot)
        self._lots.lots[lot] = replace(record, state=LotState.EXITED)
        self._lots.exits[lot] = digest
        self._change(lot, LotAction.EXITED, by=self._member, taken=record.taken, digest=digest)

    def reenter(self, lot: LotId, salt: bytes) -> None:
        """Back in."""
        record = self._lots.lots.get(lot, UNOPENED)
        if record.state is not LotState.EXITED:
            raise Reverted("LotNotInState", lot=lot, state=int(record.state), required=5)
        given = exit_digest(CHAIN_ID, ADDRESS[CUSTODY], lot, self._scene.sender, salt)
        if given != self._lots.exits.pop(lot, b""):
            raise Reverted("NotNamedByExit", lot=lot)
        passed = replace(record, holder=self._member, previous_holder=record.holder)
        self._free(lot, passed)
        self._change(lot, LotAction.REENTERED, by=self._member, taken=record.taken)

    # -- inside -------------------------------------------------------------------------------

    def _in_hand(self, lot: LotId) -> LotRecord:
        record = self._lots.lots.get(lot, UNOPENED)
        if record.state is LotState.UNOPENED:
            raise Reverted("LotUnopened", lot=lot)
        if record.state not in {LotState.HELD, LotState.OFFERED}:
            raise Reverted("LotNotInState", lot=lot, state=int(record.state), required=1)
        if record.holder != self._member:
            raise Reverted("NotHolder", lot=lot, holder=record.holder, member=self._member)
        running = record.state is LotState.OFFERED and self._scene.time_s < record.offer_until_s
        if running:
            raise Reverted("LockedByOffer", lot=lot, to=record.offered_to)
        return record

    def _offered(self, lot: LotId) -> LotRecord:
        record = self._lots.lots.get(lot, UNOPENED)
        if record.state is not LotState.OFFERED:
            raise Reverted("LotNotInState", lot=lot, state=int(record.state), required=2)
        if record.offered_to != self._member:
            raise Reverted("NotOfferedTo", lot=lot, to=record.offered_to, member=self._member)
        return record

    def _free(self, lot: LotId, record: LotRecord) -> None:
        nobody = replace(record, offered_to=_NOBODY, offer_until_s=UnixSeconds(0))
        self._lots.lots[lot] = replace(nobody, state=LotState.HELD)

    def _change(self, lot: LotId, action: LotAction, **content: Any) -> None:
        body = LotChange(lot, action, **content)
        self._logs.append(self._world.emit(CUSTODY, action.name, body))

    def _book(self, event: str, body: LotEventBody) -> None:
        self._logs.append(self._world.emit(LOT_BOOK, event, body))


class FakeLots:
    """Implements ``LotLedger`` on a fake ledger; registry and assurance allow everything."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger

    def _read(self, block: BlockRef, answer: Callable[[LotWorld], Any], name: str) -> Any:
        return self._ledger.ask_world(block, lambda world: answer(world.lots), name)

    def batch_word(self, issuer: MemberId, root: bytes, block: BlockRef) -> bytes:
        """The word."""
        found = self._read(block, lambda w: w.words.get((issuer, root), NOTHING), "batch_word")
        return bytes(found)

    def lot(self, lot: LotId, block: BlockRef) -> LotRecord:
        """The slots."""
        found: LotRecord = self._read(block, lambda world: world.lots.get(lot, UNOPENED), "lot")
        return found

    def exit_digest(self, lot: LotId, block: BlockRef) -> Digest | None:
        """Whom it left for."""
        found: Digest | None = self._read(block, lambda world: world.exits.get(lot), "exit")
        return found

    def period_use(self, site: SiteId, substance: int, period: int, block: BlockRef) -> PeriodUse:
        """The use."""
        key = (site, substance, period)
        found: PeriodUse = self._read(
            block, lambda world: world.uses.get(key, PeriodUse(0, 0, 0)), "period_use"
        )
        return found

    def ceiling_use(self, *_: object) -> int:
        """Nothing was declared."""
        return 0

    def credit(self, *_: object) -> int:
        """No credit."""
        return 0

    def variance(self, *_: object) -> int:
        """No variance."""
        return 0

    def source_batch(self, source: bytes, block: BlockRef) -> Digest | None:
        """No source was used."""
        return None

    def product_class(
        self, product_class: ProductClassId, block: BlockRef
    ) -> ProductClassTerms | None:
        """Every class is registered."""
        return ProductClassTerms(product_class, False, 1_000, 5_000, 0)

    def operates(self, site: SiteId, member: MemberId, block: BlockRef) -> bool:
        """Everybody operates every site."""
        return True

    def capacity(self, *_: object) -> int:
        """Enough."""
        return 2**52

    def external_ceiling(self, *_: object) -> int:
        """Enough."""
        return 2**52

    def lot_rules(self, block: BlockRef) -> LotRules:
        """Lenient."""
        return LotRules(_YEAR_S, 5_000, 86_400, 4, UnixSeconds(0))

    def allocation_rule(self, rule: int, block: BlockRef) -> None:
        """None."""
        return

    def rule_state(self, rule: int, block: BlockRef) -> None:
        """None."""
        return

    def assures(self, *_: object) -> bool:
        """Nobody does."""
        return False

    def assurance_record(self, record: int, block: BlockRef) -> None:
        """None."""
        return

    def record_of(self, *_: object) -> int:
        """None."""
        return 0

    def scheme(self, scheme: int, block: BlockRef) -> None:
        """None."""
        return

    def programme(self, programme: int, block: BlockRef) -> None:
        """None."""
        return

    def recognitions(self, *_: object) -> tuple[()]:
        """None."""
        return ()

    def restatements(self, *_: object) -> tuple[()]:
        """This chain has no notices: nobody restated."""
        return ()

    def dispute(self, *_: object) -> None:
        """Nor disputed."""
        return

    def site_identifier_digest(self, *_: object) -> None:
        """No site has one."""
        return

    def suspended(self, *_: object) -> bool:
        """Nobody is."""
        return False

    def reducible(self, *_: object) -> bool:
        """Everything is."""
        return True

    def site_notices(self, *_: object) -> SiteNotices:
        """The fake chain has no such contract."""
        raise _no_site_notices()

    def sent_run(self, transaction_id: TransactionId) -> SentRun | None:
        """What a transaction called the book with."""
        return self._run_of(self._ledger.sent_data(transaction_id))

    def sent_opening(self, transaction_id: TransactionId) -> Opening | None:
        """What a transaction opened a lot with."""
        name, arguments = _called(self._ledger.sent_data(transaction_id))
        return arguments[0] if name in {"open", "open_and_offer"} else None

    def decode_run(self, call: Call) -> SentRun | None:
        """The run of a call."""
        return self._run_of(call.data)

    def _run_of(self, data: bytes) -> SentRun | None:
        name, arguments = _called(data)
        return SentRun(*arguments) if name == "run" else None

    def encode_run(self, kind: LotBatchKind, run: Run) -> Call:
        """A run."""
        return _call(LOT_BOOK, "run", kind, run, named=(run.outputs[0].root, *_told(run)))

    def encode_withdraw(
        self, header: BatchHeader, columns: Sequence[int], sums: Sequence[int], salt: bytes
    ) -> Call:
        """Withdraw."""
        return _call(LOT_BOOK, "withdraw", header, named=[header.root])

    def encode_replace(self, header: BatchHeader, root: bytes, size: int) -> Call:
        """Replace."""
        named = [header.root, root]
        return _call(LOT_BOOK, "replace_batch", header, root, size, named=named)

    def encode_open(self, opening: Opening) -> Call:
        """Open."""
        return _call(CUSTODY, "open", opening)

    def encode_open_and_offer(
        self, opening: Opening, to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Open and offer."""
        terms = (to, until_s, consignment)
        return _call(CUSTODY, "open_and_offer", opening, *terms, named=_words(to, until_s))

    def encode_offer(
        self, lots: Sequence[LotId], to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Offer."""
        named = [*lots, *_words(to, until_s)]
        return _call(CUSTODY, "offer", list(lots), to, until_s, consignment, named=named)

    def encode_decline(self, lots: Sequence[LotId]) -> Call:
        """Decline."""
        return _call(CUSTODY, "decline", list(lots), named=lots)

    def encode_freeze(self, lot: LotId, until_s: UnixSeconds, *, jointly: bool) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_accept(
        self, lots: Sequence[LotId], taken: Sequence[int], consignment: Digest
    ) -> Call:
        """Accept."""
        return _call(CUSTODY, "accept", list(lots), list(taken), consignment, named=lots)

    def encode_accept_measured(self, lot: OpenedLot, **_: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_retire(self, lots: Sequence[LotId], reason: int) -> Call:
        """Retire."""
        return _call(CUSTODY, "retire", list(lots), reason, named=lots)

    def encode_exit(self, lot: LotId, digest: Digest) -> Call:
        """Exit."""
        return _call(CUSTODY, "exit", lot, digest, named=[lot, digest])

    def encode_reenter(self, lot: LotId, salt: bytes) -> Call:
        """Re-enter."""
        return _call(CUSTODY, "reenter", lot, salt, named=[lot])

    def encode_register_rule(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_confirm_rule(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_end_rule(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_recognise(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_accredit(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_certify(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_suspend(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_lift(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_withdraw_record(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_void(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_restate(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_confirm_restatement(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_dispute(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_close_dispute(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_uphold_dispute(self, *_: object, **__: object) -> Call:
        """Not on the fake chain."""
        raise NotImplementedError

    def encode_raise_concern(self, *_: object, **__: object) -> Call:
        """The fake chain has no such contract."""
        raise _no_site_notices()

    def encode_close_concern(self, *_: object, **__: object) -> Call:
        """The fake chain has no such contract."""
        raise _no_site_notices()

    def encode_record_site(self, *_: object, **__: object) -> Call:
        """The fake chain has no such contract."""
        raise _no_site_notices()


def _no_site_notices() -> ConfigError:
    return ConfigError("config.no_contract", "no contract SiteNotices is pinned")


def _words(*numbers: int) -> list[bytes]:
    return [number.to_bytes(32) for number in numbers]


def _told(run: Run) -> list[bytes]:
    parts: list[bytes] = []
    for output in run.outputs:
        parts += [output.root, output.salt, *(key.to_bytes(4) for key in output.columns)]
    return parts


def _called(data: bytes) -> tuple[str, Any]:
    """Name and arguments of calldata of the fake chain; no name of anything else."""
    mark, _, rest = data.partition(b" ")
    if mark != b"lots":
        return "", ()
    found: tuple[str, Any] = pickle.loads(bytes.fromhex(rest.partition(b" ")[0].decode()))
    return found


def _call(contract: str, name: str, *arguments: object, named: Sequence[bytes] = ()) -> Call:
    """Calldata of the fake chain; ``named`` stands in it as it is, as it does in real calldata."""
    octets = pickle.dumps((name, arguments)).hex().encode()
    data = b"lots " + octets + b" " + b"".join(named)
    return Call(ADDRESS[contract], data, 400_000, name)
