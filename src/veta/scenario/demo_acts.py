"""The first acts of the demo: a consortium, its lots, and what is handed to a stranger."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from veta.bootstrap import (
    Administration,
    GovernanceRules,
    OpenNode,
    ProposalKind,
    admission_of,
    fund_accounts,
)
from veta.config import trust_digest
from veta.errors import ProvenanceError
from veta.interop.digests import digest_multibase
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import Issuance, LotCertificate
from veta.ports.store import Batch
from veta.scenario.demo_stage import Stage
from veta.scenario.demo_teller import Teller
from veta.statement.instants import read_instant
from veta.statement.records import Certificate, build_certificate
from veta.verify.transport import write_bundle

REFINERY: Final = "refineria-bahia-serena"
MINE: Final = "mina-aurora"
OTHER_MINE: Final = "mina-cordillera-azul"
BODY: Final = "certifica-andina"
TRADER: Final = "comercializadora-puerto-gris"
SMELTER: Final = "fundicion-bahia-serena"
ROD_MILL: Final = "nordwind-draht"
CABLE_MAKER: Final = "kabelwerk-lindental"
CAR_MAKER: Final = "marea-motors"
SALAR_OPERATOR: Final = "mina-salar-esperanza"
CATHODE_MAKER: Final = "aktivmaterial-elbtal"
COMMUNITY: Final = "comite-comunidades-salar"
ACCREDITOR: Final = "acreditador-nacional"
SCHEME_OWNER: Final = "rmm-scheme"
NEWCOMER: Final = CAR_MAKER
ACTING: Final = frozenset(
    {
        REFINERY,
        MINE,
        OTHER_MINE,
        BODY,
        TRADER,
        SMELTER,
        ROD_MILL,
        CABLE_MAKER,
        CAR_MAKER,
        SALAR_OPERATOR,
        CATHODE_MAKER,
        COMMUNITY,
    }
)
"""Parties with a node: they sign statements and send transactions."""
SENDING: Final = frozenset({ACCREDITOR, SCHEME_OWNER})
"""Parties that send transactions and sign no statements."""
CERTIFICATE: Final = "RMM-AURORA-2026"
"""Name of the certificate in the folder of bundles."""

FOUNDING_S: Final = read_instant("2026-01-05T09:00:00Z")
VOTED_S: Final = read_instant("2026-01-08T09:00:00Z")
CONCENTRATE_S: Final = read_instant("2026-04-18T08:00:00Z")
CATHODES_S: Final = read_instant("2026-07-02T08:00:00Z")
CERTIFICATE_ENDS_S: Final = read_instant("2026-11-01T00:00:00Z")


@dataclass
class Play:
    """What the acts share.

    Attributes:
        nodes: of the acting parties, by short name.
        leaves: of each statement, by the name its bundle file has.
        issuers: short name of the party that keeps it, by the same name.
        offices: administer accounts of the founding voters.
    """

    stage: Stage
    tell: Teller
    nodes: dict[str, OpenNode] = field(default_factory=dict)
    leaves: dict[str, Leaf] = field(default_factory=dict)
    issuers: dict[str, str] = field(default_factory=dict)
    offices: list[Administration] = field(default_factory=list)

    def issue(self, slug: str, credentials: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """A party signs and keeps statements under these names."""
        issued = self.nodes[slug].desk.issuer.issue_many(document for _, document in credentials)
        for (name, _), statement in zip(credentials, issued, strict=True):
            self.leaves[name] = statement.leaf
            self.issuers[name] = slug

    def anchor(self, slug: str) -> None:
        """A party anchors what it issued, in one transaction a batch; says what that cost."""
        node = self.nodes[slug]
        intents = node.desk.anchorer.anchor().planned
        report = node.settle()
        self.tell.expect(report.settled and not report.held, f"{slug} could not anchor")
        for intent in intents:
            batch = intent.subject
            assert isinstance(batch, Batch)  # the anchorer plans nothing else
            with node.store.read() as work:
                entries = work.entries_of(intent.number)
            included = entries[-1].included
            receipt = None if included is None else node.ledger.receipt(included[0])
            self.tell.expect(len(entries) == 1, f"{len(entries)} transactions for one batch")
            self.tell.expect(receipt is not None, f"a batch of {slug} has no receipt")
            gas = 0 if receipt is None else receipt.gas_used
            each = f", {gas // batch.size:,} each" if batch.size > 1 else ""
            what = f"{batch.size} {batch.kind.name.lower()}{'s' if batch.size > 1 else ''}"
            self.tell.line(
                f"anchored   {what:<14}  1 transaction  {gas:>7,} gas{each:<12}  "
                f"root {batch.root.hex()[:16]}..."
            )

    def write_bundle(self, name: str) -> bytes:
        """The bundle of a statement, with the facts of now, as a file of the demo's home."""
        node = self.nodes[self.issuers[name]]
        bundle = node.bundle(self.leaves[name])
        octets = write_bundle(bundle, node.facts(bundle))
        folder = self.stage.home / "bundles"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.bundle.json").write_bytes(octets)
        return octets


def found(play: Play) -> None:
    """Sixteen parties found the consortium, the seventeenth is voted in."""
    stage, tell, scenario = play.stage, play.tell, play.stage.scenario
    tell.chapter("Seventeen parties form a consortium", FOUNDING_S)
    stage.make_keys(
        ACTING, SENDING, lambda done, of: tell.working(f"making keys: {done} of {of} parties")
    )
    founders = tuple(party for party in scenario.parties if party.slug != NEWCOMER)
    tell.working("deploying the contracts")
    trust = stage.found(tuple(party.slug for party in founders), GovernanceRules())
    voters = sum(party.votes for party in founders)
    tell.say(
        f"{len(founders)} parties found it, {voters} of them with a vote. What everybody pins from "
        "now on (chain, first block, contract code) has the digest"
    )
    tell.line(f"  {trust_digest(trust).hex()}")
    for slug in sorted(ACTING - {NEWCOMER}):
        tell.working(f"opening the node of {slug}")
        play.nodes[slug] = stage.node(slug)
    _admit(play, NEWCOMER)


def _admit(play: Play, slug: str) -> None:
    """Propose, approve, wait, execute: nobody can do it alone."""
    stage, tell = play.stage, play.tell
    founder = stage.founder(slug)
    offices = play.offices = _voting_offices(play)
    payload = offices[0].ledger.governance.admit(admission_of(founder))
    number = offices[0].propose(ProposalKind.ADMIT, payload)
    state = offices[0].approve(number)
    alone = _refusal(lambda: offices[0].execute(number, payload))
    tell.expect(alone == "ledger.reverted.no_quorum", f"one vote alone gave {alone}")
    for office in offices[1 : state.required]:
        state = office.approve(number)
        tell.working(f"proposal {number}: {state.approvals} of {state.required} approvals")
    early = _refusal(lambda: offices[0].execute(number, payload))
    tell.expect(early == "ledger.reverted.timelocked", f"executing at once gave {early}")
    stage.pass_to(VOTED_S)
    offices[0].execute(number, payload)
    ledger = offices[0].ledger
    member = ledger.member_id(founder.identifier, ledger.final_head())
    tell.expect(member == len(stage.scenario.parties), f"{slug} became member {member}")
    fund_accounts(stage.chain, stage.rings[slug])
    play.nodes[slug] = stage.node(slug)
    tell.say(
        f"{founder.name} applies. One vote alone is refused; {state.required} of "
        f"{len(offices)} approve; making it so at once is refused; two days of notice later it "
        f"is member {member}."
    )


def _voting_offices(play: Play) -> list[Administration]:
    """The administer accounts of the founding voters."""
    stage = play.stage
    ledger = play.nodes[REFINERY].chain
    return [
        Administration.of_ring(stage.rings[party.slug], ledger, stage.pinned.chain_id, stage.clock)
        for party in stage.scenario.parties
        if party.votes and party.slug != NEWCOMER
    ]


def _refusal(attempt: Callable[[], object]) -> str:
    """The code with which something is refused; empty if it is not."""
    try:
        attempt()
    except ProvenanceError as error:
        return error.code
    return ""


def certify_concentrate(play: Play) -> None:
    """The mine certifies its concentrate; a certification body certifies the mine."""
    stage, tell = play.stage, play.tell
    stage.pass_to(CONCENTRATE_S)
    tell.chapter("Mina Aurora certifies its concentrate", CONCENTRATE_S)
    lots = stage.scenario.lots_of(MINE)
    _certify(play, MINE, lots)
    _tell_lot(tell, lots[0])
    play.issue(BODY, [(CERTIFICATE, _site_certificate(play, lots[0]))])
    tell.say(
        "Certifica Andina attests the mine's site under the (fictional) Responsible Metals Mark, "
        "until the end of October."
    )
    play.anchor(MINE)
    play.anchor(BODY)


def certify_cathodes(play: Play) -> None:
    """The refinery certifies 38 lots and anchors them in one transaction."""
    stage, tell = play.stage, play.tell
    stage.pass_to(CATHODES_S)
    lots = stage.scenario.lots_of(REFINERY)
    tell.chapter(f"The refinery certifies {len(lots)} lots of cathode", CATHODES_S)
    _certify(play, REFINERY, lots)
    _tell_lot(tell, lots[0])
    play.anchor(REFINERY)


def _certify(play: Play, slug: str, lots: Sequence[LotCertificate]) -> None:
    """Passports with their product footprints, linked by digest; the digests are held against."""
    credentials = []
    for lot in lots:
        papers = play.stage.certify(lot)
        assert papers.footprint is not None  # every lot of the scenario states one
        link = papers.passport["credentialSubject"]["relatedDocument"][0]
        bound = link["digestMultibase"] == digest_multibase(papers.footprint)
        play.tell.expect(bound, f"the footprint of {lot.lot_number} is not the one linked")
        credentials.append((lot.lot_number, papers.passport))
    play.tell.working(f"signing {len(credentials)} passports")
    play.issue(slug, credentials)
    play.tell.say(
        f"{len(credentials)} UNTP passports signed (ES256K), each with a PACT product footprint "
        "that it binds by digest."
    )


def _tell_lot(tell: Teller, lot: LotCertificate) -> None:
    footprint = lot.footprint
    assert footprint is not None  # every lot of the scenario states one
    tell.line(
        f"  {lot.lot_number}  {lot.mass_g // 1000:,} kg {lot.mass_basis}, "
        f"{lot.metal[0].mass_g // 1000:,} kg copper, "
        f"{footprint.co2e_g_per_kg:,} g CO2e a kg ({footprint.boundary})"
    )


def _site_certificate(play: Play, lot: LotCertificate) -> dict[str, Any]:
    scenario, now_s = play.stage.scenario, play.stage.clock.now_s()
    certificate = Certificate(
        identifier="https://certifica-andina.example/certificates/2026-0417",
        name="Responsible Metals Mark, site certificate",
        issuer=scenario.party(BODY).party,
        holder=scenario.party(MINE).party,
        scheme=("https://rmm-scheme.example/rmm", "Responsible Metals Mark (fictional)"),
        profile=("https://rmm-scheme.example/rmm/site/2", "RMM site standard 2"),
        level="RMM-75",
        site=lot.site,
        assessed_at_s=UnixSeconds(now_s - 21 * 86_400),
        topic=(
            "https://vocabulary.uncefact.org/conformity-topics/greenhouse-gas-emissions",
            "Greenhouse Gas Emissions",
        ),
        accreditation=(
            "ISO/IEC 17065 (fictional)",
            scenario.party("acreditador-nacional").party,
        ),
    )
    issuance = Issuance(
        f"urn:uuid:{uuid.uuid4()}", now_s, secrets.token_bytes(16), CERTIFICATE_ENDS_S
    )
    return build_certificate(certificate, issuance)
