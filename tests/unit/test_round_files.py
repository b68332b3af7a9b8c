"""Readings of a round from files: several instruments' series are one round, or none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.monitored_wells import DAY_S, OPERATOR, START_S, stated
from veta.errors import InputError, VerificationError
from veta.evidence.catalogue import STANDARD
from veta.services.round_files import read_proof, read_readings, require_readings, write_proof

HOUR_S, NOW_S = 3_600, START_S + 9 * DAY_S
METRIC = STANDARD[0]


def series(instrument: str, /, *amounts: str, **changes: Any) -> tuple[str, bytes]:
    document = {
        "format": "veta-series/1",
        "subject": OPERATOR,
        "instrument": instrument,
        "metric": METRIC.metric,
        "definition": METRIC.digest.hex(),
        "boundary": {"name": "well field", "text": "wells"},
        "period": {"fromSeconds": START_S, "toSeconds": START_S + DAY_S},
        "stepSeconds": HOUR_S,
        "readings": [[START_S + at * HOUR_S, text] for at, text in enumerate(amounts)],
        **changes,
    }
    return f"{instrument}.json", json.dumps(document).encode()


def test_series__of_two_instruments__are_one_round_in_the_order_given() -> None:
    one, two = series("a", "1", "2"), series("b", "3")
    found = read_readings([one, two], now_s=NOW_S)
    assert (found.instruments, found.count) == (("a", "b"), 3)
    assert [json.loads(leaf)[::3] for leaf in found.leaves] == [["a", "1"], ["a", "2"], ["b", "3"]]
    assert read_readings([two, one], now_s=NOW_S).root != found.root


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stepSeconds": 2 * HOUR_S, "readings": []}, "monitoring.unlike"),
        ({"boundary": {"name": "other", "text": "wells"}}, "monitoring.unlike"),
        ({"instrument": "a"}, "monitoring.instruments"),
        ({"period": {"fromSeconds": START_S, "toSeconds": NOW_S + DAY_S}}, "evidence.wrong_period"),
    ],
)
def test_series__that_are_no_one_round__are_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_readings([series("a", "1"), series("b", "3", **changes)], now_s=NOW_S)
    assert caught.value.code == code


@pytest.mark.row("S20")
def test_proof__written_and_read__is_of_the_reading_it_was_made_of() -> None:
    found = read_readings([series("a", "1", "2", "3")], now_s=NOW_S)
    june = stated(of=found)
    leaf, proof, members = read_proof(write_proof(june, found, 1))
    assert (leaf, members[0], members[3]) == (june.leaf, "a", "2")
    proof.require(june.root, june.count)
    edited = read_readings([series("a", "1", "9", "3")], now_s=NOW_S)
    with pytest.raises(VerificationError) as caught:
        require_readings(june, edited)
    assert caught.value.code == "monitoring.readings_edited"
    with pytest.raises(InputError):
        write_proof(june, found, 3)
