"""Definitions of common metrics, and the catalogue that values are read against.

A consortium registers its own beside these. A definition is named by its digest: two texts under
one metric id are two definitions, and both stay readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from veta.errors import InputError
from veta.evidence.metrics import Definition, MetricKind
from veta.model.identifiers import Digest

Catalogue: TypeAlias = Mapping[str, Mapping[Digest, Definition]]
"""Definitions by metric id and digest."""

_GRI_303: Final = "GRI 303: Water and Effluents 2018, disclosure 303-"
_SCOPE_2: Final = "GHG Protocol Scope 2 Guidance (2015), chapter 4; GRI 305-2 (2016)"

STANDARD: Final[tuple[Definition, ...]] = (
    Definition(
        "water.withdrawal", MetricKind.WATER_WITHDRAWAL, "m3",
        "Water drawn from surface, ground, sea, third parties or produced with the ore, brine and "
        "water used again inside the boundary excluded.",
        _GRI_303 + "3",
    ),
    Definition(
        "water.discharge", MetricKind.WATER_DISCHARGE, "m3",
        "Effluents, used and unused water released across the boundary.",
        _GRI_303 + "4",
    ),
    Definition(
        "water.consumption", MetricKind.WATER_CONSUMPTION, "m3",
        "Withdrawal less discharge of the same boundary and period.",
        _GRI_303 + "5",
    ),
    Definition(
        "water.withdrawal-intensity", MetricKind.WATER_WITHDRAWAL, "m3/t",
        "Water drawn per tonne of contained metal in the product.",
        _GRI_303 + "3, per contained metal", "water.withdrawal", "t of contained metal produced",
    ),
    Definition(
        "brine.abstraction", MetricKind.BRINE_ABSTRACTION, "m3",
        "Brine pumped, reinjected brine not taken off. Never part of water.",
        "SASB Metals & Mining and permit practice of the Salar de Atacama",
    ),
    Definition(
        "electricity.used", MetricKind.ENERGY, "MWh",
        "Electricity used inside the boundary, own generation included.",
        "GRI 302-1 (2016)",
    ),
    Definition(
        "electricity.renewable-share", MetricKind.SHARE, "%",
        "Share of electricity for which a certificate was retired for this site and period.",
        "GHG Protocol Scope 2 Guidance (2015), chapter 7",
        "MWh covered by retired certificates", "MWh of electricity used",
    ),
    Definition(
        "energy.solar-share", MetricKind.SHARE, "%",
        "Share of all energy that comes from the sun, evaporation in ponds included.",
        "producers' sustainability reports", "solar heat in ponds and solar electricity",
        "all energy: fuels, electricity and solar heat in ponds",
    ),
    Definition(
        "ghg.scope1", MetricKind.EMISSIONS, "t CO2e", "Direct emissions, GWP100 AR6.",
        "GHG Protocol Corporate Standard (2004), chapter 4; GRI 305-1 (2016)",
    ),
    Definition(
        "ghg.scope2-location", MetricKind.EMISSIONS_LOCATION, "t CO2e",
        "Emissions of electricity used, by the average factor of the grid.", _SCOPE_2,
    ),
    Definition(
        "ghg.scope2-market", MetricKind.EMISSIONS_MARKET, "t CO2e",
        "Emissions of electricity used, by retired certificates, else by the grid.", _SCOPE_2,
    ),
    Definition(
        "air.pm10", MetricKind.AIR_QUALITY, "t", "Particulate matter of at most 10 um emitted.",
        "GRI 305-7 (2016)",
    ),
)  # fmt: skip


def catalogue_of(definitions: Iterable[Definition]) -> Catalogue:
    """A catalogue.

    Raises:
        InputError: ``evidence.definition_twice``.
    """
    found: dict[str, dict[Digest, Definition]] = {}
    for definition in definitions:
        versions = found.setdefault(definition.metric, {})
        if definition.digest in versions:
            message = f"{definition.metric} is defined twice in the same words"
            raise InputError("evidence.definition_twice", message)
        versions[definition.digest] = definition
    return MappingProxyType({name: MappingProxyType(each) for name, each in found.items()})


def definition_of(catalogue: Catalogue, metric: str, digest: str) -> Definition:
    """The definition that a value names.

    Args:
        catalogue: of registered definitions.
        metric: identifier.
        digest: of the definition, 64 lower-case hexadecimal digits.

    Raises:
        InputError: ``evidence.unknown_metric``, ``evidence.unknown_definition``.
    """
    versions = catalogue.get(metric)
    if versions is None:
        raise InputError("evidence.unknown_metric", f"{metric[:80]!r} is no registered metric")
    for known, definition in versions.items():
        if known.hex() == digest:
            return definition
    raise InputError(
        "evidence.unknown_definition",
        f"{metric} has no registered definition of digest {digest[:64]!r}",
    )
