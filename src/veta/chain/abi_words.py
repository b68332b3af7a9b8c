"""The words of an event's data, sliced: only the one canonical ABI encoding is read.

Solidity ABI specification: a head of words, in which a list stands as the offset of its length and
entries behind the head. Lists of one event stand in the order of their heads, without gaps.
"""

from __future__ import annotations

from typing import Final

WORD: Final = 32


def written(octets: bytes) -> str:
    """Octets as the text that they are; what is no UTF-8 in them is written with backslashes.

    A name that nobody can read must not stop who follows the chain.
    """
    return octets.decode("utf-8", "backslashreplace")


class Words:
    """Reads data from front to back.

    Args:
        data: as emitted.
        head: number of words in front of the lists.

    Raises:
        ValueError: the data is shorter than its head; also by every method for what is no value of
            the kind that is asked.
    """

    def __init__(self, data: bytes, head: int) -> None:
        if len(data) < head * WORD:
            raise ValueError("the data is too short")
        self._data = data
        self._at = 0
        self._tail = head * WORD

    def number(self, bits: int = 64) -> int:
        """The next word, a number of so many bits."""
        number = int.from_bytes(self._next())
        if number >> bits:
            raise ValueError("the number has more bits")
        return number

    def signed(self) -> int:
        """The next word, a number of 256 bits in two's complement."""
        return int.from_bytes(self._next(), signed=True)

    def truth(self) -> bool:
        """The next word, a truth value."""
        return self.number(1) == 1

    def octets(self, length: int = WORD) -> bytes:
        """The next word's first octets; what follows them is zero."""
        word = self._next()
        if any(word[length:]):
            raise ValueError("octets beyond the value")
        return word[:length]

    def address(self) -> bytes:
        """The next word, an address."""
        word = self._next()
        if any(word[:12]):
            raise ValueError("octets before the address")
        return word[12:]

    def entries(self, width: int, bits: int = 64) -> list[tuple[int, ...]]:
        """The next word, and the list of entries of ``width`` numbers that it points to."""
        rows = self.rows(width)
        numbers = [tuple(int.from_bytes(word) for word in row) for row in rows]
        if any(number >> bits for row in numbers for number in row):
            raise ValueError("a number has more bits")
        return numbers

    def numbers(self, bits: int = 64) -> tuple[int, ...]:
        """The next word, and the list of numbers that it points to."""
        return tuple(number for (number,) in self.entries(1, bits))

    def text(self) -> str:
        """The next word, and the text that it points to, as ``written``."""
        return written(self.blob())

    def blob(self) -> bytes:
        """The next word, and the octets that it points to."""
        if int.from_bytes(self._next()) != self._tail:
            raise ValueError("octets are not where they belong")
        data, start = self._data, self._tail + WORD
        length = int.from_bytes(data[self._tail : start])
        if start > len(data) or length > len(data) - start:
            raise ValueError("octets are longer than the data")
        end = start + length
        self._tail = start + -(-length // WORD) * WORD
        if self._tail > len(data) or any(data[end : self._tail]):
            raise ValueError("octets are not padded with zeros")
        return data[start:end]

    def rows(self, width: int) -> list[tuple[bytes, ...]]:
        """The next word, and the list of entries of ``width`` words that it points to."""
        if int.from_bytes(self._next()) != self._tail:
            raise ValueError("a list is not where it belongs")
        data, start = self._data, self._tail + WORD
        length = int.from_bytes(data[self._tail : start])
        size = width * WORD
        if start > len(data) or length > (len(data) - start) // size:
            raise ValueError("a list is longer than the data")
        self._tail = start + length * size
        return [
            tuple(data[at + word : at + word + WORD] for word in range(0, size, WORD))
            for at in range(start, self._tail, size)
        ]

    def end(self) -> None:
        """Everything was read."""
        if self._tail != len(self._data):
            raise ValueError("the data is longer than what it says")

    def _next(self) -> bytes:
        word = self._data[self._at : self._at + WORD]
        self._at += WORD
        return word
