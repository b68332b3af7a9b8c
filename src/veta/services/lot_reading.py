"""Lots as this node knows them: followed from the chain, and its own before they are opened."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from veta.custody.encoding import lot_commitment, lot_id
from veta.errors import ConflictError, InputError, NotFoundError, StoreError
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotKey
from veta.model.lots import LotId, LotRecord, OpenedLot, Opening
from veta.ports.lot_store import LotPage, LotPlace, OwnLotBatch
from veta.ports.store import Store, StoreWork
from veta.services.lot_state import folded
from veta.sum_trees import SumTree, page_nodes, paged_inclusion

_DIGEST = 32
_ENTRY = 64
_LANE = 8


@dataclass(frozen=True, slots=True)
class KnownLot:
    """An opened lot as followed: what has its commitment, and its slots."""

    lot: LotId
    opened: OpenedLot
    record: LotRecord

    @property
    def total(self) -> int:
        """Of the reference column."""
        at = self.opened.columns.index(self.opened.header.reference_column)
        return self.opened.quantities[at]

    @property
    def left(self) -> int:
        """Of the reference column, what is not taken."""
        return self.total - self.record.taken


def known_lot(work: StoreWork, lot: LotId) -> KnownLot:
    """An opened lot as followed.

    Raises:
        NotFoundError: ``lot.unopened``.
        StoreError: ``store.corrupt``.
    """
    event = work.opened_lot(lot)
    if event is None:
        raise NotFoundError("lot.unopened", f"no opened lot 0x{lot.hex()} is known here")
    batch = work.lot_batch(event.issuer, event.root)
    if batch is None or lot_id(event.issuer, event.lot_key) != lot:
        raise StoreError("store.corrupt", "a lot is not of the batch that it was opened from")
    opened = OpenedLot(
        header=batch.header,
        columns=event.columns,
        index=event.index,
        lot_key=event.lot_key,
        statement_leaf=event.statement_leaf,
        quantities=event.quantities,
    )
    now, record = folded(opened, work.lot_changes(lot))
    return KnownLot(lot, now, record)


class OpeningDesk:
    """Proves lots of the member's own batches, each from one page of its batch.

    Batches that were stored before there were pages have no nodes over them: for these the tree of
    the last batch asked is built from all lots, and kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[bytes, SumTree] | None = None

    def opening(self, lot: LotId) -> Opening:
        """What opens a lot.

        Raises:
            NotFoundError: ``lot.not_ours``.
            ConflictError: ``lot.not_issued``: its batch is not on the chain as followed.
            StoreError: ``store.corrupt`` if what is kept does not make the batch's root.
        """
        with self._store.read() as work:
            place = work.own_lot(lot)
            if place is None:
                raise NotFoundError("lot.not_ours", f"no lot 0x{lot.hex()} of ours is kept")
            name = place.batch
            batch = work.lot_batch(name.issuer, name.root)
            page = work.own_lot_page(place)
            path = self._paged(place, page) if page.nodes else self._whole(work, place)
        if batch is None:
            raise ConflictError("lot.not_issued", "the lot's batch is not on the chain yet")
        return Opening(
            header=batch.header,
            columns=name.columns,
            salt=name.salt,
            lot_key=place.lot_key,
            statement_leaf=place.statement_leaf,
            quantities=place.quantities,
            index=place.index,
            path=b"".join(path),
        )

    def _paged(self, place: LotPlace, page: LotPage) -> tuple[bytes, ...]:
        name, columns = place.batch, len(place.batch.columns)
        lots = kept_lots(page.leaves, page.quantities, columns)
        try:
            proof, root = paged_inclusion(lots, page.nodes, place.index, columns)
        except InputError as error:
            raise StoreError("store.corrupt", "the lots of a batch are damaged") from error
        if root != name.root:
            raise StoreError("store.corrupt", "the lots of a batch do not make its root")
        return proof.path

    def _whole(self, work: StoreWork, place: LotPlace) -> tuple[bytes, ...]:
        root = place.batch.root
        if self._kept is None or self._kept[0] != root:
            batches = work.own_lot_batches(place.intent)
            (whole,) = [batch for batch in batches if batch.root == root]
            self._kept = (root, tree_of(whole))
        return self._kept[1].inclusion(place.index).path


def commitment_of(opening: Opening) -> bytes:
    """The commitment that a lot gets by its opening."""
    return lot_commitment(
        OpenedLot(
            opening.header,
            opening.columns,
            opening.index,
            opening.lot_key,
            opening.statement_leaf,
            opening.quantities,
        )
    )


def kept_lots(
    leaves: bytes, quantities: bytes, columns: int
) -> Iterator[tuple[bytes, bytes, tuple[int, ...]]]:
    """Lot key, statement leaf and quantities of each lot, out of what is kept of a batch.

    Raises:
        StoreError: ``store.corrupt``: not as many of the one as of the other.
    """
    count, rest = divmod(len(leaves), _ENTRY)
    if rest or len(quantities) != count * columns * _LANE:
        raise StoreError("store.corrupt", "the lots of a batch are damaged")
    rows = struct.iter_unpack(f">{columns}Q", quantities)
    names = struct.iter_unpack(f"{_DIGEST}s{_DIGEST}s", leaves)
    return ((key, leaf, row) for (key, leaf), row in zip(names, rows, strict=True))


def tree_of(batch: OwnLotBatch) -> SumTree:
    """The tree of a batch, from what is kept of it.

    Raises:
        StoreError: ``store.corrupt`` if it has another root, or other nodes over its pages.
    """
    columns = len(batch.columns)
    try:
        tree = SumTree(kept_lots(batch.leaves, batch.quantities, columns), columns)
    except InputError as error:
        raise StoreError("store.corrupt", "the lots of a batch are damaged") from error
    if tree.root != batch.root or tree.size != len(batch.lots):
        raise StoreError("store.corrupt", "the lots of a batch do not make its root")
    if batch.nodes and batch.nodes != page_nodes(tree):
        raise StoreError("store.corrupt", "the nodes over the pages of a batch are not its tree's")
    return tree


def own_lot_ids(member: MemberId, keys: list[LotKey]) -> tuple[LotId, ...]:
    """Ids of lots of a member."""
    return tuple(lot_id(member, key) for key in keys)
