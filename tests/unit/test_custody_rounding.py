"""Rounding: which way, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.custody_world import CO2E, CU, CU_50, CU_75, CU_EXTERNAL, CU_RECYCLED, MB, NET
from veta.custody.balance import MetalBalance
from veta.custody.columns import column_of, credits_of, union
from veta.custody.lot_laws import LotSums, judge_lot
from veta.custody.rounding import (
    divided,
    gone,
    largest_remainder,
    moved,
    proportion,
    rounds_up,
    share_down,
    share_up,
)
from veta.errors import InputError


def test_f__of_a_third__is_down_and_for_co2e_up() -> None:
    assert [gone(10, 3, taken, up=False) for taken in range(4)] == [0, 3, 6, 10]
    assert [gone(10, 3, taken, up=True) for taken in range(4)] == [0, 4, 7, 10]
    assert [moved(10, 3, taken, 1, up=True) for taken in range(3)] == [4, 3, 3]
    assert [key for key in (NET, CU, CU_75, CO2E, CU_RECYCLED) if rounds_up(column_of(key))] == [
        CO2E
    ]


def test_shares__of_nothing__are_nothing() -> None:
    assert (share_down(5, 0, 0), share_up(5, 0, 0), proportion(5, 0, 0)) == (0, 0, (0, 0))
    assert (share_down(5, 1, 3), share_up(5, 1, 3)) == (1, 2)


def test_division__by_column__rounds_as_its_law_asks() -> None:
    weights = [1, 1, 1]
    assert divided(column_of(CU), 10, weights) == (4, 3, 3)
    assert divided(column_of(CO2E), 10, weights) == (4, 3, 3)
    assert divided(column_of(CU_75), 10, weights) == (3, 3, 3)
    assert divided(column_of(CU_RECYCLED), 10, weights) == (3, 3, 3)
    assert divided(column_of(CU_EXTERNAL), 10, weights) == (4, 4, 4)
    assert largest_remainder(0, [0, 0]) == (0, 0)
    assert largest_remainder(0, []) == ()


@pytest.mark.parametrize(
    ("refuse", "code"),
    [
        (lambda: gone(1, 0, 0, up=False), "custody.take_range"),
        (lambda: gone(1, 5, 6, up=False), "custody.take_range"),
        (lambda: gone(1, 5, -1, up=False), "custody.take_range"),
        (lambda: gone(-1, 5, 1, up=False), "custody.take_range"),
        (lambda: moved(1, 5, 1, -1, up=False), "custody.take_range"),
        (lambda: moved(1, 5, 3, 3, up=True), "custody.take_range"),
        (lambda: largest_remainder(1, [0]), "custody.no_weight"),
        (lambda: largest_remainder(1, [2, -1]), "custody.no_weight"),
        (lambda: largest_remainder(-1, [1]), "custody.no_weight"),
    ],
)
def test_arguments__out_of_range__are_refused(refuse: Callable[[], object], code: str) -> None:
    with pytest.raises(InputError) as refusal:
        refuse()
    assert refusal.value.code == code


def test_columns__of_several_batches__are_one_ascending_union() -> None:
    assert union([(CO2E, NET), (NET, CU)]) == (NET, CU, CO2E)
    assert credits_of((NET, CU, CO2E, CU_50, CU_75), CU) == (CU_50, CU_75)


def test_lot__with_a_class_of_a_metal_it_has_not__is_refused() -> None:
    held = {NET: 1, CO2E: 1, CU_RECYCLED: 1}
    lot = LotSums(MB, attributed=False, metal_tolerance_ppm=0, reference_column=NET,
                  quantities=held, totals=held)  # fmt: skip
    assert [found.code for found in judge_lot(lot)] == ["custody.unknown_column"]
    over = {NET: 1, CU: 1, CO2E: 1, CU_RECYCLED: 2}
    lot = LotSums(MB, attributed=False, metal_tolerance_ppm=0, reference_column=NET,
                  quantities=over, totals=over)  # fmt: skip
    assert [found.code for found in judge_lot(lot)] == ["custody.class_above_metal"]


def test_yield__of_a_balance__is_rounded_down() -> None:
    balance = MetalBalance(CU, taken=3, first_measured=0, made=(1, 1), lost=1)
    assert (balance.difference, balance.yield_ppm) == (0, 666_666)
    assert MetalBalance(CU, taken=0, first_measured=0, made=(), lost=0).yield_ppm == 0
