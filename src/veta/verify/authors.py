"""Whose word a verified statement is: for those who judge several statements together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from veta.model.bundle import LedgerFacts
from veta.model.consortium import Member, Role
from veta.model.determined import Known
from veta.model.identifiers import Leaf
from veta.monitoring.rounds import Author
from veta.verify.timing import roles_at
from veta.verify.verdict import Check, Outcome, Step

_ALONE: Final = frozenset(Step(number) for number in range(1, 8))
_GOOD: Final = frozenset({Outcome.PASSED, Outcome.NOTICE})
_REVOKED: Final = "status.revoked"
_SUPERSEDED: Final = "status.superseded"


def group_words(member: Member) -> str:
    """A member's control group; one without is a group of its own."""
    return f"group {member.control_group}" if member.control_group else f"member {member.member}"


def author_told(checks: Iterable[Check], facts: LedgerFacts) -> Author | None:
    """The author of a statement that is good by steps 1 to 7, or bad only for being revoked.

    Args:
        checks: of the statement; others than those of steps 1 to 7 are not looked at.
        facts: by which it was judged.

    Returns:
        ``None`` for any other statement: it is nobody's that can be shown.
    """
    alone = [each for each in checks if each.step in _ALONE]
    bad = [each for each in alone if each.outcome not in _GOOD]
    known = (facts.issuer, facts.membership, facts.anchor)
    if {each.step for each in alone} != _ALONE or any(each.code != _REVOKED for each in bad):
        return None
    if not all(isinstance(each, Known) for each in known):
        return None
    assert isinstance(facts.issuer, Known)
    assert isinstance(facts.membership, Known)
    assert isinstance(facts.anchor, Known)
    member, anchor = facts.issuer.value, facts.anchor.value
    if member is None or anchor is None:
        return None
    roles = roles_at(facts.membership.value, anchor.anchored_at_s) or Role(0)
    return Author(
        party=member.identifier,
        name=member.name,
        control_group=group_words(member),
        is_community=Role.COMMUNITY in roles,
        anchored_s=anchor.anchored_at_s,
        withdrawn=bool(bad),
        superseded_by=_successor(alone),
        notices=tuple(each.sentence for each in alone if each.outcome is Outcome.NOTICE),
    )


def _successor(checks: Iterable[Check]) -> Leaf | None:
    for check in checks:
        leaf = check.facts.get("superseded_by")
        if check.code == _SUPERSEDED and isinstance(leaf, str):
            return Leaf(bytes.fromhex(leaf))
    return None
