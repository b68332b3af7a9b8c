"""Where in a refused text the fault is: slow, exact, only run once something was refused."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from veta.canonical.limits import Limits
from veta.canonical.numbers import read_decimal, read_integer
from veta.errors import InputError

_MAX_CHARACTERS: Final = 300_000
"""Longer texts, which no statement is, are refused without a place: it is not worth the time."""
_MAX_POINTER: Final = 200
_STRINGS: Final = json.JSONDecoder()
_TOKEN: Final = re.compile(
    r"[ \t\n\r]*+(?:(?P<string>\")|(?P<punctuation>[\[\]{},:])|(?P<scalar>[^\s\[\]{},:\"]++))"
)


@dataclass(slots=True)
class _Level:
    """An open object or array on the way to the present token."""

    names: set[str] | None
    """Names seen, ``None`` for an array."""
    step: str | int
    """Member name or index that is being read."""
    expects_name: bool


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str
    start: int
    levels: list[_Level]
    """Where it stands; true only until the next token is asked for."""
    is_repeated: bool = False


def position_of(code: str, text: str, limits: Limits) -> str:
    """`` (octet 17, at /a/0)`` for the first value the code is true of; empty if not found.

    Args:
        code: the code the text was refused with.
        text: a text whose depth is bounded; need not be JSON to its end.
        limits: the limits it was refused under.
    """
    if len(text) > _MAX_CHARACTERS:
        return ""
    for token in _tokens(text):
        if _fault(token, limits) == code:
            octet = len(text[: token.start].encode())
            place = pointer([level.step for level in token.levels])
            return f" (octet {octet}, at {place[:_MAX_POINTER] or 'the root'})"
    return ""


def _fault(token: _Token, limits: Limits) -> str | None:
    if token.is_repeated:
        return "canonical.duplicate_key"
    if token.kind == "scalar":
        return _scalar_fault(token.value, limits)
    if any("\ud800" <= character <= "\udfff" for character in token.value):
        return "canonical.lone_surrogate"
    if limits.require_nfc and not unicodedata.is_normalized("NFC", token.value):
        return "canonical.not_nfc"
    return None


def _scalar_fault(scalar: str, limits: Limits) -> str | None:
    if scalar in {"NaN", "Infinity", "-Infinity"}:
        return "canonical.not_a_number"
    if scalar in {"true", "false", "null"}:
        return None
    try:
        if scalar.lstrip("-").isdecimal():
            read_integer(scalar, limits)
        else:
            read_decimal(scalar, limits)
    except InputError as error:
        return error.code
    except (ValueError, ArithmeticError):
        return None  # not a number at all: a fault of grammar, which has its own position
    return None


def _tokens(text: str) -> Iterator[_Token]:
    """Names and scalar values in order; stops where the text stops being JSON."""
    levels: list[_Level] = []
    at = 0
    while (match := _TOKEN.match(text, at)) is not None:
        kind, start, at = match.lastgroup or "", match.start(match.lastgroup or 0), match.end()
        if kind == "punctuation":
            _step(levels, text[start])
            continue
        value = match[kind]
        if kind == "string":
            try:
                value, at = _STRINGS.raw_decode(text, start)
            except ValueError:
                return
        yield _token(levels, kind, value, start)


def _step(levels: list[_Level], mark: str) -> None:
    """Follow a bracket, comma or colon."""
    if mark == "{":
        levels.append(_Level(names=set(), step="", expects_name=True))
    elif mark == "[":
        levels.append(_Level(names=None, step=0, expects_name=False))
    elif not levels:
        return
    elif mark in "]}":
        levels.pop()
    elif mark == ":":
        levels[-1].expects_name = False
    elif levels[-1].names is not None:
        levels[-1].expects_name = True
    elif isinstance(levels[-1].step, int):
        levels[-1].step += 1


def _token(levels: list[_Level], kind: str, value: str, start: int) -> _Token:
    is_repeated = False
    if kind == "string" and levels and levels[-1].expects_name:
        names = levels[-1].names
        assert names is not None
        is_repeated = value in names
        names.add(value)
        levels[-1].step = value
    return _Token(kind, value, start, levels, is_repeated)


def pointer(steps: list[str | int]) -> str:
    """RFC 6901 pointer of a path; names are shown in ASCII."""
    return "".join(
        "/" + ascii(str(step))[1:-1].replace("~", "~0").replace("/", "~1") for step in steps
    )
