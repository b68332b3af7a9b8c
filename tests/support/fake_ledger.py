"""An in-memory chain behind the whole ``Ledger`` port, with switches for all that goes wrong.

It mines blocks out of a pool of real signed transactions, keeps the state after each block,
includes reverted calls as failed receipts, replaces by fee, reorganises, and loses questions or
answers when told to. It is a fake, not a mock: the port's conformance suite runs on it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tests.support.fake_accounts import RawTransaction, decode_raw
from tests.support.fake_faults import CLIENT_WORDS, Faults
from tests.support.fake_governance import FakeGovernance, SystemCall
from tests.support.fake_lots import FakeLots, LotWorld
from tests.support.fake_world import (
    ADDRESS,
    CONTRACTS,
    LOT_CONTRACTS,
    STATEMENT_LOG,
    EmittedLog,
    Reverted,
    Scene,
    World,
    keccak256,
)
from veta.chain.revert import code_of
from veta.errors import (
    ConfigError,
    LedgerError,
    LedgerUnavailableError,
    OutcomeUnknownError,
    TransactionRevertedError,
)
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    ContractCode,
    StatusEntry,
    StatusReason,
)
from veta.model.consortium import (
    ActiveAccount,
    KeyEntry,
    Member,
    MembershipEntry,
)
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
from veta.ports.ledger import Call, EventHead, FeeQuote, LedgerEvent, Receipt
from veta.ports.lots import LotLedger

R = TypeVar("R")
GAS_USED: Final = 52_000
GWEI: Final = 10**9
START_S: Final = UnixSeconds(1_790_000_000)


@dataclass(frozen=True, slots=True)
class _Block:
    ref: BlockRef
    world: World
    events: tuple[LedgerEvent, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    transactions: tuple[bytes, ...] = ()
    system: tuple[SystemCall, ...] = ()


class FakeLedger(FakeGovernance):
    """Implements ``Ledger``; methods below the line are for tests.

    Attributes:
        faults: see ``Faults``.
        automine: a send is in a block at once.
        finality_depth: blocks on top that make a block final; 0 = the head is final.
        min_fee: wei; a transaction that offers less stays in the pool.
        words: one of ``CLIENT_WORDS``.
    """

    def __init__(
        self,
        *,
        chain_id: int = 1337,
        automine: bool = True,
        finality_depth: int = 0,
        genesis_time_s: UnixSeconds = START_S,
        block_period_s: int = 1,
        salt: str = "genesis",
        has_lots: bool = False,
    ) -> None:
        self.chain_id = chain_id
        self.automine = automine
        self.finality_depth = finality_depth
        self.block_period_s = block_period_s
        self.min_fee = 0
        self.words = CLIENT_WORDS["geth"]
        self.faults = Faults()
        self.calls: list[str] = []
        self._skew_s = 0
        self._fork = 0
        self._lock = threading.RLock()
        genesis = keccak256(f"{chain_id} {salt}".encode())
        ref = BlockRef(BlockNumber(0), genesis, Digest(bytes(32)), genesis_time_s)
        self._lots = FakeLots(self) if has_lots else None
        self._blocks = [_Block(ref, World(lots=LotWorld() if has_lots else None))]
        self._pool: dict[tuple[AccountAddress, int], bytes] = {}

    # -- LedgerReader ------------------------------------------------------------------------

    def identity(self) -> ChainIdentity:
        """Chain id, genesis and code digests."""
        codes = tuple(
            ContractCode(name, ADDRESS[name], keccak256(b"code of " + name.encode()))
            for name in (*CONTRACTS, *(LOT_CONTRACTS if self._lots else ()))
        )
        return self._ask(
            lambda: ChainIdentity(self.chain_id, self._blocks[0].ref.digest, codes), "identity"
        )

    def head(self) -> BlockRef:
        """The newest block."""
        return self._ask(lambda: self._blocks[-1].ref, "head")

    def final_head(self) -> BlockRef:
        """The newest block with ``finality_depth`` blocks on top."""
        return self._ask(
            lambda: self._blocks[max(0, len(self._blocks) - 1 - self.finality_depth)].ref,
            "final_head",
        )

    def block(self, number: BlockNumber) -> BlockRef | None:
        """The block of this number."""
        return self._ask(
            lambda: self._blocks[number].ref if number < len(self._blocks) else None, "block"
        )

    def events(self, block: BlockRef) -> tuple[LedgerEvent, ...]:
        """All logs of the block."""
        return self._ask(lambda: self._at(block).events, "events")

    def event_head(self, contract: str, block: BlockRef) -> EventHead:
        """Event count and head."""
        return self._ask(lambda: self._at(block).world.heads[contract], "event_head")

    def member_id(self, identifier: str, block: BlockRef) -> MemberId | None:
        """The member of this DID."""

        def find() -> MemberId | None:
            members = self._at(block).world.members.values()
            return next((m.member for m in members if m.identifier == identifier), None)

        return self._ask(find, "member_id")

    def member(self, member: MemberId, block: BlockRef) -> Member | None:
        """A member."""
        return self._ask(lambda: self._at(block).world.members.get(member), "member")

    def membership(self, member: MemberId, block: BlockRef) -> tuple[MembershipEntry, ...]:
        """Its membership list."""
        return self._ask(lambda: self._at(block).world.membership.get(member, ()), "membership")

    def keys(self, member: MemberId, block: BlockRef) -> tuple[KeyEntry, ...]:
        """Its key list."""
        return self._ask(lambda: self._at(block).world.keys.get(member, ()), "keys")

    def account(self, address: AccountAddress, block: BlockRef) -> ActiveAccount | None:
        """Who the account acts for at the block."""
        return self._ask(lambda: self._at(block).world.account(address, block.time_s), "account")

    def anchor(self, issuer: MemberId, root: BatchRoot, block: BlockRef) -> AnchorRecord | None:
        """The anchor; what only the event tells (``anchored_by``, ``block``) is left out."""

        def find() -> AnchorRecord | None:
            record = self._at(block).world.anchors.get((issuer, root))
            return record and replace(record, anchored_by=None, block=None)

        return self._ask(find, "anchor")

    def next_sequence(self, issuer: MemberId, block: BlockRef) -> int:
        """The issuer's next sequence number."""
        return self._ask(
            lambda: self._at(block).world.sequences.get(issuer, 0) + 1, "next_sequence"
        )

    def status(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> tuple[StatusEntry, ...]:
        """The status list."""
        return self._ask(lambda: self._at(block).world.status.get((issuer, leaf), ()), "status")

    # -- LedgerWriter ------------------------------------------------------------------------

    @staticmethod
    def _call(purpose: str, **arguments: object) -> Call:
        octets = json.dumps({"call": purpose, **arguments}, sort_keys=True).encode()
        return Call(ADDRESS[STATEMENT_LOG], octets, 120_000, purpose)

    def encode_anchor(self, *, sequence: int, root: BatchRoot, size: int, kind: BatchKind) -> Call:
        """Anchor a batch."""
        return self._call("anchor", sequence=sequence, root=root.hex(), size=size, kind=int(kind))

    def encode_revoke(
        self, *, issuer: MemberId, leaf: Leaf, reason: StatusReason, effective_s: UnixSeconds
    ) -> Call:
        """Revoke a statement."""
        return self._call(
            "revoke", issuer=issuer, leaf=leaf.hex(), reason=int(reason), effective_s=effective_s
        )

    def encode_supersede(self, *, leaf: Leaf, by_leaf: Leaf) -> Call:
        """Replace a statement."""
        return self._call("supersede", leaf=leaf.hex(), related=by_leaf.hex())

    def encode_reaffirm(self, *, leaf: Leaf) -> Call:
        """Stand by a statement."""
        return self._call("reaffirm", leaf=leaf.hex())

    def encode_dispute(self, *, issuer: MemberId, leaf: Leaf, grounds: Digest) -> Call:
        """Open a dispute."""
        return self._call("dispute", issuer=issuer, leaf=leaf.hex(), related=grounds.hex())

    def nonce(self, account: AccountAddress, block: BlockRef | None = None) -> int:
        """Transactions of the account that are in blocks."""

        def count() -> int:
            world = self._world if block is None else self._at(block).world
            return world.nonces.get(account, 0)

        return self._ask(count, "nonce")

    def fees(self) -> FeeQuote:
        """A quote a little above the minimum."""
        return self._ask(
            lambda: FeeQuote(max(self.min_fee, GWEI) * 2, max(self.min_fee, GWEI) // 10), "fees"
        )

    def balance_wei(self, account: AccountAddress) -> int:
        """The account's balance."""
        return self._ask(lambda: self._world.balances.get(account, 0), "balance_wei")

    def simulate(self, call: Call, sender: AccountAddress) -> None:
        """Run at the head, keep nothing."""

        def run() -> None:
            scene = Scene(sender, BlockNumber(len(self._blocks)), self._next_time_s())
            try:
                self._world.copy().run(call.data, scene)
            except Reverted as refusal:
                shown = ", ".join(f"{name}={value!r}" for name, value in refusal.arguments.items())
                raise TransactionRevertedError(
                    code_of(refusal.error_name),
                    f"the contract refuses to {call.purpose}: {refusal.error_name}({shown})",
                    error_name=refusal.error_name,
                    arguments=refusal.arguments,
                ) from None

        self._ask(run, "simulate")

    def send(self, raw: bytes) -> None:
        """Take into the pool, or refuse in the words of the client."""
        with self._lock:
            self.calls.append("send")
            sent = decode_raw(raw)
            if self.faults.strikes(self.faults.before):
                raise self._unknown(sent, "connection refused")
            word = None if self.faults.drop_sends else self._take(sent, raw)
            if self.automine and word is None:
                self.mine()
            if word is not None:
                raise self._unknown(sent, self.words[word])
            if self.faults.strikes(self.faults.after):
                raise self._unknown(sent, "connection reset by peer")

    def receipt(self, transaction_id: TransactionId) -> Receipt | None:
        """The receipt on the present chain."""

        def find() -> Receipt | None:
            found = (r for b in reversed(self._blocks) for r in b.receipts)
            return next((r for r in found if r.transaction_id == transaction_id), None)

        return self._ask(find, "receipt")

    @property
    def lots(self) -> LotLedger:
        """The lots' side of it, on a chain that has one."""
        if self._lots is None:
            raise ConfigError("config.no_contract", "the trust configuration pins no LotBook")
        return self._lots

    def close(self) -> None:
        """Nothing to release."""

    # -- inside ------------------------------------------------------------------------------

    def ask_world(self, block: BlockRef, answer: Callable[[World], R], name: str) -> R:
        """A question about the state at a block."""
        return self._ask(lambda: answer(self._at(block).world), name)

    def sent_data(self, transaction_id: TransactionId) -> bytes:
        """Calldata of an included transaction, nothing of an unknown one."""
        raws = (decode_raw(raw) for block in self._blocks for raw in block.transactions)
        found = (raw.data for raw in raws if raw.transaction_id == transaction_id)
        return self._ask(lambda: next(found, b""), "transaction")

    @property
    def _world(self) -> World:
        return self._blocks[-1].world

    def _ask(self, answer: Callable[[], R], name: str) -> R:
        with self._lock:
            self.calls.append(name)
            if self.faults.strikes(self.faults.before):
                raise LedgerUnavailableError("ledger.unavailable", "connection refused")
            value = answer()
            if self.faults.strikes(self.faults.after):
                raise LedgerUnavailableError("ledger.unavailable", "connection reset by peer")
            return value

    @staticmethod
    def _unknown(sent: RawTransaction, words: str) -> LedgerError:
        return OutcomeUnknownError(
            "ledger.outcome_unknown", words, transaction_id=sent.transaction_id
        )

    def _at(self, block: BlockRef) -> _Block:
        if block.number < len(self._blocks) and self._blocks[block.number].ref == block:
            return self._blocks[block.number]
        raise LedgerUnavailableError(
            "ledger.unknown_block", f"block {block.number} is not on the endpoint's chain"
        )

    def _take(self, sent: RawTransaction, raw: bytes) -> str | None:
        place = (sent.sender, sent.nonce)
        pooled = self._pool.get(place)
        if pooled == raw:
            return "known"
        if sent.nonce < self._world.nonces.get(sent.sender, 0):
            return "low"
        if sent.gas_limit * sent.max_fee > self._world.balances.get(sent.sender, 0):
            return "funds"
        if pooled is not None:
            old = decode_raw(pooled)
            dear = sent.max_fee * 10 >= old.max_fee * 11
            if not (dear and sent.max_priority_fee * 10 >= old.max_priority_fee * 11):
                return "underpriced"
        self._pool[place] = raw
        return None

    def _next_time_s(self) -> UnixSeconds:
        return UnixSeconds(self._blocks[-1].ref.time_s + self.block_period_s + self._skew_s)

    def _minable(self, world: World) -> bytes | None:
        for (sender, nonce), raw in sorted(self._pool.items()):
            offered = decode_raw(raw)
            funded = offered.gas_limit * offered.max_fee <= world.balances.get(sender, 0)
            if nonce == world.nonces.get(sender, 0) and offered.max_fee >= self.min_fee and funded:
                del self._pool[sender, nonce]
                return raw
        return None

    def _seal(self, system: tuple[SystemCall, ...] = (), *, limit: int = 1_000) -> BlockRef:
        parent = self._blocks[-1].ref
        number = BlockNumber(parent.number + 1)
        time_s, self._skew_s = self._next_time_s(), 0
        world = self._world.copy()
        logs: list[tuple[TransactionId, EmittedLog]] = []
        outcomes: list[tuple[TransactionId, bool]] = []
        raws: list[bytes] = []
        for place, call in enumerate(system):
            origin = TransactionId(keccak256(f"system {number} {place}".encode()))
            logs += [
                (origin, log)
                for log in call(world, Scene(AccountAddress(bytes(20)), number, time_s))
            ]
        while len(raws) < limit and (raw := self._minable(world)) is not None:
            raws.append(raw)
            sent = decode_raw(raw)
            world.nonces[sent.sender] = sent.nonce + 1
            world.balances[sent.sender] -= GAS_USED * sent.max_fee
            try:
                emitted = world.run(sent.data, Scene(sent.sender, number, time_s))
            except Reverted:
                outcomes.append((sent.transaction_id, False))
                continue
            outcomes.append((sent.transaction_id, True))
            logs += [(sent.transaction_id, log) for log in emitted]
        seal = repr((parent.digest, number, time_s, raws, len(system), self._fork)).encode()
        ref = BlockRef(number, keccak256(seal), parent.digest, time_s)
        events = tuple(
            LedgerEvent(log.contract, number, i, origin, log.topics, log.data, log.body)
            for i, (origin, log) in enumerate(logs)
        )
        receipts = tuple(Receipt(t, ref, ok, GAS_USED) for t, ok in outcomes)
        self._blocks.append(_Block(ref, world, events, receipts, tuple(raws), system))
        return ref

    # -- for tests -----------------------------------------------------------------------------

    def mine(self, count: int = 1, *, limit: int = 1_000) -> BlockRef:
        """Seal ``count`` blocks with at most ``limit`` transactions each."""
        with self._lock:
            for _ in range(count):
                self._seal(limit=limit)
            return self._blocks[-1].ref

    def advance(self, seconds: int) -> None:
        """The next block is that much later."""
        self._skew_s += seconds

    def reorganise(self, depth: int, *, keep: bool = True, longer_by: int = 1) -> None:
        """Replace the last ``depth`` blocks; ``keep`` includes their transactions again."""
        with self._lock:
            if not 0 < depth < len(self._blocks):
                raise ValueError("no such depth")
            dropped = self._blocks[-depth:]
            del self._blocks[-depth:]
            self._fork += 1
            if keep:
                for raw in (raw for block in dropped for raw in block.transactions):
                    sent = decode_raw(raw)
                    self._pool.setdefault((sent.sender, sent.nonce), raw)
            system = tuple(call for block in dropped for call in block.system)
            self._seal(system)
            for _ in range(depth - 1 + longer_by):
                self._seal()

    def drop_pool(self) -> None:
        """The endpoint forgets what is not in a block."""
        with self._lock:
            self._pool.clear()

    @property
    def pool_size(self) -> int:
        """Transactions that wait."""
        return len(self._pool)

    def as_consortium(self, call: SystemCall) -> BlockRef:
        """Run a governance step in a block of its own."""
        with self._lock:
            return self._seal((call,), limit=0)
