"""Which ways in rest on a certificate: by what else there is, else by what they were called with.

Events do not name the certificates that credit came in under; calldata does. A run for which only
one certificate of its site meets what its programme asks rests on that one, whatever its call says.
Of the others a node knows its own calls, and asks the endpoint for the rest. Where that gives no
answer nobody can tell, which is not the same as "not affected".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from veta.custody.columns import column_of, of_kind
from veta.custody.encoding import cause_digest
from veta.errors import InputError, LedgerUnavailableError
from veta.model.assurance_events import ProgrammeRegistered, RecordMade, Requirement
from veta.model.columns import ColumnKey, ColumnKind, ProgrammeId
from veta.model.identifiers import MemberId
from veta.model.lineage import RunOrder
from veta.model.lot_events import LotBatch
from veta.model.lot_tree import LotRoot
from veta.model.lots import BatchHeader, LotBatchKind, SiteId
from veta.model.registry_events import OperatorSet
from veta.ports.lots import LotLedger
from veta.ports.store import Store, StoreWork

MOST_ASKED: Final = 1_000
"""Transactions that one question makes the endpoint look up."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """An origin run of a certified site, with credit that can only rest on some certificates."""

    run: RunOrder
    header: BatchHeader
    """Of its first batch."""
    roots: tuple[LotRoot, ...]
    columns: frozenset[ColumnKey]
    """Credit columns that rest on the certificate, or may."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A way in of which nobody can tell whether it rests on the certificate."""

    way_in: WayIn
    code: str
    """``runs.not_direct``: no transaction that calls the lot book with it is known to the endpoint;
    ``runs.other_cause``: what the endpoint has is not this run; ``runs.too_many_asked``;
    ``ledger.*``: the endpoint could not be asked."""


@dataclass(frozen=True, slots=True)
class RestingRuns:
    """What the ways in of a site are to its certificates."""

    resting: tuple[WayIn, ...]
    untold: tuple[Untold, ...]
    cut: bool
    """There are more ways in than were looked at."""


class OriginReader:
    """Sorts the ways in of a site.

    Args:
        store: as followed.
        lots: the chain's side, for calls that are not the node's own.
        most_runs: ways in looked at.
        most_asked: transactions looked up at the endpoint.
    """

    def __init__(
        self, store: Store, lots: LotLedger, *, most_runs: int, most_asked: int = MOST_ASKED
    ) -> None:
        self._store = store
        self._lots = lots
        self._most_runs = most_runs
        self._left = most_asked

    def resting_on(self, certificates: Mapping[int, RecordMade]) -> RestingRuns:
        """The ways in that rest on certificates, and those of which nobody can tell."""
        resting, untold = [], []
        with self._store.read() as work:
            possible = (
                (way_in, certain)
                for site in sorted({SiteId(each.subject) for each in certificates.values()})
                for way_in, certain in _possible(work, site, certificates)
            )
            found = list(islice(possible, self._most_runs + 1))
        for way_in, certain in found[: self._most_runs]:
            if way_in.columns <= certain:
                resting.append(way_in)
                continue
            told = self._told(way_in)
            if isinstance(told, str):
                untold.append(Untold(replace(way_in, columns=way_in.columns - certain), told))
                told = dict.fromkeys(certain, frozenset(certificates))
            columns = frozenset(
                key for key in way_in.columns if told.get(key, frozenset()) & certificates.keys()
            )
            if columns:
                resting.append(replace(way_in, columns=columns))
        return RestingRuns(tuple(resting), tuple(untold), len(found) > self._most_runs)

    def _told(self, way_in: WayIn) -> dict[ColumnKey, frozenset[int]] | str:
        """Certificates by column, as the run was called; else why nobody can tell."""
        issuer = way_in.header.issuer
        with self._store.read() as work:
            own = next(filter(None, (work.own_run(issuer, root) for root in way_in.roots)), None)
            transaction_id = work.run_transaction(way_in.run)
        sent = None if own is None else self._lots.decode_run(own)
        if sent is None and transaction_id is not None:
            if not self._left:
                return "runs.too_many_asked"
            self._left -= 1
            try:
                sent = self._lots.sent_run(transaction_id)
            except LedgerUnavailableError as error:
                return error.code
        if sent is None:
            return "runs.not_direct"
        try:
            same = cause_digest(sent.run, sent.kind) == way_in.header.cause
        except (InputError, IndexError):
            same = False
        if not same:
            return "runs.other_cause"
        return {cover.column: frozenset(cover.certificates) for cover in sent.run.covers}


def _possible(
    work: StoreWork, site: SiteId, certificates: Mapping[int, RecordMade]
) -> Iterator[tuple[WayIn, frozenset[ColumnKey]]]:
    """Ways in whose credit the certificates could carry, with the columns that no other could."""
    programmes = {each.programme: each.requirements for each in work.said(ProgrammeRegistered)}
    issued = [each for each in work.said(RecordMade, subject=site) if each.parent]
    for run, batches in _origins(work, site):
        header = batches[0].header
        columns, certain = set(), set()
        for key in sorted({key for each in batches for key in _credit(each)}):
            column = column_of(key)
            for requirement in programmes.get(ProgrammeId(column.qualifier), ()):
                fit = {
                    each.record
                    for each in issued
                    if _meets(each, requirement, column.substance, header)
                }
                if fit & certificates.keys():
                    columns.add(key)
                    if fit <= certificates.keys():
                        certain.add(key)
        if columns:
            roots = tuple(each.header.root for each in batches)
            yield WayIn(run, header, roots, frozenset(columns)), frozenset(certain)


def _origins(work: StoreWork, site: SiteId) -> Iterator[tuple[RunOrder, list[LotBatch]]]:
    """Ways in at a site that were not withdrawn, by run."""
    for member in operators_ever(work, site):
        runs: dict[RunOrder, list[LotBatch]] = {}
        for batch in work.lot_batches(member):
            header = batch.header
            if header.kind is not LotBatchKind.ORIGIN or header.site != site:
                continue
            order = work.run_of(header.issuer, header.cause)
            if order is not None and not is_gone(work, member, header.root):
                runs.setdefault(order, []).append(batch)
        yield from sorted(runs.items())


def is_gone(work: StoreWork, issuer: MemberId, root: LotRoot) -> bool:
    """Whether a batch was withdrawn or replaced; what the successor has is not gone."""
    end = work.lot_batch_end(issuer, root)
    return end is not None and not end.handed_over


def operators_ever(work: StoreWork, site: SiteId) -> list[MemberId]:
    """Members that operate or operated a site."""
    return sorted({each.member for each in work.said(OperatorSet, site=site)})


def _credit(batch: LotBatch) -> Iterator[ColumnKey]:
    sums = dict(zip(batch.columns, batch.sums, strict=True))
    return (key for key in of_kind(batch.columns, ColumnKind.CREDIT) if sums[key])


def _meets(
    record: RecordMade, requirement: Requirement, substance: int, header: BatchHeader
) -> bool:
    """Whether the lot book could have let credit in under a certificate, as it was recorded."""
    covers = not record.substances or substance in record.substances
    starts, ends = header.produced_from_s, header.produced_to_s
    within = record.from_s <= starts and ends <= record.until_s
    of_scheme = record.scheme == requirement.scheme and record.level >= requirement.level
    return covers and within and of_scheme
