"""Intents, nonces and signed transactions as rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.model.identifiers import AccountAddress, BlockNumber, TransactionId
from veta.ports.ledger import Call
from veta.ports.store import (
    Attempt,
    Intent,
    IntentState,
    NewTransaction,
    OutboxEntry,
    StatusChange,
    TransactionState,
)
from veta.store.engine import sound
from veta.store.schema import attempts, batches, intents, outbox
from veta.store.statement_rows import INTENTS, read_intent

_MESSAGE_LENGTH: Final = 500

# Written out, not bound: only then does SQLite see that a partial index holds all that is asked.
_PENDING: Final = outbox.c.state == sa.literal_column("'pending'")
_UNSETTLED: Final = intents.c.state != sa.literal_column("'done'")


@sound
def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(TransactionId(row.transaction_id), row.raw, row.max_fee, row.max_priority_fee)


class OutboxRows:
    """Implements ``OutboxWork``."""

    _connection: Connection

    def add_status_change(self, change: StatusChange) -> Intent:
        """The intent to append to a status list; an equal open one is returned instead."""
        values = {
            "action": int(change.action),
            "issuer": change.issuer,
            "leaf": change.leaf,
            "reason": int(change.reason),
            "effective_s": change.effective_s,
            "related": change.related,
        }
        same = [intents.c[name].is_not_distinct_from(value) for name, value in values.items()]
        query = INTENTS.where(_UNSETTLED, intents.c.state == "open", *same)
        row = self._connection.execute(query).first()
        if row is not None:
            return read_intent(row)
        made = self._connection.execute(
            intents.insert().values(state="open", after=change.after, code="", message="", **values)
        )
        key = made.inserted_primary_key
        assert key is not None  # the table has one
        return Intent(int(key[0]), IntentState.OPEN, change, "", "")

    def intent(self, number: int) -> Intent | None:
        """One intent."""
        row = self._connection.execute(INTENTS.where(intents.c.id == number)).one_or_none()
        return None if row is None else read_intent(row)

    def batch_intent(self, batch: int) -> Intent | None:
        """The intent that anchors a batch."""
        row = self._connection.execute(INTENTS.where(intents.c.batch == batch)).one_or_none()
        return None if row is None else read_intent(row)

    def intents(self, state: IntentState) -> tuple[Intent, ...]:
        """All intents in a state, oldest first."""
        query = INTENTS.where(intents.c.state == state.value).order_by(intents.c.id)
        if state is not IntentState.DONE:
            query = query.where(_UNSETTLED)
        return tuple(read_intent(row) for row in self._connection.execute(query))

    def stranded(self) -> tuple[Intent, ...]:
        """Open intents with no nonce on the way, oldest first."""
        on_the_way = sa.exists().where(outbox.c.intent == intents.c.id, _PENDING)
        query = INTENTS.where(_UNSETTLED, intents.c.state == "open", ~on_the_way)
        rows = self._connection.execute(query.order_by(intents.c.id))
        return tuple(read_intent(row) for row in rows)

    def settle_intent(
        self, number: int, state: IntentState, *, code: str = "", message: str = ""
    ) -> None:
        """Say what became of it."""
        self._connection.execute(
            intents.update()
            .where(intents.c.id == number)
            .values(state=state.value, code=code, message=message[:_MESSAGE_LENGTH])
        )

    def settle_batch(self, number: int, sequence: int) -> None:
        """The sequence number under which a batch is anchored, finally."""
        self._connection.execute(
            batches.update().where(batches.c.id == number).values(sequence=sequence)
        )

    def next_nonce(self, account: AccountAddress) -> int:
        """One more than the highest nonce ever given out for the account, 0 if none was."""
        query = sa.select(outbox.c.nonce).where(outbox.c.account == account)
        last = self._connection.execute(query.order_by(outbox.c.nonce.desc()).limit(1)).scalar()
        return 0 if last is None else last + 1

    def add_transaction(self, new: NewTransaction) -> OutboxEntry:
        """Give a nonce to an intent; (account, nonce) is unique for ever."""
        made = self._connection.execute(
            outbox.insert().values(
                intent=new.intent,
                account=new.account,
                nonce=new.nonce,
                purpose=new.call.purpose,
                to_address=new.call.to,
                call_data=new.call.data,
                gas_limit=new.call.gas_limit,
                sequence=new.sequence,
                state=TransactionState.PENDING.value,
                message="",
            )
        )
        key = made.inserted_primary_key
        assert key is not None  # the table has one
        number = int(key[0])
        self.add_attempt(number, new.attempt)
        return OutboxEntry(
            number=number,
            intent=new.intent,
            account=new.account,
            nonce=new.nonce,
            call=new.call,
            sequence=new.sequence,
            state=TransactionState.PENDING,
            attempts=(new.attempt,),
        )

    def add_attempt(self, entry: int, attempt: Attempt) -> None:
        """Remember another transaction for the same nonce, before it is sent."""
        self._connection.execute(
            attempts.insert().values(
                entry=entry,
                transaction_id=attempt.transaction_id,
                raw=attempt.raw,
                max_fee=attempt.max_fee,
                max_priority_fee=attempt.max_priority_fee,
            )
        )

    def pending(self, account: AccountAddress) -> tuple[OutboxEntry, ...]:
        """Entries not settled, by nonce."""
        return self._entries(outbox.c.account == account, _PENDING)

    def count_pending(self, account: AccountAddress) -> int:
        """How many entries are not settled."""
        query = sa.select(sa.func.count()).where(outbox.c.account == account, _PENDING)
        return int(self._connection.execute(query).scalar_one())

    def is_pending(self, intent: int) -> bool:
        """Whether a nonce of the intent is not settled."""
        query = sa.select(outbox.c.id).where(outbox.c.intent == intent, _PENDING).limit(1)
        return self._connection.execute(query).first() is not None

    def last_pending_sequence(self, account: AccountAddress) -> int:
        """The highest sequence number in an entry that is not settled, 0 if there is none."""
        query = sa.select(sa.func.max(outbox.c.sequence)).where(
            outbox.c.account == account, _PENDING
        )
        return self._connection.execute(query).scalar() or 0

    def entries(self) -> tuple[OutboxEntry, ...]:
        """All entries, by account and nonce."""
        return self._entries()

    def entries_of(self, intent: int) -> tuple[OutboxEntry, ...]:
        """The entries that were given to an intent, oldest first."""
        return self._entries(outbox.c.intent == intent)

    def _entries(self, *conditions: sa.ColumnElement[bool]) -> tuple[OutboxEntry, ...]:
        query = (
            sa.select(attempts)
            .select_from(attempts.join(outbox, attempts.c.entry == outbox.c.id))
            .where(*conditions)
            .order_by(attempts.c.id)
        )
        tried: defaultdict[int, list[Attempt]] = defaultdict(list)
        for row in self._connection.execute(query):
            tried[row.entry].append(_attempt(row))
        rows = self._connection.execute(
            sa.select(outbox).where(*conditions).order_by(outbox.c.account, outbox.c.nonce)
        )
        return tuple(replace(_untried(row), attempts=tuple(tried[row.id])) for row in rows)

    def settle_entry(
        self,
        number: int,
        state: TransactionState,
        *,
        transaction_id: TransactionId | None = None,
        block: BlockNumber | None = None,
        message: str = "",
    ) -> None:
        """Say what became of a nonce."""
        self._connection.execute(
            outbox.update()
            .where(outbox.c.id == number)
            .values(
                state=state.value,
                transaction_id=transaction_id,
                block=block,
                message=message[:_MESSAGE_LENGTH],
            )
        )


@sound
def _untried(row: Row[Any]) -> OutboxEntry:
    call = Call(AccountAddress(row.to_address), row.call_data, row.gas_limit, row.purpose)
    return OutboxEntry(
        number=row.id,
        intent=row.intent,
        account=AccountAddress(row.account),
        nonce=row.nonce,
        call=call,
        sequence=row.sequence,
        state=TransactionState(row.state),
        attempts=(),
        included=None if row.block is None else _included(row),
    )


def _included(row: Row[Any]) -> tuple[TransactionId, BlockNumber]:
    return TransactionId(row.transaction_id), BlockNumber(row.block)
