"""Values are compared only with their like; what differs is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from veta.errors import InputError
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import (
    Boundary,
    Comparable,
    ConversionRecord,
    Definition,
    MetricKind,
    MetricValue,
    NotComparable,
    compare,
    differences,
    require_like,
    total,
)
from veta.evidence.windows import Window, year

SELF, VERIFIED = AssuranceGrade.SELF_DECLARED, AssuranceGrade.VERIFIED
WITHDRAWAL = Definition(
    "water.withdrawal", MetricKind.WATER_WITHDRAWAL, "m3", "Water drawn.", "GRI 303-3 (2018)"
)
CONSUMPTION = Definition(
    "water.consumption", MetricKind.WATER_CONSUMPTION, "m3", "Water not given back.", "GRI 303-5"
)
BRINE = Definition(
    "brine.abstraction", MetricKind.BRINE_ABSTRACTION, "m3", "Brine pumped.", "site rule 4"
)
OF_TOTAL = Definition(
    "energy.solar-share", MetricKind.SHARE, "%", "Solar share.", "site report",
    "solar evaporation heat and electricity", "all energy, evaporation heat included",
)  # fmt: skip
OF_POWER = replace(OF_TOTAL, numerator="solar electricity", denominator="electricity")
SITE = Boundary("salar and plant", "Wells, ponds and carbonate plant; no head office.")
PLANT = Boundary("plant", "Carbonate plant only.")


def value(
    amount: str | int = 100,
    definition: Definition = WITHDRAWAL,
    boundary: Boundary = SITE,
    period: Window | None = None,
    grade: AssuranceGrade = VERIFIED,
) -> MetricValue:
    return MetricValue(Fraction(amount), definition, boundary, period or year(2026), grade)


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


def record(**changes: object) -> ConversionRecord:
    content: dict[str, object] = {
        "definition": CONSUMPTION, "boundary": SITE, "to_definition": WITHDRAWAL,
        "to_boundary": SITE, "factor": Fraction(5, 4), "reason": "a fifth is given back",
        "window": year(2026), "grade": SELF,
    }  # fmt: skip
    return ConversionRecord(**{**content, **changes})  # type: ignore[arg-type]


@pytest.mark.row("S04", "S07")
def test_consumption_and_withdrawal__side_by_side__are_not_comparable_and_say_why() -> None:
    found = compare(value(), value(definition=CONSUMPTION))
    assert isinstance(found, NotComparable)
    assert {each.aspect for each in found.differences} == {"kind", "metric"}
    assert found.words().startswith("not comparable: kind: water-withdrawal here")
    assert "water-consumption there" in found.words()


@pytest.mark.row("S07")
def test_conversion_record__between_them__makes_them_comparable_at_its_own_grade() -> None:
    found = compare(value(120), value(100, CONSUMPTION), [record()])
    assert isinstance(found, Comparable)
    assert found.second.amount == 125
    assert found.second.definition == WITHDRAWAL
    assert found.grade is SELF
    assert found.second.steps == (f"conversion record {record().digest.hex()}: x 1.25",)


@pytest.mark.row("S07")
@pytest.mark.parametrize(
    "changes",
    [
        {"definition": replace(CONSUMPTION, text="Another text.")},
        {"boundary": PLANT},
        {"to_boundary": PLANT},
        {"to_definition": replace(WITHDRAWAL, unit="l")},
        {"window": year(2025)},
        {"definition": WITHDRAWAL, "to_definition": CONSUMPTION},
    ],
    ids=["definition", "boundary", "to boundary", "to unit", "period", "the other way"],
)
def test_conversion_record__for_something_else__bridges_nothing(
    changes: dict[str, object],
) -> None:
    found = compare(value(), value(definition=CONSUMPTION), [record(**changes)])
    assert isinstance(found, NotComparable)


@pytest.mark.row("A55", "S21")
def test_brine__and_water__are_neither_added_compared_nor_converted() -> None:
    error = refused(lambda: total([value(), value(definition=BRINE)]))
    assert error.code == "evidence.brine_in_water"
    assert refused(lambda: total([value(definition=BRINE), value()])).code == error.code
    assert isinstance(compare(value(), value(definition=BRINE)), NotComparable)
    for one, two in ((BRINE, WITHDRAWAL), (CONSUMPTION, BRINE)):
        error = refused(lambda o=one, t=two: record(definition=o, to_definition=t))  # type: ignore[misc]
        assert error.code == "evidence.brine_conversion"
    same = record(definition=BRINE, to_definition=BRINE, boundary=PLANT)
    assert same.factor == Fraction(5, 4)


@pytest.mark.row("A30", "S21")
def test_offsets__and_emissions__are_neither_added_compared_nor_converted() -> None:
    emitted = replace(WITHDRAWAL, metric="ghg", kind=MetricKind.EMISSIONS, unit="t CO2e")
    offset = replace(emitted, metric="offsets", kind=MetricKind.OFFSETS)
    values = [value(100, emitted), value(100, offset)]
    assert refused(lambda: total(values)).code == "evidence.not_comparable"
    assert isinstance(compare(values[0], values[1]), NotComparable)
    error = refused(lambda: record(definition=offset, to_definition=emitted))
    assert error.code == "evidence.offset_conversion"
    renamed = replace(offset, text="Units retired.")
    assert record(definition=offset, to_definition=renamed).factor == Fraction(5, 4)


@pytest.mark.row("A29")
@pytest.mark.parametrize(
    ("other", "aspects"),
    [
        (value(boundary=PLANT), {"boundary"}),
        (value(boundary=replace(SITE, text="All of it.")), {"boundary"}),
        (value(period=year(2025)), {"period"}),
        (value(definition=replace(WITHDRAWAL, unit="l")), {"unit"}),
        (value(definition=replace(WITHDRAWAL, text="Water drawn, rain too.")), {"definition"}),
        (value(definition=replace(WITHDRAWAL, source="GRI 303 (2016)")), {"definition"}),
        (value(1, CONSUMPTION, PLANT, year(2025)), {"kind", "metric", "boundary", "period"}),
    ],
    ids=["boundary", "its text", "period", "unit", "text", "source", "four at once"],
)
def test_every_difference__is_named(other: MetricValue, aspects: set[str]) -> None:
    assert {each.aspect for each in differences(value(), other)} == aspects
    error = refused(lambda: require_like([value(), other]))
    assert error.code == "evidence.not_comparable"
    assert all(aspect in error.message for aspect in aspects)


@pytest.mark.row("S24")
def test_78_percent_of_all_energy__and_of_electricity__are_two_metrics() -> None:
    found = compare(value(78, OF_TOTAL), value(78, OF_POWER))
    assert isinstance(found, NotComparable)
    assert {each.aspect for each in found.differences} == {"numerator", "denominator"}
    assert "evaporation heat" in found.words()
    same = replace(OF_TOTAL, metric="energy.solar-share")
    assert isinstance(compare(value(78, OF_TOTAL), value(70, same)), Comparable)
    error = refused(lambda: replace(OF_TOTAL, numerator="", denominator=""))
    assert error.code == "evidence.definition_incomplete"
    assert refused(lambda: replace(OF_TOTAL, denominator="")).code == error.code


def test_across_time__periods_of_one_length_are_alike__others_are_not() -> None:
    assert not differences(value(), value(period=year(2024)), across_time=True)
    start = year(2026).from_s
    half = value(period=Window(start, start + 181 * 86_400))
    found = differences(value(), half, across_time=True)
    assert [each.aspect for each in found] == ["period length"]
    assert found[0].words() == "period length: a year from 01-01 here, 6 months there"


def test_sum__of_like_values__is_exact_and_of_the_lowest_grade() -> None:
    whole = total([value("0.1"), value("0.2", grade=SELF)])
    assert (whole.amount, whole.grade) == (Fraction("0.3"), SELF)
    assert refused(lambda: total([value(78, OF_TOTAL)] * 2)).code == "evidence.not_additive"
    assert refused(lambda: total([])).code == "evidence.no_grade"
    assert whole.words().startswith("0.3 m3, water.withdrawal, boundary salar and plant, 2026-01")
    assert whole.words().endswith("self-declared")


@pytest.mark.row("S07", "A58")
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: replace(WITHDRAWAL, unit=" "), "definition_incomplete"),
        (lambda: replace(WITHDRAWAL, text=""), "definition_incomplete"),
        (lambda: replace(WITHDRAWAL, source=""), "definition_incomplete"),
        (lambda: replace(WITHDRAWAL, metric="m" * 81), "definition_incomplete"),
        (lambda: Boundary("", "text"), "boundary_missing"),
        (lambda: Boundary("name", " "), "boundary_missing"),
        (lambda: Boundary("name", "t" * 2001), "boundary_missing"),
        (lambda: replace(WITHDRAWAL, text="t" * 2001), "definition_incomplete"),
        (lambda: value(-1), "negative"),
        (lambda: replace(value(), amount=1.5), "not_exact"),  # type: ignore[arg-type]
        (lambda: record(factor=Fraction(0)), "conversion_incomplete"),
        (lambda: record(reason=""), "conversion_incomplete"),
    ],
)
def test_what_is_missing_or_wrong__is_refused_by_a_stable_code(
    call: Callable[[], object], code: str
) -> None:
    assert refused(call).code == f"evidence.{code}"


def test_texts__of_the_longest_length__are_taken() -> None:
    assert Boundary("name", "t" * 2000).text
    assert replace(WITHDRAWAL, text="t" * 2000, metric="m" * 80).text


def test_digests__name_content_and_not_the_grade() -> None:
    assert WITHDRAWAL.digest != replace(WITHDRAWAL, text="Water drawn. ").digest
    assert record().digest == record(grade=VERIFIED).digest
    assert record().digest != record(factor=Fraction(6, 5)).digest
    assert SITE.digest != PLANT.digest
    written = (
        '{"denominator":"","kind":"water-withdrawal","metric":"water.withdrawal","numerator":"",'
        '"source":"GRI 303-3 (2018)","text":"Water drawn.","type":"veta:metric-definition/1",'
        '"unit":"m3"}'
    )
    assert WITHDRAWAL.digest == hashlib.sha256(written.encode()).digest()
