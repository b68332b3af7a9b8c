"""Places in a document: JSON pointers (RFC 6901) and the paths that they are read into."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from veta.canonical import JsonValue
from veta.errors import InputError

Path: TypeAlias = tuple[str | int, ...]
"""Member names and array indices, from the root down; empty for the root."""

_ESCAPE: Final = re.compile(r"~(?![01])")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_LONGEST: Final = 2048


def pointer_text(path: Path) -> str:
    """The JSON pointer of a path; ``""`` for the root."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def find(value: JsonValue, pointer: str) -> tuple[Path, JsonValue]:
    """The path that a pointer takes through a value, and what stands at its end.

    Raises:
        InputError: ``disclosure.pointer_malformed``, ``disclosure.pointer_unknown``.
    """
    path: list[str | int] = []
    for token in _tokens(pointer):
        if isinstance(value, dict) and token in value:
            path.append(token)
            value = value[token]
        elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
            path.append(int(token))
            value = value[int(token)]
        else:
            raise InputError(
                "disclosure.pointer_unknown", f"nothing stands at {pointer[:80]!r} in the document"
            )
    return tuple(path), value


def find_all(value: JsonValue, pointers: Iterable[str]) -> frozenset[Path]:
    """The paths of several pointers, none of which may be named twice.

    Raises:
        InputError: as ``find``; ``disclosure.pointer_repeated``.
    """
    paths: set[Path] = set()
    for pointer in pointers:
        path, _ = find(value, pointer)
        if path in paths:
            raise InputError("disclosure.pointer_repeated", f"{pointer[:80]!r} is named twice")
        paths.add(path)
    return frozenset(paths)


def _tokens(pointer: str) -> list[str]:
    is_rooted = not pointer or pointer.startswith("/")
    if len(pointer) > _LONGEST or not is_rooted or _ESCAPE.search(pointer):
        raise InputError("disclosure.pointer_malformed", "a place is not a JSON pointer (RFC 6901)")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
