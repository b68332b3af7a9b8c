"""An HTTP proxy before a JSON-RPC endpoint, in a process of its own, that fails in many ways.

``serve`` runs for ever; ``FaultControl`` speaks to it. Faults strike a share of the requests:
connections that are refused or reset, answers lost after the request took effect, garbage, status
500 and silence. Which one strikes, and whether the request went through, the caller cannot tell.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from tests.support.endpoints import http as http_answer
from tests.support.endpoints import read_request, result_of

FAULTS: Final = ("refused", "reset", "lost", "garbage", "status", "silent")
SILENCE_S: Final = 0.4
_CLOSED_S: Final = 0.02
_CONTROL: Final = "test_"
_GARBAGE: Final = (
    b"",
    b"\x00\xff" * 20,
    b'{"jsonrpc":"2.0","id":',
    b"<html>Bad gateway</html>",
    b"[]",
)


class FaultProxy:
    """See the module.

    Args:
        upstream: URL of the working endpoint.
        share: of the requests that a fault strikes.
        seed: of the draws.
    """

    def __init__(self, upstream: str, *, share: float, seed: int) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._share = share
        self._random = Random(seed)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._refuse = threading.Event()

    def serve(self, port_file: Path) -> None:
        """Listen for ever; the port is written into a file."""
        port = 0
        while True:
            with socket.create_server(("127.0.0.1", port)) as listener:
                listener.settimeout(0.01)
                if not port:
                    port = listener.getsockname()[1]
                    port_file.with_suffix(".new").write_text(str(port))
                    port_file.with_suffix(".new").rename(port_file)
                while not self._refuse.is_set():
                    with suppress(TimeoutError):
                        connection, _ = listener.accept()
                        threading.Thread(target=self._talk, args=(connection,), daemon=True).start()
            # Nobody listens now: whoever connects is refused by the kernel.
            time.sleep(_CLOSED_S)
            self._refuse.clear()

    def _draw(self) -> str | None:
        with self._lock:
            self._counts["calls"] += 1
            if self._random.random() >= self._share:
                return None
            fault = self._random.choice(FAULTS)
            self._counts[fault] += 1
            return fault

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        upstream = http.client.HTTPConnection(self._upstream, timeout=5)
        with connection, suppress(OSError, http.client.HTTPException):
            while (request := read_request(connection)) is not None:
                if "method" in request and str(request["method"]).startswith(_CONTROL):
                    connection.sendall(result_of(request, self._control(request)))
                    continue
                fault = self._draw()
                if fault in {"refused", "reset"}:
                    if fault == "refused":
                        self._refuse.set()
                    _reset(connection)
                    return
                if fault == "status" and self._random.random() < 0.5:
                    connection.sendall(http_answer(b"busy", "500 Internal Server Error"))
                    continue
                answer = _forward(upstream, request)
                if fault == "lost":
                    _reset(connection)
                    return
                if fault == "silent":
                    time.sleep(SILENCE_S)
                    return
                if fault == "status":
                    answer = http_answer(answer, "500 Internal Server Error")
                elif fault == "garbage":
                    answer = http_answer(self._random.choice(_GARBAGE))
                else:
                    answer = http_answer(answer)
                connection.sendall(answer)
        upstream.close()

    def _control(self, request: dict[str, Any]) -> Any:
        with self._lock:
            if request["method"] == "test_share":
                self._share = request["params"][0]
                self._counts.clear()
                return True
            return dict(self._counts)


def _forward(upstream: http.client.HTTPConnection, request: dict[str, Any]) -> bytes:
    headers = {"Content-Type": "application/json"}
    upstream.request("POST", "/", orjson.dumps(request), headers)
    return upstream.getresponse().read()


def _reset(connection: socket.socket) -> None:
    """End it the hard way: the other side sees a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class FaultControl:
    """Speaks to a proxy, past its faults."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url).netloc

    def share(self, share: float) -> None:
        """From now on, faults strike this share; counts begin anew."""
        self._ask("test_share", share)

    def counts(self) -> dict[str, int]:
        """Requests, and faults by kind."""
        counts: dict[str, int] = self._ask("test_counts")
        return counts

    def _ask(self, method: str, *params: object) -> Any:
        for _ in range(100):
            connection = http.client.HTTPConnection(self._place, timeout=5)
            try:
                body = json.dumps({"id": 1, "method": method, "params": params})
                connection.request("POST", "/", body)
                return json.loads(connection.getresponse().read())["result"]
            except (OSError, http.client.HTTPException):
                time.sleep(_CLOSED_S)
            finally:
                connection.close()
        raise AssertionError("the proxy does not answer")
