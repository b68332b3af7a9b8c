"""Evidence documents beside a bundle, each with who signed it and what that makes it worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from veta.errors import ProvenanceError
from veta.evidence.grades import GradeFinding, Role, Signer, Work, grade_of
from veta.model.bundle import FactsBeside, LedgerFacts
from veta.model.columns import SubstanceId
from veta.model.determined import Known
from veta.verify.authors import group_words
from veta.verify.evidence_forms import document_of
from veta.verify.report import Report
from veta.verify.signers import scope_of, signer_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignedEvidence:
    """A document of a statement that is good by itself."""

    form: str
    document: Any
    signer: Signer
    name: str
    """Of the signer, as the consortium registers it."""
    scope: str
    """Of the accreditation that the statement names."""
    leaf: str
    at_s: int
    """Block time of the anchor."""

    def grade(self, role: Role, subject_group: str, at_s: int | None = None) -> GradeFinding:
        """What it is worth as evidence that asks for a role.

        Args:
            role: that an independent body needs for it.
            subject_group: control group of the party that it speaks of.
            at_s: another moment than that of the anchor.
        """
        return grade_of(
            (self.signer,),
            subject_group=subject_group,
            work=Work(role, self.scope),
            at_s=self.at_s if at_s is None else at_s,
        )


def evidence_beside(
    reports: Iterable[Report], facts: LedgerFacts, substances: frozenset[SubstanceId]
) -> tuple[SignedEvidence, ...]:
    """The documents beside that count, with their signers.

    Args:
        reports: of the statements beside; only what came out good is looked at.
        facts: of the whole bundle.
        substances: that an accreditation has to cover: those of the lot.
    """
    by_leaf = {each.leaf: each for each in facts.beside}
    own, group = _issuer_of(facts), subject_group(facts)
    return tuple(
        replace(found, signer=replace(found.signer, control_group=group))
        if found.signer.party == own
        else found
        for each in reports
        if each.verified is not None
        and (known := by_leaf.get(each.verified.statement.leaf)) is not None
        and (found := _signed(each, known, substances)) is not None
    )


def read_all(
    evidence: Iterable[SignedEvidence], form: str, read: Callable[[Any], T]
) -> Iterator[tuple[SignedEvidence, T]]:
    """Every document of a form, read; what cannot be read broke its statement's rules before."""
    for each in evidence:
        if each.form == form:
            try:
                yield each, read(each.document)
            except ProvenanceError:
                continue


def subject_group(facts: LedgerFacts) -> str:
    """Control group of the passport's issuer; empty if the chain did not tell."""
    if isinstance(facts.issuer, Known) and facts.issuer.value is not None:
        return group_words(facts.issuer.value)
    return ""


def _issuer_of(facts: LedgerFacts) -> str | None:
    """DID of the passport's issuer: whatever else is said of it, it speaks of itself."""
    member = facts.issuer.value if isinstance(facts.issuer, Known) else None
    return None if member is None else member.identifier


def _signed(
    report: Report, facts: FactsBeside, substances: frozenset[SubstanceId]
) -> SignedEvidence | None:
    assert report.verified is not None
    statement = report.verified.statement
    document, signer = document_of(statement.credential), signer_of(facts, substances)
    anchor = facts.anchor.value if isinstance(facts.anchor, Known) else None
    if document is None or signer is None or anchor is None:
        return None
    return SignedEvidence(
        form=str(document.get("format", "")),
        document=document,
        signer=signer,
        name=report.member_name or signer.party,
        scope=scope_of(facts),
        leaf=statement.leaf.hex(),
        at_s=anchor.anchored_at_s,
    )
