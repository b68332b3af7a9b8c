"""Documents are read closed: no grade of their own, no metric unknown or twice, no half a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.errors import InputError
from veta.evidence.catalogue import STANDARD, catalogue_of, definition_of
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import MetricKind, compare
from veta.evidence.reading import (
    MOST_VALUES,
    Indicators,
    read_indicators,
    read_metric_value,
    read_metric_values,
)
from veta.evidence.windows import year

CATALOGUE = catalogue_of(STANDARD)
WITHDRAWAL = STANDARD[0]
NOW = year(2027).from_s
SELF = AssuranceGrade.SELF_DECLARED


def document(**changes: Any) -> Any:
    content: dict[str, Any] = {
        "metric": "water.withdrawal",
        "definition": WITHDRAWAL.digest.hex(),
        "unit": "m3",
        "amount": "6300",
        "boundary": {"name": "salar", "text": "wells, ponds and plant"},
        "period": {"fromSeconds": year(2026).from_s, "toSeconds": year(2026).to_s},
        **changes,
    }
    return {name: value for name, value in content.items() if value is not None}


def read(grade: AssuranceGrade = SELF, **changes: Any) -> Any:
    return read_metric_value(document(**changes), CATALOGUE, grade=grade, as_of_s=NOW)


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


@pytest.mark.row("S07")
def test_value__whole__is_read_with_all_that_makes_it_one() -> None:
    value = read()
    assert (value.amount, value.definition, value.period) == (6300, WITHDRAWAL, year(2026))
    assert value.boundary.name == "salar"


@pytest.mark.row("S02")
def test_same_value__at_every_grade__gives_another_line_and_none_a_better_word() -> None:
    lines = {grade: read(grade).words() for grade in AssuranceGrade}
    assert len(set(lines.values())) == len(AssuranceGrade)
    for grade, line in lines.items():
        above = [each.words for each in AssuranceGrade if each > grade]
        assert line.endswith(f", {grade.words}")
        assert not any(word in line for word in above)


@pytest.mark.row("S02", "S22")
def test_value__that_grades_itself__is_refused() -> None:
    error = refused(lambda: read(grade=AssuranceGrade.SELF_DECLARED, boundary=None))
    assert error.code == "evidence.member"
    graded = document() | {"grade": "accredited"}
    error = refused(lambda: read_metric_value(graded, CATALOGUE, grade=SELF, as_of_s=NOW))
    assert error.code == "evidence.grade_stated"


@pytest.mark.row("S07", "A29", "A58")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"metric": "water"}, "unknown_metric"),
        ({"metric": "water.consumption"}, "unknown_definition"),
        ({"definition": "0" * 64}, "unknown_definition"),
        ({"definition": WITHDRAWAL.digest.hex().upper()}, "unknown_definition"),
        ({"definition": None}, "member"),
        ({"unit": None}, "member"),
        ({"boundary": None}, "member"),
        ({"period": None}, "member"),
        ({"amount": None}, "member"),
        ({"note": "x"}, "member"),
        ({"metric": 7}, "member"),
        ({"unit": "l"}, "unit_mismatch"),
        ({"amount": "-1"}, "negative"),
        ({"amount": "1.0000000000000001"}, "too_many_digits"),
        ({"amount": "6.3e3"}, "number_form"),
        ({"amount": 6300}, "member"),
        ({"boundary": {"name": "salar", "text": ""}}, "boundary_missing"),
        ({"boundary": {"name": "salar"}}, "member"),
        ({"boundary": "salar"}, "member"),
        ({"period": {"fromSeconds": 10, "toSeconds": 9}}, "window_empty"),
        ({"period": {"fromSeconds": 10, "toSeconds": 10}}, "window_empty"),
        ({"period": {"fromSeconds": -1, "toSeconds": 9}}, "time_range"),
        ({"period": {"fromSeconds": True, "toSeconds": 9}}, "time_range"),
        ({"period": {"fromSeconds": "0", "toSeconds": 9}}, "time_range"),
        ({"period": {"fromSeconds": NOW - 9, "toSeconds": NOW + 1}}, "wrong_period"),
    ],
)
def test_value__malformed__is_refused_by_a_stable_code(changes: dict[str, Any], code: str) -> None:
    assert refused(lambda: read(**changes)).code == f"evidence.{code}"


def test_members__missing_and_unknown__are_told_apart() -> None:
    assert "lacks member 'unit'" in refused(lambda: read(unit=None)).message
    assert "has an unknown member 'note'" in refused(lambda: read(note="x")).message


def test_values__together__have_one_a_metric_boundary_and_period() -> None:
    def values(*documents: Any) -> Any:
        return read_metric_values(list(documents), CATALOGUE, grade=SELF, as_of_s=NOW)

    earlier = document(period={"fromSeconds": 0, "toSeconds": 9})
    assert len(values(document(), earlier)) == 2
    assert refused(lambda: values(document(), document(amount="1"))).code == "evidence.metric_twice"
    error = refused(lambda: values(*[document()] * (MOST_VALUES + 1)))
    assert error.code == "evidence.too_many_values"
    error = refused(lambda: read_metric_values({}, CATALOGUE, grade=SELF, as_of_s=NOW))
    assert error.code == "evidence.member"
    error = refused(lambda: read_metric_value([], CATALOGUE, grade=SELF, as_of_s=NOW))
    assert error.code == "evidence.member"


def test_share__above_the_whole__is_refused() -> None:
    share = next(each for each in STANDARD if each.metric == "electricity.renewable-share")
    changes: dict[str, Any] = {
        "metric": share.metric,
        "definition": share.digest.hex(),
        "unit": "%",
    }
    assert read(**changes, amount="100").amount == 100
    assert refused(lambda: read(**changes, amount="100.1")).code == "evidence.ratio_range"


@pytest.mark.row("S24")
def test_catalogue__keeps_solar_share_and_renewable_share_apart() -> None:
    by_name = {each.metric: each for each in STANDARD}
    solar, power = by_name["energy.solar-share"], by_name["electricity.renewable-share"]
    value = replace(read(), definition=solar, amount=Fraction(78))
    found = compare(value, replace(value, definition=power))
    assert "not comparable: metric: energy.solar-share here" in found.words()  # type: ignore[union-attr]
    assert len({each.digest for each in STANDARD}) == len(STANDARD)
    assert {each.kind for each in STANDARD} >= {
        MetricKind.EMISSIONS_LOCATION, MetricKind.EMISSIONS_MARKET, MetricKind.BRINE_ABSTRACTION,
    }  # fmt: skip


def test_catalogue__holds_versions_of_a_definition_and_no_two_alike() -> None:
    newer = replace(WITHDRAWAL, text="Water drawn, rain included.")
    both = catalogue_of([WITHDRAWAL, newer])
    assert definition_of(both, "water.withdrawal", newer.digest.hex()) is newer
    assert definition_of(both, "water.withdrawal", WITHDRAWAL.digest.hex()) is WITHDRAWAL
    error = refused(lambda: catalogue_of([WITHDRAWAL, WITHDRAWAL]))
    assert error.code == "evidence.definition_twice"


def indicators(*entries: Any) -> Indicators:
    names = ["fatalities", "ltifr", "trifr"]
    return read_indicators(list(entries), names)


@pytest.mark.reference
@pytest.mark.row("S16")
def test_indicators__of_the_reference_set__without_a_value_are_no_evidence() -> None:
    dimensions = reference_json("reference/indicators-76.json")["dimensions"]
    names = [name for each in dimensions for name in each["indicators"]]
    given: list[Any] = [
        {"indicator": name, "amount": "1"} for name in names if name != "fatalities"
    ]
    found = read_indicators(given, names)
    assert len(found.amounts) == 75
    assert found.missing == ("fatalities",)
    assert found.words("fatalities") == "fatalities: no evidence"
    assert found.words("ltifr") == "ltifr: 1"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{"indicator": "ltifr", "amount": "1"}] * 2, "indicator_twice"),
        ([{"indicator": "LTIFR", "amount": "1"}], "unknown_indicator"),
        ([{"indicator": "ltifr"}], "member"),
        ([{"indicator": "ltifr", "amount": None}], "number_form"),
        ([{"indicator": "ltifr", "amount": "-1"}], "negative"),
        ([{"indicator": "ltifr", "amount": "1", "grade": "verified"}], "grade_stated"),
        (["ltifr"], "member"),
    ],
)
def test_indicators__malformed__are_refused_by_a_stable_code(entries: list[Any], code: str) -> None:
    assert refused(lambda: indicators(*entries)).code == f"evidence.{code}"


def test_indicator_set__that_names_one_twice__is_refused() -> None:
    error = refused(lambda: read_indicators([], ["a", "a"]))
    assert error.code == "evidence.indicator_twice"
