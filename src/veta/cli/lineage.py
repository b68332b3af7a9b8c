"""``veta lineage`` and ``veta balance``: where metal came from and went, and what is held."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from veta.cli.console import OK, emit, table
from veta.cli.homes import open_home, say_if_behind
from veta.cli.lot_words import named
from veta.cli.lots import LotName, find_lot
from veta.cli.options import HERE, U32, AsJson, Home
from veta.errors import InputError
from veta.model.columns import ELEMENT_SYMBOLS
from veta.model.identifiers import MemberId
from veta.model.lots import SiteId
from veta.services.lot_documents import ancestry_json, descent_json, holdings_json, site_json

_NUMBERS = {symbol: number for number, symbol in ELEMENT_SYMBOLS.items()}


def lineage(
    lot: LotName,
    substance: Annotated[str, typer.Option(help="Metal, by symbol or number.")] = "Cu",
    down: Annotated[
        bool, typer.Option("--down", help="Where it went, not whence it came.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show where a lot's metal came from, or where it is, in ppm that sum to one million.

    What the home has followed counts: `veta audit` brings it up to date.

    Example: veta lineage 0x4f1c...e2 --substance Cu
    """
    metal = metal_number(substance)
    with open_home(home, writes=False) as node:
        found = find_lot(node, lot)
        desk = node.lots.lineage
        if down:
            document = descent_json(found, desk.descent(found, metal))
        else:
            came_from = desk.ancestry(found, metal)
            document = ancestry_json(found, came_from, desk.floor(found), node.registry.names())
    emit(document, _down(document) if down else _up(document), as_json=as_json)
    return OK


def balance(
    site: Annotated[
        int,
        typer.Option(min=0, max=U32, help="A site's periods and credit instead of lots."),
    ] = 0,
    member: Annotated[
        int, typer.Option(min=0, max=U32, help="Whose lots; default: the home's member.")
    ] = 0,
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Show the lots that a member holds and what is left in them; or what a site did.

    Example: veta balance --site 3 --json
    """
    with open_home(home, writes=False) as node:
        say_if_behind(node)
        if site:
            balanced = node.lots.balance.site(SiteId(site))
            document = site_json(balanced, node.registry.names())
            lines = _site(document)
        else:
            found = node.ledger.member_id(node.config.member, node.ledger.final_head())
            whose = MemberId(member) if member else found
            if whose is None:
                raise InputError("cli.member", "name a member with --member")
            held = node.lots.balance.holdings(whose)
            document = holdings_json(held, node.registry.names())
            lines = _holdings(document)
    emit(document, lines, as_json=as_json)
    return OK


def metal_number(text: str) -> int:
    """A metal by its symbol or number.

    Raises:
        InputError: ``cli.substance``.
    """
    if text in _NUMBERS:
        return _NUMBERS[text]
    if text.isascii() and text.isdigit() and len(text) < 5:
        return int(text)
    raise InputError("cli.substance", f"{text!r} is no metal's symbol or number")


def _up(document: dict[str, Any]) -> list[str]:
    rows = [("site", "run", "ppm")]
    rows += [
        (_site_word(each["site"], each["siteName"]), str(each["run"]), f"{each['sharePpm']:,}")
        for each in document["origins"]
    ]
    co2e = document["co2e"]
    through = [(each["lot"], f"{each['sharePpm']:,}") for each in document["through"]]
    co2e_words = (
        f"CO2e: {co2e['statedG']:,} g stated, at least {co2e['floorG']:,} g by what went in"
        f" ({co2e['runFloorG']:,} g by all outputs of its run together)"
    )
    return [
        f"{document['lot']}  came from",
        *table(rows, indent="  "),
        "through",
        *table(through, indent="  "),
        co2e_words,
    ]


def _down(document: dict[str, Any]) -> list[str]:
    rows = [("where", "run", "lot", "ppm")]
    rows += [
        (each["whereabouts"], str(each["run"]), each["lot"] or "-", f"{each['sharePpm']:,}")
        for each in document["places"]
    ]
    return [f"{document['lot']}  is", *table(rows, indent="  ")]


def _holdings(document: dict[str, Any]) -> list[str]:
    rows = [
        (
            each["lot"],
            each["state"],
            named(each["productClass"], each["productClassName"]),
            _left(each["left"]),
        )
        for each in document["lots"]
    ]
    head = f"member {document['member']} holds {len(rows)} lots: {_left(document['totals'])}"
    return [head, *table(rows, indent="  ")]


def _site(document: dict[str, Any]) -> list[str]:
    uses = [("period", "substance", "originated", "taken", "gained")]
    uses += [
        (
            each["period"],
            named(each["substance"], each["symbol"]),
            f"{each['originated']:,}",
            f"{each['taken']:,}",
            f"{each['gained']:,}",
        )
        for each in document["periods"]
    ]
    credit = [("period", "programme", "substance", "credit")]
    credit += [
        (
            each["period"],
            str(each["programme"]),
            named(each["substance"], each["symbol"]),
            f"{each['balance']:,}{'' if each['usable'] else ' (expired)'}",
        )
        for each in document["credit"]
    ]
    head = f"site {named(document['site'], document['siteName'])}"
    return [head, *table(uses, indent="  "), *table(credit, indent="  ")]


def _left(held: dict[str, int]) -> str:
    return ", ".join(f"{name} {quantity:,}" for name, quantity in held.items()) or "nothing"


def _site_word(site: int, name: str | None) -> str:
    return named(site, name) if site else "outside"
