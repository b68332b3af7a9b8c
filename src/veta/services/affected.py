"""Which lots and holders rest on a certificate: followed state, walked from its ways in onwards.

Credit that is mixed rests on every certificate behind it, so what is listed may rest on the one
asked for in part only: of a run that took credit under several certificates, all credit of that
column is listed. Credit that went through a site's account is not told apart either: once something
may have entered an account of (site, programme, substance), whatever is drawn later is listed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from veta.custody.columns import column_of
from veta.custody.periods import period_of_production
from veta.errors import NotFoundError
from veta.model.assurance_events import (
    ProgrammeRegistered,
    RecordHandedOver,
    RecordMade,
    RecordStatusChanged,
)
from veta.model.columns import ColumnKey
from veta.model.identifiers import MemberId
from veta.model.lineage import RunNode, RunOrder
from veta.model.lot_events import LotRun
from veta.model.lot_tree import LotRoot
from veta.model.lots import LotBatchKind, LotId, SiteId
from veta.ports.lot_store import CreditAccount
from veta.ports.lots import LotLedger
from veta.ports.store import Store, StoreWork
from veta.services.affected_origins import (
    OriginReader,
    RestingRuns,
    Untold,
    WayIn,
    is_gone,
    operators_ever,
)
from veta.services.balance import IN_HAND, left_in
from veta.services.lineage import StoreGraph
from veta.services.lot_reading import KnownLot, known_lot
from veta.services.standing import RecordNow, record_now


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """How much one question looks at; what lies beyond is cut, and the answer says so."""

    runs: int = 100_000
    lots: int = 100_000
    asked: int = 1_000
    """Transactions of others that are looked up."""


@dataclass(frozen=True, slots=True)
class AffectedLot:
    """An opened lot with credit that rests on the certificate, or may."""

    known: KnownLot
    credit: Mapping[ColumnKey, int]
    """As the lot was issued."""
    left: Mapping[ColumnKey, int]
    """Of that credit, what its holder has; nothing of a lot that is consumed, retired or out."""


@dataclass(frozen=True, slots=True)
class AffectedBatch:
    """Credit in lots that nobody opened: their issuer has them."""

    issuer: MemberId
    root: LotRoot
    credit: Mapping[ColumnKey, int]


@dataclass(slots=True)
class Reached:
    """What a walk came to."""

    lots: dict[LotId, AffectedLot] = field(default_factory=dict)
    unopened: list[AffectedBatch] = field(default_factory=list)
    accounts: set[tuple[SiteId, ColumnKey]] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    """``runs`` or ``lots``: there are more than the limit, and the rest was not looked at."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Everything that rests on a certificate, or on those given under an accreditation."""

    record: RecordNow
    at_s: int
    """Time of the block that was followed."""
    certificates: tuple[int, ...]
    origins: tuple[WayIn, ...]
    reached: Reached
    accounts: tuple[CreditAccount, ...]
    """Unused credit: of the certified sites, and where credit that rests on it was left."""
    untold: tuple[Untold, ...]
    perhaps: tuple[AffectedLot, ...]
    """Lots behind the ways in of which nobody can tell, if they are affected by no other."""

    @property
    def holders(self) -> Mapping[MemberId, tuple[int, Mapping[ColumnKey, int]]]:
        """Lots in hand and credit left in them, unopened ones included, by holder."""
        found: dict[MemberId, tuple[int, dict[ColumnKey, int]]] = {}
        held = [
            (lot.known.record.holder, 1, lot.left)
            for lot in self.reached.lots.values()
            if lot.known.record.state in IN_HAND
        ]
        held += [(each.issuer, 0, each.credit) for each in self.reached.unopened]
        for member, lots, credit in held:
            count, sums = found.get(member, (0, {}))
            for key, quantity in credit.items():
                sums[key] = sums.get(key, 0) + quantity
            found[member] = (count + lots, sums)
        return dict(sorted(found.items()))


class AffectedDesk:
    """Answers what a suspension, a withdrawal or a void touches.

    Args:
        store: as followed.
        lots: the chain's side, for what ways in of others rest on.
    """

    def __init__(self, store: Store, lots: LotLedger) -> None:
        self._store = store
        self._lots = lots

    def by(self, number: int, limits: WalkLimits | None = None) -> Affected:
        """What rests on a certificate; of an accreditation: on the certificates under it.

        Raises:
            NotFoundError: ``record.not_found``: none of this number was followed.
            StoreError: ``store.corrupt``.
        """
        limits = limits or WalkLimits()
        with self._store.read() as work:
            made = next(iter(work.said(RecordMade, record=number)), None)
            below = work.said(RecordMade, parent=number) if made and not made.parent else ()
        if made is None:
            raise NotFoundError("record.not_found", f"no record {number} is known here")
        certificates = {each.record: each for each in (below if not made.parent else (made,))}
        origins = OriginReader(
            self._store, self._lots, most_runs=limits.runs, most_asked=limits.asked
        ).resting_on(certificates)
        with self._store.read() as work:
            return _affected(work, made, certificates, origins, limits)


def _affected(
    work: StoreWork,
    made: RecordMade,
    certificates: Mapping[int, RecordMade],
    origins: RestingRuns,
    limits: WalkLimits,
) -> Affected:
    reached = _Walk(work, limits).reach(origins.resting)
    perhaps = _Walk(work, limits).reach(each.way_in for each in origins.untold)
    reached.cut |= perhaps.cut | ({"runs"} if origins.cut else set())
    story = work.story(RecordStatusChanged, RecordHandedOver, record=made.record)
    cursor = work.cursor()
    return Affected(
        record=record_now(made, story),
        at_s=0 if cursor is None else cursor.time_s,
        certificates=tuple(sorted(certificates)),
        origins=origins.resting,
        reached=reached,
        accounts=_accounts(work, certificates, reached),
        untold=origins.untold,
        perhaps=tuple(lot for name, lot in perhaps.lots.items() if name not in reached.lots),
    )


def _accounts(
    work: StoreWork, certificates: Mapping[int, RecordMade], reached: Reached
) -> tuple[CreditAccount, ...]:
    schemes = {each.scheme for each in certificates.values()}
    programmes = {
        each.programme
        for each in work.said(ProgrammeRegistered)
        if any(part.scheme in schemes for part in each.requirements)
    }
    certified = {SiteId(each.subject) for each in certificates.values()}
    entered = {(s, column_of(k).qualifier, column_of(k).substance) for s, k in reached.accounts}
    return tuple(
        account
        for site in sorted(certified | {site for site, _ in reached.accounts})
        for account in work.credit_accounts(site)
        if account.balance
        and (
            (site in certified and account.programme in programmes)
            or (site, account.programme, account.substance) in entered
        )
    )


class _Walk:
    """From ways in to everything that was made of them; each run once, earliest first."""

    def __init__(self, work: StoreWork, limits: WalkLimits) -> None:
        self._work = work
        self._graph = StoreGraph(work)
        self._limits = limits
        self._found = Reached()
        self._credit: dict[RunOrder, set[ColumnKey]] = {}
        self._waiting: list[RunOrder] = []

    def reach(self, origins: Iterable[WayIn]) -> Reached:
        """Follow the credit of ways in as far as it went."""
        for origin in origins:
            self._add(origin.run, origin.columns)
        runs = 0
        while self._waiting:
            order = heapq.heappop(self._waiting)
            node, said = self._graph.run(order), self._work.lot_run(order)
            if node is None or said is None:
                continue
            runs += 1
            if runs > self._limits.runs:
                self._found.cut.add("runs")
                break
            if not self._leave(order, node, said):
                self._found.cut.add("lots")
                break
        return self._found

    def _add(self, order: RunOrder, columns: Iterable[ColumnKey]) -> None:
        if order not in self._credit:
            self._credit[order] = set()
            heapq.heappush(self._waiting, order)
        self._credit[order] |= set(columns)

    def _leave(self, order: RunOrder, node: RunNode, said: LotRun) -> bool:
        """Go on from a run to its outputs; ``False``: there are more lots than the limit."""
        columns = self._credit[order]
        columns |= {each.to_column for each in said.reductions if each.from_column in columns}
        if node.kind is LotBatchKind.TRANSFORM:
            self._enter_accounts(order, node.site, columns, said)
        drawn = [
            (each.output, each.column)
            for each in said.draws
            if (node.site, each.column) in self._found.accounts
        ]
        for number, output in enumerate(node.outputs):
            wanted = columns | {key for at, key in drawn if at == number}
            held = {key: output.sums[key] for key in sorted(wanted) if output.sums.get(key, 0)}
            if held and not self._leave_batch(order, number, held):
                return False
        return True

    def _leave_batch(self, order: RunOrder, number: int, held: dict[ColumnKey, int]) -> bool:
        batch = list(self._batches(order))[number]
        rest = dict(held)
        for lot in self._graph.opened(order, number):
            event = self._work.opened_lot(lot)
            assert event is not None  # it was listed as opened
            for key, quantity in zip(event.columns, event.quantities, strict=True):
                if key in rest:
                    rest[key] -= quantity
            if not self._leave_lot(lot, held):
                return False
        rest = {key: quantity for key, quantity in rest.items() if quantity > 0}
        if rest and not is_gone(self._work, *batch):
            self._found.unopened.append(AffectedBatch(*batch, rest))
        return True

    def _leave_lot(self, lot: LotId, columns: Iterable[ColumnKey]) -> bool:
        event = self._work.opened_lot(lot)
        assert event is not None  # it was listed as opened
        issued = dict(zip(event.columns, event.quantities, strict=True))
        credit = {key: issued[key] for key in columns if issued.get(key, 0)}
        if not credit:
            return True
        known = known_lot(self._work, lot)
        if len(self._found.lots) >= self._limits.lots:
            return False
        in_hand = known.record.state in IN_HAND
        left = left_in(known) if in_hand else {}
        remains = {key: left.get(key, 0) for key in credit}
        self._found.lots[lot] = AffectedLot(known, credit, remains)
        for taker in self._graph.takers(lot):
            self._add(taker, credit)
        return True

    def _batches(self, order: RunOrder) -> Iterator[tuple[MemberId, LotRoot]]:
        said = self._work.lot_run(order)
        assert said is not None  # the caller has it
        for batch in self._work.batches_of_run(said.issuer, said.cause):
            yield batch.header.issuer, batch.header.root

    # --- accounts ----------------------------------------------------------------------------

    def _enter_accounts(
        self, order: RunOrder, site: SiteId, columns: Iterable[ColumnKey], said: LotRun
    ) -> None:
        """What a run's batches left of their caps may stand in an account of its period."""
        header = self._work.batches_of_run(said.issuer, said.cause)[0].header
        period = period_of_production(header.produced_to_s)
        kept = {
            (account.programme, account.substance)
            for account in self._work.credit_accounts(site)
            if account.period == period
        }
        for key in sorted(columns):
            column = column_of(key)
            account = (site, key)
            if (column.qualifier, column.substance) in kept and account not in self._found.accounts:
                self._found.accounts.add(account)
                for later in self._draws(site, key):
                    if later > order:
                        self._add(later, ())

    def _draws(self, site: SiteId, column: ColumnKey) -> Iterator[RunOrder]:
        """Runs at a site that draw of an account."""
        for member in operators_ever(self._work, site):
            for batch in self._work.lot_batches(member):
                header = batch.header
                if header.kind is not LotBatchKind.TRANSFORM or header.site != site:
                    continue
                order = self._work.run_of(header.issuer, header.cause)
                run = None if order is None else self._work.lot_run(order)
                if order is not None and run and any(d.column == column for d in run.draws):
                    yield order
