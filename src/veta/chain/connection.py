"""One HTTP/1.1 connection to a JSON-RPC endpoint, with a deadline over each whole exchange."""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from veta.canonical.limits import Limits
from veta.canonical.reader import scan
from veta.errors import ConfigError, InputError, LedgerUnavailableError
from veta.ports.clock import Clock

NOT_SENT: Final = frozenset({"ledger.refused"})
"""Codes of failures in which certainly nothing reached the endpoint."""
_MAX_DEPTH: Final = 64
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """Bounds of one exchange.

    Attributes:
        connect_timeout_s: to make a connection.
        read_timeout_s: between two pieces of an answer.
        total_timeout_s: from the request to the answer's last octet.
        max_response_octets: of an answer's body.
    """

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    total_timeout_s: float = 20.0
    max_response_octets: int = 16 << 20


class Connection:
    """A connection that stays open as long as the endpoint lets it.

    Raises:
        LedgerUnavailableError: ``ledger.refused`` when no connection can be made.
    """

    def __init__(self, url: str, limits: EndpointLimits, clock: Clock) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("config.wrong_url", f"{parts.scheme}:... is no HTTP address")
        self._limits = limits
        self._clock = clock
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        default = 443 if parts.scheme == "https" else 80
        self._host, self._port = parts.hostname, parts.port or default
        self.place = f"{self._host}:{self._port}"
        self._socket = self._connect(secure=parts.scheme == "https")
        self.stays_open = True

    def is_usable(self) -> bool:
        """Whether an idle connection was neither closed nor spoken to from the other side."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return not readable

    def exchange(self, body: bytes) -> Any:
        """Send a request and parse its answer.

        Raises:
            LedgerUnavailableError: ``ledger.timeout``, ``ledger.dropped``, ``ledger.garbage``,
                ``ledger.too_large``, ``ledger.too_deep``, ``ledger.http_status``,
                ``ledger.rate_limited``.
        """
        deadline_s = self._clock.monotonic_s() + self._limits.total_timeout_s
        timed = _TimedSocket(self._socket, deadline_s, self._limits.read_timeout_s, self._clock)
        exchange = http.client.HTTPConnection(self._host, self._port)
        exchange.sock = timed
        try:
            exchange.request(
                "POST", self._path, body, {"Content-Type": "application/json", "User-Agent": "veta"}
            )
            response = exchange.getresponse()
            content = self._read(response)
        except TimeoutError as error:
            raise self._failure("timeout", "did not answer in time") from error
        except http.client.HTTPException as error:
            code = "dropped" if isinstance(error, http.client.RemoteDisconnected) else "garbage"
            raise self._failure(code, "broke off, or does not speak HTTP") from error
        except (OSError, ValueError) as error:
            raise self._failure("dropped", "broke the connection off") from error
        self.stays_open = not response.will_close
        self._require_status(response.status)
        return self._parse(content)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _connect(self, *, secure: bool) -> socket.socket:
        try:
            plain = socket.create_connection(
                (self._host, self._port), self._limits.connect_timeout_s
            )
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not secure:
                return plain
            try:
                return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
            except BaseException:
                plain.close()
                raise
        except (OSError, UnicodeError) as error:
            raise self._failure("refused", "cannot be connected to") from error

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        pieces, size = [], 0
        while True:
            piece = response.read1(_CHUNK)
            if not piece:
                break
            size += len(piece)
            if size > self._limits.max_response_octets:
                raise self._failure(
                    "too_large", f"answers with more than {self._limits.max_response_octets} octets"
                )
            pieces.append(piece)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(pieces)

    def _require_status(self, status: int) -> None:
        if status == http.HTTPStatus.TOO_MANY_REQUESTS:
            raise self._failure("rate_limited", "asks for fewer requests")
        if status != http.HTTPStatus.OK:
            raise self._failure("http_status", f"answers with HTTP status {status}")

    def _parse(self, content: bytes) -> Any:
        limits = Limits(
            max_octets=self._limits.max_response_octets,
            max_depth=_MAX_DEPTH,
            max_nodes=self._limits.max_response_octets,
        )
        try:
            scan(content, limits)
            return orjson.loads(content)
        except InputError as error:
            deep = error.code == "canonical.too_deep"
            raise self._failure(
                "too_deep" if deep else "garbage", f"answers with bad JSON: {error.code}"
            ) from error
        except orjson.JSONDecodeError as error:
            raise self._failure("garbage", "answers with something that is not JSON") from error

    def _failure(self, code: str, words: str) -> LedgerUnavailableError:
        return LedgerUnavailableError(f"ledger.{code}", f"the endpoint {self.place} {words}")


class _TimedSocket:
    """A socket whose every operation ends by one deadline, however the octets drip."""

    def __init__(
        self, connected: socket.socket, deadline_s: float, step_s: float, clock: Clock
    ) -> None:
        self._socket = connected
        self._deadline_s = deadline_s
        self._step_s = step_s
        self._clock = clock

    def sendall(self, data: bytes) -> None:
        """Send, within what is left of the time."""
        self._socket.settimeout(self.left_s())
        self._socket.sendall(data)

    def makefile(self, mode: str, *_: object) -> io.BufferedReader:
        """The reading side."""
        assert mode == "rb"
        return io.BufferedReader(_TimedReader(self, self._socket))

    def close(self) -> None:
        """The connection closes its socket itself."""

    def left_s(self) -> float:
        """Time for the next step.

        Raises:
            TimeoutError: none is left.
        """
        left = self._deadline_s - self._clock.monotonic_s()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        return min(left, self._step_s)


class _TimedReader(io.RawIOBase):
    def __init__(self, timed: _TimedSocket, connected: socket.socket) -> None:
        self._timed = timed
        self._socket = connected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._timed.left_s())
        return self._socket.recv_into(buffer)
