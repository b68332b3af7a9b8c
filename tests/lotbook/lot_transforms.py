"""Honest transforms: partial takes, splits, merges, residues, losses, reductions, draws."""

from __future__ import annotations

from tests.lotbook import lot_world as world
from tests.lotbook.lot_facts import Findings, Refused
from tests.lotbook.lot_laws import STRICT, classes_of, pure
from tests.lotbook.lot_moves import Call, Moves
from tests.lotbook.lot_papers import Papers, cut, share_out, spread
from tests.lotbook.lot_runs import Taken
from tests.lotbook.lot_values import (
    Column,
    Draw,
    FirstMeasured,
    Kind,
    Loss,
    Model,
    Output,
    Reduction,
    Run,
    Source,
    Sums,
    Take,
    credits_of,
    key,
    metal_of,
    of_kind,
    qualifier_of,
    substance_of,
)

ASSEMBLED = 7


class Transforms(Moves):
    """Everything that is made of lots."""

    def takes(self, lots: list[bytes], *, waive: bool) -> tuple[list[Source], list[Take]]:
        """Of each lot a part or all that is left, sometimes in two goes."""
        sources: list[Source] = []
        takes = []
        for lot in lots:
            opened = self.opened[lot]
            source = Source(opened.header, opened.columns)
            if source not in sources:
                sources.append(source)
            gone = self.book.lots[lot].taken
            reference = opened.columns.index(opened.header.reference)
            rest = opened.quantities[reference] - gone
            amount = rest if self.chance(65) else self.rng.randint(1, rest)
            waived = 0
            for i, column in enumerate(opened.columns):
                if column in of_kind([column], Column.CREDIT) and (waive or self.chance(4)):
                    waived |= 1 << i
            parts = cut(self.rng, amount, 2) if amount > 1 and self.chance(15) else [amount]
            for part in parts:
                where = sources.index(source)
                takes.append(Take(where, *opened[2:], gone, part, waived))
                gone += part
        return sources, takes

    def transform(self) -> Call | None:
        lots = [
            lot for lot in self.lots() if self.book.lots[lot].holder in self.facts.sites.values()
        ]
        if not lots:
            return None
        member = self.book.lots[self.rng.choice(lots)].holder
        own = [lot for lot in lots if self.book.lots[lot].holder == member]
        suspended = [lot for lot in own if self.of_a_suspended_site(lot)]
        if suspended and self.chance(60):
            own = suspended
        chosen = self.some(own, 6 if self.chance(20) else 3)
        site = self.site_of(member)
        for waive in (False, True):
            sources, takes = self.takes(chosen, waive=waive)
            draft = self.run([], site=site, sources=tuple(sources), takes=tuple(takes))
            found = Findings()
            try:
                taken = self.book.take_all(member, draft, found)
                found.settle()
            except Refused:
                continue
            return self.made_of(member, draft, taken)
        return None

    def of_a_suspended_site(self, lot: bytes) -> bool:
        """Some of its credit must be waived."""
        header, columns = self.opened[lot][:2]
        programmes = [qualifier_of(column) for column in of_kind(columns, Column.CREDIT)]
        return header.kind == Kind.ORIGIN and any(
            self.facts.suspended(header.site, programme) for programme in programmes
        )

    def made_of(self, member: int, draft: Run, taken: Taken) -> Call:
        """Outputs of what was taken."""
        reductions = self.reductions(taken)
        given = self.book.reduced(draft._replace(columns=(*taken.sums,)), taken.sums, Findings())
        for one in reductions:
            given[one.from_] -= one.quantity
            given[one.to] = given.get(one.to, 0) + one.quantity
        first = self.first_measured(given)
        plans, losses = self.plan(given, first)
        emitted = self.rng.choice([0, 0, 7, given[world.CO2E] // 10, 10**6])
        classes = [product_class for product_class, _, _ in plans]
        rule, carbons = self.carbon(draft.site, classes, given[world.CO2E] + emitted)
        made: list[tuple[Papers, Output]] = []
        draws: list[Draw] = []
        for (product_class, sums, reference), co2e in zip(plans, carbons, strict=True):
            sums[world.CO2E] = co2e
            model = self.model_for(given, sums, taken)
            made += self.credited(
                draft.site, product_class, sums, reference, model, given, draws, len(made)
            )
        outputs = [output for _, output in made]
        run = self.run(
            outputs,
            site=draft.site,
            rule=rule,
            sources=draft.sources,
            takes=draft.takes,
            first=tuple(first),
            reductions=tuple(reductions),
            draws=tuple(draws),
            losses=tuple(losses),
            emissions=self.emissions(emitted),
        )
        return Call("transform", world.ACCOUNTS[member], (run,), [papers for papers, _ in made])

    def reductions(self, taken: Taken) -> list[Reduction]:
        named: list[Reduction] = []
        for one, other in sorted(self.facts.reducible):
            for column in of_kind(taken.sums, Column.CREDIT):
                same = column == key(Column.CREDIT, one, substance_of(column))
                if same and taken.sums[column] and self.chance(15):
                    to = key(Column.CREDIT, other, substance_of(column))
                    whole = taken.sums[column]
                    if not any(r.from_ == column for r in named):
                        part = whole if self.chance(50) else self.rng.randint(1, whole)
                        named.append(Reduction(column, to, part))
        return named

    def first_measured(self, given: Sums) -> list[FirstMeasured]:
        metal = key(Column.METAL, 0, 79)
        if given.get(metal, 0) or not self.chance(8):
            return []
        return [FirstMeasured(metal, self.rng.randint(1, 10_000))]

    def plan(
        self, given: Sums, first: list[FirstMeasured]
    ) -> tuple[list[tuple[int, Sums, int]], list[Loss]]:
        """Product classes with their sums, carbon and credit apart, and what is lost."""
        main = self.rng.choice([world.CONCENTRATE, world.CATHODE, world.CABLE, world.IN_PROCESS])
        sums: Sums = {}
        slag: Sums = {}
        losses = []
        with_slag = self.chance(35)
        metals = {metal: given[metal] for metal in of_kind(given, Column.METAL)}
        for found in first:
            metals[found.column] = metals.get(found.column, 0) + found.quantity
        for metal, whole in metals.items():
            lost = self.rng.randint(0, whole // 20) if self.chance(30) else 0
            if lost:
                losses.append(Loss(metal, lost, self.rng.randint(1, 8)))
            part = self.rng.randint(0, (whole - lost) // 8) if with_slag else 0
            sums[metal], slag[metal] = whole - lost - part, part
        reference = self.measure(main, sums)
        losses += self.unit_losses(given, sums, reference)
        plans = [(main, sums, reference)]
        if with_slag:
            slag[world.MASS] = sum(slag.values()) * 3 + self.rng.randint(1, 50)
            plans.append((world.SLAG, slag, world.MASS))
        return sorted(plans, key=lambda plan: plan[0]), losses

    def measure(self, main: int, sums: Sums) -> int:
        """The reference of the main product: pieces, mass, or a metal."""
        if main == world.CABLE and self.chance(60):
            kind = key(Column.UNIT, self.rng.choice(world.UNIT_KINDS))
            sums[kind] = self.rng.randint(1, 60)
            return kind
        metals = [metal for metal in of_kind(sums, Column.METAL) if sums[metal]]
        if metals and self.chance(25):
            return self.rng.choice(metals)
        sums[world.MASS] = min(2**52, sum(sums.values()) * self.rng.randint(1, 5)) + 1
        return world.MASS

    def unit_losses(self, given: Sums, sums: Sums, reference: int) -> list[Loss]:
        """Pieces that were taken go on as such, or are assembled."""
        losses = []
        for unit in of_kind(given, Column.UNIT):
            if not given[unit]:
                continue
            stays = 0
            if unit == reference:
                stays = sums[unit] = self.rng.randint(1, given[unit])
            if given[unit] > stays:
                losses.append(Loss(unit, given[unit] - stays, ASSEMBLED))
        return losses

    def model_for(self, given: Sums, sums: Sums, taken: Taken) -> int:
        """One that the conditions allow."""
        allowed = [m for m in Model if m >= taken.weakest and m not in STRICT]
        if taken.pure and not any(taken.waived.values()) and self.single(given, sums):
            origins = taken.origins
            allowed += [Model.SEGREGATED] if taken.weakest <= Model.SEGREGATED else []
            if len(origins) == 1 and 0 not in origins and taken.weakest == 1:
                allowed += [Model.IDENTITY_PRESERVED]
        return self.rng.choice(allowed)

    def single(self, given: Sums, sums: Sums) -> bool:
        """Of every metal there is credit of one programme for all of it."""
        metals = [metal for metal in of_kind(sums, Column.METAL) if sums[metal]]
        return pure(given) and all(given.get(metal, 0) for metal in metals)

    def credited(
        self,
        site: int,
        product_class: int,
        sums: Sums,
        reference: int,
        model: int,
        given: Sums,
        draws: list[Draw],
        before: int,
    ) -> list[tuple[Papers, Output]]:
        """Batches of a class, each with the classes and the credit that it may have."""
        tolerance = self.facts.classes[product_class].metal_tolerance
        count = self.rng.choice([1, 1, 1, 2, 3])
        shares = share_out(self.rng, sums, reference, count, tolerance=tolerance)
        for share in shares:
            self.classify(share, given)
        for column in of_kind(given, Column.CREDIT):
            self.share_caps(site, column, shares, reference, model, given, draws, before)
        kept = [{c: q for c, q in share.items() if worth(c, q)} for share in shares]
        return [self.batch(product_class, share, reference, model) for share in kept]

    def classify(self, share: Sums, given: Sums) -> None:
        """Recycled at most its share, external at least."""
        for metal in of_kind(list(share), Column.METAL):
            recycled, external = classes_of(metal)
            if given.get(metal, 0):
                for column, up in ((recycled, False), (external, True)):
                    whole = given.get(column, 0) * share[metal]
                    part = -(-whole // given[metal]) if up else whole // given[metal]
                    if part or self.chance(5):
                        share[column] = part

    def share_caps(
        self,
        site: int,
        column: int,
        shares: list[Sums],
        reference: int,
        model: int,
        given: Sums,
        draws: list[Draw],
        before: int,
    ) -> None:
        """Of each batch's cap so much as its model asks, or as the issuer likes."""
        metal = metal_of(column)
        whole = given.get(metal, 0)
        caps = [given[column] * s.get(metal, 0) // whole if whole else 0 for s in shares]
        room = [
            s.get(metal, 0) - sum(s.get(c, 0) for c in credits_of(list(s), metal)) for s in shares
        ]
        sizes = [share[reference] for share in shares]
        if model in STRICT:
            parts = caps
        elif model == Model.CONTROLLED_BLENDING:
            everything = sum(sizes)
            bounds = zip(caps, room, sizes, strict=True)
            most = min(min(cap, free) * everything // size for cap, free, size in bounds)
            parts = spread(self.rng.choice([most, most, 0]), sizes)
        else:
            parts = [min(cap, free) for cap, free in zip(caps, room, strict=True)]
            if self.chance(50):
                parts = [self.rng.randint(0, part) for part in parts]
        for i, (share, part, free) in enumerate(zip(shares, parts, room, strict=True)):
            share[column] = part
            spent = part == caps[i] and model == Model.MASS_BALANCE
            if spent and free > part and self.chance(60):
                share[column] += self.draw(site, column, free - part, draws, before + i)

    def draw(self, site: int, column: int, most: int, draws: list[Draw], output: int) -> int:
        """Something from the site's account, above the batch's share."""
        usable = self.book.usable(site, column)
        spent = sum(draw.quantity for draw in draws if draw.column == column)
        most = min(most, sum(self.book.accounts[place] for place in usable) - spent)
        if most <= 0:
            return 0
        drawn = self.rng.choice([most, self.rng.randint(1, most)])
        draws.append(Draw(output, column, drawn))
        return drawn


def worth(column: int, quantity: int) -> bool:
    """A column of zeros is left out, unless the law asks for it."""
    return quantity > 0 or column == world.CO2E or column in of_kind([column], Column.METAL)
