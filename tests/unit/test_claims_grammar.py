"""Claim sentences: what each model may say, weakest and lowest win, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.claims import (
    Certificate,
    ClaimFacts,
    Language,
    Licence,
    Source,
    Window,
    judge,
    read_request,
    sentence,
    shipped,
)
from veta.claims.schemes import SchemeCatalogue, load_schemes
from veta.claims.shipped import octets
from veta.claims.words import WordContext, find_words
from veta.custody.models import model_of
from veta.errors import ProvenanceError
from veta.model.lots import CustodyModel

IP, SG = CustodyModel.IDENTITY_PRESERVED, CustodyModel.SEGREGATED
CB, MB = CustodyModel.CONTROLLED_BLENDING, CustodyModel.MASS_BALANCE
BC = CustodyModel.BOOK_AND_CLAIM
EN, ES, DE = Language.ENGLISH, Language.SPANISH, Language.GERMAN
NB = "\u00a0"

OWN = b"""{"schema": "veta-schemes/1", "version": 1, "schemes": [
 {"slug": "rmm", "name": "RMM", "subject": "site", "certification": true,
  "levels": ["RMM-50", "RMM-75"], "source": "fictional", "checked": true, "versions": []},
 {"slug": "xmark", "name": "X-Mark", "subject": "site", "certification": true,
  "levels": ["bronze", "gold"], "source": "fictional", "checked": true, "versions": []}]}"""
PRODUCED = Window.of_days("2026-04-01", "2026-04-30")
ISSUED_S = Window.of_days("2026-06-01", "2026-06-01").from_s
COC = Window.of_days("2025-06-01", "2028-05-31")


@pytest.fixture(scope="module")
def catalogue() -> SchemeCatalogue:
    return load_schemes(octets("schemes.json"), OWN)


def certified(site: str, name: str, *levels: tuple[str, str]) -> Source:
    window = Window.of_days("2023-10-01", "2026-09-30")
    certificates = tuple(
        Certificate(f"{scheme}-{site}", scheme, level, site, window) for scheme, level in levels
    )
    return Source(site, name, PRODUCED.from_s, PRODUCED.until_s, certificates)


AURORA = certified("site-aurora", "Mina Aurora", ("rmm", "RMM-75"))
CORDILLERA = certified("site-cordillera", "Mina Cordillera Azul", ("rmm", "RMM-50"))


def licence(scheme: str = "rmm", *models: CustodyModel, site: str = "site-bahia") -> Licence:
    return Licence(f"COC-{scheme}", scheme, site, frozenset(models or (IP, SG, CB, MB, BC)), COC)


def facts(*models: CustodyModel, share_ppm: int = 1_000_000, **changes: Any) -> ClaimFacts:
    base = ClaimFacts(
        lot="BSE-CAT-26-1001",
        models=models,
        share_ppm=share_ppm,
        sources=(AURORA, CORDILLERA),
        site="site-bahia",
        site_name="Refinería Bahía Serena",
        licences=(licence(),),
        substance="Cu",
        issued_s=ISSUED_S,
    )
    return replace(base, **changes)


def refused(catalogue: SchemeCatalogue, found: ClaimFacts, *schemes: str) -> str:
    with pytest.raises(ProvenanceError) as error:
        judge(found, catalogue, shipped.words(), schemes=schemes)
    return error.value.code


@pytest.mark.row("S17", "A19")
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("model", [MB, BC])
def test_sentence__of_mass_balance_or_book_and_claim__has_no_word_for_content(
    catalogue: SchemeCatalogue, model: CustodyModel, language: Language
) -> None:
    said = sentence(judge(facts(IP, model), catalogue, shipped.words()), language).casefold()
    for word in ("contain", "contiene", "contenido", "enthält", "enthalt", "consist", "aus mina"):
        assert word not in said
    assert "aurora" not in said
    if model is BC:
        assert "%" not in said
        assert "bahía" not in said


@pytest.mark.row("S17")
def test_sentence__in_three_languages__is_written_as_its_readers_write() -> None:
    own = load_schemes(octets("schemes.json"), OWN)
    blended = judge(facts(CB, share_ppm=784_000), own, shipped.words())
    assert sentence(blended, EN) == (
        "Controlled blending: contains 78.4% certified copper, RMM-50. "
        "Label licence valid from 1 June 2025 to 31 May 2028 (UTC)."
    )
    assert sentence(blended, ES) == (
        f"Mezcla controlada: contiene 78,4{NB}% de cobre certificado, RMM-50. "
        "Licencia de la etiqueta válida del 1 de junio de 2025 al 31 de mayo de 2028 (UTC)."
    )
    assert sentence(blended, DE) == (
        f"Kontrollierte Mischung: enthält 78,4{NB}% zertifiziertes Kupfer, RMM-50. "
        "Lizenz des Labels gültig vom 1. Juni 2025 bis 31. Mai 2028 (UTC)."
    )
    single = judge(facts(IP, sources=(AURORA,)), own, shipped.words())
    assert sentence(single, EN).startswith(
        "Identity preserved: 100% certified copper from Mina Aurora, RMM-75."
    )
    several = judge(facts(SG), own, shipped.words())
    assert sentence(several, DE).startswith(
        f"Getrennt geführt: 100{NB}% zertifiziertes Kupfer aus Mina Aurora und "
        "Mina Cordillera Azul, RMM-50."
    )
    balanced = judge(facts(MB), own, shipped.words())
    assert sentence(balanced, EN).startswith(
        "Mass balance: for 100% of the copper in this lot, an equal amount of certified copper "
        "entered Refinería Bahía Serena, RMM-50."
    )


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("model", [IP, SG, CB, MB, BC])
def test_sentence__of_every_model__holds_no_word_that_is_refused(
    catalogue: SchemeCatalogue, model: CustodyModel, language: Language
) -> None:
    sources = (AURORA,) if model is IP else (AURORA, CORDILLERA)
    terms = judge(facts(model, sources=sources), catalogue, shipped.words())
    assert find_words(sentence(terms, language), WordContext(), shipped.words()) == ()


@pytest.mark.row("A30")
@pytest.mark.parametrize(
    "name", ["Climate Neutral Copper", "Mina 100 % certificada", "Сerro Azul", "Green Copper Mine"]
)
def test_name__of_a_site_that_would_smuggle_a_claim_in__is_refused(
    catalogue: SchemeCatalogue, name: str
) -> None:
    smuggled = replace(AURORA, site_name=name)
    for found in (facts(MB, site_name=name), facts(SG, sources=(smuggled,))):
        assert refused(catalogue, found).startswith(
            ("claims.word_", "claims.name_form", "claims.mixed_script")
        )


@pytest.mark.row("A19")
@pytest.mark.parametrize(
    ("models", "weakest"),
    [
        ((IP,), IP),
        ((IP, SG), SG),
        ((CB, IP), CB),
        ((MB, SG), MB),
        ((SG, MB, CB), MB),
        ((BC, IP), BC),
    ],
)
def test_model__of_a_mixed_chain__is_the_weakest_used(
    catalogue: SchemeCatalogue, models: tuple[CustodyModel, ...], weakest: CustodyModel
) -> None:
    sources = (AURORA,) if weakest is IP else (AURORA, CORDILLERA)
    assert judge(facts(*models, sources=sources), catalogue, shipped.words()).model is weakest


@pytest.mark.row("A20")
def test_level__of_mixed_inputs__is_the_lowest(catalogue: SchemeCatalogue) -> None:
    assert [mark.level for mark in judge(facts(MB), catalogue, shipped.words()).marks] == ["RMM-50"]
    alone = judge(facts(MB, sources=(AURORA,)), catalogue, shipped.words())
    assert [mark.level for mark in alone.marks] == ["RMM-75"]


@pytest.mark.row("A20")
def test_level__of_two_certificates_of_one_site__is_the_lower(catalogue: SchemeCatalogue) -> None:
    for levels in (("RMM-50", "RMM-75"), ("RMM-75", "RMM-50")):
        twice = certified("site-aurora", "Mina Aurora", *(("rmm", level) for level in levels))
        terms = judge(facts(MB, sources=(twice,)), catalogue, shipped.words())
        assert [mark.level for mark in terms.marks] == ["RMM-50"]


@pytest.mark.row("A59")
def test_licence__with_an_end_in_another_zone__is_refused(catalogue: SchemeCatalogue) -> None:
    for window in (
        Window(COC.from_s, COC.until_s, -10_800, -10_800),
        Window(COC.from_s, COC.until_s - 1),
    ):
        held = replace(licence(), window=window)
        assert refused(catalogue, facts(MB, licences=(held,))) == "claims.day_edge"


@pytest.mark.row("A16")
def test_marks__two_on_one_lot__stand_only_if_every_source_carries_both(
    catalogue: SchemeCatalogue,
) -> None:
    both = certified("site-aurora", "Mina Aurora", ("rmm", "RMM-75"), ("xmark", "gold"))
    low = certified("site-cordillera", "Mina Azul", ("rmm", "RMM-50"), ("xmark", "bronze"))
    licences = (licence("rmm"), licence("xmark"))
    joint = judge(facts(CB, sources=(both, low), licences=licences), catalogue, shipped.words())
    assert sentence(joint, EN).startswith(
        "Controlled blending: contains 100% certified copper, RMM-50 and X-Mark bronze."
    )
    assert sentence(joint, ES).count("RMM-50 y X-Mark bronze") == 1
    one = judge(facts(CB, sources=(both, low)), catalogue, shipped.words())
    assert [mark.scheme for mark in one.marks] == ["rmm"]
    assert refused(catalogue, facts(CB, sources=(both, low)), "rmm", "xmark") == (
        "claims.not_licensed"
    )
    mixed = facts(CB, sources=(both, CORDILLERA), licences=licences)
    assert [mark.scheme for mark in judge(mixed, catalogue, shipped.words()).marks] == ["rmm"]
    assert refused(catalogue, mixed, "xmark") == "claims.no_common_mark"
    apart = certified("site-cordillera", "Mina Azul", ("xmark", "gold"))
    assert refused(catalogue, facts(CB, sources=(AURORA, apart))) == "claims.no_common_mark"


@pytest.mark.parametrize(
    "name", ["claim", "claim_text", "claim-text", "Sentence", "slogan", "text"]
)
@pytest.mark.row("S17")
def test_request__that_brings_its_own_words__is_refused(name: str) -> None:
    with pytest.raises(ProvenanceError) as error:
        read_request({"lot": "L", "language": "en", name: "100% green copper"})
    assert error.value.code == "claims.text_supplied"


def test_request__for_lot_marks_and_language__is_read() -> None:
    asked = read_request({"lot": "L", "schemes": ["rmm"], "language": "de"})
    assert (asked.lot, asked.schemes, asked.language) == ("L", ("rmm",), DE)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"lot": "L", "model": "segregated"}, "claims.unknown_field"),
        ({"lot": ""}, "claims.request"),
        ({"lot": 3}, "claims.request"),
        ({"lot": "L", "schemes": "rmm"}, "claims.request"),
        ({"lot": "L", "schemes": [1]}, "claims.request"),
        ({"lot": "L", "language": "fr"}, "claims.unknown_language"),
    ],
)
def test_request__malformed__is_refused(request_: dict[str, object], code: str) -> None:
    with pytest.raises(ProvenanceError) as error:
        read_request(request_)
    assert error.value.code == code


def test_claim__without_what_it_needs__is_refused(catalogue: SchemeCatalogue) -> None:
    gold = certified("site-aurora", "Mina Aurora", ("rmm", "RMM-99"))
    strange = certified("site-aurora", "Mina Aurora", ("nomark", "1"))
    eiti = certified("site-aurora", "Mina Aurora", ("eiti", "implementing country"))
    cases = {
        "claims.no_model": facts(CustodyModel.NONE),
        "claims.sources": facts(MB, sources=()),
        "claims.no_share": facts(MB, share_ppm=0),
        "claims.share_range": facts(MB, share_ppm=1_000_001),
        "claims.share_below_model": facts(SG, share_ppm=999_999),
        "claims.origins": facts(IP),
        "claims.unknown_level": facts(MB, sources=(gold,)),
        "claims.unknown_scheme": facts(MB, sources=(strange,)),
        "claims.not_a_certification": facts(MB, sources=(eiti,)),
        "claims.not_licensed": facts(MB, licences=()),
        "claims.model_not_licensed": facts(SG, licences=(licence("rmm", CB, MB),)),
        "claims.licence_not_in_force": facts(MB, issued_s=COC.until_s),
        "claims.name_form": facts(MB, site_name="contains\u202e 100 %"),
    }
    assert {code: refused(catalogue, found) for code, found in cases.items()} == {
        code: code for code in cases
    }
    terms = judge(facts(MB, site_name="Contains Metals"), catalogue, shipped.words())
    with pytest.raises(ProvenanceError) as error:
        sentence(terms, EN)
    assert error.value.code == "claims.content_word"


@pytest.mark.row("A21")
def test_certificate__of_another_site_or_time__is_refused(catalogue: SchemeCatalogue) -> None:
    (paper,) = AURORA.certificates
    foreign = replace(AURORA, certificates=(replace(paper, site="site-cordillera"),))
    assert refused(catalogue, facts(MB, sources=(foreign,))) == "claims.other_site"
    ended = replace(paper, window=Window.of_days("2023-10-01", "2026-03-31"))
    late = replace(AURORA, certificates=(ended,))
    assert refused(catalogue, facts(MB, sources=(late,))) == "claims.certificate_not_in_force"
    elsewhere = (licence(site="site-other"),)
    assert refused(catalogue, facts(MB, licences=elsewhere)) == "claims.other_site"


def chain_sources(chain: Any, *, changed_end: str | None = None) -> tuple[Source, ...]:
    """The certified concentrates of the reference chain, as its papers say."""
    names = {"site-aurora": "Mina Aurora", "site-cordillera": "Mina Cordillera Azul"}
    papers = [each for each in chain["site_assurance"] if each["site"] in names]
    return tuple(
        Source(
            paper["site"],
            names[paper["site"]],
            *(PRODUCED.from_s, PRODUCED.until_s),
            (
                Certificate(
                    *(paper["id"], "rmm", paper["level"], paper["site"]),
                    Window.of_days(paper["valid_from"], changed_end or paper["valid_to"]),
                ),
            ),
        )
        for paper in papers
    )


@pytest.mark.reference
@pytest.mark.row("S17", "A19", "A20", "A21")
def test_claims__of_the_copper_chain__are_those_of_the_reference(
    catalogue: SchemeCatalogue,
) -> None:
    chain = reference_json("reference/copper-chain.json")
    ledger, ppm = chain["credit_ledger"], chain["expected"]["certified_share_ppm"]
    (paper,) = (each for each in chain["site_assurance"] if each.get("kind") == "chain-of-custody")
    held = Licence(
        *(paper["id"], "rmm", "site-bahia"),
        frozenset(model_of(slug) for slug in paper["models"]),
        Window.of_days(paper["valid_from"], paper["valid_to"]),
    )
    sources = chain_sources(chain)
    given = {"sources": sources, "licences": (held,), "share_ppm": ppm}
    assert refused(catalogue, facts(IP, **given)) == "claims.share_below_model"
    assert refused(catalogue, facts(SG, **given)) == "claims.share_below_model"  # N09
    blended = sentence(judge(facts(IP, CB, **given), catalogue, shipped.words()), EN)
    assert ledger["claims"]["controlled-blending"].startswith("78.4 %")
    assert "contains 78.4% certified copper, RMM-50." in blended
    balanced = facts(IP, CB, MB, **{**given, "share_ppm": 1_000_000})
    assert "for 100% of the copper" in sentence(judge(balanced, catalogue, shipped.words()), EN)
    assert ledger["level_rule"].count("RMM-50") == 2
    ended = chain_sources(chain, changed_end="2026-03-31")  # N07
    assert refused(catalogue, facts(CB, **{**given, "sources": ended})) == (
        "claims.certificate_not_in_force"
    )
