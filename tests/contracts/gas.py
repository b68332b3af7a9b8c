"""Gas of the calls people make, measured on eth-tester. Run as a program: write gas.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.contracts.assured_world import (
    AURORA,
    BAHIA,
    BLEED,
    CATHODE,
    COPPER,
    JOINT,
    OTHER,
    RMM_1,
    RMM_2,
    SLIMES,
    Assured,
    build_assured,
)
from tests.contracts.lots.evm import slow_evm
from tests.contracts.lots.gas_of_lots import measure_lots
from tests.contracts.lots.world import NAMES, LotWorld
from tests.contracts.test_assurance_cover import rule_digest
from tests.contracts.world import (
    ADMIT,
    EXPEL,
    OPEN,
    Chain,
    account_grant,
    account_id,
    admission,
    build_chain,
    digest,
    payload,
)
from veta.model.consortium import KeyPurpose

LATER: Final = 0x7F010101
EVEN_LATER: Final = 0xFF010101
SNAPSHOT: Final = Path(__file__).with_name("gas.json")


def worst(text: str) -> bytes:
    """32 octets none of which is zero, because a zero octet is cheaper to send."""
    return bytes(octet or 1 for octet in digest(text))


def measure(chain: Chain) -> dict[str, int]:
    """Gas by operation, on a chain where nothing happened yet."""
    mine, smelter = chain.parties["mine"], chain.parties["smelter"]
    log, calls = chain.log.functions, chain.consortium.functions
    leaf, other = worst("leaf"), worst("other")
    gas: dict[str, int] = {}

    def note(name: str, call: object, sender: str) -> None:
        gas[name] = chain.send(call, sender)["gasUsed"]

    note("anchor, first of all", log.anchor(1, worst("a"), 1000, 1), mine.operate)
    note("anchor, first of an issuer", log.anchor(1, worst("b"), 1000, 1), smelter.operate)
    note("anchor, 1 leaf", log.anchor(2, worst("c"), 1, 1), mine.operate)
    note("anchor, 1,000 leaves", log.anchor(3, worst("d"), 1000, 1), mine.operate)
    note("anchor, 10,000 leaves", log.anchor(4, worst("e"), 10_000, 1), mine.operate)
    note("anchor, 2^53-1 leaves", log.anchor(5, worst("f"), 2**53 - 1, 6), mine.operate)
    note("revoke", log.revoke(mine.member, leaf, 2, 0), mine.operate)
    note("supersede", log.supersede(leaf, other), mine.operate)
    note("dispute", log.dispute(mine.member, leaf, other), chain.parties["community"].operate)
    grant = account_grant(KeyPurpose.OPERATE, chain.strangers[1])
    note("bind an account", calls.bindKey(grant, 0), mine.administer)
    note("bind a key", calls.bindKey((2, 2, worst("k") * 2), 0), mine.administer)
    note("pause a key", calls.pauseKey(account_id(chain.strangers[1])), chain.strangers[1])
    note("propose", calls.propose(EXPEL, payload(EXPEL, 9)), mine.administer)
    what = calls.proposal(1).call()[0][6]
    note("approve", calls.approve(1, what), mine.administer)
    terms = admission("newcomer", chain.strangers[2], chain.strangers[3])
    number, _ = chain.propose(ADMIT, terms)
    chain.approve(number, "mine", "smelter", "maker")
    chain.wait(48 * 3600)
    gas["execute an admission"] = chain.execute(number, ADMIT, terms)["gasUsed"]
    return gas


def measure_assured(assured: Assured) -> dict[str, int]:
    """Gas of the registry and the assurance contract; reads as transactions of their own."""
    chain, registry, assurance = assured.chain, assured.registry, assured.assurance
    # Far ahead and without a zero octet, so that no snapshot depends on the day it is made.
    chain.tester.time_travel(LATER)
    gas: dict[str, int] = {}

    def note(name: str, call: object, by: str) -> None:
        gas[name] = assured.send(call, by)["gasUsed"]

    vote = assured.register(registry.setCapacity(AURORA, COPPER, 0, 2**53 - 1))
    gas["execute a first capacity"] = vote["gasUsed"]
    wide = {"until": EVEN_LATER, "leaf": worst("wide")}
    note("accredit for two substances", assured.accreditation(**wide), "accreditor")
    other = {"body": assured.id("verifier"), "scheme": OTHER, "until": EVEN_LATER}
    call = assured.accreditation(**other, substances=[], leaf=worst("all"))
    note("accredit for every substance", call, "accreditor")
    terms = {"accreditation": 3, "until": OPEN, "leaf": worst("first")}
    note("certify a site", assured.certificate(**terms), "body")
    terms |= {"accreditation": 4, "leaf": worst("second"), "substances": []}
    note("certify it under another scheme", assured.certificate(**terms), "verifier")
    terms |= {"accreditation": 3, "site": BAHIA, "leaf": worst("third"), "substances": [COPPER]}
    assured.send(assured.certificate(**terms), "body")
    shares = [(CATHODE, 940_000, 960_000), (SLIMES, 45_000, 55_000), (BLEED, 0, 2_000)]
    rule = assurance.registerRule(BAHIA, LATER, EVEN_LATER, shares)
    note("register a rule of three shares", rule, "smelter")
    what = rule_digest(BAHIA, LATER, EVEN_LATER, shares)
    note("confirm it", assurance.confirmRule(1, what), "body")
    chain.tester.time_travel(LATER + 0x40404)
    chain.tester.mine_block()
    asked = {"from": LATER + 0x30303, "until": LATER + 0x40404}
    columns = [1 << 28 | 1 << 12, 2 << 28 | COPPER, 3 << 28 | 1 << 12 | COPPER]
    columns += [4 << 28 | 1 << 12, 5 << 28 | 1 << 12 | COPPER]
    for name, read in {
        "operates": registry.operates(AURORA, assured.id("mine")),
        "capacity": registry.capacity(AURORA, COPPER),
        "productClass": registry.productClass(CATHODE),
        "lotRules": registry.lotRules(),
        "requireColumns, five": registry.requireColumns(columns),
        "requireCover, one certificate": assured.cover(5, **asked),
        "requireCover, two": assured.cover(5, 6, **asked, programme=JOINT),
        "suspended, no": assurance.suspended(AURORA, RMM_2),
        "reducible": assurance.reducible(RMM_2, RMM_1),
        "assures": assurance.assures(assured.id("body"), AURORA),
        "allocationRule, three shares": assurance.allocationRule(1),
    }.items():
        note(f"read: {name}", read, "mine")
    note("suspend a certificate", assurance.suspend(5, worst("why")), "accreditor")
    note("read: suspended, yes", assurance.suspended(AURORA, RMM_2), "mine")
    note("lift it", assurance.lift(5, worst("why")), "accreditor")
    cover = assured.cover(5, **{"from": LATER + 0x30303, "until": LATER + 0x31313})
    note("read: requireCover, once suspended", cover, "mine")
    return gas


def measure_all() -> dict[str, int]:
    """Everything, each on a chain of its own."""
    lots = measure_lots(LotWorld(slow_evm(NAMES)))
    return measure(build_chain()) | measure_assured(build_assured()) | lots


def main() -> None:
    """Write the snapshot."""
    SNAPSHOT.write_text(json.dumps(measure_all(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
