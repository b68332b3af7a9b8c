"""RFC 9162 section 2.1 written down as it stands, recursively: the oracle of the tree tests.

Nothing here knows of ``veta.trees``. ``MTH``, ``PATH`` and ``PROOF`` work on the entries
themselves, as in the RFC; they are slow on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def mth(entries: Sequence[bytes]) -> bytes:
    """Section 2.1.1, MTH."""
    if len(entries) == 0:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """Section 2.1.3.1, PATH."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """Section 2.1.4.1, PROOF."""
    return _subproof(m, entries, known=True)


def _subproof(m: int, entries: Sequence[bytes], *, known: bool) -> list[bytes]:
    if m == len(entries):
        return [] if known else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*_subproof(m, entries[:k], known=known), mth(entries[k:])]
    return [*_subproof(m - k, entries[k:], known=False), mth(entries[:k])]


def split(n: int) -> int:
    """The largest power of two smaller than ``n``."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k
