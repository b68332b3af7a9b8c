"""Every finding of step 10 and what it comes to: the one table (docs/spec/verification).

What the chain refused at the time cannot be in a lineage that it made: such a finding is failed.
What was said afterwards leaves what was sold as it is, and marks it: a notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from veta.verify.verdict import Check, FactValue, Outcome, Step

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "assurance.nothing_claimed": Outcome.PASSED,
    "assurance.lot_not_proven": Outcome.NOT_PROVEN,
    "assurance.lineage_open": Outcome.NOT_PROVEN,
    "assurance.no_certificate": Outcome.FAILED,
    "assurance.not_on_record": Outcome.FAILED,
    "assurance.too_many": Outcome.NOT_PROVEN,
    "assurance.programme_unknown": Outcome.FAILED,
    "assurance.certificate_count": Outcome.FAILED,
    "assurance.no_certificate_of_a_site": Outcome.FAILED,
    "assurance.other_site": Outcome.FAILED,
    "assurance.other_scheme": Outcome.FAILED,
    "assurance.level_too_low": Outcome.FAILED,
    "assurance.out_of_scope": Outcome.FAILED,
    "assurance.outside_window": Outcome.FAILED,
    "assurance.suspended_then": Outcome.FAILED,
    "assurance.self_assured": Outcome.FAILED,
    "assurance.accreditation_missing": Outcome.FAILED,
    "assurance.accreditation_of_another": Outcome.FAILED,
    "assurance.accreditation_lapsed": Outcome.FAILED,
    "assurance.accreditor_not_recognised": Outcome.FAILED,
    "assurance.expired_since": Outcome.NOTICE,
    "assurance.suspended_since": Outcome.NOTICE,
    "assurance.withdrawn_since": Outcome.NOTICE,
    "assurance.void_since": Outcome.NOTICE,
    "assurance.accreditation_ended_since": Outcome.NOTICE,
    "assurance.drawn": Outcome.NOTICE,
    "assurance.chain": Outcome.PASSED,
}
"""What each finding about who vouches for a lot comes to, by its code."""

DOCUMENTS: Final[Mapping[str, Outcome]] = {
    "assurance.document_not_shown": Outcome.NOT_PROVEN,
    "assurance.document_of_another": Outcome.NOTICE,
    "assurance.document_of_other_site": Outcome.NOTICE,
    "assurance.document_no_certification": Outcome.NOTICE,
    "assurance.document_level": Outcome.NOTICE,
    "assurance.criteria_not_stated": Outcome.NOT_PROVEN,
    "assurance.criteria_unknown": Outcome.NOT_PROVEN,
    "assurance.criteria": Outcome.PASSED,
    "assurance.plan_overdue": Outcome.NOTICE,
    "assurance.plan_missing": Outcome.NOTICE,
    "assurance.plan_too_long": Outcome.NOTICE,
}
"""The same of the documents behind certificates: none says whether the certificates hold."""


def found(code: str, sentence: str, **facts: FactValue) -> Check:
    """A finding of step 10; the outcome is the table's."""
    outcome = OUTCOMES[code] if code in OUTCOMES else DOCUMENTS[code]
    return Check(Step.ASSURANCE, outcome, code, sentence, facts)
