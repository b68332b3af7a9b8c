"""A small store with lots in which every value of every row of lots is changed: the audit finds it.

Rows that are not of lots are ``test_audit_tampering``'s.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_accounts import FakeAccount
from tests.support.lot_parts import CU, LotParts, lot_of, run_of
from tests.support.node_parts import (
    MINE,
    Parts,
    identity_of,
    make_parts,
    make_planner,
    mining_ledger,
)
from veta.errors import StoreError
from veta.keys.signers import Es256kSigner
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import Emission, EmissionPart, Loss, LossReason
from veta.services.audit import Auditor, AuditReport
from veta.services.open_lot import Offer
from veta.services.run_requests import TakeRequest
from veta.store.lot_schema import FOLLOWED_LOTS
from veta.store.sql_store import open_store

OTHER = MemberId(8)
TABLES = (*FOLLOWED_LOTS, "lot_calls", "own_lot_batches", "own_lot_pages", "own_lots")
FILLED = {
    "lot_batches", "lot_runs", "opened_lots", "lot_takes", "lot_changes",
    "period_uses", "lot_calls", "own_lot_batches", "own_lot_pages", "own_lots",
}  # fmt: skip


def _settle(lots: LotParts) -> None:
    lots.parts.steps(1)
    lots.parts.ledger.mine()
    lots.parts.steps(1)
    lots.follow()


def _lived_in(folder: Path) -> Parts:
    """Two runs, one lot opened, part of it taken with losses, the rest offered."""
    ledger = mining_ledger(FakeAccount("mine"), automine=False, has_lots=True)
    signer = Es256kSigner(b"\x07" * 32)
    ledger.add_key(MINE, key_id=signer.key_id, public_key=signer.public_key)
    ledger.admit(OTHER, "did:web:other.example")
    lots = LotParts.of(make_parts(folder, ledger=ledger))
    lots.originate("A", "B")
    _settle(lots)
    lot = lot_of("A")
    lots.desk.custodian.open(lot)
    _settle(lots)
    request = run_of("C", at_s=lots.parts.clock.wall_s, takes=(TakeRequest(lot, 600),))
    (output,) = request.outputs
    entry = replace(output.lots[0], quantities=(600, 290, 1_250))
    lots.desk.transformer.transform(
        replace(
            request,
            outputs=(replace(output, lots=(entry,)),),
            losses=(Loss(CU, 10, LossReason.DUST),),
            emissions=(Emission(EmissionPart.TRANSPORT, 50),),
        )
    )
    _settle(lots)
    lots.desk.custodian.offer([lot], Offer(OTHER, UnixSeconds(1_900_000_000)))
    _settle(lots)
    return lots.parts


def _audit(path: Path, parts: Parts) -> AuditReport:
    store = open_store(path, identity_of(parts.ledger))
    try:
        planner = make_planner(store, parts.ledger, parts.account)
        contracts = [code.name for code in parts.ledger.identity().contracts]
        auditor = Auditor(store=store, ledger=parts.ledger, contracts=contracts, planner=planner)
        return auditor.audit()
    finally:
        store.close()


def _finds(path: Path, parts: Parts) -> bool:
    try:
        return bool(_audit(path, parts).differences)
    except StoreError:
        return True  # found before the audit could begin


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Parts]:
    folder = tmp_path_factory.mktemp("lived")
    parts = _lived_in(folder)
    parts.store.close()
    with sqlite3.connect(folder / "node.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return folder / "node.db", parts


def _changed(value: object) -> object:
    match value:
        case None:
            return 1
        case int():
            return value ^ 1
        case str():
            return value + "x"
        case bytes():
            middle = len(value) // 2
            return (
                value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
                if value
                else b"\1"
            )
    raise AssertionError(value)


def test_audit__untouched_lots__has_nothing_to_say(
    lived_in: tuple[Path, Parts], tmp_path: Path
) -> None:
    path, parts = lived_in
    report = _audit(Path(shutil.copy(path, tmp_path / "copy.db")), parts)
    assert report.differences == []
    assert (report.lot_batches, report.transactions, report.statements) == (2, 4, 3)


@pytest.mark.slow
@pytest.mark.row("T24")
def test_audit__any_value_of_any_row_of_lots_changed_or_any_row_removed__is_found(
    lived_in: tuple[Path, Parts], tmp_path: Path
) -> None:
    path, parts = lived_in
    copy = tmp_path / "copy.db"
    with sqlite3.connect(path) as source:
        names = {t: [c[1] for c in source.execute(f"PRAGMA table_info({t})")] for t in TABLES}
        rows = [
            (table, row) for table in TABLES for row in source.execute(f"SELECT * FROM {table}")
        ]
    assert {table for table, _ in rows} == FILLED
    missed = []
    for table, row in rows:
        for column in (None, *names[table]):
            shutil.copy(path, copy)
            with sqlite3.connect(copy) as connection:
                try:
                    _tamper(connection, table, column, dict(zip(names[table], row, strict=True)))
                except sqlite3.IntegrityError:
                    continue  # the schema itself refuses it
            connection.close()
            if not _finds(copy, parts):
                missed.append((table, column, row))
    assert not missed, "\n".join(map(str, missed))


def _tamper(
    connection: sqlite3.Connection, table: str, column: str | None, row: dict[str, object]
) -> None:
    where = " AND ".join(f'"{name}" IS ?' for name in row)
    if column is None:
        done = connection.execute(f"DELETE FROM {table} WHERE {where}", tuple(row.values()))
    else:
        done = connection.execute(
            f'UPDATE {table} SET "{column}"=? WHERE {where}', (_changed(row[column]), *row.values())
        )
    assert done.rowcount == 1
