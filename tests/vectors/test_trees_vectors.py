"""Trees against published roots and the project's own vectors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support import merkle_model
from veta.errors import ProvenanceError
from veta.model.bundle import InclusionProof
from veta.trees import (
    ConsistencyProof,
    MerkleTree,
    leaf_digest,
    merkle_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((PROJECT / "docs/spec/vectors/trees.json").read_text(encoding="utf-8"))
LEAVES = [bytes.fromhex(vector["leaf"]) for vector in VECTORS["leaves"]]

TRANSPARENCY_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
TRANSPARENCY_ROOTS = [
    # Roots of the first 1 to 8 entries, as tested by implementations of RFC 6962 since 2013.
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_tree__entries_of_certificate_transparency__has_the_published_root(size: int) -> None:
    entries = TRANSPARENCY_ENTRIES[:size]
    published = bytes.fromhex(TRANSPARENCY_ROOTS[size - 1])

    assert MerkleTree([leaf_digest(entry) for entry in entries]).root == published
    assert merkle_model.mth(entries) == published


@pytest.mark.row("T10", "T21")
def test_vectors__leaves_and_roots__are_those_of_the_rfc() -> None:
    entries = [bytes.fromhex(vector["entry"]) for vector in VECTORS["leaves"]]
    assert [leaf_digest(entry) for entry in entries] == LEAVES
    assert entries[:8] == TRANSPARENCY_ENTRIES
    for vector in VECTORS["roots"]:
        root = bytes.fromhex(vector["root"])
        assert merkle_root(LEAVES[: vector["size"]]) == root
        assert merkle_model.mth(entries[: vector["size"]]) == root


def inclusion(vector: dict[str, Any]) -> tuple[bytes, InclusionProof, bytes]:
    path = tuple(map(bytes.fromhex, vector["path"]))
    proof = InclusionProof(vector["index"], vector["size"], path)
    return bytes.fromhex(vector["leaf"]), proof, bytes.fromhex(vector["root"])


def consistency(vector: dict[str, Any]) -> tuple[ConsistencyProof, bytes, bytes]:
    path = tuple(map(bytes.fromhex, vector["path"]))
    proof = ConsistencyProof(vector["old_size"], vector["new_size"], path)
    return proof, bytes.fromhex(vector["old_root"]), bytes.fromhex(vector["new_root"])


@pytest.mark.row("T21")
def test_vectors__proofs__verify_and_are_what_the_tree_makes() -> None:
    for vector in VECTORS["inclusion"]:
        leaf, proof, root = inclusion(vector)
        verify_inclusion(leaf, proof, root)
        assert MerkleTree(LEAVES[: proof.size]).inclusion(proof.index) == proof
    for vector in VECTORS["consistency"]:
        claim, old_root, new_root = consistency(vector)
        verify_consistency(claim, old_root, new_root)
        assert MerkleTree(LEAVES[: claim.new_size]).consistency(claim.old_size) == claim


@pytest.mark.row("T10", "T12", "T21")
def test_vectors__forged_proofs__are_refused() -> None:
    for vector in VECTORS["inclusion_refused"]:
        with pytest.raises(ProvenanceError):
            verify_inclusion(*inclusion(vector))
    for vector in VECTORS["consistency_refused"]:
        with pytest.raises(ProvenanceError):
            verify_consistency(*consistency(vector))
