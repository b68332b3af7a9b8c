"""Lot passports: UNTP DigitalProductPassports of batch granularity, from a lot certificate.

UNTP's own members are filled from whole base units; the units themselves stand in the standard's
extension point ``characteristics`` as a ``MetalLot``. Both say the same, and
``veta.statement.rules`` refuses a passport in which they do not.
"""

from __future__ import annotations

from typing import Any, Final

from veta.model.identifiers import UnixSeconds
from veta.model.lot import (
    Classification,
    DocumentLink,
    Issuance,
    LotCertificate,
    LotFootprint,
    MetalOrigin,
    ParentLot,
    WaterUse,
)
from veta.statement.decimals import shifted
from veta.statement.envelope import (
    build_credential,
    classification_member,
    country_member,
    link_member,
    named_member,
    party_member,
)
from veta.statement.instants import write_instant

PASSPORT_TYPE: Final = "DigitalProductPassport"
METAL_LOT: Final = "MetalLot"
METAL_LOT_SCHEMA: Final = "veta-metal-lot/1"

FOOTPRINT_METRIC: Final = (
    "https://vocabulary.uncefact.org/performance-metrics/product-carbon-footprint"
)
WATER_METRIC: Final = "https://vocabulary.uncefact.org/performance-metrics/total-water-withdrawal"
KILOGRAM: Final = "KGM"
CUBIC_METRE: Final = "MTQ"
"""UNECE Recommendation 20 unit codes."""

_LOT_SCHEME: Final = ("https://veta.example/id-scheme/lot", "Lot numbers under their issuer")
_FOOTPRINT_TOPIC: Final = (
    "https://vocabulary.uncefact.org/conformity-topics/greenhouse-gas-emissions",
    "Greenhouse Gas Emissions",
)
_WATER_TOPIC: Final = (
    "https://vocabulary.uncefact.org/conformity-topics/water-conservation",
    "Water Conservation",
)
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")
_PPM_PLACES: Final = 6


def lot_identifier(issuer: str, lot_number: str) -> str:
    """DID of a lot under its issuer's: ``<issuer DID>:lot:<number>``, percent-encoded."""
    encoded = "".join(
        chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in lot_number.encode()
    )
    return f"{issuer}:lot:{encoded}"


def fraction_ppm(part_g: int, whole_g: int) -> int:
    """Parts per million, rounded down: how a mass fraction is written."""
    return part_g * 1_000_000 // whole_g


def build_passport(
    lot: LotCertificate, issuance: Issuance, footprint_document: DocumentLink | None = None
) -> dict[str, Any]:
    """The passport of a lot.

    Not checked: whether the figures make sense; ``rules.check_rules`` on the result does.

    Args:
        lot: what the issuer states.
        issuance: id, validity and blind of this statement.
        footprint_document: the PACT ProductFootprint that explains the footprint.

    Returns:
        A credential as plain JSON values, numbers as ``int`` or ``Decimal``.

    Raises:
        InputError: ``statement.blind``, ``statement.too_many_digits`` or ``instant.range``.
    """
    return build_credential(
        PASSPORT_TYPE,
        issuance=issuance,
        issuer=lot.issuer,
        name=f"Lot passport {lot.lot_number}: {lot.name}",
        subject=_product(lot, issuance, footprint_document),
    )


def _product(
    lot: LotCertificate, issuance: Issuance, document: DocumentLink | None
) -> dict[str, Any]:
    identifier = lot_identifier(lot.issuer.identifier, lot.lot_number)
    claim_date = _day(issuance.valid_from_s)
    claims = []
    if lot.footprint is not None:
        claims.append(_footprint_claim(identifier, lot.footprint, claim_date, document))
    if lot.water is not None:
        claims.append(_water_claim(identifier, lot.water, claim_date))
    product: dict[str, Any] = {
        "type": ["Product"],
        "id": identifier,
        "name": lot.name,
        "idScheme": named_member("IdentifierScheme", *_LOT_SCHEME),
        "batchNumber": lot.lot_number,
        "idGranularity": "batch",
        "characteristics": metal_lot_member(lot),
        "productCategory": [classification_member(lot.category)],
        "relatedParty": [{"role": "producer", "party": party_member(lot.issuer)}],
        "producedAtFacility": _facility(lot),
        "productionDate": _day(UnixSeconds(lot.produced_to_s - 1)),
        "countryOfProduction": country_member(lot.site.country),
        "dimensions": {"weight": _measure(lot.mass_g, 3, KILOGRAM)},
        "materialProvenance": [_material(lot, origin) for origin in lot.origins],
    }
    if document is not None:
        product["relatedDocument"] = [link_member(document)]
    if claims:
        product["performanceClaim"] = claims
    return product


def _facility(lot: LotCertificate) -> dict[str, Any]:
    member = named_member("Facility", lot.site.identifier, lot.site.name)
    if lot.site.registered_id is not None:
        member["registeredId"] = lot.site.registered_id
    return member


def _material(lot: LotCertificate, origin: MetalOrigin) -> dict[str, Any]:
    return {
        "name": origin.substance,
        "originCountry": country_member(origin.country),
        "materialType": classification_member(_substance(origin.substance, lot.category)),
        "massFraction": shifted(fraction_ppm(origin.mass_g, lot.mass_g), _PPM_PLACES),
        "mass": _measure(origin.mass_g, 3, KILOGRAM),
    }


def _substance(symbol: str, category: Classification) -> Classification:
    """The category the contained metal came in: the lot's own, named for the substance."""
    return Classification(
        category.code, f"{symbol} in {category.name}", category.scheme_id, category.scheme_name
    )


def _footprint_claim(
    identifier: str, footprint: LotFootprint, claim_date: str, document: DocumentLink | None
) -> dict[str, Any]:
    claim = _claim(
        f"{identifier}#product-carbon-footprint",
        "Product carbon footprint",
        claim_date=claim_date,
        metric=(FOOTPRINT_METRIC, "Product Carbon Footprint"),
        measure=_measure(footprint.co2e_g_per_kg, 3, KILOGRAM),
        topic=_FOOTPRINT_TOPIC,
    )
    claim["description"] = (
        f"kg CO2e per {footprint.declared_unit}, {footprint.boundary}, GWP100 {footprint.gwp_set}"
    )
    claim["applicablePeriod"] = {
        "startDate": _day(footprint.period_from_s),
        "endDate": _day(UnixSeconds(footprint.period_to_s - 1)),
    }
    if document is not None:
        claim["evidence"] = [link_member(document)]
    return claim


def _water_claim(identifier: str, water: WaterUse, claim_date: str) -> dict[str, Any]:
    return _claim(
        f"{identifier}#water-withdrawal",
        "Water withdrawal of the lot",
        claim_date=claim_date,
        metric=(water.metric, "Total Water Withdrawal"),
        measure=_measure(water.withdrawal_l, 3, CUBIC_METRE),
        topic=_WATER_TOPIC,
    )


def _claim(
    identifier: str,
    name: str,
    *,
    claim_date: str,
    metric: tuple[str, str],
    measure: dict[str, Any],
    topic: tuple[str, str],
) -> dict[str, Any]:
    criterion = ("https://veta.example/criteria/declared-quantity/v1", "Quantity as declared")
    performance = {"metric": named_member("PerformanceMetric", *metric), "measure": measure}
    return {
        "type": ["Claim"],
        "id": identifier,
        "name": name,
        "referenceCriteria": [named_member("Criterion", *criterion)],
        "claimDate": claim_date,
        "claimedPerformance": [performance],
        "conformityTopic": [named_member("ConformityTopic", *topic)],
    }


def metal_lot_member(lot: LotCertificate) -> dict[str, Any]:
    """The ``MetalLot`` of a lot: every quantity again, in whole base units."""
    member: dict[str, Any] = {
        "type": [METAL_LOT],
        "schema": METAL_LOT_SCHEMA,
        "productClass": lot.product_class,
        "massG": lot.mass_g,
        "massBasis": lot.mass_basis,
        "metal": [
            {"substance": content.substance, "massG": content.mass_g} for content in lot.metal
        ],
        "producedFromS": int(lot.produced_from_s),
        "producedToS": int(lot.produced_to_s),
    }
    texts = {"hsCode": lot.hs_code, "brand": lot.brand, "grade": lot.grade}
    member |= {name: text for name, text in texts.items() if text is not None}
    if lot.footprint is not None:
        member["footprint"] = _footprint_member(lot.footprint)
    if lot.water is not None:
        member["water"] = {"withdrawalL": lot.water.withdrawal_l, "metric": lot.water.metric}
    if lot.bundles:
        member["bundles"] = [{"number": b.number, "massG": b.mass_g} for b in lot.bundles]
    if lot.assay:
        member["assay"] = [
            {"analyte": line.analyte, "value": line.value, "unit": line.unit} for line in lot.assay
        ]
    if lot.marks:
        member["marks"] = [{"kind": mark.kind, "number": mark.number} for mark in lot.marks]
    if lot.parents:
        member["parents"] = [_parent_member(parent) for parent in lot.parents]
    return member


def _footprint_member(footprint: LotFootprint) -> dict[str, Any]:
    return {
        "co2eG": footprint.co2e_g,
        "co2eGPerKg": footprint.co2e_g_per_kg,
        "boundary": footprint.boundary,
        "declaredUnit": footprint.declared_unit,
        "periodFromS": int(footprint.period_from_s),
        "periodToS": int(footprint.period_to_s),
        "gwpSet": footprint.gwp_set,
        "standards": list(footprint.standards),
        "allocation": footprint.allocation,
        "primarySharePpm": footprint.primary_share_ppm,
    }


def _parent_member(parent: ParentLot) -> dict[str, Any]:
    member: dict[str, Any] = {"issuer": parent.issuer, "lotNumber": parent.lot_number}
    if parent.leaf is not None:
        member["leaf"] = parent.leaf.hex()
    return member


def _measure(value: int, places: int, unit: str) -> dict[str, Any]:
    return {"value": shifted(value, places), "unit": unit}


def _day(seconds: UnixSeconds) -> str:
    """Calendar date in UTC."""
    return write_instant(seconds)[:10]
