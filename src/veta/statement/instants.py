"""Times in documents, as Unix seconds: one rule for starts and ends.

Windows are half open, [from, to). A date-only end D means D+1 00:00 in the document's offset, UTC
if it has none: a certificate valid until 30 September is valid during that whole day where it was
written. Fractions of a second are rounded up, which moves neither edge for whole seconds.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from veta.errors import InputError
from veta.model.identifiers import UnixSeconds

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_S: Final = 86_400
_LONGEST: Final = 40
_ZONE: Final = r"(Z|[+-](?:0\d|1[0-4]):[0-5]\d)"
_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?" + _ZONE, re.ASCII
)
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})" + _ZONE + "?", re.ASCII)


def read_instant(text: str) -> UnixSeconds:
    """Unix seconds of an RFC 3339 date-time with its zone, upper-case ``T`` and ``Z``.

    Leap seconds are refused: they have no Unix second of their own.

    Raises:
        InputError: ``instant.malformed``.
    """
    matched = _INSTANT.fullmatch(text[:_LONGEST])
    if matched is None or len(text) > _LONGEST:
        raise _malformed(text)
    day, hour, minute, second, fraction, zone = matched.groups()
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
    if fraction is not None and fraction.strip(".0"):
        seconds += 1
    return _unix(text, _day_number(day) * _DAY_S + seconds - offset_s(zone))


def read_date(text: str) -> int:
    """Days since 1970-01-01 of an ISO 8601 calendar date without zone.

    Raises:
        InputError: ``instant.malformed``.
    """
    matched = _DATE.fullmatch(text[:_LONGEST])
    if matched is None or matched[2] is not None or len(text) > _LONGEST:
        raise _malformed(text)
    return _day_number(matched[1])


def read_end(text: str, *, document_offset_s: int = 0) -> UnixSeconds:
    """First second at which a window that ends with ``text`` is over.

    Args:
        text: an RFC 3339 date-time, or a date with or without a zone.
        document_offset_s: offset of the document, for a date without zone; 0 = UTC.

    Raises:
        InputError: ``instant.malformed``.
    """
    matched = _DATE.fullmatch(text[:_LONGEST])
    if matched is None or len(text) > _LONGEST:
        return read_instant(text)
    zone_s = document_offset_s if matched[2] is None else offset_s(matched[2])
    return _unix(text, (_day_number(matched[1]) + 1) * _DAY_S - zone_s)


def instant_offset_s(text: str) -> int:
    """Offset of an RFC 3339 date-time, in seconds east of UTC.

    Raises:
        InputError: ``instant.malformed``.
    """
    read_instant(text)
    return offset_s(text[-6:] if text[-1] != "Z" else "Z")


def offset_s(zone: str) -> int:
    """Seconds east of UTC of ``Z`` or ``+hh:mm``; ``-00:00`` says unknown and counts as UTC."""
    if zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds


def write_instant(seconds: UnixSeconds) -> str:
    """The RFC 3339 date-time in UTC of a Unix second, as Veta issues it.

    Raises:
        InputError: ``instant.range``: before 1970 or after the year 9999.
    """
    if not 0 <= seconds < (date.max.toordinal() + 1 - _EPOCH_DAY) * _DAY_S:
        raise InputError("instant.range", "the time is before 1970 or after the year 9999")
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _day_number(text: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError as error:
        raise _malformed(text) from error


def _unix(text: str, seconds: int) -> UnixSeconds:
    if seconds < 0:
        raise InputError("instant.range", f"{text[:_LONGEST]!r} is before 1970")
    return UnixSeconds(seconds)


def _malformed(text: str) -> InputError:
    return InputError(
        "instant.malformed", f"{text[:_LONGEST]!r} is no RFC 3339 date-time with its zone"
    )
