"""The engine: go-ethereum of one version, the last that seals Clique blocks by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from veta.errors import ConfigError

VERSION: Final = "1.13.15"
VARIABLE: Final = "VETA_GETH"
_WAIT_S: Final = 60
_VERSION_LINE: Final = re.compile(r"^Version: ([0-9.]+)", re.MULTILINE)
HOW_TO: Final = (
    f"go-ethereum {VERSION} is needed: install Go 1.21 or newer (https://go.dev/dl) and run "
    "hardhat-free-devnet/install-engine"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a validator listens, on loopback."""

    http_port: int
    p2p_port: int

    @property
    def url(self) -> str:
        """Its JSON-RPC address."""
        return f"http://127.0.0.1:{self.http_port}"


@dataclass(frozen=True, slots=True)
class Engine:
    """The program of a validator."""

    program: Path

    def initialise(self, data: Path, genesis: Mapping[str, Any]) -> None:
        """Write the first block into a new data folder.

        Raises:
            ConfigError: ``devnet.genesis_refused``.
        """
        described = data / "genesis.json"
        described.write_text(json.dumps(genesis, indent=2) + "\n")
        self._write_first_block(data, described)

    def begin_anew(self, data: Path) -> None:
        """Forget the chain of a stopped validator; its keys stay, and its peers have the blocks.

        Raises:
            ConfigError: ``devnet.genesis_refused``.
        """
        for name in ("chaindata", "lightchaindata"):
            shutil.rmtree(data / "geth" / name, ignore_errors=True)
        self._write_first_block(data, data / "genesis.json")

    def _write_first_block(self, data: Path, described: Path) -> None:
        done = self._run("--datadir", str(data), "--state.scheme", "hash", "init", str(described))
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise ConfigError("devnet.genesis_refused", f"the engine refuses the genesis: {last}")

    def command(self, data: Path, endpoint: Endpoint, *, chain_id: int, sealer: str) -> list[str]:
        """The command line of a validator; everything it opens is on loopback."""
        return [
            str(self.program), "--datadir", str(data), "--config", str(data / "peers.toml"),
            "--networkid", str(chain_id), "--syncmode", "full", "--gcmode", "archive",
            "--state.scheme", "hash", "--nat", "none", "--netrestrict", "127.0.0.0/8",
            "--nodiscover", "--ipcdisable", "--authrpc.addr", "127.0.0.1", "--authrpc.port", "0",
            "--http", "--http.addr", "127.0.0.1", "--http.port", str(endpoint.http_port),
            "--http.api", "eth,net,web3,clique,txpool", "--cache", "64",
            "--mine", "--miner.etherbase", sealer, "--miner.gasprice", "1",
            "--unlock", sealer, "--password", str(data / "password"), "--allow-insecure-unlock",
        ]  # fmt: skip

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - the engine that the person named, no shell
                [self.program, *arguments],
                capture_output=True,
                text=True,
                timeout=_WAIT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError("devnet.no_engine", f"{self.program}: {error}") from error

    def version(self) -> str:
        """What it says it is; empty if it says nothing."""
        found = _VERSION_LINE.search(self._run("version").stdout)
        return "" if found is None else found.group(1)


def find_engine(named: Path | None = None) -> Engine:
    """The engine: the one named, that of ``VETA_GETH``, or the ``geth`` on the path.

    Raises:
        ConfigError: ``devnet.no_engine``, ``devnet.other_engine``.
    """
    wanted = str(named or os.environ.get(VARIABLE) or "geth")
    found = shutil.which(wanted)
    if found is None:
        raise ConfigError("devnet.no_engine", HOW_TO)
    engine = Engine(Path(found).resolve())
    version = engine.version()
    if version != VERSION:
        raise ConfigError(
            "devnet.other_engine", f"{found} is version {version or 'unknown'}, not {VERSION}"
        )
    return engine
