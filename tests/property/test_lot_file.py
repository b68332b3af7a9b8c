"""Lot files: what was written is read back the same, and anything else is refused politely."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.errors import InputError, VerificationError
from veta.interop.digests import digest_multibase
from veta.interop.lot_file import read_lot, write_lot
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import Issuance, LotCertificate, ParentLot
from veta.scenario.campaign import load_copper
from veta.services.certify import certify_lot
from veta.statement.credential import view_credential
from veta.statement.rules import check_rules

LOTS = load_copper().lots
ISSUANCE = Issuance("urn:uuid:00000000-0000-4000-8000-000000000001", UnixSeconds(10**9), bytes(16))
FOOTPRINT_ID = "00000000-0000-4000-8000-000000000002"
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
DAYS = st.integers(0, 50_000).map(lambda day: UnixSeconds(day * 86_400))


def variants() -> st.SearchStrategy[LotCertificate]:
    return st.builds(
        lambda lot, name, number, start, grams, leaf: replace(
            lot,
            name=name,
            lot_number=number,
            produced_from_s=start,
            mass_g=grams,
            parents=(ParentLot("did:web:x.example", number, leaf),),
        ),
        st.sampled_from(LOTS),
        TEXTS,
        TEXTS,
        DAYS,
        st.integers(0, 2**53 - 1),
        st.none() | st.binary(min_size=32, max_size=32).map(Leaf),
    )


@given(st.binary(max_size=300))
def test_read_lot__any_octets__a_lot_or_an_input_error(octets: bytes) -> None:
    with pytest.raises(InputError):
        read_lot(octets)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.sampled_from(LOTS), st.data(), JSON)
def test_read_lot__any_member_replaced__a_lot_or_an_input_error(
    lot: LotCertificate, data: st.DataObject, value: Any
) -> None:
    document = json.loads(write_lot(lot))
    name = data.draw(st.sampled_from([*document, "surprise"]))
    document[name] = value
    try:
        read = read_lot(json.dumps(document).encode())
    except InputError as error:
        assert error.code
    else:
        assert json.loads(write_lot(read))["format"] == "veta-lot/1"


@given(variants())
def test_write_lot__read_back__is_the_same_lot(lot: LotCertificate) -> None:
    assert read_lot(write_lot(lot)) == lot


@pytest.mark.parametrize("lot", LOTS, ids=lambda lot: lot.lot_number)
def test_certify__each_lot_of_the_scenario__keeps_the_rules_and_binds_its_footprint(
    lot: LotCertificate,
) -> None:
    papers = certify_lot(read_lot(write_lot(lot)), ISSUANCE, footprint_id=FOOTPRINT_ID)
    check_rules(view_credential(papers.passport))
    assert papers.footprint is not None
    links = papers.passport["credentialSubject"]["relatedDocument"]
    assert [link["digestMultibase"] for link in links] == [digest_multibase(papers.footprint)]
    assert [link["linkURL"] for link in links] == [papers.footprint_url]
    assert json.loads(papers.footprint)["id"] == FOOTPRINT_ID


def test_certify__no_footprint__says_nothing_of_one() -> None:
    papers = certify_lot(replace(LOTS[0], footprint=None), ISSUANCE, footprint_id=FOOTPRINT_ID)
    check_rules(view_credential(papers.passport))
    assert (papers.footprint, papers.footprint_url) == (None, None)
    assert "relatedDocument" not in papers.passport["credentialSubject"]


def test_certify__figure_that_does_not_follow__is_refused_by_the_rules() -> None:
    lot = LOTS[0]
    assert lot.footprint is not None
    wrong = replace(lot, footprint=replace(lot.footprint, co2e_g_per_kg=1))
    papers = certify_lot(wrong, ISSUANCE, footprint_id=FOOTPRINT_ID)
    with pytest.raises(VerificationError):
        check_rules(view_credential(papers.passport))
