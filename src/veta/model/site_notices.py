"""What is said of a site now, as a verifier is told it: concerns that are open, records that stand.

Windows are [from, until) in Unix seconds, 2^64-1 is open (docs/spec/sites.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import CATEGORIES, NoticeSource, SiteCategory, SiteRecordKind


@dataclass(frozen=True, slots=True)
class SiteConcern:
    """A concern about a site and how far it is closed."""

    number: int
    party: MemberId
    source: NoticeSource
    raised_s: UnixSeconds
    respond_by_s: UnixSeconds
    leaf: Leaf
    """Of the document that says what is wrong."""
    closed_by_party_s: UnixSeconds | None
    closed_by_site_s: UnixSeconds | None

    @property
    def is_open(self) -> bool:
        """Whether a side has still to close it."""
        return self.closed_by_party_s is None or self.closed_by_site_s is None

    def overdue(self, at_s: int) -> bool:
        """Whether the site has not answered in time: closing its side is its answer."""
        answered_s = self.closed_by_site_s
        return at_s >= self.respond_by_s if answered_s is None else answered_s >= self.respond_by_s


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """An incident, a facility's status or an agreement."""

    number: int
    by: MemberId
    source: NoticeSource
    kind: SiteRecordKind
    category: int
    recorded_s: UnixSeconds
    from_s: UnixSeconds
    until_s: UnixSeconds
    replaces: int
    """Number of the record whose place it took, 0: none's."""
    leaf: Leaf

    @property
    def what(self) -> SiteCategory:
        """The category by its name."""
        return CATEGORIES[self.kind](self.category)

    def concerns(self, produced_from_s: int, produced_to_s: int) -> bool:
        """Whether its window has some of a window of production in it."""
        return self.from_s < produced_to_s and produced_from_s < self.until_s


@dataclass(frozen=True, slots=True)
class SiteNotices:
    """What the chain says of one site."""

    site: SiteId
    concerns: tuple[SiteConcern, ...]
    """Open ones, by number."""
    records: tuple[SiteRecord, ...]
    """That nothing took the place of, by number."""
    left_out: int
    """How many more concerns or records there are."""


@dataclass(frozen=True, slots=True)
class SiteRecordGrant:
    """A record as the contract takes it."""

    kind: SiteRecordKind
    category: int
    from_s: UnixSeconds
    until_s: UnixSeconds
    replaces: int
    leaf: Leaf

    def abi(self) -> tuple[object, ...]:
        """As the contract takes it."""
        window = (self.from_s, self.until_s)
        return (int(self.kind), self.category, *window, self.replaces, self.leaf)
