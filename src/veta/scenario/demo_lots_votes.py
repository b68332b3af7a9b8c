"""Many transactions of the demo in few blocks: a vote on every registration, and what follows it.

Each proposal is voted on for itself, as ``bootstrap.registering`` does it; only the blocks are
shared, as they would be on a busy chain. Followers then have fewer blocks to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from veta.bootstrap import (
    Administration,
    GovernanceGateway,
    ProposalKind,
    Registration,
    transaction_id_of,
)
from veta.model.identifiers import AccountAddress
from veta.ports.ledger import Call
from veta.scenario.demo_acts import Play

Sending = tuple[Administration, Call]


def vote_on_all(play: Play, registrations: Sequence[Registration]) -> None:
    """Propose everything, approve everything, wait, carry everything out."""
    offices = play.offices
    first, governance = offices[0], offices[0].ledger.governance
    kind = ProposalKind.CALL_CONTRACT
    payloads = [GovernanceGateway.call_contract(each.contract, each.data) for each in registrations]
    before = governance.proposal_count(first.ledger.final_head())
    numbered = list(enumerate(payloads, start=before + 1))
    send_in_one_block(play, [(first, governance.encode_propose(kind, each)) for each in payloads])
    digests = {number: governance.digest(number, kind, each) for number, each in numbered}
    for office in offices[: first.proposal(before + 1).required]:
        approvals = [
            (office, governance.encode_approve(number, digest))
            for number, digest in digests.items()
        ]
        send_in_one_block(play, approvals)
    play.stage.pass_to(first.proposal(before + len(payloads)).ready_s)
    carried_out = [(first, governance.encode_execute(number, each)) for number, each in numbered]
    send_in_one_block(play, carried_out)


def send_in_one_block(play: Play, sendings: Sequence[Sending]) -> None:
    """Send transactions of any accounts in this order, all in the next block."""
    chain, ledger = play.stage.chain, play.offices[0].ledger
    sent: Counter[AccountAddress] = Counter()
    fees = ledger.fees()
    transactions = []
    chain.holds_blocks = True
    try:
        for office, call in sendings:
            address = office.account.address
            raw = office.account.sign_transaction(
                chain_id=play.stage.pinned.chain_id,
                nonce=ledger.nonce(address) + sent[address],
                to=call.to,
                data=call.data,
                gas_limit=call.gas_limit,
                max_fee=fees.max_fee,
                max_priority_fee=fees.max_priority_fee,
            )
            sent[address] += 1
            transactions.append(transaction_id_of(raw))
            ledger.send(raw)
    finally:
        chain.holds_blocks = False
    chain.mine()
    for (_, call), transaction_id in zip(sendings, transactions, strict=True):
        receipt = ledger.receipt(transaction_id)
        good = receipt is not None and receipt.succeeded
        play.tell.expect(good, f"the transaction to {call.purpose} failed")
