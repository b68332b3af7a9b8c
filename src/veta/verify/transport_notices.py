"""What is said beside lots and batches, in a bundle's file and out of it."""

from __future__ import annotations

from typing import Any, Final

from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.notices import LotDispute, LotNoticeFacts, Restatement
from veta.verify.strict_json import flag, listed, members, octets, optional, whole

_MOST: Final = 65_536
"""Entries of either list: 64 restatements of each of 512 batches, and more."""


def notices_json(facts: LotNoticeFacts) -> dict[str, Any]:
    """Restatements and disputes as JSON."""
    return {
        "restatements": [
            {
                "issuer": each.issuer,
                "root": each.root.hex(),
                "column": each.column,
                "delta": each.delta,
                "reason": each.reason,
                "assurer": each.assurer,
                "recordedAt": each.recorded_at_s,
                "statementLeaf": each.statement_leaf.hex(),
            }
            for each in facts.restatements
        ],
        "disputes": [
            {
                "subject": each.subject.hex(),
                "party": each.party,
                "openedAt": each.opened_at_s,
                "lapses": each.lapses_s,
                "closed": each.closed,
                "upheld": each.upheld,
            }
            for each in facts.disputes
        ],
    }


def read_notices(value: Any) -> LotNoticeFacts:
    """Restatements and disputes from JSON."""
    document = members(value, "restatements", "disputes")
    return LotNoticeFacts(
        listed(document["restatements"], _MOST, _read_restatement),
        listed(document["disputes"], _MOST, _read_dispute),
    )


def _read_restatement(value: Any) -> Restatement:
    document = members(
        value,
        *("issuer", "root", "column", "delta", "reason", "assurer", "recordedAt", "statementLeaf"),
    )
    return Restatement(
        issuer=MemberId(whole(document["issuer"])),
        root=LotRoot(octets(document["root"], 32)),
        column=ColumnKey(whole(document["column"])),
        delta=_delta(document["delta"]),
        reason=whole(document["reason"]),
        assurer=optional(document["assurer"], lambda each: MemberId(whole(each))),
        recorded_at_s=UnixSeconds(whole(document["recordedAt"])),
        statement_leaf=Leaf(octets(document["statementLeaf"], 32)),
    )


def _delta(value: object) -> int:
    """A whole number of either sign."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("something else where a difference belongs")
    return value


def _read_dispute(value: Any) -> LotDispute:
    document = members(value, "subject", "party", "openedAt", "lapses", "closed", "upheld")
    return LotDispute(
        subject=Digest(octets(document["subject"], 32)),
        party=MemberId(whole(document["party"])),
        opened_at_s=UnixSeconds(whole(document["openedAt"])),
        lapses_s=UnixSeconds(whole(document["lapses"])),
        closed=flag(document["closed"]),
        upheld=flag(document["upheld"]),
    )
