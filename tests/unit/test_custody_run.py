"""Lots in hand, ways in, shapes, and what is built: one draft that passes, one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.custody_world import (
    AU,
    CATHODE,
    CB,
    CO2E,
    COPPER,
    CU,
    CU_75,
    CU_EXTERNAL,
    CU_RECYCLED,
    DAY_S,
    IP,
    MB,
    MEMBER,
    NET,
    NOW,
    ROD,
    SG,
    blended,
    certified,
    codes,
    emitted,
    external,
    lost,
    lot,
    make,
    originate,
    output,
    product,
    terms,
    transform,
)
from veta.custody.build import build, opening
from veta.custody.draft import RunDraft
from veta.custody.gather import in_hand_problems
from veta.custody.run import assess
from veta.errors import InputError
from veta.model.columns import ColumnKey, SubstanceId, credit_key
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lot_tree import LotInclusion, LotLeaf, LotTreeHead
from veta.model.lots import (
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    HeaderFlag,
    LossReason,
    LotBatchKind,
    LotState,
    PeriodUse,
)
from veta.sum_trees import verify_lot_inclusion

STRICT = product(31, tolerance_ppm=0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": LotState.UNOPENED}, "custody.lot_unopened"),
        ({"state": LotState.CONSUMED}, "custody.lot_not_in_state"),
        ({"state": LotState.RETIRED}, "custody.lot_not_in_state"),
        ({"state": LotState.EXITED}, "custody.lot_not_in_state"),
        ({"state": LotState.HANDED_OVER}, "custody.lot_not_in_state"),
        ({"holder": MemberId(8)}, "custody.not_holder"),
        ({"frozen_until_s": UnixSeconds(NOW + 1)}, "custody.frozen"),
        (
            {"state": LotState.OFFERED, "offer_until_s": UnixSeconds(NOW + 1)},
            "custody.locked_by_offer",
        ),
        ({"commitment": Digest(bytes(32))}, "custody.not_what_was_opened"),
    ],
)
def test_take__of_a_lot_that_is_not_in_hand__is_refused(change: dict[str, Any], code: str) -> None:
    given = blended().changed(**change)
    assert codes(transform([given.take()], output(ROD, CB, lot(1000, 2000)))) == {code}


def test_take__of_a_lot_whose_offer_and_freeze_are_over__is_allowed() -> None:
    over = blended().changed(
        state=LotState.OFFERED, offer_until_s=UnixSeconds(NOW), frozen_until_s=UnixSeconds(NOW)
    )
    assert codes(transform([over.take()], output(ROD, CB, lot(1000, 2000)))) == set()
    assert list(in_hand_problems(over.lot.lot_key, over.record, MEMBER, NOW)) == []  # type: ignore[arg-type]


@pytest.mark.row("T45")
def test_take__above_what_is_left_or_of_nothing__is_refused() -> None:
    given = blended()
    made = output(ROD, CB, lot(1000, 2000))
    assert codes(transform([given.take(1001)], made)) == {"custody.above_remainder"}
    nothing = transform([given.take(0)], made)
    assert "custody.quantity_out_of_bounds" in codes(nothing)
    twice = transform([given.take(), given.take(1)], made)
    assert codes(twice) == {"custody.above_remainder"}
    late = given.changed(taken=400)
    assert codes(transform([late.take(600, taken=0)], output(ROD, CB, lot(600, 1200)))) == {
        "custody.taken_mismatch"
    }
    both = [given.take(400), given.take(600)]
    assert codes(transform(both, made)) == set()
    gone = given.changed(taken=1001)
    assert "custody.quantity_out_of_bounds" in codes(transform([gone.take(1)], made))
    unopened = blended().changed(state=LotState.UNOPENED)
    assert "custody.lot_unopened" in codes(transform([unopened.take()], made))


def test_take__of_what_nobody_can_have_opened__is_refused() -> None:
    given = blended()
    made = output(ROD, CB, lot(1000, 2000))
    changes: list[tuple[dict[str, Any], str]] = [
        ({"quantities": (1000, 1000, 2000)}, "custody.count"),
        ({"columns": (), "quantities": ()}, "custody.count"),
        ({"quantities": (0, 1000, 2000, 600)}, "custody.not_what_was_opened"),
        ({"quantities": (-1, 1000, 2000, 600)}, "custody.quantity_out_of_bounds"),
        ({"header": replace(given.lot.header, reference_column=AU)}, "custody.unknown_column"),
        ({"columns": (ColumnKey(1), *given.lot.columns[1:])}, "custody.unknown_column"),
    ]
    for change, code in changes:
        take = replace(given.take(1000), lot=replace(given.lot, **change))
        assert code in codes(transform([take], made))
    zero = replace(given.take(1), lot=replace(given.lot, quantities=(0, 0, 0, 0)))
    assert "custody.above_remainder" in codes(transform([zero], made))


# ---------------------------------------------------------------- ways in


@pytest.mark.row("A39")
def test_origin__above_the_capacity_of_its_site__is_refused() -> None:
    draft = originate(output(CATHODE, CB, lot(1000, 0)), emissions=())
    copper = SubstanceId(COPPER)
    for used, expected in ((0, set()), (1, {"custody.over_capacity"})):
        use = {copper: PeriodUse(used, 0, 0)}
        assert codes(draft, terms(capacity={copper: 1000}, use=use)) == expected
    assert codes(draft, terms(capacity={})) == {"custody.over_capacity"}


def test_external__without_class_source_or_default__is_refused() -> None:
    held = lot(1000, 960, external=1000)
    priced = replace(CATHODE, co2e_default_per_million=960_000)
    copper = SubstanceId(COPPER)
    assert codes(external(output(priced, CB, held), 960)) == set()
    assert codes(external(output(priced, CB, {**held, CO2E: 959}), 959)) == {
        "custody.below_default"
    }
    assert codes(external(output(priced, CB, lot(1000, 960)), 960)) == {"custody.unknown_column"}
    short = output(priced, CB, lot(1000, 960, external=999))
    assert codes(external(short, 960)) == {"custody.quantity_out_of_bounds"}
    assert codes(external(output(priced, IP, held), 960)) >= {"custody.unknown_value"}
    marked = output(priced, CB, {**held, CU_75: 1})
    assert codes(external(marked, 960)) == {"custody.cover_missing"}
    two = external(output(priced, CB, held), 960)
    assert "custody.count" in codes(replace(two, outputs=two.outputs * 2))
    assert codes(replace(two, source=bytes(32))) == {"custody.source_missing"}
    assert codes(two, terms(used_sources={two.source: bytes(32)})) == {"custody.source_used"}
    ceiling = terms(ceiling={copper: 1000}, ceiling_use={copper: 1})
    assert codes(two, ceiling) == {"custody.over_ceiling"}
    assert codes(two, terms(operates=False)) == set()  # site 0 needs no operator
    recycled = external(output(priced, CB, lot(1000, 960, recycled=1000)), 960, recycled=True)
    assert make(recycled).assessment.flags == (HeaderFlag.RECYCLED,)


@pytest.mark.parametrize("kind", [LotBatchKind.ORIGIN, LotBatchKind.GAIN])
def test_class__at_a_way_in_that_is_not_from_outside__is_refused(kind: LotBatchKind) -> None:
    """Primary metal sold as recycled, at the source: A41."""
    draft = originate(
        output(CATHODE, CB, lot(10, 20, recycled=10)), emissions=emitted(process=20), kind=kind
    )
    use = {SubstanceId(COPPER): PeriodUse(0, 1_000_000, 0)}
    assert codes(draft, terms(use=use)) == {"custody.class_at_way_in"}


@pytest.mark.parametrize("recycled", [False, True])
def test_class__other_than_what_an_external_run_declares__is_refused(*, recycled: bool) -> None:
    held = lot(1000, 960, external=500 if recycled else 1000, recycled=1000 if recycled else 1)
    draft = external(output(CATHODE, CB, held), 960, recycled=recycled)
    other = CU_EXTERNAL if recycled else CU_RECYCLED
    (found,) = assess(draft, terms()).problems
    assert found.error_name == "ClassAtWayIn"
    assert found.arguments == {"column": other, "given": 500 if recycled else 1}


def test_gain__beyond_what_a_stock_take_may_find__is_refused() -> None:
    copper = SubstanceId(COPPER)
    draft = originate(
        output(CATHODE, CB, lot(50, 100)), emissions=emitted(process=100), kind=LotBatchKind.GAIN
    )
    allowed = terms(use={copper: PeriodUse(0, 10_000, 0)})  # 5,000 ppm of 10,000 are 50
    assert codes(draft, allowed) == set()
    assert make(draft, allowed).assessment.flags == (HeaderFlag.GAIN,)
    assert codes(draft, terms(use={copper: PeriodUse(0, 10_000, 1)})) == {"custody.over_gain"}
    assert codes(draft) == {"custody.over_gain"}


@pytest.mark.parametrize("kind", [LotBatchKind.ORIGIN, LotBatchKind.EXTERNAL, LotBatchKind.GAIN])
def test_way_in__with_parts_of_a_transform__is_refused(kind: LotBatchKind) -> None:
    given = blended()
    draft = transform([given.take()], output(ROD, CB, lot(1000, 2000)), kind=kind)
    parts: list[dict[str, Any]] = [
        {},
        {"takes": (), "losses": lost(LossReason.DUST, 1)},
        {"takes": (), "first_measured": (FirstMeasured(CU, 1),)},
        {"takes": (), "draws": (Draw(0, CU_75, 1),)},
    ]
    for part in parts:
        assert "custody.not_in_this_run" in codes(replace(draft, **part))


def test_transform__with_parts_of_a_way_in__is_refused() -> None:
    draft = transform([blended().take()], output(ROD, CB, lot(1000, 2000)))
    covers = originate(output(ROD, CB, lot(1, 1, cu75=1)), emissions=()).covers
    assert codes(replace(draft, covers=covers)) == {"custody.not_in_this_run"}
    assert codes(replace(draft, recycled=True)) == {"custody.not_in_this_run"}
    assert codes(replace(draft, source=b"\x01" * 32)) == {"custody.source_missing"}


def test_window__empty_future_late_or_of_another_operator__is_refused() -> None:
    draft = originate(output(CATHODE, CB, lot(1, 0)), emissions=())
    changes: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"produced_from_s": NOW}, {}, "custody.production_window"),
        ({"produced_to_s": UnixSeconds(NOW + 1)}, {}, "custody.production_window"),
        ({}, {"now_s": UnixSeconds(NOW + 30 * DAY_S + 1)}, "custody.too_late"),
        ({}, {"operates": False}, "custody.not_site_operator"),
    ]
    for change, chain, code in changes:
        assert codes(replace(draft, **change), terms(**chain)) == {code}
    assert codes(draft, terms(now_s=UnixSeconds(NOW + 30 * DAY_S))) == set()


# ---------------------------------------------------------------- shape


def shaped(change: Callable[[RunDraft], RunDraft]) -> set[str]:
    return codes(change(originate(output(CATHODE, CB, lot(5, 7)), emissions=emitted(process=7))))


def with_output(**changes: Any) -> Callable[[RunDraft], RunDraft]:
    return lambda draft: replace(draft, outputs=(replace(draft.outputs[0], **changes),))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (with_output(lots=((5, 5, -1),)), "custody.quantity_out_of_bounds"),
        (with_output(lots=((5, 5, 2**53),)), "custody.quantity_out_of_bounds"),
        (with_output(lots=((5, 5, 2**52),) * 2), "custody.quantity_out_of_bounds"),
        (with_output(columns=(NET, CU, CU)), "custody.columns_not_ascending"),
        (with_output(columns=(CU, NET, CO2E)), "custody.columns_not_ascending"),
        (with_output(columns=(NET, CU, 0xF0000000)), "custody.unknown_column"),
        (with_output(columns=(NET, CU, CU_75)), "custody.one_co2e_column"),
        (with_output(columns=tuple(range(17)), lots=(tuple(range(17)),)), "custody.count"),
        (with_output(lots=()), "custody.count"),
        (lambda draft: replace(draft, outputs=()), "custody.count"),
        (lambda draft: replace(draft, outputs=draft.outputs * 17), "custody.count"),
        (lambda draft: replace(draft, kind=LotBatchKind.NONE), "custody.unknown_value"),
        (lambda draft: replace(draft, emissions=draft.emissions * 33), "custody.count"),
        (
            lambda draft: replace(draft, emissions=emitted(process=-1)),
            "custody.quantity_out_of_bounds",
        ),
        (
            lambda draft: replace(draft, losses=lost(LossReason.DUST, 0)),
            "custody.quantity_out_of_bounds",
        ),
        (lambda draft: replace(draft, losses=lost(LossReason.NONE, 1)), "custody.unknown_value"),
        (
            lambda draft: replace(draft, losses=lost(LossReason.DUST, 1, ColumnKey(7))),
            "custody.unknown_column",
        ),
        (
            lambda draft: replace(draft, emissions=(Emission(EmissionPart.NONE, 7),)),
            "custody.unknown_value",
        ),
        (
            lambda draft: replace(draft, draws=(Draw(0, CU_75, 0),)),
            "custody.quantity_out_of_bounds",
        ),
        (
            lambda draft: replace(draft, first_measured=(FirstMeasured(AU, -5),)),
            "custody.quantity_out_of_bounds",
        ),
    ],
)
def test_draft__of_a_wrong_shape__is_refused_before_anything_is_added(
    change: Callable[[RunDraft], RunDraft], code: str
) -> None:
    assert code in shaped(change)


def test_draft__with_credit_of_a_metal_it_has_not__is_refused() -> None:
    gold = credit_key(75, 79)
    draft = originate(output(CATHODE, CB, {**lot(5, 7), gold: 1}), emissions=emitted(process=7))
    assert codes(draft) == {"custody.unknown_column"}


def test_draft__with_too_many_columns_in_all__is_refused() -> None:
    many = [
        {NET: 1, CO2E: 0, **{ColumnKey(2 << 28 | at): 1 for at in range(base, base + 14)}}
        for base in (1, 15, 29)
    ]
    draft = originate(*(output(CATHODE, CB, held) for held in many), emissions=())
    assert codes(draft) == {"custody.count"}


def test_draft__with_lots_that_do_not_fit__is_no_draft() -> None:
    for lots in (((1, 2),), ((1, 2, 3.0),), ((True, 1, 1),)):
        with pytest.raises(InputError) as refusal:
            shaped(with_output(lots=lots))
        assert refusal.value.code == "custody.draft"


# ---------------------------------------------------------------- what is built


def test_build__of_a_draft__proves_every_lot_and_predicts_the_header() -> None:
    given = blended()
    draft = transform(
        [given.take(400), given.take(300)],
        output(ROD, MB, lot(400, 800, cu75=240), lot(300, 600)),
        draws=(),
    )
    made = make(draft)
    run = made.built.run
    assert len(run.sources) == 1
    assert [(take.taken, take.amount) for take in run.takes] == [(0, 400), (400, 300)]
    assert run.columns == tuple(sorted({NET, CU, CU_75, CO2E}))
    opened = made.open(0, 1)
    header = opened.lot.header
    proof = opening(made.built, draft, made.secrets[0], header, 1)
    assert proof.quantities == (300, 300, 600, 0)
    leaf = LotLeaf(proof.lot_key, proof.statement_leaf, proof.quantities)
    node = 32 + 8 * len(proof.columns)
    path = tuple(proof.path[at : at + node] for at in range(0, len(proof.path), node))
    head = LotTreeHead(header.root, header.size, run.outputs[0].sums)
    verify_lot_inclusion(leaf, LotInclusion(1, path), head)
    assert (header.sequence, header.size, header.model) == (11, 2, MB)
    with pytest.raises(InputError):
        opening(made.built, draft, made.secrets[0], given.lot.header, 0)


def test_build__of_waived_credit__marks_the_bit() -> None:
    given = certified()
    take = given.take(waived=frozenset({CU_75}))
    run = make(transform([take], output(ROD, CB, lot(1000, 2000)))).built.run
    assert run.takes[0].waived == 1 << given.lot.columns.index(CU_75)


def test_build__of_a_draft_with_problems__is_refused_with_the_first() -> None:
    draft = transform([blended().take()], output(ROD, SG, lot(999, 1)))
    found = assess(draft, terms())
    assert len(found.problems) > 2
    with pytest.raises(InputError) as refusal:
        build(draft, found, [], bytes(32))
    assert refusal.value.code == found.problems[0].code
    assert f"(and {len(found.problems) - 1} more)" in refusal.value.message


def test_build__with_other_names_than_lots__is_refused() -> None:
    draft = transform([blended().take()], output(ROD, CB, lot(1000, 2000)))
    with pytest.raises(InputError) as refusal:
        build(draft, assess(draft, terms()), [], bytes(32))
    assert refusal.value.code == "custody.draft"


def test_assess__of_many_bad_lots__names_some_and_ends() -> None:
    lots = [lot(10, 2 + at) for at in range(1000)]
    draft = originate(
        output(CATHODE, CB, *lots), emissions=emitted(process=sum(held[CO2E] for held in lots))
    )
    found = assess(draft, terms())
    assert found.codes == {"custody.co2e_not_uniform"}
    assert len(found.problems) == 20
    assert found.problems[0].lot == 0
