"""Findings of the static analyser against the explanations of docs/spec/findings.toml.

Called by scripts/analyse-contracts. A finding is named by its check and its function, never by its
line, so that explanations outlive edits. Exit 0: all high and medium findings are explained.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import json
import logging
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from crytic_compile import CryticCompile  # type: ignore[import-not-found]
from crytic_compile.platform.solc_standard_json import (  # type: ignore[import-not-found]
    SolcStandardJson,
)
from slither import Slither  # type: ignore[import-not-found]
from slither.detectors import all_detectors  # type: ignore[import-not-found]
from slither.detectors.abstract_detector import AbstractDetector  # type: ignore[import-not-found]

ROOT: Final = Path(__file__).resolve().parent.parent
IMPORT: Final = re.compile(r'^import\s[^"]*"([^"]+)";', re.MULTILINE)
WANTED: Final = {"High", "Medium"}


def sources() -> dict[str, str]:
    """Contracts that are shipped, and what they import, by their import name."""
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
        if "mocks" not in path.parts
    }
    pending = list(found)
    while pending:
        name = pending.pop()
        for target in IMPORT.findall(found[name]):
            resolved = target
            if target.startswith("."):
                base = (ROOT / ".tools/node_modules" if name.startswith("@") else ROOT) / name
                resolved = (base.parent / target).resolve().as_posix()
                for root in (ROOT / ".tools/node_modules", ROOT):
                    resolved = resolved.removeprefix(f"{root.resolve().as_posix()}/")
            if resolved not in found:
                found[resolved] = (ROOT / ".tools/node_modules" / resolved).read_text("utf-8")
                pending.append(resolved)
    return found


@contextlib.contextmanager
def laid_out() -> Iterator[None]:
    """Sources in one temporary folder, where the analyser looks for each by its import name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in sources().items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        with contextlib.chdir(folder):
            yield


def findings() -> dict[str, str]:
    """Description by ``check: function`` of each finding of high or medium impact."""
    project = SolcStandardJson()
    project._json = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources().items()},
        "settings": {
            "evmVersion": "london",
            "viaIR": True,
            "optimizer": {"enabled": True, "runs": 800},
            "outputSelection": {
                "*": {
                    "*": [
                        "abi",
                        "metadata",
                        "devdoc",
                        "userdoc",
                        "evm.bytecode",
                        "evm.deployedBytecode",
                    ],
                    "": ["ast"],
                }
            },
        },
    }
    with laid_out(), contextlib.redirect_stderr(io.StringIO()):  # the library's own warnings
        slither = Slither(CryticCompile(project, solc=str(ROOT / "scripts/toolchain/solc")))
    for _, detector in inspect.getmembers(all_detectors, inspect.isclass):
        if issubclass(detector, AbstractDetector):
            slither.register_detector(detector)
    results: list[dict[str, Any]] = [one for group in slither.run_detectors() for one in group]
    found = {}
    for one in results:
        if one["impact"] in WANTED:
            text = one["description"].strip().splitlines()[0]
            found[f"{one['check']}: {_place(text)}"] = f"{one['impact']}: {text}"
    return found


def _place(description: str) -> str:
    """Contract and function that a description speaks of."""
    place = re.search(r"([A-Za-z_]\w*)\.([A-Za-z_]\w*) ?\(", description)
    return f"{place[1]}.{place[2]}" if place else description[:80]


def main() -> int:
    """Compare; 0 explained, 1 not."""
    parser = argparse.ArgumentParser(prog="scripts/analyse-contracts", description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # the library's talk; what it finds comes as data
    explained = tomllib.loads((ROOT / "docs/spec/findings.toml").read_text("utf-8"))["findings"]
    found = findings()
    open_ = {name: text for name, text in found.items() if name not in explained}
    stale = sorted(explained.keys() - found.keys())
    if options.json:
        print(json.dumps({"found": found, "unexplained": open_, "stale": stale}, indent=1))
    else:
        for name, text in sorted(open_.items()):
            print(f"unexplained  {name}\n             {text}")
        for name in stale:
            print(f"explains nothing  {name}")
        print(f"{len(found)} findings of high or medium impact, {len(open_)} unexplained")
    return 1 if open_ or stale else 0


if __name__ == "__main__":
    sys.exit(main())
