"""What a verifier says of a round, by the co-signatures that stand beside it in a bundle."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.support.beside import Author, Shown, issuance, shown, with_beside
from tests.support.certified_lot import ANCHORED_AT, DAY, NOW, TRUST, VALID_FROM, Case, honest_case
from tests.support.monitored_wells import COMMUNITY, OPERATOR, author, readings, stated
from veta.keys.signers import Es256kSigner
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.consortium import Role
from veta.model.determined import Known
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lot import Party
from veta.model.ranges import Ranges
from veta.services.round_files import RoundTerms, co_signature_credential, round_credential
from veta.services.rounds import papers_about
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Check, Outcome, Verdict
from veta.verify.verifier import Verifier


def member(number: int, did: str, role: Role, group: int = 0) -> Author:
    key = Es256kSigner(sha256(did.encode()).digest())
    return Author(MemberId(number), Party(did, did.rpartition(":")[2]), role, group, key)


MINER = member(9101, OPERATOR, Role.MINER)
BODY = member(9102, COMMUNITY, Role.COMMUNITY)
JUNE = readings()


def a_round(label: str = "june", deadline_s: int = VALID_FROM + 5 * DAY, **changes: Any) -> Shown:
    terms = RoundTerms(
        name=label,
        site=(f"{OPERATOR}:site:salar", "Salar"),
        co_signers=((COMMUNITY, None),),
        deadline_s=deadline_s,
    )
    given = changes.pop("readings", JUNE)
    document = round_credential(given, replace(terms, **changes), MINER.party, issuance(label))
    return shown(document, MINER)


def a_co_signature(of: Shown, spans: Any = ((0, 99),), by: Author = BODY) -> Shown:
    about = stated(leaf=of.facts.leaf, author=author(OPERATOR))
    label = sha256(f"{by.party.identifier} {spans} {of.facts.leaf.hex()}".encode()).hexdigest()
    document = co_signature_credential(about, Ranges(spans), by.party, issuance(label))
    return shown(document, by)


def alone(paper: Shown) -> Case:
    """A statement as a bundle's own."""
    own, honest = paper.facts, honest_case().facts
    bundle = paper.statement
    facts = replace(
        honest,
        issuer=own.issuer,
        membership=own.membership,
        keys=own.keys,
        anchor=own.anchor,
        status=own.status,
    )
    assert isinstance(facts, LedgerFacts)
    return Case(StatementBundle(bundle.token, bundle.inclusion, bundle.root), facts)


def judged(case: Case) -> Report:
    return Verifier(TRUST, Policy()).verify(case.bundle, case.facts)


def about_rounds(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {each.code: each for each in checks if each.code.startswith("monitoring.")}


def test_co_signature__as_these_tests_make_it__is_good_by_itself() -> None:
    report = judged(with_beside(honest_case(), a_co_signature(a_round())))
    assert report.beside[0].verdict is Verdict.VALID


@pytest.mark.row("S23", "A53")
def test_round__with_100_of_150_co_signed__is_valid_with_the_notice() -> None:
    june = a_round()
    report = judged(with_beside(alone(june), a_co_signature(june)))
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    (found,) = about_rounds(report.checks).values()
    assert (found.code, found.outcome) == ("monitoring.single_signed", Outcome.NOTICE)
    assert found.facts["co_signed"] == 100
    assert found.facts["single_signed"] == "100-149"
    assert found.facts["missing"] == (COMMUNITY,)


def test_round__co_signed_by_all__passes() -> None:
    june = a_round()
    report = judged(with_beside(alone(june), a_co_signature(june, ((0, 149),))))
    (found,) = about_rounds(report.checks).values()
    assert (found.code, found.outcome) == ("monitoring.co_signed", Outcome.PASSED)
    assert report.verdict is Verdict.VALID


@pytest.mark.row("A53")
def test_round__without_a_co_signature_or_with_one_that_is_none__is_never_better() -> None:
    june = a_round()
    forged = a_co_signature(june, ((0, 149),)).with_statement(root=Digest(b"\x01" * 32))
    own = a_co_signature(june, ((0, 149),), member(9103, "did:web:x.example", Role.COMMUNITY, 7))
    miner = replace(MINER, control_group=7)
    grouped = shown_as(june, miner)
    stolen = a_co_signature(june, ((0, 149),))
    for case in (
        alone(june),
        with_beside(alone(june), forged),
        with_beside(alone(june), stolen.with_facts(keys=Known((MINER.key(),)))),
        with_beside(alone(june), stolen.with_facts(keys=Known(()))),
        with_beside(alone(june), a_co_signature(a_round("may", readings=readings({0: "1"})))),
        with_beside(alone(grouped), own),
    ):
        found = about_rounds(judged(case).checks)
        assert found["monitoring.single_signed"].facts["co_signed"] == 0


def shown_as(paper: Shown, by: Author) -> Shown:
    return paper.with_facts(issuer=Known(by.registered()))


def test_round__before_its_deadline__is_awaited_with_a_notice() -> None:
    june = a_round(deadline_s=NOW + DAY)
    found = about_rounds(judged(alone(june)).checks)
    assert list(found) == ["monitoring.awaited"]


@pytest.mark.row("S23", "A53")
def test_round__that_was_replaced_alone__says_so_beside_both() -> None:
    june = a_round()
    again = a_round("again", previous=june.facts.leaf, reason="typing", readings=readings({1: "1"}))
    entry = StatusEntry(
        issuer=MINER.member,
        leaf=june.facts.leaf,
        index=0,
        action=StatusAction.SUPERSEDE,
        reason=StatusReason.NONE,
        by_member=MINER.member,
        effective_s=UnixSeconds(ANCHORED_AT + 9),
        recorded_at_s=UnixSeconds(ANCHORED_AT + 9),
        related_leaf=again.facts.leaf,
    )
    old = june.with_facts(status=Known((entry,)))
    report = judged(with_beside(alone(again), old, a_co_signature(june)))
    assert "monitoring.replaced_alone" in about_rounds(report.checks)
    assert "monitoring.replaced_alone" in about_rounds(report.beside[0].checks)
    brief = report.to_json()["beside"][0]
    assert "monitoring.replaced_alone" in {each["code"] for each in brief["findings"]}


def test_round_beside_a_passport__is_told_in_its_own_report_and_changes_no_step() -> None:
    june = a_round()
    bare = judged(honest_case())
    report = judged(with_beside(honest_case(), june, a_co_signature(june)))
    assert (report.verdict, report.checks) == (bare.verdict, bare.checks)
    (found,) = about_rounds(report.beside[0].checks).values()
    assert found.facts["co_signed"] == 100
    assert report.beside[0].verified is not None
    assert about_rounds(report.beside[1].checks) == {}


def test_papers__that_nobody_named__are_asked_about_only_if_they_can_be_about_the_round() -> None:
    june, may = a_round(), a_round("may", readings=readings({0: "1"}))
    elsewhere = a_round("elsewhere", site=(f"{OPERATOR}:site:other", "Other"))
    papers = {
        "may": may,
        "seen": a_co_signature(june),
        "seen in may": a_co_signature(may),
        "elsewhere": elsewhere,
        "seen elsewhere": a_co_signature(elsewhere),
        "unread": june.with_statement(token=b"x"),
    }
    given = [(name, alone(each).bundle) for name, each in papers.items()]
    given.append(("passport", honest_case().bundle))
    found = [name for name, _ in papers_about(alone(june).bundle, given)]
    assert sorted(found) == ["may", "seen", "seen in may", "unread"]
