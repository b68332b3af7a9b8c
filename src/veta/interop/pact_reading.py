"""PACT v3 product footprints as they come from others: mandatory members, exact decimals.

Written from the PACT Technical Specifications v3 (sections ProductFootprint and CarbonFootprint);
tests hold it against the official schema and examples. Decimals are texts in PACT and stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from veta import canonical
from veta.errors import InputError
from veta.model.identifiers import UnixSeconds

_G_PER_KG: Final = 1_000
_PPM_PER_CENT: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?", re.ASCII)
_VERSION: Final = re.compile(r"3\.[0-9]+\.[0-9]+(?:-[0-9]{8})?", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_URN: Final = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[!-~]{1,1024}", re.ASCII)
_UNITS: Final = frozenset(
    {
        "liter",
        "kilogram",
        "cubic meter",
        "kilowatt hour",
        "megajoule",
        "ton kilometer",
        "square meter",
        "piece",
        "hour",
        "megabit second",
    }
)


@dataclass(frozen=True, slots=True)
class ReadFootprint:
    """A partner's footprint, in whole base units."""

    footprint_id: str
    company: str
    product_ids: tuple[str, ...]
    declared_unit: str
    co2e_g_per_kg: int
    """Without biogenic uptake, per kilogram of product; never below what was written."""
    exact: bool
    """It is a whole number of grams per kilogram."""
    period_from_s: UnixSeconds
    period_to_s: UnixSeconds
    gwp_sets: tuple[str, ...]
    standards: tuple[str, ...]
    exempted_ppm: int
    boundary: str | None
    allocation: str | None
    primary_share_ppm: int | None
    """``None`` where it is not stated: unknown, not 0."""


def read_product_footprint(octets: bytes) -> ReadFootprint:
    """One ProductFootprint.

    Raises:
        InputError: ``canonical.*``; ``pact.malformed`` with the member: a mandatory one is missing
            or is none; ``pact.no_mass``: the declared unit has no mass, so that nothing per
            kilogram follows.
    """
    document = canonical.read_object(octets, canonical.FOREIGN)
    _matching(document, "specVersion", _VERSION, "a version 3.x.y")
    if document.get("status") not in {"Active", "Deprecated"}:
        _refuse("status", "is Active or Deprecated")
    _instant(document, "created")
    for name in ("productDescription", "productNameCompany"):
        _text(document, name)
    _urns(document, "companyIds")
    pcf = document.get("pcf")
    if not isinstance(pcf, dict):
        _refuse("pcf", "is missing")
    co2e = _co2e_g_per_kg(pcf)
    whole = int(co2e) if co2e == int(co2e) else int(co2e) + 1
    share = _decimal(pcf, "primaryDataShare") if "primaryDataShare" in pcf else None
    return ReadFootprint(
        footprint_id=_matching(document, "id", _UUID, "a UUID"),
        company=_text(document, "companyName"),
        product_ids=_urns(document, "productIds"),
        declared_unit=_unit(pcf),
        co2e_g_per_kg=whole,
        exact=co2e == whole,
        period_from_s=_instant(pcf, "referencePeriodStart"),
        period_to_s=_instant(pcf, "referencePeriodEnd"),
        gwp_sets=_texts(pcf, "ipccCharacterizationFactors"),
        standards=_texts(pcf, "crossSectoralStandards"),
        exempted_ppm=int(_decimal(pcf, "exemptedEmissionsPercent") * _PPM_PER_CENT),
        boundary=_optional(pcf, "boundaryProcessesDescription"),
        allocation=_optional(pcf, "allocationRulesDescription"),
        primary_share_ppm=None if share is None else int(share * _PPM_PER_CENT),
    )


def _co2e_g_per_kg(pcf: Mapping[str, Any]) -> Decimal:
    """Kg CO2e of a declared unit, over the kilograms of product in it."""
    for name in ("pcfIncludingBiogenicUptake", "fossilGhgEmissions", "fossilCarbonContent"):
        _decimal(pcf, name)
    if _decimal(pcf, "declaredUnitAmount") <= 0:
        _refuse("declaredUnitAmount", "is above 0")
    mass_kg = _decimal(pcf, "productMassPerDeclaredUnit")
    if mass_kg <= 0:
        raise InputError("pact.no_mass", "a declared unit without mass gives nothing per kilogram")
    co2e = _decimal(pcf, "pcfExcludingBiogenicUptake")
    if co2e < 0:
        _refuse("pcfExcludingBiogenicUptake", "is 0 or more")
    return co2e * _G_PER_KG / mass_kg


def _unit(pcf: Mapping[str, Any]) -> str:
    unit = _text(pcf, "declaredUnitOfMeasurement")
    if unit not in _UNITS:
        _refuse("declaredUnitOfMeasurement", "is no unit of the standard")
    return unit


def _decimal(members: Mapping[str, Any], name: str) -> Decimal:
    value = members.get(name)
    if not isinstance(value, str) or _DECIMAL.fullmatch(value) is None:
        _refuse(name, "is a decimal in a text")
    return Decimal(value)


def _instant(members: Mapping[str, Any], name: str) -> UnixSeconds:
    try:
        moment = datetime.fromisoformat(_text(members, name))
    except ValueError:
        _refuse(name, "is an RFC 3339 time")
    if moment.tzinfo is None or moment < _EPOCH:
        _refuse(name, "is an RFC 3339 time with its zone, from 1970 on")
    return UnixSeconds((moment - _EPOCH) // timedelta(seconds=1))


def _matching(members: Mapping[str, Any], name: str, form: re.Pattern[str], noun: str) -> str:
    text = _text(members, name)
    if form.fullmatch(text) is None:
        _refuse(name, f"is {noun}")
    return text


def _urns(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _texts(members, name)
    if any(_URN.fullmatch(each) is None for each in found):
        _refuse(name, "has URNs only")
    return found


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        _refuse(name, "is a list of one text or more")
    return tuple(value)


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        _refuse(name, "is missing")
    return value


def _optional(members: Mapping[str, Any], name: str) -> str | None:
    return _text(members, name) if name in members else None


def _refuse(name: str, words: str) -> NoReturn:
    raise InputError("pact.malformed", f"{name} {words}")
