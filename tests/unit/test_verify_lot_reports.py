"""What a report says of lots: figures, words and counts, and the credit that a run moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.certified_lot import VALID_FROM
from tests.support.custody_world import AU, CU, CU_50, CU_75, NET
from tests.support.disclosed_lots import ROD_HELD, ROD_RUN, TAKEN_G, Disclosure
from tests.support.lot_towers import made_up, tower
from tests.unit.test_verify_lots import base, codes, judge, rebased, rule
from veta.custody.rounding import share_down
from veta.model.columns import ColumnKey
from veta.model.identifiers import UnixSeconds
from veta.model.lots import Draw, Reduction
from veta.verify.batches import columns_fault, header_fault
from veta.verify.lineage_graph import nodes_of
from veta.verify.lineage_step import MOST_CHECKS
from veta.verify.lot_columns import check_columns
from veta.verify.stated import StatedLot
from veta.verify.verdict import Check

SHARE = share_down(2_999_700, ROD_HELD[CU], TAKEN_G)
"""What the rod may claim of the credit that came with the certified cathode."""


def one(told: Disclosure, code: str) -> Check:
    (check,) = [check for check in judge(told.case()).checks if check.code == code]
    return check


def test_report__of_an_honest_rod__counts_and_words() -> None:
    assert one(base(), "lineage.complete").facts == {"runs": 3, "ways_in": 2, "depth": 2}
    model = one(base(), "lineage.model")
    assert model.sentence == "the weakest chain-of-custody model on the way is mass-balance"
    assert one(base(), "lineage.flagged").facts["flags"] == (
        "holds metal from outside the network, without its history",
        "CO2e was shared among products without a registered rule",
    )
    assert one(base(), "lot.proven").sentence.startswith("lot 1 of 1 ")
    laws = one(base(), "lineage.laws_kept").facts
    assert laws == {"runs": 3, "net_taken_g": 4_000_000, "net_made_g": 3_900_000}
    footprint = one(base(), "footprint.recomputes").facts
    assert footprint == {
        "printed_g_per_kg": 3_436,
        "recomputed_g_per_kg": 3_436,
        "inherited_g": 13_000_000,
        "process_g": 300_000,
        "transport_g": 100_000,
        "to_other_products_g": 0,
    }


def test_report__measured_short__both_figures_of_each_column_that_changed() -> None:
    figures = one(rebased(), "lot.rebased").facts
    assert figures[f"column_{NET:#010x}"] == ("3900000", "3510000")
    assert len(figures) == 3


def test_report__of_a_hostile_lineage__has_no_more_of_a_kind_than_it_must() -> None:
    told = tower(64)
    found = [each.code for each in judge(told.case()).checks]
    assert found.count("lineage.metal_appears") == MOST_CHECKS


def test_nodes__are_runs_batches_parts_and_lots() -> None:
    assert nodes_of(base().disclosed) == (1 + 1 + 4) + (1 + 1 + 3) + (1 + 2 + 7 + 2)


@pytest.mark.parametrize(("inputs", "malformed"), [(16, False), (17, True)])
def test_takes__sixteen_or_one_more(inputs: int, malformed: bool) -> None:
    told = made_up(18, [*([] for _ in range(17)), list(range(inputs))])
    assert ("lineage.malformed" in codes(judge(told.case()))) == malformed


@pytest.mark.parametrize(("from_s", "wrong"), [(0, False), (VALID_FROM, True)])
def test_rule__that_began_after_the_run__was_not_in_force(from_s: int, wrong: bool) -> None:
    told = rule(3)
    (there,) = told.rules
    told = replace(told, rules=(replace(there, from_s=UnixSeconds(from_s)),))
    assert ("lineage.rule_not_in_force" in codes(judge(told.case()))) == wrong


def test_rule__from_the_very_second_of_the_run__is_in_force() -> None:
    told = rule(3)
    (there,) = told.rules
    at_s = told.told[ROD_RUN].headers[0].anchored_at_s
    for from_s, until_s, wrong in ((at_s, at_s + 1, False), (at_s, at_s, True)):
        window = replace(there, from_s=from_s, until_s=UnixSeconds(until_s))
        found = codes(judge(replace(told, rules=(window,)).case()))
        assert ("lineage.rule_not_in_force" in found) == wrong


def claiming(
    credit: dict[ColumnKey, int],
    draws: tuple[Draw, ...] = (),
    reductions: tuple[Reduction, ...] = (),
) -> set[str]:
    """Findings where the rod claims this credit."""
    held = ROD_HELD | credit
    columns = tuple(ColumnKey(key) for key in sorted(held))
    made, scrap = base().told[ROD_RUN].run.outputs
    made = replace(made, columns=columns, sums=tuple(held[key] for key in columns))
    told = base().retold(ROD_RUN, outputs=(made, scrap), draws=draws, reductions=reductions)
    return codes(judge(told.case()))


@pytest.mark.parametrize(("more", "appears"), [(0, False), (1, True)])
def test_credit__of_the_share_of_what_came_or_a_unit_more(more: int, appears: bool) -> None:
    assert ("lineage.credit_appears" in claiming({CU_75: SHARE + more})) == appears


@pytest.mark.parametrize(("more", "appears"), [(0, False), (1, True)])
def test_credit__drawn_for_the_output__is_added_to_its_share(more: int, appears: bool) -> None:
    draws = (Draw(0, ColumnKey(CU_75), 7),)
    assert ("lineage.credit_appears" in claiming({CU_75: SHARE + 7 + more}, draws)) == appears
    elsewhere = (Draw(1, ColumnKey(CU_75), 7),)
    assert "lineage.credit_appears" in claiming({CU_75: SHARE + 7}, elsewhere)


def test_credit__reduced__goes_on_under_the_lower_programme_alone() -> None:
    down = (Reduction(ColumnKey(CU_75), ColumnKey(CU_50), 2_999_700),)
    assert "lineage.credit_appears" not in claiming({CU_50: SHARE}, reductions=down)
    assert "lineage.credit_appears" in claiming({CU_75: 1}, reductions=down)


def gold(mass_g: int, gold_g: int) -> StatedLot:
    return StatedLot("D-1", "dore", mass_g, "net", {"Au": gold_g}, None, ())


@pytest.mark.parametrize(("gold_g", "differs"), [(11, True), (12, False), (13, True)])
def test_columns__gold_in_milligrams__is_stated_in_whole_grams(gold_g: int, differs: bool) -> None:
    held = {ColumnKey(NET): 13, ColumnKey(AU): 12_999}
    found = {check.code for check in check_columns(gold(13, gold_g), held)}
    assert ("lot.column_differs" in found) == differs
    assert "lot.metal_exceeds_mass" not in found


@pytest.mark.parametrize(("metal_g", "exceeds"), [(100, False), (101, True)])
def test_columns__as_much_metal_as_mass_or_more(metal_g: int, exceeds: bool) -> None:
    stated = StatedLot("C-1", "copper-cathode", 100, "net", {"Cu": metal_g}, None, ())
    held = {ColumnKey(NET): 100, ColumnKey(CU): metal_g}
    found = {check.code for check in check_columns(stated, held)}
    assert ("lot.metal_exceeds_mass" in found) == exceeds


@pytest.mark.parametrize(
    ("metal_g", "unusual"), [(998_999, True), (999_000, False), (1_000_000, False)]
)
def test_grade__at_and_below_what_cathodes_have(metal_g: int, unusual: bool) -> None:
    stated = StatedLot("C-1", "copper-cathode", 1_000_000, "net", {"Cu": metal_g}, None, ())
    held = {ColumnKey(NET): 1_000_000, ColumnKey(CU): metal_g}
    found = {check.code for check in check_columns(stated, held)}
    assert ("lot.grade_unusual" in found) == unusual


def test_faults__of_the_first_member_and_of_repeated_columns() -> None:
    header = base().part.batch.header
    assert header_fault(replace(header, issuer=type(header.issuer)(1))) is None
    key = ColumnKey(NET)
    assert columns_fault((key,), (1,)) is None
    assert columns_fault((key, key), (1, 1)) is not None
    assert columns_fault((), ()) is not None
