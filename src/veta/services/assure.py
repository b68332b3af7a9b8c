"""The chain of assurance: recognise, accredit, certify, and what becomes of a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from veta.model.assurance import AssuranceGrant, AssuranceRecord
from veta.model.assurance_events import RecordAction, RecordMade, RecordSource
from veta.model.columns import SubstanceId
from veta.model.consortium import Role
from veta.model.identifiers import FAR_FUTURE, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_events import NO_TIME
from veta.model.lots import SiteId
from veta.ports.clock import Clock
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.store import Intent
from veta.services.assurance_papers import (
    own_document,
    require_names_body,
    require_names_site,
)
from veta.services.assurance_view import (
    ASSURERS,
    MOST_ENTRIES,
    AssuranceView,
    refused,
    suspended_by,
)
from veta.services.lot_planning import LotPlanner
from veta.services.run_requests import digest_of
from veta.statement.credential import Credential

_NOTHING: Final = bytes(32)
_LIVE_PER_ISSUER: Final = 3
_LIVE: Final = 7
_FOR_CAUSE: Final = frozenset({RecordAction.WITHDRAW, RecordAction.VOID})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a document grants: an accreditation of a body, or a certificate of a site."""

    document: Leaf
    """Of a statement that the member issued and anchored."""
    level: int
    substances: tuple[SubstanceId, ...] = ()
    """Ascending; none: every substance."""
    from_s: UnixSeconds | None = None
    """``None``: as the document says. The chain records it from now on at the earliest."""
    until_s: UnixSeconds | None = None


class AssuranceDesk:
    """Acts in the chain of assurance in the member's name.

    Every method stores an intent with its signed transaction, or raises and stores nothing; the
    same asked again is the same intent. What was taken back since (a suspension that was lifted)
    can be asked for again, and is another one.

    Raises, all methods:
        InputError: the contract would refuse: ``assurance.`` and its error's name.
        TransactionRevertedError: the contract was asked, and refuses.
        LedgerUnavailableError: the chain cannot be asked.

    Args:
        planner: of lot calls.
        clock: for the time that windows are judged at.
    """

    def __init__(self, planner: LotPlanner, clock: Clock) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._clock = clock

    # --- who may -----------------------------------------------------------------------------

    def recognise(
        self,
        scheme: int,
        body: MemberId,
        *,
        from_s: UnixSeconds = NO_TIME,
        until_s: UnixSeconds = FAR_FUTURE,
    ) -> Intent:
        """Recognise an accreditation body for a scheme of the member, or change until when.

        Args:
            scheme: that the member owns.
            body: the accreditation body.
            from_s: not before; 0: now.
            until_s: 0: not any more from now on.
        """
        view, me = self._view(), self._planner.member
        entries = view.recognitions(scheme, body)
        last = entries[-1].until_s if entries else NO_TIME
        is_so = last <= view.now_s if not until_s else last == until_s
        follows = len(entries) - 1 if entries and is_so else len(entries)

        def check() -> None:
            owner = view.require_scheme(scheme).owner
            if owner != me:
                raise refused("not_scheme_owner", f"scheme {scheme} is member {owner}'s")
            if not until_s:
                if last <= view.now_s:
                    raise refused("not_recognised", f"scheme {scheme} recognises not {body} now")
                return
            _require_window(max(from_s, view.now_s), until_s)
            view.require_role(body, Role.ACCREDITATION_BODY)
            view.require_independent(body, owner)

        request = digest_of(LotVerb.RECOGNISE, scheme, body, from_s, until_s, follows)
        lots = self._planner.ledger.lots
        call = lots.encode_recognise(scheme, body, from_s=from_s, until_s=until_s)
        return self._plan(
            LotCall(LotVerb.RECOGNISE, me, request, call, to=body, until_s=until_s), check
        )

    def accredit(self, body: MemberId, scheme: int, grant: Grant) -> Intent:
        """Accredit a certification body, footprint verifier or laboratory for a scheme.

        Raises:
            NotFoundError, InputError, ConflictError: also as ``own_document``;
                ``assurance.other_body``, ``assurance.beyond_document``.
        """
        view, me = self._view(), self._planner.member
        document = self._document(grant, certifies=False)
        made = _grant(body, scheme, grant, document)

        def check() -> None:
            view.require_role(me, Role.ACCREDITATION_BODY)
            view.require_level(scheme, grant.level)
            view.require_recognised(scheme, me)
            view.require_role(body, ASSURERS)
            view.require_independent(me, body)
            view.require_substances(grant.substances)
            _require_window(made.from_s, made.until_s)
            _require_window(view.now_s, made.until_s)
            known = view.ledger.member(body, view.head)
            require_names_body(document, "" if known is None else known.identifier)
            self._require_new(view, made.leaf)

        call = self._planner.ledger.lots.encode_accredit(made)
        request = digest_of(LotVerb.ACCREDIT, made)
        return self._plan(
            LotCall(
                LotVerb.ACCREDIT, me, request, call,
                to=body, until_s=made.until_s, digest=Digest(made.leaf),
            ),
            check,
        )  # fmt: skip

    def certify(self, site: SiteId, accreditation: int, grant: Grant) -> Intent:
        """Certify a site, under an accreditation of the member's own.

        Raises:
            NotFoundError, InputError, ConflictError: also as ``own_document``;
                ``assurance.other_site``, ``assurance.beyond_document``.
        """
        view, me = self._view(), self._planner.member
        document = self._document(grant, certifies=True)
        made = _grant(site, accreditation, grant, document)

        def check() -> None:
            view.require_role(me, ASSURERS)
            registered = view.require_site(site)
            above = view.require_accredited(me, accreditation)
            view.require_level(above.scheme, grant.level)
            _require_scope(above, grant)
            view.require_independent_of_site(me, site)
            view.require_substances(grant.substances)
            _require_window(made.from_s, made.until_s)
            starts_s = max(view.now_s, made.from_s, above.from_s)
            _require_window(starts_s, min(made.until_s, above.until_s))
            require_names_site(document, registered.identifier)
            self._require_new(view, made.leaf)
            self._require_room(view, site, above, grant)

        call = self._planner.ledger.lots.encode_certify(made)
        request = digest_of(LotVerb.CERTIFY, made)
        return self._plan(
            LotCall(
                LotVerb.CERTIFY, me, request, call,
                record=accreditation, until_s=made.until_s, digest=Digest(made.leaf),
            ),
            check,
        )  # fmt: skip

    def record_of(self, document: Leaf) -> int | None:
        """The number that a record got, ``None`` if it was not followed yet."""
        with self._planner.store.read() as work:
            made = work.said(RecordMade, issuer=self._planner.member, leaf=document)
        return made[-1].record if made else None

    # --- what becomes of it ------------------------------------------------------------------

    def suspend(self, record: int, grounds: Digest) -> Intent:
        """Suspend an accreditation or a certificate from now on.

        Args:
            record: its number.
            grounds: digest of what says why.
        """

        def check(view: AssuranceView, found: AssuranceRecord, source: RecordSource) -> None:
            view.require_not_over(found)
            if source in suspended_by(found):
                raise refused("already_suspended", f"record {record} is suspended already")

        return self._change(LotVerb.SUSPEND, record, grounds, check)

    def lift(self, record: int, grounds: Digest) -> Intent:
        """Lift the member's own suspension of a record from now on; arguments as ``suspend``."""

        def check(view: AssuranceView, found: AssuranceRecord, source: RecordSource) -> None:
            view.require_not_over(found)
            if source not in suspended_by(found):
                others = ", ".join(each.name.lower() for each in suspended_by(found)) or "nobody"
                raise refused("not_suspended", f"record {record} is suspended by {others}, not us")
            if len(found.entries) >= MOST_ENTRIES:
                raise refused("list_full", f"the list of record {record} is full: it stays so")

        return self._change(LotVerb.LIFT, record, grounds, check)

    def withdraw(self, record: int, grounds: Digest) -> Intent:
        """Withdraw a record for good, from now on; arguments as ``suspend``."""

        def check(view: AssuranceView, found: AssuranceRecord, _: RecordSource) -> None:
            view.require_not_over(found)

        return self._change(LotVerb.WITHDRAW_RECORD, record, grounds, check)

    def void(self, record: int, grounds: Digest, *, effective_s: UnixSeconds = NO_TIME) -> Intent:
        """Declare a record void for cause.

        Args:
            record: its number.
            grounds: digest of what says why.
            effective_s: since when, also before it was recorded; 0: now.
        """

        def check(view: AssuranceView, found: AssuranceRecord, _: RecordSource) -> None:
            if effective_s > view.now_s:
                raise refused("in_the_future", "nothing is void from a moment that is to come")
            if (effective_s or view.now_s) >= found.until_s:
                raise refused("record_ended", f"record {record} was over by then")

        return self._change(LotVerb.VOID, record, grounds, check, effective_s)

    # --- private -----------------------------------------------------------------------------

    def _view(self) -> AssuranceView:
        return AssuranceView.now(self._planner.ledger, self._planner.store, self._clock)

    def _plan(self, call: LotCall, check: Callable[[], None]) -> Intent:
        standing = self._lots.standing(call.request)
        if standing is not None:
            return standing
        check()
        return self._lots.plan(call)

    def _change(
        self,
        verb: LotVerb,
        record: int,
        grounds: Digest,
        check: Callable[[AssuranceView, AssuranceRecord, RecordSource], None],
        effective_s: UnixSeconds = NO_TIME,
    ) -> Intent:
        view, me = self._view(), self._planner.member
        found = view.require_record(record)
        source = view.source(me, found)
        if grounds == _NOTHING:
            raise refused(
                "no_grounds", f"to {verb.value} needs grounds: the digest of what says why"
            )
        follows = _taken_back(found, source, verb)
        request = digest_of(verb, record, grounds, effective_s, follows)
        call = self._encoded(verb, record, grounds, effective_s)
        return self._plan(
            LotCall(verb, me, request, call, record=record, until_s=effective_s),
            lambda: check(view, found, source),
        )

    def _encoded(
        self, verb: LotVerb, record: int, grounds: Digest, effective_s: UnixSeconds
    ) -> Call:
        lots = self._planner.ledger.lots
        match verb:
            case LotVerb.SUSPEND:
                return lots.encode_suspend(record, grounds)
            case LotVerb.LIFT:
                return lots.encode_lift(record, grounds)
            case LotVerb.WITHDRAW_RECORD:
                return lots.encode_withdraw_record(record, grounds)
            case _:
                return lots.encode_void(record, effective_s, grounds)

    def _document(self, grant: Grant, *, certifies: bool) -> Credential:
        with self._planner.store.read() as work:
            return own_document(work, self._planner.member, grant.document, certifies=certifies)

    def _require_new(self, view: AssuranceView, leaf: Leaf) -> None:
        number = view.ledger.lots.record_of(self._planner.member, leaf, view.head)
        if number:
            raise refused("already_recorded", f"record {number} was made of this document")

    def _require_room(
        self, view: AssuranceView, site: SiteId, above: AssuranceRecord, grant: Grant
    ) -> None:
        """Certificates of a site that are not over, and those that ended for cause.

        One that was withdrawn or void makes room for one that stands in for it. The contract, which
        is asked before anything is sent, counts exactly.
        """
        with self._planner.store.read() as work:
            made = work.said(RecordMade, subject=site, scheme=above.scheme)
        found = [view.ledger.lots.assurance_record(each.record, view.head) for each in made]
        known = [each for each in found if each is not None and each.parent]
        live = [each for each in known if each.until_s > view.now_s]
        live += [
            each
            for each in known
            if any(entry.action in _FOR_CAUSE for entry in each.entries)
            and not _stands_in(grant.level, grant.substances, each)
            and not any(
                _stands_in(later.level, later.substances, each)
                for later in known
                if later.record > each.record
            )
        ]
        own = sum(each.issuer == self._planner.member for each in live)
        if own >= _LIVE_PER_ISSUER or len(live) >= _LIVE:
            raise refused(
                "too_many",
                f"site {site} has {len(live)} certificates of scheme {above.scheme} that are not "
                f"over or ended for cause, {own} of them ours: at most {_LIVE_PER_ISSUER} of ours, "
                f"{_LIVE} in all",
            )


def _stands_in(level: int, substances: tuple[SubstanceId, ...], ended: AssuranceRecord) -> bool:
    """At the level of the other or above, for the same substances or all."""
    return level >= ended.level and (not substances or substances == ended.substances)


def _grant(subject: int, under: int, grant: Grant, document: Credential) -> AssuranceGrant:
    """A grant's fields; the document's dates where none are asked for.

    Raises:
        InputError: ``assurance.beyond_document``.
    """
    from_s = document.valid_from_s if grant.from_s is None else grant.from_s
    until_s = document.valid_until_s if grant.until_s is None else grant.until_s
    if until_s > document.valid_until_s or from_s < document.valid_from_s:
        raise refused("beyond_document", "the window reaches beyond the document's own validity")
    return AssuranceGrant(
        subject, under, grant.level, from_s, until_s, grant.substances, grant.document
    )


def _require_window(from_s: int, until_s: int) -> None:
    if until_s <= from_s:
        raise refused("window_empty", "the window ends before it starts, or before now")


def _require_scope(above: AssuranceRecord, grant: Grant) -> None:
    number = above.record
    if grant.level > above.level:
        raise refused(
            "level_above_accreditation",
            f"accreditation {number} reaches level {above.level}, not {grant.level}",
        )
    if above.substances and not grant.substances:
        raise refused("out_of_scope", f"accreditation {number} does not cover every substance")
    for substance in grant.substances:
        if not above.covers(substance):
            raise refused(
                "out_of_scope", f"accreditation {number} does not cover substance {substance}"
            )


_TAKES_BACK: Final = {
    LotVerb.SUSPEND: RecordAction.LIFT,
    LotVerb.LIFT: RecordAction.SUSPEND,
}


def _taken_back(record: AssuranceRecord, source: RecordSource, verb: LotVerb) -> int:
    """How often what a verb does was taken back before: the next one is another one."""
    other = _TAKES_BACK.get(verb)
    return sum(each.source is source and each.action is other for each in record.entries)
