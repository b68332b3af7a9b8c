"""`veta words`, `profile`, `crosswalk`, `criteria` and `claim`: the abuse first, then the use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.claimed_mine import Mine, written
from tests.support.cli_home import Ran, good, run
from tests.support.lot_scenes import (
    CU_MARK,
    FACTORY,
    MINE,
    SMELTERY,
    copper_scene,
    did,
)
from tests.support.smelted_world import CAT, Desk, originated
from veta.claims import shipped
from veta.claims.grammar import read_request
from veta.claims.languages import Language
from veta.claims.wording import CONTENT_WORDS
from veta.cli import claim as claim_commands
from veta.errors import LedgerUnavailableError
from veta.model.identifiers import Digest
from veta.model.lots import Draw
from veta.services.claims import ClaimAsk, ClaimOutcome, verified_claim
from veta.services.claims_files import read_schemes
from veta.services.node import Node
from veta.verify.transport import write_bundle

LOT = {"kind": "lot", "id": "CON-9"}
NOW = ("--at", "2026-11-01")
SITE = {"kind": "site", "id": "site-aurora"}


# --- words -----------------------------------------------------------------------------------


@pytest.mark.row("S21", "A30")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Climate neutral copper", "claims.word_offset"),
        ("cobre carbono neutral", "claims.word_offset"),
        ("not climate neutral", "claims.word_offset"),
        ("gre en copper", "claims.word_generic"),
        ("grееn copper", "claims.word_generic"),  # two letters are Cyrillic
        ("Green Valley copper", "claims.word_generic"),
        ("umweltfreundlich", "claims.word_generic"),
        ("чистая медь", "claims.mixed_script"),
    ],
)
@pytest.mark.parametrize("language", list(Language))
def test_words__that_may_not_stand__are_found_whatever_language_is_asked(
    tmp_path: Path, text: str, code: str, language: str
) -> None:
    path = written(tmp_path, "text", text)
    ran = run("words", path, "--language", language, "--json")
    assert ran.code == 1
    assert [each["code"] for each in ran.json["findings"]] == [code]
    assert ran.json["findings"][0]["source"]
    assert not ran.json["clear"]


def test_words__for_a_person__name_source_and_remedy(tmp_path: Path) -> None:
    ran = run("words", written(tmp_path, "text", "climate neutral\x1b[2J"))
    assert ran.code == 1
    assert "Directive 2005/29/EC, Annex I point 4c" in ran.out
    assert "\x1b" not in ran.out


def test_words__that_cannot_be_looked_at__are_no_clear_text(tmp_path: Path) -> None:
    long = written(tmp_path, "long", "copper " * 400)
    octets = tmp_path / "octets"
    octets.write_bytes(b"\xff\xfe")
    cases = {
        "claims.text_long": (long,),
        "cli.not_utf8": (octets,),
        "cli.unreadable": (tmp_path / "none",),
        "claims.unknown_language": (long, "--language", "fr"),
    }
    for code, arguments in cases.items():
        ran = run("words", *arguments, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, code)


def test_words__of_an_honest_text__are_clear(tmp_path: Path) -> None:
    ran = run("words", written(tmp_path, "text", "Copper cathode from a greenfield site, 25 t.\n"))
    assert (ran.code, ran.out) == (0, "no word in it that a label may not carry\n")


# --- profile ---------------------------------------------------------------------------------


def values(folder: Path, **found: Any) -> Path:
    units = {"material_quantity_g": "g", "document_retention_years": "a", "fatalities": "1"}
    rows = [
        {"indicator": name, "value": value} | ({"unit": units[name]} if name in units else {})
        for name, value in found.items()
    ]
    document = {"schema": "veta-indicator-values/1", "subject": LOT, "values": rows}
    return written(folder, "values.json", document)


ARTICLE_49 = {
    "material_name": "lithium carbonate",
    "material_type": "battery grade",
    "supplier_name": "Salar Esperanza",
    "origin_countries": ["CL"],
    "market_transactions": ["T1", "T2"],
    "material_quantity_g": 20_000_000,
    "third_party_verifier": "Certifica Andina",
    "document_retention_years": 10,
}
CLEAN = {
    "origin_places": ["CL-AN"],
    "transit_places": ["CL-AN", "XX-01"],
    "supplier_interest_places": ["CL"],
    "supplier_sourcing_places_12m": ["CL"],
    "unusual_circumstances": False,
}


def answers(ran: Any) -> dict[str, str]:
    return {each["line"]: each["answer"] for each in ran.json["lines"]}


@pytest.mark.row("S41")
def test_profile__values_that_bring_their_own_list__are_refused_and_prove_nothing(
    tmp_path: Path,
) -> None:
    document = json.loads(values(tmp_path, **CLEAN).read_text())
    own = document | {"lists": [{"name": "conflict_affected_places", "places": []}]}
    ran = run("profile", "check", "oecd-red-flags", written(tmp_path, "own", own), "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "claims.data_member")
    unlisted = run("profile", "check", "oecd-red-flags", values(tmp_path, **CLEAN), "--json")
    assert [*answers(unlisted).values()].count("no_evidence") == 5


@pytest.mark.row("S41")
def test_profile__transit_through_a_listed_place__raises_the_flag(tmp_path: Path) -> None:
    places = [
        {"name": "conflict_affected_places", "places": ["XX-01"]},
        {"name": "places_with_few_reserves", "places": ["XX-02"]},
    ]
    lists = written(tmp_path, "lists", {"schema": "veta-place-lists/1", "lists": places})
    arguments = ("profile", "check", "oecd-red-flags", values(tmp_path, **CLEAN))
    ran = run(*arguments, "--lists", lists, "--json")
    assert [line for line, found in answers(ran).items() if found != "met"] == [
        "transit-through-listed-place"
    ]
    assert ran.json["decision"]["findings"] == ["claims.not_met:transit-through-listed-place"]
    assert ran.code == 0  # guidance: it has no day from which it refuses
    shown = run(*arguments, "--lists", lists)
    assert "report only: not refused; refuses from no day known" in shown.out


@pytest.mark.row("S38", "S41")
def test_profile__the_same_lot__passes_while_reporting_and_is_refused_from_the_day(
    tmp_path: Path,
) -> None:
    arguments = ("profile", "check", "eu-battery-49", values(tmp_path, **ARTICLE_49))
    before, reported, enforced = (
        run(*arguments, "--at", day, "--json") for day in ("2025-08-17", "2027-08-17", "2027-08-18")
    )
    assert [each.code for each in (before, reported, enforced)] == [0, 0, 1]
    modes = [each.json["decision"]["mode"] for each in (before, reported, enforced)]
    assert modes == ["not_yet", "report_only", "enforce"]
    for ran in (reported, enforced):
        assert ran.json["decision"]["findings"] == ["claims.no_evidence:supplier-address"]
    assert enforced.json["decision"]["code"] == "claims.policy_refused"
    whole = values(tmp_path, **ARTICLE_49, supplier_address="Antofagasta")
    assert run("profile", "check", "eu-battery-49", whole, "--at", "2028-01-01").code == 0


@pytest.mark.row("S18")
@pytest.mark.parametrize("language", list(Language))
def test_profile__of_a_buyer__is_answered_line_by_line(tmp_path: Path, language: str) -> None:
    found = values(tmp_path, fatalities=1, grievance_mechanism=True)
    ran = run("profile", "check", "example-buyer-core", found, "--at", "2026-06-30", "--json")
    assert answers(ran) == {
        "footprint": "no_evidence",
        "renewable": "no_evidence",
        "water": "no_evidence",
        "fatalities": "not_met",
        "grievances": "met",
    }
    shown = run("profile", "check", "example-buyer-core", found, "--language", language, *NOW)
    word = {"en": "no evidence", "es": "sin evidencia", "de": "kein Nachweis"}[language]
    assert shown.out.count(word) == 3
    assert shown.code == 1  # the buyer refuses since 2026-07-01


def test_profile__of_a_name_or_values_that_nobody_knows__is_refused(tmp_path: Path) -> None:
    for name, found, code in (
        ("nobody", {"fatalities": 0}, "claims.unknown_profile"),
        ("example-buyer-core", {"happiness": "much"}, "claims.unknown_indicator"),
        ("example-buyer-core", {"fatalities": "0"}, "claims.value_kind"),
        ("example-buyer-core", {"fatalities": {}}, "claims.data_field"),
    ):
        ran = run("profile", "check", name, values(tmp_path, **found), "--json")
        assert (ran.code, ran.json["error"]["code"]) == (2, code)


@pytest.mark.row("S38")
def test_profile_list__says_which_report_and_which_refuse() -> None:
    modes = [
        {
            each["name"]: each["mode"]
            for each in run("profile", "list", "--at", day, "--json").json["profiles"]
        }["eu-battery-49"]
        for day in ("2027-08-17", "2027-08-18")
    ]
    assert modes == ["report_only", "enforce"]
    assert "oecd-red-flags" in run("profile", "list").out


# --- crosswalk -------------------------------------------------------------------------------


def evidence(folder: Path, *rows: tuple[dict[str, str], str, str]) -> Path:
    found = [
        {"id": f"E{number}", "subject": subject, "criterion": criterion, "result": result}
        for number, (subject, criterion, result) in enumerate(rows)
    ]
    return written(folder, "evidence.json", {"schema": "veta-evidence/1", "evidence": found})


GHG = "copper-mark-rra/3/C11"


@pytest.mark.row("S05")
def test_crosswalk__one_ghg_result__is_partial_everywhere_but_at_home(tmp_path: Path) -> None:
    ran = run("crosswalk", evidence(tmp_path, (SITE, GHG, "fully")), "--json", "--at", "2026-11-01")
    (subject,) = ran.json["subjects"]
    results = {
        line["criterion"]: line["result"] for view in subject["views"] for line in view["lines"]
    }
    assert results == {
        GHG: "fully",
        "irma/1.0/4.5": "partially",
        "icmm/2020/P6": "partially",
        "gri/2021/305": "partially",
    }
    readings = [
        each for view in subject["views"] for line in view["lines"] for each in line["readings"]
    ]
    assert [each["mayBeClaimed"] for each in readings].count(True) == 1
    assert {each["mapping"] for each in readings} == {"own", "partial"}
    shown = run("crosswalk", evidence(tmp_path, (SITE, GHG, "fully")), *NOW)
    assert shown.out.count("only in part") == 3
    assert shown.out.count("  met  ") == 1
    assert "[R]" in shown.out


@pytest.mark.row("S05", "S27", "S35")
def test_crosswalk__of_a_company_s_or_country_s_result__claims_nothing_of_a_site(
    tmp_path: Path,
) -> None:
    country = {"kind": "country", "id": "PE"}
    company = {"kind": "company", "id": "minera"}
    path = evidence(
        tmp_path,
        (country, "eiti/2023/R4", "fully"),
        (company, "icmm/2020/P6", "fully"),
        (SITE, GHG, "not_met"),
    )
    ran = run("crosswalk", path, "--json", *NOW)
    by_kind = {each["subject"]["kind"]: each["views"] for each in ran.json["subjects"]}
    assert set(by_kind) == {"country", "company", "site"}
    for kind, own in (("country", "eiti"), ("company", "icmm")):
        for view in by_kind[kind]:
            for line in view["lines"]:
                claimed = [each["mayBeClaimed"] for each in line["readings"]]
                assert any(claimed) == (view["scheme"] == own)
                assert line["result"] == ("fully" if view["scheme"] == own else "partially")
    for view in by_kind["site"]:  # a failure stays one; no other subject's result covers it
        assert {line["result"] for line in view["lines"]} == {"not_met"}


def test_crosswalk__of_a_criterion_or_subject_that_nobody_knows__is_refused(tmp_path: Path) -> None:
    for row, code in (
        ((SITE, "copper-mark-rra/3/C34", "fully"), "claims.unknown_criterion"),
        (({"kind": "planet", "id": "x"}, GHG, "fully"), "claims.unknown_subject"),
        ((SITE, GHG, "mostly"), "claims.data_field"),
    ):
        ran = run("crosswalk", evidence(tmp_path, row), "--json", *NOW)
        assert (ran.code, ran.json["error"]["code"]) == (2, code)
    early = run("crosswalk", evidence(tmp_path, (SITE, GHG, "fully")), "--at", "2025-12-31")
    assert early.code == 1
    assert "claims.crosswalk_not_in_force" in early.err


# --- criteria --------------------------------------------------------------------------------


def assessment(folder: Path, version: str = "3", **changes: Any) -> Path:
    findings = [
        {"criterion": f"copper-mark-rra/{version}/C{number}", "result": "fully"}
        for number in range(1, 11)
    ]
    document = {
        "schema": "veta-assessment/1",
        "subject": SITE,
        "scheme": "copper-mark-rra",
        "version": version,
        "assessed": "2026-03-31" if version == "3" else "2023-05-01",
        "findings": findings,
    } | changes
    return written(folder, "assessment.json", document)


def gap(**plan: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = {"criterion": GHG, "result": "partially"}
    return [found | ({"plan": {"id": "P1"} | plan} if plan else {})]


@pytest.mark.row("S29")
def test_criteria__overdue_plan__is_flagged_from_the_day_after_it_was_due(tmp_path: Path) -> None:
    path = assessment(tmp_path, findings=gap(due="2026-09-30"))
    states = {}
    for day in ("2026-09-30", "2026-10-01"):
        ran = run("criteria", path, "--at", day, "--json")
        line = next(each for each in ran.json["lines"] if each["criterion"] == GHG)
        states[day] = (ran.code, line["plan"], ran.json["overdue"])
    assert states == {"2026-09-30": (0, "open", []), "2026-10-01": (1, "overdue", [GHG])}
    shown = run("criteria", path, "--at", "2026-10-01")
    assert "PLAN OVERDUE, due 2026-09-30" in shown.out
    closed = assessment(tmp_path, findings=gap(due="2026-09-30", closed="2026-09-01"))
    after = run("criteria", closed, "--at", "2026-10-01", "--json")
    assert (after.code, after.json["counts"]["fully"]) == (0, 0)


@pytest.mark.row("S29")
@pytest.mark.parametrize("language", list(Language))
def test_criteria__partially_met__is_never_shown_or_counted_as_met(
    tmp_path: Path, language: str
) -> None:
    path = assessment(tmp_path, findings=gap())
    ran = run("criteria", path, "--language", language, "--at", "2026-10-01", "--json")
    assert ran.json["counts"] == {"fully": 0, "partially": 1, "not_met": 0, "not_assessed": 32}
    shown = run("criteria", path, "--language", language, "--at", "2026-10-01").out
    (line,) = (each for each in shown.splitlines() if GHG in each)
    met = {"en": " met", "es": "cumplido", "de": "erfüllt"}[language]
    assert met not in line
    assert "plan missing" in line


@pytest.mark.row("S29")
def test_criteria__version_2_has_32_and_version_3_has_33(tmp_path: Path) -> None:
    for version, count in (("2", 32), ("3", 33)):
        ran = run("criteria", assessment(tmp_path, version), "--json", *NOW)
        assert len(ran.json["lines"]) == count


@pytest.mark.row("S29")
def test_criteria__that_contradict_their_version_or_the_calendar__are_refused(
    tmp_path: Path,
) -> None:
    old = [{"criterion": "copper-mark-rra/2/C1", "result": "fully"}]
    for changes, exit_code, code in (
        ({"findings": old}, 2, "claims.criterion_of_other_version"),
        ({"assessed": "2023-12-31"}, 1, "claims.version_not_in_force"),
        ({"assessed": "2027-01-01"}, 2, "claims.day"),
        ({"subject": LOT}, 1, "claims.other_subject"),
        ({"findings": gap(due="2026-03-01")}, 2, "claims.plan_order"),
        ({"verdict": "all met"}, 2, "claims.data_member"),
    ):
        path = assessment(tmp_path, **changes)
        ran = run("criteria", path, "--at", "2026-10-01", "--json")
        assert (ran.code, ran.json["error"]["code"]) == (exit_code, code)


# --- claim, on the real contracts ------------------------------------------------------------

GROUNDS = Digest(b"\x5a" * 32)
CONTAINS = "Controlled blending: contains 75% certified copper, RMM-50."
BALANCED = (
    "Mass balance: for 75% of the copper in this lot, an equal amount of certified copper entered"
    " Site of the miner, RMM-50."
)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
    folder = tmp_path_factory.mktemp("claimed")
    with copper_scene(folder) as scene:
        yield Mine(scene, folder, Desk(scene.company("miner")), Desk(scene.company("smelter")))


Command = Callable[..., Ran]


@pytest.fixture
def veta(mine: Mine, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`veta claim` at a company of the scene."""

    def claim(lot: object, *arguments: object, word: str = "miner") -> Ran:
        node: Any = mine.scene.company(word).node
        node.config = SimpleNamespace(member=did(word))

        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[Node]:
            node.follow()
            yield node

        monkeypatch.setattr(claim_commands, "open_home", opened)
        return run("claim", *map(str, (lot, *arguments)))

    return claim


def refusal(ran: Ran) -> tuple[int, str]:
    assert ran.json["sentence"] is None
    assert ran.json["reason"]
    return ran.code, ran.json["code"]


@pytest.mark.row("S17", "A19")
def test_claim__with_a_text_or_a_file_that_brings_words__is_refused(
    mine: Mine, veta: Command
) -> None:
    brought = veta("CON-MB", "--text", "contains 100 % certified copper", "--json")
    assert (brought.code, brought.json["error"]["code"]) == (2, "claims.text_supplied")
    worded = veta("CON-MB", *mine.licence(claim="contains certified copper"), "--json")
    assert (worded.code, worded.json["error"]["code"]) == (2, "claims.data_member")
    other = veta("CON-MB", "--language", "fr", "--json")
    assert (other.code, other.json["error"]["code"]) == (2, "claims.unknown_language")


@pytest.mark.row("S17", "A20")
def test_claim__without_a_licence_that_covers_it__is_refused_with_the_reason(
    mine: Mine, veta: Command
) -> None:
    named = (*mine.schemes(), *mine.numbers(), "--json")
    assert refusal(veta("CON-MB", *named)) == (1, "claims.not_licensed")
    for changes, code in (
        ({"models": ["segregated"]}, "claims.model_not_licensed"),
        ({"site": int(FACTORY)}, "claims.other_site"),
        ({"last": "2026-01-02"}, "claims.licence_not_in_force"),
        ({"scheme": "irma"}, "claims.not_licensed"),
    ):
        assert refusal(veta("CON-MB", *named, *mine.licence(**changes))) == (1, code)
    shown = veta("CON-MB", *mine.schemes(), *mine.numbers())
    assert shown.code == 1
    assert shown.out.startswith("no label: no licence to show rmm [claims.not_licensed]")


@pytest.mark.row("S17", "A19", "A30")
@pytest.mark.parametrize(
    ("level", "code"),
    [
        ("contains recycled copper", "claims.content_word"),
        ("climate neutral", "claims.word_offset"),
        ("100 % certified", "claims.name_form"),
        ("green copper", "claims.word_generic"),
    ],
)
def test_claim__whose_words_would_come_in_as_a_level_s_name__is_refused(
    mine: Mine, veta: Command, level: str, code: str
) -> None:
    worded = mine.schemes(levels=["RMM-25", level, "RMM-75"])
    ran = veta("CON-CB", *worded, *mine.numbers(), *mine.licence(), "--json")
    assert refusal(ran) == (1, code)


def test_claim__whose_scheme_is_not_named_or_named_otherwise__is_refused(
    mine: Mine, veta: Command
) -> None:
    licence = (*mine.licence(), "--json")
    assert refusal(veta("CON-MB", *licence)) == (1, "claims.unknown_scheme")
    foreign = mine.numbers("Another Network's Mark")
    assert refusal(veta("CON-MB", *licence, *mine.schemes(), *foreign)) == (
        1,
        "claims.unknown_scheme",
    )
    short = mine.schemes(levels=["RMM-25", "RMM-75"])
    assert refusal(veta("CON-MB", *licence, *short, *mine.numbers())) == (1, "claims.levels")
    asked = veta("CON-MB", *licence, "--mark", "nomark")
    assert (asked.code, asked.json["error"]["code"]) == (2, "claims.unknown_scheme")
    unlisted = veta("CON-MB", *licence, "--programme", 7, *mine.schemes(), *mine.numbers())
    assert (unlisted.code, unlisted.json["error"]["code"]) == (2, "claims.request")


@pytest.mark.row("S17")
def test_claim__whose_lineage_or_passport_is_not_shown__is_refused(mine: Mine) -> None:
    network = read_schemes(*(Path(str(each)).read_bytes() for each in mine.schemes()[1:]))
    ask = ClaimAsk(read_request({"lot": "CON-MB"}), (), network, shipped.words())
    node, bare = mine.scene.company("smelter").node, mine.bundle("CON-MB")
    node.follow()
    closed = verified_claim(node, bare, ask)
    assert (closed.outcome, closed.code) == (ClaimOutcome.REFUSED, "claims.lineage_open")
    shown = node.with_lineage(bare).bundle
    alone = verified_claim(node, replace(shown, token=b""), ask)
    assert (alone.outcome, alone.code) == (ClaimOutcome.REFUSED, "statement.not_shown")
    assert closed.sentence is alone.sentence is None


def test_claim__when_the_chain_does_not_answer__cannot_be_told(
    mine: Mine, veta: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LedgerUnavailableError("ledger.unavailable", "no answer")

    monkeypatch.setattr(mine.scene.company("miner").node.ledger, "final_head", away)
    ran = veta("CON-MB", *mine.schemes(), *mine.numbers(), *mine.licence(), "--json")
    assert refusal(ran) == (3, "ledger.unavailable")
    assert ran.json["answer"] == "cannot_tell"


@pytest.mark.row("S17")
def test_claim__of_a_bundle_file__is_made_by_whoever_reads_it(
    mine: Mine, veta: Command, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(write_bundle(mine.bundle("CON-MB")))
    named = (*mine.schemes(), *mine.numbers(), *mine.licence())
    assert good(veta(path, *named, word="smelter")).out.startswith(BALANCED)


@pytest.mark.row("S17", "A19")
@pytest.mark.parametrize("language", list(Language))
def test_claim__under_mass_balance__never_says_what_goods_contain(
    mine: Mine, veta: Command, language: str
) -> None:
    named = (*mine.schemes(), *mine.numbers(), *mine.licence(), "--language", language)
    ran = good(veta("CON-MB", *named, "--json"))
    spoken = ran.json["sentence"]
    assert not {word.strip(".,:;()").casefold() for word in spoken.split()} & CONTENT_WORDS
    if language == "en":
        assert spoken.startswith(BALANCED)
        assert spoken.endswith("from 1 January 2026 to 31 December 2026 (UTC−03:00).")
    assert ran.json["terms"]["model"] == "mass-balance"


@pytest.mark.row("S17")
def test_claim__of_certified_concentrate__is_one_sentence_and_what_it_rests_on(
    mine: Mine, veta: Command
) -> None:
    named = (*mine.schemes(), *mine.numbers(), *mine.licence())
    document = good(veta("CON-CB", *named, "--json")).json
    assert document["sentence"].startswith(CONTAINS)
    assert document["terms"]["marks"] == [{"scheme": "rmm", "name": "RMM", "level": "RMM-50"}]
    assert document["terms"]["sharePpm"] == 750_000
    (source,) = document["basis"]["sources"]
    assert (source["site"], source["siteName"]) == (MINE, "Site of the miner")
    assert [each["certificate"] for each in source["certificates"]] == [mine.scene.certificate]
    assert document["grade"] == {
        "lot": "chain",
        "certificates": "chain",
        "licences": "file",
        "schemes": ["file"],
    }
    shown = good(veta("CON-CB", *named)).out
    assert shown.startswith(CONTAINS)
    assert "it is no anchored statement" in " ".join(shown.split())


@pytest.mark.row("S17", "A19", "A20")
def test_claim__of_what_was_made_of_it__follows_the_weakest_model_and_is_made_once(
    mine: Mine, veta: Command
) -> None:
    mine.smelted("CAT-9", "CON-ON", CAT | {CU_MARK: 200_000})
    named = (*mine.schemes(), *mine.numbers(), "--json")
    assert refusal(veta("CON-ON", *named, *mine.licence())) == (1, "lot.consumed")
    assert refusal(veta("CAT-9", *named, *mine.licence(), word="smelter")) == (
        1,
        "claims.other_site",
    )
    own = mine.licence(site=int(SMELTERY))
    document = good(veta("CAT-9", *named, *own, word="smelter")).json
    assert document["sentence"].startswith(
        "Mass balance: for 71.9476% of the copper in this lot, an equal amount of certified copper"
        " entered Site of the smelter, RMM-50."
    )
    assert document["basis"]["models"] == ["controlled-blending", "mass-balance"]
    assert [each["site"] for each in document["basis"]["sources"]] == [MINE]

    # What is left in the site's account came from the mine too, but no lineage says so.
    originated(mine.scene, mine.desk, "CON-0")
    mine.smelted("CAT-0", "CON-0", CAT | {CU_MARK: 7_000}, draws=(Draw(0, CU_MARK, 7_000),))
    assert refusal(veta("CAT-0", *named, *own, word="smelter")) == (1, "assurance.drawn")


def test_claim__of_a_scheme_by_its_registered_name__says_so(mine: Mine, veta: Command) -> None:
    by_name = mine.schemes(name="Responsible Metals Mark")
    ran = good(veta("CON-CB", *by_name, *mine.licence(), "--json"))
    assert ran.json["grade"]["schemes"] == ["registered-name"]


@pytest.mark.row("S17", "A22")
def test_claim__on_a_certificate_that_ended_since__waits_or_is_over(
    mine: Mine, veta: Command
) -> None:
    named = (*mine.schemes(), *mine.numbers(), *mine.licence(), "--json")
    assurance = mine.scene.ledger().lots.assurance
    certificate = mine.scene.certificate
    for _ in range(2):  # a second suspension counts like the first
        mine.scene.send("accreditor", assurance.encode_suspend(certificate, GROUNDS))
        ran = veta("CON-CB", *named)
        assert refusal(ran) == (1, "assurance.suspended_since")
        assert "a new label waits until the suspension is lifted" in ran.json["reason"]
        mine.scene.send("accreditor", assurance.encode_lift(certificate, GROUNDS))
        good(veta("CON-CB", *named))
    mine.scene.send("body", assurance.encode_withdraw(certificate, GROUNDS))
    assert refusal(veta("CON-CB", *named)) == (1, "assurance.withdrawn_since")
