"""What is said of sites: concerns, their closings, and dated records.

Chains that were followed before had no contract that says any of it, so nothing is followed anew.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID, Unsigned64

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER, OCTETS = "number", "octets"
KINDS: dict[str, Any] = {NUMBER: Unsigned64, OCTETS: sa.LargeBinary}
TABLES: dict[str, dict[str, str]] = {
    "concerns": {
        "site": NUMBER,
        "number": NUMBER,
        "party": NUMBER,
        "source": NUMBER,
        "raised_s": NUMBER,
        "respond_by_s": NUMBER,
        "leaf": OCTETS,
    },
    "concern_closings": {
        "site": NUMBER,
        "number": NUMBER,
        "by": NUMBER,
        "side": NUMBER,
        "closed_s": NUMBER,
        "leaf": OCTETS,
    },
    "site_records": {
        "site": NUMBER,
        "number": NUMBER,
        "by": NUMBER,
        "source": NUMBER,
        "kind": NUMBER,
        "category": NUMBER,
        "recorded_s": NUMBER,
        "from_s": NUMBER,
        "until_s": NUMBER,
        "replaces": NUMBER,
        "leaf": OCTETS,
    },
}
"""All are looked up by their site."""


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.create_table(
            name,
            sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
            *(sa.Column(each, KINDS[kind](), nullable=False) for each, kind in columns.items()),
            sa.Column("block", Unsigned64(), nullable=False),
            sa.Column("log_index", Unsigned64(), nullable=False),
            sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
        for column in ("block", "site"):
            op.create_index(op.f(f"ix_{name}_{column}"), name, [column], unique=False)
