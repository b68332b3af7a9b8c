"""Abuses of papers about a lot, each by one verdict of the verifier that a reader runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.api_world import ApiWorld, open_world
from tests.support.assured_lots import ACCREDITATION, BODY
from tests.support.beside import with_beside
from tests.support.certified_lot import NOW, SIGNER, TRUST, Case
from tests.support.custody_world import MEMBER, SITE
from tests.support.disclosed_lots import certificate, number, token_of
from tests.support.evidence_papers import VERIFIER, evidence, inventory, line
from tests.unit.test_verify_assurance import EVERY_STEP, HELD, assured, credited, facts, record
from tests.unit.test_verify_indicators import lithium
from veta.disclosure.sd_jwt import issue_sd_jwt, present, read_sd_jwt
from veta.errors import InputError, ProvenanceError, VerificationError
from veta.model.columns import SubstanceId
from veta.model.determined import Known
from veta.model.identifiers import UnixSeconds
from veta.model.lot import LotCertificate, MetalContent
from veta.services.selective import judge_selective
from veta.statement.credential import view_credential
from veta.statement.jws import read_statement
from veta.statement.rules import find_faults
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.rules import check_rules
from veta.verify.verdict import Outcome, Verdict
from veta.verify.verifier import Verifier


def judged(case: Case, **policy: Any) -> Report:
    verifier = Verifier(TRUST, Policy(required=EVERY_STEP, **policy))
    return verifier.verify(case.bundle, case.facts)


def codes(report: Report, outcome: Outcome) -> set[str]:
    return {each.code for each in report.checks if each.outcome is outcome}


# --- A14: units ----------------------------------------------------------------------------------

SHORT_TON_G: Final = 907_185


def of_copper(**changes: Any) -> Case:
    usual = certificate(number(1), "copper-cathode", HELD)
    return credited().case(token_of(replace(usual, **changes)))


def of_lithium(metal_g: int) -> Case:
    token = lithium().token
    lot = read_statement(token).credential.subject["characteristics"]
    figures = {key: HELD[key] for key in HELD}
    usual = certificate(number(0), "lithium-carbonate", figures)
    assert usual.footprint is not None
    content = replace(
        usual,
        name="Lithium carbonate",
        mass_g=lot["massG"],
        metal=(MetalContent("Li", metal_g),),
        origins=(replace(usual.origins[0], substance="Li", mass_g=metal_g),),
        footprint=replace(usual.footprint, co2e_g=4_000_000, co2e_g_per_kg=4_000),
    )
    return lithium().case(token_of(content))


def per_kg(co2e_g: int, mass_g: int, usual: LotCertificate) -> Any:
    assert usual.footprint is not None
    return replace(usual.footprint, co2e_g=co2e_g, co2e_g_per_kg=-(-co2e_g * 1_000 // mass_g))


@pytest.mark.row("A14")
def test_a14__short_tons_for_tonnes__the_columns_tell() -> None:
    """A million grams stated as so many short tons' worth: the lot book counts grams."""
    usual = certificate(number(1), "copper-cathode", HELD)
    mass_g = SHORT_TON_G
    metal_g = 907_094
    case = of_copper(
        mass_g=mass_g,
        metal=(MetalContent("Cu", metal_g),),
        origins=(replace(usual.origins[0], mass_g=metal_g),),
        footprint=per_kg(3_000_000, mass_g, usual),
    )
    report = judged(case)
    assert report.verdict is Verdict.INVALID
    assert "lot.column_differs" in codes(report, Outcome.FAILED)


@pytest.mark.row("A14")
def test_a14__lithium_carbonate_for_lithium__the_columns_tell() -> None:
    honest = judged(of_lithium(187_900))
    assert honest.verdict.good, codes(honest, Outcome.FAILED)
    report = judged(of_lithium(1_000_000))
    assert report.verdict is Verdict.INVALID
    assert "lot.column_differs" in codes(report, Outcome.FAILED)


@pytest.mark.row("A14")
def test_a14__ppm_for_per_cent__the_columns_tell() -> None:
    usual = certificate(number(1), "copper-cathode", HELD)
    few_g = 999_900 // 10_000
    case = of_copper(
        metal=(MetalContent("Cu", few_g),),
        origins=(replace(usual.origins[0], mass_g=few_g),),
    )
    assert judged(case).verdict is Verdict.INVALID


@pytest.mark.row("A14")
def test_a14__dry_mass_for_net__is_not_the_column_and_is_told() -> None:
    report = judged(of_copper(mass_basis="dry"))
    assert "lot.not_counted" in codes(report, Outcome.NOTICE)
    assert not report.verdict.good or report.verdict is Verdict.VALID_WITH_NOTICE
    chain = {each.figure: each.chain for each in report.figures}
    assert chain["massG"] == ""  # nothing on chain stands behind it


# --- A21, A22, A24, A25: certificates ------------------------------------------------------------


@pytest.mark.row("A21")
def test_a21__made_after_the_sites_assurance_ended__refused_and_no_claim() -> None:
    made = credited().told[0].headers[0]
    told = record(SITE, until_s=UnixSeconds(made.produced_to_s - 1))
    report = judged(told.case())
    assert report.verdict is Verdict.INVALID
    assert "assurance.outside_window" in codes(report, Outcome.FAILED)
    assert "claims.assurance_open" in codes(report, Outcome.NOT_PROVEN)
    assert "claims.supported" not in codes(report, Outcome.PASSED)


@pytest.mark.row("A22")
def test_a22__certificate_ran_out_after_shipping__good_with_a_notice_not_red_and_not_silent() -> (
    None
):
    made = credited().told[0].headers[0]
    until = UnixSeconds(made.produced_to_s + 86_400)
    assert until < NOW
    report = judged(record(SITE, until_s=until).case())
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    assert "assurance.expired_since" in codes(report, Outcome.NOTICE)
    assert {"assurance.chain", "claims.supported"} <= codes(report, Outcome.PASSED)
    (check,) = [each for each in report.checks if each.code == "assurance.expired_since"]
    assert check.facts["until_s"] == until
    before = judged(record(SITE, until_s=UnixSeconds(NOW + 1)).case())
    assert before.verdict is Verdict.VALID


@pytest.mark.row("A22")
def test_a22__passport_itself_ran_out__valid_at_issue_now_expired() -> None:
    case = credited().case()
    late = UnixSeconds(NOW + 400 * 86_400)
    assert case.facts.as_of is not None
    later = replace(case.facts.as_of.value, time_s=late)  # type: ignore[union-attr]
    report = judged(case.with_facts(as_of=Known(later), asked_at_s=late))
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    assert "validity.expired" in codes(report, Outcome.NOTICE)


@pytest.mark.row("A24")
def test_a24__body_out_of_scope_lapsed_or_not_accredited__each_refused() -> None:
    broken = {
        "another substance": record(ACCREDITATION, substances=(SubstanceId(79),)),
        "another scheme": record(ACCREDITATION, scheme=99),
        "a lower level": record(ACCREDITATION, level=1),
        "somebody else's": record(ACCREDITATION, subject=BODY + 1),
        "began later": record(ACCREDITATION, from_s=UnixSeconds(301)),
        "none": assured(records=tuple(e for e in facts().records if e.record != ACCREDITATION)),
        "by nobody that the scheme knows": assured(recognitions=()),
    }
    for name, told in broken.items():
        report = judged(told.case())
        assert report.verdict is Verdict.INVALID, name
        failed = codes(report, Outcome.FAILED)
        assert any(each.startswith("assurance.accredit") for each in failed), (name, failed)
        assert "claims.supported" not in codes(report, Outcome.PASSED)


@pytest.mark.row("A25")
def test_a25__body_that_certifies_itself__refused_and_no_claim() -> None:
    report = judged(record(SITE, issuer=MEMBER).case())
    assert report.verdict is Verdict.INVALID
    assert "assurance.self_assured" in codes(report, Outcome.FAILED)
    assert "claims.supported" not in codes(report, Outcome.PASSED)


# --- A30: offsets --------------------------------------------------------------------------------


@pytest.mark.row("A30")
def test_a30__offsets__change_no_footprint_and_carry_no_word() -> None:
    neutral = judged(of_copper(name="Carbon neutral copper cathode"))
    assert neutral.verdict is Verdict.INVALID
    assert "claims.forbidden_word" in codes(neutral, Outcome.FAILED)

    usual = certificate(number(1), "copper-cathode", HELD)
    assert usual.footprint is not None
    less = replace(usual.footprint, co2e_g=1_000_000, co2e_g_per_kg=1_000)
    offset = judged(of_copper(footprint=less))
    assert offset.verdict is Verdict.INVALID
    assert "footprint.does_not_recompute" in codes(offset, Outcome.FAILED)

    for bad in (
        line("forest credits", "offset", "2000", "t", "1000"),
        line("forest credits", "process", "2000", "t", "-1000"),
    ):
        paper = evidence(inventory(bad, lot=number(1)), VERIFIER)
        document = dict(read_statement(paper.statement.token).credential.document)
        with pytest.raises(VerificationError):
            check_rules(view_credential(document))
        report = judged(with_beside(credited().case(), paper))
        assert report.beside[0].verified is None
        assert report.verdict is Verdict.VALID


# --- T49: what a type requires, hidden field by field ---------------------------------------------


def members_of(value: Any, pointer: str = "") -> Iterator[str]:
    """Pointers of all members, at any depth, of objects in objects."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield here
            yield from members_of(inner, here)


def without(document: Any, pointer: str) -> Any:
    names = [each.replace("~1", "/").replace("~0", "~") for each in pointer[1:].split("/")]
    copied = dict(document)
    inside = copied
    for name in names[:-1]:
        inside[name] = dict(inside[name])
        inside = inside[name]
    del inside[names[-1]]
    return copied


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    folder: Path = tmp_path_factory.mktemp("hidden")
    with open_world(folder) as made:
        yield made


@pytest.mark.row("T49")
def test_t49__each_member_that_the_type_requires__hidden_it_is_never_valid(
    world: ApiWorld,
) -> None:
    document = world.credential()
    whole = judge(world, issued(document, []), [])
    assert whole.verdict is Verdict.VALID_WITH_NOTICE  # no anchor travels with a presentation
    required, hidden = 0, 0
    for pointer in members_of(document):
        if not _is_required(document, pointer):
            continue
        required += 1
        try:
            token = issued(document, [pointer])
        except ProvenanceError as refused:
            assert refused.code.startswith("disclosure."), pointer
            continue
        hidden += 1
        report = judge(world, token, [])
        assert report.verdict in {Verdict.NOT_PROVEN, Verdict.INVALID}, pointer
        assert report.disclosed is None
        shown = judge(world, token, [pointer])
        assert shown.verdict is Verdict.VALID_WITH_NOTICE, pointer
    assert required >= 40
    assert hidden >= 30


def _is_required(document: Any, pointer: str) -> bool:
    try:
        return bool(find_faults(view_credential(without(document, pointer))))
    except InputError:
        return True


def issued(document: Any, hidden: list[str]) -> bytes:
    salts = (bytes([each]) * 16 for each in range(1, 9))
    return issue_sd_jwt(document, SIGNER, hidden=hidden, salts=salts)


def judge(world: ApiWorld, token: bytes, shown: list[str]) -> Any:
    presented = read_sd_jwt(present(read_sd_jwt(token), shown))
    node = world.node
    return judge_selective(presented, node.ledger, node.clock, node.trust, policy=Policy())
