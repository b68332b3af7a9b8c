"""Whatever comes in, reading a statement ends in a statement, "malformed" or "no"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.statements import (
    LOT,
    SIGNER,
    header_of,
    issuance,
    passport,
    payload_of,
    seal,
)
from veta import canonical
from veta.errors import InputError, VerificationError
from veta.model.anchoring import BatchKind
from veta.model.consortium import KeyAlgorithm
from veta.model.lot import Bundle, LotCertificate, LotFootprint, MetalContent, MetalOrigin
from veta.statement import base64url
from veta.statement.credential import view_credential
from veta.statement.jws import check_seal, read_statement, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.statement.rules import facts_of, find_faults
from veta.statement.shapes import Findings
from veta.statement.untp import CREDENTIAL_SHAPES

TOKEN = sign_statement(passport(), SIGNER)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda nested: (
        st.lists(nested, max_size=3) | st.dictionaries(st.text(max_size=6), nested, max_size=3)
    ),
    max_leaves=8,
)


def judge(token: bytes) -> None:
    """The whole way of a token through this package; only the two answers may come out."""
    try:
        statement = read_statement(token)
        find_faults(statement.credential)
        facts_of(statement.credential)
        check_seal(statement.sealed, KeyAlgorithm.ES256K, SIGNER.public_key)
    except (InputError, VerificationError):
        pass


@settings(max_examples=500)
@given(st.binary(max_size=400))
@example(b"\x00" * 100)
@example(b"..")
@example(b"eyJhbGciOiJub25lIn0.e30.")
def test_read_statement__any_octets__input_or_verification_error_only(octets: bytes) -> None:
    judge(octets)


@settings(max_examples=500)
@given(st.data())
def test_read_statement__good_token_damaged_anywhere__never_good(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda value: value != TOKEN[position]))
    damaged = TOKEN[:position] + bytes([octet]) + TOKEN[position + 1 :]
    with pytest.raises((InputError, VerificationError)):
        check_seal(read_statement(damaged).sealed, KeyAlgorithm.ES256K, SIGNER.public_key)
    judge(damaged)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "cty", "crit", "x"]), JSON))
def test_read_statement__any_header__input_or_verification_error_only(
    header: dict[str, Any],
) -> None:
    token = seal(header, payload_of(passport()))
    with pytest.raises((InputError, VerificationError)):
        read_statement(token)


@settings(max_examples=300)
@given(st.binary(max_size=200) | JSON.map(lambda value: repr(value).encode()))
def test_read_statement__any_payload__input_or_verification_error_only(payload: bytes) -> None:
    judge(seal(header_of(), payload or b"x"))


@settings(max_examples=500)
@given(st.data())
def test_rules__any_value_anywhere_in_a_passport__judged_without_accident(
    data: st.DataObject,
) -> None:
    """Rules never trip over a shape; every answer is a list of findings or a refusal to view."""
    document = passport()
    place: Any = document
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = data.draw(st.sampled_from(steps))
        child = place[step]
        if isinstance(child, dict | list) and child and data.draw(st.booleans()):
            place = child
            continue
        place[step] = data.draw(JSON)
        break
    # The quick answer and the one that says what and where are the same answer.
    found = Findings()
    shape = CREDENTIAL_SHAPES[BatchKind.PASSPORT]
    shape.judge(document, "", found)
    assert shape.fits(document) is (not found.entries)
    try:
        credential = view_credential(document)
    except (InputError, VerificationError):
        return
    find_faults(credential)
    facts_of(credential)


@st.composite
def lots(draw: st.DrawFn) -> LotCertificate:
    """Any lot that holds together: masses, bundles, metal and footprint fit one another."""
    bundle_masses = draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=5))
    mass_g = sum(bundle_masses)
    metal_g = draw(st.integers(0, mass_g))
    first_g = draw(st.integers(0, metal_g))
    co2e_g = draw(st.integers(0, 10**12))
    footprint = LOT.footprint
    assert isinstance(footprint, LotFootprint)
    rounding = draw(st.sampled_from([0, mass_g - 1]))
    return replace(
        LOT,
        lot_number=draw(
            st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
        ),
        mass_g=mass_g,
        metal=(MetalContent("Cu", metal_g),),
        origins=(
            MetalOrigin("Cu", LOT.site.country, first_g),
            MetalOrigin("Cu", LOT.site.country, metal_g - first_g),
        ),
        bundles=tuple(Bundle(f"B{index}", mass) for index, mass in enumerate(bundle_masses)),
        footprint=replace(
            footprint, co2e_g=co2e_g, co2e_g_per_kg=(co2e_g * 1000 + rounding) // mass_g
        ),
    )


@settings(max_examples=200)
@given(lots(), st.binary(min_size=16, max_size=16))
def test_build_passport__any_consistent_lot__keeps_the_rules_and_survives_the_wire(
    lot: LotCertificate, blind: bytes
) -> None:
    document = build_passport(lot, replace(issuance(), blind=blind))
    token = sign_statement(document, SIGNER)
    statement = read_statement(token)
    assert find_faults(statement.credential) == ()
    assert statement.credential.document == document
    assert statement.credential.blind == blind
    assert canonical.is_canonical(statement.payload)
    check_seal(statement.sealed, KeyAlgorithm.ES256K, SIGNER.public_key)
    assert facts_of(view_credential(document)).lot_number == lot.lot_number


FIGURES: tuple[tuple[str | int, ...], ...] = (
    ("massG",),
    ("footprint", "co2eGPerKg"),
    ("metal", 0, "massG"),
    ("bundles", 0, "massG"),
)


@settings(max_examples=300)
@given(lots(), st.sampled_from(FIGURES), st.integers(-5, 5).filter(bool))
def test_rules__any_lot_with_one_figure_moved__refused(
    lot: LotCertificate, path: tuple[str | int, ...], shift: int
) -> None:
    """The smallest change of one figure in one place is named."""
    document = build_passport(lot, issuance())
    place: Any = document["credentialSubject"]["characteristics"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] += shift
    assert find_faults(view_credential(document))


@given(st.binary(max_size=100))
def test_base64url__any_octets__one_spelling(octets: bytes) -> None:
    text = base64url.encode(octets)
    assert base64url.decode(text) == octets
    for other in (text + b"=", text + b"\n", text.replace(b"-", b"+") + b"+", b" " + text):
        with pytest.raises(InputError):
            base64url.decode(other)


@settings(max_examples=500)
@given(st.binary(max_size=12) | st.text("AQgw-_+/= \nB9", max_size=9).map(str.encode))
def test_base64url__any_text__refused_or_the_one_spelling(text: bytes) -> None:
    try:
        octets = base64url.decode(text)
    except InputError:
        return
    assert base64url.encode(octets) == text


def test_unseal__good_token__is_the_witness_that_the_doors_open() -> None:
    check_seal(unseal(TOKEN), KeyAlgorithm.ES256K, SIGNER.public_key)
    assert find_faults(read_statement(TOKEN).credential) == ()
