"""Ledgers for a kill run, each in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fake_accounts import FakeAccount
from tests.support.kill_run import Site
from tests.support.node_parts import MINE, MINE_DID, identity_of, mining_ledger
from tests.support.socket_ledger import SocketLedger, serve
from veta.store.sql_store import open_store


@contextmanager
def fake_site(folder: Path, *, share: float, seed: int) -> Iterator[Site]:
    """The fake chain with finality after two blocks, reorganisations, and calls that get lost."""
    account = FakeAccount("mine")
    ledger = mining_ledger(account, automine=False, finality=2)
    ledger.mine(3)
    identity = identity_of(ledger)
    path = folder / "ledger.socket"
    server = os.fork()
    if server == 0:
        try:
            serve(ledger, path, share=share, seed=seed, period_s=0.004)
        finally:
            os._exit(1)
    try:
        deadline_s = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        open_store(folder / "node.db", identity, create=True).close()
        yield Site(
            database=folder / "node.db",
            identity=identity,
            member=MINE,
            identifier=MINE_DID,
            account=account,
            connect=lambda: SocketLedger(path),
        )
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
