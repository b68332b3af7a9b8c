"""`veta assurance` and ``/v1/assurance`` on the real contracts: the wrong way first, then J4."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.api_world import BEARER, TOKEN, Client
from tests.support.assurance_world import certified, conformity, issued, site_name
from tests.support.cli_home import Ran, good
from tests.support.cli_home import run as run_command
from tests.support.lot_scenes import COPPER, IDS, MINE, RMM, CopperScene, copper_scene, did
from veta import canonical
from veta.api.app import create_app
from veta.cli import assurance as assurance_commands
from veta.config import ApiSettings
from veta.services.node import Node

JSON = {**BEARER, "Content-Type": "application/json"}
Command = Callable[..., Ran]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("faces")) as made:
        yield made


@pytest.fixture
def veta(scene: CopperScene, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line of a company of the scene."""

    def run(word: str, *arguments: object) -> Ran:
        node: Any = scene.company(word).node
        node.config = SimpleNamespace(member=did(word))

        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[Node]:
            node.follow()
            yield node

        monkeypatch.setattr(assurance_commands, "open_home", opened)
        return run_command("assurance", *map(str, arguments))

    return run


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(TOKEN)
    return path


@contextmanager
def served(scene: CopperScene, word: str, token: Path) -> Iterator[Client]:
    app = create_app(scene.company(word).node, ApiSettings(token_file=token))
    with asyncio.Runner() as runner:
        yield Client(app, runner)


def code(ran: Ran) -> str:
    return str(ran.json["error"]["code"])


@pytest.mark.row("S06", "S17")
def test_commands__the_wrong_way_first__then_from_recognition_to_void(
    scene: CopperScene, veta: Command, tmp_path: Path
) -> None:
    accreditor, body = IDS["accreditor"], IDS["body"]
    assert code(veta("body", "recognise", "--scheme", RMM, "--body", accreditor, "--json")) == (
        "assurance.not_scheme_owner"
    )
    both = veta("owner", "recognise", "--scheme", 1, "--body", 5, "--end", "--until", "x", "--json")
    assert code(both) == "cli.until"
    until = "2030-01-01T00:00:00Z"
    recognised = good(
        veta(
            "owner", "recognise", "--scheme", RMM, "--body", accreditor, "--until", until, "--json"
        )
    )
    assert recognised.json["state"] == "done"
    ended = good(veta("owner", "recognise", "--scheme", RMM, "--body", accreditor, "--end"))
    assert ended.out.startswith("done")
    good(veta("owner", "recognise", "--scheme", RMM, "--body", accreditor))

    paper = tmp_path / "accreditation.json"
    document = conformity(scene, "accreditor", body=did("body"))
    paper.write_bytes(canonical.write(document))
    to_body = ("--body", body, "--scheme", RMM, "--level", 2, "--substance", "Cu", "--json")
    assert code(veta("accreditor", "accredit", paper, *to_body)) == "statement.not_found"
    issued(scene.company("accreditor"), document)
    wrong = ("--body", body, "--scheme", RMM, "--level", 2, "--substance", "Xx", "--json")
    assert code(veta("accreditor", "accredit", paper, *wrong)) == "assurance.unknown_substance"
    accredited = good(veta("accreditor", "accredit", paper, *to_body)).json
    assert (accredited["record"]["member"], accredited["record"]["level"]) == (body, 2)
    again = good(veta("accreditor", "accredit", paper, *to_body)).json
    assert (again["intent"], again["record"]) == (accredited["intent"], accredited["record"])
    number = accredited["record"]["record"]

    certificate = conformity(scene, "body", site=site_name("miner"))
    leaf = issued(scene.company("body"), certificate)
    to_site = ("--site", MINE, "--accreditation", number, "--level", 2, "--substance", "29")
    elsewhere = (
        "--site",
        5,
        "--accreditation",
        number,
        "--level",
        2,
        "--substance",
        "29",
        "--json",
    )
    assert code(veta("body", "certify", leaf.hex(), *elsewhere)) == "assurance.other_site"
    given = good(veta("body", "certify", certificate["id"], *to_site, "--json")).json["record"]
    assert (given["site"], given["standing"], given["accreditation"]) == (MINE, "in-force", number)
    assert given["document"] == leaf.hex()
    scene.pass_time(7_200)
    scene.pass_time(7_200)
    (lot,) = certified(scene, "FACE-1", certificate=given["record"])

    grounds = tmp_path / "findings.txt"
    missing = veta("body", "suspend", given["record"], "--grounds", grounds, "--json")
    assert code(missing) == "cli.unreadable"
    grounds.write_text("tailings\n")
    about = (given["record"], "--grounds", grounds, "--json")
    assert code(veta("miner", "suspend", *about)) == "assurance.not_concerned"
    suspended = good(veta("body", "suspend", *about)).json
    assert suspended["record"]["standing"] == "suspended"
    assert [each["lot"] for each in suspended["affected"]["lots"]] == ["0x" + lot.hex()]
    assert suspended["affected"]["holders"][0]["member"] == IDS["smelter"]
    listed = good(veta("body", "affected", given["record"], "--json")).json
    assert listed == suspended["affected"]
    words = good(veta("body", "affected", given["record"])).out
    assert words.startswith("1 lots rest on record")
    assert "0x" + lot.hex() in words
    assert code(veta("body", "affected", 99, "--json")) == "record.not_found"
    lifted = good(veta("body", "lift", *about)).json
    assert lifted["record"]["standing"] == "in-force"
    assert "affected" not in lifted
    digest = sha256(grounds.read_bytes()).hexdigest()
    withdrawn = good(veta("body", "withdraw", given["record"], "--grounds", digest, "--json")).json
    assert withdrawn["record"]["standing"] == "withdrawn"
    assert withdrawn["affected"]["complete"] is True
    since = "2026-01-01T00:00:00Z"
    void = good(
        veta("owner", "void", given["record"], "--grounds", digest, "--since", since, "--json")
    )
    assert void.json["record"]["standing"] == "void"
    assert void.json["affected"]["origins"][0]["pastEnd"] is True


@pytest.mark.row("S06", "S17")
def test_routes__the_wrong_way_first__then_from_certificate_to_withdrawal(
    scene: CopperScene, token: Path
) -> None:
    body = scene.company("body")
    leaf = issued(body, conformity(scene, "body", site=site_name("miner")))
    certificate = {
        "statement": leaf.hex(),
        "site": MINE,
        "accreditation": 1,
        "level": 2,
        "substances": [COPPER],
    }
    grounds = {"grounds": "5a" * 32}
    with served(scene, "body", token) as client:

        def ask(path: str, document: object) -> Any:
            return client.post(f"/v1/assurance/{path}", json.dumps(document).encode(), headers=JSON)

        def refused(path: str, document: object) -> tuple[int, str]:
            answer = ask(path, document)
            return answer.status_code, answer.json()["code"]

        for path in ("recognitions", "accreditations", "certificates", "records/2/suspend",
                     "records/2/lift", "records/2/withdraw", "records/2/void"):  # fmt: skip
            answer = client.post(f"/v1/assurance/{path}", b"{}")
            assert (answer.status_code, answer.json()["code"]) == (401, "token.missing"), path
            assert refused(path, {}) == (400, "http.malformed_request"), path
        assert client.get("/v1/assurance/certificates/2/affected").status_code == 401
        both = {"scheme": RMM, "body": 5, "end": True, "until": "2030-01-01T00:00:00Z"}
        assert refused("recognitions", both) == (400, "http.malformed_request")
        recognised = {"scheme": RMM, "body": int(IDS["accreditor"])}
        assert refused("recognitions", recognised) == (400, "assurance.not_scheme_owner")
        accredited = {"statement": leaf.hex(), "body": 1, "scheme": RMM, "level": 1}
        assert refused("accreditations", accredited) == (400, "assurance.role_missing")
        assert refused("certificates", certificate | {"level": 3})[1] == (
            "assurance.level_above_accreditation"
        )
        unknown = certificate | {"statement": "01" * 32}
        assert refused("certificates", unknown) == (404, "statement.not_found")
        assert ask("certificates", certificate).status_code == 202
        body.settle()
        number = body.lots.assurance.record_of(leaf)
        assert refused(f"records/{number}/lift", grounds) == (400, "assurance.not_suspended")
        suspended = ask(f"records/{number}/suspend", grounds)
        assert suspended.status_code == 202
        assert suspended.json()["affected"]["lots"] == []
        assert suspended.headers["Location"] == f"/v1/intents/{suspended.json()['number']}"
        body.settle()
        shown = client.get(f"/v1/assurance/certificates/{number}/affected", headers=JSON).json()
        assert (shown["standing"], shown["complete"]) == ("suspended", True)
        missing = client.get("/v1/assurance/certificates/99/affected", headers=JSON)
        assert (missing.status_code, missing.json()["code"]) == (404, "record.not_found")
        assert ask(f"records/{number}/lift", grounds).status_code == 202
        body.settle()
        assert ask(f"records/{number}/withdraw", grounds).status_code == 202
        body.settle()
        late = grounds | {"since": "2026-01-01T00:00:00Z"}
        assert ask(f"records/{number}/void", late).status_code == 202
        body.settle()
        records = client.get("/v1/registry/certificates").json()["certificates"]
        assert {each["record"]: each["standing"] for each in records}[number] == "void"
