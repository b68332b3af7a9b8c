"""The introduction of a new connection: one batch of questions, answered whole or not at all."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from tests.support.chain_scenes import Network, fund_embedded, network_on
from tests.support.endpoints import Serve, answering, http, tcp_server
from veta.chain.clock import SystemClock
from veta.chain.deploy import CONTRACT_SET
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.embedded_rpc import EmbeddedProvider, EmbeddedRpc
from veta.chain.embedded_server import EmbeddedServer
from veta.chain.endpoint import EndpointProvider, RetryPolicy
from veta.chain.ledger import Web3Ledger
from veta.errors import LedgerUnavailableError
from veta.model.identifiers import UnixSeconds


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    chain = EmbeddedChain.create(None, EmbeddedGenesis(time_s=UnixSeconds(1_790_000_000)))
    yield chain
    chain.close()


@pytest.fixture(scope="module")
def network(chain: EmbeddedChain) -> Network:
    return network_on(EmbeddedProvider(chain), fund_embedded(chain))


def introduce(serve: Serve, network: Network) -> None:
    with tcp_server(serve) as url:
        source = EndpointProvider((url,), SystemClock(), retries=RetryPolicy(attempts=1))
        try:
            Web3Ledger(source, network.deployment.trust("test"))
        finally:
            source.close()


def posted(url: str, body: bytes) -> Any:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as response:
            return orjson.loads(response.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def batches(chain: EmbeddedChain, spoil: Callable[[list[dict[str, Any]]], Any]) -> Serve:
    """Answers single questions well, and batches as ``spoil`` makes them."""

    def make(request: Any) -> bytes:
        many = request if isinstance(request, list) else [request]
        answers = [
            {"jsonrpc": "2.0", "id": each["id"]}
            | EmbeddedRpc(chain).answer(each["method"], each["params"])
            for each in many
        ]
        return http(orjson.dumps(spoil(answers) if isinstance(request, list) else answers[0]))

    return answering(make)


@pytest.mark.row("T31")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda answers: answers[::-1],
        lambda answers: {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no"}},
    ],
    ids=["any order", "no batches here"],
)
def test_introduction__batch_in_any_order_or_refused_whole__is_answered(
    chain: EmbeddedChain, network: Network, spoil: Any
) -> None:
    introduce(batches(chain, spoil), network)


@pytest.mark.row("T31", "T32")
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda answers: answers[:-1], "ledger.garbage"),
        (lambda answers: answers[:-1] + answers[:1], "ledger.garbage"),
        (lambda answers: [None] * len(answers), "ledger.garbage"),
        (lambda answers: [[]] * len(answers), "ledger.garbage"),
        (lambda answers: "yes", "ledger.garbage"),
        (lambda answers: [*answers[:-1], {**answers[-1], "id": None}], "ledger.garbage"),
        (
            lambda answers: [*answers[:-1], {"id": answers[-1]["id"], "error": {"code": 1}}],
            "ledger.refused_request",
        ),
    ],
    ids=["one too few", "one twice", "null", "lists", "text", "no id", "one refused"],
)
def test_introduction__batch_answered_in_part__is_no_introduction(
    chain: EmbeddedChain, network: Network, spoil: Any, code: str
) -> None:
    with pytest.raises(LedgerUnavailableError) as failed:
        introduce(batches(chain, spoil), network)
    assert failed.value.code == code


def test_introduction__is_one_request(chain: EmbeddedChain, network: Network) -> None:
    asked: list[Any] = []

    def noted(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        asked.append(answers)
        return answers

    introduce(batches(chain, noted), network)
    assert [len(answers) for answers in asked] == [2 + 1 + len(CONTRACT_SET)]


def test_embedded_server__batches__are_answered_up_to_a_hundred(chain: EmbeddedChain) -> None:
    server = EmbeddedServer(chain)
    try:
        for size, good in ((1, True), (100, True), (101, False), (0, False)):
            many = [{"jsonrpc": "2.0", "id": i, "method": "eth_chainId"} for i in range(size)]
            answer = posted(server.url, orjson.dumps(many))
            if good:
                assert [each["id"] for each in answer] == list(range(size))
            else:
                assert answer == 400
    finally:
        server.close()
