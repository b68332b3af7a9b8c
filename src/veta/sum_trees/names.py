"""Names of lots, padding between them, and the tree over what a batch was made from."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from veta.errors import InputError
from veta.model.identifiers import Digest, MemberId
from veta.model.lot_tree import LotKey, LotLeaf
from veta.sum_trees.nodes import require_columns
from veta.trees import DIGEST_LENGTH, merkle_root

PADDING_RANDOMNESS: Final = 64
"""Octets of randomness in a padding leaf."""

_KEY_TAG: Final = b"\x04"
_CAUSE_LEAF_TAG: Final = b"\x05"
_MAX_ID: Final = 2**32 - 1
_MAX_BATCH_NUMBER: Final = 64


def lot_key(issuer: MemberId, *, site: int, product_class: int, batch_number: str) -> LotKey:
    """SHA-256(0x04 || issuer || site || product class || batch number), ids 4 octets big-endian.

    Args:
        issuer: consortium id of the issuer, from 1.
        site: registered site, from 1; 0 where a lot comes from outside and has none.
        product_class: registered product class, 32 bits.
        batch_number: the passport's, octet for octet: 1 to 64 of 0x21 to 0x7E, nothing folded.

    Raises:
        InputError: ``sum_trees.id_range``, ``sum_trees.batch_number``.
    """
    for identifier, least in ((issuer, 1), (site, 0), (product_class, 0)):
        if type(identifier) is not int or not least <= identifier <= _MAX_ID:
            raise InputError("sum_trees.id_range", f"an id is not in {least}..{_MAX_ID}")
    if (
        type(batch_number) is not str
        or not 1 <= len(batch_number) <= _MAX_BATCH_NUMBER
        or not all("\x21" <= character <= "\x7e" for character in batch_number)
    ):
        raise InputError(
            "sum_trees.batch_number", "a batch number is not 1 to 64 octets of 0x21 to 0x7E"
        )
    ids = issuer.to_bytes(4) + site.to_bytes(4) + product_class.to_bytes(4)
    return LotKey(sha256(_KEY_TAG + ids + batch_number.encode("ascii")).digest())


def padding_leaf(randomness: bytes, columns: int) -> LotLeaf:
    """A leaf that hides how many lots a batch has: no quantity, and nothing to be found out.

    Args:
        randomness: 64 fresh random octets, used nowhere else.
        columns: number of columns of the batch.

    Raises:
        InputError: ``sum_trees.randomness_length``, ``sum_trees.column_count``.
    """
    require_columns(columns)
    if type(randomness) is not bytes or len(randomness) != PADDING_RANDOMNESS:
        raise InputError(
            "sum_trees.randomness_length", f"padding is made of {PADDING_RANDOMNESS} random octets"
        )
    return LotLeaf(randomness[:DIGEST_LENGTH], randomness[DIGEST_LENGTH:], (0,) * columns)


def cause_leaf(part: bytes) -> Digest:
    """SHA-256(0x05 || part): leaf of one part of a batch's cause, as encoded for the contract.

    With ``veta.trees`` a bundle proves it under ``cause_root`` and leaves other parts closed.

    Raises:
        InputError: ``sum_trees.cause_part``.
    """
    if type(part) is not bytes:
        raise InputError("sum_trees.cause_part", "a part of a cause is not octets")
    return Digest(sha256(_CAUSE_LEAF_TAG + part).digest())


def cause_root(parts: Sequence[bytes]) -> Digest:
    """RFC 9162 root over the encoded parts of a cause, leaf tag 0x05, node tag 0x01.

    Raises:
        InputError: ``sum_trees.cause_part``; ``trees.empty``.
    """
    return Digest(merkle_root([cause_leaf(part) for part in parts]))
