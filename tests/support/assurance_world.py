"""Documents of bodies, members that come later, and lots that rest on certificates."""

from __future__ import annotations

import secrets
from typing import Any

from tests.support.chain_scenes import ETHER, signer, statement_key
from tests.support.lot_scenes import (
    CO2E,
    CONCENTRATE,
    CU,
    CU_MARK,
    DRY,
    IDS,
    PARTIES,
    YEAR,
    Company,
    CopperScene,
    did,
    emitted,
)
from veta.chain.governance import Admission, GovernanceGateway, KeyGrant, ProposalKind
from veta.model.consortium import KeyAlgorithm, KeyPurpose, Role
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.model.lots import Cover, LotId
from veta.services.open_lot import Offer
from veta.statement.instants import write_instant

TONNE = 1_000_000
COPPER_G = 280_000
CERTIFIED = {DRY: TONNE, CU: COPPER_G, CO2E: 960_000, CU_MARK: COPPER_G}
GROUNDS = Digest(b"\x5a" * 32)


def site_name(word: str) -> str:
    """The registered identifier of a company's site."""
    return f"{did(word)}:site"


def conformity(
    scene: CopperScene,
    issuer: str,
    *,
    site: str | None = None,
    body: str | None = None,
    until_s: int | None = None,
) -> dict[str, Any]:
    """A conformity credential about a site, or issued to a body, valid from now."""
    assessment: dict[str, Any] = {"type": ["ConformityAssessment"], "id": "urn:assessment"}
    if site is not None:
        assessment["assessedFacility"] = [{"facility": {"id": site, "name": site}}]
    subject: dict[str, Any] = {
        "id": f"urn:uuid:{secrets.token_hex(16)}",
        "conformityAssessment": [assessment],
    }
    if body is not None:
        subject["issuedToParty"] = {"id": body, "name": body}
    end_s = scene.now_s + YEAR if until_s is None else until_s
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://vocabulary.uncefact.org/untp/0.7.0/context/",
        ],
        "type": ["DigitalConformityCredential", "VerifiableCredential"],
        "id": f"urn:uuid:{secrets.token_hex(16)}",
        "issuer": {"id": did(issuer), "name": issuer},
        "validFrom": write_instant(scene.now_s),
        "validUntil": write_instant(UnixSeconds(end_s)),
        "credentialSubject": subject,
        "blind": secrets.token_urlsafe(16),
    }


def issued(company: Company, document: dict[str, Any]) -> Leaf:
    """A document that the company signed and anchored."""
    leaf = company.node.desk.issuer.issue(document).leaf
    company.node.desk.anchorer.anchor()
    company.settle()
    return leaf


def newcomer(scene: CopperScene, word: str, roles: Role, *, control_group: int = 0) -> Company:
    """A member that was admitted by vote, with a node."""
    account = KeyAlgorithm.ACCOUNT
    admission = Admission(
        identifier=did(word), name=word.title(), country="CL", roles=roles, votes=False,
        control_group=control_group,
        keys=(
            KeyGrant(KeyPurpose.ADMINISTER, account, signer(f"{word} admin").address),
            KeyGrant(KeyPurpose.OPERATE, account, signer(word).address),
            KeyGrant(KeyPurpose.SIGN, KeyAlgorithm.ES256K, statement_key(word).public_key),
        ),
    )  # fmt: skip
    scene.chain.fund(signer(word).address, 1_000 * ETHER)
    payload = GovernanceGateway.admit(admission)
    offices = [
        scene.administration(signer(f"{each} admin")) for each in PARTIES if PARTIES[each][1]
    ]
    number = offices[0].propose(ProposalKind.ADMIT, payload)
    for office in offices:
        ready_s = office.support(number).ready_s
        if ready_s:
            break
    scene.clock.wall_s = max(scene.clock.wall_s, ready_s + 1)
    scene.chain.mine()
    offices[0].execute(number, payload)
    ledger = scene.ledger()
    member = ledger.member_id(did(word), ledger.head())
    assert member is not None
    IDS[word] = member
    return scene.company(word)


def certified(
    scene: CopperScene, *numbers: str, certificate: int, to: str = "smelter", owner: str = "miner"
) -> list[LotId]:
    """Lots of certified concentrate of one run, opened and offered, and accepted."""
    miner, buyer = scene.company(owner), scene.company(to)
    request = miner.run(
        miner.output(CONCENTRATE, {number: dict(CERTIFIED) for number in numbers}),
        emissions=emitted(process=CERTIFIED[CO2E] * len(numbers)),
        covers=(Cover(CU_MARK, (certificate,)),),
        now_s=scene.now_s,
    )
    miner.lots.originator.originate(request)
    miner.settle()
    lots = [miner.lot(number, CONCENTRATE) for number in numbers]
    until = UnixSeconds(scene.now_s + 5 * 86_400)
    for lot in lots:
        miner.lots.custodian.open(lot, Offer(IDS[to], until))
        miner.settle()
    buyer.follow()
    buyer.lots.custodian.accept(lots)
    buyer.settle()
    return lots
