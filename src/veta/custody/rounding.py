"""How a quantity is divided, so that no order, size or number of parts gains or loses a unit.

Every function is exact over integers; which way one rounds is in its name or argument. The rules
are those of DESIGN 4.4: CO2e up, everything else down when a lot is taken from; when a whole is
divided, largest remainder, ties to the lowest index, but credit and recycled metal down and metal
from outside up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from veta.errors import InputError
from veta.model.columns import Column, ColumnKind, OriginClass

PPM: Final = 1_000_000


def gone(quantity: int, total: int, taken: int, *, up: bool) -> int:
    """What of ``quantity`` is gone when ``taken`` of ``total`` is: f of DESIGN 4.4.

    Args:
        quantity: of any column of the lot, base units.
        total: the lot's reference, above zero.
        taken: of the reference, 0 to ``total``.
        up: round up (CO2e) instead of down.

    Raises:
        InputError: ``custody.take_range``.
    """
    if total <= 0 or not 0 <= taken <= total or quantity < 0:
        raise InputError("custody.take_range", f"{taken} cannot be taken of {total}")
    return -(-quantity * taken // total) if up else quantity * taken // total


def moved(quantity: int, total: int, taken: int, amount: int, *, up: bool) -> int:
    """What of ``quantity`` leaves with ``amount`` after ``taken``: f(t + a) - f(t), telescoping.

    Whatever the order and sizes of takes, the parts sum to the whole.

    Raises:
        InputError: ``custody.take_range``.
    """
    if amount < 0:
        raise InputError("custody.take_range", f"{amount} cannot be taken")
    return gone(quantity, total, taken + amount, up=up) - gone(quantity, total, taken, up=up)


def rounds_up(column: Column) -> bool:
    """Whether a take moves the column rounded up: so that who takes first leaves no burden."""
    return column.kind is ColumnKind.CO2E


def share_down(whole: int, part: int, total: int) -> int:
    """floor(whole x part / total), 0 of nothing."""
    return whole * part // total if total else 0


def share_up(whole: int, part: int, total: int) -> int:
    """ceil(whole x part / total), 0 of nothing."""
    return -(-whole * part // total) if total else 0


def proportion(whole: int, part: int, total: int) -> tuple[int, int]:
    """Least and most that are in proportion, to one unit: floor, ceil of whole x part / total."""
    return share_down(whole, part, total), share_up(whole, part, total)


def largest_remainder(whole: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide a whole by weights so that the parts sum to it: largest remainders get one more.

    Ties go to the lowest index.

    Raises:
        InputError: ``custody.no_weight`` if the weights are none, negative or all zero while there
            is something to divide.
    """
    total = sum(weights)
    if whole < 0 or min(weights, default=0) < 0 or (total == 0 and whole > 0):
        raise InputError("custody.no_weight", f"nothing to divide {whole} by")
    if not whole:
        return (0,) * len(weights)
    parts, rests = [], []
    for weight in weights:
        part, rest = divmod(whole * weight, total)
        parts.append(part)
        rests.append(rest)
    left = whole - sum(parts)
    if left:  # sorting is stable downwards, too: of equal remainders the first comes first
        for at in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:left]:
            parts[at] += 1
    return tuple(parts)


def divided(column: Column, whole: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide a column's quantity among outputs or lots, rounded as its law asks.

    Credit and recycled metal are rounded down and may sum to less than the whole, metal from
    outside is rounded up and may sum to more; all other columns sum to the whole.

    Raises:
        InputError: ``custody.no_weight``.
    """
    total = sum(weights)
    if column.kind is ColumnKind.CREDIT:
        return tuple(share_down(whole, weight, total) for weight in weights)
    if column.kind is ColumnKind.CLASS:
        share = share_up if column.qualifier == OriginClass.EXTERNAL else share_down
        return tuple(share(whole, weight, total) for weight in weights)
    return largest_remainder(whole, weights)
