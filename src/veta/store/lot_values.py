"""Lot events to rows and back; a row that nothing can have been written as is ``store.corrupt``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
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
    CausePart,
    CustodyModel,
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    HeaderFlag,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    PeriodUse,
    ProductClassId,
    Reduction,
    SiteId,
    TakeRecord,
)
from veta.model.periods import Period
from veta.store.engine import sound

Values = dict[str, Any]
_Part = tuple[CausePart, int, int, int]


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


# -- to rows --------------------------------------------------------------------------------------


def batch_values(body: LotBatch) -> Values:
    """Of ``lot_batches``."""
    header = body.header
    names = BatchHeader.__dataclass_fields__
    fields = {name: getattr(header, name) for name in names}
    fields |= {name: int(fields[name]) for name in ("kind", "model", "flags")}
    lists = {"columns": packed_keys(body.columns), "sums": packed(body.sums), "salt": body.salt}
    return fields | lists


def end_values(body: LotBatchEnded) -> Values:
    """Of ``lot_batch_ends``."""
    return {
        "issuer": body.issuer,
        "root": body.root,
        "replacement": body.replacement,
        "handed_over": body.handed_over,
    }


def run_values(body: LotRun) -> Values:
    """Of ``lot_runs``."""
    content = {"issuer": body.issuer, "cause": body.cause}
    return content | {"kind": int(body.kind), "source": body.source}


def part_rows(body: LotRun) -> Iterator[tuple[CausePart, int, int, int, int]]:
    """What a run declared: part, position, first, second, quantity."""
    kinds: tuple[tuple[CausePart, list[tuple[int, int, int]]], ...] = (
        (CausePart.FIRST_MEASURED, [(m.column, 0, m.quantity) for m in body.first_measured]),
        (
            CausePart.REDUCTION,
            [(r.from_column, r.to_column, r.quantity) for r in body.reductions],
        ),
        (CausePart.DRAW, [(d.output, d.column, d.quantity) for d in body.draws]),
        (CausePart.LOSS, [(part.column, int(part.reason), part.quantity) for part in body.losses]),
        (CausePart.EMISSION, [(int(e.part), 0, e.co2e_g) for e in body.emissions]),
    )
    for kind, rows in kinds:
        for position, (first, second, quantity) in enumerate(rows):
            yield kind, position, first, second, quantity


def opened_values(body: LotOpened, batch: int) -> Values:
    """Of ``opened_lots``."""
    return {
        "lot": body.lot,
        "batch": batch,
        "position": body.index,
        "lot_key": body.lot_key,
        "statement_leaf": body.statement_leaf,
        "columns": packed_keys(body.columns),
        "quantities": packed(body.quantities),
    }


def change_values(body: LotChange) -> Values:
    """Of ``lot_changes``."""
    return {
        "lot": body.lot,
        "action": int(body.action),
        "by_member": body.by,
        "to_member": body.to,
        "until_s": body.until_s,
        "taken": body.taken,
        "amount": body.amount,
        "code": body.code,
        "digest": body.digest,
        "before": packed(body.before),
        "after": packed(body.after),
    }


def account_values(body: LotEventBody) -> tuple[str, Values]:
    """Table and values of what changed to a number.

    Raises:
        TypeError: of anything else.
    """
    match body:
        case PeriodUsed(site, substance, period, use):
            place = {"site": site, "substance": substance, "period": period}
            done = {"originated": use.originated, "taken": use.taken, "gained": use.gained}
            return "period_uses", place | done
        case CeilingUsed(member, substance, period, used):
            place = {"member": member, "substance": substance, "period": period}
            return "ceiling_uses", place | {"used": used}
        case CreditChanged(site, programme, substance, period, balance):
            place = {"site": site, "programme": programme, "substance": substance}
            return "credit_changes", place | {"period": period, "balance": balance}
        case VarianceChanged(member, column, period, change, total):
            place = {"member": member, "column_key": column, "period": period}
            return "variance_changes", place | {"change": change, "total": total}
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
def read_part(row: Row[Any]) -> _Part:
    """Out of ``lot_run_parts``."""
    return CausePart(row.part), row.first, row.second, row.quantity


@sound
def read_take(row: Row[Any]) -> TakeRecord:
    """Out of ``lot_takes``, with the lot's id beside it."""
    return TakeRecord(LotId(bytes(row.lot_id)), row.taken, row.amount)


def run_reader(takes: Sequence[TakeRecord], parts: Sequence[_Part]) -> Callable[[Row[Any]], LotRun]:
    """A reader of ``lot_runs``, given what stands in the other tables."""

    def of(kind: CausePart) -> Iterator[tuple[int, int, int]]:
        return (
            (first, second, quantity) for part, first, second, quantity in parts if part is kind
        )

    @sound
    def read(row: Row[Any]) -> LotRun:
        measured, reduced = of(CausePart.FIRST_MEASURED), of(CausePart.REDUCTION)
        return LotRun(
            issuer=MemberId(row.issuer),
            cause=Digest(row.cause),
            kind=LotBatchKind(row.kind),
            source=Digest(row.source),
            takes=tuple(takes),
            first_measured=tuple(FirstMeasured(ColumnKey(c), q) for c, _, q in measured),
            reductions=tuple(Reduction(ColumnKey(a), ColumnKey(b), q) for a, b, q in reduced),
            draws=tuple(Draw(o, ColumnKey(c), q) for o, c, q in of(CausePart.DRAW)),
            losses=tuple(
                Loss(ColumnKey(c), q, LossReason(why)) for c, why, q in of(CausePart.LOSS)
            ),
            emissions=tuple(
                Emission(EmissionPart(part), q) for part, _, q in of(CausePart.EMISSION)
            ),
        )

    return read


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
