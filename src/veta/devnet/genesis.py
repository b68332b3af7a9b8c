"""What the validators begin with: the genesis block, and who may connect to whom. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from veta.devnet.description import NetworkDescription
from veta.model.identifiers import AccountAddress, UnixSeconds

FUNDS_WEI: Final = 10**24
"""What each account of a member begins with; ether has no price here."""
_VANITY_OCTETS: Final = 32
_SEAL_OCTETS: Final = 65
_EPOCH_BLOCKS: Final = 30_000
_FORKS: Final = (
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "berlinBlock",
    "londonBlock",
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A validator as the others know it."""

    name: str
    public_key: bytes
    """secp256k1, X || Y: what its connections are bound to."""
    p2p_port: int

    @property
    def enode(self) -> str:
        """Its address among validators."""
        return f"enode://{self.public_key.hex()}@127.0.0.1:{self.p2p_port}"


def clique_extra(sealers: Iterable[AccountAddress]) -> bytes:
    """The extra field of a Clique genesis block (EIP-225): vanity, sorted sealers, no seal."""
    return bytes(_VANITY_OCTETS) + b"".join(sorted(sealers)) + bytes(_SEAL_OCTETS)


def genesis_document(
    network: NetworkDescription,
    *,
    sealers: Iterable[AccountAddress],
    funded: Iterable[AccountAddress],
    time_s: UnixSeconds,
) -> dict[str, Any]:
    """The genesis file of go-ethereum: London from the first block, the latest that Clique allows.

    Args:
        network: chain id, period, gas limit.
        sealers: one account a validator.
        funded: accounts that send transactions; validators need no funds.
        time_s: of the first block.
    """
    return {
        "config": {
            "chainId": network.chain_id,
            **dict.fromkeys(_FORKS, 0),
            "clique": {"period": network.engine.period_s, "epoch": _EPOCH_BLOCKS},
        },
        "difficulty": "0x1",
        "gasLimit": hex(network.engine.gas_limit),
        "timestamp": hex(time_s),
        "extraData": "0x" + clique_extra(sealers).hex(),
        "alloc": {account.hex(): {"balance": hex(FUNDS_WEI)} for account in sorted(set(funded))},
    }


def peer_settings(own: Peer, others: Iterable[Peer]) -> str:
    """go-ethereum's own TOML: loopback only, no discovery, and nobody but the named peers.

    With a dial ratio of 1 no place is kept for callers, so that only the trusted ones get in.
    """
    enodes = [each.enode for each in others]
    listed = json.dumps(enodes)
    return "\n".join(
        (
            "[Node.P2P]",
            f"MaxPeers = {len(enodes) + 1}",
            "DialRatio = 1",
            "NoDiscovery = true",
            f"StaticNodes = {listed}",
            f"TrustedNodes = {listed}",
            f'ListenAddr = "127.0.0.1:{own.p2p_port}"',
            'NetRestrict = ["127.0.0.0/8"]',
            "",
        )
    )
