"""A miner and a smelter on real contracts: concentrate, the cathode made of it, who checks them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
from veta.model.bundle import StatementBundle
from veta.model.disclosure import DisclosedRun
from veta.model.identifiers import Leaf, UnixSeconds
from veta.model.lot import LotCertificate, LotFootprint, MetalContent, MetalOrigin, ParentLot, Party
from veta.model.lots import CustodyModel, Loss, LossReason, LotBatchKind, LotId, Run
from veta.services.disclosure import disclosed_run, lot_part
from veta.services.lot_bundles import LotBundleDesk
from veta.services.lot_reading import OpeningDesk
from veta.services.node import Node
from veta.services.open_lot import Offer
from veta.services.run_requests import LotEntry, OutputRequest, TakeRequest
from veta.statement.passport import build_passport
from veta.verify.policy import Policy
from veta.verify.report import Report
from veta.verify.verdict import Outcome, Step
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


@contextmanager
def smelted_world(folder: Path) -> Iterator[World]:
    """A cathode of one lot of concentrate."""
    with copper_scene(folder) as scene:
        yield smelted_in(scene)


def smelted_in(scene: CopperScene) -> World:
    """The same in a scene that there is."""
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
    return World(scene, miner, smelter, concentrate, cathode, origin, smelting)
