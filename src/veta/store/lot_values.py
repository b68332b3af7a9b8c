"""Lot events to rows and back; a row that nothing can have been written as is ``store.corrupt``."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

from sqlalchemy.engine import Row

from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_events import (
    CeilingUsed,
    CreditChanged,
    LotAction,
    LotBatch,
    LotBatchEnded,
    LotChange,
    LotEventBody,
    LotOpened,
    LotRun,
    PeriodUsed,
    VarianceChanged,
)
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    BatchHeader,
    CustodyModel,
    HeaderFlag,
    LotBatchKind,
    LotId,
    PeriodUse,
    ProductClassId,
    SiteId,
)
from veta.model.periods import Period
from veta.store.engine import sound
from veta.store.run_octets import run_of_octets


def packed(numbers: Sequence[int], width: int = 8) -> bytes:
    """Numbers as octets, big-endian; columns take 4, quantities 8."""
    return struct.pack(f">{len(numbers)}{_CODES[width]}", *numbers)


def unpacked(octets: bytes, width: int = 8) -> tuple[int, ...]:
    """Back.

    Raises:
        ValueError: the octets are no whole number of numbers.
    """
    if len(octets) % width:
        raise ValueError("a number is cut")
    return struct.unpack(f">{len(octets) // width}{_CODES[width]}", octets)


_CODES: Final = {4: "I", 8: "Q"}


def packed_keys(columns: Sequence[ColumnKey]) -> bytes:
    """Column keys as octets."""
    return packed(columns, 4)


def unpacked_keys(octets: bytes) -> tuple[ColumnKey, ...]:
    """Back.

    Raises:
        ValueError: as ``unpacked``.
    """
    return tuple(map(ColumnKey, unpacked(octets, 4)))


# -- to rows: values in the order of the table's columns, without the place and the log -----------

_HALF: Final = 1 << 63
_WHOLE: Final = 1 << 64


def signed(number: int) -> int:
    """A number of 64 bits as a column holds it (``schema.Unsigned64``)."""
    return number if number < _HALF else number - _WHOLE


_HEADER: Final = attrgetter(
    *("version", "kind._value_", "issuer", "sequence", "by", "root", "size", "totals"),
    *("reference_column", "site", "origin_site", "product_class", "produced_from_s"),
    *("produced_to_s", "model._value_", "flags._value_", "allocation_rule", "anchored_at_s"),
    "cause",
)
"""In the order of the columns; the driver takes plain numbers only at its full pace."""
_CHANGE: Final = attrgetter(
    *("lot", "action._value_", "by", "to", "until_s", "taken", "amount", "code", "digest"),
)
_HEADER_64 = (3, 6, 12, 13, 17)
_CHANGE_64 = (4, 5, 6)
"""Which of them may have 64 bits."""


def _all_signed(row: tuple[Any, ...], places: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple([signed(each) if at in places else each for at, each in enumerate(row)])


def batch_row(body: LotBatch) -> tuple[Any, ...]:
    """Of ``lot_batches``."""
    row = _HEADER(body.header)
    if row[3] >= _HALF or row[6] >= _HALF or max(row[12], row[13], row[17]) >= _HALF:
        row = _all_signed(row, _HEADER_64)
    return (*row, packed_keys(body.columns), packed(body.sums), body.salt)


def end_row(body: LotBatchEnded) -> tuple[Any, ...]:
    """Of ``lot_batch_ends``."""
    return body.issuer, body.root, body.replacement, body.handed_over


def change_row(body: LotChange) -> tuple[Any, ...]:
    """Of ``lot_changes``."""
    row = _CHANGE(body)
    if max(row[4], row[5], row[6]) >= _HALF:
        row = _all_signed(row, _CHANGE_64)
    if body.before or body.after:
        return (*row, packed(body.before), packed(body.after))
    return (*row, b"", b"")


def account_row(body: LotEventBody) -> tuple[str, tuple[Any, ...]]:
    """Table and values of what changed to a number.

    Raises:
        TypeError: of anything else.
    """
    match body:
        case PeriodUsed(site, substance, period, use):
            done = (signed(use.originated), signed(use.taken), signed(use.gained))
            return "period_uses", (site, substance, period, *done)
        case CeilingUsed(member, substance, period, used):
            return "ceiling_uses", (member, substance, period, signed(used))
        case CreditChanged(site, programme, substance, period, balance):
            return "credit_changes", (site, programme, substance, period, signed(balance))
        case VarianceChanged(member, column, period, change, total):
            return "variance_changes", (member, column, period, str(change), str(total))
    raise TypeError("no account")


# -- and back -------------------------------------------------------------------------------------


@sound
def read_batch(row: Row[Any]) -> LotBatch:
    """Out of ``lot_batches``."""
    header = BatchHeader(
        version=row.version,
        kind=LotBatchKind(row.kind),
        issuer=MemberId(row.issuer),
        sequence=row.sequence,
        by=AccountAddress(row.by),
        root=LotRoot(row.root),
        size=row.size,
        totals=Digest(row.totals),
        reference_column=ColumnKey(row.reference_column),
        site=SiteId(row.site),
        origin_site=SiteId(row.origin_site),
        product_class=ProductClassId(row.product_class),
        produced_from_s=UnixSeconds(row.produced_from_s),
        produced_to_s=UnixSeconds(row.produced_to_s),
        model=CustodyModel(row.model),
        flags=HeaderFlag(row.flags),
        allocation_rule=row.allocation_rule,
        anchored_at_s=UnixSeconds(row.anchored_at_s),
        cause=Digest(row.cause),
    )
    return LotBatch(header, unpacked_keys(row.columns), unpacked(row.sums), row.salt)


@sound
def read_end(row: Row[Any]) -> LotBatchEnded:
    """Out of ``lot_batch_ends``."""
    root = None if row.replacement is None else LotRoot(row.replacement)
    return LotBatchEnded(MemberId(row.issuer), LotRoot(row.root), root, row.handed_over)


@sound
def read_run(row: Row[Any]) -> LotRun:
    """Out of ``lot_runs``."""
    return run_of_octets(
        issuer=row.issuer,
        cause=row.cause,
        kind=row.kind,
        source=row.source,
        takes=row.takes,
        parts=row.parts,
    )


@sound
def read_opened(row: Row[Any]) -> LotOpened:
    """Out of ``opened_lots``, with issuer and root of its batch beside it."""
    return LotOpened(
        lot=LotId(row.lot),
        issuer=MemberId(row.issuer),
        root=LotRoot(bytes(row.root)),
        index=row.position,
        lot_key=LotKey(row.lot_key),
        statement_leaf=Leaf(row.statement_leaf),
        columns=unpacked_keys(row.columns),
        quantities=unpacked(row.quantities),
    )


@sound
def read_change(row: Row[Any]) -> LotChange:
    """Out of ``lot_changes``."""
    return LotChange(
        lot=LotId(row.lot),
        action=LotAction(row.action),
        by=MemberId(row.by_member),
        to=MemberId(row.to_member),
        until_s=UnixSeconds(row.until_s),
        taken=row.taken,
        amount=row.amount,
        code=row.code,
        digest=row.digest,
        before=unpacked(row.before),
        after=unpacked(row.after),
    )


@sound
def read_period_use(row: Row[Any]) -> PeriodUsed:
    """Out of ``period_uses``."""
    use = PeriodUse(row.originated, row.taken, row.gained)
    return PeriodUsed(SiteId(row.site), SubstanceId(row.substance), Period(row.period), use)


@sound
def read_ceiling_use(row: Row[Any]) -> CeilingUsed:
    """Out of ``ceiling_uses``."""
    place = (MemberId(row.member), SubstanceId(row.substance), Period(row.period))
    return CeilingUsed(*place, row.used)


@sound
def read_credit(row: Row[Any]) -> CreditChanged:
    """Out of ``credit_changes``."""
    place = (SiteId(row.site), ProgrammeId(row.programme), SubstanceId(row.substance))
    return CreditChanged(*place, Period(row.period), row.balance)


@sound
def read_variance(row: Row[Any]) -> VarianceChanged:
    """Out of ``variance_changes``."""
    place = (MemberId(row.member), ColumnKey(row.column_key), Period(row.period))
    return VarianceChanged(*place, row.change, row.total)
