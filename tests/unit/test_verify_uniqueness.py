"""Credit that could be sold in another registry, too: said in every report that claims any."""

from __future__ import annotations

import pytest

from tests.support.certified_lot import TRUST, honest_case
from tests.support.disclosed_lots import Disclosure, rod_chain
from tests.unit.test_verify_assurance import CASES, credited
from tests.unit.test_verify_lots import SCENARIOS, case_of
from veta.verify.report import HERE_ONLY, NEVER_PROVEN, Report
from veta.verify.verdict import Outcome, Verdict
from veta.verify.verifier import Verifier


def report_of(told: Disclosure) -> Report:
    case = told.case()
    return Verifier(TRUST).verify(case.bundle, case.facts)


@pytest.mark.row("A17")
def test_report__credit_is_claimed__uniqueness_is_proven_on_this_chain_only() -> None:
    report = report_of(credited())
    assert report.verdict is Verdict.VALID  # nothing is wrong with it here
    assert report.not_proven[-len(NEVER_PROVEN) - 1] == HERE_ONLY
    assert "on this chain only" in report.to_json()["not_proven"][-len(NEVER_PROVEN) - 1]


@pytest.mark.row("A17")
def test_report__metal_from_another_registry__says_the_same() -> None:
    assert HERE_ONLY in report_of(rod_chain()).not_proven


@pytest.mark.row("A17")
@pytest.mark.parametrize("code", sorted(CASES))
def test_report__whatever_became_of_the_certificate__says_the_same(code: str) -> None:
    assert HERE_ONLY in report_of(CASES[code]()).not_proven


def test_report__no_credit_and_nothing_from_outside__says_nothing_of_it() -> None:
    case = honest_case()
    assert HERE_ONLY not in Verifier(TRUST).verify(case.bundle, case.facts).not_proven


@pytest.mark.row("A36")
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("lot.consumed", Outcome.NOTICE),
        ("lot.exited", Outcome.NOTICE),
        ("lot.partly_taken", Outcome.NOTICE),
        ("lot.other_statement_on_chain", Outcome.FAILED),
    ],
)
def test_label_copied_onto_other_goods__the_chain_says_where_the_lot_went(
    code: str, outcome: Outcome
) -> None:
    """A true code on false goods verifies; that its lot went into others, left, or was opened under
    another statement is what the next look tells, with the holder and what is left."""
    case = case_of(SCENARIOS[code])
    report = Verifier(TRUST).verify(case.bundle, case.facts)
    (check,) = [each for each in report.checks if each.code == code]
    assert check.outcome is outcome
    assert report.verdict is not Verdict.VALID
    if outcome is Outcome.NOTICE:
        assert {"left", "taken", "total"} <= set(check.facts)
