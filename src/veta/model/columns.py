"""What a column of a lot batch counts, as one 32-bit key: kind << 28 | qualifier << 12 | substance.

The keys and what stands in each part are those of ``ILotBook`` and ``IRegistry``. A quantity is an
integer in the column's base unit and at most ``QUANTITY_MAXIMUM``; so is every sum of them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NewType

from veta.errors import InputError

ColumnKey = NewType("ColumnKey", int)
"""32 bits: kind << 28 | qualifier << 12 | substance."""

SubstanceId = NewType("SubstanceId", int)
"""12 bits: a registered metal, of a chemical element its atomic number. 0 is none."""

ProgrammeId = NewType("ProgrammeId", int)
"""16 bits: a registered, sorted list of (scheme, level) that credit stands under."""

QUANTITY_MAXIMUM: Final = 2**53 - 1
"""Largest quantity and largest sum, base units."""
MAX_BATCH_COLUMNS: Final = 16
MAX_RUN_COLUMNS: Final = 32

_MAX_KEY: Final = 2**32 - 1
_SYMBOLS: Final = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb "
    "Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U"
)
ELEMENT_SYMBOLS: Final[Mapping[int, str]] = dict(enumerate(_SYMBOLS.split(), start=1))
"""Symbol by atomic number, 1 to 92."""


class ColumnKind(enum.IntEnum):
    """What is counted: the top four bits of a key, and with it the law that holds."""

    MASS = 1
    """Mass of the goods; the qualifier is a ``MassBasis``. g."""
    METAL = 2
    """Contained metal of a substance. g, or mg for precious metals."""
    CLASS = 3
    """Metal of an origin class; the qualifier is an ``OriginClass``. Unit as the metal's."""
    CO2E = 4
    """Cradle-to-gate burden; the qualifier is the network's GWP set. g CO2e."""
    CREDIT = 5
    """Certified metal under a programme, which is the qualifier. Unit as the metal's."""
    UNIT = 6
    """Counted things of a registered kind, which is the qualifier. Pieces."""


class MassBasis(enum.IntEnum):
    """Which mass: moisture counts in neither."""

    DRY = 1
    NET = 2


class OriginClass(enum.IntEnum):
    """Where metal comes from that no registered site mined."""

    RECYCLED = 1
    EXTERNAL = 2


_WITH_SUBSTANCE: Final = frozenset({ColumnKind.METAL, ColumnKind.CLASS, ColumnKind.CREDIT})
_QUALIFIERS: Final[Mapping[ColumnKind, frozenset[int]]] = {
    ColumnKind.MASS: frozenset(MassBasis),
    ColumnKind.CLASS: frozenset(OriginClass),
    ColumnKind.METAL: frozenset({0}),
}


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """A column key taken apart. Order is the order of keys.

    Raises:
        InputError: ``columns.unknown`` for parts that no key has.
    """

    kind: ColumnKind
    qualifier: int
    substance: SubstanceId

    def __post_init__(self) -> None:
        if not (0 <= self.qualifier < 2**16 and 0 <= self.substance < 2**12):
            raise _unknown(f"qualifier {self.qualifier}, substance {self.substance}")
        if (self.kind in _WITH_SUBSTANCE) != (self.substance != 0):
            raise _unknown(f"{self.kind.name} with substance {self.substance}")
        allowed = _QUALIFIERS.get(self.kind)
        if self.qualifier not in allowed if allowed else self.qualifier == 0:
            raise _unknown(f"{self.kind.name} with qualifier {self.qualifier}")

    @classmethod
    def of(cls, key: int) -> Column:
        """The column of a key.

        Raises:
            InputError: ``columns.unknown``.
        """
        if type(key) is not int or not 0 <= key <= _MAX_KEY:
            raise _unknown("a key outside 32 bits")
        try:
            kind = ColumnKind(key >> 28)
        except ValueError as error:
            raise _unknown(f"key {key:#010x}") from error
        return cls(kind, key >> 12 & 0xFFFF, SubstanceId(key & 0xFFF))

    @property
    def key(self) -> ColumnKey:
        """The 32-bit key."""
        return ColumnKey(self.kind << 28 | self.qualifier << 12 | self.substance)

    def words(self, symbols: Mapping[int, str] = ELEMENT_SYMBOLS) -> str:
        """What is counted, in words: ``contained Cu``, ``net mass``, ``credit of programme 7, Cu``.

        Args:
            symbols: symbol of each registered substance; a missing one is shown by its number.
        """
        metal = symbols.get(self.substance, f"substance {self.substance}")
        match self.kind:
            case ColumnKind.MASS:
                return f"{MassBasis(self.qualifier).name.lower()} mass"
            case ColumnKind.METAL:
                return f"contained {metal}"
            case ColumnKind.CLASS:
                return f"{OriginClass(self.qualifier).name.lower()} {metal}"
            case ColumnKind.CO2E:
                return f"CO2e (GWP set {self.qualifier})"
            case ColumnKind.CREDIT:
                return f"credit of programme {self.qualifier}, {metal}"
            case ColumnKind.UNIT:
                return f"units of kind {self.qualifier}"


def mass_key(basis: MassBasis) -> ColumnKey:
    """Key of dry or net mass."""
    return Column(ColumnKind.MASS, basis, SubstanceId(0)).key


def metal_key(substance: int) -> ColumnKey:
    """Key of the contained metal of a substance."""
    return Column(ColumnKind.METAL, 0, SubstanceId(substance)).key


def class_key(origin: OriginClass, substance: int) -> ColumnKey:
    """Key of the metal of an origin class."""
    return Column(ColumnKind.CLASS, origin, SubstanceId(substance)).key


def co2e_key(gwp_set: int) -> ColumnKey:
    """Key of the burden under a GWP set."""
    return Column(ColumnKind.CO2E, gwp_set, SubstanceId(0)).key


def credit_key(programme: int, substance: int) -> ColumnKey:
    """Key of certified metal under a programme."""
    return Column(ColumnKind.CREDIT, programme, SubstanceId(substance)).key


def unit_key(unit_kind: int) -> ColumnKey:
    """Key of counted things of a kind."""
    return Column(ColumnKind.UNIT, unit_kind, SubstanceId(0)).key


def _unknown(what: str) -> InputError:
    return InputError("columns.unknown", f"no column of a lot has {what}")
