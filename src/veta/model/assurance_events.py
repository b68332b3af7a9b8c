"""What ``Assurance`` and ``LotNotices`` say in their events, as a follower keeps it.

Values have the fields of the events that they come from. Windows are [from, until) in Unix
seconds, 2^64-1 is open. A record's state, a rule's and a dispute's are what their events make of
them, in the order of the chain (``veta.services.standing``).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import AllocationShare, SiteId


class RecordSource(enum.IntEnum):
    """In which standing somebody acts on a record (``IAssurance.RecordSource``)."""

    ISSUER = 0
    ACCREDITOR = 1
    SCHEME_OWNER = 2
    VOTE = 3


class RecordAction(enum.IntEnum):
    """What an entry of a record's status list says (``IAssurance.RecordAction``)."""

    NONE = 0
    SUSPEND = 1
    LIFT = 2
    WITHDRAW = 3
    VOID = 4


@dataclass(frozen=True, slots=True)
class SchemeRegistered:
    """A scheme; never altered. Its levels are 1 to ``levels``."""

    scheme: int
    owner: MemberId
    levels: int
    credit_life_months: int
    mass_balance_months: int
    name: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """A scheme and the least of its levels that counts."""

    scheme: int
    level: int


@dataclass(frozen=True, slots=True)
class ProgrammeRegistered:
    """What credit of a programme asks for, ascending by scheme."""

    programme: ProgrammeId
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class ReductionRegistered:
    """Credit of ``source`` may go on as credit of ``target``."""

    source: ProgrammeId
    target: ProgrammeId


@dataclass(frozen=True, slots=True)
class RecognitionSet:
    """When a scheme recognises an accreditation body; nobody: by vote."""

    scheme: int
    body: MemberId
    index: int
    by_member: MemberId
    from_s: UnixSeconds
    until_s: UnixSeconds
    recorded_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class RecordMade:
    """A member was accredited (``parent`` 0), or a site certified under an accreditation."""

    record: int
    subject: int
    """A site, or of an accreditation a member."""
    issuer: MemberId
    parent: int
    scheme: int
    level: int
    from_s: UnixSeconds
    until_s: UnixSeconds
    substances: tuple[SubstanceId, ...]
    """Ascending; none: every substance."""
    leaf: Leaf
    """Of the document."""


@dataclass(frozen=True, slots=True)
class RecordStatusChanged:
    """An entry of a record's status list; nobody: by vote."""

    record: int
    index: int
    action: RecordAction
    source: RecordSource
    by_member: MemberId
    effective_s: UnixSeconds
    recorded_s: UnixSeconds
    grounds: Digest


@dataclass(frozen=True, slots=True)
class RecordHandedOver:
    """The successor has a record from ``until_s`` on."""

    record: int
    until_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class RuleRegistered:
    """An operator proposes how its site's burden is divided."""

    rule: int
    site: SiteId
    operator: MemberId
    from_s: UnixSeconds
    until_s: UnixSeconds
    shares: tuple[AllocationShare, ...]


@dataclass(frozen=True, slots=True)
class RuleConfirmed:
    """The site's assurer confirmed a rule: it is in force from ``from_s`` on."""

    rule: int
    assurer: MemberId
    from_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class RuleEnded:
    """A rule is over at ``until_s``; nobody: the successor ended it."""

    rule: int
    by_member: MemberId
    until_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class Restated:
    """A batch's total of a column turned out to be off by ``delta`` base units."""

    issuer: MemberId
    root: LotRoot
    index: int
    column: ColumnKey
    delta: int
    reason: int
    """``ILotNotices.RestatementReason``."""
    statement_leaf: Leaf


@dataclass(frozen=True, slots=True)
class RestatementConfirmed:
    """An independent assurer confirmed a restatement."""

    issuer: MemberId
    root: LotRoot
    index: int
    assurer: MemberId


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    """A party disputes a batch (keccak256(abi.encode(issuer, root))) or a lot (its id)."""

    subject: Digest
    party: MemberId
    lapses_s: UnixSeconds
    grounds: Digest


@dataclass(frozen=True, slots=True)
class DisputeClosed:
    """Its party closed a dispute."""

    subject: Digest
    party: MemberId


@dataclass(frozen=True, slots=True)
class DisputeUpheld:
    """``by`` upheld a dispute: it lapses no more."""

    subject: Digest
    party: MemberId
    by: MemberId


AssuranceEventBody: TypeAlias = (
    SchemeRegistered
    | ProgrammeRegistered
    | ReductionRegistered
    | RecognitionSet
    | RecordMade
    | RecordStatusChanged
    | RecordHandedOver
    | RuleRegistered
    | RuleConfirmed
    | RuleEnded
)
NoticeEventBody: TypeAlias = (
    Restated | RestatementConfirmed | DisputeOpened | DisputeClosed | DisputeUpheld
)
