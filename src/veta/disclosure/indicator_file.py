"""Indicator sets on the way: the member of a signed statement, and a file of opened leaves.

The file holds no root. What a leaf is held against comes from the statement, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from veta import canonical
from veta.canonical import JsonValue
from veta.disclosure.catalogue import SIZE
from veta.disclosure.indicators import IndicatorHead, OpenedLeaf
from veta.disclosure.salts import SALT_OCTETS
from veta.errors import InputError
from veta.model.bundle import InclusionProof
from veta.model.identifiers import Digest

HEAD_SCHEMA: Final = "veta-indicator-set/1"
FORMAT: Final = "veta-indicators-open/1"

_HEAD_MEMBERS: Final = frozenset({"schema", "catalogue", "subject", "size", "root"})
_LEAF_MEMBERS: Final = frozenset({"dimension", "indicator", "value", "salt", "index", "path"})
_LONGEST_PATH: Final = (SIZE - 1).bit_length()
_DIGEST: Final = 32
_T = TypeVar("_T")


def head_member(head: IndicatorHead) -> dict[str, JsonValue]:
    """The object that a signed statement has of an indicator set."""
    return {
        "schema": HEAD_SCHEMA,
        "catalogue": head.catalogue,
        "subject": head.subject,
        "size": head.size,
        "root": head.root.hex(),
    }


def read_head(member: JsonValue) -> IndicatorHead:
    """Read that object strictly.

    Raises:
        InputError: ``disclosure.malformed``; ``disclosure.catalogue_unknown``,
            ``disclosure.indicator_count`` (not 76 leaves), ``disclosure.subject``.
    """
    members = _closed(member, _HEAD_MEMBERS)
    if members["schema"] != HEAD_SCHEMA:
        raise _malformed(f"schema is not {HEAD_SCHEMA}")
    return IndicatorHead(
        subject=_typed(members["subject"], str),
        root=Digest(_octets(members["root"], _DIGEST)),
        size=_typed(members["size"], int),
        catalogue=_typed(members["catalogue"], str),
    )


def write_leaves(leaves: Iterable[OpenedLeaf]) -> bytes:
    """Opened leaves as a file, in RFC 8785 form."""
    entries: list[JsonValue] = [
        {
            "dimension": leaf.dimension,
            "indicator": leaf.name,
            "value": leaf.value,
            "salt": leaf.salt.hex(),
            "index": leaf.proof.index,
            "path": [node.hex() for node in leaf.proof.path],
        }
        for leaf in leaves
    ]
    return canonical.write({"format": FORMAT, "size": SIZE, "leaves": entries})


def read_leaves(octets: bytes) -> tuple[OpenedLeaf, ...]:
    """Read such a file strictly; nothing in it was checked against a root.

    Raises:
        InputError: ``canonical.*``; ``disclosure.malformed``; ``disclosure.indicator_count`` for a
            file of another size, or of more leaves than there are.
    """
    members = _closed(canonical.read(octets), frozenset({"format", "size", "leaves"}))
    if members["format"] != FORMAT:
        raise _malformed(f"format is not {FORMAT}")
    entries: list[JsonValue] = _typed(members["leaves"], list)
    if members["size"] != SIZE or type(members["size"]) is not int or len(entries) > SIZE:
        raise InputError("disclosure.indicator_count", f"an indicator set has {SIZE} leaves")
    return tuple(_read_leaf(entry) for entry in entries)


def _read_leaf(entry: JsonValue) -> OpenedLeaf:
    members = _closed(entry, _LEAF_MEMBERS)
    path: list[JsonValue] = _typed(members["path"], list)
    if len(path) > _LONGEST_PATH:
        raise _malformed("a path is longer than any of this tree")
    value = members["value"]
    if value is not None and type(value) not in {int, str, bool}:
        raise _malformed("a value is of no kind that indicators have")
    return OpenedLeaf(
        name=_typed(members["indicator"], str),
        dimension=_typed(members["dimension"], str),
        value=value,
        salt=_octets(members["salt"], SALT_OCTETS),
        proof=InclusionProof(
            index=_typed(members["index"], int),
            size=SIZE,
            path=tuple(_octets(node, _DIGEST) for node in path),
        ),
    )


def _closed(value: JsonValue, names: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise _malformed(f"an object has exactly the members {', '.join(sorted(names))}")
    return value


def _typed(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _malformed("a member is of another type")
    return value


def _octets(value: object, length: int) -> bytes:
    digits = _typed(value, str)
    if len(digits) != 2 * length or not set(digits) <= set("0123456789abcdef"):
        raise _malformed(f"not {length} octets in lower-case hexadecimal")
    return bytes.fromhex(digits)


def _malformed(why: str) -> InputError:
    return InputError("disclosure.malformed", f"malformed: {why}")
