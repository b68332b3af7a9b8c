"""base64url against the standard library: one spelling each, everything else refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from veta.errors import InputError
from veta.statement import base64url

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(max_size=300))
def test_encode__any_octets__as_the_standard_library_and_back(octets: bytes) -> None:
    text = base64.urlsafe_b64encode(octets).rstrip(b"=")
    assert base64url.encode(octets) == text
    assert base64url.decode(text) == octets


@pytest.mark.row("T13", "A07")
@given(
    st.binary(max_size=12) | st.lists(st.sampled_from(ALPHABET + b"+/= \n"), max_size=12).map(bytes)
)
@example(b"YR")
@example(b"YQ==")
@example(b"YQ\n")
@example(b"ab+/")
@example(b"abcde")
@example("ａ".encode())
def test_decode__any_text__octets_that_encode_back_or_refused(text: bytes) -> None:
    """No second spelling of the same octets gets through, in short texts and in long ones."""
    outcomes = set()
    for before in (b"", b"QUJD" * 31, b"QUJD" * 40):
        try:
            octets = base64url.decode(before + text)
        except InputError as error:
            assert error.code == "base64url.malformed"
            outcomes.add(False)
        else:
            assert base64url.encode(octets) == before + text
            outcomes.add(True)
    assert len(outcomes) == 1


@pytest.mark.row("T13", "A07")
@pytest.mark.parametrize("groups", [0, 31, 40])
def test_decode__one_octet_of_every_value_at_every_place__in_the_alphabet_or_refused(
    groups: int,
) -> None:
    good = b"QUJD" * groups + b"QUJDREVG"
    for place in range(len(good) - 8, len(good)):
        for value in range(256):
            text = good[:place] + bytes([value]) + good[place + 1 :]
            if value in ALPHABET:
                assert base64url.encode(base64url.decode(text)) == text
                continue
            with pytest.raises(InputError):
                base64url.decode(text)
