"""Issue, anchor, verify, supersede, revoke on the real contracts, every command a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli_home import DID, LOTS, Home, anchored_home, good, run, run_script
from veta.bootstrap import Opening, open_home
from veta.errors import ProvenanceError
from veta.interop.lot_file import write_lot
from veta.model.identifiers import UnixSeconds
from veta.scenario.campaign import load_copper
from veta.statement import base64url
from veta.statement.instants import write_instant
from veta.statement.passport import lot_identifier

NEW_LOT = "BSE-CAT-26-1004"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return anchored_home(tmp_path)


def test_lots__issued_and_anchored__verify_and_carry_their_figures(home: Home) -> None:
    report = good(home.run("verify", LOTS[0], "--json")).json
    assert (report["verdict"], report["issuer"], report["failed_at"]) == ("VALID", 1, None)
    assert [check["step"] for check in report["checks"]] == sorted(
        check["step"] for check in report["checks"]
    )
    assert {check["step"] for check in report["checks"]} == set(range(1, 13))
    assert any("metal in the box" in sentence for sentence in report["not_proven"])
    shown = good(home.run("show", "lot", LOTS[0], "--json")).json
    assert shown["lot"] == lot_identifier(DID, LOTS[0])
    assert [each["state"] for each in shown["statements"]] == ["anchored"]


def test_anchor__three_lots__one_transaction_within_the_gas_limit(home: Home) -> None:
    (batch,) = good(home.run("show", "batch", "--json")).json["batches"]
    assert (batch["size"], batch["sequence"], batch["state"]) == (3, 1, "done")
    assert 21_000 < batch["gas_used"] <= 90_000
    (intent,) = good(home.run("show", "outbox", "--json")).json["intents"]
    assert [entry["state"] for entry in intent["transactions"]] == ["succeeded"]
    again = good(home.run("anchor", "--json")).json
    assert again == {"settled": True, "batches": [], "alarms": []}


def test_issue__dry_run__signs_nothing(home: Home) -> None:
    ran = good(home.run("issue", "--dry-run", home.lot(NEW_LOT), "--json"))
    (credential,) = ran.json
    assert credential["credentialSubject"]["batchNumber"] == NEW_LOT
    assert home.run("show", "lot", NEW_LOT).code == 2


@pytest.mark.row("T17")
def test_issue__same_lot_file_twice__two_fresh_blinds_of_128_bits(home: Home) -> None:
    """What the command line draws itself: never a constant, never derived from the lot."""
    shown = [
        good(home.run("issue", "--dry-run", home.lot(NEW_LOT), "--json")).json[0] for _ in range(2)
    ]
    with open_home(home.home, opening=Opening(writes=False)) as node:
        stored = [node.find(lot_identifier(DID, number))[0].record.payload for number in LOTS]
    blinds = [each["blind"] for each in (*shown, *map(json.loads, stored))]
    assert len(set(blinds)) == 2 + len(LOTS)
    assert all(len(base64url.decode(blind.encode())) == 16 for blind in blinds)


def test_issue__a_finished_credential__is_the_same_statement_twice(home: Home) -> None:
    (credential,) = good(home.run("issue", "--dry-run", home.lot(NEW_LOT), "--json")).json
    path = home.folder / "credential.json"
    path.write_text(json.dumps(credential))
    first = good(home.run("issue", path, "--json")).json["issued"][0]
    again = good(home.run("issue", path, "--json")).json["issued"][0]
    assert (first["leaf"], first["created"]) == (again["leaf"], True)
    assert again["created"] is False


def test_supersede__notice_names_the_successor__and_the_new_one_is_valid(home: Home) -> None:
    old = home.run("show", "lot", LOTS[1], "--json").json["statements"][0]["leaf"]
    silent = good(home.run("issue", home.lot(LOTS[1]), "--json")).json["issued"][0]["leaf"]
    refused = home.run("supersede", old, silent)
    assert (refused.code, "[supersede.no_reason]" in refused.err) == (2, True), refused
    why = ("--corrects", old, "--reason", "wording")
    new = good(home.run("issue", home.lot(LOTS[1]), *why, "--json")).json["issued"][0]["leaf"]
    assert home.run("verify", new, "--json").json["verdict"] == "NOT_PROVEN"
    good(home.run("anchor"))
    assert "done" in good(home.run("supersede", old, new, "--json")).out
    report = good(home.run("verify", old, "--json")).json
    assert report["verdict"] == "VALID_WITH_NOTICE"
    notices = [check for check in report["checks"] if check["outcome"] == "notice"]
    assert [check["facts"].get("superseded_by") for check in notices] == [new]
    assert home.verdict(new) == "VALID"
    assert home.verdict(LOTS[1]) == "VALID"  # the newest of the two


def test_revoke__invalid_from_then_on__for_everybody(home: Home) -> None:
    good(home.run("revoke", LOTS[2], "--reason", "issued-in-error"))
    ran = home.run("verify", LOTS[2], "--json")
    assert (ran.code, ran.json["verdict"], ran.json["failed_at"]) == (1, "INVALID", 7)
    # A bundle written before the revocation says so only when the chain is asked.
    options = ("--offline", "--trust", home.trust, "--json")
    offline = run("verify", home.bundle(LOTS[2]), "--believe-file", *options)
    assert offline.json["verdict"] == "VALID_WITH_NOTICE"
    assert run("verify", home.bundle(LOTS[2]), *options).json["verdict"] == "NOT_PROVEN"
    asked = run("verify", home.bundle(LOTS[2]), "--home", home.home, "--json")
    assert asked.json["verdict"] == "INVALID"
    good(home.run("revoke", LOTS[2], "--reason", "withdrawn"))  # a second reason lifts nothing
    assert home.verdict(LOTS[2]) == "INVALID"
    many = home.run("verify", LOTS[0], LOTS[2], "--json")
    assert (many.code, [each["verdict"] for each in many.json["reports"]]) == (
        1,
        ["VALID", "INVALID"],
    )


def test_rotate__earlier_statements_stay_good__later_ones_use_the_new_key(home: Home) -> None:
    rotated = good(home.run("member", "rotate", "sign", "--json")).json
    good(home.run("issue", home.lot(NEW_LOT)))
    good(home.run("anchor"))
    assert [home.verdict(lot) for lot in (LOTS[0], NEW_LOT)] == ["VALID", "VALID"]
    keys = good(home.run("member", "show", "--json")).json["keys"]
    assert [key["key_id"] for key in keys if key["action"] == "retire"] == rotated["retired"]
    stored = good(home.run("show", "statement", NEW_LOT, "--json")).json
    assert stored["valid_until"] is None


@pytest.mark.row("A08")
def test_compromise__before_since_good__between_contested__after_refused(home: Home) -> None:
    (key,) = [
        each["key_id"]
        for each in good(home.run("member", "show", "--json")).json["keys"]
        if each["purpose"] == "sign"
    ]
    good(home.run("issue", home.lot(NEW_LOT)))
    good(home.run("anchor"))
    # The embedded chain may run ahead of the wall clock: its own time is what counts.
    checks = good(home.run("verify", NEW_LOT, "--json")).json["checks"]
    (at_s,) = {check["facts"].get("anchored_at_s") for check in checks} - {None}
    since = write_instant(UnixSeconds(at_s))
    good(home.run("member", "compromise", key, "--since", since))
    # What is signed with it after the declaration counts for nothing.
    issued = good(home.run("issue", "--force", home.lot(LOTS[1]), "--json")).json["issued"]
    after = issued[0]["leaf"]
    good(home.run("anchor", "--force"))

    assert home.verdict(LOTS[0]) == "VALID"
    ran = home.run("verify", NEW_LOT, "--json")
    codes = {check["code"] for check in ran.json["checks"] if check["step"] == 3}
    assert (ran.code, ran.json["verdict"]) == (1, "NOT_PROVEN")
    assert "key.contested" in codes
    ran = home.run("verify", after, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["failed_at"]) == (1, "INVALID", 3)


def test_audit__after_all_that__is_clean(home: Home) -> None:
    good(home.run("revoke", LOTS[2], "--reason", "withdrawn"))
    report = good(home.run("audit", "--json")).json
    assert (report["clean"], report["statements"], report["batches"]) == (True, 3, 1)
    assert report["transactions"] == 2


def test_member__joins_by_file_and_vote__and_issues_on_its_own(home: Home, tmp_path: Path) -> None:
    mine = Home(tmp_path / "mine")
    mine.folder.mkdir()
    who = ("--member", "did:web:mina-aurora.example", "--name", "Mina", "--country", "CL")
    chain = ("--trust", home.trust, "--embedded", home.home / "chain.sqlite")
    options = ("--role", "miner", *chain, "--password-file", home.password)
    good(run("init", mine.home, *who, *options))
    assert mine.run("member", "list").code == 2
    admitted = good(home.run("member", "add", mine.home / "admission.json", "--json")).json
    assert (admitted["member"], admitted["required"]) == (2, 1)
    assert home.run("member", "add", mine.home / "admission.json").code == 2
    members = good(mine.run("member", "list", "--json")).json
    assert [each["role_names"] for each in members["members"]] == [["REFINER"], ["MINER"]]
    lot = load_copper().lots_of("mina-aurora")[0]
    mine.lot(lot.lot_number).write_bytes(write_lot(lot))
    good(mine.run("issue", mine.lot(lot.lot_number)))
    good(mine.run("anchor"))
    assert mine.verdict(lot.lot_number) == "VALID"

    # With two voters one of them is no quorum any more; each runs the same command.
    third = home.folder / "third"
    who = ("--member", "did:web:third.example", "--country", "PE", "--role", "trader")
    good(run("init", third, *who, *chain, "--password-file", home.password))
    first = good(home.run("member", "add", third / "admission.json", "--json")).json
    assert (first["approvals"], first["required"], first["member"]) == (1, 2, None)
    again = good(home.run("member", "add", third / "admission.json", "--json")).json
    assert again == first
    second = good(mine.run("member", "add", third / "admission.json", "--json")).json
    assert (second["approvals"], second["member"]) == (2, 3)


def test_home__reader_without_a_member__verifies_and_cannot_write(home: Home) -> None:
    reader = home.folder / "reader"
    chain = ("--trust", home.trust, "--embedded", home.home / "chain.sqlite")
    good(run("init", reader, *chain))
    assert good(run("verify", home.bundle(LOTS[0]), "--home", reader)).out.startswith("VALID")
    ran = run("issue", home.lot(NEW_LOT), "--home", reader)
    assert (ran.code, "node.read_only" in ran.err) == (2, True)


def test_script__installed_command__says_the_same(home: Home) -> None:
    ran = run_script("verify", LOTS[0], "--home", home.home, "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "VALID")
    assert ran.json["issuer"] == 1


def test_node__opened_to_write_twice_in_one_process__second_is_refused(home: Home) -> None:
    with (
        open_home(home.home, opening=Opening()) as first,
        pytest.raises(ProvenanceError, match=r"in_use"),
    ):
        open_home(home.home, opening=Opening(chain=first.embedded))
