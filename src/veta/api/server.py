"""Serving: uvicorn with bounds on every connection, and the outbox beside it."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from veta.api.app import create_app
from veta.api.bounds import MAX_HEAD_OCTETS
from veta.api.logs import LOGGER_NAME, log_unless_set_up
from veta.api.problems import PROBLEM_JSON, problem_body, problem_response
from veta.api.runner import OutboxRunner
from veta.config import ApiSettings
from veta.errors import ConfigError, InputError
from veta.services.node import Node

KEEP_ALIVE_S: Final = 5
STOP_WITHIN_S: Final = 10
STALLED_AFTER_S: Final = 30.0
"""A client that takes nothing of its answer for this long is cut off."""

_LOG: Final = logging.getLogger(LOGGER_NAME)


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, and a connection that sends no whole head in time is closed.

    uvicorn itself has a timeout only between two requests, so that one octet a minute would hold
    a connection for ever.
    """

    head_timeout_s: ClassVar[float] = 10.0
    most_connections: ClassVar[int] = 256
    stalled_after_s: ClassVar[float] = STALLED_AFTER_S
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._served = self.app
        self.app = self._serve_or_refuse

    async def _serve_or_refuse(self, scope: Any, receive: Any, send: Any) -> None:
        """Uvicorn's own limit answers in plain text; this one is a problem like any other."""
        if len(self.connections) > self.most_connections:
            busy = InputError("http.too_busy", "too many connections at a time")
            await problem_response(busy, {"Connection": "close"})(scope, receive, send)
            return
        await self._served(scope, receive, send)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection: its first head is awaited."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Octets: of a head, or of what follows it."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._head_timer is None and self.timeout_keep_alive_task is None:
            self._await_head()

    def pause_writing(self) -> None:
        """The client takes its answer slowly, or not at all."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self.stalled_after_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken some."""
        self._stop_stall_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._stop_waiting()
        self._stop_stall_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """A request that is no HTTP, or whose head is too large, gets a problem as well."""
        body = json.dumps(problem_body(InputError("http.malformed_request", msg))).encode()
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        try:
            head = self.conn.send(h11.Response(status_code=400, headers=headers)) or b""
            tail = self.conn.send(h11.Data(data=body)) or b""
            self.transport.write(head + tail + (self.conn.send(h11.EndOfMessage()) or b""))
        except h11.LocalProtocolError:
            pass  # an answer is under way already; closing is all that is left
        self.transport.close()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_timeout_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's server, whose ``run`` returns after a signal.

    uvicorn raises the signal again once it has stopped, which would end the process before what
    comes after ``run``: stopping the outbox, closing the store.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM; in a thread, on ``should_exit`` only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {each: signal.signal(each, self.handle_exit) for each in wanted}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def serve(
    node: Node, settings: ApiSettings, *, announce: Callable[[str], None] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; a node that writes steps its outbox meanwhile.

    Log lines go to standard error unless the caller sent them elsewhere (``logs.log_to``).

    Args:
        node: ready; the caller closes it afterwards.
        settings: where to listen, and the bounds.
        announce: called with the base address once connections are taken.

    Raises:
        ConfigError: ``api.cannot_listen``, or as ``create_app``.
    """
    log_unless_set_up()
    runner = OutboxRunner(node)
    server, listener, url = _prepare(node, settings, runner)
    if announce is not None:
        announce(url)
    runner.start()
    _LOG.info("serving", extra={"url": url})
    try:
        server.run(sockets=[listener])
    finally:
        runner.stop()
        listener.close()
        _LOG.info("stopped")


@contextmanager
def serving(node: Node, settings: ApiSettings) -> Iterator[str]:
    """Serve in the background of this process; gives the base address.

    Raises:
        ConfigError: as ``serve``.
    """
    runner = OutboxRunner(node)
    server, listener, url = _prepare(node, settings, runner)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="veta-http")
    thread.start()
    runner.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield url
    finally:
        server.should_exit = True
        thread.join()
        runner.stop()
        listener.close()


def _prepare(
    node: Node, settings: ApiSettings, runner: OutboxRunner
) -> tuple[Server, socket.socket, str]:
    app = create_app(node, settings, alarms=runner.alarms)
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    return Server(_config(app, settings)), listener, url


def _config(app: Any, settings: ApiSettings) -> uvicorn.Config:
    class Protocol(BoundedProtocol):
        head_timeout_s = settings.body_timeout_s
        most_connections = settings.max_connections

    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEAD_OCTETS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


def _listen(settings: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is;
    # left on, an answer of two writes waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(min(settings.max_connections, 1_024))
        listener.set_inheritable(False)
    except OSError as error:
        listener.close()
        raise ConfigError(
            "api.cannot_listen",
            f"cannot listen at {settings.host}:{settings.port}: {error.strerror or error}",
        ) from error
    return listener
