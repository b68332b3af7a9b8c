"""What is missing, flat, repeated or edited in an instrument series is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from veta.errors import InputError, VerificationError
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, Definition, MetricKind
from veta.evidence.series import Reading, Series, changes_between, inspect, revised, sum_of
from veta.evidence.windows import Window
from veta.trees import MerkleTree, leaf_digest, verify_inclusion

HOUR, START = 3600, 1_780_272_000
BRINE = Definition("brine.hourly", MetricKind.BRINE_ABSTRACTION, "m3", "Brine an hour.", "permit")
WELLS = Boundary("well field", "all production wells")
GRADE = AssuranceGrade.INSTRUMENT_SIGNED


def series(amounts: Mapping[int, int], slots: int, **changes: object) -> Series:
    """Readings by slot number."""
    readings = tuple(Reading(START + at * HOUR, Fraction(v)) for at, v in sorted(amounts.items()))
    period = Window(START, START + slots * HOUR)
    made = Series("meter-7", BRINE, WELLS, period, HOUR, readings, GRADE)
    return replace(made, **changes) if changes else made  # type: ignore[arg-type]


def day(slots: int = 24, **changes: object) -> Series:
    return series({at: 100 + at * at for at in range(slots)}, slots, **changes)


def refused(call: Callable[[], object]) -> InputError | VerificationError:
    with pytest.raises((InputError, VerificationError)) as caught:
        call()
    assert isinstance(caught.value, InputError | VerificationError)
    return caught.value


@pytest.mark.row("S20", "A54")
def test_gap__of_six_hours__is_shown_as_one_and_never_filled() -> None:
    holed = series({at: at * at for at in range(24) if not 10 <= at < 16}, 24)
    found = inspect(holed, flat_slots=3, replay_slots=4)
    assert [(gap.slots, gap.window.from_s) for gap in found.gaps] == [(6, START + 10 * HOUR)]
    assert found.gaps[0].words().startswith("gap of 6 readings from 2026-06-01T10:00:00Z to")
    assert (found.readings, found.slots) == (18, 24)
    error = refused(lambda: sum_of(holed))
    assert error.code == "evidence.series_incomplete"
    assert "6 of 24" in error.message


@pytest.mark.row("A54")
def test_gaps__at_both_ends_and_of_everything__are_shown() -> None:
    middle = series({5: 1, 7: 2}, 9)
    assert [gap.slots for gap in inspect(middle, flat_slots=2, replay_slots=2).gaps] == [5, 1, 1]
    empty = series({}, 9)
    assert [gap.slots for gap in inspect(empty, flat_slots=2, replay_slots=2).gaps] == [9]
    assert inspect(day(), flat_slots=2, replay_slots=2).gaps == ()


@pytest.mark.row("A54")
def test_flat_line__from_its_least_length__is_shown_and_a_gap_breaks_it() -> None:
    flat = series({**{at: at for at in range(6)}, **dict.fromkeys(range(6, 12), 7)}, 12)
    found = inspect(flat, flat_slots=6, replay_slots=12).flat_lines
    assert [(each.slots, each.amount) for each in found] == [(6, Fraction(7))]
    assert "the same 7 in 6 readings" in found[0].words()
    assert inspect(flat, flat_slots=7, replay_slots=12).flat_lines == ()
    holed = series({at: 7 for at in range(12) if at != 6}, 12)
    assert [e.slots for e in inspect(holed, flat_slots=5, replay_slots=12).flat_lines] == [6, 5]


@pytest.mark.row("A54")
def test_replay__of_an_earlier_stretch__is_shown_in_full_length() -> None:
    first = {at: 100 + at * at for at in range(24)}
    copied = {**first, **dict.fromkeys(range(24, 26), 5)}
    copied |= {26 + at: first[3 + at] for at in range(10)} | {36: 1}
    found = inspect(series(copied, 37), flat_slots=24, replay_slots=4).replays
    assert [(each.slots, each.window.from_s, each.original_s) for each in found] == [
        (10, START + 26 * HOUR, START + 3 * HOUR)
    ]
    assert found[0].words().startswith("10 readings from 2026-06-02T02:00:00Z")
    assert inspect(series(copied, 37), flat_slots=24, replay_slots=11).replays == ()


@pytest.mark.row("A54")
def test_replay__of_a_whole_day_over_and_over__is_shown_each_time() -> None:
    amounts = {24 * day + at: 100 + at * at for day in range(3) for at in range(24)}
    found = inspect(series(amounts, 72), flat_slots=24, replay_slots=12).replays
    assert [(each.slots, each.original_s) for each in found] == [(24, START), (24, START)]


@pytest.mark.row("A54")
def test_replay__ends_where_a_gap_ends_either_stretch() -> None:
    broken_original = series({0: 1, 1: 2, 2: 3, 4: 4, 5: 5, 7: 1, 8: 2, 9: 3, 10: 4, 11: 5}, 12)
    broken_copy = series({0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 6: 1, 7: 2, 8: 3, 10: 4, 11: 5}, 12)
    for made in (broken_original, broken_copy):
        found = inspect(made, flat_slots=2, replay_slots=3).replays
        assert [(each.slots, each.original_s) for each in found] == [(3, START)]


def test_flat_line__is_no_replay__and_no_stretch_repeats_itself_in_part() -> None:
    flat = series(dict.fromkeys(range(40), 3), 40)
    assert inspect(flat, flat_slots=2, replay_slots=4).replays == ()
    swing = series({at: at % 2 for at in range(6)}, 6)
    assert inspect(swing, flat_slots=2, replay_slots=4).replays == ()
    assert len(inspect(swing, flat_slots=2, replay_slots=3).replays) == 0
    assert len(inspect(swing, flat_slots=2, replay_slots=2).replays) > 0
    across = series({0: 1, 1: 2, 3: 1, 5: 2}, 6)
    assert inspect(across, flat_slots=2, replay_slots=2).replays == ()


@pytest.mark.row("S20")
def test_one_value_edited__gives_another_digest_and_fails_its_proof() -> None:
    honest = day()
    edited = replace(
        honest, readings=(*honest.readings[:-1], replace(honest.readings[-1], amount=Fraction(1)))
    )
    assert edited.digest != honest.digest
    tree = MerkleTree(list(map(leaf_digest, honest.leaves())))
    proof = tree.inclusion(23)
    verify_inclusion(leaf_digest(list(honest.leaves())[23]), proof, tree.root)
    error = refused(
        lambda: verify_inclusion(leaf_digest(list(edited.leaves())[23]), proof, tree.root)
    )
    assert isinstance(error, VerificationError)


@pytest.mark.row("S20")
def test_digest__covers_everything_but_the_grade() -> None:
    honest = day()
    others = [
        replace(honest, instrument="meter-8"),
        replace(honest, boundary=Boundary("well field", "half of the wells")),
        replace(honest, definition=replace(BRINE, text="Brine, net.")),
        replace(honest, readings=honest.readings[:-1]),
        series({at: 100 + at * at for at in range(24)}, 25),
        revised(honest, {}, "nothing", GRADE),
    ]
    digests = {honest.digest, *(each.digest for each in others)}
    assert len(digests) == len(others) + 1
    assert replace(honest, grade=AssuranceGrade.SELF_DECLARED).digest == honest.digest


@pytest.mark.row("S20")
def test_revision__is_a_new_version_that_says_what_it_changed() -> None:
    honest = day()
    at_s = START + 5 * HOUR
    new = revised(
        honest, {at_s: Fraction(9), START: None}, "drift of meter 7", AssuranceGrade.SELF_DECLARED
    )
    assert new.previous == honest.digest
    assert new.grade is AssuranceGrade.SELF_DECLARED
    assert changes_between(honest, new) == {
        START: (Fraction(100), None),
        at_s: (Fraction(125), Fraction(9)),
    }
    error = refused(lambda: changes_between(day(12), new))
    assert error.code == "evidence.broken_chain"
    assert refused(lambda: revised(honest, {}, " ", GRADE)).code == "evidence.revision_reason"
    assert refused(lambda: replace(honest, reason="x")).code == "evidence.revision_reason"


def test_sum__of_a_whole_series__is_a_value_of_its_period_and_grade() -> None:
    value = sum_of(day())
    assert value.amount == 24 * 100 + sum(at * at for at in range(24))
    assert (value.period, value.grade, value.boundary) == (day().period, GRADE, WELLS)
    second = Window(START, START + 1)
    assert series({0: 1}, 1, step_s=1, period=second).slots == 1
    level = replace(BRINE, numerator="sum of levels", denominator="readings")
    assert refused(lambda: sum_of(day(definition=level))).code == "evidence.not_additive"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: day(step_s=7), "step"),
        (lambda: day(step_s=0), "step"),
        (lambda: day(readings=(Reading(START + 1, Fraction(1)),)), "reading_off_grid"),
        (lambda: day(readings=(Reading(START - HOUR, Fraction(1)),)), "reading_outside"),
        (lambda: day(readings=(Reading(START + 24 * HOUR, Fraction(1)),)), "reading_outside"),
        (lambda: day(readings=(Reading(START, Fraction(1)),) * 2), "reading_twice"),
        (lambda: day(readings=tuple(reversed(day().readings))), "reading_order"),
        (lambda: Reading(START, Fraction(-1)), "negative"),
        (lambda: Reading(START, 1.5), "not_exact"),  # type: ignore[arg-type]
        (lambda: series({}, 100_001), "too_many_readings"),
        (lambda: inspect(day(), flat_slots=1, replay_slots=4), "finding_length"),
    ],
)
def test_series__malformed__are_refused_by_a_stable_code(
    call: Callable[[], object], code: str
) -> None:
    assert refused(call).code == f"evidence.{code}"
