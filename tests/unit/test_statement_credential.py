"""The typed view over a credential: who, when, what kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.statements import all_issued, passport, payload_of
from veta.errors import InputError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import FAR_FUTURE
from veta.statement.credential import (
    UNTP_CONTEXT,
    VETA_CONTEXT,
    W3C_CONTEXT,
    read_credential,
    view_credential,
    write_blind,
)

KINDS = {
    "passport": BatchKind.PASSPORT,
    "facility": BatchKind.FACILITY,
    "certificate": BatchKind.CERTIFICATE,
    "certificate_bare": BatchKind.CERTIFICATE,
    "make_event": BatchKind.EVENT,
    "move_event": BatchKind.EVENT,
    "identity": BatchKind.IDENTITY,
}
VC = "VerifiableCredential"


def refusal(**changes: Any) -> str:
    document = passport() | changes
    with pytest.raises(InputError) as refused:
        view_credential({name: value for name, value in document.items() if value is not ...})
    return refused.value.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": ...}, "statement.type"),
        ({"type": "DigitalProductPassport"}, "statement.type"),
        ({"type": []}, "statement.type"),
        ({"type": [VC]}, "statement.type"),
        ({"type": ["DigitalProductPassport"]}, "statement.type"),
        ({"type": [VC, "DigitalProductPassport", "DigitalFacilityRecord"]}, "statement.type"),
        ({"type": [VC, "DigitalProductPassport", "DigitalProductPassport"]}, "statement.type"),
        ({"type": [VC, 7]}, "statement.type"),
        ({"type": [VC] * 17}, "statement.type"),
        ({"@context": ...}, "statement.context"),
        ({"@context": W3C_CONTEXT}, "statement.context"),
        ({"@context": []}, "statement.context"),
        ({"@context": [UNTP_CONTEXT, W3C_CONTEXT]}, "statement.context"),
        ({"@context": [W3C_CONTEXT]}, "statement.context"),
        ({"@context": [W3C_CONTEXT, VETA_CONTEXT, UNTP_CONTEXT]}, "statement.context"),
        (
            {"@context": [W3C_CONTEXT, "https://test.uncefact.org/vocabulary/untp/dpp/0.6.0/"]},
            "statement.context",
        ),
        ({"@context": [W3C_CONTEXT, {"@vocab": "x"}]}, "statement.context"),
        ({"id": ...}, "statement.id"),
        ({"id": 7}, "statement.id"),
        ({"id": ""}, "statement.id"),
        ({"issuer": ...}, "statement.issuer"),
        ({"issuer": "did:web:mina-aurora.example"}, "statement.issuer"),
        ({"issuer": {"id": "did:web:x.example"}}, "statement.issuer"),
        ({"issuer": {"id": "https://x.example", "name": "x"}}, "statement.issuer"),
        ({"issuer": {"id": "did:web:mína.example", "name": "x"}}, "statement.issuer"),
        ({"issuer": {"id": "did:web:x.example#key", "name": "x"}}, "statement.issuer"),
        ({"issuer": {"id": "did:web:" + "x" * 600, "name": "x"}}, "statement.issuer"),
        ({"validFrom": ...}, "statement.validity"),
        ({"validFrom": 1_776_500_000}, "statement.validity"),
        ({"validFrom": "2026-09-30"}, "instant.malformed"),
        ({"validUntil": "tomorrow"}, "instant.malformed"),
        ({"validUntil": None}, "statement.validity"),
        ({"validUntil": "2026-04-18T08:13:20Z"}, "statement.validity"),
        ({"credentialSubject": ...}, "statement.subject"),
        ({"credentialSubject": []}, "statement.subject"),
        ({"credentialSubject": [{}, "x"]}, "statement.subject"),
        ({"credentialSubject": "did:web:x.example"}, "statement.subject"),
        ({"blind": None}, "statement.blind"),
        ({"blind": ""}, "statement.blind"),
        ({"blind": "AAAAAAAAAAAAAAAAAAAAAA=="}, "base64url.malformed"),
        ({"blind": "AAAAAAAAAAAAAAAAAAAAAB"}, "base64url.malformed"),
        ({"blind": "AAAAAAAAAAAAAAAAAAAA"}, "statement.blind"),
        ({"blind": [0] * 16}, "statement.blind"),
    ],
)
def test_view_credential__member_missing_or_malformed__refused(
    changes: dict[str, Any], code: str
) -> None:
    assert refusal(**changes) == code


@pytest.mark.row("A59")
def test_view_credential__date_only_end__counts_in_the_offset_of_the_start() -> None:
    """Valid until 2026-09-30, written in Santiago: it is over at 03:00 UTC of 1 October."""
    document = passport() | {"validFrom": "2025-10-01T00:00:00-03:00", "validUntil": "2026-09-30"}
    assert view_credential(document).valid_until_s == 1_790_823_600
    document["validFrom"] = "2025-10-01T00:00:00Z"
    assert view_credential(document).valid_until_s == 1_790_812_800


def test_view_credential__no_end__far_future() -> None:
    document = passport()
    del document["validUntil"]
    assert view_credential(document).valid_until_s == FAR_FUTURE


@pytest.mark.parametrize("name", sorted(KINDS))
def test_read_credential__each_type_that_is_issued__its_kind_and_members(name: str) -> None:
    document = all_issued()[name]
    credential = read_credential(payload_of(document))
    assert credential.kind is KINDS[name]
    assert credential.document == document
    assert credential.credential_id == document["id"]
    assert credential.issuer.identifier == document["issuer"]["id"]
    assert credential.contexts == (W3C_CONTEXT, UNTP_CONTEXT, VETA_CONTEXT)
    assert credential.blind is not None and len(credential.blind) == 16
    assert credential.subject["id"]
    assert credential.valid_until_s - credential.valid_from_s == 365 * 86_400


def test_view_credential__no_blind__tolerated_as_foreign() -> None:
    document = passport()
    del document["blind"]
    assert view_credential(document).blind is None


def test_view_credential__own_type_under_own_context__other() -> None:
    document = passport() | {"type": ["MonitoringRound", VC]}
    assert view_credential(document).kind is BatchKind.OTHER
    document["@context"] = [W3C_CONTEXT, UNTP_CONTEXT]
    with pytest.raises(InputError):
        view_credential(document)


def test_write_blind__other_length__refused() -> None:
    assert write_blind(bytes(16)) == "A" * 22
    for octets in (b"", bytes(15), bytes(17)):
        with pytest.raises(InputError):
            write_blind(octets)
