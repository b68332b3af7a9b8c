"""Rules of statements that need more than the statement: catalogues of standards and indicators.

The version of its standard decides which criteria a certificate has. A standard that the reader's
catalogue does not have cannot be judged, which is no fault of the certificate. A head of an
indicator set is of all 76 or it is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veta.claims import shipped
from veta.claims.criteria import Assessment, AssessmentReport, report
from veta.claims.schemes import SchemeCatalogue
from veta.claims.subjects import Subject, SubjectKind
from veta.disclosure.heads import HEAD_MEMBER, carries_head, head_of
from veta.errors import ProvenanceError, VerificationError
from veta.statement.credential import Credential
from veta.statement.criteria import StatedAssessment, assessment_of
from veta.statement.rules import find_faults
from veta.statement.shapes import Finding
from veta.verify.evidence_forms import EVIDENCE, READERS, document_of

UNKNOWN: Final = frozenset({"claims.unknown_scheme", "claims.unknown_version"})
"""What a catalogue does not have: at issue that is refused, at verification it cannot be told."""


def faults_of(credential: Credential, schemes: SchemeCatalogue) -> tuple[Finding, ...]:
    """Every rule that a credential breaks, those of its type and those of its standard's version.

    Codes: as ``statement.rules.find_faults``; for a certificate under a standard also
    ``claims.unknown_scheme``, ``claims.unknown_version``, ``claims.unknown_criterion``,
    ``claims.criterion_of_other_version``, ``claims.unknown_level``, ``claims.other_subject``,
    ``claims.version_not_in_force`` and ``claims.plan_order``; for an indicator set those of
    ``disclosure.heads.head_of``, for an evidence document ``evidence.*`` of its form.
    """
    found = find_faults(credential)
    if found:
        return found
    if carries_head(credential):
        return _faults_of_head(credential)
    document = document_of(credential)
    if document is not None:
        return _faults_of_evidence(document)
    stated = assessment_of(credential)
    if stated is None:
        return found
    try:
        criteria_report(stated, schemes, at_s=stated.assessed_s)
        if stated.level is not None:
            schemes.rank(stated.scheme, stated.level)
    except ProvenanceError as error:
        place = "/credentialSubject/conformityAssessment"
        return (Finding(error.code, place, f"is not of its standard: {error.message}"),)
    return ()


def _faults_of_head(credential: Credential) -> tuple[Finding, ...]:
    try:
        head_of(credential)
    except ProvenanceError as error:
        return (Finding(error.code, f"/credentialSubject/{HEAD_MEMBER}", f"is: {error.message}"),)
    return ()


def _faults_of_evidence(document: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Of the forms that a verdict reads; others are for those who ask for them."""
    read = READERS.get(str(document.get("format", "")))
    try:
        if read is not None:
            read(document)
    except ProvenanceError as error:
        return (Finding(error.code, f"/credentialSubject/{EVIDENCE}", f"is: {error.message}"),)
    return ()


def check_rules(credential: Credential, schemes: SchemeCatalogue | None = None) -> None:
    """Refuse a credential that breaks a rule, before it is signed.

    Args:
        credential: to be issued.
        schemes: that the issuer knows; default: the shipped ones.

    Raises:
        VerificationError: with the code of the first fault; see ``faults_of``.
    """
    faults = faults_of(credential, shipped.schemes() if schemes is None else schemes)
    if faults:
        first = faults[0]
        place = first.pointer or "the credential"
        raise VerificationError(first.code, f"{place} {first.sentence}")


def criteria_report(
    stated: StatedAssessment, schemes: SchemeCatalogue, *, at_s: int
) -> AssessmentReport:
    """All criteria of the version and how they stand at a moment.

    Raises:
        InputError, VerificationError: as ``claims.criteria.report``.
    """
    kind = SubjectKind.SITE if stated.sites else SubjectKind.COMPANY
    subject = Subject(kind, stated.sites[0] if stated.sites else "")
    assessment = Assessment(
        subject, stated.scheme, stated.version, stated.assessed_s, stated.findings
    )
    return report(assessment, schemes, at_s=at_s)
