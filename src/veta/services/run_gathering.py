"""Runs behind a lot, gathered to be disclosed: from the node's own calls, and from calldata.

What a run was called with is public to whoever reads the chain, salts included. Its own runs a node
has in its store; of others' it asks the endpoint for the transactions that it followed. A forged
answer is harmless: a run is only used if its parts lead to the cause in the followed headers, and
whoever is handed it judges it again against the lot book.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from veta.custody.encoding import cause_digest, lot_id
from veta.errors import InputError, ProvenanceError
from veta.model.disclosure import DisclosedRun, LotPart, TakenLot
from veta.model.identifiers import Digest, MemberId, TransactionId
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot
from veta.model.lots import BatchHeader, CausePart, LotId, Take
from veta.ports.ledger import Call
from veta.ports.lots import LotLedger, SentRun
from veta.ports.store import Store, StoreWork
from veta.services.disclosure import closed, disclosed_run, path_nodes
from veta.services.lot_reading import OpeningDesk
from veta.sum_trees import head_from_path
from veta.verify.batches import BatchName, name_of
from veta.verify.cause import read_cause
from veta.verify.lineage_graph import MAX_NODES, nodes_of

CLOSABLE: Final = tuple(
    part for part in CausePart if part not in {CausePart.NONE, CausePart.OUTPUT}
)
"""Parts that a maker of a bundle may close. Its outputs are what it is about."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a bundle's maker keeps out of it (docs/adr/0211)."""

    parts: frozenset[CausePart] = frozenset()
    """Of ``CLOSABLE``: of the runs of the lot's issuer, only digests of these are handed over."""
    others: bool = False
    """Leave out runs of all other members."""


NOTHING: Final = Withheld()


@dataclass(frozen=True, slots=True)
class MissingRun:
    """A batch whose run could not be gathered, or was not."""

    issuer: MemberId
    root: LotRoot
    code: str
    """``runs.not_followed``: the store has no such batch or run; ``runs.not_direct``: no
    transaction that calls the lot book with it is known to the endpoint; ``runs.other_cause``:
    what the endpoint has is not this run; ``runs.withheld``; ``runs.too_large``."""


@dataclass(slots=True)
class GatheredRuns:
    """Runs as their members called them, the lot's own first."""

    runs: list[DisclosedRun] = field(default_factory=list)
    missing: list[MissingRun] = field(default_factory=list)
    """What keeps the lineage from being whole; none: it is disclosed back to its ways in."""


@dataclass(frozen=True, slots=True)
class _Followed:
    """A run as followed: its cause, its headers by output, and where its call is."""

    cause: Digest
    headers: tuple[BatchHeader, ...]
    own: Call | None
    transaction_id: TransactionId | None


class RunGatherer:
    """Gathers the runs behind lots.

    Args:
        store: as followed.
        lots: the chain's side, for runs that are not the node's own.
    """

    def __init__(self, store: Store, lots: LotLedger) -> None:
        self._store = store
        self._lots = lots
        self._openings = OpeningDesk(store)

    def behind(
        self, part: LotPart, given: Sequence[DisclosedRun] = (), withheld: Withheld = NOTHING
    ) -> GatheredRuns:
        """Every run back to the ways in, at most as many as a verifier looks at.

        Args:
            part: the lot.
            given: runs that are disclosed already: they stay as they are, and come first.
            withheld: what stays out.

        Raises:
            LedgerUnavailableError: the chain cannot be asked for a run, so nobody can tell.
            StoreError: ``store.corrupt``.
        """
        found = GatheredRuns(list(given))
        by_name = {name_of(batch.header): run for run in given for batch in run.batches}
        nodes, own = nodes_of(given), part.batch.header.issuer
        seen: set[BatchName] = set()
        waiting = deque([name_of(part.batch.header)])
        while waiting:
            name = waiting.popleft()
            if name in seen:
                continue
            seen.add(name)
            run = by_name.get(name)
            if run is None:
                gathered = self._run(name, others=withheld.others and name[0] != own)
                if isinstance(gathered, DisclosedRun):
                    nodes += nodes_of([gathered])
                    if nodes > MAX_NODES:
                        gathered = MissingRun(*name, "runs.too_large")
                if isinstance(gathered, MissingRun):
                    found.missing.append(gathered)
                    continue
                run = gathered
                keeps_closed = withheld.parts if name[0] == own else frozenset()
                found.runs.append(closed(run, keeps_closed))
            seen |= {name_of(batch.header) for batch in run.batches}
            waiting.extend(_sources(run))
        return found

    def _run(self, name: BatchName, *, others: bool) -> DisclosedRun | MissingRun:
        """A run, by a batch of it; ``others``: it is another member's, and stays out."""
        if others:
            return MissingRun(*name, "runs.withheld")
        followed = self._followed(name)
        if followed is None:
            return MissingRun(*name, "runs.not_followed")
        sent = self._sent(followed)
        if sent is None:
            return MissingRun(*name, "runs.not_direct")
        try:
            if cause_digest(sent.run, sent.kind) != followed.cause:
                return MissingRun(*name, "runs.other_cause")
            run = disclosed_run(sent.run, sent.kind, followed.headers)
            sources = [sent.run.sources[take.source].header for take in sent.run.takes]
        except (InputError, IndexError):
            return MissingRun(*name, "runs.other_cause")
        taken = map(self._taken, run.taken, sent.run.takes, sources)
        return replace(run, taken=tuple(taken))

    def _followed(self, name: BatchName) -> _Followed | None:
        issuer, root = name
        with self._store.read() as work:
            batch = work.lot_batch(issuer, root)
            order = None if batch is None else work.run_of(issuer, batch.header.cause)
            if batch is None or order is None:
                return None
            cause = batch.header.cause
            headers = tuple(each.header for each in work.batches_of_run(issuer, cause))
            own = next(filter(None, (_own_run(work, header) for header in headers)), None)
            return _Followed(cause, headers, own, work.run_transaction(order))

    def _sent(self, followed: _Followed) -> SentRun | None:
        """The node's own call, else what the endpoint has."""
        if followed.own is not None:
            sent = self._lots.decode_run(followed.own)
            if sent is not None and cause_digest(sent.run, sent.kind) == followed.cause:
                return sent
        if followed.transaction_id is None:
            return None
        return self._lots.sent_run(followed.transaction_id)

    def _taken(self, lot: TakenLot, take: Take, source: BatchHeader) -> TakenLot:
        """A taken lot with what it was issued with and, if it can be had, its path."""
        name = lot_id(source.issuer, take.lot_key)
        with self._store.read() as work:
            opened = work.opened_lot(name)
            transaction_id = work.opening_transaction(name)
            own = work.own_lot(name) is not None
        if opened is None or transaction_id is None:
            return lot
        path = self._own_path(name) if own else None
        if path is None:
            path = self._sent_path(transaction_id)
        issued = opened.quantities
        leaf = LotLeaf(take.lot_key, take.statement_leaf, issued)
        return replace(
            lot,
            path=path if path is not None and _leads(leaf, take.index, path, source) else None,
            issued=None if issued == take.quantities else issued,
        )

    def _sent_path(self, transaction_id: TransactionId) -> tuple[bytes, ...] | None:
        opening = self._lots.sent_opening(transaction_id)
        return None if opening is None else path_nodes(opening.path, len(opening.columns))

    def _own_path(self, lot: LotId) -> tuple[bytes, ...] | None:
        try:
            opening = self._openings.opening(lot)
        except ProvenanceError:
            return None
        return path_nodes(opening.path, len(opening.columns))


def _leads(leaf: LotLeaf, index: int, path: tuple[bytes, ...], source: BatchHeader) -> bool:
    """Whether a path leads from a lot to its batch."""
    try:
        return head_from_path(leaf, LotInclusion(index, path), source.size).root == source.root
    except InputError:
        return False


def _own_run(work: StoreWork, header: BatchHeader) -> Call | None:
    """The own call that made a batch, or the one whose place it took."""
    root = header.root
    while True:
        call = work.own_run(header.issuer, root)
        replaced = None if call is not None else work.replaced_batch(header.issuer, root)
        if replaced is None:
            return call
        root = replaced.header.root


def _sources(run: DisclosedRun) -> list[BatchName]:
    """Batches that a run took from, as far as its takes are open and can be read."""
    try:
        return [(part.issuer, part.root) for part in read_cause(run.cause).takes]
    except InputError:
        return []
