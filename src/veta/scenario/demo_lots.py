"""The demo's lot book: concentrate comes in, is smelted, refined; what moves is what adds up."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from veta.model.identifiers import UnixSeconds
from veta.model.lots import (
    Cover,
    CustodyModel,
    Emission,
    EmissionPart,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    Reduction,
)
from veta.ports.store import Intent, IntentState
from veta.scenario.demo_acts import (
    MINE,
    OTHER_MINE,
    REFINERY,
    SMELTER,
    TRADER,
    Play,
)
from veta.scenario.demo_lots_papers import (
    Held,
    NewLot,
    batch,
    beside,
    certified,
    from_outside,
    held_in,
    lot_of,
    outside_up,
)
from veta.scenario.demo_lots_terms import (
    ACID,
    ANODE,
    AURORA,
    BAHIA_SERENA,
    BLEED,
    CATHODE,
    CERTIFICATES,
    CO2E,
    CONCENTRATE,
    CORDILLERA,
    CREDIT_50,
    CREDIT_75,
    CU,
    DRY,
    MOLYBDENITE,
    NET,
    OUTSIDE,
    OUTSIDE_SITE,
    RULE_NUMBERS,
    SCRAP,
    SLIMES,
)
from veta.services.open_lot import Offer
from veta.services.run_requests import RunRequest, TakeRequest
from veta.statement.instants import read_instant

CONCENTRATE_ENTERS_S: Final = read_instant("2026-04-20T08:00:00Z")
SMELTED_S: Final = read_instant("2026-06-02T08:00:00Z")
REFINED_S: Final = read_instant("2026-07-02T12:00:00Z")

PARENT: Final = "AUR-CON-26-0417"
PART_A, PART_B = f"{PARENT}-A", f"{PARENT}-B"
OTHER: Final = "COR-CON-26-0309"
FROM_OUTSIDE: Final = "PGR-CON-26-0088"
ANODE_LOT: Final = "BSE-ANO-26-0021"
CATHODE_G_PER_KG: Final = 3_031
CERTIFIED_LOTS: Final = 29
_WEEK_S: Final = 7 * 86_400

IP, CB, MB = (
    CustodyModel.IDENTITY_PRESERVED,
    CustodyModel.CONTROLLED_BLENDING,
    CustodyModel.MASS_BALANCE,
)


# --- moving lots ---------------------------------------------------------------------------------


def settle(play: Play, slug: str, intents: Sequence[Intent]) -> int:
    """Everything of a party on the chain and followed; the gas of these intents."""
    node, chain = play.nodes[slug], play.stage.chain
    chain.holds_blocks = True  # what is on its way shares a block
    try:
        node.step()
    finally:
        chain.holds_blocks = False
    chain.mine()
    settled = node.settle().settled
    gas = 0
    with node.store.read() as work:
        found = [work.intent(intent.number) for intent in intents]
        entries = [entry for intent in intents for entry in work.entries_of(intent.number)]
    done = all(intent is not None and intent.state is IntentState.DONE for intent in found)
    play.tell.expect(settled and done, f"{slug} has a transaction that is not done")
    for entry in entries:
        receipt = None if entry.included is None else node.ledger.receipt(entry.included[0])
        gas += 0 if receipt is None else receipt.gas_used
    node.follow()
    return gas


def make(play: Play, slug: str, request: RunRequest) -> int:
    """A party makes a run: one transaction, whatever it makes; its gas.

    The passports signed with it are anchored in a second one.
    """
    desk = play.nodes[slug].desk
    if request.kind is LotBatchKind.TRANSFORM:
        planned = desk.lots.transformer.transform(request)
    else:
        planned = desk.lots.originator.originate(request)
    desk.anchorer.anchor()
    return settle(play, slug, [planned.intent])


def offer_new(
    play: Play,
    seller: str,
    buyer: str,
    lots: Sequence[LotId],
    *,
    until_s: UnixSeconds | None = None,
) -> None:
    """Offer lots that nobody opened yet: a transaction each, with its proof."""
    node = play.nodes[seller]
    ends_s = until_s or UnixSeconds(play.stage.clock.now_s() + _WEEK_S)
    offer = Offer(play.nodes[buyer].desk.member, ends_s)
    settle(play, seller, [node.desk.lots.custodian.open(lot, offer) for lot in lots])


def hand_over(play: Play, seller: str, buyer: str, lots: Sequence[LotId]) -> None:
    """Offer and accept: two steps, two signatures."""
    offer_new(play, seller, buyer, lots)
    accept(play, buyer, lots)


def accept(play: Play, buyer: str, lots: Sequence[LotId]) -> None:
    """A buyer accepts what is offered to it."""
    node = play.nodes[buyer]
    node.follow()
    settle(play, buyer, [node.desk.lots.custodian.accept(lots)])


def emitted(**parts: int) -> tuple[Emission, ...]:
    """Declared emissions by part, g."""
    return tuple(Emission(EmissionPart[name.upper()], co2e_g) for name, co2e_g in parts.items())


def tonnes(grams: int) -> str:
    """1 t = 1,000,000 g, without digits that say nothing."""
    whole, rest = divmod(grams, 1_000_000)
    return f"{whole:,}.{rest:06d}".rstrip("0").rstrip(".") + " t"


# --- E01 to E04 ----------------------------------------------------------------------------------


def concentrate_enters(play: Play) -> None:
    """Two mines originate, a trader declares what came from outside; the smelter accepts."""
    stage, tell = play.stage, play.tell
    stage.pass_to(CONCENTRATE_ENTERS_S)
    tell.chapter("Concentrate enters the lot book", CONCENTRATE_ENTERS_S)
    tell.working("two mines and a trader bring concentrate in")
    _originate_parent(play)
    _originate_other(play)
    _declare_outside(play)
    for number, name, copper_g, how in (
        (PART_A, "Mina Aurora, part of 690 t", 552_000_000, "certified RMM-75"),
        (OTHER, "Mina Cordillera Azul", 232_000_000, "certified RMM-50"),
        (FROM_OUTSIDE, "Puerto Gris, from outside", 216_000_000, "no credit, default CO2e"),
    ):
        tell.line(f"  {number:<17}  {tonnes(copper_g):>6} copper  {name:<26}  {how}")
    parties = ((MINE, PART_A), (OTHER_MINE, OTHER), (TRADER, FROM_OUTSIDE))
    lots = [concentrate_lot(play, slug, number) for slug, number in parties]
    for (slug, _), lot in zip(parties, lots, strict=True):
        offer_new(play, slug, SMELTER, [lot])
    accept(play, SMELTER, lots)
    holdings = play.nodes[SMELTER].lots.balance.holdings(play.nodes[SMELTER].desk.member)
    held = holdings.totals
    tell.expect(held[CU] == 1_000_000_000, f"the smelter holds {held[CU]} g of copper")
    covered = held[CREDIT_75] + held[CREDIT_50]
    share = covered * 1_000 // held[CU]
    tell.expect(share == 784, f"{share} in a thousand are certified")
    tell.say(
        f"Each is offered and accepted: two steps, two signatures. The smelter holds "
        f"{tonnes(held[CU])} of copper, {share / 10:.1f} % of it certified."
    )


def concentrate_lot(play: Play, slug: str, number: str) -> LotId:
    """A lot of concentrate by its number."""
    site = {MINE: AURORA, OTHER_MINE: CORDILLERA}.get(slug, OUTSIDE_SITE)
    return lot_of(play, slug, site, CONCENTRATE, number)


def _originate_parent(play: Play) -> None:
    """E01 and E02: a month's concentrate, and its split into two lots."""
    scenario = play.stage.scenario
    lot = scenario.lot(PARENT)
    window = (lot.produced_from_s, lot.produced_to_s)
    other = beside(
        play,
        lot,
        "AUR-MOL-26-0417",
        "Molybdenite concentrate",
        {DRY: 12_000_000, CO2E: 51_750_000},
    )
    make(
        play,
        MINE,
        RunRequest(
            LotBatchKind.ORIGIN,
            AURORA,
            *window,
            outputs=(
                batch(CONCENTRATE, IP, [certified(play, lot, {CREDIT_75: lot.metal[0].mass_g})]),
                batch(MOLYBDENITE, CB, [other]),
            ),
            emissions=emitted(process=1_293_750_000),
            covers=(Cover(CREDIT_75, (CERTIFICATES[AURORA],)),),
            allocation_rule=RULE_NUMBERS["mine"],
        ),
    )
    parent = concentrate_lot(play, MINE, PARENT)
    settle(play, MINE, [play.nodes[MINE].desk.lots.custodian.open(parent)])
    parts = [scenario.lot(number) for number in (PART_A, PART_B)]
    lots = [certified(play, part, {CREDIT_75: part.metal[0].mass_g}) for part in parts]
    split = RunRequest(
        LotBatchKind.TRANSFORM,
        AURORA,
        *window,
        outputs=(batch(CONCENTRATE, IP, lots),),
        takes=(TakeRequest(parent),),
    )
    make(play, MINE, split)


def _originate_other(play: Play) -> None:
    lot = play.stage.scenario.lot(OTHER)
    request = RunRequest(
        LotBatchKind.ORIGIN,
        CORDILLERA,
        lot.produced_from_s,
        lot.produced_to_s,
        outputs=(batch(CONCENTRATE, IP, [certified(play, lot, {CREDIT_50: lot.metal[0].mass_g})]),),
        emissions=emitted(process=held_in(lot)[CO2E]),
        covers=(Cover(CREDIT_50, (CERTIFICATES[CORDILLERA],)),),
    )
    make(play, OTHER_MINE, request)


def _declare_outside(play: Play) -> None:
    """E03's third lot: nobody here mined it, so it brings no credit and at least the default."""
    like = play.stage.scenario.lot(OTHER)
    lot = from_outside(play, like, TRADER, FROM_OUTSIDE)
    now_s = play.stage.clock.now_s()
    request = RunRequest(
        LotBatchKind.EXTERNAL,
        OUTSIDE_SITE,
        UnixSeconds(now_s - 18 * 86_400),
        UnixSeconds(now_s - 15 * 86_400),
        outputs=(batch(CONCENTRATE, CB, [lot]),),
        emissions=emitted(bought_in=lot.held[CO2E]),
        source=sha256(b"a registry elsewhere, lot 88").digest(),
    )
    make(play, TRADER, request)


def smelt(play: Play) -> None:
    """E04: three concentrates become anode and acid."""
    stage, tell = play.stage, play.tell
    stage.pass_to(SMELTED_S)
    tell.chapter("The smelter makes anode", SMELTED_S)
    gas = make(play, SMELTER, smelting(play))
    anode = lot_of(play, SMELTER, BAHIA_SERENA, ANODE, ANODE_LOT)
    hand_over(play, SMELTER, REFINERY, [anode])
    held = play.nodes[REFINERY].lots.balance.holdings(play.nodes[REFINERY].desk.member).totals
    tell.line(f"transform  3 lots become anode and acid  1 transaction  {gas:,} gas")
    tell.line(
        f"  {ANODE_LOT}  {tonnes(held[CU])} copper, {tonnes(held[CO2E])} CO2e; "
        f"24.9 t are in slag and dust, 60 t CO2e in the acid"
    )
    tell.expect((held[CU], held[CO2E]) == (975_100_000, 2_940_000_000), f"anode holds {held}")
    tell.say(
        "What the smelter cannot decide: how much of it is burden of the acid. Its allocation "
        "rule, confirmed by its certification body, says 2 %. The refinery accepts the anode."
    )


def smelting(play: Play) -> RunRequest:
    """E04 as a request."""
    scenario = play.stage.scenario
    anode = scenario.lot(ANODE_LOT)
    credit = {CREDIT_75: 538_255_200, CREDIT_50: 226_223_200, OUTSIDE: 210_621_600}
    acid = beside(
        play, anode, "BSE-ACD-26-0021", "Sulphuric acid", {NET: 3_400_000_000, CO2E: 60_000_000}
    )
    lots = [
        concentrate_lot(play, slug, number)
        for slug, number in ((MINE, PART_A), (OTHER_MINE, OTHER), (TRADER, FROM_OUTSIDE))
    ]
    return RunRequest(
        LotBatchKind.TRANSFORM,
        BAHIA_SERENA,
        anode.produced_from_s,
        anode.produced_to_s,
        outputs=(
            batch(ANODE, CB, [certified(play, anode, credit)]),
            batch(ACID, CB, [acid]),
        ),
        takes=tuple(TakeRequest(lot) for lot in lots),
        losses=(Loss(CU, 24_900_000, LossReason.SLAG),),
        emissions=emitted(process=520_600_000, transport=65_000_000),
        allocation_rule=RULE_NUMBERS["smelt"],
    )


# --- E05 -----------------------------------------------------------------------------------------


def refining(
    play: Play,
    *,
    certified_lots: int = CERTIFIED_LOTS,
    g_per_kg: int = CATHODE_G_PER_KG,
    cathode_g: Sequence[int] = (),
    parked_g: int = 0,
    model: CustodyModel = MB,
) -> RunRequest:
    """E05 as a request: as it was, or as somebody would like it to have been.

    Args:
        play: with all cathode passports signed.
        certified_lots: that claim credit for all of their copper, the others for none.
        g_per_kg: CO2e of cathode.
        cathode_g: net mass of each lot; none: as certified.
        parked_g: CO2e that the bleed carries beside its own.
        model: that the cathode claims.
    """
    anode = lot_of(play, SMELTER, BAHIA_SERENA, ANODE, ANODE_LOT)
    cathodes = play.stage.scenario.lots_of(REFINERY)
    masses = cathode_g or [lot.mass_g for lot in cathodes]
    lots = []
    for at, mass_g in enumerate(masses):
        like = cathodes[min(at, len(cathodes) - 1)]
        copper_g = mass_g * 9_999 // 10_000
        held = {NET: mass_g, CU: copper_g, CO2E: mass_g * g_per_kg // 1_000}
        held[OUTSIDE] = outside_up(copper_g)
        held[CREDIT_50] = copper_g if at < certified_lots else 0
        number = like.lot_number if at < len(cathodes) else f"BSE-CAT-26-{1001 + at}"
        lots.append(NewLot(number, held, play.leaves[like.lot_number]))
    residues = [
        batch(terms, model, [beside(play, cathodes[0], number, name, {**held, **_outside(held)})])
        for terms, number, name, held in (
            (
                SCRAP,
                "BSE-SCR-26-0021",
                "Anode scrap",
                {NET: 23_000_000, CU: 22_885_000, CO2E: 69_000_000},
            ),
            (SLIMES, "BSE-SLM-26-0021", "Anode slimes", {CU: 1_310_000, CO2E: 148_519_000}),
            (
                BLEED,
                "BSE-BLD-26-0021",
                "Electrolyte bleed",
                {CU: 1_000_000, CO2E: 3_031_000 + parked_g},
            ),
        )
    ]
    return RunRequest(
        LotBatchKind.TRANSFORM,
        BAHIA_SERENA,
        cathodes[0].produced_from_s,
        cathodes[0].produced_to_s,
        outputs=(batch(CATHODE, model, lots), *residues),
        takes=(TakeRequest(anode),),
        reductions=(Reduction(CREDIT_75, CREDIT_50, 538_255_200),),
        emissions=emitted(process=160_000_000),
        allocation_rule=RULE_NUMBERS["refine"],
    )


def _outside(held: Held) -> Held:
    return {OUTSIDE: outside_up(held[CU])}
