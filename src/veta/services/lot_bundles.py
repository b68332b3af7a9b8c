"""Passports of lots with what shows them in the lot book, from what a node keeps and followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from veta.custody.encoding import lot_id
from veta.errors import ConflictError, InputError, NotFoundError, ProvenanceError
from veta.model.bundle import StatementBundle
from veta.model.disclosure import DisclosedBatch, DisclosedRun, LotPart
from veta.model.identifiers import Leaf
from veta.model.lots import LotId
from veta.ports.lots import LotLedger
from veta.ports.papers import PaperSource
from veta.ports.store import Store, StoreWork
from veta.services.anchor import BundleDesk
from veta.services.beside import BesideDesk
from veta.services.disclosure import lot_part
from veta.services.lot_reading import OpeningDesk, known_lot
from veta.services.run_gathering import NOTHING, MissingRun, RunGatherer, Withheld
from veta.statement.credential import Credential
from veta.statement.jws import read_statement
from veta.sum_trees import lot_key


@dataclass(frozen=True, slots=True)
class LineageBundle:
    """A passport with its lot and the runs behind it."""

    bundle: StatementBundle
    missing: tuple[MissingRun, ...]
    """What keeps the lineage from being whole."""


class LotBundleDesk:
    """Makes bundles of lots: the member's own by their path, others' by their slots.

    Args:
        store: as followed.
        papers: of others, kept beside it: documents of certificates go with a lineage.
    """

    def __init__(self, store: Store, papers: PaperSource | None = None) -> None:
        self._store = store
        self._openings = OpeningDesk(store)
        self._statements = BundleDesk(store)
        self._beside = BesideDesk(store, papers)

    def bundle(self, lot: LotId, runs: tuple[DisclosedRun, ...] = ()) -> StatementBundle:
        """A lot's first passport, the lot, and runs that its holder has been given.

        Args:
            lot: its id.
            runs: as their members disclosed them; see ``services.disclosure``.

        Raises:
            NotFoundError: ``lot.unopened``: not ours and never opened; ``statement.not_found``: the
                passport is not kept here.
            ConflictError: ``lot.not_issued``: its batch is not on the chain as followed.
            StoreError: ``store.corrupt``.
        """
        part = self.part(lot)
        return replace(self._statements.bundle(part.statement_leaf), lot=part, runs=runs)

    def of_statement(self, leaf: Leaf) -> StatementBundle:
        """A passport that is kept here, with the lot that it is about; no runs.

        Raises:
            NotFoundError: ``statement.not_found``; ``lot.not_found``: it names no lot of a batch
                that was followed.
            ConflictError, StoreError: as ``bundle``.
        """
        bundle = self._statements.bundle(leaf)
        return replace(bundle, lot=self.part(self._lot_of(bundle.token, leaf)))

    def with_lineage(
        self, bundle: StatementBundle, lots: LotLedger, withheld: Withheld = NOTHING
    ) -> LineageBundle:
        """A bundle with the runs behind its lot, beside those that it has, and the documents of
        the certificates that these name.

        Args:
            bundle: with a lot; another is returned as it is.
            lots: the chain's side, for runs of others.
            withheld: what stays out.

        Raises:
            LedgerUnavailableError, StoreError: as ``RunGatherer.behind``.
        """
        if bundle.lot is None:
            return LineageBundle(bundle, ())
        found = RunGatherer(self._store, lots).behind(bundle.lot, bundle.runs, withheld)
        whole = replace(bundle, runs=tuple(found.runs))
        return LineageBundle(self._beside.with_documents(whole), tuple(found.missing))

    def _lot_of(self, token: bytes, leaf: Leaf) -> LotId:
        """The lot that a passport names: one that has it for its first statement, else any."""
        unknown = NotFoundError(
            "lot.not_found", f"statement {leaf.hex()} is about no lot of a batch known here"
        )
        try:
            credential = read_statement(token).credential
        except ProvenanceError as error:
            raise unknown from error
        with self._store.read() as work:
            found = dict(lots_named(work, credential))
        if not found:
            raise unknown
        return next((lot for lot, first in found.items() if first == leaf), next(iter(found)))

    def part(self, lot: LotId) -> LotPart:
        """The lot in its batch, with its figures of now if measuring has changed them.

        Raises:
            NotFoundError, ConflictError, StoreError: as ``bundle``.
        """
        opened = self._opened(lot)
        try:
            own = lot_part(self._openings.opening(lot))
        except NotFoundError:
            if opened is None:
                raise NotFoundError(
                    "lot.unopened", f"no lot 0x{lot.hex()} is ours or was opened"
                ) from None
            return opened
        except ConflictError:
            if opened is None:
                raise
            return opened
        return own if opened is None else replace(own, rebased=opened.rebased)

    def _opened(self, lot: LotId) -> LotPart | None:
        """A lot that was opened, as its slots show it: no path is needed."""
        with self._store.read() as work:
            event = work.opened_lot(lot)
            if event is None:
                return None
            now = known_lot(work, lot).opened
        return LotPart(
            batch=DisclosedBatch(now.header),
            columns=event.columns,
            index=event.index,
            lot_key=event.lot_key,
            statement_leaf=event.statement_leaf,
            quantities=event.quantities,
            rebased=None if now.quantities == event.quantities else now.quantities,
        )


def lots_named(work: StoreWork, credential: Credential) -> Iterator[tuple[LotId, Leaf]]:
    """Lots that a passport can be about, each with its first statement.

    The chain has no lot's number, only what it hashes to: so every name that the issuer's batches
    allow is tried.
    """
    number, issuer = credential.subject.get("batchNumber"), credential.issuer.identifier
    members = [each.member for each in work.members() if each.identifier == issuer]
    if not isinstance(number, str) or not members:
        return
    (member,) = members
    headers = [batch.header for batch in work.lot_batches(member)]
    for site, product_class in dict.fromkeys((each.site, each.product_class) for each in headers):
        try:
            key = lot_key(member, site=site, product_class=product_class, batch_number=number)
        except InputError:
            return
        lot = lot_id(member, key)
        opened, own = work.opened_lot(lot), work.own_lot(lot)
        if opened is not None:
            yield lot, opened.statement_leaf
        elif own is not None:
            yield lot, own.statement_leaf
