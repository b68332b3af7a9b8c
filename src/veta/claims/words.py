"""Words that may not stand on a label, in three languages, and where honest uses end.

Directive (EU) 2024/825 changes Directive 2005/29/EC: no generic environmental claim, no neutrality
by offsets, no sustainability label without a certification scheme, no claim about the future
without a plan. The list is data with a version and a start (``words.json``); this module matches.

The line that is drawn (docs/adr/0241): in free text a listed word is refused wherever it stands,
negated or not, unless it is part of a listed honest compound (``greenfield``) or of a registered
name. A registered name may hold a colour (``Green Valley``, ``Cerro Verde``, ``Grün``), for those
are places and families, but not in front of goods (``Green Copper``), and none of the other words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from veta.claims.folding import Token, scripts, tokens
from veta.claims.lexicon import WordList, WordRule
from veta.claims.subjects import SubjectKind
from veta.errors import InputError

MAX_TEXT: Final = 2_000
MAX_NAME: Final = 120
OFFSET, GENERIC, LABEL, FUTURE = "offset", "generic", "label", "future"
_YEAR: Final = re.compile(r"20\d\d|21\d\d")


@dataclass(frozen=True, slots=True)
class WordFinding:
    """One word that may not stand, as it was written."""

    excerpt: str
    term: str
    """The word of the list that it reads as."""
    rule: WordRule

    @property
    def code(self) -> str:
        """``claims.word_offset``, ``_generic``, ``_label`` or ``_future``."""
        return f"claims.word_{self.rule.identifier}"


@dataclass(frozen=True, slots=True)
class FuturePlan:
    """What a claim about the future rests on (Directive 2005/29/EC, Article 6(2)(d))."""

    identifier: str
    public: bool
    measurable: bool
    """Measurable, time-bound targets."""
    resourced: bool
    verifier: str
    """Independent expert; empty: none."""
    rests_on_offsets: bool

    @property
    def holds(self) -> bool:
        """Whether a future claim may be made on it."""
        return (
            self.public
            and self.measurable
            and self.resourced
            and bool(self.verifier)
            and not self.rests_on_offsets
        )


@dataclass(frozen=True, slots=True)
class WordContext:
    """Where a text stands.

    Attributes:
        subject: what the text speaks of.
        names: registered names of members, sites and brands that it may hold.
        scheme_names: names of schemes in the catalogue.
        marked: whether a certification scheme's mark stands beside it under a living licence.
        plan: for claims about the future.
        year: of issue; a later year in the text is the future. None: every year is.
    """

    subject: SubjectKind = SubjectKind.LOT
    names: tuple[str, ...] = ()
    scheme_names: tuple[str, ...] = ()
    marked: bool = False
    plan: FuturePlan | None = None
    year: int | None = None


def find_words(text: str, context: WordContext, words: WordList) -> tuple[WordFinding, ...]:
    """Every word of a free text that may not stand where it stands, in the text's order.

    Raises:
        InputError: ``claims.text_long`` above 2,000 characters, ``claims.mixed_script`` where no
            word was found but letters of another script stand in the text, ``claims.name_form`` and
            ``claims.word_*`` of a registered name that is no name.
    """
    if len(text) > MAX_TEXT:
        raise InputError("claims.text_long", f"a text on a label has at most {MAX_TEXT} characters")
    plain = tokens(text)
    spared = _spared(plain, context, words)
    found = {
        (plain[first].start, plain[last].end): term
        for first, last, term in words.terms.hits(plain)
        if not _inside((first, last), spared)
    }
    found |= _disguised(text, found, words)
    future = _future(plain, found, context, words)
    found = {span: term for span, term in found.items() if not _allowed(term, context, words)}
    if future is not None and not (_plan_holds(context)):
        found[future] = text[slice(*future)]
    findings = [_finding(text, span, term, future, words) for span, term in sorted(found.items())]
    findings += [
        WordFinding(each, each, words.rules[GENERIC]) for each in text if each in words.symbols
    ]
    if not findings and any(kinds - {"LATIN"} for word, kinds in scripts(text) if len(word) > 1):
        raise InputError("claims.mixed_script", "a text on a label is in Latin letters")
    return tuple(findings)


def require_words(text: str, context: WordContext, words: WordList) -> None:
    """Refuse a text with a word that may not stand; the message names word, source and remedy.

    Raises:
        InputError: ``claims.word_offset``, ``claims.word_generic``, ``claims.word_label``,
            ``claims.word_future``, and as ``find_words``.
    """
    for each in find_words(text, context, words):
        raise InputError(
            each.code, f"“{each.excerpt}” may not stand here: {each.rule.source}. {each.rule.fix}"
        )


def require_name(name: str, words: WordList, *, scheme: bool = False) -> None:
    """Refuse a registered name that is no name, or that is a claim.

    Args:
        name: of a member, a site, a brand or a scheme.
        words: the list.
        scheme: a scheme's name may say what schemes are about (``Responsible Metals Mark``).

    Raises:
        InputError: ``claims.name_form`` where it is empty, long, or holds a per cent sign or what
            is not seen (control, format, direction); ``claims.word_*`` of a colour in front of
            goods and of any other word; ``claims.mixed_script`` where a word mixes scripts.
    """
    hidden = any(unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} for each in name)
    if (
        hidden
        or not name.strip()
        or len(name) > MAX_NAME
        or "%" in unicodedata.normalize("NFKC", name)
    ):
        raise InputError("claims.name_form", "a name is 1 to 120 characters that can be seen")
    for start, end, term in _claims_of_name(name, words):
        rule = words.rules[words.rule_of[term]]
        if not (scheme and rule.identifier == LABEL):
            raise InputError(
                f"claims.word_{rule.identifier}",
                f"“{name[start:end]}” in a name is a claim: {rule.source}. {rule.fix}",
            )
    if any(len(kinds) > 1 for _, kinds in scripts(name)) or words.symbols & set(name):
        raise InputError("claims.mixed_script", "a word of a name is in letters of one script")


def _claims_of_name(name: str, words: WordList) -> Iterator[tuple[int, int, str]]:
    """(start, end, term) of what says more than a name: colours of places are left out."""
    plain = tokens(name)
    spans: dict[tuple[int, int], str] = {}
    for first, last, term in words.terms.hits(plain):
        start, end = plain[first].start, plain[last].end
        spans[start, end] = term
        word = "".join(token.word for token in plain[first : last + 1])
        if word not in words.colours or _says_of_goods(plain, first, last, words):
            yield start, end, term
    for (start, end), term in _disguised(name, spans, words).items():
        yield start, end, term


def _says_of_goods(plain: tuple[Token, ...], first: int, last: int, words: WordList) -> bool:
    """A colour says something of goods before them, in Spanish behind them; in Spanish also before
    them where nothing else stands in front that it could belong to (``Verde Cobre``).
    """
    spanish = words.colours["".join(each.word for each in plain[first : last + 1])] == "es"
    behind = last + 1 < len(plain) and plain[last + 1].word in words.goods
    if not spanish or first == 0:
        return behind
    return plain[first - 1].word in words.goods


def _spared(
    plain: tuple[Token, ...], context: WordContext, words: WordList
) -> list[tuple[int, int]]:
    """Runs of words that are honest compounds or registered names."""
    spared = [(first, last) for first, last, _ in words.honest.hits(plain)]
    named = [(name, False) for name in context.names]
    for name, scheme in (*named, *((each, True) for each in context.scheme_names)):
        require_name(name, words, scheme=scheme)
        parts = [token.word for token in tokens(name)]
        if not parts:
            continue
        spared += [
            (first, first + len(parts) - 1)
            for first in range(len(plain) - len(parts) + 1)
            if [token.word for token in plain[first : first + len(parts)]] == parts
        ]
    return spared


def _inside(run: tuple[int, int], spared: Iterable[tuple[int, int]]) -> bool:
    return any(first <= run[0] and run[1] <= last for first, last in spared)


def _disguised(
    text: str, found: Mapping[tuple[int, int], str], words: WordList
) -> dict[tuple[int, int], str]:
    """Words in which digits or signs stand for letters, where nothing plain was found."""
    hidden = tokens(text, disguised=True)
    spans: dict[tuple[int, int], str] = {}
    for first, last, term in words.disguised.hits(hidden):
        start, end = hidden[first].start, hidden[last].end
        new = all(end <= begin or stop <= start for begin, stop in found)
        if new and any(not each.isalpha() and not each.isspace() for each in text[start:end]):
            spans[start, end] = term
    return spans


def _future(
    plain: tuple[Token, ...],
    found: Mapping[tuple[int, int], str],
    context: WordContext,
    words: WordList,
) -> tuple[int, int] | None:
    """What speaks of the future, in a text that holds a listed word or an environmental topic."""
    past = [(first, last) for first, last, _ in words.past.hits(plain)]
    marks = [(first, last) for first, last, _ in words.markers.hits(plain)]
    marks += [
        (index, index + 1)
        for index in range(len(plain) - 1)
        if plain[index].word in words.before_years and _is_ahead(plain[index + 1].word, context)
    ]
    marks = [run for run in marks if not any(first <= run[0] <= last for first, last in past)]
    topics = [plain[first].start for first, _, _ in words.topics.hits(plain)]
    topics += [start for start, _ in found]
    if not marks or not topics:
        return None
    first, last = marks[0]
    return plain[first].start, plain[last].end


def _is_ahead(word: str, context: WordContext) -> bool:
    """Whether a word is a year after that of issue."""
    year = _YEAR.fullmatch(word)
    return year is not None and (context.year is None or int(word) > context.year)


def _plan_holds(context: WordContext) -> bool:
    plan = context.plan
    return plan is not None and plan.holds and context.subject is not SubjectKind.LOT


def _allowed(term: str, context: WordContext, words: WordList) -> bool:
    """Whether a listed word may stand all the same: beside a mark, or in a plan of a company."""
    rule = words.rule_of[term]
    return (rule == LABEL and context.marked) or (rule == OFFSET and _plan_holds(context))


def _finding(
    text: str,
    span: tuple[int, int],
    term: str,
    future: tuple[int, int] | None,
    words: WordList,
) -> WordFinding:
    identifier = FUTURE if span == future else words.rule_of[term]
    return WordFinding(text[slice(*span)], term, words.rules[identifier])
