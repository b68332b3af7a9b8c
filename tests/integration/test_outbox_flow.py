"""The outbox on a store on disk and the fake chain, scenario by scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node_parts import MINE, Parts, make_parts, record
from veta.model.anchoring import BatchKind
from veta.ports.store import StatementState
from veta.services.anchor import BundleDesk
from veta.trees import verify_inclusion


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = make_parts(tmp_path)
    yield made
    made.store.close()


def _anchored(parts: Parts) -> int:
    with parts.store.read() as work:
        return work.count_statements()[StatementState.ANCHORED]


def test_anchor__statements_of_two_kinds__each_in_its_own_batch_and_final(parts: Parts) -> None:
    parts.add(5)
    parts.add(3, kind=BatchKind.EVENT)
    report = parts.anchorer.anchor()
    assert len(report.planned) == 2
    assert parts.ledger.nonce(parts.account.address) == 0  # nothing is sent before the loop runs
    parts.steps(2)
    assert _anchored(parts) == 8
    with parts.store.read() as work:
        batches = work.batches()
    assert [(b.kind, b.size, b.sequence) for b in batches] == [
        (BatchKind.PASSPORT, 5, 1),
        (BatchKind.EVENT, 3, 2),
    ]


def test_bundle__anchored_statement__inclusion_verifies(parts: Parts) -> None:
    parts.add(7)
    parts.anchorer.anchor()
    parts.steps(2)
    desk = BundleDesk(parts.store)
    for number in range(7):
        leaf = record(number).leaf
        bundle = desk.bundle(leaf)
        assert bundle.inclusion is not None
        assert bundle.root is not None
        verify_inclusion(leaf, bundle.inclusion, bundle.root)
        assert parts.ledger.anchor(MINE, bundle.root, parts.ledger.head()) is not None
