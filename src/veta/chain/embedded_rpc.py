"""The embedded chain behind Ethereum JSON-RPC: what the web3 adapter asks for.

eth-tester's own provider loses revert data, knows no block by hash and searches logs and receipts
by walking the chain; here blocks are named by number or digest (EIP-1898), receipts come from the
index that is written with their block, and refusals carry data as real clients send it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from veta.chain.embedded import EmbeddedChain
from veta.chain.evm_packages import HeaderNotFound, TransactionNotFound
from veta.chain.web3_packages import BaseProvider, RPCEndpoint, RPCResponse, keccak
from veta.errors import InputError, LedgerUnavailableError, OutcomeUnknownError, StoreError
from veta.model.identifiers import TransactionId

_MAX_CALL_GAS: Final = 30_000_000
_MAX_LOG_BLOCKS: Final = 10_000
_TAGS: Final = frozenset({"latest", "pending", "safe", "finalized"})
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMETERS: Final = -32602
TRANSACTION_REJECTED: Final = -32003
REVERTED: Final = 3
INTERNAL: Final = -32603
UNKNOWN_BLOCK: Final = -32000


class EmbeddedProvider(BaseProvider):
    """A web3 provider that asks an embedded chain of this process."""

    def __init__(self, chain: EmbeddedChain) -> None:
        super().__init__()
        self._rpc = EmbeddedRpc(chain)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One JSON-RPC answer.

        Raises:
            LedgerUnavailableError: ``ledger.embedded_failed``: its database failed.
            OutcomeUnknownError: it failed while a transaction was written.
        """
        try:
            answer: Any = self._rpc.answer(method, params)
        except StoreError as error:
            words = f"the embedded chain cannot be used: {error}"
            if method == "eth_sendRawTransaction":
                # A block whose write failed may still be found on disk when it is opened again.
                raw = bytes.fromhex(params[0].removeprefix("0x"))
                raise OutcomeUnknownError(
                    "ledger.outcome_unknown", words, transaction_id=TransactionId(keccak(raw))
                ) from error
            raise LedgerUnavailableError("ledger.embedded_failed", words) from error
        return cast("RPCResponse", {"jsonrpc": "2.0", "id": 0, **answer})


class EmbeddedRpc:
    """Answers JSON-RPC 2.0 requests from an embedded chain."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "veta-embedded/1",
            "net_version": lambda: str(chain.chain_id),
            "eth_chainId": lambda: hex(chain.chain_id),
            "eth_blockNumber": lambda: hex(self._header("latest").block_number),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate_gas,
            "eth_getCode": self._code,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getStorageAt": self._storage_at,
            "eth_getLogs": self._logs,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_sendRawTransaction": self._send,
            "eth_gasPrice": lambda: hex(self._header("latest").base_fee_per_gas + 1),
            "eth_maxPriorityFeePerGas": lambda: hex(1),
        }

    def answer(self, method: str, parameters: list[Any]) -> dict[str, Any]:
        """``{"result": ...}`` or ``{"error": {"code", "message", "data"?}}``, JSON values only.

        Raises:
            StoreError: the chain's database failed; whoever serves this decides what to say.
        """
        function = self._methods.get(method)
        if function is None:
            return _refusal(METHOD_NOT_FOUND, f"the method {method} does not exist")
        try:
            with self._chain.reading():
                result = function(*parameters)
            return result.answer if isinstance(result, _Reverted) else {"result": result}
        except HeaderNotFound as error:
            return _refusal(UNKNOWN_BLOCK, str(error))
        except InputError as error:
            code = (
                TRANSACTION_REJECTED
                if error.code.startswith("transaction.")
                else INVALID_PARAMETERS
            )
            return _refusal(code, error.message)
        except StoreError:
            raise
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            return _refusal(INVALID_PARAMETERS, f"{type(error).__name__}: {error}")
        except RecursionError:
            return _refusal(INTERNAL, "the call is nested too deeply")

    def _header(self, block: Any) -> Any:
        with self._chain.reading() as chain:
            if isinstance(block, dict):
                if "blockHash" not in block:
                    return self._header(block["blockNumber"])
                return chain.get_block_header_by_hash(_octets(block["blockHash"], 32))
            head = chain.get_canonical_head()
            if block in _TAGS:
                return head
            number = 0 if block == "earliest" else int(block, 16)
            if not 0 <= number <= head.block_number:
                raise HeaderNotFound(f"no block {number}")
            return chain.get_canonical_block_header_by_number(number)

    def _state(self, block: Any) -> Any:
        header = self._header(block)
        with self._chain.reading() as chain:
            return chain.get_vm(header).state

    def _block_by_number(self, block: str, full: bool = False) -> dict[str, Any] | None:  # noqa: FBT001, FBT002 - JSON-RPC's own parameters
        try:
            return self._block(self._header(block), full=full)
        except HeaderNotFound:
            return None

    def _block_by_hash(self, digest: str, full: bool = False) -> dict[str, Any] | None:  # noqa: FBT001, FBT002 - JSON-RPC's own parameters
        return self._block_by_number({"blockHash": digest}, full)  # type: ignore[arg-type]

    def _block(self, header: Any, *, full: bool) -> dict[str, Any]:
        if full:
            raise ValueError("full transactions are not served")
        with self._chain.reading() as chain:
            transactions = chain.get_block_by_header(header).transactions
        return {
            "number": hex(header.block_number),
            "hash": _hex(header.hash),
            "parentHash": _hex(header.parent_hash),
            "nonce": _hex(header.nonce),
            "sha3Uncles": _hex(header.uncles_hash),
            "logsBloom": _hex(header.bloom.to_bytes(256, "big")),
            "transactionsRoot": _hex(header.transaction_root),
            "stateRoot": _hex(header.state_root),
            "receiptsRoot": _hex(header.receipt_root),
            "miner": _hex(header.coinbase),
            "mixHash": _hex(header.mix_hash),
            "difficulty": hex(header.difficulty),
            "extraData": _hex(header.extra_data),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "timestamp": hex(header.timestamp),
            "baseFeePerGas": hex(header.base_fee_per_gas),
            "transactions": [_hex(transaction.hash) for transaction in transactions],
            "uncles": [],
        }

    def _execute(self, call: dict[str, Any], block: Any) -> Any:
        header = self._header(block)
        sender = _octets(call.get("from", "0x" + "00" * 20), 20)
        target = _octets(call["to"], 20)
        with self._chain.reading() as chain:
            vm = chain.get_vm(header)
            return vm.execute_bytecode(
                origin=sender,
                gas_price=0,
                gas=min(int(call.get("gas", hex(_MAX_CALL_GAS)), 16), _MAX_CALL_GAS),
                to=target,
                sender=sender,
                value=int(call.get("value", "0x0"), 16),
                data=_octets(call.get("data", call.get("input", "0x"))),
                code=vm.state.get_code(target),
            )

    def _call(self, call: dict[str, Any], block: Any = "latest") -> str | _Reverted:
        computation = self._execute(call, block)
        if computation.is_error:
            return _Reverted(bytes(computation.output))
        return _hex(computation.output)

    def _estimate_gas(self, call: dict[str, Any], block: Any = "latest") -> str | _Reverted:
        computation = self._execute(call, block)
        if computation.is_error:
            return _Reverted(bytes(computation.output))
        data = _octets(call.get("data", call.get("input", "0x")))
        intrinsic = 21_000 + sum(16 if octet else 4 for octet in data)
        return hex((intrinsic + computation.get_gas_used()) * 3 // 2)

    def _code(self, account: str, block: Any = "latest") -> str:
        return _hex(self._state(block).get_code(_octets(account, 20)))

    def _balance(self, account: str, block: Any = "latest") -> str:
        return hex(self._state(block).get_balance(_octets(account, 20)))

    def _transaction_count(self, account: str, block: Any = "latest") -> str:
        return hex(self._state(block).get_nonce(_octets(account, 20)))

    def _storage_at(self, account: str, slot: str, block: Any = "latest") -> str:
        value = self._state(block).get_storage(_octets(account, 20), int(slot, 16))
        return _hex(value.to_bytes(32, "big"))

    def _send(self, raw: str) -> str:
        return _hex(self._chain.send(_octets(raw)))

    def _receipt(self, transaction_id: str) -> dict[str, Any] | None:
        with self._chain.reading() as chain:
            try:
                number, index = chain.chaindb.get_transaction_index(_octets(transaction_id, 32))
            except TransactionNotFound:
                return None
            block_receipts = self._receipts(chain.get_canonical_block_header_by_number(number))
        receipt: dict[str, Any] = block_receipts[index]
        return receipt

    def _transaction(self, transaction_id: str) -> dict[str, Any] | None:
        """An included transaction; what still waits for a block is not shown."""
        with self._chain.reading() as chain:
            try:
                number, index = chain.chaindb.get_transaction_index(_octets(transaction_id, 32))
            except TransactionNotFound:
                return None
            header = chain.get_canonical_block_header_by_number(number)
            transaction = chain.get_block_by_header(header).transactions[index]
        return {
            "hash": _hex(transaction.hash),
            "blockNumber": hex(number),
            "blockHash": _hex(header.hash),
            "transactionIndex": hex(index),
            "from": _hex(transaction.sender),
            "to": _hex(transaction.to) if transaction.to else None,
            "nonce": hex(transaction.nonce),
            "value": hex(transaction.value),
            "gas": hex(transaction.gas),
            "input": _hex(transaction.data),
            "type": "0x2",
        }

    def _receipts(self, header: Any) -> list[dict[str, Any]]:
        """Receipts of one block, with their logs numbered through the block."""
        with self._chain.reading() as chain:
            block = chain.get_block_by_header(header)
            receipts = block.get_receipts(chain.chaindb)
        place = {"blockNumber": hex(header.block_number), "blockHash": _hex(header.hash)}
        answers: list[dict[str, Any]] = []
        used, log_index = 0, 0
        for index, (transaction, receipt) in enumerate(
            zip(block.transactions, receipts, strict=True)
        ):
            common = place | {
                "transactionHash": _hex(transaction.hash),
                "transactionIndex": hex(index),
            }
            logs = []
            for log in receipt.logs:
                topics = [_hex(topic.to_bytes(32, "big")) for topic in log.topics]
                logs.append(
                    common
                    | {
                        "address": _hex(log.address),
                        "topics": topics,
                        "data": _hex(log.data),
                        "logIndex": hex(log_index),
                        "removed": False,
                    }
                )
                log_index += 1
            answers.append(
                common
                | {
                    "from": _hex(transaction.sender),
                    "to": _hex(transaction.to) if transaction.to else None,
                    "status": hex(int.from_bytes(receipt.state_root, "big")),
                    "gasUsed": hex(receipt.gas_used - used),
                    "cumulativeGasUsed": hex(receipt.gas_used),
                    "contractAddress": None,
                    "logs": logs,
                    "type": "0x2",
                }
            )
            used = receipt.gas_used
        return answers

    def _logs(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        addresses = query.get("address", [])
        wanted = {a.lower() for a in ([addresses] if isinstance(addresses, str) else addresses)}
        if query.get("topics"):
            raise ValueError("topics are not filtered here")
        return [
            log
            for header in self._log_headers(query)
            for receipt in self._receipts(header)
            for log in receipt["logs"]
            if not wanted or log["address"] in wanted
        ]

    def _log_headers(self, query: dict[str, Any]) -> list[Any]:
        if "blockHash" in query:
            return [self._header({"blockHash": query["blockHash"]})]
        first = self._header(query.get("fromBlock", "latest")).block_number
        last = self._header(query.get("toBlock", "latest")).block_number
        if last - first >= _MAX_LOG_BLOCKS:
            raise ValueError(f"at most {_MAX_LOG_BLOCKS} blocks")
        return [self._header(hex(number)) for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Reverted:
    """A call that its contract refused: an answer, with data."""

    output: bytes

    @property
    def answer(self) -> dict[str, Any]:
        return _refusal(REVERTED, "execution reverted", _hex(self.output))


def _refusal(code: int, message: str, data: str | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return {"error": error}


def _hex(octets: bytes) -> str:
    return "0x" + octets.hex()


def _octets(text: str, length: int | None = None) -> bytes:
    octets = bytes.fromhex(text.removeprefix("0x"))
    if length is not None and len(octets) != length:
        raise ValueError(f"{length} octets are needed")
    return octets
