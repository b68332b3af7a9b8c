"""The chain, as the services see it. One implementation speaks JSON-RPC (``veta.chain``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    StatusEntry,
    StatusReason,
)
from veta.model.assurance_events import AssuranceEventBody, NoticeEventBody
from veta.model.consortium import ActiveAccount, KeyEntry, Member, MembershipEntry
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
from veta.model.lot_events import LotEventBody
from veta.model.registry_events import RegistryEventBody
from veta.model.site_events import SiteEventBody
from veta.ports.lots import LotLedger


@dataclass(frozen=True, slots=True)
class EventHead:
    """Event count and running head of one contract (DESIGN 2)."""

    count: int
    head: Digest


@dataclass(frozen=True, slots=True)
class MemberAdmitted:
    """A member came to be."""

    member: Member


LedgerEventBody: TypeAlias = (
    MemberAdmitted
    | MembershipEntry
    | KeyEntry
    | AnchorRecord
    | StatusEntry
    | LotEventBody
    | RegistryEventBody
    | AssuranceEventBody
    | NoticeEventBody
    | SiteEventBody
)


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """A log of one of the pinned contracts.

    ``body`` is ``None`` for events that change nothing a node follows (proposals, votes); they
    still count for the head.
    """

    contract: str
    block: BlockNumber
    log_index: int
    transaction_id: TransactionId
    topics: tuple[bytes, ...]
    data: bytes
    """Topics and data as emitted: what the event head is computed over."""
    body: LedgerEventBody | None


@dataclass(frozen=True, slots=True)
class Call:
    """An encoded contract call, ready to be put into a transaction."""

    to: AccountAddress
    data: bytes
    gas_limit: int
    purpose: str
    """For people and logs: ``anchor``, ``revoke``..."""


@dataclass(frozen=True, slots=True)
class FeeQuote:
    """EIP-1559 fees in wei."""

    max_fee: int
    max_priority_fee: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction was included, and whether it succeeded."""

    transaction_id: TransactionId
    block: BlockRef
    succeeded: bool
    gas_used: int


class LedgerReader(Protocol):
    """Reading; every read names its block, nothing relative is cached.

    All methods raise ``LedgerUnavailableError`` when the endpoint cannot be asked or answers
    garbage.
    """

    def identity(self) -> ChainIdentity:
        """Chain id, genesis digest and code digests of the pinned addresses, asked now."""

    def head(self) -> BlockRef:
        """The newest block."""

    def final_head(self) -> BlockRef:
        """The newest block that is final by the network's rule."""

    def block(self, number: BlockNumber) -> BlockRef | None:
        """The block of this number on the endpoint's current chain, ``None`` beyond its head."""

    def events(self, block: BlockRef) -> tuple[LedgerEvent, ...]:
        """All logs of the pinned contracts in this very block (by its digest), in order."""

    def event_head(self, contract: str, block: BlockRef) -> EventHead:
        """Event count and head of a contract at the block."""

    def member_id(self, identifier: str, block: BlockRef) -> MemberId | None:
        """The member of this DID, ``None`` if there never was one."""

    def member(self, member: MemberId, block: BlockRef) -> Member | None:
        """What never changes about a member."""

    def membership(self, member: MemberId, block: BlockRef) -> tuple[MembershipEntry, ...]:
        """The member's whole membership list."""

    def keys(self, member: MemberId, block: BlockRef) -> tuple[KeyEntry, ...]:
        """The member's whole key list."""

    def account(self, address: AccountAddress, block: BlockRef) -> ActiveAccount | None:
        """The member and purpose of an account that is active at the block, else ``None``."""

    def anchor(self, issuer: MemberId, root: BatchRoot, block: BlockRef) -> AnchorRecord | None:
        """The anchor under (issuer, root)."""

    def next_sequence(self, issuer: MemberId, block: BlockRef) -> int:
        """The sequence number that the issuer's next anchor must carry, from 1."""

    def status(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> tuple[StatusEntry, ...]:
        """The whole status list of (issuer, leaf)."""


class LedgerWriter(Protocol):
    """Writing: encode, hand over, ask what became of it."""

    def encode_anchor(self, *, sequence: int, root: BatchRoot, size: int, kind: BatchKind) -> Call:
        """Anchor a batch as the sender's member."""

    def encode_revoke(
        self, *, issuer: MemberId, leaf: Leaf, reason: StatusReason, effective_s: UnixSeconds
    ) -> Call:
        """Revoke a statement; ``effective_s`` 0 means the block's time."""

    def encode_supersede(self, *, leaf: Leaf, by_leaf: Leaf) -> Call:
        """Replace the words of a statement of the sender's member by another of its statements."""

    def encode_reaffirm(self, *, leaf: Leaf) -> Call:
        """Stand by a statement after a key was compromised."""

    def encode_dispute(self, *, issuer: MemberId, leaf: Leaf, grounds: Digest) -> Call:
        """Open a dispute; ``grounds`` is the digest of the document that tells why."""

    def nonce(self, account: AccountAddress, block: BlockRef | None = None) -> int:
        """Number of transactions of the account that are included at the block (``None``: head)."""

    def fees(self) -> FeeQuote:
        """What a transaction should offer now."""

    def balance_wei(self, account: AccountAddress) -> int:
        """The account's balance at the head."""

    def simulate(self, call: Call, sender: AccountAddress) -> None:
        """Run the call at the head without sending it.

        Raises:
            TransactionRevertedError: the contract refuses it, with its custom error.
        """

    def send(self, raw: bytes) -> None:
        """Hand over a signed raw transaction. Returning means only that the endpoint took it.

        Handing the same octets over again is harmless. The endpoint's words decide nothing:
        callers ask ``receipt`` and read state.

        Raises:
            OutcomeUnknownError: the answer was lost, or says something that cannot be relied upon.
        """

    def receipt(self, transaction_id: TransactionId) -> Receipt | None:
        """The receipt on the endpoint's current chain, ``None`` if there is none."""


class Ledger(LedgerReader, LedgerWriter, Protocol):
    """One chain endpoint, with the pinned contracts."""

    @property
    def lots(self) -> LotLedger:
        """The lots' side of it.

        Raises:
            ConfigError: ``config.no_contract``: the trust configuration pins no such contracts.
        """

    def close(self) -> None:
        """Release connections, files and locks."""
