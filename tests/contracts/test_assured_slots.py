"""Registry and Assurance: storage and logs as the specification says, and state from logs alone."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.contracts.assured_history import (
    AssuranceFold,
    RegistryFold,
    amount,
    decoded,
    one_of_everything,
)
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
from tests.contracts.test_slots import at, bits, element, heads, slot
from tests.contracts.world import ARTIFACTS, DAY, OPEN, digest

NOBODY = 99


@pytest.fixture
def told(assured: Assured) -> Assured:
    one_of_everything(assured)
    return assured


@pytest.mark.parametrize("name", ["Registry", "Assurance"])
def test_event_head__one_of_every_event__count_and_head_follow_from_the_receipts(
    told: Assured, name: str
) -> None:
    chain = told.chain
    contract = {"Registry": chain.registry, "Assurance": chain.assurance}[name]
    count, head = heads(chain)[contract.address]
    assert contract.functions.eventHead().call() == [count, head]
    first = slot(chain, contract.address, 0)
    assert bits(first, 64, 160) == (count, int(contract.functions.successor().call(), 16))
    assert slot(chain, contract.address, 1) == int.from_bytes(head, "big")
    names = [event for event, _ in decoded(contract)]
    assert len(names) == count
    declared = {e["name"] for e in ARTIFACTS[name]["abi"] if e["type"] == "event"}
    assert set(names) == declared


def test_registry__rebuilt_from_its_logs__answers_the_same(told: Assured) -> None:
    chain, calls = told.chain, told.registry
    fold, now = RegistryFold(decoded(chain.registry)), told.chain.now()
    for site in (*fold.sites, NOBODY):
        content = fold.sites.get(site)
        found = calls.site(site).call()
        assert calls.siteKnown(site).call() is (content is not None and site not in fold.gone)
        if content is not None:
            identifier = content["identifierDigest"]
            assert found[0::3] == (content["country"], identifier)
            assert found[2] is (site in fold.gone)
            assert calls.siteOf(identifier).call() == site
        assert [tuple(e) for e in calls.operatorEntries(site, 0, 99).call()] == (
            fold.operators[site]
        )
        for member in range(12):
            expected = fold.operates(site, member, now)
            assert calls.operates(site, member).call() is expected
            assert (member in calls.operators(site).call()) or not expected
    for whose in range(12):
        for substance in (COPPER, GOLD):
            entries = fold.amounts["CapacitySet", whose, substance]
            assert calls.capacityEntries(whose, substance, 0, 99).call() == entries
            assert calls.capacity(whose, substance).call() == amount(entries, now)
            entries = fold.amounts["ExternalCeilingSet", whose, substance]
            assert calls.externalCeilingEntries(whose, substance, 0, 99).call() == entries
            assert calls.externalCeiling(whose, substance).call() == amount(entries, now)
    for number in range(100):
        known = fold.classes.get(number, (False, False, 0, 0, 0))
        assert calls.productClass(number).call() == known
        assert calls.substance(number).call() == fold.substances.get(number, (False, 0, bytes(16)))
        assert calls.columnKnown(2 << 28 | number).call() is (number in fold.substances)
        assert calls.unitKindKnown(number).call() is (number in fold.unit_kinds)
    assert calls.lotRules().call() == fold.rules[-1]
    assert calls.lotRulesCount().call() == len(fold.rules)
    for index, rules in enumerate(fold.rules, start=1):
        assert calls.lotRulesAt(index).call() == rules


def test_assurance__rebuilt_from_its_logs__answers_the_same(told: Assured) -> None:
    chain, calls = told.chain, told.assurance
    fold = AssuranceFold(decoded(chain.assurance))
    for number in range(6):
        assert calls.scheme(number).call() == fold.schemes.get(number, (0, 0, 0, 0))
        assert calls.programme(number).call() == fold.programmes.get(number, [])
        assert calls.programmeKnown(number).call() is (number in fold.programmes)
        for other in range(6):
            listed = (number, other) in fold.reductions
            assert calls.reducible(number, other).call() is listed
        for body in range(12):
            entries = fold.recognitions[number, body]
            assert calls.recognitions(number, body, 0, 99).call() == entries
    assert calls.recordCount().call() == len(fold.records)
    for number, content in enumerate(fold.records, start=1):
        assert calls.record(number).call() == tuple(content)
        assert calls.status(number, 0, 99).call() == fold.statuses[number]
        assert calls.recordOf(content[3], content[9]).call() == number
    assert calls.ruleCount().call() == len(fold.rules)
    for number, (site, start, end, operator, assurer, shares) in enumerate(fold.rules, start=1):
        state = (site, start, end, operator, assurer, len(shares))
        assert calls.ruleState(number).call() == state
        if assurer:
            assert calls.allocationRule(number).call() == (site, start, end, shares)


def test_assurance__rebuilt_from_its_logs__knows_who_assures_and_what_is_suspended(
    told: Assured,
) -> None:
    calls, now = told.assurance, told.chain.now()
    fold = AssuranceFold(decoded(told.chain.assurance))
    running = [r for r in fold.records if r[4] and r[5] <= now < r[6]]
    for site in (AURORA, BAHIA):
        for member in range(12):
            active = [r for r in running if (r[0], r[3]) == (site, member) and not r[7] & 15]
            assert calls.assures(member, site).call() is bool(active)
        for programme, requirements in fold.programmes.items():
            expected = any(is_suspended(running, site, *each) for each in requirements)
            assert calls.suspended(site, programme).call() is expected
    assert calls.suspended(AURORA, RMM_2).call() is True
    assert calls.suspended(BAHIA, RMM_2).call() is False


def is_suspended(running: list[list[Any]], site: int, scheme: int, level: int) -> bool:
    own = [r for r in running if (r[0], r[1]) == (site, scheme)]
    stand = [r for r in own if not r[7] & 15 and r[2] >= level]
    return any(r[7] & 15 and not any(other[8] in {0, r[8]} for other in stand) for r in own)


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
