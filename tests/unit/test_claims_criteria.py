"""Criterion results: two versions, four results, plans that are late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from veta.claims import Language, Window, shipped
from veta.claims.criteria import (
    Assessment,
    PlanState,
    report,
    result_words,
    summary,
)
from veta.claims.schemes import load_schemes
from veta.claims.subjects import Subject, SubjectKind
from veta.errors import InputError, ProvenanceError
from veta.model.criteria import CriterionFinding, CriterionResult, ImprovementPlan

FULLY, PARTIALLY = CriterionResult.FULLY, CriterionResult.PARTIALLY
NOT_MET, NOT_ASSESSED = CriterionResult.NOT_MET, CriterionResult.NOT_ASSESSED
SITE = Subject(SubjectKind.SITE, "site-aurora")
CATALOGUE = shipped.schemes()


def moment(text: str) -> int:
    return Window.of_days(text, text).from_s


ASSESSED = moment("2026-03-31")
NOW = moment("2026-10-01")


def full(version: str = "3", **results: CriterionResult) -> Assessment:
    """Everything met but what is named."""
    count = {"2": 32, "3": 33}[version]
    names = [f"C{number}" for number in range(1, count + 1)]
    found = tuple(
        CriterionFinding(f"copper-mark-rra/{version}/{name}", results.get(name, FULLY))
        for name in names
    )
    when = ASSESSED if version == "3" else moment("2023-05-01")
    return Assessment(SITE, "copper-mark-rra", version, when, found)


def planned(result: CriterionResult, plan: ImprovementPlan | None) -> Assessment:
    finding = CriterionFinding("copper-mark-rra/3/C11", result, plan)
    return replace(full(), findings=(finding,))


def state(plan: ImprovementPlan | None, at_s: int = NOW) -> PlanState:
    found = report(planned(PARTIALLY, plan), CATALOGUE, at_s=at_s)
    (line,) = (line for line in found.lines if line.result is PARTIALLY)
    return line.plan


@pytest.mark.row("S29")
def test_version__decides_how_many_criteria_there_are() -> None:
    old, new = (report(full(each), CATALOGUE, at_s=NOW) for each in ("2", "3"))
    assert (len(old.lines), len(new.lines)) == (32, 33)
    assert summary(old, Language.ENGLISH) == (
        "32 criteria. met: 32; only in part: 0; not met: 0; not assessed: 0."
    )
    short = replace(full(), findings=full().findings[:-1])
    assert report(short, CATALOGUE, at_s=NOW).count(NOT_ASSESSED) == 1


@pytest.mark.row("S29")
def test_criterion__of_another_version__is_refused() -> None:
    stray = CriterionFinding("copper-mark-rra/3/C33", FULLY)
    mixed = replace(full("2"), findings=(*full("2").findings, stray))
    cases = {
        "claims.criterion_of_other_version": mixed,
        "claims.unknown_criterion": replace(
            full(), findings=(CriterionFinding("copper-mark-rra/3/C34", FULLY),)
        ),
        "claims.criterion_twice": replace(full(), findings=full().findings[:1] * 2),
        "claims.unknown_version": replace(full(), version="9"),
        "claims.unknown_scheme": replace(full(), scheme="nomark"),
        "claims.version_not_in_force": replace(full(), assessed_s=moment("2023-12-31")),
        "claims.other_subject": replace(full(), subject=Subject(SubjectKind.LOT, "L1")),
    }
    for code, assessment in cases.items():
        with pytest.raises(ProvenanceError) as error:
            report(assessment, CATALOGUE, at_s=NOW)
        assert error.value.code == code


@pytest.mark.row("S29")
@pytest.mark.parametrize("language", list(Language))
def test_partially__in_any_language__never_reads_as_met(language: Language) -> None:
    words = {each: result_words(each, language) for each in CriterionResult}
    assert len(set(words.values())) == 4
    for other in (PARTIALLY, NOT_ASSESSED):
        assert words[FULLY] not in words[other]
    assert words[NOT_MET] != words[FULLY]
    found = report(full(C11=PARTIALLY, C4=NOT_MET), CATALOGUE, at_s=NOW)
    text = summary(found, language)
    assert f"{words[FULLY]}: 31;" in text
    assert f"{words[PARTIALLY]}: 1;" in text
    assert f"{words[NOT_MET]}: 1;" in text


@pytest.mark.row("S29")
def test_plan__that_is_late_missing_or_too_long__is_flagged() -> None:
    due = moment("2026-09-30")
    assert state(None) is PlanState.MISSING
    assert state(ImprovementPlan("P", due)) is PlanState.OVERDUE
    assert state(ImprovementPlan("P", due), at_s=due - 1) is PlanState.OPEN
    assert state(ImprovementPlan("P", due), at_s=due) is PlanState.OVERDUE
    assert state(ImprovementPlan("P", due, closed_s=due - 9)) is PlanState.CLOSED
    assert state(ImprovementPlan("P", due, closed_s=NOW + 9)) is PlanState.OVERDUE
    twelve_months = moment("2027-04-01")
    assert state(ImprovementPlan("P", twelve_months)) is PlanState.OPEN
    assert state(ImprovementPlan("P", twelve_months + 1)) is PlanState.TOO_LONG
    closed = report(
        planned(PARTIALLY, ImprovementPlan("P", due, closed_s=due - 9)), CATALOGUE, at_s=NOW
    )
    assert closed.count(FULLY) == 0
    late = report(planned(NOT_MET, ImprovementPlan("P", due)), CATALOGUE, at_s=NOW)
    assert late.overdue == ("copper-mark-rra/3/C11",)
    assert "plan overdue: 1" in summary(late, Language.ENGLISH)
    assert "Plan überfällig: 1" in summary(late, Language.GERMAN)
    assert "plan vencido: 1" in summary(late, Language.SPANISH)


@pytest.mark.parametrize(
    ("result", "plan", "code"),
    [
        (FULLY, ImprovementPlan("P", NOW), "claims.plan_without_gap"),
        (PARTIALLY, ImprovementPlan("P", ASSESSED), "claims.plan_order"),
        (PARTIALLY, ImprovementPlan("P", NOW, closed_s=ASSESSED - 1), "claims.plan_order"),
    ],
)
def test_plan__that_cannot_be__is_refused(
    result: CriterionResult, plan: ImprovementPlan, code: str
) -> None:
    with pytest.raises(InputError) as error:
        report(planned(result, plan), CATALOGUE, at_s=NOW)
    assert error.value.code == code


def test_twelve_months__from_a_leap_day__end_with_february() -> None:
    day = moment("2024-02-29")
    plan = ImprovementPlan("P", moment("2025-03-01"))
    assessment = replace(planned(PARTIALLY, plan), assessed_s=day)
    assert {line.plan for line in report(assessment, CATALOGUE, at_s=day).lines} == {
        PlanState.OPEN,
        PlanState.NOT_NEEDED,
    }
    longer = replace(planned(PARTIALLY, replace(plan, due_s=plan.due_s + 1)), assessed_s=day)
    assert PlanState.TOO_LONG in {line.plan for line in report(longer, CATALOGUE, at_s=day).lines}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ('"levels": []', "claims.levels"),
        ('"levels": ["a", "a"]', "claims.data_field"),
        ('"subject": "person"', "claims.unknown_subject"),
        ('"name": ""', "claims.data_field"),
        ('"certification": 1', "claims.data_field"),
        ('"colour": "x"', "claims.data_member"),
        ('"levels": "a"', "claims.data_field"),
        ('"versions": [{"version": "1", "plan_months": -1}]', "claims.data_field"),
        ('"versions": [{"version": "1"}]', "claims.data_field"),
        ('"versions": ["1"]', "claims.data_field"),
        ('"versions": {}', "claims.data_field"),
        (
            '"versions": [{"version": "1", "plan_months": 1}, {"version": "1", "plan_months": 1}]',
            "claims.scheme_twice",
        ),
        (
            '"versions": [{"version": "1", "plan_months": 1, "numbered": 3}]',
            "claims.criteria",
        ),
        (
            (
                '"versions": [{"version": "1", "plan_months": 1,'
                ' "numbered": {"prefix": "C", "count": 9999}}]'
            ),
            "claims.criteria",
        ),
        (
            (
                '"versions": [{"version": "1", "plan_months": 1,'
                ' "titles": [{"id": "C1", "title": "t"}]}]'
            ),
            "claims.criteria",
        ),
        (
            (
                '"versions": [{"version": "1", "plan_months": 1, "starts": "2026-01-02",'
                ' "ends": "2026-01-01"}]'
            ),
            "claims.window_order",
        ),
    ],
)
def test_schemes__malformed__are_refused_when_loaded(change: str, code: str) -> None:
    members = {
        '"slug"': '"slug": "s"',
        '"name"': '"name": "S"',
        '"subject"': '"subject": "site"',
        '"certification"': '"certification": true',
        '"levels"': '"levels": ["a"]',
        '"source"': '"source": "fictional"',
        '"versions"': '"versions": []',
    }
    members[change.partition(":")[0]] = change
    scheme = "{" + ", ".join(members.values()) + "}"
    octets = f'{{"schema": "veta-schemes/1", "version": 1, "schemes": [{scheme}]}}'.encode()
    with pytest.raises(InputError) as error:
        load_schemes(octets)
    assert error.value.code == code


def test_title__of_a_criterion__is_what_is_known_of_it() -> None:
    assert CATALOGUE.title("copper-mark-rra/3/C11") == "Climate action"
    assert CATALOGUE.title("copper-mark-rra/2/C11") == ""


def test_schemes__of_two_files_with_one_name__are_refused() -> None:
    octets = shipped.octets("schemes.json")
    with pytest.raises(InputError) as error:
        load_schemes(octets, octets)
    assert error.value.code == "claims.scheme_twice"
