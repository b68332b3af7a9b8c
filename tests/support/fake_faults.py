"""What goes wrong on the fake chain, and what clients say about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

CLIENT_WORDS: Final = {
    "geth": {
        "known": "already known",
        "low": "nonce too low: next nonce 4, tx nonce 3",
        "underpriced": "replacement transaction underpriced",
        "fee": "transaction underpriced: tip needed 1000000000",
        "funds": "insufficient funds for gas * price + value: balance 0",
    },
    "besu": {
        "known": "Known transaction",
        "low": "Nonce too low",
        "underpriced": "Replacement transaction underpriced",
        "fee": "Gas price below configured minimum gas price",
        "funds": "Upfront cost exceeds account balance",
    },
    "nethermind": {
        "known": "AlreadyKnown",
        "low": "OldNonce",
        "underpriced": "ReplacementNotAllowed",
        "fee": "FeeTooLow, MaxFeePerGas too low",
        "funds": "InsufficientFunds, Balance is zero",
    },
    "anvil": {
        "known": "transaction already imported",
        "low": "nonce too low",
        "underpriced": "replacement transaction underpriced",
        "fee": "max fee per gas less than block base fee",
        "funds": "Insufficient funds for gas * price + value",
    },
}
"""What clients say; the node must not care."""


@dataclass(slots=True)
class Faults:
    """What goes wrong, decided by a seeded generator.

    Attributes:
        before: share of calls whose question is lost: nothing happened.
        after: share of calls whose answer is lost: it happened.
        down: nothing is answered at all.
        drop_sends: sends are taken and forgotten (the pool loses them).
    """

    before: float = 0.0
    after: float = 0.0
    down: bool = False
    drop_sends: bool = False
    random: Random = field(default_factory=lambda: Random(1))

    def strikes(self, share: float) -> bool:
        """Draw."""
        return self.down or (share > 0 and self.random.random() < share)
