"""How far a country's metal is traced, certified and verified, from batches alone. Pure.

A campaign is counted by what the chain shows of its batches: totals, and the lots that were opened.
Nobody's documents are needed, and what comes out names nobody. Integers only; shares are ppm,
rounded down, so that no figure says more than was done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from veta.custody.columns import column_of, of_kind
from veta.model.columns import ColumnKey, ColumnKind, OriginClass, SubstanceId, class_key
from veta.model.identifiers import MemberId
from veta.model.lots import ProductClassId

PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """A batch as it is counted."""

    issuer: MemberId
    country: str
    """ISO 3166-1 alpha-2 of the site; empty where a batch came from outside."""
    year: int
    """UTC year of the last second of production."""
    product_class: ProductClassId
    sums: Mapping[ColumnKey, int]
    size: int
    """Lots, padding included."""
    entitled: int
    """Metal that the credit taken, or brought in, can cover: never above the metal."""
    lots: tuple[Mapping[ColumnKey, int], ...] = field(default=())
    """Lots whose quantities are shown: opened on chain, or in bundles."""
    verified: tuple[Mapping[ColumnKey, int], ...] = field(default=())
    """Of these, lots whose passports were verified, with a good verdict."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Figures of one country, year and product class. Metal in its base unit."""

    country: str
    year: int
    product_class: ProductClassId
    metal: int
    traced: int
    """Of registered sites: neither from outside nor recycled without history."""
    credited: int
    """Under a certificate, in the lots that carry it."""
    entitled: int
    """Under a certificate, by credit: also what stayed in an account."""
    verified: int
    lots: int
    """Padding included."""
    shown: int
    """Lots whose quantities are shown."""
    claimable: int
    """Of these, lots that are certified whole."""
    issuers: int

    def ppm(self, part: int) -> int | None:
        """Share of the metal; ``None`` where there is none."""
        return part * PPM // self.metal if self.metal else None

    @property
    def claimable_ppm(self) -> int | None:
        """Claimable lots among all that are shown; ``None`` where none is shown."""
        return self.claimable * PPM // self.shown if self.shown else None


def progress_of(batches: Iterable[CountedBatch], substance: SubstanceId) -> tuple[Progress, ...]:
    """The figures of a metal, by country, year and product class.

    Batches without the metal are passed over.
    """
    cells: dict[tuple[str, int, ProductClassId], list[CountedBatch]] = defaultdict(list)
    for batch in batches:
        if _metal(batch.sums, substance):
            cells[batch.country, batch.year, batch.product_class].append(batch)
    return tuple(_cell(key, cells[key], substance) for key in sorted(cells))


def claimable(quantities: Mapping[ColumnKey, int], substance: SubstanceId) -> bool:
    """Whether a lot's metal is certified whole under one programme."""
    metal = _metal(quantities, substance)
    keys = _of(quantities, ColumnKind.CREDIT, substance)
    return bool(metal) and any(quantities[key] == metal for key in keys)


def _cell(
    key: tuple[str, int, ProductClassId], batches: list[CountedBatch], substance: SubstanceId
) -> Progress:
    country, year, product_class = key
    shown = [lot for batch in batches for lot in batch.lots if _metal(lot, substance)]
    verified = [lot for batch in batches for lot in batch.verified]
    return Progress(
        country=country,
        year=year,
        product_class=product_class,
        metal=sum(_metal(batch.sums, substance) for batch in batches),
        traced=sum(_traced(batch.sums, substance) for batch in batches),
        credited=sum(_credited(batch.sums, substance) for batch in batches),
        entitled=sum(min(batch.entitled, _metal(batch.sums, substance)) for batch in batches),
        verified=sum(_metal(lot, substance) for lot in verified),
        lots=sum(batch.size for batch in batches),
        shown=len(shown),
        claimable=sum(claimable(lot, substance) for lot in shown),
        issuers=len({batch.issuer for batch in batches}),
    )


def _metal(quantities: Mapping[ColumnKey, int], substance: SubstanceId) -> int:
    return sum(quantities[key] for key in _of(quantities, ColumnKind.METAL, substance))


def _credited(quantities: Mapping[ColumnKey, int], substance: SubstanceId) -> int:
    credit = sum(quantities[key] for key in _of(quantities, ColumnKind.CREDIT, substance))
    return min(credit, _metal(quantities, substance))


def _traced(quantities: Mapping[ColumnKey, int], substance: SubstanceId) -> int:
    elsewhere = sum(
        quantities.get(class_key(origin, substance), 0)
        for origin in (OriginClass.EXTERNAL, OriginClass.RECYCLED)
    )
    return max(0, _metal(quantities, substance) - elsewhere)


def _of(
    quantities: Mapping[ColumnKey, int], kind: ColumnKind, substance: SubstanceId
) -> list[ColumnKey]:
    return [key for key in of_kind(quantities, kind) if column_of(key).substance == substance]
