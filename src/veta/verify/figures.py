"""Every printed figure of a lot, and what stands behind it: one line each.

The grade is that of the best signature under the figure: the passport's own issuer makes it
self-declared; whoever signs the same amount beside it makes it what the chain says that signer is.
Nothing that a document says of itself raises it. What the lot book counts, and what step 12 adds up
again, stands beside the grade: it shows that figures close, never that somebody measured them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from veta.evidence.grades import AssuranceGrade, GradeFinding, Role
from veta.verify.figure_line import NOT_SHOWN, FigureLine
from veta.verify.lot_evidence import FIGURE, LotFigure, read_figure
from veta.verify.signed_evidence import SignedEvidence, read_all
from veta.verify.stated import StatedLot
from veta.verify.verdict import Check, Outcome, Step

_COUNTED: Final = "counted in the lot book"
_RECOMPUTED: Final = "recomputed from the chain"
_OPEN: Final = frozenset({Outcome.FAILED, Outcome.NOT_PROVEN, Outcome.NOT_DETERMINED})


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure of a passport, and which independent body can stand behind one like it."""

    figure: str
    amount: int
    unit: str
    role: Role
    recomputed: bool = False
    """Whether step 12 adds it up; otherwise a column counts it, or nothing does."""
    counted: bool = True
    secondary: bool = False


def printed_in(stated: StatedLot) -> Iterator[Printed]:
    """The figures of a lot passport, in their order."""
    yield Printed("massG", stated.mass_g, "g", Role.LABORATORY)
    for symbol, metal_g in stated.metal_g.items():
        yield Printed(f"metal.{symbol}", metal_g, "g", Role.LABORATORY)
    footprint = stated.footprint
    if footprint is not None:
        low = not footprint.primary_share_ppm
        yield Printed("co2eG", footprint.co2e_g, "g", Role.VERIFIER, secondary=low)
        per_kg, unit = footprint.co2e_g_per_kg, "g CO2e/kg"
        yield Printed("co2eGPerKg", per_kg, unit, Role.VERIFIER, recomputed=True, secondary=low)
        share = footprint.primary_share_ppm
        yield Printed("primarySharePpm", share, "ppm", Role.VERIFIER, counted=False)
    if stated.withdrawal_l is not None:
        yield Printed("withdrawalL", stated.withdrawal_l, "l", Role.VERIFIER, counted=False)


def figure_lines(
    stated: StatedLot | None,
    evidence: Iterable[SignedEvidence],
    checks: Iterable[Check],
    *,
    issuer: str,
    subject_group: str,
) -> tuple[tuple[FigureLine, ...], tuple[Check, ...]]:
    """A line for each figure, and findings where somebody signed another amount.

    Args:
        stated: what the passport states; ``None``: no figures.
        evidence: beside it.
        checks: of all steps.
        issuer: the passport's, as registered.
        subject_group: its control group.
    """
    if stated is None:
        return (), ()
    found = tuple(checks)
    codes = {each.code for each in found if each.outcome not in _OPEN}
    own = not any(each.outcome in _OPEN for each in found if each.step <= Step.STATUS)
    attested = [
        each for each in read_all(evidence, FIGURE, read_figure) if each[1].lot == stated.identifier
    ]
    lines, differing = [], []
    for printed in printed_in(stated):
        chain = _chain(printed, codes)
        for signed, figure in attested:
            if figure.figure == printed.figure and figure.amount != printed.amount:
                differing.append(_differs(printed, signed, figure))
        if not own:
            lines.append(_line(printed, None, "", "evidence.not_shown", NOT_SHOWN, chain))
            continue
        grade, by = _best(printed, attested, issuer, subject_group)
        lines.append(_line(printed, grade.grade, by, grade.code, grade.reason, chain))
    return tuple(lines), tuple(differing)


def _line(
    printed: Printed, grade: AssuranceGrade | None, by: str, code: str, reason: str, chain: str
) -> FigureLine:
    head = (printed.figure, printed.amount, printed.unit)
    return FigureLine(*head, grade, by, code, reason, chain, printed.secondary)


def _best(
    printed: Printed,
    attested: Iterable[tuple[SignedEvidence, LotFigure]],
    issuer: str,
    subject_group: str,
) -> tuple[GradeFinding, str]:
    reason = f"{issuer} speaks of its own lot"
    low = AssuranceGrade.SELF_DECLARED
    best = (GradeFinding(low, issuer, "evidence.own_signature", reason), issuer)
    for signed, figure in attested:
        if (figure.figure, figure.amount) == (printed.figure, printed.amount):
            grade = signed.grade(printed.role, subject_group)
            if grade.grade > best[0].grade:
                best = (grade, signed.name)
    return best


def _chain(printed: Printed, codes: set[str]) -> str:
    if printed.recomputed:
        return _RECOMPUTED if "footprint.recomputes" in codes else ""
    if not printed.counted or "lot.columns_equal" not in codes:
        return ""
    return _COUNTED


def _differs(printed: Printed, signed: SignedEvidence, figure: LotFigure) -> Check:
    return Check(
        Step.CLAIMS,
        Outcome.NOTICE,
        "evidence.figure_differs",
        f"{signed.name} signs {figure.figure} {figure.amount:,} {printed.unit} of the lot, and its"
        f" passport prints {printed.amount:,}",
        {"figure": figure.figure, "printed": printed.amount, "signed": figure.amount},
    )
