"""Votes, keys and deployment through the gateways, on the embedded chain's real contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.chain_scenes import (
    ETHER,
    MINER_DID,
    RULES,
    Network,
    fund_embedded,
    members,
    network_on,
    signer,
    statement_key,
)
from tests.support.ledger_conformance import LedgerScene, a_leaf, a_root
from veta.chain.clock import SystemClock
from veta.chain.contract_abi import artifact
from veta.chain.deploy import deploy
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.governance import Admission, GovernanceGateway, KeyGrant, ProposalKind
from veta.chain.ledger import Finality, Web3Ledger
from veta.chain.web3_packages import RPCEndpoint, RPCResponse
from veta.errors import ConfigError, OutcomeUnknownError, TransactionRevertedError
from veta.model.consortium import KeyAction, KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import FAR_FUTURE, BlockNumber, KeyId, UnixSeconds
from veta.ports.ledger import Call

START = UnixSeconds(1_790_000_000)


@pytest.fixture
def chain() -> Iterator[EmbeddedChain]:
    ticks = iter(range(START + 10, FAR_FUTURE, 10))
    chain = EmbeddedChain.create(None, EmbeddedGenesis(time_s=START), lambda: next(ticks))
    yield chain
    chain.close()


@pytest.fixture
def network(chain: EmbeddedChain) -> Network:
    return network_on(EmbeddedProvider(chain), fund_embedded(chain))


@pytest.fixture
def scene(network: Network) -> LedgerScene:
    return network.scene()


@pytest.fixture
def gateway(scene: LedgerScene) -> GovernanceGateway:
    assert isinstance(scene.ledger, Web3Ledger)
    return scene.ledger.governance


def done(scene: LedgerScene, word: str, call: Call) -> None:
    assert scene.submit(signer(word), call).succeeded, call.purpose


def pass_time(chain: EmbeddedChain, seconds: int) -> None:
    with chain.reading() as evm:
        now = evm.get_canonical_head().timestamp
    chain.set_next_block_time(UnixSeconds(now + seconds))
    chain.mine()


def carry(
    chain: EmbeddedChain,
    scene: LedgerScene,
    gateway: GovernanceGateway,
    kind: ProposalKind,
    payload: bytes,
) -> int:
    """Propose, approve by both, wait, execute."""
    done(scene, "miner admin", gateway.encode_propose(kind, payload))
    number = gateway.proposal_count(scene.ledger.head())
    digest = gateway.digest(number, kind, payload)
    assert gateway.proposal(number, scene.ledger.head()).digest == digest
    for word in ("miner admin", "smelter admin"):
        done(scene, word, gateway.encode_approve(number, digest))
    pass_time(chain, RULES.timelock_s + 1)
    done(scene, "stranger", gateway.encode_execute(number, payload))
    assert gateway.proposal(number, scene.ledger.head()).executed
    return number


NEWCOMER = Admission(
    identifier="did:web:laboratorio-sur.example",
    name="Laboratorio Sur",
    country="AR",
    roles=Role.LABORATORY,
    votes=False,
    keys=(
        KeyGrant(KeyPurpose.ADMINISTER, KeyAlgorithm.ACCOUNT, signer("lab admin").address),
        KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, statement_key("lab").public_key),
    ),
)


def test_governance__member_admitted_by_vote__is_read_back(
    chain: EmbeddedChain, scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    carry(chain, scene, gateway, ProposalKind.ADMIT, gateway.admit(NEWCOMER))
    head = scene.ledger.head()
    number = scene.ledger.member_id(NEWCOMER.identifier, head)
    assert number == 3
    member = scene.ledger.member(number, head)
    assert member is not None
    assert (member.name, member.country) == ("Laboratorio Sur", "AR")
    (entry,) = scene.ledger.membership(number, head)
    assert (entry.roles, entry.votes, entry.admitted) == (Role.LABORATORY, False, True)
    assert scene.ledger.keys(number, head)[1].public_key == statement_key("lab").public_key
    carry(chain, scene, gateway, ProposalKind.EXPEL, gateway.expel(number))
    after = scene.ledger.membership(number, scene.ledger.head())
    assert [(e.admitted, e.roles) for e in after] == [(True, Role.LABORATORY), (False, Role(0))]


def test_governance__without_quorum_or_time__is_refused(
    scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    payload = gateway.admit(NEWCOMER)
    done(scene, "miner admin", gateway.encode_propose(ProposalKind.ADMIT, payload))
    digest = gateway.digest(1, ProposalKind.ADMIT, payload)
    done(scene, "miner admin", gateway.encode_approve(1, digest))
    execute = gateway.encode_execute(1, payload)
    with pytest.raises(TransactionRevertedError) as refused:
        scene.ledger.simulate(execute, signer("stranger").address)
    assert refused.value.error_name == "NoQuorum"
    done(scene, "smelter admin", gateway.encode_approve(1, digest))
    with pytest.raises(TransactionRevertedError) as refused:
        scene.ledger.simulate(execute, signer("stranger").address)
    assert refused.value.error_name == "Timelocked"
    done(scene, "smelter admin", gateway.encode_withdraw_approval(1))
    assert gateway.proposal(1, scene.ledger.head()).ready_s == 0
    with pytest.raises(TransactionRevertedError) as refused:
        scene.ledger.simulate(
            gateway.encode_propose(ProposalKind.ADMIT, payload), signer("stranger").address
        )
    assert refused.value.code == "ledger.reverted.not_authorised"


def test_governance__rules_standing_and_administrators__by_vote(
    chain: EmbeddedChain, scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    assert gateway.rules(scene.ledger.head()) == RULES
    longer = replace(RULES, proposal_lifetime_s=172_800)
    carry(chain, scene, gateway, ProposalKind.SET_RULES, gateway.set_rules(longer))
    assert gateway.rules(scene.ledger.head()) == longer
    standing = gateway.set_standing(scene.miner, Role.MINER | Role.TRADER, votes=True)
    # A member does not vote on itself: the other one suffices.
    done(scene, "smelter admin", gateway.encode_propose(ProposalKind.SET_STANDING, standing))
    digest = gateway.digest(2, ProposalKind.SET_STANDING, standing)
    done(scene, "smelter admin", gateway.encode_approve(2, digest))
    pass_time(chain, RULES.timelock_s + 1)
    done(scene, "stranger", gateway.encode_execute(2, standing))
    assert scene.ledger.membership(scene.miner, scene.ledger.head())[-1].roles == (
        Role.MINER | Role.TRADER
    )


def test_keys__bound_retired_paused__are_entries_of_one_list(
    scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    before = len(scene.ledger.keys(scene.miner, scene.ledger.head()))
    fresh = statement_key("miner two")
    grant = KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, fresh.public_key)
    done(scene, "miner admin", gateway.encode_bind_key(grant))
    done(scene, "miner admin", gateway.encode_retire_key(statement_key("miner").key_id))
    operator = KeyId(bytes(12) + signer("miner").address)
    done(scene, "miner", gateway.encode_pause_key(operator))
    entries = scene.ledger.keys(scene.miner, scene.ledger.head())[before:]
    assert [(e.action, e.key_id) for e in entries] == [
        (KeyAction.BIND, fresh.key_id),
        (KeyAction.RETIRE, statement_key("miner").key_id),
        (KeyAction.PAUSE, operator),
    ]
    assert entries[0].public_key == fresh.public_key
    assert scene.ledger.account(signer("miner").address, scene.ledger.head()) is None
    with pytest.raises(TransactionRevertedError) as refused:
        scene.ledger.simulate(scene.anchor_call(scene.miner, a_root()), signer("miner").address)
    assert refused.value.error_name == "NotOperator"


def test_keys__declared_compromised__since_is_on_the_list_and_reaffirming_opens(
    scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    leaf = a_leaf()
    reaffirm = scene.ledger.encode_reaffirm(leaf=leaf)
    with pytest.raises(TransactionRevertedError) as refused:
        scene.ledger.simulate(reaffirm, signer("miner").address)
    assert refused.value.error_name == "NothingToReaffirm"
    key_id = statement_key("miner").key_id
    since = UnixSeconds(scene.ledger.head().time_s - 30)
    done(scene, "miner admin", gateway.encode_declare_compromised(key_id, since_s=since))
    entry = scene.ledger.keys(scene.miner, scene.ledger.head())[-1]
    assert (entry.action, entry.effective_s) == (KeyAction.COMPROMISE, since)
    assert entry.recorded_at_s == scene.ledger.head().time_s
    done(scene, "miner", reaffirm)
    assert len(scene.ledger.status(scene.miner, leaf, scene.ledger.head())) == 1


def test_member__resigns__is_no_member_any_more(
    scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    done(scene, "smelter admin", gateway.encode_resign())
    assert not scene.ledger.membership(scene.smelter, scene.ledger.head())[-1].admitted


def test_gateways__small_reads__tell_what_was_deployed(network: Network) -> None:
    ledger = network.ledger()
    head = ledger.head()
    assert ledger.consortium.member_count(head) == 2
    assert ledger.consortium.voter_count(head) == 2
    assert ledger.consortium.is_bootstrap(head)
    assert ledger.consortium.version(head).count(".") == 2
    assert ledger.statement_log.version(head).count(".") == 2
    with pytest.raises(ConfigError):
        ledger.event_head("Nobody", head)


def test_ledger__trust_of_an_older_version__works_with_the_two_contracts_it_pins(
    network: Network,
) -> None:
    trust = network.deployment.trust("older")
    (contracts,) = trust.contract_sets
    two = tuple(c for c in contracts.contracts if c.name in {"Consortium", "StatementLog"})
    older = replace(trust, contract_sets=(replace(contracts, contracts=two),))
    ledger, newer = Web3Ledger(network.provider, older), network.ledger()
    head = ledger.head()
    assert {contract.name for contract in ledger.identity().contracts} == {c.name for c in two}
    assert ledger.event_head("StatementLog", head) == newer.event_head("StatementLog", head)
    with pytest.raises(ConfigError) as refused:
        ledger.event_head("Registry", head)
    assert refused.value.code == "config.no_contract"


def test_call_contract__registry__a_substance_is_registered_by_vote(
    chain: EmbeddedChain, scene: LedgerScene, gateway: GovernanceGateway
) -> None:
    assert isinstance(scene.ledger, Web3Ledger)
    registry = artifact("Registry")
    call = registry.calldata("registerSubstance", 29, 1, b"Cu")
    before = scene.ledger.event_head("Registry", scene.ledger.head()).count
    payload = gateway.call_contract("Registry", call)
    carry(chain, scene, gateway, ProposalKind.CALL_CONTRACT, payload)
    assert scene.ledger.event_head("Registry", scene.ledger.head()).count == before + 1
    again = gateway.call_contract("Registry", call)
    done(scene, "miner admin", gateway.encode_propose(ProposalKind.CALL_CONTRACT, again))
    for word in ("miner admin", "smelter admin"):
        digest = gateway.digest(2, ProposalKind.CALL_CONTRACT, again)
        done(scene, word, gateway.encode_approve(2, digest))
    pass_time(chain, RULES.timelock_s + 1)
    with pytest.raises(TransactionRevertedError) as refused:
        scene.ledger.simulate(gateway.encode_execute(2, again), signer("stranger").address)
    assert refused.value.error_name == "AlreadyRegistered"
    assert refused.value.arguments == {"id": 29}


# -- deployment ---------------------------------------------------------------------------------


def test_deploy__again__gives_the_same_contracts(chain: EmbeddedChain, network: Network) -> None:
    again = deploy(network.provider, signer("deployer"), members(), RULES, SystemClock())
    assert again.identity == network.deployment.identity
    assert again.from_block == network.deployment.from_block


class LosesAnswer(EmbeddedProvider):
    """Hands transactions on and loses the answers of some."""

    def __init__(self, chain: EmbeddedChain, lose: Callable[[int], str]) -> None:
        super().__init__(chain)
        self._lose = lose
        self._sent = 0

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method != "eth_sendRawTransaction":
            return super().make_request(method, params)
        self._sent += 1
        what = self._lose(self._sent)
        if what != "before":
            super().make_request(method, params)
        if what != "nothing":
            raise OutcomeUnknownError("ledger.outcome_unknown", "lost", transaction_id=bytes(32))
        return super().make_request(method, params)


def test_deploy__broken_off_or_answers_lost__is_taken_up(chain: EmbeddedChain) -> None:
    for word in ("deployer", "miner"):
        chain.fund(signer(word).address, 100 * ETHER)

    def attempt(lose: Callable[[int], str]) -> object:
        return deploy(LosesAnswer(chain, lose), signer("deployer"), members(), RULES, SystemClock())

    with pytest.raises(OutcomeUnknownError):
        attempt(lambda sent: "before")
    with pytest.raises(OutcomeUnknownError):
        attempt(lambda sent: "after" if sent == 1 else "before")
    deployment = attempt(lambda sent: "after")
    assert deployment == attempt(lambda sent: "nothing")


def test_deploy__account_used_otherwise_or_other_members__is_refused(
    chain: EmbeddedChain, network: Network
) -> None:
    with pytest.raises(ConfigError) as refused:
        deploy(network.provider, signer("deployer"), members()[::-1], RULES, SystemClock())
    assert refused.value.code == "config.deployer_used"
    for nonce in (2, 70):  # another contract of the set is there; nothing is there
        with pytest.raises(ConfigError) as refused:
            deploy(
                network.provider,
                signer("deployer"),
                members(),
                RULES,
                SystemClock(),
                first_nonce=nonce,
            )
        assert refused.value.code == "config.deployer_used"


# -- finality and trust -------------------------------------------------------------------------


def test_final_head__depth__stays_that_many_blocks_behind(
    chain: EmbeddedChain, network: Network
) -> None:
    ledger = network.ledger(Finality("depth", 3))
    assert ledger.final_head().number == ledger.head().number - 3
    deep = network.ledger(Finality("depth", 10_000))
    assert deep.final_head().number == 0
    assert network.ledger(Finality("finalized")).final_head() == ledger.head()
    chain.mine()
    assert ledger.final_head().number == ledger.head().number - 3


def test_start__trust_without_current_contracts__is_a_configuration_error(
    network: Network,
) -> None:
    trust = network.deployment.trust("test")
    (contracts,) = trust.contract_sets
    for sets in ((), (replace(contracts, to_block=BlockNumber(5)),)):
        with pytest.raises(ConfigError) as refused:
            Web3Ledger(network.provider, replace(trust, contract_sets=sets))
        assert refused.value.code == "config.no_contracts"
    only_one = replace(contracts, contracts=contracts.contracts[:1])
    with pytest.raises(ConfigError) as refused:
        Web3Ledger(network.provider, replace(trust, contract_sets=(only_one,)))
    assert refused.value.code == "config.no_contract"
    assert network.scene().miner_identifier == MINER_DID
