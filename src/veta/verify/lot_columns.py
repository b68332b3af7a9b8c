"""Step 8, the figures: a passport counts for a lot if its fields equal the columns exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from veta.custody.columns import Sums, column_of, of_kind
from veta.model.columns import ELEMENT_SYMBOLS, ColumnKey, ColumnKind, MassBasis, mass_key
from veta.verify.lot_codes import found
from veta.verify.stated import StatedLot
from veta.verify.verdict import Check

MILLIGRAM_SYMBOLS: Final = frozenset({"Au", "Ag", "Pt", "Pd", "Rh", "Ir", "Ru", "Os"})
"""Metals that the registry counts in mg; passports state whole grams, rounded down."""
GRADE_BOUNDS_PPM: Final[Mapping[tuple[str, str], tuple[int, int]]] = {
    ("copper-concentrate", "Cu"): (150_000, 450_000),
    ("copper-anode", "Cu"): (980_000, 998_000),
    ("copper-cathode", "Cu"): (999_000, 1_000_000),
    ("copper-rod", "Cu"): (999_000, 1_000_000),
    ("copper-cable", "Cu"): (100_000, 1_000_000),
    ("lithium-carbonate", "Li"): (180_000, 187_900),
    ("lithium-hydroxide", "Li"): (160_000, 165_400),
}
"""Usual contained metal by mass, by product class and metal; of compounds the upper bound is
chemistry. Outside of them is a question and no breach: the lot is reported, not refused."""

_MILLIGRAMS_PER_GRAM: Final = 1000
_PPM: Final = 1_000_000


def check_columns(stated: StatedLot, held: Sums) -> list[Check]:
    """Each figure of the passport against its column, and metal against mass.

    Columns that no passport has a field for (class, credit, units, a second mass) are not judged.
    """
    checks = [*_mass(stated, held), *_metal(stated, held), *_co2e(stated, held), *_bounds(held)]
    if not checks:
        facts = {_fact_name(key): quantity for key, quantity in held.items()}
        checks = [found("lot.columns_equal", "every figure is that of the lot's columns", **facts)]
    return [*checks, *_grades(stated)]


def metal_columns(held: Sums) -> dict[str, ColumnKey]:
    """Contained-metal column by chemical symbol."""
    keys = of_kind(held, ColumnKind.METAL)
    return {ELEMENT_SYMBOLS.get(column_of(key).substance, str(key)): key for key in keys}


def co2e_of(held: Sums) -> int | None:
    """The burden, g; ``None`` without such a column."""
    return next((held[key] for key in of_kind(held, ColumnKind.CO2E)), None)


def mass_column(stated: StatedLot) -> ColumnKey:
    """The column that the passport's mass stands in."""
    return mass_key(MassBasis[stated.mass_basis.upper()])


def _mass(stated: StatedLot, held: Sums) -> Iterator[Check]:
    column = held.get(mass_column(stated))
    if column is None:
        yield _not_counted(f"{stated.mass_basis} mass", stated.mass_g)
    elif column != stated.mass_g:
        yield _differs(f"{stated.mass_basis} mass", stated.mass_g, column)


def _metal(stated: StatedLot, held: Sums) -> Iterator[Check]:
    columns = metal_columns(held)
    for symbol, mass_g in stated.metal_g.items():
        key = columns.pop(symbol, None)
        if key is None and mass_g:
            yield _not_counted(f"contained {symbol}", mass_g)
        elif key is not None and _grams(symbol, held[key]) != mass_g:
            yield _differs(f"contained {symbol}", mass_g, _grams(symbol, held[key]))
    for symbol, key in columns.items():
        if held[key]:
            yield _not_stated(f"contained {symbol}", held[key])


def _co2e(stated: StatedLot, held: Sums) -> Iterator[Check]:
    column = co2e_of(held)
    if column is None:
        return
    if stated.footprint is None:
        yield _not_stated("CO2e", column)
    elif stated.footprint.co2e_g != column:
        yield _differs("CO2e", stated.footprint.co2e_g, column)


def _bounds(held: Sums) -> Iterator[Check]:
    """No law balances mass, so what it can be is looked at here: metal is never more than it."""
    metal_g = sum(_grams(symbol, held[key]) for symbol, key in metal_columns(held).items())
    for key in of_kind(held, ColumnKind.MASS):
        if metal_g > held[key]:
            sentence = f"{metal_g} g of metal in {held[key]} g"
            yield found("lot.metal_exceeds_mass", sentence, metal_g=metal_g, mass_g=held[key])


def _grams(symbol: str, quantity: int) -> int:
    """A metal column in the whole grams of a passport, rounded down."""
    return quantity // _MILLIGRAMS_PER_GRAM if symbol in MILLIGRAM_SYMBOLS else quantity


def _grades(stated: StatedLot) -> Iterator[Check]:
    for symbol, mass_g in stated.metal_g.items():
        bounds = GRADE_BOUNDS_PPM.get((stated.product_class, symbol))
        if bounds is None:
            continue
        least, most = bounds
        if not least * stated.mass_g <= mass_g * _PPM <= most * stated.mass_g:
            grade_ppm = mass_g * _PPM // stated.mass_g
            yield found(
                "lot.grade_unusual",
                f"{grade_ppm} ppm of {symbol}; {least} to {most} are usual of"
                f" {stated.product_class}",
                grade_ppm=grade_ppm,
                minimum_ppm=least,
                maximum_ppm=most,
            )


def _differs(what: str, stated: int, column: int) -> Check:
    sentence = f"the passport states {stated} of {what}, the lot's column has {column}"
    return found("lot.column_differs", sentence, what=what, stated=stated, column=column)


def _not_stated(what: str, column: int) -> Check:
    sentence = f"the lot has {column} of {what}, and the passport does not state it"
    return found("lot.column_not_stated", sentence, what=what, column=column)


def _not_counted(what: str, stated: int) -> Check:
    sentence = f"the passport states {stated} of {what}, which the lot book does not count"
    return found("lot.not_counted", sentence, what=what, stated=stated)


def _fact_name(key: ColumnKey) -> str:
    return column_of(key).words().replace(" ", "_").replace(",", "").replace("(", "").rstrip(")")
