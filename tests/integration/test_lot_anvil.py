"""The lot book on another chain client: the same node, the same lots, by configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lot_scenes import anvil_copper_scene
from tests.support.smelted_world import smelted_in
from veta.services.lot_bundles import LotBundleDesk
from veta.verify.verdict import Outcome, Step

pytestmark = [pytest.mark.anvil, pytest.mark.slow]


def test_lots__on_anvil__from_the_mine_to_a_cathode_that_verifies(tmp_path: Path) -> None:
    with anvil_copper_scene(tmp_path) as scene:
        world = smelted_in(scene)
        desk = LotBundleDesk(world.smelter.company.store)
        shown = desk.with_lineage(desk.bundle(world.cathode), scene.ledger().lots)
        assert shown.missing == ()
        report = world.verify(shown.bundle)
        assert report.verdict.good, [each.sentence for each in report.checks]
        passed = {each.code for each in report.checks if each.outcome is Outcome.PASSED}
        assert {"lineage.laws_kept", "lineage.complete", "footprint.recomputes"} <= passed
        assert {each.step for each in report.checks} == set(Step)
        for company in scene.companies.values():
            company.follow()
            assert company.audit().differences == []
