"""What a single lot must keep of its batch, as ``ILotLaws.judgeLot`` asks when it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from veta.custody.columns import Sums, kind_of, metal_of, of_kind
from veta.custody.laws import credit_above_metal, purity_problems, uniformity_problem
from veta.custody.refusals import Problem, problem
from veta.custody.rounding import proportion
from veta.model.columns import ColumnKey, ColumnKind
from veta.model.lots import CustodyModel


@dataclass(frozen=True, slots=True)
class LotSums:
    """A lot and the batch it is proven from."""

    model: CustodyModel
    attributed: bool
    metal_tolerance_ppm: int
    reference_column: ColumnKey
    quantities: Sums
    totals: Sums


def judge_lot(lot: LotSums, output: int = 0) -> tuple[Problem, ...]:
    """Judge a lot against its batch: carbon, metal, classes and credit as its model asks.

    Args:
        lot: the lot; its quantities and totals have the same columns.
        output: number that the problems carry; the contract has 0 here.
    """
    part = lot.quantities.get(lot.reference_column, 0)
    if part == 0:
        return (problem("ZeroReference", arguments={"output": output}),)
    found = [*_in_proportion(lot, output), *_classes(lot, output)]
    for metal in of_kind(lot.quantities, ColumnKind.METAL):
        found += credit_above_metal(lot.quantities, metal, output)
    if lot.model <= CustodyModel.SEGREGATED:
        found += purity_problems(lot.quantities, lot.model, output)
    return tuple(found)


def _in_proportion(lot: LotSums, output: int) -> Iterator[Problem]:
    part = lot.quantities[lot.reference_column]
    whole = lot.totals[lot.reference_column]
    for key, given in lot.quantities.items():
        kind, all_ = kind_of(key), lot.totals[key]
        if kind is ColumnKind.CREDIT and lot.model is CustodyModel.CONTROLLED_BLENDING:
            least, most = proportion(all_, part, whole)
            if not least <= given <= most:
                bounds = {"column": key, "given": given, "required": most}
                facts = {"output": output, "model": int(lot.model), **bounds}
                yield problem("ModelCondition", arguments=facts)
        elif not (kind is ColumnKind.CO2E and lot.attributed):
            refusal = uniformity_problem(key, given, all_, part, whole, lot.metal_tolerance_ppm)
            if refusal is not None:
                name, uneven = refusal
                yield problem(name, arguments={"output": output, **uneven})


def _classes(lot: LotSums, output: int) -> Iterator[Problem]:
    """Within a batch an origin class is in proportion to the metal, to one unit."""
    for key in of_kind(lot.quantities, ColumnKind.CLASS):
        metal, given = metal_of(key), lot.quantities[key]
        if metal not in lot.quantities:
            yield problem("UnknownColumn", arguments={"key": metal})
            continue
        held = lot.quantities[metal]
        least, most = proportion(lot.totals[key], held, lot.totals[metal])
        if not least <= given <= most:
            bound = {"given": given, "bound": least if given < least else most}
            facts = {"output": output, "column": key, **bound}
            yield problem("ClassOutOfBounds", arguments=facts)
        if given > held:
            facts = {"output": output, "column": key, "class": given, "metal": held}
            yield problem("ClassAboveMetal", arguments=facts)
