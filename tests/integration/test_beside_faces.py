"""Other statements beside a bundle's own, by the command line and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_cli_disclosure import write_values
from tests.support.api_world import ApiWorld, open_world
from tests.support.cli_home import DID, LOTS, Home, anchored_home, good, run
from veta import canonical
from veta.errors import InputError
from veta.model.bundle import StatementBundle
from veta.model.identifiers import UnixSeconds
from veta.services.beside import with_beside
from veta.statement import base64url
from veta.statement.jws import read_statement
from veta.verify.transport import read_bundle


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return anchored_home(tmp_path_factory.mktemp("beside"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with open_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def leaf_of(home: Home, number: str) -> str:
    return str(home.run("verify", number, "--json").json["leaf"])


def test_show__with_a_file_and_a_kept_statement__both_judged_beside(home: Home) -> None:
    file = home.folder / "with.json"
    more = ("--with", home.bundle(LOTS[1]), "--with", LOTS[2])
    good(home.run("show", "statement", LOTS[0], "--bundle", file, *more))
    bare = home.run("verify", home.bundle(LOTS[0]), "--json").json
    found = home.run("verify", file, "--json").json
    assert (found["verdict"], found["checks"]) == (bare["verdict"], bare["checks"])
    assert bare["beside"] == []
    leaves = [leaf_of(home, number) for number in LOTS[1:]]
    assert [each["leaf"] for each in found["beside"]] == leaves
    assert [each["counts"] for each in found["beside"]] == [True, True]
    offline = ("--offline", "--believe-file", "--trust", home.trust)
    carried = home.run("verify", file, *offline, "--json").json
    assert [each["counts"] for each in carried["beside"]] == [True, True]
    text = home.run("verify", file).out
    assert f"passport of Refineria {leaves[0][:16]}" in text


def test_show__indicator_set_with_opened_leaves__told_in_the_verdict(home: Home) -> None:
    folder, file = home.folder, home.folder / "indicators.bundle.json"
    values = write_values(folder, f"{DID}:lot:{LOTS[0]}")
    held, shown, head = folder / "set.json", folder / "shown.json", folder / "head.json"
    made = ("indicators", "make", values, "--out", held, "--statement", head, "--home", home.home)
    good(run(*made))
    leaf = good(home.run("issue", head, "--json")).json["issued"][0]["leaf"]
    good(home.run("anchor"))
    good(run("indicators", "open", held, "--only", "fatalities,ltifr", "--out", shown))
    show = ("show", "statement", LOTS[0], "--bundle", file, "--open", shown)
    assert home.run(*show).code == 2  # nothing beside it has such leaves
    good(home.run(*show, "--with", leaf))
    report = home.run("verify", file, "--json").json
    assert report["verdict"] == "VALID"  # not asked for
    codes = [each["code"] for each in report["checks"] if each["code"].startswith("disclosure.")]
    assert codes == ["disclosure.material_unknown"]  # the lot book has no such lot
    asked = home.run("verify", file, "--with-indicators", "--json")
    assert (asked.code, asked.json["verdict"]) == (1, "NOT_PROVEN")


@pytest.mark.row("S02")
def test_verify__text_and_json__a_line_for_every_figure_with_whose_word_it_is(home: Home) -> None:
    ran = home.run("verify", LOTS[0])
    assert "Printed figures, and whose word they are:" in ran.out
    assert "co2eGPerKg 3,031 g CO2e/kg: self-declared by Refineria" in " ".join(ran.out.split())
    figures = home.run("verify", LOTS[0], "--json").json["figures"]
    assert {each["grade"] for each in figures} == {"self-declared"}
    for asked in ("--with-assay", "--with-inventory", "--with-documents"):
        assert home.run("verify", LOTS[0], asked).code == 1  # nothing of it is shown


def test_show__the_same_statement_again__is_beside_once(home: Home) -> None:
    file = home.folder / "once.json"
    more = ("--with", LOTS[1], "--with", home.bundle(LOTS[1]), "--with", LOTS[0])
    good(home.run("show", "statement", LOTS[0], "--bundle", file, *more))
    assert len(json.loads(file.read_bytes())["beside"]) == 1


def test_verify__altered_statement_beside__named_and_counts_as_not_there(home: Home) -> None:
    file = home.folder / "altered.json"
    good(home.run("show", "statement", LOTS[0], "--bundle", file, "--with", LOTS[1]))
    document = json.loads(file.read_bytes())
    head, payload, seal = document["beside"][0]["token"].split(".")
    document["beside"][0]["token"] = f"{head}.{payload}.{seal[:-4]}AAAA"
    file.write_text(json.dumps(document))
    ran = home.run("verify", file)
    assert ran.code == 0
    assert "counts as not there" in " ".join(ran.out.split())
    (each,) = home.run("verify", file, "--json").json["beside"]
    assert (each["counts"], each["verdict"]) == (False, "INVALID")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--with", "BSE-CAT-26-1002"), "cli.options"),
        (("--bundle", "b.json", "--with", "nowhere.json"), "cli.unreadable"),
        (("--bundle", "b.json", "--with", "BSE-CAT-26-9999"), "statement.not_found"),
    ],
)
def test_show__with_what_is_not_there__refused_and_nothing_written(
    home: Home, arguments: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    there = [str(tmp_path / each) if each == "b.json" else each for each in arguments]
    ran = home.run("show", "statement", LOTS[0], *there, "--json")
    assert ran.code == 2
    assert code in ran.err + ran.out
    assert not list(tmp_path.iterdir())


def test_with_beside__more_than_may_be__refused(home: Home) -> None:
    own, _ = read_bundle(home.bundle(LOTS[0]).read_bytes(), now_s=UnixSeconds(0))
    head, _, seal = own.token.split(b".")
    document = dict(read_statement(own.token).credential.document)
    more = []
    for number in range(65):
        payload = base64url.encode(canonical.write({**document, "id": f"urn:veta:{number}"}))
        more.append(StatementBundle(b".".join((head, payload, seal))))
    assert len(with_beside(own, more[:64]).beside) == 64
    with pytest.raises(InputError) as caught:
        with_beside(own, more)
    assert caught.value.code == "bundle.too_many_beside"


def test_api__bundle_with_kept_statements__judged_beside(world: ApiWorld) -> None:
    first, second = (world.anchored(number).hex() for number in (1, 2))
    with world.client() as client:
        answer = client.get(f"/v1/statements/{first}/bundle?with={second}")
        assert answer.status_code == 200
        assert len(answer.json()["beside"]) == 1
        report = client.post("/v1/verify", answer.content).json()
        assert [(each["leaf"], each["counts"]) for each in report["beside"]] == [(second, True)]
        missing = client.get(f"/v1/statements/{first}/bundle?with={'ab' * 32}")
        assert (missing.status_code, missing.json()["code"]) == (404, "statement.not_found")
        malformed = client.get(f"/v1/statements/{first}/bundle?with=x")
        assert (malformed.status_code, malformed.json()["code"]) == (400, "leaf.malformed")


def test_api__papers_asked_for__never_good_without_them(world: ApiWorld) -> None:
    leaf = world.anchored(3).hex()
    body = json.dumps({"leaf": leaf}).encode()
    with world.client() as client:
        assert client.post("/v1/verify", body).json()["verdict"] == "VALID"
        for word in ("documents", "indicators", "assay", "inventory"):
            asked = client.post(f"/v1/verify?ask={word}", body)
            assert asked.json()["verdict"] == "NOT_PROVEN", word
        unknown = client.post("/v1/verify?ask=everything", body)
        assert unknown.status_code == 400
