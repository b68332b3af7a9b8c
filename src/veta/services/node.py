"""A node: one member's (or a mere reader's) services on one chain and one store, ready wired.

Faces call this and nothing deeper. Reading needs only a ledger; writing needs a store and keys, and
says so (``ForbiddenError node.read_only``) where the node has none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from veta.errors import ForbiddenError, LedgerError, NotFoundError
from veta.model.anchoring import BlockRef
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.determined import Determined, Known, Undetermined
from veta.model.identifiers import AccountAddress, Leaf, MemberId
from veta.model.lots import LotId
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock
from veta.ports.ledger import Ledger
from veta.ports.papers import PaperSource
from veta.ports.store import Store, StoredStatement
from veta.services.affected import Affected, AffectedDesk
from veta.services.anchor import BatchAnchorer, BundleDesk
from veta.services.compare import compare_on_chain
from veta.services.erase import EraseDesk
from veta.services.explain import explanation_json, parties_in
from veta.services.follow import Follower, FollowReport
from veta.services.issue import StatementIssuer
from veta.services.lot_bundles import LineageBundle, LotBundleDesk
from veta.services.lots import LotDesk, LotShelf
from veta.services.outbox import Outbox, OutboxReport
from veta.services.planning import Alarm
from veta.services.registry import NO_NAMES, RegistryShelf
from veta.services.revoke import StatusChanger
from veta.services.run_gathering import NOTHING, Withheld
from veta.services.status_list import StatusListDesk
from veta.services.verify import FactGatherer, verify_bundle, verify_many
from veta.verify.equivocation import Comparison
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verifier import Verifier

POLL_S: Final = 0.25
AHEAD_ALARM_S: Final = 5
"""A head that lies further ahead of the node's own clock than this is an alarm (ADR 0156)."""


@dataclass(frozen=True, slots=True)
class MemberDesk:
    """Everything that writes in one member's name."""

    member: MemberId
    identifier: str
    account: AccountAddress
    """The ``operate`` account whose transactions the outbox sends."""
    issuer: StatementIssuer
    anchorer: BatchAnchorer
    status: StatusChanger
    outbox: Outbox
    lots: LotDesk


@dataclass(frozen=True, slots=True)
class NodeHealth:
    """What an operator looks at first."""

    head: Determined[BlockRef]
    final: Determined[BlockRef]
    head_age_s: int | None
    pending: int
    """Transactions signed and not settled."""
    alarms: tuple[Alarm, ...]

    @property
    def ready(self) -> bool:
        """Whether verdicts can be given now."""
        return isinstance(self.final, Known)


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What became of everything that was on its way."""

    settled: bool
    """Nothing is pending, and nothing waits to be planned anew."""
    done: int
    held: int
    alarms: tuple[Alarm, ...]


class Node:
    """See the module. Made by ``veta.bootstrap``; tests make it from fakes.

    Args:
        trust: what is pinned.
        ledger: the chain endpoint.
        clock: wall and monotonic time.
        store: the node's database; ``None`` for a verifier that keeps nothing.
        desk: the member's writing side; ``None`` for a reader.
        policy: what this node's own verdicts ask for.
        papers: of others, kept beside the store; ``None``: none.
    """

    def __init__(
        self,
        *,
        trust: TrustConfig,
        ledger: Ledger,
        clock: Clock,
        store: Store | None = None,
        desk: MemberDesk | None = None,
        policy: Policy | None = None,
        papers: PaperSource | None = None,
    ) -> None:
        self.papers: Final = papers
        self.trust: Final = trust
        self.ledger: Final = ledger
        self.clock: Final = clock
        self._store = store
        self._desk = desk
        self._following = threading.Lock()
        self._bundles = BundleDesk(store) if store is not None else None
        self.verifier: Final = Verifier(trust, policy)

    # --- verifying ---------------------------------------------------------------------------

    def verify(self, bundle: StatementBundle, verifier: Verifier | None = None) -> Report:
        """Gather the facts of a statement from the chain, now, and judge it."""
        return verify_bundle(verifier or self.verifier, self.ledger, self.clock, bundle)

    def verify_leaf(self, leaf: Leaf) -> Report:
        """Judge a statement that is kept here.

        Raises:
            NotFoundError: ``statement.not_found``.
        """
        return self.verify(self.bundle(leaf))

    def verify_many(self, bundles: Iterable[StatementBundle]) -> Iterator[Report]:
        """Judge many, all at one block, in their order."""
        return verify_many(self.verifier, self.ledger, self.clock, bundles)

    def compare(self, first: StatementBundle, second: StatementBundle) -> Comparison:
        """Ask the chain about two statements, now, and hold them against each other."""
        return compare_on_chain(self.trust, self.ledger, self.clock, (first, second))

    def facts(self, bundle: StatementBundle) -> LedgerFacts:
        """What the chain says about a statement, to judge elsewhere."""
        return FactGatherer(self.ledger, self.clock).gather(bundle)

    def explain(self, bundle: StatementBundle, verifier: Verifier | None = None) -> dict[str, Any]:
        """The five-minute view of a bundle's lot; see ``services.explain``.

        Args:
            bundle: with a lot and the runs behind it. Without a token: what the chain shows alone.
            verifier: with the policy of whoever reads; default: the node's own.
        """
        judge = verifier or self.verifier
        gatherer = FactGatherer(self.ledger, self.clock)
        if bundle.token:
            facts = gatherer.gather(bundle)
            report = judge.verify(bundle, facts)
        else:
            facts = gatherer.gather_lot_alone(bundle)
            report = judge.verify_lot_alone(bundle, facts)
        names = self.registry.names() if self._store is not None else NO_NAMES
        return explanation_json(bundle, facts, report, names, self._parties(report))

    def _parties(self, report: Report) -> dict[int, str]:
        """Names of those who vouch for a lot; none of whom the chain did not tell."""
        if report.as_of is None:
            return {}
        names = {}
        for number in parties_in(report):
            try:
                member = self.ledger.member(MemberId(number), report.as_of)
            except LedgerError:
                continue  # a name is for reading; the number stands
            if member is not None:
                names[number] = member.name
        return names

    def lot_part(self, lot: LotId) -> StatementBundle:
        """A lot as the chain has it, without its passport and the runs behind it.

        Raises:
            NotFoundError: ``lot.unopened``: not ours and never opened.
            ConflictError: ``lot.not_issued``.
            ForbiddenError: ``node.no_store``.
        """
        return StatementBundle(b"", lot=LotBundleDesk(self.store).part(lot))

    # --- looking up --------------------------------------------------------------------------

    @property
    def keeps(self) -> bool:
        """Whether the node has a database."""
        return self._store is not None

    @property
    def store(self) -> Store:
        """The node's database.

        Raises:
            ForbiddenError: ``node.no_store``.
        """
        if self._store is None:
            raise ForbiddenError("node.no_store", "this node keeps no statements")
        return self._store

    def bundle(self, leaf: Leaf) -> StatementBundle:
        """A kept statement with its inclusion proof, as far as there is one.

        Raises:
            NotFoundError: ``statement.not_found``.
        """
        if self._bundles is None:
            raise NotFoundError("statement.not_found", "this node keeps no statements")
        return self._bundles.bundle(leaf)

    def lot_bundle(self, leaf: Leaf) -> StatementBundle:
        """A kept passport with its inclusion proof and the lot that it is about.

        Raises:
            NotFoundError: ``statement.not_found``, ``lot.not_found``.
            ConflictError: ``lot.not_issued``.
            ForbiddenError: ``node.no_store``.
        """
        return LotBundleDesk(self.store).of_statement(leaf)

    def with_lineage(self, bundle: StatementBundle, withheld: Withheld = NOTHING) -> LineageBundle:
        """A bundle with the runs behind its lot, as far as store and chain have them.

        Raises:
            ForbiddenError: ``node.no_store``.
            ConfigError: ``config.no_contract``: the chain has no lots.
            LedgerUnavailableError: the chain cannot be asked.
        """
        return LotBundleDesk(self.store, self.papers).with_lineage(
            bundle, self.ledger.lots, withheld
        )

    def statement(self, leaf: Leaf) -> StoredStatement:
        """A kept statement.

        Raises:
            NotFoundError: ``statement.not_found``.
        """
        with self.store.read() as work:
            stored = work.statement(leaf)
        if stored is None:
            raise NotFoundError("statement.not_found", f"no statement {leaf.hex()} is kept here")
        return stored

    def find(self, subject: str, *, limit: int = 100) -> tuple[StoredStatement, ...]:
        """Kept statements about a subject (a lot's id, a site's), newest first."""
        with self.store.read() as work:
            return work.statements(subject=subject, limit=limit)

    @property
    def lots(self) -> LotShelf:
        """Lots as this node followed them; ``desk.lots`` moves them.

        Raises:
            ForbiddenError: ``node.no_store``.
        """
        return LotShelf(self.store, self.ledger)

    @property
    def eraser(self) -> EraseDesk:
        """Destroys statements that are kept here.

        Raises:
            ForbiddenError: ``node.read_only``, ``node.no_store``.
        """
        return EraseDesk(self.store, self.desk.member)

    @property
    def status_lists(self) -> StatusListDesk:
        """Publishes statuses of the member's statements.

        Raises:
            ForbiddenError: ``node.read_only``, ``node.no_store``.
        """
        return StatusListDesk(self.store, self.desk.member, self.desk.issuer)

    @property
    def registry(self) -> RegistryShelf:
        """What is registered and who assures what, as this node followed it.

        Raises:
            ForbiddenError: ``node.no_store``.
        """
        return RegistryShelf(self.store)

    def affected(self, record: int) -> Affected:
        """What rests on a certificate, or on those given under an accreditation, as followed.

        Raises:
            NotFoundError: ``record.not_found``.
            ForbiddenError: ``node.no_store``.
            ConfigError: ``config.no_contract``: the chain has no lots.
        """
        return AffectedDesk(self.store, self.ledger.lots).by(record)

    def follow(self, progress: Callable[[int, int], None] | None = None) -> FollowReport:
        """Bring the store in step with the chain's head; see ``services.follow``."""
        with self._following:
            follower = Follower(store=self.store, ledger=self.ledger, contracts=self.contract_names)
            return follower.follow(progress)

    @property
    def contract_names(self) -> tuple[str, ...]:
        """Names of the contracts that are pinned now."""
        return tuple(contract.name for contract in self.trust.contract_sets[-1].contracts)

    # --- writing -----------------------------------------------------------------------------

    @property
    def desk(self) -> MemberDesk:
        """The member's writing side.

        Raises:
            ForbiddenError: ``node.read_only``.
        """
        if self._desk is None:
            raise ForbiddenError("node.read_only", "this node belongs to no member: it only reads")
        return self._desk

    @property
    def writes(self) -> bool:
        """Whether the node belongs to a member."""
        return self._desk is not None

    def step(self) -> OutboxReport:
        """One round of the outbox: send, replace, settle. Safe to be killed anywhere."""
        return self.desk.outbox.step()

    def settle(self, *, timeout_s: float = 60.0) -> SettleReport:
        """Run the outbox until nothing is on its way, or the time is over.

        Running out of time loses nothing: what is pending is sent again by whoever runs next.
        An account without funds ends it at once: waiting does not fill it.
        """
        deadline_s = self.clock.monotonic_s() + timeout_s
        done = held = 0
        while True:
            report = self.step()
            done, held = done + report.done, held + report.held
            if not report.pending and not report.waiting:
                return SettleReport(True, done, held, tuple(report.alarms))
            unpaid = any(alarm.code == "outbox.out_of_funds" for alarm in report.alarms)
            if (unpaid and not report.pending) or self.clock.monotonic_s() >= deadline_s:
                return SettleReport(False, done, held, tuple(report.alarms))
            self.clock.sleep(POLL_S)

    # --- health ------------------------------------------------------------------------------

    def health(self) -> NodeHealth:
        """Heads, ages and what is pending; never raises for the chain's sake."""
        head, final = _ask(self.ledger.head), _ask(self.ledger.final_head)
        alarms = [
            Alarm(fact.code, fact.reason)
            for fact in (head, final)
            if isinstance(fact, Undetermined)
        ]
        age_s = None
        if isinstance(head, Known):
            age_s = self.clock.now_s() - head.value.time_s
            if age_s < -AHEAD_ALARM_S:
                alarms.append(
                    Alarm(
                        "clock.skew",
                        f"the newest block lies {-age_s} s ahead of this machine's clock: the "
                        "clock is wrong, or blocks are made faster than time passes",
                    )
                )
        pending = 0
        if self._desk is not None and self._store is not None:
            with self._store.read() as work:
                pending = work.count_pending(self._desk.account)
        return NodeHealth(head, final, age_s, pending, tuple(dict.fromkeys(alarms)))

    def close(self) -> None:
        """Release the chain and the store."""
        self.ledger.close()
        if self._store is not None:
            self._store.close()


def _ask(question: Callable[[], BlockRef]) -> Determined[BlockRef]:
    try:
        return Known(question())
    except LedgerError as error:
        return Undetermined(error.code, error.message)
