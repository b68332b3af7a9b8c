"""One of everything that lot book and custody can say."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import address_of, key_of
from tests.contracts.lots.paper import CB, DUST, MB, batch, fresh, part_of
from tests.contracts.lots.world import (
    AURORA,
    CATHODE,
    CO2E,
    CU,
    CU_75,
    CU_EXTERNAL,
    DAY,
    IDS,
    NET,
    ROD,
    LotWorld,
)
from tests.contracts.world import mock

HELD = {NET: 1_000, CU: 900, CO2E: 2_000}


def tell(world: LotWorld) -> None:
    """Runs, moves, ways out and the successor; every event at least once."""
    runs(world)
    moves(world)
    ends(world)
    hand_over(world)


def runs(world: LotWorld) -> None:
    """Ways in, a transform with credit left and drawn, withdrawal, replacement."""
    lot = world.held({NET: 1_000, CU: 1_000, CO2E: 2_000, CU_75: 800})
    rod = batch(ROD, MB, {NET: 900, CU: 900, CO2E: 2_100, CU_75: 300})
    (made,) = world.transform("mine", AURORA, rod, takes=[part_of(lot)], losses=[(CU, 100, DUST)])
    halves = batch(ROD, MB, *[{NET: 450, CU: 450, CO2E: 1_050, CU_75: 150}] * 2)
    world.book("mine", "replace", made.header, halves.tree.root, 2)
    other = world.held(HELD)
    drawn = batch(ROD, MB, {NET: 1_000, CU: 900, CO2E: 2_000, CU_75: 120})
    world.transform("mine", AURORA, drawn, takes=[part_of(other)], draws=[(0, CU_75, 120)])
    for source in (fresh(), fresh()):
        plan = batch(CATHODE, CB, {NET: 9, CU: 9, CU_EXTERNAL: 9, CO2E: 9})
        outside = world.external("gris", plan, source=source)
    sums = tuple(outside.plan.sums.values())
    world.book("gris", "withdraw", outside.header, outside.plan.columns, sums, outside.plan.salt)
    world.gain("mine", AURORA, batch(CATHODE, CB, {NET: 5, CU: 5, CO2E: 0}))
    (gone,) = world.originate("mine", AURORA, batch(CATHODE, MB, HELD))
    plan = gone.plan
    world.book("mine", "withdraw", gone.header, plan.columns, tuple(plan.sums.values()), plan.salt)


def moves(world: LotWorld) -> None:
    """Offers of every kind and outcome, and what was measured."""
    smelter, until = IDS["smelter"], world.now + DAY
    lots = [world.held(HELD) for _ in range(6)]
    world.custody("mine", "offer", [lot.id for lot in lots[:5]], smelter, until, fresh())
    world.custody("smelter", "accept", [lots[0].id], [0], fresh())
    world.custody("smelter", "decline", [lots[1].id])
    for lot, measured in ((lots[2], 998), (lots[3], 700)):
        world.custody("smelter", "acceptMeasured", lot.opened(), 0, measured, 1, fresh())
    world.custody("mine", "freezeJointly", lots[4].id, until + DAY)
    world.custody("smelter", "freezeJointly", lots[4].id, until + DAY)
    world.custody("authority", "freeze", lots[5].id, until)
    asked = world.held(HELD)
    world.custody("mine", "offer", [asked.id], smelter, until, fresh())
    world.custody("smelter", "freezeJointly", asked.id, until)
    signed = world.held(HELD)
    offer = (IDS["mine"], smelter, until, 5, fresh(), [signed.id], [0])
    digest = world.contracts.read("Custody", "offerDigest", offer)
    signature = Account.unsafe_sign_hash(digest, key_of("mine")).signature
    world.custody("smelter", "acceptSigned", offer, bytes(signature))


def ends(world: LotWorld) -> None:
    """A lot retired, one that left, one that came back."""
    retired, out, back = (world.held(HELD) for _ in range(3))
    world.custody("mine", "retire", [retired.id], 2)
    custody, salt = world.contracts.addresses["Custody"], fresh()
    types = ["uint256", "address", "bytes32", "address", "bytes32"]
    for lot in (out, back):
        named = [world.evm.chain_id, custody, lot.id, address_of("smelter"), salt]
        world.custody("mine", "exit", lot.id, keccak(encode(types, named)))
    world.custody("smelter", "reenter", back.id, salt)


def hand_over(world: LotWorld) -> None:
    """The successor takes a lot and a batch."""
    address = world.contracts.create("NextContract", artifact=mock("NextContract"))
    addresses = world.contracts.addresses
    for name in ("LotBook", "Custody"):
        world.proposes(8, encode(["address", "address"], [addresses[name], address]))
    lot = world.held(HELD)
    take_over(world, "takeLot(address,bytes32)", addresses["Custody"], lot.id)
    book, root = addresses["LotBook"], lot.header.root
    take_over(world, "takeBatch(address,uint32,bytes32)", book, IDS["mine"], root)


def take_over(world: LotWorld, signature: str, *arguments: object) -> None:
    """The mock calls as the successor."""
    types = signature[signature.index("(") + 1 : -1].split(",")
    content = keccak(text=signature)[:4] + encode(types, arguments)
    world.contracts.call_raw("owner", world.contracts.addresses["NextContract"], content)
