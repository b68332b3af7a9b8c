"""JSON numbers: read exactly, written as RFC 8785 section 3.2.2.3 asks.

A number's value decides its type: what is integral is an ``int`` however it was written, everything
else a ``decimal.Decimal`` without trailing zeros. No binary float occurs here except in
``ecmascript_number``, which serves documents that others signed.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from veta.canonical.limits import MAX_FRACTION_DIGITS, MAX_SAFE_INTEGER, Limits
from veta.errors import InputError

_MAX_NUMERAL: Final = 120
"""Longest number looked at; keeps quadratic conversions away from what a stranger wrote."""
_MAX_EXPONENT: Final = 400
_CANONICAL: Final = re.compile(r"0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9]")
_CANONICAL_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9]")
_SMALLEST: Final = Decimal("0.000001")
"""Below it ECMAScript writes an exponent (ECMA-262 Number::toString)."""


def read_integer(numeral: str, limits: Limits) -> int:
    """The value of a JSON integer.

    Raises:
        InputError: ``canonical.integer_range``, ``canonical.negative_zero``.
    """
    if len(numeral) <= MAX_FRACTION_DIGITS and numeral != "-0":
        return int(numeral)
    if numeral == "-0":
        raise InputError("canonical.negative_zero", "-0 is not a number that is read here")
    if len(numeral) > _MAX_NUMERAL or abs(int(numeral)) > limits.max_integer:
        raise InputError(
            "canonical.integer_range",
            f"integer of {len(numeral)} characters is outside +-{limits.max_integer}",
        )
    return int(numeral)


def read_decimal(numeral: str, limits: Limits) -> int | Decimal:
    """The exact value of a JSON number with a fraction, an exponent or both.

    Raises:
        InputError: ``canonical.exponent``, ``canonical.too_many_digits``,
            ``canonical.negative_zero``, ``canonical.integer_range``,
            ``canonical.number_too_small``, ``canonical.number_form``.
    """
    mantissa, _, exponent = numeral.lower().partition("e")
    if exponent and not limits.exponents:
        raise InputError("canonical.exponent", "a number is written with an exponent")
    digits = mantissa.replace(".", "").lstrip("-").lstrip("0")
    if len(digits) > limits.max_digits or len(numeral) > _MAX_NUMERAL:
        raise InputError(
            "canonical.too_many_digits", f"a number has more than {limits.max_digits} digits"
        )
    if not digits and numeral.startswith("-"):
        raise InputError("canonical.negative_zero", "-0 is not a number that is read here")
    value = _value_of(mantissa, exponent)
    if isinstance(value, int) and abs(value) > limits.max_integer:
        raise InputError("canonical.integer_range", f"a number is outside +-{limits.max_integer}")
    if not limits.exponents and isinstance(value, Decimal) and abs(value) < _SMALLEST:
        raise InputError(
            "canonical.number_too_small", f"a number is nearer to zero than {_SMALLEST:f}"
        )
    if limits.canonical_numbers and not _CANONICAL.fullmatch(numeral):
        raise InputError("canonical.number_form", f"{numeral} is not written as {value}")
    return value


def _value_of(mantissa: str, exponent: str) -> int | Decimal:
    """Exact, without trailing zeros; by way of text, which no arithmetic context can round."""
    if exponent:
        if len(exponent) > 6 or abs(int(exponent)) > _MAX_EXPONENT:
            raise InputError("canonical.exponent", f"an exponent is beyond +-{_MAX_EXPONENT}")
        mantissa = format(Decimal(f"{mantissa}e{exponent}"), "f")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").removesuffix(".")
    return Decimal(mantissa) if "." in mantissa else int(mantissa)


def integer_text(value: int) -> str:
    """RFC 8785 text of an integer.

    Raises:
        InputError: ``canonical.integer_range``.
    """
    if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        raise InputError("canonical.integer_range", f"an integer is outside +-{MAX_SAFE_INTEGER}")
    return str(value)


def decimal_text(value: Decimal) -> str:
    """RFC 8785 text of a decimal; equal values have equal texts, integral ones an integer's.

    Raises:
        InputError: ``canonical.not_a_number``, ``canonical.negative_zero``,
            ``canonical.too_many_digits``, ``canonical.number_too_small``,
            ``canonical.integer_range``.
    """
    text = str(value)
    if len(text) <= MAX_FRACTION_DIGITS + 1 and _CANONICAL_DECIMAL.fullmatch(text):
        return text
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise InputError("canonical.not_a_number", f"{value} is not a number")
    significant = "".join(map(str, digits)).strip("0")
    if not significant:
        if sign:
            raise InputError("canonical.negative_zero", "-0 has no canonical form here")
        return "0"
    if value.adjusted() >= MAX_FRACTION_DIGITS + 1:
        raise InputError("canonical.integer_range", f"a number is outside +-{MAX_SAFE_INTEGER}")
    if value.adjusted() < _SMALLEST.adjusted():
        raise InputError(
            "canonical.number_too_small", f"a number is nearer to zero than {_SMALLEST:f}"
        )
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    if "." not in text:
        return integer_text(int(text))
    if len(significant) > MAX_FRACTION_DIGITS:
        raise InputError(
            "canonical.too_many_digits", f"a number has more than {MAX_FRACTION_DIGITS} digits"
        )
    return text


def ecmascript_number(numeral: str) -> str:
    """What ECMAScript writes for a JSON number (ECMA-262 Number::toString, radix 10).

    Only for documents signed by others under RFC 8785 in full, where a number is a double.

    Raises:
        InputError: ``canonical.integer_range`` where the nearest double is infinite,
            ``canonical.too_many_digits`` for a numeral of absurd length.
    """
    if len(numeral) > 1100:
        raise InputError("canonical.too_many_digits", "a number has more than 1100 characters")
    double = float(numeral)
    if math.isinf(double):
        raise InputError("canonical.integer_range", "a number is beyond the largest double")
    if double == 0:
        return "0"
    # repr() gives the shortest digits that read back as the same double, as ECMA-262 asks.
    sign, numerals, exponent = Decimal(repr(double)).as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, numerals)).rstrip("0")
    point = len(numerals) + exponent
    text = _place_point(digits, point)
    return f"-{text}" if sign else text


def _place_point(digits: str, point: int) -> str:
    """Steps 6 to 10 of Number::toString: ``0.digits`` times ten to the power of ``point``."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    mantissa = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"
