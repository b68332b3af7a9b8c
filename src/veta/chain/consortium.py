"""Gateway to the ``Consortium`` contract: reading who is who."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.rpc import garbage
from veta.chain.web3_packages import keccak
from veta.errors import TransactionRevertedError
from veta.model.anchoring import BlockRef
from veta.model.consortium import (
    ActiveAccount,
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.identifiers import (
    AccountAddress,
    Digest,
    KeyId,
    MemberId,
    UnixSeconds,
)

_PUBLIC_KEYS_KEPT: Final = 4096


class ConsortiumGateway:
    """Reads of ``Consortium`` at a named block."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "activeAccount": "account",
        "bootstrap": "is_bootstrap",
        "keys": "keys",
        "memberCount": "member_count",
        "memberOf": "member_id",
        "membership": "membership",
        "profile": "member",
        "publicKey": "public_key",
        "version": "version",
        "voterCount": "voter_count",
    }
    """ABI function: method of this gateway that calls it."""

    UNUSED: ClassVar[dict[str, str]] = {
        "contractAt": "trust is pinned; only a deployment asks",
        "eventHead": "the ledger asks it of all contracts alike",
        "handOver": "for the successor contract alone",
        "hasApproved": "approvals are read from events",
        "keyCount": "lists are read to their end",
        "keyState": "keys are judged by folding their whole list",
        "membershipCount": "lists are read to their end",
        "operatorAccount": "for contracts; `activeAccount` says more",
        "rulesAt": "only the rules in force are shown",
        "rulesCount": "only the rules in force are shown",
        "setSuccessor": "for the consortium's own executed proposals",
        "standing": "for contracts; the lists say more",
        "successor": "trust is pinned, never looked up",
    }
    """ABI function: why nobody here calls it. Writing and votes: ``chain.governance``."""

    def __init__(self, caller: ContractCaller) -> None:
        self._caller = caller
        # A key id names its octets for ever, so a key that was read once is known.
        self._public_key = lru_cache(maxsize=_PUBLIC_KEYS_KEPT)(self._read_public_key)

    def version(self, block: BlockRef) -> str:
        """Protocol version of the contract."""
        (version,) = self._caller.read("version", block=block)
        return str(version)

    def member_count(self, block: BlockRef) -> int:
        """Members so far; their ids are 1 to this."""
        (count,) = self._caller.read("memberCount", block=block)
        return int(count)

    def voter_count(self, block: BlockRef) -> int:
        """Members that vote now."""
        (count,) = self._caller.read("voterCount", block=block)
        return int(count)

    def is_bootstrap(self, block: BlockRef) -> bool:
        """Whether fewer than four members vote."""
        (bootstrap,) = self._caller.read("bootstrap", block=block)
        return bool(bootstrap)

    def member_id(self, identifier: str, block: BlockRef) -> MemberId | None:
        """The member of a DID."""
        (member,) = self._caller.read("memberOf", keccak(text=identifier), block=block)
        return MemberId(member) if member else None

    def member(self, member: MemberId, block: BlockRef) -> Member | None:
        """What never changes about a member."""
        try:
            (profile,) = self._caller.read("profile", member, block=block)
        except TransactionRevertedError as error:
            if error.error_name == "UnknownMember":
                return None
            raise
        identifier, name, country, control_group, identity_digest = profile
        if not identifier:
            return None
        return Member(
            member=member,
            identifier=identifier,
            name=name,
            country=_country(country),
            control_group=control_group,
            identity_digest=Digest(identity_digest),
        )

    def membership(self, member: MemberId, block: BlockRef) -> tuple[MembershipEntry, ...]:
        """The whole membership list."""
        rows = self._read_list("membership", member, block)
        return tuple(
            MembershipEntry(
                member=member,
                index=index,
                roles=Role(roles),
                votes=votes,
                admitted=admitted,
                effective_s=UnixSeconds(effective),
                recorded_at_s=UnixSeconds(recorded),
            )
            for index, (roles, votes, admitted, effective, recorded) in enumerate(rows)
        )

    def keys(self, member: MemberId, block: BlockRef) -> tuple[KeyEntry, ...]:
        """The whole key list, with the octets of the keys that were bound."""
        entries = []
        for index, row in enumerate(self._read_list("keys", member, block)):
            action, purpose, algorithm, effective, recorded, key_id = row
            bound = action == KeyAction.BIND and algorithm != KeyAlgorithm.ACCOUNT
            try:
                entries.append(
                    KeyEntry(
                        member=member,
                        index=index,
                        action=KeyAction(action),
                        purpose=KeyPurpose(purpose),
                        algorithm=KeyAlgorithm(algorithm),
                        key_id=KeyId(key_id),
                        public_key=self.public_key(KeyId(key_id), block) if bound else b"",
                        effective_s=UnixSeconds(effective),
                        recorded_at_s=UnixSeconds(recorded),
                    )
                )
            except ValueError as error:
                raise garbage("Consortium.keys") from error
        return tuple(entries)

    def public_key(self, key_id: KeyId, block: BlockRef) -> bytes:
        """Octets of a bound key that is not an account."""
        return self._public_key(key_id, block)

    def account(self, address: AccountAddress, block: BlockRef) -> ActiveAccount | None:
        """Whose account this is at the block."""
        member, purpose, _ = self._caller.read("activeAccount", address, block=block)
        if not member:
            return None
        try:
            return ActiveAccount(address, MemberId(member), KeyPurpose(purpose))
        except ValueError as error:
            raise garbage("Consortium.activeAccount") from error

    def _read_public_key(self, key_id: KeyId, block: BlockRef) -> bytes:
        (octets,) = self._caller.read("publicKey", key_id, block=block)
        if keccak(octets) != key_id:
            raise garbage("Consortium.publicKey")
        return bytes(octets)

    def _read_list(self, function: str, member: MemberId, block: BlockRef) -> list[tuple[Any, ...]]:
        try:
            return self._caller.read_list(function, member, block=block)
        except TransactionRevertedError as error:
            if error.error_name == "UnknownMember":
                return []
            raise


def _country(octets: bytes) -> str:
    try:
        return octets.decode("ascii")
    except UnicodeDecodeError as error:
        raise garbage("Consortium.profile") from error
