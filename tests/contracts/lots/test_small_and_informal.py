"""Small mines under one member, and metal that no licence covers: held apart, and never hidden."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.lots.evm import address_of
from tests.contracts.lots.paper import CB, CLASS, MB, Batch, Plan, batch, column, part_of
from tests.contracts.lots.world import (
    AU,
    AURORA,
    BAHIA,
    CATHODE,
    CO2E,
    COPPER,
    CU,
    CU_EXTERNAL,
    GOLD,
    IDS,
    NET,
    SCRAP,
    SLIMES,
    LotWorld,
)
from tests.contracts.world import account_grant, account_id
from veta.claims import shipped
from veta.claims.indicators import IndicatorValue
from veta.claims.profiles import Answer, answer
from veta.model.consortium import KeyPurpose
from veta.model.lots import HeaderFlag

SITES = range(200, 212)
VILLAGES = sorted({site // 2 for site in SITES})
CEILING_G = 5_000_000
QUARTER = 8104
COOPERATIVE = "mine"
AU_EXTERNAL = column(CLASS, 2, GOLD)


def ore(grams: int) -> Plan:
    return batch(SCRAP, CB, {NET: 10 * grams, CU: grams, CO2E: grams})


def small_mine(site: int) -> str:
    """The sub-account of a site: a village with two of them. A member has at most eight accounts
    of a purpose at a time.
    """
    return f"village {site // 2}"


@pytest.fixture
def cooperative(world: LotWorld) -> LotWorld:
    """One member, twelve sites; under its one administer key an operate account a village."""
    for site in SITES:
        world.votes("Registry", "registerSite", site, (f"site {site}", "n", b"BR"))
        world.votes("Registry", "setOperator", site, IDS[COOPERATIVE], 0, 2**64 - 1)
        world.votes("Registry", "setCapacity", site, COPPER, world.now, CEILING_G)
    for village in VILLAGES:
        grant = account_grant(KeyPurpose.OPERATE, address_of(small_mine(2 * village)))
        world.act(f"{COOPERATIVE}'s administrator", "Consortium", "bindKey", grant, 0)
    world.wait(60)
    return world


def dug(world: LotWorld, site: int, grams: int) -> Batch:
    (made,) = world.originate(small_mine(site), site, ore(grams))
    return made


@pytest.mark.row("S31", "A39")
def test_cooperative__twelve_sites_and_one_over_its_capacity__only_its_lots_are_held(
    cooperative: LotWorld,
) -> None:
    world, greedy = cooperative, SITES[4]
    made: dict[int, list[Batch]] = {}
    for site in SITES:
        if site != greedy:
            made[site] = [dug(world, site, CEILING_G)]
            continue
        with world.refuses("OverCapacity", site, COPPER, QUARTER, CEILING_G + 1, CEILING_G):
            dug(world, site, CEILING_G + 1)
        made[site] = [dug(world, site, CEILING_G - 9)]
        with world.refuses("OverCapacity", site, COPPER, QUARTER, CEILING_G + 1, CEILING_G):
            dug(world, site, 10)
        made[site].append(dug(world, site, 9))
    assert len(made) == 12
    for site, batches in made.items():
        for each in batches:
            assert each.header.site == site
            assert each.header.issuer == IDS[COOPERATIVE]
            assert each.header.by.lower() == address_of(small_mine(site)).lower()
            world.open(small_mine(site), each.lot())
    used = [world.contracts.read("LotBook", "periodUse", site, COPPER, QUARTER) for site in SITES]
    assert used == [(CEILING_G, 0, 0)] * 12
    # What one site has left is not another's.
    world.wait(1)
    for site in (SITES[0], greedy):
        with world.refuses("OverCapacity", site, COPPER, QUARTER, CEILING_G + 1, CEILING_G):
            dug(world, site, 1)


@pytest.mark.row("S31")
def test_cooperative__sub_account_paused_by_the_one_key__the_others_go_on(
    cooperative: LotWorld,
) -> None:
    world, lost = cooperative, SITES[0]
    key = account_id(address_of(small_mine(lost)))
    world.act(f"{COOPERATIVE}'s administrator", "Consortium", "pauseKey", key)
    world.wait(1)
    with world.refuses("NotOperator"):
        dug(world, lost, 1)
    for site in SITES[2:]:
        dug(world, site, 1)
    with world.refuses("NotSiteOperator"):  # and it reaches nothing that is another member's
        world.originate(small_mine(SITES[2]), BAHIA, ore(1))


def gold(milligrams: int, outside: int) -> dict[int, int]:
    return {AU: milligrams, AU_EXTERNAL: outside, CO2E: 10}


@pytest.mark.row("S33", "A38", "A39")
def test_informal_ore__through_a_licensed_front__stops_at_the_licence(world: LotWorld) -> None:
    """The front's permit is 1,000 t a quarter; what it buys informally goes on top, and is not to
    be had under its name. A trader who says where it comes from is bound by a ceiling of its own.
    """
    world.originate(COOPERATIVE, AURORA, batch(CATHODE, MB, {NET: 10**9, CU: 10**9, CO2E: 1}))
    with world.refuses("OverCapacity", AURORA, COPPER, QUARTER, 10**9 + 200, 10**9):
        bought = batch(CATHODE, MB, {NET: 200, CU: 200, CO2E: 1})
        world.originate(COOPERATIVE, AURORA, bought)
    most = 250_000_000
    said = {NET: most, CU: most, CU_EXTERNAL: most, CO2E: most}
    world.external("gris", batch(CATHODE, CB, said))
    with world.refuses("OverCeiling", IDS["gris"], COPPER, QUARTER, most + 1, most):
        world.external("gris", batch(CATHODE, CB, {NET: 1, CU: 1, CU_EXTERNAL: 1, CO2E: 1}))
    # Nor does it come in from outside without the class, or with a part of it.
    with world.refuses("QuantityOutOfBounds", CU_EXTERNAL, 999, 1_000, 1_000):
        hidden = {NET: 1_000, CU: 1_000, CU_EXTERNAL: 999, CO2E: 1_000}
        world.external("recycler", batch(CATHODE, CB, hidden))


@pytest.mark.row("S33", "A38")
def test_informal_gold__with_gold_of_copper_slimes_in_one_dore__is_shown_and_not_hidden(
    world: LotWorld,
) -> None:
    world.votes("Registry", "setExternalCeiling", IDS["gris"], GOLD, world.now, 3_000)
    lot = world.held({NET: 1_000, CU: 1_000, CO2E: 20}, model=CB, by="refinery")
    plans = (
        batch(CATHODE, CB, {NET: 900, CU: 900, CO2E: 0}),
        batch(SLIMES, CB, {CU: 100, AU: 7_000, CO2E: 20}),
    )
    fields: dict[str, Any] = {"takes": [part_of(lot)], "first_measured": [(AU, 7_000)]}
    _, slimes = world.transform("refinery", BAHIA, *plans, **fields)
    assert HeaderFlag(slimes.header.flags) & HeaderFlag.FIRST_MEASURED
    measured = world.open("refinery", slimes.lot())

    bought = world.external("gris", batch(SLIMES, CB, gold(3_000, 3_000)))
    informal = world.open("gris", bought.lot())
    world.pass_on(informal, "gris", "refinery")
    takes = [part_of(measured), part_of(informal)]
    for hidden in (0, 2_999):
        dore = batch(SLIMES, CB, {**gold(10_000, hidden), CU: 100, CO2E: 30})
        with world.refuses("ClassOutOfBounds", 0, AU_EXTERNAL, hidden, 3_000):
            world.transform("refinery", BAHIA, dore, takes=takes)
    (made,) = world.transform(
        "refinery",
        BAHIA,
        batch(SLIMES, CB, {**gold(10_000, 3_000), CU: 100, CO2E: 30}),
        takes=takes,
    )
    flags = HeaderFlag(made.header.flags)
    assert flags & HeaderFlag.EXTERNAL
    assert flags & HeaderFlag.FIRST_MEASURED
    assert made.header.origin_site == 0
    with world.refuses("OverCeiling", IDS["gris"], GOLD, QUARTER, 3_001, 3_000):
        world.external("gris", batch(SLIMES, CB, gold(1, 1)))


@pytest.mark.row("S33", "S41")
def test_informal_gold__of_a_listed_place__raises_the_red_flag() -> None:
    profile = {each.name: each for each in shipped.profiles()}["oecd-red-flags"]
    lists = {
        "conflict_affected_places": frozenset({"PE-MDD"}),
        "places_with_few_reserves": frozenset({"XX"}),
    }
    found = {
        "origin_places": IndicatorValue(("PE-AR", "PE-MDD")),
        "transit_places": IndicatorValue(("PE-LIM",)),
        "supplier_interest_places": IndicatorValue(("PE-AR",)),
        "supplier_sourcing_places_12m": IndicatorValue(("PE-AR",)),
        "unusual_circumstances": IndicatorValue(value=True),
    }
    told = answer(profile, found, shipped.indicators(), lists)
    flagged = set(told.named(Answer.NOT_MET))
    assert flagged == {"origin-in-listed-place", "unusual-circumstances"}, told.findings
    assert told.named(Answer.NO_EVIDENCE) == ()
