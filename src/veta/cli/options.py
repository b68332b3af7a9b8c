"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

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
HERE = Path()
