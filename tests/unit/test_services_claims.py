"""Claims services without a chain: certificates in a catalogue's names, files, the way to no."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from veta.claims import shipped
from veta.claims.grammar import read_request
from veta.claims.profiles import load_profiles
from veta.claims.subjects import Subject, SubjectKind
from veta.errors import InputError, ProvenanceError
from veta.model.assurance import AssuranceFacts, AssuranceRecord, RecordEntry, SchemeTerms
from veta.model.assurance_events import RecordAction, RecordSource
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.services.claims import ClaimAnswer, ClaimAsk, ClaimOutcome, Followed, claim
from veta.services.claims_documents import profile_json
from veta.services.claims_files import (
    SubjectValues,
    read_assessment,
    read_evidence,
    read_licences,
    read_lists,
    read_schemes,
    read_values,
)
from veta.services.claims_schemes import CertificateReader, SourceNow
from veta.services.registry import NO_NAMES
from veta.verify.report import Report
from veta.verify.runs import JudgedRun
from veta.verify.verdict import Check, Outcome, Step, Verdict

PROJECT = Path(__file__).resolve().parents[2]
SITE = SiteId(3)
IRMA = {7: "IRMA"}
OPEN = UnixSeconds(2**64 - 1)


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(ProvenanceError) as error:
        attempt()
    return error.value.code


# --- certificates ----------------------------------------------------------------------------


def record(number: int, *actions: RecordAction, level: int = 2, scheme: int = 7) -> AssuranceRecord:
    return AssuranceRecord(
        record=number,
        subject=SITE,
        issuer=MemberId(4),
        parent=1,
        scheme=scheme,
        level=level,
        from_s=UnixSeconds(100),
        until_s=OPEN,
        substances=(),
        leaf=Leaf(bytes(32)),
        entries=tuple(
            RecordEntry(each, RecordSource.ISSUER, MemberId(4), UnixSeconds(500), UnixSeconds(500))
            for each in actions
        ),
    )


def run_of(first: int, last: int) -> JudgedRun:
    class Header:
        site, produced_from_s, produced_to_s = SITE, first, last

    class Run:
        header = Header

    return cast("JudgedRun", Run)


def read(
    *records: AssuranceRecord,
    names: dict[int, str] | None = None,
    levels: int = 4,
    files: tuple[bytes, ...] = (),
    numbers: tuple[int, ...] | None = None,
) -> tuple[CertificateReader, tuple[SourceNow, ...]]:
    facts = AssuranceFacts(records, (SchemeTerms(7, MemberId(6), levels),), (), ())
    reader = CertificateReader(facts, IRMA if names is None else names, read_schemes(*files))
    named = numbers or tuple(each.record for each in records)
    origins = [(run_of(200, 300), named), (run_of(150, 210), named)]
    return reader, reader.sources(origins, {SITE: "Mina Aurora"})


def test_sources__of_one_site_on_the_same_certificates__are_one_and_an_open_end_is_one() -> None:
    reader, (found,) = read(record(2))
    source = found.source
    assert (source.produced_from_s, source.produced_until_s) == (150, 300)
    assert [(each.scheme, each.level) for each in source.certificates] == [("irma", "IRMA 50")]
    assert source.certificates[0].window.until_s == 253_402_300_800
    assert reader.left_out == ()


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ((RecordAction.SUSPEND,), "assurance.suspended_since"),
        (
            (RecordAction.SUSPEND, RecordAction.LIFT, RecordAction.SUSPEND),
            "assurance.suspended_since",
        ),
        ((RecordAction.WITHDRAW,), "assurance.withdrawn_since"),
        ((RecordAction.WITHDRAW, RecordAction.VOID), "assurance.void_since"),
        ((RecordAction.SUSPEND, RecordAction.LIFT), None),
    ],
)
def test_certificate__that_ended__carries_no_new_label(
    actions: tuple[RecordAction, ...], expected: str | None
) -> None:
    reader, (found,) = read(record(2, *actions))
    assert [each.code for each in reader.left_out] == ([expected] if expected else [])
    assert bool(found.certificates) == (expected is None)


def test_certificate__beside_one_of_its_scheme_that_ended__does_not_count_either() -> None:
    """Else an end could raise the level that a label shows."""
    reader, (found,) = read(record(2, RecordAction.SUSPEND, level=1), record(3, level=4))
    assert found.source.certificates == ()
    assert [each.certificate for each in reader.left_out] == [2]


def test_certificate__that_is_not_on_record__is_left_out() -> None:
    reader, (found,) = read(record(2), numbers=(9,))
    assert found.source.certificates == ()
    assert [each.code for each in reader.left_out] == ["assurance.not_on_record"]


@pytest.mark.parametrize(
    ("names", "levels", "expected"),
    [
        ({7: "Irma"}, 4, None),
        ({7: "IRMA", 8: "irma"}, 4, "claims.unknown_scheme"),  # two have the name
        ({7: "IRMA Initiative"}, 4, "claims.unknown_scheme"),  # likeness is no name
        ({}, 4, "claims.unknown_scheme"),
        ({7: "IRMA"}, 3, "claims.levels"),
    ],
)
def test_scheme__is_named_by_its_registered_name_where_that_is_unambiguous(
    names: dict[int, str], levels: int, expected: str | None
) -> None:
    reader, _ = read(record(2), names=names, levels=levels)
    assert [each.code for each in reader.left_out] == ([expected] if expected else [])
    assert [each.by for each in reader.schemes] == ([] if expected else ["registered-name"])


def numbers_file(*entries: dict[str, Any], schema: str = "veta-scheme-numbers/1") -> bytes:
    return json.dumps({"schema": schema, "schemes": list(entries)}).encode()


ENTRY = {"scheme": 7, "name": "IRMA", "slug": "irma"}


def test_scheme__by_a_file_of_this_network__needs_its_registered_name() -> None:
    reader, _ = read(record(2), files=(numbers_file(ENTRY),))
    assert [each.by for each in reader.schemes] == ["file"]
    reader, _ = read(record(2), files=(numbers_file(ENTRY | {"name": "RMM"}),))
    assert [each.code for each in reader.left_out] == ["claims.unknown_scheme"]


def own_scheme(**changes: Any) -> bytes:
    usual = {
        "slug": "own",
        "name": "Own",
        "subject": "site",
        "certification": True,
        "levels": ["Own 1"],
        "source": "own",
    }
    document = {"schema": "veta-schemes/1", "version": 1, "schemes": [usual | changes]}
    return json.dumps(document).encode()


def test_scheme__of_a_file_that_bears_a_shipped_name__is_refused() -> None:
    for changes in (
        {"name": "irma"},
        {"name": "The Copper Mark Plus"},
        {"levels": ["IRMA 50"]},
        {"levels": ["\uff29\uff32\uff2d\uff21 50"]},  # full width
    ):
        assert code(lambda: read_schemes(own_scheme(**changes))) == "claims.scheme_twice"  # noqa: B023
    assert "own" in read_schemes(own_scheme(name="Firmament")).catalogue.schemes


# --- files -----------------------------------------------------------------------------------


LICENCE = {"id": "L", "scheme": "irma", "site": 3, "models": ["mass-balance"]}
DAYS = {"first": "2026-01-01", "last": "2026-12-31"}


def licences(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"schema": "veta-licences/1", "licences": list(entries)}).encode()


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (lambda: read_licences(licences(LICENCE | DAYS, LICENCE | DAYS)), "claims.data_field"),
        (lambda: read_licences(licences(LICENCE)), "claims.data_field"),
        (lambda: read_licences(licences(LICENCE | DAYS | {"until": 1})), "claims.data_member"),
        (lambda: read_licences(licences(LICENCE | DAYS | {"site": "3"})), "claims.data_field"),
        (
            lambda: read_licences(licences(LICENCE | DAYS | {"models": ["any"]})),
            "custody.unknown_model",
        ),
        (
            lambda: read_licences(licences(LICENCE | DAYS | {"first_offset": "-3"})),
            "claims.zone",
        ),
        (
            lambda: read_licences(licences(LICENCE | DAYS | {"last": "2025-12-31"})),
            "claims.window_order",
        ),
        (lambda: read_licences(b'{"schema": "veta-licences/2"}'), "claims.data_schema"),
        (lambda: read_schemes(numbers_file(ENTRY, ENTRY)), "claims.scheme_twice"),
        (lambda: read_schemes(numbers_file(ENTRY | {"slug": "x"})), "claims.unknown_scheme"),
        (lambda: read_schemes(numbers_file(schema="other")), "claims.data_schema"),
        (lambda: read_schemes(shipped.octets("schemes.json")), "claims.scheme_twice"),
        (lambda: read_values(b'{"schema": "veta-indicator-values/1"}'), "claims.data_field"),
        (
            lambda: read_lists(
                b'{"schema": "veta-place-lists/1",'
                b' "lists": [{"name": "a", "places": []}, {"name": "a", "places": []}]}'
            ),
            "claims.data_field",
        ),
        (lambda: read_evidence(b'{"schema": "veta-evidence/1"}'), "claims.data_field"),
        (lambda: read_assessment(b'{"schema": "veta-assessment/1"}'), "claims.data_field"),
    ],
)
def test_file__that_is_malformed_or_says_a_thing_twice__is_refused(
    attempt: Callable[[], object], expected: str
) -> None:
    assert code(attempt) == expected


def test_licence__of_days_in_a_zone__ends_when_they_end_there() -> None:
    zone = {"first_offset": "-03:00", "last_offset": "+05:30"}
    (found,) = read_licences(licences(LICENCE | DAYS | zone))
    found.window.require_days()
    assert (found.window.from_offset_s, found.window.until_offset_s) == (-10_800, 19_800)


def test_value__that_stands_twice__is_refused() -> None:
    value = {"indicator": "fatalities", "value": 0, "unit": "1"}
    document = {
        "schema": "veta-indicator-values/1",
        "subject": {"kind": "lot", "id": "L"},
        "values": [value, value | {"value": 1}],
    }
    assert code(lambda: read_values(json.dumps(document).encode())) == "claims.indicator_twice"


# --- profiles --------------------------------------------------------------------------------


@pytest.mark.row("S38")
def test_profile__with_a_newer_version_that_only_reports__is_asked_in_the_one_that_refuses() -> (
    None
):
    def version(number: int, line: str, report: str, enforce: str) -> dict[str, Any]:
        lines = [{"id": line, "indicator": line, "demand": "present", "source": "own"}]
        usual = {"name": "p", "kind": "buyer", "title": "t", "lines": lines}
        return usual | {"version": number, "report_from": report, "enforce_from": enforce}

    data = [
        version(1, "fatalities", "2026-01-01", "2026-07-01"),
        version(2, "material_name", "2026-09-01", "2027-01-01"),
    ]
    document = {"schema": "veta-profiles/1", "profiles": data}
    catalogue = shipped.indicators()
    profiles = load_profiles(json.dumps(document).encode(), catalogue)
    found = SubjectValues(Subject(SubjectKind.LOT, "L"), {})
    asked = {
        at: profile_json(profiles, "p", found, catalogue, {}, at_s=at)
        for at in (1_700_000_000, 1_780_000_000, 1_790_000_000, 1_800_000_000)
    }
    assert [
        (each["version"], each["decision"]["mode"], each["decision"]["refused"])
        for each in asked.values()
    ] == [
        (1, "not_yet", False),
        (1, "report_only", False),
        (1, "enforce", True),
        (2, "enforce", True),
    ]


# --- the way to no ---------------------------------------------------------------------------


FOLLOWED = Followed(NO_NAMES, {})
ASK = ClaimAsk(read_request({"lot": "L"}), (), read_schemes(), shipped.words())
SUPPORTED = Check(
    Step.CLAIMS,
    Outcome.PASSED,
    "claims.supported",
    "mass-balance",
    {"programme": 75, "substance": 29, "model": "mass-balance", "share_ppm": 1},
)


def judged(
    verdict: Verdict, *checks: Check, followed: Followed = FOLLOWED, ask: ClaimAsk = ASK
) -> ClaimAnswer:
    report = Report(verdict, checks, None, None, None, None, None)
    return claim(cast("StatementBundle", None), cast("LedgerFacts", None), report, followed, ask)


def check(found: str, outcome: Outcome, step: Step = Step.LOT) -> Check:
    return Check(step, outcome, found, "words")


@pytest.mark.parametrize(
    ("verdict", "checks", "outcome", "expected"),
    [
        (
            Verdict.INVALID,
            (check("claims.forbidden_word", Outcome.FAILED, Step.CLAIMS),),
            ClaimOutcome.REFUSED,
            "claims.forbidden_word",
        ),
        (
            Verdict.NOT_PROVEN,
            (
                check("lineage.not_disclosed", Outcome.NOT_PROVEN, Step.LINEAGE),
                check("claims.lineage_open", Outcome.NOT_PROVEN, Step.CLAIMS),
            ),
            ClaimOutcome.REFUSED,
            "claims.lineage_open",
        ),
        (
            Verdict.NOT_PROVEN,
            (check("statement.not_shown", Outcome.NOT_PROVEN), SUPPORTED),
            ClaimOutcome.REFUSED,
            "statement.not_shown",
        ),
        (
            Verdict.INDETERMINATE,
            (check("ledger.unavailable", Outcome.NOT_DETERMINED), SUPPORTED),
            ClaimOutcome.CANNOT_TELL,
            "ledger.unavailable",
        ),
        (
            Verdict.VALID_WITH_NOTICE,
            (check("lot.consumed", Outcome.NOTICE), SUPPORTED),
            ClaimOutcome.REFUSED,
            "lot.consumed",
        ),
        (
            Verdict.VALID_WITH_NOTICE,
            (check("lot.frozen", Outcome.NOTICE), SUPPORTED),
            ClaimOutcome.REFUSED,
            "lot.frozen",
        ),
        (Verdict.VALID, (), ClaimOutcome.REFUSED, "claims.none_supported"),
    ],
)
def test_claim__that_the_verification_does_not_carry__names_what_stands_in_the_way(
    verdict: Verdict, checks: tuple[Check, ...], outcome: ClaimOutcome, expected: str
) -> None:
    found = judged(verdict, *checks)
    assert (found.outcome, found.code, found.sentence) == (outcome, expected, None)
    assert found.reason


def test_claim__of_a_disputed_lot__waits() -> None:
    found = judged(Verdict.VALID, SUPPORTED, followed=replace(FOLLOWED, disputed=True))
    assert (found.outcome, found.code) == (ClaimOutcome.REFUSED, "lot.disputed")


def test_claim__of_several_programmes__has_to_name_one() -> None:
    other = replace(SUPPORTED, facts=SUPPORTED.facts | {"programme": 50})
    with pytest.raises(InputError, match="programmes 75, 50") as error:
        judged(Verdict.VALID, SUPPORTED, other)
    assert error.value.code == "claims.request"


def test_documentation__names_every_code_that_is_given_here_alone() -> None:
    text = (PROJECT / "docs" / "operations" / "claims.md").read_text()
    for each in ("claims.unknown_profile", "claims.not_followed", "lot.disputed"):
        assert f"`{each}`" in text
