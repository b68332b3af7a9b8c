"""Rounds, co-signatures and licences are closed forms: what does not fit is refused at issue."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from veta.custody.models import RULES
from veta.errors import VerificationError
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance, Party
from veta.statement.credential import view_credential
from veta.statement.envelope import build_credential
from veta.statement.own_types import LICENSED_MODELS, own_type_of
from veta.statement.rules import check_rules, find_faults

OPERATOR = Party("did:web:salar-esperanza.example", "Salar Esperanza")
COMMUNITY = Party("did:web:comunidad-lickan.example", "Comunidad Lickan")
DAY_S, START_S = 86_400, 1_780_272_000
ROOT = "ab" * 32

Change = Callable[[dict[str, Any]], object]


def round_subject() -> dict[str, Any]:
    return {
        "type": ["MonitoringRound"],
        "id": f"{OPERATOR.identifier}:round:june",
        "site": {"type": ["Facility"], "id": "https://sites.example/salar", "name": "Salar"},
        "period": {"fromSeconds": START_S, "toSeconds": START_S + DAY_S},
        "metric": {
            "id": "water.level",
            "unit": "m",
            "definition": ROOT,
            "boundaryName": "well field",
            "boundary": ROOT,
        },
        "readings": {
            "root": ROOT,
            "count": 3,
            "stepSeconds": DAY_S,
            "instruments": ["w1", "w2", "w3"],
        },
        "coSigners": [{"id": COMMUNITY.identifier, "readings": [[0, 1]]}],
        "coSignBySeconds": START_S + 30 * DAY_S,
    }


def co_signature_subject() -> dict[str, Any]:
    return {
        "type": ["CoSignature"],
        "id": f"{COMMUNITY.identifier}:cosignature:june",
        "round": {"issuer": OPERATOR.identifier, "leaf": ROOT},
        "root": ROOT,
        "count": 3,
        "witnessed": [[0, 1]],
    }


def licence_subject() -> dict[str, Any]:
    return {
        "type": ["LabelLicence"],
        "id": f"{COMMUNITY.identifier}:licence:1",
        "scheme": {"number": 1, "name": "Responsible Metals Mark"},
        "licensee": {"type": ["Party"], "id": OPERATOR.identifier, "name": "Salar Esperanza"},
        "site": 3,
        "models": ["mass-balance"],
        "firstDay": "2026-01-01",
        "lastDay": "2026-12-31",
        "firstOffset": "-03:00",
    }


SUBJECTS = {
    "MonitoringRound": (OPERATOR, round_subject),
    "CoSignature": (COMMUNITY, co_signature_subject),
    "LabelLicence": (COMMUNITY, licence_subject),
}


def credential(name: str, subject: Any = None) -> dict[str, Any]:
    issuer, make = SUBJECTS[name]
    issuance = Issuance(
        credential_id="urn:uuid:0c2e1b0e-7f0a-4a38-9d10-111111111111",
        valid_from_s=UnixSeconds(START_S + DAY_S),
        blind=bytes(16),
    )
    return build_credential(
        name, issuance=issuance, issuer=issuer, name=name, subject=subject or make()
    )


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.code, each.pointer) for each in find_faults(view_credential(document))]


def put(*path: str | int, value: Any) -> Change:
    def change(subject: dict[str, Any]) -> None:
        at: Any = subject
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = value

    return change


ROUND_FAULTS: list[tuple[Change, str, str]] = [
    (put("note", value="x"), "statement.unknown_member", "/note"),
    (put("site", "street", value="x"), "statement.unknown_member", "/site/street"),
    (lambda s: s.pop("coSigners"), "statement.missing_member", "/coSigners"),
    (put("id", value="did:web:other.example:round:june"), "statement.subject", "/id"),
    (put("id", value=f"{OPERATOR.identifier}:lot:june"), "statement.subject", "/id"),
    (put("readings", "root", value="AB" * 32), "statement.wrong_type", "/readings/root"),
    (put("readings", "count", value=4), "monitoring.count", "/readings/count"),
    (put("readings", "count", value=0), "statement.wrong_type", "/readings/count"),
    (put("readings", "count", value=2.5), "statement.wrong_type", "/readings/count"),
    (put("readings", "instruments", value=[]), "monitoring.instruments", "/readings/instruments"),
    (
        put("readings", "instruments", value=["w1", "w1", "w2"]),
        "monitoring.instruments",
        "/readings/instruments",
    ),
    (put("readings", "stepSeconds", value=DAY_S - 1), "monitoring.period", "/period"),
    (put("period", "toSeconds", value=START_S), "monitoring.period", "/period"),
    (put("period", "toSeconds", value=START_S + 2 * DAY_S), "monitoring.period_open", "/period"),
    (put("coSignBySeconds", value=START_S), "monitoring.deadline", "/coSignBySeconds"),
    (
        put("coSigners", value=[{"id": OPERATOR.identifier}]),
        "monitoring.own_co_signer",
        "/coSigners",
    ),
    (
        put("coSigners", value=[{"id": COMMUNITY.identifier}] * 2),
        "monitoring.co_signers",
        "/coSigners",
    ),
    (
        put("coSigners", value=[{"id": "Juana Perez"}]),
        "statement.wrong_type",
        "/coSigners/0/id",
    ),
    (
        put("coSigners", 0, "person", value="Juana Perez"),
        "statement.unknown_member",
        "/coSigners/0/person",
    ),
    (put("coSigners", 0, "readings", value=[[0, 3]]), "monitoring.index", "/coSigners/0/readings"),
    (put("coSigners", 0, "readings", value=[]), "monitoring.index", "/coSigners/0/readings"),
    (put("previous", value=ROOT), "statement.missing_member", "/reason"),
    (put("reason", value="x"), "statement.missing_member", "/previous"),
]
CO_SIGNATURE_FAULTS: list[tuple[Change, str, str]] = [
    (put("amount", value="12"), "statement.unknown_member", "/amount"),
    (put("round", "issuer", value=COMMUNITY.identifier), "monitoring.own_round", "/round/issuer"),
    (put("witnessed", value=[[0, 3]]), "monitoring.index", "/witnessed"),
    (put("witnessed", value=[]), "monitoring.index", "/witnessed"),
    (put("witnessed", value=[[2, 2], [0, 0]]), "statement.wrong_type", "/witnessed"),
    (put("witnessed", value="all"), "statement.wrong_type", "/witnessed"),
]
LICENCE_FAULTS: list[tuple[Change, str, str]] = [
    (put("text", value="green copper"), "statement.unknown_member", "/text"),
    (put("models", value=["contains"]), "statement.wrong_type", "/models/0"),
    (put("models", value=[]), "licence.models", "/models"),
    (put("models", value=["mass-balance"] * 2), "licence.models", "/models"),
    (put("lastDay", value="2025-12-31"), "licence.window", "/lastDay"),
    (put("firstDay", value="1969-12-31"), "licence.window", "/lastDay"),
    (put("lastOffset", value="+99:00"), "statement.wrong_type", "/lastOffset"),
    (put("lastDay", value="2026-02-30"), "statement.wrong_type", "/lastDay"),
    (put("lastOffset", value="-3:00"), "statement.wrong_type", "/lastOffset"),
    (put("site", value=0), "statement.wrong_type", "/site"),
]
CASES = [
    (name, *case)
    for name, table in (
        ("MonitoringRound", ROUND_FAULTS),
        ("CoSignature", CO_SIGNATURE_FAULTS),
        ("LabelLicence", LICENCE_FAULTS),
    )
    for case in table
]


@pytest.mark.parametrize(("name", "change", "code", "place"), CASES)
def test_own_type__that_breaks_a_rule__is_refused_with_code_and_place(
    name: str, change: Change, code: str, place: str
) -> None:
    document = copy.deepcopy(credential(name))
    change(document["credentialSubject"])
    assert (code, f"/credentialSubject{place}") in faults(document)
    with pytest.raises(VerificationError):
        check_rules(view_credential(document))


@pytest.mark.parametrize("name", SUBJECTS)
def test_own_type__as_it_should_be__has_no_fault(name: str) -> None:
    document = credential(name)
    assert faults(document) == []
    assert own_type_of(view_credential(document)) == name


@pytest.mark.parametrize("beside", ["DigitalFacilityRecord", "EvidenceRecord", "CoSignature"])
def test_own_type__beside_another_type__is_refused(beside: str) -> None:
    document = credential("MonitoringRound")
    document["type"] = [beside, *document["type"]]
    assert ("statement.type", "/type") in faults(document)


def test_own_type__of_two_subjects__is_refused() -> None:
    document = credential("MonitoringRound", [round_subject(), round_subject()])
    assert faults(document) == [("statement.wrong_type", "/credentialSubject")]


def test_own_type__without_rules__is_what_it_was() -> None:
    document = credential("CoSignature", {"id": "urn:x", "anything": 1})
    document["type"][0] = "EvidenceRecord"
    assert faults(document) == []
    assert own_type_of(view_credential(document)) is None


@pytest.mark.parametrize(
    ("until", "fits"), [("2027-01-01T03:00:00Z", True), ("2027-01-01T02:59:59Z", False)]
)
def test_licence__that_ends_before_its_last_day_is_over__is_refused(until: str, fits: bool) -> None:
    document = credential("LabelLicence", licence_subject() | {"lastOffset": "-03:00"})
    document["validUntil"] = until
    assert faults(document) == ([] if fits else [("licence.validity", "/validUntil")])


def test_licence__is_for_every_model_that_there_is_a_sentence_of() -> None:
    assert set(LICENSED_MODELS) == {each.slug for each in RULES.values()}
