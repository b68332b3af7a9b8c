"""Lineages that somebody made up: cycles, towers and fans end, in time, and never look good."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certified_lot import TRUST, Case
from tests.support.custody_world import (
    CATHODE,
    CO2E,
    CU,
    CU_75,
    IP,
    NET,
    emitted,
    originate,
    output,
    transform,
)
from tests.support.disclosed_lots import (
    Book,
    Disclosure,
    certificate,
    disclosure,
    number,
    token_leaf,
    token_of,
)
from tests.support.lot_towers import made_up
from tests.support.work import calls_of
from veta.verify.lineage_graph import MAX_DEPTH, MAX_NODES, nodes_of
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Step, Verdict
from veta.verify.verifier import Verifier

ALL_STEPS = frozenset(Step) - {Step.ASSURANCE, Step.CLAIMS}
HELD = {NET: 1_000_000, CU: 999_900, CO2E: 3_000_000, CU_75: 999_900}
CALLS_A_NODE = 250
"""Measured: 160, whatever the shape and the size. A walk by paths makes millions."""
LIMIT_OCTETS = 64 << 20


def judge(case: Case) -> Report:
    return Verifier(TRUST, Policy(required=ALL_STEPS)).verify(case.bundle, case.facts)


def codes(report: Report) -> set[str]:
    return {check.code for check in report.checks}


@cache
def honest_tower(depth: int) -> Disclosure:
    """A lot that was taken whole and made again, many times."""
    name = number(depth - 1)
    token = token_of(certificate(name, "copper-cathode", HELD))
    book = Book({name: token_leaf(token)})
    book.run(originate(output(CATHODE, IP, HELD), emissions=emitted(process=3_000_000)))
    for order in range(1, depth):
        book.run(transform([book.open(order - 1).take()], output(CATHODE, IP, HELD)))
    return disclosure(book, token, depth - 1)


@pytest.mark.row("T44")
@pytest.mark.parametrize(
    ("depth", "verdict"),
    [
        (1, Verdict.VALID),
        (2, Verdict.VALID),
        (MAX_DEPTH, Verdict.VALID),
        (MAX_DEPTH + 1, Verdict.NOT_PROVEN),
    ],
)
def test_verify__tower__good_to_64_runs_and_not_looked_at_beyond(
    depth: int, verdict: Verdict
) -> None:
    report = judge(honest_tower(depth).case())
    assert report.verdict is verdict
    assert ("lineage.too_deep" in codes(report)) == (depth > MAX_DEPTH)


def dense(layers: int) -> Disclosure:
    """Every run took from four of the layer before: paths beyond counting."""
    source = random.Random(44)
    inputs: list[list[int]] = [[] for _ in range(16)]
    for at in range(16, layers * 16 + 1):
        below = range((at // 16 - 1) * 16, at // 16 * 16)
        inputs.append(sorted(source.sample(below, 4)))
    return made_up(len(inputs), inputs)


def fan(size: int) -> Disclosure:
    """Every run took from sixteen others, down to the origins."""
    inputs = []
    for at in range(size):
        first = 16 * (size - 1 - at) + 1
        inputs.append(sorted(size - 1 - each for each in range(first, first + 16) if each < size))
    return made_up(size, inputs)


@pytest.mark.row("T44")
@pytest.mark.parametrize("bomb", [lambda: dense(54), lambda: fan(1_650)])
def test_verify__bomb_of_almost_ten_thousand_nodes__costs_the_same_for_each(bomb: object) -> None:
    assert callable(bomb)
    case = bomb().case()
    assert 9_000 < nodes_of(case.bundle.runs) <= MAX_NODES
    report = judge(case)
    assert not report.verdict.good
    assert calls_of(lambda: judge(case)) < CALLS_A_NODE * nodes_of(case.bundle.runs)
    tracemalloc.start()
    judge(case)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LIMIT_OCTETS
    assert len(report.checks) < 1_000


@pytest.mark.row("T44")
def test_verify__more_than_ten_thousand_nodes__refused_before_any_work() -> None:
    case = fan(1_700).case()
    assert nodes_of(case.bundle.runs) > MAX_NODES
    assert calls_of(lambda: judge(case)) < 2 * nodes_of(case.bundle.runs)
    report = judge(case)
    assert report.verdict is Verdict.NOT_PROVEN
    assert "lineage.too_large" in codes(report)


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """Any runs that took from any runs, themselves and later ones too."""
    size = draw(st.integers(1, 12))
    inputs = st.lists(st.integers(0, size - 1), max_size=3, unique=True)
    return [draw(inputs) for _ in range(size)]


def leads_to_itself(inputs: list[list[int]]) -> bool:
    """Whether a walk back from the last run can meet a run twice in a row of takes."""
    done: set[int] = set()

    def walk(at: int, above: frozenset[int]) -> bool:
        if at in above:
            return True
        if at in done:
            return False
        found = any(walk(each, above | {at}) for each in inputs[at])
        done.add(at)
        return found

    return walk(len(inputs) - 1, frozenset())


@pytest.mark.row("T44")
@given(graphs())
@settings(max_examples=60, deadline=None)
def test_verify__any_graph__cycles_are_found_and_nothing_made_up_is_good(
    inputs: list[list[int]],
) -> None:
    report = judge(made_up(len(inputs), inputs).case())
    assert ("lineage.cycle" in codes(report)) == leads_to_itself(inputs)
    assert not report.verdict.good


@pytest.mark.row("T44")
@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_verify__runs_in_any_order__the_same_verdict(order: list[int]) -> None:
    tower = honest_tower(6)
    shuffled = replace(tower, runs=tuple(tower.disclosed[at] for at in order))
    assert judge(shuffled.case()).verdict is Verdict.VALID
