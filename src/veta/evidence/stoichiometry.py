"""From a compound to its metal and back, by factors that have a name and a source.

Atomic weights are the conventional (abridged) values of IUPAC's Commission on Isotopic Abundances
and Atomic Weights, table of 2021 (Prohaska et al., Pure Appl. Chem. 94 (2022) 573-600). Lithium's
weight in a salt varies with its history, 6.938 to 6.997: trade counts by convention, so a
convention is a factor of its own and two factors give two different, named results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from veta.errors import InputError
from veta.evidence.exact import exact
from veta.evidence.grades import AssuranceGrade
from veta.evidence.quantities import MOST_STEPS, Basis, Matter, Quantity

SOURCE: Final = "IUPAC CIAAW 2021, abridged"
ATOMIC_WEIGHTS: Final[Mapping[str, Fraction]] = {
    symbol: Fraction(weight)
    for symbol, weight in {
        "H": "1.008", "Li": "6.94", "C": "12.011", "O": "15.999", "Al": "26.982",
        "Si": "28.085", "S": "32.06", "Cl": "35.45", "Fe": "55.845", "Cu": "63.546",
    }.items()
}  # fmt: skip
COMPOUNDS: Final[Mapping[str, Mapping[str, int]]] = {
    "Li2CO3": {"Li": 2, "C": 1, "O": 3},
    "LiOH": {"Li": 1, "O": 1, "H": 1},
    "LiOH.H2O": {"Li": 1, "O": 2, "H": 3},
    "LiCl": {"Li": 1, "Cl": 1},
    "Li2O": {"Li": 2, "O": 1},
    "LiAlSi2O6": {"Li": 1, "Al": 1, "Si": 2, "O": 6},
    "CuSO4.5H2O": {"Cu": 1, "S": 1, "O": 9, "H": 10},
    "CuFeS2": {"Cu": 1, "Fe": 1, "S": 2},
    "Cu2S": {"Cu": 2, "S": 1},
}
"""Atoms by compound; ``.`` joins water of crystallisation."""


@dataclass(frozen=True, slots=True)
class Factor:
    """What one unit of mass of a substance is of another.

    Attributes:
        name: of the factor, as ``steps`` of a result give it.
        of: the substance that is converted.
        to: the substance that comes out.
        value: mass of ``to`` for one of ``of``.
        source: where the value is from.
    """

    name: str
    of: str
    to: str
    value: Fraction
    source: str

    def __post_init__(self) -> None:
        if exact(self.value, f"the factor {self.name}") == 0:
            raise InputError("evidence.factor_range", f"the factor {self.name} is zero")


def molar_mass(compound: str) -> Fraction:
    """Molar mass of a compound or element, g/mol, exact by ``ATOMIC_WEIGHTS``.

    Raises:
        InputError: ``evidence.unknown_compound``.
    """
    if compound in ATOMIC_WEIGHTS:
        return ATOMIC_WEIGHTS[compound]
    if compound not in COMPOUNDS:
        raise InputError("evidence.unknown_compound", f"{compound[:40]!r} is not known here")
    return sum(
        (ATOMIC_WEIGHTS[atom] * count for atom, count in COMPOUNDS[compound].items()), Fraction(0)
    )


def element_in(compound: str, element: str) -> Factor:
    """The factor from a compound to one of its elements.

    Raises:
        InputError: ``evidence.unknown_compound``, ``evidence.not_in_compound``.
    """
    whole = molar_mass(compound)
    count = COMPOUNDS.get(compound, {compound: 1}).get(element, 0)
    if count == 0:
        raise InputError("evidence.not_in_compound", f"{compound} has no {element}")
    value = ATOMIC_WEIGHTS[element] * count / whole
    return Factor(f"{element} in {compound} by atomic weights", compound, element, value, SOURCE)


LI_BY_CONVENTION: Final = Factor(
    "Li in Li2CO3, 4 digits by convention", "Li2CO3", "Li", Fraction("0.1879"),
    "declared convention of the lithium trade",
)  # fmt: skip
LCE_BY_CONVENTION: Final = Factor(
    "LCE of Li, 4 digits by convention", "Li", "Li2CO3", Fraction("5.323"),
    "declared convention of the lithium trade",
)  # fmt: skip
LCE: Final = Factor(
    "LCE of Li by atomic weights", "Li", "Li2CO3", 1 / element_in("Li2CO3", "Li").value, SOURCE
)


def element_of(quantity: Quantity, factor: Factor) -> Quantity:
    """Contained element of a contained or net compound, exact; the factor is named in ``steps``.

    Raises:
        InputError: ``evidence.basis_mismatch`` if the mass is of something else than what the
            factor converts, wet, dry or already an equivalent.
    """
    if quantity.matter.basis not in {Basis.CONTAINED, Basis.NET}:
        raise _mismatch(quantity, factor)
    return _converted(quantity, factor, Basis.CONTAINED)


def equivalent_of(quantity: Quantity, factor: Factor) -> Quantity:
    """A contained element written as the mass of another substance: LCE. Exact, factor named.

    The result is an equivalent: it is never added to the substance it is named after.

    Raises:
        InputError: ``evidence.basis_mismatch``.
    """
    if quantity.matter.basis is not Basis.CONTAINED:
        raise _mismatch(quantity, factor)
    return _converted(quantity, factor, Basis.EQUIVALENT)


def _converted(quantity: Quantity, factor: Factor, basis: Basis) -> Quantity:
    if quantity.matter.substance != factor.of:
        raise _mismatch(quantity, factor)
    step = f"{factor.name} ({factor.source})"
    if len(quantity.steps) >= MOST_STEPS:
        raise InputError("evidence.too_many_steps", "a calculation of too many named steps")
    grade: AssuranceGrade = quantity.grade
    return Quantity(
        quantity.amount * factor.value,
        quantity.unit,
        Matter(basis, factor.to),
        grade,
        (*quantity.steps, step),
    )


def _mismatch(quantity: Quantity, factor: Factor) -> InputError:
    return InputError(
        "evidence.basis_mismatch",
        f"{quantity.matter.words()} in {quantity.unit.symbol} cannot be converted by "
        f"{factor.name}, which takes {factor.of} and gives {factor.to}",
    )
