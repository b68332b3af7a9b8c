"""PACT v3 footprints: decimals exactly from whole base units."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.statements import LOT
from veta.errors import InputError
from veta.interop.digests import digest_multibase
from veta.interop.pact import (
    FootprintIssue,
    build_product_footprint,
    decimal_text,
    footprint_link,
)
from veta.model.identifiers import UnixSeconds

ISSUE = FootprintIssue("f4b1225a-bd44-4c8e-861d-079e4e1dfd69", UnixSeconds(1_790_000_000))


def test_build_product_footprint__no_footprint__refused() -> None:
    with pytest.raises(InputError) as refused:
        build_product_footprint(replace(LOT, footprint=None), ISSUE)
    assert refused.value.code == "pact.no_footprint"


def test_build_product_footprint__declared_unit_other_than_kilogram__refused() -> None:
    assert LOT.footprint is not None
    with pytest.raises(InputError) as refused:
        build_product_footprint(
            replace(LOT, footprint=replace(LOT.footprint, declared_unit="ton")), ISSUE
        )
    assert refused.value.code == "pact.declared_unit"


def test_build_product_footprint__time_beyond_the_calendar__refused() -> None:
    with pytest.raises(InputError) as refused:
        build_product_footprint(LOT, replace(ISSUE, created_s=UnixSeconds(2**64 - 1)))
    assert refused.value.code == "pact.range"


def test_build_product_footprint__by_hand__figures_and_their_meaning() -> None:
    """540 g/kg = 0.54 kg/kg; 900,000 ppm = 90 %; period 2026-04-01 to 2026-07-01."""
    pcf = build_product_footprint(LOT, ISSUE)["pcf"]
    assert pcf["pcfExcludingBiogenicUptake"] == "0.54"
    assert pcf["primaryDataShare"] == "90"
    assert pcf["exemptedEmissionsPercent"] == "0"
    assert pcf["referencePeriodStart"] == "2026-04-01T00:00:00Z"
    assert pcf["referencePeriodEnd"] == "2026-07-01T00:00:00Z"
    assert pcf["ipccCharacterizationFactors"] == ["AR6"]
    assert pcf["geographyCountry"] == "CL"


def test_footprint_link__one_figure_changed__another_digest() -> None:
    document = build_product_footprint(LOT, ISSUE)
    before = footprint_link(document, "https://x.example").digest_multibase
    document["pcf"]["pcfExcludingBiogenicUptake"] = "0.44"
    assert footprint_link(document, "https://x.example").digest_multibase != before


def test_digest_multibase__known_answer__sha2_256_of_nothing() -> None:
    """Multibase u, then the multihash 0x12 0x20 and the published SHA-256 of no octets."""
    written = digest_multibase(b"")
    multihash = bytes.fromhex(
        "1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert written[0] == "u"
    assert urlsafe_b64decode(written[1:] + "=" * (-len(written[1:]) % 4)) == multihash


@given(st.integers(-(2**63), 2**63), st.integers(1, 6))
def test_decimal_text__any_integer__exact_and_plain(value: int, places: int) -> None:
    text = decimal_text(value, places)
    assert Decimal(text).scaleb(places) == value
    assert "e" not in text.lower()
    assert not ("." in text and text.endswith("0"))
