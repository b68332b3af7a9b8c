"""Lot keys, padding and the tree of causes, from the design's text."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from hashlib import sha256

import pytest

from tests.support import sum_model
from veta.errors import InputError
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotLeaf
from veta.sum_trees import (
    PADDING_RANDOMNESS,
    SumTree,
    cause_leaf,
    cause_root,
    lot_key,
    padding_leaf,
    verify_lot_inclusion,
)
from veta.trees import MerkleTree, verify_inclusion

ALLOWED = "".join(map(chr, range(0x21, 0x7F)))


def key(issuer: int, site: int, product_class: int, batch_number: str) -> bytes:
    return lot_key(
        MemberId(issuer), site=site, product_class=product_class, batch_number=batch_number
    )


def refusal(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.code


def test_lot_key__ids_and_batch_number__is_the_digest_of_the_design() -> None:
    numbers = (*ALLOWED, ALLOWED[:64], ALLOWED[-64:], "LOT-1", "lot-1")
    ids = ((1, 0, 0), (1, 2, 3), (2**32 - 1,) * 3, (256, 65536, 7))
    for each, number in itertools.product(ids, numbers):
        assert key(*each, number) == sum_model.key(*each, number.encode())
    written = b"\x04\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03LOT-1"
    assert key(1, 2, 3, "LOT-1") == sha256(written).digest()


def test_lot_key__one_thing_other__is_another_key() -> None:
    """Nothing is folded: case, leading zeros and look-alikes are other lots."""
    ids = ((1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1), (1, 2, 0x33))
    numbers = ("LOT-1", "lot-1", "LOT-01", "LOT-1.", "LOT_1", "L0T-1", "3LOT-1", "%4cOT-1")
    keys = {key(*each, number) for each, number in itertools.product(ids, numbers)}
    assert len(keys) == len(ids) * len(numbers)


def test_lot_key__batch_number_of_other_octets_or_length__is_refused() -> None:
    foreign = (
        "",
        "LOT 1",
        "LOT-1 ",
        "LOT\t1",
        "LOT-1\n",
        "LOT\x001",
        "LÖT",
        "LOT\u20101",
        "ＬＯＴ",
    )
    for number in (*foreign, "\ud800", "x" * 65, "x" * 10**6, b"LOT-1", None, 7, ["L"]):
        assert refusal(key, 1, 2, 3, number) == "sum_trees.batch_number"


def test_lot_key__any_other_octet_anywhere__is_refused() -> None:
    for octet, at in itertools.product((*range(0x21), *range(0x7F, 0x100)), range(4)):
        number = "LOT"[:at] + chr(octet) + "LOT"[at:]
        assert refusal(key, 1, 2, 3, number) == "sum_trees.batch_number"


@pytest.mark.parametrize("identifier", [-1, 2**32, 2**64, True, 1.0, "1", None])
def test_lot_key__id_out_of_range__is_refused(identifier: int) -> None:
    assert refusal(key, identifier, 2, 3, "LOT-1") == "sum_trees.id_range"
    assert refusal(key, 1, identifier, 3, "LOT-1") == "sum_trees.id_range"
    assert refusal(key, 1, 2, identifier, "LOT-1") == "sum_trees.id_range"


def test_lot_key__issuer_zero__is_refused_for_it_is_no_member() -> None:
    assert refusal(key, 0, 2, 3, "LOT-1") == "sum_trees.id_range"


@pytest.mark.parametrize("columns", range(1, 17))
def test_padding_leaf__random_octets__is_a_lot_of_nothing_that_adds_nothing(columns: int) -> None:
    randomness = sha256(b"a").digest() + sha256(b"b").digest()
    leaf = padding_leaf(randomness, columns)
    lots = [LotLeaf(*lot) for lot in sum_model.lots(3, columns)]
    tree = SumTree([*lots, leaf], columns)

    assert leaf == LotLeaf(sha256(b"a").digest(), sha256(b"b").digest(), (0,) * columns)
    assert tree.totals == SumTree(lots, columns).totals
    verify_lot_inclusion(leaf, tree.inclusion(3), tree.head)


def test_padding_leaf__of_other_randomness_or_columns__is_refused() -> None:
    for randomness in (b"", bytes(32), bytes(63), bytes(65), "0" * 64, None):
        assert refusal(padding_leaf, randomness, 2) == "sum_trees.randomness_length"
    for columns in (0, -1, 17, True, 2.0, None):
        found = refusal(padding_leaf, bytes(PADDING_RANDOMNESS), columns)
        assert found == "sum_trees.column_count"


PARTS = [sha256(f"part {at}".encode()).digest() * (1 + at % 3) for at in range(64)]


def test_cause__every_number_of_parts__has_the_root_of_the_design() -> None:
    for count in range(1, 65):
        assert cause_root(PARTS[:count]) == sum_model.cause(PARTS[:count])


@pytest.mark.row("T10")
def test_cause__leaf_tag__keeps_it_apart_from_statements_and_nodes() -> None:
    assert cause_leaf(b"part") == sha256(b"\x05part").digest()
    pair = cause_leaf(PARTS[0]) + cause_leaf(PARTS[1])
    assert cause_root([pair]) != cause_root(PARTS[:2])
    assert cause_root(PARTS[:2]) == sha256(b"\x01" + pair).digest()


def test_cause__some_parts_opened__verify_under_the_root_and_no_other() -> None:
    leaves = [cause_leaf(part) for part in PARTS[:11]]
    tree = MerkleTree(leaves)
    for index in range(11):
        verify_inclusion(leaves[index], tree.inclusion(index), cause_root(PARTS[:11]))
    assert cause_root(PARTS[:11]) != cause_root(PARTS[:10])
    assert cause_root(PARTS[:11]) != cause_root([*PARTS[:9], PARTS[10], PARTS[9]])


def test_cause__no_part_or_what_is_no_octets__is_refused() -> None:
    assert refusal(cause_root, []) == "trees.empty"
    for part in ("part", 7, None, bytearray(b"part"), [1]):
        assert refusal(cause_root, [b"part", part]) == "sum_trees.cause_part"
