"""What comes in from outside: nothing but the refusals of ``errors`` comes out, or the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.statements import SIGNER
from tests.unit.test_disclosure_indicators import SET, all_but, values
from tests.unit.test_disclosure_key_binding import PRESENTED, bound
from tests.unit.test_disclosure_sd_jwt import AT, HIDDEN, ISSUED, key_of, lot
from veta import canonical
from veta.disclosure.catalogue import INDICATORS
from veta.disclosure.conceal import conceal
from veta.disclosure.indicator_file import read_head, read_leaves, write_leaves
from veta.disclosure.indicators import check_leaves
from veta.disclosure.json_form import read_json, write_flattened
from veta.disclosure.key_binding import KeyBindingDemand
from veta.disclosure.pointers import pointer_text
from veta.disclosure.reconstruct import reconstruct
from veta.disclosure.sd_jwt import issue_sd_jwt, present, read_sd_jwt, verify_sd_jwt
from veta.errors import ProvenanceError

NAMES = st.text("abcdefgh/~ é", max_size=4)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | NAMES
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=5)
BOUND = bound(PRESENTED)
LEAVES = write_leaves(SET.open(all_but("fatalities")))


def salts() -> Iterator[bytes]:
    for index in range(2000):
        yield sha256(b"property %d" % index).digest()[:16]


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every member and element of a document."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inner = enumerate(value)
    found = []
    for step, child in inner:
        found += [(*path, step), *places(child, (*path, step))]
    return found


def without(
    value: Any, hidden: set[tuple[str | int, ...]], path: tuple[str | int, ...] = ()
) -> Any:
    """The document as a reader without any disclosure has it: worked out from the definition."""
    if isinstance(value, dict):
        return {
            name: without(child, hidden, (*path, name))
            for name, child in value.items()
            if (*path, name) not in hidden
        }
    if isinstance(value, list):
        return [
            without(child, hidden, (*path, index))
            for index, child in enumerate(value)
            if (*path, index) not in hidden
        ]
    return value


@given(st.data())
def test_conceal__any_document_and_places__opened_in_part_is_what_was_chosen(
    data: st.DataObject,
) -> None:
    document = data.draw(DOCUMENTS)
    every = places(document)
    hidden = set(data.draw(st.lists(st.sampled_from(every), unique=True))) if every else set()
    decoyed = {"": data.draw(st.integers(0, 3))}
    concealed = conceal(document, map(pointer_text, hidden), salts(), decoys=decoyed)
    assert len(concealed.disclosures) == len(hidden)

    full = reconstruct(concealed.claims, concealed.disclosures)
    assert full.claims == document
    assert {opened.path for opened in full.opened} == hidden
    assert full.unopened == decoyed[""]
    assert reconstruct(concealed.claims, ()).claims == without(document, hidden)

    shown = {path for path in hidden if data.draw(st.booleans())}
    closed = {path for path in hidden if not any(other[: len(path)] == path for other in shown)}
    kept = [opened.disclosure for opened in full.opened if opened.path not in closed]
    assert reconstruct(concealed.claims, kept).claims == without(document, closed)
    shuffled = data.draw(st.permutations(kept))
    assert reconstruct(concealed.claims, shuffled).claims == without(document, closed)


@given(st.sets(st.sampled_from(HIDDEN)))
def test_present__any_choice__verifies_and_holds_no_octet_of_the_rest(chosen: set[str]) -> None:
    full = read_sd_jwt(ISSUED)
    token = present(full, chosen)
    shown = verify_sd_jwt(read_sd_jwt(token), key_of(SIGNER), at_s=AT)
    assert len(shown.opened) + shown.unopened <= len(HIDDEN)
    opened = {item.text for item in read_sd_jwt(token).disclosures}
    for item in full.disclosures:
        if item.text not in opened:
            assert item.text.encode() not in token
            assert item.salt.encode() not in token


def changed(octets: bytes, data: st.DataObject) -> bytes:
    """One to three edits: an octet replaced, left out or put in, or a run moved."""
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                octet = data.draw(st.sampled_from(b'~.AQ_-"[]{}:,09\xff'))
                octets = octets[:at] + bytes([octet]) + octets[at + 1 :]
            case 1:
                octets = octets[:at] + octets[at + 1 :]
            case 2:
                octets = octets[:at] + data.draw(st.sampled_from([b"~", b".", b"~~"])) + octets[at:]
            case _:
                octets = octets[at:] + octets[:at]
    return octets


def assert_only_signed(claims: dict[str, Any]) -> None:
    """Nothing stands here that the issuer did not sign, and nothing that is open is missing."""
    signed = lot()
    assert claims.keys() <= signed.keys()
    assert signed.keys() - claims.keys() <= {"lot", "fatalities"}
    assert claims.get("lot", {}).items() <= signed["lot"].items()
    assert [name for name in signed["buyers"] if name in claims["buyers"]] == claims["buyers"]
    for name in claims.keys() - {"lot", "buyers"}:
        assert claims[name] == signed[name]


@given(st.data())
def test_sd_jwt__edited_on_the_way__is_refused_or_says_what_was_signed(data: st.DataObject) -> None:
    token = changed(data.draw(st.sampled_from([ISSUED, PRESENTED, BOUND])), data)
    try:
        shown = verify_sd_jwt(read_sd_jwt(token), key_of(SIGNER), at_s=AT)
    except ProvenanceError:
        return
    assert_only_signed(shown.claims)
    assert len(shown.opened) + shown.unopened <= len(HIDDEN)


@given(st.data())
def test_key_binding__edited_presentation__is_never_bound(data: st.DataObject) -> None:
    token = changed(BOUND, data)
    if token == BOUND:
        return
    demand = KeyBindingDemand("did:web:buyer.example", "6f1c")
    with pytest.raises(ProvenanceError):
        verify_sd_jwt(read_sd_jwt(token), key_of(SIGNER), at_s=AT, key_binding=demand)


@given(st.binary(max_size=300))
def test_doors__any_octets__raise_nothing_but_refusals(octets: bytes) -> None:
    for door in (read_sd_jwt, read_json, read_leaves):
        with pytest.raises(ProvenanceError):
            door(octets)


@given(VALUES)
def test_doors__any_json__raises_nothing_but_refusals(value: Any) -> None:
    octets = canonical.write(value)
    for door in (read_json, read_leaves):
        with pytest.raises(ProvenanceError):
            door(octets)
    with pytest.raises(ProvenanceError):
        read_head(value)


@given(st.data())
def test_json_form__edited__is_refused_or_says_what_was_signed(data: st.DataObject) -> None:
    octets = changed(write_flattened(read_sd_jwt(BOUND)), data)
    try:
        (read,) = read_json(octets)
        shown = verify_sd_jwt(read, key_of(SIGNER), at_s=AT)
    except (ProvenanceError, ValueError) as error:
        assert isinstance(error, ProvenanceError)
        return
    assert_only_signed(shown.claims)


@given(st.data())
def test_leaves__edited_file__is_refused_or_shows_signed_values(data: st.DataObject) -> None:
    try:
        shown = check_leaves(SET.head, read_leaves(changed(LEAVES, data)))
    except ProvenanceError:
        return
    assert all(values()[name] == value for name, value in shown.items())


@given(st.sets(st.sampled_from([item.name for item in INDICATORS])), st.data())
def test_leaves__any_choice__in_any_order__same_values(
    names: set[str], data: st.DataObject
) -> None:
    leaves = list(SET.open(names))
    shuffled = data.draw(st.permutations(leaves))
    assert check_leaves(SET.head, shuffled) == {name: values()[name] for name in names}
    if len(leaves) > 1:
        first, second = leaves[:2]
        swapped = [replace(first, salt=second.salt), *leaves[1:]]
        with pytest.raises(ProvenanceError):
            check_leaves(SET.head, swapped)


def test_issue__same_salts__same_octets() -> None:
    again = [issue_sd_jwt(lot(), SIGNER, hidden=HIDDEN, salts=salts()) for _ in range(2)]
    assert again[0] == again[1]
