"""What the takes of a draft move: where each lot stands, and what leaves with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from veta.custody.columns import Sums, column_of, credits_of, kind_of
from veta.custody.draft import ChainTerms, DraftTake, RunDraft
from veta.custody.encoding import lot_commitment, lot_id
from veta.custody.refusals import Problem, problem
from veta.custody.rounding import moved, rounds_up
from veta.model.columns import ColumnKey, ColumnKind, ProgrammeId
from veta.model.identifiers import MemberId
from veta.model.lots import (
    CustodyModel,
    HeaderFlag,
    LotBatchKind,
    LotId,
    LotRecord,
    LotState,
    SiteId,
)

INHERITED_FLAGS = ~HeaderFlag.ATTRIBUTED
"""Flags that come down from every input."""


@dataclass(frozen=True, slots=True)
class TakeBalance:
    """What one take moves."""

    lot: LotId
    taken_before: int
    """Of the reference column."""
    amount: int
    moved: Sums
    """Into the run, by column: credit after waivers."""
    waived: Sums
    """Credit that is let go."""
    left_reference: int
    """Of the reference column, after it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all takes of a draft come to."""

    problems: tuple[Problem, ...]
    takes: tuple[TakeBalance, ...]
    flags: HeaderFlag
    weakest_model: CustodyModel
    origin_site: SiteId
    """0 = several or none."""
    pure: bool
    """In every input lot, credit of one programme equals metal."""


def gather(draft: RunDraft, terms: ChainTerms) -> Gathered:
    """Check every lot that a draft takes from, and move its share of each column."""
    problems: list[Problem] = []
    balances: list[TakeBalance] = []
    gone: dict[LotId, int] = {}
    for take in draft.takes:
        lot = lot_id(take.lot.header.issuer, take.lot.lot_key)
        problems += in_hand_problems(lot, take.record, terms.member, terms.now_s)
        problems += _same(lot, take)
        before = gone.get(lot, take.record.taken)
        problems += _amount_problems(lot, take, before)
        balance = _moved(lot, take, before)
        problems += _suspended(take, balance, terms)
        gone[lot] = before + balance.amount
        balances.append(balance)
    headers = [take.lot.header for take in draft.takes]
    origins = {header.origin_site for header in headers}
    flags = HeaderFlag(0)
    for header in headers:
        flags |= header.flags & INHERITED_FLAGS
    return Gathered(
        problems=tuple(problems),
        takes=tuple(balances),
        flags=flags,
        weakest_model=max((header.model for header in headers), default=CustodyModel.NONE),
        origin_site=origins.pop() if len(origins) == 1 else SiteId(0),
        pure=all(_is_pure(take) for take in draft.takes),
    )


def in_hand_problems(
    lot: LotId, record: LotRecord, member: MemberId, now_s: int
) -> Iterator[Problem]:
    """Why a member cannot dispose of a lot now: the first reason, as the book says it.

    Args:
        lot: its id.
        record: the lot as the chain holds it.
        member: who wants to take, offer, retire or exit it.
        now_s: block time.
    """
    state = record.state
    offered = state is LotState.OFFERED and now_s < record.offer_until_s
    if state is LotState.UNOPENED:
        yield problem("LotUnopened", arguments={"lot": lot})
    elif state not in {LotState.HELD, LotState.OFFERED}:
        facts = {"lot": lot, "state": int(state), "required": int(LotState.HELD)}
        yield problem("LotNotInState", arguments=facts)
    elif record.holder != member:
        facts = {"lot": lot, "holder": record.holder, "member": member}
        yield problem("NotHolder", arguments=facts)
    elif now_s < record.frozen_until_s:
        yield problem("Frozen", arguments={"lot": lot, "until": record.frozen_until_s})
    elif offered:
        facts = {"lot": lot, "to": record.offered_to, "until": record.offer_until_s}
        yield problem("LockedByOffer", arguments=facts)


def _same(lot: LotId, take: DraftTake) -> Iterator[Problem]:
    given = lot_commitment(take.lot)
    if given != take.record.commitment:
        facts = {"lot": lot, "commitment": take.record.commitment, "given": given}
        yield problem("NotWhatWasOpened", arguments=facts)


def _amount_problems(lot: LotId, take: DraftTake, before: int) -> Iterator[Problem]:
    total = _reference(take)
    left = total - before
    if take.taken is not None and take.taken != before:
        facts = {"lot": lot, "recorded": before, "given": take.taken}
        yield problem("TakenMismatch", arguments=facts)
    if take.amount < 1 or left < 0:
        column = take.lot.header.reference_column
        bounds = {"given": take.amount, "minimum": 1, "maximum": total}
        yield problem("QuantityOutOfBounds", arguments={"column": column, **bounds})
    elif take.amount > left:
        facts = {"lot": lot, "left": left, "wanted": take.amount}
        yield problem("AboveRemainder", arguments=facts)


def _moved(lot: LotId, take: DraftTake, before: int) -> TakeBalance:
    total = _reference(take)
    amount = max(0, min(take.amount, total - before))
    parts: dict[ColumnKey, int] = {}
    waived: dict[ColumnKey, int] = {}
    for key, quantity in zip(take.lot.columns, take.lot.quantities, strict=True):
        up = rounds_up(column_of(key))
        part = moved(quantity, total, before, amount, up=up) if amount else 0
        let_go = key in take.waived and kind_of(key) is ColumnKind.CREDIT
        (waived if let_go else parts)[key] = part
        if let_go:
            parts[key] = 0
    return TakeBalance(lot, before, amount, parts, waived, total - before - amount)


def _suspended(take: DraftTake, balance: TakeBalance, terms: ChainTerms) -> Iterator[Problem]:
    """Credit of an origin batch of a suspended site must be waived."""
    if take.lot.header.kind is not LotBatchKind.ORIGIN:
        return
    site = take.lot.header.site
    for key, part in balance.moved.items():
        programme = ProgrammeId(column_of(key).qualifier)
        credit = kind_of(key) is ColumnKind.CREDIT and part > 0
        if credit and (site, programme) in terms.suspended:
            facts = {"site": site, "programme": programme}
            yield problem("CreditSuspended", arguments=facts)


def _is_pure(take: DraftTake) -> bool:
    held = dict(zip(take.lot.columns, take.lot.quantities, strict=True))
    kept = {key: quantity for key, quantity in held.items() if key not in take.waived}
    return all(
        any(kept[key] == quantity for key in credits_of(kept, metal))
        for metal, quantity in held.items()
        if kind_of(metal) is ColumnKind.METAL and quantity > 0
    )


def _reference(take: DraftTake) -> int:
    position = take.lot.columns.index(take.lot.header.reference_column)
    return take.lot.quantities[position]
