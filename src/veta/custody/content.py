"""Contained metal from what was weighed and assayed: computed, never typed in.

Mass carries its basis and a grade says of which mass it speaks, so wet tonnes cannot stand for dry
ones, nor a compound for its metal. Everything is rounded down: nobody gains a gram by measuring.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from veta.custody.rounding import PPM
from veta.errors import InputError


class Weighed(enum.Enum):
    """What a mass is the mass of."""

    WET = "wet"
    """Concentrate with its moisture."""
    DRY = "dry"
    NET = "net"
    """Metal or product without packaging; it has no moisture to speak of."""


@dataclass(frozen=True, slots=True)
class Mass:
    """A mass and its basis."""

    mass_g: int
    basis: Weighed


@dataclass(frozen=True, slots=True)
class Grade:
    """Contained metal in ppm of a mass of this basis."""

    metal_ppm: int
    of: Weighed


def dried(mass: Mass, moisture_ppm: int) -> Mass:
    """Dry mass of a wet one, rounded down.

    Raises:
        InputError: ``custody.unit_mismatch`` for a mass that is not wet.
    """
    if mass.basis is not Weighed.WET:
        raise _mismatch(mass.basis, Weighed.WET)
    return Mass(mass.mass_g * (PPM - moisture_ppm) // PPM, Weighed.DRY)


def contained_g(mass: Mass, grade: Grade) -> int:
    """Contained metal, rounded down.

    Raises:
        InputError: ``custody.unit_mismatch`` if the grade speaks of another mass.
    """
    if mass.basis is not grade.of:
        raise _mismatch(mass.basis, grade.of)
    return mass.mass_g * grade.metal_ppm // PPM


@dataclass(frozen=True, slots=True)
class AssayLimits:
    """What a product standard allows of impurities, all in one unit (mg a tonne)."""

    single: Mapping[str, int]
    groups: Sequence[tuple[tuple[str, ...], int]]
    total: int


def assay_faults(assay: Mapping[str, int], limits: AssayLimits) -> Iterator[str]:
    """What of an assay lies above a limit: ``As>5000``, ``Bi+Se+Te>3000``, ``sum>65000``."""
    for element, most in limits.single.items():
        if assay.get(element, 0) > most:
            yield f"{element}>{most}"
    for elements, most in limits.groups:
        if sum(assay.get(element, 0) for element in elements) > most:
            yield f"{'+'.join(elements)}>{most}"
    if sum(assay.values()) > limits.total:
        yield f"sum>{limits.total}"


def _mismatch(given: Weighed, wanted: Weighed) -> InputError:
    return InputError(
        "custody.unit_mismatch", f"a {given.value} mass cannot stand for a {wanted.value} one"
    )
