"""Everything behind a lot, read in bulk.

A search goes backwards a level at a time: of all runs of a level one statement reads what they
took, and where that was made is among it. So each run is read once, by an integer, and nothing
else is read to find the next.
"""

from __future__ import annotations

import sqlite3
import struct
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.errors import StoreError
from veta.model.columns import ColumnKey
from veta.model.lineage import RunOrder
from veta.model.lot_events import LotAction, LotBatch
from veta.model.lots import LotId, SiteId
from veta.ports.lot_store import LineageBack, Place, TakeBack, TakesBack
from veta.store import lot_values as values
from veta.store.lot_rows import OPENED
from veta.store.lot_schema import (
    NO_PLACE,
    lot_batch_ends,
    lot_batches,
    lot_changes,
    lot_runs,
    opened_lots,
)
from veta.store.lot_writing import driver
from veta.store.run_octets import PART, TAKE, first_measured, makers, openings, take_rows

T = TypeVar("T")
_CHUNK: Final = 500
"""Values of one IN: SQLite takes at least 999 variables."""
_MADE: Final = sa.and_(
    lot_runs.c.issuer == lot_batches.c.issuer, lot_runs.c.cause == lot_batches.c.cause
)
_AMONG: Final = "FROM json_each(?) AS wanted CROSS JOIN"
"""As many wanted places as there are, in one value: ``json_each`` is in every SQLite since 3.38."""
# ruff: noqa: S608 - the texts below are put together of constants only
_TAKES: Final = f"SELECT r.id, r.takes, r.parts {_AMONG} lot_runs r ON r.id = wanted.value"
_JOINED: Final = (
    f"SELECT count(*), max(length(r.takes) % {TAKE.size}),"
    " CAST(group_concat(r.takes, '') AS BLOB)"
    f" {_AMONG} lot_runs r ON r.id = wanted.value"
)
"""Octets as text and back are the same octets: SQLite looks at none of them."""
_HELD: Final = (
    "SELECT o.id, o.columns, o.quantities, o.reference_column, EXISTS (SELECT 1 FROM lot_changes c"
    " INDEXED BY ix_lot_changes_rebased"
    f" WHERE c.lot = o.lot AND c.action = {LotAction.REBASED:d})"
    f" {_AMONG} opened_lots o ON o.id = wanted.value"
)
"""The index has measured lots only: what else happened to a lot is not gone through."""
_SITES: Final = (
    f"SELECT r.id, b.id, b.site, EXISTS (SELECT 1 FROM lot_batch_ends e WHERE e.issuer = b.issuer"
    f" AND e.root = b.root AND e.replacement IS NOT NULL) {_AMONG} lot_runs r"
    " ON r.id = wanted.value CROSS JOIN lot_batches b ON b.issuer = r.issuer AND b.cause = r.cause"
    " ORDER BY b.id DESC"
)
_ID_OF_TAKE: Final = f"32s{TAKE.size - 32}x"
_Walked = dict[int, tuple[bytes, bytes]]
"""Takes and parts of runs, by place."""


class LineageRows:
    """Implements ``lineage_back``, ``lots_back``, ``takes_back`` and ``run_sites``."""

    _connection: Connection

    def lots_back(self, lot: LotId, most: int) -> frozenset[LotId] | None:
        """All lots that went into one."""
        levels = []
        runs = 0
        for found, takes in self._search(lot, self._joined):
            runs += found
            if runs > most:
                return None
            levels.append(takes)
        takes = b"".join(levels)
        ids: tuple[LotId, ...] = struct.unpack(_ID_OF_TAKE * (len(takes) // TAKE.size), takes)
        return frozenset(ids)

    def takes_back(self, lot: LotId, column: ColumnKey, most: int) -> TakesBack | None:
        """All takes behind a lot."""
        walked = self._walk(lot, most)
        if not walked:
            return None
        joined = b"".join([takes for takes, _ in walked.values()])
        held = self._held(set(openings(joined)), column)
        if held is None:
            return None
        runs: dict[RunOrder, Sequence[TakeBack]] = {
            RunOrder(order): take_rows(takes)  # type: ignore[misc]  # as packed
            for order, (takes, _) in walked.items()
        }
        measured = {
            RunOrder(order): first_measured(parts, column)
            for order, (_, parts) in walked.items()
            if parts
        }
        return TakesBack(runs, measured, held)

    def run_sites(self, orders: Collection[RunOrder]) -> Mapping[RunOrder, SiteId]:
        """Site of each of some runs."""
        found: dict[RunOrder, SiteId] = {}
        replaced = set()
        for order, _, site, ended in self._wanted(_SITES, orders):
            found[order] = SiteId(site)  # the first batch comes last
            if ended:
                replaced.add(order)
        return {order: site for order, site in found.items() if order not in replaced}

    def lineage_back(self, lot: LotId, most: int) -> LineageBack:
        """Runs behind a lot, and the lots that they took."""
        found = LineageBack()
        walked = self._walk(lot, most)
        if not walked:
            return found
        orders = sorted(walked)
        for row in self._among(sa.select(lot_runs), lot_runs.c.id, orders):
            found.runs[RunOrder(row.id)] = values.read_run(row)
        made: dict[int, list[LotBatch]] = defaultdict(list)
        query = sa.select(lot_batches, lot_runs.c.id.label("run")).join(lot_runs, _MADE)
        for row in self._among(query.order_by(lot_batches.c.id), lot_runs.c.id, orders):
            made[row.run].append(values.read_batch(row))
        found.batches.update((RunOrder(run), tuple(batches)) for run, batches in made.items())
        places = set(openings(b"".join([takes for takes, _ in walked.values()])))
        for row in self._among(OPENED, opened_lots.c.id, sorted(places)):
            found.opened.append(values.read_opened(row))
        found.opened += map(
            values.read_opened, self._connection.execute(OPENED.where(opened_lots.c.lot == lot))
        )
        self._mark(found)
        return found

    def _walk(self, lot: LotId, most: int) -> _Walked | None:
        """Takes and parts of all runs behind a lot, its own among them; ``None``: more than most.

        Raises:
            StoreError: ``store.corrupt``.
        """
        walked: _Walked = {}
        for rows, _ in self._search(lot, self._rows):
            walked.update((order, (takes, parts)) for order, takes, parts in rows)
            if len(walked) > most:
                return None
        return walked

    def _search(
        self, lot: LotId, read: Callable[[set[int]], tuple[T, bytes]]
    ) -> Iterator[tuple[T, bytes]]:
        """What is read of all runs behind a lot, each once, a level at a time, and their takes.

        Raises:
            StoreError: ``store.corrupt``.
        """
        query = "SELECT run FROM opened_lots WHERE lot = ?"
        front = {run for (run,) in driver(self._connection).execute(query, (lot,))}
        seen = {NO_PLACE}
        while front := front - seen:
            found, takes = read(front)
            yield found, takes
            seen |= front
            front = set(makers(takes))

    def _rows(self, orders: set[int]) -> tuple[list[tuple[int, bytes, bytes]], bytes]:
        """Places, takes and parts of runs."""
        rows = self._wanted(_TAKES, orders)
        if any(len(takes) % TAKE.size or len(parts) % PART.size for _, takes, parts in rows):
            raise _corrupt()
        return rows, b"".join([takes for _, takes, _ in rows])

    def _joined(self, orders: set[int]) -> tuple[int, bytes]:
        """How many of the runs there are, and what they took."""
        ((found, cut, takes),) = self._wanted(_JOINED, orders)
        if cut:
            raise _corrupt()
        return found, takes or b""

    def _held(
        self, places: set[int], column: ColumnKey
    ) -> dict[Place, tuple[int, int, bool]] | None:
        """What lots were opened with; ``None`` if one is not there."""
        found: dict[tuple[bytes, int], tuple[int, slice, slice]] = {}
        held: dict[Place, tuple[int, int, bool]] = {}
        for place, columns, quantities, reference, rebased in self._wanted(_HELD, places):
            try:
                if (columns, reference) not in found:
                    found[columns, reference] = _places_in(columns, column, reference)
                size, of_column, of_reference = found[columns, reference]
                numbers = (quantities[of_column], quantities[of_reference])
            except (ValueError, TypeError) as error:
                raise _corrupt() from error
            if len(quantities) != size:
                raise _corrupt()
            quantity, whole = map(int.from_bytes, numbers)
            held[place] = (quantity, whole, bool(rebased))
        return held if len(held) == len(places) else None

    def _wanted(self, query: str, places: Iterable[int]) -> list[Any]:
        """Rows of a query over ``json_each``, by the driver itself.

        Of a hundred thousand plain rows most of the time would go into making them SQLAlchemy's.
        """
        cursor: sqlite3.Cursor = driver(self._connection).execute(
            query, (orjson.dumps(sorted(places)).decode(),)
        )
        return cursor.fetchall()

    def _mark(self, found: LineageBack) -> None:
        """What is not as it was first told: replaced batches, lots that were measured."""
        ends = sa.select(lot_batch_ends.c.root).where(lot_batch_ends.c.replacement.is_not(None))
        found.replaced.update(map(bytes, self._connection.execute(ends).scalars()))
        rebased = sa.select(lot_changes.c.lot).where(lot_changes.c.action == LotAction.REBASED)
        lots = [each.lot for each in found.opened]
        found.rebased.update(row.lot for row in self._among(rebased, lot_changes.c.lot, lots))

    def _among(
        self, query: sa.Select[Any], column: sa.Column[Any], wanted: Sequence[Any]
    ) -> Iterator[Row[Any]]:
        for at in range(0, len(wanted), _CHUNK):
            chunk = query.where(column.in_(wanted[at : at + _CHUNK]))
            yield from self._connection.execute(chunk)


def _places_in(columns: bytes, column: int, reference: int) -> tuple[int, slice, slice]:
    """Octets of a row of quantities; where in them those of a column and of the reference are.

    Raises:
        ValueError: the lot has no such reference, or the octets are no columns.
    """
    keys = values.unpacked_keys(columns)
    at = [keys.index(each) if each in keys else None for each in (column, reference)]
    if at[1] is None:
        raise ValueError("no quantity of the reference")
    of_column, of_reference = (
        slice(0) if each is None else slice(8 * each, 8 * each + 8) for each in at
    )
    return 8 * len(keys), of_column, of_reference


def _corrupt() -> StoreError:
    return StoreError("store.corrupt", "a row holds an impossible value")
