"""Instrument series: what was measured when, and what is missing, flat or seen before.

Readings stand on a grid of equal steps. A slot without a reading is a gap and is never filled in.
Each reading is a leaf, so that one of them can be proven and none be edited; a revision is a new
version that names the one before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Final

from veta.canonical import write
from veta.errors import InputError, VerificationError
from veta.evidence.exact import amount_text, exact
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, Definition, MetricValue, digest_of
from veta.evidence.windows import Window, instant
from veta.model.identifiers import Digest

MOST_READINGS: Final = 100_000
"""Eleven years of hours; longer series are anchored in parts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement: Unix seconds of the slot's start, and the amount, exact."""

    at_s: int
    amount: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", exact(self.amount, "a reading"))


@dataclass(frozen=True)
class Series:
    """Readings of one instrument.

    Attributes:
        instrument: identifier of the device.
        definition: of what it measures; unit and text travel with every reading.
        boundary: where it measures.
        period: that the series covers; it starts on the grid.
        step_s: from slot to slot, seconds.
        readings: in order of time, at most one a slot.
        grade: by who signed it.
        previous: digest of the version that this one revises.
        reason: of the revision; empty in a first version.

    Raises:
        InputError: ``evidence.step``, ``evidence.too_many_readings``, ``evidence.reading_twice``,
            ``evidence.reading_order``, ``evidence.reading_off_grid``, ``evidence.reading_outside``,
            ``evidence.revision_reason``.
    """

    instrument: str
    definition: Definition
    boundary: Boundary
    period: Window
    step_s: int
    readings: tuple[Reading, ...]
    grade: AssuranceGrade
    previous: Digest | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if type(self.step_s) is not int or self.step_s < 1 or self.period.seconds % self.step_s:
            raise InputError("evidence.step", "the period is no whole number of steps")
        if self.slots > MOST_READINGS:
            message = f"{self.slots} slots, at most {MOST_READINGS} are one series"
            raise InputError("evidence.too_many_readings", message)
        if (self.previous is None) != (not self.reason.strip()):
            raise InputError(
                "evidence.revision_reason", "a revision, and nothing else, has a reason"
            )
        for reading in self.readings:
            if not self.period.holds(reading.at_s):
                raise _bad(reading, "outside", "lies outside the series")
            if (reading.at_s - self.period.from_s) % self.step_s:
                raise _bad(reading, "off_grid", "lies between two slots")
        for one, two in pairwise(self.readings):
            if one.at_s == two.at_s:
                raise _bad(two, "twice", "is given twice")
            if one.at_s > two.at_s:
                raise _bad(two, "order", "comes after a later one")

    @property
    def slots(self) -> int:
        """Readings that it would have without a gap."""
        return self.period.seconds // self.step_s

    def leaves(self) -> Iterator[bytes]:
        """Octets of each reading, as leaf data of an RFC 9162 tree: RFC 8785 of
        ``[instrument, definition digest, at, amount]``.
        """
        definition = self.definition.digest.hex()
        for reading in self.readings:
            amount = amount_text(reading.amount)
            yield write([self.instrument, definition, reading.at_s, amount])

    @cached_property
    def digest(self) -> Digest:
        """Over everything but the grade: another reading, gap, boundary or reason is another."""
        over = hashlib.sha256()
        for leaf in self.leaves():
            over.update(hashlib.sha256(b"\x00" + leaf).digest())
        return digest_of(
            {
                "type": "veta:series/1",
                "instrument": self.instrument,
                "definition": self.definition.digest.hex(),
                "boundary": self.boundary.digest.hex(),
                "fromSeconds": self.period.from_s,
                "toSeconds": self.period.to_s,
                "stepSeconds": self.step_s,
                "readings": len(self.readings),
                "leaves": over.hexdigest(),
                "previous": None if self.previous is None else self.previous.hex(),
                "reason": self.reason,
            }
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """Slots without a reading, one after another."""

    window: Window
    slots: int

    def words(self) -> str:
        """``gap of 6 readings from 2026-05-12T00:00:00Z to ...``."""
        return f"gap of {self.slots} readings from {self.window.words()}"


@dataclass(frozen=True, slots=True)
class FlatLine:
    """The same amount in slots one after another."""

    window: Window
    slots: int
    amount: Fraction

    def words(self) -> str:
        """``the same 12.5 in 30 readings from ...``."""
        return f"the same {amount_text(self.amount)} in {self.slots} readings from " + (
            self.window.words()
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """A stretch that repeats an earlier one, amount for amount."""

    window: Window
    slots: int
    original_s: int

    def words(self) -> str:
        """``24 readings from ... repeat those from ...``."""
        return f"{self.slots} readings from {self.window.words()} repeat those from " + instant(
            self.original_s
        )


@dataclass(frozen=True, slots=True)
class SeriesFindings:
    """What a reader of a series has to see."""

    gaps: tuple[Gap, ...]
    flat_lines: tuple[FlatLine, ...]
    replays: tuple[Replay, ...]
    readings: int
    slots: int


def inspect(series: Series, *, flat_slots: int, replay_slots: int) -> SeriesFindings:
    """Gaps, flat lines and replays of a series. They are shown; none of them is a verdict.

    Args:
        series: as signed.
        flat_slots: shortest run of one amount that is a flat line, at least 2.
        replay_slots: shortest repetition that is a replay, at least 2. Stretches of one amount only
            are flat lines and no replays; a stretch never repeats itself in part.

    Raises:
        InputError: ``evidence.finding_length``.
    """
    if min(flat_slots, replay_slots) < 2:
        raise InputError("evidence.finding_length", "one reading is no stretch of them")
    return SeriesFindings(
        tuple(_gaps(series)),
        tuple(_flat_lines(series, flat_slots)),
        tuple(_replays(series, replay_slots)),
        len(series.readings),
        series.slots,
    )


def sum_of(series: Series) -> MetricValue:
    """The sum of a series without gaps, as a value of its period.

    Raises:
        InputError: ``evidence.series_incomplete``: what was not measured is not nothing;
            ``evidence.not_additive`` for shares and intensities.
    """
    if len(series.readings) != series.slots:
        raise InputError(
            "evidence.series_incomplete",
            f"{series.slots - len(series.readings)} of {series.slots} readings are missing",
        )
    if series.definition.denominator:
        raise InputError("evidence.not_additive", "a share or intensity has no sum")
    amount = sum((reading.amount for reading in series.readings), Fraction(0))
    return MetricValue(amount, series.definition, series.boundary, series.period, series.grade)


def revised(
    series: Series, changes: Mapping[int, Fraction | None], reason: str, grade: AssuranceGrade
) -> Series:
    """A new version with other readings.

    Args:
        series: the version to revise; it stays what it is.
        changes: amount by time; ``None`` takes a reading away.
        reason: in words.
        grade: by who signed the revision.

    Raises:
        InputError: as ``Series``.
    """
    amounts: dict[int, Fraction | None] = {each.at_s: each.amount for each in series.readings}
    amounts.update(changes)
    readings = tuple(
        Reading(at_s, amount) for at_s, amount in sorted(amounts.items()) if amount is not None
    )
    return replace(series, readings=readings, grade=grade, previous=series.digest, reason=reason)


def changes_between(
    old: Series, new: Series
) -> Mapping[int, tuple[Fraction | None, Fraction | None]]:
    """What a revision changed: time -> amount before and after, ``None`` for no reading.

    Raises:
        VerificationError: ``evidence.broken_chain`` if ``new`` does not revise ``old``.
    """
    if new.previous != old.digest:
        message = "the series does not name the version that it is said to revise"
        raise VerificationError("evidence.broken_chain", message)
    before = {each.at_s: each.amount for each in old.readings}
    after = {each.at_s: each.amount for each in new.readings}
    return {
        at_s: (before.get(at_s), after.get(at_s))
        for at_s in sorted(before.keys() | after.keys())
        if before.get(at_s) != after.get(at_s)
    }


def _gaps(series: Series) -> Iterator[Gap]:
    expected = series.period.from_s
    for at_s in (*(each.at_s for each in series.readings), series.period.to_s):
        if at_s > expected:
            yield Gap(Window(expected, at_s), (at_s - expected) // series.step_s)
        expected = at_s + series.step_s


def _stretches(series: Series) -> Iterator[Sequence[Reading]]:
    """Readings without a gap between them."""
    start = 0
    for at in range(1, len(series.readings) + 1):
        ends = at == len(series.readings)
        if ends or series.readings[at].at_s - series.readings[at - 1].at_s != series.step_s:
            yield series.readings[start:at]
            start = at


def _flat_lines(series: Series, least: int) -> Iterator[FlatLine]:
    for stretch in _stretches(series):
        start = 0
        for at in range(1, len(stretch) + 1):
            if at == len(stretch) or stretch[at].amount != stretch[start].amount:
                if at - start >= least:
                    window = Window(stretch[start].at_s, stretch[at - 1].at_s + series.step_s)
                    yield FlatLine(window, at - start, stretch[start].amount)
                start = at


def _replays(series: Series, least: int) -> Iterator[Replay]:
    readings = series.readings
    numbers: dict[Fraction, int] = {}
    amounts = [numbers.setdefault(each.amount, len(numbers)) for each in readings]
    ends = [end for stretch in _ends(series) for end in stretch]
    runs = _run_ends(amounts)
    first: dict[tuple[int, int], int] = {}
    shown = 0
    for start, name in enumerate(_window_names(amounts, least)):
        if start + least > ends[start] or start + least <= runs[start]:
            continue
        original = first.setdefault(name, start)
        if start < shown or original + least > start:
            continue
        length, most = least, min(ends[start] - start, ends[original] - original, start - original)
        while length < most and amounts[original + length] == amounts[start + length]:
            length += 1
        shown = start + length
        window = Window(readings[start].at_s, readings[shown - 1].at_s + series.step_s)
        yield Replay(window, length, readings[original].at_s)


def _window_names(amounts: Sequence[int], length: int) -> list[tuple[int, int]]:
    """A name for each window of a length; equal names for equal windows and no others.

    Names of windows of 2w are pairs of names of windows of w, numbered again: exact, and of
    N log(length) steps, so that no series is too long to be looked at.
    """
    names, width = list(amounts), 1
    while width * 2 <= length:
        numbers: dict[tuple[int, int], int] = {}
        pairs = zip(names, names[width:], strict=False)
        names = [numbers.setdefault(pair, len(numbers)) for pair in pairs]
        width *= 2
    return list(zip(names, names[length - width :], strict=False))


def _run_ends(amounts: Sequence[int]) -> list[int]:
    """For each reading, the index after the last of the equal ones that begin with it."""
    ends = list(range(1, len(amounts) + 1))
    for at in range(len(amounts) - 2, -1, -1):
        if amounts[at] == amounts[at + 1]:
            ends[at] = ends[at + 1]
    return ends


def _ends(series: Series) -> Iterator[Sequence[int]]:
    """For each reading, the index after the last one of its stretch."""
    before = 0
    for stretch in _stretches(series):
        before += len(stretch)
        yield [before] * len(stretch)


def _bad(reading: Reading, code: str, words: str) -> InputError:
    return InputError(f"evidence.reading_{code}", f"the reading of second {reading.at_s} {words}")
