"""What concerns about a site and records of it are now: their events, folded in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from veta.model.lots import SiteId
from veta.model.site_events import ConcernClosed, ConcernRaised, ConcernSide, SiteRecorded
from veta.model.site_notices import SiteConcern, SiteNotices, SiteRecord


@dataclass(frozen=True, slots=True)
class ConcernNow:
    """A concern, and who closed which side with what."""

    concern: SiteConcern
    closings: tuple[ConcernClosed, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteRecordNow:
    """A record, and what took its place."""

    record: SiteRecord
    replaced_by: int | None = None

    @property
    def takes_back(self) -> bool:
        """Whether it says no more than that what it replaced is taken back."""
        return self.record.from_s == self.record.until_s

    @property
    def stands(self) -> bool:
        """Whether a reader goes by it."""
        return self.replaced_by is None and not self.takes_back


def concerns_now(story: Iterable[ConcernRaised | ConcernClosed]) -> tuple[ConcernNow, ...]:
    """Every concern about a site, by number.

    Args:
        story: what was said of one site, in order.
    """
    found: dict[int, ConcernNow] = {}
    for event in story:
        if isinstance(event, ConcernRaised):
            found[event.number] = ConcernNow(_raised(event))
            continue
        now = found[event.number]
        if event.side is ConcernSide.PARTY:
            concern = replace(now.concern, closed_by_party_s=event.closed_s)
        else:
            concern = replace(now.concern, closed_by_site_s=event.closed_s)
        found[event.number] = ConcernNow(concern, (*now.closings, event))
    return tuple(found[number] for number in sorted(found))


def records_now(story: Iterable[SiteRecorded]) -> tuple[SiteRecordNow, ...]:
    """Every record of a site, by number.

    Args:
        story: what was recorded of one site, in order.
    """
    found: dict[int, SiteRecordNow] = {}
    for event in story:
        found[event.number] = SiteRecordNow(_recorded(event))
        if event.replaces:
            old = found[event.replaces]
            found[event.replaces] = replace(old, replaced_by=event.number)
    return tuple(found[number] for number in sorted(found))


def notices_now(
    site: SiteId, concerns: Iterable[ConcernNow], records: Iterable[SiteRecordNow]
) -> SiteNotices:
    """The same as a verifier is told it: what is open, and what stands."""
    return SiteNotices(
        site=site,
        concerns=tuple(each.concern for each in concerns if each.concern.is_open),
        records=tuple(each.record for each in records if each.stands),
        left_out=0,
    )


def _raised(event: ConcernRaised) -> SiteConcern:
    return SiteConcern(
        number=event.number,
        party=event.party,
        source=event.source,
        raised_s=event.raised_s,
        respond_by_s=event.respond_by_s,
        leaf=event.leaf,
        closed_by_party_s=None,
        closed_by_site_s=None,
    )


def _recorded(event: SiteRecorded) -> SiteRecord:
    return SiteRecord(
        number=event.number,
        by=event.by,
        source=event.source,
        kind=event.kind,
        category=event.category,
        recorded_s=event.recorded_s,
        from_s=event.from_s,
        until_s=event.until_s,
        replaces=event.replaces,
        leaf=event.leaf,
    )
