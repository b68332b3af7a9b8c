"""Units, origin classes, and batches and runs that are sound by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.lots.paper import (
    ASSEMBLED,
    CB,
    DUST,
    MAXIMUM,
    MB,
    PROCESS,
    Plan,
    batch,
    column,
    part_of,
)
from tests.contracts.lots.world import (
    AU,
    AURORA,
    CABLES,
    CATHODE,
    CO2E,
    COPPER,
    CU,
    CU_75,
    CU_EXTERNAL,
    CU_RECYCLED,
    NET,
    ROD,
    VEHICLES,
    LotWorld,
)

HELD = {NET: 1_000, CU: 900, CO2E: 2_000}


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def rod(copper: int = 900, co2e: int = 2_000, net: int = 1_000, **changes: Any) -> Plan:
    return batch(ROD, MB, {NET: net, CU: copper, CO2E: co2e}).saying(**changes)


class TestUnits:
    def test_units__begin_are_assembled_and_end(self, world: LotWorld) -> None:
        lot = world.held({NET: 600, CU: 300, CO2E: 60})
        sets = batch(CATHODE, MB, *[{NET: 100, CU: 50, CO2E: 10, CABLES: 1}] * 6)
        (cables,) = world.transform("mine", AURORA, sets, takes=[part_of(lot)])
        assert cables.header.reference == CABLES
        lots = [world.open("mine", each) for each in cables]
        takes = [part_of(each) for each in lots]
        cars = batch(ROD, MB, *[{NET: 200, CU: 100, CO2E: 20, VEHICLES: 1}] * 3)
        with world.refuses("UnitMismatch", CABLES, 6, 0):
            world.transform("mine", AURORA, cars, takes=takes)
        with world.refuses("UnitMismatch", CABLES, 6, 5):
            world.transform("mine", AURORA, cars, takes=takes, losses=[(CABLES, 5, ASSEMBLED)])
        world.transform("mine", AURORA, cars, takes=takes, losses=[(CABLES, 6, ASSEMBLED)])

    def test_units__more_out_than_in__refused(self, world: LotWorld) -> None:
        lot = world.held({NET: 4, CU: 4, CO2E: 0, VEHICLES: 2})
        with world.refuses("UnitMismatch", VEHICLES, 2, 3):
            plan = batch(ROD, MB, {NET: 4, CU: 4, CO2E: 0, VEHICLES: 3})
            world.transform("mine", AURORA, plan, takes=[part_of(lot)])
        with world.refuses("UnitMismatch", CABLES, 0, 1):
            plan = batch(ROD, MB, {NET: 4, CU: 4, CO2E: 0, VEHICLES: 2, CABLES: 0})
            losses = [(CABLES, 1, ASSEMBLED)]
            world.transform("mine", AURORA, plan, takes=[part_of(lot)], losses=losses)

    def test_units__two_kinds_in_a_batch__refused(self, world: LotWorld) -> None:
        plan = batch(CATHODE, MB, {NET: 4, CU: 4, CO2E: 0, VEHICLES: 2, CABLES: 1})
        with world.refuses("UnitsAreReference", 0):
            world.originate("mine", AURORA, plan)


class TestSoundness:
    @pytest.mark.parametrize(
        ("columns", "error", "arguments"),
        [
            ((NET, CU, CU, CO2E), "ColumnsNotAscending", (2, CU)),
            ((CU, NET, CO2E), "ColumnsNotAscending", (1, NET)),
            ((NET, CU), "OneCo2eColumn", (0,)),
            ((NET, CU, CO2E, column(4, 2)), "OneCo2eColumn", (2,)),
            ((CU, CO2E), "UnknownColumn", (NET,)),
            ((), "Count", (word("columns"), 0, 1, 16)),
        ],
    )
    def test_batch__columns_out_of_order_or_missing__refused(
        self, world: LotWorld, columns: tuple[int, ...], error: str, arguments: tuple[Any, ...]
    ) -> None:
        plan = rod().saying(columns=columns, sums=(1,) * len(columns))
        content = world.draft(AURORA, plan)
        content["columns"] = sorted({*columns, NET, CU, CO2E})
        with world.refuses(error, *arguments):
            world.submit("mine", "originate", content)

    def test_batch__seventeen_columns__refused(self, world: LotWorld) -> None:
        metals = [column(2, 0, number) for number in range(1, 16)]
        columns = (NET, *metals, CO2E)
        plan = rod().saying(columns=columns, sums=(1,) * 17)
        content = world.draft(AURORA, plan)
        content["columns"] = columns
        with world.refuses("Count", word("columns"), 17, 1, 16):
            world.submit("mine", "originate", content)
        plan = rod().saying(columns=columns[1:], sums=(1,) * 15)
        content = world.draft(AURORA, plan) | {"columns": columns}
        with world.refuses("Count", word("sums"), 15, 16, 16):
            world.submit("mine", "originate", content)

    @pytest.mark.parametrize("reference", [CU, CO2E, NET])
    def test_batch__reference_of_another_kind__refused(
        self, world: LotWorld, reference: int
    ) -> None:
        """Units are the reference where there are any, else mass, else metal."""
        held = {NET: 1, CU: 1, CO2E: 1}
        if reference == NET:
            plan = batch(CATHODE, MB, {**held, VEHICLES: 1}, reference=NET)
            with world.refuses("UnitsAreReference", 0):
                world.originate("mine", AURORA, plan)
        else:
            with world.refuses("UnknownColumn", reference):
                world.originate("mine", AURORA, batch(CATHODE, MB, held, reference=reference))

    def test_batch__reference_of_nothing__refused(self, world: LotWorld) -> None:
        with world.refuses("ZeroReference", 0):
            world.originate("mine", AURORA, batch(CATHODE, MB, {NET: 0, CU: 0, CO2E: 5}))

    @pytest.mark.row("T46")
    def test_quantities__above_2_to_53__refused_everywhere(self, world: LotWorld) -> None:
        above = MAXIMUM + 1
        lot = world.held(HELD)
        with world.refuses("QuantityOutOfBounds", CU, above, 0, MAXIMUM):
            world.transform("mine", AURORA, rod(sums=(1_000, above, 2_000)), takes=[part_of(lot)])
        for name, content, key, least in (
            ("losses", [(CU, above, DUST)], CU, 1),
            ("losses", [(CU, 0, DUST)], CU, 1),
            ("first_measured", [(CU, 2**64 - 1)], CU, 1),
            ("first_measured", [(CU, 0)], CU, 1),
            ("emissions", [(PROCESS, above)], 0, 0),
        ):
            with world.refuses(
                "QuantityOutOfBounds",
                key,
                content[0][-2 if len(content[0]) == 3 else -1],
                least,
                MAXIMUM,
            ):
                world.transform("mine", AURORA, rod(), takes=[part_of(lot)], **{name: content})

    def test_run__columns_out_of_order_too_many_or_missing__refused(self, world: LotWorld) -> None:
        content = world.draft(AURORA, rod())
        for columns, error, arguments in (
            ((NET, CU, CU, CO2E), "ColumnsNotAscending", (2, CU)),
            ((), "Count", (word("columns"), 0, 1, 32)),
            (tuple(range(33)), "Count", (word("columns"), 33, 1, 32)),
            ((NET, CO2E), "UnknownColumn", (CU,)),
        ):
            with world.refuses(error, *arguments):
                world.submit("mine", "originate", content | {"columns": columns})

    def test_run__too_many_parts_or_outputs__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        for name, part in {
            "firstMeasured": (AU, 1),
            "reductions": (CU_75, CU_75, 1),
            "draws": (0, CU_75, 1),
            "losses": (CU, 1, DUST),
            "emissions": (PROCESS, 0),
        }.items():
            field = "first_measured" if name == "firstMeasured" else name
            with world.refuses("Count", word(name), 33, 0, 32):
                world.transform("mine", AURORA, rod(), takes=[part_of(lot)], **{field: [part] * 33})
        with world.refuses("Count", word("outputs"), 17, 1, 16):
            world.originate("mine", AURORA, *[rod() for _ in range(17)])
        content = world.draft(AURORA, rod()) | {"outputs": []}
        with world.refuses("Count", word("outputs"), 0, 1, 16):
            world.submit("mine", "originate", content)

    def test_run__reason_or_part_that_is_not_defined__refused(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        for reason in (0, 9):
            with world.refuses("UnknownValue", word("reason"), reason):
                world.transform(
                    "mine", AURORA, rod(), takes=[part_of(lot)], losses=[(CU, 1, reason)]
                )
        for part in (0, 4):
            with world.refuses("UnknownValue", word("part"), part):
                world.transform("mine", AURORA, rod(), takes=[part_of(lot)], emissions=[(part, 1)])

    @pytest.mark.parametrize("quantity", [-1, 2**64])
    def test_quantities__negative_or_wider_than_the_abi__cannot_be_sent(
        self, world: LotWorld, quantity: int
    ) -> None:
        with pytest.raises(Exception, match="64 bits"):
            world.originate("mine", AURORA, rod(sums=(1_000, quantity, 0)))


def test_classes__more_than_the_metal__refused(world: LotWorld) -> None:
    lot = world.held({NET: 9, CU: 9, CO2E: 0})
    plan = batch(CATHODE, MB, {NET: 9, CU: 9, CU_EXTERNAL: 10, CO2E: 0})
    with world.refuses("ClassAboveMetal", 0, CU_EXTERNAL, 10, 9):
        world.transform("mine", AURORA, plan, takes=[part_of(lot)])
    lonely = batch(CATHODE, CB, {NET: 9, CU_EXTERNAL: 1, CO2E: 0})
    with world.refuses("UnknownColumn", column(2, 0, COPPER)):
        world.external("gris", lonely)


@pytest.mark.row("A41")
@pytest.mark.parametrize("key", [CU_RECYCLED, CU_EXTERNAL])
def test_classes__at_a_site_or_in_a_stock_take__refused(world: LotWorld, key: int) -> None:
    """Primary metal is not sold as recycled, and scrap gets no mine's origin."""
    plan = batch(CATHODE, CB, {NET: 9, CU: 9, key: 9, CO2E: 0})
    with world.refuses("ClassAtWayIn", key, 9):
        world.originate("mine", AURORA, plan)
    with world.refuses("ClassAtWayIn", key, 9):
        world.gain("mine", AURORA, plan)
    both = batch(CATHODE, CB, {NET: 9, CU: 9, CU_RECYCLED: 9, CU_EXTERNAL: 9, CO2E: 9})
    recycled = key == CU_EXTERNAL
    with world.refuses("ClassAtWayIn", key, 9):
        world.external("gris", both, recycled=recycled)
