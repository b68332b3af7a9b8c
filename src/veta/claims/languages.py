"""How a reader of English, Spanish or German writes numbers and days. Integers only.

Shares are millionths (ppm) and are printed exactly, up to four decimals, never rounded: a share
that is rounded up claims metal that was not there (ISO 22095 3.3.3). Spanish is written as in Chile
and Spain: decimal comma, blank before the per cent sign.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from veta.errors import InputError

WHOLE_PPM: Final = 1_000_000
_NO_BREAK: Final = "\u00a0"
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class Language(enum.StrEnum):
    """Languages that sentences are built in, by ISO 639-1."""

    ENGLISH = "en"
    SPANISH = "es"
    GERMAN = "de"


_DECIMAL: Final[Mapping[Language, str]] = {
    Language.ENGLISH: ".",
    Language.SPANISH: ",",
    Language.GERMAN: ",",
}
_PERCENT: Final[Mapping[Language, str]] = {
    Language.ENGLISH: "%",
    Language.SPANISH: _NO_BREAK + "%",
    Language.GERMAN: _NO_BREAK + "%",
}
_DAY: Final[Mapping[Language, str]] = {
    Language.ENGLISH: "{day} {month} {year}",
    Language.SPANISH: "{day} de {month} de {year}",
    Language.GERMAN: "{day}. {month} {year}",
}
_AND: Final[Mapping[Language, str]] = {
    Language.ENGLISH: "and",
    Language.SPANISH: "y",
    Language.GERMAN: "und",
}
_MONTHS: Final[Mapping[Language, str]] = {
    Language.ENGLISH: "January February March April May June July August September October "
    "November December",
    Language.SPANISH: "enero febrero marzo abril mayo junio julio agosto septiembre octubre "
    "noviembre diciembre",
    Language.GERMAN: "Januar Februar März April Mai Juni Juli August September Oktober November "
    "Dezember",
}


def language_of(code: str) -> Language:
    """The language of its ISO 639-1 code.

    Raises:
        InputError: ``claims.unknown_language``.
    """
    try:
        return Language(code)
    except ValueError as error:
        raise InputError("claims.unknown_language", "sentences exist in en, es and de") from error


def share(ppm: int, language: Language) -> str:
    """A share with its per cent sign, exactly: 784000 is 78.4%.

    Raises:
        InputError: ``claims.share_range`` outside 0 to 1,000,000.
    """
    if not 0 <= ppm <= WHOLE_PPM:
        raise InputError("claims.share_range", "a share is 0 to 1,000,000 ppm")
    whole, rest = divmod(ppm, 10_000)
    digits = f"{rest:04}".rstrip("0")
    number = f"{whole}{_DECIMAL[language]}{digits}" if digits else str(whole)
    return number + _PERCENT[language]


def day(days: int, language: Language) -> str:
    """A calendar day, given as days since 1970-01-01, with its month as a word."""
    there = date.fromordinal(_EPOCH_DAY + days)
    month = _MONTHS[language].split()[there.month - 1]
    return _DAY[language].format(day=there.day, month=month, year=there.year)


def zone(offset_s: int) -> str:
    """``UTC``, or ``UTC−03:00`` for an offset in seconds east of it."""
    if offset_s == 0:
        return "UTC"
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"UTC{'−' if offset_s < 0 else '+'}{hours:02}:{minutes:02}"


def listed(names: Sequence[str], language: Language) -> str:
    """``a, b and c``; Spanish says ``e`` before the sound of an i."""
    if len(names) < 2:
        return "".join(names)
    word = _AND[language]
    if language is Language.SPANISH and _begins_with_i(names[-1]):
        word = "e"
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _begins_with_i(name: str) -> bool:
    start = name[:3].lower()
    sounds = start.startswith(("i", "í", "hi", "hí"))
    return sounds and not start.startswith(("hie", "ia", "ie", "io", "iu"))
