"""What a suspension, a withdrawal or a void touches: lots, holders, unused credit (J4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.assurance_world import (
    COPPER_G,
    GROUNDS,
    TONNE,
    certified,
    conformity,
    issued,
    newcomer,
    site_name,
)
from tests.support.lot_scenes import (
    CATHODE,
    CO2E,
    CONCENTRATE,
    COPPER,
    CU,
    CU_MARK,
    DAY,
    DRY,
    IDS,
    MARK,
    MINE,
    NET,
    RMM,
    SMELTERY,
    Company,
    CopperScene,
    copper_scene,
    did,
    emitted,
)
from veta.errors import LedgerUnavailableError, NotFoundError
from veta.model.consortium import Role
from veta.model.identifiers import TransactionId, UnixSeconds
from veta.model.lots import Cover, CustodyModel, Draw, Loss, LossReason, LotId, LotState
from veta.ports.lots import SentRun
from veta.ports.store import IntentState
from veta.services.affected import Affected, AffectedDesk, WalkLimits
from veta.services.affected_documents import affected_json
from veta.services.assure import Grant
from veta.services.open_lot import Measurement, Offer
from veta.services.run_requests import TakeRequest
from veta.services.standing import Standing


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("affected")) as made:
        yield made


class Deaf:
    """The chain's side of lots, but that the endpoint knows no transaction, or does not answer."""

    def __init__(self, lots: Any, *, silent: bool = False) -> None:
        self._lots, self._silent = lots, silent
        self.asked = 0

    def sent_run(self, transaction_id: TransactionId) -> SentRun | None:
        self.asked += 1
        if self._silent:
            raise LedgerUnavailableError("ledger.timeout", "the endpoint did not answer in time")
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lots, name)


def affected(company: Company, number: int, **changes: Any) -> Affected:
    company.follow()
    lots = changes.pop("lots", company.node.ledger.lots)
    return AffectedDesk(company.store, lots).by(number, WalkLimits(**changes))


def smelted(scene: CopperScene, lot: LotId, number: str, **changes: Any) -> LotId:
    """A lot of cathode out of one of concentrate, opened."""
    smelter = scene.company("smelter")
    smelter.follow()
    held = {NET: 278_000, CU: 277_200, CO2E: 1_460_000} | changes.pop("held", {})
    usual: dict[str, Any] = {
        "takes": (TakeRequest(lot),),
        "losses": (Loss(CU, 2_800, LossReason.SLAG),),
        "emissions": emitted(process=500_000),
    }
    output = smelter.output(CATHODE, {number: held}, **changes.pop("output", {}))
    planned = smelter.lots.transformer.transform(
        smelter.run(output, now_s=scene.now_s, **(usual | changes))
    )
    smelter.settle()
    assert smelter.state(planned.intent) == (IntentState.DONE, "")
    made = smelter.lot(number, CATHODE)
    smelter.lots.custodian.open(made)
    smelter.settle()
    return made


def lots_of(found: Affected) -> set[LotId]:
    return set(found.reached.lots)


def test_affected__by_what_nobody_recorded__is_not_found(scene: CopperScene) -> None:
    with pytest.raises(NotFoundError) as refused:
        affected(scene.company("miner"), 99)
    assert refused.value.code == "record.not_found"


@pytest.mark.row("S01", "S06", "S17")
def test_journey__from_recognition_to_withdrawal__lots_and_holders_are_listed(
    scene: CopperScene,
) -> None:
    """Owner, accreditor, body, site, certified lot; suspension, lift, withdrawal (J4)."""
    owner = scene.company("owner")
    national = newcomer(scene, "national", Role.ACCREDITATION_BODY)
    auditors = newcomer(scene, "auditors", Role.CERTIFICATION_BODY)
    owner.follow()
    owner.lots.assurance.recognise(RMM, national.member)
    owner.settle()
    paper = issued(national, conformity(scene, "national", body=did("auditors")))
    national.lots.assurance.accredit(auditors.member, RMM, Grant(paper, 2, (COPPER,)))
    national.settle()
    accreditation = national.lots.assurance.record_of(paper)
    assert accreditation is not None
    auditors.follow()
    leaf = issued(auditors, conformity(scene, "auditors", site=site_name("miner")))
    auditors.lots.assurance.certify(MINE, accreditation, Grant(leaf, 2, (COPPER,)))
    auditors.settle()
    certificate = auditors.lots.assurance.record_of(leaf)
    assert certificate is not None
    scene.pass_time(DAY)

    first, second = certified(scene, "J4-1", "J4-2", certificate=certificate)
    other, *_ = certified(scene, "J4-OLD", certificate=scene.certificate)
    cathode = smelted(scene, first, "J4-CAT", held={CU_MARK: 200_000})

    auditors.follow()
    suspended = auditors.lots.assurance.suspend(certificate, GROUNDS)
    auditors.settle()
    assert auditors.state(suspended) == (IntentState.DONE, "")
    found = affected(auditors, certificate)
    assert found.record.standing(found.at_s) is Standing.SUSPENDED
    assert lots_of(found) == {first, second, cathode}
    assert other not in lots_of(found)
    assert found.reached.lots[first].known.record.state is LotState.CONSUMED
    assert found.reached.lots[first].left == {CU_MARK: 0}
    assert dict(found.holders) == {
        IDS["smelter"]: (2, {CU_MARK: COPPER_G + 200_000}),
    }
    (account,) = found.accounts
    assert (account.site, account.programme, account.balance) == (SMELTERY, MARK, 77_200)
    assert (found.untold, found.perhaps, found.reached.cut) == ((), (), set())
    document = affected_json(found, auditors.node.registry.names())
    assert document["complete"] is True
    assert [each["member"] for each in document["holders"]] == [IDS["smelter"]]
    by_accreditation = affected(national, accreditation)
    assert by_accreditation.certificates == (certificate,)
    assert lots_of(by_accreditation) == lots_of(found)

    auditors.lots.assurance.lift(certificate, GROUNDS)
    auditors.settle()
    withdrawn = auditors.lots.assurance.withdraw(certificate, GROUNDS)
    auditors.settle()
    assert auditors.state(withdrawn) == (IntentState.DONE, "")
    again = affected(auditors, certificate)
    assert again.record.standing(again.at_s) is Standing.WITHDRAWN
    assert lots_of(again) == lots_of(found)
    assert [
        each["pastEnd"] for each in affected_json(again, auditors.node.registry.names())["origins"]
    ] == [False]


@pytest.mark.row("S17")
def test_affected__credit_through_an_account__is_followed_to_what_was_drawn(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    (lot,) = certified(scene, "ACC-1", certificate=scene.certificate)
    early = plain(scene, "ACC-0")
    before = smelted(scene, early, "ACC-BEFORE")
    cathode = smelted(scene, lot, "ACC-CAT", held={CU_MARK: 200_000})
    drawn = smelted(
        scene,
        plain(scene, "ACC-2"),
        "ACC-DRAWN",
        held={CU_MARK: 70_000},
        output={"model": CustodyModel.MASS_BALANCE},
        draws=(Draw(0, CU_MARK, 70_000),),
    )
    found = affected(smelter, scene.certificate)
    assert lots_of(found) == {lot, cathode, drawn}
    assert before not in lots_of(found)
    (account,) = found.accounts
    assert account.balance == 7_200
    assert dict(found.holders) == {IDS["smelter"]: (2, {CU_MARK: 270_000})}
    assert lots_of(affected(miner, scene.certificate)) == lots_of(found)


def plain(scene: CopperScene, number: str) -> LotId:
    """Concentrate without credit, in the smelter's hands."""
    miner, smelter = scene.company("miner"), scene.company("smelter")
    held = {DRY: TONNE, CU: COPPER_G, CO2E: 960_000}
    miner.follow()
    miner.lots.originator.originate(
        miner.run(
            miner.output(CONCENTRATE, {number: held}),
            emissions=emitted(process=960_000),
            now_s=scene.now_s,
        )
    )
    miner.settle()
    lot = miner.lot(number, CONCENTRATE)
    miner.lots.custodian.open(lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + 5 * DAY)))
    miner.settle()
    smelter.follow()
    smelter.lots.custodian.accept([lot])
    smelter.settle()
    return lot


@pytest.mark.row("S06")
def test_affected__several_certificates_fit__is_told_by_calldata_or_not_at_all(
    scene: CopperScene,
) -> None:
    body = scene.company("body")
    leaf = issued(body, conformity(scene, "body", site=site_name("miner")))
    body.lots.assurance.certify(MINE, 1, Grant(leaf, 2, (COPPER,)))
    body.settle()
    newer = body.lots.assurance.record_of(leaf)
    assert newer is not None
    scene.pass_time(DAY)
    (old_lot,) = certified(scene, "TWO-1", certificate=scene.certificate)
    (new_lot,) = certified(scene, "TWO-2", certificate=newer)
    assert lots_of(affected(body, newer)) == {new_lot}
    assert lots_of(affected(body, scene.certificate)) == {old_lot}

    deaf = Deaf(body.node.ledger.lots)
    unknown = affected(body, newer, lots=deaf)
    assert deaf.asked == 2
    assert lots_of(unknown) == set()
    assert [each.code for each in unknown.untold] == ["runs.not_direct"] * 2
    assert {each.known.lot for each in unknown.perhaps} == {old_lot, new_lot}
    document = affected_json(unknown, body.node.registry.names())
    assert (document["complete"], document["lots"]) == (False, [])
    assert [each["code"] for each in document["cannotTell"]] == ["runs.not_direct"] * 2

    silent = affected(body, newer, lots=Deaf(body.node.ledger.lots, silent=True))
    assert [each.code for each in silent.untold] == ["ledger.timeout"] * 2
    asked_once = affected(body, newer, asked=1)
    assert [each.code for each in asked_once.untold] == ["runs.too_many_asked"]
    miner = scene.company("miner")  # its own runs it has itself, whatever the endpoint says
    assert lots_of(affected(miner, newer, lots=Deaf(miner.node.ledger.lots))) == {new_lot}


def test_affected__more_than_the_limits__is_cut_and_says_so(scene: CopperScene) -> None:
    body = scene.company("body")
    certified(scene, "CUT-1", "CUT-2", certificate=scene.certificate)
    certified(scene, "CUT-3", certificate=scene.certificate)
    whole = affected(body, scene.certificate)
    assert len(whole.reached.lots) == 3
    few = affected(body, scene.certificate, lots=body.node.ledger.lots)
    assert lots_of(few) == lots_of(whole)
    cut = AffectedDesk(body.store, body.node.ledger.lots).by(scene.certificate, WalkLimits(lots=2))
    assert (len(cut.reached.lots), cut.reached.cut) == (2, {"lots"})
    runs = affected(body, scene.certificate, runs=1)
    assert runs.reached.cut == {"runs"}
    assert affected_json(runs, body.node.registry.names())["complete"] is False


def test_affected__a_way_in_that_was_withdrawn__is_not(scene: CopperScene) -> None:
    miner = scene.company("miner")
    held = {DRY: TONNE, CU: COPPER_G, CO2E: 960_000, CU_MARK: COPPER_G}
    planned = miner.lots.originator.originate(
        miner.run(
            miner.output(CONCENTRATE, {"GONE-1": held}),
            emissions=emitted(process=960_000),
            covers=(Cover(CU_MARK, (scene.certificate,)),),
            now_s=scene.now_s,
        )
    )
    miner.settle()
    found = affected(miner, scene.certificate)
    assert [dict(each.credit) for each in found.reached.unopened] == [{CU_MARK: COPPER_G}]
    assert dict(found.holders) == {IDS["miner"]: (0, {CU_MARK: COPPER_G})}
    miner.lots.corrector.withdraw(planned.lots[0][0])
    miner.settle()
    gone = affected(miner, scene.certificate)
    assert (gone.origins, gone.reached.unopened) == ((), [])


def test_affected__a_lot_taken_in_part_and_then_remeasured__is_followed_both_ways(
    scene: CopperScene,
) -> None:
    smelter, maker = scene.company("smelter"), scene.company("maker")
    (lot,) = certified(scene, "PART-1", certificate=scene.certificate)
    half = {NET: 139_000, CU: 138_600, CO2E: 980_000, CU_MARK: 138_600}
    cathode = smelted(
        scene,
        lot,
        "PART-CAT",
        held=half,
        takes=(TakeRequest(lot, TONNE // 2),),
        losses=(Loss(CU, 1_400, LossReason.SLAG),),
    )
    smelter.lots.custodian.offer([lot], Offer(IDS["maker"], UnixSeconds(scene.now_s + DAY)))
    smelter.settle()
    maker.follow()
    leaf = issued(maker, maker.passport("WEIGHED"))
    maker.lots.custodian.accept_measured(lot, Measurement(400_000, 1, leaf))
    maker.settle()
    found = affected(maker, scene.certificate)
    assert lots_of(found) == {lot, cathode}
    remeasured = found.reached.lots[lot]
    assert (remeasured.known.record.holder, remeasured.credit) == (
        IDS["maker"],
        {CU_MARK: COPPER_G},
    )
    assert remeasured.left == {CU_MARK: 112_000}
    assert dict(found.holders) == {
        IDS["smelter"]: (1, {CU_MARK: 138_600}),
        IDS["maker"]: (1, {CU_MARK: 112_000}),
    }
