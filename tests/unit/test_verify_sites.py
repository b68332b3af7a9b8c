"""Step 10 beside the assurance chain: what is said of the sites behind a lot, and never worse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certified_lot import CONTRACTS, TRUST, digest
from tests.support.custody_world import (
    CATHODE,
    CO2E,
    CU,
    MB,
    NET,
    NOW,
    SITE,
    emitted,
    originate,
    output,
    transform,
)
from tests.support.disclosed_lots import (
    Book,
    Disclosure,
    certificate,
    disclosure,
    number,
    token_leaf,
    token_of,
)
from veta.errors import InputError
from veta.model.anchoring import ChainIdentity, ContractCode
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import AccountAddress, BlockNumber, Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import (
    CATEGORIES,
    Agreement,
    FacilityStatus,
    Incident,
    NoticeSource,
    SiteRecordKind,
)
from veta.model.site_notices import SiteConcern, SiteNotices, SiteRecord
from veta.model.trust import ContractSet
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.site_step import CONTRACT, OUTCOMES
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Check, Outcome, Step, Verdict
from veta.verify.verifier import Verifier

DAY_S: Final = 86_400
MINE, PLANT, ELSEWHERE = SiteId(4), SITE, SiteId(5)
DUG: Final = (UnixSeconds(NOW - 20 * DAY_S), UnixSeconds(NOW - 10 * DAY_S))
"""When the mine produced what the plant made the lot of, in the last day."""
MADE: Final = (UnixSeconds(NOW - DAY_S), NOW)
HELD: Final = {NET: 1_000_000, CU: 999_900, CO2E: 3_000_000}
OPEN: Final = UnixSeconds(2**64 - 1)
KEPT: Final = (*CONTRACTS, ContractCode(CONTRACT, AccountAddress(b"\x33" * 20), digest("sites")))
TRUST_OF_SITES: Final = replace(TRUST, contract_sets=(ContractSet(BlockNumber(0), None, KEPT),))
EVERY_STEP: Final = Policy().required | LOT_STEPS | {Step.ASSURANCE}
LEAF: Final = Leaf(b"\x17" * 32)
DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "spec" / "verification.md"

Answer = Determined[tuple[SiteNotices, ...]] | None


@cache
def told() -> Disclosure:
    """A lot of the plant, of an origin of the mine; no credit, so no certificate is looked at."""
    token = token_of(certificate(number(1), "copper-cathode", HELD))
    book = Book({number(1): token_leaf(token)})
    window = {"site": MINE, "produced_from_s": DUG[0], "produced_to_s": DUG[1]}
    made = output(CATHODE, MB, HELD)
    book.run(originate(made, emissions=emitted(process=3_000_000), **window))
    book.run(transform([book.open(0).take()], output(CATHODE, MB, HELD)))
    return disclosure(book, token, 1)


def concern(**changes: Any) -> SiteConcern:
    at_s = UnixSeconds(NOW - 30 * DAY_S)
    by_s = UnixSeconds(NOW + 500 * DAY_S)
    usual = SiteConcern(1, MemberId(77), NoticeSource.COMMUNITY, at_s, by_s, LEAF, None, None)
    return replace(usual, **changes)


def record(
    category: Incident | FacilityStatus | Agreement,
    window: tuple[UnixSeconds, UnixSeconds],
    **changes: Any,
) -> SiteRecord:
    kind = next(kind for kind, each in CATEGORIES.items() if isinstance(category, each))
    usual = SiteRecord(
        number=1,
        by=MemberId(9),
        source=NoticeSource.AUTHORITY,
        kind=kind,
        category=category.value,
        recorded_s=NOW,
        from_s=window[0],
        until_s=window[1],
        replaces=0,
        leaf=LEAF,
    )
    return replace(usual, **changes)


def said(
    site: SiteId,
    concerns: Iterable[SiteConcern] = (),
    records: Iterable[SiteRecord] = (),
    left_out: int = 0,
) -> tuple[SiteNotices, ...]:
    """Something of one of the two sites, nothing of the other."""
    sites = {each: SiteNotices(each, (), (), 0) for each in (PLANT, MINE)}
    sites[site] = SiteNotices(site, tuple(concerns), tuple(records), left_out)
    return tuple(sites.values())


def judge(
    answer: Answer,
    lot: Disclosure | None = None,
    *,
    kept: bool = True,
    required: frozenset[Step] = EVERY_STEP,
) -> Report:
    case = (lot or told()).with_facts(sites=answer).case()
    trust = TRUST_OF_SITES if kept else TRUST
    identity = ChainIdentity(TRUST.chain_id, TRUST.genesis_digest, KEPT if kept else CONTRACTS)
    facts = replace(case.facts, chain=Known(identity))
    return Verifier(trust, Policy(required=required)).verify(case.bundle, facts)


def of_sites(report: Report) -> list[Check]:
    return [each for each in report.checks if each.code.startswith("site.")]


def codes(report: Report) -> list[str]:
    return sorted(each.code for each in of_sites(report))


LATER: Final = UnixSeconds(NOW + 300 * DAY_S)
CASES: dict[str, Callable[[], Report]] = {
    "site.quiet": lambda: judge(Known(said(PLANT))),
    "site.record_in_force": lambda: judge(
        Known(said(MINE, records=[record(FacilityStatus.CONFORMS, (DUG[0], LATER))]))
    ),
    "site.concern_open": lambda: judge(Known(said(MINE, [concern()]))),
    "site.incident": lambda: judge(Known(said(MINE, records=[record(Incident.TAILINGS, DUG)]))),
    "site.facility_below": lambda: judge(
        Known(said(MINE, records=[record(FacilityStatus.CONFORMS_IN_PART, (DUG[0], LATER))]))
    ),
    "site.record_expired": lambda: judge(
        Known(said(MINE, records=[record(Agreement.BENEFIT, DUG)]))
    ),
    "site.lineage_open": lambda: judge(Known(said(PLANT)), told().without_run(0)),
    "site.not_asked": lambda: judge(Known(said(PLANT)[:1])),
    "site.too_many": lambda: judge(Known(said(MINE, left_out=1))),
}


@pytest.mark.parametrize("code", CASES)
def test_sites__each_finding__comes_to_what_the_table_says(code: str) -> None:
    report = CASES[code]()
    assert {each.outcome for each in of_sites(report) if each.code == code} == {OUTCOMES[code]}
    expected = {
        Outcome.PASSED: Verdict.VALID,
        Outcome.NOTICE: Verdict.VALID_WITH_NOTICE,
        Outcome.NOT_PROVEN: Verdict.NOT_PROVEN,
    }
    assert report.verdict is expected[OUTCOMES[code]]


def test_sites__codes__each_is_reached_and_documented() -> None:
    assert CASES.keys() == OUTCOMES.keys()
    rows = re.findall(
        r"^\| ((?:`site\.\w+`(?:, )?)+) \| ([a-z ]+) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    documented = {
        code: outcome.replace(" ", "_")
        for names, outcome in rows
        for code in re.findall(r"`([^`]+)`", names)
    }
    assert documented == {code: outcome.value for code, outcome in OUTCOMES.items()}


@pytest.mark.parametrize("answer", [None, Known(said(MINE, [concern()])), Undetermined("x.y", "z")])
def test_sites__network_that_keeps_none__is_judged_as_it_was(answer: Answer) -> None:
    report = judge(answer, kept=False)
    assert of_sites(report) == []
    assert report.verdict is Verdict.VALID


def test_sites__nobody_was_asked_or_nobody_answered__is_no_silence() -> None:
    assert codes(judge(None)) == ["site.not_asked"]
    assert judge(None).verdict is Verdict.NOT_PROVEN
    report = judge(Undetermined("ledger.timeout", "no answer"))
    assert report.verdict is Verdict.INDETERMINATE
    assert ("ledger.timeout", Step.ASSURANCE) in {(c.code, c.step) for c in report.checks}


def test_sites__answers_about_other_sites__answer_nothing() -> None:
    elsewhere = Known((SiteNotices(ELSEWHERE, (concern(),), (), 0),))
    report = judge(elsewhere)
    assert codes(report) == ["site.not_asked"] * 2
    assert [each.facts["site"] for each in of_sites(report)] == [PLANT, MINE]


EDGES: Final = {
    "over before it": (DUG[0] - 9, DUG[0], False),
    "its first second": (DUG[0] - 9, DUG[0] + 1, True),
    "its last second": (DUG[1] - 1, DUG[1] + 9, True),
    "begins when it was over": (DUG[1], DUG[1] + 9, False),
    "between the mine's production and the plant's": (DUG[1], MADE[0], False),
    "goes on": (DUG[1] - 1, OPEN, True),
    "around all of it": (0, OPEN, True),
}


@pytest.mark.row("S32")
@pytest.mark.parametrize("name", EDGES)
def test_incident__window_against_production__to_the_second(name: str) -> None:
    from_s, until_s, flagged = EDGES[name]
    window = (UnixSeconds(from_s), UnixSeconds(until_s))
    report = judge(Known(said(MINE, records=[record(Incident.TAILINGS, window)])))
    assert ("site.incident" in codes(report)) is flagged
    # The plant produced at another time: the same incident there is another question.
    there = judge(Known(said(PLANT, records=[record(Incident.TAILINGS, window)])))
    assert ("site.incident" in codes(there)) is (from_s < MADE[1] and MADE[0] < until_s)


def test_incident__at_the_lots_own_site_or_behind_it__says_which() -> None:
    always = (UnixSeconds(0), OPEN)
    for site, own in ((PLANT, True), (MINE, False)):
        report = judge(Known(said(site, records=[record(Incident.SPILL, always)])))
        (check,) = [each for each in of_sites(report) if each.code == "site.incident"]
        assert (check.facts["own"], check.facts["until_s"]) == (own, None)
        whose = "the lot was" if own else "what the lot was made from was"
        assert check.sentence == (
            f"incident at site {site} (spill), from 1970-01-01 on, reported by member 9 "
            f"(authority): {whose} produced there then"
        )


def test_concern__who_closed_and_when_to_answer__is_said() -> None:
    by_s = UnixSeconds(NOW + 500 * DAY_S)
    raised, due = "2026-03-25", "2027-09-06"
    head = f"concern open since {raised} about site 4, raised by member 77 (community): "
    head += "a concern, not a verdict; "
    now_s, past_s = NOW, UnixSeconds(NOW - DAY_S)
    cases = [
        ({}, f"neither side has closed it; it is to answer by {due}", False),
        (
            {"closed_by_party_s": now_s},
            f"the party closed its side on 2026-04-24, the site has not; it is to answer by {due}",
            False,
        ),
        (
            {"closed_by_site_s": now_s},
            "the site closed its side on 2026-04-24, the party has not",
            False,
        ),
        (
            {"respond_by_s": past_s},
            "neither side has closed it; the site was to answer by 2026-04-23 and is overdue",
            True,
        ),
        (
            {"respond_by_s": past_s, "closed_by_site_s": past_s},
            "the site closed its side on 2026-04-23, the party has not; "  # noqa: ISC004
            "the site was to answer by 2026-04-23 and is overdue",
            True,
        ),
    ]
    assert by_s == concern().respond_by_s
    for changes, words, overdue in cases:
        (check,) = [c for c in of_sites(judge(Known(said(MINE, [concern(**changes)])))) if c.facts
                    and c.code == "site.concern_open"]  # fmt: skip
        assert check.sentence == head + words
        assert check.facts["overdue"] is overdue


def test_concern__closed_by_both__is_none() -> None:
    closed = concern(closed_by_party_s=NOW, closed_by_site_s=NOW)
    assert "site.concern_open" not in codes(judge(Known(said(MINE, [closed]))))


def test_records__due_at_the_very_second__are_expired() -> None:
    as_of = told().case().facts.as_of
    assert isinstance(as_of, Known)
    for off, code in ((0, "site.record_expired"), (1, "site.record_in_force")):
        window = (DUG[0], UnixSeconds(as_of.value.time_s + off))
        report = judge(Known(said(MINE, records=[record(FacilityStatus.CLOSED, window)])))
        assert code in codes(report)


_SECONDS = st.integers(0, 2**64 - 1).map(UnixSeconds)
_SOURCES = st.sampled_from(NoticeSource)


@st.composite
def _records(draw: st.DrawFn) -> SiteRecord:
    kind = draw(st.sampled_from(SiteRecordKind))
    return record(
        CATEGORIES[kind](draw(st.integers(1, 3))),
        (draw(_SECONDS), draw(_SECONDS)),
        number=draw(st.integers(1, 9)),
        source=draw(_SOURCES),
    )


@st.composite
def _notices(draw: st.DrawFn) -> tuple[SiteNotices, ...]:
    closed = st.none() | _SECONDS
    concerns = st.builds(
        SiteConcern, st.integers(1, 9), st.just(MemberId(7)), _SOURCES, _SECONDS, _SECONDS,
        st.just(LEAF), closed, closed,
    )  # fmt: skip
    return tuple(
        SiteNotices(
            site,
            tuple(draw(st.lists(concerns, max_size=2))),
            tuple(draw(st.lists(_records(), max_size=3))),
            draw(st.sampled_from([0, 0, 0, 2])),
        )
        for site in (PLANT, MINE)
    )


_ORDER = [
    *(Verdict.INVALID, Verdict.INDETERMINATE, Verdict.NOT_PROVEN),
    *(Verdict.VALID_WITH_NOTICE, Verdict.VALID),
]


@settings(max_examples=40, deadline=None)
@given(notices=_notices(), dropped=st.sets(st.sampled_from([PLANT, MINE])))
def test_sites__whatever_is_said__never_invalid_and_leaving_out_never_improves(
    notices: tuple[SiteNotices, ...], dropped: set[SiteId]
) -> None:
    whole = judge(Known(notices))
    assert whole.verdict is not Verdict.INVALID
    assert all(each.outcome is OUTCOMES[each.code] for each in of_sites(whole))
    kept = Known(tuple(each for each in notices if each.site not in dropped))
    for less in (judge(kept), judge(None), judge(Undetermined("ledger.timeout", "no answer"))):
        assert _ORDER.index(less.verdict) <= _ORDER.index(whole.verdict)
    for order in range(2):
        less = judge(Known(notices), told().without_run(order))
        assert _ORDER.index(less.verdict) <= _ORDER.index(whole.verdict)
    # A policy that asks for this step alone is no door either.
    alone = frozenset({Step.ASSURANCE})
    full = judge(Known(notices), required=alone)
    for less in (judge(kept, required=alone), judge(None, required=alone)):
        assert _ORDER.index(less.verdict) <= _ORDER.index(full.verdict)
    cut = judge(Known(notices), told().without_run(0), required=alone)
    assert _ORDER.index(cut.verdict) <= _ORDER.index(full.verdict)


@settings(max_examples=30, deadline=None)
@given(notices=_notices())
def test_bundle__with_what_is_said_of_sites__reads_back_the_same(
    notices: tuple[SiteNotices, ...],
) -> None:
    bounded = tuple(
        replace(
            each,
            concerns=tuple(
                replace(c, raised_s=NOW, respond_by_s=NOW, closed_by_party_s=None,
                        closed_by_site_s=None)
                for c in each.concerns
            ),
            records=tuple(replace(r, from_s=NOW) for r in each.records),
        )
        for each in notices
    )  # fmt: skip
    case = told().with_facts(sites=Known(bounded)).case()
    file = write_bundle(case.bundle, case.facts)
    _, facts = read_bundle(file, now_s=NOW)
    assert facts is not None
    assert facts.lot is not None
    assert facts.lot.sites == Known(bounded)


def test_bundle__of_a_network_without__has_no_such_member_and_is_read() -> None:
    case = told().case()
    file = write_bundle(case.bundle, case.facts)
    assert "sites" not in json.loads(file)["facts"]["lot"]
    _, facts = read_bundle(file, now_s=NOW)
    assert facts is not None
    assert facts.lot is not None
    assert facts.lot.sites is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"category":"TAILINGS"', b'"category":"CONFORMS"'),
        (b'"kind":"INCIDENT"', b'"kind":"FACILITY"'),
        (b'"source":"AUTHORITY"', b'"source":"NOBODY"'),
        (b'"leftOut":0', b'"leftOut":-1'),
        (b'"leftOut":0', b'"left":0'),
        (b'"replaces":0', b'"replaces":true'),
        (b'"until":"', b'"until":"x'),
    ],
)
def test_bundle__with_impossible_words_about_a_site__is_refused(old: bytes, new: bytes) -> None:
    case = (
        told()
        .with_facts(sites=Known(said(MINE, [concern()], [record(Incident.TAILINGS, DUG)])))
        .case()
    )
    file = write_bundle(case.bundle, case.facts)
    assert old in file
    with pytest.raises(InputError) as refused:
        read_bundle(file.replace(old, new), now_s=NOW)
    assert refused.value.code == "bundle.malformed"
