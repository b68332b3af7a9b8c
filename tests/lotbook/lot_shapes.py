"""What a batch must be made of before its sums can be judged."""

from __future__ import annotations

from itertools import pairwise

from tests.lotbook.lot_facts import Facts, Findings
from tests.lotbook.lot_values import (
    MAX_QUANTITY,
    Column,
    Output,
    kind_of,
    metal_of,
    of_kind,
    qualifier_of,
)


def ascending(columns: tuple[int, ...], found: Findings) -> None:
    found.unless(all(a < b for a, b in pairwise(columns)), "ColumnsNotAscending")


def well_shaped_output(output: Output, known: set[int], shape: Findings) -> None:
    """Columns ascending and known, one of CO2e, one the reference; class and credit of a metal."""
    columns = output.columns
    shape.unless(1 <= len(columns) <= 16 and len(columns) == len(output.sums), "Count")
    ascending(columns, shape)
    shape.unless(set(columns) <= known, "UnknownColumn")
    shape.unless(len(of_kind(columns, Column.CO2E)) == 1, "OneCo2eColumn")
    shape.unless(all(s <= MAX_QUANTITY for s in output.sums), "QuantityOutOfBounds")
    for kind in (Column.CLASS, Column.CREDIT):
        of_metals = all(metal_of(column) in columns for column in of_kind(columns, kind))
        shape.unless(of_metals, "UnknownColumn")
    check_reference(output.reference, columns, shape)


def check_reference(reference: int, columns: tuple[int, ...], shape: Findings) -> None:
    """Units, which are of one kind; else mass; where no mass is stated, a metal."""
    units, masses = of_kind(columns, Column.UNIT), of_kind(columns, Column.MASS)
    if units:
        shape.unless(units == [reference], "UnitsAreReference")
    else:
        measures = masses or of_kind(columns, Column.METAL)
        shape.unless(reference in measures, "UnknownColumn")


def known_column(facts: Facts, column: int, found: Findings) -> None:
    """Something registered stands behind the key."""
    base = column
    if kind_of(column) == Column.CREDIT:
        found.unless(qualifier_of(column) in facts.programmes, "UnknownProgramme")
        base = metal_of(column)
    found.unless(base in facts.columns, "UnknownColumn")
