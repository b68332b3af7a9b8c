"""The README says only what works: its Python runs, its commands exist, its output is real."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.support.cli_home import Home, anchored_home, good, run
from veta.interop.lot_file import read_lot, write_lot
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import Issuance
from veta.model.lots import LotBatchKind
from veta.scenario.campaign import load_copper
from veta.services.certify import certify_lot
from veta.services.run_file import read_run
from veta.statement.credential import view_credential
from veta.statement.rules import check_rules

README = (PROJECT / "README.md").read_text("utf-8")
SCREEN_LINES = 25


def blocks(language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Relative paths of the README are taken from here."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


def test_python__six_lines__print_the_verdict_of_a_bundle(home: Home) -> None:
    (program,) = blocks("python")
    code = [line for line in program.splitlines() if line]
    assert len(code) <= 6
    (home.folder / "veta-demo" / "bundles").mkdir(parents=True)
    bundle = home.bundle("BSE-CAT-26-1001")
    bundle.rename(home.folder / "veta-demo" / "bundles" / bundle.name)
    home.trust.rename(home.folder / "veta-demo" / "trust.json")
    out = io.StringIO()
    with inside(home.folder), contextlib.redirect_stdout(out):
        exec(compile(program, "README.md", "exec"), {})
    assert out.getvalue().splitlines()[0] == "VALID_WITH_NOTICE"
    assert "metal in the box" in out.getvalue()


def test_commands__of_the_node_of_your_own__run_as_written(home: Home, tmp_path: Path) -> None:
    (lines,) = [block.splitlines() for block in blocks("sh") if "veta init" in block]
    folder = tmp_path / "own"
    (folder / "lots").mkdir(parents=True)
    home.password.rename(folder / "password")
    lot = load_copper().lot("AUR-CON-26-0417")
    document = write_lot(lot).replace(b"did:web:mina-aurora.example", b"did:web:my-mine.example")
    (folder / "lots" / "AUR-CON-26-0417.lot.json").write_bytes(document)
    assert lines[-1].startswith("veta serve ")
    with inside(folder):
        for line in lines[:-1]:
            words = shlex.split(line)
            assert words[0] == "veta"
            ran = good(run(*words[1:]))
            if words[1] == "verify":
                verdict = "VALID_WITH_NOTICE " if "--offline" in words else "VALID "
                assert ran.out.startswith(verdict), line


def test_commands__every_veta_command_in_the_docs__has_help_with_an_example() -> None:
    texts = [README, *(path.read_text() for path in (PROJECT / "docs/operations").glob("*.md"))]
    named = {
        match.strip()
        for text in texts
        for match in re.findall(r"(?m)(?:^|`)veta ((?:member |show |lot )?[a-z-]+)\b", text)
    }
    assert {"init", "issue", "anchor", "verify", "revoke", "serve", "audit"} <= named
    for command in named:
        ran = good(run(*command.split(), "--help"))
        assert "Example: veta" in re.sub(r"\s+", " ", ran.out), command


def examples_of_lots() -> tuple[str, str]:
    """The lot file and the run that the documentation shows."""
    text = (PROJECT / "docs/operations/lots.md").read_text("utf-8")
    lot, run_file = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return lot, run_file


def test_run_file__of_the_documentation__is_read_whole() -> None:
    example = examples_of_lots()[1].replace("0x4f1c...e2", f"0x{'4f' * 32}")
    request = read_run(example.encode(), lambda _number, _member: Leaf(bytes(32)))
    assert request.kind is LotBatchKind.TRANSFORM
    assert len(request.takes) == len(request.outputs) == len(request.losses) == 1


def test_lot_file__of_the_documentation__keeps_every_rule() -> None:
    lot = read_lot(examples_of_lots()[0].encode())
    issuance = Issuance("urn:uuid:0", UnixSeconds(10**9), bytes(16))
    check_rules(view_credential(certify_lot(lot, issuance, footprint_id="0").passport))


def test_scripts__that_the_readme_names__are_there_and_executable() -> None:
    for name in re.findall(r"scripts/[a-z-]+", README):
        assert os.access(PROJECT / name, os.X_OK), name


def test_links__that_the_readme_has__lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_readme__is_five_screens_at_most() -> None:
    assert len(README.splitlines()) <= 5 * SCREEN_LINES
