"""A run stands in one row with all that it took and declared; lots know the run that made them.

What was followed is kept: the rows are put together anew. Rows that are named by their place on the
chain need no second index by block.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID, Unsigned64

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MADE_ANEW = ("lot_runs", "opened_lots", "lot_takes")
TAKE, PART = struct.Struct("<32sqqQQ"), struct.Struct("<BQQQ")
# ruff: noqa: S608 - texts are put together of the constants here
LOG = "block, log_index, transaction_id"
LOTS = (
    *("lot_batches", "lot_batch_ends", "lot_changes"),
    *("period_uses", "ceiling_uses", "credit_changes", "variance_changes"),
)
STANDING = (
    *("sites", "site_operators", "site_capacities", "external_ceilings", "product_classes"),
    *("substances", "unit_kinds", "lot_rules", "site_ends", "schemes", "programmes"),
    *("reductions", "recognitions", "assurance_records", "assurance_statuses"),
    *("assurance_record_ends", "allocation_rules", "allocation_rule_confirmations"),
    *("allocation_rule_ends", "restatements", "restatement_confirmations"),
    *("disputes", "dispute_ends", "dispute_upholdings"),
    *("concerns", "concern_closings", "site_records"),
)


def upgrade() -> None:
    for name in (*LOTS, *STANDING):
        op.drop_index(op.f(f"ix_{name}_block"), name, if_exists=True)
    op.drop_index(op.f("ix_lot_changes_to_member"), "lot_changes", if_exists=True)
    for name, column, where in (
        ("ix_lot_changes_given", "to_member", "to_member <> 0"),
        ("ix_lot_changes_rebased", "lot", "action = 6"),
    ):
        op.create_index(
            name, "lot_changes", [column], sqlite_where=sa.text(where), if_not_exists=True
        )
    for name in MADE_ANEW:
        for index in ("block", "lot", "batch"):
            op.drop_index(op.f(f"ix_{name}_{index}"), name, if_exists=True)
        op.rename_table(name, f"old_{name}")
    _create()
    _fill()
    for name in (*(f"old_{name}" for name in MADE_ANEW), "lot_run_parts"):
        op.drop_table(name)


def _fill() -> None:
    op.execute(
        "INSERT INTO opened_lots SELECT o.id, o.lot, o.batch, coalesce(r.id, -1),"
        " coalesce(b.reference_column, 0), o.position, o.lot_key, o.statement_leaf, o.columns,"
        " o.quantities, o.block, o.log_index, o.transaction_id FROM old_opened_lots o"
        " LEFT JOIN lot_batches b ON b.id = o.batch"
        " LEFT JOIN old_lot_runs r ON r.issuer = b.issuer AND r.cause = b.cause"
    )
    op.execute("INSERT INTO lot_takes SELECT run, position, lot FROM old_lot_takes")
    op.execute(
        f"INSERT INTO lot_runs SELECT id, issuer, cause, kind, source, x'', x'', {LOG}"
        " FROM old_lot_runs"
    )
    takes = (
        "SELECT t.run, o.lot, o.id, o.run, t.taken, t.amount FROM old_lot_takes t"
        " JOIN opened_lots o ON o.id = t.lot ORDER BY t.run, t.position"
    )
    parts = (
        "SELECT run, part, first, second, quantity FROM lot_run_parts ORDER BY run, part, position"
    )
    for column, query, entry in (("takes", takes, TAKE), ("parts", parts, PART)):
        rows = op.get_bind().execute(sa.text(query)).all()
        written = [
            {"run": run, "octets": b"".join([_entry(entry, row[1:]) for row in group])}
            for run, group in groupby(rows, key=lambda row: row[0])
        ]
        if written:
            change = sa.text(f"UPDATE lot_runs SET {column} = :octets WHERE id = :run")
            op.get_bind().execute(change, written)


def _entry(entry: struct.Struct, row: Sequence[Any]) -> bytes:
    """Numbers stand in columns of 63 bits and a sign: of take and part they are below 2^64."""
    signed = 3 if entry is TAKE else 0  # a take's id and places are no such numbers
    return entry.pack(*row[:signed], *(number % 2**64 for number in row[signed:]))


def _create() -> None:
    op.create_table(
        "lot_runs",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("issuer", Unsigned64(), nullable=False),
        sa.Column("cause", sa.LargeBinary(), nullable=False),
        sa.Column("kind", Unsigned64(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("takes", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        *_log(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_runs")),
        sa.UniqueConstraint("issuer", "cause", name=op.f("uq_lot_runs_issuer_cause")),
    )
    op.create_table(
        "opened_lots",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("lot", sa.LargeBinary(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("reference_column", Unsigned64(), nullable=False),
        sa.Column("position", Unsigned64(), nullable=False),
        sa.Column("lot_key", sa.LargeBinary(), nullable=False),
        sa.Column("statement_leaf", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.Column("quantities", sa.LargeBinary(), nullable=False),
        *_log(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opened_lots")),
        sa.UniqueConstraint("lot", name=op.f("uq_opened_lots_lot")),
    )
    op.create_index(op.f("ix_opened_lots_batch"), "opened_lots", ["batch"])
    op.create_table(
        "lot_takes",
        sa.Column("run", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run", "position", name=op.f("pk_lot_takes")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_lot_takes_lot"), "lot_takes", ["lot"])


def _log() -> tuple[sa.Column[int], sa.Column[int], sa.Column[bytes]]:
    return (
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
    )
