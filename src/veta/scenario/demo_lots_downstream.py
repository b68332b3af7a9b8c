"""The demo's metal goes on: ten cathode lots become rod, cable, 6,000 cars; then its lineage."""

from __future__ import annotations

from typing import Final

from veta.custody.rounding import largest_remainder
from veta.model.identifiers import UnixSeconds
from veta.model.lot import LotCertificate
from veta.model.lots import Loss, LossReason, LotBatchKind, LotId
from veta.scenario.demo_acts import CABLE_MAKER, CAR_MAKER, REFINERY, ROD_MILL, Play
from veta.scenario.demo_lots import MB, accept, emitted, hand_over, make, offer_new, tonnes
from veta.scenario.demo_lots_papers import (
    Held,
    batch,
    beside,
    certified,
    lot_of,
    outside_up,
    vehicles,
)
from veta.scenario.demo_lots_terms import (
    AURORA,
    BAHIA_SERENA,
    CABLE,
    CATHODE,
    CO2E,
    COPPER,
    CORDILLERA,
    CREDIT_50,
    CU,
    LINDENTAL,
    MAREA,
    NET,
    NORDWIND,
    OUTSIDE,
    OUTSIDE_SITE,
    ROD,
    RULE_NUMBERS,
    SCRAP,
    SITE_NAMES,
    VEHICLE,
    VEHICLE_UNITS,
)
from veta.services.run_requests import RunRequest, TakeRequest
from veta.statement.instants import read_instant

SHIPPED_S: Final = read_instant("2026-09-18T08:00:00Z")
ARRIVED_S: Final = read_instant("2026-10-28T08:00:00Z")
ROD_S: Final = read_instant("2026-10-29T08:00:00Z")
CABLE_S: Final = read_instant("2026-11-01T08:00:00Z")
CARS_S: Final = read_instant("2026-11-02T20:00:00Z")

ROD_LOT: Final = "NOR-ROD-26-0007"
CABLE_LOT: Final = "LIN-CAB-26-0311"
SHIPPED_LOTS: Final = 10
VEHICLES: Final = 6_000
ORIGINS_PPM: Final = {AURORA: 552_000, CORDILLERA: 232_000, OUTSIDE_SITE: 216_000}
"""What the reference works out for the cable."""


def metal_goes_on(play: Play) -> None:
    """E06 to E09: shipped, drawn, wired, installed."""
    stage, tell = play.stage, play.tell
    rod, cable = stage.scenario.lot(ROD_LOT), stage.scenario.lot(CABLE_LOT)
    stage.pass_to(SHIPPED_S)
    tell.chapter("Ten lots go on: rod, cable, 6,000 cars", SHIPPED_S)
    cathodes = _ship(play)
    stage.pass_to(ROD_S)
    tell.working("drawing rod")
    gas = make(play, ROD_MILL, _drawing(play, cathodes, rod))
    _tell_made(play, f"{SHIPPED_LOTS} lots become rod", rod, gas, 3_200)
    rods = lot_of(play, ROD_MILL, NORDWIND, ROD, ROD_LOT)
    hand_over(play, ROD_MILL, CABLE_MAKER, [rods])
    stage.pass_to(CABLE_S)
    tell.working("making cable")
    gas = make(play, CABLE_MAKER, _wiring(play, rods, cable))
    _tell_made(play, "100 t of it become cable", cable, gas, 3_280)
    cables = cable_lot(play)
    hand_over(play, CABLE_MAKER, CAR_MAKER, [cables])
    stage.pass_to(CARS_S)
    tell.working(f"signing {VEHICLES:,} passports")
    request = _installing(play, cables, cable)
    gas = make(play, CAR_MAKER, request)
    output = request.outputs[0]
    column = output.columns.index(CO2E)
    each = {lot.quantities[column] for lot in output.lots}
    tell.expect(each == {85_280}, f"a car carries {sorted(each)} g CO2e")
    tell.line(
        f"  {VEHICLES:,} cars, a lot each, 85,280 g CO2e of cable in every one  "
        f"{gas:,} gas, {gas // VEHICLES:,} a car"
    )
    _tell_lineage(play)


def cable_lot(play: Play) -> LotId:
    """The lot of cable."""
    return lot_of(play, CABLE_MAKER, LINDENTAL, CABLE, CABLE_LOT)


def _ship(play: Play) -> list[LotId]:
    """E06: ten lots offered at sailing, accepted on arrival."""
    numbers = [lot.lot_number for lot in play.stage.scenario.lots_of(REFINERY)]
    lots = [
        lot_of(play, REFINERY, BAHIA_SERENA, CATHODE, number) for number in numbers[:SHIPPED_LOTS]
    ]
    play.tell.working(f"opening and offering {SHIPPED_LOTS} lots")
    offer_new(play, REFINERY, ROD_MILL, lots, until_s=UnixSeconds(ARRIVED_S + 7 * 86_400))
    play.stage.pass_to(ARRIVED_S)
    accept(play, ROD_MILL, lots)
    node = play.nodes[ROD_MILL]
    held = node.lots.balance.holdings(node.desk.member).totals
    play.tell.expect(held[CO2E] == 757_750_000, f"the ten lots carry {held[CO2E]} g CO2e")
    play.tell.line(
        f"  {SHIPPED_LOTS} lots of {tonnes(held[NET])} in all: opened and offered on 18 September, "
        "accepted in Hamburg on 28 October"
    )
    return lots


def _drawing(play: Play, cathodes: list[LotId], rod: LotCertificate) -> RunRequest:
    """E07: the scrap is cut off and carries nothing."""
    copper_g = rod.metal[0].mass_g
    return RunRequest(
        LotBatchKind.TRANSFORM,
        NORDWIND,
        rod.produced_from_s,
        rod.produced_to_s,
        outputs=(
            batch(ROD, MB, [certified(play, rod, _claims(copper_g))]),
            batch(SCRAP, MB, [beside(play, rod, "NOR-SCR-26-0007", "Rod scrap", _cut(899_550))]),
        ),
        takes=tuple(TakeRequest(lot) for lot in cathodes),
        losses=(Loss(CU, 199_950, LossReason.DUST),),
        emissions=emitted(transport=26_000_000, process=13_050_000),
        allocation_rule=RULE_NUMBERS["draw"],
    )


def _wiring(play: Play, rods: LotId, cable: LotCertificate) -> RunRequest:
    """E08: 100 t of the rod, and bought-in insulation."""
    copper_g = cable.metal[0].mass_g
    scrap = beside(play, cable, "LIN-SCR-26-0311", "Cable scrap", _cut(1_899_050))
    return RunRequest(
        LotBatchKind.TRANSFORM,
        LINDENTAL,
        cable.produced_from_s,
        cable.produced_to_s,
        outputs=(
            batch(CABLE, MB, [certified(play, cable, _claims(copper_g))]),
            batch(SCRAP, MB, [scrap]),
        ),
        takes=(TakeRequest(rods, 100_000_000),),
        losses=(Loss(CU, 99_950, LossReason.OTHER),),
        emissions=emitted(bought_in=150_000_000, process=35_680_000, transport=6_000_000),
        allocation_rule=RULE_NUMBERS["wire"],
    )


def _installing(play: Play, cables: LotId, cable: LotCertificate) -> RunRequest:
    """E09: a cable set of 26 kg in each of 6,000 cars, each a lot of its own."""
    copper_g = cable.metal[0].mass_g
    shares = [1] * VEHICLES
    metal = largest_remainder(copper_g, shares)
    outside = largest_remainder(outside_up(copper_g), shares)
    held: list[Held] = [
        {
            NET: cable.mass_g // VEHICLES,
            CU: metal[at],
            OUTSIDE: outside[at],
            CREDIT_50: copper_g // VEHICLES,
            CO2E: 511_680_000 // VEHICLES,
            VEHICLE_UNITS: 1,
        }
        for at in range(VEHICLES)
    ]
    window = (UnixSeconds(CARS_S - 86_400), UnixSeconds(CARS_S - 3_600))
    lots = vehicles(play, cable, CAR_MAKER, held, window)
    return RunRequest(
        LotBatchKind.TRANSFORM,
        MAREA,
        *window,
        outputs=(batch(VEHICLE, MB, lots),),
        takes=(TakeRequest(cables),),
    )


def _claims(copper_g: int) -> Held:
    """All of it certified by mass balance, and part of it from outside: both are said."""
    return {OUTSIDE: outside_up(copper_g), CREDIT_50: copper_g}


def _cut(copper_g: int) -> Held:
    return {CU: copper_g, CO2E: 0, OUTSIDE: outside_up(copper_g)}


def _tell_made(play: Play, what: str, lot: LotCertificate, gas: int, g_per_kg: int) -> None:
    footprint = lot.footprint
    assert footprint is not None  # every lot of the scenario states one
    exact = footprint.co2e_g * 1_000 == g_per_kg * lot.mass_g
    play.tell.expect(exact, f"{lot.lot_number} carries {footprint.co2e_g} g CO2e")
    play.tell.line(
        f"  {lot.lot_number}  {what}: {tonnes(lot.mass_g)}, {g_per_kg:,} g CO2e a kg  {gas:,} gas"
    )


def _tell_lineage(play: Play) -> None:
    """From what the refinery's own node followed: it knows what became of its metal, too."""
    tell, node = play.tell, play.nodes[REFINERY]
    node.follow()
    lot = cable_lot(play)
    found = node.lots.lineage.ancestry(lot, COPPER)
    shares = found.by_site()
    tell.say(
        f"Where the copper in {CABLE_LOT} came from, asked of the refinery's node, which followed "
        "the chain and saw no document of anybody else:"
    )
    for site, share in sorted(shares.items(), key=lambda each: -each[1]):
        tell.line(f"  {share:>9,} ppm  {SITE_NAMES[site]}")
    tell.line(f"  {sum(shares.values()):>9,} ppm  through {found.runs} runs, {found.edges} takes")
    tell.expect(shares == ORIGINS_PPM, f"the cable's copper comes from {shares}")
    floor = node.lots.lineage.floor(lot)
    tell.say(
        f"Its CO2e: {floor.stated_g:,} g stated, and never below {floor.floor_g:,} g, whatever "
        "anybody signs: that much the chain itself adds up from what each run took and declared."
    )
    bounded = 490_000_000 < floor.floor_g <= floor.stated_g == 511_680_000
    tell.expect(bounded, f"the cable carries {floor.stated_g}, at least {floor.floor_g}")
