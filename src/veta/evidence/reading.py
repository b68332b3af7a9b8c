"""Values as documents write them: closed members, one value a metric, and no grade of their own.

    {"metric": "water.withdrawal", "definition": "<64 hex>", "unit": "m3", "amount": "6300",
     "boundary": {"name": "...", "text": "..."}, "period": {"fromSeconds": 0, "toSeconds": 1}}

The JSON itself was read by ``veta.canonical`` before: duplicate names, NaN and huge integers never
come here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from veta.canonical.reader import JsonValue
from veta.errors import InputError
from veta.evidence.catalogue import Catalogue, definition_of
from veta.evidence.exact import amount_text, read_amount
from veta.evidence.grades import AssuranceGrade
from veta.evidence.metrics import Boundary, MetricValue
from veta.evidence.windows import Window, instant

MOST_VALUES: Final = 1000
"""Values or indicators that one document may hold."""

_MEMBERS: Final = ("metric", "definition", "unit", "amount", "boundary", "period")


def read_metric_value(
    document: JsonValue, catalogue: Catalogue, *, grade: AssuranceGrade, as_of_s: int
) -> MetricValue:
    """One value.

    Args:
        document: as above.
        catalogue: of registered definitions.
        grade: that the document's signatures give it (``grades.grade_of``).
        as_of_s: Unix seconds of signing or anchoring: what is not over has no value yet.

    Raises:
        InputError: ``evidence.member``, ``evidence.grade_stated``, ``evidence.unknown_metric``,
            ``evidence.unknown_definition``, ``evidence.unit_mismatch``, ``evidence.wrong_period``,
            codes of ``read_amount``, ``Boundary``, ``Window`` and ``MetricValue``.
    """
    members = _members(document, _MEMBERS, "a metric's value")
    metric, digest, unit, amount = (_text(members, name) for name in _MEMBERS[:4])
    definition = definition_of(catalogue, metric, digest)
    if unit != definition.unit:
        raise InputError(
            "evidence.unit_mismatch",
            f"{metric} is defined in {definition.unit}, the value is in {unit[:40]}",
        )
    period = _period(members["period"])
    if period.to_s > as_of_s:
        raise InputError(
            "evidence.wrong_period",
            f"{metric} is of a period that ends {instant(period.to_s)}: it is not over",
        )
    bounds = _members(members["boundary"], ("name", "text"), "a boundary")
    boundary = Boundary(_text(bounds, "name"), _text(bounds, "text"))
    return MetricValue(read_amount(amount, metric), definition, boundary, period, grade)


def read_metric_values(
    documents: JsonValue, catalogue: Catalogue, *, grade: AssuranceGrade, as_of_s: int
) -> tuple[MetricValue, ...]:
    """Several values; a metric has one for a boundary and period.

    Raises:
        InputError: ``evidence.metric_twice``, ``evidence.too_many_values``, and the codes of
            ``read_metric_value``.
    """
    values = tuple(
        read_metric_value(each, catalogue, grade=grade, as_of_s=as_of_s)
        for each in _list(documents)
    )
    seen: set[tuple[str, bytes, Window]] = set()
    for value in values:
        key = (value.definition.metric, value.boundary.digest, value.period)
        if key in seen:
            message = f"{value.definition.metric} has two values of one boundary and period"
            raise InputError("evidence.metric_twice", message)
        seen.add(key)
    return values


@dataclass(frozen=True, slots=True)
class Indicators:
    """Values of an indicator set.

    Attributes:
        amounts: by name, exact, in the order of the set.
        missing: names of the set without a value: no evidence, which is not zero.
    """

    amounts: Mapping[str, Fraction]
    missing: tuple[str, ...]

    def words(self, name: str) -> str:
        """``fatalities: 0``, ``fatalities: no evidence``."""
        amount = self.amounts.get(name)
        return f"{name}: {'no evidence' if amount is None else amount_text(amount)}"


def read_indicators(documents: JsonValue, names: Sequence[str]) -> Indicators:
    """Values of indicators: a list of ``{"indicator": name, "amount": "12.5"}``.

    Args:
        documents: the list.
        names: of the whole set, each once.

    Raises:
        InputError: ``evidence.unknown_indicator``, ``evidence.indicator_twice``,
            ``evidence.member``, ``evidence.grade_stated``, ``evidence.too_many_values``, codes of
            ``read_amount``.
    """
    known = frozenset(names)
    if len(known) != len(names):
        raise InputError("evidence.indicator_twice", "the set names an indicator twice")
    found: dict[str, Fraction] = {}
    for each in _list(documents):
        members = _members(each, ("indicator", "amount"), "an indicator")
        name = _text(members, "indicator")
        if name not in known:
            raise InputError("evidence.unknown_indicator", f"{name[:80]!r} is not in the set")
        if name in found:
            raise InputError("evidence.indicator_twice", f"{name} is given twice")
        found[name] = read_amount(members["amount"], name)
    return Indicators(
        {name: found[name] for name in names if name in found},
        tuple(name for name in names if name not in found),
    )


def _list(documents: JsonValue) -> list[JsonValue]:
    if not isinstance(documents, list):
        raise InputError("evidence.member", "a list of values is asked for")
    if len(documents) > MOST_VALUES:
        message = f"{len(documents)} values, at most {MOST_VALUES} are read"
        raise InputError("evidence.too_many_values", message)
    return documents


def _members(document: JsonValue, names: Sequence[str], what: str) -> Mapping[str, JsonValue]:
    if not isinstance(document, dict):
        raise InputError("evidence.member", f"{what} is no object")
    if "grade" in document:
        raise InputError(
            "evidence.grade_stated", f"{what} does not grade itself: its signatures do"
        )
    for name in (*names, *document):
        if name not in document or name not in names:
            state = "lacks" if name not in document else "has an unknown"
            raise InputError("evidence.member", f"{what} {state} member {name[:40]!r}")
    return document


def _text(members: Mapping[str, JsonValue], name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise InputError("evidence.member", f"member {name} is no text")
    return value


def _period(document: JsonValue) -> Window:
    members = _members(document, ("fromSeconds", "toSeconds"), "a period")
    start, end = members["fromSeconds"], members["toSeconds"]
    if type(start) is not int or type(end) is not int:
        raise InputError("evidence.time_range", "a period is given in whole seconds")
    return Window(start, end)
