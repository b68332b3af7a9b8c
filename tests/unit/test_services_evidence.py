"""Whose word a document is: what the chain does not bear out lowers its grade."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from tests.support.certified_lot import (
    ANCHORED_AT,
    DAY,
    MEMBER,
    REFINERY,
    SIGNER,
    STRANGER,
    TRUST,
    VALID_FROM,
    Case,
    digest,
    honest_case,
)
from veta.errors import InputError, LedgerUnavailableError, VerificationError
from veta.evidence.answers import Answer
from veta.evidence.grades import AssuranceGrade, Role
from veta.model.anchoring import BatchKind
from veta.model.assurance import AssuranceRecord, RecognitionEntry, RecordEntry
from veta.model.assurance_events import RecordAction, RecordSource
from veta.model.columns import SubstanceId
from veta.model.consortium import Member, MembershipEntry
from veta.model.consortium import Role as MemberRole
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import FAR_FUTURE, Leaf, MemberId, UnixSeconds
from veta.services.evidence import assay
from veta.services.evidence_signers import Chain, Paper, Scope, signed_paper
from veta.statement.instants import write_instant
from veta.statement.jws import sign_statement
from veta.verify.evidence_files import within
from veta.verify.verifier import Verifier

LAB = REFINERY.identifier
"""The signer of the support cases, here in the role of a laboratory."""
OWNER = "did:web:lithium-plant.example"
OWNER_ID, BODY = MemberId(6), MemberId(7)
CU = SubstanceId(29)
SCOPE = Scope(4, CU)
COA: dict[str, Any] = {
    "format": "veta-assay/1",
    "subject": OWNER,
    "number": "7",
    "laboratory": LAB,
    "lot": "1",
    "basis": "net",
    "substance": "copper cathode",
    "method": "GDMS",
    "sampling": "laboratory",
    "dates": {"sampledSeconds": ANCHORED_AT - 3 * DAY, "reportedSeconds": ANCHORED_AT - DAY},
    "results": [{"analyte": "Cu", "value": "99.99", "unit": "%"}],
}


def case(document: Any = COA, *, signer: Any = SIGNER, roles: MemberRole | None = None) -> Case:
    """A good statement of a laboratory that carries a document."""
    subject = {"id": "urn:evidence"} | ({} if document is None else {"evidence": document})
    credential = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
            "https://veta.example/context/v1",
        ],
        "type": ["EvidenceRecord", "VerifiableCredential"],
        "id": "urn:veta:statement:evidence",
        "issuer": {"type": ["CredentialIssuer"], "id": LAB, "name": "Laboratory"},
        "validFrom": write_instant(VALID_FROM),
        "name": "Evidence",
        "credentialSubject": subject,
    }
    found = honest_case(index=0, tokens=[sign_statement(credential, signer)])
    assert isinstance(found.facts.membership, Known)
    (entry,) = found.facts.membership.value
    held = MemberRole.LABORATORY if roles is None else roles
    found = found.with_facts(membership=Known((replace(entry, roles=held),)))
    return found.with_anchor(kind=BatchKind.OTHER)


def member(number: MemberId, group: int) -> Member:
    return Member(number, f"did:web:m{number}.example", "M", "CL", group, digest("id"))


@dataclass
class Reads:
    """What the chain says of members and of who is accredited."""

    groups: dict[MemberId, int] = field(default_factory=lambda: {OWNER_ID: 0, BODY: 0})
    records: tuple[AssuranceRecord, ...] = ()
    recognised: tuple[RecognitionEntry, ...] = ()

    def member_id(self, identifier: str, _block: object) -> MemberId | None:
        return {OWNER: OWNER_ID, LAB: MEMBER}.get(identifier)

    def member(self, number: MemberId, _block: object) -> Member | None:
        return member(number, self.groups.get(number, 3 if number == MEMBER else 0))

    def assurance_record(self, number: int, _block: object) -> AssuranceRecord | None:
        return next((each for each in self.records if each.record == number), None)

    def recognitions(self, *_: object) -> tuple[RecognitionEntry, ...]:
        return self.recognised


RECORD = AssuranceRecord(
    record=1,
    subject=MEMBER,
    issuer=BODY,
    parent=0,
    scheme=4,
    level=1,
    from_s=UnixSeconds(ANCHORED_AT - 100 * DAY),
    until_s=FAR_FUTURE,
    substances=(),
    leaf=Leaf(bytes(32)),
    entries=(),
)
RECOGNISED = RecognitionEntry(
    4, BODY, MemberId(8), UnixSeconds(0), FAR_FUTURE, UnixSeconds(ANCHORED_AT - 200 * DAY)
)


def paper(found: Case, reads: Reads | None = None, scope: Scope = SCOPE) -> Paper:
    reads = reads or Reads(records=(RECORD,), recognised=(RECOGNISED,))
    report = Verifier(TRUST).verify(found.bundle, found.facts)
    chain = Chain(cast("Any", reads), cast("Any", reads), tuple(e.record for e in reads.records))
    return signed_paper("coa", report, found.facts, chain, scope)


def grade(found: Case, reads: Reads | None = None, scope: Scope = SCOPE) -> tuple[str, str]:
    worth = paper(found, reads, scope).grade(Role.LABORATORY)
    return worth.grade.words, worth.code.removeprefix("evidence.")


def acted(
    action: RecordAction, at_s: int, source: RecordSource = RecordSource.ISSUER
) -> RecordEntry:
    return RecordEntry(action, source, BODY, UnixSeconds(at_s), UnixSeconds(at_s))


def reads(record: AssuranceRecord = RECORD, *recognised: RecognitionEntry) -> Reads:
    return Reads(records=(record,), recognised=recognised or (RECOGNISED,))


@pytest.mark.row("S02", "S06", "A24")
@pytest.mark.parametrize(
    ("record", "code"),
    [
        (replace(RECORD, scheme=5), "out_of_scope"),
        (replace(RECORD, parent=1), "out_of_scope"),
        (replace(RECORD, subject=OWNER_ID), "out_of_scope"),
        (replace(RECORD, substances=(SubstanceId(3),)), "out_of_scope"),
        (replace(RECORD, until_s=RECORD.from_s), "out_of_scope"),
        (replace(RECORD, until_s=UnixSeconds(ANCHORED_AT)), "accreditation_lapsed"),
        (replace(RECORD, from_s=UnixSeconds(ANCHORED_AT + 1)), "accreditation_lapsed"),
        (
            replace(RECORD, entries=(acted(RecordAction.SUSPEND, ANCHORED_AT),)),
            "accreditation_lapsed",
        ),
        (
            replace(
                RECORD,
                entries=(
                    acted(RecordAction.SUSPEND, ANCHORED_AT - DAY),
                    acted(RecordAction.SUSPEND, ANCHORED_AT - DAY, RecordSource.SCHEME_OWNER),
                    acted(RecordAction.LIFT, ANCHORED_AT - DAY // 2),
                ),
            ),
            "accreditation_lapsed",
        ),
        (replace(RECORD, issuer=MEMBER), "own_accreditor"),
        (replace(RECORD, issuer=OWNER_ID), "own_accreditor"),
    ],
)
def test_grade__accreditation_does_not_hold__is_verified_at_most(
    record: AssuranceRecord, code: str
) -> None:
    assert grade(case(), reads(record)) == ("verified", code)


@pytest.mark.row("S06", "A24")
@pytest.mark.parametrize(
    "recognised",
    [
        (),
        (replace(RECOGNISED, until_s=UnixSeconds(ANCHORED_AT)),),
        (replace(RECOGNISED, recorded_s=UnixSeconds(ANCHORED_AT + 1)),),
        (
            RECOGNISED,
            replace(RECOGNISED, until_s=UnixSeconds(0), recorded_s=UnixSeconds(ANCHORED_AT - 1)),
        ),
    ],
)
def test_grade__accreditor_is_not_recognised_at_that_time__is_verified_at_most(
    recognised: tuple[RecognitionEntry, ...],
) -> None:
    found = Reads(records=(RECORD,), recognised=recognised)
    assert grade(case(), found)[0] == "verified"


@pytest.mark.row("S02", "A25")
def test_grade__one_control__is_self_declared_whatever_the_roles() -> None:
    same = Reads({OWNER_ID: 3, BODY: 0}, (RECORD,), (RECOGNISED,))
    assert grade(case(), same) == ("self-declared", "own_signature")
    assert grade(case(COA | {"subject": LAB})) == ("self-declared", "own_signature")
    assert grade(case(COA | {"subject": "did:web:x.example"})) == (
        "self-declared",
        "subject_unknown",
    )


@pytest.mark.row("S02")
def test_grade__by_role_at_the_anchor__and_no_scheme_named__is_not_accredited() -> None:
    assert grade(case(roles=MemberRole.TRADER)) == ("second-party", "other_role")
    found = case(roles=MemberRole.TRADER)
    assert isinstance(found.facts.membership, Known)
    (entry,) = found.facts.membership.value
    later = MembershipEntry(
        MEMBER, 1, MemberRole.LABORATORY, True, True,
        UnixSeconds(ANCHORED_AT + 1), UnixSeconds(ANCHORED_AT + 1),
    )  # fmt: skip
    became = found.with_facts(membership=Known((entry, later)))
    assert grade(became) == ("second-party", "other_role")
    assert grade(case(), None, Scope()) == ("verified", "out_of_scope")
    assert grade(case(), None, Scope(4)) == ("accredited", "accredited")


@pytest.mark.row("S02", "S06")
def test_grade__accredited_for_it_at_that_time__is_accredited() -> None:
    assert grade(case()) == ("accredited", "accredited")
    lifted = replace(
        RECORD,
        substances=(CU,),
        until_s=UnixSeconds(ANCHORED_AT + 1),
        entries=(
            acted(RecordAction.SUSPEND, ANCHORED_AT - 2),
            acted(RecordAction.LIFT, ANCHORED_AT - 1),
        ),
    )
    assert grade(case(), reads(lifted)) == ("accredited", "accredited")
    answer = assay(paper(case()), "copper-cathode")
    assert (answer.grade, answer.answer) == (AssuranceGrade.ACCREDITED, Answer.CANNOT_TELL)


@pytest.mark.row("S02", "A24")
def test_assay__accredited_when_anchored_and_not_when_reported__is_verified_only() -> None:
    late = replace(RECORD, from_s=UnixSeconds(ANCHORED_AT - DAY // 2))
    assert grade(case(), reads(late)) == ("accredited", "accredited")
    answer = assay(paper(case(), reads(late)), "copper-cathode")
    assert answer.grade is AssuranceGrade.VERIFIED


@pytest.mark.row("A54")
def test_paper__statement_is_not_good__is_refused_or_nobodys() -> None:
    with pytest.raises(VerificationError):
        paper(case(signer=STRANGER))
    away = Undetermined("ledger.timeout", "no answer")
    with pytest.raises(LedgerUnavailableError) as unasked:
        paper(case().with_facts(anchor=away))
    assert unasked.value.code == "ledger.timeout"
    with pytest.raises(InputError) as bare:
        paper(case(None))
    assert bare.value.code == "evidence.no_document"
    carried = case()
    found = paper(Case(carried.bundle, replace(carried.facts, carried=True)))
    assert found.signature is None
    worth = found.grade(Role.LABORATORY)
    assert (worth.grade, worth.code) == (AssuranceGrade.SELF_DECLARED, "evidence.unsigned")
    assert worth.reason.startswith("its signature is not proven: ")


def test_within__leaves_other_refusals_as_they_are() -> None:
    with pytest.raises(VerificationError) as caught, within("file"):
        raise VerificationError("evidence.other_lot", "of another lot")
    assert caught.value.message == "of another lot"
    with pytest.raises(InputError) as malformed, within("file"), within("/a"):
        raise InputError("evidence.member", "is missing")
    assert malformed.value.message == "file: /a: is missing"
    with pytest.raises(VerificationError) as brine, within("file"), within("/a"):
        raise InputError("evidence.brine_in_water", "brine")
    assert brine.value.message == "file: /a: brine"
