"""``veta lot serials``: what became of counted things, serial by serial."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from veta.cli.claims import octets_of
from veta.cli.console import NOT_VERIFIED, OK, emit, table
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.errors import InputError
from veta.model.identifiers import MemberId
from veta.model.lots import ProductClassId, SiteId
from veta.services.serials import account_json


def serials(
    file: Annotated[str, typer.Argument(help="Serials, one a line; - reads stdin.")],
    issuer: Annotated[int, typer.Option(help="Member that issued them.")],
    site: Annotated[int, typer.Option(help="Where they were issued.")],
    product_class: Annotated[int, typer.Option(help="Their product class.")],
    home: Home = HERE,
    as_json: AsJson = False,
) -> int:
    """Account for counted things: how many were issued, which ended, and which are missing.

    A serial is a lot of one unit; it ends once, retired or used in another lot. Exit code 1 where
    one has not ended, or more were issued than the list names.

    Example: veta lot serials tyres.txt --issuer 4 --site 7 --product-class 12
    """
    listed = list(_lines(octets_of(file)))
    with open_home(home, writes=False) as node:
        found = node.lots.serials.account(
            MemberId(issuer), SiteId(site), ProductClassId(product_class), listed
        )
    document = account_json(found)
    emit(document, _words(document), as_json=as_json)
    return OK if not document["open"] and not document["unlisted"] else NOT_VERIFIED


def _lines(octets: bytes) -> Iterator[str]:
    try:
        text = octets.decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError("serials.malformed", "a serial is visible ASCII characters") from error
    return (line.strip() for line in text.splitlines() if line.strip())


def _words(document: dict[str, Any]) -> list[str]:
    ppm = document["endedPpm"]
    share = "-" if ppm is None else f"{ppm // 10_000}.{ppm % 10_000:04d} %"
    lines = [f"{document['ended']:,} of {document['issued']:,} issued have ended: {share}"]
    lines += table(
        [(name, f"{count:,}") for name, count in document["states"].items()], indent="  "
    )
    if document["unlisted"]:
        lines.append(f"  issued, and not in the list: {document['unlisted']:,}")
    lines += [
        f"  not ended: {plain(each['serial'])} ({each['state']})" for each in document["open"]
    ]
    return lines
