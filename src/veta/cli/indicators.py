"""``veta indicators``: the 76 indicators of a lot or site, made, opened in part, and checked."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from veta import canonical
from veta.cli.console import EXIT_OF_VERDICT, NOT_VERIFIED, OK, emit, say, table
from veta.cli.homes import open_home
from veta.cli.issue import read_octets
from veta.cli.options import HERE, AsJson, Home, Rpc, Trust, read_duration_s
from veta.cli.rendering import plain
from veta.disclosure.catalogue import CATALOGUE_ID, INDICATORS, for_goal, in_dimension
from veta.disclosure.heads import head_of
from veta.disclosure.indicator_file import head_member, read_leaves, write_leaves
from veta.disclosure.mandatory import Completeness, judge_indicators
from veta.errors import InputError, NotFoundError
from veta.model.identifiers import UnixSeconds
from veta.model.lot import Issuance, Party
from veta.services.indicators import (
    disclosed_json,
    head_of_root,
    head_statement,
    indicator_json,
    make_set,
    read_set,
    write_set,
)
from veta.verify.verdict import Outcome

if TYPE_CHECKING:
    from veta.disclosure.indicators import IndicatorHead
    from veta.verify.report import Report

BLIND_OCTETS: Final = 16
BY_HAND: Final = "The head was given by hand: nobody's signature stands behind it here."

app = typer.Typer(
    help="The 76 indicators of a lot or site: one signed head, and any of them shown alone.\n\n"
    "Example: veta indicators check shown.json --material Cu --statement head.bundle.json",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Materials = Annotated[
    list[str],
    typer.Option(help="Symbol of each metal in the lot: Cu, Li; may be given several times."),
]
CarriedBy = Annotated[
    str,
    typer.Option(
        help="Statement that carries the head: a bundle file, or a leaf or id that the home keeps. "
        "It is judged with the chain first."
    ),
]
MaxAge = Annotated[str, typer.Option(help="How old the newest block may be that tells the status.")]


@app.command("list")
def list_(
    dimension: Annotated[str, typer.Option(help="Only those of one of the 8 dimensions.")] = "",
    goal: Annotated[int, typer.Option(help="Only those of one goal, SDG 1 to 17; 0: all.")] = 0,
    as_json: AsJson = False,
) -> int:
    """List the catalogue: index, dimension, kind of value, unit and goals of each indicator.

    Example: veta indicators list --goal 6
    """
    wanted = set(in_dimension(dimension)) if dimension else {item.name for item in INDICATORS}
    wanted &= set(for_goal(goal)) if goal else wanted
    found = [indicator_json(item) for item in INDICATORS if item.name in wanted]
    rows = [("index", "indicator", "dimension", "kind", "unit", "SDG")]
    for each in found:
        goals = " ".join(map(str, each["goals"]))
        place = (str(each["index"]), each["indicator"], each["dimension"])
        rows.append((*place, each["kind"], each["unit"], goals))
    emit({"catalogue": CATALOGUE_ID, "indicators": found}, table(rows), as_json=as_json)
    return OK


@app.command("make")
def make(
    values: Annotated[Path, typer.Argument(help="Values of all 76; - reads stdin.")],
    out: Annotated[Path, typer.Option(help="The set with its salts: secret, mode 0600, new.")],
    statement: Annotated[
        Path | None,
        typer.Option(help="Write the credential that carries the head, for `veta issue`."),
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Make a set of all 76 indicators, with fresh salts, and print the head that is signed.

    The set's file opens everything and is needed as long as any figure may have to be shown. With
    --statement, who speaks is the home's member, and the lot or site is under its DID.

    Example: veta indicators make values.json --out set.json --statement head.json
    """
    found = make_set(read_octets(values), secrets.token_bytes)
    credential = None if statement is None else _credential(found.head, home)
    write_secret(out, write_set(found))
    if statement is not None and credential is not None:
        try:
            write_secret(statement, canonical.write(credential))
        except InputError:
            out.unlink()  # no head of it was seen by anybody
            raise
    lines = [f"{found.head.root.hex()}  {found.head.subject}  {found.head.size} indicators"]
    emit({"head": head_member(found.head)}, lines, as_json=as_json)
    say(f"{out} is secret: it opens everything; without it nothing can be opened")
    return OK


@app.command("open")
def open_(
    set_file: Annotated[Path, typer.Argument(metavar="SET", help="As `make` wrote it.")],
    only: Annotated[
        list[str], typer.Option(help="Indicators to show: id,id; may be given several times.")
    ],
    out: Annotated[Path, typer.Option(help="What is shown, for the reader; a new file.")],
    as_json: AsJson = False,
) -> int:
    """Show some indicators and nothing of the others: value, salt and way to the head of each.

    Example: veta indicators open set.json --only fatalities,ltifr --out shown.json
    """
    found = read_set(read_octets(set_file))
    leaves = found.open(words_of(only))
    write_secret(out, write_leaves(leaves))
    names = [leaf.name for leaf in leaves]
    hidden = len(INDICATORS) - len(names)
    document = {"head": head_member(found.head), "opened": names, "hiddenCount": hidden}
    emit(document, [*names, f"{hidden} stay hidden"], as_json=as_json)
    return OK


@app.command("check")
def check(  # noqa: PLR0917 - one parameter an option
    shown: Annotated[Path, typer.Argument(help="As `open` wrote it; - reads stdin.")],
    material: Materials,
    statement: CarriedBy = "",
    head: Annotated[str, typer.Option(help="Instead: the root, 64 digits; with --subject.")] = "",
    subject: Annotated[str, typer.Option(help="With --head: URI of the lot or site.")] = "",
    max_age: MaxAge = "1h",
    trust: Trust = None,
    rpc: Rpc = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Check indicators that were shown: each in its one place, what is hidden, what may not be.

    Ends with 0 if every mandatory indicator is open and has a value, 1 if not or if a proof or the
    statement is wrong, 2 for what is malformed, 3 where the chain could not tell.

    Example: veta indicators check shown.json --material Cu --statement head.bundle.json
    """
    if bool(statement) == bool(head) or bool(head) != bool(subject):
        raise InputError("cli.head", "give --statement, or --head with --subject")
    leaves = read_leaves(read_octets(shown))
    materials = words_of(material)
    report = None
    if statement:
        report = _judged(statement, trust, rpc, home, max_age)
        if not report.verdict.good or report.statement is None:
            return _unproven(report, as_json=as_json)
        known = head_of(report.statement.credential)
    else:
        known = head_of_root(head, subject)
    found = judge_indicators(known, leaves, materials=materials)
    document = disclosed_json(found, known, materials) | _standing(report)
    emit(document, _lines(document), as_json=as_json)
    if report is None:
        say(f"veta: {BY_HAND}")
    return OK if found.completeness is Completeness.COMPLETE else NOT_VERIFIED


def words_of(options: list[str]) -> list[str]:
    """The words of an option that takes several, with commas or one by one."""
    return [word for option in options for word in option.split(",")]


def write_secret(path: Path, octets: bytes) -> None:
    """A new file that only its owner reads, on disk before anything is said of it.

    Raises:
        InputError: ``cli.file``: it exists, or cannot be written.
    """
    if str(path) == "-":
        raise InputError("cli.file", "what is kept secret or handed over goes to a file")
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError("cli.file", f"{path} cannot be written: {error.strerror}") from error


def _credential(head: IndicatorHead, home: Path) -> dict[str, Any]:
    """The credential of the home's member that carries a head."""
    with open_home(home, writes=False) as node:
        identifier, block = node.config.member, node.ledger.final_head()
        number = node.ledger.member_id(identifier, block) if identifier else None
        member = None if number is None else node.ledger.member(number, block)
    if member is None:
        raise NotFoundError("config.not_a_member", "the home is of no member: it issues nothing")
    issuance = Issuance(
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from_s=UnixSeconds(int(time.time())),
        blind=secrets.token_bytes(BLIND_OCTETS),
    )
    return head_statement(head, Party(identifier, member.name), issuance)


def _judged(
    subject: str, trust: Path | None, rpc: list[str] | None, home: Path, max_age: str
) -> Report:
    from veta.cli.verify import Judge
    from veta.verify.policy import Policy

    policy = Policy(max_age_s=read_duration_s(max_age))
    with ExitStack() as stack:
        judge = Judge(stack, home=home, trust=trust, rpc=rpc, offline=False, policy=policy)
        return judge.report(subject)


def _standing(report: Report | None) -> dict[str, Any]:
    """Whose word the head is."""
    if report is None:
        return {"headFrom": "hand", "statement": None, "notProven": [BY_HAND]}
    full = report.to_json()
    keys = ("verdict", "leaf", "issuer", "about", "as_of")
    return {
        "headFrom": "statement",
        "statement": {key: full[key] for key in keys} | {"notices": _notices(report)},
        "notProven": full["not_proven"],
    }


def _notices(report: Report) -> list[str]:
    """What a reader of the head has to know besides: that it was superseded, for one."""
    found = [check for check in report.checks if check.outcome is Outcome.NOTICE]
    return [f"{check.sentence} [{check.code}]" for check in found]


def _unproven(report: Report, *, as_json: bool) -> int:
    """The statement is not good, so its head counts for nothing and no leaf is looked at."""
    decisive = report.decisive()
    assert decisive is not None  # a verdict that is not good has a check that made it so
    document = {
        "result": report.verdict.value,
        "code": decisive.code,
        "sentence": decisive.sentence,
        **_standing(report),
    }
    line = f"{report.verdict.value}  the statement with the head: {decisive.sentence}"
    emit(document, [f"{line} [{decisive.code}]"], as_json=as_json)
    return EXIT_OF_VERDICT[report.verdict]


def _lines(document: dict[str, Any]) -> list[str]:
    rows = [("indicator", "value", "unit", "dimension", "SDG")]
    for each in document["opened"]:
        value = "not stated" if each["value"] is None else str(each["value"])
        goals = " ".join(map(str, each["goals"]))
        rows.append((each["indicator"], value, each["unit"], each["dimension"], goals))
    hidden = ", ".join(document["hidden"]) or "nothing"
    return [
        f"{document['result']}  {document['sentence']} [{document['code']}]",
        *_head_lines(document),
        "",
        *table(rows),
        "",
        f"hidden: {hidden}",
    ]


def _head_lines(document: dict[str, Any]) -> list[str]:
    """What is spoken of, who says it, and what was said of that since."""
    lines = [f"  about      {document['head']['subject']}"]
    statement = document["statement"]
    if statement is not None:
        about = statement["about"]
        by = f"{plain(about['issuer_registered_as'])} <{about['issuer_did']}>"
        lines.append(f"  issuer     {by}, member {statement['issuer']}")
        lines.append(f"  statement  {statement['leaf']}  {statement['verdict']}")
        lines += [f"  notice     {notice}" for notice in statement["notices"]]
    return lines
