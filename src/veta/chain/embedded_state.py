"""Durable key-value store of the embedded chain: one SQLite transaction a block.

What the EVM writes while it builds a block stays in memory until ``commit``; a process that dies
before loses exactly that block, which nobody was told of. WAL with synchronous=FULL: an
acknowledged block survives power loss. Each row carries a checksum over key and value, because
SQLite's own check finds a damaged tree, not a flipped bit inside a value.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from veta.chain.evm_packages import AtomicDBWriteBatch, BaseAtomicDB
from veta.errors import StoreError

_CHECK_OCTETS: Final = 8
_FORMAT: Final = 1
_APPLICATION_ID: Final = 0x56455441  # "VETA"
_SCHEMA: Final = """
CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class FileClaim:
    """An exclusive lock on ``<path>.lock``, with the holder's process id inside."""

    def __init__(self, path: Path) -> None:
        try:
            self._handle = os.open(
                path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise StoreError("store.missing", f"{path.parent} cannot be written to") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._handle, 20).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise StoreError(
                "store.embedded_in_use", f"{path} is in use by process {holder or 'unknown'}"
            ) from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Give the lock up; the file stays."""
        os.close(self._handle)


class EmbeddedState(BaseAtomicDB):
    """py-evm's database over SQLite, with what is not committed yet on top.

    Args:
        connection: an open database with the schema, in autocommit mode.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pending: dict[bytes, bytes | None] = {}

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._pending:
            value = self._pending[key]
            if value is None:
                raise KeyError(key)
            return value
        with _translated("read"):
            row = self._connection.execute(
                "SELECT value FROM state WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            raise KeyError(key)
        return _checked(key, row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._pending[key] = value

    def __delitem__(self, key: bytes) -> None:
        if key not in self:
            raise KeyError(key)
        self._pending[key] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    @contextmanager
    def atomic_batch(self) -> Iterator[Any]:
        """py-evm's grouping of writes; durable only with the block's ``commit``."""
        with AtomicDBWriteBatch._commit_unless_raises(self) as batch:  # noqa: SLF001 - py-evm's own backends do the same
            yield batch

    def commit(self, settings: Mapping[str, bytes] | None = None) -> None:
        """Write everything since the last commit, or nothing, and return when it is on disk.

        Raises:
            StoreError: ``store.full``, ``store.failed``; nothing was written, and what was
                pending is forgotten.
        """
        changes = self._pending
        self._pending = {}
        with _translated("written"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(changes, settings or {})
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def discard(self) -> None:
        """Forget what was not committed."""
        self._pending = {}

    def setting(self, name: str) -> bytes:
        """A value that was committed as a setting.

        Raises:
            StoreError: ``store.damaged`` when it is not there.
        """
        with _translated("read"):
            row = self._connection.execute(
                "SELECT value FROM setting WHERE name = ?", (name,)
            ).fetchone()
        if row is None:
            raise damaged(f"it has no {name}")
        return _checked(name.encode(), row[0])

    def verify(self) -> None:
        """Read everything once.

        Raises:
            StoreError: ``store.damaged``.
        """
        with _translated("read"):
            verdict = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != ("ok",):
                raise damaged(str(verdict[0]))
            rows = 0
            for key, value in self._connection.execute("SELECT key, value FROM state"):
                _checked(key, value)
                rows += 1
        if rows != int.from_bytes(self.setting("rows"), "big"):
            raise damaged("rows are missing")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _write(self, changes: dict[bytes, bytes | None], settings: Mapping[str, bytes]) -> None:
        execute = self._connection.execute
        kept = [
            (key, value + _check(key, value)) for key, value in changes.items() if value is not None
        ]
        gone = [(key,) for key, value in changes.items() if value is None]
        rows = execute("SELECT value FROM setting WHERE name = 'rows'").fetchone()
        count = int.from_bytes(_checked(b"rows", rows[0]), "big") if rows else 0
        for key in changes:
            count -= execute("SELECT 1 FROM state WHERE key = ?", (key,)).fetchone() is not None
        count += len(kept)
        self._connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", kept)
        self._connection.executemany("DELETE FROM state WHERE key = ?", gone)
        for name, value in {**settings, "rows": count.to_bytes(8, "big")}.items():
            execute(
                "INSERT OR REPLACE INTO setting VALUES (?, ?)",
                (name, value + _check(name.encode(), value)),
            )


def open_state(path: Path | None, *, new: bool) -> EmbeddedState:
    """The store at ``path``; ``None`` keeps it in memory only.

    Raises:
        StoreError: ``store.missing``, ``store.exists``, ``store.damaged``, ``store.failed``.
    """
    if path is not None and path.exists() == new:
        code, words = ("store.exists", "exists already") if new else ("store.missing", "is missing")
        raise StoreError(code, f"the embedded chain {path} {words}")
    if path is not None and new:
        # It holds the faucet's key: nobody else reads it, nor the journal beside it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    with _translated("opened"):
        connection = sqlite3.connect(
            ":memory:" if path is None else str(path), isolation_level=None, check_same_thread=False
        )
        try:
            if not new:
                _require_format(connection)  # before anything is written to somebody else's file
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if new:
                connection.executescript(
                    f"BEGIN; PRAGMA application_id = {_APPLICATION_ID}; "
                    f"PRAGMA user_version = {_FORMAT}; {_SCHEMA} COMMIT;"
                )
        except BaseException:
            connection.close()
            raise
    return EmbeddedState(connection)


def damaged(reason: str) -> StoreError:
    """The database is not what was written."""
    return StoreError("store.damaged", f"the embedded chain's database is damaged: {reason}")


def _require_format(connection: sqlite3.Connection) -> None:
    found = (
        connection.execute("PRAGMA application_id").fetchone()[0],
        connection.execute("PRAGMA user_version").fetchone()[0],
    )
    if found != (_APPLICATION_ID, _FORMAT):
        raise damaged("it is no embedded chain of this version")


def _check(key: bytes, value: bytes) -> bytes:
    return blake2b(key + b"\x00" + value, digest_size=_CHECK_OCTETS).digest()


def _checked(key: bytes, stored: bytes) -> bytes:
    value, check = stored[:-_CHECK_OCTETS], stored[-_CHECK_OCTETS:]
    if _check(key, value) != check:
        raise damaged("a row's checksum does not fit")
    return value


@contextmanager
def _translated(verb: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StoreError(
                "store.full", "the disk is full; the embedded chain's block was not made"
            ) from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise damaged(str(error)) from error
        raise StoreError(
            "store.failed", f"the embedded chain's database cannot be {verb}: {error}"
        ) from error
