"""Issuing and status changes over HTTP: who may, what happens once, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_api_problems import problem_of
from tests.support.api_world import BEARER, JSON_TYPE, MEMBER, ApiWorld, Client, open_world
from veta import canonical
from veta.api.app import create_app
from veta.api.tokens import load_token
from veta.errors import ConfigError
from veta.ports.store import IntentState
from veta.statement.jws import read_statement
from veta.statement.status_list import StatusListEntry, read_status_list

WRITES = [
    "/v1/statements",
    "/v1/anchors",
    *(
        f"/v1/statements/{'ab' * 32}/{verb}"
        for verb in ("revoke", "supersede", "reaffirm", "dispute")
    ),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        yield made


@pytest.fixture
def client(world: ApiWorld) -> Iterator[Client]:
    with world.client() as made:
        yield made


def rows_of(world: ApiWorld) -> int:
    with world.store.read() as work:
        return sum(work.count_statements().values())


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, "token.missing")),
        ({"Authorization": "Bearer "}, (401, "token.missing")),
        ({"Authorization": "Basic bm90OnRoaXM="}, (401, "token.missing")),
        ({"Authorization": "Bearer wrong"}, (401, "token.wrong")),
        ({"Authorization": BEARER["Authorization"][:-1]}, (401, "token.wrong")),
        ({"Authorization": BEARER["Authorization"] + "t"}, (401, "token.wrong")),
        ({"Authorization": b"Bearer \xff\xfe"}, (401, "token.wrong")),
    ],
)
def test_write__without_the_token__401_and_nothing_is_kept(
    world: ApiWorld,
    client: Client,
    path: str,
    headers: dict[str, str],
    expected: tuple[int, str],
) -> None:
    answer = client.post(path, world.body(), headers=headers)
    assert problem_of(answer) == expected
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert rows_of(world) == 0


@pytest.mark.parametrize("path", ["/v1/intents?state=open", "/v1/intents/1"])
def test_intents__without_the_token__401(client: Client, path: str) -> None:
    assert problem_of(client.get(path)) == (401, "token.missing")


@pytest.mark.parametrize("path", WRITES)
def test_write__node_without_token_file__403(world: ApiWorld, path: str) -> None:
    with world.client(token_file=None) as client:
        answer = client.post(path, world.body(), headers=BEARER)
    assert problem_of(answer) == (403, "token.not_configured")


def test_write__node_of_no_member__403(world: ApiWorld) -> None:
    with world.client(world.reader()) as client:
        answer = client.post("/v1/statements", world.body(), headers=BEARER)
        assert problem_of(answer) == (403, "node.read_only")
        assert problem_of(client.post("/v1/anchors", headers=BEARER)) == (403, "node.read_only")


@pytest.mark.parametrize(
    ("octets", "mode", "code"),
    [
        (b"x" * 30, 0o644, "token.exposed"),
        (b"x" * 30, 0o640, "token.exposed"),
        (b"short", 0o600, "token.weak"),
        (b"", 0o600, "token.weak"),
        (b"x" * 600, 0o600, "token.weak"),
        (b"with space in the middle of it", 0o600, "token.weak"),
        (b"\xff" * 30, 0o600, "token.weak"),
    ],
)
def test_token_file__exposed_or_weak__no_app_is_made(
    world: ApiWorld, octets: bytes, mode: int, code: str
) -> None:
    path = world.folder / "other-token"
    path.write_bytes(octets)
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        load_token(path)
    assert caught.value.code == code


def test_token_file__missing__no_app_is_made(world: ApiWorld) -> None:
    from dataclasses import replace

    settings = replace(world.settings, token_file=world.folder / "nowhere")
    with pytest.raises(ConfigError) as caught:
        create_app(world.node, settings)
    assert caught.value.code == "token.unreadable"


def test_issue_anchor_verify_revoke__over_http_alone__valid_then_invalid(
    world: ApiWorld, client: Client
) -> None:
    issued = client.post("/v1/statements", world.body(), headers=BEARER)
    assert issued.status_code == 201
    where = issued.headers["location"]
    leaf = issued.json()["leaf"]
    assert client.get(where).json()["state"] == "issued"
    anchored = client.post("/v1/anchors", b'{"kind":"PASSPORT"}', headers=BEARER)
    assert anchored.status_code == 202
    assert [each["purpose"] for each in anchored.json()["intents"]] == ["anchor"]
    world.settle()
    assert client.get(where).json()["state"] == "anchored"
    body = json.dumps({"leaf": leaf}).encode()
    assert client.post("/v1/verify", body).json()["verdict"] == "VALID"
    revoked = client.post(f"{where}/revoke", b'{"reason":"WITHDRAWN"}', headers=BEARER)
    assert (revoked.status_code, revoked.json()["purpose"]) == (202, "revoke")
    world.settle()
    assert client.post("/v1/verify", body).json()["verdict"] == "INVALID"
    intent = client.get(revoked.headers["location"], headers=BEARER).json()
    assert intent["state"] == "done"
    again = client.post(f"{where}/revoke", b'{"reason":"WITHDRAWN"}', headers=BEARER)
    assert problem_of(again) == (409, again.json()["code"])
    assert again.json()["contract_error"] == "AlreadyRevoked"
    done = client.get("/v1/intents", params={"state": "done"}, headers=BEARER).json()
    assert [each["purpose"] for each in done["intents"]] == ["anchor", "revoke"]


@pytest.mark.row("T48")
def test_issue__100_equal_posts_at_once__one_row_one_leaf(world: ApiWorld, client: Client) -> None:
    body = world.body()
    headers = BEARER | JSON_TYPE | {"Idempotency-Key": "order 4711"}
    answers = client.gather(
        *(
            client.asynchronous.post("/v1/statements", content=body, headers=headers)
            for _ in range(100)
        )
    )
    assert {answer.status_code for answer in answers} == {200, 201}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len({answer.json()["leaf"] for answer in answers}) == 1
    assert len({answer.json()["token"] for answer in answers}) == 1
    assert rows_of(world) == 1
    other = client.post("/v1/statements", world.body(2), headers=headers)
    assert problem_of(other) == (409, "idempotency.other_body")
    assert rows_of(world) == 1


@pytest.mark.row("T48")
def test_issue__same_body_without_key_or_with_another__still_one_row(
    world: ApiWorld, client: Client
) -> None:
    body = world.body()
    first = client.post("/v1/statements", body, headers=BEARER)
    second = client.post("/v1/statements", body, headers=BEARER)
    third = client.post("/v1/statements", body, headers=BEARER | {"Idempotency-Key": "b"})
    assert [first.status_code, second.status_code, third.status_code] == [201, 200, 200]
    assert rows_of(world) == 1


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda text: text.replace('"massG":25000000', '"massG":-1'), 422),
        (lambda text: text.replace('"massG":25000000', '"massG":"25000000"'), 422),
        (lambda text: text.replace('"massG":25000000', '"massG":NaN'), 400),
        (lambda text: text.replace('"massG":25000000', '"massG":2.5e7'), 400),
        (lambda text: text.replace('"massG":25000000', '"massG":25000000.0'), 400),
        (lambda text: text.replace('"massG":25000000', '"massG":9007199254740993'), 400),
        (lambda text: text.replace('"massG":25000000', '"massG":25000000,"massG":1'), 400),
        (lambda text: text.replace('"massBasis"', '"critical":true,"massBasis"'), 422),
        (lambda text: text.replace("refineria-bahia-serena", "somebody-else"), 403),
        (lambda text: text.replace("Copper cathode", "Cafe\\u0301"), 400),
        (lambda _: "{}", 400),
        (lambda _: "", 400),
    ],
)
def test_issue__credential_that_is_not_strict__refused_and_nothing_kept(
    world: ApiWorld, client: Client, change: object, status: int
) -> None:
    text = world.body().decode()
    changed = change(text)  # type: ignore[operator]
    assert changed != text
    answer = client.post("/v1/statements", changed.encode(), headers=BEARER)
    assert problem_of(answer)[0] == status
    assert rows_of(world) == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there"])
def test_issue__idempotency_key_out_of_bounds__400(
    world: ApiWorld, client: Client, key: str
) -> None:
    answer = client.post("/v1/statements", world.body(), headers=BEARER | {"Idempotency-Key": key})
    assert problem_of(answer)[0] == 400
    assert rows_of(world) == 0


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("revoke", b"", 400),
        ("revoke", b'{"reason":"NONE"}', 400),
        ("revoke", b'{"reason":"WITHDRAWN","effective":"2020-01-01T00:00:00Z"}', 400),
        ("revoke", b'{"reason":"WITHDRAWN","reason":"OTHER"}', 400),
        ("supersede", b"{}", 400),
        ("supersede", b'{"by_leaf":"%b"}' % (b"cd" * 32), 404),
        ("reaffirm", b'{"x":1}', 400),
        ("dispute", b'{"issuer":0,"grounds":"%b"}' % (b"cd" * 32), 400),
        ("dispute", b'{"issuer":true,"grounds":"%b"}' % (b"cd" * 32), 400),
    ],
)
def test_status_change__out_of_bounds__refused_and_no_intent(
    world: ApiWorld, client: Client, verb: str, body: bytes, status: int
) -> None:
    leaf = world.anchored().hex()
    answer = client.post(f"/v1/statements/{leaf}/{verb}", body, headers=BEARER)
    assert problem_of(answer)[0] == status
    with world.store.read() as work:
        assert not work.intents(IntentState.OPEN)


def test_status_change__chain_stopped__waits_as_one_open_intent(
    world: ApiWorld, client: Client
) -> None:
    leaf = world.anchored().hex()
    body = world.body(2)
    world.ledger.faults.down = True
    assert client.post("/v1/anchors", headers=BEARER).json()["waiting"] == 0
    assert client.post("/v1/statements", body, headers=BEARER).status_code == 201
    answer = client.post("/v1/anchors", headers=BEARER)
    assert problem_of(answer) == (503, "ledger.unavailable")
    path = f"/v1/statements/{leaf}/reaffirm"
    first = client.post(path, headers=BEARER)
    second = client.post(path, headers=BEARER)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["number"] == second.json()["number"]
    told = client.post("/v1/anchors", headers=BEARER).json()
    assert (told["intents"], told["waiting"]) == ([], 1)  # the older one goes first
    world.ledger.faults.down = False
    world.settle()
    done = client.get(first.headers["location"], headers=BEARER).json()
    assert done["state"] == "done"


def test_dispute_and_supersede__through_http__reach_the_chain(
    world: ApiWorld, client: Client
) -> None:
    old, silent = world.issue(1, name="old"), world.issue(1, name="silent")
    told = {**world.credential(1, name="new"), "corrects": {"leaf": old.hex(), "reason": "wording"}}
    new = world.node.desk.issuer.issue(told).leaf
    world.settle()
    path = f"/v1/statements/{old.hex()}/supersede"
    without = client.post(path, canonical.write({"by_leaf": silent.hex()}), headers=BEARER)
    assert problem_of(without) == (409, "supersede.no_reason")
    answer = client.post(path, canonical.write({"by_leaf": new.hex()}), headers=BEARER)
    assert answer.json()["purpose"] == "supersede"
    grounds = canonical.write({"issuer": MEMBER, "grounds": "cd" * 32})
    answer = client.post(f"/v1/statements/{new.hex()}/dispute", grounds, headers=BEARER)
    assert answer.status_code == 202
    world.settle()
    codes = {}
    for name, leaf in (("old", old), ("new", new)):
        report = client.post("/v1/verify", canonical.write({"leaf": leaf.hex()})).json()
        codes[name] = {check["code"] for check in report["checks"]}
    assert "status.superseded" in codes["old"]
    assert "status.disputed" in codes["new"]


def test_status_list__of_an_issued_statement__signed_for_its_address(
    world: ApiWorld, client: Client
) -> None:
    url = "https://status.example/1"
    place = StatusListEntry(url, "revocation", 4_711).member()
    document = {**canonical.read_object(world.body()), "credentialStatus": place}
    issued = client.post(
        "/v1/statements", canonical.write(document), headers={**BEARER, **JSON_TYPE}
    )
    assert issued.status_code == 201, issued.text
    path = f"/v1/status-list?list={url}"
    assert problem_of(client.get(path)) == (401, "token.missing")
    early = client.get(path, headers=BEARER)
    assert problem_of(early) == (404, "status_list.not_followed")
    world.node.follow()
    answer = client.get(path, headers=BEARER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
    listed = read_statement(answer.content).credential
    assert listed.credential_id == url
    assert not any(read_status_list(listed))
    other = client.get(f"{path}0", headers=BEARER)
    assert problem_of(other) == (404, "status_list.unknown")
    plain = client.get("/v1/status-list?list=http://status.example/1", headers=BEARER)
    assert problem_of(plain) == (400, "status_list.url")
