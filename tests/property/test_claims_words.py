"""However a listed word is dressed up, it is found; and folding never loses where it stood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.claims import shipped
from veta.claims.folding import tokens
from veta.claims.words import MAX_TEXT, WordContext, find_words
from veta.errors import InputError

WORDS = shipped.words()
TERMS = ("green", "climate neutral", "carbon neutral", "ökologisch", "klimaneutral", "sostenible")
INVISIBLE = ("", "\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff", "\ufe0f", "\u0336")
LOOKS = {"a": "aаɑａ𝐚", "c": "cсｃ", "e": "eеｅεé", "i": "iіｉıí", "o": "oоｏοó", "n": "nｎɴñ"}
GAPS = (" ", "-", "\u2011", "_", "\u00a0", "", ".", "  ")


@st.composite
def dressed(draw: st.DrawFn) -> str:
    out = []
    for letter in draw(st.sampled_from(TERMS)):
        if letter == " ":
            out.append(draw(st.sampled_from(GAPS)))
            continue
        shown = draw(st.sampled_from(LOOKS.get(letter, letter)))
        if draw(st.booleans()) and len(shown.upper()) == 1 and shown != "ı":
            shown = shown.upper()
        out.append(shown + draw(st.sampled_from(INVISIBLE)))
    return "".join(out)


@pytest.mark.row("S17")
@given(dressed(), st.sampled_from(("25 t of ", "lote 7, ", "")), st.sampled_from((" copper", "")))
def test_listed_word__however_it_is_dressed__is_found_where_it_stands(
    word: str, before: str, after: str
) -> None:
    text = f"{before}{word}{after}"
    findings = find_words(text, WordContext(), WORDS)
    assert findings
    assert all(each.excerpt in text and each.excerpt for each in findings)


@given(st.text(max_size=200))
def test_folding__of_any_text__keeps_places_in_order(text: str) -> None:
    found = tokens(text)
    last = 0
    for token in found:
        assert last <= token.start < token.end <= len(text)
        assert token.word
        assert " " not in token.word
        last = token.start


@given(st.text(max_size=MAX_TEXT + 9))
def test_find_words__of_any_text__answers_or_refuses_with_a_code(text: str) -> None:
    try:
        find_words(text, WordContext(), WORDS)
    except InputError as error:
        assert error.code in {"claims.text_long", "claims.mixed_script"}
