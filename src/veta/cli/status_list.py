"""``veta status-list``: publish revocations for readers who ask no chain, and check what is out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from veta.cli.console import NOT_VERIFIED, OK, emit, moment, say
from veta.cli.files import required_octets, write_out
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile, read_duration_s

app = typer.Typer(
    help="W3C Bitstring Status Lists, made from the chain: publish the file at its address, and "
    "make it again before it ends.\n\n"
    "Example: veta status-list make https://mine.example/status/1 --out status-1.jwt",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("make")
def make(
    url: Annotated[str, typer.Argument(help="The list's address, as the statements name it.")],
    out: Annotated[Path, typer.Option("--out", help="File for the signed list (vc+jwt).")],
    valid: Annotated[str, typer.Option(help="How long it counts: 90m, 12h, 30d.")] = "1d",
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Follow the chain, and make the list of what is revoked on it.

    Statements get a place with `veta issue --status-list URL`.

    Example: veta status-list make https://mine.example/status/1 --out status-1.jwt --valid 12h
    """
    valid_s = read_duration_s(valid)
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        made = node.status_lists.make(url, valid_s=valid_s)
    write_out(out, made.token)
    revoked = sum(each.revoked for each in made.listed)
    document = {
        "list": url,
        "block": made.block.number,
        "at": made.block.time_s,
        "statements": len(made.listed),
        "revoked": revoked,
        "file": str(out),
    }
    line = f"{out}  {revoked} of {len(made.listed)} revoked, block {made.block.number}"
    emit(document, [line], as_json=as_json)
    say(f"It counts until {moment(made.block.time_s + valid_s)}; publish it at {url}")
    return OK


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The list as it is published (vc+jwt).")],
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Hold a published list against the chain, statement by statement.

    Ends with 0 where they agree and 1 where they differ: then a verifier that reads the list gives
    a notice (status.conflict), and the stricter of the two counts.

    Example: veta status-list check status-1.jwt
    """
    token = required_octets(file).strip()
    with open_home(home, writes=True, password_file=password_file) as node:
        node.follow()
        block, found = node.status_lists.differences(token)
    document = {
        "block": block.number,
        "differences": [
            {
                "leaf": each.leaf.hex(),
                "index": each.index,
                "onChain": each.on_chain,
                "inList": each.in_list,
            }
            for each in found
        ],
    }
    words = {True: "revoked", False: "not revoked"}
    lines = [
        f"{each.leaf.hex()}  chain: {words[each.on_chain]}, list: {words[each.in_list]}"
        for each in found
    ]
    emit(document, lines or ["The list says what the chain says."], as_json=as_json)
    return NOT_VERIFIED if found else OK
