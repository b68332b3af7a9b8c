"""Custody of lots: open, offer, accept, decline, retire, let go, take back in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from veta.custody.encoding import exit_digest
from veta.custody.gather import in_hand_problems
from veta.custody.refusals import Problem, problem
from veta.errors import InputError
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_events import NO_TIME, NOBODY
from veta.model.lots import LotId, LotRecord, LotState
from veta.ports.clock import Clock
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.store import Intent, IntentState
from veta.services.lot_planning import LotPlanner
from veta.services.lot_reading import OpeningDesk, commitment_of, known_lot
from veta.services.run_requests import digest_of

NO_CONSIGNMENT = Digest(bytes(32))


@dataclass(frozen=True, slots=True)
class Offer:
    """To whom, until when, and what papers travel with it."""

    to: MemberId
    until_s: UnixSeconds
    consignment: Digest = NO_CONSIGNMENT


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a receiver measured of a lot's reference."""

    measured: int
    method: int
    """Not 0."""
    statement_leaf: Leaf
    """The statement that tells."""


class LotCustodian:
    """Moves lots in the member's name; lots are opened as far as the store has followed.

    Every method stores an intent with its signed transaction, or raises and stores nothing:

    Raises, all methods:
        InputError: the contract would refuse; the code and words are its.
        TransactionRevertedError: the contract was asked, and refuses.
        LedgerUnavailableError: the chain cannot be asked.

    Args:
        planner: of lot calls.
        clock: for the time that a lot's state is judged at.
    """

    def __init__(self, planner: LotPlanner, clock: Clock) -> None:
        self._lots = planner
        self._planner = planner.planner
        self._clock = clock
        self._openings = OpeningDesk(planner.planner.store)

    def open(self, lot: LotId, offer: Offer | None = None) -> Intent:
        """Open one of the member's own lots, and offer it in the same call if told so.

        Args:
            lot: its id.
            offer: to whom.

        Raises:
            NotFoundError: ``lot.not_ours``.
            ConflictError: ``lot.not_issued``: its run is not on the chain as followed.
        """
        opening = self._openings.opening(lot)
        writer = self._planner.ledger.lots
        if offer is None:
            call = writer.encode_open(opening)
        else:
            terms = (offer.to, offer.until_s, offer.consignment)
            call = writer.encode_open_and_offer(opening, *terms)
        return self._plan(
            LotVerb.OPEN,
            [lot],
            call,
            parts=(offer,),
            to=NOBODY if offer is None else offer.to,
            until_s=NO_TIME if offer is None else offer.until_s,
            digest=Digest(commitment_of(opening)),
        )

    def offer(self, lots: Sequence[LotId], offer: Offer) -> Intent:
        """Offer opened lots that the member holds as one consignment; they are locked meanwhile."""
        terms = (offer.to, offer.until_s, offer.consignment)
        call = self._planner.ledger.lots.encode_offer(lots, *terms)
        return self._plan(
            LotVerb.OFFER,
            lots,
            call,
            parts=(offer,),
            to=offer.to,
            until_s=offer.until_s,
            check=lambda: self._require_in_hand(lots),
        )

    def decline(self, lots: Sequence[LotId]) -> Intent:
        """Decline what is offered to the member.

        An offer that was made again after it was declined is another one, and so is its refusal.
        """
        call = self._planner.ledger.lots.encode_decline(lots)
        records = self._records(lots)
        offers = [record.offer_until_s for record in records]
        if not any(offers):
            for intent in self._open_intents(LotVerb.DECLINE, lots):
                return intent  # included, and nobody has looked yet
        check = lambda: self._require_offered(lots, records)  # noqa: E731 - said where it belongs
        return self._plan(LotVerb.DECLINE, lots, call, parts=tuple(offers), check=check)

    def accept(
        self,
        lots: Sequence[LotId],
        *,
        consignment: Digest = NO_CONSIGNMENT,
        taken: Sequence[int] | None = None,
    ) -> Intent:
        """Accept lots as shipped.

        Args:
            lots: offered to the member.
            consignment: digest of the papers.
            taken: what the member saw as gone of each; ``None``: what the chain says now. If
                somebody takes more before it is included, the contract refuses.
        """
        seen = self._seen(lots) if taken is None else list(taken)
        call = self._planner.ledger.lots.encode_accept(lots, seen, consignment)
        return self._plan(LotVerb.ACCEPT, lots, call, parts=(seen, consignment))

    def accept_measured(
        self, lot: LotId, measurement: Measurement, *, taken: int | None = None
    ) -> Intent:
        """Accept one lot with what was measured of its reference: less, or more, than shipped.

        Within the class's tolerance the shipped figures stand and the difference is on record;
        beyond it the lot is rebased: metal and credit shrink, CO2e stays.

        Raises:
            NotFoundError: ``lot.unopened``.
        """
        with self._planner.store.read() as work:
            known = known_lot(work, lot)
        seen = self._seen([lot])[0] if taken is None else taken
        call = self._planner.ledger.lots.encode_accept_measured(
            known.opened,
            taken=seen,
            measured=measurement.measured,
            method=measurement.method,
            statement_leaf=measurement.statement_leaf,
        )
        return self._plan(LotVerb.ACCEPT, [lot], call, parts=(seen, measurement))

    def freeze(self, lot: LotId, until_s: UnixSeconds, *, jointly: bool = False) -> Intent:
        """Freeze a lot: nobody offers, accepts, uses or retires it until then.

        Args:
            lot: opened.
            until_s: when it ends; of an authority, within what the consortium's rules allow.
            jointly: as holder or receiver of an offer that runs. It takes effect once both asked
                for the same time. Without it: as an authority, once a lot.

        Raises:
            InputError: ``custody.*`` of what the contract would refuse.
        """
        verb = LotVerb.FREEZE_JOINTLY if jointly else LotVerb.FREEZE
        call = self._planner.ledger.lots.encode_freeze(lot, until_s, jointly=jointly)
        record = self._records([lot])[0]

        def check() -> None:
            now_s, member = self._now_s(), self._planner.member
            for found in _freeze_problems(lot, record, member, now_s, until_s, jointly=jointly):
                raise _refused(found, lot)

        # Of this offer: what was asked in another one is no consent to this.
        parts = (until_s, record.offered_to, record.offer_until_s) if jointly else (until_s,)
        return self._plan(verb, [lot], call, parts=parts, until_s=until_s, check=check)

    def retire(self, lots: Sequence[LotId], reason: int) -> Intent:
        """End the remainder of lots; credit in them is extinguished.

        Args:
            lots: that the member holds.
            reason: why, not 0.
        """
        call = self._planner.ledger.lots.encode_retire(lots, reason)
        check = lambda: self._require_in_hand(lots)  # noqa: E731
        return self._plan(LotVerb.RETIRE, lots, call, parts=(reason,), check=check)

    @property
    def exit_domain(self) -> tuple[int, AccountAddress]:
        """Chain id and custody contract: what an exit's digest is bound to."""
        no_lot = LotId(NO_CONSIGNMENT)
        return self._planner.chain_id, self._planner.ledger.lots.encode_decline([no_lot]).to

    def whom(self, lot: LotId, account: AccountAddress, salt: bytes) -> Digest:
        """What an exit names: who gets the lot, hidden from who does not know the salt.

        Args:
            lot: the lot.
            account: 20 octets, the receiver's; whoever operates with it may bring the lot back.
            salt: 32 fresh random octets. Who has them and the account's key can re-enter the lot.

        Raises:
            InputError: ``custody.encoding``.
        """
        return exit_digest(*self.exit_domain, lot, account, salt)

    def exit(self, lot: LotId, whom: Digest) -> Intent:
        """Let a lot go to somebody who is no member, named by ``whom`` and not all zero."""
        call = self._planner.ledger.lots.encode_exit(lot, whom)

        def check() -> None:
            if not any(whom):
                raise _refused(problem("UnknownValue", arguments={"what": "digest", "value": 0}))
            self._require_in_hand([lot])

        return self._plan(LotVerb.EXIT, [lot], call, parts=(whom,), digest=whom, check=check)

    def reenter(self, lot: LotId, salt: bytes) -> Intent:
        """Take an exited lot back in, as the account that its exit named."""
        call = self._planner.ledger.lots.encode_reenter(lot, salt)

        def check() -> None:
            ledger = self._planner.ledger
            head = ledger.head()
            record = ledger.lots.lot(lot, head)
            if record.state is not LotState.EXITED:
                raise _refused(_not_in_state(lot, record, LotState.EXITED))
            if ledger.lots.exit_digest(lot, head) != self.whom(lot, self._planner.account, salt):
                raise _refused(problem("NotNamedByExit", arguments={"lot": lot}))

        return self._plan(LotVerb.REENTER, [lot], call, parts=(salt,), check=check)

    def _plan(
        self,
        verb: LotVerb,
        lots: Sequence[LotId],
        call: Call,
        *,
        parts: tuple[object, ...],
        to: MemberId = NOBODY,
        until_s: UnixSeconds = NO_TIME,
        digest: Digest | None = None,
        check: Callable[[], None] | None = None,
    ) -> Intent:
        """The standing intent of an equal request, else a new one if ``check`` lets it pass."""
        request = digest_of(verb, lots, *parts)
        standing = self._lots.standing(request)
        if standing is not None:
            return standing
        if check is not None:
            check()
        return self._lots.plan(
            LotCall(
                verb=verb,
                member=self._planner.member,
                request=request,
                call=call,
                lots=tuple(lots),
                to=to,
                until_s=until_s,
                digest=digest,
            )
        )

    def _records(self, lots: Sequence[LotId]) -> list[LotRecord]:
        ledger = self._planner.ledger
        head = ledger.head()
        return [ledger.lots.lot(lot, head) for lot in lots]

    def _seen(self, lots: Sequence[LotId]) -> list[int]:
        return [record.taken for record in self._records(lots)]

    def _open_intents(self, verb: LotVerb, lots: Sequence[LotId]) -> list[Intent]:
        """Intents on their way that do this to exactly these lots."""
        with self._planner.store.read() as work:
            found = work.intents(IntentState.OPEN)
        wanted = (verb, tuple(lots))
        return [
            intent
            for intent in found
            if isinstance(intent.subject, LotCall)
            and (intent.subject.verb, intent.subject.lots) == wanted
        ]

    def _now_s(self) -> UnixSeconds:
        return max(self._planner.ledger.head().time_s, self._clock.now_s())

    def _require_in_hand(self, lots: Sequence[LotId]) -> None:
        now_s, member = self._now_s(), self._planner.member
        for lot, record in zip(lots, self._records(lots), strict=True):
            for found in in_hand_problems(lot, record, member, now_s):
                raise _refused(found, lot)

    def _require_offered(self, lots: Sequence[LotId], records: Sequence[LotRecord]) -> None:
        now_s = self._now_s()
        for lot, record in zip(lots, records, strict=True):
            for found in _offer_problems(lot, record, self._planner.member, now_s):
                raise _refused(found, lot)


def _offer_problems(
    lot: LotId, record: LotRecord, member: MemberId, now_s: int
) -> Iterator[Problem]:
    """Why a member cannot decline a lot now: the first reason, as the book says it."""
    if record.state is not LotState.OFFERED:
        yield _not_in_state(lot, record, LotState.OFFERED)
    elif record.offered_to != member:
        facts = {"lot": lot, "to": record.offered_to, "member": member}
        yield problem("NotOfferedTo", arguments=facts)
    elif now_s >= record.offer_until_s:
        bounds = {"given": now_s, "minimum": 0, "maximum": record.offer_until_s}
        yield problem("TimeOutOfBounds", arguments=bounds)
    elif now_s < record.frozen_until_s:
        yield problem("Frozen", arguments={"lot": lot, "until": record.frozen_until_s})


def _freeze_problems(
    lot: LotId,
    record: LotRecord,
    member: MemberId,
    now_s: int,
    until_s: int,
    *,
    jointly: bool,
) -> Iterator[Problem]:
    """Why a member cannot freeze a lot now, but for what its role and the rules say."""
    if record.state is LotState.UNOPENED:
        yield problem("LotUnopened", arguments={"lot": lot})
    elif record.state not in {LotState.HELD, LotState.OFFERED}:
        yield _not_in_state(lot, record, LotState.HELD)
    elif until_s <= now_s:
        bounds = {"given": until_s, "minimum": now_s + 1, "maximum": (1 << 40) - 1}
        yield problem("TimeOutOfBounds", arguments=bounds)
    elif until_s <= record.frozen_until_s:
        yield problem("Frozen", arguments={"lot": lot, "until": record.frozen_until_s})
    elif jointly:
        runs = record.state is LotState.OFFERED and now_s < record.offer_until_s
        if not runs or member not in {record.holder, record.offered_to}:
            yield problem("MayNotFreeze", arguments={"lot": lot, "member": member})


def _not_in_state(lot: LotId, record: LotRecord, required: LotState) -> Problem:
    facts = {"lot": lot, "state": int(record.state), "required": int(required)}
    return problem("LotNotInState", arguments=facts)


def _refused(found: Problem, lot: LotId | None = None) -> InputError:
    where = "" if lot is None else f"lot 0x{lot.hex()[:16]}: "
    return InputError(found.code, where + found.message)
