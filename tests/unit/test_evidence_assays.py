"""A certificate of analysis counts under its laboratory's signature, limit by limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.errors import InputError, VerificationError
from veta.evidence.answers import Answer, altogether
from veta.evidence.assays import (
    CATHODE_GRADE_1,
    CU_CATH_1,
    LI2CO3_BATTERY,
    AssayCertificate,
    Conformity,
    Limit,
    LimitFinding,
    Specification,
    against,
    content_of,
    grade_of_certificate,
    judge,
    read_result,
)
from veta.evidence.grades import Accreditation, AssuranceGrade, Role, Signer
from veta.evidence.quantities import Basis, Matter, contained, weighed
from veta.evidence.windows import Window

MET, NOT_MET, CANNOT_TELL = Answer.MET, Answer.NOT_MET, Answer.CANNOT_TELL
NOW = 1_780_000_000
CATHODE = Matter(Basis.NET, "copper cathode")
LAB = Signer(
    "labsur-ensayes", "labsur", frozenset({Role.LABORATORY}),
    (Accreditation("state", frozenset({"cu-assay"}), Window(NOW - 99, NOW + 99)),),
)  # fmt: skip
REFINER = Signer("refineria", "refineria", frozenset({Role.OPERATOR}))
GOOD = {
    "Ag": "9000", "As": "900", "Bi": "200", "Cd": "100", "Co": "100", "Cr": "100", "Fe": "2000",
    "Mn": "100", "Ni": "1000", "P": "200", "Pb": "800", "S": "5000", "Sb": "600", "Se": "300",
    "Si": "300", "Sn": "300", "Te": "200", "Zn": "400",
}  # fmt: skip
"""mg/t; the reference data's sample that passes."""


def certificate(
    results: Mapping[str, str] = GOOD, unit: str = "mg/t", **changes: Any
) -> AssayCertificate:
    found = tuple(read_result(analyte, text, unit) for analyte, text in results.items())
    content: dict[str, Any] = {
        "number": "LS-26-118", "laboratory": LAB.party, "lot": "BSE-CAT-26-1001",
        "matter": CATHODE, "method": "spark OES", "sampling": "one cathode in 25 t, by LabSur",
        "dates": Window(NOW - 50, NOW), "results": found,
    }  # fmt: skip
    return AssayCertificate(**{**content, **changes})


def judged(
    paper: AssayCertificate,
    *signers: Signer,
    lot: str = "BSE-CAT-26-1001",
    specification: Specification = CU_CATH_1,
) -> Conformity:
    return judge(
        paper, specification, lot=lot, signers=signers or (LAB,), subject_group="refineria",
        scope="cu-assay",
    )  # fmt: skip


def finding(changes: Mapping[str, str | None], words: str) -> LimitFinding:
    """What the limit of these words is, with the good sample changed."""
    results = {**GOOD, **changes}
    paper = certificate({name: text for name, text in results.items() if text is not None})
    return next(each for each in judged(paper).limits if each.limit.words() == words)


def refused(call: Callable[[], object]) -> InputError | VerificationError:
    with pytest.raises((InputError, VerificationError)) as caught:
        call()
    assert isinstance(caught.value, InputError | VerificationError)
    return caught.value


@pytest.mark.row("A34")
@pytest.mark.parametrize(
    "signers",
    [
        (REFINER,),
        (replace(LAB, roles=frozenset({Role.VERIFIER})),),
        (replace(LAB, party="another-lab"),),
    ],
    ids=["the refiner", "a verifier under the laboratory's name", "another laboratory"],
)
def test_certificate__not_signed_by_the_laboratory_it_names__is_refused(
    signers: tuple[Signer, ...],
) -> None:
    error = refused(lambda: judged(certificate(), *signers))
    assert isinstance(error, VerificationError)
    assert error.code == "evidence.not_laboratory_signed"


@pytest.mark.row("A34")
def test_certificate__of_another_lot__is_refused() -> None:
    error = refused(lambda: judged(certificate(), lot="BSE-CAT-26-1002"))
    assert error.code == "evidence.other_lot"


@pytest.mark.row("A34", "A25")
def test_certificate__of_the_refiners_own_laboratory__is_self_declared() -> None:
    own = replace(LAB, control_group="refineria")
    assert judged(certificate(), own).grade.grade is AssuranceGrade.SELF_DECLARED
    assert judged(certificate(), REFINER, LAB).grade.grade is AssuranceGrade.ACCREDITED


@pytest.mark.row("A34", "A24")
def test_certificate__reported_when_the_accreditation_was_over__is_verified_only() -> None:
    late = certificate(dates=Window(NOW, NOW + 99))
    assert judged(late).grade.code == "evidence.accreditation_lapsed"
    assert judged(late).grade.grade is AssuranceGrade.VERIFIED


@pytest.mark.reference
@pytest.mark.row("A34", "S28")
def test_samples_of_the_reference__against_cu_cath_1__pass_and_fail_as_calculated() -> None:
    papers = reference_json("reference/copper-chain.json")["cathode_certificate_of_analysis"]
    good = {analyte: str(amount) for analyte, amount in papers["sample_pass"].items()}
    assert judged(certificate(good)).answer is MET
    listed = frozenset(good)
    violated = {
        "As>5000": frozenset({"As"}), "Bi+Se+Te>3000": frozenset({"Bi", "Se", "Te"}),
        "sum>65000": listed,
    }  # fmt: skip
    assert len(papers["sample_fail"]) == len(violated)
    for sample in papers["sample_fail"]:
        assay = {analyte: str(amount) for analyte, amount in sample["assay"].items()}
        found = judged(certificate(assay))
        assert found.answer is NOT_MET
        broken = {frozenset(each.limit.analytes) for each in found.limits if each.answer is NOT_MET}
        assert {violated[name] for name in sample["violates"]} <= broken


@pytest.mark.reference
@pytest.mark.row("A34", "S28")
def test_limits_of_the_reference__are_those_of_the_standard_here() -> None:
    papers = reference_json("reference/copper-chain.json")["cathode_certificate_of_analysis"]
    unit = Fraction(1, 10**9)
    here = {frozenset(each.analytes): each.bound for each in CU_CATH_1.limits}
    there = {frozenset({a}): most * unit for a, most in papers["limits_mg_per_t"].items()}
    there |= {frozenset(g["elements"]): g["max"] * unit for g in papers["group_limits"]}
    there[frozenset(papers["sample_pass"])] = papers["sum_max_mg_per_t"] * unit
    assert here == there


@pytest.mark.reference
@pytest.mark.row("A34")
def test_samples_of_the_reference__against_battery_grade__pass_and_fail_as_calculated() -> None:
    papers = reference_json("reference/lithium-chain.json")[
        "lithium_carbonate_certificate_of_analysis"
    ]

    def conformity(sample: Mapping[str, Any]) -> Conformity:
        found = tuple(
            read_result(name.rsplit("_", 1)[0], str(amount), name.rsplit("_", 1)[1])
            for name, amount in sample.items()
            if name.endswith(("_ppm", "_ppb"))
        )
        return judged(replace(certificate(), results=found), specification=LI2CO3_BATTERY)

    assert conformity(papers["sample_pass"]).answer is MET
    failed = conformity(papers["sample_fail"])
    assert failed.answer is NOT_MET
    broken = [each.limit.words() for each in failed.limits if each.answer is NOT_MET]
    assert broken == ["Na <= 600 ppm"]
    assert papers["limits"] == {
        "Li2CO3_min_ppm": 995_000, "Na_ppm": 600, "Ca_ppm": 160, "Mg_ppm": 80, "magnetic_ppb": 300,
    }  # fmt: skip
    assert [limit.words() for limit in LI2CO3_BATTERY.limits] == [
        "Li2CO3 >= 99.5 %", "Na <= 600 ppm", "Ca <= 160 ppm", "Mg <= 80 ppm", "magnetic <= 0.3 ppm",
    ]  # fmt: skip


@pytest.mark.row("A34")
@pytest.mark.parametrize(
    ("changes", "words", "answer"),
    [
        ({"As": "5000"}, "As <= 5 ppm", MET),
        ({"As": "5000.001"}, "As <= 5 ppm", NOT_MET),
        ({"As": "<5000"}, "As <= 5 ppm", MET),
        ({"As": "<5001"}, "As <= 5 ppm", CANNOT_TELL),
        ({"As": ">5000"}, "As <= 5 ppm", NOT_MET),
        ({"As": ">4999"}, "As <= 5 ppm", CANNOT_TELL),
        ({"As": None}, "As <= 5 ppm", CANNOT_TELL),
        ({"Se": "<1500", "Te": "<1500"}, "Se+Te <= 3 ppm", MET),
        ({"Se": "<1500", "Te": "<1501"}, "Se+Te <= 3 ppm", CANNOT_TELL),
        ({"Se": "1900", "Te": "<1000", "Bi": "1200"}, "Bi+Se+Te <= 3 ppm", NOT_MET),
        ({"Se": "1900", "Te": "<1000", "Bi": "1000"}, "Bi+Se+Te <= 3 ppm", CANNOT_TELL),
        ({"Se": "1900", "Te": None, "Bi": "1200"}, "Bi+Se+Te <= 3 ppm", NOT_MET),
        ({"Se": None, "Te": None, "Bi": "0"}, "Bi+Se+Te <= 3 ppm", CANNOT_TELL),
        ({"Zn": None}, "Co+Fe+Ni+Si+Sn+Zn <= 20 ppm", CANNOT_TELL),
    ],
)
def test_bounds_and_missing_elements__are_no_numbers(
    changes: dict[str, str | None], words: str, answer: Answer
) -> None:
    found = finding(changes, words)
    assert found.answer is answer
    missing = tuple(name for name, text in changes.items() if text is None)
    assert set(found.missing) == set(missing) & set(found.limit.analytes)
    if answer is CANNOT_TELL:
        assert found.code == ("evidence.not_assessed" if missing else "evidence.bound_too_wide")


@pytest.mark.row("A34")
def test_certificate__with_one_element_missing__cannot_tell_and_names_it() -> None:
    paper = certificate({name: text for name, text in GOOD.items() if name != "Te"})
    found = judged(paper)
    assert found.answer is CANNOT_TELL
    open_limits = [each.words() for each in found.limits if each.answer is CANNOT_TELL]
    assert len(open_limits) == 4
    assert all(words.endswith("cannot tell (not assessed: Te)") for words in open_limits)
    nothing = certificate({"Cu": "999900000"})
    assert {each.answer for each in judged(nothing).limits} == {CANNOT_TELL}


def test_least__of_a_bound__is_met_only_if_it_must_be() -> None:
    least = Specification("s", "s", (Limit(("Li2CO3",), Fraction("0.995"), is_least=True),))

    def answer(text: str) -> Answer:
        return against([read_result("Li2CO3", text, "%")], least)[0].answer

    assert [answer(text) for text in ("99.5", "99.49", ">99.5", ">99.4", "<99.5", "<99.6")] == [
        MET, NOT_MET, MET, CANNOT_TELL, NOT_MET, CANNOT_TELL,
    ]  # fmt: skip


def test_astm_grade_1__is_stricter_on_bismuth() -> None:
    paper = certificate({**GOOD, "Bi": "1500"})
    assert judged(paper).answer is MET
    found = judged(paper, specification=CATHODE_GRADE_1)
    broken = [each.limit.words() for each in found.limits if each.answer is NOT_MET]
    assert broken == ["Bi <= 1 ppm"]


def test_content__for_contained_metal__is_a_number_of_the_certificates_grade() -> None:
    paper = certificate({"Cu": "99.99", "Ag": "<0.001"}, unit="%")
    grade = grade_of_certificate(paper, signers=[LAB], subject_group="r", scope="cu-assay")
    mass = weighed("25000000", "g", CATHODE, AssuranceGrade.ACCREDITED)
    copper = contained(mass, content_of(paper, "Cu", grade))
    assert copper.amount == 24_997_500
    assert copper.grade is AssuranceGrade.ACCREDITED
    error = refused(lambda: content_of(paper, "Ag", grade))
    assert error.code == "evidence.bound_is_no_number"
    assert refused(lambda: content_of(paper, "Se", grade)).code == "evidence.not_assessed"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: read_result("As", "-1", "ppm"), "negative"),
        (lambda: read_result("As", "<-1", "ppm"), "negative"),
        (lambda: read_result("As", "<", "ppm"), "number_form"),
        (lambda: read_result("As", "<<1", "ppm"), "number_form"),
        (lambda: read_result("As", "trace", "ppm"), "number_form"),
        (lambda: read_result("As", "1.000000000000001", "ppm"), "too_many_digits"),
        (lambda: read_result("As", "101", "%"), "ratio_range"),
        (lambda: read_result("As", "<0", "ppm"), "ratio_range"),
        (lambda: read_result("As", ">100", "%"), "ratio_range"),
        (lambda: read_result("Xx", "1", "ppm"), "unknown_analyte"),
        (lambda: read_result("as", "1", "ppm"), "unknown_analyte"),
        (lambda: read_result("As", "1", "g"), "unit_mismatch"),
        (lambda: read_result("As", "1", "parts"), "unknown_unit"),
        (lambda: certificate(number=" "), "certificate_incomplete"),
        (lambda: certificate(sampling=""), "certificate_incomplete"),
        (lambda: certificate({}), "too_many_results"),
        (lambda: certificate(dates=Window(NOW, NOW - 1)), "window_empty"),
    ],
)
def test_certificates__malformed__are_refused_by_a_stable_code(
    call: Callable[[], object], code: str
) -> None:
    assert refused(call).code == f"evidence.{code}"


def test_analyte__twice__is_refused() -> None:
    twice = (*certificate().results, read_result("As", "100", "mg/t"))
    error = refused(lambda: replace(certificate(), results=twice))
    assert error.code == "evidence.analyte_twice"


def test_altogether__of_nothing__tells_nothing() -> None:
    assert altogether([]) is CANNOT_TELL
    assert altogether([MET, CANNOT_TELL, NOT_MET]) is NOT_MET
    assert altogether([MET, CANNOT_TELL]) is CANNOT_TELL
    assert altogether([MET, MET]) is MET
