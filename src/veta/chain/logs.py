"""The answer to ``eth_getLogs`` for one block, taken apart; the same refusals whatever the pace.

A follower that catches up reads millions of logs: what is the same in log after log (address,
transaction) is decoded once, and hex by the function that is strict and fast at once.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Mapping
from typing import Any, Final

from veta.chain.events import decode_body
from veta.chain.rpc import garbage, octets, quantity
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import AccountAddress, TransactionId
from veta.ports.ledger import LedgerEvent

_MAX_LOG_DATA_OCTETS: Final = 65_536
_MOST_TOPICS: Final = 4
_TOPIC_DIGITS: Final = 66
"""``0x`` and 32 octets."""


def read_logs(
    answer: Any, names: Mapping[AccountAddress, str], block: BlockRef
) -> tuple[LedgerEvent, ...]:
    """The logs of a block, by log index.

    Args:
        answer: of the endpoint.
        names: of the contracts that were asked for, by address.
        block: the very block that was asked for.

    Raises:
        LedgerUnavailableError: ``ledger.garbage``, ``ledger.too_large``.
    """
    if not isinstance(answer, (list, tuple)):
        raise garbage("eth_getLogs")
    reader = _LogReader(names, block)
    found = [reader.event(log) for log in answer]
    indices = [event.log_index for event in found]
    if len(set(indices)) != len(indices):
        raise garbage("eth_getLogs")
    if indices != sorted(indices):
        found.sort(key=lambda event: event.log_index)
    return tuple(found)


class _LogReader:
    """Reads the logs of one block."""

    def __init__(self, names: Mapping[AccountAddress, str], block: BlockRef) -> None:
        self._names = names
        self._block = block
        self._block_text = "0x" + block.digest.hex()
        self._contracts: dict[str, str] = {}
        self._transactions: dict[str, TransactionId] = {}

    def event(self, log: Any) -> LedgerEvent:
        """One log.

        Raises:
            LedgerUnavailableError: ``ledger.garbage``, ``ledger.too_large``.
        """
        if not hasattr(log, "get") or log.get("removed"):
            raise garbage("a log")
        get, block = log.get, self._block
        if get("blockHash") != self._block_text and (
            octets(get("blockHash"), "a log", 32) != block.digest
        ):
            raise garbage("a log")
        try:
            contract = self._contracts[get("address")]
            transaction_id = self._transactions[get("transactionHash")]
        except (KeyError, TypeError):  # the first of its kind, or nothing that could be one
            contract = self._contract(get("address"))
            transaction_id = self._transaction(get("transactionHash"))
        topics, data = _topics_and_data(get("topics"), get("data"))
        log_index = quantity(get("logIndex"), "a log", 32)
        body = decode_body(contract, topics, data, block)
        return LedgerEvent(contract, block.number, log_index, transaction_id, topics, data, body)

    def _contract(self, address: Any) -> str:
        name = self._names.get(AccountAddress(octets(address, "a log", 20)))
        if name is None:
            raise garbage("a log")
        self._contracts[address] = name
        return name

    def _transaction(self, text: Any) -> TransactionId:
        found = TransactionId(octets(text, "a log", 32))
        self._transactions[text] = found
        return found


def _topics_and_data(topics: Any, data: Any) -> tuple[tuple[bytes, ...], bytes]:
    """Octets of all topics and of the data: hex digits in pairs, and nothing else."""
    if not isinstance(topics, (list, tuple)) or len(topics) > _MOST_TOPICS:
        raise garbage("a log")
    read = []
    try:
        for topic in topics:
            if len(topic) != _TOPIC_DIGITS or topic[:2] != "0x":
                raise garbage("a log")
            read.append(unhexlify(topic[2:]))
        if data[:2] != "0x":
            raise garbage("a log")
        found = unhexlify(data[2:])
    except (TypeError, ValueError) as error:
        raise garbage("a log") from error
    if len(found) > _MAX_LOG_DATA_OCTETS:
        raise LedgerUnavailableError("ledger.too_large", "a log is larger than any contract's")
    return tuple(read), found
