"""Compile contracts/ into src/veta/chain/artifacts/. Called by scripts/build-contracts.

What is written depends on the sources and the settings below and on nothing else, so that anybody
can rebuild it byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import solcx
import solcx.exceptions
import solcx.wrapper

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "contracts"
MODULES: Final = ROOT / ".tools" / "node_modules"
TOOLCHAIN: Final = ROOT / "scripts" / "toolchain"
ARTIFACTS: Final = ROOT / "src" / "veta" / "chain" / "artifacts"
MOCKS: Final = ROOT / "tests" / "contracts" / "mocks"
"""Where test doubles go: they are no part of the package."""
SOLC_VERSION: Final = "0.8.37"
SETTINGS: Final[dict[str, Any]] = {
    "evmVersion": "london",
    "optimizer": {"enabled": True, "runs": 800},
    "viaIR": True,
    "metadata": {"bytecodeHash": "none"},
}
OUTPUT: Final = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
    "storageLayout",
]
IMPORT: Final = re.compile(r'^import\s[^"]*"([^"]+)";', re.MULTILINE)
CODE_MAXIMUM: Final = 24_576
"""Octets of runtime code (EIP-170)."""


class CannotBuildError(Exception):
    """The compiler or the contract library cannot be had; the message is one line."""


def find_compiler() -> Path:
    """A native solc of the pinned version (py-solc-x's own or on PATH), else the npm one.

    Raises:
        CannotBuildError: none can be had.
    """
    native = [path for path in (shutil.which("solc"),) if path]
    for version in solcx.get_installed_solc_versions():
        if str(version) == SOLC_VERSION:
            native.insert(0, str(solcx.install.get_executable(version)))
    for path in native:
        if _version_of(Path(path)) == SOLC_VERSION:
            return Path(path)
    install_toolchain()
    return TOOLCHAIN / "solc"


def install_toolchain() -> None:
    """Have .tools/node_modules: the contract library and the compiler.

    Raises:
        CannotBuildError: there is no Node.js, or npm could not install.
    """
    run = subprocess.run(
        [str(TOOLCHAIN / "install")], stderr=subprocess.PIPE, text=True, check=False
    )
    if run.returncode != 0:
        lines = run.stderr.strip().splitlines()
        raise CannotBuildError(lines[-1] if lines else "scripts/toolchain/install failed")


def _version_of(solc: Path) -> str | None:
    try:
        return str(solcx.wrapper.get_solc_version(solc))
    except (OSError, subprocess.CalledProcessError, solcx.exceptions.SolcError):
        return None


def collect_sources(directory: Path = SOURCES) -> dict[str, str]:
    """All sources of ``directory`` and what they import, by their import name."""
    found = {
        f"{directory.name}/{path.relative_to(directory).as_posix()}": path.read_text("utf-8")
        for path in sorted(directory.rglob("*.sol"))
    }
    pending = list(found)
    while pending:
        name = pending.pop()
        for target in IMPORT.findall(found[name]):
            resolved = _resolve(name, target)
            if resolved not in found:
                found[resolved] = (MODULES / resolved).read_text("utf-8")
                pending.append(resolved)
    return dict(sorted(found.items()))


def reachable(name: str, sources: dict[str, str]) -> set[str]:
    """The source and everything that it imports, directly or not."""
    found: set[str] = set()
    pending = [name]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending += [_resolve(current, target) for target in IMPORT.findall(sources[current])]
    return found


def _resolve(importer: str, target: str) -> str:
    if not target.startswith("."):
        return target
    parts = importer.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def compile_sources(
    solc: Path, sources: dict[str, str], selection: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run the compiler; our own warnings count as errors.

    Raises:
        CannotBuildError: the sources do not compile.
    """
    wanted = selection or {"*": {"*": OUTPUT}}
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {**SETTINGS, "outputSelection": wanted},
    }
    try:
        answer = solcx.compile_standard(request, solc_binary=solc)
    except solcx.exceptions.SolcError as error:
        raise CannotBuildError(error.message) from error
    complaints = [
        complaint["formattedMessage"]
        for complaint in answer.get("errors", [])
        # The library's own warnings are not ours to mend.
        if not complaint.get("sourceLocation", {}).get("file", "").startswith("@openzeppelin/")
    ]
    if complaints:
        raise CannotBuildError("\n".join(complaints))
    return dict(answer)


def build(
    solc: Path, sources: dict[str, str], only: str | None = None, *, workers: int = 2
) -> dict[Path, str]:
    """Artifact texts by file: one for each deployable contract and each test double.

    Each file is compiled with what it imports and nothing else, so that a contract's code never
    moves with an edit that does not concern it.

    Args:
        solc: the compiler.
        sources: by their import name.
        only: name of one contract; ``None``: all.
        workers: compilers at a time.

    Raises:
        CannotBuildError: the sources do not compile, or give too much code.
    """
    compiler = solcx.wrapper.get_version_str_from_solc_binary(solc)
    wanted = [
        name
        for name in sources
        if re.fullmatch(r"contracts/(mocks/)?\w+\.sol", name)
        and only in {None, name.rpartition("/")[2].removesuffix(".sol")}
    ]
    if not wanted:
        raise CannotBuildError(f"there is no contract {only}")

    def make(name: str) -> dict[Path, str]:
        used = {each: sources[each] for each in sorted(reachable(name, sources))}
        answer = compile_sources(solc, used, {name: {"*": OUTPUT}})
        return make_artifacts(answer["contracts"][name], name, used, compiler)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        parts = list(pool.map(make, wanted))
    return {path: text for part in parts for path, text in part.items()}


def make_artifacts(
    contracts: dict[str, Any], source: str, sources: dict[str, str], compiler: str
) -> dict[Path, str]:
    """Artifact texts of the contracts of one file."""
    digests = {n: hashlib.sha256(t.encode()).hexdigest() for n, t in sources.items()}
    directory = MOCKS if source.startswith("contracts/mocks/") else ARTIFACTS
    return {
        directory / f"{name}.json": _artifact(name, source, output, digests, compiler)
        for name, output in sorted(contracts.items())
    }


def _artifact(
    name: str, source: str, output: dict[str, Any], digests: dict[str, str], compiler: str
) -> str:
    deployed = output["evm"]["deployedBytecode"]
    size = len(deployed["object"]) // 2
    if size > CODE_MAXIMUM:
        raise CannotBuildError(f"{name}: {size} octets of code, {CODE_MAXIMUM} are allowed")
    references = sorted(
        (
            {"start": place["start"], "length": place["length"]}
            for places in deployed["immutableReferences"].values()
            for place in places
        ),
        key=lambda place: int(place["start"]),
    )
    artifact = {
        "name": name,
        "source": source,
        "compiler": compiler,
        "settings": SETTINGS,
        "sources": digests,
        "abi": output["abi"],
        "methodIdentifiers": output["evm"]["methodIdentifiers"],
        "storageLayout": _storage_layout(output["storageLayout"]),
        "immutableReferences": references,
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "runtimeBytecode": "0x" + deployed["object"],
    }
    return json.dumps(artifact, indent=1, ensure_ascii=False) + "\n"


def _storage_layout(layout: dict[str, Any]) -> dict[str, Any]:
    """The layout without the compiler's internal node numbers, which move with unrelated edits."""
    text = json.dumps(layout)
    text = re.sub(r"(t_(?:struct|contract|enum|userDefinedValueType)\([^)]*\))\d+", r"\1", text)
    cleaned: dict[str, Any] = json.loads(text)
    types = cleaned["types"] or {}  # none where a contract keeps nothing
    for entries in [cleaned["storage"], *(t.get("members", []) for t in types.values())]:
        for entry in entries:
            entry.pop("astId", None)
            entry.pop("contract", None)
    return cleaned


def differences(artifacts: dict[Path, str], *, whole: bool = True) -> list[Path]:
    """Artifacts that are missing, different, or (of a whole build) not made by any source."""
    directories = {path.parent for path in artifacts}
    present = {
        path: path.read_text("utf-8")
        for directory in directories
        for path in directory.glob("*.json")
        if whole or path in artifacts
    }
    paths = sorted(present.keys() | artifacts.keys())
    return [path for path in paths if present.get(path) != artifacts.get(path)]


def main(argv: list[str] | None = None) -> int:
    """Build, or compare: 0 done or equal, 1 different, 2 cannot build."""
    parser = argparse.ArgumentParser(prog="scripts/build-contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="rebuild and compare, write nothing")
    parser.add_argument("--only", metavar="NAME", help="one contract: LotBook, Custody...")
    options = parser.parse_args(argv)
    try:
        install_toolchain()
        solc = find_compiler()
        sources = collect_sources()
        artifacts = build(solc, sources, options.only)
    except CannotBuildError as error:
        print(f"scripts/build-contracts: {error}", file=sys.stderr)
        return 2
    changed = differences(artifacts, whole=options.only is None)
    for path in changed:
        name = path.relative_to(ROOT)
        if options.check:
            print(f"scripts/build-contracts: {name} is not what the sources give", file=sys.stderr)
        elif path in artifacts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifacts[path], "utf-8")
            print(f"scripts/build-contracts: wrote {name}")
        else:
            path.unlink()
            print(f"scripts/build-contracts: removed {name}")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
