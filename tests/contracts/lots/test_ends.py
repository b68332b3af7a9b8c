"""Retire, exit and re-enter, freezes, and what the successor takes over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import address_of
from tests.contracts.lots.paper import MB, Batch, Lot, batch, fresh, header_digest, part_of
from tests.contracts.lots.world import (
    AURORA,
    BAHIA,
    CATHODE,
    CO2E,
    CU,
    DAY,
    IDS,
    NET,
    ROD,
    LotWorld,
)
from tests.contracts.world import mock

MINE, SMELTER, REFINERY = IDS["mine"], IDS["smelter"], IDS["refinery"]
AUTHORITY = IDS["authority"]
HELD = {NET: 1_000, CU: 900, CO2E: 2_000}


def held(world: LotWorld, by: str = "mine") -> Lot:
    return world.held(HELD, by=by)


def exit_digest(world: LotWorld, lot: Lot, account: str, salt: bytes) -> bytes:
    custody = world.contracts.addresses["Custody"]
    types = ["uint256", "address", "bytes32", "address", "bytes32"]
    return keccak(encode(types, [world.evm.chain_id, custody, lot.id, account, salt]))


class TestRetire:
    def test_retire__remainder__ends_whole(self, world: LotWorld) -> None:
        lot = held(world)
        part = batch(ROD, MB, {NET: 400, CU: 360, CO2E: 800})
        world.transform("mine", AURORA, part, takes=[part_of(lot, 400)])
        said = world.custody("mine", "retire", [lot.id], 3).only("LotRetired")
        assert said == {"lot": lot.id, "by": MINE, "taken": 400, "reason": 3}
        for name, arguments in (
            ("retire", ([lot.id], 1)),
            ("exit", (lot.id, fresh())),
            ("offer", ([lot.id], SMELTER, world.now + DAY, fresh())),
        ):
            with world.refuses("LotNotInState", lot.id, 4, 1):
                world.custody("mine", name, *arguments)

    @pytest.mark.row("A10")
    def test_retire__of_another_without_reason_or_unopened__refused(self, world: LotWorld) -> None:
        lot = held(world)
        with world.refuses("UnknownValue", b"reason".ljust(32, b"\0"), 0):
            world.custody("mine", "retire", [lot.id], 0)
        with world.refuses("NotHolder", lot.id, MINE, SMELTER):
            world.custody("smelter", "retire", [lot.id], 1)
        nothing = fresh()
        with world.refuses("LotUnopened", nothing):
            world.custody("mine", "retire", [nothing], 1)


class TestExit:
    def test_exit__and_back_by_the_account_named__once(self, world: LotWorld) -> None:
        lot, salt = held(world), fresh()
        part = batch(ROD, MB, {NET: 400, CU: 360, CO2E: 800})
        world.transform("mine", AURORA, part, takes=[part_of(lot, 400)])
        digest = exit_digest(world, lot, address_of("smelter"), salt)
        said = world.custody("mine", "exit", lot.id, digest).only("LotExited")
        assert said == {"lot": lot.id, "by": MINE, "taken": 400, "digest": digest}
        assert world.contracts.read("Custody", "exitOf", lot.id) == digest
        given = exit_digest(world, lot, address_of("refinery"), salt)
        with world.refuses("NotNamedByExit", lot.id, digest, given):
            world.custody("refinery", "reenter", lot.id, salt)
        other = fresh()
        given = exit_digest(world, lot, address_of("smelter"), other)
        with world.refuses("NotNamedByExit", lot.id, digest, given):
            world.custody("smelter", "reenter", lot.id, other)
        world.custody("smelter", "reenter", lot.id, salt)
        assert world.lot_of(lot) == (1, SMELTER, 0, MINE, 400, 0, 0, lot.commitment)
        assert world.contracts.read("Custody", "exitOf", lot.id) == bytes(32)
        with world.refuses("LotNotInState", lot.id, 1, 5):
            world.custody("smelter", "reenter", lot.id, salt)
        rest = batch(ROD, MB, {NET: 600, CU: 540, CO2E: 1_200})
        world.transform("smelter", BAHIA, rest, takes=[part_of(lot, 600, 400)])

    @pytest.mark.row("A11")
    def test_exit__while_it_is_out__nothing_else(self, world: LotWorld) -> None:
        lot = held(world)
        world.custody("mine", "exit", lot.id, fresh())
        with world.refuses("LotNotInState", lot.id, 5, 1):
            world.custody("mine", "exit", lot.id, fresh())
        with world.refuses("LotNotInState", lot.id, 5, 1):
            world.transform("mine", AURORA, batch(ROD, MB, HELD), takes=[part_of(lot)])
        with world.refuses("AlreadyOpen", lot.id, lot.commitment, lot.commitment):
            world.open("mine", lot)

    def test_exit__of_another_or_to_nobody__refused(self, world: LotWorld) -> None:
        lot = held(world)
        with world.refuses("NotHolder", lot.id, MINE, SMELTER):
            world.custody("smelter", "exit", lot.id, fresh())
        with world.refuses("UnknownValue", b"digest".ljust(32, b"\0"), 0):
            world.custody("mine", "exit", lot.id, bytes(32))
        with world.refuses("NotOperator", None):
            world.custody("stranger", "reenter", lot.id, fresh())


class TestFreeze:
    def freezes(self, world: LotWorld, lot: Lot, until: int) -> None:
        world.custody("authority", "freeze", lot.id, until)

    def test_freeze__by_an_authority__blocks_until_its_time(self, world: LotWorld) -> None:
        lot, until = held(world), world.now + 10 * DAY
        world.custody("mine", "offer", [lot.id], SMELTER, until + DAY, fresh())
        self.freezes(world, lot, until)
        with world.refuses("Frozen", lot.id, until):
            world.custody("smelter", "accept", [lot.id], [0], fresh())
        other = held(world)
        self.freezes(world, other, until)
        for name, arguments in (
            ("retire", ([other.id], 1)),
            ("exit", (other.id, fresh())),
            ("offer", ([other.id], SMELTER, until, fresh())),
        ):
            with world.refuses("Frozen", other.id, until):
                world.custody("mine", name, *arguments)
        with world.refuses("Frozen", other.id, until):
            world.transform("mine", AURORA, batch(ROD, MB, HELD), takes=[part_of(other)])
        world.at(until)
        world.custody("smelter", "accept", [lot.id], [0], fresh())
        world.transform("mine", AURORA, batch(ROD, MB, HELD), takes=[part_of(other)])

    def test_freeze__by_an_authority__once_a_lot_and_for_thirty_days(self, world: LotWorld) -> None:
        lot = held(world)
        latest = world.now + 30 * DAY
        with world.refuses("TimeOutOfBounds", latest + 5, None, None):
            self.freezes(world, lot, latest + 5)
        for until in (world.now, 0):
            with world.refuses("TimeOutOfBounds", until, None, None):
                self.freezes(world, lot, until)
        self.freezes(world, lot, latest)
        with world.refuses("MayNotFreeze", lot.id, AUTHORITY):
            self.freezes(world, lot, latest)
        world.at(latest + DAY)
        with world.refuses("MayNotFreeze", lot.id, AUTHORITY):
            self.freezes(world, lot, world.now + DAY)

    def test_freeze__by_its_holder_or_a_trader__refused(self, world: LotWorld) -> None:
        lot = held(world)
        for name in ("mine", "gris"):
            with world.refuses("MayNotFreeze", lot.id, IDS[name]):
                world.custody(name, "freeze", lot.id, world.now + DAY)

    def test_freeze__what_is_not_there_or_gone__refused(self, world: LotWorld) -> None:
        nothing = fresh()
        with world.refuses("LotUnopened", nothing):
            world.custody("authority", "freeze", nothing, world.now + DAY)
        lot = held(world)
        world.custody("mine", "retire", [lot.id], 1)
        with world.refuses("LotNotInState", lot.id, 4, 1):
            self.freezes(world, lot, world.now + DAY)

    def test_freeze__by_vote__as_long_as_it_is_said(self, world: LotWorld) -> None:
        lot = held(world)
        until = world.now + 300 * DAY
        said = world.votes("Custody", "freeze", lot.id, until).only("LotFrozen")
        assert said == {"lot": lot.id, "by": 0, "until": until, "jointly": False}
        with world.refuses("Frozen", lot.id, until):
            world.votes("Custody", "freeze", lot.id, until - 1)
        world.votes("Custody", "freeze", lot.id, until + 1)
        with world.refuses("TimeOutOfBounds", 2**40, None, 2**40 - 1):
            world.votes("Custody", "freeze", lot.id, 2**40)

    def test_freeze__by_both_parties_of_an_offer(self, world: LotWorld) -> None:
        lot, until = held(world), world.now + 20 * DAY
        world.custody("mine", "offer", [lot.id], SMELTER, world.now + 5 * DAY, fresh())
        said = world.custody("mine", "freezeJointly", lot.id, until).only("FreezeAsked")
        assert said == {"lot": lot.id, "by": MINE, "until": until}
        world.custody("smelter", "freezeJointly", lot.id, until + 1)
        assert world.lot_of(lot)[5] == 0, "another time is another question"
        world.custody("mine", "freezeJointly", lot.id, until + 1)
        assert world.lot_of(lot)[5] == until + 1
        with world.refuses("Frozen", lot.id, until + 1):
            world.custody("smelter", "accept", [lot.id], [0], fresh())

    def test_freeze__asked_in_an_offer__is_no_consent_in_another(self, world: LotWorld) -> None:
        lot, until = held(world), world.now + 20 * DAY
        world.custody("mine", "offer", [lot.id], SMELTER, world.now + DAY, fresh())
        world.custody("mine", "freezeJointly", lot.id, until)
        world.custody("smelter", "decline", [lot.id])
        for to, days in ((SMELTER, 2), (REFINERY, 1)):
            world.custody("mine", "offer", [lot.id], to, world.now + days * DAY, fresh())
            by = "smelter" if to == SMELTER else "refinery"
            said = world.custody(by, "freezeJointly", lot.id, until)
            assert said.only("FreezeAsked"), "an answer to another offer is a question in this one"
            assert world.lot_of(lot)[5] == 0
            world.custody(by, "decline", [lot.id])

    def test_freeze__holds_metal_and_lets_an_offer_be_declined(self, world: LotWorld) -> None:
        lot, until = held(world), world.now + 20 * DAY
        world.custody("mine", "offer", [lot.id], SMELTER, world.now + DAY, fresh())
        world.votes("Custody", "freeze", lot.id, until)
        world.custody("smelter", "decline", [lot.id])
        assert world.lot_of(lot)[:3] == (1, MINE, 0)
        assert world.lot_of(lot)[5] == until
        with world.refuses("Frozen", lot.id, until):
            world.custody("mine", "offer", [lot.id], SMELTER, world.now + DAY, fresh())

    def test_freeze__event__tells_who_froze(self, world: LotWorld) -> None:
        lot, until = held(world), world.now + 20 * DAY
        said = world.votes("Custody", "freeze", lot.id, until).only("LotFrozen")
        assert said == {"lot": lot.id, "by": 0, "until": until, "jointly": False}
        world.custody("authority", "freeze", lot.id, until + 1)
        lot = held(world)
        world.custody("mine", "offer", [lot.id], SMELTER, world.now + DAY, fresh())
        world.custody("mine", "freezeJointly", lot.id, until)
        said = world.custody("smelter", "freezeJointly", lot.id, until).only("LotFrozen")
        assert said == {"lot": lot.id, "by": SMELTER, "until": until, "jointly": True}

    def test_freeze__by_one_party_alone_or_outside_an_offer__refused(self, world: LotWorld) -> None:
        lot, until = held(world), world.now + 20 * DAY
        with world.refuses("MayNotFreeze", lot.id, MINE):
            world.custody("mine", "freezeJointly", lot.id, until)
        world.custody("mine", "offer", [lot.id], SMELTER, world.now + DAY, fresh())
        world.custody("mine", "freezeJointly", lot.id, until)
        world.custody("mine", "freezeJointly", lot.id, until)
        assert world.lot_of(lot)[5] == 0
        with world.refuses("MayNotFreeze", lot.id, REFINERY):
            world.custody("refinery", "freezeJointly", lot.id, until)
        world.wait(DAY)
        with world.refuses("MayNotFreeze", lot.id, SMELTER):
            world.custody("smelter", "freezeJointly", lot.id, until)


class TestWithdrawAndReplace:
    def made(self, world: LotWorld) -> Batch:
        return world.originate("mine", AURORA, batch(CATHODE, MB, HELD))[0]

    def withdraw(self, world: LotWorld, made: Batch, by: str = "mine", **change: Any) -> Any:
        plan = made.plan
        fields = {"sums": tuple(plan.sums.values()), "salt": plan.salt} | change
        return world.book(by, "withdraw", made.header, plan.columns, *fields.values())

    def use(self, world: LotWorld) -> Any:
        return world.contracts.read("LotBook", "periodUse", AURORA, 29, 8104)

    def test_withdraw__origin__capacity_comes_back(self, world: LotWorld) -> None:
        made = self.made(world)
        assert self.use(world) == (900, 0, 0)
        said = self.withdraw(world, made).only("BatchWithdrawn")
        assert said == {"issuer": MINE, "root": made.header.root, "replacement": bytes(32)}
        assert self.use(world) == (0, 0, 0)
        word = world.contracts.read("LotBook", "batchWord", MINE, made.header.root)
        assert int.from_bytes(word) == 2
        with world.refuses("NotTheBatch", MINE, made.header.root, word, None):
            self.withdraw(world, made)
        with world.refuses("AlreadyIssued", MINE, made.header.root):
            world.originate("mine", AURORA, made.plan)

    def test_withdraw__external_and_gain__ceiling_source_and_bound_come_back(
        self, world: LotWorld
    ) -> None:
        key = 3 << 28 | 2 << 12 | 29
        source = fresh()
        plan = batch(CATHODE, 3, {NET: 9, CU: 9, key: 9, CO2E: 9})
        made = world.external("gris", plan, source=source)
        self.withdraw(world, made, "gris")
        assert world.contracts.read("LotBook", "ceilingUse", IDS["gris"], 29, 8104) == 0
        assert world.contracts.read("LotBook", "sourceBatch", source) == bytes(32)
        again = batch(CATHODE, 3, {NET: 9, CU: 9, key: 9, CO2E: 9})
        world.external("gris", again, source=source)
        lot = held(world)
        world.transform("mine", AURORA, batch(ROD, MB, HELD), takes=[part_of(lot)])
        gained = world.gain("mine", AURORA, batch(CATHODE, 3, {NET: 4, CU: 4, CO2E: 0}))
        assert self.use(world) == (900, 900, 4)
        self.withdraw(world, gained)
        assert self.use(world) == (900, 900, 0)

    def test_withdraw__opened_anothers_or_wrong_totals__refused(self, world: LotWorld) -> None:
        made = self.made(world)
        with world.refuses("NotIssuer", MINE, SMELTER):
            self.withdraw(world, made, "smelter")
        with world.refuses("TotalsMismatch", made.header.totals, None):
            self.withdraw(world, made, sums=(1_000, 901, 2_000))
        world.open("mine", made.lot())
        with world.refuses("BatchOpened", MINE, made.header.root):
            self.withdraw(world, made)

    def test_replace__transforms_output__by_a_batch_of_equal_totals(self, world: LotWorld) -> None:
        lot = held(world)
        whole = batch(ROD, MB, HELD)
        (made,) = world.transform("mine", AURORA, whole, takes=[part_of(lot)])
        halves = batch(ROD, MB, *[{NET: 500, CU: 450, CO2E: 1_000}] * 2)
        root, size = halves.tree.root, 2
        outcome = world.book("mine", "replace", made.header, root, size)
        assert outcome.only("BatchWithdrawn")["replacement"] == root
        header = outcome.only("BatchReplaced")["header"]
        expected = made.header._replace(
            root=root, size=2, sequence=made.header.sequence + 1, anchored_at=header[17]
        )
        assert header == expected
        word = world.contracts.read("LotBook", "batchWord", MINE, root)
        assert int.from_bytes(word) == int.from_bytes(header_digest(expected)) & ~1
        for each in Batch(replace(halves, salt=made.plan.salt), expected):
            world.open("mine", each)
        with world.refuses("NotTheBatch", MINE, made.header.root, (2).to_bytes(32), None):
            world.open("mine", made.lot())
        with world.refuses("BatchOpened", MINE, root):
            world.book("mine", "replace", expected, fresh(), 1)

    def test_replace__other_totals__never_opens(self, world: LotWorld) -> None:
        lot = held(world)
        (made,) = world.transform("mine", AURORA, batch(ROD, MB, HELD), takes=[part_of(lot)])
        more = batch(ROD, MB, {NET: 1_000, CU: 901, CO2E: 2_000})
        outcome = world.book("mine", "replace", made.header, more.tree.root, 1)
        header = made.header.__class__(*outcome.only("BatchReplaced")["header"])
        false = Batch(more, header).lot()
        with world.refuses("TotalsMismatch", made.header.totals, None):
            world.custody("mine", "open", false.opening(salt=made.plan.salt))

    def test_replace_and_withdraw__each_for_its_own_kind(self, world: LotWorld) -> None:
        origin = self.made(world)
        with world.refuses("NotInThisRun", b"replace".ljust(32, b"\0")):
            world.book("mine", "replace", origin.header, fresh(), 1)
        lot = held(world)
        (made,) = world.transform("mine", AURORA, batch(ROD, MB, HELD), takes=[part_of(lot)])
        with world.refuses("NotInThisRun", b"withdraw".ljust(32, b"\0")):
            self.withdraw(world, made)
        with world.refuses("NotIssuer", MINE, SMELTER):
            world.book("smelter", "replace", made.header, fresh(), 1)
        with world.refuses("AlreadyIssued", MINE, origin.header.root):
            world.book("mine", "replace", made.header, origin.header.root, 1)
        with world.refuses("ZeroRoot"):
            world.book("mine", "replace", made.header, bytes(32), 1)


class TestSuccessor:
    """A mock stands for the next contracts."""

    def prepare(self, world: LotWorld) -> str:
        artifact = mock("NextContract")
        address = world.contracts.create("NextContract", artifact=artifact)
        for name in ("LotBook", "Custody"):
            content = encode(["address", "address"], [world.contracts.addresses[name], address])
            world.proposes(8, content)
        return address

    def take(self, world: LotWorld, name: str, contract: str, *arguments: Any) -> Any:
        """Have the mock call; its own address is the successor."""
        addresses = world.contracts.addresses
        types = {"takeLot": ["address", "bytes32"], "takeBatch": ["address", "uint32", "bytes32"]}
        content = keccak(text=f"{name}({','.join(types[name])})")[:4]
        content += encode(types[name], [addresses[contract], *arguments])
        return world.evm.call(address_of("owner"), addresses["NextContract"], content)

    def test_successor__by_vote_alone(self, world: LotWorld) -> None:
        for name in ("LotBook", "Custody"):
            with world.refuses("NotCaller"):
                world.act("owner", name, "setSuccessor", address_of("owner"))
        address = self.prepare(world)
        for name in ("LotBook", "Custody"):
            assert world.contracts.read(name, "successor").lower() == address.lower()

    def test_hand_over__by_anybody_else__refused(self, world: LotWorld) -> None:
        lot = held(world)
        with world.refuses("NotCaller"):
            world.custody("mine", "handOverLot", lot.id)
        with world.refuses("NotCaller"):
            world.book("mine", "handOverBatch", MINE, lot.header.root)

    def test_hand_over__lot__is_closed_here(self, world: LotWorld) -> None:
        lot = held(world)
        self.prepare(world)
        self.take(world, "takeLot", "Custody", lot.id)
        assert world.lot_of(lot)[:2] == (6, MINE)
        with world.refuses("LotWithSuccessor", lot.id):
            self.take(world, "takeLot", "Custody", lot.id)
        with world.refuses("LotNotInState", lot.id, 6, 1):
            world.custody("mine", "retire", [lot.id], 1)

    def test_hand_over__lot_that_was_never_opened__does_not_open_here(
        self, world: LotWorld
    ) -> None:
        (made,) = world.originate("mine", AURORA, batch(CATHODE, MB, HELD))
        lot = made.lot()
        self.prepare(world)
        self.take(world, "takeLot", "Custody", lot.id)
        with world.refuses("AlreadyOpen", lot.id, bytes(32), lot.commitment):
            world.open("mine", lot)

    def test_hand_over__batch__nothing_of_it_opens_here(self, world: LotWorld) -> None:
        plan = batch(CATHODE, MB, HELD, HELD)
        (made,) = world.originate("mine", AURORA, plan)
        root = made.header.root
        opened = world.open("mine", made.lot(0))
        self.prepare(world)
        self.take(world, "takeBatch", "LotBook", MINE, root)
        with world.refuses("HandedOver", root):
            self.take(world, "takeBatch", "LotBook", MINE, root)
        never = fresh()
        with world.refuses("HandedOver", never):
            self.take(world, "takeBatch", "LotBook", MINE, never)
        with world.refuses("NotTheBatch", MINE, root, (4).to_bytes(32), None):
            world.open("mine", made.lot(1))
        # What was opened before goes on here until it is handed over itself.
        world.pass_on(opened, "mine", "smelter")
