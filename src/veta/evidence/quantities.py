"""Masses that say what they are the mass of, and contained metal that is computed from them.

Nothing here converts in silence: wet and dry, a tonne and a short ton, a compound and its metal are
added, compared or divided only after a conversion that has a name, and the name stays with the
result. Amounts are exact until ``rounded``, which says which way and to what.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from veta.errors import InputError
from veta.evidence.exact import Rounding, amount_text, exact, read_amount
from veta.evidence.grades import AssuranceGrade, lowest
from veta.evidence.units import Dimension, Unit, conversion, unit_of

MOST_STEPS: Final = 64
"""Named steps that a quantity can carry: more are no calculation that a reader could follow."""


class Basis(enum.Enum):
    """Which mass of the goods is meant."""

    WET = "wet"
    """With moisture, as weighed."""
    DRY = "dry"
    """Without moisture."""
    NET = "net"
    """Metal or product without packaging."""
    CONTAINED = "contained"
    """Of a substance in the goods: computed, never weighed."""
    EQUIVALENT = "equivalent"
    """Another substance of the same contained metal, such as LCE: computed, never weighed."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a mass is the mass of.

    Attributes:
        basis: which mass.
        substance: chemical formula (``Cu``, ``Li2CO3``) for contained and equivalent, and for net
            masses of a pure product; otherwise the goods' own word (``copper concentrate``).
    """

    basis: Basis
    substance: str

    def __post_init__(self) -> None:
        if not self.substance.isascii() or not 0 < len(self.substance) <= 64:
            raise InputError("evidence.substance", "a substance is 1 to 64 ASCII characters")

    def words(self) -> str:
        """``dry mass of copper concentrate``, ``contained Cu``, ``Li2CO3 equivalent``."""
        match self.basis:
            case Basis.CONTAINED:
                return f"contained {self.substance}"
            case Basis.EQUIVALENT:
                return f"{self.substance} equivalent"
            case _:
                return f"{self.basis.value} mass of {self.substance}"


_COMPUTED: Final = frozenset({Basis.CONTAINED, Basis.EQUIVALENT})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A mass.

    Attributes:
        amount: exact, not negative, in ``unit``.
        unit: of mass.
        matter: what it is the mass of.
        grade: the lowest of everything that went into it.
        steps: names of the conversions and roundings on the way, in order.

    Raises:
        InputError: ``evidence.not_exact``, ``evidence.negative``, ``evidence.unit_mismatch``.
    """

    amount: Fraction
    unit: Unit
    matter: Matter
    grade: AssuranceGrade
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", exact(self.amount, self.matter.words()))
        unit_of(self.unit.symbol, Dimension.MASS)

    def words(self) -> str:
        """``2300 t (dry mass of copper concentrate)``."""
        return f"{amount_text(self.amount)} {self.unit.symbol} ({self.matter.words()})"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share by mass: moisture, or what of a mass is a substance.

    Attributes:
        value: 0 to 1, exact.
        substance: what is in it: ``H2O`` for moisture.
        of: the mass that it is a share of.
        grade: of the measurement.

    Raises:
        InputError: ``evidence.ratio_range`` above one, as when percent are read as parts, and the
            codes of ``exact``.
    """

    value: Fraction
    substance: str
    of: Matter
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        value = exact(self.value, f"the share of {self.substance}")
        if value > 1:
            raise InputError(
                "evidence.ratio_range",
                f"{amount_text(value)} parts of {self.substance} in one of {self.of.words()}: "
                "more than the whole",
            )
        object.__setattr__(self, "value", value)


def weighed(text: str, symbol: str, matter: Matter, grade: AssuranceGrade) -> Quantity:
    """A mass as somebody wrote it down.

    Args:
        text: decimal text.
        symbol: of a unit of mass.
        matter: wet, dry or net mass of something.
        grade: by who signed it (``grades.grade_of``).

    Raises:
        InputError: ``evidence.contained_typed_in`` for contained or equivalent masses, which are
            computed; codes of ``read_amount`` and ``unit_of``.
    """
    if matter.basis in _COMPUTED:
        raise InputError(
            "evidence.contained_typed_in",
            f"{matter.words()} is computed from mass and assay, it cannot be typed in",
        )
    return Quantity(
        read_amount(text, matter.words()), unit_of(symbol, Dimension.MASS), matter, grade
    )


def assayed(text: str, symbol: str, *, substance: str, of: Matter, grade: AssuranceGrade) -> Ratio:
    """A share as somebody wrote it down: ``assayed("30", "%", substance="Cu", of=dry, ...)``.

    Raises:
        InputError: codes of ``read_amount``, ``unit_of`` and ``Ratio``.
    """
    unit = unit_of(symbol, Dimension.RATIO)
    value = read_amount(text, f"the share of {substance}") * unit.size
    return Ratio(value, substance, of, grade)


def total(quantities: Sequence[Quantity]) -> Quantity:
    """The sum of masses of one matter in one unit.

    Raises:
        InputError: ``evidence.basis_mismatch``, ``evidence.unit_mismatch``, ``evidence.no_grade``
            of none.
    """
    grade = lowest(each.grade for each in quantities)
    for each in quantities:
        _same(quantities[0], each, "added")
    amount = sum((each.amount for each in quantities), Fraction(0))
    return replace(quantities[0], amount=amount, grade=grade, steps=_joined(*quantities))


def mean(quantities: Sequence[Quantity]) -> Quantity:
    """The arithmetic mean of masses of one matter in one unit, exact.

    Raises:
        InputError: as ``total``.
    """
    whole = total(quantities)
    return replace(whole, amount=whole.amount / len(quantities))


def less(whole: Quantity, part: Quantity) -> Quantity:
    """What is left of a mass.

    Raises:
        InputError: ``evidence.negative`` if the part is more; as ``total``.
    """
    _same(whole, part, "subtracted")
    grade = lowest((whole.grade, part.grade))
    return replace(
        whole, amount=whole.amount - part.amount, grade=grade, steps=_joined(whole, part)
    )


def share(whole: Quantity, part: Quantity, of: Quantity) -> Quantity:
    """``whole x part / of``: what of a mass belongs to a part, exact.

    Raises:
        InputError: ``evidence.divided_by_nothing``; as ``total`` for ``part`` and ``of``.
    """
    _same(part, of, "divided")
    if of.amount == 0:
        raise InputError("evidence.divided_by_nothing", "a share of nothing was asked for")
    grade = lowest((whole.grade, part.grade, of.grade))
    amount = whole.amount * part.amount / of.amount
    return replace(whole, amount=amount, grade=grade, steps=_joined(whole, part, of))


def in_unit(quantity: Quantity, symbol: str) -> Quantity:
    """The same mass in another unit, exact; the conversion is named in ``steps``.

    Raises:
        InputError: ``evidence.unknown_unit``, ``evidence.unit_mismatch``.
    """
    to = unit_of(symbol)
    factor, name = conversion(quantity.unit, to)
    if factor == 1:
        return quantity
    steps = _stepped(quantity, name)
    return replace(quantity, amount=quantity.amount * factor, unit=to, steps=steps)


def dried(wet: Quantity, moisture: Ratio) -> Quantity:
    """Dry mass of a wet one (ISO 10251:2006, moisture on wet basis, 105 C), exact.

    Raises:
        InputError: ``evidence.basis_mismatch`` for a mass that is not wet, or a ratio that is not
            of this wet mass's water.
    """
    if wet.matter.basis is not Basis.WET:
        raise _mismatch(f"{wet.matter.words()} has no moisture to lose; a wet mass is asked for")
    if moisture.of != wet.matter or moisture.substance != "H2O":
        raise _mismatch(
            f"{moisture.substance} in {moisture.of.words()} is not the moisture of "
            f"{wet.matter.words()}"
        )
    return Quantity(
        wet.amount * (1 - moisture.value),
        wet.unit,
        Matter(Basis.DRY, wet.matter.substance),
        lowest((wet.grade, moisture.grade)),
        _stepped(wet, f"dried from wet mass at {amount_text(moisture.value * 100)} % moisture"),
    )


def contained(mass: Quantity, assay: Ratio) -> Quantity:
    """What of a dry or net mass is a substance, exact.

    Raises:
        InputError: ``evidence.basis_mismatch`` if the assay speaks of another mass, or the mass is
            wet, contained or an equivalent.
    """
    if mass.matter.basis not in {Basis.DRY, Basis.NET}:
        raise _mismatch(
            f"{mass.matter.words()} has no assay of its own; a dry or net mass is asked for"
        )
    if assay.of != mass.matter:
        raise _mismatch(
            f"{assay.substance} was assayed in {assay.of.words()}, not in {mass.matter.words()}"
        )
    if assay.substance == "H2O":
        raise _mismatch("moisture is no content")
    return Quantity(
        mass.amount * assay.value,
        mass.unit,
        Matter(Basis.CONTAINED, assay.substance),
        lowest((mass.grade, assay.grade)),
        _stepped(mass, f"{amount_text(assay.value * 100)} % {assay.substance}"),
    )


def rounded(quantity: Quantity, rounding: Rounding) -> Quantity:
    """A quantity rounded, with the rounding's name in ``steps`` if it changed anything."""
    amount = rounding.apply(quantity.amount)
    if amount == quantity.amount:
        return quantity
    steps = _stepped(quantity, rounding.words(quantity.unit.symbol))
    return replace(quantity, amount=amount, steps=steps)


def base_units(quantity: Quantity, rounding: Rounding, symbol: str = "g") -> tuple[int, Quantity]:
    """The integer of base units that a lot column counts, and the quantity that it stands for.

    Args:
        quantity: in any unit of mass.
        rounding: to whole base units: its step is a whole number.
        symbol: ``g``, or ``mg`` for precious metals.

    Raises:
        InputError: ``evidence.rounding_step``.
    """
    if rounding.step.denominator != 1:
        raise InputError("evidence.rounding_step", "base units are whole")
    whole = rounded(in_unit(quantity, symbol), rounding)
    return int(whole.amount), whole


def _same(first: Quantity, second: Quantity, verb: str) -> None:
    if first.matter != second.matter:
        raise _mismatch(
            f"{second.matter.words()} in {second.unit.symbol} cannot be {verb} with "
            f"{first.matter.words()} in {first.unit.symbol}"
        )
    if first.unit != second.unit:
        raise InputError(
            "evidence.unit_mismatch",
            f"an amount in {second.unit.symbol} cannot be {verb} with one in "
            f"{first.unit.symbol} before a named conversion",
        )


def _mismatch(message: str) -> InputError:
    return InputError("evidence.basis_mismatch", message)


def _joined(*quantities: Quantity) -> tuple[str, ...]:
    return _bounded(tuple(dict.fromkeys(step for each in quantities for step in each.steps)))


def _stepped(quantity: Quantity, step: str) -> tuple[str, ...]:
    return _bounded(tuple(dict.fromkeys((*quantity.steps, step))))


def _bounded(steps: tuple[str, ...]) -> tuple[str, ...]:
    if len(steps) > MOST_STEPS:
        message = f"a calculation of more than {MOST_STEPS} named steps"
        raise InputError("evidence.too_many_steps", message)
    return steps
