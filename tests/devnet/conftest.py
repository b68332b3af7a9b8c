"""One network for all tests of this folder; figures are printed at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.devnet_network import RealNetwork, engine, veta

_figures: dict[str, float] = {}


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """Four validators, four members; whatever a test broke, it has mended."""
    engine()
    net = RealNetwork(tmp_path_factory.mktemp("devnet") / "net", _figures)
    try:
        begun = time.monotonic()
        _figures["up, from nothing: told, s"] = net.up().json["ready_s"]
        _figures["up, from nothing: with the command's own start, s"] = time.monotonic() - begun
        yield net
    finally:
        veta("devnet", "reset", "--dir", net.path)


@pytest.fixture
def figures() -> dict[str, float]:
    """What was measured, printed at the end."""
    return _figures


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _figures:
        terminalreporter.section("measured")
        for what, figure in _figures.items():
            terminalreporter.line(f"{figure:10.1f}  {what}")
