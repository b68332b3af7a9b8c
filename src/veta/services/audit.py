"""The audit: what can be derived of the store is derived again, and every difference is named.

What the chain recorded is read from the chain anew, from block 0. Statements are recomputed from
their payload octets, batches from their leaves, and each is looked up on the chain. What only the
node knows (when it was kept) is covered by the journal, a hash chain that no tombstone carries on:
it shows careless changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sha3 import keccak_256

from veta.errors import InputError, LedgerMismatchError, StoreError, VerificationError
from veta.model.anchoring import BlockRef, StatusAction
from veta.model.consortium import KeyAction, KeyEntry
from veta.model.identifiers import BlockNumber, Digest, KeyId, MemberId
from veta.ports.ledger import EventHead, Ledger
from veta.ports.lot_store import LotCall
from veta.ports.store import (
    Batch,
    FollowedBlock,
    Intent,
    IntentState,
    OutboxEntry,
    Store,
    StoredStatement,
    TransactionState,
)
from veta.services.anchor import split_leaves
from veta.services.audit_lots import audit_followed_batches, audit_lot_call, audit_own_batches
from veta.services.follow import EMPTY_HEAD, fold_block
from veta.services.outbox_rules import Effect
from veta.services.planning import TransactionPlanner
from veta.statement.jws import SealedToken, check_seal, leaf_of, read_statement
from veta.trees import merkle_root

BLOCKS_AT_ONCE: Final = 64
MOST_DIFFERENCES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be."""

    code: str
    subject: str
    """What it is about: a block, a leaf, a batch, a transaction."""
    message: str


@dataclass(slots=True)
class AuditReport:
    """What was looked at and what differs."""

    blocks: int = 0
    statements: int = 0
    batches: int = 0
    transactions: int = 0
    lot_batches: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing differs."""
        return not self.differences

    def add(self, code: str, subject: str, message: str) -> None:
        """Note a difference; beyond ``MOST_DIFFERENCES`` they are no longer listed."""
        if len(self.differences) < MOST_DIFFERENCES:
            self.differences.append(Difference(code, subject, message))


class Auditor:
    """Compares a store with the chain and with itself. Reads only.

    Args:
        store: what is judged.
        ledger: the chain, which is believed.
        contracts: names of the pinned contracts.
        planner: the member's, to encode its calls again; ``None`` for a node that only reads.
    """

    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        contracts: Sequence[str],
        planner: TransactionPlanner | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._contracts = tuple(contracts)
        self._planner = planner

    def audit(self, progress: Callable[[str, int], None] | None = None) -> AuditReport:
        """Look at everything.

        Args:
            progress: called with what is looked at ("blocks", "statements", ...) and how many.

        Raises:
            LedgerUnavailableError: the chain cannot be asked; nothing is said about the store.
        """
        report = AuditReport()
        tell = progress or (lambda _what, _count: None)
        leaves: dict[int, Sequence[bytes]] = {}
        parts: tuple[tuple[str, Callable[[], None]], ...] = (
            ("follower", lambda: self._audit_chain(report, tell)),
            ("batches", lambda: self._audit_batches(report, leaves)),
            ("statements", lambda: self._audit_statements(report, leaves, tell)),
            ("outbox", lambda: self._audit_outbox(report)),
            ("lots", lambda: self._audit_lots(report)),
        )
        for subject, look in parts:
            try:
                look()
            except StoreError as error:
                report.add(error.code, subject, error.message)
        return report

    # -- what the chain recorded -----------------------------------------------------------------

    def _audit_chain(self, report: AuditReport, tell: Callable[[str, int], None]) -> None:
        with self._store.read() as work:
            cursor = work.cursor()
            stray = work.stray_rows()
        if stray:
            report.add("audit.stray_rows", "store", f"{stray} rows belong to no block or statement")
        if cursor is None:
            return
        heads: dict[str, EventHead] = {}
        for first in range(0, cursor.number + 1, BLOCKS_AT_ONCE):
            last = min(first + BLOCKS_AT_ONCE - 1, cursor.number)
            stored = self._stored_blocks(first, last, report)
            for number in range(first, last + 1):
                self._compare_block(number, stored.get(number), heads, report)
            report.blocks = last + 1
            tell("blocks", report.blocks)
        self._compare_heads(cursor.number, heads)

    def _stored_blocks(
        self, first: int, last: int, report: AuditReport
    ) -> dict[int, FollowedBlock]:
        found: dict[int, FollowedBlock] = {}
        with self._store.read() as work:
            try:
                blocks = work.followed_blocks(BlockNumber(first), BlockNumber(last))
                return {block.ref.number: block for block in blocks}
            except StoreError:
                pass
            for number in map(BlockNumber, range(first, last + 1)):
                try:
                    found |= {b.ref.number: b for b in work.followed_blocks(number, number)}
                except StoreError as error:
                    report.add(error.code, f"block {number}", error.message)
        return found

    def _compare_block(
        self,
        number: int,
        stored: FollowedBlock | None,
        heads: dict[str, EventHead],
        report: AuditReport,
    ) -> None:
        subject = f"block {number}"
        ref = self._ledger.block(BlockNumber(number))
        if ref is None:
            report.add("audit.block", subject, "the chain has no such block")
            return
        expected = fold_block(ref, self._ledger.events(ref), heads)
        heads.update(expected.heads)
        if stored is None:
            report.add("audit.block", subject, "the store lacks it")
            return
        if stored.ref != ref:
            report.add("audit.block", subject, f"stored {stored.ref}, on chain {ref}")
        if dict(stored.heads) != dict(expected.heads):
            report.add("audit.event_head", subject, "the event heads differ")
        for kept in stored.bodies:
            if kept not in expected.bodies:
                report.add("audit.record", subject, f"stored, not on chain: {kept}")
        for told in expected.bodies:
            if told not in stored.bodies:
                report.add("audit.record", subject, f"on chain, not stored: {told}")

    def _compare_heads(self, number: int, heads: Mapping[str, EventHead]) -> None:
        ref = self._ledger.block(BlockNumber(number))
        for contract in self._contracts if ref is not None else ():
            assert ref is not None  # the line above
            if self._ledger.event_head(contract, ref) != heads.get(contract, EMPTY_HEAD):
                raise LedgerMismatchError(
                    "follow.head_mismatch",
                    f"the endpoint's logs of {contract} are not all there are",
                )

    # -- what the member said --------------------------------------------------------------------

    def _audit_batches(self, report: AuditReport, found: dict[int, Sequence[bytes]]) -> None:
        """Batches against their leaves and the chain; fills in the leaves by batch."""
        final = self._ledger.final_head()
        with self._store.read() as work:
            batches = work.batches()
            for batch in batches:
                report.batches += 1
                subject = f"batch {batch.number}"
                try:
                    leaves = split_leaves(work.batch_leaves(batch.number))
                except StoreError as error:
                    report.add(error.code, subject, error.message)
                    continue
                found[batch.number] = leaves
                if len(leaves) != batch.size or merkle_root(leaves) != batch.root:
                    report.add("audit.root", subject, "its leaves do not make its root and size")
                intent = work.batch_intent(batch.number)
                if intent is None:
                    report.add("audit.intent", subject, "nothing says that it is to be anchored")
                else:
                    self._compare_batch(batch, intent, final, report)
        self._compare_sequences(batches, final, report)

    def _compare_batch(
        self, batch: Batch, intent: Intent, final: BlockRef, report: AuditReport
    ) -> None:
        record = self._ledger.anchor(batch.issuer, batch.root, final)
        subject = f"batch {batch.number}"
        done = intent.state is IntentState.DONE
        if done and record is None:
            report.add("audit.anchor", subject, "said to be anchored, and is not")
        elif not done and batch.sequence is not None:
            report.add("audit.anchor", subject, "has a sequence number and is not anchored")
        elif done and record is not None:
            told = (record.sequence, record.size, record.kind)
            if told != (batch.sequence, batch.size, batch.kind):
                report.add("audit.anchor", subject, f"anchored otherwise: {record}")
        elif record is not None and intent.state is IntentState.HELD:
            report.add("audit.anchor", subject, "said to be held, and is anchored")

    def _compare_sequences(
        self, batches: Iterable[Batch], final: BlockRef, report: AuditReport
    ) -> None:
        ours = {(batch.issuer, batch.root) for batch in batches}
        if self._planner is None:
            return
        member = self._planner.member
        with self._store.read() as work:
            followed = work.anchors(member)
            drawn = audit_followed_batches(work, member, report)
        anchored = [record for record in followed if (record.block or 0) <= final.number]
        for record in anchored:
            if (record.issuer, record.root) not in ours:
                report.add(
                    "audit.unknown_anchor",
                    f"sequence {record.sequence}",
                    "anchored in the member's name, and not by this store",
                )
        numbers = sorted([*drawn, *(record.sequence for record in anchored)])
        if numbers != list(range(1, len(numbers) + 1)):
            report.add("audit.sequence", f"member {member}", "the sequence has a gap")

    def _audit_statements(
        self,
        report: AuditReport,
        batches: Mapping[int, Sequence[bytes]],
        tell: Callable[[str, int], None],
    ) -> None:
        placed: dict[int, set[int]] = {number: set() for number in batches}
        signers: dict[MemberId, _Signer] = {}
        journal = Digest(bytes(32))
        with self._store.read() as work:
            for stored in work.journal():
                report.statements += 1
                subject = stored.leaf.hex()
                if isinstance(stored, StoredStatement):
                    self._audit_statement(stored, signers, report)
                    if stored.journal != stored.record.journal(journal):
                        report.add("audit.journal", subject, "the journal does not lead here")
                journal = stored.journal
                if stored.batch is not None:
                    leaves = batches.get(stored.batch, ())
                    place = stored.position
                    if place is None or place >= len(leaves) or leaves[place] != stored.leaf:
                        report.add("audit.position", subject, "not where its batch has it")
                    else:
                        placed[stored.batch].add(place)
                if report.statements % 1000 == 0:
                    tell("statements", report.statements)
        for number, leaves in batches.items():
            for place in set(range(len(leaves))) - placed[number]:
                report.add("audit.lost_statement", leaves[place].hex(), f"batch {number} has it")

    def _audit_statement(
        self, stored: StoredStatement, signers: dict[MemberId, _Signer], report: AuditReport
    ) -> None:
        record = stored.record
        subject = record.leaf.hex()
        if leaf_of(record.payload) != record.leaf:
            report.add("audit.leaf", subject, "its payload has another leaf")
        signer = signers.get(record.issuer)
        if signer is None:
            signer = signers[record.issuer] = self._signer(record.issuer)
        try:
            signed = read_statement(record.token)
            signer.check(signed.sealed)
        except (InputError, VerificationError) as error:
            report.add("audit.token", subject, str(error))
            return
        credential = signed.credential
        told = credential.subject.get("id")
        expected = (
            record.payload,
            signer.identifier,
            record.kind,
            record.credential_id,
            record.subject,
        )
        if expected != (
            signed.payload,
            credential.issuer.identifier,
            credential.kind,
            credential.credential_id,
            told if isinstance(told, str) else "",
        ):
            report.add("audit.statement", subject, "its columns do not say what its token says")

    def _signer(self, member: MemberId) -> _Signer:
        final = self._ledger.final_head()
        known = self._ledger.member(member, final)
        keys = {
            entry.key_id: entry
            for entry in self._ledger.keys(member, final)
            if entry.action is KeyAction.BIND and entry.public_key
        }
        return _Signer("" if known is None else known.identifier, keys)

    def _audit_lots(self, report: AuditReport) -> None:
        with self._store.read() as work:
            report.lot_batches = audit_own_batches(work, report)

    # -- what the node did -----------------------------------------------------------------------

    def _audit_outbox(self, report: AuditReport) -> None:
        final = self._ledger.final_head()
        with self._store.read() as work:
            entries = work.entries()
            self._audit_nonces(entries, final, report)
            for entry in entries:
                report.transactions += 1
                self._audit_attempts(entry, report)
                self._audit_outcome(entry, final, report)
                intent = work.intent(entry.intent)
                if intent is None:
                    report.add("audit.intent", _name(entry), "nothing says what it is for")
                elif self._planner is not None:
                    self._audit_intent(intent, entry, self._planner, final, report)

    @staticmethod
    def _audit_intent(
        intent: Intent,
        entry: OutboxEntry,
        planner: TransactionPlanner,
        final: BlockRef,
        report: AuditReport,
    ) -> None:
        subject = intent.subject
        if isinstance(subject, LotCall):
            for fault in audit_lot_call(subject, intent, entry, planner, final):
                report.add("audit.lot_call", _name(entry), fault)
            return
        anchors = isinstance(subject, Batch)
        call = planner.call_for(subject, entry.sequence or 0)
        if call != entry.call or anchors != (entry.sequence is not None):
            report.add("audit.call", _name(entry), "not the call that its intent means")
        if isinstance(subject, Batch):
            return  # compared with the chain already
        about_ours = subject.action in {StatusAction.SUPERSEDE, StatusAction.REAFFIRM}
        if about_ours and subject.issuer != planner.member:
            report.add("audit.intent", _name(entry), "only an issuer can do this")
        if subject.effective_s and subject.action is not StatusAction.REVOKE:
            report.add("audit.intent", _name(entry), "this takes effect with its block")
        done = intent.state is IntentState.DONE
        if done and planner.effect(intent, final)[0] is not Effect.PRESENT:
            report.add("audit.status", _name(entry), "said to be recorded, and is not")

    def _audit_nonces(
        self, entries: Sequence[OutboxEntry], final: BlockRef, report: AuditReport
    ) -> None:
        """Every nonce that the account used is one that was given out here."""
        if self._planner is None:
            return
        account = self._planner.account
        given = {entry.nonce for entry in entries if entry.account == account}
        for nonce in range(self._ledger.nonce(account, final)):
            if nonce not in given:
                report.add("audit.nonce", f"nonce {nonce}", "used, and not given out by this store")

    def _audit_attempts(self, entry: OutboxEntry, report: AuditReport) -> None:
        if not entry.attempts:
            report.add("audit.attempt", _name(entry), "no signed transaction is kept for it")
        for attempt in entry.attempts:
            raw = attempt.raw
            fees = (attempt.max_fee, attempt.max_priority_fee)
            inside = [entry.call.data, entry.call.to, *map(_octets, (*fees, entry.nonce))]
            if keccak_256(raw).digest() != attempt.transaction_id:
                report.add("audit.attempt", _name(entry), "a signed transaction was changed")
            elif not all(octets in raw for octets in inside):
                report.add("audit.attempt", _name(entry), "not what was signed for this nonce")

    def _audit_outcome(self, entry: OutboxEntry, final: BlockRef, report: AuditReport) -> None:
        receipts = [
            receipt
            for attempt in entry.attempts
            if (receipt := self._ledger.receipt(attempt.transaction_id)) is not None
            and receipt.block.number <= final.number
        ]
        succeeded = [receipt.succeeded for receipt in receipts]
        expected = {
            TransactionState.SUCCEEDED: [True],
            TransactionState.REVERTED: [False],
            TransactionState.DISPLACED: [],
        }.get(entry.state)
        if expected is not None and succeeded != expected:
            report.add("audit.outcome", _name(entry), f"said to be {entry.state}, and is not")
        elif entry.state is TransactionState.PENDING and entry.included is not None:
            report.add("audit.outcome", _name(entry), "pending, and yet said to be included")
        elif expected and entry.included != (receipts[0].transaction_id, receipts[0].block.number):
            report.add("audit.outcome", _name(entry), "included elsewhere than it says")


@dataclass(frozen=True, slots=True)
class _Signer:
    identifier: str
    keys: Mapping[KeyId, KeyEntry]

    def check(self, sealed: SealedToken) -> None:
        key = self.keys.get(sealed.header.key_id)
        if key is None:
            raise VerificationError("signature.key", "no key of the issuer signed it")
        check_seal(sealed, key.algorithm, key.public_key)


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _name(entry: OutboxEntry) -> str:
    return f"nonce {entry.nonce} of 0x{entry.account.hex()}"
