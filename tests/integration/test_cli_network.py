"""The command line on a chain that runs elsewhere: founding, resuming, keys, what is missing."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_home import DID, LOTS, PASSWORD, SLUG, VETA, Home, good, run
from veta.bootstrap import EmbeddedChain, EmbeddedServer, KeyRing, KeySpec, PasswordFile
from veta.interop.lot_file import write_lot
from veta.model.consortium import KeyAlgorithm, KeyPurpose
from veta.model.identifiers import AccountAddress
from veta.scenario.campaign import load_copper

IDENTITY = ("--member", DID, "--country", "CL", "--role", "refiner")


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[EmbeddedChain]:
    chain = EmbeddedChain.create(tmp_path / "elsewhere.sqlite")
    try:
        yield chain
    finally:
        chain.close()


@pytest.fixture
def url(chain: EmbeddedChain) -> Iterator[str]:
    server = EmbeddedServer(chain)
    try:
        yield server.url
    finally:
        server.close()


@pytest.fixture
def home(tmp_path: Path, chain: EmbeddedChain, url: str) -> Home:
    """A member of a network that it founded over JSON-RPC, after it was told to get funds."""
    home = Home(tmp_path)
    home.password.touch(mode=0o600)
    home.password.write_text(PASSWORD + "\n")
    options = (*IDENTITY, "--rpc", url, "--password-file", home.password)
    poor = run("init", home.home, *options)
    assert (poor.code, "[config.no_funds]" in poor.err) == (2, True), poor
    assert not (home.home / "node.toml").exists()
    ring = KeyRing(home.home / "keys", PasswordFile(home.password))
    for record in ring.records():
        if record.address is not None:
            chain.fund(record.address, 10**18)
    good(run("init", home.home, *options))
    assert [record.key_id for record in ring.records()] == [
        record.key_id for record in KeyRing(home.home / "keys", lambda _: b"").records()
    ]
    return home


def issue_all(home: Home, *options: str) -> None:
    for lot in load_copper().lots_of(SLUG)[:3]:
        home.lot(lot.lot_number).write_bytes(write_lot(lot))
    good(home.run("issue", *(home.lot(number) for number in LOTS), *options))


def test_network__founded_over_json_rpc__issues_anchors_and_verifies(home: Home, url: str) -> None:
    issue_all(home)
    report = good(home.run("anchor", "--json")).json
    assert [batch["sequence"] for batch in report["batches"]] == [1]
    assert home.verdict(LOTS[0]) == "VALID"
    assert good(home.run("audit", "--json")).json["clean"] is True
    good(home.run("show", "statement", LOTS[0], "--bundle", home.bundle(LOTS[0])))
    stranger = run("verify", home.bundle(LOTS[0]), "--trust", home.trust, "--rpc", url)
    assert stranger.out.startswith("VALID ")
    members = run("member", "list", "--home", home.home, "--json").json
    assert (members["bootstrap"], len(members["members"])) == (True, 1)


def test_anchor__endpoint_goes_away__ends_with_3_and_loses_nothing(home: Home) -> None:
    issue_all(home)
    config = home.home / "node.toml"
    right = config.read_text()
    config.write_text(right.replace("http://127.0.0.1:", "http://127.0.0.1:1/?"))
    ran = home.run("anchor")
    assert (ran.code, "[ledger.refused]" in ran.err) == (3, True)
    config.write_text(right)
    good(home.run("anchor"))
    assert home.verdict(LOTS[0]) == "VALID"


def test_keys__paused_and_retired__are_shown_and_stop_signing(home: Home) -> None:
    keys = good(home.run("member", "show", "--json")).json["keys"]
    sign = next(key["key_id"] for key in keys if key["purpose"] == "sign")
    good(home.run("member", "pause", sign))
    issue_all(home, "--force")
    good(home.run("anchor", "--force"))
    ran = home.run("verify", LOTS[0], "--json")
    assert (ran.code, ran.json["verdict"], ran.json["failed_at"]) == (1, "INVALID", 3)
    good(home.run("member", "rotate", "sign"))
    actions = [key["action"] for key in home.run("member", "show", "1", "--json").json["keys"]]
    assert actions.count("bind") == 4
    assert "pause" in actions


@pytest.mark.parametrize("purpose", ["operate", "administer"])
def test_rotate__accounts__go_on_with_the_new_one(
    home: Home, chain: EmbeddedChain, purpose: str
) -> None:
    issue_all(home)
    good(home.run("anchor"))
    rotated = good(home.run("member", "rotate", purpose, "--json")).json
    chain.fund(AccountAddress(bytes.fromhex(rotated["new"])[12:]), 10**18)
    good(home.run("revoke", LOTS[0], "--reason", "withdrawn"))
    good(home.run("member", "rotate", "sign"))
    assert home.verdict(LOTS[0]) == "INVALID"
    assert home.verdict(LOTS[1]) == "VALID"


def test_rotate__binding_fails__the_key_in_use_stays(home: Home) -> None:
    ring = KeyRing(home.home / "keys", PasswordFile(home.password))
    ring.add(KeySpec(KeyPurpose.SIGN, KeyAlgorithm.ES256K))  # a file that was never bound
    issue_all(home)
    good(home.run("anchor"))
    assert home.verdict(LOTS[0]) == "VALID"


def test_keys__that_are_not_ours__are_refused(home: Home) -> None:
    refused = home.run("member", "retire", "ab" * 32)
    assert (refused.code, "[ledger.reverted." in refused.err) == (1, True)
    assert home.run("member", "retire", "xyz").code == 2
    assert home.run("member", "rotate", "witness").code == 2
    assert home.run("member", "show", "did:web:nobody.example").code == 2
    assert home.run("member", "show", "99").code == 2


@pytest.mark.parametrize(
    "change",
    [{"format": "x"}, {"roles": ["ALCHEMIST"]}, {"keys": 1}, {"identityDigest": "zz"}],
)
def test_member_add__bad_admission_file__is_refused(home: Home, change: dict[str, object]) -> None:
    second = home.folder / "second"
    options = ("--trust", home.trust, "--rpc", "http://127.0.0.1:1")
    identity = ("--member", "did:web:second.example", "--country", "CL", "--role", "miner")
    good(run("init", second, *identity, *options, "--password-file", home.password))
    path = second / "admission.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    ran = home.run("member", "add", path)
    assert (ran.code, "[admission.malformed]" in ran.err) == (2, True)


def test_help__without_arguments_and_version__are_plain() -> None:
    bare = run()
    assert (bare.code, bare.out) == (2, "")
    assert bare.err.startswith("Usage: veta")
    assert good(run("--version")).out == "0.1.0\n"
    assert "\033" not in run("--help").out


def test_output__reader_goes_away__no_traceback_and_no_zero(home: Home) -> None:
    shown = subprocess.Popen(
        [VETA, "show", "outbox", "--home", home.home],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert shown.stdout is not None
    assert shown.stderr is not None
    shown.stdout.close()
    assert shown.wait(60) == 3
    assert shown.stderr.read() == b""
    shown.stderr.close()


def test_password__typed_at_a_terminal__opens_the_keys_and_is_not_shown(
    home: Home, tmp_path: Path
) -> None:
    config = home.home / "node.toml"
    lines = [line for line in config.read_text().splitlines() if "password_file" not in line]
    config.write_text("\n".join(lines))
    lot = load_copper().lots_of(SLUG)[0]
    home.lot(lot.lot_number).write_bytes(write_lot(lot))
    typed = type_at_terminal(f"{PASSWORD}\n", "issue", home.lot(lot.lot_number), home=home)
    assert "Password for" in typed
    assert "1 signed and kept" in typed
    assert PASSWORD not in typed
    wrong = type_at_terminal("something-else\n", "issue", home.lot(lot.lot_number), home=home)
    assert "[key.wrong_password]" in wrong


def type_at_terminal(text: str, *arguments: str | Path, home: Home) -> str:
    """Run a command at a terminal of its own, type into it, and see what it shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(VETA, ["veta", *map(str, arguments), "--home", str(home.home)])
    shown = b""
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        while b"Password for" not in shown:
            shown += screen.read(1024)
        screen.write(text.encode())
        with contextlib.suppress(OSError):  # the other side has gone
            while piece := screen.read(1024):
                shown += piece
    os.waitpid(child, 0)
    return shown.decode("utf-8", "replace")
