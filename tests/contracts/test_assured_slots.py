"""Registry and Assurance: storage as the specification says."""

from __future__ import annotations

from eth_utils.crypto import keccak

from tests.contracts.assured_world import (
    AURORA,
    BAHIA,
    BODY_ACCREDITATION,
    CATHODE,
    COPPER,
    GOLD,
    JOINT,
    RMM,
    RMM_1,
    RMM_2,
    SLIMES,
    YEAR,
    Assured,
    symbol,
)
from tests.contracts.test_assurance_cover import SHARES, rule_digest
from tests.contracts.test_slots import at, bits, element, slot
from tests.contracts.world import DAY, OPEN, digest

NOBODY = 99


def test_slots__registry__as_documented(assured: Assured) -> None:
    chain, address = assured.chain, assured.chain.registry.address
    calls = assured.registry
    mine = assured.id("mine")
    rules = calls.lotRules().call()
    assert bits(slot(chain, address, 2), 32, 32, 32, 32, 64) == rules
    assert slot(chain, address, 3) == 1
    assert bits(slot(chain, address, element(3, 0, 1)), 32, 32, 32, 32, 64) == rules
    country, registered, gone, identifier = calls.site(AURORA).call()
    site = at("uint32", AURORA, 4)
    assert bits(slot(chain, address, site), 16, 64, 8) == (
        int.from_bytes(country, "big"),
        registered,
        int(gone),
    )
    assert slot(chain, address, site + 1) == int.from_bytes(identifier, "big")
    assert slot(chain, address, at("bytes32", identifier, 5)) == AURORA
    (entry,) = calls.operatorEntries(AURORA, 0, 9).call()
    window = at("uint32", mine, at("uint32", AURORA, 6))
    assert bits(slot(chain, address, window), 64, 64) == entry[1:3]
    assert slot(chain, address, at("uint32", AURORA, 7)) == mine
    listed = at("uint32", AURORA, 8)
    assert slot(chain, address, listed) == 1
    assert bits(slot(chain, address, element(listed, 0, 1)), 32, 64, 64, 64) == entry
    assured.register(calls.setCapacity(AURORA, COPPER, 0, 700))
    first = chain.now()
    later = first + 90 * DAY
    assured.register(calls.setCapacity(AURORA, COPPER, later, 900))
    capacity = at("uint16", COPPER, at("uint32", AURORA, 9))
    assert bits(slot(chain, address, capacity), 64, 64, 64) == (later, 900, 700)
    assert slot(chain, address, capacity + 1) == 2
    first_entry = slot(chain, address, element(capacity + 1, 0, 1))
    assert bits(first_entry, 64, 64, 64) == (first, 700, first)
    assured.register(calls.setExternalCeiling(mine, GOLD, 0, 80))
    ceiling = at("uint16", GOLD, at("uint32", mine, 10))
    assert bits(slot(chain, address, ceiling), 64, 64, 64) == (chain.now(), 80, 0)
    content = calls.productClass(CATHODE).call()
    class_word = slot(chain, address, at("uint32", CATHODE, 11))
    assert bits(class_word, 8, 8, 32, 32, 64) == tuple(int(each) for each in content)
    substance_word = slot(chain, address, at("uint16", COPPER, 12))
    name = int.from_bytes(symbol("Cu"), "big")
    assert bits(substance_word, 8, 8, 128) == (1, 1, name)
    by_symbol = int.from_bytes(keccak(symbol("Cu").ljust(32, b"\0") + (13).to_bytes(32, "big")))
    assert slot(chain, address, by_symbol) == COPPER
    assert slot(chain, address, at("uint256", 0, 14)) == 1 << COPPER | 1 << GOLD
    assured.register(calls.registerUnitKind(257, "vehicle"))
    assert slot(chain, address, at("uint256", 1, 15)) == 2


def test_slots__assurance__as_documented(assured: Assured) -> None:
    chain, address = assured.chain, assured.chain.assurance.address
    calls, why = assured.assurance, digest("why")
    owner, accreditor, body = (assured.id(n) for n in ("owner", "accreditor", "body"))
    scheme = slot(chain, address, at("uint16", RMM, 2))
    assert bits(scheme, 32, 8, 8, 8) == (owner, 3, 12, 3)
    joint = slot(chain, address, at("uint16", JOINT, 3))
    assert bits(joint, 16, 8, 16, 8) == (RMM, 2, 2, 1)
    assert slot(chain, address, at("uint256", joint, 4)) == JOINT
    assert slot(chain, address, at("uint16", RMM_1, at("uint16", RMM_2, 5))) == 1
    recognised = at("uint32", accreditor, at("uint16", RMM, 6))
    assert slot(chain, address, recognised) == 1
    (entry,) = calls.recognitions(RMM, accreditor, 0, 9).call()
    found = slot(chain, address, element(recognised, 0, 1))
    assert bits(found, 32, 64, 64, 64) == entry
    record = assured.certify()
    assert slot(chain, address, 7) == record
    content = calls.record(record).call()
    place = at("uint32", record, 8)
    first = slot(chain, address, place)
    assert bits(first, 32, 16, 8, 32, 32, 64, 64, 8) == content[:8]
    assert slot(chain, address, place + 1) == content[8] == COPPER
    assert slot(chain, address, place + 2) == int.from_bytes(content[9], "big")
    accreditation = slot(chain, address, at("uint32", BODY_ACCREDITATION, 8) + 1)
    assert bits(accreditation, 16, 16) == (COPPER, GOLD)
    live = at("uint16", RMM, at("uint32", AURORA, 11))
    assert slot(chain, address, live) == record
    assert slot(chain, address, at("uint32", body, at("uint32", AURORA, 12))) == record
    assured.send(calls.suspend(record, why), "accreditor")
    now = chain.now()
    assert slot(chain, address, live) == record | 1 << 224
    statuses = at("uint32", record, 9)
    assert slot(chain, address, statuses) == 1
    listed = slot(chain, address, element(statuses, 0, 1))
    assert bits(listed, 8, 8, 32, 64, 64) == (1, 1, accreditor, now, now)
    assert slot(chain, address, at("bytes32", content[9], at("uint32", body, 10))) == record
    rules(assured)


def rules(assured: Assured) -> None:
    """A confirmed rule in its two slots."""
    chain, address = assured.chain, assured.chain.assurance.address
    smelter, body = assured.id("smelter"), assured.id("body")
    assured.certify(site=BAHIA, leaf=digest("bahia"))
    now = chain.now()
    call = assured.assurance.registerRule(BAHIA, now, now + YEAR, SHARES)
    assured.send(call, "smelter")
    what = rule_digest(BAHIA, now, now + YEAR, SHARES)
    assured.send(assured.assurance.confirmRule(1, what), "body")
    assert slot(chain, address, 13) == 1
    state = slot(chain, address, at("uint32", 1, 14))
    expected = (BAHIA, chain.now(), now + YEAR, smelter, body, 3)
    assert bits(state, 32, 64, 64, 32, 32, 8) == expected
    words = slot(chain, address, at("uint32", 1, 15))
    flat = [part for share in SHARES for part in share]
    assert bits(words, *(32, 24, 24) * 3) == tuple(flat)
    assert SHARES[1][0] == SLIMES
    assert OPEN == 2**64 - 1
