"""Assurance grades: how much stands behind a value, by who signed it and never by what it says.

Five grades, in order. A value made from others has the lowest grade of them; no operation here or
anywhere in this package returns a higher one. The only way up is another signature.

The words are those of ISO/IEC 17000:2020, 4.3 to 4.5 (first-, second-, third-party activity) and
4.7 and 7.7 (accreditation).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.errors import InputError
from veta.evidence.windows import Window


class AssuranceGrade(enum.IntEnum):
    """What stands behind a value; the order is the order of trust."""

    SELF_DECLARED = 1
    """Signed by the one it speaks of, or by somebody under the same control."""
    SECOND_PARTY = 2
    """Signed by somebody else who has an interest: customer, supplier, community."""
    INSTRUMENT_SIGNED = 3
    """Signed by a registered device under a calibration in force."""
    VERIFIED = 4
    """Signed by an independent body of the right role, not accredited for this at that time."""
    ACCREDITED = 5
    """Signed by an independent body, accredited for exactly this at that time."""

    @property
    def words(self) -> str:
        """``self-declared``."""
        return self.name.lower().replace("_", "-")


def lowest(grades: Iterable[AssuranceGrade]) -> AssuranceGrade:
    """Grade of what is made from several values.

    Raises:
        InputError: ``evidence.no_grade`` of nothing: an empty sum has no grade to have.
    """
    least = min(grades, default=None)
    if least is None:
        raise InputError("evidence.no_grade", "nothing was given, so there is no grade")
    return least


class Role(enum.Enum):
    """What a party is registered as."""

    OPERATOR = "operator"
    LABORATORY = "laboratory"
    """ISO/IEC 17025."""
    VERIFIER = "verifier"
    """ISO/IEC 17029, ISO 14065."""
    CERTIFICATION_BODY = "certification-body"
    """ISO/IEC 17065, 17021-1."""
    COMMUNITY = "community"
    DEVICE = "device"


_INDEPENDENT: Final = frozenset({Role.LABORATORY, Role.VERIFIER, Role.CERTIFICATION_BODY})


@dataclass(frozen=True, slots=True)
class Accreditation:
    """That a body may do what a scope says, in a window.

    Attributes:
        accreditor_group: control group of the accreditation body.
        scopes: registered identifiers, compared octet for octet.
        window: when it is in force.
        suspensions: when it is not, all the same.
    """

    accreditor_group: str
    scopes: frozenset[str]
    window: Window
    suspensions: tuple[Window, ...] = ()

    def covers(self, scope: str, at_s: int) -> bool:
        """Whether it is in force for a scope at a moment."""
        return (
            scope in self.scopes
            and self.window.holds(at_s)
            and not any(each.holds(at_s) for each in self.suspensions)
        )


@dataclass(frozen=True, slots=True)
class Signer:
    """What is known of somebody whose signature was checked: facts of the ledger, handed in.

    Attributes:
        party: identifier.
        control_group: who controls it; a device is under its owner's.
        roles: as registered at the time of signing.
        accreditations: all that were recorded for it.
        calibrations: of a device, when it was calibrated.
    """

    party: str
    control_group: str
    roles: frozenset[Role]
    accreditations: tuple[Accreditation, ...] = ()
    calibrations: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """What kind of evidence a signature is for: who may give it, and in which scope.

    Attributes:
        role: that an independent body needs for it: a laboratory for assays, not for footprints.
        scope: registered identifier of the accreditation's scope.
    """

    role: Role
    scope: str

    def __post_init__(self) -> None:
        if self.role not in _INDEPENDENT:
            raise InputError("evidence.role", f"a {self.role.value} assures nothing")


@dataclass(frozen=True, slots=True)
class GradeFinding:
    """A grade, whose signature gives it, and why not more. ``reason`` is one sentence."""

    grade: AssuranceGrade
    party: str
    code: str
    reason: str


def grade_of(
    signers: Iterable[Signer], *, subject_group: str, work: Work, at_s: int
) -> GradeFinding:
    """The grade that signatures under one value give it: that of the best of them.

    Not checked here: the signatures, and that all signed the same value. What a document says of
    its own grade is no argument of this function.

    Args:
        signers: whose signatures under the value are good.
        subject_group: control group of the party that the value speaks of.
        work: what kind of evidence it is.
        at_s: Unix seconds of anchoring, or of signing where nothing is anchored.

    Raises:
        InputError: ``evidence.unsigned``.
    """
    found = [_one(signer, subject_group, work, at_s) for signer in signers]
    if not found:
        raise InputError("evidence.unsigned", "nobody signed, so there is no grade")
    return max(found, key=lambda each: each.grade)


def _one(signer: Signer, subject_group: str, work: Work, at_s: int) -> GradeFinding:
    def finding(grade: AssuranceGrade, code: str, reason: str) -> GradeFinding:
        return GradeFinding(grade, signer.party, f"evidence.{code}", f"{signer.party} {reason}")

    if Role.DEVICE in signer.roles:
        if any(window.holds(at_s) for window in signer.calibrations):
            return finding(
                AssuranceGrade.INSTRUMENT_SIGNED, "instrument", "is a device in calibration"
            )
        own = signer.control_group == subject_group
        grade = AssuranceGrade.SELF_DECLARED if own else AssuranceGrade.SECOND_PARTY
        return finding(grade, "not_calibrated", "is a device out of calibration")
    if signer.control_group == subject_group:
        return finding(AssuranceGrade.SELF_DECLARED, "own_signature", "speaks of itself")
    if work.role not in signer.roles:
        reason = f"is no {work.role.value}"
        return finding(AssuranceGrade.SECOND_PARTY, "other_role", reason)
    lapse = _lapse(signer, subject_group, work, at_s)
    if lapse is None:
        return finding(AssuranceGrade.ACCREDITED, "accredited", f"is accredited for {work.scope}")
    return finding(AssuranceGrade.VERIFIED, *lapse)


def _lapse(signer: Signer, subject_group: str, work: Work, at_s: int) -> tuple[str, str] | None:
    """Why a body is not accredited for a work, as code and reason; ``None`` if it is."""
    if any(
        each.covers(work.scope, at_s)
        and each.accreditor_group not in {signer.control_group, subject_group}
        for each in signer.accreditations
    ):
        return None
    in_scope = [each for each in signer.accreditations if work.scope in each.scopes]
    if not in_scope:
        return "out_of_scope", f"has no accreditation for {work.scope}"
    if any(each.covers(work.scope, at_s) for each in in_scope):
        return "own_accreditor", "is accredited by itself or by the one it speaks of"
    return "accreditation_lapsed", f"was not accredited for {work.scope} at that time"


_STATED: Final[Mapping[str, AssuranceGrade]] = {grade.words: grade for grade in AssuranceGrade}


def overstated(stated: str, found: GradeFinding) -> str | None:
    """A sentence if a document calls itself more than its signatures make it, else ``None``.

    Raises:
        InputError: ``evidence.unknown_grade``.
    """
    if stated not in _STATED:
        raise InputError("evidence.unknown_grade", f"{stated[:40]!r} is no grade")
    if _STATED[stated] <= found.grade:
        return None
    return f"it calls itself {stated}, but is {found.grade.words}: {found.reason}"
