"""Issue, anchor, change status, follow and audit on the real contracts in the embedded EVM."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.chain_scenes import MINER_DID, fund_embedded, network_on, signer, statement_key
from tests.support.node_parts import ManualClock, identity_of
from tests.support.statements import DOCUMENT, LOT, issuance
from veta.chain.contract_abi import CONTRACT_NAMES
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.errors import TransactionRevertedError
from veta.model.anchoring import StatusAction, StatusReason
from veta.model.identifiers import BlockNumber, MemberId
from veta.ports.store import IntentState, StatementState
from veta.services.anchor import BatchAnchorer, BundleDesk
from veta.services.audit import Auditor
from veta.services.follow import Follower
from veta.services.issue import StatementIssuer
from veta.services.outbox import Outbox
from veta.services.planning import TransactionPlanner
from veta.services.revoke import StatusChanger
from veta.statement.passport import build_passport
from veta.store.sql_store import open_store
from veta.trees import verify_inclusion

MINER = MemberId(1)
CONTRACTS = CONTRACT_NAMES


@pytest.mark.slow
def test_node_parts__on_the_real_contracts__agree_with_the_chain_in_everything(
    tmp_path: Path,
) -> None:
    chain = EmbeddedChain.create(tmp_path / "chain.db")
    network = network_on(EmbeddedProvider(chain), fund_embedded(chain))
    ledger = network.ledger()
    store = open_store(tmp_path / "node.db", identity_of(ledger, MINER), create=True)
    planner = TransactionPlanner(
        store=store,
        ledger=ledger,
        signer=signer("miner"),
        member=MINER,
        chain_id=ledger.identity().chain_id,
    )
    clock = ManualClock()
    outbox = Outbox(planner, clock)
    issuer = StatementIssuer(
        store=store,
        signer=statement_key("miner"),
        clock=clock,
        member=MINER,
        identifier=MINER_DID,
    )

    def settle() -> None:
        while outbox.step().pending:
            clock.sleep(6)

    passports = []
    for number in range(7):
        lot = replace(LOT, lot_number=f"L-{number}")
        passport = build_passport(lot, issuance(str(number)), DOCUMENT)
        assert passport["issuer"]["id"] == MINER_DID
        passports.append(passport)
    leaves = [issued.leaf for issued in issuer.issue_many(passports)]
    BatchAnchorer(planner).anchor()
    settle()
    changer = StatusChanger(planner)
    changer.revoke(leaves[0], reason=StatusReason.ISSUED_IN_ERROR)
    changer.supersede(leaves[1], by_leaf=leaves[2])
    settle()
    with pytest.raises(TransactionRevertedError) as refusal:
        changer.reaffirm(leaves[3])
    assert refusal.value.error_name == "NothingToReaffirm"
    with store.read() as work:
        assert work.count_statements()[StatementState.ANCHORED] == 7
        assert len(work.intents(IntentState.DONE)) == 3
    bundle = BundleDesk(store).bundle(leaves[6])
    assert bundle.inclusion is not None
    assert bundle.root is not None
    verify_inclusion(leaves[6], bundle.inclusion, bundle.root)

    report = Follower(store=store, ledger=ledger, contracts=CONTRACTS).follow()
    with store.read() as work:
        assert work.members() == tuple(
            found for m in (1, 2) if (found := ledger.member(MemberId(m), report.head))
        )
        assert work.keys(MINER) == ledger.keys(MINER, report.head)
        assert work.membership(MINER) == ledger.membership(MINER, report.head)
        assert work.status(MINER, leaves[1]) == ledger.status(MINER, leaves[1], report.head)
        assert [entry.action for entry in work.status(MINER, leaves[0])] == [StatusAction.REVOKE]
        assert work.event_heads(BlockNumber(report.head.number)) == {
            name: told
            for name in CONTRACTS
            if (told := ledger.event_head(name, report.head)).count  # the laws have no events
        }
    auditor = Auditor(store=store, ledger=ledger, contracts=CONTRACTS, planner=planner)
    audited = auditor.audit()
    assert audited.differences == []
    assert (audited.statements, audited.batches, audited.transactions) == (7, 1, 3)
    store.close()

    with sqlite3.connect(tmp_path / "node.db") as connection:
        connection.execute("UPDATE statuses SET reason = 2 WHERE action = 1")
    connection.close()
    store = open_store(tmp_path / "node.db", identity_of(ledger, MINER))
    auditor = Auditor(store=store, ledger=ledger, contracts=CONTRACTS)
    assert {difference.code for difference in auditor.audit().differences} == {"audit.record"}
    store.close()
    chain.close()
