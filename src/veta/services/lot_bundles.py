"""Passports of lots with what shows them in the lot book, from what a node keeps and followed."""

from __future__ import annotations

from dataclasses import replace

from veta.errors import ConflictError, NotFoundError
from veta.model.bundle import StatementBundle
from veta.model.disclosure import DisclosedBatch, DisclosedRun, LotPart
from veta.model.lots import LotId
from veta.ports.store import Store
from veta.services.anchor import BundleDesk
from veta.services.disclosure import lot_part
from veta.services.lot_reading import OpeningDesk, known_lot


class LotBundleDesk:
    """Makes bundles of lots: the member's own by their path, others' by their slots.

    Args:
        store: as followed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._openings = OpeningDesk(store)
        self._statements = BundleDesk(store)

    def bundle(self, lot: LotId, runs: tuple[DisclosedRun, ...] = ()) -> StatementBundle:
        """A lot's first passport, the lot, and runs that its holder has been given.

        Args:
            lot: its id.
            runs: as their members disclosed them; see ``services.disclosure``.

        Raises:
            NotFoundError: ``lot.unopened``: not ours and never opened; ``statement.not_found``: the
                passport is not kept here.
            ConflictError: ``lot.not_issued``: its batch is not on the chain as followed.
            StoreError: ``store.corrupt``.
        """
        part = self.part(lot)
        return replace(self._statements.bundle(part.statement_leaf), lot=part, runs=runs)

    def part(self, lot: LotId) -> LotPart:
        """The lot in its batch, with its figures of now if measuring has changed them.

        Raises:
            NotFoundError, ConflictError, StoreError: as ``bundle``.
        """
        opened = self._opened(lot)
        try:
            own = lot_part(self._openings.opening(lot))
        except NotFoundError:
            if opened is None:
                raise NotFoundError(
                    "lot.unopened", f"no lot 0x{lot.hex()} is ours or was opened"
                ) from None
            return opened
        except ConflictError:
            if opened is None:
                raise
            return opened
        return own if opened is None else replace(own, rebased=opened.rebased)

    def _opened(self, lot: LotId) -> LotPart | None:
        """A lot that was opened, as its slots show it: no path is needed."""
        with self._store.read() as work:
            event = work.opened_lot(lot)
            if event is None:
                return None
            now = known_lot(work, lot).opened
        return LotPart(
            batch=DisclosedBatch(now.header),
            columns=event.columns,
            index=event.index,
            lot_key=event.lot_key,
            statement_leaf=event.statement_leaf,
            quantities=event.quantities,
            rebased=None if now.quantities == event.quantities else now.quantities,
        )
