"""Facility records, conformity credentials, traceability events and identity anchors (UNTP 0.7.0).

Each is built from a frozen value and the same ``Issuance``; what a value leaves out is left out of
the credential. Not checked here: ``rules.check_rules`` on the result does.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from veta.model.criteria import CriterionFinding
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Classification, DocumentLink, Issuance, Party, Site
from veta.statement.criteria import criterion_members
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
from veta.statement.passport import KILOGRAM, lot_identifier

_MICRODEGREES: Final = 6


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where a site can be reached."""

    street: str
    postal_code: str
    locality: str
    region: str


@dataclass(frozen=True, slots=True)
class FacilityRecord:
    """A site and who runs it."""

    issuer: Party
    site: Site
    address: PostalAddress
    processes: tuple[Classification, ...]
    latitude_microdegrees: int | None = None
    longitude_microdegrees: int | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A conformity attestation about a site or an organisation."""

    identifier: str
    """URI of the attestation."""
    name: str
    issuer: Party
    holder: Party
    scheme: tuple[str, str]
    """URI and name of the conformity scheme."""
    profile: tuple[str, str]
    """URI and name of the standard, with its version."""
    level: str | None
    """Achievement level reached, e.g. ``RMM-75``."""
    site: Site | None
    assessed_at_s: UnixSeconds
    topic: tuple[str, str]
    """URI and name of the conformity topic."""
    accreditation: tuple[str, Party] | None = None
    """Name of the accreditation, and who granted it."""
    evidence: DocumentLink | None = None
    criteria: tuple[CriterionFinding, ...] = ()
    """What was found criterion by criterion, under a ``profile`` that names a registered standard
    (``statement.criteria``); none: one assessment of the whole."""


@dataclass(frozen=True, slots=True)
class EventLot:
    """A lot that went in or came out."""

    issuer: str
    """DID."""
    lot_number: str
    name: str
    mass_g: int


@dataclass(frozen=True, slots=True)
class MakeEvent:
    """Lots became other lots at a site."""

    identifier: str
    """URI of the event."""
    name: str
    issuer: Party
    happened_at_s: UnixSeconds
    activity: Classification
    site: Site
    inputs: tuple[EventLot, ...]
    outputs: tuple[EventLot, ...]


@dataclass(frozen=True, slots=True)
class MoveEvent:
    """Lots went from one site to another."""

    identifier: str
    """URI of the event."""
    name: str
    issuer: Party
    happened_at_s: UnixSeconds
    activity: Classification
    lots: tuple[EventLot, ...]
    from_site: Site
    to_site: Site


@dataclass(frozen=True, slots=True)
class RegisteredIdentity:
    """An entry of an authoritative register."""

    issuer: Party
    subject: Party
    registered_id: str
    registered_on_s: UnixSeconds
    scheme: tuple[str, str]
    """URI and name of the identifier scheme."""
    register_type: str
    """``business``, ``facility``, ``product``, ``trademark``, ``land`` or ``accreditation``."""


def build_facility(record: FacilityRecord, issuance: Issuance) -> dict[str, Any]:
    """A DigitalFacilityRecord.

    Raises:
        InputError: ``statement.blind`` or ``instant.range``.
    """
    site = record.site
    location: dict[str, Any] = {}
    if record.latitude_microdegrees is not None and record.longitude_microdegrees is not None:
        location["geoLocation"] = {
            "latitude": _degrees(record.latitude_microdegrees),
            "longitude": _degrees(record.longitude_microdegrees),
        }
    subject: dict[str, Any] = {
        **_site_member(site),
        "countryOfOperation": country_member(site.country),
        "processCategory": [classification_member(process) for process in record.processes],
        "relatedParty": [{"role": "operator", "party": party_member(record.issuer)}],
        "locationInformation": location,
        "address": {
            "streetAddress": record.address.street,
            "postalCode": record.address.postal_code,
            "addressLocality": record.address.locality,
            "addressRegion": record.address.region,
            "addressCountry": country_member(site.country),
        },
    }
    return build_credential(
        "DigitalFacilityRecord",
        issuance=issuance,
        issuer=record.issuer,
        name=f"Facility record: {site.name}",
        subject=subject,
    )


def build_certificate(certificate: Certificate, issuance: Issuance) -> dict[str, Any]:
    """A DigitalConformityCredential of third-party certification.

    Raises:
        InputError: ``statement.blind`` or ``instant.range``.
    """
    subject: dict[str, Any] = {
        "type": ["ConformityAttestation"],
        "id": certificate.identifier,
        "name": certificate.name,
        "assessorLevel": "3rdParty",
        "assessmentLevel": "scheme-cab" if certificate.accreditation is None else "authority-peer",
        "attestationType": "certification",
        "issuedToParty": named_member(
            "Party", certificate.holder.identifier, certificate.holder.name
        ),
        "referenceScheme": named_member("ConformityScheme", *certificate.scheme),
        "referenceProfile": named_member("ConformityProfile", *certificate.profile),
        "conformityAssessment": _assessments(certificate),
    }
    if certificate.level is not None:
        subject["profileScore"] = {"code": certificate.level}
    if certificate.accreditation is not None:
        name, authority = certificate.accreditation
        authority_member = named_member("Party", authority.identifier, authority.name)
        subject["authorisation"] = [{"name": name, "issuingAuthority": authority_member}]
    if certificate.evidence is not None:
        subject["auditableEvidence"] = link_member(certificate.evidence)
    return build_credential(
        "DigitalConformityCredential",
        issuance=issuance,
        issuer=certificate.issuer,
        name=certificate.name,
        subject=subject,
    )


def build_make_event(event: MakeEvent, issuance: Issuance) -> dict[str, Any]:
    """A DigitalTraceabilityEvent with one MakeEvent.

    Raises:
        InputError: ``statement.blind``, ``statement.too_many_digits`` or ``instant.range``.
    """
    subject = {
        **_event_member("MakeEvent", event),
        "inputProduct": [_event_product(lot, "consumed") for lot in event.inputs],
        "outputProduct": [_event_product(lot, "new") for lot in event.outputs],
        "madeAtFacility": _site_member(event.site),
    }
    return _event_credential(event, subject, issuance)


def build_move_event(event: MoveEvent, issuance: Issuance) -> dict[str, Any]:
    """A DigitalTraceabilityEvent with one MoveEvent.

    Raises:
        InputError: ``statement.blind``, ``statement.too_many_digits`` or ``instant.range``.
    """
    subject = {
        **_event_member("MoveEvent", event),
        "movedProduct": [_event_product(lot, "inTransit") for lot in event.lots],
        "fromFacility": _site_member(event.from_site),
        "toFacility": _site_member(event.to_site),
    }
    return _event_credential(event, subject, issuance)


def build_identity(identity: RegisteredIdentity, issuance: Issuance) -> dict[str, Any]:
    """A DigitalIdentityAnchor.

    Raises:
        InputError: ``statement.blind`` or ``instant.range``.
    """
    subject = {
        "type": ["RegisteredIdentity"],
        "id": identity.subject.identifier,
        "registeredName": identity.subject.name,
        "registeredId": identity.registered_id,
        "registeredDate": write_instant(identity.registered_on_s)[:10],
        "idScheme": named_member("IdentifierScheme", *identity.scheme),
        "registrar": named_member("Party", identity.issuer.identifier, identity.issuer.name),
        "registerType": identity.register_type,
    }
    return build_credential(
        "DigitalIdentityAnchor",
        issuance=issuance,
        issuer=identity.issuer,
        name=f"Identity anchor: {identity.subject.name}",
        subject=subject,
    )


def _assessments(certificate: Certificate) -> list[dict[str, Any]]:
    if not certificate.criteria:
        performance = {"score": {"code": certificate.level or "conforms"}}
        whole = {
            "assessmentCriteria": [named_member("Criterion", *certificate.profile)],
            "assessedPerformance": [performance],
            "conformance": True,
        }
        return [_assessment(certificate, "assessment", certificate.profile[1], whole)]
    return [
        _assessment(certificate, f"C{place}", each.criterion, criterion_members(each))
        for place, each in enumerate(certificate.criteria, start=1)
    ]


def _assessment(
    certificate: Certificate, place: str, name: str, found: dict[str, Any]
) -> dict[str, Any]:
    member: dict[str, Any] = {
        "type": ["ConformityAssessment"],
        "id": f"{certificate.identifier}#{place}",
        "name": name,
        "assessmentDate": write_instant(certificate.assessed_at_s)[:10],
        "conformityTopic": [named_member("ConformityTopic", *certificate.topic)],
        **found,
    }
    if certificate.site is None:
        member["assessedOrganisation"] = named_member(
            "Party", certificate.holder.identifier, certificate.holder.name
        )
    else:
        member["assessedFacility"] = [{"facility": _site_member(certificate.site)}]
    return member


def _event_member(tag: str, event: MakeEvent | MoveEvent) -> dict[str, Any]:
    return {
        "type": [tag, "LifecycleEvent"],
        "id": event.identifier,
        "name": event.name,
        "eventDate": write_instant(event.happened_at_s),
        "activityType": classification_member(event.activity),
    }


def _event_credential(
    event: MakeEvent | MoveEvent, subject: dict[str, Any], issuance: Issuance
) -> dict[str, Any]:
    return build_credential(
        "DigitalTraceabilityEvent",
        issuance=issuance,
        issuer=event.issuer,
        name=event.name,
        subject=[subject],
    )


def _event_product(lot: EventLot, disposition: str) -> dict[str, Any]:
    product: dict[str, Any] = named_member(
        "Product", lot_identifier(lot.issuer, lot.lot_number), lot.name
    )
    product |= {"batchNumber": lot.lot_number, "idGranularity": "batch"}
    quantity = {"value": shifted(lot.mass_g, 3), "unit": KILOGRAM}
    return {"product": product, "quantity": quantity, "disposition": disposition}


def _site_member(site: Site) -> dict[str, Any]:
    member = named_member("Facility", site.identifier, site.name)
    if site.registered_id is not None:
        member["registeredId"] = site.registered_id
    return member


def _degrees(microdegrees: int) -> int | Decimal:
    return shifted(microdegrees, _MICRODEGREES)
