"""Statements, batches and idempotency keys as rows."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.errors import StoreError
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.identifiers import BatchRoot, Digest, Leaf, MemberId, UnixSeconds
from veta.ports.lot_store import LotCall
from veta.ports.store import (
    Batch,
    Erasure,
    ErasureReason,
    Intent,
    IntentState,
    StatementRecord,
    StatementState,
    StatusChange,
    StoredStatement,
)
from veta.store.engine import sound
from veta.store.lot_intents import LOT_CALL, PREFIX, read_lot_call
from veta.store.lot_schema import lot_calls
from veta.store.schema import batches, erasures, idempotency, intents, statement_octets, statements

_ASKED_AT_ONCE: Final = 500
"""Values in one IN list; SQLite allows 32766 parameters, smaller lists plan faster."""
_READ_AT_ONCE: Final = 1_000
_STATE_OF_INTENT: Final = {
    None: StatementState.ISSUED,
    "open": StatementState.BATCHED,
    "done": StatementState.ANCHORED,
    "held": StatementState.HELD,
}
_STATEMENTS: Final = sa.select(
    statements,
    statement_octets.c.payload,
    statement_octets.c.seal,
    intents.c.state.label("intent_state"),
).select_from(
    # Outer, so that a row without its octets is found to be corrupt and not merely missing.
    statements.outerjoin(
        statement_octets, statements.c.id == statement_octets.c.statement
    ).outerjoin(intents, statements.c.batch == intents.c.batch)
)
_ERASED: Final = sa.exists().where(erasures.c.statement == statements.c.id)
_KEPT: Final = _STATEMENTS.where(~_ERASED)
_JOURNAL: Final = _STATEMENTS.add_columns(erasures.c.erased_s, erasures.c.reason).outerjoin(
    erasures, erasures.c.statement == statements.c.id
)
_TOMBSTONES: Final = sa.select(statements, erasures.c.erased_s, erasures.c.reason).join(
    erasures, erasures.c.statement == statements.c.id
)
_BATCH_COLUMNS: Final = [column for column in batches.c if column.name != "leaves"]
INTENTS: Final = sa.select(
    intents,
    *(column.label(f"batch_{column.name}") for column in _BATCH_COLUMNS),
    *(column.label(PREFIX + column.name) for column in lot_calls.c),
).select_from(
    intents.outerjoin(batches, intents.c.batch == batches.c.id).outerjoin(
        lot_calls, intents.c.id == lot_calls.c.intent
    )
)


def _seal(token: bytes, payload: bytes) -> bytes:
    """A token without its payload segment.

    Raises:
        StoreError: ``store.token``: the token does not carry the payload.
    """
    header, _, rest = token.partition(b".")
    segment, _, signature = rest.partition(b".")
    if segment != urlsafe_b64encode(payload).rstrip(b"="):
        raise StoreError("store.token", "a token does not carry the payload it is kept with")
    return header + b"." + signature


def _token(seal: bytes, payload: bytes) -> bytes:
    header, _, signature = seal.partition(b".")
    return b".".join((header, urlsafe_b64encode(payload).rstrip(b"="), signature))


@sound
def _stored(row: Row[Any]) -> StoredStatement:
    record = StatementRecord(
        leaf=Leaf(row.leaf),
        issuer=MemberId(row.issuer),
        kind=BatchKind(row.kind),
        credential_id=row.credential_id,
        subject=row.subject,
        payload=row.payload,
        token=_token(row.seal, row.payload),
        created_s=UnixSeconds(row.created_s),
    )
    state = _STATE_OF_INTENT[row.intent_state]
    return StoredStatement(record, state, row.batch, row.position, Digest(row.journal))


@sound
def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        leaf=Leaf(row.leaf),
        batch=row.batch,
        position=row.position,
        erased_s=UnixSeconds(row.erased_s),
        reason=ErasureReason(row.reason),
        journal=Digest(row.journal),
    )


def _batch(row: Row[Any], prefix: str = "") -> Batch:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name for a row by column name
    return Batch(
        number=values[f"{prefix}id"],
        issuer=MemberId(values[f"{prefix}issuer"]),
        root=BatchRoot(values[f"{prefix}root"]),
        kind=BatchKind(values[f"{prefix}kind"]),
        size=values[f"{prefix}size"],
        sequence=values[f"{prefix}sequence"],
    )


@sound
def _plain_batch(row: Row[Any]) -> Batch:
    return _batch(row)


@sound
def _kind_count(row: Row[Any]) -> tuple[BatchKind, int]:
    return BatchKind(row.kind), int(row.leaves)


@sound
def read_intent(row: Row[Any]) -> Intent:
    """An intent out of a row of ``INTENTS``."""
    subject: Batch | StatusChange | LotCall
    if row.batch is not None:
        subject = _batch(row, "batch_")
    elif row.action == LOT_CALL:
        subject = read_lot_call(row._mapping, PREFIX)  # noqa: SLF001 - see ``_batch``
        told = (row.issuer, row.leaf, row.reason, row.effective_s, row.related)
        if told != (subject.member, subject.request, 0, 0, None):
            raise ValueError("the intent is of another call")
    else:
        subject = StatusChange(
            action=StatusAction(row.action),
            issuer=MemberId(row.issuer),
            leaf=Leaf(row.leaf),
            reason=StatusReason(row.reason),
            effective_s=UnixSeconds(row.effective_s),
            related=None if row.related is None else Digest(row.related),
            after=row.after,
        )
    return Intent(row.id, IntentState(row.state), subject, row.code, row.message)


class StatementRows:
    """Implements ``StatementWork``."""

    _connection: Connection

    def add_statements(self, records: Sequence[StatementRecord]) -> frozenset[Leaf]:
        """Store what is not there yet; returns the leaves that were added."""
        fresh = {record.leaf: record for record in records}
        leaves = list(fresh)
        for start in range(0, len(leaves), _ASKED_AT_ONCE):
            asked = leaves[start : start + _ASKED_AT_ONCE]
            query = sa.select(statements.c.leaf).where(statements.c.leaf.in_(asked))
            for (leaf,) in self._connection.execute(query):
                fresh.pop(leaf, None)
        if fresh:
            self._insert(list(fresh.values()))
        return frozenset(fresh)

    def _insert(self, records: Sequence[StatementRecord]) -> None:
        newest = sa.select(statements.c.id, statements.c.journal)
        row = self._connection.execute(newest.order_by(statements.c.id.desc()).limit(1)).first()
        number, journal = (0, Digest(bytes(32))) if row is None else (row.id, Digest(row.journal))
        rows, octets = [], []
        for record in records:
            number += 1
            journal = record.journal(journal)
            rows.append(
                {
                    "id": number,
                    "leaf": record.leaf,
                    "issuer": record.issuer,
                    "kind": int(record.kind),
                    "credential_id": record.credential_id,
                    "subject": record.subject,
                    "created_s": record.created_s,
                    "journal": journal,
                }
            )
            seal = _seal(record.token, record.payload)
            octets.append({"statement": number, "payload": record.payload, "seal": seal})
        self._connection.execute(statements.insert(), rows)
        self._connection.execute(statement_octets.insert(), octets)

    def statement(self, leaf: Leaf) -> StoredStatement | None:
        """By its name."""
        row = self._connection.execute(_KEPT.where(statements.c.leaf == leaf)).one_or_none()
        return None if row is None else _stored(row)

    def statements(
        self,
        *,
        subject: str | None = None,
        credential_id: str | None = None,
        issuer: MemberId | None = None,
        kind: BatchKind | None = None,
        limit: int = 100,
    ) -> tuple[StoredStatement, ...]:
        """Those that match every given value, newest first."""
        query = _KEPT.order_by(statements.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(statements.c.subject == subject)
        if credential_id is not None:
            query = query.where(statements.c.credential_id == credential_id)
        if issuer is not None:
            query = query.where(statements.c.issuer == issuer)
        if kind is not None:
            query = query.where(statements.c.kind == int(kind))
        return tuple(_stored(row) for row in self._connection.execute(query))

    def all_statements(self) -> Iterator[StoredStatement]:
        """Every statement that was not erased, in the order of storing."""
        query = _KEPT.order_by(statements.c.id)
        rows = self._connection.execution_options(yield_per=_READ_AT_ONCE).execute(query)
        for row in rows:
            yield _stored(row)

    def journal(self) -> Iterator[StoredStatement | Erasure]:
        """Every statement and every tombstone in the order of storing."""
        query = _JOURNAL.order_by(statements.c.id)
        rows = self._connection.execution_options(yield_per=_READ_AT_ONCE).execute(query)
        for row in rows:
            yield _stored(row) if row.erased_s is None else _erasure(row)

    def erase(self, leaf: Leaf, at_s: UnixSeconds, reason: ErasureReason) -> bool:
        """Destroy a statement's octets, ids and idempotency keys, and leave a tombstone."""
        found = sa.select(statements.c.id).where(statements.c.leaf == leaf, ~_ERASED)
        number = self._connection.execute(found).scalar_one_or_none()
        if number is None:
            return False
        run = self._connection.execute
        run(statement_octets.delete().where(statement_octets.c.statement == number))
        run(idempotency.delete().where(idempotency.c.answer == leaf))
        blank = {"credential_id": "", "subject": ""}
        run(statements.update().where(statements.c.id == number).values(**blank))
        tombstone = {"statement": number, "erased_s": at_s, "reason": reason.value}
        run(erasures.insert().values(**tombstone))
        return True

    def erasure(self, leaf: Leaf) -> Erasure | None:
        """The tombstone of a leaf."""
        query = _TOMBSTONES.where(statements.c.leaf == leaf)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _erasure(row)

    def unbatched(self, issuer: MemberId, kind: BatchKind, limit: int) -> tuple[Leaf, ...]:
        """Leaves in no batch, oldest first."""
        query = (
            sa.select(statements.c.leaf)
            .where(statements.c.batch.is_(None), ~_ERASED)
            .where(statements.c.issuer == issuer, statements.c.kind == int(kind))
            .order_by(statements.c.id)
            .limit(limit)
        )
        return tuple(self._connection.execute(query).scalars())

    def unbatched_kinds(self, issuer: MemberId) -> Mapping[BatchKind, int]:
        """How many leaves of each kind are in no batch."""
        query = (
            sa.select(statements.c.kind, sa.func.count().label("leaves"))
            .where(statements.c.batch.is_(None), ~_ERASED, statements.c.issuer == issuer)
            .group_by(statements.c.kind)
            .order_by(statements.c.kind)
        )
        return dict(_kind_count(row) for row in self._connection.execute(query))

    def count_statements(self) -> Mapping[StatementState, int]:
        """How many statements are in each state."""
        joined = statements.outerjoin(intents, statements.c.batch == intents.c.batch)
        query = (
            sa.select(intents.c.state, sa.func.count())
            .select_from(joined)
            .group_by(intents.c.state)
        )
        counts = dict.fromkeys(StatementState, 0)
        for state, count in self._connection.execute(query):
            counts[_STATE_OF_INTENT[state]] = count
        return counts

    def add_batch(
        self, issuer: MemberId, kind: BatchKind, root: BatchRoot, leaves: Sequence[Leaf]
    ) -> Intent:
        """Make a batch of these leaves, in this order, and the intent to anchor it."""
        made = self._connection.execute(
            batches.insert().values(
                issuer=issuer, kind=int(kind), root=root, size=len(leaves), leaves=b"".join(leaves)
            )
        )
        number = _new_id(made)
        self._place(number, issuer, kind, leaves)
        intent = self._connection.execute(
            intents.insert().values(state="open", batch=number, code="", message="")
        )
        batch = Batch(number, issuer, root, kind, len(leaves), None)
        return Intent(_new_id(intent), IntentState.OPEN, batch, "", "")

    def _place(
        self, number: int, issuer: MemberId, kind: BatchKind, leaves: Sequence[Leaf]
    ) -> None:
        """Put the oldest unbatched statements into a batch; they must be these leaves."""
        oldest = (
            sa.select(
                statements.c.id,
                (sa.func.row_number().over(order_by=statements.c.id) - 1).label("at"),
            )
            .where(statements.c.batch.is_(None), ~_ERASED)
            .where(statements.c.issuer == issuer, statements.c.kind == int(kind))
            .order_by(statements.c.id)
            .limit(len(leaves))
            .subquery()
        )
        self._connection.execute(
            statements.update()
            .where(statements.c.id == oldest.c.id)
            .values(batch=number, position=oldest.c.at)
        )
        query = sa.select(statements.c.leaf).where(statements.c.batch == number)
        placed = self._connection.execute(query.order_by(statements.c.position)).scalars()
        if list(placed) != list(leaves):
            raise StoreError("store.constraint", "these leaves are not the oldest in no batch")

    def batches(self) -> tuple[Batch, ...]:
        """All batches in the order of making."""
        query = sa.select(*_BATCH_COLUMNS).order_by(batches.c.id)
        return tuple(_plain_batch(row) for row in self._connection.execute(query))

    def batch(self, number: int) -> Batch | None:
        """One batch."""
        query = sa.select(*_BATCH_COLUMNS).where(batches.c.id == number)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _plain_batch(row)

    def last_sequence(self, issuer: MemberId) -> int:
        """The highest sequence number of a settled batch, 0 if there is none."""
        query = sa.select(sa.func.max(batches.c.sequence)).where(batches.c.issuer == issuer)
        return self._connection.execute(query).scalar() or 0

    def batch_leaves(self, number: int) -> bytes:
        """Leaf digests of a batch, in order, 32 octets each."""
        query = sa.select(batches.c.leaves).where(batches.c.id == number)
        return bytes(self._connection.execute(query).scalar_one_or_none() or b"")

    def idempotent(self, key: str) -> tuple[Digest, bytes] | None:
        """Digest of the body that came with the key, and what was answered."""
        query = sa.select(idempotency.c.body_digest, idempotency.c.answer).where(
            idempotency.c.key == key
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else (Digest(row.body_digest), row.answer)

    def remember(
        self, key: str, body_digest: Digest, answer: bytes, created_s: UnixSeconds
    ) -> None:
        """Keep an idempotency key; it must be new."""
        self._connection.execute(
            idempotency.insert().values(
                key=key, body_digest=body_digest, answer=answer, created_s=created_s
            )
        )


def _new_id(made: sa.CursorResult[Any]) -> int:
    key = made.inserted_primary_key
    assert key is not None  # every table that is asked has one
    return int(key[0])
