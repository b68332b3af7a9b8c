"""Lists of sanctioned or barred parties, as a reader keeps them: ``veta-party-lists/1``.

    {"format": "veta-party-lists/1", "lists": [
      {"name": "...", "published": "2026-10-01", "entries": [
        {"identifiers": ["did:web:..."], "names": ["..."], "since": "2026-05-01", "until": null}]}]}

Nothing is ever fetched: which list counts, and how old it may be, is the reader's. An identifier
names a party; a name that is written alike may be another's, and is said to be a name only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import normalize

from veta import canonical
from veta.canonical import Limits
from veta.errors import InputError
from veta.statement.instants import read_date
from veta.verify.strict_json import listed, members, optional, text

FORMAT: Final = "veta-party-lists/1"
LIMITS: Final = Limits(max_octets=16 << 20, max_nodes=1_000_000)
MOST_LISTS: Final = 64
MOST_ENTRIES: Final = 200_000
MOST_NAMES: Final = 64
_LONGEST: Final = 512
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A party of a list."""

    identifiers: tuple[str, ...]
    names: tuple[str, ...]
    """Folded: case and spaces do not count."""
    since_s: int
    """00:00 UTC of the day."""
    until_s: int | None
    """00:00 UTC of the first day on which it is off the list; ``None``: it is on it."""


@dataclass(frozen=True, slots=True)
class PartyList:
    """One list, as of the day on which it was published."""

    name: str
    published_s: int
    entries: tuple[ListEntry, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A party found on a list."""

    list_name: str
    published_s: int
    entry: ListEntry
    by_name: bool
    """By its name alone; it may be somebody else of that name."""


class PartyLists:
    """Every list of a reader, to look parties up."""

    def __init__(self, lists: Sequence[PartyList]) -> None:
        self.lists: Final = tuple(lists)
        self._known: dict[tuple[bool, str], list[Hit]] = {}
        for each in lists:
            for entry in each.entries:
                for by_name, keys in ((False, entry.identifiers), (True, entry.names)):
                    for key in keys:
                        hit = Hit(each.name, each.published_s, entry, by_name)
                        self._known.setdefault((by_name, key), []).append(hit)

    def hits(self, identifier: str, name: str) -> tuple[Hit, ...]:
        """Where a party is listed: by its identifier, else by its name; at most once an entry."""
        found = {id(hit.entry): hit for hit in self._known.get((True, folded(name)), ())}
        found |= {id(hit.entry): hit for hit in self._known.get((False, identifier), ())}
        return tuple(found.values())


def folded(name: str) -> str:
    """A name without case and with single spaces; marks and letters stay."""
    return " ".join(normalize("NFC", name).casefold().split())


def read_party_lists(octets: bytes) -> PartyLists:
    """Read a reader's file.

    Raises:
        InputError: ``canonical.*``; ``lists.malformed``, naming what is wrong; ``instant.*`` for a
            day; ``lists.window`` for an entry that ends before it begins.
    """
    document = canonical.read_object(octets, LIMITS)
    if document.get("format") != FORMAT:
        raise InputError("lists.malformed", f"format must be {FORMAT}")
    try:
        members(document, "format", "lists")
        return PartyLists(listed(document["lists"], MOST_LISTS, _read_list))
    except (TypeError, ValueError, KeyError) as error:
        raise InputError("lists.malformed", f"the lists hold {error}") from error


def _read_list(value: Any) -> PartyList:
    document: Mapping[str, Any] = members(value, "name", "published", "entries")
    return PartyList(
        _bounded(document["name"]),
        read_date(text(document["published"])) * _DAY_S,
        listed(document["entries"], MOST_ENTRIES, _read_entry),
    )


def _read_entry(value: Any) -> ListEntry:
    document = members(value, "identifiers", "names", "since", "until")
    identifiers = listed(document["identifiers"], MOST_NAMES, _bounded)
    names = listed(document["names"], MOST_NAMES, lambda each: folded(_bounded(each)))
    if not identifiers and not names:
        raise ValueError("an entry that names nobody")
    since_s = read_date(text(document["since"])) * _DAY_S
    until_s = optional(document["until"], lambda day: read_date(text(day)) * _DAY_S)
    if until_s is not None and until_s <= since_s:
        raise InputError("lists.window", f"an entry since {document['since']} ends before it")
    return ListEntry(identifiers, names, since_s, until_s)


def _bounded(value: object) -> str:
    read = text(value)
    if not 0 < len(read.strip()) <= _LONGEST:
        raise ValueError(f"a text that is empty or longer than {_LONGEST} characters")
    return read
