"""Statements beside a bundle's own: how many there may be, and what is known of each.

The verifier judges each of them by steps 1 to 7, as if it came alone. What does not come out good
counts as not there, and is named: a bundle gets nothing from a document that somebody forged, and
loses nothing by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from veta.model.bundle import LedgerFacts, StatementBeside
from veta.model.determined import Undetermined
from veta.model.identifiers import BatchRoot, Leaf

MAX_BESIDE: Final = 64
"""Most statements beside a bundle's own."""
MAX_BESIDE_OCTETS: Final = 1 << 20
"""Most octets of all their tokens, and of the leaves that are opened with them, together."""

_NOT_ASKED: Final = Undetermined("facts.not_asked", "nobody asked the chain about this statement")


def within_bounds(beside: Sequence[StatementBeside]) -> Sequence[StatementBeside]:
    """The first of them, as far as number and octets allow: no others are looked at."""
    octets = 0
    for place, each in enumerate(beside[:MAX_BESIDE]):
        octets += len(each.token) + len(each.opened)
        if octets > MAX_BESIDE_OCTETS:
            return beside[:place]
    return beside[:MAX_BESIDE]


def facts_beside(facts: LedgerFacts, leaf: Leaf, root: BatchRoot | None) -> LedgerFacts:
    """What is known of one statement beside; unanswered, with the reason, if nothing is.

    Args:
        facts: usable ones, of the whole bundle.
        leaf: of the statement.
        root: of the batch that it says it is in.
    """
    own = next((each for each in facts.beside if (each.leaf, each.root) == (leaf, root)), None)
    if own is None:
        why = next((f for f in (facts.chain, facts.as_of) if isinstance(f, Undetermined)), None)
        why = why or _NOT_ASKED
        unasked = replace(facts, issuer=why, membership=why, keys=why, anchor=why, status=why)
        return replace(unasked, status_list=None, lot=None, beside=())
    return replace(
        facts,
        issuer=own.issuer,
        membership=own.membership,
        keys=own.keys,
        anchor=own.anchor,
        status=own.status,
        status_list=None,
        lot=None,
        beside=(),
    )
