"""How fast a follower makes committed rows of lots' logs; floor: parsing the same JSON alone.

The logs of a history like that of ``lot_store``, as an endpoint would answer them, in blocks of
about 500. An endpoint of this process hands out what it parsed: the follower asks, decodes, folds
the event heads, compares them, and writes. Of the floors one is the parser that the node uses, the
other Python's own. Beside them stands what no follower of these logs can do without: two hashes a
log, and the same rows written into the same tables by the driver, from values that are there
already. Times are of the processor, least of some rounds; making a store is not among them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from scripts.bench_parts.lot_store import ME, history, stored, told
from sha3 import keccak_256

from veta.chain.contract_abi import artifact
from veta.chain.ledger import Web3Ledger
from veta.chain.lot_values import abi_value
from veta.chain.web3_packages import BaseProvider, RPCEndpoint, RPCResponse, abi_encode
from veta.model.anchoring import ContractCode
from veta.model.identifiers import AccountAddress, BlockNumber, Digest
from veta.model.lot_events import LotBatch, LotEventBody, LotOpened, LotRun
from veta.model.trust import ContractSet, TrustConfig
from veta.services.follow import Follower
from veta.store.lot_schema import FOLLOWED_LOTS
from veta.store.lot_writing import driver
from veta.store.sql_store import SqlStore, SqlWork

LOTS, LOTS_A_BLOCK = 6_000, 100
NAMES = ("Consortium", "StatementLog", "Registry", "Assurance", "LotLaws", "LotBook", "Custody")
ROUNDS = 5
_CODE = b"\x60\x00"


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {"following_lots": following()}


def following() -> dict[str, float | int]:
    """Logs a second into committed rows, beside logs a second parsed."""
    provider = Answers.of(history()[:LOTS])
    least: defaultdict[str, float] = defaultdict(lambda: float("inf"))

    def timed(name: str, work: Callable[[], object]) -> None:
        started = time.process_time()
        work()
        least[name] = min(least[name], time.process_time() - started)

    for _ in range(ROUNDS):
        timed("orjson", lambda: provider.parse(orjson.loads))
        timed("json", lambda: provider.parse(json.loads))
        with stored(None) as store, stored(None) as other:
            ledger = Web3Ledger(provider, provider.trust)
            timed("follow", Follower(store=store, ledger=ledger, contracts=NAMES).follow)
            timed("hashes", provider.hash)
            rows = rows_of(store)
            timed("rows", lambda: write_again(other, rows))  # noqa: B023 - called in its turn
    each = {name: took / provider.count * 1e6 for name, took in least.items()}
    return {
        "logs": provider.count,
        "blocks": len(provider.texts),
        "rows": sum(map(len, rows.values())),
        "octets_a_log": sum(map(len, provider.texts.values())) // provider.count,
        "parsed_a_second": round(1e6 / each["orjson"]),
        "parsed_a_second_by_python": round(1e6 / each["json"]),
        "followed_a_second": round(1e6 / each["follow"]),
        "rate_to_parsing": round(each["orjson"] / each["follow"], 3),
        "rate_to_parsing_by_python": round(each["json"] / each["follow"], 3),
        "floor": 0.35,
        "us_a_log_parsed": round(each["orjson"], 2),
        "us_a_log_hashed_alone": round(each["hashes"], 2),
        "us_a_log_rows_written_alone": round(each["rows"], 2),
        "us_a_log_followed": round(each["follow"], 2),
        "most_that_parsing_hashing_writing_allow": round(
            each["orjson"] / (each["orjson"] + each["hashes"] + each["rows"]), 3
        ),
    }


Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(store: SqlStore) -> Rows:
    """All that was followed of lots, as the database holds it."""
    with store.read() as work:
        connection = _driver(work)
        return {
            name: connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608
            for name in FOLLOWED_LOTS
        }


def write_again(store: SqlStore, rows: Rows) -> None:
    """The same rows into the same tables of another store, and nothing but that."""
    with store.write() as work:
        connection = _driver(work)
        for name, each in rows.items():
            if each:
                places = ", ".join("?" * len(each[0]))
                connection.executemany(f"INSERT INTO {name} VALUES ({places})", each)  # noqa: S608


def _driver(work: object) -> sqlite3.Connection:
    """The database itself: nothing but a measurement looks at rows."""
    assert isinstance(work, SqlWork)
    return driver(work._connection)


@dataclass
class Answers(BaseProvider):
    """An endpoint with the answers of a made-up chain."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)
    """By block: the answer to ``eth_getLogs``, as JSON."""
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    """By block and contract: the answer to ``eventHead``."""
    emitted: list[bytes] = field(default_factory=list)
    """Of each log: topics and data, as the contract hashes them."""
    count: int = 0

    @classmethod
    def of(cls, edges: list[list[int]]) -> Answers:
        """The chain of a history."""
        made = cls()
        taken: dict[int, int] = {}
        heads = {name: (0, bytes(32)) for name in NAMES}
        for number in range(-(-len(edges) // LOTS_A_BLOCK) + 1):
            digest = _hex(hashlib.sha256(b"block %d" % number).digest())
            logs: list[dict[str, Any]] = []
            first = (number - 1) * LOTS_A_BLOCK
            for lot in range(max(first, 0), max(first + LOTS_A_BLOCK, 0)):
                for body in told(lot, edges[lot], taken):
                    for log in _logs(body):
                        place = {"blockNumber": hex(number), "blockHash": digest}
                        place |= {"transactionHash": digest, "transactionIndex": "0x0"}
                        logs.append(log | place | {"logIndex": hex(len(logs)), "removed": False})
                        made.emitted.append(_extend(heads, log))
            parent = made.blocks[-1]["hash"] if made.blocks else _hex(bytes(32))
            made.blocks.append(
                {"number": hex(number), "hash": digest, "parentHash": parent}
                | {"timestamp": hex(1_800_000_000 + number), "extraData": "0x"}
            )
            made.texts[digest] = orjson.dumps(logs)
            for name, (count, head) in heads.items():
                words = abi_encode(["uint64", "bytes32"], (count, head))
                made.heads[digest, _address(name)] = _hex(words)
            made.count += len(logs)
        return made

    @property
    def trust(self) -> TrustConfig:
        """What pins it."""
        codes = tuple(
            ContractCode(
                name,
                AccountAddress(bytes.fromhex(_address(name)[2:])),
                Digest(keccak_256(_CODE).digest()),
            )
            for name in NAMES
        )
        genesis = Digest(bytes.fromhex(self.blocks[0]["hash"][2:]))
        contracts = (ContractSet(BlockNumber(0), None, codes),)
        return TrustConfig(1, None, "bench", 1, genesis, contracts)

    def hash(self) -> None:
        """The event heads alone: two hashes a log over octets that are there already."""
        head = bytes(32)
        for octets in self.emitted:
            head = keccak_256(head + keccak_256(octets).digest()).digest()

    def parse(self, loads: Any) -> None:
        """All answers parsed."""
        for text in self.texts.values():
            loads(text)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One answer."""
        result = self._result(str(method), params)
        return {"jsonrpc": "2.0", "id": 1, "result": result}

    def _result(self, method: str, params: Any) -> Any:
        if method == "eth_getLogs":
            return orjson.loads(self.texts[params[0]["blockHash"]])
        if method == "eth_getBlockByNumber":
            number = len(self.blocks) - 1 if params[0] == "latest" else int(params[0], 16)
            return dict(self.blocks[number]) if number < len(self.blocks) else None
        if method == "eth_call":
            return self.heads[params[1]["blockHash"], params[0]["to"]]
        return {"eth_chainId": "0x1", "eth_getCode": _hex(_CODE)}[method]


def _logs(body: LotEventBody) -> Iterator[dict[str, Any]]:
    values: tuple[Any, ...]
    if isinstance(body, LotBatch):
        header = body.header
        values = (header.issuer, header.root, header, body.columns, body.sums, body.salt)
        yield _log("LotBook", "BatchIssued", values)
    elif isinstance(body, LotRun):
        for take in body.takes:
            values = (take.lot, ME, take.taken, take.amount, False)
            yield _log("Custody", "LotTaken", values)
        rest = (body.first_measured, body.reductions, body.draws, body.losses, body.emissions)
        run = (body.issuer, body.cause, body.kind, body.source, body.takes, *rest)
        yield _log("LotBook", "RunRecorded", run)
    elif isinstance(body, LotOpened):
        place = (body.lot, body.issuer, body.root, body.index, body.lot_key, body.statement_leaf)
        yield _log("Custody", "LotOpened", (*place, body.columns, body.quantities))


def _log(contract: str, name: str, values: tuple[Any, ...]) -> dict[str, Any]:
    event = artifact(contract).events[name]
    topics, types, data = [event.topic], [], []
    for each, type_, value in zip(event.inputs, event.input_types, values, strict=True):
        if each["indexed"]:
            topics.append(abi_encode([type_], [abi_value(value)]))
        else:
            types.append(type_)
            data.append(abi_value(value))
    octets = abi_encode(types, data)
    return {"address": _address(contract), "topics": list(map(_hex, topics)), "data": _hex(octets)}


def _extend(heads: dict[str, tuple[int, bytes]], log: dict[str, Any]) -> bytes:
    name = next(each for each in NAMES if _address(each) == log["address"])
    count, head = heads[name]
    topics = b"".join(bytes.fromhex(each[2:]) for each in log["topics"])
    emitted = topics + bytes.fromhex(log["data"][2:])
    inner = keccak_256(emitted).digest()
    heads[name] = (count + 1, keccak_256(head + inner).digest())
    return emitted


def _address(name: str) -> str:
    return _hex(bytes([NAMES.index(name) + 1]) * 20)


def _hex(octets: bytes) -> str:
    return "0x" + octets.hex()
