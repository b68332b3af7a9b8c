"""The list of words as data: rules with their sources, spellings, honest uses (``words.json``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims import fields
from veta.claims.fields import Record
from veta.claims.folding import Token, disguise, expand, fold
from veta.claims.windows import Window
from veta.errors import InputError

SCHEMA: Final = "veta-words/1"
_DIGITS: Final = "0123456789"
_LONGEST: Final = 60
"""Letters of the longest spelling that is looked for."""
_LANGUAGES: Final = ("en", "es", "de")


@dataclass(frozen=True, slots=True)
class WordRule:
    """Why a word is refused."""

    identifier: str
    source: str
    """Act and place; what was not read again carries [R]."""
    checked: bool
    fix: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Spellings and what each stands for, to be found in a run of words."""

    whole: Mapping[str, str]
    stems: Mapping[str, str]
    begun: frozenset[str]
    """All beginnings of all spellings: a run that begins none is not followed further."""

    def hits(self, found: tuple[Token, ...]) -> Iterator[tuple[int, int, str]]:
        """(first, last, entry): the longest spelling from each word on, gaps not counted."""
        for first in range(len(found)):
            run, best = "", None
            for last in range(first, len(found)):
                before, run = len(run), run + found[last].word
                entry = self._whole(run) or self._stem(run, before)
                best = (first, last, entry) if entry else best
                if run not in self.begun and run.strip(_DIGITS) not in self.begun:
                    break
            if best is not None:
                yield best

    def _whole(self, run: str) -> str | None:
        """The entry of a run; numbers of footnotes at its ends are no part of it."""
        return self.whole.get(run) or self.whole.get(run.strip(_DIGITS))

    def _stem(self, run: str, before: int) -> str | None:
        for size in range(before + 1, min(len(run), _LONGEST) + 1):
            if run[:size] in self.stems:
                return self.stems[run[:size]]
        return None


@dataclass(frozen=True, slots=True)
class WordList:
    """A version of the list, ready to match."""

    version: int
    window: Window
    rules: Mapping[str, WordRule]
    terms: Lexicon
    disguised: Lexicon
    honest: Lexicon
    rule_of: Mapping[str, str]
    colours: Mapping[str, str]
    """Folded colour: language that it belongs to."""
    goods: frozenset[str]
    symbols: frozenset[str]
    markers: Lexicon
    past: Lexicon
    topics: Lexicon
    before_years: frozenset[str]


def load_words(octets: bytes) -> WordList:
    """A word list of its data file.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.word_rule`` of a term.
    """
    data = fields.document(octets, SCHEMA)
    rules = {each.identifier: each for each in map(_rule, fields.records(data, "rules"))}
    patterns: dict[str, str] = {}
    for record in fields.records(data, "terms"):
        fields.only(record, "rule", "language", "terms")
        if fields.text(record, "rule") not in rules:
            raise InputError("claims.word_rule", "a term names a rule that is not there")
        patterns |= {each: fields.text(record, "rule") for each in fields.texts(record, "terms")}
    patterns |= dict.fromkeys(_joined(data), "generic")
    honest = [each for record in fields.records(data, "honest") for each in _terms(record)]
    future, colours = _object(data, "future"), _object(data, "colours")
    return WordList(
        version=fields.integer(data, "version"),
        window=Window.of_days(fields.text(data, "starts"), "9998-12-31"),
        rules=rules,
        terms=_lexicon(patterns),
        disguised=_lexicon(patterns, disguised=True),
        honest=_lexicon(honest),
        rule_of=patterns,
        colours={
            word: language
            for language in _LANGUAGES
            for word in _spellings(fields.texts(colours, language))
        },
        goods=frozenset(_spellings(fields.texts(data, "goods"))),
        symbols=frozenset(fields.texts(data, "symbols")),
        markers=_lexicon(fields.texts(future, "markers")),
        past=_lexicon(fields.texts(future, "past")),
        topics=_lexicon(fields.texts(future, "topics")),
        before_years=frozenset(_spellings(fields.texts(future, "before_years"))),
    )


def _rule(record: Record) -> WordRule:
    fields.only(record, "id", "source", "checked", "fix")
    return WordRule(
        fields.text(record, "id"),
        fields.text(record, "source"),
        fields.flag(record, "checked", default=False),
        fields.text(record, "fix"),
    )


def _joined(data: Record) -> Iterator[str]:
    """Colours and goods in one word: ``greencopper``, ``Grünkupfer``, ``cobreverde``."""
    joined = _object(data, "joined")
    for goods in fields.texts(data, "goods"):
        yield from (each + goods for each in fields.texts(joined, "before_goods"))
        yield from (goods + each for each in fields.texts(joined, "after_goods"))


def _terms(record: Record) -> tuple[str, ...]:
    fields.only(record, "why", "terms")
    return fields.texts(record, "terms")


def _object(record: Record, name: str) -> Record:
    value = record.get(name)
    if not isinstance(value, dict):
        raise InputError("claims.data_field", f"{name} has to be an object")
    return value


def _spellings(patterns: Iterable[str]) -> set[str]:
    return {fold(each).replace(" ", "") for pattern in patterns for each in expand(pattern)}


def _lexicon(patterns: Iterable[str], *, disguised: bool = False) -> Lexicon:
    whole: dict[str, str] = {}
    stems: dict[str, str] = {}
    for pattern in patterns:
        bare = pattern.removesuffix("*")
        for spelling in _spellings([bare]):
            target = whole if bare == pattern else stems
            target[disguise(spelling) if disguised else spelling] = pattern
    begun = frozenset(each[:size] for each in (*whole, *stems) for size in range(len(each) + 1))
    return Lexicon(whole, stems, begun)
