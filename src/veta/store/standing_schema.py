"""The tables of what registry, assurance and notices said: one a kind of event, a row an event.

A column has the name of the body's field. Rows are named by their place on the chain, as those of
lots are, so undoing is deleting, and a list is read in the order of the chain.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from veta.model import assurance_events as assurance
from veta.model import registry_events as registry
from veta.model import site_events as sites
from veta.model.columns import SubstanceId
from veta.model.lots import AllocationShare, ProductClassId
from veta.store.lot_schema import log_columns, place_column
from veta.store.lot_values import packed, unpacked
from veta.store.schema import Unsigned64, Wei, metadata


@dataclass(frozen=True, slots=True)
class Field:
    """How a field of a body is kept."""

    kind: Callable[[], Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    """Raises ``ValueError`` for what nothing can have been written as."""


def _same(value: Any) -> Any:
    return value


def _named(values: type[enum.IntEnum]) -> Field:
    return Field(Unsigned64, int, values)


def _list(width: int, write: Callable[[Any], list[int]], read: Callable[..., Any]) -> Field:
    """A list of entries of ``width`` numbers below 2^32, as octets."""

    def read_all(octets: bytes) -> tuple[Any, ...]:
        numbers = unpacked(octets, 4)
        if len(numbers) % width:
            raise ValueError("an entry is cut")
        return tuple(read(*numbers[at : at + width]) for at in range(0, len(numbers), width))

    return Field(sa.LargeBinary, lambda value: packed(write(value), 4), read_all)


NUMBER: Final = Field(Unsigned64, _same, int)
SIGNED: Final = Field(Wei, _same, int)
OCTETS: Final = Field(sa.LargeBinary, _same, bytes)
TEXT: Final = Field(sa.Text, _same, str)
TRUTH: Final = Field(sa.Boolean, _same, bool)
SUBSTANCES: Final = _list(1, list, SubstanceId)
REQUIREMENTS: Final = _list(
    2,
    lambda value: [number for each in value for number in (each.scheme, each.level)],
    assurance.Requirement,
)
SHARES: Final = _list(
    3,
    lambda value: [
        number
        for each in value
        for number in (each.product_class, each.minimum_ppm, each.maximum_ppm)
    ],
    lambda number, least, most: AllocationShare(ProductClassId(number), least, most),
)

_OTHER: Final[Mapping[tuple[type, str], Field]] = {
    (registry.SiteRegistered, "identifier"): TEXT,
    (registry.SiteRegistered, "name"): TEXT,
    (registry.SiteRegistered, "country"): TEXT,
    (registry.ProductClassRegistered, "residue"): TRUTH,
    (registry.ProductClassRegistered, "name"): TEXT,
    (registry.SubstanceRegistered, "unit"): _named(registry.BaseUnit),
    (registry.SubstanceRegistered, "symbol"): TEXT,
    (registry.UnitKindRegistered, "name"): TEXT,
    (assurance.SchemeRegistered, "name"): TEXT,
    (assurance.ProgrammeRegistered, "requirements"): REQUIREMENTS,
    (assurance.RecordMade, "substances"): SUBSTANCES,
    (assurance.RecordMade, "leaf"): OCTETS,
    (assurance.RecordStatusChanged, "action"): _named(assurance.RecordAction),
    (assurance.RecordStatusChanged, "source"): _named(assurance.RecordSource),
    (assurance.RecordStatusChanged, "grounds"): OCTETS,
    (assurance.RuleRegistered, "shares"): SHARES,
    (assurance.Restated, "root"): OCTETS,
    (assurance.Restated, "delta"): SIGNED,
    (assurance.Restated, "statement_leaf"): OCTETS,
    (assurance.RestatementConfirmed, "root"): OCTETS,
    (assurance.DisputeOpened, "subject"): OCTETS,
    (assurance.DisputeOpened, "grounds"): OCTETS,
    (assurance.DisputeClosed, "subject"): OCTETS,
    (assurance.DisputeUpheld, "subject"): OCTETS,
    (sites.ConcernRaised, "source"): _named(sites.NoticeSource),
    (sites.ConcernRaised, "leaf"): OCTETS,
    (sites.ConcernClosed, "side"): _named(sites.ConcernSide),
    (sites.ConcernClosed, "leaf"): OCTETS,
    (sites.SiteRecorded, "source"): _named(sites.NoticeSource),
    (sites.SiteRecorded, "kind"): _named(sites.SiteRecordKind),
    (sites.SiteRecorded, "leaf"): OCTETS,
}
"""Fields that are no number below 2^64."""

_TABLES: Final[Mapping[type, tuple[str, str]]] = {
    registry.SiteRegistered: ("sites", "site"),
    registry.OperatorSet: ("site_operators", "site"),
    registry.CapacitySet: ("site_capacities", "site"),
    registry.ExternalCeilingSet: ("external_ceilings", "member"),
    registry.ProductClassRegistered: ("product_classes", "product_class"),
    registry.SubstanceRegistered: ("substances", "substance"),
    registry.UnitKindRegistered: ("unit_kinds", "unit_kind"),
    registry.LotRulesSet: ("lot_rules", "number"),
    registry.SiteHandedOver: ("site_ends", "site"),
    assurance.SchemeRegistered: ("schemes", "scheme"),
    assurance.ProgrammeRegistered: ("programmes", "programme"),
    assurance.ReductionRegistered: ("reductions", "source"),
    assurance.RecognitionSet: ("recognitions", "scheme"),
    assurance.RecordMade: ("assurance_records", "record"),
    assurance.RecordStatusChanged: ("assurance_statuses", "record"),
    assurance.RecordHandedOver: ("assurance_record_ends", "record"),
    assurance.RuleRegistered: ("allocation_rules", "rule"),
    assurance.RuleConfirmed: ("allocation_rule_confirmations", "rule"),
    assurance.RuleEnded: ("allocation_rule_ends", "rule"),
    assurance.Restated: ("restatements", "root"),
    assurance.RestatementConfirmed: ("restatement_confirmations", "root"),
    assurance.DisputeOpened: ("disputes", "subject"),
    assurance.DisputeClosed: ("dispute_ends", "subject"),
    assurance.DisputeUpheld: ("dispute_upholdings", "subject"),
    sites.ConcernRaised: ("concerns", "site"),
    sites.ConcernClosed: ("concern_closings", "site"),
    sites.SiteRecorded: ("site_records", "site"),
}
"""Table of each kind of body, and the field that it is looked up by."""

_COLUMN_NAMES: Final = {"column": "column_key", "index": "position", "unit": "base_unit"}
"""Fields whose names are words of SQL."""


@dataclass(frozen=True, slots=True)
class KeptKind:
    """A kind of body and its table."""

    body: type
    table: sa.Table
    fields: Mapping[str, Field]

    def values(self, body: Any) -> dict[str, Any]:
        """Columns of a row, without its place."""
        return {
            column_name(name): field.write(getattr(body, name))
            for name, field in self.fields.items()
        }


def column_name(field: str) -> str:
    """The column of a body's field."""
    return _COLUMN_NAMES.get(field, field)


def _kept(body: type, table: str, key: str) -> KeptKind:
    names = [name for name in body.__dataclass_fields__ if not name.startswith("_")]  # type: ignore[attr-defined]  # they all are dataclasses
    kept = {name: _OTHER.get((body, name), NUMBER) for name in names}
    made = sa.Table(
        table,
        metadata,
        place_column(),
        *(
            sa.Column(column_name(name), field.kind(), nullable=False)
            for name, field in kept.items()
        ),
        *log_columns(),
        sa.Index(None, column_name(key)),
    )
    return KeptKind(body, made, kept)


KEPT: Final[Mapping[type, KeptKind]] = {
    body: _kept(body, *place) for body, place in _TABLES.items()
}
FOLLOWED_STANDING: Final = {kept.table.name: kept.table for kept in KEPT.values()}
