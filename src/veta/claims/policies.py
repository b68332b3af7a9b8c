"""Policies with dates: they report before they refuse.

A duty is announced with the means to meet it (DOMAIN row S38): each version of a policy has a day
from which it only reports and a later day from which it refuses. The same findings pass on the
first and are refused on the second; both decisions carry them, to be logged.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from veta.claims import fields
from veta.claims.fields import Record
from veta.claims.windows import Window
from veta.errors import InputError, VerificationError

_NEVER: Final = "9998-12-31"


class PolicyMode(enum.StrEnum):
    """What a policy does at a moment."""

    NOT_YET = "not_yet"
    REPORT_ONLY = "report_only"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class PolicyDates:
    """One version of a policy: whole days in UTC.

    Raises:
        InputError: ``claims.enforce_before_report`` where it does not report before it refuses.
    """

    name: str
    version: int
    report_from_s: int
    enforce_from_s: int

    def __post_init__(self) -> None:
        if self.enforce_from_s <= self.report_from_s:
            raise InputError(
                "claims.enforce_before_report", f"{self.name} would refuse before it reports"
            )

    def mode(self, at_s: int) -> PolicyMode:
        """What this version does at a moment, no successor counted."""
        if at_s < self.report_from_s:
            return PolicyMode.NOT_YET
        return PolicyMode.ENFORCE if at_s >= self.enforce_from_s else PolicyMode.REPORT_ONLY


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy makes of findings, to be logged as it is.

    Attributes:
        findings: codes of what was found, whether it counts or not.
        refused: whether it counts.
    """

    policy: str
    version: int | None
    """None: no version was in force."""
    mode: PolicyMode
    findings: tuple[str, ...]
    refused: bool

    def require(self) -> None:
        """Refuse what the policy refuses.

        Raises:
            VerificationError: ``claims.policy_refused``.
        """
        if self.refused:
            raise VerificationError(
                "claims.policy_refused",
                f"{self.policy} version {self.version} refuses: {', '.join(self.findings)}",
            )


@dataclass(frozen=True, slots=True)
class Policy:
    """All versions of one policy, the newest last.

    Raises:
        InputError: ``claims.policy_versions`` where numbers or starts do not ascend.
    """

    name: str
    versions: tuple[PolicyDates, ...]

    def __post_init__(self) -> None:
        numbers = [each.version for each in self.versions]
        starts = [each.report_from_s for each in self.versions]
        apart = len(set(numbers)) == len(numbers) and len(set(starts)) == len(starts)
        if not numbers or not apart or numbers != sorted(numbers) or starts != sorted(starts):
            raise InputError("claims.policy_versions", f"versions of {self.name} do not ascend")

    def decide(self, findings: Iterable[str], *, at_s: int) -> Decision:
        """The decision on findings at a moment.

        A newer version that only reports does not switch off what an older one refuses: the one
        that enforces is asked, and the newest that reports only where none does.
        """
        found = tuple(findings)
        begun = [each for each in self.versions if each.mode(at_s) is not PolicyMode.NOT_YET]
        if not begun:
            return Decision(self.name, None, PolicyMode.NOT_YET, found, refused=False)
        enforcing = [each for each in begun if each.mode(at_s) is PolicyMode.ENFORCE]
        dates = (enforcing or begun)[-1]
        mode = dates.mode(at_s)
        refused = mode is PolicyMode.ENFORCE and bool(found)
        return Decision(self.name, dates.version, mode, found, refused=refused)


def read_dates(record: Record, name: str, version: int) -> PolicyDates:
    """Dates of a policy from data: ``report_from`` and ``enforce_from``, ISO 8601 dates.

    An empty ``enforce_from`` reports for ever: guidance, or an act whose day is not known.

    Raises:
        InputError: ``claims.data_field``, ``claims.day``, ``claims.enforce_before_report``.
    """
    report = fields.text(record, "report_from")
    enforce = fields.text(record, "enforce_from", "") or _NEVER
    return PolicyDates(
        name,
        version,
        Window.of_days(report, report).from_s,
        Window.of_days(enforce, enforce).from_s,
    )
