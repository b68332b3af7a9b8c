"""Compare two statements: ask the chain about both at one block, and let the core say."""

from __future__ import annotations

from collections.abc import Iterator

from veta.errors import LedgerError
from veta.model.anchoring import StatusAction, StatusEntry
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.determined import Known
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock
from veta.ports.ledger import LedgerReader
from veta.services.verify import FactGatherer
from veta.verify.equivocation import Comparison, compare
from veta.verify.successions import MAX_SUCCESSIONS


def compare_on_chain(
    trust: TrustConfig,
    ledger: LedgerReader,
    clock: Clock,
    bundles: tuple[StatementBundle, StatementBundle],
) -> Comparison:
    """Gather the facts of two statements, with everything that superseded either, and compare.

    Args:
        trust: the pinned chain.
        ledger: the chain endpoint; what it cannot be asked is not determined.
        clock: the reader's own.
        bundles: the statements; facts in their files are not used.

    Raises:
        InputError, VerificationError: as ``compare``.
    """
    gatherer = FactGatherer(ledger, clock)
    facts = (gatherer.gather(bundles[0]), gatherer.gather(bundles[1]))
    try:
        line = [entry for each in facts for entry in _followed(ledger, each)]
    except LedgerError:
        return compare(bundles, facts, trust)
    return compare(bundles, facts, trust, line)


def _followed(ledger: LedgerReader, facts: LedgerFacts) -> Iterator[StatusEntry]:
    """What was said of the statements that took this one's place."""
    if not isinstance(facts.status, Known) or not isinstance(facts.as_of, Known):
        return
    said = facts.status.value
    seen = {entry.leaf for entry in said}
    for _ in range(MAX_SUCCESSIONS):
        after = [each for each in said if each.action is StatusAction.SUPERSEDE]
        leaf = after[-1].related_leaf if after else None
        if leaf is None or leaf in seen:
            return
        seen.add(leaf)
        said = ledger.status(after[-1].issuer, leaf, facts.as_of.value)
        yield from said
