"""The outbox over HTTP on a client that is not ours: stuck, dropped, replaced, taken, reverted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.anvil_node import FUNDS, GWEI, Anvil, AnvilNode, node_on, quiet_anvil
from tests.support.chain_scenes import signer
from veta.chain.ledger import Web3Ledger
from veta.errors import OutcomeUnknownError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import BatchRoot, KeyId
from veta.ports.store import IntentState, OutboxEntry, StatementState, TransactionState

pytestmark = pytest.mark.anvil
MINER = signer("miner").address
STUCK_S = 31.0


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with quiet_anvil() as running:
        yield running


@pytest.fixture
def node(chain: Anvil, tmp_path: Path) -> Iterator[AnvilNode]:
    with node_on(chain, tmp_path) as made:
        yield made


def only(entries: tuple[OutboxEntry, ...]) -> OutboxEntry:
    (entry,) = entries
    return entry


def assert_bumped(entry: OutboxEntry, attempts: int) -> None:
    """Every replacement raises both fees by a tenth at least."""
    assert len(entry.attempts) == attempts
    for old, new in zip(entry.attempts, entry.attempts[1:], strict=False):
        assert new.max_fee * 10 >= old.max_fee * 11
        assert new.max_priority_fee * 10 >= old.max_priority_fee * 11
        assert new.transaction_id != old.transaction_id


# -- stuck, dropped, dear ------------------------------------------------------------------------


@pytest.mark.row("T36")
def test_anvil_outbox__no_block_comes__replaced_on_the_same_nonce_and_the_new_one_mined(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    node.step()
    assert [node.step(STUCK_S).bumped for _ in range(3)] == [1, 1, 1]
    assert_bumped(only(node.entries()), 4)
    # The client took every replacement: one transaction waits, the newest.
    assert chain.waiting() == 1
    chain.mine()
    assert node.step().done == 1
    entry = only(node.entries())
    assert entry.included is not None
    assert entry.included[0] == entry.attempts[-1].transaction_id
    node.assert_anchored_once()


@pytest.mark.row("T36")
def test_anvil_outbox__replaced_but_the_old_one_is_mined__settled_by_the_old_one(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    node.step()
    assert node.step(STUCK_S).bumped == 1
    old, new = only(node.entries()).attempts
    # Another client on the network never saw the replacement.
    chain.forget(new.transaction_id)
    assert chain.words_to(old.raw) == ""
    chain.mine()
    report = node.step()
    assert (report.done, report.pending) == (1, 0)
    entry = only(node.entries())
    assert entry.included is not None
    assert entry.included[0] == old.transaction_id
    assert entry.state is TransactionState.SUCCEEDED
    node.assert_anchored_once()


@pytest.mark.row("T36")
@pytest.mark.parametrize("everything", [False, True])
def test_anvil_outbox__client_loses_its_pool__same_octets_sent_again(
    chain: Anvil, node: AnvilNode, everything: bool
) -> None:
    node.anchor()
    node.step()
    assert chain.waiting() == 1
    if everything:
        chain.forget_all()
    else:
        chain.forget(only(node.entries()).attempts[0].transaction_id)
    assert chain.waiting() == 0
    chain.mine()
    report = node.step()
    assert (report.sent, report.bumped, report.done) == (1, 0, 0)
    assert chain.waiting() == 1
    chain.mine()
    assert node.step().done == 1
    assert len(only(node.entries()).attempts) == 1
    node.assert_anchored_once()


@pytest.mark.row("T36")
def test_anvil_outbox__base_fee_rises_above_the_offer__bumped_above_it_and_mined(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    node.step()
    offered = only(node.entries()).attempts[0].max_fee
    chain.ask("anvil_setNextBlockBaseFeePerGas", hex(50 * offered))
    chain.mine()
    assert node.step().done == 0  # the client left it out of the block
    chain.mine()
    assert node.ledger.nonce(MINER) == 0
    assert node.step(STUCK_S).bumped == 1
    entry = only(node.entries())
    assert_bumped(entry, 2)
    assert entry.attempts[1].max_fee > 25 * offered
    chain.mine()
    assert node.step().done == 1
    node.assert_anchored_once()


@pytest.mark.row("T36")
def test_anvil_outbox__out_of_funds_on_the_way__alarm_nothing_lost_then_goes_on(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    chain.set_balance(MINER, 0)
    raw = only(node.entries()).attempts[0].raw
    assert "nsufficient funds" in chain.words_to(raw)
    for _ in range(3):
        report = node.step()
        assert (report.sent, report.pending, report.held) == (1, 1, 0)
        chain.mine()
    report = node.step(STUCK_S)
    assert [alarm.code for alarm in report.alarms] == ["outbox.out_of_funds"]
    assert len(only(node.entries()).attempts) == 1
    assert node.states() == {StatementState.BATCHED: 3}
    chain.set_balance(MINER, FUNDS)
    node.settle()
    node.assert_anchored_once()


@pytest.mark.row("T36")
def test_anvil_outbox__no_funds_from_the_start__nothing_signed_until_there_are(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    node.settle()
    chain.set_balance(MINER, 0)
    with pytest.raises(AssertionError):
        node.anchor()
    report = node.anchorer.anchor()
    assert [alarm.code for alarm in report.alarms] == ["outbox.out_of_funds"]
    assert node.states() == {StatementState.ANCHORED: 3, StatementState.ISSUED: 3}
    assert len(node.entries()) == 1
    chain.set_balance(MINER, FUNDS)
    assert len(node.anchorer.anchor().planned) == 1
    node.settle()
    node.assert_anchored_once()


# -- the client's words --------------------------------------------------------------------------


class Interrupted(Web3Ledger):
    """Something happens on the chain between the node's last question and its transaction."""

    before_send: Callable[[bytes], object] | None = None

    def send(self, raw: bytes) -> None:
        happening, self.before_send = self.before_send, None
        if happening is not None:
            happening(raw)
        super().send(raw)


@pytest.fixture
def interrupted(chain: Anvil, tmp_path: Path) -> Iterator[tuple[AnvilNode, Interrupted]]:
    ledger = Interrupted(chain.provider, chain.network.deployment.trust("test"))
    with node_on(chain, tmp_path, ledger=ledger) as made:
        yield made, ledger


@pytest.mark.row("T37")
def test_anvil_outbox__already_known__neither_failure_nor_success(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    node.step()
    raw = only(node.entries()).attempts[0].raw
    assert chain.words_to(raw) == "transaction already imported"
    with pytest.raises(OutcomeUnknownError):
        node.ledger.send(raw)
    report = node.step()
    assert (report.sent, report.done, report.pending) == (1, 0, 1)
    chain.mine()
    assert node.step().done == 1
    node.assert_anchored_once()


@pytest.mark.row("T37")
def test_anvil_outbox__nonce_too_low_of_its_own_included_transaction__is_success(
    chain: Anvil, interrupted: tuple[AnvilNode, Interrupted]
) -> None:
    node, ledger = interrupted
    node.anchor()
    node.step()
    ledger.before_send = lambda _: chain.mine()
    assert node.step().pending == 1  # handed over again although it was included just before
    raw = only(node.entries()).attempts[0].raw
    assert "nonce too low" in chain.words_to(raw)
    assert node.step().done == 1
    assert len(node.entries()) == 1
    node.assert_anchored_once()


@pytest.mark.row("T37", "T33", "T34")
def test_anvil_outbox__nonce_too_low_of_a_foreign_transaction__planned_anew(
    chain: Anvil, interrupted: tuple[AnvilNode, Interrupted]
) -> None:
    node, ledger = interrupted

    def overtake(_: bytes) -> None:
        assert chain.words_to(node.foreign(0)) == ""
        chain.mine()

    node.anchor()
    ledger.before_send = overtake
    assert node.step().pending == 1
    raw = only(node.entries()).attempts[0].raw
    # The very words that meant success a moment ago, on another node.
    assert "nonce too low" in chain.words_to(raw)
    report = node.step()
    assert (report.displaced, report.done) == (1, 0)
    node.settle()
    assert [(e.nonce, e.state) for e in node.entries()] == [
        (0, TransactionState.DISPLACED),
        (1, TransactionState.SUCCEEDED),
    ]
    node.assert_anchored_once()


@pytest.mark.row("T37", "T36")
def test_anvil_outbox__replacement_underpriced__raised_until_it_takes_the_place(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    raw = only(node.entries()).attempts[0].raw
    assert chain.words_to(node.foreign(0, tip=1 * GWEI + 1)) == ""
    assert chain.words_to(raw) == "replacement transaction underpriced"
    node.step()
    bumps = 0
    for _ in range(40):
        bumps += node.step(STUCK_S).bumped
        if chain.ask("eth_getTransactionByHash", "0x" + newest(node).hex()) is not None:
            break
    assert bumps > 1
    assert_bumped(only(node.entries()), bumps + 1)
    chain.mine()
    assert node.step().done == 1
    node.assert_anchored_once()


def newest(node: AnvilNode) -> bytes:
    return only(node.entries()).attempts[-1].transaction_id


# -- taken and reverted --------------------------------------------------------------------------


@pytest.mark.row("T33", "T34")
def test_anvil_outbox__another_node_with_the_key_took_nonce_and_sequence__nothing_twice(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    node.anchor()
    other = node.ledger.encode_anchor(
        sequence=1, root=BatchRoot(b"\x07" * 32), size=1, kind=BatchKind.PASSPORT
    )
    assert chain.words_to(node.foreign(0, call=other)) == ""
    chain.mine()
    node.settle()
    states = [entry.state for entry in node.entries()]
    assert states[0] is TransactionState.DISPLACED
    assert states.count(TransactionState.SUCCEEDED) == 2
    assert [entry.nonce for entry in node.entries()] == list(range(len(states)))
    assert len(node.anchors_on_chain()) == 3
    node.assert_anchored_once()


@pytest.mark.row("T38")
def test_anvil_outbox__reverted__recorded_held_with_the_contracts_reason_never_anchored(
    chain: Anvil, node: AnvilNode
) -> None:
    batch = node.anchor()
    pause = node.ledger.governance.encode_pause_key(KeyId(bytes(12) + MINER))
    admin = signer("miner admin")
    first = admin.sign_transaction(
        chain_id=node.ledger.identity().chain_id, nonce=0, to=pause.to, data=pause.data,
        gas_limit=pause.gas_limit, max_fee=50 * GWEI, max_priority_fee=20 * GWEI,
    )  # fmt: skip
    assert chain.words_to(first) == ""
    node.step()
    assert chain.waiting() == 2
    chain.mine()
    report = node.step()
    assert (report.reverted, report.done, report.held) == (1, 0, 1)
    entry = only(node.entries())
    assert entry.state is TransactionState.REVERTED
    with node.store.read() as work:
        (held,) = work.intents(IntentState.HELD)
    assert held.code == "outbox.reverted"
    assert "NotOperator" in held.message
    assert node.states() == {StatementState.HELD: 3}
    assert node.ledger.anchor(batch.issuer, batch.root, node.ledger.head()) is None


def test_node__nonce_displaced__settle_waits_for_the_new_plan(
    chain: Anvil, node: AnvilNode
) -> None:
    node.anchor()
    assert chain.words_to(node.foreign(0)) == ""
    chain.mine()
    report = node.step()
    # Nothing is on its way, and yet it is not over.
    assert (report.displaced, report.pending, report.waiting) == (1, 0, 1)
    node.settle()
    node.assert_anchored_once()
