"""A draft of a run, judged: the three balances, and everything that the contract would refuse.

Nothing here asks the chain: what it says is handed in (``ChainTerms``), and whether it still says
so when the transaction is included is the contract's to check again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from veta.custody.balance import Balances, balances
from veta.custody.columns import Sums, added, column_of, kind_of
from veta.custody.draft import ChainTerms, DraftOutput, RunDraft
from veta.custody.gather import Gathered, TakeBalance, gather
from veta.custody.laws import Judgement, OutputSums, RunSums, judge_run
from veta.custody.lot_laws import LotSums, judge_lot
from veta.custody.periods import available, period_of
from veta.custody.refusals import Problem, problem
from veta.custody.shape import shape_problems
from veta.custody.ways_in import output_sums, own_flags, way_in_problems, window_problems
from veta.errors import InputError
from veta.model.columns import ColumnKey, ColumnKind, ProgrammeId, SubstanceId
from veta.model.lots import CustodyModel, HeaderFlag, LotBatchKind, SiteId

NO_SITE: Final = SiteId(0)
MAX_LOT_PROBLEMS: Final = 20
"""Most problems of single lots that are named for an output."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What became of a draft.

    Attributes:
        problems: all that is refused; none: the draft may be signed.
        takes: what each take moves.
        balances: metal, CO2e and credit; ``None`` if the draft cannot be added up.
        flags: of the headers, by output.
        origin_site: of the headers; 0 = several or none.
        weakest_model: of what is taken.
        left: credit that each output leaves to the site's account.
    """

    problems: tuple[Problem, ...]
    takes: tuple[TakeBalance, ...] = ()
    balances: Balances | None = None
    flags: tuple[HeaderFlag, ...] = ()
    origin_site: SiteId = NO_SITE
    weakest_model: CustodyModel = CustodyModel.NONE
    left: tuple[Sums, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """Codes of all problems."""
        return frozenset(problem.code for problem in self.problems)

    def require_none(self) -> None:
        """Refuse the draft with its first problem, and say how many there are.

        Raises:
            InputError: with the first problem's code.
        """
        if self.problems:
            first, more = self.problems[0], len(self.problems) - 1
            rest = f" (and {more} more)" if more else ""
            raise InputError(first.code, first.message + rest)


def assess(draft: RunDraft, terms: ChainTerms) -> Assessment:
    """Judge a draft; every problem is named at once.

    Not checked: certificates of origin credit, whether columns and classes are registered, whether
    the member has this batch already, signatures.

    Raises:
        InputError: ``custody.draft`` for lots that do not fit their columns.
    """
    misshapen = shape_problems(draft)
    if misshapen:
        return Assessment(problems=tuple(misshapen))
    gathered = gather(draft, terms)
    problems = [
        *window_problems(draft, terms),
        *way_in_problems(draft, terms),
        *gathered.problems,
        *_reduction_problems(draft, terms, gathered),
        *_draw_problems(draft, terms),
    ]
    run = run_sums(draft, gathered)
    judgement = judge_run(run)
    problems += judgement.problems
    for number, output in enumerate(draft.outputs):
        problems += lot_problems(number, output)
    return Assessment(
        problems=tuple(problems),
        takes=gathered.takes,
        balances=balances(draft, terms, gathered, run, judgement),
        flags=_flags(draft, gathered, judgement),
        origin_site=_origin_site(draft, gathered),
        weakest_model=gathered.weakest_model,
        left=judgement.left,
    )


def run_sums(draft: RunDraft, gathered: Gathered) -> RunSums:
    """What a draft adds up to, as the laws want it."""
    way_in = draft.kind is not LotBatchKind.TRANSFORM
    origin = draft.kind is LotBatchKind.ORIGIN
    taken = added(take.moved for take in gathered.takes)
    for reduction in draft.reductions:
        part = min(reduction.quantity, taken.get(reduction.from_column, 0))
        taken[reduction.from_column] = taken.get(reduction.from_column, 0) - part
        taken[reduction.to_column] = taken.get(reduction.to_column, 0) + part
    return RunSums(
        way_in=way_in,
        taken=taken,
        first_measured=added({part.column: part.quantity} for part in draft.first_measured),
        lost=added({part.column: part.quantity} for part in draft.losses),
        emissions_g=sum(part.co2e_g for part in draft.emissions),
        weakest_model=gathered.weakest_model,
        one_origin=origin or gathered.origin_site != 0,
        pure_inputs=origin or (not way_in and gathered.pure),
        outputs=tuple(_output(draft, number) for number in range(len(draft.outputs))),
        rule=None if draft.rule is None else draft.rule.shares,
    )


def _output(draft: RunDraft, number: int) -> OutputSums:
    output = draft.outputs[number]
    draws = [draw for draw in draft.draws if draw.output == number]
    return OutputSums(
        terms=output.terms,
        reference_column=output.reference_column,
        model=output.model,
        attributed=output.attributed,
        sums=output_sums(output),
        drawn=added({draw.column: draw.quantity} for draw in draws),
    )


def _origin_site(draft: RunDraft, gathered: Gathered) -> SiteId:
    return draft.site if draft.kind is LotBatchKind.ORIGIN else gathered.origin_site


def _flags(draft: RunDraft, gathered: Gathered, judgement: Judgement) -> tuple[HeaderFlag, ...]:
    flags = gathered.flags | own_flags(draft)
    if judgement.unallocated:
        flags |= HeaderFlag.UNALLOCATED
    return tuple(
        flags | HeaderFlag.ATTRIBUTED if output.attributed else flags for output in draft.outputs
    )


def _reduction_problems(
    draft: RunDraft, terms: ChainTerms, gathered: Gathered
) -> Iterator[Problem]:
    """Credit goes on under a programme that its scheme lists as lower, and no more than came."""
    taken = added(take.moved for take in gathered.takes)
    for reduction in draft.reductions:
        before, after = reduction.from_column, reduction.to_column
        source, target = column_of(before), column_of(after)
        pair = (ProgrammeId(source.qualifier), ProgrammeId(target.qualifier))
        credit = {source.kind, target.kind} == {ColumnKind.CREDIT}
        if not credit or source.substance != target.substance or pair not in terms.reducible:
            yield problem("NotReducible", arguments={"from": before, "to": after})
        held = taken.get(before, 0)
        if reduction.quantity > held:
            facts = {"column": before, "taken": held, "reduced": reduction.quantity}
            yield problem("ReducedTooMuch", arguments=facts)
        part = min(reduction.quantity, held)
        taken[before] = held - part
        taken[after] = taken.get(after, 0) + part


def _draw_problems(draft: RunDraft, terms: ChainTerms) -> Iterator[Problem]:
    """Only credit, only for mass balance, and no more than the account has alive."""
    wanted: dict[ColumnKey, int] = {}
    for draw in draft.draws:
        inside = 0 <= draw.output < len(draft.outputs)
        balanced = inside and draft.outputs[draw.output].model is CustodyModel.MASS_BALANCE
        if not balanced or kind_of(draw.column) is not ColumnKind.CREDIT:
            facts = {"output": draw.output, "column": draw.column}
            yield problem("NotDrawable", arguments=facts)
        else:
            wanted[draw.column] = wanted.get(draw.column, 0) + draw.quantity
    now = period_of(terms.now_s)
    for key, quantity in wanted.items():
        column = column_of(key)
        programme, substance = ProgrammeId(column.qualifier), SubstanceId(column.substance)
        held = available(
            terms.accounts.get((programme, substance), {}), now, terms.rules.credit_periods
        )
        if quantity > held:
            account = {"site": draft.site, "programme": programme, "substance": substance}
            facts = {**account, "available": held, "wanted": quantity}
            yield problem("AccountShort", arguments=facts)


def lot_problems(number: int, output: DraftOutput) -> Iterator[Problem]:
    """Each lot against its batch; lots of equal quantities are judged once, padding never."""
    totals = output_sums(output)
    first: dict[tuple[int, ...], int] = {}
    for index, quantities in enumerate(output.lots):
        first.setdefault(quantities, index)
    named = 0
    for quantities, index in first.items():
        if not any(quantities):
            continue
        sums = LotSums(
            model=output.model,
            attributed=output.attributed,
            metal_tolerance_ppm=output.terms.metal_tolerance_ppm,
            reference_column=output.reference_column,
            quantities=dict(zip(output.columns, quantities, strict=True)),
            totals=totals,
        )
        for found in judge_lot(sums, number):
            facts = found.arguments
            yield problem(found.error_name, lot=index, arguments=facts)
            named += 1
            if named == MAX_LOT_PROBLEMS:
                return
