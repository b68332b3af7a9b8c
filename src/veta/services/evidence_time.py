"""Values over time: trends, commitments and instrument series, read from files and answered."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from veta.canonical import JsonValue
from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer
from veta.evidence.catalogue import Catalogue
from veta.evidence.exact import Direction, Rounding, amount_text, read_amount
from veta.evidence.grades import AssuranceGrade, GradeFinding, Role
from veta.evidence.metrics import MetricValue, NotComparable
from veta.evidence.series import (
    Reading,
    Series,
    SeriesFindings,
    changes_between,
    inspect,
    sum_of,
)
from veta.evidence.targets import (
    Amendment,
    Commitment,
    Evaluation,
    Goal,
    amendments,
    evaluate,
    target_of_change,
    trend,
)
from veta.evidence.windows import instant
from veta.services.evidence import Found, difference_json, graded_by, value_json
from veta.services.evidence_signers import Paper
from veta.verify.evidence_files import (
    SERIES,
    TARGET,
    Graded,
    Members,
    metric_value,
    opened,
    read_trend,
    subject_of,
    within,
)

GRADES: Final = {each.words: each for each in AssuranceGrade}
_TENTH: Final = Rounding(Direction.HALF_EVEN, Fraction(1, 10))


def trend_of(paper: Paper) -> Found:
    """Values of several periods: a trend, or between which years what differs.

    Raises:
        InputError: as ``read_trend`` and ``trend``.
    """
    grade = paper.grade(Role.VERIFIER)
    with within(paper.place):
        values = read_trend(paper.document, graded_by(paper, grade))
        with within("/values"):
            found = trend(values)
    details: dict[str, Any] = {"values": [value_json(each) for each in values]}
    rest = ((paper, grade),)
    if isinstance(found, NotComparable):
        details["differences"] = [difference_json(each) for each in found.differences]
        lines = tuple(each.words() for each in found.differences)
        code = "evidence.not_comparable"
        return Found("trend", Answer.CANNOT_TELL, code, found.words(), rest, details, lines)
    details["change"] = None if found.change is None else amount_text(found.change)
    first, last = found.values[0], found.values[-1]
    reason = f"{first.definition.metric}, boundary {first.boundary.name}: "
    reason += f"{amount_text(first.amount)} to {amount_text(last.amount)} {first.definition.unit}"
    reason += _percent(found.change)
    lines = tuple(each.words() for each in found.values)
    return Found("trend", Answer.MET, "evidence.comparable", reason, rest, details, lines)


def target_of(paper: Paper, *, at_s: int, least: str = "self-declared") -> Found:
    """Whether a commitment was kept; an amended one is held against its first version, too.

    Where the baseline was moved and the first promise is not known to be kept, "met" becomes
    "cannot tell" (``evidence.baseline_moved``).

    Args:
        paper: commitment, earlier versions and values.
        at_s: Unix seconds that the question is asked at.
        least: words of the lowest grade that the reader accepts.

    Raises:
        InputError: ``evidence.unknown_grade``; codes of ``Commitment`` with the place.
        VerificationError: ``evidence.broken_chain``: a version is missing, or was edited.
    """
    if least not in GRADES:
        raise InputError("evidence.unknown_grade", f"{least[:40]!r} is none of {', '.join(GRADES)}")
    grade = paper.grade(Role.VERIFIER)
    with within(paper.place):
        versions, values = _read_target(paper.document, graded_by(paper, grade))
        changes = _amendments(versions, paper.place)
    latest, first = (
        evaluate(each, values, as_of_s=at_s, least_grade=GRADES[least])
        for each in (versions[-1], versions[0])
    )
    answer, code, reason = latest.answer, latest.code, latest.reason
    if answer is Answer.MET and first.answer is not Answer.MET and _moved(changes):
        answer, code = Answer.CANNOT_TELL, "evidence.baseline_moved"
        reason = f"met on a moved baseline only; the first promise: {first.answer.value}"
    details = {
        "asked": instant(at_s),
        **_commitment_json(versions[-1]),
        "change": None if latest.change is None else amount_text(latest.change),
        "values": [value_json(each) for each in values],
        **_amendments_json(changes),
        "firstPromise": _evaluation_json(first),
    }
    lines = tuple(_target_lines(versions[-1], latest, changes, first))
    return Found("target", answer, code, reason, ((paper, grade),), details, lines)


def _moved(changes: Sequence[Amendment]) -> bool:
    return any(each.moved_the_baseline for each in changes)


def _amendments_json(changes: Sequence[Amendment]) -> dict[str, Any]:
    told = [
        {"version": each.version, "changed": list(each.changed), "reason": each.reason}
        for each in changes
    ]
    return {"baselineMoved": _moved(changes), "amendments": told}


def _amendments(versions: Sequence[Commitment], place: str) -> tuple[Amendment, ...]:
    try:
        return amendments(versions)
    except VerificationError as error:
        raise VerificationError(error.code, f"{place}: /earlier: {error.message}") from error


def _target_lines(
    latest: Commitment, found: Evaluation, changes: Sequence[Amendment], first: Evaluation
) -> list[str]:
    lines = [
        f"{latest.who}: {latest.text}",
        f"baseline: {latest.baseline.words()}{_percent(found.change)}",
    ]
    for each in changes:
        moved = "BASELINE EDITED, " if each.moved_the_baseline else ""
        changed = ", ".join(each.changed) or "nothing"
        lines.append(f"{moved}version {each.version} changed {changed}: {each.reason}")
    if changes:
        lines.append(f"the first promise: {first.answer.value}: {first.reason}")
    return lines


def _commitment_json(commitment: Commitment) -> dict[str, Any]:
    return {
        "who": commitment.who,
        "text": commitment.text,
        "version": commitment.version,
        "digest": commitment.digest.hex(),
        "baseline": value_json(commitment.baseline),
        "goal": commitment.goal.value,
        "target": amount_text(commitment.target),
        "due": {"fromSeconds": commitment.due.from_s, "toSeconds": commitment.due.to_s},
    }


def _evaluation_json(found: Evaluation) -> dict[str, Any]:
    return {"answer": found.answer.value, "code": found.code, "reason": found.reason}


def _read_target(
    document: JsonValue, graded: Graded
) -> tuple[tuple[Commitment, ...], tuple[MetricValue, ...]]:
    members, who = opened(document, TARGET), subject_of(document)
    catalogue = members.catalogue()

    def read(value: JsonValue, place: str) -> Commitment:
        return _commitment(Members(value, place), who, catalogue, graded)

    latest = read(members.take("commitment"), "/commitment")
    earlier = members.each("earlier", read) if members.has("earlier") else ()
    values = members.each("values", lambda v, place: metric_value(v, place, catalogue, graded))
    members.end()
    return (*earlier, latest), values


def _commitment(members: Members, who: str, catalogue: Catalogue, graded: Graded) -> Commitment:
    text = members.text("text")
    place = f"{members.place}/baseline"
    baseline = metric_value(members.take("baseline"), place, catalogue, graded)
    goal = members.chosen("goal", {each.value: each for each in Goal})
    if members.has("changePercent"):
        target = target_of_change(baseline.amount, _percentage(members))
    else:
        target = members.amount("target")
    due = members.window("due")
    version = members.whole("version") if members.has("version") else 1
    previous = members.digest("previous") if members.has("previous") else None
    reason = members.text("reason") if members.has("reason") else ""
    members.end()
    with within(members.place):
        return Commitment(
            who, text, baseline, goal, target, due,
            version=version, previous=previous, reason=reason,
        )  # fmt: skip


def _percentage(members: Members) -> int:
    value = members.take("changePercent")
    if type(value) is not int or not -100 <= value <= 10_000:
        message = f"{members.place}/changePercent: is no whole number of -100 to 10000"
        raise InputError("evidence.member", message)
    return value


def series_of(
    paper: Paper,
    *,
    flat_slots: int,
    replay_slots: int,
    digest: str = "",
    earlier: Paper | None = None,
) -> Found:
    """What a reader of a series has to see: gaps, flat lines, replays, and its digest.

    It is met if there are none of them.

    Args:
        paper: the series.
        flat_slots: shortest run of one amount that is a flat line.
        replay_slots: shortest repetition that is a replay.
        digest: that the series is expected to have; empty: any.
        earlier: the version that it revises.

    Raises:
        InputError: codes of ``Series`` with the place; ``evidence.finding_length``.
        VerificationError: ``evidence.series_edited``: it has another digest;
            ``evidence.broken_chain``: it does not revise ``earlier``.
    """
    grade = paper.grade(Role.VERIFIER)
    series = _series_in(paper, grade)
    if digest and series.digest.hex() != digest.lower():
        message = f"{paper.place}: its digest is {series.digest.hex()}, not {digest[:64]}"
        raise VerificationError("evidence.series_edited", message)
    found = inspect(series, flat_slots=flat_slots, replay_slots=replay_slots)
    rest = [(paper, grade)]
    details, lines = _series_json(series, found)
    if earlier is not None:
        rest.append((earlier, earlier.grade(Role.VERIFIER)))
        changed = _changes(_series_in(earlier, rest[-1][1]), series)
        details["changes"], details["reason_of_revision"] = changed, series.reason
        lines += [f"at {e['at']}: {e['before']} before, {e['after']} after" for e in changed]
    answer, code, reason = _series_answer(series, found)
    return Found("series", answer, code, reason, tuple(rest), details, tuple(lines))


def _series_answer(series: Series, found: SeriesFindings) -> tuple[Answer, str, str]:
    counts = [
        ("gap", "gaps", len(found.gaps)),
        ("flat", "flat lines", len(found.flat_lines)),
        ("replay", "replays", len(found.replays)),
    ]
    reason = ", ".join(f"{count} {words}" for _, words, count in counts)
    reason += f" in {found.slots} slots of {series.instrument}"
    for code, _, count in counts:
        if count:
            return Answer.NOT_MET, f"evidence.series_{code}", reason
    return Answer.MET, "evidence.series_whole", reason


def _changes(old: Series, new: Series) -> list[dict[str, Any]]:
    def text(amount: Fraction | None) -> str:
        return "no reading" if amount is None else amount_text(amount)

    return [
        {"at": instant(at_s), "before": text(before), "after": text(after)}
        for at_s, (before, after) in changes_between(old, new).items()
    ]


def _series_json(series: Series, found: SeriesFindings) -> tuple[dict[str, Any], list[str]]:
    total = None
    if found.readings == found.slots and not series.definition.denominator:
        total = amount_text(sum_of(series).amount)
    details: dict[str, Any] = {
        "instrument": series.instrument,
        "metric": series.definition.metric,
        "unit": series.definition.unit,
        "period": {"fromSeconds": series.period.from_s, "toSeconds": series.period.to_s},
        "digest": series.digest.hex(),
        "readings": found.readings,
        "slots": found.slots,
        "sum": total,
        "gaps": [each.words() for each in found.gaps],
        "flatLines": [each.words() for each in found.flat_lines],
        "replays": [each.words() for each in found.replays],
    }
    lines = [*details["gaps"], *details["flatLines"], *details["replays"]]
    shown = "no sum: what was not measured is not nothing" if total is None else f"sum {total}"
    return details, [*lines, f"{shown} {series.definition.unit}", f"digest {details['digest']}"]


def _series_in(paper: Paper, grade: GradeFinding) -> Series:
    with within(paper.place):
        return read_series(paper.document, graded_by(paper, grade))


def read_series(document: JsonValue, graded: Graded) -> Series:
    """A series of readings: ``[[Unix seconds, "12.5"], ...]``.

    Raises:
        InputError: codes ``evidence.*`` of ``Series``, with the place.
    """
    members = opened(document, SERIES)
    definition = members.definition(members.catalogue())
    instrument, boundary = members.text("instrument"), members.boundary()
    period, step_s = members.window("period"), members.whole("stepSeconds")
    readings = members.each("readings", _reading)
    previous = members.digest("previous") if members.has("previous") else None
    reason = members.text("reason") if members.has("reason") else ""
    members.end()
    if period.to_s > graded.as_of_s:
        raise InputError("evidence.wrong_period", "/period: is not over")
    with within("/readings"):
        return Series(
            instrument, definition, boundary, period, step_s, readings, graded.grade,
            previous=previous, reason=reason,
        )  # fmt: skip


def _reading(value: JsonValue, place: str) -> Reading:
    if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int:
        message = f"{place}: is no pair of Unix seconds and an amount"
        raise InputError("evidence.member", message)
    with within(place):
        return Reading(value[0], read_amount(value[1], "a reading"))


def _percent(change: Fraction | None) -> str:
    if change is None:
        return ""
    shown = amount_text(abs(_TENTH.apply(change * 100)))
    return f", {'-' if change < 0 else '+'}{shown} %"
