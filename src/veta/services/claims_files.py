"""Files that claims are judged by or about: licences, scheme numbers, values, evidence, findings.

All of them are the word of whoever made the file; nothing in them is on the chain. An unknown
member, a name that is given twice and a value of another kind are refused (docs/operations/claims).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from veta import canonical
from veta.canonical import JsonValue
from veta.claims import fields, shipped
from veta.claims.criteria import Assessment
from veta.claims.crosswalk import Evidence
from veta.claims.fields import Record
from veta.claims.grammar import Licence
from veta.claims.indicators import IndicatorValue
from veta.claims.schemes import SCHEMA as SCHEMES
from veta.claims.schemes import SchemeCatalogue, load_schemes
from veta.claims.subjects import Subject, kind_of
from veta.claims.windows import Window
from veta.custody.models import model_of
from veta.errors import InputError
from veta.model.criteria import CriterionFinding, CriterionResult, ImprovementPlan

LICENCES: Final = "veta-licences/1"
SCHEME_NUMBERS: Final = "veta-scheme-numbers/1"
VALUES: Final = "veta-indicator-values/1"
LISTS: Final = "veta-place-lists/1"
EVIDENCE: Final = "veta-evidence/1"
ASSESSMENT: Final = "veta-assessment/1"
_OFFSET: Final = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SchemeNumber:
    """Which scheme of the catalogue a number of the chain is, by a network's own file."""

    scheme: int
    name: str
    """As registered on the chain: a file of another network fits no scheme of this one."""
    slug: str


@dataclass(frozen=True, slots=True)
class NetworkSchemes:
    """The catalogue to go by, and what the chain's numbers are in it."""

    catalogue: SchemeCatalogue
    numbers: Mapping[int, SchemeNumber] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubjectValues:
    """Indicator values of one subject."""

    subject: Subject
    values: Mapping[str, IndicatorValue]


def day_s(text: str) -> int:
    """First second of a day, UTC.

    Raises:
        InputError: ``claims.day``.
    """
    return Window.of_days(text, text).from_s


def read_schemes(*files: bytes) -> NetworkSchemes:
    """Schemes beside the shipped ones (``veta-schemes/1``) and the chain's numbers of schemes
    (``veta-scheme-numbers/1``), in any order.

    Raises:
        InputError: as ``load_schemes``; ``claims.unknown_scheme`` of a slug that no file describes,
            ``claims.scheme_twice`` also of one that bears a shipped scheme's name.
    """
    own: list[bytes] = []
    numbers: dict[int, SchemeNumber] = {}
    for octets in files:
        if canonical.read_object(octets).get("schema") == SCHEMES:
            own.append(octets)
            continue
        data = fields.document(octets, SCHEME_NUMBERS)
        fields.only(data, "schema", "schemes")
        for record in fields.records(data, "schemes"):
            fields.only(record, "scheme", "name", "slug")
            each = SchemeNumber(
                fields.integer(record, "scheme"),
                fields.text(record, "name"),
                fields.text(record, "slug"),
            )
            if each.scheme in numbers:
                raise InputError("claims.scheme_twice", f"scheme {each.scheme} stands there twice")
            numbers[each.scheme] = each
    catalogue = load_schemes(shipped.octets("schemes.json"), *own)
    _require_own_names(catalogue)
    for each in numbers.values():
        catalogue.scheme(each.slug)
    return NetworkSchemes(catalogue, numbers)


def _require_own_names(catalogue: SchemeCatalogue) -> None:
    """No scheme of a file bears the name of a shipped one: a label would show another's mark."""
    shown = shipped.schemes().schemes
    names = "|".join(re.escape(each.name.casefold()) for each in shown.values())
    taken = re.compile(rf"\b(?:{names})\b")
    for slug, scheme in catalogue.schemes.items():
        if slug in shown:
            continue
        for text in (scheme.name, *scheme.levels):
            if taken.search(unicodedata.normalize("NFKC", text).casefold()):
                raise InputError("claims.scheme_twice", f"{slug} bears another scheme's name")


def read_licences(octets: bytes) -> tuple[Licence, ...]:
    """Licences to show marks (``veta-licences/1``): a stand-in for anchored statements.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.day``, ``claims.zone``,
            ``claims.window_order``, ``custody.unknown_model``.
    """
    data = fields.document(octets, LICENCES)
    fields.only(data, "schema", "licences")
    licences = tuple(_licence(each) for each in fields.records(data, "licences"))
    if len({each.identifier for each in licences}) != len(licences):
        raise InputError("claims.data_field", "a licence stands there twice")
    return licences


def _licence(record: Record) -> Licence:
    fields.only(
        record, "id", "scheme", "site", "models", "first", "last", "first_offset", "last_offset"
    )
    return Licence(
        identifier=fields.text(record, "id"),
        scheme=fields.text(record, "scheme"),
        site=str(fields.integer(record, "site")),
        models=frozenset(model_of(each) for each in fields.texts(record, "models")),
        window=Window.of_days(
            fields.text(record, "first"),
            fields.text(record, "last"),
            from_offset_s=offset_s(fields.text(record, "first_offset", "+00:00")),
            until_offset_s=offset_s(fields.text(record, "last_offset", "+00:00")),
        ),
    )


def offset_s(text: str) -> int:
    """Seconds east of UTC of ``-03:00``.

    Raises:
        InputError: ``claims.zone``.
    """
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[3]) >= 60:
        raise InputError("claims.zone", "an offset is written -03:00")
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds


def read_values(octets: bytes) -> SubjectValues:
    """Indicator values of one subject (``veta-indicator-values/1``).

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.indicator_twice``,
            ``claims.unknown_subject``.
    """
    data = fields.document(octets, VALUES)
    fields.only(data, "schema", "subject", "values")
    values: dict[str, IndicatorValue] = {}
    for record in fields.records(data, "values"):
        fields.only(record, "indicator", "value", "unit")
        name = fields.text(record, "indicator")
        if name in values:
            raise InputError("claims.indicator_twice", f"{name[:60]} has two values")
        values[name] = IndicatorValue(_value(record), fields.text(record, "unit", ""))
    return SubjectValues(_subject(data), values)


def _value(record: Record) -> int | bool | str | tuple[str, ...] | None:
    found = record.get("value")
    if found is None or isinstance(found, bool | int | str):
        return found
    return fields.texts(record, "value")


def read_lists(octets: bytes) -> dict[str, frozenset[str]]:
    """The reader's own lists of places (``veta-place-lists/1``), by name.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``.
    """
    data = fields.document(octets, LISTS)
    fields.only(data, "schema", "lists")
    lists: dict[str, frozenset[str]] = {}
    for record in fields.records(data, "lists"):
        fields.only(record, "name", "places")
        name = fields.text(record, "name")
        if name in lists:
            raise InputError("claims.data_field", f"list {name[:60]!r} stands there twice")
        lists[name] = frozenset(fields.texts(record, "places"))
    return lists


def read_evidence(octets: bytes) -> tuple[Evidence, ...]:
    """Results as they were assessed (``veta-evidence/1``), each under its own criterion.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.unknown_subject``.
    """
    data = fields.document(octets, EVIDENCE)
    fields.only(data, "schema", "evidence")
    found = tuple(_evidence(each) for each in fields.records(data, "evidence"))
    if not found or len({each.identifier for each in found}) != len(found):
        raise InputError("claims.data_field", "there is no evidence, or one of it twice")
    return found


def _evidence(record: Record) -> Evidence:
    fields.only(record, "id", "subject", "criterion", "result")
    return Evidence(
        fields.text(record, "id"),
        _subject(record),
        fields.text(record, "criterion"),
        _result(record),
    )


def read_assessment(octets: bytes) -> Assessment:
    """An assessor's findings (``veta-assessment/1``); a plan is late from the day after ``due``.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.day``, ``claims.unknown_subject``.
    """
    data = fields.document(octets, ASSESSMENT)
    fields.only(data, "schema", "subject", "scheme", "version", "assessed", "findings")
    return Assessment(
        _subject(data),
        fields.text(data, "scheme"),
        fields.text(data, "version"),
        day_s(fields.text(data, "assessed")),
        tuple(_finding(each) for each in fields.records(data, "findings")),
    )


def _finding(record: Record) -> CriterionFinding:
    fields.only(record, "criterion", "result", "plan")
    plan = record.get("plan")
    if plan is not None and not isinstance(plan, dict):
        raise InputError("claims.data_field", "plan has to be an object")
    return CriterionFinding(
        fields.text(record, "criterion"), _result(record), None if plan is None else _plan(plan)
    )


def _plan(record: Record) -> ImprovementPlan:
    fields.only(record, "id", "due", "closed")
    due, closed = fields.text(record, "due"), fields.text(record, "closed", "")
    return ImprovementPlan(
        fields.text(record, "id"),
        Window.of_days(due, due).until_s,
        day_s(closed) if closed else None,
    )


def _result(record: Record) -> CriterionResult:
    word = fields.text(record, "result")
    if word not in set(CriterionResult):
        words = ", ".join(CriterionResult)
        raise InputError("claims.data_field", f"result has to be one of {words}")
    return CriterionResult(word)


def _subject(record: Record) -> Subject:
    found: JsonValue = record.get("subject")
    if not isinstance(found, dict):
        raise InputError("claims.data_field", "subject has to be an object")
    fields.only(found, "kind", "id")
    return Subject(kind_of(fields.text(found, "kind")), fields.text(found, "id"))
