"""Trends and commitments: a baseline, a due period, and whether what was promised came true.

Values of different years are put on one line only if definition, unit, boundary and the length of
the period are the same. A commitment is a chain of versions: an edited baseline has another digest,
and the chain says what was edited.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer
from veta.evidence.exact import amount_text, exact
from veta.evidence.grades import AssuranceGrade, lowest
from veta.evidence.metrics import Difference, MetricValue, NotComparable, differences, digest_of
from veta.evidence.windows import Window, year_of
from veta.model.identifiers import Digest


@dataclass(frozen=True, slots=True)
class Trend:
    """Like values in order of time.

    Attributes:
        values: earliest first.
        change: last less first, as a share of the first; ``None`` where the first is nothing.
        grade: the lowest of them.
    """

    values: tuple[MetricValue, ...]
    change: Fraction | None
    grade: AssuranceGrade


def trend(values: Sequence[MetricValue]) -> Trend | NotComparable:
    """Values of several periods as a trend, or what differs: ``trend not comparable: ...``.

    Raises:
        InputError: ``evidence.too_few`` below two values, ``evidence.period_twice`` where two are
            of one period or of overlapping ones.
    """
    if len(values) < 2:
        raise InputError("evidence.too_few", "a trend has at least two values")
    ordered = tuple(sorted(values, key=lambda value: value.period))
    for one, two in pairwise(ordered):
        if two.period.from_s < one.period.to_s:
            message = f"two values are of {_when(one.period)}, or of periods that overlap"
            raise InputError("evidence.period_twice", message)
    unlike: list[Difference] = []
    for one, two in pairwise(ordered):
        between = f"{_when(one.period)} to {_when(two.period)}"
        unlike += [
            replace(each, aspect=f"{between}, {each.aspect}")
            for each in differences(one, two, across_time=True)
        ]
    if unlike:
        return NotComparable(tuple(unlike), "trend not comparable")
    first, last = ordered[0].amount, ordered[-1].amount
    change = (last - first) / first if first else None
    return Trend(ordered, change, lowest(value.grade for value in ordered))


class Goal(enum.Enum):
    """On which side of the target amount a value has to be."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Commitment:
    """What somebody promised.

    Attributes:
        who: party.
        text: in its words.
        baseline: value that it starts from, with definition, boundary and period.
        goal: side of the target.
        target: amount, in the definition's unit. ``target_of_change`` computes one from percent.
        due: period whose value decides; it begins after the baseline's ends.
        version: from 1.
        previous: digest of the version before; ``None`` of the first.
        reason: of the new version; empty of the first.

    Raises:
        InputError: ``evidence.due_before_baseline``, ``evidence.commitment_incomplete``,
            ``evidence.version``, ``evidence.wrong_period`` for a due period of another length than
            the baseline's, codes of ``exact``.
    """

    who: str
    text: str
    baseline: MetricValue
    goal: Goal
    target: Fraction
    due: Window
    version: int = 1
    previous: Digest | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", exact(self.target, "a target"))
        if not self.who.strip() or not self.text.strip():
            raise InputError(
                "evidence.commitment_incomplete", "a commitment has a party and a text"
            )
        if self.due.from_s < self.baseline.period.to_s:
            raise InputError(
                "evidence.due_before_baseline", "it is due before its baseline's period is over"
            )
        if self.due.length != self.baseline.period.length:
            raise InputError(
                "evidence.wrong_period",
                f"the baseline is of {self.baseline.period.length}, the due period of "
                f"{self.due.length}",
            )
        first = self.version == 1
        if self.version < 1 or first != (self.previous is None) or first == bool(self.reason):
            raise InputError(
                "evidence.version", "a later version names the one before it and a reason"
            )

    @property
    def digest(self) -> Digest:
        """SHA-256 of its RFC 8785 form. The baseline's grade is no part of it."""
        return digest_of(
            {
                "type": "veta:commitment/1",
                "who": self.who,
                "text": self.text,
                "definition": self.baseline.definition.digest.hex(),
                "boundary": self.baseline.boundary.digest.hex(),
                "baseline": amount_text(self.baseline.amount),
                "baselineFromSeconds": self.baseline.period.from_s,
                "baselineToSeconds": self.baseline.period.to_s,
                "goal": self.goal.value,
                "target": amount_text(self.target),
                "dueFromSeconds": self.due.from_s,
                "dueToSeconds": self.due.to_s,
                "version": self.version,
                "previous": None if self.previous is None else self.previous.hex(),
                "reason": self.reason,
            }
        )


def target_of_change(baseline: Fraction, percent: int) -> Fraction:
    """Target amount of "15 percent less": baseline x (100 + percent) / 100, exact.

    Args:
        baseline: amount.
        percent: -15 for a reduction by 15 percent; at least -100.

    Raises:
        InputError: ``evidence.negative`` below -100.
    """
    return exact(baseline * (100 + percent) / 100, "a target")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether a commitment was kept.

    Attributes:
        answer: met, not met, cannot tell.
        code: stable: ``evidence.target_met``, ``.target_not_met``, ``.not_due``, ``.no_evidence``,
            ``.not_comparable``, ``.two_values``, ``.grade_too_low``.
        reason: one sentence.
        change: of the deciding value to the baseline, as a share of it.
        grade: the lowest of baseline and deciding value; ``None`` where none decides.
    """

    answer: Answer
    code: str
    reason: str
    change: Fraction | None = None
    grade: AssuranceGrade | None = None


def evaluate(
    commitment: Commitment,
    values: Sequence[MetricValue],
    *,
    as_of_s: int,
    least_grade: AssuranceGrade = AssuranceGrade.SELF_DECLARED,
) -> Evaluation:
    """Whether a commitment was kept, by the value of its due period.

    Args:
        commitment: the version to evaluate.
        values: of the metric, of any periods; those of other periods decide nothing.
        as_of_s: Unix seconds that the question is asked at.
        least_grade: what the reader accepts; below it nothing is told.
    """
    due = [value for value in values if value.period == commitment.due]
    if as_of_s < commitment.due.to_s:
        return _open("not_due", f"{_when(commitment.due)} is not over")
    if not due:
        return _open("no_evidence", f"there is no value of {_when(commitment.due)}")
    like = [v for v in due if not differences(commitment.baseline, v, across_time=True)]
    if not like:
        unlike = differences(commitment.baseline, due[0], across_time=True)
        return _open("not_comparable", NotComparable(unlike).words())
    if len({value.amount for value in like}) > 1:
        return _open("two_values", f"{len(like)} values of {_when(commitment.due)} disagree")
    grade = lowest((commitment.baseline.grade, max(value.grade for value in like)))
    if grade < least_grade:
        return _open("grade_too_low", f"it is {grade.words}, {least_grade.words} is asked for")
    return _decided(commitment, like[0].amount, grade)


def _decided(commitment: Commitment, amount: Fraction, grade: AssuranceGrade) -> Evaluation:
    at_most = commitment.goal is Goal.AT_MOST
    met = amount <= commitment.target if at_most else amount >= commitment.target
    base = commitment.baseline.amount
    unit = commitment.baseline.definition.unit
    answer = Answer.MET if met else Answer.NOT_MET
    return Evaluation(
        answer,
        f"evidence.target_{'met' if met else 'not_met'}",
        f"{amount_text(amount)} {unit}; the target is {commitment.goal.value} "
        f"{amount_text(commitment.target)} {unit}",
        (amount - base) / base if base else None,
        grade,
    )


def amended(commitment: Commitment, reason: str, **changes: object) -> Commitment:
    """The next version of a commitment; the earlier one stays what it is.

    Args:
        commitment: latest version.
        reason: in words.
        changes: fields of ``Commitment`` but version, previous and reason.

    Raises:
        InputError: as ``Commitment``; ``evidence.version`` for the fields that the chain sets.
    """
    if changes.keys() & {"version", "previous", "reason"}:
        raise InputError("evidence.version", "the chain sets version, previous and reason")
    following: dict[str, object] = {
        **changes,
        "version": commitment.version + 1,
        "previous": commitment.digest,
        "reason": reason,
    }
    return replace(commitment, **following)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a version changed of the one before it: names of ``Commitment``'s parts, and why."""

    version: int
    changed: tuple[str, ...]
    reason: str

    @property
    def moved_the_baseline(self) -> bool:
        """Whether the ground was moved under the promise: amount, period, boundary, definition."""
        return any(name.startswith("baseline") for name in self.changed)


def amendments(versions: Sequence[Commitment]) -> tuple[Amendment, ...]:
    """What every version changed; the chain must be whole, from version 1.

    Raises:
        InputError: ``evidence.too_few`` of none.
        VerificationError: ``evidence.broken_chain`` if a version is missing, doubled, of somebody
            else, or does not name the digest of the one before: then it was edited.
    """
    if not versions:
        raise InputError("evidence.too_few", "there is no version")
    if versions[0].version != 1:
        raise VerificationError("evidence.broken_chain", "the first version is missing")
    found: list[Amendment] = []
    for one, two in pairwise(versions):
        if (two.version, two.previous, two.who) != (one.version + 1, one.digest, one.who):
            message = f"version {two.version} does not follow version {one.version} as it was"
            raise VerificationError("evidence.broken_chain", message)
        found.append(Amendment(two.version, _changed(one, two), two.reason))
    return tuple(found)


def _changed(one: Commitment, two: Commitment) -> tuple[str, ...]:
    before, after = one.baseline, two.baseline
    parts = (
        ("text", one.text, two.text),
        ("baseline amount", before.amount, after.amount),
        ("baseline period", before.period, after.period),
        ("baseline boundary", before.boundary.digest, after.boundary.digest),
        ("baseline definition", before.definition.digest, after.definition.digest),
        ("goal", one.goal, two.goal),
        ("target", one.target, two.target),
        ("due", one.due, two.due),
    )
    return tuple(name for name, earlier, later in parts if earlier != later)


def _open(code: str, reason: str) -> Evaluation:
    return Evaluation(Answer.CANNOT_TELL, f"evidence.{code}", reason)


def _when(period: Window) -> str:
    number = year_of(period)
    return period.words() if number is None else str(number)
