"""Beginning a consortium: contracts on a chain, genesis members, and what everybody pins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from veta.bootstrap.administration import grant_of
from veta.bootstrap.chains import InProcessProvider, endpoint_provider
from veta.bootstrap.signing import LazyAccount
from veta.chain.deploy import deploy
from veta.chain.embedded import EmbeddedChain
from veta.chain.endpoint import EndpointProvider
from veta.chain.governance import Admission, GovernanceRules
from veta.chain.rpc import LATEST, RpcClient, quantity
from veta.config import ChainSettings
from veta.errors import ConfigError
from veta.keys.keyring import KeyRing
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import AccountAddress, Digest
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock

EMBEDDED_FUNDS_WEI: Final = 10**21
EMBEDDED_RULES: Final = GovernanceRules(timelock_s=1)
"""On a chain that one process runs, waiting two days would protect nobody from anybody."""

NETWORK_RULES: Final = GovernanceRules()
NO_DOCUMENT: Final = Digest(bytes(32))


@dataclass(frozen=True, slots=True)
class Founder:
    """A party as it joins: who it is, what it is, and the public side of its keys."""

    identifier: str
    """DID."""
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    roles: Role
    votes: bool
    ring: KeyRing
    control_group: int = 0
    identity_digest: Digest = NO_DOCUMENT


def admission_of(founder: Founder) -> Admission:
    """What the consortium is handed about a party; needs no password."""
    newest = {record.purpose: record for record in founder.ring.records()}
    return Admission(
        identifier=founder.identifier,
        name=founder.name,
        country=founder.country,
        roles=founder.roles,
        votes=founder.votes,
        keys=tuple(grant_of(record) for record in newest.values()),
        control_group=founder.control_group,
        identity_digest=founder.identity_digest,
    )


def found_embedded(
    chain: EmbeddedChain,
    founders: tuple[Founder, ...],
    *,
    name: str,
    clock: Clock,
    rules: GovernanceRules = EMBEDDED_RULES,
) -> TrustConfig:
    """Give the founders' accounts ether and deploy their consortium on an embedded chain.

    Args:
        chain: newly created.
        founders: the genesis members; the first one's administer account deploys.
        name: of the network, for people.
        clock: waits.
        rules: of the votes.

    Returns:
        The trust configuration that everybody pins.

    Raises:
        ConfigError: ``config.deployer_used``.
        LedgerError: the chain refuses.
    """
    _require_founders(founders)
    for founder in founders:
        fund_accounts(chain, founder.ring)
    deployment = deploy(
        InProcessProvider(chain),
        LazyAccount(founders[0].ring, KeyPurpose.ADMINISTER),
        tuple(admission_of(founder) for founder in founders),
        rules,
        clock,
    )
    return deployment.trust(name)


def found_network(
    chain: ChainSettings,
    founders: tuple[Founder, ...],
    *,
    name: str,
    clock: Clock,
    rules: GovernanceRules = NETWORK_RULES,
) -> TrustConfig:
    """Deploy a consortium through a JSON-RPC endpoint, or finish what an earlier call began.

    The first founder's administer account must be new and have funds.

    Raises:
        ConfigError: ``config.no_funds``, ``config.deployer_used``.
        LedgerError: the chain cannot be asked, refuses, or does not include in time.
    """
    _require_founders(founders)
    provider = endpoint_provider(chain, clock)
    deployer = LazyAccount(founders[0].ring, KeyPurpose.ADMINISTER)
    try:
        _require_funds(provider, deployer.address)
        deployment = deploy(
            provider,
            deployer,
            tuple(admission_of(founder) for founder in founders),
            rules,
            clock,
        )
    finally:
        provider.close()
    return deployment.trust(name)


def fund_accounts(chain: EmbeddedChain, ring: KeyRing, *, wei: int = EMBEDDED_FUNDS_WEI) -> None:
    """Give the newest accounts of a ring ether from the embedded chain's faucet."""
    newest = {record.purpose: record for record in ring.records()}
    for record in newest.values():
        if record.address is not None:
            chain.fund(record.address, wei)


def fund_addresses(
    chain: EmbeddedChain, admission: Admission, *, wei: int = EMBEDDED_FUNDS_WEI
) -> None:
    """Give the accounts of a new member ether from the embedded chain's faucet."""
    for key in admission.keys:
        if key.algorithm is KeyAlgorithm.ACCOUNT:
            chain.fund(AccountAddress(key.octets), wei)


def _require_funds(provider: EndpointProvider, account: AccountAddress) -> None:
    client = RpcClient(provider)
    balance = client.ask("eth_getBalance", "0x" + account.hex(), LATEST)
    if quantity(balance, "a balance") == 0:
        raise ConfigError(
            "config.no_funds",
            f"account 0x{account.hex()} has no funds on that chain; fund it and run this again",
        )


def _require_founders(founders: tuple[Founder, ...]) -> None:
    if not any(founder.votes for founder in founders):
        raise ConfigError("config.no_voter", "a consortium begins with at least one that votes")
