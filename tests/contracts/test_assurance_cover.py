"""What the lot book asks of the assurance contract: cover, suspension, assurers, rules."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.contracts.assured_world import (
    AURORA,
    BAHIA,
    BLEED,
    BODY_ACCREDITATION,
    CATHODE,
    COPPER,
    GOLD,
    JOINT,
    OTHER,
    RMM,
    RMM_1,
    RMM_2,
    SLIMES,
    VERIFIER_ACCREDITATION,
    YEAR,
    Assured,
    product_class,
)
from tests.contracts.world import DAY, OPEN, SET_SUCCESSOR, VOTERS, deploy, digest

WHY = digest("why")
SHARES = [(CATHODE, 940_000, 960_000), (SLIMES, 45_000, 55_000), (BLEED, 0, 2_000)]


class TestRequireCover:
    def test_cover__window_inside__passes_to_the_second(self, assured: Assured) -> None:
        record = assured.certify(until=assured.chain.now() + 100 * DAY)
        start, end = assured.assurance.record(record).call()[5:7]
        assured.attempt(assured.cover(record, until=end, **{"from": start}), "mine")
        for window in ((start - 1, end), (start, end + 1), (start - 2, start), (end, end + 1)):
            asked = {"from": window[0], "until": window[1]}
            with assured.chain.refuses("OutsideWindow", record, start, end, *window):
                assured.attempt(assured.cover(record, **asked), "mine")
        for window in ((start, start), (end, start)):
            asked = {"from": window[0], "until": window[1]}
            with assured.chain.refuses("WindowEmpty", *window):
                assured.attempt(assured.cover(record, **asked), "mine")

    def test_cover__higher_level__passes_lower__refused(self, assured: Assured) -> None:
        high, low = assured.certify(), assured.certify(level=1, leaf=digest("low"))
        for programme in (RMM_2, RMM_1):
            assured.attempt(assured.cover(high, programme=programme), "mine")
        assured.attempt(assured.cover(low, programme=RMM_1), "mine")
        with assured.chain.refuses("LevelTooLow", low, 1, 2):
            assured.attempt(assured.cover(low), "mine")

    def test_cover__joint_programme__one_certificate_a_scheme_in_order(
        self, assured: Assured
    ) -> None:
        chain, cover = assured.chain, assured.cover
        first = assured.certify()
        second = assured.certify(
            "verifier", accreditation=VERIFIER_ACCREDITATION, level=1, substances=[]
        )
        assured.attempt(cover(first, second, programme=JOINT), "mine")
        for given in ((), (first,)):
            with chain.refuses("CertificateCount", len(given), 2):
                assured.attempt(cover(*given, programme=JOINT), "mine")
        with chain.refuses("CertificateCount", 3, 2):
            assured.attempt(cover(first, second, first, programme=JOINT), "mine")
        with chain.refuses("OtherScheme", second, OTHER, RMM):
            assured.attempt(cover(second, first, programme=JOINT), "mine")
        with chain.refuses("OtherScheme", first, RMM, OTHER):
            assured.attempt(cover(first, first, programme=JOINT), "mine")
        assured.send(assured.assurance.suspend(second, WHY), "verifier")
        with chain.refuses("CertificateSuspended", second, chain.now()):
            assured.attempt(cover(first, second, programme=JOINT), "mine")

    def test_cover__another_site_substance_programme_or_record__refused(
        self, assured: Assured
    ) -> None:
        chain, cover = assured.chain, assured.cover
        record = assured.certify()
        with chain.refuses("OtherSite", record, AURORA, BAHIA):
            assured.attempt(cover(record, site=BAHIA), "mine")
        with chain.refuses("SubstanceNotCovered", record, GOLD):
            assured.attempt(cover(record, substance=GOLD), "mine")
        with chain.refuses("UnknownProgramme", 9):
            assured.attempt(cover(record, programme=9), "mine")
        with chain.refuses("NotACertificate", BODY_ACCREDITATION):
            assured.attempt(cover(BODY_ACCREDITATION), "mine")
        for number in (0, record + 1, 2**32 + record, 2**64 - 1):
            with chain.refuses("UnknownRecord", number):
                assured.attempt(cover(number), "mine")

    def test_cover__sixteen_substances__the_last_is_found(self, assured: Assured) -> None:
        for number in range(100, 114):
            symbol = f"X{number}".encode().ljust(16, b"\0")
            assured.register(assured.registry.registerSubstance(number, 1, symbol))
        every = [COPPER, GOLD, *range(100, 114)]
        assured.send(assured.accreditation(substances=every, leaf=digest("wide")), "accreditor")
        record = assured.certify(accreditation=3, substances=every)
        for substance in every:
            assured.attempt(assured.cover(record, substance=substance), "mine")
        with assured.chain.refuses("SubstanceNotCovered", record, 0):
            assured.attempt(assured.cover(record, substance=0), "mine")

    def test_cover__withdrawn__what_lies_before_stays_covered(self, assured: Assured) -> None:
        record = assured.certify()
        start = assured.assurance.record(record).call()[5]
        assured.chain.wait(10 * DAY)
        assured.send(assured.assurance.withdraw(record, WHY), "body")
        now = assured.chain.now()
        assured.attempt(assured.cover(record, until=now, **{"from": start}), "mine")
        with assured.chain.refuses("CertificateWithdrawn", record, now):
            assured.attempt(assured.cover(record, until=now + 1, **{"from": start}), "mine")

    @pytest.mark.row("A26")
    def test_cover__voided_since__what_lies_after_is_covered_no_more(
        self, assured: Assured
    ) -> None:
        record = assured.certify()
        start = assured.assurance.record(record).call()[5]
        assured.chain.wait(10 * DAY)
        assured.send(assured.assurance.voidRecord(record, start + DAY, WHY), "accreditor")
        assured.attempt(assured.cover(record, until=start + DAY, **{"from": start}), "mine")
        with assured.chain.refuses("CertificateWithdrawn", record, start + DAY):
            assured.attempt(assured.cover(record, until=start + 2 * DAY, **{"from": start}), "mine")

    def test_cover__suspended_and_lifted__windows_that_touch_it_are_refused(
        self, assured: Assured
    ) -> None:
        chain, calls = assured.chain, assured.assurance
        record = assured.certify()
        start = calls.record(record).call()[5]
        chain.wait(10 * DAY)
        assured.send(calls.suspend(record, WHY), "body")
        since = chain.now()
        chain.wait(DAY)
        assured.send(calls.suspend(record, WHY), "accreditor")
        chain.wait(DAY)
        assured.send(calls.lift(record, WHY), "body")
        chain.wait(DAY)
        with chain.refuses("CertificateSuspended", record, since):
            assured.attempt(assured.cover(record), "mine")
        assured.send(calls.lift(record, WHY), "accreditor")
        end = chain.now()
        chain.wait(DAY)
        for window in ((start, since), (end, end + DAY), (since - 1, since), (end, end + 1)):
            asked = {"from": window[0], "until": window[1]}
            assured.attempt(assured.cover(record, **asked), "mine")
        for window in (
            (start, since + 1),
            (end - 1, end + 1),
            (start, end + DAY),
            (since, since + 1),
            (since + DAY + 60, end - 60),
        ):
            asked = {"from": window[0], "until": window[1]}
            with chain.refuses("CertificateSuspended", record, since):
                assured.attempt(assured.cover(record, **asked), "mine")

    def test_cover__two_suspensions__the_time_between_is_covered(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        record = assured.certify()
        times = []
        for call in (calls.suspend, calls.lift, calls.suspend, calls.lift):
            chain.wait(DAY)
            assured.send(call(record, WHY), "owner")
            times.append(chain.now())
        between = {"from": times[1], "until": times[2]}
        assured.attempt(assured.cover(record, **between), "mine")
        with chain.refuses("CertificateSuspended", record, times[2]):
            assured.attempt(assured.cover(record, until=times[2] + 1, **{"from": times[1]}), "mine")
        with chain.refuses("CertificateSuspended", record, times[0]):
            assured.attempt(assured.cover(record, until=times[2], **{"from": times[1] - 1}), "mine")


class TestSuspended:
    def ask(self, assured: Assured, programme: int = RMM_2, site: int = AURORA) -> bool:
        return bool(assured.assurance.suspended(site, programme).call())

    def test_suspended__certificate_suspended_now__until_lifted(self, assured: Assured) -> None:
        record = assured.certify()
        assert self.ask(assured) is False
        assured.send(assured.assurance.suspend(record, WHY), "accreditor")
        assert [self.ask(assured, p) for p in (RMM_2, RMM_1, JOINT)] == [True] * 3
        assert self.ask(assured, site=BAHIA) is False
        assured.send(assured.assurance.lift(record, WHY), "accreditor")
        assert self.ask(assured) is False
        with assured.chain.refuses("UnknownProgramme", 9):
            assured.attempt(assured.assurance.suspended(AURORA, 9), "mine")

    def test_suspended__another_certificate__stands_in_by_level_and_substance(
        self, assured: Assured
    ) -> None:
        calls = assured.assurance
        record = assured.certify()
        low = assured.certify(level=1, leaf=digest("low"))
        assured.send(calls.suspend(record, WHY), "body")
        assert self.ask(assured, RMM_2) is True, "the other's level is too low"
        assert self.ask(assured, RMM_1) is False
        assured.certify(substances=[GOLD], leaf=digest("gold"), until=assured.chain.now() + 5 * DAY)
        assert self.ask(assured, RMM_2) is True, "the other is for gold"
        assured.chain.wait(5 * DAY)
        assured.certify(leaf=digest("second"))
        assert self.ask(assured, RMM_2) is False
        assured.send(calls.suspend(low, WHY), "body")
        assert self.ask(assured, RMM_1) is False

    def test_suspended__for_every_substance__stands_in_for_any(self, assured: Assured) -> None:
        wide = {"substances": [], "leaf": digest("wide")}
        assured.send(assured.accreditation(**wide), "accreditor")
        record = assured.certify()
        assured.send(assured.assurance.suspend(record, WHY), "body")
        assured.certify(accreditation=3, **wide)
        assert self.ask(assured) is False

    def test_suspended__certificate_that_ran_out__is_no_suspension(self, assured: Assured) -> None:
        calls = assured.assurance
        short = assured.certify(until=assured.chain.now() + 10 * DAY)
        assured.send(calls.suspend(short, WHY), "body")
        assert self.ask(assured) is True
        assured.chain.wait(10 * DAY)
        assert self.ask(assured) is False

    @pytest.mark.row("A23")
    @pytest.mark.parametrize("before", ["running", "suspended"])
    @pytest.mark.parametrize("how", ["withdrawn", "void", "withdrawn, then void"])
    def test_suspended__certificate_ended_for_cause__until_another_stands_in(
        self, assured: Assured, how: str, before: str
    ) -> None:
        calls = assured.assurance
        record = assured.certify()
        if before == "suspended":
            assured.send(calls.suspend(record, WHY), "body")
        if "withdrawn" in how:
            assured.send(calls.withdraw(record, WHY), "accreditor")
        if "void" in how:
            effective = assured.chain.now() - 1
            assured.send(calls.voidRecord(record, effective, WHY), "accreditor")
        assert self.ask(assured) is True
        assured.chain.wait(400 * DAY)
        assert self.ask(assured) is True, "time heals nothing"
        wide = {"until": assured.chain.now() + 900 * DAY}
        low = assured.certify(level=1, leaf=digest("low"), **wide)
        assert self.ask(assured, RMM_2) is True, "the other's level is too low"
        assert self.ask(assured, RMM_1) is False
        second = assured.certify(leaf=digest("second"), **wide)
        assert self.ask(assured, RMM_2) is False
        assert calls.certificatesOf(AURORA, RMM).call() == [low, second]

    def test_certify__beside_certificates_ended_for_cause__finds_no_endless_room(
        self, assured: Assured
    ) -> None:
        """A body that certifies and withdraws does not grow what is looped over."""
        calls = assured.assurance
        given: tuple[dict[str, Any], ...] = ({}, {"level": 1}, {"substances": [GOLD]})
        for count, change in enumerate(given):
            record = assured.certify(leaf=digest(f"given {count}"), **change)
            assured.send(calls.withdraw(record, WHY), "body")
        with assured.chain.refuses("TooMany", 4, 3):
            more = assured.certificate(leaf=digest("one more"), level=1, substances=[GOLD])
            assured.attempt(more, "body")

    def test_suspended__one_scheme_of_two__suspends_the_joint_programme_alone(
        self, assured: Assured
    ) -> None:
        assured.certify()
        second = assured.certify(
            "verifier", accreditation=VERIFIER_ACCREDITATION, level=1, substances=[]
        )
        assured.send(assured.assurance.suspend(second, WHY), "verifier")
        assert self.ask(assured, JOINT) is True
        assert self.ask(assured, RMM_2) is False


class TestAssures:
    def test_assures__issuer_while_a_certificate_of_its_own_is_active(
        self, assured: Assured
    ) -> None:
        chain, assures = assured.chain, assured.assurance.assures
        body = assured.id("body")
        assert assures(body, AURORA).call() is False
        start = chain.now() + 5 * DAY
        assured.certify(until=start + 5 * DAY, **{"from": start})
        shown = []
        for moment in (start - 1, start, start + 5 * DAY - 1, start + 5 * DAY):
            chain.tester.time_travel(moment)
            chain.tester.mine_block()
            shown.append(assures(body, AURORA).call())
        assert shown == [False, True, True, False]
        assert assures(body, BAHIA).call() is False
        assert assures(assured.id("verifier"), AURORA).call() is False

    def test_assures__suspended_or_withdrawn__no_more(self, assured: Assured) -> None:
        calls, body = assured.assurance, assured.id("body")
        first = assured.certify()
        assured.send(calls.suspend(first, WHY), "owner")
        assert calls.assures(body, AURORA).call() is False
        second = assured.certify(leaf=digest("second"))
        assert calls.assures(body, AURORA).call() is True
        assured.send(calls.withdraw(second, WHY), "body")
        assert calls.assures(body, AURORA).call() is False
        assured.send(calls.lift(first, WHY), "owner")
        assert calls.assures(body, AURORA).call() is True


def rule_digest(site: int, start: int, end: int, shares: list[tuple[int, int, int]]) -> bytes:
    kinds = ["uint32", "uint64", "uint64", "(uint32,uint32,uint32)[]"]
    return bytes(keccak(encode(kinds, [site, start, end, shares])))


class TestAllocationRules:
    def register(self, assured: Assured, **change: Any) -> Any:
        now = assured.chain.now()
        terms = {"site": BAHIA, "from": now, "until": now + YEAR, "shares": SHARES} | change
        return assured.assurance.registerRule(*terms.values())

    def registered(self, assured: Assured) -> tuple[int, bytes]:
        """A certified site's rule that waits for its assurer, and its digest."""
        assured.certify(site=BAHIA)
        now = assured.chain.now()
        call = assured.assurance.registerRule(BAHIA, now, now + YEAR, SHARES)
        assured.send(call, "smelter")
        return 1, rule_digest(BAHIA, now, now + YEAR, SHARES)

    def test_rule__confirmed__is_in_force_from_then(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        rule, what = self.registered(assured)
        end = calls.ruleState(rule).call()[2]
        with chain.refuses("RuleNotConfirmed", rule):
            assured.attempt(calls.allocationRule(rule), "mine")
        chain.wait(DAY)
        assured.send(calls.confirmRule(rule, what), "body")
        now = chain.now()
        assert calls.allocationRule(rule).call() == (BAHIA, now, end, SHARES)
        smelter, body = assured.id("smelter"), assured.id("body")
        assert calls.ruleState(rule).call() == (BAHIA, now, end, smelter, body, 3)
        assert calls.ruleCount().call() == 1
        for number in (0, 2):
            with chain.refuses("UnknownRule", number):
                assured.attempt(calls.allocationRule(number), "mine")
        with chain.refuses("AlreadyConfirmed", rule, body):
            assured.attempt(calls.confirmRule(rule, what), "body")

    def test_rule__to_come__starts_then(self, assured: Assured) -> None:
        assured.certify(site=BAHIA)
        start = assured.chain.now() + 30 * DAY
        window = {"from": start, "until": start + DAY}
        assured.send(self.register(assured, **window), "smelter")
        what = rule_digest(BAHIA, start, start + DAY, SHARES)
        assured.send(assured.assurance.confirmRule(1, what), "body")
        assert assured.assurance.allocationRule(1).call()[1:3] == (start, start + DAY)

    def test_rule__sixteen_shares__come_back_as_they_were(self, assured: Assured) -> None:
        assured.certify(site=BAHIA)
        for number in range(4, 17):
            call = assured.registry.registerProductClass(number, product_class(), f"c{number}")
            assured.register(call)
        shares = [(i, 1_000 * i, 1_000_000 - i) for i in range(1, 17)]
        now = assured.chain.now()
        window = {"from": now, "until": now + YEAR}
        assured.send(self.register(assured, shares=shares, **window), "smelter")
        what = rule_digest(BAHIA, now, now + YEAR, shares)
        assured.send(assured.assurance.confirmRule(1, what), "body")
        assert assured.assurance.allocationRule(1).call()[3] == shares

    def test_register__by_anybody_but_an_operator__refused(self, assured: Assured) -> None:
        chain = assured.chain
        for name in ("mine", "body"):
            with chain.refuses("NotOperating", BAHIA, assured.id(name)):
                assured.attempt(self.register(assured), name)
        with chain.refuses("NotOperator"):
            chain.attempt(self.register(assured), chain.strangers[0])
        with chain.refuses("NotOperating", 9, assured.id("smelter")):
            assured.attempt(self.register(assured, site=9), "smelter")
        assured.attempt(self.register(assured), "smelter")

    @pytest.mark.parametrize(
        ("shares", "error", "arguments"),
        [
            ([], "CountOutOfBounds", (0, 1, 16)),
            ([(i, 0, 10**6) for i in range(1, 18)], "CountOutOfBounds", (17, 1, 16)),
            ([SHARES[1], SHARES[0]], "NotAscending", (CATHODE,)),
            ([SHARES[0], SHARES[0]], "NotAscending", (CATHODE,)),
            ([(0, 0, 10**6)], "NotAscending", (0,)),
            ([(9, 0, 10**6)], "UnknownProductClass", (9,)),
            ([(CATHODE, 2, 1)], "ShareBounds", (CATHODE, 2, 1)),
            ([(CATHODE, 0, 10**6 + 1)], "ShareBounds", (CATHODE, 0, 10**6 + 1)),
            ([(CATHODE, 2**32 - 1, 2**32 - 1)], "ShareBounds", (CATHODE, 2**32 - 1, 2**32 - 1)),
            ([(CATHODE, 0, 999_999)], "SharesCannotClose", (0, 999_999)),
            (
                [(CATHODE, 600_000, 10**6), (SLIMES, 400_001, 10**6)],
                "SharesCannotClose",
                (1_000_001, 2 * 10**6),
            ),
        ],
    )
    def test_register__shares_wrong__refused(
        self,
        assured: Assured,
        shares: list[tuple[int, int, int]],
        error: str,
        arguments: tuple[int, ...],
    ) -> None:
        with assured.chain.refuses(error, *arguments):
            assured.attempt(self.register(assured, shares=shares), "smelter")

    def test_register__window_wrong__refused(self, assured: Assured) -> None:
        now = assured.chain.now()
        for window in ((now + 9, now + 9), (now + 9, now + 8), (1, now - 1)):
            change = {"from": window[0], "until": window[1]}
            with assured.chain.refuses("WindowEmpty", *window):
                assured.attempt(self.register(assured, **change), "smelter")

    def test_confirm__by_no_assurer_of_the_site__refused(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        rule, what = self.registered(assured)
        for name in ("verifier", "smelter", "accreditor"):
            with chain.refuses("NotAssuring", BAHIA, assured.id(name)):
                assured.attempt(calls.confirmRule(rule, what), name)
        with chain.refuses("UnknownRule", 2):
            assured.attempt(calls.confirmRule(2, what), "body")
        wrong = digest("wrong")
        with chain.refuses("NotWhatWasRegistered", rule, what, wrong):
            assured.attempt(calls.confirmRule(rule, wrong), "body")
        assured.send(calls.suspend(3, WHY), "accreditor")
        with chain.refuses("NotAssuring", BAHIA, assured.id("body")):
            assured.attempt(calls.confirmRule(rule, what), "body")

    def test_confirm__assurer_that_came_under_an_operators_control__refused(
        self, assured: Assured
    ) -> None:
        """It was independent when it certified; since then it operates the site itself."""
        chain, body = assured.chain, assured.id("body")
        rule, what = self.registered(assured)
        assured.register(assured.registry.setOperator(BAHIA, body, 0, OPEN))
        with chain.refuses("NotIndependent", body, body):
            assured.attempt(assured.assurance.confirmRule(rule, what), "body")

    def test_confirm__rule_over__refused(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        rule, what = self.registered(assured)
        assured.send(calls.endRule(rule), "smelter")
        now = chain.now()
        with chain.refuses("RuleOver", rule, now):
            assured.attempt(calls.confirmRule(rule, what), "body")
        with chain.refuses("RuleOver", rule, now):
            assured.attempt(calls.endRule(rule), "smelter")

    @pytest.mark.parametrize("by", ["smelter", "body"])
    def test_end__by_operator_or_assurer__now(self, assured: Assured, by: str) -> None:
        calls = assured.assurance
        rule, what = self.registered(assured)
        assured.send(calls.confirmRule(rule, what), "body")
        for name in ("mine", "verifier"):
            with assured.chain.refuses("NotOperating", BAHIA, assured.id(name)):
                assured.attempt(calls.endRule(rule), name)
        with assured.chain.refuses("UnknownRule", 2):
            assured.attempt(calls.endRule(2), by)
        assured.send(calls.endRule(rule), by)
        assert calls.allocationRule(rule).call()[2] == assured.chain.now()

    def test_end__by_the_successor__as_nobodys(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        rule, what = self.registered(assured)
        assured.send(calls.confirmRule(rule, what), "body")
        successor = deploy(chain.w3, "NextContract", chain.strangers[0])
        end = successor.functions.endRule(chain.assurance.address, rule)
        with chain.refuses("NotOperator", successor.address.lower()):
            chain.attempt(end, chain.strangers[0])
        chain.vote(SET_SUCCESSOR, chain.assurance.address, successor.address, by=VOTERS)
        chain.send(end, chain.strangers[0])
        assert calls.allocationRule(rule).call()[2] == chain.now()
