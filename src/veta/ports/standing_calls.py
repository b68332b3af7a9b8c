"""Calls of bodies, operators and parties: who assures what, and what is said of lots.

Part of ``ports.lots``. Encode only; handing over and asking what became of it is
``LedgerWriter``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from veta.model.assurance import AssuranceGrant
from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import AllocationRule, AllocationShare, BatchHeader, SiteId
from veta.model.site_notices import SiteRecordGrant

if TYPE_CHECKING:
    from veta.ports.ledger import Call


class RuleWriter(Protocol):
    """Calls about allocation rules."""

    def encode_register_rule(
        self,
        site: SiteId,
        shares: Sequence[AllocationShare],
        *,
        from_s: UnixSeconds,
        until_s: UnixSeconds,
    ) -> Call:
        """Propose an allocation rule for a site that the sender's member operates."""

    def encode_confirm_rule(self, rule: AllocationRule) -> Call:
        """Confirm a rule exactly as it was registered, as who assures its site."""

    def encode_end_rule(self, rule: int) -> Call:
        """End a rule now, as who operates or assures its site."""


class AssuranceWriter(Protocol):
    """Calls of scheme owners, accreditation bodies and certification bodies."""

    def encode_recognise(
        self, scheme: int, body: MemberId, *, from_s: UnixSeconds, until_s: UnixSeconds
    ) -> Call:
        """Recognise an accreditation body for a scheme; ``from_s`` 0: from now on, ``until_s`` 0:
        not any more.
        """

    def encode_accredit(self, grant: AssuranceGrant) -> Call:
        """Accredit a certification body, footprint verifier or laboratory."""

    def encode_certify(self, grant: AssuranceGrant) -> Call:
        """Certify a site."""

    def encode_suspend(self, record: int, grounds: Digest) -> Call:
        """Suspend an accreditation or certificate from now on."""

    def encode_lift(self, record: int, grounds: Digest) -> Call:
        """Lift the sender's own suspension."""

    def encode_withdraw_record(self, record: int, grounds: Digest) -> Call:
        """Withdraw an accreditation or certificate for good, from now on."""

    def encode_void(self, record: int, effective_s: UnixSeconds, grounds: Digest) -> Call:
        """Declare a record void for cause, ``effective_s`` 0: from now on."""


class NoticeWriter(Protocol):
    """Calls that say something beside a batch or a lot; they change neither.

    All raise ``ConfigError`` ``config.no_contract`` where the trust configuration pins no contract
    for notices.
    """

    def encode_restate(
        self,
        header: BatchHeader,
        column: ColumnKey,
        delta: int,
        *,
        reason: int,
        statement_leaf: Leaf,
    ) -> Call:
        """Restate a total of a batch of the sender's member."""

    def encode_confirm_restatement(self, issuer: MemberId, root: LotRoot, index: int) -> Call:
        """Confirm a restatement, as an independent assurer."""

    def encode_dispute(self, header: BatchHeader, lot_key: bytes, grounds: Digest) -> Call:
        """Dispute a batch (``lot_key`` 32 zero octets) or a lot of it."""

    def encode_close_dispute(self, subject: bytes) -> Call:
        """Close the dispute of the sender's member."""

    def encode_uphold_dispute(self, header: BatchHeader, lot_key: bytes, party: MemberId) -> Call:
        """Uphold a party's dispute, as an independent body."""


class SiteNoticeWriter(Protocol):
    """Calls that say something of a site; they block nothing.

    All raise ``ConfigError`` ``config.no_contract`` where the trust configuration pins no contract
    for it.
    """

    def encode_raise_concern(self, site: SiteId, leaf: Leaf) -> Call:
        """Raise a concern about a site, as an authority, a community or its assurer."""

    def encode_close_concern(self, site: SiteId, number: int, leaf: Leaf) -> Call:
        """Close the sender's side of a concern: its party's or, as an operator, the site's."""

    def encode_record_site(self, site: SiteId, grant: SiteRecordGrant) -> Call:
        """Record an incident, a facility's status or an agreement."""


class StandingWriter(RuleWriter, AssuranceWriter, NoticeWriter, SiteNoticeWriter, Protocol):
    """All of them."""
