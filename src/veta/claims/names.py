"""Registered names that stand in a sentence: they name, and say nothing else."""

from __future__ import annotations

import unicodedata
from typing import Final

from veta.errors import InputError

MAX_NAME: Final = 120


def require_name(name: str) -> None:
    """A name that may be printed.

    Raises:
        InputError: ``claims.name_form`` where it is empty, too long, or holds what is not seen
            (control, format and direction characters, line ends) or a per cent sign.
    """
    hidden = any(unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} for each in name)
    if (
        not name.strip()
        or len(name) > MAX_NAME
        or hidden
        or "%" in unicodedata.normalize("NFKC", name)
    ):
        raise InputError("claims.name_form", "a name is 1 to 120 characters that can be seen")
