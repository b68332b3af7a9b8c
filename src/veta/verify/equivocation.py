"""Two statements of one issuer about one thing: agreed, one after the other, or equivocation.

    read         both are statements, of one issuer, about the same lot (or the same subject, kind)
    signed       each by a key that the issuer's list binds; a key names itself (keccak-256), so
                 that one key signed both is seen without any chain
    held         neither by a key that somebody else may have held
    succession   one superseded the other on the chain, at once or by way of others
    else         equivocation: the issuer told two buyers two things

The two files are the evidence: whoever has them, and knows whose key it is, comes to the same. An
anchor is not needed for that; it says in addition which of the two the chain ever saw.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from veta import canonical
from veta.errors import ProvenanceError
from veta.model.anchoring import StatusAction, StatusEntry
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.consortium import KeyEntry
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.trust import TrustConfig
from veta.statement.credential import Credential
from veta.statement.jws import SignedStatement, check_seal, read_statement
from veta.statement.metal_lot import metal_lot_of
from veta.statement.rules import facts_of
from veta.trees import verify_inclusion
from veta.verify.facts import known_block, usable_facts
from veta.verify.steps import find_sign_key
from veta.verify.successions import took_its_place
from veta.verify.timing import KeyStanding, judge_key, reaffirmed_after

MOST_DIFFERENCES: Final = 50
_ATTRIBUTABLE: Final = frozenset({KeyStanding.GOOD, KeyStanding.RETIRED, KeyStanding.PAUSED})
_OF_THE_STATEMENT: Final = frozenset({"/blind", "/id", "/validFrom", "/validUntil"})
"""Members in which any two statements differ, whatever they say of the lot."""


class Relation(enum.StrEnum):
    """What two statements are to each other."""

    SAME = "compare.same_statement"
    """One leaf: tokens may differ, what is said does not."""
    OTHER_SUBJECT = "compare.other_subject"
    """Of two issuers, of two kinds, or about two things."""
    SUCCESSION = "compare.succession"
    """One superseded the other: both are readable, one counts."""
    EQUIVOCATION = "compare.equivocation"
    """One issuer signed both, and neither took the other's place."""
    NOT_SIGNED = "compare.not_signed"
    """One was not signed by its issuer: forged, and no evidence against anybody."""
    CONTESTED = "compare.contested"
    """Somebody else may have held the key: it cannot be said who signed."""
    UNKNOWN = "compare.not_determined"
    """The issuer's keys, or what became of the statements, could not be asked."""

    @property
    def agrees(self) -> bool | None:
        """Whether there is nothing wrong between the two; ``None``: cannot be told."""
        if self in (Relation.CONTESTED, Relation.UNKNOWN):
            return None
        return self in (Relation.SAME, Relation.OTHER_SUBJECT, Relation.SUCCESSION)


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two."""

    leaf: Leaf
    issuer: str
    subject: str
    key_id: str
    anchored_at_s: UnixSeconds | None
    """``None``: no anchor of it is shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A place at which the two say different things; ``None``: says nothing."""

    pointer: str
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two statements are to each other, and why."""

    relation: Relation
    sentence: str
    first: Compared
    second: Compared
    differences: tuple[Difference, ...]
    """At most ``MOST_DIFFERENCES``, members that belong to the statement alone left out."""
    two_footprints: bool
    """They state two footprints of the lot, or one divided by two methods."""
    not_proven: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "relation": self.relation.value,
            "agrees": self.relation.agrees,
            "sentence": self.sentence,
            "first": _side_json(self.first),
            "second": _side_json(self.second),
            "two_footprints": self.two_footprints,
            "differences": [
                {"pointer": each.pointer, "first": each.first, "second": each.second}
                for each in self.differences
            ],
            "not_proven": list(self.not_proven),
        }


def _side_json(side: Compared) -> dict[str, Any]:
    return {
        "leaf": side.leaf.hex(),
        "issuer": side.issuer,
        "subject": side.subject,
        "key_id": side.key_id,
        "anchored_at_s": side.anchored_at_s,
    }


@dataclass(frozen=True, slots=True)
class _Side:
    statement: SignedStatement
    anchored_at_s: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class _Chain:
    keys: Determined[tuple[KeyEntry, ...]]
    now_s: UnixSeconds | None
    entries: tuple[StatusEntry, ...]
    followed: bool | None
    """Whether every succession was followed to its end; ``None``: statuses were not all asked."""


def compare(
    bundles: tuple[StatementBundle, StatementBundle],
    facts: tuple[LedgerFacts, LedgerFacts],
    trust: TrustConfig,
    line: Iterable[StatusEntry] | None = None,
) -> Comparison:
    """Say what two statements are to each other.

    Args:
        bundles: the statements.
        facts: about each; of another chain than the pinned one they say nothing.
        trust: the pinned chain.
        line: what was said of the statements that superseded either, to the newest; ``None``: that
            was not asked.

    Raises:
        InputError, VerificationError: ``statement.*`` and the like: one cannot be read.
    """
    facts = (usable_facts(facts[0], trust), usable_facts(facts[1], trust))
    sides = tuple(
        _Side(read_statement(bundle.token), _anchored(bundle, about))
        for bundle, about in zip(bundles, facts, strict=True)
    )
    first, second = sides
    keys = _either(facts[0].keys, facts[1].keys)
    said = tuple(_said(facts))
    chain = _Chain(keys, _newest_s(facts), (*said, *(line or ())), line is not None)
    if any(isinstance(each.status, Undetermined) for each in facts):
        chain = replace(chain, followed=None)
    relation, sentence = _relation(first, second, chain)
    differences = tuple(_differences(first.statement, second.statement))
    carried = [each.carried for each in facts]
    return Comparison(
        relation=relation,
        sentence=sentence,
        first=_compared(first),
        second=_compared(second),
        differences=differences,
        two_footprints=_two_footprints(first.statement.credential, second.statement.credential),
        not_proven=_CARRIED if any(carried) else (),
    )


_CARRIED: Final = (
    "That the key is the issuer's, and what is told of anchors and succession: the files say so.",
)


def _relation(first: _Side, second: _Side, chain: _Chain) -> tuple[Relation, str]:
    one, other = first.statement, second.statement
    if one.leaf == other.leaf:
        return Relation.SAME, "both are the same statement"
    if _subject(one.credential) != _subject(other.credential):
        return Relation.OTHER_SUBJECT, "they are of two issuers or kinds, or about two things"
    if isinstance(chain.keys, Undetermined):
        return Relation.UNKNOWN, f"the issuer's keys could not be asked: {chain.keys.reason}"
    for side, name in ((first, "first"), (second, "second")):
        unsigned = _not_of_the_issuer(side, name, chain.keys.value, chain)
        if unsigned is not None:
            return unsigned
    return _succession(one, other, chain)


def _not_of_the_issuer(
    side: _Side, name: str, keys: tuple[KeyEntry, ...], chain: _Chain
) -> tuple[Relation, str] | None:
    if not _signed(side.statement, keys):
        sentence = f"the {name} one was not signed with a key of its issuer: it is forged"
        return Relation.NOT_SIGNED, sentence
    if not _attributable(side, keys, chain):
        sentence = f"somebody else may have held the key that signed the {name} one"
        return Relation.CONTESTED, sentence
    return None


def _succession(
    one: SignedStatement, other: SignedStatement, chain: _Chain
) -> tuple[Relation, str]:
    if _succeeded(one.leaf, other.leaf, chain.entries):
        return Relation.SUCCESSION, "one of them superseded the other, on the chain"
    superseded = any(each.action is StatusAction.SUPERSEDE for each in chain.entries)
    if chain.followed is None or (superseded and not chain.followed):
        return Relation.UNKNOWN, "whether one took the other's place could not be asked"
    same = one.header.key_id == other.header.key_id
    how = "one key signed both" if same else "two keys of its issuer signed them"
    return Relation.EQUIVOCATION, (
        f"the issuer said two things about one lot, and neither took the other's place: {how}"
    )


def _signed(statement: SignedStatement, keys: tuple[KeyEntry, ...]) -> bool:
    key = find_sign_key(keys, statement.sealed)
    if key is None:
        return False
    try:
        check_seal(statement.sealed, key.algorithm, key.public_key)
    except ProvenanceError:
        return False
    return True


def _attributable(side: _Side, keys: tuple[KeyEntry, ...], chain: _Chain) -> bool:
    """Whether only its issuer can have signed: at its anchor, else as of now."""
    at_s = side.anchored_at_s if side.anchored_at_s is not None else chain.now_s
    if at_s is None:
        return False
    judged = judge_key(keys, side.statement.header.key_id, at_s)
    if judged.standing is KeyStanding.CONTESTED and judged.decided_by is not None:
        return reaffirmed_after(chain.entries, side.statement.leaf, judged.decided_by.recorded_at_s)
    return judged.standing in _ATTRIBUTABLE


def _subject(credential: Credential) -> tuple[str, ...]:
    """What makes two statements be about one thing: of a lot, what its lot key is made of."""
    facts = facts_of(credential)
    site = credential.subject.get("producedAtFacility")
    facility = site.get("id") if isinstance(site, dict) else None
    return (
        credential.issuer.identifier,
        credential.kind.name,
        facts.subject_id,
        facts.product_class or "",
        facility if isinstance(facility, str) else "",
    )


def _succeeded(one: Leaf, other: Leaf, entries: Sequence[StatusEntry]) -> bool:
    issuers = {entry.issuer for entry in entries}
    return any(
        took_its_place(entries, issuer, *pair)
        for issuer in issuers
        for pair in ((one, other), (other, one))
    )


def _said(facts: tuple[LedgerFacts, LedgerFacts]) -> Iterator[StatusEntry]:
    for each in facts:
        if isinstance(each.status, Known):
            yield from each.status.value


def _either(
    one: Determined[tuple[KeyEntry, ...]], other: Determined[tuple[KeyEntry, ...]]
) -> Determined[tuple[KeyEntry, ...]]:
    """The longer list: both are of one issuer, and lists only grow."""
    known = [each for each in (one, other) if isinstance(each, Known)]
    return max(known, key=lambda each: len(each.value)) if known else one


def _newest_s(facts: tuple[LedgerFacts, LedgerFacts]) -> UnixSeconds | None:
    blocks = [block for each in facts if (block := known_block(each)) is not None]
    return max((block.time_s for block in blocks), default=None)


def _anchored(bundle: StatementBundle, facts: LedgerFacts) -> UnixSeconds | None:
    """When the chain saw it; ``None`` if that is not shown."""
    if not isinstance(facts.anchor, Known) or facts.anchor.value is None:
        return None
    record = facts.anchor.value
    if bundle.inclusion is None or bundle.root != record.root:
        return None
    try:
        verify_inclusion(read_statement(bundle.token).leaf, bundle.inclusion, record.root)
    except ProvenanceError:
        return None
    return record.anchored_at_s if bundle.inclusion.size == record.size else None


def _compared(side: _Side) -> Compared:
    statement = side.statement
    return Compared(
        leaf=statement.leaf,
        issuer=statement.credential.issuer.identifier,
        subject=facts_of(statement.credential).subject_id,
        key_id=statement.header.key_id.hex(),
        anchored_at_s=side.anchored_at_s,
    )


def _two_footprints(one: Credential, other: Credential) -> bool:
    found = []
    for credential in (one, other):
        lot = metal_lot_of(credential)
        footprint = None if lot is None else lot.get("footprint")
        found.append(footprint if isinstance(footprint, dict) else None)
    return None not in found and found[0] != found[1]


def _differences(one: SignedStatement, other: SignedStatement) -> Iterator[Difference]:
    pairs = _walk(one.credential.document, other.credential.document, "")
    told = (each for each in pairs if each.pointer not in _OF_THE_STATEMENT)
    yield from (each for each, _ in zip(told, range(MOST_DIFFERENCES), strict=False))


_ABSENT: Final = object()


def _walk(one: Any, other: Any, pointer: str) -> Iterator[Difference]:
    """Leaves at which two documents differ, in the order of their pointers."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            escaped = name.replace("~", "~0").replace("/", "~1")
            yield from _walk(
                one.get(name, _ABSENT), other.get(name, _ABSENT), f"{pointer}/{escaped}"
            )
    elif isinstance(one, list) and isinstance(other, list):
        for place in range(max(len(one), len(other))):
            left, right = (each[place] if place < len(each) else _ABSENT for each in (one, other))
            yield from _walk(left, right, f"{pointer}/{place}")
    elif one is _ABSENT or other is _ABSENT or one != other:
        yield Difference(pointer, _written(one), _written(other))


def _written(value: Any) -> str | None:
    return None if value is _ABSENT else canonical.write(value).decode()
