"""Is this the pinned chain, with the pinned contracts? Asked at start and on every reconnect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from veta.chain.rpc import block_ref, garbage, octets, quantity
from veta.chain.web3_packages import keccak
from veta.errors import ConfigError, LedgerMismatchError
from veta.model.anchoring import ChainIdentity, ContractCode
from veta.model.identifiers import Digest
from veta.model.trust import ContractSet, TrustConfig

Question = tuple[str, tuple[Any, ...]]
"""A JSON-RPC method and its parameters."""
Ask = Callable[[Sequence[Question]], list[Any]]
"""The results of some questions, in their order, from one particular connection."""


def one_by_one(ask: Callable[..., Any]) -> Ask:
    """An ``Ask`` from ``ask(method, *parameters) -> result``."""
    return lambda questions: [ask(method, *parameters) for method, parameters in questions]


def current_contracts(trust: TrustConfig) -> ContractSet:
    """The set that counts now: the last one, which must not have ended.

    Raises:
        ConfigError: ``config.no_contracts``.
    """
    if not trust.contract_sets or trust.contract_sets[-1].to_block is not None:
        raise ConfigError("config.no_contracts", "the trust configuration has no current contracts")
    return trust.contract_sets[-1]


def ask_identity(ask: Ask, contracts: tuple[ContractCode, ...]) -> ChainIdentity:
    """What the endpoint says it is, asked all at once.

    Raises:
        LedgerUnavailableError: as ``ask``, or ``ledger.garbage``.
    """
    chain_id, first_block, *codes = ask([
        ("eth_chainId", ()),
        ("eth_getBlockByNumber", ("0x0", False)),
        *(("eth_getCode", ("0x" + each.address.hex(), "latest")) for each in contracts),
    ])  # fmt: skip
    genesis = block_ref(first_block)
    if genesis.number != 0:
        raise garbage("the genesis block")
    return ChainIdentity(
        quantity(chain_id, "the chain id", 64),
        genesis.digest,
        tuple(
            ContractCode(each.name, each.address, Digest(keccak(octets(code, "code"))))
            for each, code in zip(contracts, codes, strict=True)
        ),
    )


def require_identity(found: ChainIdentity, trust: TrustConfig) -> None:
    """Compare with what is pinned.

    Raises:
        LedgerMismatchError: ``ledger.wrong_chain``, ``ledger.wrong_genesis``,
            ``ledger.wrong_code``.
    """
    if found.chain_id != trust.chain_id:
        raise LedgerMismatchError(
            "ledger.wrong_chain",
            f"the endpoint answers for chain {found.chain_id}, not {trust.chain_id}",
        )
    if found.genesis_digest != trust.genesis_digest:
        raise LedgerMismatchError(
            "ledger.wrong_genesis",
            f"the endpoint's chain began with block {found.genesis_digest.hex()}, "
            f"not {trust.genesis_digest.hex()}",
        )
    pinned = {contract.address: contract for contract in current_contracts(trust).contracts}
    for contract in found.contracts:
        if contract.code_digest != pinned[contract.address].code_digest:
            empty = contract.code_digest == keccak(b"")
            raise LedgerMismatchError(
                "ledger.wrong_code",
                f"at 0x{contract.address.hex()} there is {'no' if empty else 'another'} contract "
                f"in the place of {contract.name}",
            )
