"""The real contracts in memory, four members, and a verifier that holds the trust alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from tests.support.chain_scenes import RULES, fund_embedded, signer, statement_key
from tests.support.node_parts import ManualClock
from tests.support.statements import DOCUMENT, LOT, VALID_FROM, issuance
from veta.chain.clock import SystemClock
from veta.chain.deploy import Deployment, deploy
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.governance import Admission, GovernanceGateway, KeyGrant, ProposalKind
from veta.chain.ledger import Web3Ledger
from veta.chain.transactions import transaction_id_of
from veta.errors import TransactionRevertedError
from veta.keys.signers import Es256kSigner
from veta.model.anchoring import BatchKind
from veta.model.bundle import StatementBundle
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import KeyId, Leaf, MemberId, UnixSeconds
from veta.ports.ledger import Call, Receipt
from veta.services.node import Node
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.trees import MerkleTree
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Verdict
from veta.verify.verifier import Verifier

DAY = 86_400
MINER, SMELTER, AUTHORITY, COMMUNITY = (MemberId(number) for number in range(1, 5))
FOUNDERS = {
    "miner": ("did:web:mina-aurora.example", Role.MINER, True),
    "smelter": ("did:web:fundicion-norte.example", Role.SMELTER | Role.TRADER, True),
    "authority": ("did:web:autoridad.example", Role.AUTHORITY, True),
    "community": ("did:web:comunidad-rio.example", Role.COMMUNITY, False),
}
ADMINS = tuple(f"{word} admin" for word, (_, _, votes) in FOUNDERS.items() if votes)


def founders() -> tuple[Admission, ...]:
    """As they are named at deployment."""
    account = KeyAlgorithm.ACCOUNT
    return tuple(
        Admission(
            identifier=identifier,
            name=word.title(),
            country="CL",
            roles=roles,
            votes=votes,
            keys=(
                KeyGrant(KeyPurpose.ADMINISTER, account, signer(f"{word} admin").address),
                KeyGrant(KeyPurpose.OPERATE, account, signer(word).address),
                KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, statement_key(word).public_key),
            ),
        )
        for word, (identifier, roles, votes) in FOUNDERS.items()
    )


@dataclass(frozen=True)
class Anchored:
    """A passport of the miner on the chain."""

    bundle: StatementBundle
    leaf: Leaf
    at_s: UnixSeconds


@dataclass
class VerdictWorld:
    """See the module."""

    chain: EmbeddedChain
    deployment: Deployment
    ledger: Web3Ledger
    clock: ManualClock = field(default_factory=ManualClock)
    issued: int = 0

    @property
    def gateway(self) -> GovernanceGateway:
        """Votes and keys."""
        return self.ledger.governance

    @property
    def now_s(self) -> UnixSeconds:
        """The head's time."""
        return self.ledger.head().time_s

    def wait(self, seconds: int) -> UnixSeconds:
        """Let time pass on the chain; returns its new time."""
        self.chain.set_next_block_time(UnixSeconds(self.now_s + seconds))
        self.chain.mine()
        return self.now_s

    def send(self, word: str, call: Call) -> Receipt:
        """A call by an account; a second passes."""
        account = signer(word)
        self.chain.set_next_block_time(UnixSeconds(self.now_s + 1))
        fees = self.ledger.fees()
        raw = account.sign_transaction(
            chain_id=self.ledger.identity().chain_id,
            nonce=self.ledger.nonce(account.address),
            to=call.to,
            data=call.data,
            gas_limit=call.gas_limit,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
        )
        self.ledger.send(raw)
        receipt = self.ledger.receipt(transaction_id_of(raw))
        assert receipt is not None
        return receipt

    def done(self, word: str, call: Call) -> UnixSeconds:
        """A call that is permitted; returns its block's time."""
        receipt = self.send(word, call)
        assert receipt.succeeded, call.purpose
        return receipt.block.time_s

    def refused(self, word: str, call: Call) -> str:
        """Name of the custom error that refuses a call, asked and then tried in earnest."""
        with pytest.raises(TransactionRevertedError) as refusal:
            self.ledger.simulate(call, signer(word).address)
        assert not self.send(word, call).succeeded
        assert refusal.value.error_name is not None
        return refusal.value.error_name

    def propose(self, kind: ProposalKind, payload: bytes, *admins: str) -> int:
        """Propose and approve, by these administrators."""
        self.done(admins[0], self.gateway.encode_propose(kind, payload))
        number = self.gateway.proposal_count(self.ledger.head())
        for admin in admins:
            digest = self.gateway.digest(number, kind, payload)
            self.done(admin, self.gateway.encode_approve(number, digest))
        return number

    def carry(self, kind: ProposalKind, payload: bytes, *admins: str) -> UnixSeconds:
        """A vote from proposal to execution; returns the time of the change."""
        number = self.propose(kind, payload, *(admins or ADMINS))
        execute = self.gateway.encode_execute(number, payload)
        assert self.refused("miner", execute) == "Timelocked"
        self.wait(RULES.timelock_s)
        return self.done("miner", execute)

    def passport(self, key: Es256kSigner | None = None) -> Anchored:
        """Issue and anchor a passport of the miner's, now."""
        self.issued += 1
        when = replace(issuance(str(self.issued)), valid_from_s=self.now_s)
        lot = replace(LOT, lot_number=f"L-{self.issued}")
        token = sign_statement(build_passport(lot, when, DOCUMENT), key or statement_key("miner"))
        leaf = leaf_of(unseal(token).payload)
        tree = MerkleTree([leaf])
        call = self.ledger.encode_anchor(
            sequence=self.ledger.next_sequence(MINER, self.ledger.head()),
            root=tree.root,
            size=1,
            kind=BatchKind.PASSPORT,
        )
        at_s = self.done("miner", call)
        bundle = StatementBundle(token=token, inclusion=tree.inclusion(0), root=tree.root)
        return Anchored(bundle, leaf, at_s)

    def verify(self, anchored: Anchored, *, relied_on_at_s: UnixSeconds | None = None) -> Report:
        """By a node of nobody that asks the chain now."""
        self.clock.wall_s = self.now_s + 1
        trust = self.deployment.trust("test")
        node = Node(trust=trust, ledger=self.ledger, clock=self.clock)
        policy = Policy(relied_on_at_s=relied_on_at_s)
        return node.verify(anchored.bundle, Verifier(trust, policy))

    def told(
        self, anchored: Anchored, *, relied_on_at_s: UnixSeconds | None = None
    ) -> tuple[Verdict, set[str]]:
        """The verdict, and the codes of everything that did not simply pass."""
        report = self.verify(anchored, relied_on_at_s=relied_on_at_s)
        odd = {Outcome.FAILED, Outcome.NOTICE, Outcome.NOT_PROVEN, Outcome.NOT_DETERMINED}
        required = {"issuer", "key", "anchor", "status", "validity"}
        return report.verdict, {
            check.code
            for check in report.checks
            if check.outcome in odd and check.code.split(".")[0] in required
        }


@contextmanager
def verdict_world() -> Iterator[VerdictWorld]:
    """A consortium that was founded long before anything happens."""
    chain = EmbeddedChain.create(
        None, EmbeddedGenesis(time_s=UnixSeconds(VALID_FROM)), lambda: float(VALID_FROM)
    )
    provider = EmbeddedProvider(chain)
    fund = fund_embedded(chain)
    for word in ("deployer", "stranger", "new admin", *FOUNDERS, *(f"{w} admin" for w in FOUNDERS)):
        fund(signer(word).address)
    deployment = deploy(provider, signer("deployer"), founders(), RULES, SystemClock())
    ledger = Web3Ledger(provider, deployment.trust("test"))
    world = VerdictWorld(chain, deployment, ledger)
    world.wait(10 * DAY)
    try:
        yield world
    finally:
        chain.close()


def account_key(word: str) -> KeyId:
    """Name of an account in key lists."""
    return KeyId(bytes(12) + signer(word).address)
