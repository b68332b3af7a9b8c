"""The ``Store`` port on SQLAlchemy: opening, refusing, and one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from veta.errors import StoreError
from veta.model.identifiers import AccountAddress, Digest, MemberId
from veta.ports.store import StoreIdentity, StoreWork
from veta.store.engine import Transactions, sqlite_engine, translated
from veta.store.followed_rows import FollowedRows
from veta.store.lease import Lease
from veta.store.lineage_rows import LineageRows
from veta.store.lot_call_rows import LotCallRows
from veta.store.lot_rows import FollowedLotRows
from veta.store.outbox_rows import OutboxRows
from veta.store.schema import SCHEMA_REVISION, meta, metadata
from veta.store.standing_rows import StandingRows
from veta.store.statement_rows import StatementRows

_CHAIN: Final = "chain_id"
_GENESIS: Final = "genesis_digest"
_MEMBER: Final = "member"
_CONTRACT: Final = "contract "


class SqlWork(
    StatementRows, OutboxRows, LotCallRows, FollowedRows, FollowedLotRows, LineageRows, StandingRows
):
    """One database transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


class SqlStore:
    """A database that is open, checked, and of the right chain and member. See ``open_store``."""

    def __init__(self, transactions: Transactions, lease: Lease | None) -> None:
        self._transactions = transactions
        self._lease = lease

    @contextmanager
    def read(self) -> Iterator[StoreWork]:
        """One consistent view; writes in it are refused."""
        with self._transactions.read() as connection:
            yield SqlWork(connection)

    @contextmanager
    def write(self) -> Iterator[StoreWork]:
        """A transaction that holds the write lock from its beginning."""
        with self._transactions.write() as connection:
            yield SqlWork(connection)

    def identity(self) -> StoreIdentity:
        """What the store is of."""
        with self._transactions.read() as connection:
            return _read_identity(connection)

    def purge(self) -> bool:
        """Write the log of transactions into the file, and cut it to nothing: deleted octets were
        overwritten there with zeros (``secure_delete``), and stood in the log until now.
        """
        return self._transactions.checkpoint()

    def close(self) -> None:
        """Release files and the lease; harmless when called twice."""
        self._transactions.close()
        if self._lease is not None:
            self._lease.close()


def open_store(
    path: Path, identity: StoreIdentity, *, create: bool = False, exclusive: bool = True
) -> SqlStore:
    """Open the node's database, bring its schema up to date, and check that it is ours.

    Args:
        path: the SQLite file; its lock file stands beside it.
        identity: what the node is pinned to.
        create: make a store where none is. Without it a missing file is an error, so that a wrong
            path cannot start a second, empty store.
        exclusive: hold the lease. Only a reader beside a running node goes without.

    Raises:
        StoreError: ``store.missing``, ``store.exists`` (``create`` over a store of another
            identity is ``store.other_chain``), ``store.in_use``, ``store.corrupt``,
            ``store.schema_unknown``, ``store.other_chain``, ``store.other_member``, and those of
            every access.
    """
    if not create and not path.is_file():
        raise StoreError("store.missing", f"there is no store at {path}")
    lease = Lease(path.with_name(path.name + ".lock")) if exclusive else None
    try:
        transactions = _open(path, identity)
    except BaseException:
        if lease is not None:
            lease.close()
        raise
    return SqlStore(transactions, lease)


def _open(path: Path, identity: StoreIdentity) -> Transactions:
    fresh = not path.exists() or path.stat().st_size == 0
    if not fresh:
        _check_file(path)
    engine = sqlite_engine(path)
    transactions = Transactions(engine)
    try:
        if fresh:
            _make(transactions)
        else:
            _migrate(transactions)
        with transactions.write() as connection:
            if fresh or not connection.execute(sa.select(meta)).first():
                _write_identity(connection, identity)
            _check_identity(_read_identity(connection), identity)
    except BaseException:
        transactions.close()
        raise
    return transactions


def _check_file(path: Path) -> None:
    """Every page of the database is sound (``PRAGMA quick_check``), before anything is done."""
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            rows = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise translated(error) from error
    if rows != [("ok",)]:
        raise StoreError("store.corrupt", "the database is damaged; restore a backup of it")


def _make(transactions: Transactions) -> None:
    """Make the newest schema in one go; tests compare it with the one the migrations make."""
    with transactions.write() as connection:
        metadata.create_all(connection)
        connection.execute(
            sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(
            sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": SCHEMA_REVISION}
        )


def _migrate(transactions: Transactions) -> None:
    with transactions.read() as connection:
        revision = _revision(connection)
    if revision == SCHEMA_REVISION:
        return
    from veta.store.migrate import upgrade  # slow import, needed once in a store's life

    with transactions.write() as connection:
        upgrade(connection, revision)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _write_identity(connection: Connection, identity: StoreIdentity) -> None:
    values = {
        _CHAIN: str(identity.chain_id),
        _GENESIS: identity.genesis_digest.hex(),
        _MEMBER: "" if identity.member is None else str(identity.member),
    }
    values |= {_CONTRACT + name: address.hex() for name, address in identity.contracts.items()}
    connection.execute(meta.insert(), [{"key": k, "value": v} for k, v in values.items()])


def _read_identity(connection: Connection) -> StoreIdentity:
    rows = {row.key: row.value for row in connection.execute(sa.select(meta))}
    try:
        contracts = {
            key.removeprefix(_CONTRACT): AccountAddress(bytes.fromhex(value))
            for key, value in rows.items()
            if key.startswith(_CONTRACT)
        }
        return StoreIdentity(
            chain_id=int(rows[_CHAIN]),
            genesis_digest=Digest(bytes.fromhex(rows[_GENESIS])),
            contracts=contracts,
            member=MemberId(int(rows[_MEMBER])) if rows[_MEMBER] else None,
        )
    except (KeyError, ValueError) as error:
        raise StoreError("store.corrupt", "the store does not say what it is of") from error


def _check_identity(found: StoreIdentity, wanted: StoreIdentity) -> None:
    if (found.chain_id, found.genesis_digest) != (wanted.chain_id, wanted.genesis_digest):
        raise StoreError(
            "store.other_chain",
            f"the store is of chain {found.chain_id}, genesis {found.genesis_digest.hex()[:16]}, "
            f"not of chain {wanted.chain_id}, genesis {wanted.genesis_digest.hex()[:16]}",
        )
    if dict(found.contracts) != dict(wanted.contracts):
        raise StoreError("store.other_chain", "the store is of other contracts on this chain")
    if found.member != wanted.member:
        raise StoreError(
            "store.other_member", f"the store is of member {found.member}, not {wanted.member}"
        )
