"""Trees against the RFC's own recursion: every size to 64, every index, every pair of sizes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.support import merkle_model
from veta.errors import InputError, ProvenanceError, VerificationError
from veta.model.bundle import InclusionProof
from veta.trees import (
    MAX_SIZE,
    ConsistencyProof,
    MerkleTree,
    leaf_digest,
    merkle_root,
    node_digest,
    root_from_path,
    verify_consistency,
    verify_inclusion,
)

LIMIT = 64
ENTRIES = [f"entry {index}".encode() for index in range(LIMIT)]
LEAVES = [leaf_digest(entry) for entry in ENTRIES]
TREES = {size: MerkleTree(LEAVES[:size]) for size in range(1, LIMIT + 1)}
SIZES = range(1, LIMIT + 1)
SOME = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64]


def code_of(leaf: bytes, proof: InclusionProof, root: bytes) -> str:
    try:
        verify_inclusion(leaf, proof, root)
    except ProvenanceError as error:
        return error.code
    return "passed"


@pytest.mark.parametrize("size", SIZES)
def test_tree__every_size_to_64__has_the_root_of_the_rfc(size: int) -> None:
    expected = merkle_model.mth(ENTRIES[:size])

    assert TREES[size].root == expected
    assert merkle_root(LEAVES[:size]) == expected
    assert TREES[size].size == size
    assert [TREES[size].leaf(index) for index in range(size)] == LEAVES[:size]


@pytest.mark.parametrize("size", SIZES)
def test_inclusion__every_index__has_the_path_of_the_rfc_and_verifies(size: int) -> None:
    for index in range(size):
        proof = TREES[size].inclusion(index)
        assert proof == InclusionProof(index, size, tuple(merkle_model.path(index, ENTRIES[:size])))
        verify_inclusion(LEAVES[index], proof, TREES[size].root)


@pytest.mark.row("T11")
@pytest.mark.parametrize("size", SIZES)
def test_inclusion__proof_used_for_any_other_index__is_refused(size: int) -> None:
    root = TREES[size].root
    for index, claimed in itertools.permutations(range(-1, size + 2), 2):
        if 0 <= index < size:
            proof = replace(TREES[size].inclusion(index), index=claimed)
            assert code_of(LEAVES[index], proof, root) != "passed", (size, index, claimed)


@pytest.mark.row("T11")
@pytest.mark.parametrize("size", SOME)
def test_inclusion__proof_used_for_any_other_leaf__is_refused(size: int) -> None:
    for index, other in itertools.permutations(range(size), 2):
        proof = TREES[size].inclusion(index)
        assert code_of(LEAVES[other], proof, TREES[size].root) == "trees.root_mismatch"


def test_inclusion__other_size_of_equal_path_shape__is_bound_by_the_root_of_that_size() -> None:
    """A size is authentic with its root; with the root of its own size no other proof passes."""
    for size, other in itertools.permutations(SIZES, 2):
        for index in range(min(size, other)):
            proof = replace(TREES[size].inclusion(index), size=other)
            assert code_of(LEAVES[index], proof, TREES[other].root) != "passed"


@pytest.mark.row("T12")
@pytest.mark.parametrize("size", SOME)
def test_inclusion__path_too_short_or_too_long__is_refused_by_its_length(size: int) -> None:
    root = TREES[size].root
    for index in range(size):
        proof = TREES[size].inclusion(index)
        changed = [
            (*proof.path, root),
            (*proof.path, LEAVES[0]),
            (root, *proof.path),
            (*proof.path, *proof.path, root),
            *([proof.path[:-1], proof.path[1:], ()] if proof.path else []),
        ]
        for path in changed:
            assert code_of(LEAVES[index], replace(proof, path=path), root) == "trees.path_length"


@pytest.mark.row("T12")
@pytest.mark.parametrize("node", [b"", b"\x00" * 31, b"\x00" * 33, b"\x00" * 64, "0" * 32, 7, None])
def test_inclusion__node_that_is_not_32_octets__is_refused(node: object) -> None:
    proof = TREES[7].inclusion(2)
    for at in range(len(proof.path)):
        path = list[object](proof.path)
        path[at] = node
        broken = replace(proof, path=tuple(path))  # type: ignore[arg-type]
        assert code_of(LEAVES[2], broken, TREES[7].root) == "trees.digest_length"
    assert code_of(node, proof, TREES[7].root) == "trees.digest_length"  # type: ignore[arg-type]
    assert code_of(LEAVES[2], proof, node) == "trees.digest_length"  # type: ignore[arg-type]


@pytest.mark.row("T12")
@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1, 2**64, 2**4096, True, 8.0, "8", None])
def test_inclusion__size_out_of_range__is_refused(size: object) -> None:
    proof = InclusionProof(0, size, TREES[8].inclusion(0).path)  # type: ignore[arg-type]
    assert code_of(LEAVES[0], proof, TREES[8].root) == "trees.size_range"


@pytest.mark.row("T12")
@pytest.mark.parametrize("index", [-1, 8, 2**63, 2**64, False, 0.0, "0", None])
def test_inclusion__index_out_of_range__is_refused(index: object) -> None:
    proof = InclusionProof(index, 8, TREES[8].inclusion(0).path)  # type: ignore[arg-type]
    assert code_of(LEAVES[0], proof, TREES[8].root) == "trees.index_range"


@pytest.mark.row("T12")
def test_inclusion__more_than_64_levels__is_refused() -> None:
    path = tuple(LEAVES) + tuple(LEAVES)
    assert code_of(LEAVES[0], InclusionProof(0, MAX_SIZE, path), LEAVES[0]) == "trees.path_length"
    assert code_of(LEAVES[0], InclusionProof(0, 2**64, path[:64]), LEAVES[0]) == "trees.size_range"


def test_inclusion__largest_size__takes_63_nodes() -> None:
    path = tuple(LEAVES[:63])
    expected: bytes = LEAVES[63]
    for node in path:
        expected = node_digest(node, expected)
    root: bytes = root_from_path(LEAVES[63], InclusionProof(MAX_SIZE - 1, MAX_SIZE, path))
    assert root == expected


@pytest.mark.row("T12")
def test_inclusion__each_bit_of_each_node_turned__is_refused() -> None:
    proof = TREES[13].inclusion(6)
    for at, bit in itertools.product(range(len(proof.path)), range(256)):
        path = list(proof.path)
        path[at] = (int.from_bytes(path[at]) ^ (1 << bit)).to_bytes(32)
        broken = replace(proof, path=tuple(path))
        assert code_of(LEAVES[6], broken, TREES[13].root) == "trees.root_mismatch"


@pytest.mark.row("T10")
@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 33])
def test_inclusion__inner_node_handed_in_as_leaf__is_refused(size: int) -> None:
    """The classical second preimage: a node of height h, with the path that remains above it."""
    tree = TREES[size]
    for index in range(size):
        proof = tree.inclusion(index)
        node: bytes = LEAVES[index]
        for height, sibling in enumerate(proof.path):
            pair = (node, sibling) if root_pairs_right(index, size, height) else (sibling, node)
            node = node_digest(*pair)
            rest = proof.path[height + 1 :]
            for claimed_size, claimed in itertools.product(range(1, size + 1), range(size)):
                forged = InclusionProof(claimed, claimed_size, rest)
                entry = b"".join(pair)
                # An attacker may only choose an entry: its digest carries the leaf tag.
                assert code_of(leaf_digest(entry), forged, tree.root) != "passed"
                # Handed in bare, the node fits no place of the tree's authentic size.
                if claimed_size == size:
                    assert code_of(node, forged, tree.root) != "passed"


def root_pairs_right(index: int, size: int, height: int) -> bool:
    """Whether the sibling at a step of the path stands to the right (recursion of the RFC)."""
    sides: list[bool] = []
    low, high = 0, size
    while high - low > 1:
        k = low + merkle_model.split(high - low)
        sides.append(index < k)
        low, high = (low, k) if index < k else (k, high)
    return sides[::-1][height]


@pytest.mark.row("T10")
def test_leaf_digest__entry_of_64_octets__is_no_node_digest() -> None:
    left, right = LEAVES[0], LEAVES[1]
    assert bytes(leaf_digest(left + right)) != bytes(node_digest(left, right))
    assert leaf_digest(left + right) == sha256(b"\x00" + left + right).digest()
    assert node_digest(left, right) == sha256(b"\x01" + left + right).digest()
    assert MerkleTree([leaf_digest(left + right)]).root != TREES[2].root


@pytest.mark.row("T11")
def test_tree__last_leaf_doubled__has_another_root() -> None:
    """CVE-2012-2459: a tree that doubles its odd last leaf has the root of the doubled list."""
    for size in range(1, LIMIT):
        doubled = merkle_root([*LEAVES[:size], LEAVES[size - 1]])
        assert doubled != TREES[size].root
        block = size & -size
        assert merkle_root([*LEAVES[:size], *LEAVES[size - block : size]]) != TREES[size].root


@pytest.mark.row("T11")
def test_tree__two_leaves_exchanged__has_another_root() -> None:
    for size in SOME:
        for first, second in itertools.combinations(range(size), 2):
            leaves = LEAVES[:size]
            leaves[first], leaves[second] = leaves[second], leaves[first]
            assert merkle_root(leaves) != TREES[size].root


def test_consistency__every_pair_of_sizes__has_the_proof_of_the_rfc_and_verifies() -> None:
    for old, new in itertools.combinations_with_replacement(SIZES, 2):
        proof = TREES[new].consistency(old)
        assert proof == ConsistencyProof(old, new, tuple(merkle_model.proof(old, ENTRIES[:new])))
        verify_consistency(proof, TREES[old].root, TREES[new].root)


def test_consistency__proof_between_other_sizes__is_refused() -> None:
    sizes = range(1, 20)
    for old, new in itertools.combinations(sizes, 2):
        path = TREES[new].consistency(old).path
        for other_old, other_new in itertools.combinations_with_replacement(sizes, 2):
            if (other_old, other_new) != (old, new):
                forged = ConsistencyProof(other_old, other_new, path)
                with pytest.raises(ProvenanceError):
                    verify_consistency(forged, TREES[other_old].root, TREES[other_new].root)


@pytest.mark.row("T12")
def test_consistency__path_too_short_or_too_long__is_refused_by_its_length() -> None:
    for old, new in itertools.combinations_with_replacement(range(1, 34), 2):
        proof = TREES[new].consistency(old)
        changed = [(*proof.path, LEAVES[0]), (LEAVES[0], *proof.path)]
        changed += [proof.path[:-1], proof.path[1:]] if proof.path else []
        for path in changed:
            with pytest.raises(InputError) as refusal:
                verify_consistency(replace(proof, path=path), TREES[old].root, TREES[new].root)
            assert refusal.value.code == "trees.path_length"


def test_consistency__history_rewritten__is_refused_as_inconsistent_or_mismatch() -> None:
    for old, new in itertools.combinations(range(1, 34), 2):
        rewritten = MerkleTree([leaf_digest(b"other"), *LEAVES[1:new]])
        with pytest.raises(VerificationError) as refusal:
            verify_consistency(rewritten.consistency(old), TREES[old].root, rewritten.root)
        assert refusal.value.code in {"trees.inconsistent", "trees.root_mismatch"}
        with pytest.raises(VerificationError):
            verify_consistency(TREES[new].consistency(old), TREES[old].root, rewritten.root)


def test_consistency__equal_sizes_and_other_root__is_refused() -> None:
    with pytest.raises(VerificationError) as refusal:
        verify_consistency(ConsistencyProof(5, 5, ()), TREES[5].root, TREES[6].root)
    assert refusal.value.code == "trees.root_mismatch"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (0, 5, "trees.size_range"),
        (-1, 5, "trees.size_range"),
        (6, 5, "trees.size_range"),
        (True, 5, "trees.size_range"),
        (1, 0, "trees.size_range"),
        (1, MAX_SIZE + 1, "trees.size_range"),
        (5, 5.0, "trees.size_range"),
    ],
)
def test_consistency__sizes_out_of_range__are_refused(old: int, new: int, code: str) -> None:
    with pytest.raises(InputError) as refusal:
        verify_consistency(ConsistencyProof(old, new, ()), LEAVES[0], LEAVES[1])
    assert refusal.value.code == code


def test_consistency__largest_size__takes_63_nodes_from_one_leaf() -> None:
    new_root: bytes = LEAVES[63]
    for node in LEAVES[:63]:
        new_root = node_digest(new_root, node)
    proof = ConsistencyProof(1, MAX_SIZE, tuple(LEAVES[:63]))
    verify_consistency(proof, LEAVES[63], new_root)


@pytest.mark.parametrize("node", [b"", b"\x00" * 31, b"\x00" * 33, "0" * 32, None])
def test_consistency__node_that_is_not_32_octets__is_refused(node: object) -> None:
    path = list[object](TREES[7].consistency(3).path)
    path[1] = node
    with pytest.raises(InputError) as refusal:
        verify_consistency(
            ConsistencyProof(3, 7, tuple(path)),  # type: ignore[arg-type]
            TREES[3].root,
            TREES[7].root,
        )
    assert refusal.value.code == "trees.digest_length"


def test_tree__no_leaf__is_refused() -> None:
    for build in (MerkleTree, merkle_root):
        with pytest.raises(InputError) as refusal:
            build([])
        assert refusal.value.code == "trees.empty"


@pytest.mark.parametrize("leaf", [b"", b"\x00" * 31, b"\x00" * 33, "0" * 32, None])
def test_tree__leaf_that_is_not_32_octets__is_refused(leaf: bytes) -> None:
    for build in (MerkleTree, merkle_root):
        with pytest.raises(InputError) as refusal:
            build([LEAVES[0], leaf, LEAVES[1]])
        assert refusal.value.code == "trees.digest_length"


@pytest.mark.parametrize("index", [-1, 5, 2**70])
def test_tree__index_out_of_range__is_refused(index: int) -> None:
    for ask in (TREES[5].inclusion, TREES[5].leaf):
        with pytest.raises(InputError) as refusal:
            ask(index)
        assert refusal.value.code == "trees.index_range"


@pytest.mark.parametrize("old", [-1, 0, 6])
def test_tree__old_size_out_of_range__is_refused(old: int) -> None:
    with pytest.raises(InputError) as refusal:
        TREES[5].consistency(old)
    assert refusal.value.code == "trees.size_range"


def test_tree__more_leaves_than_one_chunk__has_the_root_of_the_rfc() -> None:
    entries = [index.to_bytes(4) for index in range(40_001)]
    tree = MerkleTree([leaf_digest(entry) for entry in entries])

    assert tree.root == merkle_model.mth(entries)
    for index in (0, 16_383, 16_384, 32_767, 32_768, 40_000):
        verify_inclusion(tree.leaf(index), tree.inclusion(index), tree.root)
