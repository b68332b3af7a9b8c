"""What the follower refuses: endpoints that leave out, make up or replace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import FakeLedger
from tests.support.fake_world import CONTRACTS
from tests.support.node_parts import MINE, MINE_DID, identity_of, mining_ledger
from veta.errors import LedgerMismatchError, LedgerUnavailableError
from veta.model.anchoring import BlockRef
from veta.model.consortium import Role
from veta.model.identifiers import BlockNumber, MemberId
from veta.ports.ledger import LedgerEvent
from veta.services.follow import Follower
from veta.store.sql_store import SqlStore, open_store

ACCOUNT = FakeAccount("mine")


class _Omitting(FakeLedger):
    """Leaves out the n-th log it is asked for, or changes it."""

    victim = -1
    changes = False
    seen = 0

    def events(self, block: BlockRef) -> tuple[LedgerEvent, ...]:
        told = []
        for event in super().events(block):
            chosen = self.seen == self.victim
            self.seen += 1
            if not chosen:
                told.append(event)
            elif self.changes:
                told.append(replace(event, data=event.data + b"\0"))
        return tuple(told)


@pytest.fixture
def ledger() -> FakeLedger:
    return mining_ledger(ACCOUNT)


@pytest.fixture
def store(ledger: FakeLedger, tmp_path: Path) -> Iterator[SqlStore]:
    made = open_store(tmp_path / "node.db", identity_of(ledger), create=True)
    yield made
    made.close()


def _follower(store: SqlStore, ledger: FakeLedger, deepest: int = 64) -> Follower:
    return Follower(store=store, ledger=ledger, contracts=CONTRACTS, deepest=deepest)


@pytest.mark.row("T27")
@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("victim", range(6))
def test_follow__one_log_left_out_or_changed__refused_and_nothing_of_the_chunk_kept(
    victim: int, changes: bool, tmp_path: Path
) -> None:
    ledger = _Omitting()
    ledger.admit(MINE, MINE_DID)
    ledger.bind_account(MINE, ACCOUNT.address)
    ledger.admit(MemberId(8), "did:web:other.example", roles=Role.TRADER)
    ledger.set_membership(MemberId(8), roles=Role.SMELTER)
    ledger.victim, ledger.changes = victim, changes
    store = open_store(tmp_path / "node.db", identity_of(ledger), create=True)
    with pytest.raises(LedgerMismatchError) as refusal:
        _follower(store, ledger).follow()
    assert refusal.value.code == "follow.head_mismatch"
    with store.read() as work:
        assert work.cursor() is None
    store.close()


@pytest.mark.row("T28")
@pytest.mark.parametrize(("depth", "refused"), [(5, False), (6, True), (9, True)])
def test_follow__reorganisation_deeper_than_the_limit__halts_and_keeps_what_it_has(
    ledger: FakeLedger, store: SqlStore, depth: int, refused: bool
) -> None:
    ledger.mine(10)
    follower = _follower(store, ledger, deepest=5)
    before = follower.follow().cursor
    ledger.reorganise(depth)
    if not refused:
        assert follower.follow().undone == depth
        return
    for _ in range(2):  # and it stays halted
        with pytest.raises(LedgerMismatchError) as refusal:
            follower.follow()
        assert refusal.value.code == "follow.deep_reorganisation"
    with store.read() as work:
        assert work.cursor() == before


def test_follow__another_chain_behind_the_endpoint__refused(
    ledger: FakeLedger, store: SqlStore
) -> None:
    _follower(store, ledger).follow()
    other = FakeLedger(salt="another genesis")
    other.mine(3)
    with pytest.raises(LedgerMismatchError) as refusal:
        _follower(store, other).follow()
    assert refusal.value.code == "follow.other_genesis"


def test_follow__endpoint_fails_half_way__goes_on_where_it_was(
    ledger: FakeLedger, store: SqlStore
) -> None:
    ledger.mine(300)
    follower = _follower(store, ledger)
    ledger.faults.before = 0.01
    failures = 0
    for _ in range(200):
        try:
            if follower.follow().at_head:
                break
        except LedgerUnavailableError:
            failures += 1
    assert failures > 0
    with store.read() as work:
        assert work.cursor() == ledger.head()


def test_follow__progress__tells_each_chunk(ledger: FakeLedger, store: SqlStore) -> None:
    ledger.mine(150)
    told: list[tuple[int, int]] = []
    _follower(store, ledger).follow(lambda done, head: told.append((done, head)))
    head = ledger.head().number
    assert [done for done, _ in told] == [63, 127, head]


def test_follow__records__are_what_the_chain_says(ledger: FakeLedger, store: SqlStore) -> None:
    ledger.admit(MemberId(8), "did:web:other.example", roles=Role.TRADER)
    report = _follower(store, ledger).follow()
    with store.read() as work:
        assert [m.member for m in work.members()] == [MINE, MemberId(8)]
        assert work.member(MINE) == ledger.member(MINE, report.head)
        assert work.keys(MINE) == ledger.keys(MINE, report.head)
        assert work.membership(MINE) == ledger.membership(MINE, report.head)
        assert work.followed_block(BlockNumber(0)) == ledger.block(BlockNumber(0))
