"""What a verifier asks the chain about a disclosed lot, all at the block of its other facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

from veta.custody.encoding import lot_id
from veta.errors import ConfigError, InputError, LedgerError
from veta.model.anchoring import BlockRef, StatusAction, StatusEntry
from veta.model.bundle import BatchWord, LotFacts, StatementBundle
from veta.model.determined import Determined, Known, Undetermined
from veta.model.disclosure import DisclosedBatch
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    MAX_TAKES,
    AllocationRule,
    BatchHeader,
    LotId,
    LotRecord,
    ProductClassId,
    ProductClassTerms,
)
from veta.services.assurance_facts import AssuranceReads, gather_assurance
from veta.services.notice_facts import NoticeReads, gather_notices, parties_of
from veta.services.site_facts import SiteFacts, SiteReads
from veta.trees import DIGEST_LENGTH
from veta.verify.batches import header_fault, name_of
from veta.verify.cause import read_cause
from veta.verify.lineage_graph import MAX_NODES, nodes_of
from veta.verify.lot_step import lot_fault
from veta.verify.successions import MAX_SUCCESSIONS

T = TypeVar("T")

MAX_BATCHES: Final = 512
"""Most batches that are asked for one bundle: whoever makes bundles makes the node ask."""
_TOO_MANY: Final = Undetermined(
    "facts.too_many_batches", f"more than {MAX_BATCHES} batches are disclosed; not all were asked"
)


class LotReads(AssuranceReads, NoticeReads, SiteReads, Protocol):
    """The part of the lots' port that verification needs; every read names its block."""

    def batch_word(self, issuer: MemberId, root: LotRoot, block: BlockRef) -> bytes:
        """What the chain holds under (issuer, root)."""

    def lot(self, lot: LotId, block: BlockRef) -> LotRecord:
        """A lot's two slots."""

    def product_class(
        self, product_class: ProductClassId, block: BlockRef
    ) -> ProductClassTerms | None:
        """A product class, ``None`` if it is not registered."""

    def allocation_rule(self, rule: int, block: BlockRef) -> AllocationRule | None:
        """A confirmed allocation rule, ``None`` if there is none."""


class StatusReads(Protocol):
    """Where statuses of statements are read."""

    def status(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> tuple[StatusEntry, ...]:
        """The whole status list of (issuer, leaf)."""


def gather_lot(
    reads: LotReads,
    statuses: StatusReads,
    bundle: StatementBundle,
    leaf: Leaf,
    block: BlockRef,
    sites: SiteFacts | None = None,
) -> LotFacts | None:
    """Everything that the verifier needs to know from the chain about a bundle's lot.

    Args:
        reads: the lots' side of the chain.
        statuses: its statements' side.
        bundle: as handed over; ``None`` is returned for one without a lot that can be asked about.
        leaf: of its statement.
        block: at which all is asked.
        sites: remembers what was asked of sites for other bundles.
    """
    part = bundle.lot
    if part is None or lot_fault(part) is not None:
        return None
    sites = sites or SiteFacts(reads, block)
    headers = list(_headers(bundle))
    classes = sorted({header.product_class for header in headers})[:MAX_BATCHES]
    rules = sorted({header.allocation_rule for header in headers} - {0})[:MAX_BATCHES]
    lot = lot_id(part.batch.header.issuer, part.lot_key)
    record = ask(lambda: reads.lot(lot, block))
    assurance = ask(lambda: gather_assurance(reads, bundle, block))
    parties = parties_of(part, record, assurance)
    return LotFacts(
        lot=lot,
        record=record,
        words=tuple(_words(reads, headers, block)),
        successions=ask(lambda: _successions(statuses, bundle, leaf, block)),
        classes=ask(lambda: _present(reads.product_class(each, block) for each in classes)),
        rules=ask(lambda: _present(reads.allocation_rule(each, block) for each in rules)),
        assurance=assurance,
        notices=ask(lambda: gather_notices(reads, part, headers[:MAX_BATCHES], block, parties)),
        sites=sites.of(header.site for header in headers),
    )


def unasked_lot(bundle: StatementBundle, why: Undetermined) -> LotFacts | None:
    """Facts about a bundle's lot of which none could be had."""
    part = bundle.lot
    if part is None or lot_fault(part) is not None:
        return None
    lot = lot_id(part.batch.header.issuer, part.lot_key)
    words = tuple(BatchWord(*name_of(header), why) for header in _headers(bundle))
    return LotFacts(lot, why, words, why, why, why, why, why)


def ask(question: Callable[[], T]) -> Determined[T]:
    """The answer, or why there is none."""
    try:
        return Known(question())
    except (LedgerError, ConfigError) as error:
        return Undetermined(error.code, error.message)


def _headers(bundle: StatementBundle) -> Iterable[BatchHeader]:
    """Of every batch that is disclosed, the lot's first, each once."""
    assert bundle.lot is not None
    found = {name_of(bundle.lot.batch.header): bundle.lot.batch.header}
    if nodes_of(bundle.runs) <= MAX_NODES:
        for run in bundle.runs:
            for batch in run.batches:
                if header_fault(batch.header) is None:
                    found.setdefault(name_of(batch.header), batch.header)
    return found.values()


def _words(reads: LotReads, headers: Iterable[BatchHeader], block: BlockRef) -> Iterable[BatchWord]:
    for number, header in enumerate(headers):
        issuer, root = name_of(header)
        if number >= MAX_BATCHES:
            yield BatchWord(issuer, root, _TOO_MANY)
            continue
        yield BatchWord(issuer, root, _word(reads, issuer, root, block))


def _word(reads: LotReads, issuer: MemberId, root: LotRoot, block: BlockRef) -> Determined[bytes]:
    return ask(lambda: reads.batch_word(issuer, root, block))


def _present(answers: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(answer for answer in answers if answer is not None)


def _successions(
    statuses: StatusReads, bundle: StatementBundle, leaf: Leaf, block: BlockRef
) -> tuple[StatusEntry, ...]:
    """From first statements on: the lot's until the one that is asked about, those of lots that
    went in to the newest.
    """
    part = bundle.lot
    assert part is not None
    questions: list[tuple[MemberId, Leaf, Leaf | None]]
    questions = [(part.batch.header.issuer, part.statement_leaf, leaf), *_of_parents(bundle)]
    entries: list[StatusEntry] = []
    for issuer, first, wanted in questions:
        at, seen = first, set[Leaf]()
        while at != wanted and at not in seen and len(seen) < MAX_SUCCESSIONS:
            seen.add(at)
            said = statuses.status(issuer, at, block)
            entries += said
            following = [entry for entry in said if entry.action is StatusAction.SUPERSEDE]
            if following and following[-1].related_leaf is not None:
                at = following[-1].related_leaf
    return tuple(entries)


def _of_parents(bundle: StatementBundle) -> list[tuple[MemberId, Leaf, None]]:
    """Issuer and first statement of each lot that the lot's run took."""
    assert bundle.lot is not None
    own = name_of(bundle.lot.batch.header)
    runs = [run for run in bundle.runs if own in map(_name, run.batches)]
    if not runs:
        return []
    try:
        takes = {part.lot: part.issuer for part in read_cause(runs[0].cause).takes}
    except InputError:
        return []
    first = {
        lot_id(issuer, taken.lot_key): taken.statement_leaf
        for issuer in set(takes.values())
        for taken in runs[0].taken[:MAX_TAKES]
        if len(taken.lot_key) == len(taken.statement_leaf) == DIGEST_LENGTH
    }
    return [(issuer, first[lot], None) for lot, issuer in takes.items() if lot in first]


def _name(batch: DisclosedBatch) -> tuple[MemberId, LotRoot]:
    return name_of(batch.header)
