"""Real chains for tests: a consortium of two members on whatever provider is given."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sha3 import keccak_256

from tests.support.ledger_conformance import LedgerScene
from veta.chain.clock import SystemClock
from veta.chain.deploy import Deployment, deploy
from veta.chain.embedded import EmbeddedChain
from veta.chain.endpoint import EndpointProvider
from veta.chain.governance import Admission, GovernanceRules, KeyGrant
from veta.chain.ledger import Finality, Web3Ledger
from veta.chain.web3_packages import BaseProvider
from veta.errors import LedgerUnavailableError
from veta.keys.signers import AccountSigner, Es256kSigner
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import AccountAddress, MemberId

PROJECT = Path(__file__).resolve().parents[2]
ETHER = 10**18
MINER_DID = "did:web:mina-aurora.example"
SMELTER_DID = "did:web:fundicion-norte.example"
IMMEDIATE = Finality()
RULES = GovernanceRules(timelock_s=3_600, proposal_lifetime_s=86_400)


def signer(word: str) -> AccountSigner:
    """A test account that is the same every time."""
    return AccountSigner(keccak_256(b"test account " + word.encode()).digest())


def statement_key(word: str) -> Es256kSigner:
    """A test statement key that is the same every time."""
    return Es256kSigner(keccak_256(b"test statement key " + word.encode()).digest())


ACCOUNTS = ("deployer", "miner", "miner admin", "smelter", "smelter admin", "stranger")


def members() -> tuple[Admission, ...]:
    """Two founding members."""

    def founder(identifier: str, word: str, country: str, roles: Role) -> Admission:
        account = KeyAlgorithm.ACCOUNT
        return Admission(
            identifier=identifier,
            name=word.title(),
            country=country,
            roles=roles,
            votes=True,
            keys=(
                KeyGrant(KeyPurpose.ADMINISTER, account, signer(f"{word} admin").address),
                KeyGrant(KeyPurpose.OPERATE, account, signer(word).address),
                KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, statement_key(word).public_key),
            ),
        )

    return (
        founder(MINER_DID, "miner", "CL", Role.MINER),
        founder(SMELTER_DID, "smelter", "PE", Role.SMELTER | Role.MINER | Role.AUTHORITY),
    )


@dataclass(frozen=True)
class Network:
    """A deployed consortium."""

    provider: BaseProvider
    deployment: Deployment

    def ledger(self, finality: Finality = IMMEDIATE) -> Web3Ledger:
        return Web3Ledger(self.provider, self.deployment.trust("test"), finality)

    def scene(
        self, settle: Callable[[], None] = lambda: None, finality: Finality = IMMEDIATE
    ) -> LedgerScene:
        ledger = self.ledger(finality)
        return LedgerScene(
            ledger=ledger,
            chain_id=self.deployment.identity.chain_id,
            miner=MemberId(1),
            miner_identifier=MINER_DID,
            miner_operator=signer("miner"),
            smelter=MemberId(2),
            smelter_operator=signer("smelter"),
            stranger=signer("stranger"),
            settle=settle,
        )


def network_on(provider: BaseProvider, fund: Callable[[AccountAddress], object]) -> Network:
    """Fund the test accounts and deploy."""
    for word in ACCOUNTS:
        fund(signer(word).address)
    return Network(provider, deploy(provider, signer("deployer"), members(), RULES, SystemClock()))


def fund_embedded(chain: EmbeddedChain) -> Callable[[AccountAddress], object]:
    """Funds from the embedded chain's faucet."""
    return lambda account: chain.fund(account, 100 * ETHER)


def fund_anvil(provider: BaseProvider) -> Callable[[AccountAddress], object]:
    """Funds by anvil's own cheat."""
    return lambda account: provider.make_request(
        "anvil_setBalance",  # type: ignore[arg-type]  # web3's list of methods lacks it
        ["0x" + account.hex(), hex(100 * ETHER)],
    )


def find_anvil() -> str:
    """Path of the anvil binary; skips the test where there is none."""
    named = os.environ.get("VETA_ANVIL")
    local = PROJECT / ".tools" / "node_modules" / ".bin" / "anvil"
    found = named or (str(local) if local.exists() else shutil.which("anvil"))
    if not found:
        pytest.skip("anvil is not installed (VETA_ANVIL, .tools or PATH)")
    return found


@contextmanager
def anvil(*arguments: str, port: int | None = None) -> Iterator[str]:
    """A running anvil with London rules; gives its URL."""
    chosen = port or free_port()
    command = [
        find_anvil(), "--host", "127.0.0.1", "--port", str(chosen), "--hardfork", "london",
        "--accounts", "1", "--silent", *arguments,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{chosen}"
    try:
        _await_answer(url, process)
        yield url
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A TCP port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    provider = EndpointProvider((url,), SystemClock())
    for _ in range(200):
        try:
            provider.make_request("eth_chainId", [])  # type: ignore[arg-type]  # a plain name
        except LedgerUnavailableError:
            assert process.poll() is None, "anvil ended at once"
            time.sleep(0.05)
        else:
            provider.close()
            return
    raise AssertionError("anvil does not answer")
