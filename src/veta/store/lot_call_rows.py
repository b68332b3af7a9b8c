"""What the node means to do with lots, and its own batches, as rows."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row, RowMapping

from veta.errors import StoreError
from veta.model.identifiers import Digest, Leaf, MemberId
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import LotId, ProductClassId
from veta.ports.ledger import Call
from veta.ports.lot_store import (
    PAGE_LOTS,
    LotCall,
    LotPage,
    LotPlace,
    LotVerb,
    OwnBatchName,
    OwnLotBatch,
)
from veta.ports.store import Intent, IntentState
from veta.store.engine import sound
from veta.store.lot_intents import call_values, intent_values, read_lot_call
from veta.store.lot_schema import lot_calls, own_lot_batches, own_lot_pages, own_lots
from veta.store.lot_values import packed_keys, unpacked_keys
from veta.store.schema import intents
from veta.store.statement_rows import INTENTS, read_intent

_ENTRY: Final = 64
"""Octets of a lot's key and statement leaf."""
_LANE: Final = 8


class LotCallRows:
    """Implements ``LotCallWork``."""

    _connection: Connection

    def add_lot_call(self, call: LotCall, batches: Sequence[OwnLotBatch] = ()) -> Intent:
        """The intent to make a call; an equal one is returned instead if it still counts."""
        same = self.standing_lot_call(call.request)
        if same is not None:
            return same
        made = self._connection.execute(
            intents.insert().values(state="open", code="", message="", **intent_values(call))
        )
        number = _new_id(made)
        self._connection.execute(lot_calls.insert().values(**call_values(number, call)))
        for batch in batches:
            self._add_batch(number, batch)
        return Intent(number, IntentState.OPEN, call, "", "")

    def _add_batch(self, intent: int, batch: OwnLotBatch) -> None:
        made = self._connection.execute(
            own_lot_batches.insert().values(
                intent=intent,
                output=batch.output,
                issuer=batch.issuer,
                root=batch.root,
                product_class=batch.product_class,
                columns=packed_keys(batch.columns),
                salt=batch.salt,
            )
        )
        number = _new_id(made)
        self._connection.execute(own_lot_pages.insert(), list(_page_rows(number, batch)))
        rows = [
            {"batch": number, "position": position, "lot": lot}
            for position, lot in enumerate(batch.lots)
        ]
        self._connection.execute(own_lots.insert(), rows)

    def standing_lot_call(self, request: Digest) -> Intent | None:
        """The newest intent of an equal request, if it is open, or done and happens only once."""
        query = INTENTS.where(lot_calls.c.request == request).order_by(intents.c.id.desc())
        row = self._connection.execute(query.limit(1)).first()
        intent = None if row is None else read_intent(row)
        return intent if intent is not None and _counts(intent) else None

    def own_lot_batches(self, intent: int) -> tuple[OwnLotBatch, ...]:
        """Batches that an intent makes, by output."""
        query = sa.select(own_lot_batches).where(own_lot_batches.c.intent == intent)
        rows = self._connection.execute(query.order_by(own_lot_batches.c.output)).all()
        return tuple(self._batch(row) for row in rows)

    def own_run(self, issuer: MemberId, root: LotRoot) -> Call | None:
        """The call of the member's own run that makes a batch."""
        query = (
            sa.select(lot_calls)
            .join(own_lot_batches, own_lot_batches.c.intent == lot_calls.c.intent)
            .where(own_lot_batches.c.issuer == issuer, own_lot_batches.c.root == root)
            .where(lot_calls.c.verb == LotVerb.RUN.value)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _read_call(row)

    def own_lot(self, lot: LotId) -> LotPlace | None:
        """Where a lot of the member's own is: the newest batch that has it and was not refused."""
        refused = intents.c.state == IntentState.HELD.value
        query = (
            sa.select(own_lot_batches, own_lots.c.position)
            .join(own_lots, own_lots.c.batch == own_lot_batches.c.id)
            .join(intents, intents.c.id == own_lot_batches.c.intent)
            .where(own_lots.c.lot == lot)
            .order_by(sa.case((refused, 1), else_=0), own_lot_batches.c.id.desc())
        )
        row = self._connection.execute(query.limit(1)).first()
        if row is None:
            return None
        page = self._pages(row.id, only=row.position // PAGE_LOTS)
        if len(page) != 1:
            raise StoreError("store.corrupt", "the lots of a batch are not in their places")
        return _read_place(row, page[0])

    def own_lot_page(self, place: LotPlace) -> LotPage:
        """The page of a lot."""
        query = sa.select(own_lot_batches.c.id).where(
            own_lot_batches.c.issuer == place.batch.issuer,
            own_lot_batches.c.root == place.batch.root,
        )
        number = self._connection.execute(query).scalar_one()
        (page,) = self._pages(number, only=place.index // PAGE_LOTS)
        nodes = sa.select(own_lot_pages.c.node).where(own_lot_pages.c.batch == number)
        found = self._connection.execute(nodes.order_by(own_lot_pages.c.page)).scalars()
        return LotPage(page.leaves, page.quantities, b"".join(found))

    def _pages(self, batch: int, only: int | None = None) -> Sequence[Row[Any]]:
        query = sa.select(own_lot_pages).where(own_lot_pages.c.batch == batch)
        if only is not None:
            query = query.where(own_lot_pages.c.page == only)
        return self._connection.execute(query.order_by(own_lot_pages.c.page)).all()

    def all_own_lot_batches(self) -> Sequence[tuple[int, OwnLotBatch]]:
        """Every batch with its intent."""
        query = sa.select(own_lot_batches).order_by(own_lot_batches.c.id)
        return [(row.intent, self._batch(row)) for row in self._connection.execute(query).all()]

    def _batch(self, row: Row[Any]) -> OwnLotBatch:
        query = sa.select(own_lots.c.position, own_lots.c.lot).where(own_lots.c.batch == row.id)
        found = self._connection.execute(query.order_by(own_lots.c.position)).all()
        if [lot.position for lot in found] != list(range(len(found))):
            raise StoreError("store.corrupt", "the lots of a batch are not in their places")
        pages = self._pages(row.id)
        if [page.page for page in pages] != list(range(-(-len(found) // PAGE_LOTS))):
            raise StoreError("store.corrupt", "the pages of a batch are not in their places")
        return _read_batch(tuple(LotId(lot.lot) for lot in found), row, pages)


def _read_call(row: RowMapping) -> Call:
    try:
        return read_lot_call(row).call
    except (ValueError, TypeError) as error:
        raise StoreError("store.corrupt", "a row holds an impossible value") from error


def _counts(intent: Intent) -> bool:
    assert isinstance(intent.subject, LotCall)  # it was found by its call
    done = intent.state is IntentState.DONE and intent.subject.verb.happens_once
    return intent.state is IntentState.OPEN or done


@sound
def _read_name(row: Row[Any]) -> OwnBatchName:
    return OwnBatchName(
        issuer=MemberId(row.issuer),
        root=LotRoot(row.root),
        output=row.output,
        product_class=ProductClassId(row.product_class),
        columns=unpacked_keys(row.columns),
        salt=row.salt,
    )


def _read_place(row: Row[Any], page: Row[Any]) -> LotPlace:
    name, at = _read_name(row), row.position % PAGE_LOTS
    entry = page.leaves[at * _ENTRY : (at + 1) * _ENTRY]
    width = _LANE * len(name.columns)
    octets = page.quantities[at * width : (at + 1) * width]
    if len(entry) != _ENTRY or len(octets) != width:
        raise StoreError("store.corrupt", "the lots of a batch are not in their places")
    return LotPlace(
        batch=name,
        intent=row.intent,
        index=row.position,
        lot_key=LotKey(entry[: _ENTRY // 2]),
        statement_leaf=Leaf(entry[_ENTRY // 2 :]),
        quantities=struct.unpack(f">{len(name.columns)}Q", octets),
    )


def _read_batch(lots: tuple[LotId, ...], row: Row[Any], pages: Sequence[Row[Any]]) -> OwnLotBatch:
    name = _read_name(row)
    return OwnLotBatch(
        issuer=name.issuer,
        root=name.root,
        output=name.output,
        product_class=name.product_class,
        columns=name.columns,
        salt=name.salt,
        leaves=b"".join(page.leaves for page in pages),
        quantities=b"".join(page.quantities for page in pages),
        lots=lots,
        nodes=b"".join(page.node for page in pages),
    )


def _page_rows(number: int, batch: OwnLotBatch) -> Iterator[dict[str, Any]]:
    """Pages of a batch as rows."""
    lane = _LANE * len(batch.columns)
    leaves, quantities, node = PAGE_LOTS * _ENTRY, PAGE_LOTS * lane, _ENTRY // 2 + lane
    for page in range(-(-len(batch.lots) // PAGE_LOTS)):
        yield {
            "batch": number,
            "page": page,
            "leaves": batch.leaves[page * leaves : (page + 1) * leaves],
            "quantities": batch.quantities[page * quantities : (page + 1) * quantities],
            "node": batch.nodes[page * node : (page + 1) * node],
        }


def _new_id(made: sa.CursorResult[Any]) -> int:
    key = made.inserted_primary_key
    assert key is not None  # every table that is asked has one
    return int(key[0])
