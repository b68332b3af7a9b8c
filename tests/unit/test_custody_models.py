"""Models of custody, periods, yields: data beside the reference, rules beside ISO 22095."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.reference_data import reference_json
from veta.custody import models, periods
from veta.custody.models import RULES
from veta.custody.yields import BOUNDS_PPM, report_yield
from veta.errors import InputError
from veta.model.lots import CustodyModel
from veta.model.periods import Period

IP, SG = CustodyModel.IDENTITY_PRESERVED, CustodyModel.SEGREGATED
CB, MB = CustodyModel.CONTROLLED_BLENDING, CustodyModel.MASS_BALANCE
BC = CustodyModel.BOOK_AND_CLAIM


def seconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


@pytest.mark.reference
def test_models__beside_the_rules_file__are_the_same_five_in_the_same_order() -> None:
    data: Any = reference_json("reference/coc-rules.json")
    theirs = data["models"]
    assert [rule.slug for rule in RULES.values()] == [each["model"] for each in theirs]
    for rule, each in zip(RULES.values(), theirs, strict=True):
        assert each["iso22095"].startswith(rule.clause)
        assert (rule.negative_balance == "impossible") == (
            each["negative_balance"] == "impossible"
        ) or (rule.model in {CB, MB})
    order = data["general"]["mixed_chain_rule"].split("(")[1].rstrip(")").split(" > ")
    short = {"IP": IP, "SG": SG, "CB": CB, "MB": MB, "B&C": BC}
    assert [short[name] for name in order] == sorted(RULES)
    assert {name: list(bounds) for name, bounds in BOUNDS_PPM.items()} == data["general"][
        "bounds_ppm"
    ]


def test_claims__of_the_models__say_no_more_than_they_may() -> None:
    assert "{site}" in RULES[IP].claim
    assert "{sites}" in RULES[SG].claim
    assert "contains {percent} %" in RULES[CB].claim
    assert "contains" not in RULES[MB].claim
    assert "{percent}" not in RULES[BC].claim
    assert [rule.model for rule in RULES.values() if not rule.on_chain] == [BC]


@pytest.mark.parametrize("model", list(RULES))
def test_model_of__its_slug__is_the_model(model: CustodyModel) -> None:
    assert models.model_of(RULES[model].slug) is model


def test_model__unknown_or_not_kept__is_refused() -> None:
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: models.model_of("green"), "custody.unknown_model"),
        (lambda: models.require_on_chain(BC), "custody.book_and_claim"),
        (lambda: models.require_on_chain(CustodyModel.NONE), "custody.unknown_model"),
        (lambda: models.lowest_level([]), "custody.no_level"),
    ]
    for refuse, code in refusals:
        with pytest.raises(InputError) as refusal:
            refuse()
        assert refusal.value.code == code
    for model in (IP, SG, CB, MB):
        models.require_on_chain(model)


def test_weakest__of_any_inputs__wins_and_so_does_the_lowest_level() -> None:
    assert models.weakest([IP, MB, SG]) is MB
    assert models.weakest([]) is CustodyModel.NONE
    assert models.strengthens(SG, [CB, IP])
    assert not models.strengthens(CB, [CB, IP])
    assert models.lowest_level([75, 50]) == 50
    for stronger in (IP, SG, CB, MB):
        for weaker in (model for model in (IP, SG, CB, MB) if model > stronger):
            assert models.strengthens(stronger, [weaker])
            assert not models.strengthens(weaker, [stronger])


def test_strongest_claim__for_goods__is_the_one_that_holds() -> None:
    def strongest(origins: int, certified: int, *inputs: CustodyModel) -> CustodyModel:
        return models.strongest_claimable(
            origin_count=origins, certified=certified, metal=1_000, inputs=inputs
        )

    assert strongest(1, 1_000, IP) is IP
    assert strongest(3, 1_000, IP, IP, IP) is SG
    assert strongest(3, 784, IP, IP, CB) is CB
    assert strongest(1, 1_000, MB) is MB
    assert models.certified_share_ppm(2, 3) == 666_666  # never rounded up
    assert models.certified_share_ppm(0, 0) == 0


def test_yield__outside_the_bounds__reports_and_does_not_raise() -> None:
    low = report_yield("smelter", taken=1_000, product=939)
    assert low.code == "custody.yield_out_of_bounds"
    assert low.message == "smelter yields 939000 ppm; 940000 to 995000 are usual"
    assert report_yield("smelter", taken=1_000, product=940).code is None
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: report_yield("alchemy", taken=1, product=1), "custody.unknown_process"),
        (lambda: report_yield("rod", taken=1, product=1, returned=1), "custody.take_range"),
    ]
    for refuse, code in refusals:
        with pytest.raises(InputError) as refusal:
            refuse()
        assert refusal.value.code == code


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (seconds(1970, 1, 1), "1970-Q1"),
        (seconds(2026, 3, 31, 23, 59, 59), "2026-Q1"),
        (seconds(2026, 4, 1), "2026-Q2"),
        (seconds(2024, 2, 29), "2024-Q1"),
        (seconds(2026, 12, 31, 23, 59, 59), "2026-Q4"),
        (seconds(2100, 3, 1), "2100-Q1"),
    ],
)
def test_period__of_a_moment__is_the_calendar_quarter(moment: int, name: str) -> None:
    period = periods.period_of(moment)
    assert periods.period_name(period) == name
    start, end = periods.period_window(period)
    assert start <= moment < end
    assert (periods.period_of(start), periods.period_of(end)) == (period, period + 1)


def test_period__of_production_up_to_the_end_of_a_quarter__is_that_quarter() -> None:
    end = seconds(2026, 7, 1)
    assert periods.period_of_production(end) == 2026 * 4 + 1
    assert periods.period_of_production(end + 1) == 2026 * 4 + 2


@pytest.mark.parametrize("moment", [-1, seconds(9999, 12, 31, 23, 59, 59) + 1])
def test_period__outside_the_calendar__is_refused(moment: int) -> None:
    with pytest.raises(InputError) as refusal:
        periods.period_of(moment)
    assert refusal.value.code == "custody.time_range"
    with pytest.raises(InputError):
        periods.period_window(Period(0))


def test_draw__from_an_account__is_oldest_first_and_leaves_what_expired() -> None:
    now = Period(8105)
    account = {Period(8100): 5, Period(8101): 7, Period(8104): 11, Period(8105): 13}
    assert periods.available(account, now, 4) == 31
    assert periods.drawn_oldest_first(account, 10, now, 4) == {8101: 7, 8104: 3}
    assert periods.drawn_oldest_first(account, 100, now, 4) == {8101: 7, 8104: 11, 8105: 13}
    assert periods.available(account, Period(8109), 4) == 13
    assert periods.available(account, Period(8110), 4) == 0
    assert periods.available({Period(8106): 1}, now, 4) == 0
