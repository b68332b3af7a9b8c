"""What the label page of one statement shows, as plain values out of a verification report.

The report alone decides words and shapes. What the document says is read carefully, because a
document that failed its checks may hold anything: a member of another type is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from veta.model.identifiers import FAR_FUTURE
from veta.verify.report import NEVER_PROVEN, Report
from veta.verify.verdict import Check, Outcome, Step, Verdict
from veta.web.quantities import day, decimal, machine_time, moment

_LONGEST: Final = 200
_MOST_LINES: Final = 8
SUPERSEDED: Final = "status.superseded"
_ALSO_TELLS: Final = (Verdict.NOT_PROVEN, Verdict.INDETERMINATE)
_PREDICATES: Final = ("has ", "was ", "is ", "had ", "bears ", "anchored ")
"""How sentences begin whose subject is the statement."""
_WORST: Final = (
    Outcome.FAILED,
    Outcome.NOT_DETERMINED,
    Outcome.NOT_PROVEN,
    Outcome.NOTICE,
    Outcome.PASSED,
)


@dataclass(frozen=True, slots=True)
class StepLine:
    """One of the twelve steps: its worst outcome, and every finding."""

    number: int
    title: str
    outcome: str
    findings: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the page: key of its words, and the value."""

    key: str
    value: str
    machine: str = ""
    """RFC 3339 time, where the value is one."""


@dataclass(frozen=True, slots=True)
class OtherStatement:
    """A link to another statement about the same lot."""

    leaf: str
    state: str
    issued: str


@dataclass(frozen=True, slots=True)
class MarkLine:
    """A scheme's mark: the sentence of a licence that lives, or why there is none."""

    sentence: str
    notice: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Label:
    """Everything on the page of one statement."""

    face: str
    """Which of the pages: a verdict's name, or ``SUPERSEDED``."""
    verdict: str
    reliable: bool
    title: str
    """The lot's number, or the name of a document that is about no lot."""
    is_lot: bool
    leaf: str
    decisive: Check | None
    why: str
    """The decisive check as a sentence."""
    circumstances: tuple[Fact, ...]
    notices: tuple[str, ...]
    said_of_site: tuple[str, ...]
    superseded_by: str
    lot: tuple[Fact, ...]
    footprint_value: str
    footprint: tuple[Fact, ...]
    as_of: Fact | None
    block_number: str
    block_digest: str
    steps: tuple[StepLine, ...]
    not_proven: tuple[str, ...]
    others: tuple[OtherStatement, ...]
    mark: MarkLine | None
    base_url: str
    """What the command line in the page asks, without a slash at its end."""


def build_label(
    report: Report,
    *,
    base_url: str,
    member_name: str = "",
    others: tuple[OtherStatement, ...] = (),
    mark: MarkLine | None = None,
    said_of_site: tuple[str, ...] = (),
) -> Label:
    """The page of a verified (or not verified) statement.

    Args:
        report: what the verifier found now.
        base_url: where this node is reached from outside.
        member_name: what the consortium calls the issuer; a document may say anything.
        others: further statements about the same lot, kept here.
        mark: what may be said under a licence now; not shown of what is not reliable.
        said_of_site: sentences about the site that the lot was made at.
    """
    document = report.statement.credential.document if report.statement else {}
    subject = _first(document.get("credentialSubject"))
    successor = _superseded_by(report)
    shown = Verdict.VALID_WITH_NOTICE if successor else report.verdict
    superseded = bool(successor) and report.verdict is shown
    reliable = report.verdict.good and not superseded
    block = report.as_of
    decisive = None if report.verdict is Verdict.VALID else report.decisive()
    return Label(
        face="SUPERSEDED" if superseded else report.verdict.value,
        verdict=report.verdict.value,
        reliable=reliable,
        title=_text(subject.get("batchNumber")) or _text(document.get("name")),
        is_lot=bool(_text(subject.get("batchNumber"))),
        leaf=report.leaf.hex() if report.leaf else "",
        decisive=decisive,
        why=_sentence(decisive.sentence) if decisive else "",
        circumstances=_circumstances(decisive),
        notices=_notices(report),
        said_of_site=tuple(map(_sentence, said_of_site[:_MOST_LINES])),
        superseded_by=successor,
        lot=_lot_facts(report, document, subject, member_name),
        footprint_value=_footprint_value(subject),
        footprint=_footprint_facts(subject),
        as_of=Fact("as_of", moment(block.time_s), machine_time(block.time_s)) if block else None,
        block_number=f"{block.number:,}" if block else "",
        block_digest=block.digest.hex() if block else "",
        steps=_step_lines(report),
        not_proven=_open_points(report),
        others=others,
        mark=mark if reliable else None,
        base_url=base_url,
    )


def _superseded_by(report: Report) -> str:
    for check in report.checks:
        if check.code == SUPERSEDED:
            leaf = check.facts.get("superseded_by")
            return leaf if isinstance(leaf, str) else ""
    return ""


def _notices(report: Report) -> tuple[str, ...]:
    """Sentences of what a reader must know besides the decisive check, each once."""
    decisive = report.decisive()
    wanted = {Outcome.FAILED, Outcome.NOTICE}
    if decisive is not None and report.verdict in _ALSO_TELLS:
        wanted.add(decisive.outcome)
    told = (
        _sentence(check.sentence)
        for check in report.checks
        if check.outcome in wanted and check is not decisive and check.step <= Step.STATUS
    )
    said = _sentence(decisive.sentence) if decisive else ""
    return tuple(each for each in dict.fromkeys(told) if each != said)[:_MOST_LINES]


def _circumstances(check: Check | None) -> tuple[Fact, ...]:
    """Why and when somebody said what decided the verdict, where the chain tells."""
    facts = check.facts if check else {}
    reason, said_at_s = _text(facts.get("reason")), _whole(facts.get("said_at_s"))
    found = []
    if reason and reason != "none":
        found.append(Fact("reason", reason.replace("_", " ")))
    if said_at_s is not None:
        found.append(Fact("said_at", moment(said_at_s), machine_time(said_at_s)))
    return tuple(found)


def _open_points(report: Report) -> tuple[str, ...]:
    """What is not proven, each sentence once; what never can be comes last."""
    return tuple(_sentence(each) for each in dict.fromkeys((*report.not_proven, *NEVER_PROVEN)))


def _step_lines(report: Report) -> tuple[StepLine, ...]:
    lines = []
    for step in Step:
        findings = tuple(check for check in report.checks if check.step is step)
        outcomes = {check.outcome for check in findings}
        worst = next((each for each in _WORST if each in outcomes), Outcome.NOT_PROVEN)
        lines.append(StepLine(int(step), step.title, worst.value, findings))
    return tuple(lines)


# --- the document ----------------------------------------------------------------------------


def _lot_facts(
    report: Report, document: Mapping[str, Any], subject: Mapping[str, Any], member_name: str
) -> tuple[Fact, ...]:
    lot = _mapping(subject.get("characteristics"))
    product, product_class = _text(subject.get("name")), _text(lot.get("productClass"))
    if product_class.replace("-", " ") == product.lower():
        product_class = ""
    facts = (
        Fact("product", product),
        Fact("brand", _text(lot.get("brand"))),
        Fact("mass", _mass(lot)),
        *_issuer(document, member_name),
        *_validity(report),
        Fact("metal", _metal(lot)),
        Fact("site", _site(subject)),
        Fact("produced", _window(lot.get("producedFromS"), lot.get("producedToS"))),
        Fact("product_class", product_class.replace("-", " ")),
        Fact("commodity", _text(lot.get("hsCode"))),
    )
    return tuple(fact for fact in facts if fact.value or fact.key == "valid_until")


def _validity(report: Report) -> tuple[Fact, ...]:
    if report.statement is None:
        return ()
    credential = report.statement.credential
    start_s, end_s = credential.valid_from_s, credential.valid_until_s
    end = Fact("valid_until", moment(end_s), machine_time(end_s))
    if end_s == FAR_FUTURE:
        end = Fact("valid_until", "")
    return Fact("valid_from", moment(start_s), machine_time(start_s)), end


def _issuer(document: Mapping[str, Any], member_name: str) -> tuple[Fact, ...]:
    issuer = _mapping(document.get("issuer"))
    own_name = _text(issuer.get("name"))
    named = Fact("issuer", member_name[:_LONGEST] or own_name)
    calls_itself = Fact("calls_itself", own_name if named.value != own_name else "")
    return named, calls_itself, Fact("issuer_id", _text(issuer.get("id")))


def _site(subject: Mapping[str, Any]) -> str:
    name = _text(_mapping(subject.get("producedAtFacility")).get("name"))
    country = _text(_mapping(subject.get("countryOfProduction")).get("countryName"))
    return ", ".join(part for part in (name, country) if part)


def _mass(lot: Mapping[str, Any]) -> str:
    grams = _whole(lot.get("massG"))
    basis = _text(lot.get("massBasis"))
    return f"{decimal(grams, 3)} kg {basis}".rstrip() if grams is not None else ""


def _metal(lot: Mapping[str, Any]) -> str:
    entries = lot.get("metal")
    parts = []
    for entry in entries[:_MOST_LINES] if isinstance(entries, list) else ():
        member = _mapping(entry)
        grams, substance = _whole(member.get("massG")), _text(member.get("substance"))
        if grams is not None and substance:
            parts.append(f"{substance} {decimal(grams, 3)} kg")
    return ", ".join(parts)


def _footprint_value(subject: Mapping[str, Any]) -> str:
    grams = _whole(_footprint(subject).get("co2eGPerKg"))
    return decimal(grams, 3, keep=3) if grams is not None else ""


def _footprint_facts(subject: Mapping[str, Any]) -> tuple[Fact, ...]:
    footprint = _footprint(subject)
    whole_g = _whole(footprint.get("co2eG"))
    share_ppm = _whole(footprint.get("primarySharePpm"))
    standards = footprint.get("standards")
    names = standards[:_MOST_LINES] if isinstance(standards, list) else []
    facts = (
        Fact("boundary", _text(footprint.get("boundary"))),
        Fact("declared_unit", _text(footprint.get("declaredUnit"))),
        Fact("footprint_whole", f"{decimal(whole_g, 3)} kg CO₂e" if whole_g is not None else ""),
        Fact("gwp", f"GWP100 {gwp}" if (gwp := _text(footprint.get("gwpSet"))) else ""),
        Fact("period", _window(footprint.get("periodFromS"), footprint.get("periodToS"))),
        Fact("primary_share", f"{decimal(share_ppm, 4)} %" if share_ppm is not None else ""),
        Fact("standards", ", ".join(_text(name) for name in names)),
    )
    return tuple(fact for fact in facts if fact.value)


def _footprint(subject: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(subject.get("characteristics")).get("footprint"))


def _window(start: object, end: object) -> str:
    """Days of a window [from, to), both included as people say it."""
    start_s, end_s = _whole(start), _whole(end)
    if start_s is None or end_s is None:
        return ""
    return f"{day(start_s)} – {day(end_s - 1)}"


def _first(value: object) -> Mapping[str, Any]:
    return _mapping(value[0] if isinstance(value, list) and value else value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sentence(text: str) -> str:
    """A finding as a sentence: its subject, a capital first, a stop at the end."""
    bare = text[:1_000]
    if bare.startswith(_PREDICATES):
        bare = "this statement " + ("was " if bare.startswith("anchored ") else "") + bare
    return bare[:1].upper() + bare[1:] + ("" if bare.endswith((".", ":")) else ".")
