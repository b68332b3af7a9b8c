"""Codes are public: each that is raised is in the specification, and no other is there."""

from __future__ import annotations

import re

from tests.conftest import PROJECT

SOURCES = PROJECT / "src/veta/disclosure"
SPECIFICATION = PROJECT / "docs/spec/disclosure.md"


def raised() -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    return set(re.findall(r'"disclosure\.([a-z_0-9]+)"', text))


def specified() -> set[str]:
    """Every `disclosure.x`, and each `.y` or `_z` that continues one in the same cell or list."""
    codes: set[str] = set()
    for line in SPECIFICATION.read_text(encoding="utf-8").splitlines():
        last = ""
        for dotted, short, tail in re.findall(
            r"`(?:disclosure\.([a-z_0-9]+)|\.([a-z_0-9]+)|(_[a-z_]+))`", line
        ):
            if tail and not last:
                continue  # `_sd`, and `_sd_alg`
            code = dotted or short or last.rpartition("_")[0] + tail
            if tail in {"_sd", "_sd_alg"}:
                continue
            codes.add(code)
            last = code
    return codes


def test_codes__raised_and_specified__are_the_same() -> None:
    assert raised() == specified()
