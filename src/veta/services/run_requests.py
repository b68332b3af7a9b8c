"""What somebody asks of a run, in names and figures, before the chain is asked about any of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from typing import Any

from veta.model.columns import ColumnKey
from veta.model.identifiers import Digest, Leaf, UnixSeconds
from veta.model.lots import (
    Cover,
    CustodyModel,
    Draw,
    Emission,
    FirstMeasured,
    Loss,
    LotBatchKind,
    LotId,
    ProductClassId,
    Reduction,
    SiteId,
)

NO_SOURCE = bytes(32)


@dataclass(frozen=True, slots=True)
class LotEntry:
    """A lot that a run makes."""

    batch_number: str
    """The passport's, octet for octet: with issuer, site and product class it names the lot."""
    quantities: tuple[int, ...]
    """Beside the output's columns."""
    passport: Mapping[str, Any] | Leaf
    """The credential to be issued with the run, or the leaf of one that is kept already."""


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """A batch that a run makes."""

    product_class: ProductClassId
    columns: tuple[ColumnKey, ...]
    reference_column: ColumnKey
    model: CustodyModel
    lots: tuple[LotEntry, ...]
    attributed: bool = False
    padding: int = 0
    """Leaves behind the lots that hold nothing and hide how many there are."""


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """Part of an opened lot that the member holds."""

    lot: LotId
    amount: int | None = None
    """Of the reference column; ``None``: all that is left."""
    taken: int | None = None
    """What is believed to be gone of the reference; ``None``: whatever the chain says."""
    waived: frozenset[ColumnKey] = frozenset()
    """Credit columns that are let go."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that somebody wants to make; parts that its kind does not have stay empty."""

    kind: LotBatchKind
    site: SiteId
    produced_from_s: UnixSeconds
    produced_to_s: UnixSeconds
    outputs: tuple[OutputRequest, ...]
    takes: tuple[TakeRequest, ...] = ()
    first_measured: tuple[FirstMeasured, ...] = ()
    reductions: tuple[Reduction, ...] = ()
    draws: tuple[Draw, ...] = ()
    losses: tuple[Loss, ...] = ()
    emissions: tuple[Emission, ...] = ()
    covers: tuple[Cover, ...] = ()
    allocation_rule: int = 0
    """Number in Assurance; 0: none."""
    source: bytes = NO_SOURCE
    """External: digest of the foreign registry and its lot id."""
    recycled: bool = False

    @property
    def digest(self) -> Digest:
        """Names the request: equal figures and names are the same run.

        A credential to be issued is not part of it, for it has fresh random octets each time; the
        batch number, under which it is issued once, is.
        """
        return digest_of("run", self)


@dataclass(frozen=True, slots=True)
class ReplacementRequest:
    """Lots that somebody wants in the place of a transform's output."""

    columns: tuple[ColumnKey, ...]
    """Ascending; columns of the batch that are not among them are zero in every lot."""
    lots: tuple[LotEntry, ...]
    padding: int = 0
    """As ``OutputRequest.padding``."""


def digest_of(*parts: object) -> Digest:
    """SHA-256 over values written out in one way only."""
    return Digest(sha256(repr([_plain(part) for part in parts]).encode()).digest())


def _plain(value: object) -> object:
    if isinstance(value, LotEntry):
        leaf = value.passport if isinstance(value.passport, bytes) else None
        value = (value.batch_number, value.quantities, leaf)
    elif isinstance(value, frozenset):
        value = tuple(sorted(value))
    elif is_dataclass(value):
        value = tuple(getattr(value, field.name) for field in fields(value))
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, enum.Enum):
        return value.value
    return value.hex() if isinstance(value, bytes) else value
