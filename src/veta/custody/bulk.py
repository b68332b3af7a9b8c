"""Lineage of millions of lots at once: figures carried down every edge, in exact integers.

Nodes are numbered so that whatever a node rests on has a lower number; edges stand in rows (CSR):
those into node i at ``starts[i]`` to ``starts[i + 1]``. With numpy (the extra ``bulk``) a level of
nodes is worked on at a time; without it, or where 63 bits do not hold a product, by loops over
Python integers. Both give the same numbers, to the integer.
"""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from veta.errors import InputError

_LIMIT: Final = 2**63


def _numpy() -> Any:
    """numpy, or ``None`` where it is not installed."""
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


class BulkLineage:
    """Edges between nodes, each with the part of its source that it carries.

    Args:
        starts: first edge of each node, and the number of edges at the end.
        sources: node that each edge comes from, below the node that it leads to.
        parts: what each edge takes of its source, base units.
        wholes: out of what, base units, above zero.
        fast: use numpy if it is there.

    Raises:
        InputError: ``custody.bulk_shape`` for rows that do not fit each other;
            ``custody.lineage_cycle`` for a source that is not below its node.
    """

    def __init__(
        self,
        starts: Sequence[int],
        sources: Sequence[int],
        parts: Sequence[int],
        wholes: Sequence[int],
        *,
        fast: bool = True,
    ) -> None:
        self._starts = _row(starts)
        self._sources = _row(sources)
        self._parts = _row(parts)
        self._wholes = _row(wholes)
        edges = len(self._sources)
        fitting = len(self._starts) and self._starts[0] == 0 and self._starts[-1] == edges
        if not fitting or not len(self._parts) == len(self._wholes) == edges:
            raise InputError("custody.bulk_shape", "starts, sources, parts, wholes do not fit")
        numpy = _numpy() if fast else None
        self._levels = None if numpy is None else _Levels(numpy, self)
        if self._levels is None:
            self._check()

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self._starts) - 1

    @property
    def rows(self) -> tuple[array[int], array[int], array[int], array[int]]:
        """Starts, sources, parts, wholes."""
        return self._starts, self._sources, self._parts, self._wholes

    def carried(self, own: Sequence[int]) -> array[int]:
        """Own + the sum over a node's edges of floor(carried by the source x part / whole).

        With ``own`` the emissions of runs, this is the least CO2e that each lot can carry. Each
        edge is rounded down, so a figure is short of the exact one by less than a unit an edge.

        Raises:
            InputError: ``custody.bulk_shape`` for other than one figure a node, or a negative one;
                ``custody.bulk_range`` for a figure beyond 63 bits.
        """
        figures = _row(own)
        if len(figures) != self.size or _least(figures) < 0:
            raise InputError("custody.bulk_shape", "there is not one figure a node")
        fast = None if self._levels is None else self._levels.carried(figures)
        return self._exactly(figures) if fast is None else fast

    def ancestors(self, node: int) -> array[int]:
        """All nodes that a node rests on, ascending; not itself.

        Raises:
            InputError: ``custody.bulk_shape`` for no node.
        """
        if not 0 <= node < self.size:
            raise InputError("custody.bulk_shape", f"a node is not in 0..{self.size - 1}")
        if self._levels is not None:
            return self._levels.ancestors(node)
        starts, sources = self._starts, self._sources
        seen: set[int] = set()
        waiting = [node]
        while waiting:
            at = waiting.pop()
            fresh = set(sources[starts[at] : starts[at + 1]]) - seen
            seen |= fresh
            waiting += fresh
        return array("q", sorted(seen))

    def _exactly(self, own: array[int]) -> array[int]:
        figures = list(own)
        sources, parts, wholes = self._sources, self._parts, self._wholes
        for node, (start, end) in enumerate(pairwise(self._starts)):
            carried = figures[node]
            for edge in range(start, end):
                carried += figures[sources[edge]] * parts[edge] // wholes[edge]
            figures[node] = carried
        if max(figures, default=0) >= _LIMIT:
            raise InputError("custody.bulk_range", "a figure does not fit into 63 bits")
        return array("q", figures)

    def _check(self) -> None:
        if any(end < start for start, end in pairwise(self._starts)):
            raise _unordered()
        for node, (start, end) in enumerate(pairwise(self._starts)):
            for edge in range(start, end):
                if not 0 <= self._sources[edge] < node:
                    raise _cycle(node)
        if min(self._parts, default=0) < 0 or min(self._wholes, default=1) <= 0:
            raise _no_part()


class _Levels:
    """Edges put into the order of levels: nodes of a level rest on lower levels only."""

    def __init__(self, numpy: Any, lineage: BulkLineage) -> None:
        self._np = numpy
        rows = (numpy.frombuffer(row, dtype=numpy.int64) if row else numpy.zeros(0, numpy.int64)
                for row in lineage.rows)  # fmt: skip
        self._starts, self._sources, self._parts, self._wholes = rows
        counts = numpy.diff(self._starts)
        if counts.size and counts.min() < 0:
            raise _unordered()
        nodes = numpy.repeat(numpy.arange(lineage.size), counts)
        wrong = (self._sources < 0) | (self._sources >= nodes)
        if wrong.any():
            raise _cycle(int(nodes[wrong.argmax()]))
        if self._parts.size and (self._parts.min() < 0 or self._wholes.min() <= 0):
            raise _no_part()
        self._counts = counts
        self._steps = [self._step(level) for level in self._sorted(nodes)]

    def carried(self, own: array[int]) -> array[int] | None:
        """As ``BulkLineage.carried``; ``None`` where 63 bits do not hold a product or a sum."""
        numpy = self._np
        figures = numpy.frombuffer(own, dtype=numpy.int64).copy()
        for nodes, firsts, sources, parts, wholes, largest in self._steps:
            brought = figures[sources]
            most = int(brought.max())
            if most * largest >= _LIMIT or (most + 1) * len(sources) >= _LIMIT // 2:
                return None
            brought *= parts
            brought //= wholes
            figures[nodes] += numpy.add.reduceat(brought, firsts)
            if int(figures[nodes].max()) >= _LIMIT // 2:
                return None
        return array("q", figures.tobytes())

    def ancestors(self, node: int) -> array[int]:
        """As ``BulkLineage.ancestors``: a level of the search at a time, each node once."""
        numpy = self._np
        seen = numpy.zeros(len(self._counts), dtype=bool)
        front = numpy.array([node])
        found = []
        while front.size:
            reached = self._sources[self._edges(front)]
            reached = reached[~seen[reached]]
            seen[reached] = True
            front = numpy.unique(reached)
            found.append(front)
        return array("q", numpy.sort(numpy.concatenate(found)).tobytes())

    def _edges(self, nodes: Any) -> Any:
        """Indices of all edges into some nodes, one after the other."""
        counts = self._counts[nodes]
        ends = counts.cumsum()
        shift = self._starts[nodes] - (ends - counts)
        return self._np.arange(int(ends[-1])) + shift.repeat(counts)

    def _sorted(self, nodes: Any) -> list[Any]:
        """Nodes with edges, by level; a node comes when all that it rests on has come."""
        numpy = self._np
        leading = numpy.argsort(self._sources, kind="stable")
        targets = nodes[leading]
        size = len(self._counts)
        firsts = numpy.searchsorted(self._sources[leading], numpy.arange(size + 1))
        missing = self._counts.copy()
        levels = []
        front = numpy.flatnonzero(missing == 0)
        while front.size:
            counts = firsts[front + 1] - firsts[front]
            ends = counts.cumsum()
            shift = firsts[front] - (ends - counts)
            reached = targets[numpy.arange(int(ends[-1])) + shift.repeat(counts)]
            numpy.subtract.at(missing, reached, 1)
            front = numpy.unique(reached[missing[reached] == 0])
            if front.size:
                levels.append(front)
        return levels

    def _step(self, nodes: Any) -> tuple[Any, Any, Any, Any, Any, int]:
        edges = self._edges(nodes)
        counts = self._counts[nodes]
        parts = self._parts[edges]
        firsts = counts.cumsum() - counts
        largest = int(parts.max())
        return nodes, firsts, self._sources[edges], parts, self._wholes[edges], largest


def _row(values: Sequence[int]) -> array[int]:
    if isinstance(values, array) and values.typecode == "q":
        return values
    try:
        return array("q", values)
    except (OverflowError, TypeError) as error:
        raise InputError("custody.bulk_shape", "a row holds other than 63-bit integers") from error


def _least(row: array[int]) -> int:
    numpy = _numpy()
    if not row or numpy is None:
        return min(row, default=0)
    return int(numpy.frombuffer(row, dtype=numpy.int64).min())


def _cycle(node: int) -> InputError:
    return InputError("custody.lineage_cycle", f"node {node} rests on a node that is not below it")


def _unordered() -> InputError:
    return InputError("custody.bulk_shape", "starts of nodes are not ascending")


def _no_part() -> InputError:
    return InputError("custody.bulk_shape", "a part is below zero or a whole is not above it")
