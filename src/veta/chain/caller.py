"""One contract at one address: reads at a named block, and encoded calls."""

from __future__ import annotations

from typing import Any, Final

from veta.chain.calldata import read_calldata
from veta.chain.contract_abi import Artifact
from veta.chain.revert import reverted
from veta.chain.rpc import RpcClient, octets, refused_request, revert_data
from veta.chain.transactions import call_of_transaction
from veta.errors import LedgerUnavailableError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import AccountAddress, TransactionId
from veta.ports.ledger import Call

MAX_PAGES: Final = 64


class ContractCaller:
    """Speaks a contract's ABI."""

    def __init__(self, client: RpcClient, contract: Artifact, address: AccountAddress) -> None:
        self._client = client
        self._contract = contract
        self.address = address
        self.name = contract.name
        self.keeps_events = "eventHead" in contract.functions
        """A contract without state of its own emits nothing."""

    def read(self, function: str, *arguments: object, block: BlockRef) -> tuple[Any, ...]:
        """A view function's outputs at the very block (EIP-1898), by its digest.

        Raises:
            TransactionRevertedError: the contract refuses.
            LedgerUnavailableError: as ``RpcClient.ask``.
        """
        request = {
            "to": "0x" + self.address.hex(),
            "data": "0x" + self._contract.calldata(function, *arguments).hex(),
        }
        where = {"blockHash": "0x" + block.digest.hex(), "requireCanonical": True}
        result, error = self._client.respond("eth_call", request, where)
        if error is not None:
            data = revert_data(error)
            if data is not None:
                raise reverted(data, f"answer {function}")
            raise refused_request("eth_call", error)
        return self._contract.results(function, octets(result, "eth_call"))

    def read_list(
        self, function: str, *arguments: object, block: BlockRef, page: int = 256
    ) -> list[Any]:
        """All entries of an append-only list that is read in pages (first, count)."""
        entries: list[Any] = []
        for _ in range(MAX_PAGES):
            (found,) = self.read(function, *arguments, len(entries), page, block=block)
            entries.extend(found)
            if len(found) < page:
                return entries
        raise LedgerUnavailableError(
            "ledger.too_large", f"{self.name}.{function} has more than {MAX_PAGES * page} entries"
        )

    def encode(self, function: str, *arguments: object, gas_limit: int, purpose: str) -> Call:
        """A call to put into a transaction."""
        data = self._contract.calldata(function, *arguments)
        return Call(self.address, data, gas_limit, purpose)

    def decode(self, to: AccountAddress, data: bytes) -> tuple[str, tuple[Any, ...]] | None:
        """Function and arguments of a call; ``None`` if it is none of this contract.

        Args:
            to: whom it calls.
            data: selector and arguments.
        """
        if to != self.address:
            return None
        try:
            return read_calldata(self._contract, data)
        except ValueError:
            return None

    def sent(self, transaction_id: TransactionId) -> tuple[str, tuple[Any, ...]] | None:
        """What a transaction called the contract with, as the endpoint has it: nothing proves it.

        ``None`` if the endpoint has no such transaction, or it calls something else: a contract of
        its sender's, for instance.

        Raises:
            LedgerUnavailableError: as ``RpcClient.ask``.
        """
        found = call_of_transaction(self._client, transaction_id)
        return None if found is None else self.decode(*found)
