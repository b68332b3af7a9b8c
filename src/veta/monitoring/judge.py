"""Who co-signed which readings of a round, who did not, and whether a round may replace another.

A co-signature counts only for the round whose leaf and readings it names, under a control that is
not the operator's. Superseding a co-signed round needs the same co-signers, else both are shown
(DESIGN 3); the same holds for whoever states a second round beside the first, or revokes it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from veta.evidence.answers import Answer
from veta.evidence.windows import instant
from veta.model.identifiers import Leaf
from veta.model.ranges import Ranges
from veta.monitoring.rounds import CoSignature, Round

_NONE: Final = Ranges()


@dataclass(frozen=True, slots=True)
class CoSignatureFinding:
    """What a co-signature is worth for a round.

    Attributes:
        code: ``monitoring.counted`` or ``monitoring.counted_late``; else why it counts for nothing.
        reason: one sentence.
        counts: the readings that it makes co-signed.
    """

    co_signature: CoSignature
    code: str
    reason: str
    counts: Ranges


@dataclass(frozen=True, slots=True)
class Missing:
    """A co-signer that is expected, and what it has not co-signed."""

    party: str
    readings: Ranges
    late: bool
    """The deadline is past."""

    @property
    def code(self) -> str:
        """``monitoring.missing`` once the deadline is past, ``monitoring.awaited`` until then."""
        return "monitoring.missing" if self.late else "monitoring.awaited"


class Place(enum.StrEnum):
    """What a round is beside the others that were shown."""

    IN_FORCE = "in_force"
    REPLACED = "replaced"
    """By a round that its co-signers co-signed, or of which none was co-signed: history."""
    REPLACED_ALONE = "replaced_alone"
    """By its operator alone: it is shown beside the one that was to replace it."""
    WITHDRAWN = "withdrawn"
    """Revoked; where it was co-signed, by its operator alone."""


@dataclass(frozen=True, slots=True)
class RoundFinding:
    """One round, reading by reading.

    Attributes:
        by_party: what each co-signer co-signed.
    """

    round: Round
    co_signatures: tuple[CoSignatureFinding, ...]
    missing: tuple[Missing, ...]
    by_party: Mapping[str, Ranges]
    place: Place = Place.IN_FORCE

    @property
    def co_signed(self) -> Ranges:
        """Readings that somebody co-signed."""
        return reduce(Ranges.__or__, self.by_party.values(), _NONE)

    @property
    def single_signed(self) -> Ranges:
        """Readings under the operator's word alone."""
        return Ranges.all_of(self.round.count) - self.co_signed

    def co_signers_of(self, index: int) -> tuple[str, ...]:
        """Who co-signed a reading."""
        one = Ranges(((index, index),))
        return tuple(party for party, seen in self.by_party.items() if seen.covers(one))

    @property
    def answer(self) -> tuple[Answer, str]:
        """Whether every reading is co-signed by all who are expected, and the code of it."""
        awaited = reduce(
            Ranges.__or__, (each.readings for each in self.missing if not each.late), _NONE
        )
        if self.single_signed - awaited:
            return Answer.NOT_MET, "monitoring.single_signed"
        if any(each.late for each in self.missing):
            return Answer.NOT_MET, "monitoring.missing"
        if self.missing:
            return Answer.CANNOT_TELL, "monitoring.awaited"
        return Answer.MET, "monitoring.co_signed"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something between rounds that every reader has to see.

    Attributes:
        code: ``monitoring.replaced_alone``, ``monitoring.replaced_by_other``,
            ``monitoring.second_round``, ``monitoring.withdrawn_alone``, ``monitoring.withdrawn``,
            ``monitoring.replaced_off_chain``; or, where it cannot be told,
            ``monitoring.successor_missing``, ``monitoring.previous_missing``.
    """

    code: str
    reason: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Judged:
    """All rounds of one thing that were shown, what stands between them, and the one asked for."""

    rounds: tuple[RoundFinding, ...]
    """In order of their anchors."""
    faults: tuple[Fault, ...]
    refused: tuple[CoSignatureFinding, ...]
    """Co-signatures of none of the rounds shown."""

    @property
    def shown(self) -> tuple[RoundFinding, ...]:
        """Rounds that no other one rightly replaced."""
        return tuple(each for each in self.rounds if each.place is not Place.REPLACED)

    @property
    def answer(self) -> tuple[Answer, str]:
        """No before cannot tell before yes, and the first code of it."""
        found = [(each.answer, each.code) for each in self.faults]
        found += [each.answer for each in self.shown if each.place is Place.IN_FORCE]
        order = (Answer.NOT_MET, Answer.CANNOT_TELL, Answer.MET)
        circle = (Answer.CANNOT_TELL, "monitoring.none_in_force")
        return min(found, key=lambda each: order.index(each[0]), default=circle)


def judge(rounds: Iterable[Round], co_signatures: Iterable[CoSignature], *, at_s: int) -> Judged:
    """Judge rounds about one thing, with all co-signatures that are at hand.

    Args:
        rounds: at least one; those of ``family``.
        co_signatures: of any round; those that are of none shown are refused.
        at_s: time of the look, Unix seconds.
    """
    papers = tuple({each.leaf: each for each in co_signatures}.values())
    ordered = sorted(
        {each.leaf: each for each in rounds}.values(),
        key=lambda each: (each.author.anchored_s, each.leaf),
    )
    found = {each.leaf: _one(each, papers, at_s) for each in ordered}
    faults, places = _between(found)
    leaves = set(found)
    stray = [
        CoSignatureFinding(each, "monitoring.other_round", _stray(each), _NONE)
        for each in papers
        if each.round_leaf not in leaves
    ]
    placed = tuple(replace(each, place=places[leaf]) for leaf, each in found.items())
    return Judged(placed, tuple(faults), tuple(stray))


def family(asked: Round, rounds: Iterable[Round]) -> tuple[Round, ...]:
    """The round asked for, and all that replace it, are replaced by it, or state the same again."""
    found, rest = {asked.leaf: asked}, {each.leaf: each for each in rounds}
    fresh = [asked]
    while fresh:
        known, fresh = fresh, []
        for leaf, each in rest.items():
            if leaf not in found and any(_akin(each, one) for one in known):
                found[leaf] = each
                fresh.append(each)
    return tuple(found.values())


def _akin(one: Round, two: Round) -> bool:
    linked = (one.previous, one.author.superseded_by), (two.previous, two.author.superseded_by)
    return two.leaf in linked[0] or one.leaf in linked[1] or one.is_about_the_same(two)


def _stray(paper: CoSignature) -> str:
    return f"{paper.author.party} co-signed another round, {paper.round_leaf.hex()}"


def _one(stated: Round, papers: Sequence[CoSignature], at_s: int) -> RoundFinding:
    mine = tuple(worth_of(each, stated) for each in papers if each.round_leaf == stated.leaf)
    seen: dict[str, Ranges] = {}
    for each in mine:
        if each.counts:
            party = each.co_signature.author.party
            seen[party] = seen.get(party, _NONE) | each.counts
    missing = (
        Missing(each.party, each.readings - seen.get(each.party, _NONE), at_s > stated.deadline_s)
        for each in stated.expected
    )
    return RoundFinding(stated, mine, tuple(each for each in missing if each.readings), seen)


def worth_of(paper: CoSignature, stated: Round) -> CoSignatureFinding:
    """What a co-signature is worth for a round."""
    author = paper.author
    code, reason = _refusal(paper, stated)
    if code:
        words = f"{author.party} {reason}: it counts for nothing"
        return CoSignatureFinding(paper, f"monitoring.{code}", words, _NONE)
    words = f"{author.party} co-signed readings {paper.witnessed.words()}"
    if author.anchored_s > stated.deadline_s:
        words += f", late: anchored {instant(author.anchored_s)}"
        return CoSignatureFinding(paper, "monitoring.counted_late", words, paper.witnessed)
    return CoSignatureFinding(paper, "monitoring.counted", words, paper.witnessed)


def _refusal(paper: CoSignature, stated: Round) -> tuple[str, str]:
    author = paper.author
    asked = author.is_community or any(each.party == author.party for each in stated.expected)
    rules = (
        (
            paper.issuer != stated.author.party,
            ("other_round", "names another issuer of the round"),
        ),
        (
            author.party == stated.author.party
            or author.control_group == stated.author.control_group,
            ("own_control", "is under the operator's own control"),
        ),
        (author.withdrawn, ("co_signature_withdrawn", "withdrew its co-signature")),
        (
            author.superseded_by is not None,
            ("co_signature_superseded", "replaced its co-signature by another statement"),
        ),
        (
            (paper.root, paper.count) != (stated.root, stated.count),
            ("other_readings", "saw other readings than the round has"),
        ),
        (
            paper.witnessed.end > stated.count,
            ("index", f"names readings beyond the {stated.count} of the round"),
        ),
        (not asked, ("not_asked", "is no community body, and the round does not ask for it")),
    )
    return next((refusal for holds, refusal in rules if holds), ("", ""))


def _between(found: Mapping[Leaf, RoundFinding]) -> tuple[list[Fault], dict[Leaf, Place]]:
    places = dict.fromkeys(found, Place.IN_FORCE)
    faults: list[Fault] = []
    for leaf, each in found.items():
        places[leaf] = _place(each, found, faults)
    _second_rounds(list(found.values()), places, faults)
    return faults, places


def _place(each: RoundFinding, found: Mapping[Leaf, RoundFinding], faults: list[Fault]) -> Place:
    stated, author = each.round, each.round.author
    if stated.previous is not None:
        faults += _of_previous(stated, found.get(stated.previous))
    if author.withdrawn:
        fault = _of_withdrawn(each, found)
        faults += [] if fault is None else [fault]
        return Place.WITHDRAWN
    if author.superseded_by is None:
        return Place.IN_FORCE
    if author.superseded_by not in found:
        words = f"the round was replaced by {author.superseded_by.hex()}, which is not shown here"
        faults.append(Fault("monitoring.successor_missing", words, Answer.CANNOT_TELL))
        return Place.IN_FORCE
    successor = found[author.superseded_by].round
    if not successor.restates(stated):
        words = f"{author.party} replaced a round by one that does not state its readings again"
        faults.append(Fault("monitoring.replaced_by_other", words, Answer.NOT_MET))
        return Place.REPLACED_ALONE
    lacking = _lacking(each, found, {stated.leaf})
    if not lacking:
        return Place.REPLACED
    words = f"{author.party} replaced a co-signed round without {', '.join(lacking)}: both stand"
    faults.append(Fault("monitoring.replaced_alone", words, Answer.NOT_MET))
    return Place.REPLACED_ALONE


def _of_withdrawn(each: RoundFinding, found: Mapping[Leaf, RoundFinding]) -> Fault | None:
    """Nothing, if a round that stands states its readings again, with the same co-signers."""
    stated, party = each.round, each.round.author.party
    for other in found.values():
        stands = not other.round.author.withdrawn and other.round.author.superseded_by is None
        if stands and other.round.restates(stated) and not _not_again(each, other):
            return None
    if each.co_signed:
        words = f"{party} withdrew the round alone, and {_co_signers(each)} stand by it"
        return Fault("monitoring.withdrawn_alone", words, Answer.NOT_MET)
    words = f"{party} withdrew the round {stated.identifier}"
    return Fault("monitoring.withdrawn", words, Answer.NOT_MET)


def _of_previous(stated: Round, previous: RoundFinding | None) -> list[Fault]:
    assert stated.previous is not None
    if previous is None:
        words = f"it says that it replaces {stated.previous.hex()}, which is not shown here"
        return [Fault("monitoring.previous_missing", words, Answer.CANNOT_TELL)]
    if previous.round.author.superseded_by == stated.leaf:
        return []
    words = "it says that it replaces a round, and the chain does not say so: both stand"
    return [Fault("monitoring.replaced_off_chain", words, Answer.NOT_MET)]


def _lacking(
    old: RoundFinding, found: Mapping[Leaf, RoundFinding], passed: set[Leaf]
) -> tuple[str, ...]:
    """Co-signers of a round without whom it was replaced; the last one in the line counts.

    A co-signer has to have co-signed in the new round at least the readings it co-signed in the
    old one; all of them, where an index is not the same reading in both.
    """
    leaf = old.round.author.superseded_by
    least: tuple[str, ...] = tuple(old.by_party)
    while leaf is not None and leaf in found and leaf not in passed:
        passed.add(leaf)
        new = found[leaf]
        least = _not_again(old, new)
        if not least and new.round.restates(old.round):
            return ()
        leaf = new.round.author.superseded_by
    return least


def _not_again(old: RoundFinding, new: RoundFinding) -> tuple[str, ...]:
    """Co-signers of a round who did not co-sign in another one what they had co-signed in it."""
    same = new.round.grid == old.round.grid
    everything = Ranges.all_of(new.round.count)
    return tuple(
        party
        for party, seen in old.by_party.items()
        if not new.by_party.get(party, _NONE).covers(seen if same else everything)
    )


def _second_rounds(
    found: Sequence[RoundFinding], places: dict[Leaf, Place], faults: list[Fault]
) -> None:
    """Rounds about the same readings of which none replaced the other."""
    live = [each for each in found if places[each.round.leaf] is Place.IN_FORCE]
    for at, one in enumerate(live):
        for two in live[at + 1 :]:
            if one.round.is_about_the_same(two.round) and not _told(two.round, one.round):
                words = (
                    f"{two.round.author.party} states readings of {two.round.site_name} a second"
                    " time and replaced nothing: both stand"
                )
                faults.append(Fault("monitoring.second_round", words, Answer.NOT_MET))


def _told(one: Round, two: Round) -> bool:
    return one.previous == two.leaf or two.previous == one.leaf


def _co_signers(each: RoundFinding) -> str:
    return ", ".join(each.by_party)
