"""Hiding parts of a document behind digests (RFC 9901 section 4.2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from veta.canonical import JsonValue
from veta.disclosure.disclosures import (
    ALGORITHM,
    CRITICAL,
    DIGESTS,
    ELEMENT,
    HASH_NAME,
    Disclosure,
    make_disclosure,
    require_claim_name,
)
from veta.disclosure.pointers import Path, find, find_all
from veta.disclosure.salts import Salts
from veta.errors import InputError
from veta.statement import base64url

MAX_DECOYS: Final = 256
"""Most decoys at one place."""
MAX_DEPTH: Final = 32
"""Objects and arrays inside one another, across disclosures."""
_NONE: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Concealed:
    """A document with digests in place of what is hidden, and the disclosures that open it."""

    claims: dict[str, JsonValue]
    disclosures: tuple[Disclosure, ...]


def conceal(
    claims: dict[str, JsonValue],
    hidden: Iterable[str],
    salts: Iterable[bytes],
    *,
    decoys: Mapping[str, int] = _NONE,
) -> Concealed:
    """Hide members and elements, each behind its own digest; hidden ones may be nested.

    Digests of an object are sorted, so their order tells nothing. A decoy is the digest of a salt
    that nobody learns; among the elements of an array it takes a place that a further salt decides.

    Args:
        claims: the document in full; it is not changed.
        hidden: JSON pointers (RFC 6901) into ``claims``, each of a member or an element.
        salts: 16 octets for each hidden place, two for each decoy.
        decoys: how many decoys an object or array has, by its pointer; ``""`` is the document.

    Raises:
        InputError: ``disclosure.pointer_*``; ``disclosure.critical_claim`` for a member that must
            be seen; ``disclosure.reserved_name``; ``disclosure.decoys``; ``disclosure.too_deep``;
            ``disclosure.salt*``; ``canonical.*``.
    """
    paths = find_all(claims, hidden)
    if () in paths:
        raise InputError("disclosure.pointer_malformed", "the document itself cannot be hidden")
    for path in paths:
        if len(path) == 1 and path[0] in CRITICAL:
            raise InputError("disclosure.critical_claim", f"{path[0]!r} may not be hidden")
    writer = _Writer(paths, _decoy_counts(claims, decoys), Salts(salts))
    concealed = writer.written(claims, ())
    assert isinstance(concealed, dict)
    concealed[ALGORITHM] = HASH_NAME
    return Concealed(concealed, tuple(writer.disclosures))


def _decoy_counts(claims: dict[str, JsonValue], decoys: Mapping[str, int]) -> dict[Path, int]:
    counts: dict[Path, int] = {}
    for pointer, count in decoys.items():
        path, place = find(claims, pointer)
        is_count = type(count) is int and 0 <= count <= MAX_DECOYS
        if not is_count or not isinstance(place, (dict, list)):
            raise InputError(
                "disclosure.decoys", f"up to {MAX_DECOYS} decoys stand in an object or an array"
            )
        counts[path] = count
    return counts


class _Writer:
    """One document being concealed, from the inside out."""

    def __init__(self, hidden: frozenset[Path], decoys: dict[Path, int], salts: Salts) -> None:
        self._hidden = hidden
        self._decoys = decoys
        self._salts = salts
        self.disclosures: list[Disclosure] = []

    def written(self, value: JsonValue, path: Path) -> JsonValue:
        if isinstance(value, (dict, list)) and len(path) >= MAX_DEPTH:
            raise InputError("disclosure.too_deep", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list):
            return self._array(value, path)
        return value

    def _object(self, members: dict[str, JsonValue], path: Path) -> dict[str, JsonValue]:
        shown: dict[str, JsonValue] = {}
        digests: list[JsonValue] = []
        for name, value in members.items():
            require_claim_name(name)
            inner = self.written(value, (*path, name))
            if (*path, name) in self._hidden:
                digests.append(self._digest(name, inner))
            else:
                shown[name] = inner
        digests.extend(self._decoy() for _ in range(self._decoys.get(path, 0)))
        if digests:
            shown[DIGESTS] = sorted(digests, key=str)
        return shown

    def _array(self, elements: list[JsonValue], path: Path) -> list[JsonValue]:
        shown: list[JsonValue] = []
        for index, element in enumerate(elements):
            inner = self.written(element, (*path, index))
            is_hidden = (*path, index) in self._hidden
            shown.append({ELEMENT: self._digest(None, inner)} if is_hidden else inner)
        for _ in range(self._decoys.get(path, 0)):
            shown.insert(self._place(len(shown)), {ELEMENT: self._decoy()})
        return shown

    def _digest(self, name: str | None, value: JsonValue) -> str:
        disclosure = make_disclosure(self._salts.take(), name, value)
        self.disclosures.append(disclosure)
        return disclosure.digest

    def _decoy(self) -> str:
        """RFC 9901 section 4.2.5: the digest of random octets, looking like any other."""
        return base64url.encode(sha256(self._salts.take()).digest()).decode("ascii")

    def _place(self, elements: int) -> int:
        return int.from_bytes(sha256(self._salts.take()).digest(), "big") % (elements + 1)
