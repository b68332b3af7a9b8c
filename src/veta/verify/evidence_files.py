"""Evidence as files: closed JSON forms ``veta-assay/1``, ``veta-metric-value/1`` and their like.

Every form names its ``format`` and its ``subject``, the DID of the party that it speaks of; unknown
members are refused. No form has a grade: signatures give it. What is wrong is told with its place
in the file (docs/operations/evidence.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeVar

from veta import canonical
from veta.canonical import JsonValue
from veta.errors import InputError, VerificationError
from veta.evidence.assays import AssayCertificate, Result, read_result
from veta.evidence.catalogue import STANDARD, Catalogue, catalogue_of, definition_of
from veta.evidence.exact import read_amount
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, ConversionRecord, Definition, MetricKind, MetricValue
from veta.evidence.quantities import Basis, Matter
from veta.evidence.reading import read_metric_value
from veta.evidence.windows import Window
from veta.model.identifiers import Digest
from veta.statement.passport import lot_identifier

ASSAY: Final = "veta-assay/1"
VALUE: Final = "veta-metric-value/1"
CONVERSION: Final = "veta-metric-conversion/1"
TREND: Final = "veta-trend/1"
TARGET: Final = "veta-target/1"
SERIES: Final = "veta-series/1"
WATER: Final = "veta-water/1"
ENERGY: Final = "veta-energy/1"

LIMITS: Final = replace(canonical.STATEMENT, max_octets=4 << 20, max_nodes=400_000)
"""Of unsigned files; a statement has a statement's own."""
REFUSALS: Final = frozenset(
    {
        "evidence.brine_conversion",
        "evidence.offset_conversion",
        "evidence.brine_in_water",
        "evidence.water_sum",
        "evidence.serial_used_twice",
    }
)
"""What is well-formed and claimed all the same against the rules: a no, not a fault of writing."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Graded:
    """What a reader has to know beside the document: whose word it is, and when it was given."""

    grade: AssuranceGrade
    as_of_s: int


@contextmanager
def within(place: str) -> Iterator[None]:
    """Name the place in the file where something was refused.

    Raises:
        InputError: the same code, the place before the message.
        VerificationError: likewise, for ``REFUSALS``.
    """
    try:
        yield
    except (InputError, VerificationError) as error:
        if isinstance(error, VerificationError) and error.code not in REFUSALS:
            raise
        kind = VerificationError if error.code in REFUSALS else InputError
        raise kind(error.code, _plain(f"{place}: {error.message}")) from error


def _plain(text: str) -> str:
    """Another's words without terminal codes."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class Members:
    """The members of one object, each to be taken once; what is left over is refused.

    Raises, all methods:
        InputError: ``evidence.member``, ``evidence.grade_stated``.
    """

    def __init__(self, value: JsonValue, place: str) -> None:
        self.place = place
        if not isinstance(value, dict):
            raise InputError("evidence.member", f"{place or '/'}: is no object")
        if "grade" in value:
            message = f"{place}/grade: a document does not grade itself: its signatures do"
            raise InputError("evidence.grade_stated", message)
        self._left = dict(value)

    def has(self, name: str) -> bool:
        """Whether it is there still."""
        return name in self._left

    def take(self, name: str) -> JsonValue:
        """A member that must be there."""
        if name not in self._left:
            raise InputError("evidence.member", f"{self.place}/{name}: is missing")
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Text on one line that is not empty."""
        value = self.take(name)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise InputError("evidence.member", f"{self.place}/{name}: is no text on one line")
        return value

    def whole(self, name: str) -> int:
        """A whole number, 0 or more."""
        value = self.take(name)
        if type(value) is not int or value < 0:
            raise InputError("evidence.member", f"{self.place}/{name}: is no whole number >= 0")
        return value

    def amount(self, name: str) -> Fraction:
        """An amount in decimal text."""
        with within(f"{self.place}/{name}"):
            return read_amount(self.take(name), name)

    def chosen(self, name: str, choices: Mapping[str, T]) -> T:
        """One of some words."""
        word = self.text(name)
        if word not in choices:
            message = f"{self.place}/{name}: is none of {', '.join(choices)}"
            raise InputError("evidence.member", message)
        return choices[word]

    def each(self, name: str, read: Callable[[JsonValue, str], T]) -> tuple[T, ...]:
        """A list."""
        value, place = self.take(name), f"{self.place}/{name}"
        if not isinstance(value, list):
            raise InputError("evidence.member", f"{place}: is no list")
        return tuple(read(each, f"{place}/{at}") for at, each in enumerate(value))

    def window(self, name: str) -> Window:
        """A window: ``{"fromSeconds": 0, "toSeconds": 1}``."""
        members = Members(self.take(name), f"{self.place}/{name}")
        start, end = members.whole("fromSeconds"), members.whole("toSeconds")
        members.end()
        with within(f"{self.place}/{name}"):
            return Window(start, end)

    def boundary(self) -> Boundary:
        """A boundary: ``{"name": "...", "text": "..."}``."""
        members = Members(self.take("boundary"), f"{self.place}/boundary")
        name, text = members.text("name"), members.text("text")
        members.end()
        with within(f"{self.place}/boundary"):
            return Boundary(name, text)

    def digest(self, name: str) -> Digest:
        """64 lower-case hexadecimal digits."""
        text = self.text(name)
        if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
            raise InputError("evidence.member", f"{self.place}/{name}: is no digest")
        return Digest(bytes.fromhex(text))

    def catalogue(self) -> Catalogue:
        """The common definitions, and those that the document brings along, by digest."""
        own = self.each("definitions", _definition) if self.has("definitions") else ()
        known = {each.digest for each in STANDARD}
        with within(f"{self.place}/definitions"):
            return catalogue_of((*STANDARD, *(each for each in own if each.digest not in known)))

    def definition(self, catalogue: Catalogue) -> Definition:
        """The definition that ``metric`` and ``definition`` name."""
        metric, digest = self.text("metric"), self.text("definition")
        with within(f"{self.place}/metric"):
            return definition_of(catalogue, metric, digest)

    def end(self) -> None:
        """Refuse what was not taken."""
        for name in self._left:
            raise InputError("evidence.member", f"{self.place}/{name[:40]}: is unknown")


def opened(document: JsonValue, form: str) -> Members:
    """The members of a document of a form, ``format`` and ``subject`` taken.

    Raises:
        InputError: ``evidence.format`` for another form, ``evidence.member``.
    """
    members = Members(document, "")
    found = members.take("format")
    if found != form:
        raise InputError("evidence.format", f"/format: is {str(found)[:40]!r}, not {form}")
    members.text("subject")
    return members


def subject_of(document: JsonValue) -> str:
    """The party that a document speaks of.

    Raises:
        InputError: ``evidence.member``.
    """
    return Members(document, "").text("subject")


def read_assay(document: JsonValue) -> AssayCertificate:
    """A certificate of analysis; its lot is one of its subject's.

    Raises:
        InputError: codes ``evidence.*`` of ``assays``, with the place.
    """
    members = opened(document, ASSAY)
    basis = members.chosen("basis", {each.value: each for each in _WEIGHED})
    with within("/substance"):
        matter = Matter(basis, members.text("substance"))
    dates = Members(members.take("dates"), "/dates")
    start, end = dates.whole("sampledSeconds"), dates.whole("reportedSeconds")
    dates.end()
    with within("/dates"):
        window = Window(start, end)
    results = members.each("results", _result)
    texts = {name: members.text(name) for name in ("number", "laboratory", "method", "sampling")}
    lot = lot_identifier(subject_of(document), members.text("lot"))
    members.end()
    with within("/results"):
        return AssayCertificate(lot=lot, matter=matter, dates=window, results=results, **texts)


_WEIGHED: Final = (Basis.WET, Basis.DRY, Basis.NET)


def _result(value: JsonValue, place: str) -> Result:
    members = Members(value, place)
    analyte, text, unit = (members.text(name) for name in ("analyte", "value", "unit"))
    members.end()
    with within(place):
        return read_result(analyte, text, unit)


def read_value(document: JsonValue, graded: Graded) -> MetricValue:
    """A metric's value.

    Raises:
        InputError: codes ``evidence.*`` of ``reading``, with the place.
    """
    members = opened(document, VALUE)
    catalogue = members.catalogue()
    value = metric_value(members.take("value"), "/value", catalogue, graded)
    members.end()
    return value


def metric_value(value: JsonValue, place: str, catalogue: Catalogue, graded: Graded) -> MetricValue:
    """A value as it stands in any of the forms."""
    with within(place):
        return read_metric_value(value, catalogue, grade=graded.grade, as_of_s=graded.as_of_s)


def read_trend(document: JsonValue, graded: Graded) -> tuple[MetricValue, ...]:
    """Values of several periods.

    Raises:
        InputError: codes ``evidence.*`` of ``reading``, with the place.
    """
    members = opened(document, TREND)
    catalogue = members.catalogue()
    values = members.each("values", lambda v, place: metric_value(v, place, catalogue, graded))
    members.end()
    return values


def read_conversion(document: JsonValue, graded: Graded) -> ConversionRecord:
    """A conversion record.

    Raises:
        InputError: codes ``evidence.*`` of ``ConversionRecord``, with the place.
    """
    members = opened(document, CONVERSION)
    catalogue = members.catalogue()
    sides = []
    for name in ("from", "to"):
        side = Members(members.take(name), f"/{name}")
        sides.append((side.definition(catalogue), side.boundary()))
        side.end()
    factor, reason, window = members.amount("factor"), members.text("reason"), members.window("for")
    members.end()
    (definition, boundary), (to_definition, to_boundary) = sides
    with within("/factor"):
        return ConversionRecord(
            definition, boundary, to_definition, to_boundary, factor, reason, window, graded.grade
        )


def _definition(value: JsonValue, place: str) -> Definition:
    members = Members(value, place)
    kind = members.chosen("kind", {each.value: each for each in MetricKind})
    metric, unit, text, source = (members.text(n) for n in ("metric", "unit", "text", "source"))
    above, below = (
        members.text(name) if members.has(name) else "" for name in ("numerator", "denominator")
    )
    members.end()
    with within(place):
        return Definition(metric, kind, unit, text, source, above, below)
