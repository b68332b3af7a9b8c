"""The field's decimals, written from whole base units, exactly; the standard's own number members.

UNTP writes kilograms, cubic metres and fractions as decimals. They are made here from the
integers that count, have no exponent and at most 15 digits, and are only ever compared.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from veta.errors import InputError

MOST_DIGITS: Final = 15
"""Digits that survive the way through an IEEE 754 double."""


def shifted(value: int, places: int) -> int | Decimal:
    """``value / 10**places`` as a JSON number: an integer where it is one.

    Raises:
        InputError: ``statement.too_many_digits``: more than 15 significant digits.
    """
    scale: int = 10**places
    whole, rest = divmod(abs(value), scale)
    sign = -1 if value < 0 else 1
    if rest == 0:
        return sign * whole
    text = f"{whole}.{rest:0{places}d}".rstrip("0")
    if len(text.replace(".", "").lstrip("0")) > MOST_DIGITS:
        raise InputError("statement.too_many_digits", f"{text} has more than {MOST_DIGITS} digits")
    return Decimal(text) if sign > 0 else Decimal(f"-{text}")
