"""Questions to evidence, answered: met, not met or cannot tell, and whose word the answer is.

Every answer has the lowest grade of all that it rests on, and names who signed each part. Pure but
for what ``evidence_signers`` asked before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer, altogether
from veta.evidence.assays import (
    CATHODE_GRADE_1,
    CU_CATH_1,
    LI2CO3_BATTERY,
    AssayCertificate,
    LimitFinding,
    Specification,
    against,
    grade_of_certificate,
)
from veta.evidence.exact import amount_text
from veta.evidence.grades import AssuranceGrade, GradeFinding, Role, lowest
from veta.evidence.metrics import (
    Comparable,
    ConversionRecord,
    Definition,
    Difference,
    MetricValue,
    NotComparable,
    compare,
)
from veta.evidence.windows import instant
from veta.services.evidence_signers import Paper
from veta.verify.evidence_files import Graded, read_assay, read_conversion, read_value, within


@dataclass(frozen=True, slots=True)
class Product:
    """A grade of a product that certificates are held against."""

    specification: Specification
    substance: str
    """Symbol of the metal that a laboratory's accreditation has to cover."""


PRODUCTS: Final[Mapping[str, Product]] = MappingProxyType(
    {
        "copper-cathode": Product(CU_CATH_1, "Cu"),
        "copper-cathode-astm": Product(CATHODE_GRADE_1, "Cu"),
        "lithium-carbonate": Product(LI2CO3_BATTERY, "Li"),
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """An answer.

    Attributes:
        question: of ``assay``, ``compare``, ``trend``, ``target``, ``series``, ``water``,
            ``energy``.
        answer: met, not met, cannot tell.
        code: stable, ``evidence.*``.
        reason: one sentence.
        rests_on: each document with what it is worth.
        details: what the question has beside, as JSON.
        lines: the same for a person.
    """

    question: str
    answer: Answer
    code: str
    reason: str
    rests_on: tuple[tuple[Paper, GradeFinding], ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    @property
    def grade(self) -> AssuranceGrade:
        """The lowest of all that it rests on."""
        return lowest(grade.grade for _, grade in self.rests_on)

    def to_json(self) -> dict[str, Any]:
        """The answer as one JSON document."""
        return {
            "question": self.question,
            "answer": self.answer.value,
            "code": self.code,
            "reason": self.reason,
            "grade": self.grade.words,
            "restsOn": [_paper_json(paper, grade) for paper, grade in self.rests_on],
            **self.details,
        }

    def to_lines(self) -> list[str]:
        """The answer for a person: the answer first, whose word it is last."""
        head = f"{self.answer.value.upper()}: {self.reason} [{self.code}]"
        signed = [line for paper, grade in self.rests_on for line in _paper_lines(paper, grade)]
        return [head, *self.lines, f"grade: {self.grade.words}", *signed]


def assay(paper: Paper, product: str, lot: str = "") -> Found:
    """A certificate of analysis beside the limits of a grade.

    Args:
        paper: the certificate.
        product: of ``PRODUCTS``.
        lot: that it is relied on for, as ``<issuer's DID>:lot:<number>``; empty: the one it names.

    Raises:
        InputError: ``evidence.unknown_product``; as ``read_assay``.
        VerificationError: ``evidence.other_lot``, ``evidence.not_laboratory_signed``.
    """
    wanted = PRODUCTS.get(product)
    if wanted is None:
        message = f"{product[:40]!r} is none of {', '.join(PRODUCTS)}"
        raise InputError("evidence.unknown_product", message)
    with within(paper.place):
        certificate = read_assay(paper.document)
    if lot and lot != certificate.lot:
        message = f"certificate {certificate.number} is of {certificate.lot}, not of {lot}"
        raise VerificationError("evidence.other_lot", message)
    specification = wanted.specification
    grade = _grade_of_certificate(paper, certificate)
    limits = against(certificate.results, specification)
    answer = altogether(each.answer for each in limits)
    code = next(each.code for each in limits if each.answer is answer)
    met = sum(each.answer is Answer.MET for each in limits)
    reason = f"{met} of {len(limits)} limits of {specification.name} are met"
    details = _certificate_json(certificate, specification, limits)
    lines = tuple(each.words() for each in limits)
    return Found("assay", answer, code, reason, ((paper, grade),), details, lines)


def _grade_of_certificate(paper: Paper, certificate: AssayCertificate) -> GradeFinding:
    """Of a signed one: its own laboratory's signature counts and no other's.

    The laboratory has to be what it is both when it reported and when the chain saw it: the date
    of the report is its own word.
    """
    grade = paper.grade(Role.LABORATORY)
    if paper.signature is None:
        return grade
    signer = paper.signature.signer
    reported = grade_of_certificate(
        certificate,
        signers=(signer,),
        subject_group=paper.subject_group or signer.control_group,
        scope=paper.scope,
    )
    return min(grade, reported, key=lambda each: each.grade)


def _certificate_json(
    certificate: AssayCertificate, specification: Specification, limits: Sequence[LimitFinding]
) -> dict[str, Any]:
    return {
        "certificate": certificate.number,
        "laboratory": certificate.laboratory,
        "lot": certificate.lot,
        "reported": instant(certificate.dates.to_s),
        "specification": {"name": specification.name, "source": specification.source},
        "limits": [
            {
                "limit": each.limit.words(),
                "answer": each.answer.value,
                "code": each.code,
                "notAssessed": list(each.missing),
            }
            for each in limits
        ],
    }


def compare_values(first: Paper, second: Paper, conversion: Paper | None = None) -> Found:
    """Two values: comparable, or all that stands between them.

    Raises:
        InputError: as ``read_value`` and ``read_conversion``.
    """
    papers = tuple(each for each in (first, second, conversion) if each is not None)
    grades = {id(paper): paper.grade(Role.VERIFIER) for paper in papers}
    values = [value_of(paper, grades[id(paper)]) for paper in (first, second)]
    records: tuple[ConversionRecord, ...] = ()
    if conversion is not None:
        with within(conversion.place):
            graded = graded_by(conversion, grades[id(conversion)])
            records = (read_conversion(conversion.document, graded),)
    found = compare(values[0], values[1], records)
    used = isinstance(found, Comparable) and found.second != values[1]
    rest = tuple((p, grades[id(p)]) for p in papers if p is not conversion or used)
    details: dict[str, Any] = {"first": value_json(values[0]), "second": value_json(values[1])}
    if isinstance(found, NotComparable):
        code = "evidence.not_comparable"
        details["differences"] = [difference_json(each) for each in found.differences]
        lines = tuple(each.words() for each in found.differences)
        return Found("compare", Answer.NOT_MET, code, found.words(), rest, details, lines)
    if used:
        details["converted"] = value_json(found.second)
    lines = (found.first.words(), found.second.words(), *found.second.steps)
    amounts = (amount_text(each.amount) for each in (found.first, found.second))
    reason = f"comparable: {' and '.join(amounts)} {found.first.definition.unit}"
    return Found("compare", Answer.MET, "evidence.comparable", reason, rest, details, lines)


def value_of(paper: Paper, grade: GradeFinding) -> MetricValue:
    """The value that a document gives."""
    with within(paper.place):
        return read_value(paper.document, graded_by(paper, grade))


def graded_by(paper: Paper, grade: GradeFinding) -> Graded:
    """What readers of forms need of a document."""
    return Graded(grade.grade, paper.as_of_s)


def value_json(value: MetricValue) -> dict[str, Any]:
    """A value with all that makes it one."""
    return {
        "metric": value.definition.metric,
        "definition": value.definition.digest.hex(),
        "amount": amount_text(value.amount),
        "unit": value.definition.unit,
        "boundary": {"name": value.boundary.name, "digest": value.boundary.digest.hex()},
        "period": {"fromSeconds": value.period.from_s, "toSeconds": value.period.to_s},
        "grade": value.grade.words,
        "steps": list(value.steps),
    }


def definition_json(definition: Definition) -> dict[str, str]:
    """A definition as ``definitions`` of a file take it, and its digest."""
    parts = ("metric", "unit", "text", "source", "numerator", "denominator")
    texts = {name: str(getattr(definition, name)) for name in parts if getattr(definition, name)}
    return {**texts, "kind": definition.kind.value, "digest": definition.digest.hex()}


def difference_json(difference: Difference) -> dict[str, str]:
    """In what two values are unlike."""
    return {
        "aspect": difference.aspect, "first": difference.first, "second": difference.second
    }  # fmt: skip


def _paper_json(paper: Paper, grade: GradeFinding) -> dict[str, Any]:
    signature = paper.signature
    return {
        "document": paper.place,
        "grade": grade.grade.words,
        "code": grade.code,
        "reason": grade.reason,
        "signedBy": None
        if signature is None
        else {
            "member": signature.signer.party,
            "name": signature.name,
            "roles": sorted(role.value for role in signature.signer.roles),
            "statement": signature.leaf,
            "anchored": instant(signature.at_s),
            "verdict": signature.verdict,
            "notices": list(signature.notices),
        },
    }


def _paper_lines(paper: Paper, grade: GradeFinding) -> list[str]:
    signature = paper.signature
    by = "unsigned" if signature is None else f"signed by {signature.signer.party}"
    notices = () if signature is None else signature.notices
    head = f"  {paper.place}: {grade.grade.words}, {by} ({grade.reason})"
    return [head, *(f"    notice: {each}" for each in notices)]
