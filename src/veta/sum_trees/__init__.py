"""Merkle-sum trees of lots (docs/spec/lots.md): what a proof shows, it shows with its quantities.

A node is 32 octets of digest and the sum of each column below it, 8 octets big-endian each, and the
digest above covers both children with their sums. So under one head no set of lots can be proven
whose quantities exceed the totals, whoever built the tree: each proven node is what its children
make, and no quantity is negative. Shape, index and size are RFC 9162's (``veta.trees``); leaf and
node are tagged 0x02 and 0x03, so neither stands for the other, nor for a node of a plain tree.
"""

from veta.sum_trees.inclusion import head_from_path, verify_lot_inclusion
from veta.sum_trees.names import (
    PADDING_RANDOMNESS,
    cause_leaf,
    cause_root,
    lot_key,
    padding_leaf,
)
from veta.sum_trees.nodes import (
    MAX_COLUMNS,
    MAX_QUANTITY,
    lot_leaf_digest,
    parent_node,
    sum_node,
    sum_node_parts,
)
from veta.sum_trees.pages import PAGE_HEIGHT, page_nodes, paged_inclusion
from veta.sum_trees.tree import SumTree, sum_tree_head

__all__ = [
    "MAX_COLUMNS",
    "MAX_QUANTITY",
    "PADDING_RANDOMNESS",
    "PAGE_HEIGHT",
    "SumTree",
    "cause_leaf",
    "cause_root",
    "head_from_path",
    "lot_key",
    "lot_leaf_digest",
    "padding_leaf",
    "page_nodes",
    "paged_inclusion",
    "parent_node",
    "sum_node",
    "sum_node_parts",
    "sum_tree_head",
    "verify_lot_inclusion",
]
