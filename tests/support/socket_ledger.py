"""A ledger in another process: the whole port over a local socket, whose connections fail at will.

The other process runs ``serve``; a node uses ``SocketLedger``. A call may be lost on its way there
(nothing happened) or on its way back (it happened): both look alike to the node.
"""

from __future__ import annotations

import pickle
import socket
import struct
import threading
import time
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.support.fake_ledger import GWEI, FakeLedger
from veta.errors import LedgerUnavailableError, OutcomeUnknownError, ProvenanceError
from veta.model.identifiers import TransactionId
from veta.ports.ledger import Ledger

_ANSWER_S: Final = 5.0


def _write(connection: socket.socket, value: object) -> None:
    octets = pickle.dumps(value)
    connection.sendall(struct.pack(">I", len(octets)) + octets)


def _read(connection: socket.socket) -> Any:
    octets = _exactly(connection, 4)
    return pickle.loads(_exactly(connection, struct.unpack(">I", octets)[0]))


def _exactly(connection: socket.socket, length: int) -> bytes:
    octets = b""
    while len(octets) < length:
        more = connection.recv(length - len(octets))
        if not more:
            raise ConnectionError("closed")
        octets += more
    return octets


class SocketLedger:
    """Implements ``Ledger`` by asking the other process; one connection a call."""

    def __init__(self, path: Path, prefix: str = "") -> None:
        self._path = str(path)
        self._prefix = prefix

    @property
    def lots(self) -> Any:
        """The other ledger's lots."""
        return SocketLedger(Path(self._path), "lots.")

    def close(self) -> None:
        """Connections end with their call."""

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: object, **named: object) -> Any:
            if name != "send":  # as a client does: a read may be asked again
                with suppress(LedgerUnavailableError):
                    return once(*arguments, **named)
            return once(*arguments, **named)

        def once(*arguments: object, **named: object) -> Any:
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(_ANSWER_S)
                    connection.connect(self._path)
                    _write(connection, (self._prefix + name, arguments, named))
                    good, answer = _read(connection)
            except (OSError, EOFError) as error:
                if name == "send":
                    raise OutcomeUnknownError(
                        "ledger.outcome_unknown", "connection lost", transaction_id=b""
                    ) from error
                raise LedgerUnavailableError("ledger.unavailable", "connection lost") from error
            if not good:
                raise _error(answer)
            return answer

        return ask


def _error(told: tuple[type[ProvenanceError], str, str, dict[str, Any]]) -> ProvenanceError:
    kind, code, message, facts = told
    if kind is OutcomeUnknownError:
        return OutcomeUnknownError(code, message, transaction_id=TransactionId(b""))
    error = kind(code, message)
    error.__dict__.update(facts)
    return error


class _Server:
    def __init__(self, ledger: Ledger, share: float, seed: int) -> None:
        self._ledger = ledger
        self._share = share
        self._random = Random(seed)
        self.counts = {"calls": 0, "lost_before": 0, "lost_after": 0, "reorganised": 0}

    def answer(self, connection: socket.socket) -> None:
        name, arguments, named = _read(connection)
        if name.startswith("test_"):
            _write(connection, (True, getattr(self, name)(*arguments)))
            return
        self.counts["calls"] += 1
        draw = self._random.random()
        if draw < self._share / 2:
            self.counts["lost_before"] += 1
            return
        try:
            answer: tuple[bool, Any] = True, attrgetter(name)(self._ledger)(*arguments, **named)
        except ProvenanceError as error:
            told = (type(error), error.code, error.message, dict(error.__dict__))
            answer = False, told
        if draw < self._share:
            self.counts["lost_after"] += 1
            return
        _write(connection, answer)

    def test_share(self, share: float) -> None:
        """From now on, this share of calls fails."""
        self._share = share
        self.counts = dict.fromkeys(self.counts, 0)

    def test_counts(self) -> dict[str, int]:
        """What was asked and lost."""
        return self.counts

    def mine_for_ever(self, chain: FakeLedger, period_s: float) -> None:
        """Seal blocks; now and then the last one is replaced."""
        while True:
            time.sleep(period_s)
            chain.mine(limit=self._random.choice((1, 2, 1000)))
            if self._random.random() < 0.05:
                chain.reorganise(1, keep=self._random.random() < 0.5)
                self.counts["reorganised"] += 1
            if self._random.random() < 0.02:
                chain.drop_pool()
            if self._random.random() < 0.03:
                chain.min_fee = self._random.choice((0, 3, 6)) * GWEI


def serve(ledger: Ledger, path: Path, *, share: float, seed: int, period_s: float = 0.0) -> None:
    """Answer for ever, losing ``share`` of the calls; the caller ends the process.

    The fake chain is mined, reorganised and made dearer every ``period_s`` on the side.
    """
    server = _Server(ledger, share, seed)
    if isinstance(ledger, FakeLedger):
        mining = threading.Thread(target=server.mine_for_ever, args=(ledger, period_s), daemon=True)
        mining.start()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(_ANSWER_S)
                try:
                    server.answer(connection)
                except (OSError, EOFError):
                    continue  # the node was killed in the middle
