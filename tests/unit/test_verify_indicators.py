"""A lot's indicators in its verdict: what may not be hidden, by its metals, is never left out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.beside import Author, Shown, issuance, shown, with_beside
from tests.support.certified_lot import REFINERY, SIGNER, TRUST, Case
from tests.support.custody_world import (
    CO2E,
    CU,
    LI,
    MB,
    MEMBER,
    NET,
    emitted,
    originate,
    output,
    product,
)
from tests.support.disclosed_lots import (
    ROLES,
    Book,
    Disclosure,
    certificate,
    disclosure,
    number,
    token_leaf,
    token_of,
)
from tests.unit.test_verify_assurance import credited
from veta import canonical
from veta.disclosure.catalogue import INDICATORS, SIZE, ValueKind
from veta.disclosure.heads import HEAD_MEMBER
from veta.disclosure.indicator_file import write_leaves
from veta.disclosure.indicators import IndicatorSet
from veta.disclosure.mandatory import DEFAULT_POLICY
from veta.errors import InputError, VerificationError
from veta.model.identifiers import MemberId
from veta.model.lot import MetalContent
from veta.services.beside import with_opened
from veta.services.indicators import head_statement
from veta.statement.credential import view_credential
from veta.statement.jws import read_statement
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.rules import check_rules
from veta.verify.verdict import Check, Outcome, Verdict
from veta.verify.verifier import Verifier

NAMES: Final = tuple(item.name for item in INDICATORS)
SAMPLE: Final[dict[ValueKind, Any]] = {
    ValueKind.COUNT: 3,
    ValueKind.SHARE: 250_000,
    ValueKind.YES_NO: True,
    ValueKind.QUANTITY: "41.5",
}
REFINER: Final = Author(MEMBER, REFINERY, ROLES, signer=SIGNER)
COPPER: Final = tuple(sorted(DEFAULT_POLICY.mandatory(["Cu"])))


def subject(told: Disclosure | None = None) -> str:
    token = (told or credited()).token
    return str(read_statement(token).credential.subject["id"])


@cache
def a_set(about: str = "", **values: Any) -> IndicatorSet:
    found = {item.name: SAMPLE[item.kind] for item in INDICATORS} | values
    salts = (sha256(f"salt {number}".encode()).digest()[:16] for number in range(SIZE))
    return IndicatorSet(about or subject(), found.items(), salts)


def head(found: IndicatorSet, author: Author = REFINER) -> Shown:
    return shown(head_statement(found.head, author.party, issuance("indicators")), author)


def with_set(found: IndicatorSet, names: Iterable[str], author: Author = REFINER) -> Shown:
    return head(found, author).with_statement(opened=write_leaves(found.open(names)))


@cache
def lithium() -> Disclosure:
    """A lot of lithium carbonate, as its origin recorded it."""
    usual = certificate(
        number(0), "lithium-carbonate", {NET: 1_000_000, CU: 187_900, CO2E: 4_000_000}
    )
    content = replace(
        usual,
        name="Lithium carbonate",
        metal=(MetalContent("Li", 187_900),),
        origins=(replace(usual.origins[0], substance="Li"),),
    )
    token = token_of(content)
    held = {NET: 1_000_000, LI: 187_900, CO2E: 4_000_000}
    book = Book({number(0): token_leaf(token)})
    book.run(originate(output(product(12), MB, held), emissions=emitted(process=4_000_000)))
    return disclosure(book, token, 0)


def lot_of(symbol: str) -> Case:
    return (credited() if symbol == "Cu" else lithium()).case()


def judged(case: Case, **policy: Any) -> Report:
    return Verifier(TRUST, Policy(**policy)).verify(case.bundle, case.facts)


def asked(case: Case) -> Report:
    return judged(case, indicators=(DEFAULT_POLICY,))


def of_indicators(report: Report) -> list[Check]:
    return [each for each in report.checks if each.code.startswith(("disclosure.", "trees."))]


@pytest.mark.row("S16", "A43", "T49")
@pytest.mark.parametrize("hidden", COPPER)
def test_indicators__one_mandatory_leaf_hidden__never_valid_and_named(hidden: str) -> None:
    shown_ = with_set(a_set(), [name for name in NAMES if name != hidden])
    report = asked(with_beside(lot_of("Cu"), shown_))
    (check,) = of_indicators(report)
    assert (check.code, check.outcome) == ("disclosure.mandatory_hidden", Outcome.NOT_PROVEN)
    assert report.verdict is Verdict.NOT_PROVEN
    assert (check.facts["hidden_count"], check.facts["hidden"]) == (1, (hidden,))
    assert hidden in check.sentence
    decisive = report.decisive()
    assert decisive is check


@pytest.mark.row("S16")
def test_indicators__five_and_what_must_be__complete_and_the_rest_is_counted_and_named() -> None:
    five = ("ltifr", "women_workforce_share", "taxes_paid_usd", "emergency_drills", "pay_gap_ratio")
    shown_ = with_set(a_set(), (*COPPER, *five))
    report = asked(with_beside(lot_of("Cu"), shown_))
    (check,) = of_indicators(report)
    assert (check.code, check.outcome) == ("disclosure.complete", Outcome.PASSED)
    assert report.verdict is Verdict.VALID
    hidden = [name for name in NAMES if name not in {*COPPER, *five}]
    assert check.facts["hidden"] == tuple(hidden)
    assert (check.facts["hidden_count"], len(hidden)) == (76 - len(COPPER) - 5,) * 2
    assert all(name in check.sentence for name in hidden)
    values = check.facts["values"]
    assert isinstance(values, tuple)
    assert "ltifr=41.5" in values
    only_five = with_set(a_set(), five)
    assert asked(with_beside(lot_of("Cu"), only_five)).verdict is Verdict.NOT_PROVEN


@pytest.mark.row("S40")
def test_indicators__lithium_without_its_community_leaves__incomplete_where_copper_is_not() -> None:
    must = DEFAULT_POLICY.mandatory(["Li"])
    community = sorted(must - DEFAULT_POLICY.mandatory(["Al"]))
    about = subject(lithium())
    assert {"grievances_resolved_90d", "ilo169_consultations"} <= set(community)
    case = lot_of("Li")
    for hidden in community:
        shown_ = with_set(a_set(about), [name for name in NAMES if name != hidden])
        report = asked(with_beside(case, shown_))
        (check,) = of_indicators(report)
        assert check.facts["materials"] == ("Li",)
        assert (check.code, check.facts["mandatory_hidden"]) == (
            "disclosure.mandatory_hidden",
            (hidden,),
        )
        assert report.verdict is Verdict.NOT_PROVEN
    whole = asked(with_beside(case, with_set(a_set(about), must)))
    assert [each.code for each in of_indicators(whole)] == ["disclosure.complete"]
    assert whole.verdict is Verdict.VALID
    copper = asked(with_beside(lot_of("Cu"), with_set(a_set(), COPPER)))
    assert copper.verdict is Verdict.VALID


def test_indicators__mandatory_leaf_without_a_value__not_proven() -> None:
    empty = a_set(fatalities=None)
    report = asked(with_beside(lot_of("Cu"), with_set(empty, NAMES)))
    (check,) = of_indicators(report)
    assert (check.code, report.verdict) == (
        "disclosure.mandatory_not_stated",
        Verdict.NOT_PROVEN,
    )


def altered(opened: bytes, **changes: Any) -> bytes:
    document = json.loads(opened)
    document["leaves"][0] |= changes
    return canonical.write(document)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value": "7"}, "trees.root_mismatch"),
        ({"salt": "00" * 16}, "trees.root_mismatch"),
        ({"dimension": "human-rights"}, "disclosure.other_dimension"),
        ({"index": 5}, "disclosure.other_index"),
        ({"indicator": "accidents"}, "disclosure.indicator_unknown"),
    ],
)
def test_indicators__leaf_that_was_changed__failed_where_asked_and_told_where_not(
    changes: dict[str, Any], code: str
) -> None:
    honest = with_set(a_set(), NAMES)
    bad = honest.with_statement(opened=altered(honest.statement.opened, **changes))
    case = with_beside(lot_of("Cu"), bad)
    (check,) = of_indicators(asked(case))
    assert (check.code, check.outcome) == (code, Outcome.FAILED)
    assert asked(case).verdict is Verdict.INVALID
    assert judged(case).verdict is Verdict.VALID_WITH_NOTICE


@pytest.mark.row("S16", "A43")
def test_indicators__nothing_shown__not_proven_where_asked_and_as_before_where_not() -> None:
    other = Author(REFINER.member, replace(REFINERY, identifier="did:web:other.example"), ROLES)
    under = replace(REFINERY, identifier=f"{REFINERY.identifier}:lot")
    nested = Author(MemberId(8_600), under, ROLES)  # whose DID the lot's name begins with
    nothing = (
        (),
        (with_set(a_set(), NAMES, nested),),
        (with_set(a_set("did:web:other.example:lot:1"), NAMES, other),),
        (with_set(a_set(f"{REFINERY.identifier}:lot:another"), NAMES),),
        (with_set(a_set(), NAMES).with_statement(inclusion=None),),
    )
    for beside in nothing:
        case = with_beside(lot_of("Cu"), *beside)
        report = asked(case)
        assert report.verdict is Verdict.NOT_PROVEN
        assert [each.code for each in of_indicators(report)] == ["disclosure.indicators_not_shown"]
        assert judged(case).verdict is Verdict.VALID
    bare = asked(with_beside(lot_of("Cu"), head(a_set())))
    (check,) = of_indicators(bare)
    assert (check.code, check.facts["hidden_count"]) == ("disclosure.mandatory_hidden", 76)


def test_indicators__metal_without_a_list__not_proven() -> None:
    from veta.disclosure.mandatory import MandatoryPolicy

    lithium_only = MandatoryPolicy("buyer/1", frozenset(), {"Li": frozenset({"fatalities"})})
    case = with_beside(lot_of("Cu"), with_set(a_set(), NAMES))
    report = judged(case, indicators=(DEFAULT_POLICY, lithium_only))
    assert [each.code for each in of_indicators(report)] == ["disclosure.material_unknown"]
    assert report.verdict is Verdict.NOT_PROVEN


def test_indicators__two_sets_of_one_lot__both_named() -> None:
    first, second = with_set(a_set(), NAMES), with_set(a_set(ltifr="9"), NAMES)
    report = asked(with_beside(lot_of("Cu"), first, second))
    codes = {each.code: each.outcome for each in of_indicators(report)}
    assert codes == {
        "disclosure.complete": Outcome.PASSED,
        "disclosure.several_sets": Outcome.NOTICE,
    }


@pytest.mark.row("S16")
def test_indicators__head_of_75__refused_at_issue_and_as_if_not_there() -> None:
    document = head_statement(a_set().head, REFINERY, issuance("75"))
    document["credentialSubject"][HEAD_MEMBER]["size"] = 75
    with pytest.raises(VerificationError) as caught:
        check_rules(view_credential(document))
    assert caught.value.code == "disclosure.indicator_count"
    report = asked(with_beside(lot_of("Cu"), shown(document, REFINER)))
    (beside,) = report.beside
    assert beside.verified is None
    assert "disclosure.indicator_count" in {each.code for each in beside.checks}
    assert report.verdict is Verdict.NOT_PROVEN


@given(st.sets(st.sampled_from(NAMES)))
@settings(max_examples=40, deadline=None)
def test_indicators__any_part_shown__good_only_with_all_that_must_be_and_never_by_hiding_more(
    names: set[str],
) -> None:
    report = asked(with_beside(lot_of("Cu"), with_set(a_set(), names)))
    (check,) = of_indicators(report)
    assert report.verdict.good is (set(COPPER) <= names)
    assert check.facts["hidden"] == tuple(name for name in NAMES if name not in names)


def test_with_opened__leaves_of_no_set_beside__refused() -> None:
    case = with_beside(lot_of("Cu"), head(a_set()))
    opened = write_leaves(a_set().open(["fatalities"]))
    assert with_opened(case.bundle, opened).beside[0].opened == opened
    other = write_leaves(a_set(ltifr="9").open(["fatalities", "ltifr"]))
    with pytest.raises(InputError) as caught:
        with_opened(case.bundle, other)
    assert caught.value.code == "bundle.no_indicator_set"
