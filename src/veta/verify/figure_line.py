"""One printed figure of a lot with what stands behind it, for a person and for a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from veta.evidence.grades import AssuranceGrade

NOT_SHOWN: Final = "not shown"
"""In the place of a grade: it is not even shown that the passport's issuer said it."""


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure as printed, whose word it is, and what the chain has of it."""

    figure: str
    amount: int
    unit: str
    grade: AssuranceGrade | None
    """``None``: not shown to be anybody's."""
    by: str
    """Who makes it that, as registered."""
    code: str
    reason: str
    chain: str = ""
    """What the chain shows of it, in words; empty: nothing."""
    secondary: bool = False
    """Of a footprint: nothing of it was measured."""

    @property
    def words(self) -> str:
        """The line for a person."""
        grade = NOT_SHOWN if self.grade is None else f"{self.grade.words} by {self.by}"
        parts = [grade, self.chain, "secondary data only" if self.secondary else ""]
        kept = "; ".join(each for each in parts if each)
        return f"{self.figure} {self.amount:,} {self.unit}: {kept}"

    def to_json(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        return {
            "figure": self.figure,
            "amount": self.amount,
            "unit": self.unit,
            "grade": NOT_SHOWN if self.grade is None else self.grade.words,
            "by": self.by,
            "code": self.code,
            "reason": self.reason,
            "chain": self.chain or None,
            "secondary": self.secondary,
            "words": self.words,
        }
