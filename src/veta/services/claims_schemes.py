"""Certificates as the chain has them, in the names of the catalogue of schemes. Pure.

The chain knows schemes and levels by number. A number is a scheme of the catalogue by a file of the
network, or by its registered name where only one scheme has it on either side; never by likeness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims.grammar import Certificate, Source
from veta.claims.windows import Window
from veta.errors import InputError
from veta.model.assurance import AssuranceFacts, AssuranceRecord
from veta.model.assurance_events import RecordAction
from veta.model.lots import SiteId
from veta.services.claims_files import NetworkSchemes
from veta.verify.runs import JudgedRun

_LAST_S: Final = 253_402_300_800
"""First second of the year 10000: an open end is none later."""


@dataclass(frozen=True, slots=True)
class NamedScheme:
    """What a scheme of the chain is in the catalogue, and by whose word."""

    scheme: int
    slug: str
    by: str
    """``file`` or ``registered-name``."""
    registered: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A certificate that no new label is issued on."""

    certificate: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceNow:
    """An origin, and the numbers of the certificates that count for it."""

    source: Source
    certificates: tuple[int, ...]


class CertificateReader:
    """See the module.

    Args:
        facts: certificates and schemes, at the block of the verification.
        registered: the schemes' names by number.
        network: catalogue and numbers.

    Attributes:
        left_out: certificates that do not count, with the reason, in the order they were met.
        schemes: how each scheme was named.
    """

    def __init__(
        self, facts: AssuranceFacts, registered: Mapping[int, str], network: NetworkSchemes
    ) -> None:
        self._records = {each.record: each for each in facts.records}
        self._levels = {each.scheme: each.levels for each in facts.schemes}
        self._registered = registered
        self._network = network
        self._named: dict[int, NamedScheme] = {}
        self._left_out: dict[int, LeftOut] = {}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """See the class."""
        return tuple(self._left_out.values())

    @property
    def schemes(self) -> tuple[NamedScheme, ...]:
        """See the class."""
        return tuple(self._named.values())

    def sources(
        self, origins: Iterable[tuple[JudgedRun, tuple[int, ...]]], names: Mapping[SiteId, str]
    ) -> tuple[SourceNow, ...]:
        """Sources of a claim: runs of one site that rest on the same certificates are one.

        Args:
            origins: runs, and the certificates that each named.
            names: of sites; every origin's is there.
        """
        windows: dict[tuple[SiteId, tuple[int, ...]], tuple[int, int]] = {}
        for run, numbers in origins:
            header = run.header
            first, last = windows.get((header.site, numbers), (_LAST_S, 0))
            windows[header.site, numbers] = (
                min(first, header.produced_from_s),
                max(last, header.produced_to_s),
            )
        return tuple(
            self._source(site, names[site], numbers, window)
            for (site, numbers), window in windows.items()
        )

    def _source(
        self, site: SiteId, name: str, numbers: tuple[int, ...], window: tuple[int, int]
    ) -> SourceNow:
        counted = {number: each for number in numbers if (each := self._certificate(number))}
        # A scheme that ended one certificate of a site is not shown by another of that site.
        ended = {
            self._records[number].scheme
            for number in numbers
            if number in self._left_out and number in self._records
        }
        counted = {
            number: each
            for number, each in counted.items()
            if self._records[number].scheme not in ended
        }
        source = Source(str(site), name, *window, tuple(counted.values()))
        return SourceNow(source, tuple(counted))

    def slug(self, scheme: int) -> str:
        """The catalogue's name of a scheme of the chain.

        Raises:
            InputError: ``claims.unknown_scheme``, ``claims.levels``.
        """
        return self._slug(scheme)

    def _certificate(self, number: int) -> Certificate | None:
        record = self._records.get(number)
        if record is None:
            self._leave_out(number, "assurance.not_on_record", "is not on record")
            return None
        ended = _ended(record)
        if ended is not None:
            self._leave_out(number, *ended)
            return None
        try:
            slug = self._slug(record.scheme)
            levels = self._network.catalogue.scheme(slug).levels
        except InputError as error:
            self._left_out[number] = LeftOut(number, error.code, error.message)
            return None
        return Certificate(
            identifier=str(number),
            scheme=slug,
            level=levels[record.level - 1],
            site=str(record.subject),
            window=Window(record.from_s, min(record.until_s, _LAST_S)),
        )

    def _leave_out(self, number: int, code: str, words: str) -> None:
        self._left_out[number] = LeftOut(number, code, f"certificate {number} {words}")

    def _slug(self, scheme: int) -> str:
        """The catalogue's scheme.

        Raises:
            InputError: ``claims.unknown_scheme``, ``claims.levels`` where the catalogue's has not
                as many levels as the chain's: a level's name would be another level's.
        """
        if scheme not in self._named:
            found = self._found(scheme)
            levels = self._network.catalogue.scheme(found.slug).levels
            if len(levels) != self._levels.get(scheme):
                raise InputError(
                    "claims.levels",
                    f"scheme {scheme} has {self._levels.get(scheme)} levels on the chain, and"
                    f" {found.slug} has {len(levels)} in the catalogue",
                )
            self._named[scheme] = found
        return self._named[scheme].slug

    def _found(self, scheme: int) -> NamedScheme:
        name = self._registered.get(scheme)
        entry = self._network.numbers.get(scheme)
        if entry is not None and entry.name == name:
            return NamedScheme(scheme, entry.slug, "file", entry.name)
        if entry is not None:
            raise InputError(
                "claims.unknown_scheme",
                f"scheme {scheme} is registered as {name!r}, and the file speaks of"
                f" {entry.name[:60]!r}: it is another network's",
            )
        folded = str(name).casefold()
        known = self._network.catalogue.schemes.values()
        same = [each.slug for each in known if each.name.casefold() == folded]
        twins = [each for each in self._registered.values() if each.casefold() == folded]
        if len(same) != 1 or len(twins) != 1:
            raise InputError(
                "claims.unknown_scheme",
                f"which scheme of the catalogue scheme {scheme} ({name!r}) is, its name does not"
                " tell: a file of the network does (--schemes)",
            )
        return NamedScheme(scheme, same[0], "registered-name", str(name))


_ENDED: Final = {
    RecordAction.VOID: "void_since",
    RecordAction.WITHDRAW: "withdrawn_since",
    RecordAction.SUSPEND: "suspended_since",
}
_FOR_A_NEW_LABEL: Final = {
    "void_since": "was declared void for cause: labels that rest on it are contested, and no new"
    " one is issued",
    "withdrawn_since": "was withdrawn: what was sold under it stays, marked, and no new label is"
    " issued",
    "suspended_since": "is suspended: what was sold under it stays, marked, and a new label waits"
    " until the suspension is lifted",
}


def _ended(record: AssuranceRecord) -> tuple[str, str] | None:
    """What was said of a certificate that keeps a new label from resting on it."""
    suspended = set[int]()
    said = set[RecordAction]()
    for entry in record.entries:
        if entry.action is RecordAction.SUSPEND:
            suspended.add(entry.source)
        elif entry.action is RecordAction.LIFT:
            suspended.discard(entry.source)
        else:
            said.add(entry.action)
    if suspended:
        said.add(RecordAction.SUSPEND)
    for action, word in _ENDED.items():
        if action in said:
            return f"assurance.{word}", _FOR_A_NEW_LABEL[word]
    return None
