"""Runs: a request becomes a draft, the draft is judged, and what is right is signed and planned."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from veta.custody.build import BuiltRun, OutputSecrets, build
from veta.custody.draft import ChainTerms, DraftOutput, DraftTake, RunDraft
from veta.custody.encoding import lot_id
from veta.custody.run import Assessment, assess
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot_tree import LotKey
from veta.model.lots import LotId
from veta.ports.clock import Clock
from veta.ports.lot_store import LotCall, LotVerb, OwnLotBatch
from veta.ports.store import Intent, IntentState, StatementRecord, StoreWork
from veta.services.issue import StatementIssuer
from veta.services.lot_planning import LotPlanner
from veta.services.lot_reading import known_lot
from veta.services.passports import require_agreement
from veta.services.run_requests import LotEntry, OutputRequest, RunRequest, TakeRequest
from veta.services.run_terms import TermsReader
from veta.sum_trees import PADDING_RANDOMNESS, lot_key, padding_leaf

_SALT = 16
_SEED = 32

Entropy = Callable[[int], bytes]
"""So many fresh random octets."""


@dataclass(frozen=True, slots=True)
class DraftedRun:
    """A request beside what the chain says, judged."""

    draft: RunDraft
    terms: ChainTerms
    assessment: Assessment
    """Problems, and the three balances."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that is on its way, or was made before."""

    intent: Intent
    lots: tuple[tuple[LotId, ...], ...]
    """By output: the lots that it makes, padding included."""
    created: bool
    """``False``: the same was asked before."""
    assessment: Assessment | None
    """``None`` for what was asked before."""


class RunDesk:
    """Makes runs in one member's name.

    Args:
        planner: of lot calls.
        issuer: of the passports.
        clock: drafts are judged for the head's time or now, whichever is later.
        entropy: fresh random octets.
    """

    def __init__(
        self, planner: LotPlanner, issuer: StatementIssuer, clock: Clock, entropy: Entropy
    ) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._issuer = issuer
        self._clock = clock
        self._entropy = entropy

    @property
    def member(self) -> MemberId:
        """Whose runs."""
        return self._planner.member

    def asked_before(self, request: RunRequest) -> bool:
        """Whether the same run is under way or done: asking again gives that one."""
        return self._lots.standing(request.digest) is not None

    def draft(self, request: RunRequest) -> DraftedRun:
        """Judge a request: every problem at once, and the three balances. Nothing is signed.

        Raises:
            InputError: what cannot even be drafted: ``custody.unknown_product_class``,
                ``custody.rule_not_in_force``, ``custody.draft``.
            NotFoundError: ``lot.unopened``: a take of a lot that is not known here.
            LedgerUnavailableError: the chain cannot be asked.
        """
        ledger = self._planner.ledger
        head = ledger.head()
        now_s = max(head.time_s, self._clock.now_s())
        reader = TermsReader(ledger.lots, self.member, head, now_s)
        with self._planner.store.read() as work:
            opened = [known_lot(work, take.lot) for take in request.takes]
        takes = tuple(
            _take(take, DraftTake(known.opened, ledger.lots.lot(known.lot, head), 0))
            for take, known in zip(request.takes, opened, strict=True)
        )
        outputs = tuple(_output(reader, output) for output in request.outputs)
        draft = RunDraft(
            kind=request.kind,
            site=request.site,
            produced_from_s=request.produced_from_s,
            produced_to_s=request.produced_to_s,
            outputs=outputs,
            takes=takes,
            first_measured=request.first_measured,
            reductions=request.reductions,
            draws=request.draws,
            losses=request.losses,
            emissions=request.emissions,
            covers=request.covers,
            rule=reader.rule(request.allocation_rule, request.site),
            source=request.source,
            recycled=request.recycled,
        )
        terms = reader.terms(request, outputs, takes)
        return DraftedRun(draft, terms, assess(draft, terms))

    def plan(self, request: RunRequest) -> PlannedRun:
        """Judge, sign the passports, ask the contract, and store everything in one transaction.

        The outbox sends it. The same request asked again is the same intent.

        Raises:
            InputError: the draft has a problem; the code is that of the contract's refusal.
            TransactionRevertedError: the contract would refuse all the same; nothing is stored.
            VerificationError: a passport breaks its rules, or says something else than its lot.
            LedgerUnavailableError, NotFoundError: as ``draft``.
        """
        digest = request.digest
        earlier = self._lots.standing(digest)
        if earlier is not None:
            return PlannedRun(earlier, self._lots_of(earlier), created=False, assessment=None)
        drafted = self.draft(request)
        drafted.assessment.require_none()
        records, secrets = self._papers(request)
        built = build(drafted.draft, drafted.assessment, secrets, self._entropy(_SEED))
        call = LotCall(
            verb=LotVerb.RUN,
            member=self.member,
            request=digest,
            call=self._planner.ledger.lots.encode_run(built.kind, built.run),
            draws=len(built.run.outputs),
            root=built.run.outputs[0].root,
        )
        batches = own_batches(self.member, drafted.draft, built, secrets)
        intent = self._lots.plan(call, batches=batches, statements=records)
        created = intent.subject == call
        return PlannedRun(intent, self._lots_of(intent), created, drafted.assessment)

    def _lots_of(self, intent: Intent) -> tuple[tuple[LotId, ...], ...]:
        with self._planner.store.read() as work:
            return tuple(batch.lots for batch in work.own_lot_batches(intent.number))

    def _papers(
        self, request: RunRequest
    ) -> tuple[list[StatementRecord], tuple[OutputSecrets, ...]]:
        """Passports signed and not yet kept, and the names of all lots."""
        records: list[StatementRecord] = []
        secrets = []
        with self._planner.store.read() as work:
            for output in request.outputs:
                named = []
                for entry in output.lots:
                    key = lot_key(
                        self.member,
                        site=request.site,
                        product_class=output.product_class,
                        batch_number=entry.batch_number,
                    )
                    _require_new(work, self.member, key, entry)
                    named.append((key, self._leaf(work, output, entry, records)))
                named += self._padding(output)
                secrets.append(OutputSecrets(named, self._entropy(_SALT)))
        _require_distinct(key for each in secrets for key, _ in each.lots)
        return records, tuple(secrets)

    def _leaf(
        self,
        work: StoreWork,
        output: OutputRequest,
        entry: LotEntry,
        records: list[StatementRecord],
    ) -> Leaf:
        if not isinstance(entry.passport, Mapping):
            if work.statement(entry.passport) is None:
                raise NotFoundError(
                    "statement.not_found", f"no statement {entry.passport.hex()} is kept here"
                )
            return entry.passport
        credential = dict(entry.passport)
        require_agreement(credential, entry.batch_number, output.columns, entry.quantities)
        record = self._issuer.prepare(credential)
        records.append(record)
        return record.leaf

    def _padding(self, output: OutputRequest) -> Iterable[tuple[LotKey, Leaf]]:
        for _ in range(output.padding):
            leaf = padding_leaf(self._entropy(PADDING_RANDOMNESS), len(output.columns))
            yield LotKey(leaf.lot_key), Leaf(leaf.statement_leaf)


def own_batches(
    member: MemberId, draft: RunDraft, built: BuiltRun, secrets: Iterable[OutputSecrets]
) -> tuple[OwnLotBatch, ...]:
    """What is kept of the batches of a run, to prove their lots."""
    return tuple(
        OwnLotBatch(
            issuer=member,
            root=made.root,
            output=number,
            product_class=made.product_class,
            columns=made.columns,
            salt=made.salt,
            leaves=b"".join(key + leaf for key, leaf in secret.lots),
            quantities=b"".join(
                struct.pack(f">{len(made.columns)}Q", *quantities)
                for quantities in draft.outputs[number].lots
            ),
            lots=tuple(lot_id(member, key) for key, _ in secret.lots),
        )
        for number, (made, secret) in enumerate(zip(built.run.outputs, secrets, strict=True))
    )


def _take(request: TakeRequest, held: DraftTake) -> DraftTake:
    lot, record = held.lot, held.record
    total = lot.quantities[lot.columns.index(lot.header.reference_column)]
    amount = total - record.taken if request.amount is None else request.amount
    return DraftTake(lot, record, amount, request.taken, request.waived)


def _output(reader: TermsReader, request: OutputRequest) -> DraftOutput:
    nothing = (0,) * len(request.columns)
    return DraftOutput(
        terms=reader.product_class(request.product_class),
        columns=request.columns,
        lots=(*(entry.quantities for entry in request.lots), *[nothing] * request.padding),
        reference_column=request.reference_column,
        model=request.model,
        attributed=request.attributed,
    )


def _require_new(work: StoreWork, member: MemberId, key: LotKey, entry: LotEntry) -> None:
    """A lot is issued once; again only after its batch was refused or withdrawn."""
    place = work.own_lot(lot_id(member, key))
    intent = None if place is None else work.intent(place.intent)
    if place is None or intent is None or intent.state is IntentState.HELD:
        return
    if work.lot_batch_end(member, place.batch.root) is None:
        raise ConflictError(
            "lot.issued_before", f"lot {entry.batch_number} is in another batch already"
        )


def _require_distinct(keys: Iterable[LotKey]) -> None:
    seen: set[LotKey] = set()
    for key in keys:
        if key in seen:
            raise InputError("lot.named_twice", "two lots of a run have one batch number")
        seen.add(key)
