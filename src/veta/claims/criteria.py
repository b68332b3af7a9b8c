"""Results of an assessment, criterion by criterion: fully, partially, not met, not assessed.

The scheme's version decides which criteria there are: those that a report leaves out are shown as
not assessed, and one of another version is refused. What is met in part is never rendered as met,
and never counted with it. A plan to improve has a due date; closing it changes no result, for only
an assessment does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from veta.claims.languages import Language
from veta.claims.schemes import SchemeCatalogue, SchemeVersion
from veta.claims.subjects import Subject
from veta.claims.windows import DAY_S
from veta.errors import InputError, VerificationError
from veta.model.criteria import CriterionFinding, CriterionResult

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class PlanState(enum.StrEnum):
    """Where the plan to close a gap stands."""

    NOT_NEEDED = "not_needed"
    OPEN = "open"
    OVERDUE = "overdue"
    MISSING = "missing"
    """There is a gap and no plan."""
    TOO_LONG = "too_long"
    """Due later than the scheme allows."""
    CLOSED = "closed"
    """Said to be done; the result waits for the next assessment."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessor's findings about one subject under one version of a scheme."""

    subject: Subject
    scheme: str
    version: str
    assessed_s: int
    findings: tuple[CriterionFinding, ...]


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """One line of a report."""

    criterion: str
    title: str
    result: CriterionResult
    plan: PlanState
    due_s: int | None


@dataclass(frozen=True, slots=True)
class AssessmentReport:
    """Every criterion of the version, in the standard's order, at one moment."""

    subject: Subject
    scheme: str
    version: str
    lines: tuple[CriterionLine, ...]

    def count(self, result: CriterionResult) -> int:
        """How many criteria have this result, and no other."""
        return sum(line.result is result for line in self.lines)

    @property
    def overdue(self) -> tuple[str, ...]:
        """Criteria whose plan is late."""
        return tuple(line.criterion for line in self.lines if line.plan is PlanState.OVERDUE)


def report(assessment: Assessment, catalogue: SchemeCatalogue, *, at_s: int) -> AssessmentReport:
    """All criteria of the assessment's version and their results as they stand at ``at_s``.

    Raises:
        InputError: ``claims.unknown_scheme``, ``claims.unknown_version``,
            ``claims.unknown_criterion``, ``claims.criterion_of_other_version``,
            ``claims.criterion_twice``, ``claims.plan_without_gap``, ``claims.plan_order``.
        VerificationError: ``claims.other_subject`` of a subject that the scheme does not assess,
            ``claims.version_not_in_force``.
    """
    version = catalogue.scheme_version(assessment.scheme, assessment.version)
    if assessment.subject.kind is not catalogue.scheme(assessment.scheme).subject:
        raise VerificationError(
            "claims.other_subject", f"{assessment.scheme} does not assess such a subject"
        )
    if not version.window.holds_at(assessment.assessed_s):
        raise VerificationError(
            "claims.version_not_in_force", "this version was not in force when it was assessed"
        )
    found = _by_criterion(assessment, version, catalogue)
    lines = tuple(
        _line(criterion, title, found.get(criterion), assessment, version, at_s)
        for criterion, title in version.criteria.items()
    )
    return AssessmentReport(assessment.subject, assessment.scheme, assessment.version, lines)


def _by_criterion(
    assessment: Assessment, version: SchemeVersion, catalogue: SchemeCatalogue
) -> dict[str, CriterionFinding]:
    found: dict[str, CriterionFinding] = {}
    for finding in assessment.findings:
        if finding.criterion not in version.criteria:
            catalogue.version_of(finding.criterion)
            raise InputError(
                "claims.criterion_of_other_version",
                f"{finding.criterion} is no criterion of {version.scheme} {version.version}",
            )
        if finding.criterion in found:
            raise InputError("claims.criterion_twice", f"{finding.criterion} has two results")
        found[finding.criterion] = finding
    return found


def _line(
    criterion: str,
    title: str,
    finding: CriterionFinding | None,
    assessment: Assessment,
    version: SchemeVersion,
    at_s: int,
) -> CriterionLine:
    if finding is None:
        result = CriterionResult.NOT_ASSESSED
        return CriterionLine(criterion, title, result, PlanState.NOT_NEEDED, None)
    latest_s = _months_later(assessment.assessed_s, version.plan_months)
    state = _plan_state(finding, assessment.assessed_s, latest_s, at_s)
    due_s = finding.plan.due_s if finding.plan else None
    return CriterionLine(criterion, title, finding.result, state, due_s)


def _plan_state(finding: CriterionFinding, assessed_s: int, latest_s: int, at_s: int) -> PlanState:
    gap = finding.result.is_gap
    plan = finding.plan
    if plan is None:
        return PlanState.MISSING if gap else PlanState.NOT_NEEDED
    if not gap:
        raise InputError("claims.plan_without_gap", f"{finding.criterion} has no gap to plan for")
    if plan.due_s <= assessed_s or (plan.closed_s is not None and plan.closed_s < assessed_s):
        raise InputError("claims.plan_order", "a plan is due and closed after the assessment")
    if plan.closed_s is not None and plan.closed_s <= at_s:
        return PlanState.CLOSED
    if plan.due_s <= at_s:
        return PlanState.OVERDUE
    return PlanState.TOO_LONG if plan.due_s > latest_s else PlanState.OPEN


def _months_later(at_s: int, months: int) -> int:
    """The end of the same day, so many months on; a day that the month lacks is its last."""
    there = date.fromordinal(_EPOCH_DAY + at_s // DAY_S)
    year, month = divmod(there.year * 12 + there.month - 1 + months, 12)
    first = date(year, month + 1, 1).toordinal()
    length = date(year + (month == 11), (month + 1) % 12 + 1, 1).toordinal() - first
    return (first + min(there.day, length) - _EPOCH_DAY) * DAY_S


_RESULTS: Final[Mapping[Language, Mapping[CriterionResult, str]]] = {
    Language.ENGLISH: {
        CriterionResult.FULLY: "met",
        CriterionResult.PARTIALLY: "only in part",
        CriterionResult.NOT_MET: "not met",
        CriterionResult.NOT_ASSESSED: "not assessed",
    },
    Language.SPANISH: {
        CriterionResult.FULLY: "cumplido",
        CriterionResult.PARTIALLY: "solo en parte",
        CriterionResult.NOT_MET: "no cumplido",
        CriterionResult.NOT_ASSESSED: "no evaluado",
    },
    Language.GERMAN: {
        CriterionResult.FULLY: "erfüllt",
        CriterionResult.PARTIALLY: "nur zum Teil",
        CriterionResult.NOT_MET: "nicht erfüllt",
        CriterionResult.NOT_ASSESSED: "nicht geprüft",
    },
}
_SUMMARIES: Final[Mapping[Language, tuple[str, str]]] = {
    Language.ENGLISH: ("{total} criteria", "plan overdue: {count}"),
    Language.SPANISH: ("{total} criterios", "plan vencido: {count}"),
    Language.GERMAN: ("{total} Kriterien", "Plan überfällig: {count}"),
}


def result_words(result: CriterionResult, language: Language) -> str:
    """One result in words: the word for met stands in no other but its denial."""
    return _RESULTS[language][result]


def summary(found: AssessmentReport, language: Language) -> str:
    """Counts of each result, each apart, and how many plans are late."""
    total, late = _SUMMARIES[language]
    parts = [f"{_RESULTS[language][result]}: {found.count(result)}" for result in CriterionResult]
    if found.overdue:
        parts.append(late.format(count=len(found.overdue)))
    return f"{total.format(total=len(found.lines))}. {'; '.join(parts)}."
