"""Masses are typed: what is wet, dry, contained, a compound or another ton is never mixed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.errors import InputError
from veta.evidence.exact import DOWN, UP, Direction, Rounding, amount_text, exact, read_amount
from veta.evidence.grades import AssuranceGrade
from veta.evidence.quantities import (
    MOST_STEPS,
    Basis,
    Matter,
    Quantity,
    Ratio,
    assayed,
    base_units,
    contained,
    dried,
    in_unit,
    less,
    mean,
    rounded,
    share,
    total,
    weighed,
)
from veta.evidence.stoichiometry import (
    LCE,
    LCE_BY_CONVENTION,
    LI_BY_CONVENTION,
    Factor,
    element_in,
    element_of,
    equivalent_of,
    molar_mass,
)
from veta.evidence.units import Dimension, unit_of

SELF, LAB = AssuranceGrade.SELF_DECLARED, AssuranceGrade.ACCREDITED
WET, DRY = Matter(Basis.WET, "concentrate"), Matter(Basis.DRY, "concentrate")
CARBONATE = Matter(Basis.NET, "lithium carbonate")


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


def mass(text: str, unit: str, matter: Matter, grade: AssuranceGrade = SELF) -> Quantity:
    return weighed(text, unit, matter, grade)


def contained_mass(text: str, unit: str, substance: str) -> Quantity:
    net = Matter(Basis.NET, "goods")
    return contained(mass(text, unit, net), Ratio(Fraction(1), substance, net, SELF))


LITHIUM, SALT = contained_mass("10", "t", "Li"), contained_mass("10", "t", "Li2CO3")
GOLD = contained_mass("10", "g", "Au")


@pytest.mark.row("A14")
@pytest.mark.parametrize(
    ("first", "second", "code", "named"),
    [
        (mass("1", "t", WET), mass("1", "t", DRY), "basis_mismatch", ("wet mass", "dry mass")),
        (mass("1", "t", DRY), mass("1", "short ton", DRY), "unit_mismatch", (" t ", "short ton")),
        (GOLD, contained_mass("1", "troy ounce", "Au"), "unit_mismatch", ("troy ounce", " g ")),
        (LITHIUM, SALT, "basis_mismatch", ("contained Li ", "contained Li2CO3")),
        (SALT, equivalent_of(LITHIUM, LCE), "basis_mismatch", ("Li2CO3 equivalent", " in t")),
        (SALT, contained_mass("1", "t", "LiOH.H2O"), "basis_mismatch", ("LiOH.H2O", "Li2CO3")),
        (mass("1", "t", CARBONATE), SALT, "basis_mismatch", ("net mass", "contained")),
    ],
    ids=["wet and dry", "two tons", "ounce and gram", "salt and metal", "LCE", "two salts", "net"],
)
def test_unlike_masses__added_subtracted_or_divided__are_refused_with_both_named(
    first: Quantity, second: Quantity, code: str, named: tuple[str, str]
) -> None:
    for one, two in ((first, second), (second, first)):
        for call in (
            lambda one=one, two=two: total([one, two]),
            lambda one=one, two=two: mean([one, two]),
            lambda one=one, two=two: less(one, two),
            lambda one=one, two=two: share(one, two, one),
        ):
            error = refused(call)
            assert error.code == f"evidence.{code}"
            assert all(name in error.message for name in named)


@pytest.mark.row("A14")
def test_contained_metal__typed_in__is_refused() -> None:
    for basis, substance in ((Basis.CONTAINED, "Cu"), (Basis.EQUIVALENT, "Li2CO3")):
        error = refused(lambda b=basis, s=substance: mass("690", "t", Matter(b, s)))  # type: ignore[misc]
        assert error.code == "evidence.contained_typed_in"


@pytest.mark.row("A14")
def test_percent_written_as_parts__is_more_than_the_whole() -> None:
    error = refused(lambda: assayed("300000", "%", substance="Cu", of=DRY, grade=LAB))
    assert error.code == "evidence.ratio_range"
    right = assayed("300000", "ppm", substance="Cu", of=DRY, grade=LAB)
    assert right == assayed("30", "%", substance="Cu", of=DRY, grade=LAB)


@pytest.mark.row("A14")
def test_wet_mass__times_a_grade_of_dry_mass__is_refused() -> None:
    grade = assayed("30", "%", substance="Cu", of=DRY, grade=LAB)
    error = refused(lambda: contained(mass("2500", "t", WET), grade))
    assert error.code == "evidence.basis_mismatch"
    other = Ratio(grade.value, "Cu", Matter(Basis.DRY, "slag"), LAB)
    error = refused(lambda: contained(mass("2500", "t", DRY), other))
    assert "slag" in error.message
    assert "concentrate" in error.message
    moisture = Ratio(Fraction(8, 100), "H2O", DRY, LAB)
    assert refused(lambda: contained(mass("1", "t", DRY), moisture)).code.endswith("basis_mismatch")


def test_drying__what_is_not_wet_or_by_another_ratio__is_refused() -> None:
    moisture = assayed("8", "%", substance="H2O", of=WET, grade=LAB)
    for call in (
        lambda: dried(mass("1", "t", DRY), moisture),
        lambda: dried(mass("1", "t", WET), Ratio(moisture.value, "Cu", WET, LAB)),
        lambda: dried(mass("1", "t", WET), Ratio(moisture.value, "H2O", DRY, LAB)),
    ):
        assert refused(call).code == "evidence.basis_mismatch"


@pytest.mark.reference
@pytest.mark.row("A14")
def test_concentrates_of_the_chain__by_mass_moisture_and_assay__contain_the_copper() -> None:
    lots: list[dict[str, Any]] = reference_json("reference/copper-chain.json")["lots"][
        "concentrate"
    ]
    assert lots
    for lot in lots:
        wet = mass(str(lot["wet_mass_g"]), "g", WET)
        moisture = assayed(str(lot["moisture_ppm"]), "ppm", substance="H2O", of=WET, grade=LAB)
        dry = dried(wet, moisture)
        assert dry.amount == lot["dry_mass_g"]
        assay = assayed(str(lot["grade_cu_ppm"]), "ppm", substance="Cu", of=DRY, grade=LAB)
        grams, copper = base_units(contained(dry, assay), DOWN)
        assert grams == lot["cu_mass_g"]
        assert copper.grade is SELF
        assert copper.matter == Matter(Basis.CONTAINED, "Cu")


@pytest.mark.reference
@pytest.mark.row("A14")
def test_lithium_carbonate_of_the_chain__by_convention__contains_52_tonnes_of_lithium() -> None:
    chain = reference_json("reference/lithium-chain.json")
    outputs = next(step for step in chain["steps"] if step["event"] == "L03")["outputs"]
    goods = mass(str(outputs["lithium_carbonate_g"]), "g", CARBONATE)
    salt = contained(goods, assayed("99.5", "%", substance="Li2CO3", of=CARBONATE, grade=LAB))
    grams, lithium = base_units(element_of(salt, LI_BY_CONVENTION), DOWN)
    assert grams == outputs["li_g"] == 52_348_940
    assert lithium.steps == (
        "99.5 % Li2CO3",
        "Li in Li2CO3, 4 digits by convention (declared convention of the lithium trade)",
    )
    exactly = element_of(salt, element_in("Li2CO3", "Li"))
    assert exactly.steps != lithium.steps
    assert exactly.amount == Fraction("278600000") * Fraction("13.88") / Fraction("73.888")


@pytest.mark.parametrize(
    ("compound", "grams_per_mole"),
    [
        ("LiOH", "23.947"),
        ("LiCl", "42.39"),
        ("Li2O", "29.879"),
        ("LiAlSi2O6", "186.086"),
        ("CuSO4.5H2O", "249.677"),
        ("CuFeS2", "183.511"),
        ("Cu2S", "159.152"),
    ],
)
def test_molar_masses__by_hand(compound: str, grams_per_mole: str) -> None:
    assert molar_mass(compound) == Fraction(grams_per_mole)


def test_atomic_weights__give_the_factors_of_the_trade_to_their_digits() -> None:
    assert molar_mass("Li2CO3") == Fraction("73.888")
    assert molar_mass("LiOH.H2O") == Fraction("41.962")
    assert round(element_in("Li2CO3", "Li").value, 4) == LI_BY_CONVENTION.value
    assert round(LCE.value, 3) == LCE_BY_CONVENTION.value
    assert round(element_in("LiOH.H2O", "Li").value, 4) == Fraction("0.1654")
    assert round(element_in("Li2O", "Li").value, 4) == Fraction("0.4645")
    assert round(element_in("CuFeS2", "Cu").value, 4) == Fraction("0.3463")
    assert element_in("Cu", "Cu").value == 1


def test_lce__of_lithium__is_an_equivalent_and_goes_no_further() -> None:
    lce = equivalent_of(LITHIUM, LCE_BY_CONVENTION)
    assert lce.amount == Fraction("53.23")
    assert lce.matter.words() == "Li2CO3 equivalent"
    for call in (
        lambda: element_of(lce, element_in("Li2CO3", "Li")),
        lambda: equivalent_of(lce, LCE),
        lambda: equivalent_of(SALT, LCE),
        lambda: element_of(LITHIUM, element_in("Li2CO3", "Li")),
        lambda: element_of(mass("1", "t", DRY), element_in("Li2CO3", "Li")),
        lambda: contained(lce, assayed("1", "%", substance="Li", of=lce.matter, grade=LAB)),
    ):
        assert refused(call).code == "evidence.basis_mismatch"


def test_factors__that_are_none__are_refused() -> None:
    assert refused(lambda: molar_mass("Li2CO4")).code == "evidence.unknown_compound"
    assert refused(lambda: element_in("Li2CO3", "Cu")).code == "evidence.not_in_compound"
    assert refused(lambda: Factor("f", "a", "b", Fraction(0), "s")).code == "evidence.factor_range"


@pytest.mark.row("A14")
def test_conversion__between_tons__is_exact_and_named() -> None:
    tonnes = in_unit(mass("1", "short ton", DRY), "t")
    assert tonnes.amount == Fraction("0.90718474")
    assert "1 short ton" in tonnes.steps[0]
    assert "NIST" in tonnes.steps[0]
    assert total([mass("1", "t", DRY), tonnes]).steps == tonnes.steps
    ounces = in_unit(contained_mass("31.1034768", "g", "Au"), "troy ounce")
    assert ounces.amount == 1
    assert in_unit(tonnes, "t") is tonnes
    assert refused(lambda: in_unit(tonnes, "m3")).code == "evidence.unit_mismatch"
    assert refused(lambda: in_unit(tonnes, "ton")).code == "evidence.unknown_unit"
    assert unit_of("GJ").size * 9 == unit_of("kWh").size * 2500
    assert refused(lambda: unit_of("kg", Dimension.VOLUME)).code == "evidence.unit_mismatch"


def test_rounding__says_its_direction_and_its_step() -> None:
    third = Quantity(Fraction(10, 3), unit_of("g"), DRY, SELF)
    assert rounded(third, DOWN).amount == 3
    assert rounded(third, UP).amount == 4
    assert rounded(third, UP).steps == ("rounded up to 1 g",)
    tenth = Rounding(Direction.HALF_EVEN, Fraction("0.1"))
    assert rounded(Quantity(Fraction("0.25"), unit_of("g"), DRY, SELF), tenth).amount == Fraction(
        "0.2"
    )
    assert rounded(third, tenth).steps == ("rounded half to even to 0.1 g",)
    whole = mass("3", "g", DRY)
    assert rounded(whole, DOWN) is whole
    assert base_units(mass("0.001", "g", DRY), DOWN, "mg")[0] == 1
    assert refused(lambda: base_units(whole, tenth)).code == "evidence.rounding_step"
    assert refused(lambda: Rounding(Direction.UP, Fraction(0))).code == "evidence.amount_range"


def test_mean_share_and_difference__are_exact_and_of_the_lowest_grade() -> None:
    one, two = mass("1", "t", DRY, LAB), mass("2", "t", DRY, SELF)
    assert mean([one, two]).amount == Fraction(3, 2)
    assert mean([one, two]).grade is SELF
    assert less(two, one).amount == 1
    assert share(one, one, total([one, two])).amount == Fraction(1, 3)
    assert share(one, one, total([one, two])).grade is SELF
    assert refused(lambda: less(one, two)).code == "evidence.negative"
    nothing = mass("0", "t", DRY)
    assert refused(lambda: share(one, one, nothing)).code == "evidence.divided_by_nothing"
    assert refused(lambda: total([])).code == "evidence.no_grade"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-1", "negative"),
        ("1e3", "number_form"),
        ("1,000", "number_form"),
        (" 1", "number_form"),
        ("01", "number_form"),
        (".5", "number_form"),
        ("5.", "number_form"),
        ("", "number_form"),
        ("NaN", "number_form"),
        ("١٢", "number_form"),
        (12, "number_form"),
        (1.5, "number_form"),
        (None, "number_form"),
        ("0.1234567890123456", "too_many_digits"),
        ("1" * 41, "too_many_digits"),
        ("9007199254740993", "too_many_digits"),
    ],
)
def test_amounts__badly_written__are_refused_by_a_stable_code(text: object, code: str) -> None:
    assert refused(lambda: read_amount(text, "a mass")).code == f"evidence.{code}"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "not_exact"),
        (True, "not_exact"),
        ("1", "not_exact"),
        (Decimal("NaN"), "not_exact"),
        (Decimal("Infinity"), "not_exact"),
        (Decimal("1e999999"), "amount_range"),
        (Decimal("-0.1"), "negative"),
        (-1, "negative"),
    ],
)
def test_numbers__that_are_not_exact__are_refused(value: object, code: str) -> None:
    assert refused(lambda: exact(value, "a mass")).code == f"evidence.{code}"


def test_amounts__are_written_exactly() -> None:
    assert amount_text(Fraction("28.125")) == "28.125"
    assert amount_text(Fraction(-1, 8)) == "-0.125"
    assert amount_text(Fraction(1, 3)) == "1/3"
    assert amount_text(Fraction(20)) == "20"
    assert mass("2300", "t", DRY).words() == "2300 t (dry mass of concentrate)"
    assert exact(Decimal("2.50"), "it") == Fraction(5, 2)


def test_calculation__without_end__is_refused() -> None:
    value = Quantity(Fraction(1), unit_of("t"), DRY, SELF, tuple(map(str, range(MOST_STEPS))))
    assert refused(lambda: in_unit(value, "g")).code == "evidence.too_many_steps"
    metal = Quantity(Fraction(1), unit_of("t"), LITHIUM.matter, SELF, value.steps)
    assert refused(lambda: equivalent_of(metal, LCE)).code == "evidence.too_many_steps"
    assert refused(lambda: Matter(Basis.DRY, "")).code == "evidence.substance"
