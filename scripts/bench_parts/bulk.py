"""Ten thousand lots judged as a stream: the time stated for it, and the memory it takes."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator

from tests.support.certified_lot import NOW, TRUST, honest_case, passport_token
from veta.services.bulk import judge_lines
from veta.statement.jws import leaf_of, unseal
from veta.trees import MerkleTree
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verifier import Verifier

LOTS = 10_000
LIMIT_S = 30
"""What is stated: 10,000 lots, twelve steps as far as they are disclosed, on one core."""


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {"bulk_10_000": bulk()}


def bulk() -> dict[str, float | int]:
    """Distinct lots of one batch, from lines of JSON to lines of verdicts."""
    lines = list(_bundles())
    verifier = Verifier(TRUST, Policy(believe_carried=True))

    def judge(octets: bytes) -> Report:
        bundle, facts = read_bundle(octets, now_s=NOW)
        assert facts is not None
        return verifier.verify(bundle, facts)

    begun = time.perf_counter()
    good = sum(
        answer.to_json()["verdict"].startswith("VALID") for answer in judge_lines(lines, judge)
    )
    took = time.perf_counter() - begun
    assert good == LOTS
    tracemalloc.start()
    for _ in judge_lines(lines[:500], judge):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "lots": LOTS,
        "took_s": round(took, 2),
        "limit_s": LIMIT_S,
        "a_second": round(LOTS / took),
        "peak_octets_of_500": peak,
    }


def _bundles() -> Iterator[bytes]:
    tokens = [passport_token(number) for number in range(LOTS)]
    tree = MerkleTree([leaf_of(unseal(token).payload) for token in tokens])
    case = honest_case(index=0, size=LOTS, tokens=tokens)
    for at, token in enumerate(tokens):
        each = case.with_bundle(token=token, inclusion=tree.inclusion(at))
        yield write_bundle(each.bundle, each.facts)
