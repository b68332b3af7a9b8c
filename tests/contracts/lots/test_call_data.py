"""Lists that claim to lie beyond the end of a call, or before it.

LotBook hands a call on to LotLaws as it came, with the terms behind it. What one of them reads and
the other does not would be judged and not recorded: so such a call is refused, or means the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.lots.evm import RefusedError, address_of, calldata
from tests.contracts.lots.paper import CB, MB, batch, part_of
from tests.contracts.lots.world import AURORA, CATHODE, CO2E, CU, CU_75, NET, ROD, LotWorld

HELD = {NET: 1_000, CU: 1_000, CO2E: 3_000, CU_75: 600}
WORD = 32
BEYOND = (0, 1, 4, 31, 32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
BEFORE = (0, 1, 3, 4, 5, 31, 32, 36, 64, 68, 96, 512)


def lawful(world: LotWorld, verb: str) -> bytes:
    """Call data with every kind of list in it that the verb allows."""
    if verb == "originate":
        plans = batch(CATHODE, CB, HELD, HELD), batch(CATHODE, CB, HELD)
        content = world.draft(AURORA, *plans, covers=world.covers(AURORA, *plans))
    else:
        lots = [world.held(HELD), world.held(HELD)]
        kept = {NET: 990, CU: 990, CO2E: 3_030, CU_75: 594}
        plans = batch(ROD, MB, kept), batch(ROD, MB, kept)
        content = world.draft(
            AURORA, *plans, takes=[part_of(lot) for lot in lots], losses=[(CU, 20, 1)]
        )
    return calldata("LotBook", verb, tuple(content.values()))


def offsets(content: bytes) -> Iterator[tuple[int, int]]:
    """Places of words that may be offsets, and what each may be counted from.

    A superset: every small multiple of 32, counted from any earlier word.
    """
    for at in range(4, len(content), WORD):
        value = int.from_bytes(content[at : at + WORD])
        if 0 < value < len(content) and value % WORD == 0:
            yield at, value


def bases(content: bytes, at: int, value: int) -> Iterator[int]:
    """Where an offset may be counted from: its target is then a length, or the head of a tuple."""
    for base in range(4, at + 1, WORD):
        if base + value < len(content):
            yield base


def told(world: LotWorld, content: bytes) -> list[tuple[str, bytes]] | None:
    """What the contracts say to it, or None if it is refused; nothing stays."""
    mark = world.evm.mark()
    try:
        book = world.contracts.addresses["LotBook"]
        logs, _, _ = world.evm.call(address_of("mine"), book, content)
    except (RefusedError, AssertionError):
        return None
    else:
        return [(str(log[0]), bytes(log[2])) for log in logs]
    finally:
        world.evm.back(mark)


@pytest.mark.parametrize("verb", ["originate", "transform"])
def test_run__list_beyond_the_call_or_before_it__is_refused_or_means_the_same(
    world: LotWorld, verb: str
) -> None:
    content = lawful(world, verb)
    honest = told(world, content)
    assert honest
    tried = same = 0
    for at, value in offsets(content):
        targets = {len(content) + each for each in BEYOND} | {4 - each for each in BEFORE}
        nearest = list(bases(content, at, value))
        # What it is counted from is the first place, or one of the nearest.
        for base in {*nearest[:2], *nearest[-4:]}:
            for target in targets:
                moved = (target - base) % 2**256
                spoilt = content[:at] + moved.to_bytes(WORD) + content[at + WORD :]
                found = told(world, spoilt)
                assert found in (None, honest), (at, base, target)
                tried += 1
                same += found == honest
    assert tried > 1_000
    assert same < tried / 5, "most are refused: they reach what is a list"


@pytest.mark.parametrize("verb", ["originate", "transform"])
def test_run__octets_behind_it__change_nothing(world: LotWorld, verb: str) -> None:
    content = lawful(world, verb)
    honest = told(world, content)
    for behind in (b"\0", bytes(32), b"\xff" * 32, bytes(31) + b"\x20", content):
        assert told(world, content + behind) == honest
