"""Custody of lots: open, offer, accept, decline, retire, let go, take back in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from veta.custody.gather import in_hand_problems
from veta.errors import InputError
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_events import NO_TIME, NOBODY
from veta.model.lots import LotId, LotRecord
from veta.ports.clock import Clock
from veta.ports.ledger import Call
from veta.ports.lot_store import LotCall, LotVerb
from veta.ports.store import Intent
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
        self._require_in_hand(lots)
        terms = (offer.to, offer.until_s, offer.consignment)
        call = self._planner.ledger.lots.encode_offer(lots, *terms)
        return self._plan(
            LotVerb.OFFER, lots, call, parts=(offer,), to=offer.to, until_s=offer.until_s
        )

    def decline(self, lots: Sequence[LotId]) -> Intent:
        """Decline what is offered to the member."""
        call = self._planner.ledger.lots.encode_decline(lots)
        offers = [record.offer_until_s for record in self._records(lots)]
        return self._plan(LotVerb.DECLINE, lots, call, parts=tuple(offers))

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

    def retire(self, lots: Sequence[LotId], reason: int) -> Intent:
        """End the remainder of lots; credit in them is extinguished.

        Args:
            lots: that the member holds.
            reason: why, not 0.
        """
        self._require_in_hand(lots)
        call = self._planner.ledger.lots.encode_retire(lots, reason)
        return self._plan(LotVerb.RETIRE, lots, call, parts=(reason,))

    def exit(self, lot: LotId, whom: Digest) -> Intent:
        """Let a lot go to somebody who is no member, named by ``custody.encoding.exit_digest``."""
        self._require_in_hand([lot])
        call = self._planner.ledger.lots.encode_exit(lot, whom)
        return self._plan(LotVerb.EXIT, [lot], call, parts=(whom,), digest=whom)

    def reenter(self, lot: LotId, salt: bytes) -> Intent:
        """Take an exited lot back in, as the account that its exit named."""
        call = self._planner.ledger.lots.encode_reenter(lot, salt)
        return self._plan(LotVerb.REENTER, [lot], call, parts=(salt,))

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
    ) -> Intent:
        return self._lots.plan(
            LotCall(
                verb=verb,
                member=self._planner.member,
                request=digest_of(verb, lots, *parts),
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

    def _require_in_hand(self, lots: Sequence[LotId]) -> None:
        now_s = max(self._planner.ledger.head().time_s, self._clock.now_s())
        for lot, record in zip(lots, self._records(lots), strict=True):
            for found in in_hand_problems(lot, record, self._planner.member, now_s):
                raise InputError(found.code, f"lot 0x{lot.hex()[:16]}: {found.message}")
