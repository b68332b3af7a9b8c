"""Each law and each bound of a run, by one draft that keeps it and one that breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.custody_world import (
    AU,
    CATHODE,
    CB,
    CO2E,
    COPPER,
    CU,
    CU_50,
    CU_75,
    CU_RECYCLED,
    DAY_S,
    IP,
    MB,
    NET,
    NOW,
    RMM_50,
    RMM_75,
    ROD,
    SCRAP,
    SG,
    SITE,
    VEHICLES,
    blended,
    certified,
    codes,
    emitted,
    lost,
    lot,
    make,
    originate,
    output,
    outside,
    product,
    rule,
    terms,
    transform,
)
from veta.custody.run import assess
from veta.model.columns import ColumnKey, SubstanceId, credit_key, unit_key
from veta.model.identifiers import UnixSeconds
from veta.model.lots import (
    CustodyModel,
    Draw,
    FirstMeasured,
    HeaderFlag,
    LossReason,
    Reduction,
    SiteId,
)
from veta.model.periods import Period

STRICT = product(31, tolerance_ppm=0)
NOW_PERIOD = Period(2026 * 4 + 1)


def test_metal__taken_and_lost__closes_to_the_unit() -> None:
    take = blended().take()
    keeps = transform([take], output(ROD, CB, lot(990, 2000)), losses=lost(LossReason.DUST, 10))
    assert codes(keeps) == set()
    for metal, dust in ((991, 10), (990, 9), (989, 10)):
        losses = lost(LossReason.DUST, dust)
        assert codes(transform([take], output(ROD, CB, lot(metal, 2000)), losses=losses)) == {
            "custody.metal_mismatch"
        }


def test_metal__of_a_substance_no_input_has__is_refused_unless_first_measured() -> None:
    take = blended().take()
    gold = transform([take], output(ROD, CB, lot(1000, 2000, au=3)))
    assert codes(gold) == {"custody.metal_mismatch"}
    measured = replace(gold, first_measured=(FirstMeasured(AU, 3),))
    assert codes(measured) == set()
    assert make(measured).assessment.flags == (HeaderFlag.FIRST_MEASURED,)
    again = transform(
        [blended(au=2).take()],
        output(ROD, CB, lot(1000, 2000, au=3)),
        first_measured=(FirstMeasured(AU, 1),),
    )
    assert codes(again) == {"custody.not_first_measured"}


def test_loss__of_anything_but_metal_and_units__is_refused() -> None:
    made = output(ROD, CB, lot(1000, 2000))
    take = blended().take()
    for column in (NET, CO2E, CU_75):
        found = codes(transform([take], made, losses=lost(LossReason.OTHER, 1, column)))
        assert found == {"custody.no_loss_of"}


def test_carbon__taken_and_emitted__is_all_in_the_outputs() -> None:
    take = blended().take()
    emissions = emitted(process=5, transport=7, bought_in=11)
    assert codes(transform([take], output(ROD, CB, lot(1000, 2023)), emissions=emissions)) == set()
    for co2e in (2022, 2024):
        draft = transform([take], output(ROD, CB, lot(1000, co2e)), emissions=emissions)
        assert codes(draft) == {"custody.co2e_mismatch"}


@pytest.mark.row("T47")
def test_carbon__parked_on_a_batch_a_lot_or_a_class__is_refused() -> None:
    take = blended().take()
    even = [output(ROD, CB, lot(500, 1000)), output(ROD, CB, lot(500, 1000))]
    assert codes(transform([take], *even)) == set()
    batches = [output(ROD, CB, lot(500, 999)), output(ROD, CB, lot(500, 1001))]
    assert codes(transform([take], *batches)) == {"custody.co2e_not_uniform"}
    lots = output(ROD, CB, lot(500, 1), lot(500, 1999))
    assert codes(transform([take], lots)) == {"custody.co2e_not_uniform"}
    attributed = replace(lots, attributed=True)
    made = make(transform([take], attributed))
    assert made.assessment.flags == (HeaderFlag.ATTRIBUTED,)
    bleed = [output(ROD, CB, lot(999, 1)), output(SCRAP, CB, lot(1, 1999))]
    assert codes(transform([take], *bleed)) == set()
    assert HeaderFlag.UNALLOCATED in make(transform([take], *bleed)).assessment.flags[0]
    allocated = transform([take], *bleed, rule=rule((ROD, 900_000, 1_000_000), (SCRAP, 0, 100_000)))
    assert codes(allocated) == {"custody.allocation_out_of_bounds"}


def test_allocation__at_and_beyond_its_bounds__is_cross_multiplied() -> None:
    take = blended().take()
    made = [output(ROD, CB, lot(900, 1500)), output(SCRAP, CB, lot(100, 500))]
    for least, most, expected in (
        (750_000, 750_000, set()),
        (750_001, 1_000_000, {"custody.allocation_out_of_bounds"}),
        (0, 749_999, {"custody.allocation_out_of_bounds"}),
    ):
        bounds = rule((ROD, least, most), (SCRAP, 0, 1_000_000))
        assert codes(transform([take], *made, rule=bounds)) == expected
    unknown = rule((ROD, 0, 1_000_000))
    assert codes(transform([take], *made, rule=unknown)) == {"custody.not_in_allocation_rule"}
    elsewhere = rule((ROD, 0, 1_000_000), (SCRAP, 0, 1_000_000), site=SiteId(99))
    assert codes(transform([take], *made, rule=elsewhere)) == {"custody.rule_not_in_force"}


def test_metal__per_reference_unit__is_uniform_within_the_tolerance() -> None:
    def two(first: int, second: int, tolerance_ppm: int) -> set[str]:
        terms_ = replace(STRICT, metal_tolerance_ppm=tolerance_ppm)
        lots = [{NET: 5_000, CU: copper, CO2E: 10_000} for copper in (first, second)]
        whole = {NET: 10_000, CU: 9_000, CO2E: 20_000}
        given = make(originate(output(CATHODE, CB, whole), emissions=emitted(process=20_000)))
        return codes(transform([given.open(0).take()], output(terms_, CB, *lots)))

    assert two(4_500, 4_500, 0) == set()
    assert two(4_501, 4_499, 0) == {"custody.metal_not_uniform"}
    assert two(4_545, 4_455, 10_000) == set()
    assert two(4_546, 4_454, 10_000) == {"custody.metal_not_uniform"}


def test_net_mass__inflated_while_metal_is_kept__is_no_lower_footprint_of_the_class() -> None:
    """Batches of one class share metal a reference unit: mass cannot be watered in one of them."""
    take = blended().take()
    watered = [output(STRICT, CB, lot(500, 1000)), output(STRICT, CB, {**lot(500, 1000), NET: 900})]
    found = codes(transform([take], *watered))
    assert found >= {"custody.co2e_not_uniform", "custody.metal_not_uniform"}


def test_references__of_one_class__are_one() -> None:
    take = blended().take()
    counted = {CU: 500, CO2E: 1000}
    found = codes(transform([take], output(ROD, CB, lot(500, 1000)), output(ROD, CB, counted)))
    assert "custody.reference_differs" in found


def test_reference__of_nothing_or_of_another_kind__is_refused() -> None:
    take = blended().take()
    zero = transform([take], output(ROD, CB, {**lot(1000, 2000), NET: 0}))
    assert "custody.zero_reference" in codes(zero)
    other = transform([take], output(ROD, CB, lot(1000, 2000), reference=CU))
    assert codes(other) == {"custody.unknown_column"}
    partly = output(ROD, CB, lot(1000, 2000), {NET: 0, CU: 0, CO2E: 0})
    assert codes(transform([take], partly)) == set()  # padding
    lame = output(ROD, CB, lot(999, 2000), {NET: 0, CU: 1, CO2E: 0})
    assert "custody.zero_reference" in codes(transform([take], lame))


def test_credit__of_a_batch__is_its_metals_share_of_what_was_taken() -> None:
    take = blended(credit=601).take()
    halves = [output(ROD, MB, lot(500, 1000, cu75=300)), output(ROD, MB, lot(500, 1000, cu75=300))]
    assert codes(transform([take], *halves)) == set()
    assert make(transform([take], *halves)).assessment.left == ({}, {})  # 601 / 2 = 300, and 1 ends
    steered = [output(ROD, MB, lot(500, 1000, cu75=301)), output(ROD, MB, lot(500, 1000))]
    assert codes(transform([take], *steered)) == {"custody.credit_above_cap"}


def test_credit__that_tailings_and_slag_leave__is_no_ghost() -> None:
    take = blended(credit=600).take()
    made = make(
        transform(
            [take],
            output(ROD, MB, lot(500, 1000, cu75=100)),
            output(SCRAP, MB, lot(200, 1000)),
            losses=lost(LossReason.SLAG, 300),
        )
    )
    assert made.assessment.left == ({CU_75: 200}, {})
    balances = made.assessment.balances
    assert balances is not None
    (credit,) = balances.credit
    assert (credit.caps, credit.made) == ((300, 120), (100, 0))
    assert (credit.left, credit.extinguished, credit.account_change) == (200, 300, 200)


def test_credit__without_an_input__is_refused() -> None:
    """A transform with no inputs and a credit-only output."""
    nothing = transform([], output(ROD, MB, {NET: 1, CU: 0, CU_75: 5, CO2E: 0}))
    assert codes(nothing) == {"custody.count"}
    cheap = blended(credit=0).take()
    only = output(ROD, MB, lot(1000, 2000), {NET: 0, CU: 0, CU_75: 5, CO2E: 0})
    assert codes(transform([cheap], only)) >= {"custody.credit_above_cap", "custody.zero_reference"}


def test_credit__of_all_levels_together__is_at_most_the_metal() -> None:
    take = blended(quantity=25, credit=20).take()
    other = make(
        originate(
            output(CATHODE, CB, {NET: 25, CU: 25, CU_50: 20, CO2E: 50}),
            emissions=emitted(process=50),
        )
    ).open(0)
    over = output(ROD, MB, lot(25, 50, cu75=20, cu50=20), lot(25, 50))
    assert codes(transform([take, other.take()], over)) == {"custody.credit_above_metal"}


def test_draws__oldest_first_alive_and_needed__are_allowed() -> None:
    take = blended(credit=100).take()
    account = {
        (RMM_75, SubstanceId(COPPER)): {Period(NOW_PERIOD - 4): 50, Period(NOW_PERIOD - 5): 9}
    }
    chain = terms(accounts=account)

    def drawn(
        credit: int, quantity: int, model: CustodyModel = MB, column: ColumnKey = CU_75
    ) -> set[str]:
        made = output(ROD, model, lot(1000, 2000, cu75=credit))
        return codes(transform([take], made, draws=(Draw(0, column, quantity),)), chain)

    assert drawn(150, 50) == set()
    assert drawn(151, 51) == {"custody.account_short"}
    assert drawn(151, 50) == {"custody.credit_above_cap"}
    assert drawn(140, 50) == {"custody.draw_unused"}
    assert "custody.not_drawable" in drawn(150, 50, CB)
    assert "custody.not_drawable" in drawn(100, 50, MB, CU)
    late = terms(
        accounts=account,
        now_s=UnixSeconds(NOW + 92 * DAY_S),
        rules=replace(terms().rules, lateness_s=2**31),
    )
    made = output(ROD, MB, lot(1000, 2000, cu75=150))
    assert codes(transform([take], made, draws=(Draw(0, CU_75, 50),)), late) == {
        "custody.account_short"
    }
    beyond = transform([take], made, draws=(Draw(5, CU_75, 50),))
    assert "custody.not_drawable" in codes(beyond, chain)


def test_reductions__to_a_lower_programme__are_applied_before_caps() -> None:
    take = blended(credit=600).take()
    made = output(ROD, MB, lot(1000, 2000, cu50=600))
    reduced = transform([take], made, reductions=(Reduction(CU_75, CU_50, 600),))
    chain = terms(reducible=frozenset({(RMM_75, RMM_50)}))
    assert codes(reduced, chain) == set()
    assert codes(reduced) == {"custody.not_reducible"}
    more = replace(reduced, reductions=(Reduction(CU_75, CU_50, 601),))
    assert codes(more, chain) == {"custody.reduced_too_much"}
    upward = transform(
        [take], output(ROD, MB, lot(1000, 2000, cu75=600)), reductions=(Reduction(CU_50, CU_75, 1),)
    )
    assert codes(upward, chain) == {"custody.not_reducible", "custody.reduced_too_much"}
    other = (Reduction(CU_75, credit_key(50, 3), 5),)
    odd = transform(
        [blended(li=5).take()], output(ROD, MB, lot(1000, 2000, li=5)), reductions=other
    )
    assert codes(odd, chain) == {"custody.not_reducible"}


def test_suspended_site__its_credit__must_be_waived() -> None:
    given = certified()
    chain = terms(suspended=frozenset({(SITE, RMM_75)}))
    made = output(ROD, CB, lot(1000, 2000))
    assert codes(transform([given.take()], made), chain) == {"custody.credit_suspended"}
    waived = transform([given.take(waived=frozenset({CU_75}))], made)
    assert codes(waived, chain) == set()
    balances = assess(waived, chain).balances
    assert balances is not None
    assert (balances.credit[0].waived, balances.credit[0].taken) == (1000, 0)


def test_classes__by_share_of_the_metal__round_against_the_claimant() -> None:
    old, new = outside(333), blended(667)
    scrap = outside(333, recycled=True)
    takes = [old.take(), new.take()]
    whole = 333 + 2 * 667
    ok = output(ROD, CB, lot(1000, whole, external=333))
    assert codes(transform(takes, ok)) == set()
    less = output(ROD, CB, lot(1000, whole, external=332))
    assert codes(transform(takes, less)) == {"custody.class_out_of_bounds"}
    more = output(ROD, CB, lot(1000, whole, external=1001))
    assert codes(transform(takes, more)) >= {"custody.class_above_metal"}
    again = [scrap.take(), new.take()]
    assert codes(transform(again, output(ROD, CB, lot(1000, whole, recycled=333)))) == set()
    assert codes(transform(again, output(ROD, CB, lot(1000, whole, recycled=334)))) == {
        "custody.class_out_of_bounds"
    }
    uneven = output(
        ROD,
        CB,
        {**lot(500, whole // 2 + 1), CU_RECYCLED: 300},
        {**lot(500, whole // 2), CU_RECYCLED: 33},
    )
    assert "custody.class_out_of_bounds" in codes(transform(again, uneven))


def test_units__counted_and_taken__end_as_units_or_are_said_to_be_gone() -> None:
    take = blended().take()
    begun = make(transform([take], output(ROD, CB, *[lot(500, 1000, units=5)] * 2)))
    assert begun.open(0).lot.header.reference_column == VEHICLES
    halves = [begun.open(0, 0), begun.open(0, 1)]
    takes = [half.take() for half in halves]
    kept = transform(takes, output(ROD, CB, lot(1000, 2000, units=10)))
    assert codes(kept) == set()
    gone = transform(takes, output(ROD, CB, lot(1000, 2000)))
    assert codes(gone) == {"custody.unit_mismatch"}
    assembled = replace(gone, losses=lost(LossReason.ASSEMBLED, 10, VEHICLES))
    assert codes(assembled) == set()
    born = transform(takes, output(ROD, CB, lot(1000, 2000, units=11)))
    assert codes(born) == {"custody.unit_mismatch"}
    two = {**lot(1000, 2000, units=10), unit_key(2): 3}
    assert "custody.units_are_reference" in codes(transform(takes, output(ROD, CB, two)))


def test_models__stronger_than_an_input__are_refused() -> None:
    pure, mixed = certified(), blended()
    whole = lot(1000, 2000, cu75=1000)
    for model in (IP, SG, CB, MB):
        assert codes(transform([pure.take()], output(ROD, model, whole))) == set()
    for model in (IP, SG):
        found = codes(transform([mixed.take()], output(ROD, model, lot(1000, 2000, cu75=600))))
        assert found == {"custody.model_strengthens", "custody.model_condition"}
    balanced = make(transform([pure.take()], output(ROD, MB, whole))).open(0)
    found = codes(transform([balanced.take()], output(ROD, SG, whole)))
    assert found == {"custody.model_strengthens"}
    for model in (CustodyModel.NONE, CustodyModel.BOOK_AND_CLAIM):
        found = codes(transform([pure.take()], output(ROD, model, whole)))
        assert "custody.unknown_value" in found


def test_identity_preserved__of_two_sites__is_segregated_at_best() -> None:
    here = certified()
    there = make(
        originate(
            output(CATHODE, IP, lot(1000, 2000, cu75=1000)),
            emissions=emitted(process=2000),
            site=SiteId(44),
        )
    ).open(0)
    takes = [here.take(), there.take()]
    whole = lot(2000, 4000, cu75=2000)
    assert codes(transform(takes, output(ROD, IP, whole))) == {"custody.model_condition"}
    made = make(transform(takes, output(ROD, SG, whole)))
    assert made.assessment.origin_site == 0
    assert codes(transform([made.open(0).take()], output(ROD, IP, whole))) == {
        "custody.model_strengthens",
        "custody.model_condition",
    }
    waived = [here.take(waived=frozenset({CU_75})), there.take()]
    assert "custody.model_condition" in codes(
        transform(waived, output(ROD, SG, lot(2000, 4000, cu75=1000)))
    )


def test_controlled_blending__between_lots_and_batches__is_one_proportion() -> None:
    take = blended().take()
    lots = output(ROD, CB, lot(500, 1000, cu75=300), lot(500, 1000, cu75=299))
    assert codes(transform([take], lots)) == set()  # to one unit
    uneven = output(ROD, CB, lot(500, 1000, cu75=400), lot(500, 1000, cu75=200))
    assert codes(transform([take], uneven)) == {"custody.model_condition"}
    assert codes(transform([take], replace(uneven, model=MB))) == set()
    batches = [output(ROD, CB, lot(500, 1000, cu75=300)), output(ROD, CB, lot(500, 1000, cu75=100))]
    assert codes(transform([take], *batches)) == {"custody.model_condition"}
