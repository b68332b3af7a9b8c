"""A miner whose concentrate is certified, on the real contracts, and where claims are asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.lot_scenes import (
    CATHODE,
    CO2E,
    CONCENTRATE,
    CU,
    CU_MARK,
    DRY,
    MINE,
    RMM,
    CopperScene,
    did,
    emitted,
)
from tests.support.smelted_world import CAT, TONNE, Desk, accepted, output
from veta.model.bundle import StatementBundle
from veta.model.identifiers import Leaf
from veta.model.lot import ParentLot
from veta.model.lots import Cover, CustodyModel, Loss, LossReason
from veta.services.lot_bundles import LotBundleDesk
from veta.services.lot_reading import OpeningDesk
from veta.services.run_requests import TakeRequest


def written(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return path


CB, MB = CustodyModel.CONTROLLED_BLENDING, CustodyModel.MASS_BALANCE
CERTIFIED = 210_000
HELD = {DRY: TONNE, CU: 280_000, CO2E: 960_000, CU_MARK: CERTIFIED}
SCHEME = {
    "slug": "rmm",
    "name": "RMM",
    "subject": "site",
    "certification": True,
    "levels": ["RMM-25", "RMM-50", "RMM-75"],
    "source": "fictional",
    "checked": True,
    "versions": [],
}


@dataclass
class Mine:
    """A miner whose concentrate is certified, and where its claims are asked for."""

    scene: CopperScene
    folder: Path
    desk: Desk
    smelter: Desk

    def __post_init__(self) -> None:
        for number, model in (("CON-MB", MB), ("CON-CB", CB), ("CON-ON", CB)):
            request = self.desk.company.run(
                replace(
                    output(self.scene, self.desk.company, CONCENTRATE, number, HELD), model=model
                ),
                emissions=emitted(process=HELD[CO2E]),
                covers=(Cover(CU_MARK, (self.scene.certificate,)),),
                now_s=self.scene.now_s,
            )
            self.desk.company.lots.originator.originate(request)
            self.desk.company.node.desk.anchorer.anchor()
            self.desk.company.settle()

    def bundle(self, number: str) -> StatementBundle:
        company = self.desk.company
        return LotBundleDesk(company.store).bundle(company.lot(number, CONCENTRATE), ())

    def smelted(self, number: str, taken: str, held: dict[Any, int], **changes: Any) -> None:
        """Cathode of a lot of concentrate, under mass balance."""
        scene, company = self.scene, self.smelter.company
        concentrate = self.desk.company.lot(taken, CONCENTRATE)
        leaf = OpeningDesk(self.desk.company.store).opening(concentrate).statement_leaf
        accepted(scene, self.desk, self.smelter, concentrate)
        parent = ParentLot(did("miner"), taken, Leaf(leaf))
        request = company.run(
            replace(output(scene, company, CATHODE, number, held, parent), model=MB),
            takes=(TakeRequest(concentrate),),
            losses=(Loss(CU, HELD[CU] - CAT[CU], LossReason.SLAG),),
            emissions=emitted(process=400_000, transport=100_000),
            now_s=scene.now_s,
            **changes,
        )
        company.lots.transformer.transform(request)
        company.node.desk.anchorer.anchor()
        company.settle()

    def schemes(self, **changes: Any) -> tuple[object, ...]:
        scheme = SCHEME | changes
        own = {"schema": "veta-schemes/1", "version": 1, "schemes": [scheme]}
        return ("--schemes", written(self.folder, "schemes.json", own))

    def numbers(self, name: str = "Responsible Metals Mark") -> tuple[object, ...]:
        entry = {"scheme": RMM, "name": name, "slug": "rmm"}
        document = {"schema": "veta-scheme-numbers/1", "schemes": [entry]}
        return ("--schemes", written(self.folder, "numbers.json", document))

    def licence(self, **changes: Any) -> tuple[object, ...]:
        usual: dict[str, Any] = {
            "id": "L-1",
            "scheme": "rmm",
            "site": int(MINE),
            "models": ["controlled-blending", "mass-balance"],
            "first": "2026-01-01",
            "last": "2026-12-31",
            "first_offset": "-03:00",
            "last_offset": "-03:00",
        }
        document = {"schema": "veta-licences/1", "licences": [usual | changes]}
        return ("--licences", written(self.folder, "licences.json", document))
