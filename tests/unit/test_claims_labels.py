"""Labels as licences, marks on lots, windows at the edges of days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.test_claims_grammar import COC, MB, facts
from veta.claims import ClaimTerms, Language, Window, judge, shipped
from veta.claims.allotments import Allotment, require_one_lot_each
from veta.claims.labels import LabelState, LicenceStanding, StatusEntry, look
from veta.claims.languages import day, listed, share
from veta.claims.schemes import load_schemes
from veta.errors import ProvenanceError
from veta.model.assurance_events import RecordAction

EN, ES, DE = Language.ENGLISH, Language.SPANISH, Language.GERMAN
NOW = COC.from_s + 1_000_000
HOUR = 3_600


@pytest.fixture(scope="module")
def terms() -> ClaimTerms:
    from tests.unit.test_claims_grammar import OWN

    catalogue = load_schemes(shipped.octets("schemes.json"), OWN)
    return judge(facts(MB), catalogue, shipped.words())


def standing(*entries: tuple[RecordAction, int], as_of_s: int = NOW) -> LicenceStanding:
    listed_ = tuple(StatusEntry(action, at_s, at_s) for action, at_s in entries)
    return LicenceStanding("COC-rmm", True, listed_, as_of_s)


def state(terms: ClaimTerms, *entries: tuple[RecordAction, int], at_s: int = NOW) -> LabelState:
    found = look(
        terms,
        {"COC-rmm": standing(*entries, as_of_s=at_s)},
        EN,
        at_s=at_s,
        max_age_s=HOUR,
    )
    assert (found.sentence is None) == (found.state not in {LabelState.LIVE, LabelState.EXPIRED})
    assert (found.notice is None) == (found.state is LabelState.LIVE)
    return found.state


@pytest.mark.row("S17")
def test_label__withdrawn__is_dead_at_the_next_look(terms: ClaimTerms) -> None:
    withdrawal = (RecordAction.WITHDRAW, NOW)
    assert state(terms, at_s=NOW - 1) is LabelState.LIVE
    assert state(terms, withdrawal, at_s=NOW - 1) is LabelState.LIVE
    assert state(terms, withdrawal, at_s=NOW) is LabelState.WITHDRAWN
    assert state(terms, withdrawal, (RecordAction.LIFT, NOW + 1), at_s=NOW + 2) is (
        LabelState.WITHDRAWN
    )
    for language in Language:
        dead = look(terms, {"COC-rmm": standing(withdrawal)}, language, at_s=NOW, max_age_s=HOUR)
        assert dead.sentence is None
        assert dead.notice
        assert dead.code == "claims.label_withdrawn"


@pytest.mark.row("S17", "A23")
def test_label__suspended_lifted_voided__follows_the_list(terms: ClaimTerms) -> None:
    suspended = (RecordAction.SUSPEND, NOW - 100)
    assert state(terms, suspended) is LabelState.SUSPENDED
    assert state(terms, suspended, (RecordAction.LIFT, NOW - 50)) is LabelState.LIVE
    assert state(terms, suspended, (RecordAction.NONE, NOW - 50)) is LabelState.SUSPENDED
    assert state(terms, (RecordAction.VOID, NOW + 9)) is LabelState.WITHDRAWN


@pytest.mark.row("A22")
def test_label__run_out_after_issue__is_shown_with_a_notice(terms: ClaimTerms) -> None:
    assert state(terms, at_s=COC.until_s - 1) is LabelState.LIVE
    assert state(terms, at_s=COC.until_s) is LabelState.EXPIRED
    assert state(terms, at_s=COC.from_s - 1) is LabelState.NOT_YET


@pytest.mark.row("A48")
def test_label__that_cannot_be_asked__is_no_yes(terms: ClaimTerms) -> None:
    nothing = look(terms, {}, EN, at_s=NOW, max_age_s=HOUR)
    assert nothing.state is LabelState.NOT_DETERMINED
    assert nothing.as_of_s is None
    for as_of_s in (NOW - HOUR - 1, NOW + 1):
        old = {"COC-rmm": standing(as_of_s=as_of_s)}
        assert look(terms, old, EN, at_s=NOW, max_age_s=HOUR).state is LabelState.NOT_DETERMINED
    dead = {"COC-rmm": standing((RecordAction.WITHDRAW, 1), as_of_s=NOW - HOUR - 1)}
    assert look(terms, dead, EN, at_s=NOW, max_age_s=HOUR).state is LabelState.WITHDRAWN
    unknown = {"COC-rmm": LicenceStanding("COC-rmm", False, (), NOW)}
    assert look(terms, unknown, EN, at_s=NOW, max_age_s=HOUR).state is LabelState.UNKNOWN_LICENCE


def test_label__without_a_licence__is_none(terms: ClaimTerms) -> None:
    with pytest.raises(ProvenanceError) as error:
        look(replace(terms, licences=()), {}, EN, at_s=NOW, max_age_s=HOUR)
    assert error.value.code == "claims.no_licence"


@pytest.mark.row("A16")
def test_marks__of_one_credit__on_one_lot_both_on_two_lots_neither() -> None:
    credit = {"AUR": 25_000_000}
    one = [Allotment("AUR", scheme, "L1", 25_000_000) for scheme in ("rmm", "xmark")]
    require_one_lot_each(credit, one)
    two = [Allotment("AUR", "rmm", "L1", 25_000_000), Allotment("AUR", "xmark", "L2", 25_000_000)]
    for allotments, code in (
        (two, "claims.credit_on_two_lots"),
        ([*one, Allotment("AUR", "rmm", "L2", 1)], "claims.credit_on_two_lots"),
        ([one[0], one[0]], "claims.allotment_twice"),
        ([Allotment("X", "rmm", "L1", 1)], "claims.unknown_credit"),
        ([Allotment("AUR", "rmm", "L1", 0)], "claims.amount"),
    ):
        with pytest.raises(ProvenanceError) as error:
            require_one_lot_each(credit, allotments)
        assert error.value.code == code
    halves = [
        Allotment("AUR", "rmm", "L1", 12_000_000),
        Allotment("AUR", "xmark", "L2", 13_000_000),
    ]
    require_one_lot_each(credit, halves)


@pytest.mark.row("A59")
def test_window__of_days_in_santiago__ends_when_the_day_ends_there() -> None:
    there = Window.of_days(
        "2023-10-01", "2026-09-30", from_offset_s=-10_800, until_offset_s=-10_800
    )
    utc = Window.of_days("2023-10-01", "2026-09-30")
    assert there.until_s - utc.until_s == 3 * HOUR
    assert there.holds_at(utc.until_s)
    assert not utc.holds_at(utc.until_s)
    assert there.words(EN) == ("1 October 2023", "30 September 2026 (UTC−03:00)")
    mixed = Window.of_days(
        "2026-04-01", "2026-09-30", from_offset_s=-14_400, until_offset_s=-10_800
    )
    assert mixed.words(DE) == ("1. April 2026 (UTC−04:00)", "30. September 2026 (UTC−03:00)")
    there.require_days()
    mistaken = Window(there.from_s, utc.until_s, -10_800, -10_800)
    with pytest.raises(ProvenanceError) as error:
        mistaken.require_days()
    assert error.value.code == "claims.day_edge"
    assert mistaken.words(EN)[1] == "29 September 2026 (UTC−03:00)"
    both = there.both(utc)
    assert both.until_s == utc.until_s
    assert both.words(ES)[1] == "30 de septiembre de 2026 (UTC)"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Window.of_days("2026-02-02", "2026-02-01"), "claims.window_order"),
        (lambda: Window(5, 5), "claims.window_order"),
        (lambda: Window(-1, 5), "claims.window_range"),
        (lambda: Window(0, 300_000_000_000), "claims.window_range"),
        (lambda: Window(0, 5, 60), "claims.zone"),
        (lambda: Window(0, 5, 0, 15 * HOUR), "claims.zone"),
        (lambda: Window.of_days("2026-02-30", "2026-03-01"), "claims.day"),
        (lambda: Window.of_days("20260201", "2026-03-01"), "claims.day"),
        (lambda: Window(0, 5).both(Window(5, 9)), "claims.window_order"),
        (lambda: share(-1, EN), "claims.share_range"),
        (lambda: Window(1, 86_401).words(EN), "claims.no_whole_day"),
    ],
)
def test_window_or_share__malformed__is_refused(make: object, code: str) -> None:
    with pytest.raises(ProvenanceError) as error:
        make()  # type: ignore[operator]
    assert error.value.code == code


def test_numbers_and_lists__are_written_for_their_readers() -> None:
    assert [share(ppm, EN) for ppm in (1, 999_999, 552_173, 500_000, 0)] == [
        *("0.0001%", "99.9999%", "55.2173%", "50%", "0%")
    ]
    assert share(232_001, ES) == share(232_001, DE) == "23,2001\u00a0%"
    assert day(0, ES) == "1 de enero de 1970"
    assert listed([], EN) == ""
    assert listed(["Aurora", "Illapel"], ES) == "Aurora e Illapel"
    assert listed(["Aurora", "Hierro"], ES) == "Aurora y Hierro"
    assert listed(["A", "B", "C"], DE) == "A, B und C"
