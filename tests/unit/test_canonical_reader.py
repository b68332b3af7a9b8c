"""What the reader refuses, under which code and at which place; then what it reads."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
import tracemalloc
from dataclasses import replace
from decimal import Decimal

import pytest

from veta.canonical import (
    AUTHORED,
    COPY,
    FOREIGN,
    MAX_SAFE_INTEGER,
    STATEMENT,
    Limits,
    read,
    read_object,
)
from veta.errors import InputError


def refusal(octets: bytes, limits: Limits = STATEMENT) -> InputError:
    with pytest.raises(InputError) as caught:
        read(octets, limits)
    return caught.value


@pytest.mark.row("T18", "A02")
@pytest.mark.parametrize(
    ("octets", "place"),
    [
        (b'{"a":1,"a":2}', "octet 7, at /a"),
        (b'{"a":1,"a":1}', "octet 7, at /a"),
        (b'{"a":{"b":[{"c":1,"c":1}]}}', "octet 18, at /a/b/0/c"),
        (b'[[],{"":1,"":2}]', "octet 10, at /1/"),
        (b'{"a":1,"\\u0061":2}', "octet 7, at /a"),
        (b'{"/~":1,"\\u002f\\u007e":2}', "octet 8, at /~1~0"),
        ('{"é":1,"\\u00e9":2}'.encode(), "octet 8, at /\\xe9"),
        (b'{"a":null,"b":1,"a":{}}', "octet 16, at /a"),
    ],
)
def test_read__two_members_of_one_name__is_refused(octets: bytes, place: str) -> None:
    for limits in (STATEMENT, AUTHORED, COPY, FOREIGN):
        error = refusal(octets, limits)
        assert error.code == "canonical.duplicate_key"
        assert place in error.message


@pytest.mark.row("T19", "A58")
@pytest.mark.parametrize(
    ("numeral", "code"),
    [
        ("NaN", "canonical.not_a_number"),
        ("Infinity", "canonical.not_a_number"),
        ("-Infinity", "canonical.not_a_number"),
        ("-0", "canonical.negative_zero"),
        ("-0.0", "canonical.negative_zero"),
        ("-0.000", "canonical.negative_zero"),
        ("1e400", "canonical.exponent"),
        ("1E2", "canonical.exponent"),
        ("1.5e-3", "canonical.exponent"),
        ("0e0", "canonical.exponent"),
        ("1e999999999999999999999", "canonical.exponent"),
        ("9007199254740992", "canonical.integer_range"),
        ("-9007199254740992", "canonical.integer_range"),
        ("9007199254740993", "canonical.integer_range"),
        ("1" + "0" * 22, "canonical.integer_range"),
        ("9" * 5000, "canonical.integer_range"),
        ("-" + "9" * 200_000, "canonical.integer_range"),
        ("0." + "1" * 16, "canonical.too_many_digits"),
        ("1234567890.123456", "canonical.too_many_digits"),
        ("3.0000000000000000", "canonical.too_many_digits"),
        ("0." + "3" * 200_000, "canonical.too_many_digits"),
        ("0." + "0" * 200_000, "canonical.too_many_digits"),
        ("0.0000001", "canonical.number_too_small"),
        ("-0.00000099", "canonical.number_too_small"),
    ],
)
def test_read__number_beyond_what_is_signed__is_refused(numeral: str, code: str) -> None:
    for template, place in (("[{}]", "octet 1, at /0"), ('{{"q": {}}}', "octet 6, at /q")):
        error = refusal(template.format(numeral).encode())
        assert error.code == code
        assert place in error.message
    assert refusal(numeral.encode()).code == code


@pytest.mark.row("A02")
@pytest.mark.parametrize("numeral", ["3031.0", "0.0", "12.50", "0.10", "-7.00"])
def test_read__number_not_in_canonical_form__is_refused_where_it_is_to_be_signed(
    numeral: str,
) -> None:
    error = refusal(b'{"pcf":%b}' % numeral.encode(), AUTHORED)
    assert error.code == "canonical.number_form"
    assert "at /pcf" in error.message


@pytest.mark.parametrize(
    "numeral",
    ["01", "-", "+1", ".5", "1.", "-.5", "0x10", "1_000", "١", "1,5", "--1", "1.2.3"],
)
def test_read__no_number_of_the_grammar__is_refused(numeral: str) -> None:
    error = refusal(b'{"n":%b}' % numeral.encode())
    assert error.code == "canonical.syntax"


@pytest.mark.row("T20")
@pytest.mark.parametrize(
    "octets",
    [
        b'["\\ud800"]',
        b'["\\uDFFF"]',
        b'["a\\ud83dz"]',
        b'["\\ude00\\ud83d"]',
        b'["\\ud83d\\ud83d\\ude00"]',
        b'["\\uD800\\u0041"]',
        b'{"\\udc00":1}',
    ],
)
def test_read__half_a_surrogate_pair_escaped__is_refused(octets: bytes) -> None:
    for limits in (STATEMENT, FOREIGN):
        error = refusal(octets, limits)
        assert error.code == "canonical.lone_surrogate"
        assert "octet 1, at /" in error.message


@pytest.mark.row("T20")
@pytest.mark.parametrize(
    ("octets", "at"),
    [
        (b'["\xed\xa0\x80"]', 2),  # raw surrogate
        (b'["\xed\xbf\xbf"]', 2),
        (b'["\xed\xa0\xbd\xed\xb8\x80"]', 2),  # CESU-8
        (b'["\xc0\x80"]', 2),  # overlong NUL
        (b'["\xe2\x82"]', 2),  # truncated
        (b'["\xf4\x90\x80\x80"]', 2),  # beyond U+10FFFF
        (b'["ab\xff"]', 4),
        ('["ü"]'.encode("latin-1"), 2),
        ("[1]".encode("utf-16"), 0),
    ],
)
def test_read__octets_that_are_not_utf8__are_refused(octets: bytes, at: int) -> None:
    error = refusal(octets)
    assert error.code == "canonical.not_utf8"
    assert f"octet {at}" in error.message


@pytest.mark.parametrize("octets", [b"\xef\xbb\xbf{}", b"\xef\xbb\xbf", b"\xef\xbb\xbf[1]"])
def test_read__byte_order_mark__is_refused(octets: bytes) -> None:
    assert refusal(octets).code == "canonical.byte_order_mark"


@pytest.mark.row("T20")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('["Min\u0303a"]', "octet 1, at /0"),
        ('{"n":"Ku\u0308nstler"}', "octet 5, at /n"),
        ('{"e\u0301":1}', "octet 1, at /e\\u0301"),
        ('["e\\u0301"]', "octet 1, at /0"),
        ('["\\u0065\\u0301"]', "octet 1, at /0"),
        ('["\u212b"]', "octet 1, at /0"),  # ANGSTROM SIGN
        ('["ok","\\n\\t a\u0323\u0307 "]', "octet 6, at /1"),
        ('["\u1100\u1161"]', "octet 1, at /0"),  # conjoining jamo
    ],
)
def test_read__text_not_in_form_c__is_refused(text: str, place: str) -> None:
    error = refusal(text.encode())
    assert error.code == "canonical.not_nfc"
    assert place in error.message
    read(text.encode(), FOREIGN)


@pytest.mark.parametrize(
    "text", ['["\\n\u0303"]', '["\\\\\u0301", "é"]', '["\u0301"]', '["\\u00f1"]', '["Ñuñoa 鉱"]']
)
def test_read__form_c_beside_escapes__is_read(text: str) -> None:
    """A combining mark right after an escape does not combine with the escape's letter."""
    assert read(text.encode()) == json.loads(text)


@pytest.mark.parametrize("code", [*range(0x20)])
def test_read__control_character_in_a_string__is_refused(code: int) -> None:
    error = refusal(b'["a%cb"]' % code)
    assert error.code == "canonical.control_character"
    assert "octet 3" in error.message


@pytest.mark.parametrize(
    "octets", [b"{} {}", b"[1]]", b"1 2", b"null,", b'"a" "b"', b"{}\x00", b"[] //", b"0\xc2\xa0"]
)
def test_read__something_after_the_value__is_refused(octets: bytes) -> None:
    assert refusal(octets).code == "canonical.trailing_octets"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b" ",
        b"[",
        b"]",
        b"{",
        b"}",
        b"[1,]",
        b"[,1]",
        b'{"a"}',
        b'{"a":}',
        b'{"a":1,}',
        b"{a:1}",
        b"{'a':1}",
        b"{1:1}",
        b'"',
        b'"\\',
        b'"\\x41"',
        b'"\\u12"',
        b'"\\u+123"',
        b"tru",
        b"True",
        b"nul",
        b"nan",
        b"undefined",
        b"[1 2]",
        b"/**/1",
        b"\x0c1",
        b"\xc2\xa01",
        b"[}",
        b"{]",
        b'["a\\"',
        b"\\",
        b'\\"[[[[',
        b"--",
    ],
)
def test_read__what_is_not_json__is_refused(octets: bytes) -> None:
    error = refusal(octets)
    assert error.code == "canonical.syntax"
    assert "octet" in error.message


@pytest.mark.row("A58")
@pytest.mark.parametrize("extra", [1, 2, 1000])
def test_read__more_octets_than_allowed__is_refused_unread(extra: int) -> None:
    octets = b'"' + b"a" * (STATEMENT.max_octets - 2) + b'"'
    assert len(read(octets)) == STATEMENT.max_octets - 2  # type: ignore[arg-type]
    assert refusal(octets + b" " * extra).code == "canonical.too_large"
    assert refusal(b"\xff" * (STATEMENT.max_octets + extra)).code == "canonical.too_large"


@pytest.mark.row("T32")
@pytest.mark.parametrize("limits", [STATEMENT, AUTHORED, COPY, FOREIGN])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_read__nested_deeper_than_allowed__is_refused(
    opening: str, closing: str, limits: Limits
) -> None:
    per = opening.count("[") + opening.count("{")
    deepest = limits.max_depth // per

    read((opening * deepest + "1" + closing * deepest).encode(), limits)
    deeper = deepest + 1
    for octets in (
        opening * deeper + "1" + closing * deeper,
        opening * deeper,
        '["\\\\","\\"[",' + opening * deeper,
        opening * 2000,
    ):
        assert refusal(octets.encode(), limits).code == "canonical.too_deep"


@pytest.mark.parametrize(
    "octets", [b'["[[[[[[[["]', b'["\\"[[[[["]', b'["\\\\\\"[[[[["]', b'{"[[[[[[":"{{{{{{"}']
)
def test_read__brackets_inside_strings__are_no_depth(octets: bytes) -> None:
    assert read(octets, replace(STATEMENT, max_depth=1)) == json.loads(octets)


def test_read__closing_brackets_first__do_not_pay_for_later_depth() -> None:
    assert refusal(b"]" * 40 + b"[" * 60).code == "canonical.syntax"


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("octets", "nodes"),
    [
        (b"[1,2,3]", 4),
        (b'{"a":1,"b":2}', 5),
        (b'["a,b:c",[],{}]', 6),
        (b"7", 1),
    ],
)
def test_read__more_nodes_than_allowed__is_refused(octets: bytes, nodes: int) -> None:
    """The bound counts generously: an empty array counts as if it held something."""
    read(octets, replace(STATEMENT, max_nodes=nodes))
    assert (
        refusal(octets, replace(STATEMENT, max_nodes=nodes - 1)).code == "canonical.too_many_nodes"
    )


def test_read__wide_body_within_its_octets__is_refused_by_nodes() -> None:
    assert refusal(b"[" + b"1," * 30_000 + b"1]").code == "canonical.too_many_nodes"
    assert refusal(b"[" + b"[]," * 30_000 + b"1]").code == "canonical.too_many_nodes"


@pytest.mark.row("T32")
def test_read__nested_bomb_with_the_chain_client_imported__leaves_the_process_alive() -> None:
    """The chain client raises the recursion limit; the standard parser then ends the process."""
    program = textwrap.dedent("""
        import sys
        import web3
        from veta.canonical import FOREIGN, STATEMENT, canonicalise_foreign, read, restore
        from veta.errors import InputError
        assert sys.getrecursionlimit() >= 50_000, sys.getrecursionlimit()
        for count in (33, 80_000, 1_000_000):
            for body in (b"[" * count, b'{"a":' * count, b"[" * count + b"]" * count):
                for door in (read, restore, canonicalise_foreign, lambda b: read(b, FOREIGN)):
                    try:
                        door(body)
                    except InputError as error:
                        assert error.code in {
                            "canonical.too_deep", "canonical.too_large", "canonical.syntax"
                        }, error
        print("alive")
    """)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=120
    )
    assert (run.returncode, run.stdout.strip()) == (0, "alive"), run.stderr


@pytest.mark.parametrize(
    "octets",
    [
        b'"' * 262_144,
        b'"\\' * 131_072,
        b'\\"' * 131_072,
        b'["' + b'\\"' * 131_000,
        b"\\" * 262_144,
        b"{" * 262_144,
        b"-" * 262_144,
        b" " * 262_144,
        b"[" + b"9" * 262_000 + b"]",
        b"[0." + b"9" * 262_000 + b"]",
        b"1e" + b"9" * 262_000,
        b'["' + b"\\ud800" * 43_000 + b'"]',
        ('["' + "e\u0301" * 87_000 + '"]').encode(),
        ('["' + "\u0300" * 131_000 + '"]').encode(),
        b'{"a":1,' * 30,
    ],
)
def test_read__shapes_that_make_parsers_slow__are_refused_at_once(octets: bytes) -> None:
    started = time.process_time()
    for limits in (STATEMENT, FOREIGN, COPY):
        try:
            read(octets, limits)
        except InputError as error:
            assert error.code.startswith("canonical.")
    assert time.process_time() - started < 5


@pytest.mark.row("A58")
def test_read__quotation_marks_only__take_no_memory_to_refuse() -> None:
    octets = b'"' * FOREIGN.max_octets
    tracemalloc.start()
    try:
        assert refusal(octets, FOREIGN).code == "canonical.too_many_nodes"
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 6 * len(octets)


def test_read__fault_at_the_end_of_a_deep_long_text__has_its_place_in_bounded_time() -> None:
    octets = b"[" * 31 + b'"",' * 9_000 + b"[" + b"1" * 200_000 + b"]" + b"]" * 31
    started = time.process_time()
    error = refusal(octets)
    assert time.process_time() - started < 2
    assert error.code == "canonical.integer_range"
    assert error.message.endswith("/0" * 30 + "/9000/0)")


@pytest.mark.row("A58")
@pytest.mark.parametrize("octets", [b"[]", b"1", b'"a"', b"null", b"true"])
def test_read_object__other_value__is_refused(octets: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_object(octets)
    assert caught.value.code == "canonical.not_an_object"


def test_read__numbers__are_exact_and_typed_by_value() -> None:
    assert read_object(b'{"a": 0, "b": -12, "c": 0.1, "d": 12.50, "e": 3031.0, "f": 0.000001}') == {
        "a": 0,
        "b": -12,
        "c": Decimal("0.1"),
        "d": Decimal("12.5"),
        "e": 3031,
        "f": Decimal("0.000001"),
    }
    values = read(b"[3031.0, 3031, 12.50, 0.0]")
    assert isinstance(values, list)
    assert [type(value) for value in values] == [int, int, Decimal, int]
    assert str(values[2]) == "12.5"
    assert read(b"[%d,%d]" % (MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER)) == [
        MAX_SAFE_INTEGER,
        -MAX_SAFE_INTEGER,
    ]


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        (b"1e3", 1000),
        (b"1.5E+2", 150),
        (b"25e-1", Decimal("2.5")),
        (b"1e-9", Decimal("0.000000001")),
        (b"0e5", 0),
        (b"%d.0" % (2**256 - 1), 2**256 - 1),
        (b"1e-400", Decimal("1e-400")),
        (b"10000000000e-00010", 1),
        (
            b"115792089237316195423570985008687907853269984665640564039457584007913129639935",
            2**256 - 1,
        ),
    ],
)
def test_read__foreign_numbers__are_exact(numeral: bytes, value: object) -> None:
    found = read(numeral, FOREIGN)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("numeral", "code"),
    [
        (b"1e400", "canonical.integer_range"),
        (b"1e401", "canonical.exponent"),
        (b"1e-401", "canonical.exponent"),
        (b"1e99999999999", "canonical.exponent"),
        (b"%d" % 2**256, "canonical.integer_range"),
        (b"9" * 300, "canonical.integer_range"),
        (b"0." + b"1" * 81, "canonical.too_many_digits"),
        (b"-0", "canonical.negative_zero"),
        (b"NaN", "canonical.not_a_number"),
    ],
)
def test_read__foreign_number_out_of_bounds__is_refused(numeral: bytes, code: str) -> None:
    assert refusal(numeral, FOREIGN).code == code


def test_read__fault_in_a_long_text__is_refused_without_looking_for_its_place() -> None:
    octets = b"[" + b" " * 2_000_000 + b'{"a":1,"a":1}]'
    error = refusal(octets, FOREIGN)
    assert error.code == "canonical.duplicate_key"
    assert "octet" not in error.message


def test_read__several_faults__names_the_place_of_the_one_it_reports() -> None:
    assert "at /b)" in refusal(b'{"a":"x","b":1e5,"c":1e6}').message
    assert "at /1/c)" in refusal(b'[{"c":1},{"c":0,"c":0}]').message


def test_read__message__never_repeats_a_long_body() -> None:
    for octets in (b"[0." + b"1" * 9000 + b"]", b'{"%b":1,"%b":1}' % ((b"k" * 9000,) * 2)):
        assert len(str(refusal(octets))) < 400
