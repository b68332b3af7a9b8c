"""UTC calendar quarters: the period of capacity, ceilings, credit, variance and gains (DESIGN 4.4).

A period's number is year * 4 + (0 to 3). Something produced in [from, to) belongs to the quarter of
to - 1, its last second: capacity used one second before and after a period's end is used in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.model.periods import Period

_LAST_YEAR: Final = 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400
_LAST_S: Final = (datetime(_LAST_YEAR, 12, 31, tzinfo=UTC) - _EPOCH).days * _DAY_S + _DAY_S - 1


def period_of(time_s: int) -> Period:
    """Number of the quarter that a moment lies in.

    Raises:
        InputError: ``custody.time_range`` outside the years 1970 to 9999.
    """
    if not 0 <= time_s <= _LAST_S:
        raise InputError("custody.time_range", "a moment lies outside the years 1970 to 9999")
    moment = datetime.fromtimestamp(time_s, tz=UTC)
    return Period(moment.year * 4 + (moment.month - 1) // 3)


def period_of_production(produced_to_s: int) -> Period:
    """Period of what was produced up to (and not at) a moment.

    Raises:
        InputError: ``custody.time_range``.
    """
    return period_of(produced_to_s - 1)


def period_window(period: Period) -> tuple[UnixSeconds, UnixSeconds]:
    """The quarter as [from, to).

    Raises:
        InputError: ``custody.time_range``.
    """
    return _start(period), _start(Period(period + 1))


def period_name(period: Period) -> str:
    """``2026-Q2``."""
    return f"{period // 4}-Q{period % 4 + 1}"


def usable(period: Period, now: Period, credit_periods: int) -> bool:
    """Whether credit that came in ``period`` can be drawn in ``now``."""
    return period <= now <= period + credit_periods


def available(balances: Mapping[Period, int], now: Period, credit_periods: int) -> int:
    """Credit of an account that can be drawn in ``now``."""
    return sum(held for at, held in balances.items() if usable(at, now, credit_periods))


def drawn_oldest_first(
    balances: Mapping[Period, int], quantity: int, now: Period, credit_periods: int
) -> dict[Period, int]:
    """What a draw takes of each period's balance, oldest first; less than asked if it is short."""
    drawn: dict[Period, int] = {}
    for at in sorted(balances):
        if usable(at, now, credit_periods) and quantity > 0 and balances[at] > 0:
            drawn[at] = min(quantity, balances[at])
            quantity -= drawn[at]
    return drawn


def _start(period: Period) -> UnixSeconds:
    year, quarter = divmod(period, 4)
    if not 1970 <= year <= _LAST_YEAR:
        raise InputError("custody.time_range", "a period lies outside the years 1970 to 9999")
    start = datetime(year, quarter * 3 + 1, 1, tzinfo=UTC)
    return UnixSeconds((start - _EPOCH).days * _DAY_S)
