"""Lots as the chain recorded them: rows that a reorganisation can take back, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from veta.errors import StoreError
from veta.model.columns import ProgrammeId, SubstanceId
from veta.model.identifiers import BlockNumber, Digest, MemberId, TransactionId
from veta.model.lineage import RunOrder
from veta.model.lot_events import (
    LotAction,
    LotBatch,
    LotBatchEnded,
    LotChange,
    LotEventBody,
    LotOpened,
    LotRun,
)
from veta.model.lot_tree import LotRoot
from veta.model.lots import LotId, PeriodUse, SiteId
from veta.model.periods import Period
from veta.ports.ledger import LedgerEventBody
from veta.ports.lot_store import PLACE_BITS, CreditAccount, Place
from veta.ports.store import FollowedBody
from veta.store import lot_values as values
from veta.store.lot_schema import (
    NO_PLACE,
    ceiling_uses,
    credit_changes,
    lot_batch_ends,
    lot_batches,
    lot_changes,
    lot_runs,
    lot_takes,
    opened_lots,
    period_uses,
    variance_changes,
)
from veta.store.run_octets import take_rows

_FLAT: Final[Mapping[str, tuple[sa.Table, Callable[[Row[Any]], LotEventBody]]]] = {
    "lot_batches": (lot_batches, values.read_batch),
    "lot_batch_ends": (lot_batch_ends, values.read_end),
    "lot_changes": (lot_changes, values.read_change),
    "period_uses": (period_uses, values.read_period_use),
    "ceiling_uses": (ceiling_uses, values.read_ceiling_use),
    "credit_changes": (credit_changes, values.read_credit),
    "variance_changes": (variance_changes, values.read_variance),
}
OPENED: Final = sa.select(opened_lots, lot_batches.c.issuer, lot_batches.c.root).select_from(
    # Outer, so that a lot without its batch is found to be corrupt and not merely missing.
    opened_lots.outerjoin(lot_batches, opened_lots.c.batch == lot_batches.c.id)
)
_OPENED_AND_MADE: Final = OPENED.add_columns(
    sa.func.coalesce(lot_runs.c.id, NO_PLACE).label("made_by"),
    lot_batches.c.reference_column.label("batch_column"),
).outerjoin(
    lot_runs,
    sa.and_(lot_runs.c.issuer == lot_batches.c.issuer, lot_runs.c.cause == lot_batches.c.cause),
)
_GIVEN: Final = sa.text("lot_changes.to_member <> 0")  # as its index has it


def place_of(block: int, log_index: int) -> int:
    """Where on the chain something was said."""
    return block << PLACE_BITS | log_index


def lot_bodies(
    connection: Connection, first: BlockNumber, last: BlockNumber
) -> Iterator[FollowedBody]:
    """All bodies of lots in a range of blocks, in no order.

    Raises:
        StoreError: ``store.corrupt``; also where rows point to others than they should.
    """
    for table, read in _FLAT.values():
        for row in rows_between(connection, sa.select(table), table, first, last):
            yield placed(row, read(row))
    for row in rows_between(connection, _OPENED_AND_MADE, opened_lots, first, last):
        if (row.run, row.reference_column) != (row.made_by, row.batch_column):
            raise StoreError("store.corrupt", "a lot is of another run than its batch")
        yield placed(row, values.read_opened(row))
    for row in rows_between(connection, sa.select(lot_runs), lot_runs, first, last):
        body = values.read_run(row)
        _require_pointing(connection, row)
        yield placed(row, body)


def rows_between(
    connection: Connection, query: sa.Select[Any], table: sa.Table, first: int, last: int
) -> Sequence[Row[Any]]:
    """Rows of a range of blocks, of a table whose rows are named by their place."""
    places = table.c.id.between(place_of(first, 0), place_of(last + 1, 0) - 1)
    return connection.execute(query.where(places)).all()


def placed(row: Row[Any], body: LedgerEventBody) -> FollowedBody:
    """A body at the place that its row names.

    Raises:
        StoreError: ``store.corrupt``.
    """
    if row.id != place_of(row.block, row.log_index):
        raise StoreError("store.corrupt", "a row is not where it says")
    return FollowedBody(
        BlockNumber(row.block), row.log_index, TransactionId(row.transaction_id), body
    )


def _require_pointing(connection: Connection, row: Row[Any]) -> None:
    """The takes of a run point to the lots that they name, and the lots are told of the run."""
    query = (
        sa.select(lot_takes.c.position, opened_lots.c.lot, opened_lots.c.id, opened_lots.c.run)
        .select_from(lot_takes.outerjoin(opened_lots, lot_takes.c.lot == opened_lots.c.id))
        .where(lot_takes.c.run == row.id)
        .order_by(lot_takes.c.position)
    )
    found = [tuple(each) for each in connection.execute(query)]
    told = [(at, *take[:3]) for at, take in enumerate(take_rows(row.takes))]
    if found != told:
        raise StoreError("store.corrupt", "a run is not what its rows say")


class FollowedLotRows:
    """Implements ``FollowedLotWork``."""

    _connection: Connection

    def lot_batch(self, issuer: MemberId, root: LotRoot) -> LotBatch | None:
        """A batch as it was issued, or as it took another's place."""
        row = self._first(_of(lot_batches, issuer=issuer, root=root))
        return None if row is None else values.read_batch(row)

    def lot_batches(self, issuer: MemberId) -> tuple[LotBatch, ...]:
        """All batches of a member in the order of the chain."""
        query = _of(lot_batches, issuer=issuer).order_by(lot_batches.c.id)
        return tuple(values.read_batch(row) for row in self._connection.execute(query))

    def lot_batch_end(self, issuer: MemberId, root: LotRoot) -> LotBatchEnded | None:
        """How a batch ended."""
        row = self._first(_of(lot_batch_ends, issuer=issuer, root=root))
        return None if row is None else values.read_end(row)

    def replaced_batch(self, issuer: MemberId, root: LotRoot) -> LotBatch | None:
        """The batch whose place the batch took."""
        row = self._first(_of(lot_batch_ends, issuer=issuer, replacement=root))
        return None if row is None else self.lot_batch(issuer, values.read_end(row).root)

    def batches_of_run(self, issuer: MemberId, cause: Digest) -> tuple[LotBatch, ...]:
        """What a run made, by output; a replacement stands where the replaced batch stood."""
        query = _of(lot_batches, issuer=issuer, cause=cause).order_by(lot_batches.c.id)
        found = [values.read_batch(row) for row in self._connection.execute(query)]
        made = [batch for batch in found if batch.columns]
        by_root = {batch.header.root: batch for batch in found}
        for at, batch in enumerate(made):
            end = self.lot_batch_end(issuer, batch.header.root)
            while end is not None and end.replacement is not None:
                made[at] = by_root[end.replacement]
                end = self.lot_batch_end(issuer, end.replacement)
        return tuple(made)

    def lot_run(self, order: RunOrder) -> LotRun | None:
        """A run by its place."""
        row = self._first(sa.select(lot_runs).where(lot_runs.c.id == order))
        return None if row is None else values.read_run(row)

    def run_of(self, issuer: MemberId, cause: Digest) -> RunOrder | None:
        """Place of the run that made batches of a cause."""
        row = self._first(_of(lot_runs, issuer=issuer, cause=cause))
        return None if row is None else RunOrder(row.id)

    def run_transaction(self, order: RunOrder) -> TransactionId | None:
        """The transaction that made a run."""
        row = self._first(sa.select(lot_runs.c.transaction_id).where(lot_runs.c.id == order))
        return None if row is None else TransactionId(bytes(row.transaction_id))

    def opening_transaction(self, lot: LotId) -> TransactionId | None:
        """The transaction that opened a lot."""
        row = self._first(_of(opened_lots, lot=lot).with_only_columns(opened_lots.c.transaction_id))
        return None if row is None else TransactionId(bytes(row.transaction_id))

    def runs_taking(self, lot: LotId) -> tuple[RunOrder, ...]:
        """Runs that took of a lot, each once, in order."""
        query = (
            sa.select(lot_takes.c.run)
            .join(opened_lots, lot_takes.c.lot == opened_lots.c.id)
            .where(opened_lots.c.lot == lot)
            .distinct()
            .order_by(lot_takes.c.run)
        )
        return tuple(RunOrder(run) for run in self._connection.execute(query).scalars())

    def opened_lot(self, lot: LotId) -> LotOpened | None:
        """What was opened."""
        row = self._first(OPENED.where(opened_lots.c.lot == lot))
        return None if row is None else values.read_opened(row)

    def opened_lots(self, issuer: MemberId, root: LotRoot) -> tuple[LotOpened, ...]:
        """Opened lots of a batch, in the order of opening."""
        query = OPENED.where(lot_batches.c.issuer == issuer, lot_batches.c.root == root)
        rows = self._connection.execute(query.order_by(opened_lots.c.id))
        return tuple(values.read_opened(row) for row in rows)

    def lot_changes(self, lot: LotId) -> tuple[LotChange, ...]:
        """What happened to a lot since it was opened, in order."""
        return tuple(change for _, change in self.lot_history(lot))

    def lot_history(self, lot: LotId) -> tuple[tuple[Place, LotChange], ...]:
        """The same, each with its place on the chain."""
        query = _of(lot_changes, lot=lot).order_by(lot_changes.c.id)
        rows = self._connection.execute(query)
        return tuple((Place(row.id), values.read_change(row)) for row in rows)

    def rebases(self, lot: LotId) -> tuple[tuple[Place, LotChange], ...]:
        """When a lot's quantities were set anew on receipt, in order."""
        query = _of(lot_changes, lot=lot, action=int(LotAction.REBASED)).order_by(lot_changes.c.id)
        rows = self._connection.execute(query)
        return tuple((Place(row.id), values.read_change(row)) for row in rows)

    def lots_of(self, member: MemberId) -> tuple[LotId, ...]:
        """Lots that a member opened or was offered or given, in the order of opening."""
        given = sa.select(lot_changes.c.lot).where(lot_changes.c.to_member == member, _GIVEN)
        back = sa.select(lot_changes.c.lot).where(
            lot_changes.c.by_member == member, lot_changes.c.action == int(LotAction.REENTERED)
        )
        query = (
            sa.select(opened_lots.c.lot)
            .join(lot_batches, opened_lots.c.batch == lot_batches.c.id)
            .where(
                (lot_batches.c.issuer == member)
                | opened_lots.c.lot.in_(given)
                | opened_lots.c.lot.in_(back)
            )
            .order_by(opened_lots.c.id)
        )
        return tuple(LotId(bytes(lot)) for lot in self._connection.execute(query).scalars())

    def credit_accounts(self, site: SiteId) -> tuple[CreditAccount, ...]:
        """A site's accounts as they last changed."""
        query = _of(credit_changes, site=site).order_by(credit_changes.c.id)
        newest: dict[tuple[ProgrammeId, SubstanceId, Period], int] = {}
        for row in self._connection.execute(query):
            body = values.read_credit(row)
            newest[body.programme, body.substance, body.period] = body.balance
        return tuple(CreditAccount(site, *key, newest[key]) for key in sorted(newest))

    def period_uses(self, site: SiteId) -> Mapping[tuple[SubstanceId, Period], PeriodUse]:
        """What a site did, by substance and period."""
        query = _of(period_uses, site=site).order_by(period_uses.c.id)
        bodies = map(values.read_period_use, self._connection.execute(query))
        return {(body.substance, body.period): body.use for body in bodies}

    def _first(self, query: sa.Select[Any]) -> Row[Any] | None:
        return self._connection.execute(query.limit(1)).first()


def _of(table: sa.Table, **wanted: object) -> sa.Select[Any]:
    return sa.select(table).where(*(table.c[name] == value for name, value in wanted.items()))
