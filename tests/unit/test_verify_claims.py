"""Step 11: what a passport says in words, and what may be claimed of its lot."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.certified_lot import TRUST, honest_case
from tests.support.disclosed_copper import copper_chain
from tests.support.disclosed_lots import Disclosure, rod_chain, token_of
from tests.support.statements import all_issued
from tests.unit.test_verify_assurance import credited
from tests.unit.test_verify_lots import content
from veta.model.assurance import AssuranceFacts
from veta.model.determined import Known
from veta.statement.credential import view_credential
from veta.verify.claims_step import OUTCOMES, check_words
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "spec" / "verification.md"
EVERY_STEP: Final = Policy().required | LOT_STEPS | {Step.ASSURANCE, Step.CLAIMS}


def judge(case: Any) -> Report:
    return Verifier(TRUST, Policy(required=EVERY_STEP)).verify(case.bundle, case.facts)


def findings(report: Report) -> dict[str, Outcome]:
    return {each.code: each.outcome for each in report.checks if each.step is Step.CLAIMS}


def named(name: str) -> Any:
    """The rod's passport under another name."""
    return rod_chain().case(token_of(replace(content(), name=name), "named"))


def without_assurance() -> Disclosure:
    return credited().with_facts(assurance=Known(AssuranceFacts((), (), (), ())))


CASES: dict[str, Callable[[], Any]] = {
    "claims.words_clear": lambda: rod_chain().case(),
    "claims.forbidden_word": lambda: named("Climate neutral copper rod"),
    "claims.text_not_read": lambda: named("铜杆"),
    "claims.lot_not_disclosed": honest_case,
    "claims.lineage_open": lambda: credited().without_run(0).case(),
    "claims.assurance_open": lambda: without_assurance().case(),
    "claims.none_supported": lambda: rod_chain().case(),
    "claims.supported": lambda: credited().case(),
}


@pytest.mark.parametrize("code", CASES)
def test_claims__each_finding__comes_to_what_the_table_says(code: str) -> None:
    report = judge(CASES[code]())
    assert findings(report).get(code) is OUTCOMES[code]
    if OUTCOMES[code] in (Outcome.FAILED, Outcome.NOT_PROVEN):
        assert not report.verdict.good
        assert "claims.supported" not in findings(report)


def test_claims__codes__each_is_reached_and_documented() -> None:
    assert CASES.keys() == OUTCOMES.keys()
    rows = re.findall(
        r"^\| ((?:`claims\.\w+`(?:, )?)+) \| ([a-z ]+) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    told = {
        code: outcome.replace(" ", "_")
        for names, outcome in rows
        for code in re.findall(r"`([^`]+)`", names)
    }
    assert told == {code: outcome.value for code, outcome in OUTCOMES.items()}


@pytest.mark.parametrize(
    "name",
    [
        "Green copper rod",
        "CO2-neutral rod",
        "Cobre verde",
        "Klimaneutraler Kupferdraht",
        "gre\u200ben copper",
        "GR\u0415EN COPPER",  # a Cyrillic letter among Latin ones
    ],
)
def test_words__generic_or_by_offsets__make_the_passport_invalid(name: str) -> None:
    report = judge(named(name))
    assert findings(report)["claims.forbidden_word"] is Outcome.FAILED
    assert report.verdict is Verdict.INVALID


def test_words__of_a_certificate__name_its_scheme_and_speak_of_no_goods() -> None:
    """The attestation of a site under a mark whose name says "Responsible"."""
    credential = view_credential(all_issued()["certificate"])
    assert "Responsible" in str(credential.subject["name"])
    assert check_words(credential) == []


def test_words__far_into_a_long_text__are_found_all_the_same() -> None:
    """Also where the text would be cut in two."""
    for before in (1_990, 3_000, 3_795, 9_000):
        report = judge(named("x" * 9 + " " + "lot " * ((before - 10) // 4) + "climate neutral rod"))
        assert "claims.forbidden_word" in findings(report), before


@pytest.mark.row("S17")
def test_supported__cathode_of_the_reference_chain__mass_balance_says_nothing_of_content() -> None:
    """All twelve steps required, and the verdict good."""
    report = judge(copper_chain("cathode").case())
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    assert {each.step for each in report.checks} == set(Step)
    (check,) = [each for each in report.checks if each.code == "claims.supported"]
    assert check.facts["model"] == "mass-balance"
    assert check.facts["share_ppm"] == 1_000_000
    assert "contains" not in check.sentence


@pytest.mark.parametrize("product", ["rod", "cable"])
def test_supported__made_of_lots_without_credit__no_programme_may_be_named(product: str) -> None:
    assert "claims.none_supported" in findings(judge(copper_chain(product).case()))
