"""Strict JSON reader for octets from outside.

Order of the checks; nothing later runs on what an earlier one refused:

1. length; 2. byte order mark and UTF-8; 3. depth and number of nodes, by a scan without recursion;
4. grammar (RFC 8259), duplicate names, numbers; 5. lone surrogates; 6. normalisation form C.

Step 3 exists because the parser of the standard library recurses: a chain client library raises the
interpreter's recursion limit so far that a body of 80 kB would end the process.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NoReturn, TypeAlias

from veta.canonical.limits import STATEMENT, Limits
from veta.canonical.locate import position_of
from veta.canonical.numbers import read_decimal, read_integer
from veta.errors import InputError

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | Decimal | bool | None"
"""What is read and written here; never a float."""

_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b"[]{}"))
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_OPENING: Final = ord("[")
_BOM: Final = b"\xef\xbb\xbf"


def read(octets: bytes, limits: Limits = STATEMENT) -> JsonValue:
    """Read one JSON text.

    Args:
        octets: the text in UTF-8, nothing before or after but white space.
        limits: bounds; ``STATEMENT`` unless said otherwise.

    Returns:
        The value; integral numbers as ``int``, others as ``Decimal``.

    Raises:
        InputError: with one of the codes ``canonical.too_large``, ``.byte_order_mark``,
            ``.not_utf8``, ``.too_deep``, ``.too_many_nodes``, ``.syntax``, ``.trailing_octets``,
            ``.control_character``, ``.duplicate_key``, ``.not_a_number``, ``.exponent``,
            ``.integer_range``, ``.too_many_digits``, ``.number_too_small``, ``.number_form``,
            ``.negative_zero``, ``.lone_surrogate``, ``.not_nfc``; the message names the place.
    """
    text = scan(octets, limits)
    value = parse(text, _decoder(limits), limits)
    _check_text(text, value, limits)
    return value


def read_object(octets: bytes, limits: Limits = STATEMENT) -> dict[str, JsonValue]:
    """Read one JSON text that has to be an object.

    Raises:
        InputError: as ``read``; ``canonical.not_an_object``.
    """
    value = read(octets, limits)
    if not isinstance(value, dict):
        raise InputError("canonical.not_an_object", "the JSON text is not an object")
    return value


def scan(octets: bytes, limits: Limits) -> str:
    """Steps 1 to 3: the text, of bounded length, depth and node count."""
    if len(octets) > limits.max_octets:
        raise InputError(
            "canonical.too_large", f"{len(octets)} octets, at most {limits.max_octets} are read"
        )
    if octets.startswith(_BOM):
        raise InputError("canonical.byte_order_mark", "the text begins with a byte order mark")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("canonical.not_utf8", f"not UTF-8 at octet {error.start}") from error
    _scan_structure(octets, limits)
    return text


def _scan_structure(octets: bytes, limits: Limits) -> None:
    """Bound depth and nodes without parsing.

    Strings are cut out by taking every second part between quotation marks, after escaped
    backslashes and escaped quotation marks are gone. That is exact up to the first backslash
    outside a string, and no parser gets past that one.
    """
    unescaped = octets.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = unescaped.count(b'"')
    if marks > 2 * limits.max_nodes:
        raise _too_many_nodes(marks // 2, limits)
    bare = b"".join(unescaped.split(b'"')[::2])
    _bound_depth(bare.translate(_SQUARE, _NOT_STRUCTURE)[: 2 * limits.max_nodes], limits)
    nodes = 1 + bare.count(b",") + bare.count(b":") + bare.count(b"[") + bare.count(b"{")
    if nodes > limits.max_nodes:
        raise _too_many_nodes(nodes, limits)


def _too_many_nodes(nodes: int, limits: Limits) -> InputError:
    return InputError(
        "canonical.too_many_nodes", f"{nodes} nodes, at most {limits.max_nodes} are read"
    )


def _bound_depth(brackets: bytes, limits: Limits) -> None:
    """Refuse a run of ``[`` and ``]`` that opens too many before it closes them."""
    innermost_gone = brackets
    for _ in range(limits.max_depth):
        innermost_gone = innermost_gone.replace(b"[]", b"")
        if not innermost_gone:
            return
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket == _OPENING else -1
        if depth > limits.max_depth:
            raise InputError("canonical.too_deep", f"nested deeper than {limits.max_depth} levels")
        if depth < 0:
            return  # a fault of grammar, at which every parser stops


def parse(text: str, decoder: json.JSONDecoder, limits: Limits) -> JsonValue:
    """Step 4, on a text that ``scan`` let pass."""
    try:
        return decoder.decode(text)  # type: ignore[no-any-return]
    except json.JSONDecodeError as error:
        raise _syntax(text, error) from error
    except InputError as error:
        raise _placed(error, text, limits) from error


def _syntax(text: str, error: json.JSONDecodeError) -> InputError:
    octet = len(text[: error.pos].encode())
    code = "canonical.syntax"
    if error.msg.startswith("Extra data"):
        code = "canonical.trailing_octets"
    elif error.msg.startswith("Invalid control character"):
        code = "canonical.control_character"
    return InputError(code, f"not JSON: {error.msg} (octet {octet})")


def _placed(error: InputError, text: str, limits: Limits) -> InputError:
    """The same refusal, with the place of the first value it is true of."""
    return InputError(error.code, error.message + position_of(error.code, text, limits))


def _check_text(text: str, value: JsonValue, limits: Limits) -> None:
    """Steps 5 and 6. Only an escape can hide what the text itself does not show."""
    if "\\" in text:
        if "\\u" not in text and text.isascii():
            return
        for string in strings_in(value):
            code = text_fault(string, limits)
            if code is not None:
                raise _placed(InputError(code, _FAULTS[code]), text, limits)
    elif limits.require_nfc and not text.isascii() and not _is_nfc(text):
        raise _placed(InputError("canonical.not_nfc", _FAULTS["canonical.not_nfc"]), text, limits)


_FAULTS: Final = {
    "canonical.lone_surrogate": "a string holds half of a surrogate pair",
    "canonical.not_nfc": "a string is not in Unicode normalisation form C",
}


def text_fault(string: str, limits: Limits) -> str | None:
    """Code of what is wrong with a string, ``None`` if nothing is."""
    if string.isascii():
        return None
    try:
        string.encode()
    except UnicodeEncodeError:
        return "canonical.lone_surrogate"
    if limits.require_nfc and not _is_nfc(string):
        return "canonical.not_nfc"
    return None


def _is_nfc(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def strings_in(value: JsonValue) -> Iterator[str]:
    """Every string and member name, in no particular order."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


def object_of(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """An object of its members, whose names must differ.

    Raises:
        InputError: ``canonical.duplicate_key``.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InputError("canonical.duplicate_key", "an object has two members of one name")
    return members


def refuse_constant(token: str) -> NoReturn:
    """Refuse the constants that JSON does not have.

    Raises:
        InputError: ``canonical.not_a_number``.
    """
    raise InputError("canonical.not_a_number", f"{token} is not JSON")


@functools.lru_cache(maxsize=8)
def _decoder(limits: Limits) -> json.JSONDecoder:
    def integer(numeral: str) -> int:
        if len(numeral) < 16 and numeral != "-0":  # what occurs, without a further call
            return int(numeral)
        return read_integer(numeral, limits)

    def decimal(numeral: str) -> int | Decimal:
        return read_decimal(numeral, limits)

    return json.JSONDecoder(
        object_pairs_hook=object_of,
        parse_int=integer,
        parse_float=decimal,
        parse_constant=refuse_constant,
        strict=True,
    )
