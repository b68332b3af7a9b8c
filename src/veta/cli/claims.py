"""``veta words``, ``profile``, ``crosswalk``, ``criteria``: what may be said."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from veta.claims import shipped
from veta.claims.criteria import PlanState, result_words, summary
from veta.claims.crosswalk import load_crosswalk
from veta.claims.indicators import load_indicators
from veta.claims.languages import Language, language_of
from veta.claims.profiles import Answer, Profile, answer_words, load_profiles
from veta.claims.words import WordContext
from veta.cli.console import NOT_VERIFIED, OK, emit, table
from veta.cli.options import AsJson
from veta.cli.rendering import WIDTH, plain
from veta.errors import ConfigError, InputError
from veta.model.criteria import CriterionResult
from veta.services.claims_documents import (
    criteria_json,
    crosswalk_json,
    profile_json,
    profiles_json,
    words_json,
)
from veta.services.claims_files import (
    NetworkSchemes,
    day_s,
    read_assessment,
    read_evidence,
    read_lists,
    read_schemes,
    read_values,
)

MOST_OCTETS: Final = 4 << 20
_NEVER_S: Final = 253_000_000_000
"""From here on a policy's day is not known: it reports for ever."""

LanguageCode: TypeAlias = Annotated[
    str, typer.Option("--language", help="Language of the answer: en, es or de.")
]
At: TypeAlias = Annotated[
    str | None,
    typer.Option("--at", help="Day to judge at, YYYY-MM-DD from 00:00 UTC; default: now."),
]
SchemeFiles: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--schemes",
        help="Schemes beside the shipped ones (veta-schemes/1), or what the chain's numbers of "
        "schemes are (veta-scheme-numbers/1); may be given several times.",
    ),
]

profile_app = typer.Typer(
    help="What a buyer or a regulation asks for, answered line by line.\n\n"
    "Example: veta profile list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def words(
    text_file: Annotated[str, typer.Argument(help="A file with the text, UTF-8; - for stdin.")],
    language: LanguageCode = "en",
    as_json: AsJson = False,
) -> int:
    """Tell which words of a text may not stand on a label, and why.

    All three languages are looked for, whatever the answer's language is. A text is at most 2,000
    characters. Nobody's plan and nobody's licence is assumed. Exit code 1 if any word may not
    stand.

    Example: veta words leaflet.txt --language es
    """
    head = _WORDS_HEAD[language_of(language)]
    try:
        text = octets_of(text_file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("cli.not_utf8", f"{text_file} is no text in UTF-8") from error
    year = datetime.fromtimestamp(time.time(), UTC).year
    document = words_json(text.strip(), WordContext(year=year), shipped.words())
    lines = [head[0] if document["clear"] else head[1].format(len(document["findings"]))]
    for each in document["findings"]:
        lines.append(f"  “{plain(each['text'])[:WIDTH]}” [{each['code']}]")
        lines += wrapped(f"{each['source']}. {each['remedy']}")
    emit(document, lines, as_json=as_json)
    return OK if document["clear"] else NOT_VERIFIED


_WORDS_HEAD: Final = {
    Language.ENGLISH: ("no word in it that a label may not carry", "{} may not stand:"),
    Language.SPANISH: ("ninguna palabra que una etiqueta no pueda llevar", "{} no pueden ir:"),
    Language.GERMAN: ("kein Wort, das ein Label nicht tragen darf", "{} dürfen nicht stehen:"),
}


ProfilesFile: TypeAlias = Annotated[
    Path | None, typer.Option("--profiles", help="Own profiles (veta-profiles/1).")
]
CatalogueFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--catalogue", help="Own indicators that they ask for (veta-indicators/1)."),
]


@profile_app.command("list")
def profile_list(
    profiles: ProfilesFile = None,
    catalogue: CatalogueFile = None,
    country: Annotated[
        str, typer.Option(help="Only those that are asked for in this country (ISO 3166-1).")
    ] = "",
    at: At = None,
    as_json: AsJson = False,
) -> int:
    """List the profiles, and whether each only reports or refuses.

    Example: veta profile list --country CL --at 2027-08-18
    """
    found = _profiles(profiles, catalogue)
    if country:
        found = tuple(each for each in found if each.applies_in(country))
    document = profiles_json(found, at_s=_at_s(at))
    rows = [("profile", "version", "mode", "refuses from", "lines", "read again", "title")]
    rows += [
        (
            *(plain(str(each[name])) for name in ("name", "version")),
            each["mode"].replace("_", " "),
            _enforced(each["enforceFrom"]),
            *(str(each[name]) for name in ("lines", "linesChecked")),
            plain(each["title"]),
        )
        for each in document["profiles"]
    ]
    emit(document, table(rows), as_json=as_json)
    return OK


@profile_app.command("check")
def profile_check(  # noqa: PLR0917 - one parameter an option
    profile: Annotated[str, typer.Argument(help="Name of the profile.")],
    indicators_file: Annotated[
        str, typer.Argument(help="Values of one subject (veta-indicator-values/1); - for stdin.")
    ],
    lists: Annotated[
        Path | None,
        typer.Option("--lists", help="Your own lists of places (veta-place-lists/1)."),
    ] = None,
    profiles: ProfilesFile = None,
    catalogue: CatalogueFile = None,
    at: At = None,
    language: LanguageCode = "en",
    log: Annotated[
        Path | None,
        typer.Option(help="Append the decision to this file, a JSON line; it is never rewritten."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Answer a profile line by line: met, not met, or no evidence. There is no sum.

    A profile only reports until the day from which it refuses: then a line that is not met, or has
    no evidence, is exit code 1. Lists of places are the reader's, never the values' own.

    Example: veta profile check eu-battery-49 lot.json --at 2027-08-18
    """
    spoken = language_of(language)
    found = _profiles(profiles, catalogue)
    document = profile_json(
        found,
        profile,
        read_values(octets_of(indicators_file)),
        shipped.indicators() if catalogue is None else load_indicators(octets_of(catalogue)),
        {} if lists is None else read_lists(octets_of(lists)),
        at_s=_at_s(at),
    )
    if log is not None:
        _append(log, document)
    emit(document, _profile_lines(document, spoken), as_json=as_json)
    return NOT_VERIFIED if document["decision"]["refused"] else OK


def _append(log: Path, document: dict[str, Any]) -> None:
    """The decision and what it was about; the values stay where they are.

    Raises:
        ConfigError: ``config.unwritable``: nothing was answered.
    """
    entry = {name: document[name] for name in ("profile", "version", "subject", "at", "decision")}
    try:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ConfigError(
            "config.unwritable", f"cannot write {log}: {error.strerror or error}"
        ) from error


def _profiles(profiles: Path | None, catalogue: Path | None) -> tuple[Profile, ...]:
    known = shipped.indicators() if catalogue is None else load_indicators(octets_of(catalogue))
    if profiles is None:
        return shipped.profiles()
    return load_profiles(octets_of(profiles), known)


def _profile_lines(document: dict[str, Any], language: Language) -> list[str]:
    subject, decision = document["subject"], document["decision"]
    rows = [
        (
            plain(each["line"]),
            answer_words(Answer(each["answer"]), language),
            plain(str(each["found"]))[:40] if each["found"] is not None else "-",
            plain(each["source"]),
        )
        for each in document["lines"]
    ]
    mode = decision["mode"].replace("_", " ")
    verdict = "refused [claims.policy_refused]" if decision["refused"] else "not refused"
    about = f"{subject['kind']} {plain(subject['id'])}"
    return [
        f"{document['profile']} version {document['version']}, about {about}",
        *table(rows, indent="  "),
        f"  {mode}: {verdict}; refuses from {_enforced(decision['enforceFrom'])}",
    ]


def _enforced(seconds: int) -> str:
    if seconds >= _NEVER_S:
        return "no day known"
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def crosswalk(
    evidence_file: Annotated[
        str, typer.Argument(help="Results as assessed (veta-evidence/1); - for stdin.")
    ],
    schemes: SchemeFiles = None,
    own: Annotated[
        Path | None, typer.Option("--crosswalk", help="Own crosswalk (veta-crosswalk/1).")
    ] = None,
    at: At = None,
    language: LanguageCode = "en",
    as_json: AsJson = False,
) -> int:
    """Read one piece of evidence under the criteria of all schemes.

    Reading never raises a result: what is fully met under one scheme is met in part under another,
    where the mapping is partial, and subjects are never taken for each other.

    Example: veta crosswalk evidence.json --json
    """
    spoken, catalogue = language_of(language), network_of(schemes).catalogue
    walk = shipped.crosswalk() if own is None else load_crosswalk(octets_of(own), catalogue)
    evidence = read_evidence(octets_of(evidence_file))
    document = crosswalk_json(evidence, walk, catalogue, at_s=_at_s(at))
    emit(document, _crosswalk_lines(document, spoken), as_json=as_json)
    return OK


def _crosswalk_lines(document: dict[str, Any], language: Language) -> list[str]:
    lines: list[str] = []
    for each in document["subjects"]:
        subject = each["subject"]
        lines.append(f"{subject['kind']} {plain(subject['id'])}")
        for view in each["views"]:
            lines.append(f"  {plain(view['name'])} {view['version']}")
            rows = [
                (
                    plain(f"{line['criterion']} {line['title']}".strip()),
                    result_words(CriterionResult(line["result"]), language),
                    plain(", ".join(_how(reading) for reading in line["readings"])),
                )
                for line in view["lines"]
            ]
            lines += table(rows, indent="    ")
            rest = result_words(CriterionResult.NOT_ASSESSED, language)
            lines.append(f"    {rest}: {view['notAssessed']}")
    return lines


def _how(reading: dict[str, Any]) -> str:
    words = [f"{reading['evidence']}: {reading['mapping']}"]
    words += [] if reading["checked"] else ["[R]"]
    words += [] if reading["aboutSuchSubjects"] else ["about other subjects"]
    return " ".join(words)


def criteria(
    file: Annotated[
        str, typer.Argument(help="An assessor's findings (veta-assessment/1); - for stdin.")
    ],
    schemes: SchemeFiles = None,
    at: At = None,
    language: LanguageCode = "en",
    as_json: AsJson = False,
) -> int:
    """Show every criterion of the scheme's version with its result, and where each plan stands.

    What is met in part is never shown, or counted, as met. Exit code 1 if a plan is overdue.

    Example: veta criteria assessment.json --at 2026-11-01
    """
    spoken, catalogue = language_of(language), network_of(schemes).catalogue
    found, document = criteria_json(read_assessment(octets_of(file)), catalogue, at_s=_at_s(at))
    document["summary"] = summary(found, spoken)
    emit(document, _criteria_lines(document, spoken), as_json=as_json)
    return NOT_VERIFIED if found.overdue else OK


def _criteria_lines(document: dict[str, Any], language: Language) -> list[str]:
    subject = document["subject"]
    head = f"{document['scheme']} version {document['version']}, about"
    rows = [
        (
            plain(f"{each['criterion']} {each['title']}".strip()),
            result_words(CriterionResult(each["result"]), language),
            _plan(each),
        )
        for each in document["lines"]
    ]
    about = f"{head} {subject['kind']} {plain(subject['id'])}"
    return [about, *table(rows, indent="  "), document["summary"]]


def _plan(line: dict[str, Any]) -> str:
    if line["plan"] == PlanState.NOT_NEEDED:
        return ""
    words = f"plan {line['plan'].replace('_', ' ')}"
    if line["due"] is None:
        return words
    last = datetime.fromtimestamp(line["due"] - 1, UTC).date().isoformat()
    return f"{words.upper() if line['plan'] == PlanState.OVERDUE else words}, due {last}"


def network_of(files: list[Path] | None) -> NetworkSchemes:
    """The schemes to go by: those shipped, and those of files."""
    return read_schemes(*(octets_of(each) for each in files or ()))


def octets_of(source: str | Path) -> bytes:
    """The octets of a file, or of stdin.

    Raises:
        InputError: ``cli.unreadable``, ``cli.too_large``.
    """
    try:
        if str(source) == "-":
            octets = sys.stdin.buffer.read(MOST_OCTETS + 1)
        else:
            with Path(source).open("rb") as stream:
                octets = stream.read(MOST_OCTETS + 1)
    except OSError as error:
        reason = error.strerror or error
        raise InputError("cli.unreadable", f"cannot read {source}: {reason}") from error
    if len(octets) > MOST_OCTETS:
        raise InputError("cli.too_large", f"{source} is larger than {MOST_OCTETS} octets")
    return octets


def _at_s(day: str | None) -> int:
    return int(time.time()) if day is None else day_s(day)


def wrapped(sentence: str) -> list[str]:
    """A sentence in lines, indented."""
    return textwrap.wrap(plain(sentence), WIDTH, initial_indent="    ", subsequent_indent="    ")
