"""Step 9: where a lot came from, as far as it is disclosed, and the three laws added up again.

    walk        runs in order, no cycle, at most 64 deep and 10,000 nodes
    each run    headers on chain, cause and totals recomputed, takes of disclosed lots of batches
                that were there before; no part of a lot taken twice
    laws        metal, CO2e, credit, classes, units, allocation, model, flags, origin
    words       flags, weakest model, change of mass, yield, origin shares

What is not disclosed is not proven, whatever the contract enforced: nothing here is passed unseen.
Not checked: certificates behind credit (step 10), capacities and ceilings, credit accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from veta.custody.columns import column_of, of_kind, sums_of
from veta.custody.encoding import lot_id
from veta.custody.laws import RunSums
from veta.custody.lineage import Ancestry, Limits, MemoryGraph, ancestry
from veta.custody.models import RULES, weakest
from veta.errors import InputError, ProvenanceError
from veta.model.anchoring import StatusEntry
from veta.model.bundle import LotFacts, StatementBundle
from veta.model.columns import ColumnKind
from veta.model.determined import Known, Undetermined
from veta.model.disclosure import LotPart
from veta.model.identifiers import Leaf
from veta.model.lots import AllocationRule, HeaderFlag, LotBatchKind, LotId
from veta.sum_trees import lot_key
from veta.verify.batches import words_of
from veta.verify.lineage_graph import MAX_NODES, Walk, graph_of, walk
from veta.verify.lot_codes import found
from veta.verify.run_laws import check_yield, judge_laws, mass_line
from veta.verify.runs import JudgedRun, KnownTake, judge_disclosure
from veta.verify.stated import StatedLot, StatedParent
from veta.verify.successions import took_its_place
from veta.verify.verdict import Check, FactValue, Outcome

FLAG_WORDS: Final = {
    HeaderFlag.EXTERNAL: "holds metal from outside the network, without its history",
    HeaderFlag.RECYCLED: "holds recycled metal without history",
    HeaderFlag.FIRST_MEASURED: "holds metal that nobody had measured before",
    HeaderFlag.GAIN: "holds metal that a stock-take found beyond the books",
    HeaderFlag.UNALLOCATED: "CO2e was shared among products without a registered rule",
    HeaderFlag.ATTRIBUTED: "CO2e was given to single lots: it is no average of the batch",
}
MOST_CHECKS: Final = 40
"""Most findings of one kind of outcome that a report carries; the rest are counted."""
_LIMITS: Final = Limits(runs=MAX_NODES, edges=MAX_NODES)
_WAYS_IN: Final = frozenset({LotBatchKind.ORIGIN, LotBatchKind.EXTERNAL, LotBatchKind.GAIN})


@dataclass(slots=True)
class Lineage:
    """What step 9 found, for step 12 to go on with."""

    checks: list[Check]
    walk: Walk
    graph: MemoryGraph | None = None
    """Of what is disclosed; ``None`` if the walk is none."""
    complete: bool = False
    """Everything back to the ways in is disclosed and sound."""
    sums: dict[int, RunSums] = field(default_factory=dict)
    """By ``id`` of each complete run."""


def check_lineage(
    bundle: StatementBundle,
    stated: StatedLot | None,
    about: LotFacts | Undetermined,
    *,
    grounded: bool,
) -> Lineage:
    """Run step 9.

    Args:
        bundle: with a lot that is well-formed.
        stated: what the passport states.
        about: what the chain says of the lot and of the batches.
        grounded: whether step 8 has proven the lot.
    """
    part = bundle.lot
    assert part is not None
    walked = walk(part, bundle.runs)
    lineage = Lineage([*walked.checks, *_headline(part)], walked)
    if not grounded:
        sentence = "the lot is not proven, so nothing that it came from is"
        lineage.checks.append(found("lineage.lot_not_proven", sentence))
    if walked.own is None and not walked.checks:
        lineage.checks.append(_undisclosed(bundle))
    if walked.checks or walked.own is None:
        return lineage
    _judge_runs(lineage, about)
    lineage.graph = graph_of(walked, part, _lot(part), _rules(about))
    lineage.checks += _parents(walked.own, stated, about)
    own = lineage.sums.get(id(walked.own))
    if own is not None and stated is not None:
        lineage.checks += check_yield(own, part.batch.header.product_class, stated.product_class)
    lineage.complete = not any(check.outcome in _OPEN for check in lineage.checks)
    if lineage.complete:
        lineage.checks += _whole(lineage, part)
    lineage.checks = list(at_most(lineage.checks))
    return lineage


_OPEN: Final = (Outcome.FAILED, Outcome.NOT_PROVEN, Outcome.NOT_DETERMINED)


def _lot(part: LotPart) -> LotId:
    return lot_id(part.batch.header.issuer, part.lot_key)


def _undisclosed(bundle: StatementBundle) -> Check:
    if not bundle.runs:
        sentence = "from which lots it was made is not disclosed, so no sums were recomputed"
        return found("lineage.not_disclosed", sentence)
    sentence = "the run that made the lot's batch is not among those disclosed"
    return found("lineage.run_not_disclosed", sentence)


def _headline(part: LotPart) -> Iterator[Check]:
    """What the lot's own header says in flags, as words."""
    words = flag_words(part.batch.header.flags)
    if words:
        yield found("lineage.flagged", "; ".join(words), flags=words)


def flag_words(flags: HeaderFlag) -> tuple[str, ...]:
    """Flags as a reader is told them."""
    return tuple(words for flag, words in FLAG_WORDS.items() if flag in flags)


def _judge_runs(lineage: Lineage, about: LotFacts | Undetermined) -> None:
    walked, words = lineage.walk, words_of(about)
    for run in walked.runs:
        judge_disclosure(run, walked.batches, words)
        lineage.checks += [*run.beside, *run.checks]
    lineage.checks += _twice(walked.runs)
    for run in walked.runs:
        if run.recomputable:
            broken, sums = judge_laws(run, about)
            lineage.checks += broken
            lineage.sums[id(run)] = sums


def _twice(runs: Iterable[JudgedRun]) -> Iterator[Check]:
    """Two takes of one lot, in one run or in two, never overlap."""
    takes: dict[tuple[bytes, bytes], list[KnownTake]] = {}
    for run in runs:
        for take in run.takes:
            takes.setdefault((take.part.lot, take.part.quantities_digest), []).append(take)
    for (lot, _), same in takes.items():
        ordered = sorted(same, key=lambda take: take.part.taken)
        for first, second in pairwise(ordered):
            if first.part.taken + first.part.amount > second.part.taken:
                sentence = "two takes of one lot have a part of it in common"
                yield found("lineage.taken_twice", sentence, lot=lot.hex())


def _parents(
    own: JudgedRun, stated: StatedLot | None, about: LotFacts | Undetermined
) -> Iterator[Check]:
    """Lots that the passport says went in are lots that its run took, and all of them."""
    if stated is None or not stated.parents or not own.recomputable:
        return
    named = set()
    for parent in stated.parents:
        takes = [take for take in own.takes if is_lot(take, parent)]
        if not takes:
            sentence = f"the passport says {parent.lot_number} went in; its run did not take it"
            yield found("lineage.parent_not_taken", sentence, lot_number=parent.lot_number)
            continue
        named |= {take.part.lot for take in takes}
        if parent.leaf is not None:
            yield from _relied_on(takes, parent.lot_number, parent.leaf, about)
    missing = {take.part.lot for take in own.takes} - named
    if missing:
        sentence = f"{len(missing)} lots went in that the passport does not name"
        yield found("lineage.parents_incomplete", sentence, missing=len(missing))


def _relied_on(
    takes: list[KnownTake], lot_number: str, leaf: Leaf, about: LotFacts | Undetermined
) -> Iterator[Check]:
    """A statement about a lot that went in: its first one, or one that superseded that."""
    if any(take.lot.statement_leaf == leaf for take in takes):
        return
    entries: tuple[StatusEntry, ...] = ()
    if isinstance(about, LotFacts) and isinstance(about.successions, Known):
        entries = about.successions.value
    facts: dict[str, FactValue] = {"lot_number": lot_number, "leaf": leaf.hex()}
    for take in takes:
        issuer, first = take.batch.header.issuer, take.lot.statement_leaf
        if took_its_place(entries, issuer, first, leaf):
            sentence = f"the passport relies on a statement about {lot_number} that superseded the"
            sentence += " one that it was issued with"
            yield found("lineage.later_statement", sentence, **facts)
            return
    yield found(
        "lineage.other_statement",
        f"the passport relies on another statement about {lot_number} than the one"
        " that it was issued with",
        **facts,
    )


def is_lot(take: KnownTake, parent: StatedParent) -> bool:
    """Whether a take is of the lot that a passport names, by the batch number."""
    header = take.batch.header
    try:
        key = lot_key(
            header.issuer,
            site=header.site,
            product_class=header.product_class,
            batch_number=parent.lot_number,
        )
    except InputError:
        return False
    return key == take.lot.lot_key


def _rules(about: LotFacts | Undetermined) -> dict[int, AllocationRule]:
    if isinstance(about, Undetermined) or isinstance(about.rules, Undetermined):
        return {}
    return {rule.rule: rule for rule in about.rules.value}


def _whole(lineage: Lineage, part: LotPart) -> Iterator[Check]:
    """What a lineage that is disclosed to its ways in shows."""
    walked = lineage.walk
    assert walked.own is not None
    ways_in = sum(run.header.kind in _WAYS_IN for run in walked.runs)
    own = lineage.sums[id(walked.own)]
    yield found(
        "lineage.laws_kept",
        f"metal, CO2e and credit close in each of {len(walked.runs)} runs",
        runs=len(walked.runs),
        **mass_line(own),
    )
    yield found(
        "lineage.complete",
        f"disclosed back to {ways_in} ways in, {walked.depth} runs deep",
        runs=len(walked.runs),
        ways_in=ways_in,
        depth=walked.depth,
    )
    yield _model(walked, part)
    yield from _origins(lineage, part)


def _model(walked: Walk, part: LotPart) -> Check:
    """A lot says no more than the weakest model it came through."""
    model = part.batch.header.model
    behind = weakest([model, *(t.batch.header.model for run in walked.runs for t in run.takes)])
    words = RULES[behind].slug if behind in RULES else behind.name.lower()
    return found(
        "lineage.model",
        f"the weakest chain-of-custody model on the way is {words}",
        model=model.name.lower(),
        weakest=behind.name.lower(),
    )


def _origins(lineage: Lineage, part: LotPart) -> Iterator[Check]:
    """Shares of the ways in, by substance, in ppm that sum to one million."""
    assert lineage.graph is not None
    held = sums_of(part.columns, part.quantities)
    for metal in of_kind(held, ColumnKind.METAL):
        if not held[metal]:
            continue
        substance = column_of(metal).substance
        try:
            origins = ancestry(lineage.graph, _lot(part), substance, _LIMITS)
        except ProvenanceError as error:
            yield found("lineage.malformed", f"the takes do not add up: {error.message}")
            continue
        words = tuple(_shares(origins))
        facts: dict[str, FactValue] = {"metal": column_of(metal).words(), "shares": words}
        yield found("lineage.origins", f"{facts['metal']}: {', '.join(words)}", **facts)


def _shares(origins: Ancestry) -> Iterator[str]:
    for site, share_ppm in sorted(origins.by_site().items(), key=lambda each: -each[1]):
        where = f"site {site}" if site else "from outside"
        yield f"{share_ppm} ppm {where}"


def at_most(checks: Iterable[Check]) -> Iterator[Check]:
    """So that a hostile bundle makes no report without end, and never hides an outcome."""
    seen: dict[tuple[Outcome, str], int] = {}
    for check in checks:
        kind = (check.outcome, check.code)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= MOST_CHECKS:
            yield check
