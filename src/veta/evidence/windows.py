"""Windows of time: half open, [from, to), in Unix seconds (DESIGN 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from veta.errors import InputError

_LAST_S: Final = 253_402_300_800
"""First second after the year 9999."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """[from, to): a validity, or the period that a value speaks of.

    Attributes:
        from_s: first second of it, Unix seconds.
        to_s: first second after it.

    Raises:
        InputError: ``evidence.window_empty`` if it ends before or when it starts,
            ``evidence.time_range`` outside the years 1970 to 9999.
    """

    from_s: int
    to_s: int

    def __post_init__(self) -> None:
        for at_s in (self.from_s, self.to_s):
            if type(at_s) is not int or not 0 <= at_s <= _LAST_S:
                message = "a time is no whole second of the years 1970 to 9999"
                raise InputError("evidence.time_range", message)
        if self.to_s <= self.from_s:
            raise InputError(
                "evidence.window_empty",
                f"a window from {instant(self.from_s)} ends at {instant(self.to_s)}, "
                "which is not after it",
            )

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.to_s - self.from_s

    @property
    def length(self) -> str:
        """In words: ``a year from 01-01``, ``3 months``, ``86400 s``. Years count as equally
        long, months too, if they start at midnight UTC; a year starts on its day of the year.
        """
        start, end = _moment(self.from_s), _moment(self.to_s)
        if self.to_s == _LAST_S or start.time() != end.time() or start.day != end.day:
            return f"{self.seconds} s"
        months = (end.year - start.year) * 12 + end.month - start.month
        if start.time() != datetime.min.time() or months == 0:
            return f"{self.seconds} s"
        if months == 12:
            return f"a year from {start:%m-%d}"
        return f"{months} months"

    def holds(self, at_s: int) -> bool:
        """Whether a moment lies in it."""
        return self.from_s <= at_s < self.to_s

    def covers(self, other: Window) -> bool:
        """Whether all of another window lies in it."""
        return self.from_s <= other.from_s and other.to_s <= self.to_s

    def words(self) -> str:
        """``2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z``."""
        return f"{instant(self.from_s)} to {instant(self.to_s)}"


def year(number: int) -> Window:
    """A calendar year in UTC.

    Raises:
        InputError: ``evidence.time_range``.
    """
    if type(number) is not int or not 1970 <= number <= 9999:
        raise InputError("evidence.time_range", "a year lies outside 1970 to 9999")
    start = _seconds(datetime(number, 1, 1, tzinfo=UTC))
    end = _LAST_S if number == 9999 else _seconds(datetime(number + 1, 1, 1, tzinfo=UTC))
    return Window(start, end)


def year_of(window: Window) -> int | None:
    """The calendar year (UTC) that a window is, exactly; ``None`` if it is none."""
    number = _moment(window.from_s).year
    return number if year(number) == window else None


def instant(at_s: int) -> str:
    """RFC 3339 text in UTC; the first second after 9999 is written as the year 10000."""
    if at_s == _LAST_S:
        return "10000-01-01T00:00:00Z"
    return _moment(at_s).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at_s: int) -> datetime:
    return _EPOCH + timedelta(seconds=min(at_s, _LAST_S - 1))


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)
