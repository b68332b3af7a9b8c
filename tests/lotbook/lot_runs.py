"""Runs of the lot book: ways in (DESIGN 4.5) and transforms (4.4), judged whole, then recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.lotbook.lot_cause import cause_of
from tests.lotbook.lot_facts import Findings
from tests.lotbook.lot_laws import BatchSums, RunSums, classes_of, co2e, judge_run, moved, pure
from tests.lotbook.lot_shapes import ascending, known_column, well_shaped_output
from tests.lotbook.lot_state import Batch, Ledger, Lot
from tests.lotbook.lot_values import (
    INHERITED,
    MAX_QUANTITY,
    MILLION,
    ZERO,
    Column,
    Flag,
    Header,
    Kind,
    Model,
    Opened,
    Run,
    State,
    Sums,
    Take,
    kind_of,
    of_kind,
    period_of,
    qualifier_of,
    substance_of,
    total,
    totals_digest,
)


@dataclass
class Taken:
    """What the takes of a run add up to."""

    sums: Sums = field(default_factory=dict)
    lots: dict[bytes, Lot] = field(default_factory=dict)
    gone: Counter[bytes] = field(default_factory=Counter)
    whole: dict[bytes, int] = field(default_factory=dict)
    origins: set[int] = field(default_factory=set)
    weakest: int = Model.IDENTITY_PRESERVED
    flags: int = 0
    pure: bool = True
    waived: Counter[int] = field(default_factory=Counter)


class Runs(Ledger):
    """Every method records a run or raises ``Refused``."""

    # ---- ways in

    def originate(self, sender: str, run: Run) -> None:
        """Certify what a registered site produced."""
        member, found = self.begin(sender, run, Kind.ORIGIN)
        sums = self.sums_of(run, way_in=True)
        judge_run(sums, found)
        self.without_class(sums, found)
        period = period_of(run.produced_to - 1)
        for metal in of_kind(sums.made, Column.METAL):
            use = self.use(run.site, substance_of(metal), period)
            capacity = self.facts.capacities.get((run.site, substance_of(metal)), 0)
            found.unless(use.originated + sums.made[metal] <= capacity, "OverCapacity")
        found.settle()
        for metal in of_kind(sums.made, Column.METAL):
            self.use(run.site, substance_of(metal), period).originated += sums.made[metal]
        self.record(member, sender, run, Kind.ORIGIN, run.site, self.flags_of(run, sums))

    def check_covers(self, run: Run, found: Findings) -> None:
        """Credit enters at origin if the whole production period is assured, and only there."""
        covered = [cover.column for cover in run.covers]
        needed = of_kind(run.columns, Column.CREDIT)
        found.unless(sorted(covered) == sorted(needed), "CoverMissing")
        for cover in run.covers:
            programme = qualifier_of(cover.column)
            if cover.column in needed and programme in self.facts.programmes:
                span = run.produced_from, run.produced_to
                found.errors += self.facts.covers(run.site, programme, span, cover.certificates)

    def declare_external(self, sender: str, run: Run) -> None:
        """Bring in one batch from outside: its class for ever, no credit."""
        member, found = self.begin(sender, run, Kind.EXTERNAL)
        found.unless(run.source != ZERO, "SourceMissing")
        found.unless(run.source not in self.sources, "SourceUsed")
        sums = self.sums_of(run, way_in=True)
        judge_run(sums, found)
        self.uncertified(sums, found)
        made, period = sums.made, period_of(run.produced_to - 1)
        for metal in of_kind(made, Column.METAL):
            own = classes_of(metal)[0 if run.recycled else 1]
            found.unless(made.get(own, 0) == made[metal], "QuantityOutOfBounds")
            other = classes_of(metal)[1 if run.recycled else 0]
            found.unless(not made.get(other, 0), "ClassAtWayIn")
            where = member, substance_of(metal)
            wanted = self.ceilings[*where, period] + made[metal]
            found.unless(wanted <= self.facts.ceilings.get(where, 0), "OverCeiling")
        found.settle()
        for metal in of_kind(made, Column.METAL):
            self.ceilings[member, substance_of(metal), period] += made[metal]
        self.sources[run.source] = member, run.outputs[0].root
        flag = Flag.RECYCLED if run.recycled else Flag.EXTERNAL
        self.record(member, sender, run, Kind.EXTERNAL, 0, self.flags_of(run, sums) | flag)

    def gain(self, sender: str, run: Run) -> None:
        """A stock-take found more than the book: bounded by the period's takes."""
        member, found = self.begin(sender, run, Kind.GAIN)
        sums = self.sums_of(run, way_in=True)
        judge_run(sums, found)
        self.uncertified(sums, found)
        self.without_class(sums, found)
        made, period = sums.made, period_of(run.produced_to - 1)
        for metal in of_kind(made, Column.METAL):
            use = self.use(run.site, substance_of(metal), period)
            wanted = (use.gained + made[metal]) * MILLION
            found.unless(wanted <= self.facts.rules.gain_ppm * use.taken, "OverGain")
        found.settle()
        for metal in of_kind(made, Column.METAL):
            self.use(run.site, substance_of(metal), period).gained += made[metal]
        self.record(member, sender, run, Kind.GAIN, 0, self.flags_of(run, sums) | Flag.GAIN)

    def uncertified(self, sums: RunSums, found: Findings) -> None:
        """External and gained batches: blended, of share 0, CO2e at least the default."""
        found.unless(len(sums.batches) == 1, "Count")
        for batch in sums.batches:
            found.unless(batch.model == Model.CONTROLLED_BLENDING, "UnknownValue")
            found.unless(not of_kind(batch.sums, Column.CREDIT), "CoverMissing")
            least = batch.kind.co2e_default * batch.size
            found.unless(co2e(batch.sums) * MILLION >= least, "BelowDefault")

    def without_class(self, sums: RunSums, found: Findings) -> None:
        """Only what comes from outside has an origin class when it comes in."""
        classes = of_kind(sums.made, Column.CLASS)
        found.unless(not any(sums.made[column] for column in classes), "ClassAtWayIn")

    # ---- transform

    def transform(self, sender: str, run: Run) -> None:
        """Make batches of opened lots that the sender's member holds."""
        member, found = self.begin(sender, run, Kind.TRANSFORM)
        taken = self.take_all(member, run, found)
        sums = self.sums_of(run, way_in=False)
        sums.taken = self.reduced(run, taken.sums, found)
        sums.weakest, sums.pure = taken.weakest, taken.pure
        sums.one_origin = len(taken.origins) == 1 and 0 not in taken.origins
        self.check_draws(run, found)
        left = judge_run(sums, found)
        found.settle()
        self.settle_credit(run, sums, left, taken.waived)
        self.settle_takes(run, sums.taken, taken)
        flags = taken.flags | self.flags_of(run, sums)
        flags |= Flag.FIRST_MEASURED if run.first else 0
        origin = next(iter(taken.origins)) if len(taken.origins) == 1 else 0
        self.record(member, sender, run, Kind.TRANSFORM, origin, flags)

    def take_all(self, member: int, run: Run, found: Findings) -> Taken:
        """Every take names how much was gone before it; each sees those before it in the run."""
        taken = Taken()
        for take in run.takes:
            source = run.sources[take.source]
            columns, header = source.columns, source.header
            opened = Opened(header, columns, *take[1:5])
            lot = self.is_what_was_opened(opened, found)
            its = self.held(lot, member, found)
            whole = take.quantities[columns.index(header.reference)]
            if its is not None:
                gone = its.taken + taken.gone[lot]
                found.unless(gone < whole, "LotNotInState")
                found.unless(take.taken == gone, "TakenMismatch")
                taken.lots[lot], taken.whole[lot] = its, whole
            if not found.unless(take.taken + take.amount <= whole, "AboveRemainder"):
                found.settle()
            self.take(take, source.header, columns, whole, taken, found)
            taken.gone[lot] += take.amount
        return taken

    def take(
        self,
        take: Take,
        header: Header,
        columns: tuple[int, ...],
        whole: int,
        taken: Taken,
        found: Findings,
    ) -> None:
        """Add what a take moves; waived credit counts as zero."""
        for i, column in enumerate(columns):
            part = moved(column, take.quantities[i], whole, take.taken, take.amount)
            if kind_of(column) == Column.CREDIT:
                if take.waived >> i & 1:
                    taken.waived[column] += part
                    part = 0
                elif header.kind == Kind.ORIGIN and part:
                    programme = qualifier_of(column)
                    suspended = self.facts.suspended(header.site, programme)
                    found.unless(not suspended, "CreditSuspended")
            taken.sums[column] = taken.sums.get(column, 0) + part
        taken.origins.add(header.origin_site)
        taken.weakest = max(taken.weakest, header.model)
        taken.flags |= header.flags & INHERITED
        kept = [0 if take.waived >> i & 1 else q for i, q in enumerate(take.quantities)]
        taken.pure &= pure(dict(zip(columns, kept, strict=True)))

    def reduced(self, run: Run, taken: Sums, found: Findings) -> Sums:
        """Reductions are named in the call and applied before caps."""
        after = dict(taken)
        for one, other, quantity in run.reductions:
            if not found.unless(one in run.columns and other in run.columns, "UnknownColumn"):
                continue
            pair = qualifier_of(one), qualifier_of(other)
            both = kind_of(one) == kind_of(other) == Column.CREDIT
            same = substance_of(one) == substance_of(other)
            found.unless(both and same and pair in self.facts.reducible, "NotReducible")
            if not found.unless(quantity <= after.get(one, 0), "ReducedTooMuch"):
                found.settle()
            after[one] = after.get(one, 0) - quantity
            after[other] = after.get(other, 0) + quantity
        return after

    def check_draws(self, run: Run, found: Findings) -> None:
        """Credit is drawn for a named mass-balance batch, from what the site's account has."""
        wanted: Counter[int] = Counter()
        for draw in run.draws:
            known = draw.output < len(run.outputs) and draw.column in run.columns
            drawable = (
                known
                and kind_of(draw.column) == Column.CREDIT
                and run.outputs[draw.output].model == Model.MASS_BALANCE
            )
            found.unless(drawable, "NotDrawable")
            wanted[draw.column] += draw.quantity
        for column, quantity in wanted.items():
            available = sum(self.accounts[place] for place in self.usable(run.site, column))
            found.unless(quantity <= available, "AccountShort")

    def usable(self, site: int, column: int) -> list[tuple[int, int, int, int]]:
        """The account's periods, oldest first. Credit lives some periods more than its own."""
        account = site, qualifier_of(column), substance_of(column)
        oldest = self.oldest_period()
        return sorted(p for p in self.accounts if p[:3] == account and p[3] >= oldest)

    def oldest_period(self) -> int:
        """Of which credit is still alive."""
        return period_of(self.facts.now) - self.facts.rules.credit_periods

    def settle_credit(
        self, run: Run, sums: RunSums, left: list[Sums], waived: Counter[int]
    ) -> None:
        """Drawn oldest first; what a batch leaves of its cap enters, unless it is a residue."""
        for draw in run.draws:
            rest = draw.quantity
            for place in self.usable(run.site, draw.column):
                part = min(rest, self.accounts[place])
                self.accounts[place] -= part
                rest -= part
        period = period_of(run.produced_to - 1)
        entered: Counter[int] = Counter()
        for batch, leaves in zip(sums.batches, left, strict=True):
            if not batch.kind.residue:
                entered.update(leaves)
        for column, quantity in entered.items():
            place = run.site, qualifier_of(column), substance_of(column), period
            self.accounts[place] += quantity
        drawn = total(batch.drawn for batch in sums.batches)
        for column in of_kind(total((sums.taken, sums.made, drawn, waived)), Column.CREDIT):
            given = sums.taken.get(column, 0) + drawn.get(column, 0) + waived[column]
            self.extinguished[column] += given - sums.made.get(column, 0) - entered[column]

    def settle_takes(self, run: Run, sums: Sums, taken: Taken) -> None:
        for lot, its in taken.lots.items():
            its.taken += taken.gone[lot]
            if its.taken == taken.whole[lot]:
                its.state = State.CONSUMED  # else an offer that is over stays in its slot
        period = period_of(run.produced_to - 1)
        for metal in of_kind(sums, Column.METAL):
            self.use(run.site, substance_of(metal), period).taken += sums[metal]

    # ---- what all runs share

    def begin(self, sender: str, run: Run, kind: Kind) -> tuple[int, Findings]:
        """Who acts, and that what is handed in is well formed."""
        member, found = self.facts.operator(sender), Findings()
        if run.site or kind != Kind.EXTERNAL:
            found.unless(self.facts.sites.get(run.site) == member, "NotSiteOperator")
        window = run.produced_from < run.produced_to <= self.facts.now
        found.unless(window, "ProductionWindow")
        lateness = self.facts.rules.lateness_s
        found.unless(self.facts.now <= run.produced_to + lateness, "TooLate")
        foreign: tuple[object, ...] = ()
        if kind != Kind.TRANSFORM:
            foreign = run.takes, run.sources, run.first, run.reductions, run.draws, run.losses
        if kind == Kind.ORIGIN:
            self.check_covers(run, found)
        else:
            foreign += (run.covers,)
        found.unless(not any(foreign), "NotInThisRun")
        if kind != Kind.EXTERNAL:
            found.unless(run.source == ZERO, "SourceMissing")
            found.unless(not run.recycled, "NotInThisRun")
        self.well_formed(member, run, found)
        self.well_shaped(run, kind, found)
        return member, found

    def well_shaped(self, run: Run, kind: Kind, found: Findings) -> None:
        """What sums need to be sums at all: nothing is judged of a run that is not so."""
        known, shape = set(run.columns), Findings()
        shape.unless(1 <= len(run.outputs) <= 16, "Count")
        shape.unless(len(run.columns) <= 32, "Count")
        shape.unless(kind == Kind.TRANSFORM or len(run.takes) == 0, "NotInThisRun")
        shape.unless(kind != Kind.TRANSFORM or 1 <= len(run.takes) <= 16, "Count")
        ascending(run.columns, shape)
        for output in run.outputs:
            well_shaped_output(output, known, shape)
            shape.unless(output.product_class in self.facts.classes, "UnknownProductClass")
        for source in run.sources:
            shape.unless(set(source.columns) <= known, "UnknownColumn")
        for take in run.takes:
            if shape.unless(take.source < len(run.sources), "Count"):
                columns = run.sources[take.source].columns
                shape.unless(len(take.quantities) == len(columns), "Count")
            shape.unless(take.amount >= 1, "QuantityOutOfBounds")
        found.errors += shape.errors
        if shape.errors:
            found.settle()

    def well_formed(self, member: int, run: Run, found: Findings) -> None:
        known, facts = set(run.columns), self.facts
        for column in run.columns:
            known_column(facts, column, found)
        for output in run.outputs:
            found.unless(1 <= output.size <= MAX_QUANTITY, "Count")
            found.unless(output.root != ZERO, "ZeroRoot")
            found.unless((member, output.root) not in self.batches, "AlreadyIssued")
            found.unless(1 <= output.model <= 4, "UnknownValue")
        roots = [output.root for output in run.outputs]
        found.unless(len(set(roots)) == len(roots), "AlreadyIssued")
        for parts in (run.first, run.reductions, run.draws, run.losses):
            found.unless(all(part.quantity for part in parts), "QuantityOutOfBounds")
        for emission in run.emissions:
            found.unless(1 <= emission.part <= 3, "UnknownValue")
        for loss in run.losses:
            found.unless(1 <= loss.reason <= 8, "UnknownValue")
            found.unless(loss.column in known, "UnknownColumn")
        for first in run.first:
            found.unless(first.column in known, "UnknownColumn")
            found.unless(kind_of(first.column) == Column.METAL, "NotFirstMeasured")
        if run.rule:
            rule = facts.allocation.get(run.rule)
            if found.unless(rule, "UnknownRule"):
                assert rule is not None
                in_force = rule.site == run.site and rule.from_ <= facts.now < rule.until
                found.unless(in_force, "RuleNotInForce")

    def sums_of(self, run: Run, *, way_in: bool) -> RunSums:
        """The run in numbers, before anything is taken."""
        batches = []
        rule = self.facts.allocation.get(run.rule)
        for output in run.outputs:
            kind = self.facts.classes[output.product_class]
            sums = dict(zip(output.columns, output.sums, strict=True))
            how = output.reference, output.model, output.attributed
            batches.append(BatchSums(output.product_class, kind, *how, sums))
        for draw in run.draws:
            if draw.output < len(batches):
                drawn = batches[draw.output].drawn
                drawn[draw.column] = drawn.get(draw.column, 0) + draw.quantity
        return RunSums(
            way_in=way_in,
            batches=batches,
            first=total({first.column: first.quantity} for first in run.first),
            lost=total({loss.column: loss.quantity} for loss in run.losses),
            emissions=sum(emission.co2e for emission in run.emissions),
            rule=rule.shares if rule else None,
        )

    def flags_of(self, run: Run, sums: RunSums) -> int:
        """Several product classes and no rule: nobody vouches for how carbon was allocated."""
        unallocated = not run.rule and len({b.product_class for b in sums.batches}) > 1
        return Flag.UNALLOCATED if unallocated else 0

    def record(
        self, member: int, sender: str, run: Run, kind: Kind, origin: int, flags: int
    ) -> None:
        """One header an output, in order, under the issuer's gapless numbers."""
        digests = [totals_digest(o.columns, o.sums, o.salt) for o in run.outputs]
        cause = cause_of(kind, run, digests)
        for output, totals in zip(run.outputs, digests, strict=True):
            self.sequences[member] += 1
            own = flags | (Flag.ATTRIBUTED if output.attributed else 0)
            header = Header(
                version=1,
                kind=kind,
                issuer=member,
                sequence=self.sequences[member],
                by=sender,
                root=output.root,
                size=output.size,
                totals=totals,
                reference=output.reference,
                site=run.site,
                origin_site=origin,
                product_class=output.product_class,
                produced_from=run.produced_from,
                produced_to=run.produced_to,
                model=output.model,
                flags=own,
                rule=run.rule,
                anchored_at=self.facts.now,
                cause=cause,
            )
            self.batches[member, output.root] = Batch(header)
