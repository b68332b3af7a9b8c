"""The contracts on pyrevm: thousands of calls a second, for tests that follow a model."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

import pytest
from eth_abi.abi import decode, encode

from tests.contracts.world import ARTIFACTS, ERRORS, abi_type, reservations
from veta.chain.deploy import CONTRACT_SET

__all__ = ["FOUNDER", "FUNCTIONS", "START", "Engine", "Tally", "abi_type", "pyrevm"]

pyrevm = pytest.importorskip("pyrevm", reason="pyrevm has no build for this Python")

FOUNDER: Final = "0x" + "f0" * 20
START: Final = 1_800_000_000


def functions(name: str) -> dict[str, tuple[bytes, list[str], list[str]]]:
    """Selector, argument types and result types of each function."""
    table = {}
    selectors = ARTIFACTS[name]["methodIdentifiers"]
    for entry in ARTIFACTS[name]["abi"]:
        if entry["type"] == "function":
            inputs = [abi_type(argument) for argument in entry["inputs"]]
            outputs = [abi_type(result) for result in entry["outputs"]]
            selector = bytes.fromhex(selectors[f"{entry['name']}({','.join(inputs)})"])
            table[entry["name"]] = selector, inputs, outputs
    return table


FUNCTIONS: Final = {name: functions(name) for name in ARTIFACTS}


class Engine:
    """One EVM with the contracts deployed; time is what the test says."""

    def __init__(self, genesis: list[Any], rules: tuple[int, ...]) -> None:
        self.evm = pyrevm.EVM(gas_limit=30_000_000, spec_id="LONDON")
        self.now = START
        self.tick(0)
        constructor = next(e for e in ARTIFACTS["Consortium"]["abi"] if e["type"] == "constructor")
        types = [abi_type(argument) for argument in constructor["inputs"]]
        reserved = reservations(FOUNDER)
        self.addresses = {"Consortium": self._deploy("Consortium", types, genesis, rules, reserved)}
        for (name, takes), (_, address) in zip(CONTRACT_SET.items(), reserved, strict=True):
            arguments = [self.addresses[each] for each in takes]
            self.addresses[name] = self._deploy(name, ["address"] * len(takes), *arguments)
            assert self.addresses[name].lower() == address.lower()

    def _deploy(self, name: str, types: list[str], *arguments: Any) -> str:
        code = bytes.fromhex(ARTIFACTS[name]["bytecode"][2:]) + encode(types, arguments)
        return str(self.evm.deploy(FOUNDER, code))

    def tick(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=self.now, number=1))

    def send(self, contract: str, name: str, *arguments: Any, sender: str) -> str | None:
        """Call; ``None`` if it went through, else the name of the custom error."""
        selector, inputs, _ = FUNCTIONS[contract][name]
        content = selector + encode(inputs, arguments)
        try:
            self.evm.message_call(sender, self.addresses[contract], calldata=content)
        except RuntimeError as error:
            found = re.search(r"output: 0x([0-9a-f]*)", str(error))
            assert found is not None, f"not a revert: {error}"
            raw = bytes.fromhex(found.group(1))
            assert raw[:4] in ERRORS, f"{name}: refused without a custom error: {error}"
            return ERRORS[raw[:4]][0]
        return None

    def read(self, contract: str, name: str, *arguments: Any) -> Any:
        """A view function's result, alone or as a tuple."""
        selector, inputs, outputs = FUNCTIONS[contract][name]
        content = selector + encode(inputs, arguments)
        raw = self.evm.message_call(
            FOUNDER, self.addresses[contract], calldata=content, is_static=True
        )
        found = decode(outputs, bytes(raw))
        return found[0] if len(found) == 1 else found


class Tally:
    """How often each operation went through and was refused: green and idle are told apart."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def note(self, operation: str, error: str | None) -> None:
        """Count one call."""
        (self.accepted if error is None else self.refused)[operation] += 1

    def require(self, operations: set[str], ratio: float) -> None:
        """Every operation went through at least once and was refused at least once."""
        assert operations <= self.accepted.keys(), operations - self.accepted.keys()
        assert operations <= self.refused.keys(), operations - self.refused.keys()
        done, not_done = self.accepted.total(), self.refused.total()
        assert done >= ratio * (done + not_done), (self.accepted, self.refused)
