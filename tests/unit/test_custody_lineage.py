"""Lineage on graphs that somebody shaped: deep, wide, cyclic, with holes."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from tests.support.custody_world import COPPER, CU, GOLD
from tests.support.lineage_graphs import name, whole_run
from veta.custody.floor import co2e_floor
from veta.custody.lineage import Limits, MemoryGraph, Whereabouts, ancestry, descent
from veta.errors import InputError, NotFoundError
from veta.model.columns import metal_key
from veta.model.lineage import BatchNode, LotNode, RunNode, RunOrder, TakeEdge
from veta.model.lots import AllocationShare, LotBatchKind, ProductClassId, SiteId

MANY = 100_000


def chain_graph(length: int) -> MemoryGraph:
    """Each lot is made of the whole of the one before."""
    parts = [whole_run(1, [], 1000, 10, 10)]
    parts += [
        whole_run(at, [(at - 1, 0, 1000)], 1000, 10 + at - 1, 1) for at in range(2, length + 1)
    ]
    return MemoryGraph([run for run, _ in parts], [lot for _, lot in parts])


def ladder_graph(layers: int, width: int) -> MemoryGraph:
    """Every lot of a layer takes of every lot of the one below: width ** layers paths."""
    parts = [whole_run(at, [], width, 5, 5) for at in range(1, width + 1)]
    for layer in range(1, layers):
        base = layer * width
        below = range(base - width + 1, base + 1)
        for at in range(width):
            takes = [(source, at, 1) for source in below]
            parts.append(whole_run(base + at + 1, takes, width, 5, 5))
    return MemoryGraph([run for run, _ in parts], [lot for _, lot in parts])


@pytest.mark.slow
@pytest.mark.row("T44")
@pytest.mark.parametrize("shape", ["chain", "ladder"])
def test_lineage__of_a_hostile_graph_of_100_000_lots__answers_in_seconds(shape: str) -> None:
    """Walked naively, the ladder has 8 ** 12,500 paths, and no machine would end: that there is an
    answer shows that the work is bounded; `scripts/bench lineage` has the seconds. Depth 100,000
    needs no recursion.
    """
    graph = chain_graph(MANY) if shape == "chain" else ladder_graph(MANY // 8, 8)
    found = ancestry(graph, name(MANY), COPPER)
    assert sum(origin.share_ppm for origin in found.origins) == 1_000_000
    went = descent(graph, name(1), COPPER)
    assert sum(place.share_ppm for place in went.places) == 1_000_000
    assert co2e_floor(graph, name(MANY)).run_floor_g > 0
    # Each run and each take is counted once, however many paths lead through it.
    layers = MANY // 8
    once = {"chain": (MANY, MANY - 1), "ladder": (1 + 8 * (layers - 1), 8 + 64 * (layers - 2))}
    assert (found.runs, found.edges) == once[shape]


@pytest.mark.row("T44")
def test_lineage__beyond_the_limits__is_refused_with_a_code() -> None:
    graph = ladder_graph(100, 8)
    tracemalloc.start()
    for limits in (Limits(runs=50), Limits(edges=50)):
        for ask in (
            lambda limits: ancestry(graph, name(800), COPPER, limits),
            lambda limits: descent(graph, name(1), COPPER, limits),
            lambda limits: co2e_floor(graph, name(800), limits),
        ):
            with pytest.raises(InputError) as refusal:
                ask(limits)
            assert refusal.value.code == "custody.lineage_too_large"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


@pytest.mark.row("A40")
@pytest.mark.parametrize("source", [3, 4, 5])
def test_lineage__of_a_cycle__is_refused(source: int) -> None:
    """A sells to B sells to A: what a run takes was made before it, so there is no such history."""
    parts = [whole_run(1, [], 10, 0, 0), whole_run(2, [(1, 0, 10)], 10, 0, 0)]
    parts.append(whole_run(3, [(source, 0, 5), (2, 0, 10)], 15, 0, 0))
    parts += [whole_run(at, [(3, 0, 5)], 5, 0, 0) for at in (4, 5)]
    graph = MemoryGraph([run for run, _ in parts], [lot for _, lot in parts])
    for ask in (
        lambda: ancestry(graph, name(3), COPPER),
        lambda: descent(graph, name(source), COPPER),
        lambda: co2e_floor(graph, name(3)),
    ):
        with pytest.raises(InputError) as refusal:
            ask()
        assert refusal.value.code == "custody.lineage_cycle"


def test_lineage__of_what_is_not_known__says_so() -> None:
    run, lot = whole_run(2, [(1, 0, 10)], 10, 0, 0)
    holes = [MemoryGraph([run], [lot]), MemoryGraph([], [lot])]
    for graph in holes:
        with pytest.raises(NotFoundError) as refusal:
            ancestry(graph, name(2), COPPER)
        assert refusal.value.code == "custody.lineage_unknown"
    with pytest.raises(NotFoundError):
        descent(holes[0], name(9), COPPER)


def test_lineage__of_a_metal_the_lot_has_not__is_refused() -> None:
    graph = chain_graph(2)
    for ask in (ancestry, descent):
        with pytest.raises(InputError) as refusal:
            ask(graph, name(2), GOLD)
        assert refusal.value.code == "custody.lineage_no_metal"


def test_ancestry__of_gold_first_measured_in_slimes__begins_there() -> None:
    gold = metal_key(GOLD)
    first, ore = whole_run(1, [], 1000, 10, 10)
    second, slimes = whole_run(2, [(1, 0, 1000)], 1000, 10, 0)
    batch = replace(second.outputs[0], sums={CU: 1000, gold: 7})
    second = replace(second, first_measured={gold: 7}, outputs=(batch,))
    slimes = replace(slimes, quantities={CU: 1000, gold: 7})
    graph = MemoryGraph([first, second], [ore, slimes])
    (origin,) = ancestry(graph, name(2), GOLD).origins
    assert (origin.run, origin.first_measured, origin.share_ppm) == (2, True, 1_000_000)
    (origin,) = ancestry(graph, name(2), COPPER).origins
    assert (origin.run, origin.first_measured, origin.site) == (1, False, SiteId(2))
    assert ancestry(graph, name(2), COPPER).lots == {name(1): 1_000_000}


def test_shares__that_do_not_divide__sum_by_largest_remainder() -> None:
    parts = [whole_run(at, [], 1, 0, 0) for at in (1, 2, 3)]
    parts.append(whole_run(4, [(1, 0, 1), (2, 0, 1), (3, 0, 1)], 3, 0, 0))
    graph = MemoryGraph([run for run, _ in parts], [lot for _, lot in parts])
    found = ancestry(graph, name(4), COPPER)
    assert [origin.share_ppm for origin in found.origins] == [333_334, 333_333, 333_333]


def family() -> MemoryGraph:
    """100 g taken in two parts; one run makes rod of two lots, scrap, and loses some."""
    mine, ore = whole_run(1, [], 100, 1000, 1000)
    rod = BatchNode(ProductClassId(1), CU, {CU: 60})
    scrap = BatchNode(ProductClassId(2), CU, {CU: 10})
    shares = (AllocationShare(ProductClassId(1), 900_000, 1_000_000),)
    mill = RunNode(
        RunOrder(2), LotBatchKind.TRANSFORM, SiteId(5), (rod, scrap), (TakeEdge(name(1), 0, 80),),
        losses={CU: 10}, emissions_g=200, rule=shares,
    )  # fmt: skip
    lots = [LotNode(name(2, part), RunOrder(2), 0, CU, {CU: 20}) for part in (1, 2)]
    return MemoryGraph([mine, mill], [ore, *lots])


def test_descent__of_a_lot__says_what_is_held_unopened_and_lost() -> None:
    found = {
        (place.whereabouts, place.lot, place.output): place.share_ppm
        for place in descent(family(), name(1), COPPER).places
    }
    assert found == {
        (Whereabouts.IN_LOT, name(1), 0): 200_000,
        (Whereabouts.IN_LOT, name(2, 1), 0): 200_000,
        (Whereabouts.IN_LOT, name(2, 2), 0): 200_000,
        (Whereabouts.IN_BATCH, None, 0): 200_000,
        (Whereabouts.IN_BATCH, None, 1): 100_000,
        (Whereabouts.LOST, None, None): 100_000,
    }


def test_floor__with_a_rule__is_the_least_share_of_the_class() -> None:
    graph = family()
    found = co2e_floor(graph, name(2, 1))
    assert found.run_floor_g == 800 + 200  # 80 of 100 taken, and what the mill emits
    assert found.floor_g == 900 * 20 // 60
    run = graph.run(RunOrder(2))
    assert run is not None
    lots = [lot for lot in (graph.lot(name(1)), graph.lot(name(2, 1))) if lot is not None]
    mine = graph.run(RunOrder(1))
    assert mine is not None
    attributed = replace(run, outputs=(replace(run.outputs[0], attributed=True), run.outputs[1]))
    for other in (replace(run, rule=None), attributed):
        assert co2e_floor(MemoryGraph([mine, other], lots), name(2, 1)).floor_g == 0
