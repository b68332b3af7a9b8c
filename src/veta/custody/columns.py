"""Sets of columns and the sums over them: what the laws read by kind and substance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TypeAlias

from veta.model.columns import Column, ColumnKey, ColumnKind, metal_key

Sums: TypeAlias = Mapping[ColumnKey, int]
"""Quantity by column, base units; an absent column is zero."""

column_of = cache(Column.of)
"""``Column.of``, remembered: a node meets few keys, and each very often."""


def kind_of(key: int) -> ColumnKind:
    """Kind of a key that is known to be one."""
    return column_of(key).kind


def metal_of(key: int) -> ColumnKey:
    """The contained-metal column of a class or credit column's substance."""
    return metal_key(column_of(key).substance)


def union(columns: Iterable[Iterable[ColumnKey]]) -> tuple[ColumnKey, ...]:
    """All keys that occur, strictly ascending."""
    return tuple(sorted({key for part in columns for key in part}))


def of_kind(columns: Iterable[ColumnKey], kind: ColumnKind) -> Iterator[ColumnKey]:
    """The keys of one kind, in the order given."""
    return (key for key in columns if kind_of(key) is kind)


def credits_of(columns: Iterable[ColumnKey], metal: ColumnKey) -> tuple[ColumnKey, ...]:
    """The credit columns of a contained-metal column's substance."""
    return tuple(key for key in of_kind(columns, ColumnKind.CREDIT) if metal_of(key) == metal)


def added(parts: Iterable[Sums]) -> dict[ColumnKey, int]:
    """Sum of quantities, column by column."""
    sums: dict[ColumnKey, int] = {}
    for part in parts:
        for key, quantity in part.items():
            sums[key] = sums.get(key, 0) + quantity
    return sums


def sums_of(columns: Sequence[ColumnKey], quantities: Sequence[int]) -> dict[ColumnKey, int]:
    """Quantities beside their keys."""
    return dict(zip(columns, quantities, strict=True))
