"""Status changes: revoke, supersede, reaffirm and dispute, through the planner."""

from __future__ import annotations

from dataclasses import replace

from veta.errors import ConflictError, InputError, LedgerUnavailableError, NotFoundError
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.ports.store import BLOCK_TIME, Intent, StatusChange, StoredStatement
from veta.services.planning import TransactionPlanner, unaffordable
from veta.statement.corrections import correction_of
from veta.statement.credential import read_credential

_MAY_LIE_IN_THE_PAST = frozenset(
    {StatusReason.COMPROMISED, StatusReason.VOIDED_BY_BODY, StatusReason.VOIDED_BY_ACCREDITOR}
)


class StatusChanger:
    """Appends to status lists in the member's name.

    Each method stores an intent. If the chain can be asked, the contract is asked first (a refusal
    is raised and nothing is stored) and the signed transaction is stored with the intent; if it
    cannot, the intent waits and the outbox plans it later. An equal intent that is still open is
    returned instead of a second one.

    Raises, all methods:
        NotFoundError: ``statement.not_found``: the statement is not kept here.
        TransactionRevertedError: the contract would refuse.
    """

    def __init__(self, planner: TransactionPlanner) -> None:
        self._planner = planner

    def revoke(
        self, leaf: Leaf, *, reason: StatusReason, effective_s: UnixSeconds = BLOCK_TIME
    ) -> Intent:
        """Revoke one of the member's own statements.

        Args:
            leaf: the statement.
            reason: why; never ``NONE``.
            effective_s: since when; ``BLOCK_TIME`` for now. Only three reasons may lie in the past,
                and the contract's clock decides what is past.

        Raises:
            InputError: ``revoke.reason``.
        """
        if reason is StatusReason.NONE:
            raise InputError("revoke.reason", "a revocation names its reason")
        if effective_s and reason not in _MAY_LIE_IN_THE_PAST:
            raise InputError(
                "revoke.effective", f"a revocation for {reason.name} is effective at once"
            )
        self._own(leaf)
        return self._change(
            StatusChange(
                StatusAction.REVOKE, self._planner.member, leaf, reason, effective_s=effective_s
            )
        )

    def supersede(self, leaf: Leaf, *, by_leaf: Leaf) -> Intent:
        """Replace the words of one of the member's statements by another one's.

        Raises:
            ConflictError: ``supersede.itself``, ``supersede.other_kind``.
        """
        if leaf == by_leaf:
            raise ConflictError("supersede.itself", "a statement cannot supersede itself")
        old, new = self._own(leaf), self._own(by_leaf)
        if old.record.kind is not new.record.kind:
            raise ConflictError("supersede.other_kind", "both statements must be of one kind")
        return self._change(
            StatusChange(
                StatusAction.SUPERSEDE, self._planner.member, leaf, related=Digest(by_leaf)
            )
        )

    def correct(self, leaf: Leaf, *, by_leaf: Leaf) -> Intent:
        """Supersede; a passport says itself which one it corrects, and why.

        Raises:
            ConflictError: as ``supersede``; ``supersede.no_reason``: the newer passport does not
                say that it corrects this one.
        """
        new = self._own(by_leaf).record
        if new.kind is BatchKind.PASSPORT and leaf != by_leaf:
            told = correction_of(read_credential(new.payload))
            if told is None or told.leaf != leaf:
                raise ConflictError(
                    "supersede.no_reason",
                    "the newer passport does not say that it corrects this one, and why:"
                    " issue it with --corrects and --reason",
                )
        return self.supersede(leaf, by_leaf=by_leaf)

    def void(
        self,
        issuer: MemberId,
        leaf: Leaf,
        *,
        reason: StatusReason,
        effective_s: UnixSeconds = BLOCK_TIME,
    ) -> Intent:
        """Void another member's statement, as a body that may.

        Args:
            issuer: whose statement it is.
            leaf: the statement; need not be kept here.
            reason: ``VOIDED_BY_BODY`` or ``VOIDED_BY_ACCREDITOR``.
            effective_s: since when; ``BLOCK_TIME`` for now.

        Raises:
            InputError: ``revoke.reason``.
        """
        if reason not in {StatusReason.VOIDED_BY_BODY, StatusReason.VOIDED_BY_ACCREDITOR}:
            raise InputError("revoke.reason", "a body voids by one of the two VOIDED reasons")
        return self._change(
            StatusChange(StatusAction.REVOKE, issuer, leaf, reason, effective_s=effective_s)
        )

    def reaffirm(self, leaf: Leaf) -> Intent:
        """Stand by one of the member's statements after a key was compromised."""
        self._own(leaf)
        return self._change(StatusChange(StatusAction.REAFFIRM, self._planner.member, leaf))

    def dispute(self, issuer: MemberId, leaf: Leaf, *, grounds: Digest) -> Intent:
        """Open a dispute about another member's statement.

        Args:
            issuer: whose statement it is.
            leaf: the statement; need not be kept here.
            grounds: digest of the document that tells why.
        """
        return self._change(StatusChange(StatusAction.DISPUTE, issuer, leaf, related=grounds))

    def _own(self, leaf: Leaf) -> StoredStatement:
        with self._planner.store.read() as work:
            stored = work.statement(leaf)
        if stored is None or stored.record.issuer != self._planner.member:
            raise NotFoundError("statement.not_found", f"no statement {leaf.hex()} of ours is kept")
        return stored

    def _change(self, change: StatusChange) -> Intent:
        planner = self._planner
        try:
            view = planner.observe()
            listed = planner.ledger.status(change.issuer, change.leaf, view.head)
            change = replace(change, after=len(listed))
            call = planner.call_for(change, 0)
            refusal = planner.refusal(call)
        except LedgerUnavailableError:
            with planner.store.write() as work:
                return work.add_status_change(change)
        if refusal is not None:
            raise refusal
        funded = unaffordable(call, view.fees, view.balance_wei) is None
        with planner.store.write() as work:
            intent = work.add_status_change(change)
            room = planner.in_flight(work) < planner.policy.most_in_flight
            if funded and room and not work.is_pending(intent.number):
                planner.enter(work, intent, view)
            return intent
