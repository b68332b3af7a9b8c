"""Recognise, accredit, certify, suspend, lift, withdraw, void: refused in words, then done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.assurance_world import (
    CERTIFIED,
    GROUNDS,
    conformity,
    issued,
    newcomer,
    site_name,
)
from tests.support.lot_scenes import (
    CO2E,
    CONCENTRATE,
    COPPER,
    CU_MARK,
    DAY,
    IDS,
    MINE,
    RMM,
    SMELTERY,
    YEAR,
    Company,
    CopperScene,
    copper_scene,
    did,
    done,
    emitted,
    refusal,
)
from veta.chain import registrations as reg
from veta.model.columns import SubstanceId
from veta.model.consortium import Role
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lots import Cover, SiteId
from veta.ports.lot_store import LotCall
from veta.ports.store import IntentState
from veta.services.assure import AssuranceDesk, Grant
from veta.services.standing import Standing


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("assuring")) as made:
        yield made


def desk(company: Company) -> AssuranceDesk:
    company.follow()
    return company.lots.assurance


def site_document(scene: CopperScene, issuer: str = "body", **changes: Any) -> Leaf:
    document = conformity(scene, issuer, **({"site": site_name("miner")} | changes))
    return issued(scene.company(issuer), document)


def certificate(scene: CopperScene) -> int:
    """A new certificate of the mine; its number."""
    body, leaf = scene.company("body"), site_document(scene)
    grant = Grant(leaf, 2, (COPPER,))
    done(body, desk(body).certify(MINE, 1, grant))
    number = body.lots.assurance.record_of(leaf)
    assert number is not None
    return number


def standing(company: Company, number: int) -> Standing:
    company.follow()
    registry = company.node.registry
    found = {each.made.record: each for each in registry.records()}
    return found[number].standing(registry.now_s())


@pytest.mark.row("S06")
def test_recognise__what_no_scheme_owner_may_do__is_refused_in_words(scene: CopperScene) -> None:
    owner, body = scene.company("owner"), scene.company("body")
    accreditor = IDS["accreditor"]
    now = scene.now_s
    refusal("assurance.unknown_scheme", lambda: desk(owner).recognise(9, accreditor))
    refusal("assurance.not_scheme_owner", lambda: desk(body).recognise(RMM, accreditor))
    refusal("assurance.role_missing", lambda: desk(owner).recognise(RMM, IDS["body"]))
    refusal("assurance.role_missing", lambda: desk(owner).recognise(RMM, MemberId(99)))
    past = UnixSeconds(now - 1)
    refusal("assurance.window_empty", lambda: desk(owner).recognise(RMM, accreditor, until_s=past))
    never = UnixSeconds(0)
    refusal(
        "assurance.not_recognised", lambda: desk(owner).recognise(RMM, IDS["body"], until_s=never)
    )
    with owner.store.read() as work:
        assert work.intents(IntentState.OPEN) == ()


@pytest.mark.row("S06")
def test_recognise__ended_and_recognised_again__each_is_one_intent(scene: CopperScene) -> None:
    owner, accreditor = scene.company("owner"), IDS["accreditor"]
    ends = UnixSeconds(0)
    ended = desk(owner).recognise(RMM, accreditor, until_s=ends)
    assert desk(owner).recognise(RMM, accreditor, until_s=ends).number == ended.number
    done(owner, ended)
    assert desk(owner).recognise(RMM, accreditor, until_s=ends).number == ended.number
    body = scene.company("body")
    leaf = site_document(scene)
    grant = Grant(leaf, 2, (COPPER,))
    refusal("assurance.not_recognised", lambda: desk(body).certify(MINE, 1, grant))
    again = desk(owner).recognise(RMM, accreditor)
    assert desk(owner).recognise(RMM, accreditor).number == again.number
    done(owner, again)
    assert desk(owner).recognise(RMM, accreditor).number == again.number
    third = desk(owner).recognise(RMM, accreditor, until_s=ends)
    assert third.number not in {ended.number, again.number}
    done(owner, third)
    done(owner, desk(owner).recognise(RMM, accreditor))
    assert [each.body for each in owner.node.registry.recognitions()] == [accreditor]


@pytest.mark.row("S06")
def test_accredit__out_of_bounds__is_refused_in_words(scene: CopperScene) -> None:
    accreditor = scene.company("accreditor")
    body, scope = IDS["body"], (COPPER,)
    leaf = issued(accreditor, conformity(scene, "accreditor", body=did("body")))
    good = Grant(leaf, 2, scope)

    def ask(who: MemberId = body, scheme: int = RMM, **changes: Any) -> Any:
        grant = replace(good, **changes)
        return lambda: desk(accreditor).accredit(who, scheme, grant)

    refusal("statement.not_found", ask(document=Leaf(b"\x01" * 32)))
    refusal("assurance.unknown_scheme", ask(scheme=9))
    refusal("assurance.unknown_level", ask(level=0))
    refusal("assurance.unknown_level", ask(level=4))
    refusal("assurance.role_missing", ask(who=IDS["miner"]))
    refusal("assurance.unknown_substance", ask(substances=(SubstanceId(30),)))
    refusal("assurance.not_ascending", ask(substances=(COPPER, COPPER)))
    refusal("assurance.beyond_document", ask(until_s=UnixSeconds(scene.now_s + 2 * YEAR)))
    soon, later = UnixSeconds(scene.now_s + DAY), UnixSeconds(scene.now_s + 2 * DAY)
    refusal("assurance.window_empty", ask(from_s=later, until_s=soon))
    lab = newcomer(scene, "lab", Role.LABORATORY)
    refusal("assurance.other_body", ask(who=lab.member))
    unanchored = accreditor.node.desk.issuer.issue(
        conformity(scene, "accreditor", body=did("body"))
    )
    refusal("assurance.document_not_anchored", ask(document=unanchored.leaf))
    miner = scene.company("miner")
    passport = Grant(miner.node.desk.issuer.issue(miner.passport("X")).leaf, 1)
    refusal("assurance.document_kind", lambda: desk(miner).certify(MINE, 1, passport))
    refusal("assurance.document_kind", lambda: desk(miner).accredit(body, RMM, passport))
    refusal(
        "assurance.role_missing",
        lambda: desk(scene.company("body")).accredit(
            lab.member, RMM, Grant(site_document(scene, body=did("lab")), 1)
        ),
    )
    accreditor.settle()


@pytest.mark.row("S06")
def test_accredit__under_one_control_or_not_recognised__is_refused(scene: CopperScene) -> None:
    twins = Role.ACCREDITATION_BODY | Role.CERTIFICATION_BODY
    one = newcomer(scene, "twin-one", twins, control_group=7)
    two = newcomer(scene, "twin-two", twins, control_group=7)
    other = newcomer(scene, "apart", Role.CERTIFICATION_BODY)
    to_other = Grant(issued(one, conformity(scene, "twin-one", body=did("apart"))), 1)
    refusal("assurance.not_recognised", lambda: desk(one).accredit(other.member, RMM, to_other))
    owner = scene.company("owner")
    done(owner, desk(owner).recognise(RMM, one.member))
    to_two = Grant(issued(one, conformity(scene, "twin-one", body=did("twin-two"))), 1)
    words = refusal(
        "assurance.not_independent", lambda: desk(one).accredit(two.member, RMM, to_two)
    )
    assert "under one control" in words
    itself = Grant(issued(one, conformity(scene, "twin-one", body=did("twin-one"))), 1)
    refusal("assurance.not_independent", lambda: desk(one).accredit(one.member, RMM, itself))
    made = desk(one).accredit(other.member, RMM, to_other)
    assert desk(one).accredit(other.member, RMM, to_other).number == made.number
    done(one, made)
    assert desk(one).accredit(other.member, RMM, to_other).number == made.number
    refusal(
        "assurance.already_recorded",
        lambda: desk(one).accredit(other.member, RMM, replace(to_other, level=2)),
    )


@pytest.mark.row("S06")
def test_certify__out_of_scope_lapsed_or_of_another_site__is_refused_in_words(
    scene: CopperScene,
) -> None:
    body = scene.company("body")
    good = Grant(site_document(scene), 2, (COPPER,))

    def ask(site: SiteId = MINE, under: int = 1, **changes: Any) -> Any:
        grant = replace(good, **changes)
        return lambda: desk(body).certify(site, under, grant)

    refusal("assurance.unknown_site", ask(site=SiteId(99)))
    refusal("assurance.other_site", ask(site=SMELTERY))
    refusal("assurance.other_site", ask(document=site_document(scene, site=None)))
    refusal("assurance.unknown_record", ask(under=99))
    refusal("assurance.not_accredited", ask(under=scene.certificate))
    refusal("assurance.unknown_level", ask(level=4))
    refusal("assurance.level_above_accreditation", ask(level=3))
    refusal("assurance.out_of_scope", ask(substances=()))
    refusal("assurance.window_empty", ask(from_s=UnixSeconds(scene.now_s + YEAR - DAY)))
    scene.register([reg.substance(SubstanceId(30), symbol="Zn")])
    refusal("assurance.out_of_scope", ask(substances=(COPPER, SubstanceId(30))))
    others = scene.company("accreditor")
    foreign = issued(others, conformity(scene, "accreditor", site=site_name("miner")))
    refusal("statement.not_found", ask(document=foreign))
    with others.store.read() as work, body.store.write() as mine:
        stored = work.statement(foreign)
        assert stored is not None
        mine.add_statements([stored.record])
    refusal("assurance.document_not_ours", ask(document=foreign))


@pytest.mark.row("S06")
def test_certify__one_s_own_site__is_refused(scene: CopperScene) -> None:
    both = newcomer(scene, "both", Role.CERTIFICATION_BODY | Role.MINER, control_group=3)
    sister = newcomer(scene, "sister", Role.MINER, control_group=3)
    accreditor = scene.company("accreditor")
    leaf = issued(accreditor, conformity(scene, "accreditor", body=did("both")))
    done(accreditor, desk(accreditor).accredit(both.member, RMM, Grant(leaf, 2)))
    number = accreditor.lots.assurance.record_of(leaf)
    assert number is not None
    sites = {SiteId(21): both.member, SiteId(22): sister.member}
    calls = []
    for site, member in sites.items():
        calls.append(reg.site(site, identifier=f"urn:site:{site}", name=f"{site}", country="CL"))
        if site == 21:
            calls.append(reg.operator(site, member))
    scene.register(calls)
    for site in sites:
        grant = Grant(issued(both, conformity(scene, "both", site=f"urn:site:{site}")), 1)
        code = "assurance.not_independent" if site == 21 else "assurance.no_operator"
        refusal(code, lambda s=site, g=grant: desk(both).certify(s, number, g))
    scene.register([reg.operator(SiteId(22), sister.member)])
    refusal("assurance.not_independent", lambda: desk(both).certify(SiteId(22), number, grant))


@pytest.mark.row("S06", "S17")
def test_certify__under_an_accreditation_that_is_suspended_or_over__is_refused(
    scene: CopperScene,
) -> None:
    accreditor, body = scene.company("accreditor"), scene.company("body")
    good = Grant(site_document(scene), 2, (COPPER,))
    done(accreditor, desk(accreditor).suspend(1, GROUNDS))
    refusal("assurance.accreditation_suspended", lambda: desk(body).certify(MINE, 1, good))
    done(accreditor, desk(accreditor).lift(1, GROUNDS))
    leaf = issued(accreditor, conformity(scene, "accreditor", body=did("body")))
    short = Grant(leaf, 2, (COPPER,), until_s=UnixSeconds(scene.now_s + DAY))
    done(accreditor, desk(accreditor).accredit(IDS["body"], RMM, short))
    number = accreditor.lots.assurance.record_of(leaf)
    assert number is not None
    scene.pass_time(2 * DAY)
    words = refusal(
        "assurance.accreditation_lapsed", lambda: desk(body).certify(MINE, number, good)
    )
    assert "is over" in words
    made = desk(body).certify(MINE, 1, good)
    assert desk(body).certify(MINE, 1, good).number == made.number
    done(body, made)
    assert desk(body).certify(MINE, 1, good).number == made.number
    refusal(
        "assurance.already_recorded", lambda: desk(body).certify(MINE, 1, replace(good, level=1))
    )
    third = certificate(scene)
    refusal("assurance.too_many", lambda: certificate(scene))
    for record in (third, body.lots.assurance.record_of(good.document) or 0):
        done(body, desk(body).withdraw(record, GROUNDS))


@pytest.mark.row("S06", "S17")
def test_status__by_whom_it_does_not_concern_or_twice__is_refused(scene: CopperScene) -> None:
    number = certificate(scene)
    miner, body = scene.company("miner"), scene.company("body")
    owner, accreditor = scene.company("owner"), scene.company("accreditor")
    refusal("assurance.not_concerned", lambda: desk(miner).suspend(number, GROUNDS))
    refusal("assurance.unknown_record", lambda: desk(body).suspend(999, GROUNDS))
    refusal("assurance.no_grounds", lambda: desk(body).suspend(number, Digest(bytes(32))))
    refusal("assurance.not_suspended", lambda: desk(body).lift(number, GROUNDS))
    first = desk(body).suspend(number, GROUNDS)
    assert desk(body).suspend(number, GROUNDS).number == first.number
    done(body, first)
    assert desk(body).suspend(number, GROUNDS).number == first.number
    other = Digest(b"\x01" * 32)
    refusal("assurance.already_suspended", lambda: desk(body).suspend(number, other))
    words = refusal("assurance.not_suspended", lambda: desk(owner).lift(number, GROUNDS))
    assert "issuer" in words
    done(accreditor, desk(accreditor).suspend(number, GROUNDS))
    done(body, desk(body).lift(number, GROUNDS))
    assert standing(miner, number) is Standing.SUSPENDED
    done(accreditor, desk(accreditor).lift(number, GROUNDS))
    assert standing(miner, number) is Standing.IN_FORCE
    again = desk(body).suspend(number, GROUNDS)
    assert again.number != first.number
    done(body, again)
    done(body, desk(body).lift(number, GROUNDS))
    later = UnixSeconds(scene.now_s + DAY)
    refusal("assurance.in_the_future", lambda: desk(owner).void(number, GROUNDS, effective_s=later))
    withdrawn = desk(body).withdraw(number, GROUNDS)
    done(body, withdrawn)
    assert desk(body).withdraw(number, GROUNDS).number == withdrawn.number
    refusal("assurance.record_ended", lambda: desk(owner).withdraw(number, GROUNDS))
    refusal("assurance.record_ended", lambda: desk(owner).suspend(number, GROUNDS))
    refusal("assurance.record_ended", lambda: desk(owner).void(number, GROUNDS))
    before = UnixSeconds(scene.now_s - DAY)
    void = desk(owner).void(number, GROUNDS, effective_s=before)
    done(owner, void)
    assert standing(miner, number) is Standing.VOID
    assert desk(owner).void(number, GROUNDS, effective_s=before).number == void.number


@pytest.mark.row("S06")
def test_document__revoked_or_superseded__makes_no_record(scene: CopperScene) -> None:
    body = scene.company("body")
    old, new = site_document(scene), site_document(scene)
    body.node.desk.status.supersede(old, by_leaf=new)
    body.settle()
    refusal(
        "assurance.document_ended", lambda: desk(body).certify(MINE, 1, Grant(old, 2, (COPPER,)))
    )


@pytest.mark.row("S06")
def test_national_accreditor__recognised_by_one_vote__counts_from_that_block(
    scene: CopperScene,
) -> None:
    """A new national body is one proposal away: what its bodies certify brings credit."""
    national = newcomer(scene, "national", Role.ACCREDITATION_BODY)
    auditors = newcomer(scene, "auditors", Role.CERTIFICATION_BODY)
    paper = issued(national, conformity(scene, "national", body=did("auditors")))
    grant = Grant(paper, 2, (COPPER,))
    refusal(
        "assurance.not_recognised", lambda: desk(national).accredit(auditors.member, RMM, grant)
    )
    scene.register([reg.recognition(RMM, national.member)])
    made = desk(national).accredit(auditors.member, RMM, grant)
    done(national, made)
    accreditation = national.lots.assurance.record_of(paper)
    assert accreditation is not None
    leaf = site_document(scene, "auditors")
    done(auditors, desk(auditors).certify(MINE, accreditation, Grant(leaf, 2, (COPPER,))))
    number = auditors.lots.assurance.record_of(leaf)
    assert number is not None
    scene.pass_time(DAY)
    miner = scene.company("miner")
    miner.follow()
    run = miner.run(
        miner.output(CONCENTRATE, {"NAT-1": dict(CERTIFIED)}),
        emissions=emitted(process=CERTIFIED[CO2E]),
        covers=(Cover(CU_MARK, (number,)),),
        now_s=scene.now_s,
    )
    planned = miner.lots.originator.originate(run)
    done(miner, planned.intent)
    (entry,) = [each for each in miner.node.registry.recognitions() if each.body == national.member]
    assert entry.by_member == 0
    for company in (national, auditors, miner):
        company.follow()
        assert company.audit().differences == []


def test_audit__bodies_calls__are_held_against_what_they_mean(scene: CopperScene) -> None:
    for word in ("owner", "accreditor", "body"):
        company = scene.company(word)
        company.follow()
        found = {each.code for each in company.audit().differences}
        assert found <= {"audit.nonce", "audit.unknown_statement"}, word
        with company.store.read() as work:
            subjects = [each.subject for each in work.intents(IntentState.DONE)]
        assert any(isinstance(each, LotCall) for each in subjects)
