"""Indicator sets of a member: made, kept with their salts, put under a statement, read from one.

The set with its salts is a file of the member's own. What is signed is a statement whose subject
has the head as its member ``indicatorSet``, and no other part of the set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from veta import canonical
from veta.canonical import JsonValue
from veta.disclosure.catalogue import INDICATORS, SIZE, Indicator, indicator
from veta.disclosure.heads import FRAGMENT, HEAD_MEMBER, STATEMENT_TYPE, require_own
from veta.disclosure.indicator_file import head_member
from veta.disclosure.indicators import IndicatorHead, IndicatorSet, IndicatorValue
from veta.disclosure.mandatory import Completeness, Disclosed
from veta.disclosure.salts import SALT_OCTETS
from veta.errors import InputError
from veta.model.identifiers import Digest
from veta.model.lot import Issuance, Party
from veta.statement import base64url
from veta.statement.envelope import build_credential

VALUES_FORMAT: Final = "veta-indicators-values/1"
SET_FORMAT: Final = "veta-indicators-secret/1"

_ROOT_DIGITS: Final = 64


def make_set(values: bytes, token_bytes: Callable[[int], bytes]) -> IndicatorSet:
    """A set of all 76, from a file of values.

    Args:
        values: JSON: ``format``, ``subject`` and, by name, ``values``; ``null`` states none.
        token_bytes: octets of a cryptographic generator, in the number asked for.

    Raises:
        InputError: ``canonical.*``, one name twice among them; ``disclosure.malformed``; as
            ``IndicatorSet``.
    """
    members = _closed(canonical.read(values), {"format", "subject", "values"}, VALUES_FORMAT)
    entries = members["values"]
    if not isinstance(entries, dict):
        raise _malformed("values is no object of names and values")
    salts = [token_bytes(SALT_OCTETS) for _ in range(SIZE)]
    return IndicatorSet(_text(members["subject"]), entries.items(), salts)


def write_set(found: IndicatorSet) -> bytes:
    """A set with its salts: whoever has this file can open everything."""
    leaves: list[JsonValue] = [
        {
            "indicator": leaf.name,
            "value": leaf.value,
            "salt": base64url.encode(leaf.salt).decode("ascii"),
        }
        for leaf in found.open(item.name for item in INDICATORS)
    ]
    return canonical.write({"format": SET_FORMAT, "subject": found.head.subject, "leaves": leaves})


def read_set(octets: bytes) -> IndicatorSet:
    """Read such a file strictly; what it says is the member's own word.

    Raises:
        InputError: ``canonical.*``, ``disclosure.malformed``, ``base64url.malformed``; as
            ``IndicatorSet``.
    """
    members = _closed(canonical.read(octets), {"format", "subject", "leaves"}, SET_FORMAT)
    if not isinstance(members["leaves"], list):
        raise _malformed("leaves is no list")
    entries = [_read_entry(entry) for entry in members["leaves"]]
    entries.sort(key=lambda entry: entry[0].index)
    values = [(item.name, value) for item, value, _ in entries]
    return IndicatorSet(_text(members["subject"]), values, [salt for _, _, salt in entries])


def head_statement(head: IndicatorHead, issuer: Party, issuance: Issuance) -> dict[str, Any]:
    """A credential that carries a head, ready to be issued: a type of Veta's own.

    Raises:
        InputError: ``statement.blind``, ``instant.range``.
        VerificationError: ``disclosure.subject_of_stranger``.
    """
    require_own(head, issuer.identifier)
    subject = {"id": head.subject + FRAGMENT, HEAD_MEMBER: head_member(head)}
    return build_credential(
        STATEMENT_TYPE, issuance=issuance, issuer=issuer, name="Indicator set", subject=subject
    )


def head_of_root(root: str, subject: str) -> IndicatorHead:
    """A head from its root in hexadecimal and its subject, as a reader was told them.

    Raises:
        InputError: ``disclosure.malformed``, ``disclosure.subject``.
    """
    if len(root) != _ROOT_DIGITS or not set(root) <= set("0123456789abcdef"):
        raise _malformed("a root is 64 digits of lower-case hexadecimal")
    return IndicatorHead(subject, Digest(bytes.fromhex(root)))


def indicator_json(item: Indicator) -> dict[str, Any]:
    """What the catalogue says of an indicator."""
    return {
        "indicator": item.name,
        "index": item.index,
        "dimension": item.dimension,
        "kind": item.kind.value,
        "unit": item.unit,
        "goals": list(item.goals),
    }


def disclosed_json(
    found: Disclosed, head: IndicatorHead, materials: Iterable[str]
) -> dict[str, Any]:
    """A finding as JSON: what is open, what is hidden by name, and whether that is allowed."""
    complete = found.completeness is Completeness.COMPLETE
    return {
        "result": "COMPLETE" if complete else "INCOMPLETE",
        "code": found.code,
        "sentence": found.sentence,
        "head": head_member(head),
        "materials": sorted(set(materials)),
        "opened": [
            {**indicator_json(indicator(name)), "value": value}
            for name, value in found.opened.items()
        ],
        "hiddenCount": len(found.hidden),
        "hidden": list(found.hidden),
        "mandatoryHidden": list(found.mandatory_hidden),
        "mandatoryNotStated": list(found.mandatory_not_stated),
        "policies": list(found.policies),
    }


def _read_entry(entry: JsonValue) -> tuple[Indicator, IndicatorValue, bytes]:
    members = _closed(entry, {"indicator", "value", "salt"})
    value: Any = members["value"]  # its kind is for IndicatorSet to judge
    salt = base64url.decode(_text(members["salt"]).encode("utf-8"))
    return indicator(_text(members["indicator"])), value, salt


def _closed(value: JsonValue, names: set[str], form: str = "") -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise _malformed(f"an object has exactly the members {', '.join(sorted(names))}")
    if form and value["format"] != form:
        raise _malformed(f"format is not {form}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _malformed("a member is no text")
    return value


def _malformed(why: str) -> InputError:
    return InputError("disclosure.malformed", f"malformed: {why}")
