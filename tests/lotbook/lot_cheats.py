"""Calls that break a rule: an honest call with one thing changed, registered by name."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.lotbook.lot_custody import Custody
from tests.lotbook.lot_moves import Call
from tests.lotbook.lot_values import Column, Output, Run, of_kind

WAYS_IN: Final = ("originate", "declare_external", "gain")
ANY_RUN: Final = (*WAYS_IN, "transform")
Cheat = Callable[[Custody, Run, Random], Run | None]
RUN_CHEATS: Final[dict[str, tuple[tuple[str, ...], Cheat]]] = {}


def cheat(*names: str) -> Callable[[Cheat], Cheat]:
    """Register a change of runs of these kinds."""

    def register(change: Cheat) -> Cheat:
        RUN_CHEATS[change.__name__] = names, change
        return change

    return register


def cheat_run(moves: Custody, call: Call, change: Cheat, rng: Random) -> Call | None:
    """The call with its run changed; its papers are kept, for the cheat may go through."""
    run = change(moves, call.arguments[0], rng)
    if run is None:
        return None
    for papers, output in zip(call.papers, run.outputs, strict=False):
        papers.sums, papers.columns = output.sums, output.columns
    return Call(call.name, call.sender, (run,), call.papers[: len(run.outputs)], change.__name__)


Change = Callable[[Custody, Call, Random], Call | None]
CALL_CHEATS: Final[dict[str, tuple[tuple[str, ...], Change]]] = {}
CALLS: Final = (
    *("originate", "declare_external", "gain", "transform", "open", "open_and_offer", "offer"),
    *("accept", "accept_measured", "accept_signed", "decline", "retire", "exit", "reenter"),
    *("freeze", "freeze_jointly", "withdraw", "replace"),
)
OPENINGS: Final = ("open", "open_and_offer")
LISTS: Final = ("offer", "retire", "accept", "decline")


def cheat_call(*names: str) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        CALL_CHEATS[change.__name__] = names, change
        return change

    return register


def plan(moves: Custody, name: str, rng: Random) -> Call | None:
    """A call that breaks the rule of this name."""
    if name in RUN_CHEATS:
        names, alter = RUN_CHEATS[name]
        call = getattr(moves, rng.choice(names))()
        return call and cheat_run(moves, call, alter, rng)
    names, change = CALL_CHEATS[name]
    call = getattr(moves, rng.choice(names))()
    done = call and change(moves, call, rng)
    if done:
        done.cheat = name
    return done


def edit(call: Call, i: int, value: Any) -> Call:
    """The call with another argument."""
    arguments = list(call.arguments)
    arguments[i] = value
    return Call(call.name, call.sender, tuple(arguments), call.papers)


def every() -> list[str]:
    return sorted([*RUN_CHEATS, *CALL_CHEATS])


# ---- ways to change a run


def with_output(run: Run, i: int, **changes: Any) -> Run:
    outputs = list(run.outputs)
    outputs[i] = outputs[i]._replace(**changes)
    return run._replace(outputs=tuple(outputs))


def any_output(run: Run, rng: Random, **changes: Any) -> Run:
    return with_output(run, rng.randrange(len(run.outputs)), **changes)


def with_sum(run: Run, i: int, column: int, quantity: int) -> Run | None:
    """The output with another sum in a column, which it may have had no place for."""
    output = run.outputs[i]
    sums = dict(zip(output.columns, output.sums, strict=True)) | {column: quantity}
    if quantity < 0:
        return None
    columns = tuple(sorted(sums))
    run = run._replace(columns=tuple(sorted({*run.columns, column})))
    return with_output(run, i, columns=columns, sums=tuple(sums[c] for c in columns))


def sum_of(output: Output, column: int) -> int:
    return dict(zip(output.columns, output.sums, strict=True)).get(column, 0)


def change_of_kind(run: Run, rng: Random, kind: Column, change: Callable[[int], int]) -> Run | None:
    """A sum of a column of the kind, changed."""
    i = rng.randrange(len(run.outputs))
    columns = of_kind(run.outputs[i].columns, kind)
    if not columns:
        return None
    column = rng.choice(columns)
    return with_sum(run, i, column, change(sum_of(run.outputs[i], column)))


def shift(run: Run, rng: Random, kind: Column, amount: int) -> Run | None:
    """Carry something of a column from one output to another."""
    if len(run.outputs) < 2:
        return None
    one, other = rng.sample(range(len(run.outputs)), 2)
    columns = set(of_kind(run.outputs[one].columns, kind)) & set(run.outputs[other].columns)
    if not columns:
        return None
    column = rng.choice(sorted(columns))
    amount = min(amount, sum_of(run.outputs[one], column))
    less = with_sum(run, one, column, sum_of(run.outputs[one], column) - amount)
    return less and with_sum(less, other, column, sum_of(run.outputs[other], column) + amount)
