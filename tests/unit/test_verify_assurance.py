"""Step 10: who vouches for the credit that a lot carries, up to the scheme's owner."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.assured_lots import ACCREDITATION, ACCREDITOR, BODY, OWNER, SCHEME
from tests.support.certified_lot import TRUST
from tests.support.custody_world import (
    CATHODE,
    CO2E,
    CU,
    CU_75,
    IP,
    MB,
    MEMBER,
    NET,
    NOW,
    SITE,
    emitted,
    originate,
    output,
    terms,
    transform,
)
from tests.support.disclosed_lots import (
    Book,
    Disclosure,
    certificate,
    disclosure,
    number,
    rod_chain,
    token_leaf,
    token_of,
)
from veta.custody.columns import column_of
from veta.custody.periods import period_of
from veta.model.assurance import AssuranceFacts, RecordEntry
from veta.model.assurance_events import RecordAction, RecordSource, Requirement
from veta.model.columns import ProgrammeId, SubstanceId
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import UnixSeconds
from veta.model.lots import Cover, Draw
from veta.verify.assurance_codes import DOCUMENTS, OUTCOMES
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

DAY_S: Final = 86_400
HELD: Final = {NET: 1_000_000, CU: 999_900, CO2E: 3_000_000, CU_75: 999_900}
DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "spec" / "verification.md"
EVERY_STEP: Final = Policy().required | LOT_STEPS | {Step.ASSURANCE}


@cache
def credited() -> Disclosure:
    """A lot of one transform, of one origin whose credit one certificate covers."""
    token = token_of(certificate(number(1), "copper-cathode", HELD))
    book = Book({number(1): token_leaf(token)})
    book.run(originate(output(CATHODE, IP, HELD), emissions=emitted(process=3_000_000)))
    book.run(transform([book.open(0).take()], output(CATHODE, IP, HELD)))
    return disclosure(book, token, 1)


def judge(told: Disclosure, required: frozenset[Step] = EVERY_STEP) -> Report:
    case = told.case()
    return Verifier(TRUST, Policy(required=required)).verify(case.bundle, case.facts)


def findings(report: Report) -> dict[str, Outcome]:
    return {each.code: each.outcome for each in report.checks if each.step is Step.ASSURANCE}


def facts() -> AssuranceFacts:
    found = credited().facts().assurance
    assert isinstance(found, Known)
    return found.value


def assured(**changes: Any) -> Disclosure:
    return credited().with_facts(assurance=Known(replace(facts(), **changes)))


def record(number_: int, **changes: Any) -> Disclosure:
    """One of the records otherwise."""
    records = tuple(
        replace(each, **changes) if each.record == number_ else each for each in facts().records
    )
    return assured(records=records)


def entry(
    action: RecordAction,
    at_s: int,
    recorded_s: int | None = None,
    source: RecordSource = RecordSource.ISSUER,
) -> RecordEntry:
    when = UnixSeconds(recorded_s if recorded_s is not None else at_s)
    return RecordEntry(action, source, BODY, UnixSeconds(at_s), when)


def covers(*certificates: int) -> Disclosure:
    return credited().retold(0, covers=(Cover(CU_75, certificates),))


def not_on_chain() -> Disclosure:
    """The lot book has nothing under the lot's batch."""
    words = tuple(replace(each, word=Known(bytes(32))) for each in credited().facts().words)
    return credited().with_facts(words=words)


LATER_S: Final = NOW + DAY_S

CASES: dict[str, Callable[[], Disclosure]] = {
    "assurance.lot_not_proven": not_on_chain,
    "assurance.lineage_open": lambda: credited().without_run(0),
    "assurance.no_certificate": covers,
    "assurance.not_on_record": lambda: assured(records=()),
    "assurance.too_many": lambda: covers(*range(1, 66)),
    "assurance.programme_unknown": lambda: assured(programmes=()),
    "assurance.certificate_count": lambda: covers(SITE, SITE + 1),
    "assurance.no_certificate_of_a_site": lambda: record(SITE, parent=0),
    "assurance.other_site": lambda: record(SITE, subject=SITE + 1),
    "assurance.other_scheme": lambda: record(SITE, scheme=SCHEME + 1),
    "assurance.level_too_low": lambda: record(SITE, level=1),
    "assurance.out_of_scope": lambda: record(SITE, substances=(SubstanceId(79),)),
    "assurance.self_assured": lambda: record(SITE, issuer=MEMBER),
    "assurance.outside_window": lambda: record(SITE, from_s=UnixSeconds(NOW - DAY_S + 1)),
    "assurance.suspended_then": lambda: record(
        SITE, entries=(entry(RecordAction.SUSPEND, NOW - DAY_S // 2),)
    ),
    "assurance.accreditation_missing": lambda: record(SITE, parent=ACCREDITATION + 1),
    "assurance.accreditation_of_another": lambda: record(ACCREDITATION, subject=BODY + 1),
    "assurance.accreditation_lapsed": lambda: record(ACCREDITATION, from_s=UnixSeconds(301)),
    "assurance.accreditor_not_recognised": lambda: assured(recognitions=()),
    "assurance.expired_since": lambda: record(SITE, until_s=UnixSeconds(LATER_S)),
    "assurance.suspended_since": lambda: record(
        SITE, entries=(entry(RecordAction.SUSPEND, LATER_S),)
    ),
    "assurance.withdrawn_since": lambda: record(
        SITE, until_s=UnixSeconds(LATER_S), entries=(entry(RecordAction.WITHDRAW, LATER_S),)
    ),
    "assurance.void_since": lambda: record(
        SITE,
        until_s=UnixSeconds(NOW - 10 * DAY_S),
        entries=(entry(RecordAction.VOID, NOW - 10 * DAY_S, LATER_S),),
    ),
    "assurance.accreditation_ended_since": lambda: record(
        ACCREDITATION,
        until_s=UnixSeconds(LATER_S),
        entries=(entry(RecordAction.WITHDRAW, LATER_S),),
    ),
    "assurance.chain": credited,
}


@pytest.mark.row("S06")
@pytest.mark.parametrize("code", CASES)
def test_assurance__each_finding__comes_to_what_the_table_says(code: str) -> None:
    report = judge(CASES[code]())
    found = findings(report)
    assert found.get(code) is OUTCOMES[code], found
    if OUTCOMES[code] is Outcome.FAILED:
        assert report.verdict is Verdict.INVALID
        assert "assurance.chain" not in found
    elif OUTCOMES[code] is Outcome.NOT_PROVEN:
        assert not report.verdict.good
    elif OUTCOMES[code] is Outcome.NOTICE:
        assert report.verdict is Verdict.VALID_WITH_NOTICE


def test_assurance__codes__each_is_reached_and_documented() -> None:
    elsewhere = {"assurance.nothing_claimed", "assurance.drawn"}
    assert CASES.keys() | elsewhere == OUTCOMES.keys()
    rows = re.findall(
        r"^\| ((?:`assurance\.\w+`(?:, )?)+) \| ([a-z ]+) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    told = {
        code: outcome.replace(" ", "_")
        for names, outcome in rows
        for code in re.findall(r"`([^`]+)`", names)
    }
    assert told == {code: outcome.value for code, outcome in {**OUTCOMES, **DOCUMENTS}.items()}


@pytest.mark.row("S06")
def test_assurance__honest_lot__named_up_to_the_owner_of_the_scheme() -> None:
    report = judge(credited())
    assert report.verdict is Verdict.VALID
    check, unshown = [each for each in report.checks if each.step is Step.ASSURANCE]
    assert unshown.code == "assurance.document_not_shown"
    assert check.facts["site"] == SITE
    assert check.facts["body"] == BODY
    assert check.facts["accreditation_body"] == ACCREDITOR
    assert check.facts["scheme_owner"] == OWNER


def test_assurance__lot_without_credit__claims_none() -> None:
    report = judge(rod_chain(), Policy().required | LOT_STEPS)
    assert findings(report) == {"assurance.nothing_claimed": Outcome.PASSED}


def test_assurance__nobody_was_asked__not_determined() -> None:
    why = Undetermined("ledger.timeout", "no answer")
    report = judge(credited().with_facts(assurance=why))
    assert findings(report) == {"ledger.timeout": Outcome.NOT_DETERMINED}
    assert report.verdict is Verdict.INDETERMINATE


def test_assurance__credit_from_the_account__is_a_notice() -> None:
    """What is drawn was bounded by the chain; no lineage leads to the certificates behind it."""
    token = token_of(certificate(number(2), "copper-cathode", HELD))
    book = Book({number(2): token_leaf(token)})
    book.run(originate(output(CATHODE, MB, HELD), emissions=emitted(process=3_000_000)))
    bare = {key: each for key, each in HELD.items() if key != CU_75}
    book.run(originate(output(CATHODE, MB, bare), emissions=emitted(process=3_000_000)))
    column = column_of(CU_75)
    account = {(ProgrammeId(column.qualifier), column.substance): {period_of(NOW): 2_000_000}}
    drawn = transform(
        [book.open(1).take()], output(CATHODE, MB, HELD), draws=(Draw(0, CU_75, 999_900),)
    )
    book.run(drawn, terms(accounts=account))
    report = judge(disclosure(book, token, 2))
    assert findings(report).get("assurance.drawn") is Outcome.NOTICE
    assert report.verdict is not Verdict.VALID


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((entry(RecordAction.SUSPEND, LATER_S), entry(RecordAction.LIFT, LATER_S + 1)), "chain"),
        (
            (
                entry(RecordAction.SUSPEND, LATER_S),
                entry(RecordAction.SUSPEND, LATER_S, source=RecordSource.VOTE),
                entry(RecordAction.LIFT, LATER_S + 1),
            ),
            "suspended_since",
        ),
        (
            (
                entry(RecordAction.SUSPEND, NOW - 5 * DAY_S),
                entry(RecordAction.LIFT, NOW - DAY_S),
            ),
            "chain",
        ),
        (
            (
                entry(RecordAction.SUSPEND, NOW - 5 * DAY_S),
                entry(RecordAction.LIFT, NOW - DAY_S + 1),
            ),
            "suspended_then",
        ),
        ((entry(RecordAction.SUSPEND, NOW),), "suspended_since"),
        (
            (
                entry(RecordAction.SUSPEND, LATER_S),
                entry(RecordAction.LIFT, LATER_S + 1),
                entry(RecordAction.SUSPEND, LATER_S + 2),
            ),
            "suspended_since",
        ),
    ],
    ids=[
        "lifted",
        "lifted by one of two",
        "over before",
        "one second in",
        "as it ended",
        "once more",
    ],
)
def test_assurance__suspensions__by_when_they_were_on_record(
    entries: tuple[RecordEntry, ...], expected: str
) -> None:
    found = findings(judge(record(SITE, entries=entries)))
    assert f"assurance.{expected}" in found, found
    assert ("assurance.chain" in found) is (expected != "suspended_then")


@pytest.mark.row("A05")
def test_assurance__requirement_above_what_was_reached__is_refused() -> None:
    """Credit of a programme that asks for level 3 does not rest on a certificate of level 2."""
    terms = replace(facts().programmes[0], requirements=(Requirement(SCHEME, 3),))
    assert "assurance.level_too_low" in findings(judge(assured(programmes=(terms,))))


def test_assurance__findings__never_better_without_a_fact() -> None:
    """Leaving any record, programme or recognition out never gives a better verdict."""
    whole = facts()
    for name in ("records", "programmes", "recognitions"):
        entries: tuple[Any, ...] = getattr(whole, name)
        for at in range(len(entries)):
            rest = entries[:at] + entries[at + 1 :]
            assert not judge(assured(**{name: rest})).verdict.good
    assert judge(assured(schemes=())).verdict is Verdict.VALID
