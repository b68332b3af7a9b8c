"""``veta rule``: how a site's burden is divided between product classes, and who confirmed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from veta.cli.console import emit
from veta.cli.homes import open_home
from veta.cli.lots import Timeout, exit_code, intent_json, intent_words, settle
from veta.cli.options import HERE, U32, AsJson, Home, PasswordFile
from veta.cli.registry import rule_lines
from veta.errors import InputError
from veta.model.lot_events import NO_TIME
from veta.model.lots import AllocationShare, ProductClassId, SiteId
from veta.services.allocate import RuleRequest
from veta.services.registry_documents import rule_json
from veta.statement.instants import read_instant

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.ports.store import Intent

app = typer.Typer(
    help="Allocation rules: what part of a site's CO2e each product class carries.\n\n"
    "Example: veta rule confirm 4",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Rule = Annotated[
    int, typer.Argument(min=1, max=U32, help="The rule's number; `veta registry rules`.")
]


@app.command("register")
def register(
    site: Annotated[int, typer.Option(min=1, max=U32, help="Site that the member operates.")],
    share: Annotated[
        list[str],
        typer.Option(help="CLASS:MINIMUM:MAXIMUM, ppm of all outputs' CO2e; once for each class."),
    ],
    until: Annotated[str, typer.Option(help="Instant at which it is over.")],
    from_: Annotated[
        str, typer.Option("--from", help="Instant at the earliest; default: once confirmed.")
    ] = "",
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Propose an allocation rule; it is in force once the site's assurer confirmed it.

    Example: veta rule register --site 3 --share 2:900000:1000000 --share 9:0:100000
    --until 2027-01-01T00:00:00Z
    """
    request = RuleRequest(
        site=SiteId(site),
        shares=tuple(sorted(map(_share, share), key=lambda each: each.product_class)),
        until_s=read_instant(until),
        from_s=read_instant(from_) if from_ else NO_TIME,
    )
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = settle(node, node.desk.lots.rules.register(request), timeout)
        return _answer(node, intent, node.desk.lots.rules.number_of(request), as_json=as_json)


@app.command("confirm")
def confirm(
    rule: Rule,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Confirm a rule as it was registered: as who assures the site, independent of its operators.

    Look at it first: `veta registry rules`.

    Example: veta rule confirm 4
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = settle(node, node.desk.lots.rules.confirm(rule), timeout)
        return _answer(node, intent, rule, as_json=as_json)


@app.command("end")
def end(
    rule: Rule,
    timeout: Timeout = 120.0,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """End a rule now, or give up one that nobody confirmed: as an operator or assurer of the site.

    Example: veta rule end 4
    """
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        intent = settle(node, node.desk.lots.rules.end(rule), timeout)
        return _answer(node, intent, rule, as_json=as_json)


def _share(text: str) -> AllocationShare:
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError("cli.share", f"{text!r} is not CLASS:MINIMUM:MAXIMUM, in ppm")
    number, least, most = (int(part) for part in parts)
    if number >= 2**32 or least >= 2**32 or most >= 2**32:
        raise InputError("cli.share", f"{text!r} has a number that is too large")
    return AllocationShare(ProductClassId(number), least, most)


def _answer(node: OpenNode, intent: Intent, rule: int | None, *, as_json: bool) -> int:
    registry = node.registry
    found = None if rule is None else registry.rule(rule)
    told = None if found is None else rule_json(found, registry.names(), registry.now_s())
    document: dict[str, Any] = {**intent_json(intent), "rule": told}
    lines = [f"{intent.state.value}: {intent_words(intent)}"]
    lines += rule_lines({"rules": [told]}) if told is not None else []
    emit(document, lines, as_json=as_json)
    return exit_code(intent)
