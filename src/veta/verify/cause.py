"""Parts of a cause, read back from the octets that were hashed.

Every part is words of 32 octets: its number in ``CausePart``, its fields, its salt. The octets are
what the digest is of, so they are taken apart and never written again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeVar

from sha3 import keccak_256

from veta.errors import InputError
from veta.model.columns import Column, ColumnKey
from veta.model.disclosure import CauseEntry
from veta.model.identifiers import Digest, MemberId
from veta.model.lot_tree import LotRoot
from veta.model.lots import (
    CausePart,
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    Loss,
    LossReason,
    LotId,
    Reduction,
)
from veta.sum_trees import cause_leaf
from veta.trees import merkle_root

T = TypeVar("T", bound=IntEnum)

_WORD: Final = 32
_FIELDS: Final[Mapping[CausePart, tuple[int, ...]]] = {
    CausePart.ORIGIN: (4, 8, 8, 4),
    CausePart.SOURCE: (32,),
    CausePart.TAKE: (32, 4, 32, 8, 32, 8, 8),
    CausePart.FIRST_MEASURED: (4, 8),
    CausePart.REDUCTION: (4, 4, 8),
    CausePart.DRAW: (1, 4, 8),
    CausePart.LOSS: (4, 8, 1),
    CausePart.EMISSION: (1, 8),
    CausePart.CERTIFICATE: (4, 8),
    CausePart.OUTPUT: (32, 32),
}
"""Octets that count of each field; those before them are zero. 32 are a digest."""


@dataclass(frozen=True, slots=True)
class TakePart:
    """What a run took: the lot, where its batch has it, its quantities by their digest."""

    lot: LotId
    issuer: MemberId
    root: LotRoot
    index: int
    quantities_digest: Digest
    taken: int
    amount: int


@dataclass(frozen=True, slots=True)
class OutputPart:
    """A batch that a run made."""

    root: LotRoot
    totals: Digest


@dataclass(slots=True)
class Cause:
    """What is open of a cause."""

    takes: list[TakePart] = field(default_factory=list)
    first_measured: list[FirstMeasured] = field(default_factory=list)
    reductions: list[Reduction] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    emissions: list[Emission] = field(default_factory=list)
    certificates: list[tuple[ColumnKey, int]] = field(default_factory=list)
    """What credit of a column at an origin rests on: column and number of the record."""
    outputs: list[OutputPart] = field(default_factory=list)
    closed: int = 0
    """Parts that are not open."""
    root: Digest | None = None
    """Root over all parts, ``None`` of none."""


def read_cause(entries: Sequence[CauseEntry]) -> Cause:
    """The open parts, and the root over all.

    Raises:
        InputError: ``lineage.malformed`` for a part that is none, or stands where none can be.
    """
    cause = Cause()
    leaves, last = [], CausePart.NONE
    for entry in entries:
        if not entry.opened:
            if len(entry.octets) != _WORD:
                raise _malformed("a closed part is not a digest")
            leaves.append(Digest(entry.octets))
            cause.closed += 1
            continue
        part, fields = _taken_apart(entry.octets)
        if part < last:
            raise _malformed("the parts are not in their order")
        last = part
        _add(cause, part, fields)
        leaves.append(cause_leaf(entry.octets))
    cause.root = Digest(merkle_root(leaves)) if leaves else None
    return cause


def quantities_digest(quantities: Sequence[int]) -> Digest:
    """keccak256(abi.encode(uint64[] quantities)): how a take names a lot's quantities."""
    words = (_WORD, len(quantities), *quantities)
    octets = b"".join(word.to_bytes(_WORD) for word in words)
    return Digest(keccak_256(octets).digest())


def _taken_apart(octets: bytes) -> tuple[CausePart, list[bytes]]:
    words = [octets[at : at + _WORD] for at in range(0, len(octets), _WORD)]
    number = int.from_bytes(words[0]) if words else 0
    part = _named(CausePart, number)
    widths = _FIELDS.get(part)
    if widths is None or len(octets) != _WORD * (len(widths) + 2):
        raise _malformed("an open part is none that a cause has")
    fields = []
    for word, width in zip(words[1:-1], widths, strict=True):
        if any(word[: _WORD - width]):
            raise _malformed("a field of a part is wider than it can be")
        fields.append(word[_WORD - width :])
    return part, fields


def _add(cause: Cause, part: CausePart, fields: list[bytes]) -> None:
    numbers = [int.from_bytes(each) for each in fields]
    match part:
        case CausePart.TAKE:
            lot, _, root, _, quantities, _, _ = fields
            _, issuer, _, index, _, taken, amount = numbers
            place = (LotId(lot), MemberId(issuer), LotRoot(root), index)
            cause.takes.append(TakePart(*place, Digest(quantities), taken, amount))
        case CausePart.FIRST_MEASURED:
            cause.first_measured.append(FirstMeasured(_key(numbers[0]), numbers[1]))
        case CausePart.REDUCTION:
            keys = (_key(numbers[0]), _key(numbers[1]))
            cause.reductions.append(Reduction(*keys, numbers[2]))
        case CausePart.DRAW:
            cause.draws.append(Draw(numbers[0], _key(numbers[1]), numbers[2]))
        case CausePart.LOSS:
            reason = _named(LossReason, numbers[2])
            cause.losses.append(Loss(_key(numbers[0]), numbers[1], reason))
        case CausePart.EMISSION:
            cause.emissions.append(Emission(_named(EmissionPart, numbers[0]), numbers[1]))
        case CausePart.CERTIFICATE:
            cause.certificates.append((_key(numbers[0]), numbers[1]))
        case CausePart.OUTPUT:
            cause.outputs.append(OutputPart(LotRoot(fields[0]), Digest(fields[1])))
        case _:  # origin and source add nothing that the laws count
            return


def _key(number: int) -> ColumnKey:
    try:
        return Column.of(number).key
    except InputError as error:
        raise _malformed("a part names a column that there is not") from error


def _named(values: type[T], number: int) -> T:
    try:
        return values(number)
    except ValueError as error:
        raise _malformed(f"a part has a {values.__name__} that there is not") from error


def _malformed(what: str) -> InputError:
    return InputError("lineage.malformed", what)
