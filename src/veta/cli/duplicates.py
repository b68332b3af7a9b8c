"""``veta lot duplicates``: lots that bear each other's bundle, heat, seal, container numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from veta.cli.console import NOT_VERIFIED, OK, emit
from veta.cli.files import read_statement_file
from veta.cli.homes import open_home
from veta.cli.issue import read_octets
from veta.cli.options import HERE, AsJson, Home
from veta.cli.rendering import plain
from veta.services.duplicates import CODE, DuplicateFinder, kept_passports
from veta.statement.jws import read_statement


def duplicates(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Bundles or tokens of passports, beside those that the home keeps."),
    ] = None,
    home: Home = HERE,
    no_home: Annotated[bool, typer.Option("--no-home", help="Only the files.")] = False,
    as_json: AsJson = False,
) -> int:
    """Tell which lots are suspected to be one: they bear a mark that only one lot can have.

    Exit code 1 where there is a suspect. A suspicion is no verdict: somebody has to look.

    Example: veta lot duplicates received/*.bundle.json
    """
    finder = DuplicateFinder()
    if not no_home:
        with open_home(home, writes=False) as node:
            finder = kept_passports(node.store)
    for file in files or ():
        token = read_statement_file(read_octets(file))[0].token
        finder.add(read_statement(token).credential)
    found = finder.suspects()
    document = {
        "suspects": [
            {
                "code": CODE,
                "issuer": each.issuer,
                "kind": each.kind,
                "number": each.number,
                "lots": list(each.lots),
            }
            for each in found
        ]
    }
    lines = [f"DUPLICATE-SUSPECT  {plain(each.issuer)}: {plain(each.words)}" for each in found]
    emit(document, lines or ["no lot bears another lot's mark"], as_json=as_json)
    return NOT_VERIFIED if found else OK
