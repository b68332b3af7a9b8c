"""Lot values to and from their ABI structs: same fields, same order (``veta.model.lots``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from veta.model.columns import ColumnKey
from veta.model.identifiers import AccountAddress, Digest, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    BatchHeader,
    CustodyModel,
    HeaderFlag,
    LotBatchKind,
    LotRecord,
    LotState,
    ProductClassId,
    SiteId,
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
