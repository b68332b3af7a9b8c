"""The embedded chain over loopback HTTP, so that several processes can use one.

The subset of JSON-RPC that ``EmbeddedRpc`` answers; for development and tests. It listens on
loopback only and has no access control: whoever reaches it may do what any account holder may.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

from veta.canonical.limits import FOREIGN
from veta.canonical.reader import scan
from veta.chain.embedded import EmbeddedChain
from veta.chain.embedded_rpc import INTERNAL, EmbeddedRpc
from veta.errors import InputError, StoreError

_LOOPBACK: Final = "127.0.0.1"
_MAX_BODY_OCTETS: Final = 1 << 20
_MAX_BATCH: Final = 100
_IDLE_TIMEOUT_S: Final = 60.0


class EmbeddedServer:
    """Serves an embedded chain on a loopback port until ``close``; the chain stays open."""

    def __init__(self, chain: EmbeddedChain, port: int = 0) -> None:
        rpc = EmbeddedRpc(chain)

        class Door(_Door):
            def answer(self, method: str, parameters: list[Any]) -> dict[str, Any]:
                return rpc.answer(method, parameters)

        self._server = _QuietServer((_LOOPBACK, port), Door)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_LOOPBACK}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._open: set[Any] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, to end it with the server."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Callers notice at once, not at their next time-out."""
        for request in tuple(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Callers that break off are no concern of the chain."""


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_TIMEOUT_S
    disable_nagle_algorithm = True

    def answer(self, method: str, parameters: list[Any]) -> dict[str, Any]:
        raise NotImplementedError

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY_OCTETS:
            self.close_connection = True
            self._reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "Content-Length"})
            return
        body = self.rfile.read(int(length))
        try:
            scan(body, FOREIGN)
            request = orjson.loads(body)
            many = request if isinstance(request, list) else [request]
            calls = [
                (each.get("id"), str(each["method"]), list(each.get("params", []))) for each in many
            ]
        except (InputError, orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
            calls = []
        if not 1 <= len(calls) <= _MAX_BATCH:
            self._reply(HTTPStatus.BAD_REQUEST, {"error": "not a JSON-RPC request"})
            return
        answers = [self._answered(*call) for call in calls]
        self._reply(HTTPStatus.OK, answers if isinstance(request, list) else answers[0])

    def _answered(self, request_id: Any, method: str, parameters: list[Any]) -> dict[str, Any]:
        try:
            answer = self.answer(method, parameters)
        except StoreError as error:
            answer = {"error": {"code": INTERNAL, "message": error.code}}
        return {"jsonrpc": "2.0", "id": request_id, **answer}

    def log_message(self, *_: object) -> None:
        """Requests are not logged."""

    def _reply(self, status: HTTPStatus, document: Any) -> None:
        body = orjson.dumps(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
