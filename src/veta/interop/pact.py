"""PACT v3 product footprints, written from a lot's whole base units.

PACT writes decimals as texts in kilograms; each is made exactly from the integer that counts. The
document's canonical octets (RFC 8785) are what a passport links by digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from veta import canonical
from veta.errors import InputError
from veta.interop.digests import digest_multibase
from veta.model.identifiers import UnixSeconds
from veta.model.lot import DocumentLink, LotCertificate, LotFootprint

SPEC_VERSION: Final = "3.0.0"
MEDIA_TYPE: Final = "application/json"

_UNRESERVED: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
_DECLARED_UNIT: Final = "kilogram"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FootprintIssue:
    """What is decided when a product footprint is written, beside the lot itself."""

    footprint_id: str
    """UUID, fresh for every version."""
    created_s: UnixSeconds
    exempted_ppm: int = 0
    """Emissions that were left out, of all emissions."""
    preceding_ids: tuple[str, ...] = ()
    """UUIDs of the footprints that this one replaces."""


def build_product_footprint(lot: LotCertificate, issue: FootprintIssue) -> dict[str, Any]:
    """The PACT v3 ProductFootprint of a lot of metal.

    All emissions are stated as fossil and no carbon as contained: a lot of metal takes up none.

    Raises:
        InputError: ``pact.no_footprint``, ``pact.declared_unit`` or ``pact.range``.
    """
    footprint = lot.footprint
    if footprint is None:
        raise InputError("pact.no_footprint", "the lot states no footprint")
    domain = lot.issuer.identifier.removeprefix("did:web:")
    document: dict[str, Any] = {
        "id": issue.footprint_id,
        "specVersion": SPEC_VERSION,
        "created": _instant(issue.created_s),
        "status": "Active",
        "companyName": lot.issuer.name,
        "companyIds": [f"urn:pact:{_encoded(domain)}:company:self"],
        "productDescription": f"{lot.name}, lot {lot.lot_number}",
        "productIds": [f"urn:pact:{_encoded(domain)}:product-id:{_encoded(lot.lot_number)}"],
        "productClassifications": _classifications(lot),
        "productNameCompany": lot.name,
        "pcf": _carbon_footprint(lot, footprint, issue),
    }
    if not document["productClassifications"]:
        del document["productClassifications"]
    if issue.preceding_ids:
        document["precedingPfIds"] = list(issue.preceding_ids)
    return document


def footprint_link(document: dict[str, Any], url: str) -> DocumentLink:
    """A link to a product footprint, bound to the digest of its canonical octets.

    Raises:
        InputError: ``canonical.*``: the document has no canonical form.
    """
    digest = digest_multibase(canonical.write(document))
    return DocumentLink(url, "PACT product footprint", digest, MEDIA_TYPE)


def decimal_text(value: int, places: int) -> str:
    """``value / 10**places`` as a decimal text, exactly, without exponent or trailing zeros."""
    scale: int = 10**places
    whole, rest = divmod(abs(value), scale)
    text = f"{whole}.{rest:0{places}d}".rstrip("0") if rest else str(whole)
    return f"-{text}" if value < 0 else text


def _carbon_footprint(
    lot: LotCertificate, footprint: LotFootprint, issue: FootprintIssue
) -> dict[str, Any]:
    if footprint.declared_unit != _DECLARED_UNIT:
        raise InputError("pact.declared_unit", f"the declared unit must be {_DECLARED_UNIT}")
    kilograms = decimal_text(footprint.co2e_g_per_kg, 3)
    return {
        "declaredUnitOfMeasurement": footprint.declared_unit,
        "declaredUnitAmount": "1",
        "productMassPerDeclaredUnit": "1",
        "referencePeriodStart": _instant(footprint.period_from_s),
        "referencePeriodEnd": _instant(footprint.period_to_s),
        "geographyCountry": lot.site.country.code,
        "boundaryProcessesDescription": footprint.boundary,
        "pcfExcludingBiogenicUptake": kilograms,
        "pcfIncludingBiogenicUptake": kilograms,
        "fossilGhgEmissions": kilograms,
        "fossilCarbonContent": "0",
        "ipccCharacterizationFactors": [footprint.gwp_set],
        "crossSectoralStandards": list(footprint.standards),
        "exemptedEmissionsPercent": decimal_text(issue.exempted_ppm, 4),
        "allocationRulesDescription": footprint.allocation,
        "primaryDataShare": decimal_text(footprint.primary_share_ppm, 4),
        "packagingEmissionsIncluded": False,
    }


def _classifications(lot: LotCertificate) -> list[str]:
    if lot.hs_code is None:
        return []
    return [f"urn:pact:productclassification:hs:{_encoded(lot.hs_code)}"]


def _encoded(text: str) -> str:
    return "".join(
        chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in text.encode()
    )


def _instant(seconds: UnixSeconds) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise InputError("pact.range", "a time is after the year 9999") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
