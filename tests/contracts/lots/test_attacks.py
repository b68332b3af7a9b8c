"""What a first prototype let pass. Each is refused, or is what a verifier's report must show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.lots.paper import (
    CB,
    DUST,
    MB,
    PROCESS,
    SLAG,
    TAILINGS,
    Plan,
    batch,
    column,
    part_of,
)
from tests.contracts.lots.world import (
    ACID,
    AURORA,
    BLEED,
    CATHODE,
    CO2E,
    COPPER,
    CU,
    CU_50,
    CU_75,
    IN_PROCESS,
    NET,
    RMM_75,
    ROD,
    SCRAP,
    SLIMES,
    LotWorld,
)

EACH = 24_997_500
"""Copper of a cathode lot of 25 t."""


@pytest.mark.row("A15")
def test_credit__thirty_lots_on_29_lots_of_credit__refused(world: LotWorld) -> None:
    """744.8 t of credit are 29.79 lots: the thirtieth has no credit, nor has a thirty-first."""
    metal = 38 * EACH
    lot = world.held({NET: 950_000_000, CU: metal, CO2E: 0, CU_75: 744_725_520})
    for count in (31, 30, 29):
        lots = [
            {NET: 25_000_000, CU: EACH, CO2E: 0, CU_75: EACH if at < count else 0}
            for at in range(38)
        ]
        plan = batch(CATHODE, MB, *lots)
        if count > 29:
            with world.refuses("CreditAboveCap", 0, CU_75, count * EACH, 744_725_520):
                world.transform("mine", AURORA, plan, takes=[part_of(lot)])
        else:
            world.transform("mine", AURORA, plan, takes=[part_of(lot)])
    left = world.contracts.read("LotBook", "creditOf", AURORA, RMM_75, COPPER, 8104)
    assert left == 744_725_520 - 29 * EACH < EACH


@pytest.mark.row("A15")
@pytest.mark.parametrize("residue", [SCRAP, SLIMES, BLEED])
def test_credit__left_behind_by_a_residue_and_drawn_later__is_not_there(
    world: LotWorld, residue: int
) -> None:
    """Ghost credit: the share of tailings and slag ends, and is not sold with the product."""
    lot = world.held({NET: 1_000, CU: 1_000, CO2E: 0, CU_75: 1_000})
    plans = (
        batch(CATHODE, MB, {NET: 800, CU: 800, CO2E: 0, CU_75: 800}),
        batch(residue, MB, {CU: 100, CO2E: 0}),
    )
    losses = [(CU, 60, SLAG), (CU, 40, TAILINGS)]
    world.transform("mine", AURORA, *plans, takes=[part_of(lot)], losses=losses)
    other = world.held({NET: 1_000, CU: 1_000, CO2E: 0})
    plan = batch(CATHODE, MB, {NET: 1_000, CU: 1_000, CO2E: 0, CU_75: 1})
    with world.refuses("AccountShort", AURORA, RMM_75, COPPER, 0, 1):
        world.transform("mine", AURORA, plan, takes=[part_of(other)], draws=[(0, CU_75, 1)])


@pytest.mark.row("T45")
def test_credit__without_inputs__is_no_transform(world: LotWorld) -> None:
    plan = batch(CATHODE, MB, {NET: 1_000, CU: 0, CO2E: 0, CU_75: 1_000})
    with world.refuses("Count", b"takes".ljust(32, b"\0"), 0, 1, 16):
        world.transform("mine", AURORA, plan)
    lot = world.held({NET: 1_000, CU: 1_000, CO2E: 0, CU_75: 1_000})
    only = batch(CATHODE, MB, {NET: 1_000, CO2E: 0, CU_75: 1_000})
    losses = [(CU, 1_000, DUST)]
    with world.refuses("CreditAboveMetal", 0, COPPER, 1_000, 0):
        world.transform("mine", AURORA, only, takes=[part_of(lot)], losses=losses)
    with world.refuses("UnknownColumn", CU):
        world.originate("mine", AURORA, only)
    with world.refuses("CreditAboveMetal", 0, COPPER, 1_000, 0):
        world.originate("mine", AURORA, plan)


def test_credit__two_levels_on_one_metal__are_one_sum(world: LotWorld) -> None:
    """20 t at one level and 20 t at another on 25 t: each is below the metal, both are not."""
    held = {NET: 25, CU: 25, CO2E: 0, CU_50: 20, CU_75: 20}
    with world.refuses("CreditAboveMetal", 0, COPPER, 40, 25):
        world.originate("mine", AURORA, batch(CATHODE, MB, held))
    pair = [world.held({NET: 25, CU: 25, CO2E: 0, key: 20}) for key in (CU_50, CU_75)]
    takes = [part_of(lot) for lot in pair]
    both = batch(CATHODE, MB, held)
    rest = batch(CATHODE, MB, {NET: 25, CU: 25, CO2E: 0})
    with world.refuses("CreditAboveMetal", 0, COPPER, 40, 25):
        world.transform("mine", AURORA, both, rest, takes=takes)


def test_mass__inflated_while_the_metal_stays__is_on_record(world: LotWorld) -> None:
    """A lower footprint a kilogram: no law forbids it, since wires get insulation and water dries.

    What a report must show is in the headers' totals: 1,000 kg in, 2,000 kg out, grade halved.
    """
    lot = world.held({NET: 1_000, CU: 900, CO2E: 2_000})
    (made,) = world.transform(
        "mine", AURORA, batch(ROD, MB, {NET: 2_000, CU: 900, CO2E: 2_000}), takes=[part_of(lot)]
    )
    assert made.plan.sums[NET] == 2 * lot.held[NET]
    assert made.plan.sums[CU] == lot.held[CU]


class TestParkedCarbon:
    def lot(self, world: LotWorld) -> Any:
        return part_of(world.held({NET: 1_000, CU: 1_000, CO2E: 10_000}))

    def plans(self, bleed: int, key: int = BLEED) -> tuple[Plan, Plan]:
        return (
            batch(CATHODE, MB, {NET: 990, CU: 990, CO2E: 10_000 - bleed}),
            batch(key, MB, {NET: 10, CU: 10, CO2E: bleed}),
        )

    def test_carbon__parked_on_the_bleed__outside_the_rule(self, world: LotWorld) -> None:
        rule = world.allocates(AURORA, (CATHODE, 950_000, 999_000), (BLEED, 1_000, 50_000))
        take = self.lot(world)
        for bleed in (9_000, 501):
            with world.refuses("AllocationOutOfBounds", CATHODE, 10_000 - bleed, 9_500, 9_990):
                world.transform(
                    *("mine", AURORA, *self.plans(bleed)), takes=[take], allocation_rule=rule
                )
        world.transform("mine", AURORA, *self.plans(500), takes=[take], allocation_rule=rule)

    def test_carbon__parked_without_a_rule__is_flagged(self, world: LotWorld) -> None:
        made = world.transform("mine", AURORA, *self.plans(9_000), takes=[self.lot(world)])
        assert {each.header.flags for each in made} == {16}

    def test_carbon__parked_behind_a_second_empty_column__refused(self, world: LotWorld) -> None:
        """A run that lists another CO2e column had its rule held against nothing at all."""
        rule = world.allocates(AURORA, (CATHODE, 950_000, 999_000), (BLEED, 1_000, 50_000))
        content = world.draft(
            AURORA, *self.plans(9_999), takes=[self.lot(world)], allocation_rule=rule
        )
        content["columns"] = tuple(sorted({*content["columns"], column(4, 0)}))
        with world.refuses("OneCo2eColumn", 2):
            world.submit("mine", "transform", content)

    def test_carbon__parked_on_one_of_38_lots__never_opens(self, world: LotWorld) -> None:
        """Not on the lot that has it, and not on the ones that have not: checked at opening."""
        lots = [{NET: 25, CU: 25, CO2E: 0} for _ in range(38)]
        lots[37][CO2E] = 3_800
        (made,) = world.originate("mine", AURORA, batch(CATHODE, MB, *lots))
        with world.refuses("Co2eNotUniform", 0, 0, 100, 100):
            world.open("mine", made.lot(0))
        with world.refuses("Co2eNotUniform", 0, 3_800, 100, 100):
            world.open("mine", made.lot(37))

    def test_carbon__parked_on_a_second_batch_of_the_class__refused(self, world: LotWorld) -> None:
        plans = self.plans(9_999, CATHODE)
        with world.refuses("Co2eNotUniform", 0, 1, 9_900, 9_900):
            world.transform("mine", AURORA, *plans, takes=[self.lot(world)])

    def test_carbon__parked_on_a_batch_without_metal__has_a_reference_at_least(
        self, world: LotWorld
    ) -> None:
        """A batch of nothing cannot be: it has mass, so it can be taken, and its carbon with it."""
        take = self.lot(world)
        clean = batch(CATHODE, MB, {NET: 1_000, CU: 1_000, CO2E: 0})
        with world.refuses("UnknownColumn", 0):
            world.transform("mine", AURORA, clean, batch(ACID, MB, {CO2E: 10_000}), takes=[take])
        empty = batch(ACID, MB, {NET: 0, CO2E: 10_000})
        with world.refuses("ZeroReference", 1):
            world.transform("mine", AURORA, clean, empty, takes=[take])
        acid = batch(ACID, MB, {NET: 1, CO2E: 10_000})
        made = world.transform("mine", AURORA, clean, acid, takes=[take])
        assert {each.header.flags for each in made} == {16}
        lot = world.open("mine", made[1].lot())
        world.transform(
            "mine", AURORA, batch(ACID, MB, {NET: 1, CO2E: 10_000}), takes=[part_of(lot)]
        )


def test_carbon__avoided_or_offset__cannot_be_said(world: LotWorld) -> None:
    """Declared emissions only add: there is no word for less."""
    lot = world.held({NET: 10, CU: 10, CO2E: 100})
    plan = batch(ROD, MB, {NET: 10, CU: 10, CO2E: 90})
    with world.refuses("Co2eMismatch", 100, 90):
        world.transform("mine", AURORA, plan, takes=[part_of(lot)], emissions=[(PROCESS, 0)])


def test_in_process__goods_of_a_run__are_taken_by_the_next(world: LotWorld) -> None:
    lot = world.held({NET: 1_000, CU: 1_000, CO2E: 1_000, CU_75: 500}, model=CB)
    plans = (
        batch(CATHODE, CB, {NET: 700, CU: 700, CO2E: 700, CU_75: 350}),
        batch(IN_PROCESS, CB, {NET: 300, CU: 300, CO2E: 300, CU_75: 150}),
    )
    made = world.transform("mine", AURORA, *plans, takes=[part_of(lot)])
    rest = world.open("mine", made[1].lot())
    plan = batch(CATHODE, CB, {NET: 300, CU: 300, CO2E: 350, CU_75: 150})
    (later,) = world.transform("mine", AURORA, plan, takes=[part_of(rest)])
    assert later.header.flags == 16
