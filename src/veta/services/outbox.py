"""The outbox: everything the node writes on the chain goes through here (DESIGN: writing).

An *intent* is something to be done exactly once; an *entry* is a nonce given to it, with every
transaction ever signed for that nonce. Entries are committed to the store, signed, before anything
is sent, so the loop may be killed at any instruction: what it finds again is enough to go on. A
transaction is final when its receipt is in a final block and the contract's state there says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from veta.errors import LedgerUnavailableError, OutcomeUnknownError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import BlockNumber, TransactionId
from veta.ports.clock import Clock
from veta.ports.ledger import FeeQuote, Receipt
from veta.ports.store import (
    Attempt,
    Batch,
    Intent,
    IntentState,
    OutboxEntry,
    StoreWork,
    TransactionState,
)
from veta.services.outbox_rules import (
    Action,
    Effect,
    EntryFacts,
    Inclusion,
    IntentFacts,
    NoncePlace,
    Verdict,
    bumped,
    decide,
    judge,
)
from veta.services.planning import Alarm, Standing, TransactionPlanner, unaffordable


@dataclass(slots=True)
class OutboxReport:
    """What one step did."""

    planned: int = 0
    sent: int = 0
    bumped: int = 0
    done: int = 0
    reverted: int = 0
    displaced: int = 0
    held: int = 0
    pending: int = 0
    """Entries that are not settled after the step."""
    waiting: int = 0
    """Open intents that have no nonce on the way after the step; the next one plans them."""
    alarms: list[Alarm] = field(default_factory=list)


class Outbox:
    """Sends, replaces and settles the transactions that a planner plans.

    Args:
        planner: of the account.
        clock: only its monotonic side is used, for time-outs.
    """

    def __init__(self, planner: TransactionPlanner, clock: Clock) -> None:
        self._planner = planner
        self._store = planner.store
        self._ledger = planner.ledger
        self._account = planner.account
        self._policy = planner.policy
        self._clock = clock
        self._sent_at_s: dict[TransactionId, float] = {}
        self._first_sent_at_s: dict[TransactionId, float] = {}

    def step(self) -> OutboxReport:
        """Do whatever can be done now; may be killed anywhere and called again.

        An endpoint that fails ends the step early and is an alarm in the report, never an outcome.
        """
        report = OutboxReport()
        try:
            self._plan_open(report)
            pending = self._pending()
            if pending:
                standing = self._planner.standing()
                for entry in pending:
                    self._advance(entry, standing, report)
        except LedgerUnavailableError as error:
            report.alarms.append(Alarm(error.code, error.message))
        with self._store.read() as work:
            report.pending = self._planner.in_flight(work)
            report.waiting = len(work.stranded())
        return report

    def _pending(self) -> tuple[OutboxEntry, ...]:
        with self._store.read() as work:
            return work.pending(self._account)

    def _plan_open(self, report: OutboxReport) -> None:
        """Give open intents that have no nonce on the way one; after trouble, one at a time."""
        with self._store.read() as work:
            waiting = work.stranded()
            room = self._policy.most_in_flight - self._planner.in_flight(work)
            anchors_on_the_way = work.last_pending_sequence(self._account) > 0
        for intent in waiting:
            is_batch = isinstance(intent.subject, Batch)
            if room <= 0 or (is_batch and anchors_on_the_way):
                continue
            if self._plan(intent, report):
                room -= 1
                anchors_on_the_way |= is_batch

    def _plan(self, intent: Intent, report: OutboxReport) -> bool:
        view, is_batch = self._planner.observe(), isinstance(intent.subject, Batch)
        if self._planner.effect(intent, view.final)[0] is Effect.PRESENT:
            self._settle_intent(intent, Verdict.DONE, "", "", view.final)
            report.done += 1
            return False
        with self._store.read() as work:
            sequence = self._planner.next_sequence(work, view)
            idle = not self._planner.in_flight(work)
        call = self._planner.call_for(intent.subject, sequence)
        alarm = unaffordable(call, view.fees, view.balance_wei)
        if alarm is not None:
            report.alarms.append(alarm)
            return False
        refusal = self._planner.refusal(call) if idle else None
        if refusal is not None:
            if not is_batch or self._sequence_now() == sequence:
                self._settle_intent(
                    intent, Verdict.HOLD, "outbox.refused", refusal.message, view.final
                )
                report.held += 1
                report.alarms.append(Alarm("outbox.refused", refusal.message))
            return False
        with self._store.write() as work:
            if work.is_pending(intent.number):
                return False  # another thread was faster
            self._planner.enter(work, intent, view)
        report.planned += 1
        return True

    def _sequence_now(self) -> int:
        return self._ledger.next_sequence(self._planner.member, self._ledger.head())

    def _advance(self, entry: OutboxEntry, standing: Standing, report: OutboxReport) -> None:
        place = _place(entry.nonce, standing)
        receipt, inclusion = None, Inclusion.NONE
        if place in {NoncePlace.USED, NoncePlace.USED_FINALLY}:
            receipt, inclusion = self._inclusion(entry, standing.final)
        now_s = self._clock.monotonic_s()
        last = entry.attempts[-1]
        first_s = self._first_sent_at_s.get(last.transaction_id)
        sent_s = self._sent_at_s.get(last.transaction_id)
        stuck = first_s is not None and now_s - first_s >= self._policy.bump_after_s
        fees, alarm = None, None
        if stuck and place is NoncePlace.NEXT:
            fees, alarm = self._higher_fees(entry)
            report.alarms += [alarm] if alarm else []
        facts = EntryFacts(
            inclusion=inclusion,
            place=place,
            send_due=sent_s is None or now_s - sent_s >= self._policy.resend_after_s,
            stuck=stuck,
            bump_allowed=alarm is None,
        )
        action, outcome = decide(facts)
        if action is Action.SETTLE:
            self._settle(entry, outcome, receipt, standing.final, report)
        elif action is Action.BUMP and fees is not None:
            attempt = self._planner.sign(entry.call, entry.nonce, fees)
            with self._store.write() as work:
                work.add_attempt(entry.number, attempt)
            report.bumped += 1
            self._send(attempt, now_s, report)
        elif action is Action.SEND:
            self._send(last, now_s, report)

    def _higher_fees(self, entry: OutboxEntry) -> tuple[FeeQuote, Alarm | None]:
        """Fees of a replacement, and why it cannot be made."""
        last = FeeQuote(entry.attempts[-1].max_fee, entry.attempts[-1].max_priority_fee)
        fees = bumped(last, self._ledger.fees(), self._policy.bump_percent)
        if fees.max_fee > self._policy.max_fee_wei:
            return fees, Alarm("outbox.fee_limit", "fees have reached the limit")
        balance_wei = self._ledger.balance_wei(self._account)
        return fees, unaffordable(entry.call, fees, balance_wei)

    def _send(self, attempt: Attempt, now_s: float, report: OutboxReport) -> None:
        self._sent_at_s[attempt.transaction_id] = now_s
        self._first_sent_at_s.setdefault(attempt.transaction_id, now_s)
        report.sent += 1
        try:
            self._ledger.send(attempt.raw)
        except OutcomeUnknownError:
            return  # the receipt will tell, whatever the endpoint said

    def _inclusion(self, entry: OutboxEntry, final: BlockRef) -> tuple[Receipt | None, Inclusion]:
        for attempt in reversed(entry.attempts):
            receipt = self._ledger.receipt(attempt.transaction_id)
            if receipt is None:
                continue
            if receipt.block.number > final.number:
                return receipt, Inclusion.FRESH
            return receipt, Inclusion.SUCCEEDED if receipt.succeeded else Inclusion.FAILED
        return None, Inclusion.NONE

    # -- settling --------------------------------------------------------------------------------

    def _settle(
        self,
        entry: OutboxEntry,
        outcome: TransactionState,
        receipt: Receipt | None,
        final: BlockRef,
        report: OutboxReport,
    ) -> None:
        """Record the outcome of a nonce and what becomes of its intent, in one work."""
        with self._store.read() as work:
            intent = work.intent(entry.intent)
            tries = len(work.entries_of(entry.intent))
        assert intent is not None  # a foreign key says so
        included = outcome is TransactionState.SUCCEEDED
        effect, sequence = self._planner.effect(intent, final, included=included)
        absent, names_it = effect is Effect.ABSENT, isinstance(intent.subject, Batch)
        moved = absent and names_it and self._sequence_now() != entry.sequence
        reverted = absent and outcome is TransactionState.REVERTED
        refusal = self._planner.refusal(entry.call) if reverted and not moved else None
        verdict, code = judge(
            IntentFacts(
                outcome=outcome,
                effect=effect,
                sequence_moved=moved,
                would_succeed=refusal is None,
                tries_left=tries < self._policy.most_tries,
            )
        )
        message = "" if refusal is None else refusal.message
        with self._store.write() as work:
            work.settle_entry(
                entry.number,
                outcome,
                transaction_id=None if receipt is None else receipt.transaction_id,
                block=None if receipt is None else BlockNumber(receipt.block.number),
                message=message,
            )
            _record(work, intent, verdict, code, message, sequence)
        _count(report, outcome, verdict)
        if verdict is Verdict.HOLD:
            report.alarms.append(Alarm(code, message or f"transaction {outcome.value}"))
        for attempt in entry.attempts:
            self._sent_at_s.pop(attempt.transaction_id, None)
            self._first_sent_at_s.pop(attempt.transaction_id, None)

    def _settle_intent(
        self, intent: Intent, verdict: Verdict, code: str, message: str, final: BlockRef
    ) -> None:
        _, sequence = (
            self._planner.effect(intent, final) if verdict is Verdict.DONE else (None, None)
        )
        with self._store.write() as work:
            _record(work, intent, verdict, code, message, sequence)

    def retry(self, intent: int) -> None:
        """A person says that what held an intent is mended: plan it again."""
        with self._store.write() as work:
            found = work.intent(intent)
            if found is not None and found.state is IntentState.HELD:
                work.settle_intent(intent, IntentState.OPEN)


def _place(nonce: int, standing: Standing) -> NoncePlace:
    if standing.final_nonce > nonce:
        return NoncePlace.USED_FINALLY
    if standing.nonce > nonce:
        return NoncePlace.USED
    return NoncePlace.NEXT if standing.nonce == nonce else NoncePlace.LATER


def _record(
    work: StoreWork,
    intent: Intent,
    verdict: Verdict,
    code: str,
    message: str,
    sequence: int | None,
) -> None:
    if verdict is Verdict.DONE:
        if isinstance(intent.subject, Batch) and sequence is not None:
            work.settle_batch(intent.subject.number, sequence)
        work.settle_intent(intent.number, IntentState.DONE)
    elif verdict is Verdict.HOLD:
        work.settle_intent(intent.number, IntentState.HELD, code=code, message=message)


def _count(report: OutboxReport, outcome: TransactionState, verdict: Verdict) -> None:
    report.reverted += outcome is TransactionState.REVERTED
    report.displaced += outcome is TransactionState.DISPLACED
    report.done += verdict is Verdict.DONE
    report.held += verdict is Verdict.HOLD
