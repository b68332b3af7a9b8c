"""Homes made by the command line itself, once a process; tests work on copies."""

from __future__ import annotations

import atexit
import functools
import io
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veta.cli.main import main
from veta.interop.lot_file import write_lot
from veta.scenario.campaign import load_copper

PASSWORD = "cobre-del-norte-4711"
DID = "did:web:refineria-bahia-serena.example"
SLUG = "refineria-bahia-serena"
LOTS = ("BSE-CAT-26-1001", "BSE-CAT-26-1002", "BSE-CAT-26-1003")
VETA = Path(sys.executable).with_name("veta")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout as JSON."""
        return json.loads(self.out)


def run(*arguments: str | Path) -> Ran:
    """A command, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(each) for each in arguments])
    return Ran(code, out.getvalue(), err.getvalue())


def run_script(*arguments: str | Path, **options: Any) -> Ran:
    """The installed command, in a process of its own."""
    done = subprocess.run(
        [VETA, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        **options,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def good(ran: Ran) -> Ran:
    """The same, which must have ended with 0."""
    assert ran.code == 0, (ran.code, ran.out, ran.err)
    return ran


@dataclass(frozen=True)
class Home:
    """A folder with a home in it, a password file and lot files."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def trust(self) -> Path:
        return self.home / "trust.json"

    @property
    def password(self) -> Path:
        return self.folder / "password"

    def lot(self, number: str) -> Path:
        return self.folder / f"{number}.lot.json"

    def bundle(self, number: str) -> Path:
        return self.folder / f"{number}.bundle.json"

    def run(self, *arguments: str | Path) -> Ran:
        """A command on this home."""
        return run(*arguments, "--home", self.home)

    def verdict(self, number: str) -> str:
        """The verdict about a lot or leaf."""
        return str(self.run("verify", number, "--json").json["verdict"])


def begin(folder: Path) -> Home:
    """A new home with its own embedded chain."""
    home = Home(folder)
    home.password.touch(mode=0o600)
    home.password.write_text(PASSWORD + "\n")
    identity = ("--member", DID, "--name", "Refineria", "--country", "CL", "--role", "refiner")
    good(run("init", home.home, *identity, "--password-file", home.password))
    for lot in load_copper().lots_of(SLUG)[:4]:
        home.lot(lot.lot_number).write_bytes(write_lot(lot))
    return home


@functools.cache
def _template() -> Home:
    folder = Path(tempfile.mkdtemp(prefix="veta-cli-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = begin(folder)
    good(home.run("issue", *(home.lot(number) for number in LOTS)))
    good(home.run("anchor"))
    for number in LOTS:
        good(home.run("show", "statement", number, "--bundle", home.bundle(number)))
    return home


def anchored_home(folder: Path) -> Home:
    """A copy of a home in which three lots are issued and anchored."""
    template = _template()
    target = folder / "copy"
    shutil.copytree(template.folder, target)
    config = target / "home" / "node.toml"
    text = config.read_text().replace(str(template.folder), str(target))
    config.write_text(text)
    return Home(target)
