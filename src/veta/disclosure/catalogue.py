"""The 76 indicators in 8 dimensions: what each is called, counts, and which goals it speaks to.

The dimensions are those of a published copper traceability scheme; the names of the indicators are
Veta's. The numbers are goals of the UN Agenda 2030 (SDG 1 to 17); assigning them is Veta's reading,
by indicator, and nobody's certificate. A list with one name changed is another catalogue with
another id: the place of an indicator in this one never changes.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from veta.errors import InputError

CATALOGUE_ID: Final = "veta-indicators-76/1"
SIZE: Final = 76
"""Exactly that many leaves: one fewer is no indicator set."""


class ValueKind(enum.StrEnum):
    """How the value of an indicator is written."""

    COUNT = "count"
    """Integer from 0, of what the unit says."""
    QUANTITY = "quantity"
    """Decimal text from ``"0"``, of at most 15 digits, in the unit: ``"1242.5"``."""
    SHARE = "share"
    """Integer from 0 to 1,000,000: parts per million."""
    YES_NO = "yes-no"
    """``true`` or ``false``."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of the 76."""

    index: int
    """Of its leaf, from 0."""
    dimension: str
    name: str
    kind: ValueKind
    unit: str
    """UCUM-like, ASCII; ``1`` where things are counted."""
    goals: tuple[int, ...]
    """SDG numbers, ascending."""


_ROWS: Final = """
carbon-footprint
 ghg_scope1_t                         quantity t           13
 ghg_scope2_market_t                  quantity t           7 13
 ghg_scope2_location_t                quantity t           7 13
 ghg_scope3_purchased_t               quantity t           12 13
 pcf_cathode_g_per_kg                 count    g/kg        12 13
 renewable_electricity_share          share    ppm         7 13
 diesel_l_per_t_moved                 quantity L/t         12 13
 electricity_kwh_per_t_cu             quantity kWh/t       7 12
 electric_fleet_share                 share    ppm         9 13
 verified_inventory_yn                yes-no   1           12 13
water-footprint
 freshwater_withdrawal_m3             quantity m3          6
 seawater_withdrawal_m3               quantity m3          6 14
 desalinated_share                    share    ppm         6
 water_consumed_m3                    quantity m3          6
 recirculation_share                  share    ppm         6 12
 withdrawal_m3_per_t_cu               quantity m3/t        6 12
 discharge_m3                         quantity m3          6 14
 discharge_exceedances                count    1           6 14
 wells_monitored                      count    1           6 15
 wells_co_monitored_with_community    count    1           6 16
territorial-impact
 area_disturbed_ha                    quantity ha          15
 area_rehabilitated_ha                quantity ha          15
 tailings_facilities_count            count    1           12 15
 tailings_gistm_conformant_count      count    1           11 12
 tailings_online_monitoring_count     count    1           9 11
 pm10_exceedance_days                 count    d           3 11
 biodiversity_plan_yn                 yes-no   1           15
 protected_area_overlap_ha            quantity ha          15
 mining_tyres_recycled_share          share    ppm         12
 industrial_waste_recycled_share      share    ppm         12
community-impact
 local_procurement_share              share    ppm         8 11
 local_employment_share               share    ppm         8
 community_investment_usd             quantity USD         1 11
 grievances_received                  count    1           16
 grievances_resolved_90d              count    1           16
 consultations_held                   count    1           16
 indigenous_agreements_active         count    1           10 16
 resettled_households                 count    1           1 11
 community_monitoring_rounds          count    1           6 16
 community_satisfaction_index         quantity 1           11 16
human-rights
 hr_due_diligence_yn                  yes-no   1           8 16
 salient_risks_assessed               count    1           8 16
 suppliers_screened_share             share    ppm         8 12
 child_labour_cases                   count    1           8 16
 forced_labour_cases                  count    1           8
 security_vpshr_trained_share         share    ppm         16
 fpic_processes_open                  count    1           10 16
 remedy_cases_closed                  count    1           16
 ilo169_consultations                 count    1           10 16
equal-opportunity-inclusion
 women_workforce_share                share    ppm         5
 women_management_share               share    ppm         5
 pay_gap_ratio                        quantity 1           5 8
 disability_employment_share          share    ppm         8 10
 harassment_cases                     count    1           5 8
 harassment_cases_closed              count    1           5 16
 parental_leave_return_share          share    ppm         5
 training_hours_per_worker            quantity h           4 8
 collective_bargaining_share          share    ppm         8
occupational-safety-health
 fatalities                           count    1           3 8
 ltifr                                quantity 1/1000000.h 3 8
 trifr                                quantity 1/1000000.h 3 8
 high_potential_incidents             count    1           8
 occupational_disease_cases           count    1           3 8
 silica_exposure_over_limit_share     share    ppm         3 8
 contractor_ltifr                     quantity 1/1000000.h 3 8
 emergency_drills                     count    1           3 11
 iso45001_certified_yn                yes-no   1           8
transparency-ethics-traceability-of-funds
 eiti_payments_disclosed_usd          quantity USD         16 17
 taxes_paid_usd                       quantity USD         16 17
 anti_corruption_trained_share        share    ppm         16
 whistleblower_cases                  count    1           16
 conflict_of_interest_declarations    count    1           16
 beneficial_owners_disclosed_share    share    ppm         16
 sanctions_screening_share            share    ppm         16
 lots_traced_share                    share    ppm         12
 claims_verified_share                share    ppm         12 16
"""


def _read_rows(rows: str) -> Iterator[Indicator]:
    dimension, index = "", 0
    for line in rows.strip().splitlines():
        if not line.startswith(" "):
            dimension = line
            continue
        name, kind, unit, *goals = line.split()
        yield Indicator(index, dimension, name, ValueKind(kind), unit, tuple(map(int, goals)))
        index += 1


INDICATORS: Final[tuple[Indicator, ...]] = tuple(_read_rows(_ROWS))
"""All of them, in the order of their leaves."""
DIMENSIONS: Final[tuple[str, ...]] = tuple(dict.fromkeys(item.dimension for item in INDICATORS))
"""The eight, in order."""

_BY_NAME: Final[Mapping[str, Indicator]] = MappingProxyType(
    {item.name: item for item in INDICATORS}
)


def indicator(name: str) -> Indicator:
    """The indicator of a name.

    Raises:
        InputError: ``disclosure.indicator_unknown``.
    """
    found = _BY_NAME.get(name)
    if found is None:
        raise InputError("disclosure.indicator_unknown", f"no indicator is called {name[:60]!r}")
    return found


def in_dimension(dimension: str) -> tuple[str, ...]:
    """Names of a dimension's indicators.

    Raises:
        InputError: ``disclosure.dimension_unknown``.
    """
    if dimension not in DIMENSIONS:
        raise InputError("disclosure.dimension_unknown", f"no dimension is {dimension[:60]!r}")
    return tuple(item.name for item in INDICATORS if item.dimension == dimension)


def for_goal(goal: int) -> tuple[str, ...]:
    """Names of the indicators that speak to a goal of the Agenda 2030.

    Raises:
        InputError: ``disclosure.goal_unknown``.
    """
    if type(goal) is not int or not 1 <= goal <= 17:
        raise InputError("disclosure.goal_unknown", "goals are numbered 1 to 17")
    return tuple(item.name for item in INDICATORS if goal in item.goals)
