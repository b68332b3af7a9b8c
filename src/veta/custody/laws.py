"""The three conservation laws over the sums of a run, as ``ILotLaws.judgeRun`` words them.

Where the contract stops at the first law that a run breaks, this names all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from veta.custody.columns import Sums, added, credits_of, kind_of, metal_of, of_kind, union
from veta.custody.refusals import Problem, problem
from veta.custody.rounding import PPM, proportion, share_down, share_up
from veta.model.columns import Column, ColumnKey, ColumnKind, OriginClass
from veta.model.lots import AllocationShare, CustodyModel, ProductClassTerms

_CHAIN_MODELS = range(CustodyModel.IDENTITY_PRESERVED, CustodyModel.MASS_BALANCE + 1)


@dataclass(frozen=True)
class OutputSums:
    """A batch that a run makes, with its sums."""

    terms: ProductClassTerms
    reference_column: ColumnKey
    model: CustodyModel
    attributed: bool
    sums: Sums
    drawn: Sums
    """Credit from the account, above what the inputs give."""

    @property
    def reference(self) -> int:
        """Quantity of the reference column."""
        return self.sums.get(self.reference_column, 0)


@dataclass(frozen=True)
class RunSums:
    """Everything a run adds up to; quantities in base units of their columns."""

    way_in: bool
    """Nothing is taken: metal, class and credit enter."""
    taken: Sums
    """Credit after waivers and reductions."""
    first_measured: Sums
    lost: Sums
    emissions_g: int
    weakest_model: CustodyModel
    """Of what is taken."""
    one_origin: bool
    """All inputs come from one site."""
    pure_inputs: bool
    """In every input lot, credit of one programme equals metal."""
    outputs: tuple[OutputSums, ...]
    rule: tuple[AllocationShare, ...] | None
    """The allocation rule's bounds, ``None`` without a rule."""

    @cached_property
    def columns(self) -> tuple[ColumnKey, ...]:
        """All columns of inputs and outputs, ascending."""
        parts = [self.taken, self.first_measured, self.lost]
        return union([*parts, *(output.sums for output in self.outputs)])

    @cached_property
    def made(self) -> Sums:
        """Sums of all outputs together."""
        return added(output.sums for output in self.outputs)

    def of_class(self, output: OutputSums, column: ColumnKey) -> int:
        """A column's sum over all batches of an output's product class."""
        same = output.terms.product_class
        batches = (other for other in self.outputs if other.terms.product_class == same)
        return sum(other.sums.get(column, 0) for other in batches)

    def cap(self, output: OutputSums, column: ColumnKey) -> int:
        """An output's share of the credit taken: floor(credit x batch metal / metal taken)."""
        metal = metal_of(column)
        part, whole = output.sums.get(metal, 0), self.taken.get(metal, 0)
        return share_down(self.taken.get(column, 0), part, whole)


@dataclass(frozen=True)
class Judgement:
    """What the laws say of a run."""

    problems: tuple[Problem, ...]
    """None: the run keeps the laws."""
    left: tuple[Sums, ...]
    """By output: credit of its cap that it leaves and that enters the account."""
    extinguished: tuple[Sums, ...]
    """By output: credit of its cap that a residue leaves and that ends here."""
    unallocated: bool
    """Several product classes and no rule."""


def judge_run(run: RunSums) -> Judgement:
    """Judge a run by the three laws and the models; every breach is named."""
    several = len({output.terms.product_class for output in run.outputs}) > 1
    found = [
        *_shapes(run),
        *_metal(run),
        *_carbon(run),
        *_units(run),
        *_classes(run),
        *_allocation(run),
        *_uniformity(run),
        *_credit(run),
        *_models(run),
    ]
    left = [_left(run, output) for output in run.outputs]
    residues = [output.terms.residue for output in run.outputs]
    return Judgement(
        problems=tuple(found),
        left=tuple(({} if residue else sums) for sums, residue in zip(left, residues, strict=True)),
        extinguished=tuple(
            (sums if residue else {}) for sums, residue in zip(left, residues, strict=True)
        ),
        unallocated=several and run.rule is None,
    )


def _shapes(run: RunSums) -> Iterator[Problem]:
    """What holds for any batch by itself: DESIGN 4.2."""
    for number, output in enumerate(run.outputs):
        if output.reference == 0:
            yield problem("ZeroReference", arguments={"output": number})
        counted = [key for key in of_kind(output.sums, ColumnKind.UNIT) if output.sums[key]]
        if any(key != output.reference_column for key in counted):
            yield problem("UnitsAreReference", arguments={"output": number})
        for key in of_kind(output.sums, ColumnKind.CLASS):
            metal = output.sums.get(metal_of(key), 0)
            if output.sums[key] > metal:
                facts = {"column": key, "class": output.sums[key], "metal": metal}
                yield problem("ClassAboveMetal", arguments={"output": number, **facts})


def _metal(run: RunSums) -> Iterator[Problem]:
    """Law 1. At a way in, capacity, ceiling or gain bound what enters instead."""
    for key, quantity in run.first_measured.items():
        taken = run.taken.get(key, 0)
        if quantity and (kind_of(key) is not ColumnKind.METAL or taken or run.way_in):
            yield problem("NotFirstMeasured", arguments={"column": key, "taken": taken})
    for key, quantity in run.lost.items():
        if quantity and kind_of(key) not in {ColumnKind.METAL, ColumnKind.UNIT}:
            yield problem("NoLossOf", arguments={"column": key})
    if run.way_in:
        return
    for key in of_kind(run.columns, ColumnKind.METAL):
        given = run.taken.get(key, 0) + run.first_measured.get(key, 0)
        made = run.made.get(key, 0) + run.lost.get(key, 0)
        if given != made:
            facts = {"column": key, "given": given, "made": made}
            yield problem("MetalMismatch", arguments=facts)


def _carbon(run: RunSums) -> Iterator[Problem]:
    """Law 2. Nothing avoided, offset or lost takes any CO2e away."""
    given = run.emissions_g + sum(run.taken[key] for key in of_kind(run.taken, ColumnKind.CO2E))
    made = sum(run.made[key] for key in of_kind(run.made, ColumnKind.CO2E))
    if given != made:
        yield problem("Co2eMismatch", arguments={"given": given, "made": made})


def _units(run: RunSums) -> Iterator[Problem]:
    """Counted things stay things or are said to be gone; a kind may begin in any run."""
    for key in of_kind(run.columns, ColumnKind.UNIT):
        taken, lost = run.taken.get(key, 0), run.lost.get(key, 0)
        made = run.made.get(key, 0) + lost
        if (taken or lost) and taken != made:
            facts = {"column": key, "given": taken, "made": made}
            yield problem("UnitMismatch", arguments=facts)


def _classes(run: RunSums) -> Iterator[Problem]:
    """Recycled down, external up, by each batch's share of the metal taken."""
    if run.way_in:
        return
    for key in of_kind(run.columns, ColumnKind.CLASS):
        whole, taken = run.taken.get(metal_of(key), 0), run.taken.get(key, 0)
        recycled = Column.of(key).qualifier == OriginClass.RECYCLED
        for number, output in enumerate(run.outputs):
            metal, given = output.sums.get(metal_of(key), 0), output.sums.get(key, 0)
            bound = (share_down if recycled else share_up)(taken, metal, whole)
            if given > bound if recycled else given < bound:
                facts = {"column": key, "given": given, "bound": bound}
                yield problem("ClassOutOfBounds", arguments={"output": number, **facts})


def _allocation(run: RunSums) -> Iterator[Problem]:
    """Between product classes: ppm of all outputs' CO2e, by the rule, cross-multiplied."""
    if run.rule is None:
        return
    known = {share.product_class: share for share in run.rule}
    taken = sum(run.taken[key] for key in of_kind(run.taken, ColumnKind.CO2E))
    everything = taken + run.emissions_g
    for output in _firsts(run.outputs):
        product_class = output.terms.product_class
        share = known.get(product_class)
        if share is None:
            yield problem("NotInAllocationRule", arguments={"productClass": product_class})
            continue
        carried = sum(run.of_class(output, key) for key in of_kind(run.made, ColumnKind.CO2E))
        least, most = everything * share.minimum_ppm, everything * share.maximum_ppm
        if not least <= carried * PPM <= most:
            bounds = {"minimum": -(-least // PPM), "maximum": most // PPM}
            facts = {"productClass": product_class, "co2e": carried, **bounds}
            yield problem("AllocationOutOfBounds", arguments=facts)


def _uniformity(run: RunSums) -> Iterator[Problem]:
    """All batches of a class carry the same per reference unit: carbon cannot be parked."""
    firsts = {first.terms.product_class: first for first in _firsts(run.outputs)}
    for number, output in enumerate(run.outputs):
        product_class, reference = output.terms.product_class, output.reference_column
        first = firsts[product_class].reference_column
        if first != reference:
            facts = {"productClass": product_class, "first": first, "second": reference}
            yield problem("ReferenceDiffers", arguments=facts)
            continue
        whole = run.of_class(output, reference)
        for key in run.columns:
            given, all_ = output.sums.get(key, 0), run.of_class(output, key)
            refusal = uniformity_problem(
                key, given, all_, output.reference, whole, output.terms.metal_tolerance_ppm
            )
            if refusal is not None:
                name, facts = refusal
                yield problem(name, arguments={"output": number, **facts})


def uniformity_problem(
    key: ColumnKey, given: int, all_: int, part: int, whole: int, tolerance_ppm: int
) -> tuple[str, dict[str, int]] | None:
    """CO2e in proportion to one unit; metal also within |m R - M r| 10^6 <= ppm M r.

    Args:
        key: any column; those of other kinds pass.
        given: of the column in the batch or lot.
        all_: of the column in the class or batch.
        part: reference of the batch or lot.
        whole: reference of the class or batch.
        tolerance_ppm: of the product class, for metal.

    Returns:
        Name and facts of the contract's error, or ``None``.
    """
    kind = kind_of(key)
    least, most = proportion(all_, part, whole)
    if kind not in {ColumnKind.CO2E, ColumnKind.METAL} or least <= given <= most:
        return None
    if kind is ColumnKind.CO2E:
        return "Co2eNotUniform", {"given": given, "minimum": least, "maximum": most}
    if abs(given * whole - all_ * part) * PPM <= tolerance_ppm * all_ * part:
        return None
    return "MetalNotUniform", {"column": key, "given": given, "expected": least}


def _credit(run: RunSums) -> Iterator[Problem]:
    """Law 3, per output batch; and all credit of a substance together is at most its metal."""
    for number, output in enumerate(run.outputs):
        for metal in of_kind(run.columns, ColumnKind.METAL):
            yield from credit_above_metal(output.sums, metal, number)
        if run.way_in:
            continue
        for key in of_kind(union([run.columns, output.drawn]), ColumnKind.CREDIT):
            given, drawn = output.sums.get(key, 0), output.drawn.get(key, 0)
            cap = run.cap(output, key) + drawn
            if given > cap:
                facts = {"column": key, "given": given, "cap": cap}
                yield problem("CreditAboveCap", arguments={"output": number, **facts})
            elif drawn > 0 and given < cap:
                # It would enter the account again, as young credit, and never expire.
                facts = {"column": key, "drawn": drawn, "unused": cap - given}
                yield problem("DrawUnused", arguments={"output": number, **facts})


def credit_above_metal(sums: Sums, metal: ColumnKey, number: int) -> Iterator[Problem]:
    """Two marks are one tonne: all credit of a substance is at most its metal."""
    held, credit = sums.get(metal, 0), sum(sums[key] for key in credits_of(sums, metal))
    if credit > held:
        substance = Column.of(metal).substance
        facts = {"output": number, "substance": substance, "credit": credit, "metal": held}
        yield problem("CreditAboveMetal", arguments=facts)


def _left(run: RunSums, output: OutputSums) -> dict[ColumnKey, int]:
    if run.way_in:
        return {}
    caps = {key: run.cap(output, key) for key in of_kind(run.columns, ColumnKind.CREDIT)}
    rest = {key: cap - output.sums.get(key, 0) for key, cap in caps.items()}
    return {key: unused for key, unused in rest.items() if unused > 0}


def _models(run: RunSums) -> Iterator[Problem]:
    """Weaker is always allowed, stronger never (ISO 22095)."""
    for number, output in enumerate(run.outputs):
        model = output.model
        if model not in _CHAIN_MODELS:
            yield problem("UnknownValue", arguments={"what": b"model", "value": int(model)})
            continue
        if model < run.weakest_model:
            facts = {"output": number, "weakest": int(run.weakest_model), "given": int(model)}
            yield problem("ModelStrengthens", arguments=facts)
        single = run.one_origin or model is not CustodyModel.IDENTITY_PRESERVED
        if model <= CustodyModel.SEGREGATED and not (single and run.pure_inputs):
            unmet = {"output": number, "model": int(model)}
            unmet |= {"column": 0, "given": 0, "required": 1}
            yield problem("ModelCondition", arguments=unmet)
        if model <= CustodyModel.SEGREGATED:
            yield from purity_problems(output.sums, model, number)
        if model is CustodyModel.CONTROLLED_BLENDING:
            yield from _blending(run, output, number)


def purity_problems(sums: Sums, model: CustodyModel, number: int) -> Iterator[Problem]:
    """IP and SG: credit of one programme equals the metal, for each metal."""
    for metal, held in sums.items():
        if kind_of(metal) is not ColumnKind.METAL or held == 0:
            continue
        best = max((sums[key] for key in credits_of(sums, metal)), default=0)
        if best != held:
            facts = {"model": int(model), "column": metal, "given": best, "required": held}
            yield problem("ModelCondition", arguments={"output": number, **facts})


def is_pure(sums: Sums) -> bool:
    """Whether credit of one programme equals the metal, for each metal."""
    return not any(purity_problems(sums, CustodyModel.SEGREGATED, 0))


def _blending(run: RunSums, output: OutputSums, number: int) -> Iterator[Problem]:
    """CB: all blended batches of a class have one proportion, else "contains P %" means nothing."""
    same = [
        other
        for other in run.outputs
        if other.terms.product_class == output.terms.product_class
        and other.model is CustodyModel.CONTROLLED_BLENDING
        and other.reference_column == output.reference_column
    ]
    whole = sum(other.reference for other in same)
    for key in of_kind(union(other.sums for other in same), ColumnKind.CREDIT):
        all_ = sum(other.sums.get(key, 0) for other in same)
        least, most = proportion(all_, output.reference, whole)
        given = output.sums.get(key, 0)
        if not least <= given <= most:
            facts = {"model": int(output.model), "column": key, "given": given, "required": most}
            yield problem("ModelCondition", arguments={"output": number, **facts})


def _firsts(outputs: Sequence[OutputSums]) -> Iterable[OutputSums]:
    """The first batch of each product class."""
    firsts: dict[int, OutputSums] = {}
    for output in outputs:
        firsts.setdefault(output.terms.product_class, output)
    return firsts.values()
