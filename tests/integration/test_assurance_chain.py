"""Step 10 on real contracts: certified credit behind a lot, and what is said of it later (J4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.lot_scenes import (
    CO2E,
    CONCENTRATE,
    CU,
    CU_MARK,
    DRY,
    IDS,
    CopperScene,
    copper_scene,
    emitted,
)
from tests.support.smelted_world import TONNE, Desk, output
from veta.model.bundle import StatementBundle
from veta.model.identifiers import Digest
from veta.model.lots import Cover
from veta.services.lot_bundles import LotBundleDesk
from veta.services.node import Node
from veta.services.verify import FactGatherer
from veta.verify.policy import LOT_STEPS, Policy
from veta.verify.report import Report
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

HELD = {DRY: TONNE, CU: 280_000, CO2E: 960_000, CU_MARK: 280_000}
EVERY_STEP = Policy().required | LOT_STEPS | {Step.ASSURANCE}
GROUNDS = Digest(b"\x5a" * 32)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("assured")) as made:
        yield made


@pytest.fixture(scope="module")
def bundle(scene: CopperScene) -> StatementBundle:
    """A lot of certified concentrate, with the run that it came from."""
    miner = Desk(scene.company("miner"))
    company = miner.company
    request = company.run(
        output(scene, company, CONCENTRATE, "CON-9", HELD),
        emissions=emitted(process=HELD[CO2E]),
        covers=(Cover(CU_MARK, (scene.certificate,)),),
        now_s=scene.now_s,
    )
    company.lots.originator.originate(request)
    company.node.desk.anchorer.anchor()
    company.settle()
    lot = company.lot("CON-9", CONCENTRATE)
    return LotBundleDesk(company.store).bundle(lot, (miner.disclosed(),))


def node(scene: CopperScene) -> Node:
    """Nobody's: it asks the chain now."""
    return Node(trust=scene.trust, ledger=scene.ledger(), clock=scene.clock)


def verify(scene: CopperScene, bundle: StatementBundle) -> Report:
    return node(scene).verify(bundle, Verifier(scene.trust, Policy(required=EVERY_STEP)))


def findings(report: Report) -> dict[str, Outcome]:
    """Of the assurance chain; what is said of sites stands in the same step."""
    return {each.code: each.outcome for each in report.checks if each.code.startswith("assurance.")}


@pytest.mark.row("S06")
def test_assurance__from_registration_to_suspension_and_withdrawal(
    scene: CopperScene, bundle: StatementBundle
) -> None:
    report = verify(scene, bundle)
    unshown = {"assurance.document_not_shown": Outcome.NOT_PROVEN}
    assert findings(report) == {"assurance.chain": Outcome.PASSED, **unshown}
    assert report.verdict.good
    check, _ = [each for each in report.checks if each.code.startswith("assurance.")]
    assert (
        check.facts["body"],
        check.facts["accreditation_body"],
        check.facts["scheme_owner"],
    ) == (
        IDS["body"],
        IDS["accreditor"],
        IDS["owner"],
    )

    assurance = scene.ledger().lots.assurance
    scene.send("accreditor", assurance.encode_suspend(scene.certificate, GROUNDS))
    assert "assurance.suspended_since" in findings(verify(scene, bundle))
    assert verify(scene, bundle).verdict is Verdict.VALID_WITH_NOTICE
    scene.send("accreditor", assurance.encode_lift(scene.certificate, GROUNDS))
    assert findings(verify(scene, bundle)) == {"assurance.chain": Outcome.PASSED, **unshown}

    scene.send("accreditor", assurance.encode_suspend(1, GROUNDS))
    found = findings(verify(scene, bundle))
    assert found["assurance.accreditation_ended_since"] is Outcome.NOTICE
    scene.send("accreditor", assurance.encode_lift(1, GROUNDS))

    scene.send("body", assurance.encode_withdraw(scene.certificate, GROUNDS))
    found = findings(verify(scene, bundle))
    assert found["assurance.withdrawn_since"] is Outcome.NOTICE
    assert found["assurance.chain"] is Outcome.PASSED


def test_assurance__facts_in_a_file__come_back_as_they_were(
    scene: CopperScene, bundle: StatementBundle
) -> None:
    facts = FactGatherer(scene.ledger(), scene.clock).gather(bundle)
    again, carried = read_bundle(write_bundle(bundle, facts), now_s=scene.now_s)
    assert again == bundle
    assert carried is not None and facts.lot is not None
    assert carried.lot == facts.lot


def test_assurance__lot_without_its_run__is_not_proven(
    scene: CopperScene, bundle: StatementBundle
) -> None:
    report = verify(scene, replace(bundle, runs=()))
    assert findings(report) == {"assurance.lineage_open": Outcome.NOT_PROVEN}
    assert report.verdict is Verdict.NOT_PROVEN
