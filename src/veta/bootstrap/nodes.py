"""Opens nodes: keys unlocked when first used, the chain compared with what is pinned."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Final, Self

from veta.bootstrap.administration import Administration
from veta.bootstrap.chains import connect, ledger_on
from veta.bootstrap.papers import FOLDER, FolderPapers
from veta.bootstrap.passwords import PasswordSource, password_source
from veta.bootstrap.signing import LazyAccount, LazyStatementSigner
from veta.chain.clock import SystemClock
from veta.chain.embedded import EmbeddedChain
from veta.chain.identity import current_contracts
from veta.chain.ledger import Web3Ledger
from veta.config import ChainSettings, NodeConfig, load_node_config, load_trust
from veta.errors import ConfigError, ForbiddenError
from veta.keys.keyring import KeyRing
from veta.model.consortium import KeyAction, KeyPurpose
from veta.model.identifiers import KeyId, MemberId
from veta.model.trust import TrustConfig
from veta.ports.clock import Clock
from veta.ports.store import Store, StoreIdentity
from veta.services.anchor import BatchAnchorer
from veta.services.audit import Auditor, AuditReport
from veta.services.issue import StatementIssuer
from veta.services.lots import LotDesk
from veta.services.node import MemberDesk, Node
from veta.services.outbox import Outbox
from veta.services.planning import TransactionPlanner
from veta.services.revoke import StatusChanger
from veta.statement.algorithms import require_fast_backend
from veta.store.sql_store import SqlStore, open_store
from veta.verify.policy import Policy
from veta.verify.rules import check_rules


@dataclass(frozen=True, slots=True)
class Opening:
    """What a caller may decide about opening a node, beside its configuration.

    Attributes:
        clock: the system's unless a scenario is replayed.
        policy: what the node's own verdicts ask for.
        chain: an embedded chain that this process opened already; it stays open.
        writes: ``False`` opens a member's home to read only, without claim or lease.
        sign_key: sign with this key instead of the newest that is bound.
    """

    clock: Clock | None = None
    policy: Policy | None = None
    chain: EmbeddedChain | None = None
    writes: bool = True
    sign_key: KeyId | None = None


WRITING: Final = Opening()
READING: Final = Opening(writes=False)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What an open node is made of, beside its services."""

    config: NodeConfig
    ledger: Web3Ledger
    embedded: EmbeddedChain | None
    ring: KeyRing | None
    planner: TransactionPlanner | None
    resources: ExitStack


class OpenNode(Node):
    """A node with everything it opened; ``close`` gives all of it back. A context manager.

    Attributes:
        config: what it was opened from.
        chain: the ledger with the gateways behind it, for those who show or govern.
        embedded: the chain of this process, if it is one.
    """

    def __init__(
        self,
        wiring: Wiring,
        *,
        trust: TrustConfig,
        clock: Clock,
        store: Store | None,
        desk: MemberDesk | None,
        policy: Policy | None,
    ) -> None:
        super().__init__(
            trust=trust,
            ledger=wiring.ledger,
            clock=clock,
            store=store,
            desk=desk,
            policy=policy,
            papers=FolderPapers(wiring.config.home / FOLDER) if wiring.config.member else None,
        )
        self.config: Final = wiring.config
        self.chain: Final = wiring.ledger
        self.embedded: Final = wiring.embedded
        self._ring = wiring.ring
        self._planner = wiring.planner
        self._resources = wiring.resources

    @property
    def administration(self) -> Administration:
        """The member's administer account at work.

        Raises:
            ForbiddenError: ``node.read_only``.
        """
        if self._ring is None:
            raise ForbiddenError("node.read_only", "this node belongs to no member: it only reads")
        member = self.desk.member
        return Administration.of_ring(
            self._ring,
            self.chain,
            self.trust.chain_id,
            self.clock,
            key_id=newest_bound(self._ring, self.chain, member, KeyPurpose.ADMINISTER),
        )

    @property
    def keys(self) -> KeyRing:
        """The member's keys.

        Raises:
            ForbiddenError: ``node.read_only``.
        """
        if self._ring is None:
            raise ForbiddenError("node.read_only", "this node belongs to no member: it has no keys")
        return self._ring

    def audit(self, progress: Callable[[str, int], None] | None = None) -> AuditReport:
        """Derive everything again and compare; see ``services.audit``."""
        auditor = Auditor(
            store=self.store,
            ledger=self.ledger,
            contracts=self.contract_names,
            planner=self._planner,
        )
        return auditor.audit(progress)

    def close(self) -> None:
        """Release chain, store, keys and the embedded chain if it was opened here."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def build_node(
    config: NodeConfig,
    trust: TrustConfig,
    *,
    password: PasswordSource | None = None,
    opening: Opening = WRITING,
) -> OpenNode:
    """Open the node of a configuration.

    With a member in the configuration its keys are claimed for this process (two nodes never send
    from one account) and the database is leased; key files are opened at the first signature.

    Args:
        config: where things are.
        trust: what the chain must be.
        password: where the keystore password comes from; the configured file or a prompt.
        opening: clock, policy, and what is open already.

    Raises:
        ConfigError: ``config.not_a_member``, ``config.slow_backend``.
        KeyAccessError: ``key.in_use``, ``key.missing``, ``key.open_to_others``.
        LedgerMismatchError: another chain, genesis or code than the pinned ones.
        LedgerUnavailableError: the chain cannot be asked.
        StoreError: as ``open_store`` and ``open_embedded``.
    """
    require_fast_backend()
    with ExitStack() as stack:
        clock = opening.clock or SystemClock()
        ring = None
        if config.member and opening.writes:
            ring = KeyRing(config.path(config.keys_dir), password or password_source(config))
            stack.callback(ring.close)
            ring.claim()
        ledger, embedded = _open_chain(stack, config, trust, clock, opening.chain)
        store = _open_store(stack, config, trust, ledger, opening) if config.member else None
        planner = desk = None
        if ring is not None and store is not None:
            planner = _planner(store, ledger, ring)
            sign_key = opening.sign_key or newest_bound(
                ring, ledger, planner.member, KeyPurpose.SIGN
            )
            signer = LazyStatementSigner(ring, sign_key)
            desk = _desk(config.member, planner, signer, clock)
        wiring = Wiring(config, ledger, embedded, ring, planner, stack.pop_all())
        return OpenNode(
            wiring, trust=trust, clock=clock, store=store, desk=desk, policy=opening.policy
        )


def open_home(
    home: Path | str,
    *,
    password: PasswordSource | None = None,
    opening: Opening = READING,
) -> OpenNode:
    """The node whose ``node.toml`` and trust configuration are in a folder; to read, unless told.

    Raises:
        ConfigError: ``config.missing``, ``config.malformed`` and the like.
        KeyAccessError, LedgerError, StoreError: as ``build_node``.
    """
    config = load_node_config(Path(home) / "node.toml")
    trust = load_trust(config.path(config.trust_file))
    return build_node(config, trust, password=password, opening=opening)


def open_reader(
    trust: TrustConfig,
    chain: ChainSettings,
    *,
    clock: Clock | None = None,
    policy: Policy | None = None,
) -> OpenNode:
    """A stranger: nothing but the trust configuration and an endpoint to ask.

    Raises:
        LedgerMismatchError, LedgerUnavailableError: as ``build_node``.
    """
    config = NodeConfig(home=Path(), chain=chain)
    return build_node(config, trust, opening=Opening(clock=clock, policy=policy))


def _open_chain(
    stack: ExitStack,
    config: NodeConfig,
    trust: TrustConfig,
    clock: Clock,
    chain: EmbeddedChain | None,
) -> tuple[Web3Ledger, EmbeddedChain | None]:
    connection = connect(config, clock, chain=chain)
    if connection.embedded is not None and connection.owned:
        stack.callback(connection.embedded.close)
    ledger = ledger_on(connection, trust, config.chain, clock)
    stack.callback(ledger.close)
    return ledger, connection.embedded


def _member_of(ledger: Web3Ledger, identifier: str) -> MemberId:
    member = ledger.member_id(identifier, ledger.final_head())
    if member is None:
        raise ConfigError(
            "config.not_a_member", f"{identifier} is not a member of this consortium (yet)"
        )
    return member


def _open_store(
    stack: ExitStack,
    config: NodeConfig,
    trust: TrustConfig,
    ledger: Web3Ledger,
    opening: Opening,
) -> SqlStore:
    contracts = {code.name: code.address for code in current_contracts(trust).contracts}
    member = _member_of(ledger, config.member)
    # A missing database of a member that has anchored is a wrong path or a loss, never a beginning.
    beginning = ledger.next_sequence(member, ledger.final_head()) == 1
    store = open_store(
        config.path(config.store_file),
        StoreIdentity(trust.chain_id, trust.genesis_digest, contracts, member),
        create=beginning,
        exclusive=opening.writes,
    )
    stack.callback(store.close)
    return store


def newest_bound(
    ring: KeyRing, ledger: Web3Ledger, member: MemberId, purpose: KeyPurpose
) -> KeyId | None:
    """The newest key of a ring that the chain knows; a file whose binding failed is passed over.

    ``None`` if none is known: the ring's newest is taken then, and the chain refuses it.
    """
    entries = ledger.keys(member, ledger.final_head())
    bound = {entry.key_id for entry in entries if entry.action is KeyAction.BIND}
    records = [r for r in ring.records() if r.purpose is purpose and r.key_id in bound]
    return max(records, key=lambda record: record.number).key_id if records else None


def _planner(store: SqlStore, ledger: Web3Ledger, ring: KeyRing) -> TransactionPlanner:
    identity = store.identity()
    assert identity.member is not None  # the store of a member's node was opened for it
    key_id = newest_bound(ring, ledger, identity.member, KeyPurpose.OPERATE)
    return TransactionPlanner(
        store=store,
        ledger=ledger,
        signer=LazyAccount(ring, KeyPurpose.OPERATE, key_id),
        member=identity.member,
        chain_id=identity.chain_id,
    )


def _desk(
    identifier: str, planner: TransactionPlanner, signer: LazyStatementSigner, clock: Clock
) -> MemberDesk:
    issuer = StatementIssuer(
        store=planner.store,
        signer=signer,
        clock=clock,
        member=planner.member,
        identifier=identifier,
        check=check_rules,
    )
    return MemberDesk(
        member=planner.member,
        identifier=identifier,
        account=planner.account,
        issuer=issuer,
        anchorer=BatchAnchorer(planner),
        status=StatusChanger(planner),
        outbox=Outbox(planner, clock),
        lots=LotDesk.of(planner, issuer, clock, token_bytes),
    )
