"""Histories that a reader would ask about: what was said of a member, a key and a statement, when.

A passport of a refinery, dated at day 0, anchored an hour later, verified on day 10. Each history
changes one thing or several; docs/spec/verification.md has them in the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.support.certified_lot import (
    DAY,
    MEMBER,
    NOW,
    VALID_FROM,
    VALID_UNTIL,
    Case,
    honest_case,
    key_entries,
)
from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.bundle import StatusListClaim
from veta.model.consortium import KeyAction, MembershipEntry, Role
from veta.model.determined import Known, Undetermined
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.statement.jws import leaf_of, unseal
from veta.verify.policy import Policy

Change = Callable[[Case], Case]
OTHER: Final = MemberId(9)


def day(number: int) -> UnixSeconds:
    """Midnight of a day after the passport's date."""
    return UnixSeconds(VALID_FROM + number * DAY)


@dataclass(frozen=True)
class History:
    """Changes to the honest case, and the reader's own policy."""

    changes: tuple[Change, ...] = ()
    policy: dict[str, Any] = field(default_factory=dict)

    def case(self) -> Case:
        case = honest_case()
        for change in self.changes:
            case = change(case)
        return case

    def rules(self) -> Policy:
        return Policy(**self.policy)


def told(*changes: Change, **policy: Any) -> History:
    return History(changes, policy)


def anchored(at_s: int) -> Change:
    return lambda case: case.with_anchor(anchored_at_s=UnixSeconds(at_s))


def keys(*said: tuple[KeyAction, int, int]) -> Change:
    return lambda case: case.with_keys(*said)


def status(
    action: StatusAction,
    said: int,
    *,
    reason: StatusReason = StatusReason.NONE,
    since: int | None = None,
    by: MemberId = MEMBER,
    party: MemberId | None = None,
) -> Change:
    """One more entry of the status list, said on a day, with effect from another."""

    def change(case: Case) -> Case:
        assert isinstance(case.facts.status, Known)
        entries = case.facts.status.value
        entry = StatusEntry(
            issuer=MEMBER,
            leaf=leaf_of(unseal(case.bundle.token).payload),
            index=len(entries),
            action=action,
            reason=reason,
            by_member=by,
            effective_s=day(said if since is None else since),
            recorded_at_s=day(said),
            related_leaf=NEWER if action is StatusAction.SUPERSEDE else None,
            party=party,
        )
        return case.with_status(*entries, entry)

    return change


def revoked(said: int, reason: StatusReason, since: int | None = None) -> Change:
    return status(StatusAction.REVOKE, said, reason=reason, since=since)


def membership(*entries: tuple[int, Role, bool]) -> Change:
    """(effective, roles, admitted) in their order; seconds."""
    listed = tuple(
        MembershipEntry(
            member=MEMBER,
            index=index,
            roles=roles,
            votes=admitted,
            admitted=admitted,
            effective_s=UnixSeconds(at_s),
            recorded_at_s=UnixSeconds(at_s),
        )
        for index, (at_s, roles, admitted) in enumerate(entries)
    )
    return lambda case: case.with_facts(membership=Known(listed))


def listed(revoked_: bool) -> Change:
    return lambda case: case.with_facts(status_list=Known(StatusListClaim(revoked=revoked_)))


def facts(**changes: Any) -> Change:
    return lambda case: case.with_facts(**changes)


def block(at_s: int) -> Change:
    """The newest final block is of this time, and was just asked."""

    def change(case: Case) -> Case:
        assert isinstance(case.facts.as_of, Known)
        newest = replace(case.facts.as_of.value, time_s=UnixSeconds(at_s))
        return case.with_facts(as_of=Known(newest), asked_at_s=UnixSeconds(at_s + 5))

    return change


NEWER: Final = Leaf(b"\x2a" * 32)
FOUNDED: Final = (day(-100), Role.REFINER, True)
GONE: Final = Role(0), False
_RETIRE, _STOLEN, _PAUSE = KeyAction.RETIRE, KeyAction.COMPROMISE, KeyAction.PAUSE
_DISPUTE, _UPHELD = StatusAction.DISPUTE, StatusAction.DISPUTE_UPHELD
_REAFFIRM, _SUPERSEDE = StatusAction.REAFFIRM, StatusAction.SUPERSEDE
_STOLEN_EARLY: Final = keys((_STOLEN, day(-1), day(5)))
_VOIDED: Final = revoked(5, StatusReason.VOIDED_BY_BODY, since=3)
_WITHDRAWN: Final = revoked(5, StatusReason.WITHDRAWN)
_NO_ANSWER: Final = Undetermined("ledger.timeout", "the endpoint did not answer in time")

HISTORIES: Final[dict[str, History]] = {
    "nothing was said": told(),
    "key retired on day 3": told(keys((_RETIRE, day(3), day(3)))),
    "key retired before the anchor": told(keys((_RETIRE, day(-1), day(-1)))),
    "key stopped on day 3": told(keys((_PAUSE, day(3), day(3)))),
    "key stopped before the anchor": told(keys((_PAUSE, day(-1), day(-1)))),
    "key stolen on day 3, said on day 5": told(keys((_STOLEN, day(3), day(5)))),
    "key stolen on day -1, said on day 5": told(_STOLEN_EARLY),
    "key stolen on day -1, said on day 5; the issuer stood by it on day 6": told(
        _STOLEN_EARLY, status(_REAFFIRM, 6)
    ),
    "key stolen on day -1, said on day 5; the issuer had stood by it on day 4": told(
        _STOLEN_EARLY, status(_REAFFIRM, 4)
    ),
    "key stolen on day -1, said on day 5; a stranger stood by it on day 6": told(
        _STOLEN_EARLY, status(_REAFFIRM, 6, by=OTHER)
    ),
    "key said to be stolen on day -1; the issuer stood by it on day 6": told(
        keys((_STOLEN, day(-2), day(-1))), status(_REAFFIRM, 6)
    ),
    "key retired on day -2, and said on day 5 to be stolen since day -1": told(
        keys((_RETIRE, day(-2), day(-2)), (_STOLEN, day(-1), day(5)))
    ),
    "key bound on day 3": told(
        facts(keys=Known((replace(key_entries()[0], effective_s=day(3), recorded_at_s=day(3)),)))
    ),
    "issuer expelled on day 3": told(membership(FOUNDED, (day(3), *GONE))),
    "issuer expelled on day 3, admitted again on day 6": told(
        membership(FOUNDED, (day(3), *GONE), (day(6), Role.REFINER, True))
    ),
    "issuer expelled before the anchor": told(membership(FOUNDED, (day(-1), *GONE))),
    "issuer admitted on day 3": told(membership((day(3), Role.REFINER, True))),
    "role given on day 3": told(
        membership((day(-100), Role.TRADER, True), (day(3), Role.REFINER, True))
    ),
    "role taken away on day 3": told(membership(FOUNDED, (day(3), Role.TRADER, True))),
    "anchored on day 8": told(anchored(day(8))),
    "anchored an hour before the date it bears": told(anchored(VALID_FROM - 3_600)),
    "no anchor is on the chain": told(facts(anchor=Known(None))),
    "asked for a buyer of day -1": told(relied_on_at_s=day(-1)),
    "anchored when it had ended": told(anchored(VALID_UNTIL), block(VALID_UNTIL + DAY)),
    "ended since": told(block(VALID_UNTIL)),
    "ended since, for a buyer of day 4": told(block(VALID_UNTIL), relied_on_at_s=day(4)),
    "revoked by its issuer on day 5": told(_WITHDRAWN),
    "revoked by its issuer on day 5, for a buyer of day 4": told(_WITHDRAWN, relied_on_at_s=day(4)),
    "withdrawn for cause by a body on day 5, since day 3": told(_VOIDED),
    "withdrawn for cause by a body on day 5, since day 3, for a buyer of day 4": told(
        _VOIDED, relied_on_at_s=day(4)
    ),
    "withdrawn for cause by a body on day 5, since day 3, for a buyer of day 2": told(
        _VOIDED, relied_on_at_s=day(2)
    ),
    "revoked in a published list alone": told(listed(True)),
    "revoked on the chain, not in the published list": told(_WITHDRAWN, listed(False)),
    "superseded on day 5": told(status(_SUPERSEDE, 5)),
    "superseded on day 5, then revoked on day 6": told(
        status(_SUPERSEDE, 5), revoked(6, StatusReason.ISSUED_IN_ERROR)
    ),
    "disputed on day 5": told(status(_DISPUTE, 5, by=OTHER)),
    "disputed on day 5, closed on day 6": told(
        status(_DISPUTE, 5, by=OTHER), status(StatusAction.DISPUTE_CLOSED, 6, by=OTHER)
    ),
    "disputed on day 5, 90 days ago": told(status(_DISPUTE, 5, by=OTHER), block(day(95))),
    "disputed on day 5, upheld on day 6, 90 days ago": told(
        status(_DISPUTE, 5, by=OTHER),
        status(_UPHELD, 6, by=MemberId(8), party=OTHER),
        block(day(95)),
    ),
    "the newest final block is two hours old": told(facts(asked_at_s=UnixSeconds(NOW + 7_200))),
    "asked for a buyer of day 11": told(relied_on_at_s=day(11)),
    "the status list could not be asked": told(facts(status=_NO_ANSWER)),
    "an entry of the key list is missing": told(
        facts(keys=Known(key_entries((_STOLEN, day(-1), day(5)), (_RETIRE, day(6), day(6)))[::2]))
    ),
    "issuer expelled on day 3, superseded on day 5, disputed on day 6": told(
        membership(FOUNDED, (day(3), *GONE)),
        status(_SUPERSEDE, 5),
        status(_DISPUTE, 6, by=OTHER),
    ),
}
