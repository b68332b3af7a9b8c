"""Rules for every test: no network in the core, rows recorded, no skip in silence."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from veta.keys import keystore

PROJECT = Path(__file__).resolve().parent.parent
OFFLINE = ("tests/unit/", "tests/property/", "tests/vectors/")

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", parent=settings.get_profile("ci"), max_examples=10_000)
settings.load_profile(os.environ.get("VETA_HYPOTHESIS_PROFILE", "ci"))

_rows: dict[str, dict[str, Any]] = {}
_skipped: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows-file", help="write what became of each row-naming test, as JSON")
    parser.addoption(
        "--devnet",
        action="store_true",
        help="also the tests that run a network of validators (scripts/devnet-test)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of a network of validators take minutes and are run by a flag, or not at all."""
    if config.getoption("--devnet"):
        return
    left = [item for item in items if item.get_closest_marker("devnet") is not None]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item.get_closest_marker("devnet") is None]


@pytest.fixture(autouse=True)
def _no_network_in_the_core(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests of the pure layers cannot connect anywhere."""
    if not request.node.nodeid.startswith(OFFLINE):
        yield
        return

    def refuse(*_: object) -> None:
        raise AssertionError("a test of the core tried to open a connection")

    connect, socket.socket.connect = socket.socket.connect, refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _keys_derived_once() -> Iterator[None]:
    """The key of a key file takes a third of a second by design, whoever asks; tests open copies of
    the same few files again and again, so what was derived in a process is kept in it.
    """
    derive, kept = keystore._derive, dict[tuple[str, str, bytes], bytes]()

    def once(kdf: Any, parameters: Any, password: bytes) -> bytes:
        name = (repr(kdf), repr(parameters), bytes(password))
        if name not in kept:
            kept[name] = derive(kdf, parameters, password)
        return kept[name]

    keystore._derive = once
    yield
    keystore._derive = derive


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    report.rows = sorted({row for mark in item.iter_markers("row") for row in mark.args})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(f"{report.nodeid}: {report.longrepr[2] if report.longrepr else ''}")  # type: ignore[index]
    rows = getattr(report, "rows", [])
    if rows and (report.when == "call" or report.outcome != "passed"):
        _rows[report.nodeid] = {"rows": rows, "outcome": report.outcome}


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return
    target = session.config.getoption("--rows-file")
    if target:
        Path(target).write_text(json.dumps(_rows, indent=1, sort_keys=True))
    if _skipped and os.environ.get("VETA_NO_SKIPS"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _skipped and os.environ.get("VETA_NO_SKIPS"):
        terminalreporter.section("skipped, and nothing may be skipped here", red=True)
        for line in _skipped:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The reference data beside the project; without it the test is skipped, and says so."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the reference data beside the project (../shared/data)")
    return folder
