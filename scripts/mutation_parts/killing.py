"""Whether the tests notice that a contract is another: a process of its own for each mutant."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
STEPS: Final = 400
"""Transactions of a random history."""
FOREIGN: Final = ("pytest", "pyrevm", "eth_abi.abi", "eth_tester", "web3")
"""Imported once, before processes part."""


@dataclass(frozen=True)
class Suite:
    """What has to notice: cheapest first."""

    tests: tuple[str, ...]
    """Paths for pytest."""
    seeds: tuple[int, ...]
    """Of random histories; the first comes before the tests."""
    skipped: frozenset[str] = frozenset()
    """Tests that the original fails when it is compiled with switches."""


@dataclass
class Outcome:
    """By what a mutant was noticed."""

    killed_by: str = ""
    """Empty: it survived."""
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)


def prepare() -> None:
    """Import what every process needs."""
    for name in FOREIGN:
        importlib.import_module(name)


def judge(suite: Suite, codes: dict[str, tuple[bytes, bytes]], limit_s: float) -> Outcome:
    """Run the suite against other code until something fails.

    Args:
        suite: the tests.
        codes: creation and runtime code by the contract's name.
        limit_s: after this long it counts as noticed: the original takes a fraction of it.
    """
    return _apart(lambda: _first_failure(suite, codes), limit_s)


def original(suite: Suite, codes: dict[str, tuple[bytes, bytes]], limit_s: float) -> Outcome:
    """All tests and histories that fail, with the code as it is."""
    return _apart(lambda: _all_failures(suite, codes), limit_s)


def _apart(work: Callable[[], list[str]], limit_s: float) -> Outcome:
    began = time.monotonic()
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    failed = ["time"]
    with os.fdopen(reading, "rb") as pipe:
        if select.select([pipe], [], [], limit_s)[0]:
            content = pipe.read()
            failed = json.loads(content) if content else ["process"]
        else:
            os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    seconds = time.monotonic() - began
    return Outcome(failed[0] if failed else "", seconds, failed)


def _work(work: Callable[[], list[str]], writing: int) -> None:
    """Do it, say what failed, and never come back."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        failed = work()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the original does not do it
        failed = [f"suite: {type(error).__name__} {error}"[:300]]
    os.write(writing, json.dumps(failed).encode())
    os._exit(0)


def _first_failure(suite: Suite, codes: dict[str, tuple[bytes, bytes]]) -> list[str]:
    _overlay(codes)
    first, rest = suite.seeds[:1], suite.seeds[1:]
    return _histories(first) or _tests(suite, stop=True) or _histories(rest)


def _all_failures(suite: Suite, codes: dict[str, tuple[bytes, bytes]]) -> list[str]:
    _overlay(codes)
    histories = [failed for seed in suite.seeds for failed in _histories((seed,))]
    return histories + _tests(suite, stop=False)


def _overlay(codes: dict[str, tuple[bytes, bytes]]) -> None:
    """Other code in place of what the artifacts hold, of any size."""
    pyrevm: Any = importlib.import_module("pyrevm")
    read, evm = Path.read_text, pyrevm.EVM

    def read_text(path: Path, *arguments: Any, **named: Any) -> str:
        text = read(path, *arguments, **named)
        if path.parent.name != "artifacts" or path.stem not in codes:
            return text
        created, deployed = codes[path.stem]
        changed = {"bytecode": "0x" + created.hex(), "runtimeBytecode": "0x" + deployed.hex()}
        return json.dumps(json.loads(text) | changed)

    def roomy(*arguments: Any, **named: Any) -> Any:
        limits = pyrevm.CfgEnv(chain_id=1, limit_contract_code_size=2**20)
        return evm(*arguments, env=pyrevm.Env(cfg=limits), **named)

    Path.read_text = read_text  # type: ignore[assignment]
    pyrevm.EVM = roomy


def _histories(seeds: Sequence[int]) -> list[str]:
    if not seeds:
        return []
    chain = importlib.import_module("tests.lotbook.lot_chain")
    driver = importlib.import_module("tests.lotbook.lot_driver")
    artifacts = chain.Artifacts()
    for seed in seeds:
        try:
            driver.History(seed, artifacts).run(STEPS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the original does not do it
            return [f"history {seed}: {type(error).__name__} {error}"[:160]]
    return []


class _Listener:
    """Which tests failed, and which are left out."""

    def __init__(self, skipped: frozenset[str]) -> None:
        self.skipped, self.failed = skipped, list[str]()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if item.nodeid not in self.skipped]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _tests(suite: Suite, *, stop: bool) -> list[str]:
    if not suite.tests:
        return []
    pytest = importlib.import_module("pytest")
    listener = _Listener(suite.skipped)
    options = ["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *(["-x"] if stop else [])]
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*options, *suite.tests], plugins=[listener])
    return listener.failed
