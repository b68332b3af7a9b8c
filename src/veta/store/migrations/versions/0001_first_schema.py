"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID, Unsigned64, Wei

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "anchors",
        sa.Column("issuer", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", Unsigned64(), nullable=False),
        sa.Column("size", Unsigned64(), nullable=False),
        sa.Column("kind", Unsigned64(), nullable=False),
        sa.Column("anchored_at_s", Unsigned64(), nullable=False),
        sa.Column("anchored_by", sa.LargeBinary(), nullable=True),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "root", name=op.f("pk_anchors")),
        sa.UniqueConstraint("issuer", "sequence", name=op.f("uq_anchors_issuer_sequence")),
    )
    op.create_index(op.f("ix_anchors_block"), "anchors", ["block"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("issuer", Unsigned64(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("kind", Unsigned64(), nullable=False),
        sa.Column("size", Unsigned64(), nullable=False),
        sa.Column("sequence", Unsigned64(), nullable=True),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("issuer", "root", name=op.f("uq_batches_issuer_root")),
        sa.UniqueConstraint("issuer", "sequence", name=op.f("uq_batches_issuer_sequence")),
    )
    op.create_table(
        "blocks",
        sa.Column("block", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("parent_digest", sa.LargeBinary(), nullable=False),
        sa.Column("time_s", Unsigned64(), nullable=False),
        sa.PrimaryKeyConstraint("block", name=op.f("pk_blocks")),
        sa.UniqueConstraint("digest", name=op.f("uq_blocks_digest")),
    )
    op.create_table(
        "heads",
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("block", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("event_count", Unsigned64(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("contract", "block", name=op.f("pk_heads")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_s", Unsigned64(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "member_keys",
        sa.Column("member", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("position", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("action", Unsigned64(), nullable=False),
        sa.Column("purpose", Unsigned64(), nullable=False),
        sa.Column("algorithm", Unsigned64(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("effective_s", Unsigned64(), nullable=False),
        sa.Column("recorded_at_s", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member", "position", name=op.f("pk_member_keys")),
    )
    op.create_index(op.f("ix_member_keys_block"), "member_keys", ["block"], unique=False)
    op.create_table(
        "members",
        sa.Column("member", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("control_group", Unsigned64(), nullable=False),
        sa.Column("identity_digest", sa.LargeBinary(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_members")),
    )
    op.create_index(op.f("ix_members_block"), "members", ["block"], unique=False)
    op.create_index(op.f("ix_members_identifier"), "members", ["identifier"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("member", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("position", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("roles", Unsigned64(), nullable=False),
        sa.Column("votes", sa.Boolean(), nullable=False),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("effective_s", Unsigned64(), nullable=False),
        sa.Column("recorded_at_s", Unsigned64(), nullable=False),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member", "position", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_block"), "memberships", ["block"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "statuses",
        sa.Column("issuer", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("position", Unsigned64(), autoincrement=False, nullable=False),
        sa.Column("action", Unsigned64(), nullable=False),
        sa.Column("reason", Unsigned64(), nullable=False),
        sa.Column("by_member", Unsigned64(), nullable=False),
        sa.Column("effective_s", Unsigned64(), nullable=False),
        sa.Column("recorded_at_s", Unsigned64(), nullable=False),
        sa.Column("related_leaf", sa.LargeBinary(), nullable=True),
        sa.Column("party", Unsigned64(), nullable=True),
        sa.Column("grounds", sa.LargeBinary(), nullable=True),
        sa.Column("block", Unsigned64(), nullable=False),
        sa.Column("log_index", Unsigned64(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "leaf", "position", name=op.f("pk_statuses")),
    )
    op.create_index(op.f("ix_statuses_block"), "statuses", ["block"], unique=False)
    op.create_table(
        "intents",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("batch", ROW_ID, nullable=True),
        sa.Column("action", Unsigned64(), nullable=True),
        sa.Column("issuer", Unsigned64(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=True),
        sa.Column("reason", Unsigned64(), nullable=True),
        sa.Column("effective_s", Unsigned64(), nullable=True),
        sa.Column("related", sa.LargeBinary(), nullable=True),
        sa.Column("after", Unsigned64(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'held')", name=op.f("ck_intents_state")),
        sa.CheckConstraint(
            "(action IS NULL) = (issuer IS NULL) AND (action IS NULL) = (leaf IS NULL) AND (action IS NULL) = (reason IS NULL) AND (action IS NULL) = (effective_s IS NULL) AND (action IS NULL) = (after IS NULL) AND (action IS NOT NULL OR related IS NULL)",  # noqa: E501 - as the database keeps it
            name=op.f("ck_intents_status_change"),
        ),
        sa.CheckConstraint("(batch IS NULL) <> (action IS NULL)", name=op.f("ck_intents_subject")),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_intents_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
        sa.UniqueConstraint("batch", name=op.f("uq_intents_batch")),
    )
    op.create_index(
        "ix_intents_unsettled",
        "intents",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state <> 'done'"),
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_table(
        "statements",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_s", sa.BigInteger(), nullable=False),
        sa.Column("journal", sa.LargeBinary(), nullable=False),
        sa.Column("batch", ROW_ID, nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(batch IS NULL) = (position IS NULL)", name=op.f("ck_statements_placed")
        ),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_statements_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("batch", "position", name=op.f("uq_statements_batch_position")),
        sa.UniqueConstraint("leaf", name=op.f("uq_statements_leaf")),
    )
    op.create_index(
        op.f("ix_statements_credential_id"), "statements", ["credential_id"], unique=False
    )
    op.create_index(op.f("ix_statements_subject"), "statements", ["subject"], unique=False)
    op.create_index(
        "ix_statements_unbatched",
        "statements",
        ["issuer", "kind", "id"],
        unique=False,
        sqlite_where=sa.text("batch IS NULL"),
        postgresql_where=sa.text("batch IS NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("intent", ROW_ID, nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", Unsigned64(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("to_address", sa.LargeBinary(), nullable=False),
        sa.Column("call_data", sa.LargeBinary(), nullable=False),
        sa.Column("gas_limit", Unsigned64(), nullable=False),
        sa.Column("sequence", Unsigned64(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=True),
        sa.Column("block", Unsigned64(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'succeeded', 'reverted', 'displaced')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["intent"], ["intents.id"], name=op.f("fk_outbox_intent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("account", "nonce", name=op.f("uq_outbox_account_nonce")),
    )
    op.create_index(op.f("ix_outbox_intent"), "outbox", ["intent"], unique=False)
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["account", "nonce"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "statement_octets",
        sa.Column("statement", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement"], ["statements.id"], name=op.f("fk_statement_octets_statement")
        ),
        sa.PrimaryKeyConstraint("statement", name=op.f("pk_statement_octets")),
    )
    op.create_table(
        "outbox_attempts",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("entry", ROW_ID, nullable=False),
        sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee", Wei(), nullable=False),
        sa.Column("max_priority_fee", Wei(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["outbox.id"], name=op.f("fk_outbox_attempts_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_attempts")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_outbox_attempts_transaction_id")),
    )
    op.create_index(op.f("ix_outbox_attempts_entry"), "outbox_attempts", ["entry"], unique=False)


def downgrade() -> None:
    for table in (
        "outbox_attempts",
        "statement_octets",
        "outbox",
        "statements",
        "intents",
        "statuses",
        "meta",
        "memberships",
        "members",
        "member_keys",
        "idempotency",
        "heads",
        "blocks",
        "batches",
        "anchors",
    ):
        op.drop_table(table)
