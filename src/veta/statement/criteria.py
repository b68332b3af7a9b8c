"""Criterion results in a DigitalConformityCredential: one ``ConformityAssessment`` a criterion.

A certificate that names a registered standard (``urn:veta:standard:copper-mark-rra/3`` as its
``referenceProfile``) states what was found criterion by criterion: the criterion's id under
``assessmentCriteria``, the result as ``score`` of ``assessedPerformance``, ``conformance`` in
agreement with it, and for a gap an ``improvementPlan`` (UNTP 0.7.0 leaves such members open).
Which criteria a version has is the catalogue's to say and not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from veta.model.anchoring import BatchKind
from veta.model.criteria import CriterionFinding, CriterionResult, ImprovementPlan
from veta.model.lot import DocumentLink
from veta.statement.credential import Credential
from veta.statement.instants import read_date, read_end, write_instant
from veta.statement.shapes import DATE, TEXT, Findings, Struct

STANDARD: Final = "urn:veta:standard:"
CRITERION: Final = "urn:veta:criterion:"
MOST_CRITERIA: Final = 512
_DAY_S: Final = 86_400
_PLAN: Final = Struct({"id": TEXT, "dueDate": DATE}, {"closedDate": DATE}, closed=True)
_CONFORMANCE: Final[Mapping[CriterionResult, bool | None]] = {
    CriterionResult.FULLY: True,
    CriterionResult.PARTIALLY: False,
    CriterionResult.NOT_MET: False,
    CriterionResult.NOT_ASSESSED: None,
}
"""UNTP's yes or no beside a result: in part is no; of what nobody assessed it says nothing."""


@dataclass(frozen=True, slots=True)
class StatedAssessment:
    """What a certificate states criterion by criterion."""

    scheme: str
    """Slug."""
    version: str
    level: str | None
    assessed_s: int
    """Start of the latest day of assessment."""
    sites: tuple[str, ...]
    """Identifiers of the assessed facilities, each once; none: an organisation was assessed."""
    findings: tuple[CriterionFinding, ...]
    report: DocumentLink | None
    """The audit report, with its digest."""


def criterion_members(finding: CriterionFinding) -> dict[str, Any]:
    """The members of a ``ConformityAssessment`` that tell a finding."""
    named = {
        "type": ["Criterion"], "id": CRITERION + finding.criterion, "name": finding.criterion
    }  # fmt: skip
    members: dict[str, Any] = {
        "assessmentCriteria": [named],
        "assessedPerformance": [{"score": {"code": finding.result.value}}],
    }
    conformance = _CONFORMANCE[finding.result]
    if conformance is not None:
        members["conformance"] = conformance
    plan = finding.plan
    if plan is not None:
        members["improvementPlan"] = {"id": plan.identifier, "dueDate": _last_day(plan.due_s)}
        if plan.closed_s is not None:
            members["improvementPlan"]["closedDate"] = _day(plan.closed_s)
    return members


def _last_day(due_s: int) -> str:
    return _day(due_s - _DAY_S)


def _day(at_s: int) -> str:
    return write_instant(at_s)[:10]  # type: ignore[arg-type]


def assessment_of(credential: Credential) -> StatedAssessment | None:
    """What a certificate that keeps the rules states; ``None`` without a registered standard."""
    named = _standard(credential)
    if credential.kind is not BatchKind.CERTIFICATE or named is None:
        return None
    scheme, _, version = named.partition("/")
    assessments = list(_assessments(credential))
    score = credential.subject.get("profileScore")
    return StatedAssessment(
        scheme=scheme,
        version=version,
        level=score.get("code") if isinstance(score, Mapping) else None,
        assessed_s=max(
            (read_date(each["assessmentDate"]) * _DAY_S for _, each in assessments), default=0
        ),
        sites=tuple(dict.fromkeys(site for _, each in assessments for site in _sites(each))),
        findings=tuple(_finding(each) for _, each in assessments),
        report=_report(credential),
    )


def judge_certificate(credential: Credential, found: Findings) -> None:
    """Add what is wrong with a certificate's criteria; its shape was judged before.

    Codes: ``statement.standard``, ``statement.criterion``, ``statement.criterion_twice``,
    ``statement.criterion_result``, ``statement.improvement_plan``, ``statement.assessed_site``.
    """
    named = _standard(credential)
    if named is None or found.entries:
        return
    scheme, _, version = named.partition("/")
    if not scheme or not version or "/" in version:
        place = "/credentialSubject/referenceProfile/id"
        found.add("statement.standard", place, "must name scheme and version")
    seen: set[str] = set()
    assessed: set[tuple[str, ...]] = set()
    for place, each in _assessments(credential):
        criterion = _criterion(each)
        if criterion is None:
            found.add("statement.criterion", place, f"must name one criterion of {CRITERION}...")
            continue
        if criterion in seen:
            found.add("statement.criterion_twice", place, f"has a second result of {criterion}")
        seen.add(criterion)
        assessed.add(tuple(_sites(each)))
        _judge_result(each, place, found)
    if len(seen) > MOST_CRITERIA:
        found.add("statement.criterion", "", f"has more than {MOST_CRITERIA} criteria")
    if len(assessed) > 1 or any(len(sites) > 1 for sites in assessed):
        words = "must assess every criterion at one and the same site"
        found.add("statement.assessed_site", "/credentialSubject/conformityAssessment", words)


def _judge_result(assessment: Mapping[str, Any], place: str, found: Findings) -> None:
    result = _result(assessment)
    if result is None:
        words = f"must have one score, of {', '.join(CriterionResult)}"
        found.add("statement.criterion_result", f"{place}/assessedPerformance", words)
        return
    if assessment.get("conformance") is not _CONFORMANCE[result]:
        words = f"disagrees with the result {result}: only what is fully met conforms"
        found.add("statement.criterion_result", f"{place}/conformance", words)
    if "improvementPlan" not in assessment:
        return
    pointer = f"{place}/improvementPlan"
    if not _PLAN.fits(assessment["improvementPlan"]):
        words = "must have id, dueDate and perhaps closedDate"
        found.add("statement.improvement_plan", pointer, words)
    elif not result.is_gap:
        found.add("statement.improvement_plan", pointer, f"plans for what is {result}")
    elif _plan(assessment).due_s <= read_date(assessment["assessmentDate"]) * _DAY_S + _DAY_S:
        found.add("statement.improvement_plan", pointer, "must be due after the assessment")


def _standard(credential: Credential) -> str | None:
    profile = credential.subject.get("referenceProfile")
    name = profile.get("id") if isinstance(profile, Mapping) else None
    if not isinstance(name, str) or not name.startswith(STANDARD):
        return None
    return name.removeprefix(STANDARD)


def _assessments(credential: Credential) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = credential.subject.get("conformityAssessment")
    if isinstance(found, (list, tuple)):
        for place, each in enumerate(found):
            yield f"/credentialSubject/conformityAssessment/{place}", each


def _criterion(assessment: Mapping[str, Any]) -> str | None:
    names = [each.get("id") for each in assessment["assessmentCriteria"]]
    if len(names) != 1 or not str(names[0]).startswith(CRITERION):
        return None
    return str(names[0]).removeprefix(CRITERION)


def _result(assessment: Mapping[str, Any]) -> CriterionResult | None:
    scores = [each.get("score") for each in assessment["assessedPerformance"]]
    code = scores[0].get("code") if len(scores) == 1 and isinstance(scores[0], Mapping) else None
    return CriterionResult(code) if code in set(CriterionResult) else None


def _plan(assessment: Mapping[str, Any]) -> ImprovementPlan:
    plan = assessment["improvementPlan"]
    closed = plan.get("closedDate")
    return ImprovementPlan(
        plan["id"],
        read_end(plan["dueDate"]),
        None if closed is None else read_date(closed) * _DAY_S,
    )


def _finding(assessment: Mapping[str, Any]) -> CriterionFinding:
    criterion, result = _criterion(assessment), _result(assessment)
    assert criterion is not None  # the rules say so
    assert result is not None
    plan = _plan(assessment) if "improvementPlan" in assessment else None
    return CriterionFinding(criterion, result, plan)


def _sites(assessment: Mapping[str, Any]) -> Iterator[str]:
    for each in assessment.get("assessedFacility", ()):
        yield each["facility"]["id"]


def _report(credential: Credential) -> DocumentLink | None:
    link = credential.subject.get("auditableEvidence")
    if not isinstance(link, Mapping) or "digestMultibase" not in link:
        return None
    return DocumentLink(
        link["linkURL"], link["linkName"], link["digestMultibase"], link.get("mediaType", "")
    )
