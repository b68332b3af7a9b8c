"""What is said of a site, as a follower keeps it: concerns, their closings, and dated records.

Values have the fields of the events that they come from (``ISiteNotices``). Windows are
[from, until) in Unix seconds, 2^64-1 is open. Numbers are a site's own, from 1.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId


class NoticeSource(enum.IntEnum):
    """As what a member spoke, at the time (``ISiteNotices.Source``)."""

    OPERATOR = 1
    AUTHORITY = 2
    COMMUNITY = 3
    ASSURER = 4


class ConcernSide(enum.IntEnum):
    """Who closed a concern (``ISiteNotices.Side``)."""

    PARTY = 1
    SITE = 2


class SiteRecordKind(enum.IntEnum):
    """What a record is about (``ISiteNotices.RecordKind``)."""

    INCIDENT = 1
    FACILITY = 2
    AGREEMENT = 3


class Incident(enum.IntEnum):
    """What happened (``ISiteNotices.Incident``)."""

    TAILINGS = 1
    FATALITY = 2
    SPILL = 3
    COMMUNITY = 4
    OTHER = 5


class FacilityStatus(enum.IntEnum):
    """How a tailings or other waste facility was found (``ISiteNotices.FacilityStatus``)."""

    CONFORMS = 1
    CONFORMS_IN_PART = 2
    DOES_NOT_CONFORM = 3
    CLOSED = 4


class Agreement(enum.IntEnum):
    """What was agreed with whom the site affects (``ISiteNotices.Agreement``)."""

    CONSULTATION = 1
    BENEFIT = 2
    OTHER = 3


SiteCategory: TypeAlias = Incident | FacilityStatus | Agreement
CATEGORIES: Final[Mapping[SiteRecordKind, type[SiteCategory]]] = {
    SiteRecordKind.INCIDENT: Incident,
    SiteRecordKind.FACILITY: FacilityStatus,
    SiteRecordKind.AGREEMENT: Agreement,
}
"""What the category of a record of each kind is one of."""


@dataclass(frozen=True, slots=True)
class ConcernRaised:
    """A party raised a concern about a site."""

    site: SiteId
    number: int
    party: MemberId
    source: NoticeSource
    raised_s: UnixSeconds
    respond_by_s: UnixSeconds
    leaf: Leaf
    """Of the document that says what is wrong."""


@dataclass(frozen=True, slots=True)
class ConcernClosed:
    """One side closed a concern; it stays open until both did."""

    site: SiteId
    number: int
    by: MemberId
    side: ConcernSide
    closed_s: UnixSeconds
    leaf: Leaf
    """Of the document that says what was agreed."""


@dataclass(frozen=True, slots=True)
class SiteRecorded:
    """A record of a site was made; with an empty window it takes back what it replaces."""

    site: SiteId
    number: int
    by: MemberId
    source: NoticeSource
    kind: SiteRecordKind
    category: int
    """Of ``CATEGORIES[kind]``."""
    recorded_s: UnixSeconds
    from_s: UnixSeconds
    until_s: UnixSeconds
    replaces: int
    """Number of the record whose place it takes, 0: none's."""
    leaf: Leaf
    """Of the document that says so."""


SiteEventBody: TypeAlias = ConcernRaised | ConcernClosed | SiteRecorded
