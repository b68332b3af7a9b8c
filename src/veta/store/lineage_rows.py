"""Everything behind a lot, read in bulk: one walk in SQL, then each table once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.model.lineage import RunOrder
from veta.model.lot_events import LotAction, LotBatch
from veta.model.lots import LotId
from veta.ports.lot_store import LineageBack
from veta.store import lot_values as values
from veta.store.lot_rows import OPENED, TAKES, run_of_rows
from veta.store.lot_schema import (
    lot_batch_ends,
    lot_batches,
    lot_changes,
    lot_run_parts,
    lot_runs,
    lot_takes,
    opened_lots,
)

_CHUNK: Final = 500
"""Values of one IN: SQLite takes at least 999 variables."""
_MADE: Final = sa.and_(
    lot_runs.c.issuer == lot_batches.c.issuer, lot_runs.c.cause == lot_batches.c.cause
)


class LineageRows:
    """Implements ``lineage_back`` of ``FollowedLotWork``."""

    _connection: Connection

    def lineage_back(self, lot: LotId, most: int) -> LineageBack:
        """Runs behind a lot, and the lots that they took."""
        orders = self._connection.execute(_walk(lot).limit(most + 1)).scalars().all()
        if len(orders) > most:
            return LineageBack()
        taken, parts = (
            self._by_run(orders, TAKES, lot_takes),
            self._by_run(orders, sa.select(lot_run_parts), lot_run_parts),
        )
        found = LineageBack()
        for row in self._among(sa.select(lot_runs), lot_runs.c.id, orders):
            found.runs[RunOrder(row.id)] = run_of_rows(row, taken[row.id], parts[row.id])
        made: dict[int, list[LotBatch]] = defaultdict(list)
        query = sa.select(lot_batches, lot_runs.c.id.label("run")).join(lot_runs, _MADE)
        for row in self._among(query.order_by(lot_batches.c.id), lot_runs.c.id, orders):
            made[row.run].append(values.read_batch(row))
        found.batches.update((RunOrder(run), tuple(batches)) for run, batches in made.items())
        places = {take.lot for takes in taken.values() for take in takes}
        for row in self._among(OPENED, opened_lots.c.id, sorted(places)):
            found.opened.append(values.read_opened(row))
        found.opened += map(
            values.read_opened, self._connection.execute(OPENED.where(opened_lots.c.lot == lot))
        )
        self._mark(found)
        return found

    def _mark(self, found: LineageBack) -> None:
        """What is not as it was first told: replaced batches, lots that were measured."""
        ends = sa.select(lot_batch_ends.c.root).where(lot_batch_ends.c.replacement.is_not(None))
        found.replaced.update(map(bytes, self._connection.execute(ends).scalars()))
        rebased = sa.select(lot_changes.c.lot).where(lot_changes.c.action == LotAction.REBASED)
        lots = [each.lot for each in found.opened]
        found.rebased.update(row.lot for row in self._among(rebased, lot_changes.c.lot, lots))

    def _by_run(
        self, orders: Sequence[int], query: sa.Select[Any], table: sa.Table
    ) -> dict[int, list[Row[Any]]]:
        rows: dict[int, list[Row[Any]]] = defaultdict(list)
        order = [table.c.part, table.c.position] if "part" in table.c else [table.c.position]
        for row in self._among(query.order_by(*order), table.c.run, orders):
            rows[row.run].append(row)
        return rows

    def _among(
        self, query: sa.Select[Any], column: sa.Column[Any], wanted: Sequence[Any]
    ) -> Iterator[Row[Any]]:
        for at in range(0, len(wanted), _CHUNK):
            chunk = query.where(column.in_(wanted[at : at + _CHUNK]))
            yield from self._connection.execute(chunk)


def _walk(lot: LotId) -> sa.Select[Any]:
    """Places of all runs behind a lot, its own first."""
    made = (
        sa.select(lot_runs.c.id)
        .select_from(opened_lots)
        .join(lot_batches, lot_batches.c.id == opened_lots.c.batch)
        .join(lot_runs, _MADE)
    )
    back = made.where(opened_lots.c.lot == lot).cte("back", recursive=True)
    earlier = (
        sa.select(lot_runs.c.id)
        .select_from(back)
        .join(lot_takes, lot_takes.c.run == back.c.id)
        .join(opened_lots, opened_lots.c.id == lot_takes.c.lot)
        .join(lot_batches, lot_batches.c.id == opened_lots.c.batch)
        .join(lot_runs, _MADE)
    )
    return sa.select(back.union(earlier).c.id)
