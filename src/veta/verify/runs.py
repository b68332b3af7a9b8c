"""Step 9, one run: that what is disclosed of it is what its batches were made from.

A run is judged by itself here, before its laws: its headers are the chain's, its parts lead to
their cause, its totals to theirs, and each lot it took is one of a disclosed batch that was there
before. What is closed or missing is said once, in the run's findings, and makes it incomplete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from veta.custody.columns import Sums, sums_of
from veta.custody.encoding import lot_id
from veta.errors import InputError
from veta.model.determined import Undetermined
from veta.model.disclosure import DisclosedBatch, DisclosedRun, TakenLot
from veta.model.identifiers import UnixSeconds
from veta.model.lot_tree import LotLeaf, LotRoot
from veta.model.lots import MAX_OUTPUTS, MAX_TAKES, BatchHeader, LotBatchKind, LotId
from veta.trees import DIGEST_LENGTH
from veta.verify.batches import (
    BatchName,
    Standing,
    Words,
    are_totals_of,
    columns_fault,
    header_fault,
    inclusion_refusal,
    name_of,
    standing,
    totals_fault,
)
from veta.verify.cause import Cause, TakePart, quantities_digest, read_cause
from veta.verify.findings import failed, not_determined
from veta.verify.lot_codes import found
from veta.verify.verdict import Check, FactValue, Step

_OF_A_BATCH: Final = frozenset(
    {"sequence", "root", "size", "totals", "reference_column", "product_class", "model", "flags"}
)
_OF_A_REPLACEMENT: Final = frozenset({"by", "anchored_at_s"})
_OF_A_RUN: Final = tuple(
    each.name for each in fields(BatchHeader) if each.name not in _OF_A_BATCH | _OF_A_REPLACEMENT
)
"""Fields that all batches of a run have in common, one that took another's place included."""


@dataclass(frozen=True, slots=True)
class KnownTake:
    """A take whose lot is disclosed, with the batch that it is of."""

    part: TakePart
    lot: TakenLot
    batch: DisclosedBatch
    quantities: Sums

    @property
    def total(self) -> int:
        """The lot's reference."""
        return self.quantities[self.batch.header.reference_column]


@dataclass(slots=True)
class JudgedRun:
    """A run, what was found of it, and what its laws can be recomputed from."""

    run: DisclosedRun
    cause: Cause
    takes: list[KnownTake] = field(default_factory=list)
    places: dict[BatchName, int] = field(default_factory=dict)
    """Which of its outputs each batch is."""
    ran_at_s: UnixSeconds | None = None
    """Block time; ``None`` if all of its batches took others' places, later."""
    checks: list[Check] = field(default_factory=list)
    """What was found of its sums; none: its laws can be recomputed."""
    beside: list[Check] = field(default_factory=list)
    """What was found beside them: whether the chain has it, and which statements its lots had."""

    @property
    def header(self) -> BatchHeader:
        """Of its first batch: all have the run's fields in common."""
        return self.run.batches[0].header

    def batch(self, root: LotRoot) -> DisclosedBatch:
        """Its batch of a root that it has."""
        return next(batch for batch in self.run.batches if batch.header.root == root)

    @property
    def recomputable(self) -> bool:
        """Whether all that its laws count is disclosed and hangs together."""
        return not self.checks


def read_run(run: DisclosedRun) -> JudgedRun | Check:
    """A run that can be worked with, or what keeps it from being one. Nothing is believed yet."""
    faults = []
    if not 1 <= len(run.batches) <= MAX_OUTPUTS or len(run.taken) > MAX_TAKES:
        faults.append("it has no batch, or more of them or of takes than a run can have")
    for batch in run.batches:
        faults.append(header_fault(batch.header) or "")
        if batch.totals is not None:
            faults.append(totals_fault(batch.totals) or "")
            if batch.header.reference_column not in batch.totals.columns:
                faults.append("the reference is no column of its batch")
    fault = next((each for each in faults if each), None)
    if fault is not None:
        return found("lineage.malformed", f"a run is malformed: {fault}")
    try:
        cause = read_cause(run.cause)
    except InputError as error:
        return found("lineage.malformed", f"a run is malformed: {error.message}")
    if len(cause.takes) > MAX_TAKES:
        return found("lineage.malformed", "a run is malformed: it takes from too many lots")
    return JudgedRun(run, cause)


def judge_disclosure(
    judged: JudgedRun, batches: Mapping[BatchName, DisclosedBatch], words: Words | Undetermined
) -> None:
    """Fill in what is found of a run, and its takes.

    Args:
        judged: the run.
        batches: every disclosed batch.
        words: what the lot book holds for them.
    """
    checks = judged.checks
    for batch in judged.run.batches:
        judged.beside += _standing(batch.header, words)
        checks += _totals(batch)
    checks += _cause(judged)
    checks += _outputs(judged)
    known = {
        lot_id(issuer, lot.lot_key): lot
        for issuer in {part.issuer for part in judged.cause.takes}
        for lot in judged.run.taken
        if len(lot.lot_key) == len(lot.statement_leaf) == DIGEST_LENGTH
    }
    for part in judged.cause.takes:
        checks += _take(judged, part, known, batches)


def _standing(header: BatchHeader, words: Words | Undetermined) -> Iterator[Check]:
    answer = standing(header, words)
    if isinstance(answer, Undetermined):
        yield not_determined(Step.LINEAGE, answer)
    elif answer is not Standing.ON_CHAIN:
        yield found(f"lineage.{answer.value}", answer.sentence, **_place(header))


def _totals(batch: DisclosedBatch) -> Iterator[Check]:
    if batch.totals is None:
        sentence = "the totals of a batch stay closed"
        yield found("lineage.totals_closed", sentence, **_place(batch.header))
    elif not are_totals_of(batch.totals, batch.header):
        sentence = "what is opened as totals of a batch is not what its header's digest is of"
        yield found("lineage.other_totals", sentence, **_place(batch.header))


def _cause(judged: JudgedRun) -> Iterator[Check]:
    header, cause = judged.header, judged.cause
    for batch in judged.run.batches[1:]:
        unlike = [
            name for name in _OF_A_RUN if getattr(batch.header, name) != getattr(header, name)
        ]
        if unlike:
            sentence = f"batches of one run differ in {', '.join(unlike)}"
            yield found("lineage.headers_differ", sentence, **_place(batch.header))
    if cause.root is not None and cause.root != header.cause:
        sentence = "the parts of a run do not lead to the cause in its batches' headers"
        yield found("lineage.other_cause", sentence, **_place(header))
    if cause.root is None or cause.closed:
        yield found(
            "lineage.cause_closed",
            "what a batch was made from is not all disclosed; the lot book balanced it, but it"
            " cannot be recomputed here",
            closed=cause.closed,
            **_place(header),
        )


def _outputs(judged: JudgedRun) -> Iterator[Check]:
    """Batches are those that the cause names, or took the place of one with its totals.

    Totals are salted: no two batches have one digest of them, so equal totals name the batch.
    """
    if judged.cause.closed or judged.cause.root is None:
        return
    free = dict(enumerate(judged.cause.outputs))
    batches = sorted(judged.run.batches, key=lambda batch: batch.header.root not in _roots(judged))
    for batch in batches:
        header = batch.header
        fits = [at for at, part in free.items() if part.totals == header.totals]
        same = [at for at in fits if free[at].root == header.root]
        replacing = header.kind is LotBatchKind.TRANSFORM and header.root not in _roots(judged)
        at = next(iter(same or (fits if replacing else [])), None)
        if at is None:
            sentence = "a batch is none that its run says it made"
            yield found("lineage.other_output", sentence, **_place(header))
            continue
        judged.places[name_of(header)] = at
        if same:
            judged.ran_at_s = min(judged.ran_at_s or header.anchored_at_s, header.anchored_at_s)
        del free[at]
    for part in free.values():
        sentence = "a batch that a run made is not disclosed, so its balances are not shown"
        yield found("lineage.output_not_disclosed", sentence, root=part.root.hex())


def _roots(judged: JudgedRun) -> set[LotRoot]:
    return {part.root for part in judged.cause.outputs}


def _take(
    judged: JudgedRun,
    part: TakePart,
    known: Mapping[LotId, TakenLot],
    batches: Mapping[BatchName, DisclosedBatch],
) -> Iterator[Check]:
    lot, batch = known.get(part.lot), batches.get((part.issuer, part.root))
    where: dict[str, FactValue] = {
        "lot": part.lot.hex(),
        "batch_issuer": part.issuer,
        "root": part.root.hex(),
    }
    if batch is None:
        sentence = "a run took a lot of a batch of which nothing is disclosed"
        yield found("lineage.run_not_disclosed", sentence, **where)
        return
    if lot is None or batch.totals is None:
        sentence = "what a lot that was taken held is not disclosed"
        yield found("lineage.take_not_disclosed", sentence, **where)
        return
    fault = columns_fault(batch.totals.columns, lot.quantities)
    if fault is not None:
        yield found("lineage.malformed", f"a taken lot is malformed: {fault}")
        return
    if quantities_digest(lot.quantities) != part.quantities_digest:
        sentence = "a taken lot had other quantities than are disclosed"
        yield found("lineage.other_quantities", sentence, **where)
        return
    take = KnownTake(part, lot, batch, sums_of(batch.totals.columns, lot.quantities))
    if part.taken + part.amount > take.total:
        sentence = f"{part.amount} were taken after {part.taken} of {take.total}"
        yield found("lineage.take_above_lot", sentence, **where)
        return
    judged.takes.append(take)
    judged.beside += _place_in_batch(take)
    yield from _order(judged, batch.header)


def _order(judged: JudgedRun, source: BatchHeader) -> Iterator[Check]:
    """What is taken was there before: block time, then the issuer's own count."""
    made = [batch.header for batch in judged.run.batches]
    later = source.anchored_at_s > min(header.anchored_at_s for header in made)
    same = source.issuer == made[0].issuer
    if later or (same and source.sequence >= min(header.sequence for header in made)):
        sentence = "a run took from a batch that was issued after it"
        yield found("lineage.parent_later", sentence, **_place(source))


def _place_in_batch(take: KnownTake) -> Iterator[Check]:
    """That the lot was issued with the statement that is named for it."""
    if take.lot.path is None:
        yield found(
            "lineage.statement_not_shown",
            "of a taken lot no path to its batch was handed over, so its statement is not shown",
            lot=take.part.lot.hex(),
        )
        return
    issued = take.lot.issued or take.lot.quantities
    totals = take.batch.totals
    assert totals is not None
    leaf = LotLeaf(take.lot.lot_key, take.lot.statement_leaf, issued)
    refusal = inclusion_refusal(leaf, take.part.index, take.lot.path, take.batch.header, totals)
    if refusal is not None:
        yield failed(Step.LINEAGE, refusal.code, refusal.message, lot=take.part.lot.hex())


def _place(header: BatchHeader) -> dict[str, FactValue]:
    return {
        "batch_issuer": header.issuer,
        "root": header.root.hex(),
        "kind": LotBatchKind(header.kind).name.lower(),
    }


def run_name(judged: JudgedRun) -> tuple[BatchName, ...]:
    """Names of a run's batches."""
    return tuple(name_of(batch.header) for batch in judged.run.batches)
