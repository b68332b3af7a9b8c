"""``veta compare``: a producer told two buyers two things about one lot."""

from __future__ import annotations

import json

import pytest

from tests.support.cli_home import DID, LOTS, Home, anchored_home, good, run

LOT = LOTS[0]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home with a second passport of a lot, its footprint divided otherwise; and its leaf."""
    home = anchored_home(tmp_path_factory.mktemp("compare"))
    document = json.loads(home.lot(LOT).read_text())
    document["footprint"]["allocation"] = "economic, five-year average prices"
    other = home.folder / "again.lot.json"
    other.write_text(json.dumps(document))
    issued = good(home.run("issue", other, "--json")).json
    good(home.run("anchor"))
    leaf = str(issued["issued"][0]["leaf"])
    good(home.run("show", "statement", leaf, "--bundle", home.bundle("again")))
    return home, leaf


@pytest.mark.row("A28", "A42")
def test_compare__two_passports_for_two_buyers__found_by_both_offline(
    told: tuple[Home, str],
) -> None:
    home, leaf = told
    # Each alone looks well to its buyer, who compares with the other's file and asks nobody.
    assert home.verdict(leaf).startswith("VALID")
    files = (home.bundle(LOT), home.bundle("again"))
    ran = run("compare", *files, "--offline", "--trust", home.trust, "--json")
    assert (ran.code, ran.json["relation"]) == (1, "compare.equivocation")
    assert ran.json["two_footprints"]
    places = {each["pointer"].rpartition("/")[2] for each in ran.json["differences"]}
    # The method, and the product footprint that the passport links by digest.
    assert places >= {"allocation", "digestMultibase"}
    assert "co2eGPerKg" not in places
    assert ran.json["not_proven"]
    # With the chain nothing rests on the files' word; the text names both leaves.
    asked = home.run("compare", *files)
    assert asked.code == 1
    assert leaf in asked.out and "equivocation" in asked.out and "Not shown" not in asked.out


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("no-such-lot", "again"), 2, "cli.offline"),
        (("/no/such.json", "again"), 2, "cli.unreadable"),
    ],
)
def test_compare__what_cannot_be_read__one_line_and_2(
    told: tuple[Home, str], arguments: tuple[str, ...], code: int, error: str
) -> None:
    home, _ = told
    ran = home.run("compare", *arguments, "--offline")
    assert ran.code == code
    assert ran.err.strip().endswith(f"[{error}]")


def test_compare__bare_tokens__cannot_tell_offline(told: tuple[Home, str]) -> None:
    home, leaf = told
    tokens = []
    for name in (LOT, "again"):
        path = home.folder / f"{name}.jwt"
        path.write_text(json.loads(home.bundle(name).read_text())["token"])
        tokens.append(path)
    ran = run("compare", *tokens, "--offline", "--trust", home.trust, "--json")
    assert (ran.code, ran.json["relation"]) == (3, "compare.not_determined")
    asked = home.run("compare", *tokens, "--json")
    assert (asked.code, asked.json["relation"]) == (1, "compare.equivocation")
    assert asked.json["first"]["anchored_at_s"] is None
    assert leaf == asked.json["second"]["leaf"]


@pytest.mark.row("A60")
def test_verify__issuer_on_the_readers_list__is_named_and_the_verdict_stays(
    told: tuple[Home, str],
) -> None:
    home, _ = told
    entry = {"identifiers": [DID], "names": [], "since": "2020-01-01", "until": None}
    lists = {"name": "Own list", "published": "2026-10-01", "entries": [entry]}
    path = home.folder / "lists.json"
    path.write_text(json.dumps({"format": "veta-party-lists/1", "lists": [lists]}))
    without = good(home.run("verify", LOT, "--json")).json
    ran = good(home.run("verify", LOT, "--lists", path, "--json")).json
    (found,) = ran.pop("listed")["found"]
    assert (found["code"], found["identifier"]) == ("party.listed_before", DID)
    assert {**ran, "as_of": None} == {**without, "as_of": None}
    told_in_words = good(home.run("verify", LOT, home.bundle(LOT), "--lists", path)).out
    assert told_in_words.count("Own list") == 2
    path.write_text("[]")
    refused = home.run("verify", LOT, "--lists", path)
    assert (refused.code, refused.err.strip()[-25:]) == (2, "[canonical.not_an_object]"), refused


def test_compare__corrected_by_supersede__nothing_is_wrong(told: tuple[Home, str]) -> None:
    home, leaf = told
    old = run("compare", home.bundle(LOT), home.bundle(LOT), "--offline", "--trust", home.trust)
    assert (old.code, old.out.split()[0]) == (0, "same_statement")
    old_leaf = home.run("compare", *(home.bundle(n) for n in (LOT, "again")), "--json").json[
        "first"
    ]["leaf"]
    refused = home.run("supersede", old_leaf, leaf)
    assert refused.err.strip().endswith("[supersede.no_reason]")
    why = ("--corrects", old_leaf, "--reason", "calculation")
    issued = good(home.run("issue", home.folder / "again.lot.json", *why, "--json")).json
    leaf = str(issued["issued"][0]["leaf"])
    good(home.run("anchor"))
    good(home.run("show", "statement", leaf, "--bundle", home.bundle("again")))
    good(home.run("supersede", old_leaf, leaf))
    ran = home.run("compare", old_leaf, home.bundle("again"), "--json")
    assert (ran.code, ran.json["relation"]) == (0, "compare.succession")


LIST = "https://refineria-bahia-serena.example/status/1"


def test_status_list__made_from_the_chain__and_held_against_it(told: tuple[Home, str]) -> None:
    home, _ = told
    fourth = next(
        path
        for path in sorted(home.folder.glob("*.lot.json"))
        if path.name[:-9] not in LOTS and not path.name.startswith("again")
    )
    issued = good(home.run("issue", fourth, "--status-list", LIST, "--json")).json["issued"][0]
    good(home.run("anchor"))
    leaf, old, new = issued["leaf"], home.folder / "old.jwt", home.folder / "new.jwt"
    made = good(home.run("status-list", "make", LIST, "--out", old, "--json")).json
    assert (made["statements"], made["revoked"]) == (1, 0)
    agreed = good(home.run("verify", leaf, "--status-list", old, "--json")).json
    assert "status.conflict" not in {check["code"] for check in agreed["checks"]}
    good(home.run("revoke", leaf, "--reason", "withdrawn"))
    # The list that is still out says otherwise than the chain.
    late = home.run("verify", leaf, "--status-list", old, "--json")
    assert late.code == 1
    assert {"status.revoked", "status.conflict"} <= {check["code"] for check in late.json["checks"]}
    behind = home.run("status-list", "check", old, "--json")
    assert (behind.code, behind.json["differences"][0]["onChain"]) == (1, True)
    assert good(home.run("status-list", "make", LIST, "--out", new, "--json")).json["revoked"] == 1
    assert good(home.run("status-list", "check", new, "--json")).json["differences"] == []
    unknown = home.run("status-list", "make", f"{LIST}0", "--out", new)
    assert (unknown.code, unknown.err.strip().endswith("[status_list.unknown]")) == (2, True)
