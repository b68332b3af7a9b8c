"""What the writer refuses to sign, and the form it writes."""

from __future__ import annotations

import enum
import itertools
import unicodedata
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_UP, Context, Decimal, localcontext
from typing import Any

import pytest

from veta.canonical import (
    AUTHORED,
    MAX_SAFE_INTEGER,
    STATEMENT,
    is_canonical,
    read,
    require_canonical,
    restore,
    write,
)
from veta.canonical.writer import write_plainly
from veta.errors import InputError


def refusal(value: Any, **bounds: int) -> InputError:
    """The refusal of ``write``; the plain writer must refuse with the same code."""
    limits = replace(STATEMENT, **bounds)  # type: ignore[arg-type]
    with pytest.raises(InputError) as caught:
        write(value, limits)
    with pytest.raises(InputError) as plainly:
        write_plainly(value, limits)
    assert plainly.value.code == caught.value.code
    return caught.value


@pytest.mark.row("T19")
@pytest.mark.parametrize(
    "number", [0.0, 1.5, -2.0, 3031.0, 1e400, float("nan"), float("-inf"), 5e-324]
)
def test_write__binary_float__is_refused(number: float) -> None:
    for value, place in ((number, "the root"), ({"a": [0, number]}, "/a/1")):
        error = refusal(value)
        assert error.code == "canonical.float"
        assert place in error.message


@dataclass
class _Record:
    a: int = 1


class _Colour(enum.Enum):
    RED = 1


class _Grams(int):
    pass


class _Name(str):  # noqa: SLOT000 - a subclass is the point
    pass


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        {1, 2},
        b"octets",
        bytearray(b"a"),
        1j,
        _Record(),
        _Colour.RED,
        enum.IntEnum("Level", ["LOW"]).LOW,  # type: ignore[attr-defined]
        _Grams(5),
        _Name("x"),
        uuid.UUID(int=0),
        datetime(2026, 1, 1, tzinfo=UTC),
        object(),
        type("Members", (dict,), {})(a=1),
        type("Items", (list,), {})([1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_write__type_without_a_canonical_form__is_refused(value: object) -> None:
    """The fast serialiser would write most of these."""
    for nested in (value, [value], {"a": {"b": [None, value]}}):
        assert refusal(nested).code == "canonical.unsupported_type"


@pytest.mark.parametrize("name", [1, None, True, b"a", 1.5, _Name("a"), Decimal(1)])
def test_write__member_name_that_is_no_text__is_refused(name: object) -> None:
    assert refusal({"a": {name: 1}}).code == "canonical.key_type"


@pytest.mark.row("T19")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (MAX_SAFE_INTEGER + 1, "canonical.integer_range"),
        (-MAX_SAFE_INTEGER - 1, "canonical.integer_range"),
        pytest.param(10**5000, "canonical.integer_range", id="10**5000"),
        (Decimal(MAX_SAFE_INTEGER + 1), "canonical.integer_range"),
        (Decimal("1e300"), "canonical.integer_range"),
        (Decimal("1e999999"), "canonical.integer_range"),
        (Decimal("9007199254740992.5"), "canonical.too_many_digits"),
        (Decimal("-0"), "canonical.negative_zero"),
        (Decimal("-0.00"), "canonical.negative_zero"),
        (Decimal("NaN"), "canonical.not_a_number"),
        (Decimal("sNaN"), "canonical.not_a_number"),
        (Decimal("Infinity"), "canonical.not_a_number"),
        (Decimal("0.0000001"), "canonical.number_too_small"),
        (Decimal("1e-999999"), "canonical.number_too_small"),
        (Decimal("0.00000099999"), "canonical.number_too_small"),
        (Decimal("0.1234567890123456"), "canonical.too_many_digits"),
        (Decimal("1234567890.123456"), "canonical.too_many_digits"),
        (Decimal("1.00000000000000000001"), "canonical.too_many_digits"),
    ],
)
def test_write__number_beyond_what_is_signed__is_refused(number: Any, code: str) -> None:
    error = refusal({"q": [number]})
    assert error.code == code
    assert "/q/0" in error.message


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("3031.0"), b"3031"),
        (Decimal("3.031E+3"), b"3031"),
        (Decimal("0E+10"), b"0"),
        (Decimal("0.00"), b"0"),
        (Decimal("12.50"), b"12.5"),
        (Decimal("-12.5"), b"-12.5"),
        (Decimal("0.000001"), b"0.000001"),
        (Decimal("1.5E-5"), b"0.000015"),
        (Decimal("0.00000123456789012345"), b"0.00000123456789012345"),
        (Decimal("99999999999999.9"), b"99999999999999.9"),
        (Decimal("123456789012345.000"), b"123456789012345"),
        (Decimal(MAX_SAFE_INTEGER), b"9007199254740991"),
        (-MAX_SAFE_INTEGER, b"-9007199254740991"),
        (0, b"0"),
    ],
)
def test_write__number__has_one_text_whatever_its_form(number: Any, text: bytes) -> None:
    assert write(number) == text
    assert write_plainly(number) == text
    with localcontext(Context(prec=2, rounding=ROUND_UP)):
        assert write([number]) == b"[%b]" % text
        assert read(text) == number


@pytest.mark.row("T20")
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (["\ud800"], "canonical.lone_surrogate"),
        (["a\udfffb"], "canonical.lone_surrogate"),
        ({"\ud83d": 1}, "canonical.lone_surrogate"),
        (["Min\u0303a"], "canonical.not_nfc"),
        (["\n", "e\u0301"], "canonical.not_nfc"),
        ({"e\u0301": 1}, "canonical.not_nfc"),
        ({"\u212b": {}}, "canonical.not_nfc"),
        (["\U0001d15e"], "canonical.not_nfc"),
    ],
)
def test_write__text_that_cannot_be_signed__is_refused(value: Any, code: str) -> None:
    assert refusal(value).code == code


def test_write__beyond_depth_nodes_or_octets__is_refused() -> None:
    deep: Any = 1
    for _ in range(STATEMENT.max_depth):
        deep = [deep]
    assert write(deep) == b"[" * 32 + b"1" + b"]" * 32
    assert refusal([deep]).code == "canonical.too_deep"
    assert refusal({"a": deep}).code == "canonical.too_deep"
    assert write([1, [2]], replace(STATEMENT, max_nodes=4)) == b"[1,[2]]"
    assert refusal([1, [2]], max_nodes=3).code == "canonical.too_many_nodes"
    assert refusal({"a": 1}, max_nodes=2).code == "canonical.too_many_nodes"
    assert refusal([0] * 20_000).code == "canonical.too_many_nodes"
    assert write("a" * 8, replace(STATEMENT, max_octets=10)) == b'"aaaaaaaa"'
    assert refusal("a" * 9, max_octets=10).code == "canonical.too_large"
    assert refusal("é" * 200_000).code == "canonical.too_large"


def test_write__value_that_holds_itself__is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert refusal(loop).code == "canonical.too_deep"
    wide: Any = [0]
    for _ in range(30):
        wide = [wide, wide]
    assert refusal(wide).code == "canonical.too_many_nodes"


def test_write__large_document__is_written_as_the_plain_writer_does() -> None:
    value: Any = {f"k{index}": {"q": index, "text": "x" * 20} for index in range(3000)}
    assert len(write(value)) > 100_000
    assert write(value) == write_plainly(value)


def test_write__member_names__are_sorted_by_utf_16() -> None:
    """RFC 8785 section 3.2.3: a surrogate pair comes before U+FB33, whose code point is lower."""
    value: Any = {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "1": 4, "\r": 5, "ö": 6, "": 7}
    expected = '{"":7,"\\r":5,"1":4,"ö":6,"€":3,"😀":2,"\ufb33":1}'
    with pytest.raises(InputError):  # U+FB33 is not in form C
        write(value)
    free = replace(STATEMENT, require_nfc=False)
    assert write(value, free).decode() == expected
    private: Any = {"\ue000": 1, "\U0001f600": 2}
    assert write(private).decode() == '{"😀":2,"\ue000":1}'


def test_write__characters__are_escaped_as_the_rfc_says_and_no_others() -> None:
    text = "".join(map(chr, range(0x80))) + "\u2028\u2029/€"
    expected = (
        '"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f'
        "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c"
        "\\u001d\\u001e\\u001f"
        " !\\\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`"
        'abcdefghijklmnopqrstuvwxyz{|}~\x7f\u2028\u2029/€"'
    )
    assert write(text).decode() == expected
    assert write_plainly(text).decode() == expected


def test_write__characters_up_to_latin_a__never_combine() -> None:
    """What lets the fast writer take such text without a look at normalisation."""
    latin = [chr(code) for code in range(0x180)]
    for first, second in itertools.product(latin, repeat=2):
        assert unicodedata.is_normalized("NFC", first + second)
    assert max("".join(latin).encode()) < 0xC6 <= chr(0x180).encode()[0]


@pytest.mark.row("A02")
@pytest.mark.parametrize(
    "copy",
    [
        '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":3031,"share":0.5}',
        '{ "share" : 0.5,\n\t"pcf": 3031, "lot": "BSE-CAT-26-1001", "issuer": "Mina Ñuñoa" }\r\n',
        '{"pcf":3031.0,"share":0.500,"lot":"BSE-CAT-26-1001","issuer":"Mina Ñuñoa"}',
        '{"pcf":3031,"share":0.5,"lot":"BSE-CAT-26-1001","issuer":"Mina N\u0303un\u0303oa"}',
        '{"pcf":3031,"share":0.5,"lot":"BSE\\u002dCAT-26-1001","issuer":"Mina \\u00d1u\\u00f1oa"}',
        '{"pcf":3031.00,"share":0.5,"\\u006cot":"BSE-CAT-26-1001","issuer":"Mina N\\u0303uñoa"}',
    ],
)
def test_restore__copy_rewritten_but_not_changed__has_the_signed_octets(copy: str) -> None:
    signed = '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":3031,"share":0.5}'.encode()
    assert restore(copy.encode()) == signed
    assert is_canonical(signed)


@pytest.mark.row("A02")
@pytest.mark.parametrize(
    "copy",
    [
        '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":2031,"share":0.5}',
        '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":"3031","share":0.5}',
        '{"issuer":"Mina Nunoa","lot":"BSE-CAT-26-1001","pcf":3031,"share":0.5}',
        '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":3031.1,"share":0.5}',
        '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":3031,"share":0.5,"x":null}',
    ],
)
def test_restore__copy_that_was_changed__has_other_octets(copy: str) -> None:
    signed = '{"issuer":"Mina Ñuñoa","lot":"BSE-CAT-26-1001","pcf":3031,"share":0.5}'.encode()
    assert restore(copy.encode()) != signed


@pytest.mark.row("A02", "T18")
@pytest.mark.parametrize(
    "copy", ['{"a":1,"a":1}', '{"\u00e9":1,"e\u0301":2}', '[{"\u212b":1,"\u00c5":1}]']
)
def test_restore__two_members_of_one_name__is_refused(copy: str) -> None:
    with pytest.raises(InputError) as caught:
        restore(copy.encode())
    assert caught.value.code == "canonical.duplicate_key"


@pytest.mark.row("T21")
@pytest.mark.parametrize(
    ("octets", "at"),
    [
        (b'{"a":1, "b":2}', 7),
        (b'{"b":1,"a":2}', 2),
        (b"[3031.0]", 5),
        (b"[12.50]", 5),
        (b'["\\u0041"]', 2),
        (b'["\\/"]', 2),
        (b'["\\u000A"]', 3),
        (b'["\\u000B"]', 7),
        (b"[1]\n", 3),
        (b" 1", 0),
    ],
)
def test_require_canonical__readable_but_in_other_form__is_refused_with_the_octet(
    octets: bytes, at: int
) -> None:
    read(octets)
    with pytest.raises(InputError) as caught:
        require_canonical(octets)
    assert caught.value.code == "canonical.not_canonical"
    assert f"octet {at}" in caught.value.message
    assert not is_canonical(octets)


@pytest.mark.parametrize("octets", [b'{"a":1,"a":1}', b"[1e3]", b"", b"\xff", b"[" * 40])
def test_is_canonical__unreadable__is_false_and_require_says_why(octets: bytes) -> None:
    assert not is_canonical(octets)
    with pytest.raises(InputError) as caught:
        require_canonical(octets)
    assert caught.value.code != "canonical.not_canonical"


def test_require_canonical__canonical_octets__returns_their_value() -> None:
    octets = '{"a":[0.5,{"é":null}],"b":"\\n"}'.encode()
    assert require_canonical(octets) == {"a": [Decimal("0.5"), {"é": None}], "b": "\n"}
    assert require_canonical(octets, AUTHORED) == read(octets)
