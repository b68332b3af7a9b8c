"""A standstill of Clique with all validators alive: made on purpose, mended by ``up``."""

from __future__ import annotations

import shutil
import time
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.devnet_network import CLOCK, NETWORK, RealNetwork, ask, engine, until
from veta.devnet.description import load_description
from veta.devnet.engine import Engine
from veta.devnet.genesis import Peer, peer_settings
from veta.devnet.making import make_network, write_peers
from veta.devnet.processes import start
from veta.devnet.record import ValidatorRecord

pytestmark = [pytest.mark.devnet, pytest.mark.slow, pytest.mark.timeout(420)]


def test_up__three_branches_of_one_weight__goes_on(
    tmp_path: Path, figures: dict[str, float]
) -> None:
    network = RealNetwork(tmp_path / "net", figures)
    program = Engine(Path(engine()))
    description = load_description(NETWORK)
    with network.folder.claimed():
        record = make_network(
            description,
            network.folder,
            program,
            digest=sha256(NETWORK.read_bytes()).hexdigest(),
            time_s=CLOCK.now_s(),
        )
    # The one whose turn the second block is seals the first, and may not seal the second.
    by_turn = sorted(record.validators, key=lambda each: each.sealer)
    first, others = by_turn[2], [by_turn[0], by_turn[1], by_turn[3]]
    alone(network, program, first, height=1)
    for each in others:
        data = network.folder.validator(each.name) / "geth" / "chaindata"
        shutil.rmtree(data)
        shutil.copytree(network.folder.validator(first.name) / "geth" / "chaindata", data)
        alone(network, program, each, height=2)
    write_peers(network.folder, record)
    try:
        begun = time.monotonic()
        said = network.up().err
        figures["up from a standstill, to ready, s"] = time.monotonic() - begun
        assert "begins anew from the others" in said
        assert network.command("status").json["whole"]
    finally:
        network.command("reset")


def alone(network: RealNetwork, program: Engine, each: ValidatorRecord, *, height: int) -> None:
    """Let a validator seal what it may with nobody to talk to."""
    data = network.folder.validator(each.name)
    own = Peer(each.name, bytes.fromhex(each.public_key), each.endpoint.p2p_port)
    (data / "peers.toml").write_text(peer_settings(own, ()))
    command = program.command(
        data, each.endpoint, chain_id=network.record.chain_id, sealer=each.sealer
    )
    process = start(command, network.folder.log(each.name), folder=data)
    try:
        until(lambda: ask(each.endpoint.url, "eth_blockNumber") == hex(height), 30, "it sealed")
        until(lambda: ask(each.endpoint.url, "net_peerCount") == "0x0", 5, "it is alone")
    finally:
        process.end()
