"""Trails and exchange formats on what the demo leaves: two materials from mine to customer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from tests.support.cli_home import Ran, good, run
from tests.support.demo_home import HOME, PARTIES, demo_folder
from tests.support.reference_data import reference_file, reference_json
from tests.support.statements import all_issued
from veta import canonical
from veta.bootstrap import open_home
from veta.interop.pact_reading import read_product_footprint
from veta.services.exchange import tokens_of
from veta.statement.jws import read_statement
from veta.statement.passport import lot_identifier
from veta.verify.transport import write_bundle

CATHODE, CONCENTRATE = "BSE-CAT-26-1001", "AUR-CON-26-0417-A"
MINE = "did:web:mina-aurora.example:site:site-aurora"
OTHER_MINE = "did:web:mina-cordillera-azul.example:site:site-cordillera"
WORKS = "did:web:fundicion-bahia-serena.example:site:site-bahia-serena"
PORT = "urn:unlocode:CLANF"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_folder(tmp_path_factory, "trails")[0]


def trail(folder: Path, lot: str, *files: Path) -> Any:
    options = [part for file in files for part in ("--epcis", file)]
    ran = run("trail", lot, *options, "--home", folder / HOME, "--json")
    assert ran.code == (0 if ran.json["complete"] else 1), ran
    return ran.json


def ids(document: Any) -> dict[str, str]:
    """Lots of a trail by where they were made; a site's first."""
    made = [step for step in document["steps"] if step["kind"] == "production"]
    found: dict[str, str] = {}
    for step in made:  # of the mine two: the lot that was split, and the part that went on
        found[step["from"] or "outside"] = step["lots"][0]["id"]
    return found


def shipment(lot: str, day: str, start: str, end: str, step: str = "shipping") -> dict[str, Any]:
    """An event as a haulier's system writes it."""
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:haulier:{step}:{day}:{lot.rsplit(':', 1)[1][:12]}",
        "eventTime": f"{day}T06:00:00-04:00",
        "eventTimeZoneOffset": "-04:00",
        "action": "OBSERVE",
        "bizStep": step,
        "readPoint": {"id": start},
        "bizLocation": {"id": end},
        "quantityList": [{"epcClass": lot}],
    }


def epcis_file(path: Path, *events: dict[str, Any]) -> Path:
    document = {
        "@context": ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-07-02T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.row("S19")
def test_trail__of_concentrate_and_cathode__is_whole_once_every_move_is_told_and_not_before(
    folder: Path, tmp_path: Path
) -> None:
    bare = trail(folder, CATHODE)
    lots = ids(bare)
    kinds = [step["kind"] for step in bare["steps"]]
    assert (kinds.count("production"), kinds.count("sale")) == (6, 5)
    missing = {gap["lot"] for gap in bare["gaps"] if gap["code"] == "trail.move_missing"}
    assert missing == {lots[MINE], lots[OTHER_MINE]}
    moves = [
        shipment(lots[MINE], "2026-04-19", MINE, PORT),
        shipment(lots[MINE], "2026-04-20", PORT, WORKS, "transporting"),
        shipment(lots[OTHER_MINE], "2026-04-19", OTHER_MINE, WORKS),
        shipment(bare["lot"], "2026-09-18", WORKS, "urn:unlocode:DEHAM"),
    ]
    whole = trail(folder, CATHODE, epcis_file(tmp_path / "all.json", *moves))
    assert [gap["code"] for gap in whole["gaps"]] == ["trail.begins_outside"]
    assert {step["kind"] for step in whole["steps"]} == {
        "production", "shipment", "logistics", "sale",
    }  # fmt: skip
    told = [step for step in whole["steps"] if step["kind"] in {"shipment", "logistics"}]
    assert {step["source"] for step in told} == {"file"}

    for at, code in enumerate(
        ("trail.move_broken", "trail.move_broken", "trail.move_missing", "trail.sale_without")
    ):
        left = [each for number, each in enumerate(moves) if number != at]
        found = trail(folder, CATHODE, epcis_file(tmp_path / f"{at}.json", *left))
        (gap,) = [each for each in found["gaps"] if each["code"] != "trail.begins_outside"]
        assert gap["code"].startswith(code)
        assert gap["lot"] == moves[at]["quantityList"][0]["epcClass"]

    concentrate = lots[MINE].removeprefix("urn:veta:lot:")
    way = epcis_file(tmp_path / "way.json", *moves[:2])
    assert trail(folder, concentrate, way)["complete"] is True
    alone = run("trail", concentrate, "--home", folder / HOME)
    assert (alone.code, "GAP" in alone.out) == (1, True)


@pytest.mark.row("S19")
def test_trail__file_that_says_who_made_or_owns_a_lot__is_not_believed(
    folder: Path, tmp_path: Path
) -> None:
    bare = trail(folder, CATHODE)
    outside = ids(bare)["outside"]
    forged = shipment(outside, "2026-01-01", MINE, MINE, "commissioning")
    sold = shipment(bare["lot"], "2026-11-01", WORKS, WORKS, "accepting")
    assert trail(folder, CATHODE, epcis_file(tmp_path / "f.json", forged, sold)) == bare
    unknown = shipment(bare["lot"] + "x", "2026-09-18", WORKS, PORT)
    assert trail(folder, CATHODE, epcis_file(tmp_path / "u.json", unknown)) == bare
    broken = epcis_file(tmp_path / "b.json", sold | {"action": "TAKE"})
    assert run("trail", CATHODE, "--epcis", broken, "--home", folder / HOME).code == 2


def exported(folder: Path, form: str, path: Path) -> Path:
    good(run("export", CATHODE, "--as", form, "--out", path, "--home", folder / HOME))
    return path


def checked(*files: Path) -> Ran:
    return run("check", *files, "--json")


@pytest.mark.reference
@pytest.mark.row("S37")
def test_lot__exported_in_all_formats__others_schemas_accept_and_nothing_mandatory_is_lost(
    folder: Path, tmp_path: Path
) -> None:
    files = {form: exported(folder, form, tmp_path / form) for form in ("untp", "pact", "epcis")}
    told = good(checked(*files.values())).json["documents"]
    assert {each["format"] for each in told} == set(files)

    token = next(tokens_of(json.loads(files["untp"].read_bytes())))
    statement = read_statement(token)
    passport = json.loads(statement.payload)
    official = reference_json("standards/untp/0.7.0/schema/dpp/DigitalProductPassport.json")
    assert list(Draft202012Validator(official).iter_errors(passport)) == []
    back = good(run("verify", CATHODE, "--home", folder / HOME, "--json")).json
    assert back["leaf"] == statement.leaf.hex()

    pact = reference_file("standards/pact/spec-v3/openapi.yaml").read_text("utf-8")
    schema = {"$ref": "#/components/schemas/ProductFootprint"} | yaml.safe_load(pact)
    judge = Draft202012Validator(schema, format_checker=FormatChecker())
    assert list(judge.iter_errors(json.loads(files["pact"].read_bytes()))) == []
    footprint, lot = (
        read_product_footprint(files["pact"].read_bytes()),
        passport["credentialSubject"]["characteristics"]["footprint"],
    )
    assert footprint.exact
    assert [footprint.co2e_g_per_kg, footprint.boundary, footprint.declared_unit] == [
        lot["co2eGPerKg"], lot["boundary"], lot["declaredUnit"],
    ]  # fmt: skip
    assert [footprint.period_from_s, footprint.period_to_s, footprint.allocation] == [
        lot["periodFromS"], lot["periodToS"], lot["allocation"],
    ]  # fmt: skip
    assert [*footprint.gwp_sets, *footprint.standards, footprint.primary_share_ppm] == [
        lot["gwpSet"], *lot["standards"], lot["primarySharePpm"],
    ]  # fmt: skip

    epcis = reference_json("standards/epcis/gs1/EPCIS-JSON-Schema.json")
    document = json.loads(files["epcis"].read_bytes())
    gs1 = Draft7Validator(epcis, format_checker=FormatChecker())
    assert list(gs1.iter_errors(document)) == []
    events = document["epcisBody"]["eventList"]
    assert [each["eventID"] for each in events] == [
        step["id"] for step in trail(folder, CATHODE)["steps"]
    ]


@pytest.mark.row("S37")
def test_check__every_type_of_credential_that_is_issued__keeps_the_rules(tmp_path: Path) -> None:
    for name, credential in all_issued().items():
        file = tmp_path / name
        file.write_bytes(canonical.write(credential))
        told = good(checked(file)).json["documents"]
        assert [(each["format"], each["id"]) for each in told] == [("untp", credential["id"])]
        del credential["credentialSubject"]
        file.write_bytes(canonical.write(credential))
        assert checked(file).code == 1


@pytest.mark.row("S37")
def test_check__a_mandatory_member_taken_out_of_any_format__is_named(
    folder: Path, tmp_path: Path
) -> None:
    spoilt = tmp_path / "spoilt"
    pact = json.loads(exported(folder, "pact", tmp_path / "p").read_bytes())
    del pact["pcf"]["pcfExcludingBiogenicUptake"]
    epcis = json.loads(exported(folder, "epcis", tmp_path / "e").read_bytes())
    del epcis["epcisBody"]["eventList"][0]["eventTime"]
    untp = json.loads(exported(folder, "untp", tmp_path / "u").read_bytes())
    passport = json.loads(read_statement(next(tokens_of(untp))).payload)
    del passport["credentialSubject"]["batchNumber"]
    for document, code in (
        (pact, "pact.malformed"),
        (epcis, "epcis.malformed"),
        (passport, "statement."),
        ({"hello": 1}, "exchange.unknown_form"),
    ):
        spoilt.write_text(json.dumps(document))
        ran = checked(spoilt)
        assert ran.code == (2 if code == "exchange.unknown_form" else 1)
        (problem, *_) = ran.json["documents"][0]["problems"]
        assert problem["code"].startswith(code), problem
    spoilt.write_bytes(b"eyJ.no.token")
    assert checked(spoilt).code == 1
    assert run("export", "NO-SUCH", "--home", folder / HOME).code == 2
    (home,) = (folder / PARTIES).glob("kabelwerk*")
    none = run("export", "LIN-CAB-26-0311", "--as", "pact", "--home", home)
    assert (none.code, "export.no_footprint" in none.err) == (2, True)


CATHODE_CLASS = "copper cathode"


@pytest.mark.row("S09")
def test_progress__of_the_campaign__is_29_of_38_lots_and_78_4_percent_by_credit(
    folder: Path, tmp_path: Path
) -> None:
    """By public anchors and opened commitments: a stranger's home with the bundles says the same
    as the refinery's.
    """
    files = []
    with open_home(folder / HOME) as node:
        kept = [node.find(lot_identifier(node.config.member, f"BSE-CAT-26-{1001 + at}"))
                for at in range(38)]  # fmt: skip
        for at, found in enumerate(kept):
            bundle = node.lot_bundle(found[-1].record.leaf)
            files.append(tmp_path / f"{at}.bundle.json")
            files[-1].write_bytes(write_bundle(bundle, node.facts(bundle)))
    (stranger,) = (folder / PARTIES).glob("kabelwerk*")
    told = [cathode(good(run("progress", *files, "--home", home, "--json")).json)
            for home in (folder / HOME, stranger)]  # fmt: skip
    assert told[0] == told[1]
    (found_,) = told[:1]
    assert (found_["lotsClaimable"], found_["lotsShown"], found_["lots"]) == (29, 38, 38)
    assert found_["claimablePpm"] == 29 * 1_000_000 // 38
    assert found_["metal"] == 949_905_000
    assert found_["certifiedPpm"] == 724_927_500 * 1_000_000 // 949_905_000
    assert found_["certifiedByCreditPpm"] == found_["tracedPpm"] == 784_000
    assert found_["verifiedPpm"] == 37 * 1_000_000 // 38  # one of them was withdrawn
    words = good(run("progress", "--home", stranger)).out
    assert re.search(
        r"CL +2026 +copper cathode .* 76\.3 % +78\.4 % .* 10 of 10 shown, 38 in", words
    )
    bare = cathode(good(run("progress", "--home", stranger, "--json")).json)
    assert (bare["lotsShown"], bare["certifiedByCreditPpm"]) == (10, 784_000)
    assert bare["verifiedPpm"] == 0


@pytest.mark.row("S09")
def test_progress__names_no_company_and_keeps_back_what_would_show_one(
    folder: Path, tmp_path: Path
) -> None:
    ran = good(run("progress", "--home", folder / HOME, "--least-issuers", "2", "--json"))
    withheld = {each["productClassName"]: each["withheld"] for each in ran.json["cells"]}
    assert withheld[CATHODE_CLASS] is True
    assert withheld["copper concentrate"] is False or "did:web" not in ran.out
    assert "metal" not in cathode(ran.json)
    for word in ("did:web", "member", "Mina", "Fundicion", "site"):
        assert word not in ran.out, word
    forged = json.loads((folder / HOME / "bundles" / f"{CATHODE}.bundle.json").read_text("utf-8"))
    file = tmp_path / "no-lot.json"
    file.write_text(json.dumps(forged))
    again = good(run("progress", file, "--home", folder / HOME, "--json"))
    assert cathode(again.json)["lotsShown"] == 10
    assert run("progress", "--substance", "Copper", "--home", folder / HOME).code == 2


def cathode(document: Any) -> Any:
    (found,) = [each for each in document["cells"] if each["productClassName"] == CATHODE_CLASS]
    return found
