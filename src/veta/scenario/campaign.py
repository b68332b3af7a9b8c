"""The campaigns of the demo: who is there, and which lots they certify. Fictional.

The files beside this module are made by ``scripts/make-scenario``; here they become typed values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from veta import canonical
from veta.errors import ConfigError
from veta.model.consortium import Role
from veta.model.identifiers import UnixSeconds
from veta.model.lot import (
    AssayValue,
    Bundle,
    Classification,
    Country,
    LotCertificate,
    LotFootprint,
    MetalContent,
    MetalOrigin,
    ParentLot,
    Party,
    Site,
    WaterUse,
)

SCHEMA: Final = "veta-scenario/2"

_HARMONIZED_SYSTEM: Final = (
    "https://www.wcoomd.org/en/topics/nomenclature.aspx",
    "Harmonized System 2022",
)

_NO_METAL: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ScenarioParty:
    """A party of the scenario and its place in the consortium."""

    slug: str
    """Short name, also the host name in front of ``.example``."""
    party: Party
    roles: Role
    votes: bool
    control_group: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """Parties in the order they join, and lots in the order they come to be."""

    title: str
    disclaimer: str
    parties: tuple[ScenarioParty, ...]
    lots: tuple[LotCertificate, ...]

    def party(self, slug: str) -> ScenarioParty:
        """The party of a short name.

        Raises:
            KeyError: there is none.
        """
        return {party.slug: party for party in self.parties}[slug]

    def joined(self, other: Campaign) -> Campaign:
        """Both at once: a party or lot that is in both is there once, as it is here."""
        parties = {each.slug: each for each in (*other.parties, *self.parties)}
        known = {each.slug for each in self.parties}
        more = tuple(each for slug, each in parties.items() if slug not in known)
        return replace(self, parties=self.parties + more, lots=self.lots + other.lots)

    def lots_of(self, slug: str) -> tuple[LotCertificate, ...]:
        """Lots that a party certifies."""
        identifier = self.party(slug).party.identifier
        return tuple(lot for lot in self.lots if lot.issuer.identifier == identifier)

    def lot(self, lot_number: str) -> LotCertificate:
        """The lot of a number.

        Raises:
            KeyError: there is none.
        """
        return {lot.lot_number: lot for lot in self.lots}[lot_number]


def load_copper() -> Campaign:
    """Copper from the mine to the cable.

    Raises:
        ConfigError: ``config.scenario``: the file is not of the schema this version reads.
    """
    return _load("copper.json")


def load_lithium() -> Campaign:
    """Lithium from the salar to the cathode material of a battery.

    Raises:
        ConfigError: ``config.scenario``: the file is not of the schema this version reads.
    """
    return _load("lithium.json")


def _load(name: str) -> Campaign:
    members = canonical.read_object(files("veta.scenario").joinpath(name).read_bytes())
    if members.get("schema") != SCHEMA:
        raise ConfigError("config.scenario", f"the scenario file is not {SCHEMA}")
    reader = _Reader(members)
    return Campaign(
        title=reader.members["title"],
        disclaimer=reader.members["disclaimer"],
        parties=tuple(reader.parties.values()),
        lots=tuple(reader.lots()),
    )


class _Reader:
    """Resolves the short names inside the file."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.members = members
        self._countries = {
            entry["code"]: Country(entry["code"], entry["name"]) for entry in members["countries"]
        }
        self.parties = {entry["id"]: self._party(entry) for entry in members["parties"]}
        self._sites = {entry["id"]: self._site(entry) for entry in members["sites"]}

    def lots(self) -> Iterator[LotCertificate]:
        """All lots; a series of alike ones is written out."""
        for entry in self.members["lots"]:
            for number in entry["lotNumbers"]:
                yield self._lot(entry, number)

    def _party(self, entry: Mapping[str, Any]) -> ScenarioParty:
        roles = Role(0)
        for name in entry["roles"]:
            roles |= Role[name]
        party = Party(entry["did"], entry["name"], self._countries[entry["country"]])
        return ScenarioParty(entry["id"], party, roles, entry["votes"], entry["controlGroup"])

    def _site(self, entry: Mapping[str, Any]) -> Site:
        operator = self.parties[entry["operator"]].party
        return Site(
            identifier=f"{operator.identifier}:site:{entry['id']}",
            name=entry["name"],
            country=self._countries[entry["country"]],
            registered_id=entry["id"],
        )

    def _lot(self, entry: Mapping[str, Any], number: str) -> LotCertificate:
        water, bundles = entry.get("water"), entry.get("bundles")
        metal = entry.get("metal", _NO_METAL)
        return LotCertificate(
            lot_number=number,
            name=entry["name"],
            product_class=entry["productClass"],
            category=self._category(entry["hsCode"]),
            issuer=self.parties[entry["issuer"]].party,
            site=self._sites[entry["site"]],
            produced_from_s=_midnight(entry["producedFrom"]),
            produced_to_s=_midnight(entry["producedBefore"]),
            mass_g=entry["massG"],
            mass_basis=entry["massBasis"],
            metal=(MetalContent(metal["symbol"], metal["massG"]),) if "metal" in entry else (),
            origins=tuple(
                MetalOrigin(metal["symbol"], self._countries[origin["country"]], origin["massG"])
                for origin in entry.get("origins", ())
            ),
            footprint=_footprint(entry["footprint"]),
            water=None if water is None else WaterUse(water["withdrawalL"], water["metric"]),
            hs_code=entry["hsCode"],
            brand=entry.get("brand"),
            grade=entry.get("grade"),
            bundles=() if bundles is None else _bundles(number, bundles),
            assay=tuple(
                AssayValue(line["analyte"], line["value"], line["unit"])
                for line in entry.get("assay", ())
            ),
            parents=tuple(
                ParentLot(self.parties[parent["issuer"]].party.identifier, parent["lotNumber"])
                for parent in entry.get("parents", ())
            ),
        )

    def _category(self, hs_code: str) -> Classification:
        scheme_id, scheme_name = _HARMONIZED_SYSTEM
        return Classification(
            hs_code, self.members["harmonizedSystem"][hs_code], scheme_id, scheme_name
        )


def _footprint(entry: Mapping[str, Any]) -> LotFootprint:
    return LotFootprint(
        co2e_g=entry["co2eG"],
        co2e_g_per_kg=entry["co2eGPerKg"],
        boundary=entry["boundary"],
        declared_unit=entry["declaredUnit"],
        period_from_s=_midnight(entry["periodFrom"]),
        period_to_s=_midnight(entry["periodBefore"]),
        gwp_set=entry["gwpSet"],
        standards=tuple(entry["standards"]),
        allocation=entry["allocation"],
        primary_share_ppm=entry["primarySharePpm"],
    )


def _bundles(lot_number: str, bundles: Mapping[str, Any]) -> tuple[Bundle, ...]:
    return tuple(
        Bundle(f"{lot_number}-{index:02d}", bundles["massG"])
        for index in range(1, bundles["count"] + 1)
    )


def _midnight(day: str) -> UnixSeconds:
    """First second of a day, UTC."""
    return UnixSeconds(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()))
