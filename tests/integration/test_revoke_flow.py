"""Status changes through the outbox: stored, planned, recorded once, or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_world import account_key_id
from tests.support.node_parts import MINE, Parts, make_parts, record
from veta.errors import ConflictError, InputError, NotFoundError, TransactionRevertedError
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.consortium import KeyAction, KeyAlgorithm, KeyPurpose
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.ports.store import IntentState, StatusChange
from veta.services.revoke import StatusChanger

LEAF, OTHER = record(0).leaf, record(1).leaf
GROUNDS = Digest(b"\x05" * 32)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = make_parts(tmp_path)
    made.add(2)
    yield made
    made.store.close()


@pytest.fixture
def changer(parts: Parts) -> StatusChanger:
    return StatusChanger(parts.planner)


def _actions(parts: Parts, leaf: Leaf = LEAF, issuer: MemberId = MINE) -> list[StatusAction]:
    return [entry.action for entry in parts.ledger.status(issuer, leaf, parts.ledger.head())]


def _open(parts: Parts, state: IntentState = IntentState.OPEN) -> int:
    with parts.store.read() as work:
        return len(work.intents(state))


def test_revoke__own_statement__recorded_once_with_reason(
    parts: Parts, changer: StatusChanger
) -> None:
    changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    assert _actions(parts) == []  # stored and signed, not sent
    parts.steps(2)
    (entry,) = parts.ledger.status(MINE, LEAF, parts.ledger.head())
    assert (entry.action, entry.reason) == (StatusAction.REVOKE, StatusReason.WITHDRAWN)
    assert _open(parts, IntentState.DONE) == 1
    with pytest.raises(TransactionRevertedError):
        changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    parts.steps(2)
    assert len(_actions(parts)) == 1


def test_revoke__asked_twice_before_it_is_sent__one_intent_and_one_nonce(
    parts: Parts, changer: StatusChanger
) -> None:
    first = changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    second = changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    assert second.number == first.number
    with parts.store.read() as work:
        assert len(work.entries()) == 1


def test_revoke__chain_down__kept_and_done_when_it_is_back(
    parts: Parts, changer: StatusChanger
) -> None:
    parts.ledger.faults.down = True
    changer.revoke(LEAF, reason=StatusReason.COMPROMISED, effective_s=UnixSeconds(1_780_000_000))
    parts.steps(2)
    assert _open(parts) == 1
    parts.ledger.faults.down = False
    parts.steps(2)
    (entry,) = parts.ledger.status(MINE, LEAF, parts.ledger.head())
    assert entry.effective_s == 1_780_000_000
    assert _open(parts) == 0


def test_revoke__chain_down_and_contract_refuses_later__held_with_reason(
    parts: Parts, changer: StatusChanger
) -> None:
    parts.ledger.faults.down = True
    changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    parts.ledger.add_key(
        MINE,
        key_id=account_key_id(parts.account.address),
        action=KeyAction.PAUSE,
        purpose=KeyPurpose.OPERATE,
        algorithm=KeyAlgorithm.ACCOUNT,
    )
    parts.ledger.faults.down = False
    report = parts.steps(1)[0]
    assert [alarm.code for alarm in report.alarms] == ["outbox.refused"]
    assert "NotOperator" in report.alarms[0].message
    assert _open(parts, IntentState.HELD) == 1


def test_revoke__said_twice_while_the_chain_is_down__is_one_entry(
    parts: Parts, changer: StatusChanger
) -> None:
    changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    parts.steps(2)
    parts.ledger.faults.down = True
    changer.revoke(LEAF, reason=StatusReason.WITHDRAWN)
    parts.ledger.faults.down = False
    assert parts.steps(1)[0].alarms == []
    assert _open(parts) == _open(parts, IntentState.HELD) == 0
    assert len(parts.ledger.status(MINE, LEAF, parts.ledger.head())) == 1


def test_revoke__bad_arguments__refused_and_nothing_kept(
    parts: Parts, changer: StatusChanger
) -> None:
    with pytest.raises(InputError):
        changer.revoke(LEAF, reason=StatusReason.NONE)
    with pytest.raises(InputError):
        changer.revoke(LEAF, reason=StatusReason.WITHDRAWN, effective_s=UnixSeconds(1))
    with pytest.raises(NotFoundError):
        changer.revoke(Leaf(b"\x77" * 32), reason=StatusReason.WITHDRAWN)
    with pytest.raises(InputError):
        changer.void(MemberId(9), LEAF, reason=StatusReason.WITHDRAWN)
    assert _open(parts) == 0


def test_supersede__another_of_the_same_kind__recorded_with_its_leaf(
    parts: Parts, changer: StatusChanger
) -> None:
    changer.supersede(LEAF, by_leaf=OTHER)
    parts.steps(2)
    (entry,) = parts.ledger.status(MINE, LEAF, parts.ledger.head())
    assert entry.related_leaf == OTHER


def test_supersede__itself_or_another_kind__refused(parts: Parts, changer: StatusChanger) -> None:
    parts.add(1, start=5, kind=BatchKind.EVENT)
    with pytest.raises(ConflictError):
        changer.supersede(LEAF, by_leaf=LEAF)
    with pytest.raises(ConflictError):
        changer.supersede(LEAF, by_leaf=record(5, BatchKind.EVENT).leaf)


def test_reaffirm__twice_for_two_compromises__both_are_recorded(
    parts: Parts, changer: StatusChanger
) -> None:
    for _ in range(2):
        changer.reaffirm(LEAF)
        parts.steps(2)
    assert _actions(parts) == [StatusAction.REAFFIRM] * 2


def test_dispute__another_members_statement__recorded(parts: Parts, changer: StatusChanger) -> None:
    unknown = Leaf(b"\x66" * 32)
    changer.dispute(MemberId(9), unknown, grounds=GROUNDS)
    parts.steps(2)
    (entry,) = parts.ledger.status(MemberId(9), unknown, parts.ledger.head())
    assert (entry.action, entry.by_member) == (StatusAction.DISPUTE, MINE)
    assert (entry.related_leaf, entry.grounds) == (None, GROUNDS)


def test_call_for__every_action__is_the_contracts_call(parts: Parts) -> None:
    ledger, planner = parts.ledger, parts.planner
    reason = StatusReason.COMPROMISED
    at_s = UnixSeconds(5)
    rows = [
        (
            StatusChange(StatusAction.REVOKE, MINE, LEAF, reason, effective_s=at_s),
            ledger.encode_revoke(issuer=MINE, leaf=LEAF, reason=reason, effective_s=at_s),
        ),
        (
            StatusChange(StatusAction.SUPERSEDE, MINE, LEAF, related=Digest(OTHER)),
            ledger.encode_supersede(leaf=LEAF, by_leaf=OTHER),
        ),
        (
            StatusChange(StatusAction.REAFFIRM, MINE, LEAF),
            ledger.encode_reaffirm(leaf=LEAF),
        ),
        (
            StatusChange(StatusAction.DISPUTE, MemberId(9), LEAF, related=GROUNDS),
            ledger.encode_dispute(issuer=MemberId(9), leaf=LEAF, grounds=GROUNDS),
        ),
    ]
    assert [planner.call_for(change, 0) for change, _ in rows] == [call for _, call in rows]
