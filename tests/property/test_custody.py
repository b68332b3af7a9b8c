"""Nobody gains a unit by splitting, merging or ordering; shares always sum to the whole."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.custody_world import (
    CATHODE,
    CB,
    CO2E,
    CU,
    CU_75,
    CU_EXTERNAL,
    CU_RECYCLED,
    MB,
    NET,
    ROD,
    SCRAP,
    Opened,
    emitted,
    lost,
    make,
    originate,
    output,
    transform,
)
from tests.support.lineage_graphs import random_graph
from veta.custody.columns import column_of
from veta.custody.floor import co2e_floor
from veta.custody.footprint import AllocationMethod, Contribution, ProductShare, footprints
from veta.custody.lineage import ancestry, descent
from veta.custody.lot_laws import LotSums, judge_lot
from veta.custody.rounding import divided, largest_remainder, moved
from veta.model.columns import ColumnKey
from veta.model.lots import LossReason

QUANTITIES = st.integers(0, 2**53 - 1)


@given(QUANTITIES, st.integers(1, 2**53 - 1), st.data(), st.booleans())
def test_moved__in_any_takes__sums_to_the_whole(
    quantity: int, total: int, data: st.DataObject, up: bool
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=20)))
    edges = [0, *cuts, total]
    parts = [
        moved(quantity, total, start, end - start, up=up)
        for start, end in itertools.pairwise(edges)
    ]
    assert sum(parts) == quantity
    for start, end, part in zip(edges, edges[1:], parts, strict=False):
        exact = Fraction(quantity * (end - start), total)
        assert exact - 1 < part < exact + 1


@pytest.mark.parametrize("quantity", [1, 999, 1000, 1001, 75_775_000])
@pytest.mark.parametrize("up", [False, True])
def test_moved__in_a_thousand_takes_of_one_gram__is_the_whole(quantity: int, up: bool) -> None:
    parts = [moved(quantity, 1000, gone, 1, up=up) for gone in range(1000)]
    assert sum(parts) == quantity
    assert max(parts) - min(parts) <= 1


@given(QUANTITIES, st.lists(QUANTITIES, min_size=1, max_size=40).filter(any))
def test_largest_remainder__of_any_weights__sums_and_is_fair(
    whole: int, weights: list[int]
) -> None:
    parts = largest_remainder(whole, weights)
    assert sum(parts) == whole
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert whole * weight // total <= part <= -(-whole * weight // total)
    equal = [at for at, weight in enumerate(weights) if weight == weights[0]]
    given_ = [parts[at] for at in equal]
    assert given_ == sorted(given_, reverse=True)  # ties go to the lowest index


@pytest.mark.row("T46")
@given(
    st.integers(1, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 1_000_000),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=12),
)
def test_lots__divided_by_the_rules__keep_the_laws_of_their_batch(
    metal: int, co2e: int, ppm: int, masses: list[int]
) -> None:
    """Every column divided by its own rounding gives lots that each pass, as they add up."""
    whole = {CU: metal, CO2E: co2e, CU_75: metal * ppm // 1_000_000}
    parts = {key: divided(column_of(key), quantity, masses) for key, quantity in whole.items()}
    assert sum(parts[CU]) == metal
    assert sum(parts[CO2E]) == co2e
    assert sum(parts[CU_75]) <= whole[CU_75]
    totals = {key: sum(each) for key, each in parts.items()} | {NET: sum(masses)}
    for at, mass in enumerate(masses):
        quantities = {key: each[at] for key, each in parts.items()} | {NET: mass}
        if quantities[CU_75] > quantities[CU]:
            continue  # a lot of less than a gram of metal cannot carry a gram of credit
        found = judge_lot(LotSums(MB, attributed=False, metal_tolerance_ppm=0, reference_column=NET,
                                  quantities=quantities, totals=totals))  # fmt: skip
        assert found == ()


@given(st.integers(0, 2**40), st.lists(st.integers(1, 2**30), min_size=1, max_size=16))
def test_classes_and_credit__divided__round_against_the_claimant(
    whole: int, weights: list[int]
) -> None:
    for key, least, most in (
        (CU_75, 0, whole),
        (CU_RECYCLED, 0, whole),
        (CU_EXTERNAL, whole, whole + len(weights)),
    ):
        assert least <= sum(divided(column_of(key), whole, weights)) <= most


def origin(mass: int, metal: int, credit: int, co2e: int) -> Opened:
    held = {NET: mass, CU: metal, CU_75: credit, CO2E: co2e}
    return make(originate(output(CATHODE, CB, held), emissions=emitted(process=co2e))).open(0)


def greedy(lots: list[tuple[Opened, int]]) -> Opened:
    """Take parts, keep all metal, claim all the credit that came and that the metal allows."""
    takes = [lot.take(amount) for lot, amount in lots]
    sums: dict[ColumnKey, int] = {NET: sum(amount for _, amount in lots)}
    for lot, amount in lots:
        held, before = lot.quantities, lot.record.taken
        for key in (CU, CO2E, CU_75):
            part = moved(held[key], held[NET], before, amount, up=key == CO2E)
            sums[key] = sums.get(key, 0) + part
    sums[CU_75] = min(sums[CU_75], sums[CU])
    return make(transform(takes, output(ROD, MB, sums))).open(0)


@settings(max_examples=60)
@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(0, 1_000_000),
    st.integers(0, 10**7),
    st.lists(st.integers(1, 10**5), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_splitting_merging_and_ordering__whoever_does_it__gains_nothing(
    mass: int, metal: int, ppm: int, co2e: int, cuts: list[int], order: Random
) -> None:
    """Take a lot apart in any order and put the pieces together again: nothing is gained."""
    credit = metal * ppm // 1_000_000
    lot = origin(mass, metal, credit, co2e)
    amounts = [part for part in largest_remainder(mass, cuts) if part]
    order.shuffle(amounts)
    pieces = []
    for amount in amounts:
        take = lot.take(amount)
        pieces.append((greedy([(lot, amount)]), amount))
        lot = lot.after(take)
    order.shuffle(pieces)
    merged = greedy(pieces).quantities
    assert merged[CU] == metal
    assert merged[CO2E] == co2e
    assert merged[NET] == mass
    assert merged[CU_75] <= credit


@settings(max_examples=60)
@given(
    st.integers(1, 10**9),
    st.integers(0, 1_000_000),
    st.lists(st.integers(0, 10**6), min_size=2, max_size=8).filter(any),
    st.data(),
)
def test_credit__of_any_division_among_batches__never_exceeds_what_was_taken(
    metal: int, ppm: int, weights: list[int], data: st.DataObject
) -> None:
    credit = metal * ppm // 1_000_000
    lot = origin(metal, metal, credit, 0)
    *parts, dust = largest_remainder(metal, weights)
    made = []
    for at, part in enumerate(parts):
        if part:
            claim = data.draw(st.integers(0, credit * part // metal))
            terms_ = (ROD, SCRAP)[at % 2]
            made.append(output(terms_, MB, {NET: part, CU: part, CU_75: claim, CO2E: 0}))
    if not made:
        return
    losses = lost(LossReason.DUST, dust) if dust else ()
    balances = make(transform([lot.take()], *made, losses=losses)).assessment.balances
    assert balances is not None
    (each,) = balances.credit
    assert each.taken + each.drawn == sum(each.made) + each.left + each.extinguished
    assert min(each.left, each.extinguished) >= 0
    assert sum(each.made) + each.left <= credit


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 5))
def test_ancestry__of_random_graphs__is_the_exact_mixture(
    seed: int, size: int, fan_in: int
) -> None:
    graph, nodes, metal, substance = random_graph(seed, size, fan_in)
    exact: dict[int, dict[int, Fraction]] = {}
    for node in nodes:
        run = graph.run(node.made_by)
        assert run is not None
        takes = [
            (source, Fraction(take.amount))
            for take in run.takes
            if (source := graph.lot(take.lot)) is not None
        ]
        mixed: dict[int, Fraction] = {} if takes else {node.made_by: Fraction(1)}
        whole = sum(amount for _, amount in takes)
        for source, amount in takes:
            for at, share in exact[source.made_by].items():
                mixed[at] = mixed.get(at, Fraction(0)) + share * amount / whole
        exact[node.made_by] = mixed
    last = nodes[-1]
    found = ancestry(graph, last.lot, substance)
    assert sum(origin.share_ppm for origin in found.origins) == 1_000_000
    for origin_ in found.origins:
        true = exact[last.made_by][origin_.run] * 1_000_000
        assert true - 1 < origin_.share_ppm < true + 1
    for node in nodes:
        went = descent(graph, node.lot, substance)
        assert sum(place.share_ppm for place in went.places) == 1_000_000
    assert metal > 0


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 5))
def test_floor__of_random_graphs__is_never_above_what_lots_carry(
    seed: int, size: int, fan_in: int
) -> None:
    graph, nodes, _, _ = random_graph(seed, size, fan_in)
    for node in nodes:
        floor = co2e_floor(graph, node.lot)
        assert 0 <= floor.floor_g <= floor.stated_g
        assert floor.stated_g - floor.run_floor_g <= 2 * len(nodes) * fan_in


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**6)), min_size=1, max_size=8),
    st.lists(st.integers(1, 10**9), min_size=1, max_size=8),
    st.integers(0, 10**6),
)
def test_footprints__however_divided__sum_to_what_went_in(
    brought: list[tuple[int, int]], masses: list[int], scrap_g_per_kg: int
) -> None:
    parts = [
        Contribution(str(at), co2e, ppm, inherited=at % 2 == 0)
        for at, (co2e, ppm) in enumerate(brought)
    ]
    inherited = sum(part.co2e_g for part in parts if part.inherited)
    products = [ProductShare("p", mass, AllocationMethod.MASS) for mass in masses]
    carried = 1_000 * scrap_g_per_kg // 1000
    if carried <= inherited:
        products.append(ProductShare("scrap", 1_000, AllocationMethod.INHERITED, scrap_g_per_kg))
    products.append(ProductShare("dross", 5, AllocationMethod.CUT_OFF))
    found = footprints(parts, products)
    assert sum(each.co2e_g for each in found) == sum(part.co2e_g for part in parts)
    assert found[-1].co2e_g == 0
    weighted = sum(part.co2e_g * part.primary_ppm for part in parts)
    kept = sum(each.co2e_g * each.primary_ppm for each in found)
    assert weighted - sum(each.co2e_g for each in found) <= kept <= weighted
