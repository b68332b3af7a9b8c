"""The three conservation laws of DESIGN 4.4, and what goes with them, over plain integers.

Quantities are dictionaries from column key to integer; an absent column is zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from tests.lotbook.lot_facts import Findings, ProductClass
from tests.lotbook.lot_values import (
    EXTERNAL,
    MILLION,
    RECYCLED,
    Column,
    Model,
    Sums,
    credits_of,
    key,
    kind_of,
    metal_of,
    of_kind,
    substance_of,
    total,
)

STRICT = (Model.IDENTITY_PRESERVED, Model.SEGREGATED)


def up_to(quantity: int, part: int, whole: int, *, up: bool) -> int:
    """f(q, x): floor of q x / Q, for CO2e its ceiling."""
    return -(-quantity * part // whole) if up else quantity * part // whole


def moved(column: int, quantity: int, whole: int, taken: int, amount: int) -> int:
    """What taking ``amount`` of the reference moves when ``taken`` of ``whole`` is gone.

    f(t + a) - f(t): any order of takes sums to the whole.
    """
    up = kind_of(column) == Column.CO2E
    return up_to(quantity, taken + amount, whole, up=up) - up_to(quantity, taken, whole, up=up)


def in_proportion(quantity: int, whole: int, part: int, base: int) -> bool:
    """floor(W p / B) <= q <= ceil(W p / B); with nothing to be in proportion to, nothing."""
    if base == 0:
        return quantity == 0
    return whole * part // base <= quantity <= -(-whole * part // base)


@dataclass
class BatchSums:
    """A batch that a run makes."""

    product_class: int
    kind: ProductClass
    reference: int
    model: int
    attributed: bool
    sums: Sums
    drawn: Sums = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Quantity of the reference column."""
        return self.sums.get(self.reference, 0)


@dataclass
class RunSums:
    """Everything a run adds up to."""

    way_in: bool
    batches: list[BatchSums]
    taken: Sums = field(default_factory=dict)
    """Credit after waivers and reductions."""
    first: Sums = field(default_factory=dict)
    lost: Sums = field(default_factory=dict)
    emissions: int = 0
    weakest: int = Model.IDENTITY_PRESERVED
    one_origin: bool = True
    pure: bool = True
    rule: dict[int, tuple[int, int]] | None = None

    @property
    def columns(self) -> list[int]:
        sums = (self.taken, self.first, self.lost, *(batch.sums for batch in self.batches))
        return sorted(total(sums))

    @property
    def made(self) -> Sums:
        return total(batch.sums for batch in self.batches)

    def by_class(self) -> Iterator[tuple[int, list[BatchSums]]]:
        ordered = sorted(self.batches, key=lambda batch: batch.product_class)
        for product_class, group in groupby(ordered, lambda batch: batch.product_class):
            yield product_class, list(group)


def judge_run(run: RunSums, found: Findings) -> list[Sums]:
    """Note every law that the run breaks; credit that each batch leaves of its cap."""
    judge_losses(run, found)
    if not run.way_in:
        judge_metal(run, found)
        judge_units(run, found)
        judge_classes(run, found)
    judge_carbon(run, found)
    for _, batches in run.by_class():
        judge_uniformity(batches, found)
    judge_allocation(run, found)
    for batch in run.batches:
        judge_columns(batch, found)
        judge_model(run, batch, found)
    return [judge_credit(run, batch, found) for batch in run.batches]


def judge_losses(run: RunSums, found: Findings) -> None:
    """Mass is not balanced, classes follow their metal, CO2e and credit are never lost."""
    for column in run.lost:
        found.unless(kind_of(column) in {Column.METAL, Column.UNIT}, "NoLossOf")


def judge_metal(run: RunSums, found: Findings) -> None:
    """Law 1. Per substance: taken + first measured = outputs + declared losses, to the unit."""
    for column in run.first:
        found.unless(run.taken.get(column, 0) == 0, "NotFirstMeasured")
    for column in of_kind(run.columns, Column.METAL):
        given = run.taken.get(column, 0) + run.first.get(column, 0)
        found.unless(given == run.made.get(column, 0) + run.lost.get(column, 0), "MetalMismatch")


def judge_units(run: RunSums, found: Findings) -> None:
    """A kind may newly appear; taken units end as outputs of that kind or as losses."""
    for column in of_kind(run.columns, Column.UNIT):
        taken, lost = run.taken.get(column, 0), run.lost.get(column, 0)
        ends = run.made.get(column, 0) + lost
        found.unless(ends == taken if taken else lost == 0, "UnitMismatch")


def judge_classes(run: RunSums, found: Findings) -> None:
    """Recycled rounds down and external up, in each output; what is first measured has no class
    to follow, but none of it is recycled."""
    for metal in of_kind(run.columns, Column.METAL):
        taken = run.taken.get(metal, 0)
        recycled, external = classes_of(metal)
        for batch in run.batches:
            made = batch.sums.get(metal, 0)
            most = run.taken.get(recycled, 0) * made // taken if taken else 0
            least = -(-run.taken.get(external, 0) * made // taken) if taken else 0
            found.unless(batch.sums.get(recycled, 0) <= most, "ClassOutOfBounds")
            found.unless(batch.sums.get(external, 0) >= least, "ClassOutOfBounds")


def classes_of(metal: int) -> tuple[int, int]:
    """The recycled and the external column of a metal column's substance."""
    substance = substance_of(metal)
    return key(Column.CLASS, RECYCLED, substance), key(Column.CLASS, EXTERNAL, substance)


def judge_carbon(run: RunSums, found: Findings) -> None:
    """Law 2. All outputs together = taken + declared emissions."""
    given, made = co2e(run.taken) + run.emissions, co2e(run.made)
    found.unless(given == made, "Co2eMismatch")


def co2e(sums: Sums) -> int:
    return sum(sums[column] for column in of_kind(sums, Column.CO2E))


def judge_uniformity(batches: list[BatchSums], found: Findings) -> None:
    """Batches of one product class share the reference, and per unit of it carbon and metal."""
    if not found.unless(all(batch.size > 0 for batch in batches), "ZeroReference"):
        return
    first = batches[0].reference
    if not all(batch.reference == first for batch in batches):
        # Nothing is uniform by different measures, so any of these may be what is named.
        found.errors += ["ReferenceDiffers", "Co2eNotUniform", "MetalNotUniform"]
        return
    sums = total(batch.sums for batch in batches)
    whole = sums[first]
    for batch in batches:
        found.unless(
            in_proportion(co2e(batch.sums), co2e(sums), batch.size, whole), "Co2eNotUniform"
        )
        for metal in of_kind(sums, Column.METAL):
            found.unless(
                metal_uniform(
                    batch.sums.get(metal, 0),
                    sums[metal],
                    batch.size,
                    whole,
                    batch.kind.metal_tolerance,
                ),
                "MetalNotUniform",
            )
    judge_blended([b for b in batches if b.model == Model.CONTROLLED_BLENDING], found)


def judge_blended(batches: list[BatchSums], found: Findings) -> None:
    """Controlled blending: the blended batches of a class share one proportion of credit."""
    sums = total(batch.sums for batch in batches)
    whole = sum(batch.size for batch in batches)
    for batch in batches:
        for credit in of_kind(sums, Column.CREDIT):
            part = batch.sums.get(credit, 0)
            found.unless(in_proportion(part, sums[credit], batch.size, whole), "ModelCondition")


def metal_uniform(metal: int, metals: int, part: int, whole: int, tolerance: int) -> bool:
    """Metal per reference unit within the class's tolerance, or equal but for rounding."""
    expected = metals * part
    return abs(metal * whole - expected) * MILLION <= tolerance * expected or in_proportion(
        metal, metals, part, whole
    )


def judge_allocation(run: RunSums, found: Findings) -> None:
    """Between product classes a registered rule bounds each class's part of all CO2e."""
    groups = list(run.by_class())
    if run.rule is None or len(groups) == 1:
        return
    everything = co2e(run.made)
    for product_class, batches in groups:
        if found.unless(product_class in run.rule, "NotInAllocationRule"):
            minimum, maximum = run.rule[product_class]
            part = co2e(total(batch.sums for batch in batches)) * MILLION
            found.unless(
                minimum * everything <= part <= maximum * everything, "AllocationOutOfBounds"
            )


def judge_columns(batch: BatchSums, found: Findings) -> None:
    """What a batch may be made of, whatever it comes from."""
    for column in of_kind(batch.sums, Column.CLASS):
        metal = batch.sums.get(metal_of(column), 0)
        found.unless(batch.sums[column] <= metal, "ClassAboveMetal")
    judge_credit_sum(batch.sums, found)


def judge_credit_sum(sums: Sums, found: Findings) -> None:
    """The sum over all credit columns is at most the metal, in a lot as in a batch."""
    for metal in {metal_of(column) for column in of_kind(sums, Column.CREDIT)}:
        together = sum(sums[column] for column in credits_of(sums, metal))
        found.unless(together <= sums.get(metal, 0), "CreditAboveMetal")


def judge_model(run: RunSums, batch: BatchSums, found: Findings) -> None:
    """IP < SG < CB < MB: never stronger than the weakest input."""
    found.unless(batch.model >= run.weakest, "ModelStrengthens")
    if batch.model in STRICT:
        found.unless(run.pure and pure(batch.sums), "ModelCondition")
    if batch.model == Model.IDENTITY_PRESERVED:
        found.unless(run.one_origin, "ModelCondition")


def pure(sums: Sums) -> bool:
    """Credit of one programme equals the metal, for every metal."""
    metals = set(of_kind(sums, Column.METAL))
    metals |= {metal_of(column) for column in of_kind(sums, Column.CREDIT)}
    for metal in metals:
        given = [sums[column] for column in credits_of(sums, metal) if sums[column]]
        if given != ([sums[metal]] if sums.get(metal, 0) else []):
            return False
    return True


def judge_credit(run: RunSums, batch: BatchSums, found: Findings) -> Sums:
    """Law 3. cap = floor(credit taken x batch metal / metal taken), and what is drawn above it."""
    left: Sums = {}
    if run.way_in:
        return left
    for column in of_kind(run.columns, Column.CREDIT):
        metal_taken = run.taken.get(metal_of(column), 0)
        made = batch.sums.get(metal_of(column), 0)
        cap = run.taken.get(column, 0) * made // metal_taken if metal_taken else 0
        drawn, carried = batch.drawn.get(column, 0), batch.sums.get(column, 0)
        found.unless(carried <= cap + drawn, "CreditAboveCap")
        found.unless(drawn <= max(0, carried - cap), "DrawUnused")
        if cap > carried:
            left[column] = cap - carried
    return left


def judge_lot(batch: BatchSums, quantities: Sums, found: Findings) -> None:
    """A lot against the totals of its batch: nothing can be parked on lots nobody opens."""
    sums, part, whole = batch.sums, quantities.get(batch.reference, 0), batch.size
    if not found.unless(part > 0, "ZeroReference"):
        return
    if not batch.attributed:
        found.unless(in_proportion(co2e(quantities), co2e(sums), part, whole), "Co2eNotUniform")
    for metal in of_kind(sums, Column.METAL):
        found.unless(
            metal_uniform(quantities[metal], sums[metal], part, whole, batch.kind.metal_tolerance),
            "MetalNotUniform",
        )
    for column in of_kind(sums, Column.CLASS):
        metal = metal_of(column)
        found.unless(
            in_proportion(
                quantities[column], sums[column], quantities.get(metal, 0), sums.get(metal, 0)
            ),
            "ClassOutOfBounds",
        )
    judge_credit_sum(quantities, found)
    if batch.model in STRICT:
        found.unless(pure(quantities), "ModelCondition")
    if batch.model == Model.CONTROLLED_BLENDING:
        for credit in of_kind(sums, Column.CREDIT):
            found.unless(
                in_proportion(quantities[credit], sums[credit], part, whole), "ModelCondition"
            )
