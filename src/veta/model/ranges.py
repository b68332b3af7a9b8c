"""Sets of indices of readings, as ranges with both ends in them: ``0-99, 120``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from veta.errors import InputError

MOST_RANGES: Final = 10_000
MOST_INDEX: Final = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Ranges:
    """Indices from 0, as ascending ranges that do not touch.

    Attributes:
        spans: (first, last), both in it.

    Raises:
        InputError: ``monitoring.ranges`` for ranges that descend, overlap, touch or are too many.
    """

    spans: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if len(self.spans) > MOST_RANGES:
            raise InputError("monitoring.ranges", f"at most {MOST_RANGES} ranges are one set")
        before = -2
        for first, last in self.spans:
            if first <= before + 1 or last < first or last > MOST_INDEX:
                message = "ranges of readings ascend, end after they begin, and do not touch"
                raise InputError("monitoring.ranges", message)
            before = last

    @classmethod
    def all_of(cls, count: int) -> Self:
        """Every index below a count."""
        return cls(((0, count - 1),)) if count > 0 else cls()

    @classmethod
    def of(cls, indices: Iterable[int]) -> Self:
        """The set of some indices, in any order."""
        return cls(_merged((each, each) for each in indices))

    @classmethod
    def read(cls, value: object) -> Self:
        """From ``[[0, 99], [120, 120]]``.

        Raises:
            InputError: ``monitoring.ranges``.
        """
        entries: list[Any] = value if isinstance(value, list) else [None]
        for each in entries:
            if (
                not isinstance(each, list)
                or len(each) != 2
                or any(type(end) is not int or end < 0 for end in each)
            ):
                message = "a range of readings is a pair of indices from 0"
                raise InputError("monitoring.ranges", message)
        return cls(tuple((first, last) for first, last in entries))

    def written(self) -> list[list[int]]:
        """As ``read`` takes it."""
        return [[first, last] for first, last in self.spans]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.spans:
            yield from range(first, last + 1)

    def __or__(self, other: Ranges) -> Ranges:
        return Ranges(_merged((*self.spans, *other.spans)))

    def __sub__(self, other: Ranges) -> Ranges:
        return Ranges(tuple(_without(self.spans, other.spans)))

    def __and__(self, other: Ranges) -> Ranges:
        return self - (self - other)

    def covers(self, other: Ranges) -> bool:
        """Whether all of another set is in it."""
        return not len(other - self)

    @property
    def end(self) -> int:
        """The index after the last one; 0 of none."""
        return self.spans[-1][1] + 1 if self.spans else 0

    def words(self) -> str:
        """``0-99, 120``; ``none``."""
        texts = (f"{a}-{b}" if b > a else str(a) for a, b in self.spans)
        return ", ".join(texts) or "none"


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _without(
    spans: tuple[tuple[int, int], ...], others: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, int]]:
    at = 0
    for first, last in spans:
        while at < len(others) and others[at][1] < first:
            at += 1
        start, here = first, at
        while here < len(others) and others[here][0] <= last:
            if others[here][0] > start:
                yield start, others[here][0] - 1
            start = others[here][1] + 1
            here += 1
        if start <= last:
            yield start, last
