"""Lineage: where a lot's metal came from and went, over what the store has followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from veta.custody.columns import added, column_of, sums_of
from veta.custody.floor import Co2eFloor, co2e_floor
from veta.custody.lineage import Ancestry, Descent, Limits, ancestry, descent, known_lot
from veta.custody.rounding import moved, rounds_up
from veta.model.columns import ColumnKey, metal_key
from veta.model.identifiers import Digest, MemberId
from veta.model.lineage import BatchNode, LotNode, RunNode, RunOrder, TakeEdge
from veta.model.lot_events import LotBatch, LotChange, LotOpened, LotRun
from veta.model.lot_tree import LotRoot
from veta.model.lots import AllocationRule, HeaderFlag, LotBatchKind, LotId
from veta.ports.lot_store import Place
from veta.ports.store import Store, StoreWork
from veta.services.lineage_back import ancestry_in_bulk
from veta.services.registry import followed_rule

MOST_AT_ONCE: Final = 20_000
"""Runs behind a lot that are read at once, about 5 KB each in memory."""


@dataclass(frozen=True, slots=True)
class _Base:
    """What takes of a lot are counted in: one row of quantities, whatever was rebased on receipt.

    A lot that was rebased is what had been taken of it before, and what it is since.
    """

    quantities: Mapping[ColumnKey, int]
    rebases: tuple[tuple[int, int], ...] = ()
    """Place of each rebase, and how much of the reference was gone by then."""

    def gone_before(self, order: RunOrder) -> int:
        """Of the reference, before the quantities that a run took from were set."""
        return max((gone for place, gone in self.rebases if place < order), default=0)


class _Followed:
    """What a store followed of lineage: read at once where that was asked for, else one by one."""

    def __init__(self, work: StoreWork) -> None:
        self.work = work
        self._opened: dict[LotId, LotOpened] = {}
        self._as_opened: set[LotId] = set()
        self._batches: dict[tuple[MemberId, LotRoot], LotBatch] = {}
        self._runs: dict[RunOrder, LotRun] = {}
        self._made: dict[tuple[MemberId, Digest], tuple[LotBatch, ...]] = {}
        self._orders: dict[tuple[MemberId, Digest], RunOrder] = {}

    def read_back(self, lot: LotId, most: int) -> None:
        """Everything behind a lot. What was replaced or measured since is still read one by one."""
        back = self.work.lineage_back(lot, most)
        self._runs = back.runs
        self._orders = {(run.issuer, run.cause): order for order, run in back.runs.items()}
        for order, batches in back.batches.items():
            self._batches |= {(each.header.issuer, each.header.root): each for each in batches}
            if back.replaced.isdisjoint(each.header.root for each in batches):
                run = back.runs[order]
                self._made[run.issuer, run.cause] = batches
        self._opened = {each.lot: each for each in back.opened}
        self._as_opened = {lot for lot in self._opened if lot not in back.rebased}

    def opened_lot(self, lot: LotId) -> LotOpened | None:
        return self._opened.get(lot) or self.work.opened_lot(lot)

    def lot_batch(self, issuer: MemberId, root: LotRoot) -> LotBatch | None:
        return self._batches.get((issuer, root)) or self.work.lot_batch(issuer, root)

    def lot_run(self, order: RunOrder) -> LotRun | None:
        return self._runs.get(order) or self.work.lot_run(order)

    def run_of(self, issuer: MemberId, cause: Digest) -> RunOrder | None:
        return self._orders.get((issuer, cause)) or self.work.run_of(issuer, cause)

    def batches_of_run(self, issuer: MemberId, cause: Digest) -> tuple[LotBatch, ...]:
        return self._made.get((issuer, cause)) or self.work.batches_of_run(issuer, cause)

    def rebases(self, lot: LotId) -> tuple[tuple[Place, LotChange], ...]:
        return () if lot in self._as_opened else self.work.rebases(lot)


def _base(work: _Followed, lot: LotId) -> _Base:
    event = work.opened_lot(lot)
    batch = None if event is None else work.lot_batch(event.issuer, event.root)
    if event is None or batch is None:
        return _Base({})
    columns, held = event.columns, event.quantities
    at = columns.index(batch.header.reference_column)
    gone, earlier = 0, [0] * len(columns)
    places = []
    for place, change in work.rebases(lot):
        for number, key in enumerate(columns):
            up, total = rounds_up(column_of(key)), change.before[at]
            earlier[number] += moved(change.before[number], total, 0, change.taken, up=up)
        held = tuple(part + now for part, now in zip(earlier, change.after, strict=True))
        gone += change.taken
        places.append((int(place), gone))
    return _Base(sums_of(columns, held), tuple(places))


class StoreGraph:
    """Implements ``LineageGraph`` over one consistent view of a store.

    Args:
        work: the view.
        rule: a confirmed allocation rule by its number; ``None``: as the store followed them.
    """

    def __init__(
        self, work: StoreWork, rule: Callable[[int], AllocationRule | None] | None = None
    ) -> None:
        self._work = _Followed(work)
        self._rule = rule or (lambda number: followed_rule(work, number))
        self._runs: dict[RunOrder, RunNode | None] = {}
        self._lots: dict[LotId, LotNode | None] = {}
        self._bases: dict[LotId, _Base] = {}

    def read_back(self, lot: LotId, limits: Limits | None = None) -> StoreGraph:
        """This graph, with everything behind a lot read at once; for questions that go backwards.

        Args:
            lot: that will be asked about.
            limits: of work; where there is more than that, or than ``MOST_AT_ONCE`` runs, nothing
                is read ahead.
        """
        self._work.read_back(lot, min((limits or Limits()).runs, MOST_AT_ONCE))
        return self

    def lot(self, lot: LotId) -> LotNode | None:
        """An opened lot."""
        if lot not in self._lots:
            self._lots[lot] = self._lot(lot)
        return self._lots[lot]

    def run(self, order: RunOrder) -> RunNode | None:
        """A run by its place."""
        if order not in self._runs:
            self._runs[order] = self._run(order)
        return self._runs[order]

    def edge(self, order: RunOrder, lot: LotId, taken: int, amount: int) -> TakeEdge:
        """A take as the run said it, counted over all that the lot ever was."""
        return TakeEdge(lot, self._base(lot).gone_before(order) + taken, amount)

    def takers(self, lot: LotId) -> Sequence[RunOrder]:
        """Runs that took of a lot, each once."""
        return self._work.work.runs_taking(lot)

    def opened(self, order: RunOrder, output: int) -> Sequence[LotId]:
        """Lots of a batch that were opened."""
        run = self._work.lot_run(order)
        if run is None:
            return ()
        batches = self._work.batches_of_run(run.issuer, run.cause)
        if output >= len(batches):
            return ()
        header = batches[output].header
        return tuple(lot.lot for lot in self._work.work.opened_lots(header.issuer, header.root))

    def _lot(self, lot: LotId) -> LotNode | None:
        event = self._work.opened_lot(lot)
        batch = None if event is None else self._work.lot_batch(event.issuer, event.root)
        if event is None or batch is None:
            return None
        header = batch.header
        order = self._work.run_of(header.issuer, header.cause)
        if order is None:
            return None
        made = [b.header.root for b in self._work.batches_of_run(header.issuer, header.cause)]
        return LotNode(
            lot=lot,
            made_by=order,
            output=made.index(header.root),
            reference_column=header.reference_column,
            quantities=self._base(lot).quantities,
        )

    def _run(self, order: RunOrder) -> RunNode | None:
        run = self._work.lot_run(order)
        if run is None:
            return None
        batches = self._work.batches_of_run(run.issuer, run.cause)
        if not batches:
            return None
        header = batches[0].header
        number = header.allocation_rule
        rule = self._rule(number) if number else None
        return RunNode(
            order=order,
            kind=LotBatchKind(run.kind),
            site=header.site,
            outputs=tuple(self._batch(batch) for batch in batches),
            takes=tuple(self.edge(order, take.lot, take.taken, take.amount) for take in run.takes),
            losses=added({loss.column: loss.quantity} for loss in run.losses),
            first_measured=added({m.column: m.quantity} for m in run.first_measured),
            emissions_g=sum(emission.co2e_g for emission in run.emissions),
            rule=None if rule is None else rule.shares,
        )

    def _base(self, lot: LotId) -> _Base:
        if lot not in self._bases:
            self._bases[lot] = _base(self._work, lot)
        return self._bases[lot]

    def _batch(self, batch: LotBatch) -> BatchNode:
        told = batch
        while not told.columns:  # a replacement has the totals of what it replaced
            replaced = self._work.work.replaced_batch(told.header.issuer, told.header.root)
            if replaced is None:
                break
            told = replaced
        return BatchNode(
            product_class=batch.header.product_class,
            reference_column=batch.header.reference_column,
            sums=sums_of(told.columns, told.sums),
            attributed=HeaderFlag.ATTRIBUTED in batch.header.flags,
        )


class LineageDesk:
    """Answers where metal came from and where it is.

    Args:
        store: as followed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def ancestry(self, lot: LotId, substance: int, limits: Limits | None = None) -> Ancestry:
        """Where a lot's metal came from.

        Raises:
            NotFoundError: ``custody.lineage_unknown``.
            InputError: as ``custody.lineage.ancestry``.
        """
        with self._store.read() as work:
            graph, bounds = StoreGraph(work), limits or Limits()
            metal = metal_key(substance)
            found = ancestry_in_bulk(work, graph, graph.edge, lot, metal, bounds)
            return ancestry(graph, lot, substance, bounds) if found is None else found

    def lots_behind(self, lot: LotId, limits: Limits | None = None) -> frozenset[LotId]:
        """All lots that went into a lot, without their shares.

        Raises:
            NotFoundError: ``custody.lineage_unknown``.
            InputError: ``custody.lineage_too_large``.
        """
        bounds = limits or Limits()
        with self._store.read() as work:
            found = work.lots_back(lot, bounds.runs)
            if found is None:
                bounds.require(bounds.runs + 1, 0)
            if not found:
                known_lot(StoreGraph(work), lot)
            return found or frozenset()

    def floor(self, lot: LotId, limits: Limits | None = None) -> Co2eFloor:
        """The least CO2e that a lot can carry, beside what it states. See ``custody.floor``.

        Raises:
            NotFoundError, InputError: as ``ancestry``.
        """
        with self._store.read() as work:
            return co2e_floor(StoreGraph(work).read_back(lot, limits), lot, limits)

    def descent(self, lot: LotId, substance: int, limits: Limits | None = None) -> Descent:
        """Where a lot's metal went.

        Raises:
            NotFoundError, InputError: as ``ancestry``.
        """
        with self._store.read() as work:
            return descent(StoreGraph(work), lot, substance, limits)


def run_of_lot(work: StoreWork, lot: LotId) -> LotRun | None:
    """What was said by the run that made a lot."""
    node = StoreGraph(work).lot(lot)
    return None if node is None else work.lot_run(node.made_by)
