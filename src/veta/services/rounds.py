"""Monitoring rounds from statements: each verified by the chain first, then judged together.

A statement that is not good counts for nothing and is named; one that could not be asked makes the
whole answer "cannot tell".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from veta.errors import LedgerUnavailableError, ProvenanceError, VerificationError
from veta.model.anchoring import BatchKind, BlockRef
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.determined import Known
from veta.model.identifiers import Leaf
from veta.monitoring.judge import Judged, family, judge
from veta.monitoring.rounds import Author, CoSignature, Round, read_co_signature, read_round
from veta.ports.clock import Clock
from veta.ports.ledger import LedgerReader
from veta.ports.store import Store
from veta.services.anchor import BundleDesk
from veta.services.verify import FactGatherer
from veta.statement.credential import read_credential
from veta.statement.jws import unseal
from veta.statement.own_types import CO_SIGNATURE, MONITORING_ROUND, own_type_of
from veta.statement.rules import check_rules
from veta.verify.authors import author_told
from veta.verify.beside import within_bounds
from veta.verify.report import Report
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

MOST_KEPT: Final = 2_000
"""Statements of the home that are looked at, the newest first."""


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A statement that was handed in and counts for nothing: nobody's that can be shown."""

    place: str
    leaf: str
    code: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """As JSON."""
        return {
            "document": self.place, "leaf": self.leaf, "code": self.code, "reason": self.reason
        }  # fmt: skip


@dataclass(slots=True)
class Papers:
    """What was found in statements that were handed in."""

    rounds: dict[Leaf, Round] = field(default_factory=dict)
    co_signatures: dict[Leaf, CoSignature] = field(default_factory=dict)
    not_counted: list[NotCounted] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RoundsFound:
    """A round that was asked for, all that stands beside it, and what counts for nothing."""

    asked: Round
    judged: Judged
    not_counted: tuple[NotCounted, ...]
    as_of: BlockRef


class RoundReader:
    """Verifies statements about rounds, all at one block.

    Args:
        verifier: with the pinned trust.
        ledger: the chain.
        clock: the reader's own.
    """

    def __init__(self, verifier: Verifier, ledger: LedgerReader, clock: Clock) -> None:
        self._verifier = verifier
        self._gatherer = FactGatherer(ledger, clock)

    def round_of(self, place: str, bundle: StatementBundle) -> Round:
        """The round that a statement is.

        Raises:
            InputError: ``monitoring.no_round``; ``statement.*`` for a token that cannot be read.
            VerificationError: with the verdict's code: it is not good.
            LedgerUnavailableError: it could not be judged.
        """
        report, author = self._author(place, bundle)
        assert report.statement is not None
        return read_round(report.statement.credential, report.statement.leaf, author)

    def judged(
        self,
        asked: tuple[str, StatementBundle],
        more: Iterable[tuple[str, StatementBundle]],
    ) -> RoundsFound:
        """The round asked for, judged with everything else that is at hand.

        Args:
            asked: its place and statement; what stands beside it is looked at, too.
            more: further rounds and co-signatures; of other types nothing is taken.

        Raises:
            InputError, VerificationError, LedgerUnavailableError: as ``round_of``, about the round
                asked for; of others only the last.
        """
        found = self.round_of(*asked)
        papers = Papers()
        for place, bundle in (*parts_of(*asked), *(p for each in more for p in parts_of(*each))):
            self._read(place, bundle, papers)
        papers.rounds.setdefault(found.leaf, found)
        block = self._block()
        rounds = family(found, papers.rounds.values())
        leaves = {each.leaf for each in rounds}
        about = [
            each
            for each in papers.co_signatures.values()
            if each.round_leaf in leaves or each.round_leaf not in papers.rounds
        ]
        judged = judge(rounds, about, at_s=block.time_s)
        return RoundsFound(found, judged, tuple(papers.not_counted), block)

    def _block(self) -> BlockRef:
        as_of = self._gatherer.view.as_of
        if not isinstance(as_of, Known):
            raise LedgerUnavailableError(as_of.code, as_of.reason)
        return as_of.value

    def _read(self, place: str, bundle: StatementBundle, papers: Papers) -> None:
        try:
            report, author = self._author(place, bundle)
            assert report.statement is not None
            statement = report.statement
        except LedgerUnavailableError:
            raise
        except ProvenanceError as error:
            refused = NotCounted(place, _leaf_words(bundle), error.code, error.message)
            if refused not in papers.not_counted:
                papers.not_counted.append(refused)
            return
        credential, leaf = statement.credential, statement.leaf
        name = own_type_of(credential)
        if name == MONITORING_ROUND:
            papers.rounds[leaf] = read_round(credential, leaf, author)
        elif name == CO_SIGNATURE:
            papers.co_signatures[leaf] = read_co_signature(credential, leaf, author)

    def _author(self, place: str, bundle: StatementBundle) -> tuple[Report, Author]:
        alone = StatementBundle(bundle.token, bundle.inclusion, bundle.root)
        facts = self._gatherer.gather(alone)
        report = self._verifier.verify(alone, facts)
        return report, author_of(place, report, facts)


def _leaf_words(bundle: StatementBundle) -> str:
    try:
        return unseal(bundle.token).leaf.hex()
    except ProvenanceError:
        return ""


def parts_of(place: str, bundle: StatementBundle) -> Iterator[tuple[str, StatementBundle]]:
    """A bundle's own statement, and each beside it."""
    yield place, bundle
    for each in within_bounds(bundle.beside):
        yield f"{place} (beside)", StatementBundle(each.token, each.inclusion, each.root)


def kept_papers(store: Store) -> Iterator[tuple[str, StatementBundle]]:
    """Rounds and co-signatures that a home keeps and has anchored, the newest first."""
    desk = BundleDesk(store)
    with store.read() as work:
        found = work.statements(kind=BatchKind.OTHER, limit=MOST_KEPT)
    for each in found:
        name = own_type_of(read_credential(each.record.payload))
        if name in {MONITORING_ROUND, CO_SIGNATURE} and each.batch is not None:
            yield each.record.leaf.hex(), desk.bundle(each.record.leaf)


def papers_about(
    asked: StatementBundle, papers: Iterable[tuple[str, StatementBundle]]
) -> Iterator[tuple[str, StatementBundle]]:
    """Of papers that nobody named, those that can be about a round; what cannot be read is one.

    Rounds of its site, and co-signatures of those or of the round: so that a node that keeps many
    asks the chain about few. What a statement says of itself decides; none is believed for it.

    Args:
        asked: the round; of anything else nothing is about it.
        papers: place and statement.
    """
    own = _said(asked)
    site = own[1]["site"]["id"] if own is not None and own[0] == MONITORING_ROUND else None
    read = [(paper, _said(paper[1])) for paper in papers]
    leaves = {_leaf_words(asked)}
    for paper, said in read:
        if said is None:
            yield paper
        elif said[0] == MONITORING_ROUND and said[1]["site"]["id"] == site:
            leaves.add(_leaf_words(paper[1]))
            yield paper
    for paper, said in read:
        if said is not None and said[0] == CO_SIGNATURE and said[1]["round"]["leaf"] in leaves:
            yield paper


def _said(bundle: StatementBundle) -> tuple[str | None, Mapping[str, Any]] | None:
    """Type and subject of a statement that keeps its rules; ``None`` if it does not."""
    try:
        credential = read_credential(unseal(bundle.token).payload)
        if own_type_of(credential) is not None:
            check_rules(credential)
    except ProvenanceError:
        return None
    return own_type_of(credential), credential.subject


def author_of(place: str, report: Report, facts: LedgerFacts) -> Author:
    """Whose word a statement about a round or licence is; one that was revoked is somebody's still.

    Args:
        place: by which it was asked for.
        report: of the statement.
        facts: by which it was judged.

    Raises:
        VerificationError: with the deciding check's code: it is not good, for another reason than
            that it was revoked.
        LedgerUnavailableError: it could not be judged.
    """
    decisive = report.decisive()
    words = f"{place}: {decisive.sentence if decisive else report.verdict.value}"
    code = decisive.code if decisive else f"verify.{report.verdict.value.lower()}"
    if report.verdict is Verdict.INDETERMINATE:
        raise LedgerUnavailableError(code, words)
    author = author_told(report.checks, facts)
    if author is None:
        raise VerificationError(code, words)
    return author
