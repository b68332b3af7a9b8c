"""Sum trees against the design's own recursion: every size to 64, every index, 1 to 16 columns."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.support import sum_model
from veta.errors import InputError, ProvenanceError, VerificationError
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.sum_trees import (
    MAX_QUANTITY,
    SumTree,
    head_from_path,
    lot_leaf_digest,
    parent_node,
    sum_node,
    sum_node_parts,
    sum_tree_head,
    verify_lot_inclusion,
)
from veta.trees import MAX_SIZE, MerkleTree, leaf_digest, node_digest

LIMIT = 64
COLUMNS = (1, 2, 5, 16)
LOTS = {k: [LotLeaf(*lot) for lot in sum_model.lots(LIMIT, k)] for k in COLUMNS}
TREES = {(k, size): SumTree(LOTS[k][:size], k) for k in COLUMNS for size in range(1, LIMIT + 1)}
SIZES = range(1, LIMIT + 1)
SOME = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33, 64]


def code_of(lot: LotLeaf, proof: LotInclusion, head: LotTreeHead) -> str:
    try:
        verify_lot_inclusion(lot, proof, head)
    except ProvenanceError as error:
        return error.code
    return "passed"


def refusal(call: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize("columns", COLUMNS)
def test_tree__every_size_to_64__has_the_root_and_totals_of_the_design(columns: int) -> None:
    for size in SIZES:
        lots, tree = LOTS[columns][:size], TREES[columns, size]
        expected = sum_model.top(lots)
        assert tree.root == expected.digest
        assert tree.totals == tuple(map(sum, zip(*(lot.quantities for lot in lots), strict=True)))
        assert tree.totals == tuple(expected.sums)
        assert tree.size == size
        assert tree.head == LotTreeHead(tree.root, size, tree.totals)
        assert tree.head == sum_tree_head(iter(lots), columns)
        assert [tree.leaf(at) for at in range(size)] == [sum_model.leaf(x).digest for x in lots]
        assert [tree.leaf(at) for at in range(size)] == list(map(lot_leaf_digest, lots))


@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__every_index__has_the_path_of_the_design_and_verifies(columns: int) -> None:
    for size in SIZES if columns < 16 else SOME:
        lots, tree = LOTS[columns][:size], TREES[columns, size]
        for index in range(size):
            proof = tree.inclusion(index)
            expected = tuple(map(sum_model.packed, sum_model.path(index, lots)))
            assert proof == LotInclusion(index, expected)
            verify_lot_inclusion(lots[index], proof, tree.head)
            assert head_from_path(lots[index], proof, size) == tree.head


@pytest.mark.row("T11")
@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__any_lot_and_proof__verifies_for_exactly_one_index(columns: int) -> None:
    for size in SIZES:
        tree = TREES[columns, size]
        for index in range(size):
            proof = tree.inclusion(index)
            accepted = [
                claimed
                for claimed in range(-1, size + 2)
                if code_of(LOTS[columns][index], replace(proof, index=claimed), tree.head)
                == "passed"
            ]
            assert accepted == [index]


@pytest.mark.row("T11")
@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__proof_used_for_any_other_lot__is_refused(columns: int) -> None:
    for size in SOME:
        tree = TREES[columns, size]
        for index, other in itertools.permutations(range(size), 2):
            found = code_of(LOTS[columns][other], tree.inclusion(index), tree.head)
            assert found == "sum_trees.root_mismatch"


def test_inclusion__other_size__is_bound_by_the_head_of_that_size() -> None:
    """A size is authentic with its root; with the head of its own size no other proof passes."""
    for size, other in itertools.permutations(SIZES, 2):
        for index in range(min(size, other)):
            found = code_of(LOTS[2][index], TREES[2, size].inclusion(index), TREES[2, other].head)
            assert found in {"sum_trees.path_length", "sum_trees.root_mismatch"}


def forged(node: bytes, column: int, sum_: int) -> bytes:
    """The node with another sum in one column, whatever 64 bits can say."""
    at = 32 + 8 * column
    return node[:at] + sum_.to_bytes(8) + node[at + 8 :]


def sum_at(node: bytes, column: int) -> int:
    return int.from_bytes(node[32 + 8 * column : 40 + 8 * column])


@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__forged_sum_of_any_sibling_in_any_column__is_refused(columns: int) -> None:
    """With the totals as they are, and with those that the forged sum would give."""
    for size, change in itertools.product((2, 3, 7, 13, 64), (-1, 1, 2**39)):
        tree = TREES[columns, size]
        for index, column in itertools.product(range(0, size, 5), range(columns)):
            proof, lot = tree.inclusion(index), LOTS[columns][index]
            totals = list(tree.totals)
            totals[column] += change
            for at, node in enumerate(proof.path):
                path = list(proof.path)
                path[at] = forged(node, column, sum_at(node, column) + change)
                broken = replace(proof, path=tuple(path))
                assert code_of(lot, broken, tree.head) == "sum_trees.root_mismatch"
                lifted = replace(tree.head, totals=tuple(totals))
                assert code_of(lot, broken, lifted) == "sum_trees.root_mismatch"


@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__sum_moved_from_one_sibling_to_another__is_refused(columns: int) -> None:
    """The totals stay what they are: only the digests notice."""
    tree = TREES[columns, 13]
    for index, column in itertools.product(range(13), range(columns)):
        proof = tree.inclusion(index)
        for one, other in itertools.permutations(range(len(proof.path)), 2):
            path = list(proof.path)
            path[one] = forged(path[one], column, sum_at(path[one], column) - 1)
            path[other] = forged(path[other], column, sum_at(path[other], column) + 1)
            found = code_of(LOTS[columns][index], replace(proof, path=tuple(path)), tree.head)
            assert found == "sum_trees.root_mismatch"


@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__forged_totals__are_refused(columns: int) -> None:
    for size in SOME:
        tree = TREES[columns, size]
        for index, column in itertools.product({0, size // 2, size - 1}, range(columns)):
            proof, lot = tree.inclusion(index), LOTS[columns][index]
            for change in (-1, 1, 2**40):
                totals = list(tree.totals)
                totals[column] = abs(totals[column] + change)
                head = replace(tree.head, totals=tuple(totals))
                with pytest.raises(VerificationError) as caught:
                    verify_lot_inclusion(lot, proof, head)
                assert caught.value.code == "sum_trees.totals_mismatch"


def test_inclusion__columns_exchanged_anywhere__is_refused() -> None:
    tree, proof, lot = TREES[5, 13], TREES[5, 13].inclusion(6), LOTS[5][6]
    for one, other in itertools.combinations(range(5), 2):

        def exchanged(row: tuple[int, ...], a: int = one, b: int = other) -> tuple[int, ...]:
            return tuple(row[{a: b, b: a}.get(column, column)] for column in range(5))

        totals = replace(tree.head, totals=exchanged(tree.totals))
        assert code_of(lot, proof, totals) == "sum_trees.totals_mismatch"
        other_lot = lot._replace(quantities=exchanged(lot.quantities))
        path = tuple(
            sum_node(digest, exchanged(sums)) for digest, sums in map(sum_node_parts, proof.path)
        )
        for head in (tree.head, totals):
            assert code_of(other_lot, proof, head) == "sum_trees.root_mismatch"
            everywhere = replace(proof, path=path)
            assert code_of(other_lot, everywhere, head) == "sum_trees.root_mismatch"


@pytest.mark.row("T12")
@pytest.mark.parametrize("columns", [1, 5])
def test_inclusion__each_bit_turned__is_refused(columns: int) -> None:
    tree, lot = TREES[columns, 13], LOTS[columns][6]
    proof, head = tree.inclusion(6), tree.head

    def turned(octets: bytes, bit: int) -> bytes:
        return (int.from_bytes(octets) ^ 1 << bit).to_bytes(len(octets))

    for bit in range(256):
        assert code_of(lot._replace(lot_key=turned(lot.lot_key, bit)), proof, head) != "passed"
        other = lot._replace(statement_leaf=turned(lot.statement_leaf, bit))
        assert code_of(other, proof, head) == "sum_trees.root_mismatch"
        root = replace(head, root=LotRoot(turned(head.root, bit)))
        assert code_of(lot, proof, root) == "sum_trees.root_mismatch"
    for column, bit in itertools.product(range(columns), range(64)):
        row = list(lot.quantities)
        row[column] ^= 1 << bit
        assert code_of(lot._replace(quantities=tuple(row)), proof, head) != "passed"
        row = list(head.totals)
        row[column] ^= 1 << bit
        assert code_of(lot, proof, replace(head, totals=tuple(row))) != "passed"
    for at, node in enumerate(proof.path):
        for bit in range(8 * len(node)):
            path = list(proof.path)
            path[at] = turned(node, bit)
            assert code_of(lot, replace(proof, path=tuple(path)), head) in {
                "sum_trees.root_mismatch",
                "sum_trees.sum_range",
            }


@pytest.mark.row("T12")
@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__path_too_short_or_too_long__is_refused_by_its_length(columns: int) -> None:
    for size in SOME:
        tree = TREES[columns, size]
        node = sum_node(tree.root, tree.totals)
        empty = sum_node(bytes(32), (0,) * columns)
        for index in range(size):
            proof = tree.inclusion(index)
            changed = [
                (*proof.path, node),
                (*proof.path, empty),
                (empty, *proof.path),
                (*proof.path, *proof.path, node),
                *([proof.path[:-1], proof.path[1:], ()] if proof.path else []),
            ]
            for path in changed:
                found = code_of(LOTS[columns][index], replace(proof, path=path), tree.head)
                assert found == "sum_trees.path_length"


@pytest.mark.row("T12")
@pytest.mark.parametrize(
    "node",
    [b"", b"\x00" * 32, b"\x00" * 71, b"\x00" * 73, b"\x00" * 80, "0" * 72, [0] * 72, 7, None],
)
def test_inclusion__node_of_another_width__is_refused(node: object) -> None:
    proof = TREES[5, 7].inclusion(2)
    for at in range(len(proof.path)):
        path = list[object](proof.path)
        path[at] = node
        broken = replace(proof, path=tuple(path))  # type: ignore[arg-type]
        assert code_of(LOTS[5][2], broken, TREES[5, 7].head) == "sum_trees.node_length"


@pytest.mark.row("T12")
@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1, 2**64, 2**4096, True, 8.0, "8", None])
def test_inclusion__size_out_of_range__is_refused(size: object) -> None:
    head = replace(TREES[1, 8].head, size=size)  # type: ignore[arg-type]
    assert code_of(LOTS[1][0], TREES[1, 8].inclusion(0), head) == "sum_trees.size_range"


@pytest.mark.row("T12")
@pytest.mark.parametrize("index", [-1, 8, 2**63, 2**64, False, 0.0, "0", None])
def test_inclusion__index_out_of_range__is_refused(index: object) -> None:
    proof = replace(TREES[1, 8].inclusion(0), index=index)  # type: ignore[arg-type]
    assert code_of(LOTS[1][0], proof, TREES[1, 8].head) == "sum_trees.index_range"


def test_inclusion__largest_size__takes_63_nodes_and_adds_each() -> None:
    lot = LOTS[2][63]
    path = tuple(sum_node(other.lot_key, other.quantities) for other in LOTS[2][:63])
    expected = sum_model.leaf(lot)
    for node in path:
        digest, sums = sum_node_parts(node)
        expected = sum_model.above(sum_model.Node(digest, list(sums)), expected)

    found = head_from_path(lot, LotInclusion(MAX_SIZE - 1, path), MAX_SIZE)

    assert found == LotTreeHead(LotRoot(expected.digest), MAX_SIZE, tuple(expected.sums))


def test_inclusion__63_largest_sums__are_refused_though_no_column_carries() -> None:
    lot = LotLeaf(bytes(32), bytes(32), (MAX_QUANTITY, 0))
    path = (sum_node(bytes(32), (MAX_QUANTITY, 0)),) * 63
    proof = LotInclusion(MAX_SIZE - 1, path)
    assert refusal(head_from_path, lot, proof, MAX_SIZE) == "sum_trees.sum_range"


@pytest.mark.parametrize("columns", COLUMNS)
def test_inclusion__sum_beyond_the_bound_in_any_sibling__is_refused(columns: int) -> None:
    """Also those that would wrap: 2^64 - 1 is how a negative sum would be written."""
    tree = TREES[columns, 13]
    for index, column in itertools.product((0, 6, 12), range(columns)):
        proof, lot = tree.inclusion(index), LOTS[columns][index]
        for at, sum_ in itertools.product(
            range(len(proof.path)), (2**53, 2**54, 2**63, 2**64 - 1, 2**64 - 2**40)
        ):
            path = list(proof.path)
            path[at] = forged(path[at], column, sum_)
            broken = replace(proof, path=tuple(path))
            assert code_of(lot, broken, tree.head) == "sum_trees.sum_range"
            assert refusal(head_from_path, lot, broken, 13) == "sum_trees.sum_range"


def test_inclusion__dishonest_tree_with_a_negative_sum__is_refused_though_its_root_is_kept() -> (
    None
):
    """A builder who hashes 2^64 - 5 as a sum to hide five units cannot prove either lot."""
    lots = LOTS[1][:2]
    hidden = sum_model.Node(sum_model.leaf(lots[1]).digest, [2**64 - 5])
    top = sum_model.above(sum_model.leaf(lots[0]), hidden)
    head = LotTreeHead(LotRoot(top.digest), 2, (lots[0].quantities[0] - 5,))

    first = LotInclusion(0, (sum_model.packed(hidden),))
    assert code_of(lots[0], first, head) == "sum_trees.sum_range"
    second = LotInclusion(1, (sum_model.packed(sum_model.leaf(lots[0])),))
    assert code_of(lots[1], second, head) == "sum_trees.root_mismatch"


@pytest.mark.parametrize("columns", COLUMNS)
def test_tree__sum_at_and_beyond_the_bound__is_built_and_refused(columns: int) -> None:
    """In every column, at every size, whichever two lots it comes from."""
    for size, column in itertools.product((2, 3, 5, 8), range(columns)):
        for one, other in itertools.combinations(range(size), 2):
            rows = [[0] * columns for _ in range(size)]
            rows[one][column] = MAX_QUANTITY - 7
            rows[other][column] = 7
            lots = [
                LotLeaf(*lot[:2], tuple(row)) for lot, row in zip(LOTS[columns], rows, strict=False)
            ]
            tree = SumTree(lots, columns)
            assert tree.totals[column] == MAX_QUANTITY
            verify_lot_inclusion(lots[one], tree.inclusion(one), tree.head)

            rows[other][column] = 8
            lots[other] = lots[other]._replace(quantities=tuple(rows[other]))
            assert refusal(SumTree, lots, columns) == "sum_trees.sum_range"
            assert refusal(sum_tree_head, lots, columns) == "sum_trees.sum_range"
            path = [sum_model.packed(node) for node in sum_model.path(one, lots)]
            top = sum_model.top(lots)
            proof = LotInclusion(one, tuple(path))
            head = LotTreeHead(LotRoot(top.digest), size, tuple(top.sums))
            assert code_of(lots[one], proof, head) == "sum_trees.sum_range"
            assert refusal(head_from_path, lots[one], proof, size) == "sum_trees.sum_range"


def test_tree__as_many_largest_quantities_as_wrap_64_bits__is_refused() -> None:
    """2^11 of 2^53 is 2^64: a column that wrapped would look empty, and its neighbour grown."""
    for count in (2, 2**11, 2**11 + 1, 2**12):
        lots = [(bytes(32), bytes(32), (0, MAX_QUANTITY, 0))] * count
        assert refusal(SumTree, lots, 3) == "sum_trees.sum_range"
    rows = [(bytes(32), bytes(32), (0, 2**42, 0))] * 2**11
    assert refusal(SumTree, rows, 3) == "sum_trees.sum_range"
    assert SumTree(rows[1:], 3).totals == (0, 2**53 - 2**42, 0)


@pytest.mark.parametrize(
    "quantity", [-1, MAX_QUANTITY + 1, 2**54, 2**63, 2**64 - 1, 2**64, 1.0, "1", None, b"1"]
)
def test_quantity__out_of_bounds_or_no_integer__is_refused_everywhere(quantity: int) -> None:
    for column in range(5):
        row = list(LOTS[5][1].quantities)
        row[column] = quantity
        lot = LOTS[5][1]._replace(quantities=tuple(row))
        lots = [LOTS[5][0], lot, *LOTS[5][2:7]]
        expected = "sum_trees.quantity_range"
        assert refusal(SumTree, lots, 5) == expected
        assert refusal(sum_tree_head, lots, 5) == expected
        assert refusal(lot_leaf_digest, lot) == expected
        assert code_of(lot, TREES[5, 7].inclusion(1), TREES[5, 7].head) == expected
        assert refusal(sum_node, bytes(32), row) == "sum_trees.sum_range"
        head = replace(TREES[5, 7].head, totals=tuple(row))
        assert code_of(LOTS[5][1], TREES[5, 7].inclusion(1), head) == "sum_trees.sum_range"


def test_quantity__true_for_one__is_refused_at_the_door_of_a_proof() -> None:
    lots = [LotLeaf(bytes(32), bytes(32), (1,))]
    tree = SumTree(lots, 1)
    verify_lot_inclusion(lots[0], tree.inclusion(0), tree.head)
    lot = lots[0]._replace(quantities=(True,))
    assert code_of(lot, tree.inclusion(0), tree.head) == "sum_trees.quantity_range"


@pytest.mark.parametrize("count", [0, 1, 4, 6, 16, 17, 40])
def test_columns__other_number_in_one_lot__is_refused_everywhere(count: int) -> None:
    lot = LOTS[5][1]._replace(quantities=(1,) * count)
    lots = [LOTS[5][0], lot, *LOTS[5][2:7]]
    assert refusal(SumTree, lots, 5) == "sum_trees.column_count"
    assert code_of(lot, TREES[5, 7].inclusion(1), TREES[5, 7].head) in {
        "sum_trees.column_count",
        "sum_trees.node_length",
    }
    head = replace(TREES[5, 7].head, totals=(1,) * count)
    found = code_of(LOTS[5][1], TREES[5, 7].inclusion(1), head)
    assert found == "sum_trees.column_count"
    single = SumTree(LOTS[5][:1], 5)
    head = replace(single.head, totals=(*single.totals, 0))
    assert code_of(LOTS[5][0], single.inclusion(0), head) == "sum_trees.column_count"


@pytest.mark.parametrize("columns", [0, -1, 17, 2**70, True, 5.0, "5", None])
def test_columns__out_of_range__are_refused(columns: int) -> None:
    for build in (SumTree, sum_tree_head):
        assert refusal(build, LOTS[5][:3], columns) == ("sum_trees.column_count")


def test_columns__one_more_that_is_zero__gives_another_leaf_and_root() -> None:
    lot = LOTS[2][0]
    wider = lot._replace(quantities=(*lot.quantities, 0))
    assert lot_leaf_digest(lot) != lot_leaf_digest(wider)
    assert SumTree([lot], 2).root != SumTree([wider], 3).root


def test_tree__no_lot__is_refused() -> None:
    for build in (SumTree, sum_tree_head):
        assert refusal(build, [], 2) == "sum_trees.empty"


@pytest.mark.parametrize("digest", [b"", b"\x00" * 31, b"\x00" * 33, "0" * 32, [0] * 32, None])
def test_tree__key_or_statement_leaf_that_is_not_32_octets__is_refused(digest: bytes) -> None:
    lot = LOTS[2][1]
    for broken in (lot._replace(lot_key=digest), lot._replace(statement_leaf=digest)):
        lots = [LOTS[2][0], broken, LOTS[2][2]]
        assert refusal(SumTree, lots, 2) == "sum_trees.digest_length"
        found = code_of(broken, TREES[2, 3].inclusion(1), TREES[2, 3].head)
        assert found == "sum_trees.digest_length"
    head = replace(TREES[2, 3].head, root=digest)  # type: ignore[arg-type]
    assert code_of(lot, TREES[2, 3].inclusion(1), head) == "sum_trees.digest_length"
    assert refusal(sum_node, digest, (1, 2)) == "sum_trees.digest_length"


@pytest.mark.parametrize("row", [None, 7, (), (bytes(32), bytes(32)), (bytes(32), bytes(32), 7)])
def test_tree__something_that_is_no_lot__is_refused(row: object) -> None:
    code = refusal(SumTree, [LOTS[2][0], row], 2)
    assert code in {"sum_trees.lot", "sum_trees.column_count"}


def test_tree__lots_that_end_with_an_error_of_their_own__let_it_through() -> None:
    lengths = zip([bytes(32)] * 3, [bytes(32)] * 2, [(1,)] * 3, strict=True)
    with pytest.raises(ValueError, match="shorter"):
        SumTree(lengths, 1)


@pytest.mark.parametrize("index", [-1, 5, 2**70])
def test_tree__index_out_of_range__is_refused(index: int) -> None:
    for ask in (TREES[1, 5].inclusion, TREES[1, 5].leaf):
        assert refusal(ask, index) == "sum_trees.index_range"


@pytest.mark.row("T11")
def test_tree__last_lot_doubled_or_two_exchanged__has_another_root() -> None:
    for size in range(1, LIMIT):
        lots, root = LOTS[1][:size], TREES[1, size].root
        assert SumTree([*lots, lots[-1]], 1).root != root
        block = size & -size
        assert SumTree([*lots, *lots[size - block :]], 1).root != root
    for one, other in itertools.combinations(range(9), 2):
        lots = LOTS[1][:9]
        lots[one], lots[other] = lots[other], lots[one]
        assert SumTree(lots, 1).root != TREES[1, 9].root


def test_tree__more_lots_than_one_run__has_the_root_of_the_design() -> None:
    for count in (511, 512, 513, 1024, 1025, 2049):
        lots = [LotLeaf(*lot) for lot in sum_model.lots(count, 3)]
        tree = SumTree(iter(lots), 3)
        assert sum_model.Node(tree.root, list(tree.totals)) == sum_model.top(lots)
        for index in {0, 510, min(512, count - 1), count - 1}:
            verify_lot_inclusion(lots[index], tree.inclusion(index), tree.head)


@pytest.mark.row("T10")
def test_lot_leaf__octets_of_an_inner_node__are_no_leaf_nor_a_node_of_the_plain_tree() -> None:
    left, right = (sum_model.packed(sum_model.leaf(lot)) for lot in LOTS[2][:2])
    pair = left + right
    node = parent_node(left, right)[:32]

    assert node == sha256(b"\x03" + pair).digest() == TREES[2, 2].root
    quantities = tuple(int.from_bytes(pair[at : at + 8]) for at in range(64, len(pair), 8))
    assert node != sha256(b"\x02" + pair).digest()
    assert len(quantities) == 4  # twice two columns: as long as a lot of four
    assert node not in {leaf_digest(pair), leaf_digest(left), node_digest(left[:32], right[:32])}
    plain = MerkleTree([TREES[2, 2].leaf(0), TREES[2, 2].leaf(1)])
    assert bytes(plain.root) != bytes(TREES[2, 2].root)


@pytest.mark.row("T10")
def test_inclusion__inner_node_handed_in_as_lot__is_refused() -> None:
    """The octets below a node, read as a lot, with the path that remains above it."""
    for columns, size in itertools.product((1, 2, 5), (2, 3, 4, 7, 8, 13)):
        tree = TREES[columns, size]
        for index in range(size):
            proof, node = tree.inclusion(index), sum_model.leaf(LOTS[columns][index])
            for height, right in enumerate(sum_model.sides(index, size)):
                sibling = sum_model.Node(*map_parts(proof.path[height]))
                pair = (node, sibling) if right else (sibling, node)
                node = sum_model.above(*pair)
                sums = tuple(node.sums)
                lots = [
                    LotLeaf(pair[0].digest, pair[1].digest, sums),
                    LotLeaf(node.digest, node.digest, sums),
                ]
                rest = proof.path[height + 1 :]
                for lot, claimed, claimed_size in itertools.product(
                    lots, range(size), range(1, size + 1)
                ):
                    head = replace(tree.head, size=claimed_size)
                    assert code_of(lot, LotInclusion(claimed, rest), head) != "passed"


def map_parts(node: bytes) -> tuple[bytes, list[int]]:
    digest, sums = sum_node_parts(node)
    return digest, list(sums)


@pytest.mark.parametrize(
    "node", [b"", bytes(32), bytes(39), bytes(41), bytes(32 + 8 * 17), "0" * 40, None]
)
def test_sum_node_parts__octets_that_are_no_node__are_refused(node: bytes) -> None:
    assert refusal(sum_node_parts, node) == "sum_trees.node_length"


def test_sum_node__digest_and_sums__come_apart_again() -> None:
    for columns in range(1, 17):
        sums = tuple(MAX_QUANTITY - column for column in range(columns))
        assert sum_node_parts(sum_node(b"\x07" * 32, sums)) == (b"\x07" * 32, sums)
        for column, excess in itertools.product(range(columns), (2**53, 2**56, 2**63)):
            node = forged(sum_node(bytes(32), sums), column, excess)
            assert refusal(sum_node_parts, node) == "sum_trees.sum_range"


def test_parent_node__nodes_of_different_columns_or_too_large__is_refused() -> None:
    one, two = sum_node(bytes(32), (1,)), sum_node(bytes(32), (1, 2))
    assert refusal(parent_node, one, two) == "sum_trees.column_count"
    large = sum_node(bytes(32), (MAX_QUANTITY,))
    assert refusal(parent_node, one, large) == "sum_trees.sum_range"
    assert sum_node_parts(parent_node(one, one))[1] == (2,)
