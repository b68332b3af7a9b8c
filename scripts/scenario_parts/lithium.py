"""The lithium scenario from its reference chain: salar to cathode material.

Quantities and lot numbers come from the reference. What it leaves open is decided here: who makes
the cathode material, dates of production, the mass of the potash, whose data are primary. Packs are
made in the demo itself, one lot each, as vehicles are.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from scripts.scenario_parts.copper import parties as copper_parties
from scripts.scenario_parts.entries import (
    DISCLAIMER,
    PPM,
    SCHEMA,
    WATER_METRIC,
    assay_lines,
    footprint,
    party_entry,
)

SALAR, CATHODE_MAKER, PACK_MAKER = "mina-salar-esperanza", "aktivmaterial-elbtal", "marea-motors"
MADE_UP = (
    {"id": SALAR, "name": "Salar Esperanza (fictional)", "role": "miner", "country": "CL"},
    {
        "id": CATHODE_MAKER,
        "name": "Aktivmaterial Elbtal (fictional)",
        "role": "cathode-maker",
        "country": "DE",
    },
)
COUNTRIES = {"CL": "Chile", "DE": "Germany"}
SITES = (
    ("site-salar-esperanza", SALAR, "Salar Esperanza, wells, ponds and carbonate plant", "CL"),
    ("site-elbtal", CATHODE_MAKER, "Aktivmaterial Elbtal", "DE"),
    ("site-marea", PACK_MAKER, "Marea Motors", "DE"),
)
HARMONIZED_SYSTEM = {
    "2530.90": "Mineral substances not elsewhere specified",
    "2836.91": "Lithium carbonates",
    "2841.90": "Salts of oxometallic or peroxometallic acids",
    "3104.20": "Potassium chloride",
    "8507.60": "Lithium-ion accumulators",
}
PRODUCED = {
    "brine": ["2026-04-20", "2026-05-21"],
    "carbonate": ["2026-05-25", "2026-06-06"],
    "material": ["2026-06-15", "2026-06-21"],
}
QUARTER = ["2026-04-01", "2026-07-01"]
POTASH_G = 1_400_000_000
OWN_PROCESS = ("natural_gas_5000GJ_at_56.1kg", "electricity_196MWh_at_300g")


def derive(reference: dict[str, Any], copper: dict[str, Any]) -> dict[str, Any]:
    """The scenario file of the lithium chain; its pack maker is a party of the copper chain."""
    known = [party for party in copper_parties(copper) if party["id"] == PACK_MAKER]
    return {
        "schema": SCHEMA,
        "title": "Lithium: salar to battery pack, one campaign",
        "disclaimer": DISCLAIMER,
        "countries": [{"code": code, "name": name} for code, name in COUNTRIES.items()],
        "harmonizedSystem": HARMONIZED_SYSTEM,
        "parties": [*known, *(party_entry(party, votes=False) for party in MADE_UP)],
        "sites": [
            {"id": site, "operator": operator, "name": name, "country": country}
            for site, operator, name, country in SITES
        ],
        "lots": _lots(reference),
    }


def _lots(reference: dict[str, Any]) -> list[dict[str, Any]]:
    step = {each["event"]: each for each in reference["steps"]}
    ponds, plant, material = step["L02"], step["L03"], step["L05"]
    share = ponds["allocation"]
    economic = (
        f"{share['method']}; {share['lithium brine']} to lithium brine, {share['potash']} to potash"
    )
    primary = _primary(plant, material)
    brine = ponds["outputs"]
    return [
        _entry(
            ["SES-BRI-26-0001"],
            "Concentrated lithium brine",
            "lithium-brine",
            "2530.90",
            mass_g=brine["concentrated_brine_g"],
            lithium_g=brine["li_g"],
            carbon=(ponds["to_lithium_g"], economic, PPM),
            produced=PRODUCED["brine"],
        ),
        _entry(
            ["SES-POT-26-0001"],
            "Potash",
            "potash",
            "3104.20",
            mass_g=POTASH_G,
            lithium_g=None,
            carbon=(share["potash_co2e_g"], economic, PPM),
            produced=PRODUCED["brine"],
        ),
        _carbonate(reference, primary["carbonate"]),
        _entry(
            ["AEL-NMC-26-0001"],
            "Cathode active material NMC622",
            "cathode-material",
            "2841.90",
            mass_g=material["outputs"]["NMC622_g"],
            lithium_g=material["outputs"]["li_g"],
            carbon=(material["total_g"], "one product, none needed", primary["material"]),
            produced=PRODUCED["material"],
        )
        | {
            "issuer": CATHODE_MAKER,
            "site": "site-elbtal",
            "parents": [{"issuer": SALAR, "lotNumber": each} for each in step["L04"]["lots"]],
        },
    ]


def _carbonate(reference: dict[str, Any], primary_ppm: int) -> dict[str, Any]:
    lots = reference["lots"]
    alike = ("net_mass_g", "li_mass_g", "co2e_g", "pcf_g_per_kg", "hs_code")
    assert all(lot[key] == lots[0][key] for lot in lots for key in alike)
    certificate = reference["lithium_carbonate_certificate_of_analysis"]["sample_pass"]
    water = reference["water"]["freshwater_withdrawal_l"]
    entry = _entry(
        [lot["lot_id"] for lot in lots],
        "Lithium carbonate, battery grade",
        "lithium-carbonate",
        lots[0]["hs_code"],
        mass_g=lots[0]["net_mass_g"],
        lithium_g=lots[0]["li_mass_g"],
        carbon=(lots[0]["co2e_g"], "one product, none needed", primary_ppm),
        produced=PRODUCED["carbonate"],
    )
    return entry | {
        "grade": "battery grade",
        "assay": assay_lines(certificate),
        "water": {"withdrawalL": water // len(lots), "metric": WATER_METRIC},
        "parents": [{"issuer": SALAR, "lotNumber": "SES-BRI-26-0001"}],
    }


def _primary(plant: dict[str, Any], material: dict[str, Any]) -> dict[str, int]:
    """Emission-weighted, ppm down; reagents, freight and precursor are secondary."""
    process = plant["process_emissions_g"]
    own = plant["upstream_g"] + sum(process[name] for name in OWN_PROCESS)
    carbonate = Fraction(own, plant["total_g"])
    emitted = material["emissions_g"]
    own = emitted["inherited_li2co3"] * carbonate + emitted["process"]
    return {"carbonate": int(carbonate * PPM), "material": int(own / material["total_g"] * PPM)}


def _entry(
    numbers: list[str],
    name: str,
    product_class: str,
    hs_code: str,
    *,
    mass_g: int,
    lithium_g: int | None,
    carbon: tuple[int, str, int],
    produced: list[str],
) -> dict[str, Any]:
    co2e_g, allocation, primary_ppm = carbon
    per_kg = -(-co2e_g * 1000 // mass_g)
    metal = {
        "metal": {"symbol": "Li", "massG": lithium_g},
        "origins": [{"country": "CL", "massG": lithium_g}],
    }
    return {
        "lotNumbers": numbers,
        "name": name,
        "productClass": product_class,
        "hsCode": hs_code,
        "issuer": SALAR,
        "site": "site-salar-esperanza",
        "producedFrom": produced[0],
        "producedBefore": produced[1],
        "massG": mass_g,
        "massBasis": "net",
        **({} if lithium_g is None else metal),
        "footprint": footprint(
            co2e_g, per_kg, period=QUARTER, allocation=allocation, primary=primary_ppm
        ),
    }
