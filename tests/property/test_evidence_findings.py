"""Assay limits, series findings and accounts against models that know nothing of the code."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.evidence.answers import Answer
from veta.evidence.assays import Limit, Result, Specification, against
from veta.evidence.energy import EnergyCertificate, SiteElectricity, assess_electricity
from veta.evidence.grades import AssuranceGrade, lowest
from veta.evidence.metrics import Boundary, Definition, MetricKind, MetricValue
from veta.evidence.series import Reading, Series, inspect, revised
from veta.evidence.targets import Commitment, Goal, Trend, evaluate, trend
from veta.evidence.water import Flow, Quality, Source, WaterAccount, WaterPart, add_accounts
from veta.evidence.windows import Window, year

GRADES = st.sampled_from(AssuranceGrade)
SHARES = st.integers(0, 20)
PPM = Fraction(1, 10**6)


@pytest.mark.row("A34")
@given(
    st.dictionaries(
        st.sampled_from(["As", "Sb", "Se", "Te"]),
        st.tuples(st.sampled_from("=<"), st.integers(1, 12), st.integers(0, 99)),
    ),
    st.integers(0, 30),
    st.booleans(),
)
def test_limit__met_or_not__holds_for_every_value_that_the_bounds_allow(
    found: dict[str, tuple[str, int, int]], bound: int, is_least: bool
) -> None:
    results, truth = [], Fraction(0)
    for analyte, (sign, most, percent) in found.items():
        high = most * PPM
        results.append(
            Result(analyte, Fraction(0) if sign == "<" else high, high, False, sign == "<")
        )
        truth += high * percent / 100 if sign == "<" else high
    limit = Limit(("As", "Sb", "Se", "Te"), bound * PPM, is_least)
    finding = against(results, Specification("s", "s", (limit,)))[0]
    holds = truth >= limit.bound if is_least else truth <= limit.bound
    complete = len(found) == 4
    if finding.answer is Answer.MET:
        assert complete
        assert holds
    if finding.answer is Answer.NOT_MET:
        assert not holds
    if complete and all(sign == "=" for sign, *_ in found.values()):
        assert finding.answer is (Answer.MET if holds else Answer.NOT_MET)


METRIC = Definition("m", MetricKind.BRINE_ABSTRACTION, "m3", "text", "source")
SITE = Boundary("b", "text")


def series(amounts: list[int | None]) -> Series:
    readings = tuple(
        Reading(at * 60, Fraction(amount))
        for at, amount in enumerate(amounts)
        if amount is not None
    )
    period = Window(0, len(amounts) * 60)
    return Series("i", METRIC, SITE, period, 60, readings, AssuranceGrade.INSTRUMENT_SIGNED)


def slots(window: Window) -> range:
    return range(window.from_s // 60, window.to_s // 60)


AMOUNTS = st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=1, max_size=40)


@pytest.mark.row("A54")
@given(AMOUNTS, st.integers(2, 6), st.integers(2, 6))
def test_findings__of_any_series__are_those_of_a_slow_reader(
    amounts: list[int | None], flat: int, replay: int
) -> None:
    found = inspect(series(amounts), flat_slots=flat, replay_slots=replay)
    missing = {at for at, amount in enumerate(amounts) if amount is None}
    shown = {
        at for gap in found.gaps for at in range(gap.window.from_s // 60, gap.window.to_s // 60)
    }
    assert shown == missing
    in_line = {
        at
        for start in range(len(amounts) - flat + 1)
        for at in range(start, start + flat)
        if amounts[start] is not None and len(set(amounts[start : start + flat])) == 1
    }
    assert {at for line in found.flat_lines for at in slots(line.window)} == in_line
    for each in found.replays:
        start, original = each.window.from_s // 60, each.original_s // 60
        copy = amounts[start : start + each.slots]
        assert copy == amounts[original : original + each.slots]
        assert original + each.slots <= start
        assert each.slots >= replay
        assert len(set(copy)) > 1
        assert None not in copy
    repeats = any(
        amounts[one : one + replay] == amounts[two : two + replay]
        and None not in amounts[one : one + replay]
        and len(set(amounts[one : one + replay])) > 1
        for two in range(len(amounts) - replay + 1)
        for one in range(two - replay + 1)
    )
    assert bool(found.replays) == repeats


@pytest.mark.row("S20")
@given(AMOUNTS, st.integers(0, 39), st.one_of(st.none(), st.integers(0, 3)))
def test_digest__of_an_edited_series__is_another(
    amounts: list[int | None], at: int, amount: int | None
) -> None:
    edited = list(amounts)
    edited[at % len(amounts)] = amount
    assert (series(edited).digest == series(amounts).digest) == (edited == amounts)
    changes = {at % len(amounts) * 60: None if amount is None else Fraction(amount)}
    new = revised(series(amounts), changes, "reason", AssuranceGrade.SELF_DECLARED)
    assert new.readings == series(edited).readings
    assert new.digest != series(edited).digest


@pytest.mark.row("S02", "S12", "S14")
@given(st.lists(st.tuples(st.integers(0, 99), GRADES), min_size=2, max_size=6))
def test_grade__of_trend_and_evaluation__is_the_lowest(
    points: list[tuple[int, AssuranceGrade]],
) -> None:
    values = [
        MetricValue(Fraction(amount), METRIC, SITE, year(2000 + at), grade)
        for at, (amount, grade) in enumerate(points)
    ]
    found = trend(values)
    assert isinstance(found, Trend)
    assert found.grade is lowest(grade for _, grade in points)
    base, last = values[0], values[-1]
    promise = Commitment("who", "text", base, Goal.AT_MOST, Fraction(50), last.period)
    result = evaluate(promise, values, as_of_s=last.period.to_s)
    assert result.grade is lowest((base.grade, last.grade))
    assert (result.answer is Answer.MET) == (last.amount <= 50)


@pytest.mark.row("S04")
@given(
    st.lists(
        st.dictionaries(
            st.tuples(
                st.sampled_from([s for s in Source if s is not Source.BRINE]),
                st.sampled_from(Quality),
            ),
            st.tuples(SHARES, GRADES),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_water_accounts__added__keep_every_litre_and_the_lowest_grade(
    accounts: list[dict[tuple[Source, Quality], tuple[int, AssuranceGrade]]],
) -> None:
    made = [
        WaterAccount(
            Flow.WITHDRAWAL,
            replace(SITE, name=f"site {number}"),
            year(2026),
            Fraction(sum(amount for amount, _ in parts.values())),
            tuple(
                WaterPart(*key, Fraction(amount), grade) for key, (amount, grade) in parts.items()
            ),
        )
        for number, parts in enumerate(accounts)
    ]
    whole = add_accounts(made, SITE)
    assert whole.grade is lowest(grade for parts in accounts for _, grade in parts.values())
    for source in Source:
        assert whole.of(source) == sum(each.of(source) for each in made)


@pytest.mark.row("S13", "A31")
@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(0, 9), GRADES), max_size=4),
)
def test_renewable_share__never_exceeds_what_was_retired_or_used(
    used: int, claimed: list[tuple[int, bool, int, AssuranceGrade]]
) -> None:
    papers = tuple(
        EnergyCertificate(
            "r", str(number), energy, year(2026), "s" if retired else None, Fraction(factor), grade
        )
        for number, (energy, retired, factor, grade) in enumerate(claimed)
    )
    site = SiteElectricity("s", year(2026), used, Fraction(10), papers, AssuranceGrade.ACCREDITED)
    found = assess_electricity([site])["s"]
    retired_wh = sum(energy for energy, retired, *_ in claimed if retired)
    assert found.renewable_wh == min(used, retired_wh)
    assert 0 <= found.market_g <= found.location_g
    counted = [grade for _, retired, _, grade in claimed if retired]
    assert found.grade is lowest([AssuranceGrade.ACCREDITED, *counted])
