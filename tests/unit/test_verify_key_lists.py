"""Lists that lost an entry, old ones played again, and clocks that a sealer set: none helps."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certified_lot import (
    ANCHORED_AT,
    DAY,
    NOW,
    TRUST,
    VALID_FROM,
    Case,
    honest_case,
    key_entries,
)
from tests.support.entries import KEY, LEAF, key_entry, membership_entry, status_entry
from tests.support.histories import revoked
from veta.model.anchoring import BlockRef, StatusAction, StatusReason
from veta.model.consortium import KeyAction, Role
from veta.model.determined import Known
from veta.model.identifiers import BlockNumber, Leaf, UnixSeconds
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.successions import took_its_place
from veta.verify.timing import KeyStanding, judge_key, roles_at
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

WORST_LAST = [
    Verdict.VALID,
    Verdict.VALID_WITH_NOTICE,
    Verdict.NOT_PROVEN,
    Verdict.INDETERMINATE,
    Verdict.INVALID,
]
STOLEN = key_entries(
    (KeyAction.BIND, VALID_FROM - 90 * DAY, VALID_FROM - 90 * DAY),
    (KeyAction.RETIRE, NOW - 3 * DAY, NOW - 3 * DAY),
    (KeyAction.COMPROMISE, ANCHORED_AT - DAY, NOW - 2 * DAY),
    (KeyAction.BIND, NOW - DAY, NOW - DAY),
)
"""Bound, another one, retired, said to be stolen since before the anchor, another one."""


def judge(case: Case, **policy: object) -> Report:
    return Verifier(TRUST, Policy(**policy)).verify(case.bundle, case.facts)  # type: ignore[arg-type]


def codes(report: Report) -> set[str]:
    return {check.code for check in report.checks}


def test_key_list__whole__the_theft_is_seen() -> None:
    report = judge(honest_case().with_facts(keys=Known(STOLEN)))
    assert report.verdict is Verdict.NOT_PROVEN
    assert "key.contested" in codes(report)


@pytest.mark.row("T5")
def test_key_list__any_entries_left_out__tells_nothing_unless_it_is_an_older_list() -> None:
    """Every sublist: a gap is seen; only a prefix is a list, and one that was true before."""
    seen_gaps = 0
    for count in range(1, len(STOLEN)):
        for kept in combinations(range(len(STOLEN)), count):
            case = honest_case().with_facts(keys=Known(tuple(STOLEN[at] for at in kept)))
            report = judge(case)
            if kept == tuple(range(count)):
                continue
            seen_gaps += 1
            assert report.verdict is Verdict.INDETERMINATE, kept
            assert "facts.gap" in codes(report)
    assert seen_gaps == 2 ** len(STOLEN) - 2 - (len(STOLEN) - 1)


@pytest.mark.row("T5")
@pytest.mark.parametrize("count", range(1, len(STOLEN)))
def test_key_list__older_one_played_again__is_as_old_as_its_block(count: int) -> None:
    """The list from before the theft was declared, with the block that it was read at."""
    old = STOLEN[:count]
    at_s = UnixSeconds(max(entry.recorded_at_s for entry in old) + 1)
    block = BlockRef(BlockNumber(500), TRUST.genesis_digest, TRUST.genesis_digest, at_s)
    replayed = honest_case().with_facts(keys=Known(old), as_of=Known(block), carried=True)
    assert not judge(replayed).verdict.good
    assert not judge(replayed, believe_carried=True).verdict.good
    # With a newer block put in front of it, it is the word of whoever made the file.
    fresh = honest_case().with_facts(keys=Known(old), carried=True)
    assert not judge(fresh).verdict.good


@pytest.mark.row("T5")
def test_key_list__in_another_order_or_doubled__tells_nothing() -> None:
    for order in permutations(range(len(STOLEN))):
        if order == tuple(range(len(STOLEN))):
            continue
        shuffled = tuple(STOLEN[at] for at in order)
        assert "facts.gap" in codes(judge(honest_case().with_facts(keys=Known(shuffled))))
    renumbered = tuple(replace(STOLEN[at], index=index) for index, at in enumerate((0, 3, 1, 2, 4)))
    assert "facts.disorder" in codes(judge(honest_case().with_facts(keys=Known(renumbered))))
    doubled = (*STOLEN, STOLEN[-1])
    assert "facts.gap" in codes(judge(honest_case().with_facts(keys=Known(doubled))))


@pytest.mark.row("T5")
def test_key_list__entry_later_than_its_block__is_of_no_block() -> None:
    later = replace(STOLEN[-1], recorded_at_s=UnixSeconds(NOW + 1))
    report = judge(honest_case().with_facts(keys=Known((*STOLEN[:-1], later))))
    assert report.verdict is Verdict.INDETERMINATE
    assert "facts.disorder" in codes(report)


# --- a sealer's clock -----------------------------------------------------------------------------

SAME = 5_000


@pytest.mark.row("T40")
def test_same_second__the_order_of_the_list_decides_and_no_time() -> None:
    """Everything of one block has one time, and a sealer may give two blocks almost the same."""
    out_and_in = [
        membership_entry(SAME, Role.MINER),
        membership_entry(SAME, Role(0), admitted=False),
    ]
    assert roles_at(out_and_in, UnixSeconds(SAME)) is None
    assert roles_at(out_and_in[::-1], UnixSeconds(SAME)) is Role.MINER
    one, two = Leaf(b"\1" * 32), Leaf(b"\2" * 32)
    entries = [
        status_entry(StatusAction.SUPERSEDE, recorded_at_s=SAME, related_leaf=each)
        for each in (one, two)
    ]
    assert took_its_place(entries, entries[0].issuer, LEAF, two)
    assert not took_its_place(entries, entries[0].issuer, LEAF, one)
    bound_and_stopped = [key_entry(KeyAction.BIND, SAME), key_entry(KeyAction.PAUSE, SAME)]
    assert judge_key(bound_and_stopped, KEY, UnixSeconds(SAME)).standing is KeyStanding.PAUSED


@pytest.mark.row("T40")
@given(st.integers(-300, 300))
def test_block_time_off_by_the_tolerance__moves_a_verdict_by_no_more_than_that(
    skew_s: int,
) -> None:
    """A sealer who sets the clock of the anchoring block gains the skew, and nothing else."""
    anchored = UnixSeconds(VALID_FROM + 3_600 + skew_s)
    report = judge(honest_case().with_anchor(anchored_at_s=anchored))
    assert report.verdict is Verdict.VALID
    stopped = honest_case().with_keys((KeyAction.PAUSE, VALID_FROM + 3_600, VALID_FROM + 3_600))
    judged = judge(stopped.with_anchor(anchored_at_s=anchored))
    assert judged.verdict is (Verdict.VALID if skew_s < 0 else Verdict.INVALID)


# --- back-dating ----------------------------------------------------------------------------------

days = st.integers(-20, 20)


@pytest.mark.row("T2")
@settings(max_examples=60)
@given(days, st.integers(0, 9), days)
def test_issued_anchored_revoked__one_verdict_and_never_better_by_waiting(
    issued_day: int, anchored_day: int, revoked_day: int
) -> None:
    """What the document claims of its date moves nothing but late and too early; the chain's times
    decide. A revocation that is said earlier is never better for who relies on it."""
    at_s = UnixSeconds(VALID_FROM + anchored_day * DAY + 3_600)
    case = honest_case().with_anchor(anchored_at_s=at_s)
    ends = UnixSeconds(NOW + 40 * DAY)
    assert isinstance(case.facts.as_of, Known)
    case = case.with_facts(as_of=Known(replace(case.facts.as_of.value, time_s=ends)))
    case = case.with_facts(asked_at_s=UnixSeconds(ends + 5))
    verdicts = []
    for said in (revoked_day, revoked_day + 1):
        told = revoked(said, StatusReason.COMPROMISED, since=min(said, issued_day))(case)
        reliances = [judge(told, relied_on_at_s=UnixSeconds(at_s + n * DAY)) for n in range(3)]
        worse = [WORST_LAST.index(each.verdict) for each in reliances]
        assert worse == sorted(worse)
        verdicts.append(worse)
    assert all(later <= sooner for sooner, later in zip(*verdicts, strict=True))


@pytest.mark.row("T2")
@pytest.mark.parametrize(
    ("anchored_after_s", "verdict"),
    [
        (-301, Verdict.INVALID),
        (-300, Verdict.VALID),
        (0, Verdict.VALID),
        (7 * DAY, Verdict.VALID),
        (7 * DAY + 1, Verdict.VALID_WITH_NOTICE),
        (9 * DAY, Verdict.VALID_WITH_NOTICE),
    ],
)
def test_stolen_key_dates_back__the_anchor_alone_is_believed(
    anchored_after_s: int, verdict: Verdict
) -> None:
    case = honest_case().with_anchor(anchored_at_s=UnixSeconds(VALID_FROM + anchored_after_s))
    assert judge(case).verdict is verdict
    stolen = case.with_keys((KeyAction.COMPROMISE, VALID_FROM + 1, VALID_FROM + 1))
    expected = Verdict.INVALID if anchored_after_s >= 1 else verdict
    assert judge(stolen).verdict is expected  # whatever date the thief wrote into it
