"""What every request has to keep to, before anything parses it: size, time, faults, one log line.

Pure ASGI, because the body must be counted while it streams: its declared length may lie.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veta.api.logs import LOGGER_NAME
from veta.api.problems import problem_response, unexpected
from veta.errors import InputError, ProvenanceError

LINGER_S: Final = 1.0
"""How long a refused body is still taken and dropped, so that its sender reads the refusal."""

MAX_HEAD_OCTETS: Final = 16 << 10
"""Path, query and headers together."""
LINGER_OCTETS: Final = 64 << 20

_LOG: Final = logging.getLogger(LOGGER_NAME)

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class BodyBounds:
    """Takes the whole body, at most so many octets in so many seconds, then calls the app.

    Args:
        app: what answers.
        max_octets: largest body; 413 beyond (431 for a head beyond ``MAX_HEAD_OCTETS``).
        timeout_s: longest time for a whole body; 408 beyond.
    """

    def __init__(self, app: ASGIApp, *, max_octets: int, timeout_s: float) -> None:
        self._app = app
        self._max_octets = max_octets
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_head(scope)
            async with asyncio.timeout(self._timeout_s):
                body = await self._take(scope, receive)
        except TimeoutError:
            error = InputError(
                "http.body_timeout", f"the body did not arrive within {self._timeout_s:g} s"
            )
            await _refuse(error, receive, send, linger_s=0.0)
            return
        except InputError as error:
            await _refuse(error, receive, send, linger_s=LINGER_S)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _take(self, scope: Scope, receive: Receive) -> bytes | None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self._max_octets:
            raise self._too_large()
        chunks: list[bytes] = []
        taken = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            taken += len(chunk)
            if taken > self._max_octets:
                raise self._too_large()
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _too_large(self) -> InputError:
        return InputError("http.body_too_large", f"at most {self._max_octets} octets are read")


def _check_head(scope: Scope) -> None:
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEAD_OCTETS:
        raise InputError("http.head_too_large", f"a head has at most {MAX_HEAD_OCTETS} octets")


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def _refuse(error: ProvenanceError, receive: Receive, send: Send, *, linger_s: float) -> None:
    """Answer and close. What still arrives is dropped for a moment: a connection that is closed
    with octets unread is reset, and a reset makes the client lose the answer.
    """
    response = problem_response(error, {"Connection": "close"})
    headers = response.raw_headers
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    try:
        async with asyncio.timeout(linger_s):
            await _drop(receive, LINGER_OCTETS if linger_s else 0)
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drop(receive: Receive, most_octets: int) -> None:
    while most_octets > 0:
        message = await receive()
        most_octets -= len(message.get("body", b"")) + 1
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


class LastResort:
    """Outermost: a fault of the node becomes a problem, and every request one log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *SECURITY_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:  # noqa: BLE001 - the top of this face: a fault must not leave it
            _LOG.exception("request.fault", extra={"path": scope["path"]})
            if not status:
                await problem_response(unexpected())(scope, receive, watched)
        finally:
            _log_request(scope, status, time.perf_counter() - started_s)


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    _LOG.info(
        "request",
        extra={
            "method": scope["method"][:20],
            "path": scope["path"][:300],
            "status": status,
            "took_us": round(seconds * 1_000_000),
        },
    )
