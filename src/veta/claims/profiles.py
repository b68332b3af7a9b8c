"""Profiles: named sets of indicators that a buyer or a regulation asks for, answered line by line.

A profile is data with a version and a start. It is read against a catalogue of indicators: one that
asks for an indicator nobody knows is refused when it is loaded, not when a lot fails it. The answer
of a line is met, not met or no evidence; there is no sum of them. A profile of a law says which of
its lines were read in the act and which are to be checked ([R]); it is no legal advice.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims import fields
from veta.claims.fields import Record
from veta.claims.indicators import (
    IndicatorCatalogue,
    IndicatorValue,
    Value,
    ValueKind,
    kind_of_value,
)
from veta.claims.languages import Language
from veta.claims.policies import PolicyDates, read_dates
from veta.errors import InputError, VerificationError

SCHEMA: Final = "veta-profiles/1"
RECALLED: Final = " [R]"
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


class Answer(enum.StrEnum):
    """What evidence says to a line."""

    MET = "met"
    NOT_MET = "not_met"
    NO_EVIDENCE = "no_evidence"


class Demand(enum.StrEnum):
    """What a line asks of an indicator."""

    PRESENT = "present"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    EQUALS = "equals"
    NONE_OF = "none_of"
    """A list that shares nothing with a list of the reader's (conflict-affected places)."""


class ProfileKind(enum.StrEnum):
    """Who asks."""

    BUYER = "buyer"
    REGULATORY = "regulatory"


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One demand."""

    identifier: str
    indicator: str
    demand: Demand
    value: Value | None
    reference: str
    """Name of the reader's list, for ``none_of``."""
    source: str
    """Act and place; ends with [R] where it was not read again."""
    checked: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A version of a named set of demands."""

    name: str
    version: int
    kind: ProfileKind
    title: str
    dates: PolicyDates
    lines: tuple[ProfileLine, ...]
    countries: tuple[str, ...] = ()
    """ISO 3166-1 alpha-2 of where it is asked for; none: everywhere."""

    def applies_in(self, country: str) -> bool:
        """Whether it is asked for in a country."""
        return not self.countries or country in self.countries


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """The answer to one line."""

    line: ProfileLine
    answer: Answer
    found: Value | None


@dataclass(frozen=True, slots=True)
class ProfileAnswer:
    """All lines' answers, in the profile's order. It has no verdict of its own."""

    profile: Profile
    lines: tuple[AnswerLine, ...]

    def named(self, answer: Answer) -> tuple[str, ...]:
        """Lines that were answered so."""
        return tuple(each.line.identifier for each in self.lines if each.answer is answer)

    @property
    def findings(self) -> tuple[str, ...]:
        """What a policy decides on: ``claims.not_met:<line>``, ``claims.no_evidence:<line>``."""
        return tuple(
            f"claims.{each.answer.value}:{each.line.identifier}"
            for each in self.lines
            if each.answer is not Answer.MET
        )

    def require_all(self) -> None:
        """Refuse to say of the subject that it has all that the profile asks.

        Raises:
            VerificationError: ``claims.profile_not_met``; what lacks evidence is not met either.
        """
        if self.findings:
            raise VerificationError(
                "claims.profile_not_met", f"{self.profile.name}: {', '.join(self.findings)}"
            )


def load_profiles(octets: bytes, catalogue: IndicatorCatalogue) -> tuple[Profile, ...]:
    """Profiles of a data file (``profiles.json``), a buyer's or the shipped ones.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.unknown_indicator``,
            ``claims.line_twice``, ``claims.profile_twice``, ``claims.demand``, ``claims.day``,
            ``claims.enforce_before_report``.
    """
    data = fields.document(octets, SCHEMA)
    fields.only(data, "schema", "profiles")
    profiles = tuple(_profile(each, catalogue) for each in fields.records(data, "profiles"))
    if len({(each.name, each.version) for each in profiles}) != len(profiles):
        raise InputError("claims.profile_twice", "a version of a profile stands there twice")
    return profiles


def answer(
    profile: Profile,
    evidence: Mapping[str, IndicatorValue],
    catalogue: IndicatorCatalogue,
    lists: Mapping[str, frozenset[str]] | None = None,
) -> ProfileAnswer:
    """The profile's answer about one subject.

    Args:
        profile: what is asked.
        evidence: values by indicator, of the one subject that is asked about.
        catalogue: kinds and units.
        lists: the reader's own lists by name; without one that a line needs there is no evidence.

    Raises:
        InputError: ``claims.unknown_indicator``, ``claims.value_kind``, ``claims.other_unit``.
    """
    values = {name: catalogue.check(name, found) for name, found in evidence.items()}
    return ProfileAnswer(
        profile,
        tuple(_answer(line, values.get(line.indicator), lists or {}) for line in profile.lines),
    )


def _answer(
    line: ProfileLine, found: Value | None, lists: Mapping[str, frozenset[str]]
) -> AnswerLine:
    missing_list = line.demand is Demand.NONE_OF and line.reference not in lists
    if found is None or found in ("", ()) or missing_list:
        return AnswerLine(line, Answer.NO_EVIDENCE, found)
    met = _meets(line, found, lists)
    return AnswerLine(line, Answer.MET if met else Answer.NOT_MET, found)


def _meets(line: ProfileLine, found: Value, lists: Mapping[str, frozenset[str]]) -> bool:
    asked = line.value
    match line.demand:
        case Demand.AT_MOST:
            return isinstance(found, int) and isinstance(asked, int) and found <= asked
        case Demand.AT_LEAST:
            return isinstance(found, int) and isinstance(asked, int) and found >= asked
        case Demand.EQUALS:
            return found == asked
        case Demand.NONE_OF:
            return isinstance(found, tuple) and not set(found) & lists[line.reference]
        case _:
            return True


def _profile(record: Record, catalogue: IndicatorCatalogue) -> Profile:
    members = ("name", "version", "kind", "title", "report_from", "enforce_from", "lines")
    fields.only(record, *members, "countries")
    countries = fields.texts(record, "countries")
    if any(_COUNTRY.fullmatch(each) is None for each in countries):
        raise InputError("claims.data_field", "countries are two capital letters each")
    name, version = fields.text(record, "name"), fields.integer(record, "version")
    kind = fields.text(record, "kind")
    if kind not in set(ProfileKind):
        raise InputError("claims.data_field", "kind has to be buyer or regulatory")
    lines = tuple(_line(each, catalogue) for each in fields.records(record, "lines"))
    if not lines or len({each.identifier for each in lines}) != len(lines):
        raise InputError("claims.line_twice", f"{name} has no lines, or one of them twice")
    return Profile(
        name,
        version,
        ProfileKind(kind),
        fields.text(record, "title"),
        read_dates(record, name, version),
        lines,
        countries,
    )


def _line(record: Record, catalogue: IndicatorCatalogue) -> ProfileLine:
    fields.only(record, "id", "indicator", "demand", "value", "list", "source", "checked")
    indicator = catalogue.indicator(fields.text(record, "indicator"))
    demand = fields.text(record, "demand")
    if demand not in set(Demand):
        raise InputError("claims.demand", f"no demand {demand[:20]!r}")
    checked = fields.flag(record, "checked", default=False)
    line = ProfileLine(
        fields.text(record, "id"),
        indicator.identifier,
        Demand(demand),
        _value(record),
        fields.text(record, "list", ""),
        fields.text(record, "source") + ("" if checked else RECALLED),
        checked,
    )
    _require_sense(line, indicator.kind)
    return line


def _value(record: Record) -> Value | None:
    found = record.get("value")
    if found is None or isinstance(found, bool | int | str):
        return found
    return fields.texts(record, "value")


def _require_sense(line: ProfileLine, kind: ValueKind) -> None:
    """A demand fits its indicator, and has what it compares with."""
    bounds = {Demand.AT_MOST, Demand.AT_LEAST}
    if line.demand in bounds:
        fits = kind is ValueKind.NUMBER
    else:
        fits = line.demand is not Demand.NONE_OF or kind is ValueKind.LIST
    compares = line.demand in bounds | {Demand.EQUALS}
    same_kind = line.value is None or kind_of_value(line.value) is kind
    listed = bool(line.reference) == (line.demand is Demand.NONE_OF)
    if not (fits and same_kind and listed and compares == (line.value is not None)):
        raise InputError(
            "claims.demand", f"{line.identifier} asks what {line.indicator} cannot say"
        )


_ANSWERS: Final[Mapping[Language, Mapping[Answer, str]]] = {
    Language.ENGLISH: {
        Answer.MET: "met",
        Answer.NOT_MET: "not met",
        Answer.NO_EVIDENCE: "no evidence",
    },
    Language.SPANISH: {
        Answer.MET: "cumplido",
        Answer.NOT_MET: "no cumplido",
        Answer.NO_EVIDENCE: "sin evidencia",
    },
    Language.GERMAN: {
        Answer.MET: "erfüllt",
        Answer.NOT_MET: "nicht erfüllt",
        Answer.NO_EVIDENCE: "kein Nachweis",
    },
}


def answer_words(found: Answer, language: Language) -> str:
    """An answer in words."""
    return _ANSWERS[language][found]
