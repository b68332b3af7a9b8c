"""The last value that passes and the first that does not, on the contract as on the model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lotbook import lot_world as world
from tests.lotbook.lot_chain import Artifacts
from tests.lotbook.lot_driver import History
from tests.lotbook.lot_moves import Call
from tests.lotbook.lot_papers import Papers, output_of, write_papers
from tests.lotbook.lot_values import (
    Column,
    Emission,
    Model,
    Run,
    Source,
    Sums,
    Take,
    key,
    lot_id,
    period_of,
)

METAL = key(Column.METAL, 0, 29)
BLENDED = Model.CONTROLLED_BLENDING


@pytest.fixture
def history() -> History:
    return History(0, Artifacts())


def outcome(history: History, call: Call) -> str | None:
    """``History.both`` insists that the two sides agree; the error, or ``None``."""
    before = history.tally.errors.copy()
    history.both(call)
    return next(iter(history.tally.errors - before), None)


def batch(history: History, sums: Sums) -> Papers:
    """All of it in one lot."""
    return write_papers(history.rng, sums, [dict(sums)])


def run_of(history: History, papers: list[Papers], reference: int, **parts: Any) -> Run:
    made = [output_of(p, reference, world.CONCENTRATE, BLENDED, attributed=False) for p in papers]
    co2e = sum(dict(zip(p.columns, p.sums, strict=True))[world.CO2E] for p in papers)
    run = history.moves.run(made, emissions=(Emission(1, co2e),) if co2e else ())
    return run._replace(site=1, produced_to=history.chain.now)._replace(**parts)


def originate(history: History, *batches: Sums, **parts: Any) -> str | None:
    papers = [batch(history, sums) for sums in batches]
    run = run_of(history, papers, world.MASS, **parts)
    return outcome(history, Call("originate", world.ACCOUNTS[world.MINER], (run,), papers))


@pytest.mark.parametrize(("metals", "error"), [((51, 49), None), ((52, 49), "MetalNotUniform")])
def test_metal__at_the_tolerance__passes(
    history: History, metals: tuple[int, int], error: str | None
) -> None:
    """Two per cent: 51 and 49 of 100 lie 1 of 50 apart from the mean, to the unit."""
    batches = [{world.MASS: 1_000, METAL: metal, world.CO2E: 0} for metal in metals]
    assert originate(history, *batches) == error


@pytest.mark.parametrize(("co2e", "error"), [((33, 67), None), ((32, 68), "Co2eNotUniform")])
def test_co2e__floor_and_ceiling_of_the_share__pass(
    history: History, co2e: tuple[int, int], error: str | None
) -> None:
    sizes = (1_000, 2_000)
    pairs = zip(sizes, co2e, strict=True)
    batches = [{world.MASS: size, METAL: size // 10, world.CO2E: part} for size, part in pairs]
    assert originate(history, *batches) == error


@pytest.mark.parametrize(("beyond", "error"), [(0, None), (1, "OverCapacity")])
def test_capacity__to_the_unit__passes(history: History, beyond: int, error: str | None) -> None:
    whole = world.CAPACITY
    first = {world.MASS: 2 * whole, METAL: whole - 10, world.CO2E: 0}
    assert originate(history, first) is None
    rest = {world.MASS: 100, METAL: 10 + beyond, world.CO2E: 0}
    assert originate(history, rest) == error


@pytest.mark.parametrize(("late", "error"), [(0, None), (1, "TooLate")])
def test_lateness__last_second__passes(history: History, late: int, error: str | None) -> None:
    until = history.chain.now - world.RULES.lateness_s - late
    window = {"produced_from": until - 60, "produced_to": until}
    sums = {world.MASS: 100, METAL: 10, world.CO2E: 5}
    assert originate(history, sums, **window) == error


def opened_lot(history: History) -> Papers:
    """Ten million of mass, in the miner's hands."""
    papers = batch(history, {world.MASS: 10**7, METAL: 10**6, world.CO2E: 777})
    run = run_of(history, [papers], world.MASS)
    miner = world.ACCOUNTS[world.MINER]
    assert outcome(history, Call("originate", miner, (run,), [papers])) is None
    assert outcome(history, Call("open", miner, (papers.opening(0),))) is None
    return papers


@pytest.mark.parametrize("change", [50_000, 50_001, -50_000, -50_001])
def test_custody__measured_at_the_tolerance__figures_stand(history: History, change: int) -> None:
    """Half a per cent of a concentrate; one unit beyond it the lot is another."""
    papers = opened_lot(history)
    opened = papers.opened(0)
    lot = lot_id(world.MINER, opened.lot_key)
    until = history.chain.now + 60
    terms = [lot], world.SMELTER, until, bytes(32)
    assert outcome(history, Call("offer", world.ACCOUNTS[world.MINER], terms)) is None
    answer = opened, 0, 10**7 + change, 1, bytes(32)
    call = Call("accept_measured", world.ACCOUNTS[world.SMELTER], answer)
    assert outcome(history, call) is None
    stands = history.moves.opened[lot] == opened
    assert stands == (abs(change) == 50_000)
    assert sum(history.book.variances.values()) == (change if stands else 0)


@pytest.mark.parametrize(("wait", "error"), [(59, None), (60, "TimeOutOfBounds")])
def test_offer__its_last_second__is_answered(
    history: History, wait: int, error: str | None
) -> None:
    papers = opened_lot(history)
    lot = lot_id(world.MINER, papers.rows[0][0])
    terms = [lot], world.SMELTER, history.chain.now + 60, bytes(32)
    assert outcome(history, Call("offer", world.ACCOUNTS[world.MINER], terms)) is None
    history.wait(wait)
    answer = [lot], [0], bytes(32)
    call = Call("accept", world.ACCOUNTS[world.SMELTER], answer)
    assert outcome(history, call) == error


def external_lot(history: History, metal: int, *, recycled: bool) -> Papers:
    """So much metal from outside, in the miner's hands."""
    column = key(Column.CLASS, 1 if recycled else 2, 29)
    sums = {world.MASS: metal, METAL: metal, column: metal, world.CO2E: metal}
    papers = batch(history, sums)
    run = run_of(history, [papers], world.MASS, source=b"s" * 32, recycled=recycled)
    miner = world.ACCOUNTS[world.MINER]
    assert outcome(history, Call("declare_external", miner, (run,), [papers])) is None
    assert outcome(history, Call("open", miner, (papers.opening(0),))) is None
    return papers


@pytest.mark.parametrize(
    ("recycled", "classes", "error"),
    [
        (False, (2, 2), None),
        (False, (2, 1), "ClassOutOfBounds"),
        (True, (1, 1), None),
        (True, (2, 1), "ClassOutOfBounds"),
    ],
)
def test_class__external_rounds_up_and_recycled_down(
    history: History, recycled: bool, classes: tuple[int, int], error: str | None
) -> None:
    """Three units of a million and seven, shared by two halves: one and a half each."""
    one, other = opened_lot(history), external_lot(history, 3, recycled=recycled)
    one_co2e, half = 777 + 3, (10**6 + 3 + 1) // 2
    column = key(Column.CLASS, 1 if recycled else 2, 29)
    metals, carbons = (half, 10**6 + 3 - half), (one_co2e // 2, one_co2e // 2)
    papers = [
        batch(history, {world.MASS: 10**7, METAL: m, column: c, world.CO2E: co2e})
        for m, c, co2e in zip(metals, classes, carbons, strict=True)
    ]
    sources, takes = [], []
    for i, taken in enumerate((one, other)):
        opened = taken.opened(0)
        sources.append(Source(opened.header, opened.columns))
        takes.append(Take(i, *opened[2:], 0, opened.quantities[0], 0))
    made = [output_of(p, world.MASS, world.CONCENTRATE, BLENDED, attributed=False) for p in papers]
    run = history.moves.run(made, site=1, sources=tuple(sources), takes=tuple(takes))
    assert outcome(history, Call("transform", world.ACCOUNTS[world.MINER], (run,), papers)) == error


def test_credit__last_quarter_of_its_life__then_gone(history: History) -> None:
    """An account's credit can be drawn until four quarters after its own are over."""
    place = 1, 1, 29, period_of(history.chain.now - 1)
    last = 1_830_297_600  # 2028-01-01T00:00:00Z: the account's quarter is the first of 2027
    assert period_of(last - 1) == place[3] + 3
    column = key(Column.CREDIT, 1, 29)
    history.book.accounts[place] = 5
    for ahead, alive in (
        (last - 1, True),
        (last + 90 * world.DAY, True),
        (last + 91 * world.DAY, False),
    ):
        history.wait(ahead - history.chain.now)
        assert (place in history.book.usable(1, column)) == alive
