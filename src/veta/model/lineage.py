"""Lots, takes and runs as a graph that a store can fill; no digests, no proofs.

Runs have a number that grows with their place on the chain (block, then index). A lot is made by
one run and taken from by later ones: so a graph that is what it says cannot have a cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType, Protocol

from veta.model.columns import ColumnKey
from veta.model.lots import AllocationShare, LotBatchKind, LotId, ProductClassId, SiteId

RunOrder = NewType("RunOrder", int)
"""Number of a run: above that of every run that made something it takes."""


@dataclass(frozen=True, slots=True)
class LotNode:
    """An opened lot."""

    lot: LotId
    made_by: RunOrder
    output: int
    """Index of its batch in that run."""
    reference_column: ColumnKey
    quantities: Mapping[ColumnKey, int]


@dataclass(frozen=True, slots=True)
class TakeEdge:
    """``amount`` of a lot's reference after ``taken`` of it."""

    lot: LotId
    taken: int
    amount: int


@dataclass(frozen=True, slots=True)
class BatchNode:
    """A batch that a run made."""

    product_class: ProductClassId
    reference_column: ColumnKey
    sums: Mapping[ColumnKey, int]
    attributed: bool = False


@dataclass(frozen=True, slots=True)
class RunNode:
    """A run: a way in has no takes."""

    order: RunOrder
    kind: LotBatchKind
    site: SiteId
    outputs: tuple[BatchNode, ...]
    takes: tuple[TakeEdge, ...] = ()
    losses: Mapping[ColumnKey, int] = field(default_factory=dict)
    first_measured: Mapping[ColumnKey, int] = field(default_factory=dict)
    emissions_g: int = 0
    rule: tuple[AllocationShare, ...] | None = None
    """Bounds of the allocation rule, ``None`` without one."""


class LineageGraph(Protocol):
    """Where lots came from and where they went; answers are of one block."""

    def lot(self, lot: LotId) -> LotNode | None:
        """An opened lot, ``None`` if there is none of this id."""

    def run(self, order: RunOrder) -> RunNode | None:
        """A run by its number."""

    def takers(self, lot: LotId) -> Sequence[RunOrder]:
        """Runs that took of a lot, each once."""

    def opened(self, order: RunOrder, output: int) -> Sequence[LotId]:
        """Lots of a batch that were opened."""
