"""Lots over HTTP: the same verbs as on the command line, on the fake chain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_world import BEARER, ApiWorld, open_world
from tests.support.certified_lot import MEMBER
from veta import canonical
from veta.custody.encoding import lot_id
from veta.model.consortium import Role
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import ProductClassId, SiteId
from veta.ports.store import IntentState
from veta.services.lots import key_of_lot
from veta.statement.instants import write_instant

HELD = {"mass.net": 25_000_000, "metal.Cu": 24_997_500, "co2e.1": 75_775_000}
JSON = {**BEARER, "Content-Type": "application/json"}
BUYER = MemberId(6)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path, has_lots=True) as made:
        made.ledger.admit(BUYER, "did:web:buyer.example", roles=Role.MANUFACTURER)
        yield made


def instant(world: ApiWorld, seconds: int) -> str:
    return write_instant(UnixSeconds(world.ledger.head().time_s + seconds))


def run(world: ApiWorld, **changes: Any) -> bytes:
    output = {
        "productClass": 1,
        "model": "controlled-blending",
        "reference": "mass.net",
        "lots": [
            {"number": "BSE-CAT-26-1001", "quantities": HELD, "passport": world.credential(1001)}
        ],
    }
    document: dict[str, Any] = {
        "format": "veta-run/1",
        "kind": "origin",
        "site": 3,
        "producedFrom": instant(world, -7_200),
        "producedTo": instant(world, -3_600),
        "outputs": [output],
        "emissions": [{"part": "process", "co2eG": HELD["co2e.1"]}],
    }
    return canonical.write(document | changes)


LOT = lot_id(MEMBER, key_of_lot(MEMBER, SiteId(3), ProductClassId(1), "BSE-CAT-26-1001"))
NAME = "0x" + LOT.hex()


def test_lots__originated_opened_offered_and_looked_at__as_on_the_command_line(
    world: ApiWorld,
) -> None:
    with world.client() as client:
        body = run(world)
        judged = client.post("/v1/lots/originate?dry_run=true", body, headers=JSON)
        assert (judged.status_code, judged.json()["problems"]) == (200, [])
        made = client.post("/v1/lots/originate", body, headers=JSON)
        assert made.status_code == 202
        assert made.json()["lots"] == [[NAME]]
        again = client.post("/v1/lots/originate", body, headers=JSON)
        assert again.json()["created"] is False
        assert again.json()["intent"] == made.json()["intent"]
        assert again.headers["Location"] == made.headers["Location"]
        world.settle()
        missing = client.get(f"/v1/lots/{NAME}")
        assert (missing.status_code, missing.json()["code"]) == (404, "lot.unopened")

        until = instant(world, 86_400)
        offer = json.dumps({"to": int(BUYER), "until": until}).encode()
        opened = client.post(f"/v1/lots/{NAME}/open", offer, headers=JSON)
        assert opened.status_code == 202
        world.settle()
        shown = client.get(f"/v1/lots/{NAME}").json()
        assert (shown["state"], shown["offeredTo"], shown["left"]) == ("offered", BUYER, HELD)
        refused = client.post(
            "/v1/lots/retire", json.dumps({"lots": [NAME]}).encode(), headers=JSON
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "custody.locked_by_offer")
        up = client.get(f"/v1/lots/{NAME}/lineage?substance=29").json()
        assert up["bySite"] == {"3": 1_000_000}
        held = client.get(f"/v1/members/{MEMBER}/lots").json()
        assert held["totals"] == HELD
        site = client.get("/v1/sites/3/balance").json()
        assert site["periods"][0]["originated"] > 0


def test_lots__a_run_that_makes_metal_or_is_no_run__is_refused_with_the_code(
    world: ApiWorld,
) -> None:
    with world.client() as client:
        heavier: Any = canonical.read_object(run(world))
        heavier["emissions"] = []
        body = canonical.write(heavier)
        judged = client.post("/v1/lots/originate?dry_run=true", body, headers=JSON)
        assert [each["code"] for each in judged.json()["problems"]] == ["custody.co2e_mismatch"]
        refused = client.post("/v1/lots/originate", body, headers=JSON)
        assert (refused.status_code, refused.json()["code"]) == (400, "custody.co2e_mismatch")
        other: Any = canonical.read_object(run(world))
        other["outputs"][0]["lots"][0]["quantities"]["metal.Cu"] += 1
        disagrees = client.post("/v1/lots/originate", canonical.write(other), headers=JSON)
        assert (disagrees.status_code, disagrees.json()["code"]) == (422, "lot.passport_disagrees")
        for body in (b"{}", run(world, more=1), run(world, kind="gift"), run(world, site=-1)):
            malformed = client.post("/v1/lots/originate", body, headers=JSON)
            assert malformed.status_code == 400, body
        for name in ("0x" + "1" * 63, "0X" + "1" * 64, "1" * 66):
            assert client.get(f"/v1/lots/{name}").json()["code"] == "lot.malformed"
        half = client.post(f"/v1/lots/{NAME}/open", b'{"to":6}', headers=JSON)
        assert half.json()["code"] == "lot.offer"


def test_lots__taken_back_replaced_or_let_go__the_wrong_way_first(world: ApiWorld) -> None:
    salt = "ab" * 32
    account = "0x" + world.node.desk.account.hex()
    with world.client() as client:

        def ask(verb: str, body: object = None, lot: str = NAME) -> tuple[int, dict[str, Any]]:
            octets = b"" if body is None else json.dumps(body).encode()
            answer = client.post(f"/v1/lots/{lot}/{verb}", octets, headers=JSON)
            return answer.status_code, answer.json()

        def code(verb: str, body: object = None) -> tuple[int, str]:
            status, answer = ask(verb, body)
            return status, answer["code"]

        assert code("withdraw") == (404, "lot.not_ours")
        client.post("/v1/lots/originate", run(world), headers=JSON)
        assert code("withdraw") == (409, "lot.not_issued")
        world.settle()
        other = {
            "format": "veta-replacement/1",
            "lots": [{"number": "X", "quantities": HELD, "passport": "cd" * 32}],
        }
        assert code("replace", other) == (400, "custody.not_in_this_run")
        assert code("replace", other | {"format": "veta-run/1"}) == (400, "run.malformed")
        assert code("withdraw", {}) == (400, "http.malformed_request")
        status, withdrawn = ask("withdraw")
        assert (status, withdrawn["created"], withdrawn["lots"]) == (202, True, [NAME])
        assert ask("withdraw")[1]["intent"]["number"] == withdrawn["intent"]["number"]
        world.settle()
        assert ask("withdraw")[1]["created"] is False

        anew = canonical.read_object(run(world, producedFrom=instant(world, -9_000)))
        made = client.post("/v1/lots/originate", canonical.write(anew), headers=JSON)
        assert (made.status_code, made.json()["created"]) == (202, True)
        world.settle()
        assert ask("open")[0] == 202
        world.settle()
        assert code("withdraw") == (400, "custody.batch_opened")
        whom = {"account": account, "salt": salt}
        assert code("exit", whom | {"account": "0x1"}) == (400, "http.malformed_request")
        assert code("exit", {"account": account}) == (400, "http.malformed_request")
        assert code("reenter", {"salt": salt}) == (400, "custody.lot_not_in_state")
        status, gone = ask("exit", whom)
        assert (status, ask("exit", whom)[1]) == (202, gone)
        world.settle()
        assert client.get(f"/v1/lots/{NAME}").json()["state"] == "exited"
        assert code("reenter", {"salt": "cd" * 32}) == (400, "custody.not_named_by_exit")
        assert ask("reenter", {"salt": salt})[0] == 202
        world.settle()
        assert client.get(f"/v1/lots/{NAME}").json()["state"] == "held"


def test_registry__over_http__is_what_was_followed(world: ApiWorld) -> None:
    """The fake chain registers nothing; what real ones say is in test_registry_followed."""
    with world.client() as client:
        empty: dict[str, dict[str, Any]] = {
            "sites": {"sites": []},
            "classes": {"productClasses": []},
            "substances": {"substances": [], "unitKinds": []},
            "schemes": {"schemes": [], "programmes": [], "reductions": []},
        }
        for path, body in empty.items():
            answer = client.get(f"/v1/registry/{path}")
            assert (answer.status_code, answer.json()) == (200, body)
        assert client.get("/v1/registry/certificates").json()["certificates"] == []
        assert client.get("/v1/registry/rules").json()["rules"] == []
        assert client.post("/v1/rules", b"{}").json()["code"] == "token.missing"
        for verb in ("confirm", "end"):
            path = f"/v1/rules/7/{verb}"
            assert client.post(path).json()["code"] == "token.missing"
            known = client.post(path, headers=JSON)
            assert (known.status_code, known.json()["code"]) == (404, "rule.not_found")
            more = client.post(path, b"{}", headers=JSON)
            assert more.json()["code"] == "http.malformed_request"
        share = {"productClass": 1, "minimumPpm": 0, "maximumPpm": 1_000_001}
        rule: dict[str, Any] = {"site": 3, "shares": [share], "until": instant(world, 9_000)}
        for changed in (rule, rule | {"shares": []}, rule | {"more": 1}, rule | {"from": 1}):
            answer = client.post("/v1/rules", json.dumps(changed).encode(), headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (400, "http.malformed_request")


def test_lots__writing_without_the_token__is_refused(world: ApiWorld) -> None:
    with world.client() as client:
        verbs = ("originate", "transform", "offer", "accept", "decline", "retire")
        of_one = ("x/open", "x/withdraw", "x/replace", "x/exit", "x/reenter")
        for path in (*verbs, *of_one):
            answer = client.post(f"/v1/lots/{path}", b"{}")
            assert (answer.status_code, answer.json()["code"]) == (401, "token.missing"), path


def test_lots__on_a_chain_that_pins_none__is_the_operator_s_to_know(tmp_path: Path) -> None:
    with open_world(tmp_path) as world, world.client() as client:
        answer = client.post("/v1/lots/originate", run(world), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (503, "config.no_contract")


def test_sites__on_a_network_that_keeps_no_notices_of_them__says_so(world: ApiWorld) -> None:
    """Not a word is stored, and what is read is what the registry has: here nothing."""
    path, document = "/v1/sites/3", {"document": "5a" * 32}
    record = {"kind": "incident", "category": "spill", "from": instant(world, -60), **document}
    with world.client() as client:
        for verb, body in (
            ("concerns", document),
            ("concerns/1/close", document),
            ("records", record),
        ):
            answer = client.post(f"{path}/{verb}", json.dumps(body).encode(), headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (503, "config.no_contract"), verb
        assert client.get(path).json()["code"] == "site.unknown"
    with world.store.read() as work:
        assert work.intents(IntentState.OPEN) == ()
