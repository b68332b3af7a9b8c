"""The time rules: which answer of ``veta.verify.time_table`` a history gives.

All times are Unix seconds of the chain's blocks, or instants the document names; the verifier's
own clock is used for nothing here. Windows are [from, to). Each function answers for every
combination of its arguments with exactly one finding (``judge_status`` with a list), so nothing
falls between.

    key, anchored at t               before bound: failed · from retired or paused: failed ·
                                     compromised since S, declared at D:
                                     S <= t < D: contested · t >= D: failed
    contested                        not proven; a notice once the issuer re-affirmed the statement
    anchored after validFrom         more than ``late_after_s``: notice (late)
    validFrom after anchored         more than ``future_skew_s``: failed
    expired when anchored            failed;  expired since: notice
    revoked, effective e, said at D  relied on before e: notice · e <= relied on < D: contested, not
                                     proven · from D: failed
    superseded, disputed             notice
    chain and status list differ     the stricter counts, and a notice
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.consortium import KeyAction, KeyEntry, MembershipEntry, Role
from veta.model.identifiers import KeyId, Leaf, MemberId, UnixSeconds
from veta.verify.time_table import ANSWERS
from veta.verify.verdict import Outcome


class KeyStanding(enum.StrEnum):
    """What a key was worth at one moment."""

    GOOD = "key.good"
    UNKNOWN = "key.unknown"
    NOT_YET_BOUND = "key.not_yet_bound"
    RETIRED = "key.retired"
    PAUSED = "key.paused"
    CONTESTED = "key.contested"
    COMPROMISED = "key.compromised"


_SEVERITY = (
    KeyStanding.COMPROMISED,
    KeyStanding.PAUSED,
    KeyStanding.RETIRED,
    KeyStanding.CONTESTED,
    KeyStanding.GOOD,
)


@dataclass(frozen=True, slots=True)
class KeyJudgement:
    """Standing of a key at a moment, with the entry that decided it."""

    standing: KeyStanding
    decided_by: KeyEntry | None


def judge_key(entries: Sequence[KeyEntry], key_id: KeyId, at_s: UnixSeconds) -> KeyJudgement:
    """Standing of ``key_id`` at ``at_s``, folded from the member's whole append-only key list.

    The worst of all entries counts; adding an entry never makes a key better (property test).
    """
    mine = [entry for entry in entries if entry.key_id == key_id]
    bound = [entry for entry in mine if entry.action is KeyAction.BIND]
    if not bound:
        return KeyJudgement(KeyStanding.UNKNOWN, None)
    first = bound[0]
    if at_s < first.effective_s:
        return KeyJudgement(KeyStanding.NOT_YET_BOUND, first)
    found = {KeyStanding.GOOD: first}
    for entry in mine:
        standing = _standing_from(entry, at_s)
        if standing is not None:
            found.setdefault(standing, entry)
    worst = next(standing for standing in _SEVERITY if standing in found)
    return KeyJudgement(worst, found[worst])


def _standing_from(entry: KeyEntry, at_s: UnixSeconds) -> KeyStanding | None:
    """What one entry says of the key at the moment, or nothing."""
    match entry.action:
        case KeyAction.BIND:
            return None
        case KeyAction.RETIRE:
            return KeyStanding.RETIRED if at_s >= entry.effective_s else None
        case KeyAction.PAUSE:
            return KeyStanding.PAUSED if at_s >= entry.recorded_at_s else None
        case KeyAction.COMPROMISE:
            if at_s >= entry.recorded_at_s:
                return KeyStanding.COMPROMISED
            return KeyStanding.CONTESTED if at_s >= entry.effective_s else None


def roles_at(entries: Sequence[MembershipEntry], at_s: UnixSeconds) -> Role | None:
    """The member's roles at ``at_s``; ``None`` if it was not admitted then."""
    current: MembershipEntry | None = None
    for entry in entries:
        if entry.effective_s <= at_s:
            current = entry
    if current is None or not current.admitted:
        return None
    return current.roles


def left_since(
    entries: Sequence[MembershipEntry], anchored_at_s: UnixSeconds, now_s: UnixSeconds
) -> MembershipEntry | None:
    """The entry by which a member of then is none now; ``None`` if it is, or was none then."""
    if roles_at(entries, anchored_at_s) is None or roles_at(entries, now_s) is not None:
        return None
    ended = [each for each in entries if not each.admitted and each.effective_s <= now_s]
    return ended[-1]


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome and code of one time rule."""

    code: str
    entry: StatusEntry | None = None

    @property
    def outcome(self) -> Outcome:
        """What the table makes of it."""
        return ANSWERS[self.code].outcome

    @property
    def sentence(self) -> str:
        """The table's words."""
        return ANSWERS[self.code].sentence


def judge_contest(standing: KeyStanding, *, reaffirmed: bool) -> Finding:
    """What a key's standing at anchor time means for the statement."""
    if standing is KeyStanding.CONTESTED and reaffirmed:
        return Finding("key.contested_reaffirmed")
    return Finding(standing.value)


def judge_anchor_time(
    *,
    valid_from_s: UnixSeconds,
    anchored_at_s: UnixSeconds,
    late_after_s: int,
    future_skew_s: int,
) -> Finding:
    """Whether the document's own date fits the block that anchored it."""
    if valid_from_s - anchored_at_s > future_skew_s:
        return Finding("validity.anchored_before_valid")
    if anchored_at_s - valid_from_s > late_after_s:
        return Finding("anchor.late")
    return Finding("anchor.timely")


def judge_validity(
    *,
    valid_until_s: UnixSeconds | None,
    anchored_at_s: UnixSeconds,
    relied_on_at_s: UnixSeconds,
) -> Finding:
    """Whether the statement had ended when it was anchored, or when it is relied upon."""
    if valid_until_s is None:
        return Finding("validity.open_ended")
    if anchored_at_s >= valid_until_s:
        return Finding("validity.expired_before_anchor")
    if relied_on_at_s >= valid_until_s:
        return Finding("validity.expired")
    return Finding("validity.current")


def judge_status(
    entries: Sequence[StatusEntry],
    *,
    relied_on_at_s: UnixSeconds,
    listed_revoked: bool | None,
    dispute_lapse_s: int = 90 * 86_400,
) -> list[Finding]:
    """Everything the status list of (issuer, leaf) says; never empty.

    Args:
        entries: the whole append-only list.
        relied_on_at_s: when the reader relies on the statement; normally the block's own time.
        listed_revoked: what a published status list says, ``None`` if there is none.
        dispute_lapse_s: a dispute that nobody upheld is over after this.
    """
    findings = [_judge_revocation(entry, relied_on_at_s) for entry in _revocations(entries)]
    revoked = any(finding.outcome is Outcome.FAILED for finding in findings)
    if listed_revoked is not None and listed_revoked != revoked:
        findings.append(Finding("status.conflict"))
        if listed_revoked:
            findings.append(Finding("status.revoked_in_list"))
    superseded = [entry for entry in entries if entry.action is StatusAction.SUPERSEDE]
    findings += [Finding("status.superseded", entry) for entry in superseded[:1]]
    findings += [
        Finding("status.disputed", entry)
        for entry in open_disputes(entries, relied_on_at_s, dispute_lapse_s)
    ]
    return findings or [Finding("status.clear")]


def _revocations(entries: Sequence[StatusEntry]) -> list[StatusEntry]:
    return [entry for entry in entries if entry.action is StatusAction.REVOKE]


_RETROACTIVE = frozenset(
    {StatusReason.COMPROMISED, StatusReason.VOIDED_BY_BODY, StatusReason.VOIDED_BY_ACCREDITOR}
)


def _judge_revocation(entry: StatusEntry, relied_on_at_s: UnixSeconds) -> Finding:
    said_at_s = entry.recorded_at_s
    # Only some reasons may reach into the past; for the others the block's time is what counts.
    since_s = min(entry.effective_s, said_at_s) if entry.reason in _RETROACTIVE else said_at_s
    if relied_on_at_s >= said_at_s:
        return Finding("status.revoked", entry)
    if relied_on_at_s >= since_s:
        return Finding("status.contested", entry)
    return Finding("status.revoked_later", entry)


def open_disputes(
    entries: Sequence[StatusEntry], at_s: UnixSeconds, lapse_s: int
) -> list[StatusEntry]:
    """Disputes neither closed by their party nor lapsed: one at most a party.

    An upheld dispute does not lapse. What an entry says counts from when it was recorded.
    """
    opened: dict[MemberId, StatusEntry] = {}
    upheld: set[MemberId] = set()
    for entry in entries:
        if entry.recorded_at_s > at_s:
            continue
        if entry.action is StatusAction.DISPUTE:
            opened[entry.by_member] = entry
            upheld.discard(entry.by_member)
        elif entry.action is StatusAction.DISPUTE_CLOSED:
            opened.pop(entry.by_member, None)
        elif entry.action is StatusAction.DISPUTE_UPHELD and entry.party is not None:
            upheld.add(entry.party)
    return [
        entry
        for party, entry in opened.items()
        if party in upheld or at_s < entry.recorded_at_s + lapse_s
    ]


def reaffirmed_after(
    entries: Sequence[StatusEntry], leaf: Leaf, declared_at_s: UnixSeconds
) -> bool:
    """Whether the issuer stood by the statement after its key's compromise was declared."""
    return any(
        entry.action is StatusAction.REAFFIRM
        and entry.leaf == leaf
        and entry.by_member == entry.issuer
        and entry.recorded_at_s >= declared_at_s
        for entry in entries
    )
