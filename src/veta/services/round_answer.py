"""What was found of a monitoring round, as one answer: for a program and for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from veta.evidence.answers import Answer
from veta.evidence.series import FlatLine, Gap
from veta.evidence.windows import instant
from veta.model.ranges import Ranges
from veta.monitoring.judge import CoSignatureFinding, Missing, Place, RoundFinding
from veta.monitoring.readings import InstrumentFindings, RoundReadings
from veta.monitoring.rounds import Author, Round
from veta.services.round_files import require_readings
from veta.services.rounds import RoundsFound

_ORDER: Final = (Answer.NOT_MET, Answer.CANNOT_TELL, Answer.MET)
_PLACES: Final = {
    Place.IN_FORCE: "in force",
    Place.REPLACED: "replaced, with its co-signers",
    Place.REPLACED_ALONE: "REPLACED BY ITS OPERATOR ALONE",
    Place.WITHDRAWN: "withdrawn by its operator",
}


@dataclass(frozen=True, slots=True)
class Lengths:
    """From which length equal readings are a flat line, and repeated ones a replay."""

    flat_slots: int = 12
    replay_slots: int = 12


@dataclass(frozen=True, slots=True)
class RoundAnswer:
    """Whether every reading of a round is there and was seen by all who should see it.

    Attributes:
        found: round, co-signatures, and what stands between rounds.
        readings: of the round asked for; ``None`` if they are not at hand.
        series: instruments that show something.
    """

    found: RoundsFound
    readings: RoundReadings | None = None
    series: tuple[InstrumentFindings, ...] = ()

    @property
    def answer(self) -> tuple[Answer, str, str]:
        """Answer, code and one sentence."""
        stated = self._spoken_of.round
        answer, code = self.found.judged.answer
        if answer is not Answer.NOT_MET and stated.count < stated.slots:
            answer, code = Answer.NOT_MET, "evidence.series_gap"
        if answer is not Answer.NOT_MET and self.series:
            answer, code = Answer.NOT_MET, _series_code(self.series)
        return answer, code, self._reason()

    @property
    def _spoken_of(self) -> RoundFinding:
        """The round asked for, or the one that rightly stands in its place."""
        rounds = self.found.judged.rounds
        asked = next(each for each in rounds if each.round.leaf == self.found.asked.leaf)
        if asked.place in {Place.IN_FORCE, Place.REPLACED_ALONE}:
            return asked
        heirs = (e for e in rounds if e.place is Place.IN_FORCE and e.round.restates(asked.round))
        return next(heirs, asked)

    def _reason(self) -> str:
        finding = self._spoken_of
        stated = finding.round
        parts = [
            f"{len(finding.co_signed)} of {stated.count} readings are co-signed",
            f"{len(finding.single_signed)} stand under the operator's word alone",
        ]
        if stated.count < stated.slots:
            parts.append(f"{stated.slots - stated.count} of {stated.slots} slots have no reading")
        if stated.leaf != self.found.asked.leaf:
            parts.insert(0, f"{stated.identifier} stands in its place")
        return "; ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The answer as one JSON document."""
        answer, code, reason = self.answer
        judged, block = self.found.judged, self.found.as_of
        return {
            "question": "round",
            "round": self.found.asked.identifier,
            "leaf": self.found.asked.leaf.hex(),
            "answer": answer.value,
            "code": code,
            "reason": reason,
            "asOf": {"number": block.number, "time": instant(block.time_s)},
            "rounds": [_round_json(each) for each in judged.rounds],
            "faults": [
                {"code": each.code, "reason": each.reason, "answer": each.answer.value}
                for each in judged.faults
            ],
            "ofNoRoundHere": [_co_signature_json(each) for each in judged.refused],
            "notCounted": [each.to_json() for each in self.found.not_counted],
            "readingsAtHand": self.readings is not None,
            "series": [_series_json(each) for each in self.series],
        }

    def to_lines(self) -> list[str]:
        """The answer for a person: the answer first, then every round that is shown."""
        answer, code, reason = self.answer
        judged = self.found.judged
        lines = [f"{answer.value.upper()}: {reason} [{code}]"]
        lines += [f"  {each.reason} [{each.code}]" for each in judged.faults]
        for each in judged.rounds:
            lines += _round_lines(each, self._names(each.round))
        lines += [f"  {line}" for each in self.series for line in each.words()]
        lines += [f"  {each.reason} [{each.code}]" for each in judged.refused]
        lines += [
            f"  counts for nothing: {each.reason} [{each.code}]" for each in self.found.not_counted
        ]
        if self.readings is None:
            lines.append("  readings not at hand: flat lines and replays were not looked for")
        return lines

    def _names(self, stated: Round) -> RoundReadings | None:
        return self.readings if stated.leaf == self.found.asked.leaf else None


def answer_of(
    found: RoundsFound, readings: RoundReadings | None = None, lengths: Lengths | None = None
) -> RoundAnswer:
    """The answer, with what the readings show if they are at hand.

    Raises:
        VerificationError: ``monitoring.readings_edited``: they are not the round's.
        InputError: ``evidence.finding_length``.
    """
    if readings is None:
        return RoundAnswer(found)
    require_readings(found.asked, readings)
    least = lengths or Lengths()
    series = readings.findings(flat_slots=least.flat_slots, replay_slots=least.replay_slots)
    return RoundAnswer(found, readings, series)


def _series_code(series: Sequence[InstrumentFindings]) -> str:
    first = series[0].all[0]
    if isinstance(first, Gap):
        return "evidence.series_gap"
    return "evidence.series_flat" if isinstance(first, FlatLine) else "evidence.series_replay"


def _series_json(each: InstrumentFindings) -> dict[str, Any]:
    return {
        "instrument": each.instrument,
        "gaps": [one.words() for one in each.found.gaps],
        "flatLines": [one.words() for one in each.found.flat_lines],
        "replays": [one.words() for one in each.found.replays],
    }


def _round_json(each: RoundFinding) -> dict[str, Any]:
    stated = each.round
    answer, code = each.answer
    return {
        "leaf": stated.leaf.hex(),
        "id": stated.identifier,
        "place": each.place.value,
        "answer": answer.value,
        "code": code,
        "operator": _author_json(stated.author),
        "site": {"id": stated.site, "name": stated.site_name},
        "period": {"fromSeconds": stated.period.from_s, "toSeconds": stated.period.to_s},
        "metric": {
            "id": stated.metric,
            "unit": stated.unit,
            "definition": stated.definition.hex(),
            "boundaryName": stated.boundary_name,
            "boundary": stated.boundary.hex(),
        },
        "readings": {
            "root": stated.root.hex(),
            "count": stated.count,
            "slots": stated.slots,
            "instruments": len(stated.instruments),
        },
        "coSignBy": instant(stated.deadline_s),
        "previous": None if stated.previous is None else stated.previous.hex(),
        "reason": stated.reason,
        "coSigned": _ranges_json(each.co_signed),
        "singleSigned": _ranges_json(each.single_signed),
        "coSignatures": [_co_signature_json(one) for one in each.co_signatures],
        "missing": [
            {"party": one.party, "code": one.code, "late": one.late, **_ranges_json(one.readings)}
            for one in each.missing
        ],
    }


def _ranges_json(ranges: Ranges) -> dict[str, Any]:
    return {"count": len(ranges), "ranges": ranges.written()}


def _author_json(author: Author) -> dict[str, Any]:
    return {
        "member": author.party,
        "name": author.name,
        "community": author.is_community,
        "anchored": instant(author.anchored_s),
        "withdrawn": author.withdrawn,
        "supersededBy": None if author.superseded_by is None else author.superseded_by.hex(),
        "notices": list(author.notices),
    }


def _co_signature_json(each: CoSignatureFinding) -> dict[str, Any]:
    paper = each.co_signature
    return {
        "leaf": paper.leaf.hex(),
        "round": paper.round_leaf.hex(),
        "by": _author_json(paper.author),
        "code": each.code,
        "reason": each.reason,
        "witnessed": paper.witnessed.written(),
        "counts": _ranges_json(each.counts),
    }


def _round_lines(each: RoundFinding, readings: RoundReadings | None) -> list[str]:
    stated, author = each.round, each.round.author
    place = f"{stated.site_name}, {stated.boundary_name}, {stated.period.words()}"
    who = f"{author.name} <{author.party}>, anchored {instant(author.anchored_s)}"
    lines = [
        f"{stated.identifier}  {_PLACES[each.place]}",
        f"  {stated.metric} ({stated.unit}) at {place}",
        f"  {stated.count} readings of {len(stated.instruments)} instruments, by {who}",
    ]
    lines += [f"  replaces {stated.previous.hex()}: {stated.reason}"] if stated.previous else []
    lines += [f"  notice: {one}" for one in author.notices]
    lines += [f"  {one.reason} [{one.code}]" for one in each.co_signatures]
    lines += [_missing_line(one, stated) for one in each.missing]
    if each.single_signed:
        shown = _which(each.single_signed, readings)
        lines.append(f"  SINGLE-SIGNED: {len(each.single_signed)} readings: {shown}")
    return lines


def _missing_line(missing: Missing, stated: Round) -> str:
    state = "MISSING since" if missing.late else "awaited until"
    which = missing.readings.words()
    return f"  {missing.party}: {state} {instant(stated.deadline_s)}: {which} [{missing.code}]"


def _which(ranges: Ranges, readings: RoundReadings | None) -> str:
    """``100-149``; with the readings at hand also the instruments of both ends."""
    if readings is None:
        return ranges.words()
    first, last = readings.reading(ranges.spans[0][0]), readings.reading(ranges.end - 1)
    return f"{ranges.words()} ({first[0]} .. {last[0]})"
