"""Two certificates for one lot, to two buyers: found, and told from every innocent pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.certified_lot import (
    ANCHORED_AT,
    DAY,
    MEMBER,
    NOW,
    SIGNER,
    STRANGER,
    TRUST,
    Case,
    cathode_lot,
    honest_case,
    issuance,
    key_entries,
    passport_token,
)
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.bundle import StatementBundle
from veta.model.consortium import KeyAction
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Leaf, UnixSeconds
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.verify.equivocation import Comparison, Relation, compare
from veta.verify.facts import no_facts
from veta.verify.policy import Policy
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

ONE = honest_case(index=0, tokens=[passport_token(1001)])


def passport(**changes: Any) -> bytes:
    """Another passport of lot 1001, by the same issuer unless a signer is named."""
    signer = changes.pop("signer", SIGNER)
    footprint = changes.pop("footprint", {})
    lot = cathode_lot(1001)
    assert lot.footprint is not None
    lot = replace(lot, footprint=replace(lot.footprint, **footprint), **changes)
    return sign_statement(build_passport(lot, issuance("second")), signer)


def second(token: bytes) -> Case:
    """Anchored, too."""
    return honest_case(index=0, tokens=[token])


def unanchored(token: bytes) -> Case:
    case = second(token)
    return replace(case, bundle=StatementBundle(token)).with_facts(anchor=Known(None))


def compared(one: Case, other: Case, line: Any = ()) -> Comparison:
    found = compare((one.bundle, other.bundle), (one.facts, other.facts), TRUST, line)
    turned = compare((other.bundle, one.bundle), (other.facts, one.facts), TRUST, line)
    assert turned.relation is found.relation
    return found


def superseded(case: Case, by: Leaf) -> StatusEntry:
    return StatusEntry(
        issuer=MEMBER,
        leaf=leaf_of(unseal(case.bundle.token).payload),
        index=0,
        action=StatusAction.SUPERSEDE,
        reason=StatusReason.NONE,
        by_member=MEMBER,
        effective_s=UnixSeconds(NOW - DAY),
        recorded_at_s=UnixSeconds(NOW - DAY),
        related_leaf=by,
    )


def leaf(case: Case) -> Leaf:
    return leaf_of(unseal(case.bundle.token).payload)


SHOPPED = {"allocation": "economic, five-year average prices", "co2e_g": 70_000_000}
SHOPPED |= {"co2e_g_per_kg": 2_800}


@pytest.mark.row("A28", "A42")
@pytest.mark.parametrize("of_second", [second, unanchored])
def test_compare__two_footprints_for_one_lot_by_two_methods__equivocation(
    of_second: Callable[[bytes], Case],
) -> None:
    other = of_second(passport(footprint=SHOPPED))
    found = compared(ONE, other)
    assert found.relation is Relation.EQUIVOCATION
    assert found.relation.agrees is False
    assert found.two_footprints
    told = {each.pointer: (each.first, each.second) for each in found.differences}
    place = "/credentialSubject/characteristics/footprint"
    assert told[f"{place}/allocation"] == (
        '"mass of contained copper"',
        '"economic, five-year average prices"',
    )
    assert told[f"{place}/co2eGPerKg"] == ("3031", "2800")
    assert "one key signed both" in found.sentence
    assert found.first.anchored_at_s == ANCHORED_AT
    assert found.second.anchored_at_s == (ANCHORED_AT if of_second is second else None)


@pytest.mark.row("A28")
def test_compare__same_figure_divided_otherwise__is_another_footprint() -> None:
    """The method is in the signed document: to the gram the same figure is still two footprints."""
    other = second(passport(footprint={"allocation": "economic"}))
    found = compared(ONE, other)
    assert (found.relation, found.two_footprints) == (Relation.EQUIVOCATION, True)
    assert [each.pointer.rpartition("/")[2] for each in found.differences] == ["allocation"]


@pytest.mark.row("A42")
def test_compare__evidence__needs_no_chain_but_whose_key_it_is() -> None:
    """From two files, their facts carried: the same, and it says what rests on the files' word."""
    one = ONE.with_facts(carried=True)
    other = unanchored(passport(mass_g=24_999_000)).with_facts(carried=True)
    found = compared(one, other)
    assert found.relation is Relation.EQUIVOCATION
    assert any("the files say so" in sentence for sentence in found.not_proven)
    bare = Case(other.bundle, no_facts())
    assert compared(one, bare, None).relation is Relation.UNKNOWN


@pytest.mark.row("A42")
def test_verify__second_certificate_that_is_not_on_the_chain__never_good() -> None:
    case = unanchored(passport(footprint=SHOPPED))
    report = Verifier(TRUST, Policy()).verify(case.bundle, case.facts)
    assert report.verdict is Verdict.NOT_PROVEN
    assert "anchor.absent" in {check.code for check in report.checks}


def test_compare__same_statement_signed_twice__is_one() -> None:
    key_two = replace(ONE)
    assert compared(ONE, key_two).relation is Relation.SAME


@pytest.mark.parametrize(
    "token",
    [
        passport_token(1002),
        sign_statement(
            build_passport(cathode_lot(1001, product_class="copper-rod"), issuance("rod")), SIGNER
        ),
    ],
)
def test_compare__another_lot_or_another_product_under_the_number__not_compared(
    token: bytes,
) -> None:
    assert compared(ONE, second(token)).relation is Relation.OTHER_SUBJECT


def test_compare__corrected_by_supersede__is_no_equivocation() -> None:
    other = second(passport(footprint=SHOPPED))
    entry = superseded(ONE, leaf(other))
    assert compared(ONE.with_status(entry), other).relation is Relation.SUCCESSION


def test_compare__corrected_twice__the_line_between_is_needed() -> None:
    other = second(passport(footprint=SHOPPED))
    middle = Leaf(b"\x33" * 32)
    first = ONE.with_status(superseded(ONE, middle))
    onward = replace(superseded(ONE, leaf(other)), leaf=middle)
    assert compared(first, other, (onward,)).relation is Relation.SUCCESSION
    assert compared(first, other, None).relation is Relation.UNKNOWN
    assert compared(first, other, ()).relation is Relation.EQUIVOCATION


@pytest.mark.row("A42")
def test_compare__forged_by_a_stranger__is_no_evidence_against_the_issuer() -> None:
    other = unanchored(passport(footprint=SHOPPED, signer=STRANGER))
    assert compared(ONE, other).relation is Relation.NOT_SIGNED


@pytest.mark.parametrize(
    ("since", "declared", "reaffirmed", "relation"),
    [
        (ANCHORED_AT - 10, NOW - 10, False, Relation.CONTESTED),
        (ANCHORED_AT - 10, NOW - 10, True, Relation.EQUIVOCATION),
        (ANCHORED_AT + 10, NOW - 10, False, Relation.EQUIVOCATION),
    ],
)
def test_compare__somebody_else_may_have_held_the_key__cannot_tell(
    since: int, declared: int, reaffirmed: bool, relation: Relation
) -> None:
    stolen = Known(key_entries((KeyAction.COMPROMISE, since, declared)))
    one, other = ONE.with_facts(keys=stolen), second(passport(footprint=SHOPPED))
    other = other.with_facts(keys=stolen)
    if reaffirmed:
        stood = [
            replace(
                superseded(case, Leaf(bytes(32))),
                action=StatusAction.REAFFIRM,
                related_leaf=None,
                recorded_at_s=UnixSeconds(NOW - 5),
            )
            for case in (one, other)
        ]
        one, other = one.with_status(stood[0]), other.with_status(stood[1])
    assert compared(one, other).relation is relation


def test_compare__unanchored_second_after_the_key_was_stolen__cannot_tell() -> None:
    """Nobody knows when it was signed: the thief may have."""
    stolen = Known(key_entries((KeyAction.COMPROMISE, ANCHORED_AT + 10, NOW - 10)))
    one = ONE.with_facts(keys=stolen)
    other = unanchored(passport(footprint=SHOPPED)).with_facts(keys=stolen)
    assert compared(one, other).relation is Relation.CONTESTED


@pytest.mark.parametrize("unanswered", ["keys", "status", "chain"])
def test_compare__a_question_without_answer__cannot_tell(unanswered: str) -> None:
    why = Undetermined("ledger.timeout", "no answer")
    other = second(passport(footprint=SHOPPED))
    one, other = (each.with_facts(**{unanswered: why}) for each in (ONE, other))
    assert compared(one, other).relation is Relation.UNKNOWN
