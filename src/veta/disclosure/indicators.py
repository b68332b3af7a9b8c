"""An indicator set as one Merkle tree of 76 salted leaves, of which any can be opened alone.

    leaf = SHA-256(0x06 || JCS([salt, catalogue, subject, dimension, indicator, value]))
    node = SHA-256(0x01 || left || right)                              RFC 9162 section 2.1

The leaf of an indicator stands at the catalogue's index of it and nowhere else, so what is not
opened is known by name, and two values for one indicator cannot both be opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from veta import canonical
from veta.disclosure.catalogue import (
    CATALOGUE_ID,
    INDICATORS,
    SIZE,
    Indicator,
    ValueKind,
    indicator,
)
from veta.disclosure.salts import Salts, require_salt
from veta.errors import InputError, VerificationError
from veta.model.bundle import InclusionProof
from veta.model.identifiers import Digest
from veta.statement import base64url
from veta.trees import MerkleTree, verify_inclusion

LEAF_TAG: Final = b"\x06"
"""0x00 to 0x05 are statements, nodes, lots, lot nodes, lot keys and parts of a cause."""
MAX_QUANTITY_DIGITS: Final = 15
MILLION: Final = 1_000_000

IndicatorValue: TypeAlias = "int | str | bool | None"
"""As the indicator's kind says; ``None``: no value is stated."""

_QUANTITY: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_SUBJECT: Final = re.compile(r"[\x21-\x7e]{1,512}")
_ROOT_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class IndicatorHead:
    """What a signed statement says of an indicator set; the rest stays with the member."""

    subject: str
    """URI of the lot or site, ASCII."""
    root: Digest
    """Of the tree."""
    size: int = SIZE
    catalogue: str = CATALOGUE_ID

    def __post_init__(self) -> None:
        if self.catalogue != CATALOGUE_ID:
            raise InputError("disclosure.catalogue_unknown", "the catalogue is not known here")
        if type(self.size) is not int or self.size != SIZE:
            raise InputError(
                "disclosure.indicator_count", f"an indicator set has {SIZE} leaves, not {self.size}"
            )
        if not _SUBJECT.fullmatch(self.subject):
            raise InputError("disclosure.subject", "the subject is no ASCII identifier")
        if type(self.root) is not bytes or len(self.root) != _ROOT_OCTETS:
            raise InputError("disclosure.malformed", "a root is 32 octets")


@dataclass(frozen=True, slots=True)
class OpenedLeaf:
    """One indicator opened, with its way to the root. Nothing was checked."""

    name: str
    dimension: str
    value: IndicatorValue
    salt: bytes
    """16 octets."""
    proof: InclusionProof


class IndicatorSet:
    """All 76 indicators of a lot or site, with their salts: the member's own, never sent whole.

    Args:
        subject: URI of the lot or site, ASCII, at most 512 characters.
        values: name and value of each indicator, in any order, all 76 and none twice. ``None``
            where no value is stated: that is a leaf like any other.
        salts: 76 times 16 fresh random octets.

    Raises:
        InputError: ``disclosure.indicator_unknown``, ``.indicator_repeated``, ``.indicator_count``,
            ``.value``, ``.subject``, ``.salt*``.
    """

    __slots__ = ("_salts", "_tree", "_values", "head")

    def __init__(
        self, subject: str, values: Iterable[tuple[str, IndicatorValue]], salts: Iterable[bytes]
    ) -> None:
        if not _SUBJECT.fullmatch(subject):
            raise InputError("disclosure.subject", "the subject is no ASCII identifier")
        self._values = _complete(values)
        source = Salts(salts)
        self._salts = tuple(source.take() for _ in INDICATORS)
        self._tree = MerkleTree(
            [
                leaf_of(subject, item, self._values[item.name], self._salts[item.index])
                for item in INDICATORS
            ]
        )
        self.head: Final = IndicatorHead(subject, Digest(self._tree.root))

    def open(self, names: Iterable[str]) -> tuple[OpenedLeaf, ...]:
        """Open the named indicators, in the order of the catalogue.

        Raises:
            InputError: ``disclosure.indicator_unknown``, ``disclosure.indicator_repeated``.
        """
        chosen: set[Indicator] = set()
        for name in names:
            item = indicator(name)
            if item in chosen:
                raise _repeated(name)
            chosen.add(item)
        return tuple(
            OpenedLeaf(
                item.name,
                item.dimension,
                self._values[item.name],
                self._salts[item.index],
                self._tree.inclusion(item.index),
            )
            for item in sorted(chosen, key=lambda item: item.index)
        )


def leaf_of(subject: str, item: Indicator, value: IndicatorValue, salt: bytes) -> Digest:
    """Leaf digest of one indicator.

    Raises:
        InputError: ``disclosure.salt_length``, ``disclosure.value``.
    """
    require_salt(salt)
    require_value(item, value)
    salt_text = base64url.encode(salt).decode("ascii")
    contents = canonical.write([salt_text, CATALOGUE_ID, subject, item.dimension, item.name, value])
    return Digest(sha256(LEAF_TAG + contents).digest())


def require_value(item: Indicator, value: IndicatorValue) -> None:
    """Refuse a value that is not written as its indicator's kind asks: one spelling each.

    Raises:
        InputError: ``disclosure.value``.
    """
    if value is None:
        return
    is_good = False
    match item.kind:
        case ValueKind.COUNT:
            is_good = type(value) is int and 0 <= value <= canonical.MAX_SAFE_INTEGER
        case ValueKind.SHARE:
            is_good = type(value) is int and 0 <= value <= MILLION
        case ValueKind.YES_NO:
            is_good = type(value) is bool
        case ValueKind.QUANTITY:
            is_good = (
                type(value) is str
                and len(value) <= MAX_QUANTITY_DIGITS + 1
                and _QUANTITY.fullmatch(value) is not None
                and len(value.replace(".", "")) <= MAX_QUANTITY_DIGITS
            )
    if not is_good:
        raise InputError(
            "disclosure.value",
            f"the value of {item.name} is not a {item.kind.value} as written here",
        )


def check_leaves(head: IndicatorHead, leaves: Iterable[OpenedLeaf]) -> dict[str, IndicatorValue]:
    """Check that each opened leaf stands in its one place under the root.

    Not checked: the head, which is as good as the statement it comes from.

    Returns:
        Values by name, in the order of the catalogue.

    Raises:
        InputError: ``disclosure.indicator_unknown``, ``.indicator_repeated``, ``.indicator_count``
            (the proof speaks of another size), ``.value``, ``.salt_length``; ``trees.*`` for a
            path that cannot be.
        VerificationError: ``disclosure.other_dimension``, ``disclosure.other_index`` (the leaf of
            one indicator shown as another's), ``trees.root_mismatch``.
    """
    found: dict[Indicator, IndicatorValue] = {}
    for leaf in leaves:
        item = indicator(leaf.name)
        if item in found:
            raise _repeated(leaf.name)
        _check_place(item, leaf)
        digest = leaf_of(head.subject, item, leaf.value, leaf.salt)
        verify_inclusion(digest, leaf.proof, head.root)
        found[item] = leaf.value
    return {item.name: found[item] for item in INDICATORS if item in found}


def _check_place(item: Indicator, leaf: OpenedLeaf) -> None:
    if leaf.proof.size != SIZE:
        raise InputError(
            "disclosure.indicator_count", f"a proof speaks of {leaf.proof.size} leaves"
        )
    if leaf.dimension != item.dimension:
        raise VerificationError(
            "disclosure.other_dimension", f"{item.name} is shown in a dimension that is not its own"
        )
    if leaf.proof.index != item.index:
        raise VerificationError(
            "disclosure.other_index", f"{item.name} has leaf {item.index}, not {leaf.proof.index}"
        )


def _complete(values: Iterable[tuple[str, IndicatorValue]]) -> Mapping[str, IndicatorValue]:
    found: dict[str, IndicatorValue] = {}
    for name, value in values:
        require_value(indicator(name), value)
        if name in found:
            raise _repeated(name)
        found[name] = value
    if len(found) != SIZE:
        missing = next(item.name for item in INDICATORS if item.name not in found)
        raise InputError(
            "disclosure.indicator_count",
            f"an indicator set has {SIZE} leaves, not {len(found)}: {missing} is missing",
        )
    return found


def _repeated(name: str) -> InputError:
    return InputError("disclosure.indicator_repeated", f"{name} occurs twice")
