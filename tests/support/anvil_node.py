"""A member's whole writing side against anvil: store on disk, real client over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.chain_scenes import ETHER, IMMEDIATE, Network, anvil, fund_anvil, network_on
from tests.support.chain_scenes import signer as account_of
from tests.support.node_parts import ManualClock, identity_of, record
from veta.chain.clock import SystemClock
from veta.chain.contract_abi import CONTRACT_NAMES
from veta.chain.endpoint import EndpointProvider
from veta.chain.ledger import Finality, Web3Ledger
from veta.model.anchoring import AnchorRecord, BatchKind
from veta.model.identifiers import AccountAddress, BlockNumber, MemberId
from veta.ports.ledger import Call
from veta.ports.store import Batch, OutboxEntry, StatementState
from veta.services.anchor import BatchAnchorer
from veta.services.follow import Follower
from veta.services.outbox import Outbox, OutboxReport
from veta.services.planning import OutboxPolicy, TransactionPlanner
from veta.store.sql_store import SqlStore, open_store

MINER = MemberId(1)
CONTRACTS = CONTRACT_NAMES
GWEI = 10**9


@dataclass
class Anvil:
    """The client's own cheats; blocks are made only by ``mine``."""

    provider: EndpointProvider
    network: Network

    def ask(self, method: str, *params: Any) -> Any:
        """One JSON-RPC result."""
        answer = self.answer(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    def answer(self, method: str, *params: Any) -> Any:
        """One JSON-RPC answer, whatever it is."""
        return self.provider.make_request(method, list(params))  # type: ignore[arg-type]  # anvil's own

    def mine(self, blocks: int = 1) -> None:
        """Make blocks of what waits."""
        for _ in range(blocks):
            self.ask("evm_mine")

    def set_balance(self, account: AccountAddress, wei: int) -> None:
        """Give or take away funds."""
        self.ask("anvil_setBalance", "0x" + account.hex(), hex(wei))

    def forget(self, transaction_id: bytes) -> None:
        """Lose a transaction out of the pool."""
        self.ask("anvil_dropTransaction", "0x" + transaction_id.hex())

    def forget_all(self) -> None:
        """Lose the whole pool."""
        self.ask("anvil_dropAllTransactions")

    def waiting(self) -> int:
        """Transactions in the pool."""
        status = self.ask("txpool_status")
        return int(status["pending"], 16) + int(status["queued"], 16)

    def words_to(self, raw: bytes) -> str:
        """What the client says to a transaction, in its own words; empty if it takes it."""
        answer = self.answer_to(raw)
        return str(answer.get("error", {}).get("message", ""))

    def answer_to(self, raw: bytes) -> Any:
        """The whole answer to a transaction."""
        return self.answer("eth_sendRawTransaction", "0x" + raw.hex())


@contextmanager
def quiet_anvil() -> Iterator[Anvil]:
    """A consortium on anvil that makes no block by itself."""
    with anvil() as url:
        provider = EndpointProvider((url,), SystemClock())
        try:
            chain = Anvil(provider, network_on(provider, fund_anvil(provider)))
            chain.ask("evm_setAutomine", False)
            yield chain
        finally:
            provider.close()


@dataclass
class AnvilNode:
    """The miner's node; time for the outbox moves only when it is told to."""

    chain: Anvil
    ledger: Web3Ledger
    clock: ManualClock
    store: SqlStore
    planner: TransactionPlanner
    outbox: Outbox
    anchorer: BatchAnchorer
    added: int = 0

    def anchor(self, statements: int = 3) -> Batch:
        """Store statements and plan their batch."""
        start, self.added = self.added, self.added + statements
        with self.store.write() as work:
            work.add_statements(
                [record(n, BatchKind.PASSPORT, MINER) for n in range(start, start + statements)]
            )
        report = self.anchorer.anchor()
        assert report.alarms == []
        (intent,) = report.planned
        assert isinstance(intent.subject, Batch)
        return intent.subject

    def step(self, after_s: float = 6.0) -> OutboxReport:
        """Let time pass, then one round."""
        self.clock.passed_s += after_s
        return self.outbox.step()

    def entries(self) -> tuple[OutboxEntry, ...]:
        """Every nonce that was ever given out."""
        with self.store.read() as work:
            return work.entries()

    def states(self) -> dict[StatementState, int]:
        """How many statements are in each state."""
        with self.store.read() as work:
            return {state: n for state, n in work.count_statements().items() if n}

    def settle(self, blocks: int = 1) -> OutboxReport:
        """Blocks and rounds until nothing is on its way."""
        for _ in range(40):
            report = self.step()
            if not report.pending and not report.waiting:
                return report
            self.chain.mine(blocks)
        raise AssertionError("the outbox does not come to an end")

    def anchors_on_chain(self) -> list[AnchorRecord]:
        """Every anchor that the chain's logs tell of, read again from the first block."""
        head = self.ledger.head().number
        blocks = [self.ledger.block(BlockNumber(number)) for number in range(head + 1)]
        return [
            event.body
            for block in blocks
            if block is not None
            for event in self.ledger.events(block)
            if isinstance(event.body, AnchorRecord)
        ]

    def assert_anchored_once(self) -> None:
        """Each batch is on the chain exactly once, in sequence, and nothing was lost."""
        with self.store.read() as work:
            batches = work.batches()
        assert self.states() == {StatementState.ANCHORED: self.added}
        anchored = [each for each in self.anchors_on_chain() if each.issuer == MINER]
        by_root = {each.root: each for each in anchored}
        assert len(by_root) == len(anchored)
        assert [each.sequence for each in anchored] == list(range(1, len(anchored) + 1))
        for batch in batches:
            assert by_root[batch.root].sequence == batch.sequence
            assert by_root[batch.root].size == batch.size

    def foreign(self, nonce: int, *, call: Call | None = None, tip: int = 3 * GWEI) -> bytes:
        """A transaction of the same key that the node knows nothing of."""
        account = account_of("miner")
        return account.sign_transaction(
            chain_id=self.ledger.identity().chain_id,
            nonce=nonce,
            to=account_of("stranger").address if call is None else call.to,
            data=b"" if call is None else call.data,
            gas_limit=21_000 if call is None else call.gas_limit,
            max_fee=20 * GWEI,
            max_priority_fee=tip,
            value=1 if call is None else 0,
        )

    def follower(self, store: SqlStore | None = None) -> Follower:
        """A follower into the node's store, or another."""
        return Follower(store=store or self.store, ledger=self.ledger, contracts=CONTRACTS)


@contextmanager
def node_on(
    chain: Anvil,
    folder: Path,
    *,
    finality: Finality = IMMEDIATE,
    policy: OutboxPolicy | None = None,
    ledger: Web3Ledger | None = None,
) -> Iterator[AnvilNode]:
    """The miner's node on its store in ``folder``; again with the same folder is a restart."""
    chosen = ledger or chain.network.ledger(finality)
    store = open_store(folder / "node.db", identity_of(chosen, MINER), create=True)
    clock = ManualClock()
    planner = TransactionPlanner(
        store=store,
        ledger=chosen,
        signer=account_of("miner"),
        member=MINER,
        chain_id=chosen.identity().chain_id,
        policy=policy,
    )
    try:
        yield AnvilNode(
            chain, chosen, clock, store, planner, Outbox(planner, clock), BatchAnchorer(planner)
        )
    finally:
        store.close()


FUNDS = 100 * ETHER
