"""Honest moves: what members do when they want a call to go through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.lotbook import lot_world as world
from tests.lotbook.lot_laws import STRICT, classes_of
from tests.lotbook.lot_model import Book
from tests.lotbook.lot_papers import (
    Papers,
    cut,
    output_of,
    share_credit,
    share_out,
    write_papers,
)
from tests.lotbook.lot_values import (
    MILLION,
    ZERO,
    Column,
    Cover,
    Emission,
    Model,
    Opened,
    Output,
    Run,
    State,
    Sums,
    key,
    of_kind,
    period_of,
    qualifier_of,
    substance_of,
    total,
)

SIZES = (8, 60, 1_000, 10**6, 10**9, 10**12)
NOTHING = Run(0, 0, 0, 0, (), (), (), (), (), (), (), (), (), (), ZERO, False, ZERO)


@dataclass
class Call:
    """A call of a model's method and of the contract's function of the same name."""

    name: str
    sender: str
    arguments: tuple[Any, ...]
    papers: list[Papers] = field(default_factory=list)
    cheat: str = ""


class Moves:
    """Members who know the rules, and keep the papers of their batches and lots."""

    def __init__(self, rng: Random, book: Book) -> None:
        self.rng = rng
        self.book = book
        self.facts = book.facts
        self.papers: list[Papers] = []
        self.opened: dict[bytes, Opened] = {}
        self.salts: dict[bytes, tuple[str, bytes]] = {}
        self.nonce = 0

    # ---- choosing

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def site_of(self, member: int) -> int:
        return self.rng.choice([s for s, m in self.facts.sites.items() if m == member])

    def lots(self, member: int | None = None, state: State = State.HELD) -> list[bytes]:
        """Opened lots in a state, and of a holder."""
        now = self.facts.now
        return [
            lot
            for lot, its in self.book.lots.items()
            if its.state_at(now) == state
            and its.frozen_until <= now
            and (member is None or its.holder == member)
        ]

    def some(self, lots: list[bytes], most: int) -> list[bytes]:
        return self.rng.sample(lots, self.rng.randint(1, min(most, len(lots))))

    def window(self) -> tuple[int, int]:
        until = self.facts.now - self.rng.choice([0, 0, 60, world.DAY, 20 * world.DAY])
        return until - self.rng.choice([60, world.DAY, 10 * world.DAY]), until

    # ---- runs

    def run(self, outputs: list[Output], **parts: Any) -> Run:
        """A run over the columns of its outputs, its sources and its reductions."""
        columns = {column for output in outputs for column in output.columns}
        columns |= {column for source in parts.get("sources", ()) for column in source.columns}
        columns |= {reduction.to for reduction in parts.get("reductions", ())}
        columns |= {loss.column for loss in parts.get("losses", ())}
        from_, until = self.window()
        return NOTHING._replace(
            produced_from=from_,
            produced_to=until,
            columns=tuple(sorted(columns)),
            outputs=tuple(outputs),
            salt_seed=self.rng.randbytes(32),
            **parts,
        )

    def emissions(self, co2e: int) -> tuple[Emission, ...]:
        parts = cut(self.rng, co2e, self.rng.randint(1, 3)) if co2e >= 3 else [co2e]
        return tuple(Emission(i, part) for i, part in enumerate(parts, 1) if part)

    def fresh(self, product_class: int) -> tuple[Sums, int]:
        """Sums of new goods without carbon and credit, and their reference."""
        size = self.rng.choice(SIZES)
        count = 2 if self.chance(25) else 1
        metals = self.rng.sample([key(Column.METAL, 0, metal) for metal in world.METALS], count)
        sums = {metal: self.rng.randint(4, size) for metal in metals}
        if product_class == world.CABLE:
            reference = key(Column.UNIT, self.rng.choice(world.UNIT_KINDS))
            sums[reference] = self.rng.randint(1, 40)
        elif self.chance(75):
            reference = world.MASS
            sums[reference] = sum(sums.values()) * self.rng.randint(2, 30) // self.rng.randint(1, 2)
        else:
            reference = metals[0]
        return sums, reference

    def carbon(self, site: int, classes: list[int], co2e: int) -> tuple[int, list[int]]:
        """An allocation rule that fits, or none, and each product class's CO2e."""
        if len(classes) == 1:
            return 0, [co2e]
        for number, rule in self.facts.allocation.items():
            if rule.site == site and set(classes) <= rule.shares.keys() and self.chance(70):
                low, high = rule.shares[classes[1]]
                first = rule.shares[classes[0]]
                low, high = max(low, MILLION - first[1]), min(high, MILLION - first[0])
                part = co2e * self.rng.randint(low, high) // MILLION
                if low * co2e <= part * MILLION <= high * co2e:
                    return number, [co2e - part, part]
        part = self.rng.randint(0, co2e)
        return 0, [co2e - part, part]

    def batches(
        self, product_class: int, sums: Sums, reference: int, model: int
    ) -> list[tuple[Papers, Output]]:
        """Goods of one product class, all credit included, in one to three batches."""
        kind, count = self.facts.classes[product_class], self.rng.choice([1, 1, 1, 2, 3])
        tolerance = kind.metal_tolerance
        shares = share_out(self.rng, sums, reference, count, tolerance=tolerance)
        share_credit(self.rng, sums, shares, reference, model)
        return [self.batch(product_class, share, reference, model) for share in shares]

    def batch(
        self, product_class: int, sums: Sums, reference: int, model: int
    ) -> tuple[Papers, Output]:
        attributed = self.chance(10)
        lots = share_out(
            self.rng,
            sums,
            reference,
            self.rng.choice([1, 2, 3, 5, 8]),
            attributed=attributed,
            tolerance=self.facts.classes[product_class].metal_tolerance,
        )
        share_credit(self.rng, sums, lots, reference, model)
        if len(lots) > 1 and self.chance(6):
            self.warp(lots)
        padding = self.rng.choice([0, 0, 0, 1, 3])
        papers = write_papers(self.rng, sums, lots, padding)
        output = output_of(papers, reference, product_class, model, attributed=attributed)
        return papers, output

    def warp(self, lots: list[Sums]) -> None:
        """A cheat that shows when a lot is opened: something is parked on another lot."""
        one, other = self.rng.sample(lots, 2)
        kinds = (Column.METAL, Column.CLASS, Column.CO2E, Column.CREDIT)
        column = self.rng.choice([c for kind in kinds for c in of_kind(one, kind)])
        parked = self.rng.choice([min(1, one[column]), one[column]])
        one[column] -= parked
        other[column] += parked

    def originate(self) -> Call:
        member = self.rng.choice([world.MINER, world.MINER, world.SMELTER])
        site = self.site_of(member)
        classes = self.rng.sample([world.CONCENTRATE, world.SLAG, world.CATHODE], 1)
        if self.chance(30):
            classes = [world.CONCENTRATE if site in {1, 4} else world.CATHODE, world.SLAG]
        rule, carbons = self.carbon(site, classes, self.rng.randint(0, self.rng.choice(SIZES)))
        made: list[tuple[Papers, Output]] = []
        for product_class, co2e in zip(classes, carbons, strict=True):
            sums, reference = self.fresh(product_class)
            model = self.rng.randint(1, 4)
            credit = self.first_credit(site, sums, model)
            if not credit:
                model = self.rng.choice([Model.CONTROLLED_BLENDING, Model.MASS_BALANCE])
            sums |= credit | {world.CO2E: co2e}
            made += self.batches(product_class, sums, reference, model)
        papers, outputs = [p for p, _ in made], [o for _, o in made]
        parts = {"site": site, "rule": rule, "emissions": self.emissions(sum(carbons))}
        run = self.run(outputs, **parts, covers=self.covers(site, outputs))
        return Call("originate", world.ACCOUNTS[member], (run,), papers)

    def first_credit(self, site: int, sums: Sums, model: int) -> Sums:
        """Credit at origin under programmes that the site is assured for."""
        now = self.facts.now
        span = max(now - 40 * world.DAY, world.OPENED), now
        able = [p for p in self.facts.programmes if self.certificates(site, p, span)]
        credit: Sums = {}
        for metal in of_kind(sums, Column.METAL):
            if not able:
                break
            rest = sums[metal]
            for programme in self.rng.sample(able, 1 if model in STRICT else min(2, len(able))):
                column = key(Column.CREDIT, programme, substance_of(metal))
                whole = model in STRICT or self.chance(30)
                credit[column] = rest if whole else self.rng.randint(0, rest)
                rest -= credit[column]
        return credit

    def certificates(
        self, site: int, programme: int, span: tuple[int, int]
    ) -> tuple[int, ...] | None:
        """One for each mark of the programme, if there are."""
        chosen = []
        for mark in self.facts.programmes[programme]:
            for number, (place, its_mark, from_, until) in self.facts.certificates.items():
                lapses = self.facts.suspensions[number]
                lapsed = any(s[0] < span[1] and span[0] < s[1] for s in lapses)
                fits = place == site and its_mark >> 8 == mark >> 8 and its_mark >= mark
                if fits and from_ <= span[0] and span[1] <= until and not lapsed:
                    chosen.append(number)
                    break
        return tuple(chosen) if len(chosen) == len(self.facts.programmes[programme]) else None

    def covers(self, site: int, outputs: Iterable[Output]) -> tuple[Cover, ...]:
        made = total(dict(zip(o.columns, o.sums, strict=True)) for o in outputs)
        covers = []
        for column in sorted(of_kind(made, Column.CREDIT)):
            span = self.facts.now - 40 * world.DAY, self.facts.now
            found = self.certificates(site, qualifier_of(column), span)
            covers.append(Cover(column, found or ()))
        return tuple(covers)

    def uncertified(self, name: str, member: int, site: int, most: int, **parts: Any) -> Call:
        """An external or gained batch."""
        product_class = self.rng.choice([world.CONCENTRATE, world.CATHODE, world.CABLE])
        sums, reference = self.fresh(product_class)
        if most:
            metal = self.rng.choice(list(parts.pop("metals")))
            sums, reference = {metal: self.rng.randint(1, most)}, metal
        default = -(-self.facts.classes[product_class].co2e_default * sums[reference] // MILLION)
        sums[world.CO2E] = default + self.rng.choice([0, 1, 5000])
        if name == "declare_external":
            for metal in of_kind(sums, Column.METAL):
                sums[classes_of(metal)[0 if parts["recycled"] else 1]] = sums[metal]
        made = self.batch(product_class, sums, reference, Model.CONTROLLED_BLENDING)
        parts["emissions"] = self.emissions(sums[world.CO2E])
        run = self.run([made[1]], site=site, **parts)
        return Call(name, world.ACCOUNTS[member], (run,), [made[0]])

    def declare_external(self) -> Call:
        member = self.rng.choice([world.MINER, world.SMELTER, world.MAKER, world.TRADER])
        own = [s for s, m in self.facts.sites.items() if m == member]
        site, source = self.rng.choice([0, *own]), self.rng.randbytes(32)
        recycled = self.chance(40)
        return self.uncertified(
            "declare_external", member, site, 0, source=source, recycled=recycled
        )

    def gain(self) -> Call | None:
        from_, until = self.window()
        del from_
        uses = [
            (site, substance, self.facts.rules.gain_ppm * use.taken // MILLION - use.gained)
            for (site, substance, period), use in self.book.uses.items()
            if period == period_of(until - 1)
        ]
        bounded = [use for use in uses if use[2] > 0]
        if not bounded:
            return None
        site, substance, most = self.rng.choice(bounded)
        metal = key(Column.METAL, 0, substance)
        member = self.facts.sites[site]
        call = self.uncertified("gain", member, site, most, metals=[metal])
        run = call.arguments[0]._replace(produced_from=until - 60, produced_to=until)
        call.arguments = (run,)
        return call
