"""``veta claim``, ``words``, ``profile``, ``crosswalk``, ``criteria``: what may be said."""

from __future__ import annotations

import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from veta.claims import shipped
from veta.claims.criteria import PlanState, result_words, summary
from veta.claims.crosswalk import load_crosswalk
from veta.claims.grammar import read_request
from veta.claims.indicators import load_indicators
from veta.claims.languages import Language, language_of
from veta.claims.profiles import Answer, Profile, answer_words, load_profiles
from veta.claims.words import WordContext
from veta.cli.console import NOT_VERIFIED, OK, UNDETERMINED, emit, moment, table
from veta.cli.homes import find_leaf, open_home
from veta.cli.lots import find_lot
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import WIDTH, plain
from veta.errors import InputError, NotFoundError
from veta.model.bundle import StatementBundle
from veta.model.criteria import CriterionResult
from veta.services.claims import ClaimAsk, ClaimOutcome, verified_claim
from veta.services.claims_answer import answer_json
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
    read_licences,
    read_lists,
    read_schemes,
    read_values,
)
from veta.verify.transport import read_bundle

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode

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


Lot: TypeAlias = Annotated[
    str,
    typer.Argument(help="A bundle file; or a lot's number or id, or a statement's id or leaf."),
]
LicencesFile: TypeAlias = Annotated[
    Path | None, typer.Option("--licences", help="Licences to show marks (veta-licences/1).")
]
Marks: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--mark", help="Scheme to show, by its slug; default: all that are licensed."),
]
Programme: TypeAlias = Annotated[
    int | None, typer.Option("--programme", help="Which credit, where the lot has several.")
]
Text: TypeAlias = Annotated[
    str | None, typer.Option("--text", help="Refused: a label's words are built, not brought.")
]


def claim(
    lot: Lot,
    *,
    licences: LicencesFile = None,
    schemes: SchemeFiles = None,
    mark: Marks = None,
    programme: Programme = None,
    text: Text = None,
    language: LanguageCode = "en",
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Print the one sentence that a lot's label may carry, or why there is none.

    Verifies the lot with its lineage, all twelve steps required, at the newest final block. What of
    the answer is the word of a file is told with it. Exit code 0 a sentence, 1 refused, 2 usage, 3
    could not be told.

    Example: veta claim AUR-CON-26-0417 --licences licences.json --schemes schemes.json
    """
    request: dict[str, object] = {"lot": lot, "schemes": mark or [], "language": language}
    asked = read_request(request if text is None else request | {"text": text})
    found = () if licences is None else read_licences(octets_of(licences))
    network = _network(schemes)
    with open_home(home, writes=False) as node:
        bundle = _bundle(node, lot)
        if bundle.lot is None:
            raise NotFoundError("lot.not_found", f"{lot!r} is about no lot of the lot book")
        bundle = node.with_lineage(bundle).bundle
        now_s = node.clock.now_s()
        ask = ClaimAsk(asked, found, network, shipped.words(), programme, now_s)
        answer = verified_claim(node, bundle, ask)
    document = answer_json(answer, asked.language)
    emit(document, _claim_lines(document), as_json=as_json)
    return _EXITS[answer.outcome]


_EXITS: Final = {
    ClaimOutcome.SENTENCE: OK,
    ClaimOutcome.REFUSED: NOT_VERIFIED,
    ClaimOutcome.CANNOT_TELL: UNDETERMINED,
}


def _bundle(node: OpenNode, lot: str) -> StatementBundle:
    """The passport if there is one, else the lot alone: that is refused, with the reason."""
    if Path(lot).is_file():
        return read_bundle(octets_of(lot), now_s=node.clock.now_s())[0]
    try:
        return node.lot_bundle(find_leaf(node, lot, newest=True))
    except NotFoundError:
        return node.lot_part(find_lot(node, lot))


def _claim_lines(document: dict[str, Any]) -> list[str]:
    about, as_of, basis = document["about"], document["asOf"], document["basis"]
    lines = [document["sentence"] or f"no label: {plain(document['reason'])} [{document['code']}]"]
    name = about["lot_number"] if about else "a lot whose passport is not at hand"
    lines.append(f"  {plain(str(name))}: {document['verdict']}")
    if as_of is not None:
        lines.append(f"  as of block {as_of['number']}, {moment(as_of['time_s'])}")
    for source in basis["sources"]:
        held = ", ".join(
            f"{each['scheme']} {each['level']} (certificate {each['certificate']}, from"
            f" {moment(each['from'])} until {moment(each['until'])})"
            for each in source["certificates"]
        )
        lines.append(f"  from {plain(source['siteName'])}: {plain(held) or 'nothing that counts'}")
    lines += [f"  left out: {plain(e['reason'])} [{e['code']}]" for e in basis["leftOut"]]
    for title, member in (("What it rests on", "restsOn"), ("To be known", "notices")):
        if document[member]:
            lines.append(f"  {title}")
            lines += [line for each in document[member] for line in _wrapped(each)]
    return lines


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
        lines += _wrapped(f"{each['source']}. {each['remedy']}")
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
    at: At = None,
    as_json: AsJson = False,
) -> int:
    """List the profiles, and whether each only reports or refuses.

    Example: veta profile list --at 2027-08-18
    """
    found = _profiles(profiles, catalogue)
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
def profile_check(
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
    emit(document, _profile_lines(document, spoken), as_json=as_json)
    return NOT_VERIFIED if document["decision"]["refused"] else OK


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
    spoken, catalogue = language_of(language), _network(schemes).catalogue
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
    spoken, catalogue = language_of(language), _network(schemes).catalogue
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


def _network(files: list[Path] | None) -> NetworkSchemes:
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


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(plain(sentence), WIDTH, initial_indent="    ", subsequent_indent="    ")
