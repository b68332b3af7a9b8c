"""Lot and lineage over HTTP: who may have them gathered, and what a verdict then asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_world import BEARER, ApiWorld, Client, open_world
from veta import canonical
from veta.model.identifiers import UnixSeconds
from veta.statement.instants import write_instant
from veta.verify.transport import read_bundle

HELD = {"mass.net": 25_000_000, "metal.Cu": 24_997_500, "co2e.1": 75_775_000}
LINEAGE = "?lineage=true"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path, has_lots=True) as made:
        yield made


def instant(world: ApiWorld, seconds: int) -> str:
    return write_instant(UnixSeconds(world.ledger.head().time_s + seconds))


def originated(world: ApiWorld, client: Client) -> str:
    """A lot whose run and passport are anchored; the passport's leaf."""
    number = "BSE-CAT-26-1001"
    lot = {"number": number, "quantities": HELD, "passport": world.credential(1001)}
    output = {"productClass": 1, "model": "controlled-blending", "reference": "mass.net"}
    run: Any = {
        "format": "veta-run/1",
        "kind": "origin",
        "site": 3,
        "producedFrom": instant(world, -7_200),
        "producedTo": instant(world, -3_600),
        "outputs": [output | {"lots": [lot]}],
        "emissions": [{"part": "process", "co2eG": HELD["co2e.1"]}],
    }
    headers = {**BEARER, "Content-Type": "application/json"}
    made = client.post("/v1/lots/originate", canonical.write(run), headers=headers)
    assert made.status_code == 202, made.text
    world.node.desk.anchorer.anchor()
    world.settle()
    world.node.follow()
    (stored,) = world.node.find(f"did:web:refineria-bahia-serena.example:lot:{number}")
    return stored.record.leaf.hex()


def by_step(report: dict[str, Any], step: int) -> set[tuple[str, str]]:
    return {
        (check["outcome"], check["code"]) for check in report["checks"] if check["step"] == step
    }


def test_bundle__with_lineage_and_no_token__is_refused(world: ApiWorld) -> None:
    with world.client() as client:
        leaf = originated(world, client)
        path = f"/v1/statements/{leaf}/bundle"
        refused = client.get(path + LINEAGE)
        assert (refused.status_code, refused.json()["code"]) == (401, "token.missing")
        wrong = client.get(path + LINEAGE, headers={"Authorization": "Bearer " + "x" * 40})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "token.wrong")
        body = json.dumps({"leaf": leaf}).encode()
        refused = client.post("/v1/verify" + LINEAGE, body)
        assert (refused.status_code, refused.json()["code"]) == (401, "token.missing")
        plain = json.loads(client.get(path).content)
        assert not {"lot", "runs"} & set(plain)


def test_bundle__statement_about_no_lot_of_the_book__is_404(world: ApiWorld) -> None:
    with world.client() as client:
        leaf = world.anchored().hex()
        answer = client.get(f"/v1/statements/{leaf}/bundle{LINEAGE}", headers=BEARER)
        assert (answer.status_code, answer.json()["code"]) == (404, "lot.not_found")


def test_bundle__endpoint_away__cannot_be_told(world: ApiWorld) -> None:
    with world.client() as client:
        leaf = originated(world, client)
        world.ledger.faults.before = 1.0
        answer = client.get(f"/v1/statements/{leaf}/bundle{LINEAGE}", headers=BEARER)
        world.ledger.faults.before = 0.0
        # Its own run comes from the store, so the file is made; what the chain says is unknown.
        assert answer.status_code == 200
        _, facts = read_bundle(answer.content, now_s=UnixSeconds(0))
        assert facts is not None


def test_verify__bundle_with_lineage__is_judged_by_what_it_discloses(world: ApiWorld) -> None:
    with world.client() as client:
        leaf = originated(world, client)
        handed = client.get(f"/v1/statements/{leaf}/bundle{LINEAGE}", headers=BEARER).content
        document = json.loads(handed)
        assert len(document["runs"]) == 1
        report = client.post("/v1/verify" + LINEAGE, handed).json()
        assert ("passed", "lot.proven") in by_step(report, 8)
        del document["runs"]
        less = client.post("/v1/verify" + LINEAGE, canonical.write(document)).json()
        assert less["verdict"] in {"NOT_PROVEN", "INVALID"}
        assert ("not_proven", "lineage.not_disclosed") in by_step(less, 9)
        plain = client.get(f"/v1/statements/{leaf}/bundle").content
        nothing = client.post("/v1/verify" + LINEAGE, plain).json()
        assert nothing["verdict"] == "NOT_PROVEN"
        assert client.post("/v1/verify", plain).json()["verdict"].startswith("VALID")


def test_verify__leaf_with_lineage_and_token__is_gathered(world: ApiWorld) -> None:
    with world.client() as client:
        leaf = originated(world, client)
        body = json.dumps({"leaf": leaf}).encode()
        report = client.post("/v1/verify" + LINEAGE, body, headers=BEARER).json()
        assert ("passed", "lot.proven") in by_step(report, 8)
        assert not {code for _, code in by_step(report, 9)} & {
            "lineage.not_disclosed",
            "lineage.run_not_disclosed",
        }
        other = json.dumps({"leaf": world.anchored().hex()}).encode()
        report = client.post("/v1/verify" + LINEAGE, other, headers=BEARER).json()
        assert report["verdict"] == "NOT_PROVEN"


def test_explanation__own_lot__steps_balance_and_say_what_is_not_proven(world: ApiWorld) -> None:
    with world.client() as client:
        path = f"/v1/statements/{originated(world, client)}/explanation"
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "token.missing")
        answer = client.get(path, headers=BEARER)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["about"]["lot_number"] == "BSE-CAT-26-1001"
        assert told["lot"]["quantities"] == HELD
        (step,) = told["steps"]
        (carbon,) = [each for each in step["balances"] if each["column"] == "co2e.1"]
        assert (carbon["taken"], carbon["entered"], carbon["made"]) == (0, 75_775_000, 75_775_000)
        assert told["notProven"]


def test_explanation__no_lot_of_the_book__is_404(world: ApiWorld) -> None:
    with world.client() as client:
        leaf = world.anchored().hex()
        answer = client.get(f"/v1/statements/{leaf}/explanation", headers=BEARER)
        assert (answer.status_code, answer.json()["code"]) == (404, "lot.not_found")
        lot = "0x" + "ab" * 32
        answer = client.get(f"/v1/lots/{lot}/explanation", headers=BEARER)
        assert (answer.status_code, answer.json()["code"]) == (404, "lot.unopened")
        answer = client.get("/v1/lots/0xAB/explanation", headers=BEARER)
        assert (answer.status_code, answer.json()["code"]) == (400, "lot.malformed")
