"""Short ways to write entries of the chain's append-only lists in tests."""

from __future__ import annotations

from hashlib import sha256

from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    MembershipEntry,
    Role,
)
from veta.model.identifiers import KeyId, Leaf, MemberId, UnixSeconds

MEMBER = MemberId(1)
KEY = KeyId(sha256(b"key").digest())
OTHER_KEY = KeyId(sha256(b"other key").digest())
LEAF = Leaf(sha256(b"leaf").digest())


def key_entry(
    action: KeyAction, effective_s: int, recorded_at_s: int | None = None, *, key_id: KeyId = KEY
) -> KeyEntry:
    return KeyEntry(
        member=MEMBER,
        index=0,
        action=action,
        purpose=KeyPurpose.SIGN,
        algorithm=KeyAlgorithm.ES256K,
        key_id=key_id,
        public_key=b"",
        effective_s=UnixSeconds(effective_s),
        recorded_at_s=UnixSeconds(effective_s if recorded_at_s is None else recorded_at_s),
    )


def status_entry(
    action: StatusAction,
    *,
    reason: StatusReason = StatusReason.NONE,
    effective_s: int = 0,
    recorded_at_s: int = 0,
    by_member: int = MEMBER,
    related_leaf: Leaf | None = None,
) -> StatusEntry:
    return StatusEntry(
        issuer=MEMBER,
        leaf=LEAF,
        index=0,
        action=action,
        reason=reason,
        by_member=MemberId(by_member),
        effective_s=UnixSeconds(effective_s),
        recorded_at_s=UnixSeconds(recorded_at_s),
        related_leaf=related_leaf,
    )


def membership_entry(effective_s: int, roles: Role, *, admitted: bool = True) -> MembershipEntry:
    return MembershipEntry(
        member=MEMBER,
        index=0,
        roles=roles,
        votes=True,
        admitted=admitted,
        effective_s=UnixSeconds(effective_s),
        recorded_at_s=UnixSeconds(effective_s),
    )
