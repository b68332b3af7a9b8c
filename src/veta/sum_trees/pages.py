"""A proof from one page of a tree: its lots, and the nodes over all pages.

A page is ``2^PAGE_HEIGHT`` lots in a row, the last one may be shorter. Built level by level (RFC
9162 section 2.1), the nodes over pages are a level of the whole tree, so what is above them is a
tree of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from veta.errors import InputError
from veta.model.lot_tree import LotInclusion
from veta.sum_trees.nodes import LANE, require_columns, require_index
from veta.sum_trees.tree import SumTree, levels_above
from veta.trees import DIGEST_LENGTH

PAGE_HEIGHT: Final = 10


def page_nodes(tree: SumTree) -> bytes:
    """The nodes over every page of a tree, joined, each a digest and 8 octets a column."""
    return tree.level(PAGE_HEIGHT)


def paged_inclusion(
    lots: Iterable[tuple[bytes, bytes, Sequence[int]]], nodes: bytes, index: int, columns: int
) -> tuple[LotInclusion, bytes]:
    """Proof of a lot, and the digest of the root that it leads to.

    Args:
        lots: of the lot's page, in order.
        nodes: as ``page_nodes``.
        index: of the lot in the whole tree.
        columns: of the tree.

    Raises:
        InputError: as ``SumTree``; ``sum_trees.node_length``: nodes that are none;
            ``sum_trees.index_range``; ``sum_trees.root_mismatch``: the node over the page is not
            the one over these lots.
    """
    require_columns(columns)
    width = DIGEST_LENGTH + LANE * columns
    if not nodes or len(nodes) % width:
        raise InputError("sum_trees.node_length", f"a node is not {width} octets")
    page, within = index >> PAGE_HEIGHT, index & (1 << PAGE_HEIGHT) - 1
    require_index(page, len(nodes) // width)
    tree = SumTree(lots, columns)
    path = list(tree.inclusion(within).path)
    if tree.level(PAGE_HEIGHT) != nodes[page * width : (page + 1) * width]:
        raise InputError("sum_trees.root_mismatch", "the node over a page is not that of its lots")
    *below, top = levels_above(nodes, columns)
    for level in below:
        start = (page ^ 1) * width
        path += [level[start : start + width]] if start < len(level) else []
        page >>= 1
    return LotInclusion(index, tuple(path)), top[:DIGEST_LENGTH]
