"""Where the reference data stands: beside the project, never inside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT

REFERENCE = PROJECT.parent / "shared" / "data"


def reference_file(relative: str) -> Path:
    """A file of the reference data; the test is skipped where it is absent."""
    path = REFERENCE / relative
    if not path.exists():
        pytest.skip(f"reference data {relative} is not beside the project")
    return path


def reference_json(relative: str) -> Any:
    return json.loads(reference_file(relative).read_text(encoding="utf-8"))
