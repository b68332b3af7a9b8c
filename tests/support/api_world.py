"""A refinery's node on the fake chain and a store on disk, and the HTTP interface around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from tests.support.certified_lot import REFINERY, SIGNER, cathode_lot, issuance
from tests.support.fake_accounts import FakeAccount
from tests.support.fake_ledger import FakeLedger
from tests.support.node_parts import ManualClock, identity_of
from veta import canonical
from veta.api.app import create_app
from veta.config import ApiSettings
from veta.model.consortium import Role
from veta.model.identifiers import BlockNumber, KeyId, Leaf, MemberId, UnixSeconds
from veta.model.lot import LotCertificate
from veta.model.trust import ContractSet, TrustConfig
from veta.services.anchor import BatchAnchorer
from veta.services.issue import StatementIssuer
from veta.services.lots import LotDesk
from veta.services.node import MemberDesk, Node
from veta.services.outbox import Outbox
from veta.services.planning import Alarm, TransactionPlanner
from veta.services.revoke import StatusChanger
from veta.statement.passport import build_passport
from veta.statement.rules import check_rules
from veta.store.sql_store import SqlStore, open_store

R = TypeVar("R")

MEMBER = MemberId(5)
TOKEN = "not-a-secret-" + "t" * 30
BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON_TYPE = {"Content-Type": "application/json"}
DAY = 86_400


class Client:
    """Requests to an app in this process, one after the other."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.asynchronous = httpx.AsyncClient(transport=transport, base_url="http://node.test")
        self._runner = runner

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""
        return self._runner.run(self.asynchronous.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, content: bytes = b"", **options: Any) -> httpx.Response:
        """POST of octets; JSON unless ``headers`` say otherwise."""
        headers = JSON_TYPE | options.pop("headers", {})
        return self.request("POST", path, content=content, headers=headers, **options)

    def run(self, scene: Coroutine[Any, Any, R]) -> R:
        """A coroutine that uses ``asynchronous``."""
        return self._runner.run(scene)

    def gather(self, *requests: Any) -> list[httpx.Response]:
        """Requests at the same time: coroutines of ``asynchronous``."""

        async def together() -> list[httpx.Response]:
            return list(await asyncio.gather(*requests))

        return self.run(together())


@dataclass
class ApiWorld:
    """The parts of a served node; everything but the chain is what runs in earnest."""

    folder: Path
    ledger: FakeLedger
    clock: ManualClock
    store: SqlStore
    node: Node
    settings: ApiSettings
    alarms: list[Alarm] = field(default_factory=list)

    def credential(
        self,
        number: int = 1,
        *,
        name: str = "",
        valid_days: int | None = 365,
        lot: LotCertificate | None = None,
    ) -> dict[str, Any]:
        """A passport of today."""
        now_s = self.ledger.head().time_s
        end_s = None if valid_days is None else UnixSeconds(now_s + valid_days * DAY)
        when = replace(issuance(name or f"lot-{number}", valid_until=end_s), valid_from_s=now_s)
        return build_passport(lot or cathode_lot(number), when)

    def body(self, number: int = 1, **options: Any) -> bytes:
        """The same as the octets of a request."""
        return canonical.write(self.credential(number, **options))

    def issue(self, number: int = 1, **options: Any) -> Leaf:
        """Issue a passport, not through HTTP."""
        return self.node.desk.issuer.issue(self.credential(number, **options)).leaf

    def settle(self) -> None:
        """Anchor what is issued and bring everything on its way to an end."""
        self.node.desk.anchorer.anchor()
        for _ in range(4):
            self.node.step()
            self.clock.sleep(6)
        self.clock.wall_s = self.ledger.head().time_s + 5

    def anchored(self, number: int = 1, **options: Any) -> Leaf:
        """A passport that is final on the chain."""
        leaf = self.issue(number, **options)
        self.settle()
        return leaf

    def pass_time(self, seconds: int) -> None:
        """Chain and clock move on."""
        self.ledger.advance(seconds)
        self.ledger.mine()
        self.clock.wall_s = self.ledger.head().time_s + 5

    @contextmanager
    def client(self, node: Node | None = None, **changes: Any) -> Iterator[Client]:
        """An in-process client of the interface; ``changes`` are settings."""
        settings = replace(self.settings, **changes)
        app = create_app(node or self.node, settings, alarms=lambda: self.alarms)
        with asyncio.Runner() as runner:
            yield Client(app, runner)

    def reader(self) -> Node:
        """A node of nobody, on the same chain and store."""
        return Node(trust=self.node.trust, ledger=self.ledger, clock=self.clock, store=self.store)


def trust_in(ledger: FakeLedger) -> TrustConfig:
    """The chain as it is, pinned."""
    chain = ledger.identity()
    return TrustConfig(
        number=1,
        previous_digest=None,
        name="test",
        chain_id=chain.chain_id,
        genesis_digest=chain.genesis_digest,
        contract_sets=(ContractSet(BlockNumber(0), None, chain.contracts),),
    )


def make_world(folder: Path, *, has_lots: bool = False) -> ApiWorld:
    """A member with its key and account, admitted long ago, and nothing issued."""
    account = FakeAccount("refinery")
    ledger = FakeLedger(has_lots=has_lots)
    ledger.admit(MEMBER, REFINERY.identifier, roles=Role.REFINER)
    ledger.bind_account(MEMBER, account.address)
    ledger.add_key(MEMBER, key_id=KeyId(SIGNER.key_id), public_key=SIGNER.public_key)
    ledger.advance(40 * DAY)
    ledger.mine()
    store = open_store(folder / "node.db", identity_of(ledger, MEMBER), create=True)
    clock = ManualClock(wall_s=ledger.head().time_s + 5)
    desk = _desk(store, ledger, account, clock)
    node = Node(trust=trust_in(ledger), ledger=ledger, clock=clock, store=store, desk=desk)
    token_file = folder / "token"
    token_file.write_text(TOKEN + "\n")
    token_file.chmod(0o600)
    settings = ApiSettings(port=0, token_file=token_file, body_timeout_s=2.0)
    return ApiWorld(folder, ledger, clock, store, node, settings)


def _desk(
    store: SqlStore, ledger: FakeLedger, account: FakeAccount, clock: ManualClock
) -> MemberDesk:
    planner = TransactionPlanner(
        store=store, ledger=ledger, signer=account, member=MEMBER, chain_id=ledger.chain_id
    )
    issuer = StatementIssuer(
        store=store,
        signer=SIGNER,
        clock=clock,
        member=MEMBER,
        identifier=REFINERY.identifier,
        check=check_rules,
    )
    return MemberDesk(
        member=MEMBER,
        identifier=REFINERY.identifier,
        account=account.address,
        issuer=issuer,
        anchorer=BatchAnchorer(planner),
        status=StatusChanger(planner),
        outbox=Outbox(planner, clock),
        lots=LotDesk.of(planner, issuer, clock, token_bytes),
    )


@contextmanager
def open_world(folder: Path, *, has_lots: bool = False) -> Iterator[ApiWorld]:
    """A world that is closed afterwards."""
    world = make_world(folder, has_lots=has_lots)
    try:
        yield world
    finally:
        world.store.close()


class BrokenLedger:
    """The chain of a world, with methods that raise or lie.

    Attributes:
        broken: name of a method, and what it does instead.
    """

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self.broken: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return self.broken.get(name) or getattr(self._ledger, name)


def raising(error: Exception) -> Callable[..., Any]:
    """Something that raises."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail
