"""Restatements beside a batch, and disputes: who may, what stands, and that no lot changes."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots.paper import Lot, fresh, header_digest
from tests.contracts.lots.world import (
    CO2E,
    CU,
    CU_75,
    CU_RECYCLED,
    DAY,
    IDS,
    NET,
    LotWorld,
)

HELD = {NET: 1_000, CU: 900, CO2E: 2_000}
NOTHING = bytes(32)


@pytest.fixture
def lot(world: LotWorld) -> Lot:
    """An opened lot of the mine, held by the smelter."""
    return world.held(HELD, by="smelter")


def notice(world: LotWorld, by: str, name: str, *arguments: Any) -> Any:
    return world.act(by, "LotNotices", name, *arguments)


def read(world: LotWorld, name: str, *arguments: Any) -> Any:
    return world.contracts.read("LotNotices", name, *arguments)


def batch_subject(lot: Lot) -> bytes:
    return keccak(encode(["uint32", "bytes32"], [lot.header.issuer, lot.header.root]))


class TestRestate:
    def test_restate__by_the_issuer__stands_beside_the_batch(
        self, world: LotWorld, lot: Lot
    ) -> None:
        before, leaf = world.lot_of(lot), fresh()
        notice(world, "mine", "restate", lot.header, CO2E, 150, 2, leaf)
        notice(world, "mine", "restate", lot.header, CU_75, -20, 4, leaf)
        place = (lot.header.issuer, lot.header.root)
        assert read(world, "restatementCount", *place) == 2
        first, second = read(world, "restatements", *place, 0, 9)
        assert first == (CO2E, 150, 2, 0, world.now, leaf)
        assert second[:3] == (CU_75, -20, 4)
        assert read(world, "restatements", *place, 2, 1) == ()
        assert world.lot_of(lot) == before

    def test_restate__what_is_not_its_issuers_or_not_restatable__refused(
        self, world: LotWorld, lot: Lot
    ) -> None:
        for column in (NET, CU):
            with world.refuses("NotRestatable", column):
                notice(world, "mine", "restate", lot.header, column, 1, 1, fresh())
        for delta in (0, 2**53, -(2**53)):
            with world.refuses("DeltaOutOfBounds", delta):
                notice(world, "mine", "restate", lot.header, CO2E, delta, 1, fresh())
        for reason in (0, 6):
            with world.refuses("UnknownReason", reason):
                notice(world, "mine", "restate", lot.header, CU_RECYCLED, 1, reason, fresh())
        with world.refuses("ZeroLeaf"):
            notice(world, "mine", "restate", lot.header, CO2E, 1, 1, NOTHING)
        with world.refuses("NotIssuer", IDS["mine"], IDS["smelter"]):
            notice(world, "smelter", "restate", lot.header, CO2E, 1, 1, fresh())
        other = lot.header._replace(size=7)
        with world.refuses("NotTheBatch", other.issuer, other.root, None, header_digest(other)):
            notice(world, "mine", "restate", other, CO2E, 1, 1, fresh())
        with world.refuses("NotOperator"):
            notice(world, "stranger", "restate", lot.header, CO2E, 1, 1, fresh())

    def test_restate__sixty_five_times__the_last_is_refused(
        self, world: LotWorld, lot: Lot
    ) -> None:
        for _ in range(64):
            notice(world, "mine", "restate", lot.header, CO2E, 1, 1, fresh())
        with world.refuses("TooMany", 65, 64):
            notice(world, "mine", "restate", lot.header, CO2E, 1, 1, fresh())


class TestConfirm:
    def test_confirm__by_an_independent_body__once(self, world: LotWorld, lot: Lot) -> None:
        place = (lot.header.issuer, lot.header.root)
        notice(world, "mine", "restate", lot.header, CO2E, -100, 2, fresh())
        with world.refuses("RoleMissing"):
            notice(world, "smelter", "confirm", *place, 0)
        with world.refuses("UnknownRestatement", *place, 1):
            notice(world, "body", "confirm", *place, 1)
        notice(world, "body", "confirm", *place, 0)
        ((_, _, _, assurer, _, _),) = read(world, "restatements", *place, 0, 1)
        assert assurer == IDS["body"]
        with world.refuses("AlreadyConfirmed", 0, IDS["body"]):
            notice(world, "body", "confirm", *place, 0)


class TestDispute:
    @pytest.mark.parametrize("by", ["mine", "smelter", "authority", "body"])
    def test_dispute__with_standing__open_and_blocks_nothing(
        self, world: LotWorld, lot: Lot, by: str
    ) -> None:
        notice(world, by, "dispute", lot.header, lot.key, fresh())
        (opened, lapses, closed, upheld), is_open = read(world, "disputeOf", lot.id, IDS[by])
        assert (opened, closed, upheld, is_open) == (world.now, False, False, True)
        assert lapses > world.now
        world.pass_on(lot, "smelter", "refinery")

    @pytest.mark.row("A52")
    def test_dispute__by_who_has_none_twice_or_of_nothing__refused(
        self, world: LotWorld, lot: Lot
    ) -> None:
        for by in ("carrier", "cordillera", "refinery"):
            with world.refuses("NoStanding", IDS[by], lot.id):
                notice(world, by, "dispute", lot.header, lot.key, fresh())
        # A batch has no holder: who holds one of its lots disputes that lot.
        with world.refuses("NoStanding", IDS["smelter"], batch_subject(lot)):
            notice(world, "smelter", "dispute", lot.header, NOTHING, fresh())
        with world.refuses("ZeroLeaf"):
            notice(world, "smelter", "dispute", lot.header, lot.key, NOTHING)
        notice(world, "smelter", "dispute", lot.header, lot.key, fresh())
        with world.refuses("DisputeBarred", IDS["smelter"], lot.id, None):
            notice(world, "smelter", "dispute", lot.header, lot.key, fresh())
        notice(world, "smelter", "closeDispute", lot.id)
        assert read(world, "disputeOf", lot.id, IDS["smelter"])[1] is False
        with world.refuses("DisputeBarred", IDS["smelter"], lot.id, None):
            notice(world, "smelter", "dispute", lot.header, lot.key, fresh())
        with world.refuses("NoOpenDispute", IDS["smelter"], lot.id):
            notice(world, "smelter", "closeDispute", lot.id)

    def test_dispute__upheld_by_a_body__lapses_no_more(self, world: LotWorld, lot: Lot) -> None:
        notice(world, "smelter", "dispute", lot.header, lot.key, fresh())
        with world.refuses("RoleMissing"):
            notice(world, "refinery", "upholdDispute", lot.header, lot.key, IDS["smelter"])
        with world.refuses("NoOpenDispute", IDS["mine"], lot.id):
            notice(world, "authority", "upholdDispute", lot.header, lot.key, IDS["mine"])
        notice(world, "authority", "upholdDispute", lot.header, lot.key, IDS["smelter"])
        with world.refuses("AlreadyUpheld", IDS["smelter"], lot.id):
            notice(world, "authority", "upholdDispute", lot.header, lot.key, IDS["smelter"])
        world.wait(400 * DAY)
        assert read(world, "disputeOf", lot.id, IDS["smelter"])[1] is True

    def test_dispute__of_its_own__a_body_does_not_uphold(self, world: LotWorld, lot: Lot) -> None:
        notice(world, "authority", "dispute", lot.header, NOTHING, fresh())
        with world.refuses("NotIndependent", IDS["authority"], IDS["authority"]):
            notice(world, "authority", "upholdDispute", lot.header, NOTHING, IDS["authority"])

    def test_dispute__nobody_upheld__lapses(self, world: LotWorld, lot: Lot) -> None:
        notice(world, "smelter", "dispute", lot.header, lot.key, fresh())
        world.wait(400 * DAY)
        assert read(world, "disputeOf", lot.id, IDS["smelter"])[1] is False
        notice(world, "smelter", "dispute", lot.header, lot.key, fresh())


def test_notices__after_all_of_it__the_event_head_is_that_of_the_logs(
    world: LotWorld, lot: Lot
) -> None:
    notice(world, "mine", "restate", lot.header, CO2E, 1, 1, fresh())
    notice(world, "smelter", "dispute", lot.header, lot.key, fresh())
    count, head = read(world, "eventHead")
    assert count == world.contracts.slot("LotNotices", 0) & (2**64 - 1)
    assert int.from_bytes(head, "big") == world.contracts.slot("LotNotices", 1)
