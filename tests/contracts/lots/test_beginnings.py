"""What the contracts refuse to be made with, and that every error has a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.contracts.lots.evm import Contracts, address_of, fast_evm
from tests.contracts.lots.world import NAMES, LotWorld, members
from tests.contracts.world import ARTIFACTS

HERE = Path(__file__).parent
RULES = (2, 3, 1, 50_000, 5_000, 1_000, 0)
CANNOT_BE_REACHED: dict[str, str] = {}
"""Errors of the three interfaces that no call can have for an answer, and why."""


@pytest.fixture(scope="module")
def other() -> Contracts:
    """A consortium of its own on the same addresses of another engine."""
    return Contracts(fast_evm(NAMES), members(), RULES)


def parts(world: LotWorld) -> list[str]:
    addresses = world.contracts.addresses
    names = ("Consortium", "Registry", "Assurance", "LotLaws", "StatementLog")
    return [addresses[name] for name in names]


@pytest.mark.parametrize("at", [0, 3])
def test_lot_book__made_with_what_is_no_contract__refused(world: LotWorld, at: int) -> None:
    nobody = address_of("stranger")
    given = parts(world)
    given[at] = nobody
    with world.refuses("NotOfThisConsortium", nobody.lower()):
        world.contracts.attempt("LotBook", *given)


@pytest.mark.parametrize("at", [1, 2, 4])
def test_lot_book__made_with_parts_of_another_consortium__refused(world: LotWorld, at: int) -> None:
    """Beside the consortium's own there is another, with a registry, an assurance and a log."""
    second = Contracts.__new__(Contracts)
    second.evm, second.addresses = world.evm, {}
    second.create("Consortium", members(), RULES, [])
    second.create("Registry", second.addresses["Consortium"])
    second.create("Assurance", second.addresses["Consortium"], second.addresses["Registry"])
    second.create("StatementLog", second.addresses["Consortium"])
    given = parts(world)
    name = ("Consortium", "Registry", "Assurance", "LotLaws", "StatementLog")[at]
    given[at] = second.addresses[name]
    with world.refuses("NotOfThisConsortium", given[at].lower()):
        world.contracts.attempt("LotBook", *given)
    # The other consortium has no custody on record, and no lot book.
    whole = [second.addresses.get(each, given[3]) for each in ("Consortium", "Registry")]
    whole += [second.addresses["Assurance"], given[3], second.addresses["StatementLog"]]
    with world.refuses("NotOfThisConsortium", "0x" + "00" * 20):
        world.contracts.attempt("LotBook", *whole)
    with world.refuses("NotOfThisConsortium", "0x" + "00" * 20):
        world.contracts.attempt("Custody", second.addresses["Consortium"])


def test_custody__made_elsewhere_than_on_record__refused(world: LotWorld) -> None:
    """A second custody would hold the same lots: only the one on record can be made."""
    addresses = world.contracts.addresses
    with world.refuses("NotOfThisConsortium", addresses["LotBook"].lower()):
        world.contracts.attempt("Custody", addresses["Consortium"])
    nobody = address_of("stranger")
    with world.refuses("NotOfThisConsortium", nobody.lower()):
        world.contracts.attempt("Custody", nobody)


def test_parts__are_the_consortiums(world: LotWorld) -> None:
    addresses = {name: at.lower() for name, at in world.contracts.addresses.items()}
    book = ("Consortium", "Custody", "Registry", "Assurance", "LotLaws", "StatementLog")
    assert world.contracts.read("LotBook", "parts") == tuple(addresses[name] for name in book)
    custody = ("Consortium", "LotBook", "Registry", "LotLaws")
    assert world.contracts.read("Custody", "parts") == tuple(addresses[name] for name in custody)


def expected_errors() -> dict[str, int]:
    """Errors of the three interfaces, with the number of their arguments."""
    found: dict[str, int] = {}
    for name in ("ILotBook", "ICustody", "ILotLaws"):
        text = (HERE.parents[2] / f"contracts/interfaces/{name}.sol").read_text("utf-8")
        for error, arguments in re.findall(r"^    error (\w+)\(([^)]*)\);", text, re.MULTILINE):
            found[error] = len([each for each in arguments.split(",") if each.strip()])
    return found


def refused_in_tests() -> dict[str, int]:
    """Errors that some test here asks for, with the most arguments that one compares."""
    found: dict[str, int] = {}
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = node.args and isinstance(node.args[0], ast.Constant)
                if node.func.attr == "refuses" and named:
                    name = node.args[0].value  # type: ignore[attr-defined]  # a constant
                    given = sum(
                        not (isinstance(each, ast.Constant) and each.value is None)
                        for each in node.args[1:]
                    )
                    found[name] = max(found.get(name, 0), given)
    return found


def test_errors__every_one__has_a_test_with_its_arguments() -> None:
    wanted, found = expected_errors(), refused_in_tests()
    indirect = {
        # Asked for through a table of cases in the same test.
        "ColumnsNotAscending",
        "LockedByOffer",
    }
    missing = wanted.keys() - found.keys() - CANNOT_BE_REACHED.keys() - indirect
    assert not missing, missing
    assert not CANNOT_BE_REACHED.keys() & found.keys()
    bare = {name for name, count in wanted.items() if count and found.get(name) == 0}
    assert not bare, f"no argument of these is ever compared: {bare}"


def test_errors__of_the_artifacts__are_those_of_the_interfaces() -> None:
    """Nothing that these contracts say is missing in what a node decodes."""
    declared = set(expected_errors())
    for name in ("LotBook", "Custody", "LotLaws"):
        own = {each["name"] for each in ARTIFACTS[name]["abi"] if each["type"] == "error"}
        assert own - declared <= {
            *("NotCaller", "NotASuccessor", "SuccessorAlreadySet"),
        }, own - declared
