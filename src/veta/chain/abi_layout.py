"""Events that come by the million: all their data taken apart at once.

The same canonical encoding as ``abi_words`` reads a word at a time, with the same refusals. Of
given lists there is one encoding: where they stand, which the head says, and how long the data is
fix every octet that is no value - what pads a word, where a list stands, how many entries it has.
All of these are compared at once, as one integer under a mask; then a struct takes the values out.
Solidity ABI specification, "Formal Specification of the Encoding".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from struct import Struct
from typing import Any, Final, NamedTuple

from veta.chain.abi_words import WORD


class Kind(NamedTuple):
    """A kind of word."""

    code: str
    """Of ``struct``: one value in 32 octets, or none."""
    fixed: int
    """Bits that no value is in."""


def _number(code: str, bits: int) -> Kind:
    return Kind(code, (1 << 256) - (1 << bits))


U1, U8, U16 = _number("31xB", 1), _number("31xB", 8), _number("30xH", 16)
U32, U64 = _number("28xI", 32), _number("24xQ", 64)
ADDRESS: Final = Kind("12x20s", (1 << 256) - (1 << 160))
OCTETS_16: Final = Kind("16s16x", (1 << 128) - 1)
OCTETS_32: Final = Kind("32s", 0)
_PLACE: Final = Kind("32x", (1 << 256) - 1)
"""Where a list stands, or how many entries it has: no value, but fixed."""
_MOST_SHAPES, _LONGEST_KEPT = 256, 4_096


class _Shape(NamedTuple):
    """All that is fixed in data with lists of certain lengths."""

    mask: int
    fixed: int
    """What is under the mask."""
    unpack: Callable[[bytes], tuple[Any, ...]]
    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None
    """Puts the values of each list together; ``None``: there are no lists."""


class Layout:
    """What an event's data is made of.

    Args:
        head: kinds of the values that stand in the head.
        lists: of each list the kinds of an entry; they stand behind the head, in order.
        at: how many values of the head stand before the places of the lists, if not all.
    """

    def __init__(
        self, head: Sequence[Kind], lists: Sequence[Sequence[Kind]] = (), at: int | None = None
    ) -> None:
        before = len(head) if at is None else at
        self._head = (*head[:before], *[_PLACE] * len(lists), *head[before:])
        self._values = len(head)
        self._before = before
        self._lists = tuple(map(tuple, lists))
        places = "24xQ" * len(lists)
        self._places = Struct(f">{before * WORD}x{places}")
        self._shapes: dict[tuple[int, ...], _Shape] = {}
        self._least = len(self._head) * WORD

    def read(self, data: bytes) -> tuple[Any, ...]:
        """The values of the head, then a tuple for each list: its entries' values, joined.

        Raises:
            ValueError: the data is not what such an event emits.
        """
        length = len(data)
        if length < self._least:
            raise ValueError("the data is too short")
        places = (*self._places.unpack_from(data), length) if self._lists else (length,)
        shape = self._shapes.get(places) or self._shape(places)
        if int.from_bytes(data) & shape.mask != shape.fixed:
            raise ValueError("a word is none of its kind, or a list is not where it belongs")
        values = shape.unpack(data)
        return values if shape.pick is None else shape.pick(values)

    def _shape(self, places: tuple[int, ...]) -> _Shape:
        """The shape of data with lists at these places; the last of them is the data's end."""
        kinds, fixed = list(self._head), [0] * len(self._head)
        fixed[self._before : self._before + len(self._lists)] = places[:-1]
        ends = [self._values]
        if places[0] != self._least or list(places) != sorted(places):  # and so within the data
            raise ValueError("the lists do not stand behind the head, in order")
        for entry, (start, end) in zip(self._lists, pairwise(places), strict=True):
            count, rest = divmod(end - start - WORD, len(entry) * WORD)
            if rest or count < 0:
                raise ValueError("a list ends within an entry")
            kinds += (_PLACE, *entry * count)
            fixed += (count, *[0] * (len(entry) * count))
            ends.append(ends[-1] + len(entry) * count)
        shape = _Shape(
            int.from_bytes(b"".join([kind.fixed.to_bytes(WORD) for kind in kinds])),
            int.from_bytes(b"".join([word.to_bytes(WORD) for word in fixed])),
            Struct(">" + "".join([kind.code for kind in kinds])).unpack,
            # Two items at least are picked, or there would be no tuple: every event has a value.
            itemgetter(*range(self._values), *map(slice, ends, ends[1:])) if self._lists else None,
        )
        if places[-1] <= _LONGEST_KEPT:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[places] = shape
        return shape
