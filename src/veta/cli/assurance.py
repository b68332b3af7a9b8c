"""``veta assurance``: who may assure what, which site is certified, and what rests on that."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta.cli.affected import affected_lines
from veta.cli.console import OK, UNDETERMINED, emit, say
from veta.cli.homes import as_leaf, find_leaf, open_home, say_if_behind
from veta.cli.issue import read_octets
from veta.cli.lots import Timeout, exit_code, intent_json, intent_words, settle
from veta.cli.options import HERE, U32, AsJson, Home, PasswordFile
from veta.cli.registry import record_lines
from veta.errors import InputError
from veta.model.columns import SubstanceId
from veta.model.identifiers import FAR_FUTURE, Digest, Leaf, MemberId
from veta.model.lot_events import NO_TIME
from veta.model.lots import SiteId
from veta.services.affected_documents import affected_json
from veta.services.assurance_papers import leaf_in
from veta.services.assure import Grant
from veta.services.registry_documents import record_json
from veta.statement.instants import read_instant

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.ports.store import Intent

app = typer.Typer(
    help="Scheme owners, accreditation bodies and certification bodies.\n\n"
    "Example: veta assurance certify certificate.json --site 3 --accreditation 1 --level 2",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Statement = Annotated[
    str,
    typer.Argument(
        help="The document, issued and anchored by the member: its file, leaf or credential id."
    ),
]
Record = Annotated[
    int, typer.Argument(min=1, max=U32, help="Its number; `veta registry certificates`.")
]
Grounds = Annotated[
    str, typer.Option(help="What says why: a file, of which the SHA-256 is recorded, or a digest.")
]
Level = Annotated[int, typer.Option(min=1, max=255, help="Of the scheme's levels.")]
Substances = Annotated[
    list[str] | None, typer.Option("--substance", help="Metal; several times. Default: every one.")
]
From = Annotated[str, typer.Option("--from", help="Instant; default: the document's.")]
Until = Annotated[str, typer.Option(help="Instant; default: the document's.")]


@app.command("recognise")
def recognise(  # noqa: PLR0917 - one parameter an option
    scheme: Annotated[int, typer.Option(min=1, max=65_535, help="Scheme that the member owns.")],
    body: Annotated[int, typer.Option(min=1, max=U32, help="Accreditation body, a member.")],
    from_: Annotated[str, typer.Option("--from", help="Instant; default: now.")] = "",
    until: Annotated[str, typer.Option(help="Instant; default: open.")] = "",
    end: Annotated[bool, typer.Option("--end", help="Recognise it no more, from now on.")] = False,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Recognise an accreditation body for a scheme, or change until when: as the scheme's owner.

    Example: veta assurance recognise --scheme 1 --body 5
    """
    if end and until:
        raise InputError("cli.until", "--end is now: it goes without --until")
    until_s = NO_TIME if end else read_instant(until) if until else FAR_FUTURE
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = node.desk.lots.assurance.recognise(
            scheme,
            MemberId(body),
            from_s=read_instant(from_) if from_ else NO_TIME,
            until_s=until_s,
        )
        return _answer(node, settle(node, intent, timeout), None, as_json=as_json)


@app.command("accredit")
def accredit(  # noqa: PLR0917 - one parameter an option
    statement: Statement,
    body: Annotated[int, typer.Option(min=1, max=U32, help="Member that is accredited.")],
    scheme: Annotated[int, typer.Option(min=1, max=65_535, help="For which scheme.")],
    level: Level,
    substance: Substances = None,
    from_: From = "",
    until: Until = "",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Accredit a certification body, footprint verifier or laboratory; the level is the highest.

    Example: veta assurance accredit accreditation.json --body 4 --scheme 1 --level 2
    --substance Cu
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        grant = _grant(node, statement, level, substance, from_, until)
        intent = node.desk.lots.assurance.accredit(MemberId(body), scheme, grant)
        return _made(node, settle(node, intent, timeout), grant.document, as_json=as_json)


@app.command("certify")
def certify(  # noqa: PLR0917 - one parameter an option
    statement: Statement,
    site: Annotated[int, typer.Option(min=1, max=U32, help="Site that is certified.")],
    accreditation: Annotated[
        int, typer.Option(min=1, max=U32, help="The member's own: its number.")
    ],
    level: Level,
    substance: Substances = None,
    from_: From = "",
    until: Until = "",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Certify a site under an accreditation, which says the scheme.

    Example: veta assurance certify certificate.json --site 3 --accreditation 1 --level 2
    --substance Cu
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        grant = _grant(node, statement, level, substance, from_, until)
        intent = node.desk.lots.assurance.certify(SiteId(site), accreditation, grant)
        return _made(node, settle(node, intent, timeout), grant.document, as_json=as_json)


@app.command("suspend")
def suspend(
    record: Record,
    grounds: Grounds,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Suspend an accreditation or certificate from now on, and list what rests on it.

    Example: veta assurance suspend 2 --grounds findings.pdf
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = node.desk.lots.assurance.suspend(record, read_grounds(grounds))
        return _ended(node, settle(node, intent, timeout), record, as_json=as_json)


@app.command("lift")
def lift(
    record: Record,
    grounds: Grounds,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Lift the member's own suspension from now on.

    Example: veta assurance lift 2 --grounds closed-findings.pdf
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = node.desk.lots.assurance.lift(record, read_grounds(grounds))
        return _answer(node, settle(node, intent, timeout), record, as_json=as_json)


@app.command("withdraw")
def withdraw(
    record: Record,
    grounds: Grounds,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Withdraw an accreditation or certificate for good, and list what rests on it.

    Example: veta assurance withdraw 2 --grounds decision.pdf
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = node.desk.lots.assurance.withdraw(record, read_grounds(grounds))
        return _ended(node, settle(node, intent, timeout), record, as_json=as_json)


@app.command("void")
def void(
    record: Record,
    grounds: Grounds,
    since: Annotated[
        str, typer.Option(help="Instant, also before it was given; default: now.")
    ] = "",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Declare an accreditation or certificate void for cause, and list what rests on it.

    Example: veta assurance void 2 --since 2026-03-01T00:00:00Z --grounds fraud.pdf
    """
    since_s = read_instant(since) if since else NO_TIME
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = node.desk.lots.assurance.void(record, read_grounds(grounds), effective_s=since_s)
        return _ended(node, settle(node, intent, timeout), record, as_json=as_json)


@app.command("affected")
def affected(record: Record, home: Home = HERE, as_json: AsJson = False) -> int:
    """List what rests on a certificate: lots, who holds them, what is left, and unused credit.

    Ends with 3 if it is not all: there are runs of which nobody can tell, or too many, or the
    chain has gone on since the home followed it (`veta audit` brings it up to date).

    Example: veta assurance affected 2 --json
    """
    with open_home(home, writes=False) as node:
        document = affected_json(node.affected(record), node.registry.names())
        if say_if_behind(node):
            document["complete"] = False
    emit(document, affected_lines(document), as_json=as_json)
    return OK if document["complete"] else UNDETERMINED


def _grant(
    node: OpenNode,
    statement: str,
    level: int,
    substance: list[str] | None,
    from_: str,
    until: str,
) -> Grant:
    return Grant(
        document=read_document(node, statement),
        level=level,
        substances=_substances(node, substance or []),
        from_s=read_instant(from_) if from_ else None,
        until_s=read_instant(until) if until else None,
    )


def read_document(node: OpenNode, text: str) -> Leaf:
    """The leaf of a statement that is named by its file, leaf or credential id."""
    leaf = as_leaf(text)
    if leaf is None and Path(text).is_file():
        return leaf_in(read_octets(Path(text)))
    return leaf or find_leaf(node, text)


def _substances(node: OpenNode, words: list[str]) -> tuple[SubstanceId, ...]:
    symbols = {each.symbol: each.substance for each in node.registry.substances()}
    found = set()
    for word in words:
        number = int(word) if word.isascii() and word.isdigit() else symbols.get(word)
        if number is None or not 0 < number < 2**12:
            raise InputError("assurance.unknown_substance", f"no metal {word!r} is registered")
        found.add(SubstanceId(number))
    return tuple(sorted(found))


def read_grounds(text: str) -> Digest:
    """A digest, or that of a file."""
    octets = as_leaf(text.removeprefix("0x"))
    return Digest(octets if octets is not None else sha256(read_octets(Path(text))).digest())


def _made(node: OpenNode, intent: Intent, document: Leaf, *, as_json: bool) -> int:
    return _answer(node, intent, node.desk.lots.assurance.record_of(document), as_json=as_json)


def _ended(node: OpenNode, intent: Intent, record: int, *, as_json: bool) -> int:
    """The answer about something that others rely on: with what rests on it."""
    found = affected_json(node.affected(record), node.registry.names())
    if not found["complete"]:
        say("veta: this may not be all that rests on it [assurance.incomplete]")
    return _answer(node, intent, record, found, as_json=as_json)


def _answer(
    node: OpenNode,
    intent: Intent,
    record: int | None,
    rests: dict[str, Any] | None = None,
    *,
    as_json: bool,
) -> int:
    told = None if record is None else record_json(node.registry, record)
    document: dict[str, Any] = {**intent_json(intent), "record": told}
    lines = [f"{intent.state.value}: {intent_words(intent)}"]
    lines += record_lines([told]) if told is not None else []
    if rests is not None:
        document["affected"] = rests
        lines += affected_lines(rests)
    emit(document, lines, as_json=as_json)
    return exit_code(intent)
