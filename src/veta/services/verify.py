"""Verify: gather what the chain says about a statement, all at one block, and let the core judge.

Whatever cannot be asked becomes ``Undetermined`` with its reason; no failure of the chain ever
turns into an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from veta.errors import LedgerError, ProvenanceError
from veta.model.anchoring import AnchorRecord, BlockRef, ChainIdentity, StatusEntry
from veta.model.assurance import AccreditationFacts
from veta.model.bundle import FactsBeside, LedgerFacts, LotFacts, StatementBundle
from veta.model.consortium import KeyEntry, Member, MembershipEntry
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import BatchRoot, Leaf, MemberId
from veta.ports.clock import Clock
from veta.ports.ledger import LedgerReader
from veta.services.assurance_facts import gather_accreditation
from veta.services.lot_facts import LotReads, ask, gather_lot, unasked_lot
from veta.services.site_facts import SiteFacts
from veta.statement.jws import SignedStatement, read_statement
from veta.verify.beside import within_bounds
from veta.verify.evidence_forms import accreditation_named
from veta.verify.report import Report
from veta.verify.verifier import Verifier

T = TypeVar("T")

NOT_ASKED = Undetermined("facts.not_asked", "the token could not be read, so nothing was asked")


@dataclass(frozen=True, slots=True)
class ChainView:
    """The chain at one final block, as several verifications share it."""

    chain: Determined[ChainIdentity]
    as_of: Determined[BlockRef]


@dataclass(frozen=True, slots=True)
class IssuerView:
    """What the chain says about one issuer at the view's block."""

    member: Determined[Member | None]
    membership: Determined[tuple[MembershipEntry, ...]]
    keys: Determined[tuple[KeyEntry, ...]]


class FactGatherer:
    """Reads facts for many statements at one block; each issuer is asked about once.

    Args:
        ledger: the chain endpoint.
        clock: the verifier's own clock.
    """

    def __init__(self, ledger: LedgerReader, clock: Clock) -> None:
        self._ledger = ledger
        self._asked_at_s = clock.now_s()
        self.view = ChainView(
            chain=_ask(ledger.identity),
            as_of=_ask(ledger.final_head),
        )
        self._issuers: dict[str, IssuerView] = {}
        self._sites: SiteFacts | None = None

    def gather(self, bundle: StatementBundle) -> LedgerFacts:
        """Everything the verifier needs to know from the chain about one statement."""
        try:
            statement = read_statement(bundle.token)
        except ProvenanceError:
            return self._unasked(NOT_ASKED)
        as_of = self.view.as_of
        if isinstance(as_of, Undetermined):
            return self._unasked(as_of)
        block = as_of.value
        facts = self._about(self._issuer(statement, block), statement.leaf, bundle.root, block)
        facts = replace(facts, beside=tuple(self._ask_beside(bundle, block)))
        if bundle.lot is None:
            return facts
        return replace(facts, lot=self._ask_lot(bundle, statement.leaf, block))

    def gather_lot_alone(self, bundle: StatementBundle) -> LedgerFacts:
        """What the chain says of a bundle's lot, whose passport is not at hand."""
        as_of = self.view.as_of
        if isinstance(as_of, Undetermined):
            return self._unasked(as_of)
        assert bundle.lot is not None
        lot = self._ask_lot(bundle, bundle.lot.statement_leaf, as_of.value)
        return replace(self._unasked(NOT_ASKED), lot=lot)

    def _ask_beside(self, bundle: StatementBundle, block: BlockRef) -> Iterator[FactsBeside]:
        """Of every statement beside that can be read; as many as the verifier looks at."""
        for each in within_bounds(bundle.beside):
            try:
                statement = read_statement(each.token)
            except ProvenanceError:
                continue  # the verifier says so
            issuer = self._issuer(statement, block)
            facts = self._about(issuer, statement.leaf, each.root, block)
            yield FactsBeside(
                leaf=statement.leaf,
                root=each.root,
                issuer=facts.issuer,
                membership=facts.membership,
                keys=facts.keys,
                anchor=facts.anchor,
                status=facts.status,
                accreditation=self._ask_accreditation(statement, block),
            )

    def _ask_accreditation(
        self, statement: SignedStatement, block: BlockRef
    ) -> Determined[AccreditationFacts | None]:
        number = accreditation_named(statement.credential)
        if number is None:
            return Known(None)
        reads = ask(lambda: lots_of(self._ledger))
        if isinstance(reads, Undetermined):
            return reads
        lots = reads.value
        if lots is None:
            return Known(None)
        return _ask(lambda: gather_accreditation(lots, self._ledger, number, block))

    def _issuer(self, statement: SignedStatement, block: BlockRef) -> IssuerView:
        identifier = statement.credential.issuer.identifier
        issuer = self._issuers.get(identifier)
        if issuer is None:
            issuer = self._issuers[identifier] = self._ask_issuer(identifier, block)
        return issuer

    def _ask_issuer(self, identifier: str, block: BlockRef) -> IssuerView:
        ledger = self._ledger
        found = _ask(lambda: ledger.member_id(identifier, block))
        if isinstance(found, Undetermined):
            return IssuerView(found, found, found)
        member_id = found.value
        if member_id is None:
            return IssuerView(Known(None), Known(()), Known(()))
        return IssuerView(
            member=_ask(lambda: ledger.member(member_id, block)),
            membership=_ask(lambda: ledger.membership(member_id, block)),
            keys=_ask(lambda: ledger.keys(member_id, block)),
        )

    def _about(
        self, issuer: IssuerView, leaf: Leaf, root: BatchRoot | None, block: BlockRef
    ) -> LedgerFacts:
        ledger = self._ledger
        member_id = _member_of(issuer)
        if isinstance(member_id, Undetermined):
            return self._facts(issuer, anchor=member_id, status=member_id)
        if member_id is None:
            return self._facts(issuer, anchor=Known(None), status=Known(()))
        return self._facts(
            issuer,
            anchor=Known(None)
            if root is None
            else _ask(lambda: ledger.anchor(member_id, root, block)),
            status=_ask(lambda: ledger.status(member_id, leaf, block)),
        )

    def _ask_lot(self, bundle: StatementBundle, leaf: Leaf, block: BlockRef) -> LotFacts | None:
        """What the lot book says; ``None`` of a chain that is asked about no lots."""
        reads = ask(lambda: lots_of(self._ledger))
        if isinstance(reads, Undetermined):
            return unasked_lot(bundle, reads)
        if reads.value is None:
            return None
        if self._sites is None:
            self._sites = SiteFacts(reads.value, block)
        return gather_lot(reads.value, self._ledger, bundle, leaf, block, self._sites)

    def _unasked(self, why: Undetermined) -> LedgerFacts:
        return self._facts(IssuerView(why, why, why), anchor=why, status=why)

    def _facts(
        self,
        issuer: IssuerView,
        *,
        anchor: Determined[AnchorRecord | None],
        status: Determined[tuple[StatusEntry, ...]],
    ) -> LedgerFacts:
        return LedgerFacts(
            chain=self.view.chain,
            as_of=self.view.as_of,
            issuer=issuer.member,
            membership=issuer.membership,
            keys=issuer.keys,
            anchor=anchor,
            status=status,
            asked_at_s=self._asked_at_s,
        )


def verify_bundle(
    verifier: Verifier, ledger: LedgerReader, clock: Clock, bundle: StatementBundle
) -> Report:
    """Gather the facts of one statement and judge it."""
    return verifier.verify(bundle, FactGatherer(ledger, clock).gather(bundle))


def verify_many(
    verifier: Verifier,
    ledger: LedgerReader,
    clock: Clock,
    bundles: Iterable[StatementBundle],
) -> Iterator[Report]:
    """Judge many statements, all at one block; reports come in the order of the bundles."""
    gatherer = FactGatherer(ledger, clock)
    for bundle in bundles:
        yield verifier.verify(bundle, gatherer.gather(bundle))


def lots_of(ledger: LedgerReader) -> LotReads | None:
    """The lots' side of an endpoint, ``None`` of one that has none.

    Raises:
        ConfigError: ``config.no_contract``: the trust configuration pins no contracts for lots.
    """
    lots: LotReads | None = getattr(ledger, "lots", None)
    return lots


def _ask(question: Callable[[], T]) -> Determined[T]:
    try:
        return Known(question())
    except LedgerError as error:
        return Undetermined(error.code, error.message)


def _member_of(issuer: IssuerView) -> MemberId | Undetermined | None:
    if isinstance(issuer.member, Undetermined):
        return issuer.member
    return issuer.member.value.member if issuer.member.value else None
