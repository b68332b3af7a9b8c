"""Strict reading and writing of the members of a bundle: nothing is guessed, nothing converted.

Whatever does not fit raises ``TypeError``, ``ValueError`` or ``KeyError``; the reader of the file
makes one refusal of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from veta.model.determined import Determined, Known, Undetermined

T = TypeVar("T")


def hex_or_none(octets: bytes | None) -> str | None:
    """Octets in hexadecimal, if there are any."""
    return None if octets is None else octets.hex()


def determined_json(fact: Determined[T], write: Callable[[T], Any]) -> dict[str, Any]:
    """A fact, or why there is none."""
    if isinstance(fact, Undetermined):
        return {"undetermined": {"code": fact.code, "reason": fact.reason}}
    return {"known": write(fact.value)}


def nullable(write: Callable[[T], Any]) -> Callable[[T | None], Any]:
    """Write what may be absent."""
    return lambda value: None if value is None else write(value)


def each_json(write: Callable[[T], Any]) -> Callable[[tuple[T, ...]], Any]:
    """Write a list."""
    return lambda values: [write(value) for value in values]


def determined(document: Mapping[str, Any], read: Callable[[Any], T]) -> Determined[T]:
    """Read a fact, or why there is none."""
    if document.keys() == {"undetermined"}:
        why = document["undetermined"]
        return Undetermined(text(why["code"]), text(why["reason"]))
    if document.keys() != {"known"}:
        raise ValueError("a fact that is neither known nor undetermined")
    return Known(read(document["known"]))


def optional(value: Any, read: Callable[[Any], T]) -> T | None:
    """Read what may be null."""
    return None if value is None else read(value)


def read_optional(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """A reader of what may be null."""
    return lambda value: optional(value, read)


def read_each(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A reader of a list."""

    def read_all(values: Any) -> tuple[T, ...]:
        if not isinstance(values, list):
            raise TypeError("something else where a list belongs")
        return tuple(read(value) for value in values)

    return read_all


def whole(value: object) -> int:
    """A whole number, from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("something else where a whole number belongs")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError("something else where true or false belongs")
    return value


def text(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise TypeError("something else where a text belongs")
    return value


def octets(value: object, length: int) -> bytes:
    """Octets of this number, from hexadecimal."""
    read = bytes.fromhex(text(value))
    if len(read) != length:
        raise ValueError(f"{len(read)} octets where {length} belong")
    return read


def members(value: Any, *names: str) -> Mapping[str, Any]:
    """An object with these members and no others."""
    if not isinstance(value, dict) or value.keys() != set(names):
        raise ValueError(f"something else where {', '.join(names)} belong")
    return value


def listed(value: Any, most: int, read: Callable[[Any], T]) -> tuple[T, ...]:
    """A list of at most so many."""
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"something else where a list of at most {most} belongs")
    return tuple(read(each) for each in value)


def decimal(value: Any) -> int:
    """An end of time that may be 2^64-1: more than a JSON number holds exactly."""
    digits = text(value)
    if not digits.isascii() or not digits.isdecimal() or len(digits) > len(str(2**64)):
        raise ValueError("something else where a decimal number belongs")
    return int(digits)
