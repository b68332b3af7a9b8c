"""Step 9, the walk: disclosed runs in the order in which they must have happened.

Work is bounded before any of it is done: at most ``MAX_NODES`` runs, batches, parts and lots are
looked at, and at most ``MAX_DEPTH`` runs in a row. A take that leads back to its own run is a
cycle, whatever the headers say of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from veta.custody.columns import added, sums_of
from veta.custody.lineage import MemoryGraph
from veta.model.disclosure import DisclosedBatch, DisclosedRun, LotPart
from veta.model.lineage import BatchNode, LotNode, RunNode, RunOrder, TakeEdge
from veta.model.lots import AllocationRule, HeaderFlag, LotId
from veta.verify.batches import BatchName, name_of
from veta.verify.lot_codes import found
from veta.verify.runs import JudgedRun, read_run, run_name
from veta.verify.verdict import Check

MAX_NODES: Final = 10_000
MAX_DEPTH: Final = 64


@dataclass(slots=True)
class Walk:
    """Runs that a lot came from, as far as they are disclosed."""

    own: JudgedRun | None = None
    """The run that made the lot's batch."""
    runs: list[JudgedRun] = field(default_factory=list)
    """The runs reached, each after all that it took from; the lot's own is the last."""
    batches: dict[BatchName, DisclosedBatch] = field(default_factory=dict)
    depth: int = 0
    checks: list[Check] = field(default_factory=list)
    """What keeps the walk from being one; none: it is."""


def nodes_of(runs: Sequence[DisclosedRun]) -> int:
    """Everything that a verifier would have to look at."""
    return sum(1 + len(run.batches) + len(run.cause) + len(run.taken) for run in runs)


def walk(part: LotPart, runs: Sequence[DisclosedRun]) -> Walk:
    """Find the runs behind a lot, earliest first. Nothing is judged yet but shape and size."""
    found_ = Walk()
    if nodes_of(runs) > MAX_NODES:
        sentence = f"more than {MAX_NODES} runs, batches, parts and lots: not looked at"
        found_.checks.append(found("lineage.too_large", sentence))
        return found_
    by_batch: dict[BatchName, JudgedRun] = {}
    for run in dict.fromkeys(runs):
        judged = read_run(run)
        if not isinstance(judged, JudgedRun):
            found_.checks.append(judged)
            return found_
        for batch in run.batches:
            name = name_of(batch.header)
            if name in by_batch:
                sentence = "a batch is disclosed twice, and not alike"
                found_.checks.append(found("lineage.repeated", sentence, root=name[1].hex()))
                return found_
            by_batch[name] = judged
            found_.batches[name] = batch
    own = name_of(part.batch.header)
    found_.own = by_batch.get(own)
    if found_.own is None:
        found_.batches.setdefault(own, part.batch)
    elif found_.batches[own].header != part.batch.header:
        sentence = "the lot's batch is disclosed with two headers"
        found_.checks.append(found("lineage.other_header", sentence, root=own[1].hex()))
    else:
        _order(found_, by_batch)
    return found_


def _order(found_: Walk, by_batch: Mapping[BatchName, JudgedRun]) -> None:
    """Depth first, without recursion; depths are counted once all before a run are known."""
    assert found_.own is not None
    depths: dict[int, int] = {}
    open_: set[int] = {id(found_.own)}
    stack: list[tuple[JudgedRun, Iterator[JudgedRun]]] = [
        (found_.own, iter(_before(found_.own, by_batch)))
    ]
    while stack:
        run, before = stack[-1]
        earlier = next(before, None)
        if earlier is None:
            stack.pop()
            open_.discard(id(run))
            earlier_depths = [depths[id(each)] for each in _before(run, by_batch)]
            depths[id(run)] = 1 + max(earlier_depths, default=0)
            found_.runs.append(run)
        elif id(earlier) in open_:
            sentence = "a run took from what it made itself, by way of others"
            root = earlier.header.root.hex()
            found_.checks.append(found("lineage.cycle", sentence, root=root))
            return
        elif id(earlier) not in depths:
            open_.add(id(earlier))
            stack.append((earlier, iter(_before(earlier, by_batch))))
    found_.depth = depths[id(found_.own)]
    if found_.depth > MAX_DEPTH:
        sentence = f"{found_.depth} runs in a row: more than {MAX_DEPTH} are not looked at"
        found_.checks.append(found("lineage.too_deep", sentence, depth=found_.depth))


def _before(run: JudgedRun, by_batch: Mapping[BatchName, JudgedRun]) -> list[JudgedRun]:
    """Disclosed runs that a run took from, each once."""
    names = ((part.issuer, part.root) for part in run.cause.takes)
    return list({id(each): each for name in names if (each := by_batch.get(name))}.values())


def graph_of(
    found_: Walk, part: LotPart, lot: LotId, rules: Mapping[int, AllocationRule]
) -> MemoryGraph:
    """The walk as a graph for ``veta.custody``: takes of undisclosed lots are not in it."""
    orders = {
        name: RunOrder(order)
        for order, run in enumerate(found_.runs, start=1)
        for name in run_name(run)
    }
    lots: dict[LotId, LotNode] = {}
    nodes = []
    for order, run in enumerate(found_.runs, start=1):
        edges = []
        for take in run.takes:
            header = take.batch.header
            name = name_of(header)
            if name not in orders:
                continue
            lots[take.part.lot] = LotNode(
                lot=take.part.lot,
                made_by=orders[name],
                output=run_output(found_.runs[orders[name] - 1], name),
                reference_column=header.reference_column,
                quantities=take.quantities,
            )
            edges.append(TakeEdge(take.part.lot, take.part.taken, take.part.amount))
        nodes.append(_node(RunOrder(order), run, tuple(edges), rules))
    own = name_of(part.batch.header)
    lots[lot] = LotNode(
        lot=lot,
        made_by=orders[own],
        output=run_output(found_.runs[-1], own),
        reference_column=part.batch.header.reference_column,
        quantities=sums_of(part.columns, part.quantities),
    )
    return MemoryGraph(nodes, list(lots.values()))


def run_output(run: JudgedRun, name: BatchName) -> int:
    """Which of a run's batches."""
    return run_name(run).index(name)


def _node(
    order: RunOrder,
    run: JudgedRun,
    edges: tuple[TakeEdge, ...],
    rules: Mapping[int, AllocationRule],
) -> RunNode:
    cause, header = run.cause, run.header
    rule = rules.get(header.allocation_rule)
    return RunNode(
        order=order,
        kind=header.kind,
        site=header.site,
        outputs=tuple(_batch_node(batch) for batch in run.run.batches),
        takes=edges,
        losses=added({loss.column: loss.quantity} for loss in cause.losses),
        first_measured=added({each.column: each.quantity} for each in cause.first_measured),
        emissions_g=sum(emission.co2e_g for emission in cause.emissions),
        rule=None if rule is None else rule.shares,
    )


def _batch_node(batch: DisclosedBatch) -> BatchNode:
    totals, header = batch.totals, batch.header
    return BatchNode(
        product_class=header.product_class,
        reference_column=header.reference_column,
        sums={} if totals is None else sums_of(totals.columns, totals.sums),
        attributed=HeaderFlag.ATTRIBUTED in header.flags,
    )
