"""What restatements make of a lot's figures: worked out by hand, and nothing of them lost."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certified_lot import SIGNER, TRUST, issuance
from tests.support.custody_world import (
    CATHODE,
    CO2E,
    CU,
    CU_75,
    CU_EXTERNAL,
    IP,
    MB,
    NET,
    NOW,
    ROD,
    emitted,
    originate,
    output,
    transform,
)
from tests.support.disclosed_lots import (
    ROD_HELD,
    ROD_RUN,
    Book,
    Disclosure,
    certificate,
    disclosure,
    number,
    parent,
    rod_chain,
    token_leaf,
    token_of,
)
from tests.support.restated_lots import (
    ASSURER,
    beside,
    disputed,
    parent_said,
    restate,
    restated_rod,
)
from veta.model.anchoring import StatusAction
from veta.model.columns import ColumnKey
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.notices import Restatement
from veta.statement.jws import sign_statement
from veta.statement.passport import build_passport
from veta.verify.batches import words_of
from veta.verify.lineage_graph import walk
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.restated import counts, restated
from veta.verify.runs import judge_disclosure
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

LATER = NOW + 2_000


def judge(told: Disclosure, token: bytes | None = None) -> Report:
    case = told.case(token)
    policy = Policy(required=Policy().required | LOT_STEPS)
    return Verifier(TRUST, policy).verify(case.bundle, case.facts)


def figures(told: Disclosure, code: str) -> list[tuple[Any, Any]]:
    """(issued, restated) of each finding of a code."""
    return [
        (each.facts["issued"], each.facts["restated"])
        for each in judge(told).checks
        if each.code == code
    ]


ABOUT_NOTICES = {
    "lineage.later_statement",
    "lineage.parent_revoked",
    "lineage.parent_superseded",
    "lineage.restated",
    "lineage.restatement_not_counted",
    "lot.disputed",
    "lot.later_statement",
    "lot.restated",
    "lot.restated_in_total",
}


def said(told: Disclosure, token: bytes | None = None) -> set[str]:
    return {each.code for each in judge(told, token).checks} & ABOUT_NOTICES


@pytest.mark.row("A51")
def test_restated__cathode_behind_a_rod__flagged_with_both_figures_until_recomputed() -> None:
    """900 kg more of 9,000 kg: all of the cathode went into the rod, and nothing into its scrap."""
    told = rod_chain()
    upstream = restate(told, 0, 900_000)
    flagged = beside(told, upstream)
    assert figures(flagged, "lineage.restated") == [(13_400_000, 14_300_000)]
    (check,) = [each for each in judge(flagged).checks if each.code == "lineage.restated"]
    # 13,400 kg and 14,300 kg over 3.9 t, rounded up by hand
    assert (check.facts["issued_g_per_kg"], check.facts["restated_g_per_kg"]) == (3_436, 3_667)
    assert judge(flagged).verdict is Verdict.VALID_WITH_NOTICE
    # The rod's issuer recomputes, after it: the flag goes, and the rod has both figures of its own.
    recomputed = beside(told, upstream, restate(told, ROD_RUN, 900_000, at_s=LATER))
    assert said(recomputed) == {"lot.restated"}
    assert figures(recomputed, "lot.restated") == [(13_400_000, 14_300_000)]


@pytest.mark.row("A51")
def test_restated__a_gram_here__does_not_hide_a_tonne_there() -> None:
    told = rod_chain()
    short = beside(told, restate(told, 0, 900_000), restate(told, ROD_RUN, 1, at_s=LATER))
    assert figures(short, "lot.restated") == [(13_400_000, 13_400_001)]
    assert figures(short, "lineage.restated") == [(13_400_000, 14_300_000)]


def test_restated__own_mistake_first_then_one_above__both_count() -> None:
    told = rod_chain()
    both = beside(told, restate(told, ROD_RUN, 100_000, at_s=NOW), restate(told, 0, 900_000))
    assert figures(both, "lot.restated") == [(13_400_000, 13_500_000)]
    assert figures(both, "lineage.restated") == [(13_400_000, 14_400_000)]


@pytest.mark.row("A51")
def test_restated__for_the_better__counts_once_an_assurer_confirmed() -> None:
    assert said(restated_rod(0, -900_000)) == {"lineage.restatement_not_counted"}
    confirmed = restated_rod(0, -900_000, assurer=ASSURER)
    assert figures(confirmed, "lineage.restated") == [(13_400_000, 12_500_000)]


@pytest.mark.parametrize(
    ("column", "worse"), [(CO2E, 1), (CU_EXTERNAL, 1), (CU_75, -1), (ColumnKey(0x3000101D), -1)]
)
def test_counts__worse_at_once__better_when_confirmed(column: ColumnKey, worse: int) -> None:
    """CO2e and metal from outside are worse if more; credit and recycled metal if less."""
    told = rod_chain()
    for sign in (1, -1):
        alone = restate(told, 0, sign * 5, column=column)
        assert counts(alone) is (sign == worse)
        assert counts(replace(alone, assurer=ASSURER))


@cache
def halves() -> Disclosure:
    """A cathode lot of two, half of it drawn, makes a batch of two: a quarter and the rest."""
    lots = {NET: 1_000_000, CU: 999_900, CO2E: 3_000_000, CU_75: 999_900}
    name = number(1)
    parts = [
        {NET: 125_000, CU: 124_987, CO2E: 375_000, CU_75: 124_987},
        {NET: 375_000, CU: 374_963, CO2E: 1_125_000, CU_75: 374_963},
    ]
    token = token_of(certificate(name, "copper-rod", parts[0]))
    book = Book({name: token_leaf(token)})
    book.run(originate(output(CATHODE, IP, lots, lots), emissions=emitted(process=6_000_000)))
    book.run(transform([book.open(0).take(500_000)], output(ROD, MB, *parts)))
    return disclosure(book, token, 1)


@pytest.mark.row("A51")
def test_restated__shares__by_hand() -> None:
    """1,001 g of the batch: a quarter of it was drawn, a quarter of that is in the lot: 62.6 g."""
    told = halves()
    assert figures(beside(told, restate(told, 0, 1_001)), "lineage.restated") == [
        (375_000, 375_000 + 63)
    ]
    # Less credit, at once, and rounded against the lot: 1,001 / 16 rounded up to 63 less.
    less = beside(told, restate(told, 0, -1_001, column=CU_75))
    assert figures(less, "lineage.restated") == [(124_987, 124_987 - 63)]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 10**9)), min_size=1, max_size=6))
def test_restated__any_increases_above__the_rod_carries_their_sum(
    deltas: list[tuple[int, int]],
) -> None:
    """All of both cathodes went into the rod, and no CO2e into its scrap: nothing is lost."""
    told = rod_chain_once()
    notices = [restate(told, order, delta) for order, delta in deltas]
    total = sum(delta for _, delta in deltas)
    (row,) = restated_of(told, notices)
    assert (row.issued, row.own, row.now) == (ROD_HELD[CO2E], ROD_HELD[CO2E], row.issued + total)


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.booleans())
def test_restated__whatever_is_said_here__never_less_than_above(
    above: int, here: int, after: bool
) -> None:
    told = rod_chain_once()
    at_s = LATER if after else NOW
    notices = [restate(told, 0, above)]
    if here:
        notices.append(restate(told, ROD_RUN, here, at_s=at_s))
    (row,) = restated_of(told, notices)
    assert row.now - row.issued == (max(above, here) if after else above + here)


@cache
def rod_chain_once() -> Disclosure:
    return rod_chain()


def restated_of(told: Disclosure, notices: list[Restatement]) -> Any:
    walked = walk(told.part, told.disclosed)
    for run in walked.runs:
        judge_disclosure(run, walked.batches, words_of(told.facts()))
    return restated(told.part, walked, notices).columns


# --- statements about what went in ---------------------------------------------------------------


@pytest.mark.row("A51")
def test_parent_superseded__flagged_until_a_later_passport_relies_on_the_newest() -> None:
    newest = Leaf(b"\x44" * 32)
    told = parent_said(StatusAction.SUPERSEDE, newest)
    (check,) = [each for each in judge(told).checks if each.code == "lineage.parent_superseded"]
    assert check.facts["newest"] == newest.hex()
    assert judge(told).verdict is Verdict.VALID_WITH_NOTICE
    # The passport that supersedes the rod's names the newest statement about the cathode.
    lot = certificate(
        number(ROD_RUN), "copper-rod", ROD_HELD, [parent(number(0), newest), parent(number(1))]
    )
    token = token_of(lot, "later")
    own = replace(
        told.facts().successions.value[0],  # type: ignore[union-attr]
        leaf=told.part.statement_leaf,
        related_leaf=token_leaf(token),
    )
    entries = (own, *told.facts().successions.value)  # type: ignore[union-attr]
    later = told.with_facts(successions=Known(entries))
    assert said(later, token) == {"lineage.later_statement", "lot.later_statement"}


def test_parent_superseded__again__the_flag_comes_back() -> None:
    newer, newest = Leaf(b"\x44" * 32), Leaf(b"\x45" * 32)
    told = parent_said(StatusAction.SUPERSEDE, newer)
    first = told.facts().successions.value[0]  # type: ignore[union-attr]
    again = replace(first, leaf=newer, related_leaf=newest)
    twice = told.with_facts(successions=Known((first, again)))
    (check,) = [each for each in judge(twice).checks if each.code == "lineage.parent_superseded"]
    assert check.facts["newest"] == newest.hex()


# --- disputes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "open_"),
    [
        ({}, True),
        ({"closed": True}, False),
        ({"lapses_s": UnixSeconds(NOW)}, False),
        ({"lapses_s": UnixSeconds(NOW), "upheld": True}, True),
        ({"lapses_s": UnixSeconds(NOW), "upheld": True, "closed": True}, False),
    ],
)
def test_dispute__of_the_lot__is_a_notice_while_it_is_open(
    changes: dict[str, Any], open_: bool
) -> None:
    assert ("lot.disputed" in said(disputed(rod_chain_once(), **changes))) is open_


def test_notices__that_could_not_be_asked__are_not_determined() -> None:
    why = Undetermined("ledger.timeout", "no answer")
    report = judge(rod_chain().with_facts(notices=why))
    assert report.verdict is Verdict.INDETERMINATE


# --- corrections ---------------------------------------------------------------------------------


def corrected(co2e_g: int, **member: Any) -> tuple[Disclosure, bytes]:
    """The rod's passport superseded by one with another figure, and what it says of why."""
    told = rod_chain()
    document = build_passport(
        certificate(
            number(ROD_RUN),
            "copper-rod",
            {**ROD_HELD, CO2E: co2e_g},
            [parent(number(0)), parent(number(1))],
        ),
        issuance("corrected"),
    )
    token = sign_statement({**document, **member}, SIGNER)
    entry = parent_said(StatusAction.SUPERSEDE).facts().successions.value[0]  # type: ignore[union-attr]
    own = replace(entry, leaf=told.part.statement_leaf, related_leaf=token_leaf(token))
    return told.with_facts(successions=Known((own,))), token


@pytest.mark.row("A51")
def test_correction__words_under_a_stated_reason__both_stay_readable() -> None:
    first = rod_chain().part.statement_leaf
    member = {"corrects": {"leaf": first.hex(), "reason": "wording"}}
    told, token = corrected(ROD_HELD[CO2E], **member)
    report = judge(told, token)
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    (check,) = [each for each in report.checks if each.code == "lot.later_statement"]
    assert (check.facts["first"], check.facts["reason"]) == (first.hex(), "wording")
    silent = judge(*corrected(ROD_HELD[CO2E]))
    (check,) = [each for each in silent.checks if each.code == "lot.later_statement"]
    assert check.facts["reason"] == "(no reason stated)"
    # The earlier one is read as before: superseded is a notice, and nothing of it is gone.
    assert judge(rod_chain()).verdict is Verdict.VALID_WITH_NOTICE


@pytest.mark.row("A51")
@pytest.mark.parametrize("co2e_g", [ROD_HELD[CO2E] - 1_000_000, ROD_HELD[CO2E] + 1_000_000])
def test_correction__of_a_figure_that_the_columns_count__is_refused_whatever_the_reason(
    co2e_g: int,
) -> None:
    """After a bad audit nobody writes another footprint over the old: the columns stay, and a
    restatement for the better counts only once an independent assurer confirmed it."""
    told, token = corrected(co2e_g)
    report = judge(told, token)
    assert report.verdict is Verdict.INVALID
    assert "lot.column_differs" in {check.code for check in report.checks}


@pytest.mark.parametrize(
    "member",
    [
        {"leaf": "ab", "reason": "wording"},
        {"leaf": "ab" * 32, "reason": "a bad audit"},
        {"leaf": "ab" * 32},
        {"leaf": "ab" * 32, "reason": "other", "more": 1},
        "wording",
    ],
)
def test_correction__that_is_none__breaks_the_rules(member: Any) -> None:
    told, token = corrected(ROD_HELD[CO2E], corrects=member)
    report = judge(told, token)
    assert report.verdict is Verdict.INVALID
    assert any(check.facts.get("pointer", "").startswith("/corrects") for check in report.checks)  # type: ignore[union-attr]
