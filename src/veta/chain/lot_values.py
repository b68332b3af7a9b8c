"""Lot values to and from their ABI structs: same fields, same order (``veta.model.lots``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from veta.model.columns import ColumnKey
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    BatchHeader,
    Cover,
    CustodyModel,
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    HeaderFlag,
    Loss,
    LossReason,
    LotBatchKind,
    LotRecord,
    LotState,
    Opening,
    Output,
    ProductClassId,
    Reduction,
    Run,
    SiteId,
    Source,
    Take,
)


def abi_value(value: Any) -> Any:
    """A value of the model as the ABI encoder takes it: structs are tuples in the fields' order."""
    if is_dataclass(value):
        return tuple(abi_value(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, (tuple, list)):
        return [abi_value(each) for each in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def batch_header(words: Sequence[Any]) -> BatchHeader:
    """A header by its fields, addresses and digests as octets.

    Raises:
        ValueError: a kind, model or flag that there is not.
    """
    return BatchHeader(
        version=words[0],
        kind=LotBatchKind(words[1]),
        issuer=MemberId(words[2]),
        sequence=words[3],
        by=AccountAddress(words[4]),
        root=LotRoot(words[5]),
        size=words[6],
        totals=Digest(words[7]),
        reference_column=ColumnKey(words[8]),
        site=SiteId(words[9]),
        origin_site=SiteId(words[10]),
        product_class=ProductClassId(words[11]),
        produced_from_s=UnixSeconds(words[12]),
        produced_to_s=UnixSeconds(words[13]),
        model=CustodyModel(words[14]),
        flags=HeaderFlag(words[15]),
        allocation_rule=words[16],
        anchored_at_s=UnixSeconds(words[17]),
        cause=Digest(words[18]),
    )


def lot_record(words: Sequence[Any]) -> LotRecord:
    """A lot's two slots as ``lotOf`` gives them.

    Raises:
        ValueError: a state that there is not.
    """
    state, holder, offered_to, previous, taken, frozen_until, offer_until, commitment = words
    return LotRecord(
        state=LotState(state),
        holder=MemberId(holder),
        offered_to=MemberId(offered_to),
        previous_holder=MemberId(previous),
        taken=taken,
        frozen_until_s=UnixSeconds(frozen_until),
        offer_until_s=UnixSeconds(offer_until),
        commitment=Digest(commitment),
    )


def run_of(words: Sequence[Any]) -> Run:
    """What a way in or a transform was called with.

    Raises:
        ValueError: a model, reason or part of emissions that there is not.
    """
    return Run(
        site=SiteId(words[0]),
        produced_from_s=UnixSeconds(words[1]),
        produced_to_s=UnixSeconds(words[2]),
        allocation_rule=words[3],
        columns=_keys(words[4]),
        sources=tuple(Source(batch_header(each[0]), _keys(each[1])) for each in words[5]),
        takes=tuple(_take(each) for each in words[6]),
        first_measured=tuple(FirstMeasured(ColumnKey(key), held) for key, held in words[7]),
        reductions=tuple(Reduction(ColumnKey(a), ColumnKey(b), held) for a, b, held in words[8]),
        draws=tuple(Draw(output, ColumnKey(key), held) for output, key, held in words[9]),
        losses=tuple(Loss(ColumnKey(key), held, LossReason(why)) for key, held, why in words[10]),
        emissions=tuple(Emission(EmissionPart(part), grams) for part, grams in words[11]),
        covers=tuple(Cover(ColumnKey(key), tuple(numbers)) for key, numbers in words[12]),
        outputs=tuple(_output(each) for each in words[13]),
        source=words[14],
        recycled=words[15],
        salt_seed=words[16],
    )


def opening_of(words: Sequence[Any]) -> Opening:
    """What a lot was opened with.

    Raises:
        ValueError: as ``batch_header``.
    """
    header, columns, salt, key, leaf, quantities, index, path = words
    return Opening(
        header=batch_header(header),
        columns=_keys(columns),
        salt=salt,
        lot_key=LotKey(key),
        statement_leaf=Leaf(leaf),
        quantities=tuple(quantities),
        index=index,
        path=path,
    )


def _take(words: Sequence[Any]) -> Take:
    source, index, key, leaf, quantities, taken, amount, waived = words
    return Take(source, index, LotKey(key), Leaf(leaf), tuple(quantities), taken, amount, waived)


def _output(words: Sequence[Any]) -> Output:
    root, size, columns, sums, salt, reference, product_class, model, attributed = words
    return Output(
        root=LotRoot(root),
        size=size,
        columns=_keys(columns),
        sums=tuple(sums),
        salt=salt,
        reference_column=ColumnKey(reference),
        product_class=ProductClassId(product_class),
        model=CustodyModel(model),
        attributed=attributed,
    )


def _keys(numbers: Sequence[int]) -> tuple[ColumnKey, ...]:
    return tuple(map(ColumnKey, numbers))
