"""What the registry says in its events, as a follower keeps it: sites, metals, products, rules.

Values have the fields of the events that they come from. A list entry decides from ``recorded_s``
on until the next one of its list; windows are [from, until) in Unix seconds, 2^64-1 is open.
Texts are the chain's octets as UTF-8; what is none is written with backslashes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from veta.model.columns import SubstanceId
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import LotRules, ProductClassId, ProductClassTerms, SiteId


class BaseUnit(enum.IntEnum):
    """What a substance's quantities are counted in (``IRegistry.BaseUnit``)."""

    NONE = 0
    GRAM = 1
    MILLIGRAM = 2


@dataclass(frozen=True, slots=True)
class SiteRegistered:
    """A site came to be; nothing of it is ever altered."""

    site: SiteId
    identifier: str
    name: str
    country: str
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class OperatorSet:
    """When a member operates a site."""

    site: SiteId
    member: MemberId
    index: int
    from_s: UnixSeconds
    until_s: UnixSeconds
    recorded_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class CapacitySet:
    """What a site can make of a substance in a quarter, base units."""

    site: SiteId
    substance: SubstanceId
    index: int
    effective_s: UnixSeconds
    amount: int
    recorded_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class ExternalCeilingSet:
    """What a member may declare from outside of a substance in a quarter, base units."""

    member: MemberId
    substance: SubstanceId
    index: int
    effective_s: UnixSeconds
    amount: int
    recorded_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class ProductClassRegistered:
    """A kind of product; the fields of ``ProductClassTerms``, and its name."""

    product_class: ProductClassId
    residue: bool
    metal_tolerance_ppm: int
    custody_tolerance_ppm: int
    co2e_default_per_million: int
    name: str

    @property
    def terms(self) -> ProductClassTerms:
        """What runs are judged by."""
        return ProductClassTerms(
            self.product_class,
            self.residue,
            self.metal_tolerance_ppm,
            self.custody_tolerance_ppm,
            self.co2e_default_per_million,
        )


@dataclass(frozen=True, slots=True)
class SubstanceRegistered:
    """A metal."""

    substance: SubstanceId
    unit: BaseUnit
    symbol: str


@dataclass(frozen=True, slots=True)
class UnitKindRegistered:
    """A kind of counted things."""

    unit_kind: int
    name: str


@dataclass(frozen=True, slots=True)
class LotRulesSet:
    """What the lot book goes by from ``effective_s`` on; the fields of ``LotRules``."""

    number: int
    lateness_s: int
    gain_ppm: int
    authority_freeze_s: int
    credit_periods: int
    effective_s: UnixSeconds

    @property
    def rules(self) -> LotRules:
        """Without their number."""
        return LotRules(
            self.lateness_s,
            self.gain_ppm,
            self.authority_freeze_s,
            self.credit_periods,
            self.effective_s,
        )


@dataclass(frozen=True, slots=True)
class SiteHandedOver:
    """The successor has the site."""

    site: SiteId


RegistryEventBody: TypeAlias = (
    SiteRegistered
    | OperatorSet
    | CapacitySet
    | ExternalCeilingSet
    | ProductClassRegistered
    | SubstanceRegistered
    | UnitKindRegistered
    | LotRulesSet
    | SiteHandedOver
)
