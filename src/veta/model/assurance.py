"""Who assures what, as a verifier is told it: records, schemes, programmes and recognitions.

Windows are [from, until) in Unix seconds, 2^64-1 is open (docs/spec/contracts.md, ``Assurance``).
"""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.assurance_events import RecordAction, RecordSource, Requirement
from veta.model.columns import ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """An entry of a record's status list; ``by_member`` 0: by vote."""

    action: RecordAction
    source: RecordSource
    by_member: MemberId
    effective_s: UnixSeconds
    recorded_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class AssuranceRecord:
    """An accreditation (``parent`` 0) or a certificate of a site under one."""

    record: int
    subject: int
    """A site, or of an accreditation a member."""
    issuer: MemberId
    parent: int
    scheme: int
    level: int
    """Reached, or of an accreditation the highest that may be given."""
    from_s: UnixSeconds
    until_s: UnixSeconds
    """Brought forward where the record was withdrawn, void or handed over."""
    substances: tuple[SubstanceId, ...]
    """Ascending; none: every substance."""
    leaf: Leaf
    """Of the document."""
    entries: tuple[RecordEntry, ...]
    """Its whole status list, in the order of recording."""

    def covers(self, substance: SubstanceId) -> bool:
        """Whether the substance is within its scope."""
        return not self.substances or substance in self.substances


@dataclass(frozen=True, slots=True)
class SchemeTerms:
    """A scheme's owner, and how many levels there are."""

    scheme: int
    owner: MemberId
    levels: int


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """What credit of a programme asks for, ascending by scheme."""

    programme: ProgrammeId
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class RecognitionEntry:
    """From ``recorded_s`` until the next entry, ``scheme`` recognises ``body`` in the window."""

    scheme: int
    body: MemberId
    by_member: MemberId
    from_s: UnixSeconds
    until_s: UnixSeconds
    recorded_s: UnixSeconds


@dataclass(frozen=True, slots=True)
class AssuranceGrant:
    """An accreditation (``subject`` a member, ``under`` a scheme) or a certificate (``subject`` a
    site, ``under`` an accreditation), field by field as the contract takes it.
    """

    subject: int
    under: int
    level: int
    from_s: UnixSeconds
    until_s: UnixSeconds
    substances: tuple[SubstanceId, ...]
    """Ascending; none: every substance."""
    leaf: Leaf

    def abi(self) -> tuple[object, ...]:
        """As the contract takes it."""
        window = (self.from_s, self.until_s)
        return (self.subject, self.under, self.level, *window, list(self.substances), self.leaf)


@dataclass(frozen=True, slots=True)
class AccreditationFacts:
    """The accreditation that a statement's signer names for it, as the chain has it on record."""

    record: AssuranceRecord
    recognitions: tuple[RecognitionEntry, ...]
    """Of the accreditation body by the record's scheme; the whole list."""
    body_group: str
    """Control group of the accreditation body, in the words of ``verify.signers``."""


@dataclass(frozen=True, slots=True)
class SiteName:
    """What the registry has of a site's identifier."""

    site: SiteId
    identifier_digest: Digest
    """keccak256 of its octets."""


@dataclass(frozen=True, slots=True)
class AssuranceFacts:
    """What the chain has on record of the certificates that a lineage names, and above them."""

    records: tuple[AssuranceRecord, ...]
    """The certificates, and the accreditations that they stand under; what is not there is not on
    record."""
    schemes: tuple[SchemeTerms, ...]
    programmes: tuple[ProgrammeTerms, ...]
    recognitions: tuple[RecognitionEntry, ...]
    """Of the accreditation bodies, by the schemes; whole lists in the order of recording."""
    sites: tuple[SiteName, ...] = ()
    """Of the certificates, of the origins and of the lot."""
