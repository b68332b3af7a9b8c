"""The import direction is enforced: pyproject.toml says who may import whom, this test reads it.

The table is ``[tool.veta.layers]``; ``[tool.veta.layers-pure]`` names what the pure layers may not
import at all. Every import statement counts: at module level, inside functions, and under
``TYPE_CHECKING``; so do ``importlib.import_module`` and ``__import__`` with a literal name.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import PROJECT

SOURCES = PROJECT / "src" / "veta"
ALWAYS = frozenset({"errors", "model"})


@dataclass(frozen=True)
class Rules:
    """The two tables of pyproject.toml, and what belongs to one layer only."""

    layers: dict[str, frozenset[str]]
    pure: frozenset[str]
    pure_forbidden: tuple[str, ...]
    at_home: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
        # (modules that begin with, places where they may be imported)
        (("web3", "eth_", "eth", "hexbytes"), ("chain", "keys")),
        (("sqlalchemy", "sqlite3", "alembic"), ("store", "chain.embedded_state")),
        (("fastapi", "starlette", "uvicorn"), ("api",)),
    )

    @classmethod
    def of_project(cls) -> Rules:
        tables = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["veta"]
        return cls(
            layers={name: frozenset(allowed) for name, allowed in tables["layers"].items()},
            pure=frozenset(tables["layers-pure"]["layers"]),
            pure_forbidden=tuple(tables["layers-pure"]["forbidden"]),
        )


def module_name(path: Path, root: Path) -> str:
    """``chain.embedded.a`` for ``<root>/chain/embedded/a.py``; empty for the root itself."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported anywhere in a module, relative names resolved."""
    package = ["veta", *module.split(".")] if module else ["veta"]
    if not is_package:
        package.pop()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"importlib.import_module", "import_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def begins_with(name: str, prefix: str) -> bool:
    if prefix.endswith("_"):
        return name.startswith(prefix)
    return name == prefix or name.startswith(prefix + ".")


def offences(root: Path, rules: Rules) -> list[str]:
    """Every import below ``root`` that points against the arrows, as ``file:line: why``."""
    found = []
    for path in sorted(root.rglob("*.py")):
        module = module_name(path, root)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for line, name in imported_names(tree, module, is_package=path.name == "__init__.py"):
            why = offence(module, name, rules)
            if why is not None:
                found.append(f"{path.relative_to(root)}:{line}: {why}")
    return found


def offence(module: str, name: str, rules: Rules) -> str | None:
    """Why ``module`` (dotted, below veta) may not import ``name``; ``None`` if it may."""
    layer = module.partition(".")[0]
    if begins_with(name, "veta"):
        return inner_offence(layer, name.split(".")[1:], rules)
    if layer in rules.pure:
        for forbidden in rules.pure_forbidden:
            if begins_with(name, forbidden):
                return f"{layer} does no I/O and may not import {forbidden}"
    for prefixes, places in rules.at_home:
        if any(begins_with(name, prefix) for prefix in prefixes) and not any(
            begins_with(module, place) for place in places
        ):
            return f"only {' and '.join(places)} may import {name}"
    return None


def inner_offence(layer: str, target: list[str], rules: Rules) -> str | None:
    if layer == "" or target[:1] in ([layer], ["__version__"]):
        return None  # veta/__init__.py names the public interface
    if not target:
        return f"{layer} imports the package itself"
    if layer not in rules.layers:
        return f"{layer} is no layer of pyproject.toml"
    if target[0] not in rules.layers[layer] | (ALWAYS if layer != "errors" else frozenset()):
        return f"{layer} may not import {target[0]}"
    is_private = target[0] == "keys" and any(part.startswith("_") for part in target[1:])
    return f"{layer} imports a private name of keys" if is_private else None


def test_layering__of_the_project__has_no_offence() -> None:
    assert offences(SOURCES, Rules.of_project()) == []


def test_layering__of_the_project__looks_at_every_module() -> None:
    layers = {module_name(path, SOURCES).split(".")[0] for path in SOURCES.rglob("*.py")} - {""}
    assert layers <= set(Rules.of_project().layers)
    assert {"errors", "model", "canonical", "trees", "ports"} <= layers


@pytest.mark.parametrize(
    ("place", "source", "why"),
    [
        ("trees.py", "import veta.chain", "trees may not import chain"),
        ("trees.py", "from veta import store", "trees may not import store"),
        ("model/lot.py", "from ..services import issue", "model may not import services"),
        ("errors.py", "from veta.model import bundle", "errors may not import model"),
        ("store/table.py", "from veta.chain import client", "store may not import chain"),
        ("services/a.py", "def f():\n    from veta.store import engine", "may not import store"),
        (
            "verify/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import veta.ports",
            "verify may not import ports",
        ),
        ("verify/a.py", "import os.path", "verify does no I/O"),
        ("verify/a.py", "from time import time", "verify does no I/O"),
        ("canonical/a.py", "import importlib\nimportlib.import_module('socket')", "no I/O"),
        ("canonical/a.py", "__import__('veta.chain')", "canonical may not import chain"),
        ("store/a.py", "import web3", "only chain and keys may import web3"),
        ("cli/a.py", "from eth_account import Account", "only chain and keys may import eth_acc"),
        ("chain/client.py", "import sqlite3", "only store and chain.embedded_state may import"),
        ("keys/a.py", "from sqlalchemy import text", "only store and chain.embedded_state"),
        ("cli/a.py", "import fastapi", "only api may import fastapi"),
        ("bootstrap.py", "from veta.keys._keystore import x", "imports a private name of keys"),
        ("bootstrap.py", "from veta.keys import _open", "imports a private name of keys"),
        ("gadget.py", "from veta.model import bundle", "gadget is no layer"),
        ("trees.py", "import veta", "trees imports the package itself"),
    ],
)
def test_layering__import_against_the_arrows__is_reported(
    tmp_path: Path, place: str, source: str, why: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)

    (found,) = offences(tmp_path, Rules.of_project())

    assert found.startswith(f"{place}:{source.count(chr(10)) + 1}:")
    assert why in found


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("chain/embedded_state/tables.py", "import sqlite3"),
        ("chain/embedded_state.py", "import sqlite3"),
        ("chain/client.py", "import web3, eth_abi"),
        ("keys/_keystore.py", "from veta.keys._files import read\nimport eth_account"),
        ("trees.py", "import hashlib\nfrom veta.model.bundle import InclusionProof"),
        ("api/app.py", "from fastapi import FastAPI\nfrom veta.services import issue"),
        ("__init__.py", "from veta.verify import Verifier"),
        ("verify/a.py", "import osmium, timeit"),
    ],
)
def test_layering__import_along_the_arrows__passes(tmp_path: Path, place: str, source: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)

    assert offences(tmp_path, Rules.of_project()) == []
