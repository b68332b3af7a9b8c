"""A certificate with its criteria, from the body that issues it to the buyer's verdict (J4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest
from sha3 import keccak_256

from tests.support.assurance_world import CERTIFIED, issued, site_name
from tests.support.lot_scenes import (
    CO2E,
    CONCENTRATE,
    COPPER,
    CU_MARK,
    DAY,
    MINE,
    YEAR,
    CopperScene,
    copper_scene,
    did,
    done,
    emitted,
)
from tests.support.smelted_world import Desk, output
from veta.claims import shipped
from veta.model.bundle import StatementBundle
from veta.model.criteria import CriterionFinding, CriterionResult, ImprovementPlan
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import Country, DocumentLink, Issuance, Party, Site
from veta.model.lots import Cover
from veta.services.anchor import BundleDesk
from veta.services.assure import Grant
from veta.services.beside import BesideDesk, with_beside
from veta.services.lot_bundles import LotBundleDesk
from veta.services.node import Node
from veta.services.verify import FactGatherer
from veta.statement.criteria import STANDARD
from veta.statement.records import Certificate, build_certificate
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

CHILE = Country("CL", "Chile")
REPORT = DocumentLink("https://body.example/report", "Audit report", "uEiAreport", "text/pdf")
EVERY_STEP = Policy().required | LOT_STEPS | {Step.ASSURANCE}
GAP = "copper-mark-rra/3/C4"


@dataclass(frozen=True)
class InMemory:
    """Papers that a home was handed."""

    octets: tuple[tuple[str, bytes], ...]

    def files(self) -> Iterator[tuple[str, bytes]]:
        yield from self.octets


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("documents")) as made:
        yield made


@pytest.fixture(scope="module")
def document(scene: CopperScene) -> Leaf:
    """Issued, anchored and recorded by the body: 32 criteria met, one in part with a plan."""
    names = shipped.schemes().scheme_version("copper-mark-rra", "3").criteria
    due = UnixSeconds(scene.now_s - scene.now_s % DAY + 30 * DAY)
    found = {name: CriterionFinding(name, CriterionResult.FULLY) for name in names}
    plan = ImprovementPlan("plan C4", due)
    found[GAP] = CriterionFinding(GAP, CriterionResult.PARTIALLY, plan)
    certificate = Certificate(
        identifier="urn:veta:attestation:CM-7",
        name="Copper Mark, mine",
        issuer=Party(did("body"), "body", CHILE),
        holder=Party(did("miner"), "miner", CHILE),
        scheme=("https://coppermark.example", "Copper Mark"),
        profile=(f"{STANDARD}copper-mark-rra/3", "Copper Mark"),
        level="criteria partially met",
        site=Site(site_name("miner"), "mine", CHILE),
        assessed_at_s=UnixSeconds(scene.now_s - 20 * DAY),
        topic=("https://coppermark.example/all", "All topics"),
        evidence=REPORT,
        criteria=tuple(found.values()),
    )
    blind = sha256(b"a certificate").digest()[:16]
    dates = (UnixSeconds(scene.now_s), blind, UnixSeconds(scene.now_s + YEAR))
    issuance = Issuance("urn:veta:statement:CM-7", *dates)
    body = scene.company("body")
    leaf = issued(body, build_certificate(certificate, issuance))
    body.follow()
    done(body, body.lots.assurance.certify(MINE, 1, Grant(leaf, 2, (COPPER,))))
    return leaf


@pytest.fixture(scope="module")
def lot(scene: CopperScene, document: Leaf) -> StatementBundle:
    """A lot of concentrate whose credit rests on that certificate, with its run."""
    number = scene.company("body").lots.assurance.record_of(document)
    assert number is not None
    scene.pass_time(2 * DAY)
    miner = Desk(scene.company("miner"))
    company = miner.company
    company.follow()
    held = dict(CERTIFIED)
    request = company.run(
        output(scene, company, CONCENTRATE, "CON-7", held),
        emissions=emitted(process=held[CO2E]),
        covers=(Cover(CU_MARK, (number,)),),
        now_s=scene.now_s,
    )
    company.lots.originator.originate(request)
    company.node.desk.anchorer.anchor()
    company.settle()
    company.follow()
    found = company.lot("CON-7", CONCENTRATE)
    return LotBundleDesk(company.store).bundle(found, (miner.disclosed(),))


def judged(scene: CopperScene, bundle: StatementBundle, *, documents: bool = False) -> Report:
    node = Node(trust=scene.trust, ledger=scene.ledger(), clock=scene.clock)
    return node.verify(
        bundle, Verifier(scene.trust, Policy(required=EVERY_STEP, documents=documents))
    )


def told(report: Report) -> dict[str, Outcome]:
    prefix = "assurance."
    return {each.code: each.outcome for each in report.checks if each.code.startswith(prefix)}


@pytest.mark.row("S26", "S29")
def test_documents__issued_recorded_and_handed_on__told_criterion_by_criterion(
    scene: CopperScene, document: Leaf, lot: StatementBundle
) -> None:
    bare = judged(scene, lot)
    assert told(bare) == {
        "assurance.chain": Outcome.PASSED,
        "assurance.document_not_shown": Outcome.NOT_PROVEN,
    }
    assert bare.verdict.good
    assert judged(scene, lot, documents=True).verdict is Verdict.NOT_PROVEN

    paper = BundleDesk(scene.company("body").store).bundle(document)
    papers = InMemory((("certificate.json", write_bundle(paper)), ("x.json", b"{}")))
    miner = scene.company("miner")
    assert BesideDesk(miner.store).with_documents(lot).beside == ()
    shown = BesideDesk(miner.store, papers).with_documents(lot)
    assert shown == with_beside(lot, [paper])
    report = judged(scene, shown, documents=True)
    assert told(report) == {
        "assurance.chain": Outcome.PASSED,
        "assurance.criteria": Outcome.PASSED,
    }
    (criteria,) = [each for each in report.checks if each.code == "assurance.criteria"]
    assert (criteria.facts["criteria"], criteria.facts["count_fully"]) == (33, 32)
    assert criteria.facts["report_digest"] == REPORT.digest_multibase
    own = BesideDesk(scene.company("body").store).with_documents(lot)
    assert own.beside == shown.beside

    facts = FactGatherer(scene.ledger(), scene.clock).gather(shown)
    again, carried = read_bundle(write_bundle(shown, facts), now_s=scene.now_s)
    assert again == shown
    assert carried is not None
    assert carried.beside == facts.beside

    scene.pass_time(40 * DAY)
    late = judged(scene, shown)
    assert told(late)["assurance.plan_overdue"] is Outcome.NOTICE


def test_documents__of_another_site_by_its_name_on_chain__is_not_the_records(
    scene: CopperScene, document: Leaf, lot: StatementBundle
) -> None:
    facts = FactGatherer(scene.ledger(), scene.clock).gather(lot)
    assert facts.lot is not None
    assurance = facts.lot.assurance
    names = {each.site: each.identifier_digest for each in assurance.value.sites}  # type: ignore[union-attr]

    assert names[MINE] == keccak_256(site_name("miner").encode()).digest()
    assert lot.beside == ()
    assert document
