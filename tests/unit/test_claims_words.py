"""Words that may not stand on a label, disguised or not; and honest uses that may."""

from __future__ import annotations

import pytest

from veta.claims import Language, shipped
from veta.claims.folding import tokens
from veta.claims.lexicon import load_words
from veta.claims.subjects import SubjectKind
from veta.claims.words import (
    FuturePlan,
    WordContext,
    find_words,
    require_name,
    require_words,
)
from veta.errors import InputError

WORDS = shipped.words()
PLAIN = WordContext()
PLAN = FuturePlan(
    "PLAN-1",
    public=True,
    measurable=True,
    resourced=True,
    verifier="Verifica",
    rests_on_offsets=False,
)


def refused(text: str, context: WordContext = PLAIN) -> str:
    with pytest.raises(InputError) as error:
        require_words(text, context, WORDS)
    return error.value.code


@pytest.mark.row("A30", "S21")
@pytest.mark.parametrize(
    "text",
    [
        "climate neutral copper",
        "carbon neutral copper",
        "CO2-neutral",
        "CO₂-neutral zertifiziert",
        "net zero cathode",
        "carbon positive",
        "carbon-compensated wire",
        "reduced climate impact",
        "klimaneutrales Kupfer",
        "Klimaneutralität",
        "CO2-kompensiertes Kupfer",
        "netto-null",
        "cobre carbono neutral",
        "neutro en carbono",
        "neutralidad de carbono",
        "cero emisiones netas",
        "libre de emisiones",
        "neutral by offset",
        "fully offset emissions",
        "without emissions",
        "huella de carbono cero",
        "ohne CO2",
        "not climate neutral",
    ],
)
def test_words__of_neutrality__are_refused_and_name_annex_i_4c(text: str) -> None:
    with pytest.raises(InputError) as error:
        require_words(text, PLAIN, WORDS)
    assert error.value.code == "claims.word_offset"
    assert "Annex I point 4c" in error.value.message
    (first, *_) = find_words(text, PLAIN, WORDS)
    assert first.excerpt in text
    assert first.excerpt in error.value.message


@pytest.mark.row("S17")
@pytest.mark.parametrize(
    "text",
    [
        *("green copper", "Green", "greener metal", "eco", "eco-friendly", "ecofriendly"),
        *("environmentally friendly", "biodegradable", "clean copper", "🌱 copper"),
        *("cobre verde", "verdes", "ecológico", "respetuoso con el medio ambiente"),
        *("amigable con el medio ambiente", "grünes Kupfer", "grün", "umweltfreundlich"),
        *("Umweltfreundlichkeit", "klimafreundliches Metall", "ökologisch", "Ökokupfer"),
    ],
)
def test_words__generic__are_refused_and_name_annex_i_4a(text: str) -> None:
    assert refused(text) == "claims.word_generic"
    assert all("4a" in each.rule.source for each in find_words(text, PLAIN, WORDS))


DISGUISES = [
    "GREEN",
    "gReEn",
    "g r e e n",
    "G.R.E.E.N.",
    "g-r-e-e-n",
    "gre\u200ben",
    "gr\u00adeen",
    "g\u2060re\ufeffen",
    "gre\u0301en",
    "gr\u0336e\u0336e\u0336n",
    "grееn",  # Cyrillic
    "gгееn",
    "grεεn",  # Greek
    "ｇｒｅｅｎ",
    "𝐠𝐫𝐞𝐞𝐧",
    "ⓖⓡⓔⓔⓝ",
    "🅖🅡🅔🅔🅝",
    "🇬🇷🇪🇪🇳",
    "ɢʀᴇᴇɴ",
    "gr33n",
    "GreenCopper™",
    "Green®",
    "green¹",
    "green²)",
    "100green",
    "1climate neutral",
    "climate¹ neutral",
    "CO²-neutral",
    "Grünkupfer",
    "cobreverde",
    "gꞃeen",
    "gr€en",
    "gre en",
    "есо copper",  # all Cyrillic
    "CLIMATENEUTRAL",
    "climate‑neutral",
    "climate_neutral",
    "cli mate neu tral",
    "сlimаte neutrаl",
    "c1imate neutra1",
    "KLIMA-NEUTRAL",
    "klima\u00a0neutral",
    "GRÜNES",
    "gruenes",
    "gru\u0308nes",
    "ecolo\u0301gico",
    "sostenib1e",
    "umwelt-freundlich",
    "ÖKOLOGISCH",
    "oekologisch",
]


@pytest.mark.row("S17", "A30")
@pytest.mark.parametrize("text", DISGUISES)
def test_words__in_disguise__are_refused_all_the_same(text: str) -> None:
    assert refused(f"25 t, {text}, 2026").startswith("claims.word_")


@pytest.mark.parametrize(
    "text",
    [
        "greenfield site",
        "Greenfield project of 2019",
        "greenhouse gas emissions 3.031 t/t, cradle to gate",
        "green-yellow conductor",
        "Schutzleiter grün-gelb",
        "conductor verde-amarillo",
        "cable with green sheath",
        "greenstone belt",
        "green anode plant",
        "Evergreen container",
        "economy of scale",
        "Ökologie der Lagune",
        "estudio del ecosistema",
        "responsible for sampling: LabSur",
        "responsable técnico: A. Rojas",
        "licence valid until 2028, footprint 3.031",
        "Lizenz gültig bis 2028, Fußabdruck 3,031",
        "huella de carbono 3,031, licencia válida hasta 2028",
        "25 t copper cathode, Cu-CATH-1",
        "wire of 10 µm, 5 mΩ, α-brass",
        "low carbon steel drum",
        "tambor de acero bajo en carbono",
        "Der Fußabdruck wird nach ISO 14067 berechnet; Emissionen werden gemessen",
        "net weight 25 t, zero defects",
        "planet zero",
        "Verdeckt verlegtes Kabel",
        "Controlled blending: contains 78.4% certified copper, RMM-50.",
    ],
)
def test_words__used_honestly__are_not_refused(text: str) -> None:
    assert find_words(text, PLAIN, WORDS) == ()


def test_names__registered__may_hold_a_colour_and_free_text_may_hold_the_name() -> None:
    context = WordContext(
        names=("Green Valley Mine", "Grün", "Cerro Verde", "Verde Verifica"),
        scheme_names=("Responsible Metals Mark",),
    )
    for text in (
        "Green Valley Mine, lot 5",
        "Werk Grün",
        "concentrado de Cerro Verde",
        "Responsible Metals Mark RMM-50, verified by Verde Verifica",
    ):
        require_words(text, context, WORDS)
        assert refused(text).startswith("claims.word_")
    require_words("Werk —", WordContext(names=("—",)), WORDS)
    assert refused("Green Valley Mine: green copper", context) == "claims.word_generic"
    assert refused("Green Valley copper", context) == "claims.word_generic"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Green Copper Ltd", "claims.word_generic"),
        ("Cobre Verde SA", "claims.word_generic"),
        ("Verde Cobre", "claims.word_generic"),
        ("Great Green Copper", "claims.word_generic"),
        ("Grünes Kupfer AG", "claims.word_generic"),
        ("Gr33n Valley", "claims.word_generic"),
        ("Minera Ecológica", "claims.word_generic"),
        ("Climate Neutral Metals", "claims.word_offset"),
        ("Sustainable Metals", "claims.word_label"),
        ("Сerro Verde", "claims.mixed_script"),
        ("Mina 🌱", "claims.mixed_script"),
        ("100 % Mina", "claims.name_form"),
        ("Mina\u202eaniM", "claims.name_form"),
        ("Mina\nAurora", "claims.name_form"),
        (" ", "claims.name_form"),
        ("x" * 121, "claims.name_form"),
    ],
)
def test_name__that_claims_or_hides__is_refused(name: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        require_name(name, WORDS)
    assert error.value.code == code


@pytest.mark.parametrize(
    "name",
    [
        "Green Valley",
        "Verde",
        "Verde Valle Cobre",
        "Green",
        "Cerro Verde",
        "Valle Verde Cobre",
        "Grün",
        "Mina Aurora",
        "江西铜业",
        "Рудник",
    ],
)
def test_name__of_a_place_or_family__is_a_name(name: str) -> None:
    require_name(name, WORDS)


def test_scheme_name__may_say_what_schemes_are_about() -> None:
    require_name("Responsible Metals Mark", WORDS, scheme=True)
    with pytest.raises(InputError, match="Climate Neutral"):
        require_name("Climate Neutral Mark", WORDS, scheme=True)


@pytest.mark.row("S17")
def test_sustainable__stands_only_beside_a_scheme_s_mark() -> None:
    for text in ("sustainable copper", "cobre sostenible", "nachhaltiges Kupfer", "ethisch"):
        assert refused(text) == "claims.word_label"
        require_words(text, WordContext(marked=True), WORDS)
    assert refused("sustainable green copper", WordContext(marked=True)) == "claims.word_generic"


@pytest.mark.parametrize(
    "text",
    [
        "We will cut emissions by 40 % by 2030",
        "reduciremos las emisiones para 2030",
        "Emissionen bis 2030 halbiert",
        "carbon neutral by 2040",
        "klimaneutral bis 2035",
        "our target: renewable power",
    ],
)
def test_future__without_a_plan_or_on_a_lot__is_refused(text: str) -> None:
    company = WordContext(subject=SubjectKind.COMPANY, plan=PLAN)
    findings = find_words(text, PLAIN, WORDS)
    assert "claims.word_future" in {each.code for each in findings}
    assert any("6(2)(d)" in each.rule.source for each in findings)
    assert find_words(text, company, WORDS) == ()
    on_lot = WordContext(subject=SubjectKind.LOT, plan=PLAN)
    assert "claims.word_future" in {each.code for each in find_words(text, on_lot, WORDS)}


def test_year__that_is_past_when_issued__is_no_future() -> None:
    for text in ("huella de carbono en 2025", "carbon footprint from 2026 data"):
        assert find_words(text, WordContext(year=2026), WORDS) == ()
        assert refused(text, WordContext(year=2024)) == "claims.word_future"
        assert refused(text) == "claims.word_future"


@pytest.mark.parametrize(
    "flaw",
    [
        {"public": False},
        {"measurable": False},
        {"resourced": False},
        {"verifier": ""},
        {"rests_on_offsets": True},
    ],
)
def test_future__on_a_plan_that_lacks_something__is_refused(flaw: dict[str, object]) -> None:
    whole = {
        "identifier": "P",
        "public": True,
        "measurable": True,
        "resourced": True,
        "verifier": "V",
        "rests_on_offsets": False,
    }
    plan = FuturePlan(**{**whole, **flaw})  # type: ignore[arg-type]
    context = WordContext(subject=SubjectKind.COMPANY, plan=plan)
    assert refused("carbon neutral by 2040", context).startswith("claims.word_")


def test_text__in_other_letters_or_too_long__is_refused() -> None:
    assert refused("зелёная медь") == "claims.mixed_script"
    assert refused("x" * 2_001) == "claims.text_long"
    assert find_words("", PLAIN, WORDS) == ()
    assert tokens("CO₂‑neutral")[0].word == "co2"


def test_list__has_version_start_and_sources() -> None:
    assert WORDS.version == 1
    assert WORDS.window.words(Language.ENGLISH)[0] == "27 September 2026"
    assert set(WORDS.rules) == {"offset", "generic", "label", "future"}
    assert all("2024/825" in rule.source and rule.fix for rule in WORDS.rules.values())
    assert all("[R]" in WORDS.rules[each].source for each in ("offset", "generic", "label"))


def test_list__malformed__is_refused() -> None:
    bad = (
        b'{"schema":"veta-words/2"}',
        b'{"schema":"veta-words/1","rules":[],"terms":[{"rule":"x","language":"en","terms":["a"]}]}',
        b'{"schema":"veta-words/1","rules":[],"terms":[],"joined":3}',
    )
    codes = []
    for octets in bad:
        with pytest.raises(InputError) as error:
            load_words(octets)
        codes.append(error.value.code)
    assert codes == ["claims.data_schema", "claims.word_rule", "claims.data_field"]
