"""What a run took and declared, as the octets that stand in its row."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final

from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, MemberId
from veta.model.lot_events import LotRun
from veta.model.lots import (
    CausePart,
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    Reduction,
    TakeRecord,
)

TAKE: Final = Struct("<32sqqQQ")
"""A take: the lot's id, place of its opening, place of the run that made it (``NO_PLACE`` if none
is known), what was taken before, how much more. Eight 64-bit words, so that a search backwards
reads the places of all takes at once."""
PART: Final = Struct("<BQQQ")
"""A part: its ``CausePart``, then what ``part_rows`` says."""

_WORDS: Final = TAKE.size // 8
_OPENING_WORD, _MAKER_WORD = 4, 5
_PartRow = tuple[CausePart, int, int, int]


def part_rows(body: LotRun) -> Iterator[_PartRow]:
    """What a run declared: part, first, second, quantity."""
    for measured in body.first_measured:
        yield CausePart.FIRST_MEASURED, measured.column, 0, measured.quantity
    for each in body.reductions:
        yield CausePart.REDUCTION, each.from_column, each.to_column, each.quantity
    for draw in body.draws:
        yield CausePart.DRAW, draw.output, draw.column, draw.quantity
    for loss in body.losses:
        yield CausePart.LOSS, loss.column, loss.reason, loss.quantity
    for emission in body.emissions:
        yield CausePart.EMISSION, emission.part, 0, emission.co2e_g


def packed_parts(body: LotRun) -> bytes:
    """All of them."""
    return b"".join([PART.pack(*row) for row in part_rows(body)])


def take_rows(octets: bytes) -> list[tuple[bytes, int, int, int, int]]:
    """The takes of a run, as ``TAKE`` has them.

    Raises:
        ValueError: the octets are no whole number of takes.
    """
    if len(octets) % TAKE.size:
        raise ValueError("a take is cut")
    return list(TAKE.iter_unpack(octets))


def makers(takes: bytes) -> array[int]:
    """Of joined takes: the places of the runs that made what was taken.

    Raises:
        ValueError: as ``take_rows``.
    """
    return _words(takes)[_MAKER_WORD::_WORDS]


def openings(takes: bytes) -> array[int]:
    """Of joined takes: the places where what was taken was opened.

    Raises:
        ValueError: as ``take_rows``.
    """
    return _words(takes)[_OPENING_WORD::_WORDS]


def first_measured(parts: bytes, column: ColumnKey) -> int:
    """What a run measured first of a column, out of its parts.

    Raises:
        ValueError: the octets are no whole number of parts.
    """
    return sum(
        quantity
        for part, first, _, quantity in _part_rows(parts)
        if part == CausePart.FIRST_MEASURED and first == column
    )


def run_of_octets(
    *, issuer: int, cause: bytes, kind: int, source: bytes, takes: bytes, parts: bytes
) -> LotRun:
    """The run that a row is of.

    Raises:
        ValueError: no run is written as such a row.
    """
    rows = _part_rows(parts)

    def of(wanted: CausePart) -> Iterator[tuple[int, int, int]]:
        return ((one, two, held) for part, one, two, held in rows if part == wanted)

    run = LotRun(
        issuer=MemberId(issuer),
        cause=Digest(cause),
        kind=LotBatchKind(kind),
        source=Digest(source),
        takes=tuple(
            TakeRecord(LotId(lot), taken, amount) for lot, _, _, taken, amount in take_rows(takes)
        ),
        first_measured=tuple(
            FirstMeasured(ColumnKey(c), q) for c, _, q in of(CausePart.FIRST_MEASURED)
        ),
        reductions=tuple(
            Reduction(ColumnKey(a), ColumnKey(b), q) for a, b, q in of(CausePart.REDUCTION)
        ),
        draws=tuple(Draw(o, ColumnKey(c), q) for o, c, q in of(CausePart.DRAW)),
        losses=tuple(Loss(ColumnKey(c), q, LossReason(why)) for c, why, q in of(CausePart.LOSS)),
        emissions=tuple(Emission(EmissionPart(part), q) for part, _, q in of(CausePart.EMISSION)),
    )
    if packed_parts(run) != parts:
        raise ValueError("a part is of no kind, or stands where none is written")
    return run


def _part_rows(parts: bytes) -> Sequence[tuple[int, int, int, int]]:
    if len(parts) % PART.size:
        raise ValueError("a part is cut")
    return list(PART.iter_unpack(parts))


def _words(takes: bytes) -> array[int]:
    if len(takes) % TAKE.size:
        raise ValueError("a take is cut")
    words = array("q", takes)
    if sys.byteorder == "big":
        words.byteswap()
    return words
