"""Batches taken back, and lots that leave and return, on the real contracts: abuse comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.test_lot_flow import concentrate, delivered, smelted
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
    Company,
    CopperScene,
    copper_scene,
    emitted,
)
from veta.chain import registrations as reg
from veta.custody.encoding import WITHDRAWN
from veta.custody.periods import period_of_production
from veta.errors import ConflictError, InputError, NotFoundError, TransactionRevertedError
from veta.model.columns import OriginClass, class_key
from veta.model.identifiers import AccountAddress, Digest, UnixSeconds
from veta.model.lots import LotBatchKind, LotId, LotState
from veta.ports.lot_store import LotCall
from veta.ports.store import IntentState
from veta.services.open_lot import Offer
from veta.services.run_requests import LotEntry, ReplacementRequest, RunRequest

TONNE = 1_000_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopperScene]:
    with copper_scene(tmp_path_factory.mktemp("corrections")) as made:
        yield made


def issued(scene: CopperScene, *numbers: str) -> list[LotId]:
    miner = scene.company("miner")
    miner.lots.originator.originate(concentrate(scene, *numbers))
    miner.settle()
    return [miner.lot(number, CONCENTRATE) for number in numbers]


def cathode(scene: CopperScene, feed: str, number: str) -> LotId:
    """A cathode lot that nobody opened yet, alone in its batch."""
    smelter = scene.company("smelter")
    lot = delivered(scene, feed)
    smelter.lots.custodian.accept([lot])
    smelter.settle()
    planned = smelter.lots.transformer.transform(smelted(scene, lot, number))
    smelter.settle()
    assert smelter.state(planned.intent) == (IntentState.DONE, "")
    return smelter.lot(number, CATHODE)


def others(company: Company, *parts: tuple[str, int], padding: int = 0) -> ReplacementRequest:
    """Lots by number and hundredths of the cathode of ``smelted``."""
    columns = tuple(sorted((NET, CU, CO2E)))
    whole = {NET: 278_000, CU: 277_200, CO2E: 1_460_000}
    lots = tuple(
        LotEntry(
            number,
            tuple(whole[key] * hundredths // 100 for key in columns),
            company.passport(number),
        )
        for number, hundredths in parts
    )
    return ReplacementRequest(columns, lots, padding)


def refusal(code: str, plan: object) -> str:
    with pytest.raises(InputError) as refused:
        plan()  # type: ignore[operator]
    assert refused.value.code == code
    return refused.value.message


def test_withdraw__what_was_opened_or_is_no_way_in_or_not_ours__is_refused(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    corrector = miner.lots.corrector
    with pytest.raises(NotFoundError) as unknown:
        corrector.withdraw(LotId(b"\x01" * 32))
    assert unknown.value.code == "lot.not_ours"
    planned = miner.lots.originator.originate(concentrate(scene, "W-1", "W-2"))
    first, second = planned.lots[0]
    with pytest.raises(ConflictError) as early:
        corrector.withdraw(first)
    assert early.value.code == "lot.not_issued"
    miner.settle()
    miner.lots.custodian.open(first)
    miner.settle()
    words = refusal("custody.batch_opened", lambda: corrector.withdraw(second))
    assert "a lot of this batch was opened" in words
    with pytest.raises(NotFoundError):
        smelter.lots.corrector.withdraw(first)
    made = cathode(scene, "W-3", "W-CAT")
    refusal("custody.not_in_this_run", lambda: smelter.lots.corrector.withdraw(made))
    with miner.store.read() as work:
        assert work.intents(IntentState.OPEN) == ()


def test_withdraw__a_way_in_nobody_opened__returns_capacity_and_the_lots_numbers(
    scene: CopperScene,
) -> None:
    miner = scene.company("miner")
    ledger = scene.ledger()
    miner.follow()
    before = {use.originated for (_, _), use in miner.shelf.balance.site(MINE).uses.items()} or {0}
    first, second = issued(scene, "W-10", "W-11")
    asked = miner.lots.corrector.withdraw(second)
    assert (asked.created, asked.lots) == (True, (first, second))
    again = miner.lots.corrector.withdraw(first)
    assert (again.created, again.intent.number) == (False, asked.intent.number)
    miner.node.desk.outbox.step()  # included, and not looked at yet
    assert miner.lots.corrector.withdraw(first).intent.number == asked.intent.number
    miner.settle()
    assert miner.state(asked.intent) == (IntentState.DONE, "")
    assert miner.lots.corrector.withdraw(first).intent.number == asked.intent.number
    assert isinstance(asked.intent.subject, LotCall)
    root = asked.intent.subject.root
    assert root is not None
    assert ledger.lots.batch_word(IDS["miner"], root, ledger.head()) == WITHDRAWN.to_bytes(32)
    after = {use.originated for use in miner.shelf.balance.site(MINE).uses.values()} or {0}
    assert after == before
    with pytest.raises(TransactionRevertedError, match="has no such batch"):
        miner.lots.custodian.open(first)
    whole = miner.lots.originator.originate(concentrate(scene, "W-10", "W-11"))
    assert (whole.created, whole.lots) == (True, ((first, second),))
    assert miner.lots.originator.asked_before(concentrate(scene, "W-10", "W-11"))
    miner.settle()
    assert miner.state(whole.intent) == (IntentState.DONE, "")
    miner.lots.corrector.withdraw(first)
    miner.settle()
    request = concentrate(scene, "W-10", co2e=970_000)
    anew = miner.lots.originator.originate(request)
    miner.settle()
    assert miner.state(anew.intent) == (IntentState.DONE, "")
    miner.lots.custodian.open(first)
    miner.settle()
    assert miner.shelf.known(first).record.state is LotState.HELD
    period = period_of_production(request.produced_to_s)
    assert ledger.lots.period_use(MINE, COPPER, period, ledger.head()).originated > 0
    assert miner.audit().differences == []


def test_replace__other_totals_other_columns_or_what_was_opened__is_refused_before_signing(
    scene: CopperScene,
) -> None:
    smelter, miner = scene.company("smelter"), scene.company("miner")
    corrector = smelter.lots.corrector
    lot = cathode(scene, "R-1", "R-CAT-1")
    with smelter.store.read() as work:
        kept = sum(work.count_statements().values())
    less = others(smelter, ("R-CAT-1A", 50), ("R-CAT-1B", 49))
    words = refusal("custody.totals_mismatch", lambda: corrector.replace(lot, less))
    assert "the batch has 278000 of mass.net" in words
    request = others(smelter, ("R-CAT-1A", 50), ("R-CAT-1B", 50))
    first, second = request.lots
    columns = list(request.columns)
    co2e = columns.index(CO2E)

    def shifted(entry: LotEntry, by: int) -> LotEntry:
        held = list(entry.quantities)
        held[co2e] += by
        return replace(entry, quantities=tuple(held))

    parked = replace(request, lots=(shifted(first, -500_000), shifted(second, 500_000)))
    refusal("custody.co2e_not_uniform", lambda: corrector.replace(lot, parked))
    dry = replace(request, columns=(DRY, *columns[1:]))
    refusal("custody.unknown_column", lambda: corrector.replace(lot, dry))
    refusal("custody.count", lambda: corrector.replace(lot, replace(request, lots=())))
    twice = replace(request, lots=(first, first))
    refusal("lot.named_twice", lambda: corrector.replace(lot, twice))
    way_in = issued(scene, "R-2")[0]
    refusal("custody.not_in_this_run", lambda: miner.lots.corrector.replace(way_in, request))
    smelter.lots.custodian.open(lot)
    smelter.settle()
    refusal("custody.batch_opened", lambda: corrector.replace(lot, request))
    with smelter.store.read() as work:
        assert sum(work.count_statements().values()) == kept
        assert work.intents(IntentState.OPEN) == ()


def test_replace__an_output_nobody_opened__other_lots_of_equal_totals_move_on(
    scene: CopperScene,
) -> None:
    smelter = scene.company("smelter")
    corrector = smelter.lots.corrector
    lot = cathode(scene, "R-10", "R-CAT-10")
    request = others(smelter, ("R-CAT-10", 25), ("R-CAT-11", 75), padding=2)
    asked = corrector.replace(lot, request)
    assert asked.created
    assert len(asked.lots) == 4
    assert asked.lots[:2] == (lot, smelter.lot("R-CAT-11", CATHODE))
    smelter.node.desk.outbox.step()
    for _ in range(2):
        again = corrector.replace(lot, request)
        assert (again.created, again.intent.number) == (False, asked.intent.number)
        assert again.lots == asked.lots
        smelter.settle()
    assert smelter.state(asked.intent) == (IntentState.DONE, "")
    once_more = corrector.replace(lot, others(smelter, ("R-CAT-12", 100)))
    smelter.settle()
    assert smelter.state(once_more.intent) == (IntentState.DONE, "")
    refusal("custody.not_the_batch", lambda: corrector.replace(lot, others(smelter, ("R-X", 100))))
    last = smelter.lot("R-CAT-12", CATHODE)
    smelter.lots.custodian.open(last)
    smelter.settle()
    assert smelter.shelf.known(last).left == 278_000
    found = smelter.shelf.lineage.ancestry(last, COPPER)
    assert found.by_site() == {MINE: 1_000_000}
    assert smelter.audit().differences == []


def test_replace__refused_on_chain__leaves_the_old_lots_where_they_were(
    scene: CopperScene,
) -> None:
    smelter = scene.company("smelter")
    lot = cathode(scene, "R-20", "R-CAT-20")
    opened = smelter.lots.custodian.open(lot)
    asked = smelter.lots.corrector.replace(lot, others(smelter, ("R-CAT-20", 100)))
    smelter.node.settle(timeout_s=60)
    smelter.follow()
    assert smelter.state(opened) == (IntentState.DONE, "")
    state, code = smelter.state(asked.intent)
    assert (state, code) == (IntentState.HELD, "outbox.reverted")
    with smelter.store.read() as work:
        place = work.own_lot(lot)
    assert place is not None
    assert place.intent != asked.intent.number
    assert smelter.audit().differences == []
    refusal(
        "custody.batch_opened",
        lambda: smelter.lots.corrector.replace(lot, others(smelter, ("R-CAT-21", 100))),
    )


def test_exit__of_another_s_lot_or_to_nobody__is_refused_and_so_is_a_stranger_s_return(
    scene: CopperScene,
) -> None:
    miner, smelter = scene.company("miner"), scene.company("smelter")
    lot = delivered(scene, "X-1")
    whom = miner.lots.custodian.whom(lot, miner.node.desk.account, b"\x21" * 32)
    refusal("custody.locked_by_offer", lambda: miner.lots.custodian.exit(lot, whom))
    refusal("custody.not_holder", lambda: smelter.lots.custodian.exit(lot, whom))
    refusal("custody.unknown_value", lambda: miner.lots.custodian.exit(lot, Digest(bytes(32))))
    refusal("custody.lot_unopened", lambda: miner.lots.custodian.exit(LotId(b"\x01" * 32), whom))
    refusal("custody.lot_not_in_state", lambda: miner.lots.custodian.reenter(lot, b"\x21" * 32))
    declined = smelter.lots.custodian.decline([lot])
    smelter.node.desk.outbox.step()
    assert smelter.lots.custodian.decline([lot]).number == declined.number
    smelter.settle()
    refusal("custody.lot_not_in_state", lambda: smelter.lots.custodian.decline([lot]))
    miner.follow()
    stranger = smelter.node.desk.account
    gone = miner.lots.custodian.exit(
        lot, miner.lots.custodian.whom(lot, AccountAddress(stranger), b"\x22" * 32)
    )
    miner.settle()
    assert miner.state(gone) == (IntentState.DONE, "")
    refusal("custody.not_named_by_exit", lambda: miner.lots.custodian.reenter(lot, b"\x22" * 32))
    smelter.follow()
    refusal("custody.not_named_by_exit", lambda: smelter.lots.custodian.reenter(lot, b"\x23" * 32))
    refusal("custody.lot_not_in_state", lambda: miner.lots.custodian.retire([lot], 1))
    back = smelter.lots.custodian.reenter(lot, b"\x22" * 32)
    assert smelter.lots.custodian.reenter(lot, b"\x22" * 32).number == back.number
    smelter.settle()
    known = smelter.shelf.known(lot)
    assert (known.record.state, known.record.holder) == (LotState.HELD, IDS["smelter"])
    assert known.left == TONNE
    assert scene.ledger().lots.lot(lot, scene.ledger().head()) == known.record
    for company in (miner, smelter):
        company.follow()
        assert company.audit().differences == []


def test_decline__of_an_offer_to_another_or_that_is_over__is_refused_in_words(
    scene: CopperScene,
) -> None:
    miner, maker = scene.company("miner"), scene.company("maker")
    (lot,) = issued(scene, "D-1")
    miner.lots.custodian.open(lot, Offer(IDS["smelter"], UnixSeconds(scene.now_s + DAY)))
    miner.settle()
    maker.follow()
    words = refusal("custody.not_offered_to", lambda: maker.lots.custodian.decline([lot]))
    assert f"offered to member {IDS['smelter']}" in words
    scene.pass_time(2 * DAY)
    smelter = scene.company("smelter")
    smelter.follow()
    refusal("custody.time_out_of_bounds", lambda: smelter.lots.custodian.decline([lot]))


def test_withdraw__what_came_from_outside__frees_its_source(scene: CopperScene) -> None:
    miner = scene.company("miner")
    scene.register([reg.external_ceiling(IDS["miner"], COPPER, 10**9)])
    held = {DRY: TONNE, CU: 280_000, class_key(OriginClass.EXTERNAL, COPPER): 280_000}

    def foreign(number: str) -> RunRequest:
        return miner.run(
            miner.output(CONCENTRATE, {number: held | {CO2E: 960_000}}),
            kind=LotBatchKind.EXTERNAL,
            source=b"\x77" * 32,
            emissions=emitted(bought_in=960_000),
            now_s=scene.now_s,
        )

    first = miner.lots.originator.originate(foreign("E-1"))
    miner.settle()
    assert miner.state(first.intent) == (IntentState.DONE, "")
    refusal("custody.source_used", lambda: miner.lots.originator.originate(foreign("E-2")))
    miner.lots.corrector.withdraw(first.lots[0][0])
    miner.settle()
    second = miner.lots.originator.originate(foreign("E-2"))
    miner.settle()
    assert miner.state(second.intent) == (IntentState.DONE, "")
    assert miner.audit().differences == []
