"""``veta site``: what is said of a site: concerns, incidents, facilities, agreements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta.cli.assurance import read_grounds
from veta.cli.console import OK, emit, moment, table
from veta.cli.homes import open_home, say_if_behind
from veta.cli.lots import Timeout, exit_code, intent_json, intent_words, settle
from veta.cli.options import HERE, U32, AsJson, Home, PasswordFile
from veta.cli.registry import record_lines
from veta.cli.rendering import plain
from veta.errors import InputError
from veta.model.identifiers import FAR_FUTURE, Leaf, UnixSeconds
from veta.model.site_events import SiteRecordKind
from veta.model.site_notices import SiteRecordGrant
from veta.services.run_file import word_of
from veta.services.site_documents import find_site, site_json
from veta.services.sites import read_category
from veta.statement.instants import read_end, read_instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from veta.bootstrap import OpenNode
    from veta.model.lots import SiteId
    from veta.ports.store import Intent
    from veta.services.sites import SiteDesk

app = typer.Typer(
    help="What is said of a site: concerns, incidents, facilities, agreements.\n\n"
    "Example: veta site show 1",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Site = Annotated[str, typer.Argument(help="The site's number, identifier or name.")]
Number = Annotated[int, typer.Argument(min=1, max=U32, help="Of the site's concerns or records.")]
Document = Annotated[
    str,
    typer.Option(
        help="What says more: a file, of which the SHA-256 is recorded, or a digest such as a "
        "statement's leaf."
    ),
]
Since = Annotated[str, typer.Option("--from", help="Date or instant, not later than now.")]
Until = Annotated[str, typer.Option(help="Date (its end) or instant; default: open.")]
Replaces = Annotated[
    int, typer.Option(min=0, max=U32, help="Number of the record whose place it takes.")
]


@app.command("show")
def show(site: Site, home: Home = HERE, as_json: AsJson = False) -> int:
    """Show a site's dossier: operators, certificates, concerns, incidents, facilities, agreements.

    What the home has followed counts: `veta audit` brings it up to date.

    Example: veta site show 1 --json
    """
    with open_home(home, writes=False) as node:
        say_if_behind(node)
        document = site_json(node.store, find_site(node.store, site))
    emit(document, site_lines(document), as_json=as_json)
    return OK


@app.command("concern")
def concern(
    site: Site,
    document: Document,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Raise a concern about a site, as a community, an authority or its assurer.

    It is no verdict and blocks nothing; it stays open until both sides have closed it.

    Example: veta site concern 1 --document complaint.pdf
    """
    leaf = _leaf(document)
    return _act(
        (site, home, password_file, timeout),
        lambda desk, found: desk.raise_concern(found, leaf),
        as_json=as_json,
    )


@app.command("close")
def close(
    site: Site,
    number: Number,
    document: Document,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Close the member's side of a concern: its party's or, as an operator, the site's.

    Example: veta site close 1 3 --document agreement.pdf
    """
    leaf = _leaf(document)
    return _act(
        (site, home, password_file, timeout),
        lambda desk, found: desk.close(found, number, leaf),
        as_json=as_json,
    )


@app.command("incident")
def incident(  # noqa: PLR0917 - one parameter an option
    site: Site,
    category: Annotated[str, typer.Argument(help="tailings, fatality, spill, community or other.")],
    document: Document,
    from_: Since,
    until: Until = "",
    replaces: Replaces = 0,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Record an incident: lots of the site produced in its window are flagged from that block on.

    Example: veta site incident 1 tailings --from 2026-03-01 --document report.pdf
    """
    grant = _Grant(SiteRecordKind.INCIDENT, category, document, from_, until, replaces)
    return _act((site, home, password_file, timeout), grant.record, as_json=as_json)


@app.command("record")
def record(  # noqa: PLR0917 - one parameter an option
    site: Site,
    kind: Annotated[str, typer.Argument(help="facility or agreement.")],
    category: Annotated[
        str,
        typer.Argument(
            help="Of a facility: conforms, conforms-in-part, does-not-conform, closed; of an"
            " agreement: consultation, benefit, other."
        ),
    ],
    document: Document,
    from_: Since,
    until: Until = "",
    replaces: Replaces = 0,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Record a facility's status until its next inspection, or an agreement until it is due.

    Example: veta site record 1 facility conforms --from 2026-07-01 --until 2027-06-30
    --document inspection.pdf
    """
    named = {word_of(each): each for each in SiteRecordKind if each is not SiteRecordKind.INCIDENT}
    if kind not in named:
        raise InputError("site.unknown_kind", f"{kind!r} is none of {', '.join(named)}")
    grant = _Grant(named[kind], category, document, from_, until, replaces)
    return _act((site, home, password_file, timeout), grant.record, as_json=as_json)


@app.command("take-back")
def take_back(
    site: Site,
    number: Number,
    document: Document,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Take back a record that the member made; it stays in the log.

    Example: veta site take-back 1 4 --document correction.pdf
    """
    leaf = _leaf(document)
    return _act(
        (site, home, password_file, timeout),
        lambda desk, found: desk.take_back(found, number, leaf),
        as_json=as_json,
    )


class _Grant:
    """A record as a person words it."""

    def __init__(
        self,
        kind: SiteRecordKind,
        category: str,
        document: str,
        from_: str,
        until: str,
        replaces: int,
    ) -> None:
        self._kind, self._category = kind, read_category(kind, category)
        self._leaf, self._replaces = _leaf(document), replaces
        self._window = _start(from_), FAR_FUTURE if not until else read_end(until)

    def record(self, desk: SiteDesk, site: SiteId) -> Intent:
        """Plan it."""
        whole = (self._kind, self._category, *self._window, self._replaces, self._leaf)
        return desk.record(site, SiteRecordGrant(*whole))


def _start(text: str) -> UnixSeconds:
    return read_instant(text if "T" in text else f"{text}T00:00:00Z")


def _leaf(document: str) -> Leaf:
    return Leaf(read_grounds(document))


def _act(
    asked: tuple[str, Path, Path | None, float],
    plan: Callable[[SiteDesk, SiteId], Intent],
    *,
    as_json: bool,
) -> int:
    site, home, password_file, timeout = asked
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        found = find_site(node.store, site)
        intent = settle(node, plan(node.desk.lots.sites, found), timeout)
        return _answer(node, intent, found, as_json=as_json)


def _answer(node: OpenNode, intent: Intent, site: SiteId, *, as_json: bool) -> int:
    document = site_json(node.store, site)
    lines = [f"{intent.state.value}: {intent_words(intent)}", *site_lines(document)]
    emit({**intent_json(intent), **document}, lines, as_json=as_json)
    return exit_code(intent)


def site_lines(document: dict[str, Any]) -> list[str]:
    """A dossier for a person."""
    gone = " (with the successor)" if document["handedOver"] else ""
    lines = [
        f"{plain(document['name'])} (site {document['site']}, {document['country']}){gone}",
        f"  {plain(document['identifier'])}; as of {moment(document['at'])}",
    ]
    operators = [_member(each["member"], each["name"]) for each in document["operators"]]
    lines.append(f"  operated by {', '.join(operators) or 'nobody'}")
    if document["certificates"]:
        lines += ["", "  Certificates"]
        lines += [f"    {line}" for line in record_lines(document["certificates"])]
    lines += _concerns(document["concerns"])
    for title, name in (
        ("Incidents", "incidents"),
        ("Facilities", "facilities"),
        ("Agreements", "agreements"),
    ):
        lines += _records(title, document[name])
    if not any(document[name] for name in ("concerns", "incidents", "facilities", "agreements")):
        lines += ["", "  Nothing else was said of it."]
    return lines


def _concerns(concerns: list[dict[str, Any]]) -> list[str]:
    lines = ["", "  Concerns: a concern is no verdict"] if concerns else []
    for each in concerns:
        by = f"{_member(each['party'], each['partyName'])} ({each['source']})"
        state = "open" if each["open"] else "closed by both sides"
        age = f", {each['ageS'] // 86_400} days" if each["open"] else ""
        late = ", the answer is overdue" if each["overdue"] else ""
        lines.append(f"    {each['number']}  {state}{age}{late}; raised by {by},")
        lines.append(
            f"       {moment(each['raised'])}; to be answered by {moment(each['respondBy'])}"
        )
        for closing in each["closings"]:
            whose = _member(closing["by"], closing["byName"])
            when = moment(closing["closed"])
            lines.append(f"       closed by the {closing['side']}: {whose}, {when}")
    return lines


def _records(title: str, records: list[dict[str, Any]]) -> list[str]:
    rows: list[tuple[str, ...]] = []
    for each in records:
        until = "open" if each["until"] is None else moment(each["until"])
        window = "taken back" if each["takesBack"] else f"{moment(each['from'])} to {until}"
        state = "expired" if each["expired"] else "stands" if each["stands"] else "history"
        if each["replacedBy"]:
            state = f"replaced by {each['replacedBy']}"
        by = f"{_member(each['by'], each['byName'])} ({each['source']})"
        rows.append((str(each["number"]), each["category"], state, window, by))
    return ["", f"  {title}", *table(rows, indent="    ")] if rows else []


def _member(number: int, name: str | None) -> str:
    return f"{plain(name)} ({number})" if name else f"member {number}"
