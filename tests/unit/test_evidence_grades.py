"""A grade comes from who signed, and nothing a document says of itself raises it."""

from __future__ import annotations

import pytest

from veta.errors import InputError
from veta.evidence.grades import (
    Accreditation,
    AssuranceGrade,
    GradeFinding,
    Role,
    Signer,
    Work,
    grade_of,
    lowest,
    overstated,
)
from veta.evidence.windows import Window, instant, year, year_of

MINE, LAB_GROUP, STATE = "mina-aurora", "labsur", "acreditador-nacional"
ASSAY = Work(Role.LABORATORY, "cu-assay")
NOW = 1_780_000_000
IN_FORCE = Window(NOW - 1000, NOW + 1000)
ACCREDITED = Accreditation(STATE, frozenset({"cu-assay"}), IN_FORCE)

OPERATOR = Signer(MINE, MINE, frozenset({Role.OPERATOR}))
BUYER = Signer("fundicion", "fundicion", frozenset({Role.OPERATOR}))
DEVICE = Signer("meter-7", MINE, frozenset({Role.DEVICE}), calibrations=(IN_FORCE,))
BODY = Signer("otro-lab", "otro-lab", frozenset({Role.LABORATORY}))
LAB = Signer("labsur-ensayes", LAB_GROUP, frozenset({Role.LABORATORY}), (ACCREDITED,))


def found(*signers: Signer, work: Work = ASSAY, at_s: int = NOW) -> GradeFinding:
    return grade_of(signers, subject_group=MINE, work=work, at_s=at_s)


@pytest.mark.row("S02")
def test_grade__of_each_kind_of_signer__is_its_own_and_in_order() -> None:
    grades = [found(signer).grade for signer in (OPERATOR, BUYER, DEVICE, BODY, LAB)]
    assert grades == list(AssuranceGrade) == sorted(grades)
    assert [grade.words for grade in grades] == [
        "self-declared", "second-party", "instrument-signed", "verified", "accredited",
    ]  # fmt: skip


@pytest.mark.row("A25")
def test_grade__of_a_body_under_the_same_control__is_self_declared() -> None:
    own = Signer("lab-of-the-mine", MINE, frozenset({Role.LABORATORY}), (ACCREDITED,))
    finding = found(own)
    assert finding.grade is AssuranceGrade.SELF_DECLARED
    assert finding.code == "evidence.own_signature"


@pytest.mark.row("A25")
@pytest.mark.parametrize("group", [MINE, LAB_GROUP])
def test_grade__of_a_body_accredited_by_itself_or_by_the_subject__is_not_accredited(
    group: str,
) -> None:
    own = Accreditation(group, frozenset({"cu-assay"}), IN_FORCE)
    finding = found(Signer("lab", LAB_GROUP, frozenset({Role.LABORATORY}), (own,)))
    assert (finding.grade, finding.code) == (AssuranceGrade.VERIFIED, "evidence.own_accreditor")


@pytest.mark.row("A24", "S06")
@pytest.mark.parametrize(
    ("accreditation", "code"),
    [
        (Accreditation(STATE, frozenset({"pcf"}), IN_FORCE), "evidence.out_of_scope"),
        (Accreditation(STATE, frozenset({"CU-ASSAY"}), IN_FORCE), "evidence.out_of_scope"),
        (
            Accreditation(STATE, frozenset({"cu-assay"}), Window(NOW - 9, NOW)),
            "evidence.accreditation_lapsed",
        ),
        (
            Accreditation(STATE, frozenset({"cu-assay"}), Window(NOW + 1, NOW + 9)),
            "evidence.accreditation_lapsed",
        ),
        (
            Accreditation(STATE, frozenset({"cu-assay"}), IN_FORCE, (Window(NOW - 1, NOW + 1),)),
            "evidence.accreditation_lapsed",
        ),
    ],
    ids=["other scope", "folded scope", "over at this second", "not begun", "suspended"],
)
def test_grade__of_a_body_whose_accreditation_does_not_reach__is_verified_and_says_why(
    accreditation: Accreditation, code: str
) -> None:
    body = Signer("lab", LAB_GROUP, frozenset({Role.LABORATORY}), (accreditation,))
    assert (found(body).grade, found(body).code) == (AssuranceGrade.VERIFIED, code)


@pytest.mark.row("A05")
def test_grade__of_a_laboratory_under_a_footprint__is_that_of_any_other_party() -> None:
    finding = found(LAB, work=Work(Role.VERIFIER, "iso-14067"))
    assert (finding.grade, finding.code) == (
        AssuranceGrade.SECOND_PARTY, "evidence.other_role",
    )  # fmt: skip
    assert "is no verifier" in finding.reason


@pytest.mark.parametrize(
    ("group", "grade"),
    [(MINE, AssuranceGrade.SELF_DECLARED), ("other", AssuranceGrade.SECOND_PARTY)],
)
def test_grade__of_a_device_out_of_calibration__is_its_owners(
    group: str, grade: AssuranceGrade
) -> None:
    device = Signer("m", group, frozenset({Role.DEVICE}), calibrations=(Window(0, NOW),))
    assert found(device).grade is grade
    assert found(device).code == "evidence.not_calibrated"


def test_grade__of_several_signatures__is_that_of_the_best_one() -> None:
    assert found(OPERATOR, LAB, BUYER).party == "labsur-ensayes"


def test_grade__of_nothing__is_refused() -> None:
    with pytest.raises(InputError) as unsigned:
        found()
    assert unsigned.value.code == "evidence.unsigned"
    with pytest.raises(InputError) as empty:
        lowest(())
    assert empty.value.code == "evidence.no_grade"


def test_work__of_a_role_that_assures_nothing__is_refused() -> None:
    with pytest.raises(InputError) as refused:
        Work(Role.OPERATOR, "cu-assay")
    assert refused.value.code == "evidence.role"


@pytest.mark.row("S02", "S22")
def test_stated_grade__above_what_signatures_give__is_said() -> None:
    said = overstated("verified", found(OPERATOR))
    assert said == "it calls itself verified, but is self-declared: mina-aurora speaks of itself"
    assert overstated("self-declared", found(LAB)) is None
    with pytest.raises(InputError) as unknown:
        overstated("certified", found(LAB))
    assert unknown.value.code == "evidence.unknown_grade"


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (10, 10, "evidence.window_empty"),
        (10, 9, "evidence.window_empty"),
        (-1, 9, "evidence.time_range"),
        (0, 253_402_300_801, "evidence.time_range"),
        (True, 9, "evidence.time_range"),
        (0.5, 9, "evidence.time_range"),
    ],
)
def test_window__that_is_none__is_refused(start: int, end: int, code: str) -> None:
    with pytest.raises(InputError) as refused:
        Window(start, end)
    assert refused.value.code == code


def test_window__is_half_open_and_knows_its_length() -> None:
    leap, common = year(2024), year(2025)
    assert leap.to_s == common.from_s
    assert not leap.holds(leap.to_s)
    assert common.holds(leap.to_s)
    assert leap.seconds - common.seconds == 86_400
    assert leap.length == common.length == "a year from 01-01"
    assert year_of(leap) == 2024
    assert year_of(Window(leap.from_s, leap.to_s - 1)) is None
    quarter = Window(leap.from_s, leap.from_s + 91 * 86_400)
    assert quarter.length == "3 months"
    assert Window(5, 5 + 86_400).length == "86400 s"
    assert Window(0, 3600).length == "3600 s"
    for later_s in (43_200, 86_400):
        longer = Window(leap.from_s, leap.to_s + later_s)
        assert longer.length == f"{longer.seconds} s"
    noon = Window(leap.from_s + 43_200, leap.to_s + 43_200)
    assert noon.length == f"{leap.seconds} s"
    assert leap.covers(quarter)
    assert not quarter.covers(leap)
    assert year(9999).length.endswith(" s")
    assert instant(year(9999).to_s) == "10000-01-01T00:00:00Z"
    with pytest.raises(InputError):
        year(1969)
