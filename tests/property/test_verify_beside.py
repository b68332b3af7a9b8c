"""Statements beside a bundle's own: each judged as if it came alone, a bad one as if not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.beside import BODY_MEMBER, Author, Shown, a_certificate, shown, with_beside
from tests.support.certified_lot import NOW, STRANGER, TRUST, Case, digest, honest_case
from veta.model.anchoring import BatchKind, StatusAction, StatusEntry, StatusReason
from veta.model.bundle import StatementBeside
from veta.model.consortium import KeyEntry, Role
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import KeyId, UnixSeconds
from veta.statement.jws import read_statement, sign_statement
from veta.verify.beside import MAX_BESIDE, MAX_BESIDE_OCTETS
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Step, Verdict
from veta.verify.verifier import Verifier


def judged(case: Case, **policy: Any) -> Report:
    return Verifier(TRUST, Policy(**policy)).verify(case.bundle, case.facts)


@cache
def good(label: str = "RMM-1") -> Shown:
    return shown(a_certificate(label))


def revoked(case: Shown) -> Shown:
    entry = StatusEntry(
        issuer=BODY_MEMBER.member,
        leaf=case.facts.leaf,
        index=0,
        action=StatusAction.REVOKE,
        reason=StatusReason.ISSUED_IN_ERROR,
        by_member=BODY_MEMBER.member,
        effective_s=UnixSeconds(NOW - 5),
        recorded_at_s=UnixSeconds(NOW - 5),
    )
    return case.with_facts(status=Known((entry,)))


def with_other_key(case: Shown) -> Shown:
    """Signed by a stranger, whose key somebody puts into the facts as another member's."""
    assert isinstance(case.facts.keys, Known)
    (key,) = case.facts.keys.value
    forged: KeyEntry = replace(
        key, member=BODY_MEMBER.member, key_id=KeyId(digest("some other key"))
    )
    return case.with_facts(keys=Known((forged,)))


def signed_by_stranger(honest: Shown) -> Shown:
    credential = read_statement(honest.statement.token).credential
    return honest.with_statement(token=sign_statement(dict(credential.document), STRANGER))


def altered(honest: Shown) -> Shown:
    """Other words under the honest one's place: another leaf, so nobody was asked about it."""
    other = shown(a_certificate("RMM-2")).statement
    return honest.with_statement(token=other.token)


def other_kind(honest: Shown) -> Shown:
    anchor = honest.facts.anchor
    assert isinstance(anchor, Known) and anchor.value is not None
    return honest.with_facts(anchor=Known(replace(anchor.value, kind=BatchKind.OTHER)))


Fault = Callable[[Shown], Shown]
FAULTS: dict[str, tuple[Fault, Verdict, str]] = {
    "no token": (
        lambda honest: honest.with_statement(token=b"a.b.c"),
        Verdict.INVALID,
        "statement.signature_length",
    ),
    "signed by a stranger": (signed_by_stranger, Verdict.INVALID, "signature.unknown_key"),
    "its key is another": (
        with_other_key,
        Verdict.INVALID,
        "signature.unknown_key",
    ),
    "nobody was asked": (altered, Verdict.INVALID, "trees.root_mismatch"),
    "no role": (
        lambda honest: honest.with_facts(
            membership=Known((replace(BODY_MEMBER.membership(), roles=Role.MINER),))
        ),
        Verdict.INVALID,
        "issuer.role_missing",
    ),
    "no member": (
        lambda honest: honest.with_facts(
            issuer=Known(None), membership=Known(()), keys=Known(()), anchor=Known(None)
        ),
        Verdict.INVALID,
        "signature.unknown_key",
    ),
    "no inclusion": (
        lambda honest: honest.with_statement(inclusion=None),
        Verdict.NOT_PROVEN,
        "inclusion.missing",
    ),
    "not anchored": (
        lambda honest: honest.with_facts(anchor=Known(None)),
        Verdict.NOT_PROVEN,
        "issuer.no_anchor_time",
    ),
    "anchored as another kind": (
        other_kind,
        Verdict.INVALID,
        "anchor.other_kind",
    ),
    "revoked": (revoked, Verdict.INVALID, "status.revoked"),
    "the chain did not answer": (
        lambda honest: honest.with_facts(status=Undetermined("ledger.timeout", "no answer")),
        Verdict.INDETERMINATE,
        "ledger.timeout",
    ),
    "facts about another member": (
        lambda honest: honest.with_facts(
            issuer=Known(replace(BODY_MEMBER.registered(), identifier="did:web:x.example"))
        ),
        Verdict.INDETERMINATE,
        "facts.other_issuer",
    ),
    "facts about another statement": (
        lambda honest: honest.with_facts(leaf=digest("another leaf")),
        Verdict.INDETERMINATE,
        "facts.not_asked",
    ),
    "facts about another batch": (
        lambda honest: honest.with_facts(root=digest("another root")),
        Verdict.INDETERMINATE,
        "facts.not_asked",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_beside__with_a_fault__counts_as_not_there_and_is_named(name: str) -> None:
    make, verdict, code = FAULTS[name]
    report = judged(with_beside(honest_case(), good("RMM-9"), make(good())))
    fine, bad = report.beside
    assert (fine.verified is not None, fine.verdict) == (True, Verdict.VALID)
    assert (bad.verified, bad.verdict) == (None, verdict)
    decisive = bad.decisive()
    assert decisive is not None and decisive.code == code
    brief = bad.brief_json()
    assert brief["counts"] is False
    assert code in {each["code"] for each in brief["findings"]}


@given(st.lists(st.sampled_from(sorted(FAULTS)), max_size=6))
@settings(max_examples=25, deadline=None)
def test_beside__with_faults__the_report_is_as_without_them(names: list[str]) -> None:
    bare = judged(honest_case())
    report = judged(
        with_beside(
            honest_case(), *(FAULTS[each][0](good(str(at))) for at, each in enumerate(names))
        )
    )
    assert (report.verdict, report.checks) == (bare.verdict, bare.checks)
    assert [each.verified for each in report.beside] == [None] * len(names)


@pytest.mark.parametrize("required", [frozenset(), frozenset({Step.WELL_FORMED})])
def test_beside__policy_that_asks_for_less__every_step_is_asked_all_the_same(
    required: frozenset[Step],
) -> None:
    case = with_beside(honest_case(), good().with_statement(inclusion=None))
    (found,) = judged(case, required=required).beside
    assert found.verified is None


def test_beside__chain_of_another_trust__not_determined() -> None:
    case = with_beside(honest_case(), good())
    report = Verifier(replace(TRUST, chain_id=1)).verify(case.bundle, case.facts)
    (found,) = report.beside
    decisive = found.decisive()
    assert decisive is not None and decisive.code == "ledger.wrong_chain"


def test_beside__facts_in_a_file__not_proven_unless_believed() -> None:
    case = with_beside(honest_case(), good()).with_facts(carried=True)
    assert judged(case).beside[0].verdict is Verdict.NOT_PROVEN
    assert judged(case, believe_carried=True).beside[0].verified is not None


def test_beside__more_than_may_be__none_beyond_the_bounds_is_looked_at() -> None:
    many = [good()] * (MAX_BESIDE + 1)
    assert len(judged(with_beside(honest_case(), *many)).beside) == MAX_BESIDE
    long = StatementBeside(b"a" * MAX_BESIDE_OCTETS)
    case = with_beside(honest_case(), good())
    case = case.with_bundle(beside=(long, *case.bundle.beside))
    assert [each.verified for each in judged(case).beside] == [None]


def test_beside__two_authors__each_by_its_own_keys_and_roles() -> None:
    other = Author(
        BODY_MEMBER.member, BODY_MEMBER.party, Role.LABORATORY, signer=STRANGER, control_group=4
    )
    report = judged(with_beside(honest_case(), good(), shown(a_certificate("LAB"), other)))
    assert [each.verdict for each in report.beside] == [Verdict.VALID] * 2
