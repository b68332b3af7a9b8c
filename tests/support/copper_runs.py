"""The copper chain E01 to E09 as runs, with the reference file's own figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.custody_world import (
    ACID,
    ANODE,
    BLEED,
    CABLE,
    CATHODE,
    CB,
    CO2E,
    CONCENTRATE,
    CU,
    CU_50,
    CU_75,
    CU_EXTERNAL,
    DRY,
    IP,
    MB,
    MOLYBDENITE,
    NET,
    RMM_50,
    RMM_75,
    ROD,
    SCRAP,
    SLIMES,
    VEHICLE,
    VEHICLES,
    Made,
    Opened,
    emitted,
    external,
    lost,
    make,
    originate,
    output,
    rule,
    terms,
    transform,
)
from tests.support.reference_data import reference_json
from veta.custody.draft import DraftOutput, RunDraft
from veta.custody.rounding import largest_remainder
from veta.model.columns import ColumnKey
from veta.model.lots import LossReason, Reduction, SiteId

AURORA, CORDILLERA, BAHIA = SiteId(3), SiteId(4), SiteId(5)
REDUCIBLE = frozenset({(RMM_75, RMM_50)})


@dataclass(frozen=True)
class Copper:
    """The reference file."""

    data: Any

    @classmethod
    def load(cls) -> Copper:
        return cls(reference_json("reference/copper-chain.json"))

    def concentrate(self, lot_id: str) -> Any:
        return next(lot for lot in self.data["lots"]["concentrate"] if lot["lot_id"] == lot_id)

    def step(self, event: str) -> Any:
        return next(step for step in self.data["steps"] if step["event"] == event)

    def lot(self, name: str) -> Any:
        return self.data["lots"][name]


def columns_of(lot: Any, *, mass: ColumnKey | None, name: str = "net_mass_g") -> dict[Any, int]:
    held = {CU: lot["cu_mass_g"], CO2E: lot["co2e_g"]}
    return held if mass is None else {mass: lot[name], **held}


def e01(copper: Copper) -> RunDraft:
    """Mine and concentrator: concentrate under RMM-75, molybdenite without metal of ours."""
    step = copper.step("E01")
    parent = copper.concentrate("AUR-CON-26-0417")
    held = columns_of(parent, mass=DRY, name="dry_mass_g")
    other = {DRY: 1_000_000, CO2E: step["allocation"]["molybdenite_co2e_g"]}
    return originate(
        output(CONCENTRATE, IP, {**held, CU_75: parent["cu_mass_g"]}),
        output(MOLYBDENITE, CB, other),
        emissions=emitted(process=step["emissions_total_g"]),
        rule=rule((CONCENTRATE, 960_000, 960_000), (MOLYBDENITE, 40_000, 40_000)),
    )


def e02(copper: Copper, parent: Opened, ids: Sequence[str] = ("A", "B")) -> RunDraft:
    """Split."""
    parts = [copper.concentrate(f"AUR-CON-26-0417-{part}") for part in ids]
    lots = [
        {**columns_of(part, mass=DRY, name="dry_mass_g"), CU_75: part["cu_mass_g"]}
        for part in parts
    ]
    return transform([parent.take()], output(CONCENTRATE, IP, *lots))


def cordillera(copper: Copper) -> RunDraft:
    lot = copper.concentrate("COR-CON-26-0309")
    held = {**columns_of(lot, mass=DRY, name="dry_mass_g"), CU_50: lot["cu_mass_g"]}
    made = output(CONCENTRATE, IP, held)
    return originate(made, emissions=emitted(process=lot["co2e_g"]), site=CORDILLERA)


def puerto_gris(copper: Copper) -> RunDraft:
    lot = copper.concentrate("PGR-CON-26-0088")
    held = {**columns_of(lot, mass=DRY, name="dry_mass_g"), CU_EXTERNAL: lot["cu_mass_g"]}
    return external(output(CONCENTRATE, CB, held), lot["co2e_g"])


def e04(copper: Copper, lots: Sequence[Opened]) -> RunDraft:
    """Smelter: three concentrates, transport, process; anode and acid."""
    step, anode, acid = copper.step("E04"), copper.lot("anode"), copper.lot("acid")
    credit = {CU_75: 538_255_200, CU_50: 226_223_200, CU_EXTERNAL: 210_621_600}
    return transform(
        [lot.take() for lot in lots],
        output(ANODE, CB, {**columns_of(anode, mass=NET), **credit}),
        output(ACID, CB, {NET: acid["net_mass_g"], CO2E: acid["co2e_g"]}),
        emissions=emitted(
            transport=copper.step("E03")["co2e_g"],
            process=sum(step["process_emissions_g"].values()),
        ),
        losses=lost(LossReason.SLAG, step["losses"]["slag_and_dust_cu_g"]),
        rule=rule((ANODE, 980_000, 980_000), (ACID, 20_000, 20_000), site=BAHIA),
        site=BAHIA,
    )


def cathode_lots(copper: Copper, **extra: Sequence[int]) -> list[dict[Any, int]]:
    keys = {"cu75": CU_75, "cu50": CU_50, "external": CU_EXTERNAL}
    return [
        columns_of(lot, mass=NET) | {keys[name]: parts[at] for name, parts in extra.items()}
        for at, lot in enumerate(copper.lot("cathode"))
    ]


def e05(copper: Copper, anode: Opened, cathode: DraftOutput, **changes: Any) -> RunDraft:
    """Refinery: 38 cathode lots, scrap, slimes, bleed. Residues claim nothing."""
    step, parts = copper.step("E05"), []
    for terms_, name, mass in (
        (SCRAP, "anode_scrap", NET),
        (SLIMES, "slimes", None),
        (BLEED, "bleed", None),
    ):
        held = columns_of(copper.lot(name), mass=mass)
        outside = -(-held[CU] * 216_000 // 1_000_000)
        parts.append(output(terms_, cathode.model, {**held, CU_EXTERNAL: outside}))
    return transform(
        [anode.take()],
        cathode,
        *parts,
        emissions=emitted(process=step["process_emissions_g"]),
        site=BAHIA,
        **changes,
    )


def balanced(copper: Copper, anode: Opened, certified_lots: int) -> RunDraft:
    """Mass balance: so many lots certified whole, all credit reduced to RMM-50 before."""
    each = copper.lot("cathode")[0]["cu_mass_g"]
    count = len(copper.lot("cathode"))
    credit = [each if at < certified_lots else 0 for at in range(count)]
    lots = cathode_lots(copper, cu50=credit, external=[5_399_460] * count)
    reduced = Reduction(CU_75, CU_50, 538_255_200)
    return e05(copper, anode, output(CATHODE, MB, *lots), reductions=(reduced,))


def blended(copper: Copper, anode: Opened) -> RunDraft:
    """Controlled blending: all 38 lots at 78.4 %."""
    count = len(copper.lot("cathode"))
    lots = cathode_lots(
        copper,
        cu75=[13_798_620] * count,
        cu50=[5_799_420] * count,
        external=[5_399_460] * count,
    )
    return e05(copper, anode, output(CATHODE, CB, *lots))


def e07(copper: Copper, cathodes: Sequence[Opened]) -> RunDraft:
    """Rod: ten lots shipped and drawn; process scrap is cut off."""
    step = copper.step("E07")
    scrap_g = step["outputs"]["process_scrap_cu_g"]
    rod = columns_of(copper.lot("rod"), mass=NET) | {CU_EXTERNAL: 53_757_108}
    return transform(
        [lot.take() for lot in cathodes],
        output(ROD, MB, rod),
        output(SCRAP, MB, {CU: scrap_g, CO2E: 0, CU_EXTERNAL: -(-scrap_g * 216 // 1000)}),
        emissions=emitted(
            transport=copper.step("E06")["co2e_g"], process=step["process_emissions_g"]
        ),
        losses=lost(LossReason.DUST, step["losses"]["scale_cu_g"]),
    )


def e08(copper: Copper, rod: Opened) -> RunDraft:
    """Cable: 100 t of the rod, insulation bought in."""
    step = copper.step("E08")
    scrap_g = step["outputs"]["production_scrap_cu_g"]
    cable = columns_of(copper.lot("cable"), mass=NET) | {CU_EXTERNAL: 21_157_416}
    return transform(
        [rod.take(step["inputs"][0]["net_g"])],
        output(CABLE, MB, cable),
        output(SCRAP, MB, {CU: scrap_g, CO2E: 0, CU_EXTERNAL: -(-scrap_g * 216 // 1000) + 1}),
        emissions=emitted(
            bought_in=step["other_inputs"]["insulation_co2e_g"],
            process=step["process_emissions_g"],
            transport=step["transport_g"],
        ),
        losses=lost(LossReason.OTHER, step["losses"]["cu_g"]),
    )


def e09(copper: Copper, cable: Opened) -> RunDraft:
    """6,000 cars of one cable set each."""
    step, held = copper.step("E09"), cable.quantities
    count = step["vehicles"]
    metal = largest_remainder(held[CU], [1] * count)
    outside = largest_remainder(held[CU_EXTERNAL], [1] * count)
    lots = [
        {
            NET: step["cable_g_per_vehicle"],
            CU: metal[at],
            CU_EXTERNAL: outside[at],
            CO2E: step["co2e_g_per_vehicle"],
            VEHICLES: 1,
        }
        for at in range(count)
    ]
    return transform([cable.take()], output(VEHICLE, MB, *lots))


@dataclass
class CopperChain:
    """Every run of the chain, made in order; none of the 38 lots certified, or 29 of them."""

    copper: Copper
    mine: Made
    split: Made
    cordillera: Made
    gris: Made
    smelt: Made
    refine: Made
    rod: Made
    cable: Made
    cars: Made


def smelted(copper: Copper) -> tuple[Made, Made, Made, Made, Made]:
    mine = make(e01(copper))
    split = make(e02(copper, mine.open(0)))
    other, outside = make(cordillera(copper)), make(puerto_gris(copper))
    inputs = [split.open(0, 0), other.open(0), outside.open(0)]
    return mine, split, other, outside, make(e04(copper, inputs))


def whole_chain(copper: Copper) -> CopperChain:
    mine, split, other, outside, smelt = smelted(copper)
    refine = make(balanced(copper, smelt.open(0), 29), terms(reducible=REDUCIBLE))
    uncertified = [refine.open(0, at) for at in range(28, 38)]
    rod = make(e07(copper, uncertified[0:10]))
    cable = make(e08(copper, rod.open(0)))
    cars = make(e09(copper, cable.open(0)))
    return CopperChain(copper, mine, split, other, outside, smelt, refine, rod, cable, cars)
