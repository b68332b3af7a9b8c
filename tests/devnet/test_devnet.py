"""Four companies: anchored over their network, validators killed, endpoints that lie.

The tests share one network and mend what they break; each can be run alone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.devnet_network import (
    NETWORK,
    RealNetwork,
    ask,
    codes,
    command,
    engine,
    until,
    veta,
)
from tests.support.fault_proxy import FaultProxy
from tests.support.lying_endpoint import (
    Lie,
    block_on_top,
    frozen_at,
    later_time,
    lying,
    other_chain,
    other_code,
    outsiders_block,
    state_of,
)
from veta.chain.clique import read_header
from veta.devnet.engine import Endpoint, Engine
from veta.devnet.genesis import Peer, peer_settings
from veta.devnet.processes import free_ports, start, with_argument

pytestmark = [pytest.mark.devnet, pytest.mark.slow, pytest.mark.timeout(420)]
NEEDED = 3
"""floor(4 / 2) + 1 sealers on top."""


def test_up__from_nothing__is_ready_within_a_minute(network: RealNetwork) -> None:
    assert network.figures["up, from nothing: told, s"] < 60
    status = network.command("status")
    assert (status.code, status.json["whole"], status.json["apart"]) == (0, True, [])
    # Two that dial one another at once let go of both calls, and try again half a minute later.
    for url in network.urls():
        until(lambda url=url: ask(url, "net_peerCount") == "0x3", 90, "all know all")  # type: ignore[misc]
    for each in status.json["validators"]:
        memory = f"memory of validator {each['name']}, MiB (resident)"
        network.figures[memory] = each["memory_octets"] / (1 << 20)
    homes = [network.home(name) for name in ("refineria", "mina-aurora", "kabelwerk")]
    assert len({(home / "node.toml").read_text() for home in homes}) == 3
    assert len({(home / "trust.json").read_bytes() for home in homes}) == 1


def test_sockets__of_every_validator__are_on_loopback_alone(network: RealNetwork) -> None:
    seen = 0
    for each in network.record.validators:
        assert each.process is not None
        listening = listening_at(each.process.pid)
        assert {each.endpoint.http_port, each.endpoint.p2p_port} <= {port for _, port in listening}
        assert {address for address, _ in listening} == {"0100007F"}  # 127.0.0.1, proc(5)
        seen += len(listening)
    assert seen >= 8


def test_sealers__as_recovered__are_the_clients_own_answers(network: RealNetwork) -> None:
    url = network.url("isar")
    head = network.height("isar")
    for number in range(max(1, head - 60), head + 1):
        block = ask(url, "eth_getBlockByNumber", hex(number), False)
        told = ask(url, "clique_getSigner", block["hash"])
        assert "0x" + read_header(block).sealer().hex() == told


def test_stranger__with_the_same_first_block__is_let_in_by_nobody(
    network: RealNetwork, tmp_path: Path
) -> None:
    data = tmp_path / "stranger"
    (data / "geth").mkdir(parents=True)
    norte = network.folder.validator("norte")
    program = Engine(Path(engine()))
    program.initialise(data, json.loads((norte / "genesis.json").read_text()))
    http_port, p2p_port = free_ports(2)
    peers = [
        Peer(each.name, bytes.fromhex(each.public_key), each.endpoint.p2p_port)
        for each in network.record.validators
    ]
    own = Peer("stranger", bytes(64), p2p_port)
    (data / "peers.toml").write_text(peer_settings(own, peers))
    full = program.command(
        data,
        Endpoint(http_port, p2p_port),
        chain_id=network.record.chain_id,
        sealer="0x" + "01" * 20,
    )
    stranger = start(full[: full.index("--mine")], tmp_path / "log", folder=data)
    url = f"http://127.0.0.1:{http_port}"
    try:
        until(lambda: ask(url, "eth_chainId") is not None, 30, "the stranger answers")
        for _ in range(40):
            assert ask(url, "net_peerCount") == "0x0"
            time.sleep(0.1)
        assert int(ask(url, "eth_blockNumber"), 16) == 0
    finally:
        stranger.end()


@pytest.mark.row("S30")
def test_lot__anchored_by_one__is_final_and_verified_by_another(network: RealNetwork) -> None:
    network.issue("BSE-CAT-26-1001")
    begun = time.monotonic()
    anchored = network.anchor()
    assert anchored.code == 0, anchored
    network.figures["anchor, to final, s"] = time.monotonic() - begun
    (batch,) = anchored.json["batches"]
    receipt = ask(network.url("elbe"), "eth_getTransactionReceipt", batch["transaction"])
    assert receipt is not None, "final for one, and not there for another"
    number = int(receipt["blockNumber"], 16)
    # Not by our own reading: the client's signers of the blocks on top of it, told by another.
    on_top = {
        ask(network.url("elbe"), "clique_getSigner", hex(number + above))
        for above in range(1, NEEDED + 1)
    }
    assert len(on_top) == NEEDED
    bundle = network.bundle("BSE-CAT-26-1001")
    for member in ("marea-motors", "kabelwerk"):
        verdict = network.verify(bundle, member)
        assert (verdict.code, verdict.json["verdict"]) == (0, "VALID")
        assert "anchor.final" in codes(verdict)
        assert verdict.json["as_of"]["number"] >= number


def test_anchor__until_it_is_final__is_said_by_nobody(network: RealNetwork) -> None:
    """A verdict is asked again and again while the anchor is on its way."""
    network.issue("BSE-CAT-26-1002")
    bundle = network.bundle("BSE-CAT-26-1001")  # only to have the path of a bundle
    home = network.home("refineria")
    with subprocess.Popen(
        command("anchor", "--home", home, "--json"), stdout=subprocess.PIPE, text=True
    ) as anchoring:
        deadline, told = time.monotonic() + 60, []
        while anchoring.poll() is None and time.monotonic() < deadline:
            told.append(network.height("isar"))
            time.sleep(0.2)
        told.append(network.height("isar"))
        out, _ = anchoring.communicate(timeout=30)
    assert anchoring.returncode == 0
    (batch,) = json.loads(out)["batches"]
    receipt = ask(network.url("isar"), "eth_getTransactionReceipt", batch["transaction"])
    number = int(receipt["blockNumber"], 16)
    assert max(told) >= number + NEEDED, "it was said before three sealed on top"
    assert network.verify(bundle, "marea-motors").json["verdict"] == "VALID"


@pytest.mark.row("S30", "T25")
@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (block_on_top, "ledger.other_digest"),
        (later_time, "ledger.other_digest"),
        (outsiders_block, "ledger.foreign_sealer"),
        (other_chain, "ledger.wrong_chain"),
        (other_code, "ledger.wrong_code"),
    ],
    ids=["made-up block", "later time", "outsider's block", "other chain", "other code"],
)
def test_liar__about_blocks_or_contracts__is_caught_by_the_client(
    network: RealNetwork, lie: Lie, code: str
) -> None:
    bundle = anchored(network, "BSE-CAT-26-1001")
    with lying(network.url("isar"), lie) as url:
        verdict = network.verify_at(bundle, url)
    assert verdict.code == 3
    assert verdict.json["verdict"] == "INDETERMINATE"
    assert code in codes(verdict)


@pytest.mark.row("T25")
def test_liar__with_a_head_of_long_ago__tells_no_status(network: RealNetwork) -> None:
    bundle = anchored(network, "BSE-CAT-26-1001")
    frozen = network.height("isar")
    until(lambda: network.height("isar") >= frozen + 10, 40, "the chain is further")
    with lying(network.url("isar"), frozen_at(frozen)) as url:
        verdict = network.verify_at(bundle, url, "--max-age", "8s")
    assert (verdict.code, verdict.json["verdict"]) == (3, "INDETERMINATE")
    assert "status.stale" in codes(verdict)
    assert network.verify_at(bundle, network.url("isar"), "--max-age", "8s").code == 0


@pytest.mark.row("S30")
def test_liar__about_what_a_contract_holds__is_caught_by_asking_another(
    network: RealNetwork,
) -> None:
    bundle = anchored(network, "BSE-CAT-26-1003")
    before = network.height("isar")
    revoked = veta(
        "revoke", "BSE-CAT-26-1003", "--reason", "withdrawn", "--home", network.home("refineria")
    )
    assert revoked.code == 0, revoked
    with lying(network.url("isar"), state_of(before)) as url:
        liar = network.verify_at(bundle, url)
    honest = network.verify_at(bundle, network.url("elbe"))
    # No seal says what a contract holds: until state is proven, only the comparison tells.
    assert liar.json["verdict"] == "VALID"
    assert (honest.code, honest.json["verdict"]) == (1, "INVALID")
    assert "status.revoked" in codes(honest) or "status.revoked_later" in codes(honest)


@pytest.mark.row("S30")
def test_one_dead__chain_goes_on_and_anchors_are_final(network: RealNetwork) -> None:
    network.kill("elbe")
    status = network.command("status")
    assert status.code == 1
    assert [each["state"] for each in status.json["validators"]].count("stopped") == 1
    network.issue("BSE-CAT-26-1004")
    begun = time.monotonic()
    assert network.anchor().code == 0
    network.figures["anchor with one of four dead, to final, s"] = time.monotonic() - begun
    bundle = network.bundle("BSE-CAT-26-1004")
    assert network.verify(bundle, "marea-motors").json["verdict"] == "VALID"
    # Its own member's node asks nobody else: it cannot tell.
    alone = network.verify(bundle, "kabelwerk")
    assert (alone.code, alone.json["verdict"]) == (3, "INDETERMINATE")
    others = {name: network.process(name) for name in ("norte", "bahia", "isar")}
    begun = time.monotonic()
    network.up()
    until(lambda: network.height("elbe") >= network.height("isar") - 1, 60, "it is at head")
    network.figures["one restarted, until at head again, s"] = time.monotonic() - begun
    assert {name: network.process(name) for name in others} == others
    assert network.verify(bundle, "kabelwerk").json["verdict"] == "VALID"
    assert network.command("status").code == 0


@pytest.mark.row("T29")
def test_two_dead__nothing_new_is_anchored_and_nothing_old_is_lost(network: RealNetwork) -> None:
    old = anchored(network, "BSE-CAT-26-1001")
    network.issue("BSE-CAT-26-1005")
    network.kill("elbe", "isar")
    until(lambda: still(network, "norte"), 30, "blocks stop")
    halted = network.height("norte")
    waiting = network.anchor("--timeout", "10")
    assert (waiting.code, waiting.json["settled"]) == (3, False)
    assert network.height("norte") == halted
    new = network.bundle("BSE-CAT-26-1005")
    verdict = network.verify(new, "mina-aurora")
    assert verdict.code in {1, 3}
    assert verdict.json["verdict"] in {"NOT_PROVEN", "INDETERMINATE"}
    assert "anchor.final" not in codes(verdict)
    # What was final stays so, as of a block that grows old; who asks for a fresh one is told.
    dated = network.verify(old, "mina-aurora")
    assert dated.json["verdict"] == "VALID"
    assert dated.json["as_of"]["number"] <= halted - NEEDED
    fresh = network.verify(old, "mina-aurora", "--max-age", "5s")
    assert (fresh.code, fresh.json["verdict"]) == (3, "INDETERMINATE")
    assert "status.stale" in codes(fresh)
    begun = time.monotonic()
    network.up()
    network.figures["two restarted, until blocks are made again, s"] = time.monotonic() - begun
    settled = network.anchor()
    assert (settled.code, settled.json["settled"]) == (0, True)
    assert network.verify(new, "mina-aurora").json["verdict"] == "VALID"


def test_all_killed__nothing_final_is_lost(network: RealNetwork) -> None:
    bundle = anchored(network, "BSE-CAT-26-1001")
    as_of = network.verify(bundle, "mina-aurora").json["as_of"]
    ports = [each.endpoint for each in network.record.validators]
    network.kill("norte", "bahia", "elbe", "isar")
    assert network.verify(bundle, "mina-aurora").code == 3
    begun = time.monotonic()
    network.up()
    network.figures["all four killed, until blocks are made again, s"] = time.monotonic() - begun
    assert [each.endpoint for each in network.record.validators] == ports
    kept = ask(network.url("norte"), "eth_getBlockByNumber", hex(as_of["number"]), False)
    assert kept["hash"] == "0x" + as_of["digest"]
    assert network.verify(bundle, "mina-aurora").json["verdict"] == "VALID"


def test_second_network__whose_up_was_killed__is_mended_and_ends_alone(
    network: RealNetwork, tmp_path: Path
) -> None:
    second = RealNetwork(tmp_path / "second", network.figures)
    try:
        with subprocess.Popen(
            command("devnet", "up", "--network", NETWORK, "--dir", second.path),
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "VETA_GETH": engine()},
        ) as cut_off:
            assert cut_off.stderr is not None
            for line in cut_off.stderr:
                if "Starting validator elbe" in line:
                    break
            cut_off.send_signal(signal.SIGKILL)
        # As if killed between the start and the writing down of it.
        written = json.loads((second.path / "devnet.json").read_text())
        written["validators"][0]["process"] = None
        (second.path / "devnet.json").write_text(json.dumps(written))
        second.up()
        assert second.command("status").code == 0
        assert network.command("status").code == 0
        for each in second.record.validators:
            found = list(with_argument(str(second.folder.validator(each.name))))
            assert found == [each.process]
        assert second.command("reset").json["ended"] == ["norte", "bahia", "elbe", "isar"]
        assert not any(
            list(with_argument(str(second.folder.validator(name)))) for name in ("norte", "isar")
        )
        assert network.command("status").code == 0
    finally:
        second.command("reset")


def test_down_and_up__the_same_chain_goes_on(network: RealNetwork) -> None:
    before = network.command("status").json["validators"][0]["final"]
    known = ask(network.url("norte"), "eth_getBlockByNumber", hex(before), False)["hash"]
    begun = time.monotonic()
    assert network.command("down").json["ended"] == ["norte", "bahia", "elbe", "isar"]
    network.figures["down, s"] = time.monotonic() - begun
    assert network.command("down").json == {"ended": []}
    begun = time.monotonic()
    network.up()
    network.figures["up again, s"] = time.monotonic() - begun
    again = ask(network.url("norte"), "eth_getBlockByNumber", hex(before), False)["hash"]
    assert again == known
    assert network.command("status").code == 0


@pytest.mark.row("S30")
def test_endpoint__that_fails_in_a_tenth_of_its_answers__anchors_once(
    network: RealNetwork, tmp_path: Path
) -> None:
    """Refused, reset, lost, garbled, silent: the member's own endpoint, again and again."""
    network.issue("BSE-CAT-26-1006")
    url, settings = network.url("norte"), network.home("refineria") / "node.toml"
    kept, sent = settings.read_text(), transactions_of(network)
    port_file = tmp_path / "port"
    failing = multiprocessing.get_context("fork").Process(
        target=FaultProxy(url, share=0.1, seed=20_261).serve, args=(port_file,), daemon=True
    )
    failing.start()
    try:
        until(port_file.exists, 10, "the proxy listens")
        settings.write_text(kept.replace(url, f"http://127.0.0.1:{port_file.read_text()}"))
        begun, tries = time.monotonic(), 1
        while network.anchor("--timeout", "30").code:
            tries += 1
            assert tries < 20
        network.figures["anchor, a tenth of the answers failing, to final, s"] = (
            time.monotonic() - begun
        )
        network.figures["  runs of `veta anchor` that took"] = tries
    finally:
        settings.write_text(kept)
        failing.kill()
        failing.join()
    verdict = network.verify(network.bundle("BSE-CAT-26-1006"), "marea-motors")
    assert verdict.json["verdict"] == "VALID"
    assert transactions_of(network) == sent + 1


def transactions_of(network: RealNetwork) -> int:
    """Included transactions of the refinery's operating account, told by another's validator."""
    keys = (network.home("refineria") / "keys").glob("operate-*.json")
    (address,) = (json.loads(key.read_text())["address"] for key in keys)
    return int(ask(network.url("isar"), "eth_getTransactionCount", "0x" + address, "latest"), 16)


def anchored(network: RealNetwork, number: str) -> Path:
    """The bundle of a lot, issued and anchored if it was not."""
    kept = veta("show", "statement", number, "--home", network.home("refineria"))
    if kept.code:
        network.issue(number)
        assert network.anchor().code == 0
    return network.bundle(number)


def still(network: RealNetwork, name: str) -> bool:
    """Whether no block comes for four periods."""
    before = network.height(name)
    time.sleep(4)
    return network.height(name) == before


def listening_at(pid: int) -> set[tuple[str, int]]:
    """(address, port) of every listening TCP and every UDP socket of a process (proc(5))."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[9] in inodes and (table.startswith("udp") or fields[3] == "0A"):
                found.add((address, int(port, 16)))
    return found
