"""Certifying a lot: its passport, and the product footprint that the passport binds by digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from veta import canonical
from veta.interop.pact import FootprintIssue, build_product_footprint, footprint_link
from veta.model.lot import DocumentLink, Issuance, LotCertificate
from veta.statement.passport import build_passport


@dataclass(frozen=True, slots=True)
class LotPapers:
    """What is signed about a lot, and what is published beside it."""

    passport: dict[str, Any]
    """Ready to be signed."""
    footprint: bytes | None
    """Canonical octets of the PACT ProductFootprint; to be published at ``footprint_url``."""
    footprint_url: str | None


def certify_lot(lot: LotCertificate, issuance: Issuance, *, footprint_id: str) -> LotPapers:
    """The papers of a lot, in agreement with each other.

    Args:
        lot: what the issuer states.
        issuance: id, validity and blind of the passport.
        footprint_id: UUID for the product footprint, fresh for every version; unused if the lot
            states none.

    Raises:
        InputError: as ``build_passport`` and ``build_product_footprint``.
    """
    if lot.footprint is None:
        return LotPapers(build_passport(lot, issuance), None, None)
    issue = FootprintIssue(footprint_id, created_s=issuance.valid_from_s)
    document = build_product_footprint(lot, issue)
    link: DocumentLink = footprint_link(document, footprint_url(lot, footprint_id))
    return LotPapers(build_passport(lot, issuance, link), canonical.write(document), link.url)


def footprint_url(lot: LotCertificate, footprint_id: str) -> str:
    """Where the issuer publishes a footprint: under its own domain, or by its UUID alone."""
    identifier = lot.issuer.identifier
    if not identifier.startswith("did:web:"):
        return f"urn:uuid:{footprint_id}"
    domain = identifier.removeprefix("did:web:").replace(":", "/")
    return f"https://{domain}/footprints/{footprint_id}.json"
