"""Verification that a lot stands in a batch with its quantities, from one path."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from struct import Struct
from typing import Final

from veta.errors import InputError, VerificationError
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.sum_trees.nodes import (
    EXCESS,
    LANE,
    LEAF_TAG,
    MAX_COLUMNS,
    NODE_TAG,
    leaf_node,
    out_of_range,
    require_index,
    sum_node,
    sum_node_parts,
)
from veta.trees import DIGEST_LENGTH, MAX_SIZE

_TakesApart = Callable[[bytes], tuple[bytes, ...]]
_Shape = tuple[
    Callable[..., bytes],
    _TakesApart,
    _TakesApart,
    int,
    int,
    int,
    tuple[int, ...],
    list[type],
    list[type],
    list[int],
]
_Lanes = tuple[_TakesApart, _TakesApart, int, int, tuple[int, ...]]
_NODE_BEGUN: Final = sha256(NODE_TAG).copy
"""Begins the digest of a node: cheaper than to hash its tag with it."""


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
    try:
        if _proves(lot, proof, head):
            return
    except (TypeError, ValueError, KeyError, struct.error):
        pass  # something is no value of its kind: the slower way says what
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

    The sums of all nodes on the way are made at once: one integer has those of the leaf and of
    every sibling behind each other, and each becomes the sum of those before it by adding the
    integer to itself, moved by one place, by two, by four... None of the leaf's and the siblings'
    reaches 2^53, and at most 64 are added: no lane of 64 bits carries. None is negative, so where
    the sums at the top are in bounds, or equal totals that are, so were all sums on the way.
    """
    inner, path = _inner_length(proof, size), proof.path
    leaf = leaf_node(lot)
    _require_nodes(path, len(leaf))
    digest, block = leaf[:DIGEST_LENGTH], leaf[DIGEST_LENGTH:]
    of_path, of_nodes, octets, excess, shifts = _lanes(len(block), len(path))
    sums = int.from_bytes(b"".join((block, *of_path(b"".join(path)))))
    if sums & excess:
        raise out_of_range("sum_trees.sum_range")
    for shift in shifts:
        sums += sums >> shift
    blocks = of_nodes(sums.to_bytes(octets))
    # Below the inner length the index says on which side the sibling is; above it is on the left.
    sides = f"{proof.index & ~(-1 << inner) | 1 << inner:b}"[:0:-1] + "1" * (len(path) - inner)
    begun = _NODE_BEGUN
    for sibling, block, side in zip(path, blocks, sides, strict=False):
        state = begun()
        state.update(sibling + digest + block if side == "1" else digest + block + sibling)
        digest = state.digest()
    return digest + blocks[-1]


def _proves(lot: LotLeaf, proof: LotInclusion, head: LotTreeHead) -> bool:
    """Whether ``verify_lot_inclusion`` has nothing to refuse: all bounds are checked at once.

    As ``_topmost``, with the totals behind the sums of the path: one look at one integer finds any
    quantity, sum or total of 2^53 or more. What this does not accept is looked at once more, by the
    functions that say why.
    """
    key, statement, quantities = lot
    index, path, size, root = proof.index, proof.path, head.size, head.root
    if not type(index) is type(size) is int or not 0 <= index < size <= MAX_SIZE:
        return False
    inner, count = (index ^ (size - 1)).bit_length(), len(path)
    if count != inner + (index >> inner).bit_count():
        return False
    pack, of_path, of_nodes, width, length, excess, shifts, ints, types, lengths = _shape(
        len(quantities), count
    )
    numbers = quantities + head.totals
    octets = (*path, key, statement, root)
    if [*map(type, octets)] != types or [*map(len, octets)] != lengths:
        return False
    if type(numbers) is not tuple or [*map(type, numbers)] != ints:
        return False
    block = pack(*numbers)
    held, totals = block[:width], block[width:]
    sums = int.from_bytes(b"".join((held, *of_path(b"".join(path)), totals)))
    if sums & excess:
        return False
    for shift in shifts:
        sums += sums >> shift
    blocks = of_nodes(sums.to_bytes(length))
    digest = sha256(b"".join((LEAF_TAG, key, statement, held))).digest()
    sides = f"{index & ~(-1 << inner) | 1 << inner:b}"[:0:-1] + "1" * (count - inner)
    begun = _NODE_BEGUN
    for sibling, each, side in zip(path, blocks, sides, strict=False):
        state = begun()
        state.update(sibling + digest + each if side == "1" else digest + each + sibling)
        digest = state.digest()
    return digest == root and blocks[-1] == totals


@lru_cache(maxsize=MAX_COLUMNS * 64)
def _shape(columns: int, siblings: int) -> _Shape:
    """How proofs of some columns and siblings are looked at by ``_proves``.

    Returns:
        What packs quantities and totals; what takes the sums out of the joined siblings; what takes
        the sums of all nodes apart, without the totals behind them; octets of the sums of a node,
        and of all; bits that none may have; by how much they are moved to be added; the types of
        quantities and totals; types and lengths of the siblings, the lot's two names and the root.

    Raises:
        KeyError: there are not 1 to 16 columns.
    """
    width, cells = LANE * columns, siblings + 2
    excess = int.from_bytes(EXCESS[columns].to_bytes(width) * cells)
    return (
        Struct(f">{2 * columns}Q").pack,
        Struct(f"{DIGEST_LENGTH}x{width}s" * siblings).unpack,
        Struct(f"{width}s" * (siblings + 1) + f"{width}x").unpack,
        width,
        width * cells,
        excess,
        tuple(8 * width << doubling for doubling in range(siblings.bit_length())),
        [int] * (2 * columns),
        [bytes] * (siblings + 3),
        [DIGEST_LENGTH + width] * siblings + [DIGEST_LENGTH] * 3,
    )


@cache
def _lanes(block: int, siblings: int) -> _Lanes:
    """How sums of paths of one shape are taken apart and put together.

    Args:
        block: octets of the sums of a node, 8 to 128.
        siblings: of the path, at most 63.

    Returns:
        What takes the sums of the siblings out of their joined nodes; what takes the sums of all
        nodes, one more than there are siblings, apart; octets of these; bits that no sum may have;
        by how many bits they are moved to be added.
    """
    nodes = siblings + 1
    return (
        Struct(f"{DIGEST_LENGTH}x{block}s" * siblings).unpack,
        Struct(f"{block}s" * nodes).unpack,
        block * nodes,
        int.from_bytes(EXCESS[block // LANE].to_bytes(block) * nodes),
        tuple(8 * block << doubling for doubling in range(siblings.bit_length())),
    )


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
    count = len(nodes)
    if [*map(type, nodes)] != [bytes] * count or [*map(len, nodes)] != [width] * count:
        raise InputError("sum_trees.node_length", f"a node is not {width} octets")
