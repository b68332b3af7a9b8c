"""How fast a follower makes committed rows of lots' logs; floor: parsing the same JSON alone.

The logs of a history like that of ``lot_store``, as an endpoint would answer them, in blocks of
about 500. An endpoint of this process hands out what it parsed: the follower asks, decodes, folds
the event heads, compares them, and writes. Of the floors one is the parser that the node uses, the
other Python's own.
"""

from __future__ import annotations

import hashlib
import json
import time
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

LOTS, LOTS_A_BLOCK = 6_000, 100
NAMES = ("Consortium", "StatementLog", "Registry", "Assurance", "LotLaws", "LotBook", "Custody")
ROUNDS = 3
_CODE = b"\x60\x00"


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name."""
    return {"following_lots": following()}


def following() -> dict[str, float | int]:
    """Logs a second into committed rows, beside logs a second parsed."""
    provider = Answers.of(history()[:LOTS])
    parts: tuple[Callable[[], None], ...] = (
        lambda: provider.parse(orjson.loads),
        lambda: provider.parse(json.loads),
        lambda: follow(provider),
    )
    least = [float("inf")] * len(parts)
    for _ in range(ROUNDS):
        for at, work in enumerate(parts):
            started = time.perf_counter()
            work()
            least[at] = min(least[at], time.perf_counter() - started)
    fast, usual, took = least
    return {
        "logs": provider.count,
        "blocks": len(provider.texts),
        "octets_a_log": sum(map(len, provider.texts.values())) // provider.count,
        "parsed_a_second": round(provider.count / fast),
        "parsed_a_second_by_python": round(provider.count / usual),
        "followed_a_second": round(provider.count / took),
        "rate_to_parsing": round(fast / took, 3),
        "rate_to_parsing_by_python": round(usual / took, 3),
        "floor": 0.35,
    }


def follow(provider: Answers) -> None:
    """Everything into a new store on disk."""
    with stored(None) as store:
        ledger = Web3Ledger(provider, provider.trust)
        report = Follower(store=store, ledger=ledger, contracts=NAMES).follow()
        assert report.at_head


@dataclass
class Answers(BaseProvider):
    """An endpoint with the answers of a made-up chain."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)
    """By block: the answer to ``eth_getLogs``, as JSON."""
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    """By block and contract: the answer to ``eventHead``."""
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
                        _extend(heads, log)
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


def _extend(heads: dict[str, tuple[int, bytes]], log: dict[str, Any]) -> None:
    name = next(each for each in NAMES if _address(each) == log["address"])
    count, head = heads[name]
    topics = b"".join(bytes.fromhex(each[2:]) for each in log["topics"])
    inner = keccak_256(topics + bytes.fromhex(log["data"][2:])).digest()
    heads[name] = (count + 1, keccak_256(head + inner).digest())


def _address(name: str) -> str:
    return _hex(bytes([NAMES.index(name) + 1]) * 20)


def _hex(octets: bytes) -> str:
    return "0x" + octets.hex()
