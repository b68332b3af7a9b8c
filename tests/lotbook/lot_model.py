"""The lot book once more, as plain Python written from DESIGN section 4 and not from the contract.

``Book`` is driven with the very values that callers hand to the contract. Every method either
changes what ``lot_state.Ledger`` holds or raises ``Refused`` and changes nothing. Runs are in
``lot_runs``, the conservation laws in ``lot_laws``; here: opening, custody, endings, freezing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.lotbook.lot_facts import Findings, Refused
from tests.lotbook.lot_laws import BatchSums, judge_lot, moved
from tests.lotbook.lot_runs import Runs
from tests.lotbook.lot_state import Batch, Lot
from tests.lotbook.lot_values import (
    MAX_QUANTITY,
    MILLION,
    ZERO,
    Column,
    Flag,
    Header,
    Kind,
    Opened,
    Opening,
    SignedOffer,
    State,
    commitment,
    exit_digest,
    kind_of,
    lot_id,
    period_of,
    substance_of,
    totals_digest,
)
from veta.errors import InputError
from veta.model.lot_tree import LotInclusion, LotLeaf
from veta.sum_trees import head_from_path

MAX_TIME = 2**40 - 1


class Book(Runs):
    """Batches, opened lots, custody, transforms, credit accounts, variance records."""

    # ---- batches that nobody has opened

    def withdraw(
        self, sender: str, header: Header, columns: Sequence[int], sums: Sequence[int], salt: bytes
    ) -> None:
        """A way in goes back whole: capacity, ceiling and source return."""
        member, found = self.facts.operator(sender), Findings()
        batch = self.unopened(header, member, found)
        found.unless(totals_digest(columns, sums, salt) == header.totals, "TotalsMismatch")
        found.unless(header.kind != Kind.TRANSFORM, "NotInThisRun")
        found.settle()
        period = period_of(header.produced_to - 1)
        for metal, quantity in zip(columns, sums, strict=True):
            if kind_of(metal) != Column.METAL:
                continue
            if header.kind == Kind.EXTERNAL:
                self.ceilings[member, substance_of(metal), period] -= quantity
                continue
            use = self.use(header.site, substance_of(metal), period)
            if header.kind == Kind.ORIGIN:
                use.originated -= quantity
            else:
                use.gained -= quantity
        where = header.issuer, header.root
        self.sources = {s: place for s, place in self.sources.items() if place != where}
        assert batch is not None
        batch.withdrawn = True

    def replace(self, sender: str, header: Header, root: bytes, size: int) -> None:
        """An output gives way to a batch of equal totals under another root."""
        member, found = self.facts.operator(sender), Findings()
        batch = self.unopened(header, member, found)
        found.unless(header.kind == Kind.TRANSFORM, "NotInThisRun")
        found.unless(root != ZERO, "ZeroRoot")
        found.unless((member, root) not in self.batches, "AlreadyIssued")
        found.unless(1 <= size <= MAX_QUANTITY, "Count")
        found.settle()
        assert batch is not None
        batch.withdrawn = True
        self.sequences[member] += 1
        new = header._replace(root=root, size=size, sequence=self.sequences[member])
        new = new._replace(by=sender, anchored_at=self.facts.now)
        self.batches[member, root] = Batch(new)

    def unopened(self, header: Header, member: int, found: Findings) -> Batch | None:
        found.unless(header.issuer == member, "NotIssuer")
        batch = self.recorded(header, found)
        if batch is not None:
            found.unless(not batch.opened, "BatchOpened")
        return batch

    # ---- opening

    def open(self, sender: str, opening: Opening) -> None:
        """A lot takes storage the first time it moves; its issuer proves it from its batch."""
        member, found = self.facts.operator(sender), Findings()
        header = opening.header
        found.unless(header.issuer == member, "NotIssuer")
        batch = self.recorded(header, found)
        lot = lot_id(header.issuer, opening.lot_key)
        found.unless(lot not in self.lots, "AlreadyOpen")
        found.errors += self.prove(opening).errors
        found.settle()
        assert batch is not None
        batch.opened = True
        opened = Opened(header, opening.columns, opening.position, *opening[3:6])
        self.lots[lot] = Lot(State.HELD, member, 0, 0, 0, 0, 0, commitment(opened))

    def prove(self, opening: Opening) -> Findings:
        """The leaf is under the root at its index, the sums are the totals, the lot is in
        proportion. Each step asks only if those before it hold."""
        found, header, columns = Findings(), opening.header, opening.columns
        width = 32 + 8 * len(columns)
        if found.unless(opening.position < header.size, "IndexOutOfBounds"):
            steps = path_length(opening.position, header.size)
            found.unless(len(opening.path) == width * steps, "PathLength")
        found.unless(len(opening.quantities) == len(columns), "Count")
        found.unless(max(opening.quantities) <= MAX_QUANTITY, "QuantityOutOfBounds")
        if found.errors:
            return found
        path = tuple(opening.path[i : i + width] for i in range(0, len(opening.path), width))
        leaf = LotLeaf(opening.lot_key, opening.statement_leaf, tuple(opening.quantities))
        try:
            head = head_from_path(leaf, LotInclusion(opening.position, path), header.size)
        except InputError:  # a sum on the path, or of sums, is out of bounds
            found.errors += ["QuantityOutOfBounds", "RootMismatch"]
            return found
        found.unless(head.root == header.root, "RootMismatch")
        digest = totals_digest(columns, head.totals, opening.salt)
        found.unless(digest == header.totals, "TotalsMismatch")
        if not found.errors:
            kind = self.facts.classes[header.product_class]
            how = header.reference, header.model, bool(header.flags & Flag.ATTRIBUTED)
            sums = dict(zip(columns, head.totals, strict=True))
            batch = BatchSums(header.product_class, kind, *how, sums)
            judge_lot(batch, dict(zip(columns, opening.quantities, strict=True)), found)
        return found

    def open_and_offer(
        self, sender: str, opening: Opening, to: int, until: int, consignment: bytes
    ) -> None:
        """Open and offer in one call: both or neither."""
        where = opening.header.issuer, opening.header.root
        before = self.batches.get(where)
        opened = before is not None and before.opened
        found = Findings()
        self.check_terms(self.facts.operator(sender), to, until, found)
        try:
            self.open(sender, opening)
        except Refused as refusal:
            raise Refused(*refusal.errors, *found.errors) from None
        lot = lot_id(opening.header.issuer, opening.lot_key)
        try:
            self.offer(sender, [lot], to, until, consignment)
        except Refused:
            del self.lots[lot]
            self.batches[where].opened = opened
            raise

    def check_terms(self, member: int, to: int, until: int, found: Findings) -> None:
        """To another admitted member, until some time from now on."""
        found.unless(self.facts.admitted(to) and to != member, "BadRecipient")
        found.unless(self.facts.now < until <= MAX_TIME, "TimeOutOfBounds")

    # ---- custody

    def offer(
        self, sender: str, lots: Sequence[bytes], to: int, until: int, consignment: bytes
    ) -> None:
        """An offered lot is locked until the offer ends."""
        member, found = self.facts.operator(sender), Findings()
        found.unless(lots, "Count")
        self.check_terms(member, to, until, found)
        with self.all_or_nothing(list(lots)):
            for lot in lots:
                its = self.held(lot, member, found)
                found.settle()
                assert its is not None
                its.state, its.offered_to, its.offer_until = State.OFFERED, to, until
        found.settle()

    def decline(self, sender: str, lots: Sequence[bytes]) -> None:
        """The other side does not want them: they are the holder's again."""
        member, found = self.facts.operator(sender), Findings()
        found.unless(lots, "Count")
        found.settle()
        with self.all_or_nothing(list(lots)):
            for lot in lots:
                its = self.offered(lot, member, found)
                found.settle()
                assert its is not None
                its.state, its.offered_to, its.offer_until = State.HELD, 0, 0

    def accept(
        self, sender: str, lots: Sequence[bytes], taken: Sequence[int], consignment: bytes
    ) -> None:
        """The receiver names what it saw as gone of each lot."""
        member, found = self.facts.operator(sender), Findings()
        found.unless(lots and len(lots) == len(taken), "Count")
        found.settle()
        with self.all_or_nothing(list(lots)):
            for lot, gone in zip(lots, taken, strict=True):
                self.accept_one(lot, gone, member, found)

    def accept_one(self, lot: bytes, gone: int, member: int, found: Findings) -> Lot:
        its = self.offered(lot, member, found)
        if its is not None:
            found.unless(its.frozen_until <= self.facts.now, "Frozen")
            found.unless(its.taken == gone, "TakenMismatch")
        found.settle()
        assert its is not None
        hand_over(its, member)
        return its

    def accept_measured(
        self,
        sender: str,
        opened: Opened,
        taken: int,
        measured: int,
        method: int,
        statement_leaf: bytes,
    ) -> None:
        """Within tolerance the shipped figures stand; beyond it the lot is rebased."""
        member, found = self.facts.operator(sender), Findings()
        lot = self.is_what_was_opened(opened, found)
        found.unless(1 <= measured <= MAX_QUANTITY, "QuantityOutOfBounds")
        with self.all_or_nothing([lot]):
            its = self.accept_one(lot, taken, member, found)
            reference, columns = opened.header.reference, opened.columns
            shipped = opened.quantities[columns.index(reference)] - taken
            tolerance = self.facts.classes[opened.header.product_class].custody_tolerance
            if abs(measured - shipped) * MILLION <= tolerance * shipped:
                place = member, reference, period_of(self.facts.now)
                self.variances[place] += measured - shipped
            else:
                quantities = rebased(opened, taken, measured)
                its.commitment = commitment(opened._replace(quantities=quantities))
                its.taken = 0

    def accept_signed(self, sender: str, offer: SignedOffer, signature: bytes, signer: str) -> None:
        """Offer and acceptance in one; ``signer`` is the account that the signature recovers to."""
        member, found = self.facts.operator(sender), Findings()
        found.unless(offer.to == member, "NotOfferedTo")
        found.unless(offer.from_ != offer.to, "BadRecipient")
        found.unless(self.facts.now < offer.until <= MAX_TIME, "TimeOutOfBounds")
        found.unless((offer.from_, offer.nonce) not in self.nonces, "NonceUsed")
        found.unless(self.facts.operators.get(signer) == offer.from_, "BadSignature")
        found.unless(offer.lots and len(offer.lots) == len(offer.taken), "Count")
        found.settle()
        with self.all_or_nothing(list(offer.lots)):
            for lot, gone in zip(offer.lots, offer.taken, strict=True):
                its = self.held(lot, offer.from_, found)
                if its is not None:
                    found.unless(its.taken == gone, "TakenMismatch")
                found.settle()
                assert its is not None
                hand_over(its, member)
        self.nonces.add((offer.from_, offer.nonce))

    # ---- endings

    def retire(self, sender: str, lots: Sequence[bytes], reason: int) -> None:
        """The remainder ends whole: nothing carries on, credit is extinguished."""
        member, found = self.facts.operator(sender), Findings()
        found.unless(lots, "Count")
        found.unless(reason, "UnknownValue")
        found.settle()
        with self.all_or_nothing(list(lots)):
            for lot in lots:
                its = self.held(lot, member, found)
                found.settle()
                assert its is not None
                its.state = State.RETIRED

    def exit(self, sender: str, lot: bytes, digest: bytes) -> None:
        """A lot goes to somebody who is no member."""
        member, found = self.facts.operator(sender), Findings()
        its = self.held(lot, member, found)
        found.settle()
        assert its is not None
        its.state = State.EXITED
        self.exits[lot] = digest

    def reenter(self, sender: str, lot: bytes, salt: bytes) -> None:
        """The account that the digest names takes it back in, at the same remainder."""
        member, found = self.facts.operator(sender), Findings()
        its = self.lots.get(lot)
        state = its.state if its else State.UNOPENED
        found.unless(state == State.EXITED, "LotNotInState")
        given = exit_digest(self.facts.chain_id, self.facts.custody, lot, sender, salt)
        found.unless(state != State.EXITED or self.exits[lot] == given, "NotNamedByExit")
        found.settle()
        assert its is not None
        its.state, its.previous_holder, its.holder = State.HELD, its.holder, member
        del self.exits[lot]

    # ---- freezing

    def freeze(self, sender: str, lot: bytes, until: int) -> None:
        """An authority, once a lot and for a limited time; or the consortium by vote."""
        found, its, now = Findings(), self.lots.get(lot), self.facts.now
        latest = MAX_TIME
        member = 0
        if sender != self.facts.consortium:
            member = self.facts.operator(sender)
            authority = member in self.facts.authorities
            found.unless(authority and (lot, member) not in self.freezes, "MayNotFreeze")
            latest = now + self.facts.rules.authority_freeze_s
        found.unless(now < until <= latest, "TimeOutOfBounds")
        if found.unless(its, "LotUnopened"):
            assert its is not None
            found.unless(its.state in {State.HELD, State.OFFERED}, "LotNotInState")
            found.unless(its.frozen_until < until, "Frozen")
        found.settle()
        assert its is not None
        its.frozen_until = until
        if member:
            self.freezes.add((lot, member))

    def freeze_jointly(self, sender: str, lot: bytes, until: int) -> None:
        """Both parties of an open offer ask for the same; the newest asking stands."""
        member, found = self.facts.operator(sender), Findings()
        its = self.lots.get(lot)
        offered = its is not None and its.state_at(self.facts.now) == State.OFFERED
        parties = {its.holder, its.offered_to} if its and offered else set()
        if found.unless(its, "LotUnopened"):
            assert its is not None
            found.unless(its.state in {State.HELD, State.OFFERED}, "LotNotInState")
            found.unless(its.frozen_until < until, "Frozen")
        found.unless(member in parties, "MayNotFreeze")
        found.unless(self.facts.now < until <= MAX_TIME, "TimeOutOfBounds")
        found.settle()
        assert its is not None
        (other,) = parties - {member}
        offer = its.offered_to, its.offer_until
        if self.asked.get(lot) == (other, until, offer):
            its.frozen_until = until
            del self.asked[lot]
        else:
            self.asked[lot] = member, until, offer

    # ---- exit to a successor

    def hand_over_lot(self, sender: str, lot: bytes) -> None:
        found, its = Findings(), self.lots.get(lot)
        found.unless(self.successor and sender == self.successor, "NotCaller")
        found.unless(not its or its.state != State.HANDED_OVER, "LotWithSuccessor")
        found.settle()
        its = self.lots.setdefault(lot, Lot(State.UNOPENED, 0, 0, 0, 0, 0, 0, ZERO))
        its.state = State.HANDED_OVER

    def hand_over_batch(self, sender: str, issuer: int, root: bytes) -> None:
        found, batch = Findings(), self.batches.get((issuer, root))
        found.unless(self.successor and sender == self.successor, "NotCaller")
        if found.unless(batch and not batch.withdrawn, "NotTheBatch"):
            assert batch is not None
            found.unless(not batch.handed_over, "HandedOver")
        found.settle()
        assert batch is not None
        batch.handed_over = True


def hand_over(its: Lot, member: int) -> None:
    """A lot changes hands."""
    its.previous_holder, its.holder = its.holder, member
    its.state, its.offered_to, its.offer_until = State.HELD, 0, 0


def rebased(opened: Opened, taken: int, measured: int) -> tuple[int, ...]:
    """Remainder less loss (metal and credit; CO2e never), or more mass of the same metal."""
    columns, reference = opened.columns, opened.header.reference
    whole = opened.quantities[columns.index(reference)]
    shipped = whole - taken
    rest = [
        quantity - moved(column, quantity, whole, 0, taken)
        for column, quantity in zip(columns, opened.quantities, strict=True)
    ]
    if measured > shipped:
        if kind_of(reference) != Column.MASS:
            raise Refused("GainNeedsStockTake")
        pairs = zip(columns, rest, strict=True)
        return tuple(measured if column == reference else left for column, left in pairs)
    return tuple(
        left if kind_of(column) == Column.CO2E else left * measured // shipped
        for column, left in zip(columns, rest, strict=True)
    )


def path_length(index: int, size: int) -> int:
    """Siblings between a leaf and the root of a tree of RFC 9162's shape."""
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()
