"""Many mutants in one compilation: every change stands beside the original, behind a switch.

A compilation takes half a minute, a mutant's tests a few seconds. So some dozens of mutants are
written into one source as ``Mutant.on(7) ? changed : original``; the number that is on is a word in
the bytecode, written there afterwards. With zero the contract is the original.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from scripts.build_contracts import SETTINGS, CannotBuildError, reachable
from scripts.mutation_parts.sites import Finder, Mutant, Span

SWITCH: Final = "contracts/libraries/Mutant.sol"
WORD: Final = hashlib.sha256(b"the mutant that is on").digest()
OUTPUT: Final = ("evm.bytecode.object", "evm.deployedBytecode.object")
TYPED_NUMBER: Final = re.compile(r"(u?int\d+|bytes\d+)\((?:uint256\()?\d+\)+")
LIBRARY: Final = f"""// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
library Mutant {{
    function on(uint256 which) internal pure returns (bool is_) {{
        // The compiler cannot know that nobody hands in 2^255 octets, so it folds nothing.
        uint256 one = 0x{WORD.hex()};
        assembly ("memory-safe") {{ is_ := eq(xor(one, shr(255, calldatasize())), which) }}
    }}
}}
"""


@dataclass
class Batch:
    """Mutants that do not overlap, or stand at the very same place."""

    mutants: list[Mutant] = field(default_factory=list)

    def takes(self, mutant: Mutant) -> bool:
        """Whether a mutant fits beside the others."""
        held = [span for other in self.mutants for span in other.spans]
        return not any(_clash(span, other) for span in mutant.spans for other in held)


def _clash(one: Span, other: Span) -> bool:
    if one.source != other.source or one.end <= other.start or other.end <= one.start:
        return False
    return (one.start, one.end, one.statement) != (other.start, other.end, other.statement)


def batches_of(mutants: Iterable[Mutant], most: int) -> list[Batch]:
    """First fit."""
    batches: list[Batch] = []
    for mutant in mutants:
        fitting = (b for b in batches if len(b.mutants) < most and b.takes(mutant))
        batch = next(fitting, None)
        if batch is None:
            batch = Batch()
            batches.append(batch)
        batch.mutants.append(mutant)
    return batches


def switched(sources: dict[str, str], mutants: Iterable[tuple[int, Mutant]]) -> dict[str, str]:
    """The sources with all mutants behind their switches."""
    places: dict[tuple[str, int, int, bool], list[tuple[int, str]]] = {}
    for number, mutant in mutants:
        for span in mutant.spans:
            place = span.source, span.start, span.end, span.statement
            places.setdefault(place, []).append((number, span.text))
    changed = {name: text.encode() for name, text in sources.items()}
    for (name, start, end, statement), ways in sorted(places.items(), reverse=True):
        original = changed[name][start:end].decode()
        write = _statement if statement else _expression
        text = write(original, ways).encode()
        changed[name] = changed[name][:start] + text + changed[name][end:]
    for name in {place[0] for place in places}:
        line = f'import {{Mutant}} from "{SWITCH}";\n'.encode()
        head, pragma, rest = changed[name].partition(b"pragma solidity 0.8.37;\n")
        changed[name] = head + pragma + line + rest
    return {name: octets.decode() for name, octets in changed.items()} | {SWITCH: LIBRARY}


def _expression(original: str, ways: Sequence[tuple[int, str]]) -> str:
    text = original
    kind = next((found[1] for _, way in ways if (found := TYPED_NUMBER.fullmatch(way))), "")
    for number, way in ways:
        text = f"(Mutant.on({number}) ? {way} : {kind}({text}))"
    return text


def _statement(original: str, ways: Sequence[tuple[int, str]]) -> str:
    branches = "".join(f"if (Mutant.on({number})) {{ {way} }} else " for number, way in ways)
    return f"{{ {branches}{{ {original} }} }}"


def changed_alone(sources: dict[str, str], mutant: Mutant) -> dict[str, str]:
    """The sources with one change and no switch."""
    changed = dict(sources)
    for span in sorted(mutant.spans, key=lambda span: -span.start):
        octets = changed[span.source].encode()
        text = span.text.encode() if span.statement else f"({span.text})".encode()
        changed[span.source] = (octets[: span.start] + text + octets[span.end :]).decode()
    return changed


class Compiler:
    """The pinned compiler, asked for no more than is needed."""

    def __init__(self, solc: Path, sources: dict[str, str]) -> None:
        self.solc, self.sources = solc, sources

    def trees(self, names: Iterable[str]) -> dict[str, Any]:
        """ASTs of our own sources."""
        wanted: set[str] = set()
        for name in names:
            wanted |= reachable(name, self.sources)
        answer = self._run({n: self.sources[n] for n in wanted}, {"*": {"": ["ast"]}})
        return {n: s["ast"] for n, s in answer["sources"].items() if n.startswith("contracts/")}

    def find(self, names: Sequence[str], wanted: set[str]) -> list[Mutant]:
        """All mutants of the wanted sources, as the deployed contracts ``names`` use them."""
        return Finder(self.sources, self.trees(names), wanted).mutants()

    def complaint(self, mutants: Sequence[Mutant], name: str) -> str:
        """What is wrong with the types, with all of them; quick, for no code is made."""
        sources = self._needed(switched(self.sources, enumerate(mutants, start=1)), name)
        if SWITCH not in sources:
            return ""
        try:
            self._run(sources, {name: {"": ["ast"]}})
        except CannotBuildError as error:
            return str(error)
        return ""

    def codes(self, sources: dict[str, str], name: str) -> tuple[bytes, bytes]:
        """Creation and runtime code of the contract in a source."""
        contract = Path(name).stem
        wanted = {name: {contract: list(OUTPUT)}}
        answer = self._run(self._needed(sources, name), wanted)
        evm = answer["contracts"][name][contract]["evm"]
        created, deployed = evm["bytecode"]["object"], evm["deployedBytecode"]["object"]
        return bytes.fromhex(created), bytes.fromhex(deployed)

    def _needed(self, sources: dict[str, str], name: str) -> dict[str, str]:
        return {n: sources[n] for n in sorted(reachable(name, sources))}

    def _run(self, sources: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
        request = {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in sources.items()},
            "settings": {**SETTINGS, "outputSelection": wanted},
        }
        done = subprocess.run(
            [str(self.solc), "--standard-json"],
            input=json.dumps(request).encode(),
            capture_output=True,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        errors = [e for e in answer.get("errors", []) if e["severity"] == "error"]
        if errors:
            raise CannotBuildError(errors[0]["formattedMessage"])
        return answer
