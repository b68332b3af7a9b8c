"""docs/spec/vectors/lots.json: lot keys, leaves, nodes, sum trees, proofs, and what to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import product

from veta.errors import ProvenanceError
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.sum_trees import (
    MAX_QUANTITY,
    SumTree,
    cause_leaf,
    cause_root,
    lot_key,
    lot_leaf_digest,
    padding_leaf,
    parent_node,
    sum_node,
    sum_node_parts,
    sum_tree_head,
    verify_lot_inclusion,
)

_SIZES = {1: (1, 2, 3, 7), 2: (1, 2, 5), 5: (1, 2, 3, 4, 5, 7, 8, 13, 33, 70), 16: (1, 3)}
"""Sizes of trees by number of columns; tree n is over the first n lots of that many columns."""
_ALLOWED = "".join(map(chr, range(0x21, 0x7F)))


def lot_vectors() -> dict[str, object]:
    """Vectors of the sum trees; a node in a path is its digest and its sums, all in hex."""
    return {
        "about": "docs/spec/lots.md; tree n is over the first n lots of its number of columns",
        "keys": list(_keys()),
        "keys_refused": list(_keys_refused()),
        "lots": [_lot(lot) for columns in _SIZES for lot in _LOTS[columns]],
        "padding": [_padding(columns) for columns in (1, 5, 16)],
        "nodes": list(_nodes()),
        "trees": [_head(columns, size) for columns, size in _TREES],
        "trees_refused": list(_trees_refused()),
        "inclusion": list(_inclusion()),
        "inclusion_refused": list(_inclusion_refused()),
        "causes": [_cause(count) for count in (1, 2, 3, 5, 8)],
    }


def _octets(*what: object) -> bytes:
    return sha256(" ".join(map(str, what)).encode()).digest()


def _made(number: int, columns: int) -> LotLeaf:
    """Quantities of an invented lot: small, large and none."""
    key = lot_key(MemberId(7), site=3, product_class=12, batch_number=f"LOT-{columns}-{number}")
    row = [
        int.from_bytes(_octets("quantity", number, columns, column)[:5]) * (number + column) % 2**45
        for column in range(columns)
    ]
    return LotLeaf(key, _octets("statement", number, columns), tuple(row))


_LOTS = {
    columns: [_made(number, columns) for number in range(max(sizes))]
    for columns, sizes in _SIZES.items()
}
_TREES = {
    (columns, size): SumTree(_LOTS[columns][:size], columns)
    for columns, sizes in _SIZES.items()
    for size in sizes
}


def _keys() -> Iterator[dict[str, object]]:
    largest = 2**32 - 1
    numbers = ("A", "LOT-1", "lot-1", "LOT-01", "AUR-CON-26-0311", _ALLOWED[:64], _ALLOWED[-64:])
    ids = ((1, 0, 0), (1, 2, 3), (3, 2, 1), (256, 65536, 16777216), (largest, largest, largest))
    for (issuer, site, product_class), number in product(ids, numbers):
        yield _named(issuer, site, product_class, number) | {
            "key": _key(issuer, site, product_class, number).hex()
        }


def _named(issuer: int, site: int, product_class: int, number: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "site": site,
        "product_class": product_class,
        "batch_number": number,
    }


def _keys_refused() -> Iterator[dict[str, object]]:
    numbers = (
        "",
        " ",
        "LOT 1",
        "LOT-1 ",
        "LOT-1\n",
        "LOT\x001",
        "LOT\x7f",
        "LÖT",
        "ＬＯＴ",
        "x" * 65,
    )
    cases = [(1, 2, 3, number) for number in numbers]
    cases += [(0, 2, 3, "A"), (-1, 2, 3, "A"), (1, -1, 3, "A"), (1, 2, -1, "A")]
    cases += [(2**32, 2, 3, "A"), (1, 2**32, 3, "A"), (1, 2, 2**32, "A")]
    for issuer, site, product_class, number in cases:
        code = _code(_key, issuer, site, product_class, number)
        yield {"code": code, **_named(issuer, site, product_class, number)}


def _key(issuer: int, site: int, product_class: int, number: str) -> bytes:
    return lot_key(MemberId(issuer), site=site, product_class=product_class, batch_number=number)


def _code(call: Callable[..., object], *arguments: object) -> str:
    try:
        call(*arguments)
    except ProvenanceError as error:
        return error.code
    raise AssertionError("a vector of what is refused was accepted")


def _lot(lot: LotLeaf) -> dict[str, object]:
    return {**_plain(lot), "leaf": lot_leaf_digest(lot).hex()}


def _plain(lot: LotLeaf) -> dict[str, object]:
    """Integers from 2^53 on as decimal strings, as all vectors have them."""
    return {
        "lot_key": lot.lot_key.hex(),
        "statement_leaf": lot.statement_leaf.hex(),
        "quantities": _numbers(lot.quantities),
    }


def _numbers(row: Sequence[int]) -> list[object]:
    return [one if abs(one) <= MAX_QUANTITY else str(one) for one in row]


def _padding(columns: int) -> dict[str, object]:
    randomness = _octets("padding", columns) + _octets("more padding", columns)
    return {"randomness": randomness.hex(), **_lot(padding_leaf(randomness, columns))}


def _nodes() -> Iterator[dict[str, object]]:
    for columns in (1, 2, 5, 16):
        small, large = (1,) * columns, (MAX_QUANTITY - 1,) * columns
        rising = tuple(2**column for column in range(columns))
        for one, other in ((small, large), (rising, small), (rising, rising)):
            left = sum_node(_octets("left", columns, one), one)
            right = sum_node(_octets("right", columns, other), other)
            above = parent_node(left, right)
            yield {name: _node(node) for name, node in _three(left, right, above)}


def _three(left: bytes, right: bytes, above: bytes) -> Iterator[tuple[str, bytes]]:
    yield from (("left", left), ("right", right), ("above", above))


def _node(node: bytes) -> dict[str, object]:
    digest, sums = sum_node_parts(node)
    return {"digest": digest.hex(), "sums": list(sums), "octets": node.hex()}


def _head(columns: int, size: int) -> dict[str, object]:
    head = _TREES[columns, size].head
    return {
        "columns": columns,
        "size": size,
        "root": head.root.hex(),
        "totals": list(head.totals),
    }


def _trees_refused() -> Iterator[dict[str, object]]:
    half = 2**52
    rows: dict[str, list[tuple[int, ...]]] = {
        "no lot": [],
        "two lots above the bound": [(half, 0), (half, 0)],
        "last column above the bound": [(0, half), (0, 1), (0, half - 1)],
        "above the bound at the top only": [(half, 0), (0, 0), (0, 0), (0, 0), (half, 0)],
        "quantity of 2^53": [(1, 0), (2**53, 0)],
        "quantity of 2^64 - 1": [(1, 0), (0, 2**64 - 1)],
        "quantity of 2^64": [(2**64, 0), (1, 0)],
        "negative quantity": [(1, 0), (5, -1)],
        "one column less": [(1, 0), (1,)],
        "one column more": [(1, 0), (1, 0, 0)],
    }
    for why, quantities in rows.items():
        lots = [
            LotLeaf(_octets("key", at), _octets("leaf", at), row)
            for at, row in enumerate(quantities)
        ]
        code = _code(sum_tree_head, lots, 2)
        yield {"why": why, "code": code, "columns": 2, "lots": [_plain(lot) for lot in lots]}


def _inclusion() -> Iterator[dict[str, object]]:
    for (columns, size), tree in _TREES.items():
        for index in sorted({*range(min(size, 5)), size // 2, size - 1}):
            yield _claim(_LOTS[columns][index], tree.inclusion(index), tree.head)


def _claim(lot: LotLeaf, proof: LotInclusion, head: LotTreeHead) -> dict[str, object]:
    return {
        **_plain(lot),
        "index": proof.index,
        "path": [node.hex() for node in proof.path],
        "root": head.root.hex(),
        "size": head.size,
        "totals": _numbers(head.totals),
    }


def _inclusion_refused() -> Iterator[dict[str, object]]:
    for columns, size, index in ((1, 2, 0), (2, 5, 4), (5, 8, 5), (5, 13, 12), (16, 3, 1)):
        lot, tree = _LOTS[columns][index], _TREES[columns, size]
        proof, head = tree.inclusion(index), tree.head
        for why, path in _forged_paths(proof.path).items():
            yield _refused(why, lot, replace(proof, path=path), head)
        for why, other in _forged_lots(lot, _LOTS[columns][index - 1]).items():
            yield _refused(why, other, proof, head)
        for why, wrong in _forged_heads(head).items():
            yield _refused(why, lot, proof, wrong)
        yield _refused("other index", lot, replace(proof, index=index ^ 1), head)
        yield _refused("index beyond", lot, replace(proof, index=size), head)
    yield _refused("a negative sum that the tree's builder hashed", *_negative())


def _refused(why: str, lot: LotLeaf, proof: LotInclusion, head: LotTreeHead) -> dict[str, object]:
    code = _code(verify_lot_inclusion, lot, proof, head)
    return {"why": why, "code": code, **_claim(lot, proof, head)}


def _forged_paths(path: tuple[bytes, ...]) -> dict[str, tuple[bytes, ...]]:
    first, last = path[0], path[-1]
    empty = bytes(len(first))
    sums = int.from_bytes(first[32:])
    width = len(first) - 32
    return {
        "truncated at the end": path[:-1],
        "truncated at the start": path[1:],
        "padded at the end": (*path, empty),
        "padded at the start": (empty, *path),
        "a column less in a node": (first[:-8], *path[1:]),
        "a column more in a node": (first + bytes(8), *path[1:]),
        "an octet less in a node": (first[:-1], *path[1:]),
        "an octet more in a node": (first + b"\x00", *path[1:]),
        "digest changed": (bytes(32) + first[32:], *path[1:]),
        "last sum one more": (first[:32] + (sums + 1).to_bytes(width), *path[1:]),
        "first sum one more": (
            first[:32] + (sums + (1 << 8 * width - 64)).to_bytes(width),
            *path[1:],
        ),
        "sums of the highest node one more": (*path[:-1], last[:-1] + bytes([last[-1] ^ 1])),
        "first sum 2^53": (first[:32] + (2**53).to_bytes(8) + first[40:], *path[1:]),
        "first sum 2^64 - 1": (first[:32] + b"\xff" * 8 + first[40:], *path[1:]),
        "last sum 2^64 - 1": (first[:-8] + b"\xff" * 8, *path[1:]),
    }


def _forged_lots(lot: LotLeaf, other: LotLeaf) -> dict[str, LotLeaf]:
    row = lot.quantities
    return {
        "other lot": other,
        "other lot key": lot._replace(lot_key=other.lot_key),
        "other statement leaf": lot._replace(statement_leaf=other.statement_leaf),
        "key and statement leaf exchanged": LotLeaf(lot.statement_leaf, lot.lot_key, row),
        "first quantity one more": lot._replace(quantities=(row[0] + 1, *row[1:])),
        "last quantity one more": lot._replace(quantities=(*row[:-1], row[-1] + 1)),
        "quantity of 2^53": lot._replace(quantities=(2**53, *row[1:])),
        "negative quantity": lot._replace(quantities=(-1, *row[1:])),
        "a column more in the lot": lot._replace(quantities=(*row, 0)),
        "no column in the lot": lot._replace(quantities=()),
    }


def _forged_heads(head: LotTreeHead) -> dict[str, LotTreeHead]:
    totals = head.totals
    return {
        "other root": replace(head, root=LotRoot(_octets("other root"))),
        "size zero": replace(head, size=0),
        "first total one more": replace(head, totals=(totals[0] + 1, *totals[1:])),
        "last total one less": replace(head, totals=(*totals[:-1], totals[-1] - 1)),
        "total of 2^53": replace(head, totals=(2**53, *totals[1:])),
        "a total more": replace(head, totals=(*totals, 0)),
        "no total": replace(head, totals=()),
    }


def _negative() -> tuple[LotLeaf, LotInclusion, LotTreeHead]:
    """Two lots of which the second is hashed as if it were less than nothing."""
    first, second = _LOTS[1][1:3]
    hidden = lot_leaf_digest(second) + (2**64 - 5).to_bytes(8)
    own = lot_leaf_digest(first) + first.quantities[0].to_bytes(8)
    root = LotRoot(sha256(b"\x03" + own + hidden).digest())
    head = LotTreeHead(root, 2, (first.quantities[0] - 5,))
    return first, LotInclusion(0, (hidden,)), head


def _cause(count: int) -> dict[str, object]:
    parts = [_octets("part", at) * (at + 1) for at in range(count)]
    return {
        "parts": [part.hex() for part in parts],
        "leaves": [cause_leaf(part).hex() for part in parts],
        "root": cause_root(parts).hex(),
    }
