"""`veta lot`, `veta lineage`, `veta balance` on a home with its own embedded chain."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_home import DID, Home, begin, good
from tests.support.lot_scenes import CATHODE, CONCENTRATE, COPPER, RULES
from veta.bootstrap.nodes import WRITING, open_home
from veta.bootstrap.registering import register_by_vote
from veta.chain import registrations as reg
from veta.custody.encoding import lot_id
from veta.interop.lot_file import write_lot
from veta.model.identifiers import MemberId
from veta.model.lots import SiteId
from veta.scenario.campaign import load_copper
from veta.services.lots import key_of_lot
from veta.statement.instants import write_instant

SITE, ME, OTHER = SiteId(3), MemberId(1), MemberId(2)
HOUR = 3_600


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = begin(tmp_path_factory.mktemp("cli-lots"))
    password = made.password.read_text().strip().encode()
    with open_home(made.home, password=lambda _: password, opening=WRITING) as node:
        calls = [
            reg.substance(COPPER, symbol="Cu"),
            reg.lot_rules(RULES),
            reg.site(SITE, identifier=f"{DID}:site", name="Refinery", country="CL"),
            reg.operator(SITE, ME),
            reg.capacity(SITE, COPPER, 10**12),
            reg.product_class(CONCENTRATE, name="concentrate"),
            reg.product_class(CATHODE, name="cathode"),
        ]
        register_by_vote([node.administration], calls)
    return made


def passport(number: str) -> dict[str, Any]:
    """A lot document whose figures are those of ``lot``."""
    certificate = load_copper().lot("BSE-CAT-26-1001")
    document: dict[str, Any] = json.loads(write_lot(certificate))
    return document | {"lotNumber": number, "bundles": []}


def run_file(folder: Path, name: str, **changes: Any) -> Path:
    now_s = int(time.time())
    run = {
        "format": "veta-run/1",
        "kind": "origin",
        "site": SITE,
        "producedFrom": write_instant(now_s - 2 * HOUR),  # type: ignore[arg-type]
        "producedTo": write_instant(now_s - HOUR),  # type: ignore[arg-type]
        "outputs": [],
        **changes,
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(run))
    return path


def output(number: str, product_class: int, held: dict[str, int], **changes: Any) -> dict[str, Any]:
    lot = {"number": number, "quantities": held, "passport": passport(number)}
    usual = {"productClass": product_class, "model": "controlled-blending", "reference": "mass.net"}
    return usual | {"lots": [lot]} | changes


def figures() -> dict[str, int]:
    """Of the cathode lot of the scenario."""
    lot = load_copper().lot("BSE-CAT-26-1001")
    assert lot.footprint is not None
    held = {"mass.net": lot.mass_g, "metal.Cu": lot.metal[0].mass_g}
    return held | {"co2e.1": lot.footprint.co2e_g}


def test_lot__originated_opened_transformed__shows_its_lineage_and_balance(home: Home) -> None:
    held = figures()
    made = [output("FEED-1", 1, held)]
    emissions = [{"part": "process", "co2eG": held["co2e.1"]}]
    feed = run_file(home.folder, "feed", outputs=made, emissions=emissions)
    dry = good(home.run("lot", "originate", feed, "--dry-run", "--json"))
    assert dry.json["problems"] == []
    assert dry.json["balances"]["co2e"]["differenceG"] == 0
    ran = good(home.run("lot", "originate", feed))
    assert "co2e" in ran.err
    lot = "0x" + lot_id(ME, key_of_lot(ME, SITE, CONCENTRATE.product_class, "FEED-1")).hex()
    assert lot in ran.out
    again = good(home.run("lot", "originate", feed, "--json"))
    assert again.json["created"] is False
    assert again.json["lots"] == [[lot]]

    good(home.run("lot", "open", "FEED-1"))
    shown = good(home.run("lot", "show", "FEED-1", "--json")).json
    assert (shown["state"], shown["holder"], shown["left"]) == ("held", ME, held)
    total = good(home.run("balance", "--json")).json
    assert total["totals"] == held

    less = {**held, "metal.Cu": held["metal.Cu"] - 500}
    papers = passport("CAT-1") | {
        "metal": [{"substance": "Cu", "massG": less["metal.Cu"]}],
        "origins": [
            {
                "substance": "Cu",
                "country": {"code": "CL", "name": "Chile"},
                "massG": less["metal.Cu"],
            }
        ],
    }
    cathode = output("CAT-1", 2, less)
    cathode["lots"][0]["passport"] = papers
    smelting = run_file(
        home.folder,
        "smelting",
        kind="transform",
        takes=[{"lot": lot}],
        outputs=[cathode],
        losses=[{"column": "metal.Cu", "quantity": 499, "reason": "slag"}],
    )
    refused = home.run("lot", "transform", smelting, "--json")
    assert refused.code == 2
    assert refused.json["error"]["code"] == "custody.metal_mismatch"
    bad = home.run("lot", "transform", smelting, "--dry-run")
    assert bad.code == 1
    assert "contained Cu" in bad.err
    smelting.write_text(smelting.read_text().replace('"quantity": 499', '"quantity": 500'))
    good(home.run("lot", "transform", smelting))
    good(home.run("lot", "open", "CAT-1"))
    up = good(home.run("lineage", "CAT-1", "--json")).json
    assert up["bySite"] == {str(SITE): 1_000_000}
    assert up["through"] == [{"lot": lot, "sharePpm": 1_000_000}]
    down = good(home.run("lineage", lot, "--down")).out
    assert "lost" in down
    assert "in_lot" in down
    site = good(home.run("balance", "--site", str(SITE))).out
    assert f"{held['metal.Cu']:,}" in site
    retired = good(home.run("lot", "retire", "CAT-1", "--json"))
    assert retired.json["state"] == "done"
    assert good(home.run("lot", "show", "CAT-1")).out.splitlines()[0].endswith("by member 1")
    assert home.run("lot", "retire", "CAT-1").code == 2
    audited = good(home.run("audit", "--json")).json
    assert audited["differences"] == []


def test_registry__sites_classes_and_metals__are_listed_and_named_where_lots_are(
    home: Home,
) -> None:
    held = figures()
    emissions = [{"part": "process", "co2eG": held["co2e.1"]}]
    feed = run_file(home.folder, "name", outputs=[output("NAME-1", 1, held)], emissions=emissions)
    good(home.run("lot", "originate", feed))
    lot = good(home.run("lot", "open", "NAME-1", "--json")).json["lots"][0]
    shown = good(home.run("lot", "show", lot, "--json")).json
    assert (shown["siteName"], shown["productClassName"]) == ("Refinery", "concentrate")
    assert (shown["restatements"], shown["disputes"]) == ([], [])
    assert "of Refinery (3), concentrate (1)" in good(home.run("lot", "show", lot)).out
    assert "Refinery (3)" in good(home.run("lineage", lot)).out
    co2e = good(home.run("lineage", lot, "--json")).json["co2e"]
    assert co2e == dict.fromkeys(("statedG", "floorG", "runFloorG"), held["co2e.1"])
    assert "concentrate (1)" in good(home.run("balance")).out
    balance = good(home.run("balance", "--site", str(SITE))).out
    assert balance.startswith("site Refinery (3)")
    assert "Cu (29)" in balance

    (site,) = good(home.run("registry", "sites", "--json")).json["sites"]
    assert (site["name"], site["operators"][0]["member"]) == ("Refinery", ME)
    assert site["capacity"] == [{"substance": 29, "symbol": "Cu", "amount": 10**12}]
    names = [
        each["name"]
        for each in good(home.run("registry", "classes", "--json")).json["productClasses"]
    ]
    assert names == ["concentrate", "cathode"]
    metals = good(home.run("registry", "substances", "--json")).json
    assert metals == {
        "substances": [{"substance": 29, "symbol": "Cu", "unit": "gram"}],
        "unitKinds": [],
    }
    for verb in ("sites", "classes", "substances", "schemes", "certificates", "rules"):
        assert good(home.run("registry", verb)).out


def test_rule__registered_and_confirmed__the_wrong_way_first(home: Home) -> None:
    until = write_instant(int(time.time()) + 90 * 24 * HOUR)  # type: ignore[arg-type]
    ask = ("rule", "register", "--site", str(SITE), "--until", until)
    assert "cli.share" in home.run(*ask, "--share", "1:0").err
    assert "cli.share" in home.run(*ask, "--share", f"{2**32}:0:1").err
    far = home.run("rule", "register", "--site", "9", "--until", until, "--share", "1:0:1000000")
    assert (far.code, "assurance.not_operating" in far.err) == (2, True)
    assert "assurance.shares_cannot_close" in home.run(*ask, "--share", "1:0:5").err
    shares = ("--share", "2:0:100000", "--share", "1:900000:1000000")
    made = good(home.run(*ask, *shares, "--json")).json
    assert (made["state"], made["rule"]["rule"], made["rule"]["standing"]) == (
        "done",
        1,
        "proposed",
    )
    assert [each["productClassName"] for each in made["rule"]["shares"]] == [
        "concentrate",
        "cathode",
    ]
    again = good(home.run(*ask, *shares, "--json")).json
    assert again["intent"] == made["intent"]
    alone = home.run("rule", "confirm", "1")
    assert (alone.code, "assurance.not_assuring" in alone.err) == (2, True)
    assert "rule.not_found" in home.run("rule", "confirm", "2").err
    assert "concentrate (1) 900,000-1,000,000" in good(home.run("registry", "rules")).out
    ended = good(home.run("rule", "end", "1", "--json")).json
    assert (ended["state"], ended["rule"]["standing"]) == ("done", "over")
    assert good(home.run("audit", "--json")).json["differences"] == []


def test_lot__taken_back_replaced_or_let_go__the_wrong_way_first(home: Home) -> None:
    held = figures()
    emissions = [{"part": "process", "co2eG": held["co2e.1"]}]
    made = run_file(home.folder, "back", outputs=[output("BACK-1", 1, held)], emissions=emissions)
    good(home.run("lot", "originate", made))
    withdrawn = good(home.run("lot", "withdraw", "BACK-1", "--json")).json
    assert (withdrawn["state"], withdrawn["created"], len(withdrawn["lots"])) == ("done", True, 1)
    assert good(home.run("lot", "withdraw", "BACK-1", "--json")).json["created"] is False
    assert "custody.not_the_batch" in home.run("lot", "open", "BACK-1").err

    feed = run_file(home.folder, "more", outputs=[output("FEED-9", 1, held)], emissions=emissions)
    good(home.run("lot", "originate", feed))
    lot = good(home.run("lot", "open", "FEED-9", "--json")).json["lots"][0]
    assert "custody.batch_opened" in home.run("lot", "withdraw", "FEED-9").err
    ways = {"takes": [{"lot": lot}], "outputs": [output("CAT-9", 2, held)]}
    good(home.run("lot", "transform", run_file(home.folder, "run", kind="transform", **ways)))
    assert "custody.not_in_this_run" in home.run("lot", "withdraw", "CAT-9").err
    half = {"number": "CAT-10", "quantities": held, "passport": passport("CAT-10")}
    lots = {"format": "veta-replacement/1", "lots": [half], "padding": 1}
    path = home.folder / "lots.json"
    path.write_text(json.dumps(lots | {"more": 1}))
    assert "run.malformed" in home.run("lot", "replace", "CAT-9", path).err
    path.write_text(json.dumps(lots))
    replaced = good(home.run("lot", "replace", "CAT-9", path, "--json")).json
    assert (replaced["state"], len(replaced["lots"])) == ("done", 2)
    good(home.run("lot", "open", "CAT-10"))

    paper = home.folder / "exit.json"
    away = ("lot", "exit", "CAT-10", "--paper", paper)
    assert "exit.malformed" in home.run(*away, "--account", "0x" + "00" * 20).err
    gone = home.run("lot", "exit", lot, "--paper", paper, "--account", "0x" + "11" * 20)
    assert "custody.lot_not_in_state" in gone.err
    assert not paper.exists()
    good(home.run(*away, "--account", "0x" + "11" * 20))
    assert paper.stat().st_mode & 0o077 == 0
    assert json.loads(paper.read_text())["account"] == "0x" + "11" * 20
    assert "exit.other_paper" in home.run(*away, "--account", "0x" + "12" * 20).err
    assert "custody.not_named_by_exit" in home.run("lot", "reenter", paper).err
    assert good(home.run("lot", "show", "CAT-10", "--json")).json["state"] == "exited"
    assert good(home.run("audit", "--json")).json["differences"] == []


def test_lot__let_go_to_the_own_account__comes_back(home: Home) -> None:
    held = figures()
    emissions = [{"part": "process", "co2eG": held["co2e.1"]}]
    feed = run_file(home.folder, "own", outputs=[output("OWN-1", 1, held)], emissions=emissions)
    good(home.run("lot", "originate", feed))
    good(home.run("lot", "open", "OWN-1"))
    keys = good(home.run("member", "show", "--json")).json["keys"]
    account = next(key["key_id"] for key in keys if key["purpose"] == "operate")[-40:]
    paper = home.folder / "own-exit.json"
    good(home.run("lot", "exit", "OWN-1", "--account", "0x" + account, "--paper", paper))
    other = home.folder / "other-exit.json"
    other.write_text(paper.read_text().replace('"chainId":', '"chainId":1'))
    assert "exit.other_chain" in home.run("lot", "reenter", other).err
    good(home.run("lot", "reenter", paper))
    assert good(home.run("lot", "show", "OWN-1", "--json")).json["state"] == "held"


def test_lot__names_and_files_that_are_none__are_refused_in_one_line(home: Home) -> None:
    unknown = home.run("lot", "show", "NOWHERE-1")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)
    assert "lot.not_found" in unknown.err
    unopened = home.run("lot", "show", "0x" + "11" * 32)
    assert "lot.unopened" in unopened.err
    malformed = run_file(home.folder, "bad", outputs=[{"productClass": -1}])
    assert "run.malformed" in home.run("lot", "originate", malformed).err
    column = run_file(home.folder, "column", outputs=[output("X", 1, {"mass.Cu": 1})])
    assert "columns.unknown" in home.run("lot", "originate", column).err
    assert home.run("lineage", "0x" + "11" * 32, "--substance", "Xx").code == 2
