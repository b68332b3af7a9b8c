"""Text as an eye reads it: one spelling for look-alikes, for words that hide from a list.

Compatibility forms, case, accents, invisible characters, Cyrillic and Greek letters that look
Latin, digits for letters, words pulled apart or pushed together: each is folded to the same tokens,
and every token remembers where it stands in the text (Unicode TR 39, skeletons, in small).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

_PAIRS: Final = (
    "АAВBСCЕEНHІIЈJКKМMОOРPЅSТTХXУYԌGԚQԜWѴVӀIГRПNЗ3ЬB"  # Cyrillic capitals
    "аaвbсcԁdеeғfһhіiјjкkӏlмmнhпnоoрpԛqгrѕsтtуyхxѵvѡwԝwьbԍgиuгr"  # and small letters
    "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXΣE"  # Greek capitals
    "αaβbγyεeζzηnιiκkμuνvοoρpτtυuχxωwσoςsϲcϳj"  # and small letters
    "ᎪAᏴBᏟCᎠDᎬEᏀGᎻHᎫJᏦKᏞLᎷMᏢPᎡRᏚSᎢTᏙVᎳWᏃZ"  # Cherokee
    "օoսuհhոnԁdցgյjѕsɑaɩiƖlǀl"  # Armenian and some Latin ones
)
_LOOK_ALIKES: Final[Mapping[str, str]] = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_LETTER: Final = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL) LETTER (?:[A-Z]+ )*([A-Z])(?: WITH .*)?"
    r"|LATIN LETTER SMALL CAPITAL ([A-Z])"
    r"|.*(?:CIRCLED|SQUARED) LATIN CAPITAL LETTER ([A-Z])"
    r"|REGIONAL INDICATOR SYMBOL LETTER ([A-Z]))"
)
_AS_LETTERS: Final = str.maketrans("0134578l|!@$€£¢+", "oieastbiiiaseict")
_SYMBOL_LETTERS: Final = frozenset("|!@$€£¢+")
_RAISED: Final = frozenset("¹²³⁰⁴⁵⁶⁷⁸⁹")
"""Digits of footnotes; that of CO² is part of its word."""
_UNITS: Final = frozenset("µμΩΩ")
"""Letters of other scripts that stand in units."""


@dataclass(frozen=True, slots=True)
class Token:
    """A folded word, and the part of the text that it came from."""

    word: str
    start: int
    end: int


def fold(text: str) -> str:
    """A text in folded letters and digits, one space between words."""
    return " ".join(token.word for token in tokens(text))


def tokens(text: str, *, disguised: bool = False) -> tuple[Token, ...]:
    """The words of a text, folded.

    Args:
        text: as it came.
        disguised: read digits and signs as the letters they resemble (``gr33n``, ``c@rbon``), and
            i for l, on both sides of a comparison.
    """
    found: list[Token] = []
    word, start, end = "", 0, 0
    for index, letter in _letters(text, disguised=disguised):
        footnote = text[index] in _RAISED and not (text[index] == "²" and word.endswith("co"))
        if letter == " " or footnote:
            if word:
                found.append(Token(word, start, end))
            word = ""
            continue
        start = start if word else index
        word, end = word + letter, index + 1
    return (*found, Token(word, start, end)) if word else tuple(found)


def disguise(word: str) -> str:
    """How a folded word looks where digits and signs stand for letters."""
    return word.translate(_AS_LETTERS)


def scripts(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each word of the text as it came, and the scripts of its letters (``LATIN``, ``GREEK``)."""
    for word in re.findall(r"\w+", _without_invisible(text)):
        letters = (each for each in unicodedata.normalize("NFKC", word) if each.isalpha())
        yield word, frozenset(_script(each) for each in letters if each not in _UNITS)


def _letters(text: str, *, disguised: bool) -> Iterator[tuple[int, str]]:
    for index, character in enumerate(text):
        for letter in _folded(character):
            if disguised and letter in _SYMBOL_LETTERS:
                yield index, disguise(letter)
            elif letter.isalnum():
                yield index, disguise(letter) if disguised else letter
            else:
                yield index, " "


@cache
def _folded(character: str) -> str:
    """What one character reads as; nothing for what is not seen."""
    if _invisible(character):
        return ""
    if character in "'’`´ʼ":
        return ""
    if character in "™℠®©":
        return " "
    out = []
    for part in unicodedata.normalize("NFKD", character):
        if unicodedata.combining(part) or _invisible(part):
            continue
        named = _LETTER.fullmatch(unicodedata.name(part, ""))
        plain = _LOOK_ALIKES.get(part) or _LOOK_ALIKES.get(part.lower(), part)
        if named is not None:
            plain = next(each for each in named.groups() if each)
        out.append(plain.casefold())
    return "".join(out)


def _invisible(character: str) -> bool:
    """Format characters, variation selectors, fillers: nothing that an eye sees."""
    if unicodedata.category(character) in {"Cf", "Mn", "Me", "Cs", "Co", "Cn"}:
        return True
    return character in "\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5"


def _without_invisible(text: str) -> str:
    return "".join(each for each in text if not _invisible(each))


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def expand(pattern: str) -> Iterator[str]:
    """Every spelling of a pattern: ``{a|b}`` is a or b, ``ä ö ü`` also ``ae oe ue``."""
    for spelling in _alternatives(pattern):
        yield spelling
        yield spelling.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")


def _alternatives(pattern: str) -> Iterator[str]:
    head, brace, rest = pattern.partition("{")
    if not brace:
        yield pattern
        return
    choices, _, tail = rest.partition("}")
    for choice in choices.split("|"):
        for end in _alternatives(tail):
            yield f"{head}{choice}{end}"
