"""JSON-RPC endpoints that may be slow, gone, lying or overloaded.

Every answer has a total time-out, a size and a depth; reads are tried again a bounded number of
times, over all configured addresses; a transaction is handed over once. Each new connection is
asked who it is before it is used: an endpoint that was replaced behind its address is noticed.
That is one request (a JSON-RPC 2.0 batch, section 6): where calls get lost, a dozen in a row would
hardly ever all come back.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from veta.chain.connection import NOT_SENT, Connection, EndpointLimits
from veta.chain.identity import Ask, Question
from veta.chain.transactions import transaction_id_of
from veta.chain.web3_packages import BaseProvider, RPCEndpoint, RPCResponse
from veta.errors import (
    LedgerError,
    LedgerMismatchError,
    LedgerUnavailableError,
    OutcomeUnknownError,
)
from veta.ports.clock import Clock

_WRITES: Final = frozenset({"eth_sendRawTransaction"})
_MAX_IDLE: Final = 8


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, how soon, and when to stop asking.

    Attributes:
        attempts: tries of one read, over all addresses together.
        first_wait_s: upper bound of the first random wait; doubles with each try.
        longest_wait_s: upper bound of every wait.
        breaker_failures: failures in a row after which an address is left alone.
        breaker_rest_s: for how long.
    """

    attempts: int = 3
    first_wait_s: float = 0.1
    longest_wait_s: float = 2.0
    breaker_failures: int = 5
    breaker_rest_s: float = 5.0


class _Address:
    """One URL: its idle connections and its circuit breaker."""

    def __init__(self, url: str, limits: EndpointLimits) -> None:
        self.url = url
        self.limits = limits
        self.idle: deque[Connection] = deque()
        self.failures = 0
        self.rests_until_s = 0.0
        self.last_code = "ledger.refused"


class EndpointProvider(BaseProvider):
    """A web3 provider over one or more HTTP(S) addresses of the same chain.

    Args:
        urls: tried in this order; transactions go to the first that is not resting.
        clock: waits, and times for the breaker.
        limits: time-outs and sizes of one answer.
        retries: see ``RetryPolicy``.
    """

    def __init__(
        self,
        urls: tuple[str, ...],
        clock: Clock,
        limits: EndpointLimits | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        super().__init__()
        self._addresses = [_Address(url, limits or EndpointLimits()) for url in urls]
        self._clock = clock
        self._retries = retries or RetryPolicy()
        self._lock = threading.Lock()
        self._introduce: Callable[[Ask], None] | None = None
        self._next_id = 1

    def introduce_with(self, check: Callable[[Ask], None]) -> None:
        """Run ``check(ask)`` on every new connection before it is used.

        ``check`` raises ``LedgerMismatchError`` when the endpoint is not the pinned chain.
        Connections that were made before are closed.
        """
        self._introduce = check
        self.close()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One JSON-RPC answer, as a mapping with ``result`` or ``error``.

        Raises:
            LedgerUnavailableError: ``ledger.refused``, ``ledger.timeout``, ``ledger.garbage``,
                ``ledger.too_large``, ``ledger.too_deep``, ``ledger.http_status``,
                ``ledger.rate_limited``.
            LedgerMismatchError: a new connection led to another chain.
            OutcomeUnknownError: a transaction was handed over and its answer was lost.
        """
        if method in _WRITES:
            return self._write(method, params)
        return self._read(method, params)

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: FBT001, FBT002 - web3's
        """Whether any address answers now."""
        try:
            self.make_request(RPCEndpoint("eth_chainId"), [])
        except LedgerError:
            if show_traceback:
                raise
            return False
        return True

    def close(self) -> None:
        """Close idle connections; the provider can be used again."""
        with self._lock:
            for address in self._addresses:
                while address.idle:
                    address.idle.pop().close()

    def _read(self, method: str, params: Any) -> RPCResponse:
        failure: LedgerUnavailableError | None = None
        for attempt in range(self._retries.attempts):
            if attempt:
                self._clock.sleep(self._wait_s(attempt))
            address = self._choose(attempt)
            if address is None:
                break
            try:
                answer = self._ask_at(address, method, params)
            except LedgerUnavailableError as error:
                self._failed(address, error)
                failure = error
            else:
                address.failures = 0
                return answer
        raise failure or self._all_resting()

    def _write(self, method: str, params: Any) -> RPCResponse:
        address = self._choose(0)
        if address is None:
            raise self._all_resting()
        connection = self._connection(address)
        try:
            answer = self._exchange(connection, method, params)
        except LedgerUnavailableError as error:
            connection.close()
            self._failed(address, error)
            if error.code in NOT_SENT:
                raise
            raise OutcomeUnknownError(
                "ledger.outcome_unknown",
                f"the answer to the transaction was lost ({error.code})",
                transaction_id=transaction_id_of(bytes.fromhex(params[0][2:])),
            ) from error
        self._keep(address, connection)
        return answer

    def _ask_at(self, address: _Address, method: str, params: Any) -> RPCResponse:
        connection = self._connection(address)
        try:
            answer = self._exchange(connection, method, params)
        except BaseException:
            connection.close()
            raise
        self._keep(address, connection)
        return answer

    def _exchange(self, connection: Connection, method: str, params: Any) -> RPCResponse:
        request = self._request(method, params or [])
        answer = connection.exchange(orjson.dumps(request))
        if not _answers(request, answer):
            raise _something_else(connection, method)
        return cast("RPCResponse", answer)

    def _request(self, method: str, params: Any) -> dict[str, Any]:
        with self._lock:
            request_id = self._next_id
            self._next_id += 1
        return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}

    def _connection(self, address: _Address) -> Connection:
        """An idle connection that is still open, or a new one that has said who it is."""
        while True:
            with self._lock:
                idle = address.idle.pop() if address.idle else None
            if idle is None:
                break
            if idle.is_usable():
                return idle
            idle.close()
        connection = Connection(address.url, address.limits, self._clock)
        if self._introduce is not None:
            try:
                self._introduce(lambda questions: self._results(connection, questions))
            except LedgerMismatchError:
                connection.close()
                raise
            except LedgerError as error:
                # Nothing of the caller's own was sent yet, whatever went wrong here.
                connection.close()
                raise LedgerUnavailableError(
                    "ledger.refused" if error.code in NOT_SENT else error.code, error.message
                ) from error
        return connection

    def _results(self, connection: Connection, questions: Sequence[Question]) -> list[Any]:
        requests = [self._request(method, list(params)) for method, params in questions]
        answers = connection.exchange(orjson.dumps(requests))
        if isinstance(answers, dict):
            # One refusal for all of them: some gateways take no batches.
            return [
                _result(connection, method, self._exchange(connection, method, list(params)))
                for method, params in questions
            ]
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise _something_else(connection, "a batch")
        by_id = {each.get("id"): each for each in answers if isinstance(each, dict)}
        results = []
        for request in requests:
            answer = by_id.get(request["id"])
            if not _answers(request, answer):
                raise _something_else(connection, request["method"])
            results.append(_result(connection, request["method"], answer))
        return results

    def _keep(self, address: _Address, connection: Connection) -> None:
        with self._lock:
            if connection.stays_open and len(address.idle) < _MAX_IDLE:
                address.idle.append(connection)
                return
        connection.close()

    def _choose(self, attempt: int) -> _Address | None:
        now = self._clock.monotonic_s()
        awake = [address for address in self._addresses if address.rests_until_s <= now]
        return awake[attempt % len(awake)] if awake else None

    def _failed(self, address: _Address, error: LedgerUnavailableError) -> None:
        with self._lock:
            address.failures += 1
            address.last_code = error.code
            if address.failures >= self._retries.breaker_failures:
                address.rests_until_s = self._clock.monotonic_s() + self._retries.breaker_rest_s
                address.failures = self._retries.breaker_failures - 1

    def _all_resting(self) -> LedgerUnavailableError:
        return LedgerUnavailableError(
            self._addresses[0].last_code if self._addresses else "ledger.refused",
            "no endpoint answered lately; none is asked again for a few seconds",
        )

    def _wait_s(self, attempt: int) -> float:
        longest = min(
            self._retries.longest_wait_s, self._retries.first_wait_s * (1 << (attempt - 1))
        )
        return random.uniform(0.0, longest)  # noqa: S311 - spreads load, hides nothing


def _answers(request: dict[str, Any], answer: Any) -> bool:
    return (
        isinstance(answer, dict)
        and answer.get("id") == request["id"]
        and ("result" in answer) != (answer.get("error") is not None)
    )


def _result(connection: Connection, method: str, answer: Any) -> Any:
    if "result" not in answer:
        raise LedgerUnavailableError(
            "ledger.refused_request", f"{connection.place} refuses {method}"
        )
    return answer["result"]


def _something_else(connection: Connection, method: str) -> LedgerUnavailableError:
    return LedgerUnavailableError(
        "ledger.garbage", f"{connection.place} answers {method} with something else"
    )
