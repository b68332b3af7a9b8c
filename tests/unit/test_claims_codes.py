"""Every code of the package is in its specification, and none is there in vain."""

from __future__ import annotations

import re
from pathlib import Path

from veta.claims.labels import LabelState
from veta.claims.profiles import Answer
from veta.claims.words import FUTURE, GENERIC, LABEL, OFFSET

PROJECT = Path(__file__).resolve().parents[2]
LITERAL = re.compile(r'"(claims\.[a-z_]+)"')


def test_specification__names_every_code_of_the_package() -> None:
    package = PROJECT / "src" / "veta"
    licences = (package / "verify" / "licences.py", package / "services" / "claims_licences.py")
    files = (*sorted((package / "claims").glob("*.py")), *licences)
    sources = "".join(path.read_text() for path in files)
    given = set(LITERAL.findall(sources))
    given |= {f"claims.label_{each.value}" for each in LabelState}
    given |= {f"claims.word_{each}" for each in (OFFSET, GENERIC, LABEL, FUTURE)}
    given |= {f"claims.{each.value}" for each in Answer if each is not Answer.MET}
    text = (PROJECT / "docs" / "spec" / "claims.md").read_text()
    assert set(re.findall(r"`(claims\.[a-z_]+)`", text)) == given
