"""Reorganisations made by a client that is not ours: follower, outbox and finality."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.anvil_node import Anvil, AnvilNode, node_on, quiet_anvil
from tests.support.chain_scenes import signer
from tests.support.node_parts import identity_of
from veta.chain.contract_abi import CONTRACT_NAMES
from veta.chain.ledger import Finality
from veta.model.anchoring import StatusReason
from veta.model.identifiers import BlockNumber
from veta.ports.store import FollowedBlock, StatementState
from veta.services.audit import Auditor
from veta.services.revoke import StatusChanger
from veta.store.sql_store import SqlStore, open_store

pytestmark = pytest.mark.anvil
CONFIRMATIONS = 8
CONTRACTS = CONTRACT_NAMES


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with quiet_anvil() as running:
        yield running


@pytest.fixture
def node(chain: Anvil, tmp_path: Path) -> Iterator[AnvilNode]:
    with node_on(chain, tmp_path, finality=Finality("depth", CONFIRMATIONS)) as made:
        yield made


def followed(store: SqlStore, last: int) -> tuple[FollowedBlock, ...]:
    with store.read() as work:
        return work.followed_blocks(BlockNumber(0), BlockNumber(last))


def assert_as_rebuilt(node: AnvilNode, folder: Path) -> None:
    """What the follower keeps equals what a fresh one reads from the first block."""
    last = node.follower().follow().cursor.number
    store = open_store(folder / "fresh.db", identity_of(node.ledger, None), create=True)
    assert node.follower(store).follow().undone == 0
    assert followed(node.store, last) == followed(store, last)
    with node.store.read() as mine, store.read() as fresh:
        assert mine.cursor() == fresh.cursor()
        assert mine.event_heads(BlockNumber(last)) == fresh.event_heads(BlockNumber(last))
        assert mine.anchors(node.planner.member) == fresh.anchors(node.planner.member)
        assert mine.stray_rows() == fresh.stray_rows() == 0
    store.close()


@pytest.mark.row("T28")
@pytest.mark.parametrize("depth", [1, 3, 7])
def test_anvil_follow__reorganised_with_its_anchors__equals_a_rebuild_and_anchored_once(
    chain: Anvil, node: AnvilNode, tmp_path: Path, depth: int
) -> None:
    # One anchor is final and stays; one is taken out of the chain; others fill the lost blocks.
    kept = node.anchor()
    node.settle()
    assert node.states() == {StatementState.ANCHORED: 3}
    lost = node.anchor()
    node.step()
    chain.mine()
    with node.store.read() as work:
        entry = work.pending(node.planner.account)[0]
    receipt = node.ledger.receipt(entry.attempts[0].transaction_id)
    assert receipt is not None
    assert receipt.succeeded
    for nonce in range(depth - 1):  # blocks with something in them, so they come out otherwise
        raw = signer("stranger").sign_transaction(
            chain_id=node.ledger.identity().chain_id, nonce=nonce, to=signer("smelter").address,
            data=b"", gas_limit=21_000, max_fee=10**11, max_priority_fee=10**9, value=1,
        )  # fmt: skip
        assert chain.words_to(raw) == ""
        chain.mine()
    assert node.step().done == 0
    assert node.follower().follow().at_head
    old = node.ledger.head()
    with node.store.read() as work:
        assert work.anchor(lost.issuer, lost.root) is not None
    chain.ask("anvil_reorg", depth, [])
    assert node.ledger.block(old.number) != old
    assert node.ledger.anchor(lost.issuer, lost.root, node.ledger.head()) is None
    report = node.follower().follow()
    assert report.undone == depth
    with node.store.read() as work:
        assert work.anchor(lost.issuer, lost.root) is None
        assert work.anchor(kept.issuer, kept.root) is not None
    # The node finds out, sends again, and calls nothing final before the configured depth.
    confirmed = 0
    for _ in range(40):
        settled = node.step()
        record = node.ledger.anchor(lost.issuer, lost.root, node.ledger.head())
        assert settled.done == 0 or record is not None
        if settled.done:
            break
        assert node.states() == {StatementState.ANCHORED: 3, StatementState.BATCHED: 3}
        confirmed += record is not None
        chain.mine()
    assert confirmed == CONFIRMATIONS
    assert node.ledger.final_head().number == node.ledger.head().number - CONFIRMATIONS
    assert node.ledger.anchor(lost.issuer, lost.root, node.ledger.final_head()) is not None
    assert len(node.entries()) == 2
    node.assert_anchored_once()
    assert_as_rebuilt(node, tmp_path)


@pytest.mark.row("T28")
def test_anvil_follow__statuses_and_anchors_reorganised_again_and_again__audit_finds_nothing(
    chain: Anvil, node: AnvilNode, tmp_path: Path
) -> None:
    changer = StatusChanger(node.planner)
    node.anchor()
    node.settle()
    with node.store.read() as work:
        leaves = [stored.record.leaf for stored in work.statements(limit=3)]
    for turn, depth in enumerate((2, 1, 4, 3)):
        if turn < len(leaves):
            changer.revoke(leaves[turn], reason=StatusReason.ISSUED_IN_ERROR)
        node.anchor()
        for _ in range(depth + 1):
            node.step()
            chain.mine()
            node.follower().follow()
        chain.ask("anvil_reorg", depth, [])
        node.follower().follow()
    node.settle()
    node.assert_anchored_once()
    assert_as_rebuilt(node, tmp_path)
    auditor = Auditor(
        store=node.store, ledger=node.ledger, contracts=CONTRACTS, planner=node.planner
    )
    assert node.follower().follow().at_head
    # These statements carry no signature, which is the only thing there is to find.
    assert {difference.code for difference in auditor.audit().differences} == {"audit.token"}
