"""Who sees what of a record: public, legitimate interest, authority (battery passport, Article 77).

A tier sees its own fields and those of the tiers below it. A field that the table does not name is
for authorities alone: what nobody thought of is not published. What is held back is counted, and
its names are told, so that nobody takes a part for the whole.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims import fields
from veta.claims.indicators import IndicatorCatalogue, IndicatorValue
from veta.claims.profiles import RECALLED
from veta.errors import InputError

SCHEMA: Final = "veta-access-tiers/1"


class Tier(enum.StrEnum):
    """From the widest circle to the narrowest."""

    PUBLIC = "public"
    LEGITIMATE_INTEREST = "legitimate_interest"
    AUTHORITY = "authority"


_ORDER: Final = tuple(Tier)


@dataclass(frozen=True, slots=True)
class AccessTable:
    """Which tier each field of a record is for."""

    name: str
    source: str
    """Act and place; ends with [R] where it was not read again."""
    checked: bool
    tiers: Mapping[str, Tier]

    def tier_of(self, indicator: str) -> Tier:
        """The widest circle that may see a field."""
        return self.tiers.get(indicator, Tier.AUTHORITY)


@dataclass(frozen=True, slots=True)
class TierView:
    """What a tier sees of a record."""

    tier: Tier
    seen: Mapping[str, IndicatorValue]
    withheld: tuple[str, ...]
    """Names of fields that have a value and are for narrower circles."""


def load_tables(octets: bytes, catalogue: IndicatorCatalogue) -> tuple[AccessTable, ...]:
    """Tables of a data file (``access_tiers.json``).

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.unknown_indicator``,
            ``claims.unknown_tier``, ``claims.line_twice``.
    """
    data = fields.document(octets, SCHEMA)
    fields.only(data, "schema", "version", "profiles")
    return tuple(_table(each, catalogue) for each in fields.records(data, "profiles"))


def tier_named(text: str) -> Tier:
    """A tier by its word.

    Raises:
        InputError: ``claims.unknown_tier``.
    """
    try:
        return Tier(text)
    except ValueError as error:
        words = ", ".join(Tier)
        raise InputError("claims.unknown_tier", f"no tier {text[:40]!r}; there are {words}") from (
            error
        )


def view(table: AccessTable, values: Mapping[str, IndicatorValue], tier: Tier) -> TierView:
    """What a tier sees of the values of one subject."""
    circle = _ORDER.index(tier)
    seen = {
        name: value for name, value in values.items() if _ORDER.index(table.tier_of(name)) <= circle
    }
    withheld = tuple(sorted(set(values) - set(seen)))
    return TierView(tier, seen, withheld)


def _table(record: fields.Record, catalogue: IndicatorCatalogue) -> AccessTable:
    fields.only(record, "name", "source", "checked", "fields")
    tiers: dict[str, Tier] = {}
    for each in fields.records(record, "fields"):
        fields.only(each, "indicator", "tier")
        name = catalogue.indicator(fields.text(each, "indicator")).identifier
        if name in tiers:
            raise InputError("claims.line_twice", f"{name} stands there twice")
        tiers[name] = tier_named(fields.text(each, "tier"))
    checked = fields.flag(record, "checked", default=False)
    source = fields.text(record, "source") + ("" if checked else RECALLED)
    return AccessTable(fields.text(record, "name"), source, checked, tiers)
