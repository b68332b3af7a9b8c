"""Offer, decline, accept: custody in two steps, and what the receiver measures."""

from __future__ import annotations

import pytest

from tests.contracts.lots.paper import MAXIMUM, MB, Lot, batch, fresh, part_of
from tests.contracts.lots.world import (
    AURORA,
    BAHIA,
    CATHODE,
    CO2E,
    CU,
    CU_75,
    CU_EXTERNAL,
    DAY,
    IDS,
    NET,
    ROD,
    VEHICLES,
    LotWorld,
)

MINE, SMELTER, REFINERY = IDS["mine"], IDS["smelter"], IDS["refinery"]
HELD = {NET: 1_000, CU: 900, CO2E: 2_000, CU_75: 700}
ROD_PLAN = {NET: 1_000, CU: 900, CO2E: 2_000, CU_75: 700}


def held(world: LotWorld, by: str = "mine") -> Lot:
    return world.held(HELD, by=by)


def offered(world: LotWorld, lot: Lot, to: int = SMELTER, seconds: int = DAY) -> bytes:
    consignment = fresh()
    world.custody("mine", "offer", [lot.id], to, world.now + seconds, consignment)
    return consignment


class TestOffer:
    def test_offer__locks_until_it_ends(self, world: LotWorld) -> None:
        lot = held(world)
        offered(world, lot)
        until = world.lot_of(lot)[6]
        locked = ("LockedByOffer", lot.id, SMELTER, until)
        with world.refuses(*locked):
            world.custody("mine", "offer", [lot.id], REFINERY, until, fresh())
        with world.refuses(*locked):
            world.custody("mine", "retire", [lot.id], 1)
        with world.refuses(*locked):
            world.custody("mine", "exit", lot.id, fresh())
        with world.refuses(*locked):
            world.transform("mine", AURORA, batch(ROD, MB, ROD_PLAN), takes=[part_of(lot)])
        world.at(until)
        world.transform("mine", AURORA, batch(ROD, MB, ROD_PLAN), takes=[part_of(lot)])

    def test_offer__ended__may_be_made_again(self, world: LotWorld) -> None:
        lot = held(world)
        offered(world, lot, seconds=100)
        world.wait(100)
        offered(world, lot, REFINERY)
        with world.refuses("NotOfferedTo", lot.id, REFINERY, SMELTER):
            world.custody("smelter", "accept", [lot.id], [0], fresh())
        world.custody("refinery", "accept", [lot.id], [0], fresh())

    def test_offer__many_lots__one_consignment(self, world: LotWorld) -> None:
        lots = [held(world) for _ in range(3)]
        ids = [lot.id for lot in lots]
        consignment, until = fresh(), world.now + DAY
        outcome = world.custody("mine", "offer", ids, SMELTER, until, consignment)
        said = outcome.of("LotOffered")
        assert [(each["lot"], each["consignment"], each["until"]) for each in said] == [
            (each, consignment, until) for each in ids
        ]
        outcome = world.custody("smelter", "accept", ids, [0] * 3, consignment)
        assert [(each["from"], each["to"]) for each in outcome.of("LotAccepted")] == [
            (MINE, SMELTER)
        ] * 3
        assert [world.lot_of(lot)[:4] for lot in lots] == [(1, SMELTER, 0, MINE)] * 3

    @pytest.mark.row("A11")
    def test_offer__to_two_buyers__refused(self, world: LotWorld) -> None:
        lot = held(world)
        until = world.now + DAY
        with world.refuses("LockedByOffer", lot.id, SMELTER, until):
            world.custody("mine", "offer", [lot.id, lot.id], SMELTER, until, fresh())

    def test_offer__none_or_too_many_lots__refused(self, world: LotWorld) -> None:
        for count in (0, 65):
            for name, arguments in (
                ("offer", (SMELTER, world.now + DAY, fresh())),
                ("decline", ()),
                ("accept", ([0] * count, fresh())),
                ("retire", (1,)),
            ):
                with world.refuses("Count", b"lots".ljust(32, b"\0"), count, 1, 64):
                    world.custody("mine", name, [fresh()] * count, *arguments)

    def test_offer__to_nobody_oneself_or_one_who_left__refused(self, world: LotWorld) -> None:
        lot = held(world)
        for to in (0, MINE, 99):
            with world.refuses("BadRecipient", to):
                offered(world, lot, to)
        world.proposes(2, REFINERY.to_bytes(32))  # expelled
        with world.refuses("BadRecipient", REFINERY):
            offered(world, lot, REFINERY)

    def test_offer__that_is_over_or_a_year_long__refused(self, world: LotWorld) -> None:
        lot = held(world)
        for seconds in (0, -1, 366 * DAY + 100):
            with world.refuses("TimeOutOfBounds", None, None, None):
                offered(world, lot, seconds=seconds)

    @pytest.mark.row("A10")
    def test_offer__unopened_or_anothers_or_nobodys__refused(self, world: LotWorld) -> None:
        (made,) = world.originate("mine", AURORA, batch(CATHODE, MB, HELD))
        with world.refuses("LotUnopened", made.lot().id):
            offered(world, made.lot())
        lot = held(world, by="smelter")
        with world.refuses("NotHolder", lot.id, SMELTER, MINE):
            offered(world, lot, REFINERY)
        with world.refuses("NotOperator", None):
            world.custody("stranger", "offer", [lot.id], SMELTER, world.now + DAY, fresh())


class TestDecline:
    def test_decline__gives_the_lot_back_to_its_holder(self, world: LotWorld) -> None:
        lot = held(world)
        offered(world, lot)
        said = world.custody("smelter", "decline", [lot.id]).only("OfferEnded")
        assert said == {"lot": lot.id, "by": SMELTER}
        assert world.lot_of(lot)[:7] == (1, MINE, 0, 0, 0, 0, 0)
        offered(world, lot, REFINERY)

    def test_decline__what_is_not_offered_to_one__refused(self, world: LotWorld) -> None:
        lot = held(world)
        with world.refuses("LotNotInState", lot.id, 1, 2):
            world.custody("smelter", "decline", [lot.id])
        offered(world, lot, seconds=50)
        with world.refuses("NotOfferedTo", lot.id, SMELTER, REFINERY):
            world.custody("refinery", "decline", [lot.id])
        world.wait(50)
        with world.refuses("TimeOutOfBounds", None, 0, None):
            world.custody("smelter", "decline", [lot.id])


class TestAccept:
    def test_accept__ended_or_not_offered__refused(self, world: LotWorld) -> None:
        lot = held(world)
        with world.refuses("LotNotInState", lot.id, 1, 2):
            world.custody("smelter", "accept", [lot.id], [0], fresh())
        offered(world, lot, seconds=50)
        with world.refuses("NotOfferedTo", lot.id, SMELTER, REFINERY):
            world.custody("refinery", "accept", [lot.id], [0], fresh())
        with world.refuses("Count", b"taken".ljust(32, b"\0"), 2, 1, 1):
            world.custody("smelter", "accept", [lot.id], [0, 0], fresh())
        world.wait(50)
        with world.refuses("TimeOutOfBounds", None, 0, None):
            world.custody("smelter", "accept", [lot.id], [0], fresh())

    def test_accept__names_what_it_saw_as_gone(self, world: LotWorld) -> None:
        lot = held(world)
        part = batch(ROD, MB, {NET: 400, CU: 360, CO2E: 800, CU_75: 280})
        world.transform("mine", AURORA, part, takes=[part_of(lot, 400)])
        offered(world, lot)
        with world.refuses("TakenMismatch", lot.id, 400, 0):
            world.custody("smelter", "accept", [lot.id], [0], fresh())
        world.custody("smelter", "accept", [lot.id], [400], fresh())
        rest = batch(ROD, MB, {NET: 600, CU: 540, CO2E: 1_200, CU_75: 420})
        world.transform("smelter", BAHIA, rest, takes=[part_of(lot, 600, 400)])


class TestAcceptMeasured:
    def measured(self, world: LotWorld, lot: Lot, quantity: int, *, taken: int = 0) -> None:
        offered(world, lot)
        world.custody("smelter", "acceptMeasured", lot.opened(), taken, quantity, 2, fresh())

    def test_measured__the_same__no_record(self, world: LotWorld) -> None:
        lot = held(world)
        self.measured(world, lot, 1_000)
        assert world.lot_of(lot)[:8] == (1, SMELTER, 0, MINE, 0, 0, 0, lot.commitment)
        assert self.variance(world) == 0

    def variance(self, world: LotWorld, key: int = NET) -> int:
        return int(world.contracts.read("Custody", "varianceOf", SMELTER, key, 8104))

    def test_measured__within_tolerance__shipped_figures_stand(self, world: LotWorld) -> None:
        """5,000 ppm of 1,000 are 5: the difference is on record, and is never drawn."""
        total = 0
        for quantity in (995, 1_005, 998):
            lot = held(world)
            self.measured(world, lot, quantity)
            total += quantity - 1_000
            assert self.variance(world) == total
            assert world.lot_of(lot)[7] == lot.commitment
            rod = batch(ROD, MB, ROD_PLAN)
            world.transform("smelter", BAHIA, rod, takes=[part_of(lot)])

    def test_measured__less_beyond_tolerance__metal_goes_and_carbon_stays(
        self, world: LotWorld
    ) -> None:
        lot = held(world)
        self.measured(world, lot, 900)
        rebased = {NET: 900, CU: 810, CO2E: 2_000, CU_75: 630}
        self.is_now(world, lot, rebased)
        assert self.variance(world) == 0
        with world.refuses("CreditAboveCap", 0, CU_75, 631, 630):
            self.remakes(world, lot, rebased, {**rebased, CU_75: 631})
        self.remakes(world, lot, rebased, rebased)

    def is_now(self, world: LotWorld, lot: Lot, rebased: dict[int, int]) -> Lot:
        found = world.lot_of(lot)
        new = self.rebased(lot, rebased)
        assert (found[4], found[7]) == (0, new.commitment)
        return new

    @staticmethod
    def rebased(lot: Lot, held_: dict[int, int]) -> Lot:
        quantities = tuple(held_[key] for key in lot.columns)
        header, columns = lot.header, lot.columns
        return Lot(header, columns, lot.salt, lot.key, lot.leaf, quantities, lot.index, lot.path)

    def remakes(
        self, world: LotWorld, lot: Lot, rebased: dict[int, int], made: dict[int, int]
    ) -> None:
        new = self.rebased(lot, rebased)
        world.transform("smelter", BAHIA, batch(ROD, MB, made), takes=[part_of(new)])

    def test_measured__old_figures_after_a_rebase__refused(self, world: LotWorld) -> None:
        lot = held(world)
        self.measured(world, lot, 900)
        with world.refuses("NotWhatWasOpened", lot.id, None, lot.commitment):
            world.transform("smelter", BAHIA, batch(ROD, MB, ROD_PLAN), takes=[part_of(lot)])

    def test_measured__remainder_of_a_lot__rebased_from_what_is_left(self, world: LotWorld) -> None:
        lot = held(world)
        part = batch(ROD, MB, {NET: 400, CU: 360, CO2E: 800, CU_75: 280})
        world.transform("mine", AURORA, part, takes=[part_of(lot, 400)])
        self.measured(world, lot, 300, taken=400)
        self.is_now(world, lot, {NET: 300, CU: 270, CO2E: 1_200, CU_75: 210})

    def test_measured__more_mass_beyond_tolerance__brings_no_metal(self, world: LotWorld) -> None:
        """Wet concentrate weighs more: mass is a denominator, so the report shows the change."""
        lot = held(world)
        self.measured(world, lot, 1_100)
        self.is_now(world, lot, {NET: 1_100, CU: 900, CO2E: 2_000, CU_75: 700})

    @pytest.mark.parametrize("units", [False, True])
    def test_measured__more_metal_or_units__is_a_stock_take(
        self, world: LotWorld, units: bool
    ) -> None:
        held_ = {CU: 1_000, CO2E: 0} | ({VEHICLES: 1_000} if units else {})
        lot = world.held(held_)
        with world.refuses("GainNeedsStockTake", lot.id, 1_000, 1_006):
            self.measured(world, lot, 1_006)
        self.measured(world, lot, 1_005)
        assert self.variance(world, VEHICLES if units else CU) == 5

    def test_measured__units_missing__end_in_proportion(self, world: LotWorld) -> None:
        lot = world.held({CU: 1_000, CO2E: 50, VEHICLES: 10})
        self.measured(world, lot, 9)
        self.is_now(world, lot, {CU: 900, CO2E: 50, VEHICLES: 9})

    def test_measured__event__old_and_new(self, world: LotWorld) -> None:
        lot = held(world)
        offered(world, lot)
        leaf = fresh()
        outcome = world.custody("smelter", "acceptMeasured", lot.opened(), 0, 900, 2, leaf)
        assert outcome.only("LotMeasured") == {
            "lot": lot.id,
            "by": SMELTER,
            "shipped": 1_000,
            "measured": 900,
            "method": 2,
            "statementLeaf": leaf,
        }
        assert outcome.only("LotRebased") == {
            "lot": lot.id,
            "before": lot.quantities,
            "taken": 0,
            "quantities": (900, 810, 2_000, 630),
        }

    def test_measured__nothing_too_much_or_by_no_method__refused(self, world: LotWorld) -> None:
        lot = held(world)
        offered(world, lot)
        for quantity in (0, MAXIMUM + 1):
            with world.refuses("QuantityOutOfBounds", NET, quantity, 1, MAXIMUM):
                world.custody("smelter", "acceptMeasured", lot.opened(), 0, quantity, 1, fresh())
        with world.refuses("UnknownValue", b"method".ljust(32, b"\0"), 0):
            world.custody("smelter", "acceptMeasured", lot.opened(), 0, 1_000, 0, fresh())
        with world.refuses("TakenMismatch", lot.id, 0, 1):
            world.custody("smelter", "acceptMeasured", lot.opened(), 1, 1_000, 1, fresh())
        other = lot.opened(quantities=(1_000, 900, 1_999, 700))
        with world.refuses("NotWhatWasOpened", lot.id, lot.commitment, None):
            world.custody("smelter", "acceptMeasured", other, 0, 1_000, 1, fresh())
        with world.refuses("NotOfferedTo", lot.id, SMELTER, REFINERY):
            world.custody("refinery", "acceptMeasured", lot.opened(), 0, 1_000, 1, fresh())


def test_take__by_anybody_but_the_book__refused(world: LotWorld) -> None:
    lot = held(world)
    with world.refuses("NotCaller"):
        world.custody("mine", "take", MINE, [(lot.id, lot.commitment, 1_000, 0, 1_000)])


@pytest.mark.row("A11")
def test_offer__drained_before_it_is_accepted__refused(world: LotWorld) -> None:
    """A holder who offers, takes what is in it, and lets the buyer accept the remnant."""
    lot = held(world)
    almost = batch(ROD, MB, {NET: 999, CU: 899, CO2E: 1_998, CU_75: 699})
    offered(world, lot)
    with world.refuses("LockedByOffer", lot.id, SMELTER, None):
        world.transform("mine", AURORA, almost, takes=[part_of(lot, 999)])
    # Drained between an offer that ended and the next: the buyer names what it saw.
    world.wait(DAY)
    world.transform("mine", AURORA, almost, takes=[part_of(lot, 999)])
    offered(world, lot)
    with world.refuses("TakenMismatch", lot.id, 999, 0):
        world.custody("smelter", "accept", [lot.id], [0], fresh())


def test_custody__keeps_class_of_external_metal(world: LotWorld) -> None:
    plan = batch(CATHODE, 3, {NET: 9, CU: 9, CU_EXTERNAL: 9, CO2E: 9})
    lot = world.open("gris", world.external("gris", plan).lot())
    world.pass_on(lot, "gris", "smelter")
    assert world.lot_of(lot)[7] == lot.commitment
