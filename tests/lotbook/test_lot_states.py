"""Random histories: lot book and custody do what the model does, call by call, error by error."""

from __future__ import annotations

from typing import Final

import pytest

from tests.lotbook import lot_world as world
from tests.lotbook.lot_chain import Artifacts
from tests.lotbook.lot_driver import WEIGHTS, History, Tally

LEAST, MOST, STEPS = 25, 40, 400
"""Histories, and transactions of each."""

ELSEWHERE: Final = {
    "NotOfThisConsortium": "constructors",
    "SuccessorAlreadySet": "naming a successor",
    "NotASuccessor": "naming a successor",
}
"""Errors that no call of a member or of a successor can reach."""
ONCE: Final = {"BookOpened", "CustodyOpened", "SuccessorSet"}
"""Events of construction and of naming a successor, which change no lot and no batch."""


def declared(artifacts: Artifacts, kind: str, *contracts: str) -> set[str]:
    """Names of the errors or events of contracts."""
    entries = (entry for name in contracts for entry in artifacts.content[name]["abi"])
    return {entry["name"] for entry in entries if entry["type"] == kind}


@pytest.mark.slow
@pytest.mark.row("T42", "T45", "T46", "T47")
def test_lot_book__random_histories__as_the_model() -> None:
    """Every outcome, and everything that is stored and said, is the model's; every error that can
    be reached is; what each call did is rebuilt from its events, and every column balances."""
    artifacts, tally = Artifacts(), Tally()
    errors = declared(artifacts, "error", "LotBook", "Custody", "LotLaws") - ELSEWHERE.keys()
    events = declared(artifacts, "event", "LotBook", "Custody") - ONCE
    seen: set[str] = set()
    for seed in range(MOST):
        history = History(seed, artifacts)
        history.run(STEPS)
        tally.add(history.tally)
        seen |= history.rebuilt.seen.keys()
        if seed + 1 >= LEAST and errors <= tally.errors.keys() and events <= seen:
            break
    assert tally.transactions >= LEAST * STEPS
    assert tally.accepted.total() >= 0.6 * tally.transactions, (tally.accepted, tally.refused)
    assert WEIGHTS.keys() - {"hand_over"} <= tally.accepted.keys()
    assert tally.alone.total() >= 0.7 * tally.errors.total(), "most refusals have one reason"
    assert errors <= tally.errors.keys(), f"never reached: {sorted(errors - tally.errors.keys())}"
    assert events <= seen, f"never said: {sorted(events - seen)}"


def test_lot_book__one_history__rebuilt_from_its_events() -> None:
    """``History.run`` ends by comparing what is rebuilt with storage and with the event heads."""
    history = History(7, Artifacts())
    history.run(150)
    rebuilt = history.rebuilt
    assert rebuilt.lots.keys() == history.book.lots.keys()
    assert rebuilt.batches.keys() == history.book.batches.keys()
    assert rebuilt.seen["BatchIssued"] > 10
    assert rebuilt.seen["LotTaken"] > 10
    rebuilt.entered[world.CO2E] += 1
    with pytest.raises(AssertionError, match="does not balance"):
        rebuilt.check()
