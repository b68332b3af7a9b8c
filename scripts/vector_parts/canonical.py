"""docs/spec/vectors/canonical.json: texts with their canonical octets, and texts to refuse."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.support import random_json
from veta.canonical import AUTHORED, STATEMENT, read, write
from veta.errors import InputError
from veta.trees import leaf_digest

_SEED = 8785
_GENERATED = 700
_WRAPPERS = (
    "{}",
    "[{}]",
    '{{"a":{}}}',
    "[0,[{},1]]",
    '{{"a":[{{"b":{}}}],"c":null}}',
    ' \t{{\n"é" : {} }}\r\n',
    '{{"x":[true,"\\u00e9",{}]}}',
    '[[[[[[[{{"deep":{}}}]]]]]]]',
)
_FAULTY_VALUES = {
    "canonical.duplicate_key": (
        '{"a":1,"a":1}',
        '{"a":1,"b":{},"a":null}',
        '{"a":1,"\\u0061":2}',
        '{"é":1,"\\u00e9":1}',
        '{"":0,"":0}',
    ),
    "canonical.not_a_number": ("NaN", "Infinity", "-Infinity"),
    "canonical.exponent": ("1e3", "1E3", "0e0", "1.5e-3", "1e400", "-2E+2"),
    "canonical.integer_range": (
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551616",
        "9" * 400,
    ),
    "canonical.too_many_digits": (
        "0.1234567890123456",
        "1234567890.123456",
        "3031.0000000000000",
        "0." + "1" * 400,
    ),
    "canonical.number_too_small": ("0.0000001", "-0.00000099"),
    "canonical.negative_zero": ("-0", "-0.0"),
    "canonical.number_form": ("3031.0", "0.10", "-1.50", "0.0"),
    "canonical.lone_surrogate": ('"\\ud800"', '"x\\udfff"', '"\\ude00\\ud83d"', '{"\\udc00":1}'),
    "canonical.not_nfc": ('"e\u0301"', '"e\\u0301"', '{"n\u0303":1}', '"\u212b"', '"\u1100\u1161"'),
    "canonical.control_character": ('"\x00"', '"a\nb"', '"\x1f"', '{"\t":1}'),
    "canonical.syntax": (
        "+1",
        ".5",
        "-",
        "'a'",
        "tru",
        '"\\x41"',
        "[1,]",
        '{"a":1,}',
        "{a:1}",
    ),
}
_FAULTY_TEXTS = (
    (b"", "canonical.syntax"),
    (b"\xef\xbb\xbf{}", "canonical.byte_order_mark"),
    (b'["\xed\xa0\x80"]', "canonical.not_utf8"),
    (b'["\xc0\x80"]', "canonical.not_utf8"),
    (b'["\xff"]', "canonical.not_utf8"),
    (b"{} {}", "canonical.trailing_octets"),
    (b"1 2", "canonical.trailing_octets"),
    (b"[]\x00", "canonical.trailing_octets"),
    (b"[" * 33, "canonical.too_deep"),
    (b"[" * 33 + b"]" * 33, "canonical.too_deep"),
    (b'{"a":' * 33 + b"1" + b"}" * 33, "canonical.too_deep"),
    (b"[" + b"0," * 20_000 + b"0]", "canonical.too_many_nodes"),
    (b'"' + b"a" * STATEMENT.max_octets + b'"', "canonical.too_large"),
)


def canonical_vectors() -> dict[str, object]:
    """Vectors of reading and writing.

    ``written``: ``text`` read under the rules for statements has these canonical octets (hex), and
    a statement of these octets this leaf. ``refused``: ``octets`` (hex; repeated ``times`` where
    given between ``before`` and ``after``) are refused with ``code`` by whoever issues.
    """
    return {
        "about": "RFC 8785 within the bounds of what is signed; leaf = SHA-256(0x00 || octets)",
        "written": [_written(text) for text in (*_chosen_texts(), *_generated_texts())],
        "refused": [_refused(octets, code) for octets, code in _refused_octets()],
    }


def _chosen_texts() -> list[str]:
    values = ("0", "-1", "9007199254740991", "-9007199254740991", "0.1", "12.50", "3031.0", "null")
    return [
        *(wrapper.format(value) for wrapper in _WRAPPERS for value in values),
        '{"\u20ac":1,"\\r":2,"\ue000":3,"1":4,"😀":5,"\\u0080":6,"ö":7}',
        '{"b":{"z":[],"a":{}},"a":[true,false,null,""]}',
        json.dumps("".join(map(chr, range(0x80))) + "\u2028\u2029/"),
        "[" * 32 + "]" * 32,
        "0.000001",
        "0.00000123456789012345",
        "99999999999999.9",
    ]


def _generated_texts() -> list[str]:
    source = random.Random(_SEED)
    return [_spelled(random_json.document(source, depth=3), source) for _ in range(_GENERATED)]


def _spelled(value: Any, source: random.Random) -> str:
    """A text of the value in some other than its canonical form."""
    space = source.choice(("", "", " ", "\n\t"))
    if isinstance(value, dict):
        members = list(value.items())
        source.shuffle(members)
        parts = [
            f"{_spelled(name, source)}:{space}{_spelled(item, source)}" for name, item in members
        ]
        return "{" + space + f",{space}".join(parts) + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(_spelled(item, source) for item in value) + space + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=source.random() < 0.5)
    return write(value).decode()


def _written(text: str) -> dict[str, object]:
    octets = write(read(text.encode()))
    return {"text": text, "canonical": octets.hex(), "leaf": leaf_digest(octets).hex()}


def _refused_octets() -> list[tuple[bytes, str]]:
    wrapped = [
        (wrapper.format(value).encode(), code)
        for code, values in _FAULTY_VALUES.items()
        for value in values
        for wrapper in _WRAPPERS
    ]
    return [*wrapped, *_FAULTY_TEXTS]


def _refused(octets: bytes, code: str) -> dict[str, object]:
    try:
        read(octets, AUTHORED)
    except InputError as error:
        if error.code != code:
            raise AssertionError(f"{octets[:80]!r}: {error.code}, not {code}") from error
    else:
        raise AssertionError(f"{octets[:80]!r} is read")
    if len(octets) < 2000:
        return {"octets": octets.hex(), "code": code}
    if octets.startswith(b"["):
        return {"before": "5b", "octets": "302c", "times": 20_000, "after": "305d", "code": code}
    return {"before": "22", "octets": "61", "times": len(octets) - 2, "after": "22", "code": code}
