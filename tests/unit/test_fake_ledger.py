"""The fake chain itself: what other tests rely on it for."""

from __future__ import annotations

import pytest

from tests.support.fake_accounts import FakeAccount, decode_raw
from tests.support.fake_ledger import GWEI, FakeLedger
from tests.support.fake_world import keccak256
from veta.chain.contract_abi import artifact
from veta.chain.revert import code_of
from veta.errors import OutcomeUnknownError, TransactionRevertedError
from veta.model.anchoring import BatchKind, StatusReason
from veta.model.consortium import Role
from veta.model.identifiers import (
    BatchRoot,
    Digest,
    Leaf,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.ports.ledger import Call, Ledger

MINER = MemberId(7)
ROOT = BatchRoot(b"\x11" * 32)


def _ledger(*, automine: bool = True, finality_depth: int = 0) -> tuple[FakeLedger, FakeAccount]:
    ledger = FakeLedger(automine=automine, finality_depth=finality_depth)
    account = FakeAccount("mine")
    ledger.admit(MINER, "did:web:mine.example")
    ledger.bind_account(MINER, account.address)
    return ledger, account


def _raw(account: FakeAccount, call: Call, nonce: int, fee: int = 2 * GWEI) -> bytes:
    return account.sign_transaction(
        chain_id=1337,
        nonce=nonce,
        to=call.to,
        data=call.data,
        gas_limit=call.gas_limit,
        max_fee=fee,
        max_priority_fee=fee // 10,
    )


def _id(raw: bytes) -> TransactionId:
    return TransactionId(keccak256(raw))


def test_fake_ledger__is_a_ledger() -> None:
    ledger: Ledger = FakeLedger()
    assert ledger.head().number == 0


def test_fake_account__decoded_by_eth_account__agrees() -> None:
    from eth_account import Account

    account = FakeAccount("mine")
    raw = _raw(account, Call(FakeLedger().encode_reaffirm(leaf=b"\0" * 32).to, b"x", 1, "x"), 0)  # type: ignore[arg-type]
    assert bytes.fromhex(Account.recover_transaction(raw)[2:]) == account.address
    assert decode_raw(raw).sender == account.address


def test_send__anchor__is_recorded_and_counted() -> None:
    ledger, account = _ledger()
    call = ledger.encode_anchor(sequence=1, root=ROOT, size=3, kind=BatchKind.PASSPORT)
    raw = _raw(account, call, 0)
    ledger.send(raw)
    receipt = ledger.receipt(_id(raw))
    assert receipt is not None
    assert receipt.succeeded
    record = ledger.anchor(MINER, ROOT, ledger.head())
    assert record is not None
    assert (record.sequence, record.size) == (1, 3)
    assert ledger.next_sequence(MINER, ledger.head()) == 2
    assert ledger.event_head("StatementLog", ledger.head()).count == 1
    assert ledger.nonce(account.address) == 1


@pytest.mark.parametrize(("sequence", "error"), [(2, "SequenceMismatch"), (0, "SequenceMismatch")])
def test_send__wrong_sequence__reverts_and_keeps_state(sequence: int, error: str) -> None:
    ledger, account = _ledger()
    call = ledger.encode_anchor(sequence=sequence, root=ROOT, size=3, kind=BatchKind.PASSPORT)
    with pytest.raises(TransactionRevertedError) as refusal:
        ledger.simulate(call, account.address)
    assert refusal.value.error_name == error
    raw = _raw(account, call, 0)
    ledger.send(raw)
    receipt = ledger.receipt(_id(raw))
    assert receipt is not None
    assert not receipt.succeeded
    assert ledger.anchor(MINER, ROOT, ledger.head()) is None
    assert ledger.nonce(account.address) == 1


def test_reorganise__transactions_dropped__state_is_undone() -> None:
    ledger, account = _ledger()
    call = ledger.encode_anchor(sequence=1, root=ROOT, size=3, kind=BatchKind.PASSPORT)
    ledger.send(_raw(account, call, 0))
    before = ledger.head()
    ledger.reorganise(1, keep=False)
    after = ledger.block(before.number)
    assert after is not None
    assert after.digest != before.digest
    assert after.parent_digest == before.parent_digest
    assert ledger.anchor(MINER, ROOT, ledger.head()) is None


def test_send__replacement_too_cheap__refused_and_first_kept() -> None:
    ledger, account = _ledger(automine=False)
    call = ledger.encode_anchor(sequence=1, root=ROOT, size=3, kind=BatchKind.PASSPORT)
    first, cheap, dear = (_raw(account, call, 0, fee) for fee in (1000, 1099, 1100))
    ledger.send(first)
    with pytest.raises(OutcomeUnknownError):
        ledger.send(cheap)
    ledger.send(dear)
    ledger.mine()
    assert [ledger.receipt(_id(raw)) is not None for raw in (first, cheap, dear)] == [
        False,
        False,
        True,
    ]


def test_send__answer_lost__took_effect() -> None:
    ledger, account = _ledger()
    ledger.faults.after = 1.0
    raw = _raw(account, ledger.encode_reaffirm(leaf=b"\x01" * 32), 0)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknownError):
        ledger.send(raw)
    ledger.faults.after = 0.0
    assert ledger.receipt(_id(raw)) is not None


LEAF, OTHER = Leaf(b"\x21" * 32), Leaf(b"\x22" * 32)
NEIGHBOUR = MemberId(9)


def _refusals(ledger: FakeLedger, miner: FakeAccount) -> dict[str, Call]:
    """Each error of the fake contracts, by the call that meets it."""
    sent = 0

    def done(call: Call) -> Call:
        nonlocal sent
        ledger.send(_raw(miner, call, sent))
        sent += 1
        return call

    anchored = done(ledger.encode_anchor(sequence=1, root=ROOT, size=3, kind=BatchKind.PASSPORT))
    reason, now = StatusReason.WITHDRAWN, UnixSeconds(0)
    revoked = done(ledger.encode_revoke(issuer=MINER, leaf=LEAF, reason=reason, effective_s=now))
    replaced = done(ledger.encode_supersede(leaf=LEAF, by_leaf=OTHER))
    disputed = done(ledger.encode_dispute(issuer=NEIGHBOUR, leaf=LEAF, grounds=Digest(ROOT)))
    root = BatchRoot(b"\x31" * 32)
    return {
        "AlreadyAnchored": anchored,
        "AlreadyRevoked": revoked,
        "AlreadySuperseded": replaced,
        "DisputeBarred": disputed,
        "SequenceMismatch": ledger.encode_anchor(
            sequence=7, root=root, size=3, kind=BatchKind.PASSPORT
        ),
        "SizeOutOfBounds": ledger.encode_anchor(
            sequence=2, root=root, size=0, kind=BatchKind.PASSPORT
        ),
        "ReasonNotOpen": ledger.encode_revoke(
            issuer=NEIGHBOUR, leaf=LEAF, reason=reason, effective_s=now
        ),
        "InThePast": ledger.encode_revoke(
            issuer=MINER, leaf=OTHER, reason=reason, effective_s=UnixSeconds(1)
        ),
    }


def test_refusals__of_the_fake_contracts__have_the_real_ones_names_arguments_and_codes() -> None:
    ledger, miner = _ledger()
    real = artifact("StatementLog").errors
    calls = _refusals(ledger, miner)
    for name, call in calls.items():
        with pytest.raises(TransactionRevertedError) as refused:
            ledger.simulate(call, miner.address)
        assert refused.value.error_name == name
        assert refused.value.code == code_of(name)
        named = [item["name"].rstrip("_") for item in real[name].inputs]
        assert list(refused.value.arguments) == named
    ledger.set_membership(MINER, roles=Role(0))
    for name, account in (("RoleMissing", miner), ("NotOperator", FakeAccount("stranger"))):
        with pytest.raises(TransactionRevertedError) as refused:
            ledger.simulate(calls["SequenceMismatch"], account.address)
        assert refused.value.error_name == name
        assert list(refused.value.arguments) == [item["name"] for item in real[name].inputs]


def test_status__dispute__names_no_leaf_as_the_real_lists_do() -> None:
    ledger, miner = _ledger()
    _refusals(ledger, miner)
    (dispute,) = ledger.status(NEIGHBOUR, LEAF, ledger.head())
    assert dispute.related_leaf is None
    assert [entry.related_leaf for entry in ledger.status(MINER, LEAF, ledger.head())] == [
        None,
        OTHER,
    ]
