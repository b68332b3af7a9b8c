"""The ``Ledger`` port over any web3 provider: embedded chain, devnet, consortium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from veta.chain.caller import ContractCaller
from veta.chain.clique import CliqueFinality, extra_of, genesis_sealers, read_header
from veta.chain.consortium import ConsortiumGateway
from veta.chain.contract_abi import artifact
from veta.chain.endpoint import EndpointProvider
from veta.chain.governance import GovernanceGateway
from veta.chain.identity import ask_identity, current_contracts, one_by_one, require_identity
from veta.chain.logs import read_logs
from veta.chain.lots import ChainLots
from veta.chain.rpc import LATEST, RpcClient, block_ref, garbage, octets, quantity
from veta.chain.statement_log import StatementLogGateway
from veta.chain.transactions import (
    account_nonce,
    at_block,
    fee_quote,
    find_receipt,
    require_block,
    send_raw,
    simulate_call,
)
from veta.chain.web3_packages import BaseProvider
from veta.errors import ConfigError, LedgerMismatchError, LedgerUnavailableError
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    StatusEntry,
    StatusReason,
)
from veta.model.consortium import ActiveAccount, KeyEntry, Member, MembershipEntry
from veta.model.identifiers import (
    AccountAddress,
    BatchRoot,
    BlockNumber,
    Digest,
    Leaf,
    MemberId,
    TransactionId,
    UnixSeconds,
)
from veta.model.trust import TrustConfig
from veta.ports.ledger import Call, EventHead, FeeQuote, LedgerEvent, Receipt


@dataclass(frozen=True, slots=True)
class Finality:
    """Which block can no longer change.

    Attributes:
        rule: ``immediate`` (one sealer, or QBFT), ``finalized`` (the client's own tag), or
            ``depth`` blocks on top, or ``clique``: floor(n / 2) + 1 different ones of n sealers on
            top. A chain whose first block is Clique's has that rule whatever is said here.
        depth: only for ``depth``.
        sealers: only for ``clique``; without them, those that the first block names.
    """

    rule: Literal["immediate", "finalized", "depth", "clique"] = "immediate"
    depth: int = 0
    sealers: tuple[AccountAddress, ...] = ()


class Web3Ledger:
    """One chain endpoint with the pinned contracts; implements ``ports.ledger.Ledger``.

    Args:
        provider: where to ask; closed by ``close``.
        trust: what the endpoint must be. Compared at once; an HTTP endpoint compares again on
            every new connection.
        finality: the network's rule.

    Raises:
        LedgerMismatchError: the endpoint is another chain, or has other contracts.
        LedgerUnavailableError: it cannot be asked.
    """

    def __init__(
        self, provider: BaseProvider, trust: TrustConfig, finality: Finality = Finality()
    ) -> None:
        self._provider = provider
        self._client = RpcClient(provider)
        self._finality = finality
        self._genesis_digest = trust.genesis_digest
        self._contracts = current_contracts(trust).contracts
        self._names = {contract.address: contract.name for contract in self._contracts}
        if isinstance(provider, EndpointProvider):
            provider.introduce_with(
                lambda ask: require_identity(ask_identity(ask, self._contracts), trust)
            )
        require_identity(self.identity(), trust)
        self._heads = {name: self._caller(name) for name in self._names.values()}
        self.consortium = ConsortiumGateway(self._caller("Consortium"))
        self.statement_log = StatementLogGateway(self._caller("StatementLog"))
        self.governance = GovernanceGateway(self._caller("Consortium"), trust.chain_id)
        self._lots: ChainLots | None = None
        self._seals: CliqueFinality | None = None
        self._seals_looked_for = False

    # -- LedgerReader -------------------------------------------------------------------------

    def identity(self) -> ChainIdentity:
        """Chain id, genesis digest and code digests of the pinned addresses, asked now."""
        return ask_identity(one_by_one(self._client.ask), self._contracts)

    def head(self) -> BlockRef:
        """The newest block."""
        return require_block(self._client.ask("eth_getBlockByNumber", LATEST, False), "head")

    def final_head(self) -> BlockRef:
        """The newest final block; the genesis block while nothing else is final."""
        if self._finality.rule == "finalized":
            return require_block(
                self._client.ask("eth_getBlockByNumber", "finalized", False), "finalized block"
            )
        clique = self._clique()
        if clique is None:
            head = final = self.head()
        else:
            answer = self._client.ask("eth_getBlockByNumber", LATEST, False)
            head, final = require_block(answer, "head"), clique.final(answer)
        wanted = max(0, head.number - self._finality.depth)
        if wanted >= final.number:
            return final
        block = self.block(BlockNumber(wanted))
        if block is None:
            raise LedgerUnavailableError("ledger.no_such_block", "the chain became shorter")
        return block

    def block(self, number: BlockNumber) -> BlockRef | None:
        """The block of this number on the endpoint's current chain."""
        answer = self._client.ask("eth_getBlockByNumber", hex(number), False)
        if answer is None:
            return None
        block = block_ref(answer)
        if block.number != number:
            raise garbage("a block by number")
        return block

    def events(self, block: BlockRef) -> tuple[LedgerEvent, ...]:
        """All logs of the pinned contracts in this very block, by log index."""
        query = {
            "blockHash": "0x" + block.digest.hex(),
            "address": ["0x" + address.hex() for address in self._names],
        }
        return read_logs(self._client.ask("eth_getLogs", query), self._names, block)

    def event_head(self, contract: str, block: BlockRef) -> EventHead:
        """Event count and head of a contract at the block; none before the contract was there."""
        caller = self._heads.get(contract)
        if caller is None:
            raise ConfigError("config.no_contract", f"there is no contract {contract}")
        if not caller.keeps_events:
            return EventHead(0, Digest(bytes(32)))
        try:
            count, head = caller.read("eventHead", block=block)
        except LedgerUnavailableError:
            if self._code(contract, block):
                raise
            return EventHead(0, Digest(bytes(32)))
        return EventHead(count, Digest(head))

    def member_id(self, identifier: str, block: BlockRef) -> MemberId | None:
        """The member of this DID."""
        return self.consortium.member_id(identifier, block)

    def member(self, member: MemberId, block: BlockRef) -> Member | None:
        """What never changes about a member."""
        return self.consortium.member(member, block)

    def membership(self, member: MemberId, block: BlockRef) -> tuple[MembershipEntry, ...]:
        """The member's whole membership list."""
        return self.consortium.membership(member, block)

    def keys(self, member: MemberId, block: BlockRef) -> tuple[KeyEntry, ...]:
        """The member's whole key list."""
        return self.consortium.keys(member, block)

    def account(self, address: AccountAddress, block: BlockRef) -> ActiveAccount | None:
        """The member and purpose of an account that is active at the block."""
        return self.consortium.account(address, block)

    def anchor(self, issuer: MemberId, root: BatchRoot, block: BlockRef) -> AnchorRecord | None:
        """The anchor under (issuer, root)."""
        return self.statement_log.anchor(issuer, root, block)

    def next_sequence(self, issuer: MemberId, block: BlockRef) -> int:
        """The sequence number that the issuer's next anchor must carry."""
        return self.statement_log.next_sequence(issuer, block)

    def status(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> tuple[StatusEntry, ...]:
        """The whole status list of (issuer, leaf)."""
        return self.statement_log.status(issuer, leaf, block)

    # -- LedgerWriter -------------------------------------------------------------------------

    def encode_anchor(self, *, sequence: int, root: BatchRoot, size: int, kind: BatchKind) -> Call:
        """Anchor a batch as the sender's member."""
        return self.statement_log.encode_anchor(sequence=sequence, root=root, size=size, kind=kind)

    def encode_revoke(
        self, *, issuer: MemberId, leaf: Leaf, reason: StatusReason, effective_s: UnixSeconds
    ) -> Call:
        """Revoke a statement; ``effective_s`` 0 means the block's time."""
        return self.statement_log.encode_revoke(
            issuer=issuer, leaf=leaf, reason=reason, effective_s=effective_s
        )

    def encode_supersede(self, *, leaf: Leaf, by_leaf: Leaf) -> Call:
        """Replace a statement of the sender's member by another."""
        return self.statement_log.encode_supersede(leaf=leaf, by_leaf=by_leaf)

    def encode_reaffirm(self, *, leaf: Leaf) -> Call:
        """Stand by a statement after a key was compromised."""
        return self.statement_log.encode_reaffirm(leaf=leaf)

    def encode_dispute(self, *, issuer: MemberId, leaf: Leaf, grounds: Digest) -> Call:
        """Open a dispute."""
        return self.statement_log.encode_dispute(issuer=issuer, leaf=leaf, grounds=grounds)

    def nonce(self, account: AccountAddress, block: BlockRef | None = None) -> int:
        """Number of transactions of the account that are included at the block or head."""
        return account_nonce(self._client, account, LATEST if block is None else at_block(block))

    def fees(self) -> FeeQuote:
        """What a transaction should offer now."""
        return fee_quote(self._client)

    def balance_wei(self, account: AccountAddress) -> int:
        """The account's balance at the head."""
        answer = self._client.ask("eth_getBalance", "0x" + account.hex(), LATEST)
        return quantity(answer, "a balance")

    def simulate(self, call: Call, sender: AccountAddress) -> None:
        """Run the call at the head without sending it."""
        simulate_call(self._client, call, sender)

    def send(self, raw: bytes) -> None:
        """Hand over a signed raw transaction."""
        send_raw(self._client, raw)

    def receipt(self, transaction_id: TransactionId) -> Receipt | None:
        """The receipt on the endpoint's current chain."""
        return find_receipt(self._client, transaction_id)

    @property
    def lots(self) -> ChainLots:
        """The lots' side of it.

        Raises:
            ConfigError: ``config.no_contract``: a chain of an older version pins no lot contracts.
        """
        if self._lots is None:
            self._lots = ChainLots(self._caller)
        return self._lots

    def close(self) -> None:
        """Release connections; an embedded chain stays open for whoever opened it."""
        close = getattr(self._provider, "close", None)
        if close is not None:
            close()

    def _clique(self) -> CliqueFinality | None:
        """The rule of a Clique chain, told by its first block; ``None`` on other chains."""
        if not self._seals_looked_for:
            self._seals = self._find_seals()
            self._seals_looked_for = True
        return self._seals

    def _find_seals(self) -> CliqueFinality | None:
        first = self._client.ask("eth_getBlockByNumber", "0x0", False)
        if not hasattr(first, "get"):
            raise garbage("the genesis block")
        named = genesis_sealers(extra_of(first))
        if self._finality.rule != "clique" and not named:
            return None
        if read_header(first).block.digest != self._genesis_digest:
            raise LedgerMismatchError(
                "ledger.wrong_genesis", "the endpoint's chain began with another block"
            )
        sealers = self._finality.sealers or named
        if not sealers:
            raise ConfigError(
                "config.no_sealers", "the chain's first block names no sealers: it is not Clique's"
            )
        return CliqueFinality(
            sealers,
            self._genesis_digest,
            lambda digest: self._client.ask("eth_getBlockByHash", "0x" + digest.hex(), False),
        )

    def _code(self, name: str, block: BlockRef) -> bytes:
        address = next(each.address for each in self._contracts if each.name == name)
        return octets(
            self._client.ask("eth_getCode", "0x" + address.hex(), at_block(block)), "code"
        )

    def _caller(self, name: str) -> ContractCaller:
        for contract in self._contracts:
            if contract.name == name:
                return ContractCaller(self._client, artifact(name), contract.address)
        raise ConfigError("config.no_contract", f"the trust configuration pins no {name}")
