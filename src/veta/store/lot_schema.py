"""The tables of lots: the node's own calls and batches, and what the chain said of lots.

Followed rows are named by their place on the chain (block << 20 | log index) and stand in its
order: the rows of a block are a range of places, and lineage is walked by integers. State is never
stored: it is what the rows make of it.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from veta.model.lot_events import LotAction
from veta.store.schema import ROW_ID, Unsigned64, Wei, metadata

NO_PLACE: Final = -1
_REBASED: Final = int(LotAction.REBASED)


def place_column() -> sa.Column[int]:
    """What names a followed row: its place on the chain."""
    return sa.Column("id", ROW_ID, primary_key=True, autoincrement=False)


def _octets(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _numbers(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, Unsigned64(), nullable=False) for name in names)


def log_columns() -> tuple[sa.Column[Any], ...]:
    """Where on the chain a followed row comes from."""
    return (*_numbers("block", "log_index"), _octets("transaction_id"))


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
    sa.Column("rule", Unsigned64(), nullable=True),
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
    sa.UniqueConstraint("issuer", "root"),
)

own_lot_pages = sa.Table(
    "own_lot_pages",
    metadata,
    sa.Column("batch", sa.ForeignKey("own_lot_batches.id"), primary_key=True, autoincrement=False),
    sa.Column("page", sa.BigInteger(), primary_key=True, autoincrement=False),
    # Before the long columns: all nodes of a batch are read without what stands behind them.
    _octets("node"),
    _octets("leaves"),
    _octets("quantities"),
)
"""The lots of a batch, ``PAGE_LOTS`` a row, with the node over them: opening one reads one row and
the nodes. No node: stored before there were pages."""

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
    place_column(),
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
    *log_columns(),
    sa.UniqueConstraint("issuer", "root"),
    sa.Index(None, "issuer", "cause"),
)

lot_batch_ends = sa.Table(
    "lot_batch_ends",
    metadata,
    place_column(),
    *_numbers("issuer"),
    _octets("root"),
    _octets("replacement", nullable=True),
    sa.Column("handed_over", sa.Boolean(), nullable=False),
    *log_columns(),
    sa.Index(None, "issuer", "root"),
    sa.Index(None, "issuer", "replacement"),
)

lot_runs = sa.Table(
    "lot_runs",
    metadata,
    place_column(),
    *_numbers("issuer"),
    _octets("cause"),
    *_numbers("kind"),
    _octets("source"),
    _octets("takes"),
    _octets("parts"),
    *log_columns(),
    sa.UniqueConstraint("issuer", "cause"),
)
"""A run with all that it took and declared, in one row: who walks lineage reads nothing else.

``takes`` and ``parts`` are entries of ``run_octets.TAKE`` and ``run_octets.PART``."""

opened_lots = sa.Table(
    "opened_lots",
    metadata,
    place_column(),
    _octets("lot"),
    sa.Column("batch", sa.BigInteger(), nullable=False, index=True),
    sa.Column("run", sa.BigInteger(), nullable=False),
    *_numbers("reference_column", "position"),
    _octets("lot_key"),
    _octets("statement_leaf"),
    _octets("columns"),
    _octets("quantities"),
    *log_columns(),
    sa.UniqueConstraint("lot"),
)
"""``batch`` and ``run`` are places: of the lot's batch and of the run that made it (``NO_PLACE``:
none is known); the reference column is its batch's."""

lot_takes = sa.Table(
    "lot_takes",
    metadata,
    sa.Column("run", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("lot", sa.BigInteger(), nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Which runs took of a lot: ``run`` and ``lot`` are places, of the run and of the lot's opening.
What was taken stands in the run's row."""

lot_changes = sa.Table(
    "lot_changes",
    metadata,
    place_column(),
    _octets("lot"),
    *_numbers("action", "by_member", "to_member", "until_s", "taken", "amount", "code"),
    _octets("digest"),
    _octets("before"),
    _octets("after"),
    *log_columns(),
    sa.Index(None, "lot"),
    # Most changes go to nobody and measure nothing: only those that do are worth an entry.
    sa.Index("ix_lot_changes_given", "to_member", sqlite_where=sa.text("to_member <> 0")),
    sa.Index("ix_lot_changes_rebased", "lot", sqlite_where=sa.text(f"action = {_REBASED}")),
)

period_uses = sa.Table(
    "period_uses",
    metadata,
    place_column(),
    *_numbers("site", "substance", "period", "originated", "taken", "gained"),
    *log_columns(),
    sa.Index(None, "site"),
)

ceiling_uses = sa.Table(
    "ceiling_uses",
    metadata,
    place_column(),
    *_numbers("member", "substance", "period", "used"),
    *log_columns(),
)

credit_changes = sa.Table(
    "credit_changes",
    metadata,
    place_column(),
    *_numbers("site", "programme", "substance", "period", "balance"),
    *log_columns(),
    sa.Index(None, "site"),
)

variance_changes = sa.Table(
    "variance_changes",
    metadata,
    place_column(),
    # "column" is a word of SQL.
    *_numbers("member", "column_key", "period"),
    sa.Column("change", Wei(), nullable=False),
    sa.Column("total", Wei(), nullable=False),
    *log_columns(),
)

FOLLOWED_LOTS: Final = {
    "lot_batches": lot_batches,
    "lot_batch_ends": lot_batch_ends,
    "lot_runs": lot_runs,
    "opened_lots": opened_lots,
    "lot_takes": lot_takes,
    "lot_changes": lot_changes,
    "period_uses": period_uses,
    "ceiling_uses": ceiling_uses,
    "credit_changes": credit_changes,
    "variance_changes": variance_changes,
}
