"""Who co-signed which readings: copied, own and late co-signatures, and rounds replaced alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.monitored_wells import (
    COMMUNITY,
    DAY_S,
    DEADLINE_S,
    END_S,
    OPERATOR,
    SECOND,
    START_S,
    WELLS,
    author,
    co_signed,
    digest,
    leaf,
    readings,
    stated,
)
from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer
from veta.evidence.windows import Window
from veta.model.ranges import Ranges
from veta.monitoring.judge import Judged, Place, RoundFinding, family, judge
from veta.monitoring.readings import ReadingProof, RoundReadings
from veta.monitoring.rounds import Expected, Round

BEFORE_S, AFTER_S = END_S + 10 * DAY_S, DEADLINE_S + DAY_S
ALL = ((0, 149),)


def codes(found: Judged) -> list[str]:
    return [each.code for each in found.faults]


def only(found: Judged) -> RoundFinding:
    assert len(found.rounds) == 1
    return found.rounds[0]


# --- what counts for nothing -----------------------------------------------------------------


def forged(code: str) -> tuple[Round, object]:
    june = stated()
    spoken = author(COMMUNITY)
    cases = {
        "other_round": co_signed(june, ALL, issuer="did:web:somebody.example"),
        "own_control": co_signed(
            june, ALL, replace(spoken, control_group=june.author.control_group)
        ),
        "co_signature_withdrawn": co_signed(june, ALL, replace(spoken, withdrawn=True)),
        "co_signature_superseded": co_signed(june, ALL, replace(spoken, superseded_by=leaf("x"))),
        "other_readings": co_signed(june, ALL, root=digest("other readings")),
        "index": co_signed(june, ((100, 150),)),
        "not_asked": co_signed(june, ALL, author("did:web:trader.example")),
    }
    return june, cases[code]


@pytest.mark.row("A53")
@pytest.mark.parametrize(
    "code",
    [
        "other_round",
        "own_control",
        "co_signature_withdrawn",
        "co_signature_superseded",
        "other_readings",
        "index",
        "not_asked",
    ],
)
def test_co_signature__that_is_none_of_this_round__counts_for_nothing_and_says_why(
    code: str,
) -> None:
    june, paper = forged(code)
    found = only(judge([june], [paper], at_s=AFTER_S))  # type: ignore[list-item]
    assert [each.code for each in found.co_signatures] == [f"monitoring.{code}"]
    assert "counts for nothing" in found.co_signatures[0].reason
    assert len(found.single_signed) == 150
    assert found.co_signers_of(0) == ()
    assert found.answer == (Answer.NOT_MET, "monitoring.single_signed")


def test_co_signature__of_the_operator_itself__counts_for_nothing() -> None:
    june = stated(expects=(Expected(OPERATOR, Ranges.all_of(150)),))
    found = only(judge([june], [co_signed(june, ALL, author())], at_s=AFTER_S))
    assert [each.code for each in found.co_signatures] == ["monitoring.own_control"]


@pytest.mark.row("A53")
def test_co_signature__copied_from_another_round__is_of_no_round_here() -> None:
    may = stated("May", readings({0: "1"}))
    june = stated()
    found = judge([june], [co_signed(may, ALL)], at_s=AFTER_S)
    assert [each.code for each in found.refused] == ["monitoring.other_round"]
    assert len(only(found).single_signed) == 150


# --- who saw what ----------------------------------------------------------------------------


@pytest.mark.row("S23")
def test_round__of_150_wells_with_100_co_signed__shows_50_single_signed_one_by_one() -> None:
    june = stated()
    found = only(judge([june], [co_signed(june, ((0, 59), (110, 149)))], at_s=AFTER_S))
    assert (len(found.co_signed), len(found.single_signed)) == (100, 50)
    assert list(found.single_signed) == list(range(60, 110))
    for index in range(150):
        seen = (COMMUNITY,) if index < 60 or index >= 110 else ()
        assert found.co_signers_of(index) == seen
    assert [(e.party, e.readings.words(), e.code) for e in found.missing] == [
        (COMMUNITY, "60-109", "monitoring.missing")
    ]
    assert found.answer == (Answer.NOT_MET, "monitoring.single_signed")


def test_round__before_its_deadline__is_awaited_and_not_yet_no() -> None:
    june = stated()
    found = only(judge([june], [co_signed(june)], at_s=BEFORE_S))
    assert [each.code for each in found.missing] == ["monitoring.awaited"]
    assert found.answer == (Answer.CANNOT_TELL, "monitoring.awaited")


def test_round__of_readings_that_nobody_is_asked_for__is_single_signed_at_once() -> None:
    june = stated(expects=(Expected(COMMUNITY, Ranges(((0, 99),))),))
    found = only(judge([june], [co_signed(june)], at_s=BEFORE_S))
    assert found.missing == ()
    assert found.answer == (Answer.NOT_MET, "monitoring.single_signed")


def test_round__with_a_late_co_signature__counts_it_and_says_so() -> None:
    june = stated()
    late = co_signed(june, ALL, author(COMMUNITY, anchored_s=DEADLINE_S + 1))
    found = only(judge([june], [late], at_s=AFTER_S))
    assert [each.code for each in found.co_signatures] == ["monitoring.counted_late"]
    assert "late" in found.co_signatures[0].reason
    assert found.answer == (Answer.MET, "monitoring.co_signed")


def test_round__of_two_co_signers__names_the_one_who_is_missing() -> None:
    everything = Ranges.all_of(150)
    june = stated(expects=(Expected(COMMUNITY, everything), Expected(SECOND, everything)))
    found = only(judge([june], [co_signed(june, ALL)], at_s=AFTER_S))
    assert not found.single_signed
    assert [each.party for each in found.missing] == [SECOND]
    assert found.answer == (Answer.NOT_MET, "monitoring.missing")


def test_round__that_a_community_saw_unasked__is_co_signed_all_the_same() -> None:
    june = stated(expects=())
    found = only(judge([june], [co_signed(june, ALL)], at_s=AFTER_S))
    assert found.answer == (Answer.MET, "monitoring.co_signed")


# --- replaced --------------------------------------------------------------------------------


def replaced(*spans: tuple[int, int], other: RoundReadings | None = None) -> Judged:
    """June, 100 readings co-signed, and what the operator put in its place."""
    new = stated(
        "June again",
        other or readings({17: "9"}),
        previous=leaf("June"),
        reason="typing error",
        author=author(anchored_s=END_S + 8 * DAY_S),
    )
    june = stated(author=author(superseded_by=new.leaf))
    papers = [co_signed(june), *([co_signed(new, spans)] if spans else [])]
    return judge([new, june], papers, at_s=AFTER_S)


@pytest.mark.row("S23", "A53")
@pytest.mark.parametrize("spans", [(), ((100, 149),), ((0, 98),), ((0, 16), (18, 99))])
def test_replacement__without_the_same_co_signers__shows_both(
    spans: tuple[tuple[int, int], ...],
) -> None:
    found = replaced(*spans)
    assert codes(found) == ["monitoring.replaced_alone"]
    assert COMMUNITY in found.faults[0].reason
    assert [each.round.identifier.rpartition(":")[2] for each in found.shown] == [
        "June",
        "June again",
    ]
    assert found.answer == (Answer.NOT_MET, "monitoring.replaced_alone")


def test_replacement__with_the_same_co_signers__is_the_one_in_force() -> None:
    found = replaced((0, 149))
    assert codes(found) == []
    assert [each.place for each in found.rounds] == [Place.REPLACED, Place.IN_FORCE]
    assert found.answer == (Answer.MET, "monitoring.co_signed")


def test_replacement__in_which_an_index_is_another_reading__needs_all_of_it_co_signed() -> None:
    fewer = readings({3: None})
    assert codes(replaced((0, 99), other=fewer)) == ["monitoring.replaced_alone"]
    assert codes(replaced((0, 148), other=fewer)) == []


def test_replacement__by_a_round_of_other_wells__hides_nothing() -> None:
    other = readings(wells=WELLS[:100])
    assert codes(replaced((0, 99), other=other)) == ["monitoring.replaced_by_other"]


def test_replacement__of_two_days_by_one_of_them__hides_nothing() -> None:
    half = stated("half", author=author(anchored_s=END_S + 8 * DAY_S))
    both = stated(period=Window(START_S, END_S + DAY_S), author=author(superseded_by=half.leaf))
    found = judge([half, both], [co_signed(both), co_signed(half, ALL)], at_s=AFTER_S)
    assert codes(found) == ["monitoring.replaced_by_other"]


@pytest.mark.parametrize("co_signed_again", [False, True])
def test_replacement__twice__is_held_against_the_round_that_was_co_signed(
    co_signed_again: bool,
) -> None:
    last = stated("third", readings({17: "8"}), author=author(anchored_s=END_S + 9 * DAY_S))
    middle = stated(
        "second",
        readings({17: "9"}),
        author=author(anchored_s=END_S + 8 * DAY_S, superseded_by=last.leaf),
    )
    june = stated(author=author(superseded_by=middle.leaf))
    papers = [co_signed(june), *([co_signed(last)] if co_signed_again else [])]
    found = judge([june, middle, last], papers, at_s=AFTER_S)
    assert codes(found) == ([] if co_signed_again else ["monitoring.replaced_alone"])
    assert (june.leaf in {each.round.leaf for each in found.shown}) is not co_signed_again


def test_round__that_was_withdrawn_alone__is_shown_with_who_stands_by_it() -> None:
    june = stated(author=author(withdrawn=True))
    found = judge([june], [co_signed(june)], at_s=AFTER_S)
    assert codes(found) == ["monitoring.withdrawn_alone"]
    assert only(found).place is Place.WITHDRAWN
    assert codes(judge([june], [], at_s=AFTER_S)) == ["monitoring.withdrawn"]


@pytest.mark.parametrize(
    ("spans", "code"), [((), ["monitoring.withdrawn_alone"]), (((0, 99),), []), (ALL, [])]
)
def test_round__that_was_withdrawn_and_stated_again__stands_with_the_same_co_signers(
    spans: tuple[tuple[int, int], ...], code: list[str]
) -> None:
    june = stated(author=author(withdrawn=True))
    new = stated("new", readings({17: "9"}))
    papers = [co_signed(june), *([co_signed(new, spans)] if spans else [])]
    assert codes(judge([june, new], papers, at_s=AFTER_S)) == code
    assert codes(judge([june, new], papers[1:], at_s=AFTER_S)) == []  # nobody stood by the first
    elsewhere = stated("elsewhere", readings({17: "9"}, wells=WELLS[:100]))
    fewer = judge([june, elsewhere], [co_signed(june), co_signed(elsewhere)], at_s=AFTER_S)
    assert codes(fewer) == ["monitoring.withdrawn_alone"]


def test_round__stated_a_second_time__is_shown_beside_the_first() -> None:
    june, again = stated(), stated("quietly", readings({17: "9"}))
    found = judge([june, again], [co_signed(june)], at_s=AFTER_S)
    assert codes(found) == ["monitoring.second_round"]
    assert len(found.shown) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"previous": leaf("May"), "reason": "x"}, "monitoring.previous_missing"),
        ({"author": author(superseded_by=leaf("July"))}, "monitoring.successor_missing"),
    ],
)
def test_round__whose_other_version_is_not_there__cannot_be_told(
    changes: dict[str, Any], code: str
) -> None:
    june = stated(**changes)
    found = judge([june], [co_signed(june, ALL)], at_s=AFTER_S)
    assert found.answer == (Answer.CANNOT_TELL, code)


def test_round__that_says_it_replaces_and_the_chain_does_not__stands_beside_the_other() -> None:
    june = stated()
    new = stated("new", readings({17: "9"}), previous=june.leaf, reason="better")
    assert codes(judge([june, new], [], at_s=AFTER_S)) == ["monitoring.replaced_off_chain"]


def test_rounds__that_replace_each_other_in_a_circle__are_no_answer() -> None:
    one = stated("one", author=author(superseded_by=leaf("two")))
    two = stated("two", author=author(superseded_by=leaf("one")))
    assert judge([one, two], [], at_s=AFTER_S).answer[0] is Answer.CANNOT_TELL


def test_family__of_a_round__is_what_it_replaced_and_what_says_the_same_again() -> None:
    june, again = stated(), stated("again")
    later = stated("July", period=Window(START_S + 40 * DAY_S, START_S + 41 * DAY_S))
    other = stated("elsewhere", site="did:web:other.example:site:1")
    rival = stated("rival", author=author(SECOND))
    before = stated("before", period=later.period, author=author(superseded_by=again.leaf))
    found = family(june, [again, later, other, rival, before])
    assert {each.leaf for each in found} == {each.leaf for each in (june, again, before, later)}


# --- readings --------------------------------------------------------------------------------


@pytest.mark.row("S20", "S23")
def test_reading__of_a_round__is_proven_and_edited_is_not() -> None:
    june = readings()
    proof = ReadingProof(june.leaves[17], june.inclusion(17))
    proof.require(june.root, june.count)
    edited = (
        ReadingProof(proof.leaf.replace(b"12.119", b"12.118"), proof.inclusion),
        ReadingProof(june.leaves[18], proof.inclusion),
        ReadingProof(proof.leaf, replace(proof.inclusion, index=18)),
        ReadingProof(proof.leaf, replace(proof.inclusion, size=149)),
    )
    assert edited[0].leaf != proof.leaf
    for each in edited:
        with pytest.raises(VerificationError, match="edited") as caught:
            each.require(june.root, june.count)
        assert caught.value.code == "monitoring.reading_not_included"
    assert readings({17: "12"}).root != june.root


def test_readings__of_two__are_the_same_or_unlike_and_never_taken_for_each_other() -> None:
    mine = readings({5: "3", 9: None}, wells=WELLS[:100])
    same, unlike = readings().seen_by(mine)
    assert same.words() == "0-4, 6-8, 10-99"
    assert unlike.words() == "5"


def test_readings__that_are_no_one_round__are_refused() -> None:
    june = readings()
    with pytest.raises(InputError) as caught:
        RoundReadings((*june.series, june.series[0]))
    assert caught.value.code == "monitoring.instruments"
    other = readings(wells=("x",), days=2, step_s=2 * DAY_S).series
    with pytest.raises(InputError) as caught:
        RoundReadings((*june.series, *other))
    assert caught.value.code == "monitoring.unlike"
    with pytest.raises(InputError) as caught:
        readings({0: None}, wells=WELLS[:1])
    assert caught.value.code == "monitoring.count"


@pytest.mark.row("A54")
def test_readings__of_a_well_that_was_not_read__show_the_gap() -> None:
    found = readings({41: None}).findings(flat_slots=2, replay_slots=2)
    assert [line for each in found for line in each.words()] == [
        "well-041: gap of 1 readings from 2026-06-01T00:00:00Z to 2026-06-02T00:00:00Z"
    ]


# --- ranges ----------------------------------------------------------------------------------

SETS = st.sets(st.integers(0, 40), max_size=30)


@given(SETS, SETS)
def test_ranges__are_sets(one: set[int], two: set[int]) -> None:
    a, b = Ranges.of(one), Ranges.of(two)
    assert (set(a), len(a)) == (one, len(one))
    assert set(a | b) == one | two
    assert set(a - b) == one - two
    assert set(a & b) == one & two
    assert a.covers(b) is (one >= two)
    assert a.end == max(one, default=-1) + 1
    assert Ranges.read(a.written()) == a


@pytest.mark.parametrize(
    "value", [None, [[1]], [[2, 1]], [[0, 1], [2, 3]], [[0, 5], [3, 9]], [[-1, 2]], [[True, 2]]]
)
def test_ranges__that_are_none__are_refused(value: object) -> None:
    with pytest.raises(InputError) as caught:
        Ranges.read(value)
    assert caught.value.code == "monitoring.ranges"
