"""Lithium of brine and of batteries in one lot: both shares are shown, neither is traded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_accounts import FakeAccount
from tests.support.lot_parts import NET, SITE, LotParts, passport
from tests.support.node_parts import MINE, make_parts, mining_ledger
from veta.cli.lot_words import lot_lines
from veta.custody.encoding import lot_id
from veta.errors import InputError
from veta.model.columns import ColumnKey, OriginClass, class_key, co2e_key, metal_key
from veta.model.identifiers import UnixSeconds
from veta.model.lots import (
    CustodyModel,
    Emission,
    EmissionPart,
    LotBatchKind,
    LotId,
    ProductClassId,
    SiteId,
)
from veta.services.lineage import LineageDesk
from veta.services.lot_documents import lot_json
from veta.services.lot_reading import KnownLot, known_lot
from veta.services.lots import key_of_lot
from veta.services.run_requests import LotEntry, OutputRequest, RunRequest, TakeRequest

LITHIUM = 3
LI, CO2E = metal_key(LITHIUM), co2e_key(1)
RECYCLED = class_key(OriginClass.RECYCLED, LITHIUM)
CARBONATE = BLACK_MASS = ProductClassId(1)
PRIMARY_G, SECONDARY_G = 600_000, 400_000
NOWHERE = SiteId(0)


@pytest.fixture
def lots(tmp_path: Path) -> Iterator[LotParts]:
    ledger = mining_ledger(FakeAccount("mine"), has_lots=True)
    made = LotParts.of(make_parts(tmp_path, ledger=ledger))
    yield made
    made.parts.store.close()


def held(lithium: int, co2e: int, recycled: int | None = None) -> dict[ColumnKey, int]:
    shares = {} if recycled is None else {RECYCLED: recycled}
    return {NET: 6 * lithium, LI: lithium, CO2E: co2e, **shares}


def run(
    lots: LotParts, number: str, quantities: Mapping[ColumnKey, int], co2e: int, **changes: Any
) -> RunRequest:
    at_s = lots.parts.clock.wall_s
    columns = tuple(sorted(quantities))
    entry = LotEntry(number, tuple(quantities[key] for key in columns), passport(number))
    model = CustodyModel.CONTROLLED_BLENDING
    usual: dict[str, Any] = {
        "kind": LotBatchKind.ORIGIN,
        "site": SITE,
        "produced_from_s": UnixSeconds(at_s - 7_200),
        "produced_to_s": UnixSeconds(at_s - 3_600),
        "outputs": (OutputRequest(CARBONATE, columns, NET, model, (entry,)),),
        "emissions": (Emission(EmissionPart.PROCESS, co2e),),
    }
    return RunRequest(**(usual | changes))


def opened(lots: LotParts, number: str) -> LotId:
    """Once its run is on chain."""
    settle(lots)
    lot = lot_id(MINE, key_of_lot(MINE, SITE, CARBONATE, number))
    lots.desk.custodian.open(lot)
    settle(lots)
    return lot


def settle(lots: LotParts) -> None:
    while any(each.pending or each.waiting for each in lots.parts.steps(1)):
        pass
    lots.follow()


def refused(call: Any) -> InputError:
    with pytest.raises(InputError) as refusal:
        call()
    return refusal.value


def both(lots: LotParts) -> tuple[LotId, LotId]:
    """Carbonate of brine, and black mass out of collected batteries."""
    originator = lots.desk.originator
    originator.originate(run(lots, "LIC-1", held(PRIMARY_G, 1_000), 1_000))
    primary = opened(lots, "LIC-1")
    black = run(
        lots,
        "BLK-1",
        held(SECONDARY_G, 500, SECONDARY_G),
        500,
        kind=LotBatchKind.EXTERNAL,
        source=b"\x05" * 32,
        recycled=True,
        emissions=(Emission(EmissionPart.BOUGHT_IN, 500),),
    )
    originator.originate(black)
    return primary, opened(lots, "BLK-1")


@pytest.mark.row("S25", "A41")
def test_mixed_lot__of_brine_and_batteries__shows_both_shares_and_no_more_recycled(
    lots: LotParts,
) -> None:
    primary, black_mass = both(lots)
    whole = PRIMARY_G + SECONDARY_G

    def mixed(recycled: int | None) -> RunRequest:
        takes = (TakeRequest(primary), TakeRequest(black_mass))
        quantities = held(whole, 1_900, recycled)
        kind = LotBatchKind.TRANSFORM
        return run(lots, "MIX-1", quantities, 400, kind=kind, takes=takes)

    for claimed in (SECONDARY_G + 1, whole):
        error = refused(lambda: lots.desk.transformer.transform(mixed(claimed)))  # noqa: B023
        assert error.code == "custody.class_out_of_bounds"
        assert f"{claimed} of recycled Li" in error.message
        assert f"bounds it by {SECONDARY_G}" in error.message
    lots.desk.transformer.transform(mixed(SECONDARY_G))
    lot = opened(lots, "MIX-1")
    document = lot_json(look(lots, lot))
    assert document["originClassPpm"] == {
        "metal.Li": {"recycled": 400_000, "outside": 0, "registeredSites": 600_000}
    }
    told = "\n".join(lot_lines(document))
    assert "metal.Li: 40.0000 % recycled, 60.0000 % of registered sites" in told
    found = LineageDesk(lots.parts.store).ancestry(lot, LITHIUM)
    shares = sorted(origin.share_ppm for origin in found.origins)
    assert shares == [400_000, 600_000]


@pytest.mark.row("S25", "A41")
def test_primary_lithium__that_calls_itself_recycled__is_refused(lots: LotParts) -> None:
    originate = lots.desk.originator.originate
    error = refused(lambda: originate(run(lots, "LIC-2", held(1_000, 10, 1_000), 10)))
    assert error.code == "custody.class_at_way_in"
    primary, _ = both(lots)
    takes = (TakeRequest(primary),)
    laundered = run(
        lots, "LIC-3", held(PRIMARY_G, 1_000, 1), 0,
        kind=LotBatchKind.TRANSFORM, takes=takes, emissions=(),
    )  # fmt: skip
    error = refused(lambda: lots.desk.transformer.transform(laundered))
    assert error.code == "custody.class_out_of_bounds"


@pytest.mark.row("S25", "A41")
def test_black_mass__as_primary__is_refused(lots: LotParts) -> None:
    """Recycled metal that leaves its class out cannot come in: it would be anybody's."""
    silent = run(
        lots, "BLK-2", held(1_000, 10), 10,
        kind=LotBatchKind.EXTERNAL, source=b"\x06" * 32, recycled=True,
    )  # fmt: skip
    error = refused(lambda: lots.desk.originator.originate(silent))
    assert error.code.startswith("custody."), error


def look(lots: LotParts, lot: LotId) -> KnownLot:
    with lots.parts.store.read() as work:
        return known_lot(work, lot)
