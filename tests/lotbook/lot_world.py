"""The small world of the random histories: eight members, four sites, three metals."""

from __future__ import annotations

from typing import Final

from eth_account import Account

from tests.contracts.engine import START
from tests.lotbook.lot_facts import AllocationRule, Facts, LotRules, ProductClass
from tests.lotbook.lot_values import EXTERNAL, RECYCLED, Column, key
from veta.model.consortium import Role

DAY: Final = 86_400
OPENED: Final = START + 1
"""When what was voted for at the start came into force."""
BEGIN: Final = START + 60 * DAY
"""When the histories begin: credit needs an assured production period before it."""
FOREVER: Final = 2**64 - 1
MINER, SMELTER, MAKER, TRADER, AUTHORITY, BODY, ACCREDITOR, OWNER = range(1, 9)
ROLES: Final = {
    MINER: Role.MINER,
    SMELTER: Role.SMELTER,
    MAKER: Role.MANUFACTURER,
    TRADER: Role.TRADER,
    AUTHORITY: Role.AUTHORITY,
    BODY: Role.CERTIFICATION_BODY,
    ACCREDITOR: Role.ACCREDITATION_BODY,
    OWNER: Role.SCHEME_OWNER,
}
SECRETS: Final = {member: bytes([member]) * 32 for member in [*ROLES, 99]}
ACCOUNTS: Final = {
    member: str(Account.from_key(secret).address).lower() for member, secret in SECRETS.items()
}
STRANGER: Final = ACCOUNTS.pop(99)

SITES: Final = {1: MINER, 2: SMELTER, 3: MAKER, 4: MINER}
METALS: Final = {29: 1, 79: 2, 27: 1}
"""Base unit by substance: grams, milligrams."""
CONCENTRATE, CATHODE, SLAG, CABLE, IN_PROCESS = range(1, 6)
CLASSES: Final = {
    CONCENTRATE: ProductClass(False, 20_000, 5_000, 100_000),
    CATHODE: ProductClass(False, 0, 1_000, 0),
    SLAG: ProductClass(True, 500_000, 50_000, 0),
    CABLE: ProductClass(False, 0, 0, 10),
    IN_PROCESS: ProductClass(False, 10_000, 200_000, 0),
}
UNIT_KINDS: Final = (1, 2)
GWP_SET: Final = 1
CO2E: Final = key(Column.CO2E, GWP_SET)
MASS: Final = key(Column.MASS, 1)
COLUMNS: Final = frozenset(
    [MASS, key(Column.MASS, 2), CO2E]
    + [key(Column.METAL, 0, metal) for metal in METALS]
    + [key(Column.CLASS, c, metal) for metal in METALS for c in (RECYCLED, EXTERNAL)]
    + [key(Column.UNIT, kind) for kind in UNIT_KINDS]
)
PROGRAMMES: Final = {
    1: (1 << 8 | 1,),
    2: (2 << 8 | 1,),
    3: (1 << 8 | 1, 2 << 8 | 1),
    4: (1 << 8 | 2,),
}
REDUCTIONS: Final = frozenset([(3, 1), (3, 2), (4, 1)])
CAPACITY: Final = 2**45
RULES: Final = LotRules(30 * DAY, 50_000, 30 * DAY, 4)

CERTIFIED: Final = (
    (1, 1 << 8 | 2, OPENED, START + 1500 * DAY),
    (1, 2 << 8 | 1, OPENED, START + 1500 * DAY),
    (2, 1 << 8 | 1, OPENED, START + 1500 * DAY),
    (3, 1 << 8 | 1, OPENED, START + 1500 * DAY),
    (4, 1 << 8 | 1, OPENED, START + 400 * DAY),
    (4, 2 << 8 | 3, OPENED, START + 1500 * DAY),
)
"""Site, mark (scheme and level), from, until: numbered as the chain numbers them."""
ALLOCATION: Final = (
    (1, {CONCENTRATE: (800_000, 950_000), SLAG: (50_000, 200_000)}),
    (2, {CATHODE: (850_000, 1_000_000), SLAG: (0, 150_000)}),
    (3, {SLAG: (0, 100_000), CABLE: (900_000, 1_000_000), IN_PROCESS: (0, 1_000_000)}),
)


def facts_at(now: int, certificates: list[int], rules: list[int]) -> Facts:
    """What is known once the world is set up; numbers are those that the chain gave out."""
    return Facts(
        now=now,
        rules=RULES,
        operators={account: member for member, account in ACCOUNTS.items()},
        authorities=frozenset([AUTHORITY]),
        consortium="0x" + "00" * 20,
        sites=dict(SITES),
        capacities={(site, metal): CAPACITY for site in SITES for metal in METALS},
        ceilings={(member, metal): CAPACITY for member in (1, 2, 3, 4) for metal in METALS},
        classes=dict(CLASSES),
        columns=COLUMNS,
        programmes=dict(PROGRAMMES),
        reducible=REDUCTIONS,
        certificates=dict(zip(certificates, CERTIFIED, strict=True)),
        suspensions={number: [] for number in certificates},
        allocation={
            number: AllocationRule(site, OPENED, FOREVER, shares)
            for number, (site, shares) in zip(rules, ALLOCATION, strict=True)
        },
    )
