"""What was erased leaves a tombstone: which statement, when, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("statement", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("erased_s", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement"], ["statements.id"], name=op.f("fk_erasures_statement")
        ),
        sa.PrimaryKeyConstraint("statement", name=op.f("pk_erasures")),
    )
