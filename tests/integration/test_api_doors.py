"""Random octets at every door: always a problem, a page or a report, never a fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.api_world import BEARER, ApiWorld, Client, open_world
from veta.api.problems import PROBLEM_JSON

ALLOWED = {200, 201, 202, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 431, 503}
DOORS = [
    ("POST", "/v1/verify"),
    ("POST", "/v1/verify/batch"),
    ("POST", "/v1/statements"),
    ("POST", "/v1/anchors"),
    ("POST", "/v1/statements/{leaf}/revoke"),
    ("POST", "/v1/statements/{leaf}/supersede"),
    ("POST", "/v1/statements/{leaf}/reaffirm"),
    ("POST", "/v1/statements/{leaf}/dispute"),
]
NAMED = [
    "/v1/statements/{}",
    "/v1/statements/{}/bundle",
    "/v1/intents/{}",
    "/v1/intents?state={}",
    "/v1/statements?subject={}",
    "/v1/statements?subject=x&limit={}",
    "/lots?subject={}",
    "/lots?issuer={}&number=1",
    "/lots/{}/1",
    "/lots/did:web:x.example/{}",
    "/label/{}",
    "/{}",
]
TYPES = ["application/json", "application/vc+jwt", "application/x-ndjson", "text/html", ""]

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
NAMES = ("token", "leaf", "format", "root", "inclusion", "facts", "reason", "by_leaf", "issuer")


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Octets, JSON, and JSON with the members that the routes look for."""
    import json

    if draw(st.booleans()):
        return draw(st.binary(max_size=400))
    members = draw(st.dictionaries(st.sampled_from(NAMES), json_like, max_size=5))
    return json.dumps(members).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with open_world(Path(tmp_path_factory.mktemp("doors"))) as made:
        made.anchored()
        yield made


@pytest.fixture(scope="module")
def client(world: ApiWorld) -> Iterator[Client]:
    with world.client() as made:
        yield made


def require_decent(answer: httpx.Response) -> None:
    assert answer.status_code in ALLOWED, answer.text
    if answer.status_code >= 400 and "text/html" not in answer.headers["content-type"]:
        assert answer.headers["content-type"] == PROBLEM_JSON
        assert answer.json()["code"]
    assert "Traceback" not in answer.text


@pytest.mark.row("T61", "A58")
@pytest.mark.parametrize(("method", "path"), DOORS)
@settings(max_examples=60)
@given(body=bodies(), media_type=st.sampled_from(TYPES), told=st.booleans())
def test_body__random_octets__a_problem_or_a_report(
    client: Client, method: str, path: str, body: bytes, media_type: str, told: bool
) -> None:
    headers = (BEARER if told else {}) | {"Content-Type": media_type}
    answer = client.request(method, path.format(leaf="ab" * 32), content=body, headers=headers)
    require_decent(answer)
    assert client.get("/health").status_code == 200


@pytest.mark.row("T61")
@pytest.mark.parametrize("template", NAMED)
@settings(max_examples=40)
@given(name=st.binary(max_size=80), accept=st.binary(max_size=40))
def test_name__random_octets__a_problem_or_a_page(
    client: Client, template: str, name: bytes, accept: bytes
) -> None:
    path = template.format(quote_from_bytes(name, safe=""))
    shown = bytes(octet for octet in accept if 0x20 <= octet != 0x7F)
    answer = client.get(path, headers={**BEARER, "Accept": shown, "Accept-Language": shown})
    require_decent(answer)


@settings(max_examples=40)
@given(query=st.binary(max_size=100), header=st.binary(max_size=100))
def test_query_and_headers__random_octets__a_problem_or_a_report(
    client: Client, query: bytes, header: bytes
) -> None:
    value = bytes(octet for octet in header if 0x20 <= octet != 0x7F)
    headers = {
        "Authorization": value,
        "Idempotency-Key": value,
        "Content-Type": "application/json",
        "Content-Encoding": value,
    }
    path = "/v1/verify?relied_on_at=" + quote_from_bytes(query, safe="")
    require_decent(client.request("POST", path, content=b"{}", headers=headers))
    require_decent(client.request("POST", "/v1/statements", content=b"{}", headers=headers))
