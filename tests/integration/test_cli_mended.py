"""The command line where a first user stumbled: files, devices, ports, names, half-made homes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.cli_home import DID, LOTS, VETA, Home, Ran, anchored_home, good, run
from veta.cli.rendering import plain


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


@pytest.mark.parametrize("port", ["99999", "65536", "-1"])
def test_serve__port_that_does_not_exist__is_refused_as_usage(home: Home, port: str) -> None:
    ran = home.run("serve", "--read-only", "--port", port)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("veta: ")
    assert ran.err.endswith("[cli.usage]\n")
    assert "'--port'" in ran.err


def test_issue__keys_that_cannot_be_claimed__one_line_and_2(home: Home) -> None:
    # A folder in the claim's place: what a read-only disk does, also to root.
    (home.home / "keys" / ".claim").unlink(missing_ok=True)
    (home.home / "keys" / ".claim").mkdir()
    ran = home.run("anchor")
    assert ran.code == 2
    assert ran.err.splitlines()[-1].endswith("[key.unwritable]")
    assert "fault of Veta" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("show", "batch"), 3, "cli.output"),
        (("show", "statement", "BSE-CAT-26-1001", "--json"), 3, "cli.output"),
        (("show", "lot", "no-such-lot", "--json"), 2, "lot.not_found"),
    ],
)
def test_output__device_is_full__one_line_with_its_code(
    home: Home, arguments: tuple[str, ...], code: int, error: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [VETA, *arguments, "--home", home.home],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done
    assert done.stderr.endswith(f"[{error}]\n")


def test_talk__stderr_is_full__the_answer_comes_all_the_same(home: Home) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [VETA, "show", "lot", "BSE-CAT-26-1001", "--home", home.home],
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=120,
        )
    assert done.returncode == 0
    assert b"BSE-CAT-26-1001" in done.stdout


def _identity(home: Home, member: str = DID, country: str = "CL") -> tuple[str | Path, ...]:
    options = ("--member", member, "--country", country, "--role", "miner")
    return (*options, "--password-file", home.password)


@pytest.mark.parametrize(
    "member", ["notadid", "did:", "did:web:", "did:web:a b", "DID:web:x", "did:web:" + "x" * 249]
)
def test_init__member_that_is_no_did__makes_nothing(home: Home, member: str) -> None:
    folder = home.folder / "new"
    ran = run("init", folder, *_identity(home, member))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("[config.member]\n")
    assert not folder.exists()


def test_init__longest_did_that_the_contract_registers__makes_a_node(home: Home) -> None:
    good(run("init", home.folder / "new", *_identity(home, "did:web:" + "x" * 248)))


def test_init__fails_on_the_way__leaves_no_folder_that_it_made(home: Home) -> None:
    weak = home.folder / "weak"
    weak.touch(mode=0o600)
    weak.write_text("short\n")
    folder = home.folder / "a" / "b"
    ran = run("init", folder, *_identity(home)[:-1], weak)
    assert ran.err.endswith("[key.weak_password]\n")
    assert not (home.folder / "a").exists()
    ran = run("init", folder, *_identity(home), "--no-votes")
    assert ran.err.endswith("[config.no_voter]\n")
    assert not (home.folder / "a").exists()


def test_init__folder_was_there__its_files_stay(home: Home) -> None:
    folder = home.folder / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear all")
    (folder / "trust.json").mkdir()  # what init cannot write over, after its keys and its chain
    ran = run("init", folder, *_identity(home))
    assert ran.err.endswith("[config.unwritable]\n")
    assert (folder / "letter.txt").read_text() == "dear all"


def test_init__chain_elsewhere_out_of_reach__keys_that_may_get_funds_stay(home: Home) -> None:
    folder = home.folder / "far"
    ran = run("init", folder, *_identity(home), "--rpc", "http://127.0.0.1:1")
    assert ran.code == 3
    assert len(list((folder / "keys").glob("*.json"))) == 3
    assert not (folder / "node.toml").exists()


def test_verify__one_file_of_several_cannot_be_read__others_are_judged(home: Home) -> None:
    bad = home.folder / "bad.json"
    bad.write_text('{"format":"something"}')
    first, second = home.bundle(LOTS[0]), home.bundle(LOTS[1])
    ran = home.run("verify", first, bad, home.folder / "none.json", second, "--json")
    assert ran.code == 2
    found = [each.get("verdict") or each["error"]["code"] for each in ran.json["reports"]]
    assert found == ["VALID", "bundle.malformed", "cli.unreadable", "VALID"]
    ran = home.run("verify", first, bad, second)
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == ["VALID", "(not", "VALID"]
    assert lines[1].endswith("[bundle.malformed]")
    assert ran.err == "2 of 3 judged\n"


def test_verify__several_ends__the_worst_is_the_exit_code(home: Home) -> None:
    sound, unread, no = home.bundle(LOTS[0]), home.folder / "none.json", home.folder / "junk.jwt"
    no.write_bytes(b"no.such.token")  # INVALID, whether or not the chain answers
    unasked = ("--trust", home.trust, "--rpc", "http://127.0.0.1:1")
    assert home.run("verify", sound, sound).code == 0
    assert home.run("verify", sound, unread).code == 2
    assert home.run("verify", unread, sound, *unasked).code == 3
    assert home.run("verify", sound, unread, no, *unasked).code == 1
    assert home.run("verify", unread, no).code == 1


def test_verify__help__says_which_end_is_worst() -> None:
    assert "1 before 3 before 2 before 0" in " ".join(run("verify", "--help").out.split())


def _issuer_lines(ran: Ran) -> list[str]:
    """The lines about the issuer: those between the headline and the first empty one."""
    head = ran.out.split("\n\n")[0].splitlines()[1:]
    return [line for line in head if line.split()[0] in {"issuer", "calls"}]


def _issued_as(home: Home, name: str) -> Ran:
    """What verify says of a lot whose document calls its issuer so; the register says Refineria."""
    path = home.lot("BSE-CAT-26-1001")
    document = json.loads(path.read_bytes())
    document["lotNumber"] = "BSE-CAT-26-9999"
    for bundle in document["bundles"]:  # a bundle is of one lot
        bundle["number"] = bundle["number"].replace("26-1001", "26-9999")
    document["issuer"]["name"] = name
    path.write_text(json.dumps(document))
    good(home.run("issue", path))
    return home.run("verify", "BSE-CAT-26-9999")


def test_verify__document_borrows_a_name__the_registered_one_leads(home: Home) -> None:
    first, second = _issuer_lines(_issued_as(home, "Codelco"))
    assert first.split(None, 1) == ["issuer", f"Refineria <{DID}>, member 1"]
    assert second.split() == ["calls", "itself", "Codelco"]


def test_verify__document_uses_the_registered_name__is_said_once(home: Home) -> None:
    (line,) = _issuer_lines(_issued_as(home, "Refineria"))
    assert line.split(None, 1) == ["issuer", f"Refineria <{DID}>, member 1"]


def test_verify__register_not_asked__says_whose_word_the_name_is(home: Home) -> None:
    options = ("--trust", home.trust, "--rpc", "http://127.0.0.1:1")
    (line,) = _issuer_lines(home.run("verify", home.bundle(LOTS[0]), *options))
    assert line.endswith(f"<{DID}> (name as the document gives it)")


@pytest.mark.parametrize("text", ["a\nVALID  b", "a\x1b[2Kb", "a\rb", "a\u202eb", "a\u2028b"])
def test_plain__line_ends_and_terminal_codes__cannot_forge_lines(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text).splitlines()) == 1
    assert plain("Ñuñoa, 5 % été 銅") == "Ñuñoa, 5 % été 銅"
