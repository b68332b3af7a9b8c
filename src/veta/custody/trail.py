"""Where a trail has gaps: goods that change place or hands, and nobody tells how. Pure.

A lot is made at a site and used, or still held, at another time. Its moves, put one after another,
have to lead from the first site to the second; a change of hands has to have a move beside it. What
is missing is shown as missing, never filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from veta.model.trail import TrailGap, TrailKind, TrailLot, TrailStep

EXITED: Final = "left the consortium"
"""Words of a step after which nobody here sees the lot."""
MOVES: Final = frozenset({TrailKind.SHIPMENT, TrailKind.LOGISTICS})
"""Steps in which goods change place; the chain tells none of them."""


def gaps_of(steps: Iterable[TrailStep]) -> tuple[TrailGap, ...]:
    """What a trail does not tell, lot by lot, in the order in which the lots appear.

    Codes: ``trail.move_missing``, ``trail.move_broken``, ``trail.sale_without_shipment``,
    ``trail.begins_outside``, ``trail.out_of_sight``.

    Args:
        steps: in the order of time.
    """
    ordered = tuple(steps)
    lots = dict.fromkeys(lot.identifier for step in ordered for lot in (*step.inputs, *step.lots))
    return tuple(gap for lot in lots for gap in _gaps_of_lot(lot, ordered))


def _gaps_of_lot(lot: str, steps: tuple[TrailStep, ...]) -> Iterator[TrailGap]:
    made = next((s for s in steps if s.kind is TrailKind.PRODUCTION and _has(s.lots, lot)), None)
    if made is None:
        yield TrailGap("trail.begins_outside", lot, "nobody tells where this lot was made")
        return
    if made.from_place is None:
        words = "came from outside the consortium: nothing before is told"
        yield TrailGap("trail.begins_outside", lot, words)
    about = [step for step in steps if _has(step.lots, lot) and step is not made]
    used = [s for s in steps if s.kind is TrailKind.PRODUCTION and _has(s.inputs, lot)]
    moves = [step for step in about if step.kind in MOVES]
    if used:
        places = list(dict.fromkeys(step.from_place for step in used))
        for place in places:
            yield from _way(lot, made.from_place, place, moves)
    elif not moves and any(step.kind is TrailKind.SALE for step in about):
        words = "was sold, and nobody tells that it was shipped"
        yield TrailGap("trail.sale_without_shipment", lot, words, made.from_place)
    for step in about:
        if step.kind is TrailKind.END and step.words == EXITED:
            words = "left to somebody outside the consortium: what came after is not told"
            yield TrailGap("trail.out_of_sight", lot, words, made.from_place)


def _way(
    lot: str, start: str | None, end: str | None, moves: list[TrailStep]
) -> Iterator[TrailGap]:
    """Whether the moves lead from where a lot was made to where it was used."""
    if start is None or end is None or start == end:
        return
    if not moves:
        words = f"made at {start} and used at {end}: nobody tells how it came there"
        yield TrailGap("trail.move_missing", lot, words, start, end)
        return
    here = start
    for move in moves:
        if move.from_place != here:
            words = f"was at {here}; the next that is told is that it left {move.from_place}"
            yield TrailGap("trail.move_broken", lot, words, here, move.from_place)
        here = move.to_place or here
        if here == end:
            return
    words = f"was last at {here}, and was used at {end}"
    yield TrailGap("trail.move_broken", lot, words, here, end)


def _has(lots: Iterable[TrailLot], identifier: str) -> bool:
    return any(lot.identifier == identifier for lot in lots)
