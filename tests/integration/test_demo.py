"""The demo, run as a reader runs it: its story, its files, its second run, its own doubts."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.conftest import PROJECT
from tests.support.cli_home import VETA, run
from tests.support.demo_home import demo_folder
from veta import canonical
from veta.api.server import serving
from veta.bootstrap import open_home
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_server import EmbeddedServer
from veta.errors import ConfigError
from veta.model.identifiers import UnixSeconds
from veta.scenario.campaign import load_copper
from veta.scenario.demo import main
from veta.scenario.demo_forgery import change_footprint
from veta.scenario.demo_lithium import PACK_LOT
from veta.scenario.demo_lots_downstream import CABLE_LOT
from veta.scenario.demo_stage import MARKER, set_stage
from veta.scenario.demo_teller import Teller

LOT = "BSE-CAT-26-1001"
LOT_STEPS = frozenset({8, 9, 12})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One run in a folder of its own, without a terminal, and what it told."""
    return demo_folder(tmp_path_factory, "demo")


@pytest.mark.row("A01", "A48")
def test_demo__every_verdict__as_the_story_expects(demo: tuple[Path, str]) -> None:
    told = re.sub(r"\s+", " ", demo[1])
    for wanted in (
        "16 parties found it, 6 of them with a vote",
        "it is member 17",
        "anchored 3 passports 1 transaction",
        "anchored 38 passports 1 transaction",
        "42 of 42 VALID",
        "INVALID BSE-CAT-26-1002, forged step 2, signature:",
        "VALID_WITH_NOTICE BSE-CAT-26-1004, first version",
        "[status.superseded]",
        "INVALID BSE-CAT-26-1007",
        "INVALID COR-CON-26-0309 step 3,",
        "[key.compromised]",
        "VALID_WITH_NOTICE RMM-AURORA-2026, the mine's",
        "[validity.expired]",
        "INDETERMINATE BSE-CAT-26-1001",
        "[ledger.refused]",
        "All as expected",
    ):
        assert wanted in told, wanted
    assert "NOT AS EXPECTED" not in told


@pytest.mark.row("A03", "A10")
def test_demo__what_does_not_add_up__is_refused_by_the_contract(demo: tuple[Path, str]) -> None:
    told = re.sub(r"\s+", " ", demo[1])
    for wanted in (
        "46 votes: copper, lithium, 16 product classes, 8 sites",
        "The smelter holds 1,000 t of copper, 78.4 % of it certified",
        "BSE-ANO-26-0021 975.1 t copper, 2,940 t CO2e",
        "975,100,000 g taken = 975,100,000 in cathode",
        "2,940,000,000 g taken + 160,000,000 emitted = 3,100,000,000 in all outputs",
        "may claim 744,725,520; 29 of 38 lots claim 724,927,500 g, 19,798,020 stay in the site's",
        "a 30th lot on credit output 0 claims 749,925,000 of credit of programme 50, Cu; its share",
        "give 744,725,520 [custody.credit_above_cap]",
        "contained Cu: 975,100,000 were taken or first measured, but 1,015,096,000 are in outputs",
        "[custody.metal_mismatch]",
        "carry 3,100,000,000 g CO2e, the outputs 2,595,550,000 [custody.co2e_mismatch]",
        "carries 13,481,000 g CO2e; the allocation rule allows 0 to 6,200,000 [custody.alloc",
        "output 0 is segregated, stronger than an input, which is controlled blending [custody.mod",
        "smelted a second time 1,840,000,000 are asked of a lot of which 0 are left [custody.above",
        "sold to two buyers the lot is offered to member 4 until 2026-07-03T12:00:00Z [custody.loc",
        "anode becomes 38 lots and residues 1 transaction",
    ):
        assert wanted in told, wanted
    assert told.count("REFUSED") == 11


def test_demo__lithium__closes_and_its_negative_cases_are_refused(demo: tuple[Path, str]) -> None:
    """Both figures a kilogram, the packs' share, and NL1 to NL3 of the reference."""
    told = re.sub(r"\s+", " ", demo[1])
    for wanted in (
        "62,500,000 l of brine in a sum with 6,300,000 l of fresh water brine is never added to",
        "carries 336,000,000 g CO2e; the allocation rule allows 134,400,000 to 134,400,000 [custod",
        "contained Li: 60,000,000 were taken or first measured, but 287,651,060 are in outputs",
        "SES-LIC-26-2001 14 lots, the first: 20 t, 3,739,210 g lithium, 4,000 g CO2e a kg",
        "AEL-NMC-26-0001 5 of them become: 250 t, 17,900,000 g lithium, 16,000 g CO2e a kg",
        "2,500 packs, a lot each, 160,000 g CO2e of lithium carbonate in every one",
    ):
        assert wanted in told, wanted


def test_demo__community_s_wells__seen_by_two_or_said_to_be_one_s_word(
    demo: tuple[Path, str],
) -> None:
    told = re.sub(r"\s+", " ", demo[1])
    for wanted in (
        "NOT MET: 100 of 150 readings are co-signed; 50 stand under the operator's word alone",
        "it was edited, or is another round's [monitoring.reading_not_included]",
        "did:web:mina-salar-esperanza.example replaced a co-signed round without did:web:comite-",
        "both stand [monitoring.replaced_alone]",
        "[site.concern_open]",
    ):
        assert wanted in told, wanted


def test_demo__certificate_suspended__everybody_who_holds_it_is_named(
    demo: tuple[Path, str],
) -> None:
    """Of 52,348,940 g in carbonate, nine lots stay with the salar; five are in packs."""
    told = re.sub(r"\s+", " ", demo[1])
    for wanted in (
        f"Salar Esperanza (fictional) 0 opened lots {9 * 3_739_210:,} g certified lithium",
        f"Marea Motors (fictional) 0 opened lots {2_500 * 7_160:,} g certified lithium",
    ):
        assert wanted in told, wanted


def test_demo__explain_a_pack__one_salar_four_steps_to_the_gram(demo: tuple[Path, str]) -> None:
    """The pack maker's own home: its passport, and every run behind it from the chain."""
    home = demo[0] / "veta-demo" / "parties" / "marea-motors"
    done = run("explain", PACK_LOT, "--home", home, "--json")
    assert done.code == 0, done
    found = json.loads(done.out)
    assert found["verdict"] == "VALID_WITH_NOTICE"
    ((share,),) = [each["shares"] for each in found["origins"]]
    assert (share["sharePpm"], share["siteName"]) == (1_000_000, "Salar Esperanza (fictional)")
    assert found["lot"]["co2eGPerKg"] == 16_000
    assert found["lot"]["model"] == "identity-preserved"
    assert [step["lotsTaken"] for step in found["steps"]] == [0, 1, 5, 1]
    for step in found["steps"]:
        for each in step["balances"]:
            entered = each["taken"] + each["entered"]
            assert entered == each["made"] + each["lost"] + each["ended"], each


def test_demo__balance_of_a_site_nobody_registered__is_no_empty_table(
    demo: tuple[Path, str],
) -> None:
    done = run("balance", "--site", "99", "--home", demo[0] / "veta-demo", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "registry.unknown_site")


def test_demo__what_is_no_statement__gets_no_verdict(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    """A photograph is a mistake of whoever types the command, not a forged passport."""
    photograph = tmp_path / "label.jpg"
    photograph.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    trust = demo[0] / "veta-demo" / "trust.json"
    done = run("verify", photograph, "--offline", "--trust", trust, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "cli.not_a_statement")


def test_demo__home_that_is_behind_the_chain__does_not_pass_old_answers_off_as_whole(
    demo: tuple[Path, str],
) -> None:
    """The mine's home followed until July; its certificate has carried lots to others since."""
    mine = demo[0] / "veta-demo" / "parties" / "mina-aurora"
    old = run("assurance", "affected", "2", "--home", mine, "--json")
    assert (old.code, old.json["complete"]) == (3, False)
    assert "[home.behind]" in old.err
    audited = run("audit", "--home", mine)  # brings it up to date, and tells of one call by hand
    assert (audited.code, "[audit.nonce]" in audited.out) == (1, True)
    new = run("assurance", "affected", "2", "--home", mine, "--json")
    assert (new.code, "[home.behind]" in new.err) == (0, False)
    assert len(new.json["lots"]) > len(old.json["lots"])


def test_demo__progress_of_bundles_without_lineage__says_what_is_not_counted(
    demo: tuple[Path, str],
) -> None:
    home = demo[0] / "veta-demo"
    bundles = sorted((home / "bundles").glob("BSE-CAT-26-100[12].bundle.json"))
    ran = run("progress", *bundles, "--home", home, "--json")
    assert ran.code == 0
    assert "2 of 2 bundles" in ran.err
    assert "[progress.not_counted]" in ran.err


def test_demo__metal_that_goes_on__is_the_reference_s_to_the_gram(demo: tuple[Path, str]) -> None:
    told = re.sub(r"\s+", " ", demo[1])
    for wanted in (
        "10 lots of 250 t in all",
        "NOR-ROD-26-0007 10 lots become rod: 249 t, 3,200 g CO2e a kg",
        "LIN-CAB-26-0311 100 t of it become cable: 156 t, 3,280 g CO2e a kg",
        "6,000 cars, a lot each, 85,280 g CO2e of cable in every one",
        "552,000 ppm Mina Aurora 232,000 ppm Mina Cordillera Azul 216,000 ppm outside",
        "1,000,000 ppm through 8 runs, 16 takes",
        "511,680,000 g stated, and never below 510,417,052 g",
    ):
        assert wanted in told, wanted


def test_demo__lineage_command_it_prints__tells_the_cable_s_origins(
    demo: tuple[Path, str],
) -> None:
    (line,) = [line for line in demo[1].splitlines() if "/veta lineage" in line]
    command = line.split("veta ", 1)[1].split()
    done = subprocess.run(
        [VETA, *command, "--json"], cwd=demo[0], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done
    shares = [origin["sharePpm"] for origin in json.loads(done.stdout)["origins"]]
    assert sorted(shares) == [216_000, 232_000, 552_000]


def test_readme__what_it_shows_of_the_demo__is_what_the_demo_prints(demo: tuple[Path, str]) -> None:
    """Line by line, but for the roots, which are new in every run, and their gas: a zero octet in
    a root costs 12 less.
    """
    readme = (PROJECT / "README.md").read_text("utf-8")
    (excerpt,) = [
        text for text in re.findall(r"```text\n(.*?)```", readme, re.DOTALL) if "INVALID" in text
    ]
    new = re.compile(r"[\d,]+ gas(, [\d,]+ each)?|root [0-9a-f]{16}")
    told = re.sub(r"\s+", " ", new.sub("", demo[1]))
    lines = [new.sub("", line) for line in excerpt.splitlines() if line]
    assert len(lines) > 8
    for line in lines:
        assert re.sub(r"\s+", " ", line).strip() in told, line


def test_demo__without_a_terminal__no_colours_and_no_long_lines(demo: tuple[Path, str]) -> None:
    assert "\033" not in demo[1]
    assert "\r" not in demo[1]
    sentences = [line for line in demo[1].splitlines() if not line.startswith("       ")]
    assert max(map(len, sentences)) <= 120


def test_demo__commands_it_prints__work_afterwards(demo: tuple[Path, str]) -> None:
    folder, told = demo
    commands = [
        line.split("veta ", 1)[1].split() for line in told.splitlines() if "/veta verify" in line
    ]
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            [VETA, *command], cwd=folder, capture_output=True, text=True, timeout=60
        )
        verdict = "VALID_WITH_NOTICE" if "--offline" in command else "VALID"
        assert (done.returncode, done.stdout.split()[0]) == (0, verdict), done
    assert f"http://127.0.0.1:8460/lots/did:web:refineria-bahia-serena.example/{LOT}" in told


CABLE_HOME = Path("veta-demo") / "parties" / "kabelwerk-lindental"


def cable_bundle(folder: Path, file: Path, *options: str) -> Path:
    """What the cable maker hands out about its lot."""
    home = ("--home", folder / CABLE_HOME)
    ran = run("show", "statement", CABLE_LOT, *home, "--bundle", file, "--with-lineage", *options)
    assert ran.code == 0, ran
    return file


def closes(document: dict[str, Any]) -> bool:
    """Each column of each step: what went in is what came out, was lost or ended."""
    balances = [each for step in document["steps"] for each in step["balances"]]
    return bool(balances) and all(
        each["taken"] + each["entered"] == each["made"] + each["lost"] + each["ended"]
        for each in balances
    )


SHARES = {"Mina Aurora": 552_000, "Mina Cordillera Azul": 232_000, None: 216_000}
"""Of the copper, in ppm; the rest is from outside (the reference chain's README)."""


def shares(document: dict[str, Any]) -> dict[str | None, int]:
    (copper,) = [each for each in document["origins"] if each["metal"] == "contained Cu"]
    return {each["siteName"]: each["sharePpm"] for each in copper["shares"]}


@pytest.mark.row("S01")
def test_explain__cathode__told_from_the_mine_and_adds_up(demo: tuple[Path, str]) -> None:
    ran = run("explain", LOT, "--home", demo[0] / "veta-demo", "--json")
    told = ran.json
    assert (ran.code, told["verdict"]) == (0, "VALID_WITH_NOTICE")
    assert shares(told) == SHARES
    assert closes(told)
    assert [step["whole"] for step in told["steps"]] == [True] * 6
    footprint = told["footprint"]
    assert footprint["printedGPerKg"] == footprint["recomputedGPerKg"] == 3_031
    built = footprint["buildUpG"]
    assert built["inherited_g"] + built["process_g"] - built["to_other_products_g"] == 2_879_450_000
    assert len(told["assurance"]) == 2
    assert told["lot"]["model"] == "mass-balance"
    assert any("metal in the box" in each for each in told["notProven"])


@pytest.mark.row("S01")
def test_explain__cable__by_its_maker_and_by_who_has_no_paper_of_it(
    demo: tuple[Path, str],
) -> None:
    with_paper = run("explain", CABLE_LOT, "--home", demo[0] / CABLE_HOME, "--json")
    assert (with_paper.code, with_paper.json["verdict"]) == (0, "VALID_WITH_NOTICE")
    assert with_paper.json["footprint"]["printedGPerKg"] == 3_280
    from_chain = run("explain", CABLE_LOT, "--home", demo[0] / "veta-demo", "--json")
    assert (from_chain.code, from_chain.json["verdict"]) == (1, "NOT_PROVEN")
    assert from_chain.json["about"] is None
    assert not from_chain.json["failures"]
    for told in (with_paper.json, from_chain.json):
        assert shares(told) == SHARES
        assert closes(told)
        assert len(told["steps"]) == 8
        assert told["lot"]["co2eGPerKg"] == 3_280
    assert from_chain.json["steps"] == with_paper.json["steps"]


def test_explain__in_words__a_reader_finds_every_part(demo: tuple[Path, str]) -> None:
    ran = run("explain", LOT, "--home", demo[0] / "veta-demo")
    for part in (
        "VALID_WITH_NOTICE  BSE-CAT-26-1001",
        "55.2000 %  Mina Aurora",
        "taken + entered = made + lost + ended",
        "left for all lots of its class  = 2,879,450,000 g",
        "certified by Certifica Andina",
        "Footprint: 3031 g CO2e a kilogram printed",
        "Who vouches for it",
        "What is not proven",
    ):
        assert part in ran.out, part
    unknown = run("explain", "NO-SUCH-LOT", "--home", demo[0] / "veta-demo")
    assert unknown.code == 2
    assert "lot.not_found" in unknown.err


def by_step(document: dict[str, Any], outcome: str) -> set[tuple[int, str]]:
    return {
        (check["step"], check["code"])
        for check in document["checks"]
        if check["outcome"] == outcome and check["step"] in LOT_STEPS
    }


@contextlib.contextmanager
def endpoint(folder: Path) -> Iterator[str]:
    """The demo's chain for a stranger; no home can open it meanwhile."""
    chain = EmbeddedChain.open(folder / "veta-demo" / "chain.sqlite")
    server = EmbeddedServer(chain)
    yield server.url
    server.close()
    chain.close()


def test_cable__changed_digit_of_any_disclosed_run__fails_at_step_9(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    document = json.loads(cable_bundle(demo[0], tmp_path / "cable.json").read_bytes())
    assert len(document["runs"]) == 8
    for at, each in enumerate(document["runs"]):
        entry = each["cause"][-1 - len(each["batches"])]  # what stands before the outputs
        kept = entry["part"]
        entry["part"] = kept[:191] + ("1" if kept[191] != "1" else "2") + kept[192:]
        file = tmp_path / f"forged-{at}.json"
        file.write_bytes(canonical.write(document))
        entry["part"] = kept
        ran = run("verify", file, "--with-lineage", *offline(demo[0]), "--json")
        assert (ran.code, ran.json["verdict"]) == (1, "INVALID")
        failed = by_step(ran.json, "failed")
        assert {step for step, _ in failed} == {9}, failed
        assert (9, "lineage.other_cause") in failed


def test_cable__runs_withheld__is_not_proven_and_never_valid(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    for number, options in enumerate(
        (
            ("--withhold", "others"),
            ("--withhold", "emission"),
            ("--withhold", "take"),
            ("--withhold", "loss", "--withhold", "others"),
        )
    ):
        file = cable_bundle(demo[0], tmp_path / f"{number}.json", *options)
        ran = run("verify", file, "--with-lineage", *offline(demo[0]), "--json")
        assert (ran.code, ran.json["verdict"]) == (1, "NOT_PROVEN"), options
        assert {9, 12} <= {step for step, _ in by_step(ran.json, "not_proven")}
        assert not by_step(ran.json, "failed")


def test_cable__options_that_mean_nothing__one_line_and_2(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    shown = ("show", "statement", CABLE_LOT, "--home", demo[0] / CABLE_HOME)
    file = ("--bundle", tmp_path / "never.json")
    for options in (
        ("--with-lineage",),
        (*file, "--withhold", "others"),
        (*file, "--with-lineage", "--withhold", "output"),
        (*file, "--with-lineage", "--withhold", "everything"),
    ):
        ran = run(*shown, *options)
        assert (ran.code, ran.err.count("\n")) == (2, 1), ran
    assert not (tmp_path / "never.json").exists()


@pytest.mark.row("A26")
def test_cable__by_a_stranger_on_the_chain__steps_8_9_and_12_are_judged(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    """Nothing but a file, the trust configuration and somebody's endpoint."""
    trust = demo[0] / "veta-demo" / "trust.json"
    file = cable_bundle(demo[0], tmp_path / "cable.json")
    with endpoint(demo[0]) as url:
        stranger = ("--trust", trust, "--rpc", url, "--max-age", "3650d")
        ran = run("verify", file, "--with-lineage", *stranger, "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "VALID_WITH_NOTICE"), ran
    passed = by_step(ran.json, "passed")
    assert {(8, "lot.proven"), (9, "lineage.laws_kept"), (9, "lineage.complete")} <= passed
    assert (12, "footprint.recomputes") in passed
    assert not by_step(ran.json, "not_proven")
    (origins,) = [each for each in ran.json["checks"] if each["code"] == "lineage.origins"]
    assert origins["facts"]["shares"][0] == "552000 ppm site 1"


def test_cable__without_its_lineage__is_valid_only_for_who_asks_for_none(
    demo: tuple[Path, str],
) -> None:
    home = ("--home", demo[0] / CABLE_HOME, "--max-age", "3650d")
    assert run("verify", CABLE_LOT, *home).code == 0
    assert run("verify", CABLE_LOT, "--with-lineage", *home).code == 0
    bundles = demo[0] / "veta-demo" / "bundles"
    ran = run("verify", bundles / f"{LOT}.bundle.json", "--with-lineage", *offline(demo[0]))
    assert (ran.code, ran.out.split()[0]) == (1, "NOT_PROVEN")


def offline(folder: Path) -> tuple[str | Path, ...]:
    trust = folder / "veta-demo" / "trust.json"
    return ("--offline", "--believe-file", "--max-age", "3650d", "--trust", trust)


def test_vehicle__of_six_thousand__its_lineage_goes_back_to_three_ways_in(
    demo: tuple[Path, str],
) -> None:
    home = ("--home", demo[0] / "veta-demo" / "parties" / "marea-motors", "--max-age", "3650d")
    ran = run("verify", "MAR-CAR-26-0042", "--with-lineage", *home, "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "VALID_WITH_NOTICE"), ran
    assert {(9, "lineage.laws_kept"), (12, "footprint.recomputes")} <= by_step(ran.json, "passed")


def test_demo__label_page__shows_the_lot(demo: tuple[Path, str]) -> None:
    with (
        open_home(demo[0] / "veta-demo") as node,
        serving(node, replace(node.config.api, port=0)) as url,
        urlopen(f"{url}/lots/{node.config.member}/{LOT}", timeout=30) as page,
    ):
        text = page.read().decode()
        assert (page.status, page.headers["Veta-Verdict"]) == (200, "VALID")
    assert LOT in text


def test_demo__its_home__is_audited_clean(demo: tuple[Path, str]) -> None:
    ran = run("audit", "--home", demo[0] / "veta-demo", "--json")
    assert ran.json["clean"] is True
    assert ran.json["statements"] == 42


def test_demo__every_bundle__is_judged_offline_as_told(demo: tuple[Path, str]) -> None:
    home = demo[0] / "veta-demo"
    bundles = sorted((home / "bundles").glob("*.bundle.json"))
    trust = home / "trust.json"
    options = ("--offline", "--max-age", "3650d", "--trust", trust)
    ran = run("verify", *bundles, *options, "--believe-file", "--json")
    verdicts = {Path(each["subject"]).name: each["verdict"] for each in ran.json["reports"]}
    otherwise = {name: each for name, each in verdicts.items() if each != "VALID_WITH_NOTICE"}
    assert len(verdicts) == 44
    assert otherwise == {
        "BSE-CAT-26-1007.bundle.json": "INVALID",
        "COR-CON-26-0309.bundle.json": "INVALID",
    }
    unbelieving = run("verify", bundles[0], *options)
    assert (unbelieving.code, unbelieving.out.split()[0]) == (1, "NOT_PROVEN")


def test_set_stage__folder_that_no_demo_made__is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "node.toml"
    mine.write_text("mine")
    with pytest.raises(ConfigError) as refusal:
        set_stage(tmp_path, load_copper(), owner="marea-motors", begins_s=UnixSeconds(1))
    assert refusal.value.code == "config.not_a_demo"
    assert [path.name for path in tmp_path.iterdir()] == ["node.toml"]


def test_set_stage__over_an_earlier_demo__only_what_that_made_goes(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    home = tmp_path / "veta-demo"
    shutil.copytree(demo[0] / "veta-demo", home)
    (home / "notes.txt").write_text("mine")
    begins_s = UnixSeconds(1_767_603_600)
    stage = set_stage(home, load_copper(), owner="marea-motors", begins_s=begins_s)
    stage.resources.close()
    left = {path.name for path in home.iterdir()}
    assert {"notes.txt", MARKER, "password", "chain.sqlite"} <= left
    assert not left & {"bundles", "keys", "parties", "store.sqlite", "trust.json", "node.toml"}


def test_main__folder_that_no_demo_made__one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert main(["--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_teller__at_a_terminal__colours_and_one_moving_line() -> None:
    stream = Terminal()
    tell = Teller(stream)
    tell.title("A", "b")
    tell.working("half way")
    tell.line("done")
    assert "\033[1mA\033[0m" in stream.getvalue()
    assert "half way" in stream.getvalue()
    assert stream.getvalue().endswith("\r\033[K     done\n")


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


def test_teller__surprise__is_told_and_kept() -> None:
    stream = io.StringIO()
    tell = Teller(stream)
    tell.expect(met=True, surprise="never")
    tell.expect(met=False, surprise="the sky is green")
    assert tell.surprises == ["the sky is green"]
    assert "NOT AS EXPECTED: the sky is green" in stream.getvalue()


def test_change_footprint__figure_not_stated__is_refused() -> None:
    with pytest.raises(Exception, match=r"demo\.no_such_figure"):
        change_footprint(b"e30.e30.e30", 3031, 2031)
