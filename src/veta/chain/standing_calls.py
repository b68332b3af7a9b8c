"""The ``StandingWriter`` port: calls of bodies, operators and parties, each by its gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from veta.chain.assurance import AssuranceGateway
from veta.chain.notices import NoticeGateway
from veta.chain.site_notices import SiteNoticeGateway
from veta.model.assurance import AssuranceGrant
from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import AllocationRule, AllocationShare, BatchHeader, SiteId
from veta.model.site_notices import SiteRecordGrant
from veta.ports.ledger import Call


class _Gateways(Protocol):
    """Where the calls are encoded."""

    @property
    def assurance(self) -> AssuranceGateway:
        """Of ``Assurance``."""

    @property
    def notices(self) -> NoticeGateway:
        """Of ``LotNotices``."""

    @property
    def sites(self) -> SiteNoticeGateway:
        """Of ``SiteNotices``."""


class StandingCalls:
    """Implements ``ports.standing_calls.StandingWriter`` over the gateways beside it."""

    def encode_register_rule(
        self: _Gateways,
        site: SiteId,
        shares: Sequence[AllocationShare],
        *,
        from_s: UnixSeconds,
        until_s: UnixSeconds,
    ) -> Call:
        """Propose an allocation rule."""
        return self.assurance.encode_register_rule(site, shares, from_s=from_s, until_s=until_s)

    def encode_confirm_rule(self: _Gateways, rule: AllocationRule) -> Call:
        """Confirm a rule exactly as it was registered."""
        return self.assurance.encode_confirm_rule(rule)

    def encode_end_rule(self: _Gateways, rule: int) -> Call:
        """End a rule now."""
        return self.assurance.encode_end_rule(rule)

    def encode_recognise(
        self: _Gateways, scheme: int, body: MemberId, *, from_s: UnixSeconds, until_s: UnixSeconds
    ) -> Call:
        """Recognise an accreditation body for a scheme, or end that."""
        return self.assurance.encode_recognise(scheme, body, from_s=from_s, until_s=until_s)

    def encode_accredit(self: _Gateways, grant: AssuranceGrant) -> Call:
        """Accredit a body."""
        return self.assurance.encode_accredit(grant)

    def encode_certify(self: _Gateways, grant: AssuranceGrant) -> Call:
        """Certify a site."""
        return self.assurance.encode_certify(grant)

    def encode_suspend(self: _Gateways, record: int, grounds: Digest) -> Call:
        """Suspend a record."""
        return self.assurance.encode_suspend(record, grounds)

    def encode_lift(self: _Gateways, record: int, grounds: Digest) -> Call:
        """Lift the sender's own suspension."""
        return self.assurance.encode_lift(record, grounds)

    def encode_withdraw_record(self: _Gateways, record: int, grounds: Digest) -> Call:
        """Withdraw a record."""
        return self.assurance.encode_withdraw(record, grounds)

    def encode_void(
        self: _Gateways, record: int, effective_s: UnixSeconds, grounds: Digest
    ) -> Call:
        """Declare a record void."""
        return self.assurance.encode_void(record, effective_s, grounds)

    def encode_restate(
        self: _Gateways,
        header: BatchHeader,
        column: ColumnKey,
        delta: int,
        *,
        reason: int,
        statement_leaf: Leaf,
    ) -> Call:
        """Restate a total of a batch."""
        return self.notices.encode_restate(
            header, column, delta, reason=reason, statement_leaf=statement_leaf
        )

    def encode_confirm_restatement(
        self: _Gateways, issuer: MemberId, root: LotRoot, index: int
    ) -> Call:
        """Confirm a restatement."""
        return self.notices.encode_confirm_restatement(issuer, root, index)

    def encode_dispute(
        self: _Gateways, header: BatchHeader, lot_key: bytes, grounds: Digest
    ) -> Call:
        """Dispute a batch or a lot."""
        return self.notices.encode_dispute(header, lot_key, grounds)

    def encode_close_dispute(self: _Gateways, subject: bytes) -> Call:
        """Close a dispute."""
        return self.notices.encode_close_dispute(subject)

    def encode_uphold_dispute(
        self: _Gateways, header: BatchHeader, lot_key: bytes, party: MemberId
    ) -> Call:
        """Uphold a dispute."""
        return self.notices.encode_uphold_dispute(header, lot_key, party)

    def encode_raise_concern(self: _Gateways, site: SiteId, leaf: Leaf) -> Call:
        """Raise a concern about a site."""
        return self.sites.encode_raise_concern(site, leaf)

    def encode_close_concern(self: _Gateways, site: SiteId, number: int, leaf: Leaf) -> Call:
        """Close one side of a concern."""
        return self.sites.encode_close_concern(site, number, leaf)

    def encode_record_site(self: _Gateways, site: SiteId, grant: SiteRecordGrant) -> Call:
        """Record an incident, a facility's status or an agreement."""
        return self.sites.encode_record_site(site, grant)
