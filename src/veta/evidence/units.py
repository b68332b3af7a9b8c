"""Units by symbol, each with its exact size in the base unit of its dimension, and its source.

A conversion between two of them is exact and never silent: whoever wants it names it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from veta.errors import InputError


class Dimension(enum.Enum):
    """What a unit measures, and the base unit of it."""

    MASS = "g"
    VOLUME = "l"
    ENERGY = "Wh"
    BURDEN = "g CO2e"
    RATIO = "1"
    """Parts of a whole; percent, ppm and ppb are units of it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit.

    Attributes:
        symbol: as written in documents, ASCII.
        dimension: only units of one dimension convert into one another.
        size: in the base unit, exact.
        source: of the size.
    """

    symbol: str
    dimension: Dimension
    size: Fraction
    source: str


_SI: Final = "SI Brochure, 9th edition (2019), sections 2.3 and 3"
_NIST: Final = "NIST Special Publication 811 (2008), appendix B.8, exact"
_SIZES: Final = (
    (Dimension.MASS, _SI, (("mg", "0.001"), ("g", "1"), ("kg", "1000"), ("t", "1000000"))),
    (
        Dimension.MASS,
        _NIST,
        (
            ("lb", "453.59237"),
            ("short ton", "907184.74"),
            ("long ton", "1016046.9088"),
            ("troy ounce", "31.1034768"),
        ),
    ),
    (Dimension.VOLUME, _SI, (("l", "1"), ("m3", "1000"), ("hm3", "1000000000"))),
    (Dimension.VOLUME, _NIST, (("US gallon", "3.785411784"),)),
    (
        Dimension.ENERGY,
        _SI,
        (
            *(("Wh", "1"), ("kWh", "1000"), ("MWh", "1000000"), ("GWh", "1000000000")),
            *(("MJ", "2500/9"), ("GJ", "2500000/9"), ("TJ", "2500000000/9")),
        ),
    ),
    (
        Dimension.BURDEN,
        _SI,
        (("g CO2e", "1"), ("kg CO2e", "1000"), ("t CO2e", "1000000")),
    ),
    (
        Dimension.RATIO,
        _SI,
        (
            *(("1", "1"), ("%", "1/100"), ("ppm", "1/1000000"), ("ppb", "1/1000000000")),
            *(("g/t", "1/1000000"), ("mg/kg", "1/1000000"), ("mg/t", "1/1000000000")),
        ),
    ),
)
UNITS: Final[Mapping[str, Unit]] = {
    symbol: Unit(symbol, dimension, Fraction(size), source)
    for dimension, source, sizes in _SIZES
    for symbol, size in sizes
}
"""All units that amounts are written in. ``ton`` alone is none of them: it could be three."""


def unit_of(symbol: str, dimension: Dimension | None = None) -> Unit:
    """A unit by its symbol.

    Args:
        symbol: exactly as in ``UNITS``.
        dimension: what it has to measure, if that matters.

    Raises:
        InputError: ``evidence.unknown_unit``, ``evidence.unit_mismatch`` for another dimension.
    """
    unit = UNITS.get(symbol)
    if unit is None:
        raise InputError("evidence.unknown_unit", f"{symbol[:40]!r} is no unit that is known here")
    if dimension is not None and unit.dimension is not dimension:
        raise InputError(
            "evidence.unit_mismatch",
            f"{unit.symbol} measures {unit.dimension.name.lower()}, "
            f"{dimension.name.lower()} is asked for",
        )
    return unit


def conversion(unit: Unit, to: Unit) -> tuple[Fraction, str]:
    """Factor from a unit to another, and its name: ``1 short ton = 907184.74 g (NIST ...)``.

    Raises:
        InputError: ``evidence.unit_mismatch`` between dimensions.
    """
    if unit.dimension is not to.dimension:
        raise InputError(
            "evidence.unit_mismatch",
            f"{unit.symbol} measures {unit.dimension.name.lower()} and {to.symbol} "
            f"{to.dimension.name.lower()}: there is no conversion",
        )
    factor = unit.size / to.size
    source = unit.source if unit.source != _SI else to.source
    return factor, f"1 {unit.symbol} = {factor} {to.symbol} ({source})"
