"""The verdict algebra, over every combination that can decide it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.verify.verdict import Check, Outcome, Step, Verdict, conclude

REQUIRED = frozenset({Step.SIGNATURE, Step.ANCHOR})
OUTCOMES = list(Outcome)
RANK = {
    Verdict.VALID: 0,
    Verdict.VALID_WITH_NOTICE: 1,
    Verdict.NOT_PROVEN: 2,
    Verdict.INDETERMINATE: 2,
    Verdict.INVALID: 3,
}


def check(step: Step, outcome: Outcome) -> Check:
    return Check(step, outcome, "some.code", "some sentence")


@pytest.mark.row("T75")
@pytest.mark.parametrize(("first", "second", "other"), list(product(OUTCOMES, repeat=3)))
def test_conclude__two_required_and_one_other__as_worded(
    first: Outcome, second: Outcome, other: Outcome
) -> None:
    """Any failed; a required one not determined; a required one not proven; any notice; valid."""
    checks = [
        check(Step.SIGNATURE, first),
        check(Step.ANCHOR, second),
        check(Step.LINEAGE, other),
    ]
    verdict = conclude(checks, REQUIRED)
    if Outcome.FAILED in (first, second, other):
        expected = Verdict.INVALID
    elif Outcome.NOT_DETERMINED in (first, second):
        expected = Verdict.INDETERMINATE
    elif Outcome.NOT_PROVEN in (first, second):
        expected = Verdict.NOT_PROVEN
    elif Outcome.NOTICE in (first, second, other):
        expected = Verdict.VALID_WITH_NOTICE
    else:
        expected = Verdict.VALID
    assert verdict is expected


def test_conclude__nothing_checked__not_proven() -> None:
    assert conclude([], REQUIRED) is Verdict.NOT_PROVEN


checks_strategy = st.lists(
    st.builds(check, st.sampled_from(list(Step)), st.sampled_from(OUTCOMES)), max_size=12
)


@pytest.mark.row("T75")
@given(checks_strategy)
def test_conclude__a_required_step_left_out__never_good(checks: list[Check]) -> None:
    full = frozenset(Step)
    for step in Step:
        without = [each for each in checks if each.step is not step]
        assert not conclude(without, full).good


@given(checks_strategy, st.sampled_from(list(Step)))
def test_conclude__one_more_failure__always_invalid(checks: list[Check], step: Step) -> None:
    assert conclude([*checks, check(step, Outcome.FAILED)], REQUIRED) is Verdict.INVALID


@given(checks_strategy, st.sampled_from(list(Step)))
def test_conclude__one_more_pass_on_a_present_step__never_worse(
    checks: list[Check], step: Step
) -> None:
    present = {each.step for each in checks}
    if step in present:
        before = conclude(checks, REQUIRED)
        after = conclude([*checks, check(step, Outcome.PASSED)], REQUIRED)
        assert RANK[after] == RANK[before]
