"""Step 10 reads the documents behind certificates: criterion by criterion, or says it could not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest
from sha3 import keccak_256

from tests.support.assured_lots import ACCREDITATION, ACCREDITOR
from tests.support.assured_lots import BODY as BODY_NUMBER
from tests.support.beside import BODY_MEMBER, Shown, a_certificate, shown, with_beside
from tests.support.certified_lot import DAY, NOW, TRUST, Case
from tests.support.custody_world import SITE as SITE_NUMBER
from tests.support.statements import DOCUMENT, SITE
from tests.unit.test_verify_assurance import EVERY_STEP, facts, record
from veta import canonical
from veta.claims import shipped
from veta.errors import VerificationError
from veta.model.assurance import SiteName
from veta.model.criteria import CriterionFinding, CriterionResult, ImprovementPlan
from veta.model.determined import Known
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lot import Site
from veta.statement.credential import view_credential
from veta.statement.criteria import STANDARD
from veta.verify.assurance_codes import DOCUMENTS
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.rules import check_rules
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

ASSESSED: Final = UnixSeconds(1_763_000_000)  # 2025-11-13, the day before is a quarter on
FULLY, PARTIALLY = CriterionResult.FULLY, CriterionResult.PARTIALLY
NOT_MET, NOT_ASSESSED = CriterionResult.NOT_MET, CriterionResult.NOT_ASSESSED
DUE_LATER = UnixSeconds(NOW - NOW % DAY + 5 * DAY)
DUE_BEFORE = UnixSeconds(NOW - NOW % DAY)
SITES = (SiteName(SITE_NUMBER, Digest(keccak_256(SITE.identifier.encode()).digest())),)


def criteria(
    version: str = "3", changes: dict[str, CriterionFinding] | None = None
) -> tuple[CriterionFinding, ...]:
    """All criteria of a version of the Copper Mark fully met, but for some."""
    names = shipped.schemes().scheme_version("copper-mark-rra", version).criteria
    named = {name: CriterionFinding(name, FULLY) for name in names}
    for short, finding in (changes or {}).items():
        named[f"copper-mark-rra/{version}/{short}"] = finding
    return tuple(named.values())


def finding(
    short: str,
    result: CriterionResult,
    due_s: int | None = None,
    closed_s: int | None = None,
    version: str = "3",
) -> CriterionFinding:
    plan = None if due_s is None else ImprovementPlan(f"plan {short}", due_s, closed_s)
    return CriterionFinding(f"copper-mark-rra/{version}/{short}", result, plan)


def certificate(
    found: Iterable[CriterionFinding] = (), version: str = "3", **changes: Any
) -> dict[str, Any]:
    """A document under the Copper Mark, of the lot's origin."""
    usual: dict[str, Any] = {
        "criteria": tuple(found) or criteria(version),
        "profile": (f"{STANDARD}copper-mark-rra/{version}", "Copper Mark"),
        "scheme": ("https://coppermark.example", "Copper Mark"),
        "level": "criteria fully met",
        "assessed_at_s": ASSESSED,
        "evidence": DOCUMENT,
    }
    return a_certificate("CM-1", **{**usual, **changes})


def case_of(document: Shown, *, on_record: Shown | None = None, **changes: Any) -> Case:
    """The credited lot, whose certificate's record names a document, with one beside it."""
    leaf = (on_record or document).facts.leaf
    told = record(SITE_NUMBER, leaf=leaf, **changes)
    assurance = told.facts().assurance
    assert isinstance(assurance, Known)
    told = told.with_facts(assurance=Known(replace(assurance.value, sites=SITES)))
    return with_beside(told.case(), document)


def judged(case: Case, **policy: Any) -> Report:
    verifier = Verifier(TRUST, Policy(required=EVERY_STEP, **policy))
    return verifier.verify(case.bundle, case.facts)


def of_step(report: Report) -> dict[str, Any]:
    return {each.code: each for each in report.checks if each.step is Step.ASSURANCE}


@cache
def whole() -> Shown:
    return shown(certificate())


def with_criteria(*findings: CriterionFinding) -> Shown:
    changes = {each.criterion.rpartition("/")[2]: each for each in findings}
    return shown(certificate(criteria(changes=changes)))


def signed_by_another() -> Shown:
    other = replace(BODY_MEMBER, member=MemberId(9_044))
    return shown(certificate(), other)


def changed(**members: Any) -> Shown:
    document = certificate()
    document["credentialSubject"] |= members
    return shown(document)


ELSEWHERE = Site("did:web:other.example:site:9", "Elsewhere", SITE.country)

CASES: dict[str, Callable[[], Case]] = {
    "assurance.document_not_shown": lambda: case_of(shown(a_certificate()), on_record=whole()),
    "assurance.document_of_another": lambda: case_of(signed_by_another()),
    "assurance.document_of_other_site": lambda: case_of(shown(certificate(site=ELSEWHERE))),
    "assurance.document_no_certification": lambda: case_of(changed(assessorLevel="self")),
    "assurance.document_level": lambda: case_of(
        shown(certificate(level="criteria partially met")), level=2
    ),
    "assurance.criteria_not_stated": lambda: case_of(shown(a_certificate())),
    "assurance.criteria_unknown": lambda: case_of(shown(of_version_nine())),
    "assurance.criteria": lambda: case_of(whole()),
    "assurance.plan_overdue": lambda: case_of(with_criteria(finding("C4", PARTIALLY, DUE_BEFORE))),
    "assurance.plan_missing": lambda: case_of(with_criteria(finding("C4", NOT_MET))),
    "assurance.plan_too_long": lambda: case_of(
        with_criteria(finding("C4", PARTIALLY, UnixSeconds(DUE_LATER + 700 * DAY)))
    ),
}


def of_version_nine() -> dict[str, Any]:
    return certificate(
        [CriterionFinding("copper-mark-rra/9/C1", FULLY)],
        profile=(f"{STANDARD}copper-mark-rra/9", "Copper Mark 9"),
    )


@pytest.mark.parametrize("code", DOCUMENTS)
def test_documents__each_finding__comes_to_what_the_table_says(code: str) -> None:
    levels = Known(replace(facts(), schemes=(replace(facts().schemes[0], levels=2),)))
    case = CASES[code]()
    if code == "assurance.document_level":
        assert case.facts.lot is not None and isinstance(case.facts.lot.assurance, Known)
        schemes = levels.value.schemes
        assurance = Known(replace(case.facts.lot.assurance.value, schemes=schemes))
        case = case.with_facts(lot=replace(case.facts.lot, assurance=assurance))
    report = judged(case)
    found = of_step(report)
    assert found[code].outcome is DOCUMENTS[code], found
    assert found["assurance.chain"].outcome is Outcome.PASSED
    assert report.verdict is (
        Verdict.VALID_WITH_NOTICE if DOCUMENTS[code] is Outcome.NOTICE else Verdict.VALID
    )
    asked = judged(case, documents=True).verdict
    fits = "assurance.criteria" in found
    assert asked is (report.verdict if fits else Verdict.NOT_PROVEN)


@pytest.mark.row("S29")
def test_documents__criteria__each_result_counted_apart_and_named() -> None:
    report = judged(
        case_of(
            with_criteria(
                finding("C4", PARTIALLY, DUE_LATER),
                finding("C7", NOT_MET, DUE_LATER),
                finding("C9", NOT_ASSESSED),
            )
        )
    )
    check = of_step(report)["assurance.criteria"]
    counts = [check.facts[f"count_{each}"] for each in CriterionResult]
    assert (check.facts["criteria"], counts) == (33, [30, 1, 1, 1])
    assert [str(name)[:2] for name in check.facts["partially"]] == ["C4"]
    assert [str(name)[:2] for name in check.facts["not_met"]] == ["C7"]
    assert [str(name)[:2] for name in check.facts["not_assessed"]] == ["C9"]
    assert "met: 30; only in part: 1; not met: 1; not assessed: 1" in check.sentence
    assert check.facts["report_digest"] == DOCUMENT.digest_multibase
    assert report.verdict is Verdict.VALID


@pytest.mark.row("S29")
def test_documents__versions__thirty_two_and_thirty_three_criteria() -> None:
    old = shown(certificate(version="2", assessed_at_s=UnixSeconds(1_694_736_000)))
    counts = [
        of_step(judged(case_of(each)))["assurance.criteria"].facts["criteria"]
        for each in (old, whole())
    ]
    assert counts == [32, 33]


def test_documents__left_out_criterion__is_not_assessed_and_never_met() -> None:
    check = of_step(judged(case_of(shown(certificate(criteria()[1:])))))["assurance.criteria"]
    assert check.facts["count_fully"] == 32
    assert [str(name)[:2] for name in check.facts["not_assessed"]] == ["C1"]


@pytest.mark.row("S29")
def test_documents__plan__late_from_the_day_after_it_was_due_at_the_verdicts_time() -> None:
    case = case_of(with_criteria(finding("C4", PARTIALLY, DUE_LATER)))
    before, after = (
        judged(case, relied_on_at_s=UnixSeconds(DUE_LATER - 1)),
        judged(
            case.with_facts(
                as_of=Known(replace(case.facts.as_of.value, time_s=UnixSeconds(DUE_LATER))),  # type: ignore[union-attr]
                asked_at_s=UnixSeconds(DUE_LATER),
            )
        ),
    )
    assert "assurance.plan_overdue" not in of_step(before)
    assert of_step(after)["assurance.plan_overdue"].outcome is Outcome.NOTICE
    closed = with_criteria(finding("C4", PARTIALLY, DUE_BEFORE, UnixSeconds(DUE_BEFORE - DAY)))
    found = of_step(judged(case_of(closed)))
    assert "assurance.plan_overdue" not in found
    assert found["assurance.criteria"].facts["count_fully"] == 32


def test_documents__partially__never_stands_in_words_that_say_met() -> None:
    for result in (PARTIALLY, NOT_MET, NOT_ASSESSED):
        report = judged(case_of(with_criteria(finding("C4", result))))
        words = " ".join(each.sentence for each in report.checks if each.step is Step.ASSURANCE)
        told = dict(re.findall(r"(met|only in part|not met|not assessed): (\d+)", words))
        assert (told["met"], sum(map(int, told.values()))) == ("32", 33)


# --- bad certificates: refused at issue, and as if not there at verification -------------------


def twice() -> dict[str, Any]:
    return certificate((*criteria(), finding("C4", PARTIALLY)))


def with_member(place: int, **members: Any) -> dict[str, Any]:
    document = certificate()
    document["credentialSubject"]["conformityAssessment"][place] |= members
    return document


def with_conformance_of_partially() -> dict[str, Any]:
    changes = {"C1": finding("C1", PARTIALLY)}
    document = certificate(criteria(changes=changes))
    document["credentialSubject"]["conformityAssessment"][0]["conformance"] = True
    return document


def at_two_sites() -> dict[str, Any]:
    other = certificate(site=ELSEWHERE)["credentialSubject"]["conformityAssessment"][5]
    return with_member(5, assessedFacility=other["assessedFacility"])


def ended_before_it_began() -> dict[str, Any]:
    return certificate() | {"validUntil": "2020-01-01T00:00:00Z"}


def with_plan(result: CriterionResult, due_s: int) -> dict[str, Any]:
    return certificate(criteria(changes={"C1": finding("C1", result, due_s)}))


BAD: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "unknown criterion": (
        lambda: certificate((*criteria(), CriterionFinding("copper-mark-rra/3/C34", FULLY))),
        "claims.unknown_criterion",
    ),
    "criterion of another version": (
        lambda: certificate((*criteria()[1:], CriterionFinding("copper-mark-rra/2/C1", FULLY))),
        "claims.criterion_of_other_version",
    ),
    "version not in force": (
        lambda: certificate(version="2"), "claims.version_not_in_force",
    ),
    "unknown level": (lambda: certificate(level="gold"), "claims.unknown_level"),
    "criterion twice": (twice, "statement.criterion_twice"),
    "unknown result": (
        lambda: with_member(3, assessedPerformance=[{"score": {"code": "mostly"}}]),
        "statement.criterion_result",
    ),
    "no criterion of ours": (
        lambda: with_member(
            3, assessmentCriteria=[{"type": ["Criterion"], "id": "urn:other", "name": "x"}]
        ),
        "statement.criterion",
    ),
    "in part, and said to conform": (with_conformance_of_partially, "statement.criterion_result"),
    "two sites": (at_two_sites, "statement.assessed_site"),
    "standard without a version": (
        lambda: certificate(profile=(f"{STANDARD}copper-mark-rra", "Copper Mark")),
        "statement.standard",
    ),
    "plan for what is met": (
        lambda: with_plan(FULLY, DUE_LATER), "statement.improvement_plan",
    ),
    "plan that was due before": (
        lambda: with_plan(PARTIALLY, ASSESSED - ASSESSED % DAY), "statement.improvement_plan",
    ),
}  # fmt: skip


@pytest.mark.row("S29")
@pytest.mark.parametrize("name", BAD)
def test_certificate__bad__refused_at_issue_and_as_if_not_there_at_verification(name: str) -> None:
    make, code = BAD[name]
    document = make()
    with pytest.raises(VerificationError) as caught:
        check_rules(view_credential(document))
    assert caught.value.code == code
    report = judged(case_of(shown(document)))
    (beside,) = report.beside
    assert beside.verified is None
    assert code in {each.code for each in beside.checks}
    assert "assurance.document_not_shown" in of_step(report)
    assert report.verdict is Verdict.VALID


def test_certificate__validity_ends_before_it_starts__refused_at_issue() -> None:
    with pytest.raises(Exception, match="validUntil") as caught:
        view_credential(ended_before_it_began())
    assert getattr(caught.value, "code", "") == "statement.validity"


def test_certificate__standard_that_the_catalogue_lacks__refused_at_issue_only() -> None:
    with pytest.raises(VerificationError) as caught:
        check_rules(view_credential(of_version_nine()))
    assert caught.value.code == "claims.unknown_version"
    (beside,) = judged(case_of(shown(of_version_nine()))).beside
    assert beside.verified is not None


def test_certificate__built__is_its_own_canonical_form_and_keeps_the_standard() -> None:
    document = with_plan(PARTIALLY, DUE_LATER)
    check_rules(view_credential(document))
    octets = canonical.write(document)
    assert canonical.write(canonical.read_object(octets)) == octets
    first = document["credentialSubject"]["conformityAssessment"][0]
    assert (first["conformance"], first["assessedPerformance"]) == (
        False,
        [{"score": {"code": "partially"}}],
    )


# --- the chain link by link: three different refusals (S26) ------------------------------------


@pytest.mark.row("S26")
def test_chain__scheme_body_site__each_link_broken_has_a_refusal_of_its_own() -> None:
    """Scheme approves body, body audits site: and the report's digest travels with the level."""
    document = with_criteria(finding("C9", NOT_ASSESSED))
    good = judged(case_of(document))
    found = of_step(good)
    assert good.verdict is Verdict.VALID
    chain = found["assurance.chain"].facts
    assert (chain["site"], chain["body"], chain["accreditation_body"], chain["level"]) == (
        SITE_NUMBER, BODY_NUMBER, ACCREDITOR, 2,
    )  # fmt: skip
    told = found["assurance.criteria"].facts
    assert told["report_digest"] == DOCUMENT.digest_multibase
    assert [str(each)[:2] for each in told["not_assessed"]] == ["C9"]

    case = case_of(document)
    assert case.facts.lot is not None and isinstance(case.facts.lot.assurance, Known)
    held = case.facts.lot.assurance.value
    broken = {
        "scheme to body": replace(held, recognitions=()),
        "body to site": replace(
            held, records=tuple(each for each in held.records if each.record != ACCREDITATION)
        ),
        "site": replace(
            held,
            records=tuple(
                replace(each, subject=SITE_NUMBER + 1) if each.record == SITE_NUMBER else each
                for each in held.records
            ),
        ),
    }
    codes = []
    for assurance in broken.values():
        lot = replace(case.facts.lot, assurance=Known(assurance))
        report = judged(case.with_facts(lot=lot))
        assert report.verdict is Verdict.INVALID
        assert "assurance.criteria" not in of_step(report)
        codes += [code for code, each in of_step(report).items() if each.outcome is Outcome.FAILED]
    assert codes == [
        "assurance.accreditor_not_recognised",
        "assurance.accreditation_missing",
        "assurance.other_site",
    ]


# --- what is taken away ------------------------------------------------------------------------


@pytest.mark.parametrize("documents", [False, True])
def test_documents__taken_away__never_better_than_before(documents: bool) -> None:
    rank = {Verdict.NOT_PROVEN: 0, Verdict.VALID_WITH_NOTICE: 1, Verdict.VALID: 1}
    for code, make in CASES.items():
        case = make()
        with_it = judged(case, documents=documents).verdict
        without = judged(case.with_bundle(beside=()), documents=documents)
        assert rank[without.verdict] <= rank[with_it] or not documents, code
        assert of_step(without)["assurance.document_not_shown"]
        if documents:
            assert without.verdict is Verdict.NOT_PROVEN
