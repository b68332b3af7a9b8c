"""What the lot book remembers, and the questions that several of its rules ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.lotbook.lot_facts import Facts, Findings, Refused
from tests.lotbook.lot_values import Header, Opened, State, commitment, header_digest, lot_id


@dataclass
class Batch:
    """One word on chain: the header's digest, and what became of the batch."""

    header: Header
    opened: bool = False
    withdrawn: bool = False
    handed_over: bool = False

    @property
    def word(self) -> bytes:
        """Header digest with bit 0 cleared | opened; 2 = withdrawn, 4 = handed over."""
        if self.withdrawn or self.handed_over:
            return (4 if self.handed_over else 2).to_bytes(32)
        digest = header_digest(self.header)
        return digest[:-1] + bytes([digest[-1] & 0xFE | self.opened])


@dataclass
class Lot:
    """Two slots, in the order of ``ILotBook.Lot``."""

    state: int
    holder: int
    offered_to: int
    previous_holder: int
    taken: int
    frozen_until: int
    offer_until: int
    commitment: bytes

    def state_at(self, now: int) -> State:
        """OFFERED counts as HELD once the offer is over."""
        over = self.state == State.OFFERED and self.offer_until <= now
        return State.HELD if over else State(self.state)


@dataclass
class Use:
    """What was done at a site in a period with a substance."""

    originated: int = 0
    taken: int = 0
    gained: int = 0


class Ledger:
    """Everything that calls change."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.batches: dict[tuple[int, bytes], Batch] = {}
        self.lots: dict[bytes, Lot] = {}
        self.uses: dict[tuple[int, int, int], Use] = {}
        self.ceilings: Counter[tuple[int, int, int]] = Counter()
        self.accounts: Counter[tuple[int, int, int, int]] = Counter()
        self.variances: Counter[tuple[int, int, int]] = Counter()
        self.sources: dict[bytes, tuple[int, bytes]] = {}
        self.exits: dict[bytes, bytes] = {}
        self.nonces: set[tuple[int, int]] = set()
        self.sequences: Counter[int] = Counter()
        self.freezes: set[tuple[bytes, int]] = set()
        self.asked: dict[bytes, tuple[int, int, tuple[int, int]]] = {}
        """Who asked for a joint freeze until when, in the offer to whom until when."""
        self.successor = ""
        self.extinguished: Counter[int] = Counter()
        """By credit column: let go, its metal lost, or left by a residue. No contract keeps it."""

    def use(self, site: int, substance: int, period: int) -> Use:
        return self.uses.setdefault((site, substance, period), Use())

    @contextmanager
    def all_or_nothing(self, lots: tuple[bytes, ...] | list[bytes]) -> Iterator[None]:
        """A call that names many lots changes all of them or none."""
        before = {lot: replace(self.lots[lot]) for lot in lots if lot in self.lots}
        try:
            yield
        except Refused:
            self.lots.update(before)
            raise

    def recorded(self, header: Header, found: Findings) -> Batch | None:
        """The batch of a header, if this is its header and it still counts."""
        batch = self.batches.get((header.issuer, header.root))
        stands = batch and not batch.withdrawn and not batch.handed_over
        found.unless(stands and batch and batch.header == header, "NotTheBatch")
        return batch

    def held(self, lot: bytes, member: int, found: Findings) -> Lot | None:
        """A lot that its holder may act on now."""
        its = self.lots.get(lot)
        if its is None:
            found.unless(False, "LotUnopened")
            return None
        state = its.state_at(self.facts.now)
        if state == State.OFFERED:
            found.unless(False, "LockedByOffer")
        else:
            found.unless(state == State.HELD, "LotNotInState")
        found.unless(its.holder == member, "NotHolder")
        found.unless(its.frozen_until <= self.facts.now, "Frozen")
        return its

    def offered(self, lot: bytes, member: int, found: Findings) -> Lot | None:
        """A lot that is offered to the member now."""
        its = self.lots.get(lot)
        if its is None:
            found.unless(False, "LotNotInState")
            return None
        if found.unless(its.state == State.OFFERED, "LotNotInState"):
            found.unless(self.facts.now < its.offer_until, "TimeOutOfBounds")
        found.unless(its.offered_to == member, "NotOfferedTo")
        return its

    def is_what_was_opened(self, opened: Opened, found: Findings) -> bytes:
        """The lot's id; what is handed in must have its commitment."""
        lot = lot_id(opened.header.issuer, opened.lot_key)
        its = self.lots.get(lot)
        if its is not None:
            found.unless(its.commitment == commitment(opened), "NotWhatWasOpened")
        return lot
