"""A run before it is signed: what goes in, what comes out, and what the chain says meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import MemberId, UnixSeconds
from veta.model.lots import (
    AllocationRule,
    Cover,
    CustodyModel,
    Draw,
    Emission,
    FirstMeasured,
    Loss,
    LotBatchKind,
    LotRecord,
    LotRules,
    OpenedLot,
    PeriodUse,
    ProductClassTerms,
    Reduction,
    SiteId,
)
from veta.model.periods import Period


@dataclass(frozen=True, slots=True)
class DraftTake:
    """Part of an opened lot that a run would take."""

    lot: OpenedLot
    record: LotRecord
    """The lot as the chain holds it."""
    amount: int
    """Of the reference column."""
    taken: int | None = None
    """What the drafter believes is gone of the reference; ``None``: what the record and earlier
    takes of this draft say."""
    waived: frozenset[ColumnKey] = frozenset()
    """Credit columns that are let go."""


@dataclass(frozen=True, slots=True)
class DraftOutput:
    """A batch that a run would make, lot by lot."""

    terms: ProductClassTerms
    columns: tuple[ColumnKey, ...]
    lots: tuple[tuple[int, ...], ...]
    """Quantities of each lot beside ``columns``; all zero in a padding leaf."""
    reference_column: ColumnKey
    model: CustodyModel
    attributed: bool = False


@dataclass(frozen=True, slots=True)
class RunDraft:
    """A run that somebody wants to make."""

    kind: LotBatchKind
    site: SiteId
    produced_from_s: UnixSeconds
    produced_to_s: UnixSeconds
    outputs: tuple[DraftOutput, ...]
    takes: tuple[DraftTake, ...] = ()
    first_measured: tuple[FirstMeasured, ...] = ()
    reductions: tuple[Reduction, ...] = ()
    draws: tuple[Draw, ...] = ()
    losses: tuple[Loss, ...] = ()
    emissions: tuple[Emission, ...] = ()
    covers: tuple[Cover, ...] = ()
    rule: AllocationRule | None = None
    source: bytes = bytes(32)
    """External: digest of the foreign registry and its lot id."""
    recycled: bool = False


@dataclass(frozen=True, slots=True)
class ChainTerms:
    """What the chain says that a draft is judged by, all at one block."""

    member: MemberId
    """Who would make the run."""
    now_s: UnixSeconds
    rules: LotRules
    operates: bool
    """Whether the member operates the run's site now."""
    capacity: Mapping[SubstanceId, int] = field(default_factory=dict)
    """Of the site in a quarter, base units."""
    use: Mapping[SubstanceId, PeriodUse] = field(default_factory=dict)
    """Of the site in the run's period."""
    ceiling: Mapping[SubstanceId, int] = field(default_factory=dict)
    """Of the member in a quarter, base units."""
    ceiling_use: Mapping[SubstanceId, int] = field(default_factory=dict)
    accounts: Mapping[tuple[ProgrammeId, SubstanceId], Mapping[Period, int]] = field(
        default_factory=dict
    )
    """Unspent credit of the site by the period that it came in."""
    suspended: frozenset[tuple[SiteId, ProgrammeId]] = frozenset()
    reducible: frozenset[tuple[ProgrammeId, ProgrammeId]] = frozenset()
    used_sources: Mapping[bytes, bytes] = field(default_factory=dict)
    """Batch by foreign source that came in with it."""
