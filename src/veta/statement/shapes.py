"""Shapes of JSON members, as data: which are required, of which type, whether others may stand by.

A shape judges a value that the strict reader made, and reports every fault with a stable code and
the place where it is. It is what a JSON Schema validator would be asked for, without one at run
time. Most documents have no fault: ``fits`` answers that quickly, ``judge`` says what and where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

from veta.errors import InputError
from veta.statement.instants import read_date, read_end, read_instant

MOST_FINDINGS: Final = 32
"""A report stops here: one broken document must not make a long one."""

_URI_OCTETS: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]++|%[0-9A-Fa-f]{2})"
# RFC 3986 section 3, without user information before an IP literal; a fragment is allowed.
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*+:(?://\[[0-9A-Fa-f:.]{2,45}\])?"
    rf"{_URI_OCTETS}++(?:#{_URI_OCTETS}*+)?",
    re.ASCII,
)
_MOST_URI_OCTETS: Final = 2048
# Marks that change the order in which neighbouring text is shown (Unicode TR 9), and C0 controls
# that no text needs: what is signed must read as it is.
_UNSEEN: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a document breaks."""

    code: str
    """Stable, ``statement.*``."""
    pointer: str
    """Where, as a JSON pointer (RFC 6901); empty for the whole document."""
    sentence: str
    """What is wrong, for a person."""


@dataclass(slots=True)
class Findings:
    """Faults seen so far, in order."""

    entries: list[Finding] = field(default_factory=list)

    def add(self, code: str, pointer: str, sentence: str) -> None:
        """Note a fault; beyond the bound it is dropped."""
        if len(self.entries) < MOST_FINDINGS:
            self.entries.append(Finding(code, pointer, sentence))


class Shape(Protocol):
    """Something a value must look like."""

    def fits(self, value: Any, /) -> bool:
        """Whether ``judge`` would find nothing."""

    def judge(self, value: object, pointer: str, found: Findings) -> None:
        """Add what is wrong with ``value``, which stands at ``pointer``."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without members."""

    noun: str
    fits: Callable[[object], bool]

    def judge(self, value: object, pointer: str, found: Findings) -> None:
        """Add ``statement.wrong_type`` unless the value is one."""
        if not self.fits(value):
            found.add("statement.wrong_type", pointer, f"must be {self.noun}")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose entries share a shape."""

    shape: Shape

    def fits(self, value: object) -> bool:
        """Whether it is a list whose entries all fit."""
        if not isinstance(value, list):
            return False
        return all(map(self.shape.fits, value))

    def judge(self, value: object, pointer: str, found: Findings) -> None:
        """Judge the list and each entry."""
        if not isinstance(value, list):
            found.add("statement.wrong_type", pointer, "must be a list")
            return
        for index, entry in enumerate(value):
            self.shape.judge(entry, f"{pointer}/{index}", found)


@dataclass(frozen=True, slots=True)
class Struct:
    """An object: its required and optional members, and its ``type`` names where it has them."""

    required: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)
    closed: bool = False
    """Whether a member that is not listed is a fault."""
    tags: frozenset[str] = frozenset()
    """Names that ``type`` must contain if it is there."""
    together: tuple[tuple[str, str], ...] = ()
    """Pairs: the first member needs the second."""
    _checks: Mapping[str, Callable[[Any], bool]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look up what ``fits`` asks of each member; the class is frozen for everybody else."""
        members = {**self.required, **self.optional}
        object.__setattr__(self, "_checks", {name: each.fits for name, each in members.items()})

    def fits(self, value: object) -> bool:
        """Whether it is an object with the required members, all of which fit."""
        if not isinstance(value, dict) or not self.required.keys() <= value.keys():
            return False
        checks = self._checks
        for name, child in value.items():
            check = checks.get(name)
            if check is None:
                if self.closed and not (self.tags and name == "type"):
                    return False
            elif not check(child):
                return False
        if self.together and not all(
            second in value for first, second in self.together if first in value
        ):
            return False
        return not self.tags or self._has_tags(value)

    def _has_tags(self, value: dict[str, Any]) -> bool:
        if not self.tags or "type" not in value:
            return True
        names = value["type"]
        return isinstance(names, list) and all(tag in names for tag in self.tags)

    def judge(self, value: object, pointer: str, found: Findings) -> None:
        """Judge the object's members."""
        if not isinstance(value, dict):
            found.add("statement.wrong_type", pointer, "must be an object")
            return
        for name, shape in self.required.items():
            if name in value:
                shape.judge(value[name], f"{pointer}/{name}", found)
            else:
                found.add("statement.missing_member", f"{pointer}/{name}", "is required")
        for name, shape in self.optional.items():
            if name in value:
                shape.judge(value[name], f"{pointer}/{name}", found)
        self._judge_others(value, pointer, found)

    def _judge_others(self, value: dict[str, Any], pointer: str, found: Findings) -> None:
        if not self._has_tags(value):
            sentence = f"must contain {', '.join(sorted(self.tags))}"
            found.add("statement.wrong_type", f"{pointer}/type", sentence)
        for first, second in self.together:
            if first in value and second not in value:
                found.add("statement.missing_member", f"{pointer}/{second}", f"{first} needs it")
        if self.closed:
            known = {"type"} if self.tags else set()
            unknown = value.keys() - self.required.keys() - self.optional.keys() - known
            for name in sorted(unknown)[:MOST_FINDINGS]:
                place = f"{pointer}/{name[:64].replace('~', '~0').replace('/', '~1')}"
                found.add("statement.unknown_member", place, "is not known here")


@dataclass(frozen=True, slots=True)
class ByType:
    """One of several objects, told apart by their ``type``."""

    shapes: Mapping[str, Shape]

    def fits(self, value: object) -> bool:
        """Whether its one known type fits."""
        shape = self._shape_of(value)
        return shape is not None and shape.fits(value)

    def judge(self, value: object, pointer: str, found: Findings) -> None:
        """Judge by the one type that is known."""
        shape = self._shape_of(value)
        if shape is None:
            sentence = f"must have one type of {', '.join(sorted(self.shapes))}"
            found.add("statement.wrong_type", f"{pointer}/type", sentence)
            return
        shape.judge(value, pointer, found)

    def _shape_of(self, value: object) -> Shape | None:
        names = value.get("type") if isinstance(value, dict) else None
        listed = names if isinstance(names, list) else []
        known = [name for name in listed if isinstance(name, str) and name in self.shapes]
        return self.shapes[known[0]] if len(known) == 1 else None


def one_of(*values: str) -> Scalar:
    """One of the texts named."""
    allowed = frozenset(values)
    return Scalar(
        f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in allowed
    )


def matching(noun: str, pattern: str) -> Scalar:
    """A text that matches an ASCII pattern in whole."""
    compiled = re.compile(pattern, re.ASCII)
    return Scalar(
        noun, lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None
    )


def between(least: int, most: int) -> Scalar:
    """A number between two, both included."""
    return Scalar(
        f"a number from {least} to {most}",
        lambda value: _is_number(value) and least <= value <= most,  # type: ignore[operator]
    )


def whole(least: int, most: int) -> Scalar:
    """An integer between two, both included; ``true`` and ``1.0`` are none."""
    return Scalar(
        f"an integer from {least} to {most}",
        lambda value: type(value) is int and least <= value <= most,
    )


def _is_readable(value: object) -> bool:
    return isinstance(value, str) and (value.isprintable() or _UNSEEN.search(value) is None)


def _is_uri(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= _MOST_URI_OCTETS
        and _URI.fullmatch(value) is not None
    )


def _is_number(value: object) -> bool:
    return type(value) is int or type(value) is Decimal


def _reads(reader: Callable[[str], int]) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            reader(value)
        except InputError:
            return False
        return True

    return holds


TEXT: Final = Scalar("a text without hidden marks", _is_readable)
URI: Final = Scalar("a URI in ASCII", _is_uri)
NUMBER: Final = Scalar("a number", _is_number)
BOOLEAN: Final = Scalar("true or false", lambda value: isinstance(value, bool))
DATE: Final = Scalar("a date", _reads(read_date))
INSTANT: Final = Scalar("an RFC 3339 date-time with its zone", _reads(read_instant))
END: Final = Scalar("a date-time or a date", _reads(read_end))
