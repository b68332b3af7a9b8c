"""Batches of lots as a bundle discloses them, held against the words that the lot book has.

Nothing of a header is believed before its digest is the word under (issuer, root), and no columns
or sums before their digest is the header's ``totals``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from veta.custody.encoding import WITHDRAWN, batch_word, totals_digest
from veta.errors import InputError, ProvenanceError
from veta.model.bundle import LotFacts
from veta.model.columns import MAX_BATCH_COLUMNS, QUANTITY_MAXIMUM, Column, ColumnKey
from veta.model.determined import Determined, Undetermined
from veta.model.disclosure import BatchTotals
from veta.model.identifiers import MemberId
from veta.model.lot_tree import LotInclusion, LotLeaf, LotRoot, LotTreeHead
from veta.model.lots import HEADER_VERSION, BatchHeader, CustodyModel, LotBatchKind
from veta.sum_trees import verify_lot_inclusion

HANDED_OVER: Final = 4
"""Word of a batch that the lot book's successor has."""
NOT_ASKED: Final = Undetermined("facts.lots_not_asked", "the lot book was not asked")
_MODELS: Final = range(CustodyModel.IDENTITY_PRESERVED, CustodyModel.MASS_BALANCE + 1)
_FLAGS: Final = 63
_DIGEST: Final = 32
_ADDRESS: Final = 20
_SALT: Final = 16
_IDS: Final = (
    "reference_column",
    "site",
    "origin_site",
    "product_class",
    "allocation_rule",
)
_LONGS: Final = ("sequence", "size", "produced_from_s", "produced_to_s", "anchored_at_s")

BatchName = tuple[MemberId, LotRoot]
"""Issuer and root: what a batch is found by."""


class Standing(enum.Enum):
    """What the lot book says of a header."""

    ON_CHAIN = "on_chain"
    ABSENT = "batch_absent"
    WITHDRAWN = "batch_withdrawn"
    HANDED_OVER = "batch_handed_over"
    OTHER = "other_header"

    @property
    def sentence(self) -> str:
        """In words."""
        return _STANDINGS[self]


_STANDINGS: Final = {
    Standing.ON_CHAIN: "the lot book has this batch, with this very header",
    Standing.ABSENT: "the lot book has no batch of this issuer under this root",
    Standing.WITHDRAWN: "the batch was withdrawn by its issuer",
    Standing.HANDED_OVER: "the batch went over to the lot book's successor",
    Standing.OTHER: "the lot book has another header for this batch",
}

_GONE: Final = {
    0: Standing.ABSENT,
    WITHDRAWN: Standing.WITHDRAWN,
    HANDED_OVER: Standing.HANDED_OVER,
}


def name_of(header: BatchHeader) -> BatchName:
    """Issuer and root."""
    return header.issuer, header.root


Words = Mapping[BatchName, Determined[bytes]]
"""What the lot book holds, by batch."""


def words_of(facts: LotFacts | Undetermined) -> Words | Undetermined:
    """The words of lot facts by batch."""
    if isinstance(facts, Undetermined):
        return facts
    return {(each.issuer, each.root): each.word for each in facts.words}


def standing(header: BatchHeader, words: Words | Undetermined) -> Standing | Undetermined:
    """What the lot book says of a well-formed header."""
    if isinstance(words, Undetermined):
        return words
    word = words.get(name_of(header), NOT_ASKED)
    if isinstance(word, Undetermined):
        return word
    gone = _GONE.get(int.from_bytes(word.value))
    if gone is not None:
        return gone
    same = word.value in (batch_word(header, opened=False), batch_word(header, opened=True))
    return Standing.ON_CHAIN if same else Standing.OTHER


def header_fault(header: BatchHeader) -> str | None:
    """What keeps a header from being one; ``None`` if nothing does."""
    if header.version != HEADER_VERSION:
        return f"a header of version {header.version} is not known"
    if not 1 <= header.issuer < 2**32:
        return "an issuer's id is not in 1..2^32-1"
    for name, bits in (*((name, 32) for name in _IDS), *((name, 64) for name in _LONGS)):
        if not 0 <= getattr(header, name) < 2**bits:
            return f"{name} is not of {bits} bits"
    if header.kind is LotBatchKind.NONE or header.model not in _MODELS or header.flags & ~_FLAGS:
        return "kind, model or flags are not known"
    digests = (header.root, header.totals, header.cause)
    if any(len(digest) != _DIGEST for digest in digests) or len(header.by) != _ADDRESS:
        return "a digest or address has not its length"
    return None


def columns_fault(columns: Sequence[ColumnKey], quantities: Sequence[int]) -> str | None:
    """What keeps quantities from standing in columns; ``None`` if nothing does."""
    if not 1 <= len(columns) <= MAX_BATCH_COLUMNS or not _ascending(columns):
        return f"columns are not 1 to {MAX_BATCH_COLUMNS}, strictly ascending"
    if len(quantities) != len(columns):
        return "there are not as many quantities as columns"
    if any(type(each) is not int or not 0 <= each <= QUANTITY_MAXIMUM for each in quantities):
        return f"a quantity is not in 0..{QUANTITY_MAXIMUM}"
    try:
        for key in columns:
            Column.of(key)
    except InputError as error:
        return error.message
    return None


def totals_fault(totals: BatchTotals) -> str | None:
    """What keeps totals from being opened; ``None`` if nothing does."""
    if len(totals.salt) != _SALT:
        return f"a salt is not {_SALT} octets"
    return columns_fault(totals.columns, totals.sums)


def are_totals_of(totals: BatchTotals, header: BatchHeader) -> bool:
    """Whether well-formed totals are what the header's digest is of."""
    return totals_digest(totals.columns, totals.sums, totals.salt) == header.totals


def inclusion_refusal(
    leaf: LotLeaf, index: int, path: tuple[bytes, ...], header: BatchHeader, totals: BatchTotals
) -> ProvenanceError | None:
    """Why a lot is not in a batch of these totals at this index; ``None`` if it is."""
    head = LotTreeHead(header.root, header.size, totals.sums)
    try:
        verify_lot_inclusion(leaf, LotInclusion(index, path), head)
    except ProvenanceError as error:
        return error
    return None


def _ascending(columns: Sequence[ColumnKey]) -> bool:
    return all(lower < higher for lower, higher in pairwise(columns))
