"""The answer to ``eth_getLogs`` for one block, taken apart; the same refusals whatever the pace.

A follower that catches up reads millions of logs. So the hex of a log's topics and data is decoded
in one piece, and what is the same in log after log (address, transaction) is decoded once.
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
_MARKS: Final = tuple("0x" * (topics + 1) for topics in range(_MOST_TOPICS + 1))
"""What stands before the digits, by the number of topics: of each, and of the data."""
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
    """Octets of all topics and of the data, out of one decoding."""
    if not isinstance(topics, (list, tuple)) or len(topics) > _MOST_TOPICS:
        raise garbage("a log")
    pieces = (*topics, data)
    try:
        decoded = unhexlify("".join([piece[2:] for piece in pieces]))
        marks = "".join([piece[:2] for piece in pieces])
        sizes = [len(topic) for topic in topics]
    except (TypeError, ValueError) as error:
        raise garbage("a log") from error
    if marks != _MARKS[len(sizes)] or sizes != [_TOPIC_DIGITS] * len(sizes):
        raise garbage("a log")
    end = 32 * len(topics)
    if len(decoded) - end > _MAX_LOG_DATA_OCTETS:
        raise LedgerUnavailableError("ledger.too_large", "a log is larger than any contract's")
    return tuple([decoded[at : at + 32] for at in range(0, end, 32)]), decoded[end:]
