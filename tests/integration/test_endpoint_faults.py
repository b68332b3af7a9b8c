"""Endpoints that are gone, slow, huge, deep, lying or replaced: each has its code, none kills."""

from __future__ import annotations

import resource
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.chain_scenes import Network, fund_embedded, network_on, signer
from tests.support.endpoints import (
    Serve,
    answering,
    black_hole,
    endless,
    hang_up,
    http,
    proxy,
    result_of,
    slow_drip,
    slow_header,
    tcp_server,
)
from veta.chain.clock import SystemClock
from veta.chain.connection import EndpointLimits
from veta.chain.contract_abi import artifact
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.embedded_rpc import EmbeddedProvider, EmbeddedRpc
from veta.chain.endpoint import EndpointProvider, RetryPolicy
from veta.chain.ledger import Web3Ledger
from veta.chain.rpc import RpcClient
from veta.chain.web3_packages import abi_encode
from veta.errors import (
    ConfigError,
    LedgerError,
    LedgerMismatchError,
    LedgerUnavailableError,
    OutcomeUnknownError,
)
from veta.model.identifiers import BatchRoot, BlockNumber, UnixSeconds

LIMITS = EndpointLimits(
    connect_timeout_s=1.0, read_timeout_s=0.5, total_timeout_s=1.0, max_response_octets=1 << 20
)
ONCE = RetryPolicy(attempts=1, breaker_failures=1_000)
NESTED = b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 40_000 + b"]" * 40_000 + b"}"


_opened: list[EndpointProvider] = []


@pytest.fixture(autouse=True)
def _connections_closed() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def provider(*urls: str, retries: RetryPolicy = ONCE) -> EndpointProvider:
    _opened.append(EndpointProvider(urls, SystemClock(), LIMITS, retries))
    return _opened[-1]


def always(body: bytes, status: str = "200 OK", length: int | None = None) -> Serve:
    return answering(lambda request: http(body, status, length), close=length is not None)


def as_result(value: Any) -> Serve:
    return answering(lambda request: result_of(request, value))


FAULTS: dict[str, tuple[Serve, str]] = {
    "black_hole": (black_hole, "ledger.timeout"),
    "slow_drip": (slow_drip, "ledger.timeout"),
    "slow_header": (slow_header, "ledger.timeout"),
    "hang_up": (hang_up, "ledger.dropped"),
    "http_429": (always(b"{}", "429 Too Many Requests"), "ledger.rate_limited"),
    "http_500": (always(b"oops", "500 Internal Server Error"), "ledger.http_status"),
    "http_301": (always(b"", "301 Moved Permanently"), "ledger.http_status"),
    "http_401": (always(b"{}", "401 Unauthorized"), "ledger.http_status"),
    "no_http": (answering(lambda request: b"\x00\x01 hello\r\n\r\n", close=True), "ledger.garbage"),
    "truncated_body": (always(b'{"jsonrpc":', length=500), "ledger.garbage"),
    "truncated_json": (always(b'{"jsonrpc":"2.0","id":1,"result":"0x'), "ledger.garbage"),
    "garbage": (always(b"\xff\xfe\x00garbage"), "ledger.garbage"),
    "html": (always(b"<html>502</html>"), "ledger.garbage"),
    "empty": (always(b""), "ledger.garbage"),
    "array": (always(b"[]"), "ledger.garbage"),
    "number": (always(b"7"), "ledger.garbage"),
    "no_result": (always(b'{"jsonrpc":"2.0","id":1}'), "ledger.garbage"),
    "other_id": (always(b'{"jsonrpc":"2.0","id":99,"result":"0x1"}'), "ledger.garbage"),
    "nested_80_kb": (always(NESTED), "ledger.too_deep"),
    "nested_1_mb": (always(b"[" * 1_000_000), "ledger.too_deep"),
    "endless_200_mb": (endless, "ledger.too_large"),
    "null": (as_result(None), "ledger.no_such_block"),
    "text_for_block": (as_result("0x1"), "ledger.garbage"),
    "list_for_block": (as_result([1, 2]), "ledger.garbage"),
    "empty_block": (as_result({}), "ledger.garbage"),
    "short_hash": (
        as_result({"number": "0x1", "hash": "0x12", "parentHash": "0x34", "timestamp": "0x5"}),
        "ledger.garbage",
    ),
    "signed_number": (
        as_result({
            "number": "0x-1", "hash": "0x" + "11" * 32, "parentHash": "0x" + "22" * 32,
            "timestamp": "0x5",
        }),
        "ledger.garbage",
    ),
    "huge_time": (
        as_result({
            "number": "0x1", "hash": "0x" + "11" * 32, "parentHash": "0x" + "22" * 32,
            "timestamp": "0x" + "f" * 17,
        }),
        "ledger.garbage",
    ),
    "rpc_error": (
        answering(
            lambda request: http(
                b'{"jsonrpc":"2.0","id":%d,"error":{"code":-32000,"message":"busy"}}'
                % request["id"]
            )
        ),
        "ledger.refused_request",
    ),
    "rpc_error_text": (
        answering(
            lambda request: http(b'{"jsonrpc":"2.0","id":%d,"error":"no"}' % request["id"])
        ),
        "ledger.refused_request",
    ),
}  # fmt: skip


def head_through(source: EndpointProvider) -> object:
    """What ``Ledger.head`` does, without a ledger's introduction."""
    from veta.chain.transactions import require_block

    client = RpcClient(source)
    return require_block(client.ask("eth_getBlockByNumber", "latest", False), "head")


@pytest.mark.row("T31", "T32", "T75")
@pytest.mark.parametrize("fault", FAULTS)
def test_read__faulty_endpoint__is_unavailable_with_its_code_and_in_time(fault: str) -> None:
    serve, code = FAULTS[fault]
    with tcp_server(serve) as url:
        source = provider(url)
        began = time.monotonic()
        with pytest.raises(LedgerUnavailableError) as failed:
            head_through(source)
        assert failed.value.code == code
        assert time.monotonic() - began < 5
        source.close()


@pytest.mark.row("T31")
def test_read__closed_port_or_unknown_host__is_refused() -> None:
    with tcp_server(black_hole) as url:
        pass
    for gone in (url, "http://name.invalid:1"):
        with pytest.raises(LedgerUnavailableError) as failed:
            head_through(provider(gone))
        assert failed.value.code == "ledger.refused"


@pytest.mark.row("T31")
def test_read__endless_answer__memory_stays_bounded() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tcp_server(endless) as url, pytest.raises(LedgerUnavailableError):
        head_through(provider(url))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000


@pytest.mark.row("T31")
def test_read__first_address_down__next_one_answers() -> None:
    good = answering(
        lambda request: result_of(
            request,
            {
                "number": "0x1",
                "hash": "0x" + "11" * 32,
                "parentHash": "0x" + "22" * 32,
                "timestamp": "0x5",
            },
        )
    )
    with tcp_server(hang_up) as bad_url, tcp_server(good) as good_url:
        source = provider(bad_url, good_url, retries=RetryPolicy(attempts=2, first_wait_s=0.01))
        assert head_through(source)
        source.close()


@pytest.mark.row("T31")
def test_read__keeps_failing__is_tried_again_a_bounded_number_of_times() -> None:
    asked = []

    def count(request: dict[str, Any]) -> bytes:
        asked.append(request["method"])
        return http(b"{}", "503 Service Unavailable")

    retries = RetryPolicy(attempts=3, first_wait_s=0.01, breaker_failures=6, breaker_rest_s=60.0)
    with tcp_server(answering(count)) as url:
        source = provider(url, retries=retries)
        for _ in range(4):
            with pytest.raises(LedgerUnavailableError) as failed:
                head_through(source)
            assert failed.value.code == "ledger.http_status"
        source.close()
    # Two reads of three tries open the breaker; the other two do not ask at all.
    assert len(asked) == 6


@pytest.mark.row("T31")
def test_read__endpoint_recovers__breaker_closes_again() -> None:
    state = {"down": True}

    def flaky(request: dict[str, Any]) -> bytes:
        return (
            http(b"{}", "503 Service Unavailable") if state["down"] else result_of(request, "0x1")
        )

    retries = RetryPolicy(attempts=2, first_wait_s=0.01, breaker_failures=2, breaker_rest_s=0.2)
    with tcp_server(answering(flaky)) as url:
        client = RpcClient(provider(url, retries=retries))
        with pytest.raises(LedgerUnavailableError):
            client.ask("eth_chainId")
        state["down"] = False
        with pytest.raises(LedgerUnavailableError):
            client.ask("eth_chainId")
        time.sleep(0.25)
        assert client.ask("eth_chainId") == "0x1"


@pytest.mark.row("T31")
def test_read__random_octets_as_answers__never_anything_but_unavailable() -> None:
    random = Random(11)
    whole = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n"
        b'{"jsonrpc":"2.0","id":1,"result":"0x1234567"}'
    )

    def make(request: dict[str, Any]) -> bytes:
        if random.random() < 0.5:
            return random.randbytes(random.randrange(400))
        answer = bytearray(whole)
        for _ in range(random.randrange(1, 4)):
            answer[random.randrange(len(answer))] = random.randrange(256)
        return bytes(answer)

    with tcp_server(answering(make, close=True)) as url:
        for _ in range(150):
            with pytest.raises(LedgerUnavailableError) as failed:
                head_through(provider(url))
            assert failed.value.code.startswith("ledger.")


def test_endpoint__many_threads__each_gets_its_own_answer(
    chain: EmbeddedChain, network: Network
) -> None:
    same = proxy(EmbeddedRpc(chain).answer, lambda request, answer: answer)
    with tcp_server(same) as url:
        ledger = Web3Ledger(provider(url), network.deployment.trust("test"))
        head = ledger.head().number
        with ThreadPoolExecutor(8) as pool:
            wanted = [number % (head + 1) for number in range(120)]
            blocks = list(pool.map(lambda n: ledger.block(BlockNumber(n)), wanted))
        assert [block.number for block in blocks if block] == wanted


# -- writing ------------------------------------------------------------------------------------

RAW = b"\x02" + bytes(100)


@pytest.mark.row("T31", "T37")
@pytest.mark.parametrize(
    "fault",
    ["black_hole", "hang_up", "http_500", "http_429", "garbage", "truncated_json", "other_id",
     "nested_80_kb", "rpc_error", "null"],
)  # fmt: skip
def test_send__answer_lost_or_useless__outcome_is_unknown_and_sent_once(fault: str) -> None:
    from veta.chain.transactions import send_raw, transaction_id_of

    serve, _ = FAULTS[fault]
    calls = []

    def counted(connection: Any, stop: Any) -> None:
        calls.append(1)
        serve(connection, stop)

    retries = RetryPolicy(attempts=3, first_wait_s=0.01)
    with tcp_server(counted) as url, pytest.raises(OutcomeUnknownError) as unknown:
        send_raw(RpcClient(provider(url, retries=retries)), RAW)
    assert unknown.value.transaction_id == transaction_id_of(RAW)
    assert len(calls) == 1


@pytest.mark.row("T37")
@pytest.mark.parametrize(
    "words",
    ["already known", "nonce too low", "replacement transaction underpriced", "Known transaction",
     "ALREADY_EXISTS: already known", "NonceTooLow", "insufficient funds", "OldNonce", ""],
)  # fmt: skip
def test_send__whatever_a_client_says__is_unknown_never_success_or_failure(words: str) -> None:
    from veta.chain.transactions import send_raw

    def refuse(request: dict[str, Any]) -> bytes:
        import orjson

        error = {"code": -32000, "message": words}
        return http(orjson.dumps({"jsonrpc": "2.0", "id": request["id"], "error": error}))

    with tcp_server(answering(refuse)) as url, pytest.raises(OutcomeUnknownError) as unknown:
        send_raw(RpcClient(provider(url)), RAW)
    assert unknown.value.code == "ledger.outcome_unknown"


def test_send__nobody_listens__certainly_not_sent() -> None:
    from veta.chain.transactions import send_raw

    with tcp_server(black_hole) as url:
        pass
    with pytest.raises(LedgerUnavailableError) as failed:
        send_raw(RpcClient(provider(url)), RAW)
    assert failed.value.code == "ledger.refused"


def test_send__answers_for_another_transaction__is_unknown() -> None:
    from veta.chain.transactions import send_raw

    with tcp_server(as_result("0x" + "77" * 32)) as url, pytest.raises(OutcomeUnknownError):
        send_raw(RpcClient(provider(url)), RAW)


# -- who answers --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chain() -> Iterator[EmbeddedChain]:
    chain = EmbeddedChain.create(None, EmbeddedGenesis(time_s=UnixSeconds(1_790_000_000)))
    yield chain
    chain.close()


@pytest.fixture(scope="module")
def network(chain: EmbeddedChain) -> Network:
    return network_on(EmbeddedProvider(chain), fund_embedded(chain))


def random_octets() -> bytes:
    return secrets.token_bytes(32)


def altered(method: str, result: Any) -> Callable[..., dict[str, Any]]:
    def rewrite(request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if request["method"] != method:
            return answer
        value = result(request, answer["result"]) if callable(result) else result
        return {**answer, "result": value}

    return rewrite


def other_genesis(request: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "hash": "0x" + "ab" * 32} if request["params"][0] == "0x0" else block


LIES = {
    "wrong_chain": (altered("eth_chainId", "0x539"), "ledger.wrong_chain"),
    "wrong_genesis": (altered("eth_getBlockByNumber", other_genesis), "ledger.wrong_genesis"),
    "other_code": (altered("eth_getCode", "0x6001600155"), "ledger.wrong_code"),
    "empty_code": (altered("eth_getCode", "0x"), "ledger.wrong_code"),
}


@pytest.mark.row("T30", "T74")
@pytest.mark.parametrize("lie", LIES)
def test_start__another_chain_or_contract__is_refused(
    chain: EmbeddedChain, network: Network, lie: str
) -> None:
    rewrite, code = LIES[lie]
    with tcp_server(proxy(EmbeddedRpc(chain).answer, rewrite)) as url:
        source = provider(url)
        with pytest.raises(LedgerMismatchError) as refused:
            Web3Ledger(source, network.deployment.trust("test"))
        assert refused.value.code == code
        source.close()


@pytest.mark.row("T30", "T74")
@pytest.mark.parametrize("lie", LIES)
def test_reconnect__endpoint_was_replaced__is_refused_for_reads_and_writes(
    chain: EmbeddedChain, network: Network, lie: str
) -> None:
    rewrite, code = LIES[lie]
    state = {"lies": False}

    def turncoat(request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        return rewrite(request, answer) if state["lies"] else answer

    with tcp_server(proxy(EmbeddedRpc(chain).answer, turncoat)) as url:
        source = provider(url)
        ledger = Web3Ledger(source, network.deployment.trust("test"))
        assert ledger.head().number > 0
        state["lies"] = True
        source.close()  # as when the endpoint went away: the next question needs a new connection
        with pytest.raises(LedgerMismatchError) as refused:
            ledger.head()
        assert refused.value.code == code
        with pytest.raises(LedgerMismatchError):
            ledger.send(RAW)
        state["lies"] = False
        assert ledger.head().number > 0
        source.close()


@pytest.mark.row("T30")
def test_reconnect__restarted_with_a_new_genesis__is_refused(network: Network) -> None:
    from veta.chain.embedded_server import EmbeddedServer

    old = EmbeddedChain.create(None)
    server = EmbeddedServer(old)
    port = int(server.url.rsplit(":", 1)[1])
    source = provider(server.url)
    ledger = Web3Ledger(source, network_on(source, fund_embedded(old)).deployment.trust("test"))
    head = ledger.head()
    server.close()
    with pytest.raises(LedgerUnavailableError):
        ledger.head()
    fresh = EmbeddedChain.create(None, EmbeddedGenesis(time_s=UnixSeconds(1_600_000_000)))
    second = EmbeddedServer(fresh, port)
    with pytest.raises(LedgerMismatchError) as refused:
        ledger.head()
    assert refused.value.code == "ledger.wrong_genesis"
    second.close()
    third = EmbeddedServer(old, port)
    assert ledger.head() == head
    third.close()
    source.close()
    old.close()
    fresh.close()


@pytest.mark.row("T74")
def test_start__trust_names_another_address__is_refused(
    chain: EmbeddedChain, network: Network
) -> None:
    from dataclasses import replace

    trust = network.deployment.trust("test")
    (contracts,) = trust.contract_sets
    first, second, *others = contracts.contracts
    swapped = (
        replace(first, address=second.address),
        replace(second, address=signer("nobody at all").address),
        *others,
    )
    poisoned = replace(trust, contract_sets=(replace(contracts, contracts=swapped),))
    with pytest.raises(LedgerMismatchError) as refused:
        Web3Ledger(EmbeddedProvider(chain), poisoned)
    assert refused.value.code == "ledger.wrong_code"


def wrong_log(change: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    return altered("eth_getLogs", lambda request, logs: [{**log, **change} for log in logs])


LOG_LIES = {
    "other_block": wrong_log({"blockHash": "0x" + "00" * 32}),
    "other_address": wrong_log({"address": "0x" + "00" * 20}),
    "removed": wrong_log({"removed": True}),
    "unknown_topic": wrong_log({"topics": ["0x" + "99" * 32]}),
    "no_topics": wrong_log({"topics": []}),
    "short_topic": wrong_log({"topics": ["0x99"]}),
    "short_data": wrong_log({"data": "0x1234"}),
    "odd_data": wrong_log({"data": "0x123"}),
    "same_index": wrong_log({"logIndex": "0x0"}),
    "text_index": wrong_log({"logIndex": "first"}),
    "not_a_list": altered("eth_getLogs", {"logs": []}),
    "twice": altered("eth_getLogs", lambda request, logs: logs + logs),
}


@pytest.mark.row("T31")
@pytest.mark.parametrize("lie", LOG_LIES)
def test_events__malformed_logs__are_garbage(
    chain: EmbeddedChain, network: Network, lie: str
) -> None:
    with tcp_server(proxy(EmbeddedRpc(chain).answer, LOG_LIES[lie])) as url:
        source = provider(url)
        ledger = Web3Ledger(source, network.deployment.trust("test"))
        block = ledger.block(network.deployment.from_block)
        assert block is not None
        with pytest.raises(LedgerUnavailableError) as failed:
            ledger.events(block)
        assert failed.value.code == "ledger.garbage"
        source.close()


RECEIPT_LIES: dict[str, Any] = {
    "other_transaction": lambda request, r: {**r, "transactionHash": "0x" + "77" * 32},
    "no_status": lambda request, r: {key: r[key] for key in r if key != "status"},
    "odd_status": lambda request, r: {**r, "status": "0x2"},
    "text_gas": lambda request, r: {**r, "gasUsed": "much"},
    "short_block": lambda request, r: {**r, "blockHash": "0x12"},
    "a_list": lambda request, r: [r],
    "a_text": "0x1",
}


@pytest.mark.row("T31")
@pytest.mark.parametrize("lie", RECEIPT_LIES)
def test_receipt__malformed_or_of_another__is_garbage(
    chain: EmbeddedChain, network: Network, lie: str
) -> None:
    honest = network.scene()
    call = honest.anchor_call(honest.miner, BatchRoot(random_octets()))
    sent = honest.submit(honest.miner_operator, call)
    rewrite = altered("eth_getTransactionReceipt", RECEIPT_LIES[lie])
    with tcp_server(proxy(EmbeddedRpc(chain).answer, rewrite)) as url:
        ledger = Web3Ledger(provider(url), network.deployment.trust("test"))
        with pytest.raises(LedgerUnavailableError) as failed:
            ledger.receipt(sent.transaction_id)
        assert failed.value.code == "ledger.garbage"


def test_receipt__block_left_the_chain_meanwhile__is_none(
    chain: EmbeddedChain, network: Network
) -> None:
    honest = network.scene()
    call = honest.anchor_call(honest.miner, BatchRoot(random_octets()))
    sent = honest.submit(honest.miner_operator, call)
    with tcp_server(proxy(EmbeddedRpc(chain).answer, altered("eth_getBlockByHash", None))) as url:
        ledger = Web3Ledger(provider(url), network.deployment.trust("test"))
        assert ledger.receipt(sent.transaction_id) is None


@pytest.mark.row("T31")
def test_keys__endpoint_gives_another_public_key__is_garbage(
    chain: EmbeddedChain, network: Network
) -> None:
    selector = "0x" + artifact("Consortium").functions["publicKey"].selector.hex()

    def rewrite(request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        asked = request["method"] == "eth_call" and request["params"][0]["data"][:10] == selector
        if not asked:
            return answer
        return {**answer, "result": "0x" + abi_encode(["bytes"], [b"\x07" * 64]).hex()}

    with tcp_server(proxy(EmbeddedRpc(chain).answer, rewrite)) as url:
        scene = Network(provider(url), network.deployment).scene()
        with pytest.raises(LedgerUnavailableError) as failed:
            scene.ledger.keys(scene.miner, scene.ledger.head())
        assert failed.value.code == "ledger.garbage"


@pytest.mark.row("T31")
@pytest.mark.parametrize("result", ["0x", "0x1234", "0x" + "ff" * 320, "zz", None, 5, ["0x"]])
def test_contract_reads__undecodable_answers__are_garbage(
    chain: EmbeddedChain, network: Network, result: Any
) -> None:
    with tcp_server(proxy(EmbeddedRpc(chain).answer, altered("eth_call", result))) as url:
        scene = Network(provider(url), network.deployment).scene()
        ledger, head = scene.ledger, scene.ledger.head()
        reads: list[Callable[[], object]] = [
            lambda: ledger.member(scene.miner, head),
            lambda: ledger.keys(scene.miner, head),
            lambda: ledger.membership(scene.miner, head),
            lambda: ledger.anchor(scene.miner, BatchRoot(bytes(32)), head),
            lambda: ledger.account(scene.miner_operator.address, head),
            lambda: ledger.event_head("Consortium", head),
        ]
        for read in reads:
            with pytest.raises(LedgerUnavailableError) as failed:
                read()
            assert failed.value.code == "ledger.garbage"


@pytest.mark.row("T31")
def test_account__purpose_that_does_not_exist__is_garbage(
    chain: EmbeddedChain, network: Network
) -> None:
    impossible = "0x" + abi_encode(["uint32", "uint8", "uint32"], [1, 9, 1]).hex()
    with tcp_server(proxy(EmbeddedRpc(chain).answer, altered("eth_call", impossible))) as url:
        scene = Network(provider(url), network.deployment).scene()
        with pytest.raises(LedgerUnavailableError) as failed:
            scene.ledger.account(scene.miner_operator.address, scene.ledger.head())
        assert failed.value.code == "ledger.garbage"


def test_endpoint__tls_expected_or_no_http_address__is_said() -> None:
    with (
        tcp_server(hang_up) as url,
        pytest.raises(LedgerUnavailableError) as failed,
    ):
        head_through(provider(url.replace("http:", "https:")))
    assert failed.value.code == "ledger.refused"
    for wrong in ("ftp://127.0.0.1/", "http://", "/var/run/geth.ipc"):
        with pytest.raises(ConfigError) as misconfigured:
            head_through(provider(wrong))
        assert misconfigured.value.code == "config.wrong_url"


@pytest.mark.row("T75")
def test_every_read__endpoint_fails_meanwhile__never_gives_an_answer(
    chain: EmbeddedChain, network: Network
) -> None:
    state = {"down": False}

    def down_or_not(connection: socket.socket, stop: threading.Event) -> None:
        up = proxy(EmbeddedRpc(chain).answer, lambda request, answer: answer)
        (always(b"<html>", "502 Bad Gateway") if state["down"] else up)(connection, stop)

    with tcp_server(down_or_not) as url:
        source = provider(url)
        scene = Network(source, network.deployment).scene()
        ledger, block = scene.ledger, scene.ledger.head()
        address = scene.miner_operator.address
        root = BatchRoot(b"\x01" * 32)
        call = scene.anchor_call(scene.miner, root)
        reads: list[Callable[[], object]] = [
            ledger.identity, ledger.head, ledger.final_head, ledger.fees,
            lambda: ledger.block(block.number),
            lambda: ledger.events(block),
            lambda: ledger.event_head("Consortium", block),
            lambda: ledger.member_id(scene.miner_identifier, block),
            lambda: ledger.member(scene.miner, block),
            lambda: ledger.membership(scene.miner, block),
            lambda: ledger.keys(scene.miner, block),
            lambda: ledger.account(address, block),
            lambda: ledger.anchor(scene.miner, root, block),
            lambda: ledger.next_sequence(scene.miner, block),
            lambda: ledger.status(scene.miner, root, block),  # type: ignore[arg-type]  # 32 octets
            lambda: ledger.nonce(address),
            lambda: ledger.balance_wei(address),
            lambda: ledger.simulate(call, address),
            lambda: ledger.receipt(b"\x01" * 32),  # type: ignore[arg-type]  # 32 octets
        ]  # fmt: skip
        for read in reads:
            read()
        state["down"] = True
        source.close()  # connections that are open talk to the server of before
        for read in reads:
            with pytest.raises(LedgerError) as failed:
                read()
            assert isinstance(failed.value, LedgerUnavailableError)
        source.close()


@pytest.mark.row("T31")
def test_read__slow_but_within_its_time__is_an_answer(
    chain: EmbeddedChain, network: Network
) -> None:
    slow = proxy(EmbeddedRpc(chain).answer, lambda request, answer: answer, delay_s=0.2)
    with tcp_server(slow) as url:
        source = provider(url)
        assert Web3Ledger(source, network.deployment.trust("test")).head().number > 0
        source.close()


def test_read__one_question__is_one_request(chain: EmbeddedChain, network: Network) -> None:
    asked = []

    def note(request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["method"])
        return answer

    with tcp_server(proxy(EmbeddedRpc(chain).answer, note)) as url:
        source = provider(url)
        scene = Network(source, network.deployment).scene()
        head = scene.ledger.head()
        asked.clear()
        scene.ledger.next_sequence(scene.miner, head)
        assert asked == ["eth_call"]
        source.close()


BOMB = """
import sys
limit = sys.getrecursionlimit()
import veta.chain.ledger, veta.chain.endpoint, veta.chain.embedded, veta.chain.embedded_server
import veta.chain.deploy, veta.keys
assert sys.getrecursionlimit() == limit, sys.getrecursionlimit()
from veta.chain.clock import SystemClock
from veta.chain.endpoint import EndpointProvider
from veta.errors import LedgerUnavailableError
import json
try:
    json.loads("[" * 80_000)
except RecursionError:
    print("survived json")
try:
    EndpointProvider((sys.argv[1],), SystemClock()).make_request("eth_chainId", [])
except LedgerUnavailableError as error:
    print(error.code)
"""


@pytest.mark.row("T32")
def test_imports__whole_chain_layer__leave_the_recursion_limit_and_the_process_alone() -> None:
    with tcp_server(always(NESTED)) as url:
        done = subprocess.run(
            [sys.executable, "-c", BOMB, url], capture_output=True, text=True, timeout=60
        )
    assert done.stdout == "survived json\nledger.too_deep\n", done.stderr
    assert done.returncode == 0


def test_imports__of_raising_packages__stand_in_one_place_each() -> None:
    source = Path(__file__).resolve().parents[2] / "src" / "veta"
    for path in source.rglob("*.py"):
        text = path.read_text()
        for package in (
            "web3",
            "eth_account",
            "eth_abi",
            "eth_tester",
            "eth",
            "eth_keys",
            "py_ecc",
        ):
            if f"from {package}." in text or f"from {package} " in text:
                assert path.name in {"web3_packages.py", "evm_packages.py"}, (path, package)
