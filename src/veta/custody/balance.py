"""The three balances of a run, as a person reads them before signing: metal, CO2e, credit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from veta.custody.columns import added, column_of, of_kind
from veta.custody.draft import ChainTerms, RunDraft
from veta.custody.gather import Gathered
from veta.custody.laws import Judgement, RunSums
from veta.custody.periods import available, period_of
from veta.model.columns import ColumnKey, ColumnKind, ProgrammeId, SubstanceId
from veta.model.lots import EmissionPart


@dataclass(frozen=True, slots=True)
class MetalBalance:
    """Law 1 for a substance: taken + first measured = made + lost. Base units of the substance."""

    column: ColumnKey
    taken: int
    first_measured: int
    made: tuple[int, ...]
    """By output."""
    lost: int

    @property
    def difference(self) -> int:
        """What goes in less what is in outputs and losses; 0 in a run that closes."""
        return self.taken + self.first_measured - sum(self.made) - self.lost

    @property
    def yield_ppm(self) -> int:
        """Made of what went in, ppm, rounded down; 0 of nothing."""
        given = self.taken + self.first_measured
        return sum(self.made) * 1_000_000 // given if given else 0


@dataclass(frozen=True, slots=True)
class Co2eBalance:
    """Law 2: taken + emissions = made, g CO2e."""

    taken_g: int
    emissions_g: Mapping[EmissionPart, int]
    made_g: tuple[int, ...]
    """By output."""

    @property
    def given_g(self) -> int:
        """What all outputs together must carry."""
        return self.taken_g + sum(self.emissions_g.values())

    @property
    def difference_g(self) -> int:
        """What goes in less what outputs carry; 0 in a run that closes."""
        return self.given_g - sum(self.made_g)


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """Law 3 for a programme and substance: taken + drawn = made + left + extinguished."""

    column: ColumnKey
    moved: int
    """Came with the takes, before reductions; waived credit is not in it."""
    waived: int
    taken: int
    """After reductions."""
    drawn: int
    """From the site's account."""
    caps: tuple[int, ...]
    """By output: its metal's share of the credit taken, rounded down; draws not in it."""
    made: tuple[int, ...]
    """By output: what is claimed."""
    left: int
    """Of the caps, what enters the site's account."""
    extinguished: int
    """Share of losses and of what residues leave, and units lost in rounding down."""
    account_before: int
    """What could be drawn."""

    @property
    def account_change(self) -> int:
        """What the run does to the site's account."""
        return self.left - self.drawn


@dataclass(frozen=True, slots=True)
class Balances:
    """All balances of a run."""

    metal: tuple[MetalBalance, ...]
    co2e: Co2eBalance
    credit: tuple[CreditBalance, ...]


def balances(
    draft: RunDraft, terms: ChainTerms, gathered: Gathered, run: RunSums, judgement: Judgement
) -> Balances:
    """Write the three balances of a run that was judged, whether it closes or not."""
    parts: dict[EmissionPart, int] = {}
    for emission in draft.emissions:
        parts[emission.part] = parts.get(emission.part, 0) + emission.co2e_g
    return Balances(
        metal=tuple(_metal(run, key) for key in of_kind(run.columns, ColumnKind.METAL)),
        co2e=Co2eBalance(
            taken_g=sum(run.taken[key] for key in of_kind(run.taken, ColumnKind.CO2E)),
            emissions_g=parts,
            made_g=tuple(
                sum(output.sums[key] for key in of_kind(output.sums, ColumnKind.CO2E))
                for output in run.outputs
            ),
        ),
        credit=tuple(
            _credit(key, terms, gathered, run, judgement)
            for key in of_kind(run.columns, ColumnKind.CREDIT)
        ),
    )


def _metal(run: RunSums, key: ColumnKey) -> MetalBalance:
    return MetalBalance(
        column=key,
        taken=run.taken.get(key, 0),
        first_measured=run.first_measured.get(key, 0),
        made=tuple(output.sums.get(key, 0) for output in run.outputs),
        lost=run.lost.get(key, 0),
    )


def _credit(
    key: ColumnKey, terms: ChainTerms, gathered: Gathered, run: RunSums, judgement: Judgement
) -> CreditBalance:
    column, taken = column_of(key), run.taken.get(key, 0)
    account = terms.accounts.get((ProgrammeId(column.qualifier), SubstanceId(column.substance)), {})
    drawn = sum(output.drawn.get(key, 0) for output in run.outputs)
    made = tuple(output.sums.get(key, 0) for output in run.outputs)
    left = sum(sums.get(key, 0) for sums in judgement.left)
    return CreditBalance(
        column=key,
        moved=added(take.moved for take in gathered.takes).get(key, 0),
        waived=added(take.waived for take in gathered.takes).get(key, 0),
        taken=taken,
        drawn=drawn,
        caps=tuple(0 if run.way_in else run.cap(output, key) for output in run.outputs),
        made=made,
        left=left,
        extinguished=0 if run.way_in else taken + drawn - sum(made) - left,
        account_before=available(account, period_of(terms.now_s), terms.rules.credit_periods),
    )
