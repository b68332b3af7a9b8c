"""Schemes, accreditations and certificates: what is refused, beside what is permitted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.assured_world import (
    AURORA,
    BAHIA,
    BODY_ACCREDITATION,
    COPPER,
    EMPTY,
    GOLD,
    JOINT,
    MOLYBDENUM,
    OTHER,
    RMM,
    RMM_1,
    RMM_2,
    VERIFIER_ACCREDITATION,
    YEAR,
    Assured,
    symbol,
)
from tests.contracts.world import (
    ADMIT,
    ARTIFACTS,
    DAY,
    EXPEL,
    OPEN,
    SET_STANDING,
    SET_SUCCESSOR,
    VOTERS,
    admission,
    deploy,
    digest,
    name_word,
    public_key,
)
from veta.model.consortium import Role

ISSUER, ACCREDITOR, SCHEME_OWNER, VOTE = range(4)
ACCREDIT_ROLE = int(Role.ACCREDITATION_BODY)
ASSURERS = int(Role.LABORATORY | Role.CERTIFICATION_BODY | Role.FOOTPRINT_VERIFIER)


def refused(assured: Assured, call: Any, error: str, *arguments: Any) -> None:
    """The consortium's call fails with this error."""
    assured.chain.calls_in_vain("Assurance", call, error, *arguments)


class TestConstructor:
    def test_constructor__no_consortium_or_registry_of_another__refused(
        self, assured: Assured
    ) -> None:
        chain = assured.chain
        abi, code = ARTIFACTS["Assurance"]["abi"], ARTIFACTS["Assurance"]["bytecode"]
        factory = chain.w3.eth.contract(abi=abi, bytecode=code)
        nobody = chain.strangers[0]
        for arguments in (
            (nobody, chain.registry.address),
            (chain.log.address, chain.registry.address),
            (chain.consortium.address, nobody),
            (chain.consortium.address, chain.consortium.address),
        ):
            sent = factory.constructor(*arguments).transact({"from": nobody, "gas": 15_000_000})
            assert chain.w3.eth.get_transaction_receipt(sent)["status"] == 0
        assert assured.assurance.consortium().call() == chain.consortium.address
        assert assured.assurance.registry().call() == chain.registry.address
        assert assured.assurance.version().call() == "1.0.0"


def test_votes__by_anybody_but_the_consortium__refused(assured: Assured) -> None:
    chain, calls = assured.chain, assured.assurance
    for call in (
        calls.registerScheme(9, (6, 1, 0, 0), "x"),
        calls.registerProgramme(9, [(RMM, 3)]),
        calls.registerReduction(JOINT, RMM_1),
        calls.setSuccessor(chain.log.address),
    ):
        for name in ("owner", "mine"):
            sender = chain.parties[name].operate
            with chain.refuses("NotCaller", sender.lower(), chain.consortium.address.lower()):
                chain.attempt(call, sender)


class TestSchemes:
    def test_register__scheme__kept_as_said(self, assured: Assured) -> None:
        assured.decide(assured.assurance.registerScheme(9, (6, 255, 12, 3), "Mark"))
        assert assured.assurance.scheme(9).call() == (6, 255, 12, 3)
        assert assured.assurance.scheme(10).call() == (0, 0, 0, 0)

    def test_register__wrong__refused(self, assured: Assured) -> None:
        new = assured.assurance.registerScheme
        owner = assured.id("owner")
        refused(assured, new(0, (owner, 1, 0, 0), "x"), "IdOutOfBounds", 0, 2**16 - 1)
        refused(assured, new(RMM, (owner, 1, 0, 0), "x"), "AlreadyRegistered", RMM)
        refused(assured, new(9, (owner, 0, 0, 0), "x"), "CountOutOfBounds", 0, 1, 255)
        refused(assured, new(9, (owner, 1, 0, 0), ""), "TextLength", 0, 256)
        role = int(Role.SCHEME_OWNER)
        miner = int(Role.MINER)
        refused(assured, new(9, (1, 1, 0, 0), "x"), "RoleMissing", 1, miner, role)
        refused(assured, new(9, (0, 1, 0, 0), "x"), "RoleMissing", 0, 0, role)


class TestProgrammes:
    def test_register__four_schemes__in_order(self, assured: Assured) -> None:
        calls, owner = assured.assurance, assured.id("owner")
        for scheme in (3, 4):
            assured.decide(calls.registerScheme(scheme, (owner, 9, 0, 0), f"scheme {scheme}"))
        content = [(RMM, 3), (OTHER, 2), (3, 9), (4, 1)]
        assured.decide(calls.registerProgramme(2**16 - 1, content))
        assert calls.programme(2**16 - 1).call() == content
        assert calls.programmeKnown(2**16 - 1).call() is True
        assert calls.programmeKnown(4).call() is False
        assert calls.programme(4).call() == []

    def test_register__wrong__refused(self, assured: Assured) -> None:
        new = assured.assurance.registerProgramme
        refused(assured, new(0, [(RMM, 3)]), "IdOutOfBounds", 0, 2**16 - 1)
        refused(assured, new(RMM_2, [(RMM, 3)]), "AlreadyRegistered", RMM_2)
        refused(assured, new(9, []), "CountOutOfBounds", 0, 1, 4)
        refused(assured, new(9, [(i, 1) for i in range(1, 6)]), "CountOutOfBounds", 5, 1, 4)
        refused(assured, new(9, [(OTHER, 1), (RMM, 1)]), "NotAscending", RMM)
        refused(assured, new(9, [(RMM, 1), (RMM, 2)]), "NotAscending", RMM)
        refused(assured, new(9, [(0, 1)]), "NotAscending", 0)
        refused(assured, new(9, [(RMM, 1), (7, 1)]), "UnknownScheme", 7)
        for level in (0, 4):
            refused(assured, new(9, [(RMM, level)]), "UnknownLevel", RMM, level, 3)
        refused(assured, new(9, [(RMM, 2), (OTHER, 1)]), "ProgrammeExists", JOINT)


class TestReductions:
    def test_register__to_what_is_contained__listed_one_way(self, assured: Assured) -> None:
        calls = assured.assurance
        assert calls.reducible(RMM_2, RMM_1).call() is True
        assert calls.reducible(RMM_1, RMM_2).call() is False
        assert calls.reducible(JOINT, RMM_1).call() is False, "contained, but not listed"
        assured.decide(calls.registerReduction(JOINT, RMM_1))
        assert calls.reducible(JOINT, RMM_1).call() is True

    def test_register__anything_else__refused(self, assured: Assured) -> None:
        new = assured.assurance.registerReduction
        assured.decide(assured.assurance.registerProgramme(4, [(OTHER, 2)]))
        for pair in ((RMM_1, RMM_2), (RMM_2, JOINT), (JOINT, 4), (RMM_2, RMM_2), (4, RMM_1)):
            refused(assured, new(*pair), "NotAReduction", *pair)
        refused(assured, new(RMM_2, RMM_1), "AlreadyRegistered", RMM_2 << 16 | RMM_1)
        refused(assured, new(9, RMM_1), "UnknownProgramme", 9)
        refused(assured, new(RMM_1, 9), "UnknownProgramme", 9)


class TestRecognition:
    def test_recognise__by_the_owner__until_it_ends_it(self, assured: Assured) -> None:
        calls, body = assured.assurance, assured.id("accreditor")
        assert calls.recognised(RMM, body).call() is True
        before = calls.recognitions(RMM, body, 0, 9).call()
        assured.send(calls.recognise(RMM, body, 0, 0), "owner")
        now = assured.chain.now()
        assert calls.recognised(RMM, body).call() is False
        assert calls.recognised(OTHER, body).call() is True
        entries = calls.recognitions(RMM, body, 0, 9).call()
        assert entries == [*before, (assured.id("owner"), now, now, now)]
        assert calls.recognitionCount(RMM, body).call() == 2
        with assured.chain.refuses("NotRecognised", RMM, body):
            assured.attempt(calls.recognise(RMM, body, 0, 0), "owner")

    def test_recognise__window__from_included_until_not(self, assured: Assured) -> None:
        chain, calls, body = assured.chain, assured.assurance, assured.id("accreditor")
        start = chain.now() + DAY
        assured.send(calls.recognise(RMM, body, start, start + DAY), "owner")
        shown = []
        for moment in (start - 1, start, start + DAY - 1, start + DAY):
            chain.tester.time_travel(moment)
            chain.tester.mine_block()
            shown.append(calls.recognised(RMM, body).call())
        assert shown == [False, True, True, False]

    def test_recognise__by_others_or_of_others__refused(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        accreditor = assured.id("accreditor")
        with chain.refuses("NotSchemeOwner", RMM, accreditor):
            assured.attempt(calls.recognise(RMM, accreditor, 0, OPEN), "accreditor")
        with chain.refuses("NotOperator", chain.strangers[0].lower()):
            chain.attempt(calls.recognise(RMM, accreditor, 0, OPEN), chain.strangers[0])
        with chain.refuses("UnknownScheme", 9):
            assured.attempt(calls.recognise(9, accreditor, 0, OPEN), "owner")
        body = assured.id("body")
        roles = int(Role.CERTIFICATION_BODY)
        with chain.refuses("RoleMissing", body, roles, ACCREDIT_ROLE):
            assured.attempt(calls.recognise(RMM, body, 0, OPEN), "owner")
        with chain.refuses("WindowEmpty"):
            assured.attempt(calls.recognise(RMM, accreditor, 0, 1), "owner")

    def test_recognise__body_under_the_owners_control__refused(self, assured: Assured) -> None:
        sister, owner = assured.id("sister"), assured.id("owner")
        call = assured.assurance.recognise(RMM, sister, 0, OPEN)
        with assured.chain.refuses("NotIndependent", sister, owner):
            assured.attempt(call, "owner")

    def test_recognise__by_vote__as_nobodys(self, assured: Assured) -> None:
        body = assured.id("accreditor")
        assured.decide(assured.assurance.recognise(RMM, body, 0, 0))
        assert assured.assurance.recognised(RMM, body).call() is False
        assert assured.assurance.recognitions(RMM, body, 1, 1).call()[0][0] == 0

    def test_new_national_accreditor__one_vote_away(self, assured: Assured) -> None:
        """Admitted by vote and recognised by the owner, it accredits, and its body certifies."""
        chain = assured.chain
        terms = admission("national", chain.strangers[0], chain.strangers[1], roles=ACCREDIT_ROLE)
        chain.vote(ADMIT, terms, by=VOTERS)
        national = 11
        assured.send(assured.assurance.recognise(RMM, national, 0, OPEN), "owner")
        chain.send(assured.accreditation(leaf=digest("national")), chain.strangers[1])
        record = assured.certify(accreditation=3)
        assured.attempt(assured.cover(record), "mine")


class TestAccredit:
    def test_accredit__body__recorded_as_said_from_now(self, assured: Assured) -> None:
        until = assured.chain.now() + YEAR
        call = assured.accreditation(until=until, level=3, leaf=digest("x"), **{"from": 1})
        assured.send(call, "accreditor")
        found = assured.assurance.record(3).call()
        now = assured.chain.now()
        body, accreditor = assured.id("body"), assured.id("accreditor")
        packed = COPPER | GOLD << 16
        assert found == (
            *(body, RMM, 3, accreditor, 0, now, until, 0),
            *(packed, digest("x")),
        )
        assert assured.assurance.recordCount().call() == 3
        assert assured.assurance.recordOf(accreditor, digest("x")).call() == 3

    def test_accredit__every_substance__flagged(self, assured: Assured) -> None:
        found = assured.assurance.record(VERIFIER_ACCREDITATION).call()
        assert (found[7], found[8]) == (1 << 6, 0)

    def test_accredit__to_come__starts_then(self, assured: Assured) -> None:
        start = assured.chain.now() + 10 * DAY
        call = assured.accreditation(leaf=digest("x"), **{"from": start})
        assured.send(call, "accreditor")
        with assured.chain.refuses("AccreditationLapsed"):
            assured.attempt(assured.certificate(accreditation=3), "body")
        assured.chain.wait(10 * DAY)
        assert assured.certify(accreditation=3) == 4

    def test_accredit__by_no_recognised_accreditor__refused(self, assured: Assured) -> None:
        chain, accreditor = assured.chain, assured.id("accreditor")
        call = assured.accreditation(leaf=digest("x"))
        roles = int(Role.CERTIFICATION_BODY)
        with chain.refuses("RoleMissing", assured.id("body"), roles, ACCREDIT_ROLE):
            assured.attempt(call, "body")
        with chain.refuses("NotOperator"):
            chain.attempt(call, chain.strangers[0])
        with chain.refuses("NotRecognised", RMM, assured.id("sister")):
            assured.attempt(call, "sister")
        assured.send(assured.assurance.recognise(RMM, accreditor, 0, 0), "owner")
        with chain.refuses("NotRecognised", RMM, accreditor):
            assured.attempt(call, "accreditor")

    @pytest.mark.parametrize(
        ("change", "error", "arguments"),
        [
            ({"scheme": 9}, "UnknownScheme", (9,)),
            ({"level": 0}, "UnknownLevel", (RMM, 0, 3)),
            ({"level": 4}, "UnknownLevel", (RMM, 4, 3)),
            ({"body": 1}, "RoleMissing", (1, int(Role.MINER), ASSURERS)),
            ({"substances": [GOLD, COPPER]}, "NotAscending", (COPPER,)),
            ({"substances": [COPPER, COPPER]}, "NotAscending", (COPPER,)),
            ({"substances": [0]}, "NotAscending", (0,)),
            ({"substances": [MOLYBDENUM]}, "UnknownSubstance", (MOLYBDENUM,)),
            ({"substances": list(range(1, 18))}, "CountOutOfBounds", (17, 0, 16)),
            ({"from": 50, "until": 50}, "WindowEmpty", (50, 50)),
            ({"from": 50, "until": 40}, "WindowEmpty", (50, 40)),
            ({"leaf": bytes(32)}, "ZeroLeaf", ()),
            ({"leaf": digest("accreditation")}, "AlreadyRecorded", (5, digest("accreditation"), 1)),
        ],
    )
    def test_accredit__wrong_terms__refused(
        self, assured: Assured, change: dict[str, Any], error: str, arguments: tuple[Any, ...]
    ) -> None:
        call = assured.accreditation(**({"leaf": digest("x")} | change))
        with assured.chain.refuses(error, *arguments):
            assured.attempt(call, "accreditor")

    def test_accredit__document_over_already__refused(self, assured: Assured) -> None:
        call = assured.accreditation(leaf=digest("x"), until=60, **{"from": 50})
        with assured.chain.refuses("WindowEmpty"):
            assured.attempt(call, "accreditor")

    def test_accredit__itself_or_one_under_its_control__refused(self, assured: Assured) -> None:
        chain, accreditor = assured.chain, assured.id("accreditor")
        both = int(Role.ACCREDITATION_BODY | Role.CERTIFICATION_BODY)
        chain.vote(SET_STANDING, accreditor, both, False, by=VOTERS)
        with chain.refuses("NotIndependent", accreditor, accreditor):
            assured.attempt(assured.accreditation(body=accreditor, leaf=digest("x")), "accreditor")
        chain.vote(SET_STANDING, assured.id("smelter"), ACCREDIT_ROLE, True, by=ALL_BUT_SMELTER)
        assured.send(assured.assurance.recognise(RMM, assured.id("smelter"), 0, OPEN), "owner")
        twin = assured.id("twin")
        with chain.refuses("NotIndependent", assured.id("smelter"), twin):
            assured.attempt(assured.accreditation(body=twin, leaf=digest("x")), "smelter")


ALL_BUT_SMELTER = ("mine", "maker", "body")


class TestCertify:
    def test_certify__site__recorded_from_now_within_the_accreditation(
        self, assured: Assured
    ) -> None:
        accreditation = assured.assurance.record(BODY_ACCREDITATION).call()
        record = assured.certify(until=OPEN, **{"from": 1})
        now = assured.chain.now()
        found = assured.assurance.record(record).call()
        body = assured.id("body")
        assert found == (
            *(AURORA, RMM, 2, body, BODY_ACCREDITATION, now, accreditation[6], 0),
            *(COPPER, digest("certificate")),
        )
        assert assured.assurance.certificatesOf(AURORA, RMM).call() == [record]
        assert assured.assurance.certificatesOf(BAHIA, RMM).call() == []
        assert assured.assurance.recordOf(body, digest("certificate")).call() == record

    def test_certify__document_inside_the_accreditation__its_own_dates(
        self, assured: Assured
    ) -> None:
        start = assured.chain.now() + 30 * DAY
        record = assured.certify(until=start + DAY, **{"from": start})
        assert assured.assurance.record(record).call()[5:7] == (start, start + DAY)

    def test_certify__not_accredited__refused(self, assured: Assured) -> None:
        chain = assured.chain
        miner = int(Role.MINER)
        with chain.refuses("RoleMissing", 1, miner, ASSURERS):
            assured.attempt(assured.certificate(), "mine")
        with chain.refuses("NotOperator"):
            chain.attempt(assured.certificate(), chain.strangers[0])
        with chain.refuses("NotAccredited", assured.id("verifier"), BODY_ACCREDITATION):
            assured.attempt(assured.certificate(), "verifier")
        for number in (0, 3, 2**32 - 1):
            with chain.refuses("UnknownRecord", number):
                assured.attempt(assured.certificate(accreditation=number), "body")
        record = assured.certify()
        with chain.refuses("NotAccredited", assured.id("body"), record):
            assured.attempt(assured.certificate(accreditation=record, leaf=digest("x")), "body")

    @pytest.mark.parametrize(
        ("change", "error", "arguments"),
        [
            ({"site": 9}, "UnknownSite", (9,)),
            ({"site": EMPTY}, "NoOperator", (EMPTY,)),
            ({"level": 0}, "UnknownLevel", (RMM, 0, 3)),
            ({"level": 4}, "UnknownLevel", (RMM, 4, 3)),
            ({"level": 3}, "LevelAboveAccreditation", (BODY_ACCREDITATION, 3, 2)),
            ({"substances": []}, "OutOfScope", (BODY_ACCREDITATION, 0)),
            ({"substances": [MOLYBDENUM]}, "UnknownSubstance", (MOLYBDENUM,)),
            ({"substances": [GOLD, COPPER]}, "NotAscending", (COPPER,)),
            ({"from": 50, "until": 50}, "WindowEmpty", (50, 50)),
            ({"from": 50, "until": 40}, "WindowEmpty", (50, 40)),
            ({"from": 50, "until": 60}, "WindowEmpty", ()),
            ({"leaf": bytes(32)}, "ZeroLeaf", ()),
        ],
    )
    def test_certify__wrong_terms__refused(
        self, assured: Assured, change: dict[str, Any], error: str, arguments: tuple[Any, ...]
    ) -> None:
        with assured.chain.refuses(error, *arguments):
            assured.attempt(assured.certificate(**change), "body")

    def test_certify__registered_substance_out_of_scope__refused(self, assured: Assured) -> None:
        assured.register(assured.registry.registerSubstance(MOLYBDENUM, 1, symbol("Mo")))
        call = assured.certificate(substances=[COPPER, MOLYBDENUM])
        with assured.chain.refuses("OutOfScope", BODY_ACCREDITATION, MOLYBDENUM):
            assured.attempt(call, "body")

    def test_certify__document_recorded_before__refused_also_after_withdrawal(
        self, assured: Assured
    ) -> None:
        record = assured.certify()
        body = assured.id("body")
        for _ in range(2):
            with assured.chain.refuses("AlreadyRecorded", body, digest("certificate"), record):
                assured.attempt(assured.certificate(site=BAHIA), "body")
            if _ == 0:
                assured.send(assured.assurance.withdraw(record, digest("why")), "body")

    def test_certify__accreditation_over_or_suspended__refused(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        assured.send(calls.suspend(BODY_ACCREDITATION, digest("why")), "accreditor")
        with chain.refuses("AccreditationSuspended", BODY_ACCREDITATION):
            assured.attempt(assured.certificate(), "body")
        assured.send(calls.lift(BODY_ACCREDITATION, digest("why")), "accreditor")
        assured.attempt(assured.certificate(), "body")
        assured.send(calls.withdraw(BODY_ACCREDITATION, digest("why")), "accreditor")
        with chain.refuses("AccreditationLapsed"):
            assured.attempt(assured.certificate(), "body")

    def test_certify__accreditor_left_or_recognised_no_more__refused(
        self, assured: Assured
    ) -> None:
        chain, accreditor = assured.chain, assured.id("accreditor")
        before = chain.tester.take_snapshot()
        assured.send(assured.assurance.recognise(RMM, accreditor, 0, 0), "owner")
        with chain.refuses("NotRecognised", RMM, accreditor):
            assured.attempt(assured.certificate(), "body")
        chain.tester.revert_to_snapshot(before)
        chain.vote(EXPEL, accreditor, by=VOTERS)
        with chain.refuses("RoleMissing", accreditor, 0, ACCREDIT_ROLE):
            assured.attempt(assured.certificate(), "body")

    @pytest.mark.row("A13")
    def test_certify__own_site_or_one_under_the_same_control__refused(
        self, assured: Assured
    ) -> None:
        chain = assured.chain
        twin, smelter = assured.id("twin"), assured.id("smelter")
        call = assured.accreditation(body=twin, leaf=digest("x"))
        assured.send(call, "accreditor")
        with chain.refuses("NotIndependent", twin, smelter):
            assured.attempt(assured.certificate(site=BAHIA, accreditation=3), "twin")
        assured.attempt(assured.certificate(site=AURORA, accreditation=3), "twin")
        assured.register(assured.registry.setOperator(AURORA, twin, 0, OPEN))
        with chain.refuses("NotIndependent", twin, twin):
            assured.attempt(assured.certificate(site=AURORA, accreditation=3), "twin")

    def test_certify__account_of_two_members__cannot_be_bound(self, assured: Assured) -> None:
        """An account both control: a key belongs to one member for ever, in either form."""
        chain = assured.chain
        bind = chain.consortium.functions.bindKey
        mine, body = chain.parties["mine"], chain.parties["body"]
        operate = bytes.fromhex(body.operate[2:])
        with chain.refuses("KeyTaken", operate.rjust(32, b"\0"), body.member):
            chain.attempt(bind((1, 0, operate), 0), mine.administer)
        with chain.refuses("KeyTaken"):
            chain.attempt(bind((2, 1, public_key("body")), 0), mine.administer)

    def test_certify__more_at_a_time_than_anybody_needs__refused_until_one_is_over(
        self, assured: Assured
    ) -> None:
        chain = assured.chain
        records = [assured.certify(leaf=digest(f"c{i}")) for i in range(3)]
        with chain.refuses("TooMany", 4, 3):
            assured.attempt(assured.certificate(leaf=digest("c4")), "body")
        assured.send(assured.assurance.withdraw(records[1], digest("why")), "body")
        records.append(assured.certify(leaf=digest("c4")))
        shown = assured.assurance.certificatesOf(AURORA, RMM).call()
        assert shown == [records[0], records[2], records[3]]

    def test_certify__three_bodies__seven_at_a_time(self, assured: Assured) -> None:
        chain = assured.chain
        for i, name in enumerate(("verifier", "twin"), start=3):
            call = assured.accreditation(body=assured.id(name), leaf=digest(name))
            assured.send(call, "accreditor")
            for j in range(3):
                assured.certify(name, accreditation=i + 3 * (i - 3), leaf=digest(f"{name}{j}"))
        assured.certify(leaf=digest("seventh"))
        assert len(assured.assurance.certificatesOf(AURORA, RMM).call()) == 7
        with chain.refuses("TooMany", 8, 7):
            assured.attempt(assured.certificate(leaf=digest("eighth")), "body")


class TestStatus:
    def entries(self, assured: Assured, record: int) -> list[Any]:
        return list(assured.assurance.status(record, 0, 99).call())

    def test_suspend_and_lift__by_each_source__only_its_own(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        record, why = assured.certify(), digest("why")
        for name, source in (
            ("body", ISSUER),
            ("accreditor", ACCREDITOR),
            ("owner", SCHEME_OWNER),
        ):
            with chain.refuses("NotSuspended", record, source):
                assured.attempt(calls.lift(record, why), name)
            assured.send(calls.suspend(record, why), name)
            with chain.refuses("AlreadySuspended", record, source):
                assured.attempt(calls.suspend(record, why), name)
        assured.decide(calls.suspend(record, why))
        assert calls.record(record).call()[7] == 0b1_1111
        refused(assured, calls.suspend(record, why), "AlreadySuspended", record, VOTE)
        for name in ("body", "accreditor", "owner"):
            assured.send(calls.lift(record, why), name)
        assert calls.record(record).call()[7] == 0b1_1000
        assert calls.assures(assured.id("body"), AURORA).call() is False
        assured.decide(calls.lift(record, why))
        assert calls.record(record).call()[7] == 0b1_0000
        assert calls.assures(assured.id("body"), AURORA).call() is True
        listed = [entry[:3] for entry in self.entries(assured, record)]
        sources = [(ISSUER, 4), (ACCREDITOR, 5), (SCHEME_OWNER, 6), (VOTE, 0)]
        assert listed == [(1, *each) for each in sources] + [(2, *each) for each in sources]
        assert calls.statusCount(record).call() == 8

    def test_status__by_a_member_without_standing__refused(self, assured: Assured) -> None:
        chain, calls = assured.chain, assured.assurance
        record, why = assured.certify(), digest("why")
        for call in (
            calls.suspend(record, why),
            calls.lift(record, why),
            calls.withdraw(record, why),
            calls.voidRecord(record, 0, why),
        ):
            for name in ("mine", "verifier", "sister"):
                with chain.refuses("NotConcerned", assured.id(name), record):
                    assured.attempt(call, name)
            with chain.refuses("NotOperator"):
                chain.attempt(call, chain.strangers[0])
        for number in (0, record + 1):
            with chain.refuses("UnknownRecord", number):
                assured.attempt(calls.suspend(number, why), "body")

    def test_status__accreditation__issuer_and_owner_but_not_the_body(
        self, assured: Assured
    ) -> None:
        calls, why = assured.assurance, digest("why")
        with assured.chain.refuses("NotConcerned", assured.id("body"), BODY_ACCREDITATION):
            assured.attempt(calls.suspend(BODY_ACCREDITATION, why), "body")
        assured.send(calls.suspend(BODY_ACCREDITATION, why), "owner")
        assured.send(calls.suspend(BODY_ACCREDITATION, why), "accreditor")
        assert calls.record(BODY_ACCREDITATION).call()[7] == 0b1_0101
        assert [e[1] for e in self.entries(assured, BODY_ACCREDITATION)] == [2, 0]

    def test_withdraw__ends_now_and_for_good(self, assured: Assured) -> None:
        chain, calls, why = assured.chain, assured.assurance, digest("why")
        record = assured.certify()
        assured.send(calls.withdraw(record, why), "body")
        now = chain.now()
        found = calls.record(record).call()
        assert found[6:8] == (now, 1 << 5)
        assert self.entries(assured, record) == [(3, ISSUER, assured.id("body"), now, now)]
        for call in (
            calls.withdraw(record, why),
            calls.suspend(record, why),
            calls.lift(record, why),
        ):
            with chain.refuses("RecordEnded", record, now):
                assured.attempt(call, "body")

    def test_void__may_lie_in_the_past_but_only_earlier_each_time(self, assured: Assured) -> None:
        chain, calls, why = assured.chain, assured.assurance, digest("why")
        record = assured.certify()
        start = calls.record(record).call()[5]
        chain.wait(20 * DAY)
        with chain.refuses("InTheFuture"):
            assured.attempt(calls.voidRecord(record, chain.now() + DAY, why), "accreditor")
        assured.send(calls.voidRecord(record, start + 5 * DAY, why), "accreditor")
        now = chain.now()
        assert calls.record(record).call()[6:8] == (start + 5 * DAY, 1 << 5)
        last = (4, ACCREDITOR, assured.id("accreditor"), start + 5 * DAY, now)
        assert self.entries(assured, record) == [last]
        with chain.refuses("RecordEnded", record, start + 5 * DAY):
            assured.attempt(calls.voidRecord(record, start + 5 * DAY, why), "body")
        with chain.refuses("RecordEnded", record, start + 5 * DAY):
            assured.attempt(calls.voidRecord(record, 0, why), "body")
        assured.send(calls.voidRecord(record, 1, why), "body")
        assert calls.record(record).call()[6] == 1
        refused(assured, calls.voidRecord(record, 1, why), "RecordEnded", record, 1)

    def test_void__time_0__is_now(self, assured: Assured) -> None:
        record = assured.certify()
        assured.send(assured.assurance.voidRecord(record, 0, digest("why")), "body")
        assert assured.assurance.record(record).call()[6] == assured.chain.now()

    def test_void__certificate_that_expired__is_still_possible(self, assured: Assured) -> None:
        calls = assured.assurance
        record = assured.certify(until=assured.chain.now() + 5 * DAY)
        start = calls.record(record).call()[5]
        assured.chain.wait(9 * DAY)
        with assured.chain.refuses("RecordEnded"):
            assured.attempt(calls.withdraw(record, digest("why")), "body")
        assured.send(calls.voidRecord(record, start, digest("why")), "body")
        with assured.chain.refuses("CertificateWithdrawn", record, start):
            assured.attempt(assured.cover(record, until=start + DAY, **{"from": start}), "mine")

    def test_list__full__nothing_is_lifted_but_all_can_still_be_ended(
        self, assured: Assured
    ) -> None:
        chain, calls, why = assured.chain, assured.assurance, digest("why")
        record = assured.certify()
        for _ in range(16):
            assured.send(calls.suspend(record, why), "body")
            assured.send(calls.lift(record, why), "body")
        for count, name in enumerate(("body", "accreditor", "owner"), start=33):
            assured.send(calls.suspend(record, why), name)
            with chain.refuses("ListFull", record, count):
                assured.attempt(calls.lift(record, why), name)
        start = calls.record(record).call()[5]
        assured.send(calls.voidRecord(record, start + 1, why), "accreditor")
        with chain.refuses("ListFull", record, 36):
            assured.attempt(calls.voidRecord(record, start, why), "accreditor")
        assert calls.statusCount(record).call() == 36

    def test_issuer_left__certificate_stands_and_others_may_end_it(self, assured: Assured) -> None:
        chain, calls, why = assured.chain, assured.assurance, digest("why")
        record = assured.certify()
        assured.chain.vote(EXPEL, assured.id("body"), by=VOTERS)
        assured.attempt(assured.cover(record), "mine")
        with chain.refuses("NotOperator"):
            assured.attempt(calls.suspend(record, why), "body")
        assured.attempt(calls.withdraw(record, why), "owner")
        assured.send(calls.suspend(record, why), "accreditor")
        with chain.refuses("CertificateSuspended"):
            assured.attempt(assured.cover(record), "mine")
        assured.decide(calls.withdraw(record, why))

    def test_accreditation_ended__certificate_under_it_stands(self, assured: Assured) -> None:
        record = assured.certify()
        why = digest("why")
        assured.send(assured.assurance.withdraw(BODY_ACCREDITATION, why), "accreditor")
        assured.attempt(assured.cover(record), "mine")
        assured.attempt(assured.assurance.suspend(record, why), "accreditor")


def test_hand_over__record__ends_here_and_changes_no_more(assured: Assured) -> None:
    chain, calls, why = assured.chain, assured.assurance, digest("why")
    record = assured.certify()
    with chain.refuses("NotCaller"):
        assured.attempt(calls.handOver(record), "body")
    successor = deploy(chain.w3, "NextContract", chain.strangers[0])
    chain.vote(SET_SUCCESSOR, chain.assurance.address, successor.address, by=VOTERS)
    take = successor.functions.takeRecord(chain.assurance.address, record)
    chain.send(take, chain.strangers[0])
    now = chain.now()
    assert calls.record(record).call()[6:8] == (now, 1 << 7)
    assert calls.assures(assured.id("body"), AURORA).call() is False
    with chain.refuses("OutsideWindow"):
        assured.attempt(assured.cover(record), "mine")
    for call in (calls.suspend(record, why), calls.voidRecord(record, 0, why)):
        with chain.refuses("HandedOver", record):
            assured.attempt(call, "body")
    with chain.refuses("HandedOver", record):
        chain.attempt(take, chain.strangers[0])
    with chain.refuses("UnknownRecord", 99):
        chain.attempt(
            successor.functions.takeRecord(chain.assurance.address, 99), chain.strangers[0]
        )
    assert chain.consortium.functions.contractAt(name_word("Assurance")).call()
