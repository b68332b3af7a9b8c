"""Logs of the lot book and of custody into model values, by slices of their ABI encoding."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

from veta.chain.abi_layout import (
    ADDRESS,
    OCTETS_16,
    OCTETS_32,
    U1,
    U8,
    U16,
    U32,
    U64,
    Layout,
)
from veta.chain.abi_words import WORD, Words
from veta.model.anchoring import BlockRef
from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, MemberId, UnixSeconds
from veta.model.lot_events import (
    NO_TIME,
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
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    BatchHeader,
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
    Reduction,
    SiteId,
    TakeRecord,
)
from veta.model.periods import Period

Topics = tuple[bytes, ...]
E = TypeVar("E")
LotDecoder = Callable[[Topics, bytes, BlockRef], LotEventBody]

_NONE: Final = bytes(WORD)


def _id(topic: bytes, bits: int = 32) -> int:
    number = int.from_bytes(topic)
    if number >> bits:
        raise ValueError("a topic has more bits")
    return number


_HEADER: Final = (
    *(U8, U8, U32, U64, ADDRESS, OCTETS_32, U64, OCTETS_32, U32, U32, U32, U32, U64, U64),
    *(U8, U16, U32, U64, OCTETS_32),
)
_NUMBERS: Final = ((U32,), (U64,))
"""Lists of columns and of quantities."""
_REPLACED: Final = Layout(_HEADER)
_ISSUED: Final = Layout((*_HEADER, OCTETS_16), _NUMBERS, at=len(_HEADER))
_RUN: Final = Layout(
    (U8, OCTETS_32),
    (
        *((OCTETS_32, U64, U64), (U32, U64), (U32, U32, U64)),
        *((U8, U32, U64), (U32, U64, U8), (U8, U64)),
    ),
)
_OPENED: Final = Layout((U64, OCTETS_32, OCTETS_32), _NUMBERS)
_TAKEN: Final = Layout((U64, U64, U1))
_kind = lru_cache(maxsize=16)(LotBatchKind)
_model = lru_cache(maxsize=16)(CustodyModel)
_flags = lru_cache(maxsize=256)(HeaderFlag)
"""Names of numbers: looked up once, for there are few and each look-up is dear."""


def _header(topics: Topics, words: list[Any]) -> BatchHeader:
    """A header out of its words, if it is the one that the topics name."""
    if (_id(topics[1]), topics[2]) != (words[2], words[5]):
        raise ValueError("the header is of another batch")
    words[1], words[14], words[15] = _kind(words[1]), _model(words[14]), _flags(words[15])
    return BatchHeader(*words)


def _batch_issued(topics: Topics, data: bytes, _: BlockRef) -> LotBatch:
    *header, salt, columns, sums = _ISSUED.read(data)
    return LotBatch(_header(topics, header), columns, sums, salt)


def _batch_replaced(topics: Topics, data: bytes, _: BlockRef) -> LotBatch:
    return LotBatch(_header(topics, list(_REPLACED.read(data))), (), (), b"")


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
    kind, source, takes, measured, reductions, draws, losses, emissions = _RUN.read(data)
    return LotRun(
        MemberId(_id(topics[1])),
        Digest(topics[2]),
        _kind(kind),
        source,
        _entries(TakeRecord, takes, 3),
        _entries(FirstMeasured, measured, 2),
        _entries(Reduction, reductions, 3),
        _entries(Draw, draws, 3),
        _entries(_loss, losses, 3),
        _entries(_emission, emissions, 2),
    )


def _loss(column: ColumnKey, quantity: int, reason: int) -> Loss:
    return Loss(column, quantity, LossReason(reason))


def _emission(part: int, co2e_g: int) -> Emission:
    return Emission(EmissionPart(part), co2e_g)


def _entries(made: Callable[..., E], values: tuple[Any, ...], width: int) -> tuple[E, ...]:
    """Each entry's value; most lists are empty."""
    return tuple(map(made, *_columns(values, width))) if values else ()


def _columns(values: tuple[Any, ...], width: int) -> list[tuple[Any, ...]]:
    """Values of entries, one after the other, by their place in the entry."""
    return [values[at::width] for at in range(width)]


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
    index, lot_key, leaf, columns, quantities = _OPENED.read(data)
    lot, issuer, root = LotId(topics[1]), MemberId(_id(topics[2])), LotRoot(topics[3])
    return LotOpened(lot, issuer, root, index, lot_key, leaf, columns, quantities)


def _lot_taken(topics: Topics, data: bytes, _: BlockRef) -> LotChange:
    taken, amount, consumed = _TAKEN.read(data)
    by = MemberId(_id(topics[2]))
    return LotChange(
        LotId(topics[1]), LotAction.TAKEN, by, NOBODY, NO_TIME, taken, amount, consumed
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
