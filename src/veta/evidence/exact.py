"""Exact numbers as they come in and go out: never a float, and every rounding has a name.

Inside this package a number is an ``int`` or a ``fractions.Fraction``. What members write is
decimal text of at most 15 significant digits: as many as survive any JSON implementation (RFC 8785
section 3.2.2.3).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from veta.errors import InputError

MOST_DIGITS: Final = 15
"""Significant digits of an amount as written."""

_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_LONGEST: Final = 40


def exact(value: object, what: str) -> Fraction:
    """A number that is not negative, as a fraction.

    Args:
        value: ``int``, ``Decimal`` or ``Fraction``; a float, a bool and text are refused.
        what: what the number is, for the message.

    Raises:
        InputError: ``evidence.not_exact``, ``evidence.negative``, ``evidence.amount_range``.
    """
    if type(value) not in {int, Decimal, Fraction}:
        raise InputError("evidence.not_exact", f"{what} is no exact number")
    assert isinstance(value, int | Decimal | Fraction)
    if isinstance(value, Decimal) and not value.is_finite():
        raise InputError("evidence.not_exact", f"{what} is no number")
    if isinstance(value, Decimal) and not -_LONGEST <= value.adjusted() <= _LONGEST:
        raise InputError("evidence.amount_range", f"{what} has an exponent out of all bounds")
    if value < 0:
        raise InputError("evidence.negative", f"{what} is negative")
    return Fraction(value)


def read_amount(text: object, what: str) -> Fraction:
    """The amount that decimal text says: ``0``, ``2300``, ``28.125``.

    Args:
        text: no sign, exponent, separator, blank or leading zero.
        what: what the amount is, for the message.

    Raises:
        InputError: ``evidence.number_form``, ``evidence.negative``, ``evidence.too_many_digits``.
    """
    if not isinstance(text, str):
        raise InputError("evidence.number_form", f"{what} is not written as decimal text")
    if text.startswith("-"):
        raise InputError("evidence.negative", f"{what} is negative")
    if len(text) > _LONGEST:
        raise InputError("evidence.too_many_digits", f"{what} has more than {MOST_DIGITS} digits")
    if not _DECIMAL.fullmatch(text):
        raise InputError("evidence.number_form", f"{what} is not decimal text: {text!r}")
    if len(text.replace(".", "").lstrip("0")) > MOST_DIGITS:
        raise InputError("evidence.too_many_digits", f"{what} has more than {MOST_DIGITS} digits")
    return Fraction(text)


def amount_text(amount: Fraction) -> str:
    """Decimal text where an amount has one that ends, else ``numerator/denominator``. Exact."""
    rest, places = amount.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        places = max(places, count)
    if rest != 1:
        return f"{amount.numerator}/{amount.denominator}"
    scale: int = 10**places
    whole, part = divmod(abs(amount.numerator) * scale // amount.denominator, scale)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


class Direction(enum.Enum):
    """Which way a rounding goes."""

    DOWN = "down"
    """What is claimed: nobody gains by rounding."""
    UP = "up"
    """What burdens: nobody sheds by rounding."""
    HALF_EVEN = "half to even"
    """What is only shown (ISO 80000-1:2022 annex B, rule A)."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rounding by its name: the direction, and to multiples of what.

    Attributes:
        direction: which way.
        step: positive; in the unit of what is rounded. 1 rounds to whole units.
    """

    direction: Direction
    step: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if exact(self.step, "a rounding's step") == 0:
            raise InputError("evidence.amount_range", "a rounding's step is zero")

    def apply(self, amount: Fraction) -> Fraction:
        """The multiple of ``step`` on this side of an amount."""
        steps = amount / self.step
        match self.direction:
            case Direction.DOWN:
                count = steps.numerator // steps.denominator
            case Direction.UP:
                count = -(-steps.numerator // steps.denominator)
            case Direction.HALF_EVEN:
                count = round(steps)
        return count * self.step

    def words(self, unit: str) -> str:
        """``rounded down to 1 g``."""
        return f"rounded {self.direction.value} to {amount_text(self.step)} {unit}"


DOWN: Final = Rounding(Direction.DOWN)
UP: Final = Rounding(Direction.UP)
