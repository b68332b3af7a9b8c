"""Lots of one member on the fake chain: the shortest ways to make some."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from tests.support.node_parts import MINE, MINE_DID, Parts
from veta.custody.encoding import lot_id
from veta.keys.signers import Es256kSigner
from veta.model.columns import MassBasis, co2e_key, mass_key, metal_key
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import (
    CustodyModel,
    Emission,
    EmissionPart,
    LotBatchKind,
    LotId,
    ProductClassId,
    SiteId,
)
from veta.ports.clock import Clock
from veta.ports.store import Intent
from veta.services.follow import Follower
from veta.services.issue import StatementIssuer
from veta.services.lots import LotDesk, key_of_lot
from veta.services.planning import TransactionPlanner
from veta.services.run_requests import LotEntry, OutputRequest, RunRequest, TakeRequest

SITE, CLASS = SiteId(3), ProductClassId(1)
NET, CU, CO2E = mass_key(MassBasis.NET), metal_key(29), co2e_key(1)
COLUMNS = (NET, CU, CO2E)
SIGNER = Es256kSigner(b"\x07" * 32, check_each=False)


def passport(number: str) -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
        ],
        "type": ["DigitalProductPassport", "VerifiableCredential"],
        "id": f"urn:uuid:{secrets.token_hex(16)}",
        "issuer": {"id": MINE_DID, "name": "Mine"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": f"urn:lot:{number}", "batchNumber": number},
        "blind": secrets.token_urlsafe(16),
    }


def run_of(
    *numbers: str, at_s: int, takes: tuple[TakeRequest, ...] = (), mass: int = 1_000
) -> RunRequest:
    """Lots of a kilogram each, half of it copper; one output."""
    lots = tuple(
        LotEntry(number, (mass, mass // 2, 2 * mass), passport(number)) for number in numbers
    )
    return RunRequest(
        kind=LotBatchKind.TRANSFORM if takes else LotBatchKind.ORIGIN,
        site=SITE,
        produced_from_s=UnixSeconds(at_s - 7_200),
        produced_to_s=UnixSeconds(at_s - 3_600),
        outputs=(OutputRequest(CLASS, COLUMNS, NET, CustodyModel.CONTROLLED_BLENDING, lots),),
        takes=takes,
        emissions=() if takes else (Emission(EmissionPart.PROCESS, 2 * mass * len(numbers)),),
    )


def desk_of(planner: TransactionPlanner, clock: Clock, member: MemberId = MINE) -> LotDesk:
    """A desk whose passports are signed with a test key."""
    issuer = StatementIssuer(
        store=planner.store,
        signer=SIGNER,
        clock=clock,
        member=member,
        identifier=MINE_DID,
        check=lambda _: None,
    )
    return LotDesk.of(planner, issuer, clock, secrets.token_bytes)


def lot_of(number: str, member: MemberId = MINE) -> LotId:
    return lot_id(member, key_of_lot(member, SITE, CLASS, number))


@dataclass
class LotParts:
    """The parts of a node, and its lots."""

    parts: Parts
    desk: LotDesk

    @classmethod
    def of(cls, parts: Parts) -> LotParts:
        return cls(parts, desk_of(parts.planner, parts.clock))

    def originate(self, *numbers: str) -> Intent:
        request = run_of(*numbers, at_s=self.parts.clock.wall_s)
        return self.desk.originator.originate(request).intent

    def follow(self) -> None:
        names = [code.name for code in self.parts.ledger.identity().contracts]
        Follower(store=self.parts.store, ledger=self.parts.ledger, contracts=names).follow()

    def intent(self, number: int) -> Intent:
        with self.parts.store.read() as work:
            found = work.intent(number)
        assert found is not None
        return found
