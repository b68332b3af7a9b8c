"""Ledgers for a kill run, each in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.chain_scenes import (
    IMMEDIATE,
    MINER_DID,
    Network,
    anvil,
    fund_anvil,
    fund_embedded,
    network_on,
    signer,
)
from tests.support.fake_accounts import FakeAccount
from tests.support.fault_proxy import FaultControl, FaultProxy
from tests.support.kill_run import Site
from tests.support.node_parts import MINE, MINE_DID, identity_of, mining_ledger
from tests.support.socket_ledger import SocketLedger, serve
from veta.chain.clock import SystemClock
from veta.chain.connection import EndpointLimits
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.embedded_server import EmbeddedServer
from veta.chain.endpoint import EndpointProvider, RetryPolicy
from veta.chain.ledger import Finality, Web3Ledger
from veta.model.identifiers import MemberId
from veta.ports.ledger import Ledger
from veta.ports.store import StoreIdentity
from veta.store.sql_store import open_store


@contextmanager
def fake_site(folder: Path, *, share: float, seed: int, has_lots: bool = False) -> Iterator[Site]:
    """The fake chain with finality after two blocks, reorganisations, and calls that get lost."""
    account = FakeAccount("mine")
    ledger = mining_ledger(account, automine=False, finality=2, has_lots=has_lots)
    ledger.mine(3)
    identity = identity_of(ledger)
    # Nodes that follow, and are killed over it, need blocks that they can keep up with.
    period_s = 0.03 if has_lots else 0.004
    with _served(lambda: ledger, folder, share=share, seed=seed, period_s=period_s) as path:
        open_store(folder / "node.db", identity, create=True).close()
        yield Site(
            database=folder / "node.db",
            identity=identity,
            member=MINE,
            identifier=MINE_DID,
            account=account,
            connect=lambda: SocketLedger(path),
            lots=has_lots,
        )


@contextmanager
def embedded_site(folder: Path, *, share: float, seed: int) -> Iterator[Site]:
    """The real contracts in the embedded EVM; calls get lost as above, blocks are final at once."""
    chain = EmbeddedChain.create(folder / "chain.db")
    network = network_on(EmbeddedProvider(chain), fund_embedded(chain))
    identity = identity_of(network.ledger(), MemberId(1))
    chain.close()

    def ledger() -> Ledger:
        provider = EmbeddedProvider(EmbeddedChain.open(folder / "chain.db"))
        return Web3Ledger(provider, network.deployment.trust("test"))

    with _served(ledger, folder, share=share, seed=seed) as path:
        open_store(folder / "node.db", identity, create=True).close()
        yield Site(
            database=folder / "node.db",
            identity=identity,
            member=MemberId(1),
            identifier=MINER_DID,
            account=signer("miner"),
            connect=lambda: SocketLedger(path),
        )


IMPATIENT = EndpointLimits(connect_timeout_s=0.1, read_timeout_s=0.06, total_timeout_s=0.12)
STUBBORN = RetryPolicy(
    attempts=12, first_wait_s=0.001, longest_wait_s=0.004, breaker_failures=1_000_000
)


class ProxiedLedger(Web3Ledger):
    """The real client on a proxy, whose faults the test can end."""

    def __init__(self, url: str, network: Network, finality: Finality = IMMEDIATE) -> None:
        self._control = FaultControl(url)
        provider = EndpointProvider((url,), SystemClock(), IMPATIENT, STUBBORN)
        super().__init__(provider, network.deployment.trust("test"), finality)

    def test_share(self, share: float) -> None:
        """From now on, faults strike this share of the requests."""
        self._control.share(share)

    def test_counts(self) -> dict[str, int]:
        """Requests, and faults by kind."""
        return self._control.counts()


@contextmanager
def http_site(folder: Path, *, share: float, seed: int) -> Iterator[Site]:
    """The real contracts in the embedded EVM, the real client, and HTTP that fails between them."""
    chain = EmbeddedChain.create(folder / "chain.db")
    network = network_on(EmbeddedProvider(chain), fund_embedded(chain))
    identity = identity_of(network.ledger(), MemberId(1))
    chain.close()

    def serve_both(port_file: Path) -> None:
        server = EmbeddedServer(EmbeddedChain.open(folder / "chain.db"))
        FaultProxy(server.url, share=share, seed=seed).serve(port_file)

    with _forked(serve_both, folder / "proxy.port") as port_file:
        yield _proxied(folder, port_file, network, identity)


@contextmanager
def anvil_site(folder: Path, *, share: float, seed: int) -> Iterator[Site]:
    """The same on anvil, where blocks come by the second and one on top makes one final."""
    with anvil() as url:
        provider = EndpointProvider((url,), SystemClock())
        network = network_on(provider, fund_anvil(provider))
        identity = identity_of(network.ledger(), MemberId(1))
        provider.make_request("evm_setIntervalMining", [1])  # type: ignore[arg-type]  # anvil's own
        provider.close()

        def serve(port_file: Path) -> None:
            FaultProxy(url, share=share, seed=seed).serve(port_file)

        with _forked(serve, folder / "proxy.port") as port_file:
            yield _proxied(folder, port_file, network, identity, Finality("depth", 1))


def _proxied(
    folder: Path,
    port_file: Path,
    network: Network,
    identity: StoreIdentity,
    finality: Finality = IMMEDIATE,
) -> Site:
    url = f"http://127.0.0.1:{port_file.read_text()}"
    open_store(folder / "node.db", identity, create=True).close()
    return Site(
        database=folder / "node.db",
        identity=identity,
        member=MemberId(1),
        identifier=MINER_DID,
        account=signer("miner"),
        connect=lambda: ProxiedLedger(url, network, finality),
    )


@contextmanager
def _served(
    ledger: Callable[[], Ledger], folder: Path, *, share: float, seed: int, period_s: float = 0.0
) -> Iterator[Path]:
    def answer(path: Path) -> None:
        serve(ledger(), path, share=share, seed=seed, period_s=period_s)

    with _forked(answer, folder / "ledger.socket") as path:
        yield path


@contextmanager
def _forked(serve_at: Callable[[Path], None], path: Path) -> Iterator[Path]:
    """A server in a process of its own, until the end; it is there when ``path`` is."""
    server = os.fork()
    if server == 0:
        try:
            serve_at(path)
        finally:
            os._exit(1)
    try:
        deadline_s = time.monotonic() + 20
        while not path.exists() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        yield path
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
