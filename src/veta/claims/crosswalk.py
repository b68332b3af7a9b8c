"""One piece of evidence, read under several schemes: a versioned crosswalk, as data.

Evidence is stored once, against the criterion that it was assessed for. Reading it under another
scheme's criterion can lower what it says and can never raise it: a partial mapping of something
fully met is met in part, the weakest mapping of a chain counts, and what was written down from
memory stays marked so. The subject goes along: a country's or a company's result stays one
(``veta.claims.subjects``).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import permutations
from typing import Final

from veta.claims import fields
from veta.claims.fields import Record
from veta.claims.schemes import SchemeCatalogue
from veta.claims.subjects import Subject, require_subject
from veta.claims.windows import Window
from veta.errors import InputError, VerificationError
from veta.model.criteria import CriterionResult

SCHEMA: Final = "veta-crosswalk/1"
MAX_CHAIN: Final = 16


class Strength(enum.IntEnum):
    """How much of one criterion the other covers."""

    PARTIAL = 1
    EQUAL = 2


@dataclass(frozen=True, slots=True)
class CriterionMapping:
    """What is said of one criterion may be read under another."""

    source: str
    target: str
    strength: Strength
    checked: bool
    """False: from memory, to be checked [R]."""
    topic: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A result as it was assessed: stored once."""

    identifier: str
    subject: Subject
    criterion: str
    result: CriterionResult


@dataclass(frozen=True, slots=True)
class Reading:
    """Evidence under a criterion, its own or another scheme's.

    Attributes:
        fits: whether the criterion is about subjects of the evidence's kind; if not, the reading
            informs about that subject and answers nothing about another.
    """

    evidence: Evidence
    criterion: str
    result: CriterionResult
    strength: Strength
    checked: bool
    fits: bool
    path: tuple[str, ...]
    crosswalk_version: int


@dataclass(frozen=True, slots=True)
class ViewLine:
    """One criterion of a scheme and all that speaks to it; the weakest reading is its result."""

    criterion: str
    title: str
    result: CriterionResult
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A version of the mappings, by (source, target)."""

    version: int
    window: Window
    source: str
    mappings: Mapping[tuple[str, str], CriterionMapping]
    open_cells: tuple[str, ...]
    """What is known to be missing."""

    def read_along(
        self, evidence: Evidence, path: Sequence[str], catalogue: SchemeCatalogue, *, at_s: int
    ) -> Reading:
        """Evidence read from criterion to criterion; the path begins after the evidence's own.

        Raises:
            InputError: ``claims.no_mapping``, ``claims.chain_long``, ``claims.unknown_criterion``.
            VerificationError: ``claims.crosswalk_not_in_force``.
        """
        if not self.window.holds_at(at_s):
            raise VerificationError(
                "claims.crosswalk_not_in_force", f"crosswalk {self.version} is not in force"
            )
        if len(path) > MAX_CHAIN:
            raise InputError("claims.chain_long", f"at most {MAX_CHAIN} mappings in a chain")
        fits = _fits(evidence, evidence.criterion, catalogue)
        start = Reading(
            evidence=evidence,
            criterion=evidence.criterion,
            result=evidence.result if fits else _at_most_partial(evidence.result),
            strength=Strength.EQUAL,
            checked=True,
            fits=fits,
            path=(evidence.criterion,),
            crosswalk_version=self.version,
        )
        return reduce(lambda reading, target: self._step(reading, target, catalogue), path, start)

    def _step(self, reading: Reading, target: str, catalogue: SchemeCatalogue) -> Reading:
        mapping = self.mappings.get((reading.criterion, target))
        if mapping is None:
            raise InputError(
                "claims.no_mapping", f"{reading.criterion} is not mapped to {target[:60]}"
            )
        fits = reading.fits and _fits(reading.evidence, target, catalogue)
        strength = min(reading.strength, mapping.strength)
        capped = strength is Strength.PARTIAL or not fits
        return Reading(
            reading.evidence,
            target,
            _at_most_partial(reading.result) if capped else reading.result,
            strength,
            reading.checked and mapping.checked,
            fits,
            (*reading.path, target),
            self.version,
        )

    def view(
        self,
        scheme: str,
        version: str,
        evidence: Iterable[Evidence],
        catalogue: SchemeCatalogue,
        *,
        at_s: int,
    ) -> tuple[ViewLine, ...]:
        """All criteria of a scheme's version, each with what speaks to it directly or over one
        mapping; more evidence never raises a line.

        Raises:
            InputError: ``claims.unknown_scheme``, ``claims.unknown_version``,
                ``claims.unknown_criterion``.
            VerificationError: ``claims.crosswalk_not_in_force``.
        """
        found = tuple(evidence)
        lines = []
        for criterion, title in catalogue.scheme_version(scheme, version).criteria.items():
            readings = tuple(
                self.read_along(each, path, catalogue, at_s=at_s)
                for each in found
                for path in self._paths(each.criterion, criterion)
            )
            results = [each.result for each in readings] or [CriterionResult.NOT_ASSESSED]
            weakest = min(results, key=lambda each: each.rank)
            lines.append(ViewLine(criterion, title, weakest, readings))
        return tuple(lines)

    def _paths(self, source: str, target: str) -> tuple[tuple[str, ...], ...]:
        if source == target:
            return ((),)
        return ((target,),) if (source, target) in self.mappings else ()


def require_claim(reading: Reading, claimed_for: Subject) -> None:
    """A reading may be claimed for its own subject alone, and only under a criterion that fits.

    Raises:
        VerificationError: ``claims.other_subject``, ``claims.other_site``,
            ``claims.other_identifier``, ``claims.not_fully_met``.
    """
    require_subject(reading.evidence.subject, claimed_for)
    if not reading.fits:
        raise VerificationError("claims.other_subject", "the criterion is about other subjects")
    if reading.result is not CriterionResult.FULLY:
        raise VerificationError("claims.not_fully_met", f"the criterion is {reading.result.value}")


def load_crosswalk(octets: bytes, catalogue: SchemeCatalogue) -> Crosswalk:
    """A crosswalk of its data file; every pair of a row's cells of two schemes is a mapping.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.unknown_criterion``,
            ``claims.mapping_twice``, ``claims.mapping_cell`` of an equal pair outside its row.
    """
    data = fields.document(octets, SCHEMA)
    fields.only(data, "schema", "version", "starts", "source", "rows")
    mappings: dict[tuple[str, str], CriterionMapping] = {}
    open_cells: list[str] = []
    for row in fields.records(data, "rows"):
        for mapping in _row(row, catalogue):
            pair = (mapping.source, mapping.target)
            if pair in mappings:
                raise InputError("claims.mapping_twice", f"{pair[0]} is mapped twice to {pair[1]}")
            mappings[pair] = mapping
        open_cells += fields.texts(row, "open")
    return Crosswalk(
        fields.integer(data, "version"),
        Window.of_days(fields.text(data, "starts"), "9998-12-31"),
        fields.text(data, "source"),
        mappings,
        tuple(open_cells),
    )


def _row(row: Record, catalogue: SchemeCatalogue) -> list[CriterionMapping]:
    fields.only(row, "topic", "sdg", "cells", "equal", "open")
    topic = fields.text(row, "topic")
    checked = {
        fields.text(cell, "criterion"): fields.flag(cell, "checked", default=False)
        for cell in fields.records(row, "cells")
    }
    scheme = {criterion: catalogue.version_of(criterion).scheme for criterion in checked}
    equal = _equal_pairs(row, frozenset(checked))
    return [
        CriterionMapping(
            source,
            target,
            Strength.EQUAL if (source, target) in equal else Strength.PARTIAL,
            checked[source] and checked[target],
            topic,
        )
        for source, target in permutations(checked, 2)
        if scheme[source] != scheme[target]
    ]


def _equal_pairs(row: Record, cells: frozenset[str]) -> set[tuple[str, str]]:
    """Pairs stated as equal: in the direction that is stated, not in the other."""
    found = row.get("equal", [])
    if not isinstance(found, list):
        raise InputError("claims.data_field", "equal has to be a list of pairs")
    pairs = set()
    for pair in found:
        if not isinstance(pair, list) or len(pair) != 2:
            raise InputError("claims.data_field", "equal has to be a list of pairs")
        source, target = pair
        if not (isinstance(source, str) and isinstance(target, str) and {source, target} <= cells):
            raise InputError("claims.mapping_cell", "an equal pair is not in its row")
        pairs.add((source, target))
    return pairs


def _fits(evidence: Evidence, criterion: str, catalogue: SchemeCatalogue) -> bool:
    scheme = catalogue.scheme(catalogue.version_of(criterion).scheme)
    return scheme.subject is evidence.subject.kind


def _at_most_partial(result: CriterionResult) -> CriterionResult:
    return CriterionResult.PARTIALLY if result is CriterionResult.FULLY else result
