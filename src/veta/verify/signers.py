"""What the chain says of whoever signed a statement: role, control group, accreditation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from veta.evidence.grades import Accreditation, Role, Signer
from veta.evidence.windows import Window
from veta.model.assurance import AccreditationFacts, AssuranceRecord, RecognitionEntry
from veta.model.assurance_events import RecordAction, RecordSource
from veta.model.bundle import FactsBeside
from veta.model.columns import SubstanceId
from veta.model.consortium import Role as MemberRole
from veta.model.determined import Known
from veta.verify.authors import group_words
from veta.verify.timing import roles_at

NO_SCOPE: Final = "(no accreditation was named)"
LAST_S: Final = 253_402_300_800
_ROLES: Final = {
    MemberRole.LABORATORY: Role.LABORATORY,
    MemberRole.FOOTPRINT_VERIFIER: Role.VERIFIER,
    MemberRole.CERTIFICATION_BODY: Role.CERTIFICATION_BODY,
    MemberRole.COMMUNITY: Role.COMMUNITY,
}


def signer_of(facts: FactsBeside, substances: Iterable[SubstanceId] = ()) -> Signer | None:
    """Who signed a statement that came out good; ``None`` if the chain did not tell.

    Args:
        facts: about the statement; the accreditation that it names counts if it is its signer's.
        substances: that the accreditation has to cover.
    """
    known = (facts.issuer, facts.membership, facts.anchor)
    if not all(isinstance(each, Known) for each in known):
        return None
    assert isinstance(facts.issuer, Known)
    assert isinstance(facts.membership, Known)
    assert isinstance(facts.anchor, Known)
    member, anchor = facts.issuer.value, facts.anchor.value
    if member is None or anchor is None:
        return None
    roles = roles_at(facts.membership.value, anchor.anchored_at_s) or MemberRole(0)
    named = facts.accreditation.value if isinstance(facts.accreditation, Known) else None
    accreditations: tuple[Accreditation, ...] = ()
    if (
        named is not None
        and (named.record.parent, named.record.subject) == (0, member.member)
        and all(map(named.record.covers, substances))
    ):
        accreditations = tuple(accreditations_of(named))
    return Signer(member.identifier, group_words(member), roles_of(roles), accreditations)


def scope_of(facts: FactsBeside) -> str:
    """The scope that a statement's signer claims: the scheme of the accreditation it names."""
    named = facts.accreditation.value if isinstance(facts.accreditation, Known) else None
    return NO_SCOPE if named is None else scope_words(named.record.scheme)


def scope_words(scheme: int) -> str:
    """Identifier of the scope of a registered scheme."""
    return f"scheme {scheme}"


def roles_of(roles: MemberRole) -> frozenset[Role]:
    """What a member's roles let it give evidence as; none of them: an operator."""
    found = {mine for theirs, mine in _ROLES.items() if theirs in roles}
    return frozenset(found or {Role.OPERATOR})


def accreditations_of(named: AccreditationFacts) -> Iterator[Accreditation]:
    """One for each time that the scheme recognised the body that gave it."""
    record = named.record
    out, scopes = suspensions(record), frozenset({scope_words(record.scheme)})
    in_force = window(record.from_s, record.until_s)
    for recognised in recognitions(named.recognitions):
        both = in_force and window(
            max(in_force.from_s, recognised.from_s), min(in_force.to_s, recognised.to_s)
        )
        if both:
            yield Accreditation(named.body_group, scopes, both, out)


def recognitions(entries: Iterable[RecognitionEntry]) -> Iterator[Window]:
    """When a scheme recognised a body: each entry until the next one replaced it."""
    listed = tuple(entries)
    for at, entry in enumerate(listed):
        replaced_s = listed[at + 1].recorded_s if at + 1 < len(listed) else LAST_S
        found = window(max(entry.from_s, entry.recorded_s), min(entry.until_s, replaced_s))
        if found is not None:
            yield found


def suspensions(record: AssuranceRecord) -> tuple[Window, ...]:
    """When anybody's suspension was on: by each source from its word until it was lifted."""
    since: dict[RecordSource, int] = {}
    found: list[Window | None] = []
    for entry in record.entries:
        if entry.action is RecordAction.SUSPEND:
            since.setdefault(entry.source, entry.effective_s)
        elif entry.action is RecordAction.LIFT and entry.source in since:
            found.append(window(since.pop(entry.source), entry.effective_s))
    found += [window(start_s, LAST_S) for start_s in since.values()]
    return tuple(each for each in found if each is not None)


def window(from_s: int, to_s: int) -> Window | None:
    """[from, to) as far as there is one; open ends are the last second that a date can name."""
    end_s = min(to_s, LAST_S)
    return Window(from_s, end_s) if 0 <= from_s < end_s else None
