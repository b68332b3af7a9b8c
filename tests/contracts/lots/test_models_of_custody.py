"""Chains of custody in runs, origin classes that travel, and lots judged against their batch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.lots.paper import CB, IP, MB, SG, SLAG, Lot, Plan, batch, part_of
from tests.contracts.lots.world import (
    AU,
    AURORA,
    CATHODE,
    CO2E,
    COPPER,
    CORDILLERA,
    CU,
    CU_50,
    CU_75,
    CU_EXTERNAL,
    CU_RECYCLED,
    NET,
    ROD,
    SCRAP,
    TYRES,
    YARD,
    LotWorld,
)

PURE = {NET: 1_000, CU: 1_000, CO2E: 100, CU_75: 1_000}


def from_outside(
    world: LotWorld, quantity: int = 1_000, *, recycled: bool = False, to: str = "mine"
) -> Lot:
    """An opened lot from outside in somebody's hands."""
    key = CU_RECYCLED if recycled else CU_EXTERNAL
    plan = batch(CATHODE, CB, {NET: quantity, CU: quantity, key: quantity, CO2E: quantity})
    made = world.external("recycler", plan, site=YARD, recycled=recycled)
    lot = world.open("recycler", made.lot())
    world.pass_on(lot, "recycler", to)
    return lot


class TestModels:
    @pytest.mark.row("A19")
    @pytest.mark.parametrize("held", [IP, SG, CB, MB])
    @pytest.mark.parametrize("wanted", [IP, SG, CB, MB])
    def test_model__weaker_always_stronger_never(
        self, world: LotWorld, held: int, wanted: int
    ) -> None:
        lot = world.held(PURE, model=held)
        plan = batch(ROD, wanted, PURE)
        if wanted < held:
            with world.refuses("ModelStrengthens", 0, held, wanted):
                world.transform("mine", AURORA, plan, takes=[part_of(lot)])
        else:
            (made,) = world.transform("mine", AURORA, plan, takes=[part_of(lot)])
            assert made.header.model == wanted

    @pytest.mark.row("A19")
    def test_model__weakest_input_of_many__decides(self, world: LotWorld) -> None:
        takes = [part_of(world.held(PURE, model=model)) for model in (IP, MB, SG)]
        whole = {key: 3 * each for key, each in PURE.items()}
        with world.refuses("ModelStrengthens", 0, MB, CB):
            world.transform("mine", AURORA, batch(ROD, CB, whole), takes=takes)
        world.transform("mine", AURORA, batch(ROD, MB, whole), takes=takes)

    @pytest.mark.parametrize("model", [0, 5, 255])
    def test_model__that_is_not_defined__refused(self, world: LotWorld, model: int) -> None:
        """Book and claim is no model of lots: nothing links the goods with what was certified."""
        lot = world.held(PURE)
        with world.refuses("UnknownValue", b"model".ljust(32, b"\0"), model):
            world.transform("mine", AURORA, batch(ROD, model, PURE), takes=[part_of(lot)])
        with world.refuses("UnknownValue", b"model".ljust(32, b"\0"), model):
            world.originate("mine", AURORA, batch(ROD, model, PURE))

    @pytest.mark.row("A19")
    def test_model__segregated_with_an_uncertified_input__refused(self, world: LotWorld) -> None:
        """N09: conventional metal in it is never segregated, whatever the certified share."""
        pure = world.held(PURE, model=SG)
        blend = world.held({**PURE, CU_75: 999}, model=CB)
        for takes, weakest in (([pure, blend], CB), ([blend], CB)):
            whole = {key: len(takes) * each for key, each in PURE.items()}
            with world.refuses("ModelStrengthens", 0, weakest, SG):
                plan = batch(ROD, SG, {**whole, CU_75: whole[CU] - 1})
                world.transform("mine", AURORA, plan, takes=[part_of(lot) for lot in takes])
        with world.refuses("ModelCondition", 0, SG, CU, 999, 1_000):
            world.originate("mine", AURORA, batch(ROD, SG, {**PURE, CU_75: 999}))

    def test_model__segregated_and_part_waived__refused(self, world: LotWorld) -> None:
        lot = world.held(PURE, model=SG)
        plan = batch(ROD, SG, {**PURE, CU_75: 0})
        with world.refuses("ModelCondition", 0, SG, 0, 0, 1):
            world.transform("mine", AURORA, plan, takes=[part_of(lot, None, 0, CU_75)])

    def test_model__segregated_under_two_programmes__is_not_one(self, world: LotWorld) -> None:
        held = {NET: 1_000, CU: 1_000, CO2E: 100, CU_75: 500, CU_50: 500}
        with world.refuses("ModelCondition", 0, SG, CU, 500, 1_000):
            world.originate("mine", AURORA, batch(CATHODE, SG, held))

    def test_model__segregated_needs_credit_of_each_metal(self, world: LotWorld) -> None:
        with world.refuses("ModelCondition", 0, IP, AU, 0, 5):
            world.originate("mine", AURORA, batch(CATHODE, IP, {**PURE, AU: 5}))

    def test_model__identity_preserved__one_origin_site(self, world: LotWorld) -> None:
        held = {NET: 1_000, CU: 1_000, CO2E: 100, CU_50: 1_000}
        (one,) = world.originate("mine", AURORA, batch(CATHODE, IP, held))
        (other,) = world.originate("cordillera", CORDILLERA, batch(CATHODE, IP, held))
        first = world.open("mine", one.lot())
        second = world.open("cordillera", other.lot())
        world.pass_on(second, "cordillera", "mine")
        takes = [part_of(first), part_of(second)]
        whole = {key: 2 * each for key, each in held.items()}
        with world.refuses("ModelCondition", 0, IP, 0, 0, 1):
            world.transform("mine", AURORA, batch(ROD, IP, whole), takes=takes)
        (made,) = world.transform("mine", AURORA, batch(ROD, SG, whole), takes=takes)
        assert made.header.origin_site == 0
        lot = world.open("mine", made.lot())
        with world.refuses("ModelStrengthens", 0, SG, IP):
            world.transform("mine", AURORA, batch(CATHODE, IP, whole), takes=[part_of(lot)])

    def test_model__identity_preserved_through_a_second_site__keeps_its_origin(
        self, world: LotWorld
    ) -> None:
        lot = world.held(PURE, model=IP, by="rodmill")
        (made,) = world.transform("rodmill", 4, batch(ROD, IP, PURE), takes=[part_of(lot)])
        assert (made.header.site, made.header.origin_site) == (4, AURORA)

    def test_model__blended_batches_of_a_class__one_proportion(self, world: LotWorld) -> None:
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 0, CU_75: 784}, model=CB)

        def plans(first: int, second: int) -> tuple[Plan, Plan]:
            held = {NET: 500, CU: 500, CO2E: 0}
            return tuple(batch(ROD, CB, {**held, CU_75: each}) for each in (first, second))  # type: ignore[return-value]  # two of them

        with world.refuses("ModelCondition", 0, CB, CU_75, 392, 386):
            world.transform("mine", AURORA, *plans(392, 380), takes=[part_of(lot)])
        world.transform("mine", AURORA, *plans(392, 392), takes=[part_of(lot)])


class TestClasses:
    @pytest.mark.row("A41")
    def test_class__external__never_below_its_share(self, world: LotWorld) -> None:
        """Metal from outside does not become a mine's by melting it with a mine's."""
        takes = [
            part_of(world.held({NET: 2_000, CU: 2_000, CO2E: 0})),
            part_of(from_outside(world)),
        ]

        def plans(rod: int, scrap: int) -> tuple[Plan, Plan]:
            return (
                batch(ROD, MB, {NET: 2_500, CU: 2_500, CO2E: 1_000, CU_EXTERNAL: rod}),
                batch(SCRAP, MB, {CU: 500, CO2E: 0, CU_EXTERNAL: scrap}),
            )

        # 1,000 of 3,000: 833.3 and 166.7, both rounded up.
        for rod, scrap, output, given, bound in ((833, 167, 0, 833, 834), (834, 166, 1, 166, 167)):
            with world.refuses("ClassOutOfBounds", output, CU_EXTERNAL, given, bound):
                world.transform("mine", AURORA, *plans(rod, scrap), takes=takes)
        made = world.transform("mine", AURORA, *plans(834, 167), takes=takes)
        assert [each.header.flags & 1 for each in made] == [1, 1]

    @pytest.mark.row("A41")
    def test_class__recycled__never_above_its_share(self, world: LotWorld) -> None:
        primary = world.held({NET: 2_000, CU: 2_000, CO2E: 0})
        takes = [part_of(primary), part_of(from_outside(world, recycled=True))]

        def plans(rod: int, scrap: int) -> tuple[Plan, Plan]:
            return (
                batch(ROD, MB, {NET: 2_500, CU: 2_500, CO2E: 1_000, CU_RECYCLED: rod}),
                batch(SCRAP, MB, {CU: 500, CO2E: 0, CU_RECYCLED: scrap}),
            )

        for rod, scrap, output, given, bound in ((834, 166, 0, 834, 833), (833, 167, 1, 167, 166)):
            with world.refuses("ClassOutOfBounds", output, CU_RECYCLED, given, bound):
                world.transform("mine", AURORA, *plans(rod, scrap), takes=takes)
        made = world.transform("mine", AURORA, *plans(833, 166), takes=takes)
        assert [each.header.flags & 2 for each in made] == [2, 2]

    @pytest.mark.row("A41")
    def test_class__left_out_of_a_batch__external_must_be_there(self, world: LotWorld) -> None:
        lot = from_outside(world)
        plain = batch(ROD, CB, {NET: 1_000, CU: 1_000, CO2E: 1_000})
        with world.refuses("ClassOutOfBounds", 0, CU_EXTERNAL, 0, 1_000):
            world.transform("mine", AURORA, plain, takes=[part_of(lot)])

    def test_class__share_of_losses__is_nobodys(self, world: LotWorld) -> None:
        lot = from_outside(world, 1_000)
        plan = batch(ROD, CB, {NET: 900, CU: 900, CU_EXTERNAL: 900, CO2E: 1_000})
        world.transform("mine", AURORA, plan, takes=[part_of(lot)], losses=[(CU, 100, SLAG)])

    def test_scrap__returned_to_an_earlier_step__has_what_it_inherited(
        self, world: LotWorld
    ) -> None:
        """Scrap is no new metal and no new origin: class, carbon and credit go round with it."""
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 3_000, CU_75: 784})
        rod = batch(ROD, MB, {NET: 900, CU: 900, CO2E: 2_700, CU_75: 705})
        scrap = batch(SCRAP, MB, {NET: 100, CU: 100, CO2E: 300, CU_75: 78})
        made = world.transform("mine", AURORA, rod, scrap, takes=[part_of(lot)])
        back = world.open("mine", made[1].lot())
        again = batch(CATHODE, MB, {NET: 100, CU: 100, CO2E: 300, CU_75: 79})
        with world.refuses("CreditAboveCap", 0, CU_75, 79, 78):
            world.transform("mine", AURORA, again, takes=[part_of(back)])
        again = batch(CATHODE, MB, {NET: 100, CU: 100, CO2E: 300, CU_75: 78})
        (cathode,) = world.transform("mine", AURORA, again, takes=[part_of(back)])
        assert cathode.header.flags == 16

    @pytest.mark.row("A40")
    def test_circle__a_lot_is_no_ancestor_of_itself(self, world: LotWorld) -> None:
        """A to B to A changes who holds it and nothing else; to be remade it must be consumed."""
        lot = world.held({NET: 1_000, CU: 1_000, CO2E: 0})
        world.pass_on(lot, "mine", "smelter")
        world.pass_on(lot, "smelter", "mine")
        record = world.lot_of(lot)
        assert (record[1], record[3], record[7]) == (1, 4, lot.commitment)
        names = [(lot.key, lot.leaf)]
        again = batch(CATHODE, MB, {NET: 1_000, CU: 1_000, CO2E: 0}, names=names)
        with world.refuses("AlreadyIssued", 1, again.tree.root):
            world.transform("mine", AURORA, again, takes=[part_of(lot)])
        again = batch(ROD, MB, {NET: 999, CU: 1_000, CO2E: 0}, names=names)
        (made,) = world.transform("mine", AURORA, again, takes=[part_of(lot)])
        with world.refuses("AlreadyOpen", lot.id, lot.commitment, None):
            world.open("mine", made.lot())


class TestLotsOfABatch:
    def opens(self, world: LotWorld, plan: Plan, index: int = 0, **fields: Any) -> None:
        (made,) = world.originate("mine", AURORA, plan, **fields)
        world.open("mine", made.lot(index))

    def test_lot__more_carbon_than_its_share__never_opens(self, world: LotWorld) -> None:
        lots = [{NET: 10, CU: 10, CO2E: 21}, {NET: 10, CU: 10, CO2E: 19}]
        with world.refuses("Co2eNotUniform", 0, 21, 20, 20):
            self.opens(world, batch(CATHODE, MB, *lots))
        odd = [{NET: 10, CU: 10, CO2E: 21}, {NET: 10, CU: 10, CO2E: 20}]
        self.opens(world, batch(CATHODE, MB, *odd))

    def test_lot__attributed__may_differ_and_says_so(self, world: LotWorld) -> None:
        lots = [{NET: 10, CU: 10, CO2E: 40}, {NET: 10, CU: 10, CO2E: 0}]
        plan = batch(CATHODE, MB, *lots, attributed=True)
        (made,) = world.originate("mine", AURORA, plan)
        assert made.header.flags == 32
        lot = world.open("mine", made.lot(1))
        (later,) = world.transform(
            "mine", AURORA, batch(ROD, MB, {NET: 10, CU: 10, CO2E: 0}), takes=[part_of(lot)]
        )
        assert later.header.flags == 0, "the flag is the batch's own, and is not inherited"

    def test_lot__other_metal_than_its_share__within_tolerance_only(self, world: LotWorld) -> None:
        def plan(first: int) -> Plan:
            return batch(
                CATHODE,
                MB,
                {NET: 10_000, CU: first, CO2E: 0},
                {NET: 10_000, CU: 18_000 - first, CO2E: 0},
            )

        self.opens(world, plan(9_009))
        with world.refuses("MetalNotUniform", 0, CU, 9_010, 9_000):
            self.opens(world, plan(9_010))

    def test_lot__credit_above_its_metal__never_opens(self, world: LotWorld) -> None:
        lots = [{NET: 10, CU: 10, CO2E: 0, CU_75: 11}, {NET: 10, CU: 10, CO2E: 0, CU_75: 0}]
        with world.refuses("CreditAboveMetal", 0, COPPER, 11, 10):
            self.opens(world, batch(CATHODE, MB, *lots))

    def test_lot__mass_balance__all_on_some(self, world: LotWorld) -> None:
        lots = [{NET: 10, CU: 10, CO2E: 0, CU_75: 10}, {NET: 10, CU: 10, CO2E: 0, CU_75: 0}]
        self.opens(world, batch(CATHODE, MB, *lots))

    def test_lot__blended__the_same_in_every_unit(self, world: LotWorld) -> None:
        lots = [{NET: 10, CU: 10, CO2E: 0, CU_75: 6}, {NET: 10, CU: 10, CO2E: 0, CU_75: 4}]
        with world.refuses("ModelCondition", 0, CB, CU_75, 6, 5):
            self.opens(world, batch(CATHODE, CB, *lots))
        lots = [{NET: 10, CU: 10, CO2E: 0, CU_75: 5}] * 2
        self.opens(world, batch(CATHODE, CB, *lots))

    def test_lot__segregated__each_is_pure(self, world: LotWorld) -> None:
        lots = [
            {NET: 10_000, CU: 9_999, CO2E: 0, CU_75: 9_998},
            {NET: 10_000, CU: 9_999, CO2E: 0, CU_75: 9_999},
        ]
        lots[1][CU_75] += 1
        with world.refuses("ModelCondition", 0, SG, CU, 9_998, 9_999):
            self.opens(world, batch(CATHODE, SG, *lots))

    @pytest.mark.row("A41")
    def test_lot__class__in_proportion_to_the_metal(self, world: LotWorld) -> None:
        def opens(first: int) -> None:
            lots = [
                {NET: 10, CU: 10, CO2E: 10, CU_EXTERNAL: first},
                {NET: 10, CU: 10, CO2E: 10, CU_EXTERNAL: 10 - first},
            ]
            takes = [part_of(outside), part_of(own)]
            (made,) = world.transform("mine", AURORA, batch(ROD, MB, *lots), takes=takes)
            world.open("mine", made.lot())

        outside = from_outside(world, 10)
        own = world.held({NET: 10, CU: 10, CO2E: 10})
        with world.refuses("ClassOutOfBounds", 0, CU_EXTERNAL, 6, 5):
            opens(6)
        with world.refuses("ClassOutOfBounds", 0, CU_EXTERNAL, 4, 5):
            opens(4)
        opens(5)

    def test_lot__class_above_its_metal__never_opens(self, world: LotWorld) -> None:
        """To one unit means that of 1 g of metal 1 g may be external, and not 2 g."""
        outside = from_outside(world, 3)
        own = world.held({NET: 3_001, CU: 1, CO2E: 0})
        lots = [{NET: 1_002, CU: 2, CO2E: 1, CU_EXTERNAL: 3}, {NET: 1_002, CU: 2, CO2E: 2}]
        lots[1][CU_EXTERNAL] = 1
        plan = batch(ROD, MB, *lots)
        (made,) = world.transform("mine", AURORA, plan, takes=[part_of(outside), part_of(own)])
        with world.refuses("ClassOutOfBounds"):
            world.open("mine", made.lot())

    def test_lot__padding__never_opens(self, world: LotWorld) -> None:
        plan = batch(CATHODE, MB, {NET: 10, CU: 10, CO2E: 5}, {}, {})
        with world.refuses("ZeroReference", 0):
            self.opens(world, plan, 1)
        (made,) = world.originate("mine", AURORA, batch(CATHODE, MB, {NET: 9, CU: 9, CO2E: 0}, {}))
        world.open("mine", made.lot())


@pytest.mark.row("A56", "T43")
def test_tyres__a_serial__certified_and_retired_once(world: LotWorld) -> None:
    """Extended producer responsibility: a tyre is a lot of one unit, and its end is said once."""
    lots = [{NET: 9_000, CO2E: 20_000, TYRES: 1}] * 4
    made = world.external("recycler", batch(18, CB, *lots), site=YARD)
    assert made.header.reference == TYRES
    tyre, second, *_ = made
    world.open("recycler", tyre)
    world.custody("recycler", "retire", [tyre.id], 1)
    with world.refuses("LotNotInState", tyre.id, 4, 1):
        world.custody("recycler", "retire", [tyre.id], 1)
    with world.refuses("AlreadyOpen", tyre.id, tyre.commitment, tyre.commitment):
        world.open("recycler", tyre)
    # The same serial in another batch, whatever its statement says.
    names = [(tyre.key, b"\x07" * 32)]
    again = world.external("recycler", batch(18, CB, lots[0], names=names), site=YARD)
    with world.refuses("AlreadyOpen", tyre.id, tyre.commitment, None):
        world.open("recycler", again.lot())
    # Another recycler cannot end what it does not hold, nor bring in the same source.
    world.open("recycler", second)
    with world.refuses("NotHolder", second.id, 13, 14):
        world.custody("rival", "retire", [second.id], 1)
    source = b"\x09" * 32
    world.external("recycler", batch(18, CB, lots[0]), site=YARD, source=source)
    with world.refuses("SourceUsed", source, None):
        world.external("rival", batch(18, CB, lots[0]), site=11, source=source)
