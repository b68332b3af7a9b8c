"""Where a lot's metal came from and where it went, in ppm that sum to one million.

Metal that is mixed is mixed evenly: a run's outputs and losses all have the origins of everything
it took. Shares are worked with in units of 2^-64 ppm and divided by largest remainder at every run,
so nothing of the whole is ever lost, the numbers stay small on graphs of any depth, and a share in
ppm is off by less than (edges x 2^-64) ppm before it is rounded.

Work is bounded: every run is looked at once, after all that lead to it, and a graph beyond the
limits is refused. A take of something that was not made before is refused as a cycle.
"""

from __future__ import annotations

import enum
import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from veta.custody.columns import column_of
from veta.custody.rounding import PPM, largest_remainder, moved, rounds_up
from veta.errors import InputError, NotFoundError
from veta.model.columns import ColumnKey, metal_key
from veta.model.lineage import LineageGraph, LotNode, RunNode, RunOrder, TakeEdge
from veta.model.lots import LotId, SiteId

WHOLE = PPM << 64
"""All of a lot's metal, in units of 2^-64 ppm."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work one question may make."""

    runs: int = 100_000
    edges: int = 1_000_000

    def require(self, runs: int, edges: int) -> None:
        """Check what was done so far.

        Raises:
            InputError: ``custody.lineage_too_large``.
        """
        if runs > self.runs:
            raise _too_large(f"{self.runs} runs")
        if edges > self.edges:
            raise _too_large(f"{self.edges} takes and lots")


@dataclass(frozen=True, slots=True)
class OriginShare:
    """What of a lot's metal came in with one run."""

    run: RunOrder
    site: SiteId
    """0 = from outside, without a registered site."""
    first_measured: bool
    """Not a way in: nobody had measured the metal before."""
    share_ppm: int


@dataclass(frozen=True, slots=True)
class Ancestry:
    """Everything that a lot came from."""

    origins: tuple[OriginShare, ...]
    """By run; shares sum to 1,000,000."""
    lots: Mapping[LotId, int]
    """Share of every lot on the way, ppm rounded down: what of the metal passed through it."""
    runs: int
    edges: int

    def by_site(self) -> dict[SiteId, int]:
        """Shares of the origins by site, ppm; they sum to 1,000,000."""
        shares: dict[SiteId, int] = {}
        for origin in self.origins:
            shares[origin.site] = shares.get(origin.site, 0) + origin.share_ppm
        return shares


class Whereabouts(enum.Enum):
    """Where a part of a lot's metal is."""

    IN_LOT = "in_lot"
    """Not taken: held, offered, retired or exited."""
    IN_BATCH = "in_batch"
    """In lots that nobody opened."""
    LOST = "lost"
    """Declared as lost."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a lot's metal is."""

    whereabouts: Whereabouts
    run: RunOrder
    """Run that made the lot or batch, or that lost it."""
    output: int | None
    lot: LotId | None
    share_ppm: int


@dataclass(frozen=True, slots=True)
class Descent:
    """Where all of a lot's metal is."""

    places: tuple[Place, ...]
    """Shares sum to 1,000,000; places of less than a millionth are counted in ``runs`` only."""
    runs: int
    edges: int


@dataclass(slots=True)
class _Work:
    """Runs waiting for their turn, each once, earliest first, and the work done so far."""

    limits: Limits
    weights: dict[RunOrder, int] = field(default_factory=dict)
    heap: list[RunOrder] = field(default_factory=list)
    runs: int = 0
    edges: int = 0

    def add(self, order: RunOrder, weight: int) -> None:
        if order not in self.weights:
            self.weights[order] = 0
            heapq.heappush(self.heap, order)
        self.weights[order] += weight

    def next(self) -> tuple[RunOrder, int]:
        order = heapq.heappop(self.heap)
        self.runs += 1
        self.limits.require(self.runs, self.edges)
        return order, self.weights[order]

    def count(self, edges: int) -> None:
        self.edges += edges
        self.limits.require(self.runs, self.edges)


class RunInputs(NamedTuple):
    """What a run took of one metal, a place in every list for each take."""

    lots: Sequence[LotId]
    made_by: Sequence[RunOrder]
    brought: Sequence[int]
    """What of the metal left each lot."""
    first_measured: int
    """Of the metal; nobody had measured it before."""


@dataclass(slots=True)
class Passage:
    """How a lot's metal came through the runs behind it, in units of 2^-64 ppm."""

    origins: dict[RunOrder, int] = field(default_factory=dict)
    """What came in with each run that something came in with."""
    lots: dict[LotId, int] = field(default_factory=dict)
    runs: int = 0
    edges: int = 0

    def ancestry(self, origin: Callable[[RunOrder], tuple[SiteId, bool]]) -> Ancestry:
        """The answer in ppm.

        Args:
            origin: site of a run, and whether it took anything.
        """
        ordered = sorted(self.origins)
        shares = largest_remainder(PPM, [self.origins[order] for order in ordered])
        return Ancestry(
            origins=tuple(
                OriginShare(order, *origin(order), share_ppm)
                for order, share_ppm in zip(ordered, shares, strict=True)
            ),
            lots={each: part >> 64 for each, part in self.lots.items()},
            runs=self.runs,
            edges=self.edges,
        )


def passage(
    made_by: RunOrder,
    inputs: Callable[[RunOrder], RunInputs],
    limits: Limits,
    behind: Collection[RunOrder] | None = None,
) -> Passage:
    """How the metal of something that a run made came to it.

    Args:
        made_by: the run.
        inputs: what a run took; asked once of every run that is reached.
        limits: of work.
        behind: exactly the runs that will be reached, if that is known: they are then gone through
            in order, without a heap.

    Raises:
        InputError: ``custody.lineage_cycle``, ``custody.lineage_too_large``.
    """
    weights = dict.fromkeys(behind or (), 0) | {made_by: WHOLE}
    known = sorted(behind or ())
    heap = [] if known else [-made_by]
    found = Passage()
    through, origins = found.lots, found.origins
    while known or heap:
        order = known.pop() if known else RunOrder(-heapq.heappop(heap))
        lots, makers, brought, own = inputs(order)
        found.runs += 1
        found.edges += len(lots)
        limits.require(found.runs, found.edges)
        if not any(brought):
            own = 1  # a way in, or a metal first measured here
        parts = largest_remainder(weights[order], [*brought, own])
        if parts[-1]:
            origins[order] = parts[-1]
        for lot, maker, part in zip(lots, makers, parts, strict=False):  # the last is its own
            through[lot] = through.get(lot, 0) + part
            if maker in weights:
                weights[maker] += part
            else:
                weights[maker] = part
                heapq.heappush(heap, -maker)
    return found


def ancestry(
    graph: LineageGraph, lot: LotId, substance: int, limits: Limits | None = None
) -> Ancestry:
    """Where a lot's metal came from.

    Args:
        graph: of one block.
        lot: an opened lot.
        substance: whose shares are asked for.
        limits: of work.

    Raises:
        NotFoundError: ``custody.lineage_unknown``: the graph lacks a lot or run that it names.
        InputError: ``custody.lineage_cycle``, ``custody.lineage_too_large``,
            ``custody.lineage_no_metal`` if the lot has none of the substance.
    """
    metal = metal_key(substance)
    node = known_lot(graph, lot)
    if not node.quantities.get(metal, 0):
        raise no_metal(metal)

    def inputs(order: RunOrder) -> RunInputs:
        run = known_run(graph, order)
        nodes = [known_input(graph, run, take) for take in run.takes]
        return RunInputs(
            [each.lot for each in nodes],
            [each.made_by for each in nodes],
            [moved_of(each, take, metal) for each, take in zip(nodes, run.takes, strict=True)],
            run.first_measured.get(metal, 0),
        )

    def origin(order: RunOrder) -> tuple[SiteId, bool]:
        run = known_run(graph, order)
        return run.site, bool(run.takes)

    return passage(node.made_by, inputs, limits or Limits()).ancestry(origin)


def descent(
    graph: LineageGraph, lot: LotId, substance: int, limits: Limits | None = None
) -> Descent:
    """Where a lot's metal went.

    Args:
        graph: of one block.
        lot: an opened lot.
        substance: whose shares are asked for.
        limits: of work.

    Raises:
        NotFoundError: ``custody.lineage_unknown``.
        InputError: as ``ancestry``.
    """
    metal = metal_key(substance)
    node = known_lot(graph, lot)
    if not node.quantities.get(metal, 0):
        raise no_metal(metal)
    work = _Work(limits or Limits())
    places: dict[tuple[Whereabouts, RunOrder, int | None, LotId | None], int] = {}
    _leave_lot(graph, node, WHOLE, metal, work, places)
    while work.heap:
        order, weight = work.next()
        run = known_run(graph, order)
        made = [output.sums.get(metal, 0) for output in run.outputs]
        *parts, gone = largest_remainder(weight, [*made, run.losses.get(metal, 0) or not any(made)])
        places[Whereabouts.LOST, order, None, None] = gone
        for number, part in enumerate(parts):
            _leave_batch(graph, run, number, part, metal, work, places)
    shares = largest_remainder(PPM, list(places.values()))
    found = (
        Place(*where, share_ppm)
        for where, share_ppm in zip(places, shares, strict=True)
        if share_ppm
    )
    return Descent(tuple(found), work.runs, work.edges)


def known_lot(graph: LineageGraph, lot: LotId) -> LotNode:
    """A lot of the graph.

    Raises:
        NotFoundError: ``custody.lineage_unknown``.
    """
    node = graph.lot(lot)
    if node is None:
        raise NotFoundError("custody.lineage_unknown", f"no opened lot 0x{lot.hex()} is known here")
    return node


def known_run(graph: LineageGraph, order: RunOrder) -> RunNode:
    """A run of the graph.

    Raises:
        NotFoundError: ``custody.lineage_unknown``.
    """
    run = graph.run(order)
    if run is None:
        raise NotFoundError("custody.lineage_unknown", f"run {order} is not known here")
    return run


def known_input(graph: LineageGraph, run: RunNode, take: TakeEdge) -> LotNode:
    """The lot of a take, made before the run.

    Raises:
        NotFoundError: ``custody.lineage_unknown``.
        InputError: ``custody.lineage_cycle``.
    """
    node = known_lot(graph, take.lot)
    require_before(node.made_by, run.order)
    return node


def moved_of(node: LotNode, take: TakeEdge, column: ColumnKey) -> int:
    """What of a column left a lot with a take.

    Raises:
        InputError: ``custody.take_range``.
    """
    total = node.quantities.get(node.reference_column, 0)
    quantity, up = node.quantities.get(column, 0), rounds_up(column_of(column))
    return moved(quantity, total, take.taken, take.amount, up=up)


_Places = dict[tuple[Whereabouts, RunOrder, int | None, LotId | None], int]


def _leave_lot(
    graph: LineageGraph, node: LotNode, weight: int, metal: ColumnKey, work: _Work, places: _Places
) -> None:
    takers = graph.takers(node.lot)
    work.count(len(takers))
    taken = []
    for order in takers:
        require_before(node.made_by, order)
        takes = [take for take in known_run(graph, order).takes if take.lot == node.lot]
        taken.append(sum(moved_of(node, take, metal) for take in takes))
    left = node.quantities.get(metal, 0) - sum(taken)
    *parts, rest = largest_remainder(weight, [*taken, left]) if weight else [0] * (len(taken) + 1)
    for order, part in zip(takers, parts, strict=True):
        work.add(order, part)
    places[Whereabouts.IN_LOT, node.made_by, node.output, node.lot] = rest


def _leave_batch(
    graph: LineageGraph,
    run: RunNode,
    number: int,
    weight: int,
    metal: ColumnKey,
    work: _Work,
    places: _Places,
) -> None:
    opened = graph.opened(run.order, number)
    work.count(len(opened))
    nodes = [known_lot(graph, lot) for lot in opened]
    held = [node.quantities.get(metal, 0) for node in nodes]
    whole = run.outputs[number].sums.get(metal, 0)
    *parts, rest = largest_remainder(weight, [*held, whole - sum(held) or not any(held)])
    for node, part in zip(nodes, parts, strict=True):
        _leave_lot(graph, node, part, metal, work, places)
    places[Whereabouts.IN_BATCH, run.order, number, None] = rest


def require_before(made_by: RunOrder, order: RunOrder) -> None:
    """Check that what a run takes was made before it.

    Raises:
        InputError: ``custody.lineage_cycle``.
    """
    if made_by >= order:
        raise InputError(
            "custody.lineage_cycle", f"run {order} takes what run {made_by} made: not before it"
        )


def no_metal(metal: ColumnKey) -> InputError:
    """The refusal of a question about a metal that a lot has none of, to be raised."""
    return InputError("custody.lineage_no_metal", f"no {column_of(metal).words()} in this lot")


def _too_large(what: str) -> InputError:
    return InputError("custody.lineage_too_large", f"the lineage has more than {what}")


class MemoryGraph:
    """A graph held in memory.

    Args:
        runs: in any order.
        lots: opened lots, in any order.
    """

    def __init__(self, runs: Sequence[RunNode], lots: Sequence[LotNode]) -> None:
        self._runs = {run.order: run for run in runs}
        self._lots = {node.lot: node for node in lots}
        self._takers: dict[LotId, list[RunOrder]] = {}
        self._opened: dict[tuple[RunOrder, int], list[LotId]] = {}
        for run in runs:
            for lot in dict.fromkeys(take.lot for take in run.takes):
                self._takers.setdefault(lot, []).append(run.order)
        for node in lots:
            self._opened.setdefault((node.made_by, node.output), []).append(node.lot)

    def lot(self, lot: LotId) -> LotNode | None:
        """As ``LineageGraph``."""
        return self._lots.get(lot)

    def run(self, order: RunOrder) -> RunNode | None:
        """As ``LineageGraph``."""
        return self._runs.get(order)

    def takers(self, lot: LotId) -> Sequence[RunOrder]:
        """As ``LineageGraph``."""
        return self._takers.get(lot, ())

    def opened(self, order: RunOrder, output: int) -> Sequence[LotId]:
        """As ``LineageGraph``."""
        return self._opened.get((order, output), ())
