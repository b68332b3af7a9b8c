"""The outbox's two tables, over every combination of facts, against what they must never do."""

from __future__ import annotations

import itertools

import pytest

from veta.ports.ledger import FeeQuote
from veta.ports.store import TransactionState
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

BOOLEANS = (False, True)
ALL_ENTRY_FACTS = [
    EntryFacts(*values)
    for values in itertools.product(Inclusion, NoncePlace, BOOLEANS, BOOLEANS, BOOLEANS)
]
ALL_INTENT_FACTS = [
    IntentFacts(*values)
    for values in itertools.product(TransactionState, Effect, BOOLEANS, BOOLEANS, BOOLEANS)
]


@pytest.mark.parametrize("facts", ALL_ENTRY_FACTS, ids=str)
def test_decide__every_combination__keeps_the_promises(facts: EntryFacts) -> None:
    action, outcome = decide(facts)
    assert (action is Action.SETTLE) == (outcome is not TransactionState.PENDING)
    final_receipt = facts.inclusion in {Inclusion.SUCCEEDED, Inclusion.FAILED}
    if action is Action.SETTLE:  # only finality settles
        assert final_receipt or facts.place is NoncePlace.USED_FINALLY
    if final_receipt:  # and a final receipt is never ignored, nor overruled by anything
        wanted = {
            Inclusion.SUCCEEDED: TransactionState.SUCCEEDED,
            Inclusion.FAILED: TransactionState.REVERTED,
        }[facts.inclusion]
        assert outcome is wanted
    if outcome is TransactionState.DISPLACED:
        assert facts.inclusion is Inclusion.NONE
    if action in {Action.SEND, Action.BUMP}:  # nothing is sent for a nonce that is used
        assert facts.inclusion is Inclusion.NONE
        assert facts.place in {NoncePlace.NEXT, NoncePlace.LATER}
    if action is Action.BUMP:  # fees are raised only for the one that blocks the others
        assert facts.place is NoncePlace.NEXT
        assert facts.stuck
        assert facts.bump_allowed


def test_decide__unsent_and_next__is_sent() -> None:
    facts = EntryFacts(Inclusion.NONE, NoncePlace.NEXT, True, False, True)
    assert decide(facts)[0] is Action.SEND


@pytest.mark.parametrize("facts", ALL_INTENT_FACTS, ids=str)
def test_judge__every_combination__keeps_the_promises(facts: IntentFacts) -> None:
    verdict, code = judge(facts)
    assert (verdict is Verdict.HOLD) == bool(code)
    # Done exactly when contract state says so, whatever receipts say.
    assert (verdict is Verdict.DONE) == (facts.effect is Effect.PRESENT)
    if verdict is Verdict.AGAIN:  # never again while it may be recorded, nor for ever
        assert facts.effect is Effect.ABSENT
        assert facts.tries_left
        assert facts.outcome is not TransactionState.SUCCEEDED


@pytest.mark.row("T38")
def test_judge__receipt_says_success_and_state_does_not__is_held() -> None:
    facts = IntentFacts(TransactionState.SUCCEEDED, Effect.ABSENT, False, True, True)
    assert judge(facts) == (Verdict.HOLD, "outbox.effect_missing")


GWEI = 10**9


@pytest.mark.row("T36")
@pytest.mark.parametrize(
    ("last", "quote", "expected"),
    [
        # max fee, priority fee: a tenth more of each, rounded up
        ((100, 10), (1, 1), (110, 11)),
        ((101, 11), (1, 1), (112, 13)),
        ((1, 1), (1, 1), (2, 2)),
        ((0, 0), (0, 0), (1, 1)),
        ((9, 0), (0, 0), (10, 1)),
        # today's quote where it is higher, each on its own
        ((100, 10), (200, 1), (200, 11)),
        ((100, 10), (1, 50), (110, 50)),
        ((100, 10), (300, 200), (300, 200)),
        # the priority fee never exceeds the whole
        ((100, 10), (1, 400), (400, 400)),
        ((3 * GWEI, GWEI), (2 * GWEI, GWEI), (3_300_000_000, 1_100_000_000)),
        ((10**18 + 1, 10**17 + 1), (0, 0), (1_100_000_000_000_000_002, 110_000_000_000_000_002)),
    ],
)
def test_bumped__table__each_fee_rises_by_a_tenth_at_least(
    last: tuple[int, int], quote: tuple[int, int], expected: tuple[int, int]
) -> None:
    result = bumped(FeeQuote(*last), FeeQuote(*quote))
    assert (result.max_fee, result.max_priority_fee) == expected
    assert result.max_fee * 10 >= last[0] * 11
    assert result.max_priority_fee * 10 >= last[1] * 11


def test_bumped__less_than_clients_take__is_a_mistake() -> None:
    with pytest.raises(ValueError, match="10 %"):
        bumped(FeeQuote(1, 1), FeeQuote(1, 1), percent=9)
