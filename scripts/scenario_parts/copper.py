"""The copper scenario from its reference chain: mine to cable.

Quantities, numbers and names come from the reference. What it leaves open is decided here, in the
tables below: dates of production inside its periods, who votes, who is under one control.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from scripts.scenario_parts.entries import (
    COUNTRIES,
    DISCLAIMER,
    PPM,
    SCHEMA,
    UNKNOWN_ORIGIN,
    WATER_METRIC,
    assay_lines,
    footprint,
    party_entry,
)

# Producers and users of metal and the communities' body decide; those who assess them do not, and
# a group that runs two plants has one vote.
VOTERS = {
    "mina-aurora",
    "mina-cordillera-azul",
    "refineria-bahia-serena",
    "nordwind-draht",
    "kabelwerk-lindental",
    "marea-motors",
    "comite-comunidades-salar",
}
CONTROL_GROUPS = {"fundicion-bahia-serena": 1, "refineria-bahia-serena": 1}
SITES = {
    "site-aurora": ("mina-aurora", "Mina Aurora, mine and concentrator", "CL"),
    "site-cordillera": ("mina-cordillera-azul", "Mina Cordillera Azul", "CL"),
    "site-bahia-serena": ("refineria-bahia-serena", "Bahia Serena, smelter and refinery", "CL"),
    "site-nordwind": ("nordwind-draht", "Nordwind Draht, rod mill", "DE"),
    "site-lindental": ("kabelwerk-lindental", "Kabelwerk Lindental", "DE"),
}
SITE_OF = {operator: site for site, (operator, _, _) in SITES.items()} | {
    "fundicion-bahia-serena": "site-bahia-serena"
}
HARMONIZED_SYSTEM = {
    "2603.00": "Copper ores and concentrates",
    "7402.00": "Unrefined copper; copper anodes for electrolytic refining",
    "7403.11": "Refined copper cathodes and sections of cathodes",
    "7408.11": "Wire of refined copper, cross-section over 6 mm",
    "8544.30": "Wiring sets of a kind used in vehicles",
}
FIRST_QUARTER = ["2026-01-01", "2026-04-01"]
SECOND_QUARTER = ["2026-04-01", "2026-07-01"]
# From, before: the reference gives days for concentrates and a quarter for the rest.
PRODUCED = {
    "anode": ["2026-05-01", "2026-06-01"],
    "cathode": ["2026-06-01", "2026-07-01"],
    "rod": ["2026-10-28", "2026-10-29"],
    "cable": ["2026-10-29", "2026-11-01"],
}


def day_after(day: str) -> str:
    from datetime import date, timedelta

    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def concentrate(lot: dict[str, Any], name: str, allocation: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "lotNumbers": [lot["lot_id"]],
        "name": name,
        "productClass": "copper-concentrate",
        "hsCode": lot["hs_code"],
        "issuer": lot["issuer"],
        "site": lot["site"],
        "producedFrom": lot["produced"],
        "producedBefore": day_after(lot["produced"]),
        "massG": lot["dry_mass_g"],
        "massBasis": "dry",
        "metal": {"symbol": "Cu", "massG": lot["cu_mass_g"]},
        "origins": [{"country": "CL", "massG": lot["cu_mass_g"]}],
        "footprint": footprint(
            lot["co2e_g"],
            lot["pcf_g_per_kg_dry"],
            period=SECOND_QUARTER
            if lot["produced"] >= SECOND_QUARTER[0]
            else ["2026-01-01", "2026-04-01"],
            allocation=allocation,
            primary=lot["primary_data_share_ppm"],
        ),
        "assay": assay_lines(lot["assay"]),
    }
    if "water" in lot:
        entry["water"] = {"withdrawalL": lot["water"]["withdrawal_l"], "metric": WATER_METRIC}
    if "parent" in lot:
        entry["parents"] = [{"issuer": lot["issuer"], "lotNumber": lot["parent"]}]
    return entry


class Chain:
    """The reference chain, and the shares that follow from it."""

    def __init__(self, reference: dict[str, Any]) -> None:
        self.reference = reference
        self.lots = reference["lots"]
        self.step = {step["event"]: step for step in reference["steps"]}
        self.concentrates = {lot["lot_id"]: lot for lot in self.lots["concentrate"]}
        ledger = reference["credit_ledger"]
        self.known_origin = Fraction(ledger["certified_cu_in_g"], ledger["total_cu_in_g"])
        self.primary = self._primary_shares()

    def _primary_shares(self) -> dict[str, Fraction]:
        """Emission-weighted; processes are primary, transport and bought-in goods are not."""
        smelt, refine, draw, cable = (self.step[event] for event in ("E04", "E05", "E07", "E08"))
        carried = sum(
            Fraction(
                self.concentrates[lot]["co2e_g"] * self.concentrates[lot]["primary_data_share_ppm"],
                PPM,
            )
            for lot in smelt["inputs"]
        )
        anode = (carried + sum(smelt["process_emissions_g"].values())) / smelt["total_g"]
        scrap = self.lots["anode_scrap"]["co2e_g"]
        rest = refine["total_g"] - scrap
        process = refine["process_emissions_g"]
        cathode = ((rest - process) * anode + process) / rest
        cathodes_g = draw["upstream_g"] - self.step["E06"]["co2e_g"]
        rod = (cathodes_g * cathode + draw["process_emissions_g"]) / draw["total_g"]
        copper_g = cable["upstream_copper_g"] * rod
        cable_share = (copper_g + cable["process_emissions_g"]) / cable["total_g"]
        return {"anode": anode, "cathode": cathode, "rod": rod, "cable": cable_share}

    def floor_ppm(self, product: str) -> int:
        """Primary share of a product's emissions, rounded down."""
        return int(self.primary[product] * PPM)

    def origins(self, copper_g: int) -> list[dict[str, Any]]:
        """The smelter's inputs, in proportion: what is certified is from Chile."""
        chile = copper_g * self.known_origin
        assert chile.denominator == 1, copper_g
        return [
            {"country": "CL", "massG": int(chile)},
            {"country": "ZZ", "massG": copper_g - int(chile)},
        ]


def product(
    chain: Chain,
    kind: str,
    lot: dict[str, Any],
    *,
    issuer: str,
    allocation: str,
    parents: list[dict[str, str]],
    hs_code: str,
    name: str,
) -> dict[str, Any]:
    produced = PRODUCED[kind]
    period = produced if kind in ("rod", "cable") else SECOND_QUARTER
    return {
        "lotNumbers": [lot["lot_id"]],
        "name": name,
        "productClass": {"rod": "copper-rod", "cable": "copper-cable"}.get(kind, f"copper-{kind}"),
        "hsCode": hs_code,
        "issuer": issuer,
        "site": SITE_OF[issuer],
        "producedFrom": produced[0],
        "producedBefore": produced[1],
        "massG": lot["net_mass_g"],
        "massBasis": "net",
        "metal": {"symbol": "Cu", "massG": lot["cu_mass_g"]},
        "origins": chain.origins(lot["cu_mass_g"]),
        "footprint": footprint(
            lot["co2e_g"],
            lot["pcf_g_per_kg"],
            period=period,
            allocation=allocation,
            primary=chain.floor_ppm(kind),
        ),
        "parents": parents,
    }


def cathode_series(chain: Chain) -> dict[str, Any]:
    """All cathode lots, which differ in nothing but their numbers, as one entry."""
    lots = chain.lots["cathode"]
    rest = chain.step["E05"]["allocation"]["of the rest"]
    anode = chain.lots["anode"]
    template = product(
        chain,
        "cathode",
        lots[0],
        issuer="refineria-bahia-serena",
        allocation="economic; returned anode scrap keeps what it inherited, of the rest "
        + ", ".join(f"{share} to {output}" for output, share in rest.items()),
        parents=[{"issuer": "fundicion-bahia-serena", "lotNumber": anode["lot_id"]}],
        hs_code=lots[0]["hs_code"],
        name="Copper cathode",
    )
    bundles = lots[0]["bundles"]
    masses = {bundle["net_mass_g"] for bundle in bundles}
    alike = ("hs_code", "brand", "grade", "net_mass_g", "cu_mass_g", "pcf_g_per_kg", "co2e_g")
    for lot in lots:
        assert all(lot[key] == lots[0][key] for key in alike), lot["lot_id"]
    assert len(masses) == 1
    passing = chain.reference["cathode_certificate_of_analysis"]["sample_pass"]
    return template | {
        "lotNumbers": [lot["lot_id"] for lot in lots],
        "bundles": {"count": len(bundles), "massG": masses.pop()},
        "brand": lots[0]["brand"],
        "grade": lots[0]["grade"],
        "assay": [
            {"analyte": element, "value": str(value), "unit": "mg/t"}
            for element, value in passing.items()
        ],
    }


def all_lots(chain: Chain) -> list[dict[str, Any]]:
    smelt, cable_step = chain.step["E04"], chain.step["E08"]
    mine = chain.step["E01"]["allocation"]
    by_id = chain.concentrates
    aurora = (
        f"{mine['method']}; {mine['AUR-CON-26-0417']} to copper concentrate, "
        f"{mine['molybdenite']} to molybdenite"
    )
    entries = [
        concentrate(by_id["AUR-CON-26-0417"], "Copper concentrate", aurora),
        concentrate(by_id["AUR-CON-26-0417-A"], "Copper concentrate, part A", aurora),
        concentrate(by_id["AUR-CON-26-0417-B"], "Copper concentrate, part B", aurora),
        concentrate(by_id["COR-CON-26-0309"], "Copper concentrate", "one product, none needed"),
    ]
    parents = [{"issuer": by_id[lot]["issuer"], "lotNumber": lot} for lot in smelt["inputs"]]
    allocation = smelt["allocation"]
    entries.append(
        product(
            chain,
            "anode",
            chain.lots["anode"],
            issuer="fundicion-bahia-serena",
            allocation=f"{allocation['method']}; {allocation['anode']} to anode, "
            f"{allocation['acid']} to sulphuric acid",
            parents=parents,
            hs_code="7402.00",
            name="Copper anode",
        )
    )
    entries.append(cathode_series(chain))
    drawn = [
        {"issuer": "refineria-bahia-serena", "lotNumber": lot}
        for lot in chain.step["E07"]["inputs"]
    ]
    entries.append(
        product(
            chain,
            "rod",
            chain.lots["rod"],
            issuer="nordwind-draht",
            allocation=chain.step["E07"]["allocation"],
            parents=drawn,
            hs_code=chain.lots["rod"]["hs_code"],
            name=chain.lots["rod"]["material"],
        )
    )
    rods = [
        {"issuer": "nordwind-draht", "lotNumber": taken["lot"]} for taken in cable_step["inputs"]
    ]
    entries.append(
        product(
            chain,
            "cable",
            chain.lots["cable"],
            issuer="kabelwerk-lindental",
            allocation="production scrap cut off (0 burden)",
            parents=rods,
            hs_code=chain.lots["cable"]["hs_code"],
            name="Automotive cable",
        )
    )
    return entries


def parties(reference: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody, with who votes and who is under one control."""
    return [
        party_entry(
            party,
            votes=party["id"] in VOTERS,
            control_group=CONTROL_GROUPS.get(party["id"], 0),
        )
        for party in reference["parties"]
    ]


def derive(reference: dict[str, Any]) -> dict[str, Any]:
    """The scenario file of the copper chain."""
    chain = Chain(reference)
    countries = [{"code": code, "name": name} for code, name in COUNTRIES.items()]
    return {
        "schema": SCHEMA,
        "title": "Copper: mine to cable, one campaign",
        "disclaimer": DISCLAIMER,
        "countries": [*countries, UNKNOWN_ORIGIN],
        "harmonizedSystem": HARMONIZED_SYSTEM,
        "parties": parties(reference),
        "sites": [
            {"id": site, "operator": operator, "name": name, "country": country}
            for site, (operator, name, country) in SITES.items()
        ],
        "lots": all_lots(chain),
    }
