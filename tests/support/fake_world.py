"""The contracts of the fake chain: state as frozen tuples, and the rules that change it.

The rules are those of ``docs/spec`` as far as a node can see them: who may send, the gapless
sequence, one anchor under (issuer, root), append-only status lists. A broken rule is a
``Reverted`` with the name and arguments of a custom error, like the real contracts'.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from sha3 import keccak_256

from veta.model.anchoring import AnchorRecord, BatchKind, StatusAction, StatusEntry, StatusReason
from veta.model.consortium import (
    ActiveAccount,
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
)
from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    KeyId,
    Leaf,
    MemberId,
    UnixSeconds,
)
from veta.ports.ledger import EventHead, LedgerEventBody, MemberAdmitted

CONSORTIUM: Final = "Consortium"
STATEMENT_LOG: Final = "StatementLog"
CONTRACTS: Final = (CONSORTIUM, STATEMENT_LOG)
LOT_CONTRACTS: Final = ("LotBook", "Custody")
"""On a chain that has lots."""
ADDRESS: Final = {
    name: AccountAddress(keccak_256(b"fake contract " + name.encode()).digest()[12:])
    for name in (*CONTRACTS, *LOT_CONTRACTS)
}
EMPTY_HEAD: Final = EventHead(0, Digest(bytes(32)))
_MOST_LEAVES: Final = (1 << 53) - 1
_ANY_ROLE: Final = (1 << 14) - 1
_DISPUTE_LAPSE_S: Final = 90 * 86_400
_PAST_ALLOWED: Final = {
    StatusReason.COMPROMISED,
    StatusReason.VOIDED_BY_BODY,
    StatusReason.VOIDED_BY_ACCREDITOR,
}


def keccak256(octets: bytes) -> Digest:
    """keccak-256 as Ethereum uses it."""
    return Digest(keccak_256(octets).digest())


def account_key_id(address: AccountAddress) -> KeyId:
    """An account's name in a key list: its address, left-padded."""
    return KeyId(bytes(12) + address)


class Reverted(Exception):  # noqa: N818 - the chain's own word, caught inside the fake
    """A contract refuses the call."""

    def __init__(self, error_name: str, **arguments: object) -> None:
        super().__init__(error_name)
        self.error_name = error_name
        self.arguments = arguments


@dataclass(frozen=True, slots=True)
class EmittedLog:
    """A log before it has a place in a block."""

    contract: str
    topics: tuple[bytes, ...]
    data: bytes
    body: LedgerEventBody | None


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when a call runs."""

    sender: AccountAddress
    block: BlockNumber
    time_s: UnixSeconds


@dataclass(slots=True)
class World:
    """All state after a block. Values never change, so copied dictionaries are a snapshot."""

    members: dict[MemberId, Member] = field(default_factory=dict)
    membership: dict[MemberId, tuple[MembershipEntry, ...]] = field(default_factory=dict)
    keys: dict[MemberId, tuple[KeyEntry, ...]] = field(default_factory=dict)
    bound: dict[AccountAddress, MemberId] = field(default_factory=dict)
    anchors: dict[tuple[MemberId, BatchRoot], AnchorRecord] = field(default_factory=dict)
    sequences: dict[MemberId, int] = field(default_factory=dict)
    status: dict[tuple[MemberId, Leaf], tuple[StatusEntry, ...]] = field(default_factory=dict)
    nonces: dict[AccountAddress, int] = field(default_factory=dict)
    balances: dict[AccountAddress, int] = field(default_factory=dict)
    heads: dict[str, EventHead] = field(
        default_factory=lambda: dict.fromkeys((*CONTRACTS, *LOT_CONTRACTS), EMPTY_HEAD)
    )
    lots: Any = None
    """``fake_lots.LotWorld`` on a chain that has lots."""

    def copy(self) -> World:
        """A snapshot."""
        return World(
            dict(self.members),
            dict(self.membership),
            dict(self.keys),
            dict(self.bound),
            dict(self.anchors),
            dict(self.sequences),
            dict(self.status),
            dict(self.nonces),
            dict(self.balances),
            dict(self.heads),
            None if self.lots is None else self.lots.copy(),
        )

    def account(self, address: AccountAddress, time_s: UnixSeconds) -> ActiveAccount | None:
        """Fold the key list of the member that bound the account."""
        member = self.bound.get(address)
        if member is None:
            return None
        purpose: KeyPurpose | None = None
        for entry in self.keys[member]:
            if entry.key_id == account_key_id(address) and entry.effective_s <= time_s:
                purpose = entry.purpose if entry.action is KeyAction.BIND else None
        return None if purpose is None else ActiveAccount(address, member, purpose)

    def operator(self, scene: Scene) -> MemberId:
        active = self.account(scene.sender, scene.time_s)
        if active is None or active.purpose is not KeyPurpose.OPERATE:
            raise Reverted("NotOperator", account=scene.sender)
        return active.member

    def emit(self, contract: str, event: str, body: LedgerEventBody | None) -> EmittedLog:
        """Count the event into the contract's head and return the log."""
        topics: tuple[bytes, ...] = (keccak256(event.encode()),)
        octets = repr(body).encode()
        before = self.heads[contract]
        inner = keccak256(b"".join(topics) + octets)
        self.heads[contract] = EventHead(before.count + 1, keccak256(before.head + inner))
        return EmittedLog(contract, topics, octets, body)

    # -- governance, called by tests in the consortium's name ------------------------------

    def admit(self, member: Member) -> EmittedLog:
        """A new id; its lists are still empty."""
        self.members[member.member] = member
        self.membership[member.member] = ()
        self.keys[member.member] = ()
        return self.emit(CONSORTIUM, "MemberAdmitted", MemberAdmitted(member))

    def add_membership(self, entry: MembershipEntry) -> EmittedLog:
        """Append to a membership list."""
        self.membership[entry.member] += (entry,)
        return self.emit(CONSORTIUM, "MembershipChanged", entry)

    def add_key(self, entry: KeyEntry) -> EmittedLog:
        """Append to a key list."""
        self.keys[entry.member] += (entry,)
        if entry.algorithm is KeyAlgorithm.ACCOUNT:
            self.bound[AccountAddress(entry.key_id[12:])] = entry.member
        return self.emit(CONSORTIUM, "KeyChanged", entry)

    # -- calls of members -----------------------------------------------------------------

    def run(self, data: bytes, scene: Scene) -> list[EmittedLog]:
        """Run an encoded call; ``Reverted`` leaves the world as it was."""
        if data.startswith(b"lots ") and self.lots is not None:
            return self._run_lots(data, scene)
        try:
            call = json.loads(data)
            name = call.pop("call")
        except (ValueError, KeyError, AttributeError):
            raise Reverted("UnknownCall") from None
        if name == "anchor":
            return [self._anchor(scene, **call)]
        return [self._add_status(scene, name, **call)]

    def _run_lots(self, data: bytes, scene: Scene) -> list[EmittedLog]:
        from tests.support.fake_lots import LotActs

        before = self.lots.copy(), dict(self.sequences), dict(self.heads)
        try:
            return LotActs(self, scene).run_call(data.split(b" ", 2)[1].decode())
        except Reverted:
            self.lots, self.sequences, self.heads = before
            raise

    def _anchor(
        self, scene: Scene, *, sequence: int, root: str, size: int, kind: int
    ) -> EmittedLog:
        issuer = self.operator(scene)
        batch_root = BatchRoot(bytes.fromhex(root))
        expected = self.sequences.get(issuer, 0) + 1
        if not any(entry.roles for entry in self.membership[issuer][-1:]):
            raise Reverted("RoleMissing", member=issuer, roles=0, required=_ANY_ROLE)
        if not 1 <= size <= _MOST_LEAVES:
            raise Reverted("SizeOutOfBounds", size=size, maximum=_MOST_LEAVES)
        if (issuer, batch_root) in self.anchors:
            before = self.anchors[issuer, batch_root].sequence
            raise Reverted("AlreadyAnchored", issuer=issuer, root=batch_root, sequence=before)
        if sequence != expected:
            raise Reverted("SequenceMismatch", issuer=issuer, expected=expected, given=sequence)
        record = AnchorRecord(
            issuer=issuer,
            root=batch_root,
            sequence=sequence,
            size=size,
            kind=BatchKind(kind),
            anchored_at_s=scene.time_s,
            anchored_by=scene.sender,
            block=scene.block,
        )
        self.anchors[issuer, batch_root] = record
        self.sequences[issuer] = sequence
        return self.emit(STATEMENT_LOG, "BatchAnchored", record)

    def _add_status(
        self,
        scene: Scene,
        name: str,
        *,
        leaf: str,
        issuer: int | None = None,
        reason: int = 0,
        effective_s: int = 0,
        related: str | None = None,
    ) -> EmittedLog:
        by_member = self.operator(scene)
        subject = (MemberId(issuer or by_member), Leaf(bytes.fromhex(leaf)))
        action = StatusAction[name.upper()]
        entries = self.status.get(subject, ())
        self._check_standing(action, subject, by_member, entries, StatusReason(reason))
        if 0 < effective_s < scene.time_s and StatusReason(reason) not in _PAST_ALLOWED:
            raise Reverted("InThePast", reason=reason, effective=effective_s, now=scene.time_s)
        entry = StatusEntry(
            issuer=subject[0],
            leaf=subject[1],
            index=len(entries),
            action=action,
            reason=StatusReason(reason),
            by_member=by_member,
            effective_s=UnixSeconds(effective_s or scene.time_s),
            recorded_at_s=scene.time_s,
            related_leaf=(
                Leaf(bytes.fromhex(related))
                if related and action is StatusAction.SUPERSEDE
                else None
            ),
            grounds=(
                Digest(bytes.fromhex(related))
                if related and action is StatusAction.DISPUTE
                else None
            ),
        )
        self.status[subject] = (*entries, entry)
        return self.emit(STATEMENT_LOG, "StatusAdded", entry)

    @staticmethod
    def _check_standing(
        action: StatusAction,
        subject: tuple[MemberId, Leaf],
        by_member: MemberId,
        entries: tuple[StatusEntry, ...],
        reason: StatusReason,
    ) -> None:
        issuer, leaf = subject
        same = [e for e in entries if e.action is action and e.by_member == by_member]
        match action:
            case StatusAction.DISPUTE if same:
                until = same[-1].recorded_at_s + _DISPUTE_LAPSE_S
                raise Reverted("DisputeBarred", party=by_member, leaf=leaf, until=until)
            case StatusAction.REVOKE if issuer != by_member:
                raise Reverted("ReasonNotOpen", member=by_member, issuer=issuer, reason=int(reason))
            case StatusAction.REVOKE if any(entry.reason is reason for entry in same):
                raise Reverted("AlreadyRevoked", member=by_member, leaf=leaf, reason=int(reason))
            case StatusAction.SUPERSEDE if same:
                raise Reverted("AlreadySuperseded", leaf=leaf, byLeaf=same[-1].related_leaf)
            case _:
                return
