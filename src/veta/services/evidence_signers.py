"""Who stands behind a document: a signature that the chain bears out, or nobody.

A statement carries its document as member ``evidence`` of a credential's subject. Its signer is
what the chain says of it at the time of the anchor: roles, control group, accreditations. Whatever
cannot be shown lowers the grade; nothing in a document raises it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from veta.canonical import JsonValue
from veta.errors import InputError, LedgerUnavailableError, VerificationError
from veta.evidence.grades import (
    Accreditation,
    AssuranceGrade,
    GradeFinding,
    Role,
    Signer,
    Work,
    grade_of,
)
from veta.model.anchoring import BlockRef
from veta.model.assurance import AccreditationFacts
from veta.model.bundle import LedgerFacts
from veta.model.columns import SubstanceId
from veta.model.consortium import Role as MemberRole
from veta.model.determined import Known
from veta.model.identifiers import MemberId
from veta.ports.ledger import LedgerReader
from veta.services.assurance_facts import AssuranceReads
from veta.verify.authors import group_words
from veta.verify.evidence_files import subject_of
from veta.verify.report import Report
from veta.verify.signers import accreditations_of, roles_of, scope_words
from veta.verify.timing import roles_at
from veta.verify.verdict import Outcome, Verdict

NO_SCHEME: Final = "(no scheme was named)"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that the chain bears out.

    Attributes:
        signer: facts of the ledger about it.
        name: as the consortium registers it.
        leaf: of the statement, hexadecimal.
        at_s: block time of the anchor, Unix seconds.
        verdict: of the statement.
        notices: sentences that a reader of the statement is told.
    """

    signer: Signer
    name: str
    leaf: str
    at_s: int
    verdict: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """A document and who stands behind it.

    Attributes:
        place: file or name by which it was asked for.
        document: as read.
        signature: ``None``: nobody's that can be shown.
        subject_group: control group of the party that it speaks of; ``None`` if it is no member.
        scope: of accreditation that is asked for.
        unsigned: why there is no signature, one sentence.
        read_at_s: the reader's clock, Unix seconds.
    """

    place: str
    document: JsonValue
    read_at_s: int
    signature: Signature | None = None
    subject_group: str | None = None
    scope: str = NO_SCHEME
    unsigned: str = "nobody signed it: it is the word of whoever brings it"

    @property
    def as_of_s(self) -> int:
        """When its word was given: at the anchor, else now."""
        return self.read_at_s if self.signature is None else self.signature.at_s

    def grade(self, role: Role) -> GradeFinding:
        """What it is worth as evidence that asks for a role."""
        subject = subject_of(self.document)
        if self.signature is None:
            low = AssuranceGrade.SELF_DECLARED
            return GradeFinding(low, subject, "evidence.unsigned", self.unsigned)
        signer = self.signature.signer
        if self.subject_group is None:
            reason = f"{subject} is no member, so nobody can tell who controls it"
            low = AssuranceGrade.SELF_DECLARED
            return GradeFinding(low, signer.party, "evidence.subject_unknown", reason)
        return grade_of(
            (signer,),
            subject_group=self.subject_group,
            work=Work(role, self.scope),
            at_s=self.signature.at_s,
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accreditations count.

    Attributes:
        scheme: registered scheme; 0: none was named, so nobody is accredited.
        substance: that a record must cover; ``None``: only records for every substance count.
    """

    scheme: int = 0
    substance: SubstanceId | None = None

    @property
    def words(self) -> str:
        """Identifier of the scope."""
        return scope_words(self.scheme) if self.scheme else NO_SCHEME


@dataclass(frozen=True, slots=True)
class Chain:
    """What a lookup of a signer asks.

    Attributes:
        ledger: the chain.
        assurance: its reads about who is accredited; ``None``: not asked.
        records: numbers of accreditations to look at.
    """

    ledger: LedgerReader
    assurance: AssuranceReads | None = None
    records: tuple[int, ...] = ()


def signed_paper(
    place: str, report: Report, facts: LedgerFacts, chain: Chain, scope: Scope
) -> Paper:
    """The document of a statement that was judged.

    Args:
        place: by which it was asked for.
        report: of the statement; it decides whether the signature counts.
        facts: by which it was judged.
        chain: to ask about subject and accreditations, at the block of the facts.
        scope: of accreditation that is asked for.

    Raises:
        InputError: ``evidence.no_document``: the statement carries none.
        VerificationError: with the verdict's code: the statement is INVALID.
        LedgerUnavailableError: the statement could not be judged.
    """
    if report.statement is None or report.verdict is Verdict.INVALID:
        check = report.decisive()
        code = check.code if check else "verify.invalid"
        raise VerificationError(code, f"{place}: {check.sentence if check else 'INVALID'}")
    if report.verdict is Verdict.INDETERMINATE or not isinstance(facts.as_of, Known):
        check = report.decisive()
        code = check.code if check else "verify.indeterminate"
        raise LedgerUnavailableError(code, f"{place}: {check.sentence if check else 'not asked'}")
    document = _document(report, place)
    now_s = int(facts.asked_at_s)
    signature = _signature(report, facts, chain, scope)
    if signature is None:
        check = report.decisive()
        why = f"its signature is not proven: {check.sentence if check else report.verdict.value}"
        return Paper(place, document, now_s, unsigned=why)
    group = _group_of_subject(document, chain.ledger, facts.as_of.value)
    return Paper(place, document, now_s, signature, group, scope.words)


def _document(report: Report, place: str) -> JsonValue:
    assert report.statement is not None
    document = report.statement.credential.subject.get("evidence")
    if not isinstance(document, dict):
        message = f"{place}: the statement has no member credentialSubject/evidence"
        raise InputError("evidence.no_document", message)
    return document


def _signature(report: Report, facts: LedgerFacts, chain: Chain, scope: Scope) -> Signature | None:
    known = (facts.issuer, facts.membership, facts.anchor)
    if report.verified is None or not all(isinstance(each, Known) for each in known):
        return None
    assert isinstance(facts.issuer, Known)
    assert isinstance(facts.membership, Known)
    assert isinstance(facts.anchor, Known)
    member, anchor = facts.issuer.value, facts.anchor.value
    if member is None or anchor is None or report.leaf is None:
        return None
    roles = roles_at(facts.membership.value, anchor.anchored_at_s) or MemberRole(0)
    assert isinstance(facts.as_of, Known)
    signer = Signer(
        party=member.identifier,
        control_group=group_words(member),
        roles=roles_of(roles),
        accreditations=tuple(_accreditations(member.member, chain, scope, facts.as_of.value)),
    )
    notices = tuple(each.sentence for each in report.checks if each.outcome is Outcome.NOTICE)
    return Signature(
        signer, member.name, report.leaf.hex(), anchor.anchored_at_s, report.verdict.value, notices
    )


def _group_of_subject(document: JsonValue, ledger: LedgerReader, block: BlockRef) -> str | None:
    number = ledger.member_id(subject_of(document), block)
    member = None if number is None else ledger.member(number, block)
    return None if member is None else group_words(member)


def _accreditations(
    member: MemberId, chain: Chain, scope: Scope, block: BlockRef
) -> Iterator[Accreditation]:
    """Those of a member for a scheme, by bodies that the scheme recognised when they gave them."""
    reads = chain.assurance
    if reads is None or not scope.scheme:
        return
    for number in chain.records:
        record = reads.assurance_record(number, block)
        if record is None or (record.parent, record.subject, record.scheme) != (
            0, member, scope.scheme,
        ):  # fmt: skip
            continue
        covered = (
            not record.substances if scope.substance is None else record.covers(scope.substance)
        )
        body = chain.ledger.member(record.issuer, block)
        if not covered or body is None:
            continue
        entries = reads.recognitions(record.scheme, record.issuer, block)
        yield from accreditations_of(AccreditationFacts(record, entries, group_words(body)))
