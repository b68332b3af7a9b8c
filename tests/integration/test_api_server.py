"""A real server on loopback against bodies and connections that mean it ill."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState

from tests.conftest import PROJECT
from tests.integration.test_api_problems import problem_of
from tests.support.api_world import (
    BEARER,
    JSON_TYPE,
    ApiWorld,
    BrokenLedger,
    Client,
    open_world,
)
from veta.api.app import create_app
from veta.api.bounds import MAX_HEAD_OCTETS
from veta.api.runner import OutboxRunner
from veta.api.server import BoundedProtocol, _listen, serving
from veta.errors import ConfigError, StoreError
from veta.services.node import Node
from veta.services.outbox import OutboxReport
from veta.services.planning import Alarm

MEBIBYTE = 1 << 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        made.settings = replace(made.settings, body_timeout_s=1.0)
        yield made


@pytest.fixture
def client(world: ApiWorld) -> Iterator[Client]:
    with world.client() as made:
        yield made


@pytest.fixture
def url(world: ApiWorld) -> Iterator[str]:
    with serving(world.node, world.settings) as address:
        yield address


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def answer_of(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    chunks = []
    try:
        while chunk := connection.recv(65_536):
            chunks.append(chunk)
    except ConnectionResetError:
        pass
    return b"".join(chunks)


def memory_kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise AssertionError(name)


def post_head(path: str, *more: str, length: int | None = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: node", "Content-Type: application/json", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_serving__outbox_beside_it__issued_over_http_becomes_anchored(
    world: ApiWorld, url: str
) -> None:
    with httpx.Client(base_url=url, trust_env=False) as web:
        leaf = web.post("/v1/statements", content=world.body(), headers=BEARER | JSON_TYPE).json()[
            "leaf"
        ]
        assert web.post("/v1/anchors", headers=BEARER).status_code == 202
        deadline_s = time.monotonic() + 20
        while web.get(f"/v1/statements/{leaf}").json()["state"] != "anchored":
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        world.clock.wall_s = world.ledger.head().time_s
        report = web.post("/v1/verify", json={"leaf": leaf}).json()
        assert report["verdict"] == "VALID"
        assert "server" not in web.get("/health").headers


@pytest.mark.row("T61")
@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux to measure peak memory"
)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_body__200_mb__413_without_taking_it_into_memory(url: str, declared: bool) -> None:
    total, chunk = 200 * MEBIBYTE, bytes(64 * 1024)
    head = post_head("/v1/verify", length=total)
    if not declared:
        head = post_head("/v1/verify", "Transfer-Encoding: chunked")
        chunk = b"10000\r\n" + chunk + b"\r\n"
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before_kib = memory_kib("VmRSS")
    with connect(url) as connection:
        connection.sendall(head)
        sent = 0
        try:
            while sent < total:
                connection.sendall(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = answer_of(connection)
    grown_kib = memory_kib("VmHWM") - before_kib
    assert grown_kib < 16 * 1024, grown_kib
    if answer:  # a client that sends on regardless may lose it; one that listens does not
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"http.body_too_large" in answer
    assert httpx.get(url + "/health", trust_env=False).status_code == 200


@pytest.mark.row("T61")
def test_body__one_octet_too_many__client_that_listens_reads_the_413(
    world: ApiWorld, url: str
) -> None:
    most = world.settings.max_body_octets
    for more in (0, 1, 300_000):
        answer = httpx.post(
            url + "/v1/verify", content=b" " * (most + more), headers=JSON_TYPE, trust_env=False
        )
        expected = (413, "http.body_too_large") if more else (413, "canonical.too_large")
        if not more:
            expected = (400, "canonical.syntax")
        assert problem_of(answer) == expected


@pytest.mark.row("T61")
def test_body__declared_length_lies__counted_as_it_streams(client: Client) -> None:
    taken = 0

    async def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(64 * 1024)

    answer = client.request(
        "POST",
        "/v1/verify",
        content=endless(),
        headers=JSON_TYPE | {"Content-Length": "10"},
    )
    assert problem_of(answer) == (413, "http.body_too_large")
    assert taken * 64 * 1024 < 100 * MEBIBYTE


@pytest.mark.row("T61")
def test_body__dripped__408_in_time_and_others_are_served_meanwhile(
    world: ApiWorld, url: str
) -> None:
    started_s = time.monotonic()
    with connect(url) as connection:
        connection.sendall(post_head("/v1/verify", length=1_000))
        stop = threading.Event()

        def drip() -> None:
            try:
                while not stop.wait(0.05):
                    connection.sendall(b" ")
            except OSError:
                pass

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            for _ in range(5):
                assert httpx.get(url + "/health", trust_env=False).status_code == 200
            answer = answer_of(connection)
        finally:
            stop.set()
            dripping.join()
    took_s = time.monotonic() - started_s
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"http.body_timeout" in answer
    assert world.settings.body_timeout_s <= took_s < world.settings.body_timeout_s + 3


@pytest.mark.row("T61")
@pytest.mark.parametrize("start", [b"", b"G", b"GET /health HTTP/1.1\r\nX-Slow: "])
def test_head__dripped_or_never_sent__connection_is_closed(url: str, start: bytes) -> None:
    started_s = time.monotonic()
    with connect(url) as connection:
        connection.sendall(start)
        answer = answer_of(connection)
    assert time.monotonic() - started_s < 4
    assert not answer.startswith(b"HTTP/1.1 200")


@pytest.mark.row("T61")
def test_head__second_request_on_a_kept_connection_dripped__closed_as_well(url: str) -> None:
    started_s = time.monotonic()
    with connect(url) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: node\r\n\r\nGET /health HT")
        answer = answer_of(connection)
    assert answer.startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started_s < 9


@pytest.mark.row("T61")
@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\nHost: node\r\nX-Bomb: " + b"a" * (4 * MAX_HEAD_OCTETS),
        b"GET /health HTTP/1.1\r\nHost: node\r\n" + b"X: y\r\n" * 20_000,
        b"GET /%b HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n" % (b"a" * 4 * MAX_HEAD_OCTETS),
    ],
    ids=["one long header", "many headers", "long path"],
)
def test_head__bomb__refused_and_the_server_lives(url: str, head: bytes) -> None:
    with connect(url) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head)
        answer = answer_of(connection)
    assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert httpx.get(url + "/health", trust_env=False).status_code == 200


@pytest.mark.row("T61")
@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nHost: n\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nHost: n\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nHost: n\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nHost: n\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=lambda value: repr(value)[2:22],
)
def test_connection__that_speaks_no_http__refused_and_the_server_lives(
    url: str, octets: bytes
) -> None:
    with connect(url) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        answer = answer_of(connection)
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5")) or b" 501 " in answer[:20]
    assert httpx.get(url + "/health", trust_env=False).status_code == 200


def test_concurrency__more_connections_than_allowed__503_and_soon_served_again(
    world: ApiWorld,
) -> None:
    with serving(world.node, replace(world.settings, max_connections=4)) as url:
        with ExitStack() as held:
            for _ in range(6):
                held.enter_context(connect(url))
            time.sleep(0.2)
            answer = httpx.get(url + "/health", trust_env=False)
            assert problem_of(answer) == (503, "http.too_busy")
        time.sleep(0.2)
        assert httpx.get(url + "/health", trust_env=False).status_code == 200


@pytest.mark.row("T61")
def test_reader__that_takes_nothing_of_its_answer__is_cut_off(world: ApiWorld) -> None:
    class Impatient(BoundedProtocol):
        stalled_after_s = 0.3

    class Transport:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    async def stall() -> bool:
        config = uvicorn.Config(create_app(world.node, world.settings), log_config=None)
        protocol = Impatient(config, ServerState(), {}, asyncio.get_running_loop())
        transport = Transport()
        protocol.transport = transport  # type: ignore[assignment]
        protocol.flow = FlowControl(transport)  # type: ignore[arg-type]
        protocol.pause_writing()
        protocol.resume_writing()
        await asyncio.sleep(0.5)
        assert not transport.aborted  # it went on taking
        protocol.pause_writing()
        await asyncio.sleep(0.5)
        return transport.aborted

    assert asyncio.run(stall())


def test_health__every_worker_waits_for_a_chain_that_hangs__still_answers(
    world: ApiWorld,
) -> None:
    leaf = world.anchored().hex()
    hung, go_on = BrokenLedger(world.ledger), threading.Event()
    hung.broken["identity"] = lambda: go_on.wait(5) and world.ledger.identity()
    node = Node(trust=world.node.trust, ledger=hung, clock=world.clock, store=world.store)
    with world.client(node) as client:
        web = client.asynchronous
        body = b'{"leaf":"%b"}' % leaf.encode()

        async def scene() -> tuple[int, list[int]]:
            asked = [
                asyncio.ensure_future(web.post("/v1/verify", content=body, headers=JSON_TYPE))
                for _ in range(50)
            ]
            await asyncio.sleep(0.3)
            health = await asyncio.wait_for(web.get("/health"), 1)
            go_on.set()
            return health.status_code, [each.status_code for each in await asyncio.gather(*asked)]

        assert client.run(scene()) == (200, [200] * 50)


SERVED = """
import pathlib, sys
from tests.support.api_world import make_world
from veta.api.server import serve
world = make_world(pathlib.Path(sys.argv[1]))
serve(world.node, world.settings, announce=lambda url: print(url, flush=True))
world.store.close()
print("closed", flush=True)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_serve__signal__stops_in_order_and_returns(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-c", SERVED, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(url + "/ready", trust_env=False).status_code == 200
        process.send_signal(signal.Signals[name])
        told, logged = process.communicate(timeout=20)
    assert (process.returncode, told) == (0, "closed\n")
    events = [json.loads(line)["event"] for line in logged.splitlines()]
    assert events == ["serving", "request", "stopped"]


@pytest.mark.row("T48")
def test_issue__equal_posts_at_once_over_sockets__one_row(world: ApiWorld, url: str) -> None:
    body, answers = world.body(), []
    headers = BEARER | JSON_TYPE | {"Idempotency-Key": "once"}

    def post() -> None:
        answers.append(
            httpx.post(url + "/v1/statements", content=body, headers=headers, trust_env=False)
        )

    threads = [threading.Thread(target=post) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    with world.store.read() as work:
        assert sum(work.count_statements().values()) == 1


def test_outbox__step_that_fails__is_an_alarm_in_ready_and_goes_on(
    world: ApiWorld, url: str
) -> None:
    world.issue()
    world.node.desk.anchorer.anchor()
    world.ledger.faults.down = True

    def codes() -> list[str]:
        alarms = httpx.get(url + "/ready", trust_env=False).json()["alarms"]
        return [alarm["code"] for alarm in alarms]

    deadline_s = time.monotonic() + 10
    while "ledger.unavailable" not in codes():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreError("store.disk_full", "no room"), "store.disk_full"),
        (RuntimeError("password=hunter2"), "outbox.fault"),
    ],
)
def test_outbox__step_that_raises__is_an_alarm_and_the_next_step_clears_it(
    error: Exception, code: str
) -> None:
    class FailsOnce:
        writes = True
        steps = 0

        def step(self) -> OutboxReport:
            self.steps += 1
            if self.steps == 1:
                raise error
            return OutboxReport()

    runner = OutboxRunner(FailsOnce())  # type: ignore[arg-type]
    assert runner.step() is False
    assert [alarm.code for alarm in runner.alarms()] == [code]
    assert "hunter2" not in runner.alarms()[0].message
    assert runner.step() is True
    assert runner.alarms() == ()


def test_alarms__of_the_caller__are_shown_once(world: ApiWorld, client: Client) -> None:
    world.alarms += [Alarm("outbox.fee_limit", "too dear")] * 2
    alarms = client.get("/ready").json()["alarms"]
    assert alarms == [{"code": "outbox.fee_limit", "message": "too dear"}]


def test_serving__port_taken__config_error(world: ApiWorld, url: str) -> None:
    port = int(url.rsplit(":", 1)[1])
    with (
        pytest.raises(ConfigError) as caught,
        serving(world.node, replace(world.settings, port=port)),
    ):
        pass
    assert caught.value.code == "api.cannot_listen"


def test_listener__names_its_protocol__so_that_asyncio_switches_nagle_off(
    world: ApiWorld,
) -> None:
    with _listen(world.settings) as listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert listener.getsockname()[0] == "127.0.0.1"
