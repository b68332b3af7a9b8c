"""``veta registry``: sites, products, metals, schemes, certificates and rules, as followed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from veta.cli.console import OK, emit, moment, table
from veta.cli.homes import open_home, say_if_behind
from veta.cli.lot_words import named
from veta.cli.options import HERE, AsJson, Home
from veta.services.registry import RegistryShelf
from veta.services.registry_documents import (
    product_classes_json,
    records_json,
    rules_json,
    schemes_json,
    sites_json,
    substances_json,
)

app = typer.Typer(
    help="What is registered on the chain, and who assures what.\n\nExample: veta registry sites",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("sites")
def sites(home: Home = HERE, as_json: AsJson = False) -> int:
    """List the sites, who operates them now and what they can make in a quarter.

    What the home has followed counts: `veta audit` brings it up to date.

    Example: veta registry sites --json
    """
    return _show(home, sites_json, _sites, as_json=as_json)


@app.command("classes")
def classes(home: Home = HERE, as_json: AsJson = False) -> int:
    """List the product classes and what runs of them are judged by.

    Example: veta registry classes
    """
    return _show(home, product_classes_json, _classes, as_json=as_json)


@app.command("substances")
def substances(home: Home = HERE, as_json: AsJson = False) -> int:
    """List the metals with their base units, and the kinds of counted things.

    Example: veta registry substances
    """
    return _show(home, substances_json, _substances, as_json=as_json)


@app.command("schemes")
def schemes(home: Home = HERE, as_json: AsJson = False) -> int:
    """List the schemes, and the programmes that credit may be of.

    Example: veta registry schemes
    """
    return _show(home, schemes_json, _schemes, as_json=as_json)


@app.command("certificates")
def certificates(home: Home = HERE, as_json: AsJson = False) -> int:
    """List who is accredited and which sites are certified, and where each stands now.

    Example: veta registry certificates --json
    """
    return _show(home, records_json, _records, as_json=as_json)


@app.command("rules")
def rules(home: Home = HERE, as_json: AsJson = False) -> int:
    """List the allocation rules of sites: proposed, in force, over.

    Example: veta registry rules
    """
    return _show(home, rules_json, rule_lines, as_json=as_json)


def _show(
    home: Path,
    document_of: Callable[[RegistryShelf], dict[str, Any]],
    lines_of: Callable[[dict[str, Any]], list[str]],
    *,
    as_json: bool,
) -> int:
    with open_home(home, writes=False) as node:
        say_if_behind(node)
        document = document_of(node.registry)
    emit(document, lines_of(document), as_json=as_json)
    return OK


def _sites(document: dict[str, Any]) -> list[str]:
    rows = [("site", "country", "operated by", "capacity a quarter", "name")]
    for each in document["sites"]:
        operators = ", ".join(str(operator["member"]) for operator in each["operators"]) or "-"
        capacity = ", ".join(
            f"{part['symbol'] or part['substance']} {part['amount']:,}" for part in each["capacity"]
        )
        name = each["name"] + (" (with the successor)" if each["handedOver"] else "")
        rows.append((str(each["site"]), each["country"], operators, capacity or "-", name))
    return table(rows)


def _classes(document: dict[str, Any]) -> list[str]:
    rows = [("class", "residue", "metal ppm", "custody ppm", "name")]
    rows += [
        (
            str(each["productClass"]),
            "yes" if each["residue"] else "-",
            f"{each['metalTolerancePpm']:,}",
            f"{each['custodyTolerancePpm']:,}",
            each["name"],
        )
        for each in document["productClasses"]
    ]
    return table(rows)


def _substances(document: dict[str, Any]) -> list[str]:
    rows = [("number", "symbol", "counted in")]
    rows += [
        (str(each["substance"]), each["symbol"], each["unit"]) for each in document["substances"]
    ]
    kinds = [("unit kind", "name")]
    kinds += [(str(each["unitKind"]), each["name"]) for each in document["unitKinds"]]
    return [*table(rows), *(table(kinds) if document["unitKinds"] else ())]


def _schemes(document: dict[str, Any]) -> list[str]:
    names = {each["scheme"]: each["name"] for each in document["schemes"]}
    rows = [("scheme", "owner", "levels", "recognises", "name")]
    for each in document["schemes"]:
        bodies = ", ".join(map(str, each["recognises"])) or "-"
        place = (str(each["scheme"]), str(each["owner"]), str(each["levels"]), bodies)
        rows.append((*place, each["name"]))
    programmes = [("programme", "requires")]
    for each in document["programmes"]:
        parts = (
            f"{named(part['scheme'], names.get(part['scheme']))} level {part['level']}"
            for part in each["requires"]
        )
        programmes.append((str(each["programme"]), ", ".join(parts)))
    down = [
        f"credit of programme {each['from']} may go on under {each['to']}"
        for each in document["reductions"]
    ]
    return [*table(rows), *table(programmes), *down]


def _records(document: dict[str, Any]) -> list[str]:
    return record_lines([*document["accreditations"], *document["certificates"]])


def record_lines(records: list[dict[str, Any]]) -> list[str]:
    """Accreditations and certificates for a person."""
    rows = [("record", "of", "scheme", "level", "issuer", "standing", "until")]
    for each in sorted(records, key=lambda record: int(record["record"])):
        is_site = "site" in each
        subject = (
            f"site {named(each['site'], each['siteName'])}"
            if is_site
            else f"member {each['member']}"
        )
        by = f" by {', '.join(each['suspendedBy'])}" if each["standing"] == "suspended" else ""
        scheme, level = named(each["scheme"], each["schemeName"]), str(each["level"])
        place = (str(each["record"]), subject, scheme, level, str(each["issuer"]))
        rows.append((*place, each["standing"] + by, _moment(each["until"])))
    return table(rows)


def rule_lines(document: dict[str, Any]) -> list[str]:
    """Allocation rules for a person."""
    rows = [("rule", "site", "standing", "confirmed by", "from", "until", "shares, ppm")]
    for each in document["rules"]:
        shares = ", ".join(
            f"{named(part['productClass'], part['productClassName'])}"
            f" {part['minimumPpm']:,}-{part['maximumPpm']:,}"
            for part in each["shares"]
        )
        window = (_moment(each["from"]), _moment(each["until"]))
        assurer = str(each["assurer"] or "-")
        place = (str(each["rule"]), named(each["site"], each["siteName"]), each["standing"])
        rows.append((*place, assurer, *window, shares))
    return table(rows)


def _moment(seconds: int | None) -> str:
    return "open" if seconds is None else moment(seconds)
