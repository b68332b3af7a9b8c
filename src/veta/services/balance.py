"""Balance: what a member holds, and what its sites have done and may still draw, as followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from veta.custody.columns import column_of
from veta.custody.periods import period_of, usable
from veta.custody.rounding import moved, rounds_up
from veta.errors import NotFoundError
from veta.model.columns import ColumnKey, SubstanceId
from veta.model.identifiers import MemberId
from veta.model.lots import LotState, PeriodUse, SiteId
from veta.model.periods import Period
from veta.model.registry_events import SiteRegistered
from veta.ports.ledger import Ledger
from veta.ports.lot_store import CreditAccount
from veta.ports.store import Store
from veta.services.lot_reading import KnownLot, known_lot

IN_HAND = frozenset({LotState.HELD, LotState.OFFERED})


@dataclass(frozen=True, slots=True)
class HeldLot:
    """A lot in a member's custody and what is left in it."""

    known: KnownLot
    left: Mapping[ColumnKey, int]


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """An account and whether it can still be drawn."""

    account: CreditAccount
    usable: bool


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a member holds."""

    member: MemberId
    lots: tuple[HeldLot, ...]
    totals: Mapping[ColumnKey, int]
    """Left in all of them, by column."""


@dataclass(frozen=True, slots=True)
class SiteBalance:
    """What a site did, and its credit."""

    site: SiteId
    uses: Mapping[tuple[SubstanceId, Period], PeriodUse]
    credit: tuple[CreditBalance, ...]


class BalanceDesk:
    """Adds up what the store has followed.

    Args:
        store: as followed.
        ledger: asked for the time and for how long credit lives.
    """

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger

    def holdings(self, member: MemberId) -> Holdings:
        """Opened lots that a member holds or has on offer; what nobody opened is not among them."""
        with self._store.read() as work:
            known = [known_lot(work, lot) for lot in work.lots_of(member)]
        held = tuple(
            HeldLot(each, left_in(each))
            for each in known
            if each.record.holder == member and each.record.state in IN_HAND
        )
        totals: dict[ColumnKey, int] = {}
        for each in held:
            for key, quantity in each.left.items():
                totals[key] = totals.get(key, 0) + quantity
        return Holdings(member, held, dict(sorted(totals.items())))

    def site(self, site: SiteId) -> SiteBalance:
        """Uses by period, and credit accounts with their age.

        Raises:
            NotFoundError: ``registry.unknown_site``: never registered, and nothing made there.
            LedgerUnavailableError: the chain cannot be asked.
        """
        head = self._ledger.head()
        periods = self._ledger.lots.lot_rules(head).credit_periods
        now = period_of(head.time_s)
        with self._store.read() as work:
            accounts, uses = work.credit_accounts(site), work.period_uses(site)
            registered = work.said(SiteRegistered, site=site)
            if not (accounts or uses or registered):
                message = f"site {site} is not known here: no registration of it was followed"
                raise NotFoundError("registry.unknown_site", message)
        credit = tuple(
            CreditBalance(account, usable(account.period, now, periods))
            for account in accounts
            if account.balance
        )
        return SiteBalance(site, uses, credit)


def left_in(known: KnownLot) -> dict[ColumnKey, int]:
    """What a take of the whole remainder would move, column by column."""
    opened, taken = known.opened, known.record.taken
    pairs = zip(opened.columns, opened.quantities, strict=True)
    return {
        key: moved(quantity, known.total, taken, known.left, up=rounds_up(column_of(key)))
        for key, quantity in pairs
    }
