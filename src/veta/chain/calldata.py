"""Calldata back into values: what a transaction said to a contract, by the contract's ABI.

Solidity ABI specification. A canonical encoding has every word once, so no more words are read than
there are: lists that point into each other cannot make few octets into many values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from veta.chain.contract_abi import Artifact

_WORD: Final = 32
_SELECTOR: Final = 4
MAX_CALLDATA_OCTETS: Final = 1 << 19
"""Longer calldata is not read; clients take transactions of at most a quarter of that."""
_FIXED: Final = re.compile(r"(uint|bytes)(\d+)")


def read_calldata(contract: Artifact, data: bytes) -> tuple[str, tuple[Any, ...]]:
    """Name and arguments of a call; structs are tuples in the fields' order.

    Raises:
        ValueError: it calls nothing that the contract has, or is not the encoding of a call.
    """
    selector, body = data[:_SELECTOR], data[_SELECTOR:]
    if len(data) > MAX_CALLDATA_OCTETS or len(body) % _WORD:
        raise ValueError("calldata is too long, or no words")
    for function in contract.functions.values():
        if function.selector == selector:
            return function.name, _Reader(body).values(function.inputs, 0)
    raise ValueError("the contract has no such function")


class _Reader:
    """Reads words, each at most once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = len(data) // _WORD

    def values(self, types: Sequence[Mapping[str, Any]], base: int) -> tuple[Any, ...]:
        """A tuple whose head begins at ``base``; offsets count from there."""
        found, at = [], base
        for each in types:
            if _is_dynamic(each):
                found.append(self._value(each, base + self._number(at)))
                at += _WORD
            else:
                found.append(self._value(each, at))
                at += _WORD * _width(each)
        return tuple(found)

    def _value(self, type_: Mapping[str, Any], at: int) -> Any:
        name = type_["type"]
        if name.endswith("[]"):
            length = self._number(at)
            if length > self._left:
                raise ValueError("a list is longer than what is left")
            element = {**type_, "type": name.removesuffix("[]")}
            return self.values([element] * length, at + _WORD)
        if name == "tuple":
            return self.values(type_["components"], at)
        if name == "bytes":
            return self._octets(at)
        return self._word_value(name, self._word(at))

    def _octets(self, at: int) -> bytes:
        length = self._number(at)
        words = -(-length // _WORD)
        if words > self._left:
            raise ValueError("octets are longer than what is left")
        padded = b"".join(self._word(at + _WORD * (number + 1)) for number in range(words))
        if any(padded[length:]):
            raise ValueError("octets beyond the value")
        return padded[:length]

    def _word_value(self, name: str, word: bytes) -> Any:
        if name == "address":
            return _after_zeros(word, 20)
        if name == "bool":
            return _truth(word)
        fixed = _FIXED.fullmatch(name)
        if fixed is None:
            raise ValueError(f"values of type {name} are not read")
        size = int(fixed[2])
        if fixed[1] == "uint":
            return int.from_bytes(_after_zeros(word, size // 8))
        if any(word[size:]):
            raise ValueError("octets beyond the value")
        return word[:size]

    def _number(self, at: int) -> int:
        return int.from_bytes(self._word(at))

    def _word(self, at: int) -> bytes:
        self._left -= 1
        word = self._data[at : at + _WORD]
        if self._left < 0 or len(word) < _WORD:
            raise ValueError("more is read than there is")
        return word


def _after_zeros(word: bytes, size: int) -> bytes:
    if any(word[:-size]):
        raise ValueError("a value is wider than its type")
    return word[-size:]


def _truth(word: bytes) -> bool:
    number = int.from_bytes(word)
    if number > 1:
        raise ValueError("a truth value is neither")
    return number == 1


def _is_dynamic(type_: Mapping[str, Any]) -> bool:
    name = type_["type"]
    if name == "bytes" or name.endswith("[]"):
        return True
    return name == "tuple" and any(map(_is_dynamic, type_["components"]))


def _width(type_: Mapping[str, Any]) -> int:
    """Words of a value that is not dynamic."""
    return sum(map(_width, type_["components"])) if type_["type"] == "tuple" else 1
