"""The description that is checked in is what the routes say, and what they answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import PROJECT
from tests.support.api_world import BEARER, ApiWorld, open_world
from veta.verify.verdict import Outcome, Verdict

DOCUMENT = PROJECT / "docs" / "openapi.json"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return read


def test_openapi__checked_in__is_what_the_routes_say() -> None:
    script = PROJECT / "scripts" / "make-openapi"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_openapi__every_operation__has_a_name_of_its_own_and_describes_its_refusals(
    document: dict[str, Any],
) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names)) >= 53
    for each in operations:
        assert each["description"]
        for status, response in each["responses"].items():
            if int(status) >= 400 and each["operationId"] != "getReadiness":
                assert list(response["content"]) == ["application/problem+json"], each
    writing = [each for each in operations if each.get("security") == [{"token": []}]]
    assert len(writing) == 42
    with_lineage = {"getBundle", "verifyStatement"}  # only `lineage` asks for the token
    asking = {each["operationId"] for each in operations if "401" in each["responses"]}
    assert asking - with_lineage == {each["operationId"] for each in writing}


def test_openapi__names_of_verdicts_and_outcomes__are_the_verifiers() -> None:
    from typing import get_args

    from veta.api.schemas import OutcomeName, VerdictName

    assert set(get_args(VerdictName)) == {each.value for each in Verdict}
    assert set(get_args(OutcomeName)) == {each.value for each in Outcome}


def test_answers__of_every_read_route__fit_their_schemas(
    world: ApiWorld, document: dict[str, Any]
) -> None:
    leaf = world.anchored().hex()
    subject = world.credential()["credentialSubject"]["id"]
    reads = {
        "/health": "/health",
        "/ready": "/ready",
        "/v1/trust": "/v1/trust",
        f"/v1/statements?subject={subject}": "/v1/statements",
        f"/v1/statements/{leaf}": "/v1/statements/{leaf}",
        "/v1/intents?state=done": "/v1/intents",
        "/v1/intents/1": "/v1/intents/{number}",
        "/v1/statements/zz": "/v1/statements/{leaf}",
    }
    with world.client() as client:
        for path, template in reads.items():
            answer = client.get(path, headers=BEARER)
            _require_fit(document, template, "get", answer)
        answer = client.post("/v1/verify", json.dumps({"leaf": leaf}).encode())
        _require_fit(document, "/v1/verify", "post", answer)


def _require_fit(document: dict[str, Any], template: str, method: str, answer: Any) -> None:
    response = document["paths"][template][method]["responses"][str(answer.status_code)]
    schema = response["content"][answer.headers["content-type"]]["schema"]
    whole = {**schema, "components": document["components"]}
    faults = list(Draft202012Validator(whole).iter_errors(answer.json()))
    assert not faults, (template, faults[:2])


def test_openapi__served__is_the_one_checked_in(world: ApiWorld, document: dict[str, Any]) -> None:
    with world.client() as client:
        assert client.get("/openapi.json").json() == document
