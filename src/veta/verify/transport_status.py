"""Entries of status lists, in a bundle's file and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veta.model.anchoring import StatusAction, StatusEntry, StatusReason
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.verify.strict_json import hex_or_none, octets, optional, text, whole


def status_json(entry: StatusEntry) -> dict[str, Any]:
    """One entry as JSON."""
    return {
        "issuer": entry.issuer,
        "leaf": entry.leaf.hex(),
        "index": entry.index,
        "action": entry.action.name,
        "reason": entry.reason.name,
        "byMember": entry.by_member,
        "effective": entry.effective_s,
        "recordedAt": entry.recorded_at_s,
        "relatedLeaf": hex_or_none(entry.related_leaf),
        "party": entry.party,
        "grounds": hex_or_none(entry.grounds),
    }


def read_status(value: Mapping[str, Any]) -> StatusEntry:
    """One entry from JSON."""
    return StatusEntry(
        issuer=MemberId(whole(value["issuer"])),
        leaf=Leaf(octets(value["leaf"], 32)),
        index=whole(value["index"]),
        action=StatusAction[text(value["action"])],
        reason=StatusReason[text(value["reason"])],
        by_member=MemberId(whole(value["byMember"])),
        effective_s=UnixSeconds(whole(value["effective"])),
        recorded_at_s=UnixSeconds(whole(value["recordedAt"])),
        related_leaf=optional(value["relatedLeaf"], lambda each: Leaf(octets(each, 32))),
        party=optional(value["party"], lambda each: MemberId(whole(each))),
        grounds=optional(value["grounds"], lambda each: Digest(octets(each, 32))),
    )
