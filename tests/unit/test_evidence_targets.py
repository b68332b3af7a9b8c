"""A target is met, not met or cannot be told; an edited baseline is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, Definition, MetricKind, MetricValue, NotComparable
from veta.evidence.targets import (
    Commitment,
    Evaluation,
    Goal,
    Trend,
    amended,
    amendments,
    evaluate,
    target_of_change,
    trend,
)
from veta.evidence.windows import Window, year

SELF, VERIFIED = AssuranceGrade.SELF_DECLARED, AssuranceGrade.VERIFIED
MINE = Boundary("mine", "pit, concentrator and port")
WATER = Definition(
    "water.withdrawal", MetricKind.WATER_WITHDRAWAL, "m3", "Water drawn.", "GRI 303-3 (2018)"
)
GHG = Definition("ghg.scope1+2", MetricKind.EMISSIONS, "t CO2e", "Scope 1 and 2.", "GHG Protocol")
PM10 = Definition("air.pm10", MetricKind.AIR_QUALITY, "t", "PM10 emitted.", "permit 12")
AFTER = year(2031).from_s


def of(
    number: int,
    amount: int | str,
    definition: Definition = WATER,
    boundary: Boundary = MINE,
    grade: AssuranceGrade = VERIFIED,
) -> MetricValue:
    return MetricValue(Fraction(amount), definition, boundary, year(number), grade)


def promise(
    percent: int = -15, base: MetricValue | None = None, due: int = 2030, who: str = "mina-aurora"
) -> Commitment:
    start = base or of(2020, 1000)
    target = target_of_change(start.amount, percent)
    goal = Goal.AT_MOST if percent < 0 else Goal.AT_LEAST
    return Commitment(who, f"{percent} % by {due}", start, goal, target, year(due))


def asked(commitment: Commitment, values: Sequence[MetricValue], at_s: int = AFTER) -> Evaluation:
    return evaluate(commitment, values, as_of_s=at_s)


def refused(call: Callable[[], object]) -> InputError | VerificationError:
    with pytest.raises((InputError, VerificationError)) as caught:
        call()
    assert isinstance(caught.value, InputError | VerificationError)
    return caught.value


@pytest.mark.row("S04")
@pytest.mark.parametrize(
    ("amount", "answer"),
    [("850", Answer.MET), ("850.001", Answer.NOT_MET), ("0", Answer.MET), ("1000", Answer.NOT_MET)],
)
def test_water_less_15_percent_by_2030__is_met_at_the_target_and_not_above(
    amount: str, answer: Answer
) -> None:
    found = asked(promise(), [of(2025, 800), of(2030, amount)])
    assert found.answer is answer
    assert found.change == (Fraction(amount) - 1000) / 1000
    assert found.grade is VERIFIED
    assert "at most 850 m3" in found.reason


@pytest.mark.row("S12")
def test_pm_less_60_percent_by_2025__met_and_not_met() -> None:
    pm = promise(-60, of(2019, 500, PM10), 2025)
    assert asked(pm, [of(2025, 200, PM10)]).code == "evidence.target_met"
    assert asked(pm, [of(2025, 201, PM10)]).code == "evidence.target_not_met"


@pytest.mark.row("S14", "S21")
def test_goal_at_least__and_reductions_of_others__evaluate_as_said() -> None:
    share = Definition(
        "energy.renewable", MetricKind.SHARE, "%", "Share.", "s", "renewable", "electricity"
    )
    more = promise(50, of(2020, 40, share), 2030)
    assert more.target == 60
    assert asked(more, [of(2030, 60, share)]).answer is Answer.MET
    assert asked(more, [of(2030, 59, share)]).answer is Answer.NOT_MET
    ghg = promise(-70, of(2019, 1000, GHG))
    assert asked(ghg, [of(2030, 300, GHG)]).answer is Answer.MET
    brine = promise(-50, of(2020, 100, replace(GHG, kind=MetricKind.BRINE_ABSTRACTION)))
    assert asked(brine, [of(2030, 50, WATER)]).code == "evidence.not_comparable"


@pytest.mark.row("S12")
@pytest.mark.parametrize(
    ("values", "at_s", "code"),
    [
        ([of(2030, 1)], AFTER - 1, "not_due"),
        ([], AFTER, "no_evidence"),
        ([of(2029, 1)], AFTER, "no_evidence"),
        ([of(2030, 1, boundary=Boundary("mine", "pit only"))], AFTER, "not_comparable"),
        ([of(2030, 1, replace(WATER, text="Fresh water drawn."))], AFTER, "not_comparable"),
        ([of(2030, 1), of(2030, 999)], AFTER, "two_values"),
    ],
    ids=["too early", "nothing", "another year", "boundary", "definition", "two values"],
)
def test_what_cannot_be_told__is_neither_met_nor_missed(
    values: list[MetricValue], at_s: int, code: str
) -> None:
    found = asked(promise(), values, at_s)
    assert (found.answer, found.code) == (Answer.CANNOT_TELL, f"evidence.{code}")
    assert found.grade is None


@pytest.mark.row("S02", "S12")
def test_grade__of_an_evaluation__is_the_lowest_and_may_be_too_low() -> None:
    weak_base = promise(base=of(2020, 1000, grade=SELF))
    assert asked(weak_base, [of(2030, 1)]).grade is SELF
    found = evaluate(promise(), [of(2030, 1, grade=SELF)], as_of_s=AFTER, least_grade=VERIFIED)
    assert found.code == "evidence.grade_too_low"
    twice = [of(2030, 1, grade=SELF), of(2030, 1)]
    assert asked(promise(), twice).grade is VERIFIED


@pytest.mark.row("S12")
def test_edited_baseline__is_another_digest_and_breaks_the_chain() -> None:
    first = promise()
    second = amended(first, "new plant", text="15 % less, new plant included")
    assert [each.changed for each in amendments([first, second])] == [("text",)]
    edited = replace(first, baseline=of(2020, 2000), target=Fraction(1700))
    assert edited.digest != first.digest
    error = refused(lambda: amendments([edited, second]))
    assert isinstance(error, VerificationError)
    assert error.code == "evidence.broken_chain"


@pytest.mark.row("S12", "A51")
def test_amended_baseline__is_shown_and_the_first_promise_can_still_be_evaluated() -> None:
    first = promise()
    second = amended(first, "baseline restated", baseline=of(2020, 2000), target=Fraction(1700))
    third = amended(second, "later", due=year(2035))
    shown = amendments([first, second, third])
    assert [(each.version, each.changed, each.moved_the_baseline) for each in shown] == [
        (2, ("baseline amount", "target"), True), (3, ("due",), False),
    ]  # fmt: skip
    value = [of(2030, 1200)]
    assert asked(second, value).answer is Answer.MET
    assert asked(first, value).answer is Answer.NOT_MET


@pytest.mark.row("S12", "A51")
@pytest.mark.parametrize("dropped", [0, 1])
def test_chain__with_a_version_missing_or_from_another__is_broken(dropped: int) -> None:
    first = promise()
    second = amended(first, "r", text="b")
    third = amended(second, "r", text="c")
    versions = [first, second, third]
    del versions[dropped]
    assert refused(lambda: amendments(versions)).code == "evidence.broken_chain"
    stolen = replace(second, who="another")
    assert refused(lambda: amendments([first, stolen])).code == "evidence.broken_chain"
    assert refused(lambda: amendments([first, second, second])).code == "evidence.broken_chain"
    assert refused(lambda: amendments([])).code == "evidence.too_few"
    assert amendments([first]) == ()


@pytest.mark.row("S14")
def test_trend__over_a_changed_boundary__is_not_comparable_and_names_the_years() -> None:
    values = [of(2019, 1000, GHG), of(2021, 800, GHG)]
    moved = of(2020, 900, GHG, Boundary("mine", "pit and concentrator, port sold"))
    found = trend([*values, moved])
    assert isinstance(found, NotComparable)
    assert found.words().startswith("trend not comparable: 2019 to 2020, boundary: mine (")
    assert len(found.differences) == 2
    whole = trend(list(reversed(values)))
    assert isinstance(whole, Trend)
    assert whole.change == Fraction(-1, 5)
    assert [value.period for value in whole.values] == [year(2019), year(2021)]


@pytest.mark.row("S14")
def test_trend__of_other_definitions_or_lengths__is_not_comparable() -> None:
    start = year(2020)
    half = replace(of(2020, 1), period=Window(start.from_s, start.from_s + 182 * 86_400))
    found = trend([of(2019, 1), half])
    assert isinstance(found, NotComparable)
    assert "period length: a year from 01-01 here, 6 months there" in found.words()
    assert isinstance(trend([of(2019, 1), of(2020, 1, PM10)]), NotComparable)
    weak = trend([of(2019, 0), of(2020, 1, grade=SELF)])
    assert isinstance(weak, Trend)
    assert (weak.change, weak.grade) == (None, SELF)
    assert refused(lambda: trend([of(2019, 1)])).code == "evidence.too_few"
    assert refused(lambda: trend([of(2019, 1), of(2019, 1)])).code == "evidence.period_twice"
    assert refused(lambda: trend([of(2020, 1), half])).code == "evidence.period_twice"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: replace(promise(), due=year(2020)), "due_before_baseline"),
        (lambda: replace(promise(), due=year(2019)), "due_before_baseline"),
        (
            lambda: replace(promise(), due=Window(year(2030).from_s, year(2030).to_s - 86_400)),
            "wrong_period",
        ),
        (lambda: replace(promise(), who=" "), "commitment_incomplete"),
        (lambda: replace(promise(), text=""), "commitment_incomplete"),
        (lambda: replace(promise(), version=2), "version"),
        (lambda: replace(promise(), version=0), "version"),
        (lambda: replace(promise(), reason="x"), "version"),
        (lambda: amended(promise(), ""), "version"),
        (lambda: amended(promise(), "r", version=7), "version"),
        (lambda: replace(promise(), target=Fraction(-1)), "negative"),
        (lambda: target_of_change(Fraction(10), -101), "negative"),
    ],
)
def test_commitments__malformed__are_refused_by_a_stable_code(
    call: Callable[[], object], code: str
) -> None:
    assert refused(call).code == f"evidence.{code}"
