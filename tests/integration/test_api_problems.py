"""Every refusal is an RFC 9457 problem with a stable code, and gives nothing else away."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.api_world import (
    BEARER,
    TOKEN,
    ApiWorld,
    BrokenLedger,
    Client,
    open_world,
    raising,
)
from veta import errors
from veta.api.problems import PROBLEM_JSON, STATUS_OF_CLASS, problem_body, status_of
from veta.errors import ProvenanceError
from veta.services.node import Node


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        yield made


@pytest.fixture
def client(world: ApiWorld) -> Iterator[Client]:
    with world.client() as made:
        yield made


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, after the form of the problem was looked at."""
    assert answer.headers["content-type"] == PROBLEM_JSON, answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == "urn:veta:problem:" + body["code"]
    assert {"title", "detail"} <= set(body)
    return answer.status_code, body["code"]


def all_error_classes() -> list[type[ProvenanceError]]:
    return [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, ProvenanceError)
    ]


def made(kind: type[ProvenanceError]) -> ProvenanceError:
    if kind is errors.OutcomeUnknownError:
        return errors.OutcomeUnknownError("some.code", "a message", transaction_id=b"\x01" * 32)
    return kind("some.code", "a message")


@pytest.mark.parametrize("kind", all_error_classes(), ids=lambda kind: kind.__name__)
def test_problem_table__every_error_class__has_a_row_of_its_own(
    kind: type[ProvenanceError],
) -> None:
    assert kind in STATUS_OF_CLASS
    assert status_of(made(kind)) == STATUS_OF_CLASS[kind]
    body = problem_body(made(kind))
    assert (body["status"], body["code"]) == (STATUS_OF_CLASS[kind], "some.code")


def test_problem_table__three_answers__have_three_statuses() -> None:
    no, cannot_tell, unknown = (
        status_of(made(kind))
        for kind in (
            errors.VerificationError,
            errors.LedgerUnavailableError,
            errors.OutcomeUnknownError,
        )
    )
    assert len({no, cannot_tell, unknown}) == 3
    assert cannot_tell == 503
    assert unknown == 202


def test_problem__of_the_nodes_own_files__keeps_the_sentence_for_the_log() -> None:
    for kind in (errors.StoreError, errors.KeyAccessError, errors.ConfigError):
        body = problem_body(kind("store.unavailable", "cannot open /home/veta/secret/store"))
        assert "/home" not in json.dumps(body)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "http.no_such_path")),
        ("GET", "/v1/verify/", (404, "http.no_such_path")),
        ("GET", "/docs", (404, "http.no_such_path")),
        ("GET", "/v1/verify", (405, "http.method_not_allowed")),
        ("DELETE", "/v1/statements", (405, "http.method_not_allowed")),
        ("TRACE", "/health", (405, "http.method_not_allowed")),
        ("BREW", "/health", (405, "http.method_not_allowed")),
        ("GET", "/v1/statements", (400, "http.malformed_request")),
        ("GET", "/v1/statements?subject=x&limit=101", (400, "http.malformed_request")),
        ("GET", "/v1/statements?subject=x&limit=NaN", (400, "http.malformed_request")),
        ("GET", "/v1/statements/zz", (400, "leaf.malformed")),
        ("GET", "/v1/statements/" + "AB" * 32, (400, "leaf.malformed")),
        ("GET", "/v1/statements/" + "ab" * 32, (404, "statement.not_found")),
        ("GET", "/v1/statements/" + "ab" * 32 + "/bundle", (404, "statement.not_found")),
        ("GET", "/v1/intents/7", (404, "intent.not_found")),
        ("GET", "/v1/intents/-1", (400, "http.malformed_request")),
        ("GET", "/v1/intents?state=lost", (400, "http.malformed_request")),
    ],
)
def test_request__that_is_refused__is_a_problem(
    client: Client, method: str, path: str, expected: tuple[int, str]
) -> None:
    answer = client.request(method, path, headers=BEARER)
    assert problem_of(answer) == expected
    if answer.status_code == 405:
        assert answer.headers["allow"]


def test_fault_of_the_node__is_500_without_its_message(world: ApiWorld) -> None:
    broken = BrokenLedger(world.ledger)
    broken.broken["head"] = raising(RuntimeError("password=hunter2 at /home/veta"))
    node = Node(trust=world.node.trust, ledger=broken, clock=world.clock)
    with world.client(node) as client:
        answer = client.get("/ready")
    assert problem_of(answer) == (500, "internal.fault")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_store_that_cannot_be_used__is_503_and_the_verdict_is_not_made(world: ApiWorld) -> None:
    leaf = world.anchored()
    world.store.close()
    (world.folder / "node.db").write_bytes(b"not a database" * 1_000)
    with world.client() as client:
        answer = client.post("/v1/verify", b'{"leaf":"%b"}' % leaf.hex().encode())
    status, code = problem_of(answer)
    assert status == 503
    assert code.startswith("store.")
    assert "node.db" not in answer.text


def test_no_answer_anywhere__repeats_the_token(world: ApiWorld, client: Client) -> None:
    leaf = world.anchored().hex()
    paths = ["/health", "/ready", "/v1/trust", f"/v1/statements/{leaf}", f"/label/{leaf}", "/no"]
    for path in paths:
        answer = client.get(path, headers=BEARER)
        assert TOKEN not in answer.text
        assert TOKEN not in str(answer.headers)
    assert TOKEN not in repr(client.post("/v1/anchors", headers=BEARER).text)


def test_ready__chain_stopped__503_with_the_alarm_and_alive_all_the_same(
    world: ApiWorld, client: Client
) -> None:
    assert client.get("/ready").json()["ready"] is True
    world.ledger.faults.down = True
    answer = client.get("/ready")
    assert answer.status_code == 503
    body = answer.json()
    assert (body["ready"], body["final"]) == (False, None)
    assert [alarm["code"] for alarm in body["alarms"]] == ["ledger.unavailable"]
    assert client.get("/health").status_code == 200


def test_trust__digest__is_the_sha256_of_the_trust_as_sent(client: Client) -> None:
    from hashlib import sha256

    answer = client.get("/v1/trust")
    raw = answer.content.split(b'"trust": ', 1)[1].removesuffix(b"}")
    assert answer.json()["digest"] == sha256(raw).hexdigest()
    assert answer.json()["trust"]["format"] == "veta-trust/1"
