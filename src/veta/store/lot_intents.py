"""Lot calls as rows of their own beside their intents."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.engine import RowMapping

from veta.model.identifiers import AccountAddress, Digest, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import LotId
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb

LOT_CALL: Final = 64
"""Action of an intent that is a lot call: no status has it."""
PREFIX: Final = "lot_call_"
"""Of the columns of ``lot_calls`` beside an intent's."""
_DIGEST: Final = 32
_OF_RULE: Final = frozenset({LotVerb.CONFIRM_RULE, LotVerb.END_RULE})
_OF_RECORD: Final = frozenset(
    {
        LotVerb.CERTIFY,
        LotVerb.SUSPEND,
        LotVerb.LIFT,
        LotVerb.WITHDRAW_RECORD,
        LotVerb.VOID,
    }
)
"""Their number stands in the column of a rule's."""
_NAMING: Final = frozenset(
    {LotVerb.OPEN, LotVerb.EXIT, LotVerb.REPLACE, LotVerb.ACCREDIT, LotVerb.CERTIFY}
)


def intent_values(call: LotCall) -> dict[str, Any]:
    """Of ``intents``: every column of a status change says something, so these do as well."""
    return {
        "action": LOT_CALL,
        "issuer": call.member,
        "leaf": call.request,
        "reason": 0,
        "effective_s": 0,
        "after": 0,
    }


def call_values(intent: int, call: LotCall) -> dict[str, Any]:
    """Of ``lot_calls``."""
    return {
        "intent": intent,
        "verb": call.verb.value,
        "request": call.request,
        "member": call.member,
        "draws": call.draws,
        "root": call.root,
        "lots": b"".join(call.lots),
        "to_member": call.to,
        "until_s": call.until_s,
        "digest": call.digest,
        "purpose": call.call.purpose,
        "to_address": call.call.to,
        "call_data": call.call.data,
        "gas_limit": call.call.gas_limit,
        "rule": call.rule or call.record or None,
    }


def read_lot_call(row: RowMapping, prefix: str = "") -> LotCall:
    """Out of a row of ``lot_calls``.

    Raises:
        ValueError: the row holds something else.
    """

    def value(name: str) -> Any:
        return row[prefix + name]

    def is_digest(name: str) -> bool:
        return value(name) is not None and len(value(name)) == _DIGEST

    lots, verb = value("lots"), LotVerb(value("verb"))
    of_batch = verb in {LotVerb.RUN, LotVerb.WITHDRAW, LotVerb.REPLACE}
    of_rule, of_record = verb in _OF_RULE, verb in _OF_RECORD
    found = (is_digest("root"), is_digest("digest"), bool(value("rule")))
    if len(lots) % _DIGEST or found != (of_batch, verb in _NAMING, of_rule or of_record):
        raise ValueError("the call says something else than its verb")
    call = Call(
        AccountAddress(value("to_address")),
        value("call_data"),
        value("gas_limit"),
        value("purpose"),
    )
    return LotCall(
        verb=verb,
        member=MemberId(value("member")),
        request=Digest(value("request")),
        call=call,
        draws=value("draws"),
        root=None if value("root") is None else LotRoot(value("root")),
        lots=tuple(LotId(lots[at : at + _DIGEST]) for at in range(0, len(lots), _DIGEST)),
        to=MemberId(value("to_member")),
        until_s=UnixSeconds(value("until_s")),
        digest=None if value("digest") is None else Digest(value("digest")),
        rule=value("rule") if of_rule else 0,
        record=value("rule") if of_record else 0,
    )
