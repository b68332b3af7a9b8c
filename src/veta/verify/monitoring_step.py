"""Step 10 of a monitoring round: who co-signed it, of the statements that stand beside it.

A round is genuine whoever saw it, so nothing here fails: what is single-signed, who is missing, and
what else was stated about the same readings are notices. Nothing is said of other statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from veta.evidence.answers import Answer
from veta.model.bundle import LedgerFacts
from veta.model.identifiers import UnixSeconds
from veta.monitoring.judge import Judged, RoundFinding, family, judge
from veta.monitoring.rounds import Author, CoSignature, Round, read_co_signature, read_round
from veta.statement.jws import SignedStatement
from veta.statement.own_types import CO_SIGNATURE, MONITORING_ROUND, own_type_of
from veta.verify.authors import author_told
from veta.verify.verdict import Check, FactValue, Outcome, Step


@dataclass(frozen=True, slots=True)
class Told:
    """A statement, what steps 1 to 7 found of it, and the facts by which they did."""

    statement: SignedStatement
    checks: tuple[Check, ...]
    facts: LedgerFacts

    @property
    def name(self) -> str | None:
        """Its type, if it is one of Veta's own with rules."""
        return own_type_of(self.statement.credential)

    @property
    def author(self) -> Author | None:
        """Whose word it is; ``None`` if that is not shown."""
        return author_told(self.checks, self.facts)


def check_round(own: Told, others: Iterable[Told], at_s: UnixSeconds) -> list[Check]:
    """What is known of a round beside it; nothing of another statement, or one that is not good.

    Args:
        own: the statement.
        others: all that came with it.
        at_s: the moment for which it is judged.
    """
    if own.name != MONITORING_ROUND:
        return []
    author = own.author
    if author is None:
        return []
    stated = read_round(own.statement.credential, own.statement.leaf, author)
    rounds, papers = _read(others)
    found = judge(family(stated, rounds), papers, at_s=at_s)
    finding = next(each for each in found.rounds if each.round.leaf == stated.leaf)
    return [_finding(finding), *_faults(found)]


def _read(others: Iterable[Told]) -> tuple[list[Round], list[CoSignature]]:
    rounds, papers = [], []
    for each in others:
        author = each.author if each.name in {MONITORING_ROUND, CO_SIGNATURE} else None
        if author is None:
            continue
        credential, leaf = each.statement.credential, each.statement.leaf
        if each.name == MONITORING_ROUND:
            rounds.append(read_round(credential, leaf, author))
        else:
            papers.append(read_co_signature(credential, leaf, author))
    return rounds, papers


def _finding(found: RoundFinding) -> Check:
    answer, code = found.answer
    facts: dict[str, FactValue] = {
        "readings": found.round.count,
        "co_signed": len(found.co_signed),
        "single_signed": found.single_signed.words(),
        "co_signers": tuple(found.by_party),
        "missing": tuple(each.party for each in found.missing),
        "deadline_s": found.round.deadline_s,
    }
    sentence = f"{len(found.co_signed)} of {found.round.count} readings are co-signed"
    if found.missing:
        sentence += f"; {', '.join(each.party for each in found.missing)} did not co-sign all of"
        sentence += " what is expected"
    outcome = Outcome.PASSED if answer is Answer.MET else Outcome.NOTICE
    return Check(Step.ASSURANCE, outcome, code, sentence, facts)


def _faults(found: Judged) -> Iterator[Check]:
    for each in found.faults:
        yield Check(Step.ASSURANCE, Outcome.NOTICE, each.code, each.reason)
