"""Lots of real contracts, verified by somebody who holds the trust configuration and a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.support.certified_lot import CHILE, cathode_lot, issuance
from tests.support.lot_scenes import (
    CATHODE,
    CO2E,
    CONCENTRATE,
    CU,
    DAY,
    DRY,
    IDS,
    NET,
    Company,
    CopperScene,
    copper_scene,
    did,
    emitted,
)
from veta.custody.footprint import co2e_g_per_kg
from veta.errors import NotFoundError
from veta.model.bundle import StatementBundle
from veta.model.disclosure import DisclosedRun
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import LotCertificate, LotFootprint, MetalContent, MetalOrigin, ParentLot, Party
from veta.model.lots import CustodyModel, Loss, LossReason, LotBatchKind, LotId, Run
from veta.services.disclosure import disclosed_run, lot_part
from veta.services.lot_bundles import LotBundleDesk
from veta.services.lot_reading import OpeningDesk
from veta.services.node import Node
from veta.services.open_lot import Measurement, Offer
from veta.services.run_requests import LotEntry, OutputRequest, TakeRequest
from veta.statement.passport import build_passport
from veta.sum_trees import SumTree
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Step, Verdict
from veta.verify.verifier import Verifier

TONNE = 1_000_000
ALL_STEPS = frozenset(Step) - {Step.ASSURANCE, Step.CLAIMS}
CON = {DRY: TONNE, CU: 280_000, CO2E: 960_000}
CAT = {NET: 278_000, CU: 277_980, CO2E: 1_460_000}


@dataclass
class Desk:
    """A company that keeps what it said of its runs, to hand it over."""

    company: Company
    runs: list[tuple[LotBatchKind, Run]] = field(default_factory=list)

    def __post_init__(self) -> None:
        lots: Any = self.company.node.ledger.lots
        encode = lots.encode_run

        def keeping(kind: LotBatchKind, run: Run) -> Any:
            self.runs.append((kind, run))
            return encode(kind, run)

        lots.encode_run = keeping

    def disclosed(self, paths: tuple[tuple[bytes, ...], ...] = ()) -> DisclosedRun:
        """The newest run, with its headers as followed."""
        kind, run = self.runs[-1]
        with self.company.store.read() as work:
            found = [work.lot_batch(self.company.member, made.root) for made in run.outputs]
        headers = [batch.header for batch in found if batch is not None]
        return disclosed_run(run, kind, headers, paths)

    def bundle(self, lot: LotId, *runs: DisclosedRun) -> StatementBundle:
        """A lot's passport with everything that shows it."""
        return LotBundleDesk(self.company.store).bundle(lot, runs)


@dataclass
class World:
    """A lot of concentrate and the cathode made of it, and who checks them."""

    scene: CopperScene
    miner: Desk
    smelter: Desk
    concentrate: LotId
    cathode: LotId
    origin: DisclosedRun
    smelting: DisclosedRun

    def verify(self, bundle: StatementBundle) -> Report:
        """By a node of nobody that asks the chain now."""
        node = Node(trust=self.scene.trust, ledger=self.scene.ledger(), clock=self.scene.clock)
        return node.verify(bundle, Verifier(self.scene.trust, Policy(required=ALL_STEPS)))

    def codes(self, bundle: StatementBundle, outcome: Outcome) -> set[str]:
        checks = self.verify(bundle).checks
        required = [check for check in checks if check.step in ALL_STEPS]
        return {check.code for check in required if check.outcome is outcome}


def passport(
    scene: CopperScene,
    word: str,
    number: str,
    held: dict[Any, int],
    *parents: ParentLot,
    label: str = "first",
) -> dict[str, Any]:
    """A lot passport that says what the lot's columns say."""
    basis, mass_g = ("net", held[NET]) if NET in held else ("dry", held[DRY])
    usual = cathode_lot()
    footprint = usual.footprint
    assert isinstance(footprint, LotFootprint)
    lot: LotCertificate = replace(
        usual,
        lot_number=number,
        product_class="copper-cathode" if NET in held else "copper-concentrate",
        issuer=Party(did(word), word.title()),
        mass_g=mass_g,
        mass_basis=basis,
        metal=(MetalContent("Cu", held[CU]),),
        origins=(MetalOrigin("Cu", CHILE, held[CU]),),
        footprint=replace(
            footprint, co2e_g=held[CO2E], co2e_g_per_kg=co2e_g_per_kg(held[CO2E], mass_g)
        ),
        parents=parents,
    )
    when = replace(issuance(f"{number}-{label}"), valid_from_s=UnixSeconds(scene.now_s - 60))
    return build_passport(lot, when)


def output(
    scene: CopperScene, company: Company, terms: Any, number: str, held: Any, *parents: ParentLot
) -> OutputRequest:
    columns = tuple(sorted(held))
    entry = LotEntry(
        number,
        tuple(held[key] for key in columns),
        passport(scene, company.word, number, held, *parents),
    )
    return OutputRequest(
        product_class=terms.product_class,
        columns=columns,
        reference_column=NET if NET in held else DRY,
        model=CustodyModel.CONTROLLED_BLENDING,
        lots=(entry,),
    )


def originated(scene: CopperScene, miner: Desk, number: str) -> LotId:
    """A lot of concentrate, anchored with its passport, opened and offered to the smelter."""
    company = miner.company
    request = company.run(
        output(scene, company, CONCENTRATE, number, CON),
        emissions=emitted(process=CON[CO2E]),
        now_s=scene.now_s,
    )
    company.lots.originator.originate(request)
    company.node.desk.anchorer.anchor()
    company.settle()
    return company.lot(number, CONCENTRATE)


def accepted(scene: CopperScene, miner: Desk, smelter: Desk, lot: LotId) -> None:
    miner.company.lots.custodian.open(
        lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + 5 * DAY))
    )
    miner.company.settle()
    smelter.company.follow()
    smelter.company.lots.custodian.accept([lot])
    smelter.company.settle()


def smelted(scene: CopperScene, smelter: Desk, lot: LotId, number: str, parent: ParentLot) -> LotId:
    company = smelter.company
    request = company.run(
        output(scene, company, CATHODE, number, CAT, parent),
        takes=(TakeRequest(lot),),
        losses=(Loss(CU, CON[CU] - CAT[CU], LossReason.SLAG),),
        emissions=emitted(process=400_000, transport=100_000),
        now_s=scene.now_s,
    )
    company.lots.transformer.transform(request)
    company.node.desk.anchorer.anchor()
    company.settle()
    return company.lot(number, CATHODE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with copper_scene(tmp_path_factory.mktemp("verified")) as scene:
        miner, smelter = Desk(scene.company("miner")), Desk(scene.company("smelter"))
        concentrate = originated(scene, miner, "CON-1")
        origin = miner.disclosed()
        opening = OpeningDesk(miner.company.store).opening(concentrate)
        accepted(scene, miner, smelter, concentrate)
        parent = ParentLot(did("miner"), "CON-1", Leaf(opening.statement_leaf))
        cathode = smelted(scene, smelter, concentrate, "CAT-1", parent)
        path = lot_part(opening).path
        assert path is not None
        smelting = smelter.disclosed((path,))
        yield World(scene, miner, smelter, concentrate, cathode, origin, smelting)


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
