"""The command line when something is wrong: one line, a stable code, the right exit code."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from eth_account import Account

from tests.support.cli_home import (
    DID,
    LOTS,
    PASSWORD,
    VETA,
    Home,
    Ran,
    anchored_home,
    good,
    run,
    run_script,
)
from veta.bootstrap import Opening, open_home
from veta.config import dump_trust, load_trust
from veta.statement import base64url


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


def refused(ran: Ran, exit_code: int, error_code: str) -> None:
    """One line on stderr with the code, nothing of a traceback, the exit code."""
    lines = [line for line in ran.err.splitlines() if line]
    assert (ran.code, lines[-1].endswith(f"[{error_code}]")) == (exit_code, True), ran
    assert lines[-1].startswith("veta: ")
    assert "Traceback" not in ran.err + ran.out


def test_veta__without_a_home__says_how_to_make_one(tmp_path: Path) -> None:
    ran = run("verify", "BSE-CAT-26-1001", "--home", tmp_path)
    refused(ran, 2, "config.no_home")
    assert "veta init" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("no-such-command",),
        ("verify",),
        ("verify", "--no-such-option", "x"),
        ("serve", "--port", "many"),
        ("member",),
        ("anchor", "--timeout", "soon"),
    ],
)
def test_veta__usage_error__ends_with_2_and_no_traceback(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err + ran.out


def test_veta__unknown_setting__is_named(home: Home) -> None:
    with (home.home / "node.toml").open("a") as config:
        config.write('\ncolour = "red"\n')
    refused(home.run("show", "outbox"), 2, "config.unknown_key")


def test_init__over_a_node__changes_nothing(home: Home) -> None:
    before = (home.home / "node.toml").read_bytes()
    ran = run("init", home.home, "--trust", home.trust)
    refused(ran, 2, "config.exists")
    assert (home.home / "node.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "config.no_member"),
        (("--member", DID, "--country", "CL"), "cli.role"),
        (("--member", DID, "--role", "alchemist", "--country", "CL"), "cli.role"),
        (("--member", DID, "--role", "miner", "--country", "Chile"), "cli.country"),
        (("--trust", "/no/such/file"), "config.missing"),
    ],
)
def test_init__what_does_not_make_a_member__makes_nothing(
    tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    refused(run("init", tmp_path / "new", *options), 2, code)
    assert not (tmp_path / "new" / "node.toml").exists()


def test_init__weak_password__is_refused(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("short\n")
    identity = ("--member", DID, "--role", "miner", "--country", "CL")
    ran = run("init", tmp_path / "new", *identity, "--password-file", password)
    refused(ran, 2, "key.weak_password")


@pytest.mark.row("T66")
def test_init__password_file_that_others_may_read__is_refused(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.touch(mode=0o644)
    password.write_text(PASSWORD + "\n")
    identity = ("--member", DID, "--role", "miner", "--country", "CL")
    ran = run("init", tmp_path / "new", *identity, "--password-file", password)
    refused(ran, 2, "key.open_to_others")


def test_init__nobody_to_ask_for_a_password__ends_with_2(tmp_path: Path) -> None:
    identity = ("--member", DID, "--role", "miner", "--country", "CL")
    ran = run_script("init", tmp_path / "new", *identity, start_new_session=True)
    refused(ran, 2, "key.no_password")


def test_issue__wrong_password__signs_nothing(home: Home) -> None:
    home.password.write_text("not-the-password\n")
    refused(home.run("issue", home.lot("BSE-CAT-26-1004")), 2, "key.wrong_password")
    ran = home.run("show", "lot", "BSE-CAT-26-1004")
    refused(ran, 2, "lot.not_found")
    assert "not-the-password" not in ran.err


def test_verify__wrong_password__is_not_even_asked_for(home: Home) -> None:
    home.password.unlink()
    assert good(home.run("verify", LOTS[0])).out.startswith("VALID ")


def test_issue__keys_are_gone__ends_with_2(home: Home) -> None:
    shutil.rmtree(home.home / "keys")
    refused(home.run("issue", home.lot("BSE-CAT-26-1004")), 2, "key.missing")


def test_issue__lot_of_another_issuer__is_refused(home: Home) -> None:
    document = json.loads(home.lot(LOTS[0]).read_bytes())
    document["issuer"]["id"] = "did:web:somebody-else.example"
    home.lot(LOTS[0]).write_text(json.dumps(document))
    refused(home.run("issue", home.lot(LOTS[0])), 2, "issue.other_issuer")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"massG": 1.5}, "lot.malformed"),
        ({"massG": -1}, "lot.malformed"),
        ({"surprise": 1}, "lot.malformed"),
        ({"producedFrom": "2026-6-1"}, "lot.malformed"),
        ({"producedBefore": "2026-06-01"}, "statement.window"),
        ({"bundles": [{"number": "B-1", "massG": 1}]}, "statement.bundles"),
        ({"metal": [{"substance": "Cu", "massG": 25_000_001}]}, "statement.metal_exceeds_mass"),
    ],
)
def test_issue__bad_lot_file__names_file_and_fault(
    home: Home, change: dict[str, object], code: str
) -> None:
    document = json.loads(home.lot(LOTS[0]).read_bytes()) | change
    home.lot(LOTS[0]).write_text(json.dumps(document))
    ran = home.run("issue", home.lot(LOTS[0]))
    refused(ran, 2, code)
    assert home.lot(LOTS[0]).name in ran.err


def test_issue__duplicate_key_in_the_file__is_refused(home: Home) -> None:
    octets = home.lot(LOTS[0]).read_bytes()
    home.lot(LOTS[0]).write_bytes(b'{"massG":1,' + octets[1:])
    refused(home.run("issue", home.lot(LOTS[0])), 2, "canonical.duplicate_key")


def forged(home: Home, number: str) -> Path:
    """The lot's bundle with one digit of its footprint changed."""
    document = json.loads(home.bundle(number).read_bytes())
    head, payload, signature = document["token"].split(".")
    octets = base64url.decode(payload.encode())
    changed = octets.replace(b'"co2eGPerKg":3031', b'"co2eGPerKg":2031')
    assert changed != octets
    document["token"] = f"{head}.{base64url.encode(changed).decode()}.{signature}"
    path = home.folder / "forged.bundle.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.row("A01")
@pytest.mark.parametrize("how", ["offline", "with the chain"])
def test_verify__one_digit_changed__invalid_naming_the_steps(home: Home, how: str) -> None:
    path = forged(home, LOTS[1])
    options = ("--offline", "--trust", home.trust) if how == "offline" else ("--home", home.home)
    ran = run("verify", path, *options, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["failed_at"]) == (1, "INVALID", 2)
    failed = {check["code"] for check in ran.json["checks"] if check["outcome"] == "failed"}
    assert {"signature.mismatch", "trees.root_mismatch"} <= failed


def test_verify__proof_left_out__is_not_proven(home: Home) -> None:
    document = json.loads(home.bundle(LOTS[0]).read_bytes())
    path = home.folder / "token"
    path.write_text(document["token"])
    ran = home.run("verify", path, "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "NOT_PROVEN")


def test_verify__not_anchored_yet__is_not_proven(home: Home) -> None:
    good(home.run("issue", home.lot("BSE-CAT-26-1004")))
    ran = home.run("verify", "BSE-CAT-26-1004", "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "NOT_PROVEN")


def test_verify__offline_without_facts__is_indeterminate(home: Home) -> None:
    document = json.loads(home.bundle(LOTS[0]).read_bytes()) | {"facts": None}
    home.bundle(LOTS[0]).write_text(json.dumps(document))
    ran = run("verify", home.bundle(LOTS[0]), "--offline", "--trust", home.trust, "--json")
    assert (ran.code, ran.json["verdict"]) == (3, "INDETERMINATE")


@pytest.mark.row("A48")
def test_verify__endpoint_out_of_reach__is_indeterminate_and_3(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        bundle = home.bundle(LOTS[0])
        ran = run("verify", bundle, "--trust", home.trust, "--rpc", url, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["as_of"]) == (3, "INDETERMINATE", None)
    codes = {check["code"] for check in ran.json["checks"] if check["outcome"] == "not_determined"}
    assert codes == {"ledger.refused"}


@pytest.mark.parametrize("what", ["genesisDigest", "chainId", "codeDigest"])
def test_verify__trust_of_another_network__is_never_valid(home: Home, what: str) -> None:
    document = json.loads(home.trust.read_bytes())
    if what == "chainId":
        document["chainId"] += 1
    elif what == "genesisDigest":
        document["genesisDigest"] = "11" * 32
    else:
        document["contractSets"][0]["contracts"][0]["codeDigest"] = "22" * 32
    home.trust.write_text(json.dumps(document))
    codes = {
        "genesisDigest": "ledger.wrong_genesis",
        "chainId": "ledger.wrong_chain",
        "codeDigest": "ledger.wrong_code",
    }
    for options in ((), ("--offline",)):
        ran = home.run("verify", home.bundle(LOTS[0]), *options, "--json")
        assert (ran.code, ran.json["verdict"]) == (3, "INDETERMINATE")
        found = {check["code"] for check in ran.json["checks"]}
        assert codes[what] in found, options
    refused(home.run("issue", home.lot(LOTS[0])), 3, codes[what])


def test_verify__file_that_is_no_bundle__ends_with_2(home: Home) -> None:
    path = home.folder / "x.json"
    path.write_text('{"format":"something"}')
    refused(home.run("verify", path, "--offline"), 2, "bundle.malformed")
    refused(home.run("verify", home.folder / "none.json"), 2, "cli.unreadable")
    path.write_bytes(b"\xff" * 100)
    refused(home.run("verify", path, "--offline"), 2, "cli.not_a_statement")
    path.write_bytes(b"eyJ.no.token")
    ran = home.run("verify", path, "--offline", "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "INVALID")


def test_verify__deep_bundle__is_refused_and_the_process_lives(home: Home) -> None:
    path = home.folder / "deep.json"
    path.write_bytes(b'{"a":' + b"[" * 100_000)
    refused(run_script("verify", path, "--trust", home.trust, "--offline"), 2, "canonical.too_deep")


def test_revoke__unknown_lot_and_reason__end_with_2(home: Home) -> None:
    refused(home.run("revoke", "NO-SUCH-LOT", "--reason", "withdrawn"), 2, "statement.not_found")
    refused(home.run("revoke", LOTS[0], "--reason", "bored"), 2, "cli.reason")
    refused(home.run("revoke", "ab" * 32, "--reason", "withdrawn"), 2, "statement.not_found")


def test_json__errors_too__are_one_document(home: Home) -> None:
    ran = home.run("show", "lot", "NO-SUCH-LOT", "--json")
    assert ran.json["error"]["code"] == "lot.not_found"
    assert (ran.code, ran.json["exit"]) == (2, 2)


@pytest.mark.row("T34")
def test_home__held_by_another_process__second_is_refused_then_served(home: Home) -> None:
    with open_home(home.home, opening=Opening()):
        ran = run_script("issue", home.lot("BSE-CAT-26-1004"), "--home", home.home)
        refused(ran, 2, "key.in_use")
        assert str(os.getpid()) in ran.err
        ran = run_script("verify", home.bundle(LOTS[0]), "--home", home.home, "--json")
        assert (ran.code, ran.json["verdict"]) == (3, "INDETERMINATE")
        assert "store.embedded_in_use" in ran.out
    good(run_script("issue", home.lot("BSE-CAT-26-1004"), "--home", home.home))


@pytest.mark.row("T65", "T66")
def test_secrets__are_in_no_argument_variable_or_output(home: Home) -> None:
    keys = [json.loads(path.read_bytes()) for path in (home.home / "keys").glob("*.json")]
    secrets = [bytes(Account.decrypt(key, PASSWORD)) for key in keys]  # by another implementation
    assert len(set(secrets)) == 3
    arguments = [str(VETA), "serve", "--home", str(home.home), "--port", "0"]
    serving = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    try:
        assert serving.stdout is not None
        lines = [serving.stdout.readline()]
        while b"Listening" not in lines[-1] and lines[-1]:
            lines.append(serving.stdout.readline())
        seen = b"".join(
            Path(f"/proc/{serving.pid}/{name}").read_bytes() for name in ("cmdline", "environ")
        )
    finally:
        serving.terminate()
        said, _ = serving.communicate(timeout=30)
    issued = run_script("issue", home.lot("BSE-CAT-26-1004"), "--home", home.home, "--json")
    everything = seen + b"".join(lines) + said + (issued.out + issued.err).encode()
    assert b"Listening" in everything
    assert PASSWORD.encode() not in everything
    for secret in secrets:
        assert secret not in everything
        assert secret.hex().encode() not in everything.lower()
        assert str(int.from_bytes(secret, "big")).encode() not in everything


def test_trust__round_trip_by_hand__stays_the_same(home: Home) -> None:
    assert dump_trust(load_trust(home.trust)) == home.trust.read_bytes()


def test_interrupted__anchor__is_taken_up_again(home: Home) -> None:
    good(home.run("issue", home.lot("BSE-CAT-26-1004")))
    anchoring = subprocess.Popen(
        [VETA, "anchor", "--home", home.home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(1.0)
    anchoring.kill()
    anchoring.wait()
    ran = home.run("anchor", "--json")
    assert ran.code == 0, ran
    assert home.verdict("BSE-CAT-26-1004") == "VALID"
    batches = home.run("show", "batch", "--json").json["batches"]
    assert [batch["sequence"] for batch in batches] == [1, 2]


def test_issue__a_lot_that_has_a_passport__is_said_before_both_stand(home: Home) -> None:
    first, again = (home.run("issue", home.lot(LOTS[0])) for _ in range(2))
    assert (first.code, again.code) == (0, 0)
    assert "[issue.issued_before]" in again.err


def test_numbers__beyond_what_a_contract_counts__are_a_usage_error(home: Home) -> None:
    much = "99999999999999999999"
    for command in (("assurance", "affected", much), ("balance", "--site", much)):
        assert home.run(*command).code == 2


def test_check__a_photograph__is_of_no_form(home: Home) -> None:
    photograph = home.folder / "label.jpg"
    photograph.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    ran = run("check", photograph, "--json")
    assert ran.code == 2
    (document,) = ran.json["documents"]
    assert "exchange.unknown_form" in str(document)
    photograph.write_bytes(b"eyJ.no.token")
    assert run("check", photograph).code == 1
