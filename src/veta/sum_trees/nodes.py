"""Nodes of a sum tree: a digest and a sum a column, how they are written and what bounds them.

Columns are added together, as one long integer with a lane of 64 bits each. Two lanes that are
checked to be below 2^53 do not carry into the next when they are added, nor do 64 of them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from typing import Final

from veta.errors import InputError
from veta.model.identifiers import Digest
from veta.model.lot_tree import LotLeaf
from veta.trees import DIGEST_LENGTH

MAX_COLUMNS: Final = 16
MAX_QUANTITY: Final = 2**53 - 1
"""Largest quantity, and largest sum of any column in any node."""
LEAF_TAG: Final = b"\x02"
NODE_TAG: Final = b"\x03"
LANE: Final = 8
"""Octets of a quantity or sum."""
LANES: Final = {columns: Struct(f">{columns}Q") for columns in range(1, MAX_COLUMNS + 1)}
"""By number of columns: how quantities and sums are written."""
EXCESS: Final = {
    columns: int.from_bytes((MAX_QUANTITY ^ 2**64 - 1).to_bytes(LANE) * columns)
    for columns in LANES
}
"""By number of columns: the bits that no quantity and no sum may have."""
_BELOW_32: Final = bytes(range(32))


def lot_leaf_digest(lot: LotLeaf) -> Digest:
    """SHA-256(0x02 || lot key || statement leaf || q_1 .. q_k), the lot leaf.

    Raises:
        InputError: ``sum_trees.digest_length``, ``sum_trees.column_count``,
            ``sum_trees.quantity_range``.
    """
    return Digest(leaf_node(lot)[:DIGEST_LENGTH])


def sum_node(digest: bytes, sums: Sequence[int]) -> bytes:
    """A node as it stands in a path: digest, then the sums, 8 octets big-endian each.

    Raises:
        InputError: ``sum_trees.digest_length``, ``sum_trees.column_count``,
            ``sum_trees.sum_range``.
    """
    require_digest(digest)
    return digest + packed(sums, "sum_trees.sum_range")


def sum_node_parts(node: bytes) -> tuple[Digest, tuple[int, ...]]:
    """Digest and sums of a node: what ``sum_node`` puts together.

    Raises:
        InputError: ``sum_trees.node_length``, ``sum_trees.sum_range``.
    """
    columns, rest = divmod(len(node) - DIGEST_LENGTH, LANE) if type(node) is bytes else (0, 0)
    if rest or not 1 <= columns <= MAX_COLUMNS:
        raise InputError("sum_trees.node_length", "a node is not a digest and 1 to 16 sums")
    require_sums(node, columns, "sum_trees.sum_range")
    return Digest(node[:DIGEST_LENGTH]), LANES[columns].unpack_from(node, DIGEST_LENGTH)


def parent_node(left: bytes, right: bytes) -> bytes:
    """The node above two: SHA-256(0x03 || left || right), then their sums added.

    Raises:
        InputError: ``sum_trees.node_length``, ``sum_trees.column_count``,
            ``sum_trees.sum_range``.
    """
    (_, left_sums), (_, right_sums) = sum_node_parts(left), sum_node_parts(right)
    if len(left_sums) != len(right_sums):
        raise InputError("sum_trees.column_count", "two nodes differ in their number of columns")
    sums = [one + other for one, other in zip(left_sums, right_sums, strict=True)]
    return sum_node(sha256(NODE_TAG + left + right).digest(), sums)


def leaf_node(lot: LotLeaf) -> bytes:
    """The lowest node over a lot: its lot leaf, then its quantities.

    Raises:
        InputError: as ``lot_leaf_digest``.
    """
    key, statement, quantities = lot
    if type(key) is not bytes or type(statement) is not bytes:
        raise not_a_digest()
    if len(key) != DIGEST_LENGTH or len(statement) != DIGEST_LENGTH:
        raise not_a_digest()
    block = packed(quantities, "sum_trees.quantity_range")
    return sha256(LEAF_TAG + key + statement + block).digest() + block


def packed(quantities: Sequence[int], code: str) -> bytes:
    """Quantities or sums as they are hashed, 8 octets big-endian each.

    Raises:
        InputError: ``sum_trees.column_count``; ``code`` for what is no integer in 0..2^53-1.
    """
    if not isinstance(quantities, (tuple, list)) or len(quantities) not in LANES:
        raise InputError("sum_trees.column_count", f"quantities are not 1 to {MAX_COLUMNS}")
    try:
        block = LANES[len(quantities)].pack(*quantities)
    except struct.error as error:
        raise out_of_range(code) from error
    if int.from_bytes(block) & EXCESS[len(quantities)] or bool in map(type, quantities):
        raise out_of_range(code)
    return block


def require_sums(nodes: bytes, columns: int, code: str) -> None:
    """Check that every sum of the joined nodes is at most 2^53-1: 11 upper bits of 64 are zero.

    Raises:
        InputError: ``code``.
    """
    width = DIGEST_LENGTH + LANE * columns
    for at in range(DIGEST_LENGTH, width, LANE):
        if nodes[at::width].strip(b"\x00") or nodes[at + 1 :: width].translate(None, _BELOW_32):
            raise out_of_range(code)


def require_columns(columns: int) -> None:
    """Check a number of columns.

    Raises:
        InputError: ``sum_trees.column_count``.
    """
    if type(columns) is not int or not 1 <= columns <= MAX_COLUMNS:
        raise InputError("sum_trees.column_count", f"columns are not 1 to {MAX_COLUMNS}")


def require_digest(digest: bytes) -> None:
    """Check that a digest is 32 octets.

    Raises:
        InputError: ``sum_trees.digest_length``.
    """
    if type(digest) is not bytes or len(digest) != DIGEST_LENGTH:
        raise not_a_digest()


def not_a_digest() -> InputError:
    """The refusal of what is no digest, to be raised."""
    return InputError("sum_trees.digest_length", f"a digest is not {DIGEST_LENGTH} octets")


def out_of_range(code: str) -> InputError:
    """The refusal of a quantity or sum out of bounds, to be raised."""
    return InputError(code, f"a quantity or sum is not an integer in 0..{MAX_QUANTITY}")


def require_index(index: int, size: int) -> None:
    """Check that a tree of ``size`` leaves has the index.

    Raises:
        InputError: ``sum_trees.index_range``.
    """
    if type(index) is not int or not 0 <= index < size:
        raise InputError("sum_trees.index_range", f"an index is not in 0..{size - 1}")
