"""Gas of the calls that move lots. Octets that are random in real life have no zeros here."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Final

from tests.contracts.lots.paper import CB, MB, Lot, batch, fresh, fresh_from, part_of
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

LIMITS: Final = {
    "originate, batch of 5 columns": 130_000,
    "open, depth 20": 150_000,
    "open and offer, depth 6": 135_000,
    "offer": 55_000,
    "accept": 55_000,
    "transform, 5 columns, 1 take": 165_000,
    "transform, 5 columns, 3 takes": 240_000,
    "transform, 5 columns, 10 takes": 450_000,
}
"""What the issue allows."""
OVER: Final = {
    *("originate, batch of 5 columns", "open, depth 20", "open and offer, depth 6"),
    *("transform, 5 columns, 1 take", "transform, 5 columns, 3 takes"),
    "transform, 5 columns, 10 takes",
}
"""What costs more than that now; ``docs/spec/contracts.md`` says what dominates each."""
LOT: Final = {
    NET: 25_000_000,
    CU: 24_997_500,
    CU_EXTERNAL: 0,
    CO2E: 75_775_000,
    CU_75: 19_598_040,
}


def measure_lots(world: LotWorld) -> dict[str, int]:
    """Gas by operation; what is warm in a running network was written before."""
    gas: dict[str, int] = {}
    fresh_from(10**12)
    world.originate("mine", AURORA, batch(CATHODE, CB, LOT))
    lots = [{key: each // 1_000 for key, each in LOT.items()}] * 38
    plan = batch(CATHODE, CB, *lots)
    content = world.draft(AURORA, plan, covers=world.covers(AURORA, plan))
    outcome = world.book("mine", "originate", tuple(content.values()))
    gas["originate, batch of 5 columns"] = outcome.gas
    million = deep_lot(world)
    gas["open, depth 20"] = world.custody("mine", "open", million.opening()).gas
    (cathode,) = world.originate("mine", AURORA, batch(CATHODE, CB, *lots))
    opened = list(cathode)
    to, until = IDS["smelter"], world.now + DAY
    offer = (to, until, fresh())
    gas["open and offer, depth 6"] = world.custody(
        "mine", "openAndOffer", opened[37].opening(), *offer
    ).gas
    gas["open and offer, depth 6"] = world.custody(
        "mine", "openAndOffer", opened[0].opening(), *offer
    ).gas
    world.custody("mine", "open", opened[1].opening())
    gas["offer"] = world.custody("mine", "offer", [opened[1].id], *offer).gas
    gas["accept"] = world.custody("smelter", "accept", [opened[1].id], [0], fresh()).gas
    for lot in opened[2:17]:
        world.open("mine", lot)
    # The first credit that a quarter leaves in an account takes a slot of its own.
    name = "transform, 1 take, first credit of a quarter"
    gas[name] = transform_gas(world, [opened[16]])
    at = 2
    for takes in (1, 3, 10):
        used = opened[at : at + takes]
        at += takes
        gas[f"transform, 5 columns, {takes} take{'s' * (takes > 1)}"] = transform_gas(world, used)
    return gas | measure_sites(world)


def measure_sites(world: LotWorld) -> dict[str, int]:
    """Gas of what is said of a site, by its assurer and its operator."""

    def cost(by: str, name: str, *arguments: object) -> int:
        return world.act(by, "SiteNotices", name, AURORA, *arguments).gas

    window = (world.now - DAY, world.now)
    return {
        "raise a concern": cost("body", "raiseConcern", fresh()),
        "close a concern, one side": cost("mine", "closeConcern", 1, fresh()),
        "close a concern, the other side": cost("body", "closeConcern", 1, fresh()),
        "record an incident": cost("body", "record", (1, 1, *window, 0, fresh())),
        "record what takes its place": cost("body", "record", (1, 1, *window, 1, fresh())),
    }


def transform_gas(world: LotWorld, lots: list[Lot]) -> int:
    """One output of what the lots have, with process emissions."""
    held = {key: sum(lot.held[key] for lot in lots) for key in lots[0].held}
    held[CO2E] += 1_000_000
    held[CU_75] -= held[CU_75] % 10
    plan = batch(ROD, MB, held)
    content = world.draft(AURORA, plan, takes=[part_of(lot) for lot in lots])
    return world.book("mine", "transform", tuple(content.values())).gas


def deep_lot(world: LotWorld) -> Lot:
    """A lot of a batch of 2^20, of which only the path of the lot is made."""
    small = tuple(each // 1_000_000 for each in LOT.values())
    key, leaf = fresh(), fresh()
    node = sha256(b"\x02" + key + leaf + words(small)).digest()
    sums, path = small, b""
    for _ in range(20):
        sibling = fresh() + words(sums)
        path += sibling
        node = sha256(b"\x03" + node + words(sums) + sibling).digest()
        sums = tuple(2 * each for each in sums)
    plan = batch(CATHODE, CB, dict(zip(LOT, small, strict=True)), names=[(key, leaf)])
    plan = plan.saying(root=node, size=2**20, sums=sums)
    emissions = [(1, dict(zip(LOT, sums, strict=True))[CO2E])]
    (made,) = world.originate("mine", AURORA, plan, emissions=emissions)
    return replace(made.lot(), path=path)


def words(quantities: tuple[int, ...]) -> bytes:
    """Eight octets each."""
    return b"".join(each.to_bytes(8) for each in quantities)
