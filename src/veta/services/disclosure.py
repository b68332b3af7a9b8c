"""What an issuer hands over so that others can recompute: lots in their batches, runs, or parts.

Whoever has a run's call has all of this; what is closed here is closed for whoever gets the bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from veta.custody.encoding import cause_parts
from veta.errors import InputError
from veta.model.disclosure import (
    BatchTotals,
    CauseEntry,
    DisclosedBatch,
    DisclosedRun,
    LotPart,
    TakenLot,
)
from veta.model.lot_tree import LotInclusion, LotLeaf
from veta.model.lots import BatchHeader, CausePart, LotBatchKind, Opening, Output, Run
from veta.sum_trees import cause_leaf, head_from_path

_DIGEST = 32
_LANE = 8


def lot_part(opening: Opening) -> LotPart:
    """A lot with its batch's totals and its path, from what would open it on chain.

    Raises:
        InputError: as ``head_from_path``.
    """
    path = path_nodes(opening.path, len(opening.columns))
    leaf = LotLeaf(opening.lot_key, opening.statement_leaf, opening.quantities)
    head = head_from_path(leaf, LotInclusion(opening.index, path), opening.header.size)
    totals = BatchTotals(opening.columns, head.totals, opening.salt)
    return LotPart(
        batch=DisclosedBatch(opening.header, totals),
        columns=opening.columns,
        index=opening.index,
        lot_key=opening.lot_key,
        statement_leaf=opening.statement_leaf,
        quantities=opening.quantities,
        path=path,
    )


def disclosed_run(
    run: Run,
    kind: LotBatchKind,
    headers: Sequence[BatchHeader],
    paths: Sequence[tuple[bytes, ...] | None] = (),
) -> DisclosedRun:
    """All of a run, opened.

    Args:
        run: as it was called.
        kind: of it.
        headers: of its outputs, in their order, as they are on chain.
        paths: of the lots that it took, in the order of the takes, each to its own batch; none of
            them if empty.

    Raises:
        InputError: ``custody.draft`` for headers or paths that are not as many; as
            ``cause_parts``.
    """
    paths = paths or (None,) * len(run.takes)
    if len(headers) != len(run.outputs) or len(paths) != len(run.takes):
        raise InputError("custody.draft", "there are not as many headers or paths as there must be")
    return DisclosedRun(
        batches=tuple(map(_batch, headers, run.outputs)),
        cause=tuple(CauseEntry(octets, opened=True) for octets in cause_parts(run, kind)),
        taken=tuple(
            TakenLot(take.lot_key, take.statement_leaf, take.quantities, path)
            for take, path in zip(run.takes, paths, strict=True)
        ),
    )


def closed(run: DisclosedRun, parts: frozenset[CausePart]) -> DisclosedRun:
    """The run with some kinds of parts closed: of them only digests are handed over.

    With takes go the lots that were taken.
    """
    return replace(
        run,
        taken=() if CausePart.TAKE in parts else run.taken,
        cause=tuple(
            CauseEntry(cause_leaf(entry.octets), opened=False)
            if entry.opened and int.from_bytes(entry.octets[:_DIGEST]) in parts
            else entry
            for entry in run.cause
        ),
    )


def path_nodes(path: bytes, columns: int) -> tuple[bytes, ...]:
    """The nodes of an opening's path, from the leaf up.

    Args:
        path: the nodes in a row.
        columns: how many sums each has.
    """
    width = _DIGEST + _LANE * columns
    return tuple(path[at : at + width] for at in range(0, len(path), width))


def _batch(header: BatchHeader, output: Output) -> DisclosedBatch:
    return DisclosedBatch(header, BatchTotals(output.columns, output.sums, output.salt))
