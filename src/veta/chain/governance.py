"""Gateway to what members do in ``Consortium``: their own keys, proposals and votes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar, Final

from veta.chain.caller import ContractCaller
from veta.chain.rpc import garbage
from veta.chain.web3_packages import abi_encode, keccak
from veta.model.anchoring import BlockRef
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import AccountAddress, Digest, KeyId, MemberId, UnixSeconds
from veta.ports.ledger import Call

_KEY_GAS: Final = 500_000
_VOTE_GAS: Final = 400_000
_PROPOSE_GAS: Final = 2_000_000
_EXECUTE_GAS: Final = 6_000_000

NO_DIGEST: Final = Digest(bytes(32))
NOW: Final = UnixSeconds(0)
"""Means the time of the block that includes the call."""
RULES_TYPE: Final = "(uint16,uint16,uint32,uint32,uint32,uint32,uint64)"
ADMISSION_TYPE: Final = "(string,string,bytes2,uint32,bytes32,uint32,bool,(uint8,uint8,bytes)[])"


class ProposalKind(enum.IntEnum):
    """What a proposal changes."""

    ADMIT = 1
    EXPEL = 2
    SET_STANDING = 3
    SET_RULES = 4
    INSTALL_ADMINISTRATORS = 5
    COMPROMISE = 6
    REGISTER_CONTRACT = 7
    SET_SUCCESSOR = 8
    CALL_CONTRACT = 9


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """A key as it is handed in: 20 octets of an account's address, else the public key."""

    purpose: KeyPurpose
    algorithm: KeyAlgorithm
    octets: bytes

    def abi(self) -> tuple[int, int, bytes]:
        """As the contract takes it."""
        return int(self.purpose), int(self.algorithm), self.octets


@dataclass(frozen=True, slots=True)
class Admission:
    """A new member as it is proposed, or named at deployment."""

    identifier: str
    name: str
    country: str
    roles: Role
    votes: bool
    keys: tuple[KeyGrant, ...]
    """At least one ADMINISTER account."""
    control_group: int = 0
    identity_digest: Digest = NO_DIGEST

    def abi(self) -> tuple[object, ...]:
        """As the contract takes it."""
        return (
            self.identifier,
            self.name,
            self.country.encode("ascii"),
            self.control_group,
            self.identity_digest,
            int(self.roles),
            self.votes,
            [key.abi() for key in self.keys],
        )


@dataclass(frozen=True, slots=True)
class GovernanceRules:
    """Quorum and times of the votes.

    Attributes:
        quorum_numerator: of quorum_denominator: ``floor(v n / d) + 1`` of v voters.
        timelock_s: between quorum and execution.
        proposal_lifetime_s: from proposing to expiry.
        max_compromise_backdate_s: how far a member may look back by itself.
        dispute_lapse_s: after which a dispute that nobody upheld is over.
    """

    quorum_numerator: int = 2
    quorum_denominator: int = 3
    timelock_s: int = 172_800
    proposal_lifetime_s: int = 2_592_000
    max_compromise_backdate_s: int = 7_776_000
    dispute_lapse_s: int = 7_776_000

    def abi(self) -> tuple[int, ...]:
        """As the contract takes it."""
        return (
            self.quorum_numerator,
            self.quorum_denominator,
            self.timelock_s,
            self.proposal_lifetime_s,
            self.max_compromise_backdate_s,
            self.dispute_lapse_s,
            0,
        )


@dataclass(frozen=True, slots=True)
class ProposalState:
    """A proposal as the contract holds it."""

    number: int
    kind: ProposalKind
    executed: bool
    target: MemberId | None
    proposer: MemberId
    expires_s: UnixSeconds
    ready_s: UnixSeconds
    """Executable from then; 0 while there is no quorum."""
    digest: Digest
    approvals: int
    required: int


class GovernanceGateway:
    """Calls of members and voters; ``Consortium`` decides who may."""

    FUNCTIONS: ClassVar[dict[str, str]] = {
        "approve": "encode_approve",
        "bindKey": "encode_bind_key",
        "declareCompromised": "encode_declare_compromised",
        "execute": "encode_execute",
        "pauseKey": "encode_pause_key",
        "proposal": "proposal",
        "proposalCount": "proposal_count",
        "propose": "encode_propose",
        "resign": "encode_resign",
        "retireKey": "encode_retire_key",
        "rules": "rules",
        "schedule": "encode_schedule",
        "withdrawApproval": "encode_withdraw_approval",
    }
    """ABI function: method of this gateway that calls it."""

    def __init__(self, caller: ContractCaller, chain_id: int) -> None:
        self._caller = caller
        self._chain_id = chain_id

    # -- payloads of proposals --------------------------------------------------------------

    @staticmethod
    def admit(admission: Admission) -> bytes:
        """Payload of ADMIT."""
        return bytes(abi_encode((ADMISSION_TYPE,), (admission.abi(),)))

    @staticmethod
    def expel(member: MemberId) -> bytes:
        """Payload of EXPEL."""
        return bytes(abi_encode(("uint32",), (member,)))

    @staticmethod
    def set_standing(member: MemberId, roles: Role, *, votes: bool) -> bytes:
        """Payload of SET_STANDING."""
        return bytes(abi_encode(("uint32", "uint32", "bool"), (member, int(roles), votes)))

    @staticmethod
    def set_rules(rules: GovernanceRules) -> bytes:
        """Payload of SET_RULES."""
        return bytes(abi_encode((RULES_TYPE,), (rules.abi(),)))

    @staticmethod
    def install_administrators(member: MemberId, accounts: tuple[AccountAddress, ...]) -> bytes:
        """Payload of INSTALL_ADMINISTRATORS."""
        return bytes(abi_encode(("uint32", "address[]"), (member, list(accounts))))

    @staticmethod
    def compromise(member: MemberId, key_id: KeyId, since_s: UnixSeconds) -> bytes:
        """Payload of COMPROMISE."""
        return bytes(abi_encode(("uint32", "bytes32", "uint64"), (member, key_id, since_s)))

    @staticmethod
    def register_contract(name: str, at: AccountAddress) -> bytes:
        """Payload of REGISTER_CONTRACT."""
        return bytes(abi_encode(("bytes32", "address"), (name.encode("ascii"), at)))

    @staticmethod
    def set_successor(contract: AccountAddress, successor: AccountAddress) -> bytes:
        """Payload of SET_SUCCESSOR."""
        return bytes(abi_encode(("address", "address"), (contract, successor)))

    @staticmethod
    def call_contract(name: str, data: bytes) -> bytes:
        """Payload of CALL_CONTRACT: the consortium calls a contract on record with ``data``."""
        return bytes(abi_encode(("bytes32", "bytes"), (name.encode("ascii"), data)))

    def digest(self, number: int, kind: ProposalKind, payload: bytes) -> Digest:
        """What an approval names: see ``Proposal`` in ``IConsortium``."""
        return Digest(
            keccak(
                abi_encode(
                    ("uint256", "address", "uint64", "uint8", "bytes"),
                    (self._chain_id, self._caller.address, number, int(kind), payload),
                )
            )
        )

    # -- reading ----------------------------------------------------------------------------

    def rules(self, block: BlockRef) -> GovernanceRules:
        """The rules in force."""
        (values,) = self._caller.read("rules", block=block)
        return GovernanceRules(*values[:6])

    def proposal_count(self, block: BlockRef) -> int:
        """Proposals so far; they are 1 to this."""
        (count,) = self._caller.read("proposalCount", block=block)
        return int(count)

    def proposal(self, number: int, block: BlockRef) -> ProposalState:
        """A proposal, and how its vote stands."""
        content, approvals, required = self._caller.read("proposal", number, block=block)
        kind, executed, target, proposer, expires, ready, digest = content
        try:
            return ProposalState(
                number=number,
                kind=ProposalKind(kind),
                executed=executed,
                target=MemberId(target) if target else None,
                proposer=MemberId(proposer),
                expires_s=UnixSeconds(expires),
                ready_s=UnixSeconds(ready),
                digest=Digest(digest),
                approvals=approvals,
                required=required,
            )
        except ValueError as error:
            raise garbage("Consortium.proposal") from error

    # -- a member's own keys ----------------------------------------------------------------

    def encode_bind_key(self, grant: KeyGrant, *, from_s: UnixSeconds = NOW) -> Call:
        """Bind a key to the sender's member; ``from_s`` 0 means the block's time."""
        return self._call("bindKey", grant.abi(), from_s, gas_limit=_KEY_GAS)

    def encode_retire_key(self, key_id: KeyId, *, at_s: UnixSeconds = NOW) -> Call:
        """Stop using a key; what it did before stays good."""
        return self._call("retireKey", key_id, at_s, gas_limit=_KEY_GAS)

    def encode_declare_compromised(self, key_id: KeyId, *, since_s: UnixSeconds) -> Call:
        """Say that somebody else holds a key since then."""
        return self._call("declareCompromised", key_id, since_s, gas_limit=_KEY_GAS)

    def encode_pause_key(self, key_id: KeyId) -> Call:
        """Stop a key at once."""
        return self._call("pauseKey", key_id, gas_limit=_KEY_GAS)

    def encode_resign(self) -> Call:
        """Leave the consortium at once."""
        return self._call("resign", gas_limit=_KEY_GAS)

    # -- votes ------------------------------------------------------------------------------

    def encode_propose(self, kind: ProposalKind, payload: bytes) -> Call:
        """Propose a change; proposing approves nothing."""
        return self._call("propose", int(kind), payload, gas_limit=_PROPOSE_GAS)

    def encode_approve(self, number: int, digest: Digest) -> Call:
        """Approve exactly what ``digest`` names."""
        return self._call("approve", number, digest, gas_limit=_VOTE_GAS)

    def encode_withdraw_approval(self, number: int) -> Call:
        """Take an approval back."""
        return self._call("withdrawApproval", number, gas_limit=_VOTE_GAS)

    def encode_schedule(self, number: int) -> Call:
        """Start the timelock where the quorum came about by others leaving."""
        return self._call("schedule", number, gas_limit=_VOTE_GAS)

    def encode_execute(self, number: int, payload: bytes) -> Call:
        """Make the change, once quorum and timelock are there."""
        return self._call("execute", number, payload, gas_limit=_EXECUTE_GAS)

    def _call(self, function: str, *arguments: object, gas_limit: int) -> Call:
        return self._caller.encode(function, *arguments, gas_limit=gas_limit, purpose=function)
