"""Runs: a request becomes a draft, the draft is judged, and what is right is signed and planned."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from veta.custody.build import BuiltRun, OutputSecrets, build
from veta.custody.draft import ChainTerms, DraftOutput, DraftTake, RunDraft
from veta.custody.encoding import lot_id
from veta.custody.run import Assessment, assess
from veta.model.identifiers import Digest, MemberId
from veta.model.lots import LotId
from veta.ports.clock import Clock
from veta.ports.lot_store import LotCall, LotVerb, OwnLotBatch
from veta.ports.store import Intent
from veta.services.lot_papers import Entropy, PaperDesk
from veta.services.lot_planning import LotPlanner
from veta.services.lot_reading import known_lot
from veta.services.run_requests import OutputRequest, RunRequest, TakeRequest, digest_of
from veta.services.run_terms import TermsReader
from veta.sum_trees import page_nodes

_SEED = 32


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
        papers: signs the passports.
        clock: drafts are judged for the head's time or now, whichever is later.
        entropy: fresh random octets.
    """

    def __init__(
        self, planner: LotPlanner, papers: PaperDesk, clock: Clock, entropy: Entropy
    ) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._papers = papers
        self._clock = clock
        self._entropy = entropy

    @property
    def member(self) -> MemberId:
        """Whose runs."""
        return self._planner.member

    def asked_before(self, request: RunRequest) -> bool:
        """Whether the same run is under way or done: asking again gives that one."""
        return self._standing(request)[1] is not None

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

        The outbox sends it. The same request asked again is the same intent, unless everything
        that it made was withdrawn.

        Raises:
            InputError: the draft has a problem; the code is that of the contract's refusal.
            TransactionRevertedError: the contract would refuse all the same; nothing is stored.
            VerificationError: a passport breaks its rules, or says something else than its lot.
            LedgerUnavailableError, NotFoundError: as ``draft``.
        """
        digest, earlier = self._standing(request)
        if earlier is not None:
            return PlannedRun(earlier, self._lots_of(earlier), created=False, assessment=None)
        drafted = self.draft(request)
        drafted.assessment.require_none()
        records, secrets = self._papers.papers(request.site, request.outputs)
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

    def _standing(self, request: RunRequest) -> tuple[Digest, Intent | None]:
        """What names the request now, and the intent that it made, if that still counts."""
        digest = request.digest
        while True:
            earlier = self._lots.standing(digest)
            if earlier is None or not self._taken_back(earlier):
                return digest, earlier
            digest = digest_of("again", digest, earlier.number)

    def _taken_back(self, intent: Intent) -> bool:
        """Whether every batch of a run was withdrawn, as far as the store has followed."""
        with self._planner.store.read() as work:
            ends = [
                work.lot_batch_end(batch.issuer, batch.root)
                for batch in work.own_lot_batches(intent.number)
            ]
        return all(
            end is not None and end.replacement is None and not end.handed_over for end in ends
        )

    def _lots_of(self, intent: Intent) -> tuple[tuple[LotId, ...], ...]:
        with self._planner.store.read() as work:
            return tuple(batch.lots for batch in work.own_lot_batches(intent.number))


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
            nodes=page_nodes(built.trees[number]),
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
