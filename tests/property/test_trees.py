"""Trees of any size against the RFC's recursion, and forged proofs against the door."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support import merkle_model
from veta.errors import ProvenanceError
from veta.model.bundle import InclusionProof
from veta.trees import (
    ConsistencyProof,
    MerkleTree,
    leaf_digest,
    merkle_root,
    root_from_path,
    verify_consistency,
    verify_inclusion,
)

ENTRIES = st.lists(st.binary(max_size=70), min_size=1, max_size=300)
DIGESTS = st.binary(min_size=32, max_size=32)
ANYTHING = st.one_of(
    st.integers(), st.binary(max_size=80), DIGESTS, st.none(), st.text(max_size=40), st.floats()
)


@given(ENTRIES, st.data())
def test_tree__any_entries__agrees_with_the_rfc_in_root_path_and_proof(
    entries: list[bytes], data: st.DataObject
) -> None:
    tree = MerkleTree([leaf_digest(entry) for entry in entries])
    index = data.draw(st.integers(0, len(entries) - 1))
    old = data.draw(st.integers(1, len(entries)))

    assert tree.root == merkle_model.mth(entries)
    assert list(tree.inclusion(index).path) == merkle_model.path(index, entries)
    assert list(tree.consistency(old).path) == merkle_model.proof(old, entries)
    verify_inclusion(leaf_digest(entries[index]), tree.inclusion(index), tree.root)
    old_root = merkle_root([leaf_digest(entry) for entry in entries[:old]])
    verify_consistency(tree.consistency(old), old_root, tree.root)


def accepts(leaf: bytes, proof: InclusionProof, root: bytes) -> bool:
    try:
        verify_inclusion(leaf, proof, root)
    except ProvenanceError:
        return False
    return True


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=200, unique=True), st.data())
def test_inclusion__distinct_entries__verifies_for_exactly_one_index(
    entries: list[bytes], data: st.DataObject
) -> None:
    tree = MerkleTree([leaf_digest(entry) for entry in entries])
    index = data.draw(st.integers(0, len(entries) - 1))
    proof, leaf = tree.inclusion(index), tree.leaf(index)

    accepted = [
        claimed
        for claimed in range(len(entries) + 3)
        if accepts(leaf, replace(proof, index=claimed), tree.root)
    ]

    assert accepted == [index]


@given(ENTRIES, st.data())
def test_inclusion__one_thing_changed__is_refused(
    entries: list[bytes], data: st.DataObject
) -> None:
    tree = MerkleTree([leaf_digest(entry) for entry in entries])
    index = data.draw(st.integers(0, len(entries) - 1))
    proof = tree.inclusion(index)
    path = list(proof.path)
    match data.draw(st.sampled_from(["drop", "insert", "replace", "swap"])):
        case "drop":
            assume(path)
            path.pop(data.draw(st.integers(0, len(path) - 1)))
        case "insert":
            path.insert(data.draw(st.integers(0, len(path))), data.draw(DIGESTS))
        case "replace":
            assume(path)
            path[data.draw(st.integers(0, len(path) - 1))] = data.draw(st.binary(max_size=70))
        case "swap":
            assume(len(path) > 1)
            path[0], path[-1] = path[-1], path[0]
    assume(tuple(path) != proof.path)

    assert not accepts(tree.leaf(index), replace(proof, path=tuple(path)), tree.root)


@given(
    leaf=ANYTHING,
    index=ANYTHING,
    size=ANYTHING,
    path=st.lists(ANYTHING, max_size=70),
    roots=st.tuples(ANYTHING, ANYTHING),
)
def test_verification__anything_at_all__is_refused_with_a_code(
    leaf: object, index: object, size: object, path: list[object], roots: tuple[object, object]
) -> None:
    """Neither verification raises anything but the project's own errors, nor accepts noise."""
    proof = InclusionProof(index, size, tuple(path))  # type: ignore[arg-type]
    assert not accepts(leaf, proof, roots[0])  # type: ignore[arg-type]
    refusal = ""
    try:
        verify_consistency(
            ConsistencyProof(index, size, tuple(path)),  # type: ignore[arg-type]
            *roots,  # type: ignore[arg-type]
        )
    except ProvenanceError as error:
        refusal = error.code
    assert refusal.startswith("trees.") or (index == size and roots[0] == roots[1])


@given(st.integers(1, 2**63), st.data())
def test_root_from_path__any_index_of_any_size__takes_exactly_one_length(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    low, high, length = 0, size, 0
    while high - low > 1:
        k = low + (1 << ((high - low - 1).bit_length() - 1))
        low, high = (low, k) if index < k else (k, high)
        length += 1

    for count in range(66):
        proof = InclusionProof(index, size, (bytes(32),) * count)
        refusal = ""
        try:
            root_from_path(bytes(32), proof)
        except ProvenanceError as error:
            refusal = error.code
        assert refusal == ("" if count == length else "trees.path_length")
