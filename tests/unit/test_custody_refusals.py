"""Every refusal of the lot book has a code and a sentence that says its figures."""

from __future__ import annotations

import re

import pytest

from tests.conftest import PROJECT
from veta.custody.refusals import SENTENCES, code_of, problem, sentence
from veta.errors import InputError
from veta.model.columns import credit_key, metal_key

INTERFACES = PROJECT / "contracts" / "interfaces"
NAMES = ("ICustody", "ILotBook", "ILotLaws")
ERRORS = {
    name: re.findall(r"(\w+) (\w+)(?:,|$)", arguments)
    for path in (INTERFACES / f"{name}.sol" for name in NAMES)
    if path.exists()
    for name, arguments in re.findall(
        r"^    error (\w+)\(([^)]*)\);", path.read_text(), re.MULTILINE
    )
}


def example(kind: str) -> object:
    if kind.startswith("bytes"):
        return b"part" if kind == "bytes32" else b"\x01" * 20
    return b"\x02" * 20 if kind == "address" else 3


def test_table__beside_the_interfaces__has_every_error_and_no_other() -> None:
    assert ERRORS.keys() == SENTENCES.keys()


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_sentence__of_every_error__is_filled_from_the_errors_own_arguments(name: str) -> None:
    arguments = {argument.rstrip("_"): example(kind) for kind, argument in ERRORS[name]}
    words = sentence(name, arguments)
    assert "{" not in words
    assert words[:1] != words[:1].upper() or words[:1].isdigit() or "CO2e" in words


def test_codes__of_all_refusals__are_stable_and_distinct() -> None:
    codes = {code_of(name) for name in SENTENCES}
    assert len(codes) == len(SENTENCES)
    assert all(re.fullmatch(r"custody\.[a-z0-9_]+", code) for code in codes)
    assert code_of("MetalMismatch") == "custody.metal_mismatch"
    assert code_of("Co2eMismatch") == "custody.co2e_mismatch"
    assert code_of("DrawUnused") == "custody.draw_unused"
    assert code_of("ClassAtWayIn") == "custody.class_at_way_in"


def test_sentence__names_columns_models_and_periods_in_words() -> None:
    copper, credit = metal_key(29), credit_key(7, 29)
    facts: dict[str, object] = {"column": copper, "given": 5, "made": 6}
    assert sentence("MetalMismatch", facts).startswith("contained Cu: 5 were taken")
    strong: dict[str, object] = {"output": 0, "weakest": 3, "given": 2}
    assert "is segregated, stronger than an input, which is controlled blending" in sentence(
        "ModelStrengthens", strong
    )
    reduction: dict[str, object] = {"from": credit, "to": credit_key(8, 29)}
    assert sentence("NotReducible", reduction) == (
        "credit of programme 7, Cu cannot go on as credit of programme 8, Cu"
    )
    state: dict[str, object] = {"lot": bytes(32), "state": 3, "required": 1}
    assert sentence("LotNotInState", state) == "the lot is consumed, it must be held"
    odd: dict[str, object] = {"output": 1, "model": 9, "column": 0, "given": 0, "required": 1}
    assert "cannot be 9: the condition on its inputs" in sentence("ModelCondition", odd)
    assert "column 0x00000007 is not" in sentence("UnknownColumn", {"key": 7})
    where: dict[str, object] = {"site": 1, "substance": 29, "period": 8105}
    assert "Cu in 2026-Q2" in sentence("OverCapacity", {**where, "wanted": 2, "capacity": 1})


def test_problem__of_a_lot__says_which() -> None:
    found = problem("ZeroReference", lot=4, arguments={"output": 0})
    assert (found.code, found.lot) == ("custody.zero_reference", 4)
    assert found.message == "lot 4: output 0 has none of its reference"
    facts: dict[str, object] = {"output": 0, "drawn": 2, "column": credit_key(7, 29), "unused": 1}
    unused = problem("DrawUnused", arguments=facts)
    assert "draws 2 of credit of programme 7, Cu, of which it does not need 1" in unused.message


@pytest.mark.parametrize(("name", "arguments"), [("Nonsense", {}), ("ZeroReference", {})])
def test_sentence__of_what_is_not_known__is_refused(
    name: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(InputError) as refusal:
        sentence(name, arguments)
    assert refusal.value.code == "custody.unknown_error"
