"""What the scenario files of all chains share: parties, footprints, assays."""

from __future__ import annotations

from typing import Any

SCHEMA = "veta-scenario/2"
DISCLAIMER = "Fictional: no real company, site, brand or claim is described."
ROLES = {
    "miner": "MINER",
    "trader": "TRADER",
    "smelter": "SMELTER",
    "refiner": "REFINER",
    "carrier": "CARRIER",
    "cathode-maker": "FABRICATOR",
    "rod-mill": "FABRICATOR",
    "cable-maker": "FABRICATOR",
    "car-maker": "MANUFACTURER",
    "laboratory": "LABORATORY",
    "certification-body": "CERTIFICATION_BODY",
    "ghg-verifier": "FOOTPRINT_VERIFIER",
    "accreditation-body": "ACCREDITATION_BODY",
    "scheme-owner": "SCHEME_OWNER",
    "community-monitor": "COMMUNITY",
}
COUNTRIES = {"CL": "Chile", "DE": "Germany", "GB": "United Kingdom", "PE": "Peru"}
# Origin that nobody states: a code that ISO 3166-1 leaves to its users.
UNKNOWN_ORIGIN = {"code": "ZZ", "name": "Not stated (mixed origin)"}
STANDARDS = ["ISO14067", "PACT-3.0"]
WATER_METRIC = "https://vocabulary.uncefact.org/performance-metrics/total-water-withdrawal"
PPM = 1_000_000


def did(party: str) -> str:
    return f"did:web:{party}.example"


def party_entry(party: dict[str, str], *, votes: bool, control_group: int = 0) -> dict[str, Any]:
    """A party of a reference chain as the scenario file has it."""
    return {
        "id": party["id"],
        "did": did(party["id"]),
        "name": party["name"],
        "country": party["country"],
        "roles": [ROLES[party["role"]]],
        "votes": votes,
        "controlGroup": control_group,
    }


def footprint(
    co2e_g: int, per_kg: int, *, period: list[str], allocation: str, primary: int
) -> dict[str, Any]:
    return {
        "co2eG": co2e_g,
        "co2eGPerKg": per_kg,
        "boundary": "cradle-to-gate",
        "declaredUnit": "kilogram",
        "periodFrom": period[0],
        "periodBefore": period[1],
        "gwpSet": "AR6",
        "standards": STANDARDS,
        "allocation": allocation,
        "primarySharePpm": primary,
    }


def assay_lines(assay: dict[str, Any]) -> list[dict[str, str]]:
    lines = []
    for key, value in assay.items():
        for suffix, unit in (("_mg_per_kg", "mg/kg"), ("_ppm", "ppm")):
            if key.endswith(suffix):
                analyte = key.removesuffix(suffix)
                lines.append({"analyte": analyte, "value": str(value), "unit": unit})
                break
    return lines
