"""Bundles that disclose lots, as files: what goes out comes back, and nothing else comes in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_verify_transport import json_values
from tests.support.certified_lot import TRUST
from tests.support.disclosed_lots import rod_chain
from tests.support.lot_towers import made_up
from tests.unit.test_verify_lots import SCENARIOS, case_of
from veta.errors import InputError
from veta.model.determined import Undetermined
from veta.verify.policy import Policy
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

CASE = rod_chain().case()
FILE = write_bundle(CASE.bundle, CASE.facts)
ASKED = CASE.facts.asked_at_s
NO_FILE = {"lineage.too_large"}
"""Too many parts for any list of the format."""


@pytest.mark.parametrize("code", sorted(set(SCENARIOS) - NO_FILE))
def test_write_bundle__each_scenario__comes_back_equal(code: str) -> None:
    case = case_of(SCENARIOS[code])
    file = write_bundle(case.bundle, case.facts)
    assert read_bundle(file, now_s=ASKED) == (case.bundle, replace(case.facts, carried=True))


def test_write_bundle__lot_facts_unanswered__come_back_unanswered() -> None:
    why = Undetermined("ledger.timeout", "no answer")
    assert CASE.facts.lot is not None
    unknown = replace(
        CASE.facts.lot,
        record=why,
        words=tuple(replace(word, word=why) for word in CASE.facts.lot.words),
        successions=why,
        classes=why,
        rules=why,
    )
    facts = replace(CASE.facts, lot=unknown)
    read = read_bundle(write_bundle(CASE.bundle, facts), now_s=ASKED)
    assert read == (CASE.bundle, replace(facts, carried=True))


def test_read_bundle__kept_by_the_reader__judged_as_when_it_was_made() -> None:
    bundle, facts = read_bundle(FILE, now_s=ASKED)
    own = Verifier(TRUST, Policy(believe_carried=True))
    assert own.verify(bundle, facts).verdict is Verdict.VALID_WITH_NOTICE
    assert Verifier(TRUST).verify(bundle, facts).verdict is Verdict.NOT_PROVEN


def test_write_bundle__without_a_lot__has_no_member_more() -> None:
    """Files of bundles without a lot are octet for octet what they were."""
    bare = CASE.with_bundle(lot=None, runs=()).with_facts(lot=None)
    document = json.loads(write_bundle(bare.bundle, bare.facts))
    assert set(document) == {"format", "token", "root", "inclusion", "facts"}
    assert "lot" not in document["facts"]


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name in value:
            found += paths(value[name], (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            found += paths(each, (*path, number))
    return found


DOCUMENT = json.loads(FILE)
PATHS = [
    path
    for path in paths(DOCUMENT)
    if path[:1] in {("lot",), ("runs",)} or path[:2] == ("facts", "lot")
]


def inside(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.row("A58")
@given(st.sampled_from(PATHS), json_values)
@settings(max_examples=200, deadline=None)
def test_read_bundle__any_member_replaced__input_error_or_a_bundle_that_is_judged(
    path: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(FILE)
    inside(document, path[:-1])[path[-1]] = value
    try:
        octets = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        bundle, facts = read_bundle(octets, now_s=ASKED)
    except InputError:
        return
    Verifier(TRUST).verify(bundle, facts)


@pytest.mark.row("A58")
@given(st.sampled_from(PATHS), st.integers(-1, 2**53 - 1))
@settings(max_examples=200, deadline=None)
def test_read_bundle__any_number_replaced__never_raises_in_the_verifier(
    path: tuple[str | int, ...], value: int
) -> None:
    document = json.loads(FILE)
    holder = inside(document, path[:-1])
    if type(holder[path[-1]]) is not int:
        return
    holder[path[-1]] = value
    try:
        bundle, facts = read_bundle(json.dumps(document).encode(), now_s=ASKED)
    except InputError:
        assert value < 0
        return
    Verifier(TRUST).verify(bundle, facts)


NAMED = [path for path in PATHS if isinstance(path[-1], str) and len(path) > 1]
OBJECTS = [path for path in PATHS if isinstance(inside(DOCUMENT, path), dict)]
OPEN = {("facts", "lot")}


@pytest.mark.parametrize("path", [path for path in NAMED if path not in OPEN])
def test_read_bundle__any_member_removed__input_error(path: tuple[str | int, ...]) -> None:
    document = json.loads(FILE)
    del inside(document, path[:-1])[path[-1]]
    with pytest.raises(InputError) as refusal:
        read_bundle(json.dumps(document).encode(), now_s=ASKED)
    assert refusal.value.code == "bundle.malformed"


@pytest.mark.parametrize("path", OBJECTS)
def test_read_bundle__any_member_more__input_error(path: tuple[str | int, ...]) -> None:
    document = json.loads(FILE)
    inside(document, path)["more"] = 1
    with pytest.raises(InputError):
        read_bundle(json.dumps(document).encode(), now_s=ASKED)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("lot", "columns"), list(range(17))),
        (("lot", "quantities"), [0] * 17),
        (("lot", "path"), [""] * 65),
        (("lot", "path"), ["00" * 161]),
        (("runs", 0, "batches"), [DOCUMENT["runs"][0]["batches"][0]] * 17),
        (("runs", 2, "taken"), [DOCUMENT["runs"][2]["taken"][0]] * 17),
        (("runs", 0, "cause", 0), {"part": "00" * 289}),
        (("runs", 0, "cause", 0), {"digest": "00" * 31}),
        (("lot", "batch", "header", "kind"), "SOLD"),
        (("lot", "batch", "header", "model"), 3),
        (("lot", "batch", "totals", "salt"), "00" * 15),
        (("lot", "quantities", 0), True),
        (("lot", "quantities", 0), 1.5),
        (("lot", "quantities", 0), 2**53),
    ],
)
def test_read_bundle__out_of_bounds__input_error(path: tuple[str | int, ...], value: Any) -> None:
    document = json.loads(FILE)
    inside(document, path[:-1])[path[-1]] = value
    with pytest.raises(InputError):
        read_bundle(json.dumps(document).encode(), now_s=ASKED)


def test_read_bundle__deep_lineage__fits_into_the_bounds() -> None:
    case = made_up(64, [[] if order == 0 else [order - 1] for order in range(64)]).case()
    file = write_bundle(case.bundle, case.facts)
    assert read_bundle(file, now_s=ASKED)[0] == case.bundle
