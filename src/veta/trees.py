"""Merkle trees of RFC 9162 section 2.1 over SHA-256, from leaf digests to proofs.

A proof is bound to one index and one size: its length follows from both, and a path that is
shorter, longer or of other nodes is refused. The digest of a leaf is tagged 0x00 and that of a node
0x01, so neither can stand for the other; an odd last node moves up unchanged and is never doubled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Final

from veta.errors import InputError, VerificationError
from veta.model.bundle import InclusionProof
from veta.model.identifiers import BatchRoot, Digest, Leaf

MAX_SIZE: Final = 2**63
"""Most leaves a proof may speak of; its path then has at most 63 nodes."""
DIGEST_LENGTH: Final = 32
_DIGEST_LENGTHS: Final = frozenset({DIGEST_LENGTH})
_LEAF_TAG: Final = b"\x00"
_NODE_TAG: Final = b"\x01"
_PAIR: Final = Struct("64s")
_CHUNK: Final = _PAIR.size * 2048
"""Octets of a level hashed at a time: what is between two levels stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """RFC 9162 section 2.1.4: a tree of ``new_size`` leaves begins with one of ``old_size``."""

    old_size: int
    new_size: int
    path: tuple[bytes, ...]


def leaf_digest(entry: bytes) -> Leaf:
    """SHA-256(0x00 || entry), RFC 9162 section 2.1.1."""
    return Leaf(sha256(_LEAF_TAG + entry).digest())


def node_digest(left: bytes, right: bytes) -> Digest:
    """SHA-256(0x01 || left || right), RFC 9162 section 2.1.1."""
    return Digest(sha256(_NODE_TAG + left + right).digest())


class MerkleTree:
    """A tree over leaf digests, all levels kept: 64 octets a leaf.

    Args:
        leaves: digests made by ``leaf_digest``, in order, at least one.

    Raises:
        InputError: ``trees.empty``, ``trees.digest_length``.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        level = _joined(leaves)
        self._levels = [level]
        while len(level) > DIGEST_LENGTH:
            level = _level_above(level)
            self._levels.append(level)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // DIGEST_LENGTH

    @property
    def root(self) -> BatchRoot:
        """Merkle tree hash of all leaves."""
        return BatchRoot(self._levels[-1])

    def leaf(self, index: int) -> Leaf:
        """The leaf digest at an index.

        Raises:
            InputError: ``trees.index_range``.
        """
        _require_index(index, self.size)
        return Leaf(self._node(0, index))

    def inclusion(self, index: int) -> InclusionProof:
        """Proof that the leaf at ``index`` is under the root (RFC 9162 section 2.1.3.1).

        Raises:
            InputError: ``trees.index_range``.
        """
        _require_index(index, self.size)
        path = []
        at = index
        for height, level in enumerate(self._levels[:-1]):
            sibling = at ^ 1
            if sibling * DIGEST_LENGTH < len(level):
                path.append(self._node(height, sibling))
            at >>= 1
        return InclusionProof(index=index, size=self.size, path=tuple(path))

    def consistency(self, old_size: int) -> ConsistencyProof:
        """Proof that the first ``old_size`` leaves are as they were (RFC 9162 section 2.1.4.1).

        Raises:
            InputError: ``trees.size_range``.
        """
        if not 0 < old_size <= self.size:
            raise InputError("trees.size_range", f"old size {old_size} is not in 1..{self.size}")
        path: list[bytes] = []
        if old_size < self.size:
            at, height = old_size - 1, 0
            while at & 1:
                at, height = at >> 1, height + 1
            if at:
                path.append(self._node(height, at))
            while height < len(self._levels) - 1:
                sibling = at ^ 1
                if sibling * DIGEST_LENGTH < len(self._levels[height]):
                    path.append(self._node(height, sibling))
                at, height = at >> 1, height + 1
        return ConsistencyProof(old_size=old_size, new_size=self.size, path=tuple(path))

    def _node(self, height: int, index: int) -> bytes:
        start = index * DIGEST_LENGTH
        return self._levels[height][start : start + DIGEST_LENGTH]


def _joined(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        raise InputError("trees.empty", "a tree has at least one leaf")
    _require_digests(leaves)
    # Joining takes 80 octets a part for a while: in runs, this stays small.
    return b"".join([b"".join(leaves[at : at + 4096]) for at in range(0, len(leaves), 4096)])


def _level_above(level: bytes) -> bytes:
    digest, tag, pairs = sha256, _NODE_TAG, _PAIR.iter_unpack
    paired = len(level) - len(level) % _PAIR.size
    parts = [
        b"".join(
            [digest(tag + pair).digest() for (pair,) in pairs(level[at : min(at + _CHUNK, paired)])]
        )
        for at in range(0, paired, _CHUNK)
    ]
    parts.append(level[paired:])
    return b"".join(parts)


def merkle_root(leaves: Sequence[bytes]) -> BatchRoot:
    """Root of the tree over the leaf digests, keeping one level at a time.

    Raises:
        InputError: ``trees.empty``, ``trees.digest_length``.
    """
    level = _joined(leaves)
    while len(level) > DIGEST_LENGTH:
        level = _level_above(level)
    return BatchRoot(level)


def root_from_path(leaf: bytes, proof: InclusionProof) -> BatchRoot:
    """The only root under which the proof puts the leaf at its index (RFC 9162 section 2.1.3.2).

    Comparing it with an authentic root is the caller's: ``verify_inclusion`` does it.

    Raises:
        InputError: ``trees.size_range``, ``trees.index_range``, ``trees.path_length``,
            ``trees.digest_length``.
    """
    index, size, path = proof.index, proof.size, proof.path
    if not (type(index) is int and type(size) is int and 0 <= index < size <= MAX_SIZE):
        _require_size(size)
        _require_index(index, size)
    # Levels on which the path to the leaf and the path to the last leaf differ; above, every
    # sibling lies to the left.
    inner = (index ^ (size - 1)).bit_length()
    if len(path) != inner + (index >> inner).bit_count():
        raise InputError(
            "trees.path_length",
            f"a path of {len(path)} nodes cannot lead from leaf {index} of {size}",
        )
    digest, tag, node = sha256, _NODE_TAG, leaf
    try:
        if len(leaf) != DIGEST_LENGTH or not _DIGEST_LENGTHS.issuperset(map(len, path)):
            raise _not_a_digest()
        for sibling in path[:inner]:
            node = digest(tag + sibling + node if index & 1 else tag + node + sibling).digest()
            index >>= 1
        for sibling in path[inner:]:
            node = digest(tag + sibling + node).digest()
    except TypeError as error:
        raise _not_a_digest() from error
    return BatchRoot(node)


def verify_inclusion(leaf: bytes, proof: InclusionProof, root: bytes) -> None:
    """Check that the leaf stands at the proof's index under the root of a tree of its size.

    The size is only as good as its source: take it from where the root comes from.

    Raises:
        InputError: as ``root_from_path``; ``trees.digest_length`` for the root.
        VerificationError: ``trees.root_mismatch``.
    """
    _require_digests((root,))
    if root_from_path(leaf, proof) != root:
        raise VerificationError(
            "trees.root_mismatch",
            f"the leaf is not under the root at index {proof.index} of {proof.size} leaves",
        )


def verify_consistency(proof: ConsistencyProof, old_root: bytes, new_root: bytes) -> None:
    """Check that the new tree begins with the old one (RFC 9162 section 2.1.4.2).

    Raises:
        InputError: ``trees.size_range``, ``trees.path_length``, ``trees.digest_length``.
        VerificationError: ``trees.root_mismatch`` if it does not lead to the new root,
            ``trees.inconsistent`` if it does not lead to the old one.
    """
    old_size, new_size = proof.old_size, proof.new_size
    _require_size(new_size)
    if not (type(old_size) is int and 0 < old_size <= new_size):
        raise InputError("trees.size_range", f"old size {old_size} is not in 1..{new_size}")
    _require_digests((old_root, new_root, *proof.path))
    path = _consistency_path(proof, old_root)
    old, new = _roots_from_consistency(old_size, new_size, path)
    if new != new_root:
        raise VerificationError("trees.root_mismatch", "the proof does not lead to the new root")
    if old != old_root:
        raise VerificationError("trees.inconsistent", "the proof does not lead to the old root")


def _consistency_path(proof: ConsistencyProof, old_root: bytes) -> tuple[bytes, ...]:
    """The path with the node it starts from, of the one length that the sizes allow."""
    old_size, new_size = proof.old_size, proof.new_size
    last = old_size - 1
    height = (last ^ old_size).bit_length() - 1  # trailing ones of last
    inner = (last ^ (new_size - 1)).bit_length()
    starts_from_old_root = old_size & last == 0
    expected = 0
    if old_size < new_size:
        expected = inner - height + (last >> inner).bit_count() + (not starts_from_old_root)
    if len(proof.path) != expected:
        raise InputError(
            "trees.path_length",
            f"{len(proof.path)} nodes cannot prove {old_size} to {new_size}, {expected} can",
        )
    if starts_from_old_root or old_size == new_size:
        return (old_root, *proof.path)
    return proof.path


def _roots_from_consistency(
    old_size: int, new_size: int, path: tuple[bytes, ...]
) -> tuple[bytes, bytes]:
    """Both roots by the loop of RFC 9162 section 2.1.4.2, steps 3 to 6."""
    first, second = old_size - 1, new_size - 1
    if old_size == new_size:
        return path[0], path[0]
    while first & 1:
        first, second = first >> 1, second >> 1
    old = new = path[0]
    for node in path[1:]:
        if first & 1 or first == second:
            old = node_digest(node, old)
            new = node_digest(node, new)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            new = node_digest(new, node)
        first, second = first >> 1, second >> 1
    return old, new


def _require_digests(digests: Sequence[bytes]) -> None:
    if set(map(type, digests)) != {bytes} or set(map(len, digests)) != {DIGEST_LENGTH}:
        raise _not_a_digest()


def _not_a_digest() -> InputError:
    return InputError("trees.digest_length", f"a digest is not {DIGEST_LENGTH} octets")


def _require_size(size: int) -> None:
    if type(size) is not int or not 0 < size <= MAX_SIZE:
        raise InputError("trees.size_range", f"a tree size is not in 1..{MAX_SIZE}")


def _require_index(index: int, size: int) -> None:
    if type(index) is not int or not 0 <= index < size:
        raise InputError("trees.index_range", f"an index is not in 0..{size - 1}")
