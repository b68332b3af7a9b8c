"""Rules that hold for every source, and artifacts that are what the sources give."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.contracts.world import ARTIFACTS, ROOT
from veta.model.anchoring import BatchKind, StatusAction, StatusReason
from veta.model.consortium import KeyAction, KeyAlgorithm, KeyPurpose, Role

SOURCES = {
    path.relative_to(ROOT / "contracts").as_posix(): path.read_text("utf-8")
    for path in sorted((ROOT / "contracts").rglob("*.sol"))
}
CODE = {
    name: re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL) for name, text in SOURCES.items()
}
INTERFACES = {name for name in SOURCES if name.startswith("interfaces/")}
SHIPPED = {name for name in SOURCES if not name.startswith("mocks/")}


WORDS_OF_EIP_712 = {
    "Custody.sol": {
        "keccak256(abi.encodePacked(offer_.lots))",
        "keccak256(abi.encodePacked(offer_.taken))",
    }
}
"""EIP-712 hashes an array as its elements' words joined. Solidity pads elements of a packed array
to 32 octets, so one array alone can be read in one way; two side by side could not."""


@pytest.mark.row("T22")
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_sources__encode_packed__only_one_array_as_eip_712_has_it(name: str) -> None:
    allowed = WORDS_OF_EIP_712.get(name, set())
    for expression in allowed:
        assert CODE[name].count(expression) == 1
    assert CODE[name].count("encodePacked") == len(allowed)


@pytest.mark.row("T22")
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_sources__concatenation__unambiguous(name: str) -> None:
    """``bytes.concat`` joins parts of fixed width and at most one other, or widens an address.

    Topics are words, and what follows them is one ABI encoding. EIP-712 has a prefix and two
    words. A part of a cause is its tag, its number and as many words as that number has. A node
    of its tree is a tag and two digests. A call that is handed on has terms behind it, whose
    length is the last word.
    """
    fixed = {
        "Custody.sol": ['bytes.concat(hex"1901", domain, content)'],
        "LotBook.sol": ["bytes.concat(msg.data, terms, bytes32(terms.length))"],
        "libraries/RunCause.sol": [
            'bytes.concat(hex"05", bytes32(uint256(part)), fields, salt)',
            'bytes.concat(hex"01", nodes[i], nodes[i + 1])',
        ],
    }.get(name, [])
    allowed = re.compile(
        r"bytes\.concat\(\s*(?:abi\.encode\([^()]*(?:\([^()]*\)[^()]*)*\),\s*abi\.encode\("
        r"|bytes20\(accounts\[i\]\)\))"
    )
    for found in re.finditer(r"(?:bytes|string)\.concat\(", CODE[name]):
        rest = CODE[name][found.start() :]
        assert allowed.match(rest) or any(map(rest.startswith, fixed)), rest[:200]


@pytest.mark.row("T22")
def test_sources__every_event__has_no_dynamic_topic() -> None:
    """Topics are fixed words, so topics and data joined can be read in one way only."""
    for artifact in ARTIFACTS.values():
        for entry in artifact["abi"]:
            if entry["type"] == "event":
                for argument in entry["inputs"]:
                    assert not argument["indexed"] or re.fullmatch(
                        r"uint\d+|address|bytes32", argument["type"]
                    )


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - INTERFACES))
def test_sources__pragma__exact_version(name: str) -> None:
    assert re.findall(r"pragma solidity ([^;]+);", SOURCES[name]) == ["0.8.37"]


ASSEMBLY = {
    "LotBook.sol": {"revert", "add", "mload"},
    "libraries/LotContract.sol": {
        *("log2", "log3", "log4", "mload", "mstore", "add", "mul"),
        *("iszero", "staticcall", "gas", "revert", "keccak256"),
    },
    "libraries/LotShare.sol": set(),
    "libraries/RunCause.sol": {"mstore", "keccak256"},
    "libraries/SumTree.sol": {
        *("mstore", "mload", "add", "mul", "lt", "eq", "and", "or", "calldatacopy"),
        *("iszero", "staticcall", "gas", "revert"),
    },
}
"""Where there is assembly, and all that it does: hand a refusal on as it came; emit octets and hash
the same ones; read a list of narrow numbers as one of words; hash two words; add up and hash a
tree's nodes in one buffer, which costs a third of what copies would."""


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_sources__no_strings_proxies_or_assembly(name: str) -> None:
    blocks = re.findall(r'assembly \("memory-safe"\) \{(.*?)\n        \}', CODE[name], re.DOTALL)
    done = {word for block in blocks for word in re.findall(r"(\w+)\(", block)}
    assert done == ASSEMBLY.get(name, set())
    assert CODE[name].count("assembly") == len(blocks)
    code = re.sub(r"assembly .*?\n        \}", "", CODE[name], flags=re.DOTALL)
    assert not re.search(r"\brequire\s*\(|revert\s*\(|revert\s*\"", code)
    assert not re.search(r"delegatecall|selfdestruct|tx\.origin", CODE[name])


@pytest.mark.parametrize("name", sorted(SHIPPED - INTERFACES))
def test_sources__state__private(name: str) -> None:
    """What a constructor fixes, or the source, is code and not state, and may be handed on."""
    for declaration in re.findall(
        r"^    (?:mapping\([^;]*;|[\w\[\]]+ [^;({]*_\w+;)", CODE[name], re.MULTILINE
    ):
        fixed = " internal immutable " in declaration or " internal constant " in declaration
        assert fixed or " private " in declaration, declaration
    assert not re.search(r"^\s*(?:event|error) ", CODE[name], re.MULTILINE)


def test_sources__enums__equal_the_model() -> None:
    text = SOURCES["interfaces/IConsortium.sol"] + SOURCES["interfaces/IStatementLog.sol"]
    for enum in (KeyPurpose, KeyAlgorithm, KeyAction, BatchKind, StatusAction, StatusReason):
        body = re.search(rf"enum {enum.__name__} {{([^}}]*)}}", text)
        assert body is not None
        names = [word.strip() for word in body.group(1).split(",")]
        for member in enum:
            assert names[member.value] == member.name
        assert len(names) == max(enum) + 1


def test_sources__role_bits__equal_the_model() -> None:
    found = dict(
        re.findall(r"uint32 internal constant (\w+) = 1 << (\d+);", CODE["libraries/Roles.sol"])
    )
    assert {name: 1 << int(bit) for name, bit in found.items()} == {
        role.name: role.value for role in Role
    }


@pytest.mark.parametrize("name", sorted(ARTIFACTS))
def test_artifact__sources__digests_are_of_the_files_here(name: str) -> None:
    for source, recorded in ARTIFACTS[name]["sources"].items():
        if source.startswith("contracts/"):
            assert hashlib.sha256((ROOT / source).read_bytes()).hexdigest() == recorded
    assert ARTIFACTS[name]["settings"]["evmVersion"] == "london"
    assert ARTIFACTS[name]["settings"]["metadata"]["bytecodeHash"] == "none"
    assert ARTIFACTS[name]["compiler"].startswith("0.8.37")


@pytest.mark.parametrize("name", sorted(ARTIFACTS))
def test_artifact__code__fits_every_chain_and_runs_on_london(name: str) -> None:
    runtime = bytes.fromhex(ARTIFACTS[name]["runtimeBytecode"][2:])
    assert 0 < len(runtime) <= 24_576
    assert 0x5F not in opcodes(runtime), "PUSH0 is newer than london"


def opcodes(code: bytes) -> set[int]:
    """The instructions of a runtime code, its metadata left out."""
    end = len(code) - int.from_bytes(code[-2:], "big") - 2
    found, position = set(), 0
    while position < end:
        found.add(code[position])
        position += 1 + max(0, code[position] - 0x5F if 0x60 <= code[position] <= 0x7F else 0)
    return found


@pytest.mark.parametrize("name", sorted(ARTIFACTS))
def test_artifact__selectors__follow_from_the_abi(name: str) -> None:
    for signature, selector in ARTIFACTS[name]["methodIdentifiers"].items():
        assert keccak(text=signature)[:4].hex() == selector


def build(*arguments: str, **environment: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/build_contracts.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        **environment,
    )


@pytest.mark.solc
@pytest.mark.slow
def test_build_contracts__check__rebuilds_byte_for_byte() -> None:
    """All of them are rebuilt by scripts/check-generated; here one, to see that it is compared."""
    done = build("--check", "--only", "StatementLog")
    if done.returncode == 2:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr


def test_build_contracts__no_compiler_to_be_had__one_line_and_exit_2(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    (copy / "scripts/toolchain").mkdir(parents=True)
    for name in ("scripts/build_contracts.py", "scripts/toolchain/install"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    (copy / "scripts/toolchain/install").chmod(0o755)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "env"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    done = subprocess.run(
        [sys.executable, str(copy / "scripts/build_contracts.py")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tools), "HOME": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "needs node" in done.stderr
