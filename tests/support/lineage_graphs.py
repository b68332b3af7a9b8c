"""Graphs of lots: of runs that were made here, and random ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.support.custody_world import CO2E, COPPER, CU, MEMBER, Made
from veta.custody.columns import sums_of
from veta.custody.encoding import lot_id
from veta.custody.lineage import MemoryGraph
from veta.custody.rounding import moved
from veta.model.columns import ColumnKey
from veta.model.lineage import BatchNode, LotNode, RunNode, RunOrder, TakeEdge
from veta.model.lot_tree import LotKey
from veta.model.lots import LotBatchKind, LotId, ProductClassId, SiteId


def graph_of(runs: Sequence[Made]) -> tuple[MemoryGraph, dict[LotKey, LotId]]:
    """The graph of runs in their order, every lot of every batch opened."""
    nodes: list[RunNode] = []
    lots: list[LotNode] = []
    names: dict[LotKey, LotId] = {}
    for order, made in enumerate(runs, start=1):
        run = made.built.run
        batches = []
        for output, secret in zip(run.outputs, made.secrets, strict=True):
            sums = sums_of(output.columns, output.sums)
            batches.append(
                BatchNode(output.product_class, output.reference_column, sums, output.attributed)
            )
            number = len(batches) - 1
            held = made.draft.outputs[number].lots
            for (key, _), quantities in zip(secret.lots, held, strict=True):
                names[key] = lot_id(MEMBER, key)
                each = sums_of(output.columns, quantities)
                place = (RunOrder(order), number, output.reference_column)
                lots.append(LotNode(names[key], *place, each))
        nodes.append(
            RunNode(
                order=RunOrder(order),
                kind=made.built.kind,
                site=run.site,
                outputs=tuple(batches),
                takes=tuple(
                    TakeEdge(names[take.lot_key], take.taken, take.amount) for take in run.takes
                ),
                losses={loss.column: loss.quantity for loss in run.losses},
                first_measured={part.column: part.quantity for part in run.first_measured},
                emissions_g=sum(emission.co2e_g for emission in run.emissions),
                rule=None if made.draft.rule is None else made.draft.rule.shares,
            )
        )
    return MemoryGraph(nodes, lots), names


def name(order: int, output: int = 0) -> LotId:
    """A lot id that says which run and batch it stands for."""
    return LotId(order.to_bytes(16) + output.to_bytes(16))


def whole_run(
    order: int, takes: Sequence[tuple[int, int, int]], metal: int, co2e: int, emitted: int
) -> tuple[RunNode, LotNode]:
    """A run of one batch of one lot, whose reference is its metal."""
    sums = {CU: metal, CO2E: co2e}
    batch = BatchNode(ProductClassId(1), CU, sums)
    kind = LotBatchKind.TRANSFORM if takes else LotBatchKind.ORIGIN
    edges = tuple(TakeEdge(name(source), taken, amount) for source, taken, amount in takes)
    run = RunNode(
        RunOrder(order), kind, SiteId(order % 7 + 1), (batch,), edges, emissions_g=emitted
    )
    return run, LotNode(name(order), RunOrder(order), 0, CU, sums)


def random_graph(
    seed: int, size: int, fan_in: int
) -> tuple[MemoryGraph, list[LotNode], ColumnKey, int]:
    """A graph that keeps the laws, in random parts: each run takes of lots that are left."""
    source = random.Random(seed)
    runs: list[RunNode] = []
    nodes: list[LotNode] = []
    gone: dict[LotId, int] = {}
    for order in range(1, size + 1):
        left = [node for node in nodes if gone.get(node.lot, 0) < node.quantities[CU]]
        chosen = source.sample(left, min(len(left), source.randrange(fan_in + 1)))
        takes, metal, co2e = [], 0, 0
        for node in chosen:
            before = gone.get(node.lot, 0)
            amount = source.randint(1, node.quantities[CU] - before)
            gone[node.lot] = before + amount
            takes.append((node.made_by, before, amount))
            metal += amount
            co2e += moved(node.quantities[CO2E], node.quantities[CU], before, amount, up=True)
        emitted = source.randrange(10**6)
        if not takes:
            metal = source.randint(1, 10**9)
        run, made = whole_run(order, takes, metal, co2e + emitted, emitted)
        runs.append(run)
        nodes.append(made)
    return MemoryGraph(runs, nodes), nodes, CU, COPPER
