"""Water by source and quality: parts that sum to their total, flows kept apart, brine beside them.

Withdrawal, discharge and consumption are three metrics (GRI 303-3, 303-4, 303-5, 2018). Water used
again inside the boundary is in none of them. Brine is a raw material: it is reported beside water,
in an account of its own.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from veta.errors import InputError
from veta.evidence.exact import amount_text, exact
from veta.evidence.grades import AssuranceGrade, lowest
from veta.evidence.metrics import Boundary
from veta.evidence.windows import Window


class Flow(enum.Enum):
    """Which way water goes across the boundary."""

    WITHDRAWAL = "withdrawal"
    DISCHARGE = "discharge"
    CONSUMPTION = "consumption"
    """Withdrawal less discharge: computed (``consumption``), as GRI 303-5 does."""


class Source(enum.Enum):
    """Where water comes from, or goes to."""

    SURFACE = "surface"
    GROUND = "ground"
    CONTINENTAL = "continental"
    """Surface or ground, where a site does not tell them apart."""
    SEA = "sea"
    DESALINATED = "desalinated sea"
    TREATED = "treated waste water"
    THIRD_PARTY = "third party"
    PRODUCED = "produced with the ore"
    BRINE = "brine"
    """In no account of water: ``BrineAccount``."""


class Quality(enum.Enum):
    """Quality class (ICMM Water Reporting: Good practice guide, 2nd edition, 2021)."""

    HIGH = "high"
    """At most 1000 mg/l dissolved solids, and fit for drinking after little treatment."""
    LOW = "low"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class WaterPart:
    """Water of one source and quality. ``amount_l`` in litres, exact."""

    source: Source
    quality: Quality
    amount_l: Fraction
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        amount = exact(self.amount_l, f"{self.source.value} water")
        object.__setattr__(self, "amount_l", amount)


@dataclass(frozen=True, slots=True)
class WaterAccount:
    """One flow of one boundary and period, by source.

    Attributes:
        flow: withdrawal or discharge; consumption has no sources.
        boundary: what was counted.
        period: when.
        total_l: as stated, litres.
        parts: each source and quality once; they sum to the total.
        grade: the lowest of the parts.

    Raises:
        InputError: ``evidence.brine_in_water``, ``evidence.source_twice``,
            ``evidence.water_sum`` where the parts do not sum to the total, ``evidence.no_grade``
            without parts, ``evidence.flow`` for parts of consumption.
    """

    flow: Flow
    boundary: Boundary
    period: Window
    total_l: Fraction
    parts: tuple[WaterPart, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "total_l", exact(self.total_l, f"total {self.flow.value}"))
        lowest(part.grade for part in self.parts)
        if self.flow is Flow.CONSUMPTION:
            raise InputError("evidence.flow", "consumption is computed and has no sources")
        seen: set[tuple[Source, Quality]] = set()
        for part in self.parts:
            if part.source is Source.BRINE:
                raise InputError("evidence.brine_in_water", "brine is never added to water")
            if (part.source, part.quality) in seen:
                words = f"{part.source.value} water of {part.quality.value} quality is given twice"
                raise InputError("evidence.source_twice", words)
            seen.add((part.source, part.quality))
        summed = sum((part.amount_l for part in self.parts), Fraction(0))
        if summed != self.total_l:
            raise InputError(
                "evidence.water_sum",
                f"the sources of {self.flow.value} sum to {amount_text(summed)} l, "
                f"the total says {amount_text(self.total_l)} l",
            )

    @property
    def grade(self) -> AssuranceGrade:
        """The lowest of its parts."""
        return lowest(part.grade for part in self.parts)

    def of(self, *sources: Source) -> Fraction:
        """Litres of some sources."""
        return sum((part.amount_l for part in self.parts if part.source in sources), Fraction(0))

    def of_quality(self, quality: Quality) -> Fraction:
        """Litres of a quality class."""
        return sum((part.amount_l for part in self.parts if part.quality is quality), Fraction(0))


@dataclass(frozen=True, slots=True)
class BrineAccount:
    """Brine of one boundary and period, beside water and never with it.

    Attributes:
        boundary: what was counted.
        period: when.
        abstracted_l: pumped, litres.
        reinjected_l: given back to the aquifer, litres; at most what was pumped.
        grade: of both.
    """

    boundary: Boundary
    period: Window
    abstracted_l: Fraction
    reinjected_l: Fraction
    grade: AssuranceGrade

    def __post_init__(self) -> None:
        for name in ("abstracted_l", "reinjected_l"):
            object.__setattr__(self, name, exact(getattr(self, name), "brine"))
        if self.reinjected_l > self.abstracted_l:
            raise InputError("evidence.negative", "more brine is reinjected than was pumped")


@dataclass(frozen=True, slots=True)
class Consumption:
    """Withdrawal less discharge of one boundary and period. Litres, exact."""

    boundary: Boundary
    period: Window
    amount_l: Fraction
    grade: AssuranceGrade


def consumption(withdrawal: WaterAccount, discharge: WaterAccount) -> Consumption:
    """Water consumption (GRI 303-5 a, 2018), without change in storage.

    Raises:
        InputError: ``evidence.flow`` unless the flows are withdrawal and discharge;
            ``evidence.not_comparable`` for other boundaries or periods; ``evidence.negative`` if
            more leaves than came.
    """
    if (withdrawal.flow, discharge.flow) != (Flow.WITHDRAWAL, Flow.DISCHARGE):
        raise InputError(
            "evidence.flow",
            f"consumption is withdrawal less discharge, not {withdrawal.flow.value} less "
            f"{discharge.flow.value}",
        )
    if withdrawal.boundary.digest != discharge.boundary.digest:
        raise _unlike("boundary", withdrawal.boundary.name, discharge.boundary.name)
    if withdrawal.period != discharge.period:
        raise _unlike("period", withdrawal.period.words(), discharge.period.words())
    return Consumption(
        withdrawal.boundary,
        withdrawal.period,
        exact(withdrawal.total_l - discharge.total_l, "consumption"),
        lowest((withdrawal.grade, discharge.grade)),
    )


def add_accounts(accounts: Sequence[WaterAccount], boundary: Boundary) -> WaterAccount:
    """Accounts of one flow and period together, as of the sites of a company.

    Args:
        accounts: of boundaries that do not overlap: that is the caller's to know.
        boundary: of the sum.

    Raises:
        InputError: ``evidence.not_comparable``; ``evidence.account_twice`` where two accounts are
            of one boundary; ``evidence.no_grade`` of none.
    """
    lowest(account.grade for account in accounts)
    first = accounts[0]
    for account in accounts[1:]:
        if account.flow is not first.flow:
            raise _unlike("flow", first.flow.value, account.flow.value)
        if account.period != first.period:
            raise _unlike("period", first.period.words(), account.period.words())
    if len({account.boundary.digest for account in accounts}) != len(accounts):
        raise InputError("evidence.account_twice", "two accounts are of one boundary")
    merged: dict[tuple[Source, Quality], WaterPart] = {}
    for part in (part for account in accounts for part in account.parts):
        kept = merged.get((part.source, part.quality))
        if kept is not None:
            grade = lowest((kept.grade, part.grade))
            amount_l = kept.amount_l + part.amount_l
            part = WaterPart(part.source, part.quality, amount_l, grade)  # noqa: PLW2901
        merged[part.source, part.quality] = part
    total_l = sum((account.total_l for account in accounts), Fraction(0))
    return WaterAccount(first.flow, boundary, first.period, total_l, tuple(merged.values()))


def _unlike(aspect: str, first: str, second: str) -> InputError:
    message = f"not comparable: {aspect}: {first} here, {second} there"
    return InputError("evidence.not_comparable", message)
