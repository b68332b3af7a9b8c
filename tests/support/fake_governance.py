"""What a consortium does on the fake chain, each in a block of its own; for tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from tests.support.fake_world import EmittedLog, Scene, World, account_key_id, keccak256
from veta.model.anchoring import BlockRef
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.identifiers import AccountAddress, KeyId, MemberId, UnixSeconds

SystemCall = Callable[[World, Scene], list[EmittedLog]]


class FakeGovernance(ABC):
    """Steps that no account sends."""

    @abstractmethod
    def as_consortium(self, call: SystemCall) -> BlockRef:
        """Run a governance step in a block of its own."""

    def fund(self, account: AccountAddress, wei: int = 10**21) -> None:
        """Set a balance."""

        def pay(world: World, _: Scene) -> list[EmittedLog]:
            world.balances[account] = wei
            return []

        self.as_consortium(pay)

    def add_key(
        self,
        member: MemberId,
        *,
        key_id: KeyId,
        public_key: bytes = b"",
        action: KeyAction = KeyAction.BIND,
        purpose: KeyPurpose = KeyPurpose.SIGN,
        algorithm: KeyAlgorithm = KeyAlgorithm.ES256K,
        effective_s: UnixSeconds | None = None,
    ) -> BlockRef:
        """Append to a member's key list; effective at the block's time unless said otherwise."""

        def add(world: World, scene: Scene) -> list[EmittedLog]:
            entry = KeyEntry(
                member=member,
                index=len(world.keys[member]),
                action=action,
                purpose=purpose,
                algorithm=algorithm,
                key_id=key_id,
                public_key=public_key,
                effective_s=scene.time_s if effective_s is None else effective_s,
                recorded_at_s=scene.time_s,
            )
            return [world.add_key(entry)]

        return self.as_consortium(add)

    def bind_account(self, member: MemberId, address: AccountAddress, *, wei: int = 10**21) -> None:
        """Give a member a funded ``operate`` account."""
        self.add_key(
            member,
            key_id=account_key_id(address),
            purpose=KeyPurpose.OPERATE,
            algorithm=KeyAlgorithm.ACCOUNT,
        )
        self.fund(address, wei)

    def set_membership(
        self, member: MemberId, *, roles: Role, votes: bool = True, admitted: bool = True
    ) -> BlockRef:
        """Append to a member's membership list."""

        def add(world: World, scene: Scene) -> list[EmittedLog]:
            index = len(world.membership[member])
            at_s = scene.time_s
            entry = MembershipEntry(member, index, roles, votes, admitted, at_s, at_s)
            return [world.add_membership(entry)]

        return self.as_consortium(add)

    def admit(
        self,
        member: MemberId,
        identifier: str,
        *,
        roles: Role = Role.MINER,
        votes: bool = True,
        country: str = "CL",
        control_group: int = 0,
    ) -> Member:
        """Admit a member with its roles; keys and accounts come after."""
        admitted = Member(
            member=member,
            identifier=identifier,
            name=identifier.rsplit(":", maxsplit=1)[-1],
            country=country,
            control_group=control_group,
            identity_digest=keccak256(b"identity of " + identifier.encode()),
        )
        self.as_consortium(lambda world, _: [world.admit(admitted)])
        self.set_membership(member, roles=roles, votes=votes)
        return admitted
