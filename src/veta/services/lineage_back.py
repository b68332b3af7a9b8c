"""Where a lot's metal came from, over takes that were read in bulk; the same answers to the unit.

What is measured anew on receipt and what was replaced is rare and not worth a way of its own: of
such lots and runs the graph is asked, which reads one by one.
"""

from __future__ import annotations

from collections.abc import Callable

from veta.custody.lineage import (
    Ancestry,
    Limits,
    RunInputs,
    known_lot,
    known_run,
    moved_of,
    no_metal,
    passage,
    require_before,
)
from veta.custody.rounding import moved
from veta.errors import NotFoundError
from veta.model.columns import ColumnKey
from veta.model.lineage import LineageGraph, RunOrder, TakeEdge
from veta.model.lots import LotId, SiteId
from veta.ports.lot_store import FollowedLotWork, TakesBack

Edge = Callable[[RunOrder, LotId, int, int], TakeEdge]
"""The take of a lot as the graph counts it: run, lot, what was taken before, how much more."""


def ancestry_in_bulk(
    work: FollowedLotWork,
    graph: LineageGraph,
    edge: Edge,
    lot: LotId,
    metal: ColumnKey,
    limits: Limits,
) -> Ancestry | None:
    """As ``custody.lineage.ancestry``; ``None`` where not all could be read at once.

    Args:
        work: what the store followed.
        graph: the same, one by one.
        edge: the take of a lot that was measured anew.
        lot: an opened lot.
        metal: whose shares are asked for.
        limits: of work.

    Raises:
        NotFoundError, InputError: as ``custody.lineage.ancestry``.
    """
    node = known_lot(graph, lot)
    if not node.quantities.get(metal, 0):
        raise no_metal(metal)
    back = work.takes_back(lot, metal, limits.runs)
    if back is None or node.made_by not in back.runs:
        return None
    inputs = _Inputs(back, graph, edge, metal)
    found = passage(node.made_by, inputs.of, limits, back.runs.keys())
    sites = work.run_sites(found.origins.keys())

    def origin(order: RunOrder) -> tuple[SiteId, bool]:
        site = sites.get(order)
        return known_run(graph, order).site if site is None else site, bool(back.runs[order])

    return found.ancestry(origin)


class _Inputs:
    """What runs took of a metal."""

    def __init__(self, back: TakesBack, graph: LineageGraph, edge: Edge, metal: ColumnKey) -> None:
        self._back = back
        self._graph = graph
        self._edge = edge
        self._metal = metal

    def of(self, order: RunOrder) -> RunInputs:
        """Of one run.

        Raises:
            NotFoundError: ``custody.lineage_unknown``.
            InputError: ``custody.lineage_cycle``, ``custody.take_range``.
        """
        held = self._back.held
        lots, makers, brought = [], [], []
        for lot, place, made_by, taken, amount in self._back.runs[order]:
            if not 0 <= made_by < order:
                self._refuse(lot, made_by, order)
            quantity, reference, rebased = held[place]
            end = taken + amount
            if rebased:
                node = known_lot(self._graph, lot)
                whole = moved_of(node, self._edge(order, lot, taken, amount), self._metal)
            elif 0 < end <= reference:  # as ``moved``, rounded down
                whole = quantity * end // reference - quantity * taken // reference
            else:
                whole = moved(quantity, reference, taken, amount, up=False)  # refuses, or is none
            lots.append(lot)
            makers.append(made_by)
            brought.append(whole)
        return RunInputs(lots, makers, brought, self._back.first_measured.get(order, 0))

    def _refuse(self, lot: LotId, made_by: RunOrder, order: RunOrder) -> None:
        if made_by < 0:
            raise NotFoundError("custody.lineage_unknown", f"no run made lot 0x{lot.hex()} here")
        require_before(made_by, order)
