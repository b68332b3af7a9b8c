"""Footprints of a run's products: inherited, added, divided, and nothing of it gone.

1. inherit   each input brings its burden and the part of it that rests on primary data
2. add       process, transport and bought-in emissions
3. allocate  as declared: products that carry their inherited figure, a declared one or none are set
             apart; the rest is divided by mass or by economic shares
4. conserve  the products' burdens sum to what went in, to the gram

How it was divided is part of the result: two results of one run that differ in method differ in
``method_digest``, which belongs into the signed document.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from veta import canonical
from veta.custody.rounding import PPM, largest_remainder
from veta.errors import InputError
from veta.model.identifiers import Digest

_KILOGRAM = 1000


class AllocationMethod(enum.Enum):
    """How a product's burden is found."""

    MASS = "mass"
    """The rest, by the products' masses."""
    ECONOMIC = "economic"
    """The rest, by declared ppm that sum to one million over the products of this method."""
    SUBSTITUTION = "substitution"
    """The declared burden of what it replaces elsewhere; the others carry the rest, never less
    than nothing."""
    INHERITED = "inherited"
    """Scrap that goes back: its mass times the declared figure of what went in."""
    CUT_OFF = "cut-off"
    """None: whoever uses it starts from zero."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Something that brings a burden into a run."""

    name: str
    co2e_g: int
    primary_ppm: int
    """The part that rests on primary data."""
    inherited: bool = False
    """Came with an input; else it arose in the run."""


@dataclass(frozen=True, slots=True)
class ProductShare:
    """A product of a run and how its burden is found."""

    name: str
    mass_g: int
    method: AllocationMethod
    value: int = 0
    """ECONOMIC: ppm; SUBSTITUTION: g CO2e of the whole; INHERITED: g CO2e a kilogram."""


@dataclass(frozen=True, slots=True)
class ProductFootprint:
    """The burden of a product; the method is part of it."""

    name: str
    mass_g: int
    co2e_g: int
    primary_ppm: int
    """Emission-weighted, rounded down."""
    method: AllocationMethod
    value: int

    @property
    def co2e_g_per_kg(self) -> int:
        """Per kilogram, rounded up: a figure never says less than the product carries."""
        return co2e_g_per_kg(self.co2e_g, self.mass_g)


@dataclass(frozen=True, slots=True)
class _Pool:
    """A burden and the part of it that rests on primary data, both exact."""

    co2e_g: int
    primary_g: Fraction

    @classmethod
    def of(cls, contributions: Sequence[Contribution]) -> _Pool:
        weighted = sum(part.co2e_g * part.primary_ppm for part in contributions)
        return cls(sum(part.co2e_g for part in contributions), Fraction(weighted, PPM))

    def part(self, co2e_g: int) -> _Pool:
        """Some of it, with its share of primary data: allocation keeps the share."""
        share = Fraction(co2e_g, self.co2e_g) if self.co2e_g else Fraction(0)
        return _Pool(co2e_g, self.primary_g * share)

    def without(self, other: _Pool) -> _Pool:
        return _Pool(self.co2e_g - other.co2e_g, self.primary_g - other.primary_g)

    def joined(self, other: _Pool) -> _Pool:
        return _Pool(self.co2e_g + other.co2e_g, self.primary_g + other.primary_g)

    @property
    def primary_ppm(self) -> int:
        return int(self.primary_g * PPM // self.co2e_g) if self.co2e_g else 0


def co2e_g_per_kg(co2e_g: int, mass_g: int) -> int:
    """Burden of a kilogram, rounded up.

    Raises:
        InputError: ``custody.no_mass``.
    """
    if mass_g <= 0:
        raise InputError("custody.no_mass", "a footprint of no mass says nothing")
    return -(-co2e_g * _KILOGRAM // mass_g)


def footprints(
    contributions: Sequence[Contribution], products: Sequence[ProductShare]
) -> tuple[ProductFootprint, ...]:
    """Burden of each product, in their order; they sum to all contributions.

    Raises:
        InputError: ``custody.negative_emission``; ``custody.primary_share``;
            ``custody.allocation_shares`` for economic shares that do not sum to one million, two
            ways to divide the rest, or none; ``custody.allocation_exceeds`` where more is set
            apart than there is.
    """
    for part in contributions:
        if part.co2e_g < 0:
            raise InputError("custody.negative_emission", f"{part.name} brings less than nothing")
        if not 0 <= part.primary_ppm <= PPM:
            raise InputError("custody.primary_share", f"{part.name}: not a share of one million")
    inherited = _Pool.of([part for part in contributions if part.inherited])
    added = _Pool.of([part for part in contributions if not part.inherited])
    pools: dict[int, _Pool] = {}
    for at, product in enumerate(products):  # 3a: scrap leaves with what it came with
        if product.method is AllocationMethod.INHERITED:
            carried = product.mass_g * product.value // _KILOGRAM
            pools[at] = _set_apart(inherited, carried, product)
            inherited = inherited.without(pools[at])
    rest = inherited.joined(added)
    for at, product in enumerate(products):  # 3b: declared figures, and none
        if product.method in {AllocationMethod.SUBSTITUTION, AllocationMethod.CUT_OFF}:
            cut_off = product.method is AllocationMethod.CUT_OFF
            pools[at] = _set_apart(rest, 0 if cut_off else product.value, product)
            rest = rest.without(pools[at])
    pools |= _divided(rest, products)  # 3c: the rest
    return tuple(
        ProductFootprint(
            name=product.name,
            mass_g=product.mass_g,
            co2e_g=pools[at].co2e_g,
            primary_ppm=pools[at].primary_ppm,
            method=product.method,
            value=product.value,
        )
        for at, product in enumerate(products)
    )


def method_digest(products: Sequence[ProductShare]) -> Digest:
    """SHA-256 over the canonical form of how a run's burden is divided.

    Figures that were made by other methods have another digest, whatever they come to.
    """
    rows: list[canonical.JsonValue] = [
        [each.name, each.mass_g, each.method.value, each.value] for each in products
    ]
    return Digest(sha256(canonical.write(rows)).digest())


def _set_apart(pool: _Pool, co2e_g: int, product: ProductShare) -> _Pool:
    if not 0 <= co2e_g <= pool.co2e_g:
        raise InputError(
            "custody.allocation_exceeds",
            f"{product.name} would carry {co2e_g} g CO2e of {pool.co2e_g}",
        )
    return pool.part(co2e_g)


def _divided(rest: _Pool, products: Sequence[ProductShare]) -> dict[int, _Pool]:
    by_weight = {AllocationMethod.MASS, AllocationMethod.ECONOMIC}
    sharing = [at for at, product in enumerate(products) if product.method in by_weight]
    methods = {products[at].method for at in sharing}
    if len(methods) > 1 or (not methods and rest.co2e_g):
        raise InputError(
            "custody.allocation_shares", "what is not set apart is divided by one method"
        )
    economic = methods == {AllocationMethod.ECONOMIC}
    weights = [products[at].value if economic else products[at].mass_g for at in sharing]
    if economic and (sum(weights) != PPM or min(weights) < 0):
        raise InputError("custody.allocation_shares", "economic shares do not sum to one million")
    parts = largest_remainder(rest.co2e_g, weights)
    return {at: rest.part(part) for at, part in zip(sharing, parts, strict=True)}


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """A number with all that it takes to set it beside another."""

    value: int
    metric: str
    """What is measured: URI or name of the definition."""
    unit: str
    """Unit of the value, e.g. ``gCO2e/kilogram`` or ``litre``."""
    boundary: str
    """E.g. ``cradle-to-gate``."""
    basis: str
    """GWP set of a footprint, e.g. ``AR6``; else what the metric needs, or empty."""
    attributed: bool = False
    """Given to this lot and not the batch's average."""


def difference(one: StatedFigure, other: StatedFigure) -> int:
    """One - other, if they are of a kind.

    Raises:
        InputError: ``custody.not_comparable``, naming every respect in which they differ.
    """
    _require_alike(one, other)
    return one.value - other.value


def total(figures: Sequence[StatedFigure]) -> StatedFigure:
    """Sum of figures of a kind: fresh water and brine, or two boundaries, never are.

    Raises:
        InputError: ``custody.not_comparable``.
    """
    if not figures:
        raise InputError("custody.not_comparable", "nothing to add")
    first = figures[0]
    for other in figures[1:]:
        _require_alike(first, other)
    value = sum(figure.value for figure in figures)
    return StatedFigure(
        value, first.metric, first.unit, first.boundary, first.basis, first.attributed
    )


def _require_alike(one: StatedFigure, other: StatedFigure) -> None:
    respects = ("metric", "unit", "boundary", "basis", "attributed")
    unlike = [name for name in respects if getattr(one, name) != getattr(other, name)]
    if unlike:
        raise InputError(
            "custody.not_comparable", f"two figures differ in {', '.join(unlike)}: not comparable"
        )
