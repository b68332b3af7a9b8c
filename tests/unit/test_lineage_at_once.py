"""Lineage read at once is lineage read one by one, whatever was measured or replaced since."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from veta.custody.encoding import lot_id
from veta.custody.floor import co2e_floor
from veta.custody.lineage import Limits, ancestry
from veta.errors import InputError
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
from veta.store.sql_store import SqlStore, open_store

ME = MemberId(1)
NET, CU, AU, CO2E = mass_key(MassBasis.NET), metal_key(29), metal_key(79), co2e_key(1)
COLUMNS = tuple(sorted((NET, CU, AU, CO2E)))
HELD = tuple({NET: 1_000, CU: 500, AU: 7, CO2E: 3_000}[key] for key in COLUMNS)
LAYERS, WIDTH = 5, 6
MEASURED, REPLACED = 3, 8
"""A lot of the first layer that was measured short, and one of the second that took another's
place."""


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
    issued = LotRoot(digest("first root", lot)) if lot == REPLACED else root
    yield LotBatch(header(lot, kind, issued), COLUMNS, HELD, bytes(16))
    yield LotRun(
        ME, digest("cause", lot), kind, Digest(bytes(32)), tuple(takes),
        (FirstMeasured(AU, 7),) if lot % 4 == 1 else (), (), (),
        (Loss(CU, lot, LossReason.SLAG),) if lot else (),
        (Emission(EmissionPart.PROCESS, 10 * lot),),
    )  # fmt: skip
    if lot == REPLACED:
        yield LotBatchEnded(ME, issued, root, handed_over=False)
        yield LotBatch(header(lot, kind, root), (), (), b"")
    key, leaf = LotKey(digest("key", lot)), Leaf(digest("leaf", lot))
    yield LotOpened(name(lot), ME, root, 0, key, leaf, COLUMNS, HELD)
    if lot == MEASURED:
        less = tuple(each - 1 for each in HELD)
        yield LotChange(name(lot), LotAction.REBASED, taken=0, before=HELD, after=less)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    identity = StoreIdentity(
        chain_id=1, genesis_digest=Digest(bytes(32)), contracts={}, member=None
    )
    made = open_store(tmp_path / "followed.db", identity, create=True)
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
            other = name(0)  # the graph answers about lots that were not read ahead, too
            assert ahead.lot(other) == alone.lot(other)
            assert ahead.takers(other) == alone.takers(other)


def test_read_back__measured_and_replaced__are_among_what_was_walked(store: Store) -> None:
    with store.read() as work:
        back = work.lineage_back(name(LAYERS * WIDTH - 1), 1_000)
        assert back.rebased == {name(MEASURED)}
        assert back.replaced == {digest("first root", REPLACED)}
