"""The copper chain E01 to E09: nine companies, 38 cathode lots, to the gram, on its own dates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.lots.paper import (
    BOUGHT_IN,
    CB,
    DUST,
    IP,
    MB,
    OTHER_LOSS,
    PROCESS,
    SG,
    SLAG,
    TRANSPORT,
    Batch,
    Lot,
    Plan,
    batch,
    fresh,
    part_of,
    share,
)
from tests.contracts.lots.world import (
    ACID,
    ANODE,
    AURORA,
    BAHIA,
    BLEED,
    CABLE,
    CATHODE,
    CO2E,
    CONCENTRATE,
    COPPER,
    CORDILLERA,
    CU,
    CU_50,
    CU_75,
    CU_EXTERNAL,
    DAY,
    DRY,
    IDS,
    LINDENTAL,
    MAREA,
    MOLYBDENITE,
    NET,
    NORDWIND,
    RMM_50,
    ROD,
    SCRAP,
    SLIMES,
    VEHICLE,
    VEHICLES,
    LotWorld,
)

pytestmark = pytest.mark.reference
Q2 = 8105
MARCH_10, APRIL_3, APRIL_18 = 1_773_100_800, 1_775_174_400, 1_776_470_400
SEPTEMBER_20, OCTOBER_28 = 1_789_862_400, 1_793_145_600


@dataclass
class Chain:
    """The reference file, and the world that it is replayed in."""

    world: LotWorld
    data: Any

    def step(self, event: str) -> Any:
        return next(step for step in self.data["steps"] if step["event"] == event)

    def held(self, lot: Any, mass: int | None = NET) -> dict[int, int]:
        columns = {CU: lot["cu_mass_g"], CO2E: lot["co2e_g"]}
        if mass is not None:
            columns[mass] = lot["net_mass_g" if mass == NET else "dry_mass_g"]
        return columns

    def concentrate(self, lot_id: str) -> dict[int, int]:
        lots = self.data["lots"]["concentrate"]
        return self.held(next(lot for lot in lots if lot["lot_id"] == lot_id), DRY)

    # ---- the runs

    def mined(self) -> tuple[Lot, Lot, Lot]:
        """E01 to E03: three concentrates in the smelter's hands, one of them split before."""
        world = self.world
        world.at(MARCH_10)
        azul = self.concentrate("COR-CON-26-0309")
        plan = batch(CONCENTRATE, IP, {**azul, CU_50: azul[CU]})
        (made,) = world.originate("cordillera", CORDILLERA, plan)
        cordillera = self.sell(made.lot(), "cordillera", "smelter")
        world.at(APRIL_3)
        gris = self.concentrate("PGR-CON-26-0088")
        outside = batch(CONCENTRATE, CB, {**gris, CU_EXTERNAL: gris[CU]})
        puerto_gris = self.sell(world.external("gris", outside).lot(), "gris", "smelter")
        world.at(APRIL_18)
        aurora = self.sell(self.split(self.ore()).lot(0), "mine", "smelter")
        return aurora, cordillera, puerto_gris

    def sell(self, lot: Lot, by: str, to: str) -> Lot:
        """Open and offer in one call, and accept."""
        world, consignment = self.world, fresh()
        until = world.now + DAY
        world.custody(by, "openAndOffer", lot.opening(), IDS[to], until, consignment)
        world.custody(to, "accept", [lot.id], [0], consignment)
        return lot

    def ore(self) -> Lot:
        """E01: the mine's concentrate, and molybdenite with 4 % of the burden by its rule."""
        step, world = self.step("E01"), self.world
        rule = world.allocates(
            AURORA, (CONCENTRATE, 960_000, 960_000), (MOLYBDENITE, 40_000, 40_000)
        )
        held = self.concentrate("AUR-CON-26-0417")
        other = {DRY: 1_000_000, CO2E: step["allocation"]["molybdenite_co2e_g"]}
        plans = (
            batch(CONCENTRATE, IP, {**held, CU_75: held[CU]}),
            batch(MOLYBDENITE, CB, other),
        )
        parts = step["emissions"].values()
        emissions = [(PROCESS, part["co2e_g"]) for part in parts]
        assert sum(amount for _, amount in emissions) == step["emissions_total_g"]
        made = world.originate("mine", AURORA, *plans, emissions=emissions, allocation_rule=rule)
        return world.open("mine", made[0].lot())

    def split(self, lot: Lot, more: int = 0) -> Batch:
        """E02."""
        parts = []
        for name in ("A", "B"):
            held = self.concentrate(f"AUR-CON-26-0417-{name}")
            parts.append({**held, CU_75: held[CU]})
        parts[1] = {key: each + each * more // 500 for key, each in parts[1].items()}
        (made,) = self.world.transform(
            "mine", AURORA, batch(CONCENTRATE, IP, *parts), takes=[part_of(lot)]
        )
        return made

    def smelted(self) -> Lot:
        """E04: the anode, in the refinery's hands."""
        lots = self.mined()
        made = self.smelt(lots)
        return self.sell(made[0].lot(), "smelter", "refinery")

    def smelt(self, lots: tuple[Lot, ...], model: int = CB) -> list[Batch]:
        step, world = self.step("E04"), self.world
        rule = world.allocates(BAHIA, (ANODE, 980_000, 980_000), (ACID, 20_000, 20_000))
        held = self.held(self.data["lots"]["anode"])
        credit = {CU_75: 538_255_200, CU_50: 226_223_200, CU_EXTERNAL: 210_621_600}
        acid = self.data["lots"]["acid"]
        return world.transform(
            "smelter",
            BAHIA,
            batch(ANODE, model, {**held, **credit}),
            batch(ACID, model, {NET: acid["net_mass_g"], CO2E: acid["co2e_g"]}),
            takes=[part_of(lot) for lot in lots],
            losses=[(CU, step["losses"]["slag_and_dust_cu_g"], SLAG)],
            emissions=[
                (TRANSPORT, self.step("E03")["co2e_g"]),
                *((PROCESS, each) for each in step["process_emissions_g"].values()),
            ],
            allocation_rule=rule,
        )

    def refine(self, anode: Lot, cathode: Plan, **fields: Any) -> list[Batch]:
        """E05: cathode, anode scrap, slimes, bleed; residues claim nothing."""
        lots, plans = self.data["lots"], []
        for product_class, name, mass in (
            (SCRAP, "anode_scrap", NET),
            (SLIMES, "slimes", None),
            (BLEED, "bleed", None),
        ):
            held = self.held(lots[name], mass)
            held[CU_EXTERNAL] = share(held[CU], 216_000, 1_000_000, up=True)
            plans.append(batch(product_class, cathode.model, held))
        emissions = [(PROCESS, self.step("E05")["process_emissions_g"])]
        fields = {"takes": [part_of(anode)], "emissions": emissions} | fields
        return self.world.transform("refinery", BAHIA, cathode, *plans, **fields)

    def cathodes(self, model: int, **extra: list[int]) -> Plan:
        keys = {"cu75": CU_75, "cu50": CU_50, "external": CU_EXTERNAL}
        lots = [
            self.held(lot) | {keys[name]: parts[at] for name, parts in extra.items()}
            for at, lot in enumerate(self.data["lots"]["cathode"])
        ]
        return batch(CATHODE, model, *lots)

    def balanced(self, count: int) -> Plan:
        """So many lots certified whole, and the others not at all."""
        metal = self.data["lots"]["cathode"][0]["cu_mass_g"]
        credit = [metal if at < count else 0 for at in range(38)]
        return self.cathodes(MB, cu50=credit, external=[5_399_460] * 38)

    def account(self) -> int:
        return int(self.world.contracts.read("LotBook", "creditOf", BAHIA, RMM_50, COPPER, Q2))


@pytest.fixture
def chain(world: LotWorld, reference: Path) -> Chain:
    text = (reference / "reference/copper-chain.json").read_text("utf-8")
    return Chain(world, json.loads(text))


REDUCED = [(CU_75, CU_50, 538_255_200)]


def test_chain__mine_to_cars__closes_to_the_gram(chain: Chain) -> None:
    world, data = chain.world, chain.data
    ledger = data["credit_ledger"]
    anode = chain.smelted()
    rule = world.allocates(
        BAHIA,
        (CATHODE, 928_854, 928_855),
        (SCRAP, 22_258, 22_259),
        (SLIMES, 47_909, 47_910),
        (BLEED, 977, 978),
    )
    refined = chain.refine(anode, chain.balanced(29), reductions=REDUCED, allocation_rule=rule)
    cathode = refined[0]
    assert {each.header.flags for each in refined} == {1}
    assert cathode.plan.sums[CO2E] * 1_000 == 3031 * cathode.plan.sums[NET]
    assert chain.account() == ledger["credit_cu_g"] - 29 * 24_997_500
    assert share(chain.account(), 10_000, 9_999, up=False) == ledger["remaining_gross_g"]
    # E06: ten lots by ship, offered on the day they leave, measured where they arrive.
    world.at(SEPTEMBER_20)
    lots = list(cathode)[:10]
    for lot in lots:
        chain.sell(lot, "refinery", "carrier")
    bill, until = fresh(), OCTOBER_28 + 30 * DAY
    ids = [lot.id for lot in lots]
    world.custody("carrier", "offer", ids, IDS["rodmill"], until, bill)
    world.at(OCTOBER_28)
    world.custody("rodmill", "accept", ids, [0] * 10, bill)
    rod = draw_rod(chain, lots)
    assert rod.held[CO2E] * 1_000 == 3200 * rod.held[NET]
    cable = make_cable(chain, rod)
    assert cable.held[CO2E] * 1_000 == 3280 * cable.held[NET]
    assert world.lot_of(rod)[:5] == (1, IDS["cablemaker"], 0, IDS["rodmill"], 100_000_000)
    cars = install(chain, cable)
    assert cars.header.size == 6_000
    for at in (0, 2_999, 5_999):
        car = world.open("carmaker", cars.lot(at))
        assert car.held[CO2E] == data["expected"]["per_vehicle_co2e_g"]
    assert cars.header.model == MB
    assert cars.header.flags & 1, "a fifth of it came from outside"


def draw_rod(chain: Chain, lots: list[Lot]) -> Lot:
    """E07: credit is carried to the rod; the share of scrap and scale ends."""
    step, world = chain.step("E07"), chain.world
    held = chain.held(chain.data["lots"]["rod"])
    credit = {CU_50: held[CU], CU_EXTERNAL: 53_757_108}
    scrap = step["outputs"]["process_scrap_cu_g"]
    outside = share(scrap, 216, 1_000, up=True)
    made = world.transform(
        "rodmill",
        NORDWIND,
        batch(ROD, MB, {**held, **credit}),
        batch(SCRAP, MB, {CU: scrap, CO2E: 0, CU_EXTERNAL: outside}),
        takes=[part_of(lot) for lot in lots],
        losses=[(CU, step["losses"]["scale_cu_g"], DUST)],
        emissions=[
            (TRANSPORT, chain.step("E06")["co2e_g"]),
            (PROCESS, step["process_emissions_g"]),
        ],
    )
    rod = made[0].lot()
    return chain.sell(rod, "rodmill", "cablemaker")


def make_cable(chain: Chain, rod: Lot) -> Lot:
    """E08: 100 t of the rod; insulation is bought in."""
    step, world = chain.step("E08"), chain.world
    held = chain.held(chain.data["lots"]["cable"])
    part = part_of(rod, step["inputs"][0]["net_g"])
    assert part.moved[CU] == step["cu_in_g"]
    assert part.moved[CO2E] == step["upstream_copper_g"]
    scrap = step["outputs"]["production_scrap_cu_g"]
    outside = share(part.moved[CU_EXTERNAL], scrap, part.moved[CU], up=True)
    made = world.transform(
        "cablemaker",
        LINDENTAL,
        batch(CABLE, MB, {**held, CU_50: held[CU], CU_EXTERNAL: 21_157_416}),
        batch(SCRAP, MB, {CU: scrap, CO2E: 0, CU_EXTERNAL: outside}),
        takes=[part],
        losses=[(CU, step["losses"]["cu_g"], OTHER_LOSS)],
        emissions=[
            (BOUGHT_IN, step["other_inputs"]["insulation_co2e_g"]),
            (PROCESS, step["process_emissions_g"]),
            (TRANSPORT, step["transport_g"]),
        ],
    )
    assert share(21_157_416, 1_000, held[CU], up=False) == 216
    cable = made[0].lot()
    return chain.sell(cable, "cablemaker", "carmaker")


def install(chain: Chain, cable: Lot) -> Batch:
    """E09: one cable set a car; cars are counted from here on."""
    step, held = chain.step("E09"), cable.held
    count = step["vehicles"]
    lots = [
        {
            NET: step["cable_g_per_vehicle"],
            CU: portion(held[CU], at, count),
            CU_50: portion(held[CU], at, count),
            CU_EXTERNAL: portion(held[CU_EXTERNAL], at, count),
            CO2E: step["co2e_g_per_vehicle"],
            VEHICLES: 1,
        }
        for at in range(count)
    ]
    (made,) = chain.world.transform(
        "carmaker", MAREA, batch(VEHICLE, MB, *lots), takes=[part_of(cable)]
    )
    return made


def portion(whole: int, at: int, count: int) -> int:
    """The remainder goes to the first ones."""
    return whole // count + (at < whole % count)


def test_cathode__blended__all_38_lots_at_784_in_a_thousand(chain: Chain) -> None:
    anode = chain.smelted()
    plan = chain.cathodes(
        CB, cu75=[13_798_620] * 38, cu50=[5_799_420] * 38, external=[5_399_460] * 38
    )
    made = chain.refine(anode, plan)[0]
    certified = made.plan.sums[CU_75] + made.plan.sums[CU_50]
    assert share(certified, 1_000_000, made.plan.sums[CU], up=False) == 784_000
    for at in (0, 37):
        chain.world.open("refinery", made.lot(at))
    assert chain.account() == 0


@pytest.mark.row("A13")
def test_n01__990_t_of_cathode__refused(chain: Chain) -> None:
    anode = chain.smelted()
    lots = [{NET: 26_052_631, CU: 26_050_026, CO2E: 0, CU_EXTERNAL: 5_626_806}] * 38
    more = 38 * 26_050_026 - 949_905_000
    with chain.world.refuses("MetalMismatch", CU, 975_100_000, 975_100_000 + more):
        chain.refine(anode, batch(CATHODE, MB, *lots))


@pytest.mark.row("A12")
def test_n02__split_into_more_than_there_is__refused(chain: Chain) -> None:
    chain.world.at(APRIL_18)
    lot = chain.ore()
    with chain.world.refuses("MetalMismatch", CU, 690_000_000, 717_600_000):
        chain.split(lot, 100)


@pytest.mark.row("A15")
def test_n03__thirtieth_lot__refused(chain: Chain) -> None:
    anode = chain.smelted()
    with chain.world.refuses("CreditAboveCap", 0, CU_50, 749_925_000, 744_725_520):
        chain.refine(anode, chain.balanced(30), reductions=REDUCED)
    chain.refine(anode, chain.balanced(29), reductions=REDUCED)


@pytest.mark.row("A11", "T42")
def test_n04__concentrate_smelted_twice__refused(chain: Chain) -> None:
    lots = chain.mined()
    chain.smelt(lots)
    with chain.world.refuses("LotNotInState", lots[0].id, 3, 1):
        chain.smelt(lots)


def test_n05__cathode_at_2500__504_t_vanish(chain: Chain) -> None:
    anode = chain.smelted()
    plan = chain.balanced(29)
    wrong = batch(
        CATHODE,
        MB,
        *[
            dict(zip(plan.columns, quantities, strict=True)) | {CO2E: 62_500_000}
            for _, _, quantities in plan.lots
        ],
    )
    with chain.world.refuses("Co2eMismatch", 3_100_000_000, 2_595_550_000):
        chain.refine(anode, wrong, reductions=REDUCED)


def test_n07__certificate_that_ended_before__refused(chain: Chain) -> None:
    world = chain.world
    certificate = world.certificates["aurora"]
    world.act("body", "Assurance", "withdraw", certificate, fresh())
    world.at(APRIL_18)
    with world.refuses("CertificateWithdrawn", certificate, None):
        chain.ore()


@pytest.mark.row("A19")
@pytest.mark.parametrize(("model", "weakest"), [(IP, CB), (SG, CB)])
def test_n09__segregated_cathode__refused(chain: Chain, model: int, weakest: int) -> None:
    lots = chain.mined()
    with chain.world.refuses("ModelStrengthens", 0, weakest, model):
        chain.smelt(lots, model)
