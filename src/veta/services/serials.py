"""Accounts of counted things: which serial was issued, is still about, or ended once.

A serial is a lot of one unit (DESIGN 4.2): a tyre, a battery pack. The chain says how many units a
member issued at a site and what became of each that was opened; it holds no serials, so the list of
them comes from whoever accounts for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from veta.custody.columns import of_kind, sums_of
from veta.custody.encoding import lot_id
from veta.errors import InputError
from veta.model.columns import ColumnKind
from veta.model.identifiers import MemberId
from veta.model.lots import LotBatchKind, LotId, LotState, ProductClassId, SiteId
from veta.ports.store import Store, StoreWork
from veta.services.lot_reading import known_lot
from veta.services.run_file import word_of
from veta.sum_trees import lot_key

_ENDED = frozenset({LotState.RETIRED, LotState.CONSUMED})
"""Retired, or gone into another lot: of a whole unit either happens once."""


@dataclass(frozen=True, slots=True)
class SerialAccount:
    """All units of one product class that a member issued at a site, against a list of serials."""

    issued: int
    """Units in batches on chain that stand."""
    listed: int
    """Serials in the list."""
    states: dict[LotState, int]
    """Of the listed: how many are unopened, held, offered, consumed, retired, exited."""
    open: tuple[tuple[str, LotState], ...]
    """Listed serials that have not ended, with their state, in the order of the list."""

    @property
    def ended(self) -> int:
        """Retired, or used in another lot."""
        return sum(self.states.get(state, 0) for state in _ENDED)

    @property
    def unlisted(self) -> int:
        """Issued units that the list does not name; below 0: it names more than were issued."""
        return self.issued - self.listed

    @property
    def ended_ppm(self) -> int | None:
        """Ended of issued, rounded down; ``None`` where nothing was issued."""
        return self.ended * 1_000_000 // self.issued if self.issued else None


class SerialDesk:
    """Accounts for serials as followed.

    Args:
        store: as followed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def account(
        self, issuer: MemberId, site: SiteId, product_class: ProductClassId, serials: Iterable[str]
    ) -> SerialAccount:
        """What became of a list of serials, beside how many units were issued.

        Raises:
            InputError: ``serials.twice``: a serial stands in the list twice; as
                ``sum_trees.lot_key``.
        """
        seen: set[LotId] = set()
        states: dict[LotState, int] = {}
        left: list[tuple[str, LotState]] = []
        with self._store.read() as work:
            issued = _issued(work, issuer, site, product_class)
            for serial in serials:
                key = lot_key(issuer, site=site, product_class=product_class, batch_number=serial)
                lot = lot_id(issuer, key)
                if lot in seen:
                    raise InputError("serials.twice", f"serial {serial} stands in the list twice")
                seen.add(lot)
                state = _state(work, lot)
                states[state] = states.get(state, 0) + 1
                if state not in _ENDED:
                    left.append((serial, state))
        return SerialAccount(issued, len(seen), states, tuple(left))


def _issued(work: StoreWork, issuer: MemberId, site: SiteId, product_class: ProductClassId) -> int:
    """Units of the class in all batches of the site that came in or were assembled there."""
    total = 0
    for batch in work.lot_batches(issuer):
        header = batch.header
        ours = (header.site, header.product_class) == (site, product_class)
        if not ours or header.kind is LotBatchKind.NONE:
            continue
        if work.lot_batch_end(issuer, header.root) is not None:
            continue  # withdrawn, or another batch of equal totals stands in its place
        told = batch
        while not told.columns:
            replaced = work.replaced_batch(issuer, told.header.root)
            if replaced is None:
                break
            told = replaced
        held = sums_of(told.columns, told.sums)
        total += sum(held[key] for key in of_kind(held, ColumnKind.UNIT))
    return total


def _state(work: StoreWork, lot: LotId) -> LotState:
    if work.opened_lot(lot) is None:
        return LotState.UNOPENED
    return known_lot(work, lot).record.state


def account_json(account: SerialAccount) -> dict[str, Any]:
    """An account as a document."""
    return {
        "issued": account.issued,
        "listed": account.listed,
        "unlisted": account.unlisted,
        "ended": account.ended,
        "endedPpm": account.ended_ppm,
        "states": {word_of(state): count for state, count in sorted(account.states.items())},
        "open": [{"serial": serial, "state": word_of(state)} for serial, state in account.open],
    }
