"""A small store in which every value of every row is changed in turn: the audit finds each."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import GWEI
from tests.support.fake_world import CONTRACTS
from tests.support.node_parts import MINE, MINE_DID, Parts, identity_of, make_parts, make_planner
from veta.errors import StoreError
from veta.keys.signers import Es256kSigner
from veta.model.anchoring import BatchKind, StatusReason
from veta.model.identifiers import BatchRoot
from veta.services.audit import Auditor, AuditReport
from veta.services.follow import Follower
from veta.services.issue import StatementIssuer
from veta.services.revoke import StatusChanger
from veta.store.sql_store import open_store

NOT_EVIDENCE = {
    "meta": "checked when the store is opened",
    "alembic_version": "checked when the store is opened",
    "idempotency": "answers to clients; nothing else says what they were",
    "intents.code": "words for a person",
    "intents.message": "words for a person",
    "intents.after": "only steers an open intent",
    "outbox.message": "words for a person",
    "statements.id": "only the order says something, and the journal holds it",
    "outbox_attempts.id": "only the order says something",
}


def _credential(number: int) -> dict[str, object]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
        ],
        "type": ["DigitalProductPassport", "VerifiableCredential"],
        "id": f"urn:uuid:{number}",
        "issuer": {"id": MINE_DID, "name": "Mine"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": f"urn:lot:{number}"},
        "blind": "AAAAAAAAAAAAAAAAAAAAAA",
    }


def _lived_in(folder: Path) -> Parts:
    """A store with anchored and issued statements, status changes, a revert and a foreign nonce."""
    parts = make_parts(folder, automine=False)
    ledger = parts.ledger
    signer = Es256kSigner(b"\x07" * 32)
    ledger.add_key(MINE, key_id=signer.key_id, public_key=signer.public_key)
    issuer = StatementIssuer(
        store=parts.store,
        signer=signer,
        clock=parts.clock,
        member=MINE,
        identifier=MINE_DID,
        check=lambda _: None,
    )
    leaves = [issuer.issue(_credential(number)).leaf for number in range(3)]
    parts.anchorer.anchor()
    other = FakeAccount("the member's second account")
    ledger.bind_account(MINE, other.address)
    call = ledger.encode_anchor(
        sequence=1, root=BatchRoot(b"\x42" * 32), size=1, kind=BatchKind.PASSPORT
    )
    for account in (other, parts.account):  # takes the sequence number, then the nonce
        raw = account.sign_transaction(
            chain_id=1337,
            nonce=ledger.nonce(account.address),
            to=call.to,
            data=call.data,
            gas_limit=call.gas_limit,
            max_fee=9 * GWEI,
            max_priority_fee=GWEI,
        )
        if account is other:
            ledger.send(raw)
            ledger.mine()
            parts.steps(1)
            ledger.mine()
            parts.steps(2)
    changer = StatusChanger(parts.planner)
    changer.revoke(leaves[0], reason=StatusReason.ISSUED_IN_ERROR)
    changer.supersede(leaves[1], by_leaf=leaves[2])
    for _ in range(3):
        parts.steps(1)
        ledger.mine()
    for number in range(3, 5):
        issuer.issue(_credential(number))
    parts.anchorer.anchor()
    parts.steps(1)
    ledger.mine()
    parts.steps(1)
    issuer.issue(_credential(9))
    Follower(store=parts.store, ledger=ledger, contracts=CONTRACTS).follow()
    return parts


def _audit(path: Path, parts: Parts) -> AuditReport:
    store = open_store(path, identity_of(parts.ledger))
    try:
        planner = make_planner(store, parts.ledger, parts.account)
        auditor = Auditor(store=store, ledger=parts.ledger, contracts=CONTRACTS, planner=planner)
        return auditor.audit()
    finally:
        store.close()


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


def _tables(connection: sqlite3.Connection) -> list[str]:
    """All with rows in them; those of lots are ``test_audit_lots_tampering``'s, and empty here."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
    wanted = [name for (name,) in names if name not in NOT_EVIDENCE and "sqlite" not in name]
    return [
        name for name in wanted if connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
    ]


def _changed(value: object) -> object:
    match value:
        case None:
            return 1
        case int():
            return value ^ 1
        case str():
            return value + "x" if not value.isdigit() else str(int(value) + 1)
        case bytes():
            middle = len(value) // 2
            return (
                value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
                if value
                else b"\x01"
            )
    raise AssertionError(value)


def _finds(path: Path, parts: Parts) -> bool:
    try:
        return len(_audit(path, parts).differences) > 1
    except StoreError:
        return True  # found before the audit could begin


def test_audit__untouched_store__tells_only_of_the_anchor_that_somebody_else_made(
    lived_in: tuple[Path, Parts], tmp_path: Path
) -> None:
    path, parts = lived_in
    report = _audit(Path(shutil.copy(path, tmp_path / "copy.db")), parts)
    assert [found.code for found in report.differences] == ["audit.unknown_anchor"]
    assert (report.statements, report.batches) == (6, 2)
    assert report.transactions > 3


@pytest.mark.slow
@pytest.mark.row("T24")
def test_audit__any_value_of_any_row_changed__is_found(
    lived_in: tuple[Path, Parts], tmp_path: Path
) -> None:
    path, parts = lived_in
    missed, tried = [], 0
    copy = tmp_path / "copy.db"
    with sqlite3.connect(path) as source:
        plan = [
            (table, column, row)
            for table in _tables(source)
            for column in [c[1] for c in source.execute(f"PRAGMA table_info({table})")]
            for (row,) in source.execute(f"SELECT rowid FROM {table}")
            if f"{table}.{column}" not in NOT_EVIDENCE
        ]
    for table, column, row in plan:
        shutil.copy(path, copy)
        with sqlite3.connect(copy) as connection:
            found = connection.execute(f"SELECT {column} FROM {table} WHERE rowid=?", (row,))
            (value,) = found.fetchone()
            try:
                connection.execute(
                    f"UPDATE {table} SET {column}=? WHERE rowid=?", (_changed(value), row)
                )
            except sqlite3.IntegrityError:
                continue  # the schema itself refuses it
        connection.close()
        tried += 1
        if not _finds(copy, parts):
            missed.append((table, column, row, value))
    assert not missed, "\n".join(map(str, missed))
    assert tried > 300


@pytest.mark.row("T24")
def test_audit__any_row_removed__is_found(lived_in: tuple[Path, Parts], tmp_path: Path) -> None:
    path, parts = lived_in
    copy = tmp_path / "copy.db"
    missed, rows = [], 0
    with sqlite3.connect(path) as source:
        plan = [
            (table, row)
            for table in _tables(source)
            for (row,) in source.execute(f"SELECT rowid FROM {table}")
        ]
    for table, row in plan:
        shutil.copy(path, copy)
        with sqlite3.connect(copy) as connection:
            connection.execute(f"DELETE FROM {table} WHERE rowid=?", (row,))
        connection.close()
        rows += 1
        if not _finds(copy, parts):
            missed.append((table, row))
    # Only the newest statement, in no batch yet, removed from both tables would leave no trace.
    assert missed == []
    assert rows > 50
