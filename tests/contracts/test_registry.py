"""Registry by its functions: what is refused, beside what is permitted."""

from __future__ import annotations

from typing import Any

import pytest
from web3.logs import DISCARD

from tests.contracts.assured_world import (
    AURORA,
    BAHIA,
    CATHODE,
    COPPER,
    EMPTY,
    GOLD,
    MOLYBDENUM,
    Assured,
    product_class,
    symbol,
)
from tests.contracts.world import (
    ARTIFACTS,
    DAY,
    EXPEL,
    OPEN,
    SET_SUCCESSOR,
    VOTERS,
    deploy,
)

LIMIT = 2**53 - 1


def column(kind: int, qualifier: int = 0, substance: int = 0) -> int:
    return kind << 28 | qualifier << 12 | substance


def refused(assured: Assured, call: Any, error: str, *arguments: Any) -> None:
    """The consortium's call fails with this error."""
    assured.chain.calls_in_vain("Registry", call, error, *arguments)


class TestConstructor:
    def test_constructor__no_consortium__refused(self, assured: Assured) -> None:
        chain = assured.chain
        abi, code = ARTIFACTS["Registry"]["abi"], ARTIFACTS["Registry"]["bytecode"]
        factory = chain.w3.eth.contract(abi=abi, bytecode=code)
        for location in (chain.strangers[0], chain.log.address):
            sent = factory.constructor(location).transact(
                {"from": chain.strangers[0], "gas": 15_000_000}
            )
            assert chain.w3.eth.get_transaction_receipt(sent)["status"] == 0

    def test_constructor__a_new_registry__has_sound_rules_and_no_capacity(
        self, assured: Assured
    ) -> None:
        chain = assured.chain
        fresh = deploy(chain.w3, "Registry", chain.strangers[0], chain.consortium.address)
        now = chain.now()
        assert fresh.functions.lotRules().call() == (30 * DAY, 1_000, 30 * DAY, 4, now)
        assert fresh.functions.lotRulesCount().call() == 1
        assert fresh.functions.lotRulesAt(1).call() == fresh.functions.lotRules().call()
        assert fresh.functions.consortium().call() == chain.consortium.address
        assert fresh.functions.gwpSet().call() == 1
        assert fresh.functions.version().call() == "1.0.0"
        assert fresh.functions.capacity(1, COPPER).call() == 0


def test_everything__by_anybody_but_the_consortium__refused(assured: Assured) -> None:
    chain, calls = assured.chain, assured.registry
    for call in (
        calls.registerSite(9, ("did:web:x.example", "x", b"CL")),
        calls.setOperator(AURORA, 1, 0, OPEN),
        calls.setCapacity(AURORA, COPPER, 0, 1),
        calls.setExternalCeiling(1, COPPER, 0, 1),
        calls.registerProductClass(9, product_class(), "x"),
        calls.registerSubstance(9, 1, symbol("F")),
        calls.registerUnitKind(9, "x"),
        calls.setLotRules((1, 0, 1, 0, 0)),
        calls.setSuccessor(chain.log.address),
    ):
        for sender in (chain.parties["mine"].administer, chain.parties["mine"].operate):
            with chain.refuses("NotCaller", sender.lower(), chain.consortium.address.lower()):
                chain.attempt(call, sender)


class TestSites:
    def test_register__new_site__known_with_what_was_said(self, assured: Assured) -> None:
        call = assured.registry.registerSite(2**32 - 1, ("did:web:n.example", "Ñuble", b"CL"))
        receipt = assured.register(call)
        (event,) = assured.chain.registry.events.SiteRegistered().process_receipt(
            receipt, errors=DISCARD
        )
        assert event["args"]["name"] == "Ñuble"
        identifier = event["args"]["identifierDigest"]
        assert assured.registry.siteKnown(2**32 - 1).call() is True
        now = assured.chain.now()
        assert assured.registry.site(2**32 - 1).call() == (b"CL", now, False, identifier)
        assert assured.registry.siteOf(identifier).call() == 2**32 - 1
        assert assured.registry.siteKnown(9).call() is False
        assert assured.registry.site(9).call() == (b"\0\0", 0, False, bytes(32))

    def test_register__id_identifier_texts_or_country_wrong__refused(
        self, assured: Assured
    ) -> None:
        site = assured.registry.registerSite
        terms = ("did:web:new.example", "New", b"CL")
        refused(assured, site(0, terms), "IdOutOfBounds", 0, 2**32 - 1)
        refused(assured, site(AURORA, terms), "AlreadyRegistered", AURORA)
        same = ("did:web:aurora.example", "New", b"CL")
        digest = assured.registry.site(AURORA).call()[3]
        refused(assured, site(9, same), "IdentifierTaken", digest, AURORA)
        refused(assured, site(9, ("", "New", b"CL")), "TextLength", 0, 256)
        refused(assured, site(9, ("x" * 257, "New", b"CL")), "TextLength", 257, 256)
        refused(assured, site(9, ("did:web:new.example", "", b"CL")), "TextLength", 0, 256)
        for country in (b"cl", b"C\0", b"1L"):
            refused(assured, site(9, (*terms[:2], country)), "NotCountryCode", country)


class TestOperators:
    def entries(self, assured: Assured, site: int = AURORA) -> list[Any]:
        return list(assured.registry.operatorEntries(site, 0, 99).call())

    def test_set__open_window__operates_from_then_and_another_site_not(
        self, assured: Assured
    ) -> None:
        maker = assured.id("maker")
        assured.register(assured.registry.setOperator(AURORA, maker, 1, OPEN))
        now = assured.chain.now()
        assert assured.registry.operates(AURORA, maker).call() is True
        assert assured.registry.operates(AURORA, assured.id("mine")).call() is True
        assert assured.registry.operates(BAHIA, maker).call() is False
        assert sorted(assured.registry.operators(AURORA).call()) == [1, 3]
        assert self.entries(assured)[-1] == (maker, now, OPEN, now), "never back-dated"
        assert assured.registry.operatorCount(AURORA).call() == 2

    def test_set__window__from_included_until_not(self, assured: Assured) -> None:
        chain, maker = assured.chain, assured.id("maker")
        start = chain.now() + 10 * DAY
        assured.register(assured.registry.setOperator(AURORA, maker, start, start + DAY))
        operates = assured.registry.operates(AURORA, maker)
        shown = []
        for moment in (start - 1, start, start + DAY - 1, start + DAY):
            chain.tester.time_travel(moment)
            chain.tester.mine_block()
            assert chain.now() == moment
            shown.append(operates.call())
        assert shown == [False, True, True, False]
        assert assured.registry.operators(AURORA).call() == [assured.id("mine")]

    def test_set__until_0__ends_at_once_and_the_list_keeps_it(self, assured: Assured) -> None:
        mine = assured.id("mine")
        before = self.entries(assured)
        assured.register(assured.registry.setOperator(AURORA, mine, 0, 0))
        now = assured.chain.now()
        assert assured.registry.operates(AURORA, mine).call() is False
        assert assured.registry.operators(AURORA).call() == []
        assert self.entries(assured) == [*before, (mine, now, now, now)]
        refused(
            assured, assured.registry.setOperator(AURORA, mine, 0, 0), "NotOperating", AURORA, mine
        )
        assured.register(assured.registry.setOperator(AURORA, mine, 0, OPEN))
        assert assured.registry.operates(AURORA, mine).call() is True

    def test_set__a_member_that_left__ends_but_does_not_begin(self, assured: Assured) -> None:
        trader = assured.id("trader")
        assured.register(assured.registry.setOperator(AURORA, trader, 0, OPEN))
        assured.chain.vote(EXPEL, trader, by=VOTERS)
        again = assured.registry.setOperator(AURORA, trader, 0, OPEN)
        refused(assured, again, "NotAdmitted", trader)
        refused(assured, assured.registry.setOperator(AURORA, 99, 0, OPEN), "NotAdmitted", 99)
        assured.register(assured.registry.setOperator(AURORA, trader, 0, 0))

    def test_set__unknown_site_or_empty_window__refused(self, assured: Assured) -> None:
        operator = assured.registry.setOperator
        refused(assured, operator(9, 1, 0, OPEN), "UnknownSite", 9)
        later = assured.chain.now() + 90 * DAY
        refused(assured, operator(AURORA, 1, later, later), "WindowEmpty", later, later)
        refused(assured, operator(AURORA, 1, 0, 1), "WindowEmpty")

    def test_set__ninth_at_a_time__refused_until_one_is_over(self, assured: Assured) -> None:
        for member in range(2, 9):
            assured.register(assured.registry.setOperator(AURORA, member, 0, OPEN))
        assert len(assured.registry.operators(AURORA).call()) == 8
        refused(assured, assured.registry.setOperator(AURORA, 9, 0, OPEN), "TooMany", 9, 8)
        soon = assured.chain.now() + 4 * DAY
        assured.register(assured.registry.setOperator(AURORA, 8, 0, soon))
        assured.chain.wait(4 * DAY)
        assured.register(assured.registry.setOperator(AURORA, 9, 0, OPEN))
        assert sorted(assured.registry.operators(AURORA).call()) == [1, 2, 3, 4, 5, 6, 7, 9]
        assert assured.registry.operatorCount(AURORA).call() == 10


class TestAmounts:
    """Capacities and ceilings are the same kind of list."""

    def test_capacity__entry_to_come__the_one_before_counts_until_then(
        self, assured: Assured
    ) -> None:
        chain, calls = assured.chain, assured.registry
        assured.register(calls.setCapacity(AURORA, COPPER, 0, 700))
        assert calls.capacity(AURORA, COPPER).call() == 700
        first = chain.now()
        start = first + 10 * DAY
        assured.register(calls.setCapacity(AURORA, COPPER, start, 900))
        recorded = chain.now()
        chain.tester.time_travel(start - 1)
        chain.tester.mine_block()
        assert calls.capacity(AURORA, COPPER).call() == 700
        chain.tester.time_travel(start)
        chain.tester.mine_block()
        assert calls.capacity(AURORA, COPPER).call() == 900
        assert calls.capacityCount(AURORA, COPPER).call() == 2
        assert calls.capacityEntries(AURORA, COPPER, 0, 9).call() == [
            (first, 700, first),
            (start, 900, recorded),
        ]
        assert calls.capacityEntries(AURORA, COPPER, 2, 9).call() == []
        assert calls.capacity(AURORA, GOLD).call() == calls.capacity(BAHIA, COPPER).call() == 0

    def test_capacity__entry_pending_when_the_next_is_recorded__never_counts(
        self, assured: Assured
    ) -> None:
        chain, calls = assured.chain, assured.registry
        assured.register(calls.setCapacity(AURORA, COPPER, 0, 700))
        soon = chain.now() + 10 * DAY
        assured.register(calls.setCapacity(AURORA, COPPER, soon, 9_000))
        assured.register(calls.setCapacity(AURORA, COPPER, soon + 10 * DAY, 800))
        chain.wait(12 * DAY)
        assert calls.capacity(AURORA, COPPER).call() == 700
        chain.wait(10 * DAY)
        assert calls.capacity(AURORA, COPPER).call() == 800

    def test_capacity__wrong__refused(self, assured: Assured) -> None:
        capacity = assured.registry.setCapacity
        refused(assured, capacity(9, COPPER, 0, 1), "UnknownSite", 9)
        refused(assured, capacity(AURORA, MOLYBDENUM, 0, 1), "UnknownSubstance", MOLYBDENUM)
        refused(assured, capacity(AURORA, COPPER, 0, 2**53), "AmountOutOfBounds", 2**53, LIMIT)
        assured.register(capacity(AURORA, COPPER, 0, LIMIT))
        assert assured.registry.capacity(AURORA, COPPER).call() == LIMIT

    def test_ceiling__of_a_member__counts_and_is_taken_away(self, assured: Assured) -> None:
        calls, trader = assured.registry, assured.id("trader")
        assured.register(calls.setExternalCeiling(trader, COPPER, 0, 5))
        first = assured.chain.now()
        assert calls.externalCeiling(trader, COPPER).call() == 5
        assert calls.externalCeiling(trader, GOLD).call() == 0
        assured.chain.vote(EXPEL, trader, by=VOTERS)
        more = calls.setExternalCeiling(trader, COPPER, 0, 6)
        refused(assured, more, "NotAdmitted", trader)
        assured.register(calls.setExternalCeiling(trader, COPPER, 0, 0))
        now = assured.chain.now()
        assert calls.externalCeiling(trader, COPPER).call() == 0
        assert calls.externalCeilingCount(trader, COPPER).call() == 2
        assert calls.externalCeilingEntries(trader, COPPER, 0, 9).call() == [
            (first, 5, first),
            (now, 0, now),
        ]

    def test_ceiling__wrong__refused(self, assured: Assured) -> None:
        ceiling = assured.registry.setExternalCeiling
        refused(assured, ceiling(1, MOLYBDENUM, 0, 1), "UnknownSubstance", MOLYBDENUM)
        refused(assured, ceiling(1, COPPER, 0, 2**53), "AmountOutOfBounds", 2**53, LIMIT)


class TestNames:
    def test_product_class__registered__never_altered(self, assured: Assured) -> None:
        calls = assured.registry
        content = product_class(residue=True, metal=10**6, custody=10**6, default=LIMIT)
        assured.register(calls.registerProductClass(9, content, "slag"))
        assert calls.productClass(9).call() == (True, True, 10**6, 10**6, LIMIT)
        assert calls.productClass(10).call() == (False, False, 0, 0, 0)
        again = calls.registerProductClass(CATHODE, product_class(), "cathode")
        refused(assured, again, "AlreadyRegistered", CATHODE)

    def test_product_class__wrong__refused(self, assured: Assured) -> None:
        new = assured.registry.registerProductClass
        refused(assured, new(0, product_class(), "x"), "IdOutOfBounds", 0, 2**32 - 1)
        refused(assured, new(9, product_class(), ""), "TextLength", 0, 256)
        for content in (product_class(metal=10**6 + 1), product_class(custody=10**6 + 1)):
            refused(assured, new(9, content, "x"), "ToleranceOutOfBounds", 10**6 + 1, 10**6)
        large = product_class(default=2**53)
        refused(assured, new(9, large, "x"), "AmountOutOfBounds", 2**53, LIMIT)

    def test_substance__registered__known_by_id_and_symbol(self, assured: Assured) -> None:
        calls = assured.registry
        assured.register(calls.registerSubstance(4095, 2, symbol("abcdefghijklmnop")))
        assert calls.substance(4095).call() == (True, 2, b"abcdefghijklmnop")
        assert calls.substance(MOLYBDENUM).call() == (False, 0, bytes(16))

    def test_substance__wrong__refused(self, assured: Assured) -> None:
        new = assured.registry.registerSubstance
        refused(assured, new(0, 1, symbol("X")), "IdOutOfBounds", 0, 4095)
        refused(assured, new(4096, 1, symbol("X")), "IdOutOfBounds", 4096, 4095)
        refused(assured, new(COPPER, 1, symbol("X")), "AlreadyRegistered", COPPER)
        refused(assured, new(42, 1, symbol("Cu")), "SymbolTaken", symbol("Cu"), COPPER)
        for unit in (0, 3, 255):
            refused(assured, new(42, unit, symbol("Mo")), "UnknownUnit", unit)
        for wrong in (b"", b"M o", b"\0Mo", b"Mo\0x", b"M\x7f"):
            refused(assured, new(42, 1, wrong.ljust(16, b"\0")), "NotASymbol")

    def test_unit_kind__registered_once(self, assured: Assured) -> None:
        calls = assured.registry
        assert calls.unitKindKnown(1).call() is False
        assured.register(calls.registerUnitKind(1, "vehicle"))
        assert calls.unitKindKnown(1).call() is True
        refused(assured, calls.registerUnitKind(1, "pack"), "AlreadyRegistered", 1)
        refused(assured, calls.registerUnitKind(0, "pack"), "IdOutOfBounds", 0, 2**16 - 1)
        refused(assured, calls.registerUnitKind(2, ""), "TextLength", 0, 256)


class TestColumns:
    KNOWN = (
        column(1, 1),
        column(1, 2),
        column(2, 0, COPPER),
        column(2, 0, GOLD),
        column(3, 1, COPPER),
        column(3, 2, GOLD),
        column(4, 1),
        column(5, 1, COPPER),
        column(5, 999, GOLD),
    )
    UNKNOWN = (
        0,
        column(0, 1, COPPER),
        column(1),
        column(1, 3),
        column(1, 1, COPPER),
        column(2, 0, MOLYBDENUM),
        column(2),
        column(2, 1, COPPER),
        column(3, 0, COPPER),
        column(3, 3, COPPER),
        column(3, 1, MOLYBDENUM),
        column(4),
        column(4, 2),
        column(4, 1, COPPER),
        column(5, 1, MOLYBDENUM),
        column(6, 1),
        column(7, 0, COPPER),
        column(15, 2**16 - 1, 4095),
    )

    def test_column_known__each_kind__by_what_is_registered(self, assured: Assured) -> None:
        for key in self.KNOWN:
            assert assured.registry.columnKnown(key).call() is True, hex(key)
        for key in self.UNKNOWN:
            assert assured.registry.columnKnown(key).call() is False, hex(key)
        assured.register(assured.registry.registerUnitKind(1, "vehicle"))
        assert assured.registry.columnKnown(column(6, 1)).call() is True
        assert assured.registry.columnKnown(column(6, 1, COPPER)).call() is False
        assert assured.registry.columnKnown(column(6, 2)).call() is False

    def test_require_columns__all_known_or_the_first_that_is_not(self, assured: Assured) -> None:
        chain, require = assured.chain, assured.registry.requireColumns
        chain.attempt(require(list(self.KNOWN)), chain.strangers[0])
        chain.attempt(require([]), chain.strangers[0])
        for key in self.UNKNOWN:
            with chain.refuses("UnknownColumn", key):
                chain.attempt(require([self.KNOWN[0], key, 0]), chain.strangers[0])


class TestLotRules:
    def test_set__next_ones__numbered_and_the_older_kept(self, assured: Assured) -> None:
        calls = assured.registry
        first = calls.lotRules().call()
        assured.register(calls.setLotRules((366 * DAY, 100_000, 90 * DAY, 4, 7)))
        now = assured.chain.now()
        assert calls.lotRules().call() == (366 * DAY, 100_000, 90 * DAY, 4, now)
        assured.register(calls.setLotRules((1, 0, 1, 0, 0)))
        assert calls.lotRulesCount().call() == 3
        assert calls.lotRulesAt(1).call() == first
        assert calls.lotRulesAt(2).call()[4] == now
        for number in (0, 4):
            with assured.chain.refuses("UnknownLotRules", number):
                assured.attempt(calls.lotRulesAt(number), "mine")

    @pytest.mark.parametrize(
        ("field", "value"),
        [(0, 0), (0, 366 * DAY + 1), (1, 100_001), (2, 0), (2, 90 * DAY + 1), (3, 5)],
    )
    def test_set__out_of_bounds__refused(self, assured: Assured, field: int, value: int) -> None:
        rules = [DAY, 1_000, DAY, 4, 0]
        rules[field] = value
        call = assured.registry.setLotRules(tuple(rules))
        refused(assured, call, "LotRulesOutOfBounds", field, value)


class TestExit:
    def succeed(self, assured: Assured) -> Any:
        chain = assured.chain
        successor = deploy(chain.w3, "NextContract", chain.strangers[0])
        chain.vote(SET_SUCCESSOR, chain.registry.address, successor.address, by=VOTERS)
        return successor

    @pytest.mark.row("T52")
    def test_hand_over__site__nobody_operates_it_here_and_the_next_site_stays(
        self, assured: Assured
    ) -> None:
        chain, calls = assured.chain, assured.registry
        assured.register(calls.setOperator(AURORA, assured.id("maker"), 0, OPEN))
        with chain.refuses("NotCaller"):
            assured.attempt(calls.handOver(AURORA), "mine")
        take = self.succeed(assured).functions.takeSite(chain.registry.address, AURORA)
        chain.send(take, chain.strangers[0])
        assert calls.siteKnown(AURORA).call() is False
        assert calls.site(AURORA).call()[2] is True
        for name in ("mine", "maker"):
            assert calls.operates(AURORA, assured.id(name)).call() is False
        assert calls.operators(AURORA).call() == []
        assert calls.operatorCount(AURORA).call() == 2, "the list stays"
        assert calls.operates(BAHIA, assured.id("smelter")).call() is True
        refused(assured, calls.setOperator(AURORA, 1, 0, OPEN), "UnknownSite", AURORA)
        refused(assured, calls.setCapacity(AURORA, COPPER, 0, 1), "UnknownSite", AURORA)
        again = calls.registerSite(AURORA, ("did:web:again.example", "again", b"CL"))
        refused(assured, again, "AlreadyRegistered", AURORA)

    def test_hand_over__twice_or_unknown__refused(self, assured: Assured) -> None:
        chain = assured.chain
        successor = self.succeed(assured)
        take = successor.functions.takeSite(chain.registry.address, EMPTY)
        chain.send(take, chain.strangers[0])
        with chain.refuses("UnknownSite", EMPTY):
            chain.attempt(take, chain.strangers[0])
        with chain.refuses("UnknownSite", 9):
            chain.attempt(
                successor.functions.takeSite(chain.registry.address, 9), chain.strangers[0]
            )
