"""What stands beside a bundle and counts, as the steps read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from veta.model.bundle import LedgerFacts
from veta.model.columns import ELEMENT_SYMBOLS, SubstanceId
from veta.model.identifiers import Leaf, UnixSeconds
from veta.verify.policy import Policy
from veta.verify.report import Report, VerifiedStatement
from veta.verify.signed_evidence import SignedEvidence, evidence_beside, subject_group
from veta.verify.stated import StatedLot

Shown = Mapping[Leaf, VerifiedStatement]
"""Statements beside the bundle that are good by themselves, by their leaves."""

_NEVER: Final = UnixSeconds(0)
_NUMBERS: Final = {symbol: SubstanceId(number) for number, symbol in ELEMENT_SYMBOLS.items()}


@dataclass(frozen=True, slots=True)
class Papers:
    """What documents can be read, when, and by which policy."""

    shown: Shown = field(default_factory=dict)
    evidence: tuple[SignedEvidence, ...] = ()
    subject_group: str = ""
    """Control group of the passport's issuer."""
    at_s: UnixSeconds = _NEVER
    """The moment of the verdict."""
    policy: Policy = field(default_factory=Policy)


def papers_of(
    stated: StatedLot | None,
    beside: Iterable[Report],
    facts: LedgerFacts,
    at_s: UnixSeconds,
    policy: Policy,
) -> Papers:
    """Those that came out good, with who signed them.

    Args:
        stated: what the passport states: an accreditation counts if it covers the lot's metals.
        beside: reports of all statements beside.
        facts: of the whole bundle.
        at_s: the moment of the verdict.
        policy: of the reader.
    """
    reports = tuple(beside)
    symbols = () if stated is None else stated.metal_g
    substances = frozenset(_NUMBERS[each] for each in symbols if each in _NUMBERS)
    good = (each.verified for each in reports)
    return Papers(
        shown={each.statement.leaf: each for each in good if each is not None},
        evidence=evidence_beside(reports, facts, substances),
        subject_group=subject_group(facts),
        at_s=at_s,
        policy=policy,
    )
