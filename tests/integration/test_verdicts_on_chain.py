"""What was said on the real contracts, and what a verifier makes of it; who may say it at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chain_scenes import RULES, signer, statement_key
from tests.support.node_parts import identity_of
from tests.support.verdict_world import (
    AUTHORITY,
    COMMUNITY,
    DAY,
    MINER,
    SMELTER,
    VerdictWorld,
    account_key,
    verdict_world,
)
from veta.chain.contract_abi import CONTRACT_NAMES, artifact
from veta.chain.deploy import contract_address
from veta.chain.governance import KeyGrant, ProposalKind
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.consortium import KeyAction, KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import AccountAddress, BatchRoot, Digest, UnixSeconds
from veta.ports.store import IntentState
from veta.services.audit import Auditor
from veta.services.follow import Follower
from veta.services.outbox import Outbox
from veta.services.planning import TransactionPlanner
from veta.services.revoke import StatusChanger
from veta.store.sql_store import open_store
from veta.verify.verdict import Verdict

GROUNDS = Digest(b"\x07" * 32)
GOOD: tuple[Verdict, set[str]] = (Verdict.VALID, set())
NOTED = Verdict.VALID_WITH_NOTICE
SIGN_KEY = statement_key("miner").key_id


@pytest.fixture
def world() -> Iterator[VerdictWorld]:
    with verdict_world() as made:
        yield made


# -- disputes ------------------------------------------------------------------------------------


def test_verdict__disputed__notice_until_closed_by_its_party(world: VerdictWorld) -> None:
    lot = world.passport()
    log = world.ledger.statement_log
    dispute = log.encode_dispute(issuer=MINER, leaf=lot.leaf, grounds=GROUNDS)
    assert world.refused("smelter", dispute) == "RoleMissing"
    close = log.encode_close_dispute(issuer=MINER, leaf=lot.leaf)
    assert world.refused("community", close) == "NoOpenDispute"
    assert world.told(lot) == GOOD
    world.done("community", dispute)
    assert world.told(lot) == (NOTED, {"status.disputed"})
    # Neither the issuer nor another party ends it.
    assert world.refused("miner", close) == "NoOpenDispute"
    assert world.refused("authority", close) == "NoOpenDispute"
    world.done("community", close)
    assert world.told(lot) == GOOD
    assert world.refused("community", dispute) == "DisputeBarred"


def test_verdict__dispute_nobody_upheld__lapses(world: VerdictWorld) -> None:
    lot = world.passport()
    log = world.ledger.statement_log
    world.done("community", log.encode_dispute(issuer=MINER, leaf=lot.leaf, grounds=GROUNDS))
    world.wait(RULES.dispute_lapse_s - 2)
    assert world.told(lot)[1] == {"status.disputed"}
    world.wait(2)
    assert world.told(lot) == GOOD
    uphold = log.encode_uphold_dispute(issuer=MINER, leaf=lot.leaf, party=COMMUNITY)
    assert world.refused("authority", uphold) == "NoOpenDispute"


def test_verdict__dispute_upheld_by_an_independent_body__does_not_lapse(
    world: VerdictWorld,
) -> None:
    lot = world.passport()
    log = world.ledger.statement_log
    world.done("community", log.encode_dispute(issuer=MINER, leaf=lot.leaf, grounds=GROUNDS))
    uphold = log.encode_uphold_dispute(issuer=MINER, leaf=lot.leaf, party=COMMUNITY)
    assert world.refused("smelter", uphold) == "RoleMissing"
    assert world.refused("community", uphold) == "RoleMissing"
    world.done("authority", uphold)
    assert world.refused("authority", uphold) == "AlreadyUpheld"
    own = log.encode_uphold_dispute(issuer=AUTHORITY, leaf=lot.leaf, party=COMMUNITY)
    assert world.refused("authority", own) == "NotIndependent"
    world.wait(RULES.dispute_lapse_s + DAY)
    assert world.told(lot)[1] == {"status.disputed"}
    world.done("community", log.encode_close_dispute(issuer=MINER, leaf=lot.leaf))
    assert world.told(lot) == GOOD


# -- keys ----------------------------------------------------------------------------------------


@pytest.mark.row("T1", "T4", "A08")
def test_verdict__key_stolen_since_s_declared_at_d__before_contested_and_after(
    world: VerdictWorld,
) -> None:
    before = world.passport()
    world.wait(5 * DAY)
    since_s = world.now_s
    world.wait(DAY)
    between = world.passport()
    last = world.passport()
    declare = world.gateway.encode_declare_compromised(SIGN_KEY, since_s=since_s)
    assert world.refused("smelter admin", declare) == "NotMembersKey"
    assert world.refused("miner", declare) == "NotAuthorised"
    assert [world.told(lot) for lot in (before, between, last)] == [GOOD] * 3
    declared_s = world.done("miner admin", declare)
    after = world.passport()  # whoever holds the stolen key goes on
    assert before.at_s < since_s <= between.at_s < declared_s <= after.at_s
    assert world.told(before) == GOOD
    assert world.told(between) == (Verdict.NOT_PROVEN, {"key.contested"})
    assert world.told(after) == (Verdict.INVALID, {"key.compromised"})
    # The issuer stands by one of the two, with a key that is its own.
    world.done("miner", world.ledger.encode_reaffirm(leaf=between.leaf))
    assert world.told(between) == (NOTED, {"key.contested_reaffirmed"})
    assert world.told(last) == (Verdict.NOT_PROVEN, {"key.contested"})
    # Nothing that anybody says later makes the third one good.
    world.done("miner", world.ledger.encode_reaffirm(leaf=after.leaf))
    assert world.told(after) == (Verdict.INVALID, {"key.compromised"})


@pytest.mark.row("T4")
def test_verdict__key_retired__old_statements_stay_new_ones_fail(world: VerdictWorld) -> None:
    old = world.passport()
    world.done("miner admin", world.gateway.encode_retire_key(SIGN_KEY))
    late = world.passport()
    assert world.told(old) == GOOD
    assert world.told(late) == (Verdict.INVALID, {"key.retired"})
    fresh = statement_key("miner two")
    unbound = world.passport(fresh)
    assert world.told(unbound) == (Verdict.INVALID, {"key.unknown"})
    grant = KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, fresh.public_key)
    world.done("miner admin", world.gateway.encode_bind_key(grant))
    assert world.told(unbound) == (Verdict.INVALID, {"key.not_yet_bound"})
    assert world.told(world.passport(fresh)) == GOOD


@pytest.mark.row("T1", "T4")
def test_verdict__key_paused__from_then_on_nothing_is_good(world: VerdictWorld) -> None:
    old = world.passport()
    world.done("miner admin", world.gateway.encode_pause_key(SIGN_KEY))
    assert world.told(old) == GOOD
    assert world.told(world.passport()) == (Verdict.INVALID, {"key.paused"})


# -- members and bodies --------------------------------------------------------------------------


@pytest.mark.row("T4", "A50")
def test_verdict__issuer_expelled__what_it_anchored_stays_and_it_anchors_no_more(
    world: VerdictWorld,
) -> None:
    old = world.passport()
    expel = world.gateway.expel(MINER)
    left_s = world.carry(ProposalKind.EXPEL, expel, "smelter admin", "authority admin")
    assert world.told(old) == (NOTED, {"issuer.left_since"})
    (left,) = [each for each in world.verify(old).checks if each.code == "issuer.left_since"]
    assert left.facts["left_at_s"] == left_s
    with pytest.raises(AssertionError):
        world.passport()
    assert not world.ledger.membership(MINER, world.ledger.head())[-1].admitted


@pytest.mark.row("T4")
def test_verdict__voided_by_a_body__invalid_and_contested_for_what_was_sold_before(
    world: VerdictWorld,
) -> None:
    lot = world.passport()
    world.wait(10 * DAY)
    effective_s = world.now_s
    sold_early_s = UnixSeconds(effective_s - DAY)
    world.wait(5 * DAY)
    sold_between_s = world.now_s
    world.wait(DAY)
    void = world.ledger.encode_revoke(
        issuer=MINER, leaf=lot.leaf, reason=StatusReason.VOIDED_BY_BODY, effective_s=effective_s
    )
    for nobody in ("smelter", "community", "miner"):
        assert world.refused(nobody, void) == "ReasonNotOpen"
    assert world.told(lot) == GOOD
    said_s = world.done("authority", void)
    assert world.told(lot) == (Verdict.INVALID, {"status.revoked"})
    at_said = world.told(lot, relied_on_at_s=said_s)
    assert at_said == (Verdict.INVALID, {"status.revoked"})
    between = world.told(lot, relied_on_at_s=sold_between_s)
    assert between == (Verdict.NOT_PROVEN, {"status.contested"})
    early = world.told(lot, relied_on_at_s=sold_early_s)
    assert early == (NOTED, {"status.revoked_later"})
    (entry,) = world.ledger.status(MINER, lot.leaf, world.ledger.head())
    assert (entry.action, entry.by_member) == (StatusAction.REVOKE, AUTHORITY)


@pytest.mark.row("A05")
def test_anchor__stranger_or_member_without_the_role__is_refused_by_contract_and_verifier(
    world: VerdictWorld,
) -> None:
    root = BatchRoot(b"\x05" * 32)
    call = world.ledger.encode_anchor(sequence=1, root=root, size=1, kind=BatchKind.PASSPORT)
    assert world.refused("stranger", call) == "NotOperator"
    assert world.refused("miner admin", call) == "NotOperator"
    assert world.refused("community", call) == "RoleMissing"
    # The role was the right one once, and is no more.
    lot = world.passport()
    standing = world.gateway.set_standing(MINER, Role.COMMUNITY, votes=True)
    world.carry(ProposalKind.SET_STANDING, standing, "smelter admin", "authority admin")
    again = world.ledger.encode_anchor(sequence=2, root=root, size=1, kind=BatchKind.PASSPORT)
    assert world.refused("miner", again) == "RoleMissing"
    assert world.told(lot) == GOOD


# -- votes ---------------------------------------------------------------------------------------


def test_install_administrators__keys_lost__a_vote_gives_new_ones(world: VerdictWorld) -> None:
    fresh = signer("new admin").address
    payload = world.gateway.install_administrators(MINER, (fresh,))
    propose = world.gateway.encode_propose(ProposalKind.INSTALL_ADMINISTRATORS, payload)
    assert world.refused("stranger", propose) == "NotAuthorised"
    empty = world.gateway.install_administrators(MINER, ())
    assert world.refused(
        "smelter admin", world.gateway.encode_propose(ProposalKind.INSTALL_ADMINISTRATORS, empty)
    )
    retire = world.gateway.encode_retire_key(SIGN_KEY)
    assert world.refused("new admin", retire) == "NotAuthorised"
    world.carry(ProposalKind.INSTALL_ADMINISTRATORS, payload, "smelter admin", "authority admin")
    assert world.refused("miner admin", retire) == "NotAuthorised"
    world.done("new admin", retire)
    last = world.ledger.keys(MINER, world.ledger.head())[-3:]
    assert [(entry.action, entry.key_id) for entry in last] == [
        (KeyAction.PAUSE, account_key("miner admin")),
        (KeyAction.BIND, account_key("new admin")),
        (KeyAction.RETIRE, SIGN_KEY),
    ]


@pytest.mark.row("T1")
def test_compromise__by_vote__reaches_further_back_than_a_member_may(world: VerdictWorld) -> None:
    lot = world.passport()
    since_s = UnixSeconds(lot.at_s - 1)
    world.wait(RULES.max_compromise_backdate_s + DAY)
    alone = world.gateway.encode_declare_compromised(SIGN_KEY, since_s=since_s)
    assert world.refused("miner admin", alone) == "TooFarBack"
    payload = world.gateway.compromise(MINER, SIGN_KEY, since_s)
    others = world.gateway.compromise(SMELTER, SIGN_KEY, since_s)
    assert (
        world.refused(
            "smelter admin", world.gateway.encode_propose(ProposalKind.COMPROMISE, others)
        )
        == "NotMembersKey"
    )
    assert world.told(lot) == GOOD
    declared_s = world.carry(ProposalKind.COMPROMISE, payload, "smelter admin", "authority admin")
    entry = world.ledger.keys(MINER, world.ledger.head())[-1]
    assert (entry.action, entry.effective_s, entry.recorded_at_s) == (
        KeyAction.COMPROMISE,
        since_s,
        declared_s,
    )
    assert world.told(lot) == (Verdict.NOT_PROVEN, {"key.contested"})


def contract_that_may_follow(world: VerdictWorld) -> AccountAddress:
    """A second statement log: real code that the consortium can name."""
    deployer = signer("deployer")
    nonce = world.ledger.nonce(deployer.address)
    consortium = world.gateway._caller.address
    fees = world.ledger.fees()
    raw = deployer.sign_transaction(
        chain_id=world.ledger.identity().chain_id,
        nonce=nonce,
        to=None,
        data=artifact("StatementLog").creation_code(consortium),
        gas_limit=6_000_000,
        max_fee=fees.max_fee,
        max_priority_fee=fees.max_priority_fee,
    )
    world.ledger.send(raw)
    return contract_address(deployer.address, nonce)


def test_register_contract__only_with_code_and_by_vote__is_looked_up_by_name(
    world: VerdictWorld,
) -> None:
    place = contract_that_may_follow(world)
    nowhere = world.gateway.register_contract("LotBook", signer("stranger").address)
    propose = world.gateway.encode_propose(ProposalKind.REGISTER_CONTRACT, nowhere)
    assert world.refused("miner admin", propose) == "NoCode"
    payload = world.gateway.register_contract("LotBook", place)
    before = world.ledger.event_head("Consortium", world.ledger.head()).count
    number = world.propose(ProposalKind.REGISTER_CONTRACT, payload, "miner admin")
    execute = world.gateway.encode_execute(number, payload)
    assert world.refused("miner admin", execute) == "NoQuorum"
    world.carry(ProposalKind.REGISTER_CONTRACT, payload)
    name = b"LotBook".ljust(32, b"\0")
    (found,) = world.gateway._caller.read("contractAt", name, block=world.ledger.head())
    assert int(str(found), 16) == int(place.hex(), 16)
    assert world.ledger.event_head("Consortium", world.ledger.head()).count > before


def test_set_successor__by_vote_alone_and_once__is_on_the_old_contract(
    world: VerdictWorld,
) -> None:
    old = world.ledger.statement_log._caller
    place = contract_that_may_follow(world)
    itself = world.gateway.set_successor(old.address, old.address)
    propose = world.gateway.encode_propose(ProposalKind.SET_SUCCESSOR, itself)
    assert world.refused("miner admin", propose) == "NotASuccessor"
    direct = old.encode("setSuccessor", place, gas_limit=200_000, purpose="set successor")
    for word in ("miner", "miner admin", "deployer"):
        assert world.refused(word, direct)
    payload = world.gateway.set_successor(old.address, place)
    lot = world.passport()
    world.carry(ProposalKind.SET_SUCCESSOR, payload)
    (successor,) = old.read("successor", block=world.ledger.head())
    assert int(str(successor), 16) == int(place.hex(), 16)
    assert world.told(lot) == GOOD  # what was anchored in the old one stays
    number = world.propose(
        ProposalKind.SET_SUCCESSOR, payload, "miner admin", "smelter admin", "authority admin"
    )
    world.wait(RULES.timelock_s)
    assert world.refused("miner", world.gateway.encode_execute(number, payload))


def test_schedule__quorum_by_others_leaving__starts_the_timelock_for_whoever_asks(
    world: VerdictWorld,
) -> None:
    payload = world.gateway.expel(COMMUNITY)
    number = world.propose(ProposalKind.EXPEL, payload, "miner admin", "smelter admin")
    schedule = world.gateway.encode_schedule(number)
    execute = world.gateway.encode_execute(number, payload)
    assert world.gateway.proposal(number, world.ledger.head()).required == 3
    assert world.refused("stranger", schedule) == "NoQuorum"
    world.done("authority admin", world.gateway.encode_resign())
    state = world.gateway.proposal(number, world.ledger.head())
    assert (state.approvals, state.required, state.ready_s) == (2, 2, 0)
    assert world.refused("stranger", execute) == "Timelocked"
    scheduled_s = world.done("stranger", schedule)
    ready_s = world.gateway.proposal(number, world.ledger.head()).ready_s
    assert ready_s == scheduled_s + RULES.timelock_s
    assert world.refused("stranger", schedule) == "Timelocked"
    world.wait(RULES.timelock_s)
    world.done("stranger", execute)
    assert not world.ledger.membership(COMMUNITY, world.ledger.head())[-1].admitted


# -- through the outbox --------------------------------------------------------------------------


def test_outbox__dispute_and_voiding_of_anothers_statement__done_once_recorded(
    world: VerdictWorld, tmp_path: Path
) -> None:
    lot = world.passport()
    store = open_store(tmp_path / "node.db", identity_of(world.ledger, AUTHORITY), create=True)
    planner = TransactionPlanner(
        store=store,
        ledger=world.ledger,
        signer=signer("authority"),
        member=AUTHORITY,
        chain_id=world.ledger.identity().chain_id,
    )
    outbox, changer = Outbox(planner, world.clock), StatusChanger(planner)
    changer.dispute(MINER, lot.leaf, grounds=GROUNDS)
    changer.void(MINER, lot.leaf, reason=StatusReason.VOIDED_BY_BODY)
    for _ in range(3):
        outbox.step()
        world.clock.sleep(6)
    with store.read() as work:
        assert len(work.intents(IntentState.DONE)) == 2
        assert work.intents(IntentState.HELD) == work.intents(IntentState.OPEN) == ()
    listed = world.ledger.status(MINER, lot.leaf, world.ledger.head())
    assert [entry.action for entry in listed] == [StatusAction.DISPUTE, StatusAction.REVOKE]
    names = CONTRACT_NAMES
    Follower(store=store, ledger=world.ledger, contracts=names).follow()
    auditor = Auditor(store=store, ledger=world.ledger, contracts=names, planner=planner)
    assert auditor.audit().differences == []
    store.close()
