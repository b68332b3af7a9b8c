"""Law 3: credit cannot appear. Caps, accounts by period, draws, reductions, suspensions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.lots.paper import CB, DUST, MAXIMUM, MB, SLAG, Lot, Plan, batch, fresh, part_of
from tests.contracts.lots.world import (
    AURORA,
    BAHIA,
    CATHODE,
    CO2E,
    COPPER,
    CU,
    CU_50,
    CU_75,
    CU_JOINT,
    CU_OTHER,
    DAY,
    JOINT,
    MO,
    MO_75,
    NET,
    OTHER,
    QUARTER_END,
    RMM_50,
    RMM_75,
    ROD,
    SCRAP,
    VEHICLES,
    LotWorld,
)

Q1, Q2 = 8104, 8105
"""First and second quarter of 2026."""


def mixed(world: LotWorld, metal: int = 1_000, by: str = "mine", **credit: int) -> Lot:
    """An opened lot with credit of less than its metal."""
    keys = {"c75": CU_75, "c50": CU_50, "joint": CU_JOINT, "other": CU_OTHER}
    held = {NET: metal, CU: metal, CO2E: 0} | {keys[name]: part for name, part in credit.items()}
    return world.held(held, by=by)


def rod(metal: int, credit: dict[int, int], *, net: int | None = None, model: int = MB) -> Plan:
    return batch(ROD, model, {NET: net or metal, CU: metal, CO2E: 0, **credit})


def account(world: LotWorld, programme: int = RMM_75, period: int = Q1, site: int = AURORA) -> int:
    return int(world.contracts.read("LotBook", "creditOf", site, programme, COPPER, period))


class TestCap:
    @pytest.mark.row("A15")
    def test_cap__share_of_the_metal__kept_to_the_gram(self, world: LotWorld) -> None:
        lot = mixed(world, c75=784)
        losses = [(CU, 100, SLAG)]
        # 784 x 900 / 1000 = 705.6
        with world.refuses("CreditAboveCap", 0, CU_75, 706, 705):
            world.transform(
                "mine", AURORA, rod(900, {CU_75: 706}), takes=[part_of(lot)], losses=losses
            )
        world.transform("mine", AURORA, rod(900, {CU_75: 705}), takes=[part_of(lot)], losses=losses)
        assert account(world) == 0, "the share of losses ends with them"

    def test_cap__what_is_left__enters_the_account_of_its_period(self, world: LotWorld) -> None:
        lot = mixed(world, c75=784)
        outcome = world.draft(AURORA, rod(1_000, {CU_75: 500}), takes=[part_of(lot)])
        said = world.book("mine", "transform", tuple(outcome.values())).only("CreditChanged")
        assert said == {
            "site": AURORA,
            "programme": RMM_75,
            "substance": COPPER,
            "period": Q1,
            "balance": 284,
        }
        assert account(world) == 284

    def test_cap__residue__leaves_nothing_to_be_drawn(self, world: LotWorld) -> None:
        """Else the credit of slag and tailings would be sold with the cathode."""
        lot = mixed(world, c75=784)
        scrap = batch(SCRAP, MB, {CU: 500, CO2E: 0, CU_75: 0})
        world.transform("mine", AURORA, rod(500, {CU_75: 392}), scrap, takes=[part_of(lot)])
        assert account(world) == 0

    def test_credit__above_metal__refused(self, world: LotWorld) -> None:
        """Two marks are one tonne: all credit of a metal together is at most the metal."""
        plan = rod(1_000, {CU_75: 600, CU_OTHER: 401})
        with world.refuses("CreditAboveMetal", 0, COPPER, 1_001, 1_000):
            world.originate("mine", AURORA, plan)
        world.originate("mine", AURORA, rod(1_000, {CU_75: 600, CU_OTHER: 400}))

    @pytest.mark.row("A16")
    def test_credit__both_marks__one_tonne_of_the_joint_programme(self, world: LotWorld) -> None:
        """Metal under two marks is one credit: it is reduced to one mark or the other."""
        lot = mixed(world, joint=1_000)
        twice = rod(1_000, {CU_75: 1_000, CU_OTHER: 1_000})
        reductions = [(CU_JOINT, CU_75, 1_000), (CU_JOINT, CU_OTHER, 1_000)]
        with world.refuses("ReducedTooMuch", CU_JOINT, 0, 1_000):
            world.transform("mine", AURORA, twice, takes=[part_of(lot)], reductions=reductions)
        with world.refuses("CreditAboveMetal", 0, COPPER, 2_000, 1_000):
            world.transform("mine", AURORA, twice, takes=[part_of(lot)])
        halves = rod(1_000, {CU_75: 600, CU_OTHER: 400})
        reductions = [(CU_JOINT, CU_75, 600), (CU_JOINT, CU_OTHER, 400)]
        world.transform("mine", AURORA, halves, takes=[part_of(lot)], reductions=reductions)

    @pytest.mark.row("A18")
    def test_credit__of_another_metal__is_no_credit(self, world: LotWorld) -> None:
        lot = mixed(world, c75=1_000)
        plan = batch(ROD, MB, {NET: 9, CU: 1_000, CU_75: 0, CO2E: 0, MO: 0, MO_75: 1})
        with world.refuses("CreditAboveMetal", 0, 42, 1, 0):
            world.transform("mine", AURORA, plan, takes=[part_of(lot)])
        lonely = batch(ROD, MB, {NET: 9, CU: 1_000, CU_75: 0, CO2E: 0, MO_75: 0})
        with world.refuses("UnknownColumn", MO):
            world.transform("mine", AURORA, lonely, takes=[part_of(lot)])


class TestDraws:
    def stocked(self, world: LotWorld, credit: int = 500) -> None:
        """Credit in Aurora's account, entered now."""
        lot = mixed(world, metal=credit, c75=credit)
        plan = rod(credit, {CU_75: 0})
        world.transform("mine", AURORA, plan, takes=[part_of(lot)])

    def draw(self, world: LotWorld, *draws: tuple[int, int, int], plan: Plan | None = None) -> Any:
        lot = mixed(world)
        made = plan or rod(1_000, {CU_75: sum(quantity for *_, quantity in draws)})
        return world.transform("mine", AURORA, made, takes=[part_of(lot)], draws=draws)

    def test_draw__from_the_account__above_the_batchs_cap(self, world: LotWorld) -> None:
        self.stocked(world)
        self.draw(world, (0, CU_75, 200), (0, CU_75, 100))
        assert account(world) == 200

    @pytest.mark.row("A15")
    def test_draw__more_than_there_is__refused(self, world: LotWorld) -> None:
        self.stocked(world)
        with world.refuses("AccountShort", AURORA, RMM_75, COPPER, 500, 501):
            self.draw(world, (0, CU_75, 501))
        self.draw(world, (0, CU_75, 500))
        with world.refuses("AccountShort", AURORA, RMM_75, COPPER, 0, 1):
            self.draw(world, (0, CU_75, 1))

    @pytest.mark.row("A18")
    def test_draw__other_site_programme_metal__own_account_each(self, world: LotWorld) -> None:
        self.stocked(world)
        lot = mixed(world, by="smelter")
        plan = rod(1_000, {CU_75: 1})
        with world.refuses("AccountShort", BAHIA, RMM_75, COPPER, 0, 1):
            world.transform("smelter", BAHIA, plan, takes=[part_of(lot)], draws=[(0, CU_75, 1)])
        for key, programme in ((CU_50, RMM_50), (CU_OTHER, OTHER), (CU_JOINT, JOINT)):
            with world.refuses("AccountShort", AURORA, programme, COPPER, 0, 1):
                self.draw(world, (0, key, 1), plan=rod(1_000, {key: 1}))
        moly = world.held({NET: 9, MO: 1_000, CO2E: 0})
        plan = batch(ROD, MB, {NET: 9, MO: 1_000, MO_75: 1, CO2E: 0})
        with world.refuses("AccountShort", AURORA, RMM_75, 42, 0, 1):
            world.transform("mine", AURORA, plan, takes=[part_of(moly)], draws=[(0, MO_75, 1)])

    @pytest.mark.row("A18")
    def test_draw__oldest_first_and_no_longer_than_it_lives(self, world: LotWorld) -> None:
        self.stocked(world, 100)
        world.at(QUARTER_END + 10 * DAY)
        self.stocked(world, 50)
        assert (account(world, period=Q1), account(world, period=Q2)) == (100, 50)
        self.draw(world, (0, CU_75, 70))
        assert (account(world, period=Q1), account(world, period=Q2)) == (30, 50)
        # 2027-03-31 is the last day of what came in in the first quarter of 2026.
        old = mixed(world)
        world.at(QUARTER_END + 365 * DAY - 10)
        assert account(world, period=Q1) == 30
        world.at(QUARTER_END + 365 * DAY)
        assert account(world, period=Q1) == 0
        plan = rod(1_000, {CU_75: 51})
        with world.refuses("AccountShort", AURORA, RMM_75, COPPER, 50, 51):
            world.transform("mine", AURORA, plan, takes=[part_of(old)], draws=[(0, CU_75, 51)])
        plan = rod(1_000, {CU_75: 50})
        world.transform("mine", AURORA, plan, takes=[part_of(old)], draws=[(0, CU_75, 50)])

    def test_draw__more_than_the_metal__refused(self, world: LotWorld) -> None:
        self.stocked(world, 2_000)
        with world.refuses("CreditAboveMetal", 0, COPPER, 1_001, 1_000):
            self.draw(world, (0, CU_75, 1_001))

    @pytest.mark.row("A18")
    def test_draw__not_needed__does_not_become_young_again(self, world: LotWorld) -> None:
        """Drawn, left and entered again, credit would never expire."""
        self.stocked(world)
        with world.refuses("DrawUnused", 0, CU_75, 100, 40):
            self.draw(world, (0, CU_75, 100), plan=rod(1_000, {CU_75: 60}))

    def test_draw__for_what_cannot_have_it__refused(self, world: LotWorld) -> None:
        self.stocked(world)
        for draw, plan in (
            ((1, CU_75, 1), rod(1_000, {CU_75: 1})),
            ((0, CU, 1), rod(1_000, {CU_75: 1})),
            ((0, CO2E, 1), rod(1_000, {CU_75: 1})),
        ):
            with world.refuses("NotDrawable", *draw[:2]):
                self.draw(world, draw, plan=plan)
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 0}, model=CB)
        with world.refuses("NotDrawable", 0, CU_75):
            world.transform(
                "mine",
                AURORA,
                rod(1_000, {CU_75: 1}, model=CB),
                takes=[part_of(lot)],
                draws=[(0, CU_75, 1)],
            )
        for quantity in (0, MAXIMUM + 1):
            with world.refuses("QuantityOutOfBounds", CU_75, quantity, 1, MAXIMUM):
                self.draw(world, (0, CU_75, quantity), plan=rod(1_000, {CU_75: 1}))


class TestReductions:
    @pytest.mark.row("A20")
    def test_reduction__to_a_lower_level__never_back(self, world: LotWorld) -> None:
        lot = mixed(world, c75=600, c50=400)
        plan = rod(1_000, {CU_50: 1_000, CU_75: 0})
        with world.refuses("NotReducible", CU_50, CU_75):
            up = rod(1_000, {CU_75: 1_000, CU_50: 0})
            world.transform(
                "mine", AURORA, up, takes=[part_of(lot)], reductions=[(CU_50, CU_75, 400)]
            )
        with world.refuses("CreditAboveCap", 0, CU_75, 601, 600):
            world.transform(
                "mine", AURORA, rod(1_000, {CU_75: 601, CU_50: 0}), takes=[part_of(lot)]
            )
        world.transform(
            "mine", AURORA, plan, takes=[part_of(lot)], reductions=[(CU_75, CU_50, 600)]
        )

    def test_reduction__step_by_step__in_its_order(self, world: LotWorld) -> None:
        lot = mixed(world, joint=1_000)
        plan = batch(ROD, MB, {NET: 9, CU: 1_000, CO2E: 0, CU_50: 1_000, CU_75: 0})
        steps = [(CU_JOINT, CU_75, 1_000), (CU_75, CU_50, 1_000)]
        with world.refuses("ReducedTooMuch", CU_75, 0, 1_000):
            world.transform("mine", AURORA, plan, takes=[part_of(lot)], reductions=steps[::-1])
        world.transform("mine", AURORA, plan, takes=[part_of(lot)], reductions=steps)

    def test_reduction__of_what_it_cannot_be__refused(self, world: LotWorld) -> None:
        lot = mixed(world, c75=600)
        plan = rod(1_000, {CU_75: 600, CU_50: 0})
        for before, after in ((CU_75, CU), (NET, CU_50), (CU_75, MO_75)):
            with world.refuses("NotReducible", before, after):
                world.transform(
                    "mine", AURORA, plan, takes=[part_of(lot)], reductions=[(before, after, 1)]
                )
        for quantity in (0, MAXIMUM + 1):
            with world.refuses("QuantityOutOfBounds", CU_75, quantity, 1, MAXIMUM):
                world.transform(
                    *("mine", AURORA, plan),
                    takes=[part_of(lot)],
                    reductions=[(CU_75, CU_50, quantity)],
                )
        with world.refuses("ReducedTooMuch", CU_75, 600, 601):
            world.transform(
                "mine", AURORA, plan, takes=[part_of(lot)], reductions=[(CU_75, CU_50, 601)]
            )
        content = world.draft(AURORA, rod(1_000, {CU_75: 0}), takes=[part_of(lot)])
        content["reductions"] = [(CU_75, CU_50, 1)]
        with world.refuses("UnknownColumn", CU_50):
            world.submit("mine", "transform", content)


class TestSuspension:
    def suspended(self, world: LotWorld) -> Lot:
        lot = mixed(world, c75=600)
        certificate = world.certificates["aurora"]
        world.act("body", "Assurance", "suspend", certificate, fresh())
        return lot

    def test_suspension__take_of_origin_credit__only_if_waived(self, world: LotWorld) -> None:
        lot = self.suspended(world)
        with world.refuses("CreditSuspended", AURORA, RMM_75):
            world.transform("mine", AURORA, rod(1_000, {CU_75: 600}), takes=[part_of(lot)])
        waiving = part_of(lot, None, 0, CU_75)
        with world.refuses("CreditAboveCap", 0, CU_75, 1, 0):
            world.transform("mine", AURORA, rod(1_000, {CU_75: 1}), takes=[waiving])
        world.transform("mine", AURORA, rod(1_000, {CU_75: 0}), takes=[waiving])
        assert account(world) == 0, "what is waived ends"

    def test_suspension__lifted__credit_goes_on(self, world: LotWorld) -> None:
        lot = self.suspended(world)
        world.act("body", "Assurance", "lift", world.certificates["aurora"], fresh())
        world.transform("mine", AURORA, rod(1_000, {CU_75: 600}), takes=[part_of(lot)])

    def test_suspension__credit_that_went_on_before__is_flagged_by_lineage_only(
        self, world: LotWorld
    ) -> None:
        lot = mixed(world, c75=600)
        (made,) = world.transform("mine", AURORA, rod(1_000, {CU_75: 600}), takes=[part_of(lot)])
        later = world.open("mine", made.lot())
        world.act("body", "Assurance", "suspend", world.certificates["aurora"], fresh())
        world.transform("mine", AURORA, rod(1_000, {CU_75: 600}), takes=[part_of(later)])

    def test_suspension__production_while_suspended__has_no_credit(self, world: LotWorld) -> None:
        self.suspended(world)
        world.wait(2 * DAY)
        with world.refuses("CertificateSuspended", world.certificates["aurora"], None):
            mixed(world, c75=600)


def test_credit__retired_or_lost__never_comes_back(world: LotWorld) -> None:
    lot = mixed(world, c75=1_000)
    world.transform(
        "mine",
        AURORA,
        rod(300, {CU_75: 300}),
        takes=[part_of(lot, 400)],
        losses=[(CU, 100, DUST)],
    )
    world.custody("mine", "retire", [lot.id], 1)
    with world.refuses("LotNotInState", lot.id, 4, 1):
        world.transform("mine", AURORA, rod(600, {CU_75: 600}), takes=[part_of(lot, 600, 400)])
    assert account(world) == 0


def test_units__credit_of_one_vehicle__is_its_metals(world: LotWorld) -> None:
    lot = mixed(world, metal=10, c75=7)
    lots = [{NET: 5, CU: 5, CO2E: 0, CU_75: 5, VEHICLES: 1}, {NET: 5, CU: 5, CO2E: 0, CU_75: 2}]
    lots[1][VEHICLES] = 1
    world.transform("mine", AURORA, batch(CATHODE, MB, *lots), takes=[part_of(lot)])
