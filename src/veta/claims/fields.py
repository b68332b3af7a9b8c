"""Typed fields out of decoded JSON: what is missing, misspelt or of another type is refused.

For data that decides what a label may say: an unknown member is never passed over, for it may be
the one that mattered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from veta import canonical
from veta.canonical import JsonValue
from veta.errors import InputError

Record = Mapping[str, JsonValue]
MAX_TEXT: Final = 2_000
MAX_ROWS: Final = 5_000


def document(octets: bytes, schema: str) -> dict[str, JsonValue]:
    """A data file whose member ``schema`` names its kind and form.

    Raises:
        InputError: ``canonical.*``, ``claims.data_schema``.
    """
    found = canonical.read_object(octets)
    if found.get("schema") != schema:
        raise InputError("claims.data_schema", f"the data are not of the form {schema}")
    return found


def only(record: Record, *names: str) -> None:
    """Refuse members that are not named.

    Raises:
        InputError: ``claims.data_member``.
    """
    strangers = sorted(set(record) - set(names))
    if strangers:
        raise InputError("claims.data_member", f"unknown member {strangers[0][:40]!r}")


def text(record: Record, name: str, default: str | None = None) -> str:
    """A text of 1 to 2,000 characters, or the default where it is absent.

    Raises:
        InputError: ``claims.data_field``.
    """
    value = record.get(name, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT or (not value and default != ""):
        raise _wrong(name, "a text")
    return value


def integer(record: Record, name: str, default: int | None = None) -> int:
    """A whole number of 0 or more.

    Raises:
        InputError: ``claims.data_field``.
    """
    value = record.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(name, "a whole number of 0 or more")
    return value


def flag(record: Record, name: str, *, default: bool) -> bool:
    """True or false.

    Raises:
        InputError: ``claims.data_field``.
    """
    value = record.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def texts(record: Record, name: str) -> tuple[str, ...]:
    """A list of texts, none twice; absent: none.

    Raises:
        InputError: ``claims.data_field``.
    """
    value = record.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise _wrong(name, "a list of texts")
    found = tuple(each for each in value if isinstance(each, str) and 0 < len(each) <= MAX_TEXT)
    if len(found) != len(value) or len(set(found)) != len(found):
        raise _wrong(name, "a list of texts, each once")
    return found


def records(record: Record, name: str) -> tuple[dict[str, JsonValue], ...]:
    """A list of objects; absent: none.

    Raises:
        InputError: ``claims.data_field``.
    """
    value = record.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise _wrong(name, "a list of objects")
    found = tuple(each for each in value if isinstance(each, dict))
    if len(found) != len(value):
        raise _wrong(name, "a list of objects")
    return found


def _wrong(name: str, kind: str) -> InputError:
    return InputError("claims.data_field", f"{name} has to be {kind}")
