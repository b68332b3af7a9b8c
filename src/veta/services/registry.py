"""What is registered and who assures what, as this node followed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from veta.custody.encoding import source_batch
from veta.model.anchoring import BlockRef
from veta.model.assurance_events import (
    DisputeClosed,
    DisputeOpened,
    DisputeUpheld,
    ProgrammeRegistered,
    RecognitionSet,
    RecordHandedOver,
    RecordMade,
    RecordStatusChanged,
    ReductionRegistered,
    Restated,
    RestatementConfirmed,
    RuleConfirmed,
    RuleEnded,
    RuleRegistered,
    SchemeRegistered,
)
from veta.model.columns import SubstanceId
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lots import AllocationRule, LotId, ProductClassId, SiteId
from veta.model.registry_events import (
    CapacitySet,
    OperatorSet,
    ProductClassRegistered,
    SiteHandedOver,
    SiteRegistered,
    SubstanceRegistered,
    UnitKindRegistered,
)
from veta.ports.store import Store, StoreWork
from veta.services.lot_reading import KnownLot
from veta.services.standing import (
    DisputeNow,
    RecordNow,
    RuleNow,
    amount_at,
    disputes_now,
    operators_at,
    recognitions_at,
    record_now,
    rule_now,
)

_BEFORE_ALL: Final = UnixSeconds(0)


@dataclass(frozen=True, slots=True)
class Names:
    """Names of what lots are about, as far as they are known here."""

    sites: Mapping[SiteId, str] = field(default_factory=dict)
    product_classes: Mapping[ProductClassId, str] = field(default_factory=dict)
    substances: Mapping[SubstanceId, str] = field(default_factory=dict)
    """Symbols."""


NO_NAMES: Final = Names()


@dataclass(frozen=True, slots=True)
class SiteNow:
    """A site, and who operates it and what it can make now."""

    registered: SiteRegistered
    operators: tuple[OperatorSet, ...]
    capacity: Mapping[SubstanceId, int]
    """In a quarter, base units."""
    handed_over: bool


@dataclass(frozen=True, slots=True)
class RestatementNow:
    """A restatement of a batch, and who confirmed it."""

    restated: Restated
    assurer: MemberId | None


@dataclass(frozen=True, slots=True)
class LotNotices:
    """What is said beside a lot and its batch."""

    restatements: tuple[RestatementNow, ...]
    disputes: tuple[DisputeNow, ...]
    """Of the lot and of its batch."""


NO_NOTICES: Final = LotNotices((), ())


class RegistryShelf:
    """Registry, assurance and notices as followed; "now" is the newest followed block's time.

    Args:
        store: the node's database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def now_s(self) -> UnixSeconds:
        """Time of the newest followed block, 0 before the first."""
        with self._store.read() as work:
            return _now_s(work.cursor())

    def names(self) -> Names:
        """All names."""
        with self._store.read() as work:
            return names_of(work)

    def sites(self) -> tuple[SiteNow, ...]:
        """All sites, in the order of registration."""
        with self._store.read() as work:
            now_s = _now_s(work.cursor())
            gone = {each.site for each in work.said(SiteHandedOver)}
            return tuple(
                SiteNow(
                    site,
                    () if site.site in gone else _operators(work, site.site, now_s),
                    _capacity(work, site.site, now_s),
                    site.site in gone,
                )
                for site in work.said(SiteRegistered)
            )

    def product_classes(self) -> tuple[ProductClassRegistered, ...]:
        """All product classes, in the order of registration."""
        with self._store.read() as work:
            return work.said(ProductClassRegistered)

    def substances(self) -> tuple[SubstanceRegistered, ...]:
        """All metals, in the order of registration."""
        with self._store.read() as work:
            return work.said(SubstanceRegistered)

    def unit_kinds(self) -> tuple[UnitKindRegistered, ...]:
        """All kinds of counted things, in the order of registration."""
        with self._store.read() as work:
            return work.said(UnitKindRegistered)

    def schemes(self) -> tuple[SchemeRegistered, ...]:
        """All schemes, in the order of registration."""
        with self._store.read() as work:
            return work.said(SchemeRegistered)

    def programmes(self) -> tuple[ProgrammeRegistered, ...]:
        """All programmes, in the order of registration."""
        with self._store.read() as work:
            return work.said(ProgrammeRegistered)

    def reductions(self) -> tuple[ReductionRegistered, ...]:
        """Which programme's credit may go on under which, in the order of registration."""
        with self._store.read() as work:
            return work.said(ReductionRegistered)

    def recognitions(self) -> tuple[RecognitionSet, ...]:
        """Accreditation bodies that schemes recognise now: the entries that say so."""
        with self._store.read() as work:
            now_s = _now_s(work.cursor())
            return recognitions_at(work.said(RecognitionSet), now_s)

    def records(self) -> tuple[RecordNow, ...]:
        """All accreditations and certificates, by number."""
        with self._store.read() as work:
            return tuple(
                record_now(
                    made, work.story(RecordStatusChanged, RecordHandedOver, record=made.record)
                )
                for made in work.said(RecordMade)
            )

    def rules(self) -> tuple[RuleNow, ...]:
        """All allocation rules, by number."""
        with self._store.read() as work:
            return tuple(_rule(work, each) for each in work.said(RuleRegistered))

    def rule(self, number: int) -> RuleNow | None:
        """An allocation rule, ``None`` if none of this number was followed."""
        with self._store.read() as work:
            return next((_rule(work, r) for r in work.said(RuleRegistered, rule=number)), None)

    def notices(self, known: KnownLot) -> LotNotices:
        """What is said beside a lot and its batch."""
        header = known.opened.header
        with self._store.read() as work:
            return LotNotices(
                restatements=_restatements(work, header.issuer, header.root),
                disputes=(
                    *_disputes(work, known.lot),
                    *_disputes(work, source_batch(header.issuer, header.root)),
                ),
            )


def names_of(work: StoreWork) -> Names:
    """All names in a view of a store."""
    return Names(
        sites={each.site: each.name for each in work.said(SiteRegistered)},
        product_classes={
            each.product_class: each.name for each in work.said(ProductClassRegistered)
        },
        substances={each.substance: each.symbol for each in work.said(SubstanceRegistered)},
    )


def followed_rule(work: StoreWork, number: int) -> AllocationRule | None:
    """A confirmed allocation rule as followed, ``None`` if there is none of this number."""
    for registered in work.said(RuleRegistered, rule=number):
        return _rule(work, registered).confirmed
    return None


def _now_s(cursor: BlockRef | None) -> UnixSeconds:
    return _BEFORE_ALL if cursor is None else cursor.time_s


def _operators(work: StoreWork, site: SiteId, now_s: int) -> tuple[OperatorSet, ...]:
    return operators_at(work.said(OperatorSet, site=site), now_s)


def _capacity(work: StoreWork, site: SiteId, now_s: int) -> dict[SubstanceId, int]:
    entries = work.said(CapacitySet, site=site)
    substances = sorted({entry.substance for entry in entries})
    return {
        substance: amount_at([e for e in entries if e.substance == substance], now_s)
        for substance in substances
    }


def _rule(work: StoreWork, registered: RuleRegistered) -> RuleNow:
    return rule_now(registered, work.story(RuleConfirmed, RuleEnded, rule=registered.rule))


def _restatements(work: StoreWork, issuer: MemberId, root: bytes) -> tuple[RestatementNow, ...]:
    confirmed = {
        each.index: each.assurer
        for each in work.said(RestatementConfirmed, issuer=issuer, root=root)
    }
    return tuple(
        RestatementNow(each, confirmed.get(each.index))
        for each in work.said(Restated, issuer=issuer, root=root)
    )


def _disputes(work: StoreWork, subject: LotId | Digest) -> tuple[DisputeNow, ...]:
    return disputes_now(work.story(DisputeOpened, DisputeClosed, DisputeUpheld, subject=subject))
