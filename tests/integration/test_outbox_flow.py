"""The outbox on a store on disk and the fake chain, scenario by scenario."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.fake_accounts import FakeAccount, decode_raw
from tests.support.fake_faults import CLIENT_WORDS
from tests.support.fake_ledger import GWEI, FakeLedger
from tests.support.node_parts import (
    MINE,
    MINE_DID,
    Parts,
    make_parts,
    mining_ledger,
    record,
)
from veta.errors import LedgerUnavailableError, OutcomeUnknownError
from veta.model.anchoring import BatchKind
from veta.model.consortium import Role
from veta.model.identifiers import BatchRoot, Digest, Leaf, MemberId
from veta.ports.store import IntentState, StatementState, TransactionState
from veta.services.anchor import BundleDesk
from veta.services.planning import OutboxPolicy
from veta.services.revoke import StatusChanger
from veta.trees import verify_inclusion


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = make_parts(tmp_path)
    yield made
    made.store.close()


def _anchored(parts: Parts) -> int:
    with parts.store.read() as work:
        return work.count_statements()[StatementState.ANCHORED]


def test_anchor__statements_of_two_kinds__each_in_its_own_batch_and_final(parts: Parts) -> None:
    parts.add(5)
    parts.add(3, kind=BatchKind.EVENT)
    report = parts.anchorer.anchor()
    assert len(report.planned) == 2
    assert parts.ledger.nonce(parts.account.address) == 0  # nothing is sent before the loop runs
    parts.steps(2)
    assert _anchored(parts) == 8
    with parts.store.read() as work:
        batches = work.batches()
    assert [(b.kind, b.size, b.sequence) for b in batches] == [
        (BatchKind.PASSPORT, 5, 1),
        (BatchKind.EVENT, 3, 2),
    ]


def test_bundle__anchored_statement__inclusion_verifies(parts: Parts) -> None:
    parts.add(7)
    parts.anchorer.anchor()
    parts.steps(2)
    desk = BundleDesk(parts.store)
    for number in range(7):
        leaf = record(number).leaf
        bundle = desk.bundle(leaf)
        assert bundle.inclusion is not None
        assert bundle.root is not None
        verify_inclusion(leaf, bundle.inclusion, bundle.root)
        assert parts.ledger.anchor(MINE, bundle.root, parts.ledger.head()) is not None


def _intents(parts: Parts, state: IntentState) -> int:
    with parts.store.read() as work:
        return len(work.intents(state))


def _states(parts: Parts) -> list[TransactionState]:
    with parts.store.read() as work:
        return [entry.state for entry in work.entries()]


def audit(parts: Parts) -> None:
    """Whatever happened: nothing lost, nothing twice, sequence gapless, nonces without gap."""
    head = parts.ledger.head()
    with parts.store.read() as work:
        batches = work.batches()
        counts = work.count_statements()
        entries = work.entries()
    anchored = [parts.ledger.anchor(MINE, batch.root, head) for batch in batches]
    assert all(record is not None for record in anchored)
    assert [r.sequence for r in anchored if r] == [batch.sequence for batch in batches]
    sequences = sorted(r.sequence for r in anchored if r)
    assert len(set(sequences)) == len(sequences)
    assert counts[StatementState.ANCHORED] == sum(counts.values())
    nonces = [entry.nonce for entry in entries]
    assert len(set(nonces)) == len(nonces)


def _foreign(parts: Parts, nonce: int, root: bytes = b"\x99" * 32, sequence: int = 1) -> None:
    """Somebody else uses our account."""
    call = parts.ledger.encode_anchor(
        sequence=sequence, root=BatchRoot(root), size=1, kind=BatchKind.PASSPORT
    )
    raw = parts.account.sign_transaction(
        chain_id=parts.ledger.chain_id,
        nonce=nonce,
        to=call.to,
        data=call.data,
        gas_limit=call.gas_limit,
        max_fee=50 * GWEI,
        max_priority_fee=50 * GWEI,
    )
    parts.ledger.send(raw)


@pytest.mark.row("T33", "T34")
def test_step__nonce_and_sequence_taken_by_somebody_else__planned_anew_once(parts: Parts) -> None:
    parts.add(4)
    parts.anchorer.anchor()
    _foreign(parts, nonce=0)
    reports = parts.steps(3)
    assert sum(r.displaced for r in reports) == 1
    assert _states(parts) == [TransactionState.DISPLACED, TransactionState.SUCCEEDED]
    with parts.store.read() as work:
        assert [batch.sequence for batch in work.batches()] == [2]
    audit(parts)


def test_step__nonce_taken_but_not_finally__waits(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, finality=3)
    parts.add(4)
    parts.anchorer.anchor()
    _foreign(parts, nonce=0)
    parts.steps(2)
    assert _states(parts) == [TransactionState.PENDING]
    parts.ledger.reorganise(1, keep=False)  # the foreign transaction never happened
    parts.steps(1)
    parts.ledger.mine(3)
    parts.steps(1)
    assert _states(parts) == [TransactionState.SUCCEEDED]
    audit(parts)
    parts.store.close()


@pytest.mark.row("T38")
def test_step__sequence_taken_through_another_account__reverted_then_planned_anew(
    tmp_path: Path,
) -> None:
    parts = make_parts(tmp_path, automine=False)
    other = FakeAccount("the member's second account")
    parts.ledger.bind_account(MINE, other.address)
    parts.add(4)
    parts.anchorer.anchor()
    call = parts.ledger.encode_anchor(
        sequence=1, root=BatchRoot(b"\x42" * 32), size=1, kind=BatchKind.PASSPORT
    )
    raw = other.sign_transaction(
        chain_id=1337,
        nonce=0,
        to=call.to,
        data=call.data,
        gas_limit=call.gas_limit,
        max_fee=9 * GWEI,
        max_priority_fee=GWEI,
    )
    parts.ledger.send(raw)
    parts.ledger.mine()
    parts.steps(1)
    parts.ledger.mine()
    reports = parts.steps(1)
    assert reports[0].reverted == 1
    assert reports[0].done == 0
    assert _anchored(parts) == 0
    parts.steps(1)
    parts.ledger.mine()
    parts.steps(1)
    assert _states(parts) == [TransactionState.REVERTED, TransactionState.SUCCEEDED]
    audit(parts)
    parts.store.close()


@pytest.mark.row("T38")
def test_step__reverted_for_good__held_with_reason_and_retried_by_a_person(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, automine=False)
    parts.add(4)
    parts.anchorer.anchor()
    parts.ledger.set_membership(MINE, roles=Role(0))  # the role is lost before it is included
    parts.steps(1)
    parts.ledger.mine()
    report = parts.steps(1)[0]
    assert (report.reverted, report.held, report.done) == (1, 1, 0)
    assert [alarm.code for alarm in report.alarms] == ["outbox.reverted"]
    with parts.store.read() as work:
        (held,) = work.intents(IntentState.HELD)
        assert work.count_statements()[StatementState.HELD] == 4
    assert "RoleMissing" in held.message
    parts.steps(3)
    assert len(_states(parts)) == 1  # nothing more is spent on it
    parts.ledger.set_membership(MINE, roles=Role.MINER)
    parts.outbox.retry(held.number)
    parts.steps(1)
    parts.ledger.mine()
    parts.steps(1)
    audit(parts)
    parts.store.close()


def test_anchor__contract_would_refuse__nothing_is_signed_and_statements_stay_issued(
    parts: Parts,
) -> None:
    parts.ledger.set_membership(MINE, roles=Role(0))
    parts.add(2)
    report = parts.anchorer.anchor()
    assert [alarm.code for alarm in report.alarms] == ["anchor.refused"]
    assert _states(parts) == []
    parts.ledger.set_membership(MINE, roles=Role.MINER)
    parts.anchorer.anchor()
    parts.steps(2)
    audit(parts)


@pytest.mark.row("T36")
def test_step__fees_too_low__replaced_on_the_same_nonce_until_mined(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, automine=False, policy=OutboxPolicy(bump_after_s=10.0))
    parts.add(4)
    parts.anchorer.anchor()
    parts.ledger.min_fee = 3 * GWEI  # after signing, everything gets dearer
    for _ in range(20):
        parts.steps(1)
        parts.ledger.mine()
    with parts.store.read() as work:
        (entry,) = work.entries()
    fees = [attempt.max_fee for attempt in entry.attempts]
    assert len(fees) > 1
    assert all(new * 10 >= old * 11 for old, new in itertools.pairwise(fees))
    assert entry.state is TransactionState.SUCCEEDED
    audit(parts)
    parts.store.close()


@pytest.mark.row("T36")
def test_step__first_of_several_replacements_is_mined__settled_by_it(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, automine=False, policy=OutboxPolicy(bump_after_s=1.0))
    parts.add(4)
    parts.anchorer.anchor()
    parts.steps(1)
    with parts.store.read() as work:
        first = work.entries()[0].attempts[0]
    parts.steps(2)
    parts.ledger.drop_pool()
    parts.ledger.send(first.raw)  # an old one comes back and wins
    parts.ledger.mine()
    parts.steps(1)
    with parts.store.read() as work:
        (entry,) = work.entries()
    assert len(entry.attempts) == 3
    receipt = parts.ledger.receipt(first.transaction_id)
    assert receipt is not None
    assert entry.state is TransactionState.SUCCEEDED
    audit(parts)
    parts.store.close()


@pytest.mark.row("T36")
def test_step__endpoint_forgets_what_it_took__sent_again(parts: Parts) -> None:
    parts.ledger.faults.drop_sends = True
    parts.add(4)
    parts.anchorer.anchor()
    parts.steps(3)
    assert _states(parts) == [TransactionState.PENDING]
    parts.ledger.faults.drop_sends = False
    parts.steps(2)
    audit(parts)


@pytest.mark.row("T36")
def test_step__out_of_funds__alarm_and_nothing_lost(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, automine=False, policy=OutboxPolicy(bump_after_s=1.0))
    parts.add(4)
    parts.ledger.fund(parts.account.address, 1)
    report = parts.anchorer.anchor()
    assert [alarm.code for alarm in report.alarms] == ["outbox.out_of_funds"]
    parts.ledger.fund(parts.account.address)
    parts.anchorer.anchor()
    parts.ledger.fund(parts.account.address, 1)
    codes = [alarm.code for report in parts.steps(3) for alarm in report.alarms]
    assert codes == ["outbox.out_of_funds"] * 2  # from when it is stuck
    parts.ledger.fund(parts.account.address)
    parts.steps(2)
    parts.ledger.mine()
    parts.steps(1)
    audit(parts)
    parts.store.close()


@pytest.mark.row("T36")
def test_step__fees_at_the_limit__alarm_and_no_replacement(tmp_path: Path) -> None:
    policy = OutboxPolicy(bump_after_s=1.0, max_fee_wei=2 * GWEI)
    parts = make_parts(tmp_path, automine=False, policy=policy)
    parts.add(4)
    parts.anchorer.anchor()
    parts.ledger.min_fee = 3 * GWEI
    codes = [alarm.code for report in parts.steps(3) for alarm in report.alarms]
    assert set(codes) == {"outbox.fee_limit"}
    with parts.store.read() as work:
        assert len(work.entries()[0].attempts) == 1
    parts.store.close()


class _Liar(FakeLedger):
    """Answers every send with one sentence, whatever happened."""

    sentence = ""
    keeps = True

    def send(self, raw: bytes) -> None:
        sent = decode_raw(raw)
        if self.keeps:
            with suppress(OutcomeUnknownError):
                super().send(raw)
        raise OutcomeUnknownError(
            "ledger.outcome_unknown", self.sentence, transaction_id=sent.transaction_id
        )


SENTENCES = sorted({words for client in CLIENT_WORDS.values() for words in client.values()})


@pytest.mark.row("T37")
@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("keeps", [True, False])
def test_step__whatever_the_client_says__only_receipts_and_state_count(
    sentence: str, keeps: bool, tmp_path: Path
) -> None:
    ledger = _Liar()
    ledger.admit(MINE, MINE_DID)
    account = FakeAccount("mine")
    ledger.bind_account(MINE, account.address)
    ledger.sentence, ledger.keeps = sentence, keeps
    parts = make_parts(tmp_path, ledger=ledger)
    parts.add(3)
    parts.anchorer.anchor()
    parts.steps(3)
    assert _anchored(parts) == (3 if keeps else 0)
    ledger.keeps = True
    parts.steps(2)
    audit(parts)
    parts.store.close()


def test_step__included_then_reorganised_away__included_again(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, finality=4)
    parts.add(4)
    parts.anchorer.anchor()
    parts.steps(1)
    assert _anchored(parts) == 0  # included, but not final
    parts.ledger.reorganise(1, keep=False)
    parts.steps(2)
    parts.ledger.mine(4)
    parts.steps(1)
    audit(parts)
    parts.store.close()


@pytest.mark.row("T35")
def test_restart__after_any_step__goes_on_from_the_store(tmp_path: Path) -> None:
    account = FakeAccount("mine")
    ledger = mining_ledger(account, automine=False)
    parts = make_parts(tmp_path, ledger=ledger)
    parts.add(4)
    parts.anchorer.anchor()
    for _ in range(6):
        parts.store.close()
        parts = make_parts(tmp_path, ledger=ledger)
        parts.steps(1)
        ledger.mine()
    assert len(_states(parts)) == 1
    audit(parts)
    parts.store.close()


@pytest.mark.slow
@pytest.mark.row("T33")
def test_add_transaction__eight_threads__no_gap_and_no_duplicate(tmp_path: Path) -> None:
    policy = OutboxPolicy(most_in_flight=10_000)
    parts = make_parts(tmp_path, automine=False, policy=policy)
    changer = StatusChanger(parts.planner)
    each = 125  # as many as take well under 20 s while other work keeps both cores busy

    def dispute(thread: int) -> None:
        for number in range(each):
            leaf = Leaf(bytes([thread + 1]) * 30 + (number + 1).to_bytes(2, "big"))
            changer.dispute(MemberId(9), leaf, grounds=Digest(b"\x01" * 32))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(dispute, range(8)))
    with parts.store.read() as work:
        nonces = [entry.nonce for entry in work.pending(parts.account.address)]
    assert nonces == list(range(8 * each))
    parts.steps(1)
    parts.ledger.mine(limit=8 * each)
    parts.steps(1)
    assert _intents(parts, IntentState.DONE) == 8 * each
    assert parts.ledger.nonce(parts.account.address) == 8 * each
    parts.store.close()


def test_anchor__one_of_a_pipeline_is_refused__the_rest_close_up_without_gap(
    tmp_path: Path,
) -> None:
    parts = make_parts(tmp_path, automine=False)
    for number in range(4):
        parts.add(2, start=number * 2)
        parts.anchorer.anchor()
    _foreign(parts, nonce=0)
    parts.ledger.mine()
    for _ in range(12):
        parts.steps(1)
        parts.ledger.mine()
    with parts.store.read() as work:
        assert sorted(b.sequence or 0 for b in work.batches()) == [2, 3, 4, 5]
    audit(parts)
    parts.store.close()


def test_anchor__ledger_down__nothing_is_planned_and_issuing_goes_on(parts: Parts) -> None:
    parts.ledger.faults.down = True
    parts.add(2)
    with pytest.raises(LedgerUnavailableError):
        parts.anchorer.anchor()
    assert parts.steps(1)[0].alarms == []  # nothing on its way, nothing to ask
    parts.ledger.faults.down = False
    parts.anchorer.anchor()
    parts.ledger.faults.down = True
    assert [alarm.code for alarm in parts.steps(1)[0].alarms] == ["ledger.unavailable"]
    parts.ledger.faults.down = False
    parts.steps(2)
    audit(parts)
