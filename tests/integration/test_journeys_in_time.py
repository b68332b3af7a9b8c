"""Something turns out wrong later: a receiver weighs less, a body withdraws, a figure was off.

On the real contracts, by the nodes of those concerned; the last word is what a verifier says at the
next look, of lots whose history stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests.support.assurance_world import COPPER_G, GROUNDS, certified, issued, newcomer
from tests.support.lot_scenes import (
    CATHODE,
    CO2E,
    CONCENTRATE,
    CU,
    CU_MARK,
    DAY,
    DRY,
    IDS,
    NET,
    Company,
    CopperScene,
    copper_scene,
    done,
    emitted,
)
from veta.errors import InputError, TransactionRevertedError
from veta.model.consortium import Role
from veta.model.identifiers import Digest, UnixSeconds
from veta.model.lots import Loss, LossReason, LotId
from veta.services.affected import AffectedDesk
from veta.services.notices import RestatementReason, Restating
from veta.services.open_lot import Measurement, Offer
from veta.services.run_requests import TakeRequest
from veta.services.verify import FactGatherer
from veta.verify.report import Report
from veta.verify.verdict import Verdict

CONTENT = {DRY: 1_000_000, CU: COPPER_G, CO2E: 960_000}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("in-time")) as made:
        yield made


def looked_at(company: Company, lot: LotId) -> Report:
    """What a verifier says of a lot and all runs behind it, by the chain as it is now."""
    company.follow()
    bundle = company.node.with_lineage(company.node.lot_part(lot)).bundle
    facts = FactGatherer(company.node.ledger, company.node.clock).gather_lot_alone(bundle)
    return company.node.verifier.verify_lot_alone(bundle, facts)


def codes(report: Report) -> set[str]:
    return {check.code for check in report.checks}


def mined(scene: CopperScene, number: str) -> LotId:
    """Concentrate that the mine offers to the smelter."""
    miner = scene.company("miner")
    miner.follow()
    miner.lots.originator.originate(
        miner.run(
            miner.output(CONCENTRATE, {number: dict(CONTENT)}),
            emissions=emitted(process=CONTENT[CO2E]),
            now_s=scene.now_s,
        )
    )
    miner.settle()
    lot = miner.lot(number, CONCENTRATE)
    miner.lots.custodian.open(lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + 5 * DAY)))
    miner.settle()
    return lot


def smelted(scene: CopperScene, lot: LotId, number: str, **changes: object) -> LotId:
    smelter = scene.company("smelter")
    smelter.follow()
    held = {NET: 278_000, CU: 277_200, CO2E: 1_460_000}
    take = TakeRequest(lot, **changes)  # type: ignore[arg-type]
    planned = smelter.lots.transformer.transform(
        smelter.run(
            smelter.output(CATHODE, {number: held}),
            takes=(take,),
            losses=(Loss(CU, 2_800, LossReason.SLAG),),
            emissions=emitted(process=500_000),
            now_s=scene.now_s,
        )
    )
    done(smelter, planned.intent)
    made = smelter.lot(number, CATHODE)
    smelter.lots.custodian.open(made)
    smelter.settle()
    return made


@pytest.mark.row("A35")
def test_journey__receiver_weighs_less__dispute_freeze_and_notices_at_the_next_look(
    scene: CopperScene,
) -> None:
    """1,000 kg were shipped, the weigh-bridge at the smelter says 960: stones, or dust, or theft.
    The chain cannot see metal; what it sees are two figures, and it says both from then on."""
    miner, smelter = scene.company("miner"), scene.company("smelter")
    authority = newcomer(scene, "authority", Role.AUTHORITY)
    lot = mined(scene, "STONES")
    assert not codes(looked_at(miner, lot)) & {"lot.rebased", "lot.disputed", "lot.frozen"}
    smelter.follow()
    slip = issued(smelter, smelter.passport("weigh-bridge slip and re-assay"))
    measured = Measurement(measured=960_000, method=1, statement_leaf=slip)
    done(smelter, smelter.lots.custodian.accept_measured(lot, measured))
    grounds = Digest(sha256(b"seal 4711 broken; slip, photographs, umpire's assay").digest())
    done(smelter, smelter.lots.notices.dispute(lot, grounds))
    until = UnixSeconds(scene.now_s + 20 * DAY)
    with pytest.raises(InputError) as early:
        authority.lots.custodian.freeze(lot, UnixSeconds(scene.now_s - DAY))
    assert early.value.code == "custody.time_out_of_bounds"
    done(authority, authority.lots.custodian.freeze(lot, until))

    report = looked_at(smelter, lot)
    assert {"lot.rebased", "lot.disputed", "lot.frozen"} <= codes(report)
    (rebased,) = [check for check in report.checks if check.code == "lot.rebased"]
    assert ("1000000", "960000") in rebased.facts.values()
    (disputed,) = [check for check in report.checks if check.code == "lot.disputed"]
    assert (disputed.facts["party"], disputed.facts["upheld"]) == (IDS["smelter"], False)
    # The seller sees the same at its own next look, and nobody moves or uses the lot meanwhile.
    assert {"lot.disputed", "lot.frozen"} <= codes(looked_at(miner, lot))
    with pytest.raises((InputError, TransactionRevertedError)):
        smelter.lots.custodian.offer([lot], Offer(IDS["maker"], until))
    with pytest.raises((InputError, TransactionRevertedError)):
        smelted(scene, lot, "FROM-STONES")
    # Settled: the party closes its dispute, the freeze ends by its time, the two figures stay.
    done(smelter, smelter.lots.notices.close(lot))
    scene.pass_time(21 * DAY)
    after = codes(looked_at(smelter, lot))
    assert "lot.rebased" in after
    assert not after & {"lot.disputed", "lot.frozen"}


def test_freeze__asked_by_both_sides_of_an_offer__takes_effect_with_the_second(
    scene: CopperScene,
) -> None:
    miner, smelter, stranger = (scene.company(word) for word in ("miner", "smelter", "maker"))
    lot = mined(scene, "ICE")
    until = UnixSeconds(scene.now_s + 3 * DAY)
    for company in (smelter, stranger):
        company.follow()
    with pytest.raises(InputError) as refused:
        stranger.lots.custodian.freeze(lot, until, jointly=True)
    assert refused.value.code == "custody.may_not_freeze"
    done(miner, miner.lots.custodian.freeze(lot, until, jointly=True))
    assert miner.node.ledger.lots.lot(lot, miner.node.ledger.head()).frozen_until_s == 0
    # The other side has to name the same moment.
    done(smelter, smelter.lots.custodian.freeze(lot, UnixSeconds(until + 60), jointly=True))
    assert miner.node.ledger.lots.lot(lot, miner.node.ledger.head()).frozen_until_s == 0
    done(miner, miner.lots.custodian.freeze(lot, UnixSeconds(until + 60), jointly=True))
    record = miner.node.ledger.lots.lot(lot, miner.node.ledger.head())
    assert record.frozen_until_s == until + 60
    with pytest.raises((InputError, TransactionRevertedError)):
        done(smelter, smelter.lots.custodian.accept([lot]))


@pytest.mark.row("A23")
def test_journey__body_withdraws_for_cause__flagged_frozen_named_and_history_kept(
    scene: CopperScene,
) -> None:
    body, smelter = scene.company("body"), scene.company("smelter")
    used, unused = certified(scene, "CAUSE-1", "CAUSE-2", certificate=scene.certificate)
    cathode = smelted(scene, used, "CAUSE-CAT", waived=frozenset({CU_MARK}))
    before = looked_at(smelter, unused)
    assert "assurance.chain" in codes(before)
    body.follow()
    done(body, body.lots.assurance.suspend(scene.certificate, GROUNDS))
    # Unused credit is frozen: taken only by who lets it go.
    smelter.follow()
    with pytest.raises((InputError, TransactionRevertedError)) as frozen:
        smelted(scene, unused, "CAUSE-FROZEN")
    assert "suspend" in str(frozen.value).lower()
    done(body, body.lots.assurance.withdraw(scene.certificate, GROUNDS))
    smelter.follow()
    with pytest.raises((InputError, TransactionRevertedError)) as frozen:
        smelted(scene, unused, "CAUSE-STILL-FROZEN")
    assert "suspend" in str(frozen.value).lower()
    # Lots since are flagged, with the date, and their history stays: what was sold is not undone.
    flagged = looked_at(smelter, unused)
    assert {"assurance.suspended_since", "assurance.withdrawn_since"} & codes(flagged)
    assert codes(before) - codes(flagged) <= {"assurance.chain"}
    assert flagged.verdict is before.verdict is Verdict.NOT_PROVEN  # no passport was at hand
    # Holders are named, to be told; so is what they have left.
    body.follow()
    found = AffectedDesk(body.store, body.node.ledger.lots).by(scene.certificate)
    assert {used, unused} <= set(found.reached.lots)
    assert cathode not in found.reached.lots  # it carries none of that credit
    lots, left = found.holders[IDS["smelter"]]
    assert lots >= 1 and left[CU_MARK] >= COPPER_G
    assert smelter.shelf.known(unused).record.holder == IDS["smelter"]


@pytest.mark.row("A51")
def test_journey__footprint_restated_upstream__flagged_until_the_smelter_restates(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    lot = mined(scene, "FACTOR")
    smelter.follow()
    done(smelter, smelter.lots.custodian.accept([lot]))
    cathode = smelted(scene, lot, "FACTOR-CAT")
    told = issued(miner, miner.passport("wrong diesel factor"))
    miner.follow()
    restating = Restating(CO2E, 40_000, RestatementReason.FACTOR, told)
    done(miner, miner.lots.notices.restate(lot, restating))
    report = looked_at(smelter, cathode)
    (check,) = [each for each in report.checks if each.code == "lineage.restated"]
    assert (check.facts["issued"], check.facts["restated"]) == (1_460_000, 1_500_000)
    # A figure for the better does not count before an independent assurer confirmed it.
    better = Restating(CO2E, -90_000, RestatementReason.CALCULATION, told)
    done(miner, miner.lots.notices.restate(lot, better))
    uncounted = looked_at(smelter, cathode)
    assert "lineage.restatement_not_counted" in codes(uncounted)
    assert figures(uncounted) == (1_460_000, 1_500_000)
    body = scene.company("body")
    body.follow()
    done(body, body.lots.notices.confirm(lot, 1))
    assert figures(looked_at(smelter, cathode)) == (1_460_000, 1_410_000)
    # The smelter recomputes: its own batch is restated, and the flag is gone.
    scene.pass_time(60)
    own = issued(smelter, smelter.passport("recomputed"))
    smelter.follow()
    again = Restating(CO2E, 40_000, RestatementReason.CALCULATION, own)
    done(smelter, smelter.lots.notices.restate(cathode, again))
    settled = codes(looked_at(smelter, cathode))
    assert "lot.restated" in settled
    assert "lineage.restated" not in settled


def figures(report: Report) -> tuple[object, object]:
    (check,) = [each for each in report.checks if each.code == "lineage.restated"]
    return check.facts["issued"], check.facts["restated"]
