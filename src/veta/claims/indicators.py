"""Indicators: what evidence is named by, with unit and kind; and the values that evidence gives."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims import fields
from veta.claims.fields import Record
from veta.errors import InputError

SCHEMA: Final = "veta-indicators/1"
Value = int | bool | str | tuple[str, ...]


class ValueKind(enum.StrEnum):
    """What an indicator's value is."""

    NUMBER = "number"
    """A whole number in the indicator's unit; shares in ppm."""
    YES_NO = "yes_no"
    TEXT = "text"
    LIST = "list"
    """Texts: places, serials, identifiers."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator."""

    identifier: str
    kind: ValueKind
    unit: str
    """Of a number: ``g``, ``l``, ``ppm``, ``1``; empty for the others."""
    dimension: str


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """What evidence says; a missing value is no zero."""

    value: Value | None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class IndicatorCatalogue:
    """Indicators by their id."""

    version: int
    indicators: Mapping[str, Indicator]

    def indicator(self, identifier: str) -> Indicator:
        """An indicator.

        Raises:
            InputError: ``claims.unknown_indicator``.
        """
        try:
            return self.indicators[identifier]
        except KeyError as error:
            raise InputError(
                "claims.unknown_indicator", f"no indicator {identifier[:60]!r}"
            ) from error

    def check(self, identifier: str, found: IndicatorValue) -> Value | None:
        """A value of the indicator's own kind and unit; None where there is none.

        Raises:
            InputError: ``claims.unknown_indicator``, ``claims.value_kind``, ``claims.other_unit``.
        """
        indicator = self.indicator(identifier)
        if found.value is None:
            return None
        if kind_of_value(found.value) is not indicator.kind:
            raise InputError("claims.value_kind", f"{identifier} is a {indicator.kind.value}")
        if found.unit != indicator.unit:
            raise InputError("claims.other_unit", f"{identifier}: another unit")
        return found.value


def kind_of_value(value: Value) -> ValueKind:
    """The kind that a value is of."""
    if isinstance(value, bool):
        return ValueKind.YES_NO
    if isinstance(value, int):
        return ValueKind.NUMBER
    return ValueKind.TEXT if isinstance(value, str) else ValueKind.LIST


def catalogue_of(version: int, indicators: Iterable[Indicator]) -> IndicatorCatalogue:
    """A catalogue of indicators, each once.

    Raises:
        InputError: ``claims.indicator_twice``.
    """
    found: dict[str, Indicator] = {}
    for each in indicators:
        if each.identifier in found:
            raise InputError("claims.indicator_twice", f"{each.identifier} is described twice")
        found[each.identifier] = each
    return IndicatorCatalogue(version, found)


def load_indicators(octets: bytes) -> IndicatorCatalogue:
    """A catalogue of its data file (``indicators.json``).

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.indicator_twice``.
    """
    data = fields.document(octets, SCHEMA)
    fields.only(data, "schema", "version", "indicators")
    return catalogue_of(
        fields.integer(data, "version"), map(_indicator, fields.records(data, "indicators"))
    )


def _indicator(record: Record) -> Indicator:
    fields.only(record, "id", "kind", "unit", "dimension")
    kind = fields.text(record, "kind")
    if kind not in set(ValueKind):
        raise InputError("claims.data_field", "kind has to be number, yes_no, text or list")
    unit = fields.text(record, "unit", "")
    if (kind == ValueKind.NUMBER) != bool(unit):
        raise InputError("claims.data_field", "a number, and nothing else, has a unit")
    return Indicator(
        fields.text(record, "id"), ValueKind(kind), unit, fields.text(record, "dimension")
    )
