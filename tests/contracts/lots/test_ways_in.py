"""``originate``, ``declareExternal``, ``gain``: what comes in, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.lots.evm import address_of
from tests.contracts.lots.paper import (
    BOUGHT_IN,
    CB,
    IP,
    MAXIMUM,
    MB,
    OTHER_LOSS,
    PROCESS,
    Plan,
    batch,
    column,
    fresh,
    part_of,
)
from tests.contracts.lots.world import (
    AU,
    AURORA,
    BAHIA,
    CATHODE,
    CO2E,
    CONCENTRATE,
    COPPER,
    CORDILLERA,
    CU,
    CU_50,
    CU_75,
    CU_EXTERNAL,
    CU_JOINT,
    CU_RECYCLED,
    DAY,
    IDS,
    NET,
    QUARTER_END,
    SCRAP,
    YARD,
    LotWorld,
)

COPPER_LOT = {NET: 1_000, CU: 900, CO2E: 2_000}


def copper(**changes: Any) -> Plan:
    return batch(CATHODE, MB, COPPER_LOT).saying(**changes)


def outside(quantity: int = 1_000, *, key: int = CU_EXTERNAL, model: int = CB) -> Plan:
    return batch(CATHODE, model, {NET: quantity, CU: quantity, key: quantity, CO2E: quantity})


class TestOriginate:
    def test_originate__metal_of_a_site__recorded_and_counted(self, world: LotWorld) -> None:
        (made,) = world.originate("mine", AURORA, copper())
        header = made.header
        assert (header.version, header.kind, header.issuer) == (1, 1, IDS["mine"])
        assert header.by == address_of("mine").lower()
        assert (header.site, header.origin_site) == (AURORA, AURORA)
        assert (header.model, header.flags, header.size) == (MB, 0, 1)
        assert header.anchored_at == world.now
        period = world.contracts.read("LotBook", "periodOf", world.now - 1)
        assert period == 2026 * 4
        assert world.contracts.read("LotBook", "periodUse", AURORA, COPPER, period) == (900, 0, 0)

    @pytest.mark.row("A08")
    def test_originate__account_of_nobody__refused(self, world: LotWorld) -> None:
        with world.refuses("NotOperator", address_of("stranger").lower()):
            world.originate("stranger", AURORA, copper())

    def test_originate__site_of_another__refused(self, world: LotWorld) -> None:
        with world.refuses("NotSiteOperator", CORDILLERA, IDS["mine"]):
            world.originate("mine", CORDILLERA, copper())

    def test_originate__site_that_is_not_registered__refused(self, world: LotWorld) -> None:
        with world.refuses("NotSiteOperator", 99, IDS["mine"]):
            world.originate("mine", 99, copper())

    def test_originate__class_that_is_not_registered__refused(self, world: LotWorld) -> None:
        with world.refuses("UnknownProductClass", 99):
            world.originate("mine", AURORA, copper(product_class=99))

    @pytest.mark.parametrize("key", [column(2, 0, 30), column(6, 9), column(1, 3), column(7)])
    def test_originate__column_that_is_not_registered__refused(
        self, world: LotWorld, key: int
    ) -> None:
        unit = key >> 28 == 6
        held = {**COPPER_LOT, key: int(unit)}
        plan = replace(batch(CATHODE, MB, held), reference=key if unit else NET)
        with world.refuses("UnknownColumn", key):
            world.originate("mine", AURORA, plan)

    def test_originate__programme_that_is_not_registered__refused(self, world: LotWorld) -> None:
        plan = batch(CATHODE, MB, {**COPPER_LOT, column(5, 9, COPPER): 5})
        with world.refuses("UnknownProgramme", 9):
            world.originate("mine", AURORA, plan)

    def test_transform__programme_that_is_not_registered__refused(self, world: LotWorld) -> None:
        lot = world.held(COPPER_LOT)
        plan = batch(CATHODE, MB, {**COPPER_LOT, column(5, 9, COPPER): 0})
        with world.refuses("UnknownProgramme", 9):
            world.transform("mine", AURORA, plan, takes=[part_of(lot)])

    @pytest.mark.parametrize(
        ("length", "early", "late"), [(0, 0, 0), (-1, 0, 0), (DAY, 0, 1), (DAY, 0, 10_000)]
    )
    def test_originate__window_that_is_empty_or_not_over__refused(
        self, world: LotWorld, length: int, early: int, late: int
    ) -> None:
        until = world.now - early + late + (100 if late else 0)
        with world.refuses("ProductionWindow", until - length, until, None):
            world.originate("mine", AURORA, copper(), window=(until - length, until))

    def test_originate__recorded_on_the_last_day__and_a_second_later(self, world: LotWorld) -> None:
        until = world.now
        window = (until - DAY, until)
        world.at(until + 30 * DAY - 10)
        world.originate("mine", AURORA, copper(), window=window)
        world.at(until + 30 * DAY + 1)
        with world.refuses("TooLate", until, until + 30 * DAY, None):
            world.originate("mine", AURORA, copper(), window=window)

    @pytest.mark.row("A38", "A39")
    def test_originate__capacity_of_the_quarter__kept_to_the_gram(self, world: LotWorld) -> None:
        """What a licensed site can dig is on record: more is not to be had under its name."""
        plan = batch(CATHODE, MB, {NET: 10**9, CU: 10**9, CO2E: 0})
        with world.refuses("OverCapacity", AURORA, COPPER, 8104, 10**9 + 1, 10**9):
            more = batch(CATHODE, MB, {NET: 10**9, CU: 10**9 + 1, CO2E: 0})
            world.originate("mine", AURORA, more)
        world.originate("mine", AURORA, plan)
        with world.refuses("OverCapacity", AURORA, COPPER, 8104, 10**9 + 1, 10**9):
            world.originate("mine", AURORA, batch(CATHODE, MB, {NET: 1, CU: 1, CO2E: 0}))

    @pytest.mark.row("A39")
    def test_originate__last_second_of_a_quarter__is_the_old_quarters(
        self, world: LotWorld
    ) -> None:
        plan = batch(CATHODE, MB, {NET: 10**9, CU: 10**9, CO2E: 0})
        one = batch(CATHODE, MB, {NET: 1, CU: 1, CO2E: 0})
        world.at(QUARTER_END + DAY)
        world.originate("mine", AURORA, plan, window=(QUARTER_END - DAY, QUARTER_END))
        with world.refuses("OverCapacity", AURORA, COPPER, 8104, 10**9 + 1, 10**9):
            world.originate("mine", AURORA, one, window=(QUARTER_END - 2, QUARTER_END - 1))
        world.originate("mine", AURORA, one, window=(QUARTER_END, QUARTER_END + 1))
        read = world.contracts.read
        assert read("LotBook", "periodUse", AURORA, COPPER, 8104) == (10**9, 0, 0)
        assert read("LotBook", "periodUse", AURORA, COPPER, 8105) == (1, 0, 0)

    def test_originate__no_capacity_for_the_metal__refused(self, world: LotWorld) -> None:
        plan = batch(CATHODE, MB, {NET: 10, CU: 10, CO2E: 0})
        with world.refuses("OverCapacity", BAHIA, COPPER, 8104, 10, 0):
            world.originate("smelter", BAHIA, plan)

    def test_originate__credit_under_its_certificates__enters(self, world: LotWorld) -> None:
        held = {NET: 1_000, CU: 1_000, CO2E: 1, CU_75: 1_000}
        world.originate("mine", AURORA, batch(CATHODE, IP, held))
        joint = {NET: 1_000, CU: 1_000, CO2E: 1, CU_JOINT: 1_000}
        world.originate("mine", AURORA, batch(CATHODE, IP, joint))

    @pytest.mark.row("A20")
    def test_originate__credit_above_the_certificates_level__refused(self, world: LotWorld) -> None:
        held = {NET: 1_000, CU: 1_000, CO2E: 1, CU_75: 1_000}
        with world.refuses("LevelTooLow", world.certificates["cordillera"], 1, 2):
            world.originate("cordillera", CORDILLERA, batch(CATHODE, IP, held))

    @pytest.mark.parametrize("covers", [(), ((CU_50, (1,)),)])
    def test_originate__credit_without_certificate__refused(
        self, world: LotWorld, covers: Any
    ) -> None:
        plan = batch(CATHODE, MB, {**COPPER_LOT, CU_75: 900})
        with world.refuses("CoverMissing", CU_75):
            world.originate("mine", AURORA, plan, covers=covers)

    def test_originate__certificate_without_credit__refused(self, world: LotWorld) -> None:
        covers = [(CU_75, [world.certificates["aurora"]])]
        with world.refuses("CoverMissing", CU_75):
            world.originate("mine", AURORA, copper(), covers=covers)

    def test_originate__produced_before_the_certificate__refused(self, world: LotWorld) -> None:
        """N07: what was made outside the recorded window has no credit."""
        plan = batch(CATHODE, MB, {NET: 10, CU: 10, CO2E: 0, CU_75: 10})
        world.at(1_790_812_800 + DAY)
        with world.refuses("OutsideWindow"):
            world.originate("mine", AURORA, plan)

    def test_originate__takes_losses_and_the_like__refused(self, world: LotWorld) -> None:
        lot = world.held(COPPER_LOT)
        changes: dict[str, dict[str, Any]] = {
            "takes": {"takes": [part_of(lot)]},
            "firstMeasured": {"first_measured": [(CU, 1)]},
            "losses": {"losses": [(CU, 1, OTHER_LOSS)]},
            "recycled": {"recycled": True},
        }
        for name, change in changes.items():
            with world.refuses("NotInThisRun", name.encode().ljust(32, b"\0")):
                world.originate("mine", AURORA, copper(), **change)
        plan = batch(CATHODE, MB, {**COPPER_LOT, CU_75: 9})
        with world.refuses("NotInThisRun", b"credit".ljust(32, b"\0")):
            world.originate("mine", AURORA, plan, draws=[(0, CU_75, 1)])

    def test_originate__source__refused(self, world: LotWorld) -> None:
        source = fresh()
        with world.refuses("SourceMissing", source):
            world.originate("mine", AURORA, copper(), source=source)

    @pytest.mark.row("A03")
    def test_originate__root_of_before__refused(self, world: LotWorld) -> None:
        plan = copper()
        world.originate("mine", AURORA, plan)
        with world.refuses("AlreadyIssued", IDS["mine"], plan.tree.root):
            world.originate("mine", AURORA, plan)
        world.originate("cordillera", CORDILLERA, plan)  # another issuer's own

    def test_originate__root_twice_in_a_run__refused(self, world: LotWorld) -> None:
        plan = copper()
        with world.refuses("AlreadyIssued", IDS["mine"], plan.tree.root):
            world.originate("mine", AURORA, plan, plan)

    def test_originate__zero_root_or_size__refused(self, world: LotWorld) -> None:
        with world.refuses("ZeroRoot"):
            world.originate("mine", AURORA, copper(root=bytes(32)))
        for size in (0, MAXIMUM + 1):
            with world.refuses("Count", b"size".ljust(32, b"\0"), size, 1, MAXIMUM):
                world.originate("mine", AURORA, copper(size=size))


class TestDeclareExternal:
    @pytest.mark.row("A41")
    def test_external__metal_from_outside__its_class_and_flag_for_ever(
        self, world: LotWorld
    ) -> None:
        made = world.external("gris", outside())
        assert (made.header.kind, made.header.site, made.header.origin_site) == (2, 0, 0)
        assert made.header.flags == 1
        period = 8104
        assert world.contracts.read("LotBook", "ceilingUse", IDS["gris"], COPPER, period) == 1_000

    @pytest.mark.row("A41")
    def test_external__recycled__flagged_recycled(self, world: LotWorld) -> None:
        plan = outside(key=CU_RECYCLED)
        made = world.external("recycler", plan, site=YARD, recycled=True)
        assert (made.header.flags, made.header.site) == (2, YARD)

    def test_external__site_of_another__refused(self, world: LotWorld) -> None:
        with world.refuses("NotSiteOperator", YARD, IDS["gris"]):
            world.external("gris", outside(), site=YARD)

    @pytest.mark.row("A41")
    @pytest.mark.parametrize("recycled", [False, True])
    def test_external__class_of_less_than_all_metal__refused(
        self, world: LotWorld, recycled: bool
    ) -> None:
        key, other = (CU_RECYCLED, CU_EXTERNAL) if recycled else (CU_EXTERNAL, CU_RECYCLED)
        held = {NET: 1_000, CU: 1_000, CO2E: 1_000}
        with world.refuses("QuantityOutOfBounds", key, 999, 1_000, 1_000):
            world.external("gris", batch(CATHODE, CB, {**held, key: 999}), recycled=recycled)
        with world.refuses("UnknownColumn", key):
            world.external("gris", batch(CATHODE, CB, held), recycled=recycled)
        with world.refuses("ClassAtWayIn", other, 1_000):
            world.external("gris", batch(CATHODE, CB, {**held, other: 1_000}), recycled=recycled)

    @pytest.mark.row("A17")
    def test_external__source_used_before__refused(self, world: LotWorld) -> None:
        source = fresh()
        first = world.external("gris", outside(), source=source)
        held = world.contracts.read("LotBook", "sourceBatch", source)
        with world.refuses("SourceUsed", source, held):
            world.external("recycler", outside(), source=source)
        assert first.header.kind == 2

    def test_external__no_source__refused(self, world: LotWorld) -> None:
        with world.refuses("SourceMissing", bytes(32)):
            world.external("gris", outside(), source=bytes(32))

    @pytest.mark.row("A38")
    def test_external__ceiling_of_the_member__kept_to_the_gram(self, world: LotWorld) -> None:
        world.external("gris", outside(250_000_000))
        with world.refuses("OverCeiling", IDS["gris"], COPPER, 8104, 250_000_001, 250_000_000):
            world.external("gris", outside(1))
        with world.refuses("OverCeiling", IDS["mine"], COPPER, 8104, 1, 0):
            world.external("mine", outside(1))

    def test_external__below_the_default_of_its_class__refused(self, world: LotWorld) -> None:
        def concentrate(co2e: int) -> Plan:
            return batch(CONCENTRATE, CB, {NET: 1_001, CU: 300, CU_EXTERNAL: 300, CO2E: co2e})

        with world.refuses("BelowDefault", CONCENTRATE, 960, 961):
            world.external("gris", concentrate(960))
        world.external("gris", concentrate(961))

    def test_external__credit_or_another_model__refused(self, world: LotWorld) -> None:
        held = {NET: 9, CU: 9, CU_EXTERNAL: 9, CO2E: 9}
        with world.refuses("CoverMissing", CU_75):
            world.external("gris", batch(CATHODE, CB, {**held, CU_75: 1}))
        for model in (IP, 2, MB):
            with world.refuses("UnknownValue", b"model".ljust(32, b"\0"), model):
                world.external("gris", batch(CATHODE, model, held))

    def test_external__two_batches__refused(self, world: LotWorld) -> None:
        plans = outside(), outside()
        content = world.draft(0, *plans, source=fresh(), emissions=[(BOUGHT_IN, 2_000)])
        with world.refuses("Count", b"outputs".ljust(32, b"\0"), 2, 1, 1):
            world.submit("gris", "declareExternal", content, *plans)

    def test_external__certificates__refused(self, world: LotWorld) -> None:
        with world.refuses("NotInThisRun", b"covers".ljust(32, b"\0")):
            world.external("gris", outside(), covers=[(CU_75, [1])])


class TestGain:
    def test_gain__part_of_what_went_through__bounded_to_the_gram(self, world: LotWorld) -> None:
        lot = world.held({NET: 1_000_000, CU: 1_000_000, CO2E: 0})
        whole = batch(CATHODE, MB, {NET: 1_000_000, CU: 1_000_000, CO2E: 0})
        found = batch(CATHODE, CB, {NET: 5_000, CU: 5_000, CO2E: 0})
        with world.refuses("OverGain", AURORA, COPPER, 8104, 5_000, 0):
            world.gain("mine", AURORA, found)
        world.transform("mine", AURORA, whole, takes=[part_of(lot)])
        made = world.gain("mine", AURORA, found)
        assert (made.header.kind, made.header.flags, made.header.origin_site) == (3, 8, 0)
        assert world.contracts.read("LotBook", "periodUse", AURORA, COPPER, 8104) == (
            1_000_000,
            1_000_000,
            5_000,
        )
        with world.refuses("OverGain", AURORA, COPPER, 8104, 5_001, 5_000):
            world.gain("mine", AURORA, batch(CATHODE, CB, {NET: 1, CU: 1, CO2E: 0}))

    def test_gain__metal_that_never_went_through__refused(self, world: LotWorld) -> None:
        with world.refuses("OverGain", AURORA, 79, 8104, 1, 0):
            world.gain("mine", AURORA, batch(CATHODE, CB, {NET: 1, AU: 1, CO2E: 0}))

    def test_gain__below_the_default__refused(self, world: LotWorld) -> None:
        with world.refuses("BelowDefault", SCRAP, 0, 1):
            world.gain("mine", AURORA, batch(SCRAP, CB, {CU: 1, CO2E: 0}))

    def test_gain__credit_source_or_no_site__refused(self, world: LotWorld) -> None:
        held = {NET: 1, CU: 1, CO2E: 0}
        with world.refuses("CoverMissing", CU_75):
            world.gain("mine", AURORA, batch(CATHODE, CB, {**held, CU_75: 1}))
        source = fresh()
        with world.refuses("SourceMissing", source):
            world.gain("mine", AURORA, batch(CATHODE, CB, held), source=source)
        with world.refuses("NotSiteOperator", 0, IDS["mine"]):
            world.gain("mine", 0, batch(CATHODE, CB, held))


def test_emissions__more_or_less_than_a_way_in_carries__refused(world: LotWorld) -> None:
    for given in (1_999, 2_001):
        with world.refuses("Co2eMismatch", given, 2_000):
            world.originate("mine", AURORA, copper(), emissions=[(PROCESS, given)])
