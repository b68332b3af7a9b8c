"""Lots as this node knows them: followed from the chain, and its own before they are opened."""

from __future__ import annotations

from dataclasses import dataclass

from veta.custody.encoding import lot_commitment, lot_id
from veta.errors import ConflictError, InputError, NotFoundError, StoreError
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot_tree import LotKey
from veta.model.lots import LotId, LotRecord, OpenedLot, Opening
from veta.ports.lot_store import LotPlace
from veta.ports.store import Store, StoreWork
from veta.services.lot_state import folded
from veta.sum_trees import SumTree

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
    """Proves lots of the member's own batches; keeps the tree of the last batch asked."""

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
            batch = work.lot_batch(place.batch.issuer, place.batch.root)
        if batch is None:
            raise ConflictError("lot.not_issued", "the lot's batch is not on the chain yet")
        tree = self._tree(place)
        key, leaf = entry_of(place)
        return Opening(
            header=batch.header,
            columns=place.batch.columns,
            salt=place.batch.salt,
            lot_key=key,
            statement_leaf=leaf,
            quantities=quantities_of(place),
            index=place.index,
            path=b"".join(tree.inclusion(place.index).path),
        )

    def _tree(self, place: LotPlace) -> SumTree:
        if self._kept is not None and self._kept[0] == place.batch.root:
            return self._kept[1]
        tree = tree_of(place)
        self._kept = (place.batch.root, tree)
        return tree


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


def entry_of(place: LotPlace) -> tuple[LotKey, Leaf]:
    """Lot key and statement leaf."""
    start = place.index * _ENTRY
    entry = place.batch.leaves[start : start + _ENTRY]
    return LotKey(entry[:_DIGEST]), Leaf(entry[_DIGEST:])


def quantities_of(place: LotPlace) -> tuple[int, ...]:
    """Quantities of the lot, beside the batch's columns."""
    width = len(place.batch.columns) * _LANE
    octets = place.batch.quantities[place.index * width : (place.index + 1) * width]
    return tuple(int.from_bytes(octets[at : at + _LANE]) for at in range(0, len(octets), _LANE))


def tree_of(place: LotPlace) -> SumTree:
    """The tree of a batch, from what is kept of it.

    Raises:
        StoreError: ``store.corrupt`` if it has another root.
    """
    batch = place.batch
    count = len(batch.leaves) // _ENTRY
    places = (LotPlace(batch, place.intent, index) for index in range(count))
    try:
        tree = SumTree(
            ((*entry_of(each), quantities_of(each)) for each in places), len(batch.columns)
        )
        sound = tree.root == batch.root
    except InputError as error:
        raise StoreError("store.corrupt", "the lots of a batch are damaged") from error
    if not sound or count != len(batch.lots):
        raise StoreError("store.corrupt", "the lots of a batch do not make its root")
    return tree


def own_lot_ids(member: MemberId, keys: list[LotKey]) -> tuple[LotId, ...]:
    """Ids of lots of a member."""
    return tuple(lot_id(member, key) for key in keys)
