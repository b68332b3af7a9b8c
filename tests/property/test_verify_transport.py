"""Bundles as files: what goes out comes back, and no octets break the reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.beside import a_certificate, shown, with_beside
from tests.support.certified_lot import MEMBER, NOW, TRUST, honest_case
from tests.support.evidence_papers import accreditation
from veta.errors import InputError
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.bundle import LedgerFacts, StatementBundle, StatusListClaim
from veta.model.consortium import KeyAction
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.verify.policy import Policy
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

OPENED = b'{"leaves":[],"size":76}'
CASE = with_beside(
    honest_case(),
    shown(a_certificate()).with_facts(accreditation=Known(accreditation(MEMBER))),
    shown(a_certificate("bare"), more=0).with_statement(opened=OPENED),
)
FILE = write_bundle(CASE.bundle, CASE.facts)
ASKED = CASE.facts.asked_at_s


def test_write_bundle__honest_case__comes_back_equal() -> None:
    assert read_bundle(FILE, now_s=ASKED) == (CASE.bundle, replace(CASE.facts, carried=True))


def test_write_bundle__every_kind_of_fact__comes_back_equal() -> None:
    entry = StatusEntry(
        issuer=MEMBER,
        leaf=Leaf(b"\1" * 32),
        index=0,
        action=StatusAction.SUPERSEDE,
        reason=StatusReason.NONE,
        by_member=MEMBER,
        effective_s=UnixSeconds(NOW),
        recorded_at_s=UnixSeconds(NOW),
        related_leaf=Leaf(b"\2" * 32),
        party=MEMBER,
        grounds=Digest(b"\3" * 32),
    )
    case = (
        CASE.with_status(entry)
        .with_keys((KeyAction.COMPROMISE, 5, 9))
        .with_facts(
            membership=Undetermined("ledger.timeout", "no answer"),
            status_list=Known(StatusListClaim(revoked=True)),
            anchor=Known(None),
        )
        .with_bundle(inclusion=None, root=None)
    )
    file = write_bundle(case.bundle, case.facts)
    assert read_bundle(file, now_s=ASKED) == (case.bundle, replace(case.facts, carried=True))


@pytest.mark.row("T76")
def test_read_bundle__kept_for_long__its_facts_tell_no_status() -> None:
    """A file saved before a revocation cannot stay green: its age goes by the reader's clock."""
    own = Verifier(TRUST, Policy(believe_carried=True))
    fresh = own.verify(*_facts_of(FILE, now_s=NOW + 3_600))
    kept = own.verify(*_facts_of(FILE, now_s=NOW + 3_601))
    assert (fresh.verdict, kept.verdict) == (Verdict.VALID_WITH_NOTICE, Verdict.INDETERMINATE)
    patient = Verifier(TRUST, Policy(believe_carried=True, max_age_s=10_000))
    late = patient.verify(*_facts_of(FILE, now_s=NOW + 3_601))
    assert late.verdict is Verdict.VALID_WITH_NOTICE


def _facts_of(file: bytes, *, now_s: int) -> tuple[StatementBundle, LedgerFacts]:
    bundle, facts = read_bundle(file, now_s=UnixSeconds(now_s))
    assert facts is not None
    return bundle, facts


def test_write_bundle__nothing_beside__has_no_such_member() -> None:
    bare = json.loads(write_bundle(honest_case().bundle, honest_case().facts))
    assert "beside" not in bare
    assert "beside" not in bare["facts"]


@pytest.mark.row("A58")
@pytest.mark.parametrize("count", [64, 65])
def test_read_bundle__statements_beside__at_most_64(count: int) -> None:
    file = _beside_file([{"token": "a", "root": None, "inclusion": None}] * count)
    if count == 64:
        assert len(read_bundle(file, now_s=ASKED)[0].beside) == 64
        return
    with pytest.raises(InputError, match="at most 64") as caught:
        read_bundle(file, now_s=ASKED)
    assert caught.value.code == "bundle.malformed"


@pytest.mark.row("A58")
@pytest.mark.parametrize("octets", [1 << 20, (1 << 20) + 1])
def test_read_bundle__statements_beside__at_most_a_mebibyte(octets: int) -> None:
    half = {"token": "a" * (1 << 19), "root": None, "inclusion": None}
    rest = {"token": "a" * (octets - (1 << 19)), "root": None, "inclusion": None}
    file = _beside_file([half, rest])
    if octets == 1 << 20:
        assert len(read_bundle(file, now_s=ASKED)[0].beside) == 2
        return
    with pytest.raises(InputError) as caught:
        read_bundle(file, now_s=ASKED)
    assert caught.value.code == "bundle.malformed"


@pytest.mark.row("A58")
def test_read_bundle__unknown_member_of_a_statement_beside__refused() -> None:
    file = _beside_file([{"token": "a", "root": None, "inclusion": None, "trusted": True}])
    with pytest.raises(InputError) as caught:
        read_bundle(file, now_s=ASKED)
    assert caught.value.code == "bundle.malformed"


def _beside_file(beside: Sequence[Mapping[str, object]]) -> bytes:
    return json.dumps(json.loads(write_bundle(CASE.bundle)) | {"beside": beside}).encode()


def test_write_bundle__without_facts__comes_back_without() -> None:
    assert read_bundle(write_bundle(CASE.bundle), now_s=ASKED) == (CASE.bundle, None)


@pytest.mark.row("A58")
@given(st.binary(max_size=400))
def test_read_bundle__any_octets__input_error_or_a_bundle(octets: bytes) -> None:
    try:
        read_bundle(octets, now_s=ASKED)
    except InputError as error:
        assert error.code.split(".")[0] in ("canonical", "bundle")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name in value:
            found += _paths(value[name], (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            found += _paths(each, (*path, number))
    return found


PATHS = _paths(json.loads(FILE))


@pytest.mark.row("A58")
@given(st.sampled_from(PATHS), json_values)
def test_read_bundle__any_member_replaced__input_error_or_a_bundle(
    path: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(FILE)
    inside = document
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    try:
        octets = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        read_bundle(octets, now_s=ASKED)
    except InputError:
        return


MAY_BE_ABSENT = {("beside",), ("facts", "beside"), ("beside", 1, "opened")}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in PATHS
        if isinstance(path[-1], str) and path not in MAY_BE_ABSENT and path[2:3] != ("opened",)
    ],
)
def test_read_bundle__any_member_removed__input_error(path: tuple[str | int, ...]) -> None:
    document = json.loads(FILE)
    inside = document
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    with pytest.raises(InputError):
        read_bundle(json.dumps(document).encode(), now_s=ASKED)
