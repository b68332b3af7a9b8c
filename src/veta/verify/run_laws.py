"""Step 9, the three laws: a disclosed run added up again, as the lot book did when it accepted it.

The balances are those of ``veta.custody.laws``. One thing is not part of a cause: credit that a
take let go. It is counted as taken here, so a cap can only be too high and never refuses a run
that the book accepted; that all drawn credit was needed cannot be told, and is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from veta.custody.columns import added, column_of, of_kind, sums_of
from veta.custody.laws import Judgement, OutputSums, RunSums, is_pure, judge_run
from veta.custody.rounding import moved, rounds_up
from veta.custody.yields import report_yield
from veta.model.bundle import LotFacts
from veta.model.columns import ColumnKey, ColumnKind, MassBasis, mass_key
from veta.model.determined import Undetermined
from veta.model.lots import (
    AllocationRule,
    BatchHeader,
    CustodyModel,
    HeaderFlag,
    LotBatchKind,
    ProductClassTerms,
    SiteId,
)
from veta.verify.batches import name_of
from veta.verify.findings import not_determined
from veta.verify.lot_codes import found
from veta.verify.lot_step import ANY_TOLERANCE
from veta.verify.runs import JudgedRun, KnownTake
from veta.verify.verdict import Check, Step

_LAWS: Final = {
    "lineage.metal_appears": {
        "MetalMismatch",
        "NotFirstMeasured",
        "NoLossOf",
        "MetalNotUniform",
    },
    "lineage.carbon_vanishes": {
        "Co2eMismatch",
        "Co2eNotUniform",
        "ReferenceDiffers",
        "AllocationOutOfBounds",
        "NotInAllocationRule",
    },
    "lineage.credit_appears": {"CreditAboveCap", "CreditAboveMetal"},
}
_NEEDS_WAIVERS: Final = frozenset({"DrawUnused"})
_LAW_OF: Final = {error: code for code, errors in _LAWS.items() for error in errors}
PROCESSES: Final = {
    "copper-anode": "smelter",
    "copper-cathode": "refinery_excl_returned_scrap",
    "copper-rod": "rod",
    "copper-cable": "cable",
    "lithium-carbonate": "lithium_plant",
}
"""Process whose yield is usual, by what it makes."""


def moved_by(take: KnownTake) -> dict[ColumnKey, int]:
    """What left a lot with a take, by column."""
    part = take.part
    return {
        key: moved(quantity, take.total, part.taken, part.amount, up=rounds_up(column_of(key)))
        for key, quantity in take.quantities.items()
    }


def judge_laws(judged: JudgedRun, about: LotFacts | Undetermined) -> tuple[list[Check], RunSums]:
    """Recompute the laws of a complete run.

    Returns:
        What is wrong or cannot be told, nothing if the laws are kept; and the sums.
    """
    checks: list[Check] = []
    terms = _terms(judged, about, checks)
    rule = _rule(judged, about, checks)
    run = _sums(judged, terms, rule)
    judgement = judge_run(run)
    where = f"run of member {judged.header.issuer} at site {judged.header.site}"
    for problem in judgement.problems:
        if problem.error_name not in _NEEDS_WAIVERS:
            code = _LAW_OF.get(str(problem.error_name), "lineage.rule_broken")
            root = judged.header.root.hex()
            facts = {"refusal": problem.code, "root": root}
            checks.append(found(code, f"{where}: {problem.message}", **facts))
    checks += _headers(judged, judgement, where)
    checks += _mass(run, judged, where)
    return checks, run


def _sums(
    judged: JudgedRun, terms: dict[int, ProductClassTerms], rule: AllocationRule | None
) -> RunSums:
    header, cause = judged.header, judged.cause
    taken = added(moved_by(take) for take in judged.takes)
    for reduction in cause.reductions:
        part = min(reduction.quantity, taken.get(reduction.from_column, 0))
        taken[reduction.from_column] = taken.get(reduction.from_column, 0) - part
        taken[reduction.to_column] = taken.get(reduction.to_column, 0) + part
    origin = header.kind is LotBatchKind.ORIGIN
    outputs = []
    for batch in judged.run.batches:
        number = judged.places[name_of(batch.header)]
        assert batch.totals is not None
        outputs.append(
            OutputSums(
                terms=terms[batch.header.product_class],
                reference_column=batch.header.reference_column,
                model=batch.header.model,
                attributed=HeaderFlag.ATTRIBUTED in batch.header.flags,
                sums=sums_of(batch.totals.columns, batch.totals.sums),
                drawn=added({d.column: d.quantity} for d in cause.draws if d.output == number),
            )
        )
    return RunSums(
        way_in=header.kind is not LotBatchKind.TRANSFORM,
        taken=taken,
        first_measured=added({part.column: part.quantity} for part in cause.first_measured),
        lost=added({part.column: part.quantity} for part in cause.losses),
        emissions_g=sum(part.co2e_g for part in cause.emissions),
        weakest_model=weakest_model(judged),
        one_origin=origin or origin_site(judged) != 0,
        pure_inputs=origin or all(is_pure(take.quantities) for take in judged.takes),
        outputs=tuple(outputs),
        rule=None if rule is None else rule.shares,
    )


def weakest_model(judged: JudgedRun) -> CustodyModel:
    """Of what a run took."""
    models = [take.batch.header.model for take in judged.takes]
    return max(models, default=CustodyModel.NONE)


def origin_site(judged: JudgedRun) -> SiteId:
    """The site that all metal of a run comes from; 0 = several or none."""
    header = judged.header
    if header.kind is LotBatchKind.ORIGIN:
        return header.site
    sites = {take.batch.header.origin_site for take in judged.takes}
    return sites.pop() if len(sites) == 1 else SiteId(0)


def _terms(
    judged: JudgedRun, about: LotFacts | Undetermined, checks: list[Check]
) -> dict[int, ProductClassTerms]:
    """Of the classes of a run; an unknown one matters only where tolerances are compared."""
    classes = about if isinstance(about, Undetermined) else about.classes
    known = {}
    if not isinstance(classes, Undetermined):
        known = {each.product_class: each for each in classes.value}
    terms: dict[int, ProductClassTerms] = {}
    for batch in judged.run.batches:
        number = batch.header.product_class
        if number in terms and number not in known:
            if isinstance(classes, Undetermined):
                checks.append(not_determined(Step.LINEAGE, classes))
            else:
                sentence = f"product class {number} is not registered: its tolerance is not known"
                checks.append(found("lineage.class_unknown", sentence, product_class=number))
        unknown = ProductClassTerms(
            number,
            residue=False,
            metal_tolerance_ppm=ANY_TOLERANCE,
            custody_tolerance_ppm=0,
            co2e_default_per_million=0,
        )
        terms[number] = known.get(number, unknown)
    return terms


def _rule(
    judged: JudgedRun, about: LotFacts | Undetermined, checks: list[Check]
) -> AllocationRule | None:
    """The allocation rule that a run names, in force for its site when it was anchored."""
    header, at_s = judged.header, judged.ran_at_s
    if header.allocation_rule == 0:
        return None
    rules = about if isinstance(about, Undetermined) else about.rules
    if isinstance(rules, Undetermined):
        checks.append(not_determined(Step.LINEAGE, rules))
        return None
    number = header.allocation_rule
    rule = next((each for each in rules.value if each.rule == number), None)
    if rule is None:
        sentence = f"allocation rule {number} is not known, so shares of products are not shown"
        checks.append(found("lineage.rule_unknown", sentence, rule=number))
    elif rule.site != header.site or (at_s and not rule.from_s <= at_s < rule.until_s):
        sentence = f"allocation rule {number} was not in force for site {header.site}"
        checks.append(found("lineage.rule_not_in_force", sentence, rule=number))
        return None
    return rule


def _headers(judged: JudgedRun, judgement: Judgement, where: str) -> Iterator[Check]:
    """Flags are the OR of all inputs and of what the run is; the origin is the inputs'."""
    expected = _way_in_flags(judged.header)
    for take in judged.takes:
        expected |= take.batch.header.flags & ~HeaderFlag.ATTRIBUTED
    if judged.cause.first_measured:
        expected |= HeaderFlag.FIRST_MEASURED
    if judgement.unallocated and judged.header.allocation_rule == 0:
        expected |= HeaderFlag.UNALLOCATED
    origin = origin_site(judged)
    for batch in judged.run.batches:
        header = batch.header
        if header.flags & ~HeaderFlag.ATTRIBUTED != expected:
            sentence = f"{where}: a batch does not carry the flags of what it was made from"
            flags = {"flags": int(header.flags), "expected": int(expected)}
            yield found("lineage.flags_differ", sentence, **flags)
        if header.origin_site != origin:
            sentence = f"{where}: a batch names another origin than what it was made from"
            sites = {"origin_site": header.origin_site, "expected": origin}
            yield found("lineage.origin_differs", sentence, **sites)


def _way_in_flags(header: BatchHeader) -> HeaderFlag:
    """What a run's kind says by itself. From outside is external or recycled: a cause tells not."""
    if header.kind is LotBatchKind.GAIN:
        return HeaderFlag.GAIN
    if header.kind is not LotBatchKind.EXTERNAL:
        return HeaderFlag(0)
    return HeaderFlag.RECYCLED if HeaderFlag.RECYCLED in header.flags else HeaderFlag.EXTERNAL


def _mass(run: RunSums, judged: JudgedRun, where: str) -> Iterator[Check]:
    """More mass and no more metal: a lower footprint a kilogram, which a reader must know of."""
    if run.way_in:
        return
    metals = tuple(of_kind(run.columns, ColumnKind.METAL))
    for basis in MassBasis:
        key = mass_key(basis)
        taken = run.taken.get(key, 0)
        bearing = [each for each in run.outputs if any(each.sums.get(m, 0) for m in metals)]
        made = sum(output.sums.get(key, 0) for output in bearing)
        if taken and made > taken:
            yield found(
                "lineage.mass_inflated",
                f"{where}: {taken} g {basis.name.lower()} went in and {made} came out, with no"
                " more metal: whatever is counted a kilogram looks lower",
                taken_g=taken,
                made_g=made,
                metal_taken=sum(run.taken.get(metal, 0) for metal in metals),
                metal_made=sum(run.made.get(metal, 0) for metal in metals),
                root=judged.header.root.hex(),
            )


def check_yield(run: RunSums, product_class: int, slug: str) -> Iterator[Check]:
    """Metal of a run's product and of what was lost with it, beside what the process can do.

    Metal in other products is left out: scrap that goes back was not lost.
    """
    process = PROCESSES.get(slug)
    if run.way_in or process is None:
        return
    for metal in of_kind(run.columns, ColumnKind.METAL):
        product = sum(
            output.sums.get(metal, 0)
            for output in run.outputs
            if output.terms.product_class == product_class
        )
        worked = product + run.lost.get(metal, 0)
        if not run.taken.get(metal, 0) or not product:
            continue
        report = report_yield(process, taken=worked, product=product)
        if report.code is not None:
            yield found(
                "lineage.yield_unusual",
                report.message,
                metal=column_of(metal).words(),
                yield_ppm=report.yield_ppm,
                minimum_ppm=report.minimum_ppm,
                maximum_ppm=report.maximum_ppm,
            )


def mass_line(run: RunSums) -> dict[str, int]:
    """Mass that went in and came out, by basis: no law balances it, so it is shown."""
    figures = {}
    for key in of_kind(run.columns, ColumnKind.MASS):
        basis = MassBasis(column_of(key).qualifier).name.lower()
        figures[f"{basis}_taken_g"] = run.taken.get(key, 0)
        figures[f"{basis}_made_g"] = run.made.get(key, 0)
    return figures
