"""Certificates of analysis: what a laboratory found, held against what a product standard allows.

A result is a number, or a bound: ``<0.5`` says that it lies below, not that it is 0.5 or nothing.
An analyte without a result was not assessed, and a limit on it is never met. A certificate counts
only under the signature of the laboratory that it names, for the lot that it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer, altogether
from veta.evidence.exact import amount_text, read_amount
from veta.evidence.grades import GradeFinding, Role, Signer, Work, grade_of
from veta.evidence.quantities import Matter, Ratio
from veta.evidence.units import Dimension, unit_of
from veta.evidence.windows import Window
from veta.model.columns import ELEMENT_SYMBOLS

ANALYTES: Final = frozenset(
    {
        *ELEMENT_SYMBOLS.values(),
        *("Li2CO3", "LiOH.H2O", "LiOH", "LiCl", "Li2O", "H2O", "SO4", "SiO2", "CO2"),
        "magnetic",
    }
)
"""What can be assayed as a share of mass; ``magnetic`` is magnetic impurities together."""

MOST_RESULTS: Final = 120


@dataclass(frozen=True, slots=True)
class Result:
    """What was found of one analyte, as a share of mass.

    Attributes:
        analyte: of ``ANALYTES``.
        low: it is not below.
        high: it is not above.
        low_open: it is above ``low``, not at it.
        high_open: it is below ``high``, not at it.
    """

    analyte: str
    low: Fraction
    high: Fraction
    low_open: bool = False
    high_open: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is a value and no bound."""
        return self.low == self.high


def read_result(analyte: str, text: str, symbol: str) -> Result:
    """A result as a certificate writes it: ``900``, ``<0.5`` (below detection), ``>2500``.

    Args:
        analyte: of ``ANALYTES``.
        text: decimal text, with ``<`` or ``>`` before it for a bound.
        symbol: of a unit of ratio: ``ppm``, ``mg/t``, ``%``.

    Raises:
        InputError: ``evidence.unknown_analyte``, ``evidence.ratio_range`` above one or below
            nothing, codes of ``read_amount`` and ``unit_of``.
    """
    if analyte not in ANALYTES:
        raise InputError("evidence.unknown_analyte", f"{analyte[:40]!r} is not assayed here")
    sign = text[:1] if text[:1] in {"<", ">"} else ""
    amount = read_amount(text[len(sign) :], f"the result of {analyte}")
    value = amount * unit_of(symbol, Dimension.RATIO).size
    if value > 1 or (sign == "<" and value == 0) or (sign == ">" and value == 1):
        raise InputError(
            "evidence.ratio_range", f"{text} {symbol} of {analyte} is no share of a whole"
        )
    match sign:
        case "<":
            return Result(analyte, Fraction(0), value, high_open=True)
        case ">":
            return Result(analyte, value, Fraction(1), low_open=True)
        case _:
            return Result(analyte, value, value)


@dataclass(frozen=True, slots=True)
class AssayCertificate:
    """A certificate of analysis.

    Attributes:
        number: the laboratory's, ASCII.
        laboratory: party that it names as its author.
        lot: what was sampled.
        matter: which mass of it the results are shares of.
        method: of analysis.
        sampling: who sampled, by which plan.
        dates: [sampled, reported), Unix seconds.
        results: each analyte once.

    Raises:
        InputError: ``evidence.analyte_twice``, ``evidence.certificate_incomplete``,
            ``evidence.too_many_results``.
    """

    number: str
    laboratory: str
    lot: str
    matter: Matter
    method: str
    sampling: str
    dates: Window
    results: tuple[Result, ...]

    def __post_init__(self) -> None:
        for name in ("number", "laboratory", "lot", "method", "sampling"):
            if not getattr(self, name).strip():
                message = f"a certificate of analysis does not say its {name}"
                raise InputError("evidence.certificate_incomplete", message)
        if not 0 < len(self.results) <= MOST_RESULTS:
            message = f"a certificate has {len(self.results)} results, 1 to {MOST_RESULTS} are read"
            raise InputError("evidence.too_many_results", message)
        seen: set[str] = set()
        for result in self.results:
            if result.analyte in seen:
                raise InputError("evidence.analyte_twice", f"{result.analyte} has two results")
            seen.add(result.analyte)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a standard allows of an analyte, or of several together.

    Attributes:
        analytes: whose sum is limited.
        bound: share of mass.
        is_least: the sum has to reach it; otherwise it may not exceed it.
    """

    analytes: tuple[str, ...]
    bound: Fraction
    is_least: bool = False

    def words(self) -> str:
        """``As <= 5 ppm``, ``Bi+Se+Te <= 3 ppm``, ``Li2CO3 >= 99.5 %``."""
        sign = ">=" if self.is_least else "<="
        unit, size = ("%", 100) if self.bound >= Fraction(1, 1000) else ("ppm", 1_000_000)
        return f"{'+'.join(self.analytes)} {sign} {amount_text(self.bound * size)} {unit}"


@dataclass(frozen=True, slots=True)
class Specification:
    """A product standard's limits.

    Attributes:
        name: of grade and standard.
        source: edition and section that the limits were read in.
        limits: all must be met.
    """

    name: str
    source: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class LimitFinding:
    """A limit beside the results.

    Attributes:
        limit: of the standard.
        answer: met, not met, cannot tell.
        code: ``evidence.limit_met``, ``.limit_exceeded``, ``.bound_too_wide``, ``.not_assessed``.
        missing: analytes without a result.
    """

    limit: Limit
    answer: Answer
    code: str
    missing: tuple[str, ...] = ()

    def words(self) -> str:
        """``Bi+Se+Te <= 3 ppm: cannot tell (not assessed: Te)``."""
        reason = f" (not assessed: {', '.join(self.missing)})" if self.missing else ""
        return f"{self.limit.words()}: {self.answer.value}{reason}"


@dataclass(frozen=True, slots=True)
class Conformity:
    """What a certificate shows of a standard, and what stands behind it."""

    specification: Specification
    answer: Answer
    limits: tuple[LimitFinding, ...]
    grade: GradeFinding


def against(results: Iterable[Result], specification: Specification) -> tuple[LimitFinding, ...]:
    """Each limit of a standard beside results, in the standard's order.

    Bounds are added as bounds: ``<0.5`` and ``<0.5`` are below 1 together, and meet a limit only if
    the most that they can be does.
    """
    found = {result.analyte: result for result in results}
    return tuple(_held_against(limit, found) for limit in specification.limits)


def judge(
    certificate: AssayCertificate,
    specification: Specification,
    *,
    lot: str,
    signers: Sequence[Signer],
    subject_group: str,
    scope: str,
) -> Conformity:
    """Hold a certificate against a standard, for a lot, under the signatures that it has.

    Not checked here: the signatures themselves, and that the sample was of this metal.

    Args:
        certificate: as read.
        specification: as registered.
        lot: that it is relied on for.
        signers: whose signatures under the certificate are good.
        subject_group: control group of the lot's issuer.
        scope: of accreditation that these assays need.

    Raises:
        VerificationError: ``evidence.not_laboratory_signed``: the laboratory that it names did not
            sign, or is none; ``evidence.other_lot``.
    """
    if certificate.lot != lot:
        raise VerificationError(
            "evidence.other_lot",
            f"certificate {certificate.number} is of {certificate.lot}, not of {lot}",
        )
    grade = grade_of_certificate(
        certificate, signers=signers, subject_group=subject_group, scope=scope
    )
    limits = against(certificate.results, specification)
    return Conformity(specification, altogether(each.answer for each in limits), limits, grade)


def grade_of_certificate(
    certificate: AssayCertificate, *, signers: Sequence[Signer], subject_group: str, scope: str
) -> GradeFinding:
    """What stands behind a certificate: its laboratory's signature and no other's.

    Raises:
        VerificationError: ``evidence.not_laboratory_signed``.
    """
    laboratories = [
        signer
        for signer in signers
        if signer.party == certificate.laboratory and Role.LABORATORY in signer.roles
    ]
    if not laboratories:
        raise VerificationError(
            "evidence.not_laboratory_signed",
            f"certificate {certificate.number} is not signed by {certificate.laboratory} "
            "as a laboratory",
        )
    work = Work(Role.LABORATORY, scope)
    at_s = certificate.dates.to_s
    return grade_of(laboratories, subject_group=subject_group, work=work, at_s=at_s)


def content_of(certificate: AssayCertificate, analyte: str, grade: GradeFinding) -> Ratio:
    """What a certificate found of an analyte, to compute contained metal from.

    Args:
        certificate: as read.
        analyte: of its results.
        grade: of ``grade_of_certificate``.

    Raises:
        InputError: ``evidence.not_assessed``; ``evidence.bound_is_no_number``.
    """
    result = next((each for each in certificate.results if each.analyte == analyte), None)
    if result is None:
        message = f"certificate {certificate.number} has no result of {analyte}"
        raise InputError("evidence.not_assessed", message)
    if not result.is_number:
        message = f"certificate {certificate.number} bounds {analyte} and gives no number"
        raise InputError("evidence.bound_is_no_number", message)
    return Ratio(result.low, analyte, certificate.matter, grade.grade)


def _held_against(limit: Limit, found: Mapping[str, Result]) -> LimitFinding:
    missing = tuple(analyte for analyte in limit.analytes if analyte not in found)
    given = [found[analyte] for analyte in limit.analytes if analyte in found]
    low = sum((each.low for each in given), Fraction(0))
    high = Fraction(1) if missing else sum((each.high for each in given), Fraction(0))
    low_open = any(each.low_open for each in given)
    high_open = not missing and any(each.high_open for each in given)
    if limit.is_least:
        kept = low >= limit.bound
        broken = high < limit.bound or (high == limit.bound and high_open)
    else:
        kept = high <= limit.bound
        broken = low > limit.bound or (low == limit.bound and low_open)
    if broken:
        return LimitFinding(limit, Answer.NOT_MET, "evidence.limit_exceeded", missing)
    if missing:
        return LimitFinding(limit, Answer.CANNOT_TELL, "evidence.not_assessed", missing)
    if kept:
        return LimitFinding(limit, Answer.MET, "evidence.limit_met")
    return LimitFinding(limit, Answer.CANNOT_TELL, "evidence.bound_too_wide")


_PPM: Final = Fraction(1, 1_000_000)


def _most(**ppm: str) -> Iterator[Limit]:
    for analyte, bound in ppm.items():
        yield Limit((analyte,), Fraction(bound) * _PPM)


def _together(bound: str, analytes: str) -> Limit:
    return Limit(tuple(analytes.split()), Fraction(bound) * _PPM)


CU_CATH_1: Final = Specification(
    "Cu-CATH-1 (BS EN 1978:1998)",
    "BS EN 1978:1998, cathode grade Cu-CATH-1, as in the LME Special Contract Rules for Copper "
    "Grade A; sulphur is determined on a cast sample",
    (
        *_most(Ag="25", As="5", Bi="2", Fe="10", Pb="5", S="15", Sb="4", Se="2", Te="2"),
        _together("15", "As Cd Cr Mn P Sb"),
        _together("3", "Bi Se Te"),
        _together("3", "Se Te"),
        _together("20", "Co Fe Ni Si Sn Zn"),
        _together("65", "Ag As Bi Cd Co Cr Fe Mn Ni P Pb S Sb Se Si Sn Te Zn"),
    ),
)
CATHODE_GRADE_1: Final = Specification(
    "Cathode Grade 1 (ASTM B115)",
    "ASTM B115-00 (2004), table 1, Grade 1",
    (
        *_most(Se="2", Te="2", Bi="1", Sb="4", Pb="5", As="5", Fe="10", Ni="10", Sn="5"),
        *_most(S="15", Ag="25"),
        _together("3", "Se Te Bi"),
        _together("65", "Se Te Bi Sb Pb As Fe Ni Sn S Ag"),
    ),
)
LI2CO3_BATTERY: Final = Specification(
    "Li2CO3, battery grade, seaborne",
    "Fastmarkets price specification of 1 June 2020, without normalisation of 99.2 % and more",
    (
        Limit(("Li2CO3",), Fraction("0.995"), is_least=True),
        *_most(Na="600", Ca="160", Mg="80", magnetic="0.3"),
    ),
)
