"""Windows that are none, and days that end elsewhere: refused at the door, nothing signed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.certified_lot import SIGNER, TRUST, cathode_lot, honest_case, issuance
from veta.errors import InputError, VerificationError
from veta.model.determined import Known
from veta.model.identifiers import MemberId, UnixSeconds
from veta.services.issue import StatementIssuer
from veta.statement.credential import view_credential
from veta.statement.jws import sign_statement
from veta.statement.passport import build_passport
from veta.verify.policy import Policy
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

START = "2026-10-01T23:30:00-03:00"
"""Half an hour before midnight in Chile; in UTC it is the next day."""


class Untouched:
    """A signer, a clock and a store that nobody may use."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of a document that is to be refused")


def passport(**members: Any) -> dict[str, Any]:
    document = build_passport(cathode_lot(), issuance("door"))
    return {**document, "validFrom": START, **members}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def refused(document: dict[str, Any]) -> str:
    untouched: Any = Untouched()
    issuer = StatementIssuer(
        store=untouched,
        signer=untouched,
        clock=untouched,
        member=MemberId(5),
        identifier=document["issuer"]["id"],
    )
    with pytest.raises((InputError, VerificationError)) as found:
        issuer.issue(document)
    return found.value.code


@pytest.mark.parametrize(
    "until",
    [
        START,  # ends as it begins
        "2026-10-01T23:29:59-03:00",
        "2026-10-02T02:30:00Z",  # the same moment, in another zone
        "2026-09-30",  # the day before, where it was written
        "2026-10-01Z",  # the same day, but in UTC, where it was over before
        "2026-10-01+09:00",
        "2025-10-01",
    ],
)
def test_issue__validity_that_ends_before_it_starts__refused_before_anything_is_signed(
    until: str,
) -> None:
    assert refused(passport(validUntil=until)) == "statement.validity"


@pytest.mark.parametrize("until", ["2026-10-32", "2026-10-01T24:00:00Z", "2026-10-01T23:59:59", ""])
def test_issue__end_that_is_no_time__refused(until: str) -> None:
    assert refused(passport(validUntil=until)).split(".")[0] in ("instant", "statement")


@pytest.mark.parametrize(
    ("until", "over_at"),
    [
        ("2026-10-01", "2026-10-02T00:00:00-03:00"),  # the offset that the document begins in
        ("2026-10-02Z", "2026-10-03T00:00:00+00:00"),
        ("2026-10-01-05:00", "2026-10-02T00:00:00-05:00"),
        ("2026-10-01T23:59:59-03:00", "2026-10-01T23:59:59-03:00"),
    ],
)
def test_day_at_its_edge__ends_where_it_was_written__to_the_second(
    until: str, over_at: str
) -> None:
    """Valid on 1 October means that whole day, in the document's own zone and no other."""
    document = passport(validUntil=until)
    over_s = at(over_at)
    assert view_credential(document).valid_until_s == over_s
    case = honest_case(index=0, tokens=[sign_statement(document, SIGNER)])
    case = case.with_anchor(anchored_at_s=UnixSeconds(at(START)))
    assert isinstance(case.facts.as_of, Known)
    for relied_s, verdict in ((over_s - 1, Verdict.VALID), (over_s, Verdict.VALID_WITH_NOTICE)):
        block = Known(
            type(case.facts.as_of.value)(
                case.facts.as_of.value.number,
                case.facts.as_of.value.digest,
                case.facts.as_of.value.parent_digest,
                UnixSeconds(over_s + 10),
            )
        )
        told = case.with_facts(as_of=block, asked_at_s=UnixSeconds(over_s + 11))
        policy = Policy(relied_on_at_s=UnixSeconds(relied_s))
        assert Verifier(TRUST, policy).verify(told.bundle, told.facts).verdict is verdict


def test_support__times_are_what_they_say() -> None:
    assert datetime.fromtimestamp(at(START), UTC).isoformat() == "2026-10-02T02:30:00+00:00"
