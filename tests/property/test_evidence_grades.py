"""No path through the package's operations gives a grade above the lowest that went in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.errors import InputError
from veta.evidence.exact import DOWN, UP, Direction, Rounding, amount_text, read_amount
from veta.evidence.grades import Accreditation, AssuranceGrade, Role, Signer, Work, grade_of
from veta.evidence.metrics import (
    Boundary,
    Comparable,
    ConversionRecord,
    Definition,
    MetricKind,
    MetricValue,
    compare,
)
from veta.evidence.metrics import total as metric_total
from veta.evidence.quantities import (
    Basis,
    Matter,
    Quantity,
    Ratio,
    base_units,
    contained,
    dried,
    in_unit,
    less,
    mean,
    rounded,
    share,
    total,
)
from veta.evidence.stoichiometry import LCE, element_in, element_of, equivalent_of
from veta.evidence.units import unit_of
from veta.evidence.windows import Window, year

GRADES = st.sampled_from(AssuranceGrade)
AMOUNTS = st.fractions(min_value=0, max_value=10**9, max_denominator=1000)
WET = Matter(Basis.WET, "concentrate")
OPERATIONS = (
    "total", "mean", "less", "share", "unit", "round", "dry", "contain", "element", "equivalent",
    "base",
)  # fmt: skip


@dataclass
class Traced:
    """A quantity, and every grade that went into it, kept apart from the code under test."""

    quantity: Quantity
    went_in: frozenset[AssuranceGrade]


def _applied(name: str, one: Traced, two: Traced, ratio: tuple[Fraction, AssuranceGrade]) -> Traced:
    a, b = one.quantity, two.quantity
    part, grade = ratio
    moisture, salt = Ratio(part, "H2O", a.matter, grade), Ratio(part, "Li2CO3", a.matter, grade)
    other_unit = "short ton" if a.unit.symbol == "t" else "t"
    both, this = one.went_in | two.went_in, one.went_in
    results: dict[str, tuple[Callable[[], Quantity], frozenset[AssuranceGrade]]] = {
        "total": (lambda: total([a, b]), both),
        "mean": (lambda: mean([a, b, a]), both),
        "less": (lambda: less(a, b), both),
        "share": (lambda: share(a, b, b), both),
        "unit": (lambda: in_unit(a, other_unit), this),
        "round": (lambda: rounded(a, UP), this),
        "base": (lambda: base_units(a, DOWN)[1], this),
        "dry": (lambda: dried(a, moisture), this | {grade}),
        "contain": (lambda: contained(a, salt), this | {grade}),
        "element": (lambda: element_of(a, element_in("Li2CO3", "Li")), this),
        "equivalent": (lambda: equivalent_of(a, LCE), this),
    }
    call, went_in = results[name]
    return Traced(call(), went_in)


@pytest.mark.row("S02")
@given(
    st.lists(st.tuples(AMOUNTS, GRADES), min_size=2, max_size=5),
    st.lists(
        st.tuples(
            st.sampled_from(OPERATIONS),
            st.integers(0, 40),
            st.integers(0, 40),
            GRADES,
            st.fractions(min_value=0, max_value=1, max_denominator=100),
        ),
        max_size=25,
    ),
)
def test_grade__on_any_path_of_quantities__is_the_lowest_that_went_in(
    inputs: list[tuple[Fraction, AssuranceGrade]],
    path: list[tuple[str, int, int, AssuranceGrade, Fraction]],
) -> None:
    pool = [
        Traced(Quantity(amount, unit_of("t"), WET, grade), frozenset({grade}))
        for amount, grade in inputs
    ]
    for name, left, right, grade, part in path:
        one, two = pool[left % len(pool)], pool[right % len(pool)]
        try:
            pool.append(_applied(name, one, two, (part, grade)))
        except InputError as error:
            assert error.code.startswith("evidence.")
    for traced in pool:
        assert traced.quantity.grade is min(traced.went_in)


DEFINITIONS = [
    Definition(f"water.{at}", MetricKind.WATER_WITHDRAWAL, "m3", f"text {at}", "s") for at in "abc"
]
SITE = Boundary("site", "all of it")


@pytest.mark.row("S02", "S07")
@given(
    st.lists(st.tuples(AMOUNTS, GRADES, st.integers(0, 2)), min_size=2, max_size=5),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), GRADES), max_size=25),
)
def test_grade__on_any_path_of_metrics__is_the_lowest_that_went_in(
    inputs: list[tuple[Fraction, AssuranceGrade, int]],
    path: list[tuple[int, int, AssuranceGrade]],
) -> None:
    pool = [
        (MetricValue(amount, DEFINITIONS[at], SITE, year(2026), grade), frozenset({grade}))
        for amount, grade, at in inputs
    ]
    for left, right, grade in path:
        (one, of_one), (two, of_two) = pool[left % len(pool)], pool[right % len(pool)]
        if one.definition == two.definition:
            pool.append((metric_total([one, two]), of_one | of_two))
            continue
        record = ConversionRecord(
            two.definition, SITE, one.definition, SITE, Fraction(2), "r", year(2026), grade
        )
        found = compare(one, two, [record])
        assert isinstance(found, Comparable)
        assert found.grade is min(of_one | of_two | {grade})
        pool.append((found.second, of_two | {grade}))
    for value, went_in in pool:
        assert value.grade is min(went_in)


@pytest.mark.row("S02", "A24", "A25")
@given(
    st.sets(st.sampled_from(Role)),
    st.sampled_from(["mine", "lab", "state"]),
    st.sampled_from(["mine", "lab", "state"]),
    st.sampled_from(["assay", "pcf"]),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_accredited__needs_role_independence_scope_and_time_together(
    roles: set[Role], group: str, accreditor: str, scope: str, start: int, at_s: int
) -> None:
    held = Accreditation(accreditor, frozenset({scope}), Window(start, start + 10))
    signer = Signer("x", group, frozenset(roles), (held,))
    work = Work(Role.LABORATORY, "assay")
    found = grade_of([signer], subject_group="mine", work=work, at_s=at_s)
    earned = (
        Role.LABORATORY in roles
        and Role.DEVICE not in roles
        and group != "mine"
        and accreditor not in {"mine", group}
        and scope == "assay"
        and start <= at_s < start + 10
    )
    assert (found.grade is AssuranceGrade.ACCREDITED) == earned
    if group == "mine":
        assert found.grade is AssuranceGrade.SELF_DECLARED


@given(
    st.fractions(min_value=0, max_value=10**9, max_denominator=10**6),
    st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000),
)
def test_rounding__stays_within_one_step_and_on_its_side(amount: Fraction, step: Fraction) -> None:
    down = Rounding(Direction.DOWN, step).apply(amount)
    up = Rounding(Direction.UP, step).apply(amount)
    nearest = Rounding(Direction.HALF_EVEN, step).apply(amount)
    assert down <= amount <= up
    assert up - down in {0, step}
    assert abs(nearest - amount) * 2 <= step
    assert all((each / step).denominator == 1 for each in (down, up, nearest))


@given(st.integers(0, 10**15 - 1), st.integers(0, 15))
def test_amounts__written_and_read__are_the_same(digits: int, places: int) -> None:
    amount = Fraction(digits, 10**places)
    assert read_amount(amount_text(amount), "it") == amount
