"""Sending raw transactions and finding out what became of them, on any client."""

from __future__ import annotations

from typing import Any, Final

from veta.chain.revert import reverted
from veta.chain.rpc import (
    LATEST,
    RpcClient,
    block_ref,
    garbage,
    octets,
    quantity,
    refused_request,
    revert_data,
)
from veta.chain.web3_packages import keccak
from veta.errors import LedgerUnavailableError, OutcomeUnknownError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import AccountAddress, TransactionId
from veta.ports.ledger import Call, FeeQuote, Receipt

_FALLBACK_TIP_WEI: Final = 1


def transaction_id_of(raw: bytes) -> TransactionId:
    """keccak-256 of the signed raw transaction (EIP-2718)."""
    return TransactionId(keccak(raw))


def send_raw(client: RpcClient, raw: bytes) -> None:
    """Hand a transaction over; returning means only that the endpoint took it.

    Raises:
        OutcomeUnknownError: ``ledger.outcome_unknown``: an error answer, whatever it says
            ("already known" and "nonce too low" may both mean that it is included), or a lost one.
        LedgerUnavailableError: it certainly did not leave this machine.
    """
    transaction_id = transaction_id_of(raw)
    result, error = client.respond("eth_sendRawTransaction", "0x" + raw.hex())
    if error is not None:
        code = error.get("code")
        raise OutcomeUnknownError(
            "ledger.outcome_unknown",
            "the endpoint did not take the transaction "
            f"(code {code if isinstance(code, int) else 'none'})",
            transaction_id=transaction_id,
        )
    if result != "0x" + transaction_id.hex():
        raise OutcomeUnknownError(
            "ledger.outcome_unknown",
            "the endpoint answered for another transaction",
            transaction_id=transaction_id,
        )


def find_receipt(client: RpcClient, transaction_id: TransactionId) -> Receipt | None:
    """The receipt on the endpoint's current chain.

    Raises:
        LedgerUnavailableError: as ``RpcClient.ask``; ``ledger.garbage`` for a receipt of another
            transaction or block.
    """
    answer = client.ask("eth_getTransactionReceipt", "0x" + transaction_id.hex())
    if answer is None:
        return None
    if not hasattr(answer, "get"):
        raise garbage("a receipt")
    if octets(answer.get("transactionHash"), "a receipt", 32) != transaction_id:
        raise garbage("a receipt")
    digest = octets(answer.get("blockHash"), "a receipt's block", 32)
    found = client.ask("eth_getBlockByHash", "0x" + digest.hex(), False)
    if found is None:
        return None  # its block left the chain between the two questions
    block = block_ref(found)
    if block.digest != digest:
        raise garbage("a receipt's block")
    return Receipt(
        transaction_id,
        block,
        succeeded=quantity(answer.get("status"), "a receipt's status", 1) == 1,
        gas_used=quantity(answer.get("gasUsed"), "a receipt's gas", 64),
    )


def call_of_transaction(
    client: RpcClient, transaction_id: TransactionId
) -> tuple[AccountAddress, bytes] | None:
    """Whom an included transaction calls, and with what; ``None`` if the endpoint has none such.

    The octets are the endpoint's word: whoever uses them holds them against something anchored.

    Raises:
        LedgerUnavailableError: as ``RpcClient.ask``; ``ledger.garbage`` for another transaction.
    """
    answer = client.ask("eth_getTransactionByHash", "0x" + transaction_id.hex())
    if answer is None:
        return None
    if not hasattr(answer, "get"):
        raise garbage("a transaction")
    if octets(answer.get("hash"), "a transaction", 32) != transaction_id:
        raise garbage("a transaction")
    to = answer.get("to")
    if to is None:
        return None  # it makes a contract
    address = AccountAddress(octets(to, "a transaction's target", 20))
    return address, octets(answer.get("input", answer.get("data")), "a transaction's input")


def fee_quote(client: RpcClient) -> FeeQuote:
    """Twice the base fee and the endpoint's tip (EIP-1559); base 0 where a chain has none.

    Raises:
        LedgerUnavailableError: as ``RpcClient.ask``.
    """
    latest = client.ask("eth_getBlockByNumber", LATEST, False)
    if not hasattr(latest, "get"):
        raise garbage("a block")
    base_fee = latest.get("baseFeePerGas")
    base = 0 if base_fee is None else quantity(base_fee, "the base fee")
    answer, error = client.respond("eth_maxPriorityFeePerGas")
    tip = _FALLBACK_TIP_WEI if error is not None else quantity(answer, "the priority fee")
    return FeeQuote(max_fee=2 * base + tip, max_priority_fee=tip)


def account_nonce(client: RpcClient, account: AccountAddress, at: Any = LATEST) -> int:
    """Transactions of the account that are included at the block."""
    answer = client.ask("eth_getTransactionCount", "0x" + account.hex(), at)
    return quantity(answer, "a nonce", 64)


def at_block(block: BlockRef) -> dict[str, Any]:
    """A block by its digest, which must be on the endpoint's chain (EIP-1898)."""
    return {"blockHash": "0x" + block.digest.hex(), "requireCanonical": True}


def simulate_call(client: RpcClient, call: Call, sender: AccountAddress) -> None:
    """Run a call at the head.

    Raises:
        TransactionRevertedError: with the contract's custom error.
        LedgerUnavailableError: as ``RpcClient.ask``.
    """
    request = {
        "from": "0x" + sender.hex(),
        "to": "0x" + call.to.hex(),
        "data": "0x" + call.data.hex(),
        "gas": hex(call.gas_limit),
    }
    _, error = client.respond("eth_call", request, LATEST)
    if error is None:
        return
    data = revert_data(error)
    if data is None:
        raise refused_request("eth_call", error)
    raise reverted(data, call.purpose)


def code_at(client: RpcClient, address: AccountAddress, block: str = LATEST) -> bytes:
    """Runtime code at a block's tag or number; empty where there is no contract."""
    return octets(client.ask("eth_getCode", "0x" + address.hex(), block), "code")


def require_block(answer: Any, what: str) -> BlockRef:
    """A block that must exist.

    Raises:
        LedgerUnavailableError: ``ledger.no_such_block``.
    """
    if answer is None:
        raise LedgerUnavailableError("ledger.no_such_block", f"the endpoint has no {what}")
    return block_ref(answer)
