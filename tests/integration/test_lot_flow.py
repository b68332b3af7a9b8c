"""Lots from a mine's concentrate to a cathode in another company, on the real contracts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.lot_scenes import (
    CATHODE,
    CO2E,
    CONCENTRATE,
    COPPER,
    CU,
    DAY,
    DRY,
    IDS,
    MINE,
    NET,
    CopperScene,
    copper_scene,
    emitted,
)
from veta.model.identifiers import UnixSeconds
from veta.model.lots import Loss, LossReason, LotState
from veta.ports.store import IntentState
from veta.services.open_lot import Offer
from veta.services.run_requests import RunRequest, TakeRequest

TONNE = 1_000_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("lots")) as made:
        yield made


def concentrate(scene: CopperScene, *numbers: str, co2e: int = 960_000) -> RunRequest:
    """Concentrate with 28 % copper, a tonne a lot."""
    miner = scene.company("miner")
    held = {DRY: TONNE, CU: 280_000, CO2E: co2e}
    return miner.run(
        miner.output(CONCENTRATE, {number: dict(held) for number in numbers}),
        emissions=emitted(process=co2e * len(numbers)),
        now_s=scene.now_s,
    )


def test_lots__from_the_mine_to_the_smelter_s_cathode__are_what_the_chain_says(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    request = concentrate(scene, "CON-1", "CON-2")
    planned = miner.lots.originator.originate(request)
    assert planned.created
    first = miner.lot("CON-1", CONCENTRATE)
    assert planned.lots == ((first, miner.lot("CON-2", CONCENTRATE)),)
    again = miner.lots.originator.originate(concentrate(scene, "CON-1", "CON-2"))
    assert (again.intent.number, again.created) == (planned.intent.number, False)
    miner.settle()
    assert miner.state(planned.intent) == (IntentState.DONE, "")

    until = UnixSeconds(scene.now_s + 5 * DAY)
    opened = miner.lots.custodian.open(first, Offer(IDS["smelter"], until))
    assert miner.lots.custodian.open(first, Offer(IDS["smelter"], until)).number == opened.number
    miner.settle()
    assert miner.state(opened) == (IntentState.DONE, "")
    assert miner.shelf.known(first).record.state is LotState.OFFERED

    smelter.follow()
    accepted = smelter.lots.custodian.accept([first])
    smelter.settle()
    assert smelter.state(accepted) == (IntentState.DONE, "")
    held = smelter.shelf.balance.holdings(IDS["smelter"])
    assert held.totals == {DRY: TONNE, CU: 280_000, CO2E: 960_000}

    run = smelter.run(
        smelter.output(CATHODE, {"CAT-1": {NET: 278_000, CU: 277_200, CO2E: 1_460_000}}),
        takes=(TakeRequest(first),),
        losses=(Loss(CU, 2_800, LossReason.SLAG),),
        emissions=emitted(process=500_000),
        now_s=scene.now_s,
    )
    drafted = smelter.lots.transformer.draft(run)
    assert drafted.assessment.problems == ()
    assert drafted.assessment.balances is not None
    assert drafted.assessment.balances.metal[0].yield_ppm == 990_000
    made = smelter.lots.transformer.transform(run)
    smelter.settle()
    assert smelter.state(made.intent) == (IntentState.DONE, "")
    cathode = smelter.lot("CAT-1", CATHODE)
    smelter.lots.custodian.open(cathode)
    smelter.settle()

    found = smelter.shelf.lineage.ancestry(cathode, COPPER)
    assert found.by_site() == {MINE: 1_000_000}
    assert found.lots == {first: 1_000_000}
    assert smelter.shelf.known(first).record.state is LotState.CONSUMED
    for company in (miner, smelter):
        company.follow()
        assert company.audit().differences == []
    head = scene.ledger().head()
    for lot in (first, cathode):
        assert scene.ledger().lots.lot(lot, head) == smelter.shelf.known(lot).record
