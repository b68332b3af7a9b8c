"""The ``LotLedger`` port: the four contracts that lots are about, as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from veta.chain.assurance import AssuranceGateway
from veta.chain.caller import ContractCaller
from veta.chain.custody import CustodyGateway
from veta.chain.lot_book import LotBookGateway
from veta.chain.notices import NoticeGateway
from veta.chain.registry import RegistryGateway
from veta.chain.site_notices import SiteNoticeGateway
from veta.chain.standing_calls import StandingCalls
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
from veta.ports.ledger import Call
from veta.ports.lots import SentRun


class ChainLots(StandingCalls):
    """Implements ``ports.lots.LotLedger``; the gateways behind it are there for who governs.

    Args:
        caller: of a contract by its name.

    Raises:
        ConfigError: ``config.no_contract``: one of the four is not pinned.
    """

    def __init__(self, caller: Callable[[str], ContractCaller]) -> None:
        self.book = LotBookGateway(caller("LotBook"))
        self.custody = CustodyGateway(caller("Custody"))
        self.registry = RegistryGateway(caller("Registry"))
        self.assurance = AssuranceGateway(caller("Assurance"))
        self._caller = caller

    @cached_property
    def notices(self) -> NoticeGateway:
        """Of ``LotNotices``, which a chain may lack.

        Raises:
            ConfigError: ``config.no_contract``.
        """
        return NoticeGateway(self._caller("LotNotices"))

    @cached_property
    def sites(self) -> SiteNoticeGateway:
        """Of ``SiteNotices``, which a chain may lack.

        Raises:
            ConfigError: ``config.no_contract``.
        """
        return SiteNoticeGateway(self._caller("SiteNotices"))

    # -- LotLedgerReader ----------------------------------------------------------------------

    def batch_word(self, issuer: MemberId, root: LotRoot, block: BlockRef) -> bytes:
        """What the chain holds under (issuer, root)."""
        return self.book.batch_word(issuer, root, block)

    def lot(self, lot: LotId, block: BlockRef) -> LotRecord:
        """A lot's two slots."""
        return self.custody.lot(lot, block)

    def exit_digest(self, lot: LotId, block: BlockRef) -> Digest | None:
        """Whom an exited lot left for."""
        return self.custody.exit_digest(lot, block)

    def period_use(
        self, site: SiteId, substance: SubstanceId, period: Period, block: BlockRef
    ) -> PeriodUse:
        """What a site did in a period with a substance."""
        return self.book.period_use(site, substance, period, block)

    def ceiling_use(
        self, member: MemberId, substance: SubstanceId, period: Period, block: BlockRef
    ) -> int:
        """What a member declared from outside in a period."""
        return self.book.ceiling_use(member, substance, period, block)

    def credit(
        self,
        site: SiteId,
        programme: ProgrammeId,
        substance: SubstanceId,
        period: Period,
        block: BlockRef,
    ) -> int:
        """Unspent credit of a site's account that came in a period."""
        return self.book.credit(site, programme, substance, period, block)

    def variance(self, member: MemberId, column: ColumnKey, period: Period, block: BlockRef) -> int:
        """Net difference that a member accepted within tolerance in a period."""
        return self.custody.variance(member, column, period, block)

    def source_batch(self, source: bytes, block: BlockRef) -> Digest | None:
        """The batch that a foreign source came in with."""
        return self.book.source_batch(source, block)

    def product_class(
        self, product_class: ProductClassId, block: BlockRef
    ) -> ProductClassTerms | None:
        """A product class."""
        return self.registry.product_class(product_class, block)

    def operates(self, site: SiteId, member: MemberId, block: BlockRef) -> bool:
        """Whether the member operates the site at the block."""
        return self.registry.operates(site, member, block)

    def capacity(self, site: SiteId, substance: SubstanceId, block: BlockRef) -> int:
        """What a site can make of a substance in a quarter."""
        return self.registry.capacity(site, substance, block)

    def external_ceiling(self, member: MemberId, substance: SubstanceId, block: BlockRef) -> int:
        """What a member may declare from outside in a quarter."""
        return self.registry.external_ceiling(member, substance, block)

    def lot_rules(self, block: BlockRef) -> LotRules:
        """What the lot book goes by."""
        return self.registry.lot_rules(block)

    def allocation_rule(self, rule: int, block: BlockRef) -> AllocationRule | None:
        """A confirmed allocation rule."""
        return self.assurance.allocation_rule(rule, block)

    def rule_state(self, rule: int, block: BlockRef) -> RuleState | None:
        """What became of an allocation rule."""
        return self.assurance.rule_state(rule, block)

    def assures(self, member: MemberId, site: SiteId, block: BlockRef) -> bool:
        """Whether the member issued a certificate of the site that is active at the block."""
        return self.assurance.assures(member, site, block)

    def assurance_record(self, record: int, block: BlockRef) -> AssuranceRecord | None:
        """An accreditation or a certificate with its status list."""
        return self.assurance.record(record, block)

    def record_of(self, issuer: MemberId, leaf: Leaf, block: BlockRef) -> int:
        """The record made of an issuer's document."""
        return self.assurance.record_of(issuer, leaf, block)

    def scheme(self, scheme: int, block: BlockRef) -> SchemeTerms | None:
        """A scheme's owner and levels."""
        return self.assurance.scheme(scheme, block)

    def programme(self, programme: ProgrammeId, block: BlockRef) -> ProgrammeTerms | None:
        """What a programme requires."""
        return self.assurance.programme(programme, block)

    def recognitions(
        self, scheme: int, body: MemberId, block: BlockRef
    ) -> tuple[RecognitionEntry, ...]:
        """When a scheme recognises an accreditation body."""
        return self.assurance.recognitions(scheme, body, block)

    def restatements(
        self, issuer: MemberId, root: LotRoot, block: BlockRef
    ) -> tuple[Restatement, ...]:
        """A batch's whole restatement list."""
        return self.notices.restatements(issuer, root, block)

    def dispute(self, subject: Digest, party: MemberId, block: BlockRef) -> LotDispute | None:
        """A party's last dispute of a lot or batch."""
        return self.notices.dispute_of(subject, party, block)

    def site_identifier_digest(self, site: SiteId, block: BlockRef) -> Digest | None:
        """What the registry has of a site's identifier."""
        return self.registry.site_identifier_digest(site, block)

    def suspended(self, site: SiteId, programme: ProgrammeId, block: BlockRef) -> bool:
        """Whether a site's assurance under a programme is suspended."""
        return self.assurance.suspended(site, programme, block)

    def reducible(self, source: ProgrammeId, target: ProgrammeId, block: BlockRef) -> bool:
        """Whether credit under ``source`` may go on under ``target``."""
        return self.assurance.reducible(source, target, block)

    def site_notices(self, site: SiteId, block: BlockRef) -> SiteNotices:
        """What is said of a site."""
        return self.sites.notices(site, block)

    def sent_run(self, transaction_id: TransactionId) -> SentRun | None:
        """The run that a transaction called for."""
        return self.book.sent_run(transaction_id)

    def sent_opening(self, transaction_id: TransactionId) -> Opening | None:
        """The opening that a transaction called for."""
        return self.custody.sent_opening(transaction_id)

    # -- LotLedgerWriter ----------------------------------------------------------------------

    def encode_run(self, kind: LotBatchKind, run: Run) -> Call:
        """A way in, or a transform."""
        return self.book.encode_run(kind, run)

    def decode_run(self, call: Call) -> SentRun | None:
        """The run that a call is of."""
        return self.book.decode_run(call)

    def encode_withdraw(
        self, header: BatchHeader, columns: Sequence[int], sums: Sequence[int], salt: bytes
    ) -> Call:
        """Withdraw a way in of which nothing was opened."""
        return self.book.encode_withdraw(header, columns, sums, salt)

    def encode_replace(self, header: BatchHeader, root: LotRoot, size: int) -> Call:
        """Replace a transform's output of which nothing was opened."""
        return self.book.encode_replace(header, root, size)

    def encode_open(self, opening: Opening) -> Call:
        """Open a lot."""
        return self.custody.encode_open(opening)

    def encode_open_and_offer(
        self, opening: Opening, to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Open and offer in one call."""
        return self.custody.encode_open_and_offer(opening, to, until_s, consignment)

    def encode_offer(
        self, lots: Sequence[LotId], to: MemberId, until_s: UnixSeconds, consignment: Digest
    ) -> Call:
        """Offer lots as one consignment."""
        return self.custody.encode_offer(lots, to, until_s, consignment)

    def encode_decline(self, lots: Sequence[LotId]) -> Call:
        """Decline what is offered."""
        return self.custody.encode_decline(lots)

    def encode_freeze(self, lot: LotId, until_s: UnixSeconds, *, jointly: bool) -> Call:
        """Freeze a lot: as an authority, or as one side of an offer, which both have to ask for."""
        if jointly:
            return self.custody.encode_freeze_jointly(lot, until_s)
        return self.custody.encode_freeze(lot, until_s)

    def encode_accept(
        self, lots: Sequence[LotId], taken: Sequence[int], consignment: Digest
    ) -> Call:
        """Accept lots as shipped."""
        return self.custody.encode_accept(lots, taken, consignment)

    def encode_accept_measured(
        self, lot: OpenedLot, *, taken: int, measured: int, method: int, statement_leaf: Leaf
    ) -> Call:
        """Accept one lot as measured."""
        return self.custody.encode_accept_measured(
            lot, taken=taken, measured=measured, method=method, statement_leaf=statement_leaf
        )

    def encode_retire(self, lots: Sequence[LotId], reason: int) -> Call:
        """End the remainder of lots."""
        return self.custody.encode_retire(lots, reason)

    def encode_exit(self, lot: LotId, digest: Digest) -> Call:
        """Let a lot go to somebody who is no member."""
        return self.custody.encode_exit(lot, digest)

    def encode_reenter(self, lot: LotId, salt: bytes) -> Call:
        """Take an exited lot back in."""
        return self.custody.encode_reenter(lot, salt)
