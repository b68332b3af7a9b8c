"""Each regulation's profile, whole: what it asks, what is missing, who sees what."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_home import run
from tests.support.statements import LOT, issuance
from veta import canonical
from veta.claims import shipped
from veta.claims.access_tiers import Tier, load_tables, tier_named, view
from veta.claims.brands import Brand, flags_of, load_brands
from veta.claims.indicators import IndicatorValue
from veta.claims.profiles import Answer, answer
from veta.claims.windows import Window
from veta.claims.words import WordContext, require_words
from veta.errors import ProvenanceError
from veta.evidence.answers import Answer as Met
from veta.evidence.energy import Footprint, require_no_offset
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, Definition, MetricKind, MetricValue
from veta.evidence.targets import Commitment, Goal, evaluate, target_of_change
from veta.evidence.water import Flow, Quality, Source, WaterAccount, WaterPart
from veta.evidence.windows import year
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Country, MetalOrigin
from veta.model.trail import Trail, TrailKind, TrailLot, TrailSource, TrailStep
from veta.services.lot_values import values_document, values_of_lot
from veta.statement.credential import read_credential
from veta.statement.passport import build_passport

CATALOGUE = shipped.indicators()
PROFILES = {each.name: each for each in shipped.profiles()}
LISTS = {
    "conflict_affected_places": frozenset({"XX-01"}),
    "places_with_few_reserves": frozenset({"XX-02"}),
}
WHOLE: dict[str, dict[str, Any]] = {
    "oecd-red-flags": {
        "origin_places": ("CL-AN",), "transit_places": ("DE-HH",),
        "supplier_interest_places": ("CL-AN",), "supplier_sourcing_places_12m": ("CL-AN",),
        "unusual_circumstances": False,
    },
    "oecd-records": {
        "origin_places": ("CL-AN",), "actors": ("did:web:a",), "material_quantity_g": 1,
        "taxes_and_fees_paid": ("T",), "permits": ("P",), "smelter_audit": "A",
        "document_retention_years": 5,
    },
    "eu-battery-49": {
        "material_name": "lithium carbonate", "material_type": "battery grade",
        "supplier_name": "S", "supplier_address": "A", "origin_countries": ("CL",),
        "market_transactions": ("T1",), "material_quantity_g": 1,
        "third_party_verifier": "V", "document_retention_years": 10,
    },
    "eu-crma": {
        "scheme_recognition_status": "applied for", "scheme_recognition_date": "2026-10-01",
        "scheme_multi_stakeholder": True, "scheme_independent_audit": True,
        "footprint_declaration": "pending",
    },
    "eu-2024-825": {
        "label_of_certification_scheme": True, "label_words_refused": 0,
        "offsets_apart_from_footprint": True, "future_claims_without_plan": 0,
    },
    "cl-rep-tyres": {
        "tyre_serials": ("T1",), "tyres_valorised_share_ppm": 1_000_000,
        "tyre_serials_retired_twice": 0,
    },
    "eu-cbam": {
        "installation": "CL-1", "direct_emissions_g": 5, "indirect_emissions_g": 7,
        "emissions_verified": True,
    },
    "eu-conflict-minerals": {"gold_origin_places": ("PE-AR",)},
    "eu-csddd": {
        "supplier_name": "S", "due_diligence_policy": "P", "adverse_impacts_assessed": True,
        "contractual_assurance": True, "grievance_mechanism": True,
    },
}  # fmt: skip


def values(found: dict[str, Any]) -> dict[str, IndicatorValue]:
    return {
        name: IndicatorValue(value, CATALOGUE.indicators[name].unit)
        for name, value in found.items()
    }


def test_regulations__all_of_them_are_tried_here() -> None:
    assert set(WHOLE) == {name for name in PROFILES if not name.startswith("example")}


@pytest.mark.row("S41")
@pytest.mark.parametrize("name", WHOLE)
def test_regulation__with_all_it_asks__is_met_and_names_each_field_that_is_missing(
    name: str,
) -> None:
    profile, whole = PROFILES[name], WHOLE[name]
    answer(profile, values(whole), CATALOGUE, LISTS).require_all()
    for missing in whole:
        less = {each: value for each, value in whole.items() if each != missing}
        told = answer(profile, values(less), CATALOGUE, LISTS)
        lines = {line.identifier for line in profile.lines if line.indicator == missing}
        assert set(told.named(Answer.NO_EVIDENCE)) == lines, missing
        assert told.named(Answer.NOT_MET) == ()
    for line in profile.lines:
        assert line.source.endswith("[R]") != line.checked


@pytest.mark.row("S41", "S08")
def test_profiles__of_a_country__are_its_own_and_those_of_everywhere() -> None:
    def asked(country: str) -> set[str]:
        return {name for name, each in PROFILES.items() if each.applies_in(country)}

    everywhere = {"oecd-red-flags", "oecd-records", "example-buyer-core"}
    assert asked("AR") == asked("BO") == everywhere
    assert asked("CL") == everywhere | {"cl-rep-tyres"}
    assert {"eu-battery-49", "eu-cbam", "eu-csddd"} <= asked("DE")
    listed = run("profile", "list", "--country", "CL", "--json").json["profiles"]
    assert {each["name"] for each in listed} == asked("CL")


# --- the battery passport's tiers ------------------------------------------------------------


@pytest.mark.row("S41")
def test_battery_passport__each_tier_sees_its_own_set_and_what_is_held_back() -> None:
    (table,) = shipped.access_tables()
    found = values(
        {
            "material_name": "lithium carbonate",
            "supplier_name": "S",
            "market_transactions": ("T1",),
            "fatalities": 0,
        }
    )
    seen = {tier: view(table, found, tier) for tier in Tier}
    assert {tier: set(each.seen) for tier, each in seen.items()} == {
        Tier.PUBLIC: {"material_name"},
        Tier.LEGITIMATE_INTEREST: {"material_name", "supplier_name"},
        Tier.AUTHORITY: set(found),
    }
    for each in seen.values():
        assert set(each.withheld) == set(found) - set(each.seen)
    # What nobody put into the table is nobody's to see but the authority's.
    assert table.tier_of("fatalities") is Tier.AUTHORITY
    assert table.source.endswith("[R]")


def refused(call: Any) -> str:
    with pytest.raises(ProvenanceError) as error:
        call()
    return error.value.code


def test_tiers__malformed__are_refused() -> None:
    row = {"indicator": "material_name", "tier": "public"}
    for rows, code in (
        ([row, row], "claims.line_twice"),
        ([row | {"tier": "everybody"}], "claims.unknown_tier"),
        ([row | {"indicator": "happiness"}], "claims.unknown_indicator"),
        ([row | {"more": 1}], "claims.data_member"),
    ):
        record = {"name": "r", "source": "s", "fields": rows}
        data = {"schema": "veta-access-tiers/1", "version": 1, "profiles": [record]}
        octets = json.dumps(data).encode()
        assert refused(lambda given=octets: load_tables(given, CATALOGUE)) == code
    assert refused(lambda: tier_named("king")) == "claims.unknown_tier"


# --- values out of a lot's own documents -----------------------------------------------------


def told_by(lot: Any, trail: Trail | None) -> dict[str, IndicatorValue]:
    passport = build_passport(lot, issuance())
    return values_of_lot(read_credential(canonical.write(passport)), trail)


@pytest.mark.row("S41")
def test_article_49__out_of_a_lot__has_what_its_documents_say_and_names_the_rest(
    tmp_path: Path,
) -> None:
    me = TrailLot("urn:lot:1", "ore", 1)
    sale = TrailStep(
        TrailKind.SALE, "urn:veta:log:1:2", UnixSeconds(5), TrailSource.CHAIN, "sold", (me,),
        by="did:web:mine", to="did:web:smelter",
    )  # fmt: skip
    found = told_by(LOT, Trail("urn:lot:1", (sale,), ()))
    assert found["market_transactions"].value == ("urn:veta:log:1:2",)
    assert found["actors"].value == ("did:web:mine", "did:web:smelter")
    assert found["material_quantity_g"] == IndicatorValue(LOT.mass_g, "g")
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values_document("urn:lot:1", found, CATALOGUE)))
    log = tmp_path / "decisions.ndjson"
    asked = ("profile", "check", "eu-battery-49", file, "--log", log, "--json")
    reported = run(*asked, "--at", "2027-08-17")
    enforced = run(*asked, "--at", "2027-08-18")
    missing = {each["line"] for each in enforced.json["lines"] if each["answer"] == "no_evidence"}
    assert missing == {"supplier-address", "verifier", "kept-ten-years"}
    assert {"supplier-name", "country-of-origin", "transactions", "quantity"} <= {
        each["line"] for each in enforced.json["lines"] if each["answer"] == "met"
    }
    assert (reported.code, enforced.code) == (0, 1)
    logged(log)


def logged(log: Path) -> None:
    """Both decisions stand in the log, the first as it was."""
    entries = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [each["decision"]["mode"] for each in entries] == ["report_only", "enforce"]
    assert [each["decision"]["refused"] for each in entries] == [False, True]
    first, second = (each["decision"]["findings"] for each in entries)
    assert first == second


@pytest.mark.row("S38")
def test_same_lot__reported_and_then_refused__both_decisions_are_in_the_log(
    tmp_path: Path,
) -> None:
    file, log = tmp_path / "values.json", tmp_path / "decisions.ndjson"
    file.write_text(json.dumps(values_document("urn:lot:1", told_by(LOT, None), CATALOGUE)))
    asked = ("profile", "check", "eu-battery-49", file, "--json", "--log")
    assert run(*asked, log, "--at", "2027-08-17").code == 0
    kept = log.read_bytes()
    assert run(*asked, log, "--at", "2027-08-18").code == 1
    assert log.read_bytes().startswith(kept)
    logged(log)
    assert run(*asked, tmp_path, "--at", "2027-08-18").code == 2  # no answer without its log


def test_values__of_metal_from_nowhere__say_no_country_and_without_a_trail_no_transaction() -> None:
    half = LOT.metal[0].mass_g // 2
    chile = MetalOrigin("Cu", Country("CL", "Chile"), half)
    nowhere = replace(chile, country=Country("ZZ", "Unknown"))
    found = told_by(replace(LOT, origins=(chile, nowhere)), None)
    assert "origin_countries" not in found
    assert "market_transactions" not in found
    assert told_by(LOT, None)["origin_countries"].value == ("CL",)


# --- brands ----------------------------------------------------------------------------------


def day(text: str) -> int:
    return Window.of_days(text, text).from_s


def register(**changes: Any) -> dict[str, Brand]:
    brand = {
        "name": "AURORA",
        "listed_from": "2020-01-01",
        "track": "A",
        "track_status": "published",
        "certificates": [
            {"standard": "ISO 14001", "first": "2024-01-01", "last": "2026-12-31"},
            {"standard": "ISO 45001", "first": "2024-01-01", "last": "2026-12-31"},
        ],
    } | changes
    data = {"schema": "veta-brand-register/1", "brands": [brand]}
    return load_brands(json.dumps(data).encode())


@pytest.mark.row("S28")
@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"delisted": "2026-05-01"}, ["brand.not_listed"]),
        ({"delisted": "2026-08-01"}, ["brand.delisted_since"]),
        ({"track_status": "overdue"}, ["brand.track_overdue"]),
        ({"track": "", "track_status": "none"}, ["brand.track_none"]),
        ({"certificates": []}, ["brand.certificate_missing"] * 2),
        (
            {"certificates": [
                {"standard": "ISO 14001", "first": "2023-01-01", "last": "2026-05-31"},
                {"standard": "ISO 45001", "first": "2023-01-01", "last": "2026-08-31"},
            ]},
            ["brand.certificate_lapsed", "brand.certificate_lapsed_since"],
        ),
    ],
)  # fmt: skip
def test_brand__delisted_off_its_track_or_with_a_lapsed_iso__flags_the_lot(
    changes: dict[str, Any], codes: list[str]
) -> None:
    found = flags_of(
        register(**changes), "AURORA", produced_s=day("2026-06-30"), at_s=day("2026-09-30")
    )
    assert [flag.code for flag in found] == codes


@pytest.mark.row("S28")
def test_brand__on_the_edge_of_its_last_day__and_one_that_nobody_registered() -> None:
    brands = register(delisted="2026-07-01")
    last = day("2026-07-01")
    at = {"at_s": last - 1}
    assert flags_of(brands, "AURORA", produced_s=last - 1, **at) == ()
    assert [f.code for f in flags_of(brands, "AURORA", produced_s=last, at_s=last)] == [
        "brand.not_listed"
    ]
    assert [f.code for f in flags_of(brands, "Aurora", produced_s=last - 1, **at)] == [
        "brand.unknown"
    ]
    assert [f.code for f in flags_of(brands, None, produced_s=last - 1, **at)] == [
        "brand.not_stated"
    ]
    for wrong in ({"track": "E"}, {"track_status": "fine"}, {"delisted": "2019-01-01"}):
        assert refused(lambda given=wrong: register(**given)).startswith(("brand.", "claims."))


# --- a lithium producer's targets ------------------------------------------------------------

SALAR = Boundary("salar", "wells, ponds and plant")
BRINE = Definition("brine", MetricKind.BRINE_ABSTRACTION, "m3", "Brine abstracted.", "permit")
FRESH = Definition("water", MetricKind.WATER_WITHDRAWAL, "m3", "Fresh water.", "GRI 303-3 (2018)")


def measured(number: int, amount: int, definition: Definition) -> MetricValue:
    grade = AssuranceGrade.VERIFIED
    return MetricValue(Fraction(amount), definition, SALAR, year(number), grade)


def halved(definition: Definition, percent: int, due: int) -> Commitment:
    base = measured(2020, 100, definition)
    target = target_of_change(base.amount, percent)
    return Commitment("salar", "less", base, Goal.AT_MOST, target, year(due))


@pytest.mark.row("S21", "A55", "A30")
def test_salar__brine_apart_from_water__and_neutral_without_offsets() -> None:
    """Brine -50 % by 2030, water -65 % by 2040, carbon neutral: each on its own metric."""
    brine, water = halved(BRINE, -50, 2030), halved(FRESH, -65, 2040)
    after = year(2041).from_s
    assert evaluate(brine, [measured(2030, 50, BRINE)], as_of_s=after).answer is Met.MET
    assert evaluate(brine, [measured(2030, 51, BRINE)], as_of_s=after).answer is Met.NOT_MET
    assert evaluate(water, [measured(2040, 35, FRESH)], as_of_s=after).answer is Met.MET
    other = evaluate(brine, [measured(2030, 1, FRESH)], as_of_s=after)
    assert (other.answer, other.code) == (Met.CANNOT_TELL, "evidence.not_comparable")
    parts = tuple(
        WaterPart(source, Quality.UNSTATED, Fraction(litres), AssuranceGrade.VERIFIED)
        for source, litres in ((Source.CONTINENTAL, 60), (Source.BRINE, 40))
    )
    whole = Fraction(100)
    assert (
        refused(
            lambda: WaterAccount(
                Flow.WITHDRAWAL, boundary=SALAR, period=year(2030), total_l=whole, parts=parts
            )
        )
        == "evidence.brine_in_water"
    )
    footprint = Footprint(Fraction(4_000), Fraction(4_000), AssuranceGrade.VERIFIED)
    code = refused(lambda: require_no_offset(Fraction(0), footprint))
    assert code == "evidence.offset_in_footprint"
    for text in ("carbon neutral lithium", "litio neutro en carbono", "klimaneutrales Lithium"):
        for context in (WordContext(), WordContext(marked=True)):
            assert refused(
                lambda said=text, given=context: require_words(said, given, shipped.words())
            ).startswith("claims."), text
