"""What restatements of batches make of a lot's figures (DESIGN 4.8).

    a batch     its own restatements, and what came in with its run
    its run     of each lot taken: the parent batch's difference x taken / batch total
    an output   its run's difference x output / all outputs
    the lot     its batch's difference x lot / batch total

Where a total is 0, shares go by the reference. Differences are exact fractions until the lot, and
are rounded once: CO2e and external metal up, credit and recycled metal down. What makes a lot look
worse counts at once; what makes it look better only once an independent assurer confirmed it.

A batch's own restatement takes over what was restated above it before, but never less of it: a
gram restated here does not hide a tonne restated there. What is restated above it afterwards comes
on top, until the batch is restated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Final, TypeAlias

from veta.custody.columns import Sums, column_of, sums_of
from veta.custody.rounding import moved, rounds_up
from veta.model.columns import ColumnKey, ColumnKind, OriginClass
from veta.model.disclosure import BatchTotals, DisclosedBatch, LotPart
from veta.model.notices import Restatement
from veta.verify.batches import BatchName, name_of
from veta.verify.lineage_graph import Walk
from veta.verify.runs import JudgedRun, KnownTake

Dated: TypeAlias = tuple[int, Fraction]
"""A difference, and when it was recorded."""
_RESTATABLE: Final = frozenset({ColumnKind.CO2E, ColumnKind.CREDIT, ColumnKind.CLASS})


@dataclass(frozen=True, slots=True)
class RestatedColumn:
    """A column of a lot, as issued and with what was restated since."""

    column: ColumnKey
    issued: int
    own: int
    """With what its own batch's issuer restated."""
    now: int
    """With what was restated above it, too."""


@dataclass(slots=True)
class Restated:
    """Every column of a lot that something was restated of."""

    columns: list[RestatedColumn] = field(default_factory=list)
    not_counted: list[Restatement] = field(default_factory=list)
    """What would make the lot look better, and nobody confirmed."""
    unshared: list[Restatement] = field(default_factory=list)
    """Of the lot's own batch, whose totals stay closed: the lot's share cannot be told."""


def worse_is_more(column: ColumnKey) -> bool:
    """Whether more of a column makes a lot look worse: CO2e, and metal from outside."""
    told = column_of(column)
    external = told.kind is ColumnKind.CLASS and told.qualifier == OriginClass.EXTERNAL
    return told.kind is ColumnKind.CO2E or external


def counts(restatement: Restatement) -> bool:
    """Whether a restatement counts: at once if it is for the worse, else once confirmed."""
    for_worse = (restatement.delta > 0) is worse_is_more(restatement.column)
    return for_worse or restatement.assurer is not None


def restated(part: LotPart, walked: Walk, said: Sequence[Restatement]) -> Restated:
    """A lot's figures after all that was restated of the batches behind it.

    Args:
        part: the lot, well-formed.
        walked: the runs behind it as far as they are disclosed, earliest first.
        said: of those batches and the lot's own; of others nothing is looked at.
    """
    found = Restated()
    own = name_of(part.batch.header)
    names = {own, *walked.batches}
    listed = [each for each in said if (each.issuer, each.root) in names]
    found.not_counted = [each for each in listed if not counts(each)]
    counted = [each for each in listed if counts(each)]
    totals = part.batch.totals
    if totals is None:
        found.unshared = [each for each in counted if (each.issuer, each.root) == own]
        return found
    differences = _Differences(counted)
    for run in walked.runs:
        differences.pass_on(run)
    held = sums_of(part.columns, part.quantities)
    reference = part.batch.header.reference_column
    for key in sorted(held):
        if column_of(key).kind not in _RESTATABLE:
            continue
        share = _share(held, sums_of(totals.columns, totals.sums), key, reference)
        of_own = share * differences.own(own, key)
        of_all = share * sum((each for _, each in differences.of(own, key)), Fraction(0))
        if of_own or of_all:
            figures = (_rounded(key, held[key] + each) for each in (of_own, of_all))
            found.columns.append(RestatedColumn(key, held[key], *figures))
    return found


class _Differences:
    """What every batch is off by, column by column, with the times at which that was said."""

    def __init__(self, counted: Iterable[Restatement]) -> None:
        self._own: dict[tuple[BatchName, ColumnKey], list[Dated]] = {}
        self._known: dict[tuple[BatchName, ColumnKey], list[Dated]] = {}
        for each in counted:
            entry = (int(each.recorded_at_s), Fraction(each.delta))
            self._own.setdefault(((each.issuer, each.root), each.column), []).append(entry)
        self._columns = {column for _, column in self._own}

    def own(self, batch: BatchName, column: ColumnKey) -> Fraction:
        """What the batch's own issuer said."""
        return sum((each for _, each in self._own.get((batch, column), ())), Fraction(0))

    def of(self, batch: BatchName, column: ColumnKey) -> list[Dated]:
        """With what came to it from above."""
        known = self._known.get((batch, column))
        return self._taken_over(batch, column, []) if known is None else known

    def pass_on(self, run: JudgedRun) -> None:
        """From what a run took to what it made; runs come earliest first."""
        renamed = {each.from_column: each.to_column for each in run.cause.reductions}
        incoming: dict[ColumnKey, list[Dated]] = {}
        for column in sorted(self._columns):
            arrives = renamed.get(column, column)
            incoming.setdefault(arrives, []).extend(
                entry for take in run.takes for entry in self._with(take, column)
            )
        self._columns |= {column for column, entries in incoming.items() if entries}
        for column in self._columns:
            for batch, share in _output_shares(run, column):
                inherited = [(at, each * share) for at, each in incoming.get(column, ())]
                name = name_of(batch.header)
                self._known[name, column] = self._taken_over(name, column, inherited)

    def _with(self, take: KnownTake, column: ColumnKey) -> Iterator[Dated]:
        """What a take carries of its lot's batch."""
        totals = take.batch.totals
        entries = self.of(name_of(take.batch.header), column)
        if totals is None or not entries:
            return
        part, quantity = take.part, take.quantities.get(column, 0)
        up = rounds_up(column_of(column))
        taken = {
            column: moved(quantity, take.total, part.taken, part.amount, up=up),
            take.batch.header.reference_column: part.amount,
        }
        whole = sums_of(totals.columns, totals.sums)
        share = _share(taken, whole, column, take.batch.header.reference_column)
        yield from ((at, each * share) for at, each in entries)

    def _taken_over(
        self, batch: BatchName, column: ColumnKey, inherited: list[Dated]
    ) -> list[Dated]:
        own = self._own.get((batch, column))
        if not own:
            return inherited
        last = max(at for at, _ in own)
        before = [each for at, each in inherited if at < last]
        later = [(at, each) for at, each in inherited if at >= last]
        figure = self.own(batch, column)
        if before:
            worst = max if worse_is_more(column) else min
            figure = worst(figure, sum(before, Fraction(0)))
        return [(last, figure), *later]


def _output_shares(run: JudgedRun, column: ColumnKey) -> Iterator[tuple[DisclosedBatch, Fraction]]:
    """Each output's part of its run; where an output's totals stay closed it may carry all."""
    opened = [(batch, batch.totals) for batch in run.run.batches]
    parts = [(batch, _amounts(batch, totals, column)) for batch, totals in opened]
    by_column = sum(amounts[0] for _, amounts in parts if amounts is not None)
    by_reference = sum(amounts[1] for _, amounts in parts if amounts is not None)
    for batch, amounts in parts:
        if amounts is None or any(each is None for _, each in parts):
            yield batch, Fraction(1)
        elif by_column:
            yield batch, Fraction(amounts[0], by_column)
        else:
            yield batch, Fraction(amounts[1], by_reference or 1)


def _amounts(
    batch: DisclosedBatch, totals: BatchTotals | None, column: ColumnKey
) -> tuple[int, int] | None:
    if totals is None:
        return None
    sums = sums_of(totals.columns, totals.sums)
    return sums.get(column, 0), sums.get(batch.header.reference_column, 0)


def _share(
    part: Mapping[ColumnKey, int], whole: Sums, column: ColumnKey, reference: ColumnKey
) -> Fraction:
    """A part of a whole by a column, or by the reference where there is none of it."""
    by = column if whole.get(column, 0) else reference
    return Fraction(part.get(by, 0), whole.get(by, 0) or 1)


def _rounded(column: ColumnKey, figure: Fraction) -> int:
    """Against the lot's issuer, and never below nothing."""
    return max(0, ceil(figure) if worse_is_more(column) else floor(figure))
