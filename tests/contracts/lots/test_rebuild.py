"""Every slot of lot book and custody follows from their events, and the events are all there."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.lots.evm import Event, read_event
from tests.contracts.lots.paper import MB, batch, part_of
from tests.contracts.lots.rebuilt import LOT_FIELDS, Rebuilt, place
from tests.contracts.lots.story import HELD, tell
from tests.contracts.lots.world import AURORA, CATHODE, CO2E, CU, DAY, IDS, NET, ROD, LotWorld
from tests.contracts.world import ARTIFACTS


def first_event(world: LotWorld, contract: str) -> Event:
    """What the constructor said: it follows from the contract's parts."""
    at = world.contracts.addresses
    names = {
        "LotBook": ["Custody", "Registry", "Assurance", "LotLaws", "StatementLog"],
        "Custody": ["LotBook", "Registry", "LotLaws"],
    }[contract]
    name = {"LotBook": "BookOpened", "Custody": "CustodyOpened"}[contract]
    signature = f"{name}({','.join(['address'] * (1 + len(names)))})"
    topics = keccak(text=signature), bytes.fromhex(at["Consortium"][2:]).rjust(32, b"\0")
    data = encode(["address"] * len(names), [at[each] for each in names])
    return read_event(contract, topics, data)


def test_rebuild__one_of_everything__every_slot_from_events(world: LotWorld) -> None:
    start = len(world.contracts.log)
    tell(world)
    events = [first_event(world, name) for name in ("LotBook", "Custody")]
    events += world.contracts.log[start:]
    said = {(event.contract, event.name) for event in events}
    for name in ("LotBook", "Custody"):
        wanted = {each["name"] for each in ARTIFACTS[name]["abi"] if each["type"] == "event"}
        assert wanted == {event for contract, event in said if contract == name}
    rebuilt = Rebuilt(events)
    for name, slots in (("LotBook", rebuilt.book), ("Custody", rebuilt.custody)):
        for at, value in slots.items():
            assert world.contracts.slot(name, at) == value, (name, hex(at))
        count, head = rebuilt.heads[name]
        assert world.contracts.read(name, "eventHead") == (count, head)
        assert world.contracts.slot(name, 1) == int.from_bytes(head)
        assert world.contracts.slot(name, 0) % 2**64 == count
    assert len(rebuilt.lots) >= 12
    assert {fields[0] for fields in rebuilt.lots.values()} == {1, 2, 3, 4, 5, 6}


def test_rebuild__one_event_left_out_or_changed__the_head_differs(world: LotWorld) -> None:
    start = len(world.contracts.log)
    tell(world)
    events = [first_event(world, "Custody"), *world.contracts.log[start:]]
    whole = Rebuilt(events).heads["Custody"]
    for at, event in enumerate(events):
        if event.contract != "Custody" or event.name == "LotOpened":
            continue
        head = bytes(32)
        for other in (*events[:at], *events[at + 1 :]):
            if other.contract == "Custody":
                head = keccak(head + keccak(b"".join(other.topics) + other.data))
        assert head != whole[1]


def test_slots__a_lots_state__proven_from_two_slots(slow_world: LotWorld) -> None:
    """Unopened, held, offered, frozen, consumed, retired, gone: on eth-tester, word by word."""
    world = slow_world
    (made,) = world.originate("mine", AURORA, batch(CATHODE, MB, *[HELD] * 6))
    lots = list(made)
    at = [place(2, ("bytes32", lot.id)) for lot in lots]

    def fields(number: int) -> list[int]:
        word, found = world.contracts.slot("Custody", at[number]), []
        for bits in LOT_FIELDS:
            found.append(word & (1 << bits) - 1)
            word >>= bits
        assert word == 0
        return found

    mine, smelter = IDS["mine"], IDS["smelter"]
    assert fields(0) == [0] * 7, "unopened: an empty slot"
    word = place(2, ("uint32", mine), ("bytes32", made.header.root))
    assert world.contracts.slot("LotBook", word) & 1 == 0
    for lot in lots:
        world.open("mine", lot)
    assert world.contracts.slot("LotBook", word) & 1 == 1
    assert fields(0) == [1, mine, 0, 0, 0, 0, 0]
    for lot, place_ in zip(lots, at, strict=True):
        commitment = world.contracts.slot("Custody", place_ + 1)
        assert commitment == int.from_bytes(lot.commitment)
    until = world.now + DAY
    world.custody("mine", "offer", [lots[1].id], smelter, until, bytes(32))
    assert fields(1) == [2, mine, smelter, 0, 0, 0, until]
    world.custody("authority", "freeze", lots[2].id, until)
    assert fields(2) == [1, mine, 0, 0, 0, until, 0]
    part = batch(ROD, MB, {NET: 400, CU: 360, CO2E: 800})
    world.transform("mine", AURORA, part, takes=[part_of(lots[3], 400)])
    assert fields(3) == [1, mine, 0, 0, 400, 0, 0]
    rest = batch(ROD, MB, {NET: 600, CU: 540, CO2E: 1_200})
    world.transform("mine", AURORA, rest, takes=[part_of(lots[3], 600, 400)])
    assert fields(3) == [3, mine, 0, 0, 1_000, 0, 0]
    world.custody("mine", "retire", [lots[4].id], 1)
    assert fields(4) == [4, mine, 0, 0, 0, 0, 0]
    world.custody("mine", "exit", lots[5].id, b"\x01" * 32)
    assert fields(5) == [5, mine, 0, 0, 0, 0, 0]
    world.custody("smelter", "accept", [lots[1].id], [0], bytes(32))
    assert fields(1) == [1, smelter, 0, mine, 0, 0, 0]


@pytest.mark.parametrize("name", ["LotBook", "Custody"])
def test_slots__first_mapping__where_it_is_documented(name: str) -> None:
    layout = {
        each["label"]: int(each["slot"]) for each in ARTIFACTS[name]["storageLayout"]["storage"]
    }
    mappings = {
        "LotBook": [
            *("_batches", "_knownColumns", "_periodUses", "_ceilingUses"),
            *("_sources", "_sourceOf", "_credits"),
        ],
        "Custody": [
            *("_lots", "_exits", "_nonces", "_variances", "_freezesAsked", "_frozenByAuthority"),
        ],
    }[name]
    assert [layout[each] for each in mappings] == list(range(2, 2 + len(mappings)))
    assert len(layout) == len(mappings) + 3
