"""A small copper consortium on the embedded chain: three companies with nodes, and who assures."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support.chain_scenes import ETHER, anvil, signer, statement_key
from tests.support.node_parts import ManualClock, identity_of
from veta.bootstrap.administration import Administration
from veta.bootstrap.registering import register_by_vote
from veta.chain import registrations as reg
from veta.chain.clock import SystemClock
from veta.chain.deploy import deploy
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.embedded_rpc import EmbeddedProvider
from veta.chain.endpoint import EndpointProvider
from veta.chain.governance import Admission, GovernanceRules, KeyGrant
from veta.chain.ledger import Web3Ledger
from veta.chain.rpc import RpcClient
from veta.chain.web3_packages import BaseProvider
from veta.custody.encoding import lot_id
from veta.errors import ConflictError, InputError, NotFoundError
from veta.model.assurance import AssuranceGrant
from veta.model.columns import (
    MassBasis,
    ProgrammeId,
    SubstanceId,
    co2e_key,
    credit_key,
    mass_key,
    metal_key,
)
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import AccountAddress, Leaf, MemberId, UnixSeconds
from veta.model.lots import (
    CustodyModel,
    Emission,
    EmissionPart,
    LotBatchKind,
    LotId,
    LotRules,
    ProductClassId,
    ProductClassTerms,
    SiteId,
)
from veta.model.trust import TrustConfig
from veta.ports.keys import TransactionSigner
from veta.ports.lot_store import LotCall
from veta.ports.store import Intent, IntentState
from veta.services.anchor import BatchAnchorer
from veta.services.audit import Auditor, AuditReport
from veta.services.follow import Follower
from veta.services.issue import StatementIssuer
from veta.services.lots import LotDesk, LotShelf, key_of_lot
from veta.services.node import MemberDesk, Node
from veta.services.outbox import Outbox
from veta.services.planning import TransactionPlanner
from veta.services.revoke import StatusChanger
from veta.services.run_requests import LotEntry, OutputRequest, RunRequest
from veta.store.sql_store import SqlStore, open_store

DAY = 86_400
YEAR = 365 * DAY
START = UnixSeconds(1_774_000_000)  # 2026-03-20
MINE, SMELTERY, FACTORY = SiteId(3), SiteId(5), SiteId(6)
COPPER = SubstanceId(29)
DRY, NET, CU, CO2E = mass_key(MassBasis.DRY), mass_key(MassBasis.NET), metal_key(29), co2e_key(1)
RMM, MARK = 1, ProgrammeId(75)
CU_MARK = credit_key(MARK, 29)
RULES = LotRules(
    lateness_s=90 * DAY,
    gain_ppm=5_000,
    authority_freeze_s=30 * DAY,
    credit_periods=4,
    effective_s=UnixSeconds(0),
)


def product(number: int, *, residue: bool = False) -> ProductClassTerms:
    return ProductClassTerms(ProductClassId(number), residue, 1_000, 5_000, 0)


CONCENTRATE, CATHODE, ROD, SLIMES = product(1), product(2), product(3), product(4, residue=True)
PARTIES = {
    "miner": (Role.MINER, True),
    "smelter": (Role.SMELTER | Role.REFINER, True),
    "maker": (Role.MANUFACTURER, True),
    "body": (Role.CERTIFICATION_BODY, True),
    "accreditor": (Role.ACCREDITATION_BODY, False),
    "owner": (Role.SCHEME_OWNER, False),
}
IDS = {word: MemberId(number) for number, word in enumerate(PARTIES, start=1)}


def did(word: str) -> str:
    return f"did:web:{word}.example"


def admissions(countries: Mapping[str, str]) -> tuple[Admission, ...]:
    account = KeyAlgorithm.ACCOUNT
    return tuple(
        Admission(
            identifier=did(word), name=word.title(), country=countries.get(word, "CL"),
            roles=roles, votes=votes,
            keys=(
                KeyGrant(KeyPurpose.ADMINISTER, account, signer(f"{word} admin").address),
                KeyGrant(KeyPurpose.OPERATE, account, signer(word).address),
                KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, statement_key(word).public_key),
            ),
        )
        for word, (roles, votes) in PARTIES.items()
    )  # fmt: skip


def content(now_s: UnixSeconds, countries: Mapping[str, str]) -> list[reg.Registration]:
    """What the votes write: sites, operators, classes, capacities, rules, a scheme."""
    later = UnixSeconds(now_s + DAY)
    made = [
        reg.substance(COPPER, symbol="Cu"),
        reg.lot_rules(RULES),
        reg.scheme(RMM, IDS["owner"], levels=3, name="Responsible Metals Mark"),
        reg.programme(MARK, [(RMM, 2)]),
    ]
    for site, word in ((MINE, "miner"), (SMELTERY, "smelter"), (FACTORY, "maker")):
        name = f"Site of the {word}"
        country = countries.get(word, "CL")
        made.append(reg.site(site, identifier=f"{did(word)}:site", name=name, country=country))
        made.append(reg.operator(site, IDS[word]))
        made.append(reg.capacity(site, COPPER, 10**9, effective_s=later))
    for terms in (CONCENTRATE, CATHODE, ROD, SLIMES):
        made.append(reg.product_class(terms, name=f"class {terms.product_class}"))
    return made


@dataclass
class Company:
    """A member's node, on a store of its own."""

    word: str
    node: Node
    store: SqlStore
    planner: TransactionPlanner
    contracts: tuple[str, ...]
    site: SiteId

    @property
    def lots(self) -> LotDesk:
        return self.node.desk.lots

    @property
    def shelf(self) -> LotShelf:
        return self.node.lots

    @property
    def member(self) -> MemberId:
        return IDS[self.word]

    def settle(self) -> None:
        """Everything that is on its way, then what the chain says."""
        assert self.node.settle(timeout_s=60).settled
        self.follow()

    def follow(self) -> None:
        Follower(store=self.store, ledger=self.node.ledger, contracts=self.contracts).follow()

    def audit(self) -> AuditReport:
        return Auditor(
            store=self.store,
            ledger=self.node.ledger,
            contracts=self.contracts,
            planner=self.planner,
        ).audit()

    def lot(self, number: str, terms: ProductClassTerms) -> LotId:
        key = key_of_lot(self.member, self.site, terms.product_class, number)
        return lot_id(self.member, key)

    def state(self, intent: Intent) -> tuple[IntentState, str]:
        with self.store.read() as work:
            found = work.intent(intent.number)
        assert found is not None
        assert isinstance(found.subject, LotCall)
        return found.state, found.code

    def passport(self, number: str) -> dict[str, Any]:
        """The least that a passport says."""
        return {
            "@context": [
                "https://www.w3.org/ns/credentials/v2",
                "https://vocabulary.uncefact.org/untp/0.7.0/context/",
            ],
            "type": ["DigitalProductPassport", "VerifiableCredential"],
            "id": f"urn:uuid:{secrets.token_hex(16)}",
            "issuer": {"id": did(self.word), "name": self.word},
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {"id": f"{did(self.word)}:lot:{number}", "batchNumber": number},
            "blind": secrets.token_urlsafe(16),
        }

    def output(
        self,
        terms: ProductClassTerms,
        lots: dict[str, dict[Any, int]],
        *,
        model: CustodyModel = CustodyModel.CONTROLLED_BLENDING,
        **changes: Any,
    ) -> OutputRequest:
        """A batch by its lots' numbers and quantities."""
        columns = tuple(sorted({key for each in lots.values() for key in each}))
        reference = next(key for key in (NET, DRY, CU) if key in columns)
        return OutputRequest(
            product_class=terms.product_class,
            columns=columns,
            reference_column=reference,
            model=model,
            lots=tuple(
                LotEntry(number, tuple(held.get(key, 0) for key in columns), self.passport(number))
                for number, held in lots.items()
            ),
            **changes,
        )

    def run(self, *outputs: OutputRequest, now_s: int, **changes: Any) -> RunRequest:
        takes = changes.get("takes")
        usual: dict[str, Any] = {
            "kind": LotBatchKind.TRANSFORM if takes else LotBatchKind.ORIGIN,
            "site": self.site,
            "produced_from_s": UnixSeconds(now_s - 3 * 3_600),
            "produced_to_s": UnixSeconds(now_s - 3_600),
            "outputs": outputs,
        }
        return RunRequest(**(usual | changes))


class SceneChain(Protocol):
    """What a scene asks of a chain beside its provider."""

    def fund(self, address: AccountAddress, wei: int) -> object:
        """Give an account something to pay with."""

    def mine(self) -> object:
        """One more block, at the scene's clock."""


@dataclass
class CopperScene:
    """The consortium and its companies."""

    chain: SceneChain
    provider: BaseProvider
    trust: TrustConfig
    clock: ManualClock
    folder: Path
    companies: dict[str, Company] = field(default_factory=dict)
    certificate: int = 0

    @property
    def now_s(self) -> UnixSeconds:
        return self.clock.now_s()

    def ledger(self) -> Web3Ledger:
        return Web3Ledger(self.provider, self.trust)

    def pass_time(self, seconds: int) -> None:
        self.clock.wall_s += seconds
        self.chain.mine()

    def company(self, word: str) -> Company:
        if word not in self.companies:
            self.companies[word] = self._open(word)
        return self.companies[word]

    def administration(self, account: TransactionSigner) -> Administration:
        return Administration(self.ledger(), account, self.trust.chain_id, self.clock)

    def register(self, calls: list[reg.Registration]) -> None:
        voters = [word for word, (_, votes) in PARTIES.items() if votes]
        administrations = [self.administration(signer(f"{word} admin")) for word in voters]

        def wait(ready_s: UnixSeconds) -> None:
            self.clock.wall_s = max(self.clock.wall_s, ready_s + 1)
            self.chain.mine()

        register_by_vote(administrations, calls, wait=wait)

    def assure(self) -> int:
        """Recognise, accredit, certify the mine; the certificate's number."""
        assurance = self.ledger().lots.assurance
        until = UnixSeconds(self.now_s + YEAR)
        grants = [
            AssuranceGrant(
                subject, under, 2, UnixSeconds(0), until, (COPPER,),
                Leaf(sha256(f"document {subject}".encode()).digest()),
            )
            for subject, under in ((IDS["body"], RMM), (MINE, 1))
        ]  # fmt: skip
        self.send("owner", assurance.encode_recognise(RMM, IDS["accreditor"]))
        self.send("accreditor", assurance.encode_accredit(grants[0]))
        self.send("body", assurance.encode_certify(grants[1]))
        return 2

    def send(self, word: str, call: Any) -> None:
        self.administration(signer(word)).submit(call)

    def _open(self, word: str) -> Company:
        ledger = self.ledger()
        store = open_store(self.folder / f"{word}.db", identity_of(ledger, IDS[word]), create=True)
        planner = TransactionPlanner(
            store=store,
            ledger=ledger,
            signer=signer(word),
            member=IDS[word],
            chain_id=self.trust.chain_id,
        )
        issuer = StatementIssuer(
            store=store,
            signer=statement_key(word),
            clock=self.clock,
            member=IDS[word],
            identifier=did(word),
            check=lambda _: None,
        )
        desk = MemberDesk(
            member=IDS[word],
            identifier=did(word),
            account=signer(word).address,
            issuer=issuer,
            anchorer=BatchAnchorer(planner),
            status=StatusChanger(planner),
            outbox=Outbox(planner, self.clock),
            lots=LotDesk.of(planner, issuer, self.clock, secrets.token_bytes),
        )
        node = Node(trust=self.trust, ledger=ledger, clock=self.clock, store=store, desk=desk)
        names = tuple(code.name for code in self.trust.contract_sets[-1].contracts)
        sites = {"miner": MINE, "smelter": SMELTERY, "maker": FACTORY}
        site = sites.get(word, SiteId(0))
        return Company(word, node, store, planner, names, site)


@contextmanager
def copper_scene(
    folder: Path, *, path: Path | None = None, countries: Mapping[str, str] | None = None
) -> Iterator[CopperScene]:
    """A consortium on a new embedded chain, registered and assured.

    Args:
        folder: of the companies' stores.
        path: of the chain, if it is to be kept.
        countries: by company, of those that are not Chilean.
    """
    with ExitStack() as stack:
        clock = ManualClock(wall_s=START)
        chain = EmbeddedChain.create(path, EmbeddedGenesis(time_s=START), clock.now_s)
        stack.callback(chain.close)
        yield from _scene(chain, EmbeddedProvider(chain), clock, folder, countries or {})


class Anvil:
    """Foundry's own chain, whose blocks come at the scene's clock or a little after it."""

    def __init__(self, provider: EndpointProvider, clock: ManualClock) -> None:
        self._ask: Any = RpcClient(provider).ask
        self._clock = clock

    def fund(self, address: AccountAddress, wei: int) -> None:
        self._ask("anvil_setBalance", "0x" + address.hex(), hex(wei))

    def mine(self) -> None:
        newest = int(self._ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self._clock.wall_s = UnixSeconds(max(self._clock.wall_s, newest + 1))
        self._ask("evm_setNextBlockTimestamp", self._clock.wall_s)
        self._ask("evm_mine")


@contextmanager
def anvil_copper_scene(folder: Path) -> Iterator[CopperScene]:
    """The same consortium on anvil, over HTTP."""
    with anvil("--timestamp", str(START)) as url:
        clock = ManualClock(wall_s=START)
        provider = EndpointProvider((url,), SystemClock())
        try:
            yield from _scene(Anvil(provider, clock), provider, clock, folder, {})
        finally:
            provider.close()


def _scene(
    chain: SceneChain,
    provider: BaseProvider,
    clock: ManualClock,
    folder: Path,
    countries: Mapping[str, str],
) -> Iterator[CopperScene]:
    for word in ("deployer", *PARTIES):
        for account in (word, f"{word} admin"):
            chain.fund(signer(account).address, 1_000 * ETHER)
    rules = GovernanceRules(timelock_s=1)
    deployment = deploy(provider, signer("deployer"), admissions(countries), rules, clock)
    scene = CopperScene(chain, provider, deployment.trust("test"), clock, folder)
    clock.wall_s = max(clock.wall_s, scene.ledger().head().time_s + 1)
    scene.register(content(scene.now_s, countries))
    scene.certificate = scene.assure()
    scene.pass_time(2 * DAY)
    yield scene
    for company in scene.companies.values():
        company.store.close()


def emitted(**parts: int) -> tuple[Emission, ...]:
    return tuple(Emission(EmissionPart[name.upper()], co2e_g) for name, co2e_g in parts.items())


def refusal(code: str, plan: Any) -> str:
    """What ``plan`` is told when it is refused with ``code``."""
    with pytest.raises((InputError, NotFoundError, ConflictError)) as refused:
        plan()
    assert refused.value.code == code, refused.value
    return refused.value.message


def done(company: Company, intent: Intent) -> None:
    """Send, mine and follow: the intent must have happened."""
    company.settle()
    assert company.state(intent) == (IntentState.DONE, "")
