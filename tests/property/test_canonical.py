"""Canonical form on random documents, and the reader's door under random octets."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import rfc8785
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from veta.canonical import (
    AUTHORED,
    COPY,
    FOREIGN,
    MAX_SAFE_INTEGER,
    STATEMENT,
    canonicalise_foreign,
    is_canonical,
    read,
    restore,
    write,
)
from veta.canonical.numbers import decimal_text, read_decimal
from veta.canonical.writer import write_plainly
from veta.errors import InputError, ProvenanceError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text)
)
INTEGERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
DECIMALS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(1, 10**15 - 1),
    st.integers(0, 15),
).filter(lambda value: value >= Decimal("0.000001"))
SIGNED_DECIMALS = st.one_of(DECIMALS, DECIMALS.map(lambda value: -value))
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, SIGNED_DECIMALS, TEXT)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(TEXT, inner, max_size=6)),
    max_leaves=40,
)
ANYTHING = st.recursive(
    st.one_of(
        SCALARS,
        st.floats(),
        st.integers(),
        st.decimals(),
        st.binary(max_size=4),
        st.text(max_size=4),
        st.characters(categories=["Cs"]),
        st.dates(),
        st.uuids(),
        st.tuples(st.integers(0, 9)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.text(max_size=4), st.integers(), st.none()), inner, max_size=4
        ),
    ),
    max_leaves=12,
)
FRAGMENTS = st.sampled_from(
    [
        *'[]{},:"\\ \n\t-+.0123456789eE',
        *("true", "false", "null", "NaN", "Infinity", '"a"', '"a":', "\\u", "\\ud800", "\\udc00"),
        *(
            "e\u0301",
            "é",
            "1e400",
            "-0",
            "0.1",
            "9007199254740993",
            "\ufeff",
            "\x00",
            "😀",
            "\u0338",
        ),
    ]
)


def as_float(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: as_float(item) for name, item in value.items()}
    return [as_float(item) for item in value] if isinstance(value, list) else value


@given(DOCUMENTS)
def test_write__any_document__equals_plain_writer_and_independent_library(value: Any) -> None:
    octets = write(value)

    assert octets == write_plainly(value)
    assert octets == rfc8785.dumps(as_float(value))
    assert is_canonical(octets)


@given(DOCUMENTS)
def test_read__what_was_written__is_the_same_value_of_the_same_types(value: Any) -> None:
    found = read(write(value), AUTHORED)

    assert found == value
    assert write(found) == write(value)
    assert "float" not in {type(node).__name__ for node in nodes_of(found)}


def nodes_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value, *(node for item in value.values() for node in nodes_of(item))]
    if isinstance(value, list):
        return [value, *(node for item in value for node in nodes_of(item))]
    return [value]


@given(ANYTHING)
def test_write__anything_at_all__both_writers_agree_in_octets_or_refusal(value: Any) -> None:
    outcomes = []
    for writer in (write, write_plainly):
        try:
            outcomes.append(writer(value).decode())
        except InputError as error:
            outcomes.append(error.code)
    assert outcomes[0] == outcomes[1]


@given(
    st.dictionaries(st.text("az09_AZ", max_size=4), st.one_of(INTEGERS, st.text('a\n"\\/\x1f~')))
)
def test_write__ascii_names_and_no_decimals__equals_orjson_sorted(value: dict[str, Any]) -> None:
    assert write(value) == orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1, "\t"]), st.randoms())
def test_restore__copy_in_other_order_space_escapes_and_accents__has_the_same_octets(
    value: Any, escaped: bool, indent: Any, source: Any
) -> None:
    def shuffled(node: Any) -> Any:
        if isinstance(node, dict):
            names = list(node)
            source.shuffle(names)
            return {unicodedata.normalize("NFD", name): shuffled(node[name]) for name in names}
        if isinstance(node, list):
            return [shuffled(item) for item in node]
        return unicodedata.normalize("NFD", node) if isinstance(node, str) else node

    copy = json.dumps(as_float(shuffled(value)), ensure_ascii=escaped, indent=indent)
    assume("e-" not in copy)  # Python writes an exponent below 0.0001, which is refused

    assert restore(copy.encode()) == write(value)


@given(SIGNED_DECIMALS, st.integers(0, 12))
def test_decimal__with_more_trailing_zeros__has_one_text_and_one_value(
    value: Decimal, zeros: int
) -> None:
    text = decimal_text(value)
    padded = f"{text}{'' if '.' in text else '.'}{'0' * (zeros + 1)}"

    assert decimal_text(Decimal(padded)) == text
    assert read_decimal(padded, replace(STATEMENT, max_digits=40)) == value
    assert float(text) == float(value)


def refuses_or_agrees(octets: bytes) -> None:
    """Nothing but InputError is raised; what is accepted, the standard parser reads alike."""
    for limits in (STATEMENT, AUTHORED, COPY, FOREIGN):
        try:
            value = read(octets, limits)
        except InputError as error:
            assert error.code.startswith("canonical.")
            continue
        assert value == json.loads(octets, parse_float=Decimal)
        if limits is AUTHORED:
            assert canonicalise_foreign(octets) == write(value) == restore(octets)
    for door in (canonicalise_foreign, restore):
        try:
            door(octets)
        except ProvenanceError as error:
            assert error.code.startswith("canonical.")


@given(st.binary(max_size=300))
@settings(max_examples=500)
def test_read__random_octets__are_refused_or_read_as_the_standard_parser_does(
    octets: bytes,
) -> None:
    refuses_or_agrees(octets)


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
@settings(max_examples=1000)
@example("[1e3]")
@example('{"\\u0061":1,"a":2}')
@example('"\\')
def test_read__random_pieces_of_json__are_refused_or_read_as_the_standard_parser_does(
    text: str,
) -> None:
    refuses_or_agrees(text.encode())


@given(DOCUMENTS, st.data())
@settings(max_examples=300)
def test_read__document_with_some_octets_changed__is_refused_or_read_exactly(
    value: Any, data: st.DataObject
) -> None:
    octets = bytearray(write(value))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets)))
        octets[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.one_of(st.binary(max_size=2), FRAGMENTS.map(str.encode))
        )
    refuses_or_agrees(bytes(octets))


@given(st.integers(0, 80), st.integers(0, 80), st.sampled_from(["[]", "{}"]))
def test_read__depth__is_counted_as_a_parser_would(opened: int, closed: int, pair: str) -> None:
    text = (pair[0] if pair == "[]" else '{"a":') * opened + "1" + pair[1] * closed
    refusal = ""
    try:
        read(text.encode())
    except InputError as error:
        refusal = error.code
    if opened > STATEMENT.max_depth:
        assert refusal == "canonical.too_deep"
    elif closed > opened:
        assert refusal == "canonical.trailing_octets"
    else:
        assert refusal == ("" if opened == closed else "canonical.syntax")
