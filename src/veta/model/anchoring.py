"""What the chain records about statements: anchors, statuses, and the blocks they stand in."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    Leaf,
    MemberId,
    UnixSeconds,
)


class BatchKind(enum.IntEnum):
    """Type of the statements in a batch; one kind a batch, because a role is needed for each."""

    PASSPORT = 1
    FACILITY = 2
    CERTIFICATE = 3
    EVENT = 4
    IDENTITY = 5
    OTHER = 6


class StatusAction(enum.IntEnum):
    """What an entry of a statement's status list records."""

    REVOKE = 1
    SUPERSEDE = 2
    DISPUTE = 3
    DISPUTE_CLOSED = 4
    REAFFIRM = 5
    """The issuer stands by the statement after one of its keys was compromised."""
    DISPUTE_UPHELD = 6
    """An independent authority or body stands by a party's dispute: it lapses no more."""


class StatusReason(enum.IntEnum):
    """Why. Only COMPROMISED and the two VOIDED reasons may be effective in the past."""

    NONE = 0
    ISSUED_IN_ERROR = 1
    WITHDRAWN = 2
    COMPROMISED = 3
    VOIDED_BY_BODY = 4
    VOIDED_BY_ACCREDITOR = 5
    OTHER = 6


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block, named so that a reorganisation cannot change what is meant."""

    number: BlockNumber
    digest: Digest
    parent_digest: Digest
    time_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """A statement batch as ``StatementLog`` holds it under (issuer, root)."""

    issuer: MemberId
    root: BatchRoot
    sequence: int
    """The issuer's own count, from 1, gapless."""
    size: int
    """Number of leaves."""
    kind: BatchKind
    anchored_at_s: UnixSeconds
    anchored_by: AccountAddress | None = None
    """Account that sent it; known from the event, not from the record's slot."""
    block: BlockNumber | None = None


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One entry of the append-only status list of (issuer, leaf)."""

    issuer: MemberId
    leaf: Leaf
    index: int
    action: StatusAction
    reason: StatusReason
    by_member: MemberId
    effective_s: UnixSeconds
    recorded_at_s: UnixSeconds
    related_leaf: Leaf | None = None
    """The statement that supersedes this one."""
    party: MemberId | None = None
    """DISPUTE_UPHELD: the member whose dispute it is."""
    grounds: Digest | None = None
    """DISPUTE: digest of the document that tells why."""


@dataclass(frozen=True, slots=True)
class ChainIdentity:
    """Which chain, and which code at which address: what a trust configuration pins."""

    chain_id: int
    genesis_digest: Digest
    contracts: tuple[ContractCode, ...]


@dataclass(frozen=True, slots=True)
class ContractCode:
    """A contract of the set, by the name of its interface."""

    name: str
    address: AccountAddress
    code_digest: Digest
    """keccak-256 of the runtime code."""
