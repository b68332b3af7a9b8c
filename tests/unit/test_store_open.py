"""Opening a store: what is refused, and that the migrations make the schema that the code means."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.node_parts import record
from veta.custody.encoding import lot_id
from veta.errors import StoreError
from veta.model.anchoring import BlockRef
from veta.model.columns import ColumnKey
from veta.model.identifiers import AccountAddress, BlockNumber, Digest, MemberId, UnixSeconds
from veta.model.lots import ProductClassId
from veta.model.registry_events import SiteRegistered
from veta.model.site_events import ConcernRaised
from veta.ports.ledger import Call
from veta.ports.lot_store import PAGE_LOTS, LotCall, LotVerb, OwnLotBatch
from veta.ports.store import FollowedBlock, StoreIdentity
from veta.store.engine import Transactions, sqlite_engine
from veta.store.lot_schema import FOLLOWED_LOTS
from veta.store.migrate import newest_revision, upgrade
from veta.store.schema import SCHEMA_REVISION, metadata
from veta.store.sql_store import open_store
from veta.store.standing_schema import FOLLOWED_STANDING
from veta.sum_trees import SumTree, page_nodes

_CALL = Call(AccountAddress(b"\x06" * 20), b"\x01\x02", 100_000, "retire")
_OF_LOTS = {*FOLLOWED_LOTS, "lot_calls", "own_lot_batches", "own_lot_pages", "own_lots"}
IDENTITY = StoreIdentity(
    chain_id=1337,
    genesis_digest=Digest(b"\x01" * 32),
    contracts={"StatementLog": AccountAddress(b"\x02" * 20)},
    member=MemberId(7),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "node.db"
    open_store(made, IDENTITY, create=True).close()
    return made


def _code(path: Path, identity: StoreIdentity = IDENTITY, *, create: bool = False) -> str:
    with pytest.raises(StoreError) as refusal:
        open_store(path, identity, create=create)
    return refusal.value.code


def test_open_store__missing__refused_unless_told_to_create(tmp_path: Path) -> None:
    assert _code(tmp_path / "wrong.db") == "store.missing"
    assert list(tmp_path.iterdir()) == []
    assert _code(tmp_path / "no" / "folder.db", create=True) == "store.unavailable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"chain_id": 1338}, "store.other_chain"),
        ({"genesis_digest": Digest(b"\x09" * 32)}, "store.other_chain"),
        ({"contracts": {"StatementLog": AccountAddress(b"\x03" * 20)}}, "store.other_chain"),
        ({"contracts": {}}, "store.other_chain"),
        ({"member": MemberId(8)}, "store.other_member"),
        ({"member": None}, "store.other_member"),
    ],
)
def test_open_store__of_something_else__refused_and_untouched(
    path: Path, change: dict[str, object], code: str
) -> None:
    before = path.read_bytes()
    assert _code(path, replace(IDENTITY, **change)) == code  # type: ignore[arg-type]
    assert _code(path, replace(IDENTITY, **change), create=True) == code  # type: ignore[arg-type]
    open_store(path, IDENTITY).close()
    assert path.read_bytes()[100:] == before[100:]


@pytest.mark.row("T34")
def test_open_store__second_process__refused_until_the_first_dies(path: Path) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        open_store(path, IDENTITY)
        os.write(writing, b"open")
        signal.pause()
    assert os.read(reading, 4) == b"open"
    assert _code(path) == "store.in_use"
    reader = open_store(path, IDENTITY, exclusive=False)  # a reader beside it is welcome
    reader.close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    open_store(path, IDENTITY).close()


@pytest.mark.parametrize("revision", [f"{int(SCHEMA_REVISION) + 1:04}", "9999", "zzz"])
def test_open_store__schema_of_a_newer_program__refused(path: Path, revision: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num=?", (revision,))
    connection.close()
    assert _code(path) == "store.schema_unknown"


def test_open_store__no_database__refused(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    assert _code(path) == "store.corrupt"


def test_open_store__pages_overwritten__found_before_use(path: Path) -> None:
    store = open_store(path, IDENTITY)
    with store.write() as work:
        work.add_statements([record(number) for number in range(200)])
    store.close()
    octets = bytearray(path.read_bytes())
    sound = bytes(octets)
    damaged = 0
    for page in range(1, len(sound) // 4096):
        octets[:] = sound
        octets[page * 4096 : page * 4096 + 64] = b"\xff" * 64
        path.write_bytes(octets)
        try:
            open_store(path, IDENTITY).close()
        except StoreError as error:
            assert error.code == "store.corrupt"
            damaged += 1
    assert damaged == len(sound) // 4096 - 1


def test_open_store__truncated__found_before_use(path: Path) -> None:
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) // 2])
    assert _code(path) == "store.corrupt"


def test_open_store__meta_emptied__refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM meta WHERE key='chain_id'")
    connection.close()
    assert _code(path) == "store.corrupt"


def test_pragmas__every_connection__durable_and_strict(path: Path) -> None:
    engine = sqlite_engine(path)
    with engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def _schema(engine: sa.Engine) -> dict[str, object]:
    """Tables as the database sees them: columns, keys, indexes, constraints."""
    found: dict[str, object] = {}
    inspector = sa.inspect(engine)
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c.get("default"))
            for c in inspector.get_columns(table)
        ]
        found[table] = (
            columns,
            inspector.get_pk_constraint(table),
            sorted(map(str, inspector.get_unique_constraints(table))),
            sorted(map(str, inspector.get_foreign_keys(table))),
            sorted(map(str, inspector.get_check_constraints(table))),
        )
    with engine.connect() as connection:
        indexes = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type='index' AND sql > '' ORDER BY name"
        )
        found["indexes"] = [tuple(row) for row in indexes]
    return found


def test_migrations__from_nothing__make_the_schema_of_the_code(tmp_path: Path) -> None:
    migrated = sqlite_engine(tmp_path / "migrated.db")
    with Transactions(migrated).write() as connection:
        upgrade(connection, None)
    direct = sqlite_engine(tmp_path / "direct.db")
    with Transactions(direct).write() as connection:
        metadata.create_all(connection)
    assert _schema(migrated) == _schema(direct)
    assert len(_schema(direct)) == 58  # 57 tables, and the indexes
    assert newest_revision() == SCHEMA_REVISION
    migrated.dispose()
    direct.dispose()


def _as_of(path: Path, revision: str, newer: Collection[str], *more: str) -> int:
    """Make a store what a program of an earlier revision left; how many tables that lacks."""
    with sqlite3.connect(path) as connection:
        names = [table.name for table in metadata.sorted_tables if table.name in newer]
        for name in reversed(names):
            connection.execute(f"DROP TABLE {name}")
        for statement in more:
            connection.execute(statement)
        connection.execute("UPDATE alembic_version SET version_num=?", (revision,))
    connection.close()
    return len(names)


def _filled(path: Path) -> None:
    store = open_store(path, IDENTITY)
    with store.write() as work:
        work.add_statements([record(number) for number in range(3)])
        ref = BlockRef(BlockNumber(0), Digest(b"\x03" * 32), Digest(bytes(32)), UnixSeconds(1))
        work.append_blocks([FollowedBlock(ref, (), {})])
    store.close()


_OF_SITES = ("concerns", "concern_closings", "site_records")
_WITHOUT_PAGES = tuple(
    f"ALTER TABLE own_lot_batches ADD COLUMN {name} BLOB NOT NULL DEFAULT x''"
    for name in ("leaves", "quantities")
)


_LOG = "block, log_index, transaction_id"
_OPENED = "lot, batch, position, lot_key, statement_leaf, columns, quantities"
_RUNS_IN_ROWS = (
    *(f"DROP TABLE {name}" for name in ("lot_runs", "opened_lots", "lot_takes", "erasures")),
    f"CREATE TABLE lot_runs (id INTEGER PRIMARY KEY, issuer, cause, kind, source, {_LOG})",
    f"CREATE TABLE opened_lots (id INTEGER PRIMARY KEY, {_OPENED}, {_LOG})",
    "CREATE TABLE lot_takes (run, position, lot, taken, amount, block)",
    "CREATE TABLE lot_run_parts (run, part, position, first, second, quantity, block)",
)


def own_batch(lots: int, *, paged: bool) -> tuple[LotCall, OwnLotBatch]:
    """A run of the member's, with its batch."""
    entries = [sha256(b"%d" % number).digest() * 2 for number in range(lots)]
    rows = [(number, 2 * number) for number in range(lots)]
    tree = SumTree(
        ((each[:32], each[32:], row) for each, row in zip(entries, rows, strict=True)), 2
    )
    batch = OwnLotBatch(
        issuer=MemberId(7),
        root=tree.root,
        output=0,
        product_class=ProductClassId(1),
        columns=(ColumnKey(1), ColumnKey(2)),
        salt=b"\x01" * 16,
        leaves=b"".join(entries),
        quantities=b"".join(each.to_bytes(8) for row in rows for each in row),
        lots=tuple(lot_id(MemberId(7), each[:32]) for each in entries),
        nodes=page_nodes(tree) if paged else b"",
    )
    call = LotCall(LotVerb.RUN, MemberId(7), Digest(b"\x05" * 32), _CALL, 1, tree.root)
    return call, batch


@pytest.mark.parametrize("lots", [1, PAGE_LOTS, PAGE_LOTS + 1, 2 * PAGE_LOTS + 5])
def test_open_store__batch_stored_before_there_were_pages__is_moved_whole(
    path: Path, lots: int
) -> None:
    call, batch = own_batch(lots, paged=False)
    store = open_store(path, IDENTITY)
    with store.write() as work:
        work.add_lot_call(call, [batch])
    store.close()
    with sqlite3.connect(path) as connection:
        for statement in (*_WITHOUT_PAGES, *_RUNS_IN_ROWS):
            connection.execute(statement)
        connection.execute(
            "UPDATE own_lot_batches SET leaves=?, quantities=?", (batch.leaves, batch.quantities)
        )
        for table in ("own_lot_pages", *_OF_SITES):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE alembic_version SET version_num='0003'")
    connection.close()
    store = open_store(path, IDENTITY)
    with store.read() as work:
        ((_, moved),) = work.all_own_lot_batches()
        assert moved == batch
        place = work.own_lot(batch.lots[-1])
        assert place is not None
        assert (place.index, place.quantities) == (lots - 1, (lots - 1, 2 * (lots - 1)))
        assert work.own_lot_page(place).nodes == b""
    store.close()


@pytest.mark.parametrize("lots", [1, PAGE_LOTS, PAGE_LOTS + 1, 2 * PAGE_LOTS + 5])
def test_own_lot_page__of_any_lot__is_the_page_with_the_nodes_of_all(path: Path, lots: int) -> None:
    call, batch = own_batch(lots, paged=True)
    store = open_store(path, IDENTITY)
    with store.write() as work:
        work.add_lot_call(call, [batch])
    with store.read() as work:
        assert work.own_lot_batches(1) == (batch,)
        for index in {0, lots // 2, lots - 1}:
            place = work.own_lot(batch.lots[index])
            assert place is not None
            assert place.lot_key + place.statement_leaf == batch.leaves[index * 64 :][:64]
            page = work.own_lot_page(place)
            first = index // PAGE_LOTS * PAGE_LOTS
            assert page.leaves == batch.leaves[first * 64 : (first + PAGE_LOTS) * 64]
            assert page.nodes == batch.nodes
    store.close()


def test_open_store__schema_before_lots__is_brought_up_to_date_and_followed_anew(
    path: Path,
) -> None:
    _filled(path)
    assert _as_of(path, "0001", {*_OF_LOTS, *FOLLOWED_STANDING, "erasures"}) == 14 + 27 + 1
    store = open_store(path, IDENTITY)
    with store.read() as work:
        assert len(list(work.all_statements())) == 3
        assert work.cursor() is None
        assert work.lots_of(MemberId(7)) == ()
    store.close()


def test_open_store__schema_before_registry__keeps_what_is_its_own_and_follows_anew(
    path: Path,
) -> None:
    _filled(path)
    call = LotCall(LotVerb.RETIRE, MemberId(7), Digest(b"\x05" * 32), _CALL)
    store = open_store(path, IDENTITY)
    with store.write() as work:
        intent = work.add_lot_call(call)
    store.close()
    dropped = "ALTER TABLE lot_calls DROP COLUMN rule"
    newer = {*FOLLOWED_STANDING, "own_lot_pages"}
    assert _as_of(path, "0002", newer, dropped, *_RUNS_IN_ROWS, *_WITHOUT_PAGES) == 27 + 1
    store = open_store(path, IDENTITY)
    with store.read() as work:
        assert len(list(work.all_statements())) == 3
        assert work.intent(intent.number) == intent
        assert work.cursor() is None
        assert work.said(SiteRegistered) == ()
    store.close()


def test_open_store__schema_before_sites__keeps_what_was_followed(path: Path) -> None:
    _filled(path)
    assert _as_of(path, "0004", _OF_SITES, *_RUNS_IN_ROWS) == 3
    store = open_store(path, IDENTITY)
    with store.read() as work:
        cursor = work.cursor()
        assert cursor is not None
        assert cursor.number == 0
        assert work.said(ConcernRaised) == ()
    store.close()


def test_open_store__empty_file_of_an_interrupted_creation__migrated(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert path.stat().st_size > 0
    open_store(path, IDENTITY, create=True).close()
    open_store(path, IDENTITY).close()


def test_schema__postgresql__compiles() -> None:
    """One schema for both engines: every table and index has PostgreSQL's words."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateIndex, CreateTable

    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))
