"""What a verifier would call INVALID is refused before it is signed, anchored or orphaned."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.cli_home import LOTS, Home, Ran, anchored_home, good, run

NEW_LOT = "BSE-CAT-26-1004"
FUTURE = "2099-01-01T00:00:00Z"
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


def refused(ran: Ran, error_code: str) -> None:
    """Exit code 1 and the verifier's code at the end of stderr."""
    assert ran.code == 1, ran
    assert ran.err.rstrip().endswith(f"[{error_code}]"), ran


def failing(home: Home, leaf: str) -> tuple[str, set[str]]:
    """The project's own verdict, and the codes that failed."""
    report = home.run("verify", leaf, "--json").json
    failed = {each["code"] for each in report["checks"] if each["outcome"] == "failed"}
    return report["verdict"], failed


def sign_key(home: Home) -> str:
    keys = good(home.run("member", "show", "--json")).json["keys"]
    return str([each["key_id"] for each in keys if each["purpose"] == "sign"][-1])


def concentrate(home: Home) -> Path:
    """A refiner's file for a product that only a miner may certify."""
    document = json.loads(home.lot(NEW_LOT).read_bytes()) | {"productClass": "copper-concentrate"}
    home.lot(NEW_LOT).write_text(json.dumps(document))
    return home.lot(NEW_LOT)


def issue_and_anchor_by_force(home: Home, *options: str | Path) -> str:
    issued = good(home.run("issue", "--force", *options, "--json")).json["issued"]
    good(home.run("anchor", "--force"))
    return str(issued[0]["leaf"])


def nothing_was_signed(home: Home) -> bool:
    return home.run("show", "lot", NEW_LOT).code == 2


def test_issue__product_class_of_another_role__refused_as_the_verifier_would(home: Home) -> None:
    lot = concentrate(home)
    refused(home.run("issue", lot), "issuer.role_missing")
    refused(home.run("issue", "--dry-run", lot), "issuer.role_missing")
    assert nothing_was_signed(home)
    leaf = issue_and_anchor_by_force(home, lot)
    assert failing(home, leaf) == ("INVALID", {"issuer.role_missing"})


def test_issue__word_that_no_label_may_carry__refused_as_the_verifier_would(home: Home) -> None:
    document = json.loads(home.lot(NEW_LOT).read_bytes()) | {"name": "Climate neutral cathode"}
    home.lot(NEW_LOT).write_text(json.dumps(document))
    refused(home.run("issue", home.lot(NEW_LOT)), "claims.forbidden_word")
    assert nothing_was_signed(home)
    leaf = issue_and_anchor_by_force(home, home.lot(NEW_LOT))
    assert failing(home, leaf) == ("INVALID", {"claims.forbidden_word"})


def test_issue__date_to_come__refused_as_the_verifier_would(home: Home) -> None:
    options = (home.lot(NEW_LOT), "--valid-from", FUTURE)
    refused(home.run("issue", *options), "validity.anchored_before_valid")
    refused(home.run("issue", "--dry-run", *options), "validity.anchored_before_valid")
    assert nothing_was_signed(home)
    leaf = issue_and_anchor_by_force(home, *options)
    assert failing(home, leaf) == ("INVALID", {"validity.anchored_before_valid"})


def test_issue__validity_already_over__refused_as_the_verifier_would(home: Home) -> None:
    window = ("--valid-from", "2026-01-01T00:00:00Z", "--valid-until", "2026-02-01T00:00:00Z")
    options = (home.lot(NEW_LOT), *window)
    refused(home.run("issue", *options), "validity.expired_before_anchor")
    leaf = issue_and_anchor_by_force(home, *options)
    assert failing(home, leaf) == ("INVALID", {"validity.expired_before_anchor"})


@pytest.mark.parametrize(
    ("command", "options", "code"),
    [
        ("pause", (), "key.paused"),
        ("retire", (), "key.retired"),
        ("compromise", ("--since", YESTERDAY), "key.compromised"),
    ],
)
def test_issue__key_no_longer_in_force__refused_until_a_new_one_is_bound(
    home: Home, command: str, options: tuple[str, ...], code: str
) -> None:
    good(home.run("member", command, sign_key(home), *options))
    refused(home.run("issue", home.lot(NEW_LOT)), code)
    refused(home.run("issue", "--dry-run", home.lot(NEW_LOT)), code)
    leaf = issue_and_anchor_by_force(home, home.lot(NEW_LOT))
    assert failing(home, leaf) == ("INVALID", {code})
    good(home.run("member", "rotate", "sign"))
    good(home.run("issue", home.lot(NEW_LOT)))
    good(home.run("anchor"))
    assert home.verdict(NEW_LOT) == "VALID"


@pytest.mark.parametrize("command", ["rotate", "retire"])
def test_member__ends_a_key_with_statements_waiting__refused_until_anchored(
    home: Home, command: str
) -> None:
    key = sign_key(home)
    ending = ("rotate", "sign") if command == "rotate" else ("retire", key)
    leaf = good(home.run("issue", home.lot(NEW_LOT), "--json")).json["issued"][0]["leaf"]
    ran = home.run("member", *ending)
    refused(ran, "key.statements_wait")
    assert "1 statements" in ran.err
    assert sign_key(home) == key
    good(home.run("anchor"))
    good(home.run("member", *ending))
    assert home.verdict(leaf) == "VALID"


def test_anchor__key_ended_by_force_meanwhile__refused_and_nothing_batched(home: Home) -> None:
    leaf = good(home.run("issue", home.lot(NEW_LOT), "--json")).json["issued"][0]["leaf"]
    good(home.run("member", "rotate", "sign", "--force"))
    ran = home.run("anchor")
    refused(ran, "key.retired")
    assert leaf in ran.err
    assert len(good(home.run("show", "batch", "--json")).json["batches"]) == 1
    good(home.run("anchor", "--kind", "facility"))  # what is of another kind is not held up
    good(home.run("anchor", "--force"))
    assert failing(home, leaf) == ("INVALID", {"key.retired"})


@pytest.mark.parametrize("command", [("pause",), ("compromise", "--since", YESTERDAY)])
def test_member__emergency_stop_with_statements_waiting__done_and_told(
    home: Home, command: tuple[str, ...]
) -> None:
    key = sign_key(home)
    good(home.run("issue", home.lot(NEW_LOT)))
    ran = good(home.run("member", command[0], key, *command[1:]))
    assert "1 statements" in ran.err
    assert "rotate sign" in ran.err
    assert home.run("anchor").code == 1
    good(home.run("member", "rotate", "sign"))  # the way out is not barred by what is lost


def test_member__emergency_stop_with_nothing_waiting__says_nothing(home: Home) -> None:
    assert good(home.run("member", "pause", sign_key(home))).err == ""


def test_issue__dry_run_without_a_node__checks_the_rules_and_says_so(
    home: Home, tmp_path: Path
) -> None:
    ran = good(run("issue", "--dry-run", home.lot(LOTS[0]), "--home", tmp_path / "nowhere"))
    assert "not held against the chain" in ran.err


@pytest.mark.row("S42")
def test_command__names_bundles_and_nonsense__a_json_line_each_and_the_worst_code(
    home: Home, tmp_path: Path
) -> None:
    names = "".join(f'"{number}"\n' for number in LOTS)
    stream = tmp_path / "in.ndjson"
    stream.write_text(names + home.bundle(LOTS[0]).read_text().strip() + "\n")
    ran = home.run("verify", stream, "--bulk")
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, [each["verdict"] for each in answers]) == (0, ["VALID"] * 4)
    assert [each["about"]["lot_number"] for each in answers] == [*LOTS, LOTS[0]]
    assert len({each["block"] for each in answers}) == 1
    stream.write_text(names + '"NO-SUCH"\n')
    bad = home.run("verify", stream, "--bulk", "--from-line", "3")
    assert (bad.code, [json.loads(line)["line"] for line in bad.out.splitlines()]) == (2, [3, 4])
    assert "statement.not_found" in bad.out
    assert "2 lines judged, the last is line 4" in bad.err
    assert home.run("verify", stream, stream, "--bulk").code == 2
    assert home.run("verify", tmp_path / "none", "--bulk").code == 2


@pytest.mark.row("S39")
def test_member_policy__is_published_and_says_who_decides(home: Home) -> None:
    told = good(home.run("member", "policy", "--json")).json
    assert (told["voters"], told["bootstrap"], told["oneMemberAlone"]) == (1, True, True)
    words = good(home.run("member", "policy")).out
    assert "BOOTSTRAP" in words
    assert "one vote each" in words
    assert "set-successor" in words


SHEET = (
    "numero_lote;producido_desde;producido_hasta;masa_g;metal_contenido_g;co2e_total_g\n"
    "BSE-CAT-26-2001;2026-06-01;2026-06-02;25000000;24997500;75775000\n"
    "BSE-CAT-26-2002;2026-06-03;2026-06-04;25000000;24997500;75775000\n"
)


def template_of(home: Home) -> Path:
    """A lot file of the supplier, of one origin."""
    lot = json.loads(home.lot(NEW_LOT).read_text("utf-8"))
    (metal,) = lot["metal"]
    lot["origins"] = [{**lot["origins"][0], "massG": metal["massG"]}]
    path = home.folder / "template.lot.json"
    path.write_text(json.dumps(lot))
    return path


@pytest.mark.row("S11")
def test_upload__of_a_supplier_with_a_spreadsheet__signs_all_with_its_own_key_or_nothing(
    home: Home,
) -> None:
    """The home is on a host's machine; only the supplier's password opens the supplier's key."""
    sheet, template = home.folder / "lotes.csv", template_of(home)
    ask = ("upload", sheet, "--template", template, "--language", "es")
    kept = len(good(home.run("show", "lot", LOTS[0], "--json")).json["statements"])
    sheet.write_text(SHEET.replace("2002;2026-06-03", "2002;03/06/2026"))
    for dry in ((), ("--dry-run",)):
        faulty = home.run(*ask, *dry)
        assert faulty.code == 2
        assert "fila 3 producido_desde debe ser una fecha como 2026-06-01" in faulty.out
        assert "no se firmó nada" in faulty.err
    nothing = home.run("show", "lot", "BSE-CAT-26-2001")
    assert "lot.not_found" in nothing.err

    sheet.write_text(SHEET)
    sound = good(home.run(*ask, "--dry-run"))
    assert "2 filas están correctas; no se firmó nada" in sound.err
    host = home.folder / "host-password"
    host.touch(mode=0o600)
    host.write_text("the host does not know it\n")
    locked = home.run(*ask, "--password-file", host)
    assert (locked.code, "key." in locked.err) == (2, True)
    assert "lot.not_found" in home.run("show", "lot", "BSE-CAT-26-2001").err

    signed = good(home.run(*ask, "--json"))
    assert [each["row"] for each in signed.json["issued"]] == [2, 3]
    good(home.run("anchor"))
    for number in ("BSE-CAT-26-2001", "BSE-CAT-26-2002"):
        assert home.verdict(number) == "VALID"
    again = home.run(*ask)
    assert (again.code, again.out.count("csv.issued_already")) == (2, 2)
    assert len(good(home.run("show", "lot", LOTS[0], "--json")).json["statements"]) == kept


@pytest.mark.row("A04")
def test_issue__lot_with_another_s_bundle_or_heat__is_refused_as_a_suspected_duplicate(
    home: Home,
) -> None:
    lot = json.loads(home.lot(NEW_LOT).read_text("utf-8"))
    marked = lot | {"lotNumber": "BSE-CAT-26-3001", "marks": [{"kind": "heat", "number": "H-7"}]}
    marked["bundles"] = []
    file = home.folder / "marked.lot.json"
    file.write_text(json.dumps(marked))
    good(home.run("issue", file))
    file.write_text(json.dumps(marked | {"lotNumber": "BSE-CAT-26-3002"}))
    again = home.run("issue", file)
    assert again.code == 2
    assert "heat H-7 stands in lots BSE-CAT-26-3001 and BSE-CAT-26-3002" in again.err
    assert again.err.rstrip().endswith("[lot.duplicate_suspect]")
    assert "lot.not_found" in home.run("show", "lot", "BSE-CAT-26-3002").err
    assert good(home.run("lot", "duplicates")).out.startswith("no lot bears")
    good(home.run("issue", file, "--force"))
    told = home.run("lot", "duplicates", "--json")
    assert (told.code, told.json["suspects"][0]["lots"]) == (
        1, ["BSE-CAT-26-3001", "BSE-CAT-26-3002"],
    )  # fmt: skip
    alone = home.run("lot", "duplicates", "--no-home", home.bundle(LOTS[0]), home.bundle(LOTS[1]))
    assert alone.code == 0


@pytest.mark.row("S28")
def test_brand__of_a_home_s_lot__is_held_against_the_register_a_reader_has(home: Home) -> None:
    stated = json.loads(home.lot(LOTS[0]).read_text("utf-8"))["brand"]
    certificates = [
        {"standard": standard, "first": "2024-01-01", "last": "2026-12-31"}
        for standard in ("ISO 14001", "ISO 45001")
    ]
    brand = {"name": stated, "listed_from": "2020-01-01", "track": "A", "track_status": "published"}
    register = home.folder / "brands.json"

    def asked(**changes: object) -> Ran:
        brands = [{**brand, "certificates": certificates, **changes}]
        register.write_text(json.dumps({"schema": "veta-brand-register/1", "brands": brands}))
        at = ("--at", "2026-11-01")
        return home.run("brand", LOTS[0], "--register", register, *at, "--json")

    assert good(asked()).json["flags"] == []
    delisted = asked(delisted="2026-10-01")
    assert (delisted.code, delisted.json["brand"]) == (1, stated)
    assert [flag["code"] for flag in delisted.json["flags"]] == ["brand.delisted_since"]
    lapsed = asked(certificates=certificates[:1])
    assert [flag["code"] for flag in lapsed.json["flags"]] == ["brand.certificate_missing"]
    assert home.run("brand", LOTS[0], "--register", home.folder / "none").code == 2


@pytest.mark.row("S10")
def test_serials__that_nobody_issued__are_unopened_and_more_than_were_issued(home: Home) -> None:
    file = home.folder / "tyres.txt"
    file.write_text("TYR-1\n\nTYR-2\n")
    ask = ("lot", "serials", file, "--issuer", "1", "--site", "3", "--product-class", "12")
    told = home.run(*ask, "--json")
    assert told.code == 1
    assert (told.json["issued"], told.json["unlisted"], told.json["endedPpm"]) == (0, -2, None)
    assert [each["serial"] for each in told.json["open"]] == ["TYR-1", "TYR-2"]
    assert "not ended: TYR-2 (unopened)" in home.run(*ask).out
    file.write_text("TYR-1\nTYR-1\n")
    assert "serials.twice" in home.run(*ask).err
    file.write_bytes("TYR-Ñ\n".encode())
    assert "serials.malformed" in home.run(*ask).err
