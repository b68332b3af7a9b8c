"""The least CO2e that a lot can carry, from the chain alone and without a document.

All outputs of a run together carry what was taken and emitted. Which of several product classes
carries it only an allocation rule says, by its least share; without one a single lot may carry
nothing, and so may a lot of an attributed batch. Every division is rounded down: a floor is never
above what the chain enforces.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from veta.custody.columns import of_kind
from veta.custody.lineage import Limits, known_input, known_lot, known_run
from veta.custody.rounding import PPM, share_down
from veta.errors import InputError
from veta.model.columns import ColumnKind
from veta.model.lineage import LineageGraph, LotNode, RunNode, RunOrder
from veta.model.lots import LotId


@dataclass(frozen=True, slots=True)
class Co2eFloor:
    """A lot's burden beside the least that it can be."""

    stated_g: int
    """The lot's CO2e column."""
    floor_g: int
    run_floor_g: int
    """Of all outputs together of the run that made it."""


def co2e_floor(graph: LineageGraph, lot: LotId, limits: Limits | None = None) -> Co2eFloor:
    """The least CO2e that a lot can carry.

    Args:
        graph: of one block.
        lot: an opened lot.
        limits: of work.

    Raises:
        NotFoundError: ``custody.lineage_unknown``.
        InputError: ``custody.lineage_cycle``, ``custody.lineage_too_large``.
    """
    node = known_lot(graph, lot)
    floors: dict[RunOrder, int] = {}
    for run in _ancestors(graph, node.made_by, limits or Limits()):
        inherited = 0
        for take in run.takes:
            source = known_input(graph, run, take)
            maker = known_run(graph, source.made_by)
            whole = _lot_floor(maker, source, floors[source.made_by])
            reference = source.quantities[source.reference_column]
            inherited += share_down(whole, take.amount, reference)
        floors[run.order] = run.emissions_g + inherited
    run_floor_g = floors[node.made_by]
    floor_g = _lot_floor(known_run(graph, node.made_by), node, run_floor_g)
    stated = sum(node.quantities[key] for key in of_kind(node.quantities, ColumnKind.CO2E))
    return Co2eFloor(stated_g=stated, floor_g=floor_g, run_floor_g=run_floor_g)


def _lot_floor(run: RunNode, node: LotNode, run_floor_g: int) -> int:
    """A lot's part of what its product class carries at least."""
    batch = run.outputs[node.output]
    if batch.attributed:
        return 0
    classes = {output.product_class for output in run.outputs}
    of_class = run_floor_g
    if len(classes) > 1:
        rule = {share.product_class: share.minimum_ppm for share in run.rule or ()}
        of_class = run_floor_g * rule.get(batch.product_class, 0) // PPM
    reference = sum(
        output.sums.get(batch.reference_column, 0)
        for output in run.outputs
        if output.product_class == batch.product_class
    )
    return share_down(of_class, node.quantities.get(node.reference_column, 0), reference)


def _ancestors(graph: LineageGraph, order: RunOrder, limits: Limits) -> list[RunNode]:
    """A run and all before it that it rests on, earliest first."""
    seen, heap, edges = {order}, [-order], 0
    found: list[RunNode] = []
    while heap:
        run = known_run(graph, RunOrder(-heapq.heappop(heap)))
        found.append(run)
        edges += len(run.takes)
        if len(found) > limits.runs or edges > limits.edges:
            raise InputError("custody.lineage_too_large", "the lineage is larger than the limits")
        for take in run.takes:
            before = known_input(graph, run, take).made_by
            if before not in seen:
                seen.add(before)
                heapq.heappush(heap, -before)
    return found[::-1]
