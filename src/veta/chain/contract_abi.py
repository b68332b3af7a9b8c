"""Checked-in contract artifacts, and calldata to and from their ABI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from veta.chain.web3_packages import (
    DecodingError,
    abi_decode,
    abi_encode,
    collapse_if_tuple,
    keccak,
)
from veta.errors import ConfigError, LedgerUnavailableError

CONTRACT_NAMES: Final = (
    "Consortium",
    "StatementLog",
    "Registry",
    "Assurance",
    "LotLaws",
    "LotBook",
    "Custody",
    "LotNotices",
    "SiteNotices",
)
"""Whose ABIs come with Veta. A chain of an older version pins fewer."""


@dataclass(frozen=True, slots=True)
class AbiEntry:
    """A function, event or error of a contract, with its canonical types."""

    name: str
    signature: str
    inputs: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...]
    reads: bool
    """A function that changes nothing."""

    @property
    def selector(self) -> bytes:
        """First 4 octets of the signature's keccak-256."""
        return bytes(keccak(text=self.signature)[:4])

    @property
    def topic(self) -> bytes:
        """keccak-256 of the signature: an event's first topic."""
        return bytes(keccak(text=self.signature))

    @property
    def input_types(self) -> tuple[str, ...]:
        """Canonical types of the inputs."""
        return tuple(collapse_if_tuple(item) for item in self.inputs)

    @property
    def output_types(self) -> tuple[str, ...]:
        """Canonical types of the outputs."""
        return tuple(collapse_if_tuple(item) for item in self.outputs)


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the compiler made of one contract."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    functions: dict[str, AbiEntry]
    events: dict[str, AbiEntry]
    errors: dict[str, AbiEntry]
    constructor_types: tuple[str, ...]

    def calldata(self, function: str, *arguments: object) -> bytes:
        """Selector and ABI-encoded arguments."""
        entry = self.functions[function]
        return entry.selector + abi_encode(entry.input_types, arguments)

    def creation_code(self, *arguments: object) -> bytes:
        """Bytecode followed by the constructor's arguments."""
        return self.bytecode + abi_encode(self.constructor_types, arguments)

    def results(self, function: str, output: bytes) -> tuple[Any, ...]:
        """A function's decoded outputs.

        Raises:
            LedgerUnavailableError: ``ledger.garbage`` when the octets are no such outputs.
        """
        try:
            return tuple(abi_decode(self.functions[function].output_types, output))
        except (DecodingError, OverflowError, UnicodeDecodeError) as error:
            raise LedgerUnavailableError(
                "ledger.garbage", f"the answer to {self.name}.{function} cannot be decoded"
            ) from error


@cache
def artifact(name: str) -> Artifact:
    """The artifact of a contract, by name.

    Raises:
        ConfigError: ``config.no_artifact`` when the installation lacks it.
    """
    try:
        source = resources.files("veta.chain").joinpath("artifacts", f"{name}.json")
        document = json.loads(source.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError("config.no_artifact", f"there is no contract {name}") from error
    constructors = [entry for entry in document["abi"] if entry["type"] == "constructor"]
    constructor_inputs = constructors[0]["inputs"] if constructors else []
    return Artifact(
        name=name,
        abi=tuple(document["abi"]),
        bytecode=bytes.fromhex(document["bytecode"].removeprefix("0x")),
        functions=_entries(document["abi"], "function"),
        events=_entries(document["abi"], "event"),
        errors=_entries(document["abi"], "error"),
        constructor_types=tuple(collapse_if_tuple(item) for item in constructor_inputs),
    )


def _entries(abi: list[dict[str, Any]], kind: str) -> dict[str, AbiEntry]:
    found = {}
    for entry in abi:
        if entry["type"] != kind:
            continue
        types = ",".join(collapse_if_tuple(item) for item in entry["inputs"])
        found[entry["name"]] = AbiEntry(
            name=entry["name"],
            signature=f"{entry['name']}({types})",
            inputs=tuple(entry["inputs"]),
            outputs=tuple(entry.get("outputs", ())),
            reads=entry.get("stateMutability") in {"view", "pure"},
        )
    return found
