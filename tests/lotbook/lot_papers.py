"""How an honest issuer shares quantities out, and the trees that it keeps of its batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.lotbook.lot_laws import STRICT
from tests.lotbook.lot_values import (
    MILLION,
    Column,
    Header,
    Model,
    Opened,
    Opening,
    Output,
    Sums,
    credits_of,
    kind_of,
    metal_of,
    of_kind,
)
from veta.sum_trees import SumTree

Row = tuple[bytes, bytes, tuple[int, ...]]
"""Lot key, statement leaf and quantities of a lot."""


def spread(whole: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder, ties to the lowest index."""
    base = sum(weights)
    if base == 0:
        return [whole, *[0] * (len(weights) - 1)]
    parts = [whole * weight // base for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % base), i))
    for i in order[: whole - sum(parts)]:
        parts[i] += 1
    return parts


def cut(rng: Random, whole: int, parts: int) -> list[int]:
    """Whole numbers above zero that make the whole."""
    weights = [rng.randint(1, 100) for _ in range(parts)]
    return [1 + part for part in spread(whole - parts, weights)]


def fill(rng: Random, whole: int, room: Sequence[int]) -> list[int]:
    """Put ``whole`` into places that have so much room, some full and some empty."""
    parts = [0] * len(room)
    for i in rng.sample(range(len(room)), len(room)):
        parts[i] = min(whole, room[i])
        whole -= parts[i]
    return parts


def share_out(
    rng: Random,
    sums: Sums,
    reference: int,
    parts: int,
    *,
    attributed: bool = False,
    tolerance: int = 0,
) -> list[Sums]:
    """All but credit: the reference at random, the rest in proportion."""
    sizes = cut(rng, sums[reference], min(parts, sums[reference]))
    shares: list[Sums] = [{reference: size} for size in sizes]
    for column, whole in sums.items():
        kind = kind_of(column)
        if column == reference or kind in {Column.CREDIT, Column.CLASS}:
            continue
        free = attributed and kind == Column.CO2E
        weights = [rng.randint(0, 9) for _ in sizes] if free else sizes
        if kind == Column.METAL and tolerance:
            slack = tolerance // 3
            weights = [size * (MILLION + rng.randint(-slack, slack)) for size in sizes]
        for share, part in zip(shares, spread(whole, weights), strict=True):
            share[column] = part
    for column in of_kind(sums, Column.CLASS):
        metals = [share[metal_of(column)] for share in shares]
        for share, part in zip(shares, spread(sums[column], metals), strict=True):
            share[column] = part
    return shares


def share_credit(rng: Random, sums: Sums, shares: list[Sums], reference: int, model: int) -> None:
    """Credit of a batch on its lots, as the chain-of-custody model asks."""
    sizes = [share[reference] for share in shares]
    for column in of_kind(sums, Column.CREDIT):
        metal = metal_of(column)
        if model in STRICT:
            parts = [share.get(metal, 0) if sums[column] else 0 for share in shares]
        elif model == Model.CONTROLLED_BLENDING:
            parts = spread(sums[column], sizes)
        else:
            others = credits_of(sums, metal)
            room = [s.get(metal, 0) - sum(s.get(c, 0) for c in others) for s in shares]
            parts = fill(rng, sums[column], room)
        for share, part in zip(shares, parts, strict=True):
            share[column] = part


@dataclass
class Papers:
    """What the issuer of a batch knows of it: every lot, and the tree over them."""

    columns: tuple[int, ...]
    sums: tuple[int, ...]
    """As declared; a cheat's differ from the tree's."""
    salt: bytes
    rows: list[Row]
    tree: SumTree
    header: Header | None = None
    unopened: list[int] = field(default_factory=list)

    def opening(self, index: int) -> Opening:
        assert self.header is not None
        path = b"".join(self.tree.inclusion(index).path)
        return Opening(self.header, self.columns, self.salt, *self.rows[index], index, path)

    def opened(self, index: int) -> Opened:
        assert self.header is not None
        return Opened(self.header, self.columns, index, *self.rows[index])


def write_papers(rng: Random, sums: Sums, shares: list[Sums], padding: int = 0) -> Papers:
    """Number the lots, and put padding among them."""
    columns = tuple(sorted(sums))
    rows: list[Row] = [
        (rng.randbytes(32), rng.randbytes(32), tuple(share[c] for c in columns)) for share in shares
    ]
    nothing = tuple(0 for _ in columns)
    for _ in range(padding):
        rows.insert(rng.randint(0, len(rows)), (rng.randbytes(32), rng.randbytes(32), nothing))
    return papers_of(rng, columns, rows)


def papers_of(rng: Random, columns: tuple[int, ...], rows: list[Row]) -> Papers:
    """The tree over the rows; what is worth opening is what has a quantity."""
    tree = SumTree(rows, len(columns))
    real = [i for i, row in enumerate(rows) if any(row[2])]
    return Papers(columns, tree.totals, rng.randbytes(16), rows, tree, unopened=real)


def output_of(
    papers: Papers, reference: int, product_class: int, model: int, *, attributed: bool
) -> Output:
    """The batch as a run declares it."""
    root, size = papers.tree.root, papers.tree.size
    how = reference, product_class, model, attributed
    return Output(root, size, papers.columns, papers.sums, papers.salt, *how)
