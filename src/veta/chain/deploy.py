"""Deploys ``Consortium`` and the contracts that go by it, and says what to pin.

The contracts are the deploying account's next transactions, so their addresses are known before
anything is sent: the consortium is told them when it is made, and a broken-off deployment is taken
up where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import rlp  # type: ignore[import-untyped]  # has no annotations

from veta.chain.caller import ContractCaller
from veta.chain.consortium import ConsortiumGateway
from veta.chain.contract_abi import artifact
from veta.chain.governance import Admission, GovernanceRules
from veta.chain.identity import ask_identity, one_by_one
from veta.chain.rpc import LATEST, RpcClient
from veta.chain.transactions import (
    account_nonce,
    code_at,
    fee_quote,
    find_receipt,
    require_block,
    send_raw,
    transaction_id_of,
)
from veta.chain.web3_packages import BaseProvider, keccak
from veta.errors import (
    ConfigError,
    LedgerError,
    LedgerUnavailableError,
    OutcomeUnknownError,
    TransactionRevertedError,
)
from veta.model.anchoring import BlockRef, ChainIdentity, ContractCode
from veta.model.identifiers import AccountAddress, BlockNumber, Digest, TransactionId
from veta.model.trust import ContractSet, TrustConfig
from veta.ports.clock import Clock
from veta.ports.keys import TransactionSigner
from veta.ports.ledger import Receipt

CONTRACT_SET: Final[dict[str, tuple[str, ...]]] = {
    "StatementLog": ("Consortium",),
    "Registry": ("Consortium",),
    "Assurance": ("Consortium", "Registry"),
    "LotLaws": (),
    "LotBook": ("Consortium", "Registry", "Assurance", "LotLaws", "StatementLog"),
    "Custody": ("Consortium",),
    "LotNotices": ("Consortium", "LotBook"),
    "SiteNotices": ("Consortium", "Assurance"),
}
"""What follows the consortium, in this order, and whose addresses each constructor takes."""

_CREATION_GAS: Final = 20_000_000
_WAIT_S: Final = 120.0
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Deployment:
    """Contracts that are on the chain now."""

    identity: ChainIdentity
    from_block: BlockNumber
    """Block of the first contract; what came before is not theirs."""

    def trust(self, name: str) -> TrustConfig:
        """The first trust configuration of a network with these contracts."""
        return TrustConfig(
            number=1,
            previous_digest=None,
            name=name,
            chain_id=self.identity.chain_id,
            genesis_digest=self.identity.genesis_digest,
            contract_sets=(ContractSet(self.from_block, None, self.identity.contracts),),
        )


def contract_address(creator: AccountAddress, nonce: int) -> AccountAddress:
    """Address of the contract an account creates with this nonce (Yellow Paper, section 7)."""
    return AccountAddress(keccak(rlp.encode([creator, nonce]))[12:])


def deploy(
    provider: BaseProvider,
    signer: TransactionSigner,
    members: tuple[Admission, ...],
    rules: GovernanceRules,
    clock: Clock,
    *,
    first_nonce: int = 0,
) -> Deployment:
    """Create all contracts, or finish what an earlier call began.

    Args:
        provider: the chain.
        signer: an account with funds whose ``first_nonce`` is the consortium's.
        members: the genesis members, in the order of their ids.
        rules: of the votes.
        clock: waits between questions.
        first_nonce: 0 for an account made for this.

    Raises:
        ConfigError: ``config.deployer_used`` when the account did something else with these
            nonces, or deployed for other members.
        LedgerError: the chain cannot be asked, refuses, or does not include in time.
    """
    steps = _Steps(RpcClient(provider), signer, clock)
    addresses = {
        name: contract_address(signer.address, first_nonce + i)
        for i, name in enumerate(("Consortium", *CONTRACT_SET))
    }
    reservations = [(name.encode("ascii"), addresses[name]) for name in CONTRACT_SET]
    code = artifact("Consortium").creation_code(
        [member.abi() for member in members], rules.abi(), reservations
    )
    first = steps.create(first_nonce, addresses["Consortium"], code)
    steps.require_members(addresses["Consortium"], members)
    for name in CONTRACT_SET:
        steps.require_reserved(addresses["Consortium"], name, addresses[name])
    # All of these at once: on a chain with a block a second they are there in two.
    steps.create_all(
        first_nonce + 1,
        [
            (addresses[name], artifact(name).creation_code(*(addresses[each] for each in takes)))
            for name, takes in CONTRACT_SET.items()
        ],
    )
    identity = ask_identity(
        one_by_one(steps.client.ask),
        tuple(
            ContractCode(name, address, Digest(bytes(32))) for name, address in addresses.items()
        ),
    )
    return Deployment(identity, first)


class _Steps:
    def __init__(self, client: RpcClient, signer: TransactionSigner, clock: Clock) -> None:
        self.client = client
        self._signer = signer
        self._clock = clock
        self._chain_id = int(client.ask("eth_chainId"), 16)

    def create(self, nonce: int, address: AccountAddress, code: bytes) -> BlockNumber:
        """Create a contract unless it is there; returns the first block that has it."""
        if code_at(self.client, address):
            return self._first_block_of(address)
        self._require_next(nonce)
        return self._created(self._send(nonce, code), address).block.number

    def create_all(
        self, first_nonce: int, contracts: Sequence[tuple[AccountAddress, bytes]]
    ) -> None:
        """Create contracts of consecutive nonces unless they are there, all sent before any wait.

        Args:
            first_nonce: of the first one.
            contracts: address and creation code of each.
        """
        sent: list[tuple[TransactionId, AccountAddress]] = []
        for nonce, (address, code) in enumerate(contracts, start=first_nonce):
            if sent or not code_at(self.client, address):
                if not sent:
                    self._require_next(nonce)
                sent.append((self._send(nonce, code), address))
        for transaction_id, address in sent:
            self._created(transaction_id, address)

    def _require_next(self, nonce: int) -> None:
        done = account_nonce(self.client, self._signer.address)
        if done != nonce:
            raise ConfigError(
                "config.deployer_used",
                f"account 0x{self._signer.address.hex()} is at nonce {done}, not {nonce}",
            )

    def _send(self, nonce: int, code: bytes) -> TransactionId:
        fees = fee_quote(self.client)
        raw = self._signer.sign_transaction(
            chain_id=self._chain_id,
            nonce=nonce,
            to=None,
            data=code,
            gas_limit=_CREATION_GAS,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
        )
        transaction_id = transaction_id_of(raw)
        try:
            send_raw(self.client, raw)
        except OutcomeUnknownError as error:
            self._wait(transaction_id, error)
        return transaction_id

    def _created(self, transaction_id: TransactionId, address: AccountAddress) -> Receipt:
        receipt = self._wait(transaction_id, None)
        if not receipt.succeeded or not code_at(self.client, address):
            raise LedgerUnavailableError(
                "ledger.deployment_failed", f"the contract at 0x{address.hex()} was not created"
            )
        return receipt

    def require_members(self, consortium: AccountAddress, members: tuple[Admission, ...]) -> None:
        """The consortium there is this one."""
        gateway = ConsortiumGateway(self._consortium(consortium))
        head = self._head()
        try:
            found = [gateway.member_id(member.identifier, head) for member in members]
        except TransactionRevertedError:
            found = []  # it is no consortium at all
        if found != list(range(1, len(members) + 1)):
            raise ConfigError(
                "config.deployer_used", f"0x{consortium.hex()} is not this network's consortium"
            )

    def require_reserved(
        self, consortium: AccountAddress, name: str, address: AccountAddress
    ) -> None:
        """The consortium was told this address of the contract."""
        (found,) = self._consortium(consortium).read(
            "contractAt", name.encode("ascii"), block=self._head()
        )
        if AccountAddress(bytes.fromhex(found[2:])) != address:
            raise ConfigError(
                "config.deployer_used", f"0x{consortium.hex()} has its {name} at {found}"
            )

    def _consortium(self, address: AccountAddress) -> ContractCaller:
        return ContractCaller(self.client, artifact("Consortium"), address)

    def _head(self) -> BlockRef:
        return require_block(self.client.ask("eth_getBlockByNumber", LATEST, False), "head")

    def _first_block_of(self, address: AccountAddress) -> BlockNumber:
        before, has = -1, int(self._head().number)
        while has - before > 1:
            middle = (before + has) // 2
            if code_at(self.client, address, hex(middle)):
                has = middle
            else:
                before = middle
        return BlockNumber(has)

    def _wait(self, transaction_id: TransactionId, doubt: LedgerError | None) -> Receipt:
        deadline = self._clock.monotonic_s() + (_POLL_S * 5 if doubt else _WAIT_S)
        while True:
            receipt = find_receipt(self.client, transaction_id)
            if receipt is not None:
                return receipt
            if self._clock.monotonic_s() > deadline:
                raise doubt or LedgerUnavailableError(
                    "ledger.timeout", f"no block included the deployment in {_WAIT_S:.0f} s"
                )
            self._clock.sleep(_POLL_S)
