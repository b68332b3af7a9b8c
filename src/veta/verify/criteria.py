"""A certificate's criterion results under the standard that it names, with the catalogue at hand.

The version of the standard decides which criteria there are. A standard that the reader's catalogue
does not have cannot be judged, which is no fault of the certificate.
"""

from __future__ import annotations

from typing import Final

from veta.claims import shipped
from veta.claims.criteria import Assessment, AssessmentReport, report
from veta.claims.schemes import SchemeCatalogue
from veta.claims.subjects import Subject, SubjectKind
from veta.errors import ProvenanceError, VerificationError
from veta.statement.credential import Credential
from veta.statement.criteria import StatedAssessment, assessment_of
from veta.statement.rules import find_faults
from veta.statement.shapes import Finding

UNKNOWN: Final = frozenset({"claims.unknown_scheme", "claims.unknown_version"})
"""What a catalogue does not have: at issue that is refused, at verification it cannot be told."""


def faults_of(credential: Credential, schemes: SchemeCatalogue) -> tuple[Finding, ...]:
    """Every rule that a credential breaks, those of its type and those of its standard's version.

    Codes: as ``statement.rules.find_faults``; for a certificate under a standard also
    ``claims.unknown_scheme``, ``claims.unknown_version``, ``claims.unknown_criterion``,
    ``claims.criterion_of_other_version``, ``claims.unknown_level``, ``claims.other_subject``,
    ``claims.version_not_in_force`` and ``claims.plan_order``.
    """
    found = find_faults(credential)
    stated = None if found else assessment_of(credential)
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
