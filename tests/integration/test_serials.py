"""Tyres by serial: each is a lot of one unit, accounted for until its one end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_accounts import FakeAccount
from tests.support.lot_parts import CO2E, NET, SITE, LotParts, passport
from tests.support.node_parts import MINE, make_parts, mining_ledger
from veta.claims import shipped
from veta.claims.indicators import IndicatorValue
from veta.claims.profiles import answer
from veta.custody.encoding import lot_id
from veta.errors import InputError
from veta.model.columns import unit_key
from veta.model.identifiers import UnixSeconds
from veta.model.lots import (
    CustodyModel,
    Emission,
    EmissionPart,
    LotBatchKind,
    LotId,
    LotState,
    ProductClassId,
)
from veta.services.lots import key_of_lot
from veta.services.run_requests import LotEntry, OutputRequest, RunRequest
from veta.services.serials import SerialDesk

TYRE, TYRES = ProductClassId(1), unit_key(1)
COLUMNS = (NET, CO2E, TYRES)
WEIGHT_G, CO2E_G = 4_000_000, 12_000_000
SERIALS = tuple(f"TYR-{number:04}" for number in range(1, 101))
MISSING = "TYR-0042"
AT_ONCE = 33


@pytest.fixture
def lots(tmp_path: Path) -> Iterator[LotParts]:
    ledger = mining_ledger(FakeAccount("mine"), has_lots=True)
    made = LotParts.of(make_parts(tmp_path, ledger=ledger))
    yield made
    made.parts.store.close()


def issued(lots: LotParts, serials: tuple[str, ...]) -> None:
    """Put on the market: one batch, one unit a lot."""
    at_s = lots.parts.clock.wall_s
    entries = tuple(LotEntry(serial, (WEIGHT_G, CO2E_G, 1), passport(serial)) for serial in serials)
    request = RunRequest(
        kind=LotBatchKind.ORIGIN,
        site=SITE,
        produced_from_s=UnixSeconds(at_s - 7_200),
        produced_to_s=UnixSeconds(at_s - 3_600),
        outputs=(OutputRequest(TYRE, COLUMNS, TYRES, CustodyModel.CONTROLLED_BLENDING, entries),),
        emissions=(Emission(EmissionPart.PROCESS, CO2E_G * len(serials)),),
    )
    lots.desk.originator.originate(request)
    settle(lots)


def settle(lots: LotParts) -> None:
    while any(each.pending or each.waiting for each in lots.parts.steps(1)):
        pass
    lots.follow()


def lot(serial: str) -> LotId:
    return lot_id(MINE, key_of_lot(MINE, SITE, TYRE, serial))


@pytest.mark.row("S10", "A56")
def test_tyres__hundred_issued_and_ninety_nine_retired__are_99_percent_and_one_is_named(
    lots: LotParts,
) -> None:
    desk = SerialDesk(lots.parts.store)
    issued(lots, SERIALS)
    before = desk.account(MINE, SITE, TYRE, SERIALS)
    assert (before.issued, before.ended, before.ended_ppm) == (100, 0, 0)
    assert before.states == {LotState.UNOPENED: 100}

    for serial in SERIALS:
        lots.desk.custodian.open(lot(serial))
    settle(lots)
    collected = [lot(serial) for serial in SERIALS if serial != MISSING]
    for at in range(0, len(collected), AT_ONCE):
        lots.desk.custodian.retire(collected[at : at + AT_ONCE], 1)
    settle(lots)
    found = desk.account(MINE, SITE, TYRE, SERIALS)
    assert (found.issued, found.ended, found.ended_ppm) == (100, 99, 990_000)
    assert found.open == ((MISSING, LotState.HELD),)
    assert found.unlisted == 0

    with pytest.raises(InputError) as again:
        lots.desk.custodian.retire([collected[0]], 2)
    assert again.value.code == "custody.lot_not_in_state"

    profile = {each.name: each for each in shipped.profiles()}["cl-rep-tyres"]
    share = {"tyres_valorised_share_ppm": IndicatorValue(found.ended_ppm, "ppm")}
    assert "claims.not_met:all-valorised" in answer(profile, share, shipped.indicators()).findings


@pytest.mark.row("S10")
def test_tyres__list_that_is_short_long_or_double__is_told(lots: LotParts) -> None:
    desk = SerialDesk(lots.parts.store)
    issued(lots, SERIALS[:10])
    issued(lots, SERIALS[10:12])
    assert desk.account(MINE, SITE, TYRE, SERIALS[:9]).unlisted == 3
    assert desk.account(MINE, SITE, TYRE, SERIALS[:13]).unlisted == -1
    assert desk.account(MINE, SITE, ProductClassId(2), ()).ended_ppm is None
    with pytest.raises(InputError) as twice:
        desk.account(MINE, SITE, TYRE, (SERIALS[0], SERIALS[1], SERIALS[0]))
    assert twice.value.code == "serials.twice"
