"""What makes a verdict true: the pinned chain, contracts and witnesses."""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.anchoring import ContractCode
from veta.model.identifiers import FAR_FUTURE, BlockNumber, Digest, UnixSeconds


@dataclass(frozen=True, slots=True)
class ContractSet:
    """The contracts that counted from one block to another."""

    from_block: BlockNumber
    to_block: BlockNumber | None
    """First block at which the set no longer counts; ``None`` while it does."""
    contracts: tuple[ContractCode, ...]


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """An Ed25519 key that cosigns checkpoints."""

    name: str
    public_key: bytes
    control_group: int


@dataclass(frozen=True, slots=True)
class TrustConfig:
    """Everything that a verifier has to believe, pinned; nothing here is a network setting."""

    number: int
    """Version, from 1; number n+1 is signed by the witnesses of n."""
    previous_digest: Digest | None
    name: str
    """Name of the network, for people."""
    chain_id: int
    genesis_digest: Digest
    contract_sets: tuple[ContractSet, ...]
    witnesses: tuple[WitnessKey, ...] = ()
    witness_quorum: int = 0
    not_after_s: UnixSeconds = FAR_FUTURE

    def contracts_at(self, block: BlockNumber) -> ContractSet | None:
        """The set that counts at ``block``, or ``None`` outside every set."""
        for contract_set in self.contract_sets:
            ended = contract_set.to_block is not None and block >= contract_set.to_block
            if contract_set.from_block <= block and not ended:
                return contract_set
        return None
