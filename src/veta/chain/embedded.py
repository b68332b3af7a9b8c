"""The embedded chain: an EVM in this process whose blocks survive restart and kill -9.

eth-tester's chain (py-evm, London rules) over ``EmbeddedState``. Every transaction gets a block of
its own unless blocks are held back; a block is acknowledged after its one database transaction.
There is one sealer, so every block is final and the chain's only witness is whoever runs it: it
proves order and completeness to its owner, and nothing to anyone else.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from veta.chain.embedded_state import EmbeddedState, FileClaim, damaged, open_state
from veta.chain.evm_packages import (
    GENESIS_DIFFICULTY,
    GENESIS_MIX_HASH,
    GENESIS_NONCE,
    HeaderNotFound,
    KeyAPI,
    LondonVM,
    PyEVMBackend,
    TransactionNotFound,
    ValidationError,
    setup_tester_chain,
)
from veta.errors import InputError, StoreError
from veta.model.identifiers import AccountAddress, TransactionId, UnixSeconds

DEFAULT_CHAIN_ID: Final = 83_108
MAX_RAW_OCTETS: Final = 131_072
_FAUCET_WEI: Final = 10**30
_TRANSFER_GAS: Final = 21_000


@dataclass(frozen=True, slots=True)
class EmbeddedGenesis:
    """What a new embedded chain starts from.

    Attributes:
        chain_id: EIP-155 chain id.
        time_s: the genesis block's time; the reference chains are replayed on their own dates.
        faucet_secret: key of the account that holds all ether; random unless a test needs the
            same genesis digest twice.
    """

    chain_id: int = DEFAULT_CHAIN_ID
    time_s: UnixSeconds | None = None
    faucet_secret: bytes | None = None

    def __repr__(self) -> str:
        return f"EmbeddedGenesis(chain_id={self.chain_id}, time_s={self.time_s})"


class EmbeddedChain:
    """One embedded chain, open in this process only; safe to use from several threads.

    Attributes:
        holds_blocks: while true, transactions wait for ``mine`` and share a block. What waits is
            in memory only.
    """

    def __init__(
        self,
        state: EmbeddedState,
        chain: Any,
        claim: FileClaim | None,
        clock: Callable[[], float],
    ) -> None:
        self._state = state
        self._chain = chain
        self._claim = claim
        self._clock = clock
        self._lock = threading.RLock()
        self._next_time_s: int | None = None
        self._broken = False
        self.holds_blocks = False

    @classmethod
    def create(
        cls,
        path: Path | None,
        genesis: EmbeddedGenesis = EmbeddedGenesis(),
        clock: Callable[[], float] = time.time,
    ) -> EmbeddedChain:
        """Start a new chain at ``path``; ``None`` keeps it in memory only.

        Raises:
            StoreError: ``store.exists``, ``store.embedded_in_use``, ``store.missing`` (no such
                directory), ``store.full``.
        """
        claim = None if path is None else FileClaim(path)
        try:
            state = open_state(path, new=True)
            secret = genesis.faucet_secret or secrets.token_bytes(32)
            time_s = int(clock()) if genesis.time_s is None else genesis.time_s
            chain = _chain_class(genesis.chain_id).from_genesis(
                state, *_genesis(time_s, _address(secret))
            )
            state.commit(
                {
                    "chain_id": genesis.chain_id.to_bytes(8, "big"),
                    "faucet": secret,
                    "head": chain.get_canonical_head().hash,
                }
            )
        except BaseException:
            if claim:
                claim.release()
            raise
        return cls(state, chain, claim, clock)

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float] = time.time) -> EmbeddedChain:
        """Open an existing chain, after reading all of it once.

        Raises:
            StoreError: ``store.missing``, ``store.embedded_in_use``, ``store.damaged``.
        """
        if not path.exists():
            raise StoreError("store.missing", f"the embedded chain {path} is missing")
        claim = FileClaim(path)
        try:
            state = open_state(path, new=False)
            try:
                state.verify()
                chain = _chain_on(state)
            except BaseException:
                state.close()
                raise
        except BaseException:
            claim.release()
            raise
        return cls(state, chain, claim, clock)

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return int(self._chain.chain_id)

    @property
    def faucet(self) -> AccountAddress:
        """The account that holds all ether at genesis."""
        return _address(self._state.setting("faucet"))

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The py-evm chain, while nothing else touches it.

        Raises:
            StoreError: after a failed write that could not be recovered from.
        """
        with self._lock:
            if self._broken:
                raise StoreError("store.failed", "the embedded chain is closed")
            yield self._chain

    def set_next_block_time(self, time_s: UnixSeconds) -> None:
        """The time of the next block; later blocks count on from it or from the clock.

        Raises:
            InputError: ``input.block_time``: not after the head's time.
        """
        with self.reading() as chain:
            head = chain.get_canonical_head().timestamp
            if time_s <= head:
                raise InputError(
                    "input.block_time", f"block time {time_s} is not after the head's {head}"
                )
            self._next_time_s = time_s

    def send(self, raw: bytes) -> TransactionId:
        """Include a signed raw transaction; one that is included already stays where it is.

        Raises:
            InputError: ``transaction.refused``: undecodable, wrong nonce or chain, no funds.
            StoreError: ``store.full`` and others: no block was made.
        """
        with self.reading() as chain:
            if not 0 < len(raw) <= MAX_RAW_OCTETS:
                raise InputError("transaction.refused", "the transaction is empty or too large")
            try:
                transaction = chain.get_vm().get_transaction_builder().decode(raw)
                # py-evm does not compare a typed transaction's chain with its own.
                foreign = transaction.chain_id != chain.chain_id
                if not foreign and not self._is_included(chain, transaction.hash):
                    self._set_time()
                    chain.apply_transaction(transaction)
            except StoreError:
                self._recover()
                raise
            except Exception as error:  # py-evm raises whatever its layers raise
                raise InputError("transaction.refused", f"refused: {error}") from error
            if foreign:
                raise InputError("transaction.refused", "the transaction is of another chain")
            if not self.holds_blocks and chain.get_block().transactions:
                self.mine()
            return TransactionId(transaction.hash)

    def mine(self) -> None:
        """Close the block with what waits for it (nothing, too); returns when it is on disk.

        Raises:
            StoreError: ``store.full`` and others: no block was made, and what waited is dropped.
        """
        with self.reading() as chain:
            self._set_time()
            try:
                block = chain.mine_block()
                self._state.commit({"head": block.hash})
            except BaseException:
                self._recover()
                raise
            self._next_time_s = None

    def fund(self, account: AccountAddress, wei: int) -> TransactionId:
        """Give an account ether from the faucet, whose key never leaves this chain."""
        with self.reading() as chain:
            transfer = chain.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
                chain_id=self.chain_id,
                nonce=chain.get_vm().state.get_nonce(self.faucet),
                max_priority_fee_per_gas=1,
                max_fee_per_gas=2 * chain.header.base_fee_per_gas + 1,
                gas=_TRANSFER_GAS,
                to=account,
                value=wei,
                data=b"",
                access_list=(),
            )
            key = KeyAPI().PrivateKey(self._state.setting("faucet"))
            return self.send(transfer.as_signed_transaction(key).encode())

    def close(self) -> None:
        """Close the database and release the lock. Blocks held back are lost."""
        with self._lock:
            if self._broken:
                return
            self._broken = True
            self._state.close()
            if self._claim:
                self._claim.release()

    def _set_time(self) -> None:
        chain = self._chain
        if chain.get_block().transactions:
            return  # The block under way has its time.
        parent = chain.get_canonical_head().timestamp
        wanted = self._next_time_s if self._next_time_s is not None else int(self._clock())
        chain.set_header_timestamp(max(parent + 1, wanted))

    def _recover(self) -> None:
        """Go back to the last block on disk."""
        self._state.discard()
        try:
            self._chain = _chain_on(self._state)
        except Exception:
            self.close()
            raise

    @staticmethod
    def _is_included(chain: Any, transaction_id: bytes) -> bool:
        if any(waiting.hash == transaction_id for waiting in chain.get_block().transactions):
            return True
        try:
            chain.chaindb.get_transaction_index(transaction_id)
        except TransactionNotFound:
            return False
        return True


def _chain_on(state: EmbeddedState) -> Any:
    try:
        chain = _chain_class(int.from_bytes(state.setting("chain_id"), "big"))(state)
        head = chain.get_canonical_head()
        chain.get_vm(head).state.get_balance(bytes(20))
    except (HeaderNotFound, KeyError, ValidationError) as error:
        raise damaged("its head cannot be read") from error
    if head.hash != state.setting("head"):
        raise damaged("its head is not the last block that was acknowledged")
    return chain


def _chain_class(chain_id: int) -> Any:
    if not 0 < chain_id < 1 << 53:
        raise InputError("input.chain_id", f"{chain_id} is no chain id")
    _, template = setup_tester_chain(*_genesis(0, AccountAddress(bytes(20))), 1, ((0, LondonVM),))
    return type("EmbeddedLondonChain", (type(template),), {"chain_id": chain_id})


def _genesis(time_s: int, faucet: AccountAddress) -> tuple[dict[str, Any], dict[bytes, Any]]:
    parameters = PyEVMBackend.generate_genesis_params(
        {
            "timestamp": time_s,
            "difficulty": GENESIS_DIFFICULTY,
            "nonce": GENESIS_NONCE,
            "mix_hash": GENESIS_MIX_HASH,
        }
    )
    account = {"balance": _FAUCET_WEI, "nonce": 0, "code": b"", "storage": {}}
    return parameters, {faucet: account}


def _address(secret: bytes) -> AccountAddress:
    return AccountAddress(KeyAPI().PrivateKey(secret).public_key.to_canonical_address())
