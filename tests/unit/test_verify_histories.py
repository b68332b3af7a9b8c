"""The verdict in time: the table of the specification, its histories, and all combinations."""

from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certified_lot import TRUST
from tests.support.histories import HISTORIES, History
from tests.unit.test_verify_assurance import CASES as CERTIFICATES
from tests.unit.test_verify_assurance import judge as judge_credit
from veta.verify.report import Report
from veta.verify.time_table import ANSWERS, IN_TIME, Question, verdict_in_time
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/spec/verification.md").read_text()
WORST_LAST = (
    Verdict.VALID,
    Verdict.VALID_WITH_NOTICE,
    Verdict.NOT_PROVEN,
    Verdict.INDETERMINATE,
    Verdict.INVALID,
)
OUTCOMES_WORST_LAST = (
    Outcome.PASSED,
    Outcome.NOTICE,
    Outcome.NOT_PROVEN,
    Outcome.NOT_DETERMINED,
    Outcome.FAILED,
)


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the table under a heading of the specification."""
    section = DOCUMENT.split(f"\n### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def report_of(history: History) -> Report:
    case = history.case()
    return Verifier(TRUST, history.rules()).verify(case.bundle, case.facts)


def reasons(report: Report, steps: frozenset[Step]) -> list[str]:
    """Codes of what did not simply pass, the worst outcome first, each in the report's order."""
    found = [check for check in report.checks if check.step in steps]
    worst_first = OUTCOMES_WORST_LAST[:0:-1]
    told = [each.code for outcome in worst_first for each in found if each.outcome is outcome]
    return list(dict.fromkeys(told))


DOCUMENTED = {row[0]: (row[1], re.findall(r"`([a-z_.]+)`", row[2])) for row in rows_of("Histories")}
CREDIT = {row[0]: (row[1], row[2].strip("`")) for row in rows_of("Certificates behind credit")}


def test_specification__has_every_history__and_no_other() -> None:
    assert list(DOCUMENTED) == list(HISTORIES)
    assert len(DOCUMENTED) >= 24


@pytest.mark.row("T1", "T2", "T3", "T4")
@pytest.mark.parametrize("words", HISTORIES)
def test_history__verdict_and_reasons__are_those_of_the_specification(words: str) -> None:
    report = report_of(HISTORIES[words])
    steps = IN_TIME | {Step.SIGNATURE}
    assert (report.verdict.value, reasons(report, steps)) == DOCUMENTED[words]


def test_specification__every_answer__is_in_its_table_in_order() -> None:
    documented = [(row[1].strip("`"), row[2]) for row in rows_of("Answers")]
    words = {outcome: outcome.value.replace("_", " ") for outcome in Outcome}
    assert documented == [(each.code, words[each.outcome]) for each in ANSWERS.values()]
    questions = [row[0] for row in rows_of("Answers") if row[0]]
    assert questions == [question.words for question in Question]


@pytest.mark.row("T3", "A23")
@pytest.mark.parametrize("words", CREDIT)
def test_certificate__what_became_of_it__is_that_of_the_specification(words: str) -> None:
    verdict, code = CREDIT[words]
    report = judge_credit(CERTIFICATES[code]())
    assert report.verdict.value == verdict
    assert ANSWERS[code].outcome.value in {check.outcome.value for check in report.checks}
    assert code in {check.code for check in report.checks}


def options(question: Question) -> list[frozenset[str] | None]:
    """Answers to one question by what they come to, one of each; ``None``: could not be asked."""
    of_question = [each for each in ANSWERS.values() if each.question is question]
    one_each = {each.outcome: each.code for each in of_question}
    return [None, frozenset(), *(frozenset({code}) for code in one_each.values())]


SEVERITY: dict[str | None, int] = {
    None: 3,
    **{code: OUTCOMES_WORST_LAST.index(answer.outcome) for code, answer in ANSWERS.items()},
}


def expected(chosen: dict[Question, frozenset[str] | None]) -> Verdict:
    """By the specification's sentence: the worst counts, of steps that are not required only what
    failed or is a notice."""
    worst = 0
    for question, codes in chosen.items():
        for code in (None,) if codes is None else codes:
            severity = SEVERITY[code]
            if question.step in IN_TIME or severity in (1, 4):
                worst = max(worst, severity)
    return WORST_LAST[worst]


def answered(chosen: dict[Question, frozenset[str] | None]) -> tuple[Verdict, tuple[str, ...]]:
    codes = frozenset().union(*(each for each in chosen.values() if each is not None))
    unasked = frozenset(question for question, each in chosen.items() if each is None)
    found = verdict_in_time(codes, unasked=unasked)
    return found.verdict, found.reasons


@pytest.mark.row("T2", "T4")
def test_verdict_in_time__every_combination_of_outcomes__is_the_worst_of_them() -> None:
    """Total, and monotone because it is the worst: no answer makes another one better.

    Membership since, succession and dispute can only add a notice: one of them stands for all.
    """
    alike = (Question.SUCCESSION, Question.DISPUTE)
    questions = [question for question in Question if question not in alike]
    chosen_of = [
        [each for each in options(question) if each is None or each] for question in questions
    ]
    asked = {Question.MEMBER_SINCE, Question.BLOCK, Question.VALIDITY, Question.LIST}
    for at, question in enumerate(questions):
        if question in asked | {Question.CERTIFICATE}:  # what is not found is an empty answer
            chosen_of[at] = [frozenset() if each is None else each for each in chosen_of[at]]
    seen = set()
    for picked in product(*chosen_of):
        chosen = dict(zip(questions, picked, strict=True))
        verdict, _ = answered(chosen)
        assert verdict is expected(chosen), chosen
        seen.add(verdict)
    assert seen == set(Verdict)


@pytest.mark.row("T2")
@given(st.fixed_dictionaries({q: st.sampled_from(options(q)) for q in Question}))
def test_verdict_in_time__any_combination__one_verdict_with_its_reasons_in_order(
    chosen: dict[Question, frozenset[str] | None],
) -> None:
    verdict, told = answered(chosen)
    assert verdict is expected(chosen)
    assert (verdict is Verdict.VALID) <= (not [code for code in told if code in ANSWERS])
    order = [
        (-(SEVERITY[code] if code in ANSWERS else 3), list(ANSWERS).index(code))
        for code in told
        if code in ANSWERS
    ]
    assert order == sorted(order)
    for question in Question:  # one thing less is never worse
        fewer, _ = answered({**chosen, question: frozenset()})
        assert WORST_LAST.index(fewer) <= WORST_LAST.index(verdict)


ADDS = [words for words, history in HISTORIES.items() if len(history.changes) == 1]


@pytest.mark.row("T2", "T4")
def test_histories__any_two_together__verdict_is_what_the_table_says() -> None:
    """The verifier and the table agree on every pair of histories, whatever they are."""
    for one, other in combinations(ADDS, 2):
        first, second = HISTORIES[one], HISTORIES[other]
        both = History((*first.changes, *second.changes))
        report = report_of(both)
        codes = {check.code for check in report.checks if check.step in IN_TIME}
        known = frozenset(codes & ANSWERS.keys())
        unasked = frozenset(
            next(q for q in Question if q.step is check.step)
            for check in report.checks
            if check.step in IN_TIME
            and check.outcome is Outcome.NOT_DETERMINED
            and check.code not in ANSWERS
        )
        found = verdict_in_time(known, unasked=unasked)
        assert report.verdict is found.verdict, (one, other)
        told = [code for code in reasons(report, IN_TIME) if code in ANSWERS]
        assert told == [code for code in found.reasons if code in ANSWERS], (one, other)
