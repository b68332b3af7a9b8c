"""docs/spec/vectors/trees.json: leaves, roots, proofs of both kinds, and proofs to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from veta.model.bundle import InclusionProof
from veta.trees import ConsistencyProof, MerkleTree, leaf_digest, node_digest

_ENTRIES = [
    # The leaf inputs that implementations of certificate transparency have always been tested with.
    *map(bytes.fromhex, ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
    *(f"entry {index}".encode() for index in range(8, 70)),
]
_LEAVES = [leaf_digest(entry) for entry in _ENTRIES]
_SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 31, 32, 33, 64, 65, 70)
_TREES = {size: MerkleTree(_LEAVES[:size]) for size in range(1, len(_LEAVES) + 1)}


def tree_vectors() -> dict[str, object]:
    """Vectors of RFC 9162 section 2.1 over SHA-256; octets are hex, paths go from the leaf up."""
    return {
        "about": "RFC 9162 section 2.1; tree n is over the first n leaves",
        "leaves": [
            {"entry": entry.hex(), "leaf": leaf.hex()}
            for entry, leaf in zip(_ENTRIES, _LEAVES, strict=True)
        ],
        "roots": [{"size": size, "root": tree.root.hex()} for size, tree in _TREES.items()],
        "inclusion": [_inclusion(index, size) for size in _SIZES for index in _indices(size)],
        "inclusion_refused": list(_inclusion_refused()),
        "consistency": [
            _consistency(_TREES[new].consistency(old), _TREES[old].root, _TREES[new].root)
            for new in _SIZES
            for old in _SIZES
            if old <= new
        ],
        "consistency_refused": list(_consistency_refused()),
    }


def _indices(size: int) -> list[int]:
    return sorted({*range(min(size, 9)), size // 2, max(size - 2, 0), size - 1})


def _inclusion(index: int, size: int) -> dict[str, object]:
    return _claim(_LEAVES[index], _TREES[size].inclusion(index), _TREES[size].root)


def _claim(leaf: bytes, proof: InclusionProof, root: bytes) -> dict[str, object]:
    return {
        "leaf": leaf.hex(),
        "index": proof.index,
        "size": proof.size,
        "path": [node.hex() for node in proof.path],
        "root": root.hex(),
    }


def _inclusion_refused() -> Iterator[dict[str, object]]:
    for index, size in ((0, 2), (2, 3), (5, 8), (6, 7), (10, 11), (12, 33), (32, 33), (69, 70)):
        root, proof, leaf = _TREES[size].root, _TREES[size].inclusion(index), _LEAVES[index]
        path = proof.path
        forgeries = {
            "other index": replace(proof, index=index ^ 1),
            "index beyond the size": replace(proof, index=size),
            "size zero": replace(proof, size=0),
            "truncated at the end": replace(proof, path=path[:-1]),
            "truncated at the start": replace(proof, path=path[1:]),
            "padded at the end": replace(proof, path=(*path, bytes(32))),
            "padded at the start": replace(proof, path=(bytes(32), *path)),
            "node of 31 octets": replace(proof, path=(path[0][:31], *path[1:])),
            "node of 33 octets": replace(proof, path=(path[0] + b"\x00", *path[1:])),
            "node changed": replace(proof, path=(bytes(32), *path[1:])),
        }
        for why, forged in forgeries.items():
            yield {"why": why, **_claim(leaf, forged, root)}
        yield {"why": "other leaf", **_claim(_LEAVES[index - 1], proof, root)}
        yield {"why": "other root", **_claim(leaf, proof, _TREES[size - 1].root)}
        inner = node_digest(leaf, path[0]) if index % 2 == 0 else node_digest(path[0], leaf)
        above = InclusionProof(index >> 1, size, path[1:])
        yield {"why": "inner node as leaf", **_claim(inner, above, root)}
        pair = leaf_digest(leaf + path[0])
        half = InclusionProof(index >> 1, (size + 1) // 2, path[1:])
        yield {"why": "64 octets of an inner node as entry", **_claim(pair, half, root)}


def _consistency(proof: ConsistencyProof, old: bytes, new: bytes) -> dict[str, object]:
    return {
        "old_size": proof.old_size,
        "new_size": proof.new_size,
        "path": [node.hex() for node in proof.path],
        "old_root": old.hex(),
        "new_root": new.hex(),
    }


def _consistency_refused() -> Iterator[dict[str, object]]:
    for old, new in ((1, 2), (3, 7), (4, 7), (6, 8), (8, 33), (33, 64), (64, 70)):
        proof, roots = _TREES[new].consistency(old), (_TREES[old].root, _TREES[new].root)
        path = proof.path
        forgeries = {
            "truncated at the end": path[:-1],
            "truncated at the start": path[1:],
            "padded at the end": (*path, bytes(32)),
            "padded at the start": (bytes(32), *path),
            "node changed": (*path[:-1], bytes(32)),
            "empty": (),
        }
        for why, forged in forgeries.items():
            yield {"why": why, **_consistency(replace(proof, path=forged), *roots)}
        yield {"why": "roots exchanged", **_consistency(proof, *roots[::-1])}
        other = MerkleTree([leaf_digest(b"rewritten"), *_LEAVES[1:new]])
        yield {"why": "history rewritten", **_consistency(proof, roots[0], other.root)}
        rewritten = other.consistency(old)
        yield {
            "why": "history rewritten with its proof",
            **_consistency(rewritten, roots[0], other.root),
        }
