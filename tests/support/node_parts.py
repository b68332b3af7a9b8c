"""A member's node in parts, on a store on disk and the fake chain."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import START_S, FakeLedger
from veta.model.anchoring import BatchKind
from veta.model.consortium import Role
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.ports.ledger import Ledger
from veta.ports.store import StatementRecord, StoreIdentity
from veta.services.anchor import BatchAnchorer
from veta.services.outbox import Outbox, OutboxReport
from veta.services.planning import OutboxPolicy, TransactionPlanner
from veta.store.sql_store import SqlStore, open_store

MINE = MemberId(7)
MINE_DID = "did:web:mine.example"


@dataclass
class ManualClock:
    """Time that moves only when it is told to."""

    wall_s: int = START_S
    passed_s: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now_s(self) -> UnixSeconds:
        """Wall clock."""
        return UnixSeconds(self.wall_s)

    def monotonic_s(self) -> float:
        """Seconds since the test began."""
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.passed_s += seconds


def mining_ledger(
    account: FakeAccount, *, automine: bool = True, finality: int = 0, has_lots: bool = False
) -> FakeLedger:
    """A chain with one member, its funded account and four other voters."""
    ledger = FakeLedger(automine=automine, finality_depth=finality, has_lots=has_lots)
    ledger.admit(MINE, MINE_DID, roles=Role.MINER)
    ledger.bind_account(MINE, account.address)
    return ledger


def identity_of(ledger: Ledger, member: MemberId | None = MINE) -> StoreIdentity:
    """What a store on this chain is of."""
    chain = ledger.identity()
    contracts = {code.name: code.address for code in chain.contracts}
    return StoreIdentity(chain.chain_id, chain.genesis_digest, contracts, member)


def record(
    number: int, kind: BatchKind = BatchKind.PASSPORT, issuer: int = MINE
) -> StatementRecord:
    """A statement whose leaf is right, without a signature."""
    payload = b'{"n":%d,"k":%d}' % (number, kind)
    return StatementRecord(
        leaf=Leaf(sha256(b"\0" + payload).digest()),
        issuer=MemberId(issuer),
        kind=kind,
        credential_id=f"urn:example:{kind}:{number}",
        subject=f"lot-{number % 10}",
        payload=payload,
        token=b"e30." + urlsafe_b64encode(payload).rstrip(b"=") + b".e30",
        created_s=UnixSeconds(START_S + number),
    )


@dataclass
class Parts:
    """The parts of one node."""

    ledger: FakeLedger
    account: FakeAccount
    clock: ManualClock
    store: SqlStore
    planner: TransactionPlanner
    outbox: Outbox
    anchorer: BatchAnchorer

    def add(self, count: int, *, start: int = 0, kind: BatchKind = BatchKind.PASSPORT) -> None:
        """Put statements into the store."""
        with self.store.write() as work:
            work.add_statements([record(n, kind) for n in range(start, start + count)])

    def steps(self, count: int = 1) -> list[OutboxReport]:
        """Run the loop."""
        reports = []
        for _ in range(count):
            reports.append(self.outbox.step())
            self.clock.sleep(6)
        return reports


def make_planner(
    store: SqlStore,
    ledger: FakeLedger,
    account: FakeAccount,
    policy: OutboxPolicy | None = None,
) -> TransactionPlanner:
    """The planner of the member's account."""
    return TransactionPlanner(
        store=store,
        ledger=ledger,
        signer=account,
        member=MINE,
        chain_id=ledger.chain_id,
        policy=policy,
    )


def make_parts(
    folder: Path,
    *,
    ledger: FakeLedger | None = None,
    automine: bool = True,
    finality: int = 0,
    policy: OutboxPolicy | None = None,
    most_leaves: int = 1_000_000,
) -> Parts:
    """A node in ``folder``; call again with the same folder and ledger to restart it."""
    account = FakeAccount("mine")
    chain = ledger or mining_ledger(account, automine=automine, finality=finality)
    store = open_store(folder / "node.db", identity_of(chain), create=True)
    clock = ManualClock()
    planner = make_planner(store, chain, account, policy)
    anchorer = BatchAnchorer(planner, most_leaves=most_leaves)
    return Parts(chain, account, clock, store, planner, Outbox(planner, clock), anchorer)
