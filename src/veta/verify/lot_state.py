"""Step 8, custody: where a lot stands, what is left of it, and whether it is this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from veta.custody.columns import column_of
from veta.custody.encoding import lot_commitment
from veta.custody.rounding import gone, rounds_up
from veta.model.disclosure import LotPart
from veta.model.identifiers import UnixSeconds
from veta.model.lots import LotRecord, LotState, OpenedLot
from veta.verify.lot_codes import found
from veta.verify.verdict import Check, FactValue

_ENDED: Final = {
    LotState.CONSUMED: ("lot.consumed", "all of the lot went into other lots"),
    LotState.RETIRED: ("lot.retired", "what was left of the lot was retired: nothing carries on"),
    LotState.EXITED: ("lot.exited", "the lot left for somebody who is no member"),
    LotState.HANDED_OVER: (
        "lot.handed_over",
        "the lot went over to custody's successor, which was not asked",
    ),
}


def opened_of(part: LotPart) -> OpenedLot:
    """The lot as an opening would name it."""
    return OpenedLot(
        part.batch.header,
        part.columns,
        part.index,
        part.lot_key,
        part.statement_leaf,
        part.quantities,
    )


def is_as_opened(part: LotPart, record: LotRecord) -> bool:
    """Whether the chain's commitment is of this lot, as issued or as measured since."""
    return record.state is not LotState.UNOPENED and _quantities(part, record) is not None


def check_state(part: LotPart, record: LotRecord, now_s: UnixSeconds) -> list[Check]:
    """Everything that the lot's two slots say.

    Args:
        part: a well-formed lot.
        record: its slots.
        now_s: time of the block that they were read at.
    """
    if record.state is LotState.UNOPENED:
        return [
            found(
                "lot.unopened",
                "the lot has never moved: it is in its issuer's custody, and until it is opened"
                " another lot could be opened under its name",
                holder=part.batch.header.issuer,
            )
        ]
    if not is_as_opened(part, record):
        return [_other(record)]
    return [*_changed(part, record), *_where(part, record, now_s)]


def _other(record: LotRecord) -> Check:
    """Measuring on receipt changes a commitment, but only once the lot has changed hands."""
    if record.previous_holder == 0:
        return found(
            "lot.other_statement_on_chain",
            "the chain has this lot under another statement, or with other figures",
            commitment=record.commitment.hex(),
        )
    return found(
        "lot.opened_otherwise",
        "what the chain has of this lot is not what was handed over: another statement, or figures"
        " that were measured on receipt and are not disclosed",
        commitment=record.commitment.hex(),
    )


def _changed(part: LotPart, record: LotRecord) -> Iterator[Check]:
    now = _quantities(part, record)
    if now is not None and now != part.quantities:
        figures: dict[str, FactValue] = {}
        for key, before, after in zip(part.columns, part.quantities, now, strict=True):
            if before != after:
                figures[f"column_{key:#010x}"] = (str(before), str(after))
        yield found(
            "lot.rebased", "a receiver measured other than was shipped; figures changed", **figures
        )


def _where(part: LotPart, record: LotRecord, now_s: UnixSeconds) -> Iterator[Check]:
    facts = _left(part, record)
    if record.state in _ENDED:
        code, sentence = _ENDED[record.state]
        yield found(code, sentence, last_holder=record.holder, **facts)
        return
    if record.state is LotState.OFFERED and now_s < record.offer_until_s:
        yield found(
            "lot.offered",
            f"member {record.holder} holds the lot and offers it to member {record.offered_to}",
            holder=record.holder,
            offered_to=record.offered_to,
            until_s=record.offer_until_s,
            **facts,
        )
    else:
        yield found(
            "lot.held", f"member {record.holder} holds the lot", holder=record.holder, **facts
        )
    if now_s < record.frozen_until_s:
        yield found(
            "lot.frozen",
            "the lot is frozen: it can be neither moved nor used",
            until_s=record.frozen_until_s,
        )
    if record.taken:
        yield found(
            "lot.partly_taken", "part of the lot went into other lots; the rest is left", **facts
        )


def _left(part: LotPart, record: LotRecord) -> dict[str, FactValue]:
    """What is left of each column, and of the reference in two figures."""
    quantities = _quantities(part, record) or part.quantities
    held = dict(zip(part.columns, quantities, strict=True))
    total = held[part.batch.header.reference_column]
    taken = max(0, min(record.taken, total))
    left = {
        key: quantity - gone(quantity, total, taken, up=rounds_up(column_of(key)))
        for key, quantity in held.items()
    }
    words = tuple(f"{quantity} {column_of(key).words()}" for key, quantity in left.items())
    return {"total": total, "taken": taken, "left": words}


def _quantities(part: LotPart, record: LotRecord) -> tuple[int, ...] | None:
    """The quantities that the chain's commitment is of; ``None`` if it is of others."""
    opened = opened_of(part)
    for quantities in (part.quantities, part.rebased):
        if quantities is None:
            continue
        if lot_commitment(replace(opened, quantities=quantities)) == record.commitment:
            return quantities
    return None
