"""Bulk verification: an answer a line, nothing kept, nothing hidden, resumed where it broke."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.certified_lot import NOW, TRUST, Case, honest_case, passport_token
from veta.cli.bulk import _lines
from veta.errors import InputError, LedgerUnavailableError
from veta.services.bulk import MOST_LINE_OCTETS, BulkAnswer, judge_lines
from veta.statement.jws import leaf_of, unseal
from veta.trees import MerkleTree
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Verdict
from veta.verify.verifier import Verifier

LOTS_10_000 = 10_000
SOME = 120


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """Bundles of distinct lots of one batch."""
    tokens = [passport_token(1001 + number) for number in range(SOME)]
    tree = MerkleTree([leaf_of(unseal(token).payload) for token in tokens])
    case = honest_case(index=0, size=SOME, tokens=tokens)
    found = []
    for at, token in enumerate(tokens):
        each: Case = case.with_bundle(token=token, inclusion=tree.inclusion(at))
        found.append(write_bundle(each.bundle, each.facts) + b"\n")
    return found


def judge() -> Callable[[bytes], Report]:
    verifier = Verifier(TRUST, Policy(believe_carried=True))

    def judged(octets: bytes) -> Report:
        bundle, facts = read_bundle(octets, now_s=NOW)
        assert facts is not None
        return verifier.verify(bundle, facts)

    return judged


@pytest.mark.row("S42")
def test_ten_thousand_lots__one_answer_each__in_memory_that_does_not_grow(
    lines: list[bytes],
) -> None:
    """The time it takes is ``scripts/bench bulk``'s to say; what is counted here is the work."""
    report = judge()(lines[0])
    asked = drawn = 0

    def counted(octets: bytes) -> Report:
        nonlocal asked
        asked += 1
        assert octets == lines[asked % SOME].strip()
        return report

    def endless() -> Iterator[bytes]:
        nonlocal drawn
        for at in range(1, LOTS_10_000 + 1):
            drawn += 1
            yield lines[at % SOME]

    answers = judge_lines(endless(), counted)
    first = [next(answers).line for _ in range(500)]
    assert (asked, drawn) == (500, 500)  # none is read before its turn
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    last = max(answer.line for answer in answers)
    grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert (first[-1], last, asked) == (500, LOTS_10_000, LOTS_10_000)
    assert grown < 1 << 20


@pytest.mark.row("S42")
def test_stream__with_bad_lines__answers_every_line_by_itself(lines: list[bytes]) -> None:
    forged = json.loads(lines[1])
    forged["token"] = json.loads(lines[2])["token"]
    stream = [lines[0], json.dumps(forged).encode(), b"\n", b"{]", lines[3], b"x" * 9]
    found = list(judge_lines(stream, judge()))
    assert [answer.line for answer in found] == [1, 2, 4, 5, 6]
    good = (Verdict.VALID, Verdict.VALID_WITH_NOTICE)
    assert found[0].verdict in good
    assert found[1].verdict is Verdict.INVALID
    assert found[3].verdict in good
    for bad in (found[2], found[4]):
        assert bad.verdict is None
        assert bad.to_json()["error"]["code"]


@pytest.mark.row("S42")
def test_stream__broken_off_and_resumed__says_the_same_as_in_one_go(lines: list[bytes]) -> None:
    whole = [answer.to_json() for answer in judge_lines(lines, judge())]
    assert {each["verdict"] for each in whole} == {"VALID_WITH_NOTICE"}
    assert len({each["leaf"] for each in whole}) == SOME
    real, calls = judge(), 0

    def failing(octets: bytes) -> Report:
        nonlocal calls
        calls += 1
        if calls == 41:
            raise LedgerUnavailableError("ledger.refused", "gone")
        return real(octets)

    kept: list[dict[str, Any]] = []
    with pytest.raises(LedgerUnavailableError):
        kept.extend(answer.to_json() for answer in judge_lines(lines, failing))
    kept = [answer.to_json() for answer in take(judge_lines(lines, judge()), 40)]
    rest = judge_lines(lines, judge(), first=kept[-1]["line"] + 1)
    assert kept + [answer.to_json() for answer in rest] == whole
    with pytest.raises(InputError, match="counted from 1"):
        next(judge_lines(lines, judge(), first=0))


def take(answers: Iterator[BulkAnswer], count: int) -> list[BulkAnswer]:
    return [next(answers) for _ in range(count)]


def test_line__longer_than_any_bundle__is_refused_and_the_next_is_read() -> None:
    stream = io.BytesIO(b"a" * (3 * MOST_LINE_OCTETS) + b"\nb\nc")
    found = list(_lines(stream))
    assert [len(line) for line in found][1:] == [2, 1]
    answer = next(judge_lines(found, lambda _: pytest.fail("judged")))
    assert answer.to_json()["error"]["code"] == "bulk.line_too_large"
