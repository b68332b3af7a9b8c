"""What the chain records about members, their keys and their roles.

Time logic never reads a mutable flag: it folds append-only lists, whose entries are the classes of
this module, in the order of their index.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from veta.model.identifiers import AccountAddress, Digest, KeyId, MemberId, UnixSeconds


class Role(enum.IntFlag):
    """What a member is; bits of ``IConsortium.roles``."""

    MINER = 1 << 0
    SMELTER = 1 << 1
    REFINER = 1 << 2
    FABRICATOR = 1 << 3
    MANUFACTURER = 1 << 4
    TRADER = 1 << 5
    CARRIER = 1 << 6
    LABORATORY = 1 << 7
    CERTIFICATION_BODY = 1 << 8
    FOOTPRINT_VERIFIER = 1 << 9
    ACCREDITATION_BODY = 1 << 10
    SCHEME_OWNER = 1 << 11
    COMMUNITY = 1 << 12
    AUTHORITY = 1 << 13


class KeyPurpose(enum.IntEnum):
    """What a key may do."""

    OPERATE = 1
    """EVM account that sends the member's transactions."""
    SIGN = 2
    """Signs statements."""
    WITNESS = 3
    """Cosigns checkpoints."""
    ADMINISTER = 4
    """EVM account that votes and changes the member's own keys."""


class KeyAlgorithm(enum.IntEnum):
    """How a key signs; the key decides, never the token."""

    ACCOUNT = 0
    """An EVM account: only its address is known."""
    ES256K = 1
    """secp256k1; public key = X || Y, 64 octets."""
    ES256 = 2
    """NIST P-256; public key = X || Y, 64 octets."""
    EDDSA = 3
    """Ed25519; public key 32 octets."""


class KeyAction(enum.IntEnum):
    """What an entry of a member's key list records."""

    BIND = 1
    """The key may be used from ``effective_s``."""
    RETIRE = 2
    """Not used from ``effective_s``; what it signed before stays good."""
    COMPROMISE = 3
    """Held by somebody else since ``effective_s``, said at ``recorded_at_s``."""
    PAUSE = 4
    """Stopped at once, by itself or by an administer key; ended only by binding a new key."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One entry of a member's append-only key list."""

    member: MemberId
    index: int
    """Position in the member's list, from 0."""
    action: KeyAction
    purpose: KeyPurpose
    algorithm: KeyAlgorithm
    key_id: KeyId
    public_key: bytes
    """Octets as bound; empty for an ACCOUNT and in entries other than BIND."""
    effective_s: UnixSeconds
    recorded_at_s: UnixSeconds
    """Block time of the entry."""


@dataclass(frozen=True, slots=True)
class MembershipEntry:
    """One entry of a member's append-only membership list: what holds from ``effective_s`` on."""

    member: MemberId
    index: int
    roles: Role
    """No role at all after expulsion or exit."""
    votes: bool
    admitted: bool
    effective_s: UnixSeconds
    recorded_at_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class Member:
    """A consortium id and what never changes about it."""

    member: MemberId
    identifier: str
    """The member's DID, e.g. ``did:web:mina-aurora.example``; unique on chain by its keccak-256."""
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    control_group: int
    """Members under one control share a number; 0 = none declared."""
    identity_digest: Digest
    """Digest of the identity document the others looked at."""


@dataclass(frozen=True, slots=True)
class ActiveAccount:
    """An EVM account as the consortium sees it."""

    address: AccountAddress
    member: MemberId
    purpose: KeyPurpose
