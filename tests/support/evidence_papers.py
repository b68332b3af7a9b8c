"""Evidence statements beside a lot, by signers of every kind."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from tests.support.beside import Author, Shown, issuance, shown
from tests.support.certified_lot import ANCHORED_AT, CHILE, DAY, REFINERY, VALID_FROM
from veta.keys.signers import Es256kSigner
from veta.model.assurance import AccreditationFacts, AssuranceRecord, RecognitionEntry, RecordEntry
from veta.model.assurance_events import RecordAction, RecordSource
from veta.model.columns import SubstanceId
from veta.model.consortium import Role
from veta.model.determined import Known
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lot import Party
from veta.statement.envelope import build_credential

OPEN: Final = UnixSeconds(2**64 - 1)
SCHEME: Final = 17
RECORD: Final = 4_711
ACCREDITOR: Final = MemberId(8_001)
LOT: Final = "BSE-CAT-26-1001"


def author(number: int, name: str, roles: Role, control_group: int = 0) -> Author:
    party = Party(f"did:web:{name}.example", name.title(), CHILE)
    key = Es256kSigner(sha256(f"key of {name}".encode()).digest())
    return Author(MemberId(number), party, roles, control_group, key)


LABORATORY: Final = author(8_100, "laboratorio", Role.LABORATORY)
VERIFIER: Final = author(8_101, "verificadora", Role.FOOTPRINT_VERIFIER)
CUSTOMER: Final = author(8_102, "kabelwerk", Role.FABRICATOR)
CERTIFIER: Final = author(8_103, "certificadora", Role.CERTIFICATION_BODY)


def record(member: MemberId, **changes: Any) -> AssuranceRecord:
    usual = AssuranceRecord(
        record=RECORD,
        subject=member,
        issuer=ACCREDITOR,
        parent=0,
        scheme=SCHEME,
        level=1,
        from_s=UnixSeconds(300),
        until_s=OPEN,
        substances=(),
        leaf=Leaf(bytes(32)),
        entries=(),
    )
    return replace(usual, **changes)


def recognised(**changes: Any) -> RecognitionEntry:
    usual = RecognitionEntry(
        SCHEME, ACCREDITOR, MemberId(8_002), UnixSeconds(100), OPEN, UnixSeconds(100)
    )
    return replace(usual, **changes)


def accreditation(
    member: MemberId, *, body_group: str = "member 8001", **changes: Any
) -> AccreditationFacts:
    return AccreditationFacts(record(member, **changes), (recognised(),), body_group)


def suspended(since_s: int) -> RecordEntry:
    when = UnixSeconds(since_s)
    return RecordEntry(RecordAction.SUSPEND, RecordSource.ACCREDITOR, ACCREDITOR, when, when)


def evidence(
    document: dict[str, Any],
    by: Author,
    accredited: AccreditationFacts | None = None,
    *,
    label: str = "1",
    anchored_at_s: UnixSeconds = ANCHORED_AT,
) -> Shown:
    """A document under a signature, and the accreditation that its statement names."""
    subject: dict[str, Any] = {"id": f"urn:veta:evidence:{label}", "evidence": document}
    if accredited is not None:
        subject["accreditationRecord"] = accredited.record.record
    credential = build_credential(
        "EvidenceRecord",
        issuance=issuance(f"evidence-{label}-{by.member}"),
        issuer=by.party,
        name="Evidence",
        subject=subject,
    )
    made = shown(credential, by, anchored_at_s=anchored_at_s)
    return made.with_facts(accreditation=Known(accredited))


def figure(name: str, amount: int, lot: str = LOT, **changes: Any) -> dict[str, Any]:
    return {
        "format": "veta-lot-figure/1",
        "subject": REFINERY.identifier,
        "lot": lot,
        "figure": name,
        "amount": amount,
        **changes,
    }


PURE: Final = dict.fromkeys(
    (
        *("Ag", "As", "Bi", "Cd", "Co", "Cr", "Fe", "Mn", "Ni", "P"),
        *("Pb", "S", "Sb", "Se", "Si", "Sn", "Te", "Zn"),
    ),
    "0.5",
)


def assay(
    results: dict[str, str] | None = None, lot: str = LOT, by: Author = LABORATORY, **changes: Any
) -> dict[str, Any]:
    found = PURE if results is None else results
    return {
        "format": "veta-assay/1",
        "subject": REFINERY.identifier,
        "number": "LA-2026-0088",
        "laboratory": by.party.identifier,
        "lot": lot,
        "basis": "net",
        "substance": "copper cathode",
        "method": "GDMS",
        "sampling": "laboratory, five cathodes drilled",
        "dates": {
            "sampledSeconds": VALID_FROM - 9 * DAY,
            "reportedSeconds": VALID_FROM - 5 * DAY,
        },
        "results": [
            {"analyte": name, "value": value, "unit": "ppm"} for name, value in found.items()
        ],
        **changes,
    }


def inventory(*lines: dict[str, Any], lot: str = LOT) -> dict[str, Any]:
    return {
        "format": "veta-inventory/1",
        "subject": REFINERY.identifier,
        "lot": lot,
        "lines": list(lines),
    }


def line(
    name: str, part: str, amount: str, unit: str, factor: str, **changes: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "part": part,
        "amount": amount,
        "unit": unit,
        "factor": factor,
        "source": "Coordinador Electrico Nacional",
        "version": "2025",
        **changes,
    }


def state(word: str, site: str, scheme: str = "irma") -> dict[str, Any]:
    return {
        "format": "veta-assurance-state/1",
        "subject": REFINERY.identifier,
        "site": site,
        "scheme": scheme,
        "state": word,
    }


COPPER: Final = SubstanceId(29)
