"""Time rules: total (one answer for everything) and monotone (no entry makes a key better)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.entries import KEY, key_entry
from veta.model.consortium import KeyAction, KeyEntry
from veta.model.identifiers import UnixSeconds
from veta.verify.timing import KeyStanding, judge_key

BADNESS = {
    KeyStanding.GOOD: 0,
    KeyStanding.CONTESTED: 1,
    KeyStanding.NOT_YET_BOUND: 2,
    KeyStanding.RETIRED: 2,
    KeyStanding.PAUSED: 2,
    KeyStanding.COMPROMISED: 2,
    KeyStanding.UNKNOWN: 2,
}
times = st.integers(min_value=0, max_value=30)
endings = st.lists(
    st.builds(
        key_entry,
        st.sampled_from([KeyAction.RETIRE, KeyAction.COMPROMISE, KeyAction.PAUSE]),
        times,
        times,
    ),
    max_size=6,
)


@pytest.mark.row("T2", "T4")
@given(endings, times, times)
def test_judge_key__any_further_entry__never_better(
    entries: list[KeyEntry], bound: int, at: int
) -> None:
    history = [key_entry(KeyAction.BIND, bound)]
    previous = judge_key(history, KEY, UnixSeconds(at))
    for entry in entries:
        history.append(entry)
        current = judge_key(history, KEY, UnixSeconds(at))
        assert BADNESS[current.standing] >= BADNESS[previous.standing]
        previous = current


@pytest.mark.row("T2")
@given(endings, times, times)
def test_judge_key__later_anchor__never_better_once_bound(
    entries: list[KeyEntry], bound: int, at: int
) -> None:
    """Waiting with an anchor cannot wash a key clean."""
    history = [key_entry(KeyAction.BIND, bound), *entries]
    if at >= bound:
        now = judge_key(history, KEY, UnixSeconds(at)).standing
        later = judge_key(history, KEY, UnixSeconds(at + 1)).standing
        assert BADNESS[later] >= BADNESS[now]
