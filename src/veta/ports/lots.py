"""The lot book, custody and what they go by, as the services see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from veta.model.anchoring import BlockRef
from veta.model.assurance import (
    AssuranceRecord,
    ProgrammeTerms,
    RecognitionEntry,
    SchemeTerms,
)
from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, TransactionId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    AllocationRule,
    BatchHeader,
    LotBatchKind,
    LotId,
    LotRecord,
    LotRules,
    OpenedLot,
    Opening,
    PeriodUse,
    ProductClassId,
    ProductClassTerms,
    RuleState,
    Run,
    SiteId,
)
from veta.model.notices import LotDispute, Restatement
from veta.model.periods import Period
from veta.model.site_notices import SiteNotices
from veta.ports.standing_calls import StandingWriter

if TYPE_CHECKING:
    from veta.ports.ledger import Call


@dataclass(frozen=True, slots=True)
class SentRun:
    """What a transaction called the lot book with."""

    kind: LotBatchKind
    run: Run


class LotLedgerReader(Protocol):
    """Reading; every read names its block.

    All methods raise ``LedgerUnavailableError`` when the endpoint cannot be asked or answers
    garbage, and ``ConfigError`` ``config.no_contract`` where the trust configuration pins no
    contracts for lots.
    """

    def batch_word(self, issuer: MemberId, root: LotRoot, block: BlockRef) -> bytes:
        """What the chain holds under (issuer, root); 32 zero octets if nothing was issued."""

    def lot(self, lot: LotId, block: BlockRef) -> LotRecord:
        """A lot's two slots; UNOPENED if it has none."""

    def exit_digest(self, lot: LotId, block: BlockRef) -> Digest | None:
        """Whom an exited lot left for, ``None`` if it is not out."""

    def period_use(
        self, site: SiteId, substance: SubstanceId, period: Period, block: BlockRef
    ) -> PeriodUse:
        """What a site did in a period with a substance."""

    def ceiling_use(
        self, member: MemberId, substance: SubstanceId, period: Period, block: BlockRef
    ) -> int:
        """What a member declared from outside in a period."""

    def credit(
        self,
        site: SiteId,
        programme: ProgrammeId,
        substance: SubstanceId,
        period: Period,
        block: BlockRef,
    ) -> int:
        """Unspent credit of a site's account that came in a period; 0 once it expired."""

    def variance(self, member: MemberId, column: ColumnKey, period: Period, block: BlockRef) -> int:
        """Net difference that a member accepted within tolerance in a period."""

    def source_batch(self, source: bytes, block: BlockRef) -> Digest | None:
        """The batch that a foreign source came in with, ``None`` if it did not."""

    def product_class(
        self, product_class: ProductClassId, block: BlockRef
    ) -> ProductClassTerms | None:
        """A product class, ``None`` if it is not registered."""

    def operates(self, site: SiteId, member: MemberId, block: BlockRef) -> bool:
        """Whether the member operates the site at the block."""

    def capacity(self, site: SiteId, substance: SubstanceId, block: BlockRef) -> int:
        """What a site can make of a substance in a quarter; 0 if that was never set."""

    def external_ceiling(self, member: MemberId, substance: SubstanceId, block: BlockRef) -> int:
        """What a member may declare from outside in a quarter."""

    def lot_rules(self, block: BlockRef) -> LotRules:
        """What the lot book goes by."""

    def allocation_rule(self, rule: int, block: BlockRef) -> AllocationRule | None:
        """A confirmed allocation rule, ``None`` if there is none of this number."""

    def rule_state(self, rule: int, block: BlockRef) -> RuleState | None:
        """What became of an allocation rule, ``None`` if there is none of this number."""

    def assures(self, member: MemberId, site: SiteId, block: BlockRef) -> bool:
        """Whether the member issued a certificate of the site that is active at the block."""

    def assurance_record(self, record: int, block: BlockRef) -> AssuranceRecord | None:
        """An accreditation or certificate with its status list, ``None`` if there is none."""

    def record_of(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> int:
        """The accreditation or certificate made of an issuer's document, 0 if none was."""

    def scheme(self, scheme: int, block: BlockRef) -> SchemeTerms | None:
        """A scheme's owner and levels, ``None`` if it is not registered."""

    def programme(self, programme: ProgrammeId, block: BlockRef) -> ProgrammeTerms | None:
        """What a programme requires, ``None`` if it is not registered."""

    def recognitions(
        self, scheme: int, body: MemberId, block: BlockRef
    ) -> tuple[RecognitionEntry, ...]:
        """The whole list of when a scheme recognises an accreditation body."""

    def restatements(
        self, issuer: MemberId, root: LotRoot, block: BlockRef
    ) -> tuple[Restatement, ...]:
        """A batch's whole restatement list.

        Raises:
            ConfigError: ``config.no_contract``: the chain has no notices, so nobody restated.
        """

    def dispute(self, subject: Digest, party: MemberId, block: BlockRef) -> LotDispute | None:
        """A party's last dispute of a lot or batch, ``None`` if it never had one.

        Raises:
            ConfigError: as ``restatements``.
        """

    def site_identifier_digest(self, site: SiteId, block: BlockRef) -> Digest | None:
        """keccak256 of a site's identifier, ``None`` if it is not registered."""

    def suspended(self, site: SiteId, programme: ProgrammeId, block: BlockRef) -> bool:
        """Whether a site's assurance under a programme is suspended."""

    def reducible(self, source: ProgrammeId, target: ProgrammeId, block: BlockRef) -> bool:
        """Whether credit under ``source`` may go on under ``target``."""

    def site_notices(self, site: SiteId, block: BlockRef) -> SiteNotices:
        """Concerns about a site that are open and records of it that stand, a bounded number;
        ``ConfigError`` ``config.no_contract`` where nobody can say anything of a site.
        """

    def sent_run(self, transaction_id: TransactionId) -> SentRun | None:
        """The run that a transaction called for, salts and all; ``None`` if the endpoint has no
        such transaction, or it calls something else than the lot book.

        The endpoint's word alone: hold its cause against the one in a header.
        """

    def sent_opening(self, transaction_id: TransactionId) -> Opening | None:
        """The opening that a transaction called for, path and all; otherwise as ``sent_run``."""


class LotLedgerWriter(Protocol):
    """Writing: encode only; handing over and asking what became of it is ``LedgerWriter``'s."""

    def encode_run(self, kind: LotBatchKind, run: Run) -> Call:
        """A way in, or a transform."""

    def decode_run(self, call: Call) -> SentRun | None:
        """The run that a call is of, ``None`` if it is of none."""

    def encode_withdraw(
        self, header: BatchHeader, columns: Sequence[int], sums: Sequence[int], salt: bytes
    ) -> Call:
        """Withdraw a way in of which nothing was opened."""

    def encode_replace(self, header: BatchHeader, root: LotRoot, size: int) -> Call:
        """Replace a transform's output of which nothing was opened by one of equal totals."""

    def encode_open(self, opening: Opening) -> Call:
        """Open a lot of a batch of the sender's member."""

    def encode_open_and_offer(
        self, opening: Opening, to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Open and offer in one call."""

    def encode_offer(
        self, lots: Sequence[LotId], to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Offer lots as one consignment."""

    def encode_decline(self, lots: Sequence[LotId]) -> Call:
        """Decline what is offered to the sender's member."""

    def encode_freeze(self, lot: LotId, until_s: UnixSeconds, *, jointly: bool) -> Call:
        """Freeze a lot: as an authority, or as one side of an offer, which both have to ask for."""

    def encode_accept(
        self, lots: Sequence[LotId], taken: Sequence[int], consignment: Digest
    ) -> Call:
        """Accept lots as shipped; ``taken`` is what was seen as gone of each."""

    def encode_accept_measured(
        self, lot: OpenedLot, *, taken: int, measured: int, method: int, statement_leaf: Leaf
    ) -> Call:
        """Accept one lot with what was measured of its reference."""

    def encode_retire(self, lots: Sequence[LotId], reason: int) -> Call:
        """End the remainder of lots."""

    def encode_exit(self, lot: LotId, digest: Digest) -> Call:
        """Let a lot go to somebody who is no member."""

    def encode_reenter(self, lot: LotId, salt: bytes) -> Call:
        """Take an exited lot back in."""


class LotLedger(LotLedgerReader, LotLedgerWriter, StandingWriter, Protocol):
    """The lots' side of a chain endpoint."""
