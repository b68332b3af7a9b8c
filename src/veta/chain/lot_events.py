"""Logs of the lot book and of custody into model values, by slices of their ABI encoding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from veta.chain.abi_words import WORD, Words
from veta.chain.lot_values import batch_header
from veta.model.anchoring import BlockRef
from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_events import (
    NOBODY,
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
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    PeriodUse,
    Reduction,
    SiteId,
    TakeRecord,
)
from veta.model.periods import Period

Topics = tuple[bytes, ...]
LotDecoder = Callable[[Topics, bytes, BlockRef], LotEventBody]

_HEADER_WORDS: Final = 19
_NONE: Final = bytes(WORD)


def _id(topic: bytes, bits: int = 32) -> int:
    number = int.from_bytes(topic)
    if number >> bits:
        raise ValueError("a topic has more bits")
    return number


def _header(words: Words) -> BatchHeader:
    return batch_header(
        [
            words.number(8),
            words.number(8),
            words.number(32),
            words.number(),
            words.address(),
            words.octets(),
            words.number(),
            words.octets(),
            *(words.number(32) for _ in range(4)),
            words.number(),
            words.number(),
            words.number(8),
            words.number(16),
            words.number(32),
            words.number(),
            words.octets(),
        ]
    )


def _keys(numbers: tuple[int, ...]) -> tuple[ColumnKey, ...]:
    return tuple(map(ColumnKey, numbers))


def _batch_issued(topics: Topics, data: bytes, _: BlockRef) -> LotBatch:
    words = Words(data, _HEADER_WORDS + 3)
    header = _header(words)
    columns, sums, salt = _keys(words.numbers(32)), words.numbers(), words.octets(16)
    words.end()
    _same_batch(topics, header)
    return LotBatch(header, columns, sums, salt)


def _batch_replaced(topics: Topics, data: bytes, _: BlockRef) -> LotBatch:
    words = Words(data, _HEADER_WORDS)
    header = _header(words)
    words.end()
    _same_batch(topics, header)
    return LotBatch(header, (), (), b"")


def _same_batch(topics: Topics, header: BatchHeader) -> None:
    if (_id(topics[1]), topics[2]) != (header.issuer, header.root):
        raise ValueError("the header is of another batch")


def _batch_withdrawn(topics: Topics, data: bytes, _: BlockRef) -> LotBatchEnded:
    words = Words(data, 1)
    replacement = words.octets()
    words.end()
    root = None if replacement == _NONE else LotRoot(replacement)
    return LotBatchEnded(MemberId(_id(topics[1])), LotRoot(topics[2]), root, handed_over=False)


def _batch_handed_over(topics: Topics, data: bytes, _: BlockRef) -> LotBatchEnded:
    Words(data, 0).end()
    return LotBatchEnded(MemberId(_id(topics[1])), LotRoot(topics[2]), None, handed_over=True)


def _run_recorded(topics: Topics, data: bytes, _: BlockRef) -> LotRun:
    words = Words(data, 8)
    kind, source = LotBatchKind(words.number(8)), Digest(words.octets())
    takes = tuple(
        TakeRecord(LotId(lot), _id(taken, 64), _id(amount, 64))
        for lot, taken, amount in words.rows(3)
    )
    measured = tuple(FirstMeasured(ColumnKey(c), q) for c, q in words.entries(2))
    reductions = tuple(Reduction(ColumnKey(a), ColumnKey(b), q) for a, b, q in words.entries(3))
    draws = tuple(Draw(o, ColumnKey(c), q) for o, c, q in words.entries(3))
    losses = tuple(Loss(ColumnKey(c), q, LossReason(r)) for c, q, r in words.entries(3))
    emissions = tuple(Emission(EmissionPart(part), co2e) for part, co2e in words.entries(2))
    words.end()
    return LotRun(
        issuer=MemberId(_id(topics[1])),
        cause=Digest(topics[2]),
        kind=kind,
        source=source,
        takes=takes,
        first_measured=measured,
        reductions=reductions,
        draws=draws,
        losses=losses,
        emissions=emissions,
    )


def _period_used(topics: Topics, data: bytes, _: BlockRef) -> PeriodUsed:
    words = Words(data, 3)
    use = PeriodUse(words.number(), words.number(), words.number())
    words.end()
    place = (SiteId(_id(topics[1])), SubstanceId(_id(topics[2], 16)), Period(_id(topics[3])))
    return PeriodUsed(*place, use)


def _ceiling_used(topics: Topics, data: bytes, _: BlockRef) -> CeilingUsed:
    words = Words(data, 1)
    used = words.number()
    words.end()
    place = (MemberId(_id(topics[1])), SubstanceId(_id(topics[2], 16)), Period(_id(topics[3])))
    return CeilingUsed(*place, used)


def _credit_changed(topics: Topics, data: bytes, _: BlockRef) -> CreditChanged:
    words = Words(data, 2)
    period, balance = Period(words.number(32)), words.number()
    words.end()
    programme, substance = ProgrammeId(_id(topics[2], 16)), SubstanceId(_id(topics[3], 16))
    return CreditChanged(SiteId(_id(topics[1])), programme, substance, period, balance)


def _variance_recorded(topics: Topics, data: bytes, _: BlockRef) -> VarianceChanged:
    words = Words(data, 2)
    change, total = words.signed(), words.signed()
    words.end()
    place = (MemberId(_id(topics[1])), ColumnKey(_id(topics[2])), Period(_id(topics[3])))
    return VarianceChanged(*place, change, total)


def _lot_opened(topics: Topics, data: bytes, _: BlockRef) -> LotOpened:
    words = Words(data, 5)
    index, lot_key, leaf = words.number(), LotKey(words.octets()), Leaf(words.octets())
    columns, quantities = _keys(words.numbers(32)), words.numbers()
    words.end()
    return LotOpened(
        lot=LotId(topics[1]),
        issuer=MemberId(_id(topics[2])),
        root=LotRoot(topics[3]),
        index=index,
        lot_key=lot_key,
        statement_leaf=leaf,
        columns=columns,
        quantities=quantities,
    )


def _lot_taken(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 3)
    taken, amount, consumed = words.number(), words.number(), words.truth()
    words.end()
    return LotChange(
        LotId(topics[1]),
        LotAction.TAKEN,
        by=MemberId(_id(topics[2])),
        taken=taken,
        amount=amount,
        code=int(consumed),
    )


def _lot_offered(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 3)
    until_s, taken, consignment = UnixSeconds(words.number()), words.number(), words.octets()
    words.end()
    sides = _sides(topics)
    change = (LotId(topics[1]), LotAction.OFFERED)
    return LotChange(*change, *sides, until_s=until_s, taken=taken, digest=consignment)


def _lot_accepted(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 2)
    taken, consignment = words.number(), words.octets()
    words.end()
    change = (LotId(topics[1]), LotAction.ACCEPTED)
    return LotChange(*change, *_sides(topics), taken=taken, digest=consignment)


def _sides(topics: Topics) -> tuple[MemberId, MemberId]:
    return MemberId(_id(topics[2])), MemberId(_id(topics[3]))


def _offer_ended(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 1)
    by = MemberId(words.number(32))
    words.end()
    return LotChange(LotId(topics[1]), LotAction.OFFER_ENDED, by=by)


def _lot_measured(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 4)
    shipped, measured, method = words.number(), words.number(), words.number(8)
    leaf = words.octets()
    words.end()
    return LotChange(
        LotId(topics[1]),
        LotAction.MEASURED,
        by=MemberId(_id(topics[2])),
        taken=shipped,
        amount=measured,
        code=method,
        digest=leaf,
    )


def _lot_rebased(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 3)
    before, taken, after = words.numbers(), words.number(), words.numbers()
    words.end()
    change = (LotId(topics[1]), LotAction.REBASED)
    return LotChange(*change, taken=taken, before=before, after=after)


def _lot_retired(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 2)
    taken, reason = words.number(), words.number(8)
    words.end()
    by = MemberId(_id(topics[2]))
    return LotChange(LotId(topics[1]), LotAction.RETIRED, by=by, taken=taken, code=reason)


def _lot_exited(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 2)
    taken, digest = words.number(), words.octets()
    words.end()
    by = MemberId(_id(topics[2]))
    return LotChange(LotId(topics[1]), LotAction.EXITED, by=by, taken=taken, digest=digest)


def _lot_reentered(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 1)
    taken = words.number()
    words.end()
    by = MemberId(_id(topics[2]))
    return LotChange(LotId(topics[1]), LotAction.REENTERED, by=by, taken=taken)


def _freeze_asked(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 1)
    until_s = UnixSeconds(words.number())
    words.end()
    by = MemberId(_id(topics[2]))
    return LotChange(LotId(topics[1]), LotAction.FREEZE_ASKED, by=by, until_s=until_s)


def _lot_frozen(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    words = Words(data, 2)
    until_s, jointly = UnixSeconds(words.number()), words.number(1)
    words.end()
    by = MemberId(_id(topics[2]))
    return LotChange(LotId(topics[1]), LotAction.FROZEN, by=by, until_s=until_s, code=jointly)


def _lot_handed_over(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    Words(data, 0).end()
    return LotChange(LotId(topics[1]), LotAction.HANDED_OVER, by=NOBODY)


LOT_DECODERS: Final[dict[tuple[str, str], LotDecoder]] = {
    ("LotBook", "BatchHandedOver"): _batch_handed_over,
    ("LotBook", "BatchIssued"): _batch_issued,
    ("LotBook", "BatchReplaced"): _batch_replaced,
    ("LotBook", "BatchWithdrawn"): _batch_withdrawn,
    ("LotBook", "CeilingUsed"): _ceiling_used,
    ("LotBook", "CreditChanged"): _credit_changed,
    ("LotBook", "PeriodUsed"): _period_used,
    ("LotBook", "RunRecorded"): _run_recorded,
    ("Custody", "FreezeAsked"): _freeze_asked,
    ("Custody", "LotAccepted"): _lot_accepted,
    ("Custody", "LotExited"): _lot_exited,
    ("Custody", "LotFrozen"): _lot_frozen,
    ("Custody", "LotHandedOver"): _lot_handed_over,
    ("Custody", "LotMeasured"): _lot_measured,
    ("Custody", "LotOffered"): _lot_offered,
    ("Custody", "LotOpened"): _lot_opened,
    ("Custody", "LotRebased"): _lot_rebased,
    ("Custody", "LotReentered"): _lot_reentered,
    ("Custody", "LotRetired"): _lot_retired,
    ("Custody", "LotTaken"): _lot_taken,
    ("Custody", "OfferEnded"): _offer_ended,
    ("Custody", "VarianceRecorded"): _variance_recorded,
}
"""By contract and event; what is missing changes nothing that a node follows."""
