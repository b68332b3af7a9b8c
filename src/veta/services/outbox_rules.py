"""What to do next with a nonce, and with what it was meant for: two tables over facts, no I/O.

Facts are receipts of every transaction ever signed for the nonce, the account's nonce at the head
and at the final block, and contract state at the final block. What a client *says* about a
transaction ("already known", "nonce too low") is no fact and appears nowhere here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from veta.ports.ledger import FeeQuote
from veta.ports.store import TransactionState


class Inclusion(enum.Enum):
    """Best receipt among all transactions of a nonce."""

    NONE = "none"
    FRESH = "fresh"
    """In a block that is not final."""
    SUCCEEDED = "succeeded"
    """Final, and the call succeeded."""
    FAILED = "failed"
    """Final, and the call reverted."""


class NoncePlace(enum.Enum):
    """Where the account stands, seen from the entry's nonce."""

    LATER = "later"
    """Earlier nonces are not included yet."""
    NEXT = "next"
    """The next transaction to be included is this one."""
    USED = "used"
    """Something with this nonce is included, but not finally."""
    USED_FINALLY = "used_finally"


class Action(enum.Enum):
    """What to do with an entry."""

    WAIT = "wait"
    SEND = "send"
    """Hand over the newest signed octets (again)."""
    BUMP = "bump"
    """Sign the same call for the same nonce with higher fees, store it, send it."""
    SETTLE = "settle"
    """Record the outcome for good and judge the intent."""


_SETTLES: Final = {
    Inclusion.SUCCEEDED: TransactionState.SUCCEEDED,
    Inclusion.FAILED: TransactionState.REVERTED,
}


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What is known about one pending entry."""

    inclusion: Inclusion
    place: NoncePlace
    send_due: bool
    """Never sent by this process, or long enough ago."""
    stuck: bool
    """Sent at its present fees for so long that they may be too low."""
    bump_allowed: bool
    """Higher fees are below the limit and covered by the balance."""


def decide(facts: EntryFacts) -> tuple[Action, TransactionState]:
    """The table. The state is what ``SETTLE`` records, ``PENDING`` for every other action.

    The caller reads the nonces before the receipts: then a nonce that is used finally while no
    transaction of ours has a receipt was used by somebody else's.
    """
    pending = TransactionState.PENDING
    if facts.inclusion in _SETTLES:
        return Action.SETTLE, _SETTLES[facts.inclusion]
    if facts.inclusion is Inclusion.FRESH or facts.place is NoncePlace.USED:
        return Action.WAIT, pending
    if facts.place is NoncePlace.USED_FINALLY:
        return Action.SETTLE, TransactionState.DISPLACED
    if facts.place is NoncePlace.NEXT and facts.stuck and facts.bump_allowed:
        return Action.BUMP, pending
    return (Action.SEND if facts.send_due else Action.WAIT), pending


class Effect(enum.Enum):
    """What the contract's state at the final block says about an intent."""

    PRESENT = "present"
    """Recorded, exactly as meant."""
    ABSENT = "absent"
    FOREIGN = "foreign"
    """Something else is recorded in its place."""


class Verdict(enum.Enum):
    """What becomes of an intent after one of its nonces was settled."""

    DONE = "done"
    AGAIN = "again"
    """Plan a new transaction with a new nonce."""
    HOLD = "hold"
    """Stop, and tell a person why."""


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What is known about an intent whose nonce was just settled."""

    outcome: TransactionState
    effect: Effect
    sequence_moved: bool
    """For an anchor: the issuer's next sequence number is not the one in the call."""
    would_succeed: bool
    """A simulation at the head passes now."""
    tries_left: bool


def judge(facts: IntentFacts) -> tuple[Verdict, str]:
    """The table; the second value is the code of a ``HOLD``, else empty."""
    if facts.effect is Effect.PRESENT:
        return Verdict.DONE, ""
    if facts.effect is Effect.FOREIGN:
        return Verdict.HOLD, "outbox.other_record"
    if facts.outcome is TransactionState.SUCCEEDED:
        return Verdict.HOLD, "outbox.effect_missing"
    if not facts.tries_left:
        return Verdict.HOLD, "outbox.tries_spent"
    if facts.outcome is TransactionState.DISPLACED or facts.sequence_moved or facts.would_succeed:
        return Verdict.AGAIN, ""
    return Verdict.HOLD, "outbox.reverted"


LEAST_BUMP_PERCENT: Final = 10
"""Clients refuse a replacement that raises either fee by less (geth, Besu, Nethermind, anvil)."""


def bumped(last: FeeQuote, quote: FeeQuote, percent: int = LEAST_BUMP_PERCENT) -> FeeQuote:
    """Fees for a replacement: each at least ``percent`` above the last ones, and today's quote."""
    if percent < LEAST_BUMP_PERCENT:
        raise ValueError("a replacement is raised by 10 % at least")

    def raised(fee: int) -> int:
        return fee + max(1, -(-fee * percent // 100))

    priority = max(raised(last.max_priority_fee), quote.max_priority_fee)
    return FeeQuote(max(raised(last.max_fee), quote.max_fee, priority), priority)
