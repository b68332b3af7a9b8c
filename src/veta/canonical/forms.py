"""Canonical or not, and what a copy was before somebody's software rewrote it."""

from __future__ import annotations

import json
import unicodedata
from typing import Final

from veta.canonical.limits import COPY, FOREIGN, STATEMENT, Limits
from veta.canonical.numbers import ecmascript_number
from veta.canonical.reader import (
    JsonValue,
    object_of,
    parse,
    read,
    refuse_constant,
    scan,
    strings_in,
    text_fault,
)
from veta.canonical.writer import quoted, write
from veta.errors import InputError


def is_canonical(octets: bytes, limits: Limits = STATEMENT) -> bool:
    """Whether the octets are readable and equal their own RFC 8785 form."""
    try:
        require_canonical(octets, limits)
    except InputError:
        return False
    return True


def require_canonical(octets: bytes, limits: Limits = STATEMENT) -> JsonValue:
    """Read octets that must equal their own RFC 8785 form.

    Raises:
        InputError: as ``read``; ``canonical.not_canonical`` with the first octet that differs.
    """
    value = read(octets, limits)
    canonical = write(value, limits)
    if canonical != octets:
        pairs = zip(canonical, octets, strict=False)
        shorter = min(len(canonical), len(octets))
        at = next((i for i, (ours, theirs) in enumerate(pairs) if ours != theirs), shorter)
        raise InputError(
            "canonical.not_canonical", f"differs from its canonical form at octet {at}"
        )
    return value


def restore(octets: bytes, limits: Limits = COPY) -> bytes:
    """The canonical octets of a document whose copy was rewritten without being changed.

    Order of members, white space, escapes, trailing zeros (``3031.0``) and accents taken apart
    (NFD) are undone, so the copy of an untouched statement gets its signed octets, and with them
    its leaf, back. Nothing is ever verified by this alone: the result is compared with the octets
    that were signed.

    Raises:
        InputError: as ``read``; ``canonical.duplicate_key`` also where two names become one.
    """
    return write(_composed(read(octets, limits)), limits)


def _composed(value: JsonValue) -> JsonValue:
    """The value with all text in normalisation form C; recursion is bounded by the reader."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_composed(item) for item in value]
    if isinstance(value, dict):
        return object_of(
            [(unicodedata.normalize("NFC", name), _composed(item)) for name, item in value.items()]
        )
    return value


class _Number(str):
    """A JSON number token, told apart from a string."""

    __slots__ = ()


_FOREIGN_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=object_of,
    parse_int=_Number,
    parse_float=_Number,
    parse_constant=refuse_constant,
)


def canonicalise_foreign(octets: bytes, limits: Limits = FOREIGN) -> bytes:
    """RFC 8785 in full, numbers as IEEE 754 doubles: for what others sign, never for our own.

    Raises:
        InputError: as ``read``, without the bounds on numbers other than the range of a double.
    """
    text = scan(octets, limits)
    value = parse(text, _FOREIGN_DECODER, limits)
    for string in strings_in(value):
        code = text_fault(string, limits)
        if code is not None:
            raise InputError(code, "a string has no canonical form")
    return _foreign_text(value).encode()


def _foreign_text(value: object) -> str:
    if isinstance(value, _Number):
        return ecmascript_number(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{','.join(map(_foreign_text, value))}]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        members = [f"{quoted(name)}:{_foreign_text(value[name])}" for name in names]
        return f"{{{','.join(members)}}}"
    return {None: "null", True: "true", False: "false"}[value]  # type: ignore[index]
