"""Lots of the member's own batches stand in pages: opening one does not read all of them.

Pages of batches that were there before get no node: their trees are built from all lots, as they
were until now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PAGE_LOTS = 1 << 10
ENTRY, LANE, KEY = 64, 8, 4


def upgrade() -> None:
    op.create_table(
        "own_lot_pages",
        sa.Column("batch", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("page", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("node", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("quantities", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch"], ["own_lot_batches.id"], name=op.f("fk_own_lot_pages_batch")
        ),
        sa.PrimaryKeyConstraint("batch", "page", name=op.f("pk_own_lot_pages")),
    )
    _move()
    op.drop_column("own_lot_batches", "leaves")
    op.drop_column("own_lot_batches", "quantities")


def _move() -> None:
    connection = op.get_bind()
    names = ("id", "columns", "leaves", "quantities")
    batches = sa.table("own_lot_batches", *map(sa.column, names))
    pages = sa.table(
        "own_lot_pages", *map(sa.column, ("batch", "page", "leaves", "quantities", "node"))
    )
    for number in connection.execute(sa.select(batches.c.id)).scalars().all():
        query = sa.select(batches).where(batches.c.id == number)
        row = connection.execute(query).one()
        leaves, wide = PAGE_LOTS * ENTRY, PAGE_LOTS * LANE * (len(row.columns) // KEY)
        rows = [
            {
                "batch": number,
                "page": page,
                "leaves": row.leaves[page * leaves : (page + 1) * leaves],
                "quantities": row.quantities[page * wide : (page + 1) * wide],
                "node": b"",
            }
            for page in range(-(-len(row.leaves) // leaves))
        ]
        if rows:
            connection.execute(pages.insert(), rows)
