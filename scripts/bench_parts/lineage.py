"""Figures of lineage in bulk, each beside its floor measured in the same run; plain dicts.

A random history like that of LIMITS: a million lots in 30 layers, each of 2 to 20 of the layer
before. The floor of carrying a figure down is one sparse matrix-vector product of scipy over the
same edges; the floor of a lot's ancestors is scipy's breadth-first search. Times are the least of
several rounds in which the thing and its floor take turns.
"""

from __future__ import annotations

import random
import time
from array import array
from collections.abc import Callable

from veta.custody.bulk import BulkLineage

LOTS = 1_000_000
LAYERS = 30
ROUNDS = 7


def all_figures() -> dict[str, dict[str, float | int]]:
    """Every figure of this module under its name; empty without numpy and scipy."""
    try:
        import numpy as np  # noqa: F401
        import scipy  # noqa: F401
    except ImportError:
        return {"lineage_bulk": {"skipped_for_want_of_numpy_and_scipy": 1}}
    starts, sources, parts, wholes = history(LOTS, LAYERS)
    started = time.perf_counter()
    lineage = BulkLineage(starts, sources, parts, wholes)
    built = time.perf_counter() - started
    figures = {"lineage_bulk_carried": carried(lineage)}
    figures["lineage_bulk_carried"]["build_ms"] = round(built * 1e3, 1)
    return figures | {"lineage_bulk_ancestors": ancestors(lineage)}


def history(lots: int, layers: int) -> tuple[array[int], array[int], array[int], array[int]]:
    """Rows of a random history: starts, sources, parts, wholes."""
    source = random.Random(1)
    width = lots // layers
    totals = array("q", (source.randrange(10**6, 10**8) for _ in range(lots)))
    starts, sources, parts, wholes = array("q", [0]), array("q"), array("q"), array("q")
    for lot in range(lots):
        below = (lot // width - 1) * width
        if below >= 0:
            fan_in = min(20, 2 + int(source.expovariate(0.52)))
            for _ in range(fan_in):
                taken = below + source.randrange(width)
                sources.append(taken)
                parts.append(totals[taken] // source.randrange(3, 12))
                wholes.append(totals[taken])
        starts.append(len(sources))
    return starts, sources, parts, wholes


def carried(lineage: BulkLineage) -> dict[str, float | int]:
    """A figure carried down all edges, exactly; floor: one mat-vec over the same edges."""
    import numpy as np
    from scipy import sparse

    starts, sources, parts, wholes = (np.frombuffer(row, np.int64) for row in lineage.rows)
    shape = (lineage.size, lineage.size)
    columns, rows = sources.astype(np.int32), starts.astype(np.int32)
    matrix = sparse.csr_matrix((parts / wholes, columns, rows), shape=shape)
    own = array("q", (at % 1_000_003 for at in range(lineage.size)))
    vector = np.frombuffer(own, np.int64).astype(float)
    result = lineage.carried(own)
    ours, floor = turns(lambda: lineage.carried(own), lambda: matrix @ vector)
    exact = BulkLineage(*lineage.rows, fast=False).carried(own)
    return {
        "lots": lineage.size,
        "edges": len(sources),
        "ms": round(ours * 1e3, 2),
        "floor_ms": round(floor * 1e3, 2),
        "ratio": round(ours / floor, 2),
        "differs_from_exact_integers": sum(map(int.__ne__, result, exact)),
    }


def ancestors(lineage: BulkLineage) -> dict[str, float | int]:
    """All ancestors of a lot with about 5,500; floor: scipy's breadth-first search."""
    import numpy as np
    from scipy import sparse
    from scipy.sparse.csgraph import breadth_first_order

    starts, sources, *_ = (np.frombuffer(row, np.int64) for row in lineage.rows)
    columns, rows = sources.astype(np.int32), starts.astype(np.int32)
    ones = np.ones(len(sources))  # as the search wants it: nothing is converted in its time
    matrix = sparse.csr_matrix((ones, columns, rows), shape=(lineage.size, lineage.size))
    width = lineage.size // LAYERS
    lot = min(
        (layer * width + offset for layer in range(4, 12) for offset in range(20)),
        key=lambda at: abs(len(lineage.ancestors(at)) - 5_500),
    )
    found = len(lineage.ancestors(lot))
    ours, floor = turns(
        lambda: lineage.ancestors(lot),
        lambda: breadth_first_order(matrix, lot, return_predecessors=False),
    )
    return {
        "ancestors": found,
        "ms": round(ours * 1e3, 3),
        "floor_ms": round(floor * 1e3, 3),
        "ratio": round(ours / floor, 2),
    }


def turns(thing: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Least time of each, in seconds, measured by turns."""
    least = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for at, work in enumerate((thing, floor)):
            started = time.perf_counter()
            work()
            least[at] = min(least[at], time.perf_counter() - started)
    return least[0], least[1]
