"""The demo, played once for all test files that look at what it leaves: each has its own copy."""

from __future__ import annotations

import contextlib
import fcntl
import io
import shutil
from pathlib import Path

import pytest

from veta.scenario.demo import main

HOME = "veta-demo"
PARTIES = Path(HOME) / "parties"


def play_demo(folder: Path) -> str:
    """Play it in a folder, without a terminal; what it told."""
    told = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(told):
        code = main([])
    assert code == 0, told.getvalue()
    return told.getvalue()


def demo_folder(factory: pytest.TempPathFactory, name: str) -> tuple[Path, str]:
    """A folder with a copy of the demo in it, and what the demo told.

    Test processes that run beside each other wait for the first that plays it.
    """
    own = factory.getbasetemp()
    shared = (own.parent if own.name.startswith("popen-") else own) / "played-demo"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = shared / "told"
        if not told.exists():
            shutil.rmtree(shared / HOME, ignore_errors=True)
            story = play_demo(shared)
            told.write_text(story, encoding="utf-8")
        folder = factory.mktemp(name)
        shutil.copytree(shared / HOME, folder / HOME)
        return folder, told.read_text(encoding="utf-8")
