"""Connections, transactions and the one place where database errors become ``StoreError``."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, Row

from veta.errors import StoreError

T = TypeVar("T")

BUSY_TIMEOUT_S: Final = 10
CACHE_KIB: Final = 32_768
"""Pages that a connection keeps: with the usual 2 MiB, keys at random places of a big table are
read from the system again and again."""
_WRITES: Final = "veta_writes"

_CODES: Final = {
    sqlite3.SQLITE_FULL: ("store.disk_full", "there is no room left for the database"),
    sqlite3.SQLITE_IOERR: ("store.disk_full", "the database could not be written to its disk"),
    sqlite3.SQLITE_CORRUPT: ("store.corrupt", "the database is damaged"),
    sqlite3.SQLITE_NOTADB: ("store.corrupt", "the file is no database"),
    sqlite3.SQLITE_BUSY: ("store.busy", "the database is locked by somebody else"),
    sqlite3.SQLITE_LOCKED: ("store.busy", "the database is locked by somebody else"),
    sqlite3.SQLITE_READONLY: ("store.read_only", "the database cannot be written"),
    sqlite3.SQLITE_PERM: ("store.read_only", "the database may not be opened"),
    sqlite3.SQLITE_CANTOPEN: ("store.unavailable", "the database cannot be opened"),
    sqlite3.SQLITE_CONSTRAINT: ("store.constraint", "a rule of the database refuses the rows"),
}
_WRITE_IO: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)


def translated(error: BaseException) -> StoreError:
    """The ``StoreError`` for an error of SQLAlchemy or sqlite3, by its code, not its words."""
    origin = getattr(error, "orig", None) or error
    extended = getattr(origin, "sqlite_errorcode", None)
    if extended is None:
        return StoreError("store.failed", f"the database failed: {type(origin).__name__}")
    primary = extended & 0xFF
    if primary == sqlite3.SQLITE_IOERR and extended not in _WRITE_IO:
        return StoreError("store.unavailable", "the database could not be read from its disk")
    code, message = _CODES.get(primary, ("store.failed", "the database failed"))
    name = getattr(origin, "sqlite_errorname", "")
    return StoreError(code, f"{message} ({name})")


@contextmanager
def translating() -> Iterator[None]:
    """Adapter seam: no foreign error leaves it."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        raise translated(error) from error


def sound(read: Callable[[Row[Any]], T]) -> Callable[[Row[Any]], T]:
    """Make a reader of rows say ``store.corrupt`` of a row that nothing can have written."""

    @wraps(read)
    def checked(row: Row[Any]) -> T:
        try:
            return read(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError("store.corrupt", "a row holds an impossible value") from error

    return checked


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun by ``_begin``, not by the driver
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"cache_size=-{CACHE_KIB}",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def sqlite_engine(path: Path) -> Engine:
    """An engine for a database file: WAL, synchronous FULL, foreign keys, explicit transactions."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


class Transactions:
    """Begins transactions on an engine; writers of this process wait for each other here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view."""
        with translating(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commit at the end of the block, or nothing."""
        with self._writer, translating(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    def checkpoint(self) -> bool:
        """Write the write-ahead log into the file and cut it; whether nothing of it is left."""
        with self._writer, translating():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA query_only=OFF")
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
            finally:
                connection.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
