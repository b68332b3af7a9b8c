"""``veta serve``: the HTTP interface and the label pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from veta.cli.console import OK, emit, say
from veta.cli.homes import open_home
from veta.cli.options import HERE, AsJson, Home, PasswordFile

if TYPE_CHECKING:
    from veta.bootstrap import OpenNode
    from veta.config import ApiSettings


def serve(
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="TCP port instead of the configured one; 0: a free one."
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Claim no keys; nothing is sent or issued.")
    ] = False,
    home: Home = HERE,
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> int:
    """Serve the HTTP interface and the label pages until Ctrl-C, and work the outbox meanwhile.

    Listens on loopback unless node.toml says otherwise. Writing over HTTP needs the token file
    that node.toml names.

    Example: veta serve --home mine --port 8460
    """
    from veta.api.server import serve as serve_http

    with open_home(Path(home), writes=not read_only, password_file=password_file) as node:
        settings = _settings(node, port)
        say(f"A node of {node.config.member or 'nobody: it only verifies'}; Ctrl-C ends it")

        def announce(url: str) -> None:
            emit({"url": url}, [f"Listening at {url}"], as_json=as_json)

        serve_http(node, settings, announce=announce)
    return OK


def _settings(node: OpenNode, port: int | None) -> ApiSettings:
    settings = node.config.api
    if port is not None:
        settings = replace(settings, port=port)
    if settings.token_file is not None:
        settings = replace(settings, token_file=node.config.path(settings.token_file))
    return settings
