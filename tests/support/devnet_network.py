"""A real network of four validators for tests: made, hurt and looked at by its own commands."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import PROJECT
from tests.support.cli_home import Ran, good, run
from veta.chain.clock import SystemClock
from veta.devnet.processes import ProcessName
from veta.devnet.record import NetworkFolder, NetworkRecord, ValidatorRecord
from veta.interop.lot_file import write_lot
from veta.scenario.campaign import load_copper

NETWORK = PROJECT / "hardhat-free-devnet" / "network.toml"
REFINERY = "refineria-bahia-serena"
CLOCK = SystemClock()


def engine() -> str:
    """Path of the engine; skips the test where there is none."""
    local = PROJECT / ".tools" / "geth-1.13.15" / "geth"
    found = os.environ.get("VETA_GETH") or (str(local) if local.exists() else shutil.which("geth"))
    if not found:
        pytest.skip("the engine is not installed (hardhat-free-devnet/install-engine)")
    return found


def command(*arguments: str | Path) -> list[str]:
    """The command line in a process of its own."""
    return [sys.executable, "-m", "veta.cli.main", *map(str, arguments)]


def veta(*arguments: str | Path) -> Ran:
    """A command, in this process: starting Python anew takes longer than most of them."""
    return run(*arguments)


def ask(url: str, method: str, *params: Any) -> Any:
    """One JSON-RPC result, by nothing of the project's own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())["result"]
    finally:
        connection.close()


def until(condition: Callable[[], bool], within_s: float, what: str) -> float:
    """Seconds until it holds."""
    begun = time.monotonic()
    while True:
        try:
            if condition():
                return time.monotonic() - begun
        except (OSError, http.client.HTTPException):
            pass
        assert time.monotonic() - begun < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.1)


@dataclass
class RealNetwork:
    """A network in a folder."""

    path: Path
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def folder(self) -> NetworkFolder:
        return NetworkFolder(self.path)

    @property
    def record(self) -> NetworkRecord:
        return self.folder.require()

    @property
    def trust(self) -> Path:
        return self.folder.trust

    def up(self) -> Ran:
        """Whatever does not run is started."""
        options = ("--network", NETWORK, "--dir", self.path, "--engine", engine(), "--json")
        return good(veta("devnet", "up", *options))

    def command(self, name: str) -> Ran:
        """Another of its commands, with what a program reads."""
        return veta("devnet", name, "--dir", self.path, "--json")

    def validator(self, name: str) -> ValidatorRecord:
        return next(each for each in self.record.validators if each.name == name)

    def url(self, name: str) -> str:
        return self.validator(name).endpoint.url

    def urls(self) -> list[str]:
        return [each.endpoint.url for each in self.record.validators]

    def process(self, name: str) -> ProcessName:
        found = self.validator(name).process
        assert found is not None
        return found

    def kill(self, *names: str) -> None:
        """The hard way, all at once."""
        killed = [self.process(name) for name in names]
        for each in killed:
            os.kill(each.pid, signal.SIGKILL)
        for each in killed:
            until(lambda each=each: not each.is_alive(), 5, "the killed are dead")  # type: ignore[misc]

    def height(self, name: str) -> int:
        return int(ask(self.url(name), "eth_blockNumber"), 16)

    def home(self, member: str) -> Path:
        return self.folder.home(member)

    def lot(self, number: str) -> Path:
        """The file of a lot of the copper chain."""
        path = self.path.parent / f"{number}.lot.json"
        lot = next(each for each in load_copper().lots_of(REFINERY) if each.lot_number == number)
        path.write_bytes(write_lot(lot))
        return path

    def bundle(self, number: str) -> Path:
        """What the refinery hands on with a lot."""
        path = self.path.parent / f"{number}.bundle.json"
        path.unlink(missing_ok=True)
        good(veta("show", "statement", number, "--bundle", path, "--home", self.home("refineria")))
        return path

    def issue(self, number: str) -> None:
        good(veta("issue", self.lot(number), "--home", self.home("refineria")))

    def anchor(self, *options: str) -> Ran:
        return veta("anchor", "--home", self.home("refineria"), "--json", *options)

    def verify(self, bundle: Path, member: str, *options: str) -> Ran:
        """Another member's verdict."""
        return veta("verify", bundle, "--home", self.home(member), "--json", *options)

    def verify_at(self, bundle: Path, url: str, *options: str) -> Ran:
        """A stranger's verdict, who holds what is pinned and asks this endpoint."""
        return veta("verify", bundle, "--trust", self.trust, "--rpc", url, "--json", *options)


def codes(ran: Ran) -> set[str]:
    """The codes of the checks of a verdict."""
    return {each["code"] for each in ran.json["checks"]}
