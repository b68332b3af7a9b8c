"""Every code that the verifier can give is in its specification, and none is there in vain."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[a-z]+\.[a-z_]+")
ELSEWHERE = ("statement.", "canonical.", "base64url.", "instant.", "trees.", "ledger.", "bundle.")


def codes_in_source() -> set[str]:
    """String literals of veta.verify that are codes of checks."""
    found = set()
    for path in (PROJECT / "src" / "veta" / "verify").glob("*.py"):
        if path.name in ("transport.py", "policy.py", "evidence_files.py", "lot_evidence.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and CODE.fullmatch(value) and value[:5] != "veta.":
                found.add(value)
    return found


def test_specification__names_every_code_of_the_verifier() -> None:
    text = (PROJECT / "docs" / "spec" / "verification.md").read_text()
    documented = set(re.findall(r"`([a-z0-9]+\.[a-z_]+)`", text))
    missing = {code for code in codes_in_source() if not code.startswith(ELSEWHERE)} - documented
    assert not missing, sorted(missing)
