"""What the contracts' source could say a little differently, and no other test would notice.

Each test here was asked for by a mutant that survived: docs/spec/mutants.md.
"""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import Contracts, RefusedError, address_of, fresh_evm
from tests.contracts.lots.paper import CB, IP, MB, SG, batch, fresh, part_of
from tests.contracts.lots.world import (
    AU,
    AURORA,
    CATHODE,
    CO2E,
    COPPER,
    CU,
    CU_75,
    CU_EXTERNAL,
    DAY,
    IDS,
    NAMES,
    NET,
    LotWorld,
    members,
)

HELD = {NET: 1_000, CU: 900, CO2E: 2_000}
RULES = (2, 3, 1, 50_000, 5_000, 1_000, 0)
FAR = 2**39


def bounds(error: RefusedError) -> tuple[int, int]:
    """Least and most of a time that was refused."""
    assert error.name == "TimeOutOfBounds"
    _, least, most = error.given
    return least, most


class TestTimes:
    """The bounds that a refusal names are those that are allowed."""

    @pytest.mark.parametrize(
        ("by", "name", "longest"),
        [("authority", "freeze", 30 * DAY), ("mine", "offer", 366 * DAY)],
    )
    @pytest.mark.parametrize("until", [1, FAR])
    def test_time__out_of_bounds__is_told_the_bounds(
        self, world: LotWorld, by: str, name: str, longest: int, until: int
    ) -> None:
        lot = world.held(HELD)
        offer: tuple[Any, ...] = ([lot.id], IDS["smelter"], until, fresh())
        with pytest.raises(RefusedError) as caught:
            world.custody(by, name, *(offer if name == "offer" else (lot.id, until)))
        least, most = bounds(caught.value)
        assert least - 1 in range(world.now, world.now + 3)
        freezing_past = name == "freeze" and until == 1
        assert most == (2**40 - 1 if freezing_past else least - 1 + longest)


class TestUse:
    def test_gain__share_that_is_not_whole__rounded_down(self, world: LotWorld) -> None:
        held = {NET: 999, CU: 999, CO2E: 0}
        lot = world.held(held)
        world.transform("mine", AURORA, batch(CATHODE, MB, held), takes=[part_of(lot)])
        with world.refuses("OverGain", AURORA, COPPER, 8104, 5, 4):
            world.gain("mine", AURORA, batch(CATHODE, CB, {NET: 5, CU: 5, CO2E: 0}))
        world.gain("mine", AURORA, batch(CATHODE, CB, {NET: 4, CU: 4, CO2E: 0}))

    def test_period__metal_of_which_there_is_none__is_not_said_to_be_used(
        self, world: LotWorld
    ) -> None:
        content = world.draft(AURORA, batch(CATHODE, MB, {**HELD, AU: 0}))
        said = world.book("mine", "originate", tuple(content.values())).of("PeriodUsed")
        assert [each["substance"] for each in said] == [COPPER]


class TestLots:
    def test_judge_lot__class_of_a_metal_that_is_not_there__is_told_which(
        self, world: LotWorld
    ) -> None:
        columns = (NET, CU_EXTERNAL, CO2E)
        sums = (CB, False, 0, NET, columns, (10, 0, 5), (10, 0, 5))
        with world.refuses("UnknownColumn", CU):
            world.contracts.read("LotLaws", "judgeLot", sums)

    @pytest.mark.parametrize("model", [IP, SG])
    def test_pure__beside_a_metal_of_which_there_is_none__stays_pure(
        self, world: LotWorld, model: int
    ) -> None:
        held = {NET: 1_000, CU: 1_000, AU: 0, CU_75: 1_000, CO2E: 0}
        lot = world.held(held, model=model)
        world.transform("mine", AURORA, batch(CATHODE, model, held), takes=[part_of(lot)])


class TestNotices:
    def test_restatement__what_it_says__is_in_its_event(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        for index, (delta, leaf) in enumerate([(150, fresh()), (-20, fresh())]):
            given = (lot.header, CO2E, delta, 2, leaf)
            said = world.act("mine", "LotNotices", "restate", *given).only("Restated")
            assert tuple(said.values()) == (
                *(lot.header.issuer, lot.header.root),
                *(index, CO2E, delta, 2, leaf),
            )

    def test_restatements__page_beyond_the_last__is_what_is_left(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        for delta in (1, 2):
            world.act("mine", "LotNotices", "restate", lot.header, CO2E, delta, 2, fresh())
        batch_of = lot.header.issuer, lot.header.root
        page = world.contracts.read("LotNotices", "restatements", *batch_of, 1, 9)
        assert [entry[1] for entry in page] == [2]

    def test_body__of_the_issuers_control_group__is_not_independent(self) -> None:
        def grouped(member: tuple[Any, ...]) -> tuple[Any, ...]:
            group = 7 if member[0] in {"did:mine", "did:body"} else 0
            return (*member[:3], group, *member[4:])

        contracts = Contracts(fresh_evm(NAMES), [grouped(each) for each in members()], RULES)
        with pytest.raises(RefusedError) as caught:
            contracts.send(
                "LotNotices", "confirm", IDS["mine"], fresh(), 0, sender=address_of("body")
            )
        assert caught.value.name == "NotIndependent"
        assert caught.value.given == (IDS["body"], IDS["mine"])
        with pytest.raises(RefusedError) as caught:
            contracts.send(
                "LotNotices", "confirm", IDS["smelter"], fresh(), 0, sender=address_of("body")
            )
        assert caught.value.name == "UnknownRestatement"


MOST = 2**53 - 1


class TestEdges:
    """The last value that is allowed is allowed."""

    @pytest.mark.parametrize("delta", [MOST, -MOST])
    def test_restatement__as_large_as_a_quantity__is_recorded(
        self, world: LotWorld, delta: int
    ) -> None:
        lot = world.held(HELD)
        given = (lot.header, CO2E, delta, 2, fresh())
        assert world.act("mine", "LotNotices", "restate", *given).only("Restated")["delta"] == delta
        over = delta + (1 if delta > 0 else -1)
        with world.refuses("DeltaOutOfBounds", over):
            world.act("mine", "LotNotices", "restate", lot.header, CO2E, over, 2, fresh())

    def test_restatement__for_the_last_reason_there_is__is_recorded(self, world: LotWorld) -> None:
        lot, last = world.held(HELD), 5  # OTHER
        world.act("mine", "LotNotices", "restate", lot.header, CO2E, 1, last, fresh())
        with world.refuses("UnknownReason", last + 1):
            world.act("mine", "LotNotices", "restate", lot.header, CO2E, 1, last + 1, fresh())

    def test_dispute__in_the_second_that_the_last_one_lapses__is_opened(
        self, world: LotWorld
    ) -> None:
        lot = world.held(HELD)
        given = (lot.header, bytes(32), fresh())
        world.act("mine", "LotNotices", "dispute", *given)
        subject = world.contracts.log[-1].said["subject"]
        (_, lapses, *_), _ = world.contracts.read("LotNotices", "disputeOf", subject, IDS["mine"])
        world.wait(lapses - world.now - 1)
        with world.refuses("DisputeBarred", IDS["mine"], subject, lapses):
            world.act("mine", "LotNotices", "dispute", *given)
        world.wait(1)
        world.act("mine", "LotNotices", "dispute", *given)

    def test_metal__first_measured__as_much_as_a_quantity_can_say(self, world: LotWorld) -> None:
        lot = world.held(HELD)
        plan = batch(CATHODE, MB, {**HELD, AU: MOST})
        world.transform("mine", AURORA, plan, takes=[part_of(lot)], first_measured=[(AU, MOST)])


class TestCustody:
    def test_reenter__after_an_offer_that_ended_by_its_time__nothing_of_it_is_left(
        self, world: LotWorld
    ) -> None:
        lot, salt = world.held(HELD), fresh()
        world.custody("mine", "offer", [lot.id], IDS["refinery"], world.now + DAY, fresh())
        world.wait(DAY)
        named = encode(
            ["uint256", "address", "bytes32", "address", "bytes32"],
            [
                world.evm.chain_id,
                world.contracts.addresses["Custody"],
                lot.id,
                address_of("smelter"),
                salt,
            ],
        )
        world.custody("mine", "exit", lot.id, keccak(named))
        world.custody("smelter", "reenter", lot.id, salt)
        _, holder, offered_to, _, _, _, offer_until, _ = world.lot_of(lot)
        assert (holder, offered_to, offer_until) == (IDS["smelter"], 0, 0)

    def test_open__lot_from_outside__is_uniform_like_any_other(self, world: LotWorld) -> None:
        """Only `attributed` lets CO2e differ; that a batch came from outside does not."""
        held = {NET: 1_000, CU: 900, CU_EXTERNAL: 900, CO2E: 9_000}
        plan = batch(CATHODE, CB, held | {CO2E: 8_000}, held | {CO2E: 10_000})
        made = world.external("gris", plan)
        with world.refuses("Co2eNotUniform", 0, 8_000, 9_000, 9_000):
            world.custody("gris", "open", made.lot(0).opening())
