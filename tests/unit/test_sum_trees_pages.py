"""Proofs from one page of a tree: damaged pages first, then against the whole tree."""

from __future__ import annotations

import random

import pytest

from veta.errors import InputError
from veta.model.lot_tree import LotLeaf
from veta.ports.lot_store import PAGE_LOTS
from veta.sum_trees import (
    PAGE_HEIGHT,
    SumTree,
    page_nodes,
    paged_inclusion,
    verify_lot_inclusion,
)

COLUMNS = 3
WIDTH = 32 + 8 * COLUMNS
PAGE = 1 << PAGE_HEIGHT
SIZES = (1, 2, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE + 7)


def lots(count: int) -> list[LotLeaf]:
    source = random.Random(count)
    return [
        LotLeaf(source.randbytes(32), source.randbytes(32), (1, source.randrange(2**30), 0))
        for _ in range(count)
    ]


def code(*arguments: object) -> str:
    with pytest.raises(InputError) as refusal:
        paged_inclusion(*arguments)  # type: ignore[arg-type]  # nonsense on purpose
    return refusal.value.code


def test_paged_inclusion__damaged_page_or_nodes__is_refused() -> None:
    rows = lots(PAGE + 3)
    nodes = page_nodes(SumTree(rows, COLUMNS))
    first, last = rows[:PAGE], rows[PAGE:]
    assert code(last, nodes, 0, COLUMNS) == "sum_trees.root_mismatch"
    assert code(first[:-1], nodes, 0, COLUMNS) == "sum_trees.root_mismatch"
    assert code([*last[:2], first[0]], nodes, PAGE, COLUMNS) == "sum_trees.root_mismatch"
    assert code(first, nodes[:-1], 0, COLUMNS) == "sum_trees.node_length"
    assert code(first, b"", 0, COLUMNS) == "sum_trees.node_length"
    assert code(first, nodes[:WIDTH], PAGE, COLUMNS) == "sum_trees.index_range"
    assert code(last, nodes, PAGE + 3, COLUMNS) == "sum_trees.index_range"
    assert code(last, nodes, -1, COLUMNS) == "sum_trees.index_range"
    assert code([], nodes, 0, COLUMNS) == "sum_trees.empty"
    excess = bytearray(nodes)
    excess[32 + WIDTH] = 0xFF
    assert code(first, bytes(excess), 0, COLUMNS) == "sum_trees.sum_range"


def test_paged_inclusion__node_of_another_page_changed__leads_to_another_root() -> None:
    rows = lots(3 * PAGE)
    tree = SumTree(rows, COLUMNS)
    nodes = bytearray(page_nodes(tree))
    for at in (WIDTH, WIDTH + 39, 2 * WIDTH + 5):
        changed = bytes(nodes[:at]) + bytes([nodes[at] ^ 1]) + bytes(nodes[at + 1 :])
        _, root = paged_inclusion(rows[:PAGE], changed, 0, COLUMNS)
        assert root != tree.root


@pytest.mark.parametrize("size", SIZES)
def test_paged_inclusion__every_page__gives_the_proof_of_the_whole_tree(size: int) -> None:
    rows = lots(size)
    tree = SumTree(rows, COLUMNS)
    nodes = page_nodes(tree)
    assert len(nodes) == -(-size // PAGE) * WIDTH
    for index in {0, size // 2, size - 1, *range(0, size, PAGE)}:
        first = index // PAGE * PAGE
        proof, root = paged_inclusion(rows[first : first + PAGE], nodes, index, COLUMNS)
        assert proof == tree.inclusion(index)
        assert root == tree.root
        verify_lot_inclusion(rows[index], proof, tree.head)


def test_page__of_the_store__is_that_of_the_trees() -> None:
    assert PAGE_LOTS == PAGE
