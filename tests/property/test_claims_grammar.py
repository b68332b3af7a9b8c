"""Over any chain of steps and any mix of sources: a claim never gets stronger than its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veta.claims import (
    Certificate,
    ClaimFacts,
    Language,
    Licence,
    Source,
    Window,
    judge,
    sentence,
    shipped,
)
from veta.claims.languages import share
from veta.claims.wording import CONTENT_WORDS
from veta.errors import ProvenanceError
from veta.model.lots import CustodyModel

CATALOGUE = shipped.schemes()
WORDS = shipped.words()
LEVELS = CATALOGUE.scheme("irma").levels
YEAR = Window.of_days("2026-01-01", "2026-12-31")
MODELS = [model for model in CustodyModel if model is not CustodyModel.NONE]


def source(number: int, level: str) -> Source:
    site = f"site-{number}"
    paper = Certificate(f"C{number}", "irma", level, site, YEAR)
    return Source(site, f"Mina {chr(65 + number)}", YEAR.from_s, YEAR.until_s, (paper,))


@st.composite
def facts(draw: st.DrawFn) -> ClaimFacts:
    levels = draw(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5))
    return ClaimFacts(
        lot="L",
        models=tuple(draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=6))),
        share_ppm=draw(st.one_of(st.just(1_000_000), st.integers(1, 1_000_000))),
        sources=tuple(source(number, level) for number, level in enumerate(levels)),
        site="s",
        site_name="Refinería",
        licences=(Licence("COC", "irma", "s", frozenset(MODELS), YEAR),),
        substance=draw(st.sampled_from(["Cu", "Li", "Xx"])),
        issued_s=YEAR.from_s,
    )


@pytest.mark.row("A19", "A20", "S17")
@given(facts(), st.sampled_from(MODELS), st.sampled_from(LEVELS))
def test_claim__with_one_more_step_or_source__never_gets_stronger(
    found: ClaimFacts, model: CustodyModel, level: str
) -> None:
    try:
        terms = judge(found, CATALOGUE, WORDS)
    except ProvenanceError as error:
        assert error.code in {"claims.share_below_model", "claims.origins"}
        return
    assert terms.model is max(found.models)
    ranks = [LEVELS.index(each.certificates[0].level) for each in found.sources]
    assert LEVELS.index(terms.marks[0].level) == min(ranks)
    longer = replace(
        found,
        models=(*found.models, model),
        sources=(*found.sources, source(len(found.sources), level)),
    )
    try:
        later = judge(longer, CATALOGUE, WORDS)
    except ProvenanceError as error:
        assert error.code in {"claims.share_below_model", "claims.origins"}
        return
    assert later.model >= terms.model
    assert LEVELS.index(later.marks[0].level) <= LEVELS.index(terms.marks[0].level)


@pytest.mark.row("S17")
@given(facts(), st.sampled_from(Language))
def test_sentence__of_a_model_without_content__never_says_what_is_in_it(
    found: ClaimFacts, language: Language
) -> None:
    mixed = replace(found, models=(*found.models, CustodyModel.MASS_BALANCE))
    said = sentence(judge(mixed, CATALOGUE, WORDS), language).casefold()
    assert not CONTENT_WORDS & {word.strip(".,:") for word in said.split()}
    assert "mina" not in said


@given(st.integers(0, 1_000_000), st.sampled_from(Language))
def test_share__as_printed__is_the_share_exactly(ppm: int, language: Language) -> None:
    text = share(ppm, language).replace("\u00a0", "").removesuffix("%").replace(",", ".")
    whole, _, rest = text.partition(".")
    assert int(whole) * 10_000 + int(rest.ljust(4, "0")) == ppm
    assert not rest.endswith("0")


@pytest.mark.row("A59")
@given(st.integers(0, 2**31), st.integers(1, 2**31), st.integers(-48, 56), st.integers(-48, 56))
def test_window__as_printed__never_names_a_day_that_is_not_all_inside(
    from_s: int, length_s: int, from_quarter: int, until_quarter: int
) -> None:
    window = Window(from_s, from_s + length_s, from_quarter * 900, until_quarter * 900)
    try:
        printed = [window.words(language) for language in Language]
    except ProvenanceError as error:
        assert error.code == "claims.no_whole_day"
        assert length_s < 2 * 86_400 + abs(from_quarter - until_quarter) * 900
        return
    assert all(printed)
    first = -(-(window.from_s + window.from_offset_s) // 86_400)
    last = (window.until_s + window.until_offset_s) // 86_400
    assert first * 86_400 - window.from_offset_s >= window.from_s
    assert last * 86_400 - window.until_offset_s <= window.until_s
