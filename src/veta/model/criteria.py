"""What an assessor found of a criterion, and the plan to close a gap. Plain values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class CriterionResult(enum.StrEnum):
    """What an assessor found."""

    FULLY = "fully"
    PARTIALLY = "partially"
    NOT_MET = "not_met"
    NOT_ASSESSED = "not_assessed"

    @property
    def rank(self) -> int:
        """The more, the better it reads: a result may be read lower, never higher."""
        return _RANKS[self]

    @property
    def is_gap(self) -> bool:
        """Whether something is to be done: assessed, and not fully met."""
        return self in {CriterionResult.PARTIALLY, CriterionResult.NOT_MET}


_RANKS: Final = {
    CriterionResult.NOT_ASSESSED: 0,
    CriterionResult.NOT_MET: 1,
    CriterionResult.PARTIALLY: 2,
    CriterionResult.FULLY: 3,
}


@dataclass(frozen=True, slots=True)
class ImprovementPlan:
    """How and until when a gap is to be closed."""

    identifier: str
    due_s: int
    """First second at which it is late."""
    closed_s: int | None = None


@dataclass(frozen=True, slots=True)
class CriterionFinding:
    """One criterion, named with scheme and version, and what was found."""

    criterion: str
    """Such as ``copper-mark-rra/3/C11``."""
    result: CriterionResult
    plan: ImprovementPlan | None = None
