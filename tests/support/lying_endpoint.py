"""An endpoint before a real validator that lies in one way, and tells the truth in all others."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import coincurve

from tests.support.clique_blocks import resealed
from tests.support.endpoints import proxy, tcp_server

Question = tuple[str, list[Any]]
Lie = Callable[[str, list[Any], Callable[[str, list[Any]], Any]], dict[str, Any] | None]
"""(method, parameters, ask the truth) to an answer's body; ``None``: the truth."""

OUTSIDER: Final = coincurve.PrivateKey(b"\7" * 32)


def _is_head(method: str, params: list[Any]) -> bool:
    return method == "eth_getBlockByNumber" and params[0] == "latest"


def block_on_top(method: str, params: list[Any], ask: Callable[..., Any]) -> dict[str, Any] | None:
    """A next block, made up."""
    if not _is_head(method, params):
        return None
    head = ask(method, params)
    made_up = {"number": hex(int(head["number"], 16) + 1), "parentHash": head["hash"]}
    return {"result": {**head, **made_up, "hash": "0x" + "ab" * 32}}


def later_time(method: str, params: list[Any], ask: Callable[..., Any]) -> dict[str, Any] | None:
    """The true head, an hour younger than it is."""
    if not _is_head(method, params):
        return None
    head = ask(method, params)
    return {"result": {**head, "timestamp": hex(int(head["timestamp"], 16) + 3_600)}}


def outsiders_block(
    method: str, params: list[Any], ask: Callable[..., Any]
) -> dict[str, Any] | None:
    """A next block that is right in every way but who sealed it."""
    if not _is_head(method, params):
        return None
    head = ask(method, params)
    number = hex(int(head["number"], 16) + 1)
    return {"result": resealed(head, OUTSIDER, number=number, parentHash=head["hash"])}


def other_chain(method: str, _: list[Any], __: Callable[..., Any]) -> dict[str, Any] | None:
    """Another chain id."""
    return {"result": "0x539"} if method == "eth_chainId" else None


def other_code(method: str, _: list[Any], __: Callable[..., Any]) -> dict[str, Any] | None:
    """Other contracts."""
    return {"result": "0x6001"} if method == "eth_getCode" else None


def frozen_at(number: int) -> Lie:
    """A head of long ago."""

    def lie(method: str, params: list[Any], ask: Callable[..., Any]) -> dict[str, Any] | None:
        if not _is_head(method, params):
            return None
        return {"result": ask(method, [hex(number), False])}

    return lie


def state_of(number: int) -> Lie:
    """The true blocks, and what the contracts held long ago."""

    def lie(method: str, params: list[Any], ask: Callable[..., Any]) -> dict[str, Any] | None:
        if method != "eth_call":
            return None
        return {"result": ask(method, [params[0], hex(number)])}

    return lie


@contextmanager
def lying(url: str, lie: Lie) -> Iterator[str]:
    """The liar's URL."""

    def truth(method: str, params: list[Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return {key: answer[key] for key in ("result", "error") if key in answer}

    def told(method: str, params: list[Any]) -> dict[str, Any]:
        said = lie(method, params, lambda *asked: truth(*asked)["result"])
        return truth(method, params) if said is None else said

    with tcp_server(proxy(told, lambda _, answer: answer)) as place:
        yield place
