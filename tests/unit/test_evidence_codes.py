"""Every code of the package is in its specification, and none is there that nothing gives."""

from __future__ import annotations

import re

from tests.conftest import PROJECT

SOURCES = PROJECT / "src" / "veta" / "evidence"
WRITTEN = re.compile(r'"evidence\.([a-z_]+)"')
BUILT = {
    "grades.py": r'finding\(\s*[\w.]+, "(\w+)"|return "(\w+)", [f"]',
    "series.py": r'_bad\(\w+, "(\w+)"',
    "targets.py": r'_open\("(\w+)"',
}
"""Where a code is put together from parts."""


def codes() -> set[str]:
    found: set[str] = set()
    for path in SOURCES.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(WRITTEN.findall(text))
        prefix = "reading_" if path.name == "series.py" else ""
        for groups in re.finditer(BUILT.get(path.name, "(?!)"), text):
            found |= {prefix + group for group in groups.groups() if group}
    return found | {"target_met", "target_not_met"}


def test_codes__of_the_package__are_those_of_its_specification() -> None:
    text = (PROJECT / "docs" / "spec" / "evidence.md").read_text(encoding="utf-8")
    section = text.split("## Codes")[1].split("## ")[0]
    listed = set(re.findall(r"`([a-z_]+)`", section))
    assert listed == codes()
