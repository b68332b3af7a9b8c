"""What a member says of a site: concerns, their closing, and records. It changes no lot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from veta.errors import InputError
from veta.model.consortium import Role
from veta.model.identifiers import FAR_FUTURE, Leaf, MemberId
from veta.model.lots import SiteId
from veta.model.registry_events import SiteHandedOver, SiteRegistered
from veta.model.site_events import (
    CATEGORIES,
    ConcernClosed,
    ConcernRaised,
    ConcernSide,
    NoticeSource,
    SiteRecorded,
    SiteRecordKind,
)
from veta.model.site_notices import SiteRecordGrant
from veta.ports.clock import Clock
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.store import Intent
from veta.services.assurance_view import AssuranceView
from veta.services.lot_planning import LotPlanner
from veta.services.run_file import word_of
from veta.services.run_requests import digest_of
from veta.services.site_standing import ConcernNow, SiteRecordNow, concerns_now, records_now
from veta.statement.instants import write_instant

AREA: Final = "site"
MOST_STANDING: Final = 32
"""Records of one member that stand at one site."""
_ZERO: Final = bytes(32)
_BY_THE_SITE: Final = frozenset({NoticeSource.OPERATOR, NoticeSource.AUTHORITY})


class SiteDesk:
    """Raises concerns, closes them and records what happened, in the member's name.

    Every method stores an intent with its signed transaction, or raises and stores nothing; the
    same asked again is the same intent.

    Raises, all methods:
        InputError: the contract would refuse: ``site.`` and its error's name.
        TransactionRevertedError: the contract was asked, and refuses.
        LedgerUnavailableError: the chain cannot be asked.
        ConfigError: ``config.no_contract``: on this network nothing is said of sites.

    Args:
        planner: of lot calls.
        clock: for the time that windows are judged at.
    """

    def __init__(self, planner: LotPlanner, clock: Clock) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._clock = clock

    def raise_concern(self, site: SiteId, leaf: Leaf) -> Intent:
        """Raise a concern about a site.

        Args:
            site: which.
            leaf: of the document that says what is wrong.
        """
        me = self._planner.member
        own = [each for each in self._concerns(site) if each.concern.party == me]
        is_open = bool(own) and own[-1].concern.is_open

        def check() -> None:
            _require_leaf(leaf)
            view = self._view()
            if self._source(view, site) is NoticeSource.OPERATOR:
                raise _no_standing(me, site, "operates it, and raises no concern about itself")
            if is_open or (own and view.now_s < own[-1].concern.respond_by_s):
                raise _refused(
                    "concern_barred",
                    f"our concern {own[-1].concern.number} about site {site} is open, or bars"
                    f" another until {write_instant(own[-1].concern.respond_by_s)}",
                )

        call = self._planner.ledger.lots.encode_raise_concern(site, leaf)
        parts = (LotVerb.RAISE_CONCERN, site, leaf, len(own) - is_open)
        return self._plan(LotVerb.RAISE_CONCERN, parts, call, check)

    def close(self, site: SiteId, number: int, leaf: Leaf) -> Intent:
        """Close the member's side of a concern: its party's, or as an operator the site's.

        Args:
            site: which.
            number: of the concern.
            leaf: of the document that says what was agreed.
        """
        me = self._planner.member

        def check() -> None:
            _require_leaf(leaf)
            now = next((e for e in self._concerns(site) if e.concern.number == number), None)
            if now is None:
                raise _refused("unknown_concern", f"there is no concern {number} about site {site}")
            side = ConcernSide.PARTY
            if now.concern.party != me:
                view, side = self._view(), ConcernSide.SITE
                if not view.ledger.lots.operates(site, me, view.head):
                    raise _refused(
                        "neither_side",
                        f"member {me} neither raised concern {number} nor operates site {site}",
                    )
            if any(each.side is side for each in now.closings):
                raise _refused(
                    "already_closed", f"our side closed concern {number} about site {site} before"
                )

        call = self._planner.ledger.lots.encode_close_concern(site, number, leaf)
        parts = (LotVerb.CLOSE_CONCERN, site, number, leaf)
        return self._plan(LotVerb.CLOSE_CONCERN, parts, call, check)

    def record(self, site: SiteId, grant: SiteRecordGrant) -> Intent:
        """Record an incident, a facility's status or an agreement.

        Args:
            site: which.
            grant: what is recorded.
        """

        def check() -> None:
            view = self._view()
            source = self._source(view, site)
            if grant.kind is not SiteRecordKind.INCIDENT and source not in _BY_THE_SITE:
                me = self._planner.member
                raise _no_standing(me, site, "is neither its operator nor an authority")
            _require_content(grant, view.now_s)
            self._require_place(view, site, grant, source)

        call = self._planner.ledger.lots.encode_record_site(site, grant)
        parts = (LotVerb.RECORD_SITE, site, grant)
        return self._plan(LotVerb.RECORD_SITE, parts, call, check)

    def take_back(self, site: SiteId, number: int, leaf: Leaf) -> Intent:
        """Take a record back: the same again with an empty window in its place.

        Args:
            site: which.
            number: of the record.
            leaf: of the document that says why.
        """
        old = _standing(self._records(site), site, number).record
        window = (old.from_s, old.from_s)
        grant = SiteRecordGrant(old.kind, old.category, *window, replaces=number, leaf=leaf)
        return self.record(site, grant)

    # --- private -----------------------------------------------------------------------------

    def _view(self) -> AssuranceView:
        planner = self._planner
        return AssuranceView.now(planner.ledger, planner.store, self._clock, AREA)

    def _source(self, view: AssuranceView, site: SiteId) -> NoticeSource:
        """As what the member speaks of a site."""
        me, lots = self._planner.member, view.ledger.lots
        with self._planner.store.read() as work:
            known, gone = work.said(SiteRegistered, site=site), work.said(SiteHandedOver, site=site)
        if not known or gone:
            raise _refused("unknown_site", f"site {site} is not registered")
        if lots.operates(site, me, view.head):
            return NoticeSource.OPERATOR
        roles = view.roles(me)
        if roles & Role.AUTHORITY:
            return NoticeSource.AUTHORITY
        if roles & Role.COMMUNITY:
            return NoticeSource.COMMUNITY
        if lots.assures(me, site, view.head):
            return NoticeSource.ASSURER
        words = "is neither its operator or assurer, nor an authority or a community"
        raise _no_standing(me, site, words)

    def _require_place(
        self, view: AssuranceView, site: SiteId, grant: SiteRecordGrant, source: NoticeSource
    ) -> None:
        """That the record may take the place that it names, and has room."""
        me, records = self._planner.member, self._records(site)
        standing = {e.record.number for e in records if e.stands and e.record.by == me}
        if grant.replaces:
            old = _replaceable(records, site, grant)
            theirs = old.record.by != me and source is not NoticeSource.OPERATOR
            if source is not old.record.source or theirs:
                if source is not NoticeSource.AUTHORITY:
                    raise _refused(
                        "not_replaceable",
                        f"record {old.record.number} was made by member {old.record.by}"
                        f" ({old.record.source.name.lower()}): it, or an authority, replaces it",
                    )
                view.require_independent_of_site(me, site)
            standing.discard(grant.replaces)
        if grant.until_s != grant.from_s and len(standing) >= MOST_STANDING:
            raise _refused(
                "too_many", f"at most {MOST_STANDING} records of a member stand at a site"
            )

    def _concerns(self, site: SiteId) -> tuple[ConcernNow, ...]:
        with self._planner.store.read() as work:
            return concerns_now(work.story(ConcernRaised, ConcernClosed, site=site))

    def _records(self, site: SiteId) -> tuple[SiteRecordNow, ...]:
        with self._planner.store.read() as work:
            return records_now(work.said(SiteRecorded, site=site))

    def _plan(
        self, verb: LotVerb, parts: tuple[object, ...], call: Call, check: Callable[[], None]
    ) -> Intent:
        request = digest_of(*parts)
        standing = self._lots.standing(request)
        if standing is not None:
            return standing
        check()
        return self._lots.plan(LotCall(verb, self._planner.member, request, call))


def _require_leaf(leaf: Leaf) -> None:
    if leaf == _ZERO:
        raise _refused("zero_leaf", "a document has to say more")


def _require_content(grant: SiteRecordGrant, now_s: int) -> None:
    _require_leaf(grant.leaf)
    if grant.category not in {int(each) for each in CATEGORIES[grant.kind]}:
        words = f"an {grant.kind.name.lower()} has no category {grant.category}"
        raise _refused("unknown_category", words)
    if grant.from_s > now_s:
        raise _refused("from_in_the_future", "a record begins in the past, or now")
    empty = grant.until_s == grant.from_s and grant.replaces
    if not grant.from_s < grant.until_s <= FAR_FUTURE and not empty:
        raise _refused("window_empty", "a record ends after it begins")


def _standing(records: tuple[SiteRecordNow, ...], site: SiteId, number: int) -> SiteRecordNow:
    found = next((each for each in records if each.record.number == number), None)
    if found is None:
        raise _refused("unknown_record", f"site {site} has no record {number}")
    return found


def _replaceable(
    records: tuple[SiteRecordNow, ...], site: SiteId, grant: SiteRecordGrant
) -> SiteRecordNow:
    old = _standing(records, site, grant.replaces)
    if old.record.kind is not grant.kind:
        kind = old.record.kind.name.lower()
        raise _refused("unknown_record", f"record {grant.replaces} of site {site} is of a {kind}")
    if old.replaced_by is not None:
        raise _refused(
            "already_replaced",
            f"record {grant.replaces} of site {site} has record {old.replaced_by} in its place",
        )
    return old


def _no_standing(member: MemberId, site: SiteId, why: str) -> InputError:
    return _refused("no_standing", f"site {site}: member {member} {why}")


def _refused(code: str, message: str) -> InputError:
    return InputError(f"{AREA}.{code}", message)


def read_category(kind: SiteRecordKind, text: str) -> int:
    """A kind's category by its name in lower case, with hyphens.

    Raises:
        InputError: ``site.unknown_category``.
    """
    names = {word_of(each): int(each) for each in CATEGORIES[kind]}
    if text not in names:
        raise _refused("unknown_category", f"{text!r} is none of {', '.join(names)}")
    return names[text]
