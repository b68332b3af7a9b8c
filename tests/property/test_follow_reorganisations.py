"""After any history of blocks and reorganisations the follower holds what a fresh one would."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import GWEI, FakeLedger
from tests.support.fake_world import CONTRACTS
from tests.support.node_parts import MINE, identity_of, mining_ledger
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import BatchKind
from veta.model.consortium import Role
from veta.model.identifiers import BatchRoot, BlockNumber, MemberId
from veta.ports.ledger import Call
from veta.ports.store import FollowedBlock
from veta.services.follow import Follower
from veta.store.sql_store import SqlStore, open_store

ACCOUNT = FakeAccount("mine")

Act = tuple[str, int]
acts = st.lists(
    st.one_of(
        st.tuples(st.just("anchor"), st.integers(0, 40)),
        st.tuples(st.just("revoke"), st.integers(0, 5)),
        st.tuples(st.just("admit"), st.integers(100, 110)),
        st.tuples(st.just("empty"), st.integers(1, 9)),
        st.tuples(st.just("keep"), st.integers(1, 12)),
        st.tuples(st.just("lose"), st.integers(1, 12)),
        st.tuples(st.just("follow"), st.integers(1, 5)),
        st.tuples(st.just("faults"), st.integers(0, 1)),
    ),
    max_size=40,
)


def _send(ledger: FakeLedger, call: Call) -> None:
    raw = ACCOUNT.sign_transaction(
        chain_id=ledger.chain_id,
        nonce=ledger.nonce(ACCOUNT.address),
        to=call.to,
        data=call.data,
        gas_limit=call.gas_limit,
        max_fee=2 * GWEI,
        max_priority_fee=GWEI,
    )
    ledger.send(raw)


def _act(ledger: FakeLedger, act: Act, follower: Follower) -> None:
    name, number = act
    octets = bytes([number]) * 32
    depth = min(number, ledger.head().number - 4)
    if name == "anchor":
        sequence = ledger.next_sequence(MINE, ledger.head())
        root = BatchRoot(octets)
        kind = BatchKind.PASSPORT
        _send(ledger, ledger.encode_anchor(sequence=sequence, root=root, size=1, kind=kind))
    elif name == "revoke":
        _send(ledger, ledger.encode_reaffirm(leaf=octets))  # type: ignore[arg-type]
    elif name == "admit":
        if ledger.member(MemberId(number), ledger.head()) is None:
            ledger.admit(MemberId(number), f"did:web:m{number}.example", roles=Role.TRADER)
    elif name == "empty":
        ledger.mine(number)
    elif name in {"keep", "lose"} and depth > 0:
        ledger.reorganise(depth, keep=name == "keep")
    elif name == "follow":
        for _ in range(number):
            follower.step()


def _rows(store: SqlStore) -> tuple[FollowedBlock, ...]:
    with store.read() as work:
        assert work.stray_rows() == 0
        return work.followed_blocks(BlockNumber(0), BlockNumber(10_000))


def _follower(store: SqlStore, ledger: FakeLedger, blocks_at_once: int = 64) -> Follower:
    return Follower(store=store, ledger=ledger, contracts=CONTRACTS, blocks_at_once=blocks_at_once)


@pytest.mark.row("T28")
@settings(max_examples=60, deadline=None)
@given(acts=acts, blocks_at_once=st.integers(1, 7))
def test_follow__random_reorganisations__equals_a_fresh_follower(
    acts: list[Act], blocks_at_once: int
) -> None:
    ledger = mining_ledger(ACCOUNT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(folder / "old.db", identity_of(ledger), create=True)
        follower = _follower(store, ledger, blocks_at_once)
        for act in acts:
            if act[0] == "faults":
                ledger.faults.before = 0.5
                for _ in range(4):
                    try:
                        follower.step()
                    except LedgerUnavailableError:
                        continue
                ledger.faults.before = 0.0
            else:
                _act(ledger, act, follower)
        follower.follow()
        fresh = open_store(folder / "new.db", identity_of(ledger), create=True)
        _follower(fresh, ledger).follow()
        assert _rows(store) == _rows(fresh)
        with store.read() as work:
            assert work.cursor() == ledger.head()
        numbers = [block.ref.number for block in _rows(store)]
        assert numbers == list(range(ledger.head().number + 1))
        store.close()
        fresh.close()


@pytest.mark.row("T28")
@pytest.mark.parametrize("depth", [1, 2, 3, 16, 63, 64])
def test_follow__reorganisation_of_a_depth__equals_a_fresh_follower(
    depth: int, tmp_path: Path
) -> None:
    ledger = mining_ledger(ACCOUNT)
    store = open_store(tmp_path / "old.db", identity_of(ledger), create=True)
    follower = _follower(store, ledger)
    for number in range(35):
        _act(ledger, ("anchor", number), follower)
        ledger.mine()
    follower.follow()
    ledger.reorganise(depth, keep=depth % 2 == 0)
    assert follower.follow().undone == depth
    fresh = open_store(tmp_path / "new.db", identity_of(ledger), create=True)
    _follower(fresh, ledger).follow()
    assert _rows(store) == _rows(fresh)
    store.close()
    fresh.close()
