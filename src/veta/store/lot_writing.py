"""Rows of lots, written a chunk of blocks at a time: many rows a statement, few statements.

Rows point to rows that came before: a lot to its batch, a take to its lot. What came in the same
chunk is known; of the rest all are looked up at once. Statements go to the driver itself: a
hundred thousand rows of plain values are what an expression language only slows down.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy.engine import Connection

from veta.errors import StoreError
from veta.model.lot_events import (
    LotBatch,
    LotBatchEnded,
    LotChange,
    LotOpened,
    LotRun,
)
from veta.ports.lot_store import PLACE_BITS
from veta.ports.store import FollowedBody
from veta.store import lot_values as values
from veta.store.lot_schema import FOLLOWED_LOTS, NO_PLACE
from veta.store.lot_values import signed
from veta.store.run_octets import TAKE, packed_parts

_CHUNK: Final = 300
"""Keys a question: SQLite takes at least 999 variables, and a batch has two."""
# ruff: noqa: S608 - texts are put together of names in the schema and of question marks only
_INSERTS: Final[Mapping[str, str]] = {
    name: 'INSERT INTO {} ("{}") VALUES ({})'.format(
        name, '", "'.join(table.columns.keys()), ", ".join("?" * len(table.columns))
    )
    for name, table in FOLLOWED_LOTS.items()
}
_BATCHES_KNOWN: Final = (
    "SELECT b.issuer, b.root, b.id, b.reference_column, r.id FROM lot_batches b"
    " LEFT JOIN lot_runs r ON r.issuer = b.issuer AND r.cause = b.cause"
    " WHERE (b.issuer, b.root) IN (VALUES {})"
)
_RUNS_KNOWN: Final = "SELECT issuer, cause, id FROM lot_runs WHERE (issuer, cause) IN (VALUES {})"
_LOTS_KNOWN: Final = "SELECT lot, id, run FROM opened_lots WHERE lot IN ({})"


class _Known(NamedTuple):
    """A batch that lots are opened of."""

    place: int
    reference_column: int
    run: int


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction of SQLAlchemy's."""
    found: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # the only driver there is
    return found


def write_lots(connection: Connection, bodies: Sequence[FollowedBody]) -> None:
    """Write the bodies of lots of a chunk of blocks, in their order.

    Raises:
        StoreError: ``store.constraint``: something is named before it came to be, or twice.
    """
    if not bodies:
        return
    plain = driver(connection)
    rows = _Rows(plain, bodies)
    for each in bodies:
        rows.add(each)
    for table, written in rows.written.items():
        plain.executemany(_INSERTS[table], written)


class _Rows:
    """Rows of a chunk, by table."""

    def __init__(self, connection: sqlite3.Connection, bodies: Iterable[FollowedBody]) -> None:
        self.written: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        lots, batches, causes = _named_before(bodies)
        self._opened = _known_lots(connection, lots)
        """By lot: place of its opening, and of the run that made it."""
        self._batches = _known_batches(connection, batches)
        self._runs = _known_runs(connection, causes)
        self._causes: dict[tuple[int, bytes], list[tuple[int, bytes]]] = defaultdict(list)

    def add(self, followed: FollowedBody) -> None:
        """The rows that a body makes."""
        block, log_index, body = followed.block, followed.log_index, followed.body
        place = block << PLACE_BITS | log_index
        log = (block, log_index, followed.transaction_id)
        if isinstance(body, LotChange):
            self.written["lot_changes"].append((place, *values.change_row(body), *log))
        elif isinstance(body, LotOpened):
            self._open(body, place, log)
        elif isinstance(body, LotBatch):
            self._issue(body, place, log)
        elif isinstance(body, LotRun):
            self._run(body, place, log)
        elif isinstance(body, LotBatchEnded):
            self.written["lot_batch_ends"].append((place, *values.end_row(body), *log))
        else:
            table, row = values.account_row(body)  # type: ignore[arg-type]  # the rest
            self.written[table].append((place, *row, *log))

    def _issue(self, body: LotBatch, place: int, log: tuple[Any, ...]) -> None:
        header = body.header
        name = (header.issuer, header.root)
        cause = (header.issuer, header.cause)
        run = self._runs.get(cause, NO_PLACE)  # a batch is told of before its run, or takes a place
        self._batches[name] = _Known(place, header.reference_column, run)
        self._causes[cause].append(name)
        self.written["lot_batches"].append((place, *values.batch_row(body), *log))

    def _run(self, body: LotRun, place: int, log: tuple[Any, ...]) -> None:
        self._runs[body.issuer, body.cause] = place
        for name in self._causes[body.issuer, body.cause]:
            self._batches[name] = self._batches[name]._replace(run=place)
        opened, takes, edges = self._opened, [], self.written["lot_takes"]
        for position, take in enumerate(body.takes):
            try:
                opening, maker = opened[take.lot]
            except KeyError:
                raise _unknown("a lot") from None
            takes.append(TAKE.pack(take.lot, opening, maker, take.taken, take.amount))
            edges.append((place, position, opening))
        named = (body.issuer, body.cause, int(body.kind), body.source)
        said = (b"".join(takes), packed_parts(body))
        self.written["lot_runs"].append((place, *named, *said, *log))

    def _open(self, body: LotOpened, place: int, log: tuple[Any, ...]) -> None:
        batch = self._batches.get((body.issuer, body.root))
        if batch is None:
            raise _unknown("a batch")
        self._opened[body.lot] = (place, batch.run)
        row = (
            place,
            body.lot,
            batch.place,
            batch.run,
            batch.reference_column,
            signed(body.index),
            body.lot_key,
            body.statement_leaf,
            values.packed_keys(body.columns),
            values.packed(body.quantities),
        )
        self.written["opened_lots"].append((*row, *log))


def _named_before(
    bodies: Iterable[FollowedBody],
) -> tuple[set[bytes], set[tuple[int, bytes]], set[tuple[int, bytes]]]:
    """Lots and batches that a chunk names and does not tell of; causes of replacements in it."""
    told: set[object] = set()
    lots: set[bytes] = set()
    batches: set[tuple[int, bytes]] = set()
    causes: set[tuple[int, bytes]] = set()
    for followed in bodies:
        body = followed.body
        if isinstance(body, LotChange):
            continue  # most are
        if isinstance(body, LotBatch):
            told.add((body.header.issuer, body.header.root))
            if not body.columns:
                causes.add((body.header.issuer, body.header.cause))
        elif isinstance(body, LotOpened):
            told.add(body.lot)
            batches.add((body.issuer, body.root))
        elif isinstance(body, LotRun):
            lots.update([take.lot for take in body.takes])
    return lots - told, batches - told, causes


def _known_lots(connection: sqlite3.Connection, lots: set[bytes]) -> dict[bytes, tuple[int, int]]:
    """Place and run of lots that were opened."""
    found = {}
    for wanted in _chunks(lots):
        query = _LOTS_KNOWN.format(", ".join("?" * len(wanted)))
        for lot, place, run in connection.execute(query, wanted):
            found[lot] = (place, run)
    return found


def _known_batches(
    connection: sqlite3.Connection, batches: set[tuple[int, bytes]]
) -> dict[tuple[int, bytes], _Known]:
    found = {}
    for wanted in _chunks(batches):
        query = _BATCHES_KNOWN.format(", ".join(["(?, ?)"] * len(wanted)))
        flat = [value for name in wanted for value in name]
        for issuer, root, place, column, run in connection.execute(query, flat):
            found[issuer, root] = _Known(place, column, NO_PLACE if run is None else run)
    return found


def _known_runs(
    connection: sqlite3.Connection, causes: set[tuple[int, bytes]]
) -> dict[tuple[int, bytes], int]:
    found = {}
    for wanted in _chunks(causes):
        query = _RUNS_KNOWN.format(", ".join(["(?, ?)"] * len(wanted)))
        for issuer, cause, run in connection.execute(query, [v for name in wanted for v in name]):
            found[issuer, cause] = run
    return found


def _chunks(wanted: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = sorted(wanted)
    for at in range(0, len(ordered), _CHUNK):
        yield ordered[at : at + _CHUNK]


def _unknown(what: str) -> StoreError:
    return StoreError("store.constraint", f"{what} is named before it came to be")
