"""Gaps of trails: a change of place or hands that nobody tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from veta.custody.trail import EXITED, gaps_of
from veta.model.identifiers import UnixSeconds
from veta.model.trail import TrailKind, TrailLot, TrailSource, TrailStep

MINE, PORT, SMELTER = "urn:site:mine", "urn:site:port", "urn:site:smelter"
ORE, METAL = TrailLot("urn:lot:ore", "ore", 1_000), TrailLot("urn:lot:metal", "metal", 300)


def step(kind: TrailKind, at_s: int, lot: TrailLot = ORE, **changes: object) -> TrailStep:
    usual = TrailStep(
        kind, f"urn:step:{at_s}", UnixSeconds(at_s), TrailSource.CHAIN, kind.value, (lot,)
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


MADE = step(TrailKind.PRODUCTION, 1, from_place=MINE)
SOLD = step(TrailKind.SALE, 5, by="did:web:miner", to="did:web:smelter")
USED = step(TrailKind.PRODUCTION, 9, METAL, inputs=(ORE,), from_place=SMELTER)


def moved(at_s: int, start: str, end: str) -> TrailStep:
    return step(TrailKind.SHIPMENT, at_s, from_place=start, to_place=end)


def codes(*steps: TrailStep) -> list[tuple[str, str]]:
    return [(gap.code, gap.lot) for gap in gaps_of(steps)]


@pytest.mark.row("S19")
@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ((), [("trail.move_missing", ORE.identifier)]),
        ((moved(2, MINE, SMELTER),), []),
        ((moved(2, MINE, PORT), moved(3, PORT, SMELTER)), []),
        ((moved(2, MINE, PORT),), [("trail.move_broken", ORE.identifier)]),
        ((moved(3, PORT, SMELTER),), [("trail.move_broken", ORE.identifier)]),
    ],
)
def test_gaps__between_mine_and_smelter__unless_moves_lead_there(
    moves: tuple[TrailStep, ...], expected: list[tuple[str, str]]
) -> None:
    assert codes(MADE, *moves, SOLD, USED) == expected


@pytest.mark.row("S19")
def test_gaps__sold_and_not_used__needs_a_shipment() -> None:
    assert codes(MADE, SOLD) == [("trail.sale_without_shipment", ORE.identifier)]
    assert codes(MADE, SOLD, moved(6, MINE, PORT)) == []
    assert codes(MADE) == []


def test_gaps__used_where_it_was_made__needs_no_move() -> None:
    assert codes(MADE, replace(USED, from_place=MINE)) == []


def test_gaps__of_another_lot_s_moves__are_not_filled() -> None:
    other = replace(moved(2, MINE, SMELTER), lots=(METAL,))
    assert ("trail.move_missing", ORE.identifier) in codes(MADE, other, USED)


def test_gaps__from_outside_or_to_outside__are_said() -> None:
    outside = replace(MADE, from_place=None)
    gone = step(TrailKind.END, 7, words=EXITED)
    assert codes(outside, gone) == [
        ("trail.begins_outside", ORE.identifier),
        ("trail.out_of_sight", ORE.identifier),
    ]
    assert codes(SOLD) == [("trail.begins_outside", ORE.identifier)]
