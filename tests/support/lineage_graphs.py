"""Graphs of lots: of runs that were made here, and random ones."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.custody_world import MEMBER, Made
from veta.custody.columns import sums_of
from veta.custody.encoding import lot_id
from veta.custody.lineage import MemoryGraph
from veta.model.lineage import BatchNode, LotNode, RunNode, RunOrder, TakeEdge
from veta.model.lot_tree import LotKey
from veta.model.lots import LotId


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
