"""What a verifier is handed, and what it gathers from the chain: plain values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from veta.model.anchoring import AnchorRecord, BlockRef, ChainIdentity, StatusEntry
from veta.model.assurance import AccreditationFacts, AssuranceFacts
from veta.model.consortium import KeyEntry, Member, MembershipEntry
from veta.model.determined import Determined, Known, Undetermined
from veta.model.disclosure import DisclosedRun, LotPart
from veta.model.identifiers import BatchRoot, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import AllocationRule, LotId, LotRecord, ProductClassTerms
from veta.model.notices import LotNoticeFacts
from veta.model.site_notices import SiteNotices

_NO_ACCREDITATION: Determined[AccreditationFacts | None] = Known(None)
_NOT_ASKED = Undetermined("facts.none", "nobody asked the chain who assures what")
_UNASKED_NOTICES = Undetermined("facts.none", "nobody asked the chain what was restated")


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """RFC 9162 section 2.1.3: path from one leaf to the root of a tree of ``size`` leaves."""

    index: int
    size: int
    path: tuple[bytes, ...]
    """Sibling digests, from the leaf upwards."""


@dataclass(frozen=True, slots=True)
class StatementBeside:
    """Another statement that travels with a bundle; what is missing is ``None``."""

    token: bytes
    """Compact JWS as received, ASCII."""
    inclusion: InclusionProof | None = None
    root: BatchRoot | None = None
    opened: bytes = b""
    """Of an indicator set: a file that opens some of its leaves; empty: none is shown."""


@dataclass(frozen=True, slots=True)
class StatementBundle:
    """A statement and how to find it under an anchor; what is missing is ``None``."""

    token: bytes
    """Compact JWS as received, ASCII."""
    inclusion: InclusionProof | None = None
    root: BatchRoot | None = None
    lot: LotPart | None = None
    """The lot in its batch, of a passport whose lot is in the lot book."""
    runs: tuple[DisclosedRun, ...] = ()
    """What is disclosed of the runs that the lot came from, in any order."""
    beside: tuple[StatementBeside, ...] = ()
    """Documents that speak of the same things: certificates, assays, rounds. Order says nothing."""


@dataclass(frozen=True, slots=True)
class StatusListClaim:
    """What a published W3C Bitstring Status List says of a statement; the chain decides."""

    revoked: bool


@dataclass(frozen=True, slots=True)
class BatchWord:
    """What the lot book holds under (issuer, root)."""

    issuer: MemberId
    root: LotRoot
    word: Determined[bytes]
    """32 octets; all zero if nothing was issued."""


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What the chain said about a lot and the batches behind it, at the block of the facts."""

    lot: LotId
    record: Determined[LotRecord]
    """Its two slots; state UNOPENED if it has none."""
    words: tuple[BatchWord, ...]
    """Of the lot's batch and of every batch that the bundle discloses."""
    successions: Determined[tuple[StatusEntry, ...]]
    """What was said of the lot's first statement and of those that superseded it; and the same of
    lots that its run took, where the passport relies on other statements about them."""
    classes: Determined[tuple[ProductClassTerms, ...]]
    """Of the product classes of those batches, as far as they are registered."""
    rules: Determined[tuple[AllocationRule, ...]]
    """The allocation rules that those batches name, as far as there are any."""
    assurance: Determined[AssuranceFacts] = _NOT_ASKED
    """The certificates that the disclosed origins rest on, and what stands above them."""
    notices: Determined[LotNoticeFacts] = _UNASKED_NOTICES
    """What was said beside the lot and those batches."""
    sites: Determined[tuple[SiteNotices, ...]] | None = None
    """What is said of the sites of those batches; ``None``: nobody asked, or the network keeps
    no such records."""


@dataclass(frozen=True, slots=True)
class FactsBeside:
    """What the chain said about a statement beside the bundle's own, at the same block."""

    leaf: Leaf
    root: BatchRoot | None
    """Of the batch that was asked about."""
    issuer: Determined[Member | None]
    membership: Determined[tuple[MembershipEntry, ...]]
    keys: Determined[tuple[KeyEntry, ...]]
    anchor: Determined[AnchorRecord | None]
    status: Determined[tuple[StatusEntry, ...]]
    accreditation: Determined[AccreditationFacts | None] = _NO_ACCREDITATION
    """That the statement names; ``None`` if it names none, or the chain has none of that number."""


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """What the chain said about one statement, all at one block.

    Facts come from an endpoint or an index that is believed; they are no proofs, and the report
    says so.
    """

    chain: Determined[ChainIdentity]
    as_of: Determined[BlockRef]
    """Newest final block at the time of asking; every other fact is read at it."""
    issuer: Determined[Member | None]
    membership: Determined[tuple[MembershipEntry, ...]]
    keys: Determined[tuple[KeyEntry, ...]]
    anchor: Determined[AnchorRecord | None]
    """Final at ``as_of``: a record read there is final."""
    status: Determined[tuple[StatusEntry, ...]]
    asked_at_s: UnixSeconds
    """The verifier's own clock when it asked; only used for the age of ``as_of``."""
    carried: bool = False
    """Whether the facts came in a file: then they are the word of whoever made the file."""
    status_list: Determined[StatusListClaim] | None = None
    """What a published status list says; ``None`` if nobody asked for one."""
    lot: LotFacts | None = None
    """About the lot of the bundle; ``None`` if nobody asked."""
    beside: tuple[FactsBeside, ...] = ()
    """About the statements beside it, as far as somebody asked."""
