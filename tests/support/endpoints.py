"""Endpoints that misbehave: real TCP servers on loopback, and a proxy that lies a little."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

Serve = Callable[[socket.socket, threading.Event], None]
Rewrite = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


@contextmanager
def tcp_server(serve: Serve) -> Iterator[str]:
    """Run ``serve`` on each connection, in a thread of its own; gives the URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()
    threads: list[threading.Thread] = []

    connections: list[socket.socket] = []

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection, stop)

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            connection.settimeout(5)
            connections.append(connection)
            thread = threading.Thread(target=handle, args=(connection,), daemon=True)
            thread.start()
            threads.append(thread)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        acceptor.join()
        listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(timeout=5)


def read_request(connection: socket.socket) -> dict[str, Any] | None:
    """One HTTP request's JSON body; ``None`` at the end of the connection."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65_536)
        if not piece:
            return None
        head += piece
    head, body = head.split(b"\r\n\r\n", 1)
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    request: dict[str, Any] = json.loads(body)
    return request


def http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    """An HTTP answer."""
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    ).encode() + body


def answering(make: Callable[[dict[str, Any]], bytes], *, close: bool = False) -> Serve:
    """Answers each request with the octets that ``make`` returns."""

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        while not stop.is_set():
            request = read_request(connection)
            if request is None:
                return
            connection.sendall(make(request))
            if close:
                return

    return serve


def result_of(request: dict[str, Any], result: Any) -> bytes:
    """A proper JSON-RPC answer."""
    return http(orjson.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}))


def black_hole(connection: socket.socket, stop: threading.Event) -> None:
    """Takes everything and never answers."""
    read_request(connection)
    stop.wait(10)


def slow_drip(connection: socket.socket, stop: threading.Event) -> None:
    """One octet of a proper answer at a time, without an end."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not stop.wait(0.02):
        connection.sendall(b" ")


def slow_header(connection: socket.socket, stop: threading.Event) -> None:
    """A header line that grows for ever, one octet at a time."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not stop.wait(0.02):
        connection.sendall(b"x")


def endless(connection: socket.socket, stop: threading.Event) -> None:
    """200 MB of a JSON string, as fast as they are taken."""
    read_request(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n{"result":"')
    piece = b"a" * 1_000_000
    for _ in range(200):
        if stop.is_set():
            return
        connection.sendall(piece)


def hang_up(connection: socket.socket, stop: threading.Event) -> None:
    """Reads the request and closes."""
    read_request(connection)


def proxy(
    backend: Callable[[str, list[Any]], dict[str, Any]], rewrite: Rewrite, delay_s: float = 0.0
) -> Serve:
    """Hands requests to a working chain and rewrites its answers."""

    def make(request: Any) -> bytes:
        if delay_s:
            threading.Event().wait(delay_s)
        many = request if isinstance(request, list) else [request]
        answers = []
        for each in many:
            answer = backend(each["method"], each["params"])
            answers.append(rewrite(each, {"jsonrpc": "2.0", "id": each["id"], **answer}))
        return http(orjson.dumps(answers if isinstance(request, list) else answers[0]))

    return answering(make)
