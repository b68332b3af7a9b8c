"""Kill a working node at random moments, many times, and judge what is left.

The ledger lives in a process of its own. Nodes are forked from this one (imports are paid once),
work as a node does (issue, anchor, send, settle), say on a pipe what they promised, and are killed
after a random time. At the end one node finishes in peace, and ``judge`` compares every promise
with the store and with the chain.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.support.lot_parts import run_of
from veta.chain.clock import SystemClock
from veta.errors import ConflictError, LedgerError, LedgerUnavailableError
from veta.keys.signers import Es256kSigner
from veta.model.identifiers import Leaf, MemberId
from veta.ports.keys import TransactionSigner
from veta.ports.ledger import Ledger
from veta.ports.store import IntentState, StatementState, Store, StoreIdentity, TransactionState
from veta.services.anchor import BatchAnchorer, split_leaves
from veta.services.follow import Follower
from veta.services.issue import StatementIssuer
from veta.services.lot_reading import known_lot
from veta.services.lots import LotDesk
from veta.services.outbox import Outbox
from veta.services.planning import OutboxPolicy, TransactionPlanner
from veta.store.sql_store import open_store
from veta.trees import merkle_root

PATIENCE: Final = OutboxPolicy(resend_after_s=0.02, bump_after_s=0.04, most_in_flight=4)


@dataclass(frozen=True)
class Site:
    """Where a run happens."""

    database: Path
    identity: StoreIdentity
    member: MemberId
    identifier: str
    account: TransactionSigner
    connect: Callable[[], Ledger]
    lots: bool = False
    """Whether nodes make lots as well, and open them."""


@dataclass
class KillReport:
    """What a run did and what was found."""

    kills: int = 0
    promised: int = 0
    batches: int = 0
    runs: int = 0
    opened: int = 0
    sequence: int = 0
    nonces: int = 0
    attempts: int = 0
    reverted: int = 0
    displaced: int = 0
    settled_under_fire: int = 0
    """Nonces settled before the ledger became faultless."""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def _credential(identifier: str) -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
        ],
        "type": ["DigitalProductPassport", "VerifiableCredential"],
        "id": f"urn:uuid:{secrets.token_hex(16)}",
        "issuer": {"id": identifier, "name": "Mine"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": f"urn:lot:{secrets.token_hex(4)}"},
        "blind": secrets.token_urlsafe(16),
    }


def _work(site: Site, promises: int, *, until_idle: bool) -> None:
    """A node's life."""
    store = open_store(site.database, site.identity)
    clock = SystemClock()
    ledger = connected(site)
    planner = TransactionPlanner(
        store=store,
        ledger=ledger,
        signer=site.account,
        member=site.member,
        chain_id=site.identity.chain_id,
        policy=PATIENCE,
    )
    outbox, anchorer = Outbox(planner, clock), BatchAnchorer(planner, most_leaves=5)
    issuer = StatementIssuer(
        store=store,
        signer=Es256kSigner(b"\x07" * 32, check_each=False),
        clock=clock,
        member=site.member,
        identifier=site.identifier,
        check=lambda _: None,
    )
    desk = LotDesk.of(planner, issuer, clock, secrets.token_bytes) if site.lots else None
    while True:
        if not until_idle:
            for _ in range(secrets.randbelow(4)):
                issued = issuer.issue(_credential(site.identifier))
                os.write(promises, issued.leaf)
            if desk is not None:
                _move_lots(desk, planner)
        with suppress(LedgerError):
            anchorer.anchor()
        outbox.step()
        if until_idle and _idle(store, site.member):
            store.close()
            return
        time.sleep(0.002)


def _move_lots(desk: LotDesk, planner: TransactionPlanner) -> None:
    """Make a run now and then, and open what was made, as far as the chain can be asked."""
    with suppress(LedgerError, ConflictError):
        if secrets.randbelow(3) == 0:
            numbers = [secrets.token_hex(4) for _ in range(1 + secrets.randbelow(3))]
            at_s = planner.ledger.head().time_s
            desk.originator.originate(run_of(*numbers, at_s=at_s))
        names = [code.name for code in planner.ledger.identity().contracts]
        follower = Follower(
            store=planner.store, ledger=planner.ledger, contracts=names, blocks_at_once=2
        )
        for _ in range(20):
            with suppress(LedgerUnavailableError):
                if follower.step().at_head:
                    break
        with planner.store.read() as work:
            batches = [batch for _, batch in work.all_own_lot_batches()]
            lots = [batch.lots[0] for batch in batches if not work.opened_lot(batch.lots[0])]
        for lot in lots[:1]:
            desk.custodian.open(lot)


def connected(site: Site) -> Ledger:
    """The site's ledger, however often its first questions fail."""
    while True:
        with suppress(LedgerUnavailableError):
            return site.connect()


def _idle(store: Store, member: MemberId) -> bool:
    with store.read() as work:
        return not work.unbatched_kinds(member) and not work.intents(IntentState.OPEN)


def _life(site: Site, promises: int, *, until_idle: bool) -> None:
    code = 1
    try:
        _work(site, promises, until_idle=until_idle)
        code = 0
    finally:
        os._exit(code)


def run(
    site: Site,
    *,
    kills: int,
    seed: int,
    calm: Callable[[], object],
    longest_s: float = 0.3,
    least_settled: int = 0,
    progress: Callable[[int], None] | None = None,
) -> KillReport:
    """Kill ``kills`` nodes, let one finish, and judge.

    Args:
        site: the node's surroundings; its store exists.
        kills: how many.
        seed: of the moments.
        calm: makes the ledger faultless, for the last node.
        longest_s: a node lives at most this long.
        least_settled: go on, to four times as many kills, until killed nodes have settled so many
            nonces: on a busy machine short lives settle nothing, and show nothing.
        progress: called after each kill.
    """
    random = Random(seed)
    report = KillReport()
    began_s = time.monotonic()
    reading, writing = os.pipe()
    promised: set[bytes] = set()
    os.set_blocking(reading, False)
    while report.kills < kills or (report.kills < 4 * kills and _settled(site) < least_settled):
        child = os.fork()
        if child == 0:
            _life(site, writing, until_idle=False)
        time.sleep(random.uniform(0.001, longest_s))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            report.faults.append("a node died by itself")
            break
        report.kills += 1
        promised |= _drain(reading)
        if progress is not None:
            progress(report.kills)
    report.settled_under_fire = _settled(site)
    calm()
    child = os.fork()
    if child == 0:
        _life(site, writing, until_idle=True)
    _wait(child, 60.0, report)
    promised |= _drain(reading)
    os.close(reading)
    os.close(writing)
    report.promised = len(promised)
    judge(site, promised, report)
    report.seconds = time.monotonic() - began_s
    return report


def _settled(site: Site) -> int:
    store = open_store(site.database, site.identity)
    with store.read() as work:
        entries = work.entries()
    store.close()
    return sum(entry.state is not TransactionState.PENDING for entry in entries)


def _drain(reading: int) -> set[bytes]:
    octets = b""
    while True:
        try:
            octets += os.read(reading, 1 << 16)
        except BlockingIOError:
            return {octets[at : at + 32] for at in range(0, len(octets), 32)}


def _wait(child: int, longest_s: float, report: KillReport) -> None:
    deadline_s = time.monotonic() + longest_s
    while time.monotonic() < deadline_s:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if status:
                report.faults.append(f"the last node ended with status {status}")
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    report.faults.append("the last node could not finish")


def judge(site: Site, promised: set[bytes], report: KillReport) -> None:
    """Compare promises, store and chain; what differs is added to the report's faults."""
    ledger, faults = site.connect(), report.faults
    head = ledger.final_head()
    store = open_store(site.database, site.identity)
    with store.read() as work:
        states: Mapping[Leaf, StatementState] = {
            stored.record.leaf: stored.state for stored in work.all_statements()
        }
        batches = [
            (batch, split_leaves(work.batch_leaves(batch.number))) for batch in work.batches()
        ]
        entries = work.entries()
    drawn = _judge_lots(site, ledger, store, report) if site.lots else []
    store.close()
    faults += [f"lost: {leaf.hex()}" for leaf in promised - set(states)]
    faults += [
        f"{leaf.hex()} is {s}" for leaf, s in states.items() if s is not StatementState.ANCHORED
    ]
    placed = [leaf for _, leaves in batches for leaf in leaves]
    if len(placed) != len(set(placed)) or set(placed) != set(states):
        faults.append("a statement is in no batch or in two")
    sequences = []
    for batch, leaves in batches:
        record = ledger.anchor(site.member, batch.root, head)
        if merkle_root(leaves) != batch.root or record is None:
            faults.append(f"batch {batch.number} is not what is anchored")
        elif (record.size, record.sequence) != (batch.size, batch.sequence):
            faults.append(f"batch {batch.number} is anchored otherwise")
        else:
            sequences.append(record.sequence)
    sequences += drawn
    if sorted(sequences) != list(range(1, len(sequences) + 1)):
        faults.append("the sequence has a gap or a duplicate")
    if ledger.next_sequence(site.member, head) != len(sequences) + 1:
        faults.append("the chain has anchors that the store does not know")
    if [entry.nonce for entry in entries] != list(range(len(entries))):
        faults.append("the nonces have a gap or a duplicate")
    if ledger.nonce(site.account.address, head) != len(entries):
        faults.append("the chain has other transactions of the account")
    ledger.close()
    report.batches = len(batches)
    report.sequence = max(sequences, default=0)
    report.nonces = len(entries)
    report.attempts = sum(len(entry.attempts) for entry in entries)
    report.reverted = sum(entry.state is TransactionState.REVERTED for entry in entries)
    report.displaced = sum(entry.state is TransactionState.DISPLACED for entry in entries)


def _judge_lots(site: Site, ledger: Ledger, store: Store, report: KillReport) -> list[int]:
    """Runs and openings against the chain; the numbers that the runs drew."""
    names = [code.name for code in ledger.identity().contracts]
    Follower(store=store, ledger=ledger, contracts=names).follow()
    head = ledger.final_head()
    with store.read() as work:
        own = {batch.root: batch for _, batch in work.all_own_lot_batches()}
        issued = [batch.header for batch in work.lot_batches(site.member)]
        known = [known_lot(work, lot) for lot in work.lots_of(site.member)]
        left = [*work.intents(IntentState.OPEN), *work.intents(IntentState.HELD)]
    faults = report.faults
    faults += [f"intent {intent.number} is {intent.state}: {intent.message}" for intent in left]
    if {header.root for header in issued} != set(own) or len(issued) != len(own):
        faults.append("the chain has other lot batches than the store")
    for each in known:
        if ledger.lots.lot(each.lot, head) != each.record:
            faults.append(f"lot {each.lot.hex()[:8]} is not what was followed")
    report.runs, report.opened = len(issued), len(known)
    return [header.sequence for header in issued]
