"""The time rules of the design, row by row: what a thief, a back-dater and an unlucky clock get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.entries import (
    KEY,
    LEAF,
    MEMBER,
    OTHER_KEY,
    key_entry,
    membership_entry,
    status_entry,
)
from veta.model.anchoring import StatusAction, StatusReason
from veta.model.consortium import KeyAction, Role
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.verify.timing import (
    KeyStanding,
    judge_anchor_time,
    judge_contest,
    judge_key,
    judge_status,
    judge_validity,
    reaffirmed_after,
    roles_at,
)
from veta.verify.verdict import Outcome

DAY = 86_400
BOUND, SINCE, DECLARED = 1_000, 5_000, 9_000


@pytest.mark.row("T1", "T4", "A08")
@pytest.mark.parametrize(
    ("anchored_at", "expected"),
    [
        (BOUND - 1, KeyStanding.NOT_YET_BOUND),
        (BOUND, KeyStanding.GOOD),
        (SINCE - 1, KeyStanding.GOOD),
        (SINCE, KeyStanding.CONTESTED),
        (DECLARED - 1, KeyStanding.CONTESTED),
        (DECLARED, KeyStanding.COMPROMISED),
        (DECLARED + 10 * DAY, KeyStanding.COMPROMISED),
    ],
)
def test_judge_key__compromised_since_s_declared_at_d__three_windows(
    anchored_at: int, expected: KeyStanding
) -> None:
    entries = [
        key_entry(KeyAction.BIND, BOUND),
        key_entry(KeyAction.COMPROMISE, SINCE, DECLARED),
    ]
    assert judge_key(entries, KEY, UnixSeconds(anchored_at)).standing is expected


@pytest.mark.row("T4")
@pytest.mark.parametrize(
    ("action", "effective", "recorded", "anchored_at", "expected"),
    [
        (KeyAction.RETIRE, 5_000, 4_000, 4_999, KeyStanding.GOOD),
        (KeyAction.RETIRE, 5_000, 4_000, 5_000, KeyStanding.RETIRED),
        (KeyAction.RETIRE, 5_000, 5_000, 4_999, KeyStanding.GOOD),
        (KeyAction.PAUSE, 5_000, 5_000, 4_999, KeyStanding.GOOD),
        (KeyAction.PAUSE, 5_000, 5_000, 5_000, KeyStanding.PAUSED),
        # Whatever an entry claims as its effect, a pause works from the block that records it.
        (KeyAction.PAUSE, 1, 5_000, 4_999, KeyStanding.GOOD),
    ],
)
def test_judge_key__ended__half_open_window(
    action: KeyAction, effective: int, recorded: int, anchored_at: int, expected: KeyStanding
) -> None:
    entries = [key_entry(KeyAction.BIND, BOUND), key_entry(action, effective, recorded)]
    assert judge_key(entries, KEY, UnixSeconds(anchored_at)).standing is expected


def test_judge_key__never_bound__unknown() -> None:
    entries = [key_entry(KeyAction.BIND, BOUND, key_id=OTHER_KEY)]
    assert judge_key(entries, KEY, UnixSeconds(2_000)).standing is KeyStanding.UNKNOWN


def test_judge_key__another_keys_compromise__does_not_touch_it() -> None:
    entries = [
        key_entry(KeyAction.BIND, BOUND),
        key_entry(KeyAction.BIND, BOUND, key_id=OTHER_KEY),
        key_entry(KeyAction.COMPROMISE, SINCE, DECLARED, key_id=OTHER_KEY),
    ]
    assert judge_key(entries, KEY, UnixSeconds(DECLARED)).standing is KeyStanding.GOOD


@pytest.mark.row("A08")
@pytest.mark.parametrize(
    ("standing", "reaffirmed", "outcome"),
    [
        (KeyStanding.GOOD, False, Outcome.PASSED),
        (KeyStanding.GOOD, True, Outcome.PASSED),
        (KeyStanding.CONTESTED, False, Outcome.NOT_PROVEN),
        (KeyStanding.CONTESTED, True, Outcome.NOTICE),
        # Re-affirming cannot heal what was signed after the theft was declared.
        (KeyStanding.COMPROMISED, True, Outcome.FAILED),
        (KeyStanding.COMPROMISED, False, Outcome.FAILED),
        (KeyStanding.RETIRED, True, Outcome.FAILED),
        (KeyStanding.PAUSED, True, Outcome.FAILED),
        (KeyStanding.NOT_YET_BOUND, True, Outcome.FAILED),
        (KeyStanding.UNKNOWN, True, Outcome.FAILED),
    ],
)
def test_judge_contest__every_standing__one_outcome(
    standing: KeyStanding, reaffirmed: bool, outcome: Outcome
) -> None:
    assert judge_contest(standing, reaffirmed=reaffirmed).outcome is outcome


def test_reaffirmed_after__before_the_declaration__does_not_count() -> None:
    early = status_entry(StatusAction.REAFFIRM, recorded_at_s=DECLARED - 1)
    late = status_entry(StatusAction.REAFFIRM, recorded_at_s=DECLARED)
    assert not reaffirmed_after([early], LEAF, UnixSeconds(DECLARED))
    assert reaffirmed_after([early, late], LEAF, UnixSeconds(DECLARED))


def test_reaffirmed_after__of_another_statement__does_not_count() -> None:
    other = replace(
        status_entry(StatusAction.REAFFIRM, recorded_at_s=DECLARED), leaf=Leaf(b"\1" * 32)
    )
    assert not reaffirmed_after([other], LEAF, UnixSeconds(DECLARED))


def test_reaffirmed_after__by_somebody_else__does_not_count() -> None:
    stranger = status_entry(StatusAction.REAFFIRM, recorded_at_s=DECLARED, by_member=MEMBER + 1)
    assert not reaffirmed_after([stranger], LEAF, UnixSeconds(DECLARED))


@pytest.mark.row("A09", "T2", "T39")
@pytest.mark.parametrize(
    ("valid_from", "anchored", "outcome", "code"),
    [
        (1_000_000, 1_000_000, Outcome.PASSED, "anchor.timely"),
        (1_000_000, 1_000_000 + 7 * DAY, Outcome.PASSED, "anchor.timely"),
        (1_000_000, 1_000_000 + 7 * DAY + 1, Outcome.NOTICE, "anchor.late"),
        (1_000_300, 1_000_000, Outcome.PASSED, "anchor.timely"),
        (1_000_301, 1_000_000, Outcome.FAILED, "validity.anchored_before_valid"),
    ],
)
def test_judge_anchor_time__edges__as_the_design_words_them(
    valid_from: int, anchored: int, outcome: Outcome, code: str
) -> None:
    finding = judge_anchor_time(
        valid_from_s=UnixSeconds(valid_from),
        anchored_at_s=UnixSeconds(anchored),
        late_after_s=7 * DAY,
        future_skew_s=300,
    )
    assert (finding.outcome, finding.code) == (outcome, code)


@pytest.mark.row("A59")
@pytest.mark.parametrize(
    ("valid_until", "anchored", "relied_on", "outcome"),
    [
        (None, 10, 10**10, Outcome.PASSED),
        (100, 10, 99, Outcome.PASSED),
        (100, 10, 100, Outcome.NOTICE),
        (100, 99, 100, Outcome.NOTICE),
        (100, 100, 100, Outcome.FAILED),
        (100, 101, 99, Outcome.FAILED),
    ],
)
def test_judge_validity__window_is_half_open(
    valid_until: int | None, anchored: int, relied_on: int, outcome: Outcome
) -> None:
    finding = judge_validity(
        valid_until_s=None if valid_until is None else UnixSeconds(valid_until),
        anchored_at_s=UnixSeconds(anchored),
        relied_on_at_s=UnixSeconds(relied_on),
    )
    assert finding.outcome is outcome


REASONS = list(StatusReason)
RETROACTIVE = {
    StatusReason.COMPROMISED,
    StatusReason.VOIDED_BY_BODY,
    StatusReason.VOIDED_BY_ACCREDITOR,
}


@pytest.mark.row("T4")
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    ("relied_on", "retroactive", "prospective"),
    [
        (4_999, Outcome.NOTICE, Outcome.NOTICE),
        (5_000, Outcome.NOT_PROVEN, Outcome.NOTICE),
        (8_999, Outcome.NOT_PROVEN, Outcome.NOTICE),
        (9_000, Outcome.FAILED, Outcome.FAILED),
    ],
)
def test_judge_status__revoked_effective_5000_said_at_9000__by_reason(
    reason: StatusReason, relied_on: int, retroactive: Outcome, prospective: Outcome
) -> None:
    """Three reasons may reach into the past: what was relied on in between is contested."""
    entry = status_entry(StatusAction.REVOKE, reason=reason, effective_s=5_000, recorded_at_s=9_000)
    (finding,) = judge_status([entry], relied_on_at_s=UnixSeconds(relied_on), listed_revoked=None)
    assert finding.outcome is (retroactive if reason in RETROACTIVE else prospective)


@pytest.mark.parametrize(
    ("revoked", "listed", "outcomes"),
    [
        (False, None, [Outcome.PASSED]),
        (False, False, [Outcome.PASSED]),
        (False, True, [Outcome.NOTICE, Outcome.FAILED]),
        (True, None, [Outcome.FAILED]),
        (True, True, [Outcome.FAILED]),
        (True, False, [Outcome.FAILED, Outcome.NOTICE]),
    ],
)
def test_judge_status__chain_and_list_differ__the_stricter_counts(
    revoked: bool, listed: bool | None, outcomes: list[Outcome]
) -> None:
    entries = [status_entry(StatusAction.REVOKE, recorded_at_s=10)] if revoked else []
    findings = judge_status(entries, relied_on_at_s=UnixSeconds(20), listed_revoked=listed)
    assert [finding.outcome for finding in findings] == outcomes


def test_judge_status__superseded_and_disputed__notices_only() -> None:
    entries = [
        status_entry(StatusAction.SUPERSEDE, related_leaf=LEAF),
        status_entry(StatusAction.DISPUTE, by_member=7),
        status_entry(StatusAction.DISPUTE, by_member=8),
        status_entry(StatusAction.DISPUTE_CLOSED, by_member=7),
    ]
    findings = judge_status(entries, relied_on_at_s=UnixSeconds(20), listed_revoked=None)
    assert [(finding.outcome, finding.code) for finding in findings] == [
        (Outcome.NOTICE, "status.superseded"),
        (Outcome.NOTICE, "status.disputed"),
    ]
    assert findings[1].entry is entries[2]


@pytest.mark.parametrize(
    ("upheld", "at", "open_still"),
    [(False, 1_000 + 999, True), (False, 1_000 + 1_000, False), (True, 10**9, True)],
)
def test_judge_status__dispute__lapses_unless_upheld(
    upheld: bool, at: int, open_still: bool
) -> None:
    entries = [status_entry(StatusAction.DISPUTE, by_member=7, recorded_at_s=1_000)]
    if upheld:
        entries.append(
            replace(
                status_entry(StatusAction.DISPUTE_UPHELD, by_member=9, recorded_at_s=1_500),
                party=MemberId(7),
            )
        )
    (finding,) = judge_status(
        entries, relied_on_at_s=UnixSeconds(at), listed_revoked=None, dispute_lapse_s=1_000
    )
    assert (finding.outcome is Outcome.NOTICE) is open_still


def test_judge_status__upheld_then_closed_then_opened_again__lapses_again() -> None:
    """What was upheld was the first dispute, not every later one of the party."""
    entries = [
        status_entry(StatusAction.DISPUTE, by_member=7, recorded_at_s=1_000),
        replace(
            status_entry(StatusAction.DISPUTE_UPHELD, by_member=9, recorded_at_s=1_100),
            party=MemberId(7),
        ),
        status_entry(StatusAction.DISPUTE_CLOSED, by_member=7, recorded_at_s=1_200),
        status_entry(StatusAction.DISPUTE, by_member=7, recorded_at_s=1_300),
    ]
    (finding,) = judge_status(
        entries, relied_on_at_s=UnixSeconds(9_000), listed_revoked=None, dispute_lapse_s=1_000
    )
    assert finding.outcome is Outcome.PASSED


@pytest.mark.row("T3")
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (99, None),
        (100, Role.MINER),
        (199, Role.MINER),
        (200, Role.TRADER),
        (300, None),
        (400, Role.MINER),
    ],
)
def test_roles_at__list_of_changes__role_of_the_moment(at: int, expected: Role | None) -> None:
    entries = [
        membership_entry(100, Role.MINER),
        membership_entry(200, Role.TRADER),
        membership_entry(300, Role(0), admitted=False),
        membership_entry(400, Role.MINER),
    ]
    assert roles_at(entries, UnixSeconds(at)) == expected
