"""Lineage read at once is lineage read one by one, whatever was measured or replaced since."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command

from veta.custody.encoding import lot_id
from veta.custody.floor import co2e_floor
from veta.custody.lineage import Limits, ancestry
from veta.errors import InputError, NotFoundError, ProvenanceError
from veta.model.anchoring import BlockRef
from veta.model.columns import MassBasis, co2e_key, mass_key, metal_key
from veta.model.identifiers import (
    AccountAddress,
    BlockNumber,
    Digest,
    Leaf,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.model.lineage import RunOrder
from veta.model.lot_events import (
    LotAction,
    LotBatch,
    LotBatchEnded,
    LotChange,
    LotEventBody,
    LotOpened,
    LotRun,
)
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    BatchHeader,
    CustodyModel,
    Emission,
    EmissionPart,
    FirstMeasured,
    HeaderFlag,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    ProductClassId,
    SiteId,
    TakeRecord,
)
from veta.ports.store import FollowedBlock, FollowedBody, Store, StoreIdentity
from veta.services.lineage import LineageDesk, StoreGraph
from veta.store.engine import Transactions, sqlite_engine
from veta.store.lot_schema import FOLLOWED_LOTS, NO_PLACE
from veta.store.migrate import configuration
from veta.store.run_octets import TAKE
from veta.store.sql_store import SqlStore, open_store

IDENTITY = StoreIdentity(chain_id=1, genesis_digest=Digest(bytes(32)), contracts={}, member=None)
ME = MemberId(1)
NET, CU, AU, CO2E = mass_key(MassBasis.NET), metal_key(29), metal_key(79), co2e_key(1)
COLUMNS = tuple(sorted((NET, CU, AU, CO2E)))
HELD = tuple({NET: 1_000, CU: 500, AU: 7, CO2E: 3_000}[key] for key in COLUMNS)
LAYERS, WIDTH = 5, 6
MEASURED, REPLACED = 3, (2, 8)
"""A lot of the first layer that was measured short; one of the first layer and one of the second
that took another's place, at another site."""


def digest(what: str, number: int) -> Digest:
    return Digest(hashlib.sha256(f"{what} {number}".encode()).digest())


def name(lot: int) -> LotId:
    return lot_id(ME, digest("key", lot))


def header(lot: int, kind: LotBatchKind, root: LotRoot) -> BatchHeader:
    return BatchHeader(
        version=1, kind=kind, issuer=ME, sequence=lot + 1, by=AccountAddress(b"\x01" * 20),
        root=root, size=1, totals=digest("totals", lot), reference_column=NET,
        site=SiteId(1 + lot % 3), origin_site=SiteId(0), product_class=ProductClassId(1),
        produced_from_s=UnixSeconds(1), produced_to_s=UnixSeconds(2),
        model=CustodyModel.MASS_BALANCE, flags=HeaderFlag(0), allocation_rule=0,
        anchored_at_s=UnixSeconds(3), cause=digest("cause", lot),
    )  # fmt: skip


def told(lot: int, takes: list[TakeRecord]) -> Iterator[LotEventBody]:
    """A batch of one lot, its run, its opening; and what happened to two of them before."""
    kind = LotBatchKind.TRANSFORM if takes else LotBatchKind.ORIGIN
    root = LotRoot(digest("root", lot))
    issued = LotRoot(digest("first root", lot)) if lot in REPLACED else root
    yield LotBatch(header(lot, kind, issued), COLUMNS, HELD, bytes(16))
    yield LotRun(
        ME, digest("cause", lot), kind, Digest(bytes(32)), tuple(takes),
        (FirstMeasured(AU, 7),) if lot % 4 == 1 else (), (), (),
        (Loss(CU, lot, LossReason.SLAG),) if lot else (),
        (Emission(EmissionPart.PROCESS, 2**64 - 1 - lot if lot == 1 else 10 * lot),),
    )  # fmt: skip
    if lot in REPLACED:
        yield LotBatchEnded(ME, issued, root, handed_over=False)
        elsewhere = replace(header(lot, kind, root), site=SiteId(9))
        yield LotBatch(elsewhere, (), (), b"")
    key, leaf = LotKey(digest("key", lot)), Leaf(digest("leaf", lot))
    yield LotOpened(name(lot), ME, root, 0, key, leaf, COLUMNS, HELD)
    if lot == MEASURED:
        less = tuple(each - 1 for each in HELD)
        yield LotChange(name(lot), LotAction.REBASED, taken=0, before=HELD, after=less)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    made = open_store(tmp_path / "followed.db", IDENTITY, create=True)
    source, gone, parent = random.Random(7), dict[int, int](), Digest(bytes(32))
    for lot in range(LAYERS * WIDTH):
        below = (lot // WIDTH - 1) * WIDTH
        chosen = [] if below < 0 else source.sample(range(below, below + WIDTH), 3)
        takes = [TakeRecord(name(each), gone.get(each, 0), 50) for each in chosen]
        gone |= {each: gone.get(each, 0) + 50 for each in chosen}
        ref = BlockRef(BlockNumber(lot), digest("block", lot), parent, UnixSeconds(lot + 1))
        parent = ref.digest
        bodies = tuple(
            FollowedBody(ref.number, at, TransactionId(ref.digest), body)
            for at, body in enumerate(told(lot, takes))
        )
        with made.write() as work:
            work.append_blocks([FollowedBlock(ref, bodies, {})])
    yield made
    made.close()


def test_lineage_back__more_runs_than_asked_for__reads_none(store: Store) -> None:
    last = name(LAYERS * WIDTH - 1)
    with store.read() as work:
        whole = work.lineage_back(last, 1_000)
        assert len(whole.runs) > 10
        assert not work.lineage_back(last, len(whole.runs) - 1).runs
        assert work.lineage_back(last, len(whole.runs)) == whole
        assert not work.lineage_back(LotId(bytes(32)), 1_000).runs


def test_ancestry__more_runs_than_the_limit__is_refused_as_before(store: Store) -> None:
    with pytest.raises(InputError) as refusal:
        LineageDesk(store).ancestry(name(LAYERS * WIDTH - 1), 29, Limits(runs=3))
    assert refusal.value.code == "custody.lineage_too_large"


@pytest.mark.parametrize("substance", [29, 79])
def test_read_back__every_lot__gives_the_same_as_one_by_one(store: Store, substance: int) -> None:
    with store.read() as work:
        for lot in map(name, range(LAYERS * WIDTH)):
            alone, ahead = StoreGraph(work), StoreGraph(work).read_back(lot)
            assert ancestry(ahead, lot, substance) == ancestry(alone, lot, substance)
            assert co2e_floor(ahead, lot) == co2e_floor(alone, lot)
            assert LineageDesk(store).ancestry(lot, substance) == ancestry(alone, lot, substance)
            other = name(0)  # the graph answers about lots that were not read ahead, too
            assert ahead.lot(other) == alone.lot(other)
            assert ahead.takers(other) == alone.takers(other)


def test_read_back__measured_and_replaced__are_among_what_was_walked(store: Store) -> None:
    with store.read() as work:
        back = work.lineage_back(name(LAYERS * WIDTH - 1), 1_000)
        assert back.rebased == {name(MEASURED)}
        assert back.replaced == {digest("first root", each) for each in REPLACED}


def test_ancestry__of_all__has_measured_and_replaced_ones_behind_it(store: Store) -> None:
    found = LineageDesk(store).ancestry(name(LAYERS * WIDTH - 1), 29)
    assert name(MEASURED) in found.lots
    assert SiteId(9) in found.by_site()


def test_lots_behind__every_lot__are_those_that_have_a_share(store: Store) -> None:
    desk = LineageDesk(store)
    for lot in map(name, range(LAYERS * WIDTH)):
        assert desk.lots_behind(lot) == desk.ancestry(lot, 29).lots.keys()


def test_lots_behind__unknown_or_too_many__are_refused_as_before(store: Store) -> None:
    with pytest.raises(NotFoundError) as unknown:
        LineageDesk(store).lots_behind(LotId(bytes(32)))
    assert unknown.value.code == "custody.lineage_unknown"
    with pytest.raises(InputError) as too_large:
        LineageDesk(store).lots_behind(name(LAYERS * WIDTH - 1), Limits(runs=3))
    assert too_large.value.code == "custody.lineage_too_large"


def _retold(path: Path, change: Callable[[bytes, int], bytes]) -> None:
    """Change what a run of the third layer took, behind the store's back."""
    with sqlite3.connect(path) as connection:
        query = "SELECT id, takes FROM lot_runs ORDER BY id LIMIT 1 OFFSET ?"
        order, takes = connection.execute(query, (2 * WIDTH,)).fetchone()
        connection.execute("UPDATE lot_runs SET takes=? WHERE id=?", (change(takes, order), order))
    connection.close()


def _maker(takes: bytes, place: int) -> bytes:
    lot, opening, _, taken, amount = TAKE.unpack(takes[: TAKE.size])
    return TAKE.pack(lot, opening, place, taken, amount) + takes[TAKE.size :]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_maker, "custody.lineage_cycle"),
        (lambda takes, order: _maker(takes, order + 1), "custody.lineage_cycle"),
        (lambda takes, _: _maker(takes, NO_PLACE), "custody.lineage_unknown"),
        (lambda takes, _: takes[:-1], "store.corrupt"),
        (lambda takes, _: takes[: TAKE.size // 2], "store.corrupt"),
        (lambda takes, _: takes[: -TAKE.size] + b"\xff" * TAKE.size, "custody.lineage_unknown"),
    ],
)
def test_ancestry__takes_that_no_chain_tells__are_refused_at_once(
    change: Callable[[bytes, int], bytes], code: str, store: SqlStore, tmp_path: Path
) -> None:
    _retold(tmp_path / "followed.db", change)
    with pytest.raises(ProvenanceError) as refusal:
        LineageDesk(store).ancestry(name(2 * WIDTH), 29)
    assert refusal.value.code == code


def test_open_store__runs_in_many_rows__are_put_together_and_nothing_is_lost(
    store: SqlStore, tmp_path: Path
) -> None:
    """Followed in today's schema, told in that of revision 0005, opened: no row is another."""
    now, path = tmp_path / "followed.db", tmp_path / "old.db"
    with store.read() as work:
        first = work.lot_run(RunOrder(1))
        runs = [work.lot_run(RunOrder(each << 20 | 1)) for each in range(LAYERS * WIDTH)]
    store.close()
    assert first == runs[0]
    engine = sqlite_engine(path)
    with Transactions(engine).write() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    engine.dispose()
    with sqlite3.connect(path) as old:
        old.execute("ATTACH ? AS made", (str(now),))
        for table in ("meta", "blocks", "lot_batches", "lot_batch_ends", "lot_changes"):
            old.execute(f"INSERT INTO {table} SELECT * FROM made.{table}")
        old.execute(
            "INSERT INTO opened_lots SELECT id, lot, batch, position, lot_key, statement_leaf,"
            " columns, quantities, block, log_index, transaction_id FROM made.opened_lots"
        )
        old.execute(
            "INSERT INTO lot_runs SELECT id, issuer, cause, kind, source, block, log_index,"
            " transaction_id FROM made.lot_runs"
        )
        openings = dict(old.execute("SELECT lot, id FROM made.opened_lots").fetchall())
        for number, run in enumerate(runs):
            assert run is not None
            _tell_in_rows(old, number, run, openings)
    old.close()
    open_store(path, IDENTITY).close()
    with sqlite3.connect(path) as found, sqlite3.connect(now) as wanted:
        for table in ("meta", "blocks", *FOLLOWED_LOTS):
            query = f"SELECT * FROM {table} ORDER BY 1, 2"
            assert found.execute(query).fetchall() == wanted.execute(query).fetchall()
    found.close()
    wanted.close()


def _tell_in_rows(
    old: sqlite3.Connection, block: int, body: LotRun, openings: dict[bytes, int]
) -> None:
    run = block << 20 | 1
    for at, take in enumerate(body.takes):
        row = (run, at, openings[take.lot], take.taken, take.amount, block)
        old.execute("INSERT INTO lot_takes VALUES (?, ?, ?, ?, ?, ?)", row)
    rows = (
        *((4, at, (m.column, 0, m.quantity)) for at, m in enumerate(body.first_measured)),
        *(
            (5, at, (r.from_column, r.to_column, r.quantity))
            for at, r in enumerate(body.reductions)
        ),
        *((6, at, (d.output, d.column, d.quantity)) for at, d in enumerate(body.draws)),
        *((7, at, (p.column, int(p.reason), p.quantity)) for at, p in enumerate(body.losses)),
        *((8, at, (int(e.part), 0, e.co2e_g)) for at, e in enumerate(body.emissions)),
    )
    for part, at, (first, second, held) in rows:
        # Numbers of 64 bits stand in columns of 63 and a sign.
        written = (run, part, at, first, second, held - 2**64 if held >> 63 else held, block)
        old.execute("INSERT INTO lot_run_parts VALUES (?, ?, ?, ?, ?, ?, ?)", written)
