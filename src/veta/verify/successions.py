"""Statements of one issuer that took each other's place, as the status lists say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from veta.model.anchoring import StatusAction, StatusEntry
from veta.model.identifiers import Leaf, MemberId

MAX_SUCCESSIONS: Final = 64
"""Statements about one lot, one after the other, that are looked at."""


def took_its_place(
    entries: Iterable[StatusEntry], issuer: MemberId, first: Leaf, later: Leaf
) -> bool:
    """Whether ``later`` superseded ``first``, at once or by way of others of the same issuer.

    Args:
        entries: of status lists, in the order of each list: the newest supersedes of a leaf counts.
        issuer: whose statements they are.
        first: the earlier one.
        later: the other one; never ``first`` itself.
    """
    following = {
        entry.leaf: entry.related_leaf
        for entry in entries
        if entry.action is StatusAction.SUPERSEDE and entry.issuer == issuer
    }
    at: Leaf | None = first
    for _ in range(MAX_SUCCESSIONS):
        at = None if at is None else following.get(at)
        if at == later:
            return True
    return False


def newest_of(entries: Iterable[StatusEntry], issuer: MemberId, first: Leaf) -> tuple[Leaf, ...]:
    """The statements of one issuer that took ``first``'s place, one after the other.

    Args:
        entries: of status lists, in the order of each list.
        issuer: whose statements they are.
        first: the earliest one.

    Returns:
        ``first`` and its successors; the last one is the newest.
    """
    following = {
        entry.leaf: entry.related_leaf
        for entry in entries
        if entry.action is StatusAction.SUPERSEDE and entry.issuer == issuer
    }
    found = [first]
    while len(found) <= MAX_SUCCESSIONS:
        after = following.get(found[-1])
        if after is None or after in found:
            break
        found.append(after)
    return tuple(found)
