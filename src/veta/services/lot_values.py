"""What a lot's own documents say of what a regulation asks: a start of its values file.

Only what is there: a field that the passport and the trail do not tell stays without a value, and
the profile names it as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from veta.claims.indicators import IndicatorCatalogue, IndicatorValue
from veta.model.trail import Trail, TrailKind
from veta.services.claims_files import VALUES
from veta.statement.credential import Credential
from veta.statement.metal_lot import metal_lot_of

_NOBODY_S: Final = re.compile(r"AA|Q[M-Z]|X[A-Z]|ZZ|None")
"""Codes that ISO 3166-1 leaves to its users: of no country."""
_UNITS: Final = {"material_quantity_g": "g", "pcf_g_per_kg": "g/kg"}


def values_of_lot(credential: Credential, trail: Trail | None) -> dict[str, IndicatorValue]:
    """Indicator values that a lot's passport and trail tell.

    Args:
        credential: its passport, which keeps the rules.
        trail: its steps; ``None``: the lot is not on the chain as followed.
    """
    product = credential.subject
    lot = metal_lot_of(credential) or {}
    found: dict[str, Any] = {
        "material_name": product.get("name"),
        "material_type": lot.get("grade") or lot.get("productClass"),
        "supplier_name": credential.issuer.name,
        "origin_countries": _countries(product),
        "material_quantity_g": lot.get("massG"),
        "pcf_g_per_kg": _footprint(lot).get("co2eGPerKg"),
    }
    if trail is not None:
        sales = [step for step in trail.steps if step.kind is TrailKind.SALE]
        found["market_transactions"] = tuple(dict.fromkeys(step.identifier for step in sales))
        found["actors"] = _actors(trail)
    return {
        name: IndicatorValue(value, _UNITS.get(name, ""))
        for name, value in found.items()
        if value not in (None, "", ())
    }


def values_document(
    lot: str, values: Mapping[str, IndicatorValue], catalogue: IndicatorCatalogue
) -> dict[str, Any]:
    """The values as a ``veta-indicator-values/1`` file, to be completed by hand.

    Raises:
        InputError: ``claims.unknown_indicator``, ``claims.value_kind``, ``claims.other_unit``.
    """
    rows = []
    for name, found in values.items():
        value = catalogue.check(name, found)
        row: dict[str, Any] = {
            "indicator": name,
            "value": list(value) if isinstance(value, tuple) else value,
        }
        rows.append(row | ({"unit": found.unit} if found.unit else {}))
    return {"schema": VALUES, "subject": {"kind": "lot", "id": lot}, "values": rows}


def _countries(product: Mapping[str, Any]) -> tuple[str, ...]:
    origins: Iterable[Any] = product.get("materialProvenance", ())
    codes = {str(each.get("originCountry", {}).get("countryCode")) for each in origins}
    if any(_NOBODY_S.fullmatch(code) for code in codes):
        return ()  # part of it is of an unknown place: that is no country of origin
    return tuple(sorted(codes))


def _footprint(lot: Mapping[str, Any]) -> Mapping[str, Any]:
    found = lot.get("footprint")
    return found if isinstance(found, dict) else {}


def _actors(trail: Trail) -> tuple[str, ...]:
    people = (party for step in trail.steps for party in (step.by, step.to))
    return tuple(dict.fromkeys(party for party in people if party is not None))
