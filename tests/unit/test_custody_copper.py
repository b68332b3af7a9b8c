"""The copper chain by its hand calculation, to the gram: ore to 6,000 cars."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.support import copper_runs
from tests.support.copper_runs import REDUCIBLE, Copper, CopperChain, smelted, whole_chain
from tests.support.custody_world import (
    CATHODE,
    CO2E,
    COPPER,
    CU,
    CU_50,
    CU_75,
    MB,
    NET,
    SG,
    Made,
    codes,
    make,
    output,
    terms,
)
from tests.support.lineage_graphs import graph_of
from veta.custody.content import AssayLimits, Grade, Mass, Weighed, assay_faults, contained_g, dried
from veta.custody.floor import co2e_floor
from veta.custody.footprint import (
    AllocationMethod,
    Contribution,
    ProductShare,
    StatedFigure,
    co2e_g_per_kg,
    difference,
    footprints,
)
from veta.custody.lineage import Whereabouts, ancestry, descent
from veta.custody.models import certified_share_ppm
from veta.custody.rounding import largest_remainder
from veta.custody.run import assess
from veta.custody.yields import report_yield
from veta.errors import InputError
from veta.model.lots import HeaderFlag

pytestmark = pytest.mark.reference


@cache
def copper() -> Copper:
    return Copper.load()


@cache
def chain() -> CopperChain:
    return whole_chain(copper())


def runs() -> list[Made]:
    whole = chain()
    return [
        whole.mine, whole.split, whole.cordillera, whole.gris, whole.smelt, whole.refine,
        whole.rod, whole.cable, whole.cars,
    ]  # fmt: skip


def per_kg(made: Made, batch: int = 0, lot: int = 0) -> int:
    held = made.open(batch, lot).quantities
    return co2e_g_per_kg(held[CO2E], held[NET])


def test_metal_and_carbon__at_each_step__close_to_the_gram() -> None:
    for made in runs():
        balances = made.assessment.balances
        assert balances is not None
        assert balances.co2e.difference_g == 0
        if made.draft.takes:
            assert all(metal.difference == 0 for metal in balances.metal)


def test_footprints__along_the_chain__are_the_hand_calculation() -> None:
    expected = copper().data["expected"]
    whole = chain()
    assert per_kg(whole.refine) == expected["cathode_pcf_g_per_kg"] == 3031
    assert per_kg(whole.rod) == expected["rod_pcf_g_per_kg"] == 3200
    assert per_kg(whole.cable) == expected["cable_pcf_g_per_kg"] == 3280
    lot = whole.refine.open(0).quantities
    assert lot[CO2E] == expected["lot_BSE-CAT-26-1001_co2e_g"] == 75_775_000
    cars = whole.cars.all_of(0)
    assert {car.quantities[CO2E] for car in cars} == {expected["per_vehicle_co2e_g"]} == {85_280}
    assert len(cars) == 6000


def test_certified_share__of_the_smelter__is_78_4_percent() -> None:
    ledger = copper().data["credit_ledger"]
    balances = chain().smelt.assessment.balances
    assert balances is not None
    taken = sum(credit.taken for credit in balances.credit)
    assert taken == ledger["certified_cu_in_g"] == 784_000_000
    assert certified_share_ppm(taken, balances.metal[0].taken) == ledger["certified_share_ppm"]


def test_credit__of_the_refinery__is_shared_as_by_hand() -> None:
    ledger = copper().data["credit_ledger"]
    refine = chain().refine.assessment.balances
    assert refine is not None
    credit = next(each for each in refine.credit if each.column == CU_50)
    assert credit.caps == (744_725_520, 17_941_840, 1_027_040, 784_000)
    assert credit.caps[0] == ledger["credit_cu_g"]
    smelt = chain().smelt.assessment.balances
    assert smelt is not None
    assert sum(each.extinguished for each in smelt.credit) == 19_521_600  # slag's share
    assert credit.left * 10_000 // 9_999 == ledger["remaining_gross_g"] == 19_800_000


def test_lots__certified_whole__are_29_and_the_30th_is_refused() -> None:
    """N03."""
    anode = chain().smelt.open(0)
    whole = terms(reducible=REDUCIBLE)
    assert codes(copper_runs.balanced(copper(), anode, 29), whole) == set()
    thirty = assess(copper_runs.balanced(copper(), anode, 30), whole)
    assert thirty.codes == {"custody.credit_above_cap"}
    assert thirty.problems[0].arguments == {
        "output": 0,
        "column": CU_50,
        "given": 749_925_000,
        "cap": 744_725_520,
    }


def test_lots__blended__are_all_38_at_one_proportion() -> None:
    made = make(copper_runs.blended(copper(), chain().smelt.open(0)))
    for lot in made.all_of(0):
        credit = lot.quantities[CU_75] + lot.quantities[CU_50]
        assert certified_share_ppm(credit, lot.quantities[CU]) == 784_000
    balances = made.assessment.balances
    assert balances is not None
    assert all(credit.left == 0 for credit in balances.credit)


def test_origins__of_the_cable__are_the_three_mines() -> None:
    graph, lots = graph_of(runs())
    cable = lots[chain().cable.open(0).lot.lot_key]
    found = ancestry(graph, cable, COPPER)
    assert sorted(origin.share_ppm for origin in found.origins) == [216_000, 232_000, 552_000]
    assert found.by_site() == {
        copper_runs.AURORA: 552_000,
        copper_runs.CORDILLERA: 232_000,
        0: 216_000,
    }
    car = lots[chain().cars.open(0, 5_999).lot.lot_key]
    assert ancestry(graph, car, COPPER).by_site() == found.by_site()


def test_whereabouts__of_the_first_concentrate__sum_to_all_of_it() -> None:
    graph, lots = graph_of(runs())
    mine = lots[chain().mine.open(0).lot.lot_key]
    found = descent(graph, mine, COPPER)
    assert sum(place.share_ppm for place in found.places) == 1_000_000
    unsplit = [place for place in found.places if place.whereabouts is Whereabouts.IN_LOT]
    assert max(place.share_ppm for place in unsplit) == 200_000  # lot B was never taken


def test_floor__from_the_chain_alone__needs_the_rules() -> None:
    graph, lots = graph_of(runs())
    anode = co2e_floor(graph, lots[chain().smelt.open(0).lot.lot_key])
    assert anode.stated_g == anode.floor_g == 2_940_000_000
    assert anode.run_floor_g == 3_000_000_000
    cathode = co2e_floor(graph, lots[chain().refine.open(0).lot.lot_key])
    assert cathode.run_floor_g == 3_100_000_000
    assert cathode.floor_g == 0  # four classes and no rule: a lot by itself proves nothing
    assert HeaderFlag.UNALLOCATED in chain().refine.assessment.flags[0]
    assert HeaderFlag.UNALLOCATED not in chain().smelt.assessment.flags[0]


def test_flags_and_origin__along_the_chain__come_down() -> None:
    whole = chain()
    assert whole.split.assessment.origin_site == copper_runs.AURORA
    assert whole.smelt.assessment.origin_site == 0
    assert HeaderFlag.EXTERNAL in whole.cars.assessment.flags[0]
    assert whole.mine.assessment.flags == (HeaderFlag(0), HeaderFlag(0))


def test_primary_data__of_anode_and_cathode__are_the_hand_calculation() -> None:
    expected = copper().data["expected"]
    ids = ("AUR-CON-26-0417-A", "COR-CON-26-0309", "PGR-CON-26-0088")
    smelter = copper().step("E04")
    inputs = [
        Contribution(lot, data["co2e_g"], data["primary_data_share_ppm"], inherited=True)
        for lot, data in ((lot, copper().concentrate(lot)) for lot in ids)
    ]
    inputs.append(Contribution("transport", copper().step("E03")["co2e_g"], 0))
    inputs += [
        Contribution(name, co2e_g, 1_000_000)
        for name, co2e_g in smelter["process_emissions_g"].items()
    ]
    anode, acid = footprints(
        inputs,
        [
            ProductShare("anode", 980_000_000, AllocationMethod.ECONOMIC, 980_000),
            ProductShare("acid", 3_400_000_000, AllocationMethod.ECONOMIC, 20_000),
        ],
    )
    assert (anode.co2e_g, anode.co2e_g_per_kg, acid.co2e_g) == (2_940_000_000, 3000, 60_000_000)
    refined = footprints(
        [
            Contribution("anode", anode.co2e_g, anode.primary_ppm, inherited=True),
            Contribution("refining", copper().step("E05")["process_emissions_g"], 1_000_000),
        ],
        [
            ProductShare("cathode", 950_000_000, AllocationMethod.ECONOMIC, 950_000),
            ProductShare("scrap", 23_000_000, AllocationMethod.INHERITED, anode.co2e_g_per_kg),
            ProductShare("slimes", 0, AllocationMethod.ECONOMIC, 49_000),
            ProductShare("bleed", 0, AllocationMethod.ECONOMIC, 1_000),
        ],
    )
    lots = copper().data["lots"]
    scrap, slimes, bleed = (lots[name]["co2e_g"] for name in ("anode_scrap", "slimes", "bleed"))
    assert [each.co2e_g for each in refined] == [2_879_450_000, scrap, slimes, bleed]
    assert refined[0].co2e_g_per_kg == 3031
    wanted = expected["cathode_primary_data_share_ppm_floor"]
    assert refined[0].primary_ppm == wanted == 622_567


def test_yields__of_every_process__lie_within_metallurgy() -> None:
    step = copper().step
    for process, taken, product, returned in (
        ("concentrator", step("E01")["inputs"]["cu_g"], 690_000_000, 0),
        ("smelter", step("E04")["cu_in_g"], 975_100_000, 0),
        ("refinery_excl_returned_scrap", step("E05")["cu_in_g"], 949_905_000, 22_885_000),
        ("rod", step("E07")["cu_in_g"], 248_875_500, 0),
        ("cable", step("E08")["cu_in_g"], 97_951_000, 0),
    ):
        assert report_yield(process, taken=taken, product=product, returned=returned).code is None


# ---------------------------------------------------------------- what must be refused


def cathodes(change: Any = None, **extra: Any) -> Any:
    count = len(copper().lot("cathode"))
    lots = copper_runs.cathode_lots(copper(), external=[5_399_460] * count, **extra)
    return [change(lot) for lot in lots] if change else lots


@pytest.mark.row("A13")
def test_n01__cathode_of_990_tonnes__is_more_metal_than_went_in() -> None:
    """As 990 t of cathode hold: 989.901 t, and 0.4 t CO2e for each of 40 t more."""
    heavier = cathodes(
        lambda lot: {
            **lot,
            NET: lot[NET] * 990 // 950,
            CU: lot[NET] * 990 // 950 * 9_999 // 10_000,
        }
    )
    draft = copper_runs.e05(copper(), chain().smelt.open(0), output(CATHODE, MB, *heavier))
    found = assess(draft, terms())
    assert "custody.metal_mismatch" in found.codes
    assert found.balances is not None
    assert found.balances.metal[0].difference < 0
    assert report_yield(
        "refinery_excl_returned_scrap", taken=975_100_000, product=989_901_000, returned=22_885_000
    ).code == "custody.yield_out_of_bounds"  # fmt: skip


@pytest.mark.row("A12")
def test_n02__children_above_their_parent__are_refused() -> None:
    parent = chain().mine.open(0)
    draft = copper_runs.e02(copper(), parent)
    lots = list(draft.outputs[0].lots)
    lots[1] = tuple(quantity * 600 // 500 for quantity in lots[1])
    over = replace(draft, outputs=(replace(draft.outputs[0], lots=tuple(lots)),))
    found = assess(over, terms())
    assert found.codes == {"custody.metal_mismatch", "custody.co2e_mismatch"}
    assert [problem.arguments.get("made") for problem in found.problems] == [
        717_600_000,
        1_291_680_000,
    ]


def test_n04__a_lot_smelted_before__is_consumed() -> None:
    parent = chain().split.open(0, 0)
    again = [parent.after(parent.take()), chain().cordillera.open(0), chain().gris.open(0)]
    assert "custody.lot_not_in_state" in codes(copper_runs.e04(copper(), again))


@pytest.mark.row("A26")
def test_n05__cathode_declared_at_2500__lets_504_450_kg_vanish() -> None:
    clean = cathodes(lambda lot: {**lot, CO2E: lot[NET] * 2500 // 1000})
    draft = copper_runs.e05(copper(), chain().smelt.open(0), output(CATHODE, MB, *clean))
    found = assess(draft, terms())
    assert found.codes == {"custody.co2e_mismatch"}
    facts = found.problems[0].arguments
    assert (facts["given"], facts["made"]) == (3_100_000_000, 2_595_550_000)
    assert found.balances is not None
    assert found.balances.co2e.difference_g == 504_450_000


def test_n06__cathode_assay_beyond_the_standard__does_not_conform() -> None:
    certificate = copper().data["cathode_certificate_of_analysis"]
    limits = AssayLimits(
        certificate["limits_mg_per_t"],
        [(tuple(group["elements"]), group["max"]) for group in certificate["group_limits"]],
        certificate["sum_max_mg_per_t"],
    )
    assert list(assay_faults(certificate["sample_pass"], limits)) == []
    for sample in certificate["sample_fail"]:
        assert set(sample["violates"]) <= set(assay_faults(sample["assay"], limits))


def test_n07__credit_without_a_valid_certificate__is_refused() -> None:
    """Whether the certificate held is Assurance's to say; a draft that has none is refused."""
    draft = replace(copper_runs.e01(copper()), covers=())
    assert codes(draft) == {"custody.cover_missing"}


@pytest.mark.row("A14")
def test_n08__wet_tonnes_for_dry_ones__are_another_unit() -> None:
    lots = [copper().concentrate(lot) for lot in copper().step("E04")["inputs"]]
    metal = 0
    for lot in lots:
        wet = Mass(lot["wet_mass_g"], Weighed.WET)
        grade = Grade(lot["grade_cu_ppm"], Weighed.DRY)
        with pytest.raises(InputError) as refusal:
            contained_g(wet, grade)
        assert refusal.value.code == "custody.unit_mismatch"
        dry = dried(wet, lot["moisture_ppm"])
        assert dry.mass_g == lot["dry_mass_g"]
        with pytest.raises(InputError):
            dried(dry, lot["moisture_ppm"])
        metal += contained_g(dry, grade)
    assert metal == copper().step("E04")["cu_in_g"] == 1_000_000_000


def test_n09__segregated_cathode_of_a_blended_anode__strengthens() -> None:
    draft = copper_runs.e05(copper(), chain().smelt.open(0), output(CATHODE, SG, *cathodes()))
    assert "custody.model_strengthens" in codes(draft)
    smelt = copper_runs.e04(
        copper(), [chain().split.open(0), chain().cordillera.open(0), chain().gris.open(0)]
    )
    stronger = replace(smelt, outputs=(replace(smelt.outputs[0], model=SG), smelt.outputs[1]))
    assert codes(stronger) >= {"custody.model_strengthens", "custody.model_condition"}


def test_levels__kept_apart_and_together__never_exceed_the_metal() -> None:
    """20 t under one programme and 20 t under another on 25 t of metal: A16."""
    anode = chain().smelt.open(0)
    count = len(copper().lot("cathode"))
    both = [20_000_000] + [0] * (count - 1)
    lots = cathodes(cu75=both, cu50=both)
    found = codes(copper_runs.e05(copper(), anode, output(CATHODE, MB, *lots)))
    assert found == {"custody.credit_above_metal"}


@pytest.mark.row("A27")
def test_carbon__of_the_clean_mines_on_29_lots__leaves_the_rest_on_the_others() -> None:
    """Cherry-picked: the site's total stays, the lots say attributed, and compare with nothing."""
    count, whole = len(copper().lot("cathode")), 2_879_450_000
    clean = 29 * 50_000_000
    burdens = [50_000_000] * 29 + [*largest_remainder(whole - clean, [1] * (count - 29))]
    lots = [lot | {CO2E: burden} for lot, burden in zip(cathodes(), burdens, strict=True)]
    anode = chain().smelt.open(0)
    batch = output(CATHODE, MB, *lots)
    assert codes(copper_runs.e05(copper(), anode, batch)) == {"custody.co2e_not_uniform"}
    made = make(copper_runs.e05(copper(), anode, replace(batch, attributed=True)))
    assert sum(lot.quantities[CO2E] for lot in made.all_of(0)) == whole
    assert HeaderFlag.ATTRIBUTED in made.open(0).lot.header.flags
    assert HeaderFlag.ATTRIBUTED not in made.open(1).lot.header.flags
    lower = [lot | {CO2E: 50_000_000} for lot in cathodes()]
    vanish = replace(output(CATHODE, MB, *lower), attributed=True)
    assert codes(copper_runs.e05(copper(), anode, vanish)) == {"custody.co2e_mismatch"}
    average = StatedFigure(3031, "PCF", "gCO2e/kilogram", "cradle-to-gate", "AR6")
    with pytest.raises(InputError) as refusal:
        difference(average, replace(average, value=2000, attributed=True))
    assert refusal.value.code == "custody.not_comparable"


def test_smelted__again__gives_the_same_balances() -> None:
    *_, again = smelted(copper())
    assert again.assessment.balances == chain().smelt.assessment.balances
