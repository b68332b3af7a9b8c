"""One physical lot under two numbers: marks that stand on the goods and can be of one lot only.

Bundle, heat, seal, container and assay-certificate numbers are unique under their issuer. Two lots
that bear the same one are suspected to be the same metal, certified twice. A lot that was made of
another takes its marks along, so lots of one line of descent are no suspects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from veta.errors import ConflictError
from veta.model.anchoring import BatchKind
from veta.ports.store import Store
from veta.statement.credential import Credential, read_credential
from veta.statement.metal_lot import metal_lot_of

CODE = "lot.duplicate_suspect"
BUNDLE = "bundle"

LotName = tuple[str, str]
"""DID of the issuer, and lot number."""


@dataclass(frozen=True, slots=True)
class DuplicateSuspect:
    """Two lots of an issuer that bear one mark."""

    issuer: str
    kind: str
    """``bundle``, ``heat``, ``seal``, ``container`` or ``assay``."""
    number: str
    lots: tuple[str, ...]
    """Lot numbers, ascending."""

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.kind} {self.number} stands in lots {' and '.join(self.lots)}"


class DuplicateFinder:
    """Collects passports, and tells which of their lots bear each other's marks."""

    def __init__(self) -> None:
        self._bearers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._parents: dict[LotName, set[LotName]] = defaultdict(set)

    def add(self, credential: Credential) -> None:
        """A passport; other credentials and versions of one lot add nothing to suspect."""
        if credential.kind is not BatchKind.PASSPORT:
            return
        lot, number = metal_lot_of(credential), credential.subject.get("batchNumber")
        if lot is None or not isinstance(number, str):
            return
        issuer = credential.issuer.identifier
        for kind, mark in marks_of(lot):
            self._bearers[issuer, kind, mark].add(number)
        for parent in lot.get("parents", ()):
            self._parents[issuer, number].add((parent["issuer"], parent["lotNumber"]))

    def suspects(self) -> tuple[DuplicateSuspect, ...]:
        """Every mark that lots of different descent bear."""
        found = []
        for (issuer, kind, number), bearers in sorted(self._bearers.items()):
            apart = [
                lot
                for lot in bearers
                if any(
                    lot != other and not self._kin((issuer, lot), (issuer, other))
                    for other in bearers
                )
            ]
            if apart:
                found.append(DuplicateSuspect(issuer, kind, number, tuple(sorted(apart))))
        return tuple(found)

    def _kin(self, one: LotName, other: LotName) -> bool:
        """Whether one was made of the other, over any number of steps that are known."""
        mine, yours = self._line(one), self._line(other)
        return other in mine or one in yours

    def _line(self, lot: LotName) -> set[LotName]:
        """The lot and everything that it says it was made of."""
        line, waiting = {lot}, [lot]
        while waiting:
            for parent in self._parents.get(waiting.pop(), ()):
                if parent not in line:
                    line.add(parent)
                    waiting.append(parent)
        return line


def marks_of(lot: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kind and number of each mark of a ``MetalLot``."""
    bundles = [(BUNDLE, str(each["number"])) for each in lot.get("bundles", ())]
    return bundles + [(str(each["kind"]), str(each["number"])) for each in lot.get("marks", ())]


def kept_passports(store: Store) -> DuplicateFinder:
    """All passports that a store keeps, read once from the first to the last."""
    finder = DuplicateFinder()
    with store.read() as work:
        for stored in work.all_statements():
            if stored.record.kind is BatchKind.PASSPORT:
                finder.add(read_credential(stored.record.payload))
    return finder


def require_no_duplicate(finder: DuplicateFinder, new: Iterable[Credential]) -> None:
    """Refuse to certify a lot that bears another lot's mark.

    Raises:
        ConflictError: ``lot.duplicate_suspect``, with the mark and the lots.
    """
    before = set(finder.suspects())
    for credential in new:
        finder.add(credential)
    for suspect in finder.suspects():
        if suspect not in before:
            raise ConflictError(CODE, f"DUPLICATE-SUSPECT: {suspect.words}")
