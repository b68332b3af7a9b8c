"""Footprints: how they are divided, what is refused, and what may be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from veta.custody.footprint import (
    AllocationMethod,
    Contribution,
    ProductShare,
    StatedFigure,
    co2e_g_per_kg,
    difference,
    footprints,
    method_digest,
    total,
)
from veta.errors import InputError

ECONOMIC, MASS = AllocationMethod.ECONOMIC, AllocationMethod.MASS
SUBSTITUTION, CUT_OFF = AllocationMethod.SUBSTITUTION, AllocationMethod.CUT_OFF
INHERITED = AllocationMethod.INHERITED
INPUTS = (
    Contribution("ore", 700, 900_000, inherited=True),
    Contribution("power", 300, 1_000_000),
)


def carried(*products: ProductShare, inputs: Sequence[Contribution] = INPUTS) -> list[int]:
    return [each.co2e_g for each in footprints(inputs, products)]


def code(*products: ProductShare, inputs: Sequence[Contribution] = INPUTS) -> str:
    with pytest.raises(InputError) as refusal:
        footprints(inputs, products)
    return refusal.value.code


def test_burden__by_each_method__is_divided_as_declared() -> None:
    metal = ProductShare("metal", 30, MASS)
    assert carried(metal) == [1000]
    assert carried(metal, ProductShare("stone", 70, MASS)) == [300, 700]
    assert carried(
        ProductShare("metal", 30, ECONOMIC, 999_000), ProductShare("stone", 70, ECONOMIC, 1_000)
    ) == [999, 1]
    assert carried(metal, ProductShare("acid", 5, SUBSTITUTION, 120)) == [880, 120]
    assert carried(metal, ProductShare("dross", 5, CUT_OFF)) == [1000, 0]
    assert carried(metal, ProductShare("scrap", 100, INHERITED, 3_000)) == [700, 300]


def test_burden__that_does_not_divide__goes_to_the_largest_remainder() -> None:
    inputs = [Contribution("power", 10, 0)]
    thirds = [ProductShare(name, 1, MASS) for name in "abc"]
    assert carried(*thirds, inputs=inputs) == [4, 3, 3]


def test_primary_share__by_emission__is_kept_by_allocation_and_floored() -> None:
    metal, scrap = footprints(
        INPUTS, [ProductShare("metal", 30, MASS), ProductShare("scrap", 100, INHERITED, 1_000)]
    )
    assert scrap.primary_ppm == 900_000
    assert metal.primary_ppm == (600 * 900_000 + 300 * 1_000_000) // 900
    (nothing,) = footprints([], [ProductShare("metal", 30, MASS)])
    assert (nothing.co2e_g, nothing.primary_ppm) == (0, 0)


def test_division__that_is_not_whole__is_refused() -> None:
    metal = ProductShare("metal", 30, MASS)
    half = ProductShare("metal", 30, ECONOMIC, 500_000)
    assert code(half) == "custody.allocation_shares"
    assert code(half, metal) == "custody.allocation_shares"
    over, under = replace(half, value=1_500_000), replace(half, value=-500_000)
    assert code(over, under) == "custody.allocation_shares"
    assert code(ProductShare("dross", 5, CUT_OFF)) == "custody.allocation_shares"
    assert code() == "custody.allocation_shares"
    assert code(metal, ProductShare("acid", 5, SUBSTITUTION, 1001)) == "custody.allocation_exceeds"
    assert code(metal, ProductShare("acid", 5, SUBSTITUTION, -1)) == "custody.allocation_exceeds"
    assert code(metal, ProductShare("scrap", 1000, INHERITED, 701)) == "custody.allocation_exceeds"
    avoided = Contribution("sold heat", -5, 0)
    assert code(metal, inputs=[avoided]) == "custody.negative_emission"
    assert code(metal, inputs=[Contribution("x", 1, 1_000_001)]) == "custody.primary_share"
    assert code(ProductShare("metal", 0, MASS)) == "custody.no_weight"


def test_per_kilogram__that_does_not_divide__is_rounded_up() -> None:
    assert co2e_g_per_kg(3_031_000, 1_000_000) == 3031
    assert co2e_g_per_kg(3_031_001, 1_000_000) == 3032
    with pytest.raises(InputError) as refusal:
        co2e_g_per_kg(1, 0)
    assert refusal.value.code == "custody.no_mass"


def test_method__of_equal_figures__still_differs() -> None:
    by_mass = [ProductShare("a", 1, MASS), ProductShare("b", 1, MASS)]
    by_value = [
        ProductShare("a", 1, ECONOMIC, 500_000),
        ProductShare("b", 1, ECONOMIC, 500_000),
    ]
    assert carried(*by_mass) == carried(*by_value)
    assert method_digest(by_mass) != method_digest(by_value)
    assert method_digest(by_mass) == method_digest(list(by_mass))
    assert footprints(INPUTS, by_mass) != footprints(INPUTS, by_value)


CATHODE = StatedFigure(3031, "PCF", "gCO2e/kilogram", "cradle-to-gate", "AR6")


@pytest.mark.row("A29")
@pytest.mark.parametrize(
    ("respect", "other"),
    [
        ("boundary", replace(CATHODE, value=1250, boundary="gate-to-gate")),
        ("basis", replace(CATHODE, basis="AR5")),
        ("unit", replace(CATHODE, unit="gCO2e/tonne of contained copper")),
        ("metric", replace(CATHODE, metric="scope 1 and 2")),
    ],
)
def test_figures__of_another_kind__are_not_compared(respect: str, other: StatedFigure) -> None:
    for refuse in (lambda: difference(CATHODE, other), lambda: total([CATHODE, other])):
        with pytest.raises(InputError) as refusal:
            refuse()
        assert refusal.value.code == "custody.not_comparable"
        assert respect in refusal.value.message


def test_figures__attributed_and_average__are_not_compared() -> None:
    """A27: the lots that got the two low-carbon mines are not the batch's average."""
    with pytest.raises(InputError) as refusal:
        difference(CATHODE, replace(CATHODE, value=2000, attributed=True))
    assert "attributed" in refusal.value.message


def test_figures__of_one_kind__are_compared_and_added() -> None:
    other = replace(CATHODE, value=3200)
    assert difference(other, CATHODE) == 169
    assert total([CATHODE, other]) == replace(CATHODE, value=6231)
    with pytest.raises(InputError):
        total([])
