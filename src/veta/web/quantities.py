"""Whole base units as people read them. No binary float is involved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_LATEST_S: Final = 253_402_300_799
"""9999-12-31T23:59:59Z."""


def decimal(value: int, places: int, *, keep: int = 0) -> str:
    """``value`` / 10**places exactly, thousands grouped; zeros beyond ``keep`` digits dropped."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**places)
    digits = f"{part:0{places}d}".rstrip("0") if places else ""
    digits = digits.ljust(keep, "0")
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")


def moment(seconds: int) -> str:
    """Date and time in UTC, to the minute."""
    return _utc(seconds).strftime("%-d %B %Y, %H:%M UTC")


def day(seconds: int) -> str:
    """Date in UTC."""
    return _utc(seconds).strftime("%-d %B %Y")


def machine_time(seconds: int) -> str:
    """RFC 3339, for ``<time datetime>``."""
    return _utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST_S), UTC)
