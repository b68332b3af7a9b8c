"""The demo's second metal: brine becomes carbonate, cathode material, 2,500 battery packs.

One salar all the way, so identity is preserved. Three tries are refused: by the evidence rules
(brine is no water), by the metal law (a carbonate is no lithium), by the allocation rule.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import replace
from fractions import Fraction
from typing import Final

from veta.errors import InputError
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary
from veta.evidence.water import Flow, Quality, Source, WaterAccount, WaterPart
from veta.evidence.windows import Window
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Classification, Issuance, LotCertificate, MetalContent, ParentLot, Site
from veta.model.lots import Cover, Loss, LossReason, LotBatchKind, LotId
from veta.scenario.demo_acts import CAR_MAKER, CATHODE_MAKER, SALAR_OPERATOR, Play
from veta.scenario.demo_lots import IP, emitted, hand_over, make, settle, tonnes
from veta.scenario.demo_lots_papers import NewLot, batch, certified, lot_of
from veta.scenario.demo_lots_terms import (
    BRINE,
    CARBONATE,
    CATHODE_MATERIAL,
    CERTIFICATES,
    CO2E,
    ELBTAL,
    LI,
    LITHIUM,
    LITHIUM_75,
    MAREA,
    NET,
    PACK,
    PACK_UNITS,
    POTASH,
    RULE_NUMBERS,
    SALAR,
)
from veta.scenario.demo_lots_tries import refused
from veta.services.certify import certify_lot
from veta.services.run_requests import RunRequest, TakeRequest
from veta.statement.instants import read_instant

PONDS_S: Final = read_instant("2026-06-08T08:00:00Z")
MATERIAL_S: Final = read_instant("2026-06-22T08:00:00Z")
PACKS_S: Final = read_instant("2026-06-29T08:00:00Z")

BRINE_LOT, POTASH_LOT = "SES-BRI-26-0001", "SES-POT-26-0001"
MATERIAL_LOT: Final = "AEL-NMC-26-0001"
PACK_LOT: Final = "MAR-PCK-26-0001"
SHIPPED_LOTS: Final = 5
PACKS: Final = 2_500
SLUDGE_LI_G: Final = 7_651_060
BRINE_L, FRESH_L = 62_500_000, 6_300_000


def lithium(play: Play) -> None:
    """L01 to L06, and what is refused on the way."""
    stage, tell = play.stage, play.tell
    stage.pass_to(PONDS_S)
    tell.chapter(f"Lithium: from one salar to {PACKS:,} packs", PONDS_S)
    tell.working("ponds, carbonate, cathode material")
    _refuse_brine_as_water(play)
    refused(
        play,
        SALAR_OPERATOR,
        "all burden of the ponds on lithium, none on potash",
        _ponds(play, lithium_ppm=1_000_000),
        "AllocationOutOfBounds",
    )
    make(play, SALAR_OPERATOR, _ponds(play))
    brine = lot_of(play, SALAR_OPERATOR, SALAR, BRINE, BRINE_LOT)
    node = play.nodes[SALAR_OPERATOR]
    settle(play, SALAR_OPERATOR, [node.desk.lots.custodian.open(brine)])
    refused(
        play,
        SALAR_OPERATOR,
        "20 t of carbonate counted as 20 t of lithium",
        _precipitation(play, brine, lithium_g=20_000_000),
        "MetalMismatch",
    )
    make(play, SALAR_OPERATOR, _precipitation(play, brine))
    carbonate = _carbonate(play)
    _tell(play, carbonate[0], f"{len(carbonate)} lots, the first", 4_000)
    shipped = [
        lot_of(play, SALAR_OPERATOR, SALAR, CARBONATE, lot.lot_number)
        for lot in carbonate[:SHIPPED_LOTS]
    ]
    hand_over(play, SALAR_OPERATOR, CATHODE_MAKER, shipped)
    stage.pass_to(MATERIAL_S)
    make(play, CATHODE_MAKER, _cathode_material(play, shipped))
    material = lot_of(play, CATHODE_MAKER, ELBTAL, CATHODE_MATERIAL, MATERIAL_LOT)
    _tell(play, stage.scenario.lot(MATERIAL_LOT), f"{SHIPPED_LOTS} of them become", 16_000)
    hand_over(play, CATHODE_MAKER, CAR_MAKER, [material])
    _packs(play, material)


def _refuse_brine_as_water(play: Play) -> None:
    """NL1: an account of water with brine in it is not made."""
    grade = AssuranceGrade.SELF_DECLARED
    period = Window(read_instant("2026-04-20T00:00:00Z"), read_instant("2026-05-21T00:00:00Z"))
    amounts = {Source.CONTINENTAL: FRESH_L, Source.BRINE: BRINE_L}
    try:
        WaterAccount(
            Flow.WITHDRAWAL,
            Boundary("salar", "wells, ponds and the carbonate plant"),
            period,
            Fraction(FRESH_L + BRINE_L),
            tuple(
                WaterPart(source, Quality.UNSTATED, Fraction(amount), grade)
                for source, amount in amounts.items()
            ),
        )
    except InputError as error:
        what = f"{BRINE_L:,} l of brine in a sum with {FRESH_L:,} l of fresh water"
        play.tell.refusal(what, f"{error.message} [{error.code}]")
        play.tell.expect(error.code == "evidence.brine_in_water", f"brine gave {error.code}")
        return
    play.tell.expect(met=False, surprise="brine was added to fresh water")


def _ponds(play: Play, *, lithium_ppm: int = 400_000) -> RunRequest:
    """L01 and L02: concentrated brine and potash; what of the burden is the lithium's."""
    scenario = play.stage.scenario
    brine, potash = (_new(play, scenario.lot(each)) for each in (BRINE_LOT, POTASH_LOT))
    burden_g = brine.held[CO2E] + potash.held[CO2E]
    of_lithium_g = burden_g * lithium_ppm // 1_000_000
    brine = replace(brine, held={**brine.held, CO2E: of_lithium_g})
    potash = replace(potash, held={**potash.held, CO2E: burden_g - of_lithium_g})
    lot = scenario.lot(BRINE_LOT)
    return RunRequest(
        LotBatchKind.ORIGIN,
        SALAR,
        lot.produced_from_s,
        lot.produced_to_s,
        outputs=(batch(BRINE, IP, [brine]), batch(POTASH, IP, [potash])),
        emissions=emitted(process=burden_g),
        covers=(Cover(LITHIUM_75, (CERTIFICATES[SALAR],)),),
        allocation_rule=RULE_NUMBERS["ponds"],
    )


def _precipitation(play: Play, brine: LotId, *, lithium_g: int | None = None) -> RunRequest:
    """L03: lots of carbonate, battery grade; what they hold, or what somebody says they hold."""
    certificates = _carbonate(play)
    lots = [_new(play, lot) for lot in certificates]
    if lithium_g is not None:
        said = {LI: lithium_g, LITHIUM_75: lithium_g}
        lots = [replace(lot, held={**lot.held, **said}) for lot in lots]
    return RunRequest(
        LotBatchKind.TRANSFORM,
        SALAR,
        certificates[0].produced_from_s,
        certificates[0].produced_to_s,
        outputs=(batch(CARBONATE, IP, lots),),
        takes=(TakeRequest(brine),),
        losses=(Loss(LI, SLUDGE_LI_G, LossReason.EFFLUENT),),
        emissions=emitted(process=339_300_000, transport=25_000_000, bought_in=621_300_000),
    )


def _cathode_material(play: Play, shipped: list[LotId]) -> RunRequest:
    """L04 and L05: five lots by sea, a bought-in precursor, 250 t of NMC622."""
    lot = play.stage.scenario.lot(MATERIAL_LOT)
    return RunRequest(
        LotBatchKind.TRANSFORM,
        ELBTAL,
        lot.produced_from_s,
        lot.produced_to_s,
        outputs=(batch(CATHODE_MATERIAL, IP, [_new(play, lot)]),),
        takes=tuple(TakeRequest(each) for each in shipped),
        losses=(Loss(LI, 796_050, LossReason.OTHER),),
        emissions=emitted(transport=10_400_000, bought_in=3_000_000_000, process=589_600_000),
    )


def _packs(play: Play, material: LotId) -> None:
    """L06: 100 kg of it in each pack, a lot and a passport each."""
    stage, tell = play.stage, play.tell
    stage.pass_to(PACKS_S)
    tell.working(f"signing {PACKS:,} passports")
    window = (UnixSeconds(PACKS_S - 2 * 86_400), UnixSeconds(PACKS_S - 3_600))
    lots = [_pack(play, number, window) for number in range(1, PACKS + 1)]
    request = RunRequest(
        LotBatchKind.TRANSFORM,
        MAREA,
        *window,
        outputs=(batch(PACK, IP, lots),),
        takes=(TakeRequest(material),),
    )
    gas = make(play, CAR_MAKER, request)
    node = play.nodes[CAR_MAKER]
    shares = node.lots.lineage.ancestry(material, LITHIUM).by_site()
    tell.expect(shares == {SALAR: 1_000_000}, f"the lithium of a pack comes from {shares}")
    carried_g = SHIPPED_LOTS * stage.scenario.lot("SES-LIC-26-2001").mass_g * 4
    tell.expect(carried_g == PACKS * 160_000, f"the carbonate carries {carried_g} g CO2e")
    tell.line(
        f"  {PACKS:,} packs, a lot each, 160,000 g CO2e of lithium carbonate in every one  "
        f"{gas:,} gas"
    )
    tell.say(
        "Identity preserved: all lithium of a pack is of one salar, by the chain's own sums. Brine "
        "and water are two accounts: 62,500,000 l and 6,300,000 l, and no sum."
    )


def _pack(play: Play, number: int, window: tuple[UnixSeconds, UnixSeconds]) -> NewLot:
    like = play.stage.scenario.lot(MATERIAL_LOT)
    party = play.stage.scenario.party(CAR_MAKER).party
    assert like.footprint is not None  # every lot of the scenario states one
    lot = replace(
        like,
        lot_number=f"MAR-PCK-26-{number:04d}",
        name="Battery pack, its cathode material",
        product_class="battery-pack",
        category=Classification(
            "8507.60",
            "Lithium-ion accumulators",
            like.category.scheme_id,
            like.category.scheme_name,
        ),
        hs_code="8507.60",
        issuer=party,
        site=Site(f"{party.identifier}:site:site-marea", party.name, like.site.country),
        produced_from_s=window[0],
        produced_to_s=window[1],
        mass_g=like.mass_g // PACKS,
        metal=(MetalContent("Li", like.metal[0].mass_g // PACKS),),
        origins=tuple(replace(each, mass_g=each.mass_g // PACKS) for each in like.origins),
        footprint=replace(like.footprint, co2e_g=like.footprint.co2e_g // PACKS),
        parents=(ParentLot(like.issuer.identifier, like.lot_number, None),),
    )
    issuance = Issuance(
        f"urn:uuid:{uuid.uuid4()}", play.stage.clock.now_s(), secrets.token_bytes(16)
    )
    papers = certify_lot(lot, issuance, footprint_id=str(uuid.uuid4()))
    held = {
        NET: lot.mass_g,
        LI: lot.metal[0].mass_g,
        CO2E: like.footprint.co2e_g // PACKS,
        LITHIUM_75: lot.metal[0].mass_g,
        PACK_UNITS: 1,
    }
    return NewLot(lot.lot_number, held, papers.passport)


def _carbonate(play: Play) -> list[LotCertificate]:
    lots = play.stage.scenario.lots_of(SALAR_OPERATOR)
    return [lot for lot in lots if lot.product_class == "lithium-carbonate"]


def _new(play: Play, lot: LotCertificate) -> NewLot:
    """A lot as certified; all of its lithium carries the salar's credit."""
    lithium_g = sum(metal.mass_g for metal in lot.metal)
    return certified(play, lot, {LITHIUM_75: lithium_g} if lithium_g else None)


def _tell(play: Play, lot: LotCertificate, what: str, g_per_kg: int) -> None:
    footprint = lot.footprint
    assert footprint is not None  # every lot of the scenario states one
    exact = footprint.co2e_g * 1_000 == g_per_kg * lot.mass_g
    play.tell.expect(exact, f"{lot.lot_number} carries {footprint.co2e_g} g CO2e")
    play.tell.line(
        f"  {lot.lot_number}  {what}: {tonnes(lot.mass_g)}, {lot.metal[0].mass_g:,} g lithium, "
        f"{g_per_kg:,} g CO2e a kg"
    )
