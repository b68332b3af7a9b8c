"""The lithium chain: brine to 2,500 packs; carbon of a salar shared by its rule, to the gram."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.lots.paper import (
    BOUGHT_IN,
    EFFLUENT,
    IP,
    MB,
    OTHER_LOSS,
    PROCESS,
    TRANSPORT,
    Lot,
    batch,
    part_of,
)
from tests.contracts.lots.world import (
    BATTERIES,
    BRINE,
    CAM,
    CAMS,
    CARBONATE,
    CO2E,
    LI,
    LI_75,
    LITHIUM,
    NET,
    PACK,
    PACKS,
    POTASH,
    SALAR,
    LotWorld,
)

pytestmark = pytest.mark.reference


@pytest.fixture
def data(reference: Path) -> Any:
    return json.loads((reference / "reference/lithium-chain.json").read_text("utf-8"))


def step(data: Any, event: str) -> Any:
    return next(each for each in data["steps"] if each["event"] == event)


def brine(world: LotWorld, data: Any, lithium_share: int = 400_000) -> Lot:
    """L01 and L02: ponds; 40 % of the burden to lithium, 60 % to potash."""
    ponds = step(data, "L02")
    total = ponds["emissions_g"]
    rule = world.allocates(SALAR, (BRINE, 400_000, 400_000), (POTASH, 600_000, 600_000))
    out = ponds["outputs"]
    burden = total * lithium_share // 1_000_000
    held = {NET: out["concentrated_brine_g"], LI: out["li_g"], LI_75: out["li_g"], CO2E: burden}
    plans = batch(BRINE, IP, held), batch(POTASH, IP, {NET: 1_000_000, CO2E: total - burden})
    made = world.originate("salar", SALAR, *plans, allocation_rule=rule)
    return world.open("salar", made[0].lot())


def carbonate(world: LotWorld, data: Any, lot: Lot, li_g: int | None = None) -> list[Lot]:
    """L03: 14 lots of battery grade, all of it of one salar."""
    plant, lots = step(data, "L03"), data["lots"]
    plan = batch(
        CARBONATE,
        IP,
        *[
            {
                NET: each["net_mass_g"],
                LI: li_g or each["li_mass_g"],
                LI_75: li_g or each["li_mass_g"],
                CO2E: each["co2e_g"],
            }
            for each in lots
        ],
    )
    (made,) = world.transform(
        "salar",
        SALAR,
        plan,
        takes=[part_of(lot)],
        losses=[(LI, 7_651_060, EFFLUENT)],
        emissions=[(PROCESS, each) for each in plant["process_emissions_g"].values()],
    )
    return list(made)


def test_chain__brine_to_packs__closes_to_the_gram(world: LotWorld, data: Any) -> None:
    lots = carbonate(world, data, brine(world, data))
    assert lots[0].held[CO2E] * 1_000 == 4_000 * lots[0].held[NET]
    shipped = lots[:5]
    for lot in shipped:
        world.open("salar", lot)
        world.pass_on(lot, "salar", "cammaker")
    make, parts = step(data, "L05"), step(data, "L05")["emissions_g"]
    out = make["outputs"]
    nmc = batch(CAM, MB, {NET: out["NMC622_g"], LI: out["li_g"], CO2E: make["total_g"]})
    (made,) = world.transform(
        "cammaker",
        CAMS,
        nmc,
        takes=[part_of(lot) for lot in shipped],
        losses=[(LI, make["losses"]["li_g"], OTHER_LOSS)],
        emissions=[
            (TRANSPORT, parts["shipping"]),
            (BOUGHT_IN, parts["Ni-Co-Mn precursor (secondary data)"]),
            (PROCESS, parts["process"]),
        ],
    )
    assert nmc.sums[CO2E] * 1_000 == 16_000 * nmc.sums[NET]
    cam = world.open("cammaker", made.lot())
    world.pass_on(cam, "cammaker", "packmaker")
    packs = step(data, "L06")
    each = {NET: packs["cam_g_per_pack"], LI: 7_160, CO2E: 1_600_000, BATTERIES: 1}
    plan = batch(PACK, MB, *[each] * packs["packs"])
    (last,) = world.transform("packmaker", PACKS, plan, takes=[part_of(cam)])
    world.open("packmaker", last.lot(2_499))
    lithium = sum(lot.held[CO2E] for lot in shipped)
    assert lithium == packs["packs"] * packs["li2co3_co2e_g_per_pack"]
    left = world.contracts.read("LotBook", "creditOf", CAMS, 2, LITHIUM, 8104)
    assert left == 17_900_000, "credit that the cathode material does not claim"


def test_nl2__carbonate_taken_for_lithium__refused(world: LotWorld, data: Any) -> None:
    lot = brine(world, data)
    given = 14 * 20_000_000 + 7_651_060
    with world.refuses("MetalMismatch", LI, 60_000_000, given):
        carbonate(world, data, lot, 20_000_000)


def test_nl3__allocation_other_than_the_rule__refused(world: LotWorld, data: Any) -> None:
    """40/60 made 100/0: the method is on record with its assurer before the run."""
    with world.refuses("AllocationOutOfBounds", BRINE, 336_000_000, 134_400_000, 134_400_000):
        brine(world, data, 1_000_000)
