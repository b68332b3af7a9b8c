"""``veta round``: copied, edited and lonely first, then what 150 wells and a community show."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_world import Client
from tests.support.cli_home import good
from tests.support.monitored_homes import Homes, monitored_homes, readings_file
from tests.support.monitored_wells import COMMUNITY, DAY_S, OPERATOR, START_S, WELLS
from veta.api.app import create_app
from veta.api.round_schemas import RoundFound
from veta.bootstrap import open_home
from veta.config import ApiSettings


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """Homes that no test changes."""
    return monitored_homes(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def homes(tmp_path: Path) -> Homes:
    return monitored_homes(tmp_path)


def codes(answer: Any, member: str = "faults") -> list[str]:
    return [each["code"] for each in answer[member]]


def leaf_of(bundle: Path, homes: Homes) -> str:
    return str(homes.run("operator", "verify", bundle, "--json").json["leaf"])


# --- refused before anything is signed -------------------------------------------------------


def test_sign__what_would_count_for_nothing__is_refused_and_nothing_kept(kept: Homes) -> None:
    edited = readings_file(kept.folder / "edited.json", {"well-017": "9.9"})
    cases: list[tuple[str, tuple[str | Path, ...], int, str]] = [
        ("operator", ("--readings", kept.readings), 1, "monitoring.own_control"),
        ("community", ("--readings", edited), 1, "monitoring.readings_edited"),
        ("community", ("--readings", kept.readings, "--only", "0-150"), 2, "monitoring.index"),
        ("community", ("--readings", kept.readings, "--only", "x"), 2, "monitoring.ranges"),
        (
            "community",
            ("--readings", kept.readings, "--instrument", "well-900"),
            2,
            "monitoring.instruments",
        ),
        (
            "community",
            ("--readings", kept.readings, "--only", "17", "--seen", edited),
            1,
            "monitoring.nothing_seen",
        ),
    ]
    for who, options, code, wanted in cases:
        ran = kept.run(who, "round", "sign", kept.june, *options, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (code, wanted), ran
    ran = kept.run("community", "round", "sign", kept.seen, "--readings", kept.readings, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "monitoring.no_round")
    assert kept.run("community", "round", "sign", kept.june).code == 2  # nobody signs a root blind


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"readings": [["well-999", START_S, "1"]]}, "monitoring.instruments"),
        ({"instruments": ["well-000", "well-000"]}, "monitoring.instruments"),
        ({"readings": []}, "monitoring.count"),
        ({"readings": [["well-000", START_S + 1, "1"]]}, "evidence.reading_off_grid"),
        ({"readings": [["well-000", START_S, 1.5]]}, "evidence.number_form"),
        ({"readings": [["well-000", START_S, "1"]] * 2}, "evidence.reading_twice"),
        ({"note": "x"}, "evidence.member"),
        ({"period": {"fromSeconds": START_S, "toSeconds": 9_000_000_000}}, "evidence"),
    ],
)
def test_make__of_a_file_that_is_no_round__is_refused_and_nothing_written(
    kept: Homes, tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    document = json.loads(kept.readings.read_bytes()) | changes
    path, out = tmp_path / "bad.json", tmp_path / "out.json"
    path.write_text(json.dumps(document))
    about = ("--name", "x", "--site", "urn:x:y", "--site-name", "x", "--out", out)
    by = ("--by", "2090-01-01T00:00:00Z")
    ran = kept.run("operator", "round", "make", path, *about, *by, "--json")
    assert ran.code == 2
    assert ran.json["error"]["code"].startswith(code), ran.json
    assert not out.exists()


def test_make__with_a_deadline_that_is_past_or_itself_as_co_signer__is_refused(
    kept: Homes, tmp_path: Path
) -> None:
    about = ("--name", "x", "--site", "urn:x:y", "--site-name", "x", "--out", tmp_path / "o.json")
    late, by = ("--by", "2026-07-01T00:00:00Z"), ("--by", "2090-01-01T00:00:00Z")
    for more, code in (
        (late, (1, "monitoring.deadline")),
        ((*by, "--co-signer", OPERATOR), (1, "monitoring.own_control")),
        ((*by, "--co-signer", f"{COMMUNITY}=0-150"), (1, "monitoring.index")),
        ((*by, "--co-signer", "did:web:nobody.example"), (2, "member.not_found")),
        ((*by, "--replaces", "june", "--reason", "x"), (2, "monitoring.previous")),
    ):
        ran = kept.run("operator", "round", "make", kept.readings, *about, *more, "--json")
        assert (ran.code, ran.json["error"]["code"]) == code
    assert not (tmp_path / "o.json").exists()


# --- what counts, and what is shown ----------------------------------------------------------


@pytest.mark.row("S23", "A53")
def test_show__150_wells_of_which_100_are_co_signed__50_stand_single_signed(kept: Homes) -> None:
    answer = kept.shown(kept.june, kept.seen, "--readings", kept.readings)
    assert (answer["exit"], answer["answer"], answer["code"]) == (
        1,
        "not met",
        "monitoring.single_signed",
    )
    (found,) = answer["rounds"]
    assert found["coSigned"] == {"count": 100, "ranges": [[0, 99]]}
    assert found["singleSigned"] == {"count": 50, "ranges": [[100, 149]]}
    (paper,) = found["coSignatures"]
    assert (paper["by"]["member"], paper["by"]["community"]) == (COMMUNITY, True)
    assert found["missing"] == []
    text = kept.run("operator", "round", "show", kept.june, kept.seen).out
    assert "SINGLE-SIGNED: 50 readings: 100-149" in text


def test_show__what_is_beside_the_round_in_its_bundle__counts_as_well(kept: Homes) -> None:
    leaf = leaf_of(kept.june, kept)
    whole = kept.bundle("operator", leaf, "--with", kept.seen)
    assert kept.shown(whole)["rounds"][0]["coSigned"]["count"] == 100
    alone = kept.shown(kept.june)["rounds"][0]
    assert (alone["coSigned"]["count"], codes(alone, "missing")) == (0, ["monitoring.awaited"])
    own = kept.shown(kept.june, who="community")["rounds"][0]
    assert own["coSigned"]["count"] == 100  # its own co-signature is in its home


@pytest.mark.row("A53")
def test_show__a_forged_co_signature__counts_for_nothing_and_is_named(
    kept: Homes, tmp_path: Path
) -> None:
    document = json.loads(kept.seen.read_bytes())
    head, payload, seal = document["token"].split(".")
    document["token"] = f"{head}.{payload}.{seal[:-4]}AAAA"
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(document))
    answer = kept.shown(kept.june, forged)
    assert answer["rounds"][0]["coSigned"]["count"] == 0
    assert [each["document"] for each in answer["notCounted"]] == [str(forged)]
    bare = tmp_path / "token.jwt"
    bare.write_text(json.loads(kept.seen.read_bytes())["token"])
    answer = kept.shown(kept.june, bare)  # nobody saw it on the chain
    assert (answer["rounds"][0]["coSigned"]["count"], len(answer["notCounted"])) == (0, 1)


@pytest.mark.row("S23", "A53")
def test_replaced__by_the_operator_alone__both_rounds_are_shown(homes: Homes) -> None:
    again = readings_file(homes.folder / "again.json", {"well-017": "9.9"})
    june = leaf_of(homes.june, homes)
    options = ("--replaces", june, "--reason", "typing error", "--co-signer", f"{COMMUNITY}=0-99")
    new = homes.made("june-2", again, *options)
    good(homes.run("operator", "supersede", june, new))
    answer = homes.shown(new, homes.seen)
    assert (answer["exit"], codes(answer)) == (1, ["monitoring.replaced_alone"])
    assert [each["place"] for each in answer["rounds"]] == ["replaced_alone", "in_force"]
    # The community co-signs 100 others: that is not what it had seen.
    bundle = homes.bundle("operator", new)
    other = homes.signed(bundle, again, "--only", "50-149")
    assert codes(homes.shown(new, homes.seen, other)) == ["monitoring.replaced_alone"]
    # It co-signs what its own readings bear out, and the edited value is not among them.
    ran = homes.run(
        "community", "round", "sign", bundle, "--readings", again, "--seen", homes.readings
    )
    assert "NOT co-signed: well-017" in good(ran).out
    assert "co-signs readings 0-16, 18-149" in ran.out
    # It agrees to the correction.
    agreed = homes.signed(bundle, again)
    answer = homes.shown(new, homes.seen, agreed)
    assert (answer["exit"], answer["answer"], answer["code"]) == (0, "met", "monitoring.co_signed")
    assert [each["place"] for each in answer["rounds"]] == ["replaced", "in_force"]
    old = homes.shown(homes.june, homes.seen, agreed)
    assert (old["answer"], old["leaf"]) == ("met", june)
    assert old["reason"].startswith(f"{OPERATOR}:round:june-2 stands in its place; 150 of 150")


def test_stated_a_second_time__without_replacing__both_are_shown(homes: Homes) -> None:
    again = readings_file(homes.folder / "again.json", {"well-017": "9.9"})
    leaf = homes.made("june-quietly", again)
    answer = homes.shown(leaf, homes.seen)
    assert (answer["exit"], codes(answer)) == (1, ["monitoring.second_round"])
    assert len(answer["rounds"]) == 2


def test_withdrawn__by_the_operator__is_shown_with_who_stands_by_it(homes: Homes) -> None:
    june = leaf_of(homes.june, homes)
    good(homes.run("operator", "revoke", june, "--reason", "issued-in-error"))
    answer = homes.shown(homes.june, homes.seen)
    assert (answer["exit"], codes(answer)) == (1, ["monitoring.withdrawn_alone"])
    assert COMMUNITY in answer["faults"][0]["reason"]


def test_co_signature__that_its_body_revoked__counts_for_nothing(homes: Homes) -> None:
    paper = leaf_of(homes.seen, homes)
    good(homes.run("community", "revoke", paper, "--reason", "issued-in-error"))
    (found,) = homes.shown(homes.june, homes.seen)["rounds"]
    assert codes(found, "coSignatures") == ["monitoring.co_signature_withdrawn"]
    assert found["singleSigned"]["count"] == 150


# --- gaps, flat lines, replays ---------------------------------------------------------------


@pytest.mark.row("S20", "A54")
def test_show__of_hours_that_are_missing_flat_or_replayed__says_so(homes: Homes) -> None:
    hour, slots = 3_600, 48
    amounts = [str(100 + at * at % 37) for at in range(slots)]
    amounts[24:34] = amounts[4:14]
    amounts[36:42] = ["7"] * 6
    readings = [
        ["meter", START_S + at * hour, text] for at, text in enumerate(amounts) if not 14 <= at < 20
    ]
    window = {"fromSeconds": START_S, "toSeconds": START_S + 2 * DAY_S}
    document = json.loads(homes.readings.read_bytes()) | {
        "instruments": ["meter"],
        "readings": readings,
        "period": window,
        "stepSeconds": hour,
    }
    path = homes.folder / "hours.json"
    path.write_text(json.dumps(document))
    leaf = homes.made("hours", path)
    paper = homes.signed(homes.bundle("operator", leaf), path)
    blind = homes.shown(leaf, paper)
    assert (blind["exit"], blind["code"]) == (1, "evidence.series_gap")  # the count says so alone
    answer = homes.shown(leaf, paper, "--readings", path, "--flat", "5", "--replay", "8")
    assert (answer["exit"], answer["rounds"][0]["answer"]) == (1, "met")
    (meter,) = answer["series"]
    assert meter["gaps"] == ["gap of 6 readings from 2026-06-01T14:00:00Z to 2026-06-01T20:00:00Z"]
    assert [each.partition(" readings")[0] for each in meter["replays"]] == ["10"]
    assert [each.partition(" readings")[0] for each in meter["flatLines"]] == ["the same 7 in 6"]


# --- one reading -----------------------------------------------------------------------------


@pytest.mark.row("S20", "S23")
def test_reading__shown_alone__is_proven_and_edited_is_not(kept: Homes, tmp_path: Path) -> None:
    out = tmp_path / "well.json"
    asked = ("--readings", kept.readings, "--index", "17", "--out", out)
    good(kept.run("operator", "round", "reading", kept.june, *asked))
    found = good(kept.run("community", "round", "check", out, kept.june, "--json")).json
    assert (found["instrument"], found["coSignedBy"]) == (WELLS[17], [COMMUNITY])
    document = json.loads(out.read_bytes())
    edits: list[tuple[str, Any]] = [
        ("reading", [*document["reading"][:3], "9.9"]),
        ("reading", [*document["reading"][:2], START_S + 1, document["reading"][3]]),
        ("index", 18),
        ("size", 151),
        ("path", document["path"][:-1]),
    ]
    for name, value in edits:
        out.write_text(json.dumps(document | {name: value}))
        ran = kept.run("community", "round", "check", out, kept.june, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (1, "monitoring.reading_not_included")
    other = readings_file(tmp_path / "other.json", {"well-017": "9.9"})
    ran = kept.run(
        "operator", "round", "reading", kept.june, "--readings", other, "--index", "17",
        "--out", tmp_path / "no.json", "--json",
    )  # fmt: skip
    assert (ran.code, ran.json["error"]["code"]) == (1, "monitoring.readings_edited")
    assert not (tmp_path / "no.json").exists()


# --- over HTTP, and with papers of others in the home ----------------------------------------


def test_papers__of_others_in_the_home__count_on_every_face(homes: Homes) -> None:
    june = leaf_of(homes.june, homes)
    whole = homes.bundle("operator", june, "--with", homes.seen).read_bytes()
    folder = homes.folder / "operator" / "papers"
    with open_home(homes.folder / "operator") as node, asyncio.Runner() as runner:
        client = Client(create_app(node, ApiSettings()), runner)

        def seen(path: str = f"/v1/rounds/{june}", body: bytes | None = None) -> int:
            answer = client.get(path) if body is None else client.post(path, body)
            assert answer.status_code == 200, answer.text
            RoundFound.model_validate(answer.json())
            return int(answer.json()["rounds"][0]["coSigned"]["count"])

        assert (seen(), seen("/v1/rounds", homes.june.read_bytes())) == (0, 0)
        assert seen("/v1/rounds", whole) == 100
        folder.mkdir()
        (folder / "seen.json").write_bytes(homes.seen.read_bytes())
        (folder / "broken.json").write_text("{")
        assert seen() == 100
        paper = leaf_of(homes.seen, homes)
        refusals = (
            (client.get(f"/v1/rounds/{paper}"), 404, "statement.not_found"),
            (client.get("/v1/rounds/x"), 400, "leaf.malformed"),
            (client.post("/v1/rounds", homes.seen.read_bytes()), 400, "monitoring.no_round"),
        )
        for answer, status, code in refusals:
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert homes.shown(june)["rounds"][0]["coSigned"]["count"] == 100


@pytest.mark.row("S23")
def test_verify__of_a_round__tells_what_is_single_signed(kept: Homes) -> None:
    whole = kept.bundle("operator", leaf_of(kept.june, kept), "--with", kept.seen)
    found = kept.run("operator", "verify", whole, "--json").json
    (check,) = (each for each in found["checks"] if each["code"].startswith("monitoring."))
    assert (found["verdict"], check["code"]) == ("VALID_WITH_NOTICE", "monitoring.single_signed")
    assert (check["facts"]["co_signed"], check["facts"]["single_signed"]) == (100, "100-149")
