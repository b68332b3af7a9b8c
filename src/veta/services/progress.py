"""Progress of a country's metal, counted over everything that the store has followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from veta.custody.columns import column_of, of_kind, sums_of
from veta.custody.progress import CountedBatch, Progress, progress_of
from veta.custody.rounding import moved
from veta.model.bundle import StatementBundle
from veta.model.columns import ColumnKey, ColumnKind, SubstanceId
from veta.model.identifiers import MemberId
from veta.model.lineage import RunNode
from veta.model.lot_events import LotBatch
from veta.model.lots import LotBatchKind, LotId
from veta.model.registry_events import SiteRegistered
from veta.ports.store import Store, StoreWork
from veta.services.lineage import StoreGraph
from veta.services.registry import Names

Shown = tuple[StatementBundle, bool]
"""A bundle with its lot, and whether its verdict was good."""


class ProgressDesk:
    """Counts.

    Args:
        store: as followed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def progress(self, substance: SubstanceId, shown: Iterable[Shown] = ()) -> tuple[Progress, ...]:
        """Shares of tonnage by country, year and product class, residues and all.

        Args:
            substance: the metal.
            shown: bundles of lots, judged: their quantities count as shown, and where the verdict
                was good as verified. One whose batch was not followed is passed over; of several
                about one lot one counts.
        """
        with self._store.read() as work:
            return progress_of(_counted(work, substance, tuple(shown)), substance)


def _counted(
    work: StoreWork, substance: SubstanceId, shown: tuple[Shown, ...]
) -> Iterator[CountedBatch]:
    countries = {each.site: each.country for each in work.said(SiteRegistered)}
    graph = StoreGraph(work)
    by_root = _by_batch(shown)
    for batch in _standing(work, graph):
        header = batch.header
        told = _told(work, batch)
        bundles = by_root.get((header.issuer, header.root), {})
        in_files = {at: _quantities(each[0]) for at, each in bundles.items()}
        opened = {
            each.index: sums_of(each.columns, each.quantities)
            for each in work.opened_lots(header.issuer, header.root)
        }
        sums = sums_of(told.columns, told.sums)
        outside = header.kind is LotBatchKind.EXTERNAL
        yield CountedBatch(
            issuer=header.issuer,
            country="" if outside else countries.get(header.site, ""),
            year=datetime.fromtimestamp(header.produced_to_s - 1, UTC).year,
            product_class=header.product_class,
            sums=sums,
            size=header.size,
            entitled=_entitled(work, graph, batch, sums, substance),
            lots=tuple((in_files | opened).values()),
            verified=tuple(in_files[at] for at, each in bundles.items() if each[1]),
        )


def _by_batch(shown: tuple[Shown, ...]) -> dict[tuple[MemberId, bytes], dict[int, Shown]]:
    found: dict[tuple[MemberId, bytes], dict[int, Shown]] = {}
    for bundle, good in shown:
        if bundle.lot is not None:
            header, index = bundle.lot.batch.header, bundle.lot.index
            lots = found.setdefault((header.issuer, header.root), {})
            lots[index] = (bundle, good or (index in lots and lots[index][1]))
    return found


def _standing(work: StoreWork, graph: StoreGraph) -> Iterator[LotBatch]:
    """Batches that stand and in which something new was made.

    What a split or a blend of one product makes was counted when it was made first.
    """
    for member in work.members():
        for batch in work.lot_batches(member.member):
            header = batch.header
            if work.lot_batch_end(header.issuer, header.root) is not None:
                continue  # withdrawn, or another one of equal totals stands in its place
            order = work.run_of(header.issuer, header.cause)
            run = None if order is None else graph.run(order)
            taken = {
                opened.header.product_class
                for take in (run.takes if run is not None else ())
                if (opened := _batch_of(work, take.lot)) is not None
            }
            if taken != {header.product_class}:
                yield batch


def _batch_of(work: StoreWork, lot: LotId) -> LotBatch | None:
    opened = work.opened_lot(lot)
    return None if opened is None else work.lot_batch(opened.issuer, opened.root)


def _told(work: StoreWork, batch: LotBatch) -> LotBatch:
    """What says a batch's totals: of a replacement, the batch whose place it took."""
    told = batch
    while not told.columns:
        replaced = work.replaced_batch(told.header.issuer, told.header.root)
        if replaced is None:
            break
        told = replaced
    return told


def _quantities(bundle: StatementBundle) -> dict[ColumnKey, int]:
    assert bundle.lot is not None
    return sums_of(bundle.lot.columns, bundle.lot.quantities)


def _entitled(
    work: StoreWork,
    graph: StoreGraph,
    batch: LotBatch,
    sums: Mapping[ColumnKey, int],
    substance: SubstanceId,
) -> int:
    """Metal of a batch that the credit of its run's inputs covers, in proportion (DESIGN 4.4).

    Credit that was drawn from an account, or brought in at an origin, is in the batch's own sums.
    """
    own = sum(sums[key] for key in _credits(sums, substance))
    order = work.run_of(batch.header.issuer, batch.header.cause)
    run = None if order is None else graph.run(order)
    if run is None or not run.takes:
        return own
    metal, credit = _taken(graph, run, substance)
    made = sum(
        sums[key]
        for key in of_kind(sums, ColumnKind.METAL)
        if column_of(key).substance == substance
    )
    return max(own, credit * made // metal if metal else 0)


def _taken(graph: StoreGraph, run: RunNode, substance: SubstanceId) -> tuple[int, int]:
    """Metal and credit of it that a run took."""
    metal = credit = 0
    for take in run.takes:
        lot = graph.lot(take.lot)
        if lot is None:
            continue
        whole = lot.quantities[lot.reference_column]
        for key, quantity in lot.quantities.items():
            column = column_of(key)
            if column.substance != substance:
                continue
            part = moved(quantity, whole, take.taken, take.amount, up=False)
            metal += part if column.kind is ColumnKind.METAL else 0
            credit += part if column.kind is ColumnKind.CREDIT else 0
    return metal, credit


def _credits(quantities: Mapping[ColumnKey, int], substance: SubstanceId) -> list[ColumnKey]:
    found = of_kind(quantities, ColumnKind.CREDIT)
    return [key for key in found if column_of(key).substance == substance]


def progress_json(
    found: Iterable[Progress], substance: SubstanceId, names: Names, *, least_issuers: int = 1
) -> dict[str, Any]:
    """Figures as a document; cells of fewer issuers than asked for keep theirs to themselves."""
    return {
        "substance": substance,
        "symbol": names.substances.get(substance),
        "leastIssuers": least_issuers,
        "cells": [_cell_json(each, names, least_issuers) for each in found],
    }


def _cell_json(each: Progress, names: Names, least_issuers: int) -> dict[str, Any]:
    named = {
        "country": each.country or None,
        "year": each.year,
        "productClass": each.product_class,
        "productClassName": names.product_classes.get(each.product_class),
        "issuers": each.issuers,
    }
    if each.issuers < least_issuers:
        return named | {"withheld": True}
    return named | {
        "withheld": False,
        "metal": each.metal,
        "tracedPpm": each.ppm(each.traced),
        "certifiedPpm": each.ppm(each.credited),
        "certifiedByCreditPpm": each.ppm(each.entitled),
        "verifiedPpm": each.ppm(each.verified),
        "lots": each.lots,
        "lotsShown": each.shown,
        "lotsClaimable": each.claimable,
        "claimablePpm": each.claimable_ppm,
    }
