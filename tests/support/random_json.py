"""Random JSON values for differential tests, from a seed: the same documents on every machine."""

from __future__ import annotations

import random
import struct
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 -_.:/@",
    '\x00\x01\x08\t\n\x0b\x0c\r\x1f"\\/\x7f',
    "éñÑüÄßçøłőκμжщאب中鉱山の한",
    "\u2028\u2029\ue000\ufffd\uffff€",
    "😀🧪𝒳𐍈\U0010ffff",
)


def document(source: random.Random, depth: int = 4, *, doubles: bool = False) -> Any:
    """A value of what is signed; with ``doubles`` binary floats stand in place of decimals."""
    if depth and source.random() < 0.55:
        count = source.choice((0, 1, 2, 3, 3, 5, 8))
        if source.random() < 0.6:
            return {
                text(source): document(source, depth - 1, doubles=doubles) for _ in range(count)
            }
        return [document(source, depth - 1, doubles=doubles) for _ in range(count)]
    match source.randrange(6):
        case 0:
            return source.choice((None, True, False))
        case 1:
            return integer(source)
        case 2 | 3:
            return double(source) if doubles else decimal(source)
        case _:
            return text(source)


def documents(seed: int, count: int, *, doubles: bool = False) -> Iterator[Any]:
    """``count`` documents; the seed decides all of them."""
    source = random.Random(seed)
    for _ in range(count):
        yield document(source, doubles=doubles)


def text(source: random.Random) -> str:
    """Text in normalisation form C, often ASCII, sometimes with what makes sorting hard."""
    alphabets = _ALPHABETS if source.random() < 0.3 else _ALPHABETS[:1]
    length = source.choice((0, 1, 1, 2, 3, 5, 8, 13, 30))
    raw = "".join(source.choice(source.choice(alphabets)) for _ in range(length))
    return unicodedata.normalize("NFC", raw)


def integer(source: random.Random) -> int:
    """An integer that every implementation holds exactly, of any length."""
    return source.choice((1, -1)) * source.getrandbits(source.randrange(54))


def decimal(source: random.Random) -> Decimal:
    """At most 15 digits, at least 0.000001 unless zero; trailing zeros and exponents occur."""
    digits = source.randrange(1, 10 ** source.randrange(1, 16))
    lowest = 6 + len(str(digits)) - 1
    value = Decimal(digits).scaleb(-source.randrange(lowest + 1))
    return source.choice((value, -value))


def double(source: random.Random) -> float:
    """A finite double: any bit pattern, or one near a boundary of how numbers are written."""
    value: float
    while True:
        match source.randrange(3):
            case 0:
                value = struct.unpack(">d", source.randbytes(8))[0]
            case 1:
                value = float(f"{source.randrange(10**6)}e{source.randrange(-30, 30)}")
            case _:
                value = source.choice((1e21, 1e-6, 1e-7, 2.0**53, 1e22, 5e-324, 0.1, 1.0))
                value *= 1 + source.randrange(-3, 4) * 2.0**-52
        if value - value == 0:
            return value
