"""Registry and Assurance: event heads, and state from logs alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

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
    COPPER,
    GOLD,
    RMM_2,
    Assured,
)
from tests.contracts.test_slots import bits, heads, slot
from tests.contracts.world import ARTIFACTS

NOBODY = 99
ENDED = 1 << 5
"""Withdrawn or void."""


def frozen(records: list[list[Any]]) -> list[list[Any]]:
    """Certificates that ended for cause, and none that was recorded later stands in for."""
    return [
        r
        for at, r in enumerate(records)
        if r[4]
        and r[7] & ENDED
        and not any(
            other[4]
            and (other[0], other[1]) == (r[0], r[1])
            and other[2] >= r[2]
            and other[8] in {0, r[8]}
            for other in records[at + 1 :]
        )
    ]


def is_suspended(running: list[list[Any]], site: int, scheme: int, level: int) -> bool:
    own = [r for r in running if (r[0], r[1]) == (site, scheme)]
    stand = [r for r in own if not r[7] & (15 | ENDED) and r[2] >= level]
    bad = [r for r in own if r[7] & (15 | ENDED)]
    return any(not any(other[8] in {0, r[8]} for other in stand) for r in bad)


@pytest.fixture(scope="module")
def told(filled: Assured) -> Iterator[Assured]:
    """One of everything was done; the tests only ask, and then it is undone."""
    before = filled.chain.tester.take_snapshot()
    one_of_everything(filled)
    yield filled
    filled.chain.tester.revert_to_snapshot(before)


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
    told_of = {*fold.classes, *fold.substances, *fold.unit_kinds}
    for number in sorted({*told_of, *(each + 1 for each in told_of), 0, NOBODY}):
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
            known = [*running, *(r for r in frozen(fold.records) if r not in running)]
            expected = any(is_suspended(known, site, *each) for each in requirements)
            assert calls.suspended(site, programme).call() is expected
    assert calls.suspended(AURORA, RMM_2).call() is True
    assert calls.suspended(BAHIA, RMM_2).call() is False
