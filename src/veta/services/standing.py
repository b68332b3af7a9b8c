"""What sites, certificates, rules and disputes are now: their events, folded in order. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from veta.model.assurance_events import (
    DisputeClosed,
    DisputeOpened,
    DisputeUpheld,
    RecognitionSet,
    RecordAction,
    RecordHandedOver,
    RecordMade,
    RecordSource,
    RecordStatusChanged,
    RuleConfirmed,
    RuleEnded,
    RuleRegistered,
)
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import AllocationRule
from veta.model.registry_events import CapacitySet, ExternalCeilingSet, OperatorSet


class Standing(enum.StrEnum):
    """Where something with a window stands at a moment."""

    PROPOSED = "proposed"
    """A rule that nobody confirmed."""
    NOT_YET = "not-yet"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    HANDED_OVER = "handed-over"


@dataclass(frozen=True, slots=True)
class RecordNow:
    """An accreditation or certificate with everything that became of it."""

    made: RecordMade
    until_s: UnixSeconds
    """Brought forward by its end."""
    suspended_by: frozenset[RecordSource] = frozenset()
    ended: RecordAction = RecordAction.NONE
    """WITHDRAW or VOID; the last of them."""
    handed_over: bool = False

    def standing(self, at_s: int) -> Standing:
        """Where it stands at a moment; what was done later is seen all the same."""
        if self.ended is RecordAction.VOID and at_s >= self.until_s:
            return Standing.VOID
        if self.ended is RecordAction.WITHDRAW and at_s >= self.until_s:
            return Standing.WITHDRAWN
        if at_s >= self.until_s:
            return Standing.HANDED_OVER if self.handed_over else Standing.OVER
        if at_s < self.made.from_s:
            return Standing.NOT_YET
        return Standing.SUSPENDED if self.suspended_by else Standing.IN_FORCE


def record_now(
    made: RecordMade, story: Iterable[RecordStatusChanged | RecordHandedOver]
) -> RecordNow:
    """A record after everything that was said of it, in order."""
    record = RecordNow(made, made.until_s)
    for event in story:
        if isinstance(event, RecordHandedOver):
            record = replace(record, until_s=event.until_s, handed_over=True)
        elif event.action is RecordAction.SUSPEND:
            record = replace(record, suspended_by=record.suspended_by | {event.source})
        elif event.action is RecordAction.LIFT:
            record = replace(record, suspended_by=record.suspended_by - {event.source})
        else:
            record = replace(record, until_s=event.effective_s, ended=event.action)
    return record


@dataclass(frozen=True, slots=True)
class RuleNow:
    """An allocation rule with everything that became of it."""

    registered: RuleRegistered
    assurer: MemberId | None
    """Who confirmed it, ``None``: nobody."""
    from_s: UnixSeconds
    until_s: UnixSeconds

    @property
    def confirmed(self) -> AllocationRule | None:
        """As the lot book goes by it; ``None`` if nobody confirmed it."""
        if self.assurer is None:
            return None
        told = self.registered
        return AllocationRule(told.rule, told.site, self.from_s, self.until_s, told.shares)

    def standing(self, at_s: int) -> Standing:
        """Where it stands at a moment."""
        if at_s >= self.until_s:
            return Standing.OVER
        if self.assurer is None:
            return Standing.PROPOSED
        return Standing.NOT_YET if at_s < self.from_s else Standing.IN_FORCE


def rule_now(registered: RuleRegistered, story: Iterable[RuleConfirmed | RuleEnded]) -> RuleNow:
    """A rule after it was confirmed or ended."""
    rule = RuleNow(registered, None, registered.from_s, registered.until_s)
    for event in story:
        if isinstance(event, RuleConfirmed):
            rule = replace(rule, assurer=event.assurer, from_s=event.from_s)
        else:
            rule = replace(rule, until_s=event.until_s)
    return rule


def operators_at(entries: Iterable[OperatorSet], at_s: int) -> tuple[OperatorSet, ...]:
    """The entries of a site's list by which members operate it at a moment, by member."""
    last: dict[MemberId, OperatorSet] = {}
    for entry in entries:
        if entry.recorded_s <= at_s:
            last[entry.member] = entry
    return tuple(last[m] for m in sorted(last) if last[m].from_s <= at_s < last[m].until_s)


def recognitions_at(entries: Iterable[RecognitionSet], at_s: int) -> tuple[RecognitionSet, ...]:
    """The entries by which schemes recognise bodies at a moment, by scheme and body."""
    last: dict[tuple[int, MemberId], RecognitionSet] = {}
    for entry in entries:
        if entry.recorded_s <= at_s:
            last[entry.scheme, entry.body] = entry
    return tuple(last[key] for key in sorted(last) if last[key].from_s <= at_s < last[key].until_s)


def amount_at(entries: Sequence[CapacitySet | ExternalCeilingSet], at_s: int) -> int:
    """The amount of a list that is in force at a moment, 0 before the first.

    An entry that was pending when the next one was recorded never comes into force.
    """
    amount = pending = effective_s = 0
    for entry in entries:
        if entry.recorded_s > at_s:
            break
        if effective_s <= entry.recorded_s:
            amount = pending
        pending, effective_s = entry.amount, entry.effective_s
    return pending if effective_s <= at_s else amount


@dataclass(frozen=True, slots=True)
class DisputeNow:
    """A party's last dispute of a subject."""

    opened: DisputeOpened
    closed: bool = False
    upheld_by: MemberId | None = None

    def is_open(self, at_s: int) -> bool:
        """Whether it stands: upheld until it is closed, else until it lapses or is closed."""
        lapsed = self.upheld_by is None and at_s >= self.opened.lapses_s
        return not self.closed and not lapsed


def disputes_now(
    story: Iterable[DisputeOpened | DisputeClosed | DisputeUpheld],
) -> tuple[DisputeNow, ...]:
    """Each party's last dispute of a subject, by party.

    Args:
        story: what was said of one subject, in order.
    """
    last: dict[MemberId, DisputeNow] = {}
    for event in story:
        match event:
            case DisputeOpened():
                last[event.party] = DisputeNow(event)
            case DisputeClosed():
                last[event.party] = replace(last[event.party], closed=True)
            case DisputeUpheld():
                last[event.party] = replace(last[event.party], upheld_by=event.by)
    return tuple(last[party] for party in sorted(last))
