"""What an opened lot is now: its opening, and everything that happened since, in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from veta.custody.encoding import lot_commitment
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lot_events import LotAction, LotChange
from veta.model.lots import LotRecord, LotState, OpenedLot

_NOBODY = MemberId(0)
_NEVER = UnixSeconds(0)


def folded(opened: OpenedLot, changes: Iterable[LotChange]) -> tuple[OpenedLot, LotRecord]:
    """A lot after its changes: what has its commitment now, and its two slots.

    Args:
        opened: as it was opened.
        changes: everything since, in the order of the chain.
    """
    record = LotRecord(
        state=LotState.HELD,
        holder=opened.header.issuer,
        offered_to=_NOBODY,
        previous_holder=_NOBODY,
        taken=0,
        frozen_until_s=_NEVER,
        offer_until_s=_NEVER,
        commitment=lot_commitment(opened),
    )
    for change in changes:
        if change.action is LotAction.REBASED:
            opened = replace(opened, quantities=change.after)
            record = replace(record, taken=0, commitment=lot_commitment(opened))
        else:
            record = _after(record, change)
    return opened, record


def _after(record: LotRecord, change: LotChange) -> LotRecord:
    match change.action:
        case LotAction.TAKEN:
            state = LotState.CONSUMED if change.code else record.state
            after = replace(record, state=state, taken=change.taken + change.amount)
        case LotAction.OFFERED:
            after = replace(record, state=LotState.OFFERED, offered_to=change.to)
            after = replace(after, offer_until_s=change.until_s)
        case LotAction.OFFER_ENDED:
            after = _held(record, record.holder, record.previous_holder)
        case LotAction.ACCEPTED:
            after = _held(record, change.to, change.by)
        case LotAction.REENTERED:
            after = _held(record, change.by, record.holder)
        case LotAction.FROZEN:
            after = replace(record, frozen_until_s=change.until_s)
        case _:
            after = replace(record, state=_ENDS.get(change.action, record.state))
    return after


def _held(record: LotRecord, holder: MemberId, previous: MemberId) -> LotRecord:
    free = replace(record, state=LotState.HELD, offered_to=_NOBODY, offer_until_s=_NEVER)
    return replace(free, holder=holder, previous_holder=previous)


_ENDS: Final = {
    LotAction.RETIRED: LotState.RETIRED,
    LotAction.EXITED: LotState.EXITED,
    LotAction.HANDED_OVER: LotState.HANDED_OVER,
}
