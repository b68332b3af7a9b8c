"""A signed document and disclosures back into the claims that they show (RFC 9901 section 7.1).

The checks carry the numbers of that section:

1. the digest of each disclosure is computed (3.a); the same disclosure twice is refused;
2. every digest in the document, and in what disclosures show in turn, is found (3.b);
3. a digest without a disclosure is counted and passed over: hidden, or a decoy (3.c);
4. a digest of an object's ``_sd`` names a disclosure of three, whose name is not taken (3.c.i);
5. a digest in an array names a disclosure of two (3.c.ii);
6. elements without a disclosure, ``_sd`` and ``_sd_alg`` go (3.d to 3.f);
7. no digest occurs twice, anywhere (4);
8. every disclosure was referred to (5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from veta.canonical import JsonValue
from veta.disclosure.conceal import MAX_DEPTH
from veta.disclosure.disclosures import (
    ALGORITHM,
    CRITICAL,
    DIGEST_LENGTH,
    DIGESTS,
    ELEMENT,
    HASH_NAME,
    Disclosure,
)
from veta.disclosure.pointers import Path
from veta.errors import InputError


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a disclosure stands in the reconstructed document."""

    path: Path
    disclosure: Disclosure
    within: tuple[Disclosure, ...]
    """The disclosures without which it cannot be seen, from the outermost inwards."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """What a document shows with the disclosures at hand."""

    claims: dict[str, JsonValue]
    opened: tuple[Opened, ...]
    unopened: int
    """Digests without a disclosure: what is hidden, and decoys; the two look alike."""


def reconstruct(
    document: dict[str, JsonValue], disclosures: Iterable[Disclosure]
) -> Reconstruction:
    """Put disclosed values back in their places; the document's signature is not looked at.

    Args:
        document: the signed document, read strictly.
        disclosures: as received, in any order.

    Raises:
        InputError: ``disclosure.hash_algorithm`` (another ``_sd_alg``), ``.repeated``,
            ``.digest_malformed``, ``.digest_repeated``, ``.not_referenced``, ``.wrong_kind`` (a
            member where an element has to be, or the other way), ``.name_taken``,
            ``.reserved_name``, ``.critical_claim``, ``.element_malformed``, ``.too_deep``.
    """
    if document.get(ALGORITHM, HASH_NAME) != HASH_NAME:
        raise InputError("disclosure.hash_algorithm", f"_sd_alg is not {HASH_NAME!r}")
    reader = _Reader(disclosures)
    outermost = {name: value for name, value in document.items() if name != ALGORITHM}
    claims = reader.object(outermost, (), ())
    reader.require_all_used()
    return Reconstruction(claims, tuple(reader.opened), reader.unopened)


class _Reader:
    """One document being put together; digests met so far are remembered."""

    def __init__(self, disclosures: Iterable[Disclosure]) -> None:
        self._by_digest: dict[str, Disclosure] = {}
        self._met: set[str] = set()
        self.opened: list[Opened] = []
        self.unopened = 0
        for disclosure in disclosures:
            if disclosure.digest in self._by_digest:
                raise InputError("disclosure.repeated", "a disclosure was handed over twice")
            self._by_digest[disclosure.digest] = disclosure

    def require_all_used(self) -> None:
        if not self._by_digest.keys() <= self._met:
            raise InputError(
                "disclosure.not_referenced", "nothing in the document refers to a disclosure"
            )

    def object(
        self, members: dict[str, JsonValue], path: Path, within: tuple[Disclosure, ...]
    ) -> dict[str, JsonValue]:
        if not members.keys().isdisjoint({ELEMENT, ALGORITHM}):
            raise InputError(
                "disclosure.reserved_name", "a name of SD-JWT stands where it does not belong"
            )
        shown = {
            name: self._value(value, (*path, name), within)
            for name, value in members.items()
            if name != DIGESTS
        }
        for digest in _digests(members):
            disclosure = self._look_up(digest)
            if disclosure is not None:
                name = _new_name(disclosure, shown, path)
                shown[name] = self._open(disclosure, (*path, name), within)
        return shown

    def _array(
        self, elements: list[JsonValue], path: Path, within: tuple[Disclosure, ...]
    ) -> list[JsonValue]:
        shown: list[JsonValue] = []
        for element in elements:
            place = (*path, len(shown))
            if not isinstance(element, dict) or ELEMENT not in element:
                shown.append(self._value(element, place, within))
                continue
            digest = element[ELEMENT]
            if len(element) != 1 or not isinstance(digest, str):
                raise InputError(
                    "disclosure.element_malformed", "a hidden element has a digest and nothing else"
                )
            disclosure = self._look_up(digest)
            if disclosure is None:
                continue
            if disclosure.name is not None:
                raise InputError(
                    "disclosure.wrong_kind", "the disclosure of a member stands for an element"
                )
            shown.append(self._open(disclosure, place, within))
        return shown

    def _value(self, value: JsonValue, path: Path, within: tuple[Disclosure, ...]) -> JsonValue:
        if not isinstance(value, (dict, list)):
            return value
        if len(path) >= MAX_DEPTH:
            raise InputError("disclosure.too_deep", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            return self.object(value, path, within)
        return self._array(value, path, within)

    def _open(
        self, disclosure: Disclosure, path: Path, within: tuple[Disclosure, ...]
    ) -> JsonValue:
        self.opened.append(Opened(path, disclosure, within))
        return self._value(disclosure.value, path, (*within, disclosure))

    def _look_up(self, digest: str) -> Disclosure | None:
        if len(digest) != DIGEST_LENGTH:
            raise InputError("disclosure.digest_malformed", "a digest is not one of SHA-256")
        if digest in self._met:
            raise InputError("disclosure.digest_repeated", "a digest occurs twice in the document")
        self._met.add(digest)
        disclosure = self._by_digest.get(digest)
        self.unopened += disclosure is None
        return disclosure


def _digests(members: dict[str, JsonValue]) -> list[str]:
    digests = members.get(DIGESTS, [])
    if not isinstance(digests, list):
        raise InputError("disclosure.digest_malformed", "_sd is not an array")
    texts = [digest for digest in digests if isinstance(digest, str)]
    if len(texts) != len(digests):
        raise InputError("disclosure.digest_malformed", "_sd is not an array of text")
    return texts


def _new_name(disclosure: Disclosure, shown: dict[str, JsonValue], path: Path) -> str:
    """The name of a disclosed member; a name that exists at this level is refused."""
    name = disclosure.name
    if name is None:
        raise InputError(
            "disclosure.wrong_kind", "the disclosure of an element stands for a member"
        )
    if name in shown:
        raise InputError("disclosure.name_taken", f"{name[:80]!r} exists already at its level")
    if not path and name in CRITICAL:
        raise InputError("disclosure.critical_claim", f"{name!r} may not be hidden")
    return name
