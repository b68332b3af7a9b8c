"""``transform``: metal cannot appear, carbon cannot vanish, and a run is what it says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.lots.paper import (
    DUST,
    MB,
    OTHER_LOSS,
    PROCESS,
    TRANSPORT,
    Plan,
    batch,
    part_of,
    share,
)
from tests.contracts.lots.world import (
    AU,
    AURORA,
    BAHIA,
    CATHODE,
    CO2E,
    CU,
    CU_75,
    CU_EXTERNAL,
    DRY,
    IDS,
    IN_PROCESS,
    MO,
    NET,
    ROD,
    SCRAP,
    SLIMES,
    LotWorld,
)

HELD = {NET: 1_000, CU: 900, CO2E: 2_000}


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def rod(copper: int = 900, co2e: int = 2_000, net: int = 1_000, **changes: Any) -> Plan:
    return batch(ROD, MB, {NET: net, CU: copper, CO2E: co2e}).saying(**changes)


class TestMetal:
    @pytest.mark.row("A13")
    @pytest.mark.parametrize("made", [899, 901, 1_000_000, 0])
    def test_metal__other_than_taken__refused(self, world: LotWorld, made: int) -> None:
        lot = world.held(HELD)
        with world.refuses("MetalMismatch", CU, 900, made):
            world.transform("mine", AURORA, rod(made), takes=[part_of(lot)])

    def test_metal__outputs_and_losses__close_to_the_gram(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        losses = [(CU, 1, DUST), (CU, 2, OTHER_LOSS)]
        with world.refuses("MetalMismatch", CU, 900, 901):
            world.transform("mine", AURORA, rod(898), takes=[part_of(lot)], losses=losses)
        world.transform("mine", AURORA, rod(897), takes=[part_of(lot)], losses=losses)

    @pytest.mark.row("A12")
    def test_metal__children_above_their_parent__refused(self, world: LotWorld) -> None:
        """N02: a split into 2,000 and 600 of 2,500."""
        lot = world.held({NET: 2_500, CU: 2_500, CO2E: 0})
        for parts, refused in (((2_000, 600), True), ((2_000, 500), False)):
            lots = [{NET: part, CU: part, CO2E: 0} for part in parts]
            plan = batch(ROD, MB, *lots)
            if refused:
                with world.refuses("MetalMismatch", CU, 2_500, 2_600):
                    world.transform("mine", AURORA, plan, takes=[part_of(lot)])
            else:
                world.transform("mine", AURORA, plan, takes=[part_of(lot)])

    def test_metal__substance_that_nobody_took__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        plan = batch(ROD, MB, {NET: 1_000, CU: 900, MO: 1, CO2E: 2_000})
        with world.refuses("MetalMismatch", MO, 0, 1):
            world.transform("mine", AURORA, plan, takes=[part_of(lot)])

    def test_metal__first_measured_in_slimes__flagged(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        plans = rod(800), batch(SLIMES, MB, {CU: 100, AU: 7_000, CO2E: 0})
        fields: dict[str, Any] = {"takes": [part_of(lot)], "first_measured": [(AU, 7_000)]}
        made = world.transform("mine", AURORA, *plans, **fields)
        assert [each.header.flags for each in made] == [4 | 16, 4 | 16]
        slimes = world.open("mine", made[1].lot())
        again = batch(SLIMES, MB, {CU: 100, AU: 7_001, CO2E: 0})
        with world.refuses("NotFirstMeasured", AU, 7_000):
            world.transform(
                "mine", AURORA, again, takes=[part_of(slimes)], first_measured=[(AU, 1)]
            )
        with world.refuses("NotFirstMeasured", CU, 100):
            world.transform(
                "mine", AURORA, again, takes=[part_of(slimes)], first_measured=[(CU, 1)]
            )

    @pytest.mark.parametrize("key", [NET, CO2E, CU_EXTERNAL])
    def test_metal__first_measured_of_something_else__refused(
        self, world: LotWorld, key: int
    ) -> None:
        lot = world.held(HELD)
        plan = batch(ROD, MB, {NET: 1_000, CU: 900, CU_EXTERNAL: 0, CO2E: 2_000})
        with world.refuses("NotFirstMeasured", key, None):
            world.transform("mine", AURORA, plan, takes=[part_of(lot)], first_measured=[(key, 1)])

    @pytest.mark.parametrize("key", [NET, CO2E, CU_EXTERNAL, CU_75])
    def test_losses__of_mass_carbon_class_or_credit__refused(
        self, world: LotWorld, key: int
    ) -> None:
        lot = world.held({**HELD, CU_75: 9})
        plan = batch(ROD, MB, {NET: 1_000, CU: 900, CU_EXTERNAL: 0, CO2E: 2_000})
        with world.refuses("NoLossOf", key):
            world.transform("mine", AURORA, plan, takes=[part_of(lot)], losses=[(key, 1, DUST)])


class TestCarbon:
    @pytest.mark.parametrize("made", [1_999, 0, 2_101])
    def test_carbon__other_than_taken_and_emitted__refused(
        self, world: LotWorld, made: int
    ) -> None:
        lot = world.held(HELD)
        emissions = [(PROCESS, 60), (TRANSPORT, 40)]
        with world.refuses("Co2eMismatch", 2_100, made):
            world.transform(
                "mine", AURORA, rod(co2e=made), takes=[part_of(lot)], emissions=emissions
            )
        world.transform("mine", AURORA, rod(co2e=2_100), takes=[part_of(lot)], emissions=emissions)

    def test_carbon__two_batches_of_a_class__the_same_a_kilogram(self, world: LotWorld) -> None:
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 2_000})
        for first, second in ((1_001, 999), (0, 2_000)):
            plans = rod(500, first, 500), rod(500, second, 500)
            with world.refuses("Co2eNotUniform", 0, first, 1_000, 1_000):
                world.transform("mine", AURORA, *plans, takes=[part_of(lot)])
        world.transform(
            "mine", AURORA, rod(300, 600, 300), rod(700, 1_400, 700), takes=[part_of(lot)]
        )

    def test_metal__two_batches_of_a_class__the_same_within_tolerance(
        self, world: LotWorld
    ) -> None:
        lot = world.held({NET: 20_000, CU: 20_000, CO2E: 0})

        def plans(first: int) -> tuple[Plan, Plan]:
            return rod(first, 0, 10_000), rod(20_000 - first, 0, 10_000)

        with world.refuses("MetalNotUniform", 0, CU, 10_011, 10_000):
            world.transform("mine", AURORA, *plans(10_011), takes=[part_of(lot)])
        world.transform("mine", AURORA, *plans(10_010), takes=[part_of(lot)])

    def test_reference__two_batches_of_a_class__share_one(self, world: LotWorld) -> None:
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 0})
        plans = rod(500, 0, 500), batch(ROD, MB, {CU: 500, CO2E: 0})
        with world.refuses("ReferenceDiffers", ROD, NET, CU):
            world.transform("mine", AURORA, *plans, takes=[part_of(lot)])

    def test_carbon__several_classes_without_a_rule__flagged(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        scrap = batch(SCRAP, MB, {CU: 100, CO2E: 0})
        made = world.transform("mine", AURORA, rod(800), scrap, takes=[part_of(lot)])
        assert [each.header.flags for each in made] == [16, 16]
        again = world.open("mine", made[1].lot())
        (flagged,) = world.transform(
            "mine", AURORA, batch(ROD, MB, {CU: 100, CO2E: 0}), takes=[part_of(again)]
        )
        assert flagged.header.flags == 16

    def test_carbon__rule_of_the_site__kept_to_the_gram(self, world: LotWorld) -> None:
        rule = world.allocates(AURORA, (ROD, 900_000, 950_000), (SCRAP, 50_000, 100_000))
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 1_000})

        def plans(scrap: int) -> tuple[Plan, Plan]:
            return rod(900, 1_000 - scrap, 900), batch(SCRAP, MB, {CU: 100, CO2E: scrap})

        fields: dict[str, Any] = {"takes": [part_of(lot)], "allocation_rule": rule}
        with world.refuses("AllocationOutOfBounds", ROD, 951, 900, 950):
            world.transform("mine", AURORA, *plans(49), **fields)
        with world.refuses("AllocationOutOfBounds", ROD, 899, 900, 950):
            world.transform("mine", AURORA, *plans(101), **fields)
        for scrap in (50, 100):
            mark = world.evm.mark()
            made = world.transform("mine", AURORA, *plans(scrap), **fields)
            assert [(each.header.flags, each.header.allocation_rule) for each in made] == [
                (0, rule),
                (0, rule),
            ]
            world.evm.back(mark)
        other = rod(900, 950, 900), batch(IN_PROCESS, MB, {NET: 9, CU: 100, CO2E: 50})
        with world.refuses("NotInAllocationRule", IN_PROCESS):
            world.transform("mine", AURORA, *other, **fields)

    def test_rule__of_another_site_or_over__refused(self, world: LotWorld) -> None:
        rule = world.allocates(AURORA, (ROD, 0, 1_000_000))
        state = world.contracts.read("Assurance", "ruleState", rule)
        lot = world.held(HELD, by="smelter")
        fields: dict[str, Any] = {"takes": [part_of(lot)], "allocation_rule": rule}
        with world.refuses("RuleNotInForce", rule, AURORA, state[1], state[2]):
            world.transform("smelter", BAHIA, rod(), **fields)
        world.pass_on(lot, "smelter", "mine")
        world.transform("mine", AURORA, rod(), **fields)
        again = world.held(HELD)
        world.act("mine", "Assurance", "endRule", rule)
        with world.refuses("RuleNotInForce", rule, AURORA, state[1], None):
            world.transform("mine", AURORA, rod(), takes=[part_of(again)], allocation_rule=rule)
        with world.refuses("UnknownRule", 99):
            world.transform("mine", AURORA, rod(), takes=[part_of(again)], allocation_rule=99)


class TestTakes:
    def test_takes__in_parts__sum_to_the_whole(self, world: LotWorld) -> None:
        """f(q, t + a) - f(q, t): nothing is gained by the order or the size of takes."""
        held = {NET: 1_000, CU: 997, CO2E: 1_003, CU_75: 331}
        lot, taken, sums = world.held(held), 0, dict.fromkeys(held, 0)
        for amount in (1, 332, 1, 333, 333):
            part = part_of(lot, amount, taken)
            moved = part.moved
            plan = batch(ROD, MB, {**moved, NET: amount})
            world.transform("mine", AURORA, plan, takes=[part])
            taken += amount
            sums = {key: sums[key] + moved[key] for key in sums}
            state = 3 if taken == 1_000 else 1
            assert (world.lot_of(lot)[0], world.lot_of(lot)[4]) == (state, taken)
        assert sums == held

    def test_takes__a_gram_at_a_time__moves_what_the_rounding_says(self, world: LotWorld) -> None:
        held = {NET: 7, CU: 5, CO2E: 3}
        lot = world.held(held)
        for taken in range(7):
            made = {
                NET: 1,
                CU: share(5, taken + 1, 7, up=False) - share(5, taken, 7, up=False),
                CO2E: share(3, taken + 1, 7, up=True) - share(3, taken, 7, up=True),
            }
            wrong = {**made, CO2E: made[CO2E] + 1}
            with world.refuses("Co2eMismatch", made[CO2E], made[CO2E] + 1):
                world.transform(
                    "mine",
                    AURORA,
                    batch(ROD, MB, wrong),
                    takes=[part_of(lot, 1, taken)],
                    emissions=[],
                )
            world.transform(
                "mine", AURORA, batch(ROD, MB, made), takes=[part_of(lot, 1, taken)], emissions=[]
            )

    def test_takes__split_and_merged_again__as_before(self, world: LotWorld) -> None:
        lot = world.held({NET: 100, CU: 90, CO2E: 50})
        halves = batch(ROD, MB, {NET: 40, CU: 36, CO2E: 20}, {NET: 60, CU: 54, CO2E: 30})
        (split,) = world.transform("mine", AURORA, halves, takes=[part_of(lot)])
        lots = [world.open("mine", each) for each in split]
        whole = batch(CATHODE, MB, {NET: 100, CU: 90, CO2E: 50})
        (merged,) = world.transform("mine", AURORA, whole, takes=[part_of(each) for each in lots])
        assert merged.header.origin_site == AURORA
        assert [world.lot_of(each)[0] for each in lots] == [3, 3]

    def test_takes__same_lot_twice_in_a_run__each_names_what_is_gone(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        twice = [part_of(lot, 400), part_of(lot, 600)]
        with world.refuses("TakenMismatch", lot.id, 400, 0):
            world.transform("mine", AURORA, rod(), takes=twice)
        world.transform("mine", AURORA, rod(), takes=[part_of(lot, 400), part_of(lot, 600, 400)])

    @pytest.mark.row("T45")
    def test_takes__no_takes__refused(self, world: LotWorld) -> None:
        with world.refuses("Count", word("takes"), 0, 1, 16):
            world.transform("mine", AURORA, rod())

    def test_takes__seventeen__refused(self, world: LotWorld) -> None:
        lot = world.held({NET: 17, CU: 17, CO2E: 0})
        takes = [part_of(lot, 1, at) for at in range(17)]
        with world.refuses("Count", word("takes"), 17, 1, 16):
            world.transform("mine", AURORA, rod(17, 0, 17), takes=takes)
        world.transform("mine", AURORA, rod(16, 0, 16), takes=takes[:16])

    def test_sources__none_or_one_that_is_not_there__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        content = world.draft(AURORA, rod(), takes=[part_of(lot)])
        with world.refuses("Count", word("sources"), 0, 1, 16):
            world.submit("mine", "transform", {**content, "sources": []})
        wrong = [(1, *content["takes"][0][1:])]
        with world.refuses("Count", word("source"), 1, 0, 0):
            world.submit("mine", "transform", {**content, "takes": wrong})

    @pytest.mark.row("T42", "A11")
    def test_takes__lot_that_was_taken__refused(self, world: LotWorld) -> None:
        """N04: a lot goes into one smelt."""
        lot = world.held(HELD)
        world.transform("mine", AURORA, rod(), takes=[part_of(lot)])
        with world.refuses("LotNotInState", lot.id, 3, 1):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot)])

    @pytest.mark.row("T42")
    def test_takes__above_what_is_left__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        with world.refuses("AboveRemainder", lot.id, 1_000, 1_001):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot, 1_001)])
        world.transform("mine", AURORA, rod(360, 800, 400), takes=[part_of(lot, 400)])
        with world.refuses("AboveRemainder", lot.id, 600, 601):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot, 601, 400)])
        with world.refuses("TakenMismatch", lot.id, 400, 0):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot, 1_000, 0)])

    @pytest.mark.row("T45")
    def test_takes__of_nothing_or_from_beyond__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        for amount, taken in ((0, 0), (0, 1_000), (1, 1_001)):
            with world.refuses("QuantityOutOfBounds", NET, amount, 1, 1_000):
                takes = [part_of(lot, amount, taken)]
                world.transform("mine", AURORA, rod(), takes=takes, emissions=[])

    def test_takes__other_quantities_than_were_opened__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        content = world.draft(AURORA, rod(), takes=[part_of(lot)])
        take = content["takes"][0]
        for at, value in ((1, 1), (2, bytes(32)), (3, bytes(32)), (4, (1_000, 901, 2_000))):
            changed = [(*take[:at], value, *take[at + 1 :])]
            name = "LotUnopened" if at == 2 else "NotWhatWasOpened"
            if at == 4:
                name = "MetalMismatch"  # the laws are asked first
            with world.refuses(name):
                world.submit("mine", "transform", {**content, "takes": changed}, rod())
        more = [(*take[:4], (1_000, 901, 2_000), *take[5:])]
        plan = rod(901)
        content = world.draft(AURORA, plan, takes=[part_of(lot)])
        with world.refuses("NotWhatWasOpened", lot.id, lot.commitment, None):
            world.submit("mine", "transform", {**content, "takes": more}, plan)

    def test_takes__quantities_or_columns_missing__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        content = world.draft(AURORA, rod(), takes=[part_of(lot)])
        take = content["takes"][0]
        short = [(*take[:4], (1_000, 900), *take[5:])]
        with world.refuses("Count", word("quantities"), 2, 3, 3):
            world.submit("mine", "transform", {**content, "takes": short})
        for columns in ((), tuple(range(1, 18))):
            sources = [(lot.header, columns)]
            with world.refuses("Count", word("columns"), len(columns), 1, 16):
                world.submit("mine", "transform", {**content, "sources": sources})
        without = [(lot.header, (DRY, CU, CO2E))]
        with world.refuses("UnknownColumn", NET):
            world.submit("mine", "transform", {**content, "sources": without})

    @pytest.mark.row("A10", "T45")
    def test_takes__lot_of_another_or_never_opened__refused(self, world: LotWorld) -> None:
        (made,) = world.originate("mine", AURORA, batch(CATHODE, MB, HELD))
        lot = made.lot()
        with world.refuses("LotUnopened", lot.id):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot)])
        world.open("mine", lot)
        with world.refuses("NotHolder", lot.id, IDS["mine"], IDS["smelter"]):
            world.transform("smelter", BAHIA, rod(), takes=[part_of(lot)])
        world.pass_on(lot, "mine", "smelter")
        with world.refuses("NotHolder", lot.id, IDS["smelter"], IDS["mine"]):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot)])
        world.transform("smelter", BAHIA, rod(), takes=[part_of(lot)])

    def test_transform__certificates_or_source__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        with world.refuses("NotInThisRun", word("covers")):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot)], covers=[(CU_75, [1])])
        with world.refuses("SourceMissing", b"\x01" * 32):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot)], source=b"\x01" * 32)
        with world.refuses("NotInThisRun", word("recycled")):
            world.transform("mine", AURORA, rod(), takes=[part_of(lot)], recycled=True)
