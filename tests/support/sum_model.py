"""The sum trees of the design written down as they stand, recursively: the oracle of their tests.

Nothing here knows of ``veta.sum_trees``. Sums are lists of integers, added one by one.

    lot key  = SHA-256(0x04 || issuer id || site || product class || batch number)
    lot leaf = SHA-256(0x02 || lot key || statement leaf || q_1 .. q_k)
    lot node = SHA-256(0x03 || left hash || left sums || right hash || right sums)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

Lot = tuple[bytes, bytes, Sequence[int]]


@dataclass(frozen=True)
class Node:
    digest: bytes
    sums: list[int]


def key(issuer: int, site: int, product_class: int, batch_number: bytes) -> bytes:
    ids = b"".join(number.to_bytes(4, "big") for number in (issuer, site, product_class))
    return sha256(b"\x04" + ids + batch_number).digest()


def written(sums: Sequence[int]) -> bytes:
    return b"".join(one.to_bytes(8, "big") for one in sums)


def leaf(lot: Lot) -> Node:
    lot_key, statement, quantities = lot
    octets = b"\x02" + lot_key + statement + written(quantities)
    return Node(sha256(octets).digest(), list(quantities))


def above(left: Node, right: Node) -> Node:
    octets = b"\x03" + left.digest + written(left.sums) + right.digest + written(right.sums)
    added = [left.sums[column] + right.sums[column] for column in range(len(left.sums))]
    return Node(sha256(octets).digest(), added)


def split(n: int) -> int:
    """RFC 9162 section 2.1.1: the largest power of two smaller than ``n``."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def top(lots: Sequence[Lot]) -> Node:
    if len(lots) == 1:
        return leaf(lots[0])
    k = split(len(lots))
    return above(top(lots[:k]), top(lots[k:]))


def path(index: int, lots: Sequence[Lot]) -> list[Node]:
    """RFC 9162 section 2.1.3.1, PATH, with the sums of each node."""
    if len(lots) == 1:
        return []
    k = split(len(lots))
    if index < k:
        return [*path(index, lots[:k]), top(lots[k:])]
    return [*path(index - k, lots[k:]), top(lots[:k])]


def sides(index: int, size: int) -> list[bool]:
    """Of each step of a path whether the sibling stands to the right, from the leaf upwards."""
    if size == 1:
        return []
    k = split(size)
    if index < k:
        return [*sides(index, k), True]
    return [*sides(index - k, size - k), False]


def packed(node: Node) -> bytes:
    return node.digest + written(node.sums)


def cause(parts: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.1 with leaf tag 0x05."""
    if len(parts) == 1:
        return sha256(b"\x05" + parts[0]).digest()
    k = split(len(parts))
    return sha256(b"\x01" + cause(parts[:k]) + cause(parts[k:])).digest()


def lots(
    count: int, columns: int, largest: int = 2**40
) -> Iterator[tuple[bytes, bytes, tuple[int, ...]]]:
    """Lots that differ in everything, the same ones each time."""
    for number in range(count):
        seed = sha256(f"lot {number} of {columns}".encode()).digest()
        yield (
            sha256(seed + b"key").digest(),
            sha256(seed + b"statement").digest(),
            tuple(
                int.from_bytes(sha256(seed + bytes([column])).digest()) % (largest + 1)
                for column in range(columns)
            ),
        )
