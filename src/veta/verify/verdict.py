"""Outcomes of checks, and the one rule that makes a verdict of them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

FactValue = str | int | bool | None | tuple[str, ...]


class Step(enum.IntEnum):
    """The numbered steps of verification."""

    WELL_FORMED = 1
    SIGNATURE = 2
    ISSUER = 3
    RULES = 4
    INCLUSION = 5
    ANCHOR = 6
    STATUS = 7
    LOT = 8
    LINEAGE = 9
    ASSURANCE = 10
    CLAIMS = 11
    FOOTPRINT = 12

    @property
    def title(self) -> str:
        """What the step looks at, in words for a reader."""
        return _TITLES[self]


_TITLES: Final = {
    Step.WELL_FORMED: "well-formed, within bounds",
    Step.SIGNATURE: "signature",
    Step.ISSUER: "issuer's key and role at anchor time",
    Step.RULES: "schema and semantic rules",
    Step.INCLUSION: "inclusion, and document equals leaf",
    Step.ANCHOR: "anchored and final on the pinned chain",
    Step.STATUS: "status and validity in time",
    Step.LOT: "lot state and custody",
    Step.LINEAGE: "lineage and the three laws",
    Step.ASSURANCE: "assurance chain",
    Step.CLAIMS: "each claim",
    Step.FOOTPRINT: "footprint recomputed from what is disclosed",
}


class Outcome(enum.StrEnum):
    """What became of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOTICE = "notice"
    NOT_PROVEN = "not_proven"
    """What was handed over does not show it."""
    NOT_DETERMINED = "not_determined"
    """It could not be asked."""


class Verdict(enum.StrEnum):
    """The five answers. There is no sixth, and no boolean."""

    VALID = "VALID"
    VALID_WITH_NOTICE = "VALID_WITH_NOTICE"
    NOT_PROVEN = "NOT_PROVEN"
    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"

    @property
    def good(self) -> bool:
        """Whether a reader may rely on the statement (with its notices)."""
        return self in (Verdict.VALID, Verdict.VALID_WITH_NOTICE)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of one step.

    Attributes:
        code: stable and dotted, such as ``signature.mismatch``.
        sentence: for a person; built from the facts.
        facts: what the finding rests on, by name; units are in the names.
    """

    step: Step
    outcome: Outcome
    code: str
    sentence: str
    facts: dict[str, FactValue] = field(default_factory=dict)


def conclude(
    checks: Iterable[Check],
    required: frozenset[Step],
    *,
    spared: frozenset[str] = frozenset(),
    asked: frozenset[str] = frozenset(),
) -> Verdict:
    """The verdict over all checks.

    Any failed: INVALID; else a required one not determined: INDETERMINATE; else a required one not
    proven: NOT_PROVEN; else any notice: VALID_WITH_NOTICE; else VALID. A required step without any
    check counts as not proven: a verdict never gets better by leaving something out. A check that
    is not proven and whose code is ``spared`` was not asked for: it is told and does not count. One
    whose code is ``asked`` counts whatever its step.
    """
    found = [
        check
        for check in checks
        if check.outcome is not Outcome.NOT_PROVEN or check.code not in spared
    ]
    outcomes = {check.outcome for check in found}
    if Outcome.FAILED in outcomes:
        return Verdict.INVALID
    of_required = {
        check.outcome for check in found if check.step in required or check.code in asked
    }
    if Outcome.NOT_DETERMINED in of_required:
        return Verdict.INDETERMINATE
    missing = required - {check.step for check in found}
    if missing or Outcome.NOT_PROVEN in of_required:
        return Verdict.NOT_PROVEN
    return Verdict.VALID_WITH_NOTICE if Outcome.NOTICE in outcomes else Verdict.VALID
