"""A round judged with everything that a node has at hand about it."""

from __future__ import annotations

from collections.abc import Iterable

from veta.model.bundle import StatementBundle
from veta.services.node import Node
from veta.services.papers import papers_kept
from veta.services.rounds import RoundReader, RoundsFound, kept_papers, papers_about


def round_at_hand(
    node: Node,
    asked: tuple[str, StatementBundle],
    more: Iterable[tuple[str, StatementBundle]] = (),
) -> RoundsFound:
    """A round with what stands beside it, what was handed in, and what the node keeps.

    Args:
        node: its store and its folder of papers are looked at, if it has them.
        asked: place and statement of the round.
        more: further rounds and co-signatures.

    Raises:
        InputError, VerificationError, LedgerUnavailableError: as ``RoundReader.judged``.
        StoreError: ``papers.*``.
    """
    at_hand = list(kept_papers(node.store)) if node.keeps else []
    at_hand += papers_kept(node.papers, now_s=node.clock.now_s()).statements
    papers = [*more, *papers_about(asked[1], at_hand)]
    return RoundReader(node.verifier, node.ledger, node.clock).judged(asked, papers)
