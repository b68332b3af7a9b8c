"""Verification that a lot stands in a batch with its quantities, from one path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256
from operator import itemgetter, or_
from typing import Final

from veta.errors import InputError, VerificationError
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.sum_trees.nodes import (
    EXCESS,
    LANE,
    NODE_TAG,
    leaf_node,
    out_of_range,
    require_index,
    sum_node,
    sum_node_parts,
)
from veta.trees import DIGEST_LENGTH, MAX_SIZE

_sums_of: Final = itemgetter(slice(DIGEST_LENGTH, None))


def head_from_path(lot: LotLeaf, proof: LotInclusion, size: int) -> LotTreeHead:
    """The only head of ``size`` leaves under which the proof puts the lot at its index.

    Comparing it with an authentic head is the caller's: ``verify_lot_inclusion`` does it.

    Raises:
        InputError: ``sum_trees.size_range``, ``sum_trees.index_range``,
            ``sum_trees.path_length``, ``sum_trees.digest_length``, ``sum_trees.column_count``,
            ``sum_trees.quantity_range``, ``sum_trees.node_length``, ``sum_trees.sum_range``.
    """
    digest, totals = sum_node_parts(_topmost(lot, proof, size))
    return LotTreeHead(LotRoot(digest), size, totals)


def verify_lot_inclusion(lot: LotLeaf, proof: LotInclusion, head: LotTreeHead) -> None:
    """Check that the lot stands at the proof's index under the head, with these quantities.

    Not checked: that the head is authentic (take root, size and totals from one anchored header),
    that the lot key is the lot's (recompute it), that the lot is real (its reference above zero).

    Raises:
        InputError: as ``head_from_path``; ``sum_trees.digest_length``,
            ``sum_trees.column_count``, ``sum_trees.sum_range`` for the head.
        VerificationError: ``sum_trees.root_mismatch``; ``sum_trees.totals_mismatch`` if the
            totals are not those that the root stands for.
    """
    expected = sum_node(head.root, head.totals)
    found = _topmost(lot, proof, head.size)
    if found == expected:
        return
    if len(found) != len(expected):
        raise InputError("sum_trees.column_count", "the lot and the totals differ in columns")
    if found[:DIGEST_LENGTH] != head.root:
        raise VerificationError(
            "sum_trees.root_mismatch",
            f"the lot is not under the root at index {proof.index} of {head.size} leaves",
        )
    raise VerificationError("sum_trees.totals_mismatch", "the totals are not those of the root")


def _topmost(lot: LotLeaf, proof: LotInclusion, size: int) -> bytes:
    """The node at the top of the path; its sums are not looked at, those it is made of are.

    No sum of the leaf or of a sibling reaches 2^53, and at most 64 of them are added: no lane
    reaches 2^59, so none carries. None is negative, so where the sums at the top are in bounds,
    or equal totals that are, so were all sums on the way.
    """
    inner = _inner_length(proof, size)
    node, at, path = leaf_node(lot), proof.index, proof.path
    _require_nodes(path, len(node))
    columns = (len(node) - DIGEST_LENGTH) // LANE
    lanes = list(map(int.from_bytes, map(_sums_of, path)))
    added = int.from_bytes(_sums_of(node))
    if reduce(or_, lanes, 0) & EXCESS[columns]:
        raise out_of_range("sum_trees.sum_range")
    digest, tag, block = sha256, NODE_TAG, LANE * columns
    for sibling, sums in zip(path[:inner], lanes, strict=False):
        added += sums
        above = digest(tag + sibling + node if at & 1 else tag + node + sibling).digest()
        node = above + added.to_bytes(block)
        at >>= 1
    for sibling, sums in zip(path[inner:], lanes[inner:], strict=True):
        added += sums
        node = digest(tag + sibling + node).digest() + added.to_bytes(block)
    return node


def _inner_length(proof: LotInclusion, size: int) -> int:
    """Nodes of the path below the level where every sibling lies to the left.

    RFC 9162 section 2.1.3.2: on these levels the path to the leaf and that to the last one differ.
    """
    index = proof.index
    if type(size) is not int or not 0 < size <= MAX_SIZE:
        raise InputError("sum_trees.size_range", f"a tree size is not in 1..{MAX_SIZE}")
    require_index(index, size)
    inner = (index ^ (size - 1)).bit_length()
    if len(proof.path) != inner + (index >> inner).bit_count():
        raise InputError(
            "sum_trees.path_length",
            f"a path of {len(proof.path)} nodes cannot lead from lot {index} of {size}",
        )
    return inner


def _require_nodes(nodes: Sequence[bytes], width: int) -> None:
    if set(map(type, nodes)) - {bytes} or set(map(len, nodes)) - {width}:
        raise InputError("sum_trees.node_length", f"a node is not {width} octets")
