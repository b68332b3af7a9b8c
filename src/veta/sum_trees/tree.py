"""A whole sum tree: built from lots, level by level, and the proofs it gives."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from struct import Struct
from typing import Any, Final

from veta.errors import InputError
from veta.model.identifiers import Digest
from veta.model.lot_tree import LotInclusion, LotRoot, LotTreeHead
from veta.sum_trees.nodes import (
    LANE,
    LANES,
    LEAF_TAG,
    NODE_TAG,
    leaf_node,
    not_a_digest,
    require_columns,
    require_index,
    require_sums,
    sum_node_parts,
)
from veta.trees import DIGEST_LENGTH

_RUN: Final = 512
"""Leaves or pairs of nodes worked on at a time: they stay in the processor's cache."""


class SumTree:
    """A Merkle-sum tree over lots, all levels kept: 64 + 16k octets a lot of k columns.

    Lot keys that occur twice are not looked for: of two lots of one key only the first that is
    opened counts on chain.

    Args:
        lots: lot key, statement leaf and quantities of each lot, in order, at least one;
            ``LotLeaf`` or plain tuples, read once, so they may be made on the way.
        columns: number of quantities of every lot, 1 to 16.

    Raises:
        InputError: ``sum_trees.empty``, ``sum_trees.digest_length``, ``sum_trees.column_count``,
            ``sum_trees.quantity_range``; ``sum_trees.sum_range`` if a total exceeds 2^53-1.
    """

    __slots__ = ("_columns", "_levels")

    def __init__(self, lots: Iterable[tuple[bytes, bytes, Sequence[int]]], columns: int) -> None:
        self._columns = columns
        self._levels = list(tree_levels(lots, columns))

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // self._width

    @property
    def root(self) -> LotRoot:
        """Digest of the topmost node."""
        return LotRoot(self._levels[-1][:DIGEST_LENGTH])

    @property
    def totals(self) -> tuple[int, ...]:
        """Sum of each column over all lots."""
        return LANES[self._columns].unpack_from(self._levels[-1], DIGEST_LENGTH)

    @property
    def head(self) -> LotTreeHead:
        """Root, size and totals: what a batch header carries."""
        return LotTreeHead(self.root, self.size, self.totals)

    def leaf(self, index: int) -> Digest:
        """The lot leaf at an index.

        Raises:
            InputError: ``sum_trees.index_range``.
        """
        require_index(index, self.size)
        return Digest(self._node(0, index)[:DIGEST_LENGTH])

    def inclusion(self, index: int) -> LotInclusion:
        """Proof that the lot at ``index`` is under the head with its quantities.

        Raises:
            InputError: ``sum_trees.index_range``.
        """
        require_index(index, self.size)
        path = []
        at = index
        for height, level in enumerate(self._levels[:-1]):
            sibling = at ^ 1
            if sibling * self._width < len(level):
                path.append(self._node(height, sibling))
            at >>= 1
        return LotInclusion(index=index, path=tuple(path))

    def level(self, height: int) -> bytes:
        """The nodes of a level, joined: the leaves at 0; the topmost if there is none so high."""
        return self._levels[min(height, len(self._levels) - 1)]

    @property
    def _width(self) -> int:
        return DIGEST_LENGTH + LANE * self._columns

    def _node(self, height: int, index: int) -> bytes:
        start = index * self._width
        return self._levels[height][start : start + self._width]


def sum_tree_head(lots: Iterable[tuple[bytes, bytes, Sequence[int]]], columns: int) -> LotTreeHead:
    """Head of the tree over the lots, keeping one level at a time.

    Raises:
        InputError: as ``SumTree``.
    """
    size, level = 0, b""
    for level in tree_levels(lots, columns):
        size = size or len(level) // (DIGEST_LENGTH + LANE * columns)
    digest, totals = sum_node_parts(level)
    return LotTreeHead(LotRoot(digest), size, totals)


def tree_levels(
    lots: Iterable[tuple[bytes, bytes, Sequence[int]]], columns: int
) -> Iterator[bytes]:
    """Every level from the leaves to the root, its nodes joined, all sums in bounds.

    Raises:
        InputError: as ``SumTree``.
    """
    require_columns(columns)
    rows = iter(lots)
    level = b"".join(iter(lambda: _leaf_run(islice(rows, _RUN), columns), b""))
    if not level:
        raise InputError("sum_trees.empty", "a tree has at least one lot")
    yield from levels_above(level, columns)


def levels_above(level: bytes, columns: int) -> Iterator[bytes]:
    """A level, its sums in bounds, and every one above it.

    Raises:
        InputError: ``sum_trees.sum_range``.
    """
    yield level
    while len(level) > DIGEST_LENGTH + LANE * columns:
        level = _level_above(level, columns)
        yield level


def _leaf_run(rows: Iterable[tuple[bytes, bytes, Sequence[int]]], columns: int) -> bytes:
    """The leaves of some lots with their quantities; empty if there is no lot left."""
    digest, tag, pack, length = sha256, LEAF_TAG, LANES[columns].pack, DIGEST_LENGTH
    nodes: list[bytes] = []
    for row in rows:
        try:
            key, statement, quantities = row
            block = pack(*quantities)
            entry = tag + key + statement + block
        except (TypeError, ValueError, struct.error) as error:
            raise _leaf_refusal(row, columns) from error
        if len(key) != length or len(statement) != length:
            raise not_a_digest()
        nodes.append(digest(entry).digest() + block)
    run = b"".join(nodes)
    require_sums(run, columns, "sum_trees.quantity_range")
    return run


def _level_above(level: bytes, columns: int) -> bytes:
    """The next level. Sums of ``level`` are below 2^53, so two of them never carry into a third."""
    block = LANE * columns
    width = DIGEST_LENGTH + block
    digest, tag, chunk = sha256, NODE_TAG, 2 * width * _RUN
    pairs = Struct(f"{2 * width}s").iter_unpack
    # Added to itself moved by one node, a level has in each right node the sums of its pair.
    added = Struct(f"{width + DIGEST_LENGTH}x{block}s").iter_unpack
    only_sums = int.from_bytes((bytes(DIGEST_LENGTH) + b"\xff" * block) * (2 * _RUN))
    paired = len(level) - len(level) % (2 * width)
    parts = []
    for start in range(0, paired, chunk):
        octets = level[start : min(start + chunk, paired)]
        sums = int.from_bytes(octets) & only_sums
        sums += sums >> 8 * width
        parts.append(
            b"".join(
                [
                    digest(tag + pair).digest() + total
                    for (pair,), (total,) in zip(
                        pairs(octets), added(sums.to_bytes(len(octets))), strict=True
                    )
                ]
            )
        )
    parts.append(level[paired:])
    above = b"".join(parts)
    require_sums(above, columns, "sum_trees.sum_range")
    return above


def _leaf_refusal(row: Any, columns: int) -> InputError:
    """Why a lot could not be hashed, said by the check that takes its time."""
    try:
        leaf_node(row)
    except InputError as error:
        return error
    except (TypeError, ValueError):
        return InputError("sum_trees.lot", "a lot is not its key, statement leaf and quantities")
    return InputError("sum_trees.column_count", f"a lot has other than {columns} quantities")
