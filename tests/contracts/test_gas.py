"""What anchoring costs: the limits that were promised, and a snapshot that shows every change."""

from __future__ import annotations

import json

from tests.contracts.gas import SNAPSHOT, measure_all
from tests.contracts.lots.gas_of_lots import LIMITS, OVER


def test_gas__fresh_chain__within_the_limits_and_as_in_the_snapshot() -> None:
    gas = measure_all()
    later = [v for k, v in gas.items() if k.startswith("anchor") and "first" not in k]
    assert len(later) == 4
    assert max(later) <= 70_000
    assert gas["anchor, first of an issuer"] <= 90_000
    assert gas["anchor, first of all"] <= 90_000
    assert gas["anchor, 1,000 leaves"] / 1_000 <= 70
    assert gas["anchor, 10,000 leaves"] / 10_000 <= 7
    assert {name for name, limit in LIMITS.items() if gas[name] > limit} == OVER
    assert gas == json.loads(SNAPSHOT.read_text("utf-8")), "scripts/build-contracts --gas rewrites"
