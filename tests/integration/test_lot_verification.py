"""Lots of real contracts, verified by somebody who holds the trust configuration and a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.lot_scenes import (
    CO2E,
    DAY,
    IDS,
)
from tests.support.smelted_world import CAT, CON, World, originated, passport, smelted_world
from veta.errors import NotFoundError
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lots import LotId
from veta.services.disclosure import disclosed_run
from veta.services.lot_bundles import LotBundleDesk
from veta.services.open_lot import Measurement, Offer
from veta.sum_trees import SumTree
from veta.verify.verdict import Outcome, Step, Verdict


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with smelted_world(tmp_path_factory.mktemp("verified")) as made:
        yield made


def test_verify__cathode_with_its_whole_lineage__good_with_every_step(world: World) -> None:
    bundle = world.smelter.bundle(world.cathode, world.origin, world.smelting)
    report = world.verify(bundle)
    assert report.verdict is Verdict.VALID_WITH_NOTICE
    assert world.codes(bundle, Outcome.NOTICE) == {"lot.unopened"}
    facts = {check.code: check.facts for check in report.checks}
    assert facts["lineage.origins"]["shares"] == ("1000000 ppm site 3",)
    assert facts["footprint.recomputes"]["recomputed_g_per_kg"] == 5_252
    assert facts["footprint.recomputes"]["inherited_g"] == 960_000


def test_verify__consumed_concentrate__a_true_lot_with_a_past(world: World) -> None:
    bundle = world.miner.bundle(world.concentrate, world.origin)
    assert world.verify(bundle).verdict is Verdict.VALID_WITH_NOTICE
    assert world.codes(bundle, Outcome.NOTICE) == {"lot.consumed"}


@pytest.mark.row("A26")
def test_verify__footprint_of_another_lot_s_figures__does_not_recompute(world: World) -> None:
    bundle = world.smelter.bundle(world.cathode, world.origin, world.smelting)
    assert bundle.lot is not None
    lighter = tuple(each - 1_000 if each == CAT[CO2E] else each for each in bundle.lot.quantities)
    forged = replace(bundle, lot=replace(bundle.lot, quantities=lighter))
    assert world.verify(forged).verdict is Verdict.INVALID
    assert {"sum_trees.root_mismatch", "lot.column_differs"} <= world.codes(forged, Outcome.FAILED)


def test_part__of_a_lot_of_another_member__is_shown_by_its_slots(world: World) -> None:
    """Its holder has no path; the passport comes from whoever was given it."""
    part = LotBundleDesk(world.smelter.company.store).part(world.concentrate)
    assert (part.path, part.batch.totals) == (None, None)
    token = world.miner.bundle(world.concentrate)
    report = world.verify(replace(token, lot=part))
    lot = [check for check in report.checks if check.step is Step.LOT]
    assert "lot.as_opened" in {check.code for check in lot}
    assert not [check for check in lot if check.outcome is Outcome.NOT_PROVEN]


def test_part__of_a_lot_of_nobody_here__is_refused(world: World) -> None:
    for company in (world.miner, world.smelter):
        with pytest.raises(NotFoundError) as refusal:
            LotBundleDesk(company.company.store).part(LotId(b"\x09" * 32))
        assert refusal.value.code == "lot.unopened"


def test_verify__lineage_withheld__not_proven(world: World) -> None:
    bundle = world.smelter.bundle(world.cathode, world.smelting)
    assert world.verify(bundle).verdict is Verdict.NOT_PROVEN
    assert "lineage.run_not_disclosed" in world.codes(bundle, Outcome.NOT_PROVEN)


@pytest.mark.row("A03")
def test_verify__second_certificate_for_a_lot_that_is_open__another_statement_is_on_chain(
    world: World,
) -> None:
    """Its own node refuses; without it the batch can be issued, and the lot not opened again."""
    scene, miner = world.scene, world.miner
    company = miner.company
    lot = originated(scene, miner, "CON-5")
    first = miner.bundle(lot, miner.disclosed())
    company.lots.custodian.open(lot)
    company.settle()
    papers = passport(scene, "miner", "CON-5", CON, label="second")
    leaf = company.node.desk.issuer.issue(papers).leaf
    company.node.desk.anchorer.anchor()
    company.settle()
    part, (kind, run) = first.lot, miner.runs[-1]
    assert part is not None
    tree = SumTree([(part.lot_key, leaf, part.quantities)], len(part.columns))
    again = replace(run, outputs=(replace(run.outputs[0], root=tree.root),))
    scene.send("miner", scene.ledger().lots.encode_run(kind, again))
    company.follow()
    with company.store.read() as work:
        batch = work.lot_batch(company.member, tree.root)
    assert batch is not None
    origin = disclosed_run(again, kind, [batch.header])
    second = replace(
        company.node.bundle(leaf),
        lot=replace(part, batch=origin.batches[0], statement_leaf=leaf),
        runs=(origin,),
    )
    assert world.verify(first).verdict is Verdict.VALID
    assert world.codes(second, Outcome.FAILED) == {"lot.other_statement_on_chain"}
    assert {"lot.proven", "lot.first_statement"} <= world.codes(second, Outcome.PASSED)


def test_verify__lot_measured_short_on_receipt__both_figures(world: World) -> None:
    scene, miner, smelter = world.scene, world.miner, world.smelter
    lot = originated(scene, miner, "CON-2")
    origin = miner.disclosed()
    miner.company.lots.custodian.open(
        lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + 5 * DAY))
    )
    miner.company.settle()
    smelter.company.follow()
    told = Measurement(measured=900_000, method=1, statement_leaf=Leaf(b"\x07" * 32))
    smelter.company.lots.custodian.accept_measured(lot, told)
    smelter.company.settle()
    bundle = miner.bundle(lot, origin)
    assert "lot.opened_otherwise" in world.codes(bundle, Outcome.NOT_PROVEN)
    miner.company.follow()
    shown = miner.bundle(lot, origin)
    assert shown.lot is not None
    assert shown.lot.rebased == smelter.company.shelf.known(lot).opened.quantities
    assert world.verify(shown).verdict is Verdict.VALID_WITH_NOTICE
    assert "lot.rebased" in world.codes(shown, Outcome.NOTICE)


def test_verify__retired_lot_and_withdrawn_batch__as_the_chain_says(world: World) -> None:
    scene, miner = world.scene, world.miner
    retired = originated(scene, miner, "CON-3")
    bundle = miner.bundle(retired, miner.disclosed())
    miner.company.lots.custodian.open(retired)
    miner.company.settle()
    miner.company.lots.custodian.retire([retired], 1)
    miner.company.settle()
    assert "lot.retired" in world.codes(bundle, Outcome.NOTICE)
    withdrawn = originated(scene, miner, "CON-4")
    bundle = miner.bundle(withdrawn, miner.disclosed())
    assert world.verify(bundle).verdict is Verdict.VALID_WITH_NOTICE
    (batch,) = bundle.runs[0].batches
    assert batch.totals is not None
    totals = (batch.totals.columns, batch.totals.sums, batch.totals.salt)
    scene.send("miner", scene.ledger().lots.encode_withdraw(batch.header, *totals))
    failed = world.codes(bundle, Outcome.FAILED)
    assert failed == {"lot.batch_withdrawn", "lineage.batch_withdrawn"}
