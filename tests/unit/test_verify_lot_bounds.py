"""Both sides of every bound in steps 8, 9 and 12."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.certified_lot import NOW as BLOCK_TIME
from tests.support.custody_world import CO2E, NOW
from tests.support.disclosed_lots import ROD_HELD, ROD_RUN, Disclosure, relotted
from tests.unit.test_verify_lots import base, codes, header, judge, superseded
from veta.custody.yields import BOUNDS_PPM
from veta.model.columns import ColumnKey
from veta.model.determined import Known
from veta.model.disclosure import CauseEntry
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import LotState
from veta.verify.lineage_graph import MAX_NODES, nodes_of
from veta.verify.lot_columns import GRADE_BOUNDS_PPM
from veta.verify.policy import ROLES_BY_PRODUCT_CLASS
from veta.verify.run_laws import PROCESSES

RUN_TIME = NOW + 60 * ROD_RUN


def found(told: Disclosure, code: str) -> bool:
    return code in codes(judge(told.case()))


@pytest.mark.parametrize(("at_s", "later"), [(RUN_TIME, False), (RUN_TIME + 1, True)])
def test_source__issued_at_the_time_of_its_run_or_after__later(at_s: int, later: bool) -> None:
    told = base().retold(0, {"anchored_at_s": UnixSeconds(at_s)})
    assert found(told, "lineage.parent_later") == later


@pytest.mark.parametrize(("sequence", "later"), [(32, False), (33, True)])
def test_source__of_the_same_issuer_with_its_next_number__later(sequence: int, later: bool) -> None:
    told = base().retold(0, {"sequence": sequence})
    assert base().told[ROD_RUN].headers[0].sequence == 33
    assert found(told, "lineage.parent_later") == later


@pytest.mark.parametrize(("start", "overlaps"), [(2_999_999, False), (2_999_998, True)])
def test_takes__of_one_lot_that_meet_or_overlap(start: int, overlaps: bool) -> None:
    chain = base()
    before = chain.told[ROD_RUN]
    first, second = before.run.takes
    takes = (replace(first, amount=2_999_999), second, replace(first, taken=start, amount=1))
    told = before.retold(paths=(*before.paths, before.paths[0]), takes=takes)
    whole = replace(chain, told=(*chain.told[:ROD_RUN], told)).on(told.disclosed().batches[0])
    assert found(whole, "lineage.taken_twice") == overlaps


@pytest.mark.parametrize(("until_s", "yet"), [(BLOCK_TIME, False), (BLOCK_TIME + 1, True)])
def test_state__until_the_blocks_own_time__is_over(until_s: int, yet: bool) -> None:
    end = UnixSeconds(until_s)
    assert found(base().with_record(frozen_until_s=end), "lot.frozen") == yet
    offered = base().with_record(state=LotState.OFFERED, offered_to=MemberId(3), offer_until_s=end)
    assert found(offered, "lot.offered") == yet
    assert found(offered, "lot.held") != yet


@pytest.mark.parametrize(("more", "wrong"), [(-1, True), (0, False), (1, True)])
def test_column__one_gram_of_co2e_beside_what_the_run_leaves__does_not_recompute(
    more: int, wrong: bool
) -> None:
    held = dict(zip(base().part.columns, base().part.quantities, strict=True))
    held[ColumnKey(CO2E)] += more
    told = relotted(base(), ROD_RUN, [tuple(held.values())])
    assert found(told, "footprint.does_not_recompute") == wrong
    assert found(told, "lineage.carbon_vanishes") == wrong


def test_cause__parts_in_another_order__malformed() -> None:
    cause = base().disclosed[0].cause
    assert found(base().with_run(0, cause=cause[::-1]), "lineage.malformed")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": 0},
        {"flags": 64},
        {"issuer": 0},
        {"issuer": 2**32},
        {"site": 2**32},
        {"size": 2**64},
        {"by": bytes(19)},
        {"root": bytes(31)},
    ],
)
def test_header__of_another_version_or_out_of_bounds__malformed(change: dict[str, Any]) -> None:
    part = base().part
    other = replace(part.batch, header=replace(part.batch.header, **change))
    assert found(base().with_part(batch=other), "lot.malformed")
    assert found(header(0, **change), "lineage.malformed")


def test_succession__said_under_another_issuer__is_none() -> None:
    case = superseded()
    lot = case.facts.lot
    assert lot is not None
    assert isinstance(lot.successions, Known)
    (entry,) = lot.successions.value
    other = replace(lot, successions=Known((replace(entry, issuer=MemberId(99)),)))
    assert "lot.other_statement" in codes(judge(case.with_facts(lot=other)))


@pytest.mark.parametrize(("over", "large"), [(0, False), (1, True)])
def test_nodes__ten_thousand_or_one_more(over: int, large: bool) -> None:
    runs = base().disclosed
    padding = MAX_NODES - nodes_of(runs) + over
    closed = CauseEntry(bytes(32), opened=False)
    told = base().with_run(0, cause=(*runs[0].cause, *(closed,) * padding))
    assert nodes_of(told.disclosed) == MAX_NODES + over
    assert found(told, "lineage.too_large") == large


def test_taken__all_but_one_unit__what_is_left_sums_to_the_whole() -> None:
    """CO2e is rounded up for whoever took first: the last unit carries what is left of it."""
    told = base().with_record(taken=ROD_HELD[base().part.batch.header.reference_column] - 1)
    (check,) = [check for check in judge(told.case()).checks if check.code == "lot.partly_taken"]
    assert check.facts["left"] == (
        "1 net mass",
        "1 contained Cu",
        "1 external Cu",
        "3 CO2e (GWP set 1)",
    )


def test_tables__name_processes_and_classes_that_there_are() -> None:
    assert set(PROCESSES.values()) <= set(BOUNDS_PPM)
    assert set(PROCESSES) <= set(ROLES_BY_PRODUCT_CLASS)
    for (product_class, _), (least, most) in GRADE_BOUNDS_PPM.items():
        assert product_class.split("-")[0] in {"copper", "lithium"}
        assert 0 < least < most <= 1_000_000
