"""Ledgers for a kill run, each in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.chain_scenes import MINER_DID, fund_embedded, network_on, signer
from tests.support.fake_accounts import FakeAccount
from tests.support.kill_run import Site
from tests.support.node_parts import MINE, MINE_DID, identity_of, mining_ledger
from tests.support.socket_ledger import SocketLedger, serve
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.ledger import Web3Ledger
from veta.model.identifiers import MemberId
from veta.ports.ledger import Ledger
from veta.store.sql_store import open_store


@contextmanager
def fake_site(folder: Path, *, share: float, seed: int) -> Iterator[Site]:
    """The fake chain with finality after two blocks, reorganisations, and calls that get lost."""
    account = FakeAccount("mine")
    ledger = mining_ledger(account, automine=False, finality=2)
    ledger.mine(3)
    identity = identity_of(ledger)
    with _served(lambda: ledger, folder, share=share, seed=seed, period_s=0.004) as path:
        open_store(folder / "node.db", identity, create=True).close()
        yield Site(
            database=folder / "node.db",
            identity=identity,
            member=MINE,
            identifier=MINE_DID,
            account=account,
            connect=lambda: SocketLedger(path),
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


@contextmanager
def _served(
    ledger: Callable[[], Ledger], folder: Path, *, share: float, seed: int, period_s: float = 0.0
) -> Iterator[Path]:
    path = folder / "ledger.socket"
    server = os.fork()
    if server == 0:
        try:
            serve(ledger(), path, share=share, seed=seed, period_s=period_s)
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
