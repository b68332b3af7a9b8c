"""Windows of validity: half open in UTC seconds, written as whole days of a zone.

A certificate "until 30 September" ends when that day ends where it was written, so the day and its
offset belong together; Chile's offset is not the same at both ends of a year. One rule for ends:
[from, until), as everywhere (DESIGN 2, docs/spec/statements.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from veta.claims.languages import Language, day, zone
from veta.errors import InputError

DAY_S: Final = 86_400
_LAST_S: Final = 253_402_300_800
"""First second of the year 10000."""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """[from_s, until_s) in Unix seconds, and the offset that each end was written in.

    Raises:
        InputError: ``claims.window_order`` where it ends before or when it starts,
            ``claims.window_range``, ``claims.zone``.
    """

    from_s: int
    until_s: int
    from_offset_s: int = 0
    """Seconds east of UTC."""
    until_offset_s: int = 0

    def __post_init__(self) -> None:
        for offset_s in (self.from_offset_s, self.until_offset_s):
            if not -12 * 3600 <= offset_s <= 14 * 3600 or offset_s % 900:
                raise InputError("claims.zone", "an offset is -12:00 to +14:00 by quarter hours")
        if not 0 <= self.from_s <= _LAST_S or not 0 <= self.until_s <= _LAST_S:
            raise InputError("claims.window_range", "a validity is between the years 1970 and 9999")
        if self.from_s >= self.until_s:
            raise InputError("claims.window_order", "the validity ends before it starts")

    @classmethod
    def of_days(
        cls, first: str, last: str, *, from_offset_s: int = 0, until_offset_s: int = 0
    ) -> Self:
        """All of the days from ``first`` to ``last``, both ISO 8601 dates without zone.

        Raises:
            InputError: ``claims.day``, and as the class.
        """
        begin = _day_number(first) * DAY_S - from_offset_s
        end = (_day_number(last) + 1) * DAY_S - until_offset_s
        return cls(begin, end, from_offset_s, until_offset_s)

    def require_days(self) -> None:
        """Both ends lie at midnight of the zone they were written in.

        Raises:
            InputError: ``claims.day_edge``: the printed day would not be the day that counts.
        """
        if (self.from_s + self.from_offset_s) % DAY_S or (
            self.until_s + self.until_offset_s
        ) % DAY_S:
            raise InputError(
                "claims.day_edge", "a validity in days does not begin and end at midnight there"
            )

    def holds_at(self, at_s: int) -> bool:
        """Whether a moment lies inside."""
        return self.from_s <= at_s < self.until_s

    def covers(self, from_s: int, until_s: int) -> bool:
        """Whether all of [from_s, until_s) lies inside."""
        return self.from_s <= from_s and until_s <= self.until_s

    def both(self, other: Window) -> Window:
        """What lies in both; each end keeps the zone it was written in.

        Raises:
            InputError: ``claims.window_order`` where nothing does.
        """
        start = max((self, other), key=lambda each: each.from_s)
        end = min((self, other), key=lambda each: each.until_s)
        return Window(start.from_s, end.until_s, start.from_offset_s, end.until_offset_s)

    def words(self, language: Language) -> tuple[str, str]:
        """First and last day as the language writes them; zones where they differ from each other.

        A day is printed only if all of it is inside: the first is rounded up, the last down.

        Raises:
            InputError: ``claims.no_whole_day``.
        """
        first = -(-(self.from_s + self.from_offset_s) // DAY_S)
        last = (self.until_s + self.until_offset_s) // DAY_S - 1
        if last < first:
            raise InputError("claims.no_whole_day", "the validity has no whole day to print")
        begin, end = day(first, language), day(last, language)
        if self.from_offset_s != self.until_offset_s:
            begin += f" ({zone(self.from_offset_s)})"
        return begin, f"{end} ({zone(self.until_offset_s)})"


def _day_number(text: str) -> int:
    try:
        written = text if _DATE.fullmatch(text) else ""
        return date.fromisoformat(written).toordinal() - _EPOCH_DAY
    except ValueError as error:
        raise InputError("claims.day", "a day is written YYYY-MM-DD") from error
