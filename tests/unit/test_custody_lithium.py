"""The lithium chain by its hand calculation: brine to 2,500 packs."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.support.custody_world import (
    CB,
    CO2E,
    IP,
    LI,
    LITHIUM,
    NET,
    Made,
    emitted,
    lost,
    make,
    originate,
    output,
    product,
    rule,
    terms,
    transform,
)
from tests.support.lineage_graphs import graph_of
from tests.support.reference_data import reference_json
from veta.custody.footprint import (
    AllocationMethod,
    Contribution,
    ProductShare,
    StatedFigure,
    co2e_g_per_kg,
    footprints,
    method_digest,
    total,
)
from veta.custody.lineage import ancestry
from veta.custody.run import assess
from veta.custody.yields import report_yield
from veta.errors import InputError
from veta.model.columns import credit_key
from veta.model.lots import LossReason

pytestmark = pytest.mark.reference

BRINE, CARBONATE, CAM, PACK = (product(number) for number in range(21, 25))
POTASH = product(25, residue=True)
LI_75 = credit_key(75, LITHIUM)


@cache
def lithium() -> Any:
    return reference_json("reference/lithium-chain.json")


def step(event: str) -> Any:
    return next(each for each in lithium()["steps"] if each["event"] == event)


@cache
def chain() -> list[Made]:
    """L02 to L05."""
    pond, plant, cam = step("L02"), step("L03"), step("L05")
    brine_g, li_g = pond["outputs"]["concentrated_brine_g"], pond["outputs"]["li_g"]
    ponds = make(
        originate(
            output(BRINE, IP, {NET: brine_g, LI: li_g, CO2E: pond["to_lithium_g"], LI_75: li_g}),
            output(POTASH, CB, {NET: 1, CO2E: pond["allocation"]["potash_co2e_g"]}),
            emissions=emitted(process=pond["emissions_g"]),
            rule=rule((BRINE, 400_000, 400_000), (POTASH, 600_000, 600_000)),
        )
    )
    lots = [
        {
            NET: lot["net_mass_g"],
            LI: lot["li_mass_g"],
            CO2E: lot["co2e_g"],
            LI_75: lot["li_mass_g"],
        }
        for lot in lithium()["lots"]
    ]
    carbonate = make(
        transform(
            [ponds.open(0).take()],
            output(CARBONATE, IP, *lots),
            emissions=emitted(process=sum(plant["process_emissions_g"].values())),
            losses=lost(
                LossReason.EFFLUENT, plant["losses"]["Mg/Ca sludge and mother liquor li_g"], LI
            ),
        )
    )
    emissions = cam["emissions_g"]
    made = make(
        transform(
            [carbonate.open(0, at).take() for at in range(len(step("L04")["lots"]))],
            output(
                CAM,
                CB,
                {
                    NET: cam["outputs"]["NMC622_g"],
                    LI: cam["outputs"]["li_g"],
                    CO2E: cam["total_g"],
                    LI_75: cam["outputs"]["li_g"],
                },
            ),
            emissions=emitted(
                transport=emissions["shipping"],
                bought_in=emissions["Ni-Co-Mn precursor (secondary data)"],
                process=emissions["process"],
            ),
            losses=lost(LossReason.OTHER, cam["losses"]["li_g"], LI),
        )
    )
    return [ponds, carbonate, made]


def figures(made: Made) -> int:
    held = made.open(0).quantities
    return co2e_g_per_kg(held[CO2E], held[NET])


def test_chain__brine_to_cathode_material__is_the_hand_calculation() -> None:
    ponds, carbonate, cam = chain()
    expected = lithium()["expected"]
    assert figures(carbonate) == expected["lithium_carbonate_pcf_g_per_kg"] == 4000
    assert figures(cam) == expected["cam_pcf_g_per_kg"] == 16_000
    assert len(carbonate.draft.outputs[0].lots) == 14
    per_lot = {lot.quantities[CO2E] for lot in carbonate.all_of(0)}
    assert per_lot == {expected["per_lot_co2e_g"]}
    for made in (carbonate, cam):
        balances = made.assessment.balances
        assert balances is not None
        assert balances.metal[0].difference == balances.co2e.difference_g == 0
    assert ponds.open(0).quantities[CO2E] == 134_400_000
    assert cam.assessment.origin_site == 3  # one salar


def test_pack__by_its_lithium__carries_160_kg() -> None:
    pack = step("L06")
    lot = chain()[1].open(0).quantities
    share = -(-lot[CO2E] * pack["li2co3_g_per_pack"] // lot[NET])
    assert share == lithium()["expected"]["per_pack_li2co3_co2e_g"] == 160_000
    cam = chain()[2].open(0)
    packs = pack["packs"]
    lots = [{NET: pack["cam_g_per_pack"], LI: 7_160, CO2E: 1_600_000}] * packs
    made = make(transform([cam.take()], output(PACK, CB, *lots)))
    assert len(made.all_of(0)) == 2_500
    graph, names = graph_of([*chain(), made])
    found = ancestry(graph, names[made.open(0, 2_499).lot.lot_key], LITHIUM)
    assert found.by_site() == {3: 1_000_000}


def carbonate_at(lithium_ppm: int) -> tuple[int, bytes]:
    """Figure per kilogram of carbonate, and the digest of how the ponds divide their burden."""
    pond, plant = step("L02"), step("L03")
    products = [
        ProductShare("lithium brine", 1_000_000_000, AllocationMethod.ECONOMIC, lithium_ppm),
        ProductShare("potash", 1, AllocationMethod.ECONOMIC, 1_000_000 - lithium_ppm),
    ]
    brine, _ = footprints([Contribution("salar", pond["emissions_g"], 1_000_000)], products)
    added = sum(plant["process_emissions_g"].values())
    (carbonate,) = footprints(
        [
            Contribution("brine", brine.co2e_g, brine.primary_ppm, inherited=True),
            Contribution("plant", added, 1_000_000),
        ],
        [ProductShare("carbonate", plant["outputs"]["lithium_carbonate_g"], AllocationMethod.MASS)],
    )
    return carbonate.co2e_g_per_kg, method_digest(products)


def test_nl3__another_allocation__is_another_figure_and_another_method() -> None:
    declared, other = carbonate_at(400_000), carbonate_at(1_000_000)
    assert (declared[0], other[0]) == (4000, 4720)
    assert declared[1] != other[1]


@pytest.mark.row("A55")
def test_nl1__brine_added_to_fresh_water__is_refused() -> None:
    water = lithium()["water"]

    def litres(value: int, metric: str) -> StatedFigure:
        return StatedFigure(value, metric, "litre", "site", "")

    wells = litres(water["of_which_salar_wells_l"], "freshwater withdrawal")
    plant = litres(water["of_which_plant_l"], "freshwater withdrawal")
    assert total([wells, plant]).value == water["freshwater_withdrawal_l"] == 6_300_000
    with pytest.raises(InputError) as refusal:
        total([wells, plant, litres(water["brine_extracted_l"], "brine extraction")])
    assert refusal.value.code == "custody.not_comparable"
    assert "metric" in refusal.value.message


def test_nl2__carbonate_mass_for_lithium__is_more_lithium_than_went_in() -> None:
    lots = [
        {NET: lot["net_mass_g"], LI: lot["net_mass_g"], CO2E: lot["co2e_g"]}
        for lot in lithium()["lots"]
    ]
    draft = transform(
        [chain()[0].open(0).take()],
        output(CARBONATE, CB, *lots),
        emissions=emitted(process=sum(step("L03")["process_emissions_g"].values())),
    )
    found = assess(draft, terms())
    assert found.codes == {"custody.metal_mismatch"}
    facts = found.problems[0].arguments
    assert (facts["given"], facts["made"]) == (60_000_000, 280_000_000)


def test_yields__of_pond_and_plant__lie_within_metallurgy() -> None:
    pond, plant = step("L02"), step("L03")
    first = report_yield("lithium_pond", taken=step("L01")["li_g"], product=pond["outputs"]["li_g"])
    second = report_yield("lithium_plant", taken=plant["li_in_g"], product=plant["outputs"]["li_g"])
    assert (first.code, second.code) == (None, None)
    assert first.yield_ppm == pond["recovery_ppm"]
    assert second.yield_ppm == plant["recovery_ppm_rounded"]
