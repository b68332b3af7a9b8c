"""Lot calls through the outbox on the fake chain: planned once, numbered right, read from state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_accounts import FakeAccount
from tests.support.lot_parts import LotParts, lot_of, run_of
from tests.support.node_parts import MINE, make_parts, mining_ledger
from veta.errors import InputError, LedgerUnavailableError, TransactionRevertedError
from veta.model.consortium import Role
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lots import LotState
from veta.ports.lot_store import LotCall
from veta.ports.store import IntentState, StatementState, TransactionState
from veta.services.open_lot import Offer
from veta.services.run_requests import TakeRequest

OTHER = MemberId(8)
LATER = UnixSeconds(1_900_000_000)


def lot_parts(folder: Path, *, automine: bool = True) -> LotParts:
    ledger = mining_ledger(FakeAccount("mine"), automine=automine, has_lots=True)
    ledger.admit(OTHER, "did:web:other.example", roles=Role.SMELTER)
    return LotParts.of(make_parts(folder, ledger=ledger))


@pytest.fixture
def lots(tmp_path: Path) -> Iterator[LotParts]:
    made = lot_parts(tmp_path)
    yield made
    made.parts.store.close()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[LotParts]:
    """Nothing is in a block before the test says so."""
    made = lot_parts(tmp_path, automine=False)
    made.parts.ledger.mine()
    yield made
    made.parts.store.close()


def sequences(lots: LotParts) -> list[int]:
    """All numbers that the member used up, as followed."""
    lots.follow()
    with lots.parts.store.read() as work:
        anchors = [record.sequence for record in work.anchors(MINE)]
        batches = [batch.header.sequence for batch in work.lot_batches(MINE)]
    return sorted(anchors + batches)


def test_run__and_anchors_on_the_way_together__each_has_its_own_number(slow: LotParts) -> None:
    parts = slow.parts
    parts.add(3)
    parts.anchorer.anchor()  # 1
    slow.originate("A", "B")  # 2
    parts.add(3, start=3)
    parts.anchorer.anchor()  # 3, with the passports of the run
    slow.originate("C")  # 4
    with parts.store.read() as work:
        assert [entry.sequence for entry in work.entries()] == [1, 2, 3, 4]
    assert parts.ledger.pool_size == 0
    for _ in range(3):
        parts.steps(1)
        parts.ledger.mine()
    parts.steps(1)
    assert sequences(slow) == [1, 2, 3, 4]
    with parts.store.read() as work:
        assert work.intents(IntentState.OPEN) == ()
        assert all(e.state is TransactionState.SUCCEEDED for e in work.entries())


def test_run__refused_on_chain__is_held_and_the_anchor_behind_it_goes_again(
    slow: LotParts,
) -> None:
    parts, ledger = slow.parts, slow.parts.ledger
    first = slow.originate("A")
    parts.steps(1)
    ledger.mine()
    parts.steps(1)
    slow.follow()
    lot = lot_of("A")
    slow.desk.custodian.open(lot)
    parts.steps(1)
    ledger.mine()
    parts.steps(1)
    slow.follow()
    run = run_of("B", at_s=parts.clock.wall_s, takes=(TakeRequest(lot),))
    taking = slow.desk.transformer.transform(run).intent  # expects number 2
    retiring = slow.desk.custodian.retire([lot], 1)
    parts.add(2)
    parts.anchorer.anchor()  # expects number 3
    with parts.store.read() as work:
        numbers = {entry.intent: entry.nonce for entry in work.pending(parts.account.address)}
    assert numbers[taking.number] < numbers[retiring.number]
    for _ in range(6):
        parts.steps(1)
        ledger.mine()
    parts.steps(1)
    assert slow.intent(first.number).state is IntentState.DONE
    assert slow.intent(taking.number).state is IntentState.DONE
    held = slow.intent(retiring.number)  # nothing was left to retire
    assert (held.state, held.code) == (IntentState.HELD, "outbox.reverted")
    assert sequences(slow) == [1, 2, 3]


def test_originate__asked_twice_or_after_a_restart__is_one_intent(
    slow: LotParts, tmp_path: Path
) -> None:
    first = slow.originate("A", "B")
    assert slow.originate("A", "B").number == first.number
    parts = slow.parts
    parts.store.close()
    again = LotParts.of(make_parts(tmp_path, ledger=parts.ledger))
    assert again.originate("A", "B").number == first.number
    again.parts.steps(1)
    parts.ledger.mine()
    again.parts.steps(1)
    assert again.intent(first.number).state is IntentState.DONE
    assert again.originate("A", "B").number == first.number  # done for good
    assert sequences(again) == [1]
    with again.parts.store.read() as work:
        assert sum(work.count_statements().values()) == 2
        assert len(work.own_lot_batches(first.number)) == 1
    slow.parts = again.parts


def test_originate__refused_at_once__stores_nothing(lots: LotParts) -> None:
    parts = lots.parts
    ahead = run_of("A", at_s=parts.ledger.head().time_s + 9_000)
    parts.clock.wall_s = parts.ledger.head().time_s + 9_000  # a clock that is wrong
    with pytest.raises(TransactionRevertedError) as refused:
        lots.desk.originator.originate(ahead)
    assert refused.value.error_name == "ProductionWindow"
    with parts.store.read() as work:
        assert work.count_statements() == dict.fromkeys(StatementState, 0)
        assert work.all_own_lot_batches() == []
    parts.ledger.faults.before = 1.0
    with pytest.raises(LedgerUnavailableError):
        lots.originate("B")
    parts.ledger.faults.before = 0.0


def test_offer__declined_before_anybody_looked__is_done_by_its_receipt(slow: LotParts) -> None:
    parts, ledger = slow.parts, slow.parts.ledger
    other = FakeAccount("other")
    ledger.bind_account(OTHER, other.address)
    slow.originate("A")
    parts.steps(1)
    ledger.mine()
    parts.steps(1)
    slow.follow()
    lot = lot_of("A")
    offered = slow.desk.custodian.open(lot, Offer(OTHER, LATER))
    parts.steps(1)
    ledger.mine()
    decline = ledger.lots.encode_decline([lot])
    raw = other.sign_transaction(
        chain_id=1337, nonce=0, to=decline.to, data=decline.data, gas_limit=decline.gas_limit,
        max_fee=9 * 10**9, max_priority_fee=10**9,
    )  # fmt: skip
    ledger.send(raw)
    ledger.mine()
    assert ledger.lots.lot(lot, ledger.head()).state is LotState.HELD
    parts.steps(1)
    assert slow.intent(offered.number).state is IntentState.DONE
    again = slow.desk.custodian.offer([lot], Offer(OTHER, LATER))
    assert again.number != offered.number
    assert slow.desk.custodian.offer([lot], Offer(OTHER, LATER)).number == again.number
    parts.steps(1)
    ledger.mine()
    parts.steps(1)
    assert ledger.lots.lot(lot, ledger.head()).state is LotState.OFFERED


def test_open__the_same_lot_opened_under_another_statement__is_held(slow: LotParts) -> None:
    parts, ledger = slow.parts, slow.parts.ledger
    slow.originate("A")
    parts.steps(1)
    ledger.mine()
    parts.steps(1)
    slow.follow()
    opened = slow.desk.custodian.open(lot_of("A"))
    assert isinstance(opened.subject, LotCall)
    record = ledger.lots.lot(lot_of("A"), ledger.head())

    def forge(world: object, scene: object) -> list[object]:
        from dataclasses import replace

        world.lots.lots[lot_of("A")] = replace(  # type: ignore[attr-defined]
            record, state=LotState.HELD, holder=MINE, commitment=Digest(b"\x66" * 32)
        )
        return []

    ledger.as_consortium(forge)  # type: ignore[arg-type]
    for _ in range(3):
        parts.steps(1)
        ledger.mine()
    held = slow.intent(opened.number)
    assert (held.state, held.code) == (IntentState.HELD, "outbox.other_record")


def test_retire__of_another_member_s_lot__is_refused_in_words(lots: LotParts) -> None:
    lots.originate("A")
    lots.parts.steps(2)
    lots.follow()
    lots.desk.custodian.open(lot_of("A"), Offer(OTHER, LATER))
    lots.parts.steps(2)
    with pytest.raises(InputError) as refused:
        lots.desk.custodian.retire([lot_of("A")], 1)
    assert refused.value.code == "custody.locked_by_offer"
    assert str(LATER) in refused.value.message
