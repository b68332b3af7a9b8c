"""Profiles answered line by line, and policies that report before they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.claims import Language, Window, shipped
from veta.claims.indicators import (
    Indicator,
    IndicatorValue,
    ValueKind,
    catalogue_of,
    load_indicators,
)
from veta.claims.policies import Policy, PolicyDates, PolicyMode
from veta.claims.profiles import (
    Answer,
    Profile,
    ProfileKind,
    answer,
    answer_words,
    load_profiles,
)
from veta.errors import InputError, ProvenanceError, VerificationError

CATALOGUE = shipped.indicators()
PROFILES = {profile.name: profile for profile in shipped.profiles()}
LISTED = {
    "conflict_affected_places": frozenset({"XX-01"}),
    "places_with_few_reserves": frozenset({"YY"}),
}
CLEAN: dict[str, Any] = {
    "origin_places": ("CL-AN",),
    "transit_places": ("CL-AN", "DE-HH"),
    "supplier_interest_places": ("CL-AN",),
    "supplier_sourcing_places_12m": ("CL-AN",),
    "unusual_circumstances": False,
}


def values(**found: Any) -> dict[str, IndicatorValue]:
    return {
        name: IndicatorValue(value, CATALOGUE.indicators[name].unit)
        for name, value in found.items()
    }


def moment(text: str) -> int:
    return Window.of_days(text, text).from_s


def code(call: Any) -> str:
    with pytest.raises(ProvenanceError) as error:
        call()
    return error.value.code


@pytest.mark.row("S41")
def test_red_flag__of_transit_through_a_listed_place__is_raised_and_blocks() -> None:
    profile = PROFILES["oecd-red-flags"]
    clean = answer(profile, values(**CLEAN), CATALOGUE, LISTED)
    assert clean.findings == ()
    clean.require_all()
    through = CLEAN | {"transit_places": ("CL-AN", "XX-01")}
    flagged = answer(profile, values(**through), CATALOGUE, LISTED)
    assert flagged.named(Answer.NOT_MET) == ("transit-through-listed-place",)
    assert code(flagged.require_all) == "claims.profile_not_met"
    unsaid = answer(profile, values(**CLEAN | {"transit_places": ()}), CATALOGUE, LISTED)
    assert unsaid.named(Answer.NO_EVIDENCE) == ("transit-through-listed-place",)
    assert code(unsaid.require_all) == "claims.profile_not_met"
    unlisted = answer(profile, values(**CLEAN), CATALOGUE)
    assert len(unlisted.named(Answer.NO_EVIDENCE)) == 5


@pytest.mark.row("S41")
def test_battery_article_49__says_which_fields_are_missing() -> None:
    profile = PROFILES["eu-battery-49"]
    found = {
        "material_name": "lithium carbonate",
        "material_type": "battery grade",
        "supplier_name": "Salar Esperanza",
        "origin_countries": ("CL",),
        "market_transactions": ("T1", "T2"),
        "material_quantity_g": 20_000_000,
        "third_party_verifier": "Certifica Andina",
        "document_retention_years": 10,
    }
    missing = answer(profile, values(**found), CATALOGUE)
    assert missing.named(Answer.NO_EVIDENCE) == ("supplier-address",)
    assert missing.findings == ("claims.no_evidence:supplier-address",)
    whole = answer(profile, values(**found, supplier_address="Antofagasta"), CATALOGUE)
    whole.require_all()
    short = answer(profile, values(**found | {"document_retention_years": 9}), CATALOGUE)
    assert "kept-ten-years" in short.named(Answer.NOT_MET)


@pytest.mark.row("S10", "S41")
def test_rep_law__of_ninety_nine_tyres_in_a_hundred__is_not_met() -> None:
    profile = PROFILES["cl-rep-tyres"]
    serials = tuple(f"T{number}" for number in range(99))
    found = {"tyre_serials": serials, "tyre_serials_retired_twice": 0}
    short = answer(profile, values(**found, tyres_valorised_share_ppm=990_000), CATALOGUE)
    assert short.named(Answer.NOT_MET) == ("all-valorised",)
    answer(profile, values(**found, tyres_valorised_share_ppm=1_000_000), CATALOGUE).require_all()


@pytest.mark.row("S41")
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda each: each.name)
def test_profile__without_evidence__meets_nothing_and_carries_its_sources(
    profile: Profile,
) -> None:
    empty = answer(profile, {}, CATALOGUE, LISTED)
    assert {line.answer for line in empty.lines} == {Answer.NO_EVIDENCE}
    for line in profile.lines:
        assert line.source.endswith("[R]") != line.checked
    assert (profile.kind is ProfileKind.REGULATORY) != profile.name.startswith("example")


@pytest.mark.row("S18")
def test_buyer_profile__line_by_line__is_met_not_met_or_no_evidence() -> None:
    profile = PROFILES["example-buyer-core"]
    found = values(
        pcf_g_per_kg=3031,
        renewable_electricity_share_ppm=799_999,
        fatalities=0,
        grievance_mechanism=None,
    )
    given = answer(profile, found, CATALOGUE)
    assert [(line.line.identifier, line.answer) for line in given.lines] == [
        ("footprint", Answer.MET),
        ("renewable", Answer.NOT_MET),
        ("water", Answer.NO_EVIDENCE),
        ("fatalities", Answer.MET),
        ("grievances", Answer.NO_EVIDENCE),
    ]
    for language in Language:
        words = {each: answer_words(each, language) for each in Answer}
        assert len(set(words.values())) == 3
        assert words[Answer.MET] not in words[Answer.NO_EVIDENCE]


@pytest.mark.reference
@pytest.mark.row("S18")
def test_buyer_profile__over_the_76_indicators__is_loaded_and_answered() -> None:
    data = reference_json("reference/indicators-76.json")
    catalogue = catalogue_of(
        1,
        (
            Indicator(name, ValueKind.YES_NO, "", each["id"])
            if name.endswith("_yn")
            else Indicator(name, ValueKind.NUMBER, "1", each["id"])
            for each in data["dimensions"]
            for name in each["indicators"]
        ),
    )
    assert len(catalogue.indicators) == 76
    lines: list[dict[str, Any]] = [
        {"id": "a", "indicator": "fatalities", "demand": "at_most", "value": 0},
        {"id": "b", "indicator": "iso45001_certified_yn", "demand": "equals", "value": True},
        {"id": "c", "indicator": "grievances_received", "demand": "present"},
    ]
    (profile,) = load_profiles(document(lines), catalogue)
    found = {"fatalities": IndicatorValue(1, "1"), "iso45001_certified_yn": IndicatorValue(True)}
    given = answer(profile, found, catalogue)
    assert [line.answer for line in given.lines] == [
        Answer.NOT_MET,
        Answer.MET,
        Answer.NO_EVIDENCE,
    ]


def document(lines: list[dict[str, Any]], **changes: Any) -> bytes:
    profile = {
        "name": "p",
        "version": 1,
        "kind": "buyer",
        "title": "t",
        "report_from": "2026-01-01",
        "enforce_from": "2026-07-01",
        "lines": [{"source": "own", "checked": True} | line for line in lines],
    } | changes
    return json.dumps({"schema": "veta-profiles/1", "profiles": [profile]}).encode()


PCF = {"id": "a", "indicator": "pcf_g_per_kg", "demand": "at_most", "value": 1}


@pytest.mark.row("S18")
@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (document([PCF | {"indicator": "happiness"}]), "claims.unknown_indicator"),
        (document([PCF, PCF]), "claims.line_twice"),
        (document([]), "claims.line_twice"),
        (document([PCF | {"demand": "about"}]), "claims.demand"),
        (document([PCF | {"value": "1"}]), "claims.demand"),
        (document([PCF | {"value": None}]), "claims.demand"),
        (document([PCF | {"value": True}]), "claims.demand"),
        (document([PCF | {"list": "x"}]), "claims.demand"),
        (document([PCF | {"demand": "none_of", "value": None, "list": "x"}]), "claims.demand"),
        (document([PCF | {"demand": "present"}]), "claims.demand"),
        (document([PCF | {"indicator": "material_name"}]), "claims.demand"),
        (document([PCF | {"weight": 1}]), "claims.data_member"),
        (document([PCF], kind="friend"), "claims.data_field"),
        (document([PCF], enforce_from="2026-01-01"), "claims.enforce_before_report"),
        (document([PCF], report_from="soon"), "claims.day"),
        (b'{"schema": "other"}', "claims.data_schema"),
    ],
)
def test_profile__that_asks_in_vain__is_refused_when_loaded(octets: bytes, expected: str) -> None:
    assert code(lambda: load_profiles(octets, CATALOGUE)) == expected


def test_profiles__of_one_name_and_version__are_refused() -> None:
    data = json.loads(document([PCF]))
    data["profiles"] *= 2
    assert code(lambda: load_profiles(json.dumps(data).encode(), CATALOGUE)) == (
        "claims.profile_twice"
    )


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("happiness", IndicatorValue(1, "1"), "claims.unknown_indicator"),
        ("pcf_g_per_kg", IndicatorValue("3031", "g/kg"), "claims.value_kind"),
        ("pcf_g_per_kg", IndicatorValue(True, "g/kg"), "claims.value_kind"),
        ("pcf_g_per_kg", IndicatorValue(3, "kg/kg"), "claims.other_unit"),
        ("grievance_mechanism", IndicatorValue(1), "claims.value_kind"),
    ],
)
def test_value__of_another_kind_or_unit__is_refused(
    name: str, value: IndicatorValue, expected: str
) -> None:
    profile = PROFILES["example-buyer-core"]
    assert code(lambda: answer(profile, {name: value}, CATALOGUE)) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"id": "a", "kind": "number", "dimension": "d"}, "claims.data_field"),
        ({"id": "a", "kind": "text", "unit": "g", "dimension": "d"}, "claims.data_field"),
        ({"id": "a", "kind": "float", "unit": "g", "dimension": "d"}, "claims.data_field"),
        ({"id": "a", "kind": "text", "dimension": "d", "sdg": 1}, "claims.data_member"),
    ],
)
def test_indicators__malformed_or_twice__are_refused(record: dict[str, Any], expected: str) -> None:
    data = {"schema": "veta-indicators/1", "version": 1, "indicators": [record]}
    assert code(lambda: load_indicators(json.dumps(data).encode())) == expected
    twice = [Indicator("a", ValueKind.TEXT, "", "d")] * 2
    assert code(lambda: catalogue_of(1, twice)) == "claims.indicator_twice"


@pytest.mark.row("S38")
def test_same_lot__passes_while_reporting_and_is_refused_when_enforced_both_logged() -> None:
    profile = PROFILES["eu-battery-49"]
    policy = Policy(profile.name, (profile.dates,))
    findings = answer(profile, {}, CATALOGUE).findings
    before = policy.decide(findings, at_s=moment("2025-08-17"))
    reported = policy.decide(findings, at_s=moment("2027-08-17"))
    enforced = policy.decide(findings, at_s=moment("2027-08-18"))
    assert [each.mode for each in (before, reported, enforced)] == [
        PolicyMode.NOT_YET,
        PolicyMode.REPORT_ONLY,
        PolicyMode.ENFORCE,
    ]
    assert reported.findings == enforced.findings == findings
    assert len(findings) == 9
    before.require()
    reported.require()
    with pytest.raises(VerificationError, match="eu-battery-49 version 1") as error:
        enforced.require()
    assert error.value.code == "claims.policy_refused"
    policy.decide((), at_s=moment("2028-01-01")).require()


@pytest.mark.row("S38")
def test_policy__with_a_newer_version_that_only_reports__still_enforces_the_older() -> None:
    first, second = PolicyDates("p", 1, 10, 20), PolicyDates("p", 2, 30, 40)
    policy = Policy("p", (first, second))
    decided = [policy.decide(["x"], at_s=at_s) for at_s in (9, 10, 20, 30, 40)]
    assert [(each.version, each.refused) for each in decided] == [
        (None, False),
        (1, False),
        (1, True),
        (1, True),
        (2, True),
    ]


def test_profile__that_asks_for_a_list_exactly__compares_it_whole() -> None:
    line = {"id": "a", "indicator": "origin_countries", "demand": "equals", "value": ["CL"]}
    (profile,) = load_profiles(document([line]), CATALOGUE)
    for found, expected in ((("CL",), Answer.MET), (("CL", "PE"), Answer.NOT_MET)):
        given = answer(profile, values(origin_countries=found), CATALOGUE)
        assert given.named(expected) == ("a",)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: PolicyDates("p", 1, 10, 10), "claims.enforce_before_report"),
        (lambda: Policy("p", ()), "claims.policy_versions"),
        (
            lambda: Policy("p", (PolicyDates("p", 2, 1, 9), PolicyDates("p", 1, 2, 9))),
            "claims.policy_versions",
        ),
        (
            lambda: Policy("p", (PolicyDates("p", 1, 2, 9), PolicyDates("p", 2, 2, 9))),
            "claims.policy_versions",
        ),
    ],
)
def test_policy__that_refuses_before_it_reports__is_refused(make: Any, expected: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert error.value.code == expected


def test_guidance__without_a_day__reports_for_ever() -> None:
    dates = PROFILES["oecd-red-flags"].dates
    assert dates.mode(moment("2090-01-01")) is PolicyMode.REPORT_ONLY
