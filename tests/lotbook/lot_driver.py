"""Random histories of the lot book, step by step, on the model and on the contract."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any, Final

from tests.lotbook import (
    lot_cheats,
    lot_cheats_custody,
    lot_cheats_runs,
    lot_cheats_sums,
    lot_cheats_takes,
)
from tests.lotbook import lot_world as world
from tests.lotbook.lot_chain import SUCCESSOR, Artifacts, Chain
from tests.lotbook.lot_compare import compare_all, compare_call
from tests.lotbook.lot_custody import Custody
from tests.lotbook.lot_facts import Refused
from tests.lotbook.lot_model import Book
from tests.lotbook.lot_moves import Call
from tests.lotbook.lot_rebuild import Rebuilt

WEIGHTS: Final = {
    "originate": 10,
    "declare_external": 5,
    "gain": 2,
    "transform": 24,
    "open": 16,
    "open_and_offer": 8,
    "offer": 7,
    "accept": 7,
    "accept_measured": 5,
    "accept_signed": 4,
    "decline": 2,
    "retire": 1,
    "exit": 2,
    "reenter": 2,
    "freeze": 2,
    "freeze_jointly": 2,
    "withdraw": 1,
    "replace": 2,
    "hand_over": 2,
}
CHEATING: Final = 22
"""Of a hundred calls, how many break a rule on purpose."""
SETTLED: Final = 200
"""Steps of a history before a successor is named."""
PAUSES: Final = (1, 60, 3600, *(days * world.DAY for days in (1, 1, 9, 30, 95)))


SELDOM: Final = (
    *("unwaived", "taken_over_again", "taken_over_opened", "pieces_of_two_kinds"),
    *("pieces_from_nowhere", "locked_or_frozen", "answered_too_late", "account_overdrawn"),
    *("one_without_mass", "another_certificate", "credit_for_all", "measured_far_more"),
    *("over_gain", "more_recycled", "more_loss", "reduced_too_much", "stronger_model"),
    "less_external",
)
"""Cheats that need an occasion, so they are tried more often."""
REGISTERED: Final = (lot_cheats_custody, lot_cheats_runs, lot_cheats_sums, lot_cheats_takes)
"""Where the cheats are."""


class DivergenceError(AssertionError):
    """Model and contract do not agree."""


class Tally:
    """What happened in many histories."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        """Errors of calls that broke one rule only."""
        self.cheats: Counter[str] = Counter()

    @property
    def transactions(self) -> int:
        return self.accepted.total() + self.refused.total()

    def add(self, other: Tally) -> None:
        for name in ("accepted", "refused", "errors", "alone", "cheats"):
            getattr(self, name).update(getattr(other, name))


class History:
    """A world of its own, in which members do at random what they may and what they may not."""

    def __init__(self, seed: int, artifacts: Artifacts) -> None:
        self.seed, self.steps = seed, 0
        self.rng = Random(seed)
        self.chain = Chain(artifacts)
        facts = world.facts_at(self.chain.now, self.chain.certificates, self.chain.rules)
        facts.consortium = self.chain.addresses["Consortium"]
        facts.custody = self.chain.addresses["Custody"]
        self.book = Book(facts)
        self.moves = Custody(self.rng, self.book)
        self.rebuilt = Rebuilt()
        self.tally = Tally()
        self.cheats = lot_cheats.every()

    def run(self, steps: int) -> None:
        """So many transactions, and a look at everything in the end."""
        while self.tally.transactions < steps:
            self.step()
        compare_all(self.chain, self.book, self.rebuilt)

    def step(self) -> None:
        self.steps += 1
        fate = self.rng.randrange(100)
        if fate < 6:
            self.wait(self.rng.choice(PAUSES))
        elif fate < 8:
            self.suspend()
        elif fate < 9 and self.steps > SETTLED and not self.book.successor:
            self.chain.name_successor()
            self.book.facts.now, self.book.successor = self.chain.now, SUCCESSOR
        call = self.next_call()
        if call is not None:
            self.both(call)

    def next_call(self) -> Call | None:
        if self.rng.randrange(100) < CHEATING and len(self.book.lots) > 5:
            seldom = [name for name in self.cheats if name in SELDOM]
            name = self.rng.choice([*self.cheats, *seldom * 4])
            plans = (lot_cheats.plan(self.moves, name, self.rng) for _ in range(8))
            return next((plan for plan in plans if plan), None)
        name = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        call: Call | None = getattr(self.moves, name)()
        return call

    def wait(self, seconds: int) -> None:
        self.chain.tick(seconds)
        self.book.facts.now = self.chain.now

    def suspend(self) -> None:
        """The certification body suspends a certificate, or lifts its suspension."""
        number = self.rng.choice(self.chain.certificates)
        spans = self.book.facts.suspensions[number]
        lasting = bool(spans) and spans[-1][1] == world.FOREVER
        if self.book.facts.now >= self.book.facts.certificates[number][3]:
            return
        name, sender = "lift" if lasting else "suspend", world.ACCOUNTS[world.BODY]
        self.chain.must("Assurance", name, number, b"g" * 32, sender=sender)
        if lasting:
            spans[-1][1] = self.chain.now
        else:
            spans.append([self.chain.now, world.FOREVER])

    def both(self, call: Call) -> None:
        """The same call on either side, with the same outcome."""
        voted = call.sender == self.book.facts.consortium
        if voted:
            self.chain.vote(*self.chain.where(camel(call.name)), *call.arguments)
            self.book.facts.now += 1
        expected: frozenset[str] = frozenset()
        try:
            getattr(self.book, call.name)(call.sender, *call.arguments)
        except Refused as refusal:
            expected = refusal.errors
        found = self.chain.carry_out() if voted else self.send(call)
        self.note(call, expected, found)
        if found is None:
            events = self.chain.events()
            try:
                self.moves.note(call)
                self.rebuilt.fold(events)
                compare_call(self.chain, self.book, self.rebuilt, events)
            except (AssertionError, KeyError, ValueError) as error:
                raise self.diverged(call, f"state: {type(error).__name__} {error}") from error

    def send(self, call: Call) -> str | None:
        arguments = call.arguments[:2] if call.name == "accept_signed" else call.arguments
        return self.chain.send(*self.chain.where(camel(call.name)), *arguments, sender=call.sender)

    def note(self, call: Call, expected: frozenset[str], found: str | None) -> None:
        self.tally.cheats[call.cheat] += 1
        if found is None and not expected:
            self.tally.accepted[call.name] += 1
            return
        if found is None or found not in expected:
            says = f"{found} {shown(self.chain.refusal)}" if found else "accepts"
            raise self.diverged(call, f"model {sorted(expected) or 'accepts'}, contract {says}")
        self.tally.refused[call.name] += 1
        self.tally.errors[found] += 1
        if len(expected) == 1:
            self.tally.alone[found] += 1
        if call.name in lot_cheats.OPENINGS and not call.cheat:
            self.moves.give_up(call.arguments[0])

    def diverged(self, call: Call, what: str) -> DivergenceError:
        return DivergenceError(
            f"seed {self.seed} step {self.steps} {call.name} "
            f"{f'({call.cheat}) ' if call.cheat else ''}at {self.chain.now}: {what}\n"
            f"{shown(call.sender)} {shown(call.arguments)}"
        )


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def shown(value: Any) -> str:
    """Short and readable: octets in hex, cut off."""
    if isinstance(value, bytes):
        return "0x" + value[:6].hex() + (".." if len(value) > 6 else "")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        pairs = zip(value._fields, value, strict=True)
        return f"{type(value).__name__}({', '.join(f'{n}={shown(v)}' for n, v in pairs)})"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(shown(v) for v in value) + "]"
    if isinstance(value, int) and value > 2**27 and value >> 28 in range(1, 7):
        return f"{value} ({value:#x})" if value < 2**31 else str(value)
    return str(value)
