"""The node's own durable memory, as the services see it. The adapter is ``veta.store``.

Everything happens inside a *work*: one database transaction. ``Store.write()`` gives a work that is
committed when its block ends and leaves nothing behind when it raises; ``Store.read()`` gives one
consistent view. When a ``write()`` block has ended, what it wrote survives loss of power.

All methods raise ``StoreError``: ``store.disk_full``, ``store.corrupt``, ``store.busy``,
``store.read_only``, ``store.unavailable``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    StatusAction,
    StatusEntry,
    StatusReason,
)
from veta.model.consortium import KeyEntry, Member, MembershipEntry
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
from veta.ports.ledger import Call, EventHead, LedgerEventBody
from veta.ports.lot_store import FollowedLotWork, LotCall, LotCallWork
from veta.ports.standing_store import StandingWork

BLOCK_TIME: Final = UnixSeconds(0)
"""Effective time of a status change that takes effect when its block does."""


class StatementState(enum.StrEnum):
    """How far a statement has come; follows from its batch."""

    ISSUED = "issued"
    """Signed and stored; in no batch."""
    BATCHED = "batched"
    """In a batch whose anchor is on its way."""
    ANCHORED = "anchored"
    """Final on the chain, proven by a state read."""
    HELD = "held"
    """Its batch was refused by the contract and waits for a person; nothing is lost."""


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A signed statement as it is kept."""

    leaf: Leaf
    issuer: MemberId
    kind: BatchKind
    credential_id: str
    subject: str
    """Id of the credential's first subject (a lot, a site...), for looking it up; may be empty."""
    payload: bytes
    token: bytes
    """Compact JWS, ASCII; one good token per leaf is enough."""
    created_s: UnixSeconds

    def journal(self, before: Digest) -> Digest:
        """The store's journal after this record: a hash chain in the order of storing."""
        told = (
            f"{self.issuer} {self.kind:d} {self.created_s} "
            f"{len(self.credential_id)} {self.credential_id} {self.subject}"
        )
        record = before + self.leaf + sha256(self.token).digest() + told.encode(errors="replace")
        return Digest(sha256(record).digest())


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A record and where it stands."""

    record: StatementRecord
    state: StatementState
    batch: int | None
    position: int | None
    """Index of the leaf in its batch."""
    journal: Digest
    """``record.journal`` of the one stored before; 32 zero octets before the first."""

    @property
    def leaf(self) -> Leaf:
        """Its name."""
        return self.record.leaf


class ErasureReason(enum.StrEnum):
    """Why a statement was erased; no free text, which would be kept for ever."""

    PERSON = "person"
    """A person whose data it held asked for it."""
    CONFIDENTIAL = "confidential"
    """It held what should not have been kept."""
    RETENTION = "retention"
    """Its time of keeping is over."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is left of an erased statement: its leaf, and where it stands in its batch."""

    leaf: Leaf
    batch: int | None
    position: int | None
    erased_s: UnixSeconds
    reason: ErasureReason
    journal: Digest
    """As ``StoredStatement.journal``; what led to it cannot be shown any more."""


class IntentState(enum.StrEnum):
    """What became of something the node means to do on the chain."""

    OPEN = "open"
    DONE = "done"
    """Final, and the state on chain says so."""
    HELD = "held"
    """The contract refuses it for a reason that trying again does not mend."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves under one root. Once made, a batch is never taken apart (ADR 0150)."""

    number: int
    issuer: MemberId
    root: BatchRoot
    kind: BatchKind
    size: int
    sequence: int | None
    """The sequence number it was anchored under; ``None`` until that is final."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An entry that the node wants in a statement's status list."""

    action: StatusAction
    issuer: MemberId
    leaf: Leaf
    reason: StatusReason = StatusReason.NONE
    effective_s: UnixSeconds = BLOCK_TIME
    related: Digest | None = None
    """Leaf of the superseding statement, or digest of a dispute's grounds."""
    after: int = 0
    """Length of the status list when this was meant: only a later entry fulfils it."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something to be done on the chain exactly once, by however many transactions it takes."""

    number: int
    state: IntentState
    subject: Batch | StatusChange | LotCall
    code: str
    """Why it is held, else empty."""
    message: str


class TransactionState(enum.StrEnum):
    """What became of one nonce."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    REVERTED = "reverted"
    DISPLACED = "displaced"
    """The nonce was used, finally, by a transaction that is not ours."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction; those of one nonce differ in their fees only."""

    transaction_id: TransactionId
    raw: bytes
    max_fee: int
    max_priority_fee: int


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A nonce of an account, given to an intent, with all that was ever signed for it."""

    number: int
    intent: int
    account: AccountAddress
    nonce: int
    call: Call
    sequence: int | None
    """For an anchor: the sequence number in the call. For a run: the last one that it is expected
    to draw; the call does not name it."""
    state: TransactionState
    attempts: tuple[Attempt, ...]
    """In the order of signing; the last one offers most."""
    included: tuple[TransactionId, BlockNumber] | None = None
    """Which attempt is in which block, once that is final."""


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """What ``add_transaction`` stores in one go."""

    intent: int
    account: AccountAddress
    nonce: int
    call: Call
    sequence: int | None
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """What a store is of; a store of anything else is refused."""

    chain_id: int
    genesis_digest: Digest
    contracts: Mapping[str, AccountAddress]
    member: MemberId | None
    """``None``: a node that only reads."""


@dataclass(frozen=True, slots=True)
class FollowedBody:
    """An event's content with its place on the chain."""

    block: BlockNumber
    log_index: int
    transaction_id: TransactionId
    body: LedgerEventBody


@dataclass(frozen=True, slots=True)
class FollowedBlock:
    """A block with everything a follower keeps of it."""

    ref: BlockRef
    bodies: tuple[FollowedBody, ...]
    heads: Mapping[str, EventHead]
    """Heads of the contracts that emitted something in this block."""


class StatementWork(Protocol):
    """Statements, batches and idempotency keys inside one database transaction."""

    def add_statements(self, records: Sequence[StatementRecord]) -> frozenset[Leaf]:
        """Store what is not there yet; returns the leaves that were added.

        Raises:
            StoreError: ``store.token``: a token does not carry its payload.
        """

    def statement(self, leaf: Leaf) -> StoredStatement | None:
        """By its name."""

    def statements(
        self,
        *,
        subject: str | None = None,
        credential_id: str | None = None,
        issuer: MemberId | None = None,
        kind: BatchKind | None = None,
        limit: int = 100,
    ) -> tuple[StoredStatement, ...]:
        """Those that match every given value, newest first."""

    def all_statements(self) -> Iterator[StoredStatement]:
        """Every statement that was not erased, in the order of storing."""

    def journal(self) -> Iterator[StoredStatement | Erasure]:
        """Every statement and every tombstone in the order of storing, for an auditor."""

    def erase(self, leaf: Leaf, at_s: UnixSeconds, reason: ErasureReason) -> bool:
        """Destroy a statement's octets, ids and idempotency keys, and leave a tombstone.

        Returns:
            ``False``: there is no such statement that was not erased already.
        """

    def erasure(self, leaf: Leaf) -> Erasure | None:
        """The tombstone of a leaf, ``None`` if there is none."""

    def unbatched(self, issuer: MemberId, kind: BatchKind, limit: int) -> tuple[Leaf, ...]:
        """Leaves in no batch, oldest first."""

    def unbatched_kinds(self, issuer: MemberId) -> Mapping[BatchKind, int]:
        """How many leaves of each kind are in no batch."""

    def count_statements(self) -> Mapping[StatementState, int]:
        """How many statements are in each state."""

    def add_batch(
        self, issuer: MemberId, kind: BatchKind, root: BatchRoot, leaves: Sequence[Leaf]
    ) -> Intent:
        """Make a batch of the oldest unbatched leaves, and the intent to anchor it.

        Raises:
            StoreError: ``store.constraint``: the oldest are not these, in this order.
        """

    def batches(self) -> tuple[Batch, ...]:
        """All batches in the order of making."""

    def batch(self, number: int) -> Batch | None:
        """One batch."""

    def last_sequence(self, issuer: MemberId) -> int:
        """The highest sequence number of a settled batch, 0 if there is none."""

    def batch_leaves(self, number: int) -> bytes:
        """Leaf digests of a batch, in order, 32 octets each, as they were when it was made."""

    def idempotent(self, key: str) -> tuple[Digest, bytes] | None:
        """Digest of the body that came with the key, and what was answered."""

    def remember(
        self, key: str, body_digest: Digest, answer: bytes, created_s: UnixSeconds
    ) -> None:
        """Keep an idempotency key; it must be new."""


class OutboxWork(Protocol):
    """Intents and their transactions inside one database transaction."""

    def add_status_change(self, change: StatusChange) -> Intent:
        """The intent to append to a status list; an equal open one is returned instead."""

    def intent(self, number: int) -> Intent | None:
        """One intent."""

    def batch_intent(self, batch: int) -> Intent | None:
        """The intent that anchors a batch."""

    def intents(self, state: IntentState) -> tuple[Intent, ...]:
        """All intents in a state, oldest first."""

    def stranded(self) -> tuple[Intent, ...]:
        """Open intents with no nonce on the way, oldest first."""

    def settle_intent(
        self, number: int, state: IntentState, *, code: str = "", message: str = ""
    ) -> None:
        """Say what became of it."""

    def settle_batch(self, number: int, sequence: int) -> None:
        """The sequence number under which a batch is anchored, finally."""

    def next_nonce(self, account: AccountAddress) -> int:
        """One more than the highest nonce ever given out for the account, 0 if none was."""

    def add_transaction(self, new: NewTransaction) -> OutboxEntry:
        """Give a nonce to an intent; (account, nonce) is unique for ever."""

    def add_attempt(self, entry: int, attempt: Attempt) -> None:
        """Remember another transaction for the same nonce, before it is sent."""

    def pending(self, account: AccountAddress) -> tuple[OutboxEntry, ...]:
        """Entries not settled, by nonce, with everything that was signed for them."""

    def count_pending(self, account: AccountAddress) -> int:
        """How many entries are not settled."""

    def is_pending(self, intent: int) -> bool:
        """Whether a nonce of the intent is not settled."""

    def last_pending_sequence(self, account: AccountAddress) -> int:
        """The highest sequence number in an entry that is not settled, 0 if there is none."""

    def entries(self) -> tuple[OutboxEntry, ...]:
        """All entries, by account and nonce."""

    def entries_of(self, intent: int) -> tuple[OutboxEntry, ...]:
        """The entries that were given to an intent, oldest first."""

    def settle_entry(
        self,
        number: int,
        state: TransactionState,
        *,
        transaction_id: TransactionId | None = None,
        block: BlockNumber | None = None,
        message: str = "",
    ) -> None:
        """Say what became of a nonce."""


class FollowedWork(Protocol):
    """What the chain recorded, as followed, inside one database transaction."""

    def cursor(self) -> BlockRef | None:
        """The newest block that was followed."""

    def followed_block(self, number: BlockNumber) -> BlockRef | None:
        """A followed block."""

    def event_heads(self, number: BlockNumber) -> Mapping[str, EventHead]:
        """The heads after a followed block, by contract; none before its first event."""

    def append_blocks(self, blocks: Iterable[FollowedBlock]) -> None:
        """Add blocks on top of the cursor."""

    def undo_above(self, number: BlockNumber) -> int:
        """Forget every block above ``number``; returns how many there were."""

    def followed_blocks(self, first: BlockNumber, last: BlockNumber) -> tuple[FollowedBlock, ...]:
        """The blocks of a range that are kept, with everything kept of them, for an auditor.

        Raises:
            StoreError: ``store.corrupt``: a value that nothing can have been written as.
        """

    def stray_rows(self) -> int:
        """Rows that belong to no block or statement; a sound store has none."""

    def member(self, member: MemberId) -> Member | None:
        """A member as followed."""

    def members(self) -> tuple[Member, ...]:
        """All members as followed."""

    def membership(self, member: MemberId) -> tuple[MembershipEntry, ...]:
        """A membership list as followed."""

    def keys(self, member: MemberId) -> tuple[KeyEntry, ...]:
        """A key list as followed."""

    def anchor(self, issuer: MemberId, root: BatchRoot) -> AnchorRecord | None:
        """An anchor as followed, with account and block."""

    def anchors(self, issuer: MemberId) -> tuple[AnchorRecord, ...]:
        """An issuer's anchors by sequence."""

    def status(self, issuer: MemberId, leaf: Leaf) -> tuple[StatusEntry, ...]:
        """A status list as followed."""


class StoreWork(
    StatementWork, OutboxWork, LotCallWork, FollowedWork, FollowedLotWork, StandingWork, Protocol
):
    """One database transaction."""


class Store(Protocol):
    """The node's database."""

    def read(self) -> AbstractContextManager[StoreWork]:
        """One consistent view; writes in it are refused."""

    def write(self) -> AbstractContextManager[StoreWork]:
        """A transaction that holds the write lock from its beginning."""

    def purge(self) -> bool:
        """Rid files of what transactions deleted; ``False``: a reader keeps some of it for now."""

    def close(self) -> None:
        """Release files and the lease."""
