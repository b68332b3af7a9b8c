"""Verifying over HTTP: each verdict, batches, and a chain that fails at every single question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_api_problems import problem_of
from tests.support.api_world import (
    DAY,
    ApiWorld,
    BrokenLedger,
    Client,
    open_world,
    raising,
)
from tests.support.certified_lot import STRANGER, cathode_lot, issuance
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import StatusReason
from veta.model.identifiers import Leaf, UnixSeconds
from veta.services.node import Node
from veta.statement.instants import write_instant
from veta.statement.jws import sign_statement, unseal
from veta.statement.passport import build_passport
from veta.verify.transport import read_bundle, write_bundle

NDJSON = {"Content-Type": "application/x-ndjson"}
GOOD = {"VALID", "VALID_WITH_NOTICE"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        yield made


@pytest.fixture
def client(world: ApiWorld) -> Iterator[Client]:
    with world.client() as made:
        yield made


def by_leaf(leaf: Leaf) -> bytes:
    return b'{"leaf":"%b"}' % leaf.hex().encode()


def verdict_of(client: Client, body: bytes, **params: str) -> str:
    answer = client.post("/v1/verify", body, params=params)
    assert answer.status_code == 200, answer.text
    verdict: str = answer.json()["verdict"]
    assert answer.headers["veta-verdict"] == verdict
    return verdict


def test_verify__anchored_lot_by_leaf_by_bundle_and_after_download__valid(
    world: ApiWorld, client: Client
) -> None:
    leaf = world.anchored()
    downloaded = client.get(f"/v1/statements/{leaf.hex()}/bundle").content
    for body in (by_leaf(leaf), write_bundle(world.node.bundle(leaf)), downloaded):
        assert verdict_of(client, body) == "VALID"


def test_verify__token_alone__not_proven(world: ApiWorld, client: Client) -> None:
    token = world.node.bundle(world.anchored()).token
    assert verdict_of(client, json.dumps({"token": token.decode()}).encode()) == "NOT_PROVEN"
    answer = client.post("/v1/verify", token, headers={"Content-Type": "application/vc+jwt"})
    assert answer.json()["verdict"] == "NOT_PROVEN"


def test_verify__one_digit_changed__invalid_and_names_the_step(
    world: ApiWorld, client: Client
) -> None:
    leaf = world.anchored()
    bundle = world.node.bundle(leaf)
    honest = unseal(bundle.token)
    assert b'"co2eGPerKg":3031' in honest.payload
    credential = world.credential()
    credential["credentialSubject"]["characteristics"]["footprint"]["co2eGPerKg"] = 2031
    forged = sign_statement(credential, STRANGER).split(b".")[1]
    head, _, signature = bundle.token.split(b".")
    body = json.loads(write_bundle(bundle))
    body["token"] = b".".join((head, forged, signature)).decode()
    answer = client.post("/v1/verify", json.dumps(body).encode())
    assert (answer.status_code, answer.json()["verdict"]) == (200, "INVALID")
    assert answer.json()["failed_at"] == 2


def test_verify__facts_of_the_sender__are_not_believed(world: ApiWorld, client: Client) -> None:
    leaf = world.anchored()
    before = client.get(f"/v1/statements/{leaf.hex()}/bundle").content
    assert read_bundle(before, now_s=UnixSeconds(0))[1] is not None
    world.node.desk.status.revoke(leaf, reason=StatusReason.WITHDRAWN)
    world.settle()
    assert verdict_of(client, before) == "INVALID"


def test_verify__expired_superseded_revoked__each_its_own_verdict(
    world: ApiWorld, client: Client
) -> None:
    short = world.issue(1, valid_days=2)
    old = world.issue(2, name="old")
    new = world.issue(2, name="new")
    gone = world.issue(3)
    world.settle()
    world.node.desk.status.supersede(old, by_leaf=new)
    world.node.desk.status.revoke(gone, reason=StatusReason.ISSUED_IN_ERROR)
    world.settle()
    world.pass_time(3 * DAY)
    codes = {}
    for name, leaf in {"short": short, "old": old, "new": new, "gone": gone}.items():
        body = client.post("/v1/verify", by_leaf(leaf)).json()
        codes[name] = (body["verdict"], {c["code"] for c in body["checks"]})
    assert codes["short"][0] == "VALID_WITH_NOTICE"
    assert "validity.expired" in codes["short"][1]
    assert codes["old"][0] == "VALID_WITH_NOTICE"
    assert "status.superseded" in codes["old"][1]
    assert codes["new"][0] == "VALID"
    assert codes["gone"][0] == "INVALID"


def test_verify__relied_on_before_the_revocation__tells_of_it_and_the_future_is_refused(
    world: ApiWorld, client: Client
) -> None:
    leaf = world.anchored()
    then = write_instant(world.ledger.head().time_s)
    world.pass_time(DAY)
    world.node.desk.status.revoke(leaf, reason=StatusReason.WITHDRAWN)
    world.settle()
    assert verdict_of(client, by_leaf(leaf)) == "INVALID"
    assert verdict_of(client, by_leaf(leaf), relied_on_at=then) == "VALID_WITH_NOTICE"
    later = client.post(
        "/v1/verify", by_leaf(leaf), params={"relied_on_at": "2199-01-01T00:00:00Z"}
    )
    assert problem_of(later) == (400, "verify.relied_on_later")
    for text in ("yesterday", "1790000000", "2026-01-01"):
        answer = client.post("/v1/verify", by_leaf(leaf), params={"relied_on_at": text})
        assert problem_of(answer) == (400, "instant.malformed")


@pytest.mark.row("A48", "T75")
def test_verify__chain_stopped__indeterminate_is_a_finished_check_and_never_green(
    world: ApiWorld, client: Client
) -> None:
    leaf = world.anchored()
    assert verdict_of(client, by_leaf(leaf)) == "VALID"
    world.ledger.faults.down = True
    answer = client.post("/v1/verify", by_leaf(leaf))
    assert (answer.status_code, answer.json()["verdict"]) == (200, "INDETERMINATE")
    assert answer.json()["as_of"] is None


READS = (
    "identity",
    "final_head",
    "member_id",
    "member",
    "membership",
    "keys",
    "anchor",
    "status",
)


@pytest.mark.row("T75")
@pytest.mark.parametrize("method", READS)
def test_verify__ledger_fails_at_one_method__never_valid_and_never_a_no(
    world: ApiWorld, method: str
) -> None:
    leaf = world.anchored()
    broken = BrokenLedger(world.ledger)
    node = Node(
        trust=world.node.trust,
        ledger=broken,
        clock=world.clock,
        store=world.store,
    )
    with world.client(node) as client:
        assert verdict_of(client, by_leaf(leaf)) == "VALID"  # the fault alone makes the difference
        broken.broken[method] = raising(LedgerUnavailableError("ledger.unavailable", "no answer"))
        assert verdict_of(client, by_leaf(leaf)) == "INDETERMINATE"
        line = client.post("/v1/verify/batch", by_leaf(leaf), headers=NDJSON).json()
        assert line["report"]["verdict"] == "INDETERMINATE"
        page = client.get(f"/label/{leaf.hex()}")
        assert (page.status_code, page.headers["veta-verdict"]) == (200, "INDETERMINATE")
        broken.broken[method] = raising(RuntimeError("a fault of the adapter"))
        assert problem_of(client.post("/v1/verify", by_leaf(leaf))) == (500, "internal.fault")
        line = client.post("/v1/verify/batch", by_leaf(leaf), headers=NDJSON)
        assert not GOOD & set(line.text.split('"'))


@pytest.mark.row("T75")
@pytest.mark.parametrize("method", ["member_id", "member", "membership", "keys", "anchor"])
def test_verify__ledger_knows_nothing__never_valid(world: ApiWorld, method: str) -> None:
    leaf = world.anchored()
    broken = BrokenLedger(world.ledger)
    empty: object = () if method in {"membership", "keys"} else None
    broken.broken[method] = lambda *_, **__: empty
    node = Node(
        trust=world.node.trust,
        ledger=broken,
        clock=world.clock,
        store=world.store,
    )
    with world.client(node) as client:
        assert verdict_of(client, by_leaf(leaf)) not in GOOD


def test_batch__bad_items_between_good_ones__each_line_its_own_answer_in_order(
    world: ApiWorld, client: Client
) -> None:
    first, second = world.issue(1), world.issue(2)
    world.settle()
    stranger = sign_statement(build_passport(cathode_lot(9), issuance("x")), STRANGER)
    lines = [
        by_leaf(first),
        b"",
        b'{"leaf":1}',
        b'{"leaf":"a","leaf":"b"}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"leaf":"%b"}' % (b"00" * 32),
        json.dumps({"token": stranger.decode()}).encode(),
        b'{"token":"not a token"}',
        b'{"leaf":NaN}',
        write_bundle(world.node.bundle(second)),
    ]
    answer = client.post("/v1/verify/batch", b"\n".join(lines), headers=NDJSON)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["index"] for line in found] == list(range(len(lines)))
    told = [line.get("problem", line.get("report")) for line in found]
    assert [each.get("code", each.get("verdict")) for each in told] == [
        "VALID",
        "canonical.syntax",
        "http.malformed_request",
        "canonical.duplicate_key",
        "canonical.too_deep",
        "canonical.not_utf8",
        "statement.not_found",
        "INVALID",
        "INVALID",
        "canonical.not_a_number",
        "VALID",
    ]
    blocks = {json.dumps(line["report"]["as_of"]) for line in found if "report" in line}
    assert len(blocks) == 1  # all at one block


def test_batch__bounds__empty_and_1001_items_are_refused_and_1000_answered(
    world: ApiWorld, client: Client
) -> None:
    item = by_leaf(world.anchored())
    for empty in (b"", b"\n", b" \n \n"):
        answer = client.post("/v1/verify/batch", empty, headers=NDJSON)
        assert problem_of(answer) == (400, "batch.empty")
    thousand = b"\n".join([item] * 1_000)
    answer = client.post("/v1/verify/batch", thousand + b"\n", headers=NDJSON)
    assert len(answer.text.splitlines()) == 1_000
    answer = client.post("/v1/verify/batch", thousand + b"\n" + item, headers=NDJSON)
    assert problem_of(answer) == (400, "batch.too_many")


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "canonical.syntax")),
        (b"{}", (400, "http.malformed_request")),
        (b"[]", (400, "canonical.not_an_object")),
        (b"null", (400, "canonical.not_an_object")),
        (b'{"token":""}', (400, "http.malformed_request")),
        (b'{"token":null}', (400, "http.malformed_request")),
        (b'{"token":1}', (400, "http.malformed_request")),
        (b'{"token":"a","extra":1}', (400, "http.malformed_request")),
        ('{"token":"é"}'.encode(), (400, "http.malformed_request")),
        (b'{"leaf":"00"}', (400, "http.malformed_request")),
        (b'{"token":"a","token":"b"}', (400, "canonical.duplicate_key")),
        (b'{"token":NaN}', (400, "canonical.not_a_number")),
        (b'{"token":Infinity}', (400, "canonical.not_a_number")),
        (b'{"token":1e999}', (400, "canonical.exponent")),
        (b'{"token":123456789012345678901234567890}', (400, "canonical.integer_range")),
        (b'{"token":"\\ud800"}', (400, "canonical.lone_surrogate")),
        (b'\xef\xbb\xbf{"token":"a"}', (400, "canonical.byte_order_mark")),
        (b'{"token":"\xc3\x28"}', (400, "canonical.not_utf8")),
        (b'{"format":"veta-bundle/2"}', (400, "bundle.malformed")),
        (b'{"format":"veta-bundle/1"}', (400, "bundle.malformed")),
        (b"[" * 1_000_000, (400, "canonical.too_deep")),
        (b'{"a":' * 150_000, (400, "canonical.too_deep")),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, bytes) else "",
)
def test_verify__malformed_body__stable_code(
    client: Client, body: bytes, expected: tuple[int, str]
) -> None:
    assert problem_of(client.post("/v1/verify", body)) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Encoding": "gzip"},
    ],
)
def test_verify__other_media_type__415(client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/v1/verify", b'{"token":"a"}', headers=headers)
    assert problem_of(answer)[0] == 415


def test_statement__handed_out__payload_octets_are_those_that_were_signed(
    world: ApiWorld, client: Client
) -> None:
    leaf = world.anchored()
    answer = client.get(f"/v1/statements/{leaf.hex()}")
    payload = world.node.statement(leaf).record.payload
    assert answer.content.endswith(payload + b"}")
    assert answer.json()["state"] == "anchored"
    found = client.get("/v1/statements", params={"subject": answer.json()["subject"]}).json()
    assert [each["leaf"] for each in found["statements"]] == [leaf.hex()]
