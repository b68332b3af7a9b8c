"""JCS writer (RFC 8785) for what is signed here: no binary float, nothing out of bounds.

Two writers give the same octets. The plain one is the specification and explains every refusal; the
fast one hands documents it is known to be right for to orjson. A property test holds them together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

import orjson

from veta.canonical.limits import STATEMENT, Limits
from veta.canonical.locate import pointer
from veta.canonical.numbers import decimal_text, integer_text
from veta.canonical.reader import JsonValue, scan, strings_in, text_fault
from veta.errors import InputError

_SCALARS: Final = frozenset({str, int, Decimal, bool, type(None)})
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_BELOW_F0: Final = bytes(range(0xF0))
_UP_TO_LATIN_A: Final = bytes(range(0xC6))
"""Octets of the characters up to U+017F in UTF-8."""
_ESCAPES: Final = {
    **{code: f"\\u{code:04x}" for code in range(0x20)},
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}
"""RFC 8785 section 3.2.2.2."""


def write(value: JsonValue, limits: Limits = STATEMENT) -> bytes:
    """The RFC 8785 form of a value.

    Args:
        value: dict, list, str, int, Decimal, bool or None, of exactly these types.
        limits: bounds on size, depth and nodes; numbers have the bounds of what is signed.

    Raises:
        InputError: ``canonical.float``, ``canonical.unsupported_type``, ``canonical.key_type``, and
            the codes of ``read`` for depth, nodes, size, numbers and text; with a JSON pointer.
    """
    octets = _write_fast(value, limits)
    return write_plainly(value, limits) if octets is None else octets


def _write_fast(value: JsonValue, limits: Limits) -> bytes | None:
    """The same octets as ``write_plainly``, or ``None`` where that is not certain."""
    if not _is_plain(value, limits):
        return None
    try:
        octets = orjson.dumps(value, default=_fragment, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError):
        return None
    if _is_within(octets, limits) and (octets.isascii() or _sorts_alike(octets, value, limits)):
        return octets
    return None


def _is_within(octets: bytes, limits: Limits) -> bool:
    if len(octets) <= min(limits.max_octets, limits.max_nodes):
        return True  # a node takes an octet at least: so few need no counting
    try:
        scan(octets, limits)
    except InputError:
        return False
    return True


def _sorts_alike(octets: bytes, value: JsonValue, limits: Limits) -> bool:
    """Whether text beyond ASCII needs no closer look.

    orjson sorts by UTF-8 and JCS by UTF-16, which differ only where a character takes four octets.
    Up to U+017F nothing combines with anything: such text is in normalisation form C.
    """
    if not octets.translate(None, _UP_TO_LATIN_A):
        return True
    return not octets.translate(None, _BELOW_F0) and (
        not limits.require_nfc or _is_nfc(octets, value)
    )


def _is_nfc(octets: bytes, value: JsonValue) -> bool:
    if b"\\" not in octets:
        return unicodedata.is_normalized("NFC", octets.decode())
    return all(unicodedata.is_normalized("NFC", string) for string in strings_in(value))


def _fragment(value: object) -> orjson.Fragment:
    if type(value) is not Decimal:
        raise TypeError
    return orjson.Fragment(decimal_text(value))


def _is_plain(value: JsonValue, limits: Limits) -> bool:
    """Whether only the types above occur, not too deep; the serialiser would take many more."""
    scalars = _SCALARS
    if type(value) in scalars:
        return True
    level: list[object] = [value]
    try:
        for _ in range(limits.max_depth):
            level = [
                child
                for child in chain.from_iterable(_contents(level))
                if type(child) not in scalars
            ]
            if not level:
                return True
            if len(level) > limits.max_nodes:
                return False
    except TypeError:
        return False
    return False


def _contents(level: list[object]) -> Iterator[Iterable[object]]:
    for node in level:
        if type(node) is dict:
            yield node.values()
        elif type(node) is list:
            yield node
        else:
            raise TypeError


def write_plainly(value: JsonValue, limits: Limits = STATEMENT) -> bytes:
    """What ``write`` does, without any haste: RFC 8785 section 3.2 word for word."""
    writer = _PlainWriter(limits)
    octets = writer.text(value, []).encode()
    if len(octets) > limits.max_octets:
        raise InputError(
            "canonical.too_large", f"{len(octets)} octets, at most {limits.max_octets} are written"
        )
    return octets


class _PlainWriter:
    """One document being written; depth is bounded before each descent."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._nodes = 0

    def text(self, value: object, path: list[str | int]) -> str:
        self._nodes += 1
        if self._nodes > self._limits.max_nodes:
            raise InputError(
                "canonical.too_many_nodes", f"more than {self._limits.max_nodes} nodes"
            )
        kind = type(value)
        if kind is dict or kind is list:
            if len(path) >= self._limits.max_depth:
                raise InputError(
                    "canonical.too_deep", f"nested deeper than {self._limits.max_depth} levels"
                )
            return self._container(value, path)
        try:
            return self._scalar(value)
        except InputError as error:
            raise InputError(error.code, f"{error.message}{_place(path)}") from error

    def _container(self, value: object, path: list[str | int]) -> str:
        if isinstance(value, list):
            parts = [self.text(item, [*path, index]) for index, item in enumerate(value)]
            return f"[{','.join(parts)}]"
        assert isinstance(value, dict)
        for name in value:
            self._nodes += 1
            if type(name) is not str:
                raise InputError("canonical.key_type", f"a member name is no text{_place(path)}")
            self._check(name, path)
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        parts = [f"{quoted(name)}:{self.text(value[name], [*path, name])}" for name in names]
        return f"{{{','.join(parts)}}}"

    def _check(self, name: str, path: list[str | int]) -> None:
        code = text_fault(name, self._limits)
        if code is not None:
            raise InputError(code, f"a member name cannot be written{_place(path)}")

    def _scalar(self, value: object) -> str:
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if type(value) is int:
            return integer_text(value)
        if type(value) is Decimal:
            return decimal_text(value)
        if type(value) is str:
            code = text_fault(value, self._limits)
            if code is not None:
                raise InputError(code, "a string cannot be written")
            return quoted(value)
        if isinstance(value, float):
            raise InputError("canonical.float", "a binary float is never signed")
        raise InputError(
            "canonical.unsupported_type", f"{type(value).__name__} has no canonical form"
        )


def quoted(string: str) -> str:
    """A JSON string with the escapes of RFC 8785 section 3.2.2.2 and no others."""
    return f'"{string.translate(_ESCAPES)}"'


def _place(path: list[str | int]) -> str:
    return f" (at {pointer(path) or 'the root'})"
