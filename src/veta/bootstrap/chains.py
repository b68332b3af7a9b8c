"""Reaching a chain: the embedded one of this process, or JSON-RPC endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from veta.chain.connection import EndpointLimits
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.embedded_server import EmbeddedServer
from veta.chain.endpoint import EndpointProvider
from veta.chain.ledger import Finality, Web3Ledger
from veta.config import ChainSettings, NodeConfig
from veta.errors import LedgerUnavailableError, StoreError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import AccountAddress
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock

__all__ = ["ChainConnection", "EmbeddedServer", "connect", "open_embedded", "seal_if_idle"]

SEAL_AFTER_S: Final = 600
"""An embedded head older than this is followed by an empty block when somebody asks."""


@dataclass(frozen=True, slots=True)
class ChainConnection:
    """A provider that is open, and the chain itself where it lives in this process."""

    provider: EmbeddedProvider | EndpointProvider
    embedded: EmbeddedChain | None
    owned: bool
    """Whether whoever closes the node closes the embedded chain as well."""


class InProcessProvider(EmbeddedProvider):
    """The embedded chain, whose own failures are those of an endpoint that cannot answer."""

    def make_request(self, method: Any, params: Any) -> Any:
        """One JSON-RPC answer.

        Raises:
            LedgerUnavailableError: with the code of what is wrong with the chain's database.
        """
        try:
            return super().make_request(method, params)
        except StoreError as error:
            raise LedgerUnavailableError(error.code, error.message) from error


class SealingLedger(Web3Ledger):
    """A ledger on the embedded chain of this process, which seals when somebody asks.

    A status is only as good as the block it is read at. Nobody but this process can add blocks, so
    "nothing has happened until now" is a block that it may truthfully seal.
    """

    def __init__(self, chain: EmbeddedChain, trust: TrustConfig, clock: Clock) -> None:
        self._chain = chain
        self._clock = clock
        super().__init__(InProcessProvider(chain), trust)

    def head(self) -> BlockRef:
        """The newest block, at most ``SEAL_AFTER_S`` old by this process's clock."""
        head = super().head()
        if self._clock.now_s() - head.time_s <= SEAL_AFTER_S:
            return head
        seal_if_idle(self._chain)
        return super().head()


def seal_if_idle(chain: EmbeddedChain) -> None:
    """Close an empty block at the chain's own time.

    Raises:
        LedgerUnavailableError: the chain's database cannot be written.
    """
    try:
        chain.mine()
    except StoreError as error:
        raise LedgerUnavailableError(error.code, error.message) from error


def open_embedded(config: NodeConfig, clock: Clock) -> EmbeddedChain:
    """The embedded chain of a configuration, for several nodes of this process.

    Raises:
        StoreError: ``store.missing``, ``store.embedded_in_use``, ``store.damaged``.
    """
    return EmbeddedChain.open(config.path(config.embedded_file), clock.now_s)


def connect(
    config: NodeConfig, clock: Clock, *, chain: EmbeddedChain | None = None
) -> ChainConnection:
    """Open what the configuration names; nothing is compared with a trust configuration yet.

    Args:
        config: kind, file or addresses, time-outs.
        clock: the endpoint's time-outs, the embedded chain's block times.
        chain: an embedded chain that is open in this process already.

    Raises:
        StoreError: as ``open_embedded``.
    """
    if config.chain.kind == "embedded":
        opened = chain or open_embedded(config, clock)
        return ChainConnection(InProcessProvider(opened), opened, owned=chain is None)
    return ChainConnection(endpoint_provider(config.chain, clock), None, owned=False)


def endpoint_provider(settings: ChainSettings, clock: Clock) -> EndpointProvider:
    """A provider for the configured addresses."""
    limits = EndpointLimits(
        connect_timeout_s=settings.connect_timeout_s,
        total_timeout_s=settings.total_timeout_s,
        max_response_octets=settings.max_response_octets,
    )
    return EndpointProvider(settings.urls, clock, limits)


def ledger_on(
    connection: ChainConnection, trust: TrustConfig, settings: ChainSettings, clock: Clock
) -> Web3Ledger:
    """A ledger that has been compared with the trust configuration.

    Raises:
        LedgerMismatchError: another chain, genesis or code than the pinned ones.
        LedgerUnavailableError: it cannot be asked.
    """
    if connection.embedded is not None:
        return SealingLedger(connection.embedded, trust, clock)
    sealers = tuple(AccountAddress(bytes.fromhex(each[2:])) for each in settings.sealers)
    finality = Finality(settings.finality, settings.finality_depth, sealers)
    return Web3Ledger(connection.provider, trust, finality)
