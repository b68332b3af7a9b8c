"""What a proof is made of is octets of one length each: a sound path cut elsewhere is no path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from veta.errors import InputError
from veta.model.lot_tree import LotInclusion, LotLeaf, LotTreeHead
from veta.sum_trees import SumTree, verify_lot_inclusion

LOTS = [LotLeaf(bytes([at]) * 32, bytes([at + 99]) * 32, (at, 2 * at, 7)) for at in range(13)]
TREE = SumTree(LOTS, 3)
HEAD = LotTreeHead(TREE.root, TREE.size, TREE.totals)
INDEX = 5
PATH = TREE.inclusion(INDEX).path

Given = tuple[Any, Any, Any]


def _path(change: Callable[[list[Any]], None]) -> Given:
    path: list[Any] = list(PATH)
    change(path)
    return LOTS[INDEX], LotInclusion(INDEX, tuple(path)), HEAD


def _cut_elsewhere(path: list[Any]) -> None:
    path[0], path[1] = path[0] + path[1][:1], path[1][1:]


def _not_bytes(kind: Callable[[bytes], object]) -> Callable[[list[Any]], None]:
    def change(path: list[Any]) -> None:
        path[1] = kind(path[1])

    return change


def _lot(key: object, statement: object) -> Given:
    lot = LotLeaf(key, statement, LOTS[INDEX].quantities)  # type: ignore[arg-type]  # on purpose
    return lot, LotInclusion(INDEX, PATH), HEAD


KEY, STATEMENT, _ = LOTS[INDEX]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (_path(_cut_elsewhere), "sum_trees.node_length"),
        (_path(_not_bytes(bytearray)), "sum_trees.node_length"),
        (_path(_not_bytes(memoryview)), "sum_trees.node_length"),
        (_path(_not_bytes(bytes.hex)), "sum_trees.node_length"),
        (_lot(KEY + STATEMENT[:1], STATEMENT[1:]), "sum_trees.digest_length"),
        (_lot(bytearray(KEY), STATEMENT), "sum_trees.digest_length"),
        (_lot(KEY, memoryview(STATEMENT)), "sum_trees.digest_length"),
        (
            (
                LOTS[INDEX],
                LotInclusion(INDEX, PATH),
                LotTreeHead(bytearray(HEAD.root), HEAD.size, HEAD.totals),  # type: ignore[arg-type]  # on purpose
            ),
            "sum_trees.digest_length",
        ),
    ],
)
def test_inclusion__same_octets_cut_elsewhere_or_of_another_type__is_refused(
    given: Given, code: str
) -> None:
    verify_lot_inclusion(LOTS[INDEX], LotInclusion(INDEX, PATH), HEAD)
    with pytest.raises(InputError) as refusal:
        verify_lot_inclusion(*given)
    assert refusal.value.code == code


def test_inclusion__quantities_and_path_in_lists__verify_as_in_tuples() -> None:
    lot = LotLeaf(KEY, STATEMENT, list(LOTS[INDEX].quantities))  # type: ignore[arg-type]  # as JSON has them
    head = LotTreeHead(HEAD.root, HEAD.size, list(HEAD.totals))  # type: ignore[arg-type]
    verify_lot_inclusion(lot, LotInclusion(INDEX, list(PATH)), head)  # type: ignore[arg-type]


def test_inclusion__more_nodes_than_any_tree_has__is_refused_by_their_number_alone() -> None:
    with pytest.raises(InputError) as refusal:
        verify_lot_inclusion(LOTS[INDEX], LotInclusion(INDEX, PATH * 250_000), HEAD)
    assert refusal.value.code == "sum_trees.path_length"
