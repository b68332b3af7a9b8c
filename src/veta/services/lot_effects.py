"""What the contracts' state says of a lot call: done, not done, or something else in its place."""

from __future__ import annotations

from typing import Final

from veta.custody.encoding import WITHDRAWN
from veta.model.anchoring import BlockRef
from veta.model.assurance_events import RecordAction
from veta.model.identifiers import Leaf, MemberId
from veta.model.lot_events import NO_TIME
from veta.model.lots import LotId, LotRecord, LotState
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.lots import LotLedgerReader
from veta.services.outbox_rules import Effect

_NEVER_ISSUED: Final = bytes(32)
_WITHDRAWN: Final = WITHDRAWN.to_bytes(32)
_NOBODY: Final = MemberId(0)
_RECORDING: Final = frozenset({LotVerb.ACCREDIT, LotVerb.CERTIFY})


def lot_effect(lots: LotLedgerReader, call: LotCall, block: BlockRef, *, included: bool) -> Effect:
    """Contract state at the block.

    Args:
        lots: the chain.
        call: what was meant.
        block: where to read.
        included: a final block holds a transaction of this call that succeeded. An offer may be
            declined and a lot may be passed on before anybody looks: where state cannot tell any
            more whether it was done, that it was included does.
    """
    if call.root is not None:
        effect = _batch_effect(lots, call, block)
    elif call.verb.told_by_receipt:
        effect = Effect.ABSENT
    elif call.rule:
        effect = _rule_effect(lots, call, block)
    elif call.verb in _RECORDING:
        effect = _recorded(lots, call, block)
    elif call.record:
        effect = _record_ended(lots, call, block)
    else:
        effect = _all(lots, call, block)
    passing = effect is Effect.ABSENT and included and not call.lasts
    return Effect.PRESENT if passing else effect


def _batch_effect(lots: LotLedgerReader, call: LotCall, block: BlockRef) -> Effect:
    assert call.root is not None  # the caller looked
    word = lots.batch_word(call.member, call.root, block)
    done = word == _WITHDRAWN if call.verb is LotVerb.WITHDRAW else word != _NEVER_ISSUED
    return Effect.PRESENT if done else Effect.ABSENT


def _rule_effect(lots: LotLedgerReader, call: LotCall, block: BlockRef) -> Effect:
    state = lots.rule_state(call.rule, block)
    if state is None:
        return Effect.ABSENT
    if call.verb is LotVerb.END_RULE:
        return Effect.PRESENT if state.until_s <= block.time_s else Effect.ABSENT
    if state.assurer in {_NOBODY, call.member}:
        return Effect.ABSENT if state.assurer == _NOBODY else Effect.PRESENT
    return Effect.FOREIGN


def _recorded(lots: LotLedgerReader, call: LotCall, block: BlockRef) -> Effect:
    """A document is recorded once; of somebody else's by its leaf there is another one."""
    assert call.digest is not None  # the store holds a verb against what it says
    number = lots.record_of(call.member, Leaf(call.digest), block)
    record = lots.assurance_record(number, block) if number else None
    if record is None:
        return Effect.ABSENT
    asked = (call.record, call.to) if call.verb is LotVerb.ACCREDIT else (call.record, None)
    subject = record.subject if call.verb is LotVerb.ACCREDIT else None
    return Effect.PRESENT if (record.parent, subject) == asked else Effect.FOREIGN


def _record_ended(lots: LotLedgerReader, call: LotCall, block: BlockRef) -> Effect:
    record = lots.assurance_record(call.record, block)
    wanted = RecordAction.VOID if call.verb is LotVerb.VOID else RecordAction.WITHDRAW
    entries = () if record is None else record.entries
    done = any(
        (entry.action, entry.by_member) == (wanted, call.member)
        and call.until_s in {NO_TIME, entry.effective_s}
        for entry in entries
    )
    return Effect.PRESENT if done else Effect.ABSENT


def _all(lots: LotLedgerReader, call: LotCall, block: BlockRef) -> Effect:
    found = {_lot_effect(lots, call, lot, lots.lot(lot, block), block) for lot in call.lots}
    for effect in (Effect.FOREIGN, Effect.ABSENT):
        if effect in found:
            return effect
    return Effect.PRESENT


def _lot_effect(
    lots: LotLedgerReader, call: LotCall, lot: LotId, record: LotRecord, block: BlockRef
) -> Effect:
    match call.verb:
        case LotVerb.OPEN:
            return _opened(call, record)
        case LotVerb.OFFER:
            done = _offered(call, record)
        case LotVerb.DECLINE:
            done = record.state is not LotState.OFFERED or record.offered_to != call.member
        case LotVerb.FREEZE:
            done = record.frozen_until_s >= call.until_s
        case LotVerb.RETIRE if record.state is LotState.RETIRED:
            return Effect.PRESENT if record.holder == call.member else Effect.FOREIGN
        case LotVerb.EXIT:
            left = record.state is LotState.EXITED
            done = left and lots.exit_digest(lot, block) == call.digest
        case LotVerb.ACCEPT | LotVerb.REENTER:
            done = record.holder == call.member and record.state is not LotState.EXITED
        case _:
            done = False
    return Effect.PRESENT if done else Effect.ABSENT


def _opened(call: LotCall, record: LotRecord) -> Effect:
    """A lot that went on has another commitment once its receiver measured otherwise."""
    if record.state is LotState.UNOPENED:
        return Effect.ABSENT
    moved_on = record.previous_holder != _NOBODY
    if record.commitment != call.digest and not moved_on:
        return Effect.FOREIGN
    if call.to == _NOBODY or moved_on or _offered(call, record):
        return Effect.PRESENT
    return Effect.ABSENT


def _offered(call: LotCall, record: LotRecord) -> bool:
    stands = (record.holder, record.offered_to, record.offer_until_s)
    offered = record.state is LotState.OFFERED and stands == (call.member, call.to, call.until_s)
    return offered or (record.previous_holder, record.holder) == (call.member, call.to)
