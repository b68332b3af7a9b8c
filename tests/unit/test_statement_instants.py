"""Times in documents: zones, ends of windows, edges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.errors import InputError
from veta.model.identifiers import UnixSeconds
from veta.statement.instants import (
    instant_offset_s,
    read_date,
    read_end,
    read_instant,
    write_instant,
)


def seconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-09-30",
        "2026-09-30T23:59:59",
        "2026-09-30 23:59:59Z",
        "2026-09-30t23:59:59z",
        "2026-09-30T23:59Z",
        "2026-09-30T24:00:00Z",
        "2026-09-30T23:59:60Z",
        "2026-09-30T23:60:00Z",
        "2026-09-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "26-09-30T00:00:00Z",
        "2026-9-30T00:00:00Z",
        "2026-09-30T00:00:00+0300",
        "2026-09-30T00:00:00+3:00",
        "2026-09-30T00:00:00+25:00",
        "2026-09-30T00:00:00.Z",
        "2026-09-30T00:00:00,5Z",
        "2026-09-30T00:00:00.1234567890Z",
        "2026-09-30T00:00:00ZZ",
        " 2026-09-30T00:00:00Z",
        "2026-09-30T00:00:00Z\n",
        "２０２６-09-30T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "0000-01-01T00:00:00Z",
        "2026-273T00:00:00Z",
        "2026-W40-3T00:00:00Z",
        "2026-09-30T00:00:00Z" * 5,
        "now",
        "1790000000",
    ],
)
def test_read_instant__anything_but_rfc_3339_with_zone__refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_instant(text)
    assert refused.value.code in {"instant.malformed", "instant.range"}


@pytest.mark.row("A59")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-30T23:59:00Z", seconds(2026, 9, 30, 23, 59)),
        ("2026-09-30T23:59:00-03:00", seconds(2026, 10, 1, 2, 59)),
        ("2026-09-30T23:59:00+14:00", seconds(2026, 9, 30, 9, 59)),
        ("2026-09-30T23:59:00-00:00", seconds(2026, 9, 30, 23, 59)),
        ("2026-09-30T23:59:59.000Z", seconds(2026, 9, 30, 23, 59, 59)),
        ("2026-09-30T23:59:59.000000001Z", seconds(2026, 10, 1)),
        ("2024-02-29T12:00:00Z", seconds(2024, 2, 29, 12)),
        ("1970-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59Z", seconds(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_read_instant__zone_and_fraction__one_unix_second(text: str, expected: int) -> None:
    assert read_instant(text) == expected


@pytest.mark.row("A59")
@pytest.mark.parametrize(
    ("text", "document_offset_s", "expected"),
    [
        # Written in Santiago (-03:00), read in UTC: the day ends three hours later.
        ("2026-09-30", -3 * 3600, seconds(2026, 10, 1, 3)),
        ("2026-09-30", 0, seconds(2026, 10, 1)),
        ("2026-09-30-03:00", 0, seconds(2026, 10, 1, 3)),
        ("2026-09-30-03:00", 9 * 3600, seconds(2026, 10, 1, 3)),
        ("2026-09-30Z", -3 * 3600, seconds(2026, 10, 1)),
        ("2026-09-30", 9 * 3600, seconds(2026, 9, 30, 15)),
        ("2026-09-30T23:59:59-03:00", 0, seconds(2026, 10, 1, 2, 59, 59)),
        ("2026-12-31", 0, seconds(2027, 1, 1)),
        ("2028-02-28", 0, seconds(2028, 2, 29)),
    ],
)
def test_read_end__date_only__first_second_of_the_next_day_in_its_offset(
    text: str, document_offset_s: int, expected: int
) -> None:
    end_s = read_end(text, document_offset_s=document_offset_s)
    assert end_s == expected
    assert read_instant(write_instant(UnixSeconds(end_s - 1))) < end_s


def test_read_end__no_such_day__refused() -> None:
    for text in ("2026-09-31", "2026-9-30", "2026-09", "2026-09-30+99:00", "20260930"):
        with pytest.raises(InputError):
            read_end(text)


def test_read_date__zone_or_time__refused() -> None:
    assert read_date("1970-01-02") == 1
    for text in ("1970-01-02Z", "1970-01-02T00:00:00Z", "1970-1-2", "x" * 500):
        with pytest.raises(InputError):
            read_date(text)


def test_instant_offset_s__each_zone__seconds_east() -> None:
    assert instant_offset_s("2026-09-30T00:00:00Z") == 0
    assert instant_offset_s("2026-09-30T00:00:00-03:30") == -12_600
    with pytest.raises(InputError):
        instant_offset_s("2026-09-30")


def test_write_instant__beyond_the_calendar__refused() -> None:
    for value in (-1, seconds(9999, 12, 31, 23, 59, 59) + 1, 2**64 - 1):
        with pytest.raises(InputError) as refused:
            write_instant(UnixSeconds(value))
        assert refused.value.code == "instant.range"


@given(st.integers(0, seconds(9999, 12, 31, 23, 59, 59)))
def test_write_instant__any_second__read_back(value: int) -> None:
    text = write_instant(UnixSeconds(value))
    assert read_instant(text) == value
    assert text == datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


@given(
    st.integers(86_400, seconds(9998, 1, 1)).map(lambda value: datetime.fromtimestamp(value, UTC)),
    st.integers(-14 * 60, 14 * 60),
)
def test_read_instant__any_offset__same_as_the_standard_library(
    moment: datetime, minutes: int
) -> None:
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = moment.replace(tzinfo=None).isoformat() + zone
    assert read_instant(text) == int(datetime.fromisoformat(text).timestamp())
