"""Planning lot calls: asked of the contract first, then stored signed, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from veta.model.identifiers import Digest
from veta.ports.lot_store import LotCall, OwnLotBatch
from veta.ports.store import Intent, IntentState, StatementRecord
from veta.services.planning import TransactionPlanner, unaffordable


class LotPlanner:
    """Plans lot calls of one member.

    Args:
        planner: of the member's account.
    """

    def __init__(self, planner: TransactionPlanner) -> None:
        self.planner = planner

    def standing(self, request: Digest) -> Intent | None:
        """The intent that an equal request made, if it still counts."""
        with self.planner.store.read() as work:
            return work.standing_lot_call(request)

    def plan(
        self,
        call: LotCall,
        *,
        batches: Sequence[OwnLotBatch] = (),
        statements: Sequence[StatementRecord] = (),
    ) -> Intent:
        """Store a call with everything that belongs to it, and its signed transaction.

        Statements, batches, intent, nonce and signed transaction are committed together. An equal
        request that still counts is returned instead. While other transactions are on the way the
        contract is not asked first: the head does not know what they will change.

        Raises:
            TransactionRevertedError: the contract would refuse; nothing is stored.
            LedgerUnavailableError: the chain cannot be asked; nothing is stored.
        """
        planner = self.planner
        same = self.standing(call.request)
        if same is not None:
            return same
        view = planner.observe()
        with planner.store.read() as work:
            idle = not planner.in_flight(work)
        refusal = planner.refusal(call.call) if idle else None
        if refusal is not None:
            raise refusal
        funded = unaffordable(call.call, view.fees, view.balance_wei) is None
        with planner.store.write() as work:
            same = work.standing_lot_call(call.request)
            if same is not None:
                return same  # another thread was faster; what was signed for this is dropped
            work.add_statements(statements)
            intent = work.add_lot_call(call, batches)
            room = planner.in_flight(work) < planner.policy.most_in_flight
            waiting = intent.state is IntentState.OPEN and not work.is_pending(intent.number)
            if funded and room and waiting:
                planner.enter(work, intent, view)
            return intent
