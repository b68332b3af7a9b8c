"""The command line where a first user stumbled: files, devices, ports, names, half-made homes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.cli_home import VETA, Home, anchored_home


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
