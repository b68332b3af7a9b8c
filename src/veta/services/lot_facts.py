"""What a verifier asks the chain about a disclosed lot, all at the block of its other facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

from veta.custody.encoding import lot_id
from veta.errors import ConfigError, LedgerError
from veta.model.anchoring import BlockRef, StatusAction, StatusEntry
from veta.model.bundle import BatchWord, LotFacts, StatementBundle
from veta.model.determined import Determined, Known, Undetermined
from veta.model.disclosure import LotPart
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    AllocationRule,
    BatchHeader,
    LotId,
    LotRecord,
    ProductClassId,
    ProductClassTerms,
)
from veta.verify.batches import header_fault, name_of
from veta.verify.lineage_graph import MAX_NODES, nodes_of
from veta.verify.lot_step import lot_fault

T = TypeVar("T")

MAX_BATCHES: Final = 512
"""Most batches that are asked for one bundle: whoever makes bundles makes the node ask."""
_MAX_SUCCESSIONS: Final = 64
_TOO_MANY: Final = Undetermined(
    "facts.too_many_batches", f"more than {MAX_BATCHES} batches are disclosed; not all were asked"
)


class LotReads(Protocol):
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
    reads: LotReads, statuses: StatusReads, bundle: StatementBundle, leaf: Leaf, block: BlockRef
) -> LotFacts | None:
    """Everything that the verifier needs to know from the chain about a bundle's lot.

    Args:
        reads: the lots' side of the chain.
        statuses: its statements' side.
        bundle: as handed over; ``None`` is returned for one without a lot that can be asked about.
        leaf: of its statement.
        block: at which all is asked.
    """
    part = bundle.lot
    if part is None or lot_fault(part) is not None:
        return None
    headers = list(_headers(bundle))
    classes = sorted({header.product_class for header in headers})[:MAX_BATCHES]
    rules = sorted({header.allocation_rule for header in headers} - {0})[:MAX_BATCHES]
    lot = lot_id(part.batch.header.issuer, part.lot_key)
    return LotFacts(
        lot=lot,
        record=ask(lambda: reads.lot(lot, block)),
        words=tuple(_words(reads, headers, block)),
        successions=ask(lambda: _successions(statuses, part, leaf, block)),
        classes=ask(lambda: _present(reads.product_class(each, block) for each in classes)),
        rules=ask(lambda: _present(reads.allocation_rule(each, block) for each in rules)),
    )


def unasked_lot(bundle: StatementBundle, why: Undetermined) -> LotFacts | None:
    """Facts about a bundle's lot of which none could be had."""
    part = bundle.lot
    if part is None or lot_fault(part) is not None:
        return None
    lot = lot_id(part.batch.header.issuer, part.lot_key)
    words = tuple(BatchWord(*name_of(header), why) for header in _headers(bundle))
    return LotFacts(lot, why, words, why, why, why)


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
    statuses: StatusReads, part: LotPart, leaf: Leaf, block: BlockRef
) -> tuple[StatusEntry, ...]:
    """From the lot's first statement on, until the one that is asked about."""
    issuer, at = part.batch.header.issuer, part.statement_leaf
    entries: list[StatusEntry] = []
    seen: set[Leaf] = set()
    while at != leaf and at not in seen and len(seen) < _MAX_SUCCESSIONS:
        seen.add(at)
        said = statuses.status(issuer, at, block)
        entries += said
        following = [entry for entry in said if entry.action is StatusAction.SUPERSEDE]
        if following and following[-1].related_leaf is not None:
            at = following[-1].related_leaf
    return tuple(entries)
