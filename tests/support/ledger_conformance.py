"""What every implementation of the ``Ledger`` port must do; one suite, run on all of them.

A subclass provides a ``scene`` fixture. Tests share the scene's chain and use roots and leaves of
their own, so the chain may live as long as the subclass likes.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sha3 import keccak_256

from veta.errors import OutcomeUnknownError, TransactionRevertedError
from veta.model.anchoring import AnchorRecord, BatchKind, StatusAction, StatusEntry, StatusReason
from veta.model.consortium import ActiveAccount, KeyEntry, KeyPurpose, Member, MembershipEntry
from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    Leaf,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.ports.keys import TransactionSigner
from veta.ports.ledger import Call, EventHead, Ledger, LedgerEvent, MemberAdmitted, Receipt

CONTRACTS = ("Consortium", "StatementLog")
STATELESS = {"LotLaws"}
"""Contracts that keep nothing and say nothing."""


@dataclass(frozen=True)
class LedgerScene:
    """A chain with two members, their operators, and somebody who is no member."""

    ledger: Ledger
    chain_id: int
    miner: MemberId
    miner_identifier: str
    miner_operator: TransactionSigner
    smelter: MemberId
    smelter_operator: TransactionSigner
    stranger: TransactionSigner
    settle: Callable[[], None] = lambda: None
    """Makes the chain include what was sent."""

    def sign(self, signer: TransactionSigner, call: Call) -> bytes:
        fees = self.ledger.fees()
        return signer.sign_transaction(
            chain_id=self.chain_id,
            nonce=self.ledger.nonce(signer.address),
            to=call.to,
            data=call.data,
            gas_limit=call.gas_limit,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
        )

    def submit(self, signer: TransactionSigner, call: Call) -> Receipt:
        raw = self.sign(signer, call)
        self.ledger.send(raw)
        return self.wait(raw)

    def wait(self, raw: bytes) -> Receipt:
        self.settle()
        transaction_id = TransactionId(keccak_256(raw).digest())
        for _ in range(200):
            receipt = self.ledger.receipt(transaction_id)
            if receipt is not None:
                return receipt
            time.sleep(0.05)
        raise AssertionError("no block includes the transaction")

    def anchor_call(self, signer_member: MemberId, root: BatchRoot, *, ahead: int = 0) -> Call:
        sequence = self.ledger.next_sequence(signer_member, self.ledger.head())
        return self.ledger.encode_anchor(
            sequence=sequence + ahead, root=root, size=7, kind=BatchKind.PASSPORT
        )

    def all_events(self) -> list[LedgerEvent]:
        head = self.ledger.head()
        found: list[LedgerEvent] = []
        for number in range(head.number + 1):
            block = self.ledger.block(BlockNumber(number))
            assert block is not None
            found += self.ledger.events(block)
        return found


def a_root() -> BatchRoot:
    return BatchRoot(secrets.token_bytes(32))


def a_leaf() -> Leaf:
    return Leaf(secrets.token_bytes(32))


class LedgerConformance:
    """Subclass it with a ``scene`` fixture."""

    def test_block__numbers_to_the_head__form_one_chain(self, scene: LedgerScene) -> None:
        head = scene.ledger.head()
        blocks = [scene.ledger.block(BlockNumber(n)) for n in range(head.number + 1)]
        known = [block for block in blocks if block is not None]
        assert len(known) == head.number + 1
        assert known[-1] == head
        for parent, child in itertools.pairwise(known):
            assert child.parent_digest == parent.digest
            assert child.number == parent.number + 1
            assert child.time_s >= parent.time_s
        assert scene.ledger.block(BlockNumber(head.number + 1_000)) is None

    def test_final_head__any_time__is_a_block_of_the_chain(self, scene: LedgerScene) -> None:
        final = scene.ledger.final_head()
        assert final.number <= scene.ledger.head().number
        assert scene.ledger.block(final.number) == final

    def test_identity__asked_twice__names_genesis_and_both_contracts(
        self, scene: LedgerScene
    ) -> None:
        identity = scene.ledger.identity()
        genesis = scene.ledger.block(BlockNumber(0))
        assert genesis is not None
        assert identity.genesis_digest == genesis.digest
        assert identity.chain_id == scene.chain_id
        assert {contract.name for contract in identity.contracts} >= set(CONTRACTS)
        assert scene.ledger.identity() == identity

    def test_members__known_and_unknown__are_told_apart(self, scene: LedgerScene) -> None:
        head = scene.ledger.head()
        assert scene.ledger.member_id(scene.miner_identifier, head) == scene.miner
        assert scene.ledger.member_id("did:web:nobody.example", head) is None
        member = scene.ledger.member(scene.miner, head)
        assert member is not None
        assert member.identifier == scene.miner_identifier
        nobody = MemberId(4_000_000)
        assert scene.ledger.member(nobody, head) is None
        assert scene.ledger.membership(nobody, head) == ()
        assert scene.ledger.keys(nobody, head) == ()

    def test_account__operator_and_stranger__are_told_apart(self, scene: LedgerScene) -> None:
        head = scene.ledger.head()
        address = scene.miner_operator.address
        assert scene.ledger.account(address, head) == ActiveAccount(
            address, scene.miner, KeyPurpose.OPERATE
        )
        assert scene.ledger.account(scene.stranger.address, head) is None
        assert scene.ledger.account(AccountAddress(bytes(20)), head) is None

    def test_lists__of_members__are_indexed_from_zero(self, scene: LedgerScene) -> None:
        head = scene.ledger.head()
        for member in (scene.miner, scene.smelter):
            membership = scene.ledger.membership(member, head)
            keys = scene.ledger.keys(member, head)
            assert membership
            assert keys
            assert [entry.index for entry in membership] == list(range(len(membership)))
            assert [entry.index for entry in keys] == list(range(len(keys)))
            assert {entry.member for entry in keys} == {member}

    def test_anchor__sent__is_recorded_from_its_block_on(self, scene: LedgerScene) -> None:
        root = a_root()
        before = scene.ledger.head()
        call = scene.anchor_call(scene.miner, root)
        sequence = scene.ledger.next_sequence(scene.miner, before)
        scene.ledger.simulate(call, scene.miner_operator.address)
        receipt = scene.submit(scene.miner_operator, call)
        assert receipt.succeeded
        assert receipt.gas_used > 0
        assert scene.ledger.block(receipt.block.number) == receipt.block
        record = scene.ledger.anchor(scene.miner, root, receipt.block)
        assert record is not None
        assert (record.sequence, record.size, record.kind) == (sequence, 7, BatchKind.PASSPORT)
        assert record.anchored_at_s == receipt.block.time_s
        assert scene.ledger.anchor(scene.miner, root, before) is None
        assert scene.ledger.anchor(scene.smelter, root, receipt.block) is None
        assert scene.ledger.next_sequence(scene.miner, receipt.block) == sequence + 1
        assert scene.ledger.next_sequence(scene.miner, before) == sequence
        bodies = [event.body for event in scene.ledger.events(receipt.block)]
        anchored = [body for body in bodies if isinstance(body, AnchorRecord) and body.root == root]
        assert len(anchored) == 1
        assert anchored[0].anchored_by == scene.miner_operator.address
        assert anchored[0].block == receipt.block.number
        assert anchored[0].sequence == sequence

    def test_anchor__same_root_by_two_members__are_two_anchors(self, scene: LedgerScene) -> None:
        root = a_root()
        first = scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, root))
        second = scene.submit(scene.smelter_operator, scene.anchor_call(scene.smelter, root))
        assert first.succeeded
        assert second.succeeded
        for member in (scene.miner, scene.smelter):
            record = scene.ledger.anchor(member, root, second.block)
            assert record is not None
            assert record.issuer == member

    def test_simulate__wrong_sequence__names_both_numbers(self, scene: LedgerScene) -> None:
        call = scene.anchor_call(scene.miner, a_root(), ahead=3)
        with pytest.raises(TransactionRevertedError) as refused:
            scene.ledger.simulate(call, scene.miner_operator.address)
        assert refused.value.code.startswith("ledger.reverted")
        assert refused.value.error_name == "SequenceMismatch"
        given, expected = refused.value.arguments["given"], refused.value.arguments["expected"]
        assert isinstance(given, int)
        assert isinstance(expected, int)
        assert given - expected == 3

    def test_simulate__stranger_or_second_time__is_refused(self, scene: LedgerScene) -> None:
        root = a_root()
        call = scene.anchor_call(scene.miner, root)
        with pytest.raises(TransactionRevertedError):
            scene.ledger.simulate(call, scene.stranger.address)
        scene.submit(scene.miner_operator, call)
        with pytest.raises(TransactionRevertedError) as refused:
            scene.ledger.simulate(
                scene.anchor_call(scene.miner, root), scene.miner_operator.address
            )
        assert refused.value.error_name == "AlreadyAnchored"

    @pytest.mark.row("T38")
    def test_receipt__refused_by_the_contract__failed_and_nothing_changed(
        self, scene: LedgerScene
    ) -> None:
        root = a_root()
        before = scene.ledger.head()
        receipt = scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, root, ahead=1))
        assert not receipt.succeeded
        assert scene.ledger.anchor(scene.miner, root, receipt.block) is None
        for contract in CONTRACTS:
            assert scene.ledger.event_head(contract, receipt.block) == scene.ledger.event_head(
                contract, before
            )

    @pytest.mark.row("T37")
    def test_send__same_octets_again__changes_nothing(self, scene: LedgerScene) -> None:
        root = a_root()
        nonce = scene.ledger.nonce(scene.miner_operator.address)
        raw = scene.sign(scene.miner_operator, scene.anchor_call(scene.miner, root))
        scene.ledger.send(raw)
        receipt = scene.wait(raw)
        for _ in range(2):
            try:
                scene.ledger.send(raw)
            except OutcomeUnknownError as unknown:
                assert unknown.transaction_id == receipt.transaction_id
        scene.settle()
        assert scene.ledger.nonce(scene.miner_operator.address) == nonce + 1
        again = scene.ledger.receipt(receipt.transaction_id)
        assert again == receipt

    @pytest.mark.row("T37")
    def test_send__nonce_taken_by_another__is_unknown_until_asked(self, scene: LedgerScene) -> None:
        mine, other = a_root(), a_root()
        call = scene.anchor_call(scene.miner, mine)
        late = scene.sign(scene.miner_operator, call)
        scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, other))
        with pytest.raises(OutcomeUnknownError) as unknown:
            scene.ledger.send(late)
        assert unknown.value.transaction_id == keccak_256(late).digest()
        scene.settle()
        assert scene.ledger.receipt(TransactionId(unknown.value.transaction_id)) is None
        assert scene.ledger.anchor(scene.miner, mine, scene.ledger.head()) is None

    def test_nonce__at_a_block__does_not_count_later_ones(self, scene: LedgerScene) -> None:
        before = scene.ledger.head()
        address = scene.miner_operator.address
        count = scene.ledger.nonce(address, before)
        receipt = scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, a_root()))
        assert scene.ledger.nonce(address, before) == count
        assert scene.ledger.nonce(address, receipt.block) == count + 1
        assert scene.ledger.nonce(address) == count + 1

    def test_receipt__of_nothing__is_none(self, scene: LedgerScene) -> None:
        assert scene.ledger.receipt(TransactionId(secrets.token_bytes(32))) is None

    def test_fees_and_balance__asked__are_usable(self, scene: LedgerScene) -> None:
        fees = scene.ledger.fees()
        assert 0 <= fees.max_priority_fee <= fees.max_fee
        assert scene.ledger.balance_wei(scene.miner_operator.address) > 0
        assert scene.ledger.balance_wei(AccountAddress(secrets.token_bytes(20))) == 0

    def test_status__revoked_superseded_disputed__is_one_list(self, scene: LedgerScene) -> None:
        leaf, successor = a_leaf(), a_leaf()
        ledger = scene.ledger
        assert ledger.status(scene.miner, leaf, ledger.head()) == ()
        supersede = ledger.encode_supersede(leaf=leaf, by_leaf=successor)
        assert scene.submit(scene.miner_operator, supersede).succeeded
        grounds = Digest(secrets.token_bytes(32))
        dispute = ledger.encode_dispute(issuer=scene.miner, leaf=leaf, grounds=grounds)
        assert scene.submit(scene.smelter_operator, dispute).succeeded
        revoke = ledger.encode_revoke(
            issuer=scene.miner,
            leaf=leaf,
            reason=StatusReason.ISSUED_IN_ERROR,
            effective_s=UnixSeconds(0),
        )
        receipt = scene.submit(scene.miner_operator, revoke)
        assert receipt.succeeded
        entries = ledger.status(scene.miner, leaf, receipt.block)
        assert [entry.index for entry in entries] == [0, 1, 2]
        assert [entry.action for entry in entries] == [
            StatusAction.SUPERSEDE,
            StatusAction.DISPUTE,
            StatusAction.REVOKE,
        ]
        assert [entry.by_member for entry in entries] == [
            scene.miner,
            scene.smelter,
            scene.miner,
        ]
        assert [entry.related_leaf for entry in entries] == [successor, None, None]
        assert [entry.grounds for entry in entries] == [None, grounds, None]
        assert entries[2].reason is StatusReason.ISSUED_IN_ERROR
        assert entries[2].effective_s == entries[2].recorded_at_s == receipt.block.time_s
        assert ledger.status(scene.smelter, leaf, receipt.block) == ()

    def test_simulate__revoking_a_strangers_statement__is_refused(self, scene: LedgerScene) -> None:
        call = scene.ledger.encode_revoke(
            issuer=scene.miner,
            leaf=a_leaf(),
            reason=StatusReason.WITHDRAWN,
            effective_s=UnixSeconds(0),
        )
        with pytest.raises(TransactionRevertedError):
            scene.ledger.simulate(call, scene.smelter_operator.address)

    def test_events__all_blocks__give_the_event_heads(self, scene: LedgerScene) -> None:
        scene.submit(scene.miner_operator, scene.anchor_call(scene.miner, a_root()))
        names = [contract.name for contract in scene.ledger.identity().contracts]
        heads = dict.fromkeys(names, EventHead(0, Digest(bytes(32))))
        at = scene.ledger.head()
        for event in scene.all_events():
            log = keccak_256(b"".join(event.topics) + event.data).digest()
            before = heads[event.contract]
            heads[event.contract] = EventHead(
                before.count + 1, Digest(keccak_256(before.head + log).digest())
            )
        for contract in names:
            assert scene.ledger.event_head(contract, at) == heads[contract]
            assert (heads[contract].count > 0) == (contract not in STATELESS)

    def test_events__all_blocks__rebuild_what_the_state_says(self, scene: LedgerScene) -> None:
        at = scene.ledger.head()
        members: dict[MemberId, Member] = {}
        membership: dict[MemberId, list[MembershipEntry]] = {}
        keys: dict[MemberId, list[KeyEntry]] = {}
        statuses: dict[tuple[MemberId, Leaf], list[StatusEntry]] = {}
        for event in scene.all_events():
            match event.body:
                case MemberAdmitted(member):
                    members[member.member] = member
                case MembershipEntry():
                    membership.setdefault(event.body.member, []).append(event.body)
                case KeyEntry():
                    keys.setdefault(event.body.member, []).append(event.body)
                case StatusEntry():
                    subject = (event.body.issuer, event.body.leaf)
                    statuses.setdefault(subject, []).append(event.body)
                case AnchorRecord():
                    stored = scene.ledger.anchor(event.body.issuer, event.body.root, at)
                    assert stored is not None
                    assert (stored.sequence, stored.size, stored.kind, stored.anchored_at_s) == (
                        event.body.sequence,
                        event.body.size,
                        event.body.kind,
                        event.body.anchored_at_s,
                    )
                case None:
                    pass
        assert {scene.miner, scene.smelter} <= set(members)
        for number, member in members.items():
            assert scene.ledger.member(number, at) == member
            assert scene.ledger.membership(number, at) == tuple(membership[number])
            assert scene.ledger.keys(number, at) == tuple(keys[number])
        for (issuer, leaf), entries in statuses.items():
            assert scene.ledger.status(issuer, leaf, at) == tuple(entries)

    def test_events__of_a_block__are_ordered_and_placed(self, scene: LedgerScene) -> None:
        for number in range(scene.ledger.head().number + 1):
            block = scene.ledger.block(BlockNumber(number))
            assert block is not None
            events = scene.ledger.events(block)
            indices = [event.log_index for event in events]
            assert indices == sorted(set(indices))
            assert all(event.block == number for event in events)
            assert all(len(topic) == 32 for event in events for topic in event.topics)
