"""Whether somebody behind a lot is on a reader's list of sanctioned or barred parties.

Beside the verdict and never in it: what was true when a lot was made stays true when one of its
makers is listed afterwards, and what follows from a listing is the reader's to decide. So each hit
says since when, and whether that is before or after the lot was made.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.consortium import Member
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import MemberId
from veta.model.lots import LotBatchKind
from veta.statement.jws import SignedStatement
from veta.verify.lineage_graph import MAX_NODES, nodes_of
from veta.verify.party_lists import Hit, PartyLists

MOST_PARTIES: Final = 256


class Capacity(enum.StrEnum):
    """What somebody has to do with a lot."""

    ISSUER = "issuer of the statement"
    LOT_ISSUER = "issuer of the lot"
    HOLDER = "holder"
    LAST_HOLDER = "last holder"
    OFFERED_TO = "offered to"
    ORIGIN = "operator of an origin"
    PROCESSOR = "made a lot behind it"
    CERTIFIER = "vouches for credit behind it"
    NAMED = "named in the document"


@dataclass(frozen=True, slots=True)
class Listing:
    """A party of a lot that is on a list."""

    identifier: str
    name: str
    capacities: tuple[str, ...]
    hit: Hit
    before: bool | None
    """Listed when the lot was made; ``None``: when that was is not shown."""
    over: bool
    """Off the list again by the block."""

    @property
    def code(self) -> str:
        """``party.listed_before``, ``party.listed_since``, ``party.listed`` or
        ``party.listed_once``; by the name alone ``party.name_listed``.
        """
        if self.hit.by_name:
            return "party.name_listed"
        if self.over:
            return "party.listed_once"
        if self.before is None:
            return "party.listed"
        return "party.listed_before" if self.before else "party.listed_since"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "code": self.code,
            "identifier": self.identifier,
            "name": self.name,
            "capacities": list(self.capacities),
            "list": self.hit.list_name,
            "published_s": self.hit.published_s,
            "since_s": self.hit.entry.since_s,
            "until_s": self.hit.entry.until_s,
        }


@dataclass(frozen=True, slots=True)
class Listings:
    """Everything that was looked up, and what could not be."""

    found: tuple[Listing, ...] = ()
    looked_up: int = 0
    """Parties."""
    made_at_s: int | None = None
    """End of the lot's production; of another statement its anchor."""
    not_asked: Mapping[MemberId, str] = field(default_factory=dict)
    """Members whose names the chain was not or could not be asked for, and why."""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "looked_up": self.looked_up,
            "made_at_s": self.made_at_s,
            "found": [each.to_json() for each in self.found],
            "not_asked": {str(member): why for member, why in self.not_asked.items()},
        }


def members_behind(
    bundle: StatementBundle, facts: LedgerFacts
) -> dict[MemberId, tuple[Capacity, ...]]:
    """Members that a bundle and its facts name, with what each has to do with it."""
    found: dict[MemberId, dict[Capacity, None]] = {}
    for member, capacity in _named(bundle, facts):
        if member:
            found.setdefault(member, {})[capacity] = None
    return {member: tuple(found[member]) for member in sorted(found)[:MOST_PARTIES]}


def _named(bundle: StatementBundle, facts: LedgerFacts) -> Iterator[tuple[MemberId, Capacity]]:
    if isinstance(facts.issuer, Known) and facts.issuer.value is not None:
        yield facts.issuer.value.member, Capacity.ISSUER
    if bundle.lot is not None:
        yield bundle.lot.batch.header.issuer, Capacity.LOT_ISSUER
    if facts.lot is not None and isinstance(facts.lot.record, Known):
        record = facts.lot.record.value
        yield record.holder, Capacity.HOLDER
        yield record.previous_holder, Capacity.LAST_HOLDER
        yield record.offered_to, Capacity.OFFERED_TO
    if facts.lot is not None and isinstance(facts.lot.assurance, Known):
        for each in facts.lot.assurance.value.records:
            yield each.issuer, Capacity.CERTIFIER
    if nodes_of(bundle.runs) <= MAX_NODES:
        for run in bundle.runs:
            for batch in run.batches:
                transform = batch.header.kind is LotBatchKind.TRANSFORM
                yield batch.header.issuer, Capacity.PROCESSOR if transform else Capacity.ORIGIN


def listings(
    bundle: StatementBundle,
    facts: LedgerFacts,
    statement: SignedStatement | None,
    members: Mapping[MemberId, Determined[Member | None]],
    lists: PartyLists,
) -> Listings:
    """Look up everybody behind a lot.

    Args:
        bundle: as judged.
        facts: of the chain about it.
        statement: as read, for parties that only the document names.
        members: who is behind each of ``members_behind``.
        lists: the reader's own.
    """
    made_at_s = _made_at_s(bundle, facts)
    now_s = facts.as_of.value.time_s if isinstance(facts.as_of, Known) else None
    found: dict[tuple[str, str], tuple[Capacity, ...]] = {}
    not_asked: dict[MemberId, str] = {}
    for member, capacities in members_behind(bundle, facts).items():
        answer = members.get(member)
        if isinstance(answer, Known) and answer.value is not None:
            found[answer.value.identifier, answer.value.name] = capacities
        else:
            code = answer.code if isinstance(answer, Undetermined) else "facts.not_asked"
            not_asked[member] = code
    known = {identifier for identifier, _ in found}
    for identifier, name in _in_document(statement):
        if identifier not in known:
            found.setdefault((identifier, name), (Capacity.NAMED,))
    return Listings(
        found=tuple(
            Listing(
                identifier=identifier,
                name=name,
                capacities=tuple(each.value for each in capacities),
                hit=hit,
                before=None if made_at_s is None else hit.entry.since_s < made_at_s,
                over=_is_over(hit, now_s),
            )
            for (identifier, name), capacities in found.items()
            for hit in lists.hits(identifier, name)
        ),
        looked_up=len(found),
        made_at_s=made_at_s,
        not_asked=not_asked,
    )


def _is_over(hit: Hit, now_s: int | None) -> bool:
    until_s = hit.entry.until_s
    return until_s is not None and now_s is not None and until_s <= now_s


def _made_at_s(bundle: StatementBundle, facts: LedgerFacts) -> int | None:
    if bundle.lot is not None:
        return bundle.lot.batch.header.produced_to_s
    if isinstance(facts.anchor, Known) and facts.anchor.value is not None:
        return facts.anchor.value.anchored_at_s
    return None


def _in_document(statement: SignedStatement | None) -> Iterable[tuple[str, str]]:
    """Issuer and related parties as the document names them."""
    if statement is None:
        return
    issuer = statement.credential.issuer
    yield issuer.identifier, issuer.name or ""
    related = statement.credential.subject.get("relatedParty")
    for each in related[:MOST_PARTIES] if isinstance(related, list) else ():
        party = each.get("party") if isinstance(each, dict) else None
        if isinstance(party, dict):
            identifier, name = party.get("id"), party.get("name")
            if isinstance(identifier, str) and isinstance(name, str):
                yield identifier, name
