"""Evidence beside a lot, in its verdict: whose word a figure is, assays, inventories, states."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.support.beside import Author, Shown, with_beside
from tests.support.certified_lot import ANCHORED_AT, DAY, REFINERY, TRUST, Case
from tests.support.custody_world import emitted
from tests.support.disclosed_copper import copper_chain
from tests.support.disclosed_lots import certificate, number, token_of
from tests.support.evidence_papers import (
    CERTIFIER,
    CUSTOMER,
    LABORATORY,
    PURE,
    VERIFIER,
    accreditation,
    assay,
    author,
    evidence,
    figure,
    inventory,
    line,
    recognised,
    state,
    suspended,
)
from tests.unit.test_verify_assurance import HELD, credited
from veta.errors import VerificationError
from veta.evidence.grades import AssuranceGrade
from veta.model.consortium import Role
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import UnixSeconds
from veta.statement.credential import view_credential
from veta.statement.jws import read_statement
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.rules import check_rules
from veta.verify.verdict import Check, Outcome, Verdict
from veta.verify.verifier import Verifier

LOT: Final = number(1)
SITE: Final = "https://sites.example/bahia-serena"
PER_KG: Final = 3_000
GRADE_WORDS: Final = ("verified", "accredited", "second-party", "instrument-signed")


def judged(*beside: Shown, case: Case | None = None, **policy: Any) -> Report:
    told = with_beside(case or credited().case(), *beside)
    required = Policy().required | LOT_STEPS
    return Verifier(TRUST, Policy(required=required, **policy)).verify(told.bundle, told.facts)


def line_of(report: Report, name: str = "co2eGPerKg") -> Any:
    return next(each for each in report.figures if each.figure == name)


def one(report: Report, code: str) -> Check:
    (check,) = [each for each in report.checks if each.code == code]
    return check


def codes(report: Report, prefix: str = "evidence.") -> dict[str, Outcome]:
    return {each.code: each.outcome for each in report.checks if each.code.startswith(prefix)}


# --- whose word a figure is ----------------------------------------------------------------------


@pytest.mark.row("S02")
def test_figures__same_value_at_four_grades__four_different_lines() -> None:
    """Each line is told by the verifier of the bundle, in its report and in its words."""
    figures = figure("co2eGPerKg", PER_KG, LOT)
    named = accreditation(VERIFIER.member)
    lines = [
        line_of(report)
        for report in (
            judged(),
            judged(evidence(figures, CUSTOMER)),
            judged(evidence(figures, VERIFIER)),
            judged(evidence(figures, VERIFIER, named)),
        )
    ]
    assert [each.to_json()["grade"] for each in lines] == [
        "self-declared",
        "second-party",
        "verified",
        "accredited",
    ]
    assert len({each.words for each in lines}) == 4
    assert {each.amount for each in lines} == {PER_KG}
    assert {each.chain for each in lines} == {"recomputed from the chain"}
    assert lines[0].words == (
        "co2eGPerKg 3,000 g CO2e/kg: self-declared by Refineria Bahia Serena;"
        " recomputed from the chain"
    )
    assert not any(word in lines[0].words for word in GRADE_WORDS)


@pytest.mark.row("S02")
def test_figures__every_printed_one__has_a_line_and_self_declared_never_reads_higher() -> None:
    report = judged()
    assert [each.figure for each in report.figures] == [
        "massG",
        "metal.Cu",
        "co2eG",
        "co2eGPerKg",
        "primarySharePpm",
    ]
    told = report.to_json()["figures"]
    assert {each["grade"] for each in told} == {"self-declared"}
    assert not any(word in each["words"] for each in told for word in GRADE_WORDS)
    chain = {each["figure"]: each["chain"] for each in told}
    assert chain["massG"] == chain["metal.Cu"] == "counted in the lot book"
    assert chain["primarySharePpm"] is None


def _lapsed() -> Any:
    return accreditation(VERIFIER.member, until_s=UnixSeconds(ANCHORED_AT - DAY))


LOWERED: dict[str, tuple[Callable[[], Shown], str, str]] = {
    "accreditation lapsed": (
        lambda: evidence(figure("co2eGPerKg", PER_KG, LOT), VERIFIER, _lapsed()),
        "verified",
        "evidence.accreditation_lapsed",
    ),
    "accreditation suspended then": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT),
            VERIFIER,
            accreditation(VERIFIER.member, entries=(suspended(ANCHORED_AT - DAY),)),
        ),
        "verified",
        "evidence.accreditation_lapsed",
    ),
    "accreditation for another metal": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT),
            VERIFIER,
            accreditation(VERIFIER.member, substances=(79,)),
        ),
        "verified",
        "evidence.out_of_scope",
    ),
    "accreditation of somebody else": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT), VERIFIER, accreditation(LABORATORY.member)
        ),
        "verified",
        "evidence.out_of_scope",
    ),
    "accreditation by its own group": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT),
            VERIFIER,
            accreditation(VERIFIER.member, body_group="member 8101"),
        ),
        "verified",
        "evidence.own_accreditor",
    ),
    "accreditor not recognised": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT),
            VERIFIER,
            replace(accreditation(VERIFIER.member), recognitions=()),
        ),
        "verified",
        "evidence.out_of_scope",
    ),
    "another role": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT), LABORATORY, accreditation(LABORATORY.member)
        ),
        "second-party",
        "evidence.other_role",
    ),
    "the chain did not tell of the accreditation": (
        lambda: evidence(
            figure("co2eGPerKg", PER_KG, LOT), VERIFIER, accreditation(VERIFIER.member)
        ).with_facts(accreditation=Undetermined("ledger.timeout", "no answer")),
        "verified",
        "evidence.out_of_scope",
    ),
    "a role that it got later": (
        lambda: evidence(figure("co2eGPerKg", PER_KG, LOT), VERIFIER).with_facts(
            membership=Known(
                (
                    replace(VERIFIER.membership(), roles=Role.TRADER),
                    replace(
                        VERIFIER.membership(),
                        index=1,
                        effective_s=UnixSeconds(ANCHORED_AT + 1),
                        recorded_at_s=UnixSeconds(ANCHORED_AT + 1),
                    ),
                )
            )
        ),
        "second-party",
        "evidence.other_role",
    ),
}


@pytest.mark.row("S02", "A24")
@pytest.mark.parametrize("name", LOWERED)
def test_figures__body_that_is_not_what_it_would_be__lower_and_with_the_reason(name: str) -> None:
    make, grade, code = LOWERED[name]
    told = line_of(judged(make())).to_json()
    assert (told["grade"], told["code"]) == (grade, code)
    words = [each for each in GRADE_WORDS if each != grade]
    assert not any(each in told["words"] for each in words)


@pytest.mark.row("S02", "A25")
@pytest.mark.parametrize("group", [3])
def test_figures__body_under_the_issuers_control__is_the_issuers_own_word(group: int) -> None:
    """The refinery's control group is 3: a verifier in it assures nothing."""
    owned = author(8_201, "verificadora-propia", Role.FOOTPRINT_VERIFIER, group)
    named = accreditation(owned.member)
    report = judged(evidence(figure("co2eGPerKg", PER_KG, LOT), owned, named))
    told = line_of(report).to_json()
    assert (told["grade"], told["by"]) == ("self-declared", REFINERY.name)
    own = Author(credited_member(), REFINERY, Role.FOOTPRINT_VERIFIER)
    assert line_of(judged(evidence(figure("co2eGPerKg", PER_KG, LOT), own))).grade is (
        AssuranceGrade.SELF_DECLARED
    )


def credited_member() -> Any:
    issuer = credited().case().facts.issuer
    assert isinstance(issuer, Known) and issuer.value is not None
    return issuer.value.member


def test_figures__another_amount_signed__told_and_nobody_is_raised() -> None:
    report = judged(evidence(figure("co2eGPerKg", 2_500, LOT), VERIFIER))
    assert line_of(report).grade is AssuranceGrade.SELF_DECLARED
    check = one(report, "evidence.figure_differs")
    assert (check.outcome, check.facts["printed"], check.facts["signed"]) == (
        Outcome.NOTICE,
        PER_KG,
        2_500,
    )


@pytest.mark.parametrize("name", ["massG", "co2eG", "nothing"])
def test_figures__signed_of_another_figure_or_lot__raises_only_that(name: str) -> None:
    amount = {"massG": HELD_MASS, "co2eG": 3_000_000, "nothing": 1}[name]
    by = LABORATORY if name == "massG" else VERIFIER
    report = judged(evidence(figure(name, amount, LOT), by))
    raised = [each.figure for each in report.figures if each.grade is AssuranceGrade.VERIFIED]
    assert raised == [each for each in [name] if each != "nothing"]
    other = judged(evidence(figure(name, amount, "R9-0-0"), by))
    assert {each.grade for each in other.figures} == {AssuranceGrade.SELF_DECLARED}


HELD_MASS: Final = 1_000_000


@pytest.mark.row("S02")
def test_figures__passport_whose_signature_is_not_good__not_even_self_declared() -> None:
    case = credited().case()
    assert isinstance(case.facts.keys, Known)
    stranger = [
        replace(key, public_key=LABORATORY.signer.public_key) for key in case.facts.keys.value
    ]
    report = judged(case=case.with_facts(keys=Known(tuple(stranger))))
    assert report.verdict is Verdict.INVALID
    assert {each.to_json()["grade"] for each in report.figures} == {"not shown"}
    assert not any(
        word in each.words for each in report.figures for word in (*GRADE_WORDS, "self-declared")
    )


def test_figures__document_that_grades_itself__refused_at_issue_and_not_there() -> None:
    bad = evidence(figure("co2eGPerKg", PER_KG, LOT, grade="accredited"), VERIFIER)
    credential = read_statement(bad.statement.token).credential
    with pytest.raises(VerificationError) as caught:
        check_rules(view_credential(dict(credential.document)))
    assert caught.value.code == "evidence.grade_stated"
    report = judged(bad)
    assert report.beside[0].verified is None
    assert line_of(report).grade is AssuranceGrade.SELF_DECLARED


# --- certificates of analysis --------------------------------------------------------------------


@pytest.mark.row("A34", "S28")
def test_assay__within_every_limit__passed_with_the_laboratorys_grade() -> None:
    report = judged(evidence(assay(lot=LOT), LABORATORY))
    check = one(report, "evidence.limit_met")
    assert (check.outcome, check.facts["grade"]) == (Outcome.PASSED, "verified")
    assert (check.facts["limits"], check.facts["met"]) == (14, 14)
    named = accreditation(LABORATORY.member)
    accredited = judged(
        evidence(assay(lot=LOT), LABORATORY, named), assay=AssuranceGrade.ACCREDITED
    )
    assert one(accredited, "evidence.limit_met").facts["grade"] == "accredited"
    assert accredited.verdict is Verdict.VALID
    low = judged(evidence(assay(lot=LOT), LABORATORY), assay=AssuranceGrade.ACCREDITED)
    assert codes(low)["evidence.grade_too_low"] is Outcome.NOT_PROVEN
    assert low.verdict is Verdict.NOT_PROVEN


@pytest.mark.row("A34", "S28")
@pytest.mark.parametrize(
    ("results", "told"),
    [
        ({"Ag": "25.1"}, "Ag <= 25 ppm"),
        ({"Bi": "1", "Se": "1.5", "Te": "1.5"}, "Bi+Se+Te <= 3 ppm"),
        ({"As": "4", "Sb": "4", "P": "8"}, "As+Cd+Cr+Mn+P+Sb <= 15 ppm"),
    ],
)
def test_assay__outside_a_limit_or_a_group_sum__notice_and_failed_where_asked(
    results: dict[str, str], told: str
) -> None:
    bad = evidence(assay(PURE | results, LOT), LABORATORY)
    report = judged(bad)
    check = one(report, "evidence.limit_exceeded")
    assert check.outcome is Outcome.NOTICE
    names = check.facts["not_met"]
    assert isinstance(names, tuple)
    assert any(told in each for each in names)
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    asked = judged(bad, assay=AssuranceGrade.VERIFIED)
    assert (one(asked, "evidence.limit_exceeded").outcome, asked.verdict) == (
        Outcome.FAILED,
        Verdict.INVALID,
    )


NOT_AN_ASSAY: dict[str, tuple[Callable[[], Shown], str]] = {
    "signed by somebody else": (
        lambda: evidence(assay(lot=LOT), CUSTOMER),
        "evidence.not_laboratory_signed",
    ),
    "signed by its own refinery as a laboratory": (
        lambda: evidence(assay(lot=LOT), author(8_301, "otra", Role.LABORATORY)),
        "evidence.not_laboratory_signed",
    ),
    "a laboratory that is none": (
        lambda: evidence(assay(lot=LOT, by=CUSTOMER), CUSTOMER),
        "evidence.not_laboratory_signed",
    ),
    "of another lot": (lambda: evidence(assay(lot="R9-0-0"), LABORATORY), "evidence.no_assay"),
    "altered after it was signed": (
        lambda: evidence(assay(lot=LOT), LABORATORY).with_statement(inclusion=None),
        "evidence.no_assay",
    ),
    "an element not assessed": (
        lambda: evidence(assay({k: v for k, v in PURE.items() if k != "Te"}, LOT), LABORATORY),
        "evidence.not_assessed",
    ),
    "a bound too wide": (
        lambda: evidence(assay(PURE | {"Te": "<9"}, LOT), LABORATORY),
        "evidence.bound_too_wide",
    ),
}


@pytest.mark.row("A34")
@pytest.mark.parametrize("name", NOT_AN_ASSAY)
def test_assay__that_shows_nothing__never_good_where_one_is_asked_for(name: str) -> None:
    make, code = NOT_AN_ASSAY[name]
    asked = judged(make(), assay=AssuranceGrade.VERIFIED)
    assert code in codes(asked)
    assert "evidence.limit_met" not in codes(asked)
    assert not asked.verdict.good
    assert judged(make()).verdict.good


@pytest.mark.row("A34")
def test_assay__forged_one_alone__not_proven_where_asked() -> None:
    for name in ("signed by somebody else", "a laboratory that is none"):
        report = judged(NOT_AN_ASSAY[name][0](), assay=AssuranceGrade.VERIFIED)
        assert report.verdict is Verdict.NOT_PROVEN, name
        assert "evidence.no_assay" in codes(report)


def test_assay__taken_away__never_good_where_asked() -> None:
    for beside in ((), (evidence(assay(PURE | {"Ag": "99"}, LOT), LABORATORY),)):
        assert not judged(*beside, assay=AssuranceGrade.VERIFIED).verdict.good


# --- inventories (S15) ---------------------------------------------------------------------------

CATHODE: Final = number(5)
POWER: Final = line("electricity, refinery", "process", "500000", "kWh", "300")
ACID: Final = line("acid and reagents", "process", "12500", "kg", "800")


def cathode_with(*beside: Shown, **policy: Any) -> Report:
    return judged(*beside, case=copper_chain("cathode").case(), **policy)


@pytest.mark.row("S15")
def test_inventory__of_the_cathodes_run__recomputes_3031() -> None:
    """Line by line to what the run declared; with what it inherited that is 3.031 kg a kilogram."""
    paper = evidence(inventory(POWER, ACID, lot=CATHODE), VERIFIER, label="inventory")
    report = cathode_with(paper, inventory=True)
    adds = one(report, "inventory.adds_up")
    assert (adds.facts["process_g"], adds.facts["transport_g"]) == (160_000_000, 0)
    assert adds.facts["lines"] == (
        "electricity, refinery: 500000 kWh x 300 g (Coordinador Electrico Nacional, 2025)",
        "acid and reagents: 12500 kg x 800 g (Coordinador Electrico Nacional, 2025)",
    )
    again = one(report, "footprint.recomputes").facts
    inherited, others = again["inherited_g"], again["to_other_products_g"]
    assert isinstance(inherited, int)
    assert isinstance(others, int)
    lots_g = inherited + 500_000 * 300 + 12_500 * 800 - others
    assert -(-lots_g * 1_000 // (38 * 25_000_000)) == 3_031
    assert again["recomputed_g_per_kg"] == 3_031
    assert report.verdict.good
    assert cathode_with(inventory=True).verdict is Verdict.NOT_PROVEN


@pytest.mark.row("S15")
def test_inventory__factor_changed__another_hash_and_recomputes_no_more() -> None:
    honest = evidence(inventory(POWER, ACID, lot=CATHODE), VERIFIER, label="inventory")
    cheap = evidence(
        inventory({**POWER, "factor": "20"}, ACID, lot=CATHODE), VERIFIER, label="inventory"
    )
    assert cheap.facts.leaf != honest.facts.leaf
    assert cheap.facts.root != honest.facts.root
    asked = cathode_with(cheap, inventory=True)
    differs = one(asked, "inventory.differs")
    assert (differs.facts["process_g"], differs.facts["declared_process_g"]) == (
        20_000_000,
        160_000_000,
    )
    assert (differs.outcome, asked.verdict) == (Outcome.FAILED, Verdict.INVALID)
    assert cathode_with(cheap).verdict is Verdict.VALID_WITH_NOTICE


@pytest.mark.row("S15")
def test_inventory__factor_changed_on_chain_and_in_the_passport_too__fails_to_recompute() -> None:
    """The run declares what the cheaper factor gives: its cause has another hash, and the other
    figures stand where they were."""
    told = copper_chain("cathode")
    cheaper = told.retold(5, emissions=emitted(process=20_000_000))
    assert cheaper.told[5].headers[0].cause != told.told[5].headers[0].cause
    paper = evidence(inventory({**POWER, "factor": "20"}, ACID, lot=CATHODE), VERIFIER)
    report = judged(paper, case=cheaper.case(), inventory=True)
    failed = {each.code for each in report.checks if each.outcome is Outcome.FAILED}
    assert "lineage.carbon_vanishes" in failed or "footprint.does_not_recompute" in failed
    assert report.verdict is Verdict.INVALID


def test_inventory__unit_or_version_missing_or_a_part_that_is_none__refused_at_issue() -> None:
    for bad in (
        {**POWER, "part": "offset"},
        {name: value for name, value in POWER.items() if name != "version"},
        {**POWER, "factor": "-1"},
        {**POWER, "amount": 500_000},
        {**POWER, "grade": "verified"},
    ):
        shown = evidence(inventory(bad, lot=CATHODE), VERIFIER)
        document = dict(read_statement(shown.statement.token).credential.document)
        with pytest.raises(VerificationError) as caught:
            check_rules(view_credential(document))
        assert caught.value.code.startswith("evidence.")
        assert cathode_with(shown).beside[0].verified is None


# --- states before a certificate (S22) ------------------------------------------------------------


@pytest.mark.row("S22")
def test_states__before_during_and_after_an_audit__none_reads_as_certified() -> None:
    told = []
    for word, by in (
        ("self-assessed", Author(credited_member(), REFINERY, Role.REFINER)),
        ("audit-announced", CERTIFIER),
        ("in-audit", CERTIFIER),
        ("published", CERTIFIER),
    ):
        uncertified = uncredited()
        report = judged(evidence(state(word, SITE), by), case=uncertified)
        check = one(report, "assurance.state")
        assert (check.outcome, check.facts["state"]) == (Outcome.NOTICE, word)
        assert "no certificate" in check.sentence
        told.append(check.sentence)
        assert report.verdict is Verdict.VALID_WITH_NOTICE
        assert "assurance.chain" not in {each.code for each in report.checks}
        assert one(report, "claims.none_supported").outcome is Outcome.PASSED
        words = " ".join(each.sentence for each in report.checks)
        assert not re.search(r"(?<!no )\bcertifi(ed|cate)", words), words
    assert len(set(told)) == 4
    certified = judged(case=credited().case())
    assert "certified by" in one(certified, "assurance.chain").sentence


def uncredited() -> Case:
    """A lot without credit, whose passport names the same site."""
    from tests.support.custody_world import CATHODE as PRODUCT
    from tests.support.custody_world import CO2E, CU, MB, NET, originate, output
    from tests.support.disclosed_lots import Book, disclosure, token_leaf

    held = {NET: 1_000_000, CU: 999_900, CO2E: 3_000_000}
    token = token_of(certificate(number(0), "copper-cathode", held))
    book = Book({number(0): token_leaf(token)})
    book.run(originate(output(PRODUCT, MB, held), emissions=emitted(process=3_000_000)))
    return disclosure(book, token, 0).case()


def test_states__of_another_site_or_unknown__not_told() -> None:
    other = judged(evidence(state("in-audit", "https://sites.example/other"), CERTIFIER))
    assert "assurance.state" not in {each.code for each in other.checks}
    unknown = judged(evidence(state("certified", SITE), CERTIFIER))
    assert unknown.beside[0].verified is None
    assert "evidence.member" in {each.code for each in unknown.beside[0].checks}


# --- footprints that are missing, zero, default or old (A32, A33) -------------------------------


def passport_with(**footprint: Any) -> Case:
    told = credited()
    usual = certificate(LOT, "copper-cathode", HELD)
    assert usual.footprint is not None
    changed = None if footprint == {"none": True} else replace(usual.footprint, **footprint)
    token = token_of(replace(usual, footprint=changed))
    return told.case(token)


@pytest.mark.row("A32")
def test_footprint__not_stated__is_unknown_and_never_nothing() -> None:
    report = judged(case=passport_with(none=True))
    assert one(report, "footprint.not_stated").outcome is Outcome.NOT_PROVEN
    assert not report.verdict.good
    assert {each.figure for each in report.figures} == {"massG", "metal.Cu"}


@pytest.mark.row("A32")
def test_footprint__zero_with_nothing_measured__refused_at_issue_and_invalid() -> None:
    case = passport_with(co2e_g=0, co2e_g_per_kg=0, primary_share_ppm=0)
    document = dict(read_statement(case.bundle.token).credential.document)
    with pytest.raises(VerificationError) as caught:
        check_rules(view_credential(document))
    assert caught.value.code == "statement.footprint_zero"
    assert judged(case=case).verdict is Verdict.INVALID
    measured = passport_with(co2e_g=0, co2e_g_per_kg=0, primary_share_ppm=1)
    check_rules(view_credential(dict(read_statement(measured.bundle.token).credential.document)))
    report = judged(case=measured)  # and it is not what the lot carries
    assert "footprint.does_not_recompute" in {each.code for each in report.checks}
    assert report.verdict is Verdict.INVALID


@pytest.mark.row("A32")
def test_footprint__by_default__its_figures_say_that_nothing_was_measured() -> None:
    measured, default = judged(), judged(case=passport_with(primary_share_ppm=0))
    for name in ("co2eG", "co2eGPerKg"):
        assert not line_of(measured, name).secondary
        assert "secondary data only" not in line_of(measured, name).words
        assert line_of(default, name).to_json()["secondary"] is True
        assert "secondary data only" in line_of(default, name).words


@pytest.mark.row("A33")
def test_footprint__of_2021_on_a_lot_of_2026__stale_by_the_policys_age() -> None:
    start, end = UnixSeconds(1_609_459_200), UnixSeconds(1_640_995_200)  # the year 2021
    old = passport_with(period_from_s=start, period_to_s=end)
    report = judged(case=old)
    check = one(report, "footprint.stale")
    assert (check.outcome, check.facts["period_to_s"]) == (Outcome.NOTICE, end)
    assert "footprint.stale" not in {each.code for each in judged().checks}
    patient = judged(case=old, footprint_max_age_s=10 * 365 * DAY)
    assert "footprint.stale" not in {each.code for each in patient.checks}
    strict = judged(footprint_max_age_s=-1)
    assert "footprint.stale" in {each.code for each in strict.checks}


def test_signers__recognition_that_ended_before__counts_no_more() -> None:
    late = replace(
        accreditation(VERIFIER.member),
        recognitions=(
            recognised(),
            recognised(until_s=UnixSeconds(0), recorded_s=UnixSeconds(900)),
        ),
    )
    told = line_of(judged(evidence(figure("co2eGPerKg", PER_KG, LOT), VERIFIER, late)))
    assert (told.grade, told.code) == (AssuranceGrade.VERIFIED, "evidence.accreditation_lapsed")
