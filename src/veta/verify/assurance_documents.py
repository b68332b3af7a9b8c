"""Step 10, second half: what the documents behind certificates say, as far as they are shown.

A certificate's record names its document by leaf; the document counts if it stands beside the
bundle and is good by itself (steps 1 to 7). It is the record's if the record's issuer signed it and
it assesses the record's site. Then its criterion results are told: what is met in part is never
told as met, and a plan to improve is looked at as it stands at the verdict's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sha3 import keccak_256

from veta.claims.criteria import AssessmentReport, CriterionLine, PlanState, summary
from veta.claims.languages import Language
from veta.claims.schemes import SchemeCatalogue
from veta.errors import ProvenanceError
from veta.model.anchoring import BatchKind
from veta.model.assurance import AssuranceFacts, AssuranceRecord
from veta.model.criteria import CriterionResult
from veta.statement.credential import Credential
from veta.statement.criteria import StatedAssessment, assessment_of
from veta.verify.assurance_codes import found
from veta.verify.papers import Papers
from veta.verify.report import VerifiedStatement
from veta.verify.rules import criteria_report
from veta.verify.verdict import Check, FactValue

_PLANS: Final = {
    PlanState.OVERDUE: ("assurance.plan_overdue", "is overdue"),
    PlanState.MISSING: ("assurance.plan_missing", "is missing: there is a gap and no plan"),
    PlanState.TOO_LONG: ("assurance.plan_too_long", "is due later than the scheme grants"),
}
_TOLD: Final = (
    CriterionResult.PARTIALLY, CriterionResult.NOT_MET, CriterionResult.NOT_ASSESSED,
)  # fmt: skip
"""Results whose criteria are named, not only counted."""


def check_documents(
    records: Iterable[AssuranceRecord], facts: AssuranceFacts, papers: Papers
) -> Iterator[Check]:
    """What the documents of some certificates say.

    Args:
        records: certificates that hold.
        facts: what the chain has on record.
        papers: what is shown.
    """
    for record in records:
        name = f"certificate {record.record}"
        about: dict[str, FactValue] = {"certificate": record.record, "leaf": record.leaf.hex()}
        shown = papers.shown.get(record.leaf)
        if shown is None:
            sentence = f"the document of {name} is not shown: what was assessed is not told"
            yield found("assurance.document_not_shown", sentence, **about)
            continue
        fault = _fault(shown, record, facts)
        if fault is not None:
            code, words = fault
            yield found(code, f"the document of {name} {words}", **about)
            sentence = f"no document that fits the record of {name} is shown"
            yield found("assurance.document_not_shown", sentence, **about)
            continue
        yield from _told(shown.statement.credential, record, facts, papers, about)


def _fault(
    shown: VerifiedStatement, record: AssuranceRecord, facts: AssuranceFacts
) -> tuple[str, str] | None:
    """Why a document is not the record's, code and words."""
    credential = shown.statement.credential
    if shown.issuer != record.issuer:
        words = f"is member {shown.issuer}'s, and the record member {record.issuer}'s"
        return "assurance.document_of_another", words
    if credential.kind is not BatchKind.CERTIFICATE:
        return "assurance.document_no_certification", "is no conformity credential"
    subject = credential.subject
    if subject.get("attestationType") != "certification" or subject.get("assessorLevel") == "self":
        return "assurance.document_no_certification", "is no certification by a third party"
    registered = next((each for each in facts.sites if each.site == record.subject), None)
    if registered is not None and registered.identifier_digest not in {
        keccak_256(site.encode()).digest() for site in _sites(credential)
    }:
        words = f"assesses another site than site {record.subject}"
        return "assurance.document_of_other_site", words
    return None


def _told(
    credential: Credential,
    record: AssuranceRecord,
    facts: AssuranceFacts,
    papers: Papers,
    about: dict[str, FactValue],
) -> Iterator[Check]:
    name = f"certificate {record.record}"
    stated = assessment_of(credential)
    if stated is None:
        sentence = f"the document of {name} tells no results criterion by criterion"
        yield found("assurance.criteria_not_stated", sentence, **about)
        return
    about |= {"standard": stated.scheme, "version": stated.version}
    try:
        report = criteria_report(stated, papers.policy.schemes, at_s=papers.at_s)
    except ProvenanceError as error:
        sentence = f"the criteria of {name} are not known here: {error.message}"
        yield found("assurance.criteria_unknown", sentence, **about)
        return
    yield from _level(stated, record, facts, papers.policy.schemes, about)
    yield _criteria(report, stated, name, about)
    yield from _plans(report.lines, name, about)


def _criteria(
    report: AssessmentReport, stated: StatedAssessment, name: str, about: dict[str, FactValue]
) -> Check:
    facts: dict[str, FactValue] = {"criteria": len(report.lines)}
    parts = [summary(report, Language.ENGLISH)]
    for result in CriterionResult:
        facts[f"count_{result}"] = report.count(result)
    for result in _TOLD:
        named = tuple(_named(line) for line in report.lines if line.result is result)
        facts[result.value] = named
    if stated.report is not None:
        facts |= {"report": stated.report.url, "report_digest": stated.report.digest_multibase}
    sentence = f"{name} under {stated.scheme}, version {stated.version}: {' '.join(parts)}"
    return found("assurance.criteria", sentence, **about, **facts)


def _plans(
    lines: Iterable[CriterionLine], name: str, about: dict[str, FactValue]
) -> Iterator[Check]:
    lines = tuple(lines)
    for state, (code, words) in _PLANS.items():
        late = tuple(_named(line) for line in lines if line.plan is state)
        if late:
            sentence = f"{name}: the plan to improve {words} for {', '.join(late)}"
            yield found(code, sentence, **about, criteria=late)


def _level(
    stated: StatedAssessment,
    record: AssuranceRecord,
    facts: AssuranceFacts,
    schemes: SchemeCatalogue,
    about: dict[str, FactValue],
) -> Iterator[Check]:
    """The level in the document beside the record's, where both count the same levels."""
    levels = next((each.levels for each in facts.schemes if each.scheme == record.scheme), None)
    if stated.level is None or levels != len(schemes.scheme(stated.scheme).levels):
        return
    rank = schemes.rank(stated.scheme, stated.level)
    if rank != record.level:
        sentence = f"the document of certificate {record.record} says {stated.level}, level {rank}"
        sentence += f", and the record level {record.level}"
        yield found("assurance.document_level", sentence, **about, level=rank)


def _named(line: CriterionLine) -> str:
    name = line.criterion.rpartition("/")[2]
    return f"{name} {line.title}" if line.title else name


def _sites(credential: Credential) -> Iterator[str]:
    """Identifiers of the facilities that a certificate assesses."""
    found_ = credential.subject.get("conformityAssessment")
    for each in found_ if isinstance(found_, (list, tuple)) else ():
        for assessed in each.get("assessedFacility", ()):
            yield assessed["facility"]["id"]
