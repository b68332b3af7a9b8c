"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from veta.errors import ConfigError

Home: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--home", "-H", envvar="VETA_HOME", help="The node's folder, as `veta init` made it."
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout.")
]
PasswordFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help="File whose first line is the keystore password; else the one in node.toml, else a "
        "prompt.",
    ),
]
Trust: TypeAlias = Annotated[
    Path | None, typer.Option("--trust", help="Trust configuration to judge by (trust.json).")
]
Rpc: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--rpc", help="JSON-RPC endpoint to ask; may be given several times."),
]
Beside: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        help="A statement to go beside it, such as a certificate or an assay: its bundle file, or "
        "the leaf or id of one that the home keeps. May be repeated.",
    ),
]
HERE = Path()
U32: Final = 2**32 - 1
"""The highest number of a member, site or record."""

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_duration_s(text: str) -> int:
    """Seconds of a duration such as 90m, 12h or 30d.

    Raises:
        ConfigError: ``cli.duration``.
    """
    number, unit = text[:-1], _UNITS_S.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise ConfigError("cli.duration", f"{text!r} is no duration such as 90m, 12h or 30d")
    return int(number) * unit
