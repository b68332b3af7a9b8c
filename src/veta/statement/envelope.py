"""The members that every credential Veta issues has."""

from __future__ import annotations

from typing import Any

from veta.model.lot import Classification, Country, DocumentLink, Issuance, Party
from veta.statement.credential import (
    CREDENTIAL_TYPE,
    UNTP_CONTEXT,
    VETA_CONTEXT,
    W3C_CONTEXT,
    write_blind,
)
from veta.statement.instants import write_instant


def build_credential(
    type_name: str, *, issuance: Issuance, issuer: Party, name: str, subject: object
) -> dict[str, Any]:
    """A credential of one type: contexts in order, issuer, validity, name, subject, blind.

    Raises:
        InputError: ``statement.blind`` or ``instant.range``.
    """
    credential: dict[str, Any] = {
        "type": [type_name, CREDENTIAL_TYPE],
        "@context": [W3C_CONTEXT, UNTP_CONTEXT, VETA_CONTEXT],
        "id": issuance.credential_id,
        "issuer": {"type": ["CredentialIssuer"], "id": issuer.identifier, "name": issuer.name},
        "validFrom": write_instant(issuance.valid_from_s),
        "name": name,
        "credentialSubject": subject,
        "blind": write_blind(issuance.blind),
    }
    if issuance.valid_until_s is not None:
        credential["validUntil"] = write_instant(issuance.valid_until_s)
    return credential


def country_member(country: Country) -> dict[str, Any]:
    """UNTP ``Country``."""
    return {"countryCode": country.code, "countryName": country.name}


def classification_member(classification: Classification) -> dict[str, Any]:
    """UNTP ``Classification``."""
    return {
        "code": classification.code,
        "name": classification.name,
        "schemeId": classification.scheme_id,
        "schemeName": classification.scheme_name,
    }


def link_member(link: DocumentLink) -> dict[str, Any]:
    """UNTP ``Link``, bound to the document's octets."""
    return {
        "linkURL": link.url,
        "linkName": link.name,
        "digestMultibase": link.digest_multibase,
        "mediaType": link.media_type,
    }


def party_member(party: Party) -> dict[str, Any]:
    """UNTP ``Party``."""
    member: dict[str, Any] = {"type": ["Party"], "id": party.identifier, "name": party.name}
    if party.country is not None:
        member["registrationCountry"] = country_member(party.country)
    return member


def named_member(tag: str, identifier: str, name: str) -> dict[str, Any]:
    """Anything of the standard that is an ``id`` with a ``name``."""
    return {"type": [tag], "id": identifier, "name": name}
