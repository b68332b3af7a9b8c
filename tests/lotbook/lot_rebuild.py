"""The lot book's state from its events alone, and that nothing in it came from nowhere.

For every column but mass, after every call:

    entered = not yet opened + left of opened lots + ended + (credit) accounts + extinguished

``entered`` are ways in, first measured metal, declared emissions, pieces that newly appear;
``ended`` are declared losses and what a rebased lot lost. What is left of a retired or exited lot
stays in the sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.lotbook.lot_laws import moved
from tests.lotbook.lot_state import Lot, Use
from tests.lotbook.lot_values import (
    Column,
    Header,
    Kind,
    Opened,
    State,
    Sums,
    commitment,
    header_digest,
    key,
    kind_of,
)

Event = tuple[str, tuple[Any, ...], tuple[Any, ...]]
BALANCED = {Column.METAL, Column.CLASS, Column.CO2E, Column.CREDIT, Column.UNIT}


@dataclass
class Issued:
    header: Header
    sums: Sums
    unopened: Sums
    opened: bool = False
    withdrawn: bool = False
    handed_over: bool = False

    @property
    def word(self) -> bytes:
        if self.withdrawn or self.handed_over:
            return (4 if self.handed_over else 2).to_bytes(32)
        digest = header_digest(self.header)
        return digest[:-1] + bytes([digest[-1] & 0xFE | self.opened])


class Rebuilt:
    """Folds events; keeps the balance of every column as it goes."""

    def __init__(self) -> None:
        self.batches: dict[tuple[int, bytes], Issued] = {}
        self.lots: dict[bytes, Lot] = {}
        self.papers: dict[bytes, Opened] = {}
        self.uses: dict[tuple[int, int, int], Use] = {}
        self.ceilings: dict[tuple[int, int, int], int] = {}
        self.accounts: dict[tuple[int, int, int, int], int] = {}
        self.variances: dict[tuple[int, int, int], int] = {}
        self.exits: dict[bytes, bytes] = {}
        self.nonces: set[tuple[int, int]] = set()
        self.replaced: dict[tuple[int, bytes], Sums] = {}
        self.seen: Counter[str] = Counter()
        self.entered: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.unopened: Counter[int] = Counter()
        self.left: Counter[int] = Counter()
        self.banked: Counter[int] = Counter()
        self.extinguished: Counter[int] = Counter()

    # ---- balance

    def fold(self, events: list[Event]) -> None:
        """All that one call said."""
        banked = Counter(self.banked)
        made: Counter[int] = Counter()
        runs = []
        for name, keys, values in events:
            self.seen[name] += 1
            if name == "RunRecorded":
                runs.append(values)
            elif name == "BatchIssued" and values[0][1] == Kind.TRANSFORM:
                made.update(self.issue(keys, values))
            else:
                getattr(self, f"on_{name}")(*keys, *values)
        for values in runs:
            if values[0] == Kind.TRANSFORM:
                self.transformed(values, made, self.minus(self.banked, banked))
        self.check()

    def check(self) -> None:
        """Nothing came from nowhere, and nothing is less than nothing."""
        for column in {*self.entered, *self.unopened, *self.left, *self.banked}:
            if kind_of(column) not in BALANCED:
                continue
            accounted = self.unopened[column] + self.left[column] + self.ended[column]
            accounted += self.banked[column] + self.extinguished[column]
            assert self.entered[column] == accounted, f"column {column:#x} does not balance"
            assert min(self.unopened[column], self.banked[column], self.left[column]) >= 0
            assert kind_of(column) == Column.CLASS or self.extinguished[column] >= 0

    @staticmethod
    def minus(one: Counter[int], other: Counter[int]) -> Counter[int]:
        return Counter({column: one[column] - other[column] for column in {*one, *other}})

    def remainder(self, lot: bytes) -> Sums:
        """What is left of a lot, column by column."""
        papers, taken = self.papers[lot], self.lots[lot].taken
        whole = papers.quantities[papers.columns.index(papers.header.reference)]
        return {
            column: quantity - moved(column, quantity, whole, 0, taken)
            for column, quantity in zip(papers.columns, papers.quantities, strict=True)
        }

    def transformed(
        self, values: tuple[Any, ...], made: Counter[int], banked: Counter[int]
    ) -> None:
        """Taken + entered = made + ended, and for credit + banked + extinguished."""
        _, _, takes, first, reductions, _, losses, emissions = values
        taken: Counter[int] = Counter()
        for lot, gone, amount in takes:
            before = self.remainder(lot)
            assert self.lots[lot].taken == gone
            self.lots[lot].taken += amount
            after = self.remainder(lot)
            taken.update({column: before[column] - after[column] for column in before})
            self.left.subtract({column: before[column] - after[column] for column in before})
            reference = self.papers[lot].header.reference
            empty = after[reference] == 0
            self.lots[lot].state = State.CONSUMED if empty else State.HELD
        entered, ended = Counter[int](), Counter[int]()
        for column, quantity in first:
            entered[column] += quantity
        for column, quantity, _ in losses:
            ended[column] += quantity
        for one, other, quantity in reductions:
            taken[one] -= quantity
            taken[other] += quantity
            self.entered[one] -= quantity
            self.entered[other] += quantity
        co2e = [column for column in made if kind_of(column) == Column.CO2E]
        entered[co2e[0]] += sum(quantity for _, quantity in emissions)
        for column in {*taken, *made, *banked}:
            kind = kind_of(column)
            rest = taken[column] + entered[column] - made[column] - ended[column]
            if kind == Column.UNIT and not taken[column]:
                entered[column] += made[column]
            elif kind in {Column.CREDIT, Column.CLASS}:
                self.extinguished[column] += rest - banked[column]
        self.entered.update(entered)
        self.ended.update(ended)

    # ---- batches

    def issue(self, keys: tuple[Any, ...], values: tuple[Any, ...]) -> Sums:
        header, columns, sums, _ = values
        content = dict(zip(columns, sums, strict=True))
        batch = Issued(Header(*header), content, dict(content))
        assert keys == (header[2], header[5])
        assert keys not in self.batches, "issued twice"
        self.batches[header[2], header[5]] = batch
        self.unopened.update(content)
        return content

    def on_BatchIssued(self, issuer: int, root: bytes, *values: Any) -> None:
        self.entered.update(self.issue((issuer, root), values))

    def on_BatchWithdrawn(self, issuer: int, root: bytes, replacement: bytes) -> None:
        batch = self.batches[issuer, root]
        batch.withdrawn = True
        self.unopened.subtract(batch.sums)
        if replacement == bytes(32):
            self.entered.subtract(batch.sums)
        else:
            self.replaced[issuer, replacement] = batch.sums

    def on_BatchReplaced(self, issuer: int, root: bytes, header: Any) -> None:
        sums = self.replaced.pop((issuer, root))
        self.issue((issuer, root), (header, tuple(sums), tuple(sums.values()), b""))

    def on_BatchHandedOver(self, issuer: int, root: bytes) -> None:
        self.batches[issuer, root].handed_over = True

    def on_PeriodUsed(self, site: int, substance: int, period: int, *amounts: int) -> None:
        self.uses[site, substance, period] = Use(*amounts)

    def on_CeilingUsed(self, member: int, substance: int, period: int, used: int) -> None:
        self.ceilings[member, substance, period] = used

    def on_CreditChanged(
        self, site: int, programme: int, substance: int, period: int, balance: int
    ) -> None:
        place = site, programme, substance, period
        column = key(Column.CREDIT, programme, substance)
        self.banked[column] += balance - self.accounts.get(place, 0)
        self.accounts[place] = balance

    # ---- lots

    def on_LotOpened(self, lot: bytes, issuer: int, root: bytes, index: int, *content: Any) -> None:
        lot_key, statement_leaf, columns, quantities = content
        batch = self.batches[issuer, root]
        papers = Opened(batch.header, columns, index, lot_key, statement_leaf, quantities)
        batch.opened = True
        assert lot not in self.lots, "opened twice"
        self.papers[lot] = papers
        self.lots[lot] = Lot(State.HELD, issuer, 0, 0, 0, 0, 0, commitment(papers))
        sums = dict(zip(columns, quantities, strict=True))
        self.unopened.subtract(sums)
        self.left.update(sums)
        for column, quantity in sums.items():
            batch.unopened[column] -= quantity
            assert batch.unopened[column] >= 0, "more opened than the batch had"

    def on_LotOffered(
        self, lot: bytes, from_: int, to: int, until: int, taken: int, consignment: bytes
    ) -> None:
        its = self.lots[lot]
        assert (its.holder, its.taken) == (from_, taken)
        its.state, its.offered_to, its.offer_until = State.OFFERED, to, until

    def on_OfferEnded(self, lot: bytes, by: int) -> None:
        its = self.lots[lot]
        its.state, its.offered_to, its.offer_until = State.HELD, 0, 0

    def on_LotAccepted(
        self, lot: bytes, from_: int, to: int, taken: int, consignment: bytes
    ) -> None:
        its = self.lots[lot]
        assert (its.holder, its.taken) == (from_, taken)
        its.previous_holder, its.holder = from_, to
        its.state, its.offered_to, its.offer_until = State.HELD, 0, 0

    def on_LotTaken(self, lot: bytes, by: int, taken: int, amount: int, consumed: bool) -> None:
        """What ``RunRecorded`` says as well."""
        whole = self.papers[lot].quantities[self.papers[lot].columns.index(self.reference(lot))]
        assert consumed == (taken + amount == whole)
        assert self.lots[lot].holder == by

    def reference(self, lot: bytes) -> int:
        return self.papers[lot].header.reference

    def on_NonceSpent(self, member: int, nonce: int) -> None:
        self.nonces.add((member, nonce))

    def on_LotMeasured(self, lot: bytes, by: int, *measures: Any) -> None:
        assert lot in self.lots

    def on_VarianceRecorded(
        self, member: int, column: int, period: int, change: int, total: int
    ) -> None:
        place = member, column, period
        assert self.variances.get(place, 0) + change == total
        self.variances[place] = total

    def on_LotRebased(
        self, lot: bytes, before: Iterable[int], taken: int, quantities: tuple[int, ...]
    ) -> None:
        papers, its = self.papers[lot], self.lots[lot]
        assert (tuple(before), taken) == (papers.quantities, its.taken)
        rest = self.remainder(lot)
        self.papers[lot] = papers._replace(quantities=quantities)
        its.commitment, its.taken = commitment(self.papers[lot]), 0
        now = self.remainder(lot)
        self.left.subtract(rest)
        self.left.update(now)
        self.ended.update({column: rest[column] - now[column] for column in rest})

    def on_LotRetired(self, lot: bytes, by: int, taken: int, reason: int) -> None:
        assert self.lots[lot].taken == taken
        self.lots[lot].state = State.RETIRED

    def on_LotExited(self, lot: bytes, by: int, taken: int, digest: bytes) -> None:
        assert self.lots[lot].taken == taken
        self.lots[lot].state = State.EXITED
        self.exits[lot] = digest

    def on_LotReentered(self, lot: bytes, by: int, taken: int) -> None:
        its = self.lots[lot]
        assert its.taken == taken
        its.state, its.previous_holder, its.holder = State.HELD, its.holder, by
        del self.exits[lot]

    def on_LotFrozen(self, lot: bytes, by: int, until: int, jointly: bool) -> None:
        self.lots[lot].frozen_until = until

    def on_FreezeAsked(self, lot: bytes, by: int, until: int) -> None:
        assert lot in self.lots

    def on_LotHandedOver(self, lot: bytes) -> None:
        unopened = Lot(State.UNOPENED, 0, 0, 0, 0, 0, 0, bytes(32))
        self.lots.setdefault(lot, unopened).state = State.HANDED_OVER
