"""Anchoring: issued statements become batches under one root, and the root goes to the planner."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from veta.errors import NotFoundError, StoreError
from veta.model.anchoring import BatchKind
from veta.model.bundle import StatementBundle
from veta.model.identifiers import BatchRoot, Leaf
from veta.ports.ledger import Call
from veta.ports.store import Intent, Store, StoreWork
from veta.services.planning import AccountView, Alarm, TransactionPlanner, unaffordable
from veta.trees import DIGEST_LENGTH, MerkleTree

MOST_LEAVES: Final = 1_000_000


@dataclass(slots=True)
class AnchorReport:
    """What ``BatchAnchorer.anchor`` did."""

    planned: list[Intent] = field(default_factory=list)
    """One intent a batch, signed and stored; the outbox sends them."""
    alarms: list[Alarm] = field(default_factory=list)


class BatchAnchorer:
    """Makes batches of one member's issued statements.

    Args:
        planner: where transactions are planned; its store holds the statements.
        most_leaves: most statements in one batch.
    """

    def __init__(self, planner: TransactionPlanner, *, most_leaves: int = MOST_LEAVES) -> None:
        self._planner = planner
        self._most_leaves = most_leaves
        self._one_at_a_time = threading.Lock()

    def anchor(self, kind: BatchKind | None = None) -> AnchorReport:
        """Batch what was issued (of one kind, or of each kind) and plan its transactions.

        Batch, sequence number, nonce and signed transaction are committed together. Statements that
        the contract would refuse, or that cannot be paid for, stay issued and are an alarm. While
        an older batch must be planned anew, or too many are on the way, nothing new is planned.

        Raises:
            LedgerUnavailableError: the chain cannot be asked; nothing was done.
        """
        report = AnchorReport()
        with self._one_at_a_time:
            with self._planner.store.read() as work:
                kinds = work.unbatched_kinds(self._planner.member)
            for each in kinds:
                if kind is None or kind is each:
                    while self._anchor_one(each, report):
                        pass
        return report

    def _anchor_one(self, kind: BatchKind, report: AnchorReport) -> bool:
        planner = self._planner
        with planner.store.read() as work:
            leaves = work.unbatched(planner.member, kind, self._most_leaves)
            in_flight = planner.in_flight(work)
            draining = bool(work.stranded())
        if not leaves or in_flight >= planner.policy.most_in_flight or draining:
            return False
        view = planner.observe()
        with planner.store.read() as work:
            sequence = planner.next_sequence(work, view)
        tree = MerkleTree(leaves)
        call = planner.ledger.encode_anchor(
            sequence=sequence, root=tree.root, size=tree.size, kind=kind
        )
        if not self._acceptable(call, view, idle=not in_flight, report=report):
            return False
        with planner.store.write() as work:
            intent = work.add_batch(planner.member, kind, tree.root, leaves)
            planner.enter(work, intent, view)
        report.planned.append(intent)
        return len(leaves) == self._most_leaves

    def _acceptable(
        self, call: Call, view: AccountView, *, idle: bool, report: AnchorReport
    ) -> bool:
        alarm = unaffordable(call, view.fees, view.balance_wei)
        if alarm is None and idle:
            # With others on the way a simulation at the head would refuse the sequence number.
            refusal = self._planner.refusal(call)
            if refusal is not None:
                alarm = Alarm("anchor.refused", refusal.message)
        if alarm is not None:
            report.alarms.append(alarm)
        return alarm is None


class BundleDesk:
    """Hands out statements with their inclusion proofs; keeps the tree of the last batch asked.

    A tree is rebuilt from the batch's stored leaf digests and must have the batch's root.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[int, MerkleTree] | None = None

    def bundle(self, leaf: Leaf) -> StatementBundle:
        """The token and, once it is in a batch, its inclusion proof and the root.

        Raises:
            NotFoundError: ``statement.not_found``, ``statement.erased``.
            StoreError: ``store.corrupt`` if the stored leaves do not make the stored root.
        """
        with self._store.read() as work:
            stored = work.statement(leaf)
            if stored is None:
                raise _not_kept(work, leaf)
            if stored.batch is None or stored.position is None:
                return StatementBundle(stored.record.token)
            batch = work.batch(stored.batch)
            kept = self._kept
            octets = b""
            if kept is None or kept[0] != stored.batch:
                octets = work.batch_leaves(stored.batch)
        assert batch is not None  # a foreign key says so
        tree = self._tree(batch.number, batch.root, octets, kept)
        if tree.size <= stored.position or tree.leaf(stored.position) != leaf:
            raise StoreError("store.corrupt", "the statement is not where its batch has it")
        return StatementBundle(stored.record.token, tree.inclusion(stored.position), batch.root)

    def _tree(
        self, number: int, root: BatchRoot, octets: bytes, kept: tuple[int, MerkleTree] | None
    ) -> MerkleTree:
        if kept is not None and kept[0] == number:
            return kept[1]
        tree = MerkleTree(split_leaves(octets))
        if tree.root != root:
            raise StoreError("store.corrupt", "the leaves of a batch do not make its root")
        self._kept = (number, tree)
        return tree


def _not_kept(work: StoreWork, leaf: Leaf) -> NotFoundError:
    if work.erasure(leaf) is not None:
        return NotFoundError("statement.erased", f"statement {leaf.hex()} was erased")
    return NotFoundError("statement.not_found", f"no statement {leaf.hex()} is kept here")


def split_leaves(octets: bytes) -> Sequence[bytes]:
    """Leaf digests out of a batch's joined octets.

    Raises:
        StoreError: ``store.corrupt``.
    """
    if not octets or len(octets) % DIGEST_LENGTH:
        raise StoreError("store.corrupt", "the leaves of a batch are damaged")
    return [octets[at : at + DIGEST_LENGTH] for at in range(0, len(octets), DIGEST_LENGTH)]
