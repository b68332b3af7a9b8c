"""What is on its way is found without reading what was settled long ago."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.node_parts import Parts, make_parts
from veta.model.identifiers import AccountAddress
from veta.ports.store import IntentState, OutboxEntry, StoreWork, TransactionState
from veta.services.planning import OutboxPolicy
from veta.store.sql_store import SqlStore


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """Three batches are settled, three are on their way, one intent has no nonce."""
    made = make_parts(
        tmp_path, automine=False, most_leaves=1, policy=OutboxPolicy(most_in_flight=3)
    )
    made.add(3)
    made.anchorer.anchor()
    made.steps(1)
    made.ledger.mine()
    made.steps(1)
    made.add(3, start=3)
    made.anchorer.anchor()
    return made


def told(work: StoreWork, account: AccountAddress) -> tuple[tuple[OutboxEntry, ...], list[int]]:
    pending = work.pending(account)
    open_intents = [intent.number for intent in work.intents(IntentState.OPEN)]
    return pending, open_intents


def test_counts__of_what_is_pending__equal_what_pending_lists(parts: Parts) -> None:
    account = parts.account.address
    with parts.store.read() as work:
        pending, open_intents = told(work, account)
        assert len(pending) == work.count_pending(account) == 3
        assert work.last_pending_sequence(account) == max(e.sequence or 0 for e in pending) == 6
        assert [n for n in range(1, 9) if work.is_pending(n)] == [e.intent for e in pending]
        assert open_intents == [e.intent for e in pending]
        assert work.stranded() == ()
        assert work.count_pending(AccountAddress(bytes(20))) == 0
        assert work.last_pending_sequence(AccountAddress(bytes(20))) == 0
    parts.ledger.drop_pool()
    parts.store.close()


def test_stranded__nonce_displaced__is_the_intent_without_a_nonce(parts: Parts) -> None:
    with parts.store.write() as work:
        first = work.pending(parts.account.address)[0]
        work.settle_entry(first.number, TransactionState.DISPLACED)
        assert [intent.number for intent in work.stranded()] == [first.intent]
        work.settle_intent(first.intent, IntentState.HELD, code="outbox.reverted")
        assert work.stranded() == ()
    parts.store.close()


class Recorder:
    """Every statement that goes to the database, with its arguments."""

    def __init__(self, store: SqlStore) -> None:
        self.statements: list[tuple[str, Any]] = []
        engine = store._transactions._engine
        sa.event.listen(engine, "before_cursor_execute", self._record)

    def _record(
        self, _c: object, _k: object, statement: str, given: Any, _x: object, _m: bool
    ) -> None:
        self.statements.append((statement, given))


def test_queries__of_what_is_pending__read_the_partial_indexes_only(
    parts: Parts, tmp_path: Path
) -> None:
    recorder = Recorder(parts.store)
    account = parts.account.address
    with parts.store.read() as work:
        work.count_pending(account)
        work.last_pending_sequence(account)
        work.pending(account)
        work.stranded()
        work.intents(IntentState.OPEN)
        work.intents(IntentState.HELD)
    parts.store.close()
    queries = [(text, given) for text, given in recorder.statements if text.startswith("SELECT")]
    assert len(queries) == 7
    connection = sqlite3.connect(tmp_path / "node.db")
    for text, given in queries:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", given)]
        scanned = [line for line in plan if line.startswith("SCAN") and "USING INDEX" not in line]
        assert scanned == [], (text, plan)
        assert any("ix_outbox_pending" in line or "ix_intents" in line for line in plan), plan
    connection.close()
