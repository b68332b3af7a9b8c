"""The tables. One schema for SQLite and PostgreSQL; ``migrations`` makes them.

Digests and octets are binary. Numbers that come from the chain are unsigned 64-bit and kept in
signed columns by two's complement (``Unsigned64``): a hostile 2^64-1 must not stop the follower.
Fees in wei are decimal text, because they may exceed 64 bits.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

SCHEMA_REVISION: Final = "0007"
"""Newest revision in ``migrations/versions``."""

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)

_HALF: Final = 1 << 63
_WHOLE: Final = 1 << 64


class Unsigned64(sa.types.TypeDecorator[int]):
    """0 .. 2^64-1 in a signed 64-bit column."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Two's complement."""
        del dialect
        return value - _WHOLE if value is not None and value >= _HALF else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:
        """Back."""
        del dialect
        return None if value is None else int(value) % _WHOLE


class Wei(sa.types.TypeDecorator[int]):
    """An unbounded amount as decimal text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """Decimal."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:
        """Back."""
        del dialect
        return None if value is None else int(value)


ROW_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", ROW_ID, primary_key=True, autoincrement=True)


def _octets(name: str, *, nullable: bool = False, unique: bool | None = None) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable, unique=unique)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Unsigned64(), nullable=nullable)


def _count(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """A number of our own making: small, and cheaper to write."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text(), primary_key=True),
    _text("value"),
)

# -- what the node itself says and does ---------------------------------------------------------

batches = sa.Table(
    "batches",
    metadata,
    _id(),
    _integer("issuer"),
    _octets("root"),
    _integer("kind"),
    _integer("size"),
    _integer("sequence", nullable=True),
    _octets("leaves"),
    sa.UniqueConstraint("issuer", "root"),
    sa.UniqueConstraint("issuer", "sequence"),
)

statements = sa.Table(
    "statements",
    metadata,
    _id(),
    _octets("leaf", unique=True),
    _count("issuer"),
    _count("kind"),
    _text("credential_id"),
    _text("subject"),
    _count("created_s"),
    _octets("journal"),
    sa.Column("batch", sa.ForeignKey("batches.id"), nullable=True),
    _count("position", nullable=True),
    sa.UniqueConstraint("batch", "position"),
    sa.CheckConstraint("(batch IS NULL) = (position IS NULL)", name="placed"),
    sa.Index(None, "subject"),
    sa.Index(None, "credential_id"),
    sa.Index(
        "ix_statements_unbatched",
        "issuer",
        "kind",
        "id",
        sqlite_where=sa.text("batch IS NULL"),
        postgresql_where=sa.text("batch IS NULL"),
    ),
)

statement_octets = sa.Table(
    "statement_octets",
    metadata,
    sa.Column("statement", sa.ForeignKey("statements.id"), primary_key=True, autoincrement=False),
    _octets("payload"),
    _octets("seal"),
)
"""Apart from ``statements``, so that batching does not write them again. The seal is the token
without its payload segment, which is the payload's base64url."""

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("statement", sa.ForeignKey("statements.id"), primary_key=True, autoincrement=False),
    _count("erased_s"),
    _text("reason"),
)
"""Tombstones: such a statement has no octets any more, and its leaf stays where it was."""

intents = sa.Table(
    "intents",
    metadata,
    _id(),
    _text("state"),
    sa.Column("batch", sa.ForeignKey("batches.id"), nullable=True, unique=True),
    _integer("action", nullable=True),
    _integer("issuer", nullable=True),
    _octets("leaf", nullable=True),
    _integer("reason", nullable=True),
    _integer("effective_s", nullable=True),
    _octets("related", nullable=True),
    _integer("after", nullable=True),
    _text("code"),
    _text("message"),
    sa.CheckConstraint("state IN ('open', 'done', 'held')", name="state"),
    sa.CheckConstraint("(batch IS NULL) <> (action IS NULL)", name="subject"),
    sa.CheckConstraint(
        "(action IS NULL) = (issuer IS NULL) AND (action IS NULL) = (leaf IS NULL)"
        " AND (action IS NULL) = (reason IS NULL) AND (action IS NULL) = (effective_s IS NULL)"
        " AND (action IS NULL) = (after IS NULL) AND (action IS NOT NULL OR related IS NULL)",
        name="status_change",
    ),
    sa.Index(
        "ix_intents_unsettled",
        "id",
        sqlite_where=sa.text("state <> 'done'"),
        postgresql_where=sa.text("state <> 'done'"),
    ),
)

outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    sa.Column("intent", sa.ForeignKey("intents.id"), nullable=False, index=True),
    _octets("account"),
    _integer("nonce"),
    _text("purpose"),
    _octets("to_address"),
    _octets("call_data"),
    _integer("gas_limit"),
    _integer("sequence", nullable=True),
    _text("state"),
    _octets("transaction_id", nullable=True),
    _integer("block", nullable=True),
    _text("message"),
    sa.UniqueConstraint("account", "nonce"),
    sa.CheckConstraint("state IN ('pending', 'succeeded', 'reverted', 'displaced')", name="state"),
    sa.Index(
        "ix_outbox_pending",
        "account",
        "nonce",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    ),
)

attempts = sa.Table(
    "outbox_attempts",
    metadata,
    _id(),
    sa.Column("entry", sa.ForeignKey("outbox.id"), nullable=False, index=True),
    _octets("transaction_id", unique=True),
    _octets("raw"),
    sa.Column("max_fee", Wei(), nullable=False),
    sa.Column("max_priority_fee", Wei(), nullable=False),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.Text(), primary_key=True),
    _octets("body_digest"),
    _octets("answer"),
    _integer("created_s"),
)

# -- what the chain recorded, as followed; every table carries the block it is undone by --------


def _block() -> sa.Column[int]:
    return sa.Column("block", Unsigned64(), nullable=False, index=True)


def _log_columns() -> tuple[sa.Column[Any], ...]:
    return (_block(), _integer("log_index"), _octets("transaction_id"))


blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("block", Unsigned64(), primary_key=True, autoincrement=False),
    _octets("digest", unique=True),
    _octets("parent_digest"),
    _integer("time_s"),
)

members = sa.Table(
    "members",
    metadata,
    sa.Column("member", Unsigned64(), primary_key=True, autoincrement=False),
    _text("identifier"),
    _text("name"),
    _text("country"),
    _integer("control_group"),
    _octets("identity_digest"),
    *_log_columns(),
    sa.Index(None, "identifier"),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("member", Unsigned64(), primary_key=True, autoincrement=False),
    sa.Column("position", Unsigned64(), primary_key=True, autoincrement=False),
    _integer("roles"),
    sa.Column("votes", sa.Boolean(), nullable=False),
    sa.Column("admitted", sa.Boolean(), nullable=False),
    _integer("effective_s"),
    _integer("recorded_at_s"),
    *_log_columns(),
)

member_keys = sa.Table(
    "member_keys",
    metadata,
    sa.Column("member", Unsigned64(), primary_key=True, autoincrement=False),
    sa.Column("position", Unsigned64(), primary_key=True, autoincrement=False),
    _integer("action"),
    _integer("purpose"),
    _integer("algorithm"),
    _octets("key_id"),
    _octets("public_key"),
    _integer("effective_s"),
    _integer("recorded_at_s"),
    *_log_columns(),
)

anchors = sa.Table(
    "anchors",
    metadata,
    sa.Column("issuer", Unsigned64(), primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary(), primary_key=True),
    _integer("sequence"),
    _integer("size"),
    _integer("kind"),
    _integer("anchored_at_s"),
    _octets("anchored_by", nullable=True),
    *_log_columns(),
    sa.UniqueConstraint("issuer", "sequence"),
)

statuses = sa.Table(
    "statuses",
    metadata,
    sa.Column("issuer", Unsigned64(), primary_key=True, autoincrement=False),
    sa.Column("leaf", sa.LargeBinary(), primary_key=True),
    sa.Column("position", Unsigned64(), primary_key=True, autoincrement=False),
    _integer("action"),
    _integer("reason"),
    _integer("by_member"),
    _integer("effective_s"),
    _integer("recorded_at_s"),
    _octets("related_leaf", nullable=True),
    _integer("party", nullable=True),
    _octets("grounds", nullable=True),
    *_log_columns(),
)

heads = sa.Table(
    "heads",
    metadata,
    sa.Column("contract", sa.Text(), primary_key=True),
    sa.Column("block", Unsigned64(), primary_key=True, autoincrement=False),
    _integer("event_count"),
    _octets("head"),
)

FOLLOWED: Final = {
    "blocks": blocks,
    "members": members,
    "memberships": memberships,
    "member_keys": member_keys,
    "anchors": anchors,
    "statuses": statuses,
    "heads": heads,
}
