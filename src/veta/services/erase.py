"""Erase a statement: its document, blind and salts are destroyed; its leaf stays where it is.

What is on the chain, and in the proofs of its neighbours, is the leaf alone: SHA-256 over a
document that had 16 random octets in it which nobody has any more. Nothing in it can be found by
trying values, however few there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from veta.errors import ConflictError, NotFoundError
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.ports.store import Erasure, ErasureReason, StatementState, Store


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done."""

    erasure: Erasure
    purged: bool
    """Nothing is left in the database's files; ``False``: a reader kept its log, purge again."""


class EraseDesk:
    """Erases statements that the node keeps.

    Args:
        store: where they are.
        member: the node's own; others' statements are erased alike.
    """

    def __init__(self, store: Store, member: MemberId) -> None:
        self._store = store
        self._member = member

    def erase(self, leaf: Leaf, *, at_s: UnixSeconds, reason: ErasureReason) -> Erased:
        """Destroy a statement for good. Asked again it only purges.

        Args:
            leaf: which.
            at_s: the node's clock.
            reason: kept in the tombstone.

        Raises:
            NotFoundError: ``statement.not_found``.
            ConflictError: ``erase.in_flight``: its batch is on its way to the chain; settle first.
        """
        with self._store.write() as work:
            stored = work.statement(leaf)
            if stored is not None and stored.state is StatementState.BATCHED:
                raise ConflictError(
                    "erase.in_flight", "its batch is on its way to the chain: anchor first"
                )
            if stored is not None:
                work.erase(leaf, at_s, reason)
            erasure = work.erasure(leaf)
        if erasure is None:
            raise NotFoundError("statement.not_found", f"no statement {leaf.hex()} is kept here")
        return Erased(erasure, self._store.purge())
