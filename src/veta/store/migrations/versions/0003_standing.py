"""What registry, assurance and notices said; and the rule that a call is about.

Blocks that were followed before are followed anew: what these contracts say was not kept.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from veta.store.schema import ROW_ID, Unsigned64, Wei

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FOLLOWED = (
    "lot_batches",
    "lot_batch_ends",
    "lot_runs",
    "opened_lots",
    "lot_takes",
    "lot_run_parts",
    "lot_changes",
    "period_uses",
    "ceiling_uses",
    "credit_changes",
    "variance_changes",
    "statuses",
    "anchors",
    "member_keys",
    "memberships",
    "members",
    "heads",
    "blocks",
)
NUMBER, OCTETS, TEXT, TRUTH, SIGNED = "number", "octets", "text", "truth", "signed"
KINDS: dict[str, Any] = {
    NUMBER: Unsigned64,
    OCTETS: sa.LargeBinary,
    TEXT: sa.Text,
    TRUTH: sa.Boolean,
    SIGNED: Wei,
}
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "sites": ("site", {"site": NUMBER, "identifier": TEXT, "name": TEXT, "country": TEXT}),
    "site_operators": (
        "site",
        {
            "site": NUMBER,
            "member": NUMBER,
            "position": NUMBER,
            "from_s": NUMBER,
            "until_s": NUMBER,
            "recorded_s": NUMBER,
        },
    ),
    "site_capacities": (
        "site",
        {
            "site": NUMBER,
            "substance": NUMBER,
            "position": NUMBER,
            "effective_s": NUMBER,
            "amount": NUMBER,
            "recorded_s": NUMBER,
        },
    ),
    "external_ceilings": (
        "member",
        {
            "member": NUMBER,
            "substance": NUMBER,
            "position": NUMBER,
            "effective_s": NUMBER,
            "amount": NUMBER,
            "recorded_s": NUMBER,
        },
    ),
    "product_classes": (
        "product_class",
        {
            "product_class": NUMBER,
            "residue": TRUTH,
            "metal_tolerance_ppm": NUMBER,
            "custody_tolerance_ppm": NUMBER,
            "co2e_default_per_million": NUMBER,
            "name": TEXT,
        },
    ),
    "substances": ("substance", {"substance": NUMBER, "base_unit": NUMBER, "symbol": TEXT}),
    "unit_kinds": ("unit_kind", {"unit_kind": NUMBER, "name": TEXT}),
    "lot_rules": (
        "number",
        {
            "number": NUMBER,
            "lateness_s": NUMBER,
            "gain_ppm": NUMBER,
            "authority_freeze_s": NUMBER,
            "credit_periods": NUMBER,
            "effective_s": NUMBER,
        },
    ),
    "site_ends": ("site", {"site": NUMBER}),
    "schemes": (
        "scheme",
        {
            "scheme": NUMBER,
            "owner": NUMBER,
            "levels": NUMBER,
            "credit_life_months": NUMBER,
            "mass_balance_months": NUMBER,
            "name": TEXT,
        },
    ),
    "programmes": ("programme", {"programme": NUMBER, "requirements": OCTETS}),
    "reductions": ("source", {"source": NUMBER, "target": NUMBER}),
    "recognitions": (
        "scheme",
        {
            "scheme": NUMBER,
            "body": NUMBER,
            "position": NUMBER,
            "by_member": NUMBER,
            "from_s": NUMBER,
            "until_s": NUMBER,
            "recorded_s": NUMBER,
        },
    ),
    "assurance_records": (
        "record",
        {
            "record": NUMBER,
            "subject": NUMBER,
            "issuer": NUMBER,
            "parent": NUMBER,
            "scheme": NUMBER,
            "level": NUMBER,
            "from_s": NUMBER,
            "until_s": NUMBER,
            "substances": OCTETS,
            "leaf": OCTETS,
        },
    ),
    "assurance_statuses": (
        "record",
        {
            "record": NUMBER,
            "position": NUMBER,
            "action": NUMBER,
            "source": NUMBER,
            "by_member": NUMBER,
            "effective_s": NUMBER,
            "recorded_s": NUMBER,
            "grounds": OCTETS,
        },
    ),
    "assurance_record_ends": ("record", {"record": NUMBER, "until_s": NUMBER}),
    "allocation_rules": (
        "rule",
        {
            "rule": NUMBER,
            "site": NUMBER,
            "operator": NUMBER,
            "from_s": NUMBER,
            "until_s": NUMBER,
            "shares": OCTETS,
        },
    ),
    "allocation_rule_confirmations": (
        "rule",
        {"rule": NUMBER, "assurer": NUMBER, "from_s": NUMBER},
    ),
    "allocation_rule_ends": ("rule", {"rule": NUMBER, "by_member": NUMBER, "until_s": NUMBER}),
    "restatements": (
        "root",
        {
            "issuer": NUMBER,
            "root": OCTETS,
            "position": NUMBER,
            "column_key": NUMBER,
            "delta": SIGNED,
            "reason": NUMBER,
            "statement_leaf": OCTETS,
        },
    ),
    "restatement_confirmations": (
        "root",
        {"issuer": NUMBER, "root": OCTETS, "position": NUMBER, "assurer": NUMBER},
    ),
    "disputes": (
        "subject",
        {"subject": OCTETS, "party": NUMBER, "lapses_s": NUMBER, "grounds": OCTETS},
    ),
    "dispute_ends": ("subject", {"subject": OCTETS, "party": NUMBER}),
    "dispute_upholdings": ("subject", {"subject": OCTETS, "party": NUMBER, "by": NUMBER}),
}
"""What each table is looked up by, and its columns beside its rows' places."""


def upgrade() -> None:
    for name in FOLLOWED:
        op.execute(sa.delete(sa.table(name)))
    for name, (key, columns) in TABLES.items():
        op.create_table(
            name,
            sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
            *(sa.Column(each, KINDS[kind](), nullable=False) for each, kind in columns.items()),
            sa.Column("block", Unsigned64(), nullable=False),
            sa.Column("log_index", Unsigned64(), nullable=False),
            sa.Column("transaction_id", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
        for column in ("block", key):
            op.create_index(op.f(f"ix_{name}_{column}"), name, [column], unique=False)
    op.add_column("lot_calls", sa.Column("rule", Unsigned64(), nullable=True))
