"""Sanctioned or barred parties: named beside the verdict, with dates, and the verdict untouched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.certified_lot import ANCHORED_AT, NOW, REFINERY, TRUST, honest_case
from tests.support.custody_world import MEMBER
from tests.support.custody_world import NOW as PRODUCED_TO
from tests.support.disclosed_lots import Disclosure, rod_chain
from veta.errors import InputError
from veta.model.consortium import Member
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import Digest, MemberId
from veta.verify.listed import Listings, listings, members_behind
from veta.verify.party_lists import PartyLists, read_party_lists
from veta.verify.report import Report
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

DAY = 86_400
CERTIFIER = MemberId(3)


def entry(**changes: Any) -> dict[str, Any]:
    usual = {
        "identifiers": [REFINERY.identifier],
        "names": [],
        "since": "2020-05-01",
        "until": None,
    }
    return {**usual, **changes}


def lists(*entries: dict[str, Any], **changes: Any) -> PartyLists:
    listed = {"name": "Own list", "published": "2026-10-01", "entries": list(entries), **changes}
    return read_party_lists(json.dumps(document(listed)).encode())


def document(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"format": "veta-party-lists/1", "lists": list(listed)}


def day_of(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")


def who(number: int, identifier: str, name: str = "Somebody") -> Known[Member | None]:
    member = Member(MemberId(number), identifier, name, "CL", 0, Digest(bytes(32)))
    return Known(member)


def looked_up(
    told: Disclosure | None, of: PartyLists, **known: Determined[Member | None]
) -> tuple[Report, Listings]:
    case = honest_case() if told is None else told.case()
    report = Verifier(TRUST).verify(case.bundle, case.facts)
    members = {member: Known(None) for member in members_behind(case.bundle, case.facts)}
    issuer = case.facts.issuer
    assert isinstance(issuer, Known) and issuer.value is not None
    answers: dict[Any, Determined[Member | None]] = {**members, issuer.value.member: issuer}
    answers |= {MemberId(int(name.removeprefix("m"))): each for name, each in known.items()}
    return report, listings(case.bundle, case.facts, report.statement, answers, of)


@pytest.mark.row("A60")
@pytest.mark.parametrize(
    ("since", "code"),
    [
        (ANCHORED_AT - 2 * DAY, "party.listed_before"),
        (ANCHORED_AT + 2 * DAY, "party.listed_since"),
    ],
)
def test_issuer_listed__is_flagged_with_the_date__and_the_verdict_stays(
    since: int, code: str
) -> None:
    report, found = looked_up(None, lists(entry(since=day_of(since))))
    assert report.verdict is Verdict.VALID  # to the letter the verdict without any list
    (hit,) = found.to_json()["found"]
    assert (hit["code"], hit["list"], hit["identifier"]) == (code, "Own list", REFINERY.identifier)
    assert hit["since_s"] == since - since % DAY
    assert hit["published_s"] == 1_790_812_800  # 2026-10-01 00:00 UTC
    assert "issuer of the statement" in hit["capacities"]


@pytest.mark.row("A60")
def test_lot_made_before_its_origin_was_listed__everybody_behind_it_is_looked_up() -> None:
    """The day of a listing is held against the end of the lot's production, not its papers'."""
    told = rod_chain()
    since = day_of(PRODUCED_TO + 2 * DAY)
    of = lists(entry(since=since), entry(identifiers=["did:web:body.example"], since=since))
    assert found_codes(told, of) == {
        (REFINERY.identifier, "party.listed_since"),
        ("did:web:body.example", "party.listed_since"),
    }
    earlier = lists(entry(since=day_of(PRODUCED_TO - 3 * DAY)))
    assert found_codes(told, earlier) == {(REFINERY.identifier, "party.listed_before")}


def found_codes(told: Disclosure, of: PartyLists) -> set[tuple[str, str]]:
    case = told.case()
    behind = members_behind(case.bundle, case.facts)
    body = next(
        member
        for member, capacities in behind.items()
        if "vouches for credit behind it" in capacities
    )
    _, found = looked_up(told, of, **{f"m{body}": who(body, "did:web:body.example")})
    return {(each.identifier, each.code) for each in found.found}


def test_members_behind__a_rod__its_issuers_holder_and_certifiers() -> None:
    case = rod_chain().case()
    capacities = members_behind(case.bundle, case.facts)
    own = {each.value for each in capacities[MEMBER]}
    assert {"issuer of the lot", "operator of an origin", "made a lot behind it"} <= own
    assert any("vouches" in each.value for names in capacities.values() for each in names)


def test_name_alone__is_said_to_be_a_name_alone() -> None:
    of = lists(entry(identifiers=[], names=[f"  {REFINERY.name.upper()} "]))
    _, found = looked_up(None, of)
    (hit,) = found.found
    assert (hit.code, hit.hit.by_name) == ("party.name_listed", True)


def test_identifier_and_name_of_one_entry__one_hit_by_the_identifier() -> None:
    _, found = looked_up(None, lists(entry(names=[REFINERY.name])))
    assert [each.code for each in found.found] == ["party.listed_before"]


def test_taken_off_the_list__is_told_as_such() -> None:
    _, found = looked_up(None, lists(entry(until=day_of(NOW - 5 * DAY))))
    assert [each.code for each in found.found] == ["party.listed_once"]


def test_party_that_nobody_tells_of__is_named_and_never_taken_as_clear() -> None:
    case = rod_chain().case()
    why = Undetermined("ledger.timeout", "no answer")
    report = Verifier(TRUST).verify(case.bundle, case.facts)
    members: dict[MemberId, Determined[Member | None]] = dict.fromkeys(
        members_behind(case.bundle, case.facts), why
    )
    found = listings(case.bundle, case.facts, report.statement, members, lists(entry()))
    assert set(found.not_asked) == set(members)
    assert set(found.not_asked.values()) == {"ledger.timeout"}
    # The document names its issuer itself.
    assert [each.capacities for each in found.found] == [("named in the document",)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": "veta-party-lists/2"}, "lists.malformed"),
        ({"lists": [{"name": "x"}]}, "lists.malformed"),
        ({"lists": [{"name": "x", "published": "2026-10-01", "entries": [1]}]}, "lists.malformed"),
        ({"more": 1}, "lists.malformed"),
    ],
)
def test_read__other_than_the_form__is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_party_lists(json.dumps({**document(), **changes}).encode())
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"since": "yesterday"}, "instant.malformed"),
        ({"until": "2020-05-01"}, "lists.window"),
        ({"until": "2019-01-01"}, "lists.window"),
        ({"identifiers": [], "names": []}, "lists.malformed"),
        ({"identifiers": ["  "]}, "lists.malformed"),
        ({"names": "ACME"}, "lists.malformed"),
    ],
)
def test_read__entry_that_says_nothing_or_ends_before_it_begins__is_refused(
    changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(InputError) as refused:
        lists(entry(**changes))
    assert refused.value.code == code


def test_read__duplicate_members__are_refused() -> None:
    with pytest.raises(InputError) as refused:
        read_party_lists(
            b'{"format":"veta-party-lists/1","format":"veta-party-lists/1","lists":[]}'
        )
    assert refused.value.code.startswith("canonical.")


def test_lot_without_a_chain__when_it_was_made_is_not_known() -> None:
    case = honest_case().with_facts(anchor=Known(None))
    report = Verifier(TRUST).verify(case.bundle, case.facts)
    members = {MemberId(5): case.facts.issuer}
    found = listings(case.bundle, case.facts, report.statement, members, lists(entry()))
    assert [each.code for each in found.found] == ["party.listed"]
    assert replace(found.found[0], before=True).code == "party.listed_before"
