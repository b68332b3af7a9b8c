"""The tables of lots: the node's own calls and batches, and what the chain said of lots.

Followed rows are named by their place on the chain (block << 20 | log index) and stand in its
order, so lineage is walked by integers. State is never stored: it is what the rows make of it.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from veta.store.schema import ROW_ID, Unsigned64, Wei, metadata

PLACE_BITS: Final = 20
"""Bits of a place that are the log's index in its block."""


def _place() -> sa.Column[int]:
    return sa.Column("id", ROW_ID, primary_key=True, autoincrement=False)


def _octets(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _numbers(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, Unsigned64(), nullable=False) for name in names)


def _log_columns() -> tuple[sa.Column[Any], ...]:
    block: sa.Column[int] = sa.Column("block", Unsigned64(), nullable=False, index=True)
    return (block, *_numbers("log_index"), _octets("transaction_id"))


# -- what the node itself means to do -------------------------------------------------------------

lot_calls = sa.Table(
    "lot_calls",
    metadata,
    sa.Column("intent", sa.ForeignKey("intents.id"), primary_key=True, autoincrement=False),
    sa.Column("verb", sa.Text(), nullable=False),
    _octets("request"),
    *_numbers("member", "draws"),
    _octets("root", nullable=True),
    _octets("lots"),
    *_numbers("to_member", "until_s"),
    _octets("digest", nullable=True),
    sa.Column("purpose", sa.Text(), nullable=False),
    _octets("to_address"),
    _octets("call_data"),
    *_numbers("gas_limit"),
    sa.Index(None, "request"),
)
"""The third kind of intent; its row in ``intents`` has the action LOT_CALL, the request as leaf."""

own_lot_batches = sa.Table(
    "own_lot_batches",
    metadata,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("intent", sa.ForeignKey("lot_calls.intent"), nullable=False, index=True),
    *_numbers("output", "issuer"),
    _octets("root"),
    *_numbers("product_class"),
    _octets("columns"),
    _octets("salt"),
    _octets("leaves"),
    _octets("quantities"),
    sa.UniqueConstraint("issuer", "root"),
)

own_lots = sa.Table(
    "own_lots",
    metadata,
    sa.Column("batch", sa.ForeignKey("own_lot_batches.id"), primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    _octets("lot"),
    sa.Index(None, "lot"),
)

# -- what the chain recorded, as followed; every table carries the block it is undone by ----------

lot_batches = sa.Table(
    "lot_batches",
    metadata,
    _place(),
    *_numbers("version", "kind", "issuer", "sequence"),
    _octets("by"),
    _octets("root"),
    *_numbers("size"),
    _octets("totals"),
    *_numbers("reference_column", "site", "origin_site", "product_class"),
    *_numbers("produced_from_s", "produced_to_s", "model", "flags", "allocation_rule"),
    *_numbers("anchored_at_s"),
    _octets("cause"),
    _octets("columns"),
    _octets("sums"),
    _octets("salt"),
    *_log_columns(),
    sa.UniqueConstraint("issuer", "root"),
    sa.Index(None, "issuer", "cause"),
)

lot_batch_ends = sa.Table(
    "lot_batch_ends",
    metadata,
    _place(),
    *_numbers("issuer"),
    _octets("root"),
    _octets("replacement", nullable=True),
    sa.Column("handed_over", sa.Boolean(), nullable=False),
    *_log_columns(),
    sa.Index(None, "issuer", "root"),
    sa.Index(None, "issuer", "replacement"),
)

lot_runs = sa.Table(
    "lot_runs",
    metadata,
    _place(),
    *_numbers("issuer"),
    _octets("cause"),
    *_numbers("kind"),
    _octets("source"),
    *_log_columns(),
    sa.UniqueConstraint("issuer", "cause"),
)

opened_lots = sa.Table(
    "opened_lots",
    metadata,
    _place(),
    _octets("lot"),
    sa.Column("batch", sa.BigInteger(), nullable=False, index=True),
    *_numbers("position"),
    _octets("lot_key"),
    _octets("statement_leaf"),
    _octets("columns"),
    _octets("quantities"),
    *_log_columns(),
    sa.UniqueConstraint("lot"),
)
"""``batch`` is the place of the lot's batch."""

lot_takes = sa.Table(
    "lot_takes",
    metadata,
    sa.Column("run", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("lot", sa.BigInteger(), nullable=False, index=True),
    *_numbers("taken", "amount"),
    sa.Column("block", Unsigned64(), nullable=False, index=True),
)
"""Edges of lineage: ``run`` and ``lot`` are places, of the run and of the lot's opening."""

lot_run_parts = sa.Table(
    "lot_run_parts",
    metadata,
    sa.Column("run", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("part", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    *_numbers("first", "second", "quantity"),
    sa.Column("block", Unsigned64(), nullable=False, index=True),
)
"""What a run declared, by ``CausePart``; what ``first`` and ``second`` are, ``lot_rows`` says."""

lot_changes = sa.Table(
    "lot_changes",
    metadata,
    _place(),
    _octets("lot"),
    *_numbers("action", "by_member", "to_member", "until_s", "taken", "amount", "code"),
    _octets("digest"),
    _octets("before"),
    _octets("after"),
    *_log_columns(),
    sa.Index(None, "lot"),
    sa.Index(None, "to_member"),
)

period_uses = sa.Table(
    "period_uses",
    metadata,
    _place(),
    *_numbers("site", "substance", "period", "originated", "taken", "gained"),
    *_log_columns(),
    sa.Index(None, "site"),
)

ceiling_uses = sa.Table(
    "ceiling_uses",
    metadata,
    _place(),
    *_numbers("member", "substance", "period", "used"),
    *_log_columns(),
)

credit_changes = sa.Table(
    "credit_changes",
    metadata,
    _place(),
    *_numbers("site", "programme", "substance", "period", "balance"),
    *_log_columns(),
    sa.Index(None, "site"),
)

variance_changes = sa.Table(
    "variance_changes",
    metadata,
    _place(),
    # "column" is a word of SQL.
    *_numbers("member", "column_key", "period"),
    sa.Column("change", Wei(), nullable=False),
    sa.Column("total", Wei(), nullable=False),
    *_log_columns(),
)

FOLLOWED_LOTS: Final = {
    "lot_batches": lot_batches,
    "lot_batch_ends": lot_batch_ends,
    "lot_runs": lot_runs,
    "opened_lots": opened_lots,
    "lot_takes": lot_takes,
    "lot_run_parts": lot_run_parts,
    "lot_changes": lot_changes,
    "period_uses": period_uses,
    "ceiling_uses": ceiling_uses,
    "credit_changes": credit_changes,
    "variance_changes": variance_changes,
}
