"""What a draft must be before anything can be added up: counts, columns, bounds of quantities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from veta.custody.columns import kind_of, metal_of, union
from veta.custody.draft import DraftOutput, RunDraft
from veta.custody.refusals import Problem, problem
from veta.errors import InputError
from veta.model.columns import (
    MAX_BATCH_COLUMNS,
    MAX_RUN_COLUMNS,
    QUANTITY_MAXIMUM,
    Column,
    ColumnKey,
    ColumnKind,
)
from veta.model.lots import (
    MAX_OUTPUTS,
    MAX_TAKES,
    EmissionPart,
    LossReason,
    LotBatchKind,
    OpenedLot,
)

MAX_PARTS: Final = 32
"""Most entries of each list of declarations."""


def run_columns(draft: RunDraft) -> tuple[ColumnKey, ...]:
    """All columns of a run, ascending: of what is taken, made, lost, measured and reduced."""
    return union(
        [
            *(take.lot.columns for take in draft.takes),
            *(output.columns for output in draft.outputs),
            (loss.column for loss in draft.losses),
            (measured.column for measured in draft.first_measured),
            (reduction.to_column for reduction in draft.reductions),
            (draw.column for draw in draft.draws),
        ]
    )


def shape_problems(draft: RunDraft) -> list[Problem]:
    """Everything that keeps a draft from being added up; none: it can be."""
    found = [*_counts(draft)]
    for take in draft.takes:
        found += _opened(take.lot)
    for output in draft.outputs:
        found += _columns(output)
        found += _lots(output)
    found += _declared(draft)
    if not found:
        found += _run_columns(draft)
    return found


def count_problem(what: str, given: int, minimum: int, maximum: int) -> Iterator[Problem]:
    """A list is longer or shorter than it may be."""
    if not minimum <= given <= maximum:
        facts = {"given": given, "minimum": minimum, "maximum": maximum}
        yield problem("Count", arguments={"what": what.encode(), **facts})


def quantity_problem(column: int, given: int, least: int = 0) -> Iterator[Problem]:
    """A quantity is outside its bounds."""
    if not least <= given <= QUANTITY_MAXIMUM:
        bounds = {"minimum": least, "maximum": QUANTITY_MAXIMUM}
        yield problem("QuantityOutOfBounds", arguments={"column": column, "given": given, **bounds})


def _counts(draft: RunDraft) -> Iterator[Problem]:
    transform = draft.kind is LotBatchKind.TRANSFORM
    if draft.kind is LotBatchKind.NONE:
        yield problem("UnknownValue", arguments={"what": b"kind", "value": int(draft.kind)})
    if transform:
        yield from count_problem("takes", len(draft.takes), 1, MAX_TAKES)
    yield from count_problem("outputs", len(draft.outputs), 1, MAX_OUTPUTS)
    for what, parts in (
        ("firstMeasured", draft.first_measured),
        ("reductions", draft.reductions),
        ("draws", draft.draws),
        ("losses", draft.losses),
        ("emissions", draft.emissions),
    ):
        yield from count_problem(what, len(parts), 0, MAX_PARTS)


def _opened(lot: OpenedLot) -> Iterator[Problem]:
    """What is handed in again: whether it is what was opened, its commitment says later."""
    width = len(lot.columns)
    yield from count_problem("columns", width, 1, MAX_BATCH_COLUMNS)
    yield from count_problem("quantities", len(lot.quantities), width, width)
    if lot.header.reference_column not in lot.columns:
        yield problem("UnknownColumn", arguments={"key": lot.header.reference_column})
    for column, quantity in zip(lot.columns, lot.quantities, strict=False):
        yield from quantity_problem(column, quantity)


def _columns(output: DraftOutput) -> Iterator[Problem]:
    columns = output.columns
    yield from count_problem("columns", len(columns), 1, MAX_BATCH_COLUMNS)
    for position, (lower, higher) in enumerate(pairwise(columns), start=1):
        if higher <= lower:
            facts = {"position": position, "key": higher}
            yield problem("ColumnsNotAscending", arguments=facts)
    unknown = [key for key in columns if not _known(key)]
    for key in unknown:
        yield problem("UnknownColumn", arguments={"key": key})
    if unknown:
        return
    kinds = [kind_of(key) for key in columns]
    carbon = kinds.count(ColumnKind.CO2E)
    if carbon != 1:
        yield problem("OneCo2eColumn", arguments={"given": carbon})
    if output.reference_column not in columns or (
        kind_of(output.reference_column) is not _reference_kind(kinds)
    ):
        yield problem("UnknownColumn", arguments={"key": output.reference_column})


def _reference_kind(kinds: Sequence[ColumnKind]) -> ColumnKind:
    """Takes are counted in units where there are any, else in mass, else in metal (DESIGN 4.2)."""
    if ColumnKind.UNIT in kinds:
        return ColumnKind.UNIT
    return ColumnKind.MASS if ColumnKind.MASS in kinds else ColumnKind.METAL


def _lots(output: DraftOutput) -> Iterator[Problem]:
    width = len(output.columns)
    yield from count_problem("lots", len(output.lots), 1, QUANTITY_MAXIMUM)
    if any(len(lot) != width for lot in output.lots):
        raise InputError("custody.draft", f"a lot has other than {width} quantities")
    for column, quantities in zip(output.columns, zip(*output.lots, strict=True), strict=False):
        if set(map(type, quantities)) - {int}:
            raise InputError("custody.draft", "a quantity is not an integer")
        yield from quantity_problem(column, min(quantities))
        yield from quantity_problem(column, max(quantities))
        if max(quantities) <= QUANTITY_MAXIMUM:
            yield from quantity_problem(column, max(0, sum(quantities)))


def _declared(draft: RunDraft) -> Iterator[Problem]:
    for loss in draft.losses:
        yield from quantity_problem(loss.column, loss.quantity, 1)
        if loss.reason is LossReason.NONE:
            yield problem("UnknownValue", arguments={"what": b"reason", "value": 0})
    for measured in draft.first_measured:
        yield from quantity_problem(measured.column, measured.quantity, 1)
    for draw in draft.draws:
        yield from quantity_problem(draw.column, draw.quantity, 1)
    for reduction in draft.reductions:
        yield from quantity_problem(reduction.from_column, reduction.quantity, 1)
    for emission in draft.emissions:
        yield from quantity_problem(0, emission.co2e_g)
        if emission.part is EmissionPart.NONE:
            yield problem("UnknownValue", arguments={"what": b"part", "value": 0})


def _run_columns(draft: RunDraft) -> Iterator[Problem]:
    columns = run_columns(draft)
    yield from count_problem("columns", len(columns), 1, MAX_RUN_COLUMNS)
    unknown = [key for key in columns if not _known(key)]
    for key in unknown:
        yield problem("UnknownColumn", arguments={"key": key})
    if unknown:
        return
    of_metal = {ColumnKind.CLASS, ColumnKind.CREDIT}
    metals = {metal_of(key) for key in columns if kind_of(key) in of_metal}
    for key in sorted(metals - set(columns)):
        yield problem("UnknownColumn", arguments={"key": key})


def _known(key: int) -> bool:
    try:
        Column.of(key)
    except InputError:
        return False
    return True
