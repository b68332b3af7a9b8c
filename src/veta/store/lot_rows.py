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
from veta.model.lots import LotId, PeriodUse, SiteId, TakeRecord
from veta.model.periods import Period
from veta.ports.lot_store import PLACE_BITS, CreditAccount, Place
from veta.ports.store import FollowedBody
from veta.store import lot_values as values
from veta.store.lot_schema import (
    ceiling_uses,
    credit_changes,
    lot_batch_ends,
    lot_batches,
    lot_changes,
    lot_run_parts,
    lot_runs,
    lot_takes,
    opened_lots,
    period_uses,
    variance_changes,
)
from veta.store.lot_values import Values

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
TAKES: Final = sa.select(lot_takes, opened_lots.c.lot.label("lot_id")).select_from(
    lot_takes.outerjoin(opened_lots, lot_takes.c.lot == opened_lots.c.id)
)


def place_of(block: int, log_index: int) -> int:
    """Where on the chain something was said."""
    return block << PLACE_BITS | log_index


def is_of_lots(body: object) -> bool:
    """Whether a followed body is one of the lot book's or of custody's."""
    return isinstance(body, LotEventBody)


class LotRowWriter:
    """Collects the rows of a chunk of blocks; knows the places that later rows point to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._batches: dict[tuple[int, bytes], int] = {}
        self._opened: dict[bytes, int] = {}

    def rows(self, followed: FollowedBody) -> Iterator[tuple[str, Values]]:
        """Table and values of each row that a body makes."""
        place = place_of(followed.block, followed.log_index)
        log: Values = {
            "id": place,
            "block": followed.block,
            "log_index": followed.log_index,
            "transaction_id": followed.transaction_id,
        }
        match followed.body:
            case LotBatch() as body:
                self._batches[body.header.issuer, body.header.root] = place
                yield "lot_batches", log | values.batch_values(body)
            case LotBatchEnded() as body:
                yield "lot_batch_ends", log | values.end_values(body)
            case LotRun() as body:
                yield "lot_runs", log | values.run_values(body)
                yield from self._parts(body, place, followed.block)
            case LotOpened() as body:
                self._opened[body.lot] = place
                batch = self._place_of_batch(body.issuer, body.root)
                yield "opened_lots", log | values.opened_values(body, batch)
            case LotChange() as body:
                yield "lot_changes", log | values.change_values(body)
            case body:
                table, content = values.account_values(body)  # type: ignore[arg-type]  # the rest
                yield table, log | content

    def _parts(self, body: LotRun, run: int, block: int) -> Iterator[tuple[str, Values]]:
        for position, take in enumerate(body.takes):
            edge = {"run": run, "position": position, "lot": self._place_of_lot(take.lot)}
            yield "lot_takes", {**edge, "taken": take.taken, "amount": take.amount, "block": block}
        for part, position, first, second, quantity in values.part_rows(body):
            yield (
                "lot_run_parts",
                {
                    "run": run,
                    "part": int(part),
                    "position": position,
                    "first": first,
                    "second": second,
                    "quantity": quantity,
                    "block": block,
                },
            )

    def _place_of_batch(self, issuer: int, root: bytes) -> int:
        known = self._batches.get((issuer, root))
        if known is not None:
            return known
        query = sa.select(lot_batches.c.id)
        query = query.where(lot_batches.c.issuer == issuer, lot_batches.c.root == root)
        return self._known(query, "a batch")

    def _place_of_lot(self, lot: bytes) -> int:
        known = self._opened.get(lot)
        if known is not None:
            return known
        return self._known(sa.select(opened_lots.c.id).where(opened_lots.c.lot == lot), "a lot")

    def _known(self, query: sa.Select[Any], what: str) -> int:
        found: int | None = self._connection.execute(query).scalar()
        if found is None:
            raise StoreError("store.constraint", f"{what} is named before it came to be")
        return found


def lot_bodies(
    connection: Connection, first: BlockNumber, last: BlockNumber
) -> Iterator[FollowedBody]:
    """All bodies of lots in a range of blocks, in no order.

    Raises:
        StoreError: ``store.corrupt``.
    """
    for table, read in _FLAT.values():
        for row in _between(connection, sa.select(table), table, first, last):
            yield _placed(row, read(row))
    for row in _between(connection, OPENED, opened_lots, first, last):
        yield _placed(row, values.read_opened(row))
    for row in _between(connection, sa.select(lot_runs), lot_runs, first, last):
        yield _placed(row, _run(connection, row))


def _between(
    connection: Connection, query: sa.Select[Any], table: sa.Table, first: int, last: int
) -> Sequence[Row[Any]]:
    return connection.execute(query.where(table.c.block.between(first, last))).all()


def _placed(row: Row[Any], body: LotEventBody) -> FollowedBody:
    if row.id != place_of(row.block, row.log_index):
        raise StoreError("store.corrupt", "a row is not where it says")
    place = (BlockNumber(row.block), row.log_index, TransactionId(row.transaction_id))
    return FollowedBody(*place, body)


def _run(connection: Connection, row: Row[Any]) -> LotRun:
    takes = connection.execute(
        TAKES.where(lot_takes.c.run == row.id).order_by(lot_takes.c.position)
    ).all()
    parts = connection.execute(
        sa.select(lot_run_parts)
        .where(lot_run_parts.c.run == row.id)
        .order_by(lot_run_parts.c.part, lot_run_parts.c.position)
    ).all()
    return run_of_rows(row, takes, parts)


def run_of_rows(row: Row[Any], takes: Sequence[Row[Any]], parts: Sequence[Row[Any]]) -> LotRun:
    """A run out of its row, those of its takes and those of its parts, in their order.

    Raises:
        StoreError: ``store.corrupt``.
    """
    taken: list[TakeRecord] = [values.read_take(take) for take in takes]
    run = values.run_reader(taken, [values.read_part(part) for part in parts])(row)
    _require_written(run, row, takes, parts)
    return run


def _require_written(
    run: LotRun, row: Row[Any], takes: Sequence[Row[Any]], parts: Sequence[Row[Any]]
) -> None:
    """The rows of a run are those that it would be written as, every column of them."""
    written = [(int(part), *rest, row.block) for part, *rest in values.part_rows(run)]
    found = [(p.part, p.position, p.first, p.second, p.quantity, p.block) for p in parts]
    edges = [(take.position, take.block) for take in takes]
    if sorted(written) != found or edges != [(at, row.block) for at in range(len(takes))]:
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
        return None if row is None else _run(self._connection, row)

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
        given = sa.select(lot_changes.c.lot).where(lot_changes.c.to_member == member)
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
