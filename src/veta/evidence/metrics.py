"""A metric's value never travels without its definition, unit, boundary and period (row S07).

What differs in any of them is not compared: ``differences`` names each difference, and
``compare`` either gives two comparable values or says what stands between them. A conversion
record, signed elsewhere, can bridge a difference of definition, unit or boundary; never one of
period, and never the one between brine and water.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from veta.canonical import write
from veta.canonical.reader import JsonValue
from veta.errors import InputError
from veta.evidence.exact import amount_text, exact
from veta.evidence.grades import AssuranceGrade, lowest
from veta.evidence.units import UNITS, Dimension
from veta.evidence.windows import Window
from veta.model.identifiers import Digest

_LONGEST_ID: Final = 80
_LONGEST_TEXT: Final = 2000


class MetricKind(enum.Enum):
    """What is measured. Two kinds are never one metric, whatever their units."""

    WATER_WITHDRAWAL = "water-withdrawal"
    """GRI 303-3 (2018)."""
    WATER_DISCHARGE = "water-discharge"
    """GRI 303-4 (2018)."""
    WATER_CONSUMPTION = "water-consumption"
    """GRI 303-5 (2018): withdrawal less discharge."""
    BRINE_ABSTRACTION = "brine-abstraction"
    """Brine is a raw material: it is reported beside water and in no sum with it."""
    ENERGY = "energy"
    """GRI 302-1 (2016)."""
    EMISSIONS_LOCATION = "emissions-location-based"
    """GHG Protocol Scope 2 Guidance (2015), section 4.1."""
    EMISSIONS_MARKET = "emissions-market-based"
    """GHG Protocol Scope 2 Guidance (2015), section 4.1."""
    EMISSIONS = "emissions"
    """Scope 1 or 3, or a footprint; before any offset."""
    OFFSETS = "offsets-retired"
    """A metric of its own: it is subtracted from no emissions (ISO 14067:2018, 6.3.4.1)."""
    AIR_QUALITY = "air-quality"
    SHARE = "share"
    COUNT = "count"
    OTHER = "other"


_WATER: Final = frozenset(
    {MetricKind.WATER_WITHDRAWAL, MetricKind.WATER_DISCHARGE, MetricKind.WATER_CONSUMPTION}
)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a metric measures. Its digest travels with every value.

    Attributes:
        metric: identifier, ASCII.
        kind: what is measured.
        unit: in which values are written, of intensities and shares too (``l/kg``, ``%``).
        text: the definition in words.
        numerator: of shares and intensities, what is above the line; else empty.
        denominator: what is below it; else empty.
        source: standard and section.

    Raises:
        InputError: ``evidence.definition_incomplete``.
    """

    metric: str
    kind: MetricKind
    unit: str
    text: str
    source: str
    numerator: str = ""
    denominator: str = ""

    def __post_init__(self) -> None:
        named = ("metric", self.metric), ("unit", self.unit), ("source", self.source)
        for name, value in (*named, ("text", self.text)):
            longest = _LONGEST_TEXT if name in {"text", "source"} else _LONGEST_ID
            if not value.strip() or len(value) > longest:
                message = f"a metric definition has no {name}, or one of more than {longest}"
                raise InputError("evidence.definition_incomplete", message)
        if bool(self.numerator) != bool(self.denominator) or (
            self.kind is MetricKind.SHARE and not self.numerator
        ):
            raise InputError(
                "evidence.definition_incomplete",
                f"{self.metric} is a share or intensity: it names numerator and denominator",
            )

    @property
    def digest(self) -> Digest:
        """SHA-256 of its RFC 8785 form."""
        return digest_of(
            {
                "type": "veta:metric-definition/1",
                "metric": self.metric,
                "kind": self.kind.value,
                "unit": self.unit,
                "text": self.text,
                "numerator": self.numerator,
                "denominator": self.denominator,
                "source": self.source,
            }
        )


@dataclass(frozen=True, slots=True)
class Boundary:
    """What is counted and what is not.

    Attributes:
        name: short, for a reader.
        text: sites, processes, scopes and exclusions in words.
    """

    name: str
    text: str

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.text.strip() or len(self.text) > _LONGEST_TEXT:
            raise InputError("evidence.boundary_missing", "a boundary has a name and a text")

    @property
    def digest(self) -> Digest:
        """SHA-256 of its RFC 8785 form."""
        content: JsonValue = {"type": "veta:boundary/1", "name": self.name, "text": self.text}
        return digest_of(content)


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A number with all that makes it one.

    Attributes:
        amount: exact, not negative, in the definition's unit.
        definition: of the metric.
        boundary: what was counted.
        period: when.
        grade: the lowest of everything that went into it.
        steps: names of the conversions on the way.

    Raises:
        InputError: ``evidence.ratio_range`` for a share above one, codes of ``exact``.
    """

    amount: Fraction
    definition: Definition
    boundary: Boundary
    period: Window
    grade: AssuranceGrade
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", exact(self.amount, self.definition.metric))
        unit = UNITS.get(self.definition.unit)
        if (
            self.definition.kind is MetricKind.SHARE
            and unit is not None
            and unit.dimension is Dimension.RATIO
            and self.amount * unit.size > 1
        ):
            raise InputError(
                "evidence.ratio_range", f"{self.definition.metric} is more than the whole"
            )

    def words(self) -> str:
        """``6300 m3, water.withdrawal, boundary salar and plant, <period>, verified``."""
        return (
            f"{amount_text(self.amount)} {self.definition.unit}, {self.definition.metric}, "
            f"boundary {self.boundary.name}, {self.period.words()}, {self.grade.words}"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """In what two values are unlike.

    Attributes:
        aspect: ``metric``, ``kind``, ``definition``, ``unit``, ``boundary``, ``period``,
            ``period length``.
        first: of the first value, in words.
        second: of the other.
    """

    aspect: str
    first: str
    second: str

    def words(self) -> str:
        """``boundary: salar here, salar and plant there``."""
        return f"{self.aspect}: {self.first} here, {self.second} there"


@dataclass(frozen=True, slots=True)
class ConversionRecord:
    """What makes values of one definition and boundary comparable with those of another.

    It is a statement of somebody: ``grade`` is what its signatures make it, and what is converted
    is worth no more.

    Attributes:
        definition: of the values that are converted.
        boundary: of them.
        to_definition: of what comes out.
        to_boundary: of it.
        factor: amount of one for one of the other, above zero.
        reason: why this is the factor, in words.
        window: periods of values that it is good for.
        grade: by who signed the record.

    Raises:
        InputError: ``evidence.brine_conversion``: brine is not water, by no factor;
            ``evidence.offset_conversion``: nor are offsets emissions;
            ``evidence.conversion_incomplete``.
    """

    definition: Definition
    boundary: Boundary
    to_definition: Definition
    to_boundary: Boundary
    factor: Fraction
    reason: str
    window: Window
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        kinds = {self.definition.kind, self.to_definition.kind}
        if MetricKind.BRINE_ABSTRACTION in kinds and len(kinds) > 1:
            raise InputError("evidence.brine_conversion", "nothing converts brine into water")
        if MetricKind.OFFSETS in kinds and len(kinds) > 1:
            message = "nothing converts offsets into emissions avoided"
            raise InputError("evidence.offset_conversion", message)
        if exact(self.factor, "a conversion factor") == 0 or not self.reason.strip():
            message = "a conversion record has a factor above zero and a reason"
            raise InputError("evidence.conversion_incomplete", message)

    @property
    def digest(self) -> Digest:
        """SHA-256 of its RFC 8785 form, without the grade, which is no part of the content."""
        return digest_of(
            {
                "type": "veta:metric-conversion/1",
                "definition": self.definition.digest.hex(),
                "boundary": self.boundary.digest.hex(),
                "toDefinition": self.to_definition.digest.hex(),
                "toBoundary": self.to_boundary.digest.hex(),
                "factor": amount_text(self.factor),
                "reason": self.reason,
                "fromSeconds": self.window.from_s,
                "toSeconds": self.window.to_s,
            }
        )


@dataclass(frozen=True, slots=True)
class Comparable:
    """Two values of one definition, unit, boundary and period; ``second`` may be converted."""

    first: MetricValue
    second: MetricValue
    grade: AssuranceGrade


@dataclass(frozen=True, slots=True)
class NotComparable:
    """Why two values are not put beside each other."""

    differences: tuple[Difference, ...]
    what: str = "not comparable"

    def words(self) -> str:
        """``not comparable: metric: ... here, ... there; period: ...``."""
        return f"{self.what}: " + "; ".join(each.words() for each in self.differences)


def differences(
    first: MetricValue, second: MetricValue, *, across_time: bool = False
) -> tuple[Difference, ...]:
    """All that makes two values unlike; empty if nothing does.

    Args:
        first: any value.
        second: any other.
        across_time: compare periods by their length only, as a trend does. Calendar years are of
            one length.
    """
    one, two = first.definition, second.definition
    aspects = [
        ("kind", one.kind.value, two.kind.value),
        ("metric", one.metric, two.metric),
        ("unit", one.unit, two.unit),
        ("numerator", one.numerator, two.numerator),
        ("denominator", one.denominator, two.denominator),
    ]
    found = [Difference(*aspect) for aspect in aspects if aspect[1] != aspect[2]]
    if one.digest != two.digest and not found:
        found.append(Difference("definition", _short(one.digest), _short(two.digest)))
    if first.boundary.digest != second.boundary.digest:
        found.append(Difference("boundary", _bounds(first.boundary), _bounds(second.boundary)))
    if across_time:
        if first.period.length != second.period.length:
            found.append(Difference("period length", first.period.length, second.period.length))
    elif first.period != second.period:
        found.append(Difference("period", first.period.words(), second.period.words()))
    return tuple(found)


def compare(
    first: MetricValue, second: MetricValue, records: Sequence[ConversionRecord] = ()
) -> Comparable | NotComparable:
    """Put a value beside another, converted by one of the records where that is needed.

    Not checked here: who signed the records; that is in their grade.
    """
    unlike = differences(first, second)
    if not unlike:
        return Comparable(first, second, lowest((first.grade, second.grade)))
    for record in records:
        converted = _by(record, second)
        if converted is not None and not differences(first, converted):
            return Comparable(first, converted, lowest((first.grade, converted.grade)))
    return NotComparable(unlike)


def require_like(values: Sequence[MetricValue], *, across_time: bool = False) -> None:
    """Refuse values that are unlike the first of them.

    Raises:
        InputError: ``evidence.not_comparable``, with every difference; ``evidence.brine_in_water``
            where one is brine and the other water.
    """
    for value in values[1:]:
        unlike = differences(values[0], value, across_time=across_time)
        if unlike:
            kinds = {values[0].definition.kind, value.definition.kind}
            brine = MetricKind.BRINE_ABSTRACTION in kinds and bool(kinds & _WATER)
            code = "evidence.brine_in_water" if brine else "evidence.not_comparable"
            raise InputError(code, NotComparable(unlike).words())


def total(values: Sequence[MetricValue]) -> MetricValue:
    """The sum of like values, as of parts of one boundary.

    Raises:
        InputError: as ``require_like``; ``evidence.no_grade`` of none; ``evidence.not_additive``
            for shares and intensities.
    """
    grade = lowest(value.grade for value in values)
    require_like(values)
    if values[0].definition.denominator:
        message = f"{values[0].definition.metric} is a share or intensity: it has no sum"
        raise InputError("evidence.not_additive", message)
    amount = sum((value.amount for value in values), Fraction(0))
    steps = tuple(dict.fromkeys(step for value in values for step in value.steps))
    return replace(values[0], amount=amount, grade=grade, steps=steps)


def digest_of(content: JsonValue) -> Digest:
    """SHA-256 of the RFC 8785 form of an object; its member ``type`` keeps kinds apart."""
    return Digest(hashlib.sha256(write(content)).digest())


def _by(record: ConversionRecord, value: MetricValue) -> MetricValue | None:
    if (
        record.definition.digest != value.definition.digest
        or record.boundary.digest != value.boundary.digest
        or not record.window.covers(value.period)
    ):
        return None
    step = f"conversion record {record.digest.hex()}: x {amount_text(record.factor)}"
    return replace(
        value,
        amount=value.amount * record.factor,
        definition=record.to_definition,
        boundary=record.to_boundary,
        grade=lowest((value.grade, record.grade)),
        steps=(*value.steps, step),
    )


def _bounds(boundary: Boundary) -> str:
    return f"{boundary.name} ({_short(boundary.digest)})"


def _short(digest: Digest) -> str:
    return digest.hex()[:16]
