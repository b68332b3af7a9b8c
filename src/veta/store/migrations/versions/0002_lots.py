"""Lots: the node's own calls and batches, and what the chain said of lots.

Blocks that were followed before are followed anew: what they say of lots was not kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID, Unsigned64, Wei

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FOLLOWED = ("statuses", "anchors", "member_keys", "memberships", "members", "heads", "blocks")


def upgrade() -> None:
    for name in FOLLOWED:
        op.execute(sa.delete(sa.table(name)))
    op.create_table(
        "ceiling_uses",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("member", Unsigned64(), nullable=False),
        sa.Column("substance", Unsigned64(), nullable=False),
        sa.Column("period", Unsigned64(), nullable=False),
        sa.Column("used", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceiling_uses")),
    )
    op.create_index(op.f("ix_ceiling_uses_block"), "ceiling_uses", ["block"], unique=False)
    op.create_table(
        "credit_changes",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("site", Unsigned64(), nullable=False),
        sa.Column("programme", Unsigned64(), nullable=False),
        sa.Column("substance", Unsigned64(), nullable=False),
        sa.Column("period", Unsigned64(), nullable=False),
        sa.Column("balance", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_changes")),
    )
    op.create_index(op.f("ix_credit_changes_block"), "credit_changes", ["block"], unique=False)
    op.create_index(op.f("ix_credit_changes_site"), "credit_changes", ["site"], unique=False)
    op.create_table(
        "lot_batch_ends",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("issuer", Unsigned64(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("replacement", sa.LargeBinary(), nullable=True),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_batch_ends")),
    )
    op.create_index(op.f("ix_lot_batch_ends_block"), "lot_batch_ends", ["block"], unique=False)
    op.create_index(
        op.f("ix_lot_batch_ends_issuer_replacement"),
        "lot_batch_ends",
        ["issuer", "replacement"],
        unique=False,
    )
    op.create_index(
        op.f("ix_lot_batch_ends_issuer_root"), "lot_batch_ends", ["issuer", "root"], unique=False
    )
    op.create_table(
        "lot_batches",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("version", Unsigned64(), nullable=False),
        sa.Column("kind", Unsigned64(), nullable=False),
        sa.Column("issuer", Unsigned64(), nullable=False),
        sa.Column("sequence", Unsigned64(), nullable=False),
        sa.Column("by", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("size", Unsigned64(), nullable=False),
        sa.Column("totals", sa.LargeBinary(), nullable=False),
        sa.Column("reference_column", Unsigned64(), nullable=False),
        sa.Column("site", Unsigned64(), nullable=False),
        sa.Column("origin_site", Unsigned64(), nullable=False),
        sa.Column("product_class", Unsigned64(), nullable=False),
        sa.Column("produced_from_s", Unsigned64(), nullable=False),
        sa.Column("produced_to_s", Unsigned64(), nullable=False),
        sa.Column("model", Unsigned64(), nullable=False),
        sa.Column("flags", Unsigned64(), nullable=False),
        sa.Column("allocation_rule", Unsigned64(), nullable=False),
        sa.Column("anchored_at_s", Unsigned64(), nullable=False),
        sa.Column("cause", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.Column("sums", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_batches")),
        sa.UniqueConstraint("issuer", "root", name=op.f("uq_lot_batches_issuer_root")),
    )
    op.create_index(op.f("ix_lot_batches_block"), "lot_batches", ["block"], unique=False)
    op.create_index(
        op.f("ix_lot_batches_issuer_cause"), "lot_batches", ["issuer", "cause"], unique=False
    )
    op.create_table(
        "lot_changes",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("lot", sa.LargeBinary(), nullable=False),
        sa.Column("action", Unsigned64(), nullable=False),
        sa.Column("by_member", Unsigned64(), nullable=False),
        sa.Column("to_member", Unsigned64(), nullable=False),
        sa.Column("until_s", Unsigned64(), nullable=False),
        sa.Column("taken", Unsigned64(), nullable=False),
        sa.Column("amount", Unsigned64(), nullable=False),
        sa.Column("code", Unsigned64(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_changes")),
    )
    op.create_index(op.f("ix_lot_changes_block"), "lot_changes", ["block"], unique=False)
    op.create_index(op.f("ix_lot_changes_lot"), "lot_changes", ["lot"], unique=False)
    op.create_index(op.f("ix_lot_changes_to_member"), "lot_changes", ["to_member"], unique=False)
    op.create_table(
        "lot_run_parts",
        sa.Column("run", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", Unsigned64(), nullable=False),
        sa.Column("second", Unsigned64(), nullable=False),
        sa.Column("quantity", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.PrimaryKeyConstraint("run", "part", "position", name=op.f("pk_lot_run_parts")),
    )
    op.create_index(op.f("ix_lot_run_parts_block"), "lot_run_parts", ["block"], unique=False)
    op.create_table(
        "lot_runs",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("issuer", Unsigned64(), nullable=False),
        sa.Column("cause", sa.LargeBinary(), nullable=False),
        sa.Column("kind", Unsigned64(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_runs")),
        sa.UniqueConstraint("issuer", "cause", name=op.f("uq_lot_runs_issuer_cause")),
    )
    op.create_index(op.f("ix_lot_runs_block"), "lot_runs", ["block"], unique=False)
    op.create_table(
        "lot_takes",
        sa.Column("run", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot", sa.BigInteger(), nullable=False),
        sa.Column("taken", Unsigned64(), nullable=False),
        sa.Column("amount", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.PrimaryKeyConstraint("run", "position", name=op.f("pk_lot_takes")),
    )
    op.create_index(op.f("ix_lot_takes_block"), "lot_takes", ["block"], unique=False)
    op.create_index(op.f("ix_lot_takes_lot"), "lot_takes", ["lot"], unique=False)
    op.create_table(
        "opened_lots",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("lot", sa.LargeBinary(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("position", Unsigned64(), nullable=False),
        sa.Column("lot_key", sa.LargeBinary(), nullable=False),
        sa.Column("statement_leaf", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.Column("quantities", sa.LargeBinary(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opened_lots")),
        sa.UniqueConstraint("lot", name=op.f("uq_opened_lots_lot")),
    )
    op.create_index(op.f("ix_opened_lots_batch"), "opened_lots", ["batch"], unique=False)
    op.create_index(op.f("ix_opened_lots_block"), "opened_lots", ["block"], unique=False)
    op.create_table(
        "period_uses",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("site", Unsigned64(), nullable=False),
        sa.Column("substance", Unsigned64(), nullable=False),
        sa.Column("period", Unsigned64(), nullable=False),
        sa.Column("originated", Unsigned64(), nullable=False),
        sa.Column("taken", Unsigned64(), nullable=False),
        sa.Column("gained", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period_uses")),
    )
    op.create_index(op.f("ix_period_uses_block"), "period_uses", ["block"], unique=False)
    op.create_index(op.f("ix_period_uses_site"), "period_uses", ["site"], unique=False)
    op.create_table(
        "variance_changes",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("member", Unsigned64(), nullable=False),
        sa.Column("column_key", Unsigned64(), nullable=False),
        sa.Column("period", Unsigned64(), nullable=False),
        sa.Column("change", Wei(), nullable=False),
        sa.Column("total", Wei(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variance_changes")),
    )
    op.create_index(op.f("ix_variance_changes_block"), "variance_changes", ["block"], unique=False)
    op.create_table(
        "lot_calls",
        sa.Column("intent", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("member", Unsigned64(), nullable=False),
        sa.Column("draws", Unsigned64(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=True),
        sa.Column("lots", sa.LargeBinary(), nullable=False),
        sa.Column("to_member", Unsigned64(), nullable=False),
        sa.Column("until_s", Unsigned64(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("to_address", sa.LargeBinary(), nullable=False),
        sa.Column("call_data", sa.LargeBinary(), nullable=False),
        sa.Column("gas_limit", Unsigned64(), nullable=False),
        sa.ForeignKeyConstraint(["intent"], ["intents.id"], name=op.f("fk_lot_calls_intent")),
        sa.PrimaryKeyConstraint("intent", name=op.f("pk_lot_calls")),
    )
    op.create_index(op.f("ix_lot_calls_request"), "lot_calls", ["request"], unique=False)
    op.create_table(
        "own_lot_batches",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("intent", ROW_ID, nullable=False),
        sa.Column("output", Unsigned64(), nullable=False),
        sa.Column("issuer", Unsigned64(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("product_class", Unsigned64(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("quantities", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intent"], ["lot_calls.intent"], name=op.f("fk_own_lot_batches_intent")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_lot_batches")),
        sa.UniqueConstraint("issuer", "root", name=op.f("uq_own_lot_batches_issuer_root")),
    )
    op.create_index(op.f("ix_own_lot_batches_intent"), "own_lot_batches", ["intent"], unique=False)
    op.create_table(
        "own_lots",
        sa.Column("batch", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lot", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["own_lot_batches.id"], name=op.f("fk_own_lots_batch")),
        sa.PrimaryKeyConstraint("batch", "position", name=op.f("pk_own_lots")),
    )
    op.create_index(op.f("ix_own_lots_lot"), "own_lots", ["lot"], unique=False)
