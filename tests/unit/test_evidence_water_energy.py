"""Water by source, brine beside it; electricity by what was retired, once; offsets apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.errors import InputError
from veta.evidence.energy import (
    EnergyCertificate,
    Footprint,
    SiteElectricity,
    assess_electricity,
    require_no_offset,
)
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary
from veta.evidence.water import (
    BrineAccount,
    Flow,
    Quality,
    Source,
    WaterAccount,
    WaterPart,
    add_accounts,
    consumption,
)
from veta.evidence.windows import Window, year

SELF, VERIFIED = AssuranceGrade.SELF_DECLARED, AssuranceGrade.VERIFIED
SITE = Boundary("salar", "wells, ponds and plant")
OTHER = Boundary("mine", "mine and concentrator")


def refused(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


def part(
    source: Source, litres: int, quality: Quality = Quality.UNSTATED, grade: AssuranceGrade = SELF
) -> WaterPart:
    return WaterPart(source, quality, Fraction(litres), grade)


def account(
    *parts: WaterPart, total: int | None = None, flow: Flow = Flow.WITHDRAWAL, **changes: Any
) -> WaterAccount:
    whole = sum(int(each.amount_l) for each in parts) if total is None else total
    content: dict[str, Any] = {"boundary": SITE, "period": year(2026), **changes}
    return WaterAccount(flow, total_l=Fraction(whole), parts=parts, **content)


@pytest.mark.reference
@pytest.mark.row("S04")
def test_copper_water__by_source__sums_to_the_total() -> None:
    lot = reference_json("reference/copper-chain.json")["lots"]["concentrate"][0]
    water = lot["water"]
    withdrawn = account(
        part(Source.DESALINATED, water["of_which_desalinated_seawater_l"]),
        part(Source.CONTINENTAL, water["of_which_continental_l"], grade=VERIFIED),
        total=water["withdrawal_l"],
    )
    assert withdrawn.of(Source.DESALINATED, Source.SEA) == 28_800_000
    assert withdrawn.grade is SELF
    per_tonne = withdrawn.total_l / (Fraction(lot["cu_mass_g"]) / 10**6)
    assert per_tonne == 60_000


@pytest.mark.reference
@pytest.mark.row("S04", "S21", "A55")
def test_lithium_water__with_brine_added__is_refused() -> None:
    water = reference_json("reference/lithium-chain.json")["water"]
    treated = water["of_which_treated_wastewater_l"]
    wells, plant = water["of_which_salar_wells_l"], water["of_which_plant_l"]
    sources = (
        part(Source.GROUND, wells),
        part(Source.TREATED, treated),
        part(Source.CONTINENTAL, plant - treated),
    )
    withdrawn = account(*sources, total=water["freshwater_withdrawal_l"])
    assert withdrawn.total_l == 6_300_000
    assert withdrawn.total_l / 280_000 == Fraction(water["l_per_kg_product"])
    brine = water["brine_extracted_l"]
    error = refused(lambda: account(*sources, part(Source.BRINE, brine)))
    assert error.code == "evidence.brine_in_water"
    beside = BrineAccount(SITE, year(2026), Fraction(brine), Fraction(0), SELF)
    assert beside.abstracted_l / 280_000 == Fraction(62_500_000, 280_000)
    error = refused(lambda: replace(beside, reinjected_l=beside.abstracted_l + 1))
    assert error.code == "evidence.negative"


@pytest.mark.row("S04", "A55")
def test_sources__that_do_not_sum__are_refused_with_both_figures() -> None:
    error = refused(lambda: account(part(Source.SEA, 7), part(Source.GROUND, 3), total=11))
    assert error.code == "evidence.water_sum"
    assert "10 l" in error.message
    assert "11 l" in error.message
    error = refused(lambda: account(part(Source.SEA, 7), part(Source.SEA, 3)))
    assert error.code == "evidence.source_twice"
    assert refused(account).code == "evidence.no_grade"
    assert refused(lambda: part(Source.SEA, -1)).code == "evidence.negative"
    error = refused(lambda: account(part(Source.SEA, 1), flow=Flow.CONSUMPTION))
    assert error.code == "evidence.flow"


@pytest.mark.row("S04")
def test_consumption__is_withdrawal_less_discharge_of_one_boundary_and_period() -> None:
    withdrawn = account(part(Source.GROUND, 100, grade=VERIFIED))
    given_back = account(part(Source.SURFACE, 30), flow=Flow.DISCHARGE)
    used = consumption(withdrawn, given_back)
    assert used.amount_l == 70
    assert used.grade is SELF
    for call, code in (
        (lambda: consumption(given_back, withdrawn), "flow"),
        (lambda: consumption(withdrawn, withdrawn), "flow"),
        (lambda: consumption(withdrawn, replace(given_back, boundary=OTHER)), "not_comparable"),
        (lambda: consumption(withdrawn, replace(given_back, period=year(2025))), "not_comparable"),
        (lambda: consumption(account(part(Source.SEA, 1)), given_back), "negative"),
    ):
        assert refused(call).code == f"evidence.{code}"


@pytest.mark.row("S36")
def test_no_potable_water__is_told_by_quality_class_and_not_by_volume() -> None:
    river = account(part(Source.SURFACE, 500, Quality.LOW), part(Source.GROUND, 0, Quality.HIGH))
    assert river.of_quality(Quality.HIGH) == 0
    assert river.of_quality(Quality.LOW) == river.total_l
    drinking = account(
        part(Source.SURFACE, 499, Quality.LOW), part(Source.SURFACE, 1, Quality.HIGH)
    )
    assert drinking.of_quality(Quality.HIGH) == 1


def test_accounts_of_sites__are_added_source_by_source() -> None:
    one = account(part(Source.SEA, 5, grade=VERIFIED), part(Source.GROUND, 1, grade=VERIFIED))
    two = account(part(Source.SEA, 7), boundary=OTHER)
    both = Boundary("company", "salar and mine")
    whole = add_accounts([one, two], both)
    assert whole.total_l == 13
    assert whole.of(Source.SEA) == 12
    assert whole.grade is SELF
    for accounts, code in (
        ([one, one], "account_twice"),
        ([one, replace(two, period=year(2025))], "not_comparable"),
        ([one, replace(two, flow=Flow.DISCHARGE)], "not_comparable"),
        ([], "no_grade"),
    ):
        assert refused(lambda a=accounts: add_accounts(a, both)).code == f"evidence.{code}"  # type: ignore[misc]


def certificate(serial: str = "IREC-1", **changes: Any) -> EnergyCertificate:
    content: dict[str, Any] = {
        "registry": "I-TRACK", "energy_wh": 2_500_000_000, "vintage": year(2026),
        "retired_for": "site-aurora", "factor_g_per_kwh": Fraction(20), "grade": VERIFIED,
    }  # fmt: skip
    return EnergyCertificate(serial=serial, **{**content, **changes})


def site(*claimed: EnergyCertificate, **changes: Any) -> SiteElectricity:
    content: dict[str, Any] = {
        "site": "site-aurora", "period": year(2026), "used_wh": 2_500_000_000,
        "grid_g_per_kwh": Fraction(300), "grade": VERIFIED,
    }  # fmt: skip
    return SiteElectricity(claimed=claimed, **{**content, **changes})


@pytest.mark.reference
@pytest.mark.row("S13", "A31")
def test_electricity_of_the_mine__with_and_without_retired_certificates() -> None:
    step = reference_json("reference/copper-chain.json")["steps"][0]["emissions"]["electricity"]
    used = step["kwh"] * 1000
    grid = Fraction(step["location_based_ef_g_per_kwh"])
    factor = Fraction(step["ef_g_per_kwh"])
    retired = certificate(energy_wh=used, factor_g_per_kwh=factor)
    found = assess_electricity([site(retired, used_wh=used, grid_g_per_kwh=grid)])["site-aurora"]
    assert found.market_g == step["co2e_g"] == 50_000_000
    assert found.location_g == step["location_based_co2e_g"] == 750_000_000
    assert found.renewable_share == 1
    assert found.words() == "100.0 % renewable by retired certificates"
    sold = replace(retired, retired_for=None)
    found = assess_electricity([site(sold, used_wh=used, grid_g_per_kwh=grid)])["site-aurora"]
    assert found.market_g == found.location_g == 750_000_000
    assert found.renewable_share == 0
    assert found.not_counted == (("evidence.not_retired", "IREC-1"),)
    assert found.words() == "no retired certificate counts: location-based factor"


@pytest.mark.row("S13", "A31")
def test_serial__used_twice_over_all_sites_or_statements__is_refused_with_both() -> None:
    other = site(
        certificate(retired_for="site-cordillera"), site="site-cordillera"
    )  # the same serial, said to be retired for two
    error = refused(lambda: assess_electricity([site(certificate()), other]))
    assert error.code == "evidence.serial_used_twice"
    assert "IREC-1" in error.message
    assert "site-aurora" in error.message
    assert "site-cordillera" in error.message
    error = refused(lambda: assess_electricity([site(certificate(), certificate())]))
    assert error.code == "evidence.serial_used_twice"
    before = [("I-TRACK", "IREC-1")]
    error = refused(lambda: assess_electricity([site(certificate())], used_before=before))
    assert "an earlier statement" in error.message
    elsewhere = [("GO", "IREC-1")]
    assert assess_electricity([site(certificate())], used_before=elsewhere)
    assert refused(lambda: assess_electricity([site(), site()])).code == "evidence.site_twice"


@pytest.mark.row("S13", "A31")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"retired_for": "site-cordillera"}, "evidence.retired_for_other"),
        ({"vintage": year(2024)}, "evidence.vintage"),
    ],
)
def test_certificate__of_another_site_or_time__does_not_count(
    changes: dict[str, Any], code: str
) -> None:
    found = assess_electricity([site(certificate(**changes))])["site-aurora"]
    assert found.renewable_wh == 0
    assert found.not_counted == ((code, "IREC-1"),)


@pytest.mark.row("A31")
def test_half_covered__is_half_renewable_and_the_rest_carries_the_grid() -> None:
    half = certificate(energy_wh=1_250_000_000, factor_g_per_kwh=Fraction(0), grade=SELF)
    found = assess_electricity([site(half)])["site-aurora"]
    assert found.renewable_share == Fraction(1, 2)
    assert found.market_g == 375_000_000
    assert found.grade is SELF
    too_much = site(certificate("A", factor_g_per_kwh=Fraction(0)), certificate("B"))
    over = assess_electricity([too_much])["site-aurora"]
    assert over.renewable_share == 1
    assert over.market_g == 50_000_000
    idle = assess_electricity([site(used_wh=0)])["site-aurora"]
    assert idle.renewable_share == idle.market_g == 0
    monthly = certificate(vintage=Window(year(2026).from_s, year(2026).from_s + 31 * 86_400))
    assert assess_electricity([site(monthly)])["site-aurora"].renewable_share == 1


@pytest.mark.parametrize("serial", ["", " ", " A", "A ", "\u0410"])
def test_serial__that_could_be_written_two_ways__is_refused(serial: str) -> None:
    assert refused(lambda: certificate(serial)).code == "evidence.serial"


@pytest.mark.row("A30", "S21")
def test_offsets__change_no_footprint() -> None:
    footprint = Footprint(Fraction(4000), Fraction(1000), VERIFIED)
    require_no_offset(Fraction(4000), footprint)
    error = refused(lambda: require_no_offset(Fraction(3000), footprint))
    assert error.code == "evidence.offset_in_footprint"
    neutral = replace(footprint, offsets_g=Fraction(9000))
    error = refused(lambda: require_no_offset(Fraction(0), neutral))
    assert error.code == "evidence.offset_in_footprint"
    error = refused(lambda: require_no_offset(Fraction(3999), footprint))
    assert error.code == "evidence.footprint_differs"
    bare = replace(footprint, offsets_g=Fraction(0))
    assert refused(lambda: require_no_offset(Fraction(0), bare)).code.endswith("differs")
    assert refused(lambda: replace(bare, offsets_g=Fraction(-1))).code == "evidence.negative"
