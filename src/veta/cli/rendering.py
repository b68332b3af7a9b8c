"""Reports and members for a person."""

from __future__ import annotations

import textwrap
from typing import Final

from veta.cli.console import moment
from veta.model.columns import ELEMENT_SYMBOLS, Column, ColumnKind
from veta.model.consortium import Role
from veta.services.run_file import read_column
from veta.statement.jws import SignedStatement
from veta.verify.listed import Listings
from veta.verify.lot_columns import MILLIGRAM_SYMBOLS
from veta.verify.report import Report
from veta.verify.verdict import Check, Outcome

WIDTH: Final = 96
_WORDS: Final = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "FAILED",
    Outcome.NOTICE: "notice",
    Outcome.NOT_PROVEN: "not proven",
    Outcome.NOT_DETERMINED: "not determined",
}


def report_lines(report: Report) -> list[str]:
    """A whole report: verdict, what it is about, every check, and what it does not show."""
    lines = [f"{report.verdict.value}  {subject_words(report.statement)}"]
    facts = _issuer_words(report)
    if report.leaf is not None:
        facts.append(("leaf", report.leaf.hex()))
    if report.as_of is not None:
        facts.append(("as of", f"block {report.as_of.number}, {moment(report.as_of.time_s)}"))
    width = max((len(name) for name, _ in facts), default=0)
    lines += [f"  {name:<{width}}  {value}" for name, value in facts]
    lines.append("")
    for check in report.checks:
        if check.step <= 7 or check.outcome is not Outcome.NOT_PROVEN:
            lines += check_lines(check)
    if report.figures:
        lines += ["", "  Printed figures, and whose word they are:"]
        lines += [line for each in report.figures for line in _wrapped(each.words)]
    if report.beside:
        lines += ["", "  Beside it:"]
        lines += [line for each in report.beside for line in _beside_lines(each)]
    lines += ["", "  Not shown by this verification:"]
    lines += [
        line
        for sentence in report.not_proven
        for line in textwrap.wrap(sentence, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    ]
    return lines


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(plain(words), WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _beside_lines(report: Report) -> list[str]:
    """A statement beside another: what it is, and whether it counts."""
    name = "unread" if report.leaf is None else report.leaf.hex()[:16]
    kind = "" if report.statement is None else report.statement.credential.kind.name.lower()
    by = f" of {plain(report.member_name)}" if report.member_name else ""
    decisive = report.decisive()
    if report.verified is not None:
        words = f"{kind}{by} {name}: {report.verdict.value}"
    else:
        why = "" if decisive is None else f": {decisive.sentence} [{decisive.code}]"
        words = f"{kind}{by} {name}: {report.verdict.value}, counts as not there{why}"
    return textwrap.wrap(words.strip(), WIDTH, initial_indent="  - ", subsequent_indent="    ")


def listing_lines(listed: Listings | None) -> list[str]:
    """Who behind a lot is on the reader's lists; nothing where no list was named."""
    if listed is None:
        return []
    lines = [
        "",
        f"  On your lists ({listed.looked_up} parties looked up; the verdict is not changed):",
    ]
    for each in listed.found:
        entry = each.hit.entry
        until = "" if entry.until_s is None else f" until {moment(entry.until_s)}"
        body = (
            f"{plain(each.name)} <{plain(each.identifier)}>, {', '.join(each.capacities)}:"
            f" {_LISTED_WORDS[each.code]} {plain(each.hit.list_name)} since"
            f" {moment(entry.since_s)}{until} (list of {moment(each.hit.published_s)})"
            f" [{each.code}]"
        )
        lines += textwrap.wrap(body, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    if not listed.found:
        lines.append("  - nobody")
    if listed.looked_up <= 1:
        lines.append("  - only its issuer was looked up: --with-lineage tells who is behind a lot")
    if listed.not_asked:
        numbers = ", ".join(str(member) for member in listed.not_asked)
        lines.append(f"  - not looked up, for nobody told who they are: members {numbers}")
    return lines


_LISTED_WORDS: Final = {
    "party.listed_before": "was listed when the lot was made, on",
    "party.listed_since": "was listed after the lot was made, on",
    "party.listed": "is on",
    "party.listed_once": "was once on",
    "party.name_listed": "bears a name that is on",
}


def _issuer_words(report: Report) -> list[tuple[str, str]]:
    """Who speaks, by the consortium's register; a document may call its issuer what it likes."""
    if report.statement is None:
        return []
    issuer = report.statement.credential.issuer
    if report.member_name is None:
        stated = f"{plain(issuer.name)} <{issuer.identifier}> (name as the document gives it)"
        return [("issuer", stated)]
    member = f", member {report.issuer}" if report.issuer is not None else ""
    words = [("issuer", f"{plain(report.member_name)} <{issuer.identifier}>{member}")]
    if issuer.name != report.member_name:
        words.append(("calls itself", plain(issuer.name)))
    return words


def check_lines(check: Check) -> list[str]:
    """One check, wrapped."""
    head = f"  {int(check.step):>2}  {_WORDS[check.outcome]:<15}"
    body = f"{check.step.title}: {check.sentence} [{check.code}]"
    return textwrap.wrap(
        body, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False
    )


def subject_words(statement: SignedStatement | None) -> str:
    """What a statement is about, in a few words; for showing, not for relying on."""
    if statement is None:
        return "(the statement could not be read)"
    subject = statement.credential.subject
    number, name = subject.get("batchNumber"), subject.get("name")
    if isinstance(number, str) and isinstance(name, str):
        return plain(f"{name}, lot {number}")
    return plain(name if isinstance(name, str) else statement.credential.credential_id)


def plain(text: str) -> str:
    """Another's words on one line: no line ends or terminal codes with which to forge ours."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def role_words(roles: Role) -> str:
    """Role names as a person writes them."""
    names = [role.name.lower().replace("_", " ") for role in Role if role in roles and role.name]
    return ", ".join(names) or "none"


def column_words(name: str) -> str:
    """What a column counts, from its written name (``veta.services.run_file.column_name``)."""
    return Column.of(read_column(name)).words()


def amount_words(name: str, quantity: int) -> str:
    """A column's quantity with its unit."""
    column = Column.of(read_column(name))
    if column.kind is ColumnKind.UNIT:
        return f"{quantity:,} {column.words()}"
    is_small = ELEMENT_SYMBOLS.get(column.substance) in MILLIGRAM_SYMBOLS
    return f"{quantity:,} {'mg' if is_small else 'g'} {column.words()}"
