"""Gas of the calls people make, measured on eth-tester. Run as a program: write gas.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.contracts.world import (
    ADMIT,
    EXPEL,
    Chain,
    account_grant,
    account_id,
    admission,
    build_chain,
    digest,
    payload,
)
from veta.model.consortium import KeyPurpose

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


def main() -> None:
    """Write the snapshot."""
    SNAPSHOT.write_text(json.dumps(measure(build_chain()), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
