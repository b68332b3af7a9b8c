"""``open``: a lot is proven by one path, with every column, and the first opening wins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.lots.paper import CB, MAXIMUM, MB, Batch, batch, fresh, header_digest
from tests.contracts.lots.world import (
    AURORA,
    CATHODE,
    CO2E,
    CORDILLERA,
    CU,
    CU_75,
    DAY,
    IDS,
    NET,
    LotWorld,
)

LOT = {NET: 10, CU: 9, CO2E: 20, CU_75: 7}


def made(world: LotWorld, count: int = 7, **fields: Any) -> Batch:
    return world.originate("mine", AURORA, batch(CATHODE, CB, *[LOT] * count, **fields))[0]


class TestOpen:
    @pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
    def test_open__every_lot_of_a_batch(self, world: LotWorld, count: int) -> None:
        for lot in made(world, count):
            assert world.lot_of(lot)[0] == 0
            world.open("mine", lot)
            assert world.lot_of(lot) == (1, IDS["mine"], 0, 0, 0, 0, 0, lot.commitment)

    def test_open__event_and_batch_word(self, world: LotWorld) -> None:
        batch_ = made(world)
        lot, header = batch_.lot(3), batch_.header
        word = int.from_bytes(header_digest(header)) & ~1
        read = world.contracts.read
        assert int.from_bytes(read("LotBook", "batchWord", 1, header.root)) == word
        said = world.custody("mine", "open", lot.opening()).only("LotOpened")
        assert said == {
            "lot": lot.id,
            "issuer": 1,
            "root": header.root,
            "index": 3,
            "lotKey": lot.key,
            "statementLeaf": lot.leaf,
            "columns": lot.columns,
            "quantities": lot.quantities,
        }
        assert int.from_bytes(read("LotBook", "batchWord", 1, header.root)) == word | 1
        world.open("mine", batch_.lot(4))
        assert int.from_bytes(read("LotBook", "batchWord", 1, header.root)) == word | 1

    def test_open__by_another_or_nobody__refused(self, world: LotWorld) -> None:
        lot = made(world).lot()
        with world.refuses("NotIssuer", IDS["mine"], IDS["smelter"]):
            world.open("smelter", lot)
        with world.refuses("NotOperator", None):
            world.open("stranger", lot)

    @pytest.mark.row("A03", "A11", "T42", "T43")
    def test_open__twice__refused(self, world: LotWorld) -> None:
        lot = world.open("mine", made(world).lot())
        with world.refuses("AlreadyOpen", lot.id, lot.commitment, lot.commitment):
            world.open("mine", lot)
        world.custody("mine", "offer", [lot.id], IDS["smelter"], world.now + DAY, fresh())
        with world.refuses("AlreadyOpen", lot.id, lot.commitment, lot.commitment):
            world.open("mine", lot)

    @pytest.mark.row("A03", "T43")
    def test_open__same_lot_under_a_new_statement__refused(self, world: LotWorld) -> None:
        """The first opening of a lot id wins, whatever statement or quantities another names."""
        lot = world.open("mine", made(world).lot())
        again = batch(CATHODE, CB, LOT, names=[(lot.key, fresh())])
        (other,) = world.originate("mine", AURORA, again)
        second = other.lot()
        assert second.id == lot.id
        with world.refuses("AlreadyOpen", lot.id, lot.commitment, second.commitment):
            world.open("mine", second)
        # Twice in one batch is no more.
        twin = batch(CATHODE, CB, LOT, LOT, names=[(lot.key, fresh())] * 2)
        (both,) = world.originate("mine", AURORA, twin)
        for each in both:
            with world.refuses("AlreadyOpen", lot.id, lot.commitment, each.commitment):
                world.open("mine", each)

    def test_open__same_key_of_another_issuer__is_another_lot(self, world: LotWorld) -> None:
        lot = world.open("mine", made(world).lot())
        held = {key: each for key, each in LOT.items() if key != CU_75}
        plan = batch(CATHODE, CB, held, names=[(lot.key, lot.leaf)])
        (other,) = world.originate("cordillera", CORDILLERA, plan)
        assert world.open("cordillera", other.lot()).id != lot.id

    def test_open__batch_withdrawn_or_changed_header__refused(self, world: LotWorld) -> None:
        batch_ = made(world)
        lot = batch_.lot()
        changes: tuple[dict[str, Any], ...] = (
            {"model": MB},
            {"flags": 32},
            {"site": 2},
            {"size": 8},
            {"version": 2},
        )
        for change in changes:
            header = batch_.header._replace(**change)
            with world.refuses("NotTheBatch", 1, header.root, None, header_digest(header)):
                world.custody("mine", "open", lot.opening(header=header))
        plan = batch_.plan
        sums = tuple(plan.sums.values())
        world.book("mine", "withdraw", batch_.header, plan.columns, sums, plan.salt)
        two = (2).to_bytes(32)
        with world.refuses("NotTheBatch", 1, batch_.header.root, two, None):
            world.open("mine", lot)


class TestProof:
    @pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
    def test_proof__for_another_index__refused(self, world: LotWorld, count: int) -> None:
        lots = list(made(world, count))
        for lot in lots:
            for index in range(count):
                if index == lot.index:
                    continue
                with world.refuses(
                    "PathLength" if self.differs(lot.index, index, count) else "RootMismatch"
                ):
                    world.custody("mine", "open", lot.opening(index=index))
            for index in (count, 2**53, 2**64 - 1):
                with world.refuses("IndexOutOfBounds", index, count):
                    world.custody("mine", "open", lot.opening(index=index))

    @staticmethod
    def differs(one: int, other: int, size: int) -> bool:
        """Whether paths of two lots have different lengths."""

        def length(index: int) -> int:
            inner = (index ^ (size - 1)).bit_length()
            return inner + (index >> inner).bit_count()

        return length(one) != length(other)

    def test_proof__path_of_another_length__refused(self, world: LotWorld) -> None:
        lot = made(world).lot()
        step = 32 + 8 * 4
        for path, expected in (
            (lot.path[:-1], 3 * step),
            (lot.path[:-step], 3 * step),
            (b"", step),
            (lot.path + b"\0", 3 * step),
            (lot.path + lot.path[:step], 3 * step),
        ):
            with world.refuses("PathLength", len(path), expected):
                world.custody("mine", "open", lot.opening(path=path))

    @pytest.mark.row("T43")
    def test_proof__any_octet_of_the_path_changed__refused(self, world: LotWorld) -> None:
        lot = made(world).lot(2)
        for at in range(len(lot.path)):
            changed = bytearray(lot.path)
            changed[at] ^= 1
            lane = (at % 64) - 32
            name = "RootMismatch"
            if lane >= 0 and lane % 8 == 0:
                name = "QuantityOutOfBounds"  # bit 56 of a sum is beyond 2^53 - 1
                changed[at] ^= 0x81
            with world.refuses(name):
                world.custody("mine", "open", lot.opening(path=bytes(changed)))

    def test_proof__other_lot_leaf_or_quantities__refused(self, world: LotWorld) -> None:
        lot = made(world).lot(2)
        changes: list[dict[str, Any]] = [
            {"key": fresh()},
            {"leaf": fresh()},
            {"quantities": (11, 9, 20, 7)},
            {"quantities": (10, 9, 20, 8)},
        ]
        for change in changes:
            with world.refuses("RootMismatch", lot.header.root, None):
                world.custody("mine", "open", lot.opening(**change))

    @pytest.mark.parametrize("at", range(4))
    def test_proof__quantity_above_2_to_53__refused(self, world: LotWorld, at: int) -> None:
        lot = made(world).lot()
        for above in (MAXIMUM + 1, 2**64 - 1):
            quantities = tuple(above if i == at else q for i, q in enumerate(lot.quantities))
            with world.refuses("QuantityOutOfBounds", lot.columns[at], above, 0, MAXIMUM):
                world.custody("mine", "open", lot.opening(quantities=quantities))

    @pytest.mark.parametrize("at", range(4))
    def test_proof__sums_that_overflow__refused(self, world: LotWorld, at: int) -> None:
        """No lane carries into the next one: what exceeds 2^53 - 1 is refused where it does."""
        lot = made(world, 2).lot()
        whole = (MAXIMUM - lot.quantities[at]).to_bytes(8)
        for more, name in ((0, "RootMismatch"), (1, "QuantityOutOfBounds")):
            value = (int.from_bytes(whole) + more).to_bytes(8)
            start = 32 + 8 * at
            path = lot.path[:start] + value + lot.path[start + 8 :]
            with world.refuses(name):
                world.custody("mine", "open", lot.opening(path=path))

    def test_proof__totals_other_than_the_headers__refused(self, world: LotWorld) -> None:
        """A batch whose run named other totals than its lots have: nothing of it ever opens."""
        plan = batch(CATHODE, CB, LOT, LOT)
        false = plan.saying(sums=(20, 19, 40, 14))
        (made_,) = world.originate("mine", AURORA, false)
        for lot in made_:
            with world.refuses("TotalsMismatch", made_.header.totals, None):
                world.open("mine", lot)
        honest = made(world, 2)
        lot = honest.lot()
        with world.refuses("TotalsMismatch", lot.header.totals, None):
            world.custody("mine", "open", lot.opening(salt=fresh()[:16]))
        columns = (NET, CU, CO2E, CU_75 - 4096)
        with world.refuses("TotalsMismatch", lot.header.totals, None):
            world.custody("mine", "open", lot.opening(columns=columns))

    @pytest.mark.parametrize("count", [0, 3, 5, 17])
    def test_proof__columns_missing_or_too_many__refused(self, world: LotWorld, count: int) -> None:
        lot = made(world).lot()
        columns = tuple(range(count))
        if 0 < count <= 16:
            with world.refuses("Count", b"quantities".ljust(32, b"\0"), 4, count, count):
                world.custody("mine", "open", lot.opening(columns=columns))
        else:
            with world.refuses("Count", b"columns".ljust(32, b"\0"), count, 1, 16):
                world.custody("mine", "open", lot.opening(columns=columns))

    @pytest.mark.parametrize("columns", range(2, 17))
    def test_proof__any_number_of_columns(self, world: LotWorld, columns: int) -> None:
        """Lanes are packed four to a word; the last word is filled for four numbers of sixteen."""
        spare = [NET, *(5 << 28 | programme << 12 | 29 for programme in (1, 2, 3, 4))]
        spare += [1 << 28 | 1 << 12, 3 << 28 | 1 << 12 | 29, 3 << 28 | 2 << 12 | 29]
        spare += [2 << 28 | metal for metal in (79, 42, 3)] + [6 << 28 | 1 << 12]
        spare += [3 << 28 | c << 12 | metal for metal in (79, 42, 3) for c in (1, 2)]
        spare += [5 << 28 | 1 << 12 | metal for metal in (79, 42, 3)]
        keys = [CU, CO2E, *spare[: columns - 2]]
        if any(key >> 28 == 6 for key in keys):
            keys = [key for key in keys if key >> 28 != 6] + [spare[-1]]
        held = {key: 1_000 if key in (CU, NET, 1 << 28 | 1 << 12) else 0 for key in keys}
        held[CO2E] = 77
        plan = batch(CATHODE, MB, *[held] * 5)
        assert len(plan.columns) == columns
        plan = replace(plan, reference=NET if columns > 2 else CU)
        (made_,) = world.originate("mine", AURORA, plan)
        for lot in made_:
            world.open("mine", lot)


class TestOpenAndOffer:
    def test_open_and_offer__in_one_call(self, world: LotWorld) -> None:
        lot, until, consignment = made(world).lot(), world.now + DAY, fresh()
        outcome = world.custody(
            "mine", "openAndOffer", lot.opening(), IDS["smelter"], until, consignment
        )
        assert [event.name for event in outcome.events if event.contract == "Custody"] == [
            "LotOpened",
            "LotOffered",
        ]
        assert world.lot_of(lot)[:7] == (2, 1, IDS["smelter"], 0, 0, 0, until)
        world.custody("smelter", "accept", [lot.id], [0], consignment)

    def test_open_and_offer__to_nobody_or_too_long__refused(self, world: LotWorld) -> None:
        lot = made(world).lot()
        for to in (0, 99, IDS["mine"]):
            with world.refuses("BadRecipient", to):
                world.custody("mine", "openAndOffer", lot.opening(), to, world.now + 1, fresh())
        for until in (world.now, world.now + 366 * DAY + 100):
            with world.refuses("TimeOutOfBounds", until, None, None):
                world.custody("mine", "openAndOffer", lot.opening(), 4, until, fresh())

    def test_open_and_offer__opened_before__refused(self, world: LotWorld) -> None:
        lot = world.open("mine", made(world).lot())
        with world.refuses("AlreadyOpen", lot.id, lot.commitment, lot.commitment):
            world.custody("mine", "openAndOffer", lot.opening(), 4, world.now + DAY, fresh())


def test_mark_opened__by_anybody_but_custody__refused(world: LotWorld) -> None:
    header = made(world).header
    with world.refuses("NotCaller"):
        world.book("mine", "markOpened", header.issuer, header.root, fresh())
